//! A practice for tests: keys of a number, certificates that it made itself, whole receipts. Not an issuer:
//! real certificates come from `certs`, and nothing here is in a program (feature `testing`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use model::{
    Blake3Digest, BookId, Class, DeviceId, EvidenceId, Kind, MediaType, Period, PersonId, Pin, PracticeId,
    Sha256Digest, SubmissionId, Timestamp,
};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::checkpoint::{Checkpoint, CheckpointKey, Vkey, origin};
use crate::es256::sha256;
use crate::event::{
    Custody, DeviceParty, GatewayEvent, LastCheckpoint, Origin, Party, PracticeParty, SubmissionAcceptance,
};
use crate::list::{DocumentRef, Line, TakeLine, name_digest};
use crate::merkle::{Tree, leaf_hash};
use crate::proof::{Head, ReceiptSignature};
use crate::receipt::Parts;
use crate::signer::{Signer, SigningFailed};
use crate::statement::{Purpose, Signed, Standing, Statement};
use crate::{Receipt, SubmissionList};

/// The day of the test practice: 2026-11-24T09:00:00.000Z.
pub const DAY: Timestamp = Timestamp::from_unix_ms(1_795_510_800_000);

/// A key, its certificate and its URI.
pub struct TestSigner {
    key: SigningKey,
    certificate: Vec<u8>,
    uri: String,
}

impl TestSigner {
    /// A signer whose certificate is signed by its own key.
    pub fn self_made(seed: &str, uri: &str) -> Self {
        let key = key(seed);
        let certificate = certificate(&key, uri, &key, "CN of the issuer");
        Self { key, certificate, uri: uri.to_owned() }
    }

    fn issued_by(&self, seed: &str, uri: &str) -> Self {
        let key = key(seed);
        let certificate = certificate(&key, uri, &self.key, &self.uri);
        Self { key, certificate, uri: uri.to_owned() }
    }

    /// DER of the public key (SubjectPublicKeyInfo).
    pub fn spki(&self) -> Vec<u8> {
        spki(&self.key)
    }
}

impl Signer for TestSigner {
    fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    fn uri(&self) -> &str {
        &self.uri
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SigningFailed> {
        // RFC 6979: no chance, so that golden files stay.
        let signature: Signature = self.key.sign(message);
        Ok(signature.normalize_s().to_bytes().into())
    }
}

/// A practice with one of each key.
pub struct TestPractice {
    /// Its id.
    pub id: PracticeId,
    /// Its pin.
    pub pin: Pin,
    /// The root; its certificate stands for the first root record.
    pub root: TestSigner,
    /// The issuing authority.
    pub issuing: TestSigner,
    /// The device that sends.
    pub device: DeviceId,
    /// That device's signing key.
    pub sender: TestSigner,
    /// The gateway's statement key.
    pub statements: TestSigner,
    /// The journal's receipt key.
    pub receipts: TestSigner,
    /// The journal's checkpoint key.
    pub checkpoints: CheckpointKey,
}

impl TestPractice {
    /// The practice of this name; the same name gives the same keys.
    pub fn new(name: &str) -> Self {
        let seed = |of: &str| format!("{name}/{of}");
        let hash = sha256(&spki(&key(&seed("root"))));
        let (id, pin) = (PracticeId::of_root(&hash), Pin::of_root(&hash));
        let root = TestSigner::self_made(&seed("root"), &id.uri("root"));
        let issuing = root.issued_by(&seed("issuing"), &id.uri("issuing"));
        let device = DeviceId::from_bytes(first16(&seed("device")));
        let sender = issuing.issued_by(&seed("sender"), &Purpose::Signer(device).uri(&id));
        let statements = issuing.issued_by(&seed("statements"), &Purpose::Statements.uri(&id));
        let receipts = issuing.issued_by(&seed("receipts"), &Purpose::Receipts.uri(&id));
        let checkpoints =
            CheckpointKey::from_seed(Zeroizing::new(Sha256::digest(seed("checkpoints").as_bytes()).into()));
        Self { id, pin, root, issuing, device, sender, statements, receipts, checkpoints }
    }

    /// The journal's public key.
    pub fn vkey(&self) -> Vkey {
        self.checkpoints.vkey(&origin(&self.id)).unwrap()
    }

