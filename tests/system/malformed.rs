//! What is no request, or one out of order: each has its documented refusal, on a connection that goes on, from a
//! gateway that serves the others.

use harness::by_hand::{ByHand, drawn, raw_bytes};
use harness::files::MIB;
use harness::scene::Scene;
use harness::{Peer, by_hand, files};
use model::{PieceIndex, Sha256Digest, limits};
use protocol::field::DocumentNumber;
use protocol::message::{
    Books, Close, Content, Done, Hello, ListDocuments, LongHead, OpenDocument, OpenEnd, OpenHead, OpenValues,
    PieceAck, PieceHead, Reported, Run, Status, Which, Withdraw,
};
use protocol::record::{BookList, Has, OpenAnswer};
use protocol::{Bytes, Code, Lease, List, Message, Refusal, Text, Values, frame, message};

use crate::hostile::{book_of, numbers, others_are_served, sign};

/// What a broken first message comes to.
fn broken_requests() -> Vec<(&'static str, Vec<u8>, Code)> {
    let frame_of = |body: &[u8]| [&(body.len() as u32).to_be_bytes()[..], body].concat();
    let good = frame::encode(&Books {}.into());
    let of = |message: Message| frame::encode(&message);
    let n = DocumentNumber(1);
    let mut broken = vec![
        ("nothing", Vec::new(), Code::Malformed),
        ("half a head", vec![0, 0], Code::Malformed),
        ("a head alone", vec![0, 0, 0, 9], Code::Malformed),
        ("half a message", good[..good.len() - 1].to_vec(), Code::Malformed),
        ("an empty message", frame_of(&[]), Code::Malformed),
        (
            "one byte more than a message",
            (limits::MESSAGE_BYTES_MAX as u32 + 1).to_be_bytes().to_vec(),
            Code::TooLong,
        ),
        ("four gigabytes", vec![0xff; 4], Code::TooLong),
        ("no CBOR", frame_of(&[0xff; 40]), Code::Malformed),
        ("no number", frame_of(&[0xa0]), Code::Malformed),
        ("an unknown message", frame_of(&[0xa1, 0x00, 0x18, 0xc8]), Code::UnknownMessage),
        (
            "an unknown message of 64 bits",
            frame_of(&[0xa1, 0, 0x1b, 255, 255, 255, 255, 255, 255, 255, 255]),
            Code::UnknownMessage,
        ),
        ("bytes after the message", frame_of(&[0xa1, 0x00, 0x0a, 0x00]), Code::Malformed),
        ("a long head of a number", frame_of(&[0xa1, 0x00, 0x18, 0x0a]), Code::Malformed),
        ("a map without end", frame_of(&[0xbf, 0x00, 0x0a, 0xff]), Code::Malformed),
        ("a key twice", frame_of(&[0xa2, 0x00, 0x0a, 0x00, 0x0a]), Code::Malformed),
        (
            "a map that says it has four billion members",
            frame_of(&[0xba, 0xff, 0xff, 0xff, 0xff, 0x00, 0x0a]),
            Code::Malformed,
        ),
        (
            "deeper than eight levels",
            frame_of(&[&[0xa2, 0x00, 0x0a, 0x18, 0x63][..], &[0x81; 40], &[0x00]].concat()),
            Code::Malformed,
        ),
        ("a member that is missing", frame_of(&[0xa1, 0x00, 0x18, 0x19]), Code::Malformed),
        (
            "a submission of 15 bytes",
            frame_of(&[&[0xa2, 0x00, 0x18, 0x19, 0x01, 0x4f][..], &[0; 15]].concat()),
            Code::Malformed,
        ),
    ];
    let out_of_place: [(&'static str, Message); 9] = [
        ("done", Done {}.into()),
        ("a refusal", Refusal::absent().into()),
        (
            "a long head",
            LongHead { content: Content::List, bytes: 1, sha256: Sha256Digest::from_bytes([0; 32]) }.into(),
        ),
        ("a run", Run { bytes: Bytes::new(b"x".to_vec()).unwrap() }.into()),
        ("an end of an open", OpenEnd {}.into()),
        (
            "values",
            OpenValues { values: Values::new(vec![model::ChainingValue::from_bytes([1; 32])]).unwrap() }
                .into(),
        ),
        ("a piece", PieceHead { n, index: PieceIndex(0), bytes: raw_bytes(0) }.into()),
        ("an acknowledgement", PieceAck { n, index: PieceIndex(0) }.into()),
        ("a handover", Reported { handover: Sha256Digest::from_bytes([0; 32]) }.into()),
    ];
    broken.extend(out_of_place.map(|(what, message)| (what, of(message), Code::NotNow)));
    broken
}

/// What a broken message is refused with: its code, and the bound where there is one.
fn expected(code: Code) -> Refusal {
    match code {
        Code::TooLong => Refusal::new(code).with_limit(limits::MESSAGE_BYTES_MAX as u64),
        _ => code.into(),
    }
}

#[test]
fn a_broken_request_has_its_code_and_the_connection_goes_on() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let peer = Peer::of(&client);
    let usual = peer.ask(Books {});
    assert_eq!(usual.record::<BookList>().books.len(), 1);
    for (what, bytes, code) in broken_requests() {
        let answer = peer.say(&bytes);
        assert_eq!(answer.only::<Refusal>(), expected(code), "{what}");
        assert_eq!(peer.ask(Books {}), usual, "after {what}");
    }
    // A refusal comes at once where the head alone says enough: the rest is not waited for.
    let answer = peer.stream().raw(&[0xff; 4]).rest();
    assert_eq!(answer.code(), Some(Code::TooLong));
    // What follows a request that needs no more is not a second one.
    let twice = [frame::encode(&Books {}.into()), frame::encode(&Books {}.into())].concat();
    assert_eq!(peer.say(&twice), usual);
    // No version in common: ours are named.
    let hello = Hello {
        versions: List::new(vec![9, 8]).unwrap(),
        software: Text::new("hostile/1").unwrap(),
        root_record: u32::MAX,
        bundle: Some(u32::MAX),
        platform: None,
        key_store: None,
    };
    let refusal = peer.ask(hello).only::<Refusal>();
    assert_eq!(refusal.known(), Some(Code::Unsupported));
    assert_eq!(refusal.versions.map(List::into_vec), Some(protocol::VERSIONS.to_vec()));
    // Cursors that nobody gave.
    for after in [vec![], vec![0; 3], vec![0xff; 64]] {
        let after = Some(Bytes::new(after).unwrap());
        let list =
            ListDocuments { book: None, period: None, kind: None, which: Which::New, after: after.clone() };
        let status = Status { book: None, submission: None, after };
        assert_eq!(peer.ask(list).code(), Some(Code::Malformed));
        assert_eq!(peer.ask(status).code(), Some(Code::Malformed));
    }
    assert!(!peer.is_closed());
    others_are_served(&scene, &client, &bookkeeper);
}

