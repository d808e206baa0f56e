//! What happened: the append-only log of statements, its head, its proofs and its recovery.
//! Not what the statements say, not who may read them, and no key: sealing and signing come in as traits.
//!
//! The bytes on disk, the numbered invariants (J1 …) and the recovery cases are in `format.md`.
//!
//! ```text
//! entry    one statement going in, one coming out; EntryBox seals and opens
//! head     {size, root, time, signatures}; HeadSigner; the second place
//! frame    the bodies of log frames: opening and commit
//! edge     the right edge of the Merkle tree: all that the writer keeps of it
//! derived  tiles and positions: look-ups that can be made again from the log
//! proof    inclusion and consistency out of edge and tiles
//! journal  create and commit: the one writer          → Committed
//! reader   everything that is read, beside the writer
//! recover  start: which cases are brought forward, which are refused
//! walk     every frame of a log file in order, checked
//! export   one text file that an auditor can check without us
//! ```

#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod derived;
mod edge;
mod entry;
mod error;
mod export;
mod frame;
mod head;
mod journal;
mod proof;
mod reader;
mod recover;
mod walk;

#[cfg(test)]
mod tests;

pub use entry::{Entry, EntryBox, NewEntry, OpenFailure, Opened, SealFailure, SealedEntry, entry_hash};
pub use error::JournalError;
pub use head::{Head, HeadSignatures, HeadSigner, SigningFailed, second_place_default};
pub use journal::{Committed, Journal};
pub use reader::{Reader, Verified};
pub use recover::Recovered;
