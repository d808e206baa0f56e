//! The console itself: where things are said, and how loudly. Knows no message by heart but the headings.
//!
//! stdout carries what was asked for: text for people, or with `--json` one event a line and nothing else.
//! stderr carries what accompanies it: bars, notes, warnings, errors; with `--json` nothing.

use crate::{Arg, Catalogue, Event, Exit, Failure, Language, failure::Gravity, text};
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::collections::VecDeque;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How much is printed, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// For people: everything.
    People,
    /// For people who asked for quiet: results, warnings and errors.
    Quiet,
    /// For programs: one JSON event a line on stdout.
    Json,
}

/// What becomes of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// It is asked, if somebody is at the terminal; else it fails by name.
    Ask,
    /// `--yes`: yes-or-no questions are answered with yes. Secrets are not asked for.
    Yes,
    /// `--no-input`: nothing is asked, and every question fails by name.
    Never,
}

/// Whether colours may be used on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal that has them, unless `NO_COLOR` is set or `TERM` is `dumb`.
    Auto,
    /// `--no-color`.
    Never,
}

/// How a program was asked to speak. Made from the flags: [`crate::help::SpeechFlags::manner`].
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// In which language.
    pub language: Language,
    /// How much, and for whom.
    pub output: Output,
    /// What becomes of questions.
    pub input: Input,
    /// Whether in colour.
    pub colour: Colour,
}

/// The meaning of a colour. Words carry the meaning too; colour never alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It is as it should be.
    Good,
    /// Look at this.
    Warn,
    /// It failed.
    Bad,
    /// Less important.
    Dim,
    /// More important.
    Bold,
}

/// Gives the time since some fixed moment, never going back: `host`'s monotonic clock.
pub type Ticks = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Everything a program says goes through here. Cheap to clone, shared freely between threads.
#[derive(Clone)]
pub struct Console {
    catalogue: Arc<Catalogue>,
    manner: Manner,
    ticks: Ticks,
    screen: Arc<Screen>,
}

/// Both streams, and what is drawn over them.
struct Screen {
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    /// The first failure of stdout.
    unsaid: Mutex<Option<ErrorKind>>,
    out_has_colour: bool,
    err_has_colour: bool,
    /// Whether bars may be drawn on stderr.
    err_is_terminal: bool,
    bars: MultiProgress,
    /// `Some` where questions are answered by a script (tests), not by the terminal.
    answers: Option<Mutex<VecDeque<String>>>,
}

/// What a captured console has printed.
#[derive(Clone, Default)]
pub struct Captured {
    out: Buffer,
    err: Buffer,
}

impl Captured {
    /// All of stdout.
    pub fn out(&self) -> String {
        self.out.text()
    }

    /// All of stderr.
    pub fn err(&self) -> String {
        self.err.text()
    }

