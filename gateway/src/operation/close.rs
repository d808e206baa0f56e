//! Closes a submission: everything is checked against what really lies here, the acceptance is committed, and only
//! then is there a receipt. No origin, no acceptance.

use std::sync::Arc;

use model::{BookId, SubmissionId, limits};
use protocol::field::DocumentNumber;
use protocol::message::{Close, Content};
use protocol::{Code, Refusal};
use receipts::event::{Custody, DeviceEvent, Origin, Party, PracticeParty, SubmissionAcceptance};
use receipts::list::{Line, name_digest};
use receipts::statement::Body;
use receipts::{Signed, SubmissionList};
use vault::{Prepared, Upload};

use super::{PATIENCE, blocking, internal, open};
use crate::access::{Act, Granted, Peer};
use crate::commit::{Group, Made};
use crate::ledger::rows::{self, key};
use crate::practice::Practice;
use crate::wire::{Answered, Asked, Ended};

/// Serves a close. Once accepted, the same answer each time, whatever origin comes.
///
/// # Errors
/// What is refused; the upload is then open as before.
pub async fn close(
    practice: &Arc<Practice>,
    peer: &Peer,
    request: Close,
    asked: &mut Asked,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let granted = peer.grant(request)?;
    let list = asked.long(Content::List, limits::LIST_BYTES_MAX, PATIENCE).await?;
    let submission = granted.request.submission;
    let (shared, asking) = (Arc::clone(practice), granted.with(()));
    let receipt = blocking(move || accepted(&shared, &asking, submission)).await?;
    if let Some(receipt) = receipt {
        return answered.send_long(Content::Receipt, &receipt).await;
    }
    let upload = super::pieces::upload_of(practice, peer, submission).await?;
    granted.may(Act::Send, upload.head().book, practice.now())?;
    let shared = Arc::clone(practice);
    let ready = blocking(move || prepare(&shared, granted, upload, list)).await?;
    let (shared, upload) = (Arc::clone(practice), Arc::clone(&ready.upload));
    let (documents, prepared) = (ready.located(), ready.prepared);
    let head = upload.head().clone();
    practice.ledger.locate(head.person, head.submission, &documents);
    let outcome = practice.committer.commit(ready.make).await;
    practice.ledger.forget(head.person, head.submission, &documents);
    outcome?;
    let receipt = blocking(move || {
        // It is accepted: what fails from here on is ended by the next start.
        let ended = match prepared {
            Some(prepared) => shared.vault.uploads().finish(prepared),
            None => shared.vault.uploads().finish_accepted(&upload, &[]),
        };
        if let Err(error) = ended {
            tracing::error!(%error, "the spool of an accepted upload stays until the next start");
        }
        let row = shared.ledger.row::<rows::Submission>(&key::submission(head.submission, head.person))?;
        Ok(super::receipt::stored(&shared, &row.ok_or_else(Refusal::absent)?)?)
    })
    .await?;
    answered.send_long(Content::Receipt, &receipt).await
}

/// The receipt of what was accepted before, to who may still send to its book.
fn accepted(
    practice: &Practice,
    granted: &Granted<()>,
    submission: SubmissionId,
) -> Result<Option<Vec<u8>>, Ended> {
    let at = key::submission(submission, granted.peer.device().person.id);
    let Some(row) = practice.ledger.row::<rows::Submission>(&at)? else { return Ok(None) };
    granted.may(Act::Send, BookId::from_bytes(row.book.into()), practice.now())?;
    Ok(Some(super::receipt::stored(practice, &row)?))
}

/// Everything that can be refused is behind it; what is left is the commit.
struct Ready {
    make: crate::commit::Make,
    upload: Arc<Upload>,
    prepared: Option<Prepared>,
}

impl Ready {
    fn located(&self) -> Vec<vault::StoredDocument> {
        self.prepared.as_ref().map_or_else(Vec::new, |prepared| prepared.documents().get().clone())
    }
}

/// A line that stands for a document held from before, and what must still be so at the commit.
struct HeldLine {
    n: u32,
    at: rows::Key,
    row: rows::Duplicate,
}

