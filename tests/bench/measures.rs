//! The measures of people and certificates: how fast devices are let in, how fast somebody new is, how fast somebody is
//! out, and how fast an admin knows how far an exchange of keys is. Each against the real gateway as a process of its own,
//! which shares the machine with whoever measures it.

mod crowd;
mod door;
mod revocation;

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::counterfoil::{Practice, program, run as ran};
use crate::{Outcome, workplace};

/// How much is measured.
pub struct Size {
    /// Devices that are enrolled.
    devices: usize,
    /// Those of them that are connected when they are revoked.
    live: usize,
    /// How long handshakes are made.
    handshakes: Duration,
    /// People who enrol, each way.
    enrolments: usize,
    /// Runs of `rotate status`.
    looks: usize,
}

/// All of it.
pub const WHOLE: Size =
    Size { devices: 2_000, live: 1_000, handshakes: Duration::from_secs(10), enrolments: 15, looks: 15 };
/// A small form, to see that it runs.
pub const QUICK: Size =
    Size { devices: 60, live: 40, handshakes: Duration::from_millis(500), enrolments: 1, looks: 1 };

/// One measure: what was aimed at, and what was seen.
struct Row {
    what: String,
    aim: String,
    seen: String,
    is_reached: bool,
}

impl Row {
    fn at_most(what: impl Into<String>, limit: Duration, seen: Duration, more: &str) -> Self {
        Self {
            what: what.into(),
            aim: format!("≤ {}", millis(limit)),
            seen: format!("{}{more}", millis(seen)),
            is_reached: seen <= limit,
        }
    }
}

/// Takes all measures; a table.
pub fn run(size: &Size) -> Outcome<String> {
    let folder = workplace()?;
    let mut crowd = crowd::Crowd::none();
    let practice = Practice::with(&folder, |made| {
        crowd = crowd::Crowd::make(made, size.devices, size.live)?;
        Ok(())
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let mut rows = vec![runtime.block_on(door::handshakes(&practice, &crowd, size.handshakes))?];
    rows.extend(enrolments(&practice, size.enrolments)?);
    rows.push(status(&practice, size)?);
    rows.extend(runtime.block_on(revocation::measure(&practice, &crowd, size.live))?);
    drop(practice);
    std::fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mut table = format!(
        "# Measures\n\nLoopback, {cores} cores that both sides share, {} devices.\n\n| | aimed at | seen | reached |\n|---|---|---|---|\n",
        size.devices
    );
    for row in rows {
        let reached = if row.is_reached { "yes" } else { "**no**" };
        let _ = writeln!(table, "| {} | {} | {} | {reached} |", row.what, row.aim, row.seen);
    }
    Ok(table)
}

/// Somebody new, from the command to the rights, and nothing else typed.
fn enrolments(practice: &Practice, count: usize) -> Outcome<Vec<Row>> {
    let secret = practice.path("passphrase");
    std::fs::write(&secret, "six words that open a device").map_err(|error| error.to_string())?;
    use std::os::unix::fs::PermissionsExt as _;
    let closed = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&secret, closed).map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    for (kept, is_plain) in [("keys in plain", true), ("keys under a passphrase", false)] {
        let mut all = Vec::new();
        for at in 0..count {
            let name = format!("newcomer-{is_plain}-{at}");
            let word = practice.invite(&name)?;
            let mut command = program("counterfoil")?;
            command.arg("--home").arg(practice.path(&name)).args(["enrol", &word, "--yes", "--json"]);
            if !is_plain {
                command.env_remove("COUNTERFOIL_PLAIN_KEYS").arg("--passphrase-file").arg(&secret);
            }
            all.push(timed(&mut command)?);
        }
        let (median, longest) = spread(all)?;
        let more = format!(" (median of {count}; longest {})", millis(longest));
        let what = format!("enrolment of a new person, one command, {kept}");
        rows.push(Row::at_most(what, Duration::from_secs(1), median, &more));
    }
    Ok(rows)
}

/// `rotate status` as a whole command.
fn status(practice: &Practice, size: &Size) -> Outcome<Row> {
    let mut all = Vec::new();
    for _ in 0..size.looks {
        let mut command = program("counterfoil-gateway")?;
        all.push(timed(command.args(["rotate", "status", "--dir"]).arg(practice.dir()))?);
    }
    let (median, longest) = spread(all)?;
    let more = format!(" (median of {}; longest {})", size.looks, millis(longest));
    let what = format!("`rotate status` for {} devices, the whole command", size.devices);
    Ok(Row::at_most(what, Duration::from_millis(200), median, &more))
}

fn timed(command: &mut Command) -> Outcome<Duration> {
    let begun = Instant::now();
    ran(command)?;
    Ok(begun.elapsed())
}

/// The median and the longest.
fn spread(mut all: Vec<Duration>) -> Outcome<(Duration, Duration)> {
    all.sort_unstable();
    let median = all.get(all.len() / 2).copied();
    median.zip(all.last().copied()).ok_or_else(|| "nothing was measured".to_owned())
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
