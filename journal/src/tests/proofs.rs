//! Proofs and look-ups against the reference tree in memory, whatever happened to tiles and positions.

use host::sim::SimMedium;
use proptest::prelude::*;

use super::*;

/// One step of a journal's life.
#[derive(Debug, Clone)]
enum Step {
    Commit(u64),
    Reopen,
    LoseTile(u8, u64),
    RotTile(u8, u64, u64),
    RotPosition(u64),
    LosePositions,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1u64..150).prop_map(Step::Commit),
        1 => Just(Step::Reopen),
        1 => (0u8..2, 0u64..5).prop_map(|(level, index)| Step::LoseTile(level, index)),
        1 => (0u8..2, 0u64..5, 0u64..8192).prop_map(|(level, index, at)| Step::RotTile(level, index, at)),
        1 => (0u64..20_000).prop_map(Step::RotPosition),
        1 => Just(Step::LosePositions),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_journal_is_the_list_in_memory(
        steps in proptest::collection::vec(step(), 1..24),
        asked in proptest::collection::vec((any::<u64>(), any::<u64>()), 12),
    ) {
        let sim = SimMedium::new(1);
        let disk = disk_with_practice(&sim);
        let (mut journal, _) = create(&disk, 1).unwrap();
        journal.set_log_bytes_max(20_000);
        let mut size = 1;
        for step in steps {
            match step {
                Step::Commit(count) => {
                    size = commit(&mut journal, size, count).unwrap().size();
                }
                Step::Reopen => {
                    drop(journal);
                    journal = Journal::recover(&disk, &folder(), &second_place()).unwrap().0;
                    journal.set_log_bytes_max(20_000);
                }
                Step::LoseTile(level, index) => disk.remove_file(&tile(level, index)).unwrap(),
                Step::RotTile(level, index, at) => drop(sim.rot(&tile(level, index), at, 0x20)),
                Step::RotPosition(at) => drop(sim.rot(&positions(), at, 0x04)),
                Step::LosePositions => drop(sim.plant(&positions(), b"")),
            }
        }
        let reference = merkle::Tree::of(leaves(size));
        prop_assert_eq!(journal.head().root, reference.root());
        for (one, other) in asked {
            let new = 1 + one % size;
            let index = other % new;
            let root = merkle::root(&reference, new).unwrap();
            let path = journal.inclusion_path(index, new).unwrap();
            prop_assert_eq!(&path, &merkle::inclusion_path(&reference, index, new).unwrap());
            merkle::verify_inclusion(&leaves(index + 1)[index as usize], index, new, &path, &root).unwrap();
            let old = index + 1;
            let proof = journal.consistency(old, new).unwrap();
            prop_assert_eq!(proof, merkle::consistency_proof(&reference, old, new).unwrap());
            assert_is(&journal.entry(index).unwrap(), index);
        }
        assert_sound(journal.reader(), size);
    }
}

#[test]
fn a_proof_at_an_old_size_is_the_same_for_ever() {
    let sim = SimMedium::new(2);
    let (mut journal, _) = create(&disk_with_practice(&sim), 3).unwrap();
    let mut size = commit(&mut journal, 3, 250).unwrap().size();
    let then: Vec<_> = (0..size).map(|index| journal.inclusion_path(index, size).unwrap()).collect();
    let old = size;
    while size < 1_100 {
        size = commit(&mut journal, size, 97).unwrap().size();
        let now: Vec<_> = (0..old).map(|index| journal.inclusion_path(index, old).unwrap()).collect();
        assert_eq!(now, then);
    }
}

#[test]
fn a_wrong_tile_or_position_is_never_believed_and_is_made_again() {
    let sim = SimMedium::new(5);
    let (mut journal, _) = create(&disk_with_practice(&sim), 3).unwrap();
    journal.set_log_bytes_max(40_000);
    let mut size = 3;
    while size < 1_100 {
        size = commit(&mut journal, size, 97).unwrap().size();
    }
    let reference = merkle::Tree::of(leaves(size));
    for number in 0..4 {
        let whole = sim.content(&tile(0, number)).unwrap();
        for hash in 0..256 {
            assert!(sim.rot(&tile(0, number), hash * 32 + hash % 32, 0x80));
            // Its sibling's path begins with the rotten hash.
            let index = (number * 256 + hash) ^ 1;
            assert_eq!(journal.inclusion_path(index, size).unwrap(), reference.path(index).unwrap());
            assert_eq!(sim.content(&tile(0, number)).unwrap(), whole);
        }
    }
    let whole = sim.content(&positions()).unwrap();
    for at in (0..whole.len() as u64).step_by(101) {
        assert!(sim.rot(&positions(), at, 0x01));
        assert_is(&journal.entry(at / 16).unwrap(), at / 16);
        assert_eq!(sim.content(&positions()).unwrap(), whole);
    }
}

#[test]
fn what_is_outside_the_journal_has_no_proof() {
    let sim = SimMedium::new(3);
    let (journal, _) = create(&disk_with_practice(&sim), 3).unwrap();
    assert!(matches!(journal.inclusion_path(3, 3), Err(JournalError::Beyond { asked: 3, size: 3 })));
    assert!(matches!(journal.inclusion_path(0, 4), Err(JournalError::Beyond { asked: 4, size: 3 })));
    assert!(matches!(journal.inclusion_path(0, 0), Err(JournalError::Beyond { .. })));
    assert!(matches!(journal.consistency(3, 2), Err(JournalError::Beyond { asked: 3, size: 2 })));
    assert!(matches!(journal.consistency(1, u64::MAX), Err(JournalError::Beyond { .. })));
    assert_eq!(journal.consistency(0, 3).unwrap(), Vec::new());
    assert_eq!(journal.consistency(3, 3).unwrap(), Vec::new());
}

#[test]
fn readers_go_beside_the_writer() {
    let sim = SimMedium::new(4);
    let (mut journal, _) = create(&disk_with_practice(&sim), 1).unwrap();
    journal.set_log_bytes_max(5_000);
    let reader = journal.reader().clone();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut size = 0;
            while size < 300 {
                let head = reader.head();
                assert!(head.size >= size, "a head never goes back");
                size = head.size;
                assert_is(&reader.entry(size - 1).unwrap(), size - 1);
                reader.inclusion_path(size / 2, size).unwrap();
            }
        });
        let mut size = 1;
        while size < 300 {
            size = commit(&mut journal, size, 1).unwrap().size();
        }
        reading.join().unwrap();
    });
    assert_sound(journal.reader(), 300);
}

fn tile(level: u8, index: u64) -> PathBuf {
    folder().join(format!("tiles/{level}/{index:03}"))
}

fn positions() -> PathBuf {
    folder().join("tiles/positions")
}
