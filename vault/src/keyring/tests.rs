//! What the keyring promises, over rings on a simulated disk.

use std::path::{Path, PathBuf};

use host::sim::SimMedium;
use model::{Blake3Digest, Class, Term, Timestamp};
use seal::{MasterKey, RingKey, ShredRoot};

use super::*;
use crate::entry_box::EntryFailure;
use crate::ring::RingPlace;

const IDENTITY: Blake3Digest = Blake3Digest::from_bytes([1; 32]);
const NAME: ShelfName =
    ShelfName { book: BookId::from_bytes([4; 16]), class: Class::Internal, year: 2026, term: Term::TenYears };

struct Bench {
    sim: SimMedium,
    root: ShredRoot,
    master: MasterKey,
}

impl Bench {
    fn new() -> Self {
        let sim = SimMedium::new(1);
        sim.disk().create_folder(Path::new("/ring")).unwrap().into_inner();
        Self { sim, root: ShredRoot::of_random_part(b"random"), master: MasterKey::random().unwrap() }
    }

    fn path() -> PathBuf {
        "/ring/standard.1".into()
    }

    fn create(&self) -> Ring {
        let disk = self.sim.disk();
        Ring::create(self.place(&disk), self.key(1), &IDENTITY, &[]).unwrap().into_inner()
    }

    fn place<'a>(&self, disk: &'a host::Disk) -> RingPlace<'a> {
        let vault = VaultId::from_bytes([2; 16]);
        RingPlace { disk, path: Self::path(), vault, domain: Domain::Standard, generation: 1 }
    }

    fn key(&self, generation: u64) -> RingKey {
        RingKey::derive(&self.root, &self.master, &[2; 16], 0, generation)
    }

    /// A start: the ring is read again.
    fn keyring(&self) -> Keyring {
        self.sim.restart();
        let disk = self.sim.disk();
        let (ring, entries) = Ring::open(self.place(&disk), self.key(1), &IDENTITY).unwrap();
        Keyring::new(VaultId::from_bytes([2; 16]), vec![(Domain::Standard, ring, entries)])
    }

    /// What a shred will leave: a tombstone.
    fn bury(&self, tombstone: Tombstone) {
        self.sim.restart();
        let disk = self.sim.disk();
        let (mut ring, _) = Ring::open(self.place(&disk), self.key(1), &IDENTITY).unwrap();
        ring.add(&[Entry::Tombstone(tombstone)]).unwrap().into_inner();
    }
}

#[test]
fn a_key_is_made_once_and_found_again_after_a_restart() {
    let bench = Bench::new();
    drop(bench.create());
    let keyring = bench.keyring();
    let shelf = keyring.shelf(NAME).unwrap();
    assert!(keyring.shelf(NAME).unwrap().key.equals(&shelf.key));
    let other = keyring.shelf(ShelfName { year: 2027, ..NAME }).unwrap();
    assert!(other.id != shelf.id && !other.key.equals(&shelf.key));
    let scopes = [
        EntryScope::BookYear(NAME.book, 2026),
        EntryScope::Person(model::PersonId::from_bytes([4; 16])),
        EntryScope::Book(NAME.book),
        EntryScope::House,
    ];
    let ids = scopes.map(|scope| keyring.entry_key(scope).unwrap());
    let index = keyring.duplicate_index(NAME.book, &IDENTITY, 7).unwrap();
    assert_ne!(keyring.duplicate_index(NAME.book, &IDENTITY, 8).unwrap(), index);
    drop(keyring);
    let again = bench.keyring();
    let found = again.shelf(NAME).unwrap();
    assert_eq!((found.id, found.version), (shelf.id, 1));
    assert!(found.key.equals(&shelf.key));
    assert!(again.shelf_version(other.id, 1).unwrap().key.equals(&other.key));
    assert_eq!(scopes.map(|scope| again.entry_key(scope).unwrap()), ids);
    assert_eq!(again.duplicate_index(NAME.book, &IDENTITY, 7).unwrap(), index);
}

