//! Receipts that somebody changed, one thing at a time: each is refused, and for the right reason.

use counterfoil_receipts as receipts;
use model::Pin;
use receipts::event::{GatewayEvent, SubmissionAcceptance};
use receipts::merkle::Tree;
use receipts::proof::{CoseReceipt, Head, ReceiptSignature};
use receipts::receipt::Parts;
use receipts::statement::{Body, Purpose, Signed, Statement};
use receipts::testing::*;
use receipts::verify::*;
use receipts::{Error, Receipt, Signer, SubmissionList, merkle};

fn practice() -> TestPractice {
    TestPractice::new("tamper")
}

const ALL: [Property; 7] = [
    Property::Practice,
    Property::Origin,
    Property::Acceptance,
    Property::Logged,
    Property::Checkpoint,
    Property::List,
    Property::Document,
];

fn digests(n: u32) -> DocumentDigests {
    let line = line(n);
    DocumentDigests { size: line.size, sha256: line.sha256, blake3: line.blake3 }
}

/// The verdict of a caller that finds every chain good.
fn verdict(receipt: &Receipt, pin: Option<Pin>) -> Verdict {
    let examined = examine(receipt, Some(digests(1)), pin);
    examined.verdict(Judged::Good, [Judged::Good, Judged::Good, Judged::Good], LaterRevocations::NotChecked)
}

fn fault(verdict: &Verdict, property: Property) -> Error {
    match verdict.finding(property) {
        Finding::Invalid(Reason::Fault(fault)) => *fault,
        other => panic!("{property:?} is {other:?}"),
    }
}

fn valid(verdict: &Verdict) -> Vec<Property> {
    ALL.into_iter().filter(|property| *verdict.finding(*property) == Finding::Valid).collect()
}

/// A receipt of the practice with some parts exchanged.
struct Forge {
    practice: TestPractice,
    list: SubmissionList,
    origin: Signed,
    acceptance: Signed,
    cose_receipt: Vec<u8>,
    checkpoint: Vec<u8>,
    receipt_certificate: Vec<u8>,
    root_records: Vec<Vec<u8>>,
}

impl Forge {
    fn new() -> Self {
        let practice = practice();
        let list = list(3);
        let origin = practice.origin(&list);
        let acceptance = practice.state(2, practice.acceptance_event(&origin, &list));
        let (cose_receipt, checkpoint) = practice.proof_of(&acceptance, 2, 8);
        let receipt_certificate = practice.receipts.certificate().to_vec();
        let root_records = vec![practice.root.certificate().to_vec()];
        Self {
            practice,
            list,
            origin,
            acceptance,
            cose_receipt,
            checkpoint,
            receipt_certificate,
            root_records,
        }
    }

    /// States another acceptance and proves it as honestly as before.
    fn accept(&mut self, change: impl FnOnce(&mut SubmissionAcceptance)) {
        let mut event = self.practice.acceptance_event(&self.origin, &self.list);
        change(&mut event);
        self.acceptance = self.practice.state(2, event);
        (self.cose_receipt, self.checkpoint) = self.practice.proof_of(&self.acceptance, 2, 8);
    }

    fn build(&self) -> Result<Receipt, Error> {
        Receipt::build(&Parts {
            origin: &self.origin,
            acceptance: &self.acceptance,
            cose_receipt: &self.cose_receipt,
            checkpoint: &self.checkpoint,
            receipt_certificate: &self.receipt_certificate,
            issuing: [self.practice.issuing.certificate(); 3],
            root_records: &self.root_records,
            list: self.list.as_bytes(),
        })
    }

    fn verdict(&self) -> Verdict {
        verdict(&self.build().unwrap(), Some(self.practice.pin))
    }
}

#[test]
fn an_honest_receipt_holds_and_says_what_was_not_asked() {
    let forge = Forge::new();
    let verdict = forge.verdict();
    assert_eq!(valid(&verdict), ALL);
    assert!(verdict.holds());
    assert_eq!(verdict.later_revocations, LaterRevocations::NotChecked);
    // Without a document the receipt still holds, and says so of the document.
    let receipt = forge.build().unwrap();
    let examined = examine(&receipt, None, Some(forge.practice.pin));
    let good = [Judged::Good, Judged::Good, Judged::Good];
    let verdict = examined.verdict(Judged::Good, good, LaterRevocations::Checked);
    assert!(verdict.holds());
    assert_eq!(*verdict.finding(Property::Document), Finding::NotChecked(Why::NoDocument));
}