    /// What gateway statements say of where the gateway stands: root record 1 and the journal's key.
    pub fn standing(&self) -> Standing {
        Standing { root_record: 1, log: self.vkey() }
    }

    /// A statement of the gateway at [`DAY`]; the id is made of the number.
    pub fn state(&self, number: u64, event: impl Into<GatewayEvent>) -> Signed {
        let statement = Statement::by_gateway(evidence(number), DAY, self.standing(), event);
        Signed::sign(&statement, &self.statements, DAY).unwrap()
    }

    /// The signed checkpoint of a head.
    pub fn checkpoint(&self, head: &Head) -> Vec<u8> {
        let checkpoint = Checkpoint { origin: origin(&self.id), size: head.size, root: head.root };
        checkpoint.sign(&self.checkpoints).unwrap()
    }

    /// Both signatures of a head: the checkpoint note and the COSE signature.
    pub fn sign_head(&self, head: &Head) -> (Vec<u8>, ReceiptSignature) {
        (self.checkpoint(head), ReceiptSignature::sign(head, &self.receipts).unwrap())
    }

    /// The origin statement over a list.
    pub fn origin(&self, list: &SubmissionList) -> Signed {
        let head = Head { size: 5, root: leaf_hash(b"an earlier head"), time: DAY };
        let event = Origin {
            sender: DeviceParty { device: self.device },
            recipient: PracticeParty { practice: self.id.clone() },
            submission: submission(),
            book: book(),
            period: Period::parse("2026-11").unwrap(),
            documents: list.documents(),
            last_checkpoint: Some(LastCheckpoint::new(&self.checkpoint(&head)).unwrap()),
        };
        Signed::sign(&Statement::by_device(evidence(1), DAY, event), &self.sender, DAY).unwrap()
    }

    /// The acceptance event that answers an origin.
    pub fn acceptance_event(&self, origin: &Signed, list: &SubmissionList) -> SubmissionAcceptance {
        SubmissionAcceptance {
            submission_time: DAY,
            sender: Party { person: person(), device: self.device },
            recipient: PracticeParty { practice: self.id.clone() },
            submission: submission(),
            book: book(),
            period: Period::parse("2026-11").unwrap(),
            documents: list.documents(),
            refers_to: origin.entry_hash(),
            custody: Custody::Gateway,
        }
    }

    /// The receipt of a list, whose acceptance is entry `index` of a journal of `size` entries.
    pub fn receipt(&self, list: &SubmissionList, index: u64, size: u64) -> Receipt {
        let origin = self.origin(list);
        let acceptance = self.state(2, self.acceptance_event(&origin, list));
        self.receipt_of(&origin, &acceptance, list, index, size)
    }

    /// The receipt of these statements.
    pub fn receipt_of(
        &self,
        origin: &Signed,
        acceptance: &Signed,
        list: &SubmissionList,
        index: u64,
        size: u64,
    ) -> Receipt {
        let (cose_receipt, checkpoint) = self.proof_of(acceptance, index, size);
        Receipt::build(&Parts {
            origin,
            acceptance,
            cose_receipt: &cose_receipt,
            checkpoint: &checkpoint,
            receipt_certificate: self.receipts.certificate(),
            issuing: [self.issuing.certificate(); 3],
            root_records: &[self.root.certificate().to_vec()],
            list: list.as_bytes(),
        })
        .unwrap()
    }

