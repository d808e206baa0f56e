//! Books: added, listed, found by name or id.

use std::sync::Arc;

use model::BookId;
use office::BookShown;
use receipts::event::{Actor, BookAdded, BookNamed, Label};
use vault::EntryScope;

use super::{ActError, commit, entry_key, failed};
use crate::practice::Practice;

/// Adds a book.
///
/// # Errors
/// [`ActError`].
pub fn add(practice: &Arc<Practice>, name: &str, by: Actor) -> Result<BookShown, ActError> {
    let label = Label::parse(name).map_err(|_| ActError::NameWrong)?;
    let book = BookId::from_bytes(host::random::bytes().map_err(|error| failed(&error))?);
    let house = entry_key(practice, EntryScope::House)?;
    let own = entry_key(practice, EntryScope::Book(book))?;
    commit(practice, move |group| {
        Ok(vec![
            group.made(BookAdded { book, by }, house)?,
            group.made(BookNamed { book, name: label }, own)?,
        ])
    })?;
    Ok(BookShown { id: book.to_string(), name: name.to_owned() })
}

/// All books.
pub fn list(practice: &Practice) -> Vec<BookShown> {
    let shown = |book: Arc<crate::registry::Book>| BookShown {
        id: book.id.to_string(),
        name: book.name().as_deref().unwrap_or("").to_owned(),
    };
    practice.registry.books().into_iter().map(shown).collect()
}

/// A book by its id or its name.
///
/// # Errors
/// [`ActError::BookUnknown`], [`ActError::BookAmbiguous`].
pub fn find(practice: &Practice, book: &str) -> Result<BookId, ActError> {
    if let Ok(id) = BookId::parse(book)
        && practice.registry.book(id).is_some()
    {
        return Ok(id);
    }
    let named: Vec<BookId> = practice
        .registry
        .books()
        .iter()
        .filter(|known| known.name().as_deref() == Some(book))
        .map(|known| known.id)
        .collect();
    match named.as_slice() {
        [] => Err(ActError::BookUnknown { book: book.to_owned() }),
        [id] => Ok(*id),
        several => Err(ActError::BookAmbiguous {
            book: book.to_owned(),
            ids: several.iter().map(BookId::to_string).collect(),
        }),
    }
}
