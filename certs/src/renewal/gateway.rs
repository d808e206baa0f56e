//! The gateway's half of a renewal. It decides on proofs and keys; whether the device may renew at all, and the durable
//! statement before the answer, are others'.

use model::{Malformed, Sha256Digest};

use super::messages::{self, RequestBody};
use super::{RequestId, exporter_context, old_proof, request_hash, signing_proof, tls_proof};
use crate::enrolment::Exporter;
use crate::key::Verdict;
use crate::{Certificate, PublicKey};

/// A Renew that came: lengths and CBOR are good, nothing is proven.
pub struct GatewayRenewal {
    request: Vec<u8>,
    body: RequestBody,
    old: [u8; 64],
    tls: [u8; 64],
    signing: Option<[u8; 64]>,
}

/// What is known of this request from before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nothing: the keys must be new to everybody.
    Nothing,
    /// It was answered, for this TLS key.
    Answered {
        /// SHA-256 of its SubjectPublicKeyInfo.
        tls_key: Sha256Digest,
    },
}

/// Why a renewal is refused; for the log. The peer is told the same whatever the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The key of the certificate that was shown has not signed this, on this connection.
    #[error("the current key has not signed it")]
    NotVouched,
    /// A new key has not signed this, on this connection, or a signature is there without its key.
    #[error("a new key has not signed it")]
    NotPossessed,
    /// No P-256 key on the curve, or the same twice.
    #[error("a new key is none, or both are the same")]
    BadKey,
    /// A key that some device has, or had.
    #[error("a new key is or was a device's already")]
    UsedKey,
    /// The request was answered before, for other keys.
    #[error("the same request came before with other keys")]
    OtherKeys,
}

/// A renewal that proves everything.
pub struct Requested {
    id: RequestId,
    tls: PublicKey,
    signing: Option<PublicKey>,
    before: Before,
}

impl GatewayRenewal {
    /// Reads a Renew.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let parts = messages::read_renew(bytes)?;
        let body = messages::read_request(parts.request)?;
        let (old, tls, signing) = (parts.old, parts.tls, parts.signing);
        Ok(Self { request: parts.request.to_vec(), body, old, tls, signing })
    }

    /// Which renewal it is.
    pub fn id(&self) -> &RequestId {
        &self.body.id
    }

    /// The context for the TLS exporter.
    pub fn exporter_context(&self) -> [u8; 32] {
        exporter_context(&self.request)
    }

    /// Checks in this order: the current key has signed; the new keys are on the curve, different, and new to
    /// everybody (`is_registered`, asked with SHA-256 of the SPKI) unless they are those of the same request before;
    /// both have signed. `leaf` is the certificate that this connection was admitted by.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check(
        self,
        exporter: &Exporter,
        leaf: &Certificate,
        before: Before,
        is_registered: &dyn Fn(&Sha256Digest) -> bool,
    ) -> Result<Requested, Refused> {
        let hash = request_hash(exporter, leaf.der(), &self.request);
        signed(leaf.public_key(), &old_proof(&hash), &self.old).ok_or(Refused::NotVouched)?;
        let key = |spki: &[u8]| PublicKey::from_spki(spki).map_err(|_| Refused::BadKey);
        let tls = key(&self.body.tls_spki)?;
        let signing = self.body.signing_spki.as_deref().map(key).transpose()?;
        if signing.as_ref() == Some(&tls) {
            return Err(Refused::BadKey);
        }
        match before {
            Before::Answered { tls_key } if tls_key == tls.key_hash() => {}
            Before::Answered { .. } => return Err(Refused::OtherKeys),
            Before::Nothing => {
                let mut keys = std::iter::once(&tls).chain(&signing);
                if keys.any(|key| is_registered(&key.key_hash())) {
                    return Err(Refused::UsedKey);
                }
            }
        }
        signed(&tls, &tls_proof(&hash), &self.tls).ok_or(Refused::NotPossessed)?;
        match (&signing, &self.signing) {
            (None, None) => {}
            (Some(key), Some(signature)) => {
                signed(key, &signing_proof(&hash), signature).ok_or(Refused::NotPossessed)?;
            }
            _ => return Err(Refused::NotPossessed),
        }
        Ok(Requested { id: self.body.id, tls, signing, before })
    }
}

fn signed(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> Option<()> {
    match key.verify_es256(message, signature) {
        Verdict::Valid => Some(()),
        Verdict::Invalid => None,
    }
}

impl Requested {
    /// Which renewal it is.
    pub fn id(&self) -> &RequestId {
        &self.id
    }

    /// The new TLS key.
    pub fn tls_key(&self) -> &PublicKey {
        &self.tls
    }

    /// The new signing key, if there is one.
    pub fn signing_key(&self) -> Option<&PublicKey> {
        self.signing.as_ref()
    }

    /// Whether it was answered before: then that answer is sent again, and nothing is made.
    pub fn is_again(&self) -> bool {
        self.before != Before::Nothing
    }
}
