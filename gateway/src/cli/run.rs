//! `run`: unlocks, recovers, opens the doors, and serves until it is told to stop.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use console::config::Given;
use console::{Arg, Console, Event, Exit, Failure, args, failure, fields};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Context, Place, enrolled, failing};
use crate::ledger::{Begin, Why};
use crate::listener::Gateway;
use crate::practice::{Opened, Practice};
use crate::{admin, log};

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    #[command(flatten)]
    place: Place,
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

pub(super) fn run(context: &Context, flags: &Flags) -> Result<Exit, Failure> {
    let console = &context.console;
    let given: Vec<Given> = flags
        .listen
        .iter()
        .map(|listen| Given { key: "listen", flag: "--listen", value: listen.clone() })
        .collect();
    let (config, _) = flags.place.folder.configuration(&given)?;
    log::start(&config, log::Of::Gateway);
    let dir = flags.place.folder.real();
    refuse_open_folder(&dir)?;
    let unlock = flags.place.unlock.obtain(console, &config)?;
    console.note("run-unlocking", &[]);
    let opened = Opened::open(&dir, config, &unlock, context.clock.clone(), Begin::AsItIs);
    let opened = opened.map_err(|error| failing::of_open(&error, &dir))?;
    drop(unlock);
    console.note("run-recovered", args![entries = opened.practice.journal.size()]);
    warn_of_start(context, &opened);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failure::unexpected(error.to_string()))?;
    let served = runtime.block_on(serve(console, &opened.practice));
    runtime.shutdown_timeout(Duration::from_secs(5));
    match opened.close() {
        Ok(()) => {}
        // Nothing is lost: the ledger is posted again at the next start.
        Err(error) => tracing::warn!(%error, "the ledger was not closed"),
    }
    served?;
    console.say("run-stopped", &[]);
    context.summary("run", fields! {});
    Ok(Exit::Done)
}

/// Opens the doors, and closes them when told to.
async fn serve(console: &Console, practice: &Arc<Practice>) -> Result<(), Failure> {
    // Before anybody is told that it serves: who reads that may stop it at once.
    let mut signals = Signals::listen().map_err(|error| failure::unexpected(error.to_string()))?;
    let gateway = Gateway::start(Arc::clone(practice), practice.config.listen)
        .await
        .map_err(|error| failing::of_listen(&error, &practice.folder))?;
    let socket = match admin::serve(Arc::clone(practice)) {
        Ok(socket) => socket,
        Err(error) => {
            gateway.stop().await;
            return Err(failing::of_serve(&error));
        }
    };
    let (name, address) = (practice.config.name.as_str(), gateway.address);
    console.say("run-listening", args![practice = name, address]);
    console.note("run-stop-hint", &[]);
    let pin = practice.keys().trust.pin().to_string();
    console.emit(&Event::Listening { address: address.to_string(), pin });
    let notices = tokio::spawn(enrolled::announce(console.clone(), Arc::clone(practice)));
    signals.next().await;
    console.note("run-stopping", &[]);
    tokio::spawn(async move {
        // Told a second time: at once.
        signals.next().await;
        crate::stop::now("told to stop twice", i32::from(Exit::Interrupted.code()));
    });
    notices.abort();
    let _ = notices.await;
    socket.stop().await;
    gateway.stop().await;
    Ok(())
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// What a start found that somebody should know.
fn warn_of_start(context: &Context, opened: &Opened) {
    let (console, practice) = (&context.console, &opened.practice);
    if opened.recovered.cut_bytes > 0 {
        let bytes = Arg::Bytes(opened.recovered.cut_bytes);
        console.warn(&failure::record_cut(Arg::path(&practice.folder.join("journal")), bytes));
    }
    match opened.posted.again {
        Some(Why::Damaged) => {
            console.warn(&failure::ledger_damaged(Arg::path(&practice.folder.join("ledger.aside"))))
        }
        Some(why) => tracing::info!(?why, entries = opened.posted.entries, "the ledger was posted again"),
        None => {}
    }
    if practice.clock.is_held() {
        console.warn(&failure::clock_ahead(practice.clock.shows(), practice.journal.head().time));
    }
    if practice.clock.is_behind() {
        tracing::error!(alarm = "clock-behind", "the clock stands before the newest entry");
        console.warn(&failure::clock_behind(practice.clock.shows(), practice.journal.head().time));
    }
    if practice.denials.waiting() > 0 {
        console.warn(&failure::denials_waiting(practice.denials.waiting() as u64));
    }
    let shred = practice.folder.join("shred");
    match practice.disk.medium_of(&shred) {
        host::MediumVerdict::CanForget => {}
        verdict => console.warn(&failure::medium_can_not_forget(Arg::path(&shred), Arg::shown(verdict))),
    }
    if practice.free_percent() < model::limits::DISK_FREE_PERCENT_MIN {
        console.warn(&failure::disk_low(format!("{} %", practice.free_percent())));
    }
}

/// A folder that others may write to is nobody's to trust.
fn refuse_open_folder(dir: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    match std::fs::metadata(dir) {
        Ok(found) if found.permissions().mode() & 0o022 != 0 => Err(failure::folder_open_to_others(dir)),
        _ => Ok(()),
    }
}
