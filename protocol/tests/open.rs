//! Goal: an open is put together as it was taken apart, or refused by the right code. Method: series made at random,
//! and single misdeeds.

mod samples;

use counterfoil_protocol as protocol;
use model::{ChainingValue, DisplayName, Manifest, MediaType, limits, piece};
use proptest::prelude::*;
use protocol::field::DocumentNumber;
use protocol::message::{Message, OpenDocument, OpenEnd, OpenHead, OpenValues, Refusal};
use protocol::open::{Assembler, Bounds, Opening, OpeningDocument, Step, messages};
use protocol::{Code, NameKey, Salt, Values};

const BOUNDS: Bounds = Bounds { documents_max: 100, document_bytes_max: 1 << 40, bytes_max: 1 << 41 };

fn document(n: u32, length: u64) -> OpeningDocument {
    let value = |at| ChainingValue::from_bytes([at as u8; 32]);
    OpeningDocument {
        n: DocumentNumber(n),
        salt: Salt::from_bytes([n as u8; 16]),
        name_key: NameKey::from_bytes([n as u8; 16]),
        name: DisplayName::parse("发票.pdf").unwrap(),
        media_type: MediaType::unknown(),
        manifest: Manifest::merge(length, (0..piece::count(length)).map(value).collect()).unwrap(),
    }
}

fn opening(lengths: &[u64]) -> Opening {
    let documents: Vec<_> = (1..).zip(lengths).map(|(n, length)| document(n * 3, *length)).collect();
    let head = OpenHead {
        submission: samples::submission(),
        book: samples::book(),
        period: model::Period::parse("2026-11").unwrap(),
        kind: model::Kind::Invoice,
        class: model::Class::Internal,
        documents: documents.len() as u32,
        bytes: lengths.iter().sum(),
    };
    Opening { head, documents }
}

fn series(opening: &Opening) -> Vec<Message> {
    messages(&opening.head, &opening.documents).collect()
}

fn assemble(messages: Vec<Message>, bounds: Bounds) -> Result<Opening, Refusal> {
    let mut messages = messages.into_iter();
    let Some(Message::OpenHead(head)) = messages.next() else { panic!("a head is first") };
    let mut assembler = Assembler::begin(head, bounds)?;
    for message in messages {
        match assembler.take(message)? {
            Step::More(more) => assembler = more,
            Step::Whole(opening) => return Ok(opening),
        }
    }
    panic!("it has no end")
}

fn refused(messages: Vec<Message>, bounds: Bounds) -> Code {
    assemble(messages, bounds).unwrap_err().known().unwrap()
}

#[test]
fn every_misdeed_has_its_code() {
    let good = opening(&[5, 3 << 20, 0]);
    let series = || series(&good);
    assert_eq!(assemble(series(), BOUNDS), Ok(opening(&[5, 3 << 20, 0])));

    let none = OpenHead { documents: 0, ..good.head.clone() };
    assert_eq!(refused(vec![none.into()], BOUNDS), Code::Empty);
    assert_eq!(refused(series(), Bounds { documents_max: 2, ..BOUNDS }), Code::TooManyDocuments);
    assert_eq!(refused(series(), Bounds { bytes_max: 1 << 20, ..BOUNDS }), Code::TooLarge);
    assert_eq!(refused(series(), Bounds { document_bytes_max: 1 << 20, ..BOUNDS }), Code::TooLarge);

    let changed = |change: &dyn Fn(&mut Vec<Message>)| {
        let mut messages = series();
        change(&mut messages);
        refused(messages, BOUNDS)
    };
    // 0 head, 1 document, 2 document, 3 values, 4 document, 5 end
    assert!(matches!(series()[3], Message::OpenValues(_)));
    assert_eq!(changed(&|it| drop(it.remove(1))), Code::Malformed); // less than announced
    assert_eq!(changed(&|it| drop(it.remove(3))), Code::Malformed); // no values
    assert_eq!(changed(&|it| it.swap(1, 4)), Code::Malformed); // n falls
    assert_eq!(changed(&|it| it.swap(3, 4)), Code::Malformed); // values late
    assert_eq!(changed(&|it| it.insert(5, it[4].clone())), Code::Malformed); // twice
    assert_eq!(changed(&|it| it.insert(1, OpenEnd {}.into())), Code::Malformed); // end early
    assert_eq!(changed(&|it| it[2] = it[0].clone()), Code::NotNow); // a head again
    let short = Values::new(vec![ChainingValue::from_bytes([0; 32])]).unwrap();
    assert_eq!(changed(&|it| it[3] = OpenValues { values: short.clone() }.into()), Code::Malformed);
    let longer = |it: &mut Vec<Message>| {
        if let Message::OpenDocument(document) = &mut it[1] {
            document.length += 1;
        }
    };
    assert_eq!(changed(&longer), Code::Malformed); // more bytes than announced
}

