//! `counterfoil send`: files and folders to one signed receipt. Run again, the same line goes on where it stopped.

use std::path::{Path, PathBuf};
use std::time::Duration;

use console::{Exit, args, failure, fields};
use model::{BookId, Class, Kind, Period};

use super::Context;
use crate::connection::book_names;
use crate::link::Patience;
use crate::listing;
use crate::plan::Line;
use crate::practice::Act;
use crate::send::{Order, Sent, send};
use crate::trouble::Told;

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[arg(long, value_name = "BOOK")]
    book: Option<String>,
    #[arg(long, value_name = "PERIOD")]
    period: String,
    #[arg(long, value_name = "KIND", default_value = "other")]
    kind: String,
    #[arg(long, value_name = "CLASS", default_value = "internal")]
    class: String,
    #[arg(long, value_name = "SECONDS", default_value = "600")]
    give_up_after: String,
}

pub(super) async fn run(context: &Context, flags: Flags) -> Told<Exit> {
    let (period, kind) = (period_of(&flags.period)?, kind_of(&flags.kind)?);
    let class = Class::parse(&flags.class).map_err(|_| failure::class_wrong(&flags.class))?;
    let patience = Patience(seconds(&flags.give_up_after)?);
    let arguments = flags.paths.iter().map(|path| absolute(path)).collect::<Told<Vec<_>>>()?;
    let practice = context.selected()?;
    let _held = practice.hold(Act::Send)?;
    let (device, mut link) = context.connect(&practice, patience).await?;
    let books = book_names(&listing::books(&mut link, &practice).await?);
    let (book, book_name) = choose_book(&books, flags.book.as_deref())?;
    let line = Line { practice: practice.about().practice.clone(), book, period, kind, class, arguments };
    let order = Order { practice, signer: device.signer.clone(), line, book_name };
    let sent = send(order, &mut link, &context.console).await?;
    link.close().await;
    Ok(tell(context, &sent))
}

pub(super) fn period_of(text: &str) -> Told<Period> {
    Period::parse(text).map_err(|_| failure::period_wrong(text))
}

pub(super) fn kind_of(text: &str) -> Told<Kind> {
    let known = || Kind::all().map(Kind::as_str).collect::<Vec<_>>().join(", ");
    Kind::parse(text).map_err(|_| failure::kind_wrong(text, known()))
}

/// Seconds, or with an ending: `90s`, `10m`, `2h`.
fn seconds(text: &str) -> Told<Duration> {
    let wrong =
        || failure::argument_wrong("--give-up-after", text, console::Arg::Message("expected-seconds"));
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 's')) => (text.get(..at), 1),
        Some((at, 'm')) => (text.get(..at), 60),
        Some((at, 'h')) => (text.get(..at), 3600),
        _ => (Some(text), 1),
    };
    let count: u64 = digits.and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?;
    Ok(Duration::from_secs(count.checked_mul(unit).ok_or_else(wrong)?))
}

/// The line's own words, so that it is the same line from wherever it is run: no links are resolved.
fn absolute(path: &Path) -> Told<PathBuf> {
    let path = std::path::absolute(path).map_err(|error| failure::file_unreadable(path, error))?;
    // `std::path::absolute` keeps `..`; a folder and the same folder by way of a neighbour are one.
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    Ok(plain)
}

/// The book by name or id; without one, the only one that there is.
pub(super) fn choose_book(books: &[(BookId, String)], wanted: Option<&str>) -> Told<(BookId, String)> {
    let names = |books: &[&(BookId, String)]| {
        books.iter().map(|(id, name)| format!("{name} ({id})")).collect::<Vec<_>>().join(", ")
    };
    let fits = |(id, name): &&(BookId, String)| match wanted {
        Some(wanted) => name == wanted || BookId::parse(wanted).is_ok_and(|wanted| wanted == *id),
        None => true,
    };
    let found: Vec<_> = books.iter().filter(fits).collect();
    match (found.as_slice(), wanted) {
        ([one], _) => Ok((*one).clone()),
        ([], Some(wanted)) => Err(failure::book_unknown(wanted)),
        ([], None) => Err(failure::book_unknown("-")),
        (several, Some(wanted)) => Err(failure::book_ambiguous(wanted, names(several))),
        (several, None) => Err(failure::book_needed(names(several))),
    }
}

fn tell(context: &Context, sent: &Sent) -> Exit {
    let console = &context.console;
    let (bytes, time) = (console::Arg::Bytes(sent.bytes), context.elapsed());
    match (sent.sent, sent.held) {
        (0, held) if held > 0 => console.say("send-all-held", &[]),
        (documents, held) => {
            console.say("send-done", args![documents, bytes, time]);
            if held > 0 {
                console.say("send-held-count", args![count = held]);
            }
        }
    }
    for (receipt, path) in &sent.receipts {
        console.print(&console.text("send-receipt", args![receipt = receipt.to_string(), path]));
    }
    if let [(receipt, _)] = sent.receipts.as_slice() {
        console.say("send-receipt-show", args![receipt = receipt.to_string()]);
    }
    let exit = match sent.failed {
        0 => Exit::Done,
        failed => {
            console.say("send-partial", args![sent = sent.sent.saturating_add(sent.held), failed]);
            console.warn(&failure::some_not_sent(failed));
            Exit::Partial
        }
    };
    let receipts: Vec<String> = sent.receipts.iter().map(|(receipt, _)| receipt.to_string()).collect();
    let fields = fields! {
        "sent": sent.sent,
        "held": sent.held,
        "failed": sent.failed,
        "bytes": sent.bytes,
        "bytes_sent_again": sent.bytes_sent_again,
        "resumed": sent.resumed > 0,
        "receipts": receipts,
    };
    context.summary("send", exit, fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use console::FailureCode;

    #[test]
    fn a_book_is_chosen_by_name_or_id_or_because_it_is_the_only_one() {
        let id = |byte| BookId::from_bytes([byte; 16]);
        let books = [(id(1), "one".to_owned()), (id(2), "two".to_owned()), (id(3), "two".to_owned())];
        let code = |books: &[_], wanted| choose_book(books, wanted).err().unwrap().code();
        assert_eq!(choose_book(&books, Some("one")).unwrap().0, id(1));
        assert_eq!(choose_book(&books, Some(&id(3).to_string())).unwrap().0, id(3));
        assert_eq!(choose_book(&books[..1], None).unwrap().0, id(1));
        assert_eq!(code(&books, None), FailureCode::BookNeeded);
        assert_eq!(code(&books, Some("two")), FailureCode::BookAmbiguous);
        assert_eq!(code(&books, Some("three")), FailureCode::BookUnknown);
        assert_eq!(code(&[], None), FailureCode::BookUnknown);
    }

    #[test]
    fn the_same_folder_is_the_same_line() {
        assert_eq!(absolute(Path::new("/a/b/../c/./d")).unwrap(), Path::new("/a/c/d"));
        assert!(absolute(Path::new("x")).unwrap().is_absolute());
    }

    #[test]
    fn patience_is_read_with_and_without_a_unit() {
        assert_eq!(seconds("90").unwrap(), Duration::from_secs(90));
        assert_eq!(seconds("10m").unwrap(), Duration::from_secs(600));
        assert_eq!(seconds("2h").unwrap(), Duration::from_secs(7200));
        assert!(
            seconds("soon").is_err() && seconds("").is_err() && seconds("99999999999999999999h").is_err()
        );
    }
}
