//! Goal: every message that the table allows comes through unchanged. Method: messages made at random, largest ones
//! first checked against the frame.

mod samples;

use counterfoil_protocol as protocol;
use model::{ChainingValue, DisplayName, PieceIndex, limits};
use proptest::prelude::*;
use protocol::field::{DocumentNumber, PieceBytes};
use protocol::message::*;
use protocol::{Bytes, Lease, List, Message, Runs, Text, Values, frame};

/// The largest of each message that has a list, text or bytes in it.
fn largest() -> Vec<Message> {
    let full = |max: usize| vec![0xff; max];
    let numbers = || List::new(vec![DocumentNumber(u32::MAX); limits::SUBMISSION_DOCUMENTS_MAX]).unwrap();
    let submission = samples::submission();
    let lease = Lease(u64::MAX);
    let values =
        || Values::new(vec![ChainingValue::from_bytes([0xff; 32]); limits::OPEN_VALUES_MAX]).unwrap();
    let mut all = vec![
        Refusal { versions: List::new(vec![u16::MAX; VERSIONS_MAX]).ok(), ..Refusal::absent() }
            .with_documents(vec![DocumentNumber(u32::MAX); 20_000])
            .with_limit(u64::MAX)
            .after_ms(u64::MAX)
            .into(),
        Run { bytes: Bytes::new(full(limits::RUN_BYTES_MAX)).unwrap() }.into(),
        OpenValues { values: values() }.into(),
        FetchValues { values: values() }.into(),
        Withdraw { submission, lease, documents: numbers() }.into(),
        Close { submission, lease, origin: Bytes::new(full(limits::STATEMENT_BYTES_MAX)).unwrap() }.into(),
        Take { statement: Bytes::new(full(limits::STATEMENT_BYTES_MAX)).unwrap() }.into(),
        Report { take: samples::digest(1), documents: numbers() }.into(),
        Office {
            request: Bytes::new(full(limits::OFFICE_REQUEST_BYTES_MAX)).unwrap(),
            code: Text::new("8".repeat(CODE_BYTES_MAX)).ok(),
            act: Some(samples::digest(1)),
        }
        .into(),
    ];
    for (message, _) in samples::messages() {
        if let Message::Welcome(welcome) = message {
            let record = || Bytes::new(full(ROOT_RECORD_BYTES_MAX)).unwrap();
            let records = (0..WELCOME_RECORDS_MAX).map(|_| record()).collect();
            let welcome = Welcome {
                person_name: Text::new("长".repeat(66)).unwrap(),
                practice_name: Text::new("长".repeat(66)).unwrap(),
                checkpoint: Bytes::new(full(CHECKPOINT_BYTES_MAX)).unwrap(),
                root_records: List::new(records).ok(),
                bundle: Bytes::new(full(BUNDLE_BYTES_MAX)).ok(),
                ..welcome
            };
            all.push(welcome.into());
        }
    }
    all
}

#[test]
fn the_largest_of_every_message_fits_in_a_frame() {
    for message in largest() {
        let bytes = frame::encode(&message);
        assert!(bytes.len() - frame::HEAD_BYTES <= limits::MESSAGE_BYTES_MAX, "{}", message.name());
        let mut decoder = frame::Decoder::new();
        decoder.feed(&bytes);
        assert_eq!(decoder.next(), Ok(Some(message)));
    }
}

#[test]
fn what_is_longer_than_its_bound_is_refused() {
    assert!(Bytes::<4>::new(*b"12345").is_err());
    assert!(Text::<4>::new("12345").is_err());
    assert_eq!(Text::<4>::cut("长长").as_str(), "长");
    assert!(List::<u16, 1>::new(vec![1, 2]).is_err());
    assert!(Values::new(Vec::new()).is_err());
    assert!(PieceBytes::new((1 << 20) + 1).is_err());
    // A run of one byte too many: {0: 4, 1: 61,441 bytes}.
    let mut run = b"\xa2\x00\x04\x01\x59\xf0\x01".to_vec();
    run.extend(vec![0; 61_441]);
    assert!(matches!(Message::from_bytes(&run), Err(protocol::WireError::Malformed { of: "Run", .. })));
}

