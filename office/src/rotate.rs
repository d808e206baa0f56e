//! Exchanging keys: one step, the next step, and how far each is.

use std::path::PathBuf;

use console::{Arg, Column, Exit, Failure, Table, args, failure, fields};
use host::Disk;
use serde::{Deserialize, Serialize};

use crate::refused::time;
use crate::{Answer, Asked, Asking, Desk, Request, other_answer};

/// Largest answer of the root: it goes inside one request.
const ANSWER_BYTES_MAX: u64 = 24 * 1024;

/// How the keys of one kind are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationShown {
    /// Of which key.
    pub kind: String,
    /// The phase of the rotation under way; `none` where none is.
    pub phase: String,
    /// The phase that it is being brought to.
    pub planned: Option<String>,
    /// Whether it waits for the root's signature.
    pub waits_for_root: bool,
    /// Since when: RFC 3339.
    pub since: Option<String>,
    /// By whom.
    pub by: Option<String>,
    /// The end of the certificate in force: RFC 3339.
    pub expires: Option<String>,
    /// The next step.
    pub next: Option<String>,
    /// Active devices that said they hold the new trust.
    pub on_new: u32,
    /// Active devices that said they hold an older one.
    pub not_yet: Vec<DeviceBehind>,
    /// Active devices that hold an older one as far as is known, and were not seen for 30 days.
    pub not_seen: Vec<DeviceBehind>,
    /// Active devices that can do nothing but renew if the next step is taken.
    pub cut_off: Vec<DeviceBehind>,
}

/// A device, as it is told apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceBehind {
    /// Which.
    pub device: String,
    /// Whose: foreign text.
    pub person: String,
    /// What it calls itself: foreign text.
    pub label: String,
    /// When it spoke to the gateway last: RFC 3339.
    pub last_seen: Option<String>,
}

/// `rotate …`.
#[derive(Debug, clap::Subcommand)]
pub enum Command<P: clap::Args> {
    /// How far each is.
    Status(Asked<Show, P>),
    /// The next step.
    Next(Asked<Next, P>),
    /// The new key.
    Prepare(Asked<Prepare, P>),
    /// Trust.
    Distribute(Asked<Distribute, P>),
    /// The new one signs.
    Switch(Asked<Switch, P>),
    /// The old one ends.
    Retire(Asked<Retire, P>),
    /// One step back.
    Back(Asked<Back, P>),
}

impl<P: clap::Args> Command<P> {
    pub(crate) fn parts(&self) -> (&dyn Asking, &P) {
        match self {
            Self::Status(asked) => asked.parts(),
            Self::Next(asked) => asked.parts(),
            Self::Prepare(asked) => asked.parts(),
            Self::Distribute(asked) => asked.parts(),
            Self::Switch(asked) => asked.parts(),
            Self::Retire(asked) => asked.parts(),
            Self::Back(asked) => asked.parts(),
        }
    }
}

/// Shows how far each is.
#[derive(Debug, clap::Args)]
pub struct Show {}

impl Asking for Show {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::RotateStatus)
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::Rotations { rotations } = answer else { return Err(other_answer()) };
        let console = &desk.console;
        let titles = ["title-kind", "title-phase", "title-next"].map(|key| console.text(key, &[]));
        let [kind, phase, next] = titles;
        let mut table = Table::new(vec![Column::fixed(kind), Column::fixed(phase), Column::fixed(next)]);
        for one in &rotations {
            let phase = match (&one.since, one.waits_for_root) {
                (_, true) => console.text("rotate-waits-for-root", &[]),
                (Some(since), false) => {
                    console.text("rotate-phase-since", args![phase = one.phase.as_str(), since = time(since)])
                }
                (None, false) => match &one.expires {
                    Some(expires) => console.text("rotate-until", args![until = time(expires)]),
                    None => String::new(),
                },
            };
            table.row([one.kind.as_str(), phase.as_str(), next_line(desk, one).as_str()]);
            desk.row("rotation", one);
        }
        desk.show(&table);
        for one in &rotations {
            behind(desk, one);
        }
        desk.summary("rotate-status", fields! {"kinds": rotations.len()});
        Ok(Exit::Done)
    }
}

/// The next command in full.
fn next_line(desk: &Desk, one: &RotationShown) -> String {
    match &one.next {
        Some(step) => desk.program.line(&format!("rotate {step} {}", one.kind)),
        None => String::new(),
    }
}

/// Who has not picked up the new trust yet, and whom the next step would cut off.
fn behind(desk: &Desk, one: &RotationShown) {
    let (not_yet, not_seen) = (one.not_yet.len() as u64, one.not_seen.len() as u64);
    if one.on_new > 0 || not_yet > 0 || not_seen > 0 {
        let values =
            args![kind = one.kind.as_str(), new = u64::from(one.on_new), old = not_yet, unseen = not_seen];
        desk.console.say("rotate-devices", values);
    }
    for device in &one.not_yet {
        let seen = device.last_seen.as_deref().map_or(Arg::Text("-".into()), time);
        let values = args![person = device.person.as_str(), label = device.label.as_str(), seen];
        desk.console.say("rotate-device-old", values);
    }
    if !one.cut_off.is_empty() {
        desk.console.say("rotate-cut-off", args![count = one.cut_off.len() as u64]);
        for device in &one.cut_off {
            let values = args![person = device.person.as_str(), label = device.label.as_str()];
            desk.console.say("rotate-cut-off-device", values);
        }
    }
}

