//! The opened practice folder: everything that a running gateway shares. Opening it is the whole of a start, in the
//! order of FORMATS 1; closing it is a clean stop.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use host::{Clock, Disk, FolderLock};
use journal::Journal;
use model::{DeviceId, KeyId, limits};
use seal::Unlock;
use vault::{EntryScope, Settings, SyncThreads, Vault};

use crate::budget::{PieceBuffers, Shares, Windows};
use crate::bundle::{Bundle, Bundles};
use crate::clock::GuardedClock;
use crate::commit::{Committer, Work};
use crate::config::Config;
use crate::crl::{self, Crls};
use crate::denial::{self, Denials, PendingFile};
use crate::enrol::Attempts;
use crate::factors::Factors;
use crate::keys::token::TokenError;
use crate::keys::{Current, IssuingKeys, KeySet, Keys, current};
use crate::ledger::rows::{self, key};
use crate::ledger::{Begin, Ledger, Posted};
use crate::operation::list::Lists;
use crate::operation::take::Takes;
use crate::quota::Quotas;
use crate::registry::Registry;
use crate::rotation;
use crate::sealing::EntrySeals;
use crate::seen::Sightings;
use crate::watch::Watch;

/// Largest `certs/current`.
const CURRENT_BYTES_MAX: u64 = model::limits::MIB;

/// An open practice.
pub struct Practice {
    /// Its folder.
    pub folder: PathBuf,
    /// Its configuration.
    pub config: Config,
    /// The machine's disk.
    pub disk: Disk,
    /// The clock, guarded.
    pub clock: GuardedClock,
    /// What is held.
    pub vault: Vault,
    /// What happened.
    pub journal: journal::Reader,
    /// What opens entries.
    pub seals: EntrySeals,
    /// Where facts are made.
    pub committer: Committer,
    /// Where things are looked up.
    pub ledger: Arc<Ledger>,
    /// Who may what.
    pub registry: Arc<Registry>,
    keys: Arc<KeySet>,
    /// Issuing keys, in the vault or in a token.
    pub issuing_keys: IssuingKeys,
    /// Room for pieces.
    pub buffers: PieceBuffers,
    /// Room for windows.
    pub windows: Windows,
    /// Room in memory for openings that are not yet whole, in bytes.
    pub openings: Shares<DeviceId>,
    /// What each device has used of its limits.
    pub quotas: Quotas,
    /// The turns of changing second factors.
    pub factors: Factors,
    /// What was tried with invitations.
    pub attempts: Attempts,
    bundles: Bundles,
    /// The revocation lists.
    pub crls: Crls,
    /// Takes that are being served.
    pub takes: Takes,
    /// Lists that were read lately.
    pub lists: Lists,
    /// What is denied and not yet recorded.
    pub denials: Denials,
    /// Where what devices have told of themselves is kept.
    pub sightings: Sightings,
    /// What was warned of.
    pub watch: Watch,
    /// The id of QUIC's keys.
    pub quic: KeyId,
    /// Held while a step of a rotation is taken: one at a time.
    pub rotating: Mutex<()>,
}

/// An open practice with what only its owner may do: close it.
pub struct Opened {
    /// What everybody shares.
    pub practice: Arc<Practice>,
    committer: JoinHandle<Journal>,
    _lock: FolderLock,
    /// What was done with the ledger.
    pub posted: Posted,
    /// What was found in the journal.
    pub recovered: journal::Recovered,
}

