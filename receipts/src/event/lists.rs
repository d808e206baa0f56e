//! What statements say of revocation lists. What is revoked is said by statements of its own.

use model::Sha256Digest;

use crate::member::members;

members! {
    /// A revocation list was made.
    struct CrlIssued {
        /// SHA-256 of the SubjectPublicKeyInfo of the authority whose list it is.
        issuer: Sha256Digest = "issuer",
        /// Its number: above that of every list of this authority before it.
        number: u32 = "number",
        /// SHA-256 of the list.
        sha256: Sha256Digest = "sha256",
    }
}
