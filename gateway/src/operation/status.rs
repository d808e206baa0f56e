//! What became of what was sent: submissions with the state of each document, newest first; open uploads of one's own
//! before them.

use std::sync::Arc;

use model::{BookId, Period, PersonId, SubmissionId, Timestamp, piece};
use protocol::field::DocumentNumber;
use protocol::message::{State, Status};
use protocol::record::{StatusDocument, StatusPage, StatusRow};
use protocol::{Bytes, List, Refusal};
use vault::Upload;

use super::list::{View, state};
use super::{blocking, internal};
use crate::access::{Act, Granted};
use crate::ledger::rows::{self, key};
use crate::practice::Practice;
use crate::wire::{Answered, Ended};

/// Documents in one page: a page is an answer of bounded size.
const DOCUMENTS_MAX: usize = 20_000;

/// Serves a status.
///
/// # Errors
/// The one answer for a book that is unknown or not granted.
pub async fn status(
    practice: &Arc<Practice>,
    granted: Granted<Status>,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let shared = Arc::clone(practice);
    let page = blocking(move || page(&shared, &granted)).await?;
    answered.answer(&page).await
}

fn page(practice: &Practice, granted: &Granted<Status>) -> Result<StatusPage, Ended> {
    let asked = &granted.request;
    let person = granted.peer.device().person.id;
    // The pages go from the newest acceptance down; the cursor is the last one that was given.
    let below = match &asked.after {
        Some(bytes) => {
            let bytes = bytes.as_slice().try_into().map_err(|_| Refusal::new(protocol::Code::Malformed))?;
            Some(u64::from_be_bytes(bytes))
        }
        None => None,
    };
    let mut rows = Vec::new();
    if below.is_none() {
        let mut open: Vec<_> = practice
            .vault
            .uploads()
            .all()
            .into_iter()
            .filter(|upload| upload.head().person == person)
            .collect();
        open.retain(|upload| asked.book.is_none_or(|book| book == upload.head().book));
        open.retain(|upload| {
            asked.submission.is_none_or(|submission| submission == upload.head().submission)
        });
        open.sort_by_key(|upload| std::cmp::Reverse(upload.opened_at()));
        for upload in open {
            rows.push(arriving(practice, &upload)?);
        }
    }
    let mut accepted = accepted(practice, granted)?;
    accepted.sort_by_key(|row| std::cmp::Reverse(row.acceptance_entry));
    let mut view = View::new(practice);
    let mut documents = 0usize;
    let mut next = None;
    let mut last = None;
    for row in accepted.into_iter().filter(|row| below.is_none_or(|below| row.acceptance_entry < below)) {
        documents = documents.saturating_add(row.lines as usize);
        if documents > DOCUMENTS_MAX && last.is_some() {
            next = last;
            break;
        }
        last = Some(row.acceptance_entry);
        rows.extend(of_submission(practice, &mut view, &row)?);
    }
    let next = next.map(|entry: u64| Bytes::new(entry.to_be_bytes().to_vec())).transpose()?;
    Ok(StatusPage { rows: List::new(rows)?, next })
}

/// The accepted submissions of the books that may be seen.
fn accepted(practice: &Practice, granted: &Granted<Status>) -> Result<Vec<rows::Submission>, Ended> {
    let (person, now) = (granted.peer.device().person.id, practice.now());
    let books: Vec<BookId> = match granted.request.book {
        Some(book) => {
            granted.may(Act::See, book, now)?;
            vec![book]
        }
        None => {
            let all = practice.registry.granted(person, now).into_iter().map(|(book, _)| book.id);
            all.filter(|book| granted.may(Act::See, *book, now).is_ok()).collect()
        }
    };
    let mut found = Vec::new();
    for book in books {
        for row in practice.ledger.rows::<rows::Accepted>(&key::accepted_in(book))? {
            let submission = SubmissionId::from_bytes(row.submission.into());
            if granted.request.submission.is_some_and(|asked| asked != submission) {
                continue;
            }
            let at = key::submission(submission, PersonId::from_bytes(row.person.into()));
            found.extend(practice.ledger.row::<rows::Submission>(&at)?);
        }
    }
    Ok(found)
}

