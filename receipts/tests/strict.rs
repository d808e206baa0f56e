//! Only one form is read: other encodings, second forms of signatures, wrong signers, and plain noise.

use counterfoil_receipts as receipts;
use receipts::proof::CoseReceipt;
use receipts::statement::{Body, Signed, Statement};
use receipts::testing::*;
use receipts::verify::{Judged, LaterRevocations, examine};
use receipts::{Error, Receipt, Signer, SubmissionList};

fn practice() -> TestPractice {
    TestPractice::new("strict")
}

#[test]
fn statements_are_only_taken_from_whom_they_belong_to() {
    let practice = practice();
    let list = list(3);
    let origin = practice.origin(&list);
    let differs = |what| Err(Error::Differs { what, one: "the certificate", other: "the event" });
    // A device can not state what the gateway states, nor the other way round, nor the receipt key at all.
    let acceptance = Statement::by_gateway(
        evidence(2),
        DAY,
        practice.standing(),
        practice.acceptance_event(&origin, &list),
    );
    for (statement, signer) in [
        (&acceptance, &practice.sender),
        (&acceptance, &practice.receipts),
        (origin.statement(), &practice.statements),
        (origin.statement(), &practice.receipts),
    ] {
        assert_eq!(Signed::sign(statement, signer, DAY).map(|_| ()), differs("the purpose"));
    }
    // Nor for another device or at another practice.
    let mut stolen = origin.statement().clone();
    let Body::Device(receipts::event::DeviceEvent::Origin(event)) = &mut stolen.body else { panic!() };
    event.sender.device = model::DeviceId::from_bytes([1; 16]);
    assert!(Signed::sign(&stolen, &practice.sender, DAY).is_err());
    let elsewhere = TestPractice::new("another");
    assert!(Signed::sign(origin.statement(), &elsewhere.sender, DAY).is_err());
    // A URI of no purpose of ours.
    let root = TestSigner::self_made("root", &practice.id.uri("gateway"));
    assert!(Signed::sign(&acceptance, &root, DAY).is_err());
    let other_host = TestSigner::self_made("x", "spiffe://example.org/gateway/statements");
    assert!(Signed::sign(&acceptance, &other_host, DAY).is_err());
}

#[test]
fn the_second_form_of_a_signature_is_refused() {
    let practice = practice();
    let signed = practice.origin(&list(1));
    let high =
        p256::ecdsa::Signature::from_slice(&signed.as_bytes()[signed.as_bytes().len() - 64..]).unwrap();
    let (r, s) = high.split_scalars();
    let high: [u8; 64] = p256::ecdsa::Signature::from_scalars(*r, -*s).unwrap().to_bytes().into();
    let mut bytes = signed.as_bytes().to_vec();
    let at = bytes.len() - 64;
    bytes[at..].copy_from_slice(&high);
    assert_eq!(Signed::parse(bytes).map(|_| ()), Err(Error::HighS { what: "statement" }));
    // It is a signature all the same; that is why.
    let spki = practice.sender.spki();
    let message = coset_message(&signed);
    assert_eq!(receipts::es256::verify_either_form(&spki[spki.len() - 65..], &message, &high), Ok(()));
    // In a COSE Receipt too.
    let (mut cose, _) = practice.proof_of(&signed, 2, 8);
    let at = cose.len() - 64;
    let low = p256::ecdsa::Signature::from_slice(&cose[at..]).unwrap();
    let (r, s) = low.split_scalars();
    cose[at..].copy_from_slice(&p256::ecdsa::Signature::from_scalars(*r, -*s).unwrap().to_bytes());
    assert_eq!(CoseReceipt::parse(&cose).map(|_| ()), Err(Error::HighS { what: "COSE receipt" }));
}

fn coset_message(signed: &Signed) -> Vec<u8> {
    use coset::TaggedCborSerializable as _;
    coset::CoseSign1::from_tagged_slice(signed.as_bytes()).unwrap().tbs_data(b"")
}

#[test]
fn no_changed_or_missing_byte_of_a_statement_passes() {
    let practice = practice();
    let signed = practice.origin(&list(1));
    for at in 0..signed.as_bytes().len() {
        let mut changed = signed.as_bytes().to_vec();
        changed[at] ^= 1;
        let passed = Signed::parse(changed).and_then(|signed| signed.verify_signature());
        assert!(passed.is_err(), "byte {at}");
        assert!(Signed::parse(signed.as_bytes()[..at].to_vec()).is_err(), "cut at {at}");
    }
    let mut longer = signed.as_bytes().to_vec();
    longer.push(0);
    assert!(Signed::parse(longer).is_err(), "a byte after the end");
    let large = vec![0xd2; model::limits::STATEMENT_BYTES_MAX + 1];
    assert!(matches!(Signed::parse(large), Err(Error::TooLong { .. })));
}

