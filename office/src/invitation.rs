//! Invitations: inviting a person, and giving their device its rights.

use console::{Arg, Event, Exit, Failure, args, event, failure, fields};
use model::Role;
use serde::{Deserialize, Serialize};

use crate::refused::time;
use crate::{Answer, Asking, Desk, Request, other_answer, picture};

/// An invitation, shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationShown {
    /// Its id, for `confirm`.
    pub id: String,
    /// The word to paste.
    pub word: String,
    /// The code to type.
    pub code: String,
    /// Where the gateway is.
    pub address: String,
    /// When it ends: RFC 3339.
    pub expires: String,
    /// Whom it is for.
    pub person: String,
}

/// A device that was confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// The person's name.
    pub person: String,
    /// Their role.
    pub role: String,
    /// What the device calls itself.
    pub label: String,
    /// The device.
    pub device: String,
}

/// Invites a person.
#[derive(Debug, clap::Args)]
pub struct Invite {
    #[arg(long)]
    role: String,
    #[arg(long)]
    name: String,
    #[arg(long)]
    book: Vec<String>,
}

impl Asking for Invite {
    fn request(&self) -> Result<Request, Failure> {
        let role = Role::parse(&self.role).map_err(|_| failure::role_wrong(self.role.as_str()))?;
        match (role, self.book.is_empty()) {
            (Role::Client | Role::Bookkeeper, false) | (Role::Admin, true) => {}
            (Role::Client | Role::Bookkeeper, true) => return Err(failure::book_required(role)),
            (Role::Admin, false) => return Err(failure::book_not_for_role(role)),
            (Role::Supervisor | Role::Auditor | Role::Partner, _) => {
                return Err(failure::role_not_offered(role));
            }
        }
        Ok(Request::Invite { role: self.role.clone(), name: self.name.clone(), books: self.book.clone() })
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::Invitation { invitation, practice } = answer else { return Err(other_answer()) };
        let role = Role::parse(&self.role).map_err(|_| other_answer())?;
        say_invitation(desk, &invitation, &practice, &self.name, role);
        let command = by_word(&invitation);
        desk.console.emit(&Event::Invitation(event::Invitation {
            id: invitation.id,
            word: invitation.word,
            code: invitation.code,
            address: invitation.address,
            expires: invitation.expires,
            name: self.name.clone(),
            role: role.to_string(),
            command,
        }));
        Ok(Exit::Done)
    }
}

fn by_word(invitation: &InvitationShown) -> String {
    format!("counterfoil enrol {}", invitation.word)
}

fn say_invitation(desk: &Desk, invitation: &InvitationShown, practice: &str, name: &str, role: Role) {
    let console = &desk.console;
    let expires = time(&invitation.expires);
    let by_word = by_word(invitation);
    let by_code = format!("counterfoil enrol {} --at {}", invitation.code, invitation.address);
    console.say("invite-made", args![name, role, expires = expires.clone()]);
    console.print(&console.text("invite-word", args![word = &invitation.word]));
    console.print(&console.text("invite-code", args![code = &invitation.code]));
    console.say("invite-command", args![command = &by_word]);
    console.say("invite-command-code", args![command = &by_code]);
    if let Some(picture) = picture::qr(console, &invitation.word) {
        console.say("invite-qr", &[]);
        console.print(&picture);
    }
    console.say("invite-channel", args![name]);
    console.say("invite-message-title", &[]);
    console.say("invite-message", args![practice, command = &by_word, expires]);
    if role.is_staff() {
        let command = desk.program.line(&format!("confirm {} DIGITS", invitation.id));
        console.say("invite-staff-digits", args![command]);
    }
}

/// Gives a device its rights.
#[derive(Debug, clap::Args)]
pub struct Confirm {
    id: String,
    digits: String,
}

impl Asking for Confirm {
    fn request(&self) -> Result<Request, Failure> {
        match certs::enrolment::CheckDigits::parse(&self.digits) {
            Ok(_) => Ok(Request::Confirm { invitation: self.id.clone(), digits: self.digits.clone() }),
            Err(_) => Err(failure::digits_malformed()),
        }
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::Confirmed { confirmed } = answer else { return Err(other_answer()) };
        let role = Role::parse(&confirmed.role).map_or(Arg::Text(confirmed.role.as_str().into()), Arg::Role);
        let values = args![person = confirmed.person.as_str(), label = confirmed.label.as_str(), role];
        desk.console.say("confirm-done", values);
        let fields = fields! {
            "device": confirmed.device.as_str(), "person": confirmed.person.as_str(),
            "role": confirmed.role.as_str(), "state": "active",
        };
        desk.console.emit(&Event::Row { of: "device".to_owned(), fields });
        Ok(Exit::Done)
    }
}
