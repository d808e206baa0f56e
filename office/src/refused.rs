//! Why an act is not done, and the failure that people are told for it.

use console::{Arg, Failure, failure};
use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Answer, RightsError, rights};

/// Why an act is not done. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum ActError {
    /// No book has this name or id.
    #[error("there is no book {book:?}")]
    BookUnknown {
        /// As it was given.
        book: String,
    },
    /// Several books have this name.
    #[error("several books are called {book:?}")]
    BookAmbiguous {
        /// As it was given.
        book: String,
        /// Their ids.
        ids: Vec<String>,
    },
    /// The digits are not those of the device.
    #[error("the digits are not those that the device shows")]
    DigitsDiffer,
    /// No invitation has this id, or nobody has used it yet.
    #[error("no device has enrolled by invitation {invitation}")]
    NotEnrolled {
        /// As it was given.
        invitation: String,
    },
    /// A name is empty, too long or has a NUL in it.
    #[error("a name has 1 to 200 bytes")]
    NameWrong,
    /// The gateway refused to commit it.
    #[error("the gateway refused: {code}")]
    Refused {
        /// The code's word.
        code: String,
    },
    /// Something failed; the log says what.
    #[error("something failed in the gateway: {cause}")]
    Failed {
        /// In words.
        cause: String,
    },
    /// Another step of this rotation is due.
    #[error("the {kind} rotation is {phase}; due is {due}")]
    RotationNotDue {
        /// Of which key.
        kind: String,
        /// The phase that it is in.
        phase: String,
        /// The step that is due.
        due: String,
    },
    /// A rotation that excludes it is under way.
    #[error("a {kind} rotation can not begin while the {other} rotation is under way")]
    RotationExcluded {
        /// Of which key.
        kind: String,
        /// The one under way.
        other: String,
    },
    /// Active devices could do nothing but renew.
    #[error("{count} active devices would be cut off by this step of the {kind} rotation")]
    RotationBehind {
        /// Of which key.
        kind: String,
        /// How many.
        count: u32,
    },
    /// What came is not the root's answer to what was asked.
    #[error("the answer of the root is not taken: {cause}")]
    RootAnswer {
        /// In words.
        cause: String,
    },
    /// Rights are not changed.
    #[error("{error}")]
    Rights {
        /// Why.
        error: RightsError,
    },
    /// No person has this name or id.
    #[error("there is no person {person:?}")]
    PersonUnknown {
        /// As it was given.
        person: String,
    },
    /// Several people have this name.
    #[error("several people are called {person:?}")]
    PersonAmbiguous {
        /// As it was given.
        person: String,
        /// Their ids.
        ids: Vec<String>,
    },
    /// It was asked from afar.
    #[error("this can be done at the gateway's own machine alone")]
    AtTheGateway,
}

impl ActError {
    /// What failed, in words.
    pub fn failed(cause: &dyn std::fmt::Display) -> Self {
        Self::Failed { cause: cause.to_string() }
    }
}

impl From<protocol::Refusal> for ActError {
    fn from(refusal: protocol::Refusal) -> Self {
        Self::Refused { code: refusal.known().map_or("unknown", |code| code.word()).to_owned() }
    }
}

impl From<certs::CertsError> for ActError {
    fn from(error: certs::CertsError) -> Self {
        Self::failed(&error)
    }
}

/// An answer that is no refusal, or why the act was not done.
///
/// # Errors
/// The failure to end with.
pub fn done(answer: Answer) -> Result<Answer, Failure> {
    match answer {
        Answer::Refused { error } => Err(failure_of(&error)),
        Answer::NotUsed { invitation } => Err(failure::invitation_not_used(invitation)),
        Answer::ClockHeld { now, newest } => Err(failure::clock_ahead(time(&now), time(&newest))),
        Answer::Malformed => Err(failure::answer_malformed("malformed")),
        done => Ok(done),
    }
}

/// Why an act was not done.
pub fn failure_of(error: &ActError) -> Failure {
    match error {
        ActError::BookUnknown { book } => failure::book_unknown(book),
        ActError::BookAmbiguous { book, ids } => failure::book_ambiguous(book, ids.join(", ")),
        ActError::DigitsDiffer => failure::digits_differ(),
        ActError::NotEnrolled { invitation } => failure::invitation_unknown(invitation),
        ActError::NameWrong => failure::name_wrong(),
        ActError::Refused { code } => Failure::of_refusal(code),
        ActError::Failed { cause } => failure::unexpected(cause),
        ActError::RotationNotDue { kind, phase, due } => failure::rotation_not_due(kind, phase, due),
        ActError::RotationExcluded { kind, other } => failure::rotation_excluded(kind, other),
        ActError::RotationBehind { kind, count } => failure::rotation_behind(kind, u64::from(*count)),
        ActError::RootAnswer { cause } => failure::root_answer(cause),
        ActError::Rights { error } => rights::failure_of(error),
        ActError::PersonUnknown { person } => failure::person_unknown(person),
        ActError::PersonAmbiguous { person, ids } => failure::person_ambiguous(person, ids.join(", ")),
        ActError::AtTheGateway => failure::at_the_gateway(),
    }
}

/// An answer of another kind than was asked for: never, but it is no reason to panic.
pub fn other_answer() -> Failure {
    failure::answer_malformed("another answer")
}

/// A time as it was answered.
pub(crate) fn time(text: &str) -> Arg<'static> {
    Timestamp::parse_rfc3339(text).map_or(Arg::shown(text), Arg::Time)
}

/// A date as it was answered.
pub(crate) fn date(text: &str) -> Arg<'static> {
    Timestamp::parse_rfc3339(text).map_or(Arg::shown(text), Arg::Date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use console::FailureCode;

    #[test]
    fn every_act_error_has_its_failure() {
        let cases = [
            (ActError::BookUnknown { book: "b".into() }, FailureCode::BookUnknown),
            (ActError::BookAmbiguous { book: "b".into(), ids: vec![] }, FailureCode::BookAmbiguous),
            (ActError::DigitsDiffer, FailureCode::DigitsDiffer),
            (ActError::NotEnrolled { invitation: "i".into() }, FailureCode::InvitationUnknown),
            (ActError::NameWrong, FailureCode::NameWrong),
            (ActError::Refused { code: "shutting-down".into() }, FailureCode::GatewayStopping),
            (ActError::Failed { cause: "c".into() }, FailureCode::Unexpected),
            (
                ActError::RotationNotDue { kind: "root".into(), phase: "none".into(), due: "prepare".into() },
                FailureCode::RotationNotDue,
            ),
            (
                ActError::RotationExcluded { kind: "root".into(), other: "issuing".into() },
                FailureCode::RotationExcluded,
            ),
            (ActError::RotationBehind { kind: "issuing".into(), count: 3 }, FailureCode::RotationBehind),
            (ActError::RootAnswer { cause: "c".into() }, FailureCode::RootAnswer),
            (ActError::Rights { error: RightsError::LastAdmin }, FailureCode::LastAdmin),
        ];
        for (error, code) in cases {
            assert_eq!(failure_of(&error).code(), code, "{error}");
        }
    }
}
