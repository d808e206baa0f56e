//! The gateway: doors, sessions, access, operations, ledger, administration. Ciphers, formats and proofs are the lower
//! floors'; here is only who may do what, and in which order.
//!
//! ```text
//! doors   listener (certificate to Peer) → session (Request) → access (Granted<Request>) → operation
//!         enrol: enrolment only                        admin: socket 0600 → the same acts
//! fact    operation → commit (group) → journal: Committed → ledger → receipt → reply
//! ```

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod access;
pub mod act;
pub mod admin;
pub mod budget;
pub mod bundle;
pub mod certificate;
pub mod cli;
pub mod clock;
pub mod commit;
pub mod config;
mod connection_ids;
pub mod crl;
pub mod denial;
pub mod endpoint;
pub mod enrol;
pub mod factors;
pub mod fresh;
pub mod keys;
pub mod ledger;
pub mod listener;
pub mod log;
pub mod operation;
pub mod practice;
pub mod quota;
pub mod receipt;
pub mod registry;
mod renew;
mod renewing;
pub mod rotation;
pub mod sealing;
mod secret_file;
pub mod seen;
pub mod session;
pub mod setup;
pub mod stop;
#[cfg(test)]
mod testing;
pub mod watch;
pub mod wire;
