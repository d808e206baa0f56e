//! Pieces as files: one an object, at `<class>/<xx>/<id>`, in the form of `object.rs`.
//!
//! A file stays open from its first write of this process until it is complete and synced. When it is opened for
//! writing its header is written (again), and its folder is synced with its next sync: what had no successful
//! barrier is written again, never only synced again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host::{Disk, DiskError, DiskFile, Durable, How};
use model::{Class, ObjectId, digest::hex};

use super::PieceStore;
use super::object::{HEADER_BYTES, Object, Part};
use crate::VaultError;
use crate::crew::Crew;
use crate::error::damaged;
use crate::folder::{object_file, object_folder};

/// Open files above which synced ones are closed.
const FILES_OPEN_MAX: usize = 256;

/// How many threads wait for syncs at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncThreads {
    /// Whoever asks waits, for one sync after the other. The order is always the same: for tests.
    None,
    /// So many.
    Some(u8),
}

impl SyncThreads {
    /// Enough that a file system's journal commits for many at once.
    pub const USUAL: Self = Self::Some(16);

    pub(crate) fn count(self) -> usize {
        match self {
            Self::None => 0,
            Self::Some(count) => count.into(),
        }
    }
}

/// The store of object files.
pub struct Files {
    disk: Disk,
    root: PathBuf,
    crew: Arc<Crew>,
    open: Mutex<HashMap<Object, Open>>,
    /// Folders whose own names this process has made durable: at most 256 a class.
    folders: Mutex<HashSet<PathBuf>>,
}

#[derive(Clone)]
struct Open {
    file: Arc<DiskFile>,
    /// Written since its last sync began.
    dirty: bool,
    /// Its name is perhaps not durable.
    fresh: bool,
    /// The trailer was written: nothing more comes.
    complete: bool,
}

impl Files {
    /// A store in this folder, which is there.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn new(disk: Disk, root: PathBuf, threads: SyncThreads) -> Result<Self, VaultError> {
        Ok(Self::with_crew(disk, root, Arc::new(Crew::start(threads.count())?)))
    }

    pub(crate) fn with_crew(disk: Disk, root: PathBuf, crew: Arc<Crew>) -> Self {
        Self { disk, root, crew, open: Mutex::default(), folders: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Object, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object's file, open for writing, its header written.
    fn writable(&self, object: &Object) -> Result<Arc<DiskFile>, VaultError> {
        let mut open = self.lock();
        if let Some(known) = open.get_mut(object) {
            known.dirty = true;
            return Ok(Arc::clone(&known.file));
        }
        if open.len() >= FILES_OPEN_MAX {
            open.retain(|_, known| known.dirty || known.fresh);
        }
        self.make_folder(object_folder(object))?;
        let path = self.root.join(object_file(object));
        let file = match self.disk.open(&path, How::ReadWrite) {
            Err(cause) if cause.is_absent() => self.disk.open(&path, How::CreateNew)?,
            other => other?,
        };
        file.write_all_at(0, &object.header())?;
        let file = Arc::new(file);
        open.insert(*object, Open { file: Arc::clone(&file), dirty: true, fresh: true, complete: false });
        Ok(file)
    }

    /// Once a process even if it is there: whoever made it may have died before its name was durable.
    fn make_folder(&self, folder: PathBuf) -> Result<(), VaultError> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if !folders.contains(&folder) {
            let _durable = self.disk.create_folder(&self.root.join(&folder))?;
            folders.insert(folder);
        }
        Ok(())
    }

    /// Those of the objects that have something to sync, marked as synced from here on.
    fn take_dirty(&self, objects: &[Object]) -> Vec<(Object, Open)> {
        let mut open = self.lock();
        let mut dirty = Vec::new();
        for object in objects {
            if let Some(known) = open.get_mut(object) {
                known.dirty = false;
                dirty.push((*object, known.clone()));
            }
        }
        dirty
    }

    /// After a successful sync: names are durable, and what is complete is closed.
    fn settle(&self, synced: &[(Object, Open)]) {
        let mut open = self.lock();
        for (object, before) in synced {
            if let Some(known) = open.get_mut(object) {
                known.fresh = false;
                if before.complete && !known.dirty {
                    open.remove(object);
                }
            }
        }
    }
}

