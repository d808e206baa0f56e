//! The vault: made once, unlocked at each start, and then the one door to everything in it. Decides no access.
//!
//! `init` writes in this order, so that a crash leaves either a vault or something that is plainly none: folders,
//! slots, shred seed, rings, each durable; then every slot is opened once; `vault.json` last (V11).

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use host::{Clock, Disk, Durable};
use model::{
    Blake3Digest, BookId, EntryKeyId, KeyId, Sha256Digest, ShelfId, SlotId, Timestamp, VaultId, class::Domain,
};
use seal::{
    Argon2Parameters, HandleKey, IndexKey, MasterKey, PrivateKeysKey, RingKey, ShredRoot, SlotFile, Unlock,
};
use zeroize::Zeroizing;

use crate::crew::Crew;
use crate::document::Document;
use crate::entry_box::{EntryFailure, OpenedEntry, SealedEntry};
use crate::error::damaged;
use crate::folder::Folder;
use crate::identity::{IDENTITY_BYTES_MAX, Identity};
use crate::keyring::Keyring;
use crate::pieces::{Files, PieceStore, SyncThreads};
use crate::private::Purpose;
use crate::records::{Records, SealedTables};
use crate::ring::{Entry, EntryScope, Ring, RingPlace, ShelfName};
use crate::shelf::{ShelfPosition, ShelfRecord, Shelves};
use crate::upload::{self, Barrier, Scratch, Uploads};
use crate::{VaultError, seed};

/// More unlock slots than anybody has.
const SLOTS_MAX: usize = 64;

/// What a vault stands on besides its disk.
pub struct Settings {
    /// What pieces are dated by.
    pub clock: Clock,
    /// Threads that wait for syncs.
    pub sync_threads: SyncThreads,
}

/// How a vault is made.
pub struct Init<'a> {
    /// What opens the first slot. The second is the recovery kit's.
    pub unlock: &'a Unlock,
    /// The cost of the passphrase slots: [`Argon2Parameters::SLOT`] but in tests.
    pub argon2: Argon2Parameters,
    /// When it is made.
    pub now: Timestamp,
}

/// An unlocked vault. Clones are the same vault. Methods may block on the disk; none holds a key over a wait.
#[derive(Clone)]
pub struct Vault {
    rooms: Arc<Rooms>,
    uploads: Arc<Uploads>,
}

/// What all parts of the vault share.
pub(crate) struct Rooms {
    pub(crate) disk: Disk,
    pub(crate) folder: Folder,
    pub(crate) identity: Identity,
    pub(crate) generation: u64,
    pub(crate) keyring: Keyring,
    pub(crate) private: PrivateKeysKey,
    pub(crate) shelves: Shelves,
    pub(crate) pieces: Arc<dyn PieceStore>,
    pub(crate) barrier: Barrier,
    pub(crate) scratch: Scratch,
}

/// A shelf as the ledger's posting sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShelfInfo {
    /// Its id.
    pub id: ShelfId,
    /// Its newest version.
    pub version: u32,
    /// What it is for.
    pub name: ShelfName,
}

