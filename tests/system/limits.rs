//! Limits: each is a setting with a safe default, and meeting one is said by name and spoils nothing else.

use harness::files::{self, MIB};
use harness::scene::{BOOK, PERIOD, Scene};
use harness::{Chance, Ended};

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
