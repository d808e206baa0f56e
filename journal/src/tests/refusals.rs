//! The recovery cases of `format.md`, one test a row: what is brought forward, what is cut, what is refused by name.

use host::{LogError, sim::SimMedium};

use super::*;

/// A journal of several commits in one file, and what the disk held after each.
struct History {
    sim: SimMedium,
    disk: Disk,
    logs: Vec<Vec<u8>>,
    heads: Vec<Vec<u8>>,
}

fn history(seed: u64) -> History {
    let sim = SimMedium::new(seed);
    let disk = disk_with_practice(&sim);
    let (mut journal, _) = create(&disk, 1).unwrap();
    let (mut logs, mut heads) = (Vec::new(), Vec::new());
    for size in 1..=4 {
        logs.push(sim.content(&log(1)).unwrap());
        heads.push(sim.content(&second_place()).unwrap());
        commit(&mut journal, size, 1).unwrap();
    }
    logs.push(sim.content(&log(1)).unwrap());
    heads.push(sim.content(&second_place()).unwrap());
    History { sim, disk, logs, heads }
}

impl History {
    fn recover(&self) -> Result<(Journal, crate::Recovered), JournalError> {
        Journal::recover(&self.disk, &folder(), &second_place())
    }

    fn assert_unchanged(&self, log_bytes: &[u8], head_bytes: &[u8]) {
        assert_eq!(self.sim.content(&log(1)).unwrap(), log_bytes);
        assert_eq!(self.sim.content(&second_place()).unwrap(), head_bytes);
    }
}

#[test]
fn a_head_behind_the_log_is_brought_forward_from_anywhere() {
    for behind in 0..5 {
        let it = history(behind as u64);
        it.sim.plant(&second_place(), &it.heads[behind]);
        let (journal, recovered) = it.recover().unwrap();
        let expected = (behind < 4).then_some(behind as u64 + 1);
        assert_eq!((recovered.entries, recovered.head_was), (5, expected));
        assert_sound(journal.reader(), 5);
        it.assert_unchanged(&it.logs[4], &it.heads[4]);
    }
}

#[test]
fn a_head_ahead_of_the_log_is_refused() {
    let it = history(10);
    for shorter in 0..4 {
        it.sim.plant(&log(1), &it.logs[shorter]);
        let log_size = shorter as u64 + 1;
        let refused = it.recover();
        assert!(
            matches!(refused, Err(JournalError::HeadAhead { head_size: 5, log_size: found, .. }) if found == log_size)
        );
        it.assert_unchanged(&it.logs[shorter], &it.heads[4]);
    }
}

#[test]
fn a_log_cut_inside_what_the_head_counts_is_refused_and_left() {
    let it = history(11);
    let whole = &it.logs[4];
    for cut in 1..(whole.len() - it.logs[3].len()) {
        let shorter = &whole[..whole.len() - cut];
        it.sim.plant(&log(1), shorter);
        assert!(matches!(it.recover(), Err(JournalError::HeadAhead { head_size: 5, log_size: 4, .. })));
        it.assert_unchanged(shorter, &it.heads[4]);
    }
}

#[test]
fn the_same_size_with_another_root_is_refused() {
    let it = history(12);
    // Another history of the same length: entry 4 is another.
    let other = history_with_other_end();
    it.sim.plant(&log(1), &other.logs[4]);
    assert!(matches!(it.recover(), Err(JournalError::HeadForked { size: 5, .. })));
    it.assert_unchanged(&other.logs[4], &it.heads[4]);
}

#[test]
fn a_head_at_a_size_where_no_commit_ended_is_refused() {
    let sim = SimMedium::new(13);
    let disk = disk_with_practice(&sim);
    let (mut journal, _) = create(&disk, 1).unwrap();
    commit(&mut journal, 1, 3).unwrap();
    // Another journal's head, at size 2, whose commit ended earlier in the file than this log's end.
    let it = history(13);
    sim.plant(&second_place(), &it.heads[1]);
    let refused = Journal::recover(&disk, &folder(), &second_place());
    assert!(matches!(refused, Err(JournalError::HeadForked { size: 2, .. })));
}

#[test]
fn a_missing_or_damaged_head_is_refused() {
    let it = history(14);
    let mut bad = it.heads[4].clone();
    bad[40] ^= 1;
    it.sim.plant(&second_place(), &bad);
    assert!(matches!(it.recover(), Err(JournalError::HeadDamaged { .. })));
    it.sim.plant(&second_place(), &vec![0; 100_000]);
    assert!(matches!(it.recover(), Err(JournalError::HeadDamaged { .. })));
    it.disk.remove_file(&second_place()).unwrap();
    assert!(matches!(it.recover(), Err(JournalError::HeadMissing { .. })));
    it.disk.remove_file(&log(1)).unwrap();
    assert!(matches!(it.recover(), Err(JournalError::Absent { .. })));
    assert!(matches!(
        Journal::recover(&it.disk, Path::new("/nowhere"), &second_place()),
        Err(JournalError::Absent { .. })
    ));
}

