//! Statements that are not the device's own or not over what was sent: none is accepted, and nothing is lost by it.

use harness::by_hand::{ByHand, drawn};
use harness::scene::{BOOK, Scene};
use harness::{Peer, by_hand};
use model::{PieceIndex, Sha256Digest, SubmissionId};
use protocol::field::DocumentNumber;
use protocol::message::{Content, Fetch, GetReceipt, Report, Reported, TakeAnswer};
use protocol::{Code, Lease, Refusal};
use receipts::SubmissionList;

use crate::hostile::{absent, ask_take, book_of, fetch, numbers, others_are_served, sign};

/// A statement under the signature of another one.
fn with_signature_of(statement: &[u8], other: &[u8]) -> Vec<u8> {
    const SIGNATURE_BYTES: usize = 64; // the last member of a COSE_Sign1
    [&statement[..statement.len() - SIGNATURE_BYTES], &other[other.len() - SIGNATURE_BYTES..]].concat()
}

#[test]
fn a_close_without_its_own_origin_is_refused_and_the_upload_stays_open() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let (peer, other) = (Peer::of(&client), Peer::of(&scene.client("other", &[BOOK])));
    let book = book_of(&peer);
    let by_hand = ByHand::new(book, vec![b"first".to_vec(), b"second".to_vec()]);
    let lease = by_hand.open(&peer);
    by_hand.send_all(&peer, lease);
    let list = by_hand.list();
    let whole = by_hand.origin(&peer, &list);
    let close = |origin: &[u8], list: &[u8]| by_hand.close_with(&peer, lease, origin, list);
    let one_less = SubmissionList::new(list.lines()[..1].to_vec()).unwrap();
    let line = |change: &dyn Fn(&mut receipts::list::Line)| {
        let mut lines = list.lines().to_vec();
        change(&mut lines[1]);
        SubmissionList::new(lines).unwrap()
    };
    let mut flipped = whole.as_bytes().to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let mut another = by_hand.clone();
    another.head.submission = SubmissionId::from_bytes(drawn());
    let mut another_period = by_hand.clone();
    another_period.head.period = by_hand::period("2026-10");
    let take = sign(&peer, book, vec![by_hand.taken(1)]);
    let of_other = by_hand.origin(&other, &list);
    let by_other = with_signature_of(whole.as_bytes(), of_other.as_bytes());
    for (what, origin, sent) in [
        ("this one's, with another key's signature", &by_other[..], &list),
        ("another device's own", of_other.as_bytes(), &list),
        ("over another list", by_hand.origin(&peer, &one_less).as_bytes(), &list),
        ("over the list, with another sent", whole.as_bytes(), &one_less),
        ("of another submission", another.origin(&peer, &list).as_bytes(), &list),
        ("for another period", another_period.origin(&peer, &list).as_bytes(), &list),
        ("with a bit changed", &flipped, &list),
        ("half", &whole.as_bytes()[..whole.as_bytes().len() / 2], &list),
        ("nothing", &[], &list),
        ("a take", &take.statement, &list),
    ] {
        let answer = close(origin, sent.as_bytes());
        assert_eq!(answer.code(), Some(Code::OriginBad), "{what}: {answer:?}");
    }
    // Lists that say another thing than what was opened or what arrived.
    let signed = |list: &SubmissionList| close(by_hand.origin(&peer, list).as_bytes(), list.as_bytes());
    let code = |change: &dyn Fn(&mut receipts::list::Line)| signed(&line(change)).code();
    assert_eq!(code(&|line| line.salt = [0; 16]), Some(Code::OriginBad));
    assert_eq!(code(&|line| line.size += 1), Some(Code::OriginBad));
    assert_eq!(code(&|line| line.name = Sha256Digest::from_bytes([0; 32])), Some(Code::OriginBad));
    assert_eq!(code(&|line| line.class = model::Class::Public), Some(Code::OriginBad));
    assert_eq!(code(&|line| line.n = 3), Some(Code::OriginBad));
    assert_eq!(signed(&one_less).code(), Some(Code::NotComplete));
    let held = receipts::list::DocumentRef { submission: by_hand.head.submission, n: 1 };
    assert_eq!(code(&|line| line.held = Some(held)), Some(Code::HeldGone));
    let differs = signed(&line(&|line| line.sha256 = Sha256Digest::from_bytes([9; 32])));
    assert_eq!(
        differs.only::<Refusal>(),
        Refusal::new(Code::DigestsDiffer).with_documents([DocumentNumber(2)])
    );
    assert_eq!(close(whole.as_bytes(), b"no list").code(), Some(Code::OriginBad));
    assert_eq!(close(whole.as_bytes(), b"").code(), Some(Code::OriginBad));
    for old in [Lease(0), Lease(u64::MAX)] {
        assert_eq!(by_hand.close(&peer, old).code(), Some(Code::LeaseLost));
    }
    // After all of that it is open, and is closed as it should be; then every close has the same receipt.
    let receipt = by_hand.close(&peer, lease);
    assert_eq!(receipt.long().content, Content::Receipt);
    assert_eq!(close(&by_other, b"no list"), receipt, "whatever origin it carries");
    assert_eq!(by_hand.ask_open(&peer), receipt);
    assert_eq!(peer.ask(GetReceipt { submission: by_hand.head.submission }), receipt);
    others_are_served(&scene, &client, &bookkeeper);
}

