//! Denying before it is recorded: in memory first.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{MutexGuard, PoisonError};

use model::{BookId, DeviceId, PersonId, Timestamp};

use super::{Book, NOT_DENIED, Registry};
use crate::denial::What;
use crate::ledger::rows::{Footing, Standing};

impl Registry {
    /// From here on nothing is read, accepted or given out on the strength of it.
    pub(crate) fn deny(&self, what: &What, now: Timestamp) {
        match what {
            What::SuspendDevice(id) => self.deny_device(*id, Standing::Suspended),
            What::RevokeDevice(id) => self.deny_device(*id, Standing::Revoked),
            What::SuspendPerson(id) => self.deny_person(*id, Footing::Suspended),
            What::RevokePerson(id) => self.deny_person(*id, Footing::Ended),
            What::SuspendBook(id) => self.deny_book(*id, Footing::Suspended, now),
            What::CloseBook(id) => self.deny_book(*id, Footing::Ended, now),
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

    /// Who has no other book goes with it, at once: the statements that say so of each take their time.
    fn deny_book(&self, id: BookId, footing: Footing, now: Timestamp) {
        let Some(book) = self.book(id) else { return };
        book.denied.fetch_max(footing.code(), Ordering::AcqRel);
        book.epoch.fetch_add(1, Ordering::AcqRel);
        let clients = self.clients_of_only(id, now);
        let mut with = book.with();
        for client in clients {
            client.denied.fetch_max(footing.code(), Ordering::AcqRel);
            client.changed();
            with.insert(client.id);
        }
    }

    /// Those who went with a book stand as the record has it, unless they are denied by something else.
    fn undeny_clients(&self, book: &Book, left: &[What]) {
        let gone = std::mem::take(&mut *book.with());
        for person in gone {
            let own = left.iter().filter_map(|what| what.of_person(person));
            let of_books = left.iter().filter_map(|what| match what {
                What::SuspendBook(id) | What::CloseBook(id) => {
                    let other = self.book(*id).filter(|other| other.with().contains(&person))?;
                    what.of_book(other.id)
                }
                _ => None,
            });
            let most = own.chain(of_books).map(Footing::code).max();
            if let Some(person) = self.person(person) {
                person.denied.store(most.unwrap_or(NOT_DENIED), Ordering::Release);
            }
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
                if let Some(book) = self.book(*id) {
                    footing(&book.denied, most);
                    // Where another denial of it waits, they wait with it.
                    if most.is_none() {
                        self.undeny_clients(&book, left);
                    }
                }
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
}

impl Book {
    fn with(&self) -> MutexGuard<'_, HashSet<PersonId>> {
        self.with.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
