//! Enrolment: how a device proves its invitation, and gets its certificates, to a gateway that proves it first.
//! Both sides are machines without I/O; the caller moves the bytes, asks TLS for the exporter and keeps the state.
//!
//! ```text
//! companion                                        gateway
//! CompanionEnrolment::start   -- Hello   -->       Hello::read
//!   .exporter_context()                            .exporter_context()       both: exporter of this connection
//!   .offer(...)               <-- Offer   --       GatewayEnrolment::offer
//! Offered::request(...)       -- Request -->       .request(...) -> Requested, or a refusal to send
//! Awaiting::reply(...)        <-- Reply   --       Requested::accept(...)
//! ```
//!
//! The bytes are in `enrolment.cddl`, what is hashed and proven in `format.md`.

mod companion;
mod digits;
mod gateway;
mod messages;
mod records;
pub(crate) mod transcript;

pub use companion::{Awaiting, CompanionEnrolment, DeviceKeys, EnrolError, Enrolled, Offered, Outcome};
pub use digits::CheckDigits;
pub use gateway::{Binding, GatewayEnrolment, GatewayHello, Refusal, Requested, Rival, Standing};
pub use messages::{BOOKS_MAX, Device, Hello, Status, TakenBy, Welcome, WelcomeBook};
pub use records::{ask_records, newer_trust};

/// The label to ask the TLS exporter with (RFC 8446 section 7.5), for [`EXPORTER_BYTES`] bytes.
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-counterfoil-enrol-v1";

/// Length of the exporter's output.
pub const EXPORTER_BYTES: usize = 32;

/// The exporter's output on one connection: two connections, so also the two legs of a man in the middle, have
/// different ones.
pub type Exporter = [u8; EXPORTER_BYTES];

/// Longest label of a device, in bytes of UTF-8.
pub const LABEL_BYTES_MAX: usize = 64;

/// Longest platform name, in bytes of UTF-8.
pub const PLATFORM_BYTES_MAX: usize = 32;

/// Longest language tag, in bytes.
pub const LANGUAGE_BYTES_MAX: usize = 16;

#[cfg(test)]
mod tests;
