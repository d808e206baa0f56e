//! Records in sled 0.34.7, the only place that calls it. Nothing here is the only copy of anything.
//!
//! What is done about each of its known traps:
//!
//! | trap | here |
//! |---|---|
//! | `flush` is not durable on Linux | [`Records::sync`] flushes, then syncs its files and the folder itself |
//! | a flipped bit makes it panic, or opens with records lost and no error | its files must be what the `CLEAN` marker says, byte for byte, before it is opened |
//! | it panics on what it finds later | every call is caught; a panic is [`RecordsError::Damaged`], and nothing is called again |
//! | after a cut it opens empty without an error | a store without its `CLEAN` marker is not kept but posted again |
//! | `snap.*.generating` makes every open fail | removed before it is opened |
//! | leaves over 128 KiB leave the tree | values have at most 4 KiB, a hard error |
//! | memory follows the cache limit, 1 GiB | 16 MiB |
//! | a background flusher syncs half | off |
//! | transactions deadlock and lock all stores of the process | none; one writer, one tree, atomic batches |
//! | two opens | our own lock is the practice folder's; sled's is told apart as [`RecordsError::Held`] |

use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use host::{Disk, DiskError, How};

use super::{Batch, Each, Records, RecordsError, Scan};
use crate::VaultError;

const CACHE_BYTES: u64 = 16 << 20;
/// Written, durably, when everything was synced and nothing is written after; removed, durably, before anything is.
/// Its lines are `counterfoil records 1`, then a file's name, length and BLAKE3 each, sorted by name.
const CLEAN: &str = "CLEAN";
const CLEAN_HEAD: &str = "counterfoil records 1\n";
/// More than a store's marker ever has: sled keeps three files and a folder.
const CLEAN_BYTES_MAX: u64 = 64 * 1024;
/// Files are hashed in runs of this.
const RUN_BYTES: usize = 1 << 20;
/// The folder's name after it was set aside, with this appended; an older one goes.
const ASIDE: &str = ".aside";
/// Folders below sled's own, at most: it has one, `blobs`.
const DEPTH_MAX: usize = 4;

/// An opened store, and what was found.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub records: SledRecords,
    /// Whether it holds what it held.
    pub found: Found,
}

/// Whether a store holds what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It was stopped cleanly: everything that was committed is there.
    Clean,
    /// It is empty: everything must be posted again.
    Empty(Why),
}

/// How often, and after which pause each, a store that is held is asked for again.
const HELD_TRIES: u32 = 40;
const HELD_PAUSE: Duration = Duration::from_millis(25);

/// Why a store is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There was none.
    Absent,
    /// There was one that could not be opened or read. It stands beside, under its name and `.aside`.
    Damaged,
    /// There was one that was not stopped cleanly. It stands beside, under its name and `.aside`.
    Unclean,
}

/// A store in sled.
pub struct SledRecords {
    disk: Disk,
    path: PathBuf,
    db: sled::Db,
    /// One commit at a time, so that a precondition holds until its batch is applied.
    writing: Mutex<()>,
    /// A call has panicked: what is in memory can not be trusted.
    damaged: AtomicBool,
}

impl SledRecords {
    /// Opens the store in this folder; one that is damaged, missing or was not stopped cleanly is set aside, and an
    /// empty one takes its place.
    ///
    /// # Errors
    /// [`RecordsError::Held`]; [`RecordsError::Io`] if sled can not work here at all, as on a full disk, which is no
    /// damage; the disk's refusals.
    pub fn open(disk: &Disk, path: &Path) -> Result<Opened, VaultError> {
        let why = match Self::open_clean(disk, path)? {
            Ok(records) => return Ok(Opened { records, found: Found::Clean }),
            Err(why) => why,
        };
        if why != Why::Absent {
            set_aside(disk, path)?;
        }
        let _durable = disk.create_folder(path)?;
        let records = Self::start(disk, path)?;
        records.sync()?;
        Ok(Opened { records, found: Found::Empty(why) })
    }

    /// Sets aside what is there, whatever it is, and opens an empty store.
    ///
    /// # Errors
    /// As [`SledRecords::open`].
    pub fn open_empty(disk: &Disk, path: &Path) -> Result<Self, VaultError> {
        let _gone = disk.remove_file(&path.join(CLEAN));
        Ok(Self::open(disk, path)?.records)
    }

