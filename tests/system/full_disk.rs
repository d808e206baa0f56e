//! A disk that is full: the gateway takes nothing in and says so, loses nothing, and goes on when there is room.

use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::files::{self, MIB};
use harness::power::Image;
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{ByHand, Companion, Conditions, Ended, Peer, process, skipped};

use protocol::Code;
use protocol::message::Content;

use crate::hostile::book_of;

const IMAGE_BYTES: u64 = 160 * MIB;
const BYTES_PER_SECOND: u64 = 16 * MIB;

/// An image for a practice, or why there is none.
fn image(place: &Path) -> Option<Image> {
    match Image::open(place, IMAGE_BYTES) {
        Ok(image) => Some(image),
        Err(why) => {
            skipped(&format!("a full disk: {why}"));
            None
        }
    }
}

/// A gateway whose disk was filled while a client sent: `early` was accepted, `late` is on its way.
struct Filled {
    image: Image,
    scene: Scene,
    client: Companion,
    bookkeeper: Companion,
    early: PathBuf,
    late: PathBuf,
    sending: process::Running,
}

impl Filled {
    fn in_the_middle(place: &Path, seed: u64) -> Option<Self> {
        let image = image(place)?;
        let scene = Scene::with_practice_in(image.path(), seed);
        let (client, bookkeeper) = scene.people();
        let early = files::write(&scene.path("early.bin"), &files::bytes(1, 3 * MIB as usize));
        client.send(&[&early], BOOK, PERIOD).expect(0);
        scene
            .relay()
            .behave(Conditions { bytes_per_second: Some(BYTES_PER_SECOND), ..Conditions::default() });
        let late = files::write(&scene.path("late.bin"), &files::bytes(2, 48 * MIB as usize));
        let before = scene.relay().passed_up();
        let sending = client.start_send(&[&late], BOOK, PERIOD);
        scene.relay().wait_passed_up(before + 12 * MIB);
        image.fill().unwrap();
        Some(Self { image, scene, client, bookkeeper, early, late, sending })
    }
}

/// Every receipt is given again, verifies, and its documents can be fetched.
#[track_caller]
fn nothing_is_lost(scene: &Scene, client: &Companion, bookkeeper: &Companion, documents: &[&Path]) {
    let inbox = scene.path("inbox");
    bookkeeper.run(["fetch", "--to", scene::text(&inbox)]).expect(0);
    let fetched: Vec<String> = files::tree(&inbox).values().map(|path| files::sha256_of(path)).collect();
    for document in documents {
        assert!(fetched.contains(&files::sha256_of(document)), "{} can not be fetched", document.display());
    }
    let receipts = client.run(["receipt", "list"]).expect(0);
    assert_eq!(receipts.rows("receipt").len(), documents.len());
    for row in receipts.rows("receipt") {
        let path = row["path"].as_str().unwrap();
        let verify = ["receipt", "verify", path, "--practice", &scene.practice.pin];
        let verified = scene.stranger("nobody").run(verify);
        assert_ne!(verified.ended, Ended::Code(1), "{verified}");
        let verdicts = verified.last("summary").unwrap()["verdicts"].as_array().unwrap().clone();
        assert!(verdicts.iter().all(|verdict| verdict["verdict"] != "invalid"), "{verified}");
        let to = scene.path("again.receipt");
        let _ = std::fs::remove_file(&to);
        client.run(["receipt", "get", row["id"].as_str().unwrap(), "--to", scene::text(&to)]).expect(0);
        assert!(files::read(&to) == files::read(Path::new(path)), "the receipt differs");
    }
}

#[test]
fn a_disk_that_fills_up_in_the_middle_of_a_sending_is_said_and_the_same_line_goes_on() {
    let place = scene::place();
    let Some(filled) = Filled::in_the_middle(place.path(), 121) else { return };
    let Filled { image, mut scene, client, bookkeeper, early, late, sending } = filled;
    sending.wait().expect_failure("gateway-full", 14);
    // Again, and something new: the same, while there is no room.
    client.send(&[&late], BOOK, PERIOD).expect_failure("gateway-full", 14);
    let other = scene.path("other.pdf");
    files::write(&other, b"other");
    client.send(&[&other], BOOK, "2026-10").expect_failure("gateway-full", 14);
    // What is there can be looked at.
    assert_eq!(client.run(["list"]).expect(0).rows("document").len(), 1);
    assert_eq!(client.run(["status"]).expect(0).rows("submission").len(), 2);

    image.make_room().unwrap();
    let sent = client.send(&[&late], BOOK, PERIOD).expect(0);
    let summary = sent.last("summary").unwrap();
    assert!(summary["bytes_sent_again"].as_u64().unwrap() <= 16 * MIB, "{sent}");
    client.send(&[&other], BOOK, "2026-10").expect(0);
    nothing_is_lost(&scene, &client, &bookkeeper, &[&early, &late, &other]);
    scene.gateway.kill9();
    scene.gateway.start();
    nothing_is_lost(&scene, &client, &bookkeeper, &[&early, &late, &other]);
    let stopped = scene.gateway.sigterm().expect(0);
    assert!(!stopped.errors.contains("panicked"), "{stopped}");
}

