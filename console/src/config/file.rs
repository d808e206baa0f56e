//! A TOML file as flat keys with the lines they stand on. Judges no value.

use super::Value;
use crate::{Failure, failure, text};
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// Settings are at most so deep: `section.name`, with room for one more.
const DEPTH_MAX: usize = 4;

/// One key with its value.
pub(super) struct Line {
    pub key: String,
    /// `None` for what no setting can be: arrays, dates, negative numbers, fractions.
    pub value: Option<Value>,
    /// The value as it stands in the file, cut to what is worth showing.
    pub written: String,
    /// From 1.
    pub number: u64,
}

/// Why a file is not TOML.
pub(super) struct Malformed {
    line: u64,
    cause: String,
}

impl Malformed {
    pub fn failure(self, path: &Path) -> Failure {
        failure::configuration_malformed(path, self.line, self.cause)
    }
}

/// All keys in the order of their lines.
pub(super) fn lines(source: &str) -> Result<Vec<Line>, Malformed> {
    let table = DeTable::parse(source).map_err(|error| Malformed {
        line: line_of(source, error.span().map_or(0, |span| span.start)),
        cause: text::fit(&text::safe(error.message()), 200).into_owned(),
    })?;
    let mut lines = Vec::new();
    flatten(source, "", table.get_ref(), &mut lines, DEPTH_MAX);
    lines.sort_by_key(|line| line.number);
    Ok(lines)
}

fn flatten(source: &str, prefix: &str, table: &DeTable<'_>, lines: &mut Vec<Line>, depth: usize) {
    for (key, value) in table {
        let name =
            if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        let number = line_of(source, key.span().start);
        let read = match value.get_ref() {
            DeValue::Table(inner) if depth > 1 && !inner.is_empty() => {
                flatten(source, &name, inner, lines, depth - 1);
                continue;
            }
            // An empty section says nothing, and needs no setting.
            DeValue::Table(inner) if inner.is_empty() => continue,
            DeValue::String(text) => Some(Value::Text(text.to_string())),
            DeValue::Integer(integer) => {
                u64::from_str_radix(integer.as_str(), integer.radix()).ok().map(Value::Number)
            }
            DeValue::Boolean(on) => Some(Value::Switch(*on)),
            DeValue::Table(_) | DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) => None,
        };
        let written = source.get(value.span()).unwrap_or_default();
        let written = text::fit(written.lines().next().unwrap_or_default(), 60).into_owned();
        lines.push(Line { key: name, value: read, written, number });
    }
}

fn line_of(source: &str, offset: usize) -> u64 {
    let before = source.as_bytes().get(..offset).unwrap_or(source.as_bytes());
    let breaks = before.iter().filter(|byte| **byte == b'\n').count();
    u64::try_from(breaks).unwrap_or(u64::MAX).saturating_add(1)
}
