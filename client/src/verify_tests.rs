//! A receipt of a whole practice, with real certificates: valid from file, document and pin alone, and from nothing
//! that was changed.

use std::ffi::OsString;
use std::sync::OnceLock;

use super::*;
use certs::{Certificate, IssuingAuthority, PrivateKey, Root, RootRecord, Serial};
use console::{FailureCode, Output};
use model::{Class, DeviceId, Kind, MediaType, Period, Timestamp};
use receipts::checkpoint::{Checkpoint, CheckpointKey, origin};
use receipts::event::{Custody, DeviceParty, Origin, Party, PracticeParty, SubmissionAcceptance};
use receipts::list::{Line, name_digest};
use receipts::merkle::{Tree, leaf_hash};
use receipts::receipt::Parts;
use receipts::statement::Standing;
use receipts::testing::{DAY, book, digest, evidence, first16, person, submission};
use receipts::{Head, ReceiptSignature, Signed, Signer, SigningFailed, Statement, SubmissionList};

struct CertSigner(PrivateKey, Certificate, String);

impl Signer for CertSigner {
    fn certificate(&self) -> &[u8] {
        self.1.der()
    }

    fn uri(&self) -> &str {
        &self.2
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SigningFailed> {
        self.0.sign_es256(message).map_err(|_| SigningFailed)
    }
}

struct Fixture {
    pin: Pin,
    issuing: IssuingAuthority,
    sender: Serial,
    practice: String,
    trust: PracticeTrust,
    receipt: Vec<u8>,
    documents: Vec<Vec<u8>>,
    /// A byte of each kind of content, by what it is.
    places: Vec<(&'static str, usize)>,
}

const NOW: Timestamp = DAY;

/// Made once: the keys are drawn.
fn fixture() -> &'static Fixture {
    static MADE: OnceLock<Fixture> = OnceLock::new();
    MADE.get_or_init(make)
}

fn signer(issuing: &IssuingAuthority, purpose: certs::Purpose) -> CertSigner {
    let key = PrivateKey::generate().unwrap();
    let certificate = issuing.issue(purpose, key.public(), Serial::random().unwrap(), NOW).unwrap();
    CertSigner(key, certificate, purpose.uri(issuing.practice()))
}

fn line(n: u32, document: &[u8]) -> Line {
    Line {
        n,
        salt: first16(&format!("salt {n}")),
        size: document.len() as u64,
        content_type: MediaType::parse("application/pdf").unwrap(),
        sha256: Sha256Digest::from_bytes(Sha256::digest(document).into()),
        blake3: Blake3Digest::from_bytes(*blake3::hash(document).as_bytes()),
        name: name_digest(&first16("key"), "发票.pdf"),
        kind: Kind::Invoice,
        class: Class::Internal,
        held: None,
    }
}

fn make() -> Fixture {
    let root = Root::create(NOW).unwrap();
    let issuing = IssuingAuthority::create_under(&root, 1, NOW).unwrap();
    let spare = PrivateKey::generate().unwrap();
    let record = RootRecord::first(&root, spare.key_hash(), NOW).unwrap();
    let practice = root.practice().clone();
    let device = DeviceId::from_bytes([5; 16]);
    let sender = signer(&issuing, certs::Purpose::Signer(device));
    let sender_serial = Serial::parse(sender.1.serial().try_into().unwrap()).unwrap();
    let statements = signer(&issuing, certs::Purpose::Statements);
    let journal = signer(&issuing, certs::Purpose::Receipts);
    let checkpoints = CheckpointKey::from_seed(zeroize::Zeroizing::new([4; 32]));
    let documents: Vec<Vec<u8>> = vec![b"an invoice\n".to_vec(), Vec::new(), vec![7; 3 << 20]];
    let lines = (1u32..).zip(&documents).map(|(n, document)| line(n, document)).collect();
    let list = SubmissionList::new(lines).unwrap();
    let period = Period::parse("2026-11").unwrap();
    let event = Origin {
        sender: DeviceParty { device },
        recipient: PracticeParty { practice: practice.clone() },
        submission: submission(),
        book: book(),
        period,
        documents: list.documents(),
        last_checkpoint: None,
    };
    let origin_statement =
        Signed::sign(&Statement::by_device(evidence(1), NOW, event), &sender, NOW).unwrap();
    let event = SubmissionAcceptance {
        submission_time: NOW,
        sender: Party { person: person(), device },
        recipient: PracticeParty { practice: practice.clone() },
        submission: submission(),
        book: book(),
        period,
        documents: list.documents(),
        refers_to: origin_statement.entry_hash(),
        custody: Custody::Gateway,
    };
    let log = origin(&practice);
    let standing = Standing { root_record: 1, log: checkpoints.vkey(&log).unwrap() };
    let acceptance = Statement::by_gateway(evidence(2), NOW, standing, event);
    let acceptance = Signed::sign(&acceptance, &statements, NOW).unwrap();
    let entries = [digest("one"), acceptance.entry_hash(), digest("three")];
    let tree = Tree::of(entries.iter().map(|entry| leaf_hash(entry.as_bytes())).collect());
    let head = Head { size: 3, root: tree.root(), time: NOW.plus_seconds(1) };
    let signature = ReceiptSignature::sign(&head, &journal).unwrap();
    let checkpoint = Checkpoint { origin: log, size: 3, root: tree.root() }.sign(&checkpoints).unwrap();
    let issuing_der = issuing.certificate().der();
    let cose = signature.cose_receipt(1, &tree.path(1).unwrap());
    let receipt = Receipt::build(&Parts {
        origin: &origin_statement,
        acceptance: &acceptance,
        cose_receipt: &cose,
        checkpoint: &checkpoint,
        receipt_certificate: journal.certificate(),
        issuing: [issuing_der; 3],
        root_records: &[record.bytes().to_vec()],
        list: list.as_bytes(),
    })
    .unwrap();
    let bytes = receipt.as_bytes().to_vec();
    let at = |part: &[u8]| bytes.windows(part.len()).position(|window| window == part).unwrap();
    let places = vec![
        ("origin", at(origin_statement.as_bytes()) + origin_statement.as_bytes().len() - 1),
        ("origin's text", at(origin_statement.payload()) + 30),
        ("acceptance", at(acceptance.as_bytes()) + acceptance.as_bytes().len() - 1),
        ("acceptance's text", at(acceptance.payload()) + 30),
        ("path", at(tree.path(1).unwrap()[0].as_bytes())),
        ("COSE signature", at(&cose) + cose.len() - 1),
        ("checkpoint", at(&checkpoint) + checkpoint.len() - 10),
        ("receipt certificate", at(journal.certificate()) + 300),
        ("issuing certificate", at(issuing_der) + 300),
        ("root record", at(record.bytes()) + 200),
        ("list", bytes.len() - 200),
    ];
    let trust = PracticeTrust::walk(&[&record], Some(&root.pin())).unwrap();
    Fixture {
        pin: root.pin(),
        issuing,
        sender: sender_serial,
        practice: practice.to_string(),
        trust,
        receipt: bytes,
        documents,
        places,
    }
}

fn of(document: &[u8]) -> DocumentDigests {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, document).unwrap();
    digests_of(&path).unwrap()
}

