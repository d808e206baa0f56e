//! Books: adding one, listing all.

use console::{Column, Event, Exit, Failure, Table, args, failure, fields};
use serde::{Deserialize, Serialize};

use crate::{Answer, Asked, Asking, Desk, Request, other_answer, rights};

/// A book, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookShown {
    /// Its id, 26 symbols.
    pub id: String,
    /// Its name; foreign text.
    pub name: String,
}

/// `book …`.
#[derive(Debug, clap::Subcommand)]
pub enum Command<P: clap::Args> {
    /// Adds one.
    Add(Asked<Add, P>),
    /// Lists all.
    List(Asked<List, P>),
    /// Everybody on it rests.
    Suspend(Asked<rights::SuspendBook, P>),
    /// Everybody on it is back.
    Resume(Asked<rights::ResumeBook, P>),
    /// It ends for everybody.
    Close(Asked<rights::CloseBook, P>),
}

impl<P: clap::Args> Command<P> {
    pub(crate) fn parts(&self) -> (&dyn Asking, &P) {
        match self {
            Self::Add(asked) => asked.parts(),
            Self::List(asked) => asked.parts(),
            Self::Suspend(asked) => asked.parts(),
            Self::Resume(asked) => asked.parts(),
            Self::Close(asked) => asked.parts(),
        }
    }
}

/// Adds a book.
#[derive(Debug, clap::Args)]
pub struct Add {
    name: String,
}

impl Asking for Add {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::BookAdd { name: self.name.clone() })
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::Book { book, repeats } = answer else { return Err(other_answer()) };
        if repeats {
            desk.console.warn(&failure::book_name_repeats(book.name.as_str()));
        }
        desk.console.say("book-added", args![name = book.name.as_str(), id = book.id.as_str()]);
        let fields = fields! {"id": book.id, "name": book.name};
        desk.console.emit(&Event::Row { of: "book".to_owned(), fields });
        Ok(Exit::Done)
    }
}

/// Lists all books.
#[derive(Debug, clap::Args)]
pub struct List {}

impl Asking for List {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::BookList)
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::Books { books } = answer else { return Err(other_answer()) };
        let console = &desk.console;
        if books.is_empty() {
            console.say("book-none", &[]);
        }
        let titles = [console.text("title-book", &[]), console.text("title-id", &[])];
        let [book_title, id_title] = titles;
        let mut table = Table::new(vec![Column::name(book_title), Column::fixed(id_title)]);
        for book in &books {
            table.row([book.name.as_str(), book.id.as_str()]);
            let fields = fields! {"id": book.id.as_str(), "name": book.name.as_str()};
            console.emit(&Event::Row { of: "book".to_owned(), fields });
        }
        desk.show(&table);
        desk.summary("book-list", fields! {"books": books.len()});
        Ok(Exit::Done)
    }
}
