//! The companion's half of a renewal. The new keys are durable before it begins.

use model::{DeviceId, Malformed, Timestamp};

use super::messages::{self, RenewParts};
use super::{RequestId, exporter_context, old_proof, request_hash, signing_proof, tls_proof};
use crate::enrolment::Exporter;
use crate::{Certificate, CertsError, PracticeTrust, PrivateKey, PublicKey, Purpose, Rejection, judge};

/// Why what came is not taken.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    /// A certificate that came is not what was asked for.
    #[error("the certificate that came is not ours: {0}")]
    Certificate(#[from] Rejection),
    /// It is of another key.
    #[error("the certificate that came is of another key")]
    OtherKey,
    /// A signing certificate was asked for and did not come, or came unasked.
    #[error("the signing certificate is not as it was asked for")]
    Signing,
    /// It is no answer.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// A renewal that a companion asks for.
pub struct CompanionRenewal<'a> {
    tls: &'a PrivateKey,
    signing: Option<&'a PrivateKey>,
    request: Vec<u8>,
}

/// What a renewal brings, leaves first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// For TLS.
    pub tls_chain: Vec<Certificate>,
    /// For statements, where a new key was asked for.
    pub signing_chain: Option<Vec<Certificate>>,
}

impl<'a> CompanionRenewal<'a> {
    /// For a new TLS key and, where its time has come too, a new signing key. After a lost answer: the same three.
    pub fn new(id: &RequestId, tls: &'a PrivateKey, signing: Option<&'a PrivateKey>) -> Self {
        let request = messages::write_request(id, tls.public(), signing.map(PrivateKey::public));
        Self { tls, signing, request }
    }

    /// The context for the TLS exporter.
    pub fn exporter_context(&self) -> [u8; 32] {
        exporter_context(&self.request)
    }

    /// The message to send over the connection that `leaf` was shown on; `key` is that certificate's.
    ///
    /// # Errors
    /// [`CertsError::KeyMismatch`]; a key that can not sign.
    pub fn renew(
        &self,
        exporter: &Exporter,
        leaf: &Certificate,
        key: &PrivateKey,
    ) -> Result<Vec<u8>, CertsError> {
        if key.public() != leaf.public_key() {
            return Err(CertsError::KeyMismatch);
        }
        let hash = request_hash(exporter, leaf.der(), &self.request);
        let signing = self.signing.map(|key| key.sign_es256(&signing_proof(&hash))).transpose()?;
        Ok(messages::write_renew(&RenewParts {
            request: &self.request,
            old: key.sign_es256(&old_proof(&hash))?,
            tls: self.tls.sign_es256(&tls_proof(&hash))?,
            signing,
        }))
    }

    /// Takes the answer: certificates for this device, of these keys, in force and under the practice.
    ///
    /// # Errors
    /// [`RenewalError`].
    pub fn renewed(
        &self,
        trust: &PracticeTrust,
        device: DeviceId,
        answer: &[u8],
        now: Timestamp,
    ) -> Result<Renewed, RenewalError> {
        let body = messages::read_renewed(answer)?;
        let tls_chain = chain(trust, &body.tls, Purpose::Device(device), self.tls.public(), now)?;
        let signing_chain = match (body.signing, self.signing) {
            (None, None) => None,
            (Some(der), Some(key)) => Some(chain(trust, &der, Purpose::Signer(device), key.public(), now)?),
            _ => return Err(RenewalError::Signing),
        };
        Ok(Renewed { tls_chain, signing_chain })
    }
}

fn chain(
    trust: &PracticeTrust,
    chain: &[Vec<u8>],
    wanted: Purpose,
    key: &PublicKey,
    now: Timestamp,
) -> Result<Vec<Certificate>, RenewalError> {
    let judged = judge(trust, chain, wanted.profile(), now)?;
    if judged.purpose != wanted {
        return Err(Rejection::OtherPurpose.into());
    }
    if judged.leaf.public_key() != key {
        return Err(RenewalError::OtherKey);
    }
    let read: Result<Vec<_>, _> = chain.iter().map(|der| Certificate::read(der)).collect();
    read.map_err(|fault| Rejection::Leaf(fault).into())
}