#[test]
fn another_encoding_of_the_same_receipt_is_refused() {
    let bytes = include_bytes!("golden/receipt.cbor").to_vec();
    let with = |change: fn(&mut Vec<u8>)| {
        let mut changed = bytes.clone();
        change(&mut changed);
        Receipt::parse(changed).map(|_| ())
    };
    let fault = |why| Err(Error::Cbor { what: "receipt file", why });
    assert_eq!(bytes[..4], [0xa8, 0, 1, 1]);
    // A map of nine, an open map, a long form of 1, the key 0 twice, keys in another order.
    assert!(with(|bytes| bytes[0] = 0xa9).is_err());
    assert_eq!(with(|bytes| bytes[0] = 0xbf), fault("a length is left open"));
    let long = with(|bytes| drop(bytes.splice(2..3, [0x18, 1])));
    assert_eq!(long, fault("a number is not in its shortest form"));
    let twice = with(|bytes| bytes[3] = 0);
    assert_eq!(twice, fault("another label or value stands where one is fixed"));
    assert!(with(|bytes| bytes[3] = 2).is_err());
    let version = with(|bytes| bytes[2] = 2);
    assert_eq!(version, Err(Error::Version { what: "receipt file", version: 2 }));
    let large = vec![0xa8; model::limits::RECEIPT_BYTES_MAX + 1];
    assert!(matches!(Receipt::parse(large), Err(Error::TooLong { .. })));
}

#[test]
fn a_text_with_the_same_meaning_in_other_bytes_is_refused() {
    // Signed by the right key, so that only the form is wrong.
    let practice = practice();
    let signed = practice
        .state(1, receipts::event::BookAdded { book: book(), by: receipts::event::Actor::AdminSocket });
    let text = String::from_utf8(signed.payload().to_vec()).unwrap();
    assert!(resign(&practice, &signed, &text).is_ok());
    for (from, to) in [
        ("\n}", "}"),
        ("}\n", "}"),
        ("\n  \"by\"", "\n \"by\""),
        ("admin-socket", "admin\\u002dsocket"),
        ("\"version\": 1", "\"version\": 1.0"),
        ("\"version\": 1", "\"version\": 2"),
        ("  \"book\"", "  \"more\": 1,\n  \"book\""),
        ("  \"book\"", "  \"book\": \"00000000000000000000000000000000\",\n  \"book\""),
        ("BookAdded", "BookEaten"),
        ("admin-socket", "somebody"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(resign(&practice, &signed, &changed).is_err(), "{from} as {to}");
    }
    let deep = format!("{}{}", "[".repeat(7000), "]".repeat(7000));
    assert!(resign(&practice, &signed, &deep).is_err());
}

/// The same statement with another text, signed with coset by the gateway's key.
fn resign(practice: &TestPractice, signed: &Signed, text: &str) -> Result<(), Error> {
    use coset::TaggedCborSerializable as _;
    let mut sign1 = coset::CoseSign1::from_tagged_slice(signed.as_bytes()).unwrap();
    sign1.payload = Some(text.as_bytes().to_vec());
    sign1.signature = practice.statements.sign(&sign1.tbs_data(b"")).unwrap().to_vec();
    Signed::parse(sign1.to_tagged_vec().unwrap()).and_then(|signed| signed.verify_signature())
}

#[test]
fn headers_twice_more_or_elsewhere_are_refused() {
    let practice = practice();
    let signed = practice.origin(&list(1));
    let bytes = signed.as_bytes();
    let protected_starts = 1 + 1 + 3; // tag, array, byte string of two length bytes
    assert_eq!(bytes[protected_starts], 0xa5);
    // alg twice: the label 3 becomes a second 1.
    let mut twice = bytes.to_vec();
    assert_eq!(twice[protected_starts + 3], 3);
    twice[protected_starts + 3] = 1;
    assert!(Signed::parse(twice).is_err());
    // Another algorithm.
    let mut none = bytes.to_vec();
    assert_eq!(none[protected_starts + 2], 0x26);
    none[protected_starts + 2] = 0x27;
    assert!(Signed::parse(none).is_err());
    // Something in the unprotected header, which nobody signed.
    use coset::TaggedCborSerializable as _;
    let mut sign1 = coset::CoseSign1::from_tagged_slice(bytes).unwrap();
    sign1.unprotected.key_id = b"me".to_vec();
    assert!(Signed::parse(sign1.to_tagged_vec().unwrap()).is_err());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_whatever_bring_a_reader_down(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = Receipt::parse(bytes.clone());
        let _ = Signed::parse(bytes.clone());
        let _ = CoseReceipt::parse(&bytes);
        let _ = SubmissionList::parse(bytes.clone());
        let _ = receipts::Checkpoint::peek(&bytes);
        let _ = receipts::es256::Leaf::parse(&bytes);
    }

    #[test]
    fn nor_do_a_few_changed_bytes(changes in proptest::collection::vec((0usize..6000, proptest::num::u8::ANY), 1..6)) {
        let mut bytes = include_bytes!("golden/receipt.cbor").to_vec();
        for (at, value) in changes {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        if let Ok(receipt) = Receipt::parse(bytes) {
            let examined = examine(&receipt, None, Some(TestPractice::new("golden").pin));
            let bad = || Judged::Bad("not asked".to_owned());
            let verdict = examined.verdict(bad(), [bad(), bad(), bad()], LaterRevocations::NotChecked);
            proptest::prop_assert!(!verdict.holds());
        }
    }
}
