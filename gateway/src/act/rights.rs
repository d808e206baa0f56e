//! Rights that end, rest, come back or change. What ends or rests is denied first and stated then (see `denial`); what
//! gives rights acts only once it is stated.

use std::sync::Arc;

use model::{BookId, DeviceId, InvitationId, PersonId, Reason, Role, Timestamp};
use office::{Cause, RightsAct, RightsDone, RightsError, Subject};
use receipts::event::{
    BookResumed, DeviceResumed, GrantGiven, Label, PersonEndSet, PersonResumed, PurposeStated, RoleChanged,
};
use vault::EntryScope;

use super::{ActError, Actor, book, commit, entry_key, failed, invitation, people};
use crate::crl;
use crate::denial::{self, Denial, Recorded, What};
use crate::ledger::rows::{self, Footing, Key, Standing, Table};
use crate::practice::Practice;
use crate::registry::{Device, Person};

impl From<RightsError> for Wrong {
    fn from(error: RightsError) -> Self {
        Self(ActError::Rights { error })
    }
}

/// What `?` makes an [`ActError`] of.
struct Wrong(ActError);

impl From<ActError> for Wrong {
    fn from(error: ActError) -> Self {
        Self(error)
    }
}

impl From<protocol::Refusal> for Wrong {
    fn from(refusal: protocol::Refusal) -> Self {
        Self(refusal.into())
    }
}

type Outcome = Result<RightsDone, Wrong>;

/// Who acts, and whether they know that they may lock everybody out.
#[derive(Clone, Copy)]
struct By {
    actor: Actor,
    lock_out: bool,
}

/// Does an act.
///
/// # Errors
/// [`ActError`].
pub fn perform(
    practice: &Arc<Practice>,
    act: RightsAct,
    lock_out: bool,
    by: Actor,
) -> Result<RightsDone, ActError> {
    let by = By { actor: by, lock_out };
    let done = match act {
        RightsAct::Suspend { whom, cause } => suspend(practice, &whom, &cause, by),
        RightsAct::Revoke { whom, cause } => revoke(practice, &whom, &cause, by),
        RightsAct::Resume { whom } => resume(practice, &whom, by).inspect(|_| {
            // Who comes back must not be kept out by a list from before.
            crl::renew(practice);
        }),
        RightsAct::Dispute { invitation, note } => dispute(practice, &invitation, note, by),
        RightsAct::InviteAgain { person, replaces } => {
            invite_again(practice, &person, replaces.as_deref(), by)
        }
        RightsAct::Grant { person, book, until } => grant(practice, &person, &book, until, by),
        RightsAct::Role { person, role, until, purpose } => {
            set_role(practice, &person, &role, until, purpose, by)
        }
        RightsAct::Until { person, until } => set_until(practice, &person, &until, by),
    };
    let admins = admins(practice, &|_| true);
    done.map(|done| RightsDone { admins, ..done }).map_err(|Wrong(error)| error)
}

// ---- what ends or rests ----

fn suspend(practice: &Practice, whom: &Subject, cause: &Cause, by: By) -> Outcome {
    let what = match whom {
        Subject::Device(id) => {
            let device = device(practice, id)?;
            not_final(&device_name(&device), device.own_standing() == Standing::Revoked)?;
            keep_an_admin(practice, by, &|other| other.id != device.id)?;
            What::SuspendDevice(device.id)
        }
        Subject::Person(id) => {
            let person = person(practice, id)?;
            not_final(&person_name(&person), person.footing() == Footing::Ended)?;
            keep_an_admin(practice, by, &|other| other.person.id != person.id)?;
            What::SuspendPerson(person.id)
        }
        Subject::Book(id) => {
            let book = book::find(practice, id)?;
            not_final(&book_name(practice, book), is_closed(practice, book))?;
            What::SuspendBook(book)
        }
        Subject::Invitation(_) | Subject::Grant { .. } => return revoke(practice, whom, cause, by),
    };
    deny(practice, what, cause, by)
}

