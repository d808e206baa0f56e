//! People, devices, books and grants in memory, as the ledger has them, with their names opened from the journal.
//! Authority is here: the exact certificate, the person's role, the grants in force. Changes come from posting alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use model::{BookId, DeviceId, InvitationId, PersonId, Role, Sha256Digest, Timestamp};
use tokio::sync::watch;

use crate::ledger::rows::Standing;

/// A person.
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// What they may do at all.
    pub role: Role,
    /// Grows with every change of what they may do; compared at every request and before every piece.
    epoch: AtomicU64,
    name: RwLock<Option<Arc<str>>>,
}

/// A device.
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// Whose.
    pub person: Arc<Person>,
    /// By which invitation it came.
    pub invitation: InvitationId,
    /// SHA-256 of the certificate that it connects with.
    pub tls_certificate: Sha256Digest,
    /// SHA-256 of the certificate that it signs with.
    pub signing_certificate: Sha256Digest,
    /// The entry that bound it.
    pub bound_entry: u64,
    epoch: AtomicU64,
    standing: AtomicU8,
    last_seen_ms: AtomicU64,
    label: RwLock<Option<Arc<str>>>,
}

/// A book.
pub struct Book {
    /// Which.
    pub id: BookId,
    name: RwLock<Option<Arc<str>>>,
}

/// Until when a grant holds: `None` is without end.
type Until = Option<Timestamp>;

/// All of them.
#[derive(Default)]
pub struct Registry {
    state: RwLock<State>,
    /// Grows when everybody is to be judged anew.
    practice_epoch: AtomicU64,
    /// Who waits for a change is told by it.
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    people: HashMap<PersonId, Arc<Person>>,
    devices: HashMap<DeviceId, Arc<Device>>,
    by_certificate: HashMap<Sha256Digest, Arc<Device>>,
    keys: HashMap<Sha256Digest, DeviceId>,
    books: HashMap<BookId, Arc<Book>>,
    grants: HashMap<(PersonId, BookId), Until>,
    invitations: HashMap<InvitationId, Invitation>,
}

/// An invitation, as far as the record has it. Its keys are the vault's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invitation {
    /// Who is invited.
    pub person: PersonId,
    /// When it ends.
    pub expires: Timestamp,
    /// The device that used it.
    pub device: Option<DeviceId>,
}

/// What the epochs were when something was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epochs {
    device: u64,
    person: u64,
    practice: u64,
}

/// A device as it is bound.
pub struct Binding {
    /// Which device.
    pub id: DeviceId,
    /// Whose.
    pub person: PersonId,
    /// By which invitation.
    pub invitation: InvitationId,
    /// SHA-256 of its TLS certificate.
    pub tls_certificate: Sha256Digest,
    /// SHA-256 of its signing certificate.
    pub signing_certificate: Sha256Digest,
    /// SHA-256 of both keys: never to be used by another device.
    pub keys: [Sha256Digest; 2],
    /// The entry that bound it.
    pub bound_entry: u64,
    /// Whether it has its rights.
    pub standing: Standing,
}

impl Registry {
    /// The device whose exact certificate this is.
    pub fn by_certificate(&self, certificate: &Sha256Digest) -> Option<Arc<Device>> {
        self.read().by_certificate.get(certificate).cloned()
    }

    /// A device.
    pub fn device(&self, id: DeviceId) -> Option<Arc<Device>> {
        self.read().devices.get(&id).cloned()
    }

    /// A person.
    pub fn person(&self, id: PersonId) -> Option<Arc<Person>> {
        self.read().people.get(&id).cloned()
    }

    /// A book.
    pub fn book(&self, id: BookId) -> Option<Arc<Book>> {
        self.read().books.get(&id).cloned()
    }

    /// All books, by name.
    pub fn books(&self) -> Vec<Arc<Book>> {
        let mut books: Vec<_> = self.read().books.values().cloned().collect();
        books.sort_by_cached_key(|book| (book.name(), book.id));
        books
    }

    /// All people, by name.
    pub fn people(&self) -> Vec<Arc<Person>> {
        let mut people: Vec<_> = self.read().people.values().cloned().collect();
        people.sort_by_cached_key(|person| (person.name(), person.id));
        people
    }

    /// A person's devices.
    pub fn devices_of(&self, person: PersonId) -> Vec<Arc<Device>> {
        let mut devices: Vec<_> =
            self.read().devices.values().filter(|device| device.person.id == person).cloned().collect();
        devices.sort_by_key(|device| device.bound_entry);
        devices
    }

    /// The books that a person may use at `now`, with the end of each grant.
    pub fn granted(&self, person: PersonId, now: Timestamp) -> Vec<(Arc<Book>, Until)> {
        let state = self.read();
        let mine =
            state.grants.iter().filter(|((whose, _), until)| *whose == person && is_in_force(**until, now));
        let mut books: Vec<_> =
            mine.filter_map(|((_, book), until)| Some((state.books.get(book)?.clone(), *until))).collect();
        books.sort_by_cached_key(|(book, _)| (book.name(), book.id));
        books
    }

    /// Whether a person may use a book at `now`. The same look-up whether book, person or grant is there or not.
    pub fn is_granted(&self, person: PersonId, book: BookId, now: Timestamp) -> bool {
        self.read().grants.get(&(person, book)).is_some_and(|until| is_in_force(*until, now))
    }

