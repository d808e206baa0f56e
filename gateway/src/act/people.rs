//! People as they are shown, with their books, devices and open invitations; and found by name or id.

use std::sync::Arc;

use certs::enrolment::CheckDigits;
use model::{PersonId, Timestamp};
use office::{BookShown, DeviceShown, PersonShown};

use super::ActError;
use crate::enrol;
use crate::ledger::rows::{Footing, Standing};
use crate::practice::Practice;
use crate::registry::{Device, Person};

/// Everybody, with devices and invitations.
pub fn all(practice: &Practice) -> Vec<PersonShown> {
    let now = practice.now();
    let open = practice.registry.invitations();
    let person = |person: Arc<Person>| PersonShown {
        id: person.id.to_string(),
        name: person.name().as_deref().unwrap_or("").to_owned(),
        role: person.role().to_string(),
        books: practice
            .registry
            .granted(person.id, now)
            .into_iter()
            .map(|(book, _)| BookShown {
                id: book.id.to_string(),
                name: book.name().as_deref().unwrap_or("").to_owned(),
            })
            .collect(),
        devices: practice
            .registry
            .devices_of(person.id)
            .iter()
            .map(|device| device_shown(practice, device))
            .collect(),
        invitations: open
            .iter()
            .filter(|(_, invitation)| {
                let is_open =
                    invitation.device.is_none() && !invitation.is_revoked && now < invitation.expires;
                invitation.person == person.id && is_open && person.is_admitted(now)
            })
            .map(|(id, _)| id.to_string())
            .collect(),
        standing: match (person.footing(), person.is_over(now)) {
            (Footing::Active, false) => "active",
            (Footing::Active, true) => "over",
            (Footing::Suspended, _) => "suspended",
            (Footing::Ended, _) => "revoked",
        }
        .to_owned(),
        until: person.until().map(Timestamp::to_rfc3339),
        purpose: person.purpose().as_deref().map(str::to_owned),
        factor: person.factor().is_some(),
    };
    practice.registry.people().into_iter().map(person).collect()
}

/// The word for how a device stands; and the digits that it shows, while it waits.
pub(super) fn standing_of(practice: &Practice, device: &Device) -> (&'static str, Option<String>) {
    let (standing, waits) = match device.standing() {
        Standing::Active => ("active", false),
        Standing::Bound => ("waiting", device.person.role().is_staff()),
        Standing::Declined => ("declined", false),
        Standing::Suspended => ("suspended", false),
        Standing::Revoked => ("revoked", false),
    };
    let digits: Option<CheckDigits> = if waits { enrol::digits(practice, device.id).ok() } else { None };
    (standing, digits.map(|digits| digits.to_string()))
}

fn device_shown(practice: &Practice, device: &Device) -> DeviceShown {
    let (standing, digits) = standing_of(practice, device);
    DeviceShown {
        id: device.id.to_uuid(),
        label: device.label().as_deref().unwrap_or("").to_owned(),
        standing: standing.to_owned(),
        invitation: device.invitation.to_string(),
        digits,
        last_seen: device.seen.last().map(Timestamp::to_rfc3339),
    }
}

/// A person by id or name.
///
/// # Errors
/// [`ActError::PersonUnknown`], [`ActError::PersonAmbiguous`].
pub(super) fn find(practice: &Practice, given: &str) -> Result<Arc<Person>, ActError> {
    if let Some(person) = PersonId::parse(given).ok().and_then(|id| practice.registry.person(id)) {
        return Ok(person);
    }
    let people = practice.registry.people();
    let named: Vec<_> = people.iter().filter(|known| known.name().as_deref() == Some(given)).collect();
    match named.as_slice() {
        [] => Err(ActError::PersonUnknown { person: given.to_owned() }),
        [person] => Ok(Arc::clone(person)),
        several => {
            let ids = several.iter().map(|person| person.id.to_string()).collect();
            Err(ActError::PersonAmbiguous { person: given.to_owned(), ids })
        }
    }
}
