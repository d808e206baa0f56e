//! One shelf's log: heads chained, records behind them, long manifests in frames before. One writer.

use std::path::{Path, PathBuf};

use host::{Disk, Durable, Frame, FrameAt, Log, LogError};
use model::limits;
use seal::context::Head as HeadContext;

use super::record::{
    Head, HeadRow, NewRecord, PART_BYTES, PARTS_MAX, STORED, SentBy, ShelfPosition, ShelfRecord, Shelved,
};
use crate::VaultError;
use crate::codec::{Cut, NotOurs};
use crate::keyring::Shelf;

pub(crate) const FORMAT: &str = "counterfoil shelf 1";
const HEAD: u8 = 1;
const PART: u8 = 2;
/// Where a frame's body begins: length u32, kind u8.
const FRAME_HEAD_BYTES: u64 = 5;

/// One shelf's file and where its chain of heads stands.
pub(super) struct ShelfLog {
    shelf: Shelf,
    log: Log,
    chain: Chain,
}

/// How many heads there are, and what the next is chained by.
#[derive(Default)]
struct Chain {
    heads: u64,
    /// BLAKE3 over the frames since the last head, that one counted.
    since: blake3::Hasher,
}

impl ShelfLog {
    pub(super) fn create(disk: &Disk, path: PathBuf, shelf: Shelf) -> Result<Self, VaultError> {
        let log = Log::create(disk, &path, FORMAT)?;
        Ok(Self { shelf, log, chain: Chain::default() })
    }

    pub(super) fn recover(disk: &Disk, path: &Path, shelf: Shelf, floor: u64) -> Result<Self, VaultError> {
        let mut chain = Chain::default();
        let (log, _) =
            Log::recover(disk, path, FORMAT, floor, &mut |frame| chain.follow(&shelf, &frame).map(drop))?;
        Ok(Self { shelf, log, chain })
    }

    /// Gives what every head says of its documents, in order; opens nothing for writing and cuts nothing.
    pub(super) fn survey(
        disk: &Disk,
        path: &Path,
        shelf: &Shelf,
        each: &mut dyn FnMut(ShelfRecord),
    ) -> Result<(), VaultError> {
        let mut chain = Chain::default();
        let _found = Log::survey(disk, path, FORMAT, &mut |frame| {
            if let Some((head, head_bytes)) = chain.follow(shelf, &frame)? {
                let records_at = frame.at.offset + FRAME_HEAD_BYTES + 4 + head_bytes as u64;
                head.rows.iter().map(|row| record_of(shelf, &head, row, records_at)).for_each(&mut *each);
            }
            Ok(())
        })?;
        Ok(())
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
            parts.push((at.offset + FRAME_HEAD_BYTES, part.len()));
        }
        Ok(parts)
    }

    /// Appends a head and its records; gives where in the file the records begin.
    pub(super) fn append_head(&mut self, head: &Head, records: &[u8]) -> Result<Durable<u64>, VaultError> {
        let (key, context) = self.chain.next(&self.shelf);
        let sealed = seal::seal(&key, &context, &head.write())?;
        let length = u32::try_from(sealed.len()).map_err(|_| VaultError::TooLarge { what: "shelf head" })?;
        let body = [&length.to_be_bytes(), sealed.as_slice(), records].concat();
        if body.len() > limits::FRAME_BYTES_MAX - 64 {
            return Err(VaultError::TooLarge { what: "shelf frame" });
        }
        let appended = self.append(HEAD, &body)?;
        Ok(appended.map(|at| at.offset + FRAME_HEAD_BYTES + 4 + u64::from(length)))
    }

    fn append(&mut self, kind: u8, body: &[u8]) -> Result<Durable<FrameAt>, VaultError> {
        let at = self.log.append(kind, body)?;
        self.chain.take_in(kind, body);
        Ok(at)
    }

    /// Whether it is to be recovered before it is used again.
    pub(super) fn is_broken(&self) -> bool {
        self.log.is_broken()
    }

    /// Whose file it is.
    pub(super) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        self.log.path()
    }

    /// Length of the file, up to the last append that has returned.
    pub(super) fn end(&self) -> u64 {
        self.log.end()
    }
}

impl Chain {
    /// Takes in a frame as it is read; gives what a head says, and its sealed length.
    fn follow(&mut self, shelf: &Shelf, frame: &Frame<'_>) -> Result<Option<(Head, usize)>, LogError> {
        let head = match frame.kind {
            HEAD => Some(
                self.open(shelf, frame.body)
                    .map_err(|NotOurs| frame.refuse("it is no frame of this shelf"))?,
            ),
            _ => None,
        };
        self.take_in(frame.kind, frame.body);
        Ok(head)
    }

    fn open(&self, shelf: &Shelf, body: &[u8]) -> Result<(Head, usize), NotOurs> {
        let mut cut = Cut(body);
        let length = cut.u32().ok_or(NotOurs)? as usize;
        let sealed = cut.take(length).ok_or(NotOurs)?;
        let (key, context) = self.next(shelf);
        let plain = seal::open(&key, &context, sealed).map_err(|_| NotOurs)?;
        Ok((Head::read(&plain)?, length))
    }

    /// What the next head is sealed under.
    fn next(&self, shelf: &Shelf) -> (seal::HeadKey, HeadContext) {
        let context = HeadContext {
            shelf_id: *shelf.id.as_bytes(),
            shelf_version: shelf.version,
            sequence: self.heads + 1,
            previous: *self.since.finalize().as_bytes(),
        };
        (shelf.key.head_key(shelf.id.as_bytes()), context)
    }

    fn take_in(&mut self, kind: u8, body: &[u8]) {
        if kind == HEAD {
            self.heads += 1;
            self.since = blake3::Hasher::new();
        }
        self.since.update(&(body.len() as u32).to_be_bytes()).update(&[kind]).update(body);
    }
}

fn record_of(shelf: &Shelf, head: &Head, row: &HeadRow, records_at: u64) -> ShelfRecord {
    let position = ShelfPosition {
        shelf: shelf.id,
        version: shelf.version,
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
