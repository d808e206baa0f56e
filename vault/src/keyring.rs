//! The keyring: the keys of both rings in memory, made on demand and durable before first use. Decides nothing
//! about who may use them. V7: a missing key is never made again; what no ring knows is damage, or erased.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use model::{Blake3Digest, BookId, EntryKeyId, ShelfId, VaultId, class::Domain};
use seal::{DuplicateKey, EntryKey, HandleKey, IndexKey, ShelfKey};

use crate::error::{UnknownKey, VaultError};
use crate::ring::{Entry, EntryScope, Ring, ShelfName, Tombstone};

/// A shelf's key in force, with all that its contexts need.
#[derive(Clone)]
pub(crate) struct Shelf {
    pub(crate) id: ShelfId,
    pub(crate) name: ShelfName,
    pub(crate) version: u32,
    pub(crate) key: Arc<ShelfKey>,
}

/// The keys of one vault. Shared; readers do not wait for each other.
pub(crate) struct Keyring {
    vault: VaultId,
    keys: RwLock<Keys>,
    /// One writer a ring; the lock is held over the append, so that no key is made twice.
    rings: HashMap<Domain, Mutex<Ring>>,
}

#[derive(Default)]
struct Keys {
    shelves: HashMap<(ShelfId, u32), Shelf>,
    /// The newest version of each shelf.
    by_name: HashMap<ShelfName, (ShelfId, u32)>,
    entries: HashMap<EntryKeyId, Arc<EntryKey>>,
    by_scope: HashMap<EntryScope, EntryKeyId>,
    duplicates: HashMap<BookId, Arc<DuplicateKey>>,
    index: Option<Arc<IndexKey>>,
    handle: Option<Arc<HandleKey>>,
    tombstones: HashSet<Tombstone>,
}

impl Keyring {
    pub(crate) fn new(vault: VaultId, rings: Vec<(Domain, Ring, Vec<Entry>)>) -> Self {
        let mut keys = Keys::default();
        let mut open = HashMap::new();
        for (domain, ring, entries) in rings {
            entries.into_iter().for_each(|entry| keys.insert(entry));
            open.insert(domain, Mutex::new(ring));
        }
        Self { vault, keys: RwLock::new(keys), rings: open }
    }

    pub(crate) fn vault(&self) -> VaultId {
        self.vault
    }

    pub(crate) fn is_unlocked(&self, domain: Domain) -> bool {
        self.rings.contains_key(&domain)
    }

    /// The shelf of this name, made if there is none; its key is durable.
    pub(crate) fn shelf(&self, name: ShelfName) -> Result<Shelf, VaultError> {
        let domain = name.class.domain();
        let find = |keys: &Keys| keys.by_name.get(&name).and_then(|at| keys.shelves.get(at)).cloned();
        let make = || {
            let id = ShelfId::from_bytes(host::random::bytes()?);
            let key = Arc::new(ShelfKey::random()?);
            Ok(Entry::Shelf { id, name, version: 1, key })
        };
        self.find_or_make(domain, find, make)
    }

    /// A version of a shelf, by its id.
    pub(crate) fn shelf_version(&self, id: ShelfId, version: u32) -> Result<Shelf, VaultError> {
        let keys = self.read();
        match keys.shelves.get(&(id, version)) {
            Some(shelf) => Ok(shelf.clone()),
            None if keys.tombstones.contains(&Tombstone::Shelf(id, version)) => Err(VaultError::Erased),
            None => Err(VaultError::UnknownKey(UnknownKey::Shelf(id, version))),
        }
    }

    /// All shelves of all unlocked domains, the newest version of each, in no order.
    pub(crate) fn shelves(&self) -> Vec<Shelf> {
        let keys = self.read();
        keys.by_name.values().filter_map(|at| keys.shelves.get(at)).cloned().collect()
    }

    /// Whether a ring holds this version of a shelf, or a tombstone names it. `None` if a domain is locked and its
    /// ring may be the one.
    pub(crate) fn knows_shelf(&self, id: ShelfId, version: u32) -> Option<bool> {
        let keys = self.read();
        let known = keys.shelves.contains_key(&(id, version))
            || keys.tombstones.contains(&Tombstone::Shelf(id, version));
        let all = Domain::ALL.into_iter().all(|domain| self.is_unlocked(domain));
        (known || all).then_some(known)
    }

    /// Whether a ring holds this entry key, or a tombstone names it.
    pub(crate) fn knows_entry_key(&self, id: EntryKeyId) -> bool {
        let keys = self.read();
        keys.entries.contains_key(&id) || keys.tombstones.contains(&Tombstone::Journal(id))
    }

    /// Whether a ring ends in what is no whole frame.
    pub(crate) fn has_torn_ring(&self) -> bool {
        Domain::ALL.into_iter().any(|domain| self.ring(domain).is_ok_and(|ring| ring.is_torn()))
    }

    /// Cuts such ends if that loses no key that is used; else names the ring as damaged.
    pub(crate) fn settle(&self, loses_nothing: bool) -> Result<(), VaultError> {
        for domain in Domain::ALL {
            match self.ring(domain) {
                Ok(mut ring) if ring.is_torn() && loses_nothing => ring.settle()?,
                Ok(ring) if ring.is_torn() => return Err(ring.damaged_end()),
                _ => {}
            }
        }
        Ok(())
    }

