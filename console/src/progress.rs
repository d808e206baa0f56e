//! One model of how far it is, and two printers: bars for people at a terminal, JSON lines for programs.
//!
//! ```text
//! phase(Hashing) → document(…).advance(…)…done() → phase(Sending) → … → finish()
//! ```
//! The model counts; it never decides when something is done. Only a receipt does.

use crate::output::held;
use crate::{Console, Event, Output, args, event, human, text};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// At most two JSON lines a second.
const LINE_EVERY: Duration = Duration::from_millis(500);
/// The pace is that of the last so many seconds.
const PACE_OVER: Duration = Duration::from_secs(8);
/// Documents that have a bar of their own at once; the others count in the whole.
const BARS_MAX: usize = 3;
/// Smaller documents have no bar: it would be gone before it is read.
const BAR_BYTES_MIN: u64 = 8 << 20;
/// How often the bars are drawn when bytes come in.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// The named parts of a transfer, so that nobody wonders what takes so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Folders are listed.
    Reading,
    /// Digests are computed from the files.
    Hashing,
    /// Pieces go to the gateway.
    Sending,
    /// Everything is there; the gateway checks it and signs.
    Receipt,
    /// Pieces come from the gateway and are checked one by one.
    Fetching,
    /// What is on this disk is checked once more.
    Verifying,
}

impl Phase {
    /// The key of its name.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Reading => "phase-reading",
            Self::Hashing => "phase-hashing",
            Self::Sending => "phase-sending",
            Self::Receipt => "phase-receipt",
            Self::Fetching => "phase-fetching",
            Self::Verifying => "phase-verifying",
        }
    }
}

/// What a phase has to do. Zero where it is not known before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// Documents.
    pub documents: u64,
    /// Bytes.
    pub bytes: u64,
}

/// How far a command is. Cheap to clone, shared freely between threads and tasks.
#[derive(Clone)]
pub struct Progress {
    console: Console,
    state: Arc<Mutex<State>>,
}

struct State {
    model: Model,
    whole: Option<ProgressBar>,
    bars: usize,
    drawn_at: Option<Duration>,
}

/// The counts of one phase. Pure: time comes in by argument.
#[derive(Debug, Clone)]
struct Model {
    phase: Phase,
    total: Total,
    done: Total,
    /// What was already there when the phase began; it has no pace.
    before_bytes: u64,
    /// (when, bytes done), for the pace; at most one a quarter second.
    samples: VecDeque<(Duration, u64)>,
    line_at: Option<Duration>,
}

/// One document on its way. Dropping it without [`DocumentProgress::done`] just takes its bar away.
pub struct DocumentProgress {
    progress: Progress,
    bar: Option<ProgressBar>,
}

impl Console {
    /// Begins to show how far a command is, in its first phase.
    pub fn progress(&self, phase: Phase, total: Total) -> Progress {
        let state = State { model: Model::new(phase, total), whole: None, bars: 0, drawn_at: None };
        let progress = Progress { console: self.clone(), state: Arc::new(Mutex::new(state)) };
        progress.begin();
        progress
    }
}

impl Progress {
    /// Goes on to the next phase; counts begin anew.
    pub fn phase(&self, phase: Phase, total: Total) {
        {
            let mut state = held(&self.state);
            state.model = Model::new(phase, total);
            state.clear_whole();
        }
        self.begin();
    }

    /// The phase's total became known or grew (a folder is still being listed).
    pub fn total(&self, total: Total) {
        let mut state = held(&self.state);
        state.model.total = total;
        if let Some(whole) = &state.whole {
            whole.set_length(total.bytes.max(1));
        }
    }

    /// What needs no work in this phase: pieces already held, documents already hashed. Counts, but has no pace.
    pub fn already(&self, done: Total) {
        self.step(done, Pace::Before);
    }

    /// Bytes done that belong to no document with a bar.
    pub fn advance(&self, bytes: u64) {
        self.step(Total { documents: 0, bytes }, Pace::Now);
    }

    /// A document is done whose bytes were counted by [`Progress::advance`].
    pub fn document_done(&self) {
        self.step(Total { documents: 1, bytes: 0 }, Pace::Now);
    }

    /// A document begins. Large ones get a bar while there is room.
    pub fn document(&self, name: &str, bytes: u64) -> DocumentProgress {
        let mut bar = None;
        if self.console.draws_bars() && bytes >= BAR_BYTES_MIN {
            let mut state = held(&self.state);
            if state.bars < BARS_MAX {
                state.bars += 1;
                let fresh = self.console.bars().add(ProgressBar::new(bytes));
                fresh.set_style(style("  {prefix} {bar:16} {percent:>3}%  {binary_bytes_done}"));
                fresh.set_prefix(text::pad(&text::fit_name(&text::safe(name), 28), 28));
                bar = Some(fresh);
            }
        }
        DocumentProgress { progress: self.clone(), bar }
    }