/// Why a practice can not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another gateway holds the folder.
    #[error("a gateway holds {} already", .0.display())]
    Held(PathBuf),
    /// There is no practice in this folder.
    #[error("{} is not a practice folder", .0.display())]
    NotAPractice(PathBuf),
    /// No slot opens with what was given.
    #[error("none of the {slots} unlock slots opens with this")]
    Unlock {
        /// How many there are.
        slots: usize,
    },
    /// The disk.
    #[error(transparent)]
    Disk(#[from] host::DiskError),
    /// The vault.
    #[error(transparent)]
    Vault(vault::VaultError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] journal::JournalError),
    /// The ledger can not be posted.
    #[error(transparent)]
    Ledger(#[from] crate::ledger::StartError),
    /// A certificate or key is not what it should be.
    #[error("the certificates in certs/current and the keys in keys/ do not fit: {0}")]
    Certs(#[from] certs::CertsError),
    /// The root records are not what they should be.
    #[error("the root records in certs/current are not to be trusted: {0}")]
    Trust(#[from] certs::TrustError),
    /// A key is not what it should be.
    #[error("a key in keys/ is damaged: {0}")]
    Key(#[from] receipts::Error),
    /// The token that holds the issuing key.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The system gives no thread.
    #[error("the system gives no thread: {0}")]
    Thread(std::io::Error),
}

impl From<vault::VaultError> for OpenError {
    fn from(error: vault::VaultError) -> Self {
        match error {
            vault::VaultError::NotAVault { path } => Self::NotAPractice(path),
            vault::VaultError::NoSlotOpens { slots } => Self::Unlock { slots },
            other => Self::Vault(other),
        }
    }
}

impl From<model::Malformed> for OpenError {
    fn from(error: model::Malformed) -> Self {
        Self::Certs(error.into())
    }
}

impl Opened {
    /// Opens a practice: lock, unlock, journal, ledger, spools. The doors are the caller's.
    ///
    /// # Errors
    /// [`OpenError`], by name.
    pub fn open(
        folder: &Path,
        config: Config,
        unlock: &Unlock,
        clock: Clock,
        begin: Begin,
    ) -> Result<Self, OpenError> {
        let disk = Disk::real();
        let lock = lock(&disk, folder)?;
        let settings = Settings { clock: clock.clone(), sync_threads: SyncThreads::USUAL };
        let vault = Vault::unlock(&disk, folder, unlock, settings)?;
        let issuing_keys = IssuingKeys::begin(vault.clone(), config.pkcs11.as_ref())?;
        let (keys, quic) = load_keys(&disk, folder, &vault, &issuing_keys)?;
        let (journal, recovered) =
            Journal::recover(&disk, &folder.join("journal"), &config.second_place(folder))?;
        let registry = Arc::new(Registry::default());
        let reader = journal.reader().clone();
        let begin = settle_rings(&vault, &reader, begin)?;
        let (ledger, posted) =
            Ledger::start(&disk, &folder.join("ledger"), &vault, &reader, &registry, begin)?;
        for (shelf, version) in vault.unknown_shelves()? {
            tracing::error!(%shelf, version, "no ring knows the key of this shelf; it is left as it is");
        }
        // After the ledger: only now does the vault know what was accepted and is never cut.
        for left in vault.uploads().recover()?.left {
            tracing::error!(upload = %left.upload.to_hex(), error = %left.cause, "a spool can not be read; it is left as it is");
        }
        end_accepted(&vault, &ledger);
        Self::assemble(
            folder,
            config,
            disk,
            lock,
            vault,
            issuing_keys,
            keys,
            quic,
            journal,
            registry,
            ledger,
            posted,
            recovered,
            clock,
        )
    }

    #[allow(clippy::too_many_arguments)] // the parts of a start, each once
    fn assemble(
        folder: &Path,
        config: Config,
        disk: Disk,
        lock: FolderLock,
        vault: Vault,
        issuing_keys: IssuingKeys,
        keys: Keys,
        quic: KeyId,
        journal: Journal,
        registry: Arc<Registry>,
        ledger: Ledger,
        posted: Posted,
        recovered: journal::Recovered,
        clock: Clock,
    ) -> Result<Self, OpenError> {
        let clock = GuardedClock::new(clock, Some(journal.head().time));
        let ledger = Arc::new(ledger);
        // Before the doors open, and before anything else is stated.
        let pending = PendingFile::open(&disk, folder, &vault);
        let pending = pending.inspect_err(|error| {
            tracing::error!(%error, "denials can not be kept before they are recorded");
        });
        let denials = Denials::begin(pending.ok(), &registry, clock.now());
        let sightings = Sightings::begin(&disk, folder, &vault, &registry);
        let seals = EntrySeals::new(vault.clone());
        let reader = journal.reader().clone();
        let crls = Crls::default();
        let bundles = Bundles::begin(&keys, &crls, &config, clock.now())?;
        let keys = Arc::new(KeySet::new(keys));
        let (committer, thread) = Committer::start(Work {
            journal,
            ledger: Arc::clone(&ledger),
            registry: Arc::clone(&registry),
            keys: Arc::clone(&keys),
            seals: Arc::new(seals.clone()),
            clock: clock.clone(),
        })
        .map_err(OpenError::Thread)?;
        let practice = Arc::new(Practice {
            folder: folder.to_path_buf(),
            quotas: Quotas::new(&config),
            factors: Factors::default(),
            attempts: Attempts::default(),
            config,
            disk,
            clock,
            vault,
            journal: reader,
            seals,
            committer,
            ledger,
            registry,
            keys,
            issuing_keys,
            buffers: PieceBuffers::new(),
            windows: Windows::default(),
            openings: Shares::new(limits::OPENINGS_BYTES, limits::OPENINGS_BYTES_PER_DEVICE),
            bundles,
            crls,
            takes: Takes::default(),
            lists: Lists::default(),
            denials,
            sightings,
            watch: Watch::default(),
            quic,
            rotating: Mutex::default(),
        });
        // Most are stated now; the others are in force all the same.
        if practice.denials.waiting() > 0
            && let Err(refusal) = denial::settle(&practice)
        {
            let code = refusal.known().map_or("?", |code| code.word());
            tracing::error!(code, "denials are in force and can not be recorded yet");
        }
        crl::begin(&practice);
        rotation::resume(&practice);
        Ok(Self { practice, committer: thread, _lock: lock, posted, recovered })
    }

    /// A clean stop: what waits is committed, the ledger closed. Everybody else must have let go of the practice.
    ///
    /// # Errors
    /// Somebody still holds it, or the ledger can not be closed: the next start posts it again.
    pub fn close(self) -> Result<(), CloseError> {
        let practice = Arc::try_unwrap(self.practice).map_err(|_| CloseError::InUse)?;
        let Practice { committer, ledger, takes, .. } = practice;
        drop((committer, takes));
        let journal = self.committer.join().map_err(|_| CloseError::InUse)?;
        let ledger = Arc::try_unwrap(ledger).map_err(|_| CloseError::InUse)?;
        Ok(ledger.close(journal.head().size)?)
    }
}

/// Why a stop was not clean. Nothing is lost.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// Something was still at work.
    #[error("something was still at work")]
    InUse,
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] crate::ledger::post::PostError),
}

