//! The bodies of the journal's log frames, written and read: a commit is one frame, with its head (J1). Not framing
//! itself (`host::Log`), not what is sealed inside.
//!
//! ```text
//! frame 0     kind 0   "counterfoil journal 1"                            by host::Log
//! frame 1     kind 1   opening: what was before this file                 once a file
//! frame 2..   kind 2   commit: entries and one head                       one a commit
//!
//! opening   0  4  number of this log file, u32, from 1
//!           4  8  entries before it, u64 = size
//!          12  …  right edge: for each tile level, lowest first, while size >> 8·level > 0:
//!                 (size >> 8·level) mod 256 hashes of 32 bytes
//!
//! commit    0  8  index of the first entry, u64
//!           8  4  entries, u32, at least 1
//!          12  …  entries, then one head record (head.rs)
//! entry     0 32  entry hash = SHA-256(statement)
//!          32 16  entry key id
//!          48  4  bytes of the sealed statement, u32, at least 1
//!          52  4  bytes of the sealed list, u32, 0 = no list
//!          56  …  sealed statement ‖ sealed list
//! ```

use std::sync::Arc;

use host::log::{BODY_BYTES_MAX, FRAME_OVERHEAD_BYTES};
use model::{EntryKeyId, Sha256Digest, limits};

use crate::{
    Entry, Head, SealedEntry,
    edge::Edge,
    entry::CommitSpan,
    head::{HEAD_FIXED_BYTES, NOTE_BYTES_MAX},
};

/// What frame 0 of each log file holds.
pub(crate) const FORMAT: &str = "counterfoil journal 1";
/// Kind of the frame that opens a log file.
pub(crate) const KIND_OPENING: u8 = 1;
/// Kind of a commit.
pub(crate) const KIND_COMMIT: u8 = 2;

/// Largest body of a commit.
pub(crate) const COMMIT_BYTES_MAX: usize = BODY_BYTES_MAX as usize;
const COMMIT_FIXED_BYTES: usize = 12;
const ENTRY_FIXED_BYTES: usize = 56;

const _: () = {
    // The largest submission fits: origin, acceptance, list, what sealing adds, one head.
    let sealing = 64 * 1024;
    let largest = limits::LIST_BYTES_MAX + 2 * limits::STATEMENT_BYTES_MAX + sealing + NOTE_BYTES_MAX + 1024;
    assert!(largest < COMMIT_BYTES_MAX);
    assert!(limits::FRAME_BYTES_MAX == COMMIT_BYTES_MAX + FRAME_OVERHEAD_BYTES as usize);
};

/// Where the opening begins: after the format frame.
pub(crate) const fn opening_offset() -> u64 {
    FRAME_OVERHEAD_BYTES as u64 + FORMAT.len() as u64
}

/// What was before a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    pub number: u32,
    pub edge: Edge,
}

impl Opening {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writing::with_capacity(12 + 32 * 1024);
        out.u32(self.number);
        out.u64(self.edge.size());
        self.edge.hashes().for_each(|hash| out.bytes(hash.as_bytes()));
        out.into_vec()
    }

    pub fn from_bytes(body: &[u8]) -> Option<Self> {
        let mut from = Reading::new(body);
        let number = from.u32()?;
        let size = from.u64()?;
        let edge = Edge::read(size, || from.array().map(Sha256Digest::from_bytes))?;
        from.is_empty().then_some(Self { number, edge })
    }
}

/// One entry, sealed, on its way into a commit.
#[derive(Debug, Clone)]
pub(crate) struct SealedRecord {
    pub hash: Sha256Digest,
    pub key: EntryKeyId,
    pub sealed: SealedEntry,
}

impl SealedRecord {
    pub fn bytes(&self) -> usize {
        let list = self.sealed.list.as_ref().map_or(0, Vec::len);
        ENTRY_FIXED_BYTES.saturating_add(self.sealed.statement.len()).saturating_add(list)
    }
}

/// Bytes of a commit's body, for a note of this length.
pub(crate) fn commit_bytes(records: &[SealedRecord], note_bytes: usize) -> usize {
    let fixed = COMMIT_FIXED_BYTES + HEAD_FIXED_BYTES;
    records.iter().fold(fixed.saturating_add(note_bytes), |sum, record| sum.saturating_add(record.bytes()))
}

/// Writes a commit's body. The caller has bounded it by [`commit_bytes`].
pub(crate) fn write_commit(first_index: u64, records: &[SealedRecord], head: &Head) -> Vec<u8> {
    let bytes = commit_bytes(records, head.checkpoint_note.len());
    let mut out = Writing::with_capacity(bytes);
    out.u64(first_index);
    out.u32(u32::try_from(records.len()).unwrap_or(u32::MAX));
    for record in records {
        let list = record.sealed.list.as_deref().unwrap_or_default();
        out.bytes(record.hash.as_bytes());
        out.bytes(record.key.as_bytes());
        out.length(&record.sealed.statement);
        out.length(list);
        out.bytes(&record.sealed.statement);
        out.bytes(list);
    }
    head.write(&mut out);
    out.into_vec()
}

/// A commit as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub first_index: u64,
    pub records: Vec<SealedRecord>,
    pub head: Arc<Head>,
}

/// A commit of which only what the tree needs was read: nothing sealed is copied.
#[derive(Debug)]
pub(crate) struct CommitOutline {
    pub first_index: u64,
    pub hashes: Vec<Sha256Digest>,
    pub head: Head,
}

