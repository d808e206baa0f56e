//! The machine: clock, randomness, durable files, and the same simulated and faulty. Knows nothing of documents.
//!
//! This is the only crate that syncs, renames, reads a clock or draws chance. What it has made durable it says
//! with a [`Durable`] value, which nobody else can make: a reply that must not outrun the disk asks for one.
//!
//! ```text
//! disk     whole files, folders, files written at an offset; a failed sync ends the process
//! log      append-only files of checked frames; torn ends are cut, damage is named (format.md)
//! durable  the proof that a sync has returned
//! medium   what the disk stands on: the real one or the simulated one
//! verdict  whether a medium can forget what is overwritten
//! sim      a file system in memory that crashes, tears and fails on demand, replayed by its seed
//! clock    wall clock and monotonic clock, or one moved by hand
//! random   bytes from the operating system
//! ```

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod clock;
pub mod disk;
pub mod durable;
pub mod log;
pub mod random;
pub mod sim;

pub use clock::Clock;
pub use disk::{Disk, DiskError, DiskFile, FolderLock, How, Medium, MediumVerdict, Space};
pub use durable::Durable;
pub use log::{Frame, FrameAt, Log, LogError, LogReader, Recovered};
pub use random::NoRandomness;
