//! The gateway's half of an enrolment. It decides on proofs and keys; who was invited to what, attempts, and the
//! durable binding are the registry's.

use model::{DeviceId, InvitationId, Malformed, Sha256Digest, Timestamp};

use super::messages::{self, Bound, Device, Hello, ReplyBody, Status, TakenBy, Welcome};
use super::{CheckDigits, Exporter, transcript};
use crate::key::Verdict;
use crate::{Certificate, CertsError, InvitationKeys, PublicKey};

/// A Hello at the gateway.
pub type GatewayHello = Hello;

/// What the registry says of an invitation at the moment of the Request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It may be used.
    Open,
    /// A device is bound to it, with these keys.
    Bound {
        /// SHA-256 of the SPKI of its TLS key.
        tls_key: Sha256Digest,
        /// SHA-256 of the SPKI of its signing key.
        signing_key: Sha256Digest,
        /// What others are told.
        taken_by: &'a TakenBy,
    },
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
    /// Too many wrong proofs.
    Locked,
    /// There is none: [`InvitationKeys::decoy`] was used for the Offer.
    Unknown,
}

/// A gateway that has its Offer to send.
pub struct GatewayEnrolment {
    hello: Hello,
    keys: InvitationKeys,
    offer_hash: [u8; 32],
    mac: [u8; 32],
}

impl GatewayEnrolment {
    /// The Offer to send. For an unknown number the keys are [`InvitationKeys::decoy`]: same size, same cost, and
    /// the same failure later.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`]; [`CertsError::Malformed`] if the records are too many for a message.
    pub fn offer(
        hello: Hello,
        exporter: &Exporter,
        keys: InvitationKeys,
        records: &[impl AsRef<[u8]>],
        time: Timestamp,
    ) -> Result<(Self, Vec<u8>), CertsError> {
        Self::offer_with(hello, exporter, keys, records, time, &host::random::bytes()?)
    }

    pub(super) fn offer_with(
        hello: Hello,
        exporter: &Exporter,
        keys: InvitationKeys,
        records: &[impl AsRef<[u8]>],
        time: Timestamp,
        nonce: &[u8; 16],
    ) -> Result<(Self, Vec<u8>), CertsError> {
        let body = messages::write_offer_body(nonce, records, time);
        let offer_hash = transcript::offer_hash(exporter, hello.bytes(), &body);
        let mac = transcript::server_mac(&keys, &offer_hash);
        let message = messages::enclose(&[&body, &mac]);
        messages::read_offer(&message)?;
        Ok((Self { hello, keys, offer_hash, mac }, message))
    }

    /// The invitation's number.
    pub fn id(&self) -> InvitationId {
        self.hello.id
    }

    /// Whether a Request proves the invitation's secret; nothing else in it is looked at.
    pub fn is_proven(&self, request: &[u8]) -> bool {
        let Ok(parts) = messages::read_request(request) else { return false };
        let request_hash = transcript::request_hash(&self.offer_hash, &self.mac, parts.body);
        transcript::verify_client_mac(&self.keys, &request_hash, &parts.pops, &parts.mac) == Verdict::Valid
    }

