//! The one writer: makes a journal and commits to it. Reading is `reader`, starting is `recover`.
//!
//! ```text
//! running ── commit ──→ running            seal → sign → [rotate] → append + sync = commit point → second place → shown
//!    └────── commit fails at or after the append ──→ stopped        only recover goes on from here (J6)
//! ```

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use host::{Disk, Durable, FrameAt, Log, log::FRAME_OVERHEAD_BYTES};
use model::{Sha256Digest, Timestamp};

use crate::{
    Entry, EntryBox, Head, HeadSignatures, HeadSigner, JournalError, NewEntry, Reader, SigningFailed,
    derived::{Derived, Position},
    edge::{Edge, FullTile},
    entry::{CommitSpan, entry_hash},
    frame::{
        COMMIT_BYTES_MAX, FORMAT, KIND_COMMIT, KIND_OPENING, Opening, SealedRecord, commit_bytes,
        write_commit,
    },
    head::{KeptHead, NOTE_BYTES_MAX},
    reader::{Published, Span},
    walk::{log_number, log_path},
};

/// A log file that has reached this length is followed by a new one.
pub(crate) const LOG_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The name of a log file that is being made; nothing in it has been committed.
const NEW_LOG: &str = "log.new";

/// The proof that entries are in the journal: durable in the log, counted by a signed head, and that head stored in
/// the second place. Only this crate makes it, and there is no receipt without it.
///
/// ```compile_fail,E0451
/// let forged = |head: std::sync::Arc<counterfoil_journal::Head>| counterfoil_journal::Committed { head, span: todo!() };
/// ```
#[derive(Debug, Clone)]
pub struct Committed {
    span: CommitSpan,
    head: Arc<Head>,
}

impl Committed {
    pub(crate) fn of(span: CommitSpan, head: Arc<Head>) -> Self {
        Self { span, head }
    }

    /// The index of the first entry; the others follow in the order in which they were given.
    pub fn first_index(&self) -> u64 {
        self.span.first_index
    }

    /// How many entries were committed together.
    pub fn count(&self) -> u32 {
        self.span.count
    }

    /// The size of the tree with them.
    pub fn size(&self) -> u64 {
        self.head.size
    }

    /// The head that counts them: their receipts stand on it.
    pub fn head(&self) -> &Head {
        &self.head
    }
}

/// The journal, open for writing; there is one for a practice folder. Readers go beside it: [`Journal::reader`].
pub struct Journal {
    disk: Disk,
    folder: PathBuf,
    second_place: PathBuf,
    log: Log,
    log_bytes_max: u64,
    edge: Edge,
    head: Arc<Head>,
    spans: Vec<Span>,
    reader: Reader,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Stopped,
}

/// A commit that is ready to be written.
struct Prepared {
    body: Vec<u8>,
    span: CommitSpan,
    head: Head,
    edge: Edge,
    tiles: Vec<FullTile>,
}

/// What [`crate::recover`] hands over.
pub(crate) struct Parts {
    pub disk: Disk,
    pub folder: PathBuf,
    pub second_place: PathBuf,
    pub log: Log,
    pub edge: Edge,
    pub head: Arc<Head>,
    pub spans: Vec<Span>,
    pub derived: Derived,
}

impl Journal {
    /// Makes a journal in `folder` (made if absent) with its first entries, and stores the head at `second_place`
    /// (see [`crate::second_place_default`]), which must not be there.
    ///
    /// # Errors
    /// [`JournalError::Exists`] where a journal or a head is; otherwise as [`Journal::commit`]. A folder that was left
    /// half-made has no acknowledged entry.
    pub fn create(
        disk: &Disk,
        folder: &Path,
        second_place: &Path,
        genesis: &[NewEntry],
        time: Timestamp,
        signer: &dyn HeadSigner,
        entry_box: &dyn EntryBox,
    ) -> Result<(Self, Committed), JournalError> {
        disk.create_folder(folder)?;
        if let Some(name) =
            disk.list(folder)?.iter().find(|name| name.to_str().and_then(log_number).is_some())
        {
            return Err(JournalError::Exists { path: folder.join(name) });
        }
        if disk.exists(second_place)? {
            return Err(JournalError::Exists { path: second_place.to_path_buf() });
        }
        let derived = Derived::open(disk, folder)?;
        let prepared = prepare(&Edge::default(), None, genesis, time, signer, entry_box)?;
        let (log, at) = make_log(disk, folder, 1, &Edge::default(), Some(&prepared.body))?;
        let kept = KeptHead { log_number: 1, end: log.end(), head: prepared.head.clone() };
        kept.store_new(disk, second_place)?;
        let head = Arc::new(prepared.head);
        // Look-ups can be made again; that these could not be written is no reason to fail (J8).
        let _ = derive(&derived, &prepared.tiles, prepared.span, 1, at);
        let journal = Self::from_parts(Parts {
            disk: disk.clone(),
            folder: folder.to_path_buf(),
            second_place: second_place.to_path_buf(),
            spans: vec![Span { log_number: 1, first_index: 0, end: log.end() }],
            log,
            edge: prepared.edge,
            head: head.clone(),
            derived,
        });
        Ok((journal, Committed::of(prepared.span, head)))
    }

