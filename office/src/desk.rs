//! Where a command is given: what it speaks through, and which program that is. Decides nothing.

use std::time::Duration;

use console::event::{Fields, Summary};
use console::{Console, Event, Exit, Output, Table, text};
use host::Clock;

/// The program in which a command was given, for commands that people are told to give next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    before: String,
    after: String,
}

impl Program {
    /// `counterfoil-gateway … --dir DIR`.
    pub fn gateway(folder: &std::path::Path) -> Self {
        let dir = text::shell(&folder.display().to_string());
        Self { before: "counterfoil-gateway ".to_owned(), after: format!(" --dir {dir}") }
    }

    /// `counterfoil admin …`.
    pub fn companion() -> Self {
        Self { before: "counterfoil admin ".to_owned(), after: String::new() }
    }

    /// The whole line that gives a command.
    pub fn line(&self, command: &str) -> String {
        format!("{}{command}{}", self.before, self.after)
    }
}

/// Where a command is given.
pub struct Desk {
    /// Says everything.
    pub console: Console,
    /// Times how long it took.
    pub clock: Clock,
    /// When the command began, of the monotonic clock.
    pub begun: Duration,
    /// In which program.
    pub program: Program,
}

impl Desk {
    /// The last line for programs, of a command that has not made just one thing.
    pub fn summary(&self, command: &str, fields: Fields) {
        let seconds = self.clock.monotonic().saturating_sub(self.begun).as_secs_f64();
        let command = command.to_owned();
        self.console.emit(&Event::Summary(Summary { command, exit: Exit::Done.code(), seconds, fields }));
    }

    /// A table, to people; nothing of one without rows.
    pub fn show(&self, table: &Table) {
        if self.console.manner().output != Output::Json && !table.is_empty() {
            self.console.table(table);
        }
    }

    /// A row for programs: what was answered, as it was.
    pub fn row(&self, of: &str, row: &impl serde::Serialize) {
        if let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(row) {
            self.console.emit(&Event::Row { of: of.to_owned(), fields });
        }
    }
}
