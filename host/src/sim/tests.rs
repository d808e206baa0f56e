//! The simulation loses what it should and nothing else, and the same seed loses the same.

use super::*;

fn path(text: &str) -> &Path {
    Path::new(text)
}

/// A file with a durable beginning and an unsynced write over and behind it.
fn half_written(seed: u64) -> SimMedium {
    let sim = SimMedium::new(seed);
    let disk = sim.disk();
    disk.write_whole(path("/file"), &[1; 3_000]).unwrap();
    disk.open(path("/file"), How::ReadWrite).unwrap().write_all_at(1_000, &[2; 4_000]).unwrap();
    sim
}

#[test]
fn what_was_not_synced_reads_well_until_the_crash() {
    let sim = half_written(0);
    assert_eq!(sim.content(path("/file")).unwrap().len(), 5_000);
    sim.restart();
    assert_eq!(sim.content(path("/file")).unwrap().len(), 5_000);
    sim.crash_losing(Loss::Everything);
    assert_eq!(sim.content(path("/file")).unwrap(), [1; 3_000]);
    let lucky = half_written(0);
    lucky.crash_losing(Loss::Nothing);
    assert_eq!(lucky.content(path("/file")).unwrap(), [&[1; 1_000][..], &[2; 4_000]].concat());
}

#[test]
fn chance_keeps_all_none_a_beginning_or_some_sectors() {
    let (mut all, mut none, mut beginning, mut sectors) = (0, 0, 0, 0);
    for seed in 0..200 {
        let sim = half_written(seed);
        sim.crash();
        let content = sim.content(path("/file")).unwrap();
        assert_eq!(content[..1_000], [1; 1_000]);
        let written = content.iter().filter(|byte| **byte == 2).count();
        let end_of_written = content.iter().rposition(|byte| *byte == 2).map_or(1_000, |last| last + 1);
        match written {
            0 => none += 1,
            4_000 => all += 1,
            some if end_of_written == 1_000 + some => beginning += 1,
            _ => sectors += 1,
        }
    }
    assert!(all > 10 && none > 10 && beginning > 10 && sectors > 10, "{all} {none} {beginning} {sectors}");
}

#[test]
fn the_same_seed_loses_the_same() {
    let run = |seed| {
        let sim = half_written(seed);
        sim.crash();
        sim.disk().write_whole(path("/other"), b"x").unwrap();
        (sim.content(path("/file")), sim.events())
    };
    for seed in 0..20 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
    assert!((0..20).any(|seed| run(seed) != run(0)));
}

#[test]
fn a_name_is_lost_without_its_folders_sync() {
    let sim = SimMedium::new(0);
    let file = sim.disk().open(path("/new"), How::CreateNew).unwrap();
    file.write_all_at(0, b"x").unwrap();
    file.sync().unwrap();
    sim.crash_losing(Loss::Everything);
    assert_eq!(sim.content(path("/new")), None);
}

#[test]
fn a_removed_name_comes_back_without_its_folders_sync() {
    let sim = SimMedium::new(0);
    let disk = sim.disk();
    disk.write_whole(path("/a"), b"a").unwrap();
    disk.remove_file(path("/a")).unwrap();
    sim.crash_losing(Loss::Everything);
    assert_eq!(sim.content(path("/a")).unwrap(), b"a");
    sim.disk().remove_file(path("/a")).unwrap();
    sim.disk().sync_folder(path("/")).unwrap();
    sim.crash_losing(Loss::Everything);
    assert_eq!(sim.content(path("/a")), None);
}

#[test]
fn a_folder_that_is_lost_takes_with_it_what_is_in_it() {
    let sim = SimMedium::new(0);
    sim.make_folder(path("/a")).unwrap();
    sim.disk().write_whole(path("/a/file"), b"x").unwrap();
    sim.crash_losing(Loss::Everything);
    assert!(!sim.disk().exists(path("/a")).unwrap());
}

#[test]
fn a_rename_between_folders_is_one_step_at_every_crash() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let sim = SimMedium::new(seed);
        let disk = sim.disk();
        disk.create_folder(path("/a")).unwrap();
        disk.create_folder(path("/b")).unwrap();
        disk.write_whole(path("/a/file"), b"x").unwrap();
        Medium::rename(&sim, path("/a/file"), path("/b/file"), Onto::Nothing).unwrap();
        sim.crash();
        let there = [sim.content(path("/a/file")).is_some(), sim.content(path("/b/file")).is_some()];
        assert!(there[0] != there[1], "seed {seed}: {there:?}");
        seen.insert(there);
    }
    assert_eq!(seen.len(), 2);
}

