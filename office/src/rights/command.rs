//! The commands that change rights: what is typed to what is asked, and what is confirmed first.

use console::{Exit, Failure, args, failure, human};
use model::{Reason, Role, Timestamp};

use super::{Cause, RightsAct, Subject, tell};
use crate::{Answer, Asked, Asking, Desk, Request};

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

#[cfg(test)]
mod tests {
    use super::*;

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
