//! Signs for documents: the take stands in the journal before a byte is released. A repeat changes nothing.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use model::{BookId, Class, DeviceId, PersonId, Role, Sha256Digest, SubmissionId, Timestamp, limits};
use protocol::download::Release;
use protocol::field::DocumentNumber;
use protocol::message::{Content, Take, TakeAnswer};
use protocol::{Code, Refusal};
use receipts::event::{ConsignmentAcceptance, DeviceEvent};
use receipts::list::TakeLine;
use receipts::statement::Body;
use receipts::{Signed, TakeList};

use super::{PATIENCE, blocking, internal};
use crate::access::{Act, Granted, Peer};
use crate::commit::{Group, Made};
use crate::ledger::rows::{self, Key, Table, key};
use crate::practice::Practice;
use crate::quota::Quotas;
use crate::sealing;
use crate::wire::{Answered, Asked, Ended};

/// Takes that are kept in memory while they are served.
const TAKES_KEPT_MAX: usize = 64;

/// A take that is being served: made from its statement and list, and from the handovers that name it.
pub struct Serving {
    /// Whose it is.
    pub row: rows::Take,
    /// Its list.
    pub list: TakeList,
    /// What it releases, and what was handed over.
    pub release: Mutex<Release>,
    /// The documents by their numbers in the list.
    pub documents: HashMap<u32, Taken>,
}

/// One document of a take, as the ledger has it.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Its row.
    pub document: rows::Document,
    /// Its length in bytes.
    pub length: u64,
}

impl Serving {
    /// The book of its documents.
    pub fn book(&self) -> BookId {
        BookId::from_bytes(self.row.book.into())
    }
}

/// The takes in memory.
#[derive(Default)]
pub struct Takes {
    serving: Mutex<HashMap<Sha256Digest, Arc<Serving>>>,
    /// Takes that may have something to say at their end, in the order of their ends.
    watched: Mutex<BTreeSet<(Timestamp, Sha256Digest)>>,
}

impl Takes {
    /// A take, from memory or from the journal; `None` if there is none.
    ///
    /// # Errors
    /// The ledger's and the journal's.
    pub fn serving(&self, practice: &Practice, take: &Sha256Digest) -> Result<Option<Arc<Serving>>, Ended> {
        if let Some(serving) = self.serving.lock().unwrap_or_else(PoisonError::into_inner).get(take) {
            return Ok(Some(Arc::clone(serving)));
        }
        let Some(row) = practice.ledger.row::<rows::Take>(&key::take(take))? else { return Ok(None) };
        let serving = Arc::new(load(practice, row)?);
        let mut kept = self.serving.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= TAKES_KEPT_MAX {
            // Whichever goes is made again from the journal when it is asked for.
            let idle =
                kept.iter().find(|(_, serving)| Arc::strong_count(serving) == 1).map(|(take, _)| *take);
            idle.and_then(|take| kept.remove(&take));
        }
        Ok(Some(Arc::clone(kept.entry(*take).or_insert(serving))))
    }

    #[cfg(test)]
    pub(super) fn keep(&self, serving: Serving) {
        let take = Sha256Digest::from_bytes(serving.row.take.into());
        self.serving.lock().unwrap().insert(take, Arc::new(serving));
    }

    /// A take is to be looked at when it has ended, not before `at`.
    pub fn watch(&self, take: Sha256Digest, at: Timestamp) {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).insert((at, take));
    }

    /// The takes that are to be looked at now; they are watched no more.
    pub fn due(&self, now: Timestamp) -> Vec<Sha256Digest> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        while let Some((_, take)) = watched.first().filter(|(at, _)| *at <= now).copied() {
            watched.pop_first();
            due.push(take);
        }
        due
    }
}

/// When a take ends.
pub(super) fn end(row: &rows::Take) -> Timestamp {
    Timestamp::from_unix_ms(row.taken_at_ms).plus_seconds(limits::TAKE_SECONDS_MAX)
}

