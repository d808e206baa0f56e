//! The form of an object file: where its header, pieces and trailer lie, and what they say. No I/O, no keys.
//!
//! | offset | bytes | meaning |
//! |---|---|---|
//! | 0 | 8 | `CFVAULT1` |
//! | 8 | 2 | suite: 1 = ChaCha20-Poly1305 (the sealed manifest decides; the header must merely agree) |
//! | 10 | 1 | log2 of the piece's plaintext bytes: 20 |
//! | 11 | 1 | class: 0 public, 1 internal, 2 confidential |
//! | 12 | 16 | object id, random |
//! | 28 | 8 | padded length of the plaintext; count, last piece and trailer follow from it |
//! | 36 | 12 | zeros |
//! | 48 | 16 | first 16 bytes of BLAKE3 of bytes 0..48, against rot only |
//! | 64 + i × 1,049,672 | 1,049,672, the last less | piece i, sealed; holes are allowed while an upload is open |
//! | after the last piece | 32 × count | BLAKE3 of each sealed piece |
//! | after the table | 32 | BLAKE3 of header and table |

use model::{Blake3Digest, Class, ObjectId, PieceIndex, piece};

/// Bytes of the header.
pub const HEADER_BYTES: usize = 64;
/// A last piece is padded with zeros to a multiple of this, at least once this.
pub const PADDING_BYTES: u64 = 16 * 1024;
/// From one sealed piece to the next.
pub const STRIDE_BYTES: u64 = seal::PIECE_SEALED_BYTES as u64;
/// The suite of every object so far.
pub const SUITE: u16 = 1;

const MAGIC: &[u8; 8] = b"CFVAULT1";
const PIECE_LOG2: u8 = 20;

/// Which object, and all that its place and shape follow from. Names no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    /// The class of its document: the folder, and byte 11.
    pub class: Class,
    /// First byte of the upload's id: what is sent together shares a folder.
    pub folder: u8,
    /// Its random id: the file's name.
    pub id: ObjectId,
    /// Length of the padded plaintext in bytes: at least [`PADDING_BYTES`], a multiple of it.
    pub padded_bytes: u64,
}

/// A part of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// One sealed piece.
    Piece(PieceIndex),
    /// The table of hashes, and its own.
    Trailer,
}

/// Length of the plaintext of a document of `length` bytes after padding.
pub const fn padded_bytes(length: u64) -> u64 {
    let last = PieceIndex(piece::count(length) - 1);
    let whole = last.offset();
    let rest = length.saturating_sub(whole).div_ceil(PADDING_BYTES) * PADDING_BYTES;
    whole + if rest == 0 { PADDING_BYTES } else { rest }
}

impl Object {
    /// How many pieces it has.
    pub const fn piece_count(&self) -> u32 {
        piece::count(self.padded_bytes)
    }

    /// Plaintext bytes of a piece, padding counted; `None` beyond the last.
    pub const fn piece_bytes(&self, index: PieceIndex) -> Option<usize> {
        piece::bytes(self.padded_bytes, index)
    }

    /// Where a part begins and how long it is, sealed; `None` beyond the last piece.
    pub fn range(&self, part: Part) -> Option<(u64, usize)> {
        let at = |index: u32| HEADER_BYTES as u64 + u64::from(index) * STRIDE_BYTES;
        match part {
            Part::Piece(index) => {
                self.piece_bytes(index).map(|bytes| (at(index.0), seal::sealed_bytes(bytes)))
            }
            Part::Trailer => {
                let last = PieceIndex(self.piece_count() - 1);
                let bytes = seal::sealed_bytes(self.piece_bytes(last)?);
                let trailer = (self.piece_count() as usize + 1) * 32;
                Some((at(last.0) + bytes as u64, trailer))
            }
        }
    }

    /// Length of the finished file.
    pub fn file_bytes(&self) -> u64 {
        self.range(Part::Trailer).map_or(0, |(offset, bytes)| offset + bytes as u64)
    }