impl Commit {
    pub fn from_bytes(body: &[u8]) -> Option<Self> {
        let mut records = Vec::new();
        let (first_index, head) = read_commit(body, |record| {
            records.push(SealedRecord {
                hash: record.hash,
                key: record.key,
                sealed: SealedEntry {
                    statement: record.statement.to_vec(),
                    list: record.list.map(<[u8]>::to_vec),
                },
            });
        })?;
        Some(Self { first_index, records, head: Arc::new(head) })
    }

    /// The entries, each with its number.
    pub fn into_entries(self) -> impl Iterator<Item = Entry> {
        let count = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        let commit = CommitSpan { first_index: self.first_index, count };
        let head = self.head;
        (self.first_index..).zip(self.records).map(move |(index, record)| Entry {
            index,
            hash: record.hash,
            key: record.key,
            sealed: record.sealed,
            head: head.clone(),
            commit,
        })
    }
}

impl CommitOutline {
    pub fn from_bytes(body: &[u8]) -> Option<Self> {
        let mut hashes = Vec::new();
        let (first_index, head) = read_commit(body, |record| hashes.push(record.hash))?;
        Some(Self { first_index, hashes, head })
    }
}

/// Reads one entry of a commit, by its number; `None` also where the commit does not hold it.
pub(crate) fn entry_of_commit(body: &[u8], index: u64) -> Option<Entry> {
    let mut found = None;
    let mut at = Reading::new(body).u64()?;
    let mut count = 0u32;
    let (first_index, head) = read_commit(body, |record| {
        if at == index {
            let statement = record.statement.to_vec();
            let list = record.list.map(<[u8]>::to_vec);
            found = Some((record.hash, record.key, SealedEntry { statement, list }));
        }
        at = at.saturating_add(1);
        count = count.saturating_add(1);
    })?;
    let (hash, key, sealed) = found?;
    let commit = CommitSpan { first_index, count };
    Some(Entry { index, hash, key, sealed, head: Arc::new(head), commit })
}

struct RecordView<'a> {
    hash: Sha256Digest,
    key: EntryKeyId,
    statement: &'a [u8],
    list: Option<&'a [u8]>,
}

/// The one place that reads the layout of a commit; strict: nothing left over, counts that agree.
fn read_commit<'a>(body: &'a [u8], mut each: impl FnMut(RecordView<'a>)) -> Option<(u64, Head)> {
    let mut from = Reading::new(body);
    let first_index = from.u64()?;
    let count = from.u32()?;
    for _ in 0..count {
        let hash = Sha256Digest::from_bytes(from.array()?);
        let key = EntryKeyId::from_bytes(from.array()?);
        let statement_bytes = usize::try_from(from.u32()?).ok()?;
        let list_bytes = usize::try_from(from.u32()?).ok()?;
        let statement = from.slice(statement_bytes)?;
        let list = from.slice(list_bytes)?;
        if statement.is_empty() {
            return None;
        }
        each(RecordView { hash, key, statement, list: (!list.is_empty()).then_some(list) });
    }
    let head = Head::read(&mut from)?;
    let agree = count > 0 && head.size == first_index.checked_add(u64::from(count))? && from.is_empty();
    agree.then_some((first_index, head))
}

/// Bytes being written, big-endian.
pub(crate) struct Writing(Vec<u8>);

impl Writing {
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The length alone. Every caller has bounded it by a frame; a wrong one could not be read back.
    pub fn length(&mut self, bytes: &[u8]) {
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    }

    pub fn long(&mut self, bytes: &[u8]) {
        self.length(bytes);
        self.bytes(bytes);
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

/// Bytes being read; every step says `None` where they end.
pub(crate) struct Reading<'a>(&'a [u8]);

impl<'a> Reading<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn slice(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(head)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.slice(N)?.try_into().ok()
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub fn long(&mut self, bytes_max: usize) -> Option<&'a [u8]> {
        let bytes = usize::try_from(self.u32()?).ok()?;
        if bytes > bytes_max { None } else { self.slice(bytes) }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn commit() -> Vec<u8> {
        let sealed = SealedEntry { statement: vec![1; 5], list: Some(vec![2; 3]) };
        let record = SealedRecord {
            hash: Sha256Digest::from_bytes([3; 32]),
            key: EntryKeyId::from_bytes([4; 16]),
            sealed,
        };
        let head = Head {
            size: 9,
            root: Sha256Digest::from_bytes([5; 32]),
            time: model::Timestamp::from_unix_ms(6),
            checkpoint_note: vec![7; 20],
            receipt_signature: [8; 64],
        };
        write_commit(7, &[record.clone(), record], &head)
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_refused_or_read_never_a_panic(body in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = (Commit::from_bytes(&body), entry_of_commit(&body, 7));
            if let Some(opening) = Opening::from_bytes(&body) {
                prop_assert_eq!(opening.to_bytes(), body);
            }
        }

        #[test]
        fn a_commit_with_a_wrong_length_is_refused(cut in 1usize..300, more in 1usize..9, at in 0usize..12) {
            let body = commit();
            prop_assert!(Commit::from_bytes(&body).is_some());
            prop_assert!(Commit::from_bytes(&body[..body.len().saturating_sub(cut)]).is_none());
            prop_assert!(Commit::from_bytes(&[body.as_slice(), &vec![0; more]].concat()).is_none());
            let mut miscounted = body;
            miscounted[at] ^= 1;
            prop_assert!(Commit::from_bytes(&miscounted).is_none());
        }
    }
}
