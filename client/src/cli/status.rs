//! `counterfoil status`: who this device is, what is unfinished, and what became of what was sent.

use console::event::Json;
use console::{Column, Event, Exit, Table, args, failure, fields, human, say};
use model::BookId;
use protocol::message::Standing;
use protocol::record::{FetchRow, StatusDocument, StatusRow};

use super::Context;
use super::enrol::{Rights, identity};
use super::send::choose_book;
use crate::connection::{Connection, book_names};
use crate::link::{Link, Patience};
use crate::listing;
use crate::plan::{Plan, Stage};
use crate::practice::Practice;
use crate::status::{fetches, key, rows, who, word};
use crate::trouble::{self, Told};

/// Submissions that people are shown; programs get all.
const SUBMISSIONS_MAX: usize = 20;
/// Documents of one submission that people are shown.
const DOCUMENTS_MAX: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    #[arg(long, value_name = "BOOK")]
    book: Option<String>,
}

pub(super) async fn run(context: &Context, flags: Flags) -> Told<Exit> {
    let practice = context.selected()?;
    let tended = context.tend(&practice).await?;
    let device = tokio::task::block_in_place(|| tended.device.reopened(&practice))?;
    let asked = match context.connect_as(&practice, tended, Patience::default()).await {
        Ok((_tended, mut link)) => {
            let asked = ask(&practice, &mut link, flags.book.as_deref()).await;
            link.close().await;
            asked
        }
        Err(failure) => Err(failure),
    };
    super::whoami::lines(&context.console, &practice, &device)?;
    let waits = matches!(&asked, Ok(answer) if answer.connection.welcome.standing == Standing::Waiting);
    if waits {
        context.console.say("identity-waiting", args![digits = &practice.about().digits]);
    }
    context.console.emit(&identity(&practice, &device, if waits { Rights::Waiting } else { Rights::Active }));
    let unfinished = tell_unfinished(context, &practice)?;
    let answer = match asked {
        Ok(answer) => answer,
        // What is known here is told all the same; the end of the command is that of the connection.
        Err(failure) => return Err(failure),
    };
    let milliseconds = u64::try_from(answer.connection.round_trip.as_millis()).unwrap_or(u64::MAX);
    context.console.say("status-connected", args![address = &answer.connection.address, milliseconds]);
    tell_submissions(context, &practice, &answer.rows)?;
    let fields = fields! {"unfinished": unfinished, "submissions": answer.rows.len()};
    Ok(context.summary("status", Exit::Done, fields))
}

struct Answered {
    connection: Connection,
    rows: Vec<StatusRow>,
}

async fn ask(practice: &Practice, link: &mut Link, book: Option<&str>) -> Told<Answered> {
    let connection = link.connection().await?;
    if connection.welcome.standing == Standing::Waiting {
        return Ok(Answered { rows: Vec::new(), connection });
    }
    let books = listing::books(link, practice).await?;
    let book = book.map(|wanted| choose_book(&book_names(&books), Some(wanted))).transpose()?;
    let book = book.map(|(book, _)| book);
    let ask = async |connection: &Connection| {
        let rows = match practice.about().role {
            // Who sees no documents has nothing to ask for.
            model::Role::Admin | model::Role::Auditor => Vec::new(),
            _ => rows(connection, book, None).await?,
        };
        Ok(Answered { connection: connection.clone(), rows })
    };
    link.until_answered(ask).await
}

/// The plans that wait to be gone on with.
fn tell_unfinished(context: &Context, practice: &Practice) -> Told<usize> {
    let console = &context.console;
    let all = Plan::all(practice.disk(), &practice.plans()?).map_err(|error| trouble::plan(&error))?;
    for path in all.1 {
        console.warn(&failure::plan_damaged(path));
    }
    let plans: Vec<Plan> = all.0.into_iter().filter(|plan| plan.stage == Stage::Open).collect();
    match plans.is_empty() {
        true => console.say("status-nothing-unfinished", &[]),
        false => console.say("status-unfinished", &[]),
    }
    for plan in &plans {
        let submission = plan.submission.to_string();
        let documents = plan.sending().count();
        let bytes = console::Arg::Bytes(plan.bytes());
        console.say(
            "status-unfinished-line",
            args![submission = &submission, documents, bytes, since = plan.begun],
        );
        console.say("status-unfinished-hint", args![submission = &submission]);
        let arguments: Vec<Json> =
            plan.line.arguments.iter().map(|path| path.to_string_lossy().into_owned().into()).collect();
        let fields = fields! {
            "id": submission,
            "book": plan.line.book.to_string(),
            "period": plan.line.period.to_string(),
            "kind": plan.line.kind.as_str(),
            "class": plan.line.class.as_str(),
            "documents": documents,
            "bytes": plan.bytes(),
            "begun_at": plan.begun.to_rfc3339(),
            "arguments": arguments,
        };
        console.emit(&Event::Row { of: "unfinished".to_owned(), fields });
    }
    Ok(plans.len())
}

