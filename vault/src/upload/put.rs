//! One piece: checked against the manifest, sealed, written, and handed to the barrier. The caller's thread does
//! the work of the processor; the reply comes from the barrier's thread.

use std::sync::{Arc, mpsc};

use host::Durable;
use model::{Blake3Digest, PieceIndex};

use super::barrier::Written;
use super::state::Arrival;
use super::{Lease, PieceHeld, SealedPiece, Upload};
use crate::document::seal_piece;
use crate::pieces::Part;
use crate::{UploadRefusal, VaultError};

/// Called once, when a piece has become durable or has failed. It must not block.
pub type Reply = Box<dyn FnOnce(Result<Durable<PieceHeld>, Arc<VaultError>>) + Send>;

/// A piece on its way to the disk, for callers that wait in a thread.
#[must_use = "the piece is held only when the ticket says so"]
pub struct Ticket(mpsc::Receiver<Result<Durable<PieceHeld>, Arc<VaultError>>>);

impl Ticket {
    /// Waits until the piece is durable.
    ///
    /// # Errors
    /// [`VaultError::Stopped`] with what went wrong for the whole barrier.
    pub fn wait(self) -> Result<Durable<PieceHeld>, VaultError> {
        match self.0.recv() {
            Ok(Ok(held)) => Ok(held),
            Ok(Err(cause)) => Err(VaultError::Stopped(cause)),
            Err(mpsc::RecvError) => Err(UploadRefusal::Ended.into()),
        }
    }
}

impl Upload {
    /// Takes one piece. `bytes` are its plaintext, as long as the manifest says. Returns when it is written; the
    /// ticket tells when it is durable.
    ///
    /// # Errors
    /// As [`Upload::put_piece_then`].
    pub fn put_piece(
        self: &Arc<Self>,
        lease: Lease,
        n: u32,
        index: PieceIndex,
        bytes: &[u8],
    ) -> Result<Ticket, VaultError> {
        let (tell, ticket) = mpsc::sync_channel(1);
        let reply = Box::new(move |held| {
            // Nobody waits any more: the piece is held all the same.
            let _ = tell.send(held);
        });
        self.put_piece_then(lease, n, index, bytes, reply)?;
        Ok(Ticket(ticket))
    }

    /// Takes one piece and calls `reply` once, from another thread or from this one, when it is durable or has
    /// failed. A piece that is held is acknowledged and not written again; one that is being written joins.
    ///
    /// Blocks for the work of sealing and writing, and while too many pieces wait for the disk.
    ///
    /// # Errors
    /// [`UploadRefusal::LeaseLost`], [`UploadRefusal::Closing`], [`UploadRefusal::Ended`],
    /// [`UploadRefusal::Withdrawn`], [`UploadRefusal::NoDocument`], [`UploadRefusal::NotThePiece`] (so a held piece
    /// that is sent again with another value is refused), or the disk's refusal. `reply` is not called then.
    pub fn put_piece_then(
        self: &Arc<Self>,
        lease: Lease,
        n: u32,
        index: PieceIndex,
        bytes: &[u8],
        reply: Reply,
    ) -> Result<(), VaultError> {
        let place = self.place(n)?;
        self.lock().refuse_change(lease.number())?;
        if !self.at(place)?.announced.manifest.admits(index, bytes) {
            return Err(UploadRefusal::NotThePiece { n, index: index.0 }.into());
        }
        match self.arrive(lease, place, n, index, reply)? {
            Arrival::Write => {}
            Arrival::Held(_) | Arrival::Joined => return Ok(()),
        }
        match self.write_piece(place, index, bytes) {
            Ok(written) => {
                self.rooms.barrier.submit(written);
                self.follow_front(place, index, bytes);
                Ok(())
            }
            Err(cause) => Err(self.give_up(place, index, cause)),
        }
    }

    /// Registers the piece, or answers at once.
    fn arrive(
        &self,
        lease: Lease,
        place: usize,
        n: u32,
        index: PieceIndex,
        reply: Reply,
    ) -> Result<Arrival, VaultError> {
        let mut state = self.lock();
        // Again: the lease may have gone while the piece was hashed.
        state.refuse_change(lease.number())?;
        if state.broken {
            return Err(self.broken());
        }
        let document = state.document_mut(place)?;
        if document.withdrawn {
            return Err(UploadRefusal::Withdrawn { n }.into());
        }
        let mut reply = Some(reply);
        let arrival = document.arrive(index.0, &mut reply);
        match arrival {
            Arrival::Write => state.in_flight += 1,
            Arrival::Held(at) => {
                drop(state);
                let held = self.proof.map(|()| PieceHeld { n, index, at });
                if let Some(reply) = reply {
                    reply(Ok(held));
                }
            }
            Arrival::Joined => {}
        }
        Ok(arrival)
    }

    /// Seals and writes, with the trailer if this completes the object.
    fn write_piece(
        self: &Arc<Self>,
        place: usize,
        index: PieceIndex,
        bytes: &[u8],
    ) -> Result<Written, VaultError> {
        let document = self.at(place)?;
        let key = self.document_key(document)?;
        let mut scratch = self.rooms.scratch.take();
        let sealed = &mut scratch.sealed;
        let content_key = key.content_key(document.id.as_bytes());
        seal_piece(&content_key, document.id, &document.object, index, bytes, sealed)?;
        let known = SealedPiece {
            commitment: seal::commitment(sealed).ok_or(VaultError::TooLarge { what: "sealed piece" })?,
            hash: Blake3Digest::from_bytes(*blake3::hash(sealed).as_bytes()),
        };
        self.rooms.pieces.put(&document.object, Part::Piece(index), sealed)?;
        drop(scratch);
        let all = {
            let mut state = self.lock();
            let document = state.document_mut(place)?;
            if document.written(index.0, known) { document.all_sealed() } else { None }
        };
        if let Some(all) = all {
            let trailer = document.object.trailer(all.iter().map(|piece| piece.hash));
            self.rooms.pieces.put(&document.object, Part::Trailer, &trailer)?;
        }
        Ok(Written { upload: Arc::clone(self), place, n: document.announced.n, index, sealed: known })
    }

    /// The document's key, unwrapped for this one use.
    pub(super) fn document_key(
        &self,
        document: &super::OpenDocument,
    ) -> Result<seal::DocumentKey, VaultError> {
        crate::document::unwrap_key(self.rooms.keyring.vault(), &self.shelf, document.id, &document.dek)
            .ok_or_else(|| crate::error::damaged("document key", self.rooms.folder.spool(self.id)))
    }

    /// The piece is missing again; whoever joined is told.
    pub(super) fn give_up(&self, place: usize, index: PieceIndex, cause: VaultError) -> VaultError {
        let mut waiting = {
            let mut state = self.lock();
            state.in_flight = state.in_flight.saturating_sub(1);
            state.document_mut(place).map(|document| document.failed(index.0)).unwrap_or_default()
        };
        self.changed.notify_all();
        // The first is the caller's own, who learns it from the error.
        if waiting.len() <= 1 {
            return cause;
        }
        let cause = Arc::new(cause);
        for reply in waiting.drain(1..) {
            reply(Err(Arc::clone(&cause)));
        }
        VaultError::Stopped(cause)
    }

    pub(super) fn broken(&self) -> VaultError {
        host::LogError::Broken { path: self.rooms.folder.spool(self.id) }.into()
    }
}