#[test]
fn a_take_that_is_not_ones_own_is_refused() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let sender = Peer::of(&client);
    let book = book_of(&sender);
    let by_hand = ByHand::new(book, vec![b"first".to_vec(), b"second".to_vec()]);
    assert_eq!(by_hand.send_and_close(&sender).long().content, Content::Receipt);
    let peer = Peer::of(&bookkeeper);
    let good = sign(&peer, book, vec![by_hand.taken(1), by_hand.taken(2)]);
    let with = |statement: &[u8], list: &[u8]| {
        let mut take = sign(&peer, book, vec![by_hand.taken(1)]);
        (take.statement, take.list) = (statement.to_vec(), list.to_vec());
        ask_take(&peer, &take)
    };
    let mut flipped = good.statement.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let of_other = sign(&sender, book, vec![by_hand.taken(1)]);
    let by_other = with_signature_of(&good.statement, &of_other.statement);
    let one = sign(&peer, book, vec![by_hand.taken(1)]);
    let origin = by_hand.origin(&peer, &by_hand.list());
    for (what, statement, list) in [
        ("this one's, with another key's signature", &by_other[..], &good.list[..]),
        ("another device's own", &of_other.statement, &of_other.list),
        ("over another list", &good.statement, &one.list),
        ("with a bit changed", &flipped, &good.list),
        ("nothing", &[], &good.list),
        ("an origin", origin.as_bytes(), by_hand.list().as_bytes()),
        ("no list", &good.statement, b"no list"),
        ("an empty list", &good.statement, b""),
    ] {
        let answer = with(statement, list);
        assert_eq!(answer.code(), Some(Code::TakeBad), "{what}: {answer:?}");
    }
    let mut wrong = by_hand.taken(2);
    wrong.sha256 = Sha256Digest::from_bytes([9; 32]);
    let answer = ask_take(&peer, &sign(&peer, book, vec![by_hand.taken(1), wrong]));
    assert_eq!(answer.only::<Refusal>(), Refusal::absent().with_documents([DocumentNumber(2)]));
    // Nothing was released by any of them.
    for take in [&of_other, &one, &good] {
        assert_eq!(fetch(&peer, take.hash).bytes, absent());
    }
    // The good one releases what it names to this device, and to no other of the same book.
    assert_eq!(ask_take(&peer, &good).only::<TakeAnswer>().take, good.hash);
    assert_eq!(fetch(&sender, good.hash).bytes, absent());
    assert!(fetch(&peer, good.hash).bytes.ends_with(b"first"));
    for (n, from) in [(3, 0), (1, 1), (0, 0), (u32::MAX, 0)] {
        let fetch = Fetch {
            take: good.hash,
            n: DocumentNumber(n),
            from: PieceIndex(from),
            count: None,
            manifest: true,
        };
        assert_eq!(peer.ask(fetch).bytes, absent(), "document {n}, piece {from}");
    }
    let report = |documents: &[u32]| peer.ask(Report { take: good.hash, documents: numbers(documents) });
    assert_eq!(report(&[1, 3]).bytes, absent(), "one that is not in it spoils the whole report");
    assert_eq!(report(&[]).code(), Some(Code::Empty));
    let first = report(&[1]).only::<Reported>();
    assert_eq!(report(&[1, 1]).only::<Reported>(), first, "the same report, the same answer");
    others_are_served(&scene, &client, &bookkeeper);
}
