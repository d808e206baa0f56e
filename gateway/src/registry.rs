//! People, devices, books and grants in memory, as the ledger has them, with their names opened from the journal.
//! Authority is here: the exact certificate, the person's role, the grants in force. Changes come from posting, and
//! denials from memory before that (see `denial`): what is denied holds nothing, whatever was posted.
//!
//! ```text
//! entry   one person, book or device     deny   denials in memory     post   what posting changes
//! ```

mod deny;
mod entry;
mod post;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use model::{BookId, DeviceId, InvitationId, PersonId, Role, Sha256Digest, Timestamp};
use tokio::sync::watch;

use crate::certificate::{DeviceCertificate, Held};
use crate::ledger::rows::{Footing, Standing};
use crate::seen::Seen;

/// A person.
pub struct Person {
    /// Who.
    pub id: PersonId,
    role: AtomicU8,
    /// As the record has it.
    footing: AtomicU8,
    /// As it is denied beyond the record.
    denied: AtomicU8,
    until_ms: AtomicU64,
    /// Grows with every change of what they may do; compared at every request and before every piece.
    epoch: AtomicU64,
    name: RwLock<Option<Arc<str>>>,
    purpose: RwLock<Option<Arc<str>>>,
    /// The entry that enrolled the second factor; 0, which is never such an entry, where there is none.
    factor: AtomicU64,
}

/// No end.
const NEVER_MS: u64 = u64::MAX;
/// Nothing is denied beyond the record.
const NOT_DENIED: u8 = 0;

/// A device.
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// Whose.
    pub person: Arc<Person>,
    /// By which invitation it came.
    pub invitation: InvitationId,
    /// The entry that bound it.
    pub bound_entry: u64,
    certificates: RwLock<Vec<Arc<DeviceCertificate>>>,
    epoch: AtomicU64,
    standing: AtomicU8,
    /// As it is denied beyond the record: a [`Standing`], or [`NOT_DENIED`].
    denied: AtomicU8,
    /// What it has told of itself last.
    pub seen: Seen,
    /// When it was bound.
    pub bound_at: Timestamp,
    label: RwLock<Option<Arc<str>>>,
    platform: RwLock<Option<Arc<str>>>,
    confirmed_by: RwLock<Option<Arc<str>>>,
}

/// A book.
pub struct Book {
    /// Which.
    pub id: BookId,
    /// As the record has it.
    footing: AtomicU8,
    /// As it is denied beyond the record.
    denied: AtomicU8,
    /// Grows when it comes to rest, comes back or ends.
    epoch: AtomicU64,
    name: RwLock<Option<Arc<str>>>,
    /// Clients who are denied with it beyond the record.
    with: Mutex<HashSet<PersonId>>,
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
    /// Who has to act on what is denied is told by it.
    denials: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    people: HashMap<PersonId, Arc<Person>>,
    devices: HashMap<DeviceId, Arc<Device>>,
    by_certificate: HashMap<Sha256Digest, Held>,
    keys: HashMap<Sha256Digest, DeviceId>,
    books: HashMap<BookId, Arc<Book>>,
    grants: HashMap<(PersonId, BookId), Until>,
    invitations: HashMap<InvitationId, Invitation>,
    denied_grants: HashSet<(PersonId, BookId)>,
    denied_invitations: HashSet<InvitationId>,
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
    /// The device that the new one replaces when it is confirmed.
    pub replaces: Option<DeviceId>,
    /// Whether it lets nobody in any more.
    pub is_revoked: bool,
    /// Whether too many proofs of it were wrong.
    pub is_locked: bool,
    /// How often it was proven by others than the device that used it.
    pub contested: u32,
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
    /// The entry that bound it.
    pub bound_entry: u64,
    /// When.
    pub bound_at: Timestamp,
    /// Whether it has its rights.
    pub standing: Standing,
}

