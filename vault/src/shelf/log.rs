//! One shelf's log: heads chained, records behind them, long manifests in frames before. One writer.

use std::path::{Path, PathBuf};

use host::{Disk, Durable, FrameAt, Log};
use model::limits;
use seal::context::Head as HeadContext;

use super::record::{
    Head, HeadRow, NewRecord, PART_BYTES, PARTS_MAX, STORED, SentBy, ShelfPosition, ShelfRecord, Shelved,
};
use crate::VaultError;
use crate::codec::{Cut, NotOurs};
use crate::error::damaged;
use crate::keyring::Shelf;

pub(crate) const FORMAT: &str = "counterfoil shelf 1";
const HEAD: u8 = 1;
const PART: u8 = 2;
/// Where a frame's body begins: length u32, kind u8.
const FRAME_HEAD_BYTES: u64 = 5;

/// One shelf's file, and where its heads lie.
pub(super) struct ShelfLog {
    shelf: Shelf,
    log: Log,
    heads: Vec<HeadAt>,
    /// BLAKE3 over the frames since the last head, that one counted.
    since: blake3::Hasher,
    /// An append has failed: what the file holds is for recovery to say.
    broken: bool,
}

/// Where a head lies, and what it is chained by.
#[derive(Clone, Copy)]
pub(super) struct HeadAt {
    at: FrameAt,
    sequence: u64,
    previous: [u8; 32],
}

impl ShelfLog {
    pub(super) fn create(disk: &Disk, path: PathBuf, shelf: Shelf) -> Result<Self, VaultError> {
        let log = Log::create(disk, &path, FORMAT)?;
        Ok(Self { shelf, log, heads: Vec::new(), since: blake3::Hasher::new(), broken: false })
    }

    pub(super) fn recover(disk: &Disk, path: PathBuf, shelf: Shelf, floor: u64) -> Result<Self, VaultError> {
        let mut heads = Vec::new();
        let mut since = blake3::Hasher::new();
        let (log, _) = Log::recover(disk, &path, FORMAT, floor, &mut |frame| {
            if frame.kind == HEAD {
                let sequence = heads.len() as u64 + 1;
                let head = HeadAt { at: frame.at, sequence, previous: *since.finalize().as_bytes() };
                let opened = open_head(&shelf, &head, frame.body);
                opened.map_err(|NotOurs| frame.refuse("it is no frame of this shelf"))?;
                heads.push(head);
                since = blake3::Hasher::new();
            }
            take_in(&mut since, frame.kind, frame.body);
            Ok(())
        })?;
        Ok(Self { shelf, log, heads, since, broken: false })
    }

