//! The manifest of a document: its length, the BLAKE3 value of each piece, and the root they merge to.
//!
//! The root is the document's ordinary BLAKE3 hash, so any `b3sum` can check it. `blake3::hazmat` is used
//! here and nowhere else: wrong shapes give garbage there, and the shapes are this file's business.

use blake3::hazmat::{HasherExt, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root};

use crate::{Blake3Digest, ChainingValue, Malformed, PieceIndex, limits, piece};

/// Length, root and the value of each piece. Exists only if the values merge to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    length: u64,
    root: Blake3Digest,
    values: Vec<ChainingValue>,
}

impl Manifest {
    /// Merges the values of all pieces, in order.
    ///
    /// # Errors
    /// A length over the limit, or a number of values that does not fit it.
    pub fn merge(length: u64, values: Vec<ChainingValue>) -> Result<Self, Malformed> {
        if length > limits::DOCUMENT_BYTES_MAX {
            return Err(Malformed::new("manifest", "the document is larger than any limit allows"));
        }
        if values.len() != piece::count(length) as usize {
            return Err(Malformed::new("manifest", "the number of values does not fit the length"));
        }
        let root = match values.as_slice() {
            [only] => *only.as_bytes(),
            _ => {
                let (left, right) = split(&values, length);
                let left_value = merge_non_root(left, left_length(length));
                let right_value = merge_non_root(right, length - left_length(length));
                *merge_subtrees_root(&left_value, &right_value, Mode::Hash).as_bytes()
            }
        };
        Ok(Self { length, root: Blake3Digest::from_bytes(root), values })
    }

    /// Takes what a peer or the disk says, if the values merge to the root.
    ///
    /// # Errors
    /// As [`Manifest::merge`], and a root that is not the merge.
    pub fn check(length: u64, root: Blake3Digest, values: Vec<ChainingValue>) -> Result<Self, Malformed> {
        let manifest = Self::merge(length, values)?;
        match manifest.root == root {
            true => Ok(manifest),
            false => Err(Malformed::new("manifest", "its values do not merge to its root")),
        }
    }

    /// The document's length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The document's BLAKE3 hash.
    pub fn root(&self) -> Blake3Digest {
        self.root
    }

    /// The value of each piece, in order.
    pub fn values(&self) -> &[ChainingValue] {
        &self.values
    }

    /// How many pieces there are: at least one.
    pub fn piece_count(&self) -> u32 {
        piece::count(self.length)
    }

    /// Whether `bytes` are piece `index` of this document.
    pub fn admits(&self, index: PieceIndex, bytes: &[u8]) -> bool {
        piece::bytes(self.length, index) == Some(bytes.len())
            && self
                .values
                .get(index.0 as usize)
                .is_some_and(|value| *value == value_of(self.length, index, bytes))
    }
}

/// The value of piece `index` of a document of `length` bytes: a subtree's, or the root if it is the only one.
///
/// `bytes` must have the length that [`piece::bytes`] gives; other lengths give a value that merges to nothing.
pub fn value_of(length: u64, index: PieceIndex, bytes: &[u8]) -> ChainingValue {
    let value = match piece::count(length) {
        1 => *blake3::hash(bytes).as_bytes(),
        // An empty subtree has no chaining value (hazmat would panic); no document has such a piece.
        _ if bytes.is_empty() || bytes.len() as u64 > piece::PIECE_BYTES => [0; 32],
        _ => blake3::Hasher::new().set_input_offset(index.offset()).update(bytes).finalize_non_root(),
    };
    ChainingValue::from_bytes(value)
}

fn left_length(length: u64) -> u64 {
    left_subtree_len(length)
}

fn split(values: &[ChainingValue], length: u64) -> (&[ChainingValue], &[ChainingValue]) {
    values.split_at((left_length(length) / piece::PIECE_BYTES) as usize)
}

/// The value of the subtree over `values`, which cover `length` bytes. Depth is at most 32.
fn merge_non_root(values: &[ChainingValue], length: u64) -> [u8; 32] {
    match values {
        [] => [0; 32], // unreachable: the count was checked and left_subtree_len splits inside
        [only] => *only.as_bytes(),
        _ => {
            let (left, right) = split(values, length);
            let left_value = merge_non_root(left, left_length(length));
            let right_value = merge_non_root(right, length - left_length(length));
            merge_subtrees_non_root(&left_value, &right_value, Mode::Hash)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn manifest_of(bytes: &[u8]) -> Manifest {
        let length = bytes.len() as u64;
        let values = (0..piece::count(length))
            .map(|at| {
                let from = PieceIndex(at).offset() as usize;
                let to = from + piece::bytes(length, PieceIndex(at)).unwrap();
                value_of(length, PieceIndex(at), &bytes[from..to])
            })
            .collect();
        Manifest::merge(length, values).unwrap()
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    #[test]
    fn the_root_is_the_ordinary_hash_at_every_edge() {
        let piece = piece::PIECE_BYTES as usize;
        for length in [
            0,
            1,
            1023,
            1024,
            1025,
            piece - 1,
            piece,
            piece + 1,
            2 * piece,
            3 * piece,
            5 * piece + 7,
            8 * piece,
        ] {
            let bytes = pattern(length);
            assert_eq!(
                manifest_of(&bytes).root().as_bytes(),
                blake3::hash(&bytes).as_bytes(),
                "{length} bytes"
            );
        }
    }

    #[test]
    fn a_changed_moved_or_short_piece_is_not_admitted() {
        let bytes = pattern(2 * piece::PIECE_BYTES as usize + 9);
        let manifest = manifest_of(&bytes);
        let first = &bytes[..piece::PIECE_BYTES as usize];
        assert!(manifest.admits(PieceIndex(0), first));
        assert!(!manifest.admits(PieceIndex(1), first));
        assert!(!manifest.admits(PieceIndex(0), &first[1..]));
        let mut changed = first.to_vec();
        changed[77] ^= 1;
        assert!(!manifest.admits(PieceIndex(0), &changed));
        assert!(!manifest.admits(PieceIndex(3), &[]));
    }

    #[test]
    fn a_root_that_is_not_the_merge_is_refused() {
        let manifest = manifest_of(&pattern(3 * piece::PIECE_BYTES as usize));
        let mut values = manifest.values().to_vec();
        assert!(Manifest::check(manifest.length(), manifest.root(), values.clone()).is_ok());
        values.swap(0, 1);
        assert!(Manifest::check(manifest.length(), manifest.root(), values.clone()).is_err());
        values.pop();
        assert!(Manifest::check(manifest.length(), manifest.root(), values).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_root_is_the_ordinary_hash(length in 0usize..(7 << 20), seed: u8) {
            let bytes: Vec<u8> = pattern(length).iter().map(|byte| byte ^ seed).collect();
            let root = *manifest_of(&bytes).root().as_bytes();
            prop_assert_eq!(root, *blake3::hash(&bytes).as_bytes());
        }
    }
}
