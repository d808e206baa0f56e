//! C2SP chunked encryption, generic over the AEAD so that the vectors of others run through this very code. Not
//! public: [`crate::seal`] and [`crate::open`] are its ChaCha20-Poly1305 instance with contexts and keys.
//!
//! ```text
//! box = salt[24] ‖ commitment[32] ‖ (chunk ‖ tag[16])*        every chunk 16 KiB, the last one 0..16383 bytes
//! okm = HKDF-Expand-SHA-512(key, "c2sp.org/chunked-encryption@v1+" ‖ AEAD ‖ 00 ‖ salt ‖ context)
//! okm = single-use key ‖ base nonce[12] ‖ commitment[32]      nonce of chunk i = base XOR i, associated data empty
//! ```
//!
//! Source: <https://c2sp.org/chunked-encryption>.
#![allow(clippy::disallowed_types, reason = "the one place that names the cipher")]

use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::array::Array;
use chacha20poly1305::aead::array::typenum::Unsigned;
use chacha20poly1305::aead::consts::{U12, U16};
use chacha20poly1305::aead::{AeadInOut, Key, KeyInit, KeySizeUser};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::Unopenable;
use crate::expand::expand;

/// Bytes of plaintext in every chunk but the last.
pub(crate) const CHUNK_BYTES: usize = 16_384;
/// Bytes of an authentication tag.
pub(crate) const TAG_BYTES: usize = 16;
/// Bytes of every sealed chunk but the last.
pub(crate) const CHUNK_SEALED_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
/// Bytes of the random salt that begins a box.
pub(crate) const SALT_BYTES: usize = 24;
/// Bytes of the key commitment that follows it.
pub(crate) const COMMITMENT_BYTES: usize = 32;
/// Bytes before the first chunk.
pub(crate) const HEADER_BYTES: usize = SALT_BYTES + COMMITMENT_BYTES;

const NONCE_BYTES: usize = 12;
/// The longest AEAD key of all instances.
const KEY_BYTES_MAX: usize = 32;

/// An AEAD that the construction can be built on.
pub(crate) trait Instance: AeadInOut<NonceSize = U12, TagSize = U16> + KeyInit {
    /// `c2sp.org/chunked-encryption@v1+` and the AEAD's name in the IANA registry.
    const NAME: &'static [u8];
}

impl Instance for ChaCha20Poly1305 {
    const NAME: &'static [u8] = b"c2sp.org/chunked-encryption@v1+AEAD_CHACHA20_POLY1305";
}

/// The instance that Counterfoil uses.
pub(crate) type Chosen = ChaCha20Poly1305;

/// Bytes of a box around `plain_bytes`; the largest number where the sum would not fit.
pub(crate) const fn sealed_bytes(plain_bytes: usize) -> usize {
    let tags = (plain_bytes / CHUNK_BYTES).saturating_add(1).saturating_mul(TAG_BYTES);
    plain_bytes.saturating_add(tags).saturating_add(HEADER_BYTES)
}

/// Bytes of plaintext in a box of `sealed_bytes`; nothing if no box has this length.
pub(crate) const fn plain_bytes(sealed_bytes: usize) -> Option<usize> {
    let Some(body) = sealed_bytes.checked_sub(HEADER_BYTES) else { return None };
    let full = body / CHUNK_SEALED_BYTES;
    match (body % CHUNK_SEALED_BYTES).checked_sub(TAG_BYTES) {
        Some(last) => Some(full * CHUNK_BYTES + last),
        None => None,
    }
}

/// Seals `plaintext` and appends the box to `out`. The salt must be fresh and random.
pub(crate) fn seal<A: Instance>(
    key: &[u8],
    context: &[u8],
    salt: &[u8; SALT_BYTES],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) {
    let (message, commitment) = Message::<A>::derive(key, salt, context);
    // Once and for all chunks: a vector that grows midway would leave plaintext in freed memory.
    out.reserve(sealed_bytes(plaintext.len()));
    out.extend_from_slice(salt);
    out.extend_from_slice(commitment.as_slice());
    let (full, last) = plaintext.as_chunks::<CHUNK_BYTES>();
    for (chunk, index) in full.iter().map(<[u8; CHUNK_BYTES]>::as_slice).chain([last]).zip(0..) {
        message.seal_chunk(index, chunk, out);
    }
}

