//! Every device.

use console::{Column, Exit, Failure, Table, fields};
use serde::{Deserialize, Serialize};

use super::{Looking, date, renews, state};
use crate::{Answer, Asking, Desk, Request, other_answer};

/// A device, as it is listed. What it has told of itself is foreign text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceListed {
    /// Its id, as in its certificates.
    pub id: String,
    /// What it calls itself.
    pub label: String,
    /// Whose it is: their name.
    pub person: String,
    /// Their id.
    pub person_id: String,
    /// Their role.
    pub role: String,
    /// `active`, `waiting`, `declined`, `suspended` or `revoked`.
    pub standing: String,
    /// The system that it runs on.
    pub platform: String,
    /// Its program and version, once it has told.
    pub software: Option<String>,
    /// How it keeps its keys, once it has told: `plain`, `passphrase`, `keychain`.
    pub key_store: Option<String>,
    /// When it was enrolled: RFC 3339.
    pub first_seen: String,
    /// When it spoke to the gateway last: RFC 3339.
    pub last_seen: Option<String>,
    /// Who gave it its rights: `admin-socket`, `gateway`, `itself`, or the id of the device on which the digits were
    /// compared.
    pub confirmed_by: Option<String>,
    /// The name of that device's person.
    pub confirmed_by_name: Option<String>,
    /// The newest root record that it holds, once it has told.
    pub root_record: Option<u64>,
    /// The version of the trust bundle that it holds, once it has told.
    pub bundle: Option<u64>,
    /// The end of its certificate for connections: RFC 3339.
    pub until: Option<String>,
    /// `self`, `late`, `stuck` or `never`; left out for what may not come.
    pub renews: Option<String>,
    /// The last moment at which it should have renewed: RFC 3339.
    pub renews_by: Option<String>,
    /// The invitation by which it came.
    pub invitation: String,
    /// The digits that it shows, while it waits.
    pub digits: Option<String>,
}

/// Lists every device.
#[derive(Debug, clap::Args)]
pub struct Devices {
    #[command(flatten)]
    looking: Looking,
}

impl Asking for Devices {
    fn request(&self) -> Result<Request, Failure> {
        self.looking.check()?;
        Ok(Request::Devices {})
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::Devices { mut devices, now } = answer else { return Err(other_answer()) };
        self.looking.at(&mut devices, &now, |device| device.until.as_deref())?;
        let console = &desk.console;
        let titles =
            ["title-person", "title-device", "title-state", "title-seen", "title-until", "title-renews"];
        let [person, device, standing, seen, until, renewal] = titles.map(|key| console.text(key, &[]));
        let program = console.text("title-program", &[]);
        let columns = vec![
            Column::text(person),
            Column::text(device),
            Column::fixed(standing),
            Column::fixed(seen),
            Column::fixed(until),
            Column::fixed(renewal),
            Column::text(program),
            Column::fixed(console.text("title-id", &[])),
        ];
        let mut table = Table::new(columns);
        for one in &devices {
            let day = |text: &Option<String>| text.as_deref().map(|text| date(console, text));
            table.row([
                one.person.as_str(),
                one.label.as_str(),
                state(console, &one.standing).as_str(),
                day(&one.last_seen).as_deref().unwrap_or("-"),
                day(&one.until).as_deref().unwrap_or("-"),
                renews(console, one.renews.as_deref(), one.renews_by.as_deref()).as_str(),
                program_of(one).as_str(),
                one.id.as_str(),
            ]);
            desk.row("device", one);
        }
        if devices.is_empty() {
            console.say("devices-none", &[]);
        }
        desk.show(&table);
        desk.summary("devices", fields! {"devices": devices.len()});
        Ok(self.looking.exit(devices.len()))
    }
}

/// Version, system and key store, as far as they are known.
fn program_of(one: &DeviceListed) -> String {
    let told = [one.software.as_deref(), Some(one.platform.as_str()), one.key_store.as_deref()];
    let told: Vec<&str> = told.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    told.join(", ")
}