#[test]
fn the_caller_is_asked_for_exactly_three_chains() {
    let forge = Forge::new();
    let receipt = forge.build().unwrap();
    let examined = examine(&receipt, None, Some(forge.practice.pin));
    let id = &forge.practice.id;
    let uris: Vec<String> = examined.chains().into_iter().map(|chain| chain.uri).collect();
    let signer = Purpose::Signer(forge.practice.device).uri(id);
    assert_eq!(uris, [signer, id.uri("gateway/statements"), id.uri("journal/receipts")]);
    for chain in examined.chains() {
        assert_eq!(chain.time, DAY.plus_seconds(1), "the time of the head");
        assert_eq!(chain.issuing, [forge.practice.issuing.certificate().to_vec()]);
    }
    let (records, pin) = examined.root_records().unwrap();
    assert_eq!((records.len(), pin), (1, forge.practice.pin));
}

#[test]
fn without_a_pin_nothing_is_valid() {
    let forge = Forge::new();
    let verdict = verdict(&forge.build().unwrap(), None);
    assert!(valid(&verdict).is_empty());
    assert!(!verdict.holds());
    for property in ALL {
        assert_eq!(*verdict.finding(property), Finding::NotChecked(Why::NoPin));
    }
    // What is wrong in itself is said all the same.
    let mut forge = Forge::new();
    forge.list = list(2);
    let verdict = self::verdict(&forge.build().unwrap(), None);
    assert!(matches!(verdict.finding(Property::List), Finding::Invalid(_)));
}

#[test]
fn another_practices_pin_makes_nothing_valid() {
    let forge = Forge::new();
    let other = TestPractice::new("another").pin;
    let verdict = verdict(&forge.build().unwrap(), Some(other));
    // The caller above says yes to everything; the URIs alone show it.
    assert_eq!(valid(&verdict), [Property::Practice]);
    assert!(!verdict.holds());
    for property in [Property::Origin, Property::Acceptance, Property::Logged, Property::Checkpoint] {
        assert!(matches!(fault(&verdict, property), Error::Differs { .. }));
    }
}

#[test]
fn a_practice_id_is_no_pin() {
    let practice = practice();
    assert_eq!(pin_given(practice.id.as_str()), Err(NotAPin::PracticeId));
    assert_eq!(pin_given(&practice.pin.to_string()), Ok(practice.pin));
    assert!(matches!(pin_given("anything"), Err(NotAPin::Malformed(_))));
    assert_eq!(practice_of(&practice.pin), practice.id);
}

#[test]
fn what_the_caller_finds_bad_takes_down_what_rests_on_it() {
    let forge = Forge::new();
    let receipt = forge.build().unwrap();
    let judge = |roots: bool, chains: [bool; 3]| {
        let of = |good| if good { Judged::Good } else { Judged::Bad("expired".to_owned()) };
        let examined = examine(&receipt, Some(digests(1)), Some(forge.practice.pin));
        examined.verdict(of(roots), chains.map(of), LaterRevocations::NotChecked)
    };
    assert!(valid(&judge(false, [true; 3])).is_empty());
    let verdict = judge(true, [false, true, true]);
    assert_eq!(*verdict.finding(Property::Origin), Finding::Invalid(Reason::Judged("expired".to_owned())));
    assert_eq!(*verdict.finding(Property::List), Finding::NotChecked(Why::RestsOn(Property::Origin)));
    assert_eq!(*verdict.finding(Property::Document), Finding::NotChecked(Why::RestsOn(Property::List)));
    let verdict = judge(true, [true, false, true]);
    assert_eq!(valid(&verdict), [Property::Practice, Property::Origin, Property::Logged]);
    let verdict = judge(true, [true, true, false]);
    assert_eq!(*verdict.finding(Property::Checkpoint), Finding::NotChecked(Why::RestsOn(Property::Logged)));
    assert!(!verdict.holds());
}

