//! Denials: suspending, revoking, closing, withdrawing. In force in memory first, then kept in a file that is written
//! in place, and only then a statement in the journal: neither a full disk nor a crash lets anybody in again.
//!
//! ```text
//! deny    registry (memory) → pending file, synced → journal → ledger → pending file without it
//! start   pending file → registry → doors open → journal, as soon as it can be written
//! ```
//! The way back goes through the journal alone, and only when nothing waits.

mod pending;
mod say;

use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{BookId, DeviceId, InvitationId, PersonId, Reason, Timestamp};
use protocol::{Code, Refusal};
use receipts::event::{Actor, Label};
use vault::EntryScope;

use crate::ledger::rows::{self, Footing, Standing, key};
use crate::operation::internal;
use crate::practice::Practice;

pub use pending::PendingFile;
pub(crate) use say::superseded;

/// A statement is written only if so much of the disk is free: a journal that finds no room ends the gateway.
const ROOM_BYTES_MIN: u64 = 1024 * 1024;

/// What is denied, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A device, until it is resumed.
    SuspendDevice(DeviceId),
    /// A device, for ever.
    RevokeDevice(DeviceId),
    /// A person with all devices, until they are resumed.
    SuspendPerson(PersonId),
    /// A person with all devices, for ever.
    RevokePerson(PersonId),
    /// A book to everybody, until it is resumed.
    SuspendBook(BookId),
    /// A book to everybody, for ever.
    CloseBook(BookId),
    /// A book to one person.
    WithdrawGrant(PersonId, BookId),
    /// An invitation.
    RevokeInvitation(InvitationId),
}

impl What {
    /// How it leaves this device standing, if it is about it.
    pub fn of_device(&self, device: DeviceId) -> Option<Standing> {
        match self {
            Self::SuspendDevice(id) if *id == device => Some(Standing::Suspended),
            Self::RevokeDevice(id) if *id == device => Some(Standing::Revoked),
            _ => None,
        }
    }

    /// How it leaves this person standing, if it is about them.
    pub fn of_person(&self, person: PersonId) -> Option<Footing> {
        match self {
            Self::SuspendPerson(id) if *id == person => Some(Footing::Suspended),
            Self::RevokePerson(id) if *id == person => Some(Footing::Ended),
            _ => None,
        }
    }

    /// How it leaves this book standing, if it is about it.
    pub fn of_book(&self, book: BookId) -> Option<Footing> {
        match self {
            Self::SuspendBook(id) if *id == book => Some(Footing::Suspended),
            Self::CloseBook(id) if *id == book => Some(Footing::Ended),
            _ => None,
        }
    }
}

/// A denial, as it is stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// What is denied.
    pub what: What,
    /// Why.
    pub reason: Reason,
    /// From when on keys may have been in other hands.
    pub since: Option<Timestamp>,
    /// What who acts has to say about it.
    pub note: Option<Label>,
    /// Who acts.
    pub by: Actor,
}

/// How far a denial has come. It is in force in each case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It stands in the journal.
    Journal,
    /// It outlives a crash and is not in the journal yet, because of this.
    Pending(Option<Code>),
    /// It does not outlive this process: neither file could be written.
    Memory(Option<Code>),
}

/// The denials that are in force and not yet recorded, oldest first.
pub struct Denials {
    waiting: Mutex<Waiting>,
    /// One at a time states what waits.
    stating: Mutex<()>,
}

struct Waiting {
    denials: Vec<Denial>,
    file: Option<PendingFile>,
}

impl Denials {
    /// What waited when the gateway stopped, denied again from here on. Without a file nothing outlives a crash before
    /// it is recorded.
    pub fn begin(
        file: Option<(PendingFile, Vec<Denial>)>,
        registry: &crate::registry::Registry,
        now: Timestamp,
    ) -> Self {
        let (file, denials) = file.map_or((None, Vec::new()), |(file, denials)| (Some(file), denials));
        for denial in &denials {
            registry.deny(&denial.what, now);
        }
        Self { waiting: Mutex::new(Waiting { denials, file }), stating: Mutex::default() }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.lock().denials.len()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Whether the file says what waits.
    fn keep(&mut self) -> bool {
        let Some(file) = &mut self.file else { return false };
        match file.write(&self.denials) {
            Ok(_durable) => true,
            Err(error) => {
                tracing::error!(%error, "denials that are not yet recorded can not be kept");
                false
            }
        }
    }
}

/// Denies, from this moment on. What can be stated is stated before this returns.
pub fn deny(practice: &Practice, denial: Denial) -> Recorded {
    practice.registry.deny(&denial.what, practice.now());
    let is_kept = {
        let mut waiting = practice.denials.lock();
        waiting.denials.push(denial);
        waiting.keep()
    };
    match (settle(practice), is_kept) {
        (Ok(()), _) => Recorded::Journal,
        (Err(refusal), true) => Recorded::Pending(refusal.known()),
        (Err(refusal), false) => Recorded::Memory(refusal.known()),
    }
}

/// States what waits, oldest first. Blocks.
///
/// # Errors
/// Why the oldest can not be stated now; it stays in force.
pub fn settle(practice: &Practice) -> Result<(), Refusal> {
    let _one = practice.denials.stating.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let Some(denial) = practice.denials.lock().denials.first().cloned() else { return Ok(()) };
        if !is_stated(practice, &denial.what)? {
            state(practice, &denial)?;
        }
        let mut waiting = practice.denials.lock();
        waiting.denials.remove(0);
        // The file first: what it no longer says may be taken back from here on.
        if waiting.file.is_some() && !waiting.keep() {
            waiting.denials.insert(0, denial);
            return Err(Code::DiskFull.into());
        }
        let left: Vec<What> = waiting.denials.iter().map(|denial| denial.what).collect();
        practice.registry.recorded(&denial.what, &left);
    }
}

