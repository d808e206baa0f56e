//! The companion's half of a download: what to ask for next, and whether what comes is what was signed for.
//! Writes nothing: the caller writes what was verified, syncs, and says so.

use std::collections::{BTreeMap, BTreeSet};

use model::{Blake3Digest, ChainingValue, Manifest, PieceIndex, Sha256Digest, limits, piece};

use crate::WireError;
use crate::field::DocumentNumber;
use crate::message::{Fetch, FetchHead, FetchValues, PieceHead};

/// A document of the take, as the listing described it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its number in the take's list.
    pub n: DocumentNumber,
    /// Its length in bytes.
    pub length: u64,
    /// Its BLAKE3 root.
    pub root: Blake3Digest,
    /// What an earlier run left.
    pub resume: Resume,
}

/// What an earlier run left of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resume {
    /// Its manifest, if it was kept.
    pub manifest: Option<Manifest>,
    /// How many pieces from the first on are verified and durable.
    pub pieces_durable: u32,
}

/// What comes next on a fetch stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing: the document was sent to its end.
    End,
    /// A fetch-head.
    Head,
    /// The raw bytes of the piece whose head came: so many.
    PieceBytes(usize),
    /// A piece-head.
    PieceHead,
    /// A run of values.
    Values,
}

/// The machine. Several streams, one document each.
#[derive(Debug)]
pub struct Incoming {
    take: Sha256Digest,
    documents: BTreeMap<DocumentNumber, Document>,
    streams: Vec<Option<Stream>>,
    /// Documents that no stream is at and that are not whole.
    waiting: BTreeSet<DocumentNumber>,
}

#[derive(Debug)]
struct Document {
    length: u64,
    root: Blake3Digest,
    manifest: Option<Manifest>,
    /// Pieces from the first on that are verified, written and synced.
    pieces_durable: u32,
    report: Report,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Report {
    Confirmed,
    Due,
    /// The gateway refuses the document: it is not asked for again.
    Never,
}

#[derive(Debug)]
struct Stream {
    n: DocumentNumber,
    due: Due,
    values: Vec<ChainingValue>,
    /// The next piece to come.
    next: PieceIndex,
}

impl Document {
    fn piece_count(&self) -> u32 {
        piece::count(self.length)
    }

    fn is_whole(&self) -> bool {
        self.pieces_durable >= self.piece_count()
    }
}

impl Incoming {
    /// For the documents of a take, on so many streams.
    pub fn new(take: Sha256Digest, documents: impl IntoIterator<Item = Wanted>, streams: usize) -> Self {
        let documents: BTreeMap<_, _> =
            documents.into_iter().map(|wanted| (wanted.n, Document::resumed(wanted))).collect();
        let waiting = documents.iter().filter(|(_, it)| !it.is_whole()).map(|(n, _)| *n).collect();
        let streams = (0..streams.clamp(1, limits::STREAMS_MAX as usize)).map(|_| None).collect();
        Self { take, documents, streams, waiting }
    }

    /// What to ask for on a stream that is free; `None` if nothing is left for it. [`Incoming::ended`] frees it.
    pub fn next(&mut self, stream: usize) -> Option<Fetch> {
        let slot = self.streams.get_mut(stream)?;
        if slot.is_some() {
            return None;
        }
        let n = self.waiting.pop_first()?;
        let document = self.documents.get(&n)?;
        let from = PieceIndex(document.pieces_durable);
        *slot = Some(Stream { n, due: Due::Head, values: Vec::new(), next: from });
        Some(Fetch { take: self.take, n, from, count: None, manifest: document.manifest.is_none() })
    }

    /// What must come next on a stream: the kind of message, or how many raw bytes.
    pub fn due(&self, stream: usize) -> Due {
        self.streams.get(stream).and_then(Option::as_ref).map_or(Due::End, |stream| stream.due)
    }

    /// Takes a fetch-head.
    ///
    /// # Errors
    /// It is not due, or not the document that was signed for.
    pub fn head(&mut self, stream: usize, head: &FetchHead) -> Result<(), WireError> {
        let (stream, document) = self.at(stream, Due::Head)?;
        if (head.length, head.root) != (document.length, document.root) {
            return Err(WireError::OutOfOrder { why: "another document than the one signed for" });
        }
        if document.manifest.is_none() && document.piece_count() == 1 {
            let only = ChainingValue::from_bytes(*document.root.as_bytes());
            document.manifest = Some(merged(document, vec![only])?);
        }
        stream.due = if document.manifest.is_some() { Due::PieceHead } else { Due::Values };
        Ok(())
    }

    /// Takes a run of values.
    ///
    /// # Errors
    /// It is not due, a run that is not full, or values that do not merge to the root.
    pub fn values(&mut self, stream: usize, values: &FetchValues) -> Result<(), WireError> {
        let (stream, document) = self.at(stream, Due::Values)?;
        let run = values.values.as_slice();
        let missing = (document.piece_count() as usize).saturating_sub(stream.values.len());
        if run.len() != missing.min(limits::OPEN_VALUES_MAX) {
            return Err(WireError::OutOfOrder {
                why: "a run of values is full, the last as long as what is missing",
            });
        }
        stream.values.extend_from_slice(run);
        if run.len() == missing {
            document.manifest = Some(merged(document, std::mem::take(&mut stream.values))?);
            stream.due = Due::PieceHead;
        }
        Ok(())
    }

