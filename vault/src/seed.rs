//! The shred seed: the one secret that is overwritten in place, so that what it protected can be forgotten.
//! Two equal slots, because a write in place can tear. Copied nowhere, backed up nowhere.
//!
//! | offset in the slot | bytes | meaning |
//! |---|---|---|
//! | 0 | 8 | generation |
//! | 8 | 16,320 | random; the shred root is its SHA-512 |
//! | 16,328 | 32 | BLAKE3 of bytes 0..16,328 |
//! | 16,360 | 24 | zeros |
//!
//! Slot A lies at 0 and governs; slot B lies at 16,384. What a start finds:
//!
//! | A | B | then |
//! |---|---|---|
//! | whole | the same | nothing to do |
//! | whole | torn | B is written again from A |
//! | torn | whole | A is written again from B: a renewal had passed its point of no return |
//! | whole | whole, another | a renewal is under way; it is for the shredder to end it |
//! | torn | torn | damage |

use host::{Disk, Durable, How};
use seal::ShredRoot;
use zeroize::Zeroizing;

use crate::VaultError;
use crate::error::damaged;
use crate::folder::Folder;

const SLOT_BYTES: usize = 16 * 1024;
const RANDOM_AT: usize = 8;
const RANDOM_BYTES: usize = 16_320;
const CHECK_AT: usize = RANDOM_AT + RANDOM_BYTES;

/// The shred root in force, and its generation.
pub(crate) struct Seed {
    pub(crate) generation: u64,
    pub(crate) root: ShredRoot,
}

type Slot = Zeroizing<Vec<u8>>;

/// Makes the seed of the first generation. The file must not be there.
pub(crate) fn create(disk: &Disk, folder: &Folder) -> Result<Durable<Seed>, VaultError> {
    let path = folder.seed();
    let slot = draw(1)?;
    let file = disk.open(&path, How::CreateNew)?;
    file.write_all_at(0, &slot)?;
    file.write_all_at(SLOT_BYTES as u64, &slot)?;
    let written = file.sync()?.and(disk.sync_folder(&folder.shred())?);
    let seed = seed_of(&slot).ok_or_else(|| damaged("shred seed", path))?;
    Ok(written.map(|_| seed))
}

/// Reads the seed and mends a torn slot.
pub(crate) fn open(disk: &Disk, folder: &Folder) -> Result<Seed, VaultError> {
    let path = folder.seed();
    let file = disk.open(&path, How::ReadWrite)?;
    let read = |offset: u64| {
        let mut slot = Zeroizing::new(vec![0; SLOT_BYTES]);
        file.read_exact_at(offset, &mut slot).map(|()| slot)
    };
    let (a, b) = (read(0)?, read(SLOT_BYTES as u64)?);
    let mend = |offset: u64, from: &Slot| -> Result<(), VaultError> {
        file.write_all_at(offset, from)?;
        let _ = file.sync()?;
        Ok(())
    };
    match (seed_of(&a), seed_of(&b)) {
        (Some(seed), Some(_)) if *a == *b => Ok(seed),
        (Some(_), Some(_)) => Err(damaged("shred seed: a renewal of it was not finished", path)),
        (Some(seed), None) => mend(SLOT_BYTES as u64, &a).map(|()| seed),
        (None, Some(seed)) => mend(0, &b).map(|()| seed),
        (None, None) => Err(damaged("shred seed", path)),
    }
}

fn draw(generation: u64) -> Result<Slot, VaultError> {
    let mut slot = Zeroizing::new(vec![0; SLOT_BYTES]);
    let (head, rest) = slot.split_at_mut(RANDOM_AT);
    head.copy_from_slice(&generation.to_be_bytes());
    let (random, _) = rest.split_at_mut(RANDOM_BYTES);
    host::random::fill(random)?;
    let (checked, rest) = slot.split_at_mut(CHECK_AT);
    let check = blake3::hash(checked);
    rest.iter_mut().zip(check.as_bytes()).for_each(|(to, from)| *to = *from);
    Ok(slot)
}

fn seed_of(slot: &[u8]) -> Option<Seed> {
    let (checked, rest) = slot.split_at_checked(CHECK_AT)?;
    let (check, zeros) = rest.split_at_checked(32)?;
    if blake3::hash(checked).as_bytes() != check || zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    let (generation, random) = checked.split_at_checked(RANDOM_AT)?;
    let generation = u64::from_be_bytes(generation.try_into().ok()?);
    Some(Seed { generation, root: ShredRoot::of_random_part(random) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::sim::SimMedium;
    use std::path::Path;

    const PATH: &str = "/p/shred/seed";

    fn made() -> (SimMedium, Folder, Seed) {
        let (sim, folder) = (SimMedium::new(1), Folder::new(Path::new("/p")));
        sim.disk().create_folder(&folder.shred()).unwrap().into_inner();
        let seed = create(&sim.disk(), &folder).unwrap().into_inner();
        (sim, folder, seed)
    }

    #[test]
    fn a_torn_slot_is_mended_from_the_other() {
        let (sim, folder, seed) = made();
        let whole = sim.content(Path::new(PATH)).unwrap();
        assert_eq!(whole.len(), 2 * SLOT_BYTES);
        for at in [0, 7, 8, 9_000, CHECK_AT as u64, 16_383, 16_384, 30_000, 32_767] {
            assert!(sim.rot(Path::new(PATH), at, 0x10));
            let found = open(&sim.disk(), &folder).unwrap();
            assert!(found.root.equals(&seed.root) && found.generation == 1, "byte {at}");
            assert_eq!(sim.content(Path::new(PATH)).unwrap(), whole, "byte {at}");
        }
    }

    #[test]
    fn two_torn_slots_or_two_that_differ_are_damage() {
        let (sim, folder, _) = made();
        let whole = sim.content(Path::new(PATH)).unwrap();
        sim.rot(Path::new(PATH), 100, 1);
        sim.rot(Path::new(PATH), 20_000, 1);
        assert!(matches!(open(&sim.disk(), &folder), Err(VaultError::Damaged { .. })));
        let other = draw(2).unwrap();
        sim.plant(Path::new(PATH), &[&whole[..SLOT_BYTES], &other].concat());
        assert!(matches!(open(&sim.disk(), &folder), Err(VaultError::Damaged { .. })));
        sim.plant(Path::new(PATH), &whole[..SLOT_BYTES]);
        assert!(open(&sim.disk(), &folder).is_err());
    }

    #[test]
    fn an_existing_seed_is_never_made_again() {
        let (sim, folder, _) = made();
        assert!(create(&sim.disk(), &folder).is_err());
    }
}
