//! Posting: what one statement of the journal changes in the ledger. Pure: the same journal gives the same rows.
//!
//! No right and no state depends on a statement that can be erased: names stand in statements of their own.

mod denied;
mod documents;

use std::collections::{BTreeMap, HashMap};

use model::{BookId, Sha256Digest, SubmissionId, Timestamp};
use receipts::event::{self, DeviceEvent, GatewayEvent};

use super::rows::{self, Footing, Key, Row, Standing, key};

/// A statement as it is posted.
pub struct Posting<'a> {
    /// Its entry.
    pub entry: u64,
    /// The digest of its statement.
    pub hash: Sha256Digest,
    /// The digest of the statement before it, if there is one.
    pub before: Option<Sha256Digest>,
    /// When it was made, by the gateway's clock; for a device's statement, when it was committed.
    pub time: Timestamp,
    /// What it says.
    pub says: Says,
    /// The list that it names, where it is stored with it.
    pub list: Option<&'a [u8]>,
}

/// Whose statement it is, and what it says.
#[derive(Debug, Clone)]
pub enum Says {
    /// A device's.
    Device(DeviceEvent),
    /// The gateway's.
    Gateway(GatewayEvent),
}

impl Says {
    /// What a statement says, and whose it is.
    pub fn of(statement: &receipts::Statement) -> Self {
        match &statement.body {
            receipts::statement::Body::Device(event) => Self::Device(event.clone()),
            receipts::statement::Body::Gateway(event, _) => Self::Gateway(event.clone()),
        }
    }
}

/// What a posting may look up besides the rows: where things lie, and keyed indexes.
pub trait Places {
    /// Where a document lies; `None` while its domain is locked.
    ///
    /// # Errors
    /// The vault has no record of it: damage.
    fn position(&self, at: &DocumentAt) -> Result<Option<Vec<u8>>, PostError>;

    /// The index under which a document of this book is recognised.
    ///
    /// # Errors
    /// The vault's.
    fn duplicate_index(
        &self,
        book: BookId,
        root: &model::Blake3Digest,
        length: u64,
    ) -> Result<[u8; 32], PostError>;
}

/// A document as the vault finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocumentAt {
    /// Who sent it.
    pub person: model::PersonId,
    /// In which submission.
    pub submission: SubmissionId,
    /// Its number there.
    pub n: u32,
    /// Its class, which tells the domain.
    pub class: model::Class,
}

/// Why a statement can not be posted: the journal and what lies beside it do not fit.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The vault has no record of a document that was accepted: damage.
    #[error("document {n} of submission {submission} was accepted and the vault has no record of it", submission = .0.submission, n = .0.n)]
    NoRecord(DocumentAt),
    /// It speaks of something that no entry before it made.
    #[error("entry {entry} speaks of a {what} that is not there")]
    Dangling {
        /// The entry.
        entry: u64,
        /// What is missing.
        what: &'static str,
    },
    /// It holds a certificate that can not be read.
    #[error("entry {entry} holds a certificate that can not be read")]
    Certificate {
        /// The entry.
        entry: u64,
    },
    /// Its list is missing or not what it should be.
    #[error("entry {entry} has no list that can be read")]
    List {
        /// The entry.
        entry: u64,
    },
    /// A row can not be read.
    #[error(transparent)]
    Row(#[from] model::Malformed),
    /// The store or the vault failed.
    #[error(transparent)]
    Vault(#[from] vault::VaultError),
}

/// Rows to be read.
pub trait Rows {
    /// The bytes of a row.
    ///
    /// # Errors
    /// The store's.
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, PostError>;
    /// The bytes of all rows whose keys begin so, in order.
    ///
    /// # Errors
    /// The store's.
    fn scan(&self, prefix: &Key) -> Result<Vec<Vec<u8>>, PostError>;
}

/// Rows changed by postings that are not in the store yet, over those that are.
pub struct Draft<'a> {
    base: &'a dyn Rows,
    changes: BTreeMap<Key, Vec<u8>>,
    /// What each change replaced in `changes`, in order.
    log: Vec<(Key, Option<Vec<u8>>)>,
    /// Rows that the registry must hear of, in order.
    registry: Vec<Registered>,
}

/// A place in a draft.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    changes: usize,
    registry: usize,
}

