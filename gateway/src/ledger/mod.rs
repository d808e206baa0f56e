//! The ledger: what things are looked up in. Posted from the journal, never written otherwise, disposable at any time.
//!
//! ```text
//! start   clean stop, right count, known format → post what lies beyond; anything else → set aside, post all again
//! commit  draft (post) → journal.commit → apply → tell the registry
//! ```

mod certificates;
pub mod post;
mod post_rotation;
pub mod rows;
mod start;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use journal::Reader;
use model::{BookId, DeviceId, InvitationId, PersonId, Role, SubmissionId, Timestamp};
use receipts::event::GatewayEvent;
use receipts::statement::Body;
use vault::records::{self, Change, Records, Scan, SealedTables, SledRecords};
use vault::{ShelfPosition, Vault, VaultError};

use crate::registry::{Binding, Invitation, Registry};
use crate::sealing::{self, EntrySeals};
use post::{DocumentAt, Places, PostError, Registered, Rows};
use rows::{Footing, Key, Part, Position, Row, Standing, key};

pub use start::{Begin, Posted, StartError, Why};

/// The ledger of a practice.
pub struct Ledger {
    tables: SealedTables<SledRecords>,
    vault: Vault,
    journal: Reader,
    seals: EntrySeals,
    /// Where documents lie that are about to be posted.
    located: Mutex<HashMap<Place, ShelfPosition>>,
    /// Rows in the store, the position's own apart.
    count: Mutex<u64>,
}

type Place = (PersonId, SubmissionId, u32);

impl Ledger {
    /// A row.
    ///
    /// # Errors
    /// The store's; a row that can not be read.
    pub fn row<R: Row>(&self, key: &Key) -> Result<Option<R>, PostError> {
        Ok(self.get(key)?.map(|bytes| R::from_bytes(&bytes)).transpose()?)
    }

    /// All rows whose keys begin so, in order.
    ///
    /// # Errors
    /// The store's; a row that can not be read.
    pub fn rows<R: Row>(&self, prefix: &Key) -> Result<Vec<R>, PostError> {
        let rows = self.scan(prefix)?;
        rows.iter().map(|bytes| R::from_bytes(bytes).map_err(PostError::from)).collect()
    }

    /// Looks at all rows whose keys begin so, in order, one by one.
    ///
    /// # Errors
    /// The store's; a row that can not be read, which ends it.
    pub fn each<R: Row>(&self, prefix: &Key, look: &mut dyn FnMut(R)) -> Result<(), PostError> {
        let mut unread = None;
        self.tables.scan(
            name(prefix.table),
            &parts(prefix),
            None,
            &mut |_, bytes| match R::from_bytes(bytes) {
                Ok(row) => {
                    look(row);
                    Scan::GoOn
                }
                Err(error) => {
                    unread = Some(error);
                    Scan::Stop
                }
            },
        )?;
        unread.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Says where documents lie whose acceptance is about to be posted.
    pub fn locate(&self, person: PersonId, submission: SubmissionId, documents: &[vault::StoredDocument]) {
        let mut located = self.located.lock().unwrap_or_else(PoisonError::into_inner);
        for document in documents {
            located.insert((person, submission, document.n), document.position);
        }
    }

    /// Forgets where they lie: they are posted, or will not be.
    pub fn forget(&self, person: PersonId, submission: SubmissionId, documents: &[vault::StoredDocument]) {
        let mut located = self.located.lock().unwrap_or_else(PoisonError::into_inner);
        for document in documents {
            located.remove(&(person, submission, document.n));
        }
    }

    /// Writes what was posted, and up to where.
    ///
    /// # Errors
    /// The store's.
    pub fn apply(&self, changes: &BTreeMap<Key, Vec<u8>>, entries: u64) -> Result<(), PostError> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let mut added = 0u64;
        for key in changes.keys() {
            if !self.tables.contains(name(key.table), &parts(key))? {
                added += 1;
            }
        }
        self.write(changes, Position { entries, rows: *count + added, clean: false, format: rows::FORMAT })?;
        *count += added;
        Ok(())
    }

