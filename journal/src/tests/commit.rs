//! Committing and reading back: what a commit gives, in which order it touches the disk, how log files follow each other.

use std::path::Path;

use host::sim::{Event, SimMedium};

use super::*;

#[test]
fn what_was_committed_is_read_back_with_its_head() {
    let sim = SimMedium::new(1);
    let (mut journal, genesis) = create(&disk_with_practice(&sim), 2).unwrap();
    assert_eq!((genesis.first_index(), genesis.count(), genesis.size()), (0, 2, 2));
    let committed = commit(&mut journal, 2, 3).unwrap();
    assert_eq!((committed.first_index(), committed.count(), committed.size()), (2, 3, 5));
    assert_eq!(committed.head(), journal.head());
    assert_eq!(committed.head().root, root_of(5));
    assert_eq!(committed.head().time, time(2));
    assert_sound(journal.reader(), 5);
    let read = journal.entry(1).unwrap();
    assert_eq!(read.head(), genesis.head());
    assert_eq!(journal.entry(4).unwrap().committed().head(), committed.head());
    assert!(matches!(journal.entry(5), Err(JournalError::Beyond { asked: 5, size: 5 })));
}

#[test]
fn nothing_is_answered_before_log_and_head_are_synced_in_this_order() {
    let sim = SimMedium::new(2);
    let (mut journal, _) = create(&disk_with_practice(&sim), 1).unwrap();
    sim.clear_events();
    commit(&mut journal, 1, 1).unwrap();
    sim.mark("answered");
    let events = sim.events();
    let at = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let written = at(&|event| matches!(event, Event::Written { path, .. } if *path == log(1)));
    let synced = at(&|event| *event == Event::Synced(log(1)));
    let renamed = at(&|event| matches!(event, Event::Renamed { to, .. } if *to == second_place()));
    let folder_synced = at(&|event| *event == Event::FolderSynced(folder()));
    let answered = at(&|event| *event == Event::Marked("answered".to_owned()));
    assert!(written < synced && synced < renamed && renamed < folder_synced && folder_synced < answered);
    let syncs = events.iter().filter(|event| matches!(event, Event::Synced(_) | Event::FolderSynced(_)));
    assert_eq!(syncs.count(), 3, "the log, the head, the head's folder: {events:?}");
}

#[test]
fn a_commit_that_can_be_refused_is_refused_before_anything_is_written() {
    struct NoSigner;
    impl HeadSigner for NoSigner {
        fn sign(&self, _: u64, _: Sha256Digest, _: Timestamp) -> Result<HeadSignatures, SigningFailed> {
            Err(SigningFailed::Refused)
        }
    }
    struct LongNote;
    impl HeadSigner for LongNote {
        fn sign(&self, _: u64, _: Sha256Digest, _: Timestamp) -> Result<HeadSignatures, SigningFailed> {
            Ok(HeadSignatures { checkpoint_note: vec![b'x'; 4097], receipt_signature: [0; 64] })
        }
    }
    let sim = SimMedium::new(3);
    let (mut journal, _) = create(&disk_with_practice(&sim), 1).unwrap();
    commit(&mut journal, 1, 1).unwrap();
    let before = sim.operations();
    let empty = NewEntry { statement: Vec::new(), list: None, key: HOUSE };
    let empty_list = NewEntry { list: Some(Vec::new()), ..entry(2) };
    let unknown = NewEntry { key: UNKNOWN, ..entry(2) };
    let large = NewEntry { list: Some(vec![7; 33 * 1024 * 1024]), ..entry(2) };
    let mut refused = |entries: &[NewEntry], ms, signer: &dyn HeadSigner| {
        journal.commit(entries, time(ms), signer, &FakeBox).unwrap_err()
    };
    assert!(matches!(refused(&[], 9, &FakeSigner), JournalError::Empty));
    assert!(matches!(refused(&[empty], 9, &FakeSigner), JournalError::Empty));
    assert!(matches!(refused(&[empty_list], 9, &FakeSigner), JournalError::Empty));
    assert!(matches!(refused(&[entry(2)], 0, &FakeSigner), JournalError::TimeWentBack { .. }));
    assert!(matches!(refused(&[unknown], 9, &FakeSigner), JournalError::Seal(SealFailure::NoKey)));
    assert!(matches!(refused(&[large], 9, &FakeSigner), JournalError::TooLarge { .. }));
    assert!(matches!(refused(&[entry(2)], 9, &NoSigner), JournalError::Sign(SigningFailed::Refused)));
    assert!(matches!(refused(&[entry(2)], 9, &LongNote), JournalError::Sign(SigningFailed::NoteLength)));
    assert_eq!(sim.operations(), before);
    commit(&mut journal, 2, 1).unwrap();
    assert_sound(journal.reader(), 3);
}

#[test]
fn the_largest_submission_fits_and_six_of_them_do_together() {
    let sim = SimMedium::new(4);
    let (mut journal, _) = create(&disk_with_practice(&sim), 1).unwrap();
    let list = vec![b'l'; model::limits::LIST_BYTES_MAX];
    let statement = vec![b's'; model::limits::STATEMENT_BYTES_MAX];
    let largest = NewEntry { statement, list: Some(list), key: HOUSE };
    let six = vec![largest.clone(); 6];
    let committed = journal.commit(&six, time(9), &FakeSigner, &FakeBox).unwrap();
    assert_eq!(committed.count(), 6);
    let read = journal.entry(6).unwrap().open(&FakeBox).unwrap();
    assert_eq!((read.statement, read.list), (largest.statement.clone(), largest.list.clone()));
    let seven = vec![largest; 7];
    let refused = journal.commit(&seven, time(9), &FakeSigner, &FakeBox).unwrap_err();
    assert!(matches!(refused, JournalError::TooLarge { bytes, bytes_max } if bytes > bytes_max));
}

