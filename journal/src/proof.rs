//! Where proofs read the tree: edge and tiles. Neither the arithmetic of proofs nor their verification, which is `receipts`.
//!
//! A tile is believed only when its root is what the tile above, or the edge, says (J8). A proof reads O(log n) tiles.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use model::Sha256Digest;
use receipts::merkle::Hashes;

use crate::{
    JournalError,
    derived::Derived,
    edge::{Edge, TILE_HASHES, TILE_LEVELS, TileId, subtree_root},
};

/// The nodes of the tree, for the time of one proof.
pub(crate) struct Nodes<'a> {
    edge: &'a Edge,
    derived: &'a Derived,
    read: RefCell<HashMap<TileId, Rc<Vec<Sha256Digest>>>>,
}

/// Why a proof could not be made.
#[derive(Debug)]
pub(crate) enum ProofFailure {
    /// This tile is missing or wrong, and can be made again.
    Tile(TileId),
    /// The place asked for lies outside the tree.
    Outside,
    /// Anything else.
    Journal(JournalError),
}

impl From<receipts::Error> for ProofFailure {
    fn from(_: receipts::Error) -> Self {
        Self::Outside
    }
}

impl<'a> Nodes<'a> {
    pub fn new(edge: &'a Edge, derived: &'a Derived) -> Self {
        Self { edge, derived, read: RefCell::default() }
    }

    /// A full tile, checked against what stands above it.
    fn tile(&self, id: TileId) -> Result<Rc<Vec<Sha256Digest>>, ProofFailure> {
        if let Some(tile) = self.read.borrow().get(&id) {
            return Ok(tile.clone());
        }
        let hashes = self.derived.tile(id).map_err(|fault| ProofFailure::Journal(fault.into()))?;
        let hashes = hashes.ok_or(ProofFailure::Tile(id))?;
        let wanted = self.subtree((id.level + 1) * TILE_LEVELS, id.index)?;
        if subtree_root(&hashes) != Some(wanted) {
            return Err(ProofFailure::Tile(id));
        }
        let tile = Rc::new(hashes);
        self.read.borrow_mut().insert(id, tile.clone());
        Ok(tile)
    }
}

impl Hashes for Nodes<'_> {
    type Error = ProofFailure;

    fn subtree(&self, level: u8, index: u64) -> Result<Sha256Digest, ProofFailure> {
        let (tile_level, inside) = (level / TILE_LEVELS, level % TILE_LEVELS);
        let first = index << inside;
        let id = TileId { level: tile_level, index: first / TILE_HASHES as u64 };
        let from = (first % TILE_HASHES as u64) as usize;
        let count = 1usize << inside;
        if id.index >= self.edge.full_tiles(tile_level) {
            let nodes = self.edge.partial(tile_level, from, count);
            return nodes.and_then(subtree_root).ok_or(ProofFailure::Outside);
        }
        let tile = self.tile(id)?;
        tile.get(from..from + count).and_then(subtree_root).ok_or(ProofFailure::Outside)
    }
}
