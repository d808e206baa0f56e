//! Every certificate: those of devices, and those of the gateway itself.

use std::path::{Path, PathBuf};

use console::{Column, Exit, Failure, Table, args, failure, fields};
use host::Disk;
use model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Looking, calendar, date, renews, state};
use crate::{Answer, Asking, Desk, Request, other_answer};

/// A certificate, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateListed {
    /// Its serial number, in hex.
    pub serial: String,
    /// `tls` or `signing` of a device; `gateway`, `statements`, `receipts`, `issuing` or `root` of the gateway itself.
    pub purpose: String,
    /// SHA-256 of its key's SubjectPublicKeyInfo, in hex.
    pub key: String,
    /// Who issued it: `i1` is the first issuing authority, `r1` the first root.
    pub issuer: String,
    /// The key identifier of its issuer, in hex.
    pub issuer_key: String,
    /// Its first second: RFC 3339.
    pub from: String,
    /// Its last second: RFC 3339.
    pub until: String,
    /// Of a device: `fresh` (not used yet), `current`, `old` (its successor was not used yet), `superseded`, `expired`,
    /// `suspended`, `revoked`, or `over` where its person's time is. Of the gateway: `prepared`, `distributed`,
    /// `signing`, `trusted`, `retired`, `dropped` or `expired`.
    pub state: String,
    /// `self`, `late`, `stuck` or `never`; left out for what has a successor or may not come.
    pub renews: Option<String>,
    /// By when it is to be renewed: RFC 3339.
    pub renews_by: Option<String>,
    /// Of which device.
    pub device: Option<String>,
    /// What that calls itself: foreign text.
    pub label: Option<String>,
    /// Whose it is: foreign text.
    pub person: Option<String>,
    /// Their id.
    pub person_id: Option<String>,
}

/// Lists every certificate, or writes when they end into a calendar.
#[derive(Debug, clap::Args)]
pub struct Certificates {
    #[command(flatten)]
    looking: Looking,
    #[arg(long)]
    all: bool,
    #[arg(long, value_name = "FILE")]
    calendar: Option<PathBuf>,
    #[arg(long, requires = "calendar")]
    names: bool,
}

impl Asking for Certificates {
    fn request(&self) -> Result<Request, Failure> {
        self.looking.check()?;
        // What has a successor is taken out of the calendars that have it.
        Ok(Request::Certificates { over: self.all || self.calendar.is_some() })
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::Certificates { mut certificates, now, pid, practice } = answer else {
            return Err(other_answer());
        };
        self.looking.at(&mut certificates, &now, |one| Some(one.until.as_str()))?;
        match &self.calendar {
            Some(path) => {
                let now = Timestamp::parse_rfc3339(&now).map_err(|_| other_answer())?;
                let name = self.names.then_some(practice.as_str());
                let made = calendar::of(&desk.console, &certificates, name, &pid, now);
                write(path, made.text.as_bytes())?;
                let shown = path.display().to_string();
                desk.console.say("certs-calendar", args![path = shown.as_str(), count = made.events]);
                desk.summary("certs", fields! {"calendar": shown, "events": made.events});
                Ok(Exit::Done)
            }
            None => {
                show(desk, &certificates);
                desk.summary("certs", fields! {"certificates": certificates.len()});
                Ok(self.looking.exit(certificates.len()))
            }
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = Disk::real().write_whole(path, bytes);
    written.map(|_durable| ()).map_err(|error| failure::disk_failed(path, error.to_string()))
}

/// What a certificate is for, in words.
pub(crate) fn purpose_key(purpose: &str) -> &'static str {
    match purpose {
        "tls" => "cert-tls",
        "signing" => "cert-signing",
        "gateway" => "cert-gateway",
        "statements" => "cert-statements",
        "receipts" => "cert-receipts",
        "issuing" => "cert-issuing",
        _ => "cert-root",
    }
}

fn show(desk: &Desk, certificates: &[CertificateListed]) {
    let console = &desk.console;
    let titles =
        ["title-until", "cert-purpose", "title-person", "title-state", "title-renews", "cert-serial"];
    let [until, purpose, person, standing, renewal, serial] = titles.map(|key| console.text(key, &[]));
    let columns = vec![
        Column::fixed(until),
        Column::fixed(purpose),
        Column::text(person),
        Column::fixed(standing),
        Column::fixed(renewal),
        Column::fixed(serial),
    ];
    let mut table = Table::new(columns);
    for one in certificates {
        let whose = match (&one.person, &one.label) {
            (Some(person), Some(label)) => format!("{person} · {label}"),
            _ => String::new(),
        };
        table.row([
            date(console, &one.until).as_str(),
            console.text(purpose_key(&one.purpose), &[]).as_str(),
            whose.as_str(),
            state(console, &one.state).as_str(),
            renews(console, one.renews.as_deref(), one.renews_by.as_deref()).as_str(),
            one.serial.as_str(),
        ]);
        desk.row("certificate", one);
    }
    if certificates.is_empty() {
        console.say("cert-none-ends", &[]);
    }
    desk.show(&table);
}