fn conclusion(receipt: &[u8], by: &Judge) -> Option<Conclusion> {
    let receipt = Receipt::parse(receipt.to_vec()).ok()?;
    Some(judge(&receipt, Vec::new(), by).conclusion())
}

fn given() -> Judge {
    Judge::Given(fixture().pin, None)
}

#[test]
fn a_receipt_is_valid_from_file_documents_and_pin_alone() {
    let fixture = fixture();
    let receipt = Receipt::parse(fixture.receipt.clone()).unwrap();
    let documents: Vec<_> = fixture.documents.iter().map(|it| (PathBuf::from("any name"), of(it))).collect();
    let judgement = judge(&receipt, documents, &given());
    assert_eq!(judgement.conclusion(), Conclusion::Valid, "{:?}", judgement.verdict);
    assert_eq!(judgement.later_revocations(), LaterRevocations::NotChecked);
    let numbers: Vec<_> = judgement.documents.iter().map(|document| document.n).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3)], "the name does not matter");
    assert!(judgement.failure(Path::new("r")).is_none());
    let known = Judge::Given(fixture.pin, Some(Box::new(fixture.trust.clone())));
    assert_eq!(judge(&receipt, Vec::new(), &known).later_revocations(), LaterRevocations::Checked);
}

#[test]
fn without_a_pin_nothing_is_valid_and_the_exit_is_not_0() {
    let receipt = Receipt::parse(fixture().receipt.clone()).unwrap();
    let judgement = judge(&receipt, Vec::new(), &Judge::Nobody);
    assert!(judgement.verdict.findings().iter().all(|(_, finding)| *finding != Finding::Valid));
    assert_eq!(judgement.conclusion(), Conclusion::Undecided);
    assert_eq!(judgement.conclusion().exit(), Exit::Unverified);
    assert_eq!(judgement.failure(Path::new("r")).unwrap().code(), FailureCode::PinNeeded);
}

