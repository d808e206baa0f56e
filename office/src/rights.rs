//! Rights that end, rest, come back or change: of devices, people, books and invitations; grants, roles and end dates.

mod command;
mod tell;

use console::{Failure, failure};
use model::Role;
use serde::{Deserialize, Serialize};

use crate::InvitationShown;
use crate::refused::time;

pub(crate) use command::{CauseFlags, end};
pub use command::{CloseBook, Device, Grant, Person, ResumeBook, RoleCommand, SuspendBook};
pub(crate) use tell::tell;

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
    /// The person has as many devices as one may have.
    #[error("{name:?} has as many devices as one person may have")]
    TooManyDevices {
        /// Of whom; foreign text.
        name: String,
    },
    /// Since when keys may have been in other hands lies ahead.
    #[error("{since} lies ahead")]
    SinceAhead {
        /// RFC 3339.
        since: String,
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
        RightsError::TooManyDevices { .. } => {
            failure::too_many_devices(model::limits::DEVICES_PER_PERSON_MAX as u64)
        }
        RightsError::SinceAhead { since } => failure::since_ahead(time(since)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Request;

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
}
