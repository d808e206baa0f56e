//! What a disk may answer instead of doing what it was asked. One variant a cause.

use std::io;
use std::path::{Path, PathBuf};

use crate::random::NoRandomness;

/// Why the disk did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// Nothing is there.
    #[error("{path} is not there", path = path.display())]
    Absent {
        /// What was asked for.
        path: PathBuf,
    },
    /// Something is there already, and it is not to be replaced.
    #[error("{path} is there already", path = path.display())]
    Exists {
        /// What was to be made.
        path: PathBuf,
    },
    /// No space, or the quota is used up. What was half written is removed where it had no name yet.
    #[error("no space to write {path}", path = path.display())]
    Full {
        /// What was to be written.
        path: PathBuf,
    },
    /// Another process holds the lock.
    #[error("{path} is held by another process", path = path.display())]
    Held {
        /// The lock file.
        path: PathBuf,
    },
    /// The operating system refused, for a reason that no other variant names.
    #[error("can not {doing} {path}: {source}", path = path.display())]
    Io {
        /// What was attempted, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A temporary name could not be drawn.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A symbolic link, a folder or a device stands where a file was expected. It is never followed.
    #[error("{path} is not a plain file", path = path.display())]
    NotAFile {
        /// What was asked for.
        path: PathBuf,
    },
    /// A sync failed before; nothing that this disk says can be relied on any more.
    #[error("a sync failed before: nothing more is done before a restart")]
    Poisoned,
    /// The file ends before what was to be read.
    #[error("{path} ends before byte {wanted_end}", path = path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// One past the last byte that was wanted.
        wanted_end: u64,
    },
    /// A sync failed. It is never tried again: the kernel has dropped what it could not write.
    #[error("sync of {path} failed: {source}", path = path.display())]
    SyncFailed {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The file is longer than the caller is ready to read. Nothing was allocated.
    #[error("{path} has {bytes} bytes, at most {bytes_max} are read", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// The caller's limit.
        bytes_max: u64,
    },
}

impl DiskError {
    /// Is there no room?
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// Is it only that nothing is there?
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent { .. })
    }

    /// Gives a cause its variant.
    pub(crate) fn of(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if source.get_ref().is_some_and(|inner| inner.is::<NotPlain>()) {
            return Self::NotAFile { path };
        }
        match source.kind() {
            io::ErrorKind::NotFound => Self::Absent { path },
            io::ErrorKind::AlreadyExists => Self::Exists { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { doing, path, source },
        }
    }
}

/// A medium's way to say [`DiskError::NotAFile`].
#[derive(Debug, thiserror::Error)]
#[error("not a plain file")]
pub(crate) struct NotPlain;

impl NotPlain {
    pub(crate) fn error() -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, Self)
    }
}
