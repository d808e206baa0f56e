//! The companion's half of an upload: which piece goes next on which stream. Reads no file and sends nothing.

use std::collections::{BTreeMap, BTreeSet};

use model::{PieceIndex, limits, piece};

use crate::field::{DocumentNumber, Lease, PieceBytes};
use crate::message::{PieceAck, PieceHead, Refusal};
use crate::record::{Has, Held, OpenAnswer};
use crate::{Code, Runs, WireError};

use super::STREAMS_MAX;

/// What may be under way, sent and not acknowledged: the most that is sent again after a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// In bytes; one piece may always be under way.
    pub bytes_max: u64,
    /// In pieces, for many small documents.
    pub pieces_max: usize,
}

impl Window {
    /// 12 MiB, or 256 small documents.
    pub const STANDARD: Self = Self { bytes_max: 12 * limits::MIB, pieces_max: 256 };
}

/// A piece to be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Its document.
    pub n: DocumentNumber,
    /// Which piece.
    pub index: PieceIndex,
    /// Its length in bytes.
    pub bytes: usize,
}

impl Piece {
    /// What is sent before its bytes.
    ///
    /// # Errors
    /// None: a piece is never longer than one.
    pub fn head(&self) -> Result<PieceHead, WireError> {
        Ok(PieceHead { n: self.n, index: self.index, bytes: PieceBytes::new(self.bytes)? })
    }
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is left: every document was withdrawn. The plan ends without a receipt.
    Empty,
    /// `open` must be sent (again).
    NotOpen,
    /// Every document that is left is durable or held, and the gateway knows of every withdrawal.
    ReadyToClose,
    /// Pieces are still to be sent or acknowledged, or withdrawals to be told.
    Sending,
}

/// How far it is, for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the documents that are neither withdrawn nor held.
    pub bytes_total: u64,
    /// Of these, durable at the gateway.
    pub bytes_durable: u64,
    /// Sent and not acknowledged.
    pub bytes_in_flight: u64,
    /// Sent more than once since this machine was made.
    pub bytes_sent_again: u64,
    /// Documents that are neither withdrawn nor held.
    pub documents_total: usize,
    /// Of these, durable at the gateway.
    pub documents_durable: usize,
    /// Documents that the book holds already.
    pub documents_held: usize,
    /// Documents that were withdrawn.
    pub documents_withdrawn: usize,
}

/// What follows from a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// These documents must be hashed again or withdrawn; then close again.
    HashAgain(Vec<DocumentNumber>),
    /// Ask again after a pause of at least so many milliseconds.
    Pause(u64),
    /// Open again.
    Reopen,
    /// It can not succeed as it is, or not soon: the person is told.
    Stop,
}

impl After {
    /// The least pause where the gateway names none.
    const PAUSE_MS: u64 = 1_000;

    /// What the companion does about a refusal of open, pieces, withdraw or close.
    pub fn refusal(refusal: &Refusal) -> Self {
        match refusal.known() {
            Some(Code::DigestsDiffer | Code::PieceBad | Code::PieceDiffers | Code::ManifestBad)
                if !refusal.documents().is_empty() =>
            {
                Self::HashAgain(refusal.documents().to_vec())
            }
            Some(Code::LeaseLost | Code::HeldGone | Code::NotComplete | Code::TooSlow) => Self::Reopen,
            // These can pass too, but not while a person waits: a day's quota, people, room on a disk.
            Some(
                Code::QuotaBytes
                | Code::QuotaDocuments
                | Code::QuotaEntries
                | Code::TooManyUploads
                | Code::DiskFull
                | Code::ClockHeld
                | Code::Locked,
            ) => Self::Stop,
            _ if refusal.retryable => {
                Self::Pause(refusal.retry_after_ms.unwrap_or(Self::PAUSE_MS).max(Self::PAUSE_MS))
            }
            _ => Self::Stop,
        }
    }
}

/// The machine. Made from a plan; knows of the gateway only what `open` answered and what was acknowledged since.
#[derive(Debug)]
pub struct Outgoing {
    documents: BTreeMap<DocumentNumber, Document>,
    window: Window,
    lease: Option<Lease>,
    /// The document that each stream is at.
    streams: Vec<Option<DocumentNumber>>,
    /// Documents with pieces that were not sent since the last open.
    unsent: BTreeSet<DocumentNumber>,
    /// Documents that keep the close waiting: not whole, or withdrawn and not told.
    pending: BTreeSet<DocumentNumber>,
    /// How many documents are not withdrawn.
    left: usize,
    in_flight: BTreeSet<(DocumentNumber, PieceIndex)>,
    bytes_in_flight: u64,
    bytes_sent_again: u64,
}

#[derive(Debug)]
struct Document {
    length: u64,
    durable: Runs,
    /// Ever sent by this machine, for the count of what is sent again.
    sent: Runs,
    /// The next piece to send; every missing piece before it is in flight.
    next: PieceIndex,
    fate: Fate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    Held(Held),
    Sent,
    Withdrawn(Told),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    No,
    Yes,
}

impl Document {
    fn piece_count(&self) -> u32 {
        piece::count(self.length)
    }