    /// The entry key of this scope, made if there is none; durable.
    pub(crate) fn entry_key(&self, scope: EntryScope) -> Result<EntryKeyId, VaultError> {
        let find = |keys: &Keys| keys.by_scope.get(&scope).copied();
        let make = || {
            let id = EntryKeyId::from_bytes(host::random::bytes()?);
            Ok(Entry::Journal { id, scope, key: Arc::new(EntryKey::random()?) })
        };
        self.find_or_make(Domain::Standard, find, make)
    }

    /// An entry key, by its id.
    pub(crate) fn entry(&self, id: EntryKeyId) -> Result<Arc<EntryKey>, VaultError> {
        let keys = self.read();
        match keys.entries.get(&id) {
            Some(key) => Ok(Arc::clone(key)),
            None if keys.tombstones.contains(&Tombstone::Journal(id)) => Err(VaultError::Erased),
            None => Err(VaultError::UnknownKey(UnknownKey::Entry(id))),
        }
    }

    /// BLAKE3-keyed(the book's duplicate key, root ‖ length), the key made if there is none.
    pub(crate) fn duplicate_index(
        &self,
        book: BookId,
        root: &Blake3Digest,
        length: u64,
    ) -> Result<[u8; 32], VaultError> {
        let find = |keys: &Keys| keys.duplicates.get(&book).cloned();
        let make = || Ok(Entry::Duplicate { book, key: Arc::new(DuplicateKey::random()?) });
        if self.read().tombstones.contains(&Tombstone::Duplicate(book)) {
            return Err(VaultError::Erased);
        }
        let key = self.find_or_make(Domain::Standard, find, make)?;
        let mut hasher = blake3::Hasher::new_keyed(key.expose());
        hasher.update(root.as_bytes()).update(&length.to_be_bytes());
        Ok(*hasher.finalize().as_bytes())
    }

    /// The keys that the ledger's rows are found and sealed under.
    pub(crate) fn house(&self) -> Result<(Arc<IndexKey>, Arc<HandleKey>), VaultError> {
        let keys = self.read();
        match (&keys.index, &keys.handle) {
            (Some(index), Some(handle)) => Ok((Arc::clone(index), Arc::clone(handle))),
            _ => Err(VaultError::UnknownKey(UnknownKey::House)),
        }
    }

    /// Finds a key, or makes one: appended to its ring, durable, and only then known to anybody.
    fn find_or_make<T>(
        &self,
        domain: Domain,
        find: impl Fn(&Keys) -> Option<T>,
        make: impl FnOnce() -> Result<Entry, VaultError>,
    ) -> Result<T, VaultError> {
        if let Some(found) = find(&self.read()) {
            return Ok(found);
        }
        let mut ring = self.ring(domain)?;
        let kept = ring.mend()?;
        if !kept.is_empty() {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            kept.into_iter().for_each(|entry| keys.insert(entry));
        }
        if let Some(found) = find(&self.read()) {
            return Ok(found);
        }
        let entry = make()?;
        let _durable = ring.add(std::slice::from_ref(&entry))?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(entry);
        find(&keys).ok_or_else(|| crate::error::damaged("keyring", ring.path()))
    }

    fn ring(&self, domain: Domain) -> Result<MutexGuard<'_, Ring>, VaultError> {
        let ring = self.rings.get(&domain).ok_or(VaultError::Locked(domain))?;
        Ok(ring.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    /// Takes an entry in; a tombstone takes its key out, for good.
    fn insert(&mut self, entry: Entry) {
        match entry {
            Entry::Shelf { id, name, version, key } => {
                if self.tombstones.contains(&Tombstone::Shelf(id, version)) {
                    return;
                }
                self.shelves.insert((id, version), Shelf { id, name, version, key });
                let newest = self.by_name.entry(name).or_insert((id, version));
                if newest.0 != id || newest.1 < version {
                    *newest = (id, version);
                }
            }
            Entry::Journal { id, scope, key } => {
                if !self.tombstones.contains(&Tombstone::Journal(id)) {
                    self.entries.insert(id, key);
                    self.by_scope.insert(scope, id);
                }
            }
            Entry::Duplicate { book, key } => {
                if !self.tombstones.contains(&Tombstone::Duplicate(book)) {
                    self.duplicates.insert(book, key);
                }
            }
            Entry::Index(key) => self.index = Some(key),
            Entry::Handle(key) => self.handle = Some(key),
            Entry::Tombstone(tombstone) => self.bury(tombstone),
        }
    }

    fn bury(&mut self, tombstone: Tombstone) {
        self.tombstones.insert(tombstone);
        match tombstone {
            Tombstone::Shelf(id, version) => {
                self.shelves.remove(&(id, version));
                self.by_name.retain(|_, at| *at != (id, version));
            }
            Tombstone::Journal(id) => {
                self.entries.remove(&id);
                self.by_scope.retain(|_, at| *at != id);
            }
            Tombstone::Duplicate(book) => {
                self.duplicates.remove(&book);
            }
        }
    }
}

#[cfg(test)]
mod tests;
