//! What is there to fetch: the documents of the books granted, by period and kind, with what became of each.

use std::collections::HashMap;
use std::sync::Arc;

use model::{BookId, Class, Kind, Period, PersonId, SubmissionId, Timestamp};
use protocol::field::DocumentNumber;
use protocol::message::{ListDocuments, State, Which};
use protocol::record::{FETCHES_MAX, FetchRow, LISTING_ROWS_MAX, Listing, ListingRow, Who};
use protocol::{Bytes, List, Refusal, Text};
use receipts::SubmissionList;
use receipts::list::Line;
use vault::ShelfPosition;

use super::{blocking, internal};
use crate::access::{Act, Granted};
use crate::ledger::rows::{self, key};
use crate::practice::Practice;
use crate::sealing;
use crate::wire::{Answered, Ended};

/// Serves a list.
///
/// # Errors
/// The one answer for a book that is unknown or not granted.
pub async fn list(
    practice: &Arc<Practice>,
    granted: Granted<ListDocuments>,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let shared = Arc::clone(practice);
    let listing = blocking(move || page(&shared, &granted)).await?;
    answered.answer(&listing).await
}

/// Where a page ended: book, period, acceptance, number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct At(BookId, u32, u64, u32);

impl At {
    fn to_bytes(self) -> Vec<u8> {
        let Self(book, period, entry, n) = self;
        [book.as_bytes().as_slice(), &period.to_be_bytes(), &entry.to_be_bytes(), &n.to_be_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (book, rest) = bytes.split_first_chunk::<16>()?;
        let (period, rest) = rest.split_first_chunk::<4>()?;
        let (entry, rest) = rest.split_first_chunk::<8>()?;
        let n = rest.try_into().ok()?;
        Some(Self(
            BookId::from_bytes(*book),
            u32::from_be_bytes(*period),
            u64::from_be_bytes(*entry),
            u32::from_be_bytes(n),
        ))
    }
}

fn page(practice: &Practice, granted: &Granted<ListDocuments>) -> Result<Listing, Ended> {
    let asked = &granted.request;
    let (person, now) = (granted.peer.device().person.id, practice.now());
    let after = match &asked.after {
        Some(bytes) => Some(At::from_bytes(bytes.as_slice()).ok_or(Refusal::new(protocol::Code::Malformed))?),
        None => None,
    };
    let mut books: Vec<BookId> = match asked.book {
        Some(book) => {
            granted.may(Act::See, book, now)?;
            vec![book]
        }
        None => {
            let granted_books = practice.registry.granted(person, now);
            granted_books
                .into_iter()
                .map(|(book, _)| book.id)
                .filter(|book| granted.may(Act::See, *book, now).is_ok())
                .collect()
        }
    };
    books.sort_unstable();
    let mut view = View::new(practice);
    let mut rows = Vec::new();
    for book in books.into_iter().filter(|book| after.is_none_or(|after| *book >= after.0)) {
        let mut documents = Vec::new();
        for document in practice.ledger.rows::<rows::Document>(&key::documents(book, asked.period))? {
            let Some(submission) = view.submission(&document)? else { continue };
            documents.push((
                At(book, submission.period, document.acceptance_entry, document.n),
                document,
                submission,
            ));
        }
        documents.sort_by_key(|(at, _, _)| *at);
        for (at, document, submission) in
            documents.into_iter().filter(|(at, _, _)| after.is_none_or(|after| *at > after))
        {
            if asked.kind.is_some_and(|kind| kind.as_str() != document.kind) {
                continue;
            }
            let fetches = view.fetches(document.acceptance_entry, document.n)?;
            if asked.which == Which::New
                && fetches.iter().any(|fetch| fetch.by.person == person && fetch.fetched_at.is_some())
            {
                continue;
            }
            if rows.len() == LISTING_ROWS_MAX {
                let last: Option<At> = rows.last().map(|(at, _)| *at);
                return listing(rows, last);
            }
            rows.push((at, view.row(book, &document, &submission, fetches)?));
        }
    }
    listing(rows, None)
}

fn listing(rows: Vec<(At, ListingRow)>, next: Option<At>) -> Result<Listing, Ended> {
    let rows = List::new(rows.into_iter().map(|(_, row)| row).collect())?;
    Ok(Listing { rows, next: next.map(|next| Bytes::new(next.to_bytes())).transpose()? })
}

/// Looks things up for a page, each submission once.
pub(super) struct View<'a> {
    practice: &'a Practice,
    submissions: HashMap<u64, rows::Submission>,
}

impl<'a> View<'a> {
    pub(super) fn new(practice: &'a Practice) -> Self {
        Self { practice, submissions: HashMap::new() }
    }

    fn submission(&mut self, document: &rows::Document) -> Result<Option<rows::Submission>, Ended> {
        if let Some(found) = self.submissions.get(&document.acceptance_entry) {
            return Ok(Some(found.clone()));
        }
        let (id, person) = (
            SubmissionId::from_bytes(document.submission.into()),
            PersonId::from_bytes(document.person.into()),
        );
        let found = self.practice.ledger.row::<rows::Submission>(&key::submission(id, person))?;
        if let Some(found) = &found {
            self.submissions.insert(document.acceptance_entry, found.clone());
        }
        Ok(found)
    }

