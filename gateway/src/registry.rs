//! People, devices, books and grants in memory, as the ledger has them, with their names opened from the journal.
//! Authority is here: the exact certificate, the person's role, the grants in force. Changes come from posting, and
//! denials from memory before that (see `denial`): what is denied holds nothing, whatever was posted.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use model::{BookId, DeviceId, InvitationId, PersonId, Role, Sha256Digest, Timestamp};
use tokio::sync::watch;

use crate::certificate::{DeviceCertificate, Held};
use crate::denial::What;
use crate::ledger::rows::{self, CertificateState, CertificateUse, Footing, Standing};
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
        let clients = mine.filter_map(|((person, _), _)| state.people.get(person)).filter(|person| {
            let mut books = state.grants.keys().filter(|(whose, _)| *whose == person.id);
            person.role() == Role::Client
                && !books.any(|(_, other)| *other != book && state.grant(person.id, *other, now).is_some())
        });
        let mut clients: Vec<_> = clients.cloned().collect();
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

    // ---- denying, before it is recorded ----

    /// From here on nothing is read, accepted or given out on the strength of it.
    pub(crate) fn deny(&self, what: &What) {
        match what {
            What::SuspendDevice(id) => self.deny_device(*id, Standing::Suspended),
            What::RevokeDevice(id) => self.deny_device(*id, Standing::Revoked),
            What::SuspendPerson(id) => self.deny_person(*id, Footing::Suspended),
            What::RevokePerson(id) => self.deny_person(*id, Footing::Ended),
            What::SuspendBook(id) => self.deny_book(*id, Footing::Suspended),
            What::CloseBook(id) => self.deny_book(*id, Footing::Ended),
            What::WithdrawGrant(person, book) => {
                self.write().denied_grants.insert((*person, *book));
                self.person(*person).iter().for_each(|person| person.changed());
            }
            What::RevokeInvitation(id) => drop(self.write().denied_invitations.insert(*id)),
        }
        self.tell_denied();
    }

    fn deny_device(&self, id: DeviceId, standing: Standing) {
        if let Some(device) = self.device(id) {
            device.denied.fetch_max(standing.code(), Ordering::AcqRel);
            device.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn deny_person(&self, id: PersonId, footing: Footing) {
        if let Some(person) = self.person(id) {
            person.denied.fetch_max(footing.code(), Ordering::AcqRel);
            person.changed();
        }
    }

    fn deny_book(&self, id: BookId, footing: Footing) {
        if let Some(book) = self.book(id) {
            book.denied.fetch_max(footing.code(), Ordering::AcqRel);
            book.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// It stands in the record, which denies it from here on; `left` is what is still to be recorded.
    pub(crate) fn recorded(&self, what: &What, left: &[What]) {
        let device = |id: DeviceId| {
            let most = left.iter().filter_map(|what| what.of_device(id)).map(Standing::code).max();
            if let Some(device) = self.device(id) {
                device.denied.store(most.unwrap_or(NOT_DENIED), Ordering::Release);
            }
        };
        let footing = |denied: &AtomicU8, most: Option<u8>| {
            denied.store(most.unwrap_or(NOT_DENIED), Ordering::Release);
        };
        match what {
            What::SuspendDevice(id) | What::RevokeDevice(id) => device(*id),
            What::SuspendPerson(id) | What::RevokePerson(id) => {
                let most = left.iter().filter_map(|what| what.of_person(*id)).map(Footing::code).max();
                self.person(*id).iter().for_each(|person| footing(&person.denied, most));
            }
            What::SuspendBook(id) | What::CloseBook(id) => {
                let most = left.iter().filter_map(|what| what.of_book(*id)).map(Footing::code).max();
                self.book(*id).iter().for_each(|book| footing(&book.denied, most));
            }
            What::WithdrawGrant(person, book) if !left.contains(what) => {
                self.write().denied_grants.remove(&(*person, *book));
            }
            What::RevokeInvitation(id) if !left.contains(what) => {
                self.write().denied_invitations.remove(id);
            }
            What::WithdrawGrant(..) | What::RevokeInvitation(_) => {}
        }
    }

    // ---- posting ----

    pub(crate) fn tell_changed(&self) {
        self.changes.send_replace(());
    }

    pub(crate) fn put_person(&self, id: PersonId, role: Role) {
        let person = Person {
            id,
            role: AtomicU8::new(role.code()),
            footing: AtomicU8::new(Footing::Active.code()),
            denied: AtomicU8::new(NOT_DENIED),
            until_ms: AtomicU64::new(NEVER_MS),
            epoch: AtomicU64::new(0),
            name: RwLock::default(),
            purpose: RwLock::default(),
            factor: AtomicU64::new(0),
        };
        self.write().people.entry(id).or_insert_with(|| Arc::new(person));
    }

    pub(crate) fn name_person(&self, id: PersonId, name: &str) {
        if let Some(person) = self.person(id) {
            *person.name.write().unwrap_or_else(PoisonError::into_inner) = Some(name.into());
        }
    }

    /// What a person may do at all, how they stand and until when.
    pub(crate) fn stand_person(&self, id: PersonId, role: Role, footing: Footing, until: Until) {
        let Some(person) = self.person(id) else { return };
        let until_ms = until.map_or(NEVER_MS, Timestamp::unix_ms);
        let before = (
            person.role.swap(role.code(), Ordering::AcqRel),
            person.footing.swap(footing.code(), Ordering::AcqRel),
            person.until_ms.swap(until_ms, Ordering::AcqRel),
        );
        if before != (role.code(), footing.code(), until_ms) {
            person.changed();
            self.tell_denied();
        }
    }

    pub(crate) fn state_purpose(&self, id: PersonId, purpose: &str) {
        if let Some(person) = self.person(id) {
            *person.purpose.write().unwrap_or_else(PoisonError::into_inner) = Some(purpose.into());
        }
    }

    pub(crate) fn set_factor(&self, id: PersonId, enrolled: Option<u64>) {
        if let Some(person) = self.person(id) {
            person.factor.store(enrolled.unwrap_or(0), Ordering::Release);
        }
    }

    pub(crate) fn put_book(&self, id: BookId) {
        let book = Book {
            id,
            footing: AtomicU8::new(Footing::Active.code()),
            denied: AtomicU8::new(NOT_DENIED),
            epoch: AtomicU64::new(0),
            name: RwLock::default(),
        };
        self.write().books.entry(id).or_insert_with(|| Arc::new(book));
    }

    pub(crate) fn name_book(&self, id: BookId, name: &str) {
        if let Some(book) = self.book(id) {
            *book.name.write().unwrap_or_else(PoisonError::into_inner) = Some(name.into());
        }
    }

    pub(crate) fn stand_book(&self, id: BookId, footing: Footing) {
        if let Some(book) = self.book(id)
            && book.footing.swap(footing.code(), Ordering::AcqRel) != footing.code()
        {
            book.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }

    pub(crate) fn withdraw_grant(&self, person: PersonId, book: BookId) {
        let mut state = self.write();
        state.grants.remove(&(person, book));
        if let Some(person) = state.people.get(&person) {
            person.changed();
        }
    }

    pub(crate) fn put_grant(&self, person: PersonId, book: BookId, until: Until) {
        let mut state = self.write();
        state.grants.insert((person, book), until);
        if let Some(person) = state.people.get(&person) {
            person.changed();
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
            bound_entry: binding.bound_entry,
            certificates: RwLock::default(),
            epoch: AtomicU64::new(0),
            standing: AtomicU8::new(binding.standing.code()),
            denied: AtomicU8::new(NOT_DENIED),
            seen: Seen::default(),
            bound_at: binding.bound_at,
            label: RwLock::default(),
            platform: RwLock::default(),
            confirmed_by: RwLock::default(),
        });
        state.devices.insert(binding.id, device);
    }

    pub(crate) fn put_certificate(&self, row: &rows::Certificate) {
        let mut state = self.write();
        let id = DeviceId::from_bytes(row.device.into());
        let (Some(device), Some(usage)) =
            (state.devices.get(&id).cloned(), CertificateUse::from_code(row.usage))
        else {
            return;
        };
        let sha256 = Sha256Digest::from_bytes(row.sha256.into());
        let certificate = device.put_certificate(sha256, usage, row);
        state.keys.insert(certificate.key, id);
        if usage == CertificateUse::Tls {
            state.by_certificate.insert(sha256, Held { device, certificate });
        }
    }

    pub(crate) fn label_device(&self, id: DeviceId, label: &str, platform: &str) {
        if let Some(device) = self.device(id) {
            *device.label.write().unwrap_or_else(PoisonError::into_inner) = Some(label.into());
            *device.platform.write().unwrap_or_else(PoisonError::into_inner) = Some(platform.into());
        }
    }

    pub(crate) fn confirm_device(&self, id: DeviceId, by: &str) {
        if let Some(device) = self.device(id) {
            *device.confirmed_by.write().unwrap_or_else(PoisonError::into_inner) = Some(by.into());
        }
    }

    pub(crate) fn set_standing(&self, id: DeviceId, standing: Standing) {
        if let Some(device) = self.device(id) {
            device.standing.store(standing.code(), Ordering::Release);
            device.epoch.fetch_add(1, Ordering::AcqRel);
            if standing.is_barred() {
                self.tell_denied();
            }
        }
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

impl Person {
    /// What they may do at all. What is not known may nothing: an auditor has no book.
    pub fn role(&self) -> Role {
        Role::from_code(self.role.load(Ordering::Acquire)).unwrap_or(Role::Auditor)
    }

    /// How they stand, denials that are not yet recorded included.
    pub fn footing(&self) -> Footing {
        let (recorded, denied) = (self.footing.load(Ordering::Acquire), self.denied.load(Ordering::Acquire));
        Footing::from_code(recorded).max(Footing::from_code(denied))
    }

    /// How they stand in the record.
    pub fn recorded_footing(&self) -> Footing {
        Footing::from_code(self.footing.load(Ordering::Acquire))
    }

    /// When their work ends.
    pub fn until(&self) -> Option<Timestamp> {
        match self.until_ms.load(Ordering::Acquire) {
            NEVER_MS => None,
            ms => Some(Timestamp::from_unix_ms(ms)),
        }
    }

    /// Whether their work has ended.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until().is_some_and(|until| now >= until)
    }

    /// Whether they may be let in at all: by a new device, too.
    pub fn is_admitted(&self, now: Timestamp) -> bool {
        self.footing() == Footing::Active && !self.is_over(now)
    }

    /// What a partner is there for, as long as it is kept. Foreign text: made safe where it is shown.
    pub fn purpose(&self) -> Option<Arc<str>> {
        self.purpose.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn changed(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// The entry that enrolled the second factor, if there is one.
    pub fn factor(&self) -> Option<u64> {
        Some(self.factor.load(Ordering::Acquire)).filter(|entry| *entry > 0)
    }

    /// The name, as long as it is kept. Foreign text: made safe where it is shown.
    pub fn name(&self) -> Option<Arc<str>> {
        self.name.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Book {
    /// How it stands, denials that are not yet recorded included.
    pub fn footing(&self) -> Footing {
        let (recorded, denied) = (self.footing.load(Ordering::Acquire), self.denied.load(Ordering::Acquire));
        Footing::from_code(recorded).max(Footing::from_code(denied))
    }

    /// What it was when something was decided.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// The name, as long as it is kept. Foreign text: made safe where it is shown.
    pub fn name(&self) -> Option<Arc<str>> {
        self.name.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Device {
    /// Every certificate that it has or had, oldest first.
    pub fn certificates(&self) -> Vec<Arc<DeviceCertificate>> {
        self.certificates.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest certificate of a use, used or not.
    pub fn newest(&self, usage: CertificateUse) -> Option<Arc<DeviceCertificate>> {
        use CertificateState::{Current, Fresh};
        let all = self.certificates();
        let wanted = |state| {
            all.iter().rev().find(move |one| one.usage == usage && one.state() == state).map(Arc::clone)
        };
        wanted(Fresh).or_else(|| wanted(Current))
    }

    /// Whether a statement under this very certificate is taken from it at `now`.
    pub fn signs_under(&self, certificate: &Sha256Digest, now: Timestamp) -> bool {
        self.certificates().iter().any(|one| {
            one.usage == CertificateUse::Signing && one.sha256 == *certificate && one.is_admitted(now)
        })
    }

    /// Adds a certificate, or changes its state.
    fn put_certificate(
        &self,
        sha256: Sha256Digest,
        usage: CertificateUse,
        row: &rows::Certificate,
    ) -> Arc<DeviceCertificate> {
        let mut all = self.certificates.write().unwrap_or_else(PoisonError::into_inner);
        match all.iter().find(|one| one.sha256 == sha256) {
            Some(there) => {
                there.change(row);
                Arc::clone(there)
            }
            None => {
                let new = Arc::new(DeviceCertificate::of(sha256, usage, row));
                all.push(Arc::clone(&new));
                all.sort_by_key(|one| one.entry);
                new
            }
        }
    }

    /// Whether it has its rights: its own standing, or its person's where that is less.
    pub fn standing(&self) -> Standing {
        let own = self.own_standing();
        match (own, self.person.footing()) {
            (Standing::Declined | Standing::Suspended | Standing::Revoked, _) | (_, Footing::Active) => own,
            (_, Footing::Suspended) => Standing::Suspended,
            (_, Footing::Ended) => Standing::Revoked,
        }
    }

    /// How it stands in the record, by itself.
    pub fn recorded_standing(&self) -> Standing {
        Standing::from_code(self.standing.load(Ordering::Acquire))
    }

    /// How it stands by itself, whatever its person.
    pub fn own_standing(&self) -> Standing {
        let recorded = self.recorded_standing();
        match self.denied.load(Ordering::Acquire) {
            NOT_DENIED => recorded,
            denied => Standing::from_code(denied.max(recorded.code())),
        }
    }

    /// What its person calls it. Foreign text: made safe where it is shown.
    pub fn label(&self) -> Option<Arc<str>> {
        self.label.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The system that it was enrolled on. Foreign text, as its label.
    pub fn platform(&self) -> Option<Arc<str>> {
        self.platform.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who gave it its rights, as it stands in the statement.
    pub fn confirmed_by(&self) -> Option<Arc<str>> {
        self.confirmed_by.read().unwrap_or_else(PoisonError::into_inner).clone()
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
