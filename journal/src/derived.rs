//! Tiles and positions: look-ups beside the log that can be made again from it. Never the truth, never synced.
//!
//! ```text
//! tiles/<level>/x012/345     tile 12,345 of a level: 256 hashes, 8,192 bytes (path as in C2SP tlog-tiles)
//! tiles/positions            16 bytes an entry: log number u32 ‖ offset of its commit u64 ‖ bytes of its commit u32
//! ```
//!
//! Whatever is read here is checked before it is believed: a tile by its root, which the next level or the edge
//! holds; a position by the frame that it leads to. What is missing or wrong is made again from its log file (J8).

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use host::{Disk, DiskError, DiskFile, FrameAt, How};
use model::Sha256Digest;

use crate::edge::{FullTile, TILE_HASHES, TileId};

const TILE_BYTES: usize = TILE_HASHES * 32;
const POSITION_BYTES: usize = 16;

/// Where a commit lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub log_number: u32,
    pub at: FrameAt,
}

/// See the head of the file.
pub(crate) struct Derived {
    disk: Disk,
    folder: PathBuf,
    positions: DiskFile,
}

impl Derived {
    /// Opens the folder, making what is missing.
    pub fn open(disk: &Disk, journal: &Path) -> Result<Self, DiskError> {
        let folder = journal.join("tiles");
        disk.create_folder(&folder)?;
        let path = folder.join("positions");
        let positions = match disk.open(&path, How::ReadWrite) {
            Err(DiskError::Absent { .. }) => disk.open(&path, How::CreateNew)?,
            other => other?,
        };
        Ok(Self { disk: disk.clone(), folder, positions })
    }

    /// Writes a full tile unless it is there already.
    pub fn put_tile(&self, tile: &FullTile) -> Result<(), DiskError> {
        let bytes: Vec<u8> = tile.hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
        let (above, name) = tile_path(tile.id);
        let folder = self.folder.join(above);
        let path = folder.join(name);
        let file = match self.disk.open(&path, How::ReadWrite) {
            Err(DiskError::Absent { .. }) => {
                self.disk.create_folder(&folder)?;
                self.disk.open(&path, How::CreateNew)?
            }
            other => other?,
        };
        let mut there = [0u8; TILE_BYTES];
        let same = file.len()? == TILE_BYTES as u64
            && file.read_exact_at(0, &mut there).is_ok()
            && there.as_slice() == bytes.as_slice();
        if !same {
            file.set_len(TILE_BYTES as u64)?;
            file.write_all_at(0, &bytes)?;
        }
        Ok(())
    }

    /// The hashes of a tile, not yet checked; `None` if it is not there whole.
    pub fn tile(&self, id: TileId) -> Result<Option<Vec<Sha256Digest>>, DiskError> {
        let (above, name) = tile_path(id);
        let file = match self.disk.open(&self.folder.join(above).join(name), How::Read) {
            Err(DiskError::Absent { .. }) => return Ok(None),
            other => other?,
        };
        let mut bytes = vec![0u8; TILE_BYTES];
        match file.read_exact_at(0, &mut bytes) {
            Err(DiskError::Short { .. }) => Ok(None),
            Err(other) => Err(other),
            Ok(()) => {
                Ok(Some(bytes.as_chunks().0.iter().map(|hash| Sha256Digest::from_bytes(*hash)).collect()))
            }
        }
    }

    /// Writes where the entries of one commit lie, unless it is there already.
    pub fn put_positions(&self, first_index: u64, count: u32, position: Position) -> Result<(), DiskError> {
        let one = position.to_bytes();
        let wanted = one.repeat(count as usize);
        let offset = first_index.saturating_mul(POSITION_BYTES as u64);
        let mut there = vec![0u8; wanted.len()];
        let same = match self.positions.read_exact_at(offset, &mut there) {
            Ok(()) => there == wanted,
            Err(DiskError::Short { .. }) => false,
            Err(other) => return Err(other),
        };
        if !same {
            self.positions.write_all_at(offset, &wanted)?;
        }
        Ok(())
    }

    /// Where an entry should lie, not yet checked; `None` if that is not known.
    pub fn position(&self, index: u64) -> Result<Option<Position>, DiskError> {
        let mut bytes = [0u8; POSITION_BYTES];
        let Some(offset) = index.checked_mul(POSITION_BYTES as u64) else { return Ok(None) };
        match self.positions.read_exact_at(offset, &mut bytes) {
            Err(DiskError::Short { .. }) => Ok(None),
            Err(other) => Err(other),
            Ok(()) => Ok(Position::from_bytes(bytes)),
        }
    }
}

impl Position {
    fn to_bytes(self) -> [u8; POSITION_BYTES] {
        let value =
            u128::from(self.log_number) << 96 | u128::from(self.at.offset) << 32 | u128::from(self.at.bytes);
        value.to_be_bytes()
    }

    /// A hole that was never written reads as zeros, and no log file has the number 0.
    fn from_bytes(bytes: [u8; POSITION_BYTES]) -> Option<Self> {
        let value = u128::from_be_bytes(bytes);
        let position = Self {
            log_number: (value >> 96) as u32,
            at: FrameAt { offset: (value >> 32) as u64, bytes: value as u32 },
        };
        (position.log_number != 0).then_some(position)
    }
}

/// C2SP tlog-tiles: the number in groups of three digits, all but the last with an `x` before them.
fn tile_path(id: TileId) -> (String, String) {
    let mut groups = Vec::new();
    let mut left = id.index;
    loop {
        groups.push(left % 1000);
        left /= 1000;
        if left == 0 {
            break;
        }
    }
    let mut above = id.level.to_string();
    let mut groups = groups.into_iter();
    let name = format!("{:03}", groups.next().unwrap_or_default());
    for group in groups.rev() {
        // Writing to a String can not fail.
        let _ = write!(above, "/x{group:03}");
    }
    (above, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tile_paths_are_those_of_the_specification() {
        let path = |level, index| {
            let (above, name) = tile_path(TileId { level, index });
            format!("{above}/{name}")
        };
        // The example of C2SP tlog-tiles.
        assert_eq!(path(0, 1_234_067), "0/x001/x234/067");
        assert_eq!(path(1, 0), "1/000");
        assert_eq!(path(2, 1_000), "2/x001/000");
    }

    #[test]
    fn a_position_is_read_back_and_a_hole_is_none() {
        let position = Position { log_number: 7, at: FrameAt { offset: 0x1_0203_0405, bytes: 0x0600_0001 } };
        let bytes = position.to_bytes();
        assert_eq!(bytes, [0, 0, 0, 7, 0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 1]);
        assert_eq!(Position::from_bytes(bytes), Some(position));
        assert_eq!(Position::from_bytes([0; 16]), None);
    }
}