    /// An invitation.
    pub fn invitation(&self, id: InvitationId) -> Option<Invitation> {
        self.read().invitations.get(&id).copied()
    }

    /// All invitations.
    pub fn invitations(&self) -> Vec<(InvitationId, Invitation)> {
        self.read().invitations.iter().map(|(id, invitation)| (*id, *invitation)).collect()
    }

    /// Whether any device has this key already.
    pub fn knows_key(&self, key: &Sha256Digest) -> bool {
        self.read().keys.contains_key(key)
    }

    /// The epochs that decide for a device now.
    pub fn epochs(&self, device: &Device) -> Epochs {
        Epochs {
            device: device.epoch.load(Ordering::Acquire),
            person: device.person.epoch.load(Ordering::Acquire),
            practice: self.practice_epoch.load(Ordering::Acquire),
        }
    }

    /// Is told when what was committed stands in here whole; several changes may be told as one.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    // ---- posting ----

    pub(crate) fn tell_changed(&self) {
        self.changes.send_replace(());
    }

    pub(crate) fn put_person(&self, id: PersonId, role: Role) {
        let person = Person { id, role, epoch: AtomicU64::new(0), name: RwLock::default() };
        self.write().people.entry(id).or_insert_with(|| Arc::new(person));
    }

    pub(crate) fn name_person(&self, id: PersonId, name: &str) {
        if let Some(person) = self.person(id) {
            *person.name.write().unwrap_or_else(PoisonError::into_inner) = Some(name.into());
        }
    }

    pub(crate) fn put_book(&self, id: BookId) {
        let book = Book { id, name: RwLock::default() };
        self.write().books.entry(id).or_insert_with(|| Arc::new(book));
    }

    pub(crate) fn name_book(&self, id: BookId, name: &str) {
        if let Some(book) = self.book(id) {
            *book.name.write().unwrap_or_else(PoisonError::into_inner) = Some(name.into());
        }
    }

    pub(crate) fn put_grant(&self, person: PersonId, book: BookId, until: Until) {
        let mut state = self.write();
        state.grants.insert((person, book), until);
        if let Some(person) = state.people.get(&person) {
            person.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }

    pub(crate) fn put_invitation(&self, id: InvitationId, invitation: Invitation) {
        self.write().invitations.insert(id, invitation);
    }

    pub(crate) fn bind_device(&self, binding: Binding) {
        let mut state = self.write();
        let Some(person) = state.people.get(&binding.person).cloned() else { return };
        if let Some(invitation) = state.invitations.get_mut(&binding.invitation) {
            invitation.device = Some(binding.id);
        }
        let device = Arc::new(Device {
            id: binding.id,
            person,
            invitation: binding.invitation,
            tls_certificate: binding.tls_certificate,
            signing_certificate: binding.signing_certificate,
            bound_entry: binding.bound_entry,
            epoch: AtomicU64::new(0),
            standing: AtomicU8::new(binding.standing.code()),
            last_seen_ms: AtomicU64::new(0),
            label: RwLock::default(),
        });
        state.devices.insert(binding.id, Arc::clone(&device));
        state.by_certificate.insert(binding.tls_certificate, device);
        for key in binding.keys {
            state.keys.insert(key, binding.id);
        }
    }

    pub(crate) fn label_device(&self, id: DeviceId, label: &str) {
        if let Some(device) = self.device(id) {
            *device.label.write().unwrap_or_else(PoisonError::into_inner) = Some(label.into());
        }
    }

    pub(crate) fn set_standing(&self, id: DeviceId, standing: Standing) {
        if let Some(device) = self.device(id) {
            device.standing.store(standing.code(), Ordering::Release);
            device.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Person {
    /// The name, as long as it is kept. Foreign text: made safe where it is shown.
    pub fn name(&self) -> Option<Arc<str>> {
        self.name.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Book {
    /// The name, as long as it is kept. Foreign text: made safe where it is shown.
    pub fn name(&self) -> Option<Arc<str>> {
        self.name.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Device {
    /// Whether it has its rights.
    pub fn standing(&self) -> Standing {
        Standing::from_code(self.standing.load(Ordering::Acquire))
    }

    /// What its person calls it. Foreign text: made safe where it is shown.
    pub fn label(&self) -> Option<Arc<str>> {
        self.label.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// It spoke to us. Memory alone: the ledger holds nothing that the journal does not give.
    pub fn seen(&self, now: Timestamp) {
        self.last_seen_ms.store(now.unix_ms(), Ordering::Release);
    }

    /// When it spoke to us last since the start.
    pub fn last_seen(&self) -> Option<Timestamp> {
        match self.last_seen_ms.load(Ordering::Acquire) {
            0 => None,
            ms => Some(Timestamp::from_unix_ms(ms)),
        }
    }
}

fn is_in_force(until: Until, now: Timestamp) -> bool {
    until.is_none_or(|until| now < until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_ends_and_a_change_is_felt() {
        let registry = Registry::default();
        let (person, book) = (PersonId::from_bytes([1; 16]), BookId::from_bytes([2; 16]));
        let at = Timestamp::from_unix_seconds;
        registry.put_person(person, Role::Partner);
        registry.put_book(book);
        assert!(!registry.is_granted(person, book, at(5)));
        registry.put_grant(person, book, Some(at(10)));
        assert!(registry.is_granted(person, book, at(9)));
        assert!(!registry.is_granted(person, book, at(10)), "the end is not part of it");
        assert!(registry.granted(person, at(10)).is_empty());
    }
}
