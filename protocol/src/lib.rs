//! The wire: messages, framing, codes, and the two halves of a transfer as machines without I/O.
//! Not here: sockets, time, randomness, what a statement or an enrolment body says (both are bytes).
//!
//! Goals: every input is hostile and bounded before it is stored; one table is the source of codec, schema
//! and documents; both halves of a transfer can be run against each other without a network.
//! Non-goals: who may do what (`gateway`), what is signed (`receipts`), what is proven at enrolment (`certs`).
//!
//! ```text
//! bytes  →  frame::Decoder  →  Message  →  the machines: open, upload, download, long  →  Message  →  frame::encode
//! ```
//!
//! One bidirectional stream is one request; `messages.cddl` says what goes each way. After a [`message::PieceHead`]
//! the piece's bytes follow raw. What is longer than a message goes through [`long`].

#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod bounded;
pub mod code;
pub mod codec;
pub mod download;
pub mod enrol;
pub mod error;
pub mod field;
pub mod frame;
pub mod long;
pub mod message;
pub mod open;
pub mod record;
mod refusal;
pub mod renew;
pub mod runs;
pub mod schema;
pub mod upload;

pub use bounded::{Bytes, List, Text, Values};
pub use code::{CloseCode, Code};
pub use error::WireError;
pub use field::{Lease, NameKey, Salt};
pub use message::{Body, Message, Refusal, Side};
pub use runs::Runs;

/// The ALPN of everything but enrolment and late renewal.
pub const ALPN: &[u8] = b"counterfoil/1";
/// The ALPN of enrolment.
pub const ENROL_ALPN: &[u8] = b"counterfoil-enrol/1";
/// The ALPN of the renewal of what has expired.
pub const RENEW_ALPN: &[u8] = b"counterfoil-renew/1";
/// The versions of the message set that this build speaks, best first.
pub const VERSIONS: &[u16] = &[1];

/// The best version that both sides speak.
///
/// # Errors
/// [`Code::Unsupported`] with our versions, if there is none.
pub fn agree(theirs: &[u16]) -> Result<u16, Refusal> {
    let best = VERSIONS.iter().copied().find(|ours| theirs.contains(ours));
    best.ok_or_else(|| Refusal {
        versions: List::new(VERSIONS.to_vec()).ok(),
        ..Refusal::new(Code::Unsupported)
    })
}
