//! Sealing and opening for everybody else: the ChaCha20-Poly1305 instance, with contexts and typed keys. Draws
//! the salt; decides nothing about keys.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::construction::{self, CHUNK_SEALED_BYTES, Chosen, SALT_BYTES};
use crate::context::sealed::Bytes;
use crate::context::{Context, Dek, Slot, Spoolkey};
use crate::key::{DocumentKey, KEY_BYTES, MasterKey, SpoolKey};
use crate::{NoRandomness, Unopenable, chance};

/// Bytes of plaintext in every chunk of a box but the last, which is shorter.
pub const CHUNK_BYTES: usize = construction::CHUNK_BYTES;
/// Bytes of the commitment of a box to its key, context and salt.
pub const COMMITMENT_BYTES: usize = construction::COMMITMENT_BYTES;
/// Bytes of a box before its first chunk: salt and commitment.
pub const HEADER_BYTES: usize = construction::HEADER_BYTES;
/// Bytes of a sealed key.
pub const KEY_SEALED_BYTES: usize = sealed_bytes(KEY_BYTES);
/// Bytes of a sealed piece of 1 MiB.
pub const PIECE_SEALED_BYTES: usize = sealed_bytes(1 << 20);

const _: () = assert!(PIECE_SEALED_BYTES == 1_049_672);
const _: () = assert!(KEY_SEALED_BYTES == 104);

/// Bytes of a box around `plain_bytes`; the largest number where the sum would not fit.
pub const fn sealed_bytes(plain_bytes: usize) -> usize {
    construction::sealed_bytes(plain_bytes)
}

/// Bytes of plaintext in a box of `sealed_bytes`; nothing if no box has this length.
pub const fn plain_bytes(sealed_bytes: usize) -> Option<usize> {
    construction::plain_bytes(sealed_bytes)
}

/// Seals `plaintext` for the place `context`. The box has [`sealed_bytes`] bytes and differs each time. Errors:
/// [`NoRandomness`].
pub fn seal<C: Context>(key: &C::Key, context: &C, plaintext: &[u8]) -> Result<Vec<u8>, NoRandomness> {
    let mut sealed = Vec::new();
    seal_into(key, context, plaintext, &mut sealed)?;
    Ok(sealed)
}

/// [`seal`], appended to `out`: one copy, encrypted where it lies. Errors: [`NoRandomness`], and `out` is as it was.
pub fn seal_into<C: Context>(
    key: &C::Key,
    context: &C,
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), NoRandomness> {
    let mut salt = [0; SALT_BYTES];
    chance::fill(&mut salt)?;
    construction::seal::<Chosen>(key.bytes(), &context.encode(), &salt, plaintext, out);
    Ok(())
}

/// Opens a box that was sealed for the place `context`; the plaintext is wiped when dropped. Errors: [`Unopenable`],
/// whatever the cause.
pub fn open<C: Context>(key: &C::Key, context: &C, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    let mut plaintext = Zeroizing::new(Vec::new());
    open_into(key, context, sealed, &mut plaintext)?;
    Ok(plaintext)
}

/// [`open`], appended to `out`, for a buffer that is used again; wiping it is the caller's, and so is giving it room
/// enough before, lest earlier plaintext stays behind where it grew. Errors: [`Unopenable`]; `out` is then as it was
/// and the rest of it wiped.
pub fn open_into<C: Context>(
    key: &C::Key,
    context: &C,
    sealed: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Unopenable> {
    construction::open::<Chosen>(key.bytes(), &context.encode(), sealed, out)
}

/// The commitment of a box; nothing if it is too short for one. It pins this very sealing: sealed again, the same
/// plaintext has another.
pub fn commitment(sealed: &[u8]) -> Option<[u8; COMMITMENT_BYTES]> {
    let header: &[u8; HEADER_BYTES] = sealed.first_chunk()?;
    header.last_chunk().copied()
}

/// The chunks of a box that cover a range of its plaintext: what to read, and what of it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    first: u64,
    sealed: Range<usize>,
    skip: usize,
    bytes: usize,
}

