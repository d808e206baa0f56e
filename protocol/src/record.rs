//! The bodies of long answers: one table, like the messages. They have no number; their head says which they are.

use model::{
    Blake3Digest, BookId, Class, DisplayName, Kind, MediaType, Period, PersonId, Sha256Digest, SubmissionId,
    Timestamp, limits,
};

use crate::codec::{Field, Map, Reader, Writer};
use crate::field::{Bytes, DocumentNumber, Label, Lease, List, Text};
use crate::message::{Content, State};
use crate::schema::records;
use crate::{Runs, WireError};

/// Rows in one page of documents.
pub const LISTING_ROWS_MAX: usize = 10_000;
/// Submissions in one page of status.
pub const STATUS_ROWS_MAX: usize = 10_000;
/// Fetches that one row tells of.
pub const FETCHES_MAX: usize = 16;
/// Longest reason of a renewal window, in bytes.
pub const RENEW_REASON_BYTES_MAX: usize = 200;
/// Books in one answer.
pub const BOOKS_MAX: usize = 50_000;

records! {
    /// What the gateway has of a submission.
    OpenAnswer {
        /// Who may write from now on.
        1 lease: Lease,
        /// Every document of the open, in its order.
        2 documents: List<DocumentAnswer, { limits::SUBMISSION_DOCUMENTS_MAX }>,
    }

    /// What the gateway has of one document.
    DocumentAnswer {
        /// The document's number.
        1 n: DocumentNumber,
        /// What is there.
        2 has: Has,
    }

    /// The document that the same book holds already, for the same period, kind and class.
    Held {
        /// Its submission.
        1 submission: SubmissionId,
        /// Its number there.
        2 n: DocumentNumber,
        /// When it was accepted.
        3 at: Timestamp,
    }

    /// Documents that can be fetched: a page.
    Listing {
        /// The rows.
        1 rows: List<ListingRow, LISTING_ROWS_MAX>,
        /// Where the next page begins; left out on the last.
        2 next: Option<Bytes<64>>,
    }

    /// One document.
    ListingRow {
        /// Its submission.
        1 submission: SubmissionId,
        /// Its number there.
        2 n: DocumentNumber,
        /// Its book.
        3 book: BookId,
        /// Its period.
        4 period: Period,
        /// What it is.
        5 kind: Kind,
        /// How it is kept.
        6 class: Class,
        /// Its name; left out while its class is locked.
        7 name: Option<DisplayName>,
        /// Its media type.
        8 media_type: MediaType,
        /// Its length in bytes.
        9 length: u64,
        /// Its SHA-256.
        10 sha256: Sha256Digest,
        /// Its BLAKE3 root.
        11 blake3: Blake3Digest,
        /// When it was accepted.
        12 received_at: Timestamp,
        /// Where it stands.
        13 state: State,
        /// Who sent it.
        14 sender: Who,
        /// Who fetched it, newest first.
        15 fetches: List<FetchRow, FETCHES_MAX>,
    }

    /// A person as told to others.
    Who {
        /// The person.
        1 person: PersonId,
        /// Their name, as long as it is kept.
        2 name: Option<Label>,
    }

    /// One fetch of a document.
    FetchRow {
        /// Who.
        1 by: Who,
        /// When the take was signed in.
        2 taken_at: Timestamp,
        /// When the handover was; left out while it is being fetched.
        3 fetched_at: Option<Timestamp>,
    }

    /// Submissions: a page.
    StatusPage {
        /// The rows, newest first.
        1 rows: List<StatusRow, STATUS_ROWS_MAX>,
        /// Where the next page begins; left out on the last.
        2 next: Option<Bytes<64>>,
    }

    /// One submission.
    StatusRow {
        /// The submission.
        1 submission: SubmissionId,
        /// Its book.
        2 book: BookId,
        /// Its period.
        3 period: Period,
        /// What its documents are.
        4 kind: Kind,
        /// How they are kept.
        5 class: Class,
        /// Who sends or sent it.
        6 sender: Who,
        /// When it was accepted; left out while it is open.
        7 accepted_at: Option<Timestamp>,
        /// When it ends unless a piece comes; only while it is open.
        8 expires_at: Option<Timestamp>,
        /// Its documents, in order.
        9 documents: List<StatusDocument, { limits::SUBMISSION_DOCUMENTS_MAX }>,
    }

    /// One document of a submission.
    StatusDocument {
        /// Its number.
        1 n: DocumentNumber,
        /// Its name; left out while its class is locked, and when it is gone.
        2 name: Option<DisplayName>,
        /// Its length in bytes.
        3 length: u64,
        /// Where it stands.
        4 state: State,
        /// How many of its pieces are durable; only while it arrives.
        5 pieces: Option<u32>,
        /// Who fetched it, newest first.
        6 fetches: List<FetchRow, FETCHES_MAX>,
    }

    /// The books that a person may use.
    BookList {
        /// The rows.
        1 books: List<BookRow, BOOKS_MAX>,
    }

    /// One book.
    BookRow {
        /// The book.
        1 book: BookId,
        /// Its name.
        2 name: Label,
        /// Until when the person may use it; left out: no end.
        3 until: Option<Timestamp>,
    }

    /// When a device is to renew what was issued before the window began: at a moment in it that it draws itself.
    RenewWindow {
        /// The first moment; a window in the past means now.
        1 after: Timestamp,
        /// The last one.
        2 before: Timestamp,
        /// Why, for people.
        3 reason: Text<RENEW_REASON_BYTES_MAX>,
    }
}

/// A record that is the whole body of a long answer.
pub trait Answer: Map {
    /// What its head says.
    const CONTENT: Content;
}

impl Answer for OpenAnswer {
    const CONTENT: Content = Content::OpenAnswer;
}

impl Answer for Listing {
    const CONTENT: Content = Content::Listing;
}

impl Answer for StatusPage {
    const CONTENT: Content = Content::StatusPage;
}

impl Answer for BookList {
    const CONTENT: Content = Content::BookList;
}

/// What the gateway has of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Has {
    /// These pieces are durable.
    Pieces(Runs),
    /// The same book holds it already: nothing is to be sent.
    Held(Held),
    /// It was withdrawn.
    Withdrawn,
}

impl Field for Has {
    fn cddl() -> String {
        "has".to_owned()
    }

    fn write(&self, out: &mut Writer) {
        match self {
            Self::Pieces(runs) => {
                out.array(2);
                out.uint(0);
                runs.write(out);
            }
            Self::Held(held) => {
                out.array(2);
                out.uint(1);
                held.write(out);
            }
            Self::Withdrawn => {
                out.array(1);
                out.uint(2);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match (input.array(2)?, input.uint()?) {
            (2, 0) => Runs::read(input).map(Self::Pieces),
            (2, 1) => Held::read(input).map(Self::Held),
            (1, 2) => Ok(Self::Withdrawn),
            _ => Err(WireError::value("has", "unknown form")),
        }
    }
}

/// The schema of all records, in the order of the table.
pub fn schema() -> Vec<crate::schema::Entry> {
    vec![
        OpenAnswer::schema(),
        DocumentAnswer::schema(),
        Held::schema(),
        Listing::schema(),
        ListingRow::schema(),
        Who::schema(),
        FetchRow::schema(),
        StatusPage::schema(),
        StatusRow::schema(),
        StatusDocument::schema(),
        BookList::schema(),
        BookRow::schema(),
        RenewWindow::schema(),
    ]
}