/// Makes the new key; the root signs for issuing and root.
#[derive(Debug, clap::Args)]
pub struct Prepare {
    kind: String,
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
    #[arg(long)]
    stolen: bool,
}

impl Asking for Prepare {
    fn request(&self) -> Result<Request, Failure> {
        let answer = self.answer.as_ref().map(|path| {
            let read = Disk::real().read_whole(path, ANSWER_BYTES_MAX);
            read.map_err(|error| failure::root_file(path.as_path(), error.to_string()))
        });
        let answer = answer.transpose()?.map(|bytes| hex(&bytes));
        asked(&self.kind, "prepare", None, self.stolen, answer)
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::RootAsked { kind, request } = answer else { return told(desk, answer) };
        let path =
            self.request.clone().unwrap_or_else(|| PathBuf::from(format!("counterfoil-{kind}.request")));
        let bytes = unhex(&request).ok_or_else(other_answer)?;
        let written = Disk::real().write_whole(&path, &bytes);
        let _durable = written.map_err(|error| failure::root_file(path.as_path(), error.to_string()))?;
        let next = desk.program.line(&format!("rotate prepare {kind} --answer counterfoil-{kind}.answer"));
        let shown = path.display().to_string();
        let sign = sign_line(&kind, self.stolen, &shown);
        let values = args![path = shown.as_str(), sign = sign.as_str(), next = next.as_str()];
        desk.console.say("rotate-root-asked", values);
        desk.row("root-request", &serde_json::json!({"kind": kind, "path": shown}));
        Ok(Exit::Done)
    }
}

/// What the root's holder runs, with the names that `init` and the last signature gave their files.
fn sign_line(kind: &str, stolen: bool, request: &str) -> String {
    let is_root = kind == "root";
    let root = if is_root && stolen { "" } else { " --root counterfoil-root" };
    let spare = if is_root || stolen { " --spare counterfoil-spare --out NEW" } else { "" };
    format!(
        "counterfoil-gateway root sign --request {request}{root}{spare} --answer counterfoil-{kind}.answer"
    )
}

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident $word:literal)*) => {$(
        $(#[$doc])*
        #[derive(Debug, clap::Args)]
        pub struct $name {
            kind: String,
            #[arg(long, value_name = "COUNT")]
            force: Option<u32>,
        }

        impl Asking for $name {
            fn request(&self) -> Result<Request, Failure> {
                asked(&self.kind, $word, self.force, false, None)
            }

            fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
                told(desk, answer)
            }
        }
    )*};
}
steps! {
    /// Takes the next step, whichever it is.
    Next "next"
    /// Tells everybody to trust the new key.
    Distribute "distribute"
    /// Lets the new key sign.
    Switch "switch"
    /// Ends the old one: the only step without a way back.
    Retire "retire"
    /// Takes one step back.
    Back "back"
}

fn asked(
    kind: &str,
    step: &str,
    force: Option<u32>,
    stolen: bool,
    answer: Option<String>,
) -> Result<Request, Failure> {
    let known: Vec<_> = certs::rotation::Kind::ALL.iter().map(|kind| kind.word()).collect();
    match known.contains(&kind) {
        true => Ok(Request::Rotate { kind: kind.to_owned(), step: step.to_owned(), force, stolen, answer }),
        false => Err(failure::argument_wrong("KIND", kind, known.join(", "))),
    }
}

fn told(desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
    match answer {
        Answer::Rotated { rotation, reached } => {
            let values = args![kind = rotation.kind.as_str(), phase = reached.as_str()];
            desk.console.say("rotate-done", values);
            if rotation.phase != "none" {
                desk.console.say("rotate-next", args![command = next_line(desk, &rotation).as_str()]);
            }
            behind(desk, &rotation);
            let mut row = serde_json::json!(rotation);
            if let Some(row) = row.as_object_mut() {
                row.insert("reached".to_owned(), reached.into());
            }
            desk.row("rotation", &row);
            Ok(Exit::Done)
        }
        // Only `prepare` can keep it.
        Answer::RootAsked { kind, .. } => {
            let command = desk.program.line(&format!("rotate prepare {kind}"));
            desk.console.say("rotate-root-needed", args![command = command.as_str()]);
            Ok(Exit::Done)
        }
        _ => Err(other_answer()),
    }
}

fn hex(bytes: &[u8]) -> String {
    model::digest::hex::encode(bytes)
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    match text.len().is_multiple_of(2) && text.is_ascii() {
        true => (0..text.len()).step_by(2).map(digit).collect(),
        false => None,
    }
}
