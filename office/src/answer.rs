//! What is answered. How each answer is told stands with its subject.

use serde::{Deserialize, Serialize};

use crate::{ActError, BookShown, Confirmed, InvitationShown, PersonShown, RightsDone, Status};

/// What is answered. One JSON line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// The book was added.
    Book {
        /// It.
        book: BookShown,
        /// Whether another book has the same name.
        repeats: bool,
    },
    /// All books.
    Books {
        /// By name.
        books: Vec<BookShown>,
    },
    /// The invitation was made.
    Invitation {
        /// It, shown this once.
        invitation: InvitationShown,
        /// The practice's name, for the message to whom is invited.
        practice: String,
    },
    /// The device has its rights.
    Confirmed {
        /// Which, and whose.
        confirmed: Confirmed,
    },
    /// Everybody.
    People {
        /// By name.
        people: Vec<PersonShown>,
    },
    /// The clock counts as right.
    ClockConfirmed,
    /// How the gateway is.
    Status {
        /// In numbers.
        status: Status,
    },
    /// The act was not done.
    Refused {
        /// Why.
        error: ActError,
    },
    /// The act was not done: nobody has used this invitation yet.
    NotUsed {
        /// As it was given.
        invitation: String,
    },
    /// The act was not done: nothing is committed before the clock is confirmed.
    ClockHeld {
        /// What the clock shows: RFC 3339.
        now: String,
        /// The newest entry's time: RFC 3339.
        newest: String,
    },
    /// The request could not be read.
    Malformed,
    /// How the keys are.
    Rotations {
        /// Kind by kind.
        rotations: Vec<crate::RotationShown>,
    },
    /// A step of a rotation is done.
    Rotated {
        /// How it is now.
        rotation: crate::RotationShown,
        /// The phase that was reached.
        reached: String,
    },
    /// The root must sign this first.
    RootAsked {
        /// For which key.
        kind: String,
        /// The request, in hex.
        request: String,
    },
    /// Rights were changed.
    Rights {
        /// How.
        done: RightsDone,
        /// The practice's name, for the message to whom is invited.
        practice: String,
    },
    /// The person has no second factor any more.
    FactorReset {
        /// Their name.
        person: String,
    },
    /// The invitations that were given out.
    Invitations {
        /// The newest first.
        invitations: Vec<crate::InvitationKnown>,
    },
    /// The revocation lists.
    Lists {
        /// The newest authority first.
        lists: Vec<crate::ListGiven>,
        /// The roots in force, DER in hex.
        roots: Vec<String>,
    },
    /// Every device.
    Devices {
        /// By person.
        devices: Vec<crate::DeviceListed>,
        /// What the gateway's clock shows: RFC 3339.
        now: String,
    },
    /// Every certificate that was asked for.
    Certificates {
        /// The gateway's own first, then by person.
        certificates: Vec<crate::CertificateListed>,
        /// What the gateway's clock shows: RFC 3339.
        now: String,
        /// The practice's id.
        pid: String,
        /// Its name; foreign text.
        practice: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_read_as_it_was_written() {
        let refused = [
            ActError::BookAmbiguous { book: "b".into(), ids: vec!["1".into()] },
            ActError::DigitsDiffer,
            ActError::Refused { code: "busy".into() },
        ];
        let answers = refused.map(|error| Answer::Refused { error }).into_iter().chain([
            Answer::Malformed,
            Answer::ClockConfirmed,
            Answer::NotUsed { invitation: "x".into() },
            Answer::Books { books: vec![BookShown { id: "1".into(), name: "a\nb".into() }] },
        ]);
        for answer in answers {
            let line = serde_json::to_string(&answer).unwrap();
            assert!(!line.contains('\n'));
            assert_eq!(serde_json::from_str::<Answer>(&line).unwrap(), answer);
        }
    }
}
