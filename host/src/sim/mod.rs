//! A file system in memory that crashes, tears and fails on demand, and replays by its seed. Not for real data.
//!
//! What it does to unsynced work is what POSIX allows and file systems have been seen to do:
//! - A crash keeps of every write since the file's last sync: all, nothing, or any of its 512-byte sectors.
//! - Names are durable only after their folder's sync; a crash keeps a beginning of what each folder went
//!   through. One rename is one step, also between two folders.
//! - A failed sync keeps some of the writes, forgets the rest for ever, and calls all of them written: they can
//!   still be read until the next crash, and syncing once more brings nothing back.
//! - A failed write (no space) has written a beginning.
//!
//! ```
//! # use std::path::Path;
//! # use counterfoil_host as host;
//! let sim = host::sim::SimMedium::new(7);
//! let disk = sim.disk();
//! disk.write_whole(Path::new("/a"), b"kept").unwrap();
//! sim.crash();
//! assert_eq!(sim.disk().read_whole(Path::new("/a"), 10).unwrap(), b"kept");
//! ```

mod chance;
mod content;
mod state;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, FolderFault, How, Medium, MediumFile, MediumVerdict, Onto, Space};
use state::State;

/// A file system in memory. Clones are the same one.
#[derive(Clone)]
pub struct SimMedium(Arc<Mutex<State>>);

/// What a crash takes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Whatever the seed says: each change wholly, partly or not at all.
    Chance,
    /// All of it.
    Everything,
    /// None of it: the kernel happened to write all in time.
    Nothing,
}

/// One step that the medium went through, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A file was made.
    Created(PathBuf),
    /// A folder was made.
    FolderMade(PathBuf),
    /// A folder's names were synced.
    FolderSynced(PathBuf),
    /// The test said something at this moment ([`SimMedium::mark`]).
    Marked(String),
    /// A file or an empty folder was removed.
    Removed(PathBuf),
    /// A name was changed.
    Renamed {
        /// The old name.
        from: PathBuf,
        /// The new name.
        to: PathBuf,
    },
    /// A file's length was set.
    Resized {
        /// The file, by the path that it was opened by.
        path: PathBuf,
        /// Its new length.
        bytes: u64,
    },
    /// A sync of a file or a folder failed, as it was told to.
    SyncFailed(PathBuf),
    /// A file was synced.
    Synced(PathBuf),
    /// A write failed, as it was told to, after a part.
    WriteFailed(PathBuf),
    /// A file was written.
    Written {
        /// The file, by the path that it was opened by.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// How much.
        bytes: u64,
    },
}