#[test]
fn log_files_follow_each_other_and_are_one_journal() {
    let sim = SimMedium::new(5);
    let disk = disk_with_practice(&sim);
    let (mut journal, _) = create(&disk, 1).unwrap();
    journal.set_log_bytes_max(4_000);
    let mut size = 1;
    for round in 0..40 {
        let count = 1 + round % 4;
        commit(&mut journal, size, count).unwrap();
        size += count;
        let from = size / 2;
        let mut seen = from;
        let each = |read: crate::Entry| {
            assert_is(&read, seen);
            seen += 1;
            Ok::<_, JournalError>(())
        };
        journal.iterate(from, each).unwrap();
        assert_eq!(seen, size);
    }
    assert!(sim.content(&log(5)).is_some(), "there are several log files");
    assert!(journal.reader().verify().unwrap().log_files >= 5);
    assert_sound(journal.reader(), size);
    drop(journal);
    let (journal, recovered) = Journal::recover(&disk, &folder(), &second_place()).unwrap();
    assert_eq!((recovered.entries, recovered.cut_bytes, recovered.head_was), (size, 0, None));
    assert_sound(journal.reader(), size);
}

#[test]
fn a_journal_is_not_made_over_another() {
    let sim = SimMedium::new(6);
    let disk = disk_with_practice(&sim);
    create(&disk, 1).unwrap();
    assert!(matches!(create(&disk, 1), Err(JournalError::Exists { path }) if path == log(1)));
    sim.plant(Path::new("/practice/head"), b"a head of another journal");
    let elsewhere = Path::new("/practice/other");
    let genesis = entries(0, 1);
    let head = Path::new("/practice/head");
    let made = Journal::create(&disk, elsewhere, head, &genesis, time(0), &FakeSigner, &FakeBox);
    assert!(matches!(made, Err(JournalError::Exists { path }) if path == head));
}

#[test]
fn a_failed_sync_or_write_commits_nothing_and_stops_the_journal() {
    for failure in 0..2 {
        let sim = SimMedium::new(7 + failure);
        let disk = disk_with_practice(&sim);
        let (mut journal, _) = create(&disk, 1).unwrap();
        commit(&mut journal, 1, 1).unwrap();
        if failure == 0 {
            sim.fail_sync_at(sim.syncs() + 1);
        } else {
            sim.fail_write_at(sim.writes() + 1);
        }
        assert!(matches!(commit(&mut journal, 2, 1), Err(JournalError::Log(_))));
        assert!(matches!(commit(&mut journal, 2, 1), Err(JournalError::Stopped)));
        assert_eq!(journal.head().size, 2);
        assert_eq!(journal.reader().size(), 2, "a head that is not committed is shown to nobody");
        drop(journal);
        sim.crash();
        let (mut journal, recovered) = Journal::recover(&sim.disk(), &folder(), &second_place()).unwrap();
        assert!((2..=3).contains(&recovered.entries));
        commit(&mut journal, recovered.entries, 1).unwrap();
        assert_sound(journal.reader(), recovered.entries + 1);
    }
}

#[test]
fn a_head_that_can_not_be_stored_stops_the_journal_and_is_brought_forward() {
    let sim = SimMedium::new(9);
    let disk = disk_with_practice(&sim);
    let (mut journal, _) = create(&disk, 1).unwrap();
    // The first write is the log's, the second the head's.
    sim.fail_write_at(sim.writes() + 2);
    assert!(matches!(commit(&mut journal, 1, 2), Err(JournalError::Disk(_))));
    assert!(matches!(commit(&mut journal, 3, 1), Err(JournalError::Stopped)));
    assert_eq!(journal.reader().size(), 1);
    drop(journal);
    sim.restart();
    let (journal, recovered) = Journal::recover(&sim.disk(), &folder(), &second_place()).unwrap();
    assert_eq!((recovered.entries, recovered.head_was), (3, Some(1)));
    assert_sound(journal.reader(), 3);
}

#[test]
fn twenty_thousand_entries_on_a_real_disk() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("journal");
    let second_place = place.path().join("head");
    let disk = Disk::real();
    let genesis = entries(0, 1);
    let (mut journal, _) =
        Journal::create(&disk, &folder, &second_place, &genesis, time(0), &FakeSigner, &FakeBox).unwrap();
    journal.set_log_bytes_max(1024 * 1024);
    let mut size = 1;
    while size < 20_000 {
        let count = (1 + size * 31 % 199).min(20_000 - size);
        commit(&mut journal, size, count).unwrap();
        size += count;
    }
    drop(journal);
    let (journal, recovered) = Journal::recover(&disk, &folder, &second_place).unwrap();
    assert_eq!(recovered.entries, 20_000);
    assert!(recovered.log_files > 3);
    let reference = merkle::Tree::of(leaves(size));
    assert_eq!(journal.head().root, reference.root());
    for index in (0..size).step_by(1_237) {
        assert_is(&journal.entry(index).unwrap(), index);
        assert_eq!(journal.inclusion_path(index, size).unwrap(), reference.path(index).unwrap());
    }
    // Gone look-ups are made again, file by file, when they are asked for.
    std::fs::remove_dir_all(folder.join("tiles/0")).unwrap();
    std::fs::write(folder.join("tiles/positions"), b"").unwrap();
    assert_eq!(journal.inclusion_path(3, size).unwrap(), reference.path(3).unwrap());
    assert_is(&journal.entry(4_711).unwrap(), 4_711);
    assert_eq!(journal.reader().verify().unwrap().entries, size);
}
