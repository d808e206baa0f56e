//! What there is: every device and every certificate, where each stands, until when, and whether it renews by itself.

mod calendar;
mod certificates;
mod devices;

use console::{Console, Exit, Failure, failure};
use model::Timestamp;

pub(crate) use certificates::purpose_key;
pub use certificates::{CertificateListed, Certificates};
pub use devices::{DeviceListed, Devices};

/// `30d`, `12h`, or days: as seconds.
///
/// # Errors
/// Anything else.
pub fn within(text: &str) -> Result<u64, Failure> {
    let wrong = || failure::argument_wrong("--within", text, console::Arg::Message("expected-days"));
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'd')) => (text.get(..at), 24 * 3600),
        Some((at, 'h')) => (text.get(..at), 3600),
        _ => (Some(text), 24 * 3600),
    };
    let count: u64 = digits.and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?;
    count.checked_mul(unit).ok_or_else(wrong)
}

/// `--sort`, `--within`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Looking {
    #[arg(long, value_name = "name|expiry")]
    sort: Option<String>,
    #[arg(long, value_name = "DAYS")]
    within: Option<String>,
}

impl Looking {
    /// What was given is understood, before anything is asked.
    fn check(&self) -> Result<(), Failure> {
        match self.sort.as_deref() {
            None | Some("name" | "expiry") => {}
            Some(other) => return Err(failure::argument_wrong("--sort", other, "name, expiry")),
        }
        self.within.as_deref().map(within).transpose().map(drop)
    }

    /// Leaves those that end in time, in the order that is wanted.
    fn at<T>(&self, rows: &mut Vec<T>, now: &str, until: impl Fn(&T) -> Option<&str>) -> Result<(), Failure> {
        if let Some(text) = self.within.as_deref() {
            let now = Timestamp::parse_rfc3339(now).map_err(|_| crate::other_answer())?;
            let limit = now.plus_seconds(within(text)?);
            rows.retain(|row| {
                let end = until(row).and_then(|until| Timestamp::parse_rfc3339(until).ok());
                end.is_some_and(|end| end <= limit)
            });
        }
        if self.sort.as_deref() == Some("expiry") {
            // RFC 3339 in one form: the order of its letters is that of time. What has no end comes last.
            rows.sort_by_key(|row| {
                let until = until(row);
                (until.is_none(), until.map(str::to_owned))
            });
        }
        Ok(())
    }

    /// With `--within`: 1 where something ends so soon, for a program that looks every day.
    fn exit(&self, found: usize) -> Exit {
        match (&self.within, found) {
            (None, _) | (Some(_), 0) => Exit::Done,
            (Some(_), _) => Exit::Failed,
        }
    }
}

/// A date as people read it.
fn date(console: &Console, text: &str) -> String {
    let at = Timestamp::parse_rfc3339(text);
    at.map_or_else(|_| "?".to_owned(), |at| console::human::date(console.manner().language, at))
}

/// Whether it renews by itself, in words.
fn renews(console: &Console, word: Option<&str>, by: Option<&str>) -> String {
    let key = match word {
        Some("self") => "renews-self",
        Some("late") => "renews-late",
        Some("stuck") => "renews-stuck",
        Some(_) => "renews-never",
        None => return String::new(),
    };
    let by = by.map(|by| date(console, by)).unwrap_or_default();
    console.text(key, console::args![by = by.as_str()])
}

/// How something stands, in words.
fn state(console: &Console, word: &str) -> String {
    let key = match word {
        "active" => "people-active",
        "waiting" => "people-waiting",
        "declined" => "people-declined",
        "suspended" => "people-suspended",
        "revoked" => "people-revoked",
        "over" => "people-over",
        "fresh" => "cert-state-fresh",
        "current" | "signing" => "cert-state-current",
        "old" | "trusted" => "cert-state-old",
        "superseded" | "retired" => "cert-state-superseded",
        "expired" => "cert-state-expired",
        "prepared" | "distributed" => "cert-state-prepared",
        "dropped" => "cert-state-dropped",
        _ => return word.to_owned(),
    };
    console.text(key, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_days_or_says_what_it_is() {
        assert_eq!(within("30d").unwrap(), 30 * 86_400);
        assert_eq!(within("30").unwrap(), 30 * 86_400);
        assert_eq!(within("12h").unwrap(), 12 * 3600);
        for wrong in ["", "d", "-1d", "99999999999999999d", "3 d", "30дней"] {
            assert!(within(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_ends_in_time_is_left_in_the_order_of_its_end() {
        let looking = |sort: Option<&str>, within: Option<&str>| Looking {
            sort: sort.map(str::to_owned),
            within: within.map(str::to_owned),
        };
        let ends = ["2026-12-31T00:00:00.000Z", "2026-12-02T00:00:00.000Z", "2026-11-01T00:00:00.000Z", ""];
        let now = "2026-12-01T00:00:00.000Z";
        let at = |looking: &Looking| {
            let mut rows = ends.map(str::to_owned).to_vec();
            looking.at(&mut rows, now, |row| Some(row.as_str()).filter(|end| !end.is_empty())).unwrap();
            rows
        };
        assert_eq!(at(&looking(None, None)), ends);
        assert_eq!(at(&looking(Some("expiry"), None)), [ends[2], ends[1], ends[0], ends[3]]);
        let soon = looking(Some("expiry"), Some("30d"));
        assert_eq!(at(&soon), [ends[2], ends[1], ends[0]]);
        assert_eq!((soon.exit(0), soon.exit(2)), (Exit::Done, Exit::Failed));
        assert_eq!(at(&looking(None, Some("29d"))), [ends[1], ends[2]]);
        assert_eq!(looking(None, None).exit(2), Exit::Done);
        assert!(looking(Some("size"), None).check().is_err());
        assert!(looking(None, Some("soon")).check().is_err());
    }
}