    /// The header.
    pub fn header(&self) -> [u8; HEADER_BYTES] {
        let mut clear = Vec::with_capacity(HEADER_BYTES);
        clear.extend_from_slice(MAGIC);
        clear.extend_from_slice(&SUITE.to_be_bytes());
        clear.extend_from_slice(&[PIECE_LOG2, self.class.code()]);
        clear.extend_from_slice(self.id.as_bytes());
        clear.extend_from_slice(&self.padded_bytes.to_be_bytes());
        clear.extend_from_slice(&[0; 12]);
        let check = blake3::hash(&clear);
        clear.extend(check.as_bytes().iter().take(16));
        let mut header = [0; HEADER_BYTES];
        header.copy_from_slice(&clear);
        header
    }

    /// The trailer over the hashes of all sealed pieces, in order.
    pub fn trailer(&self, hashes: impl Iterator<Item = Blake3Digest>) -> Vec<u8> {
        let mut table = Vec::with_capacity((self.piece_count() as usize + 1) * 32);
        hashes.for_each(|hash| table.extend_from_slice(hash.as_bytes()));
        let check = blake3::Hasher::new().update(&self.header()).update(&table).finalize();
        table.extend_from_slice(check.as_bytes());
        table
    }

    /// The hashes that a trailer holds, if it is whole and belongs to this header.
    pub fn read_trailer(&self, trailer: &[u8]) -> Option<Vec<Blake3Digest>> {
        let (table, check) = trailer.split_at_checked(self.piece_count() as usize * 32)?;
        let ours = blake3::Hasher::new().update(&self.header()).update(table).finalize();
        if ours.as_bytes() != check {
            return None;
        }
        let hash = |bytes: &[u8]| bytes.try_into().ok().map(Blake3Digest::from_bytes);
        table.chunks_exact(32).map(hash).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_padded_to_16_kib_and_never_to_a_piece_more() {
        let piece = piece::PIECE_BYTES;
        for (length, padded) in [
            (0, PADDING_BYTES),
            (1, PADDING_BYTES),
            (PADDING_BYTES, PADDING_BYTES),
            (PADDING_BYTES + 1, 2 * PADDING_BYTES),
            (piece - 1, piece),
            (piece, piece),
            (piece + 1, piece + PADDING_BYTES),
            (3 * piece, 3 * piece),
        ] {
            assert_eq!(padded_bytes(length), padded, "{length}");
            assert_eq!(piece::count(padded), piece::count(length), "{length}");
        }
    }

    #[test]
    fn the_parts_lie_where_the_format_says() {
        let object = Object {
            class: Class::Internal,
            folder: 7,
            id: ObjectId::from_bytes([0x11; 16]),
            padded_bytes: padded_bytes(2 * piece::PIECE_BYTES + 1),
        };
        assert_eq!(STRIDE_BYTES, 1_049_672);
        assert_eq!(object.range(Part::Piece(PieceIndex(1))), Some((64 + 1_049_672, 1_049_672)));
        let (offset, bytes) = object.range(Part::Piece(PieceIndex(2))).unwrap();
        assert_eq!((offset, bytes), (64 + 2 * 1_049_672, 24 + 32 + 16_384 + 32));
        assert_eq!(object.range(Part::Piece(PieceIndex(3))), None);
        assert_eq!(object.range(Part::Trailer), Some((offset + bytes as u64, 4 * 32)));
    }

    #[test]
    fn a_trailer_of_another_header_is_not_read() {
        let object = Object {
            class: Class::Public,
            folder: 0,
            id: ObjectId::from_bytes([1; 16]),
            padded_bytes: PADDING_BYTES,
        };
        let hash = Blake3Digest::from_bytes([9; 32]);
        let trailer = object.trailer([hash].into_iter());
        assert_eq!(object.read_trailer(&trailer), Some(vec![hash]));
        let other = Object { class: Class::Internal, ..object };
        assert_eq!(other.read_trailer(&trailer), None);
        assert_eq!(object.read_trailer(&trailer[1..]), None);
        assert_eq!(object.read_trailer(&[]), None);
    }
}