#[test]
fn sixteen_threads_that_want_one_key_get_the_same() {
    let bench = Bench::new();
    drop(bench.create());
    let keyring = bench.keyring();
    let ids: Vec<ShelfId> = std::thread::scope(|scope| {
        let wanting: Vec<_> = (0..16).map(|_| scope.spawn(|| keyring.shelf(NAME).unwrap().id)).collect();
        wanting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(keyring.shelves().len(), 1);
}

#[test]
fn what_a_tombstone_names_is_erased_and_what_nothing_names_is_unknown() {
    let bench = Bench::new();
    drop(bench.create());
    let keyring = bench.keyring();
    let shelf = keyring.shelf(NAME).unwrap();
    let id = keyring.entry_key(EntryScope::House).unwrap();
    let entry = model::Sha256Digest::from_bytes([7; 32]);
    let sealed = keyring.seal_entry(id, &entry, b"statement", None).unwrap();
    keyring.duplicate_index(NAME.book, &IDENTITY, 7).unwrap();
    drop(keyring);
    bench.bury(Tombstone::Shelf(shelf.id, 1));
    bench.bury(Tombstone::Journal(id));
    bench.bury(Tombstone::Duplicate(NAME.book));
    let keyring = bench.keyring();
    assert!(matches!(keyring.shelf_version(shelf.id, 1), Err(VaultError::Erased)));
    assert!(matches!(
        keyring.shelf_version(ShelfId::from_bytes([9; 16]), 1),
        Err(VaultError::UnknownKey(UnknownKey::Shelf(..)))
    ));
    let opened = keyring.open_entry(id, &entry, &sealed.statement, None);
    assert_eq!(opened.err(), Some(EntryFailure::Erased));
    assert!(matches!(keyring.seal_entry(id, &entry, b"more", None), Err(VaultError::Erased)));
    assert!(matches!(keyring.duplicate_index(NAME.book, &IDENTITY, 7), Err(VaultError::Erased)));
    // The next of that name is another: the same key is never made again.
    assert_ne!(keyring.shelf(NAME).unwrap().id, shelf.id);
    assert_ne!(keyring.entry_key(EntryScope::House).unwrap(), id);
}

#[test]
fn a_torn_ring_takes_no_key_before_it_is_settled_and_keeps_its_end_if_that_would_lose_one() {
    let bench = Bench::new();
    drop(bench.create());
    let keyring = bench.keyring();
    let kept = keyring.shelf(NAME).unwrap().id;
    let lost = keyring.entry_key(EntryScope::House).unwrap();
    assert!(!keyring.has_torn_ring() && keyring.knows_entry_key(lost));
    drop(keyring);
    let whole = bench.sim.content(&Bench::path()).unwrap();
    let mut torn = whole.clone();
    *torn.last_mut().unwrap() ^= 1;
    assert!(bench.sim.plant(&Bench::path(), &torn));
    let keyring = bench.keyring();
    assert!(keyring.has_torn_ring() && !keyring.knows_entry_key(lost));
    assert_eq!(keyring.shelf(NAME).unwrap().id, kept, "what is whole is known");
    let refused = [
        keyring.entry_key(EntryScope::House).err(),
        keyring.settle(false).err(),
        keyring.entry_key(EntryScope::House).err(),
    ];
    for refused in refused {
        assert!(matches!(refused, Some(VaultError::Damaged { .. })), "{refused:?}");
    }
    assert!(bench.sim.content(&Bench::path()).unwrap() == torn, "nothing was cut");
    keyring.settle(true).unwrap();
    assert!(!keyring.has_torn_ring());
    let other = keyring.entry_key(EntryScope::House).unwrap();
    assert_ne!(other, lost);
    drop(keyring);
    assert!(bench.keyring().knows_entry_key(other));
}

#[test]
fn a_locked_domain_makes_and_gives_no_key() {
    let bench = Bench::new();
    drop(bench.create());
    let keyring = bench.keyring();
    let name = ShelfName { class: Class::Confidential, ..NAME };
    assert!(matches!(keyring.shelf(name), Err(VaultError::Locked(Domain::Confidential))));
    assert!(keyring.shelves().is_empty());
}

#[test]
fn a_ring_opens_under_its_own_key_generation_and_vault_alone() {
    let bench = Bench::new();
    drop(bench.create());
    let disk = bench.sim.disk();
    let refused = |place: RingPlace<'_>, key: RingKey, identity: &Blake3Digest| {
        let refused = Ring::open(place, key, identity).err();
        assert!(matches!(refused, Some(VaultError::Log(host::LogError::Refused { .. }))), "{refused:?}");
    };
    refused(bench.place(&disk), bench.key(2), &IDENTITY);
    refused(RingPlace { generation: 2, ..bench.place(&disk) }, bench.key(1), &IDENTITY);
    refused(RingPlace { domain: Domain::Confidential, ..bench.place(&disk) }, bench.key(1), &IDENTITY);
    refused(bench.place(&disk), bench.key(1), &Blake3Digest::from_bytes([9; 32]));
    Ring::open(bench.place(&disk), bench.key(1), &IDENTITY).unwrap();
    // Another vault.json with the same id: its digest is in the ring.
    let identity =
        crate::Identity { vault: VaultId::from_bytes([2; 16]), created: Timestamp::from_unix_ms(5) };
    refused(bench.place(&disk), bench.key(1), &identity.digest());
}

/// Keys are made again after the disk was full, at every write; none that was handed out is lost.
#[test]
fn a_full_disk_loses_no_key_that_was_given_out() {
    for write in 1..=4 {
        let bench = Bench::new();
        drop(bench.create());
        let keyring = bench.keyring();
        bench.sim.fail_write_at(bench.sim.writes() + write);
        let years = [2020, 2021, 2022, 2023, 2024];
        let given: Vec<_> =
            years.iter().map(|year| keyring.shelf(ShelfName { year: *year, ..NAME })).collect();
        assert_eq!(given.iter().filter(|given| given.is_err()).count(), 1, "write {write}");
        let all: Vec<_> = years.map(|year| keyring.shelf(ShelfName { year, ..NAME }).unwrap()).into();
        drop(keyring);
        let again = bench.keyring();
        for (shelf, given) in all.iter().zip(given) {
            assert!(again.shelf_version(shelf.id, 1).unwrap().key.equals(&shelf.key));
            assert!(given.is_err() || given.is_ok_and(|given| given.id == shelf.id));
        }
    }
}
