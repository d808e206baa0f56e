//! Limits: each is a setting with a safe default, and meeting one is said by name and spoils nothing else.

use std::net::Ipv4Addr;
use std::time::Duration;

use certs::Typed;
use certs::enrolment::Status;
use client::wire::WireFailure;
use harness::files::{self, MIB};
use harness::scene::{BOOK, PERIOD, Scene};
use harness::{ByHand, Chance, Ended, Peer, Told, Visitor};
use model::{DisplayName, limits};
use protocol::field::DocumentNumber;
use protocol::message::{Books, OpenDocument, OpenHead, OpenValues};
use protocol::{CloseCode, Code, Values, frame};
use quinn::ConnectionError;

use crate::hostile::book_of;
use crate::many::memory;

impl Limited for Scene {
    /// Sets one value under `[limits]` and starts the gateway again.
    fn limit(&mut self, setting: &str) {
        let file = self.practice.folder.join("counterfoil.toml");
        let whole = String::from_utf8(files::read(&file)).unwrap();
        self.gateway.sigterm().expect(0);
        files::write(&file, whole.replace("[limits]\n", &format!("[limits]\n{setting}\n")).as_bytes());
        self.gateway.start();
    }
}

trait Limited {
    fn limit(&mut self, setting: &str);
}

#[test]
fn a_document_that_is_too_large_is_left_out_and_the_others_go() {
    let mut scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    scene.limit("document_bytes_max = \"2 MiB\"");
    let outbox = scene.path("outbox");
    files::write(&outbox.join("large.bin"), &files::bytes(61, 2 * MIB as usize + 1));
    files::write(&outbox.join("just.bin"), &files::bytes(62, 2 * MIB as usize));
    let sent = client.send(&[&outbox], BOOK, PERIOD).expect(3);
    assert_eq!(sent.only("withdrawn")["word"], "document-too-large", "{sent}");
    assert_eq!(sent.only("receipt")["documents"], 1);
    let list = bookkeeper.run(["list"]).expect(0);
    assert_eq!(list.rows("document")[0]["name"], "outbox/just.bin");
}

#[test]
fn what_a_device_may_send_in_a_day_ends_by_name() {
    for (setting, word) in [
        ("device_bytes_per_day_max = \"4 MiB\"", "quota-bytes"),
        ("device_documents_per_day_max = 2", "quota-documents"),
    ] {
        let mut scene = Scene::open();
        let (client, bookkeeper) = scene.people();
        scene.limit(setting);
        let document = |seed: u64| {
            files::write(&scene.path(&format!("{seed}.bin")), &files::bytes(seed, 2 * MIB as usize - 100))
        };
        client.send(&[&document(1)], BOOK, PERIOD).expect(0);
        client.send(&[&document(2)], BOOK, PERIOD).expect(0);
        client.send(&[&document(3)], BOOK, PERIOD).expect_failure(word, 14);
        // What is there is there, and another device goes on.
        assert_eq!(bookkeeper.run(["list"]).expect(0).rows("document").len(), 2);
        let other = scene.client("other", &[BOOK]);
        other.send(&[&document(4)], BOOK, PERIOD).expect(0);
    }
}

#[test]
fn unfinished_sendings_are_bounded_by_person() {
    let mut scene = Scene::behind_relay(63);
    let (client, _) = scene.people();
    scene.limit("uploads_open_max = 2");
    scene.practice.add_book("second");
    for at in 0..3 {
        let document = files::write(&scene.path(&format!("{at}.bin")), &files::bytes(at, 6 * MIB as usize));
        scene.relay().cut_after(2 * MIB);
        let words = harness::Companion::send_words(&[&document], BOOK, PERIOD);
        let sending = client.start(words);
        if at < 2 {
            scene.relay().wait_for_cut();
            sending.kill();
            scene.relay().mend();
        } else {
            let ran = sending.wait();
            assert_eq!((ran.failure(), ran.ended), (Some("too-many-uploads"), Ended::Code(14)), "{ran}");
        }
    }
    // One that ends makes room.
    scene.relay().mend();
    client.send(&[&scene.path("0.bin")], BOOK, PERIOD).expect(0);
    client.send(&[&scene.path("2.bin")], BOOK, PERIOD).expect(0);
}