/// Opens a box and appends its plaintext to `out`. Errors: [`Unopenable`]; `out` is then as it was, and what was
/// appended meanwhile is wiped.
pub(crate) fn open<A: Instance>(
    key: &[u8],
    context: &[u8],
    sealed: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Unopenable> {
    let bytes = plain_bytes(sealed.len()).ok_or(Unopenable)?;
    let (header, body) = sealed.split_first_chunk().ok_or(Unopenable)?;
    let message = Message::<A>::committed(key, context, header)?;
    out.reserve(bytes);
    message.open_chunks(0, body, out)
}

/// Opens neighbouring chunks, the first of them number `first`, after the commitment in `header` was checked.
/// The caller has made sure that no chunk but the box's last is short. Errors as [`open`].
pub(crate) fn open_chunks<A: Instance>(
    key: &[u8],
    context: &[u8],
    header: &[u8; HEADER_BYTES],
    first: u64,
    chunks: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Unopenable> {
    let message = Message::<A>::committed(key, context, header)?;
    out.reserve(chunks.len());
    message.open_chunks(first, chunks, out)
}

/// What one box is sealed with: used for this box and no other.
struct Message<A> {
    cipher: A,
    base: [u8; NONCE_BYTES],
}

impl<A: Instance> Message<A> {
    /// The single-use key and base nonce, and the commitment to them, to the key and to the context.
    fn derive(
        key: &[u8],
        salt: &[u8; SALT_BYTES],
        context: &[u8],
    ) -> (Self, Zeroizing<[u8; COMMITMENT_BYTES]>) {
        let okm = expand::<{ KEY_BYTES_MAX + NONCE_BYTES + COMMITMENT_BYTES }>(
            key,
            &[A::NAME, &[0], salt, context],
        );
        let mut single = Key::<A>::default();
        let mut base = [0; NONCE_BYTES];
        let mut commitment = Zeroizing::new([0; COMMITMENT_BYTES]);
        let targets = single.iter_mut().chain(&mut base).chain(commitment.iter_mut());
        // A shorter key leaves the end of `okm` unused: HKDF's output does not depend on how much is asked for.
        for (to, from) in targets.zip(okm.iter()) {
            *to = *from;
        }
        let cipher = A::new(&single);
        single.as_mut_slice().zeroize();
        (Self { cipher, base }, commitment)
    }

    /// [`Self::derive`], if the box commits to it. Before this no chunk is looked at.
    fn committed(key: &[u8], context: &[u8], header: &[u8; HEADER_BYTES]) -> Result<Self, Unopenable> {
        // An AEAD key of another length is no key of this instance.
        if key.len() != <A as KeySizeUser>::KeySize::USIZE {
            return Err(Unopenable);
        }
        let (salt, stated) = header.split_first_chunk().ok_or(Unopenable)?;
        let (message, commitment) = Self::derive(key, salt, context);
        if commits(commitment.as_slice(), stated) { Ok(message) } else { Err(Unopenable) }
    }

    fn nonce(&self, index: u64) -> Array<u8, U12> {
        let mut nonce = self.base;
        for (byte, count) in nonce.iter_mut().rev().zip(index.to_be_bytes().iter().rev()) {
            *byte ^= count;
        }
        Array::from(nonce)
    }

    fn seal_chunk(&self, index: u64, chunk: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(chunk);
        let (_, chunk) = out.split_at_mut(start);
        let Ok(tag) = self.cipher.encrypt_inout_detached(&self.nonce(index), &[], chunk.into()) else {
            unreachable!("16 KiB is less than any AEAD refuses")
        };
        out.extend_from_slice(&tag);
    }

    fn open_chunks(&self, first: u64, chunks: &[u8], out: &mut Vec<u8>) -> Result<(), Unopenable> {
        let start = out.len();
        for (chunk, index) in chunks.chunks(CHUNK_SEALED_BYTES).zip(first..) {
            if self.open_chunk(index, chunk, out).is_err() {
                wipe_from(out, start);
                return Err(Unopenable);
            }
        }
        Ok(())
    }

    /// The AEAD compares the tag before it decrypts, so that a chunk that fails is still ciphertext in `out`.
    fn open_chunk(&self, index: u64, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Unopenable> {
        let (chunk, tag) = chunk.split_last_chunk::<TAG_BYTES>().ok_or(Unopenable)?;
        let start = out.len();
        out.extend_from_slice(chunk);
        let (_, chunk) = out.split_at_mut(start);
        self.cipher
            .decrypt_inout_detached(&self.nonce(index), &[], chunk.into(), tag.into())
            .map_err(|_| Unopenable)
    }
}

/// Zeroes what stands in `out` from `start` on and takes it away.
fn wipe_from(out: &mut Vec<u8>, start: usize) {
    let (_, rest) = out.split_at_mut(start);
    rest.zeroize();
    out.truncate(start);
}

/// Whether the derived and the stated commitment are the same; takes the same time whatever the answer.
fn commits(derived: &[u8], stated: &[u8]) -> bool {
    #[cfg(test)]
    if tests::commitment_is_off() {
        return true;
    }
    derived.ct_eq(stated).into()
}

#[cfg(test)]
mod tests;
