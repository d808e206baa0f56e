//! What a connection may be, decided before its first stream is allowed: a pure function of ALPN, leaf, clock
//! and registry. TLS can not do this: one port serves all ALPNs, so there a certificate is optional.

use model::{DeviceId, PracticeId, Sha256Digest, Timestamp};

use crate::certificate::fingerprint;
use crate::tls::{ALPN_ENROL, ALPN_MAIN, ALPN_RENEW};
use crate::{Certificate, CertificateFault, Purpose};

/// What a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// An enrolment and nothing else.
    Enrol,
    /// A device; what its person may do is asked at every request.
    Main(DeviceId),
    /// A device that may renew its certificate, and nothing else.
    Renew(DeviceId),
    /// To be closed. The peer is told the same whatever the cause.
    Refused(Refused),
}

/// Why a connection is refused; for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The registry bars the device.
    #[error("the device is barred")]
    Barred,
    /// The leaf is not a device certificate of this practice.
    #[error("not a device certificate: {0}")]
    Certificate(CertificateFault),
    /// A certificate where none belongs.
    #[error("a certificate on the enrolment ALPN")]
    CertificateOnEnrol,
    /// No certificate where one is needed.
    #[error("no certificate")]
    NoCertificate,
    /// The certificate is not in force.
    #[error("the certificate is not in force")]
    NotInForce,
    /// The certificate has expired and its grace lasts: the peer is told, for then it can renew.
    #[error("the certificate has expired and must be renewed first")]
    RenewFirst,
    /// The registry's device is another than the certificate's.
    #[error("the registry knows this certificate as another device's")]
    OtherDevice,
    /// The certificate is for something else than a device in TLS.
    #[error("the certificate is for another purpose")]
    OtherPurpose,
    /// An ALPN that we do not have, or none.
    #[error("unknown ALPN")]
    UnknownAlpn,
    /// The device has a newer certificate, and has used it for longer than a day.
    #[error("the certificate was replaced by a newer one that is in use")]
    Superseded,
    /// The registry does not know this very certificate.
    #[error("the registry does not know the certificate")]
    Unregistered,
    /// The issuing authority that it names did not sign it.
    #[error("the signature of the issuing authority does not hold")]
    BadSignature,
    /// More than the one certificate that a device shows.
    #[error("more than one certificate")]
    ChainLength,
    /// The revocation list of its authority has it.
    #[error("the revocation list has it")]
    Listed,
    /// Its authority has no revocation list in force.
    #[error("there is no revocation list in force")]
    NoList,
    /// The peer does not hold the key.
    #[error("the peer does not hold the key")]
    NotItsKey,
    /// None of the issuing authorities that devices are anchored at.
    #[error("of no issuing authority of the practice")]
    UnknownIssuer,
    /// Its issuing authority is retired: the peer is told, for then it can renew.
    #[error("its issuing authority is retired, and it must be renewed first")]
    RetiredIssuing,
}

/// The devices that are ours: the only authority.
pub trait Registry {
    /// Whose certificate this is; `leaf` is SHA-256 of the whole DER.
    fn find(&self, leaf: &Sha256Digest) -> Option<Registered>;
}

/// What the registry says of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered {
    /// The device it was issued to.
    pub device: DeviceId,
    /// Whether the device may connect.
    pub standing: Standing,
    /// How long after its end the certificate can be renewed.
    pub grace_seconds: u64,
    /// The end of what its person may do at all, if there is one: no grace goes beyond it.
    pub ends: Option<Timestamp>,
}

/// Whether a device may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Active,
    /// It may not, whatever its certificate says.
    Barred,
    /// Not by this certificate any more.
    Superseded,
}

/// Decides what a connection may be. `leaf` is the peer's first certificate, if it showed one; that the chain
/// holds has been checked in TLS, and is not enough.
pub fn admit(
    alpn: Option<&[u8]>,
    leaf: Option<&[u8]>,
    practice: &PracticeId,
    now: Timestamp,
    registry: &dyn Registry,
) -> Admission {
    match (alpn, leaf) {
        (Some(ALPN_ENROL), None) => Admission::Enrol,
        (Some(ALPN_ENROL), Some(_)) => Admission::Refused(Refused::CertificateOnEnrol),
        (Some(ALPN_MAIN | ALPN_RENEW), None) => Admission::Refused(Refused::NoCertificate),
        (Some(alpn @ (ALPN_MAIN | ALPN_RENEW)), Some(leaf)) => {
            match (admit_device(leaf, practice, now, registry), alpn) {
                (Ok((device, _)), ALPN_RENEW) => Admission::Renew(device),
                (Ok((device, Force::In)), _) => Admission::Main(device),
                (Ok((_, Force::Grace)), _) => Admission::Refused(Refused::RenewFirst),
                (Err(refused), _) => Admission::Refused(refused),
            }
        }
        _ => Admission::Refused(Refused::UnknownAlpn),
    }
}

/// Whether a certificate is in force.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// It is.
    In,
    /// It has expired, and can be renewed.
    Grace,
}

/// Judges a leaf by itself, the same for every ALPN that takes one: the exact certificate of a device that may connect.
///
/// # Errors
/// Why it may not come in.
pub fn admit_device(
    leaf: &[u8],
    practice: &PracticeId,
    now: Timestamp,
    registry: &dyn Registry,
) -> Result<(DeviceId, Force), Refused> {
    let certificate = Certificate::read(leaf).map_err(Refused::Certificate)?;
    let device = match certificate.purpose(practice).map_err(Refused::Certificate)? {
        Purpose::Device(device) => device,
        _ => return Err(Refused::OtherPurpose),
    };
    let registered = registry.find(&fingerprint(leaf));
    let force = match (certificate.is_in_force(now), &registered) {
        (true, _) => Force::In,
        (false, Some(registered)) if is_in_grace(&certificate, registered, now) => Force::Grace,
        (false, _) => return Err(Refused::NotInForce),
    };
    let registered = registered.ok_or(Refused::Unregistered)?;
    match (registered.device == device, registered.standing) {
        (false, _) => Err(Refused::OtherDevice),
        (true, Standing::Barred) => Err(Refused::Barred),
        (true, Standing::Superseded) => Err(Refused::Superseded),
        (true, Standing::Active) => Ok((device, force)),
    }
}

/// Whether `now` lies after the certificate's life, and not beyond its grace.
fn is_in_grace(certificate: &Certificate, registered: &Registered, now: Timestamp) -> bool {
    let grace = certificate.not_after().plus_seconds(registered.grace_seconds);
    let end = registered.ends.map_or(grace, |ends| grace.min(ends));
    certificate.not_after() < now && now <= end
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
