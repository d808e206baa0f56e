//! A companion: its home and its commands.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Ran, Running};
use crate::programs;

/// A companion with a home of its own.
#[derive(Debug, Clone)]
pub struct Companion {
    /// Its home.
    pub home: PathBuf,
    /// The account of the system that it runs as, where not the test's own.
    account: Option<u32>,
}

impl Companion {
    /// A companion that was never enrolled.
    pub fn new(home: PathBuf) -> Self {
        Self { home, account: None }
    }

    /// The same companion, run as another account of the system, which gets its home. The test must be root.
    ///
    /// # Panics
    /// The home can not be given away.
    pub fn as_account(&self, account: u32) -> Self {
        std::fs::create_dir_all(&self.home).expect("a home");
        for path in crate::files::tree(&self.home).values().flat_map(|path| path.ancestors()) {
            if path.starts_with(&self.home) {
                std::os::unix::fs::chown(path, Some(account), Some(account)).expect("root gives files away");
            }
        }
        std::os::unix::fs::chown(&self.home, Some(account), Some(account)).expect("root gives files away");
        Self { home: self.home.clone(), account: Some(account) }
    }

    /// A command of this companion.
    pub fn command(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = programs::command(programs::COMPANION);
        command.args(words).arg("--home").arg(&self.home).args(["--json", "--lang", "en"]);
        if let Some(account) = self.account {
            command.uid(account).gid(account);
        }
        command
    }

    /// Starts a command.
    pub fn start(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Running {
        Running::start(&mut self.command(words))
    }

    /// Runs a command to its end.
    pub fn run(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        self.start(words).wait()
    }

    /// Enrols by a word.
    pub fn enrol(&self, word: &str) -> Ran {
        self.run(["enrol", word, "--yes"])
    }

    /// The words of a sending.
    pub fn send_words(paths: &[&Path], book: &str, period: &str) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["send".into()];
        words.extend(paths.iter().map(|path| path.as_os_str().to_owned()));
        words.extend(["--book", book, "--period", period].map(OsString::from));
        words
    }

    /// Sends to the end.
    pub fn send(&self, paths: &[&Path], book: &str, period: &str) -> Ran {
        self.run(Self::send_words(paths, book, period))
    }

    /// Begins to send.
    pub fn start_send(&self, paths: &[&Path], book: &str, period: &str) -> Running {
        self.start(Self::send_words(paths, book, period))
    }

    /// Fetches everything that is new into a folder.
    pub fn fetch_new(&self, to: &Path) -> Ran {
        self.run([OsStr::new("fetch"), OsStr::new("--new"), OsStr::new("--to"), to.as_os_str()])
    }
}
