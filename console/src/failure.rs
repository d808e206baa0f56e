//! Failures that teach: what happened, why, what to do next, and a code that is the same in every language.
//!
//! One constructor a failure, `failure::gateway_unreachable(address, cause)`, so that no message lacks a value. The
//! rows are in `failure/table.rs`, the sentences in `locales/*/failures.ftl`, the list for readers in `failures.md`.

mod table;

pub use table::*;

use crate::{Arg, Catalogue, Event, Exit, event};
use serde_json::{Map, Value};

/// Whether the same line can succeed later without anything being changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Yes: the cause passes by itself, or the line goes on where it stopped.
    Later,
    /// No: something must be put right first.
    Never,
}

/// How a failure is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gravity {
    Error,
    Warning,
}

/// A failure with the values of its messages, ready to be shown in any language.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    code: FailureCode,
    exit: Exit,
    args: Vec<(&'static str, Arg<'static>)>,
}

impl Failure {
    fn new(code: FailureCode, args: Vec<(&'static str, Arg<'static>)>) -> Self {
        Self { code, exit: code.exit(), args }
    }

    /// Which failure it is.
    pub fn code(&self) -> FailureCode {
        self.code
    }

    /// The exit code to end with.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The same failure, ending with another exit code: what names one document among many is
    /// [`Exit::Partial`], the same alone may be [`Exit::Failed`].
    pub fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// What happened, in one sentence.
    pub fn what(&self, catalogue: &Catalogue) -> String {
        self.part("err", catalogue)
    }

    /// Why.
    pub fn why(&self, catalogue: &Catalogue) -> String {
        self.part("why", catalogue)
    }

    /// What to do next.
    pub fn next(&self, catalogue: &Catalogue) -> String {
        self.part("next", catalogue)
    }

    /// The event for programs when the command fails by it.
    pub fn error(&self, catalogue: &Catalogue) -> Event {
        Event::Error(self.problem(catalogue))
    }

    /// The event for programs when the command goes on.
    pub fn warning(&self, catalogue: &Catalogue) -> Event {
        Event::Warning(self.problem(catalogue))
    }

    /// The event for programs when one document is taken out of a submission by it. `name` is the name as sent.
    pub fn withdrawn(&self, catalogue: &Catalogue, name: &str) -> Event {
        Event::Withdrawn {
            name: name.to_owned(),
            code: self.code.number(),
            word: self.code.word().to_owned(),
            message: self.what(catalogue),
        }
    }

    /// The failure that a gateway's refusal means, by the word of the code in `protocol`. A word that this build
    /// does not know is shown as it is.
    pub fn of_refusal(word: &str) -> Self {
        match word {
            "unsupported" => version_unsupported(),
            "absent" => absent(),
            "not-confirmed" => not_confirmed("-"),
            "revoked" => device_refused(),
            "renew-first" => renewal_needed(),
            "renewal-bad" => renewal_refused(),
            "superseded" => identity_superseded(),
            "factor-needed" => factor_needed(),
            "factor-missing" => factor_missing(),
            "factor-wrong" => factor_wrong(),
            "factor-paused" => factor_paused(),
            "factor-locked" => factor_locked(),
            "factor-exists" => factor_exists(),
            "locked" => class_locked(),
            "gone" => document_gone(),
            "frozen" => document_frozen(),
            "expired" => upload_expired(),
            "lease-lost" => lease_lost(),
            "manifest-bad" | "piece-bad" | "piece-differs" | "origin-bad" | "digests-differ" => {
                piece_refused(word)
            }
            "held-gone" | "not-complete" | "closing" => send_again(word),
            "submission-differs" => submission_differs(),
            "empty" => nothing_left(),
            "take-bad" => take_refused(),
            "take-expired" => take_expired(),
            "too-many-documents" => too_many_documents(model::limits::SUBMISSION_DOCUMENTS_MAX),
            "too-large" => document_too_large("-"),
            "quota-bytes" => quota_bytes(),
            "quota-documents" => quota_documents(),
            "quota-entries" => quota_entries(),
            "too-many-uploads" => too_many_uploads(),
            "too-many-devices" => too_many_devices(model::limits::DEVICES_PER_PERSON_MAX as u64),
            "too-fast" => too_fast(),
            "too-slow" => too_slow(),
            "busy" => gateway_busy(),
            "disk-full" => gateway_full(),
            "clock-held" => clock_held(),
            "shutting-down" => gateway_stopping(),
            "internal" => gateway_failed(),
            other => request_refused(other),
        }
    }

    /// The failure that the closing of a connection by the other side means, by the word of the reason in
    /// `protocol`. `None` where it means none by itself (`done`, `idle`): then the connection was just lost.
    pub fn of_closing(word: &str) -> Option<Self> {
        match word {
            "done" | "idle" => None,
            "not-admitted" | "revoked" => Some(device_refused()),
            "renew-first" => Some(renewal_needed()),
            "too-many-connections" => Some(gateway_busy()),
            "too-fast" => Some(too_fast()),
            "shutting-down" => Some(gateway_stopping()),
            "declined" => Some(declined()),
            "internal" => Some(gateway_failed()),
            other => Some(request_refused(other)),
        }
    }