impl Vault {
    /// Makes a vault in a folder that holds none, both domains with two slots each opened once as a test: the
    /// chosen one and the recovery kit, whose words are given back to be printed and never kept.
    ///
    /// # Errors
    /// [`VaultError::Exists`] if any part of a vault is there, [`VaultError::Slot`], and the disk's refusals.
    pub fn init(
        disk: &Disk,
        dir: &Path,
        init: &Init<'_>,
        settings: Settings,
    ) -> Result<(Self, Zeroizing<String>), VaultError> {
        let folder = Folder::new(dir);
        refuse_remains(disk, &folder)?;
        let identity = Identity { vault: VaultId::from_bytes(host::random::bytes()?), created: init.now };
        let words = seal::words::generate()?;
        let kit = Unlock::Passphrase(words.clone());
        let masters = (MasterKey::random()?, MasterKey::random()?);
        for path in folders(&folder) {
            let _durable = disk.create_folder(&path)?;
        }
        for unlock in [init.unlock, &kit] {
            make_slot(disk, &folder, &identity, unlock, &masters, init.argon2)?;
        }
        let seed = seed::create(disk, &folder)?.into_inner();
        let digest = identity.digest();
        for (domain, master) in [(Domain::Standard, &masters.0), (Domain::Confidential, &masters.1)] {
            let entries = match domain {
                Domain::Standard => vec![
                    Entry::Index(Arc::new(IndexKey::random()?)),
                    Entry::Handle(Arc::new(HandleKey::random()?)),
                ],
                Domain::Confidential => Vec::new(),
            };
            let key = ring_key(&seed.root, master, &identity, domain, seed.generation);
            let place = ring_place(disk, &folder, &identity, domain, seed.generation);
            let _durable = Ring::create(place, key, &digest, &entries)?;
        }
        for unlock in [init.unlock, &kit] {
            let opened = open_slots(disk, &folder, &identity, unlock)?;
            let same = opened.iter().all(|(domain, master)| match Domain::ALL.get(usize::from(*domain)) {
                Some(Domain::Standard) => master.equals(&masters.0),
                Some(Domain::Confidential) => master.equals(&masters.1),
                None => false,
            });
            if !same || opened.len() != 2 {
                return Err(damaged("unlock slot", folder.slots()));
            }
        }
        // From here on there is a vault.
        let _durable = disk.create_whole(&folder.vault_json(), &identity.to_bytes())?;
        let vault = Self::unlock(disk, dir, init.unlock, settings)?;
        Ok((vault, words))
    }

    /// Unlocks a vault: slot, master keys, shred seed, rings. Opens no shelf and no spool; see
    /// [`Uploads::recover`] for what a start does next. Whoever calls holds the practice folder's lock.
    ///
    /// # Errors
    /// [`VaultError::NotAVault`], [`VaultError::NoSlotOpens`], damage by name, and the disk's refusals.
    pub fn unlock(disk: &Disk, dir: &Path, unlock: &Unlock, settings: Settings) -> Result<Self, VaultError> {
        let folder = Folder::new(dir);
        let identity = read_identity(disk, &folder)?;
        let masters = open_slots(disk, &folder, &identity, unlock)?;
        let seed = seed::open(disk, &folder)?;
        let digest = identity.digest();
        let mut rings = Vec::new();
        let mut private = None;
        for (number, master) in &masters {
            let Some(domain) = Domain::ALL.into_iter().find(|domain| domain.code() == *number) else {
                continue;
            };
            let key = ring_key(&seed.root, master, &identity, domain, seed.generation);
            let place = ring_place(disk, &folder, &identity, domain, seed.generation);
            let (ring, entries) = Ring::open(place, key, &digest)?;
            rings.push((domain, ring, entries));
            if domain == Domain::Standard {
                private = Some(master.private_keys_key(identity.vault.as_bytes()));
            }
        }
        // Without the standard domain nothing starts.
        let private = private.ok_or(VaultError::Locked(Domain::Standard))?;
        for path in [folder.keys(), folder.slots(), folder.rings(), folder.shelves()] {
            disk.sweep_temporary(&path)?;
        }
        let keyring = Keyring::new(identity.vault, rings);
        Self::assemble(disk, folder, identity, seed.generation, keyring, private, settings)
    }

    fn assemble(
        disk: &Disk,
        folder: Folder,
        identity: Identity,
        generation: u64,
        keyring: Keyring,
        private: PrivateKeysKey,
        settings: Settings,
    ) -> Result<Self, VaultError> {
        let crew = Arc::new(Crew::start(settings.sync_threads.count())?);
        let pieces: Arc<dyn PieceStore> =
            Arc::new(Files::with_crew(disk.clone(), folder.objects(), Arc::clone(&crew)));
        let barrier = Barrier::start(Arc::clone(&pieces), settings.clock, crew)?;
        let shelves = Shelves::new(disk.clone(), folder.clone());
        let disk = disk.clone();
        let rooms = Arc::new(Rooms {
            disk,
            folder,
            identity,
            generation,
            keyring,
            private,
            shelves,
            pieces,
            barrier,
            scratch: Scratch::new(),
        });
        let uploads = Arc::new(Uploads::new(Arc::clone(&rooms)));
        Ok(Self { rooms, uploads })
    }

