//! `counterfoil drop`: gives an unfinished sending up. What arrived of it expires at the gateway.

use console::{Answer, Exit, args, failure, fields};

use super::Context;
use crate::practice::Act;
use crate::send::{drop_plan, find_plan};
use crate::trouble::Told;

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    #[arg(value_name = "SUBMISSION")]
    submission: String,
}

pub(super) fn run(context: &Context, flags: &Flags) -> Told<Exit> {
    let practice = context.selected()?;
    let _held = practice.hold(Act::Send)?;
    let submission = find_plan(&practice, &flags.submission)?.submission;
    let shown = submission.to_string();
    match context.console.confirm("send-drop-confirm", args![submission = &shown])? {
        Answer::Yes => drop_plan(&practice, submission)?,
        Answer::No => return Err(failure::declined()),
    }
    context.console.say("send-dropped", args![submission = &shown]);
    Ok(context.summary("drop", Exit::Done, fields! {"submission": shown}))
}