#[test]
fn another_tree_size_is_refused_although_the_path_would_fit() {
    // RFC 9942 alone would take leaf 2 of 8 for leaf 2 of 7, 6 and 5 as well.
    let forge = Forge::new();
    let honest = CoseReceipt::parse(&forge.cose_receipt).unwrap();
    let leaf = merkle::leaf_hash(forge.acceptance.entry_hash().as_bytes());
    let root = merkle::root_from_path(&leaf, 2, 8, &honest.path).unwrap();
    for size in [5, 6, 7] {
        assert_eq!(merkle::root_from_path(&leaf, 2, size, &honest.path), Ok(root), "the malleation is real");
        let mut forge = Forge::new();
        let at = forge.cose_receipt.windows(3).position(|part| part == [0x83, 8, 2]).unwrap();
        forge.cose_receipt[at + 1] = size as u8;
        let verdict = forge.verdict();
        let expected = Error::Differs { what: "the tree size", one: "the proof", other: "the signed header" };
        assert_eq!(fault(&verdict, Property::Logged), expected);
        assert!(!verdict.holds());
    }
    // And with the signed size changed as well, the signature breaks.
    let mut forge = Forge::new();
    let at = forge.cose_receipt.windows(3).position(|part| part == [0x83, 8, 2]).unwrap();
    forge.cose_receipt[at + 1] = 7;
    let claim = forge.cose_receipt.windows(6).position(|part| part == [0x3a, 0, 1, 0, 0, 8]).unwrap();
    forge.cose_receipt[claim + 5] = 7;
    assert_eq!(fault(&forge.verdict(), Property::Logged), Error::Signature { what: "COSE receipt" });
}

#[test]
fn another_index_or_path_is_refused() {
    let mut forge = Forge::new();
    let at = forge.cose_receipt.windows(3).position(|part| part == [0x83, 8, 2]).unwrap();
    forge.cose_receipt[at + 2] = 3;
    assert_eq!(fault(&forge.verdict(), Property::Logged), Error::Signature { what: "COSE receipt" });
    forge.cose_receipt[at + 2] = 8;
    assert_eq!(fault(&forge.verdict(), Property::Logged), Error::Position { index: 8, size: 8 });
    let mut forge = Forge::new();
    forge.cose_receipt[at + 10] ^= 1;
    assert_eq!(fault(&forge.verdict(), Property::Logged), Error::Signature { what: "COSE receipt" });
}

#[test]
fn a_proof_moved_to_another_statement_is_refused() {
    let mut forge = Forge::new();
    let (proof, note) = (forge.cose_receipt.clone(), forge.checkpoint.clone());
    forge.accept(|acceptance| acceptance.submission_time = DAY.plus_seconds(9));
    (forge.cose_receipt, forge.checkpoint) = (proof, note);
    let verdict = forge.verdict();
    assert_eq!(fault(&verdict, Property::Logged), Error::Signature { what: "COSE receipt" });
    assert_eq!(
        valid(&verdict),
        [Property::Practice, Property::Origin, Property::Acceptance, Property::List, Property::Document]
    );
}

#[test]
fn an_acceptance_of_something_else_is_refused() {
    type Change = fn(&mut SubmissionAcceptance);
    let changes: [(&str, Change); 6] = [
        ("the origin statement", |it| it.refers_to = digest("another origin")),
        ("the submission", |it| it.submission = model::SubmissionId::from_bytes([9; 16])),
        ("book or period", |it| it.book = model::BookId::from_bytes([9; 16])),
        ("book or period", |it| it.period = model::Period::parse("2026-12").unwrap()),
        ("the device", |it| it.sender.device = model::DeviceId::from_bytes([9; 16])),
        ("the documents", |it| it.documents.count += 1),
    ];
    for (expected, change) in changes {
        let mut forge = Forge::new();
        forge.accept(change);
        let verdict = forge.verdict();
        match fault(&verdict, Property::Acceptance) {
            Error::Differs { what, .. } => assert_eq!(what, expected),
            other => panic!("{expected}: {other}"),
        }
        assert!(!verdict.holds());
        assert_eq!(*verdict.finding(Property::Logged), Finding::Valid, "it is in the journal all the same");
    }
}

