//! Everything that `--json` prints: one event a line. The documentation is `events.md`, compared in a test.
//!
//! `type` and `v` come first. The contract only grows: new types, new fields, new words as values; what is here keeps
//! its meaning, or `v` rises. The last line is `summary` or `error`. Sizes are bytes, times RFC 3339 in UTC, ids and
//! digests as everywhere else.

#[cfg(test)]
mod tests;

use crate::{Phase, text};
use serde::Serialize;
use serde_json::{Map, Value};

/// The version in every line.
pub const EVENT_VERSION: u64 = 1;

/// One line for programs. Fields that are `None` are left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// A command knows what it will do. First.
    Start(Start),
    /// A phase begins.
    Phase {
        /// Which.
        phase: Phase,
        /// Documents in it.
        documents: u64,
        /// Bytes in it.
        bytes: u64,
    },
    /// Something became of one document.
    File(File),
    /// How far it is; at most two a second.
    Progress(Progressing),
    /// A document was taken out of a submission, and the others go on.
    Withdrawn {
        /// The document's name as sent.
        name: String,
        /// The code of the failure, `F-0404`.
        code: String,
        /// The word of the failure.
        word: String,
        /// What happened, in the language chosen.
        message: String,
    },
    /// A document was held already and was not sent again.
    Held {
        /// The document's name as sent now.
        name: String,
        /// The submission that brought it.
        submission: String,
        /// Its number there.
        n: u64,
        /// When it was received.
        received_at: String,
    },
    /// A receipt is kept.
    Receipt(Receipt),
    /// One property of a receipt, judged.
    Verdict {
        /// practice, origin, acceptance, logged, checkpoint, list, document.
        property: String,
        /// valid, invalid, not-checked.
        verdict: String,
        /// What that means, in the language chosen.
        message: String,
    },
    /// One row of a list.
    Row {
        /// What it is a row of: document, submission, receipt, book, person, device, practice.
        of: String,
        /// Its fields, which `events.md` lists by `of`.
        #[serde(flatten)]
        fields: Map<String, Value>,
    },
    /// Who this device is, after `enrol` and in `status`.
    Identity(Identity),
    /// An invitation was made.
    Invitation(Invitation),
    /// A practice folder was made.
    Practice(Practice),
    /// The gateway serves.
    Listening {
        /// Where, with the port that the system chose.
        address: String,
        /// The practice's pin.
        pin: String,
    },
    /// One value of the configuration.
    Setting {
        /// Its key.
        key: String,
        /// Its value.
        value: Value,
        /// Where it comes from: default, file, environment, flag.
        source: String,
        /// The file and line, the variable or the flag.
        place: Option<String>,
    },
    /// A step of a longer story.
    Step {
        /// Which, from 1.
        n: u64,
        /// Of how many.
        of: u64,
        /// What is done, in the language chosen.
        message: String,
    },
    /// A claim was checked.
    Check {
        /// What was claimed, in the language chosen.
        message: String,
        /// Whether it holds.
        holds: bool,
    },
    /// It is tried again after a pause: the connection was lost, or the gateway asks for time.
    Waiting {
        /// The word of the failure that is waited out.
        word: String,
        /// What is waited for.
        message: String,
        /// When the next try begins, in seconds.
        seconds: u64,
    },
    /// Something is not as it should be; the command goes on.
    Warning(Problem),
    /// The command failed. Last.
    Error(Problem),
    /// The command is done, wholly or in part. Last.
    Summary(Summary),
}

/// What a command will do.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Start {
    /// The command's word.
    pub command: String,
    /// The practice's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub practice: Option<String>,
    /// The submission's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission: Option<String>,
    /// The book's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub book: Option<String>,
    /// The period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// Whether an unfinished one goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumed: Option<bool>,
    /// Documents.
    pub documents: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// It was hashed.
    Hashed,
    /// All of it is on the gateway's disk.
    Sent,
    /// It was fetched, checked and is on this disk.
    Fetched,
    /// It is there already and was left alone.
    Skipped,
    /// It did not go through.
    Failed,
}