    /// Syncs everything and says so with the marker: the next open will trust it. Nothing may be committed after.
    ///
    /// # Errors
    /// As [`Records::sync`], and the disk's refusals; the next open then finds it unclean.
    pub fn close(self) -> Result<(), VaultError> {
        self.sync()?;
        let Self { disk, path, db, .. } = self;
        // sled writes once more when its last handle goes.
        caught(AssertUnwindSafe(|| drop(db)))?;
        remove_half_made(&disk, &path)?;
        sync_files(&disk, &path)?;
        let _durable = disk.write_whole(&path.join(CLEAN), account(&disk, &path)?.as_bytes())?;
        Ok(())
    }

    /// The inner error is that there is no store to be trusted.
    fn open_clean(disk: &Disk, path: &Path) -> Result<Result<Self, Why>, VaultError> {
        if !disk.is_folder(path)? {
            return Ok(Err(Why::Absent));
        }
        if disk.list(path)?.is_empty() {
            return Ok(Err(Why::Absent));
        }
        let marker = path.join(CLEAN);
        let said = match disk.read_whole(&marker, CLEAN_BYTES_MAX) {
            Ok(said) => said,
            Err(cause) if cause.is_absent() => return Ok(Err(Why::Unclean)),
            Err(DiskError::TooLarge { .. }) => return Ok(Err(Why::Damaged)),
            Err(cause) => return Err(cause.into()),
        };
        remove_half_made(disk, path)?;
        disk.sweep_temporary(path)?;
        if account(disk, path)?.as_bytes() != said {
            return Ok(Err(Why::Damaged));
        }
        let records = match Self::start(disk, path) {
            Err(VaultError::Records(RecordsError::Damaged)) => return Ok(Err(Why::Damaged)),
            other => other?,
        };
        // The marker goes before anything can be written.
        disk.remove_file(&marker)?;
        let _durable = disk.sync_folder(path)?;
        Ok(Ok(records))
    }

    fn start(disk: &Disk, path: &Path) -> Result<Self, VaultError> {
        let config = sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let open =
            || caught(AssertUnwindSafe(|| config.open())).and_then(|db| db.map_err(RecordsError::from));
        let mut tries = 0;
        // A store of this process that was just dropped is let go of by sled's own threads, moments later.
        let db = loop {
            match open() {
                Err(RecordsError::Held) if tries < HELD_TRIES => tries += 1,
                opened => break opened?,
            }
            std::thread::sleep(HELD_PAUSE);
        };
        // sled recovers lazily in part: reading the first and the last record finds more damage now than later.
        let ends = caught(AssertUnwindSafe(|| db.first().and(db.last())))?;
        let _found = ends.map_err(RecordsError::from)?;
        Ok(Self {
            disk: disk.clone(),
            path: path.to_owned(),
            db,
            writing: Mutex::default(),
            damaged: AtomicBool::new(false),
        })
    }

    /// One call into sled.
    fn call<T>(&self, act: impl FnOnce(&sled::Db) -> Result<T, sled::Error>) -> Result<T, RecordsError> {
        if self.damaged.load(Ordering::Acquire) {
            return Err(RecordsError::Damaged);
        }
        let done =
            caught(AssertUnwindSafe(|| act(&self.db))).and_then(|done| done.map_err(RecordsError::from));
        if matches!(done, Err(RecordsError::Damaged)) {
            self.damaged.store(true, Ordering::Release);
        }
        done
    }
}

