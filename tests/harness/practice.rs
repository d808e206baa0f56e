//! A practice folder and the commands on it. Whether a gateway serves it is the gateway's matter.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use certs::{IssuingAuthority, PrivateKey};
use gateway::config::Config;
use gateway::ledger::Begin;
use gateway::practice::Opened;
use seal::Unlock;
use serde_json::Value;

use crate::process::{Ran, Running};
use crate::programs;

/// A practice that was made.
#[derive(Debug, Clone)]
pub struct Practice {
    /// Its folder.
    pub folder: PathBuf,
    /// Its key file, beside it.
    pub key_file: PathBuf,
    /// Where root and spare are.
    pub root_out: PathBuf,
    /// The port in its configuration and in invitations.
    pub port: u16,
    /// Its pin.
    pub pin: String,
    /// What its commands find in their environment besides.
    pub environment: Vec<(String, String)>,
}

/// An invitation, as the practice hands it out.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Its id, for `confirm`.
    pub id: String,
    /// The word to paste.
    pub word: String,
    /// The code to type.
    pub code: String,
    /// Where the gateway is.
    pub address: String,
}

/// The command that makes a practice in `place`, which gets `practice`, `key` and `roots`. Slots are cheap: a trial.
pub fn init_command(place: &Path, name: &str, port: u16) -> Command {
    let mut command = programs::command(programs::GATEWAY);
    command.args(["init", "--trial", "--json", "--lang", "en", "--yes"]);
    command.arg("--dir").arg(place.join("practice"));
    command.arg("--key-file").arg(place.join("key"));
    command.arg("--root-out").arg(place.join("roots"));
    command.args(["--name", name, "--host", "127.0.0.1", "--port", &port.to_string()]);
    command
}

impl Practice {
    /// Makes a practice in `place`.
    ///
    /// # Panics
    /// It can not be made.
    pub fn init(place: &Path, name: &str, port: u16) -> Self {
        let ran = Running::start(&mut init_command(place, name, port)).wait().expect(0);
        let pin = ran.only("practice")["pin"].as_str().expect("a practice has a pin").to_owned();
        Self {
            folder: place.join("practice"),
            key_file: place.join("key"),
            root_out: place.join("roots"),
            port,
            pin,
            environment: Vec::new(),
        }
    }

    /// A command of the gateway's program about this folder; the configuration says what unlocks it.
    pub fn command(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = programs::command(programs::GATEWAY);
        command.args(words).arg("--dir").arg(&self.folder).args(["--json", "--lang", "en"]);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs such a command to its end.
    pub fn run(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        Running::start(&mut self.command(words)).wait()
    }

    /// Adds a book; its id.
    ///
    /// # Panics
    /// It is not added.
    pub fn add_book(&self, name: &str) -> String {
        let ran = self.run(["book", "add", name]).expect(0);
        let row = ran.rows("book").first().map(|row| row["id"].as_str().map(str::to_owned));
        row.flatten().unwrap_or_else(|| panic!("no id of the book\n{ran}"))
    }

    /// Invites somebody.
    ///
    /// # Panics
    /// There is no invitation.
    pub fn invite(&self, role: &str, name: &str, books: &[&str]) -> Invitation {
        let mut words = vec!["invite", "--role", role, "--name", name];
        for book in books {
            words.extend(["--book", book]);
        }
        let ran = self.run(words).expect(0);
        let told = ran.only("invitation");
        let text = |name: &str| told[name].as_str().unwrap_or_else(|| panic!("no {name}\n{ran}")).to_owned();
        Invitation { id: text("id"), word: text("word"), code: text("code"), address: text("address") }
    }

    /// The issuing authority itself, out of the folder: what a thief of it has. No gateway may hold the folder.
    ///
    /// # Panics
    /// The folder does not open.
    pub fn issuing(&self) -> IssuingAuthority {
        let key: [u8; 32] = std::fs::read(&self.key_file).expect("a key file").try_into().expect("32 bytes");
        let (config, _) = Config::load(&self.folder, [], &[]).expect("a configuration");
        let (unlock, clock) = (Unlock::KeyFile(key.into()), host::Clock::system());
        let opened = Opened::open(&self.folder, config, &unlock, clock, Begin::AsItIs).expect("a practice");
        let keys = opened.practice.keys();
        let issuing = &keys.issuing;
        let key = issuing.held_key().expect("a key in memory").to_pkcs8();
        let key = key.and_then(|key| PrivateKey::from_pkcs8(&key)).expect("its key");
        let again = IssuingAuthority::open(key, issuing.certificate().der(), issuing.practice().clone());
        let again = again.expect("the same authority");
        opened.close().expect("a clean end");
        again
    }

    /// Compares check digits.
    pub fn confirm(&self, invitation: &str, digits: &str) -> Ran {
        self.run(["confirm", invitation, digits, "--yes"])
    }

    /// All people, as `people` tells them.
    ///
    /// # Panics
    /// They are not told.
    pub fn people(&self) -> Vec<Value> {
        self.run(["people"]).expect(0).all("row").into_iter().cloned().collect()
    }
}

/// A UDP port of 127.0.0.1 that nobody has, outside the range from which the system gives ports by itself: a gateway
/// that is started again finds it free.
///
/// # Panics
/// All are taken.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(97);
    for _ in 0..2000 {
        let next = first.wrapping_add(NEXT.fetch_add(1, Ordering::SeqCst).wrapping_mul(7));
        let port = 12_000 + u16::try_from(next % 20_000).unwrap_or(0);
        if UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port from 12000 to 32000");
}