#[test]
fn an_open_out_of_order_or_beyond_its_bounds_leaves_nothing() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let peer = Peer::of(&client);
    let book = book_of(&peer);
    let by_hand = ByHand::new(book, vec![files::bytes(2, 2 * MIB as usize + 5), b"b".to_vec()]);
    let whole: Vec<Message> = protocol::open::messages(&by_hand.head, &by_hand.documents).collect();
    let [head, large, values, small, end] = <[Message; 5]>::try_from(whole).unwrap();
    let changed = |change: &dyn Fn(&mut OpenHead)| {
        let mut changed = by_hand.head.clone();
        change(&mut changed);
        Message::from(changed)
    };
    let document = |change: &dyn Fn(&mut OpenDocument)| {
        let Message::OpenDocument(mut changed) = large.clone() else { panic!("a document") };
        change(&mut changed);
        Message::from(changed)
    };
    let value = |seed: u8| model::ChainingValue::from_bytes([seed; 32]);
    let wrong = |count: u8| {
        Message::from(OpenValues { values: Values::new((0..count).map(value).collect()).unwrap() })
    };
    let m = |messages: &[&Message]| messages.iter().map(|message| (*message).clone()).collect::<Vec<_>>();
    let cases: Vec<(&str, Vec<Message>, Code)> = vec![
        ("an end too early", m(&[&head, &end]), Code::Malformed),
        ("an end before the values", m(&[&head, &large, &end]), Code::Malformed),
        ("the end of the stream", m(&[&head, &large, &values, &small]), Code::Malformed),
        ("values before their document", m(&[&head, &values]), Code::Malformed),
        (
            "values after a document that has none",
            m(&[&head, &large, &values, &small, &wrong(1)]),
            Code::Malformed,
        ),
        ("too few values", m(&[&head, &large, &wrong(2)]), Code::Malformed),
        ("too many values", m(&[&head, &large, &wrong(4)]), Code::Malformed),
        ("values that do not merge", m(&[&head, &large, &wrong(3)]), Code::ManifestBad),
        ("numbers that fall", m(&[&head, &small, &large]), Code::Malformed),
        ("a number twice", m(&[&head, &small, &small]), Code::Malformed),
        (
            "a document more than announced",
            m(&[&changed(&|head| head.documents = 1), &large, &values, &small]),
            Code::Malformed,
        ),
        ("bytes more than announced", m(&[&changed(&|head| head.bytes = 5), &large]), Code::Malformed),
        (
            "bytes fewer than announced",
            m(&[&changed(&|head| head.bytes += 1), &large, &values, &small, &end]),
            Code::Malformed,
        ),
        ("no documents", m(&[&changed(&|head| head.documents = 0)]), Code::Empty),
        ("too many documents", m(&[&changed(&|head| head.documents = 10_001)]), Code::TooManyDocuments),
        ("four billion documents", m(&[&changed(&|head| head.documents = u32::MAX)]), Code::TooManyDocuments),
        ("too many bytes", m(&[&changed(&|head| head.bytes = u64::MAX)]), Code::TooLarge),
        (
            "a document that is too large",
            m(&[&head, &document(&|document| document.length = limits::DOCUMENT_BYTES_MAX + 1)]),
            Code::TooLarge,
        ),
        ("a second head", m(&[&head, &head]), Code::NotNow),
        ("another request within", m(&[&head, &large, &Books {}.into()]), Code::NotNow),
        ("a piece within", m(&[&head, &by_hand.piece_head(1, PieceIndex(0)).into()]), Code::NotNow),
    ];
    let status = Status { book: None, submission: None, after: None };
    let before = peer.ask(status.clone());
    for (what, messages, code) in cases {
        let answer = messages.into_iter().fold(peer.stream(), |stream, message| stream.send(message)).end();
        assert_eq!(answer.code(), Some(code), "{what}: {answer:?}");
        assert_eq!(peer.ask(status.clone()), before, "{what} left something");
    }
    // What was cut off half-way can be opened as it should be; then it can not be opened as another.
    let lease = by_hand.open(&peer);
    for change in [
        (&|head: &mut OpenHead| head.class = model::Class::Public) as &dyn Fn(&mut OpenHead),
        &|head| head.period = by_hand::period("2026-10"),
        &|head| head.kind = model::Kind::Contract,
    ] {
        let mut other = by_hand.clone();
        change(&mut other.head);
        assert_eq!(other.ask_open(&peer).code(), Some(Code::SubmissionDiffers));
    }
    let mut other = by_hand.clone();
    other.documents[1].salt = protocol::Salt::from_bytes(drawn());
    assert_eq!(other.ask_open(&peer).code(), Some(Code::SubmissionDiffers));
    assert_eq!(by_hand.send_all(&peer, lease).messages().len(), 4);
    assert_eq!(by_hand.close(&peer, lease).long().content, Content::Receipt);
    others_are_served(&scene, &client, &bookkeeper);
}

