//! The content of one simulated file, and what a crash or a failed sync leaves of it. Knows no names.

use super::Loss;
use super::chance::Chance;

/// A disk writes this much or nothing.
const SECTOR_BYTES: usize = 512;

/// A file as it reads now, as it lies on the disk, and what lies between.
#[derive(Default)]
pub(super) struct FileNode {
    pub(super) now: Vec<u8>,
    pub(super) on_disk: Vec<u8>,
    pub(super) pending: Vec<FileChange>,
}

/// One unsynced change of a file.
pub(super) enum FileChange {
    Length(usize),
    Write { offset: usize, bytes: Vec<u8> },
}

impl FileNode {
    /// Changes what is read; the disk may or may not follow.
    pub(super) fn change(&mut self, change: FileChange) {
        change.apply_to(&mut self.now, |_| true);
        self.pending.push(change);
    }

    /// Brings what is pending to the disk, or what is left of it.
    pub(super) fn settle(&mut self, loss: Loss, chance: &mut Chance) {
        for change in std::mem::take(&mut self.pending) {
            match loss {
                Loss::Everything => {}
                Loss::Nothing => change.apply_to(&mut self.on_disk, |_| true),
                Loss::Chance => match chance.below(4) {
                    0 => {}
                    1 => change.apply_to(&mut self.on_disk, |_| true),
                    2 => change.first_part(chance).apply_to(&mut self.on_disk, |_| true),
                    _ => change.apply_to(&mut self.on_disk, |_sector| chance.one_in(2)),
                },
            }
        }
    }
}

impl FileChange {
    /// Applies the change to a content; of a write only the sectors that `keeps` says yes to.
    fn apply_to(&self, content: &mut Vec<u8>, mut keeps: impl FnMut(usize) -> bool) {
        let (offset, bytes) = match self {
            Self::Length(length) => return content.resize(*length, 0),
            Self::Write { offset, bytes } => (*offset, bytes),
        };
        let end = offset.saturating_add(bytes.len());
        let mut at = offset;
        let mut sector_kept = None;
        for byte in bytes {
            let sector = at / SECTOR_BYTES;
            let kept = match sector_kept {
                Some((same, kept)) if same == sector => kept,
                _ => keeps(sector),
            };
            sector_kept = Some((sector, kept));
            if kept {
                if content.len() <= at {
                    // The length is the file system's, the sectors are the disk's: one may come without the other.
                    content.resize(end, 0);
                }
                if let Some(place) = content.get_mut(at) {
                    *place = *byte;
                }
            }
            at = at.saturating_add(1);
        }
    }

    /// A beginning of the write, cut at any byte.
    fn first_part(&self, chance: &mut Chance) -> Self {
        match self {
            Self::Length(length) => Self::Length(*length),
            Self::Write { offset, bytes } => {
                let part = bytes.get(..chance.below(bytes.len())).unwrap_or_default();
                Self::Write { offset: *offset, bytes: part.to_vec() }
            }
        }
    }
}