    fn bytes(&self, index: PieceIndex) -> u64 {
        piece::bytes(self.length, index).unwrap_or(0) as u64
    }

    fn has_unsent(&self) -> bool {
        self.fate == Fate::Sent && self.next.0 < self.piece_count()
    }

    fn is_whole(&self) -> bool {
        self.durable.is_whole(self.piece_count())
    }

    /// Whether it keeps no close waiting.
    fn is_ready(&self) -> bool {
        match self.fate {
            Fate::Held(_) => true,
            Fate::Sent => self.is_whole(),
            Fate::Withdrawn(told) => told == Told::Yes,
        }
    }

    fn bytes_durable(&self) -> u64 {
        let last = PieceIndex(self.piece_count().saturating_sub(1));
        let full = u64::from(self.durable.count()).saturating_mul(piece::PIECE_BYTES);
        match self.durable.contains(last) {
            true => full.saturating_sub(piece::PIECE_BYTES).saturating_add(self.bytes(last)),
            false => full,
        }
    }
}

impl Outgoing {
    /// For the documents of a plan, with their lengths in bytes. `streams` is how many carry pieces, at most
    /// [`STREAMS_MAX`].
    pub fn new(
        documents: impl IntoIterator<Item = (DocumentNumber, u64)>,
        streams: usize,
        window: Window,
    ) -> Self {
        let document = |length| Document {
            length,
            durable: Runs::none(),
            sent: Runs::none(),
            next: PieceIndex(0),
            fate: Fate::Sent,
        };
        let documents: BTreeMap<_, _> =
            documents.into_iter().map(|(n, length)| (n, document(length))).collect();
        Self {
            left: documents.len(),
            pending: documents.keys().copied().collect(),
            documents,
            window,
            lease: None,
            streams: vec![None; streams.clamp(1, STREAMS_MAX)],
            unsent: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            bytes_in_flight: 0,
            bytes_sent_again: 0,
        }
    }

    /// Takes the gateway's answer to `open`. Nothing is in flight from then on.
    ///
    /// # Errors
    /// An answer that is not about the documents of the plan, each once, in order. Nothing has changed then.
    pub fn opened(&mut self, answer: &OpenAnswer) -> Result<(), WireError> {
        let same = answer.documents.len() == self.documents.len()
            && answer.documents.iter().zip(&self.documents).all(|(row, (n, document))| {
                let fits = match &row.has {
                    Has::Pieces(runs) => runs.end() <= document.piece_count(),
                    Has::Held(_) | Has::Withdrawn => true,
                };
                row.n == *n && fits
            });
        if !same {
            return Err(WireError::OutOfOrder { why: "the answer is not about what was opened" });
        }
        self.cut();
        self.lease = Some(answer.lease);
        self.pending.clear();
        for (document, row) in self.documents.values_mut().zip(answer.documents.iter()) {
            // A withdrawal of ours that the gateway does not know yet still stands.
            let withdrawn = matches!(document.fate, Fate::Withdrawn(_));
            document.durable = Runs::none();
            document.fate = match &row.has {
                Has::Withdrawn => Fate::Withdrawn(Told::Yes),
                Has::Held(_) | Has::Pieces(_) if withdrawn => Fate::Withdrawn(Told::No),
                Has::Held(held) => Fate::Held(held.clone()),
                Has::Pieces(runs) => {
                    document.durable = runs.clone();
                    Fate::Sent
                }
            };
            document.next = document.durable.first_missing(PieceIndex(0));
            if document.has_unsent() {
                self.unsent.insert(row.n);
            }
            if !document.is_ready() {
                self.pending.insert(row.n);
            }
        }
        self.left = self.remaining().count();
        Ok(())
    }

    /// The lease, while open.
    pub fn lease(&self) -> Option<Lease> {
        self.lease
    }

    /// The next piece for a stream, or `None`: nothing now, because the window is full, all is sent, or it is not
    /// open. What is given counts as in flight until [`Outgoing::acked`] or [`Outgoing::cut`].
    pub fn next(&mut self, stream: usize) -> Option<Piece> {
        self.lease?;
        let n = self.document_for(stream)?;
        let document = self.documents.get(&n)?;
        let (index, bytes) = (document.next, document.bytes(document.next));
        let fits = self.in_flight.len() < self.window.pieces_max
            && self.bytes_in_flight.saturating_add(bytes) <= self.window.bytes_max;
        if !fits && !self.in_flight.is_empty() {
            return None;
        }
        if let Some(at) = self.streams.get_mut(stream) {
            *at = Some(n);
        }
        let document = self.documents.get_mut(&n)?;
        if !document.sent.insert(index) {
            self.bytes_sent_again = self.bytes_sent_again.saturating_add(bytes);
        }
        document.next = document.durable.first_missing(PieceIndex(index.0.saturating_add(1)));
        if !document.has_unsent() {
            self.unsent.remove(&n);
        }
        self.in_flight.insert((n, index));
        self.bytes_in_flight = self.bytes_in_flight.saturating_add(bytes);
        Some(Piece { n, index, bytes: bytes as usize })
    }

