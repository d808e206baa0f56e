//! Books, people, invitations, confirmations: over the socket of a running gateway, or by holding the folder oneself.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use console::{
    Arg, Column, Console, Event, Exit, Failure, Output, Table, Tone, args, event, failure, fields, text,
};
use model::{Role, Timestamp};
use qrcode::render::unicode::Dense1x2;

use super::{Context, Place, failing};
use crate::act::Actor;
use crate::act::invitation::InvitationShown;
use crate::act::people::PersonShown;
use crate::admin::{self, Answer, Request, Status};
use crate::ledger::Begin;
use crate::log;
use crate::practice::{OpenError, Opened};

#[derive(Debug, clap::Args)]
pub(super) struct BookAdd {
    name: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
pub(super) struct Invite {
    #[arg(long)]
    role: String,
    #[arg(long)]
    name: String,
    #[arg(long)]
    book: Vec<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
pub(super) struct Confirm {
    id: String,
    digits: String,
    #[command(flatten)]
    place: Place,
}

/// How long a command waits while another holds the folder: a gateway that is starting, or another command.
const HELD_PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const HELD_LOOK: Duration = Duration::from_millis(200);

/// Has it done by the running gateway, or does it here where none runs.
pub(super) fn done(context: &Context, place: &Place, request: Request) -> Result<Answer, Failure> {
    let dir = place.folder.real();
    if let Some(answer) = ask(&dir, &request)? {
        return failing::of_answer(answer);
    }
    let (config, _) = place.folder.configuration(&[])?;
    log::start(&config, log::Of::Command);
    let unlock = place.unlock.obtain(&context.console, &config)?;
    let until = context.clock.monotonic().saturating_add(HELD_PATIENCE);
    let opened = loop {
        match Opened::open(&dir, config.clone(), &unlock, context.clock.clone(), Begin::AsItIs) {
            Ok(opened) => break opened,
            Err(OpenError::Held(_)) if context.clock.monotonic() < until => std::thread::sleep(HELD_LOOK),
            Err(error) => return Err(failing::of_open(&error, &dir)),
        }
        // Who held the folder may have been a gateway that has started now.
        if let Some(answer) = ask(&dir, &request)? {
            return failing::of_answer(answer);
        }
    };
    let is_of_clock = request == Request::ClockConfirm;
    let mut answer = admin::perform(&opened.practice, request, Actor::AdminSocket);
    if is_of_clock && let Err(error) = admin::keep_clock(&opened.practice) {
        answer = Answer::Refused { error };
    }
    if let Err(error) = opened.close() {
        // The act stands in the journal; a ledger that is not closed is posted again at the next start.
        tracing::warn!(%error, "the ledger was not closed");
    }
    failing::of_answer(answer)
}

fn ask(dir: &Path, request: &Request) -> Result<Option<Answer>, Failure> {
    admin::ask(dir, request).map_err(|error| failing::of_ask(&error))
}

pub(super) fn book_add(context: &Context, flags: &BookAdd) -> Result<Exit, Failure> {
    match done(context, &flags.place, Request::BookAdd { name: flags.name.clone() })? {
        Answer::Book { book, repeats } => {
            if repeats {
                context.console.warn(&failure::book_name_repeats(book.name.as_str()));
            }
            context.console.say("book-added", args![name = book.name.as_str(), id = book.id.as_str()]);
            let fields = fields! {"id": book.id, "name": book.name};
            context.console.emit(&Event::Row { of: "book".to_owned(), fields });
            Ok(Exit::Done)
        }
        _ => Err(failing::of_other()),
    }
}

pub(super) fn book_list(context: &Context, place: &Place) -> Result<Exit, Failure> {
    let Answer::Books { books } = done(context, place, Request::BookList)? else {
        return Err(failing::of_other());
    };
    let console = &context.console;
    if books.is_empty() {
        console.say("book-none", &[]);
    }
    let titles = [console.text("title-book", &[]), console.text("title-id", &[])];
    let [book_title, id_title] = titles;
    let mut table = Table::new(vec![Column::name(book_title), Column::fixed(id_title)]);
    for book in &books {
        table.row([book.name.as_str(), book.id.as_str()]);
        let fields = fields! {"id": book.id.as_str(), "name": book.name.as_str()};
        console.emit(&Event::Row { of: "book".to_owned(), fields });
    }
    show(context, &table);
    context.summary("book-list", fields! {"books": books.len()});
    Ok(Exit::Done)
}

pub(super) fn show(context: &Context, table: &Table) {
    if context.console.manner().output != Output::Json && !table.is_empty() {
        context.console.table(table);
    }
}

pub(super) fn invite(context: &Context, flags: &Invite) -> Result<Exit, Failure> {
    let role = Role::parse(&flags.role).map_err(|_| failure::role_wrong(flags.role.as_str()))?;
    match (role, flags.book.is_empty()) {
        (Role::Client | Role::Bookkeeper, false) | (Role::Admin, true) => {}
        (Role::Client | Role::Bookkeeper, true) => return Err(failure::book_required(role)),
        (Role::Admin, false) => return Err(failure::book_not_for_role(role)),
        (Role::Supervisor | Role::Auditor | Role::Partner, _) => return Err(failure::role_not_offered(role)),
    }
    let request =
        Request::Invite { role: flags.role.clone(), name: flags.name.clone(), books: flags.book.clone() };
    let Answer::Invitation { invitation, practice } = done(context, &flags.place, request)? else {
        return Err(failing::of_other());
    };
    let dir = flags.place.folder.real();
    say_invitation(&context.console, &invitation, &practice, &flags.name, role, &dir);
    let command = by_word(&invitation);
    context.console.emit(&Event::Invitation(event::Invitation {
        id: invitation.id,
        word: invitation.word,
        code: invitation.code,
        address: invitation.address,
        expires: invitation.expires,
        name: flags.name.clone(),
        role: role.to_string(),
        command,
    }));
    Ok(Exit::Done)
}

fn by_word(invitation: &InvitationShown) -> String {
    format!("counterfoil enrol {}", invitation.word)
}

fn say_invitation(
    console: &Console,
    invitation: &InvitationShown,
    practice: &str,
    name: &str,
    role: Role,
    dir: &Path,
) {
    let expires =
        Timestamp::parse_rfc3339(&invitation.expires).map_or(Arg::from(&invitation.expires), Arg::Time);
    let by_word = by_word(invitation);
    let by_code = format!("counterfoil enrol {} --at {}", invitation.code, invitation.address);
    console.say("invite-made", args![name, role, expires = expires.clone()]);
    console.print(&console.text("invite-word", args![word = &invitation.word]));
    console.print(&console.text("invite-code", args![code = &invitation.code]));
    console.say("invite-command", args![command = &by_word]);
    console.say("invite-command-code", args![command = &by_code]);
    if console.manner().output == Output::People
        && std::io::stdout().is_terminal()
        && let Some(picture) = qr(console, &invitation.word)
    {
        console.say("invite-qr", &[]);
        console.print(&picture);
    }
    console.say("invite-channel", args![name]);
    console.say("invite-message-title", &[]);
    console.say("invite-message", args![practice, command = &by_word, expires]);
    if role.is_staff() {
        let dir = text::shell(&dir.display().to_string());
        let command = format!("counterfoil-gateway confirm {} DIGITS --dir {dir}", invitation.id);
        console.say("invite-staff-digits", args![command]);
    }
}

/// The word as a picture of half blocks. In colour it is black on white whatever the terminal's are; without, it
/// takes the terminal to be light on dark, as most are.
fn qr(console: &Console, word: &str) -> Option<String> {
    let code = qrcode::QrCode::new(word.as_bytes()).ok()?;
    let has_colour = !console.tinted(Tone::Bold, "").is_empty();
    let (dark, light) = match has_colour {
        true => (Dense1x2::Dark, Dense1x2::Light),
        false => (Dense1x2::Light, Dense1x2::Dark),
    };
    let picture = code.render::<Dense1x2>().dark_color(dark).light_color(light).quiet_zone(true).build();
    let line = |line: &str| match has_colour {
        true => format!("\u{1b}[30;107m{line}\u{1b}[0m"),
        false => line.to_owned(),
    };
    Some(picture.lines().map(line).collect::<Vec<_>>().join("\n"))
}

pub(super) fn confirm(context: &Context, flags: &Confirm) -> Result<Exit, Failure> {
    if certs::enrolment::CheckDigits::parse(&flags.digits).is_err() {
        return Err(failure::digits_malformed());
    }
    let request = Request::Confirm { invitation: flags.id.clone(), digits: flags.digits.clone() };
    let Answer::Confirmed { confirmed } = done(context, &flags.place, request)? else {
        return Err(failing::of_other());
    };
    let role = Role::parse(&confirmed.role).map_or(Arg::Text(confirmed.role.as_str().into()), Arg::Role);
    let values = args![person = confirmed.person.as_str(), label = confirmed.label.as_str(), role];
    context.console.say("confirm-done", values);
    let fields = fields! {
        "device": confirmed.device.as_str(), "person": confirmed.person.as_str(), "role": confirmed.role.as_str(), "state": "active",
    };
    context.console.emit(&Event::Row { of: "device".to_owned(), fields });
    Ok(Exit::Done)
}

pub(super) fn people(context: &Context, place: &Place) -> Result<Exit, Failure> {
    let Answer::People { people } = done(context, place, Request::People)? else {
        return Err(failing::of_other());
    };
    let console = &context.console;
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
        person_rows(context, person, &mut table);
    }
    show(context, &table);
    context.summary("people", fields! {"people": people.len()});
    Ok(Exit::Done)
}

fn person_rows(context: &Context, person: &PersonShown, table: &mut Table) {
    let console = &context.console;
    let role = Role::parse(&person.role).ok();
    let role = role
        .map_or_else(|| person.role.clone(), |role| console.text(console::catalogue::role_key(role), &[]));
    for device in &person.devices {
        let state = match device.standing.as_str() {
            "active" => console.text("people-active", &[]),
            "declined" => console.text("people-declined", &[]),
            _ => console.text("people-waiting", &[]),
        };
        let state = match &device.digits {
            Some(digits) => format!("{state} ({} {digits})", device.invitation),
            None => state,
        };
        table.row([person.name.as_str(), role.as_str(), device.label.as_str(), state.as_str()]);
    }
    for invitation in &person.invitations {
        let state = format!("{} ({invitation})", console.text("people-invited", &[]));
        table.row([person.name.as_str(), role.as_str(), "", state.as_str()]);
    }
    if person.devices.is_empty() && person.invitations.is_empty() {
        table.row([person.name.as_str(), role.as_str(), "", console.text("people-expired", &[]).as_str()]);
    }
    emit_row(console, "person", person);
}

fn emit_row(console: &Console, of: &str, row: &impl serde::Serialize) {
    if let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(row) {
        console.emit(&Event::Row { of: of.to_owned(), fields });
    }
}

pub(super) fn status(context: &Context, place: &Place) -> Result<Exit, Failure> {
    let Answer::Status { status } = done(context, place, Request::Status)? else {
        return Err(failing::of_other());
    };
    emit_row(&context.console, "practice", &status);
    say_status(&context.console, &status);
    Ok(Exit::Done)
}

fn say_status(console: &Console, status: &Status) {
    let time = |text: &str| Timestamp::parse_rfc3339(text).map_or(Arg::shown(text), Arg::Time);
    let Status { practice, pin, address, entries, uploads, free_percent, .. } = status;
    console.print(&console.text("status-practice", args![practice, pin, address]));
    console.print(&console.text("status-journal", args![entries = *entries, newest = time(&status.newest)]));
    console.print(&console.text("status-uploads", args![uploads = *uploads]));
    console.print(&console.text("status-disk", args![free = *free_percent]));
    if status.clock_held {
        console.warn(&failure::clock_ahead(time(&status.now), time(&status.newest)));
    }
}

pub(super) fn clock_confirm(context: &Context, place: &Place) -> Result<Exit, Failure> {
    match done(context, place, Request::ClockConfirm)? {
        Answer::ClockConfirmed => {
            context.console.say("clock-confirmed", &[]);
            context.summary("clock-confirm", fields! {});
            Ok(Exit::Done)
        }
        _ => Err(failing::of_other()),
    }
}
