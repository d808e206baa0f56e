//! The gateway's clock: saying that it is right after a jump.

use console::{Exit, Failure, fields};

use crate::{Answer, Asked, Asking, Desk, Request, other_answer};

/// `clock …`.
#[derive(Debug, clap::Subcommand)]
pub enum Command<P: clap::Args> {
    /// It is right.
    Confirm(Asked<Confirm, P>),
}

impl<P: clap::Args> Command<P> {
    pub(crate) fn parts(&self) -> (&dyn Asking, &P) {
        match self {
            Self::Confirm(asked) => asked.parts(),
        }
    }
}

/// The clock is right.
#[derive(Debug, clap::Args)]
pub struct Confirm {}

impl Asking for Confirm {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::ClockConfirm)
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        match answer {
            Answer::ClockConfirmed => {
                desk.console.say("clock-confirmed", &[]);
                desk.summary("clock-confirm", fields! {});
                Ok(Exit::Done)
            }
            _ => Err(other_answer()),
        }
    }
}