fn prepare(
    practice: &Arc<Practice>,
    granted: Granted<Close>,
    upload: Arc<Upload>,
    list: Vec<u8>,
) -> Result<Ready, Ended> {
    if !upload.is_held_by(vault::Lease::from_number(granted.request.lease.0)) {
        return Err(Code::LeaseLost.into());
    }
    let list = SubmissionList::parse(list).map_err(|_| Refusal::new(Code::OriginBad))?;
    let origin = check_origin(practice, &granted, &upload, &list)?;
    check_all_named(&upload, &list)?;
    let mut held = Vec::new();
    let mut sent = Vec::new();
    for line in list.lines() {
        check_line(&upload, line)?;
        match line.held {
            Some(_) => held.push(check_held(practice, &upload, line)?),
            None => sent.push(line.n),
        }
    }
    let prepared = if sent.is_empty() { None } else { Some(upload.prepare_close(&sent)?) };
    if let Some(prepared) = &prepared {
        check_digests(prepared, &list)?;
    }
    let key = practice.entry_key(practice.book_year(upload.head().book))?;
    let make = acceptance(practice, granted, &upload, origin, list, held, key);
    Ok(Ready { make, upload, prepared })
}

/// The origin is this very device's, over this very list.
fn check_origin(
    practice: &Practice,
    granted: &Granted<Close>,
    upload: &Upload,
    list: &SubmissionList,
) -> Result<Signed, Refusal> {
    let bad = |why: &str| {
        tracing::info!(why, "an origin statement is refused");
        Refusal::new(Code::OriginBad)
    };
    let signed =
        Signed::parse(granted.request.origin.as_slice().to_vec()).map_err(|error| bad(&error.to_string()))?;
    signed.verify_signature().map_err(|error| bad(&error.to_string()))?;
    let device = granted.peer.device();
    let head = upload.head();
    let Body::Device(DeviceEvent::Origin(origin)) = &signed.statement().body else {
        return Err(bad("another event"));
    };
    let Origin { sender, recipient, submission, book, period, documents, last_checkpoint: _ } = origin;
    let is_own = device.signs_under(&certs::certificate::fingerprint(signed.certificate()), practice.now())
        && sender.device == device.id
        && recipient.practice == *practice.keys().trust.practice();
    let is_this = (*submission, *book, *period) == (head.submission, head.book, head.period);
    match (is_own, is_this, *documents == list.documents()) {
        (true, true, true) => Ok(signed),
        (false, _, _) => Err(bad("not this device's own")),
        (_, false, _) => Err(bad("of another submission")),
        (_, _, false) => Err(bad("over another list")),
    }
}

/// Every document that was opened and not withdrawn has its line, and no other.
fn check_all_named(upload: &Upload, list: &SubmissionList) -> Result<(), Ended> {
    let mut named = list.lines().iter().map(|line| line.n).peekable();
    let mut unnamed = Vec::new();
    for document in upload.documents() {
        let n = document.announced.n;
        let is_named = named.next_if_eq(&n).is_some();
        match (is_named, upload.is_withdrawn(n)?) {
            (true, false) | (false, true) => {}
            (false, false) => unnamed.push(DocumentNumber(n)),
            (true, true) => return Err(Code::OriginBad.into()),
        }
    }
    match (named.next(), unnamed.is_empty()) {
        (None, true) => Ok(()),
        (None, false) => Err(Refusal::new(Code::NotComplete).with_documents(unnamed).into()),
        (Some(_), _) => Err(Code::OriginBad.into()),
    }
}

/// A line says what was opened.
fn check_line(upload: &Upload, line: &Line) -> Result<(), Refusal> {
    let head = upload.head();
    let document = upload.document(line.n).ok_or(Refusal::new(Code::OriginBad))?;
    let announced = &document.announced;
    let says_the_same = line.salt == announced.salt
        && line.size == announced.manifest.length()
        && line.blake3 == announced.manifest.root()
        && line.name == name_digest(&announced.name_key, announced.name.as_sent())
        && line.content_type == announced.media_type
        && (line.kind, line.class) == (head.kind, head.class);
    match says_the_same {
        true => Ok(()),
        false => Err(Refusal::new(Code::OriginBad).with_documents([DocumentNumber(line.n)])),
    }
}

/// The original is there, and its SHA-256 is the one that was computed here.
fn check_held(practice: &Practice, upload: &Upload, line: &Line) -> Result<HeldLine, Ended> {
    let gone = || Ended::from(Refusal::new(Code::HeldGone).with_documents([DocumentNumber(line.n)]));
    let original = open::held(practice, upload, line.n)?.ok_or_else(gone)?;
    let named = line.held.ok_or_else(gone)?;
    if (named.submission, named.n) != (original.told.submission, original.row.n) {
        return Err(gone());
    }
    let computed = super::list::line_of(practice, original.row.acceptance_entry, original.row.n)?;
    if computed.is_none_or(|computed| computed.sha256 != line.sha256) {
        return Err(Refusal::new(Code::DigestsDiffer).with_documents([DocumentNumber(line.n)]).into());
    }
    let head = upload.head();
    let index = practice.vault.duplicate_index(head.book, &line.blake3, line.size)?;
    let at = key::duplicate(head.book, head.period, head.kind, head.class, &index);
    Ok(HeldLine { n: line.n, at, row: original.row })
}

