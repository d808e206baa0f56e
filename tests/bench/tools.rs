//! The tools people know, over loopback: scp and rsync over ssh, and rclone to an encrypting SFTP server. Each is left
//! out, and said, where it is not installed. A private sshd with its own keys is started; nothing of the system's is used.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Measured, Outcome};

/// `scp` into a folder.
pub fn scp(folder: &Path, source: &Path) -> Outcome<Option<Measured>> {
    over_ssh(folder, source, "scp", |sshd, source, target| {
        let mut command = Command::new("scp");
        command.args(["-q", "-r", "-P", &sshd.port.to_string()]).args(sshd.options()).arg(source);
        command.arg(format!("127.0.0.1:{}", target.display()));
        command
    })
}

/// `rsync` over ssh into a folder.
pub fn rsync(folder: &Path, source: &Path) -> Outcome<Option<Measured>> {
    if !is_installed("rsync") {
        return Ok(None);
    }
    over_ssh(folder, source, "rsync over ssh", |sshd, source, target| {
        let shell = format!("ssh -p {} {}", sshd.port, sshd.options().join(" "));
        let mut command = Command::new("rsync");
        command.args(["-r", "--whole-file", "-e", &shell]).arg(source);
        command.arg(format!("127.0.0.1:{}/", target.display()));
        command
    })
}

/// `rclone` to `rclone serve sftp` over a crypt remote: encrypted at rest, like ours.
pub fn rclone(folder: &Path, source: &Path) -> Outcome<Option<Measured>> {
    if !is_installed("rclone") {
        return said("rclone");
    }
    let store = fresh(folder, "rclone")?;
    let port = free_port()?;
    let obscured = output(Command::new("rclone").args(["obscure", "benchmark"]))?;
    let config = folder.join("rclone.conf");
    let text = format!(
        "[store]\ntype = crypt\nremote = {}\npassword = {obscured}\n[there]\ntype = sftp\nhost = 127.0.0.1\nport = {port}\nuser = u\npass = {obscured}\n",
        store.display()
    );
    std::fs::write(&config, text).map_err(|error| error.to_string())?;
    let config_flag = format!("--config={}", config.display());
    let mut server = Command::new("rclone");
    server
        .args(["serve", "sftp", "store:", &config_flag, "--user=u", "--pass=benchmark"])
        .arg(format!("--addr=127.0.0.1:{port}"));
    let mut server = Running(
        server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?,
    );
    wait_for_port(port)?;
    let mut client = Command::new("rclone");
    client.args(["copy", &config_flag]).arg(source).arg("there:in");
    let measured = timed("rclone to rclone serve sftp, crypt", client, Some(&mut server));
    drop(server);
    measured.map(Some)
}

fn over_ssh(
    folder: &Path,
    source: &Path,
    what: &str,
    command: impl FnOnce(&Sshd, &Path, &Path) -> Command,
) -> Outcome<Option<Measured>> {
    if !Path::new("/usr/sbin/sshd").exists() || !is_installed("scp") {
        return said(what);
    }
    let sshd = Sshd::start(folder)?;
    let target = fresh(folder, "ssh-target")?;
    let measured = timed(what, command(&sshd, source, &target), None);
    drop(sshd);
    measured.map(Some)
}

/// A private sshd on loopback.
struct Sshd {
    port: u16,
    folder: PathBuf,
    _child: Running,
}

/// A process that is ended when this is dropped.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Sshd {
    fn start(folder: &Path) -> Outcome<Self> {
        let folder = fresh(folder, "sshd")?;
        for key in ["host", "user"] {
            let path = folder.join(key);
            output(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&path))?;
        }
        std::fs::copy(folder.join("user.pub"), folder.join("authorized"))
            .map_err(|error| error.to_string())?;
        // sshd wants it, and a fresh container has it not.
        let _ = std::fs::create_dir_all("/run/sshd");
        let port = free_port()?;
        let path = |name: &str| folder.join(name).display().to_string();
        let mut command = Command::new("/usr/sbin/sshd");
        command.args(["-D", "-e", "-f", "/dev/null", "-p", &port.to_string(), "-h", &path("host")]);
        command.args(["-o", &format!("AuthorizedKeysFile={}", path("authorized")), "-o", "StrictModes=no"]);
        command.args([
            "-o",
            "ListenAddress=127.0.0.1",
            "-o",
            "UsePAM=no",
            "-o",
            "PidFile=none",
            "-o",
            "PermitRootLogin=yes",
        ]);
        command.args(["-o", "Subsystem=sftp internal-sftp"]);
        let child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
        let sshd = Self { port, folder, _child: Running(child) };
        wait_for_port(port)?;
        Ok(sshd)
    }

    fn options(&self) -> Vec<String> {
        let identity = format!("IdentityFile={}", self.folder.join("user").display());
        let options = [
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "IdentitiesOnly=yes",
            &identity,
        ];
        options.iter().flat_map(|option| ["-o".to_owned(), (*option).to_owned()]).collect()
    }
}

/// Runs a command to its end; its own processor time and that of its children, which it waits for.
pub fn timed(what: &str, mut command: Command, server: Option<&mut Running>) -> Outcome<Measured> {
    let children_before = children_cpu();
    let server_before = server.as_ref().and_then(|server| cpu_of(server.0.id()));
    let begun = Instant::now();
    let output = command.output().map_err(|error| format!("{what}: {error}"))?;
    let wall = begun.elapsed();
    if !output.status.success() {
        return Err(format!("{what} failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let own = children_cpu().saturating_sub(children_before);
    let (served, peak_bytes) = match (server, server_before) {
        (Some(server), Some(before)) => {
            (cpu_of(server.0.id()).map(|cpu| cpu.saturating_sub(before)), peak_of(server.0.id()))
        }
        _ => (None, None),
    };
    // sshd's own time goes with its session process, which nobody here waits for: left out where unknown.
    let cpu = served.map(|served| served + own);
    Ok(Measured { what: what.to_owned(), wall, cpu, peak_bytes })
}

/// Processor time of a process, user and system.
pub fn cpu_of(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    fields(&stat, 13, 2)
}

/// Processor time of the children that this process has waited for.
pub fn children_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    fields(&stat, 15, 2).unwrap_or_default()
}

/// The sum of fields of /proc/PID/stat, in ticks of 10 ms; counted from 0, the name in brackets being one.
fn fields(stat: &str, first: usize, count: usize) -> Option<Duration> {
    let rest = stat.rsplit_once(')')?.1;
    let ticks: u64 = rest
        .split_whitespace()
        .skip(first - 2)
        .take(count)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Some(Duration::from_millis(ticks * 10))
}

/// Largest resident set of a process so far, in bytes.
pub fn peak_of(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok().map(|kib| kib << 10)
}

/// A port that is free now.
pub fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

fn wait_for_port(port: u16) -> Outcome<()> {
    for _ in 0..100 {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(format!("nothing listens at port {port}"))
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn said(program: &str) -> Outcome<Option<Measured>> {
    eprintln!("LEFT OUT: {program} is not installed");
    Ok(None)
}

fn output(command: &mut Command) -> Outcome<String> {
    let output = command.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// A new folder whose name begins so. Nothing is removed while anything is still to be measured: ext4 passes over the
/// inodes of files that were just deleted, and gives their blocks back to the disk with a later commit, so that
/// whoever is measured next would pay for it.
pub fn fresh(folder: &Path, name: &str) -> Outcome<PathBuf> {
    for at in 0.. {
        let path = folder.join(format!("{name}-{at}"));
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Err(format!("no name is left for {name}"))
}
