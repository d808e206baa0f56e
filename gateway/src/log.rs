//! The log: what happened, for who runs the gateway. To stderr, never with names or keys; an event is one line, and
//! what could mislead a terminal is escaped in it.

use std::io::Write;

use console::text;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::Config;

/// Whose log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// The gateway's: as configured.
    Gateway,
    /// A command's that holds the folder for a moment: warnings and errors.
    Command,
}

/// Begins to log as configured. A second call changes nothing.
pub fn start(config: &Config, of: Of) {
    let level = match (of, config.log_level.as_str()) {
        (_, "error") => LevelFilter::ERROR,
        (Of::Command, _) | (_, "warn") => LevelFilter::WARN,
        (_, "debug") => LevelFilter::DEBUG,
        _ => LevelFilter::INFO,
    };
    // Others' crates tell what can not be acted upon.
    let ours = tracing_subscriber::filter::Targets::new()
        .with_target("counterfoil", level)
        .with_default(level.min(LevelFilter::WARN));
    let registry = tracing_subscriber::registry().with(ours);
    let layer = tracing_subscriber::fmt::layer().with_ansi(false);
    let _ = match config.log_json {
        true => registry.with(layer.json().with_writer(Form::Json)).try_init(),
        false => registry.with(layer.with_writer(Form::Text)).try_init(),
    };
}

/// How a line is written, and so how it escapes.
#[derive(Debug, Clone, Copy)]
enum Form {
    Text,
    Json,
}

impl Form {
    /// One event as one line that shows what it is.
    fn line(self, event: &str) -> String {
        let event = event.trim_end_matches('\n');
        let mut line = match self {
            Self::Text => text::safe(event).into_owned(),
            Self::Json => {
                // JSON has such characters in strings alone, where an escape means the same.
                let mut line = String::with_capacity(event.len());
                for character in event.chars() {
                    match text::misleads(character) {
                        true => {
                            let mut units = [0u16; 2];
                            for unit in character.encode_utf16(&mut units) {
                                line.push_str(&format!("\\u{unit:04x}"));
                            }
                        }
                        false => line.push(character),
                    }
                }
                line
            }
        };
        line.push('\n');
        line
    }
}

/// The layer hands over each event whole, by one write.
struct Stderr(Form);

impl Write for Stderr {
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        let line = self.0.line(&String::from_utf8_lossy(event));
        std::io::stderr().lock().write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Form {
    type Writer = Stderr;

    fn make_writer(&self) -> Stderr {
        Stderr(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_text_can_not_write_a_line_of_its_own() {
        let line = Form::Text.line("INFO a name\nERROR \u{1b}[2J\u{202e}\n");
        assert_eq!(line, "INFO a name\\nERROR \\u{1b}[2J\\u{202e}\n");
    }

    #[test]
    fn a_json_line_means_the_same_after_escaping() {
        let event = serde_json::json!({"message": "a\u{202e}b\n\u{e0041}"}).to_string();
        let line = Form::Json.line(&event);
        assert!(!line.trim_end().chars().any(text::misleads), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["message"], "a\u{202e}b\n\u{e0041}");
    }
}
