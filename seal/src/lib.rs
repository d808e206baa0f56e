//! The only cipher: one construction, its contexts, wiped keys and unlock slots. Knows no files, no documents
//! and no persons; ids come in as 16 bytes.
//!
//! Everything that Counterfoil keeps secret at rest is made by [`seal`] and read by [`open`]: C2SP chunked
//! encryption over ChaCha20-Poly1305. A box is bound to a [`Context`] (what it is, of which document, at which
//! place) and each context takes exactly one type of key, so that a wrong key or a wrong place is a compile
//! error or an unopenable box, never other bytes. `format.md` in this folder is the specification, and the
//! tests compare it with the code.
//!
//! ```
//! # use counterfoil_seal as seal;
//! use seal::{context, DocumentKey};
//! let document_id = [7; 16];
//! let key = DocumentKey::random()?.content_key(&document_id);
//! let place = context::Piece { document_id, revision: 1, index: 0, count: 1, padded_bytes: 16_384 };
//! let sealed = seal::seal(&key, &place, b"an invoice")?;
//! assert_eq!(seal::open(&key, &place, &sealed)?.as_slice(), b"an invoice");
//! let elsewhere = context::Piece { index: 1, count: 2, ..place };
//! assert!(seal::open(&key, &elsewhere, &sealed).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A key of another level does not compile, however alike the bytes are:
//!
//! ```compile_fail,E0308
//! # use counterfoil_seal as seal;
//! use seal::{context, DocumentKey};
//! let key = DocumentKey::random().ok().unwrap().meta_key(&[7; 16]);
//! let place = context::Piece { document_id: [7; 16], revision: 1, index: 0, count: 1, padded_bytes: 16_384 };
//! let _ = seal::seal(&key, &place, b"an invoice");
//! ```

#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod argon;
mod cbor;
mod chance;
mod construction;
pub mod context;
mod error;
mod expand;
pub mod key;
mod opener;
mod sealing;
pub mod secret;
pub mod slot;
mod unlock;
pub mod words;

pub use argon::Argon2Parameters;
pub use context::Context;
pub use error::{NoRandomness, SlotError, Unopenable};
pub use key::{
    ContentKey, DekKey, DocumentKey, DuplicateKey, EntryKey, FileKey, HandleKey, HeadKey, IndexKey,
    ManifestKey, MasterKey, MetaKey, PrivateKeysKey, RingKey, ShelfKey, ShredRoot, SlotKey, SpoolKey,
    SpoolWrapKey,
};
pub use opener::Opener;
pub use sealing::{
    CHUNK_BYTES, COMMITMENT_BYTES, HEADER_BYTES, KEY_SEALED_BYTES, PIECE_SEALED_BYTES, Part, Wraps,
    commitment, open, open_into, open_key, open_part, open_range, part, plain_bytes, seal, seal_into,
    seal_key, sealed_bytes,
};
pub use slot::SlotFile;
pub use unlock::{Unlock, UnlockKind};
pub use zeroize::{Zeroize, Zeroizing};
