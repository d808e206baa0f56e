//! What a box is and where it belongs: the one table of contexts. Not what is inside a box.
//!
//! A context is `"counterfoil.vault/v1/" ‖ purpose ‖ 00 ‖ fields`, the fields of fixed length and big-endian. It
//! goes into the derivation of the box's single-use key, so it is committed to, not only authenticated: a box
//! that is truncated, put elsewhere or handed in as another kind does not open. `format.md` has this table too,
//! compared by a test. A purpose that is not in the table does not compile.

use crate::key::{
    ContentKey, DekKey, EntryKey, HeadKey, IndexKey, ManifestKey, MetaKey, PrivateKeysKey, RingKey, SlotKey,
    SpoolKey, SpoolWrapKey,
};

/// What every context begins with.
pub const PREFIX: &str = "counterfoil.vault/v1/";

/// A place that a box is bound to. Implemented by the structs of this module and by nothing else.
pub trait Context: sealed::Sealed {
    /// The key type that seals boxes of this kind.
    type Key: sealed::Bytes;
    /// What the box is, as it stands in the encoding.
    const PURPOSE: &'static str;
    /// Length of the encoding in bytes.
    const BYTES: usize;
    /// The encoding: prefix, purpose, a zero byte, the fields.
    fn encode(&self) -> Vec<u8>;
}

/// One line of the table, for documentation and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// See [`Context::PURPOSE`].
    pub purpose: &'static str,
    /// Name of the key type.
    pub key: &'static str,
    /// Name and bytes of each field, in order.
    pub fields: &'static [(&'static str, usize)],
    /// See [`Context::BYTES`].
    pub bytes: usize,
}

/// `text` filled up with zero bytes: a tree name of 8 bytes, the purpose of a private key of 16. A text that is
/// too long does not compile.
///
/// ```
/// # use counterfoil_seal as seal;
/// assert_eq!(seal::context::label::<5, 8>(b"shelf"), *b"shelf\0\0\0");
/// ```
pub const fn label<const TEXT: usize, const N: usize>(text: &[u8; TEXT]) -> [u8; N] {
    const { assert!(TEXT <= N, "the label is too long for its field") }
    let mut field = [0; N];
    field.split_at_mut(TEXT).0.copy_from_slice(text);
    field
}

