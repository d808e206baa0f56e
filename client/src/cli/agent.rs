//! `counterfoil agent`: stays, and renews this device's certificates when they are due, at every practice. Sends and
//! fetches nothing. Ends when it is told to.

use std::time::Duration;

use console::{Event, Exit, args, fields};
use model::Timestamp;

use super::Context;
use crate::device::Device;
use crate::practice::Practice;
use crate::renewal::plan::Plan;
use crate::renewal::{Outcome, When, tend};
use crate::trouble::Told;

/// The longest sleep: a window that the gateway names is heard of within it.
const SLEEP_MAX: Duration = Duration::from_secs(6 * 3600);
/// The shortest, and the pause after a renewal that could not be.
const SLEEP_MIN: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    /// One round, then it ends.
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(context: &Context, flags: &Flags) -> Told<Exit> {
    let practices = context.all_selected()?;
    let mut renewed = 0usize;
    tokio::select! {
        ended = rounds(context, flags, &practices, &mut renewed) => ended?,
        // A renewal that is cut here is gone on with by the next command.
        () = super::interrupted() => {}
    }
    Ok(context.summary("agent", Exit::Done, fields! {"renewed": renewed}))
}

async fn rounds(context: &Context, flags: &Flags, practices: &[Practice], renewed: &mut usize) -> Told<()> {
    loop {
        let mut sleep = SLEEP_MAX;
        for practice in practices {
            match round(context, practice).await {
                Ok((outcome, next)) => {
                    *renewed += usize::from(outcome == Outcome::Renewed);
                    sleep = sleep.min(next);
                }
                Err(failure) if flags.once => return Err(failure),
                Err(failure) => {
                    context.console.warn(&failure);
                    sleep = SLEEP_MIN;
                }
            }
        }
        if flags.once {
            return Ok(());
        }
        tokio::time::sleep(sleep.max(SLEEP_MIN)).await;
    }
}

/// Renews what is due, says hello, and tells how long there is nothing to do.
async fn round(context: &Context, practice: &Practice) -> Told<(Outcome, Duration)> {
    let tended = tend(practice, &context.unlocker(), &context.console, When::Due).await?;
    let (tended, mut link) = context.connect_as(practice, tended, crate::link::Patience::default()).await?;
    link.close().await;
    if tended.outcome == Outcome::Renewed {
        tell(context, practice, &tended.device);
    }
    let now = practice.now();
    let plan = Plan::of(practice, &tended.device.certificates)?;
    let next = plan.moment(now).min(plan.signing_moment());
    Ok((tended.outcome, Duration::from_secs(next.unix_seconds().saturating_sub(now.unix_seconds()))))
}

fn tell(context: &Context, practice: &Practice, device: &Device) {
    let until = device.tls_chain.first().map_or(Timestamp::from_unix_ms(0), certs::Certificate::not_after);
    let about = practice.about();
    context.console.say("cert-renewed-until", args![until = console::Arg::Date(until)]);
    context.console.emit(&Event::Row {
        of: "renewal".to_owned(),
        fields: fields! {
            "practice": about.practice.as_str(),
            "device": about.device.to_uuid(),
            "until": until.to_rfc3339(),
        },
    });
}
