//! Open uploads: what has been announced, which pieces are held, and the steps to a close or an end.
//! Decides nothing about who may send, and says nothing to a peer.
//!
//! ```text
//!            open               put … put            prepare_close          Prepared::finish
//!   nothing ──────▶ spool file ──────────▶ complete ──────────────▶ shelved ────────────────▶ stored, no spool
//!                        │  withdraw: one document        │ refused: open again
//!                        ▼                                ▼
//!                      drop_upload, expire: dropping ─▶ shelf says dropped ─▶ objects gone ─▶ no spool
//! ```
//!
//! Invariants:
//! - V1 The spool is there before the first object and after the last: spool first, spool last.
//! - V2 No piece record is written before the sync of its bytes has returned, and no piece is acknowledged before
//!   the sync of its record has. A record never outlives its bytes.
//! - V3 A held piece is never written again.
//! - V4 A piece has one writer; a fenced writer is waited for before the new lease is given.
//! - V5 While a close waits nothing is withdrawn, dropped or put.
//! - V6 Nothing is removed because something else is missing: each removal is in the spool before it begins.

mod barrier;
mod close;
mod end;
mod front;
mod put;
mod recover;
mod scratch;
mod spool;
mod state;

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use host::Durable;
use model::{
    BookId, ChainingValue, DeviceId, DisplayName, DocumentId, Kind, Manifest, MediaType, Period, PersonId,
    PieceIndex, SubmissionId, Timestamp, UploadId, class::Class,
};

use crate::keyring::Shelf;
use crate::pieces::Object;
use crate::ring::ShelfName;
use crate::shelf::{DEK_BYTES, ShelfPosition};
use crate::vault::Rooms;
use crate::{UploadRefusal, VaultError};

pub(crate) use barrier::Barrier;
pub use close::Prepared;
pub use put::{Reply, Ticket};
pub use recover::{Recovery, Unrecovered};
pub(crate) use scratch::Scratch;
use spool::SpoolFile;
pub(crate) use spool::shelves_of_spools;
use state::State;

/// What a submission is, as its head was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadHead {
    /// Who sends.
    pub person: PersonId,
    /// From which device it was opened.
    pub device: DeviceId,
    /// Which submission of theirs.
    pub submission: SubmissionId,
    /// Into which book.
    pub book: BookId,
    /// For which period.
    pub period: Period,
    /// The kind of all its documents.
    pub kind: Kind,
    /// The class of all its documents.
    pub class: Class,
}

/// One document of a new upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// Its number in the submission; numbers rise.
    pub n: u32,
    /// The salt of its line.
    pub salt: [u8; 16],
    /// Its name as sent. From here on only sealed under the document's own keys.
    pub name: DisplayName,
    /// What its name is hashed with in its line.
    pub name_key: [u8; 16],
    /// Its media type as sent.
    pub media_type: MediaType,
    /// Length, root and the value of each piece.
    pub manifest: Manifest,
}

/// One document of an open upload.
#[derive(Debug)]
pub struct OpenDocument {
    /// What was announced.
    pub announced: NewDocument,
    /// Its id in the vault.
    pub id: DocumentId,
    /// Where its pieces go.
    pub object: Object,
    /// Its wrapped key.
    pub(crate) dek: [u8; DEK_BYTES],
}

/// The right to change an upload; the newest alone holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease(u64);

impl Lease {
    /// The number on the wire.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// What a peer says it holds.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// A piece that is on the disk, with its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceHeld {
    /// The document's number.
    pub n: u32,
    /// Which piece.
    pub index: PieceIndex,
    /// When its bytes had become durable.
    pub at: Timestamp,
}

/// A document that is on its shelf, complete and durable; whether it is accepted is for the journal to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its number in the submission.
    pub n: u32,
    /// Where its record lies.
    pub position: ShelfPosition,
    /// Its true length in bytes.
    pub length: u64,
    /// Its padded length in bytes: what a thief sees.
    pub padded_bytes: u64,
    /// Its BLAKE3 hash.
    pub root: model::Blake3Digest,
    /// Its SHA-256, computed here.
    pub sha256: model::Sha256Digest,
}

/// An upload that is open. Shared by all who serve it; every method may block on the disk.
pub struct Upload {
    id: UploadId,
    head: UploadHead,
    opened_at: Timestamp,
    shelf: Shelf,
    documents: Vec<OpenDocument>,
    by_n: HashMap<u32, usize>,
    state: Mutex<State>,
    /// Told at every change that somebody may wait for.
    changed: Condvar,
    spool: Mutex<SpoolFile>,
    rooms: Arc<Rooms>,
    /// That the spool is durable: what a piece held since the start is acknowledged with.
    proof: Durable<()>,
}

