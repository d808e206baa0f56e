//! Somebody's companion: runs a command as the program does and reads what it says to programs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use console::{Captured, Console, Exit, Input, Manner, Output};
use host::Clock;
use serde_json::Value;

use crate::story::{Told, claim};

/// Somebody's companion.
pub struct Companion<'a> {
    /// Its home.
    pub home: PathBuf,
    /// Whose manner of speech it has.
    pub console: &'a Console,
    /// The clock.
    pub clock: &'a Clock,
}

/// What a companion's command gave.
pub struct Ran {
    /// How it ended.
    pub exit: Exit,
    /// The events that it printed.
    pub events: Vec<Value>,
    /// All that it printed.
    pub said: String,
}

impl Ran {
    /// The first event of a type.
    pub fn event(&self, kind: &str) -> Option<&Value> {
        self.events.iter().find(|event| event.get("type").and_then(Value::as_str) == Some(kind))
    }

    /// A count of the summary.
    pub fn number(&self, name: &str) -> u64 {
        self.event("summary").and_then(|summary| summary.get(name)).and_then(Value::as_u64).unwrap_or(0)
    }

    /// Holds the exit against "all went well".
    pub fn done(self, what: &str) -> Told<Self> {
        claim(self.exit == Exit::Done, format!("{what}: exit {} {}", self.exit.code(), self.said))?;
        Ok(self)
    }
}

impl Companion<'_> {
    /// Runs one command as the program does, and reads what it says to programs.
    pub fn run(&self, arguments: &[&str], paths: &[&Path]) -> Ran {
        let mut line: Vec<OsString> = vec!["counterfoil".into(), "--home".into(), self.home.clone().into()];
        line.extend(["--json".into(), "--yes".into()]);
        line.extend(arguments.iter().map(OsString::from));
        line.extend(paths.iter().map(|path| path.as_os_str().to_owned()));
        let manner = Manner { output: Output::Json, input: Input::Yes, ..self.console.manner() };
        let ticks = self.clock.clone();
        let (console, captured): (Console, Captured) =
            Console::captured(manner, move || ticks.monotonic(), &[]);
        let exit = client::run_on(&line, &console, self.clock.clone());
        Ran { exit, events: captured.events(), said: captured.out() }
    }
}