#[test]
fn a_piece_that_is_not_the_one_is_refused_and_the_others_stand() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let peer = Peer::of(&client);
    let book = book_of(&peer);
    let by_hand = ByHand::new(book, vec![files::bytes(3, 2 * MIB as usize + 5), b"b".to_vec()]);
    let lease = by_hand.open(&peer);
    let mib = MIB as usize;
    let (zero, one, two) = (PieceIndex(0), PieceIndex(1), PieceIndex(2));
    let send =
        |head: PieceHead, bytes: &[u8]| peer.stream().send(by_hand.pieces(lease)).send(head).raw(bytes).end();
    let head = |n: u32, index: PieceIndex, bytes: usize| PieceHead {
        n: DocumentNumber(n),
        index,
        bytes: raw_bytes(bytes),
    };
    let mut flipped = by_hand.piece(1, zero).to_vec();
    flipped[mib / 2] ^= 1;
    let bad = |n: u32, index: PieceIndex| Refusal::new(Code::PieceBad).with_piece(DocumentNumber(n), index);
    for (what, head, bytes, refusal) in [
        ("a bit is another", head(1, zero, mib), &flipped[..], bad(1, zero)),
        ("the bytes of another piece", head(1, one, mib), by_hand.piece(1, zero), bad(1, one)),
        ("a piece in the last one's place", head(1, two, mib), by_hand.piece(1, zero), bad(1, two)),
        ("a short piece", head(1, zero, 5), by_hand.piece(1, two), bad(1, zero)),
        ("an empty piece", head(1, zero, 0), &[], bad(1, zero)),
        ("a piece beyond the end", head(1, PieceIndex(3), 5), by_hand.piece(1, two), bad(1, PieceIndex(3))),
        (
            "a piece far beyond",
            head(1, PieceIndex((1 << 20) - 1), 5),
            by_hand.piece(1, two),
            bad(1, PieceIndex((1 << 20) - 1)),
        ),
        ("a document that is not there", head(3, zero, 1), b"b", Code::NotNow.into()),
        ("half a piece", head(1, zero, mib), &flipped[..mib / 2], Code::Malformed.into()),
    ] {
        assert_eq!(send(head, bytes).only::<Refusal>(), refusal, "{what}");
    }
    // More bytes than a piece has can not even be announced.
    let mut head = frame::encode(&by_hand.piece_head(1, zero).into());
    let at = head.len() - 4;
    assert_eq!(head[at..], [0x00, 0x10, 0x00, 0x00], "the length is the last member");
    head[at + 3] = 1;
    let answer = peer.stream().send(by_hand.pieces(lease)).raw(&head).end();
    assert_eq!(answer.code(), Some(Code::Malformed));
    // Other messages where a piece is due.
    for message in [Message::from(by_hand.pieces(lease)), Books {}.into(), OpenEnd {}.into()] {
        let answer = peer.stream().send(by_hand.pieces(lease)).send(message).end();
        assert_eq!(answer.code(), Some(Code::Malformed));
    }
    // Good ones before a bad one stand and are acknowledged before the refusal; sent again they are acknowledged again,
    // and another in the same place is refused.
    let answer = peer
        .stream()
        .send(by_hand.pieces(lease))
        .send(by_hand.piece_head(1, zero))
        .raw(by_hand.piece(1, zero))
        .send(by_hand.piece_head(2, zero))
        .raw(b"c")
        .end();
    let acknowledged = PieceAck { n: DocumentNumber(1), index: zero };
    assert_eq!(answer.messages(), [acknowledged.into(), bad(2, zero).into()]);
    let again = send(by_hand.piece_head(1, zero), by_hand.piece(1, zero));
    assert_eq!(again.only::<PieceAck>().index, zero);
    let held = by_hand.ask_open(&peer).record::<OpenAnswer>();
    assert_eq!(held.documents[0].has, Has::Pieces([zero].into_iter().collect()));
    let lease = held.lease;
    let send =
        |head: PieceHead, bytes: &[u8]| peer.stream().send(by_hand.pieces(lease)).send(head).raw(bytes).end();
    assert_eq!(send(by_hand.piece_head(1, zero), &flipped).only::<Refusal>(), bad(1, zero));
    // A lease that was never given, and one that is over.
    for old in [Lease(0), Lease(lease.0 + 1), Lease(u64::MAX)] {
        let answer = by_hand.send_all(&peer, old);
        assert_eq!(answer.code(), Some(Code::LeaseLost), "{old:?}: {answer:?}");
        let withdraw = Withdraw { submission: by_hand.head.submission, lease: old, documents: numbers(&[2]) };
        assert_eq!(peer.ask(withdraw).code(), Some(Code::LeaseLost));
    }
    let newer = by_hand.open(&peer);
    assert_eq!(by_hand.send_all(&peer, lease).code(), Some(Code::LeaseLost));
    assert_eq!(by_hand.close(&peer, newer).code(), Some(Code::NotComplete));
    let withdraw = |documents: &[u32]| {
        peer.ask(Withdraw {
            submission: by_hand.head.submission,
            lease: newer,
            documents: numbers(documents),
        })
    };
    assert_eq!(withdraw(&[7]).code(), Some(Code::NotNow));
    assert_eq!(by_hand.send_all(&peer, newer).messages().len(), 4);
    assert_eq!(by_hand.close(&peer, newer).long().content, Content::Receipt);
    others_are_served(&scene, &client, &bookkeeper);
}

