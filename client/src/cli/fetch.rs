//! `counterfoil fetch`: signs for documents, fetches them, saves what was checked. Run again, it goes on.

use std::path::PathBuf;

use console::{Arg, Exit, args, failure, fields};

use super::Context;
use super::factor::CodeFlags;
use super::list;
use crate::connection::book_names;
use crate::fetch::{Brought, Order, fetch};
use crate::link::Patience;
use crate::listing;
use crate::practice::Act;
use crate::trouble::Told;

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    #[command(flatten)]
    which: list::Flags,
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    #[command(flatten)]
    code: CodeFlags,
}

pub(super) async fn run(context: &Context, flags: Flags) -> Told<Exit> {
    let mut filter = flags.which.filter()?;
    let practice = context.selected()?;
    let _held = practice.hold(Act::Take)?;
    let (device, mut link) = context.connect(&practice, Patience::default()).await?;
    let books = book_names(&listing::books(&mut link, &practice).await?);
    filter.book = flags.which.book(&books)?;
    let to = flags.to.unwrap_or_else(|| PathBuf::from("."));
    let codes = flags.code.codes(context);
    let order = Order { practice, signer: device.signer.clone(), filter, books, to, codes };
    let brought = fetch(order, &mut link, &context.console).await?;
    link.close().await;
    Ok(tell(context, &brought))
}

fn tell(context: &Context, brought: &Brought) -> Exit {
    let console = &context.console;
    if brought.skipped > 0 {
        console.say("fetch-skipped", args![count = brought.skipped]);
    }
    match brought.fetched {
        0 if brought.failed == 0 => console.say("fetch-nothing", &[]),
        0 => {}
        documents => {
            let (bytes, time, folder) = (Arg::Bytes(brought.bytes), context.elapsed(), &brought.folder);
            console.say("fetch-done", args![documents, bytes, time, folder]);
        }
    }
    let exit = match brought.failed {
        0 => Exit::Done,
        failed => {
            console.say("fetch-partial", args![fetched = brought.fetched, failed]);
            console.warn(&failure::some_not_fetched(failed));
            Exit::Partial
        }
    };
    let hex =
        |digests: &[model::Sha256Digest]| digests.iter().map(model::Sha256Digest::to_hex).collect::<Vec<_>>();
    let fields = fields! {
        "fetched": brought.fetched,
        "skipped": brought.skipped,
        "failed": brought.failed,
        "bytes": brought.bytes,
        "bytes_before": brought.bytes_before,
        "resumed": brought.resumed > 0,
        "folder": brought.folder.to_string_lossy().into_owned(),
        "takes": hex(&brought.takes),
        "handovers": hex(&brought.handovers),
    };
    context.summary("fetch", exit, fields)
}