#[test]
fn a_changed_line_is_refused() {
    let mut forge = Forge::new();
    let text = String::from_utf8(forge.list.as_bytes().to_vec()).unwrap();
    let changed = text.replacen("\"size\":11", "\"size\":12", 1);
    forge.list = SubmissionList::parse(changed.into_bytes()).unwrap();
    let verdict = forge.verdict();
    let expected = Error::Differs { what: "count or root", one: "the list", other: "the statements" };
    assert_eq!(fault(&verdict, Property::List), expected);
    assert_eq!(fault(&verdict, Property::Document), Error::NotInList);
}

#[test]
fn another_document_is_not_in_the_list() {
    let forge = Forge::new();
    let receipt = forge.build().unwrap();
    for change in [
        DocumentDigests { size: 12, ..digests(1) },
        DocumentDigests { sha256: digests(2).sha256, ..digests(1) },
        DocumentDigests { blake3: digests(2).blake3, ..digests(1) },
    ] {
        let examined = examine(&receipt, Some(change), Some(forge.practice.pin));
        let good = [Judged::Good, Judged::Good, Judged::Good];
        let verdict = examined.verdict(Judged::Good, good, LaterRevocations::NotChecked);
        assert_eq!(fault(&verdict, Property::Document), Error::NotInList);
        assert!(!verdict.holds());
    }
}

#[test]
fn a_checkpoint_by_another_key_or_of_another_head_is_refused() {
    let head = |forge: &Forge, size, root| Head { size, root, time: forge_time(forge) };
    let root = |forge: &Forge| {
        let proof = CoseReceipt::parse(&forge.cose_receipt).unwrap();
        proof.verify(&forge.acceptance.entry_hash(), &forge.receipt_certificate).unwrap()
    };
    // By a key that the acceptance does not name.
    let mut forge = Forge::new();
    let impostor = TestPractice::new("impostor").checkpoints;
    let origin = receipts::checkpoint::origin(&forge.practice.id);
    let note = receipts::Checkpoint { origin, size: 8, root: root(&forge) }.sign(&impostor).unwrap();
    forge.checkpoint = note;
    assert_eq!(fault(&forge.verdict(), Property::Checkpoint), Error::Signature { what: "checkpoint" });
    // Of another size, of another root.
    let mut forge = Forge::new();
    forge.checkpoint = forge.practice.checkpoint(&head(&forge, 9, root(&forge)));
    let expected = Error::Differs { what: "the tree size", one: "the checkpoint", other: "the COSE receipt" };
    assert_eq!(fault(&forge.verdict(), Property::Checkpoint), expected);
    forge.checkpoint = forge.practice.checkpoint(&head(&forge, 8, digest("another root")));
    let expected = Error::Differs { what: "the root", one: "the checkpoint", other: "the COSE receipt" };
    assert_eq!(fault(&forge.verdict(), Property::Checkpoint), expected);
}

fn forge_time(forge: &Forge) -> model::Timestamp {
    CoseReceipt::parse(&forge.cose_receipt).unwrap().time
}

#[test]
fn an_acceptance_that_names_another_log_is_refused() {
    let mut forge = Forge::new();
    let Body::Gateway(event, mut standing) = forge.acceptance.statement().body.clone() else { panic!() };
    standing.log = forge.practice.checkpoints.vkey("elsewhere.example/journal").unwrap();
    let statement = Statement { id: evidence(2), time: DAY, body: Body::Gateway(event, standing) };
    forge.acceptance = Signed::sign(&statement, &forge.practice.statements, DAY).unwrap();
    (forge.cose_receipt, _) = forge.practice.proof_of(&forge.acceptance, 2, 8);
    let expected = Error::Differs { what: "the log's name", one: "the acceptance", other: "the practice" };
    assert_eq!(fault(&forge.verdict(), Property::Checkpoint), expected);
}

#[test]
fn root_records_are_as_many_as_the_acceptance_names() {
    let mut forge = Forge::new();
    forge.root_records.push(b"a second record".to_vec());
    assert!(matches!(fault(&forge.verdict(), Property::Practice), Error::Differs { .. }));
    assert!(valid(&forge.verdict()).is_empty());
}