#[test]
fn the_pin_of_another_practice_makes_it_invalid() {
    let mut other = *fixture().pin.as_bytes();
    other[15] ^= 1;
    for pin in [[0; 16], other] {
        let by = Judge::Given(Pin::from_bytes(pin), None);
        assert_eq!(conclusion(&fixture().receipt, &by), Some(Conclusion::Invalid));
    }
}

#[test]
fn another_document_is_invalid_and_the_failure_names_it() {
    let receipt = Receipt::parse(fixture().receipt.clone()).unwrap();
    let good = (PathBuf::from("good"), of(&fixture().documents[0]));
    let bad = (PathBuf::from("bad"), of(b"an invoice\r\n"));
    let judgement = judge(&receipt, vec![good, bad], &given());
    assert_eq!(judgement.conclusion(), Conclusion::Invalid);
    assert_eq!(judgement.documents[0].finding, Finding::Valid);
    let failure = judgement.failure(Path::new("r")).unwrap();
    assert_eq!((failure.code(), failure.exit()), (FailureCode::DocumentNotInReceipt, Exit::Unverified));
}

#[test]
fn a_document_of_a_receipt_that_does_not_hold_is_not_valid() {
    let (_, place) = fixture().places.iter().find(|(name, _)| *name == "acceptance").unwrap();
    let mut bytes = fixture().receipt.clone();
    bytes[*place] ^= 1;
    if let Ok(receipt) = Receipt::parse(bytes) {
        let judgement = judge(&receipt, vec![(PathBuf::from("x"), of(&fixture().documents[0]))], &given());
        assert!(matches!(judgement.documents[0].finding, Finding::NotChecked(Why::RestsOn(_))));
    }
}

#[test]
fn a_changed_byte_of_every_kind_is_seen() {
    for (name, place) in &fixture().places {
        for bit in 0..8 {
            let mut bytes = fixture().receipt.clone();
            bytes[*place] ^= 1 << bit;
            let found = conclusion(&bytes, &given());
            assert!(matches!(found, None | Some(Conclusion::Invalid)), "{name}, bit {bit}: {found:?}");
        }
    }
}

#[test]
fn no_changed_byte_leaves_a_valid_receipt() {
    for place in (0..fixture().receipt.len()).step_by(3) {
        let mut bytes = fixture().receipt.clone();
        bytes[place] ^= 1 << (place % 8);
        assert_ne!(conclusion(&bytes, &given()), Some(Conclusion::Valid), "byte {place}");
    }
}

#[test]
fn a_cut_or_longer_file_is_no_receipt() {
    let whole = &fixture().receipt;
    for bytes in [&whole[..whole.len() - 1], &whole[..100], &[], &[whole.as_slice(), &[0]].concat()] {
        assert!(Receipt::parse(bytes.to_vec()).is_err());
    }
}

#[test]
fn every_reason_has_a_sentence() {
    let not_in_list = reason(&Reason::Fault(Error::NotInList));
    assert_eq!(not_in_list.0, "reason-digest");
    assert_eq!(judged_reason(&Rejection::NotInForce(Profile::Signer).to_string()), "reason-expired");
    assert_eq!(judged_reason(&Rejection::OtherPurpose.to_string()), "reason-purpose");
    assert_eq!(judged_reason(&Rejection::NoRoot.to_string()), "reason-chain");
    assert_eq!(judged_reason(&certs::TrustError::OtherPractice.to_string()), "reason-pin");
}

/// The command itself, without a home.
struct Command {
    folder: tempfile::TempDir,
}

