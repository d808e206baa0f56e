//! What there is to fetch, page by page. Shows nothing.

use model::{BookId, Kind, Period};
use protocol::WireError;
use protocol::message::{ListDocuments, Which};
use protocol::record::{BookList, Listing, ListingRow};

use crate::connection::Connection;
use crate::link::Link;
use crate::practice::Practice;
use crate::trouble::Told;
use crate::wire::WireFailure;

/// Rows of all pages together: more than a practice has in many years; a list that does not end is refused.
const ROWS_MAX: usize = 2_000_000;

/// Which documents are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// Of this book alone.
    pub book: Option<BookId>,
    /// Of this period alone.
    pub period: Option<Period>,
    /// Of this kind alone.
    pub kind: Option<Kind>,
    /// All, or those that this person has not fetched.
    pub which: Which,
}

/// The books that the person may use; goes on over another connection where one breaks.
///
/// # Errors
/// As [`rows`].
pub async fn books(link: &mut Link, practice: &Practice) -> Told<BookList> {
    link.until_answered(async |connection| connection.books(practice).await).await
}

/// Asks for all rows; goes on over another connection where one breaks.
///
/// # Errors
/// What the gateway refuses; no connection for too long.
pub async fn rows(link: &mut Link, filter: &Filter) -> Told<Vec<ListingRow>> {
    let rows = link.until_answered(async |connection| pages(connection, filter).await).await?;
    link.progressed();
    Ok(rows)
}

async fn pages(connection: &Connection, filter: &Filter) -> Result<Vec<ListingRow>, WireFailure> {
    let Filter { book, period, kind, which } = *filter;
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page: Listing =
            connection.ask(ListDocuments { book, period, kind, which, after: after.clone() }).await?;
        let is_empty = page.rows.is_empty();
        rows.extend(page.rows.into_vec());
        match page.next {
            None => return Ok(rows),
            Some(next) if !is_empty && rows.len() < ROWS_MAX => after = Some(next),
            Some(_) => return Err(WireError::OutOfOrder { why: "a list that does not end" }.into()),
        }
    }
}
