//! A change of slots, with the power cut at every operation: there is always one whole slot to be the device.

use std::path::Path;

use host::sim::{Loss, SimMedium};

use super::*;

const PRACTICE: &str = "/home/practices/x";

fn slots(disk: &Disk) -> Slots<'_> {
    Slots { disk, folder: Path::new(PRACTICE) }
}

fn fill(disk: &Disk, slot: &str, what: &[u8]) {
    let folder = Path::new(PRACTICE).join(slot);
    let _ = disk.create_folder(&folder.join("keys")).unwrap();
    let _ = disk.write_whole(&folder.join("keys/tls"), what).unwrap();
    if slot == NEXT {
        let _ = disk.write_whole(&folder.join(REQUEST), b"request").unwrap();
    }
    let _ = disk.write_whole(&folder.join(CERTIFICATES), what).unwrap();
}

fn scene(seed: u64) -> SimMedium {
    let medium = SimMedium::new(seed);
    let disk = medium.disk();
    fill(&disk, CURRENT, b"old");
    fill(&disk, NEXT, b"new");
    medium
}

/// The slot that is the device: whole, keys and certificates of one kind.
fn device(disk: &Disk) -> Vec<u8> {
    let current = slots(disk).current().unwrap();
    let read = |name: &str| disk.read_whole(&current.join(name), 100).unwrap();
    let certificates = read(CERTIFICATES);
    assert_eq!(read("keys/tls"), certificates, "keys and certificates are of one slot");
    certificates
}

#[test]
fn a_change_ends_with_the_new_one_and_nothing_else() {
    let medium = scene(1);
    let disk = medium.disk();
    assert_eq!(device(&disk), b"old");
    slots(&disk).change().unwrap();
    assert_eq!(device(&disk), b"new");
    assert_eq!(slots(&disk).stage().unwrap(), Stage::None);
    for gone in [NEXT, PREVIOUS] {
        assert!(!disk.exists(&Path::new(PRACTICE).join(gone)).unwrap(), "{gone}");
    }
}

#[test]
fn a_power_cut_at_any_step_of_a_change_leaves_a_whole_device() {
    let before = scene(1).operations();
    let whole = scene(1);
    slots(&whole.disk()).change().unwrap();
    for cut in before + 1..=whole.operations() {
        for (seed, loss) in [(1, Loss::Everything), (2, Loss::Nothing), (3, Loss::Chance), (4, Loss::Chance)]
        {
            let medium = scene(seed);
            medium.cut_power_at(cut);
            let _ = slots(&medium.disk()).change();
            medium.crash_losing(loss);
            let disk = medium.disk();
            // Who only reads finds a whole one before anything is settled.
            let found = device(&disk);
            assert!(found == b"old" || found == b"new", "cut {cut} seed {seed}");
            slots(&disk).settle().unwrap();
            let settled = device(&disk);
            match slots(&disk).stage().unwrap() {
                Stage::Answered => assert_eq!(settled, b"old", "cut {cut} seed {seed}"),
                Stage::None => assert_eq!(settled, b"new", "cut {cut} seed {seed}"),
                Stage::Asked => panic!("cut {cut} seed {seed}: its certificates are lost"),
            }
            slots(&disk).settle().unwrap();
            assert_eq!(device(&disk), settled, "settled once is settled");
        }
    }
}

#[test]
fn a_power_cut_while_a_renewal_is_given_up_leaves_the_old_one() {
    let before = scene(1).operations();
    let whole = scene(1);
    slots(&whole.disk()).give_up().unwrap();
    for cut in before + 1..=whole.operations() {
        for seed in 1..6 {
            let medium = scene(seed);
            medium.cut_power_at(cut);
            let _ = slots(&medium.disk()).give_up();
            medium.crash();
            let disk = medium.disk();
            slots(&disk).settle().unwrap();
            assert_eq!(device(&disk), b"old");
            slots(&disk).give_up().unwrap();
            assert_eq!(slots(&disk).stage().unwrap(), Stage::None);
        }
    }
}
