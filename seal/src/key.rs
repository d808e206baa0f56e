//! Keys, one type a level, boxed and wiped. No key prints, copies or serialises itself, and none says what it is
//! used for in a file.
//!
//! Random keys are drawn by `random`, or read from an opened box by `from_bytes` or `from_slice`. Derived keys
//! come only from the method of the level above, so a key of the wrong level does not compile:
//!
//! ```text
//! ShredRoot ─┐
//! MasterKey ─┴ RingKey          MasterKey ─ PrivateKeysKey ─ FileKey
//! ShelfKey ── DekKey, HeadKey, SpoolWrapKey
//! DocumentKey ── ContentKey, MetaKey, ManifestKey
//! random: EntryKey, SpoolKey, IndexKey, HandleKey, DuplicateKey, FileKey
//! ```

use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::context::sealed::Bytes;
use crate::expand::{expand, extract};
use crate::{NoRandomness, chance};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// What stands before every derivation of a key from a key (`format.md`, Keys).
const SUBKEY_LABEL: &[u8] = b"counterfoil.vault/v1/key/";
/// What stands before the derivation of a ring key, with its closing zero byte.
const RING_LABEL: &[u8] = b"counterfoil.vault/v1/ring-key\0";

/// A 32-byte key type: the box, the wiping, and comparison in constant time.
macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(Box<[u8; KEY_BYTES]>);

        impl $name {
            /// Takes a copy onto the heap; the source is for its owner to wipe.
            pub(crate) fn copied(bytes: &[u8; KEY_BYTES]) -> Self {
                let mut key = Self(Box::new([0; KEY_BYTES]));
                key.0.copy_from_slice(bytes);
                key
            }

            /// The bytes, for the one computation that needs them. Never store, print or copy them.
            pub fn expose(&self) -> &[u8; KEY_BYTES] {
                &self.0
            }

            /// Whether both are the same key; takes the same time whatever the answer.
            pub fn equals(&self, other: &Self) -> bool {
                self.0.as_slice().ct_eq(other.0.as_slice()).into()
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }

        impl ZeroizeOnDrop for $name {}

        impl Bytes for $name {
            fn bytes(&self) -> &[u8; KEY_BYTES] {
                &self.0
            }

            fn copied(bytes: &[u8; KEY_BYTES]) -> Self {
                $name::copied(bytes)
            }
        }
    };
}

