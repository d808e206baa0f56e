//! What a disk stands on: the few operations of an operating system that it needs. Proves nothing durable.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::verdict::MediumVerdict;

/// How a file is opened. A symbolic link as the last component is never followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// An existing file, for reading.
    Read,
    /// An existing file, for reading and writing.
    ReadWrite,
    /// A file that is not there yet, mode 0600, for reading and writing.
    CreateNew,
}

/// What a rename does with a name that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onto {
    /// Replaces what is there, at once.
    Anything,
    /// Fails with [`io::ErrorKind::AlreadyExists`] and changes nothing.
    Nothing,
}

/// Free and whole size of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

/// Why a folder was not synced.
#[derive(Debug)]
pub enum FolderFault {
    /// The sync was tried and failed.
    Failed(io::Error),
    /// The folder could not be opened; no sync was tried.
    Unreached(io::Error),
}

/// The operating system's side of a disk. Implemented by the real one and by [`crate::sim::SimMedium`].
///
/// No method but the syncs makes anything durable. Errors are the operating system's; `DiskError` names them.
pub trait Medium: Send + Sync {
    /// Opens a plain file.
    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn MediumFile>>;
    /// Names in a folder, in any order.
    fn names(&self, path: &Path) -> io::Result<Vec<OsString>>;
    /// Whether anything has this name; a dangling symbolic link counts.
    fn exists(&self, path: &Path) -> io::Result<bool>;
    /// Whether a folder (or a link to one) has this name.
    fn is_folder(&self, path: &Path) -> io::Result<bool>;
    /// Makes one folder, mode 0700.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Syncs a folder's names.
    fn sync_folder(&self, path: &Path) -> Result<(), FolderFault>;
    /// Takes a file's name away.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Takes an empty folder away.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
    /// Renames, in one step.
    fn rename(&self, from: &Path, to: &Path, onto: Onto) -> io::Result<()>;
    /// Makes the lock file if it is absent and locks it; [`io::ErrorKind::WouldBlock`] if another holds it.
    /// Dropping what comes back releases it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;
    /// Free and whole size.
    fn space(&self, path: &Path) -> io::Result<Space>;
    /// Can it forget what is overwritten?
    fn verdict(&self, path: &Path) -> MediumVerdict;
    /// Fills `out` with bytes for a temporary name.
    fn draw(&self, out: &mut [u8]) -> io::Result<()>;
}

/// One open file of a [`Medium`].
#[allow(clippy::len_without_is_empty)] // a length is asked of the kernel and may fail
pub trait MediumFile: Send + Sync {
    /// Reads at an offset; 0 only at the end or for an empty `out`.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize>;
    /// Writes all of `bytes` at an offset. After an error any part may have been written.
    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Cuts, or lengthens with zeros.
    fn set_len(&self, bytes: u64) -> io::Result<()>;
    /// Syncs the content and what is needed to read it back (fdatasync).
    fn sync_content(&self) -> io::Result<()>;
    /// Syncs content and all metadata (fsync).
    fn sync_everything(&self) -> io::Result<()>;
}