#[test]
fn garbage_at_the_port_changes_nothing() {
    let mut scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut chance = Chance::new(64);
    for round in 0..4000u64 {
        let count = chance.below(1500) as usize;
        let mut datagram = chance.bytes(count);
        // Half of them begin like an Initial of QUIC version 1.
        if round % 2 == 0 && datagram.len() > 20 {
            datagram[..6].copy_from_slice(&[0xc0 | (round as u8 & 0x0f), 0, 0, 0, 1, 8]);
        }
        let _ = socket.send_to(&datagram, scene.gateway.address);
    }
    let document = files::write(&scene.path("a.pdf"), b"a");
    client.send(&[&document], BOOK, PERIOD).expect(0);
    assert_eq!(bookkeeper.fetch_new(&scene.path("inbox")).expect(0).files("fetched").len(), 1);
    let stopped = scene.gateway.sigterm().expect(0);
    assert!(!stopped.errors.contains("panicked"), "{stopped}");
}

#[test]
fn one_connection_too_many_of_a_device_ends_its_oldest() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let mut peers: Vec<Peer> = (0..limits::CONNECTIONS_PER_DEVICE_MAX).map(|_| Peer::of(&client)).collect();
    let usual = peers[0].ask(Books {});
    peers.push(Peer::of(&client));
    let oldest = peers.remove(0);
    harness::process::wait_until("the end of the oldest", || oldest.is_closed());
    let closed = match oldest.try_stream() {
        Err(WireFailure::Connection(ConnectionError::ApplicationClosed(close))) => close.error_code,
        _ => panic!("no word of why"),
    };
    assert_eq!(closed.into_inner(), u64::from(CloseCode::TooManyConnections.number()));
    for peer in &peers {
        assert_eq!(peer.ask(Books {}), usual);
    }
    // Another device is not touched.
    bookkeeper.run(["books"]).expect(0);
}

#[test]
fn too_many_requests_of_a_device_in_a_minute_are_refused_by_name() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let peer = Peer::of(&client);
    // Twice as many: a new minute may begin meanwhile.
    let asked = (0..2 * limits::DEVICE_REQUESTS_PER_MINUTE_MAX).map(|_| peer.ask(Books {}));
    let refusal = asked.filter_map(|answer| answer.refusal()).next().expect("a refusal");
    assert_eq!(refusal.known(), Some(Code::TooFast));
    assert_eq!(refusal.limit, Some(limits::DEVICE_REQUESTS_PER_MINUTE_MAX));
    assert!(refusal.retryable && refusal.retry_after_ms.is_some());
    assert!(!peer.is_closed());
    bookkeeper.run(["books"]).expect(0);
}

#[test]
fn half_requests_hold_up_nobody_else() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let peers: Vec<Peer> = (0..limits::CONNECTIONS_PER_DEVICE_MAX).map(|_| Peer::of(&client)).collect();
    // All the streams that there are, each with the beginning of a message and no more. One credit may be on its way:
    // QUIC does not tell of a single one.
    let half: Vec<_> = peers
        .iter()
        .flat_map(|peer| (1..limits::STREAMS_MAX).map(|_| peer.stream().raw(&[0, 0, 0x10, 0, 0xa1])))
        .collect();
    let document = files::write(&scene.path("a.pdf"), b"a");
    scene.client("other", &[BOOK]).send(&[&document], BOOK, PERIOD).expect(0);
    bookkeeper.fetch_new(&scene.path("inbox")).expect(0);
    // The device itself goes on over a new connection.
    client.run(["books"]).expect(0);
    drop(half);
}

#[test]
#[ignore = "it waits for half a minute, which is the limit"]
fn a_first_message_that_is_never_whole_is_refused_as_too_slow() {
    let scene = Scene::open();
    let (client, _) = scene.people();
    let peer = Peer::of(&client);
    let begun = std::time::Instant::now();
    let answer = peer.stream().raw(&[0, 0, 0x10, 0, 0xa1]).rest();
    assert_eq!(answer.code(), Some(Code::TooSlow));
    let within = Duration::from_secs(limits::REQUEST_SECONDS_MAX + 3);
    assert!(begun.elapsed() <= within, "{:?}", begun.elapsed());
    assert_eq!(peer.ask(Books {}).code(), None, "the connection goes on");
}