    pub(super) fn append_stored(
        &mut self,
        from: SentBy,
        records: &[NewRecord],
        folder: u8,
    ) -> Result<Durable<Vec<ShelfPosition>>, VaultError> {
        let mut bytes = Vec::with_capacity(records.iter().map(NewRecord::bytes).sum());
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            let parts = self.append_parts(&record.manifest)?;
            rows.push(HeadRow {
                n: record.n,
                state: STORED,
                document: record.document,
                object: record.object,
                offset: bytes.len() as u64,
            });
            record.write(&parts, &mut bytes)?;
        }
        let head = Head { from, folder, rows };
        let (shelf, version) = (self.shelf.id, self.shelf.version);
        let written = self.append_head(&head, &bytes)?;
        Ok(written.map(|records_at| {
            let position = |row: &HeadRow| ShelfPosition {
                shelf,
                version,
                offset: records_at + row.offset,
                document: row.document,
            };
            head.rows.iter().map(position).collect()
        }))
    }

    /// Puts a manifest that is too long for a record into frames of its own.
    fn append_parts(&mut self, manifest: &[u8]) -> Result<Vec<(u64, usize)>, VaultError> {
        if manifest.len() <= PART_BYTES {
            return Ok(Vec::new());
        }
        if manifest.len() > PART_BYTES * PARTS_MAX {
            return Err(VaultError::TooLarge { what: "manifest" });
        }
        let mut parts = Vec::new();
        for part in manifest.chunks(PART_BYTES) {
            let at = self.append(PART, part)?.into_inner();
            take_in(&mut self.since, PART, part);
            parts.push((at.offset + FRAME_HEAD_BYTES, part.len()));
        }
        Ok(parts)
    }

    /// Appends a head and its records; gives where in the file the records begin.
    pub(super) fn append_head(&mut self, head: &Head, records: &[u8]) -> Result<Durable<u64>, VaultError> {
        let sequence = self.heads.len() as u64 + 1;
        let previous = *self.since.finalize().as_bytes();
        let (key, context) = head_context(&self.shelf, sequence, previous);
        let sealed = seal::seal(&key, &context, &head.write())?;
        let length = u32::try_from(sealed.len()).map_err(|_| VaultError::TooLarge { what: "shelf head" })?;
        let body = [&length.to_be_bytes(), sealed.as_slice(), records].concat();
        if body.len() > limits::FRAME_BYTES_MAX - 64 {
            return Err(VaultError::TooLarge { what: "shelf frame" });
        }
        let appended = self.append(HEAD, &body)?;
        let at = *appended.get();
        self.heads.push(HeadAt { at, sequence, previous });
        self.since = blake3::Hasher::new();
        take_in(&mut self.since, HEAD, &body);
        Ok(appended.map(|at| at.offset + FRAME_HEAD_BYTES + 4 + u64::from(length)))
    }

    fn append(&mut self, kind: u8, body: &[u8]) -> Result<Durable<FrameAt>, VaultError> {
        self.broken = true;
        let at = self.log.append(kind, body)?;
        self.broken = false;
        Ok(at)
    }

    /// Whether it is to be recovered before it is used again.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whose file it is.
    pub(super) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        self.log.path()
    }

    /// Length of the file.
    pub(super) fn end(&self) -> u64 {
        self.log.end()
    }

    /// The heads whose frames begin at `from_bytes` or after.
    pub(super) fn heads_from(&self, from_bytes: u64) -> impl Iterator<Item = &HeadAt> {
        self.heads.iter().filter(move |head| head.at.offset >= from_bytes)
    }

    /// What one head says of its documents.
    pub(super) fn records_of(&self, at: &HeadAt) -> Result<Vec<ShelfRecord>, VaultError> {
        let (_, body) = self.log.read(at.at)?;
        let opened = open_head(&self.shelf, at, &body);
        let (head, head_bytes) = opened.map_err(|NotOurs| damaged("shelf frame", self.log.path()))?;
        let records_at = at.at.offset + FRAME_HEAD_BYTES + 4 + head_bytes as u64;
        Ok(head.rows.iter().map(|row| self.record_of(&head, row, records_at)).collect())
    }

    fn record_of(&self, head: &Head, row: &HeadRow, records_at: u64) -> ShelfRecord {
        let position = ShelfPosition {
            shelf: self.shelf.id,
            version: self.shelf.version,
            offset: records_at.saturating_add(row.offset),
            document: row.document,
        };
        ShelfRecord {
            person: head.from.person,
            submission: head.from.submission,
            n: row.n,
            object: row.object,
            folder: head.folder,
            state: if row.state == STORED { Shelved::Stored(position) } else { Shelved::Dropped },
        }
    }
}

/// Opens a frame's head; gives its sealed length too.
fn open_head(shelf: &Shelf, at: &HeadAt, body: &[u8]) -> Result<(Head, usize), NotOurs> {
    let mut cut = Cut(body);
    let length = cut.u32().ok_or(NotOurs)? as usize;
    let sealed = cut.take(length).ok_or(NotOurs)?;
    let (key, context) = head_context(shelf, at.sequence, at.previous);
    let plain = seal::open(&key, &context, sealed).map_err(|_| NotOurs)?;
    Ok((Head::read(&plain)?, length))
}

fn head_context(shelf: &Shelf, sequence: u64, previous: [u8; 32]) -> (seal::HeadKey, HeadContext) {
    let context =
        HeadContext { shelf_id: *shelf.id.as_bytes(), shelf_version: shelf.version, sequence, previous };
    (shelf.key.head_key(shelf.id.as_bytes()), context)
}

/// Adds a frame to the hash that the next head carries.
fn take_in(since: &mut blake3::Hasher, kind: u8, body: &[u8]) {
    since.update(&(body.len() as u32).to_be_bytes()).update(&[kind]).update(body);
}
