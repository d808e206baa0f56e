//! The statements of a denial, made on the committer's thread: what is denied, the note on it, and what goes with it.

use std::sync::Arc;

use model::{BookId, DeviceId, EntryKeyId, PersonId, Reason, Timestamp};
use protocol::Refusal;
use receipts::event::{
    Actor, BookClosed, BookSuspended, DeviceRevoked, DeviceSuspended, GatewayEvent, GrantWithdrawn,
    InvitationRevoked, Noted, PersonRevoked, PersonSuspended,
};

use super::{Denial, What};
use crate::commit::{Group, Made};
use crate::ledger::rows::{self, Footing, Standing, key};
use crate::operation::internal;
use crate::registry::Person;

/// Makes them.
pub(super) fn statements(
    group: &Group<'_>,
    denial: &Denial,
    now: Timestamp,
    house: EntryKeyId,
    own: Option<EntryKeyId>,
) -> Result<Vec<Made>, Refusal> {
    let Denial { what, reason, since, note, by } = denial.clone();
    let first: GatewayEvent = match what {
        What::SuspendDevice(device) => DeviceSuspended { device, reason, by }.into(),
        What::RevokeDevice(device) => DeviceRevoked { device, reason, compromised_since: since, by }.into(),
        What::SuspendPerson(person) => PersonSuspended { person, reason, with_book: None, by }.into(),
        What::RevokePerson(person) => {
            PersonRevoked { person, reason, with_book: None, compromised_since: since, by }.into()
        }
        What::SuspendBook(book) => BookSuspended { book, reason, by }.into(),
        What::CloseBook(book) => BookClosed { book, reason, by }.into(),
        What::WithdrawGrant(person, book) => GrantWithdrawn { person, book, reason, by }.into(),
        What::RevokeInvitation(invitation) => InvitationRevoked { invitation, reason, by }.into(),
    };
    let first = group.made(first, house)?;
    let refers_to = first.signed.entry_hash();
    let mut made = vec![first];
    if let (Some(note), Some(own)) = (note, own) {
        made.push(group.made(Noted { refers_to, note }, own)?);
    }
    let with = With { group, reason, since, by, house };
    match what {
        What::RevokePerson(person) => made.extend(with.devices_of(person)?),
        What::SuspendBook(book) => {
            for client in group.registry.clients_of_only(book, now) {
                if with.footing(&client)? == Footing::Active {
                    let (person, with_book) = (client.id, Some(book));
                    made.push(group.made(PersonSuspended { person, reason, with_book, by }, house)?);
                }
            }
        }
        What::CloseBook(book) => made.extend(with.clients_of(book, now)?),
        _ => {}
    }
    Ok(made)
}

/// What goes with a denial has its reason, date and actor.
struct With<'a> {
    group: &'a Group<'a>,
    reason: Reason,
    since: Option<Timestamp>,
    by: Actor,
    house: EntryKeyId,
}

impl With<'_> {
    fn footing(&self, person: &Arc<Person>) -> Result<Footing, Refusal> {
        let row = self.group.draft.get::<rows::Person>(&key::person(person.id));
        let row = row.map_err(|error| internal(&error))?;
        Ok(row.map_or(Footing::Ended, |row| Footing::from_code(row.footing)))
    }

    /// The devices of the moment; one that is enrolled later meets its person's own standing.
    fn devices_of(&self, person: PersonId) -> Result<Vec<Made>, Refusal> {
        let mut made = Vec::new();
        for device in self.group.registry.devices_of(person) {
            if standing(self.group, device.id)?.is_some_and(|standing| standing != Standing::Revoked) {
                made.push(self.group.made(self.revoked(device.id), self.house)?);
            }
        }
        Ok(made)
    }

    fn clients_of(&self, book: BookId, now: Timestamp) -> Result<Vec<Made>, Refusal> {
        let mut made = Vec::new();
        for client in self.group.registry.clients_of_only(book, now) {
            if self.footing(&client)? != Footing::Ended {
                let event = PersonRevoked {
                    person: client.id,
                    reason: self.reason,
                    with_book: Some(book),
                    compromised_since: None,
                    by: self.by,
                };
                made.push(self.group.made(event, self.house)?);
                made.extend(self.devices_of(client.id)?);
            }
        }
        Ok(made)
    }

    fn revoked(&self, device: DeviceId) -> DeviceRevoked {
        DeviceRevoked { device, reason: self.reason, compromised_since: self.since, by: self.by }
    }
}

fn standing(group: &Group<'_>, device: DeviceId) -> Result<Option<Standing>, Refusal> {
    let row = group.draft.get::<rows::Device>(&key::device(device)).map_err(|error| internal(&error))?;
    Ok(row.map(|row| Standing::from_code(row.standing)))
}

/// The statement that goes with the confirmation of a device that takes another one's place.
///
/// # Errors
/// The ledger's; no signature.
pub(crate) fn superseded(
    group: &Group<'_>,
    confirmed: DeviceId,
    house: EntryKeyId,
) -> Result<Option<Made>, Refusal> {
    let device = group.registry.device(confirmed);
    let invitation = device.and_then(|device| group.registry.invitation(device.invitation));
    let Some(replaced) = invitation.and_then(|invitation| invitation.replaces) else { return Ok(None) };
    match standing(group, replaced)? {
        Some(standing) if standing != Standing::Revoked => {
            let event = DeviceRevoked {
                device: replaced,
                reason: Reason::Superseded,
                compromised_since: None,
                by: Actor::Gateway,
            };
            Ok(Some(group.made(event, house)?))
        }
        _ => Ok(None),
    }
}
