//! Where a device's keys and certificates lie: two slots, so that a renewal is never half done. Opens no keys.
//!
//! ```text
//! current/   keys/ certificates              what the device is
//! next/      keys/ request [certificates]    what it will be: asked for, and there when the answer has come
//! previous/                                  only between the two renames of a change
//! ```
//!
//! A change renames `current` to `previous`, then `next` to `current`, and removes `previous`. Whoever finds it half done
//! ends it; whoever only reads takes `current`, else `next`, which is whole by then.

use std::path::{Path, PathBuf};

use console::failure;
use host::Disk;

use crate::device::CERTIFICATES;
use crate::practice::Practice;
use crate::trouble::{self, Told};

/// What the device is.
pub(crate) const CURRENT: &str = "current";
/// What it will be.
pub(crate) const NEXT: &str = "next";
const PREVIOUS: &str = "previous";
/// The file that makes `next` a renewal: written last, with its keys durable before it.
pub(crate) const REQUEST: &str = "request";

/// The slots of a practice's folder.
pub(crate) struct Slots<'a> {
    disk: &'a Disk,
    folder: &'a Path,
}

/// How far a renewal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// There is none.
    None,
    /// Its keys are durable: it can be asked for, again and again.
    Asked,
    /// Its certificates are there.
    Answered,
}

impl<'a> Slots<'a> {
    /// Those of a practice.
    pub(crate) fn of(practice: &'a Practice) -> Self {
        Self { disk: practice.disk(), folder: practice.folder() }
    }

    /// The folder of a slot.
    pub(crate) fn path(&self, slot: &str) -> PathBuf {
        self.folder.join(slot)
    }

    /// Where what the device is lies at this moment.
    ///
    /// # Errors
    /// The disk's; no slot is whole.
    pub(crate) fn current(&self) -> Told<PathBuf> {
        for slot in [CURRENT, NEXT, PREVIOUS] {
            if self.has(slot, CERTIFICATES)? {
                return Ok(self.path(slot));
            }
        }
        Err(failure::device_key_damaged(self.path(CURRENT)))
    }

    /// How far a renewal is.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn stage(&self) -> Told<Stage> {
        match (self.has(NEXT, REQUEST)?, self.has(NEXT, CERTIFICATES)?) {
            (true, true) => Ok(Stage::Answered),
            (true, false) => Ok(Stage::Asked),
            (false, _) => Ok(Stage::None),
        }
    }

    /// Ends a change that a crash left half done. For who holds the renewal alone.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn settle(&self) -> Told<()> {
        if !self.is_there(CURRENT)? {
            match self.stage()? {
                Stage::Answered => self.rename(NEXT, CURRENT)?,
                Stage::Asked | Stage::None => self.rename(PREVIOUS, CURRENT)?,
            }
        }
        self.remove(PREVIOUS)?;
        match self.stage()? {
            // Its keys may be half written, and nobody was asked.
            Stage::None => self.remove(NEXT),
            Stage::Asked | Stage::Answered => Ok(()),
        }
    }

    /// The next becomes the current one. For who holds the renewal alone, when the next was used.
    ///
    /// # Errors
    /// The disk's; the change is ended by [`Slots::settle`] then.
    pub(crate) fn change(&self) -> Told<()> {
        self.rename(CURRENT, PREVIOUS)?;
        self.settle()
    }

    /// Gives a renewal up: its keys are nobody's.
    ///
    /// # Errors
    /// The disk's.
    pub(crate) fn give_up(&self) -> Told<()> {
        // First what makes it a renewal, so that what is left after a crash is none.
        let told = |error: host::DiskError| trouble::disk(&error);
        if !self.is_there(NEXT)? {
            return Ok(());
        }
        self.disk.remove_file(&self.path(NEXT).join(REQUEST)).map_err(told)?;
        let _durable = self.disk.sync_folder(&self.path(NEXT)).map_err(told)?;
        self.remove(NEXT)
    }

    fn has(&self, slot: &str, file: &str) -> Told<bool> {
        self.disk.exists(&self.path(slot).join(file)).map_err(|error| trouble::disk(&error))
    }

    fn is_there(&self, slot: &str) -> Told<bool> {
        self.disk.exists(&self.path(slot)).map_err(|error| trouble::disk(&error))
    }

    fn rename(&self, from: &str, to: &str) -> Told<()> {
        let renamed = self.disk.rename(&self.path(from), &self.path(to));
        renamed.map(|_durable| ()).map_err(|error| trouble::disk(&error))
    }

    fn remove(&self, slot: &str) -> Told<()> {
        match self.is_there(slot)? {
            true => remove_folder(self.disk, &self.path(slot)),
            false => Ok(()),
        }
    }
}

/// Removes a folder of files, and of folders of files.
pub(crate) fn remove_folder(disk: &Disk, folder: &Path) -> Told<()> {
    let told = |error: host::DiskError| trouble::disk(&error);
    if !disk.exists(folder).map_err(told)? {
        return Ok(());
    }
    for name in disk.list(folder).map_err(told)? {
        let path = folder.join(name);
        match disk.is_folder(&path).map_err(told)? {
            true => remove_folder(disk, &path)?,
            false => disk.remove_file(&path).map_err(told)?,
        }
    }
    disk.remove_folder(folder).map_err(told)?;
    let _durable = disk.sync_folder(folder.parent().unwrap_or(folder)).map_err(told)?;
    Ok(())
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod tests;