#[test]
fn names_keys_and_bytes_do_not_reach_a_debug_line() {
    for (message, _) in samples::messages() {
        let line = format!("{message:?}");
        for secret in ["王芳", "发票", "某某", "0x55", "85, 85", "102, 102", "116, 97"] {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
}

#[test]
fn what_is_due_is_taken_out_and_a_refusal_is_heard() {
    let done = || Message::from(Done {});
    assert_eq!(done().due::<Done>(), Ok(Due::Here(Done {})));
    assert_eq!(Message::from(Refusal::absent()).due::<Done>(), Ok(Due::Refused(Refusal::absent())));
    let unexpected = protocol::WireError::Unexpected { wanted: "Welcome", got: "Done" };
    assert_eq!(done().due::<Welcome>().unwrap_err(), unexpected);
    assert!(Message::from(Refusal::absent()).only::<Done>().is_err());
}

fn any_message() -> impl Strategy<Value = Message> {
    let n = any::<u32>().prop_map(DocumentNumber);
    let index = (0u32..1 << 20).prop_map(PieceIndex);
    let lease = any::<u64>().prop_map(Lease);
    let refusal = (
        any::<u16>(),
        any::<bool>(),
        proptest::option::of(proptest::collection::vec(n.clone(), 0..50)),
        proptest::option::of(index.clone()),
        proptest::option::of(any::<u64>()),
        proptest::option::of(any::<u64>()),
    )
        .prop_map(|(code, retryable, documents, piece, retry_after_ms, limit)| {
            let documents = documents.map(|documents| List::new(documents).unwrap());
            Refusal { code, retryable, documents, piece, retry_after_ms, limit, versions: None }.into()
        });
    let document = ("[^\0]{1,200}", any::<u64>(), any::<[u8; 32]>(), any::<u32>()).prop_map(
        |(name, length, root, number)| {
            let name = DisplayName::parse(&name).unwrap();
            match samples::messages().into_iter().find(|(it, _)| it.name() == "OpenDocument") {
                Some((Message::OpenDocument(document), _)) => OpenDocument {
                    n: DocumentNumber(number),
                    name,
                    length,
                    root: model::Blake3Digest::from_bytes(root),
                    ..document
                }
                .into(),
                _ => unreachable!(),
            }
        },
    );
    let piece = (n, index, 0usize..=1 << 20)
        .prop_map(|(n, index, bytes)| PieceHead { n, index, bytes: PieceBytes::new(bytes).unwrap() }.into());
    let pieces = lease.prop_map(|lease| Pieces { submission: samples::submission(), lease }.into());
    prop_oneof![refusal, document, piece, pieces]
}

proptest! {
    #[test]
    fn any_message_is_read_back_as_written(message in any_message()) {
        let bytes = message.to_bytes();
        prop_assert_eq!(protocol::codec::check(&bytes), Ok(()));
        prop_assert_eq!(Message::from_bytes(&bytes), Ok(message));
    }

    #[test]
    fn any_bytes_after_a_known_number_never_panic(number in 0u8..64, rest in proptest::collection::vec(any::<u8>(), 0..120)) {
        let head = if number < 24 { vec![0xa4, 0, number] } else { vec![0xa4, 0, 0x18, number] };
        let body = [head, rest].concat();
        let _ = Message::from_bytes(&body);
        let _ = protocol::enrol::Message::from_bytes(&body);
    }

    #[test]
    fn any_pieces_are_said_in_runs(pieces in proptest::collection::btree_set(0u32..1 << 20, 0..200)) {
        let runs: Runs = pieces.iter().copied().map(PieceIndex).collect();
        let answer = protocol::record::OpenAnswer {
            lease: Lease(1),
            documents: List::new(vec![protocol::record::DocumentAnswer {
                n: DocumentNumber(1),
                has: protocol::record::Has::Pieces(runs),
            }]).unwrap(),
        };
        let bytes = protocol::codec::Map::to_bytes(&answer);
        prop_assert_eq!(protocol::codec::Map::from_bytes(&bytes), Ok(answer));
    }
}