    pub(super) fn fetches(&self, acceptance_entry: u64, n: u32) -> Result<Vec<FetchRow>, Ended> {
        let mut fetches = self.practice.ledger.rows::<rows::Fetch>(&key::fetches(acceptance_entry, n))?;
        fetches.reverse();
        let row = |fetch: rows::Fetch| FetchRow {
            by: self.who(PersonId::from_bytes(fetch.person.into())),
            taken_at: Timestamp::from_unix_ms(fetch.taken_at_ms),
            fetched_at: fetch.fetched_at_ms.map(Timestamp::from_unix_ms),
        };
        Ok(fetches.into_iter().take(FETCHES_MAX).map(row).collect())
    }

    pub(super) fn who(&self, person: PersonId) -> Who {
        let name = self.practice.registry.person(person).and_then(|person| person.name());
        Who { person, name: name.map(|name| Text::cut(&name)) }
    }

    /// The name under which a document was sent; `None` while its class is locked.
    pub(super) fn name(&self, document: &rows::Document) -> Result<Option<model::DisplayName>, Ended> {
        let Some(position) = document.position.as_ref().and_then(|bytes| ShelfPosition::from_bytes(bytes))
        else {
            return Ok(None);
        };
        Ok(Some(self.practice.vault.document(&position)?.meta()?.name))
    }

    fn row(
        &mut self,
        book: BookId,
        document: &rows::Document,
        submission: &rows::Submission,
        fetches: Vec<FetchRow>,
    ) -> Result<ListingRow, Ended> {
        let line = line_of(self.practice, document.acceptance_entry, document.n)?;
        let line = line.ok_or(Refusal::new(protocol::Code::Gone))?;
        let name = self.name(document)?;
        Ok(ListingRow {
            submission: SubmissionId::from_bytes(document.submission.into()),
            n: DocumentNumber(document.n),
            book,
            period: Period::from_code(submission.period).map_err(|error| internal(&error))?,
            kind: Kind::parse(&document.kind).map_err(|error| internal(&error))?,
            class: Class::from_code(document.class).map_err(|error| internal(&error))?,
            state: state(name.is_some(), &fetches),
            name,
            media_type: line.content_type,
            length: line.size,
            sha256: line.sha256,
            blake3: line.blake3,
            received_at: Timestamp::from_unix_ms(submission.accepted_at_ms),
            sender: self.who(PersonId::from_bytes(document.person.into())),
            fetches: List::new(fetches)?,
        })
    }
}

/// Where a stored document stands.
pub(super) fn state(is_open: bool, fetches: &[FetchRow]) -> State {
    match () {
        () if !is_open => State::Locked,
        () if fetches.iter().any(|fetch| fetch.fetched_at.is_some()) => State::Fetched,
        () if !fetches.is_empty() => State::BeingFetched,
        () => State::Received,
    }
}

/// Lists of acceptances that were read lately, kept within a bound.
#[derive(Default)]
pub struct Lists(std::sync::Mutex<HashMap<u64, Arc<SubmissionList>>>);

/// Bytes of lists that are kept.
const LISTS_BYTES_MAX: usize = 8 << 20;

impl Lists {
    /// The list of an acceptance; `None` where it was erased.
    ///
    /// # Errors
    /// The journal's.
    pub fn of(
        &self,
        practice: &Practice,
        acceptance_entry: u64,
    ) -> Result<Option<Arc<SubmissionList>>, Ended> {
        let lock = || self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(list) = lock().get(&acceptance_entry) {
            return Ok(Some(Arc::clone(list)));
        }
        let Some(list) = read_list(practice, acceptance_entry)?.map(Arc::new) else { return Ok(None) };
        let mut kept = lock();
        let bytes: usize = kept.values().map(|list| list.as_bytes().len()).sum();
        if bytes.saturating_add(list.as_bytes().len()) > LISTS_BYTES_MAX {
            kept.clear();
        }
        kept.insert(acceptance_entry, Arc::clone(&list));
        Ok(Some(list))
    }
}

fn read_list(practice: &Practice, acceptance_entry: u64) -> Result<Option<SubmissionList>, Ended> {
    let entry = practice.journal.entry(acceptance_entry).map_err(|error| internal(&error))?;
    match sealing::read(&entry, &practice.seals) {
        Ok(read) => Ok(read.list.and_then(|list| SubmissionList::parse(list).ok())),
        Err(failure) if failure.is_erased() => Ok(None),
        Err(failure) => Err(internal(&failure).into()),
    }
}

/// One line of an acceptance's list; `None` where it was erased or there is no such line.
///
/// # Errors
/// The journal's.
pub(super) fn line_of(practice: &Practice, acceptance_entry: u64, n: u32) -> Result<Option<Line>, Ended> {
    Ok(practice.lists.of(practice, acceptance_entry)?.and_then(|list| list.line(n).cloned()))
}