impl SimMedium {
    /// An empty file system. The same seed and the same calls give the same outcome.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State::new(seed))))
    }

    /// A disk over it. After a crash or a restart a new one is to be asked for.
    pub fn disk(&self) -> Disk {
        Disk::over(Arc::new(self.clone()))
    }

    /// The power goes and comes back: what was not synced is lost as the seed says. Open files are dead, locks
    /// are free.
    pub fn crash(&self) {
        self.crash_losing(Loss::Chance);
    }

    /// As [`SimMedium::crash`], with the loss named.
    pub fn crash_losing(&self, loss: Loss) {
        self.state().crash(loss);
    }

    /// The process dies and nothing else: what was written can be read, durable or not. Open files are dead,
    /// locks are free.
    pub fn restart(&self) {
        self.state().restart();
    }

    /// The power goes during the `operation`-th change (writes, syncs, names; the first is 1, counted since
    /// [`SimMedium::new`]). It and all later ones fail until [`SimMedium::crash`].
    pub fn cut_power_at(&self, operation: u64) {
        self.state().cut_power_at = Some(operation);
    }

    /// The `n`-th sync of a file or a folder fails (the first is 1, counted since [`SimMedium::new`]).
    pub fn fail_sync_at(&self, n: u64) {
        self.state().fail_sync_at = Some(n);
    }

    /// The `n`-th write finds no space after a part of it (the first is 1, counted since [`SimMedium::new`]).
    pub fn fail_write_at(&self, n: u64) {
        self.state().fail_write_at = Some(n);
    }

    /// What [`Disk::space`] answers from now on.
    pub fn set_space(&self, space: Space) {
        self.state().space = space;
    }

    /// What [`Disk::medium_of`] answers from now on.
    pub fn set_verdict(&self, verdict: MediumVerdict) {
        self.state().verdict = verdict;
    }

    /// This folder may not be opened from now on, so not be synced; paths through it still work.
    pub fn deny_folder(&self, path: &Path) {
        self.state().denied = Some(path.to_owned());
    }

    /// Changes so far: writes, syncs, names.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Syncs of files and folders so far, failed ones included.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// Writes to files so far, failed ones included.
    pub fn writes(&self) -> u64 {
        self.state().writes
    }

    /// All steps since the last [`SimMedium::clear_events`], in order.
    pub fn events(&self) -> Vec<Event> {
        self.state().events.clone()
    }

    /// Forgets the steps so far.
    pub fn clear_events(&self) {
        self.state().events.clear();
    }

    /// Notes a word of the test's between the steps, so that it can say what came before what.
    pub fn mark(&self, word: &str) {
        self.state().events.push(Event::Marked(word.to_owned()));
    }

    /// Flips the bits of `mask` in one byte of a file, in memory and on the disk: rot. False if there is no such
    /// byte.
    pub fn rot(&self, path: &Path, offset: u64, mask: u8) -> bool {
        self.state().rot(path, offset, mask)
    }

    /// What a file reads as now; `None` if there is none.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        self.state().content(path)
    }

    /// Puts a file there, durable, with its name, without counting: a starting point for a test. False if its
    /// folder is not there.
    pub fn plant(&self, path: &Path, content: &[u8]) -> bool {
        self.state().plant(path, content)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Medium for SimMedium {
    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn MediumFile>> {
        let mut state = self.state();
        let node = match how {
            How::Read | How::ReadWrite => state.find_file(path)?,
            How::CreateNew => state.create_file(path)?,
        };
        let epoch = state.epoch;
        Ok(Box::new(SimFile { medium: self.clone(), node, epoch, path: path.to_owned(), how }))
    }

    fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.state().names(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.state().exists(path)
    }

    fn is_folder(&self, path: &Path) -> io::Result<bool> {
        self.state().is_folder(path)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.state().make_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> Result<(), FolderFault> {
        self.state().sync_folder(path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.state().remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.state().remove_folder(path)
    }

    fn rename(&self, from: &Path, to: &Path, onto: Onto) -> io::Result<()> {
        self.state().rename(from, to, onto)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let mut state = self.state();
        let node = state.lock(path)?;
        Ok(Box::new(SimLock { medium: self.clone(), node, epoch: state.epoch }))
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        let state = self.state();
        if state.exists(path)? { Ok(state.space) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn verdict(&self, _path: &Path) -> MediumVerdict {
        self.state().verdict.clone()
    }

    fn draw(&self, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        for byte in out {
            *byte = state.chance.byte();
        }
        Ok(())
    }
}

/// An open file; dead after a crash or a restart.
struct SimFile {
    medium: SimMedium,
    node: usize,
    epoch: u64,
    path: PathBuf,
    how: How,
}

impl SimFile {
    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.medium.state();
        if state.epoch == self.epoch { Ok(state) } else { Err(io::Error::other("opened before a crash")) }
    }

    fn writable(&self) -> io::Result<MutexGuard<'_, State>> {
        if self.how == How::Read { Err(io::ErrorKind::PermissionDenied.into()) } else { self.alive() }
    }
}

impl MediumFile for SimFile {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        self.alive()?.read_at(self.node, offset, out)
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.writable()?.write_at(self.node, &self.path, offset, bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.alive()?.len(self.node)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.writable()?.set_len(self.node, &self.path, bytes)
    }

    fn sync_content(&self) -> io::Result<()> {
        self.alive()?.sync_file(self.node, &self.path)
    }

    fn sync_everything(&self) -> io::Result<()> {
        self.sync_content()
    }
}

/// A held lock; dropping it frees the file for others.
struct SimLock {
    medium: SimMedium,
    node: usize,
    epoch: u64,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut state = self.medium.state();
        if state.epoch == self.epoch {
            state.held.remove(&self.node);
        }
    }
}

impl fmt::Debug for SimMedium {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        out.debug_struct("SimMedium")
            .field("operations", &state.operations)
            .field("syncs", &state.syncs)
            .field("writes", &state.writes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