#[test]
fn more_bytes_than_announced_are_refused_before_their_values_come() {
    let good = opening(&[5, 3 << 20]);
    let head = OpenHead { bytes: 3 << 20, ..good.head.clone() };
    let mut messages = series(&good).into_iter().skip(1);
    let assembler = Assembler::begin(head, BOUNDS).unwrap();
    let Ok(Step::More(assembler)) = assembler.take(messages.next().unwrap()) else { panic!() };
    let refusal = assembler.take(messages.next().unwrap()).unwrap_err();
    assert_eq!(refusal.known(), Some(Code::Malformed));
}

#[test]
fn values_that_do_not_merge_are_refused_naming_the_document() {
    let good = opening(&[5, 3 << 20]);
    let mut messages = series(&good);
    if let Message::OpenDocument(OpenDocument { root, .. }) = &mut messages[2] {
        *root = model::Blake3Digest::from_bytes([1; 32]);
    }
    let refusal = assemble(messages, BOUNDS).unwrap_err();
    assert_eq!(refusal.known(), Some(Code::ManifestBad));
    assert_eq!(refusal.documents(), [DocumentNumber(6)]);
}

#[test]
fn runs_of_values_are_full_at_every_edge() {
    let run = limits::OPEN_VALUES_MAX as u64;
    for pieces in [2, run - 1, run, run + 1, 2 * run, 2 * run + 1] {
        let good = opening(&[pieces << 20]);
        let sent = series(&good);
        assert_eq!(sent.len() as u64, 3 + pieces.div_ceil(run));
        assert_eq!(assemble(sent, BOUNDS), Ok(good));
    }
}

#[test]
fn the_largest_document_and_the_most_documents_can_be_opened() {
    let largest = opening(&[limits::DOCUMENT_BYTES_MAX]);
    assert_eq!(assemble(series(&largest), BOUNDS).map(|it| it.documents.len()), Ok(1));
    let most = opening(&vec![0; limits::SUBMISSION_DOCUMENTS_MAX]);
    let bounds = Bounds { documents_max: u32::MAX, ..BOUNDS };
    assert_eq!(assemble(series(&most), bounds), Ok(most));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn an_open_is_put_together_as_it_was(lengths in proptest::collection::vec(prop_oneof![0u64..9, 0u64..(9 << 20), 0u64..(3 << 30)], 1..12)) {
        let good = opening(&lengths);
        prop_assert_eq!(assemble(series(&good), BOUNDS), Ok(good));
    }

    #[test]
    fn any_order_of_messages_is_whole_or_refused(order in proptest::collection::vec(0usize..6, 0..12)) {
        let good = opening(&[5, 3 << 20, 0]);
        let sent = series(&good);
        let mut assembler = Assembler::begin(good.head.clone(), BOUNDS).unwrap();
        for at in order {
            match assembler.take(sent[at].clone()) {
                Ok(Step::More(more)) => assembler = more,
                Ok(Step::Whole(opening)) => { prop_assert_eq!(opening, good); break; }
                Err(_) => break,
            }
        }
    }
}
