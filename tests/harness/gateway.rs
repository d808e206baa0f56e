//! A gateway that serves a practice: stopped, killed and started again at the same address.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use rustix::process::Signal;

use crate::practice::Practice;
use crate::process::{Ran, Running};

/// A gateway, running or not. It is killed when this is dropped.
pub struct Gateway {
    practice: Practice,
    listen: SocketAddr,
    /// Where it serves.
    pub address: SocketAddr,
    running: Option<Running>,
}

impl Gateway {
    /// Runs the gateway of a practice at the port of its configuration.
    ///
    /// # Panics
    /// It does not come to serve.
    pub fn run(practice: &Practice) -> Self {
        Self::run_at(practice, SocketAddr::from((Ipv4Addr::LOCALHOST, practice.port)))
    }

    /// Runs the gateway of a practice at another address; with port 0 the system chooses one, which it keeps.
    ///
    /// # Panics
    /// It does not come to serve.
    pub fn run_at(practice: &Practice, listen: SocketAddr) -> Self {
        let mut gateway = Self { practice: practice.clone(), listen, address: listen, running: None };
        gateway.start();
        gateway
    }

    /// The command that runs it.
    pub fn command(practice: &Practice, listen: SocketAddr) -> Command {
        practice.command(["run", "--listen", &listen.to_string()])
    }

    /// Starts it again where it was.
    ///
    /// # Panics
    /// It does not come to serve.
    pub fn start(&mut self) {
        let command = Self::command(&self.practice, self.listen);
        self.start_as(command);
    }

    /// Starts it by a command of the test's own, such as the same one under another program.
    ///
    /// # Panics
    /// It does not come to serve.
    pub fn start_as(&mut self, mut command: Command) {
        self.running = None;
        let running = Running::start(&mut command);
        let told = running.wait_for("a listening gateway", |event| event["type"] == "listening");
        let address = told["address"].as_str().and_then(|address| address.parse().ok());
        self.address = address.unwrap_or_else(|| panic!("no address in {told}"));
        self.listen = self.address;
        self.running = Some(running);
    }

    /// `kill -9`.
    ///
    /// # Panics
    /// It does not run.
    pub fn kill9(&mut self) -> Ran {
        self.running.take().expect("the gateway runs").kill()
    }

    /// SIGTERM, and its end.
    ///
    /// # Panics
    /// It does not run, or does not end.
    pub fn sigterm(&mut self) -> Ran {
        self.running().signal(Signal::TERM);
        self.wait()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It does not run, or does not end.
    pub fn wait(&mut self) -> Ran {
        self.running.take().expect("the gateway runs").wait()
    }

    /// The process.
    ///
    /// # Panics
    /// It does not run.
    pub fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("the gateway runs")
    }
}
