//! The command line: what can be asked, and what all commands need. A command's own file says what it does.

mod enrolled;
mod failing;
mod init;
mod office;
mod repost;
mod root;
mod run;
mod unlock;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use console::config::{Configuration, Given};
use console::event::{Fields, Summary};
use console::help::{self, SpeechFlags};
use console::{Console, Event, Exit, Failure, args, failure, fields};
use host::Clock;

use crate::config::Config;

/// The program's command line. Its help is in the catalogue of `console`.
#[derive(Debug, clap::Parser)]
#[command(name = "counterfoil-gateway", version, subcommand_required = true, arg_required_else_help = true)]
struct Line {
    #[command(flatten)]
    speech: SpeechFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Init(init::Flags),
    Run(run::Flags),
    #[command(flatten)]
    Office(Box<::office::Command<Place>>),
    Repost(Place),
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Root(root::Command),
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Config(ConfigCommand),
    CheckConfig(Folder),
}

#[derive(Debug, clap::Subcommand)]
enum ConfigCommand {
    Show(Folder),
}

/// Which practice.
#[derive(Debug, clap::Args)]
struct Folder {
    #[arg(long, value_name = "DIR", env = "COUNTERFOIL_GATEWAY_DIR")]
    dir: PathBuf,
}

impl Folder {
    /// As it is on this machine, so that a command and the gateway mean the same place by it.
    fn real(&self) -> PathBuf {
        failing::real(&self.dir)
    }

    /// The configuration of the practice, with flags over it.
    fn configuration(&self, flags: &[Given]) -> Result<(Config, Configuration), Failure> {
        let dir = self.real();
        if !dir.join("vault.json").exists() {
            return Err(failure::folder_not_practice(&dir));
        }
        // A variable that is not Unicode can be none of ours.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Config::load(&dir, environment, flags)
    }
}

/// Which practice, and what unlocks it where no gateway runs.
#[derive(Debug, clap::Args)]
struct Place {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    unlock: unlock::UnlockFlags,
}

/// What every command has.
struct Context {
    console: Console,
    clock: Clock,
    begun: Duration,
}

impl Context {
    /// The last line for programs, of a command that has not made just one thing.
    fn summary(&self, command: &str, fields: Fields) {
        let seconds = self.clock.monotonic().saturating_sub(self.begun).as_secs_f64();
        let command = command.to_owned();
        self.console.emit(&Event::Summary(Summary { command, exit: Exit::Done.code(), seconds, fields }));
    }
}

/// Runs the program: one command line to its exit code.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let clock = Clock::system();
    let monotonic = clock.clone();
    let (line, console) =
        match help::begin(&arguments, |line: &Line| &line.speech, move || monotonic.monotonic()) {
            Ok(begun) => begun,
            Err(exit) => return exit.into(),
        };
    let begun = clock.monotonic();
    let context = Context { console: console.clone(), clock, begun };
    dispatch(&context, line.command).unwrap_or_else(|failure| console.fail(&failure)).into()
}

fn dispatch(context: &Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Init(flags) => init::run(context, &flags),
        Command::Run(flags) => run::run(context, &flags),
        Command::Office(command) => {
            let (asking, place) = command.parts();
            office::run(context, asking, place)
        }
        Command::Repost(place) => repost::run(context, &place),
        Command::Root(command) => root::run(context, &command),
        Command::Config(ConfigCommand::Show(folder)) => {
            let (_, configuration) = folder.configuration(&[])?;
            context.console.configuration(&configuration);
            context.summary("config-show", fields! {});
            Ok(Exit::Done)
        }
        Command::CheckConfig(folder) => {
            folder.configuration(&[])?;
            context.console.say("config-right", args![path = folder.real().join(crate::config::FILE)]);
            context.summary("check-config", fields! {});
            Ok(Exit::Done)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;
    use console::Catalogue;

    #[test]
    fn every_command_and_argument_has_its_help_in_both_languages() {
        for language in [console::Language::Chinese, console::Language::English] {
            let missing = help::missing(&Line::command(), &Catalogue::new(language));
            assert!(missing.is_empty(), "{language:?}: {missing:?}");
        }
    }
}