impl Part {
    /// Where the chunks lie in the box; never longer than the range and two chunks, and empty for an empty range.
    pub fn sealed(&self) -> Range<usize> {
        self.sealed.clone()
    }

    /// How many bytes were asked for.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Which chunks of a box of `sealed_bytes` cover `range` of its plaintext; nothing if no box has this length or the
/// range does not lie in it.
///
/// The length is the caller's to know: unlike [`open`], a range does not prove where the box ends.
pub fn part(sealed_bytes: usize, range: Range<usize>) -> Option<Part> {
    let plain = plain_bytes(sealed_bytes)?;
    if range.start > range.end || range.end > plain {
        return None;
    }
    let first = range.start / CHUNK_BYTES;
    let after = if range.is_empty() { first } else { range.end.div_ceil(CHUNK_BYTES) };
    let offset = |chunk: usize| HEADER_BYTES.saturating_add(chunk.saturating_mul(CHUNK_SEALED_BYTES));
    Some(Part {
        first: u64::try_from(first).ok()?,
        sealed: offset(first)..offset(after).min(sealed_bytes),
        skip: range.start % CHUNK_BYTES,
        bytes: range.len(),
    })
}

/// Opens a part of a box: `header` are its first [`HEADER_BYTES`], `chunks` the bytes at [`Part::sealed`]. The
/// commitment is checked first, also for an empty range. Errors: [`Unopenable`].
pub fn open_part<C: Context>(
    key: &C::Key,
    context: &C,
    header: &[u8; HEADER_BYTES],
    part: &Part,
    chunks: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    if chunks.len() != part.sealed.len() {
        return Err(Unopenable);
    }
    let mut opened = Zeroizing::new(Vec::new());
    construction::open_chunks::<Chosen>(
        key.bytes(),
        &context.encode(),
        header,
        part.first,
        chunks,
        &mut opened,
    )?;
    // What is cut off stays in the same allocation and is wiped with it.
    opened.truncate(part.skip.saturating_add(part.bytes));
    let skip = part.skip.min(opened.len());
    opened.drain(..skip);
    Ok(opened)
}

/// Opens `range` of the plaintext of a whole box; see [`open_part`] for a box that is not read whole. Errors:
/// [`Unopenable`], also for a range that does not lie in it.
pub fn open_range<C: Context>(
    key: &C::Key,
    context: &C,
    sealed: &[u8],
    range: Range<usize>,
) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    let part = part(sealed.len(), range).ok_or(Unopenable)?;
    let header = sealed.first_chunk().ok_or(Unopenable)?;
    let chunks = sealed.get(part.sealed()).ok_or(Unopenable)?;
    open_part(key, context, header, &part, chunks)
}

/// A context whose boxes hold a key and nothing else.
pub trait Wraps: Context {
    /// The type of that key.
    type Wrapped: Bytes;
}

impl Wraps for Slot {
    type Wrapped = MasterKey;
}

impl Wraps for Dek {
    type Wrapped = DocumentKey;
}

impl Wraps for Spoolkey {
    type Wrapped = SpoolKey;
}

/// Seals a key under another; the box has [`KEY_SEALED_BYTES`]. Errors: [`NoRandomness`].
pub fn seal_key<C: Wraps>(key: &C::Key, context: &C, wrapped: &C::Wrapped) -> Result<Vec<u8>, NoRandomness> {
    seal(key, context, wrapped.bytes())
}

/// Opens a box of [`seal_key`]. Errors: [`Unopenable`].
pub fn open_key<C: Wraps>(key: &C::Key, context: &C, sealed: &[u8]) -> Result<C::Wrapped, Unopenable> {
    if sealed.len() != KEY_SEALED_BYTES {
        return Err(Unopenable);
    }
    let opened = open(key, context, sealed)?;
    let bytes: &[u8; KEY_BYTES] = opened.as_slice().try_into().map_err(|_| Unopenable)?;
    Ok(C::Wrapped::copied(bytes))
}