impl Upload {
    /// Its id on the disk; never leaves the gateway.
    pub fn id(&self) -> UploadId {
        self.id
    }

    /// What it was opened with.
    pub fn head(&self) -> &UploadHead {
        &self.head
    }

    /// When it was opened.
    pub fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    /// Its documents, by rising number; withdrawn ones are among them.
    pub fn documents(&self) -> &[OpenDocument] {
        &self.documents
    }

    /// One document by its number.
    pub fn document(&self, n: u32) -> Option<&OpenDocument> {
        self.by_n.get(&n).and_then(|at| self.documents.get(*at))
    }

    /// When its last piece became durable; when it was opened, if none has.
    pub fn last_piece_at(&self) -> Timestamp {
        self.lock().last_piece_at.unwrap_or(self.opened_at)
    }

    /// Whether this document was withdrawn.
    ///
    /// # Errors
    /// There is no such document.
    pub fn is_withdrawn(&self, n: u32) -> Result<bool, VaultError> {
        Ok(self.lock().document(self.place(n)?)?.withdrawn)
    }

    /// Whether every piece of this document is held.
    ///
    /// # Errors
    /// There is no such document.
    pub fn is_complete(&self, n: u32) -> Result<bool, VaultError> {
        Ok(self.lock().document(self.place(n)?)?.missing() == 0)
    }

    /// The pieces of a document that are not held, as runs of (first, count), rising. What is being written
    /// counts as missing.
    ///
    /// # Errors
    /// There is no such document.
    pub fn missing(&self, n: u32) -> Result<Vec<(PieceIndex, u32)>, VaultError> {
        Ok(self.lock().document(self.place(n)?)?.missing_runs())
    }

    /// Takes the lease: whoever held it before can do nothing more, and what they had begun is waited for.
    ///
    /// # Errors
    /// The upload has ended.
    pub fn take_lease(&self) -> Result<Lease, VaultError> {
        let mut state = self.lock();
        state.refuse_ended()?;
        state.lease = state.lease.saturating_add(1);
        let lease = Lease(state.lease);
        self.changed.notify_all();
        while state.in_flight > 0 {
            state = self.wait(state);
        }
        Ok(lease)
    }

    /// Whether this lease is the newest: its holder alone may change the upload.
    pub fn is_held_by(&self, lease: Lease) -> bool {
        self.lock().lease == lease.number()
    }

    /// Whether an append to its spool has failed: it takes nothing more before it is read again from the disk,
    /// which [`Uploads::find`] does.
    pub fn is_broken(&self) -> bool {
        self.lock().broken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: std::sync::MutexGuard<'a, State>) -> std::sync::MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of document `n` among the documents.
    fn place(&self, n: u32) -> Result<usize, UploadRefusal> {
        self.by_n.get(&n).copied().ok_or(UploadRefusal::NoDocument { n })
    }

    fn at(&self, place: usize) -> Result<&OpenDocument, VaultError> {
        self.documents.get(place).ok_or(VaultError::TooLarge { what: "document place" })
    }

    /// Writes a record into the spool; after a failure the upload is broken.
    fn record(&self, record: &spool::Record) -> Result<Durable<()>, VaultError> {
        let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        let written = spool.append(record);
        if written.is_err() {
            self.lock().broken = true;
        }
        written
    }
}

/// All open uploads of the vault.
pub struct Uploads {
    rooms: Arc<Rooms>,
    open: Mutex<HashMap<(PersonId, SubmissionId), Arc<Upload>>>,
}

impl Uploads {
    pub(crate) fn new(rooms: Arc<Rooms>) -> Self {
        Self { rooms, open: Mutex::default() }
    }

    /// Opens an upload: document ids, object ids and wrapped keys are drawn, and all is durable in its spool when
    /// this returns. No object exists yet.
    ///
    /// # Errors
    /// [`UploadRefusal::Open`], [`UploadRefusal::BadDocuments`], [`VaultError::Locked`], and the disk's refusals;
    /// after these no upload is open.
    pub fn open(
        &self,
        head: UploadHead,
        documents: Vec<NewDocument>,
        now: Timestamp,
    ) -> Result<Arc<Upload>, VaultError> {
        check_numbers(&documents)?;
        let key = (head.person, head.submission);
        if self.lock().contains_key(&key) {
            return Err(UploadRefusal::Open.into());
        }
        let name = ShelfName {
            book: head.book,
            class: head.class,
            year: head.period.fiscal_year(),
            term: head.kind.term(),
        };
        let shelf = self.rooms.keyring.shelf(name)?;
        let upload = Arc::new(spool::create(&self.rooms, shelf, head, documents, now)?);
        let mut open = self.lock();
        if open.contains_key(&key) {
            // Two opens at once: the later one ends as if it had been dropped.
            drop(open);
            upload.drop_upload()?;
            return Err(UploadRefusal::Open.into());
        }
        open.insert(key, Arc::clone(&upload));
        Ok(upload)
    }