fn both(before: Option<Durable<()>>, now: Durable<()>) -> Durable<()> {
    before.map_or(now, |before| before.and(now).map(|_| ()))
}

impl PieceStore for Files {
    fn put(&self, object: &Object, part: Part, bytes: &[u8]) -> Result<(), VaultError> {
        let (offset, length) = object.range(part).ok_or(VaultError::TooLarge { what: "piece index" })?;
        if bytes.len() != length {
            return Err(VaultError::TooLarge { what: "piece" });
        }
        let file = self.writable(object)?;
        file.write_all_at(offset, bytes)?;
        // A sync may have begun, or the file may have been let go, since it was opened: neither counts for these bytes.
        let mut open = self.lock();
        let fresh = Open { file, dirty: true, fresh: true, complete: false };
        let known = open.entry(*object).or_insert(fresh);
        known.dirty = true;
        known.complete |= part == Part::Trailer;
        Ok(())
    }

    fn read_into(&self, object: &Object, part: Part, out: &mut Vec<u8>) -> Result<(), VaultError> {
        let (offset, length) = object.range(part).ok_or(VaultError::TooLarge { what: "piece index" })?;
        let path = self.root.join(object_file(object));
        let file = self.disk.open(&path, How::Read)?;
        let mut header = [0; HEADER_BYTES];
        out.resize(length, 0);
        let read = file.read_exact_at(0, &mut header).and_then(|()| file.read_exact_at(offset, out));
        match read {
            Ok(()) if header == object.header() => Ok(()),
            Ok(()) => Err(damaged("object header", path)),
            Err(DiskError::Short { .. }) => Err(damaged("object", path)),
            Err(cause) => Err(cause.into()),
        }
    }

    fn sync(&self, objects: &[Object]) -> Result<Durable<()>, VaultError> {
        let dirty = self.take_dirty(objects);
        let jobs = dirty.iter().map(|(_, open)| {
            let file = Arc::clone(&open.file);
            move || file.sync()
        });
        let mut proof: Option<Durable<()>> = None;
        for synced in self.crew.all(jobs.collect()) {
            proof = Some(both(proof, synced?));
        }
        let fresh: BTreeSet<PathBuf> =
            dirty.iter().filter(|(_, open)| open.fresh).map(|(object, _)| object_folder(object)).collect();
        // The folders' own names are durable since they were made.
        for folder in &fresh {
            proof = Some(both(proof, self.disk.sync_folder(&self.root.join(folder))?));
        }
        // Nothing was written since an earlier sync; a proof is made of what can always be synced.
        let proof = match proof {
            Some(proof) => proof,
            None => self.disk.sync_folder(&self.root)?,
        };
        self.settle(&dirty);
        Ok(proof)
    }

    fn remove(&self, objects: &[Object]) -> Result<Durable<()>, VaultError> {
        let mut folders = BTreeSet::new();
        for object in objects {
            self.lock().remove(object);
            self.disk.remove_file(&self.root.join(object_file(object)))?;
            folders.insert(object_folder(object));
        }
        let mut proof = None;
        for folder in folders {
            match self.disk.sync_folder(&self.root.join(folder)) {
                Ok(synced) => proof = Some(synced),
                // Nothing was ever written there.
                Err(cause) if cause.is_absent() => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        match proof {
            Some(proof) => Ok(proof),
            None => Ok(self.disk.sync_folder(&self.root)?),
        }
    }

    fn list(&self, class: Class) -> Result<Vec<(u8, ObjectId)>, VaultError> {
        let root = self.root.join(class.as_str());
        let mut found = Vec::new();
        if !self.disk.exists(&root)? {
            return Ok(found);
        }
        for name in self.disk.list(&root)? {
            let Some([folder]) = name.to_str().and_then(hex::decode::<1>) else { continue };
            let ids = self.disk.list(&root.join(&name))?;
            let ids = ids.iter().filter_map(|name| ObjectId::from_hex(name.to_str()?).ok());
            found.extend(ids.map(|id| (folder, id)));
        }
        found.sort_unstable();
        Ok(found)
    }
}
