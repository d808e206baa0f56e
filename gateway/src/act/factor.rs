//! The second factor of a person: reset at the gateway's own machine.

use std::sync::Arc;

use receipts::event::Actor;

use super::{ActError, people};
use crate::factors;
use crate::practice::Practice;

/// Takes a person's second factor away, so that they can enrol a new one. Gives the person's name.
///
/// # Errors
/// [`ActError::PersonUnknown`], [`ActError::PersonAmbiguous`]; the commit's.
pub fn reset(practice: &Arc<Practice>, person: &str, by: Actor) -> Result<String, ActError> {
    let person = people::find(practice, person)?;
    factors::remove(practice, &person, by).map_err(ActError::from)?;
    Ok(person.name().as_deref().unwrap_or("").to_owned())
}