    /// The gateway stops cleanly: the next start need not post again.
    ///
    /// # Errors
    /// The store's.
    pub fn close(self, entries: u64) -> Result<(), PostError> {
        let rows = *self.count.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(&BTreeMap::new(), Position { entries, rows, clean: true, format: rows::FORMAT })?;
        Ok(self.tables.into_records().close()?)
    }

    /// One batch: the changes, and the position that they lead to.
    fn write(&self, changes: &BTreeMap<Key, Vec<u8>>, position: Position) -> Result<(), PostError> {
        let position_at = key::position();
        let position = position.to_bytes();
        let rows = changes.iter().chain([(&position_at, &position)]);
        let keyed: Vec<_> = rows.map(|(key, bytes)| (key.table, parts(key), bytes)).collect();
        let puts: Vec<_> =
            keyed.iter().map(|(table, parts, bytes)| Change::Put(name(*table), parts, bytes)).collect();
        Ok(self.tables.commit(&puts)?)
    }

    /// How many rows there are, the position's own too. Reads them all.
    fn count(&self) -> Result<u64, PostError> {
        let mut count = 0u64;
        self.tables.records().scan(b"", None, &mut |_, _| {
            count += 1;
            Scan::GoOn
        })?;
        Ok(count)
    }

    /// How many rows there are.
    pub fn row_count(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the registry of a row that was posted, its name opened from the journal.
    pub fn tell(&self, registry: &Registry, row: &Registered) {
        match row {
            Registered::Book(row) => {
                let id = BookId::from_bytes(row.id.into());
                registry.put_book(id);
                registry.stand_book(id, Footing::from_code(row.footing));
                if let Some(name) = self.name(row.name_entry) {
                    registry.name_book(id, &name);
                }
            }
            Registered::Person(row) => {
                let id = PersonId::from_bytes(row.id.into());
                if let Ok(role) = Role::from_code(row.role) {
                    registry.put_person(id, role);
                    let until = row.until_ms.map(Timestamp::from_unix_ms);
                    registry.stand_person(id, role, Footing::from_code(row.footing), until);
                }
                if let Some(purpose) = self.name(row.purpose_entry) {
                    registry.state_purpose(id, &purpose);
                }
                if let Some(name) = self.name(row.name_entry) {
                    registry.name_person(id, &name);
                }
            }
            Registered::Grant(row) => {
                let until = row.until_ms.map(Timestamp::from_unix_ms);
                let (person, book) =
                    (PersonId::from_bytes(row.person.into()), BookId::from_bytes(row.book.into()));
                match row.withdrawn {
                    true => registry.withdraw_grant(person, book),
                    false => registry.put_grant(person, book, until),
                }
            }
            Registered::Invitation(row) => {
                if let Ok(id) = InvitationId::new(row.number) {
                    let invitation = Invitation {
                        person: PersonId::from_bytes(row.person.into()),
                        expires: Timestamp::from_unix_ms(row.expires_ms),
                        device: row.device.map(|device| DeviceId::from_bytes(device.into())),
                        replaces: row.replaces.map(|device| DeviceId::from_bytes(device.into())),
                        is_revoked: row.revoked,
                        is_locked: row.locked,
                        contested: row.contested,
                    };
                    registry.put_invitation(id, invitation);
                }
            }
            Registered::Device(row) => self.tell_device(registry, row),
            Registered::Certificate(row) => registry.put_certificate(row),
            Registered::Factor(row) => {
                registry.set_factor(PersonId::from_bytes(row.person.into()), row.enrolled_entry);
            }
        }
    }

    fn tell_device(&self, registry: &Registry, row: &rows::Device) {
        let id = DeviceId::from_bytes(row.id.into());
        let Ok(invitation) = InvitationId::new(row.invitation) else { return };
        let standing = Standing::from_code(row.standing);
        match registry.device(id) {
            Some(device) if device.recorded_standing() != standing => registry.set_standing(id, standing),
            Some(_) => {}
            None => registry.bind_device(Binding {
                id,
                person: PersonId::from_bytes(row.person.into()),
                invitation,
                bound_entry: row.bound_entry,
                bound_at: Timestamp::from_unix_ms(row.bound_at_ms),
                standing,
            }),
        }
        if let Some(by) = &row.confirmed_by {
            registry.confirm_device(id, by);
        }
        if let Some((label, platform)) = self.label(row.label_entry) {
            registry.label_device(id, &label, &platform);
        }
    }

    /// What a device calls itself and its system, as long as it is kept.
    fn label(&self, entry: Option<u64>) -> Option<(String, String)> {
        let read = sealing::read(&self.journal.entry(entry?).ok()?, &self.seals).ok()?;
        match &read.signed.statement().body {
            Body::Gateway(GatewayEvent::DeviceLabelled(labelled), _) => {
                Some((labelled.label.as_given().to_owned(), labelled.platform.as_given().to_owned()))
            }
            _ => None,
        }
    }

    /// The name or purpose that an entry carries, as long as it is kept.
    fn name(&self, entry: Option<u64>) -> Option<String> {
        let entry = self.journal.entry(entry?).ok()?;
        let read = sealing::read(&entry, &self.seals).ok()?;
        match &read.signed.statement().body {
            Body::Gateway(GatewayEvent::BookNamed(named), _) => Some(named.name.as_given().to_owned()),
            Body::Gateway(GatewayEvent::PurposeStated(stated), _) => {
                Some(stated.purpose.as_given().to_owned())
            }
            Body::Gateway(GatewayEvent::PersonNamed(named), _) => Some(named.name.as_given().to_owned()),
            _ => None,
        }
    }
}

impl Rows for Ledger {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, PostError> {
        Ok(self.tables.get(name(key.table), &parts(key))?.map(|bytes| bytes.to_vec()))
    }

