//! `repost`: makes the ledger anew from the journal.

use console::{Exit, Failure, args, failure, fields};

use super::{Context, Place, failing};
use crate::ledger::Begin;
use crate::log;
use crate::practice::Opened;

pub(super) fn run(context: &Context, place: &Place) -> Result<Exit, Failure> {
    let console = &context.console;
    let (config, _) = place.folder.configuration(&[])?;
    log::start(&config, log::Of::Command);
    let dir = place.folder.real();
    // Nobody is asked for a passphrase in vain. Opening takes the lock for good.
    drop(crate::practice::lock(&host::Disk::real(), &dir).map_err(|error| failing::of_open(&error, &dir))?);
    let unlock = place.unlock.obtain(console, &config)?;
    console.note("repost-begin", &[]);
    let opened = Opened::open(&dir, config, &unlock, context.clock.clone(), Begin::Again);
    let opened = opened.map_err(|error| failing::of_open(&error, &dir))?;
    let (entries, rows) = (opened.posted.entries, opened.practice.ledger.row_count());
    opened.close().map_err(|error| failure::unexpected(error.to_string()))?;
    let time = context.clock.monotonic().saturating_sub(context.begun);
    console.say("repost-done", args![entries, rows, time]);
    let aside = dir.join("ledger.aside");
    if aside.exists() {
        console.say("repost-set-aside", args![path = aside]);
    }
    context.summary("repost", fields! {"entries": entries, "rows": rows});
    Ok(Exit::Done)
}