    /// Takes the Request, in this order: lengths and CBOR; mac_c in constant time; the standing; both keys on the
    /// curve, different, and never registered (`is_registered`, asked with SHA-256 of the SPKI); both signatures.
    /// So only who has proven the secret learns the standing. The keys that are bound already prove themselves
    /// again and are [`Requested::is_again`].
    ///
    /// # Errors
    /// [`Refusal`]: what to count, and what to send.
    pub fn request(
        self,
        request: &[u8],
        standing: Standing<'_>,
        is_registered: &dyn Fn(&Sha256Digest) -> bool,
    ) -> Result<Requested, Refusal> {
        let parts = messages::read_request(request)?;
        let body = messages::read_request_body(parts.body)?;
        let request_hash = transcript::request_hash(&self.offer_hash, &self.mac, parts.body);
        let answer = Answer { keys: self.keys, request_hash, client_mac: parts.mac };
        let proof = transcript::verify_client_mac(&answer.keys, &request_hash, &parts.pops, &parts.mac);
        if proof == Verdict::Invalid {
            return Err(answer.refuse(Status::WrongProof, None));
        }
        let bound = match standing {
            Standing::Open => None,
            Standing::Bound { tls_key, signing_key, taken_by } => Some((tls_key, signing_key, taken_by)),
            Standing::Expired => return Err(answer.refuse(Status::Expired, None)),
            Standing::Revoked => return Err(answer.refuse(Status::Revoked, None)),
            Standing::Locked => return Err(answer.refuse(Status::Locked, None)),
            Standing::Unknown => return Err(answer.refuse(Status::WrongProof, None)),
        };
        let keys = (PublicKey::from_spki(&body.tls_spki), PublicKey::from_spki(&body.signing_spki));
        let (Ok(tls_key), Ok(signing_key)) = keys else {
            return Err(answer.refuse(Status::BadKeys, None));
        };
        let hashes = (tls_key.key_hash(), signing_key.key_hash());
        let again = match bound {
            Some((tls, signing, _)) if (tls, signing) == hashes => Again::Yes,
            Some((_, _, taken_by)) => {
                let rival = Rival { tls_key: hashes.0, signing_key: hashes.1, device: body.device };
                return Err(answer.refuse(Status::Taken, Some(taken_by.clone())).by(rival));
            }
            None => Again::No,
        };
        let fresh = again == Again::Yes || !(is_registered(&hashes.0) || is_registered(&hashes.1));
        let [tls_pop, signing_pop] = &parts.pops;
        let signed = tls_key.verify_es256(&transcript::tls_proof(&request_hash), tls_pop) == Verdict::Valid
            && signing_key.verify_es256(&transcript::signing_proof(&request_hash), signing_pop)
                == Verdict::Valid;
        match fresh && signed && hashes.0 != hashes.1 {
            true => {
                Ok(Requested { id: self.hello.id, answer, tls_key, signing_key, device: body.device, again })
            }
            false => Err(answer.refuse(Status::BadKeys, None)),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    No,
    Yes,
}

/// A Request that was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is no Request; the stream is reset.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The peer is told. [`Status::WrongProof`] is to be counted against invitation and address.
    #[error("refused: {status:?}")]
    Refused {
        /// Why.
        status: Status,
        /// The Reply to send.
        reply: Vec<u8>,
        /// Who proved the secret of an invitation that another device has used.
        rival: Option<Box<Rival>>,
    },
}

impl Refusal {
    fn by(self, by: Rival) -> Self {
        match self {
            Self::Refused { status, reply, .. } => Self::Refused { status, reply, rival: Some(Box::new(by)) },
            malformed @ Self::Malformed(_) => malformed,
        }
    }
}

/// Who has the secret of an invitation, and is not the device that it had let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    /// SHA-256 of the SPKI of its TLS key.
    pub tls_key: Sha256Digest,
    /// SHA-256 of the SPKI of its signing key.
    pub signing_key: Sha256Digest,
    /// What it says of itself. Foreign.
    pub device: Device,
}

/// A Request that proves everything: the keys may be bound.
pub struct Requested {
    id: InvitationId,
    answer: Answer,
    tls_key: PublicKey,
    signing_key: PublicKey,
    device: Device,
    again: Again,
}

/// A device bound to an invitation: in the journal before the Reply goes out, and the same for the same keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The device.
    pub device: DeviceId,
    /// Its certificate for TLS.
    pub tls: Certificate,
    /// Its certificate for statements.
    pub signing: Certificate,
    /// The issuing certificate above both.
    pub issuing: Certificate,
    /// Drawn after the keys were fixed.
    pub check_nonce: [u8; 16],
}

impl Requested {
    /// The invitation's number.
    pub fn id(&self) -> InvitationId {
        self.id
    }

    /// The device's key for TLS.
    pub fn tls_key(&self) -> &PublicKey {
        &self.tls_key
    }

    /// The device's key for statements.
    pub fn signing_key(&self) -> &PublicKey {
        &self.signing_key
    }

