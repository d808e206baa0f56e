//! People's second factors, as far as others see to them: resetting one that is lost.

use console::{Exit, Failure, args, fields};

use crate::{Answer, Asked, Asking, Desk, Request, other_answer};

/// `factor …`.
#[derive(Debug, clap::Subcommand)]
pub enum Command<P: clap::Args> {
    /// Takes one away.
    Reset(Asked<Reset, P>),
}

impl<P: clap::Args> Command<P> {
    pub(crate) fn parts(&self) -> (&dyn Asking, &P) {
        match self {
            Self::Reset(asked) => asked.parts(),
        }
    }
}

/// Takes a person's second factor away.
#[derive(Debug, clap::Args)]
pub struct Reset {
    person: String,
}

impl Asking for Reset {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::FactorReset { person: self.person.clone() })
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::FactorReset { person } = answer else { return Err(other_answer()) };
        desk.console.say("factor-reset", args![person = person.as_str()]);
        desk.summary("factor-reset", fields! {"person": person.as_str()});
        Ok(Exit::Done)
    }
}
