//! Opens a submission, or goes on with it: answers what is here already. The same id with another head is refused;
//! an accepted one gets its receipt.

use std::sync::Arc;
use std::time::Duration;

use model::{PieceIndex, Timestamp, limits, piece};
use protocol::field::DocumentNumber;
use protocol::message::OpenHead;
use protocol::open::{Assembler, Bounds, Opening, Step};
use protocol::record::{DocumentAnswer, Has, Held, OpenAnswer};
use protocol::{Code, Lease, List, Refusal, Runs};
use vault::{NewDocument, Upload, UploadHead};

use super::{PATIENCE, blocking};
use crate::access::{Act, Peer};
use crate::ledger::rows::{self, key};
use crate::practice::Practice;
use crate::wire::{Answered, Asked, Ended};

/// Serves an open.
///
/// # Errors
/// What is refused.
pub async fn open(
    practice: &Arc<Practice>,
    peer: &Peer,
    head: OpenHead,
    asked: &mut Asked,
    answered: &mut Answered,
) -> Result<(), Ended> {
    // Before anything else of the series is read.
    let book = head.book;
    let head = peer.grant_on(head, Act::Send, book, practice.now())?.request;
    let bounds = Bounds {
        documents_max: limits::SUBMISSION_DOCUMENTS_MAX as u32,
        document_bytes_max: practice.config.document_bytes_max,
        bytes_max: practice.config.submission_bytes_max,
    };
    let assembler = Assembler::begin(head.clone(), bounds)?;
    let memory_bytes = limits::opening_bytes(u64::from(head.documents), head.bytes);
    let shared = (Arc::clone(practice), peer.clone());
    blocking(move || foresee(&shared.0, &shared.1, &head)).await?;
    let share = practice.openings.take(peer.device().id, memory_bytes).ok_or(Code::Busy)?;
    // The room is given back in time: who sends slower than any sender may is refused.
    let patience = PATIENCE + Duration::from_secs(share.amount() / limits::UPLOAD_BYTES_PER_SECOND_MIN);
    let opening = tokio::time::timeout(patience, read(assembler, asked)).await;
    let opening = opening.map_err(|_| Ended::from(Code::TooSlow))??;
    let shared = (Arc::clone(practice), peer.clone());
    match blocking(move || decide(&shared.0, &shared.1, opening)).await? {
        Decided::Accepted(receipt) => answered.send_long(protocol::message::Content::Receipt, &receipt).await,
        Decided::Open(answer) => answered.answer(&answer).await,
    }
}

async fn read(assembler: Assembler, asked: &mut Asked) -> Result<Opening, Ended> {
    let mut step = Step::More(assembler);
    loop {
        match step {
            Step::Whole(opening) => return Ok(opening),
            Step::More(assembler) => step = assembler.take(asked.message(PATIENCE).await?)?,
        }
    }
}

/// What the head alone decides, before the rest is taken into memory: what is new must fit, and what is open
/// announces what it did the first time.
fn foresee(practice: &Practice, peer: &Peer, head: &OpenHead) -> Result<(), Ended> {
    let person = peer.device().person.id;
    let at = key::submission(head.submission, person);
    if practice.ledger.row::<rows::Submission>(&at)?.is_some() {
        return Ok(());
    }
    let Some(upload) = practice.vault.uploads().find(person, head.submission)? else {
        return Ok(may_be_new(practice, peer, head)?);
    };
    let bytes: u64 = upload.documents().iter().map(|document| document.announced.manifest.length()).sum();
    match head.documents as usize == upload.documents().len() && head.bytes == bytes {
        true => Ok(()),
        false => Err(Code::SubmissionDiffers.into()),
    }
}

enum Decided {
    Accepted(Vec<u8>),
    Open(OpenAnswer),
}

fn decide(practice: &Practice, peer: &Peer, opening: Opening) -> Result<Decided, Ended> {
    let (person, device) = (peer.device().person.id, peer.device().id);
    let head = &opening.head;
    let at = key::submission(head.submission, person);
    if let Some(row) = practice.ledger.row::<rows::Submission>(&at)? {
        return match row.book == (*head.book.as_bytes()).into() && row.period == head.period.code() {
            true => Ok(Decided::Accepted(super::receipt::stored(practice, &row)?)),
            false => Err(Code::SubmissionDiffers.into()),
        };
    }
    let upload = match practice.vault.uploads().find(person, head.submission)? {
        Some(upload) => {
            is_same(&upload, &opening)?;
            upload
        }
        None => {
            // Others may have been opened meanwhile.
            may_be_new(practice, peer, head)?;
            practice.quotas.open(device, head.bytes, u64::from(head.documents), practice.now())?;
            let head = UploadHead {
                person,
                device,
                submission: head.submission,
                book: head.book,
                period: head.period,
                kind: head.kind,
                class: head.class,
            };
            practice.vault.uploads().open(
                head,
                opening.documents.iter().map(announced).collect(),
                practice.now(),
            )?
        }
    };
    let lease = upload.take_lease()?;
    let documents = upload.documents().iter().map(|document| answer(practice, &upload, document.announced.n));
    Ok(Decided::Open(OpenAnswer {
        lease: Lease(lease.number()),
        documents: List::new(documents.collect::<Result<Vec<_>, Ended>>()?)?,
    }))
}

