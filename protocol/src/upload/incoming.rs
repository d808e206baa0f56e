//! The gateway's half of an upload: who may write, which pieces are durable, whether it can be closed. Writes
//! nothing; one lock around it in the gateway is all the order that it needs.

use std::collections::{BTreeMap, BTreeSet};

use model::{PieceIndex, limits, piece};

use crate::field::{DocumentNumber, Lease, List};
use crate::message::{PieceAck, PieceHead, Refusal};
use crate::record::{DocumentAnswer, Has, OpenAnswer};
use crate::{Code, Runs};

/// The machine. Made from the spool: from what is on disk, never from what was in memory.
#[derive(Debug)]
pub struct Incoming {
    documents: BTreeMap<DocumentNumber, Document>,
    lease: Option<Lease>,
    /// Pieces being written, under whatever lease.
    writing: BTreeSet<(DocumentNumber, PieceIndex)>,
    stage: Stage,
}

#[derive(Debug)]
struct Document {
    length: u64,
    has: Has,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Accepted,
    Closing,
    Open,
}

/// What came of taking the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fenced {
    /// It was accepted: the answer is the stored receipt.
    Accepted,
    /// A close is being resolved: wait for it, then ask again. The lease was not taken.
    Closing,
    /// The lease is taken and nobody else writes: this is the answer to open.
    Ready(OpenAnswer),
    /// The lease is taken; so many writers of older leases are still at work. Ask again when one is done.
    Writing(usize),
}

/// What to do with a piece whose head came.
#[derive(Debug, PartialEq, Eq)]
pub enum Begin {
    /// Read its bytes and forget them: its document was withdrawn. No acknowledgement.
    Discard,
    /// It is durable. Read its bytes; if they are what the manifest names, send this; if not,
    /// [`Code::PieceDiffers`].
    Durable(PieceAck),
    /// Read, verify, write, make durable; then [`Incoming::durable`] or [`Incoming::failed`].
    Write(Permit),
}

/// The right to write one piece: there is one at a time. Give it back.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a permit that is dropped fences the upload for good"]
pub struct Permit {
    n: DocumentNumber,
    index: PieceIndex,
    lease: Lease,
}

impl Permit {
    /// The document.
    pub fn n(&self) -> DocumentNumber {
        self.n
    }

    /// Which piece.
    pub fn index(&self) -> PieceIndex {
        self.index
    }
}

/// What came of asking for a close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// It was accepted before: the answer is the stored receipt.
    Accepted,
    /// It is closing now; these are its documents, n rising. Then [`Incoming::accepted`] or [`Incoming::reopened`].
    Closing(Vec<DocumentNumber>),
}

impl Incoming {
    /// From the spool: every document of the open, its length in bytes, and what is durable of it.
    pub fn new(documents: impl IntoIterator<Item = (DocumentNumber, u64, Has)>) -> Self {
        let documents = documents.into_iter().take(limits::SUBMISSION_DOCUMENTS_MAX);
        Self {
            documents: documents.map(|(n, length, has)| (n, Document { length, has })).collect(),
            lease: None,
            writing: BTreeSet::new(),
            stage: Stage::Open,
        }
    }

    /// Takes the lease for a new connection, or for the upload's end: older leases end at once. Asking again with
    /// the same lease changes nothing.
    pub fn fence(&mut self, lease: Lease) -> Fenced {
        match self.stage {
            Stage::Accepted => return Fenced::Accepted,
            Stage::Closing => return Fenced::Closing,
            Stage::Open => self.lease = Some(lease),
        }
        match self.writing.len() {
            0 => Fenced::Ready(self.answer(lease)),
            writers => Fenced::Writing(writers),
        }
    }

    fn answer(&self, lease: Lease) -> OpenAnswer {
        let row =
            |(n, document): (&DocumentNumber, &Document)| DocumentAnswer { n: *n, has: document.has.clone() };
        // Bounded in `new`, so it always fits.
        let documents = List::new(self.documents.iter().map(row).collect());
        OpenAnswer { lease, documents: documents.unwrap_or_else(|_| List::empty()) }
    }

    /// A piece's head came.
    ///
    /// # Errors
    /// [`Code::LeaseLost`], [`Code::Closing`], [`Code::PieceBad`] where the document has no such piece,
    /// [`Code::NotNow`] for a document that is held, or a piece that is being written.
    pub fn begin(&mut self, lease: Lease, head: &PieceHead) -> Result<Begin, Refusal> {
        self.holds(lease)?;
        let bad = || Refusal::new(Code::PieceBad).with_piece(head.n, head.index);
        let document = self.documents.get(&head.n).ok_or_else(bad)?;
        if piece::bytes(document.length, head.index) != Some(head.bytes.get()) {
            return Err(bad());
        }
        match &document.has {
            Has::Withdrawn => Ok(Begin::Discard),
            Has::Held(_) => Err(Refusal::new(Code::NotNow).with_piece(head.n, head.index)),
            Has::Pieces(durable) if durable.contains(head.index) => {
                Ok(Begin::Durable(PieceAck { n: head.n, index: head.index }))
            }
            Has::Pieces(_) if !self.writing.insert((head.n, head.index)) => {
                Err(Refusal::new(Code::NotNow).with_piece(head.n, head.index))
            }
            Has::Pieces(_) => Ok(Begin::Write(Permit { n: head.n, index: head.index, lease })),
        }
    }

