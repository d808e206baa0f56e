//! Going on: whatever ends in the middle, the same line goes on, and little is sent twice.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use harness::files::{self, MIB};
use harness::scene::{BOOK, PERIOD, Scene};
use harness::{Companion, Conditions, Ended, practice, process};
use rustix::process::Signal;

/// What may be sent again after anything ended in the middle.
const AGAIN_BYTES_MAX: u64 = 16 * MIB;

/// What QUIC adds to the content on the wire, generously.
const fn with_overhead(bytes: u64) -> u64 {
    bytes + bytes / 12 + 256 * 1024
}

struct Sending {
    scene: Scene,
    client: Companion,
    bookkeeper: Companion,
    document: PathBuf,
    content: Vec<u8>,
}

impl Sending {
    fn of(seed: u64, mib: u64) -> Self {
        let scene = Scene::behind_relay(seed);
        let (client, bookkeeper) = scene.people();
        let content = files::bytes(seed, (mib * MIB) as usize + 333);
        let document = files::write(&scene.path("scan.tif"), &content);
        Self { scene, client, bookkeeper, document, content }
    }

    fn start(&self) -> process::Running {
        self.client.start_send(&[&self.document], BOOK, PERIOD)
    }

    /// Exactly one receipt, and behind it the whole content.
    fn check(&self) {
        let receipts = self.client.run(["receipt", "list"]).expect(0);
        assert_eq!(receipts.rows("receipt").len(), 1, "{receipts}");
        let list = self.bookkeeper.run(["list"]).expect(0);
        assert_eq!(list.rows("document").len(), 1, "{list}");
        let ran = self.bookkeeper.fetch_new(&self.scene.path("inbox")).expect(0);
        let path = ran.only_file();
        assert!(files::read(&path) == self.content, "what was fetched is not what was sent");
    }
}

trait OnlyFile {
    fn only_file(&self) -> PathBuf;
}

impl OnlyFile for harness::Ran {
    fn only_file(&self) -> PathBuf {
        let files = self.files("fetched");
        assert_eq!(files.len(), 1, "{self}");
        files[0]["path"].as_str().unwrap().into()
    }
}

#[test]
fn the_same_line_goes_on_after_kill_9_of_the_companion() {
    let sending = Sending::of(11, 48);
    let relay = sending.scene.relay();
    let before = relay.passed_up();
    relay.cut_after(32 * MIB);
    let running = sending.start();
    relay.wait_for_cut();
    assert_eq!(running.kill().ended, Ended::Signal(9));
    relay.mend();
    let ran = sending.start().wait().expect(0);
    assert_eq!(ran.only("start")["resumed"], true, "{ran}");
    assert_eq!(ran.last("summary").unwrap()["resumed"], true, "{ran}");
    let passed = relay.passed_up() - before;
    let most = with_overhead(sending.content.len() as u64 + AGAIN_BYTES_MAX);
    assert!(passed <= most, "{passed} bytes passed, at most {most} were to");
    sending.check();
}

#[test]
fn a_sending_goes_on_by_itself_after_kill_9_of_the_gateway() {
    let mut sending = Sending::of(12, 48);
    let before = sending.scene.relay().passed_up();
    let running = sending.start();
    sending.scene.relay().wait_passed_up(before + 20 * MIB);
    sending.scene.gateway.kill9();
    sending.scene.gateway.start();
    let ran = running.wait().expect(0);
    let again = ran.last("summary").unwrap()["bytes_sent_again"].as_u64().unwrap();
    assert!(again <= AGAIN_BYTES_MAX, "{again} bytes were sent again\n{ran}");
    let passed = sending.scene.relay().passed_up() - before;
    // While the gateway was gone the companion may have filled its window once more.
    let most = with_overhead(sending.content.len() as u64 + AGAIN_BYTES_MAX);
    assert!(passed <= most, "{passed} bytes passed, at most {most} were to");
    sending.check();
}

#[test]
fn the_same_line_goes_on_after_both_were_killed() {
    let mut sending = Sending::of(13, 32);
    let relay = sending.scene.relay();
    relay.cut_after(12 * MIB);
    let running = sending.start();
    relay.wait_for_cut();
    relay.mend();
    running.kill();
    sending.scene.gateway.kill9();
    sending.scene.gateway.start();
    let ran = sending.start().wait().expect(0);
    assert_eq!(ran.only("start")["resumed"], true, "{ran}");
    sending.check();
}

#[test]
fn the_same_line_goes_on_after_ctrl_c() {
    let sending = Sending::of(14, 32);
    let relay = sending.scene.relay();
    relay.cut_after(12 * MIB);
    let mut running = sending.start();
    relay.wait_for_cut();
    running.signal(Signal::INT);
    running.wait().expect_failure("interrupted", 130);
    relay.mend();
    let ran = sending.start().wait().expect(0);
    assert_eq!(ran.only("start")["resumed"], true, "{ran}");
    sending.check();
}