#[test]
fn half_opens_take_little_memory_of_the_gateway() {
    let mut scene = Scene::open();
    let (client, _) = scene.people();
    let other = scene.client("other", &[BOOK]);
    let small = files::write(&scene.path("a.pdf"), b"a");
    let peer = Peer::of(&client);
    let by_hand = ByHand::new(book_of(&peer), vec![b"x".to_vec()]);
    let named = &by_hand.documents[0];
    let document = |n: u32, length: u64| OpenDocument {
        n: DocumentNumber(n),
        salt: named.salt,
        name_key: named.name_key,
        name: DisplayName::parse(&"n".repeat(limits::NAME_BYTES_MAX)).unwrap(),
        media_type: named.media_type.clone(),
        length,
        root: named.manifest.root(),
    };
    // One document of which all but the last values come, and as many documents as there may be but one: what would
    // be refused is not yet known to be wrong.
    let length = limits::DOCUMENT_BYTES_MAX;
    let values = vec![model::ChainingValue::from_bytes([7; 32]); limits::OPEN_VALUES_MAX];
    let run = frame::encode(&OpenValues { values: Values::new(values).unwrap() }.into());
    let runs = usize::try_from(length / MIB).unwrap() / limits::OPEN_VALUES_MAX - 1;
    let large = [frame::encode(&document(0, length).into()), run.repeat(runs)].concat();
    let count = limits::SUBMISSION_DOCUMENTS_MAX as u32;
    let many = (0..count - 1).flat_map(|n| frame::encode(&document(n, 1).into())).collect::<Vec<u8>>();
    for (documents, bytes, series) in [(1, length, large), (count, u64::from(count), many)] {
        let head = OpenHead { documents, bytes, ..by_hand.head.clone() };
        let half: Vec<_> =
            (1..limits::STREAMS_MAX).map(|_| peer.stream().send(head.clone()).raw(&series)).collect();
        // Another device finds room.
        other.send(&[&small], BOOK, PERIOD).expect(0);
        let taken = memory(scene.gateway.running().id(), "VmRSS:") / MIB;
        drop(half);
        eprintln!("half opens of {documents} documents on all streams of a device: {taken} MiB");
        assert!(taken < 128, "{taken} MiB");
    }
    client.send(&[&small], BOOK, PERIOD).expect(0);
}

#[test]
fn who_has_no_certificate_is_given_no_stream() {
    let scene = Scene::open();
    let (client, _) = scene.people();
    let visitor = Visitor::come_without_certificate(&Peer::of(&client), scene.gateway.address).unwrap();
    assert!(!visitor.is_given_a_stream());
    assert_eq!(visitor.closed(), u64::from(CloseCode::NotAdmitted.number()));
    // RFC 8446 section 6.2: 120 is no_application_protocol.
    let Err(error) = Visitor::come_for(scene.gateway.address, b"h3") else { panic!("it speaks HTTP") };
    assert!(error.to_string().contains("120"), "{error}");
}

/// Changes the proof of the invitation's secret, which comes last.
pub(crate) fn spoilt(request: &mut [u8]) {
    *request.last_mut().unwrap() ^= 1;
}

/// Stays below what the door admits in a second.
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(1_100 / limits::ENROLMENTS_PER_SECOND_MAX));
}

/// Wrong proofs are counted in windows of ten minutes: the test needs some seconds of one.
pub(crate) fn wait_for_room_in_the_window() {
    let now = host::Clock::system().unix_ms() / 1000;
    let left = limits::PREFIX_PAUSE_SECONDS - now % limits::PREFIX_PAUSE_SECONDS;
    if left < 12 {
        std::thread::sleep(Duration::from_secs(left));
    }
}

