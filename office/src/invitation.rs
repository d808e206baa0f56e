//! Invitations: inviting a person, and giving their device its rights.

use console::{Arg, Event, Exit, Failure, args, event, failure, fields};
use model::Role;
use serde::{Deserialize, Serialize};

use crate::refused::time;
use crate::rights::{self, CauseFlags, RightsAct, RightsDone, Subject};
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

/// Invites a person, or one who is there again; takes an invitation back, or disputes one: `invite revoke IID`,
/// `invite dispute IID`.
#[derive(Debug, clap::Args)]
pub struct Invite {
    #[arg(requires = "id")]
    deed: Option<String>,
    id: Option<String>,
    #[arg(long)]
    role: Option<String>,
    #[arg(long)]
    name: Option<String>,
    #[arg(long)]
    book: Vec<String>,
    #[arg(long)]
    until: Option<String>,
    #[arg(long)]
    purpose: Option<String>,
    #[arg(long)]
    person: Option<String>,
    #[arg(long, requires = "person")]
    replaces: Option<String>,
    #[command(flatten)]
    cause: CauseFlags,
}

impl Invite {
    fn anew(&self) -> Result<Request, Failure> {
        let role = self.role.as_deref().ok_or_else(|| failure::option_needed("--role"))?;
        let role = Role::parse(role).map_err(|_| failure::role_wrong(role))?;
        let name = self.name.clone().ok_or_else(|| failure::option_needed("--name"))?;
        match (role, self.book.is_empty()) {
            (Role::Client | Role::Bookkeeper | Role::Supervisor | Role::Partner, false)
            | (Role::Admin | Role::Auditor, true) => {}
            (Role::Client | Role::Bookkeeper | Role::Supervisor | Role::Partner, true) => {
                return Err(failure::book_required(role));
            }
            (Role::Admin | Role::Auditor, false) => return Err(failure::book_not_for_role(role)),
        }
        let until = self.until.as_deref().map(rights::end).transpose()?;
        if role == Role::Partner && (until.is_none() || self.purpose.is_none()) {
            return Err(failure::partner_needs_end());
        }
        let (books, purpose) = (self.book.clone(), self.purpose.clone());
        Ok(Request::Invite { role: role.to_string(), name, books, until, purpose })
    }
}

impl Asking for Invite {
    fn request(&self) -> Result<Request, Failure> {
        let act = match (self.deed.as_deref(), self.id.as_deref(), self.person.as_deref()) {
            (Some("revoke"), Some(id), None) => {
                RightsAct::Revoke { whom: Subject::Invitation(id.to_owned()), cause: self.cause.cause()? }
            }
            (Some("dispute"), Some(id), None) => {
                RightsAct::Dispute { invitation: id.to_owned(), note: self.cause.cause()?.note }
            }
            (None, _, Some(person)) => {
                RightsAct::InviteAgain { person: person.to_owned(), replaces: self.replaces.clone() }
            }
            (None, _, None) => return self.anew(),
            (Some(_), _, _) => return Err(failure::invite_form()),
        };
        Ok(Request::Rights { act, lock_out: false })
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let (invitation, practice) = match answer {
            Answer::Invitation { invitation, practice } => (invitation, practice),
            rights => return rights::tell(desk, rights),
        };
        let role = self.role.as_deref().and_then(|role| Role::parse(role).ok()).ok_or_else(other_answer)?;
        say(desk, invitation, &practice, self.name.as_deref().unwrap_or(""), role);
        Ok(Exit::Done)
    }
}

/// Shows the invitation that was made with a change of rights.
pub(crate) fn say_again(
    desk: &Desk,
    invitation: InvitationShown,
    practice: &str,
    done: &RightsDone,
) -> Result<Exit, Failure> {
    let role = done.role.as_deref().and_then(|role| Role::parse(role).ok()).ok_or_else(other_answer)?;
    say(desk, invitation, practice, &done.name, role);
    Ok(Exit::Done)
}

fn say(desk: &Desk, invitation: InvitationShown, practice: &str, name: &str, role: Role) {
    say_invitation(desk, &invitation, practice, name, role);
    let command = by_word(&invitation);
    emit(desk, invitation, name, role, command);
}

fn emit(desk: &Desk, invitation: InvitationShown, name: &str, role: Role, command: String) {
    desk.console.emit(&Event::Invitation(event::Invitation {
        id: invitation.id,
        word: invitation.word,
        code: invitation.code,
        address: invitation.address,
        expires: invitation.expires,
        name: name.to_owned(),
        role: role.to_string(),
        command,
    }));
}

/// Shows the invitation for a further device of one's own.
pub fn say_own_device(desk: &Desk, invitation: InvitationShown, name: &str, role: Role) {
    let console = &desk.console;
    let expires = time(&invitation.expires);
    let command = by_word(&invitation);
    console.say("device-add-made", args![expires]);
    say_secret(console, &invitation, &command);
    console.say("device-add-own", &[]);
    if role.is_staff() {
        console.say("device-add-digits", &[]);
    }
    emit(desk, invitation, name, role, command);
}

fn by_word(invitation: &InvitationShown) -> String {
    format!("counterfoil enrol {}", invitation.word)
}

fn say_invitation(desk: &Desk, invitation: &InvitationShown, practice: &str, name: &str, role: Role) {
    let console = &desk.console;
    let expires = time(&invitation.expires);
    let by_word = by_word(invitation);
    console.say("invite-made", args![name, role, expires = expires.clone()]);
    say_secret(console, invitation, &by_word);
    console.say("invite-channel", args![name]);
    console.say("invite-message-title", &[]);
    console.say("invite-message", args![practice, command = &by_word, expires]);
    if role.is_staff() {
        let command = desk.program.line(&format!("confirm {} DIGITS", invitation.id));
        console.say("invite-staff-digits", args![command]);
    }
}

/// The word, the code, the commands and the picture.
fn say_secret(console: &console::Console, invitation: &InvitationShown, by_word: &str) {
    let by_code = format!("counterfoil enrol {} --at {}", invitation.code, invitation.address);
    console.print(&console.text("invite-word", args![word = &invitation.word]));
    console.print(&console.text("invite-code", args![code = &invitation.code]));
    console.say("invite-command", args![command = by_word]);
    console.say("invite-command-code", args![command = &by_code]);
    if let Some(picture) = picture::qr(console, &invitation.word) {
        console.say("invite-qr", &[]);
        console.print(&picture);
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
