//! The only place that syncs and renames: whole files, folders, and files written at an offset. Knows no format.
//!
//! Invariants:
//! - D1 A [`Durable`] is given only after every sync that it needs has returned without an error.
//! - D2 A failed sync is never tried again: the kernel has already marked what it lost as written. The real disk
//!   ends the process; one over another medium answers [`DiskError::Poisoned`] from then on.
//! - D3 A whole file is either the old one or the new one, after a crash at any point.
//! - D4 A file is created with mode 0600 and a folder with 0700; a symbolic link is never followed as a file.
//! - D5 A temporary name begins with [`TEMPORARY_PREFIX`]; one that a crash left behind means nothing.

mod error;
mod file;
mod medium;
mod real;
mod verdict;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::durable::Durable;

pub use error::DiskError;
pub(crate) use error::NotPlain;
pub use file::DiskFile;
pub use medium::{FolderFault, How, Medium, MediumFile, Onto, Space};
pub use verdict::{Keeps, MediumVerdict};

/// How the name of a file that is not finished begins. Sixteen hex digits follow.
pub const TEMPORARY_PREFIX: &str = ".unfinished-";

/// Exit code after a failed sync (EX_IOERR of sysexits.h).
pub const EXIT_SYNC_FAILED: i32 = 74;

/// A disk. Clones are the same disk.
#[derive(Clone)]
pub struct Disk(Arc<Shared>);

struct Shared {
    medium: Arc<dyn Medium>,
    on_failed_sync: OnFailedSync,
    poisoned: AtomicBool,
}

#[derive(Clone, Copy)]
enum OnFailedSync {
    EndProcess,
    Poison,
}

/// A lock on a folder. Dropping it, or the end of the process, releases it.
pub struct FolderLock {
    _held: Box<dyn Send + Sync>,
}

impl Disk {
    /// The machine's disk. A failed sync ends the process at once, with a message on stderr and
    /// [`EXIT_SYNC_FAILED`].
    pub fn real() -> Self {
        Self::assemble(Arc::new(real::RealMedium), OnFailedSync::EndProcess)
    }

    /// A disk over another medium, simulated or faulty. A failed sync is answered with
    /// [`DiskError::SyncFailed`], and everything after it with [`DiskError::Poisoned`].
    pub fn over(medium: Arc<dyn Medium>) -> Self {
        Self::assemble(medium, OnFailedSync::Poison)
    }

    fn assemble(medium: Arc<dyn Medium>, on_failed_sync: OnFailedSync) -> Self {
        Self(Arc::new(Shared { medium, on_failed_sync, poisoned: AtomicBool::new(false) }))
    }

    /// Writes a whole file in place of what is there: temporary file, fsync, rename, fsync of the folder.
    ///
    /// Errors: [`DiskError::Full`] and others leave the old file as it was.
    pub fn write_whole(&self, path: &Path, bytes: &[u8]) -> Result<Durable<()>, DiskError> {
        self.place_whole(path, bytes, Onto::Anything)
    }

    /// Writes a whole file where none is, in the same steps.
    ///
    /// Errors: [`DiskError::Exists`] if something has that name; it is left as it was.
    pub fn create_whole(&self, path: &Path, bytes: &[u8]) -> Result<Durable<()>, DiskError> {
        if self.exists(path)? {
            return Err(DiskError::Exists { path: path.to_owned() });
        }
        self.place_whole(path, bytes, Onto::Nothing)
    }

    /// Reads a whole file of at most `bytes_max` bytes.
    ///
    /// Its content was durable before it got its name, but whoever wrote it may have died before the name was: at
    /// start, [`Disk::sync_folder`] before relying on it.
    ///
    /// Errors: [`DiskError::Absent`]; [`DiskError::TooLarge`] before anything is allocated.
    pub fn read_whole(&self, path: &Path, bytes_max: u64) -> Result<Vec<u8>, DiskError> {
        let file = self.open(path, How::Read)?;
        let bytes = file.len()?;
        let too_large = || DiskError::TooLarge { path: path.to_owned(), bytes, bytes_max };
        if bytes > bytes_max {
            return Err(too_large());
        }
        let mut content = vec![0; usize::try_from(bytes).map_err(|_| too_large())?];
        file.read_exact_at(0, &mut content)?;
        Ok(content)
    }

