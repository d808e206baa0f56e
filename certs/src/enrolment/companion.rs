//! The companion's half of an enrolment. It sends nothing made from the secret before the gateway has proven it.

use model::{DeviceId, InvitationId, Malformed, Pin, Timestamp};
use rustls::pki_types::CertificateDer;

use super::messages::{self, Device, Hello, Status, TakenBy, Welcome};
use super::{CheckDigits, Exporter, transcript};
use crate::key::Verdict;
use crate::{
    Certificate, CertsError, InvitationKeys, PracticeTrust, PrivateKey, Profile, Purpose, Rejection,
    TrustBundle, TrustError, Typed, judge, tls,
};

/// Why a companion breaks an enrolment off.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// A certificate that came is not what was asked for.
    #[error("the certificate that came is not ours: {0}")]
    Certificate(#[from] Rejection),
    /// Something with keys or chance failed here.
    #[error(transparent)]
    Certs(#[from] CertsError),
    /// A message is not what it should be.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The presented chain or the root records are not those of the pinned practice: perhaps another practice at
    /// that address, perhaps somebody in between.
    #[error("this is not the practice that the invitation is from")]
    OtherPractice,
    /// The root records or the trust bundle do not hold.
    #[error("root records or trust bundle: {0}")]
    Trust(TrustError),
    /// The gateway has not proven that it knows the invitation: a wrong code, an unknown one, or somebody in between.
    #[error("the gateway does not know this invitation")]
    UnprovenGateway,
}

impl From<TrustError> for EnrolError {
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::OtherPractice => Self::OtherPractice,
            error => Self::Trust(error),
        }
    }
}

/// The two keys that a device makes; durable at the companion before the Request goes out.
pub struct DeviceKeys {
    /// For TLS.
    pub tls: PrivateKey,
    /// For statements.
    pub signing: PrivateKey,
}

impl DeviceKeys {
    /// Draws both.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`].
    pub fn generate() -> Result<Self, CertsError> {
        Ok(Self { tls: PrivateKey::generate()?, signing: PrivateKey::generate()? })
    }
}

/// A companion that has its Hello to send.
pub struct CompanionEnrolment<'a> {
    invitation: &'a Typed,
    hello: Hello,
}

impl<'a> CompanionEnrolment<'a> {
    /// Begins, with a fresh nonce.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`].
    pub fn start(invitation: &'a Typed) -> Result<Self, CertsError> {
        Ok(Self::start_with(invitation, host::random::bytes()?))
    }

    pub(super) fn start_with(invitation: &'a Typed, nonce: [u8; 16]) -> Self {
        Self { invitation, hello: Hello::write(invitation.id(), nonce) }
    }

    /// The message to send.
    pub fn hello(&self) -> &[u8] {
        self.hello.bytes()
    }

    /// The context for the TLS exporter.
    pub fn exporter_context(&self) -> [u8; 32] {
        self.hello.exporter_context()
    }

    /// Takes the Offer. `presented` is the gateway's chain as TLS took it under [`crate::tls::enrol_config`].
    ///
    /// # Errors
    /// [`EnrolError::OtherPractice`], [`EnrolError::UnprovenGateway`], [`EnrolError::Trust`],
    /// [`EnrolError::Malformed`].
    pub fn offer(
        self,
        exporter: &Exporter,
        presented: &[CertificateDer<'_>],
        offer: &[u8],
    ) -> Result<Offered<'a>, EnrolError> {
        let (practice, root) = tls::read_presented(presented)?;
        let (body, mac) = messages::read_offer(offer)?;
        let offered = messages::read_offer_body(body)?;
        let trust = PracticeTrust::walk(&offered.records, self.invitation.pin().as_ref())?;
        if *trust.practice() != practice || !trust.roots().contains(&root) {
            return Err(EnrolError::OtherPractice);
        }
        let keys = InvitationKeys::derive(self.invitation.secret(), self.hello.id, &trust.pin());
        let offer_hash = transcript::offer_hash(exporter, self.hello.bytes(), body);
        match transcript::verify_server_mac(&keys, &offer_hash, &mac) {
            Verdict::Valid => {}
            Verdict::Invalid => return Err(EnrolError::UnprovenGateway),
        }
        Ok(Offered { invitation: self.invitation, keys, trust, offer_hash, mac, time: offered.time })
    }
}

/// A companion to which the gateway has proven itself.
pub struct Offered<'a> {
    invitation: &'a Typed,
    keys: InvitationKeys,
    trust: PracticeTrust,
    offer_hash: [u8; 32],
    mac: [u8; 32],
    time: Timestamp,
}