#[test]
fn names_of_a_folder_reach_the_disk_in_their_order() {
    for seed in 0..100 {
        let sim = SimMedium::new(seed);
        for name in ["/1", "/2", "/3"] {
            sim.open(path(name), How::CreateNew).unwrap();
        }
        sim.crash();
        let there = ["/1", "/2", "/3"].map(|name| sim.content(path(name)).is_some());
        assert!(there.is_sorted_by(|earlier, later| earlier >= later), "seed {seed}: {there:?}");
    }
}

#[test]
fn the_power_goes_at_one_operation_and_stays_away_until_the_crash() {
    let sim = SimMedium::new(0);
    let file = sim.open(path("/file"), How::CreateNew).unwrap();
    sim.cut_power_at(3);
    file.write_all_at(0, b"1").unwrap();
    assert!(file.write_all_at(1, b"2").is_err());
    assert!(file.write_all_at(2, b"3").is_err());
    assert!(file.sync_content().is_err());
    assert!(sim.open(path("/other"), How::CreateNew).is_err());
    assert_eq!(sim.operations(), 3);
    sim.crash_losing(Loss::Nothing);
    assert_eq!(sim.content(path("/file")).unwrap(), b"12");
    sim.open(path("/other"), How::CreateNew).unwrap();
}

#[test]
fn files_opened_before_a_crash_are_dead_and_locks_are_free() {
    let sim = SimMedium::new(0);
    let disk = sim.disk();
    let file = disk.open(path("/file"), How::CreateNew).unwrap();
    let held = disk.lock(path("/lock")).unwrap();
    assert!(matches!(disk.lock(path("/lock")), Err(crate::DiskError::Held { .. })));
    disk.sync_folder(path("/")).unwrap();
    sim.crash();
    assert!(file.len().is_err() && file.write_all_at(0, b"x").is_err() && file.sync().is_err());
    let again = sim.disk().lock(path("/lock")).unwrap();
    drop(held); // the old holder's end frees nothing
    assert!(sim.disk().lock(path("/lock")).is_err());
    drop(again);
    sim.disk().lock(path("/lock")).unwrap();
}

#[test]
fn a_failed_write_has_written_a_beginning() {
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let sim = SimMedium::new(seed);
        let file = sim.open(path("/file"), How::CreateNew).unwrap();
        sim.fail_write_at(1);
        let fault = file.write_all_at(0, &[1; 100]).unwrap_err();
        assert_eq!(fault.kind(), io::ErrorKind::StorageFull);
        lengths.insert(file.len().unwrap());
        file.write_all_at(0, &[1; 100]).unwrap();
    }
    assert!(lengths.len() > 10 && lengths.iter().all(|length| *length < 100));
}

#[test]
fn paths_and_kinds_are_told_apart() {
    let sim = SimMedium::new(0);
    let disk = sim.disk();
    disk.create_folder(path("/a/b")).unwrap();
    disk.write_whole(path("/a/file"), b"x").unwrap();
    assert!(matches!(disk.open(path("/a/b"), How::Read), Err(crate::DiskError::NotAFile { .. })));
    assert!(disk.remove_folder(path("/a")).is_err());
    assert!(disk.remove_file(path("/a/b")).is_err());
    assert!(disk.list(path("/a/file")).is_err());
    assert!(disk.create_folder(path("/a/file/below")).is_err());
    assert!(!disk.exists(path("/a/file/below")).unwrap());
    assert!(disk.open(path("/a/../a/file"), How::Read).is_err());
    assert!(disk.rename(path("/a/file"), path("/a/b")).is_err());
    assert_eq!(disk.list(path("/a")).unwrap(), ["b", "file"]);
    disk.rename(path("/a/b"), path("/a/c")).unwrap();
    assert!(disk.is_folder(path("/a/c")).unwrap());
    let reader = disk.open(path("/a/file"), How::Read).unwrap();
    assert!(reader.write_all_at(0, b"y").is_err() && reader.set_len(0).is_err());
    let far = disk.open(path("/a/file"), How::ReadWrite).unwrap();
    assert!(far.write_all_at(u64::MAX, b"y").is_err() && far.set_len(u64::MAX).is_err());
}

#[test]
fn space_and_verdict_are_what_the_test_says() {
    let sim = SimMedium::new(0);
    let space = Space { free_bytes: 1, total_bytes: 2 };
    sim.set_space(space);
    assert_eq!(sim.disk().space(path("/")).unwrap(), space);
    assert!(sim.disk().space(path("/none")).is_err());
    let verdict = MediumVerdict::CanNot(vec![crate::disk::Keeps::Swap]);
    sim.set_verdict(verdict.clone());
    assert_eq!(sim.disk().medium_of(path("/")), verdict);
}
