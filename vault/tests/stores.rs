//! The stores on a real file system. Goal: each trait's implementations do the same, and what sled 0.34.7 is known to
//! do wrong reaches nobody. Method: the conformance suites, and each trap set on purpose.

use std::path::{Path, PathBuf};

use counterfoil_vault as vault;
use host::Disk;
use host::sim::SimMedium;
use vault::pieces::{self, Files};
use vault::records::{self, Batch, Found, Records, RecordsError, Scan, SledRecords, Why};
use vault::{SyncThreads, VaultError};

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    (folder, path)
}

fn open(path: &Path) -> (SledRecords, Found) {
    let opened = SledRecords::open(&Disk::real(), path).unwrap();
    (opened.records, opened.found)
}

/// A closed store with so many records.
fn closed_with(path: &Path, count: u32) {
    let records = open(path).0;
    for from in (0..count).step_by(40) {
        let mut batch = Batch::new();
        for at in from..count.min(from + 40) {
            batch.put(at.to_be_bytes().to_vec(), vec![at as u8; 100]);
        }
        records.commit(&batch).unwrap();
    }
    records.close().unwrap();
}

fn count(records: &SledRecords) -> Result<u32, RecordsError> {
    let mut count = 0;
    records.scan(b"", None, &mut |_, _| {
        count += 1;
        Scan::GoOn
    })?;
    Ok(count)
}

#[test]
fn files_conform_on_a_real_and_on_a_simulated_disk() {
    let folder = tempfile::tempdir().unwrap();
    for threads in [SyncThreads::None, SyncThreads::Some(4)] {
        let path = folder.path().join(format!("{threads:?}"));
        Disk::real().create_folder(&path).unwrap().into_inner();
        pieces::conformance::all(&Files::new(Disk::real(), path, threads).unwrap());
    }
    let disk = SimMedium::new(1).disk();
    disk.create_folder(Path::new("/objects")).unwrap().into_inner();
    pieces::conformance::all(&Files::new(disk, "/objects".into(), SyncThreads::None).unwrap());
}

#[test]
fn sled_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let mut at = 0;
    records::conformance::all(&mut || {
        at += 1;
        open(&folder.path().join(at.to_string())).0
    });
}

#[test]
fn a_store_that_was_closed_is_clean_and_holds_what_it_held() {
    let (_folder, path) = folder();
    assert_eq!(open(&path).1, Found::Empty(Why::Absent));
    let (_folder, path) = self::folder();
    closed_with(&path, 1000);
    let (records, found) = open(&path);
    assert_eq!(found, Found::Clean);
    assert_eq!(count(&records), Ok(1000));
}

#[test]
fn a_store_that_was_not_closed_is_set_aside_and_posted_again() {
    let (_folder, path) = folder();
    closed_with(&path, 10);
    let (records, _) = open(&path);
    records.sync().unwrap();
    drop(records);
    for _ in 0..2 {
        let (records, found) = open(&path);
        assert_eq!(found, Found::Empty(Why::Unclean));
        assert_eq!(count(&records), Ok(0));
        drop(records);
        assert!(path.with_extension("aside").is_dir());
    }
}

#[test]
fn a_store_whose_file_is_gone_is_not_taken_for_an_empty_one() {
    for name in ["db", "conf"] {
        let (_folder, path) = folder();
        closed_with(&path, 10);
        std::fs::remove_file(path.join(name)).unwrap();
        assert_eq!(open(&path).1, Found::Empty(Why::Damaged), "{name}");
    }
}

/// What the marker says of a store's files.
fn account(path: &Path) -> String {
    let mut names: Vec<_> =
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let mut account = "counterfoil records 1\n".to_owned();
    for name in names.iter().filter(|name| *name != "CLEAN") {
        let name = name.to_str().unwrap();
        match std::fs::read(path.join(name)) {
            Ok(bytes) => account += &format!("{name} {} {}\n", bytes.len(), blake3::hash(&bytes)),
            Err(_) => account += &format!("{name}/ 0\n"),
        }
    }
    account
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        match from.join(&name).is_dir() {
            true => std::fs::create_dir(to.join(&name)).unwrap(),
            false => drop(std::fs::copy(from.join(&name), to.join(&name)).unwrap()),
        }
    }
}

