//! The arithmetic of RFC 9162 section 2.1 trees over SHA-256. No storage: hashes are read through a trait.

use model::Sha256Digest;
use sha2::{Digest as _, Sha256};

use crate::Error;

/// Hashes in a path, at most: the tree has fewer than 2^63 leaves.
pub const PATH_HASHES_MAX: usize = 63;

/// Hash of one leaf: SHA-256(00 ‖ data).
pub fn leaf_hash(data: &[u8]) -> Sha256Digest {
    digest(&[&[0], data])
}

/// Hash of the node over two others: SHA-256(01 ‖ left ‖ right).
pub fn node_hash(left: &Sha256Digest, right: &Sha256Digest) -> Sha256Digest {
    digest(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// Root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Sha256Digest {
    digest(&[])
}

fn digest(parts: &[&[u8]]) -> Sha256Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    Sha256Digest::from_bytes(hash.finalize().into())
}

/// The right edge of a growing tree: one hash for each perfect subtree, the largest first.
///
/// An append costs one node hash on average and log2(size) at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Sha256Digest>,
}

impl Frontier {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes up a stored frontier.
    ///
    /// # Errors
    /// Another number of peaks than a tree of this size has.
    pub fn from_peaks(size: u64, peaks: Vec<Sha256Digest>) -> Result<Self, Error> {
        match peaks.len() == size.count_ones() as usize && size < 1 << 63 {
            true => Ok(Self { size, peaks }),
            false => Err(Error::Path),
        }
    }

    /// Adds the hash of the next leaf (see [`leaf_hash`]).
    pub fn append(&mut self, leaf: Sha256Digest) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            // There are as many peaks as ones in the size.
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The perfect subtrees, the largest first.
    pub fn peaks(&self) -> &[Sha256Digest] {
        &self.peaks
    }

    /// The root.
    pub fn root(&self) -> Sha256Digest {
        let smallest_first = self.peaks.iter().rev().copied();
        smallest_first.reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }
}

/// Where the hashes of perfect subtrees are read from.
pub trait Hashes {
    /// Why one could not be read.
    type Error: From<Error>;

    /// Hash of the perfect subtree over the leaves `index << level .. (index + 1) << level`; level 0 is a
    /// leaf hash. Only asked for where that whole range lies inside the tree.
    ///
    /// # Errors
    /// The hash is not there or can not be read.
    fn subtree(&self, level: u8, index: u64) -> Result<Sha256Digest, Self::Error>;
}

/// Root over the first `size` leaves. Reads at most 63 hashes.
///
/// # Errors
/// What the reader says.
pub fn root<H: Hashes>(hashes: &H, size: u64) -> Result<Sha256Digest, H::Error> {
    range(hashes, 0, size)
}

