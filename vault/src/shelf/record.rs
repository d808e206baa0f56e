//! A document's record on its shelf, and the rows of a frame's head: their bytes. Reads no file and opens no box.

use model::{DocumentId, ObjectId, PersonId, ShelfId, SubmissionId, UploadId};
use zeroize::Zeroizing;

use crate::VaultError;
use crate::codec::{Cut, NotOurs, Reader, Writer};

/// A wrapped key.
pub(crate) const DEK_BYTES: usize = seal::KEY_SEALED_BYTES;
/// What stands before a record's boxes.
pub(super) const RECORD_HEAD_BYTES: usize = DEK_BYTES + 10;
/// Longest sealed `meta` that is read: a name of 1,024 bytes and little else.
const META_BYTES_MAX: usize = 8 * 1024;
/// Longest sealed manifest inside a record, and the length of its parts.
pub(super) const PART_BYTES: usize = 8 << 20;
/// Parts of one manifest: a document of 1 TiB has 97 MiB of it.
pub(super) const PARTS_MAX: usize = 16;

/// Where a document's record lies. What the ledger keeps of the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShelfPosition {
    /// Which shelf.
    pub shelf: ShelfId,
    /// Which version of it.
    pub version: u32,
    /// Where the record begins in the shelf's file, in bytes.
    pub offset: u64,
    /// Which document: the record opens for no other.
    pub document: DocumentId,
}

/// Bytes of [`ShelfPosition::to_bytes`].
pub const POSITION_BYTES: usize = 44;

impl ShelfPosition {
    /// Shelf id ‖ version u32 ‖ offset u64 ‖ document id.
    pub fn to_bytes(&self) -> [u8; POSITION_BYTES] {
        let parts: [&[u8]; 4] = [
            self.shelf.as_bytes(),
            &self.version.to_be_bytes(),
            &self.offset.to_be_bytes(),
            self.document.as_bytes(),
        ];
        let mut out = [0; POSITION_BYTES];
        out.iter_mut().zip(parts.concat()).for_each(|(to, from)| *to = from);
        out
    }

    /// Reads [`ShelfPosition::to_bytes`]; `None` for another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut cut = Cut(bytes);
        let position = Self {
            shelf: ShelfId::from_bytes(cut.array()?),
            version: cut.u32()?,
            offset: cut.u64()?,
            document: DocumentId::from_bytes(cut.array()?),
        };
        cut.0.is_empty().then_some(position)
    }
}

/// What a shelf says of one document. Of several for one (person, submission, n) the last counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShelfRecord {
    /// Who sent it.
    pub person: PersonId,
    /// In which submission.
    pub submission: SubmissionId,
    /// Its number there.
    pub n: u32,
    /// Its object.
    pub object: ObjectId,
    /// The folder of its object.
    pub folder: u8,
    /// Whether it is there.
    pub state: Shelved,
}

/// The state of a document on its shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelved {
    /// Its upload was dropped, or it was withdrawn, before it was accepted.
    Dropped,
    /// Stored; nothing is said of its acceptance, which is the journal's to say.
    Stored(ShelfPosition),
}

/// The frame head's part that all its documents share.
#[derive(Clone, Copy)]
pub(crate) struct SentBy {
    pub(crate) person: PersonId,
    pub(crate) submission: SubmissionId,
    pub(crate) upload: UploadId,
}

/// A document to be shelved: its ids, and its three boxes.
pub(crate) struct NewRecord {
    pub(crate) n: u32,
    pub(crate) document: DocumentId,
    pub(crate) object: ObjectId,
    pub(crate) dek: [u8; DEK_BYTES],
    pub(crate) meta: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
}

/// A record as it lies on the disk: still sealed.
pub(crate) struct SealedRecord {
    pub(crate) dek: [u8; DEK_BYTES],
    pub(crate) meta: Vec<u8>,
    pub(super) manifest: ManifestPlace,
}

/// What stands before a record's boxes.
pub(super) struct RecordHead {
    dek: [u8; DEK_BYTES],
    meta_bytes: usize,
    manifest_bytes: usize,
    parts: usize,
}

/// Where a sealed manifest lies.
pub(super) enum ManifestPlace {
    Inline { offset: u64, bytes: usize },
    Parts(Vec<(u64, usize)>),
}

impl RecordHead {
    /// Reads it, every length bounded; `None` if it can not be one.
    pub(super) fn parse(bytes: &[u8; RECORD_HEAD_BYTES]) -> Option<Self> {
        let mut cut = Cut(bytes);
        let dek = cut.array()?;
        let (meta_bytes, manifest_bytes) = (cut.u32()? as usize, cut.u32()? as usize);
        let parts = usize::from(cut.u16()?);
        let bounded = meta_bytes <= META_BYTES_MAX && manifest_bytes <= PART_BYTES && parts <= PARTS_MAX;
        bounded.then_some(Self { dek, meta_bytes, manifest_bytes, parts })
    }