    /// What the device says of itself. Foreign.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// This device as one that came too late.
    pub fn rival(&self) -> Rival {
        Rival {
            tls_key: self.tls_key.key_hash(),
            signing_key: self.signing_key.key_hash(),
            device: self.device.clone(),
        }
    }

    /// Whether these keys are bound already: then the stored [`Binding`] is sent again, and nothing is made.
    pub fn is_again(&self) -> bool {
        self.again == Again::Yes
    }

    /// The check digits for a binding of these keys.
    pub fn digits(&self, practice: &model::PracticeId, check_nonce: &[u8; 16]) -> CheckDigits {
        CheckDigits::of(practice, self.id, &self.tls_key, &self.signing_key, check_nonce)
    }

    /// The Reply with the certificates. The binding is durable before this is sent.
    ///
    /// # Errors
    /// [`CertsError::KeyMismatch`] if the binding is of other keys; [`CertsError::Malformed`] if the Reply would be
    /// too long or a name is.
    pub fn accept(&self, binding: &Binding, bundle: &[u8], welcome: &Welcome) -> Result<Vec<u8>, CertsError> {
        if *binding.tls.public_key() != self.tls_key || *binding.signing.public_key() != self.signing_key {
            return Err(CertsError::KeyMismatch);
        }
        let issuing = binding.issuing.der();
        let bound = Bound {
            device: binding.device,
            tls_chain: vec![binding.tls.der().to_vec(), issuing.to_vec()],
            signing_chain: vec![binding.signing.der().to_vec(), issuing.to_vec()],
            bundle: bundle.to_vec(),
            welcome: welcome.clone(),
            check_nonce: binding.check_nonce,
        };
        let body = ReplyBody {
            status: Status::Bound,
            bound: Some(bound),
            retry_after_seconds: None,
            taken_by: None,
        };
        Ok(self.answer.enclose(&messages::write_reply_body(&body)?))
    }

    /// The Reply to who lost the race for the invitation: another device's binding was durable first.
    ///
    /// # Errors
    /// [`CertsError::Malformed`] if the label is too long.
    pub fn refuse_taken(&self, taken_by: &TakenBy) -> Result<Vec<u8>, CertsError> {
        let status = Status::Taken;
        let body =
            ReplyBody { status, bound: None, retry_after_seconds: None, taken_by: Some(taken_by.clone()) };
        Ok(self.answer.enclose(&messages::write_reply_body(&body)?))
    }

    /// The Reply to who lost the race for a key: it was bound for another device first, and is nobody's again.
    ///
    /// # Errors
    /// Does not happen.
    pub fn refuse_keys(&self) -> Result<Vec<u8>, CertsError> {
        let body =
            ReplyBody { status: Status::BadKeys, bound: None, retry_after_seconds: None, taken_by: None };
        Ok(self.answer.enclose(&messages::write_reply_body(&body)?))
    }

    /// The Reply when there is no room now.
    ///
    /// # Errors
    /// Does not happen.
    pub fn refuse_busy(&self, retry_after_seconds: u64) -> Result<Vec<u8>, CertsError> {
        let retry = Some(retry_after_seconds);
        let body =
            ReplyBody { status: Status::Busy, bound: None, retry_after_seconds: retry, taken_by: None };
        Ok(self.answer.enclose(&messages::write_reply_body(&body)?))
    }
}

/// What every Reply is proven with.
struct Answer {
    keys: InvitationKeys,
    request_hash: [u8; 32],
    client_mac: [u8; 32],
}

impl Answer {
    fn enclose(&self, body: &[u8]) -> Vec<u8> {
        let mac = transcript::reply_mac(&self.keys, &self.request_hash, &self.client_mac, body);
        messages::enclose(&[body, &mac])
    }

    fn refuse(&self, status: Status, taken_by: Option<TakenBy>) -> Refusal {
        let body = ReplyBody { status, bound: None, retry_after_seconds: None, taken_by };
        match messages::write_reply_body(&body) {
            Ok(body) => Refusal::Refused { status, reply: self.enclose(&body), rival: None },
            Err(malformed) => Refusal::Malformed(malformed),
        }
    }
}
