//! How the gateway is.

use console::{Exit, Failure, args, failure};
use serde::{Deserialize, Serialize};

use crate::inventory::purpose_key;
use crate::refused::{date, time};
use crate::{Answer, Asking, Desk, ListAlarm, ListShown, Request, crl, other_answer};

/// How a practice is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The practice's name; foreign text.
    pub practice: String,
    /// Its pin.
    pub pin: String,
    /// Where companions reach it.
    pub address: String,
    /// Entries in the journal.
    pub entries: u64,
    /// The newest entry's time: RFC 3339.
    pub newest: String,
    /// What the gateway's clock shows: RFC 3339.
    pub now: String,
    /// Whether nothing is committed because of the clock.
    pub clock_held: bool,
    /// Uploads that are open.
    pub uploads: u64,
    /// Of the disk, free, in percent.
    pub free_percent: u64,
    /// The program's name and version.
    pub software: String,
    /// Admins with a device that has its rights.
    #[serde(default)]
    pub admins: u64,
    /// Denials that are in force and not yet in the journal.
    #[serde(default)]
    pub not_recorded: u64,
    /// Whether the clock stands before the newest entry.
    #[serde(default)]
    pub clock_behind: bool,
    /// The revocation lists in force.
    #[serde(default)]
    pub lists: Vec<ListShown>,
    /// What somebody has to look at.
    #[serde(default)]
    pub alarms: Vec<ListAlarm>,
    /// What ends within 30 days, or has, and does not renew by itself.
    #[serde(default)]
    pub ending: Vec<EndingShown>,
}

/// Something that ends and does not renew by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndingShown {
    /// `device`, `person`, or which of the gateway's own: `gateway`, `issuing`, `root`, `statements`, `receipts`,
    /// `root-list`.
    pub what: String,
    /// The id of the device or person; a serial number.
    pub id: String,
    /// Whose: foreign text.
    pub name: String,
    /// By when something is to be done: RFC 3339.
    pub by: String,
    /// Days until then.
    pub days: u64,
    /// The command that does it, without its program.
    pub next: String,
}

/// Shows how the gateway is.
#[derive(Debug, clap::Args)]
pub struct Show {}

impl Asking for Show {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::Status)
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::Status { status } = answer else { return Err(other_answer()) };
        desk.row("practice", &status);
        let console = &desk.console;
        let Status { practice, pin, address, entries, uploads, free_percent, .. } = &status;
        console.print(&console.text("status-practice", args![practice, pin, address]));
        let newest = time(&status.newest);
        console.print(&console.text("status-journal", args![entries = *entries, newest]));
        console.print(&console.text("status-uploads", args![uploads = *uploads]));
        console.print(&console.text("status-disk", args![free = *free_percent]));
        status.lists.iter().for_each(|list| crl::show(desk, list));
        if status.clock_held {
            console.warn(&failure::clock_ahead(time(&status.now), time(&status.newest)));
        }
        if status.clock_behind {
            console.warn(&failure::clock_behind(time(&status.now), time(&status.newest)));
        }
        status.alarms.iter().for_each(|alarm| crl::warn(desk, alarm));
        if status.not_recorded > 0 {
            console.warn(&failure::denials_waiting(status.not_recorded));
        }
        if !status.ending.is_empty() {
            console.warn(&failure::ends_soon(status.ending.len() as u64));
        }
        for ending in &status.ending {
            let what = match ending.what.as_str() {
                "device" => console.text("ending-device", args![name = ending.name.as_str()]),
                "person" => console.text("ending-person", args![name = ending.name.as_str()]),
                "root-list" => console.text("ending-root-list", &[]),
                own => console.text(purpose_key(own), &[]),
            };
            let (by, days) = (date(&ending.by), ending.days);
            let command = desk.program.line(&ending.next);
            let (what, command) = (what.as_str(), command.as_str());
            console.print(&console.text("ending-line", args![what, by, days, command]));
        }
        if status.admins < 2 {
            console.warn(&failure::few_admins(status.admins));
        }
        Ok(Exit::Done)
    }
}