#[test]
fn a_receipt_key_of_another_purpose_is_refused() {
    // The statement key signs a head: its certificate says what it is for.
    let mut forge = Forge::new();
    let entry = forge.acceptance.entry_hash();
    let tree = Tree::of(vec![digest("one"), merkle::leaf_hash(entry.as_bytes())]);
    let head = Head { size: 2, root: tree.root(), time: DAY.plus_seconds(1) };
    let signature = ReceiptSignature::sign(&head, &forge.practice.statements).unwrap();
    forge.cose_receipt = signature.cose_receipt(1, &tree.path(1).unwrap());
    forge.checkpoint = forge.practice.checkpoint(&head);
    forge.receipt_certificate = forge.practice.statements.certificate().to_vec();
    let expected =
        Error::Differs { what: "the journal's URI", one: "the COSE receipt", other: "the practice" };
    assert_eq!(fault(&forge.verdict(), Property::Logged), expected);
}

#[test]
fn another_receipt_certificate_than_the_thumbprint_is_refused() {
    let mut forge = Forge::new();
    forge.receipt_certificate = TestPractice::new("another").receipts.certificate().to_vec();
    let expected = Error::Differs { what: "the certificate", one: "the COSE receipt", other: "the file" };
    assert_eq!(fault(&forge.verdict(), Property::Logged), expected);
}

#[test]
fn a_head_older_than_the_acceptance_is_refused() {
    let mut forge = Forge::new();
    let event = forge.practice.acceptance_event(&forge.origin, &forge.list);
    let statement =
        Statement::by_gateway(evidence(2), DAY.plus_seconds(60), forge.practice.standing(), event);
    forge.acceptance = Signed::sign(&statement, &forge.practice.statements, DAY).unwrap();
    (forge.cose_receipt, forge.checkpoint) = forge.practice.proof_of(&forge.acceptance, 2, 8);
    let expected =
        Error::Differs { what: "the order in time", one: "the acceptance", other: "the head over it" };
    assert_eq!(fault(&forge.verdict(), Property::Logged), expected);
}

#[test]
fn no_changed_byte_of_a_receipt_file_holds() {
    let forge = Forge::new();
    let bytes = forge.build().unwrap().as_bytes().to_vec();
    // The root record and issuing certificate are for the caller; all else is ours.
    let theirs: Vec<std::ops::Range<usize>> =
        [&forge.root_records[0][..], forge.practice.issuing.certificate()]
            .into_iter()
            .map(|part| {
                let start = bytes.windows(part.len()).position(|window| window == part).unwrap();
                start..start + part.len()
            })
            .collect();
    // Every byte of the small parts, every 7th elsewhere: each needs up to four signatures verified.
    for at in (0..bytes.len()).step_by(7).chain(0..8).chain(bytes.len() - 40..bytes.len()) {
        if theirs.iter().any(|part| part.contains(&at)) {
            continue;
        }
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        if let Ok(receipt) = Receipt::parse(changed) {
            assert!(!verdict(&receipt, Some(forge.practice.pin)).holds(), "byte {at}");
        }
    }
    for end in (0..bytes.len()).step_by(11) {
        assert!(Receipt::parse(bytes[..end].to_vec()).is_err());
    }
    let mut longer = bytes.clone();
    longer.push(0xf6);
    assert_eq!(
        Receipt::parse(longer).map(|_| ()),
        Err(Error::Cbor { what: "receipt file", why: "bytes follow its end" })
    );
}

#[test]
fn a_stored_head_signature_is_taken_up_under_its_own_certificate_only() {
    let practice = practice();
    let head = Head { size: 3, root: digest("root"), time: DAY };
    let made = ReceiptSignature::sign(&head, &practice.receipts).unwrap();
    let again = ReceiptSignature::restore(&head, practice.receipts.certificate(), *made.signature());
    assert_eq!(again, Ok(made.clone()));
    let other = TestPractice::new("another");
    assert!(ReceiptSignature::restore(&head, other.receipts.certificate(), *made.signature()).is_err());
    let later = Head { size: 4, ..head };
    assert!(ReceiptSignature::restore(&later, practice.receipts.certificate(), *made.signature()).is_err());
}

#[test]
fn a_receipt_is_made_of_an_origin_and_an_acceptance() {
    let mut forge = Forge::new();
    let event: GatewayEvent = receipts::event::DeviceDeclined { device: forge.practice.device }.into();
    forge.acceptance = forge.practice.state(2, event);
    assert!(matches!(forge.build().map(|_| ()), Err(Error::Malformed(_))));
}
