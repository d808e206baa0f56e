//! Invitations: drawn and shown once, and the confirmation of the device that used one.

use std::sync::Arc;

use certs::Invitation;
use certs::enrolment::CheckDigits;
use model::{DeviceId, InvitationId, KeyId, PersonId, Role, Timestamp, limits};
use office::{Confirmed, InvitationShown, RightsError};
use receipts::event::{
    Actor, DeviceConfirmed, GrantGiven, InvitationIssued, Label, PersonAdded, PersonNamed, PurposeStated,
};
use vault::EntryScope;

use super::{ActError, book, commit, entry_key, failed, own_device};
use crate::commit::{Group, Made};
use crate::denial;
use crate::enrol;
use crate::ledger::rows::Standing;
use crate::practice::Practice;
use crate::registry::Person;

/// Invites a person: makes the person, grants the books, and draws an invitation whose keys are durable before it is
/// shown.
///
/// # Errors
/// [`ActError`].
pub fn invite(
    practice: &Arc<Practice>,
    role: Role,
    name: &str,
    books: &[String],
    by: Actor,
) -> Result<InvitationShown, ActError> {
    invite_until(practice, role, name, books, Partner::default(), by)
}

/// What a partner has beyond others.
#[derive(Debug, Clone, Default)]
pub struct Partner {
    /// The end of the work: RFC 3339.
    pub until: Option<String>,
    /// What they are there for.
    pub purpose: Option<String>,
}

impl Partner {
    /// A partner has both, and an end that lies ahead.
    fn parse(&self, practice: &Practice, role: Role) -> Result<(Option<Timestamp>, Option<Label>), ActError> {
        let until = self.until.as_deref().map(Timestamp::parse_rfc3339).transpose();
        let until = until.map_err(|error| failed(&error))?;
        let purpose = self.purpose.as_deref().map(Label::parse).transpose();
        let purpose = purpose.map_err(|_| ActError::NameWrong)?;
        let is_whole = until.is_some_and(|until| until > practice.now()) && purpose.is_some();
        match role != Role::Partner || is_whole {
            true => Ok((until, purpose)),
            false => Err(ActError::Rights { error: RightsError::PartnerNeeds }),
        }
    }
}

/// As [`invite`], with what a partner needs.
///
/// # Errors
/// [`ActError`].
pub fn invite_until(
    practice: &Arc<Practice>,
    role: Role,
    name: &str,
    books: &[String],
    partner: Partner,
    by: Actor,
) -> Result<InvitationShown, ActError> {
    let label = Label::parse(name).map_err(|_| ActError::NameWrong)?;
    let (until, purpose) = partner.parse(practice, role)?;
    if matches!(role, Role::Admin | Role::Auditor) && !books.is_empty() {
        return Err(ActError::Rights { error: RightsError::NoBooks { role: role.to_string() } });
    }
    let books = books.iter().map(|book| book::find(practice, book)).collect::<Result<Vec<_>, _>>()?;
    let person = PersonId::from_bytes(host::random::bytes().map_err(|error| failed(&error))?);
    let house = entry_key(practice, EntryScope::House)?;
    let own = entry_key(practice, EntryScope::Person(person))?;
    let first = move |group: &Group<'_>| {
        let mut statements = vec![
            group.made(PersonAdded { person, role, until, by }, house)?,
            group.made(PersonNamed { person, name: label }, own)?,
        ];
        if let Some(purpose) = purpose {
            statements.push(group.made(PurposeStated { person, purpose }, own)?);
        }
        for book in books {
            statements.push(group.made(GrantGiven { person, book, until: None, by }, house)?);
        }
        Ok(statements)
    };
    issue(practice, person, role, None, life(role), by, first)
}

/// How long an invitation lasts.
const fn life(role: Role) -> u64 {
    if role.is_staff() { limits::INVITATION_STAFF_SECONDS } else { limits::INVITATION_CLIENT_SECONDS }
}