    /// COSE Receipt and checkpoint for a statement at `index` of a journal whose other entries are fillers.
    pub fn proof_of(&self, statement: &Signed, index: u64, size: u64) -> (Vec<u8>, Vec<u8>) {
        let entry = |at: u64| match at == index {
            true => statement.entry_hash(),
            false => sha256(format!("filler {at}").as_bytes()),
        };
        let tree = Tree::of((0..size).map(|at| leaf_hash(entry(at).as_bytes())).collect());
        let head = Head { size, root: tree.root(), time: DAY.plus_seconds(1) };
        let (note, signature) = self.sign_head(&head);
        (signature.cose_receipt(index, &tree.path(index).unwrap()), note)
    }
}

/// The submission of the test practice.
pub fn submission() -> SubmissionId {
    SubmissionId::from_bytes(first16("submission"))
}

/// Its book.
pub fn book() -> BookId {
    BookId::from_bytes(first16("book"))
}

/// Its person.
pub fn person() -> PersonId {
    PersonId::from_bytes(first16("person"))
}

/// An evidence id made of a number.
pub fn evidence(number: u64) -> EvidenceId {
    EvidenceId::from_bytes(first16(&format!("evidence {number}")))
}

/// The document that line `n` of [`list`] is about.
pub fn document(n: u32) -> Vec<u8> {
    format!("document {n}\n").into_bytes()
}

/// A list of `count` documents; the third one is held.
pub fn list(count: u32) -> SubmissionList {
    SubmissionList::new((1..=count).map(line).collect()).unwrap()
}

/// Line `n` of [`list`].
pub fn line(n: u32) -> Line {
    let document = document(n);
    Line {
        n,
        salt: first16(&format!("salt {n}")),
        size: document.len() as u64,
        content_type: MediaType::parse("application/pdf").unwrap(),
        sha256: sha256(&document),
        // No BLAKE3 here: another digest stands for it.
        blake3: Blake3Digest::from_bytes(*sha256(format!("blake3 {n}").as_bytes()).as_bytes()),
        name: name_digest(&first16(&format!("name key {n}")), "十一月/发票.pdf"),
        kind: Kind::Invoice,
        class: Class::Internal,
        held: (n == 3)
            .then(|| DocumentRef { submission: SubmissionId::from_bytes(first16("earlier")), n: 7 }),
    }
}

/// Line `n` of a take.
pub fn take_line(n: u32) -> TakeLine {
    TakeLine {
        n,
        salt: first16(&format!("take salt {n}")),
        document: DocumentRef { submission: submission(), n },
        sha256: sha256(&document(n)),
    }
}

/// Sixteen bytes that a text stands for.
pub fn first16(text: &str) -> [u8; 16] {
    sha256(text.as_bytes()).as_bytes()[..16].try_into().unwrap()
}

/// SHA-256 of a text.
pub fn digest(text: &str) -> Sha256Digest {
    sha256(text.as_bytes())
}

fn key(seed: &str) -> SigningKey {
    SigningKey::from_slice(&Sha256::digest(format!("test key {seed}").as_bytes())).unwrap()
}

fn spki(key: &SigningKey) -> Vec<u8> {
    let algorithm = der(0x30, &[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), &oid(P256)]);
    der(0x30, &[&algorithm, &der(3, &[&[0], key.verifying_key().to_sec1_point(false).as_bytes()])])
}

const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];

/// An X.509 certificate with one URI and nothing else that a judge would ask for.
fn certificate(subject: &SigningKey, uri: &str, issuer: &SigningKey, issuer_name: &str) -> Vec<u8> {
    let algorithm = der(0x30, &[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2])]);
    let name = |text: &str| {
        der(0x30, &[&der(0x31, &[&der(0x30, &[&oid(&[0x55, 4, 3]), &der(0x0c, &[text.as_bytes()])])])])
    };
    let serial = {
        let mut serial = first16(uri);
        serial[0] = serial[0] & 0x7f | 0x40;
        der(2, &[&serial])
    };
    let validity = der(0x30, &[&der(0x17, &[b"261123090000Z"]), &der(0x17, &[b"271228090000Z"])]);
    let names = der(4, &[&der(0x30, &[&der(0x86, &[uri.as_bytes()])])]);
    let extensions = der(0xa3, &[&der(0x30, &[&der(0x30, &[&oid(&[0x55, 0x1d, 17]), &names])])]);
    let version = der(0xa0, &[&der(2, &[&[2]])]);
    let parts: [&[u8]; 8] = [
        &version,
        &serial,
        &algorithm,
        &name(issuer_name),
        &validity,
        &name(uri),
        &spki(subject),
        &extensions,
    ];
    let body = der(0x30, &parts);
    let signature: Signature = issuer.sign(&body);
    der(0x30, &[&body, &algorithm, &der(3, &[&[0], signature.to_der().as_bytes()])])
}

fn oid(bytes: &[u8]) -> Vec<u8> {
    der(6, &[bytes])
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=127 => out.push(short as u8),
        long @ 128..=255 => out.extend([0x81, long as u8]),
        long => out.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    out.extend(content);
    out
}
