//! The right edge of the Merkle tree (RFC 9162): all that the writer keeps of it. Not the hashes to the left, which are tiles.
//!
//! The tree is cut into tiles of 256 hashes (C2SP tlog-tiles): tile level 0 holds leaf hashes, level n + 1 the
//! roots of full tiles of level n. The edge holds the hashes of the last, partial tile of each level, which is at
//! most 255 × 32 bytes a level, and the frontier, so that a root costs O(log n).

use model::Sha256Digest;
use receipts::merkle::{self, Frontier};

/// Hashes in a full tile.
pub(crate) const TILE_HASHES: usize = 256;
/// Levels of the tree in one tile.
pub(crate) const TILE_LEVELS: u8 = 8;

/// Which tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TileId {
    pub level: u8,
    pub index: u64,
}

/// A tile that has just become full, with its 256 hashes.
#[derive(Debug, Clone)]
pub(crate) struct FullTile {
    pub id: TileId,
    pub hashes: Vec<Sha256Digest>,
}

/// See the head of the file. `partial[n]` has `(size >> 8n) mod 256` hashes, for each n with `size >> 8n > 0`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edge {
    frontier: Frontier,
    partial: Vec<Vec<Sha256Digest>>,
}

impl Edge {
    /// Leaves in the tree.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root.
    pub fn root(&self) -> Sha256Digest {
        self.frontier.root()
    }

    /// Adds one entry by its hash; tiles that become full are put to `full`, lowest first.
    pub fn push(&mut self, entry: &Sha256Digest, full: &mut Vec<FullTile>) {
        let leaf = merkle::leaf_hash(entry.as_bytes());
        self.frontier.append(leaf);
        let mut carried = Some(leaf);
        let mut level = 0u8;
        while let Some(hash) = carried.take() {
            if self.partial.len() <= usize::from(level) {
                self.partial.push(Vec::new());
            }
            let Some(hashes) = self.partial.get_mut(usize::from(level)) else { break };
            hashes.push(hash);
            if hashes.len() == TILE_HASHES {
                let hashes = std::mem::take(hashes);
                carried = subtree_root(&hashes);
                let index = self.full_tiles(level).saturating_sub(1);
                full.push(FullTile { id: TileId { level, index }, hashes });
                level += 1;
            }
        }
    }

    /// Hashes `from..from + count` of the partial tile of a level.
    pub fn partial(&self, level: u8, from: usize, count: usize) -> Option<&[Sha256Digest]> {
        self.partial.get(usize::from(level))?.get(from..from.checked_add(count)?)
    }

    /// Tiles of a level that are full.
    pub fn full_tiles(&self, level: u8) -> u64 {
        self.size().checked_shr(u32::from(TILE_LEVELS) * (u32::from(level) + 1)).unwrap_or(0)
    }

    /// All hashes of the partial tiles, lowest level first, as an opening writes them.
    pub fn hashes(&self) -> impl Iterator<Item = &Sha256Digest> {
        self.partial.iter().flatten()
    }

    /// Reads what [`Edge::hashes`] gave, for this size.
    pub fn read(size: u64, mut next: impl FnMut() -> Option<Sha256Digest>) -> Option<Self> {
        let mut partial = Vec::new();
        let mut left = size;
        while left > 0 {
            let count = (left % TILE_HASHES as u64) as usize;
            partial.push((0..count).map(|_| next()).collect::<Option<Vec<_>>>()?);
            left >>= TILE_LEVELS;
        }
        let mut peaks = Vec::new();
        for hashes in partial.iter().rev() {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (whole, after) = rest.split_at_checked(1 << rest.len().ilog2())?;
                peaks.push(subtree_root(whole)?);
                rest = after;
            }
        }
        Some(Self { frontier: Frontier::from_peaks(size, peaks).ok()?, partial })
    }
}

/// The root over 2^k nodes of one level; `None` for any other count.
pub(crate) fn subtree_root(nodes: &[Sha256Digest]) -> Option<Sha256Digest> {
    if !nodes.len().is_power_of_two() {
        return None;
    }
    let mut row = nodes.to_vec();
    while row.len() > 1 {
        let pairs = row.chunks_exact(2);
        row = pairs.filter_map(|pair| Some(merkle::node_hash(pair.first()?, pair.get(1)?))).collect();
    }
    row.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry_hash;

    fn entry(index: u64) -> Sha256Digest {
        entry_hash(&index.to_be_bytes())
    }

    fn root_of(size: u64) -> Sha256Digest {
        merkle::root_of((0..size).map(|index| merkle::leaf_hash(entry(index).as_bytes())))
    }

    #[test]
    fn the_root_is_that_of_the_reference_at_every_size() {
        let mut edge = Edge::default();
        assert_eq!(edge.root(), root_of(0));
        for size in 1..=600 {
            edge.push(&entry(size - 1), &mut Vec::new());
            assert_eq!(edge.root(), root_of(size), "size {size}");
        }
    }

    #[test]
    fn tiles_come_out_full_and_in_order_and_the_edge_is_read_back() {
        let mut edge = Edge::default();
        let mut tiles = Vec::new();
        for index in 0..(65_536 + 256 + 3) {
            edge.push(&entry(index), &mut tiles);
            if index % 9_973 == 0 || index % 65_536 < 2 || index % 256 == 255 {
                let mut hashes = edge.hashes().copied();
                let read = Edge::read(edge.size(), || hashes.next()).unwrap();
                assert_eq!(read, edge);
            }
        }
        assert_eq!(tiles.len(), 256 + 1 + 1);
        assert_eq!(tiles[255].id, TileId { level: 0, index: 255 });
        assert_eq!(tiles[256].id, TileId { level: 1, index: 0 });
        assert_eq!(tiles[257].id, TileId { level: 0, index: 256 });
        assert_eq!(subtree_root(&tiles[256].hashes), Some(root_of(65_536)));
        assert_eq!((edge.full_tiles(0), edge.full_tiles(1), edge.full_tiles(7)), (257, 1, 0));
    }
}
