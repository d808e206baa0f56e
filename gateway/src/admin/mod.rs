//! The door of administration. What can be asked and answered is the `office`'s; the acts themselves are in `act`; the
//! socket that carries a request to a running gateway is in `socket`.
//!
//! A command asks the running gateway ([`ask`]); if nobody listens it opens the practice itself and calls
//! [`perform`], which is all that the socket does too.

mod socket;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use model::{InvitationId, Role};
use office::Status;
pub use office::{Answer, Request};
use receipts::event::{Actor, GatewayStopped, Word};
use vault::EntryScope;

pub use socket::{AskError, ServeError, Serving, ask, serve};

use crate::act::{self, ActError, book, crl, inventory, invitation, people, rights, rotate};
use crate::commit::Group;
use crate::operation::hello::SOFTWARE;
use crate::practice::Practice;
use crate::{rotation, watch};

/// Does what is asked, as `by`. Blocks until it stands in the journal.
pub fn perform(practice: &Arc<Practice>, request: Request, by: Actor) -> Answer {
    match request {
        Request::BookAdd { name } => {
            let repeats = book::list(practice).iter().any(|book| book.name == name);
            answer(practice, book::add(practice, &name, by), |book| Answer::Book { book, repeats })
        }
        Request::BookList => Answer::Books { books: book::list(practice) },
        Request::Invite { role, name, books, until, purpose } => match Role::parse(&role) {
            Ok(role) => {
                let partner = invitation::Partner { until, purpose };
                let invited = invitation::invite_until(practice, role, &name, &books, partner, by);
                answer(practice, invited, |invitation| Answer::Invitation {
                    invitation,
                    practice: practice.config.name.clone(),
                })
            }
            Err(_) => Answer::Malformed,
        },
        Request::Confirm { invitation, digits } => {
            if is_unused(practice, &invitation) {
                return Answer::NotUsed { invitation };
            }
            let confirmed = invitation::confirm(practice, &invitation, &digits, by);
            answer(practice, confirmed, |confirmed| Answer::Confirmed { confirmed })
        }
        Request::People => Answer::People { people: people::all(practice) },
        Request::ClockConfirm => {
            act::clock_confirm(practice);
            // A gateway that stood still for so long may have certificates that have ended.
            rotation::rounds(practice);
            Answer::ClockConfirmed
        }
        Request::Status => Answer::Status { status: status(practice) },
        Request::RotateStatus => {
            answer(practice, rotation::status(practice), |rotations| Answer::Rotations { rotations })
        }
        Request::Rotate { .. } => match rotate::of(&request) {
            Some(asked) => answer(practice, rotate::step(practice, &asked, by), |answer| answer),
            None => Answer::Malformed,
        },
        Request::Rights { act, lock_out } => {
            answer(practice, rights::perform(practice, act, lock_out, by), |done| Answer::Rights {
                done,
                practice: practice.config.name.clone(),
            })
        }
        Request::FactorReset { person } => {
            let reset = act::factor::reset(practice, &person, by);
            answer(practice, reset, |person| Answer::FactorReset { person })
        }
        Request::Invitations { all } => {
            let known = act::invitations::all(practice, all);
            answer(practice, known, |invitations| Answer::Invitations { invitations })
        }
        Request::CrlExport {} => crl::export(practice),
        Request::Devices {} => {
            Answer::Devices { devices: inventory::devices(practice), now: practice.now().to_rfc3339() }
        }
        Request::Certificates { over } => {
            let listed = inventory::certificates(practice, over).map_err(|error| ActError::failed(&error));
            answer(practice, listed, |certificates| Answer::Certificates {
                certificates,
                now: practice.now().to_rfc3339(),
                pid: practice.keys().trust.practice().to_string(),
                practice: practice.config.name.clone(),
            })
        }
    }
}

/// Makes a confirmed clock last beyond this process, for a command that held the folder itself: from the entry that
/// says that it let go, the next start counts.
///
/// # Errors
/// [`ActError::Refused`]; the vault's.
pub fn keep_clock(practice: &Practice) -> Result<(), ActError> {
    let key = practice.entry_key(EntryScope::House).map_err(|error| ActError::failed(&error))?;
    let make = Box::new(move |group: &Group<'_>| {
        let software = Word::parse(SOFTWARE).map_err(|_| protocol::Code::Internal)?;
        Ok(vec![group.made(GatewayStopped { software }, key)?])
    });
    practice.committer.commit_blocking(make)?;
    Ok(())
}

fn answer<T>(practice: &Practice, done: Result<T, ActError>, made: impl FnOnce(T) -> Answer) -> Answer {
    match done {
        Ok(done) => made(done),
        Err(ActError::Refused { code }) if code == protocol::Code::ClockHeld.word() => Answer::ClockHeld {
            now: practice.clock.shows().to_rfc3339(),
            newest: practice.journal.head().time.to_rfc3339(),
        },
        Err(error) => Answer::Refused { error },
    }
}

/// Whether the invitation is there and nobody has used it.
fn is_unused(practice: &Practice, invitation: &str) -> bool {
    InvitationId::parse(invitation)
        .ok()
        .and_then(|id| practice.registry.invitation(id))
        .is_some_and(|invitation| invitation.device.is_none())
}

fn status(practice: &Practice) -> Status {
    let head = practice.journal.head();
    Status {
        practice: practice.config.name.clone(),
        pin: practice.keys().trust.pin().to_string(),
        address: practice.config.address(),
        entries: head.size,
        newest: head.time.to_rfc3339(),
        now: practice.clock.shows().to_rfc3339(),
        clock_held: practice.clock.is_held(),
        clock_behind: practice.clock.is_behind(),
        uploads: u64::try_from(practice.vault.uploads().all().len()).unwrap_or(u64::MAX),
        free_percent: practice.free_percent(),
        software: SOFTWARE.to_owned(),
        admins: rights::admins_active(practice),
        not_recorded: u64::try_from(practice.denials.waiting()).unwrap_or(u64::MAX),
        lists: crl::all(practice),
        alarms: crl::alarms(practice),
        ending: watch::shown(practice),
    }
}
