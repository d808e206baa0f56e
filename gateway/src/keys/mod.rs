//! The gateway's certificates in `certs/` and the signers over its online keys. The keys themselves lie sealed in the
//! vault; here they are in memory, wiped when dropped.

pub mod current;
pub mod issuing;
mod load;
pub mod token;

use std::sync::{Arc, PoisonError, RwLock};

use certs::rotation::State;
use certs::{Certificate, CertsError, Crl, IssuingAuthority, PracticeTrust, PrivateKey};
use journal::{HeadSignatures, HeadSigner};
use model::{KeyId, Sha256Digest, Timestamp};
use receipts::statement::Standing;
use receipts::{Checkpoint, CheckpointKey, Head, ReceiptSignature, Signer, SigningFailed, Vkey};

pub use current::{Current, Held, HeldLog, HeldRoot, IN_VAULT};
pub use issuing::IssuingKeys;

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
    /// A person's second factor, under the person's id.
    pub const FACTOR: &str = "factor";
    /// The key under which recovery codes are kept.
    pub const PEPPER: &str = "pepper";
    /// Denials that are not yet recorded.
    pub const DENIED: &str = "denied";
    /// What devices have told of themselves last.
    pub const SEEN: &str = "seen";
    /// What was warned of.
    pub const TOLD: &str = "told";

    /// One of the above as the vault takes it.
    ///
    /// # Errors
    /// None: they are all well formed.
    pub fn of(purpose: &str) -> Result<Purpose, model::Malformed> {
        Purpose::parse(purpose)
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
    /// The one before it, while both sign.
    pub cosigner: Option<CheckpointKey>,
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
        let keys: Vec<_> = std::iter::once(&self.checkpoint).chain(&self.cosigner).collect();
        let checkpoint_note = checkpoint.sign_by_all(&keys).map_err(refused)?;
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
    /// What is shown in TLS above the gateway's certificate.
    pub served: Served,
    /// Every issuing authority that ever was, oldest first.
    pub all_issuing: Vec<Issuing>,
    /// Every root that ever was, oldest first.
    pub roots: Vec<Root>,
    /// Every receipt certificate that ever was, oldest first.
    pub receipt_certificates: Vec<Certificate>,
    /// What all of this was read from.
    pub current: Current,
}

/// What stands above the gateway's certificate in TLS.
pub struct Served {
    /// Its issuing authority, under the root that signs.
    pub issuing: Certificate,
    /// That root.
    pub root: Certificate,
    /// From that root to older ones, for companions that slept.
    pub cross: Vec<Certificate>,
}

/// A root.
pub struct Root {
    /// Its certificate.
    pub certificate: Certificate,
    /// The same under the root before it.
    pub cross: Option<Certificate>,
    /// What it is.
    pub state: State,
    /// Its newest revocation list, for outsiders.
    pub list: Option<Crl>,
}

/// An issuing authority.
pub struct Issuing {
    /// Its key's id.
    pub key: KeyId,
    /// What it is.
    pub state: State,
    /// Its certificates, one a root, oldest first.
    pub certificates: Vec<IssuingCertificate>,
}

/// An issuing authority's certificate under one root.
pub struct IssuingCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// The place of the root that has signed it.
    pub root: usize,
}

impl Issuing {
    /// Its certificate under a root.
    pub fn under(&self, root: usize) -> Option<&Certificate> {
        self.certificates.iter().find(|one| one.root == root).map(|one| &one.certificate)
    }

    /// Whether it is the issuer that a certificate names.
    pub fn is_named_by(&self, leaf: &Certificate) -> bool {
        self.certificates.first().is_some_and(|first| leaf.names_issuer(&first.certificate))
    }
}

/// The keys in force, exchanged as a whole while the gateway serves.
pub struct KeySet(RwLock<Arc<Keys>>);

impl KeySet {
    /// Begins with these.
    pub fn new(keys: Keys) -> Self {
        Self(RwLock::new(Arc::new(keys)))
    }

    /// The keys as they are now: for one use, not to be kept.
    pub fn now(&self) -> Arc<Keys> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these; what is under way with the others ends with them.
    pub fn exchange(&self, keys: Keys) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

impl Keys {
    /// The journal's key as companions know it.
    pub fn vkey(&self) -> &Vkey {
        &self.standing.log
    }

    /// The place of the issuing authority that a certificate names, from 0.
    pub fn issuer_of(&self, leaf: &Certificate) -> Option<usize> {
        self.all_issuing.iter().position(|issuing| issuing.is_named_by(leaf))
    }

    /// The issuing certificate that proves a leaf by root record `number`: the first that there ever was, so that it
    /// is always the same.
    pub fn issuing_at(&self, leaf: &Certificate, number: u64) -> Option<&Certificate> {
        let record = self.trust.records().iter().find(|record| record.number() == number)?;
        let issuing = self.all_issuing.get(self.issuer_of(leaf)?)?;
        let is_in = |one: &&IssuingCertificate| {
            self.roots.get(one.root).is_some_and(|root| record.roots().contains(&root.certificate))
        };
        issuing.certificates.iter().find(is_in).map(|one| &one.certificate)
    }

    /// What devices are anchored at: every issuing authority that a device may still have its certificate from. A
    /// certificate from one that is retired is good for renewal alone, which admission sees to.
    pub fn anchors(&self) -> Vec<Certificate> {
        let was_used = |issuing: &&Issuing| !matches!(issuing.state, State::Prepared | State::Dropped);
        let used = self.all_issuing.iter().filter(was_used);
        used.filter_map(|issuing| issuing.certificates.first()).map(|one| one.certificate.clone()).collect()
    }

    /// The revocation lists of the roots in force, each with its root and its number from 1.
    pub fn lists_of_roots(&self) -> impl Iterator<Item = (usize, &Root, &Crl)> {
        let in_force = |root: &&Root| self.trust.roots().contains(&root.certificate);
        let numbered = self.roots.iter().enumerate().filter(move |(_, root)| in_force(root));
        numbered.filter_map(|(at, root)| Some((at + 1, root, root.list.as_ref()?)))
    }

    /// Root records, from the first, as they are distributed.
    pub fn root_records(&self) -> Vec<Vec<u8>> {
        self.trust.records().iter().map(|record| record.bytes().to_vec()).collect()
    }
}
