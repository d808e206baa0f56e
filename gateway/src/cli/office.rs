//! The commands of the office: over the socket of a running gateway, or by holding the folder oneself.

use std::path::Path;
use std::time::Duration;

use console::{Exit, Failure};
use office::{Answer, Asking, Desk, Program, Request};

use super::{Context, Place, failing};
use crate::act::Actor;
use crate::admin;
use crate::ledger::Begin;
use crate::log;
use crate::practice::{OpenError, Opened};

/// How long a command waits while another holds the folder: a gateway that is starting, or another command.
const HELD_PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const HELD_LOOK: Duration = Duration::from_millis(200);

/// Asks, and tells the answer.
pub(super) fn run(context: &Context, asking: &dyn Asking, place: &Place) -> Result<Exit, Failure> {
    let request = asking.request()?;
    let desk = Desk {
        console: context.console.clone(),
        clock: context.clock.clone(),
        begun: context.begun,
        program: Program::gateway(&place.folder.real()),
    };
    asking.confirm(&desk)?;
    asking.tell(&desk, office::done(asked(context, place, request)?)?)
}

/// Has it done by the running gateway, or does it here where none runs.
pub(super) fn asked(context: &Context, place: &Place, request: Request) -> Result<Answer, Failure> {
    let dir = place.folder.real();
    if let Some(answer) = ask(&dir, &request)? {
        return Ok(answer);
    }
    let (config, _) = place.folder.configuration(&[])?;
    log::start(&config, log::Of::Command);
    let unlock = place.unlock.obtain(&context.console, &config)?;
    let until = context.clock.monotonic().saturating_add(HELD_PATIENCE);
    let opened = loop {
        match Opened::open(&dir, config.clone(), &unlock, context.clock.clone(), Begin::AsItIs) {
            Ok(opened) => break opened,
            Err(OpenError::Held(_)) if context.clock.monotonic() < until => std::thread::sleep(HELD_LOOK),
            Err(error) => return Err(failing::of_open(&error, &dir)),
        }
        // Who held the folder may have been a gateway that has started now.
        if let Some(answer) = ask(&dir, &request)? {
            return Ok(answer);
        }
    };
    let is_of_clock = request == Request::ClockConfirm;
    let mut answer = admin::perform(&opened.practice, request, Actor::AdminSocket);
    if is_of_clock && let Err(error) = admin::keep_clock(&opened.practice) {
        answer = Answer::Refused { error };
    }
    if let Err(error) = opened.close() {
        // The act stands in the journal; a ledger that is not closed is posted again at the next start.
        tracing::warn!(%error, "the ledger was not closed");
    }
    Ok(answer)
}

fn ask(dir: &Path, request: &Request) -> Result<Option<Answer>, Failure> {
    admin::ask(dir, request).map_err(|error| failing::of_ask(&error))
}
