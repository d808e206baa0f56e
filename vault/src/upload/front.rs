//! SHA-256 over the contiguous front of each document, as its pieces arrive. What came early, or before a restart,
//! is read back from the vault. No hash state is stored.

use model::{PieceIndex, Sha256Digest};
use sha2::{Digest, Sha256};

use super::Upload;
use super::scratch::Pair;
use super::state::DocumentState;
use crate::document::{open_piece, piece_context};
use crate::pieces::Part;
use crate::{UploadRefusal, VaultError};

/// Pieces that an arriving one reads back, so that a front that fell behind catches up while bytes still arrive.
const CATCH_UP_PIECES: u32 = 2;

/// What a piece does about the front.
enum Turn {
    /// It is this piece's: with the hasher, taken out.
    Mine(Sha256),
    /// An earlier piece that is in the file is to be read back: with the hasher, taken out.
    ReadBack(Sha256, u32),
    /// An earlier piece is coming, or somebody hashes.
    Wait,
    /// There is a gap; whoever closes the upload reads this piece back.
    Over,
}

impl Upload {
    /// SHA-256 of a complete document; what the front has not covered is read back from the vault.
    ///
    /// # Errors
    /// [`UploadRefusal::Missing`], or that a piece can not be read back.
    pub fn sha256(&self, n: u32) -> Result<Sha256Digest, VaultError> {
        let place = self.place(n)?;
        let mut state = self.lock();
        loop {
            let document = state.document_mut(place)?;
            let missing = document.missing();
            if missing > 0 {
                return Err(UploadRefusal::Missing { n, missing }.into());
            }
            if let Some(digest) = document.front.digest {
                return Ok(digest);
            }
            let Some(hasher) = document.front.hasher.take() else {
                state = self.wait(state);
                continue;
            };
            let next = document.front.next;
            drop(state);
            let (hasher, next, outcome) = self.read_back(place, hasher, next, u32::MAX);
            state = self.lock();
            state.document_mut(place)?.put_back(hasher, next);
            self.changed.notify_all();
            outcome?;
        }
    }

    /// Hashes a piece that has arrived if its turn has come or is about to.
    pub(super) fn follow_front(&self, place: usize, index: PieceIndex, bytes: &[u8]) {
        let mut budget = CATCH_UP_PIECES;
        let mut state = self.lock();
        loop {
            let Ok(document) = state.document_mut(place) else { return };
            match document.turn(index.0, budget) {
                Turn::Mine(mut hasher) => {
                    drop(state);
                    hasher.update(bytes);
                    state = self.lock();
                    if let Ok(document) = state.document_mut(place) {
                        document.put_back(hasher, index.0 + 1);
                    }
                    break;
                }
                Turn::ReadBack(hasher, next) => {
                    drop(state);
                    budget -= 1;
                    let (hasher, next, outcome) = self.read_back(place, hasher, next, 1);
                    state = self.lock();
                    if let Ok(document) = state.document_mut(place) {
                        document.put_back(hasher, next);
                    }
                    self.changed.notify_all();
                    // What can not be read now is read, and reported, at the close.
                    if outcome.is_err() {
                        budget = 0;
                    }
                }
                Turn::Wait => state = self.wait(state),
                Turn::Over => break,
            }
        }
        if let Ok(document) = state.document_mut(place) {
            document.front.coming.remove(&index.0);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Hashes up to `pieces_max` pieces from the vault, from `next` on. Gives the hasher back whatever happens.
    fn read_back(
        &self,
        place: usize,
        mut hasher: Sha256,
        mut next: u32,
        pieces_max: u32,
    ) -> (Sha256, u32, Result<(), VaultError>) {
        let count = self.at(place).map_or(0, |document| document.announced.manifest.piece_count());
        let end = next.saturating_add(pieces_max).min(count);
        while next < end {
            let mut scratch = self.rooms.scratch.take();
            match self.open_again(place, PieceIndex(next), &mut scratch) {
                Ok(()) => hasher.update(&*scratch.plain),
                Err(cause) => return (hasher, next, Err(cause)),
            }
            next += 1;
        }
        (hasher, next, Ok(()))
    }

    /// Reads a piece from the vault and opens it.
    fn open_again(&self, place: usize, index: PieceIndex, scratch: &mut Pair) -> Result<(), VaultError> {
        let document = self.at(place)?;
        let known = self.lock().document(place)?.sealed(index.0);
        let known = known.ok_or(UploadRefusal::Missing { n: document.announced.n, missing: 1 })?;
        let key = self.document_key(document)?.content_key(document.id.as_bytes());
        let (object, manifest) = (&document.object, &document.announced.manifest);
        let Pair { sealed, plain } = scratch;
        self.rooms.pieces.read_into(object, Part::Piece(index), sealed)?;
        let context = piece_context(document.id, object, index);
        open_piece(&key, &context, index, manifest, &known, sealed, plain)
            .ok_or_else(|| crate::error::damaged("piece", crate::folder::object_file(object)))
    }
}

impl DocumentState {
    fn turn(&mut self, index: u32, budget: u32) -> Turn {
        let next = self.front.next;
        if next > index {
            return Turn::Over;
        }
        let readable = next < index && budget > 0 && self.sealed(next).is_some();
        let comes = self.front.coming.contains(&next);
        match self.front.hasher.take() {
            None if self.front.digest.is_some() => Turn::Over,
            None => Turn::Wait,
            Some(hasher) if next == index => Turn::Mine(hasher),
            Some(hasher) if readable && !comes => Turn::ReadBack(hasher, next),
            Some(hasher) => {
                self.front.hasher = Some(hasher);
                if comes { Turn::Wait } else { Turn::Over }
            }
        }
    }

    /// The front reaches up to `next`; behind the last piece it becomes the digest.
    fn put_back(&mut self, hasher: Sha256, next: u32) {
        self.front.next = next;
        if next >= self.piece_count() {
            self.front.digest = Some(Sha256Digest::from_bytes(hasher.finalize().into()));
        } else {
            self.front.hasher = Some(hasher);
        }
    }
}
