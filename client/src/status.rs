//! What the gateway says became of what was sent, all pages of it.

use console::event::Json;
use console::fields;
use model::{BookId, SubmissionId};
use protocol::message::{State, Status};
use protocol::record::{FetchRow, StatusPage, StatusRow, Who};

use crate::connection::Connection;
use crate::wire::WireFailure;

/// Pages that are asked for at most: more rows than any person looks at.
const PAGES_MAX: usize = 64;

/// The rows, newest first.
///
/// # Errors
/// As [`Connection::ask`].
pub async fn rows(
    connection: &Connection,
    book: Option<BookId>,
    submission: Option<SubmissionId>,
) -> Result<Vec<StatusRow>, WireFailure> {
    let mut rows = Vec::new();
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let page: StatusPage = connection.ask(Status { book, submission, after }).await?;
        rows.extend(page.rows.into_vec());
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(rows)
}

/// A person by name, or by id where the gateway tells no name.
pub fn who(who: &Who) -> String {
    who.name.as_ref().map_or_else(|| who.person.to_string(), |name| name.as_str().to_owned())
}

/// Who has a document, for programs.
pub fn fetches(rows: &[FetchRow]) -> Vec<Json> {
    let row = |fetch: &FetchRow| {
        Json::Object(fields! {
            "by": who(&fetch.by),
            "taken_at": fetch.taken_at.to_rfc3339(),
            "fetched_at": fetch.fetched_at.map(|at| at.to_rfc3339()),
        })
    };
    rows.iter().map(row).collect()
}

/// The word of a state for programs.
pub const fn word(state: State) -> &'static str {
    match state {
        State::Received => "received",
        State::BeingFetched => "being-fetched",
        State::Fetched => "fetched",
        State::Locked => "locked",
        State::Frozen => "frozen",
        State::Gone => "gone",
        State::Arriving => "arriving",
        State::Withdrawn => "withdrawn",
        State::Held => "held",
    }
}

/// The key of a state's word for people.
pub const fn key(state: State) -> &'static str {
    match state {
        State::Received => "state-received",
        State::BeingFetched => "state-fetching",
        State::Fetched => "state-fetched",
        State::Locked => "state-locked",
        State::Frozen => "state-frozen",
        State::Gone => "state-gone",
        State::Arriving => "state-uploading",
        State::Withdrawn => "state-withdrawn",
        State::Held => "state-held",
    }
}
