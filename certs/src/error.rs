//! What can go wrong with keys, certificates and their files. What a verdict says is not here but in its room.

use model::Malformed;

use crate::crl::CrlFault;

/// Making, reading and using certificates failed.
#[derive(Debug, thiserror::Error)]
pub enum CertsError {
    /// A certificate is not one of ours.
    #[error("not a certificate of this kind: {0}")]
    Certificate(#[from] CertificateFault),
    /// A list just made is none: the machine is broken, or there are more revoked than a list holds.
    #[error("the revocation list could not be made: {0}")]
    Crl(CrlFault),
    /// The authority is used before or after its life, or after the time in which it signs.
    #[error("the issuing certificate may not sign at this time")]
    IssuerNotInForce,
    /// A certificate could not be made.
    #[error("the certificate could not be made")]
    Issuing(#[source] rcgen::Error),
    /// Key and certificate do not belong together.
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    /// Bytes are not what they should be.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    NoRandomness,
    /// A root record does not follow the one before it: a signature that it needs is missing, or it is older.
    #[error("the root record does not follow from the one before it")]
    RecordNotFollowing,
    /// A sealed file did not open: other words, or damaged.
    #[error("the file does not open with these words")]
    Unopenable,
    /// Sealing a file failed: the parameters are out of bounds or memory is short.
    #[error("the file could not be sealed")]
    NotSealed,
    /// A signature just made does not verify: the machine is broken, nothing it signs may leave.
    #[error("a signature just made does not verify")]
    SignatureUnsound,
    /// The token that holds the key did not sign.
    #[error("the token that holds the key did not sign")]
    TokenRefused,
    /// TLS refused a certificate or key of ours.
    #[error("TLS refused our own certificate or key")]
    Tls(#[source] rustls::Error),
}

impl From<host::NoRandomness> for CertsError {
    fn from(_: host::NoRandomness) -> Self {
        Self::NoRandomness
    }
}

/// Why a certificate is not one of ours. One word a cause, for logs and tests; the peer is told none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// Signature algorithm other than ecdsa-with-SHA256, or the inner and outer one differ.
    #[error("algorithm")]
    Algorithm,
    /// basicConstraints absent, not critical, or not those of the profile.
    #[error("basic constraints")]
    BasicConstraints,
    /// Not DER, bytes left over, larger than [`crate::certificate::CERTIFICATE_BYTES_MAX`], not version 3.
    #[error("encoding")]
    Encoding,
    /// extendedKeyUsage is not exactly that of the profile.
    #[error("extended key usage")]
    ExtendedKeyUsage,
    /// An extension twice, or one that our profiles do not have.
    #[error("extension")]
    Extension,
    /// The public key is not an uncompressed point on P-256.
    #[error("key")]
    Key,
    /// Subject or authority key identifier absent or not 20 bytes.
    #[error("key identifier")]
    KeyIdentifier,
    /// keyUsage absent, not critical, or not exactly that of the profile.
    #[error("key usage")]
    KeyUsage,
    /// Subject alternative names or subject are not those of the profile and the practice.
    #[error("names")]
    Names,
    /// The serial number is not positive or longer than 20 bytes.
    #[error("serial number")]
    Serial,
    /// The end of life is not after its begin, or the life is longer than the profile's.
    #[error("validity")]
    Validity,
}
