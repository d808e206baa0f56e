//! A device's certificate as the registry holds it: where it stands, and until when it is admitted. Its bytes are in
//! the journal; states come from posting alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use model::{Sha256Digest, Timestamp};

use crate::ledger::rows::{self, CertificateState, CertificateUse};
use crate::registry::Device;

/// A device's certificate.
pub struct DeviceCertificate {
    /// SHA-256 of it.
    pub sha256: Sha256Digest,
    /// What it is used for.
    pub usage: CertificateUse,
    /// Its serial number.
    pub serial: [u8; 16],
    /// SHA-256 of its key's SubjectPublicKeyInfo.
    pub key: Sha256Digest,
    /// Its first second of life.
    pub not_before: Timestamp,
    /// Its last second of life.
    pub not_after: Timestamp,
    /// The key identifier of its issuer.
    pub issuer: [u8; 20],
    /// The entry that holds it.
    pub entry: u64,
    state: AtomicU8,
    until_ms: AtomicU64,
}

/// A device by one of its TLS certificates.
#[derive(Clone)]
pub struct Held {
    /// The device.
    pub device: Arc<Device>,
    /// The certificate.
    pub certificate: Arc<DeviceCertificate>,
}

impl DeviceCertificate {
    /// From its row.
    pub(crate) fn of(sha256: Sha256Digest, usage: CertificateUse, row: &rows::Certificate) -> Self {
        let certificate = Self {
            sha256,
            usage,
            serial: row.serial.into(),
            key: Sha256Digest::from_bytes(row.key.into()),
            not_before: Timestamp::from_unix_ms(row.not_before_ms),
            not_after: Timestamp::from_unix_ms(row.not_after_ms),
            issuer: row.issuer.into(),
            entry: row.entry,
            state: AtomicU8::default(),
            until_ms: AtomicU64::default(),
        };
        certificate.change(row);
        certificate
    }

    /// It stands elsewhere now. The time first: nobody may see it superseded with a time that is not its own.
    pub(crate) fn change(&self, row: &rows::Certificate) {
        self.until_ms.store(row.until_ms.unwrap_or(0), Ordering::Release);
        self.state.store(row.state, Ordering::Release);
    }

    /// Where it stands.
    pub fn state(&self) -> CertificateState {
        CertificateState::from_code(self.state.load(Ordering::Acquire))
    }

    /// Whether it is still taken from its device at `now`. Its own end is another matter.
    pub fn is_admitted(&self, now: Timestamp) -> bool {
        match self.state() {
            CertificateState::Fresh | CertificateState::Current | CertificateState::Old => true,
            CertificateState::Superseded => now.unix_ms() < self.until_ms.load(Ordering::Acquire),
        }
    }

    /// Whether its own end is past at `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now.unix_seconds() > self.not_after.unix_seconds()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_superseded_certificate_ends_at_its_time_and_never_earlier_than_it_is_superseded() {
        let mut row = rows::Certificate {
            sha256: [1; 32].into(),
            device: [2; 16].into(),
            usage: CertificateUse::Tls.code(),
            serial: [3; 16].into(),
            key: [4; 32].into(),
            not_after_ms: 90_000,
            issuer: [5; 20].into(),
            entry: 1,
            state: CertificateState::Old.code(),
            until_ms: None,
            not_before_ms: 0,
        };
        let sha256 = Sha256Digest::from_bytes([1; 32]);
        let certificate = DeviceCertificate::of(sha256, CertificateUse::Tls, &row);
        let at = Timestamp::from_unix_ms;
        assert!(certificate.is_admitted(at(u64::MAX)));
        (row.state, row.until_ms) = (CertificateState::Superseded.code(), Some(50));
        certificate.change(&row);
        assert!(certificate.is_admitted(at(49)) && !certificate.is_admitted(at(50)));
        assert!(!certificate.is_expired(at(90_999)) && certificate.is_expired(at(91_000)));
        row.state = 77;
        certificate.change(&row);
        assert_eq!(certificate.state(), CertificateState::Superseded, "what is not known is over");
    }
}