/// What only a key that is drawn, not derived, has.
macro_rules! random_key {
    ($(#[$doc:meta])* $name:ident) => {
        key!($(#[$doc])* $name);

        impl $name {
            /// A fresh key from the operating system. Errors: [`NoRandomness`].
            pub fn random() -> Result<Self, NoRandomness> {
                let mut key = Self(Box::new([0; KEY_BYTES]));
                chance::fill(key.0.as_mut_slice())?;
                Ok(key)
            }

            /// Takes over `bytes` and wipes them where they were.
            pub fn from_bytes(bytes: &mut [u8; KEY_BYTES]) -> Self {
                let key = Self::copied(bytes);
                bytes.zeroize();
                key
            }

            /// Copies a key out of an opened box, which the caller drops wiped; nothing if it has not
            /// [`KEY_BYTES`] bytes.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::copied)
            }
        }
    };
}

random_key! {
    /// Root of one seal domain (standard, confidential), kept in the unlock slots. Alone it opens no document:
    /// a ring needs the shred root too.
    MasterKey
}
random_key! {
    /// Key of a shelf: wraps the document keys, shelf heads and open uploads that die together.
    ShelfKey
}
random_key! {
    /// Key of one revision of one document; kept only wrapped under its shelf.
    DocumentKey
}
random_key! {
    /// Seals journal statements and their lists (one a book and year, one a person, one for the house).
    EntryKey
}
random_key! {
    /// Seals the records of one open upload.
    SpoolKey
}
random_key! {
    /// Seals the rows of the ledger.
    IndexKey
}
random_key! {
    /// Keys the BLAKE3 handles that stand for ids in row keys. Seals nothing.
    HandleKey
}
random_key! {
    /// Keys the BLAKE3 index of a book's duplicates. Seals nothing.
    DuplicateKey
}
random_key! {
    /// The key of a key file, of a system's keychain, or from a passphrase: what opens private keys at rest
    /// where there is no master key (a companion, a root file).
    FileKey
}
key! {
    /// What opens an unlock slot: the key file's bytes, or Argon2id of a passphrase. Made by [`crate::slot`] only.
    SlotKey
}
key! {
    /// Seals one generation of a domain's ring of keys.
    RingKey
}
key! {
    /// Wraps the document keys of a shelf.
    DekKey
}
key! {
    /// Seals the heads of a shelf's log.
    HeadKey
}
key! {
    /// Wraps the spool keys of a shelf's open uploads.
    SpoolWrapKey
}
key! {
    /// Seals the pieces of a document.
    ContentKey
}
key! {
    /// Seals name, media type and notes of a document.
    MetaKey
}
key! {
    /// Seals the manifest of a document.
    ManifestKey
}
key! {
    /// Seals private keys at rest.
    PrivateKeysKey
}

impl RingKey {
    /// The key of ring `generation` of `domain`: HKDF-SHA-512 with the shred root as salt and the master key as
    /// input, so that overwriting the shred root ends it though the master key lives on.
    pub fn derive(
        root: &ShredRoot,
        master: &MasterKey,
        vault_id: &[u8; 16],
        domain: u8,
        generation: u64,
    ) -> Self {
        let prk = extract(root.0.as_slice(), master.expose());
        Self::copied(&expand(prk.as_slice(), &[RING_LABEL, vault_id, &[domain], &generation.to_be_bytes()]))
    }
}

impl MasterKey {
    /// What seals the gateway's private keys (standard domain only).
    pub fn private_keys_key(&self, vault_id: &[u8; 16]) -> PrivateKeysKey {
        PrivateKeysKey::copied(&subkey(self.expose(), b"key", vault_id))
    }
}

impl FileKey {
    /// What seals the private keys of `owner_id` under this key.
    pub fn private_keys_key(&self, owner_id: &[u8; 16]) -> PrivateKeysKey {
        PrivateKeysKey::copied(&subkey(self.expose(), b"key", owner_id))
    }
}

impl ShelfKey {
    /// What wraps the shelf's document keys.
    pub fn dek_key(&self, shelf_id: &[u8; 16]) -> DekKey {
        DekKey::copied(&subkey(self.expose(), b"dek", shelf_id))
    }

    /// What seals the heads of the shelf's log.
    pub fn head_key(&self, shelf_id: &[u8; 16]) -> HeadKey {
        HeadKey::copied(&subkey(self.expose(), b"head", shelf_id))
    }

    /// What wraps the keys of the shelf's open uploads.
    pub fn spool_wrap_key(&self, shelf_id: &[u8; 16]) -> SpoolWrapKey {
        SpoolWrapKey::copied(&subkey(self.expose(), b"spool", shelf_id))
    }
}

impl DocumentKey {
    /// What seals the document's pieces.
    pub fn content_key(&self, document_id: &[u8; 16]) -> ContentKey {
        ContentKey::copied(&subkey(self.expose(), b"content", document_id))
    }

    /// What seals its name, media type and notes.
    pub fn meta_key(&self, document_id: &[u8; 16]) -> MetaKey {
        MetaKey::copied(&subkey(self.expose(), b"meta", document_id))
    }

    /// What seals its manifest.
    pub fn manifest_key(&self, document_id: &[u8; 16]) -> ManifestKey {
        ManifestKey::copied(&subkey(self.expose(), b"manifest", document_id))
    }
}

/// The secret that is overwritten in place so that what it protected is gone: 64 bytes, the SHA-512 of the random
/// part of a seed slot. Losing any part of the slot loses it.
pub struct ShredRoot(Box<[u8; 64]>);

impl ShredRoot {
    /// Computes it from the random part of a seed slot, which the caller wipes.
    pub fn of_random_part(random_part: &[u8]) -> Self {
        let mut root = Self(Box::new([0; 64]));
        let mut digest = Sha512::digest(random_part);
        root.0.copy_from_slice(&digest);
        digest.as_mut_slice().zeroize();
        root
    }

    /// Whether both are the same; takes the same time whatever the answer.
    pub fn equals(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl Drop for ShredRoot {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for ShredRoot {}

/// HKDF-Expand-SHA-512(key, label ‖ purpose ‖ 00 ‖ id).
fn subkey(key: &[u8; KEY_BYTES], purpose: &[u8], id: &[u8; 16]) -> zeroize::Zeroizing<[u8; KEY_BYTES]> {
    expand(key, &[SUBKEY_LABEL, purpose, &[0], id])
}

#[cfg(test)]
mod tests;