/// The path that proves leaf `index` in the tree of `size` (RFC 9162 2.1.3.1), the leaf's sibling first.
///
/// # Errors
/// [`Error::Position`] when the leaf lies outside; else what the reader says.
pub fn inclusion_path<H: Hashes>(hashes: &H, index: u64, size: u64) -> Result<Vec<Sha256Digest>, H::Error> {
    if index >= size {
        return Err(Error::Position { index, size }.into());
    }
    // Top down: at each split keep the half with the leaf and note the other one.
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let split = start + left_leaves(end - start);
        if index < split {
            path.push(range(hashes, split, end)?);
            end = split;
        } else {
            path.push(range(hashes, start, split)?);
            start = split;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `from` leaves is the beginning of that of `to` (RFC 9162 2.1.4.1).
///
/// # Errors
/// [`Error::Position`] when `from` is 0 or above `to`; else what the reader says.
pub fn consistency_proof<H: Hashes>(hashes: &H, from: u64, to: u64) -> Result<Vec<Sha256Digest>, H::Error> {
    if from == 0 || from > to {
        return Err(Error::Position { index: from, size: to }.into());
    }
    let (mut start, mut end) = (0, to);
    let mut path = Vec::new();
    while end != from {
        let split = start + left_leaves(end - start);
        if from <= split {
            path.push(range(hashes, split, end)?);
            end = split;
        } else {
            path.push(range(hashes, start, split)?);
            start = split;
        }
    }
    // What is left is a subtree of both; where it is all of the old tree, its root is known already.
    if start > 0 {
        path.push(range(hashes, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// Leaves in the left half: the largest power of two below `count`, which is at least 2.
fn left_leaves(count: u64) -> u64 {
    1u64.checked_shl((count.saturating_sub(1)).checked_ilog2().unwrap_or(0)).unwrap_or(1)
}

/// Hash over the leaves `start..end`, where `start` is a multiple of the largest power of two that fits.
fn range<H: Hashes>(hashes: &H, start: u64, end: u64) -> Result<Sha256Digest, H::Error> {
    let mut right: Option<Sha256Digest> = None;
    let mut end = end;
    while start < end {
        // The last perfect subtree has the size of the lowest bit of the count.
        let level = (end - start).trailing_zeros() as u8;
        let first = end - (1u64 << level);
        let node = hashes.subtree(level, first >> level)?;
        right = Some(match right {
            Some(right) => node_hash(&node, &right),
            None => node,
        });
        end = first;
    }
    Ok(right.unwrap_or_else(empty_root))
}

/// A whole small tree in memory: that of a list. Not for a journal.
#[derive(Debug, Clone)]
pub struct Tree {
    /// `levels[0]` are the leaf hashes; only perfect subtrees have a node.
    levels: Vec<Vec<Sha256Digest>>,
}

impl Tree {
    /// Builds the tree over leaf hashes.
    pub fn of(leaves: Vec<Sha256Digest>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            let pairs = below.chunks_exact(2);
            levels.push(pairs.filter_map(|pair| Some(node_hash(pair.first()?, pair.get(1)?))).collect());
        }
        Self { levels }
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The root.
    pub fn root(&self) -> Sha256Digest {
        root(self, self.size()).unwrap_or_else(|_| empty_root())
    }

    /// The path of one leaf.
    ///
    /// # Errors
    /// [`Error::Position`] when there is no such leaf.
    pub fn path(&self, index: u64) -> Result<Vec<Sha256Digest>, Error> {
        inclusion_path(self, index, self.size())
    }
}

impl Hashes for Tree {
    type Error = Error;

    fn subtree(&self, level: u8, index: u64) -> Result<Sha256Digest, Error> {
        let fault = Error::Position { index, size: self.size() };
        let at = usize::try_from(index).map_err(|_| fault)?;
        self.levels.get(usize::from(level)).and_then(|level| level.get(at)).copied().ok_or(fault)
    }
}

/// Root over leaf hashes.
pub fn root_of(leaves: impl IntoIterator<Item = Sha256Digest>) -> Sha256Digest {
    let mut frontier = Frontier::new();
    leaves.into_iter().for_each(|leaf| frontier.append(leaf));
    frontier.root()
}

/// The root that a path leads to (RFC 9162 2.1.3.2).
///
/// # Errors
/// [`Error::Position`] when the leaf lies outside, [`Error::Path`] when the path has another length.
pub fn root_from_path(
    leaf: &Sha256Digest,
    index: u64,
    size: u64,
    path: &[Sha256Digest],
) -> Result<Sha256Digest, Error> {
    if index >= size {
        return Err(Error::Position { index, size });
    }
    let (mut at, mut last) = (index, size - 1);
    let mut node = *leaf;
    for other in path {
        if last == 0 {
            return Err(Error::Path);
        }
        if at & 1 == 1 || at == last {
            node = node_hash(other, &node);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            node = node_hash(&node, other);
        }
        at >>= 1;
        last >>= 1;
    }
    match last {
        0 => Ok(node),
        _ => Err(Error::Path),
    }
}

/// Verifies that a leaf hash stands at `index` of the tree of `size` with this root.
///
/// # Errors
/// [`Error::Position`] or [`Error::Path`].
pub fn verify_inclusion(
    leaf: &Sha256Digest,
    index: u64,
    size: u64,
    path: &[Sha256Digest],
    root: &Sha256Digest,
) -> Result<(), Error> {
    match root_from_path(leaf, index, size, path)? == *root {
        true => Ok(()),
        false => Err(Error::Path),
    }
}

/// Verifies that the tree of `from` leaves is the beginning of that of `to` (RFC 9162 2.1.4.2).
///
/// # Errors
/// [`Error::Position`] when `from` is 0 or above `to`, [`Error::Path`] when the proof does not hold.
pub fn verify_consistency(
    from: u64,
    from_root: &Sha256Digest,
    to: u64,
    to_root: &Sha256Digest,
    proof: &[Sha256Digest],
) -> Result<(), Error> {
    if from == 0 || from > to {
        return Err(Error::Position { index: from, size: to });
    }
    if from == to {
        return match proof.is_empty() && from_root == to_root {
            true => Ok(()),
            false => Err(Error::Path),
        };
    }
    let (mut at, mut last) = (from - 1, to - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    // A perfect old tree is its own first node.
    let (first, rest) = match from.is_power_of_two() {
        true => (from_root, proof),
        false => proof.split_first().ok_or(Error::Path)?,
    };
    let (mut old, mut new) = (*first, *first);
    for other in rest {
        if last == 0 {
            return Err(Error::Path);
        }
        if at & 1 == 1 || at == last {
            old = node_hash(other, &old);
            new = node_hash(other, &new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, other);
        }
        at >>= 1;
        last >>= 1;
    }
    match last == 0 && old == *from_root && new == *to_root {
        true => Ok(()),
        false => Err(Error::Path),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaves(count: u64) -> Vec<Sha256Digest> {
        (0..count).map(|at| leaf_hash(&at.to_be_bytes())).collect()
    }

    /// RFC 9162 2.1.1, word for word.
    fn by_definition(leaves: &[Sha256Digest]) -> Sha256Digest {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node_hash(&by_definition(&leaves[..split]), &by_definition(&leaves[split..]))
            }
        }
    }

    #[test]
    fn every_way_to_the_root_is_that_of_the_definition() {
        for count in 0..70 {
            let all = leaves(count);
            let expected = by_definition(&all);
            assert_eq!(root_of(all.iter().copied()), expected);
            assert_eq!(Tree::of(all.clone()).root(), expected);
            assert_eq!(root(&Tree::of(leaves(80)), count), Ok(expected));
        }
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proven_and_nothing_else() {
        let tree = Tree::of(leaves(40));
        for size in 1..40 {
            let all = root(&tree, size).unwrap();
            for index in 0..size {
                let path = inclusion_path(&tree, index, size).unwrap();
                let leaf = tree.subtree(0, index).unwrap();
                assert_eq!(verify_inclusion(&leaf, index, size, &path, &all), Ok(()));
                assert!(verify_inclusion(&leaf_hash(b"x"), index, size, &path, &all).is_err());
                assert!(verify_inclusion(&leaf, index, size, &[&path[..], &[leaf]].concat(), &all).is_err());
            }
            assert!(inclusion_path(&tree, size, size).is_err());
        }
    }

    #[test]
    fn every_small_tree_is_the_beginning_of_every_larger_one() {
        let tree = Tree::of(leaves(40));
        for to in 1..40 {
            for from in 1..=to {
                let proof = consistency_proof(&tree, from, to).unwrap();
                let (old, new) = (root(&tree, from).unwrap(), root(&tree, to).unwrap());
                assert_eq!(verify_consistency(from, &old, to, &new, &proof), Ok(()));
                if from < to {
                    assert!(verify_consistency(from, &new, to, &old, &proof).is_err(), "swapped roots");
                    assert!(verify_consistency(from, &old, to, &new, &[]).is_err() || proof.is_empty());
                }
            }
        }
        assert!(consistency_proof(&tree, 0, 4).is_err());
        assert!(consistency_proof(&tree, 5, 4).is_err());
    }

    #[test]
    fn a_frontier_is_taken_up_where_it_was_left() {
        let mut frontier = Frontier::new();
        for (at, leaf) in leaves(100).into_iter().enumerate() {
            let mut again = Frontier::from_peaks(frontier.size(), frontier.peaks().to_vec()).unwrap();
            again.append(leaf);
            frontier.append(leaf);
            assert_eq!(again, frontier);
            assert_eq!(frontier.size(), at as u64 + 1);
        }
        assert!(Frontier::from_peaks(3, vec![empty_root()]).is_err());
        assert!(Frontier::from_peaks(u64::MAX, vec![empty_root(); 64]).is_err());
    }

    #[test]
    fn sizes_out_of_all_reason_end_in_an_error() {
        let leaf = leaf_hash(b"");
        assert!(verify_inclusion(&leaf, u64::MAX - 1, u64::MAX, &[leaf; 63], &leaf).is_err());
        assert!(verify_inclusion(&leaf, u64::MAX, u64::MAX, &[leaf; 64], &leaf).is_err());
        assert!(verify_consistency(u64::MAX - 1, &leaf, u64::MAX, &leaf, &[leaf; 64]).is_err());
        assert!(inclusion_path(&Tree::of(leaves(2)), 1 << 62, u64::MAX).is_err());
        assert!(root(&Tree::of(leaves(2)), u64::MAX).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn larger_trees_too(to in 1u64..3000, part in 0.0f64..1.0) {
            let tree = Tree::of(leaves(to));
            let all = tree.root();
            let at = ((to as f64 * part) as u64).min(to - 1);
            let leaf = tree.subtree(0, at).unwrap();
            prop_assert_eq!(verify_inclusion(&leaf, at, to, &tree.path(at).unwrap(), &all), Ok(()));
            let old = root(&tree, at + 1).unwrap();
            let proof = consistency_proof(&tree, at + 1, to).unwrap();
            prop_assert_eq!(verify_consistency(at + 1, &old, to, &all, &proof), Ok(()));
        }
    }
}
