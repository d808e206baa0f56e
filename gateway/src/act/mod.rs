//! The acts of administration: one function each, the same whether it comes over the admin socket or from a command
//! that holds the folder itself. Each leaves its statements in the journal before it is answered, and takes from its
//! caller who acts.

pub mod book;
pub mod invitation;
pub mod people;

pub use receipts::event::Actor;
use serde::{Deserialize, Serialize};

use crate::commit::{Group, Made};
use crate::practice::Practice;

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
}

impl From<protocol::Refusal> for ActError {
    fn from(refusal: protocol::Refusal) -> Self {
        Self::Refused { code: refusal.known().map_or("unknown", |code| code.word()).to_owned() }
    }
}

impl From<vault::VaultError> for ActError {
    fn from(error: vault::VaultError) -> Self {
        Self::Failed { cause: error.to_string() }
    }
}

impl From<certs::CertsError> for ActError {
    fn from(error: certs::CertsError) -> Self {
        Self::Failed { cause: error.to_string() }
    }
}

fn failed(cause: &dyn std::fmt::Display) -> ActError {
    ActError::Failed { cause: cause.to_string() }
}

/// An admin has looked at the clock: it is right.
pub fn clock_confirm(practice: &Practice) {
    practice.clock.confirm();
}

fn commit(
    practice: &Practice,
    make: impl FnOnce(&Group<'_>) -> Result<Vec<Made>, protocol::Refusal> + Send + 'static,
) -> Result<crate::commit::Outcome, ActError> {
    Ok(practice.committer.commit_blocking(Box::new(make))?)
}