    pub(crate) fn from_parts(parts: Parts) -> Self {
        let Parts { disk, folder, second_place, log, edge, head, spans, derived } = parts;
        let published = Published { head: head.clone(), edge: edge.clone(), spans: spans.clone() };
        let reader = Reader::new(&disk, &folder, derived, published);
        Self {
            disk,
            folder,
            second_place,
            log,
            log_bytes_max: LOG_BYTES_MAX,
            edge,
            head,
            spans,
            reader,
            state: State::Running,
        }
    }

    /// Commits entries in one frame with one head, and stores the head in the second place. When this returns they
    /// are durable; before it returns the head is shown to nobody. Entries that are to be committed as one group are
    /// given together, in their order.
    ///
    /// `time` is the head's; the caller takes it from its clock, but never before [`Head::time`] of the newest head.
    ///
    /// # Errors
    /// Nothing was written after [`JournalError::Empty`], [`JournalError::TooLarge`] (give fewer entries),
    /// [`JournalError::TimeWentBack`], [`JournalError::Seal`] and [`JournalError::Sign`]. After any other error it
    /// is open whether the entries are in, and every later commit answers [`JournalError::Stopped`].
    pub fn commit(
        &mut self,
        entries: &[NewEntry],
        time: Timestamp,
        signer: &dyn HeadSigner,
        entry_box: &dyn EntryBox,
    ) -> Result<Committed, JournalError> {
        if self.state == State::Stopped {
            return Err(JournalError::Stopped);
        }
        let prepared = prepare(&self.edge, Some(&self.head), entries, time, signer, entry_box)?;
        self.state = State::Stopped; // J6: until every step has succeeded.
        let log_number = self.make_room_for(prepared.body.len())?;
        // J4: the log first, then the second place, then the answer.
        let at = self.log.append(KIND_COMMIT, &prepared.body)?;
        let head = Arc::new(prepared.head);
        let kept = KeptHead { log_number, end: self.log.end(), head: (*head).clone() };
        let stored = kept.store(&self.disk, &self.second_place)?;
        let (at, ()) = at.and(stored).into_inner();
        let _ = derive(self.reader.derived(), &prepared.tiles, prepared.span, log_number, at);
        self.edge = prepared.edge;
        self.head = head.clone();
        if let Some(span) = self.spans.last_mut() {
            span.end = self.log.end();
        }
        self.reader.publish(Published {
            head: head.clone(),
            edge: self.edge.clone(),
            spans: self.spans.clone(),
        });
        self.state = State::Running;
        Ok(Committed::of(prepared.span, head))
    }

    /// The newest head.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Reads the journal beside this writer, from any thread.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// As [`Reader::entry`].
    ///
    /// # Errors
    /// As there.
    pub fn entry(&self, index: u64) -> Result<Entry, JournalError> {
        self.reader.entry(index)
    }

    /// As [`Reader::inclusion_path`].
    ///
    /// # Errors
    /// As there.
    pub fn inclusion_path(&self, index: u64, size: u64) -> Result<Vec<Sha256Digest>, JournalError> {
        self.reader.inclusion_path(index, size)
    }

    /// As [`Reader::consistency`].
    ///
    /// # Errors
    /// As there.
    pub fn consistency(&self, old_size: u64, new_size: u64) -> Result<Vec<Sha256Digest>, JournalError> {
        self.reader.consistency(old_size, new_size)
    }

    /// As [`Reader::iterate`].
    ///
    /// # Errors
    /// As there.
    pub fn iterate<E: From<JournalError>>(
        &self,
        from: u64,
        each: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        self.reader.iterate(from, each)
    }

    #[cfg(test)]
    pub(crate) fn set_log_bytes_max(&mut self, bytes: u64) {
        self.log_bytes_max = bytes;
    }

