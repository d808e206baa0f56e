//! An upload as two machines: [`Outgoing`] in the companion, [`Incoming`] in the gateway. No I/O, no time; the
//! gateway's machine is told when a piece is durable, and only then gives the acknowledgement.
//!
//! ```text
//! companion                                   gateway
//! open series ──────────────────────────────→ fence(lease): older leases end here, their writers are awaited
//! Outgoing::opened ←───────────── open-answer ┘
//! Outgoing::next → piece-head, bytes ───────→ begin → Permit … durable(Permit)
//! Outgoing::acked ←──────────────── piece-ack ┘
//! withdraw, cut, open again, …
//! Stage::ReadyToClose → close ──────────────→ close → Closing … accepted | reopened
//! ```
//!
//! Invariants
//! - U1 A piece is acknowledged only after it is durable.
//! - U2 Nothing is written under a lease that is not the newest; the newest writes only when older writers are done.
//! - U3 A piece that is durable is never written again, and has one writer at a time.
//! - U4 Pieces of a document are sent in rising order between two opens.
//! - U5 What is sent again after a cut was in flight at the cut.
//! - U6 A close begins only when every document that is left is whole, and nothing changes until it is resolved.

mod incoming;
mod outgoing;

pub use incoming::{Begin, Closed, Fenced, Incoming, Permit};
pub use outgoing::{After, Outgoing, Piece, Progress, Stage, Window};

/// The most streams that carry pieces of one upload: one is left for requests.
pub const STREAMS_MAX: usize = model::limits::STREAMS_MAX as usize - 1;
