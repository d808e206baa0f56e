//! Crash at every operation. Goal: what was answered is there, what is there is whole, and recovery goes on.
//! Method: the same sequence of commits over and over on a simulated disk, the power cut (or a sync, or a write
//! failing) one operation later each time. Control: a journal whose log loses its last frame must be refused.

use host::sim::{Loss, SimMedium};

use super::*;

/// Entries of each commit after genesis; with the small log files below, files change in between.
const COMMITS: [u64; 7] = [1, 3, 2, 5, 1, 4, 2];
const LOG_BYTES_MAX: u64 = 3_500;

/// What was answered before the fault.
#[derive(Debug, Clone, Copy, Default)]
struct Answered {
    size: u64,
    tried: u64,
}

/// Runs until the fault, or to the end.
fn run(disk: &Disk) -> Answered {
    let mut answered = Answered { size: 0, tried: 2 };
    let Ok((mut journal, committed)) = create(disk, 2) else { return answered };
    answered.size = committed.size();
    journal.set_log_bytes_max(LOG_BYTES_MAX);
    for count in COMMITS {
        answered.tried = answered.size + count;
        let Ok(committed) = commit(&mut journal, answered.size, count) else { return answered };
        answered.size = committed.size();
    }
    answered
}

/// J1 to J5 after any stop. Gives the size found, 0 where there is no journal.
fn assert_recovers(sim: &SimMedium, answered: Answered, what: &str) -> u64 {
    let disk = sim.disk();
    let (journal, recovered) = match Journal::recover(&disk, &folder(), &second_place()) {
        Ok(found) => found,
        Err(JournalError::Absent { .. } | JournalError::HeadMissing { .. }) if answered.size == 0 => {
            return 0;
        }
        Err(fault) => panic!("{what}: {answered:?}: {fault}"),
    };
    let size = recovered.entries;
    assert!(answered.size <= size && size <= answered.tried, "{what}: {answered:?}, found {size}");
    assert!(size == answered.size || size == answered.tried, "{what}: no part of a commit");
    assert_sound(journal.reader(), size);
    drop(journal);
    let (mut journal, again) = Journal::recover(&disk, &folder(), &second_place()).unwrap();
    assert_eq!((again.entries, again.cut_bytes, again.head_was), (size, 0, None), "{what}: repeated");
    commit(&mut journal, size, 2).unwrap();
    assert_sound(journal.reader(), size + 2);
    size
}

fn operations_of_a_run() -> (u64, u64, u64) {
    let sim = SimMedium::new(1);
    let disk = disk_with_practice(&sim);
    let answered = run(&disk);
    assert_eq!(answered.size, 2 + COMMITS.iter().sum::<u64>());
    assert!(sim.content(&log(2)).is_some(), "the sequence changes files");
    (sim.operations(), sim.syncs(), sim.writes())
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_that_was_answered() {
    let (operations, _, _) = operations_of_a_run();
    let mut brought_forward = 0;
    for loss in [Loss::Chance, Loss::Everything, Loss::Nothing] {
        for operation in 1..=operations {
            let sim = SimMedium::new(operation);
            let disk = sim.disk();
            sim.cut_power_at(operation);
            if disk.create_folder(Path::new("/practice")).is_err() {
                continue;
            }
            let answered = run(&disk);
            sim.crash_losing(loss);
            let found = assert_recovers(&sim, answered, &format!("{loss:?} at operation {operation}"));
            brought_forward += u64::from(found > answered.size);
        }
    }
    assert!(brought_forward > 0, "some commits were durable before they were answered");
}

#[test]
fn a_killed_process_at_any_operation_loses_nothing_that_was_answered() {
    let (_, syncs, writes) = operations_of_a_run();
    for (fault, count) in [("sync", syncs), ("write", writes)] {
        for n in 1..=count {
            let sim = SimMedium::new(n);
            let disk = disk_with_practice(&sim);
            match fault {
                "sync" => sim.fail_sync_at(n),
                _ => sim.fail_write_at(n),
            }
            let answered = run(&disk);
            // First only the process is gone, then also the power: what a recovery relied on must be on the disk.
            sim.restart();
            let found = assert_recovers(&sim, answered, &format!("failed {fault} {n}"));
            sim.crash_losing(Loss::Everything);
            if found > 0 {
                let after = Answered { size: found + 2, tried: found + 2 };
                assert_recovers(&sim, after, &format!("failed {fault} {n}, then the power"));
            }
        }
    }
}

#[test]
fn a_power_cut_during_recovery_changes_nothing() {
    let (operations, _, _) = operations_of_a_run();
    for operation in (40..=operations).step_by(3) {
        for later in 1.. {
            let sim = SimMedium::new(operation * 100 + later);
            let disk = disk_with_practice(&sim);
            sim.cut_power_at(operation);
            let answered = run(&disk);
            sim.crash();
            sim.cut_power_at(sim.operations() + later);
            let finished = Journal::recover(&sim.disk(), &folder(), &second_place()).is_ok();
            sim.crash();
            assert_recovers(&sim, answered, &format!("cut at {operation}, again {later} later"));
            if finished || answered.size == 0 {
                break;
            }
        }
    }
}

#[test]
fn control_a_log_that_lost_its_last_frame_is_refused() {
    let sim = SimMedium::new(3);
    let disk = disk_with_practice(&sim);
    let (mut journal, _) = create(&disk, 1).unwrap();
    let shorter = sim.content(&log(1)).unwrap();
    commit(&mut journal, 1, 1).unwrap();
    sim.plant(&log(1), &shorter);
    let refused = Journal::recover(&disk, &folder(), &second_place());
    assert!(matches!(refused, Err(JournalError::HeadAhead { head_size: 2, log_size: 1, .. })));
}
