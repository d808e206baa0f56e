//! The acts of administration: one function each, the same whether it comes over the admin socket or from a command
//! that holds the folder itself. Each leaves its statements in the journal before it is answered, and takes from its
//! caller who acts.

pub mod book;
pub mod crl;
pub mod factor;
pub mod inventory;
pub mod invitation;
pub mod invitations;
pub mod own_device;
pub mod people;
pub mod rights;
pub mod rotate;

use model::EntryKeyId;
pub use office::ActError;
pub use receipts::event::Actor;
use vault::EntryScope;

use crate::commit::{Group, Made};
use crate::practice::Practice;

fn failed(cause: &dyn std::fmt::Display) -> ActError {
    ActError::failed(cause)
}

/// The key under which an act's statements are kept.
fn entry_key(practice: &Practice, scope: EntryScope) -> Result<EntryKeyId, ActError> {
    practice.entry_key(scope).map_err(|error| failed(&error))
}

/// An admin has looked at the clock: it is right.
pub fn clock_confirm(practice: &Practice) {
    practice.clock.confirm();
    // Nobody comes in by lists that ended meanwhile.
    crate::crl::renew(practice);
}

fn commit(
    practice: &Practice,
    make: impl FnOnce(&Group<'_>) -> Result<Vec<Made>, protocol::Refusal> + Send + 'static,
) -> Result<crate::commit::Outcome, ActError> {
    Ok(practice.committer.commit_blocking(Box::new(make))?)
}