/// Invites a person for a further device, as they ask themselves.
pub(super) fn own(practice: &Arc<Practice>, person: &Person, by: Actor) -> Result<InvitationShown, ActError> {
    let (life, first) = (limits::INVITATION_OWN_SECONDS, |_: &Group<'_>| Ok(Vec::new()));
    issue(practice, person.id, person.role(), None, life, by, first)
}

/// Invites a person who is there, for another device; the device that it replaces is revoked when that is confirmed.
///
/// # Errors
/// [`ActError`].
pub fn again(
    practice: &Arc<Practice>,
    person: &Person,
    replaces: Option<DeviceId>,
    by: Actor,
) -> Result<InvitationShown, ActError> {
    own_device::has_room(practice, person, replaces)?;
    issue(practice, person.id, person.role(), replaces, life(person.role()), by, |_| Ok(Vec::new()))
}

/// Draws an invitation and states it, after what comes first.
fn issue(
    practice: &Arc<Practice>,
    person: PersonId,
    role: Role,
    replaces: Option<DeviceId>,
    life: u64,
    by: Actor,
    first: impl FnOnce(&Group<'_>) -> Result<Vec<Made>, protocol::Refusal> + Send + 'static,
) -> Result<InvitationShown, ActError> {
    let expires = practice.now().plus_seconds(life);
    let invitation = draw(practice, expires)?;
    let word = invitation.word().map_err(|error| failed(&error))?;
    enrol::keep_invitation(practice, &invitation).map_err(|error| failed(&error))?;
    let house = entry_key(practice, EntryScope::House)?;
    let id = invitation.id;
    let outcome = commit(practice, move |group| {
        let mut statements = first(group)?;
        let issued = InvitationIssued { invitation: id, person, role, expires, replaces, by };
        statements.push(group.made(issued, house)?);
        Ok(statements)
    });
    if let Err(error) = outcome {
        enrol::forget_invitation(practice, id);
        return Err(error);
    }
    Ok(InvitationShown {
        id: id.to_string(),
        word: word.to_string(),
        code: invitation.code().to_string(),
        address: practice.config.address(),
        expires: expires.to_rfc3339(),
        person: person.to_string(),
    })
}

fn draw(practice: &Practice, expires: Timestamp) -> Result<Invitation, ActError> {
    loop {
        let drawn = Invitation::draw(
            practice.keys().trust.pin(),
            &practice.config.host,
            practice.config.port,
            expires,
        )?;
        // Two of a thousand million: drawn again, never used twice.
        if practice.registry.invitation(drawn.id).is_none() {
            return Ok(drawn);
        }
    }
}

/// Gives a member of staff their rights, after the digits were compared.
///
/// # Errors
/// [`ActError::DigitsDiffer`], [`ActError::NotEnrolled`].
pub fn confirm(
    practice: &Arc<Practice>,
    invitation: &str,
    digits: &str,
    by: Actor,
) -> Result<Confirmed, ActError> {
    let not_enrolled = || ActError::NotEnrolled { invitation: invitation.to_owned() };
    let id = InvitationId::parse(invitation).map_err(|_| not_enrolled())?;
    let device =
        practice.registry.invitation(id).and_then(|invitation| invitation.device).ok_or_else(not_enrolled)?;
    let device = practice.registry.device(device).ok_or_else(not_enrolled)?;
    let shown = enrol::digits(practice, device.id).map_err(|error| failed(&error))?;
    if CheckDigits::parse(digits) != Ok(shown) {
        return Err(ActError::DigitsDiffer);
    }
    match device.standing() {
        Standing::Active => {}
        Standing::Declined | Standing::Suspended | Standing::Revoked => return Err(not_enrolled()),
        Standing::Bound => {
            let house = entry_key(practice, EntryScope::House)?;
            let id = device.id;
            commit(practice, move |group| {
                let confirmed = group.made(DeviceConfirmed { device: id, by }, house)?;
                let superseded = denial::superseded(group, id, house)?;
                Ok(std::iter::once(confirmed).chain(superseded).collect())
            })?;
        }
    }
    Ok(Confirmed {
        person: device.person.name().as_deref().unwrap_or("").to_owned(),
        role: device.person.role().to_string(),
        label: device.label().as_deref().unwrap_or("").to_owned(),
        device: device.id.to_uuid(),
    })
}

/// The key id under which an invitation's three keys are kept.
pub(crate) fn key(id: InvitationId) -> KeyId {
    let mut bytes = [0u8; 16];
    for (slot, byte) in bytes.iter_mut().rev().zip(id.get().to_be_bytes().iter().rev()) {
        *slot = *byte;
    }
    KeyId::from_bytes(bytes)
}

/// The invitation whose keys are kept under this id.
pub(crate) fn of_key(id: KeyId) -> Option<InvitationId> {
    let [zeros @ .., a, b, c, d] = *id.as_bytes();
    let number = InvitationId::new(u32::from_be_bytes([a, b, c, d])).ok()?;
    (zeros == [0; 12]).then_some(number)
}
