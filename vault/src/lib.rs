//! What we hold: unlock slots, keyring, pieces, shelves, spools and the record store. Decides no access, knows no
//! peer, and gives no bytes of a document that nobody has asked for.
//!
//! The formats are in `format.md`. Rooms:
//!
//! ```text
//! vault        made once, unlocked at each start; the one door
//! folder       where everything lies        identity     vault.json        seed     what is overwritten in place
//! ring         keys of a domain, in a log   keyring      made on demand, durable before first use
//! private      private keys at rest         entry_box    journal entries, sealed
//! upload/      open uploads: spool, pieces on their way, close, end, recovery
//! shelf        where documents lie, in logs document     their boxes opened, their pieces read
//! pieces/      where sealed pieces are kept (trait, files, conformance)
//! records/     ordered sealed records (trait, memory, sled, conformance)
//! codec        deterministic CBOR           crew         threads that wait for the disk together
//! ```

#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod codec;
mod crew;
mod document;
mod entry_box;
mod error;
mod folder;
mod identity;
mod keyring;
pub mod pieces;
mod private;
pub mod records;
mod ring;
mod seed;
mod shelf;
pub mod upload;
mod vault;

pub use document::{Content, Document, DocumentMeta};
pub use entry_box::{EntryFailure, OpenedEntry, SealedEntry};
pub use error::{UnknownKey, UploadRefusal, VaultError};
pub use folder::Folder;
pub use identity::Identity;
pub use pieces::{PieceStore, SyncThreads};
pub use private::Purpose;
pub use ring::{EntryScope, ShelfName};
pub use shelf::{POSITION_BYTES, ShelfPosition, ShelfRecord, Shelved};
pub use upload::{
    Lease, NewDocument, OpenDocument, PieceHeld, Prepared, Recovery, Reply, StoredDocument, Ticket,
    Unrecovered, Upload, UploadHead, Uploads,
};
pub use vault::{Init, Settings, ShelfInfo, Vault};