/// Whether the ledger says it already: a crash came between the journal and the file.
fn is_stated(practice: &Practice, what: &What) -> Result<bool, Refusal> {
    let ledger = &practice.ledger;
    let device = |id: DeviceId| -> Result<Option<Standing>, crate::ledger::post::PostError> {
        let row = ledger.row::<rows::Device>(&key::device(id))?;
        Ok(row.map(|row| Standing::from_code(row.standing)))
    };
    let person = |id: PersonId| -> Result<Option<Footing>, crate::ledger::post::PostError> {
        let row = ledger.row::<rows::Person>(&key::person(id))?;
        Ok(row.map(|row| Footing::from_code(row.footing)))
    };
    let book = |id: BookId| -> Result<Option<Footing>, crate::ledger::post::PostError> {
        let row = ledger.row::<rows::Book>(&key::book(id))?;
        Ok(row.map(|row| Footing::from_code(row.footing)))
    };
    // What is not there can not be denied.
    let said = match what {
        What::SuspendDevice(id) => device(*id).map(|standing| {
            standing.is_none_or(|standing| !matches!(standing, Standing::Bound | Standing::Active))
        }),
        What::RevokeDevice(id) => {
            device(*id).map(|standing| standing.is_none_or(|standing| standing == Standing::Revoked))
        }
        What::SuspendPerson(id) => {
            person(*id).map(|footing| footing.is_none_or(|footing| footing != Footing::Active))
        }
        What::RevokePerson(id) => {
            person(*id).map(|footing| footing.is_none_or(|footing| footing == Footing::Ended))
        }
        What::SuspendBook(id) => {
            book(*id).map(|footing| footing.is_none_or(|footing| footing != Footing::Active))
        }
        What::CloseBook(id) => {
            book(*id).map(|footing| footing.is_none_or(|footing| footing == Footing::Ended))
        }
        What::WithdrawGrant(person, book) => ledger
            .row::<rows::Grant>(&key::grant(*person, *book))
            .map(|row| row.is_none_or(|row| row.withdrawn)),
        What::RevokeInvitation(id) => {
            ledger.row::<rows::Invitation>(&key::invitation(*id)).map(|row| row.is_none_or(|row| row.revoked))
        }
    };
    said.map_err(|error| internal(&error))
}

/// Whether the journal finds room for a statement that nobody waits for.
pub(crate) fn has_room(practice: &Practice) -> bool {
    practice.disk.space(&practice.folder).is_ok_and(|space| space.free_bytes >= ROOM_BYTES_MIN)
}

fn state(practice: &Practice, denial: &Denial) -> Result<(), Refusal> {
    if !has_room(practice) {
        return Err(Code::DiskFull.into());
    }
    let entry_key =
        |scope: EntryScope| practice.entry_key(scope).map_err(|error| crate::operation::refusal(&error));
    let house = entry_key(EntryScope::House)?;
    let own = match &denial.note {
        Some(_) => Some(entry_key(scope_of(practice, &denial.what))?),
        None => None,
    };
    let (denial, now) = (denial.clone(), practice.now());
    let make =
        Box::new(move |group: &crate::commit::Group<'_>| say::statements(group, &denial, now, house, own));
    practice.committer.commit_blocking(make)?;
    Ok(())
}

/// Whose key a note on it is sealed under: with whom it is erased.
fn scope_of(practice: &Practice, what: &What) -> EntryScope {
    let registry = &practice.registry;
    let person = match what {
        What::SuspendDevice(id) | What::RevokeDevice(id) => {
            registry.device(*id).map(|device| device.person.id)
        }
        What::SuspendPerson(id) | What::RevokePerson(id) | What::WithdrawGrant(id, _) => Some(*id),
        What::RevokeInvitation(id) => registry.invitation(*id).map(|invitation| invitation.person),
        What::SuspendBook(id) | What::CloseBook(id) => return EntryScope::Book(*id),
    };
    person.map_or(EntryScope::House, EntryScope::Person)
}

#[cfg(test)]
mod tests;
