//! The head: what the journal is at one size, signed; and its copy in the second place. Not the signing.
//!
//! ```text
//! head record        size u64 ‖ root 32 ‖ time u64 ms ‖ receipt signature 64 ‖ note length u32 ‖ checkpoint note
//! second place       "counterfoil head 1\n" 19 ‖ log number u32 ‖ end u64 ‖ head record ‖ first 8 bytes of SHA-256 of the rest
//! ```

use std::path::{Path, PathBuf};

use host::{Disk, DiskError, Durable};
use model::{Sha256Digest, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::{
    JournalError,
    frame::{Reading, Writing},
};

const MAGIC: &[u8] = b"counterfoil head 1\n";
const CHECK_BYTES: usize = 8;
/// A head record without its note.
pub(crate) const HEAD_FIXED_BYTES: usize = 8 + 32 + 8 + 64 + 4;
/// Longest checkpoint note: one line of text a witness, room for a dozen.
pub(crate) const NOTE_BYTES_MAX: usize = 4096;
const FILE_BYTES_MAX: u64 = (MAGIC.len() + 12 + HEAD_FIXED_BYTES + NOTE_BYTES_MAX + CHECK_BYTES) as u64;

/// The journal at one size. It is shown to nobody before its commit is durable.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    /// Entries in the tree.
    pub size: u64,
    /// Root of the tree, RFC 9162.
    pub root: Sha256Digest,
    /// When it was made, by the gateway's clock; never before that of the head before.
    pub time: Timestamp,
    /// The signed checkpoint, C2SP signed note, as it is handed out.
    pub checkpoint_note: Vec<u8>,
    /// The signature that the COSE receipts of all its entries share.
    pub receipt_signature: [u8; 64],
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Head({} {} {})", self.size, self.root, self.time)
    }
}

/// What signing a head gives.
#[derive(Clone, PartialEq, Eq)]
pub struct HeadSignatures {
    /// The signed checkpoint, C2SP signed note, at most 4,096 bytes.
    pub checkpoint_note: Vec<u8>,
    /// ES256 (r ‖ s) over the receipt's protected header and the root.
    pub receipt_signature: [u8; 64],
}

/// Signs heads. The gateway fills it from its keys.
pub trait HeadSigner: Send + Sync {
    /// Signs one head; called once a commit, before anything is written.
    ///
    /// # Errors
    /// [`SigningFailed`].
    fn sign(&self, size: u64, root: Sha256Digest, time: Timestamp) -> Result<HeadSignatures, SigningFailed>;
}

/// A head could not be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningFailed {
    /// The signer refused, or its key is not there.
    #[error("the signer refused")]
    Refused,
    /// The note is empty or longer than 4,096 bytes.
    #[error("the checkpoint note is empty or too long")]
    NoteLength,
}

/// Where the head is kept when nothing else is configured: `head` in the journal's folder.
pub fn second_place_default(folder: &Path) -> PathBuf {
    folder.join("head")
}

impl Head {
    pub(crate) fn write(&self, out: &mut Writing) {
        out.u64(self.size);
        out.bytes(self.root.as_bytes());
        out.u64(self.time.unix_ms());
        out.bytes(&self.receipt_signature);
        out.long(&self.checkpoint_note);
    }

    pub(crate) fn read(from: &mut Reading<'_>) -> Option<Self> {
        let size = from.u64()?;
        let root = Sha256Digest::from_bytes(from.array()?);
        let ms = from.u64()?;
        let time = Timestamp::from_unix_ms(ms);
        let receipt_signature = from.array()?;
        let checkpoint_note = from.long(NOTE_BYTES_MAX)?.to_vec();
        // One form only: a time beyond the last writable one, or no note, was never written.
        (time.unix_ms() == ms && !checkpoint_note.is_empty()).then_some(Self {
            size,
            root,
            time,
            checkpoint_note,
            receipt_signature,
        })
    }
}

/// The head as the second place keeps it, with where its commit ends in the log: nothing before it is ever cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptHead {
    pub log_number: u32,
    pub end: u64,
    pub head: Head,
}

impl KeptHead {
    pub fn store(&self, disk: &Disk, second_place: &Path) -> Result<Durable<()>, JournalError> {
        Ok(disk.write_whole(second_place, &self.to_bytes())?)
    }

    pub fn store_new(&self, disk: &Disk, second_place: &Path) -> Result<Durable<()>, JournalError> {
        match disk.create_whole(second_place, &self.to_bytes()) {
            Err(DiskError::Exists { path }) => Err(JournalError::Exists { path }),
            other => Ok(other?),
        }
    }

    pub fn load(disk: &Disk, second_place: &Path) -> Result<Self, JournalError> {
        let path = || second_place.to_path_buf();
        let bytes = match disk.read_whole(second_place, FILE_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(DiskError::Absent { .. }) => return Err(JournalError::HeadMissing { path: path() }),
            Err(DiskError::TooLarge { .. }) => return Err(JournalError::HeadDamaged { path: path() }),
            Err(other) => return Err(other.into()),
        };
        Self::from_bytes(&bytes).ok_or_else(|| JournalError::HeadDamaged { path: path() })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writing::with_capacity(FILE_BYTES_MAX as usize);
        out.bytes(MAGIC);
        out.u32(self.log_number);
        out.u64(self.end);
        self.head.write(&mut out);
        let check = Sha256::digest(out.as_slice());
        out.bytes(check.get(..CHECK_BYTES).unwrap_or_default());
        out.into_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, check) = bytes.split_at_checked(bytes.len().checked_sub(CHECK_BYTES)?)?;
        if Sha256::digest(body).get(..CHECK_BYTES)? != check {
            return None;
        }
        let mut from = Reading::new(body.strip_prefix(MAGIC)?);
        let kept = Self { log_number: from.u32()?, end: from.u64()?, head: Head::read(&mut from)? };
        from.is_empty().then_some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> KeptHead {
        let head = Head {
            size: 7,
            root: Sha256Digest::from_bytes([0x11; 32]),
            time: Timestamp::from_unix_ms(1_795_597_200_123),
            checkpoint_note: b"gateway.example/journal\n7\n".to_vec(),
            receipt_signature: [0x22; 64],
        };
        KeptHead { log_number: 3, end: 0x0102_0304, head }
    }

    #[test]
    fn the_second_place_is_as_the_format_page_says() {
        let bytes = kept().to_bytes();
        assert_eq!(&bytes[..19], b"counterfoil head 1\n");
        assert_eq!(&bytes[19..23], &[0, 0, 0, 3]);
        assert_eq!(&bytes[23..31], &[0, 0, 0, 0, 1, 2, 3, 4]);
        assert_eq!(&bytes[31..39], &[0, 0, 0, 0, 0, 0, 0, 7]);
        assert_eq!(&bytes[39..71], &[0x11; 32]);
        assert_eq!(&bytes[71..79], &1_795_597_200_123u64.to_be_bytes());
        assert_eq!(&bytes[79..143], &[0x22; 64]);
        assert_eq!(&bytes[143..147], &[0, 0, 0, 26]);
        assert_eq!(&bytes[147..173], b"gateway.example/journal\n7\n");
        assert_eq!(bytes.len(), 173 + 8);
        assert_eq!(KeptHead::from_bytes(&bytes), Some(kept()));
    }

    #[test]
    fn a_flipped_bit_or_a_cut_in_the_second_place_is_seen() {
        let bytes = kept().to_bytes();
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x40;
            assert_eq!(KeptHead::from_bytes(&bad), None, "byte {at}");
            assert_eq!(KeptHead::from_bytes(&bytes[..at]), None, "cut at {at}");
        }
    }
}