impl Registry {
    /// The device whose exact TLS certificate this is, in whatever state.
    pub fn by_certificate(&self, certificate: &Sha256Digest) -> Option<Held> {
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

    /// Devices that the record lets in no more, by themselves or with their person, each with how both stand; by id.
    pub fn barred(&self) -> Vec<(DeviceId, Standing, Footing)> {
        let state = self.read();
        let all = state.devices.values();
        let all = all.map(|one| (one.id, one.recorded_standing(), one.person.recorded_footing()));
        let mut barred: Vec<_> = all
            .filter(|(_, own, person)| {
                !matches!(own, Standing::Bound | Standing::Active) || *person != Footing::Active
            })
            .collect();
        barred.sort_by_key(|(id, ..)| *id);
        barred
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

    /// All devices.
    pub fn devices(&self) -> Vec<Arc<Device>> {
        self.read().devices.values().cloned().collect()
    }

    /// The books that a person may use at `now`, with the end of each grant.
    pub fn granted(&self, person: PersonId, now: Timestamp) -> Vec<(Arc<Book>, Until)> {
        let state = self.read();
        let mine = state.grants.keys().filter(|(whose, _)| *whose == person);
        let mut books: Vec<_> = mine
            .filter_map(|(_, book)| Some((state.books.get(book)?.clone(), state.grant(person, *book, now)?)))
            .collect();
        books.sort_by_cached_key(|(book, _)| (book.name(), book.id));
        books
    }

    /// Whether a person may use a book at `now`. The same look-up whether book, person or grant is there or not.
    pub fn is_granted(&self, person: PersonId, book: BookId, now: Timestamp) -> bool {
        self.read().grant(person, book, now).is_some()
    }

    /// Until when a grant holds, if it holds at `now`.
    pub fn grant(&self, person: PersonId, book: BookId, now: Timestamp) -> Option<Until> {
        self.read().grant(person, book, now)
    }

    /// Whether a grant was ever given and not withdrawn, whatever its book.
    pub fn has_grant(&self, person: PersonId, book: BookId) -> bool {
        self.read().grants.contains_key(&(person, book))
    }

    /// Clients who may use this book, were it not for its rest or end, and no other.
    pub fn clients_of_only(&self, book: BookId, now: Timestamp) -> Vec<Arc<Person>> {
        let state = self.read();
        let mine = state.grants.iter().filter(|((_, of), until)| *of == book && is_in_force(**until, now));
        let mine = mine.filter_map(|((person, _), _)| state.people.get(person));
        let mut clients: HashMap<_, _> = mine
            .filter(|person| person.role() == Role::Client)
            .map(|person| (person.id, Arc::clone(person)))
            .collect();
        // Once over all grants, not once a client: a book may have thousands.
        for (person, other) in state.grants.keys().filter(|(_, other)| *other != book) {
            if clients.contains_key(person) && state.grant(*person, *other, now).is_some() {
                clients.remove(person);
            }
        }
        let mut clients: Vec<_> = clients.into_values().collect();
        clients.sort_by_key(|person| person.id);
        clients
    }

    /// An invitation.
    pub fn invitation(&self, id: InvitationId) -> Option<Invitation> {
        self.read().invitation(id)
    }

    /// All invitations.
    pub fn invitations(&self) -> Vec<(InvitationId, Invitation)> {
        let state = self.read();
        state.invitations.keys().filter_map(|id| Some((*id, state.invitation(*id)?))).collect()
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

    /// Is told when something is denied, or when a moment has come at which somebody's time may be over.
    pub fn denials(&self) -> watch::Receiver<()> {
        self.denials.subscribe()
    }

    pub(crate) fn tell_denied(&self) {
        self.denials.send_replace(());
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Until when a grant holds, if it holds at `now`.
    fn grant(&self, person: PersonId, book: BookId, now: Timestamp) -> Option<Until> {
        let until = self.grants.get(&(person, book)).copied();
        let is_denied = self.denied_grants.contains(&(person, book));
        let is_active = self.books.get(&book).is_some_and(|book| book.footing() == Footing::Active);
        until.filter(|until| is_in_force(*until, now) && is_active && !is_denied)
    }

    fn invitation(&self, id: InvitationId) -> Option<Invitation> {
        let invitation = *self.invitations.get(&id)?;
        let is_revoked = invitation.is_revoked || self.denied_invitations.contains(&id);
        Some(Invitation { is_revoked, ..invitation })
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