fn load(practice: &Practice, row: rows::Take) -> Result<Serving, Ended> {
    let entry = practice.journal.entry(row.entry).map_err(|error| internal(&error))?;
    let read = sealing::read(&entry, &practice.seals).map_err(|failure| match failure.is_erased() {
        true => Refusal::new(Code::Gone),
        false => internal(&failure),
    })?;
    let list = read.list.and_then(|list| TakeList::parse(list).ok());
    let list = list.ok_or_else(|| internal(&format!("entry {} has no take list", row.entry)))?;
    let take = Sha256Digest::from_bytes(row.take.into());
    let mut finder = Finder::new(practice, BookId::from_bytes(row.book.into()));
    let mut documents = HashMap::new();
    let mut handed: Vec<(u64, DocumentNumber)> = Vec::new();
    for line in list.lines() {
        let Some((document, length)) = finder.find(line)? else { continue };
        let at = key::fetch(document.acceptance_entry, document.n, row.entry);
        if let Some(entry) = practice.ledger.row::<rows::Fetch>(&at)?.and_then(|fetch| fetch.handover_entry) {
            handed.push((entry, DocumentNumber(line.n)));
        }
        documents.insert(line.n, Taken { document, length });
    }
    let lengths = documents.iter().map(|(n, taken)| (DocumentNumber(*n), taken.length));
    let mut release = Release::new(take, DeviceId::from_bytes(row.device.into()), end(&row), lengths);
    for handover in practice.ledger.rows::<rows::Handover>(&key::handovers(&take))? {
        let named: Vec<_> =
            handed.iter().filter(|(entry, _)| *entry == handover.entry).map(|(_, n)| *n).collect();
        release.handed_over(Sha256Digest::from_bytes(handover.statement.into()), &named);
    }
    if row.failure_said {
        release.failure_said();
    }
    Ok(Serving { row, list, release: Mutex::new(release), documents })
}

/// Finds the documents that lines name in a book: of several submissions with one id the first, looked up once.
struct Finder<'a> {
    practice: &'a Practice,
    book: BookId,
    submissions: HashMap<SubmissionId, Option<rows::Submission>>,
}

impl<'a> Finder<'a> {
    fn new(practice: &'a Practice, book: BookId) -> Self {
        Self { practice, book, submissions: HashMap::new() }
    }

    /// The document and its length.
    fn find(&mut self, line: &TakeLine) -> Result<Option<(rows::Document, u64)>, Ended> {
        let (practice, book) = (self.practice, self.book);
        let submission = match self.submissions.entry(line.document.submission) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let draft = crate::ledger::post::Draft::new(&*practice.ledger);
                let found = draft.submission_in(book, *unknown.key())?;
                unknown.insert(found)
            }
        };
        let Some(submission) = submission else { return Ok(None) };
        let period = model::Period::from_code(submission.period).map_err(|error| internal(&error))?;
        let at = key::document(book, period, submission.acceptance_entry, line.document.n);
        let Some(document) = practice.ledger.row::<rows::Document>(&at)? else { return Ok(None) };
        let stated = super::list::line_of(practice, document.acceptance_entry, document.n)?;
        Ok(stated.filter(|stated| stated.sha256 == line.sha256).map(|stated| (document, stated.size)))
    }
}

/// Serves a take.
///
/// # Errors
/// What is refused; nothing is released.
pub async fn take(
    practice: &Arc<Practice>,
    peer: &Peer,
    request: Take,
    asked: &mut Asked,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let granted = peer.grant(request)?;
    let list = asked.long(Content::List, limits::LIST_BYTES_MAX, PATIENCE).await?;
    let shared = Arc::clone(practice);
    let (hash, make) = blocking(move || check(&shared, granted, list)).await?;
    if let Some(make) = make {
        match practice.committer.commit(make).await {
            Ok(_) => {}
            // Another stream of the same device was faster with the same take.
            Err(refusal) if refusal.known() == Some(Code::Closing) => {}
            Err(refusal) => return Err(refusal.into()),
        }
    }
    let shared = Arc::clone(practice);
    let serving =
        blocking(move || shared.takes.serving(&shared, &hash)).await?.ok_or_else(Refusal::absent)?;
    let until = serving.release.lock().unwrap_or_else(PoisonError::into_inner).until();
    answered.send(TakeAnswer { take: hash, until }).await
}

type Checked = (Sha256Digest, Option<crate::commit::Make>);