impl Practice {
    /// The key that entries of this scope are sealed under; durable before it is used.
    ///
    /// # Errors
    /// The vault's.
    pub fn entry_key(&self, scope: EntryScope) -> Result<model::EntryKeyId, vault::VaultError> {
        self.vault.entry_key(scope)
    }

    /// The online keys as they are now. They may be exchanged at any time: each use asks anew.
    pub fn keys(&self) -> Arc<Keys> {
        self.keys.now()
    }

    /// From now on other keys: the committer's thread alone calls it, so that no head is signed by halves.
    pub(crate) fn exchange_keys(&self, keys: Keys) {
        self.keys.exchange(keys);
    }

    /// Signs the trust bundle again: what is trusted has changed.
    pub(crate) fn renew_bundle(&self) {
        self.bundles.renew(&self.keys(), &self.crls, &self.config, self.clock.now());
    }

    /// The trust bundle as it is handed out now.
    pub fn bundle(&self) -> Arc<Bundle> {
        self.bundles.current(&self.keys(), &self.crls, &self.config, self.clock.now())
    }

    /// The scope of what happens to a book now.
    pub fn book_year(&self, book: model::BookId) -> EntryScope {
        EntryScope::BookYear(book, self.clock.now().utc_year())
    }

    /// Whether so many bytes fit on the disk, and [`limits::DISK_FREE_PERCENT_MIN`] stays free.
    pub fn has_room_for(&self, bytes: u64) -> bool {
        self.disk.space(&self.folder).is_ok_and(|space| {
            let kept_free = space.total_bytes / 100 * limits::DISK_FREE_PERCENT_MIN;
            space.free_bytes >= kept_free.saturating_add(bytes)
        })
    }

    /// Room on the disk, as a share of all, in percent.
    pub fn free_percent(&self) -> u64 {
        match self.disk.space(&self.folder) {
            Ok(space) => space.free_bytes.saturating_mul(100) / space.total_bytes.max(1),
            Err(_) => 0,
        }
    }
}

/// Takes the folder's lock.
pub(crate) fn lock(disk: &Disk, folder: &Path) -> Result<FolderLock, OpenError> {
    if !disk.exists(&folder.join("vault.json"))? {
        return Err(OpenError::NotAPractice(folder.to_path_buf()));
    }
    disk.lock(&folder.join("lock")).map_err(|error| match error {
        host::DiskError::Held { .. } => OpenError::Held(folder.to_path_buf()),
        other => other.into(),
    })
}

fn load_keys(
    disk: &Disk,
    folder: &Path,
    vault: &Vault,
    issuing_keys: &IssuingKeys,
) -> Result<(Keys, KeyId), OpenError> {
    let path = folder.join("certs").join(current::FILE);
    let current = Current::read(&disk.read_whole(&path, CURRENT_BYTES_MAX)?)?;
    let quic = KeyId::from_bytes(current.quic.into());
    Ok((Keys::load(current, vault, issuing_keys)?, quic))
}

/// A ring whose end is not whole is cut there only if it lacks no key that is used. A key that was lost so was used
/// by the ledger at most, which is then posted again.
fn settle_rings(vault: &Vault, journal: &journal::Reader, begin: Begin) -> Result<Begin, OpenError> {
    if !vault.has_torn_ring() {
        return Ok(begin);
    }
    let mut entry_keys = HashSet::new();
    journal.iterate(0, |entry| -> Result<(), OpenError> {
        entry_keys.insert(entry.key());
        Ok(())
    })?;
    vault.settle_rings(&entry_keys)?;
    tracing::warn!("a key that was being made when the gateway stopped was never used, and is cut");
    Ok(Begin::Again)
}

/// Ends the uploads whose submission the journal has accepted; the others go on.
pub(crate) fn end_accepted(vault: &Vault, ledger: &Ledger) {
    for upload in vault.uploads().all() {
        let head = upload.head();
        let row = ledger.row::<rows::Submission>(&key::submission(head.submission, head.person));
        let Ok(Some(row)) = row else { continue };
        let documents = key::documents(head.book, Some(head.period)).number(row.acceptance_entry);
        let accepted: Vec<u32> = match ledger.rows::<rows::Document>(&documents) {
            Ok(rows) => rows.iter().map(|row| row.n).collect(),
            Err(error) => {
                tracing::error!(%error, "an accepted upload can not be ended");
                continue;
            }
        };
        if let Err(error) = vault.uploads().finish_accepted(&upload, &accepted) {
            tracing::error!(%error, "an accepted upload can not be ended; the next start tries again");
        }
    }
}
