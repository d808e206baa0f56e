//! What is known of an open upload between two calls. Everything here can be built again from the spool, but the
//! lease and the SHA-256 under way.

use std::collections::{BTreeSet, HashMap, HashSet};

use model::{PieceIndex, Sha256Digest, Timestamp};
use sha2::{Digest, Sha256};

use super::{SealedPiece, StoredDocument};
use crate::upload::put::Reply;
use crate::{UploadRefusal, VaultError};

/// The changing part of an upload.
pub(super) struct State {
    pub(super) lease: u64,
    /// Pieces between their arrival and their acknowledgement.
    pub(super) in_flight: usize,
    pub(super) phase: Phase,
    /// An append to the spool has failed.
    pub(super) broken: bool,
    pub(super) last_piece_at: Option<Timestamp>,
    pub(super) documents: Vec<DocumentState>,
    /// Documents that a shelf record may exist of.
    pub(super) perhaps_shelved: BTreeSet<u32>,
    /// Documents whose record this process has written, since nothing about them has changed.
    pub(super) shelved: HashMap<u32, StoredDocument>,
}

/// Which of its changes an upload takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// All.
    Open,
    /// None, until the close has ended.
    Closing,
    /// None ever again.
    Ended,
}

/// One document.
pub(super) struct DocumentState {
    pub(super) withdrawn: bool,
    pieces: Vec<PieceState>,
    held: u32,
    /// Held, or written and not yet synced.
    written: u32,
    pub(super) front: Front,
}

/// One piece.
enum PieceState {
    Missing,
    Busy(Box<Busy>),
    Held(SealedPiece, Timestamp),
}

/// A piece between its arrival and its acknowledgement.
#[derive(Default)]
struct Busy {
    written: Option<SealedPiece>,
    waiting: Vec<Reply>,
}

/// SHA-256 over the contiguous front of a document.
pub(super) struct Front {
    /// The first piece that it does not cover.
    pub(super) next: u32,
    /// Out while somebody hashes.
    pub(super) hasher: Option<Sha256>,
    /// Pieces that have arrived and whose turn will come.
    pub(super) coming: HashSet<u32>,
    /// The finished digest.
    pub(super) digest: Option<Sha256Digest>,
}

/// What a piece that has arrived finds.
pub(super) enum Arrival {
    /// It is to be written by whoever asked.
    Write,
    /// It is held since.
    Held(Timestamp),
    /// Another is writing it; the reply was taken and will be called with theirs.
    Joined,
}

impl State {
    pub(super) fn new(documents: Vec<DocumentState>) -> Self {
        Self {
            lease: 0,
            in_flight: 0,
            phase: Phase::Open,
            broken: false,
            last_piece_at: None,
            documents,
            perhaps_shelved: BTreeSet::new(),
            shelved: HashMap::new(),
        }
    }

    pub(super) fn document(&self, place: usize) -> Result<&DocumentState, VaultError> {
        self.documents.get(place).ok_or(VaultError::TooLarge { what: "document place" })
    }

    pub(super) fn document_mut(&mut self, place: usize) -> Result<&mut DocumentState, VaultError> {
        self.documents.get_mut(place).ok_or(VaultError::TooLarge { what: "document place" })
    }

    pub(super) fn refuse_ended(&self) -> Result<(), UploadRefusal> {
        if self.phase == Phase::Ended { Err(UploadRefusal::Ended) } else { Ok(()) }
    }

    /// V5, and that whoever asks holds the lease.
    pub(super) fn refuse_change(&self, lease: u64) -> Result<(), UploadRefusal> {
        match self.phase {
            Phase::Ended => Err(UploadRefusal::Ended),
            _ if lease != self.lease => Err(UploadRefusal::LeaseLost),
            Phase::Closing => Err(UploadRefusal::Closing),
            Phase::Open => Ok(()),
        }
    }
}

impl DocumentState {
    pub(super) fn new(piece_count: u32) -> Self {
        Self {
            withdrawn: false,
            pieces: (0..piece_count).map(|_| PieceState::Missing).collect(),
            held: 0,
            written: 0,
            front: Front { next: 0, hasher: Some(Sha256::new()), coming: HashSet::new(), digest: None },
        }
    }