    /// Makes a folder and those above it that are missing, each durable before the next. One that is there is
    /// good, and the folder above it is synced: whoever made it may have died before it could.
    ///
    /// A folder that is there below one that we may not open (as a service manager sets up) counts as durable.
    ///
    /// Errors: [`DiskError::Exists`] if something that is no folder has that name.
    pub fn create_folder(&self, path: &Path) -> Result<Durable<()>, DiskError> {
        self.still_trusted()?;
        let mut missing = Vec::new();
        let mut there = path;
        while !self.is_folder(there)? {
            missing.push(there);
            match there.parent() {
                Some(above) => there = above,
                None => return Err(DiskError::Absent { path: there.to_owned() }),
            }
        }
        if there.file_name().is_some() {
            match self.sync_folder(parent(there)) {
                Ok(_) => {}
                Err(DiskError::Io { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {}
                Err(fault) => return Err(fault),
            }
        }
        for folder in missing.into_iter().rev() {
            match self.0.medium.make_folder(folder) {
                // Another thread made it meanwhile, or something else holds the name.
                Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists && self.is_folder(folder)? => {}
                made => made.map_err(|fault| DiskError::of("make the folder", folder, fault))?,
            }
            let _proof = self.sync_folder(parent(folder))?;
        }
        Ok(Durable::proven(()))
    }

    /// Makes a folder's names durable: what was created, renamed or removed in it.
    pub fn sync_folder(&self, path: &Path) -> Result<Durable<()>, DiskError> {
        self.still_trusted()?;
        match self.0.medium.sync_folder(path) {
            Ok(()) => {
                self.still_trusted()?;
                Ok(Durable::proven(()))
            }
            Err(FolderFault::Unreached(fault)) => Err(DiskError::of("open the folder", path, fault)),
            Err(FolderFault::Failed(fault)) => Err(self.0.sync_failed(path, fault)),
        }
    }

    /// The names in a folder, sorted; temporary ones included ([`is_temporary`]).
    pub fn list(&self, path: &Path) -> Result<Vec<OsString>, DiskError> {
        self.still_trusted()?;
        let mut names = self.0.medium.names(path).map_err(|fault| DiskError::of("list", path, fault))?;
        names.sort_unstable();
        Ok(names)
    }

    /// Removes the temporary files that a crash left in a folder. To be called by the folder's one writer before
    /// it writes. Returns how many there were.
    pub fn sweep_temporary(&self, path: &Path) -> Result<u64, DiskError> {
        let mut swept: u64 = 0;
        for name in self.list(path)? {
            if is_temporary(&name) {
                self.remove_file(&path.join(name))?;
                swept = swept.saturating_add(1);
            }
        }
        Ok(swept)
    }

    /// Whether anything has this name, a dangling symbolic link included.
    pub fn exists(&self, path: &Path) -> Result<bool, DiskError> {
        self.still_trusted()?;
        self.0.medium.exists(path).map_err(|fault| DiskError::of("look up", path, fault))
    }

    /// Whether a folder has this name.
    pub fn is_folder(&self, path: &Path) -> Result<bool, DiskError> {
        self.still_trusted()?;
        // "" is the current folder.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        self.0.medium.is_folder(path).map_err(|fault| DiskError::of("look up", path, fault))
    }

    /// Removes a file; one that is not there is good. Durable only after [`Disk::sync_folder`].
    pub fn remove_file(&self, path: &Path) -> Result<(), DiskError> {
        self.still_trusted()?;
        absent_is_good(self.0.medium.remove_file(path)).map_err(|fault| DiskError::of("remove", path, fault))
    }

    /// Removes an empty folder; one that is not there is good. Durable only after [`Disk::sync_folder`] of the
    /// folder above.
    pub fn remove_folder(&self, path: &Path) -> Result<(), DiskError> {
        self.still_trusted()?;
        absent_is_good(self.0.medium.remove_folder(path))
            .map_err(|fault| DiskError::of("remove the folder", path, fault))
    }

    /// Renames a file or a folder to a name that is free, and syncs the folders of both names.
    ///
    /// The content is not synced: a file must be durable before it is given its name.
    ///
    /// Errors: [`DiskError::Exists`] if the new name is taken; nothing has changed then.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<Durable<()>, DiskError> {
        self.rename_onto(from, to, Onto::Nothing)
    }

    /// Opens a plain file.
    ///
    /// Errors: [`DiskError::Absent`], [`DiskError::Exists`], and [`DiskError::NotAFile`] for a symbolic link, a
    /// folder or a device.
    pub fn open(&self, path: &Path, how: How) -> Result<DiskFile, DiskError> {
        self.still_trusted()?;
        let file = self.0.medium.open(path, how).map_err(|fault| DiskError::of("open", path, fault))?;
        Ok(DiskFile::new(Arc::clone(&self.0), file, path.to_owned()))
    }

    /// Takes the exclusive lock at `path` (the lock file itself, made if absent, never removed). Never waits.
    ///
    /// Errors: [`DiskError::Held`] if another process, or this one, holds it.
    pub fn lock(&self, path: &Path) -> Result<FolderLock, DiskError> {
        self.still_trusted()?;
        match self.0.medium.lock(path) {
            Ok(held) => Ok(FolderLock { _held: held }),
            Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => {
                Err(DiskError::Held { path: path.to_owned() })
            }
            Err(fault) => Err(DiskError::of("lock", path, fault)),
        }
    }

    /// Free and whole size of the file system that `path` lies on.
    pub fn space(&self, path: &Path) -> Result<Space, DiskError> {
        self.still_trusted()?;
        self.0.medium.space(path).map_err(|fault| DiskError::of("measure the space of", path, fault))
    }

    /// Whether the medium that `path` lies on can forget what is overwritten. What can not be examined can not.
    pub fn medium_of(&self, path: &Path) -> MediumVerdict {
        self.0.medium.verdict(path)
    }

    fn place_whole(&self, path: &Path, bytes: &[u8], onto: Onto) -> Result<Durable<()>, DiskError> {
        let temporary = self.temporary_beside(path)?;
        let placed =
            self.write_temporary(&temporary, bytes).and_then(|()| self.rename_onto(&temporary, path, onto));
        if placed.is_err() {
            // Best effort: a leftover means nothing (D5), and the first fault is the one to tell.
            let _ignored = self.remove_file(&temporary);
        }
        placed
    }

    fn write_temporary(&self, temporary: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        let file = self.open(temporary, How::CreateNew)?;
        file.write_all_at(0, bytes)?;
        file.sync_everything().map(|_proof| ())
    }

    fn rename_onto(&self, from: &Path, to: &Path, onto: Onto) -> Result<Durable<()>, DiskError> {
        self.still_trusted()?;
        self.0.medium.rename(from, to, onto).map_err(|fault| {
            // Of the two names, "taken" is about the new one and everything else about the old one.
            let about = if fault.kind() == io::ErrorKind::AlreadyExists { to } else { from };
            DiskError::of("rename", about, fault)
        })?;
        // The new name first: were the two synced apart, the file must rather have both names than none.
        let proof = self.sync_folder(parent(to))?;
        if parent(from) == parent(to) {
            return Ok(proof);
        }
        self.sync_folder(parent(from))
    }

    fn temporary_beside(&self, path: &Path) -> Result<PathBuf, DiskError> {
        let mut drawn = [0; 8];
        self.0.medium.draw(&mut drawn).map_err(|_| crate::random::NoRandomness)?;
        Ok(parent(path).join(format!("{TEMPORARY_PREFIX}{:016x}", u64::from_be_bytes(drawn))))
    }

    fn still_trusted(&self) -> Result<(), DiskError> {
        self.0.still_trusted()
    }
}

impl Shared {
    fn still_trusted(&self) -> Result<(), DiskError> {
        if self.poisoned.load(Ordering::SeqCst) { Err(DiskError::Poisoned) } else { Ok(()) }
    }