    /// A stream stays at its document; then takes the first that no other is at; then helps the one with most left.
    fn document_for(&self, stream: usize) -> Option<DocumentNumber> {
        let current = (*self.streams.get(stream)?).filter(|n| self.unsent.contains(n));
        let free = || self.unsent.iter().find(|n| !self.streams.contains(&Some(**n))).copied();
        let left = |n: &DocumentNumber| {
            self.documents.get(n).map_or(0, |document| document.piece_count() - document.next.0)
        };
        // When no document is free there are at most as many as streams.
        current.or_else(free).or_else(|| self.unsent.iter().copied().max_by_key(left))
    }

    /// Takes an acknowledgement.
    ///
    /// # Errors
    /// One for a piece that is not in flight. Late ones of a withdrawn document are passed over.
    pub fn acked(&mut self, ack: &PieceAck) -> Result<(), WireError> {
        let unknown = WireError::OutOfOrder { why: "an acknowledgement of a piece that is not in flight" };
        let document = self.documents.get_mut(&ack.n).ok_or(unknown)?;
        if matches!(document.fate, Fate::Withdrawn(_)) {
            return Ok(());
        }
        if !self.in_flight.remove(&(ack.n, ack.index)) {
            return Err(unknown);
        }
        self.bytes_in_flight = self.bytes_in_flight.saturating_sub(document.bytes(ack.index));
        document.durable.insert(ack.index);
        if document.is_ready() {
            self.pending.remove(&ack.n);
        }
        Ok(())
    }

    /// The connection or the lease is gone: only an open says what arrived of what was in flight.
    pub fn cut(&mut self) {
        self.lease = None;
        self.in_flight.clear();
        self.bytes_in_flight = 0;
        self.unsent.clear();
        self.streams.iter_mut().for_each(|at| *at = None);
    }

    /// Takes a document out: it changed or can not be read. Tell the gateway of [`Outgoing::withdrawals`].
    pub fn withdraw(&mut self, n: DocumentNumber) {
        let Some(document) = self.documents.get_mut(&n) else { return };
        if matches!(document.fate, Fate::Withdrawn(_)) {
            return;
        }
        document.fate = Fate::Withdrawn(Told::No);
        self.left = self.left.saturating_sub(1);
        self.pending.insert(n);
        self.unsent.remove(&n);
        let gone: Vec<_> =
            self.in_flight.range((n, PieceIndex(0))..=(n, PieceIndex(u32::MAX))).copied().collect();
        for at in gone {
            self.in_flight.remove(&at);
            self.bytes_in_flight = self.bytes_in_flight.saturating_sub(document.bytes(at.1));
        }
    }

    /// Withdrawals that the gateway has not confirmed.
    pub fn withdrawals(&self) -> Vec<DocumentNumber> {
        let untold = |n: &&DocumentNumber| {
            self.documents.get(n).is_some_and(|it| it.fate == Fate::Withdrawn(Told::No))
        };
        self.pending.iter().filter(untold).copied().collect()
    }

    /// The gateway confirmed these withdrawals.
    pub fn withdrawals_told(&mut self, told: &[DocumentNumber]) {
        for n in told {
            if let Some(document) = self.documents.get_mut(n)
                && document.fate == Fate::Withdrawn(Told::No)
            {
                document.fate = Fate::Withdrawn(Told::Yes);
                self.pending.remove(n);
            }
        }
    }

    /// The documents that close will list, n rising, with the one that the book holds instead, if it does.
    pub fn remaining(&self) -> impl Iterator<Item = (DocumentNumber, Option<&Held>)> {
        self.documents.iter().filter_map(|(n, document)| match &document.fate {
            Fate::Held(held) => Some((*n, Some(held))),
            Fate::Sent => Some((*n, None)),
            Fate::Withdrawn(_) => None,
        })
    }

    /// Whether all pieces of this document are durable at the gateway.
    pub fn is_durable(&self, n: DocumentNumber) -> bool {
        self.documents.get(&n).is_some_and(|document| document.fate == Fate::Sent && document.is_whole())
    }

    /// What is to be done next.
    pub fn stage(&self) -> Stage {
        match self.lease {
            _ if self.left == 0 => Stage::Empty,
            None => Stage::NotOpen,
            Some(_) if self.pending.is_empty() => Stage::ReadyToClose,
            Some(_) => Stage::Sending,
        }
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let mut progress = Progress {
            bytes_in_flight: self.bytes_in_flight,
            bytes_sent_again: self.bytes_sent_again,
            ..Progress::default()
        };
        for document in self.documents.values() {
            match document.fate {
                Fate::Held(_) => progress.documents_held += 1,
                Fate::Withdrawn(_) => progress.documents_withdrawn += 1,
                Fate::Sent => {
                    progress.documents_total += 1;
                    progress.documents_durable += usize::from(document.is_whole());
                    progress.bytes_total = progress.bytes_total.saturating_add(document.length);
                    progress.bytes_durable = progress.bytes_durable.saturating_add(document.bytes_durable());
                }
            }
        }
        progress
    }
}