macro_rules! contexts {
    ($($(#[$doc:meta])* $name:ident, $purpose:literal, $key:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub struct $name { $($(#[$fdoc])* pub $field: $type,)* }

            impl sealed::Sealed for $name {}

            impl Context for $name {
                type Key = $key;
                const PURPOSE: &'static str = $purpose;
                const BYTES: usize = PREFIX.len() + $purpose.len() + 1 $(+ size_of::<$type>())*;

                fn encode(&self) -> Vec<u8> {
                    let mut bytes = Vec::with_capacity(Self::BYTES);
                    bytes.extend_from_slice(PREFIX.as_bytes());
                    bytes.extend_from_slice($purpose.as_bytes());
                    bytes.push(0);
                    $(sealed::Field::put(&self.$field, &mut bytes);)*
                    bytes
                }
            }
        )*

        /// All contexts there are.
        pub const TABLE: &[Row] = &[$(Row {
            purpose: $purpose,
            key: stringify!($key),
            fields: &[$((stringify!($field), size_of::<$type>())),*],
            bytes: $name::BYTES,
        }),*];
    };
}

contexts! {
    /// A master key in an unlock slot.
    Slot, "slot", SlotKey {
        /// The vault.
        vault_id: [u8; 16],
        /// The slot.
        slot_id: [u8; 16],
        /// 1 passphrase, 2 key file.
        kind: u8,
        /// The seal domain whose master key it is.
        domain: u8,
    }
    /// One frame of a ring of keys.
    Ring, "ring", RingKey {
        /// The vault.
        vault_id: [u8; 16],
        /// The seal domain.
        domain: u8,
        /// Counted up by each shred.
        generation: u64,
        /// Number of the frame in the ring's log.
        revision: u64,
    }
    /// A document key under its shelf's key.
    Dek, "dek", DekKey {
        /// The vault.
        vault_id: [u8; 16],
        /// The shelf.
        shelf_id: [u8; 16],
        /// Counted up when the shelf's key is renewed.
        shelf_version: u32,
        /// The class that the shelf is for.
        class: u8,
        /// The document.
        document_id: [u8; 16],
        /// Counted up when the document is sealed anew under another key.
        revision: u32,
    }
    /// The head of one frame of a shelf's log.
    Head, "head", HeadKey {
        /// The shelf.
        shelf_id: [u8; 16],
        /// See [`Dek::shelf_version`].
        shelf_version: u32,
        /// Number of the frame in the shelf's log.
        sequence: u64,
        /// BLAKE3 of the frame before.
        previous: [u8; 32],
    }
    /// Name, media type and notes of a document.
    Meta, "meta", MetaKey {
        /// The document.
        document_id: [u8; 16],
        /// See [`Dek::revision`].
        revision: u32,
        /// Counted up when they are changed.
        meta_version: u32,
    }
    /// The manifest of a document.
    Manifest, "manifest", ManifestKey {
        /// The document.
        document_id: [u8; 16],
        /// See [`Dek::revision`].
        revision: u32,
    }
    /// One piece of a document.
    Piece, "piece", ContentKey {
        /// The document.
        document_id: [u8; 16],
        /// See [`Dek::revision`].
        revision: u32,
        /// Which piece, from 0.
        index: u64,
        /// How many there are.
        count: u64,
        /// Length of the padded document in bytes.
        padded_bytes: u64,
    }
    /// A row of the ledger.
    Record, "record", IndexKey {
        /// Name of the tree, see [`label`].
        tree: [u8; 8],
        /// BLAKE3 of the row's key.
        row: [u8; 32],
    }
    /// A statement in the journal.
    Entry, "entry", EntryKey {
        /// The vault.
        vault_id: [u8; 16],
        /// The entry key.
        entry_key_id: [u8; 16],
        /// SHA-256 of the statement.
        entry: [u8; 32],
    }
    /// The list beside a statement, under the same key.
    List, "list", EntryKey {
        /// SHA-256 of the statement.
        entry: [u8; 32],
    }
    /// One record of an open upload.
    Spool, "spool", SpoolKey {
        /// The vault.
        vault_id: [u8; 16],
        /// The upload.
        upload_id: [u8; 16],
        /// Number of the record's frame in the spool.
        sequence: u64,
        /// BLAKE3 of the frame before.
        previous: [u8; 32],
    }
    /// The key of an open upload under its shelf's key.
    Spoolkey, "spoolkey", SpoolWrapKey {
        /// The vault.
        vault_id: [u8; 16],
        /// The shelf.
        shelf_id: [u8; 16],
        /// See [`Dek::shelf_version`].
        shelf_version: u32,
        /// The upload.
        upload_id: [u8; 16],
    }
    /// A private key at rest.
    Key, "key", PrivateKeysKey {
        /// Vault, practice or device whose key it is.
        owner_id: [u8; 16],
        /// What the key is for, see [`label`].
        purpose: [u8; 16],
        /// The key.
        key_id: [u8; 16],
    }
}

pub(crate) mod sealed {
    //! Closes [`super::Context`] to other crates.

    /// No context outside this table.
    pub trait Sealed {}

    /// A key type of this crate: its bytes, and back.
    pub trait Bytes {
        /// See the `expose` of the key types.
        fn bytes(&self) -> &[u8; 32];
        /// A copy of `bytes` on the heap.
        fn copied(bytes: &[u8; 32]) -> Self;
    }

    /// A field of fixed length.
    pub trait Field {
        /// Appends it, big-endian.
        fn put(&self, to: &mut Vec<u8>);
    }

    impl<const N: usize> Field for [u8; N] {
        fn put(&self, to: &mut Vec<u8>) {
            to.extend_from_slice(self);
        }
    }

    macro_rules! integers {
        ($($type:ty),*) => {$(
            impl Field for $type {
                fn put(&self, to: &mut Vec<u8>) {
                    to.extend_from_slice(&self.to_be_bytes());
                }
            }
        )*};
    }

    integers!(u8, u32, u64);
}

#[cfg(test)]
mod tests;
