//! A chain, a purpose and a time: what a certificate is worth to somebody who trusts a practice. It knows no
//! registry: later revocations are for the caller to ask.

use model::{Sha256Digest, Timestamp};

use crate::certificate::CHAIN_MAX;
use crate::key::Verdict;
use crate::{Certificate, CertificateFault, PracticeTrust, Profile, Purpose};

/// A certificate that is worth what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The end certificate.
    pub leaf: Certificate,
    /// What it is for.
    pub purpose: Purpose,
    /// Its URI.
    pub uri: String,
    /// SHA-256 of the issuing authority's SPKI.
    pub issuing: Sha256Digest,
}

/// Why a certificate is worth nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The chain is empty or too long.
    #[error("the chain is empty or longer than {CHAIN_MAX} certificates")]
    ChainLength,
    /// The end certificate is not of its profile.
    #[error("the end certificate: {0}")]
    Leaf(CertificateFault),
    /// No issuing certificate in the chain has signed it.
    #[error("no issuing authority in the chain has signed it")]
    NoIssuer,
    /// No root of the practice has signed the issuing certificate.
    #[error("the issuing authority is under no root of the practice")]
    NoRoot,
    /// One of the certificates was not in force at the time.
    #[error("the {} certificate was not in force", .0.row().name)]
    NotInForce(Profile),
    /// It is for something else.
    #[error("the certificate is for another purpose")]
    OtherPurpose,
    /// The practice has revoked the issuing authority.
    #[error("the practice has revoked the issuing authority")]
    RevokedIssuing,
}

/// Judges a chain: the end certificate first, then issuing certificates in any order (roots among them are
/// passed over: the practice's are known). It must be exactly of profile `wanted`, signed by an issuing
/// authority that a root of the practice has signed, and all in force at `time`.
///
/// For [`Profile::Device`] and [`Profile::Signer`] the caller looks at [`Judged::purpose`] for whose it is.
///
/// # Errors
/// [`Rejection`].
pub fn judge(
    trust: &PracticeTrust,
    chain: &[impl AsRef<[u8]>],
    wanted: Profile,
    time: Timestamp,
) -> Result<Judged, Rejection> {
    let roots: Vec<&Certificate> = trust.roots().iter().collect();
    judge_under(trust, &roots, chain, wanted, time)
}

/// As [`judge`], of something signed in the past: also under roots that are withdrawn by now, unless they were
/// declared stolen.
///
/// # Errors
/// [`Rejection`].
pub fn judge_past(
    trust: &PracticeTrust,
    chain: &[impl AsRef<[u8]>],
    wanted: Profile,
    time: Timestamp,
) -> Result<Judged, Rejection> {
    judge_under(trust, &trust.roots_ever(), chain, wanted, time)
}

fn judge_under(
    trust: &PracticeTrust,
    roots: &[&Certificate],
    chain: &[impl AsRef<[u8]>],
    wanted: Profile,
    time: Timestamp,
) -> Result<Judged, Rejection> {
    let (first, rest) = chain.split_first().ok_or(Rejection::ChainLength)?;
    if chain.len() > CHAIN_MAX {
        return Err(Rejection::ChainLength);
    }
    let leaf = Certificate::read(first.as_ref()).map_err(Rejection::Leaf)?;
    let purpose = leaf.purpose(trust.practice()).map_err(Rejection::Leaf)?;
    if purpose.profile() != wanted {
        return Err(Rejection::OtherPurpose);
    }
    if !leaf.is_in_force(time) {
        return Err(Rejection::NotInForce(wanted));
    }
    let mut worst = Rejection::NoIssuer;
    for candidate in rest {
        match judge_issuing(trust, roots, &leaf, candidate.as_ref(), time) {
            Ok(issuing) => return Ok(Judged { uri: purpose.uri(trust.practice()), leaf, purpose, issuing }),
            Err(Rejection::NoIssuer) => {}
            Err(rejection) => worst = rejection,
        }
    }
    Err(worst)
}

fn judge_issuing(
    trust: &PracticeTrust,
    roots: &[&Certificate],
    leaf: &Certificate,
    candidate: &[u8],
    time: Timestamp,
) -> Result<Sha256Digest, Rejection> {
    let issuing = Certificate::read(candidate).map_err(|_| Rejection::NoIssuer)?;
    if issuing.has_profile(Profile::Issuing).is_err() || leaf.is_signed_by(&issuing) == Verdict::Invalid {
        return Err(Rejection::NoIssuer);
    }
    if trust.revokes_issuing(&issuing.key_hash()) {
        return Err(Rejection::RevokedIssuing);
    }
    if !issuing.is_in_force(time) {
        return Err(Rejection::NotInForce(Profile::Issuing));
    }
    let root = roots.iter().find(|root| issuing.is_signed_by(root) == Verdict::Valid);
    match root.ok_or(Rejection::NoRoot)?.is_in_force(time) {
        true => Ok(issuing.key_hash()),
        false => Err(Rejection::NotInForce(Profile::Root)),
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
