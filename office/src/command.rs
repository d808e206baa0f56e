//! The commands: which there are, and what every one of them can do. What each asks and tells is in its own file.

use console::{Exit, Failure};

use crate::{
    Answer, Desk, Request, book, clock, crl, factor, inventory, invitation, invitations, people, rights,
    rotate, status,
};

/// A command of the office: it asks for something, and tells what was answered.
pub trait Asking {
    /// What it asks for.
    ///
    /// # Errors
    /// What was given makes no request.
    fn request(&self) -> Result<Request, Failure>;

    /// Confirms it with who gave the command, where it is hard to take back. Before it is asked for.
    ///
    /// # Errors
    /// It is not confirmed.
    fn confirm(&self, _desk: &Desk) -> Result<(), Failure> {
        Ok(())
    }

    /// Tells the answer. It is no refusal; see [`crate::done`].
    ///
    /// # Errors
    /// It answers something else.
    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure>;
}

/// A command's own flags, and the program's that say where the gateway is.
#[derive(Debug, clap::Args)]
pub struct Asked<F: clap::Args, P: clap::Args> {
    #[command(flatten)]
    flags: F,
    #[command(flatten)]
    place: P,
}

impl<F: Asking + clap::Args, P: clap::Args> Asked<F, P> {
    pub(crate) fn parts(&self) -> (&dyn Asking, &P) {
        (&self.flags, &self.place)
    }
}

/// The commands, with a program's own flags `P` that say where the gateway is.
#[derive(Debug, clap::Subcommand)]
pub enum Command<P: clap::Args> {
    /// Books.
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Book(book::Command<P>),
    /// Invites a person.
    Invite(Asked<invitation::Invite, P>),
    /// Gives a device of staff its rights.
    Confirm(Asked<invitation::Confirm, P>),
    /// Everybody.
    People(Asked<people::People, P>),
    /// How the gateway is.
    Status(Asked<status::Show, P>),
    /// The clock.
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Clock(clock::Command<P>),
    /// Keys.
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Rotate(rotate::Command<P>),
    /// Devices.
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Device(rights::Device<P>),
    /// People.
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Person(rights::Person<P>),
    /// Books of a person.
    Grant(Asked<rights::Grant, P>),
    /// Roles.
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Role(rights::RoleCommand<P>),
    /// People's second factors.
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Factor(factor::Command<P>),
    /// Invitations that were given out.
    Invitations(Asked<invitations::Invitations, P>),
    /// Revocation lists.
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Crl(crl::Command<P>),
    /// Every device.
    Devices(Asked<inventory::Devices, P>),
    /// Every certificate.
    Certs(Asked<inventory::Certificates, P>),
}

impl<P: clap::Args> Command<P> {
    /// What it asks and tells, and where the gateway is.
    pub fn parts(&self) -> (&dyn Asking, &P) {
        match self {
            Self::Book(command) => command.parts(),
            Self::Invite(asked) => asked.parts(),
            Self::Confirm(asked) => asked.parts(),
            Self::People(asked) => asked.parts(),
            Self::Status(asked) => asked.parts(),
            Self::Clock(command) => command.parts(),
            Self::Rotate(command) => command.parts(),
            Self::Device(command) => command.parts(),
            Self::Person(command) => command.parts(),
            Self::Grant(asked) => asked.parts(),
            Self::Role(command) => command.parts(),
            Self::Factor(command) => command.parts(),
            Self::Invitations(asked) => asked.parts(),
            Self::Crl(command) => command.parts(),
            Self::Devices(asked) => asked.parts(),
            Self::Certs(asked) => asked.parts(),
        }
    }
}
