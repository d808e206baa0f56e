//! Everything that is read from the journal, beside the one writer. Sees only what has been committed and shown.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use host::{Disk, FrameAt, LogError};
use model::Sha256Digest;
use receipts::merkle;

use crate::{
    Entry, EntryBox, Head, JournalError,
    derived::Derived,
    edge::{Edge, TILE_LEVELS, TileId},
    export,
    frame::{Commit, KIND_COMMIT, entry_of_commit},
    proof::{Nodes, ProofFailure},
    walk::{LogFile, Track},
};

/// Reads the journal; clones share what they know, and any thread may hold one.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

struct Shared {
    disk: Disk,
    folder: PathBuf,
    derived: Derived,
    published: RwLock<Arc<Published>>,
    /// One at a time makes look-ups again.
    deriving: Mutex<()>,
}

/// What has been committed and shown.
pub(crate) struct Published {
    pub head: Arc<Head>,
    pub edge: Edge,
    /// At least one; the last is the one that grows.
    pub spans: Vec<Span>,
}

/// Which entries a log file holds, and where its last commit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub log_number: u32,
    pub first_index: u64,
    pub end: u64,
}

/// What [`Reader::verify`] has gone through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Log files.
    pub log_files: u64,
    /// Commits.
    pub commits: u64,
    /// Entries.
    pub entries: u64,
}

impl Reader {
    pub(crate) fn new(disk: &Disk, folder: &Path, derived: Derived, published: Published) -> Self {
        let published = RwLock::new(Arc::new(published));
        let (disk, folder) = (disk.clone(), folder.to_path_buf());
        Self { shared: Arc::new(Shared { disk, folder, derived, published, deriving: Mutex::new(()) }) }
    }

    pub(crate) fn publish(&self, published: Published) {
        *self.shared.published.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(published);
    }

