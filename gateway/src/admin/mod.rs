//! The door of administration: what can be asked of a gateway on its own machine, and the answers. The acts themselves
//! are in `act`; the socket that carries a request to a running gateway is in `socket`.
//!
//! A command asks the running gateway ([`ask`]); if nobody listens it opens the practice itself and calls
//! [`perform`], which is all that the socket does too.

mod socket;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use model::{InvitationId, Role};
use receipts::event::{Actor, GatewayStopped, Word};
use serde::{Deserialize, Serialize};
use vault::EntryScope;

pub use socket::{AskError, ServeError, Serving, ask, serve};

use crate::act::book::{self, BookShown};
use crate::act::invitation::{self, Confirmed, InvitationShown};
use crate::act::people::{self, PersonShown};
use crate::act::{self, ActError};
use crate::commit::Group;
use crate::operation::hello::SOFTWARE;
use crate::practice::Practice;

/// What can be asked. One JSON line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Adds a book.
    BookAdd {
        /// Its name.
        name: String,
    },
    /// All books.
    BookList,
    /// Invites a person.
    Invite {
        /// The word of their role.
        role: String,
        /// Their name.
        name: String,
        /// Names or ids of the books that they may use.
        books: Vec<String>,
    },
    /// Gives a device of staff its rights.
    Confirm {
        /// The invitation by which it came.
        invitation: String,
        /// The digits that it shows.
        digits: String,
    },
    /// Everybody, with devices and invitations.
    People,
    /// The clock is right.
    ClockConfirm,
    /// How the gateway is.
    Status,
}

impl Request {
    /// The word for the log.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::BookAdd { .. } => "book-add",
            Self::BookList => "book-list",
            Self::Invite { .. } => "invite",
            Self::Confirm { .. } => "confirm",
            Self::People => "people",
            Self::ClockConfirm => "clock-confirm",
            Self::Status => "status",
        }
    }
}

/// What is answered. One JSON line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// The book was added.
    Book {
        /// It.
        book: BookShown,
        /// Whether another book has the same name.
        repeats: bool,
    },
    /// All books.
    Books {
        /// By name.
        books: Vec<BookShown>,
    },
    /// The invitation was made.
    Invitation {
        /// It, shown this once.
        invitation: InvitationShown,
        /// The practice's name, for the message to whom is invited.
        practice: String,
    },
    /// The device has its rights.
    Confirmed {
        /// Which, and whose.
        confirmed: Confirmed,
    },
    /// Everybody.
    People {
        /// By name.
        people: Vec<PersonShown>,
    },
    /// The clock counts as right.
    ClockConfirmed,
    /// How the gateway is.
    Status {
        /// In numbers.
        status: Status,
    },
    /// The act was not done.
    Refused {
        /// Why.
        error: ActError,
    },
    /// The act was not done: nobody has used this invitation yet.
    NotUsed {
        /// As it was given.
        invitation: String,
    },
    /// The act was not done: nothing is committed before the clock is confirmed.
    ClockHeld {
        /// What the clock shows: RFC 3339.
        now: String,
        /// The newest entry's time: RFC 3339.
        newest: String,
    },
    /// The request could not be read.
    Malformed,
}

/// How a practice is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The practice's name; foreign text.
    pub practice: String,
    /// Its pin.
    pub pin: String,
    /// Where companions reach it.
    pub address: String,
    /// Entries in the journal.
    pub entries: u64,
    /// The newest entry's time: RFC 3339.
    pub newest: String,
    /// What the gateway's clock shows: RFC 3339.
    pub now: String,
    /// Whether nothing is committed because of the clock.
    pub clock_held: bool,
    /// Uploads that are open.
    pub uploads: u64,
    /// Of the disk, free, in percent.
    pub free_percent: u64,
    /// The program's name and version.
    pub software: String,
}

/// Does what is asked, as `by`. Blocks until it stands in the journal.
pub fn perform(practice: &Arc<Practice>, request: Request, by: Actor) -> Answer {
    match request {
        Request::BookAdd { name } => {
            let repeats = book::list(practice).iter().any(|book| book.name == name);
            answer(practice, book::add(practice, &name, by), |book| Answer::Book { book, repeats })
        }
        Request::BookList => Answer::Books { books: book::list(practice) },
        Request::Invite { role, name, books } => match Role::parse(&role) {
            Ok(role) => {
                answer(practice, invitation::invite(practice, role, &name, &books, by), |invitation| {
                    Answer::Invitation { invitation, practice: practice.config.name.clone() }
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
            Answer::ClockConfirmed
        }
        Request::Status => Answer::Status { status: status(practice) },
    }
}

/// Makes a confirmed clock last beyond this process, for a command that held the folder itself: from the entry that
/// says that it let go, the next start counts.
///
/// # Errors
/// [`ActError::Refused`]; the vault's.
pub fn keep_clock(practice: &Practice) -> Result<(), ActError> {
    let key = practice.entry_key(EntryScope::House)?;
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
            now: practice.clock.now().to_rfc3339(),
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
        pin: practice.keys.trust.pin().to_string(),
        address: practice.config.address(),
        entries: head.size,
        newest: head.time.to_rfc3339(),
        now: practice.clock.now().to_rfc3339(),
        clock_held: practice.clock.is_held(),
        uploads: u64::try_from(practice.vault.uploads().all().len()).unwrap_or(u64::MAX),
        free_percent: practice.free_percent(),
        software: SOFTWARE.to_owned(),
    }
}