/// The gateway signs no digest that it has not computed.
fn check_digests(prepared: &Prepared, list: &SubmissionList) -> Result<(), Refusal> {
    let differs = |stored: &&vault::StoredDocument| {
        list.line(stored.n).is_none_or(|line| line.sha256 != stored.sha256 || line.blake3 != stored.root)
    };
    let differing: Vec<_> =
        prepared.documents().get().iter().filter(differs).map(|stored| DocumentNumber(stored.n)).collect();
    match differing.is_empty() {
        true => Ok(()),
        false => Err(Refusal::new(Code::DigestsDiffer).with_documents(differing)),
    }
}

/// What the committer does with it: asks once more what can have changed, and signs.
fn acceptance(
    practice: &Arc<Practice>,
    granted: Granted<Close>,
    upload: &Arc<Upload>,
    origin: Signed,
    list: SubmissionList,
    held: Vec<HeldLine>,
    key: model::EntryKeyId,
) -> crate::commit::Make {
    let head = upload.head().clone();
    let submission_time = upload.last_piece_at();
    let practice_id = practice.keys().trust.practice().clone();
    Box::new(move |group: &Group<'_>| {
        granted.may(Act::Send, head.book, group.now)?;
        let accepted =
            group.draft.get::<rows::Submission>(&rows::key::submission(head.submission, head.person));
        if accepted.map_err(|error| internal(&error))?.is_some() {
            return Err(Code::Closing.into());
        }
        let mut gone = Vec::new();
        for line in &held {
            let now: Option<rows::Duplicate> = group.draft.get(&line.at).map_err(|error| internal(&error))?;
            if now.as_ref() != Some(&line.row) {
                gone.push(DocumentNumber(line.n));
            }
        }
        if !gone.is_empty() {
            return Err(Refusal::new(Code::HeldGone).with_documents(gone));
        }
        let event = SubmissionAcceptance {
            submission_time: submission_time.min(group.now),
            sender: Party { person: head.person, device: granted.peer.device().id },
            recipient: PracticeParty { practice: practice_id },
            submission: head.submission,
            book: head.book,
            period: head.period,
            documents: list.documents(),
            refers_to: origin.entry_hash(),
            custody: Custody::Gateway,
        };
        let acceptance = group.made_over(event, list.as_bytes().to_vec(), key)?;
        Ok(vec![Made { signed: origin, list: None, key }, acceptance])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use model::{Role, Timestamp};
    use std::collections::BTreeMap;

    #[test]
    fn a_receipt_goes_only_to_who_may_still_send_to_its_book() {
        let folder = tempfile::tempdir().unwrap();
        let opened = testing::opened(&folder.path().join("p"));
        let practice = &opened.practice;
        let (peer, book) = testing::peer(practice, Role::Client);
        let (person, submission) = (peer.device().person.id, SubmissionId::from_bytes([9; 16]));
        let row = rows::Submission {
            submission: (*submission.as_bytes()).into(),
            person: (*person.as_bytes()).into(),
            book: (*book.as_bytes()).into(),
            period: 1,
            origin_entry: 7,
            acceptance_entry: 8,
            accepted_at_ms: 1,
            lines: 1,
        };
        let at = key::submission(submission, person);
        practice.ledger.apply(&BTreeMap::from([(at, rows::Row::to_bytes(&row))]), 1).unwrap();
        let granted = peer.grant(()).unwrap();
        let code = || match accepted(practice, &granted, submission) {
            Err(Ended::Refused(refusal)) => refusal.known(),
            other => panic!("{other:?}"),
        };
        // It goes as far as the journal, which has no such entry.
        assert_eq!(code(), Some(Code::Internal));
        practice.registry.put_grant(person, book, Some(Timestamp::from_unix_ms(1)));
        assert_eq!(code(), Some(Code::Absent), "the grant has ended");
        practice.registry.put_grant(person, book, None);
        practice.registry.set_standing(peer.device().id, rows::Standing::Declined);
        assert_eq!(code(), Some(Code::Absent), "the device was declined");
        assert!(peer.grant(()).is_err());
    }
}
