//! The office: what can be asked of a gateway by who runs it, and how the answers are told to people. Does nothing of
//! it: a request is done by the gateway, wherever it came from.
//!
//! The same commands serve `counterfoil-gateway … --dir DIR`, over the socket of a running gateway or by holding the
//! folder, and `counterfoil admin …`, over the companion's connection. A program flattens [`Command`] into its own
//! commands, with what it needs to find the gateway as `P`; has [`Asking::request`] done there; and gives the
//! [`Answer`] to [`Asking::tell`].
//!
//! A new act, say `revoke`, is
//! - a file `revoke.rs`: its flags with their [`Asking`], and the parts of its answer that are shown;
//! - a variant at the end of [`Command`], of [`Request`] with its word and its [`Gravity`], and of [`Answer`];
//! - its help in `console`, as `help-office-revoke` and `help-office-revoke--<argument>`;
//! - the function that does it in the gateway's `act/revoke.rs`, and its arm in `admin::perform`.
//!
//! What an act can be refused for is an [`ActError`], again at the end, with its failure in `refused.rs`.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod answer;
mod book;
mod clock;
mod command;
mod crl;
mod desk;
mod factor;
pub mod inventory;
mod invitation;
mod invitations;
mod people;
pub mod picture;
mod refused;
mod request;
mod rights;
mod rotate;
mod status;

pub use answer::Answer;
pub use book::BookShown;
pub use command::{Asked, Asking, Command};
pub use crl::{ListAlarm, ListGiven, ListShown};
pub use desk::{Desk, Program};
pub use inventory::{CertificateListed, DeviceListed};
pub use invitation::{Confirmed, InvitationShown, say_own_device};
pub use invitations::{AttemptShown, InvitationKnown};
pub use people::{DeviceShown, PersonShown};
pub use refused::{ActError, done, failure_of, other_answer};
pub use request::{Gravity, Request};
pub use rights::{Cause, RightsAct, RightsDone, RightsError, Subject};
pub use rotate::{DeviceBehind, RotationShown};
pub use status::{EndingShown, Status};
