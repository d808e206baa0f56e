//! A hostile peer: an enrolled device that does not speak as the companion does. Whatever it says has a documented
//! answer, tells it nothing of others, and spoils nothing for them.

use client::take::{Take, Taken};
use harness::by_hand::{ByHand, drawn};
use harness::files::MIB;
use harness::peer::Answer;
use harness::scene::{BOOK, PERIOD, Scene};
use harness::{Companion, Peer, files};
use model::{BookId, PieceIndex, Sha256Digest, SubmissionId, limits};
use protocol::field::DocumentNumber;
use protocol::message::{
    Books, Close, Confirm, Content, Done, Fetch, GetReceipt, ListDocuments, Pieces, Report, Reported, Status,
    TakeAnswer, Which, Withdraw,
};
use protocol::record::BookList;
use protocol::{Bytes, Code, Lease, List, Refusal, frame, long, message};
use std::path::Path;

const OTHER: &str = "浦东书店";

/// A book of its own with everything that a person can have in it.
struct Victim {
    client: Peer,
    bookkeeper: Peer,
    book: BookId,
    accepted: ByHand,
    open: ByHand,
    lease: Lease,
    take: Take,
}

impl Victim {
    fn new(scene: &Scene) -> Self {
        let book = BookId::parse(&scene.practice.add_book(OTHER)).unwrap();
        let client = Peer::of(&scene.client("victim", &[OTHER]));
        let bookkeeper = Peer::of(&scene.bookkeeper("victim's bookkeeper", &[OTHER]));
        let accepted = ByHand::new(book, vec![b"secret".to_vec()]);
        let receipt = accepted.send_and_close(&client);
        assert_eq!(receipt.long().content, Content::Receipt, "{receipt:?}");
        let open = ByHand::new(book, vec![files::bytes(1, 3 * MIB as usize), b"small".to_vec()]);
        let lease = open.open(&client);
        let take = sign(&bookkeeper, book, vec![accepted.taken(1)]);
        assert_eq!(ask_take(&bookkeeper, &take).only::<TakeAnswer>().take, take.hash);
        Self { client, bookkeeper, book, accepted, open, lease, take }
    }

    /// Everything of the victim's is as it was, and goes on.
    fn goes_on(self) {
        let Self { client, bookkeeper, accepted, open, lease, take, .. } = self;
        assert_eq!(fetch(&bookkeeper, take.hash).closed, None);
        assert_ne!(fetch(&bookkeeper, take.hash).bytes, Vec::<u8>::new());
        let report = Report { take: take.hash, documents: numbers(&[1]) };
        bookkeeper.ask(report).only::<Reported>();
        assert_eq!(open.send_all(&client, lease).messages().len(), 4, "three pieces and one");
        assert_eq!(open.close(&client, lease).long().content, Content::Receipt);
        let asked = GetReceipt { submission: accepted.head.submission };
        assert_eq!(client.ask(asked).long().content, Content::Receipt);
    }
}

pub fn sign(peer: &Peer, book: BookId, documents: Vec<Taken>) -> Take {
    Take::sign(&peer.practice, &*peer.device.signer, book, Path::new("/nowhere"), documents).unwrap()
}

pub fn ask_take(peer: &Peer, take: &Take) -> Answer {
    let stream = peer.stream().send(message::Take { statement: Bytes::new(take.statement.clone()).unwrap() });
    long::Sender::new(Content::List, &take.list).fold(stream, |stream, message| stream.send(message)).end()
}

pub fn fetch(peer: &Peer, take: Sha256Digest) -> Answer {
    let n = DocumentNumber(1);
    peer.ask(Fetch { take, n, from: PieceIndex(0), count: None, manifest: false })
}

pub fn numbers(numbers: &[u32]) -> List<DocumentNumber, { limits::SUBMISSION_DOCUMENTS_MAX }> {
    List::new(numbers.iter().copied().map(DocumentNumber).collect()).unwrap()
}

pub fn list_of(book: BookId) -> ListDocuments {
    ListDocuments { book: Some(book), period: None, kind: None, which: Which::All, after: None }
}

pub fn absent() -> Vec<u8> {
    frame::encode(&Refusal::absent().into())
}

/// Somebody else's sending and fetching.
#[track_caller]
pub fn others_are_served(scene: &Scene, client: &Companion, bookkeeper: &Companion) {
    let document = files::write(&scene.path("after.pdf"), &drawn());
    client.send(&[&document], BOOK, PERIOD).expect(0);
    let inbox = scene.path("inbox after");
    bookkeeper.fetch_new(&inbox).expect(0);
    assert_eq!(files::tree(&inbox).keys().filter(|name| name.ends_with("after.pdf")).count(), 1);
}