    pub(crate) fn published(&self) -> Arc<Published> {
        self.shared.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn derived(&self) -> &Derived {
        &self.shared.derived
    }

    /// The newest head.
    pub fn head(&self) -> Arc<Head> {
        self.published().head.clone()
    }

    /// Entries in the journal: the newest head's size.
    pub fn size(&self) -> u64 {
        self.published().head.size
    }

    /// One entry, sealed as it lies in the log, with the head of its commit.
    ///
    /// # Errors
    /// [`JournalError::Beyond`]; [`JournalError::Damaged`] and [`JournalError::Log`] where its log file is damaged.
    pub fn entry(&self, index: u64) -> Result<Entry, JournalError> {
        self.locate(index).map(|(_, _, entry)| entry)
    }

    /// Gives every entry from `from` on to `each`, in order, up to the newest head at the time of the call; ends
    /// early when `each` fails.
    ///
    /// # Errors
    /// What `each` gives; damage as in [`Reader::entry`]. Entries before the damage have been given.
    pub fn iterate<E: From<JournalError>>(
        &self,
        from: u64,
        mut each: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        let published = self.published();
        if from >= published.head.size {
            return Ok(());
        }
        let mut expected = from;
        for span in published.spans.iter().filter(|span| published.holds_from(span, from)) {
            let (file, offset) = if span.first_index < from {
                let (file, at, _) = self.locate(from)?;
                (file, at.offset)
            } else {
                let file = self.open(span)?;
                let (_, offset) = file.opening()?;
                (file, offset)
            };
            file.commits(offset, span.end, |at, body| {
                let damaged = |why| E::from(file.damaged(at.offset, why));
                let commit = Commit::from_bytes(body).ok_or_else(|| damaged(NOT_AS_FORMAT))?;
                for entry in commit.into_entries().filter(|entry| entry.index() >= from) {
                    if entry.index() != expected {
                        return Err(damaged(LOST));
                    }
                    expected += 1;
                    each(entry)?;
                }
                Ok(())
            })?;
        }
        match expected == published.head.size {
            true => Ok(()),
            false => Err(self.ended_early(&published).into()),
        }
    }

    /// The path from the leaf of entry `index` to the root of the tree of `size` entries: RFC 9162 2.1.3.1, the
    /// leaf's sibling first. The same for ever. Costs O(log n) reads.
    ///
    /// # Errors
    /// [`JournalError::Beyond`] unless `index < size` and `size` is at most the newest head's.
    pub fn inclusion_path(&self, index: u64, size: u64) -> Result<Vec<Sha256Digest>, JournalError> {
        if index >= size {
            return Err(JournalError::Beyond { asked: index, size });
        }
        self.prove(size, |nodes| merkle::inclusion_path(nodes, index, size))
    }

    /// The proof that the tree of `old_size` entries is a prefix of that of `new_size`: RFC 9162 2.1.4.1. Empty where
    /// the sizes are equal or the old one is 0.
    ///
    /// # Errors
    /// [`JournalError::Beyond`] unless `old_size <= new_size` and `new_size` is at most the newest head's.
    pub fn consistency(&self, old_size: u64, new_size: u64) -> Result<Vec<Sha256Digest>, JournalError> {
        if old_size > new_size {
            return Err(JournalError::Beyond { asked: old_size, size: new_size });
        }
        self.prove(new_size, |nodes| match old_size {
            0 => Ok(Vec::new()),
            _ => merkle::consistency_proof(nodes, old_size, new_size),
        })
    }

    /// Reads the whole log and checks every frame, root and time. Needs no key and changes nothing.
    ///
    /// # Errors
    /// The first damage, by file and byte.
    pub fn verify(&self) -> Result<Verified, JournalError> {
        let published = self.published();
        let mut verified = Verified::default();
        let mut track: Option<Track> = None;
        for span in &published.spans {
            track = Some(self.follow(span, track, |_, step| {
                verified.commits += 1;
                verified.entries += u64::from(step.count);
                Ok(())
            })?);
            verified.log_files += 1;
        }
        match track.is_some_and(|track| track.edge() == &published.edge) {
            true => Ok(verified),
            false => Err(self.ended_early(&published)),
        }
    }

    /// Writes the journal as one text that can be checked without this program; `entry_box` opens what it can, and
    /// without it the statements stay out. The form is in `format.md`.
    ///
    /// # Errors
    /// [`JournalError::Export`] where `out` fails; damage, of the log or of one entry; a key that the ring does not
    /// know.
    pub fn export(&self, entry_box: Option<&dyn EntryBox>, out: &mut dyn Write) -> Result<(), JournalError> {
        export::export(self, entry_box, out)
    }

    /// Makes tiles and positions of one log file again (J8).
    pub(crate) fn derive_again(&self, span: &Span) -> Result<(), JournalError> {
        let _one = self.shared.deriving.lock().unwrap_or_else(PoisonError::into_inner);
        self.follow(span, None, |at, step| step.derive(self.derived(), span.log_number, at))?;
        Ok(())
    }

    /// Follows the tree through one log file. Without a track the file's opening is believed.
    fn follow(
        &self,
        span: &Span,
        track: Option<Track>,
        mut each: impl FnMut(FrameAt, &crate::walk::Step) -> Result<(), JournalError>,
    ) -> Result<Track, JournalError> {
        let file = self.open(span)?;
        let (opening, offset) = file.opening()?;
        let mut track = match track {
            None => Track::from_opening(&opening),
            Some(track) => {
                track.opens(&opening).map_err(|why| file.damaged(offset, why))?;
                track
            }
        };
        file.commits(offset, span.end, |at, body| {
            let step = track.commit(body).map_err(|why| file.damaged(at.offset, why))?;
            each(at, &step)
        })?;
        Ok(track)
    }

    /// An entry, and where its commit lies; what was looked up has been checked.
    fn locate(&self, index: u64) -> Result<(LogFile, FrameAt, Entry), JournalError> {
        let published = self.published();
        let Some(span) = published.span_of(index) else {
            return Err(JournalError::Beyond { asked: index, size: published.head.size });
        };
        let file = self.open(&span)?;
        let mut found = self.looked_up(&file, &span, index)?;
        if found.is_none() {
            self.derive_again(&span)?;
            found = self.looked_up(&file, &span, index)?;
        }
        match found {
            Some((at, entry)) => Ok((file, at, entry)),
            None => Err(file.damaged(span.end, LOST)),
        }
    }

    /// A position that leads nowhere is no error yet: it can be made again, and that names any damage.
    fn looked_up(
        &self,
        file: &LogFile,
        span: &Span,
        index: u64,
    ) -> Result<Option<(FrameAt, Entry)>, JournalError> {
        let Some(position) = self.derived().position(index)? else { return Ok(None) };
        let at = position.at;
        if position.log_number != span.log_number || at.end() > span.end {
            return Ok(None);
        }
        match file.read(at) {
            Ok((KIND_COMMIT, body)) => Ok(entry_of_commit(&body, index).map(|entry| (at, entry))),
            Ok(_) | Err(JournalError::Log(LogError::Damaged { .. })) => Ok(None),
            Err(other) => Err(other),
        }
    }

    fn prove(
        &self,
        size: u64,
        proof: impl Fn(&Nodes<'_>) -> Result<Vec<Sha256Digest>, ProofFailure>,
    ) -> Result<Vec<Sha256Digest>, JournalError> {
        let published = self.published();
        if size > published.head.size {
            return Err(JournalError::Beyond { asked: size, size: published.head.size });
        }
        let mut made_again: Option<TileId> = None;
        loop {
            match proof(&Nodes::new(&published.edge, self.derived())) {
                Ok(path) => return Ok(path),
                Err(ProofFailure::Journal(fault)) => return Err(fault),
                Err(ProofFailure::Outside) => return Err(self.ended_early(&published)),
                // Tiles are asked for in one order, so whoever fails twice running was not helped.
                Err(ProofFailure::Tile(id)) if made_again == Some(id) => {
                    return Err(self.ended_early(&published));
                }
                Err(ProofFailure::Tile(id)) => {
                    made_again = Some(id);
                    let span =
                        published.span_of(last_entry(id)).ok_or_else(|| self.ended_early(&published))?;
                    self.derive_again(&span)?;
                }
            }
        }
    }

    fn open(&self, span: &Span) -> Result<LogFile, JournalError> {
        LogFile::open(&self.shared.disk, &self.shared.folder, span.log_number)
    }

    fn ended_early(&self, published: &Published) -> JournalError {
        let (log_number, offset) = published.spans.last().map_or((1, 0), |span| (span.log_number, span.end));
        let path = crate::walk::log_path(&self.shared.folder, log_number);
        JournalError::Damaged { path, offset, why: "the log does not hold what its head counts" }
    }
}

const LOST: &str = "the entry is not where it was committed";
const NOT_AS_FORMAT: &str = "the commit is not as the format says";

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("head", &self.head()).finish_non_exhaustive()
    }
}

impl Published {
    /// The log file that holds an entry.
    fn span_of(&self, index: u64) -> Option<Span> {
        let committed = index < self.head.size;
        self.spans.iter().rev().find(|span| committed && span.first_index <= index).copied()
    }

    /// Whether a log file holds this entry or a later one.
    fn holds_from(&self, span: &Span, from: u64) -> bool {
        self.spans
            .iter()
            .find(|next| next.log_number > span.log_number)
            .is_none_or(|next| next.first_index > from)
    }
}

/// The last entry below a full tile: the one whose commit made it full.
fn last_entry(id: TileId) -> u64 {
    let entries_shift = u32::from(TILE_LEVELS) * (u32::from(id.level) + 1);
    (id.index + 1).checked_shl(entries_shift).unwrap_or(0).saturating_sub(1)
}
