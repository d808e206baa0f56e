//! Counterfoil itself: the two programs as processes, as a person would run them.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::tools::{Running, free_port, fresh, peak_of, timed};
use crate::{Measured, Outcome, noise};

/// A practice with its gateway and one enrolled client.
pub struct Practice {
    /// Its gateway.
    pub gateway: Running,
    folder: PathBuf,
    port: u16,
    home: PathBuf,
}

impl Practice {
    fn start(folder: &Path) -> Outcome<Self> {
        let mut practice = Self::with(folder, |_| Ok(()))?;
        let mut book = program("counterfoil-gateway")?;
        run(book.args(["book", "add", "book", "--dir"]).arg(practice.dir()))?;
        practice.home = practice.enrol("client")?;
        Ok(practice)
    }

    /// A practice without people, made ready by `before`, which gets its folder and its key file, and then served.
    pub fn with(folder: &Path, before: impl FnOnce(&Made<'_>) -> Outcome<()>) -> Outcome<Self> {
        let place = fresh(folder, "practice")?;
        let (dir, home, port) = (place.join("gateway"), place.join("home"), free_port()?);
        let key = place.join("key");
        let mut init = program("counterfoil-gateway")?;
        init.args([
            "init",
            "--trial",
            "--yes",
            "--name",
            "Benchmark",
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
        ]);
        run(init
            .arg("--dir")
            .arg(&dir)
            .arg("--key-file")
            .arg(&key)
            .arg("--root-out")
            .arg(place.join("root")))?;
        before(&Made { dir: &dir, key: &key })?;
        let gateway = serve(&dir, &key, port)?;
        Ok(Self { gateway, folder: place, port, home })
    }

    /// The practice's folder.
    pub fn dir(&self) -> PathBuf {
        self.folder.join("gateway")
    }

    /// Where its gateway is.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// A path for a home, or for whatever else goes with the practice.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn send(&self, source: &Path) -> Outcome<Command> {
        send_from(&self.home, source)
    }

    /// Invites and enrols a client; gives its home.
    fn enrol(&self, name: &str) -> Outcome<PathBuf> {
        let (home, word) = (self.folder.join(name), self.invite(name)?);
        run(program("counterfoil")?.arg("--home").arg(&home).args(["enrol", &word, "--yes", "--json"]))?;
        Ok(home)
    }

    /// Invites a client to the book; the word.
    pub fn invite(&self, name: &str) -> Outcome<String> {
        let mut invite = program("counterfoil-gateway")?;
        invite.args(["invite", "--role", "client", "--name", name, "--book", "book", "--json", "--dir"]);
        let invitation = run(invite.arg(self.dir()))?;
        let line = invitation.lines().find(|line| line.contains("\"word\"")).ok_or("no invitation")?;
        let invitation: serde_json::Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let word = invitation.get("word").and_then(|word| word.as_str());
        word.map(str::to_owned).ok_or_else(|| "an invitation without a word".to_owned())
    }

    fn restart(&mut self) -> Outcome<()> {
        self.gateway = serve(&self.folder.join("gateway"), &self.folder.join("key"), self.port)?;
        Ok(())
    }
}

/// A practice that nobody serves yet.
pub struct Made<'a> {
    /// Its folder.
    pub dir: &'a Path,
    /// Its key file.
    pub key: &'a Path,
}

/// Sends `source` once, from the command to the receipt on the companion's disk.
pub fn send(folder: &Path, source: &Path) -> Outcome<Measured> {
    let mut practice = Practice::start(folder)?;
    let command = practice.send(source)?;
    let mut measured = timed("Counterfoil, to the receipt", command, Some(&mut practice.gateway))?;
    measured.peak_bytes = peak_of(practice.gateway.0.id());
    Ok(measured)
}