/// The only book of a peer.
pub fn book_of(peer: &Peer) -> BookId {
    peer.ask(Books {}).record::<BookList>().books[0].book
}

/// The one answer: the same bytes for what is another's as for what never was.
#[track_caller]
fn is_absent(what: &str, foreign: &Answer, never: &Answer) {
    assert_eq!(foreign, never, "{what} tells another's from what never was");
    assert_eq!(foreign.bytes, absent(), "{what}: {foreign:?}");
}

#[test]
fn what_is_anothers_is_answered_as_what_never_was() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let victim = Victim::new(&scene);
    let never = SubmissionId::from_bytes(drawn());
    let nowhere = BookId::from_bytes(drawn());
    let no_take = Sha256Digest::from_bytes([7; 32]);
    let stranger = Peer::of(&scene.client("stranger", &[BOOK]));
    let colleague = Peer::of(&scene.bookkeeper("colleague", &[OTHER]));

    // Books: to who has other ones.
    is_absent("list", &stranger.ask(list_of(victim.book)), &stranger.ask(list_of(nowhere)));
    let status = |book| Status { book: Some(book), submission: None, after: None };
    is_absent("status", &stranger.ask(status(victim.book)), &stranger.ask(status(nowhere)));
    let open = |book| ByHand::new(book, vec![b"x".to_vec()]).ask_open(&stranger);
    is_absent("open", &open(victim.book), &open(nowhere));
    let take = |book, document| ask_take(&stranger, &sign(&stranger, book, vec![document]));
    is_absent("take", &take(victim.book, victim.accepted.taken(1)), &take(nowhere, victim.accepted.taken(1)));

    // Submissions and takes: to them, and to another person of the same book.
    for peer in [&stranger, &colleague] {
        for submission in [victim.accepted.head.submission, victim.open.head.submission] {
            let documents = || numbers(&[1]);
            let lease = victim.lease;
            let pieces = |submission| {
                let head = victim.open.piece_head(1, PieceIndex(0));
                let piece = victim.open.piece(1, PieceIndex(0));
                peer.stream().send(Pieces { submission, lease }).send(head).raw(piece).end()
            };
            is_absent("pieces", &pieces(submission), &pieces(never));
            let withdraw = |submission| peer.ask(Withdraw { submission, lease, documents: documents() });
            is_absent("withdraw", &withdraw(submission), &withdraw(never));
            let close = |submission| {
                let mut theirs = victim.open.clone();
                theirs.head.submission = submission;
                theirs.close(peer, lease)
            };
            is_absent("close", &close(submission), &close(never));
            let receipt = |submission| peer.ask(GetReceipt { submission });
            is_absent("receipt", &receipt(submission), &receipt(never));
        }
        is_absent("fetch", &fetch(peer, victim.take.hash), &fetch(peer, no_take));
        let report = |take| peer.ask(Report { take, documents: numbers(&[1]) });
        is_absent("report", &report(victim.take.hash), &report(no_take));
    }
    victim.goes_on();
}

#[test]
fn anothers_submission_id_is_a_free_one() {
    let scene = Scene::open();
    let own = BookId::parse(&scene.practice.add_book(BOOK)).unwrap();
    let victim = Victim::new(&scene);
    let stranger = Peer::of(&scene.client("stranger", &[BOOK]));
    // A status of one submission names none that is another's.
    let status = |submission| {
        stranger.ask(Status { book: None, submission: Some(submission), after: None }).long().bytes
    };
    let never = status(SubmissionId::from_bytes(drawn()));
    assert_eq!(status(victim.accepted.head.submission), never);
    assert_eq!(status(victim.open.head.submission), never);
    // Opened with another's id it is this person's own submission, and nothing of the other is in it: not even that
    // the same bytes are held, for they are in another book.
    let mut free = ByHand::new(own, vec![b"secret".to_vec()]);
    let answer = free.ask_open(&stranger);
    for submission in [victim.accepted.head.submission, victim.open.head.submission] {
        free.head.submission = submission;
        assert_eq!(free.ask_open(&stranger), answer);
    }
    // Nor does a document of one's own book become another's by naming it.
    let take = |submission| {
        let mut document = victim.accepted.taken(1);
        document.document.submission = submission;
        ask_take(&stranger, &sign(&stranger, own, vec![document]))
    };
    let foreign = take(victim.accepted.head.submission);
    assert_eq!(foreign.code(), Some(Code::Absent));
    assert_eq!(foreign, take(SubmissionId::from_bytes(drawn())));
    victim.goes_on();
}

