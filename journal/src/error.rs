//! What can go wrong in the journal, one variant a cause. Not how it is said to people.

use std::path::PathBuf;

use host::{DiskError, LogError};

use crate::{OpenFailure, SealFailure, SigningFailed};

/// Why the journal does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder has no journal.
    #[error("{folder} holds no journal")]
    Absent {
        /// The journal's folder.
        folder: PathBuf,
    },
    /// A journal or a head is there already; nothing was written.
    #[error("{path} is there already")]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// No entry has this index, or no tree this size, yet.
    #[error("{asked} is beyond the journal's size {size}")]
    Beyond {
        /// The index or size asked for.
        asked: u64,
        /// The size of the newest head.
        size: u64,
    },
    /// A commit or a genesis of no entries, an empty statement or an empty list.
    #[error("there is nothing to commit")]
    Empty,
    /// The commit does not fit in one frame; nothing was written. Commit fewer entries at once.
    #[error("a commit of {bytes} bytes does not fit in a frame of {bytes_max}")]
    TooLarge {
        /// Bytes that the commit would take.
        bytes: u64,
        /// Bytes that a commit may take.
        bytes_max: u64,
    },
    /// The time lies before the newest head's: a clock that went back commits nothing (J7).
    #[error("the time {given_ms} lies before the newest head's, {newest_ms}")]
    TimeWentBack {
        /// The time given, in ms since 1970.
        given_ms: u64,
        /// The newest head's, in ms since 1970.
        newest_ms: u64,
    },
    /// A statement could not be sealed; nothing was written.
    #[error("a statement could not be sealed: {0}")]
    Seal(#[from] SealFailure),
    /// The head could not be signed; nothing was written.
    #[error("the head could not be signed: {0}")]
    Sign(#[from] SigningFailed),
    /// An earlier commit failed half-way. Only a new start can tell what is on disk.
    #[error("an earlier commit failed; the journal must be recovered first")]
    Stopped,

    /// The head in the second place is missing.
    #[error("the head is missing at {path}")]
    HeadMissing {
        /// The second place.
        path: PathBuf,
    },
    /// The head in the second place can not be read.
    #[error("the head at {path} is damaged")]
    HeadDamaged {
        /// The second place.
        path: PathBuf,
    },
    /// The head in the second place knows entries that the log does not have: the log was rolled back or cut.
    #[error("the head at {path} knows {head_size} entries, the log has {log_size}")]
    HeadAhead {
        /// The second place.
        path: PathBuf,
        /// Entries that the head counts.
        head_size: u64,
        /// Entries that were found in the log.
        log_size: u64,
    },
    /// The log has another history than the head in the second place: same size, other root, or a size at which
    /// no commit ended.
    #[error("the log and the head at {path} differ at size {size}")]
    HeadForked {
        /// The second place.
        path: PathBuf,
        /// Entries that the head counts.
        size: u64,
    },

    /// A log file is not what the format says, though its frames are whole.
    #[error("{path} is damaged at byte {offset}: {why}")]
    Damaged {
        /// The log file.
        path: PathBuf,
        /// Where the frame begins.
        offset: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A log file between others is missing.
    #[error("{path} is missing")]
    LogMissing {
        /// The log file.
        path: PathBuf,
    },
    /// The log, including damage of frames and torn frames where none may be.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// An entry of an export can not be opened, and it is not that it was erased.
    #[error("entry {index} can not be opened: {why}")]
    Open {
        /// The entry.
        index: u64,
        /// Why.
        why: OpenFailure,
    },
    /// What an export is written to.
    #[error("the export can not be written")]
    Export(#[source] std::io::Error),
}
