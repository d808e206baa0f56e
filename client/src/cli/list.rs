//! `counterfoil list`: the documents that can be fetched.

use console::{Column, Event, Exit, Table, args, fields, human};
use model::BookId;
use protocol::message::Which;
use protocol::record::ListingRow;

use super::Context;
use super::send::{choose_book, kind_of, period_of};
use crate::connection::book_names;
use crate::link::Patience;
use crate::listing::{self, Filter};
use crate::status::{fetches, key, who, word};
use crate::trouble::Told;

/// Which documents are meant; the same for `list` and `fetch`.
#[derive(Debug, clap::Args)]
#[group(skip)] // `fetch` has it within its own
pub(super) struct Flags {
    #[arg(long, value_name = "BOOK")]
    book: Option<String>,
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    #[arg(long)]
    new: bool,
}

impl Flags {
    /// Which documents are meant, as far as the line alone says it.
    ///
    /// # Errors
    /// `period-wrong`, `kind-wrong`.
    pub(super) fn filter(&self) -> Told<Filter> {
        let period = self.period.as_deref().map(period_of).transpose()?;
        let kind = self.kind.as_deref().map(kind_of).transpose()?;
        let which = if self.new { Which::New } else { Which::All };
        Ok(Filter { book: None, period, kind, which })
    }

    /// The book, by name or id, among those that the person may use now.
    ///
    /// # Errors
    /// `book-unknown`, `book-ambiguous`.
    pub(super) fn book(&self, books: &[(BookId, String)]) -> Told<Option<BookId>> {
        let Some(wanted) = self.book.as_deref() else { return Ok(None) };
        choose_book(books, Some(wanted)).map(|(book, _)| Some(book))
    }
}

pub(super) async fn run(context: &Context, flags: Flags) -> Told<Exit> {
    let mut filter = flags.filter()?;
    let practice = context.selected()?;
    let (_device, mut link) = context.connect(&practice, Patience::default()).await?;
    let books = book_names(&listing::books(&mut link, &practice).await?);
    filter.book = flags.book(&books)?;
    let rows = listing::rows(&mut link, &filter).await?;
    link.close().await;
    let bytes = rows.iter().fold(0u64, |sum, row| sum.saturating_add(row.length));
    for row in &rows {
        context.console.emit(&Event::Row { of: "document".to_owned(), fields: row_fields(row, &books) });
    }
    match (rows.is_empty(), filter.which) {
        (true, Which::All) => context.console.say("list-none", &[]),
        (true, Which::New) => context.console.say("list-none-new", &[]),
        (false, _) => {
            context.console.table(&table(context, &rows, &books));
            let documents = rows.len();
            context.console.say("list-count", args![documents, bytes = console::Arg::Bytes(bytes)]);
        }
    }
    Ok(context.summary("list", Exit::Done, fields! {"documents": rows.len(), "bytes": bytes}))
}

fn table(context: &Context, rows: &[ListingRow], books: &[(BookId, String)]) -> Table {
    let console = &context.console;
    let language = console.manner().language;
    let title = |key: &str| console.text(key, &[]);
    // One book needs no column: there the names have more room.
    let has_books = rows.iter().any(|row| Some(row.book) != rows.first().map(|first| first.book));
    let mut columns = vec![
        Column::fixed(title("title-period")),
        Column::fixed(title("title-kind")),
        Column::name(title("title-file")),
        Column::number(title("title-size")),
        Column::text(title("title-sender")),
        Column::fixed(title("title-received")),
        Column::fixed(title("title-state")),
    ];
    if has_books {
        columns.insert(0, Column::text(title("title-book")));
    }
    let mut table = Table::new(columns);
    for row in rows {
        let kind = console::catalogue::kind_key(row.kind);
        let book = has_books.then(|| book_name(row.book, books));
        let name = row.name.as_ref().map(|name| name.as_sent().to_owned());
        let cells = [
            row.period.to_string(),
            console.text(kind, &[]),
            name.unwrap_or_else(|| format!("{}/{}", row.submission, row.n)),
            human::bytes(row.length),
            who(&row.sender),
            human::date(language, row.received_at),
            console.text(key(row.state), &[]),
        ];
        table.row(book.into_iter().chain(cells));
    }
    table
}

fn book_name(book: BookId, books: &[(BookId, String)]) -> String {
    books.iter().find(|(id, _)| *id == book).map_or_else(|| book.to_string(), |(_, name)| name.clone())
}

fn row_fields(row: &ListingRow, books: &[(BookId, String)]) -> console::event::Fields {
    fields! {
        "submission": row.submission.to_string(),
        "n": row.n.0,
        "book": row.book.to_string(),
        "book_name": book_name(row.book, books),
        "period": row.period.to_string(),
        "kind": row.kind.as_str(),
        "class": row.class.as_str(),
        "name": row.name.as_ref().map(|name| name.as_sent()),
        "media_type": row.media_type.as_str(),
        "bytes": row.length,
        "sha256": row.sha256.to_hex(),
        "blake3": row.blake3.to_hex(),
        "received_at": row.received_at.to_rfc3339(),
        "sender": who(&row.sender),
        "state": word(row.state),
        "fetches": fetches(&row.fetches),
    }
}
