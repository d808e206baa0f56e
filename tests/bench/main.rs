//! Benchmarks: one run that sends the same bytes with Counterfoil, raw quinn and the tools people know, and writes the
//! ratios. `cargo run --release -p counterfoil-tests --bin counterfoil-bench -- [--quick] [--out FILE]`
//!
//! `counterfoil-bench measures` takes the measures of people and certificates instead.
//!
//! Everything is on loopback and on one machine, so only ratios within one run mean anything.

mod counterfoil;
mod measures;
mod raw_quinn;
mod stages;
mod tools;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// One measurement.
pub struct Measured {
    /// What was measured.
    pub what: String,
    /// From start to end.
    pub wall: Duration,
    /// Processor time of all processes that took part, where it is known.
    pub cpu: Option<Duration>,
    /// Largest resident set of the receiving process, in bytes, where it is known.
    pub peak_bytes: Option<u64>,
}

/// How much is sent.
pub struct Load {
    /// Bytes of the one large document.
    pub large_bytes: u64,
    /// Small documents in one submission.
    pub small_documents: usize,
    /// Uploads at once for the memory figure, and bytes of each.
    pub parallel: (usize, u64),
    /// Runs of each measurement; the median counts.
    pub rounds: usize,
}

/// What can go wrong with a benchmark: a text for who runs it.
pub type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let out = arguments.iter().position(|argument| argument == "--out").and_then(|at| arguments.get(at + 1));
    let load = match is_quick {
        true => Load { large_bytes: 128 << 20, small_documents: 100, parallel: (4, 64 << 20), rounds: 1 },
        false => Load { large_bytes: 1 << 30, small_documents: 1_000, parallel: (16, 1 << 30), rounds: 3 },
    };
    let made = match arguments.iter().any(|argument| argument == "measures") {
        true => measures::run(if is_quick { &measures::QUICK } else { &measures::WHOLE }),
        false => run(&load),
    };
    match made {
        Ok(table) => {
            println!("{table}");
            if let Some(path) = out
                && let Err(error) = std::fs::write(path, &table)
            {
                eprintln!("can not write {path}: {error}");
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("the benchmark failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(load: &Load) -> Outcome<String> {
    let folder = workplace()?;
    let source = folder.join("source");
    let large = source.join("large.bin");
    let small = source.join("small");
    std::fs::create_dir_all(&small).map_err(|error| error.to_string())?;
    make_large(&large, load.large_bytes)?;
    let small_bytes = make_small(&small, load.small_documents)?;
    let mut table = String::new();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let _ = writeln!(table, "# Benchmark\n\nLoopback, {cores} cores, medians of {} rounds.\n", load.rounds);
    large_document(&mut table, load, &folder, &large)?;
    small_documents(&mut table, load, &folder, &small, small_bytes)?;
    let _ = writeln!(
        table,
        "## Where the processor time goes, for {} MiB, each stage alone\n",
        load.large_bytes >> 20
    );
    table.push_str(&stages::table(&folder, load.large_bytes)?);
    let peak = counterfoil::parallel_uploads(&folder, load.parallel.0, load.parallel.1)?;
    let _ = writeln!(
        table,
        "\n## Memory\n\nGateway with {} uploads of {} MiB at once: {} MiB at its peak.",
        load.parallel.0,
        load.parallel.1 >> 20,
        peak >> 20
    );
    let again = counterfoil::resent_after_kill(&folder, load.large_bytes)?;
    let _ = writeln!(
        table,
        "\n## After kill -9 of the gateway in mid-upload\n\nSent again: {:.1} MiB.",
        again as f64 / 1048576.0
    );
    std::fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    Ok(table)
}

fn large_document(table: &mut String, load: &Load, folder: &Path, large: &Path) -> Outcome<()> {
    let mut rows = vec![
        median(load.rounds, || raw_quinn::send(load.large_bytes))?,
        median(load.rounds, || counterfoil::send(folder, large))?,
    ];
    for tool in [tools::scp, tools::rsync, tools::rclone] {
        rows.extend(measured(load.rounds, || tool(folder, large))?);
    }
    let _ = writeln!(table, "## One document of {} MiB, from command to receipt\n", load.large_bytes >> 20);
    write_rows(table, &rows, load.large_bytes);
    Ok(())
}

fn small_documents(table: &mut String, load: &Load, folder: &Path, small: &Path, bytes: u64) -> Outcome<()> {
    let mut rows = vec![median(load.rounds, || counterfoil::send(folder, small))?];
    for tool in [tools::rsync, tools::scp, tools::rclone] {
        rows.extend(measured(load.rounds, || tool(folder, small))?);
    }
    let _ = writeln!(
        table,
        "## {} documents of invoice size, {} MiB together\n",
        load.small_documents,
        bytes >> 20
    );
    write_rows(table, &rows, bytes);
    Ok(())
}

/// Ratios are of speed, Counterfoil's over the other's: 2.0 is twice as fast.
fn write_rows(table: &mut String, rows: &[Measured], bytes: u64) {
    let ours = rows.iter().find(|row| row.what.starts_with("Counterfoil")).map(|row| row.wall.as_secs_f64());
    let _ =
        writeln!(table, "| | seconds | MiB/s | CPU seconds | peak memory | Counterfoil's speed over it |");
    let _ = writeln!(table, "|---|---|---|---|---|---|");
    for row in rows {
        let seconds = row.wall.as_secs_f64();
        let cpu = row.cpu.map_or("–".to_owned(), |cpu| format!("{:.2}", cpu.as_secs_f64()));
        let peak = row.peak_bytes.map_or("–".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
        let ratio = ours.map_or("–".to_owned(), |ours| format!("{:.2}", seconds / ours));
        let pace = bytes as f64 / 1048576.0 / seconds;
        let _ = writeln!(table, "| {} | {seconds:.2} | {pace:.0} | {cpu} | {peak} | {ratio} |", row.what);
    }
    table.push('\n');
}

fn median(rounds: usize, mut one: impl FnMut() -> Outcome<Measured>) -> Outcome<Measured> {
    let mut all = Vec::new();
    for _ in 0..rounds.max(1) {
        all.push(one()?);
    }
    all.sort_by_key(|measured| measured.wall);
    Ok(all.swap_remove(all.len() / 2))
}

/// A tool that is not installed is said and left out.
fn measured(rounds: usize, mut one: impl FnMut() -> Outcome<Option<Measured>>) -> Outcome<Option<Measured>> {
    let mut all = Vec::new();
    for _ in 0..rounds.max(1) {
        match one()? {
            Some(measured) => all.push(measured),
            None => return Ok(None),
        }
    }
    all.sort_by_key(|measured| measured.wall);
    Ok(Some(all.swap_remove(all.len() / 2)))
}

/// A folder that everything happens in.
pub fn workplace() -> Outcome<PathBuf> {
    let folder = std::env::temp_dir().join(format!("counterfoil-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    Ok(folder)
}

/// Bytes that do not compress, the same each time.
pub fn noise(seed: u64, out: &mut [u8]) {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.finalize_xof().fill(out);
}

fn make_large(path: &Path, bytes: u64) -> Outcome<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).map_err(|error| error.to_string())?;
    let mut buffer = vec![0u8; 1 << 20];
    for at in 0..bytes.div_ceil(1 << 20) {
        noise(at, &mut buffer);
        let rest = usize::try_from(bytes - (at << 20)).unwrap_or(usize::MAX).min(buffer.len());
        file.write_all(&buffer[..rest]).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Sizes are log-normal with a median of 54 kB, as of scanned and electronic invoices; the same each time.
fn make_small(folder: &Path, count: usize) -> Outcome<u64> {
    let mut sum = 0;
    for at in 0..count {
        let mut random = [0u8; 16];
        noise(1 << 40 | at as u64, &mut random);
        let unit = |bytes: &[u8]| {
            f64::from(u32::from_le_bytes(bytes.try_into().unwrap_or_default())) / f64::from(u32::MAX)
        };
        let (u, v) = (unit(&random[..4]).max(1e-9), unit(&random[4..8]));
        let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        let bytes = (54_000.0 * (0.8 * normal).exp()).clamp(500.0, 5_000_000.0) as usize;
        let mut content = vec![0u8; bytes];
        noise(1 << 41 | at as u64, &mut content);
        std::fs::write(folder.join(format!("发票-{at:04}.pdf")), content)
            .map_err(|error| error.to_string())?;
        sum += bytes as u64;
    }
    Ok(sum)
}