fn revoke(practice: &Practice, whom: &Subject, cause: &Cause, by: By) -> Outcome {
    let what = match whom {
        Subject::Device(id) => {
            let device = device(practice, id)?;
            keep_an_admin(practice, by, &|other| other.id != device.id)?;
            What::RevokeDevice(device.id)
        }
        Subject::Person(id) => {
            let person = person(practice, id)?;
            keep_an_admin(practice, by, &|other| other.person.id != person.id)?;
            What::RevokePerson(person.id)
        }
        Subject::Book(id) => What::CloseBook(book::find(practice, id)?),
        Subject::Invitation(id) => What::RevokeInvitation(open_invitation(practice, id)?),
        Subject::Grant { person: of, book: on } => {
            let (who, book) = (person(practice, of)?, book::find(practice, on)?);
            if !practice.registry.has_grant(who.id, book) {
                return Err(RightsError::GrantUnknown { person: of.clone(), book: on.clone() }.into());
            }
            What::WithdrawGrant(who.id, book)
        }
    };
    deny(practice, what, cause, by)
}

fn deny(practice: &Practice, what: What, cause: &Cause, by: By) -> Outcome {
    let reason = match cause.reason.as_deref() {
        Some(reason) => Reason::parse(reason).map_err(|error| failed(&error))?,
        None => Reason::PracticeDecision,
    };
    let since = cause.since.as_deref().map(moment).transpose()?;
    if let Some(since) = since.filter(|since| *since > practice.now()) {
        return Err(RightsError::SinceAhead { since: since.to_rfc3339() }.into());
    }
    let note = cause.note.as_deref().map(label).transpose()?;
    let with = match what {
        What::SuspendBook(book) | What::CloseBook(book) => {
            practice.registry.clients_of_only(book, practice.now()).len() as u64
        }
        _ => 0,
    };
    let recorded = denial::deny(practice, Denial { what, reason, since, note, by: by.actor });
    tracing::warn!(?recorded, %reason, "rights are denied");
    let (recorded, code) = match recorded {
        Recorded::Journal => ("journal", None),
        Recorded::Pending(code) => ("pending", code),
        Recorded::Memory(code) => ("memory", code),
    };
    let done = denied(practice, what);
    Ok(RightsDone {
        with,
        recorded: recorded.to_owned(),
        code: code.map(|code| code.word().to_owned()),
        ..done
    })
}

fn denied(practice: &Practice, what: What) -> RightsDone {
    let registry = &practice.registry;
    let of_device = |id: DeviceId, state| {
        let name = registry.device(id).map(|device| device_name(&device)).unwrap_or_default();
        done("device", id.to_uuid(), name, state)
    };
    let of_person = |id: PersonId, state| {
        let name = registry.person(id).map(|person| person_name(&person)).unwrap_or_default();
        done("person", id.to_string(), name, state)
    };
    match what {
        What::SuspendDevice(id) => of_device(id, "suspended"),
        What::RevokeDevice(id) => of_device(id, "revoked"),
        What::SuspendPerson(id) => of_person(id, "suspended"),
        What::RevokePerson(id) => of_person(id, "revoked"),
        What::SuspendBook(id) => done("book", id.to_string(), book_name(practice, id), "suspended"),
        What::CloseBook(id) => done("book", id.to_string(), book_name(practice, id), "closed"),
        What::WithdrawGrant(person, book) => {
            RightsDone { whose: "grant".to_owned(), id: book.to_string(), ..of_person(person, "withdrawn") }
        }
        What::RevokeInvitation(id) => done("invitation", id.to_string(), String::new(), "revoked"),
    }
}

fn done(whose: &str, id: String, name: String, state: &str) -> RightsDone {
    RightsDone {
        whose: whose.to_owned(),
        id,
        name,
        state: state.to_owned(),
        role: None,
        until: None,
        with: 0,
        recorded: "journal".to_owned(),
        code: None,
        admins: 0,
        invitation: None,
    }
}

// ---- what comes back, begins or changes ----

