//! A program that runs: the events that it prints, its signals and its end. Knows no command.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::Value;

/// How long anything may take that takes moments on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A program that runs. It is killed when this is dropped.
pub struct Running {
    line: String,
    child: Child,
    said: Arc<Said>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Said {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    events: Vec<Value>,
    /// Lines of stdout that are no JSON.
    plain: Vec<String>,
    errors: String,
    ended: bool,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// A program that has ended, and all that it said.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The command line.
    pub line: String,
    /// How it ended.
    pub ended: Ended,
    /// The events on stdout.
    pub events: Vec<Value>,
    /// What else was on stdout, line by line.
    pub plain: Vec<String>,
    /// What was on stderr.
    pub errors: String,
}

impl Running {
    /// Starts a program. Nobody answers it: its stdin is closed.
    ///
    /// # Panics
    /// It can not be started.
    pub fn start(command: &mut Command) -> Self {
        let line = format!("{command:?}");
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
        let said = Arc::new(Said::default());
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let readers = vec![
            reader(out.expect("stdout is piped"), Arc::clone(&said), Said::line),
            reader(err.expect("stderr is piped"), Arc::clone(&said), Said::error),
        ];
        Self { line, child, said, readers }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The events so far.
    pub fn events(&self) -> Vec<Value> {
        self.said.lock().events.clone()
    }

    /// What it has said on stderr so far.
    pub fn errors(&self) -> String {
        self.said.lock().errors.clone()
    }

    /// Waits for the first event that `is_it` agrees to, also one that came before.
    ///
    /// # Panics
    /// The program ends without it, or takes too long.
    pub fn wait_for(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        match self.wait_for_or_end(what, is_it) {
            Some(event) => event,
            None => panic!("{} ended without {what}\n{}", self.line, self.told()),
        }
    }

    /// As [`Running::wait_for`]; `None` where the program ends without it.
    ///
    /// # Panics
    /// It takes too long.
    pub fn wait_for_or_end(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Option<Value> {
        let begun = Instant::now();
        let mut state = self.said.lock();
        loop {
            if let Some(event) = state.events.iter().find(|event| is_it(event)) {
                return Some(event.clone());
            }
            if state.ended {
                return None;
            }
            if begun.elapsed() > PATIENCE {
                drop(state);
                panic!("{} does not come to {what}\n{}", self.line, self.told());
            }
            let step = Duration::from_millis(500);
            state = self.said.changed.wait_timeout(state, step).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It does not end within two minutes.
    pub fn wait(self) -> Ran {
        self.wait_at_most(PATIENCE)
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It does not end in time.
    pub fn wait_at_most(mut self, patience: Duration) -> Ran {
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if begun.elapsed() < patience => std::thread::sleep(Duration::from_millis(3)),
                Ok(None) => panic!("{} does not end\n{}", self.line, self.told()),
                Err(error) => panic!("{}: {error}", self.line),
            }
        };
        self.into_ran(status)
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(mut self) -> Ran {
        self.signal(Signal::KILL);
        let status = self.child.wait().unwrap_or_else(|error| panic!("{}: {error}", self.line));
        self.into_ran(status)
    }

    /// Sends a signal, if it still runs.
    pub fn signal(&mut self, signal: Signal) {
        if !self.has_ended()
            && let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
        {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    fn into_ran(mut self, status: ExitStatus) -> Ran {
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        let mut state = self.said.lock();
        let ended = match (status.code(), status.signal()) {
            (Some(code), _) => Ended::Code(code),
            (None, signal) => Ended::Signal(signal.unwrap_or(0)),
        };
        Ran {
            line: self.line.clone(),
            ended,
            events: std::mem::take(&mut state.events),
            plain: std::mem::take(&mut state.plain),
            errors: std::mem::take(&mut state.errors),
        }
    }

    fn told(&self) -> String {
        let state = self.said.lock();
        told(&state.events, &state.plain, &state.errors)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, line: Option<String>) {
        let mut state = self.lock();
        match line {
            Some(line) => match serde_json::from_str(&line) {
                Ok(event @ Value::Object(_)) => state.events.push(event),
                _ => state.plain.push(line),
            },
            None => state.ended = true,
        }
        self.changed.notify_all();
    }

    fn error(&self, line: Option<String>) {
        if let Some(line) = line {
            let mut state = self.lock();
            state.errors.push_str(&line);
            state.errors.push('\n');
        }
    }
}

fn reader(
    stream: impl Read + Send + 'static,
    said: Arc<Said>,
    tell: fn(&Said, Option<String>),
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while let Ok(1..) = stream.read_until(b'\n', &mut line) {
            tell(&said, Some(String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned()));
            line.clear();
        }
        tell(&said, None);
    })
}

fn told(events: &[Value], plain: &[String], errors: &str) -> String {
    let mut text = String::new();
    // Of thousands of documents the first and the last say enough.
    let skip = events.len().saturating_sub(60);
    for event in events.iter().take(20).chain(events.iter().skip(skip.max(20))) {
        text.push_str(&format!("  {event}\n"));
    }
    for line in plain {
        text.push_str(&format!("  | {line}\n"));
    }
    let errors_from = errors.len().saturating_sub(6000);
    let errors = errors.get(errors_from..).unwrap_or(errors);
    text + errors
}

impl Ran {
    /// Checks the exit code.
    ///
    /// # Panics
    /// It is another, or a signal ended it.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert!(self.ended == Ended::Code(code), "{:?}, not {code}\n{self}", self.ended);
        self
    }

    /// Checks that it failed by this failure: the word, and the exit code that goes with it.
    ///
    /// # Panics
    /// It did not.
    #[track_caller]
    pub fn expect_failure(self, word: &str, code: i32) -> Self {
        let ran = self.expect(code);
        let error = ran.last("error");
        assert!(error.is_some_and(|error| error["word"] == word), "no {word}\n{ran}");
        ran
    }

    /// The events of a type.
    pub fn all(&self, kind: &str) -> Vec<&Value> {
        self.events.iter().filter(|event| event["type"] == kind).collect()
    }

    /// The last event of a type.
    pub fn last(&self, kind: &str) -> Option<&Value> {
        self.events.iter().rev().find(|event| event["type"] == kind)
    }

    /// The only event of a type.
    ///
    /// # Panics
    /// There is none, or several.
    #[track_caller]
    pub fn only(&self, kind: &str) -> &Value {
        let all = self.all(kind);
        assert!(all.len() == 1, "{} events {kind}\n{self}", all.len());
        all[0]
    }

    /// The rows of a kind.
    pub fn rows(&self, of: &str) -> Vec<&Value> {
        self.all("row").into_iter().filter(|row| row["of"] == of).collect()
    }

    /// The `file` events of a state.
    pub fn files(&self, state: &str) -> Vec<&Value> {
        self.all("file").into_iter().filter(|file| file["state"] == state).collect()
    }

    /// Warnings, by word.
    pub fn has_warning(&self, word: &str) -> bool {
        self.all("warning").iter().any(|warning| warning["word"] == word)
    }

    /// The word of the failure that ended it.
    pub fn failure(&self) -> Option<&str> {
        self.last("error").and_then(|error| error["word"].as_str())
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}\n{}", self.line, self.ended, told(&self.events, &self.plain, &self.errors))
    }
}

/// Waits until something holds that comes about by itself.
///
/// # Panics
/// It does not within two minutes.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}: it does not come about");
        std::thread::sleep(Duration::from_millis(5));
    }
}