    pub(super) fn piece_count(&self) -> u32 {
        u32::try_from(self.pieces.len()).unwrap_or(u32::MAX)
    }

    /// How many pieces are not held.
    pub(super) fn missing(&self) -> u32 {
        self.piece_count().saturating_sub(self.held)
    }

    /// Whether anything is being written.
    pub(super) fn is_busy(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, PieceState::Busy(_)))
    }

    pub(super) fn missing_runs(&self) -> Vec<(PieceIndex, u32)> {
        let mut runs: Vec<(PieceIndex, u32)> = Vec::new();
        for (index, piece) in (0..).zip(&self.pieces) {
            match (piece, runs.last_mut()) {
                (PieceState::Held(..), _) => {}
                (_, Some((first, count))) if first.0 + *count == index => *count += 1,
                _ => runs.push((PieceIndex(index), 1)),
            }
        }
        runs
    }

    /// A piece arrives: V3 and V4.
    pub(super) fn arrive(&mut self, index: u32, reply: &mut Option<Reply>) -> Arrival {
        match self.pieces.get_mut(index as usize) {
            Some(PieceState::Held(_, at)) => Arrival::Held(*at),
            Some(PieceState::Busy(busy)) => {
                busy.waiting.extend(reply.take());
                Arrival::Joined
            }
            Some(missing @ PieceState::Missing) => {
                let waiting = reply.take().into_iter().collect();
                *missing = PieceState::Busy(Box::new(Busy { written: None, waiting }));
                self.front.coming.insert(index);
                Arrival::Write
            }
            // The manifest has admitted the index, so this is never reached; refusing to write is safe.
            None => Arrival::Joined,
        }
    }

    /// Its bytes are in the file. True if with it all of the document's are.
    pub(super) fn written(&mut self, index: u32, sealed: SealedPiece) -> bool {
        if let Some(PieceState::Busy(busy)) = self.pieces.get_mut(index as usize)
            && busy.written.replace(sealed).is_none()
        {
            self.written += 1;
        }
        self.written == self.piece_count()
    }

    /// Its record is durable; gives the replies that wait for it.
    pub(super) fn held(&mut self, index: u32, at: Timestamp) -> Vec<Reply> {
        let Some(piece) = self.pieces.get_mut(index as usize) else { return Vec::new() };
        match std::mem::replace(piece, PieceState::Missing) {
            PieceState::Busy(busy) => {
                if let Some(sealed) = busy.written {
                    *piece = PieceState::Held(sealed, at);
                    self.held += 1;
                }
                busy.waiting
            }
            other => {
                *piece = other;
                Vec::new()
            }
        }
    }

    /// It could not be made durable: it is missing again; gives the replies that wait for it.
    pub(super) fn failed(&mut self, index: u32) -> Vec<Reply> {
        self.front.coming.remove(&index);
        let Some(piece) = self.pieces.get_mut(index as usize) else { return Vec::new() };
        match std::mem::replace(piece, PieceState::Missing) {
            PieceState::Busy(busy) => {
                self.written -= u32::from(busy.written.is_some());
                busy.waiting
            }
            other => {
                *piece = other;
                Vec::new()
            }
        }
    }

    /// What the spool says at a start. A second record of the same piece changes nothing (V3).
    pub(super) fn recover(&mut self, index: u32, sealed: SealedPiece, at: Timestamp) {
        if let Some(missing @ PieceState::Missing) = self.pieces.get_mut(index as usize) {
            *missing = PieceState::Held(sealed, at);
            self.held += 1;
            self.written += 1;
        }
    }

    /// What is known of a piece whose bytes are in the file, held or on the way.
    pub(super) fn sealed(&self, index: u32) -> Option<SealedPiece> {
        match self.pieces.get(index as usize)? {
            PieceState::Missing => None,
            PieceState::Busy(busy) => busy.written,
            PieceState::Held(sealed, _) => Some(*sealed),
        }
    }

    /// What is known of all pieces, if all are written.
    pub(super) fn all_sealed(&self) -> Option<Vec<SealedPiece>> {
        (0..self.piece_count()).map(|index| self.sealed(index)).collect()
    }
}
