//! Shelf files: where documents lie, in logs of sealed records that only grow. Makes no key and reads no content.
//! V9: a torn end is cut, never below what an acceptance names.
//!
//! `shelves/<shelf id>.<version>`, format `counterfoil shelf 1`. A frame of kind 1 has a head and records:
//!
//! | field | bytes | meaning |
//! |---|---|---|
//! | head length | 4 | of the next |
//! | head | sealed | who, which submission, and per document its number, state, ids and record |
//! | records | | of the documents that are stored, in the order of the head |
//!
//! A record:
//!
//! | offset | bytes | meaning |
//! |---|---|---|
//! | 0 | 104 | `dek`: the document key, wrapped under the shelf's key |
//! | 104 | 4 | length of `meta` |
//! | 108 | 4 | length of `manifest`, or 0 if it lies in parts |
//! | 112 | 2 | how many parts |
//! | 114 | | `meta`, then `manifest` or per part: offset in the file u64, length u32 |
//!
//! A manifest over 8 MiB lies in frames of kind 2 before the head's; such a frame's body is a part of the sealed
//! manifest and nothing else. The head's sequence counts frames of kind 1 from 1; its `previous` is BLAKE3 over
//! length ‖ kind ‖ body of the frames since the last head, that one counted; before the first head, over nothing.

mod log;
mod record;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host::{Disk, Durable, How};
use model::{DocumentId, ObjectId, ShelfId, limits};

use crate::VaultError;
use crate::error::damaged;
use crate::folder::Folder;
use crate::keyring::Shelf;
use log::ShelfLog;
use record::{DROPPED, Head, HeadRow, ManifestPlace, RECORD_HEAD_BYTES, RecordHead};

pub(crate) use record::{DEK_BYTES, NewRecord, SealedRecord, SentBy};
pub use record::{POSITION_BYTES, ShelfPosition, ShelfRecord, Shelved};

/// Records of one frame, its head apart.
const RECORDS_BYTES_MAX: usize = limits::FRAME_BYTES_MAX / 4 * 3;
/// Shelf logs that are kept open.
const SHELVES_OPEN_MAX: usize = 128;

type OpenLog = Arc<Mutex<ShelfLog>>;

/// All shelf files of the vault.
pub(crate) struct Shelves {
    disk: Disk,
    folder: Folder,
    /// What an acceptance names, or an append has acknowledged: below these lengths a torn end is damage.
    floors: Mutex<HashMap<(ShelfId, u32), u64>>,
    open: Mutex<HashMap<(ShelfId, u32), OpenLog>>,
}

impl Shelves {
    pub(crate) fn new(disk: Disk, folder: Folder) -> Self {
        Self { disk, folder, floors: Mutex::default(), open: Mutex::default() }
    }

    /// Nothing is cut below this length from now on.
    pub(crate) fn raise_floor(&self, shelf: ShelfId, version: u32, bytes: u64) {
        let mut floors = locked(&self.floors);
        let floor = floors.entry((shelf, version)).or_default();
        *floor = bytes.max(*floor);
    }

    /// Recovers a shelf's file if there is one: a torn end is cut, the last frame is written again and synced.
    pub(crate) fn recover(&self, shelf: &Shelf) -> Result<(), VaultError> {
        match self.has_file(shelf)? || self.floor(shelf) > 0 {
            true => self.log(shelf).map(drop),
            false => Ok(()),
        }
    }

    /// Appends documents with their boxes: one frame, unless that would be too long.
    pub(crate) fn append(
        &self,
        shelf: &Shelf,
        from: SentBy,
        records: &[NewRecord],
        folder: u8,
    ) -> Result<Durable<Vec<ShelfPosition>>, VaultError> {
        let log = self.log(shelf)?;
        let mut log = self.sound(&log)?;
        let (frame, mut rest) = records.split_at(fitting(records));
        let mut done = log.append_stored(from, frame, folder)?;
        while !rest.is_empty() {
            let (frame, more) = rest.split_at(fitting(rest));
            let more_done = log.append_stored(from, frame, folder)?;
            done = done.and(more_done).map(|(before, now)| [before, now].concat());
            rest = more;
        }
        Ok(done)
    }

    /// Says of documents that they are not there after all.
    pub(crate) fn append_dropped(
        &self,
        shelf: &Shelf,
        from: SentBy,
        documents: &[(u32, DocumentId, ObjectId)],
        folder: u8,
    ) -> Result<Durable<()>, VaultError> {
        let rows = documents.iter().map(|(n, document, object)| HeadRow {
            n: *n,
            state: DROPPED,
            document: *document,
            object: *object,
            offset: 0,
        });
        let head = Head { from, folder, rows: rows.collect() };
        let log = self.log(shelf)?;
        let appended = self.sound(&log)?.append_head(&head, &[])?;
        Ok(appended.map(|_| ()))
    }

