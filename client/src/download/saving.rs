//! The disk's side of a download: part files, batches, and documents that get their names. Asks nobody for a piece.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use console::{Event, args, event, failure};
use host::{DiskError, How};
use model::piece;
use protocol::field::DocumentNumber;
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;
use unicode_normalization::UnicodeNormalization as _;

use super::{By, Failed, ROOM_BYTES, SPOKEN_MAX, STATE_EVERY, Shared, held};
use crate::landing;
use crate::part::Part;
use crate::resume::digest;
use crate::take::Taken;
use crate::trouble::Told;

impl Shared {
    /// The part file of a document, with exactly the pieces that are durable.
    pub(super) fn part(&self, n: u32, from: u32) -> Told<Arc<Part>> {
        if let Some(part) = held(&self.parts).get(&n) {
            // What was written is what was recorded, see `settle`.
            return match part.written.load(Ordering::Acquire) == from {
                true => Ok(Arc::clone(part)),
                false => Err(failure::unexpected("a part file and its count differ")),
            };
        }
        let taken = self.take.documents.get(&n).ok_or_else(failure::absent)?;
        self.ground.folder_of(&taken.path)?;
        let path = self.ground.part(&taken.path, &self.take.hash);
        let before = u64::from(from).saturating_mul(piece::PIECE_BYTES).min(taken.length);
        self.make_sure_of_room(taken.length - before)?;
        let disk = self.ground.disk();
        let front = held(&self.front).remove(&n).filter(|(pieces, _)| *pieces == from && from > 0);
        let (file, sha256) = match front {
            Some((_, sha256)) => (disk.open(&path, How::ReadWrite), sha256),
            None => {
                // What stands there is an end of an earlier run, or nobody's: it is not written into.
                disk.remove_file(&path).map_err(|error| landing::of_disk(&error))?;
                (disk.open(&path, How::CreateNew), Sha256::new())
            }
        };
        let file = file.and_then(|file| file.set_len(before).map(|()| file));
        let file = file.map_err(|error| landing::of_disk(&error))?;
        let shown = self.progress.document(taken.name.as_sent(), taken.length);
        shown.already(before);
        let part = Arc::new(Part {
            file,
            written: AtomicU32::new(from),
            unsynced: AtomicU64::new(0),
            sha256: Mutex::new(sha256),
            shown: Mutex::new(Some(shown)),
        });
        held(&self.parts).insert(n, Arc::clone(&part));
        Ok(part)
    }

    fn make_sure_of_room(&self, bytes: u64) -> Told<()> {
        let to = self.ground.to();
        let free = self.ground.disk().space(to).map_err(|error| landing::of_disk(&error))?.free_bytes;
        match bytes.saturating_add(ROOM_BYTES) <= free {
            true => Ok(()),
            false => {
                let needed = console::Arg::Bytes(bytes.saturating_add(ROOM_BYTES).saturating_sub(free));
                Err(failure::disk_full_here(to, needed))
            }
        }
    }

    /// After a cut: what was written is made durable, and only the rest is asked for again.
    pub(super) async fn settle(self: &Arc<Self>, n: u32) {
        let part = held(&self.parts).get(&n).cloned();
        if let Some(part) = part {
            let shared = Arc::clone(self);
            let synced =
                spawn_blocking(move || shared.sync(n, &part)).await.unwrap_or(Err(DiskError::Poisoned));
            if let Err(error) = synced {
                self.give_up(n, Failed { failure: landing::of_disk(&error), by: By::Here });
            }
        }
    }

    /// Makes durable what was written of a document, and records it. The last piece is recorded by [`Self::finish`].
    pub(super) fn sync(&self, n: u32, part: &Part) -> Result<(), DiskError> {
        let Some(taken) = self.take.documents.get(&n) else { return Ok(()) };
        part.unsynced.store(0, Ordering::Relaxed);
        let written = part.written.load(Ordering::Acquire);
        let pieces = written.min(piece::count(taken.length).saturating_sub(1));
        if pieces == 0 {
            return Ok(());
        }
        let _durable = part.file.sync()?;
        let is_first = !held(&self.state).pieces.contains_key(&n);
        if is_first {
            let folder = part.file.path().parent().unwrap_or(self.ground.to());
            let _durable = self.ground.disk().sync_folder(folder)?;
            // Without its values a count is worth nothing to a later run.
            let manifest = held(&self.machine).manifest(DocumentNumber(n)).cloned();
            if let Some(manifest) = manifest {
                self.store.store_manifest(&self.take.hash, n, &manifest)?;
            }
        }
        held(&self.machine).synced(DocumentNumber(n), pieces);
        held(&self.state).pieces.insert(n, pieces);
        self.store_state_sometimes();
        Ok(())
    }

    /// A document came whole: synced, compared with what was listed, named, recorded, said.
    pub(super) fn finish(&self, n: u32, part: &Part) -> Told<()> {
        let Some(taken) = self.take.documents.get(&n) else { return Ok(()) };
        let _durable = part.file.sync().map_err(|error| landing::of_disk(&error))?;
        let sha256 = digest(held(&part.sha256).clone());
        if sha256 != taken.sha256 {
            // Neither the part nor its count is worth anything.
            held(&self.state).pieces.remove(&n);
            let _ = self.ground.disk().remove_file(part.file.path());
            return Err(failure::content_damaged(taken.name.as_sent()));
        }
        let landed = self.ground.land(part.file.path(), &taken.path)?;
        {
            let mut state = held(&self.state);
            state.pieces.remove(&n);
            state.saved.insert(n, (landed != taken.path).then(|| landed.clone()));
        }
        self.store.forget_manifest(&self.take.hash, n);
        held(&self.machine).synced(DocumentNumber(n), u32::MAX);
        held(&self.parts).remove(&n);
        if let Some(shown) = held(&part.shown).take() {
            shown.done();
        }
        self.say_saved(taken, &landed);
        self.store_state_sometimes();
        Ok(())
    }

    fn say_saved(&self, taken: &Taken, landed: &Path) {
        let name = &taken.name;
        if self.take.documents.len() <= SPOKEN_MAX {
            self.console.say("fetch-document-done", args![name]);
        }
        // Below book, period and kind it should be called what its sender called it.
        let written: PathBuf = landed.components().skip(3).collect();
        let written = written.to_string_lossy();
        if written != name.as_sent().nfc().collect::<String>() {
            self.console.warn(&failure::name_changed(name, written.as_ref()));
        }
        let path = self.ground.to().join(landed);
        self.console.emit(&Event::File(event::File {
            n: taken.document.n.into(),
            name: taken.name.as_sent().to_owned(),
            state: event::FileState::Fetched,
            bytes: taken.length,
            blake3: Some(taken.blake3.to_hex()),
            sha256: Some(taken.sha256.to_hex()),
            path: Some(path.to_string_lossy().into_owned()),
        }));
    }

    /// The state lags behind the disk by a second at most; what it does not say yet is found on the disk.
    fn store_state_sometimes(&self) {
        let now = u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX);
        let last = self.stored_ms.load(Ordering::Relaxed);
        let is_due = now.saturating_sub(last) >= STATE_EVERY.as_millis() as u64;
        if is_due && self.stored_ms.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            // One that could not be stored now is stored at the end, where its failure is told.
            let _ = self.store_state();
        }
    }

    pub(super) fn store_state(&self) -> Told<()> {
        let state = held(&self.state).clone();
        self.store.store_state(&self.take.hash, &state)
    }
}