fn tell_submissions(context: &Context, practice: &Practice, rows: &[StatusRow]) -> Told<()> {
    let console = &context.console;
    let (books, receipts) = (practice.known_books()?, practice.receipt_book()?);
    let book_name =
        |id: BookId| books.iter().find(|(book, _)| *book == id).map_or("-", |(_, name)| name.as_str());
    for row in rows {
        console
            .emit(&Event::Row { of: "submission".to_owned(), fields: row_fields(row, book_name(row.book)) });
    }
    if rows.is_empty() {
        console.say("status-none-sent", &[]);
        return Ok(());
    }
    console.say("status-submissions", &[]);
    let titles =
        ["title-submission", "title-book", "title-period", "title-file", "title-state", "title-fetched-by"];
    let [submission, book, period, file, state, fetched] = titles.map(|title| console.text(title, &[]));
    let mut table = Table::new(vec![
        Column::fixed(submission),
        Column::text(book),
        Column::fixed(period),
        Column::name(file),
        Column::number(say!(console, "title-size")),
        Column::fixed(state),
        Column::text(fetched),
    ]);
    for row in rows.iter().take(SUBMISSIONS_MAX) {
        let id: String = row.submission.to_string().chars().take(8).collect();
        let period = human::period(console.manner().language, row.period);
        let mut lead = [id, book_name(row.book).to_owned(), period];
        // What was not sent again has its name only here.
        let kept = receipts.names(row.submission)?.unwrap_or_default();
        for document in row.documents.iter().take(DOCUMENTS_MAX) {
            let name = document.name.as_ref().or_else(|| kept.get(document.n.0));
            let name = name.map_or("", |name| name.as_sent()).to_owned();
            let [id, book, period] = std::mem::take(&mut lead);
            let state = console.text(key(document.state), &[]);
            table.row([
                id,
                book,
                period,
                name,
                human::bytes(document.length),
                state,
                fetched_by(context, document),
            ]);
        }
        if row.documents.len() > DOCUMENTS_MAX {
            table.row(["", "", "", &format!("… +{}", row.documents.len().saturating_sub(DOCUMENTS_MAX))]);
        }
    }
    console.print(&table.render(console.columns()));
    Ok(())
}

/// Who has it, and since when; who asked for it, while nobody has.
fn fetched_by(context: &Context, document: &StatusDocument) -> String {
    let one = |fetch: &FetchRow| {
        let when = fetch.fetched_at.unwrap_or(fetch.taken_at);
        context.console.text("status-fetched-by", args![person = who(&fetch.by), when])
    };
    document.fetches.iter().take(2).map(one).collect::<Vec<_>>().join("; ")
}

fn row_fields(row: &StatusRow, book_name: &str) -> console::event::Fields {
    let documents: Vec<Json> = row.documents.iter().map(document_fields).collect();
    fields! {
        "id": row.submission.to_string(),
        "book": row.book.to_string(),
        "book_name": book_name,
        "period": row.period.to_string(),
        "kind": row.kind.as_str(),
        "class": row.class.as_str(),
        "sender": who(&row.sender),
        "accepted_at": row.accepted_at.map(|at| at.to_rfc3339()),
        "expires_at": row.expires_at.map(|at| at.to_rfc3339()),
        "documents": documents,
    }
}

fn document_fields(document: &StatusDocument) -> Json {
    Json::Object(fields! {
        "n": document.n.0,
        "name": document.name.as_ref().map(|name| name.as_sent()),
        "bytes": document.length,
        "state": word(document.state),
        "pieces": document.pieces,
        "fetches": fetches(&document.fetches),
    })
}
