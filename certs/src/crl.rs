//! Certificate revocation lists: made by an authority, read strictly, judged against the one that is held. What is
//! revoked is for the registry to say: a list only tells others.

use std::collections::BTreeSet;

use model::{Sha256Digest, Timestamp};
use rcgen::{
    CertificateParams, CertificateRevocationListParams, DnType, Issuer, KeyIdMethod, RevocationReason,
    RevokedCertParams, SerialNumber,
};
use rustls::pki_types::CertificateRevocationListDer;
use sha2::{Digest as _, Sha256};

use crate::key::Verdict;
use crate::signer::not_made;
use crate::{Certificate, CertsError, IssuingAuthority, Root, Serial};

mod read;

/// Largest list that is looked at; one of 10,000 certificates has about 650 kB.
pub const CRL_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Days from an issuing authority's list to the next at the latest; one is made every day.
pub const CRL_DAYS: u64 = 7;

/// Days from a root's list to the next: 13 months, for it takes a ceremony.
pub const ROOT_CRL_DAYS: u64 = 396;

/// Days to the next update of an authority's last list, which never comes: a hundred years.
pub const LAST_CRL_DAYS: u64 = 36_525;

/// Seconds by which a list may be made in our future.
const AHEAD_SECONDS: u64 = 300;

/// A revoked certificate, as a list says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// Which.
    pub serial: Serial,
    /// When it was revoked.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// Since when its key may have been in other hands, if that is known.
    pub compromised_since: Option<Timestamp>,
}

/// The reasons that our lists give (RFC 5280 section 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// keyCompromise: lost, stolen, disputed.
    KeyCompromise,
    /// affiliationChanged: its person has left.
    AffiliationChanged,
    /// superseded: another one has come in its place.
    Superseded,
    /// cessationOfOperation: it is no longer needed.
    CessationOfOperation,
    /// certificateHold: suspended, and may come back.
    CertificateHold,
}

/// Why a list is not taken. What is held stays in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CrlFault {
    /// Signature algorithm other than ecdsa-with-SHA256, or the inner and outer one differ.
    #[error("algorithm")]
    Algorithm,
    /// Not DER, bytes left over, not version 2, longer than [`CRL_BYTES_MAX`].
    #[error("encoding")]
    Encoding,
    /// An entry that no list of ours has: another kind of serial number, reason or extension, or one twice.
    #[error("entry")]
    Entry,
    /// It is over: its next update should have come.
    #[error("expired")]
    Expired,
    /// An extension that no list of ours has, or one that is missing.
    #[error("extension")]
    Extension,
    /// Of another authority.
    #[error("another authority's")]
    Foreign,
    /// Made in our future.
    #[error("not in force yet")]
    Future,
    /// It does not say when the next one comes.
    #[error("no next update")]
    NoNextUpdate,
    /// Its number is below that of the list held, or the same over other content.
    #[error("older than the one held")]
    Older,
    /// The signature does not hold.
    #[error("signature")]
    Signature,
}

/// A list, its signature verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Crl {
    der: Vec<u8>,
    number: u64,
    made: Timestamp,
    next: Timestamp,
    revoked: Vec<Revoked>,
}

impl Crl {
    /// Reads a list of `issuer`.
    ///
    /// # Errors
    /// A [`CrlFault`] for anything that a list of this very authority never is. Dates are not judged.
    pub fn read(der: &[u8], issuer: &Certificate) -> Result<Self, CrlFault> {
        read::read(der, issuer)
    }

    /// The bytes as they came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the whole list.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::from_bytes(Sha256::digest(&self.der).into())
    }

    /// The list's number: each one is above all before it.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// When it was made.
    pub fn made(&self) -> Timestamp {
        self.made
    }

    /// When the next one is there at the latest: the end of its life.
    pub fn next(&self) -> Timestamp {
        self.next
    }

    /// When half of its life is over: none that is renewed every day comes there.
    pub fn half_life(&self) -> Timestamp {
        let life = self.next.unix_seconds().saturating_sub(self.made.unix_seconds());
        self.made.plus_seconds(life / 2)
    }

    /// Whether it is the last of its authority, whose key is gone or about to go: none comes after it.
    pub fn is_last(&self) -> bool {
        self.next.unix_seconds().saturating_sub(self.made.unix_seconds()) > ROOT_CRL_DAYS * 24 * 3600
    }

    /// What it revokes, by serial number.
    pub fn revoked(&self) -> &[Revoked] {
        &self.revoked
    }

    /// Judges the list's dates.
    ///
    /// # Errors
    /// [`CrlFault::Expired`], [`CrlFault::Future`].
    pub fn is_in_force(&self, now: Timestamp) -> Result<(), CrlFault> {
        match (self.made <= now.plus_seconds(AHEAD_SECONDS), now < self.next) {
            (false, _) => Err(CrlFault::Future),
            (true, false) => Err(CrlFault::Expired),
            (true, true) => Ok(()),
        }
    }

    /// The bytes as rustls takes them.
    pub fn to_rustls(&self) -> CertificateRevocationListDer<'static> {
        CertificateRevocationListDer::from(self.der.clone())
    }
}