/// `count` uploads of `bytes` at once, each another document; the gateway's peak memory in bytes.
pub fn parallel_uploads(folder: &Path, count: usize, bytes: u64) -> Outcome<u64> {
    let practice = Practice::start(folder)?;
    let files = fresh(folder, "parallel")?;
    let mut running = Vec::new();
    for at in 0..count {
        let path = files.join(format!("{at}.bin"));
        sparse(&path, at as u64, bytes)?;
        // One client on as many machines as there are uploads would be other devices; here each is a person of its own.
        let home = practice.enrol(&format!("client-{at}"))?;
        let mut command = send_from(&home, &path)?;
        running.push(Running(command.stdout(Stdio::null()).spawn().map_err(|error| error.to_string())?));
    }
    let mut peak = 0;
    while running.iter_mut().any(|child| matches!(child.0.try_wait(), Ok(None))) {
        peak = peak.max(peak_of(practice.gateway.0.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(200));
    }
    let failed =
        running.iter_mut().filter_map(|child| child.0.wait().ok()).filter(|status| !status.success()).count();
    std::fs::remove_dir_all(&files).map_err(|error| error.to_string())?;
    match failed {
        0 => Ok(peak),
        failed => Err(format!("{failed} of {count} uploads failed")),
    }
}

/// Bytes that were sent a second time after a kill of the gateway in mid-upload, as the companion counts them.
pub fn resent_after_kill(folder: &Path, bytes: u64) -> Outcome<u64> {
    let mut practice = Practice::start(folder)?;
    let path = folder.join("killed.bin");
    sparse(&path, 99, bytes)?;
    let mut sending =
        practice.send(&path)?.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    let out = sending.stdout.take().ok_or("no output")?;
    let objects = practice.folder.join("gateway").join("objects");
    let begun = Instant::now();
    while size_of(&objects) < bytes / 3 {
        if begun.elapsed() > Duration::from_secs(120) {
            return Err("the upload did not get to a third in two minutes".to_owned());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    practice.gateway.0.kill().map_err(|error| error.to_string())?;
    practice.gateway.0.wait().map_err(|error| error.to_string())?;
    practice.restart()?;
    let last = BufReader::new(out).lines().map_while(Result::ok).last().unwrap_or_default();
    let status = sending.wait().map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("sending did not go on after the kill: {last}"));
    }
    let summary: serde_json::Value = serde_json::from_str(&last).map_err(|error| error.to_string())?;
    std::fs::remove_file(&path).map_err(|error| error.to_string())?;
    summary
        .get("bytes_sent_again")
        .and_then(serde_json::Value::as_u64)
        .ok_or_else(|| format!("no bytes_sent_again in {last}"))
}

fn serve(dir: &Path, key: &Path, port: u16) -> Outcome<Running> {
    let mut command = program("counterfoil-gateway")?;
    command.args(["run", "--json", "--listen", &format!("127.0.0.1:{port}")]);
    command.arg("--dir").arg(dir).arg("--key-file").arg(key).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Running(command.spawn().map_err(|error| error.to_string())?);
    let out = child.0.stdout.take().ok_or("no output")?;
    let mut lines = BufReader::new(out).lines().map_while(Result::ok);
    match lines.any(|line| line.contains("\"listening\"")) {
        true => {
            // What it says later is read and forgotten, so that it never waits for a reader.
            std::thread::spawn(move || lines.for_each(drop));
            Ok(child)
        }
        false => Err("the gateway did not start".to_owned()),
    }
}

fn send_from(home: &Path, source: &Path) -> Outcome<Command> {
    let mut command = program("counterfoil")?;
    command
        .arg("--home")
        .arg(home)
        .args(["send", "--json", "--book", "book", "--period", "2026-11"])
        .arg(source);
    Ok(command)
}

/// One of our programs, beside this one.
pub fn program(name: &str) -> Outcome<Command> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let path = own.with_file_name(name);
    match path.exists() {
        true => {
            let mut command = Command::new(path);
            command.env("COUNTERFOIL_PLAIN_KEYS", "1");
            Ok(command)
        }
        false => {
            Err(format!("{} is not built; run: cargo build --release --workspace --bins", path.display()))
        }
    }
}

pub fn run(command: &mut Command) -> Outcome<String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

/// A file that takes little room, with some bytes of its own in each MiB, so that no two are the same document.
fn sparse(path: &Path, seed: u64, bytes: u64) -> Outcome<()> {
    use std::os::unix::fs::FileExt as _;
    let file = std::fs::File::create(path).map_err(|error| error.to_string())?;
    file.set_len(bytes).map_err(|error| error.to_string())?;
    let mut own = [0u8; 64];
    for at in 0..bytes >> 20 {
        noise(seed << 32 | at, &mut own);
        file.write_all_at(&own, at << 20).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_of(&entry.path()),
        Ok(found) => std::os::unix::fs::MetadataExt::blocks(&found) * 512,
        Err(_) => 0,
    };
    entries.map_while(Result::ok).map(size).sum()
}
