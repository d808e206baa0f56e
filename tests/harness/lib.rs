//! What whole-system tests share: practices, gateways and companions as real processes, and the trouble between them.
//! Asserts nothing about the system itself beyond "the process did what the test needs to go on".
//!
//! ```text
//! programs    where the two programs are              process    a program that runs: its events, its end
//! practice    a practice folder and its commands      gateway    a gateway that serves: stop, kill, start again
//! companion   a home and its commands                 scene      all of these together, ready to send
//! relay       UDP between the two, cut and bent       power      a file system whose power can be cut
//! files       bytes, trees and digests                chance     numbers that a seed decides
//! peer        a device's keys, and whatever is said   by_hand    a submission, message by message
//! door        the door, before somebody has keys  der         DER by hand
//! draft       a certificate, every field free      hostile_certificates   the hostile ones, and why each is refused
//! faketime    a program whose clock stands elsewhere
//! middle      somebody in the middle of an enrolment   impostor  a gateway with the true key in TLS and no other
//! ```
//! Every process ends with the value that stands for it.

pub mod by_hand;
pub mod chance;
pub mod companion;
pub mod der;
pub mod door;
pub mod draft;
pub mod faketime;
pub mod files;
pub mod gateway;
pub mod hostile_certificates;
pub mod impostor;
pub mod middle;
pub mod peer;
pub mod phone;
pub mod power;
pub mod practice;
pub mod process;
pub mod programs;
pub mod relay;
pub mod scene;

pub use by_hand::ByHand;
pub use chance::Chance;
pub use companion::Companion;
pub use door::{Halfway, Told, Visitor};
pub use faketime::Faketime;
pub use gateway::Gateway;
pub use impostor::Impostor;
pub use middle::Middle;
pub use peer::Peer;
pub use practice::Practice;
pub use process::{Ended, Ran, Running};
pub use relay::{Conditions, Relay};
pub use scene::Scene;

/// Says that a test could not run here. `tests/run` counts these lines, so that nothing is passed over in silence.
pub fn skipped(why: &str) {
    // The test runner may have begun a line of its own.
    println!("\nSKIPPED: {why}");
}

/// A number from the environment, or `default`: how long the long runs are.
pub fn from_environment(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}
