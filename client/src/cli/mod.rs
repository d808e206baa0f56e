//! The command line: what can be asked, and what all commands need. A command's own file says what it does.

mod admin;
mod agent;
mod books;
mod cert;
mod device;
mod drop;
mod enrol;
mod factor;
mod fetch;
mod list;
mod receipt;
mod revocation;
mod send;
mod status;
mod whoami;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use console::event::Summary;
use console::help::{self, SpeechFlags, Stop};
use console::{Console, Event, Exit, Failure, FailureCode, event, failure};
use host::{Clock, Disk};

use crate::connection::Connector;
use crate::device::{Device, Unlocker};
use crate::home::Home;
use crate::link::{Link, Patience};
use crate::practice::Practice;
use crate::renewal::plan::{Due, Plan};
use crate::renewal::{self, Outcome, Tended, When};
use crate::trouble::Told;

/// How long a connection may take to say goodbye when its command has failed.
const GOODBYE: Duration = Duration::from_millis(30);

/// The program's command line. Its help is in the catalogue of `console`.
#[derive(Debug, clap::Parser)]
#[command(name = "counterfoil", version, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Line {
    #[command(flatten)]
    speech: SpeechFlags,
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    #[arg(long, global = true, value_name = "NAME|ID")]
    practice: Option<String>,
    #[arg(long, global = true, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Enrol(enrol::Flags),
    Send(send::Flags),
    Status(status::Flags),
    List(list::Flags),
    Fetch(fetch::Flags),
    Receipt(receipt::Flags),
    Books,
    Drop(drop::Flags),
    Whoami,
    Cert(cert::Flags),
    Agent(agent::Flags),
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Factor(factor::Command),
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Device(device::Command),
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Admin(office::Command<factor::CodeFlags>),
}

/// What every command has.
pub(crate) struct Context {
    /// Says everything.
    pub console: Console,
    /// The home.
    pub home: Home,
    /// `--practice`.
    pub practice: Option<String>,
    passphrase_file: Option<PathBuf>,
    begun: Duration,
}

impl Context {
    /// The practice that is meant.
    ///
    /// # Errors
    /// As [`Home::select`].
    pub fn selected(&self) -> Told<Practice> {
        self.home.select(self.practice.as_deref())
    }

    /// The practices that are meant: the one named, or all.
    ///
    /// # Errors
    /// As [`Home::select`]; `not-enrolled` where there is none.
    pub fn all_selected(&self) -> Told<Vec<Practice>> {
        let practices = match self.practice {
            Some(_) => vec![self.selected()?],
            None => self.home.practices()?,
        };
        match practices.is_empty() {
            true => Err(failure::not_enrolled(self.home.folder())),
            false => Ok(practices),
        }
    }

    /// What opens this device's keys.
    pub fn unlocker(&self) -> Unlocker {
        Unlocker { console: self.console.clone(), passphrase_file: self.passphrase_file.clone() }
    }

    /// This device, its keys open.
    ///
    /// # Errors
    /// As [`Device::open`].
    pub fn device(&self, practice: &Practice) -> Told<Device> {
        tokio::task::block_in_place(|| Device::open(practice, &self.unlocker()))
    }

    /// This device, its certificates renewed where that was due, and the way to the gateway, which is connected.
    ///
    /// # Errors
    /// As [`renewal::tend`] and [`Link::connection`].
    pub async fn connect(&self, practice: &Practice, patience: Patience) -> Told<(Device, Link)> {
        let tended = self.tend(practice).await?;
        self.connect_as(practice, tended, patience).await.map(|(tended, link)| (tended.device, link))
    }

    /// This device, its certificates renewed where that was due.
    ///
    /// # Errors
    /// As [`renewal::tend`].
    pub async fn tend(&self, practice: &Practice) -> Told<Tended> {
        let tended = renewal::tend(practice, &self.unlocker(), &self.console, When::Due).await?;
        if tended.outcome == Outcome::Renewed {
            self.console.note("cert-renewed", &[]);
        }
        Ok(tended)
    }

    /// Connects, and renews the device where what the gateway then says makes it due: a window that is now, or root
    /// records by which what this device signs with is good no more.
    ///
    /// # Errors
    /// As [`Context::link`], [`Link::connection`] and [`renewal::tend`].
    pub async fn connect_as(
        &self,
        practice: &Practice,
        tended: Tended,
        patience: Patience,
    ) -> Told<(Tended, Link)> {
        let mut link = self.link(practice, &tended.device, patience)?;
        link.connection().await?;
        // The link may have renewed it.
        let device = tokio::task::block_in_place(|| tended.device.reopened(practice))?;
        let was_renewed = device.certificates != tended.device.certificates;
        let outcome = if was_renewed { Outcome::Renewed } else { tended.outcome };
        let plan = Plan::of(practice, &device.certificates)?;
        if outcome == Outcome::Later || plan.due(practice.now()) == Due::Nothing {
            return Ok((Tended { device, outcome }, link));
        }
        link.close().await;
        let again = self.tend(practice).await?;
        let outcome = if again.outcome == Outcome::NotDue { outcome } else { again.outcome };
        let link = self.link(practice, &again.device, patience)?;
        Ok((Tended { device: again.device, outcome }, link))
    }

