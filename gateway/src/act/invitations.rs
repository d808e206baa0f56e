//! The invitations that were given out, as admins see them.

use certs::enrolment::Status;
use model::{DeviceId, InvitationId, PersonId, Timestamp};
use office::{AttemptShown, InvitationKnown};

use super::ActError;
use crate::enrol::Attempt;
use crate::ledger::rows::{self, Key, Standing, Table};
use crate::practice::Practice;
use crate::registry::Invitation;

/// So long after its end an invitation is listed by itself.
const SHOWN_SECONDS: u64 = 7 * 24 * 3600;

/// Those that may still matter, or all; the newest first.
///
/// # Errors
/// The ledger's.
pub fn all(practice: &Practice, all: bool) -> Result<Vec<InvitationKnown>, ActError> {
    let rows: Vec<rows::Invitation> =
        practice.ledger.rows(&Key::of(Table::Invitation)).map_err(|error| ActError::failed(&error))?;
    let mut known: Vec<_> = rows
        .into_iter()
        .filter_map(|row| {
            let id = InvitationId::new(row.number).ok()?;
            let invitation = practice.registry.invitation(id)?;
            let matters = all || matters(practice, &invitation);
            matters.then(|| (row.issued_at_ms, shown(practice, id, &row, &invitation)))
        })
        .collect();
    known.sort_by_key(|(issued, _)| std::cmp::Reverse(*issued));
    Ok(known.into_iter().map(|(_, shown)| shown).collect())
}

/// Whether somebody may still have to do something about it.
fn matters(practice: &Practice, invitation: &Invitation) -> bool {
    let standing = standing(practice, invitation.device);
    match standing {
        _ if invitation.contested > 0 => standing.is_none_or(|standing| !standing.is_barred()),
        Some(standing) => standing == Standing::Bound,
        None => practice.now() < invitation.expires.plus_seconds(SHOWN_SECONDS),
    }
}

fn standing(practice: &Practice, device: Option<DeviceId>) -> Option<Standing> {
    device.and_then(|device| practice.registry.device(device)).map(|device| device.standing())
}

fn shown(
    practice: &Practice,
    id: InvitationId,
    row: &rows::Invitation,
    invitation: &Invitation,
) -> InvitationKnown {
    let (wrong, attempts) = practice.attempts.of(id);
    let now = practice.now();
    let person = practice.registry.person(invitation.person);
    let device = invitation.device.and_then(|device| practice.registry.device(device));
    let state = match standing(practice, invitation.device) {
        Some(Standing::Bound) => "bound",
        Some(Standing::Active | Standing::Suspended) => "confirmed",
        Some(Standing::Declined | Standing::Revoked) => "revoked",
        None if invitation.is_revoked => "revoked",
        None if invitation.is_locked => "locked",
        None if now >= invitation.expires => "expired",
        None if wrong > 0 => "tried",
        None => "open",
    };
    let name = |person: PersonId| practice.registry.person(person).and_then(|person| person.name());
    let granted = practice.registry.granted(invitation.person, now);
    InvitationKnown {
        id: id.to_string(),
        person: name(invitation.person).as_deref().unwrap_or("").to_owned(),
        role: person.map_or_else(String::new, |person| person.role().to_string()),
        books: granted.iter().map(|(book, _)| book.name().as_deref().unwrap_or("").to_owned()).collect(),
        by: by(practice, &row.by),
        issued: Timestamp::from_unix_ms(row.issued_at_ms).to_rfc3339(),
        expires: invitation.expires.to_rfc3339(),
        state: state.to_owned(),
        device: device.as_ref().map(|device| device.id.to_uuid()),
        label: device.and_then(|device| device.label()).map(|label| label.to_string()),
        wrong,
        contested: invitation.contested,
        attempts: attempts.iter().map(attempt).collect(),
    }
}

/// Who issued it, by name where it was a person.
fn by(practice: &Practice, word: &str) -> String {
    let device = word.split('+').next().and_then(|hex| DeviceId::parse(hex).ok());
    let person =
        device.and_then(|device| practice.registry.device(device)).map(|device| device.person.name());
    person.flatten().map_or_else(|| word.to_owned(), |name| name.to_string())
}

fn attempt(attempt: &Attempt) -> AttemptShown {
    let rival = attempt.rival.as_ref();
    AttemptShown {
        at: attempt.at.to_rfc3339(),
        from: attempt.from.clone(),
        outcome: match attempt.outcome {
            Status::WrongProof => "wrong-proof",
            Status::Expired => "expired",
            Status::Revoked => "revoked",
            Status::Locked => "locked",
            Status::Taken => "taken",
            Status::BadKeys => "bad-keys",
            Status::Bound | Status::Busy => "busy",
        }
        .to_owned(),
        label: rival.map(|rival| rival.device.label.clone()),
        platform: rival.map(|rival| rival.device.platform.clone()),
        key: rival.map(|rival| rival.tls_key.to_hex()),
    }
}