    /// Which vault this is.
    pub fn identity(&self) -> &Identity {
        &self.rooms.identity
    }

    /// The generation of the shred root in force.
    pub fn generation(&self) -> u64 {
        self.rooms.generation
    }

    /// Whether documents of this domain can be opened.
    pub fn is_unlocked(&self, domain: Domain) -> bool {
        self.rooms.keyring.is_unlocked(domain)
    }

    /// All open uploads.
    pub fn uploads(&self) -> &Uploads {
        &self.uploads
    }

    /// The sealed pieces; for scrub and backup, which need no key.
    pub fn pieces(&self) -> &Arc<dyn PieceStore> {
        &self.rooms.pieces
    }

    /// Opens a document's record and unwraps its key.
    ///
    /// # Errors
    /// [`VaultError::Locked`] is not among them: the caller knows the class. [`VaultError::UnknownKey`] for a shelf
    /// of a locked domain, [`VaultError::Erased`], [`VaultError::Damaged`], and the disk's refusals.
    pub fn document(&self, position: &ShelfPosition) -> Result<Document, VaultError> {
        Document::open(&self.rooms, position)
    }

    /// All shelves of the unlocked domains, in no order; some may have no file yet.
    pub fn shelves(&self) -> Vec<ShelfInfo> {
        let info = |shelf: crate::keyring::Shelf| ShelfInfo {
            id: shelf.id,
            version: shelf.version,
            name: shelf.name,
        };
        self.rooms.keyring.shelves().into_iter().map(info).collect()
    }

    /// Gives every document that a shelf speaks of, in order. Of several records of one (person, submission, n) the
    /// last counts. Changes nothing: whoever posts them then says what was accepted ([`Vault::keep_on_shelf`]), and
    /// only then are the shelves recovered ([`Vault::recover_shelf`]).
    ///
    /// # Errors
    /// Damage by name, or the disk's refusal.
    pub fn scan_shelf(&self, shelf: &ShelfInfo, each: &mut dyn FnMut(ShelfRecord)) -> Result<(), VaultError> {
        let shelf = self.rooms.keyring.shelf_version(shelf.id, shelf.version)?;
        self.rooms.shelves.scan(&shelf, each)
    }

    /// Says that an acceptance names what lies here: a torn end of the shelf that reaches it is damage, never cut.
    /// To be said of every document before anything is written to its shelf.
    pub fn keep_on_shelf(&self, position: &ShelfPosition) {
        let bytes = position.offset.saturating_add(1);
        self.rooms.shelves.raise_floor(position.shelf, position.version, bytes);
    }

    /// Recovers a shelf's file after an unclean stop: a torn end is cut, what was read of it is made durable.
    ///
    /// # Errors
    /// Damage by name, or the disk's refusal.
    pub fn recover_shelf(&self, shelf: &ShelfInfo) -> Result<(), VaultError> {
        let shelf = self.rooms.keyring.shelf_version(shelf.id, shelf.version)?;
        self.rooms.shelves.recover(&shelf)
    }