/// A row that the registry holds in memory too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// A book.
    Book(rows::Book),
    /// A device.
    Device(rows::Device),
    /// A grant.
    Grant(rows::Grant),
    /// An invitation.
    Invitation(rows::Invitation),
    /// A person.
    Person(rows::Person),
    /// A certificate, after its device.
    Certificate(rows::Certificate),
    /// A person's second factor.
    Factor(rows::Factor),
}

impl<'a> Draft<'a> {
    /// Nothing changed yet.
    pub fn new(base: &'a dyn Rows) -> Self {
        Self { base, changes: BTreeMap::new(), log: Vec::new(), registry: Vec::new() }
    }

    /// A row as it would be.
    ///
    /// # Errors
    /// The store's; a row that can not be read.
    pub fn get<R: Row>(&self, key: &Key) -> Result<Option<R>, PostError> {
        let found = match self.changes.get(key) {
            Some(bytes) => Some(bytes.clone()),
            None => self.base.get(key)?,
        };
        Ok(found.map(|bytes| R::from_bytes(&bytes)).transpose()?)
    }

    /// Whether something posted here certifies this key for a device.
    pub fn certifies(&self, key: &Sha256Digest) -> bool {
        let is_it = |row: &rows::Certificate| row.key.as_slice() == key.as_bytes();
        self.registry.iter().any(|row| matches!(row, Registered::Certificate(row) if is_it(row)))
    }

    /// Where the draft stands, to come back to it.
    pub fn mark(&self) -> Mark {
        Mark { changes: self.log.len(), registry: self.registry.len() }
    }

    /// Forgets all that was posted since.
    pub fn back_to(&mut self, mark: Mark) {
        while self.log.len() > mark.changes {
            if let Some((key, before)) = self.log.pop() {
                match before {
                    Some(bytes) => drop(self.changes.insert(key, bytes)),
                    None => drop(self.changes.remove(&key)),
                }
            }
        }
        self.registry.truncate(mark.registry);
    }

    pub(super) fn need<R: Row>(&self, key: &Key, entry: u64, what: &'static str) -> Result<R, PostError> {
        self.get(key)?.ok_or(PostError::Dangling { entry, what })
    }

    pub(super) fn put<R: Row>(&mut self, key: Key, row: &R) {
        let before = self.changes.insert(key.clone(), row.to_bytes());
        self.log.push((key, before));
    }

    /// What is to be written, and what the registry is to hear.
    pub fn into_changes(self) -> (BTreeMap<Key, Vec<u8>>, Vec<Registered>) {
        (self.changes, self.registry)
    }

    /// All rows whose keys begin so: those of the store as they are there, then those of the draft.
    pub(crate) fn rows_below<R: Row>(&self, prefix: &Key) -> Result<Vec<R>, PostError> {
        let stored = self.base.scan(prefix)?;
        let drafted = self
            .changes
            .range(prefix..)
            .take_while(|(key, _)| key.table == prefix.table && key.parts.starts_with(&prefix.parts));
        let all = stored.iter().chain(drafted.map(|(_, bytes)| bytes));
        all.map(|bytes| R::from_bytes(bytes).map_err(PostError::from)).collect()
    }

    pub(super) fn register(&mut self, row: Registered) {
        self.registry.push(row);
    }

    /// The submission with this id in this book: of several persons' the first that was accepted.
    ///
    /// # Errors
    /// The store's.
    pub fn submission_in(
        &self,
        book: BookId,
        id: SubmissionId,
    ) -> Result<Option<rows::Submission>, PostError> {
        let mut found: Option<rows::Submission> = None;
        for row in self.rows_below::<rows::Submission>(&key::submissions(id))? {
            let earlier = found.as_ref().is_none_or(|found| row.acceptance_entry < found.acceptance_entry);
            if row.book == (*book.as_bytes()).into() && earlier {
                found = Some(row);
            }
        }
        Ok(found)
    }

    /// The entry that accepted the submission with this id in this book; `known` has those that were asked before.
    fn acceptance_of(
        &self,
        known: &mut HashMap<SubmissionId, u64>,
        book: BookId,
        id: SubmissionId,
        entry: u64,
    ) -> Result<u64, PostError> {
        if let Some(accepted) = known.get(&id) {
            return Ok(*accepted);
        }
        let found = self.submission_in(book, id)?.ok_or(PostError::Dangling { entry, what: "submission" })?;
        known.insert(id, found.acceptance_entry);
        Ok(found.acceptance_entry)
    }

