//! Rights that end, rest, come back or change: of devices, people, books and invitations; grants, roles and end dates.

use console::{Arg, Exit, Failure, args, failure, fields, human};
use model::{Reason, Role, Timestamp};
use serde::{Deserialize, Serialize};

use crate::invitation::say_again;
use crate::refused::time;
use crate::{Answer, Asked, Asking, Desk, InvitationShown, Request, other_answer};

/// Whose rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", content = "id", rename_all = "kebab-case")]
pub enum Subject {
    /// A device, by its id.
    Device(String),
    /// A person, by name or id.
    Person(String),
    /// Everybody on a book, by name or id.
    Book(String),
    /// An invitation that nobody has used, by its id.
    Invitation(String),
    /// One person on one book.
    Grant {
        /// The person.
        person: String,
        /// The book.
        book: String,
    },
}

/// Why rights end or rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The word of the reason.
    pub reason: Option<String>,
    /// From when on keys may have been in other hands: RFC 3339.
    pub since: Option<String>,
    /// In words.
    pub note: Option<String>,
}

/// What is done to rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum RightsAct {
    /// They rest until they are resumed.
    Suspend {
        /// Whose.
        whom: Subject,
        /// Why.
        cause: Cause,
    },
    /// They come back.
    Resume {
        /// Whose.
        whom: Subject,
    },
    /// They end: a device or person is revoked, a book closed, an invitation revoked, a grant withdrawn.
    Revoke {
        /// Whose.
        whom: Subject,
        /// Why.
        cause: Cause,
    },
    /// The device that used an invitation is revoked as disputed, and its person invited again.
    Dispute {
        /// The invitation.
        invitation: String,
        /// In words.
        note: Option<String>,
    },
    /// A person who is there is invited again, for another device.
    InviteAgain {
        /// Name or id.
        person: String,
        /// The device that the new one replaces when it is confirmed.
        replaces: Option<String>,
    },
    /// A person may use a book.
    Grant {
        /// Name or id of the person.
        person: String,
        /// Name or id of the book.
        book: String,
        /// Until when: RFC 3339.
        until: Option<String>,
    },
    /// A person has another role.
    Role {
        /// Name or id.
        person: String,
        /// The word of the role.
        role: String,
        /// The end of a partner's work: RFC 3339.
        until: Option<String>,
        /// What a partner is there for.
        purpose: Option<String>,
    },
    /// A person's work ends then.
    Until {
        /// Name or id.
        person: String,
        /// RFC 3339.
        until: String,
    },
}

impl RightsAct {
    /// Whether it makes authority or takes it from many.
    pub fn is_grave(&self) -> bool {
        match self {
            Self::Suspend { whom, .. } | Self::Revoke { whom, .. } => matches!(whom, Subject::Book(_)),
            Self::Role { role, .. } => Role::parse(role) == Ok(Role::Admin),
            _ => false,
        }
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightsDone {
    /// `device`, `person`, `book`, `invitation` or `grant`.
    pub whose: String,
    /// Its id.
    pub id: String,
    /// Its name or label; foreign text.
    pub name: String,
    /// `active`, `waiting`, `suspended`, `revoked`, `closed`, `withdrawn`, `granted` or `changed`.
    pub state: String,
    /// The role that a person has now.
    pub role: Option<String>,
    /// Until when: RFC 3339.
    pub until: Option<String>,
    /// How many people were suspended, revoked or resumed with a book.
    pub with: u64,
    /// `journal`; `pending`: in force, outlives a crash, not yet in the journal; `memory`: in force until the gateway
    /// stops.
    pub recorded: String,
    /// Why it is not recorded yet: the code's word.
    pub code: Option<String>,
    /// Active admins after it.
    pub admins: u64,
    /// The invitation that was made with it, shown this once.
    pub invitation: Option<InvitationShown>,
}

/// Why rights are not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum RightsError {
    /// No device has this id.
    #[error("there is no device {device:?}")]
    DeviceUnknown {
        /// As it was given.
        device: String,
    },
    /// No invitation has this id, or it was used, or it has ended.
    #[error("no invitation {invitation:?} is open")]
    InvitationClosed {
        /// As it was given.
        invitation: String,
    },
    /// The person has no grant on the book.
    #[error("{person:?} has no grant on {book:?}")]
    GrantUnknown {
        /// As it was given.
        person: String,
        /// As it was given.
        book: String,
    },
    /// Nobody could run the practice from a device any more.
    #[error("no active admin would be left")]
    LastAdmin,
    /// There is nothing to resume.
    #[error("{name:?} is not suspended")]
    NotSuspended {
        /// Of whom; foreign text.
        name: String,
    },
    /// It was revoked or closed before.
    #[error("{name:?} is revoked or closed for ever")]
    Final {
        /// Of whom; foreign text.
        name: String,
    },
    /// A partner has a purpose and an end date that lies ahead.
    #[error("a partner needs a purpose and an end date that lies ahead")]
    PartnerNeeds,
    /// A client does not become staff, nor staff a client.
    #[error("a client does not become staff, nor staff a client")]
    RoleFixed,
    /// This role has no books.
    #[error("the role {role} has no books")]
    NoBooks {
        /// The role's word.
        role: String,
    },
    /// The device that is to be replaced is another person's, or gone.
    #[error("device {device:?} can not be replaced by this person")]
    NotTheirs {
        /// As it was given.
        device: String,
    },
}

/// The failure that people are told.
pub(crate) fn failure_of(error: &RightsError) -> Failure {
    match error {
        RightsError::DeviceUnknown { device } => failure::device_unknown(device),
        RightsError::InvitationClosed { invitation } => failure::invitation_closed(invitation),
        RightsError::GrantUnknown { person, book } => failure::grant_unknown(person, book),
        RightsError::LastAdmin => failure::last_admin(),
        RightsError::NotSuspended { name } => failure::not_suspended(name),
        RightsError::Final { name } => failure::rights_final(name),
        RightsError::PartnerNeeds => failure::partner_needs_end(),
        RightsError::RoleFixed => failure::role_fixed(),
        RightsError::NoBooks { role } => match Role::parse(role) {
            Ok(role) => failure::book_not_for_role(role),
            Err(_) => failure::role_wrong(role),
        },
        RightsError::NotTheirs { device } => failure::device_not_theirs(device),
    }
}

/// `--reason`, `--since`, `--note`.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct CauseFlags {
    #[arg(long)]
    reason: Option<String>,
    #[arg(long)]
    since: Option<String>,
    #[arg(long)]
    note: Option<String>,
}