    fn scan(&self, prefix: &Key) -> Result<Vec<Vec<u8>>, PostError> {
        let mut rows = Vec::new();
        self.tables.scan(name(prefix.table), &parts(prefix), None, &mut |_, bytes| {
            rows.push(bytes.to_vec());
            Scan::GoOn
        })?;
        Ok(rows)
    }
}

impl Places for Ledger {
    fn position(&self, at: &DocumentAt) -> Result<Option<Vec<u8>>, PostError> {
        if !self.vault.is_unlocked(at.class.domain()) {
            return Ok(None);
        }
        let located = self.located.lock().unwrap_or_else(PoisonError::into_inner);
        match located.get(&(at.person, at.submission, at.n)) {
            Some(position) => Ok(Some(position.to_bytes().to_vec())),
            None => Err(PostError::NoRecord(*at)),
        }
    }

    fn duplicate_index(
        &self,
        book: BookId,
        root: &model::Blake3Digest,
        length: u64,
    ) -> Result<[u8; 32], PostError> {
        Ok(self.vault.duplicate_index(book, root, length)?)
    }
}

impl From<vault::records::RecordsError> for PostError {
    fn from(error: vault::records::RecordsError) -> Self {
        Self::Vault(VaultError::Records(error))
    }
}

/// A table's name in the store.
const fn name(table: rows::Table) -> records::Table {
    use rows::Table;
    match table {
        Table::Accepted => records::Table::new("accepted"),
        Table::Book => records::Table::new("book"),
        Table::Certificate => records::Table::new("cert"),
        Table::Crl => records::Table::new("crl"),
        Table::Device => records::Table::new("device"),
        Table::Document => records::Table::new("document"),
        Table::Duplicate => records::Table::new("dupl"),
        Table::Factor => records::Table::new("factor"),
        Table::Fetch => records::Table::new("fetch"),
        Table::Grant => records::Table::new("grant"),
        Table::Handover => records::Table::new("handover"),
        Table::Invitation => records::Table::new("invite"),
        Table::Person => records::Table::new("person"),
        Table::Position => records::Table::new("position"),
        Table::Renewal => records::Table::new("renewal"),
        Table::Rotation => records::Table::new("rotation"),
        Table::Submission => records::Table::new("submit"),
        Table::Take => records::Table::new("take"),
    }
}

fn parts(key: &Key) -> Vec<records::Part<'_>> {
    fn part(part: &Part) -> records::Part<'_> {
        match part {
            Part::Handle(id) => records::Part::Handle(id),
            Part::Number(number) => records::Part::Number(*number),
        }
    }
    key.parts.iter().map(part).collect()
}
