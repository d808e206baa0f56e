//! The formats, byte for byte: golden files, the schema and `format.md` against the code.
//!
//! A golden file that differs means that old receipts are no longer read or new ones look otherwise. Only
//! a new version of a format may change them: `COUNTERFOIL_GOLDEN=write cargo test --test golden`.

use std::path::Path;

use cddl_cat::{validate_cbor_bytes, validate_json_str};
use counterfoil_receipts as receipts;
use model::{InvitationId, Reason, Role};
use receipts::checkpoint::Checkpoint;
use receipts::event::*;
use receipts::proof::{CoseReceipt, Head, TREE_SIZE_CLAIM};
use receipts::statement::{CONTENT_TYPE, Signed, Statement, TYP};
use receipts::testing::*;
use receipts::{Receipt, SubmissionList, TakeList};

const SCHEMA: &str = include_str!("../statement.cddl");
const FORMAT: &str = include_str!("../format.md");

fn golden(name: &str, bytes: &[u8]) {
    let path = Path::new("tests/golden").join(name);
    if std::env::var_os("COUNTERFOIL_GOLDEN").is_some_and(|what| what == "write") {
        std::fs::create_dir_all("tests/golden").unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    let kept = std::fs::read(&path).unwrap();
    assert!(kept == bytes, "{name} is no longer written as it was");
}

fn practice() -> TestPractice {
    TestPractice::new("golden")
}

#[test]
fn lists_are_written_as_ever() {
    golden("submission.list", list(3).as_bytes());
    golden("take.list", take().as_bytes());
    assert!(SubmissionList::parse(list(3).as_bytes().to_vec()).is_ok());
}

fn take() -> TakeList {
    TakeList::new((1..=2).map(take_line).collect()).unwrap()
}

#[test]
fn a_checkpoint_is_written_as_ever() {
    let practice = practice();
    let head = Head { size: 9, root: digest("root"), time: DAY };
    let note = practice.checkpoint(&head);
    golden("checkpoint.note", &note);
    golden("log.vkey", practice.vkey().to_string().as_bytes());
    assert_eq!(Checkpoint::open_exact(&note, &practice.vkey()).unwrap().size, 9);
}

#[test]
fn statements_and_receipts_are_written_as_ever() {
    let practice = practice();
    let list = list(3);
    let receipt = practice.receipt(&list, 6, 9);
    golden("origin.cose", receipt.origin().as_bytes());
    golden("acceptance.cose", receipt.acceptance().as_bytes());
    golden("receipt.cose", &practice.proof_of(receipt.acceptance(), 6, 9).0);
    golden("receipt.cbor", receipt.as_bytes());
    // And read: the file alone is enough.
    let again = Receipt::parse(std::fs::read("tests/golden/receipt.cbor").unwrap()).unwrap();
    assert_eq!(again.as_bytes(), receipt.as_bytes());
}

/// One statement of each event, with the rule of the schema that it follows.
fn one_of_each() -> Vec<(&'static str, Signed)> {
    let practice = practice();
    let (person, book, device) = (person(), book(), practice.device);
    let list = list(3);
    let origin = practice.origin(&list);
    let label = |text: &str| Label::parse(text).unwrap();
    let word = |text: &str| Word::parse(text).unwrap();
    let certificate = |signer: &TestSigner, serial: &str| {
        let der = receipts::Signer::certificate(signer).to_vec();
        BoundCertificate::new(receipts::es256::sha256(&signer.spki()), first16(serial), der).unwrap()
    };
    let party = || Party { person, device };
    let invitation = InvitationId::new(0x2345_6789 & 0x3fff_ffff).unwrap();
    let take = Statement::by_device(
        evidence(3),
        DAY,
        ConsignmentAcceptance {
            recipient: DeviceParty { device },
            sender: PracticeParty { practice: practice.id.clone() },
            book,
            documents: take().documents(),
            last_checkpoint: None,
        },
    );
    let take_signed = Signed::sign(&take, &practice.sender, DAY).unwrap();
    let refers_to = take_signed.entry_hash();
    let handed = TakeList::new(vec![take_line(1)]).unwrap().documents();
    let missing = TakeList::new(vec![take_line(2)]).unwrap().documents();
    let root = receipts::Signer::certificate(&practice.root).to_vec();
    let issuing = receipts::Signer::certificate(&practice.issuing).to_vec();
    let gateway: Vec<(&str, GatewayEvent)> = vec![
        (
            "Genesis",
            Genesis {
                practice: practice.id.clone(),
                pin: practice.pin,
                policy: REGISTRATION_POLICY.to_owned(),
                root_record: Opaque::new(root).unwrap(),
                certificates: vec![Der::new(issuing).unwrap()],
                software: word("counterfoil-gateway 0.1.0"),
            }
            .into(),
        ),
        ("SubmissionAcceptance", practice.acceptance_event(&origin, &list).into()),
        (
            "ContentHandover",
            ContentHandover { recipient: party(), book, documents: handed, refers_to }.into(),
        ),
        (
            "ContentHandoverFailure",
            ContentHandoverFailure {
                recipient: party(),
                book,
                documents: missing,
                refers_to,
                reason: HandoverReason::NotConfirmed,
            }
            .into(),
        ),
        ("BookAdded", BookAdded { book, by: Actor::AdminSocket }.into()),
        ("BookNamed", BookNamed { book, name: label("静安\"面馆\"\n\u{202e}\u{7f}") }.into()),
        (
            "PersonAdded",
            PersonAdded { person, role: Role::Partner, until: Some(DAY), by: Actor::Device(device) }.into(),
        ),
        ("PersonNamed", PersonNamed { person, name: label("王芳") }.into()),
        (
            "InvitationIssued",
            InvitationIssued {
                invitation,
                person,
                role: Role::Client,
                expires: DAY.plus_seconds(72 * 3600),
                replaces: None,
                by: Actor::AdminSocket,
            }
            .into(),
        ),
        (
            "DeviceBound",
            DeviceBound {
                invitation,
                person,
                device,
                tls: certificate(&practice.statements, "serial 1"),
                signing: certificate(&practice.sender, "serial 2"),
            }
            .into(),
        ),
        (
            "DeviceLabelled",
            DeviceLabelled { device, label: label("前台电脑"), platform: label("windows") }.into(),
        ),
        ("DeviceConfirmed", DeviceConfirmed { device, by: Actor::Gateway }.into()),
        ("DeviceDeclined", DeviceDeclined { device }.into()),
        ("GrantGiven", GrantGiven { person, book, until: None, by: Actor::AdminSocket }.into()),
        (
            "GatewayStarted",
            GatewayStarted {
                software: word("counterfoil-gateway 0.1.0"),
                medium: Medium::CanNot(word("overlay keeps what was overwritten")),
            }
            .into(),
        ),
        ("GatewayStopped", GatewayStopped { software: word("counterfoil-gateway 0.1.0") }.into()),
        (
            "DeviceRenewed",
            DeviceRenewed {
                device,
                vouched_by: digest("vouched by"),
                request: first16("request"),
                tls: certificate(&practice.statements, "serial 3"),
                signing: None,
            }
            .into(),
        ),
        ("CertificateUsed", CertificateUsed { device, certificate: digest("used") }.into()),
    ];
    let mut all = vec![("Origin", origin), ("ConsignmentAcceptance", take_signed)];
    for (at, (name, event)) in
        gateway.into_iter().chain(denied()).chain(rotated()).chain(factors()).chain(lists()).enumerate()
    {
        all.push((name, practice.state(10 + at as u64, event)));
    }
    let announced = SigningKeyAnnounced {
        sender: DeviceParty { device },
        recipient: PracticeParty { practice: practice.id.clone() },
        signing_key: digest("next key"),
        last_checkpoint: None,
    };
    let announced = Statement::by_device(evidence(4), DAY, announced);
    all.push(("SigningKeyAnnounced", Signed::sign(&announced, &practice.sender, DAY).unwrap()));
    all
}

/// How a key is exchanged.
fn rotated() -> Vec<(&'static str, GatewayEvent)> {
    let practice = practice();
    let word = |text: &str| Word::parse(text).unwrap();
    vec![
        (
            "RotationPlanned",
            RotationPlanned {
                rotation: [9; 16],
                kind: word("issuing"),
                to: word("retired"),
                cut_off: 3,
                by: Actor::Device(practice.device),
            }
            .into(),
        ),
        (
            "RotationDone",
            RotationDone {
                rotation: [9; 16],
                kind: word("checkpoint"),
                to: word("distributed"),
                certificates: Vec::new(),
                root_records: Vec::new(),
                new_log: Some(practice.checkpoints.vkey("new.counterfoil.internal/journal").unwrap()),
            }
            .into(),
        ),
    ]
}

/// Second factors, and who acts on one.
fn factors() -> Vec<(&'static str, GatewayEvent)> {
    let (person, device) = (person(), practice().device);
    vec![
        ("FactorEnrolled", FactorEnrolled { person, by: Actor::Device(device) }.into()),
        ("FactorRemoved", FactorRemoved { person, by: Actor::AdminSocket }.into()),
        (
            "RecoveryCodesDrawn",
            RecoveryCodesDrawn { person, by: Actor::DeviceWith(device, Factor::Totp) }.into(),
        ),
        (
            "RecoveryCodeUsed",
            RecoveryCodeUsed { person, by: Actor::DeviceWith(device, Factor::Recovery) }.into(),
        ),
    ]
}

/// Revocation lists.
fn lists() -> Vec<(&'static str, GatewayEvent)> {
    vec![("CrlIssued", CrlIssued { issuer: digest("issuing"), number: 258, sha256: digest("list") }.into())]
}

/// What ends, rests, comes back or changes.
fn denied() -> Vec<(&'static str, GatewayEvent)> {
    let practice = practice();
    let (person, book, device, by) = (person(), book(), practice.device, Actor::Device(practice.device));
    let invitation = InvitationId::new(0x2345_6789 & 0x3fff_ffff).unwrap();
    let (reason, since) = (Reason::Stolen, Some(DAY));
    let words = |text: &str| Label::parse(text).unwrap();
    vec![
        ("DeviceSuspended", DeviceSuspended { device, reason: Reason::Lost, by }.into()),
        ("DeviceResumed", DeviceResumed { device, by }.into()),
        ("DeviceRevoked", DeviceRevoked { device, reason, compromised_since: since, by }.into()),
        ("PersonSuspended", PersonSuspended { person, reason, with_book: None, by }.into()),
        ("PersonResumed", PersonResumed { person, by: Actor::AdminSocket }.into()),
        (
            "PersonRevoked",
            PersonRevoked {
                person,
                reason: Reason::Left,
                with_book: Some(book),
                compromised_since: None,
                by: Actor::Gateway,
            }
            .into(),
        ),
        ("BookSuspended", BookSuspended { book, reason: Reason::PracticeDecision, by }.into()),
        ("BookResumed", BookResumed { book, by }.into()),
        ("BookClosed", BookClosed { book, reason: Reason::RoleEnded, by }.into()),
        ("InvitationRevoked", InvitationRevoked { invitation, reason: Reason::Disputed, by }.into()),
        ("GrantWithdrawn", GrantWithdrawn { person, book, reason: Reason::Superseded, by }.into()),
        ("RoleChanged", RoleChanged { person, role: Role::Supervisor, until: None, by }.into()),
        ("PersonEndSet", PersonEndSet { person, until: Some(DAY), by }.into()),
        ("PurposeStated", PurposeStated { person, purpose: words("2026 年度汇算清缴") }.into()),
        ("Noted", Noted { refers_to: digest("an act"), note: words("包在地铁上被偷") }.into()),
        ("InvitationLocked", InvitationLocked { invitation, wrong: 20 }.into()),
        (
            "InvitationContested",
            InvitationContested {
                invitation,
                device,
                tls_key: digest("another TLS key"),
                signing_key: digest("another signing key"),
            }
            .into(),
        ),
    ]
}

#[test]
fn the_text_of_every_event_is_written_as_ever_and_read_back() {
    let mut texts = Vec::new();
    for (_, signed) in one_of_each() {
        texts.extend_from_slice(signed.payload());
        let again = Signed::parse(signed.as_bytes().to_vec()).unwrap();
        assert_eq!(again.statement(), signed.statement());
        assert_eq!(again.entry_hash(), signed.entry_hash());
        assert_eq!(again.verify_signature(), Ok(()));
    }
    golden("payloads.txt", &texts);
    let events = DeviceEvent::TABLE.len() + GatewayEvent::TABLE.len();
    assert_eq!(one_of_each().len(), events, "every event has an example");
}

#[test]
fn the_schema_is_that_of_the_code() {
    for (rule, signed) in one_of_each() {
        let text = std::str::from_utf8(signed.payload()).unwrap();
        validate_json_str(rule, SCHEMA, text).unwrap_or_else(|fault| panic!("{rule}: {fault}"));
        let (tag, untagged) = signed.as_bytes().split_first().unwrap();
        assert_eq!(*tag, 0xd2);
        validate_cbor_bytes("signed-statement", SCHEMA, untagged).unwrap();
        // The schema wants each member.
        let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
        let members: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        for name in members {
            let kept = value.as_object_mut().unwrap().remove(&name).unwrap();
            assert!(validate_json_str(rule, SCHEMA, &value.to_string()).is_err(), "{rule} without {name}");
            value.as_object_mut().unwrap().insert(name, kept);
        }
        assert!(signed.statement().uri().ends_with(rule));
    }
    let practice = practice();
    let receipt = practice.receipt(&list(3), 6, 9);
    validate_cbor_bytes("receipt-file", SCHEMA, receipt.as_bytes()).unwrap();
    let (cose_receipt, _) = practice.proof_of(receipt.acceptance(), 6, 9);
    assert!(CoseReceipt::parse(&cose_receipt).is_ok());
    validate_cbor_bytes("cose-receipt", SCHEMA, &cose_receipt[1..]).unwrap();
}

#[test]
fn the_schema_has_the_members_in_the_order_of_the_code() {
    let all = DeviceEvent::TABLE.iter().chain(GatewayEvent::TABLE);
    for (uri, members) in all {
        let name = uri.rsplit([':', '/']).next().unwrap();
        let start = SCHEMA.find(&format!("\n{name} = {{\n")).unwrap_or_else(|| panic!("no rule for {name}"));
        let rule = SCHEMA[start + 1..].split("\n}").next().unwrap();
        let found: Vec<&str> =
            rule.lines().filter_map(|line| line.trim().strip_prefix('"')?.split('"').next()).collect();
        assert_eq!(found, *members, "{name}");
    }
}

#[test]
fn the_page_says_what_the_code_does() {
    for (uri, members) in DeviceEvent::TABLE.iter().chain(GatewayEvent::TABLE) {
        let members: Vec<String> = members.iter().map(|member| format!("`{member}`")).collect();
        let row = format!("| `{uri}` | {} |", members.join(", "));
        assert!(FORMAT.contains(&row), "missing: {row}");
    }
    let rows = FORMAT.lines().filter(|line| line.starts_with("| `urn:") || line.starts_with("| `http:"));
    assert_eq!(rows.count(), DeviceEvent::TABLE.len() + GatewayEvent::TABLE.len());
    for said in [TREE_SIZE_CLAIM.to_string(), CONTENT_TYPE.to_owned(), TYP.to_owned()] {
        assert!(FORMAT.contains(&format!("`{said}`")), "{said}");
    }
    // Its examples are the golden files.
    for (name, file) in [
        ("submission.list", include_str!("golden/submission.list")),
        ("take.list", include_str!("golden/take.list")),
        ("log.vkey", include_str!("golden/log.vkey")),
        ("checkpoint.note", include_str!("golden/checkpoint.note")),
    ] {
        assert!(FORMAT.contains(file.trim_end()), "the example of {name}");
    }
    let origin = one_of_each().swap_remove(0).1;
    assert!(FORMAT.contains(std::str::from_utf8(origin.payload()).unwrap()), "the example of an origin");
}