fn resume(practice: &Practice, whom: &Subject, by: By) -> Outcome {
    // What waits to be stated is stated before anything of it is taken back.
    denial::settle(practice)?;
    let house = entry_key(practice, EntryScope::House)?;
    let actor = by.actor;
    match whom {
        Subject::Device(id) => {
            let device = device(practice, id)?;
            let name = device_name(&device);
            not_final(&name, device.standing() == Standing::Revoked)?;
            suspended(&name, device.own_standing() == Standing::Suspended)?;
            let id = device.id;
            commit(practice, move |group| {
                Ok(vec![group.made(DeviceResumed { device: id, by: actor }, house)?])
            })?;
            let state = if device.standing() == Standing::Bound { "waiting" } else { "active" };
            Ok(done("device", id.to_uuid(), name, state))
        }
        Subject::Person(id) => {
            let person = person(practice, id)?;
            let name = person_name(&person);
            not_final(&name, person.footing() == Footing::Ended)?;
            suspended(&name, person.footing() == Footing::Suspended)?;
            let id = person.id;
            commit(practice, move |group| {
                Ok(vec![group.made(PersonResumed { person: id, by: actor }, house)?])
            })?;
            Ok(done("person", id.to_string(), name, "active"))
        }
        Subject::Book(id) => {
            let book = book::find(practice, id)?;
            let name = book_name(practice, book);
            let footing = practice.registry.book(book).map(|book| book.footing());
            not_final(&name, footing == Some(Footing::Ended))?;
            suspended(&name, footing == Some(Footing::Suspended))?;
            let with = suspended_with(practice, book)?;
            let count = with.len() as u64;
            commit(practice, move |group| {
                let mut made = vec![group.made(BookResumed { book, by: actor }, house)?];
                for person in with {
                    made.push(group.made(PersonResumed { person, by: actor }, house)?);
                }
                Ok(made)
            })?;
            Ok(RightsDone { with: count, ..done("book", book.to_string(), name, "active") })
        }
        Subject::Invitation(id) => Err(RightsError::InvitationClosed { invitation: id.clone() }.into()),
        Subject::Grant { person, book } => grant(practice, person, book, None, by),
    }
}

/// Who was suspended with a book and is to be resumed with it.
fn suspended_with(practice: &Practice, book: BookId) -> Result<Vec<PersonId>, Wrong> {
    let rows = practice.ledger.rows::<rows::Person>(&Key::of(Table::Person));
    let rows = rows.map_err(|error| failed(&error))?;
    let with = rows.into_iter().filter(|row| {
        Footing::from_code(row.footing) == Footing::Suspended
            && row.with_book == Some((*book.as_bytes()).into())
    });
    Ok(with.map(|row| PersonId::from_bytes(row.id.into())).collect())
}

fn grant(practice: &Practice, person_id: &str, book_id: &str, until: Option<String>, by: By) -> Outcome {
    denial::settle(practice)?;
    let (who, book) = (person(practice, person_id)?, book::find(practice, book_id)?);
    not_final(&person_name(&who), who.footing() == Footing::Ended)?;
    not_final(&book_name(practice, book), is_closed(practice, book))?;
    if matches!(who.role(), Role::Admin | Role::Auditor) {
        return Err(RightsError::NoBooks { role: who.role().to_string() }.into());
    }
    let at = until.as_deref().map(moment).transpose()?;
    let house = entry_key(practice, EntryScope::House)?;
    let (id, actor) = (who.id, by.actor);
    commit(practice, move |group| {
        Ok(vec![group.made(GrantGiven { person: id, book, until: at, by: actor }, house)?])
    })?;
    Ok(RightsDone { until, ..done("grant", book.to_string(), person_name(&who), "granted") })
}