    /// Bytes done in this phase so far, what was already there included.
    pub fn bytes(&self) -> u64 {
        held(&self.state).model.done.bytes
    }

    /// Ends the showing; bars go away, a last JSON line says how far it came.
    pub fn finish(&self) {
        let now = self.console.now();
        let mut state = held(&self.state);
        state.clear_whole();
        if self.console.manner().output == Output::Json && state.model.done != Total::default() {
            let event = state.model.event(now);
            drop(state);
            self.console.emit(&event);
        }
    }

    /// Announces the phase: a line for programs, a bar or a line for people.
    fn begin(&self) {
        let mut state = held(&self.state);
        let Model { phase, total, .. } = state.model;
        state.drawn_at = None;
        match self.console.manner().output {
            Output::Json => {
                self.console.emit(&Event::Phase { phase, documents: total.documents, bytes: total.bytes });
            }
            Output::Quiet => {}
            Output::People if self.console.draws_bars() => {
                let whole = self.console.bars().add(ProgressBar::new(total.bytes.max(1)));
                whole.set_style(style("{prefix} {bar:24} {percent:>3}%  {msg}"));
                whole.set_prefix(self.console.text(phase.key(), &[]));
                whole.enable_steady_tick(DRAW_EVERY);
                state.whole = Some(whole);
            }
            Output::People => {
                let name = self.console.text(phase.key(), &[]);
                let line = match total {
                    Total { documents: 0, .. } => name,
                    Total { documents, bytes } => {
                        let bytes = crate::Arg::Bytes(bytes);
                        self.console.text("phase-begins", args![phase = name, documents, bytes])
                    }
                };
                self.console.write_err(&line);
            }
        }
    }

    fn step(&self, done: Total, pace: Pace) {
        let now = self.console.now();
        let mut state = held(&self.state);
        state.model.step(done, pace, now);
        let event = match self.console.manner().output {
            Output::Json => state.model.due(now).then(|| state.model.event(now)),
            Output::People | Output::Quiet => None,
        };
        if let Some(whole) = state.whole.clone() {
            whole.set_position(state.model.done.bytes);
            if state.drawn_at.is_none_or(|at| now.saturating_sub(at) >= DRAW_EVERY) {
                state.drawn_at = Some(now);
                whole.set_message(self.line(&state.model, now));
            }
        }
        drop(state);
        if let Some(event) = event {
            self.console.emit(&event);
        }
    }

    /// What stands beside the bar of the whole.
    fn line(&self, model: &Model, now: Duration) -> String {
        let done = human::bytes(model.done.bytes);
        let total = human::bytes(model.total.bytes);
        let documents = model.done.documents;
        let documents_total = model.total.documents;
        let pace = model.pace(now);
        match model.seconds_left(pace) {
            Some(seconds) => {
                let pace = human::pace(pace);
                let left = Duration::from_secs(seconds);
                self.console.text("progress-line", args![documents, documents_total, done, total, pace, left])
            }
            None => self.console.text("progress-line-start", args![documents, documents_total, done, total]),
        }
    }
}

impl DocumentProgress {
    /// Bytes of this document done.
    pub fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
        self.progress.advance(bytes);
    }

    /// Bytes of this document that were there already.
    pub fn already(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
        self.progress.already(Total { documents: 0, bytes });
    }

    /// This document is done.
    pub fn done(self) {
        self.progress.document_done();
    }
}

impl Drop for DocumentProgress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
            let mut state = held(&self.progress.state);
            state.bars = state.bars.saturating_sub(1);
        }
    }
}

impl State {
    fn clear_whole(&mut self) {
        if let Some(whole) = self.whole.take() {
            whole.finish_and_clear();
        }
    }
}

/// Whether bytes were moved now or were there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Now,
    Before,
}

impl Model {
    fn new(phase: Phase, total: Total) -> Self {
        let samples = VecDeque::new();
        Self { phase, total, done: Total::default(), before_bytes: 0, samples, line_at: None }
    }

    fn step(&mut self, done: Total, pace: Pace, now: Duration) {
        self.done.documents = self.done.documents.saturating_add(done.documents);
        self.done.bytes = self.done.bytes.saturating_add(done.bytes);
        if pace == Pace::Before {
            self.before_bytes = self.before_bytes.saturating_add(done.bytes);
            return;
        }
        let moved = self.done.bytes.saturating_sub(self.before_bytes);
        if self.samples.back().is_none_or(|(at, _)| now.saturating_sub(*at) >= Duration::from_millis(250)) {
            self.samples.push_back((now, moved));
        }
        while self.samples.len() > 2
            && self.samples.front().is_some_and(|(at, _)| now.saturating_sub(*at) > PACE_OVER)
        {
            self.samples.pop_front();
        }
    }