#[test]
fn a_flipped_byte_in_any_file_is_noticed_before_sled_sees_it() {
    let (_folder, path) = folder();
    closed_with(&path, 3000);
    assert_eq!(std::fs::read_to_string(path.join("CLEAN")).unwrap(), account(&path));
    for name in ["db", "conf", "CLEAN"] {
        let whole = std::fs::read(path.join(name)).unwrap();
        for at in (0..6).map(|step| (whole.len() - 1) * step / 6) {
            let (_folder, damaged) = folder();
            copy(&path, &damaged);
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            std::fs::write(damaged.join(name), bytes).unwrap();
            assert_eq!(open(&damaged).1, Found::Empty(Why::Damaged), "{name} at {at}");
        }
    }
    // Negative control.
    let (_folder, whole) = folder();
    copy(&path, &whole);
    let (records, found) = open(&whole);
    assert_eq!((found, count(&records)), (Found::Clean, Ok(3000)));
}

/// The same, with a marker that agrees: as if the bit had flipped between the check and the read.
#[test]
fn what_sled_does_with_damage_reaches_nobody_as_a_panic() {
    let (_folder, path) = folder();
    closed_with(&path, 3000);
    let whole = std::fs::read(path.join("db")).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let (mut harmless, mut noticed, mut lost) = (0, 0, 0);
    for at in (0..24).map(|step| used * step / 24) {
        let (_folder, damaged) = folder();
        copy(&path, &damaged);
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        std::fs::write(damaged.join("db"), bytes).unwrap();
        std::fs::write(damaged.join("CLEAN"), account(&damaged)).unwrap();
        let (records, found) = open(&damaged);
        match (found, count(&records)) {
            (Found::Clean, Ok(3000)) => harmless += 1,
            (Found::Empty(Why::Damaged), Ok(0)) | (Found::Clean, Err(RecordsError::Damaged)) => noticed += 1,
            (Found::Clean, Ok(_)) => lost += 1,
            (found, other) => panic!("byte {at}: {found:?}, {other:?}"),
        }
    }
    // Negative control: the damage is real.
    println!("{harmless} harmless, {noticed} noticed, {lost} with records lost");
    assert!(noticed + lost > 0);
}

#[test]
fn a_half_made_snapshot_does_not_keep_the_store_shut() {
    let (_folder, path) = folder();
    closed_with(&path, 10);
    std::fs::write(path.join("snap.000000000000000A.generating"), b"").unwrap();
    let (records, found) = open(&path);
    assert_eq!(found, Found::Clean);
    assert_eq!(count(&records), Ok(10));
}

#[test]
fn a_second_open_says_that_it_is_held_and_sets_nothing_aside() {
    let (_folder, path) = folder();
    closed_with(&path, 10);
    let (records, _) = open(&path);
    // As if it had been closed cleanly: only sled's own lock is in the way.
    std::fs::write(path.join("CLEAN"), account(&path)).unwrap();
    let refused = SledRecords::open(&Disk::real(), &path).unwrap_err();
    assert!(matches!(refused, VaultError::Records(RecordsError::Held)), "{refused}");
    assert_eq!(count(&records), Ok(10));
    assert!(!path.with_extension("aside").exists());
}

/// The largest values, twice over, leave no blob files: sled never syncs and never removes those.
#[test]
fn values_of_the_largest_size_stay_in_the_tree() {
    let (_folder, path) = folder();
    let (records, _) = open(&path);
    for round in 0..2u8 {
        for at in 0..200u32 {
            let mut batch = Batch::new();
            batch.put(at.to_be_bytes().to_vec(), vec![round; model::limits::RECORD_BYTES_MAX]);
            records.commit(&batch).unwrap();
        }
        records.sync().unwrap();
    }
    let blobs = std::fs::read_dir(path.join("blobs")).map(|blobs| blobs.count()).unwrap_or(0);
    assert_eq!(blobs, 0);
}

#[test]
fn an_empty_store_can_be_asked_for() {
    let (_folder, path) = folder();
    closed_with(&path, 10);
    let records = SledRecords::open_empty(&Disk::real(), &path).unwrap();
    assert_eq!(count(&records), Ok(0));
}
