//! Everybody, with devices and invitations.

use console::{Column, Exit, Failure, Table, args, failure, fields, human};
use model::{Role, Timestamp};
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
    /// When it spoke to the gateway last.
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
        let titles =
            ["title-name", "title-role", "title-state", "title-work-ends", "title-factor", "title-books"];
        let [name, role, state, ends, factor, books] = titles.map(|key| console.text(key, &[]));
        let columns = vec![
            Column::text(name),
            Column::fixed(role),
            Column::fixed(state),
            Column::fixed(ends),
            Column::fixed(factor),
            Column::text(books),
        ];
        let mut table = Table::new(columns);
        for person in &people {
            row(desk, person, &mut table);
        }
        desk.show(&table);
        people.iter().for_each(|person| waiting(desk, person));
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

fn row(desk: &Desk, person: &PersonShown, table: &mut Table) {
    let console = &desk.console;
    let role = Role::parse(&person.role).ok();
    let role = role
        .map_or_else(|| person.role.clone(), |role| console.text(console::catalogue::role_key(role), &[]));
    let until = person.until.as_deref().and_then(|until| Timestamp::parse_rfc3339(until).ok());
    let until = until.map(|until| human::date(console.manner().language, until)).unwrap_or_default();
    let factor = match person.factor {
        true => console.text("people-factor", &[]),
        false => console.text("people-no-factor", &[]),
    };
    let books: Vec<&str> = person.books.iter().map(|book| book.name.as_str()).collect();
    let (state, books) = (console.text(state_key(person), &[]), books.join(", "));
    table.row([&person.name, &role, &state, &until, &factor, &books]);
    desk.row("person", person);
}

/// How a person stands, their best device with them.
fn state_key(person: &PersonShown) -> &'static str {
    let has = |standing: &str| person.devices.iter().any(|device| device.standing == standing);
    match person.standing.as_str() {
        "suspended" => "people-suspended",
        "revoked" => "people-revoked",
        "over" => "people-over",
        _ if has("active") => "people-active",
        _ if has("waiting") => "people-waiting",
        _ if !person.invitations.is_empty() => "people-invited",
        _ if has("suspended") => "people-suspended",
        _ if has("declined") => "people-declined",
        _ if has("revoked") => "people-revoked",
        _ => "people-expired",
    }
}

/// What waits for somebody: digits to be compared, and invitations that nobody has used.
fn waiting(desk: &Desk, person: &PersonShown) {
    let (console, name) = (&desk.console, person.name.as_str());
    for device in &person.devices {
        if let Some(digits) = &device.digits {
            let command = desk.program.line(&format!("confirm {} \"{digits}\"", device.invitation));
            let (label, digits) = (device.label.as_str(), digits.as_str());
            console.say("people-compare", args![name, label, digits, command = command.as_str()]);
        }
    }
    for invitation in &person.invitations {
        console.say("people-open-invitation", args![name, invitation = invitation.as_str()]);
    }
}