    /// The JSON lines of stdout.
    pub fn events(&self) -> Vec<serde_json::Value> {
        self.out().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

impl Console {
    /// Speaks on the process's own stdout and stderr.
    pub fn open(manner: Manner, ticks: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        let (out, err) = (std::io::stdout(), std::io::stderr());
        let colour = |terminal: bool| terminal && manner.colour == Colour::Auto && environment_has_colour();
        let bars_wanted = err.is_terminal() && manner.output == Output::People && terminal_is_able();
        let target = if bars_wanted { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let screen = Screen {
            out_has_colour: colour(out.is_terminal()),
            err_has_colour: colour(err.is_terminal()),
            err_is_terminal: bars_wanted,
            out: Mutex::new(Box::new(out)),
            err: Mutex::new(Box::new(err)),
            unsaid: Mutex::default(),
            bars: MultiProgress::with_draw_target(target),
            answers: None,
        };
        Self::over(manner, Arc::new(ticks), screen)
    }

    /// Speaks into memory, without colours and bars; questions are answered by `answers` in order.
    pub fn captured(
        manner: Manner,
        ticks: impl Fn() -> Duration + Send + Sync + 'static,
        answers: &[&str],
    ) -> (Self, Captured) {
        let captured = Captured::default();
        let screen = Screen {
            out: Mutex::new(Box::new(captured.out.clone())),
            err: Mutex::new(Box::new(captured.err.clone())),
            unsaid: Mutex::default(),
            out_has_colour: false,
            err_has_colour: false,
            err_is_terminal: false,
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
            answers: Some(Mutex::new(answers.iter().map(|answer| (*answer).to_owned()).collect())),
        };
        (Self::over(manner, Arc::new(ticks), screen), captured)
    }

    fn over(manner: Manner, ticks: Ticks, screen: Screen) -> Self {
        Self { catalogue: Arc::new(Catalogue::new(manner.language)), manner, ticks, screen: Arc::new(screen) }
    }

    /// The messages in the language chosen.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// How the program was asked to speak.
    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// One message of the catalogue; see [`Catalogue::text`] and [`say!`](crate::say).
    pub fn text(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        self.catalogue.text(key, args)
    }

    /// Prints a message on stdout for people; nothing when quiet or in JSON.
    pub fn say(&self, key: &str, args: &[(&str, Arg<'_>)]) {
        if self.manner.output == Output::People {
            self.write_out(&self.text(key, args));
        }
    }

    /// Prints a message on stderr for people; nothing when quiet or in JSON.
    pub fn note(&self, key: &str, args: &[(&str, Arg<'_>)]) {
        if self.manner.output == Output::People {
            self.write_err(&self.text(key, args));
        }
    }

    /// Prints what was asked for (a list, an invitation, a picture of blocks) on stdout, also when quiet; nothing in
    /// JSON. The text is ours: whatever is foreign in it went through [`text::safe`] or a message before.
    pub fn print(&self, text: &str) {
        if self.manner.output != Output::Json {
            self.write_out(text);
        }
    }

    /// Prints an event as one line on stdout in JSON; nothing for people.
    pub fn emit(&self, event: &Event) {
        if self.manner.output == Output::Json {
            self.write_out(&event.line());
        }
    }

    /// Prints a warning: what, why, what next, and the code. The command goes on.
    pub fn warn(&self, failure: &Failure) {
        match self.manner.output {
            Output::Json => self.write_out(&failure.warning(&self.catalogue).line()),
            Output::People | Output::Quiet => self.write_err(&self.explained(failure, Gravity::Warning)),
        }
    }

    /// Prints an error as the last thing that a command says, and gives the exit code to end with. Where stdout could
    /// not be written, stderr may still be read.
    pub fn fail(&self, failure: &Failure) -> Exit {
        match self.manner.output {
            Output::Json if self.unsaid().is_none() => self.write_out(&failure.error(&self.catalogue).line()),
            _ => self.write_err(&self.explained(failure, Gravity::Error)),
        }
        failure.exit()
    }

    /// The text of a failure for people: a heading, and under it the reason and the way on.
    fn explained(&self, failure: &Failure, gravity: Gravity) -> String {
        let (heading, tone) = match gravity {
            Gravity::Error => ("failure-error", Tone::Bad),
            Gravity::Warning => ("failure-warning", Tone::Warn),
        };
        let code = failure.code().number();
        let heading = self.text(heading, crate::args![code]);
        let heading = if self.screen.err_has_colour { tinted(tone, &heading) } else { heading };
        let why = self.text("failure-why", &[]);
        let next = self.text("failure-next", &[]);
        format!(
            "{heading}{}\n  {why}{}\n  {next}{}",
            indented(&failure.what(&self.catalogue)),
            indented(&failure.why(&self.catalogue)),
            indented(&failure.next(&self.catalogue)),
        )
    }

    /// The text in a colour, where stdout shows colours.
    pub fn tinted(&self, tone: Tone, text: &str) -> String {
        if self.screen.out_has_colour { tinted(tone, text) } else { text.to_owned() }
    }

    /// How wide stdout is, in columns: the terminal's width, 80 to anything that is no terminal.
    pub fn columns(&self) -> usize {
        let measured = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        measured.filter(|columns| *columns >= 20).unwrap_or(80)
    }

    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.screen.bars
    }

    pub(crate) fn draws_bars(&self) -> bool {
        self.screen.err_is_terminal
    }

    pub(crate) fn now(&self) -> Duration {
        (self.ticks)()
    }

    /// The next answer of the script; `None` where there is no script.
    pub(crate) fn scripted(&self) -> Option<Option<String>> {
        self.screen.answers.as_ref().map(|answers| held(answers).pop_front())
    }

    /// Why something that was said on stdout could not be written, if so. For what can not be said again; elsewhere a
    /// reader that went away (`| head`) is no failure of ours, and nobody is left to be told.
    pub fn unsaid(&self) -> Option<ErrorKind> {
        *held(&self.screen.unsaid)
    }

    pub(crate) fn write_out(&self, text: &str) {
        if let Err(error) = self.screen.bars.suspend(|| line_to(&self.screen.out, text)) {
            held(&self.screen.unsaid).get_or_insert(error.kind());
        }
    }

    pub(crate) fn write_err(&self, text: &str) {
        // Nobody is left to be told.
        let _ = self.screen.bars.suspend(|| line_to(&self.screen.err, text));
    }

    /// A question, with no line end after it.
    pub(crate) fn write_question(&self, text: &str) {
        let mut stream = held(&self.screen.err);
        let _ = write!(stream, "{text} ").and_then(|()| stream.flush());
    }
}

fn line_to(stream: &Mutex<Box<dyn Write + Send>>, text: &str) -> std::io::Result<()> {
    let mut stream = held(stream);
    writeln!(stream, "{text}").and_then(|()| stream.flush())
}

/// A thread that panicked while it printed leaves nothing half-done that matters.
pub(crate) fn held<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lines after the first begin under the first.
fn indented(text: &str) -> String {
    text.replace('\n', "\n        ")
}

fn tinted(tone: Tone, text: &str) -> String {
    let code = match tone {
        Tone::Good => "32",
        Tone::Warn => "33",
        Tone::Bad => "1;31",
        Tone::Dim => "2",
        Tone::Bold => "1",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// <https://no-color.org>: set and not empty means no colours.
fn environment_has_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && terminal_is_able()
}

fn terminal_is_able() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&held(&self.0)).into_owned()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        held(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One line of a foreign message for a heading: made safe and cut to what a person reads at a glance.
pub(crate) fn glance(text: &str) -> String {
    text::fit(&text::safe(text), 200).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{args, failure};

    fn manner(output: Output) -> Manner {
        Manner { language: Language::Chinese, output, input: Input::Never, colour: Colour::Auto }
    }

    fn console(output: Output) -> (Console, Captured) {
        Console::captured(manner(output), || Duration::ZERO, &[])
    }

    #[test]
    fn an_error_says_what_why_next_and_its_code() {
        let (console, said) = console(Output::People);
        let exit = console.fail(&failure::gateway_unreachable("gw.example.cn:4433", "timed out"));
        assert_eq!(exit, Exit::Unreachable);
        let text = said.err();
        assert!(text.starts_with("错误 F-0301："), "{text}");
        assert!(text.contains("\n  原因：") && text.contains("\n  办法："), "{text}");
        assert_eq!(said.out(), "");
    }

    #[test]
    fn json_goes_to_stdout_alone_and_ends_with_the_error() {
        let (console, said) = console(Output::Json);
        console.say("answer-hint", args![]);
        console.note("answer-hint", args![]);
        console.print("table");
        console.warn(&failure::upload_expired());
        console.fail(&failure::gateway_unreachable("gw.example.cn:4433", "timed\nout"));
        assert_eq!(said.err(), "");
        let events = said.events();
        assert_eq!(events.len(), 2);
        assert_eq!(events[0]["type"], "warning");
        assert_eq!(events[1]["type"], "error");
        assert_eq!(events[1]["code"], "F-0301");
        assert_eq!(events[1]["exit"], 12);
        assert_eq!(events[1]["retryable"], true);
    }

    #[test]
    fn quiet_keeps_results_and_warnings() {
        let (console, said) = console(Output::Quiet);
        console.say("answer-hint", args![]);
        console.print("result");
        console.warn(&failure::upload_expired());
        assert_eq!(said.out(), "result\n");
        assert!(said.err().starts_with("注意 F-"));
    }
}
