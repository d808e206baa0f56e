//! The gateway's certificates in `certs/` and the signers over its online keys. The keys themselves lie sealed in the
//! vault; here they are in memory, wiped when dropped.

use certs::{Certificate, CertsError, IssuingAuthority, PracticeTrust, PrivateKey};
use journal::{HeadSignatures, HeadSigner};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use model::{KeyId, Sha256Digest, Timestamp};
use receipts::statement::Standing;
use receipts::{Checkpoint, CheckpointKey, Head, ReceiptSignature, Signer, SigningFailed, Vkey};

/// What the vault keeps for us, by purpose.
pub mod purpose {
    use vault::Purpose;

    /// The issuing authority.
    pub const ISSUING: &str = "issuing";
    /// The gateway in TLS.
    pub const GATEWAY: &str = "gateway";
    /// The gateway's statements.
    pub const STATEMENTS: &str = "statements";
    /// The journal's receipts.
    pub const RECEIPTS: &str = "receipts";
    /// The journal's checkpoints.
    pub const CHECKPOINT: &str = "checkpoint";
    /// An invitation's three keys.
    pub const INVITE: &str = "invite";
    /// QUIC's token and reset keys: kept, so that a restart cuts no handshake.
    pub const QUIC: &str = "quic";
    /// Denials that are not yet recorded.
    pub const DENIED: &str = "denied";

    /// One of the above as the vault takes it.
    ///
    /// # Errors
    /// None: they are all well formed.
    pub fn of(purpose: &str) -> Result<Purpose, model::Malformed> {
        Purpose::parse(purpose)
    }
}

/// `certs/current`: which certificates are in force, and by which keys. Nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Current {
    /// The version of this file: 1.
    #[n(0)]
    pub version: u8,
    /// Root records, from the first.
    #[n(1)]
    pub root_records: Vec<ByteVec>,
    /// Issuing certificate and key.
    #[n(2)]
    pub issuing: Held,
    /// The gateway's TLS certificate and key.
    #[n(3)]
    pub gateway: Held,
    /// Statement certificate and key.
    #[n(4)]
    pub statements: Held,
    /// Receipt certificate and key.
    #[n(5)]
    pub receipts: Held,
    /// The id of the checkpoint key.
    #[n(6)]
    pub checkpoint: ByteArray<16>,
    /// The id of QUIC's keys.
    #[n(7)]
    pub quic: ByteArray<16>,
}

/// A certificate and the id of its key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Held {
    /// DER.
    #[n(1)]
    pub certificate: ByteVec,
    /// The key's id in the vault.
    #[n(2)]
    pub key: ByteArray<16>,
}

impl Held {
    /// A certificate with its key's id.
    pub fn new(certificate: &Certificate, key: KeyId) -> Self {
        Self { certificate: certificate.der().to_vec().into(), key: (*key.as_bytes()).into() }
    }

    /// The key's id.
    pub fn key_id(&self) -> KeyId {
        KeyId::from_bytes(self.key.into())
    }
}

/// A P-256 key with its certificate.
pub struct KeyedCertificate {
    /// The key.
    pub key: PrivateKey,
    /// The certificate.
    pub certificate: Certificate,
    uri: String,
}

impl KeyedCertificate {
    /// Takes both.
    ///
    /// # Errors
    /// The key is not the certificate's, or the certificate has no URI.
    pub fn new(key: PrivateKey, certificate: Certificate) -> Result<Self, CertsError> {
        let uri = certificate.uri().map(str::to_owned);
        match uri {
            Some(uri) if key.public() == certificate.public_key() => Ok(Self { key, certificate, uri }),
            _ => Err(CertsError::KeyMismatch),
        }
    }
}

impl Signer for KeyedCertificate {
    fn certificate(&self) -> &[u8] {
        self.certificate.der()
    }

    fn uri(&self) -> &str {
        &self.uri
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SigningFailed> {
        self.key.sign_es256(message).map_err(|_| SigningFailed)
    }
}

/// What signs the journal's heads: both signatures of one head are made together.
pub struct HeadKeys {
    /// The checkpoint key.
    pub checkpoint: CheckpointKey,
    /// The receipt key.
    pub receipts: KeyedCertificate,
    /// The journal's name in checkpoints.
    pub origin: String,
}

impl HeadSigner for HeadKeys {
    fn sign(
        &self,
        size: u64,
        root: Sha256Digest,
        time: Timestamp,
    ) -> Result<HeadSignatures, journal::SigningFailed> {
        let refused = |_| journal::SigningFailed::Refused;
        let checkpoint = Checkpoint { origin: self.origin.clone(), size, root };
        let checkpoint_note = checkpoint.sign(&self.checkpoint).map_err(refused)?;
        let signature =
            ReceiptSignature::sign(&Head { size, root, time }, &self.receipts).map_err(refused)?;
        Ok(HeadSignatures { checkpoint_note, receipt_signature: *signature.signature() })
    }
}

/// All online keys of a practice, unlocked.
pub struct Keys {
    /// Signs devices' certificates.
    pub issuing: IssuingAuthority,
    /// TLS.
    pub gateway: KeyedCertificate,
    /// Statements.
    pub statements: KeyedCertificate,
    /// Heads.
    pub heads: HeadKeys,
    /// Whom companions trust.
    pub trust: PracticeTrust,
    /// What every statement of the gateway carries.
    pub standing: Standing,
}

impl Keys {
    /// The journal's key as companions know it.
    pub fn vkey(&self) -> &Vkey {
        &self.standing.log
    }

    /// Root records, from the first, as they are distributed.
    pub fn root_records(&self) -> Vec<Vec<u8>> {
        self.trust.records().iter().map(|record| record.bytes().to_vec()).collect()
    }
}
