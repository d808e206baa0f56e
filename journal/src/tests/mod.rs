//! Tests of the whole journal over a simulated disk. The fakes here seal and sign deterministically and prove nothing.

mod commit;
mod crash;
mod format;
mod proofs;
mod refusals;

use std::path::{Path, PathBuf};

use host::{Disk, sim::SimMedium};
use model::{EntryKeyId, Sha256Digest, Timestamp};
use receipts::merkle;

use crate::{
    Committed, EntryBox, HeadSignatures, HeadSigner, Journal, JournalError, NewEntry, OpenFailure, Opened,
    Reader, SealFailure, SealedEntry, SigningFailed, entry_hash, second_place_default,
};

pub(super) const ERASED: EntryKeyId = EntryKeyId::from_bytes([0xee; 16]);
pub(super) const UNKNOWN: EntryKeyId = EntryKeyId::from_bytes([0xff; 16]);
pub(super) const HOUSE: EntryKeyId = EntryKeyId::from_bytes([0x01; 16]);

/// Turns every byte round and puts the key and the hash before it: enough to see a mix-up.
pub(super) struct FakeBox;

impl FakeBox {
    fn seal_one(key: EntryKeyId, entry: &Sha256Digest, clear: &[u8]) -> Vec<u8> {
        let turned = clear.iter().map(|byte| !byte);
        key.as_bytes().iter().copied().chain(entry.as_bytes().iter().copied()).chain(turned).collect()
    }

    fn open_one(key: EntryKeyId, entry: &Sha256Digest, sealed: &[u8]) -> Result<Vec<u8>, OpenFailure> {
        let rest = sealed.strip_prefix(key.as_bytes()).and_then(|rest| rest.strip_prefix(entry.as_bytes()));
        Ok(rest.ok_or(OpenFailure::Damaged)?.iter().map(|byte| !byte).collect())
    }
}

impl EntryBox for FakeBox {
    fn seal(
        &self,
        key: EntryKeyId,
        entry: &Sha256Digest,
        statement: &[u8],
        list: Option<&[u8]>,
    ) -> Result<SealedEntry, SealFailure> {
        if key == UNKNOWN {
            return Err(SealFailure::NoKey);
        }
        Ok(SealedEntry {
            statement: Self::seal_one(key, entry, statement),
            list: list.map(|list| Self::seal_one(key, entry, list)),
        })
    }

    fn open(
        &self,
        key: EntryKeyId,
        entry: &Sha256Digest,
        sealed: &SealedEntry,
    ) -> Result<Opened, OpenFailure> {
        if key == ERASED {
            return Err(OpenFailure::Erased);
        }
        let list = sealed.list.as_deref().map(|list| Self::open_one(key, entry, list));
        Ok(Opened { statement: Self::open_one(key, entry, &sealed.statement)?, list: list.transpose()? })
    }
}

pub(super) struct FakeSigner;

impl HeadSigner for FakeSigner {
    fn sign(&self, size: u64, root: Sha256Digest, time: Timestamp) -> Result<HeadSignatures, SigningFailed> {
        let mut receipt_signature = [0x51; 64];
        receipt_signature[..32].copy_from_slice(root.as_bytes());
        let checkpoint_note = format!("gateway.example/journal\n{size}\n{root}\n\n— {time}\n").into_bytes();
        Ok(HeadSignatures { checkpoint_note, receipt_signature })
    }
}

pub(super) fn entry(n: u64) -> NewEntry {
    let statement = format!("statement {n}, {}", "x".repeat((n * 37 % 211) as usize)).into_bytes();
    let list = (n % 3 == 1).then(|| format!("{{\"n\":{n}}}\n").repeat(1 + (n % 17) as usize).into_bytes());
    NewEntry { statement, list, key: EntryKeyId::from_bytes([1 + (n % 5) as u8; 16]) }
}

pub(super) fn entries(from: u64, count: u64) -> Vec<NewEntry> {
    (from..from + count).map(entry).collect()
}

pub(super) fn time(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(1_795_597_200_000 + ms)
}

/// The tree as the reference computes it: leaf hashes of `entry(0)`, `entry(1)`, …
pub(super) fn leaves(count: u64) -> Vec<Sha256Digest> {
    (0..count).map(|n| merkle::leaf_hash(entry_hash(&entry(n).statement).as_bytes())).collect()
}

pub(super) fn root_of(size: u64) -> Sha256Digest {
    merkle::root_of(leaves(size))
}

pub(super) fn folder() -> PathBuf {
    PathBuf::from("/practice/journal")
}

pub(super) fn second_place() -> PathBuf {
    second_place_default(&folder())
}

pub(super) fn log(number: u32) -> PathBuf {
    folder().join(format!("log.{number}"))
}

pub(super) fn disk_with_practice(sim: &SimMedium) -> Disk {
    let disk = sim.disk();
    disk.create_folder(Path::new("/practice")).unwrap();
    disk
}

pub(super) fn create(disk: &Disk, genesis: u64) -> Result<(Journal, Committed), JournalError> {
    let genesis = entries(0, genesis);
    Journal::create(disk, &folder(), &second_place(), &genesis, time(0), &FakeSigner, &FakeBox)
}

pub(super) fn commit(journal: &mut Journal, from: u64, count: u64) -> Result<Committed, JournalError> {
    journal.commit(&entries(from, count), time(from), &FakeSigner, &FakeBox)
}

/// Everything that holds of a sound journal of `size` of the test's entries.
pub(super) fn assert_sound(reader: &Reader, size: u64) {
    assert_eq!(reader.size(), size);
    assert_eq!(reader.head().root, root_of(size), "root at {size}");
    let mut seen = 0;
    reader
        .iterate(0, |read| {
            assert_eq!(read.index(), seen);
            assert_is(&read, seen);
            seen += 1;
            Ok::<_, JournalError>(())
        })
        .unwrap();
    assert_eq!(seen, size);
    assert_eq!(reader.verify().unwrap().entries, size);
}

/// The entry read is the test's entry `n`, and its head counts it.
pub(super) fn assert_is(read: &crate::Entry, n: u64) {
    let NewEntry { statement, list, key } = entry(n);
    assert_eq!(read.hash(), entry_hash(&statement));
    assert_eq!(read.key(), key);
    assert_eq!(read.open(&FakeBox), Ok(Opened { statement, list }));
    let committed = read.committed();
    assert!(committed.first_index() <= n && n < committed.size());
    assert_eq!(committed.first_index() + u64::from(committed.count()), committed.size());
}