/// A member of staff whose digits nobody has compared.
fn unconfirmed(scene: &Scene) -> Peer {
    let staff = scene.stranger("unconfirmed");
    staff.enrol(&scene.practice.invite("bookkeeper", "unconfirmed", &[BOOK]).word).expect(0);
    Peer::of(&staff)
}

#[test]
fn who_is_not_confirmed_is_told_so_and_nothing_else() {
    let scene = Scene::open();
    let book = BookId::parse(&scene.practice.add_book(BOOK)).unwrap();
    let sender = Peer::of(&scene.client("sender", &[BOOK]));
    let sent = ByHand::new(book, vec![b"a".to_vec()]);
    assert_eq!(sent.send_and_close(&sender).code(), None);
    let peer = unconfirmed(&scene);
    let submission = sent.head.submission;
    let take = sign(&peer, book, vec![sent.taken(1)]);
    for (what, answer) in [
        ("books", peer.ask(Books {})),
        ("list", peer.ask(list_of(book))),
        ("status", peer.ask(Status { book: None, submission: None, after: None })),
        ("receipt", peer.ask(GetReceipt { submission })),
        ("open", ByHand::new(book, vec![b"b".to_vec()]).ask_open(&peer)),
        ("take", ask_take(&peer, &take)),
        ("fetch", fetch(&peer, take.hash)),
        ("report", peer.ask(Report { take: take.hash, documents: numbers(&[1]) })),
    ] {
        assert_eq!(answer.only::<Refusal>(), Code::NotConfirmed.into(), "{what}");
    }
    // It can have no upload: what is said of one is absent.
    for (what, answer) in [
        ("pieces", sent.send_all(&peer, Lease(1))),
        ("withdraw", peer.ask(Withdraw { submission, lease: Lease(1), documents: numbers(&[1]) })),
        ("close", sent.close(&peer, Lease(1))),
    ] {
        assert!(matches!(answer.code(), Some(Code::NotConfirmed | Code::Absent)), "{what}: {answer:?}");
    }
}

#[test]
fn a_list_is_taken_in_only_from_who_may_close() {
    let scene = Scene::open();
    let book = BookId::parse(&scene.practice.add_book(BOOK)).unwrap();
    let peer = unconfirmed(&scene);
    let by_hand = ByHand::new(book, vec![b"a".to_vec()]);
    let origin = Bytes::new(by_hand.origin(&peer, &by_hand.list()).as_bytes()).unwrap();
    let answer = peer.ask(Close { submission: by_hand.head.submission, lease: Lease(1), origin });
    assert!(matches!(answer.code(), Some(Code::NotConfirmed | Code::Absent)), "{answer:?}");
}

#[test]
fn a_device_that_was_declined_is_told_nothing_more() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let peer = Peer::of(&scene.client("declines", &[BOOK]));
    let book = book_of(&peer);
    let by_hand = ByHand::new(book, vec![b"a".to_vec()]);
    let receipt = by_hand.send_and_close(&peer);
    assert_eq!(receipt.long().content, Content::Receipt);
    let open = ByHand::new(book, vec![b"b".to_vec()]);
    let lease = open.open(&peer);
    peer.ask(Confirm { accept: false }).only::<Done>();
    let refused = |what: &str, answer: Answer| {
        let is_refused =
            answer.closed.is_some() || matches!(answer.code(), Some(Code::Revoked | Code::Absent));
        assert!(is_refused, "{what}: {answer:?}");
    };
    refused("books", peer.ask(Books {}));
    refused("list", peer.ask(list_of(book)));
    refused("receipt", peer.ask(GetReceipt { submission: by_hand.head.submission }));
    refused("open", by_hand.ask_open(&peer));
    refused("another open", ByHand::new(book, vec![b"c".to_vec()]).ask_open(&peer));
    refused("pieces", open.send_all(&peer, lease));
    refused("close of what is open", open.close(&peer, lease));
    others_are_served(&scene, &client, &bookkeeper);
}

#[test]
fn a_close_again_by_a_device_that_was_declined_meanwhile_gets_no_receipt() {
    let scene = Scene::open();
    let book = BookId::parse(&scene.practice.add_book(BOOK)).unwrap();
    let peer = Peer::of(&scene.client("declines", &[BOOK]));
    let by_hand = ByHand::new(book, vec![b"a".to_vec()]);
    let lease = by_hand.open(&peer);
    by_hand.send_all(&peer, lease);
    assert_eq!(by_hand.close(&peer, lease).long().content, Content::Receipt);
    peer.ask(Confirm { accept: false }).only::<Done>();
    let answer = by_hand.close(&peer, lease);
    assert_eq!(answer.code(), Some(Code::Revoked), "{answer:?}");
}
