//! What a setting may be: its kind, its bound, and how it is read and written. Reads no file.

use crate::Arg;
use std::borrow::Cow;

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key: `limits.uploads_open_max`. Sections are lower case, names may have `_`.
    pub key: &'static str,
    /// What it may be.
    pub kind: ValueKind,
    /// Its default as people write it (`7d`, `48 MiB`, `16`); `None` where there can be none.
    pub default: Option<&'static str>,
    /// How far it may be moved.
    pub bound: Bound,
}

impl Setting {
    /// The key of its sentence in the catalogue: `setting-limits-uploads-open-max`.
    pub fn message(&self) -> String {
        format!("setting-{}", self.key.replace(['.', '_'], "-"))
    }

    /// The end of its environment variable: `LIMITS_UPLOADS_OPEN_MAX`.
    pub(super) fn variable_rest(&self) -> String {
        self.key.replace('.', "_").to_ascii_uppercase()
    }
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub enum ValueKind {
    /// Any text.
    Text,
    /// A path.
    Path,
    /// An IP address and a port: `127.0.0.1:4433`, `[::]:4433`.
    Address,
    /// `true` or `false`.
    Switch,
    /// A count.
    Count,
    /// A size: a number of bytes, or `48 MiB`, `200 GB`.
    Bytes,
    /// A length of time: a number of seconds, or `90s`, `15m`, `12h`, `7d`.
    Seconds,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// A value that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, path, address or word.
    Text(String),
    /// A count, bytes or seconds.
    Number(u64),
    /// A switch.
    Switch(bool),
}

/// How far a value may be moved. Beyond it protection would be weaker.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    /// Anywhere.
    Free,
    /// No higher.
    AtMost(u64),
    /// No lower.
    AtLeast(u64),
    /// Within both.
    Between(u64, u64),
    /// A rule of the program: `Err` says the bound in words that need no language, like `>= TLS 1.3`.
    Rule(fn(&Value) -> Result<(), &'static str>),
}

impl Bound {
    /// What is broken, in signs that need no language. `None` if nothing.
    pub(super) fn broken_by(self, value: &Value) -> Option<String> {
        let (least, most) = match self {
            Self::Free => return None,
            Self::AtMost(most) => (0, most),
            Self::AtLeast(least) => (least, u64::MAX),
            Self::Between(least, most) => (least, most),
            Self::Rule(rule) => return rule(value).err().map(str::to_owned),
        };
        match value {
            Value::Number(number) if *number < least => Some(format!("≥ {least}")),
            Value::Number(number) if *number > most => Some(format!("≤ {most}")),
            Value::Number(_) | Value::Text(_) | Value::Switch(_) => None,
        }
    }
}

impl ValueKind {
    /// Reads what stands in a flag, a variable or the schema.
    pub(super) fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::Switch => match text {
                "true" => Some(Value::Switch(true)),
                "false" => Some(Value::Switch(false)),
                _ => None,
            },
            Self::Count => text.parse().ok().map(Value::Number),
            Self::Text | Self::Path | Self::Address | Self::Bytes | Self::Seconds | Self::Word(_) => {
                self.accept(&Value::Text(text.to_owned()))
            }
        }
    }

    /// Takes what a file gives.
    pub(super) fn accept(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Text, Value::Text(_)) | (Self::Switch, Value::Switch(_)) => Some(value.clone()),
            (Self::Path, Value::Text(path)) if !path.is_empty() => Some(value.clone()),
            (Self::Count | Self::Bytes | Self::Seconds, Value::Number(_)) => Some(value.clone()),
            (Self::Address, Value::Text(text)) => {
                text.parse::<std::net::SocketAddr>().is_ok().then(|| value.clone())
            }
            (Self::Word(words), Value::Text(text)) => words.contains(&text.as_str()).then(|| value.clone()),
            (Self::Bytes, Value::Text(text)) => number_with_unit(text, BYTES).map(Value::Number),
            (Self::Seconds, Value::Text(text)) => number_with_unit(text, SECONDS).map(Value::Number),
            _ => None,
        }
    }

    /// What is expected, for the failure to say.
    pub(super) fn expected(self) -> Arg<'static> {
        match self {
            Self::Text => Arg::Message("expected-text"),
            Self::Path => Arg::Message("expected-path"),
            Self::Address => Arg::Message("expected-address"),
            Self::Switch => Arg::Message("expected-switch"),
            Self::Count => Arg::Message("expected-count"),
            Self::Bytes => Arg::Message("expected-bytes"),
            Self::Seconds => Arg::Message("expected-seconds"),
            Self::Word(words) => Arg::Text(Cow::Owned(words.join(", "))),
        }
    }
}

impl Value {
    /// As TOML writes it.
    pub fn toml(&self) -> String {
        match self {
            Self::Text(text) => toml::Value::String(text.clone()).to_string(),
            Self::Number(number) => number.to_string(),
            Self::Switch(on) => on.to_string(),
        }
    }

    /// As JSON has it.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
            Self::Switch(on) => (*on).into(),
        }
    }
}

const BYTES: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];
const SECONDS: &[(&str, u64)] =
    &[("", 1), ("s", 1), ("m", 60), ("min", 60), ("h", 3600), ("d", 86_400), ("w", 604_800)];

/// Whole numbers alone: half a limit is not worth a rounding rule.
fn number_with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let unit = unit.trim().to_ascii_lowercase();
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read_with_their_units() {
        let bytes = |text| ValueKind::Bytes.read(text);
        assert_eq!(bytes("48 MiB"), Some(Value::Number(48 << 20)));
        assert_eq!(bytes("48mib"), Some(Value::Number(48 << 20)));
        assert_eq!(bytes("200 GB"), Some(Value::Number(200_000_000_000)));
        assert_eq!(bytes("7"), Some(Value::Number(7)));
        for text in ["", "MiB", "1.5 GB", "-1", "1 XB", "99999999999999999999", "18446744073709551615 kB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
        let seconds = |text| ValueKind::Seconds.read(text);
        assert_eq!(seconds("7d"), Some(Value::Number(604_800)));
        assert_eq!(seconds("15 m"), Some(Value::Number(900)));
        assert_eq!(seconds("soon"), None);
    }

    #[test]
    fn words_and_rules_are_kept() {
        let word = ValueKind::Word(&["a", "b"]);
        assert_eq!(word.read("a"), Some(Value::Text("a".into())));
        assert_eq!(word.read("c"), None);
        let rule = Bound::Rule(|value| if *value == Value::Switch(false) { Err("= true") } else { Ok(()) });
        assert_eq!(rule.broken_by(&Value::Switch(false)).unwrap(), "= true");
        assert_eq!(rule.broken_by(&Value::Switch(true)), None);
    }
}