/// One document and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct File {
    /// Its number in the submission.
    pub n: u64,
    /// Its name as sent.
    pub name: String,
    /// What became of it.
    pub state: FileState,
    /// Its size.
    pub bytes: u64,
    /// Its BLAKE3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blake3: Option<String>,
    /// Its SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Progressing {
    /// In which phase.
    pub phase: Phase,
    /// Documents done.
    pub documents: u64,
    /// Documents in all.
    pub documents_total: u64,
    /// Bytes done.
    pub bytes: u64,
    /// Bytes in all.
    pub bytes_total: u64,
    /// The pace of the last seconds.
    pub bytes_per_second: u64,
    /// How long it will take at that pace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
}

/// A receipt that is kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Receipt {
    /// The submission's id, which is the receipt's name.
    pub submission: String,
    /// Where the file is.
    pub path: String,
    /// The entry's place in the journal.
    pub entry: u64,
    /// Documents that it names.
    pub documents: u64,
    /// When the last piece was on the gateway's disk.
    pub received_at: String,
    /// When the gateway signed.
    pub accepted_at: String,
}

/// Who this device is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identity {
    /// The practice's name.
    pub practice: String,
    /// Its id.
    pub practice_id: String,
    /// Its pin, by which receipts are checked.
    pub pin: String,
    /// Where its gateway is.
    pub gateway: String,
    /// The person's name.
    pub person: String,
    /// The person's role.
    pub role: String,
    /// This device's id.
    pub device: String,
    /// What this device is called.
    pub label: String,
    /// The check digits, where an admin must compare them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digits: Option<String>,
    /// Whether the device has its rights.
    pub confirmed: bool,
    /// Until when its certificate lasts.
    pub certificate_until: String,
    /// How its keys are kept: `keychain`, `passphrase` or `plain`.
    pub keys: String,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Invitation {
    /// Its id, for `confirm`.
    pub id: String,
    /// The word to paste. A secret until it is used.
    pub word: String,
    /// The code to type. A secret until it is used.
    pub code: String,
    /// Where the gateway is.
    pub address: String,
    /// Until when it can be used.
    pub expires: String,
    /// For whom.
    pub name: String,
    /// In which role.
    pub role: String,
    /// The command for the other side.
    pub command: String,
}

/// A practice folder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Practice {
    /// Where it is.
    pub folder: String,
    /// The practice's name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its pin.
    pub pin: String,
    /// The gateway's host name.
    pub host: String,
    /// The configuration file.
    pub configuration: String,
    /// Where root and spare were put, to be taken away.
    pub root_folder: String,
    /// The words of the recovery kit. A secret, shown this once.
    pub kit: String,
}

/// A warning or an error.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// `F-0301`: the same in every language and every release.
    pub code: String,
    /// The same as a word.
    pub word: String,
    /// What happened, in the language chosen.
    pub message: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub hint: String,
    /// Whether the same line can succeed later without anything being changed.
    pub retryable: bool,
    /// The exit code.
    pub exit: u8,
    /// The values in the message, by name.
    pub details: Map<String, Value>,
}

/// The end of a command.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Summary {
    /// The command's word.
    pub command: String,
    /// The exit code.
    pub exit: u8,
    /// How long it took.
    pub seconds: f64,
    /// Counts and ids, which `events.md` lists by command.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Event {
    /// One line without its end: `type`, `v`, then the fields. What could mislead a terminal is escaped as JSON
    /// allows, so the values are exact and the line is safe to show.
    pub fn line(&self) -> String {
        let mut line = Map::new();
        let fields = match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            // No type here can fail to serialise; an empty line would still be a line.
            _ => Map::new(),
        };
        for (name, value) in fields {
            let first = line.is_empty();
            line.insert(name, value);
            if first {
                line.insert("v".to_owned(), EVENT_VERSION.into());
            }
        }
        escaped(&Value::Object(line).to_string())
    }
}

/// JSON has such characters in strings only, where an escape means the same.
fn escaped(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    let mut units = [0_u16; 2];
    for character in json.chars() {
        if text::misleads(character) {
            for unit in character.encode_utf16(&mut units) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            line.push(character);
        }
    }
    line
}

/// `fields!{"sent": 4, "receipts": ids}`: the free fields of a row or a summary.
#[macro_export]
macro_rules! fields {
    ($($name:literal : $value:expr),* $(,)?) => {{
        #[allow(unused_mut)]
        let mut fields = $crate::event::Fields::new();
        $(fields.insert($name.to_owned(), $crate::event::Json::from($value));)*
        fields
    }};
}

/// The free fields of a row or a summary, in order.
pub type Fields = Map<String, Value>;
/// A JSON value.
pub type Json = Value;
