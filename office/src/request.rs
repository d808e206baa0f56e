//! What can be asked. Not who may ask it: [`Gravity`] says only what an act takes.

use model::Role;
use serde::{Deserialize, Serialize};

use crate::RightsAct;

/// What can be asked. One JSON line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Adds a book.
    BookAdd {
        /// Its name.
        name: String,
    },
    /// All books.
    BookList,
    /// Invites a person.
    Invite {
        /// The word of their role.
        role: String,
        /// Their name.
        name: String,
        /// Names or ids of the books that they may use.
        books: Vec<String>,
        /// The end of a partner's work: RFC 3339.
        #[serde(default)]
        until: Option<String>,
        /// What a partner is there for.
        #[serde(default)]
        purpose: Option<String>,
    },
    /// Gives a device of staff its rights.
    Confirm {
        /// The invitation by which it came.
        invitation: String,
        /// The digits that it shows.
        digits: String,
    },
    /// Everybody, with devices and invitations.
    People,
    /// The clock is right.
    ClockConfirm,
    /// How the gateway is.
    Status,
    /// How far the exchange of each key is.
    RotateStatus,
    /// Takes a step in exchanging a key.
    Rotate {
        /// The word of the kind of key.
        kind: String,
        /// The word of the step; `next` for the one that is due.
        step: String,
        /// How many active devices the person says will be cut off.
        force: Option<u32>,
        /// Whether the old key is stolen: it goes at once.
        stolen: bool,
        /// What the root answered, in hex.
        answer: Option<String>,
    },
    /// Changes rights.
    Rights {
        /// How.
        act: RightsAct,
        /// Whether it may leave no active admin: at the gateway's own machine alone.
        #[serde(default)]
        lock_out: bool,
    },
    /// Takes a person's second factor away.
    FactorReset {
        /// Their id or name.
        person: String,
    },
    /// The invitations that were given out.
    Invitations {
        /// Those that are long over, too.
        all: bool,
    },
    /// The revocation lists, for outsiders.
    CrlExport {},
    /// Every device.
    Devices {},
    /// Every certificate.
    Certificates {
        /// Whether those that are over, too.
        #[serde(default)]
        over: bool,
    },
}

/// What an act takes of who asks for it from afar. At the gateway's own machine, who may open the socket may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gravity {
    /// It changes nothing.
    Look,
    /// It changes something: a second factor must be fresh on the connection.
    Change,
    /// It makes authority or takes it from many: a code of the second factor comes inside the message.
    Grave,
    /// It can be asked at the gateway's own machine alone.
    AtTheGateway,
}

impl Request {
    /// The word for the log.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::BookAdd { .. } => "book-add",
            Self::BookList => "book-list",
            Self::Invite { .. } => "invite",
            Self::Confirm { .. } => "confirm",
            Self::People => "people",
            Self::ClockConfirm => "clock-confirm",
            Self::Status => "status",
            Self::RotateStatus => "rotate-status",
            Self::Rotate { .. } => "rotate",
            Self::Rights { .. } => "rights",
            Self::FactorReset { .. } => "factor-reset",
            Self::Invitations { .. } => "invitations",
            Self::CrlExport {} => "crl-export",
            Self::Devices {} => "devices",
            Self::Certificates { .. } => "certs",
        }
    }

    /// What it takes of who asks for it from afar.
    pub fn gravity(&self) -> Gravity {
        match self {
            Self::BookList
            | Self::People
            | Self::Status
            | Self::RotateStatus
            | Self::Invitations { .. }
            | Self::CrlExport {} => Gravity::Look,
            Self::Devices {} | Self::Certificates { .. } => Gravity::Look,
            // What has no way back, and what the root decides.
            Self::Rotate { kind, step, force, stolen, .. } => {
                let is_grave = kind == "root"
                    || matches!(step.as_str(), "retire" | "next")
                    || *stolen
                    || force.is_some();
                if is_grave { Gravity::Grave } else { Gravity::Change }
            }
            // Another admin: authority that outlives the one who gave it.
            Self::Invite { role, .. } if Role::parse(role) == Ok(Role::Admin) => Gravity::Grave,
            Self::BookAdd { .. } | Self::Invite { .. } | Self::Confirm { .. } | Self::ClockConfirm => {
                Gravity::Change
            }
            Self::Rights { lock_out: true, .. } => Gravity::AtTheGateway,
            Self::Rights { act, .. } if act.is_grave() => Gravity::Grave,
            Self::Rights { .. } => Gravity::Change,
            // An admin who could reset another's factor from afar would not need it.
            Self::FactorReset { .. } => Gravity::AtTheGateway,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_with_nothing_else_in_it() {
        let invite = Request::Invite {
            role: "client".into(),
            name: "王\n芳".into(),
            books: vec!["a".into()],
            until: None,
            purpose: None,
        };
        let line = serde_json::to_string(&invite).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), invite);
        assert!(serde_json::from_str::<Request>(r#"{"do":"book-add","name":"x","force":true}"#).is_err());
    }

    #[test]
    fn who_makes_an_admin_needs_the_most() {
        let invite = |role: &str| Request::Invite {
            role: role.into(),
            name: "x".into(),
            books: vec![],
            until: None,
            purpose: None,
        };
        assert_eq!(invite("admin").gravity(), Gravity::Grave);
        assert_eq!(invite("client").gravity(), Gravity::Change);
        assert_eq!(Request::People.gravity(), Gravity::Look);
        let role = |role: &str, lock_out| {
            let (person, role) = ("p".into(), role.into());
            Request::Rights { act: RightsAct::Role { person, role, until: None, purpose: None }, lock_out }
        };
        assert_eq!(role("admin", false).gravity(), Gravity::Grave);
        assert_eq!(role("auditor", false).gravity(), Gravity::Change);
        assert_eq!(role("auditor", true).gravity(), Gravity::AtTheGateway);
    }
}