    /// Begins a new log file where the commit would make this one too long (J9). Says which file takes it.
    fn make_room_for(&mut self, body_bytes: usize) -> Result<u32, JournalError> {
        let span = self.spans.last().copied().ok_or(JournalError::Stopped)?;
        let frame_bytes = body_bytes as u64 + u64::from(FRAME_OVERHEAD_BYTES);
        let after = self.log.end().saturating_add(frame_bytes);
        let has_commits = span.first_index < self.edge.size();
        if after <= self.log_bytes_max || !has_commits {
            return Ok(span.log_number);
        }
        let number = span.log_number.checked_add(1).ok_or(JournalError::Stopped)?;
        let (log, _) = make_log(&self.disk, &self.folder, number, &self.edge, None)?;
        self.spans.push(Span { log_number: number, first_index: self.edge.size(), end: log.end() });
        self.log = log;
        Ok(number)
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("head", &self.head)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Makes a log file whole under a name of its own, then gives it its number: a `log.<n>` always has its opening (J9).
/// Says where the commit given with it lies.
fn make_log(
    disk: &Disk,
    folder: &Path,
    number: u32,
    edge: &Edge,
    commit: Option<&[u8]>,
) -> Result<(Log, FrameAt), JournalError> {
    let new = folder.join(NEW_LOG);
    let path = log_path(folder, number);
    disk.remove_file(&new)?;
    let mut log = Log::create(disk, &new, FORMAT)?;
    let opening = Opening { number, edge: edge.clone() };
    let mut last: Durable<FrameAt> = log.append(KIND_OPENING, &opening.to_bytes())?;
    if let Some(body) = commit {
        last = log.append(KIND_COMMIT, body)?;
    }
    drop(log);
    let _: Durable<()> = disk.rename(&new, &path)?;
    let (log, _) = Log::recover(disk, &path, FORMAT, last.get().end(), &mut |_| Ok(()))?;
    Ok((log, last.into_inner()))
}

/// Everything that can be refused, before anything is written.
fn prepare(
    before: &Edge,
    newest: Option<&Head>,
    entries: &[NewEntry],
    time: Timestamp,
    signer: &dyn HeadSigner,
    entry_box: &dyn EntryBox,
) -> Result<Prepared, JournalError> {
    let is_empty =
        |entry: &NewEntry| entry.statement.is_empty() || entry.list.as_ref().is_some_and(Vec::is_empty);
    if entries.is_empty() || entries.iter().any(is_empty) {
        return Err(JournalError::Empty);
    }
    if let Some(newest) = newest.filter(|newest| time < newest.time) {
        return Err(JournalError::TimeWentBack {
            given_ms: time.unix_ms(),
            newest_ms: newest.time.unix_ms(),
        });
    }
    // Sealing only adds: what is too large in the clear need not be sealed to be refused.
    let clear = entries.iter().fold(0usize, |sum, entry| {
        sum.saturating_add(entry.statement.len()).saturating_add(entry.list.as_ref().map_or(0, Vec::len))
    });
    bounded(clear)?;
    let mut edge = before.clone();
    let mut tiles = Vec::new();
    let mut records = Vec::with_capacity(entries.len());
    for entry in entries {
        let hash = entry_hash(&entry.statement);
        let sealed = entry_box.seal(entry.key, &hash, &entry.statement, entry.list.as_deref())?;
        let lost = sealed.statement.is_empty()
            || sealed.list.as_ref().is_some_and(Vec::is_empty)
            || sealed.list.is_some() != entry.list.is_some();
        assert!(!lost, "sealing gives back a statement and its list, neither empty");
        edge.push(&hash, &mut tiles);
        records.push(SealedRecord { hash, key: entry.key, sealed });
    }
    bounded(commit_bytes(&records, NOTE_BYTES_MAX))?;
    let root = edge.root();
    let HeadSignatures { checkpoint_note, receipt_signature } = signer.sign(edge.size(), root, time)?;
    if checkpoint_note.is_empty() || checkpoint_note.len() > NOTE_BYTES_MAX {
        return Err(SigningFailed::NoteLength.into());
    }
    let head = Head { size: edge.size(), root, time, checkpoint_note, receipt_signature };
    let count = u32::try_from(records.len()).unwrap_or(u32::MAX);
    let span = CommitSpan { first_index: before.size(), count };
    let body = write_commit(span.first_index, &records, &head);
    assert!(body.len() <= COMMIT_BYTES_MAX, "what is written was bounded before");
    Ok(Prepared { body, span, head, edge, tiles })
}

fn bounded(bytes: usize) -> Result<(), JournalError> {
    match bytes <= COMMIT_BYTES_MAX {
        true => Ok(()),
        false => Err(JournalError::TooLarge { bytes: bytes as u64, bytes_max: COMMIT_BYTES_MAX as u64 }),
    }
}

fn derive(
    derived: &Derived,
    tiles: &[FullTile],
    span: CommitSpan,
    log_number: u32,
    at: FrameAt,
) -> Result<(), JournalError> {
    derived.put_positions(span.first_index, span.count, Position { log_number, at })?;
    tiles.iter().try_for_each(|tile| derived.put_tile(tile))?;
    Ok(())
}