fn of_submission(
    practice: &Practice,
    view: &mut View<'_>,
    row: &rows::Submission,
) -> Result<Option<StatusRow>, Ended> {
    let Some(list) = practice.lists.of(practice, row.acceptance_entry)? else { return Ok(None) };
    let Some(first) = list.lines().first() else { return Ok(None) };
    let (kind, class) = (first.kind, first.class);
    let book = BookId::from_bytes(row.book.into());
    let period = Period::from_code(row.period).map_err(|error| internal(&error))?;
    let mut documents = Vec::with_capacity(list.lines().len());
    for line in list.lines() {
        let stored = practice.ledger.row::<rows::Document>(&key::document(
            book,
            period,
            row.acceptance_entry,
            line.n,
        ))?;
        let (name, fetches) = match &stored {
            Some(document) => (view.name(document)?, view.fetches(row.acceptance_entry, line.n)?),
            None => (None, Vec::new()),
        };
        documents.push(StatusDocument {
            n: DocumentNumber(line.n),
            length: line.size,
            state: match (&stored, line.held) {
                (Some(_), _) => state(name.is_some(), &fetches),
                (None, Some(_)) => State::Held,
                (None, None) => State::Gone,
            },
            name,
            pieces: None,
            fetches: List::new(fetches)?,
        });
    }
    Ok(Some(StatusRow {
        submission: SubmissionId::from_bytes(row.submission.into()),
        book,
        period,
        kind,
        class,
        sender: view.who(PersonId::from_bytes(row.person.into())),
        accepted_at: Some(Timestamp::from_unix_ms(row.accepted_at_ms)),
        expires_at: None,
        documents: List::new(documents)?,
    }))
}

fn arriving(practice: &Practice, upload: &Arc<Upload>) -> Result<StatusRow, Ended> {
    let head = upload.head();
    let mut documents = Vec::new();
    for document in upload.documents() {
        let n = document.announced.n;
        let length = document.announced.manifest.length();
        let missing: u32 = upload.missing(n)?.iter().map(|(_, count)| *count).sum();
        documents.push(StatusDocument {
            n: DocumentNumber(n),
            name: Some(document.announced.name.clone()),
            length,
            state: if upload.is_withdrawn(n)? { State::Withdrawn } else { State::Arriving },
            pieces: Some(piece::count(length).saturating_sub(missing)),
            fetches: List::empty(),
        });
    }
    Ok(StatusRow {
        submission: head.submission,
        book: head.book,
        period: head.period,
        kind: head.kind,
        class: head.class,
        sender: View::new(practice).who(head.person),
        accepted_at: None,
        expires_at: Some(upload.last_piece_at().plus_seconds(practice.config.upload_age_seconds_max)),
        documents: List::new(documents)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use host::Clock;
    use model::{Class, DeviceId, DisplayName, Kind, Manifest, MediaType};
    use vault::{NewDocument, UploadHead};

    #[test]
    fn an_upload_is_told_to_end_when_the_configuration_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("p");
        testing::make(&dir, &folder.path().join("root")).unwrap();
        let opened =
            testing::open_with(&dir, Clock::system(), |config| config.upload_age_seconds_max = 3_600);
        let practice = &opened.practice;
        let head = UploadHead {
            person: PersonId::from_bytes([1; 16]),
            device: DeviceId::from_bytes([2; 16]),
            submission: SubmissionId::from_bytes([4; 16]),
            book: BookId::from_bytes([3; 16]),
            period: Period::parse("2026-11").unwrap(),
            kind: Kind::parse("invoice").unwrap(),
            class: Class::Internal,
        };
        let value = model::manifest::value_of(1, model::PieceIndex(0), b"x");
        let document = NewDocument {
            n: 1,
            salt: [0; 16],
            name: DisplayName::parse("a.pdf").unwrap(),
            name_key: [0; 16],
            media_type: MediaType::parse("application/pdf").unwrap(),
            manifest: Manifest::merge(1, vec![value]).unwrap(),
        };
        let upload = practice.vault.uploads().open(head, vec![document], practice.now()).unwrap();
        let row = arriving(practice, &upload).unwrap();
        assert_eq!(row.expires_at, Some(upload.last_piece_at().plus_seconds(3_600)));
    }
}