impl std::fmt::Debug for Crl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Crl({}, {} revoked)", self.number, self.revoked.len())
    }
}

/// The last good list of one authority.
#[derive(Debug)]
pub struct LastGood {
    issuer: Certificate,
    held: Option<Crl>,
}

impl LastGood {
    /// None yet.
    pub fn new(issuer: Certificate) -> Self {
        Self { issuer, held: None }
    }

    /// The list that is held, in force or not.
    pub fn held(&self) -> Option<&Crl> {
        self.held.as_ref()
    }

    /// The authority.
    pub fn issuer(&self) -> &Certificate {
        &self.issuer
    }

    /// Takes a list in place of the one held, if it is good, in force, and not older.
    ///
    /// # Errors
    /// A [`CrlFault`]; what was held is held as before.
    pub fn offer(&mut self, der: &[u8], now: Timestamp) -> Result<&Crl, CrlFault> {
        let offered = Crl::read(der, &self.issuer)?;
        offered.is_in_force(now)?;
        match &self.held {
            Some(held) if offered.number < held.number => Err(CrlFault::Older),
            Some(held) if offered.number == held.number && offered.der != held.der => Err(CrlFault::Older),
            _ => Ok(self.held.insert(offered)),
        }
    }
}

impl IssuingAuthority {
    /// A list of everything that is revoked under this authority.
    ///
    /// # Errors
    /// [`CertsError::Issuing`], [`CertsError::SignatureUnsound`]; [`CertsError::IssuerNotInForce`] after the
    /// authority's life.
    pub fn crl(&self, number: u64, revoked: &[Revoked], now: Timestamp) -> Result<Crl, CertsError> {
        let next = now.plus_seconds(CRL_DAYS * 24 * 3600);
        make(self.signer(), self.certificate(), Draft { number, revoked, now, next })
    }

    /// The last list under this authority, before its key is destroyed: it outlives everything that it has signed.
    ///
    /// # Errors
    /// As [`IssuingAuthority::crl`].
    pub fn last_crl(&self, number: u64, revoked: &[Revoked], now: Timestamp) -> Result<Crl, CertsError> {
        let next = now.plus_seconds(LAST_CRL_DAYS * 24 * 3600);
        make(self.signer(), self.certificate(), Draft { number, revoked, now, next })
    }
}

impl Root {
    /// A list of the issuing authorities that are revoked under this root, for outsiders.
    ///
    /// # Errors
    /// As [`IssuingAuthority::crl`].
    pub fn crl(&self, number: u64, revoked: &[Revoked], now: Timestamp) -> Result<Crl, CertsError> {
        let next = now.plus_seconds(ROOT_CRL_DAYS * 24 * 3600);
        make(self.key(), self.certificate(), Draft { number, revoked, now, next })
    }
}

struct Draft<'a> {
    number: u64,
    revoked: &'a [Revoked],
    now: Timestamp,
    next: Timestamp,
}

fn make(key: &impl rcgen::SigningKey, issuer: &Certificate, draft: Draft<'_>) -> Result<Crl, CertsError> {
    if !issuer.is_in_force(draft.now) {
        return Err(CertsError::IssuerNotInForce);
    }
    // Whole seconds: lists have no smaller unit.
    let date = |time: Timestamp| {
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(time.unix_seconds())
    };
    let mut revoked = draft.revoked.to_vec();
    revoked.sort_by_key(|revoked| revoked.serial);
    let params = CertificateRevocationListParams {
        this_update: date(draft.now),
        next_update: date(draft.next),
        crl_number: SerialNumber::from(draft.number),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .iter()
            .map(|revoked| RevokedCertParams {
                serial_number: SerialNumber::from_slice(revoked.serial.as_bytes()),
                revocation_time: date(revoked.at),
                reason_code: Some(revoked.reason.to_rcgen()),
                invalidity_date: revoked.compromised_since.map(date),
            })
            .collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    // Only the name and the key identifier method of the issuer's parameters are used.
    let mut named = CertificateParams::default();
    named.distinguished_name = rcgen::DistinguishedName::new();
    named.distinguished_name.push(DnType::CommonName, issuer.common_name());
    named.key_identifier_method = KeyIdMethod::Sha256;
    let made = params.signed_by(&Issuer::new(named, key)).map_err(not_made)?;
    Crl::read(made.der(), issuer).map_err(CertsError::Crl)
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
    ];

    /// Its number as a CRLReason.
    pub const fn number(self) -> u8 {
        match self {
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
        }
    }

    /// Its name as others write it (RFC 5280 section 5.3.1).
    pub const fn word(self) -> &'static str {
        match self {
            Self::KeyCompromise => "keyCompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
        }
    }

    const fn to_rcgen(self) -> RevocationReason {
        match self {
            Self::KeyCompromise => RevocationReason::KeyCompromise,
            Self::AffiliationChanged => RevocationReason::AffiliationChanged,
            Self::Superseded => RevocationReason::Superseded,
            Self::CessationOfOperation => RevocationReason::CessationOfOperation,
            Self::CertificateHold => RevocationReason::CertificateHold,
        }
    }
}

#[cfg(test)]
#[path = "crl_tests.rs"]
mod tests;