    fn part(&self, part: &str, catalogue: &Catalogue) -> String {
        catalogue.text(&format!("{part}-{}", self.code.word()), &self.args)
    }

    fn problem(&self, catalogue: &Catalogue) -> event::Problem {
        event::Problem {
            code: self.code.number(),
            word: self.code.word().to_owned(),
            message: self.what(catalogue),
            why: self.why(catalogue),
            hint: self.next(catalogue),
            retryable: self.code.again() == Again::Later,
            exit: self.exit.code(),
            details: self.details(),
        }
    }

    /// The values as programs want them: exact, and in no language.
    fn details(&self) -> Map<String, Value> {
        let value = |arg: &Arg<'static>| -> Value {
            match arg {
                Arg::Text(text) => text.as_ref().into(),
                Arg::Count(count) => (*count).into(),
                Arg::Bytes(bytes) => (*bytes).into(),
                Arg::Span(span) => span.as_secs_f64().into(),
                Arg::Time(time) | Arg::Date(time) => time.to_rfc3339().into(),
                Arg::Period(period) => period.to_string().into(),
                Arg::Role(role) => role.as_str().into(),
                Arg::Class(class) => class.as_str().into(),
                Arg::Kind(kind) => kind.as_str().into(),
                Arg::Message(key) => (*key).into(),
            }
        };
        self.args.iter().map(|(name, arg)| ((*name).to_owned(), value(arg))).collect()
    }
}

/// For logs: the code, the word and nothing foreign.
impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code.number(), self.code.word())
    }
}

impl std::error::Error for Failure {}

impl std::fmt::Display for FailureCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn numbers_and_words_are_used_once() {
        let mut numbers: Vec<String> = FailureCode::ALL.iter().map(|code| code.number()).collect();
        let mut words: Vec<&str> = FailureCode::ALL.iter().map(|code| code.word()).collect();
        assert!(numbers.is_sorted(), "rows stand in the order of their numbers");
        numbers.dedup();
        words.sort_unstable();
        words.dedup();
        assert_eq!((numbers.len(), words.len()), (FailureCode::ALL.len(), FailureCode::ALL.len()));
    }

    #[test]
    fn every_failure_is_said_whole_in_both_languages() {
        for language in Language::ALL {
            let catalogue = Catalogue::new(language);
            for code in FailureCode::ALL {
                let args = code.arguments().iter().map(|name| (*name, Arg::Text("VALUE".into()))).collect();
                let failure = Failure::new(*code, args);
                for said in [failure.what(&catalogue), failure.why(&catalogue), failure.next(&catalogue)] {
                    assert!(!said.contains("{$") && !said.contains("[err"), "{code} {language}: {said}");
                    assert!(said.chars().count() > 3, "{code} {language}: {said}");
                }
            }
        }
    }

    #[test]
    fn foreign_values_can_not_dress_up_a_failure() {
        let catalogue = Catalogue::new(Language::Chinese);
        let failure = file_unreadable("a\n错误\u{1b}[2J\u{202e}.pdf", "no");
        assert!(!failure.what(&catalogue).contains(['\n', '\u{1b}', '\u{202e}']));
        let Event::Error(problem) = failure.error(&catalogue) else { unreachable!() };
        assert_eq!(problem.details["path"], "a\n错误\u{1b}[2J\u{202e}.pdf");
    }

    #[test]
    fn every_refusal_of_the_protocol_has_a_failure() {
        let source = include_str!("../../protocol/src/code.rs");
        let words = source.lines().filter_map(|line| {
            let mut parts = line.split_whitespace();
            parts.next()?.parse::<u16>().ok()?;
            let word = parts.nth(1)?.strip_prefix('"')?.strip_suffix('"')?;
            matches!(parts.next()?, "Later" | "Never" | "Reopen").then_some(word)
        });
        let shown_by_its_word = ["malformed", "unknown-message", "too-long", "not-now"];
        let mut count = 0;
        for word in words {
            count += 1;
            let failure = Failure::of_refusal(word);
            let general = failure.code() == FailureCode::RequestRefused;
            assert_eq!(general, shown_by_its_word.contains(&word), "{word}");
        }
        assert!(count > 30, "the table in protocol/src/code.rs was not read");
    }

    #[test]
    fn the_page_lists_every_failure() {
        let catalogue = Catalogue::new(Language::English);
        let rows: String = FailureCode::ALL
            .iter()
            .map(|code| {
                let args = code.arguments().iter().map(|name| (*name, Arg::Text(format!("‹{name}›").into())));
                let what = Failure::new(*code, args.collect()).what(&catalogue);
                format!("| {code} | {} | {} | {what} |\n", code.word(), code.exit().code())
            })
            .collect();
        let page = include_str!("../failures.md");
        assert!(page.contains(&rows), "failures.md must contain exactly:\n{rows}");
    }
}