impl CauseFlags {
    pub(crate) fn cause(&self) -> Result<Cause, Failure> {
        if let Some(reason) = &self.reason
            && Reason::parse(reason).is_err()
        {
            return Err(failure::reason_wrong(reason));
        }
        let since = self.since.as_deref().map(beginning).transpose()?;
        Ok(Cause { reason: self.reason.clone(), since, note: self.note.clone() })
    }
}

/// The beginning of a day, or a moment: RFC 3339.
pub(crate) fn beginning(date: &str) -> Result<String, Failure> {
    moment(date, 0)
}

/// The end of a day, or a moment: RFC 3339.
pub(crate) fn end(date: &str) -> Result<String, Failure> {
    moment(date, 1)
}

fn moment(date: &str, days: u32) -> Result<String, Failure> {
    let at = Timestamp::parse_rfc3339(date).ok().or_else(|| human::local_day(date, days));
    at.map(Timestamp::to_rfc3339).ok_or_else(|| failure::date_wrong(date))
}

/// Confirms what is hard to take back: with `--yes`, or by typing what it is about once more.
fn confirmed(desk: &Desk, key: &'static str, name: &str) -> Result<(), Failure> {
    use console::Input;
    if desk.console.manner().input == Input::Yes {
        return Ok(());
    }
    let typed = desk.console.ask_line(key, args![name], "--yes")?;
    match typed == name {
        true => Ok(()),
        false => Err(failure::not_confirmed_here(name)),
    }
}

/// One deed on one of them.
/// Has it confirmed where it may leave no admin.
fn lock_out_confirmed(desk: &Desk, lock_out: bool, name: &str) -> Result<(), Failure> {
    match lock_out {
        true => confirmed(desk, "rights-confirm-lock-out", name),
        false => Ok(()),
    }
}

macro_rules! deeds {
    ($($(#[$doc:meta])* $name:ident $act:ident $subject:ident $confirm:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, clap::Args)]
        pub struct $name {
            id: String,
            #[command(flatten)]
            cause: CauseFlags,
            #[arg(long)]
            lock_out: bool,
        }

        impl Asking for $name {
            fn request(&self) -> Result<Request, Failure> {
                let whom = Subject::$subject(self.id.clone());
                let act = RightsAct::$act { whom, cause: self.cause.cause()? };
                Ok(Request::Rights { act, lock_out: self.lock_out })
            }

            fn confirm(&self, desk: &Desk) -> Result<(), Failure> {
                match ($confirm, self.lock_out) {
                    ("", lock_out) | (_, lock_out @ true) => lock_out_confirmed(desk, lock_out, &self.id),
                    (key, false) => confirmed(desk, key, &self.id),
                }
            }

            fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
                tell(desk, answer)
            }
        }
    )*};
}

