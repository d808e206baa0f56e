//! The proof: statements, Merkle arithmetic, checkpoints, receipts and their offline verification. No I/O.
//!
//! Times, keys and chance come in by argument; certificate chains are judged by the caller. Everything that
//! is read here may come from an enemy: it is bounded before it is allocated and has exactly one valid
//! form. `format.md` and `statement.cddl` say what the bytes are, and the tests compare.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod cbor;
pub mod checkpoint;
pub mod error;
pub mod es256;
pub mod event;
pub mod list;
mod member;
pub mod merkle;
pub mod proof;
pub mod receipt;
pub mod signer;
pub mod statement;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod verify;

pub use checkpoint::{Checkpoint, CheckpointKey, Vkey};
pub use error::Error;
pub use list::{Documents, SubmissionList, TakeList};
pub use proof::{Head, ReceiptSignature};
pub use receipt::Receipt;
pub use signer::{Signer, SigningFailed};
pub use statement::{Signed, Statement};