impl Offered<'_> {
    /// Whom the companion now trusts.
    pub fn trust(&self) -> &PracticeTrust {
        &self.trust
    }

    /// The gateway's time, to the second: to tell somebody whose clock is wrong.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The Request to send. The keys must be durable here before it goes out; the same keys, after a lost reply,
    /// get the same certificates.
    ///
    /// # Errors
    /// [`EnrolError::Malformed`] for texts that are too long.
    pub fn request(self, keys: &DeviceKeys, device: &Device) -> Result<(Awaiting, Vec<u8>), EnrolError> {
        let body = messages::write_request_body(keys.tls.public(), keys.signing.public(), device)?;
        let request_hash = transcript::request_hash(&self.offer_hash, &self.mac, &body);
        let pops = [
            keys.tls.sign_es256(&transcript::tls_proof(&request_hash))?,
            keys.signing.sign_es256(&transcript::signing_proof(&request_hash))?,
        ];
        let client_mac = transcript::client_mac(&self.keys, &request_hash, &pops);
        let [tls_pop, signing_pop] = &pops;
        let message = messages::enclose(&[&body, tls_pop, signing_pop, &client_mac]);
        let awaiting = Awaiting {
            id: self.invitation.id(),
            keys: self.keys,
            trust: self.trust,
            request_hash,
            client_mac,
            public: [keys.tls.public().clone(), keys.signing.public().clone()],
        };
        Ok((awaiting, message))
    }
}

/// A companion that waits for its certificates.
pub struct Awaiting {
    id: InvitationId,
    keys: InvitationKeys,
    trust: PracticeTrust,
    request_hash: [u8; 32],
    client_mac: [u8; 32],
    public: [crate::PublicKey; 2],
}

/// How the gateway answered; proven to be from it.
#[derive(Debug)]
pub enum Outcome {
    /// The device has its certificates.
    Enrolled(Box<Enrolled>),
    /// It has not.
    Refused {
        /// Why; never [`Status::Bound`].
        status: Status,
        /// When to try again.
        retry_after_seconds: Option<u64>,
        /// Who was first.
        taken_by: Option<TakenBy>,
    },
}

/// An enrolled device.
#[derive(Debug)]
pub struct Enrolled {
    /// The device.
    pub device: DeviceId,
    /// Its certificate for TLS, then the issuing one.
    pub tls_chain: Vec<Certificate>,
    /// Its certificate for statements, then the issuing one.
    pub signing_chain: Vec<Certificate>,
    /// Whom it trusts.
    pub trust: PracticeTrust,
    /// The trust bundle's bytes, to keep.
    pub bundle_bytes: Vec<u8>,
    /// The trust bundle.
    pub bundle: TrustBundle,
    /// Who it now speaks for.
    pub welcome: Welcome,
    /// What an admin compares.
    pub digits: CheckDigits,
}

impl Enrolled {
    /// The practice's pin.
    pub fn pin(&self) -> Pin {
        self.trust.pin()
    }
}

impl Awaiting {
    /// Takes the Reply: both certificates must be for this device, of these keys, in force and under the practice.
    ///
    /// # Errors
    /// [`EnrolError::UnprovenGateway`] if it is not from the gateway that has proven itself,
    /// [`EnrolError::Certificate`], [`EnrolError::Trust`], [`EnrolError::Malformed`].
    pub fn reply(self, reply: &[u8], now: Timestamp) -> Result<Outcome, EnrolError> {
        let (body, mac) = messages::read_reply(reply)?;
        match transcript::verify_reply_mac(&self.keys, &self.request_hash, &self.client_mac, body, &mac) {
            Verdict::Valid => {}
            Verdict::Invalid => return Err(EnrolError::UnprovenGateway),
        }
        let reply = messages::read_reply_body(body)?;
        let Some(bound) = reply.bound else {
            return Ok(Outcome::Refused {
                status: reply.status,
                retry_after_seconds: reply.retry_after_seconds,
                taken_by: reply.taken_by,
            });
        };
        let [tls_key, signing_key] = &self.public;
        let tls_chain = self.chain(&bound.tls_chain, Purpose::Device(bound.device), tls_key, now)?;
        let signing_chain =
            self.chain(&bound.signing_chain, Purpose::Signer(bound.device), signing_key, now)?;
        let bundle = TrustBundle::open(&bound.bundle, &self.trust, now)?;
        let digits =
            CheckDigits::of(self.trust.practice(), self.id, tls_key, signing_key, &bound.check_nonce);
        Ok(Outcome::Enrolled(Box::new(Enrolled {
            device: bound.device,
            tls_chain,
            signing_chain,
            trust: self.trust,
            bundle_bytes: bound.bundle,
            bundle,
            welcome: bound.welcome,
            digits,
        })))
    }

    fn chain(
        &self,
        chain: &[Vec<u8>],
        wanted: Purpose,
        key: &crate::PublicKey,
        now: Timestamp,
    ) -> Result<Vec<Certificate>, EnrolError> {
        let profile: Profile = wanted.profile();
        let judged = judge(&self.trust, chain, profile, now)?;
        if judged.purpose != wanted {
            return Err(Rejection::OtherPurpose.into());
        }
        if judged.leaf.public_key() != key {
            return Err(CertsError::KeyMismatch.into());
        }
        let chain: Result<Vec<_>, _> = chain.iter().map(|der| Certificate::read(der)).collect();
        Ok(chain.map_err(CertsError::from)?)
    }
}