impl Command {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("r.receipt"), &fixture().receipt).unwrap();
        std::fs::write(folder.path().join("a"), &fixture().documents[0]).unwrap();
        std::fs::write(folder.path().join("b"), b"something else").unwrap();
        Self { folder }
    }

    fn run(&self, output: Output, more: &[&str]) -> (Exit, console::Captured) {
        let (console, said) = crate::testing::console(output, &[]);
        let home = self.folder.path().join("no-home");
        let receipt = self.folder.path().join("r.receipt");
        let mut line: Vec<OsString> = ["counterfoil", "--home"].map(OsString::from).to_vec();
        line.push(home.clone().into());
        line.extend(["receipt", "verify"].map(OsString::from));
        line.push(receipt.into());
        line.extend(more.iter().map(OsString::from));
        let exit = crate::run_on(&line, &console, host::Clock::system());
        assert!(!home.exists(), "verifying makes no home");
        (exit, said)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn the_command_gives_programs_one_object_and_the_right_exit() {
    let command = Command::new();
    let pin = fixture().pin.to_string();
    let (a, b) = (command.path("a"), command.path("b"));
    for (more, exit, conclusion) in [
        (vec!["--practice", &pin, "--document", &a], Exit::Done, "valid"),
        (vec!["--practice", &pin], Exit::Done, "valid"),
        (vec!["--practice", &pin, "--document", &a, "--document", &b], Exit::Unverified, "invalid"),
        (vec!["--document", &a], Exit::Unverified, "undecided"),
    ] {
        let (ended, said) = command.run(Output::Json, &more);
        assert_eq!(ended, exit, "{more:?}");
        let object: serde_json::Value = serde_json::from_str(said.out().trim()).unwrap();
        assert_eq!(object["conclusion"], conclusion);
        assert_eq!(object["valid"], conclusion == "valid");
        assert_eq!(object["exit"], exit.code());
        assert_eq!(object["verdicts"].as_array().unwrap().len(), 7);
        assert_eq!(object["later_revocations"], "not-checked");
    }
}

#[test]
fn the_command_refuses_the_practice_id_in_place_of_the_pin() {
    let (exit, said) = Command::new().run(Output::People, &["--practice", &fixture().practice]);
    assert_eq!(exit, Exit::Usage);
    assert!(said.err().contains("F-0607"), "{}", said.err());
    assert_eq!(said.out(), "");
}

#[test]
fn the_command_says_what_is_proven_and_what_is_not() {
    let command = Command::new();
    let pin = fixture().pin.to_string();
    let (_, said) = command.run(Output::People, &["--practice", &pin, "--document", &command.path("a")]);
    let out = said.out();
    assert!(out.contains("keys certified by this practice signed these digests"), "{out}");
    assert!(out.contains("does not prove") && out.contains("Later revocations: not checked"), "{out}");
    assert_eq!(out.matches("✓ valid").count(), 7, "{out}");
    let (exit, said) = command.run(Output::People, &["--document", &command.path("a")]);
    assert_eq!(exit, Exit::Unverified);
    assert!(!said.out().contains("✓ valid") && said.err().contains("F-0606"));
}

/// Revocation lists, as somebody is given them.
mod lists {
    use super::*;
    use certs::Crl;
    use certs::crl::{Reason, Revoked};
    use certs::pem::{self, Section};

    const DAY_SECONDS: u64 = 24 * 3600;

    fn list(number: u64, revoked: &[Revoked]) -> Crl {
        fixture().issuing.crl(number, revoked, NOW.plus_seconds(9 * DAY_SECONDS)).unwrap()
    }

    /// The sender's entry: revoked so many days after the signature, its key lost so many before.
    fn entry(reason: Reason, revoked_days: i64, since_days: Option<i64>) -> Revoked {
        let at = |days: i64| match days >= 0 {
            true => NOW.plus_seconds(days.unsigned_abs() * DAY_SECONDS),
            false => NOW.minus_seconds(days.unsigned_abs() * DAY_SECONDS),
        };
        let (at, compromised_since) = (at(revoked_days), since_days.map(at));
        Revoked { serial: fixture().sender, at, reason, compromised_since }
    }

    fn verify(lists: &[u8], more: &[&str]) -> (Exit, serde_json::Value) {
        let command = Command::new();
        let path = command.path("lists");
        std::fs::write(&path, lists).unwrap();
        let pin = fixture().pin.to_string();
        let words = ["--practice", &pin, "--crl", &path];
        let (exit, said) = command.run(Output::Json, &[&words[..], more].concat());
        (exit, serde_json::from_str(said.out().lines().last().unwrap_or("{}")).unwrap_or_default())
    }

    #[test]
    fn a_receipt_by_a_key_that_was_revoked_later_stands_is_doubtful_or_contradicted() {
        use Reason::{AffiliationChanged, CertificateHold, KeyCompromise};
        let other = Revoked { serial: Serial::from_random([9; 16]), ..entry(KeyCompromise, -5, Some(-6)) };
        for (entries, state, exit) in [
            (vec![], "not-revoked", Exit::Done),
            (vec![other], "not-revoked", Exit::Done),
            (vec![other, entry(AffiliationChanged, 3, None)], "revoked-later", Exit::Done),
            (vec![entry(KeyCompromise, 3, Some(1))], "revoked-later", Exit::Done),
            (vec![entry(KeyCompromise, 3, None)], "revoked-later", Exit::Done),
            (vec![entry(CertificateHold, 3, None)], "suspended-later", Exit::Done),
            (vec![entry(KeyCompromise, 3, Some(-1))], "doubtful", Exit::Doubtful),
            (vec![entry(KeyCompromise, -1, Some(-2))], "contradicted", Exit::Doubtful),
            (vec![entry(AffiliationChanged, -1, None)], "contradicted", Exit::Doubtful),
        ] {
            let list = list(5, &entries);
            for bytes in [list.der().to_vec(), pem::write(&[Section::Crl(list.der().to_vec())]).into_bytes()]
            {
                let (ended, told) = verify(&bytes, &[]);
                assert_eq!((ended, &told["revocation"]["state"]), (exit, &state.into()), "{told}");
                assert_eq!(told["later_revocations"], "revocation-list");
                assert_eq!(told["valid"], exit == Exit::Done);
                assert_eq!(told["revocation"]["number"], 5);
                let entry = entries.iter().find(|entry| entry.serial == fixture().sender);
                let revoked: serde_json::Value =
                    entry.map(|entry| entry.at.to_rfc3339().into()).unwrap_or_default();
                assert_eq!(told["revocation"].get("revoked").cloned().unwrap_or_default(), revoked);
            }
        }
        let (_, told) = verify(list(5, &[entry(KeyCompromise, 3, Some(-1))]).der(), &[]);
        assert_eq!((&told["conclusion"], &told["code"]), (&"doubtful".into(), &"F-0611".into()));
        let since = entry(KeyCompromise, 3, Some(-1)).compromised_since.unwrap().to_rfc3339();
        assert_eq!(told["revocation"]["compromised_since"], since.as_str());
    }

    #[test]
    fn both_dates_are_printed() {
        let command = Command::new();
        let path = command.path("lists");
        std::fs::write(&path, list(5, &[entry(Reason::KeyCompromise, 3, Some(-1))]).der()).unwrap();
        let pin = fixture().pin.to_string();
        let (exit, said) = command.run(Output::People, &["--practice", &pin, "--crl", &path]);
        assert_eq!(exit, Exit::Doubtful);
        let (out, err) = (said.out(), said.err());
        assert!(
            out.contains("Doubtful") && out.contains("The signature (") && err.contains("F-0611"),
            "{out}{err}"
        );
        assert!(!out.contains("✓ Valid"), "{out}");
    }

    #[test]
    fn the_newest_list_of_the_signers_own_authority_counts_and_no_other() {
        let doubtful = entry(Reason::KeyCompromise, 3, Some(-1));
        let file = |lists: &[&Crl]| {
            let section = |list: &&Crl| Section::Crl(list.der().to_vec());
            pem::write(&lists.iter().map(section).collect::<Vec<_>>()).into_bytes()
        };
        let (old, new) = (list(5, &[]), list(6, &[doubtful]));
        assert_eq!(verify(&file(&[&new, &old]), &[]).1["revocation"]["number"], 6);
        // Another authority's, of the same name: its lists say nothing here.
        let root = Root::create(NOW).unwrap();
        let foreign = IssuingAuthority::create_under(&root, 1, NOW).unwrap();
        let foreign = foreign.crl(900, &[doubtful], NOW.plus_seconds(9 * DAY_SECONDS)).unwrap();
        assert_eq!(verify(&file(&[&foreign, &old]), &[]).1["revocation"]["number"], 5);
        let (ended, told) = verify(&file(&[&foreign]), &[]);
        assert_eq!(
            (ended, &told["code"], &told["valid"]),
            (Exit::Unverified, &"F-0614".into(), &false.into())
        );
        let mut bent = old.der().to_vec();
        let last = bent.len() - 1;
        bent[last] ^= 1;
        assert_eq!(verify(&bent, &[]).0, Exit::Unverified, "a list that is not signed is none");
        for garbage in [&b"garbage"[..], b"", b"-----BEGIN X509 CRL-----"] {
            assert_eq!(verify(garbage, &[]).0, Exit::Failed);
        }
    }

    #[test]
    fn a_list_takes_back_nothing_that_does_not_hold_and_mends_nothing() {
        let good = list(5, &[]);
        // Without a pin nothing is valid, list or no list.
        let command = Command::new();
        let path = command.path("lists");
        std::fs::write(&path, good.der()).unwrap();
        assert_eq!(command.run(Output::Json, &["--crl", &path]).0, Exit::Unverified);
        let doubtful = list(6, &[entry(Reason::KeyCompromise, 3, Some(-1))]);
        let wrong = command.path("b");
        let (exit, told) = verify(doubtful.der(), &["--document", &wrong]);
        assert_eq!((exit, &told["conclusion"]), (Exit::Unverified, &"invalid".into()), "{told}");
    }
}