    /// D2. The flag goes up first, so that no other thread takes a sync that returned meanwhile for a good one.
    fn sync_failed(&self, path: &Path, source: io::Error) -> DiskError {
        self.poisoned.store(true, Ordering::SeqCst);
        match self.on_failed_sync {
            OnFailedSync::EndProcess => end_process(path, &source),
            OnFailedSync::Poison => DiskError::SyncFailed { path: path.to_owned(), source },
        }
    }
}

/// Whether a name is one of a file that was never finished (D5).
pub fn is_temporary(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(TEMPORARY_PREFIX.as_bytes())
}

/// No destructor runs and nothing is flushed: what is not durable now must not look as if it were.
#[allow(clippy::disallowed_methods)] // the one place, beside main, that ends the process
fn end_process(path: &Path, source: &io::Error) -> ! {
    let _ignored = writeln!(
        io::stderr(),
        "counterfoil: sync of {} failed: {source}. Stopping: what was not acknowledged may be lost, what was \
         acknowledged is not. Check the disk, then start again.",
        path.display()
    );
    std::process::exit(EXIT_SYNC_FAILED)
}

/// The folder that a name stands in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        Some(_) => Path::new("."),
        None => path,
    }
}

fn absent_is_good(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Disk").field("poisoned", &self.0.poisoned).finish_non_exhaustive()
    }
}

impl fmt::Debug for FolderLock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("FolderLock")
    }
}

#[cfg(test)]
mod tests;