deeds! {
    /// Suspends a device.
    SuspendDevice Suspend Device "";
    /// Revokes a device.
    RevokeDevice Revoke Device "rights-confirm-device";
    /// Suspends a person.
    SuspendPerson Suspend Person "";
    /// Revokes a person.
    RevokePerson Revoke Person "rights-confirm-person";
    /// Suspends everybody on a book.
    SuspendBook Suspend Book "rights-confirm-book";
    /// Closes a book.
    CloseBook Revoke Book "rights-confirm-close";
}

macro_rules! resumes {
    ($($(#[$doc:meta])* $name:ident $subject:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, clap::Args)]
        pub struct $name {
            id: String,
        }

        impl Asking for $name {
            fn request(&self) -> Result<Request, Failure> {
                let act = RightsAct::Resume { whom: Subject::$subject(self.id.clone()) };
                Ok(Request::Rights { act, lock_out: false })
            }

            fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
                tell(desk, answer)
            }
        }
    )*};
}

resumes! {
    /// Resumes a device.
    ResumeDevice Device;
    /// Resumes a person.
    ResumePerson Person;
    /// Resumes a book.
    ResumeBook Book;
}

/// `device …`.
#[derive(Debug, clap::Subcommand)]
pub enum Device<P: clap::Args> {
    /// Until it is resumed.
    Suspend(Asked<SuspendDevice, P>),
    /// Back.
    Resume(Asked<ResumeDevice, P>),
    /// For ever.
    Revoke(Asked<RevokeDevice, P>),
}

impl<P: clap::Args> Device<P> {
    pub(crate) fn parts(&self) -> (&dyn Asking, &P) {
        match self {
            Self::Suspend(asked) => asked.parts(),
            Self::Resume(asked) => asked.parts(),
            Self::Revoke(asked) => asked.parts(),
        }
    }
}

/// `person …`.
#[derive(Debug, clap::Subcommand)]
pub enum Person<P: clap::Args> {
    /// Until they are resumed.
    Suspend(Asked<SuspendPerson, P>),
    /// Back.
    Resume(Asked<ResumePerson, P>),
    /// For ever.
    Revoke(Asked<RevokePerson, P>),
    /// Their work ends then.
    Until(Asked<Until, P>),
}

impl<P: clap::Args> Person<P> {
    pub(crate) fn parts(&self) -> (&dyn Asking, &P) {
        match self {
            Self::Suspend(asked) => asked.parts(),
            Self::Resume(asked) => asked.parts(),
            Self::Revoke(asked) => asked.parts(),
            Self::Until(asked) => asked.parts(),
        }
    }
}

/// `role …`.
#[derive(Debug, clap::Subcommand)]
pub enum RoleCommand<P: clap::Args> {
    /// Gives a person another role.
    Set(Asked<SetRole, P>),
}

impl<P: clap::Args> RoleCommand<P> {
    pub(crate) fn parts(&self) -> (&dyn Asking, &P) {
        match self {
            Self::Set(asked) => asked.parts(),
        }
    }
}

/// A person's work ends then.
#[derive(Debug, clap::Args)]
pub struct Until {
    person: String,
    date: String,
    #[arg(long)]
    lock_out: bool,
}

impl Asking for Until {
    fn request(&self) -> Result<Request, Failure> {
        let act = RightsAct::Until { person: self.person.clone(), until: end(&self.date)? };
        Ok(Request::Rights { act, lock_out: self.lock_out })
    }

    fn confirm(&self, desk: &Desk) -> Result<(), Failure> {
        lock_out_confirmed(desk, self.lock_out, &self.person)
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        tell(desk, answer)
    }
}

/// A person has another role.
#[derive(Debug, clap::Args)]
pub struct SetRole {
    person: String,
    role: String,
    #[arg(long)]
    until: Option<String>,
    #[arg(long)]
    purpose: Option<String>,
    #[arg(long)]
    lock_out: bool,
}

impl Asking for SetRole {
    fn request(&self) -> Result<Request, Failure> {
        let role = Role::parse(&self.role).map_err(|_| failure::role_wrong(self.role.as_str()))?;
        let act = RightsAct::Role {
            person: self.person.clone(),
            role: role.to_string(),
            until: self.until.as_deref().map(end).transpose()?,
            purpose: self.purpose.clone(),
        };
        Ok(Request::Rights { act, lock_out: self.lock_out })
    }

    fn confirm(&self, desk: &Desk) -> Result<(), Failure> {
        lock_out_confirmed(desk, self.lock_out, &self.person)
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        tell(desk, answer)
    }
}

