//! The words of Counterfoil as types, shared by every other crate. No I/O, no clock, no randomness.
//!
//! One file is about one noun of the word table; whatever two crates must agree on without knowing each
//! other (an id, a digest, the size of a piece, a limit) is said here once.

#![warn(missing_docs)]

pub mod class;
pub mod crockford;
pub mod digest;
pub mod ids;
pub mod kind;
pub mod limits;
pub mod manifest;
pub mod media;
pub mod name;
pub mod period;
pub mod piece;
pub mod practice;
pub mod reason;
pub mod role;
pub mod time;

pub use class::Class;
pub use digest::{Blake3Digest, ChainingValue, Sha256Digest};
pub use ids::{
    BookId, DeviceId, DocumentId, EntryKeyId, EvidenceId, InvitationId, KeyId, ObjectId, PersonId, ShelfId,
    SlotId, SubmissionId, UploadId, VaultId,
};
pub use kind::{Kind, Term};
pub use manifest::Manifest;
pub use media::MediaType;
pub use name::DisplayName;
pub use period::Period;
pub use piece::PieceIndex;
pub use practice::{Pin, PracticeId};
pub use reason::Reason;
pub use role::Role;
pub use time::Timestamp;

/// What a person, a file or a peer wrote is not what it should be.
///
/// `what` is the noun that was read, `why` one of our own sentences; neither ever holds foreign text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a {what}: {why}")]
pub struct Malformed {
    /// The noun of the word table that was expected.
    pub what: &'static str,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Malformed {
    /// Names the noun and what is wrong with it.
    pub const fn new(what: &'static str, why: &'static str) -> Self {
        Self { what, why }
    }
}
