//! The second factor of a person: reset at the gateway's own machine.

use std::sync::Arc;

use receipts::event::Actor;

use super::ActError;
use crate::factors;
use crate::practice::Practice;
use crate::registry::Person;

/// Takes a person's second factor away, so that they can enrol a new one. Gives the person's name.
///
/// # Errors
/// [`ActError::PersonUnknown`], [`ActError::PersonAmbiguous`]; the commit's.
pub fn reset(practice: &Arc<Practice>, person: &str, by: Actor) -> Result<String, ActError> {
    let person = find(practice, person)?;
    factors::remove(practice, &person, by).map_err(ActError::from)?;
    Ok(person.name().as_deref().unwrap_or("").to_owned())
}

/// A person by id or name.
fn find(practice: &Practice, person: &str) -> Result<Arc<Person>, ActError> {
    let people = practice.registry.people();
    let meant: Vec<_> = people
        .into_iter()
        .filter(|known| known.id.to_string() == person || known.name().as_deref() == Some(person))
        .collect();
    match meant.as_slice() {
        [] => Err(ActError::PersonUnknown { person: person.to_owned() }),
        [one] => Ok(Arc::clone(one)),
        several => Err(ActError::PersonAmbiguous {
            person: person.to_owned(),
            ids: several.iter().map(|one| one.id.to_string()).collect(),
        }),
    }
}