#[test]
fn wrong_proofs_pause_an_address_and_lock_an_invitation() {
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    wait_for_room_in_the_window();
    let [tried, other] = ["tried", "other"].map(|name| scene.practice.invite("client", name, &[BOOK]).word);
    let typed = Typed::parse(&tried).unwrap();
    let at = scene.gateway.address;
    let come = |from| {
        pause();
        Visitor::come(from, at)
    };
    let wrong = Told::Replied(Status::WrongProof.code());
    let each = limits::PREFIX_WRONG_PROOFS_MAX;
    let prefixes = u8::try_from(limits::INVITATION_WRONG_PROOFS_MAX / each).unwrap();
    for prefix in 1..=prefixes {
        for host in 0..u8::try_from(each).unwrap() {
            assert_eq!(come(Ipv4Addr::new(127, 0, prefix, host + 1)).enrol(&typed, spoilt), wrong);
        }
        // The prefix pauses, also for the right proof and from another address of it; others do not.
        let visitor = come(Ipv4Addr::new(127, 0, prefix, 99));
        assert_eq!(visitor.enrol(&typed, |_| {}), Told::Refused(Some(Code::TooFast)));
    }
    // The invitation is locked, even to who knows it; another is not.
    pause();
    scene.stranger("tried").enrol(&tried).expect_failure("invitation-locked", 11);
    pause();
    scene.stranger("other").enrol(&other).expect(0);
    // A restart forgives nothing, and admins see it.
    scene.gateway.kill9();
    scene.gateway.start();
    scene.stranger("again").enrol(&tried).expect_failure("invitation-locked", 11);
    let ran = scene.practice.run(["invitations"]).expect(0);
    assert_eq!(ran.rows("invitation")[0]["state"], "locked", "{ran}");
}

/// `count` enrolments from addresses of one prefix, each with half a message and no more.
fn half_enrolments(scene: &Scene, prefix: usize, count: usize) -> Vec<(Visitor, quinn::SendStream)> {
    let come = |host: usize| {
        pause();
        let from = Ipv4Addr::new(127, 0, prefix as u8, host as u8 + 1);
        let visitor = Visitor::come(from, scene.gateway.address);
        let stream = visitor.half_a_hello();
        (visitor, stream)
    };
    (0..count).map(come).collect()
}

#[test]
fn half_enrolments_are_bounded_and_hold_up_no_device_that_is_enrolled() {
    let scene = Scene::open();
    let (client, _) = scene.people();
    let word = scene.practice.invite("client", "late", &[BOOK]).word;
    let (each, all) = (limits::ENROLMENTS_PER_PREFIX_MAX, limits::ENROLMENTS_MAX);
    let half: Vec<_> =
        (1..=all.div_ceil(each)).flat_map(|prefix| half_enrolments(&scene, prefix, each)).collect();
    client.run(["books"]).expect(0);
    let late = scene.stranger("late");
    late.enrol(&word).expect_failure("gateway-busy", 12);
    half.into_iter().for_each(|(visitor, _)| visitor.leave());
    pause();
    late.enrol(&word).expect(0);
}

#[test]
fn half_enrolments_from_one_network_hold_up_nobody_from_another() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let word = scene.practice.invite("client", "late", &[BOOK]).word;
    let half = half_enrolments(&scene, 1, limits::ENROLMENTS_PER_PREFIX_MAX);
    pause();
    let visitor = Visitor::come(Ipv4Addr::new(127, 0, 1, 99), scene.gateway.address);
    assert_eq!(visitor.enrol(&Typed::parse(&word).unwrap(), |_| {}), Told::Refused(Some(Code::Busy)));
    pause();
    scene.stranger("late").enrol(&word).expect(0);
    drop(half);
}

#[test]
fn silent_connections_to_the_enrolment_door_are_bounded_by_network() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let word = scene.practice.invite("client", "late", &[BOOK]).word;
    let come = || Visitor::come(Ipv4Addr::new(127, 0, 1, 1), scene.gateway.address);
    let silent: Vec<_> = (0..limits::ENROLMENT_CONNECTIONS_PER_PREFIX_MAX).map(|_| come()).collect();
    assert_eq!(come().closed(), u64::from(protocol::CloseCode::TooManyConnections.number()));
    scene.stranger("late").enrol(&word).expect(0);
    drop(silent);
}
