//! Renewal: how a device that has certificates gets new ones, for new keys that the old one vouches for. Both sides are
//! machines without I/O; the caller moves the bytes, asks TLS for the exporter, and keeps the state.
//!
//! ```text
//! companion                                  gateway
//! CompanionRenewal::new(id, keys)
//!   .exporter_context()                                                 both: exporter of this connection
//!   .renew(exporter, leaf, key)  -- Renew   -->  GatewayRenewal::read(...).check(...) -> Requested
//!   .renewed(reply)              <-- Renewed --  renewed(chains)
//! ```
//!
//! An open connection alone, a stolen stream, can not renew: the key of the current certificate signs what is asked.
//! The bytes are in `enrolment.cddl`, what is hashed and signed in `format.md`.

mod companion;
mod gateway;
mod messages;

pub use companion::{CompanionRenewal, RenewalError, Renewed};
pub use gateway::{Before, GatewayRenewal, Refused, Requested};
pub use messages::renewed;

use sha2::{Digest as _, Sha256};

use crate::enrolment::{Exporter, transcript};

/// The label to ask the TLS exporter with (RFC 8446 section 7.5), for [`crate::enrolment::EXPORTER_BYTES`] bytes.
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-counterfoil-renew-v1";

/// What tells one renewal of a device from the next: drawn once, kept with the new keys.
pub type RequestId = [u8; 16];

/// The context for the TLS exporter: SHA-256 of the request's body.
fn exporter_context(request: &[u8]) -> [u8; 32] {
    Sha256::digest(request).into()
}

/// What all three signatures are over: this connection, the certificate that is held, and what is asked.
fn request_hash(exporter: &Exporter, leaf: &[u8], request: &[u8]) -> [u8; 32] {
    let leaf = crate::certificate::fingerprint(leaf);
    transcript::hash(b"counterfoil/renew/v1 request\0", &[exporter, leaf.as_bytes(), request])
}

/// What the current TLS key signs.
fn old_proof(request_hash: &[u8; 32]) -> Vec<u8> {
    [b"counterfoil/renew/v1 old\0".as_slice(), request_hash].concat()
}

/// What the new TLS key signs.
fn tls_proof(request_hash: &[u8; 32]) -> Vec<u8> {
    [b"counterfoil/renew/v1 pop tls\0".as_slice(), request_hash].concat()
}

/// What the new signing key signs.
fn signing_proof(request_hash: &[u8; 32]) -> Vec<u8> {
    [b"counterfoil/renew/v1 pop sign\0".as_slice(), request_hash].concat()
}

#[cfg(test)]
mod tests;