#[test]
fn a_gateway_that_is_killed_over_a_full_disk_starts_when_there_is_room() {
    let place = scene::place();
    let Some(filled) = Filled::in_the_middle(place.path(), 122) else { return };
    let Filled { image, mut scene, client, bookkeeper, early, late, sending } = filled;
    sending.wait();
    scene.gateway.kill9();
    // It starts, or says by name that the disk is full.
    let address = scene.gateway.address;
    let mut running = process::Running::start(&mut harness::Gateway::command(&scene.practice, address));
    if running.wait_for_or_end("a listening gateway", |event| event["type"] == "listening").is_none() {
        let ran = running.wait().expect_failure("disk-failed", 1);
        assert_eq!(ran.last("error").unwrap()["details"]["cause"], "cause-full", "{ran}");
    } else {
        running.signal(rustix::process::Signal::KILL);
        running.wait();
    }
    image.make_room().unwrap();
    scene.gateway.start();
    client.send(&[&late], BOOK, PERIOD).expect(0);
    nothing_is_lost(&scene, &client, &bookkeeper, &[&early, &late]);
    let half: Vec<_> =
        files::tree(&scene.practice.folder).into_keys().filter(|name| name.contains(".unfinished")).collect();
    assert!(half.is_empty(), "{half:?}");
}

#[test]
fn what_is_refused_over_a_full_disk_is_said_and_succeeds_when_there_is_room() {
    let place = scene::place();
    let Some(image) = image(place.path()) else { return };
    let mut scene = Scene::with_practice_in(image.path(), 123);
    let (client, _) = scene.people();
    let peer = Peer::of(&client);
    let book = book_of(&peer);
    // So many documents that the records of each need room of their own.
    let documents = |at: u64| (0..200u64).map(|n| files::bytes(1000 * at + n, 20)).collect();
    let [sent, unsent] = [1, 2].map(|at| ByHand::new(book, documents(at)));
    let [lease, unsent_lease] = [&sent, &unsent].map(|by_hand| by_hand.open(&peer));
    assert_eq!(sent.send_all(&peer, lease).code(), None);
    image.fill().unwrap();
    assert_eq!(unsent.send_all(&peer, unsent_lease).code(), Some(Code::DiskFull));
    assert_eq!(sent.close(&peer, lease).code(), Some(Code::DiskFull));
    assert_eq!(ByHand::new(book, documents(3)).ask_open(&peer).code(), Some(Code::DiskFull));
    image.make_room().unwrap();
    for by_hand in [&sent, &unsent] {
        assert_eq!(by_hand.send_and_close(&peer).long().content, Content::Receipt);
    }
    assert!(!scene.gateway.sigterm().expect(0).errors.contains("panicked"));
}

#[test]
fn a_journal_without_room_ends_the_gateway_and_loses_nothing() {
    let place = scene::place();
    let Some(image) = image(place.path()) else { return };
    let mut scene = Scene::with_practice_in(image.path(), 124);
    let (client, bookkeeper) = scene.people();
    let early = files::write(&scene.path("early.bin"), b"early");
    client.send(&[&early], BOOK, PERIOD).expect(0);
    image.fill().unwrap();
    // Until the room that the journal's last block still has is used up.
    let inbox = scene.path("inbox");
    let mut fetching = Vec::new();
    while !scene.gateway.running().has_ended() && fetching.len() < 20 {
        fetching.push(bookkeeper.start(["fetch", "--to", scene::text(&inbox)]));
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(fetching);
    let ended = scene.gateway.wait();
    assert_eq!(ended.ended, Ended::Code(74), "{ended}");
    assert!(!ended.errors.contains("panicked"), "{ended}");
    image.make_room().unwrap();
    scene.gateway.start();
    nothing_is_lost(&scene, &client, &bookkeeper, &[&early]);
}
