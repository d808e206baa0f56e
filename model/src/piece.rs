//! Pieces: which bytes of a document belong together. A piece is 1 MiB, aligned, so that it is a whole
//! BLAKE3 subtree; the last may be shorter; an empty document has one empty piece.

use crate::limits;

/// Size of every piece but the last, in bytes.
pub const PIECE_BYTES: u64 = 1 << 20;

/// Which piece of a document, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PieceIndex(pub u32);

impl PieceIndex {
    /// Where the piece begins in its document, in bytes.
    pub const fn offset(self) -> u64 {
        self.0 as u64 * PIECE_BYTES
    }
}

/// How many pieces a document of `length` bytes has: at least one.
///
/// Lengths above [`limits::DOCUMENT_BYTES_MAX`] are counted as that length.
pub const fn count(length: u64) -> u32 {
    let length = if length > limits::DOCUMENT_BYTES_MAX { limits::DOCUMENT_BYTES_MAX } else { length };
    let count = length.div_ceil(PIECE_BYTES);
    if count == 0 { 1 } else { count as u32 }
}

/// How many bytes piece `index` of a document of `length` bytes has, or `None` beyond its end.
pub const fn bytes(length: u64, index: PieceIndex) -> Option<usize> {
    if index.0 >= count(length) {
        return None;
    }
    let rest = length - index.offset();
    Some(if rest < PIECE_BYTES { rest as usize } else { PIECE_BYTES as usize })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_document_has_one_empty_piece() {
        assert_eq!(count(0), 1);
        assert_eq!(bytes(0, PieceIndex(0)), Some(0));
        assert_eq!(bytes(0, PieceIndex(1)), None);
    }

    #[test]
    fn an_exact_multiple_has_no_empty_last_piece() {
        assert_eq!(count(3 * PIECE_BYTES), 3);
        assert_eq!(bytes(3 * PIECE_BYTES, PieceIndex(2)), Some(PIECE_BYTES as usize));
        assert_eq!(bytes(3 * PIECE_BYTES, PieceIndex(3)), None);
        assert_eq!(count(3 * PIECE_BYTES + 1), 4);
        assert_eq!(bytes(3 * PIECE_BYTES + 1, PieceIndex(3)), Some(1));
    }
}
