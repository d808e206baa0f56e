//! When certificates end, as an RFC 5545 calendar: one all-day event each, with a reminder two weeks before. Writes no
//! file.
//!
//! Ours, because what is to be had folds lines at 76 octets, and takes the time of day from the machine.

use console::Console;
use model::Timestamp;

use super::CertificateListed;
use super::certificates::purpose_key;

/// Octets of a line, its end apart (RFC 5545 section 3.1).
const LINE_OCTETS_MAX: usize = 75;
/// 2026-01-01: SEQUENCE counts seconds from here on, and has room until 2094.
const FIRST_SECONDS: u64 = 1_767_225_600;

/// A calendar.
pub(super) struct Made {
    /// The file.
    pub text: String,
    /// Events that stand in it, those that are taken out apart.
    pub events: usize,
}

/// The calendar of what is in force and ends from `now` on. With `practice`, its name, people and devices are named too;
/// without, nobody is.
pub(super) fn of(
    console: &Console,
    certificates: &[CertificateListed],
    practice: Option<&str>,
    pid: &str,
    now: Timestamp,
) -> Made {
    let mut lines = Lines(String::new());
    lines.plain("BEGIN:VCALENDAR");
    lines.plain("VERSION:2.0");
    lines.plain("PRODID:-//Counterfoil//certificates//EN");
    lines.plain("METHOD:PUBLISH");
    if let Some(practice) = practice {
        lines.value("NAME", &console.text("calendar-name", console::args![practice]));
    }
    let mut events = 0;
    for one in certificates {
        let Ok(until) = Timestamp::parse_rfc3339(&one.until) else { continue };
        let is_over = matches!(one.state.as_str(), "superseded" | "revoked" | "retired" | "dropped");
        // What had ended before it was replaced has left every calendar.
        if is_over && until < now {
            continue;
        }
        event(&mut lines, console, one, until, practice.is_some(), pid, now, is_over);
        events += usize::from(!is_over);
    }
    lines.plain("END:VCALENDAR");
    Made { text: lines.0, events }
}

#[allow(clippy::too_many_arguments)] // the parts of an event, each once
fn event(
    lines: &mut Lines,
    console: &Console,
    one: &CertificateListed,
    until: Timestamp,
    with_names: bool,
    pid: &str,
    now: Timestamp,
    is_over: bool,
) {
    let purpose = console.text(purpose_key(&one.purpose), &[]);
    let whose = match (with_names, &one.person, &one.label, &one.device) {
        (true, Some(person), Some(label), _) => format!(" · {person} · {label}"),
        (false, _, _, Some(device)) => format!(" · {device}"),
        _ => String::new(),
    };
    let renews = super::renews(console, one.renews.as_deref(), one.renews_by.as_deref());
    let what = format!("{purpose}{whose}");
    let summary = console.text("calendar-event", console::args![what = what.as_str()]);
    lines.plain("BEGIN:VEVENT");
    lines.value("UID", &format!("{}@{pid}", one.serial));
    lines.plain(&format!("DTSTAMP:{}", moment(now)));
    // Each writing replaces the one before.
    lines.plain(&format!(
        "SEQUENCE:{}",
        now.unix_seconds().saturating_sub(FIRST_SECONDS).min(i32::MAX as u64)
    ));
    lines.plain(&format!("DTSTART;VALUE=DATE:{}", day(until)));
    lines.plain(&format!("DTEND;VALUE=DATE:{}", day(until.plus_seconds(24 * 3600))));
    lines.value("SUMMARY", &summary);
    if !renews.is_empty() {
        lines.value("DESCRIPTION", &renews);
    }
    lines.plain("TRANSP:TRANSPARENT");
    lines.plain(if is_over { "STATUS:CANCELLED" } else { "STATUS:CONFIRMED" });
    if !is_over {
        lines.plain("BEGIN:VALARM");
        lines.plain("ACTION:DISPLAY");
        lines.value("DESCRIPTION", &summary);
        lines.plain("TRIGGER:-P14D");
        lines.plain("END:VALARM");
    }
    lines.plain("END:VEVENT");
}

/// `20261231` of a day in UTC.
fn day(at: Timestamp) -> String {
    let text = at.to_rfc3339();
    text.chars().take(10).filter(char::is_ascii_digit).collect()
}

/// `20261231T235959Z`.
fn moment(at: Timestamp) -> String {
    let text = at.to_rfc3339();
    let digits: String = text.chars().take(19).filter(|letter| !matches!(letter, '-' | ':')).collect();
    format!("{digits}Z")
}

/// Content lines: escaped and folded.
struct Lines(String);

impl Lines {
    /// A line of our own words.
    fn plain(&mut self, line: &str) {
        self.fold(line);
    }

    /// A line with foreign text as its value (RFC 5545 section 3.3.11).
    fn value(&mut self, name: &str, value: &str) {
        let mut line = format!("{name}:");
        for letter in console::text::safe(value).chars() {
            match letter {
                '\\' => line.push_str("\\\\"),
                ';' => line.push_str("\\;"),
                ',' => line.push_str("\\,"),
                '\n' => line.push_str("\\n"),
                letter => line.push(letter),
            }
        }
        self.fold(&line);
    }

    /// At most 75 octets a line, the blank at its beginning included; no character is cut (RFC 5545 section 3.1).
    fn fold(&mut self, line: &str) {
        let mut octets = 0;
        for letter in line.chars() {
            if octets + letter.len_utf8() > LINE_OCTETS_MAX {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            octets += letter.len_utf8();
            self.0.push(letter);
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_folded_by_octets_and_no_character_is_cut() {
        for unit in ["a", "é", "账", "😀"] {
            for count in 0..200 {
                let mut lines = Lines(String::new());
                let value = unit.repeat(count);
                lines.value("SUMMARY", &value);
                let folded = lines.0;
                assert!(folded.split("\r\n").all(|line| line.len() <= LINE_OCTETS_MAX), "{folded}");
                assert_eq!(folded.replace("\r\n ", ""), format!("SUMMARY:{value}\r\n"));
            }
        }
    }

    #[test]
    fn foreign_text_ends_no_line_and_begins_no_property() {
        let mut lines = Lines(String::new());
        lines.value("SUMMARY", "a;b,c\\d\r\nEND:VCALENDAR");
        assert_eq!(lines.0.matches("\r\n").count(), 1, "{}", lines.0);
        assert!(lines.0.starts_with("SUMMARY:a\\;b\\,c\\\\d"), "{}", lines.0);
    }

    #[test]
    fn days_and_moments_are_written_as_the_calendar_wants_them() {
        let at = Timestamp::from_unix_seconds(FIRST_SECONDS + 59);
        assert_eq!((day(at).as_str(), moment(at).as_str()), ("20260101", "20260101T000059Z"));
    }
}
