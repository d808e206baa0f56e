//! Why the vault did not do what it was asked, one variant a cause. What a peer is told is the gateway's business.

use std::path::PathBuf;
use std::sync::Arc;

use host::{DiskError, LogError, NoRandomness};
use model::{EntryKeyId, ShelfId, class::Domain};

/// Every way in which the vault fails.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A document, key or piece can not be opened, or says what it must not: damage, named and never skipped.
    #[error("{what} in {path} is damaged", path = path.display())]
    Damaged {
        /// What was read.
        what: &'static str,
        /// Where it lies.
        path: PathBuf,
    },
    /// The disk said no.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// What it was sealed under has been destroyed; a tombstone says so.
    #[error("it was erased")]
    Erased,
    /// There is a vault, or the rest of one, where a new one was to be made.
    #[error("{path} holds a vault already", path = path.display())]
    Exists {
        /// The folder or file that is in the way.
        path: PathBuf,
    },
    /// The domain is not unlocked.
    #[error("the {domain} domain is locked", domain = .0.as_str())]
    Locked(Domain),
    /// A log is damaged or refuses to go on.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The operating system gives no randomness; nothing is sealed without.
    #[error("the operating system gives no randomness")]
    NoRandomness,
    /// No unlock slot opens with what was given. Says nothing of which slot, or why.
    #[error("none of the {slots} unlock slots opens with this")]
    NoSlotOpens {
        /// How many there are.
        slots: usize,
    },
    /// There is no vault in this folder.
    #[error("{path} is not a vault", path = path.display())]
    NotAVault {
        /// The file that is missing or says something else.
        path: PathBuf,
    },
    /// A barrier failed for somebody else's bytes too: nothing more is acknowledged before a restart.
    #[error("an earlier write could not be made durable: {0}")]
    Stopped(Arc<VaultError>),
    /// A key that no ring knows and no tombstone names: damage, never a reason to make a new one.
    #[error("no ring knows {0}")]
    UnknownKey(UnknownKey),
    /// The system starts no more threads.
    #[error("no thread could be started: {0}")]
    Thread(std::io::Error),
    /// An unlock slot could not be made, or what was given can not open any.
    #[error(transparent)]
    Slot(#[from] seal::SlotError),
    /// A change of an upload is refused.
    #[error(transparent)]
    Upload(#[from] UploadRefusal),
    /// Something is larger than its format allows.
    #[error("{what} is larger than its format allows")]
    TooLarge {
        /// What it is.
        what: &'static str,
    },
    /// The record store failed.
    #[error(transparent)]
    Records(#[from] crate::records::RecordsError),
}

/// Which key is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownKey {
    /// The key of a shelf's version.
    Shelf(ShelfId, u32),
    /// The key of journal entries.
    Entry(EntryKeyId),
    /// The index key or the handle key.
    House,
}

/// Why an upload did not take a piece or a change. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadRefusal {
    /// A close is under way: first it must end.
    #[error("a close of this upload is under way")]
    Closing,
    /// The upload was dropped or accepted.
    #[error("the upload has ended")]
    Ended,
    /// A newer connection has taken the lease.
    #[error("the lease is lost")]
    LeaseLost,
    /// Pieces are missing.
    #[error("document {n} is not complete: {missing} pieces are missing")]
    Missing {
        /// The document's number in its submission.
        n: u32,
        /// How many pieces are missing.
        missing: u32,
    },
    /// The bytes are not the piece that the manifest names.
    #[error("piece {index} of document {n} is not what the manifest says")]
    NotThePiece {
        /// The document's number in its submission.
        n: u32,
        /// Which piece.
        index: u32,
    },
    /// There is no such document in the upload.
    #[error("there is no document {n} in this upload")]
    NoDocument {
        /// The number that was asked for.
        n: u32,
    },
    /// The document was withdrawn.
    #[error("document {n} was withdrawn")]
    Withdrawn {
        /// The document's number in its submission.
        n: u32,
    },
    /// An upload of this person and submission is open already.
    #[error("this submission is open already")]
    Open,
    /// The documents of a new upload are none, too many, or do not rise in their numbers.
    #[error("the documents of an upload are not numbered rising, or are none or too many")]
    BadDocuments,
}

impl std::fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shelf(id, version) => write!(f, "version {version} of shelf {id}"),
            Self::Entry(id) => write!(f, "entry key {id}"),
            Self::House => f.write_str("the index key or the handle key"),
        }
    }
}

impl From<seal::NoRandomness> for VaultError {
    fn from(_: seal::NoRandomness) -> Self {
        Self::NoRandomness
    }
}

impl From<NoRandomness> for VaultError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

/// Says which file a damaged thing lies in.
pub(crate) fn damaged(what: &'static str, path: impl Into<PathBuf>) -> VaultError {
    VaultError::Damaged { what, path: path.into() }
}