    /// The way to the gateway; the device is renewed on it where the gateway takes nothing else.
    ///
    /// # Errors
    /// As [`Connector::new`].
    pub fn link(&self, practice: &Practice, device: &Device, patience: Patience) -> Told<Link> {
        let link = Link::new(Connector::new(practice, device)?, self.console.clone(), patience);
        let (practice, unlocker, console) = (practice.clone(), self.unlocker(), self.console.clone());
        let first = async move {
            let tended = renewal::tend(&practice, &unlocker, &console, When::First).await?;
            console.note("cert-renewed", &[]);
            Connector::new(&practice, &tended.device)
        };
        Ok(link.renewing(Box::new(|| Box::pin(first))))
    }

    /// How long the command has run.
    pub fn elapsed(&self) -> Duration {
        self.home.clock().monotonic().saturating_sub(self.begun)
    }

    /// The last line for programs.
    pub fn summary(&self, command: &str, exit: Exit, fields: event::Fields) -> Exit {
        let seconds = self.elapsed().as_secs_f64();
        self.console.emit(&Event::Summary(Summary {
            command: command.to_owned(),
            exit: exit.code(),
            seconds,
            fields,
        }));
        exit
    }
}

/// Runs the program: one command line to its exit code. Never ends the process itself.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let clock = Clock::system();
    let monotonic = clock.clone();
    let (line, console) =
        match help::begin(&arguments, |line: &Line| &line.speech, move || monotonic.monotonic()) {
            Ok(begun) => begun,
            Err(exit) => return exit.into(),
        };
    log_to_stderr(line.verbose);
    start(line, &console, clock).unwrap_or_else(|failure| console.fail(&failure)).into()
}

/// Runs one command line over a console that is open already; its own speech flags say nothing then.
pub fn run_on(arguments: &[OsString], console: &Console, clock: Clock) -> Exit {
    match help::parse::<Line>(arguments, console.catalogue()) {
        Ok(line) => start(line, console, clock).unwrap_or_else(|failure| console.fail(&failure)),
        Err(Stop::Show(text, exit)) => {
            console.print(&text);
            exit
        }
        Err(Stop::Failed(failure)) => console.fail(&failure),
    }
}

fn start(line: Line, console: &Console, clock: Clock) -> Told<Exit> {
    let begun = clock.monotonic();
    let home = Home::find(line.home.as_deref(), Disk::real(), clock)?;
    let Line { practice, passphrase_file, command, .. } = line;
    let context = Context { console: console.clone(), home, practice, passphrase_file, begun };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failure::unexpected(error.to_string()))?;
    // The agent ends itself: to be told to stop is how it ends.
    let ends_itself = matches!(command, Command::Agent(_));
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = dispatch(&context, command) => ended.map_err(|failure| named(&context, failure)),
            // Everything that counts is durable at every moment; to stop is to stop asking for more.
            () = interrupted(), if !ends_itself => Err(failure::interrupted()),
        }
    });
    if ended.is_err() {
        // A connection that was dropped says goodbye by itself, and needs a moment for it: else the gateway would
        // hold it until its silence is noticed.
        runtime.block_on(async { tokio::time::sleep(GOODBYE).await });
    }
    // What still reads a file needs not be waited for.
    runtime.shutdown_background();
    ended
}

async fn dispatch(context: &Context, command: Command) -> Told<Exit> {
    match command {
        Command::Enrol(flags) => enrol::run(context, flags).await,
        Command::Send(flags) => send::run(context, flags).await,
        Command::Status(flags) => status::run(context, flags).await,
        Command::List(flags) => list::run(context, flags).await,
        Command::Fetch(flags) => fetch::run(context, flags).await,
        Command::Receipt(flags) => receipt::run(context, flags).await,
        Command::Books => books::run(context).await,
        Command::Drop(flags) => drop::run(context, &flags),
        Command::Whoami => whoami::run(context),
        Command::Cert(flags) => cert::run(context, &flags).await,
        Command::Agent(flags) => agent::run(context, &flags).await,
        Command::Factor(command) => factor::run(context, command).await,
        Command::Device(command) => device::run(context, command).await,
        Command::Admin(command) => admin::run(context, &command).await,
    }
}

/// What the gateway can not say in a refusal and this device knows.
fn named(context: &Context, failure: Failure) -> Failure {
    match (failure.code(), context.selected()) {
        (FailureCode::NotConfirmed, Ok(practice)) => failure::not_confirmed(&practice.about().digits),
        _ => failure,
    }
}

/// Ctrl-C, or the system asks to stop.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await.unwrap_or(()),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => match pressed {
            Ok(()) => {}
            Err(_) => std::future::pending().await,
        },
        () = stop => {}
    }
}

/// Logs are for who asks: nothing without `-v`, and never on stdout.
fn log_to_stderr(verbose: u8) {
    use tracing::level_filters::LevelFilter;
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // A second run in one process finds one set; that one is as good.
    let _ = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).try_init();
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;
    use console::{Catalogue, Language};

    #[test]
    fn every_command_and_argument_is_explained_in_both_languages() {
        for language in Language::ALL {
            let missing = help::missing(&Line::command(), &Catalogue::new(language));
            assert!(missing.is_empty(), "{language}: {missing:?}");
        }
        Line::command().debug_assert();
    }
}