    /// The piece is durable, and so is its spool record. Gives the acknowledgement, unless the lease was lost or
    /// the document withdrawn meanwhile; the piece is kept in either case, for whoever opens next.
    pub fn durable(&mut self, permit: Permit) -> Option<PieceAck> {
        let Permit { n, index, lease } = permit;
        self.writing.remove(&(n, index));
        match &mut self.documents.get_mut(&n)?.has {
            Has::Pieces(durable) => durable.insert(index),
            Has::Held(_) | Has::Withdrawn => return None,
        };
        (self.lease == Some(lease)).then_some(PieceAck { n, index })
    }

    /// The piece was not written: its bytes were wrong, or the stream ended.
    pub fn failed(&mut self, permit: Permit) {
        self.writing.remove(&(permit.n, permit.index));
    }

    /// Whether somebody writes a piece of this document: its object is not removed before that ends.
    pub fn is_being_written(&self, n: DocumentNumber) -> bool {
        self.writing.range((n, PieceIndex(0))..=(n, PieceIndex(u32::MAX))).next().is_some()
    }

    /// Takes documents out; gives those that were not out before. All or none.
    ///
    /// # Errors
    /// [`Code::LeaseLost`], [`Code::Closing`], [`Code::Malformed`] for a number that is not in the submission.
    pub fn withdraw(
        &mut self,
        lease: Lease,
        documents: &[DocumentNumber],
    ) -> Result<Vec<DocumentNumber>, Refusal> {
        self.holds(lease)?;
        if let Some(unknown) = documents.iter().find(|n| !self.documents.contains_key(n)) {
            return Err(Refusal::new(Code::Malformed).with_documents([*unknown]));
        }
        let mut newly = Vec::new();
        for n in documents {
            if let Some(document) = self.documents.get_mut(n)
                && document.has != Has::Withdrawn
            {
                document.has = Has::Withdrawn;
                newly.push(*n);
            }
        }
        Ok(newly)
    }

    /// Begins the close, if every document that is left is whole.
    ///
    /// # Errors
    /// [`Code::LeaseLost`], [`Code::Closing`], [`Code::NotComplete`] naming documents, [`Code::Empty`].
    pub fn close(&mut self, lease: Lease) -> Result<Closed, Refusal> {
        if self.stage == Stage::Accepted {
            return Ok(Closed::Accepted);
        }
        self.holds(lease)?;
        let partial: Vec<_> =
            self.documents.iter().filter(|(_, it)| it.is_partial()).map(|(n, _)| *n).collect();
        if !partial.is_empty() {
            return Err(Refusal::new(Code::NotComplete).with_documents(partial));
        }
        let left: Vec<_> =
            self.documents.iter().filter(|(_, it)| it.has != Has::Withdrawn).map(|(n, _)| *n).collect();
        if left.is_empty() {
            return Err(Code::Empty.into());
        }
        self.stage = Stage::Closing;
        Ok(Closed::Closing(left))
    }

    /// The close was committed. Every lease ends.
    pub fn accepted(&mut self) {
        self.stage = Stage::Accepted;
        self.lease = None;
    }

    /// The close was refused; these documents are no longer held from before and must be sent.
    pub fn reopened(&mut self, held_gone: &[DocumentNumber]) {
        if self.stage == Stage::Closing {
            self.stage = Stage::Open;
        }
        for n in held_gone {
            if let Some(document) = self.documents.get_mut(n)
                && matches!(document.has, Has::Held(_))
            {
                document.has = Has::Pieces(Runs::none());
            }
        }
    }

    /// What is there of a document, if it is in the submission.
    pub fn has(&self, n: DocumentNumber) -> Option<&Has> {
        self.documents.get(&n).map(|document| &document.has)
    }

    /// How many pieces of a document are durable from the first on: what SHA-256 can run over.
    pub fn front(&self, n: DocumentNumber) -> u32 {
        match self.has(n) {
            Some(Has::Pieces(durable)) => durable.front(),
            Some(Has::Held(_) | Has::Withdrawn) | None => 0,
        }
    }

    fn holds(&self, lease: Lease) -> Result<(), Refusal> {
        match self.stage {
            _ if self.lease != Some(lease) => Err(Code::LeaseLost.into()),
            Stage::Closing => Err(Code::Closing.into()),
            Stage::Accepted | Stage::Open => Ok(()),
        }
    }
}

impl Document {
    fn is_partial(&self) -> bool {
        match &self.has {
            Has::Pieces(durable) => !durable.is_whole(piece::count(self.length)),
            Has::Held(_) | Has::Withdrawn => false,
        }
    }
}