#[test]
fn a_sending_goes_on_by_itself_when_the_line_comes_back() {
    let sending = Sending::of(15, 32);
    let relay = sending.scene.relay();
    relay.cut_after(8 * MIB);
    let running = sending.start();
    relay.wait_for_cut();
    std::thread::sleep(Duration::from_secs(3));
    relay.rebind();
    relay.mend();
    running.wait().expect(0);
    sending.check();
}

#[test]
fn who_does_not_want_to_wait_is_told_and_loses_nothing() {
    let sending = Sending::of(16, 24);
    let relay = sending.scene.relay();
    relay.cut_after(8 * MIB);
    let mut words = Companion::send_words(&[&sending.document], BOOK, PERIOD);
    words.extend(["--give-up-after".into(), "1".into()]);
    let running = sending.client.start(words);
    relay.wait_for_cut();
    let ran = running.wait().expect(12);
    assert_eq!(ran.last("error").unwrap()["retryable"], true, "{ran}");
    relay.mend();
    let ran = sending.start().wait().expect(0);
    assert_eq!(ran.only("start")["resumed"], true, "{ran}");
    sending.check();
}

#[test]
fn a_gateway_that_is_stopped_and_started_is_waited_for() {
    let mut sending = Sending::of(17, 32);
    let before = sending.scene.relay().passed_up();
    let running = sending.start();
    sending.scene.relay().wait_passed_up(before + 8 * MIB);
    sending.scene.gateway.sigterm().expect(0);
    sending.scene.gateway.start();
    running.wait().expect(0);
    sending.check();
}

#[test]
fn a_bad_line_costs_time_and_nothing_else() {
    let sending = Sending::of(18, 6);
    let relay = sending.scene.relay();
    relay.behave(Conditions {
        lost_per_mille: 20,
        doubled_per_mille: 20,
        delay: Duration::from_millis(5),
        jitter: Duration::from_millis(10),
        ..Conditions::default()
    });
    let before = relay.passed_up();
    let running = sending.start();
    relay.wait_passed_up(before + 2 * MIB);
    relay.rebind();
    running.wait().expect(0);
    sending.check();
}

#[test]
fn files_that_came_since_follow_in_a_submission_of_their_own() {
    let scene = Scene::behind_relay(19);
    let (client, bookkeeper) = scene.people();
    let outbox = scene.path("outbox");
    files::write(&outbox.join("first.bin"), &files::bytes(19, 16 * MIB as usize));
    scene.relay().cut_after(4 * MIB);
    let running = client.start_send(&[&outbox], BOOK, PERIOD);
    scene.relay().wait_for_cut();
    running.kill();
    files::write(&outbox.join("second.bin"), b"second");
    scene.relay().mend();
    let ran = client.send(&[&outbox], BOOK, PERIOD).expect(0);
    let starts: Vec<_> = ran.all("start").iter().map(|start| start["resumed"].as_bool().unwrap()).collect();
    assert_eq!(starts, [true, false], "{ran}");
    assert_eq!(ran.all("receipt").len(), 2, "{ran}");
    assert_eq!(bookkeeper.fetch_new(&scene.path("inbox")).expect(0).files("fetched").len(), 2);
}

#[test]
fn a_gateway_that_is_not_there_is_said_and_nothing_is_lost() {
    let mut scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let document = files::write(&scene.path("a.pdf"), b"a");
    scene.gateway.sigterm().expect(0);
    let mut words = Companion::send_words(&[&document], BOOK, PERIOD);
    words.extend(["--give-up-after".into(), "1".into()]);
    let ran = client.run(words).expect(12);
    assert_eq!(ran.last("error").unwrap()["retryable"], true, "{ran}");
    scene.gateway.start();
    client.send(&[&document], BOOK, PERIOD).expect(0);
    assert_eq!(bookkeeper.fetch_new(&scene.path("inbox")).expect(0).files("fetched").len(), 1);
}

#[test]
fn another_gateway_at_the_same_address_gets_nothing() {
    let mut scene = Scene::open();
    let (client, _bookkeeper) = scene.people();
    let document = files::write(&scene.path("a.pdf"), b"a");
    scene.gateway.sigterm().expect(0);
    let other = scene.path("other");
    std::fs::create_dir(&other).unwrap();
    let other = practice::Practice::init(&other, "别家", scene.practice.port);
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, scene.practice.port));
    let _impostor = harness::Gateway::run_at(&other, listen);
    let ran = client.send(&[&document], BOOK, PERIOD);
    assert_eq!(ran.failure(), Some("gateway-not-genuine"), "{ran}");
    assert_eq!(ran.ended, Ended::Code(11), "{ran}");
}