    /// How much of what follows is read with it.
    pub(super) fn rest_bytes(&self) -> usize {
        self.meta_bytes + self.parts * 12
    }

    /// The record; `after` is where in the file the rest begins.
    pub(super) fn with_rest(self, after: u64, rest: &[u8]) -> Option<SealedRecord> {
        let mut cut = Cut(rest);
        let meta = cut.take(self.meta_bytes)?.to_vec();
        let manifest = if self.parts == 0 {
            ManifestPlace::Inline {
                offset: after.saturating_add(self.meta_bytes as u64),
                bytes: self.manifest_bytes,
            }
        } else {
            let mut places = Vec::with_capacity(self.parts);
            for _ in 0..self.parts {
                places.push((cut.u64()?, cut.u32()? as usize));
            }
            if places.iter().any(|(_, bytes)| *bytes > PART_BYTES) {
                return None;
            }
            ManifestPlace::Parts(places)
        };
        Some(SealedRecord { dek: self.dek, meta, manifest })
    }
}

impl NewRecord {
    /// Its length in the frame, parts apart, and more than its row in the head takes.
    pub(super) fn bytes(&self) -> usize {
        let manifest = if self.manifest.len() > PART_BYTES { PARTS_MAX * 12 } else { self.manifest.len() };
        RECORD_HEAD_BYTES + self.meta.len() + manifest + ROW_BYTES
    }

    /// The record, once its parts are placed.
    pub(super) fn write(&self, parts: &[(u64, usize)], out: &mut Vec<u8>) -> Result<(), VaultError> {
        let too_large = |_| VaultError::TooLarge { what: "shelf record" };
        let inline = if parts.is_empty() { self.manifest.as_slice() } else { &[] };
        out.extend_from_slice(&self.dek);
        out.extend_from_slice(&u32::try_from(self.meta.len()).map_err(too_large)?.to_be_bytes());
        out.extend_from_slice(&u32::try_from(inline.len()).map_err(too_large)?.to_be_bytes());
        out.extend_from_slice(&u16::try_from(parts.len()).map_err(too_large)?.to_be_bytes());
        out.extend_from_slice(&self.meta);
        out.extend_from_slice(inline);
        for (offset, bytes) in parts {
            out.extend_from_slice(&offset.to_be_bytes());
            out.extend_from_slice(&u32::try_from(*bytes).map_err(too_large)?.to_be_bytes());
        }
        Ok(())
    }
}

/// The head of a frame: sealed, and chained to the one before.
pub(super) struct Head {
    pub(super) from: SentBy,
    pub(super) folder: u8,
    pub(super) rows: Vec<HeadRow>,
}

/// What a head says of one document.
pub(super) struct HeadRow {
    pub(super) n: u32,
    pub(super) state: u64,
    pub(super) document: DocumentId,
    pub(super) object: ObjectId,
    /// Where its record begins, from the first record on.
    pub(super) offset: u64,
}

pub(super) const STORED: u64 = 1;
pub(super) const DROPPED: u64 = 2;
/// More than a row takes in the head.
const ROW_BYTES: usize = 64;

impl Head {
    pub(super) fn write(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::map(6, 128 + self.rows.len().saturating_mul(ROW_BYTES));
        writer.key(1).bytes(self.from.person.as_bytes());
        writer.key(2).bytes(self.from.submission.as_bytes());
        writer.key(3).bytes(self.from.upload.as_bytes());
        writer.key(4).uint(self.folder.into());
        writer.key(5).array(self.rows.len());
        for row in &self.rows {
            writer.array(5).uint(row.n.into()).uint(row.state);
            writer.bytes(row.document.as_bytes()).bytes(row.object.as_bytes()).uint(row.offset);
        }
        writer.finish()
    }

    pub(super) fn read(plain: &[u8]) -> Result<Self, NotOurs> {
        let mut reader = Reader::map(plain, 6)?;
        let from = SentBy {
            person: PersonId::from_bytes(reader.key(1)?.exactly()?),
            submission: SubmissionId::from_bytes(reader.key(2)?.exactly()?),
            upload: UploadId::from_bytes(reader.key(3)?.exactly()?),
        };
        let folder = reader.key(4)?.number()?;
        let count = reader.key(5)?.array()?;
        let rows = (0..count).map(|_| HeadRow::read(&mut reader)).collect::<Result<_, _>>()?;
        reader.end()?;
        Ok(Self { from, folder, rows })
    }
}

impl HeadRow {
    fn read(reader: &mut Reader<'_>) -> Result<Self, NotOurs> {
        if reader.array()? != 5 {
            return Err(NotOurs);
        }
        let row = Self {
            n: reader.number()?,
            state: reader.uint()?,
            document: DocumentId::from_bytes(reader.exactly()?),
            object: ObjectId::from_bytes(reader.exactly()?),
            offset: reader.uint()?,
        };
        if matches!(row.state, STORED | DROPPED) { Ok(row) } else { Err(NotOurs) }
    }
}
