//! What a sending tells people and programs while it runs. Counts what did not go through; decides nothing.

use std::path::Path;

use console::event::{self, FileState};
use console::{Console, Event, Exit, Failure, args, failure};
use model::DisplayName;
use protocol::record::Held;

use crate::hash::HashError;
use crate::walk::{Skipped, Why};

/// Lines of one sort that people are shown; programs get all.
const LINES_MAX: u64 = 20;

/// Tells, and counts.
pub struct Teller {
    /// Says everything.
    pub console: Console,
    /// Documents that did not go through.
    pub failed: u64,
    held: u64,
}

impl Teller {
    /// For one run.
    pub fn new(console: Console) -> Self {
        Self { console, failed: 0, held: 0 }
    }

    /// Something that the walk met is not sent.
    pub fn skipped(&mut self, skipped: &Skipped) {
        let path = &skipped.path;
        let failure = match &skipped.why {
            Why::SystemFile => return,
            Why::Unreadable(error) => failure::file_unreadable(path, error),
            Why::NotAFile | Why::TooDeep => failure::file_special(path),
            Why::Name => failure::name_unsendable(path),
        };
        self.left_out(&path.to_string_lossy(), &failure);
    }

    /// A file could not be hashed, or is not what was hashed.
    pub fn changed(&mut self, name: &DisplayName, path: &Path, error: &HashError) {
        let failure = match error {
            HashError::Changed => failure::file_changed(path),
            HashError::TooLarge => failure::document_too_large(name),
            HashError::Unreadable(error) => failure::file_unreadable(path, error),
        };
        self.left_out(name.as_sent(), &failure.with_exit(Exit::Partial));
    }

    /// A document does not go through; the others do.
    pub fn left_out(&mut self, name: &str, failure: &Failure) {
        self.failed = self.failed.saturating_add(1);
        match self.console.manner().output {
            console::Output::Json => self.console.emit(&failure.withdrawn(self.console.catalogue(), name)),
            _ => self.console.warn(failure),
        }
    }

    /// The book holds a document already.
    pub fn held(&mut self, name: &DisplayName, held: &Held) {
        self.held = self.held.saturating_add(1);
        if self.held <= LINES_MAX {
            self.console.say("send-held", args![name, when = held.at]);
        }
        self.console.emit(&Event::Held {
            name: name.as_sent().to_owned(),
            submission: held.submission.to_string(),
            n: u64::from(held.n.0),
            received_at: held.at.to_rfc3339(),
        });
    }
}

/// A document's state, for programs.
pub fn tell_file(
    console: &Console,
    n: u32,
    name: &DisplayName,
    state: FileState,
    bytes: u64,
    blake3: Option<String>,
) {
    let name = name.as_sent().to_owned();
    console.emit(&Event::File(event::File {
        n: u64::from(n),
        name,
        state,
        bytes,
        blake3,
        sha256: None,
        path: None,
    }));
}
