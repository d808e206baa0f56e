//! The barrier: one thread that makes written pieces durable and their records after them, many at once.
//! Seals nothing and decides nothing.
//!
//! ```text
//! put_piece ─▶ queue ─▶ all that wait: sync their objects, many at once (folders of new ones after)
//!                        ─▶ per upload one spool frame with all its records, one sync ─▶ replies
//! ```
//! While one round is under way the next one gathers; there is no timer.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};

use host::{Clock, Durable};
use model::{PieceIndex, Timestamp};

use super::spool::Record;
use super::{PieceHeld, PieceRecord, SealedPiece, Upload};
use crate::crew::Crew;
use crate::pieces::{Object, PieceStore};
use crate::{UploadRefusal, VaultError};

/// Pieces that wait for a round, and pieces of one round, at most. Each small document may hold a file open.
const ROUND_PIECES_MAX: usize = 256;

/// A piece whose bytes are written and not yet durable.
pub(crate) struct Written {
    pub(super) upload: Arc<Upload>,
    pub(super) place: usize,
    pub(super) n: u32,
    pub(super) index: PieceIndex,
    pub(super) sealed: SealedPiece,
}

/// The entrance to the barrier's thread, which ends when this is dropped.
pub(crate) struct Barrier {
    queue: SyncSender<Written>,
}

impl Barrier {
    /// Starts the thread.
    pub(crate) fn start(
        pieces: Arc<dyn PieceStore>,
        clock: Clock,
        crew: Arc<Crew>,
    ) -> Result<Self, VaultError> {
        let (queue, waiting) = sync_channel(ROUND_PIECES_MAX);
        std::thread::Builder::new()
            .name("vault-barrier".to_owned())
            .spawn(move || serve(&waiting, pieces.as_ref(), &clock, &crew))
            .map_err(VaultError::Thread)?;
        Ok(Self { queue })
    }

    /// Hands a piece over. Blocks while too many wait.
    pub(super) fn submit(&self, written: Written) {
        if let Err(unsent) = self.queue.send(written) {
            // The thread is gone only if it panicked: nothing is acknowledged any more.
            let written = unsent.0;
            let cause = Arc::new(VaultError::from(UploadRefusal::Ended));
            written.upload.round_failed(&[(written.place, written.index)], &cause);
        }
    }
}

fn serve(waiting: &Receiver<Written>, pieces: &dyn PieceStore, clock: &Clock, crew: &Crew) {
    while let Ok(first) = waiting.recv() {
        let mut round = vec![first];
        round.extend(waiting.try_iter().take(ROUND_PIECES_MAX - 1));
        run(round, pieces, clock, crew);
    }
}

/// One round: V2.
fn run(round: Vec<Written>, pieces: &dyn PieceStore, clock: &Clock, crew: &Crew) {
    let mut objects: Vec<Object> = round.iter().filter_map(Written::object).collect();
    objects.sort_unstable();
    objects.dedup();
    match pieces.sync(&objects) {
        Ok(bytes) => {
            let at = Timestamp::from_unix_ms(clock.unix_ms());
            let records = by_upload(round)
                .into_iter()
                .map(|(upload, written)| move || upload.record_round(bytes, &written, at));
            crew.all(records.collect());
        }
        Err(cause) => {
            let cause = Arc::new(cause);
            for (upload, written) in by_upload(round) {
                let places: Vec<_> = written.iter().map(|piece| (piece.place, piece.index)).collect();
                upload.round_failed(&places, &cause);
            }
        }
    }
}

/// What one upload has in a round, in the order of arrival.
type OfUpload = (Arc<Upload>, Vec<Written>);

fn by_upload(round: Vec<Written>) -> Vec<OfUpload> {
    let mut sorted: Vec<OfUpload> = Vec::new();
    for written in round {
        match sorted.iter_mut().find(|(upload, _)| upload.id == written.upload.id) {
            Some((_, pieces)) => pieces.push(written),
            None => sorted.push((Arc::clone(&written.upload), vec![written])),
        }
    }
    sorted
}

impl Written {
    fn object(&self) -> Option<Object> {
        self.upload.documents.get(self.place).map(|document| document.object)
    }

    fn record(&self, at: Timestamp) -> Option<PieceRecord> {
        let document = self.upload.documents.get(self.place)?;
        let value = *document.announced.manifest.values().get(self.index.0 as usize)?;
        Some(PieceRecord { n: self.n, index: self.index.0, sealed: self.sealed, value, at })
    }
}

impl Upload {
    /// Writes the records of one round, whose bytes are durable, and answers.
    fn record_round(&self, bytes: Durable<()>, written: &[Written], at: Timestamp) {
        let records = written.iter().filter_map(|piece| piece.record(at)).collect();
        match self.record(&Record::Pieces(records)) {
            Ok(recorded) => self.round_held(bytes.and(recorded).map(|_| ()), written, at),
            Err(cause) => {
                let places: Vec<_> = written.iter().map(|piece| (piece.place, piece.index)).collect();
                self.round_failed(&places, &Arc::new(cause));
            }
        }
    }

    fn round_held(&self, proof: Durable<()>, written: &[Written], at: Timestamp) {
        let mut replies = Vec::new();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in written {
            if let Ok(document) = state.document_mut(piece.place) {
                let held = PieceHeld { n: piece.n, index: piece.index, at };
                replies.extend(document.held(piece.index.0, at).into_iter().map(|reply| (reply, held)));
            }
            state.in_flight = state.in_flight.saturating_sub(1);
        }
        state.last_piece_at = Some(state.last_piece_at.map_or(at, |last| last.max(at)));
        drop(state);
        self.changed.notify_all();
        replies.into_iter().for_each(|(reply, held)| reply(Ok(proof.map(|()| held))));
    }

    fn round_failed(&self, pieces: &[(usize, PieceIndex)], cause: &Arc<VaultError>) {
        let mut replies = Vec::new();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (place, index) in pieces {
            if let Ok(document) = state.document_mut(*place) {
                replies.extend(document.failed(index.0));
            }
            state.in_flight = state.in_flight.saturating_sub(1);
        }
        drop(state);
        self.changed.notify_all();
        replies.into_iter().for_each(|reply| reply(Err(Arc::clone(cause))));
    }
}
