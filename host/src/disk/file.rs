//! One open file: read and written at an offset, synced by its content. Has no position and no buffer.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Shared;
use super::error::DiskError;
use super::medium::MediumFile;
use crate::durable::Durable;

/// One open file of a [`super::Disk`]. Several threads may read and write it at once.
pub struct DiskFile {
    disk: Arc<Shared>,
    file: Box<dyn MediumFile>,
    path: PathBuf,
    /// One sync at a time: the kernel tells a failure to one caller only, and the one beside it must not be told
    /// that all is well.
    syncing: Mutex<()>,
}

impl DiskFile {
    pub(super) fn new(disk: Arc<Shared>, file: Box<dyn MediumFile>, path: PathBuf) -> Self {
        Self { disk, file, path, syncing: Mutex::new(()) }
    }

    /// The path that it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills `out` from `offset` on.
    ///
    /// Errors: [`DiskError::Short`] if the file ends before; `out` is then not to be used.
    pub fn read_exact_at(&self, offset: u64, out: &mut [u8]) -> Result<(), DiskError> {
        let wanted_end = offset.saturating_add(u64::try_from(out.len()).unwrap_or(u64::MAX));
        let mut at = offset;
        let mut rest = out;
        while !rest.is_empty() {
            let count = self.read_at(at, rest)?;
            if count == 0 {
                return Err(DiskError::Short { path: self.path.clone(), wanted_end });
            }
            at = at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            rest = rest.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Reads some bytes at `offset` and says how many; 0 at the end of the file.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<usize, DiskError> {
        self.disk.still_trusted()?;
        self.file.read_at(offset, out).map_err(|fault| self.fault("read", fault))
    }

    /// Writes all of `bytes` at `offset`. Durable only after [`DiskFile::sync`].
    ///
    /// Errors: after any, a part may have been written.
    pub fn write_all_at(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        self.disk.still_trusted()?;
        self.file.write_all_at(offset, bytes).map_err(|fault| self.fault("write", fault))
    }

    /// Length in bytes.
    #[allow(clippy::len_without_is_empty)] // a file's length is asked of the kernel and may fail
    pub fn len(&self) -> Result<u64, DiskError> {
        self.disk.still_trusted()?;
        self.file.len().map_err(|fault| self.fault("measure", fault))
    }

    /// Cuts the file, or lengthens it with zeros. Durable only after [`DiskFile::sync`].
    pub fn set_len(&self, bytes: u64) -> Result<(), DiskError> {
        self.disk.still_trusted()?;
        self.file.set_len(bytes).map_err(|fault| self.fault("set the length of", fault))
    }

    /// Makes durable what was written through this file before the call (fdatasync). A new file's name is durable
    /// only after its folder's sync.
    pub fn sync(&self) -> Result<Durable<()>, DiskError> {
        self.synced_by(|file| file.sync_content())
    }

    /// As [`DiskFile::sync`], with all metadata (fsync).
    pub(super) fn sync_everything(&self) -> Result<Durable<()>, DiskError> {
        self.synced_by(|file| file.sync_everything())
    }

    fn synced_by(
        &self,
        sync: impl FnOnce(&dyn MediumFile) -> io::Result<()>,
    ) -> Result<Durable<()>, DiskError> {
        let _one_at_a_time = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        self.disk.still_trusted()?;
        sync(self.file.as_ref()).map_err(|fault| self.disk.sync_failed(&self.path, fault))?;
        self.disk.still_trusted()?;
        Ok(Durable::proven(()))
    }

    fn fault(&self, doing: &'static str, fault: io::Error) -> DiskError {
        DiskError::of(doing, &self.path, fault)
    }
}

impl fmt::Debug for DiskFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DiskFile").field("path", &self.path).finish_non_exhaustive()
    }
}