    /// Posts one statement.
    ///
    /// # Errors
    /// [`PostError`]: nothing of this statement is in the draft that may be relied on.
    pub fn post(&mut self, posting: &Posting<'_>, places: &dyn Places) -> Result<(), PostError> {
        match &posting.says {
            Says::Device(DeviceEvent::Origin(_)) => Ok(()), // its acceptance says all
            Says::Device(DeviceEvent::ConsignmentAcceptance(take)) => self.take(posting, take),
            Says::Device(DeviceEvent::SigningKeyAnnounced(_)) => Ok(()), // the renewal after it says all
            Says::Gateway(event) => self.gateway_event(posting, event, places),
        }
    }

    fn gateway_event(
        &mut self,
        posting: &Posting<'_>,
        event: &GatewayEvent,
        places: &dyn Places,
    ) -> Result<(), PostError> {
        let entry = posting.entry;
        match event {
            GatewayEvent::Genesis(_) | GatewayEvent::GatewayStarted(_) | GatewayEvent::GatewayStopped(_) => {}
            GatewayEvent::SubmissionAcceptance(acceptance) => self.acceptance(posting, acceptance, places)?,
            GatewayEvent::ContentHandover(handover) => self.handover(posting, &handover.refers_to)?,
            GatewayEvent::ContentHandoverFailure(failure) => {
                let at = key::take(&failure.refers_to);
                let mut take: rows::Take = self.need(&at, entry, "take")?;
                take.failure_said = true;
                self.put(at, &take);
            }
            GatewayEvent::BookAdded(added) => {
                let id = (*added.book.as_bytes()).into();
                let footing = Footing::Active.code();
                self.book(rows::Book { name_entry: None, id, footing, ended: None }, added.book);
            }
            GatewayEvent::BookNamed(named) => {
                let row: rows::Book = self.need(&key::book(named.book), entry, "book")?;
                self.book(rows::Book { name_entry: Some(entry), ..row }, named.book);
            }
            GatewayEvent::PersonAdded(added) => {
                let id = (*added.person.as_bytes()).into();
                let row = rows::Person {
                    role: added.role.code(),
                    name_entry: None,
                    id,
                    footing: Footing::Active.code(),
                    until_ms: added.until.map(Timestamp::unix_ms),
                    with_book: None,
                    purpose_entry: None,
                    ended: None,
                };
                self.person(row, added.person);
            }
            GatewayEvent::PersonNamed(named) => {
                let row: rows::Person = self.need(&key::person(named.person), entry, "person")?;
                self.person(rows::Person { name_entry: Some(entry), ..row }, named.person);
            }
            GatewayEvent::InvitationIssued(issued) => {
                let row = rows::Invitation {
                    person: (*issued.person.as_bytes()).into(),
                    number: issued.invitation.get(),
                    expires_ms: issued.expires.unix_ms(),
                    device: None,
                    replaces: issued.replaces.map(|device| (*device.as_bytes()).into()),
                    revoked: false,
                    issued_at_ms: posting.time.unix_ms(),
                    by: issued.by.word(),
                    locked: false,
                    contested: 0,
                };
                self.put(key::invitation(issued.invitation), &row);
                self.registry.push(Registered::Invitation(row));
            }
            GatewayEvent::DeviceBound(bound) => self.bound(posting, bound)?,
            GatewayEvent::DeviceLabelled(labelled) => {
                self.device(labelled.device, entry, |row| row.label_entry = Some(entry))?;
            }
            GatewayEvent::DeviceConfirmed(confirmed) => {
                self.device(confirmed.device, entry, |row| {
                    // A device that was suspended, revoked or declined meanwhile stays so.
                    if Standing::from_code(row.standing) == Standing::Bound {
                        row.standing = Standing::Active.code();
                        row.confirmed_by = Some(confirmed.by.word());
                    }
                })?;
            }
            GatewayEvent::DeviceDeclined(declined) => {
                self.device(declined.device, entry, |row| {
                    if Standing::from_code(row.standing) != Standing::Revoked {
                        row.standing = Standing::Declined.code();
                    }
                })?;
            }
            GatewayEvent::GrantGiven(given) => {
                let row = rows::Grant {
                    book: (*given.book.as_bytes()).into(),
                    person: (*given.person.as_bytes()).into(),
                    until_ms: given.until.map(Timestamp::unix_ms),
                    withdrawn: false,
                };
                self.grant(given.person, given.book, row);
            }
            GatewayEvent::DeviceSuspended(_)
            | GatewayEvent::DeviceResumed(_)
            | GatewayEvent::DeviceRevoked(_)
            | GatewayEvent::PersonSuspended(_)
            | GatewayEvent::PersonResumed(_)
            | GatewayEvent::PersonRevoked(_)
            | GatewayEvent::BookSuspended(_)
            | GatewayEvent::BookResumed(_)
            | GatewayEvent::BookClosed(_)
            | GatewayEvent::InvitationRevoked(_)
            | GatewayEvent::GrantWithdrawn(_)
            | GatewayEvent::RoleChanged(_)
            | GatewayEvent::PersonEndSet(_)
            | GatewayEvent::PurposeStated(_)
            | GatewayEvent::Noted(_) => self.denied(posting, event)?,
            GatewayEvent::DeviceRenewed(renewed) => self.renewed(posting, renewed)?,
            GatewayEvent::CertificateUsed(used) => self.used(posting, used)?,
            GatewayEvent::RotationPlanned(planned) => self.rotation_planned(posting, planned)?,
            GatewayEvent::RotationDone(done) => self.rotation_done(posting, done)?,
            GatewayEvent::FactorEnrolled(enrolled) => self.factor(enrolled.person, Some(entry)),
            GatewayEvent::FactorRemoved(removed) => self.factor(removed.person, None),
            GatewayEvent::RecoveryCodesDrawn(_) | GatewayEvent::RecoveryCodeUsed(_) => {}
            GatewayEvent::InvitationLocked(locked) => {
                self.invitation(locked.invitation, entry, |row| row.locked = true)?;
            }
            GatewayEvent::InvitationContested(contested) => {
                self.invitation(contested.invitation, entry, |row| {
                    row.contested = row.contested.saturating_add(1);
                })?;
            }
            GatewayEvent::CrlIssued(issued) => {
                let row = rows::Crl { number: issued.number, sha256: (*issued.sha256.as_bytes()).into() };
                self.put(key::crl(&issued.issuer), &row);
            }
        }
        Ok(())
    }

