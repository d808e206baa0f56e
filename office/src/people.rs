//! Everybody, with devices and invitations.

use console::{Column, Exit, Failure, Table, failure, fields};
use model::Role;
use serde::{Deserialize, Serialize};

use crate::{Answer, Asking, BookShown, Desk, Request, other_answer};

/// A person with their devices, as they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonShown {
    /// Their id, 26 symbols.
    pub id: String,
    /// Their name; foreign text.
    pub name: String,
    /// Their role.
    pub role: String,
    /// Ids and names of the books granted.
    pub books: Vec<BookShown>,
    /// Their devices.
    pub devices: Vec<DeviceShown>,
    /// Their invitations that nobody has used and that have not ended.
    pub invitations: Vec<String>,
    /// `active`, `suspended`, `revoked`, or `over` where their time is.
    #[serde(default)]
    pub standing: String,
    /// When their work ends: RFC 3339.
    #[serde(default)]
    pub until: Option<String>,
    /// What a partner is there for; foreign text.
    #[serde(default)]
    pub purpose: Option<String>,
    /// Whether they have a second factor.
    pub factor: bool,
}

/// A device, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceShown {
    /// Its id, as in its certificate.
    pub id: String,
    /// What it calls itself; foreign text.
    pub label: String,
    /// `active`, `waiting`, `declined`, `suspended` or `revoked`.
    pub standing: String,
    /// The invitation by which it came.
    pub invitation: String,
    /// The digits that it shows, while it waits.
    pub digits: Option<String>,
    /// When it spoke to the gateway last, since the gateway's start.
    pub last_seen: Option<String>,
}

/// Lists everybody.
#[derive(Debug, clap::Args)]
pub struct People {}

impl Asking for People {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::People)
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::People { people } = answer else { return Err(other_answer()) };
        let admins = people.iter().filter(|person| is_active_admin(person)).count();
        let console = &desk.console;
        if people.is_empty() {
            console.say("people-none", &[]);
        }
        let mut titles = ["title-name", "title-role", "title-device", "title-state"]
            .map(|key| console.text(key, &[]))
            .into_iter();
        let mut title = || titles.next().unwrap_or_default();
        let columns =
            vec![Column::name(title()), Column::fixed(title()), Column::name(title()), Column::text(title())];
        let mut table = Table::new(columns);
        for person in &people {
            rows(desk, person, &mut table);
        }
        desk.show(&table);
        if admins < 2 && !people.is_empty() {
            console.warn(&failure::few_admins(admins as u64));
        }
        desk.summary("people", fields! {"people": people.len()});
        Ok(Exit::Done)
    }
}

fn is_active_admin(person: &PersonShown) -> bool {
    let mut devices = person.devices.iter();
    person.role == Role::Admin.as_str()
        && person.standing == "active"
        && devices.any(|device| device.standing == "active")
}

fn rows(desk: &Desk, person: &PersonShown, table: &mut Table) {
    let console = &desk.console;
    let role = Role::parse(&person.role).ok();
    let role = role
        .map_or_else(|| person.role.clone(), |role| console.text(console::catalogue::role_key(role), &[]));
    let over = match person.standing.as_str() {
        "over" => format!(" · {}", console.text("people-over", &[])),
        _ => String::new(),
    };
    for device in &person.devices {
        let state = match device.standing.as_str() {
            "active" => console.text("people-active", &[]),
            "declined" => console.text("people-declined", &[]),
            "suspended" => console.text("people-suspended", &[]),
            "revoked" => console.text("people-revoked", &[]),
            _ => console.text("people-waiting", &[]),
        };
        let state = match &device.digits {
            Some(digits) => format!("{state} ({} {digits})", device.invitation),
            None => state + &over,
        };
        table.row([person.name.as_str(), role.as_str(), device.label.as_str(), state.as_str()]);
    }
    for invitation in &person.invitations {
        let state = format!("{} ({invitation})", console.text("people-invited", &[]));
        table.row([person.name.as_str(), role.as_str(), "", state.as_str()]);
    }
    if person.devices.is_empty() && person.invitations.is_empty() {
        let state = match person.standing.as_str() {
            "suspended" => console.text("people-suspended", &[]),
            "revoked" => console.text("people-revoked", &[]),
            _ => console.text("people-expired", &[]),
        };
        table.row([person.name.as_str(), role.as_str(), "", state.as_str()]);
    }
    desk.row("person", person);
}
