//! Certificates: profiles, issuing, invitation, enrolment and the TLS configurations. No I/O, no clock, no network.
//!
//! `format.md` and `enrolment.cddl` beside this crate are the formats; tests compare them with the code.
//!
//! ```text
//! key          P-256 private and public keys, the only ones that X.509 sees here
//! profile      the table of certificate profiles, and the URI that says what a certificate is for
//! certificate  one certificate, read strictly
//! authority    root and issuing authority: what signs certificates
//! crl          certificate revocation lists, made, read, and the last good one kept
//! root_file    root and spare at rest, under the words of the recovery kit
//! root_record  who the practice is: the chain of root records that companions walk
//! succession   what a root signs for the next root and for issuing authorities
//! ceremony     what the offline root is asked to sign, and what it answers
//! signer       what an authority signs with: a key in memory, or one in a token
//! rotation     phases and invariants of exchanging a key
//! bundle       trust bundle: what changes more often than a root
//! judge        a chain, a purpose and a time: what a certificate is worth
//! invitation   the one-time word and code, and the three keys that follow from them
//! enrolment    both sides of the enrolment exchange, as machines without I/O
//! renewal      both sides of a renewal: new keys, vouched for by the current one
//! factor       the second factor: a phone's codes, recovery codes, and their memory
//! tls          the three TLS configurations
//! admission    what a connection may be, decided before its first stream
//! ```
//!
//! Chain validity alone is never authority: that is the exact entry in the registry ([`admission`]).

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod admission;
pub mod authority;
pub mod bundle;
pub mod ceremony;
pub mod certificate;
mod codec;
pub mod crl;
pub mod enrolment;
pub mod error;
pub mod factor;
pub mod invitation;
pub mod judge;
pub mod key;
#[cfg(test)]
mod oracle_tests;
pub mod pem;
pub mod profile;
pub mod renewal;
pub mod root_file;
pub mod root_record;
pub mod rotation;
pub mod signer;
mod succession;
#[cfg(test)]
mod testing;
pub mod tls;

pub use admission::{Admission, Registry, admit};
pub use authority::{Issued, IssuingAuthority, Root, Serial};
pub use bundle::TrustBundle;
pub use certificate::Certificate;
pub use crl::{Crl, CrlFault};
pub use error::{CertificateFault, CertsError};
pub use invitation::{Invitation, InvitationKeys, Typed, TypedError};
pub use judge::{Judged, Rejection, judge, judge_past};
pub use key::{PrivateKey, PublicKey};
pub use profile::{Profile, Purpose};
pub use root_record::{PracticeTrust, RootRecord, TrustError};
pub use signer::{AuthorityKey, TokenKey, TokenRefused};