impl Records for SledRecords {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
        self.call(|db| Ok(db.get(key)?.map(|value| value.to_vec())))
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, each: Each<'_>) -> Result<(), RecordsError> {
        let mut rows = self.call(|db| {
            Ok(match after {
                Some(after) if after >= prefix => {
                    db.range::<&[u8], _>((Bound::Excluded(after), Bound::Unbounded))
                }
                _ => db.range::<&[u8], _>(prefix..),
            })
        })?;
        loop {
            // Only sled is caught, not the receiver.
            match self.call(|_| rows.next().transpose())? {
                Some((key, value)) if key.starts_with(prefix) => {
                    if each(&key, &value) == Scan::Stop {
                        return Ok(());
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn commit(&self, batch: &Batch) -> Result<(), RecordsError> {
        batch.check()?;
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        batch.holds(|key| self.get(key))?;
        let mut changes = sled::Batch::default();
        for (key, value) in &batch.changes {
            match value {
                Some(value) => changes.insert(key.as_slice(), value.as_slice()),
                None => changes.remove(key.as_slice()),
            }
        }
        self.call(|db| db.apply_batch(changes))
    }

    fn sync(&self) -> Result<(), RecordsError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.call(|db| db.flush().map(|_| ()))?;
        sync_files(&self.disk, &self.path).map_err(|cause| match cause {
            VaultError::Records(cause) => cause,
            _ => RecordsError::Io(std::io::ErrorKind::Other),
        })
    }
}

/// What the marker says of the files that are there.
fn account(disk: &Disk, path: &Path) -> Result<String, VaultError> {
    let mut account = CLEAN_HEAD.to_owned();
    let mut run = vec![0; RUN_BYTES];
    for name in disk.list(path)? {
        let inner = path.join(&name);
        let name = name.to_string_lossy();
        if name == CLEAN {
            continue;
        }
        if disk.is_folder(&inner)? {
            // `blobs`: values that are too large for the tree, of which there are none.
            let count = disk.list(&inner)?.len();
            account.push_str(&format!("{name}/ {count}\n"));
            continue;
        }
        let file = disk.open(&inner, How::Read)?;
        let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0u64);
        loop {
            let count = file.read_at(bytes, &mut run)?;
            if count == 0 {
                break;
            }
            hasher.update(run.get(..count).unwrap_or_default());
            bytes = bytes.saturating_add(count as u64);
        }
        account.push_str(&format!("{name} {bytes} {}\n", hasher.finalize().to_hex()));
    }
    Ok(account)
}

/// A snapshot that was being made when the process died: with it there every open fails, without it none does.
fn remove_half_made(disk: &Disk, path: &Path) -> Result<(), VaultError> {
    for name in disk.list(path)? {
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            disk.remove_file(&path.join(name.as_ref()))?;
        }
    }
    Ok(())
}

/// Our own sync of sled's files, and of their folder.
fn sync_files(disk: &Disk, path: &Path) -> Result<(), VaultError> {
    for name in disk.list(path)? {
        let file = path.join(&name);
        if disk.is_folder(&file)? {
            continue;
        }
        match disk.open(&file, How::ReadWrite) {
            Ok(file) => drop(file.sync()?),
            // A snapshot that sled has replaced meanwhile.
            Err(cause) if cause.is_absent() => {}
            Err(cause) => return Err(cause.into()),
        }
    }
    let _durable = disk.sync_folder(path)?;
    Ok(())
}

/// Renames the folder; what was set aside before goes.
fn set_aside(disk: &Disk, path: &Path) -> Result<(), VaultError> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(ASIDE);
    let aside = PathBuf::from(aside);
    if disk.exists(&aside)? {
        remove_folder(disk, &aside, DEPTH_MAX)?;
    }
    let _durable = disk.rename(path, &aside)?;
    Ok(())
}

fn remove_folder(disk: &Disk, path: &Path, depth: usize) -> Result<(), VaultError> {
    for name in disk.list(path)? {
        let inner = path.join(name);
        match depth.checked_sub(1) {
            Some(depth) if disk.is_folder(&inner)? => remove_folder(disk, &inner, depth)?,
            _ => disk.remove_file(&inner)?,
        }
    }
    Ok(disk.remove_folder(path)?)
}

/// sled panics on damage where it should return an error.
fn caught<T>(act: impl FnOnce() -> T + std::panic::UnwindSafe) -> Result<T, RecordsError> {
    catch_unwind(act).map_err(|_| RecordsError::Damaged)
}

impl From<sled::Error> for RecordsError {
    fn from(cause: sled::Error) -> Self {
        match cause {
            sled::Error::Io(cause) if cause.kind() == std::io::ErrorKind::WouldBlock => Self::Held,
            // This is how sled says that another holds its lock.
            sled::Error::Io(cause) if cause.to_string().contains("could not acquire lock") => Self::Held,
            // Ends of files and bytes that do not decode.
            sled::Error::Io(cause)
                if matches!(
                    cause.kind(),
                    std::io::ErrorKind::UnexpectedEof
                        | std::io::ErrorKind::InvalidData
                        | std::io::ErrorKind::InvalidInput
                ) =>
            {
                Self::Damaged
            }
            sled::Error::Io(cause) => Self::Io(cause.kind()),
            sled::Error::Corruption { .. }
            | sled::Error::ReportableBug(_)
            | sled::Error::Unsupported(_)
            | sled::Error::CollectionNotFound(_) => Self::Damaged,
        }
    }
}

impl std::fmt::Debug for SledRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SledRecords").field("path", &self.path).finish_non_exhaustive()
    }
}