#[test]
fn what_is_announced_in_runs_is_bounded_and_checked() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let peer = Peer::of(&client);
    let book = book_of(&peer);
    let by_hand = ByHand::new(book, vec![b"a".to_vec()]);
    let lease = by_hand.open(&peer);
    by_hand.send_all(&peer, lease);
    let list = by_hand.list();
    let origin = by_hand.origin(&peer, &list);
    let close = Close {
        submission: by_hand.head.submission,
        lease,
        origin: Bytes::new(origin.as_bytes().to_vec()).unwrap(),
    };
    let take = sign(&peer, book, vec![by_hand.taken(1)]);
    let take = message::Take { statement: Bytes::new(take.statement).unwrap() };
    let sha256 = Sha256Digest::from_bytes([0; 32]);
    let head = |content, bytes: u64| Message::from(LongHead { content, bytes, sha256 });
    let run = |bytes: usize| Message::from(Run { bytes: Bytes::new(vec![b'x'; bytes]).unwrap() });
    let list_max = limits::LIST_BYTES_MAX as u64;
    let cases: Vec<(&str, Vec<Message>, Refusal)> = vec![
        (
            "one byte more than a list",
            vec![head(Content::List, list_max + 1)],
            Refusal::new(Code::TooLong).with_limit(list_max),
        ),
        (
            "all the bytes there are",
            vec![head(Content::List, u64::MAX)],
            Refusal::new(Code::TooLong).with_limit(list_max),
        ),
        ("a receipt", vec![head(Content::Receipt, 3), run(3)], Code::Malformed.into()),
        ("other bytes than announced", vec![head(Content::List, 3), run(3)], Code::Malformed.into()),
        ("a run that is longer", vec![head(Content::List, 3), run(4)], Code::Malformed.into()),
        ("a run that is shorter", vec![head(Content::List, 3), run(2)], Code::Malformed.into()),
        ("an empty run", vec![head(Content::List, 3), run(0)], Code::Malformed.into()),
        ("a run before its head", vec![run(3)], Code::Malformed.into()),
        ("a second head", vec![head(Content::List, 3), head(Content::List, 3)], Code::Malformed.into()),
        ("an end before the runs", vec![head(Content::List, 3)], Code::Malformed.into()),
        ("no list at all", vec![], Code::Malformed.into()),
        ("another request", vec![Books {}.into()], Code::Malformed.into()),
    ];
    for (what, messages, refusal) in cases {
        for first in [Message::from(close.clone()), take.clone().into()] {
            let stream = peer.stream().send(first);
            let answer = messages.iter().cloned().fold(stream, |stream, message| stream.send(message)).end();
            let code = refusal.known();
            assert_eq!(answer.code(), code, "{what}: {answer:?}");
            assert_eq!(answer.only::<Refusal>(), refusal, "{what}");
        }
    }
    // A run may not be longer than runs are, however its frame says so.
    let body =
        [&[0xa2, 0x00, 0x04, 0x01, 0x59, 0xf0, 0x01][..], &vec![b'x'; limits::RUN_BYTES_MAX + 1]].concat();
    let framed = [&(body.len() as u32).to_be_bytes()[..], &body].concat();
    let answer = peer.stream().send(close).send(head(Content::List, list_max)).raw(&framed).end();
    assert_eq!(answer.code(), Some(Code::Malformed));
    assert_eq!(by_hand.close(&peer, lease).long().content, Content::Receipt);
    others_are_served(&scene, &client, &bookkeeper);
}
