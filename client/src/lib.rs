//! The companion: connection, sending, fetching, receipt book, commands. Holds no truth of its own: what counts is
//! what the gateway signed, and the plans, takes and receipts on this disk.
//!
//! ```text
//! home        the folder of everything, and the practices in it
//! practice    one practice: who we are there, whom we trust, the newest checkpoint
//! device      this device's keys and certificates; the signer      keychain  the system's, that guards them
//! slots       where they lie: what the device is, and what it will be
//! renewal     new certificates in time: when, asked for, kept, used
//! endpoint    UDP sockets and QUIC's settings
//! connection  TLS, Hello and Welcome, streams         link  a connection that comes back
//! trust       what a Welcome brings about the practice's keys
//! wire        one request's stream
//! enrol       how a device comes to its certificates
//! walk hash plan        what is sent: found, hashed, planned
//! send        the sending itself
//! listing take landing resume download part           what is fetched: listed, signed for, saved
//! fetch       the fetching itself
//! judging     what a receipt is worth                 receipt_book  the receipts that are kept
//! verify      a receipt and documents on this disk, judged and said
//! status      what became of what was sent
//! safe_name   names of others, made safe for this disk
//! trouble     what went wrong below, as failures      cli  the commands
//! ```

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod cli;
pub mod connection;
pub mod device;
pub mod download;
pub mod endpoint;
pub mod enrol;
pub mod factor;
pub mod fetch;
pub mod hash;
pub mod home;
pub mod judging;
pub mod keychain;
pub mod landing;
pub mod link;
pub mod listing;
mod part;
pub mod plan;
pub mod practice;
pub mod receipt_book;
mod records;
pub mod renewal;
pub mod resume;
pub mod revocation;
pub mod safe_name;
pub mod send;
mod slots;
pub mod status;
pub mod take;
#[cfg(test)]
mod testing;
pub mod trouble;
pub mod trust;
pub mod verify;
pub mod walk;
pub mod wire;

pub use cli::{run, run_on};