fn announced(document: &protocol::open::OpeningDocument) -> NewDocument {
    NewDocument {
        n: document.n.0,
        salt: *document.salt.as_bytes(),
        name: document.name.clone(),
        name_key: *document.name_key.as_bytes(),
        media_type: document.media_type.clone(),
        manifest: document.manifest.clone(),
    }
}

/// Limits of what is new: uploads of the person, bytes and documents of the device, room on the disk.
fn may_be_new(practice: &Practice, peer: &Peer, head: &OpenHead) -> Result<(), Refusal> {
    if practice.vault.uploads().count_of(peer.device().person.id) >= practice.config.uploads_open_max {
        return Err(Refusal::new(Code::TooManyUploads).with_limit(practice.config.uploads_open_max as u64));
    }
    if !practice.has_room_for(head.bytes) {
        return Err(Code::DiskFull.into());
    }
    practice.quotas.may_open(peer.device().id, head.bytes, u64::from(head.documents), practice.now())
}

/// The same id with another head or other documents is another submission.
fn is_same(upload: &Upload, opening: &Opening) -> Result<(), Refusal> {
    let (head, theirs) = (upload.head(), &opening.head);
    let same_head = (head.book, head.period, head.kind, head.class)
        == (theirs.book, theirs.period, theirs.kind, theirs.class);
    let same_documents = upload.documents().len() == opening.documents.len()
        && upload
            .documents()
            .iter()
            .zip(&opening.documents)
            .all(|(ours, theirs)| ours.announced == announced(theirs));
    match same_head && same_documents {
        true => Ok(()),
        false => Err(Code::SubmissionDiffers.into()),
    }
}

fn answer(practice: &Practice, upload: &Upload, n: u32) -> Result<DocumentAnswer, Ended> {
    let has = if upload.is_withdrawn(n)? {
        Has::Withdrawn
    } else {
        match held(practice, upload, n)? {
            Some(held) => Has::Held(held.told),
            None => Has::Pieces(durable(upload, n)?),
        }
    };
    Ok(DocumentAnswer { n: DocumentNumber(n), has })
}

fn durable(upload: &Upload, n: u32) -> Result<Runs, Ended> {
    let count = upload.document(n).map_or(0, |document| piece::count(document.announced.manifest.length()));
    let mut runs: Vec<PieceIndex> = Vec::new();
    let mut next = 0u32;
    for (first, missing) in upload.missing(n)? {
        runs.extend((next..first.0).map(PieceIndex));
        next = first.0.saturating_add(missing);
    }
    runs.extend((next..count).map(PieceIndex));
    Ok(runs.into_iter().collect())
}

/// A document that the book holds already.
pub struct Original {
    /// As the companion is told.
    pub told: Held,
    /// Where its row stands.
    pub row: rows::Duplicate,
}

/// The original of a document of this upload, if its book holds it for the same period, kind and class.
///
/// Whoever may send to a book may see what it holds: both follow from the one grant that was asked.
///
/// # Errors
/// The store's.
pub fn held(practice: &Practice, upload: &Upload, n: u32) -> Result<Option<Original>, Ended> {
    let head = upload.head();
    let Some(document) = upload.document(n) else { return Ok(None) };
    let manifest = &document.announced.manifest;
    let index = practice.vault.duplicate_index(head.book, &manifest.root(), manifest.length())?;
    let at = key::duplicate(head.book, head.period, head.kind, head.class, &index);
    let Some(row) = practice.ledger.row::<rows::Duplicate>(&at)? else { return Ok(None) };
    let submission = model::SubmissionId::from_bytes(row.submission.into());
    let original = key::submission(submission, model::PersonId::from_bytes(row.person.into()));
    let Some(accepted) = practice.ledger.row::<rows::Submission>(&original)? else { return Ok(None) };
    let told =
        Held { submission, n: DocumentNumber(row.n), at: Timestamp::from_unix_ms(accepted.accepted_at_ms) };
    Ok(Some(Original { told, row }))
}