    /// Shelf files whose key no ring holds and no tombstone names: damage, to be named at a start. While a domain is
    /// locked its shelves are not among them.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn unknown_shelves(&self) -> Result<Vec<(ShelfId, u32)>, VaultError> {
        let mut files = self.shelf_files()?;
        files.retain(|(id, version)| self.rooms.keyring.knows_shelf(*id, *version) == Some(false));
        Ok(files)
    }

    fn shelf_files(&self) -> Result<Vec<(ShelfId, u32)>, VaultError> {
        let named = |name: &std::ffi::OsString| {
            let (id, version) = name.to_str()?.split_once('.')?;
            Some((ShelfId::from_hex(id).ok()?, version.parse().ok()?))
        };
        Ok(self.rooms.disk.list(&self.rooms.folder.shelves())?.iter().filter_map(named).collect())
    }

    /// Whether a ring ends in what is no whole frame: a key that was being added when the power went, or damage.
    /// No key is added to it before [`Vault::settle_rings`].
    pub fn has_torn_ring(&self) -> bool {
        self.rooms.keyring.has_torn_ring()
    }

    /// Cuts what is not whole at the end of a ring, if nothing is lost with it: `entry_keys` are those that the
    /// journal names, shelves and spools are asked for theirs.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] if any of these keys is known to no ring: then the end is damage, and stays.
    pub fn settle_rings(&self, entry_keys: &HashSet<EntryKeyId>) -> Result<(), VaultError> {
        let rooms = &self.rooms;
        let is_known = |shelf: &(ShelfId, u32)| rooms.keyring.knows_shelf(shelf.0, shelf.1) == Some(true);
        let all_known = entry_keys.iter().all(|id| rooms.keyring.knows_entry_key(*id))
            && self.shelf_files()?.iter().all(is_known)
            && upload::shelves_of_spools(rooms)?.iter().all(is_known);
        rooms.keyring.settle(all_known)
    }

    /// The key that entries of this scope are sealed under, made if there is none; durable.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn entry_key(&self, scope: EntryScope) -> Result<EntryKeyId, VaultError> {
        self.rooms.keyring.entry_key(scope)
    }

    /// Seals a statement, and its list beside it, under an entry key. `entry` is the statement's hash.
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`], [`VaultError::Erased`].
    pub fn seal_entry(
        &self,
        key: EntryKeyId,
        entry: &Sha256Digest,
        statement: &[u8],
        list: Option<&[u8]>,
    ) -> Result<SealedEntry, VaultError> {
        self.rooms.keyring.seal_entry(key, entry, statement, list)
    }

    /// Opens what [`Vault::seal_entry`] has sealed.
    ///
    /// # Errors
    /// Erased, unknown or damaged: three different things to who reads the journal.
    pub fn open_entry(
        &self,
        key: EntryKeyId,
        entry: &Sha256Digest,
        statement: &[u8],
        list: Option<&[u8]>,
    ) -> Result<OpenedEntry, EntryFailure> {
        self.rooms.keyring.open_entry(key, entry, statement, list)
    }

    /// Where a document is looked for among those that its book holds: BLAKE3-keyed(the book's duplicate key,
    /// root ‖ length). The key is made if there is none.
    ///
    /// # Errors
    /// [`VaultError::Erased`], or the disk's refusal.
    pub fn duplicate_index(
        &self,
        book: BookId,
        root: &Blake3Digest,
        length: u64,
    ) -> Result<[u8; 32], VaultError> {
        self.rooms.keyring.duplicate_index(book, root, length)
    }

    /// Keeps a private key or another small secret; replaces one of the same purpose and id.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`] above 64 KiB, or the disk's refusal.
    pub fn seal_private(
        &self,
        purpose: &Purpose,
        id: KeyId,
        bytes: &[u8],
    ) -> Result<Durable<()>, VaultError> {
        self.rooms.seal_private(purpose, id, bytes)
    }

    /// The same box, for who keeps it in a file of its own.
    ///
    /// # Errors
    /// As there, the disk's apart.
    pub fn box_private(&self, purpose: &Purpose, id: KeyId, bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.rooms.box_private(purpose, id, bytes)
    }

    /// Opens such a box; `None` if it is not whole, or another's.
    pub fn unbox_private(&self, purpose: &Purpose, id: KeyId, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.rooms.unbox_private(purpose, id, sealed)
    }

    /// Opens what [`Vault::seal_private`] keeps; wiped when dropped.
    ///
    /// # Errors
    /// The disk's [`host::DiskError::Absent`], or [`VaultError::Damaged`].
    pub fn open_private(&self, purpose: &Purpose, id: KeyId) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.rooms.open_private(purpose, id)
    }

    /// The ids that are kept for a purpose, sorted.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn list_private(&self, purpose: &Purpose) -> Result<Vec<KeyId>, VaultError> {
        self.rooms.list_private(purpose)
    }

    /// Takes one away; one that is not there is good. What was sealed may still lie on the medium.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn remove_private(&self, purpose: &Purpose, id: KeyId) -> Result<Durable<()>, VaultError> {
        self.rooms.remove_private(purpose, id)
    }

    /// Tables whose rows are found by keyed handles and sealed, over a record store.
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`] if the ring has lost the index or the handle key.
    pub fn tables<R: Records>(&self, records: R) -> Result<SealedTables<R>, VaultError> {
        let (index, handle) = self.rooms.keyring.house()?;
        Ok(SealedTables::new(records, index, handle))
    }
}

fn folders(folder: &Folder) -> [std::path::PathBuf; 7] {
    [
        folder.slots(),
        folder.shred(),
        folder.rings(),
        folder.shelves(),
        folder.objects(),
        folder.spools(),
        folder.keys(),
    ]
}

/// Nothing is overwritten, and nothing is taken for the rest of an `init` because something else is missing.
fn refuse_remains(disk: &Disk, folder: &Folder) -> Result<(), VaultError> {
    if disk.exists(&folder.vault_json())? {
        return Err(VaultError::Exists { path: folder.vault_json() });
    }
    for path in folders(folder) {
        if disk.exists(&path)? && !disk.list(&path)?.is_empty() {
            return Err(VaultError::Exists { path });
        }
    }
    Ok(())
}

fn read_identity(disk: &Disk, folder: &Folder) -> Result<Identity, VaultError> {
    let path = folder.vault_json();
    match disk.read_whole(&path, IDENTITY_BYTES_MAX) {
        Ok(bytes) => Identity::parse(&bytes).ok_or(VaultError::NotAVault { path }),
        Err(cause) if cause.is_absent() => Err(VaultError::NotAVault { path }),
        Err(cause) => Err(cause.into()),
    }
}

fn make_slot(
    disk: &Disk,
    folder: &Folder,
    identity: &Identity,
    unlock: &Unlock,
    masters: &(MasterKey, MasterKey),
    argon2: Argon2Parameters,
) -> Result<(), VaultError> {
    let id = SlotId::from_bytes(host::random::bytes()?);
    let masters = [(Domain::Standard.code(), &masters.0), (Domain::Confidential.code(), &masters.1)];
    let file = SlotFile::make(identity.vault.as_bytes(), id.as_bytes(), unlock, &masters, argon2)?;
    let _durable = disk.create_whole(&folder.slot(id), &file)?;
    Ok(())
}

/// Tries every slot that this can open. Which one failed, and how, is told to nobody.
fn open_slots(
    disk: &Disk,
    folder: &Folder,
    identity: &Identity,
    unlock: &Unlock,
) -> Result<Vec<(u8, MasterKey)>, VaultError> {
    let mut slots = 0;
    for name in disk.list(&folder.slots())?.into_iter().take(SLOTS_MAX) {
        let Some(id) = name.to_str().and_then(|name| SlotId::from_hex(name).ok()) else { continue };
        slots += 1;
        let file = disk.read_whole(&folder.slot(id), seal::slot::SLOT_BYTES_MAX as u64)?;
        let named = SlotFile::parse(&file).is_ok_and(|slot| slot.slot_id() == *id.as_bytes());
        if !named {
            continue;
        }
        match SlotFile::open(&file, identity.vault.as_bytes(), unlock) {
            Ok(masters) => return Ok(masters),
            // The machine's want of memory is no wrong passphrase.
            Err(cause @ seal::SlotError::Memory { .. }) => return Err(cause.into()),
            Err(_) => {}
        }
    }
    Err(VaultError::NoSlotOpens { slots })
}

fn ring_key(
    root: &ShredRoot,
    master: &MasterKey,
    identity: &Identity,
    domain: Domain,
    generation: u64,
) -> RingKey {
    RingKey::derive(root, master, identity.vault.as_bytes(), domain.code(), generation)
}

fn ring_place<'a>(
    disk: &'a Disk,
    folder: &Folder,
    identity: &Identity,
    domain: Domain,
    generation: u64,
) -> RingPlace<'a> {
    RingPlace { disk, path: folder.ring(domain, generation), vault: identity.vault, domain, generation }
}
