//! Talks to people and to the programs they script: languages, safe text, exit codes, failures that teach, JSON
//! events, progress, tables, questions, configuration with sources. Decides nothing about documents.
//!
//! One way in: a program opens a [`Console`] once and says everything through it.
//!
//! - [`say!`](crate::say) gives one message of the catalogue in the language chosen; [`Console::say`] prints it.
//! - [`failure`] has one constructor a failure; [`Console::fail`] prints it and gives the [`Exit`].
//! - [`Event`] is everything that `--json` prints; [`Console::emit`] prints one.
//! - [`Progress`] is one model with two printers; [`Table`], [`Console::confirm`], [`Console::secret`] do the rest.
//! - [`config`] reads files, environment and flags, and knows where each value came from.
//!
//! A new message is one entry with the same key and the same variables in `locales/zh-CN/` and `locales/en/`;
//! a new failure is one row in `failure/table.rs` and its `err-`, `why-` and `next-` messages. Tests compare all of
//! them.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod catalogue;
pub mod config;
pub mod event;
pub mod exit;
pub mod failure;
pub mod help;
pub mod human;
pub mod language;
mod output;
pub mod progress;
pub mod prompt;
pub mod table;
pub mod text;

pub use catalogue::{Arg, Catalogue};
pub use event::Event;
pub use exit::Exit;
pub use failure::{Failure, FailureCode};
pub use language::Language;
pub use output::{Captured, Colour, Console, Input, Manner, Output, Tone};
pub use progress::{DocumentProgress, Phase, Progress, Total};
pub use prompt::Answer;
pub use table::{Align, Column, Table};