    /// Bytes a second over the last seconds; 0 before there is anything to measure.
    fn pace(&self, now: Duration) -> u64 {
        let Some((since, from)) = self.samples.front() else { return 0 };
        let moved = self.done.bytes.saturating_sub(self.before_bytes).saturating_sub(*from);
        let ms = now.saturating_sub(*since).as_millis();
        u64::try_from(u128::from(moved) * 1000 / ms.max(1)).unwrap_or(u64::MAX)
    }

    fn seconds_left(&self, pace: u64) -> Option<u64> {
        let left = self.total.bytes.saturating_sub(self.done.bytes);
        if self.samples.len() < 2 { None } else { left.checked_div(pace) }
    }

    /// Whether a JSON line is due; counts as printed when it is.
    fn due(&mut self, now: Duration) -> bool {
        let due = self.line_at.is_none_or(|at| now.saturating_sub(at) >= LINE_EVERY);
        if due {
            self.line_at = Some(now);
        }
        due
    }

    fn event(&self, now: Duration) -> Event {
        let pace = self.pace(now);
        Event::Progress(event::Progressing {
            phase: self.phase,
            documents: self.done.documents,
            documents_total: self.total.documents,
            bytes: self.done.bytes,
            bytes_total: self.total.bytes,
            bytes_per_second: pace,
            seconds_left: self.seconds_left(pace),
        })
    }
}

/// Sizes in bars are decimal, as in the messages. A form that is wrong gives a plain bar, never a failure.
fn style(form: &str) -> ProgressStyle {
    let form = form.replace("{binary_bytes_done}", "{decimal_bytes}/{decimal_total_bytes}");
    let styled = ProgressStyle::with_template(&form).unwrap_or_else(|_| ProgressStyle::default_bar());
    styled.progress_chars("█▉▊▋▌▍▎▏░")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Captured, Input, Language, Manner, output::Colour};
    use std::sync::atomic::{AtomicU64, Ordering};

    fn console(output: Output) -> (Console, Captured, Arc<AtomicU64>) {
        let ms = Arc::new(AtomicU64::new(0));
        let ticks = ms.clone();
        let manner =
            Manner { language: Language::Chinese, output, input: Input::Never, colour: Colour::Never };
        let clock = move || Duration::from_millis(ticks.load(Ordering::Relaxed));
        let (console, said) = Console::captured(manner, clock, &[]);
        (console, said, ms)
    }

    #[test]
    fn programs_get_at_most_two_lines_a_second() {
        let (console, said, ms) = console(Output::Json);
        let progress = console.progress(Phase::Sending, Total { documents: 1, bytes: 1000 });
        let document = progress.document("a.pdf", 1000);
        for _ in 0..1000 {
            document.advance(1);
            ms.fetch_add(10, Ordering::Relaxed);
        }
        document.done();
        progress.finish();
        let events = said.events();
        assert_eq!(events[0]["type"], "phase");
        let lines = events.iter().filter(|event| event["type"] == "progress").count();
        assert!((19..=22).contains(&lines), "{lines}");
        let last = events.last().unwrap();
        assert_eq!((&last["bytes"], &last["documents"]), (&1000.into(), &1.into()));
    }

    #[test]
    fn what_was_there_before_has_no_pace() {
        let mut model = Model::new(Phase::Sending, Total { documents: 1, bytes: 11_000 });
        model.step(Total { documents: 0, bytes: 9_000 }, Pace::Before, Duration::ZERO);
        for second in 0..=10 {
            model.step(Total { documents: 0, bytes: 100 }, Pace::Now, Duration::from_secs(second));
        }
        let now = Duration::from_secs(10);
        assert_eq!(model.pace(now), 100);
        assert_eq!(model.seconds_left(100), Some(9));
    }

    #[test]
    fn no_totals_and_no_time_divide_by_nothing() {
        let mut model = Model::new(Phase::Reading, Total::default());
        assert_eq!(model.pace(Duration::ZERO), 0);
        model.step(Total { documents: u64::MAX, bytes: u64::MAX }, Pace::Now, Duration::ZERO);
        model.step(Total { documents: 1, bytes: 1 }, Pace::Now, Duration::ZERO);
        assert_eq!(model.seconds_left(model.pace(Duration::ZERO)), None);
    }

    #[test]
    fn without_a_terminal_a_phase_is_one_line() {
        let (console, said, _) = console(Output::People);
        let progress = console.progress(Phase::Hashing, Total { documents: 5, bytes: 61_000_000 });
        progress.advance(1_000_000);
        progress.phase(Phase::Receipt, Total::default());
        progress.finish();
        assert_eq!(said.err().lines().count(), 2, "{}", said.err());
        assert!(said.err().contains("61.0 MB"));
        assert_eq!(said.out(), "");
    }
}