    /// Gives every document that the shelf speaks of, in order. Nothing is cut: what may be, the answer decides.
    pub(crate) fn scan(&self, shelf: &Shelf, each: &mut dyn FnMut(ShelfRecord)) -> Result<(), VaultError> {
        match self.has_file(shelf)? {
            true => ShelfLog::survey(&self.disk, &self.path(shelf), shelf, each),
            false => Ok(()),
        }
    }

    /// Reads a record's clear frame and its `meta`; opens nothing.
    pub(crate) fn read(&self, at: &ShelfPosition) -> Result<SealedRecord, VaultError> {
        let path = self.folder.shelf(at.shelf, at.version);
        let file = self.disk.open(&path, How::Read)?;
        let mut head = [0; RECORD_HEAD_BYTES];
        file.read_exact_at(at.offset, &mut head)?;
        let head = RecordHead::parse(&head).ok_or_else(|| damaged("shelf record", &path))?;
        let after = at.offset.saturating_add(RECORD_HEAD_BYTES as u64);
        let mut rest = vec![0; head.rest_bytes()];
        file.read_exact_at(after, &mut rest)?;
        head.with_rest(after, &rest).ok_or_else(|| damaged("shelf record", &path))
    }

    /// Reads the sealed manifest of a record.
    pub(crate) fn read_manifest(
        &self,
        at: &ShelfPosition,
        record: &SealedRecord,
    ) -> Result<Vec<u8>, VaultError> {
        let path = self.folder.shelf(at.shelf, at.version);
        let file = self.disk.open(&path, How::Read)?;
        let read = |offset: u64, bytes: usize| -> Result<Vec<u8>, VaultError> {
            let mut out = vec![0; bytes];
            file.read_exact_at(offset, &mut out)?;
            Ok(out)
        };
        match &record.manifest {
            ManifestPlace::Inline { offset, bytes } => read(*offset, *bytes),
            ManifestPlace::Parts(places) => {
                let parts: Result<Vec<_>, _> =
                    places.iter().map(|(offset, bytes)| read(*offset, *bytes)).collect();
                Ok(parts?.concat())
            }
        }
    }

    /// The log, locked; one whose append has failed is recovered first, in its place, so that it never has two
    /// writers.
    fn sound<'a>(&self, log: &'a Mutex<ShelfLog>) -> Result<MutexGuard<'a, ShelfLog>, VaultError> {
        let mut log = locked(log);
        if log.is_broken() {
            let floor = self.floor(log.shelf()).max(log.end());
            *log = ShelfLog::recover(&self.disk, log.path(), log.shelf().clone(), floor)?;
        }
        Ok(log)
    }

    fn floor(&self, shelf: &Shelf) -> u64 {
        locked(&self.floors).get(&(shelf.id, shelf.version)).copied().unwrap_or(0)
    }

    fn path(&self, shelf: &Shelf) -> PathBuf {
        self.folder.shelf(shelf.id, shelf.version)
    }

    fn has_file(&self, shelf: &Shelf) -> Result<bool, VaultError> {
        Ok(self.disk.exists(&self.path(shelf))?)
    }

    /// The shelf's log, opened or made. The last frame of an opened one has been written again and synced.
    fn log(&self, shelf: &Shelf) -> Result<OpenLog, VaultError> {
        let mut open = locked(&self.open);
        if let Some(log) = open.get(&(shelf.id, shelf.version)) {
            return Ok(Arc::clone(log));
        }
        if open.len() >= SHELVES_OPEN_MAX {
            self.close_idle(&mut open);
        }
        let (path, floor) = (self.path(shelf), self.floor(shelf));
        let log = if self.has_file(shelf)? {
            ShelfLog::recover(&self.disk, &path, shelf.clone(), floor)?
        } else if floor > 0 {
            return Err(damaged("shelf: the file is gone", path));
        } else {
            ShelfLog::create(&self.disk, path, shelf.clone())?
        };
        let log = Arc::new(Mutex::new(log));
        open.insert((shelf.id, shelf.version), Arc::clone(&log));
        Ok(log)
    }

    /// Closes the logs that nobody is using; they are read again when they are needed, and then not cut below what
    /// they have acknowledged.
    fn close_idle(&self, open: &mut HashMap<(ShelfId, u32), OpenLog>) {
        open.retain(|(id, version), log| {
            let is_used = Arc::strong_count(log) > 1;
            if !is_used {
                self.raise_floor(*id, *version, locked(log).end());
            }
            is_used
        });
    }
}

/// How many of these records go into one frame: at least one.
fn fitting(records: &[NewRecord]) -> usize {
    let mut bytes = 0;
    let fits = records.iter().take_while(|record| {
        bytes += record.bytes();
        bytes <= RECORDS_BYTES_MAX
    });
    fits.count().max(1).min(records.len())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