    /// The open upload of this person's submission. One whose spool could not be written is read again first.
    ///
    /// # Errors
    /// Such an upload can not be read again yet.
    pub fn find(
        &self,
        person: PersonId,
        submission: SubmissionId,
    ) -> Result<Option<Arc<Upload>>, VaultError> {
        let key = (person, submission);
        let Some(found) = self.lock().get(&key).cloned() else { return Ok(None) };
        if !found.is_broken() {
            return Ok(Some(found));
        }
        found.fence();
        // The lock is held while the spool is read: it must not get two writers.
        let mut open = self.lock();
        match open.get(&key) {
            Some(now) if now.is_broken() => {}
            now => return Ok(now.cloned()),
        }
        match recover::again(&self.rooms, &found)? {
            Some(again) => {
                open.insert(key, Arc::clone(&again));
                Ok(Some(again))
            }
            None => {
                open.remove(&key);
                Ok(None)
            }
        }
    }

    /// All open uploads, in no order.
    pub fn all(&self) -> Vec<Arc<Upload>> {
        self.lock().values().cloned().collect()
    }

    /// How many uploads of this person are open.
    pub fn count_of(&self, person: PersonId) -> usize {
        self.lock().keys().filter(|(whose, _)| *whose == person).count()
    }

    /// Ends an upload that is not to be accepted, and all that it holds.
    ///
    /// # Errors
    /// [`UploadRefusal::Closing`]; the disk's refusals: the next start goes on where this stopped.
    pub fn drop_upload(&self, upload: &Arc<Upload>) -> Result<(), VaultError> {
        match upload.drop_upload() {
            Ok(()) => {
                self.forget(upload);
                Ok(())
            }
            Err(VaultError::Upload(refusal)) => Err(refusal.into()),
            Err(cause) => {
                // Half done: whoever looks for it next reads its spool and goes on.
                upload.lock().broken = true;
                Err(cause)
            }
        }
    }

    /// Ends every upload whose last piece is older than `age_seconds_max`. Gives those that were ended; one that
    /// is closing, or fails, is left for the next time.
    pub fn expire(&self, now: Timestamp, age_seconds_max: u64) -> Vec<UploadHead> {
        let old = |upload: &Arc<Upload>| upload.last_piece_at().plus_seconds(age_seconds_max) <= now;
        let mut ended = Vec::new();
        for due in self.all().iter().filter(|upload| old(upload)) {
            // Through `find`, so that a broken one is read again first; gone after that, it was half dropped.
            let gone = match self.find(due.head.person, due.head.submission) {
                Ok(Some(upload)) => self.drop_upload(&upload).is_ok(),
                Ok(None) => true,
                Err(_) => false,
            };
            if gone {
                ended.push(due.head.clone());
            }
        }
        ended
    }

    /// Ends an upload whose close was committed with exactly these documents.
    ///
    /// # Errors
    /// The disk's refusals: the next start goes on where this stopped.
    pub fn finish(&self, prepared: Prepared) -> Result<(), VaultError> {
        let upload = prepared.finish()?;
        self.forget(&upload);
        Ok(())
    }

    /// Ends an upload that a start found in its spool, and whose acceptance with these documents the journal has.
    ///
    /// # Errors
    /// As [`Uploads::finish`].
    pub fn finish_accepted(&self, upload: &Arc<Upload>, accepted: &[u32]) -> Result<(), VaultError> {
        upload.finish(accepted)?;
        self.forget(upload);
        Ok(())
    }

    fn forget(&self, upload: &Arc<Upload>) {
        let mut open = self.lock();
        let key = (upload.head.person, upload.head.submission);
        if open.get(&key).is_some_and(|held| held.id == upload.id) {
            open.remove(&key);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(PersonId, SubmissionId), Arc<Upload>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_numbers(documents: &[NewDocument]) -> Result<(), UploadRefusal> {
    let rising = documents.array_windows().all(|[before, after]| before.n < after.n);
    let count = 1..=model::limits::SUBMISSION_DOCUMENTS_MAX;
    if rising && count.contains(&documents.len()) { Ok(()) } else { Err(UploadRefusal::BadDocuments) }
}

/// What the seal says of a piece: kept in the spool, then in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SealedPiece {
    /// The commitment: it pins this very sealing.
    pub(crate) commitment: [u8; 32],
    /// BLAKE3 of the sealed bytes.
    pub(crate) hash: model::Blake3Digest,
}

/// The record of one piece in a spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PieceRecord {
    pub(crate) n: u32,
    pub(crate) index: u32,
    pub(crate) sealed: SealedPiece,
    pub(crate) value: ChainingValue,
    pub(crate) at: Timestamp,
}