fn check(practice: &Arc<Practice>, granted: Granted<Take>, list: Vec<u8>) -> Result<Checked, Ended> {
    let bad = || Ended::from(Code::TakeBad);
    let signed = Signed::parse(granted.request.statement.as_slice().to_vec()).map_err(|_| bad())?;
    signed.verify_signature().map_err(|_| bad())?;
    let list = TakeList::parse(list).map_err(|_| bad())?;
    let device = granted.peer.device();
    let Body::Device(DeviceEvent::ConsignmentAcceptance(event)) = &signed.statement().body else {
        return Err(bad());
    };
    let ConsignmentAcceptance { recipient, sender, book, documents, last_checkpoint: _ } = event;
    let hash = signed.entry_hash();
    // One that stands is said again as it was, whatever the device signs with by now.
    let stands = practice.ledger.row::<rows::Take>(&key::take(&hash))?.is_some();
    let under = certs::certificate::fingerprint(signed.certificate());
    let is_own = (stands || device.signs_under(&under, practice.now()))
        && recipient.device == device.id
        && sender.practice == *practice.keys().trust.practice()
        && *documents == list.documents();
    if !is_own {
        return Err(bad());
    }
    let book = *book;
    granted.may(Act::Take, book, practice.now())?;
    if stands {
        return Ok((hash, None));
    }
    let confidential = check_lines(practice, book, &list)?;
    // A client fetches back its own; who takes much of others' shows that it is them.
    if device.person.role() != Role::Client
        && let Err(refusal) = granted.peer.factor(practice.clock.machine().monotonic())
        && !practice.quotas.confidential(device.person.id, confidential, practice.now())
    {
        return Err(refusal.into());
    }
    practice.quotas.entry(device.person.id, practice.now())?;
    let key = practice.entry_key(practice.book_year(book))?;
    // Before the commit: nobody may be left here after it.
    practice.takes.watch(hash, practice.now().plus_seconds(limits::TAKE_SECONDS_MAX));
    let make = Box::new(move |group: &Group<'_>| {
        granted.may(Act::Take, book, group.now)?;
        let stands =
            group.draft.get::<rows::Take>(&rows::key::take(&hash)).map_err(|error| internal(&error))?;
        match stands {
            Some(_) => Err(Code::Closing.into()),
            None => Ok(vec![Made { signed, list: Some(list.as_bytes().to_vec()), key }]),
        }
    });
    Ok((hash, Some(make)))
}

/// Counts again, at a start, the confidential documents that staff have taken today. Those that were taken on a second
/// factor are counted as well, for no statement says so: who has one is asked for it a little sooner.
///
/// # Errors
/// The ledger's. What of a take can not be read any more is left out, and said.
pub fn recount(practice: &Practice) -> Result<(), Ended> {
    let now = practice.now();
    let mut today = Vec::new();
    practice.ledger.each(&Key::of(Table::Take), &mut |row: rows::Take| {
        if Quotas::is_one_day(Timestamp::from_unix_ms(row.taken_at_ms), now) {
            today.push(row);
        }
    })?;
    for row in today {
        let person = PersonId::from_bytes(row.person.into());
        let is_staff = practice.registry.person(person).is_some_and(|person| person.role() != Role::Client);
        if !is_staff {
            continue;
        }
        let entry = row.entry;
        let Ok(serving) = load(practice, row) else {
            tracing::warn!(entry, "a take of today can not be read, and is not counted");
            continue;
        };
        let is_confidential = |taken: &&Taken| taken.document.class == Class::Confidential.code();
        let count = serving.documents.values().filter(is_confidential).count();
        practice.quotas.confidential_before(person, count as u64, now);
    }
    Ok(())
}

/// Every line names a document of this book, by its digest, that can be given out. Gives how many are confidential.
fn check_lines(practice: &Practice, book: BookId, list: &TakeList) -> Result<u64, Ended> {
    let mut finder = Finder::new(practice, book);
    let (mut absent, mut locked, mut confidential) = (Vec::new(), Vec::new(), 0);
    for line in list.lines() {
        match finder.find(line)? {
            None => absent.push(DocumentNumber(line.n)),
            Some((document, _)) => {
                let class = Class::from_code(document.class).map_err(|error| internal(&error))?;
                confidential += u64::from(class == Class::Confidential);
                if !practice.vault.is_unlocked(class.domain()) {
                    locked.push(DocumentNumber(line.n));
                }
            }
        }
    }
    match (absent.is_empty(), locked.is_empty()) {
        (true, true) => Ok(confidential),
        (false, _) => Err(Refusal::absent().with_documents(absent).into()),
        (true, false) => Err(Refusal::new(Code::Locked).with_documents(locked).into()),
    }
}
