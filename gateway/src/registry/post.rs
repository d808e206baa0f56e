//! What posting an entry of the journal changes in the registry.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use model::{BookId, DeviceId, InvitationId, PersonId, Role, Sha256Digest, Timestamp};

use super::{Binding, Book, Device, Invitation, NEVER_MS, NOT_DENIED, Person, Registry, Until};
use crate::certificate::Held;
use crate::ledger::rows::{self, CertificateUse, Footing, Standing};
use crate::seen::Seen;

impl Registry {
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
            with: Mutex::default(),
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
}