/// Gives or withdraws a grant: `grant PERSON BOOK`, `grant withdraw PERSON BOOK`.
#[derive(Debug, clap::Args)]
pub struct Grant {
    #[arg(num_args = 2..=3, required = true)]
    grant: Vec<String>,
    #[arg(long)]
    until: Option<String>,
    #[command(flatten)]
    cause: CauseFlags,
}

impl Asking for Grant {
    fn request(&self) -> Result<Request, Failure> {
        let act = match self.grant.as_slice() {
            [deed, person, book] if deed == "withdraw" => {
                let whom = Subject::Grant { person: person.clone(), book: book.clone() };
                RightsAct::Revoke { whom, cause: self.cause.cause()? }
            }
            [person, book] => RightsAct::Grant {
                person: person.clone(),
                book: book.clone(),
                until: self.until.as_deref().map(end).transpose()?,
            },
            _ => return Err(failure::grant_form()),
        };
        Ok(Request::Rights { act, lock_out: false })
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        tell(desk, answer)
    }
}

/// Tells what was done, and how to go back.
pub(crate) fn tell(desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
    let Answer::Rights { done, practice } = answer else { return Err(other_answer()) };
    let console = &desk.console;
    let name = if done.name.is_empty() { done.id.as_str() } else { done.name.as_str() };
    let id = done.id.as_str();
    match (done.whose.as_str(), done.state.as_str()) {
        ("device", "suspended") => console.say("rights-device-suspended", args![name]),
        ("device", "revoked") => console.say("rights-device-revoked", args![name]),
        ("person", "suspended") => console.say("rights-person-suspended", args![name]),
        ("person", "revoked") => console.say("rights-person-revoked", args![name]),
        ("book", "suspended") => console.say("rights-book-suspended", args![name, with = done.with]),
        ("book", "closed") => console.say("rights-book-closed", args![name, with = done.with]),
        ("book", "active") => console.say("rights-book-resumed", args![name, with = done.with]),
        ("invitation", _) => console.say("rights-invitation-revoked", args![id]),
        ("grant", "withdrawn") => console.say("rights-grant-withdrawn", args![name]),
        ("grant", _) => match &done.until {
            Some(until) => console.say("rights-granted-until", args![name, until = time(until)]),
            None => console.say("rights-granted", args![name]),
        },
        (_, "changed") => {
            let role = done.role.as_deref().and_then(|role| Role::parse(role).ok());
            let role = role.map_or(Arg::from(""), Arg::Role);
            match &done.until {
                Some(until) => {
                    console.say("rights-changed-until", args![name, role, until = time(until)]);
                }
                None => console.say("rights-changed", args![name, role]),
            }
        }
        _ => console.say("rights-resumed", args![name]),
    }
    if done.state == "suspended" {
        let command = desk.program.line(&format!("{} resume {id}", done.whose));
        console.say("rights-back", args![command]);
    }
    match done.recorded.as_str() {
        "journal" => {}
        kept => {
            let cause = done.code.clone().unwrap_or_else(|| "-".to_owned());
            console.warn(&match kept {
                "pending" => failure::not_recorded_yet(cause),
                _ => failure::not_kept(cause),
            });
        }
    }
    if done.admins < 2 {
        console.warn(&failure::few_admins(done.admins));
    }
    let invitation = done.invitation.clone();
    desk.row("rights", &RightsDone { invitation: None, ..done.clone() });
    match invitation {
        Some(invitation) => say_again(desk, invitation, &practice, &done),
        None => {
            desk.summary("rights", fields! {"state": done.state, "recorded": done.recorded});
            Ok(Exit::Done)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_one_line_and_read_as_it_was_written() {
        let grant = Subject::Grant { person: "王\n芳".into(), book: "b".into() };
        let cause = Cause { reason: Some("lost".into()), since: None, note: Some("n".into()) };
        let acts = [
            RightsAct::Revoke { whom: grant, cause: cause.clone() },
            RightsAct::Suspend { whom: Subject::Book("b".into()), cause },
            RightsAct::InviteAgain { person: "p".into(), replaces: None },
        ];
        for act in acts {
            let request = Request::Rights { act, lock_out: false };
            let line = serde_json::to_string(&request).unwrap();
            assert!(!line.contains('\n'));
            assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), request);
        }
    }

    #[test]
    fn a_day_ends_when_the_next_begins() {
        let (begin, end) = (beginning("2026-12-31").unwrap(), end("2026-12-31").unwrap());
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap().unix_seconds();
        assert_eq!(at(&end) - at(&begin), 24 * 3600);
        assert_eq!(beginning("2026-11-24T09:00:00.123Z").unwrap(), "2026-11-24T09:00:00.123Z");
        for wrong in ["2026-02-30", "31.12.2026", "tomorrow", ""] {
            assert!(beginning(wrong).is_err(), "{wrong}");
        }
    }
}
