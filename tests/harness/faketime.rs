//! The wall clock of a program, moved by libfaketime for that program alone. Its monotonic clock stays what it is.

use std::path::PathBuf;
use std::process::Command;

use crate::{Companion, Gateway, Ran, Running, Scene, skipped};

/// The library, where it is installed.
pub struct Faketime(PathBuf);

impl Faketime {
    /// Finds it; where it is not, says so for `who`.
    pub fn find(who: &str) -> Option<Self> {
        let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
        let mut candidates = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
        let found = candidates.find(|path| path.is_file());
        if found.is_none() {
            skipped(&format!("{who}: libfaketime is not installed"));
        }
        found.map(Self)
    }

    /// A command whose wall clock stands elsewhere, such as `+2d`.
    pub fn at(&self, mut command: Command, by: &str) -> Command {
        command.env("LD_PRELOAD", &self.0).env("FAKETIME", by).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    }

    /// Runs a companion's command at another time.
    pub fn run(&self, companion: &Companion, by: &str, words: &[&str]) -> Ran {
        Running::start(&mut self.at(companion.command(words), by)).wait()
    }

    /// Starts a scene's gateway, which does not run, at another time.
    ///
    /// # Panics
    /// It does not come to serve.
    pub fn start(&self, scene: &mut Scene, by: &str) {
        let command = Gateway::command(&scene.practice, scene.gateway.address);
        scene.gateway.start_as(self.at(command, by));
    }
}
