//! Counterfoil once through, in one process: a practice is made, its gateway served on loopback with real QUIC, mutual
//! TLS and sled, people enrol, documents are sent, the line is cut, it goes on, they are fetched, compared, verified.
//! Decides nothing itself: it calls what the two programs call, and checks every claim that it prints.

mod companion;
mod documents;
mod line;
mod story;
mod thief;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;
use console::help::SpeechFlags;
use console::{Catalogue, Console, Exit, Input, Manner, Output};
use host::Clock;

/// What the walk is told.
#[derive(clap::Parser)]
#[command(name = "quickstart", version)]
pub struct Flags {
    #[command(flatten)]
    speech: SpeechFlags,
    /// Where the practice and everybody's things go; a folder that is not there yet.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Keep the gateway running at the end.
    #[arg(long)]
    stay: bool,
    /// Your own files or folders instead of the samples; the scan goes with them, to cut the line in.
    #[arg(last = true)]
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let clock = Clock::system();
    let ticks = clock.clone();
    let manner = match flags.speech.manner() {
        Ok(manner) => Manner { input: Input::Yes, ..manner },
        Err(failure) => {
            eprintln!("{}", failure.what(&Catalogue::new(console::Language::English)));
            return Exit::Usage.into();
        }
    };
    let manner = Manner {
        output: if manner.output == Output::Json { Output::People } else { manner.output },
        ..manner
    };
    let console = Console::open(manner, move || ticks.monotonic());
    match story::tell(&flags, &console, &clock) {
        Ok(exit) => exit.into(),
        Err(why) => {
            console.say("quickstart-check-failed", console::args![claim = why.to_string()]);
            Exit::Failed.into()
        }
    }
}