#[test]
fn a_torn_frame_beyond_the_head_is_cut_wherever_it_was_torn() {
    let it = history(15);
    let (before, after) = (&it.logs[3], &it.logs[4]);
    for end in (before.len() + 1)..after.len() {
        it.sim.plant(&log(1), &after[..end]);
        it.sim.plant(&second_place(), &it.heads[3]);
        let (journal, recovered) = it.recover().unwrap();
        assert_eq!((recovered.entries, recovered.head_was), (4, None));
        assert_eq!(recovered.cut_bytes, (end - before.len()) as u64);
        assert_sound(journal.reader(), 4);
        it.assert_unchanged(before, &it.heads[3]);
    }
}

#[test]
fn a_flipped_bit_is_named_never_skipped_and_never_cut() {
    let it = history(16);
    for offset in (0..it.logs[4].len()).step_by(7) {
        let mut bad = it.logs[4].clone();
        bad[offset] ^= 0x10;
        it.sim.plant(&log(1), &bad);
        let refused = it.recover().unwrap_err();
        let is_named = matches!(
            refused,
            JournalError::Log(LogError::Damaged { .. } | LogError::WrongFormat { .. })
                | JournalError::Damaged { .. }
        );
        assert!(is_named, "at {offset}: {refused}");
        it.assert_unchanged(&bad, &it.heads[4]);
    }
}

#[test]
fn a_missing_log_file_is_named_and_damage_in_an_older_one_too() {
    let sim = SimMedium::new(17);
    let disk = disk_with_practice(&sim);
    let (mut journal, _) = create(&disk, 1).unwrap();
    journal.set_log_bytes_max(1_500);
    (1..40).for_each(|size| drop(commit(&mut journal, size, 1).unwrap()));
    drop(journal);
    let second = sim.content(&log(2)).unwrap();
    assert!(sim.content(&log(4)).is_some());

    disk.remove_file(&log(2)).unwrap();
    let refused = Journal::recover(&disk, &folder(), &second_place());
    assert!(matches!(refused, Err(JournalError::LogMissing { path }) if path == log(2)));

    // Damage behind what a start reads whole: named where it is met, the rest is served.
    sim.plant(&log(2), &second);
    sim.rot(&log(2), second.len() as u64 - 1, 1);
    let (journal, _) = Journal::recover(&disk, &folder(), &second_place()).unwrap();
    assert!(
        matches!(journal.reader().verify(), Err(JournalError::Log(LogError::Damaged { path, .. })) if path == log(2))
    );
    assert_is(&journal.entry(0).unwrap(), 0);
    assert_is(&journal.entry(39).unwrap(), 39);
    let mut seen = 0;
    let stopped = journal.iterate(0, |_| {
        seen += 1;
        Ok::<_, JournalError>(())
    });
    assert!(stopped.is_err() && seen > 0 && seen < 40);
    drop(journal);

    // The newest file gone: the head knows more than the log.
    let last = (1..).take_while(|number| sim.content(&log(*number)).is_some()).last().unwrap();
    sim.plant(&log(2), &second);
    disk.remove_file(&log(last)).unwrap();
    let refused = Journal::recover(&disk, &folder(), &second_place());
    assert!(matches!(refused, Err(JournalError::HeadAhead { head_size: 40, log_size, .. }) if log_size < 40));
}

#[test]
fn an_entry_whose_sealed_bytes_were_exchanged_does_not_open() {
    let sim = SimMedium::new(18);
    let (journal, _) = create(&disk_with_practice(&sim), 2).unwrap();
    let mut read = journal.entry(0).unwrap();
    read.sealed = journal.entry(1).unwrap().sealed;
    assert_eq!(read.open(&FakeBox), Err(OpenFailure::Damaged));
    let mut listless = journal.entry(1).unwrap();
    listless.sealed.list = None;
    assert_eq!(listless.hash(), entry_hash(&entry(1).statement));
    assert!(listless.open(&FakeBox).unwrap().list.is_none());
}

fn history_with_other_end() -> History {
    let it = history(12);
    it.sim.plant(&log(1), &it.logs[3]);
    it.sim.plant(&second_place(), &it.heads[3]);
    let (mut journal, _) = it.recover().unwrap();
    // As long as the true entry 4, so that the file is too.
    let mut other = entry(4);
    other.statement[0] ^= 1;
    journal.commit(&[other], time(4), &FakeSigner, &FakeBox).unwrap();
    let mut logs = it.logs.clone();
    logs[4] = it.sim.content(&log(1)).unwrap();
    History { logs, ..it }
}