fn set_role(
    practice: &Practice,
    id: &str,
    role: &str,
    until: Option<String>,
    purpose: Option<String>,
    by: By,
) -> Outcome {
    let who = person(practice, id)?;
    let role = Role::parse(role).map_err(|error| failed(&error))?;
    not_final(&person_name(&who), who.footing() == Footing::Ended)?;
    // A client's device has its rights by its own word; nobody has compared its digits.
    if role.is_staff() != who.role().is_staff() {
        return Err(RightsError::RoleFixed.into());
    }
    let at = until.as_deref().map(moment).transpose()?;
    let purpose = purpose.as_deref().map(label).transpose()?;
    if role == Role::Partner {
        let has_purpose = purpose.is_some() || who.purpose().is_some();
        partner_has(practice, at, has_purpose)?;
    }
    if who.role() == Role::Admin && role != Role::Admin {
        keep_an_admin(practice, by, &|other| other.person.id != who.id)?;
    }
    let (house, own) =
        (entry_key(practice, EntryScope::House)?, entry_key(practice, EntryScope::Person(who.id))?);
    let (person, actor) = (who.id, by.actor);
    commit(practice, move |group| {
        let mut made = vec![group.made(RoleChanged { person, role, until: at, by: actor }, house)?];
        if let Some(purpose) = purpose {
            made.push(group.made(PurposeStated { person, purpose }, own)?);
        }
        Ok(made)
    })?;
    let role = Some(role.to_string());
    Ok(RightsDone { role, until, ..done("person", who.id.to_string(), person_name(&who), "changed") })
}

fn set_until(practice: &Practice, id: &str, until: &str, by: By) -> Outcome {
    let who = person(practice, id)?;
    not_final(&person_name(&who), who.footing() == Footing::Ended)?;
    let at = moment(until)?;
    if at <= practice.now() {
        keep_an_admin(practice, by, &|other| other.person.id != who.id)?;
    }
    let house = entry_key(practice, EntryScope::House)?;
    let (person, actor) = (who.id, by.actor);
    commit(practice, move |group| {
        Ok(vec![group.made(PersonEndSet { person, until: Some(at), by: actor }, house)?])
    })?;
    let (role, until) = (Some(who.role().to_string()), Some(until.to_owned()));
    Ok(RightsDone { role, until, ..done("person", who.id.to_string(), person_name(&who), "changed") })
}

/// A partner's purpose and an end that lies ahead.
fn partner_has(practice: &Practice, until: Option<Timestamp>, has_purpose: bool) -> Result<(), Wrong> {
    match until.is_some_and(|until| until > practice.now()) && has_purpose {
        true => Ok(()),
        false => Err(RightsError::PartnerNeeds.into()),
    }
}

// ---- invitations ----

fn dispute(practice: &Arc<Practice>, id: &str, note: Option<String>, by: By) -> Outcome {
    let unknown = || RightsError::InvitationClosed { invitation: id.to_owned() };
    let invitation = InvitationId::parse(id).map_err(|_| unknown())?;
    let known = practice.registry.invitation(invitation).ok_or_else(unknown)?;
    let who = practice.registry.person(known.person).ok_or_else(unknown)?;
    // Who is revoked has no device that is let in, and is invited no more.
    not_final(&person_name(&who), who.footing() == Footing::Ended)?;
    let what = match known.device {
        Some(device) => What::RevokeDevice(device),
        None => What::RevokeInvitation(invitation),
    };
    let cause = Cause { reason: Some(Reason::Disputed.to_string()), since: None, note };
    // The thief may have been first: out with that device before anything else. The new invitation follows at once.
    let first = deny(practice, what, &cause, By { lock_out: true, ..by })?;
    let shown = invitation::again(practice, &who, known.replaces, by.actor)?;
    Ok(RightsDone {
        invitation: Some(shown),
        role: Some(who.role().to_string()),
        name: person_name(&who),
        ..first
    })
}