    fn book(&mut self, row: rows::Book, id: BookId) {
        self.put(key::book(id), &row);
        self.registry.push(Registered::Book(row));
    }

    fn factor(&mut self, id: model::PersonId, enrolled_entry: Option<u64>) {
        let row = rows::Factor { person: (*id.as_bytes()).into(), enrolled_entry };
        self.put(key::factor(id), &row);
        self.registry.push(Registered::Factor(row));
    }

    pub(super) fn invitation(
        &mut self,
        id: model::InvitationId,
        entry: u64,
        change: impl FnOnce(&mut rows::Invitation),
    ) -> Result<(), PostError> {
        let at = key::invitation(id);
        let mut row: rows::Invitation = self.need(&at, entry, "invitation")?;
        change(&mut row);
        self.put(at, &row);
        self.registry.push(Registered::Invitation(row));
        Ok(())
    }

    fn person(&mut self, row: rows::Person, id: model::PersonId) {
        self.put(key::person(id), &row);
        self.registry.push(Registered::Person(row));
    }

    fn grant(&mut self, person: model::PersonId, book: BookId, row: rows::Grant) {
        self.put(key::grant(person, book), &row);
        self.registry.push(Registered::Grant(row));
    }

    fn device(
        &mut self,
        id: model::DeviceId,
        entry: u64,
        change: impl FnOnce(&mut rows::Device),
    ) -> Result<(), PostError> {
        let at = key::device(id);
        let mut row: rows::Device = self.need(&at, entry, "device")?;
        change(&mut row);
        self.put(at, &row);
        self.registry.push(Registered::Device(row));
        Ok(())
    }

    fn bound(&mut self, posting: &Posting<'_>, bound: &event::DeviceBound) -> Result<(), PostError> {
        let device = (*bound.device.as_bytes()).into();
        self.invitation(bound.invitation, posting.entry, |row| row.device = Some(device))?;
        let row = rows::Device {
            person: (*bound.person.as_bytes()).into(),
            invitation: bound.invitation.get(),
            standing: Standing::Bound.code(),
            bound_entry: posting.entry,
            label_entry: None,
            bound_at_ms: posting.time.unix_ms(),
            id: (*bound.device.as_bytes()).into(),
            ended: None,
            before: None,
            confirmed_by: None,
        };
        self.put(key::device(bound.device), &row);
        self.registry.push(Registered::Device(row));
        self.first_certificates(posting, bound)
    }
}