    /// Takes a piece-head; so many raw bytes are due then.
    ///
    /// # Errors
    /// It is not due, not the next piece, or has another length.
    pub fn piece_head(&mut self, stream: usize, head: &PieceHead) -> Result<usize, WireError> {
        let (stream, document) = self.at(stream, Due::PieceHead)?;
        let bytes = piece::bytes(document.length, stream.next);
        if head.n != stream.n || head.index != stream.next || bytes != Some(head.bytes.get()) {
            return Err(WireError::OutOfOrder { why: "another piece than the next" });
        }
        stream.due = Due::PieceBytes(head.bytes.get());
        Ok(head.bytes.get())
    }

    /// Takes the bytes of the piece. Where they belong: document and piece; write them, then [`Incoming::synced`].
    ///
    /// # Errors
    /// They are not due, or [`WireError::PieceBad`]: not the piece that the manifest names. Write nothing then.
    pub fn piece(&mut self, stream: usize, bytes: &[u8]) -> Result<(DocumentNumber, PieceIndex), WireError> {
        let (stream, document) = self.at(stream, Due::PieceBytes(bytes.len()))?;
        let (n, index) = (stream.n, stream.next);
        if !document.manifest.as_ref().is_some_and(|manifest| manifest.admits(index, bytes)) {
            return Err(WireError::PieceBad { n: n.0, index: index.0 });
        }
        stream.next = PieceIndex(index.0.saturating_add(1));
        stream.due = if stream.next.0 < document.piece_count() { Due::PieceHead } else { Due::End };
        Ok((n, index))
    }

    /// The first `pieces` pieces of a document are written and synced.
    pub fn synced(&mut self, n: DocumentNumber, pieces: u32) {
        if let Some(document) = self.documents.get_mut(&n) {
            document.pieces_durable = document.pieces_durable.max(pieces.min(document.piece_count()));
            if document.is_whole() {
                self.waiting.remove(&n);
            }
        }
    }

    /// A stream has ended. If its document came whole, only [`Incoming::synced`] is still due for it. If not (a
    /// cut, a refusal of this moment), what is not durable is asked for again: call [`Incoming::synced`] first for
    /// what was written.
    pub fn ended(&mut self, stream: usize) {
        let Some(stream) = self.streams.get_mut(stream).and_then(Option::take) else { return };
        let left = |it: &Document| !it.is_whole() && it.report != Report::Never;
        if stream.due != Due::End && self.documents.get(&stream.n).is_some_and(left) {
            self.waiting.insert(stream.n);
        }
    }

    /// The gateway refuses this document for good; it is left out. The caller says so to the person.
    pub fn refused(&mut self, n: DocumentNumber) {
        if let Some(document) = self.documents.get_mut(&n) {
            document.report = Report::Never;
            self.waiting.remove(&n);
        }
    }

    /// The manifest of a document, once it has come: keep it for a later run.
    pub fn manifest(&self, n: DocumentNumber) -> Option<&Manifest> {
        self.documents.get(&n).and_then(|document| document.manifest.as_ref())
    }

    /// The documents that are durable here and not yet reported.
    pub fn reportable(&self) -> Vec<DocumentNumber> {
        let due = self.documents.iter().filter(|(_, it)| it.is_whole() && it.report == Report::Due);
        due.map(|(n, _)| *n).collect()
    }

    /// The gateway has answered the report of these.
    pub fn reported(&mut self, documents: &[DocumentNumber]) {
        for n in documents {
            if let Some(document) = self.documents.get_mut(n)
                && document.report == Report::Due
            {
                document.report = Report::Confirmed;
            }
        }
    }

    /// Whether nothing is left to fetch or to report.
    pub fn is_done(&self) -> bool {
        let done = |document: &Document| match document.report {
            Report::Confirmed | Report::Never => true,
            Report::Due => false,
        };
        self.documents.values().all(done)
    }

    /// Bytes of all documents, and of these the durable ones.
    pub fn progress(&self) -> (u64, u64) {
        self.documents.values().fold((0, 0), |(total, durable): (u64, u64), document| {
            let pieces = u64::from(document.pieces_durable);
            let bytes = pieces.saturating_mul(piece::PIECE_BYTES).min(document.length);
            (total.saturating_add(document.length), durable.saturating_add(bytes))
        })
    }

    fn at(&mut self, stream: usize, due: Due) -> Result<(&mut Stream, &mut Document), WireError> {
        let wrong = WireError::OutOfOrder { why: "not what is due on this stream" };
        let stream = self.streams.get_mut(stream).and_then(Option::as_mut).ok_or(wrong)?;
        let document = self.documents.get_mut(&stream.n).ok_or(wrong)?;
        match stream.due == due {
            true => Ok((stream, document)),
            false => Err(wrong),
        }
    }
}

impl Document {
    fn resumed(wanted: Wanted) -> Self {
        let Wanted { length, root, resume, .. } = wanted;
        let manifest = resume.manifest.filter(|it| it.root() == root && it.length() == length);
        let pieces_durable = resume.pieces_durable.min(piece::count(length));
        Self { length, root, manifest, pieces_durable, report: Report::Due }
    }
}

fn merged(document: &Document, values: Vec<ChainingValue>) -> Result<Manifest, WireError> {
    Manifest::check(document.length, document.root, values).map_err(|cause| WireError::Malformed {
        of: "FetchValues",
        member: "values",
        cause,
    })
}