fn invite_again(practice: &Arc<Practice>, id: &str, replaces: Option<&str>, by: By) -> Outcome {
    let who = person(practice, id)?;
    not_final(&person_name(&who), who.footing() == Footing::Ended)?;
    let replaced = match replaces {
        Some(id) => {
            let device = device(practice, id)?;
            if device.person.id != who.id {
                return Err(RightsError::NotTheirs { device: id.to_owned() }.into());
            }
            Some(device.id)
        }
        None => None,
    };
    let shown = invitation::again(practice, &who, replaced, by.actor)?;
    let role = Some(who.role().to_string());
    let done = done("person", who.id.to_string(), person_name(&who), "invited");
    Ok(RightsDone { invitation: Some(shown), role, ..done })
}

fn open_invitation(practice: &Practice, id: &str) -> Result<InvitationId, Wrong> {
    let closed = || RightsError::InvitationClosed { invitation: id.to_owned() };
    let invitation = InvitationId::parse(id).map_err(|_| closed())?;
    let known = practice.registry.invitation(invitation).ok_or_else(closed)?;
    match known.device.is_none() && !known.is_revoked {
        true => Ok(invitation),
        false => Err(closed().into()),
    }
}

// ---- who ----

fn device(practice: &Practice, id: &str) -> Result<Arc<Device>, Wrong> {
    let parsed = DeviceId::from_uuid(id).or_else(|_| DeviceId::parse(id)).ok();
    let found = parsed.and_then(|parsed| practice.registry.device(parsed));
    Ok(found.ok_or_else(|| RightsError::DeviceUnknown { device: id.to_owned() })?)
}

fn person(practice: &Practice, given: &str) -> Result<Arc<Person>, Wrong> {
    Ok(people::find(practice, given)?)
}

fn person_name(person: &Person) -> String {
    person.name().as_deref().unwrap_or("").to_owned()
}

fn device_name(device: &Device) -> String {
    let (person, label) = (person_name(&device.person), device.label());
    match label.as_deref() {
        Some(label) if !label.is_empty() => format!("{label} · {person}"),
        _ => person,
    }
}

fn book_name(practice: &Practice, book: BookId) -> String {
    let name = practice.registry.book(book).and_then(|book| book.name());
    name.as_deref().unwrap_or("").to_owned()
}

fn is_closed(practice: &Practice, book: BookId) -> bool {
    practice.registry.book(book).is_none_or(|book| book.footing() == Footing::Ended)
}

fn not_final(name: &str, is_final: bool) -> Result<(), Wrong> {
    if is_final { Err(RightsError::Final { name: name.to_owned() }.into()) } else { Ok(()) }
}

fn suspended(name: &str, is_suspended: bool) -> Result<(), Wrong> {
    if is_suspended { Ok(()) } else { Err(RightsError::NotSuspended { name: name.to_owned() }.into()) }
}

fn moment(text: &str) -> Result<Timestamp, Wrong> {
    Ok(Timestamp::parse_rfc3339(text).map_err(|error| failed(&error))?)
}

fn label(text: &str) -> Result<Label, Wrong> {
    Ok(Label::parse(text).map_err(|_| ActError::NameWrong)?)
}

/// Admins with a device that has its rights.
pub fn admins_active(practice: &Practice) -> u64 {
    admins(practice, &|_| true)
}

fn admins(practice: &Practice, stays: &dyn Fn(&Device) -> bool) -> u64 {
    let now = practice.now();
    let admins = practice.registry.people().into_iter().filter(|person| {
        let devices = practice.registry.devices_of(person.id);
        let mut active = devices.iter().filter(|device| device.standing() == Standing::Active);
        person.role() == Role::Admin && person.is_admitted(now) && active.any(|device| stays(device))
    });
    admins.count() as u64
}

/// One act may not take from everybody the way to run the practice from a device: only at the gateway's own machine,
/// said on purpose.
fn keep_an_admin(practice: &Practice, by: By, stays: &dyn Fn(&Device) -> bool) -> Result<(), Wrong> {
    let locks_out = admins(practice, &|_| true) > 0 && admins(practice, stays) == 0;
    match locks_out && !(by.lock_out && by.actor == Actor::AdminSocket) {
        true => Err(RightsError::LastAdmin.into()),
        false => Ok(()),
    }
}
