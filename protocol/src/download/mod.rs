//! A download as two machines: [`Incoming`] in the companion, [`Release`] in the gateway. No I/O; times are
//! arguments; the companion's machine is told when pieces are durable, and only then reports a document.
//!
//! ```text
//! companion                                        gateway
//! take, list ────────────────────────────────────→ committed, then a Release
//! Incoming::next → fetch ────────────────────────→ Release::fetch → vault, piece by piece
//! fetch_head, fetch_values, piece ←─────────────── fetch-head, fetch-values, piece-head, bytes
//! synced … Incoming::reportable → report ────────→ Release::report → committed → Release::handed_over
//! ```
//!
//! Invariants
//! - D1 No byte is given on before it was verified against a manifest that merges to the root asked for.
//! - D2 A document is reported only when all of it is durable.
//! - D3 What is asked for again after a cut or a crash was not yet durable.
//! - D4 Nothing is released to another device, outside the take, or after its end; all that is one `absent`, but
//!   for the end, which the device itself is told.

mod incoming;
mod release;

pub use incoming::{Due, Incoming, Resume, Wanted};
pub use release::{Release, Released, Reporting};
