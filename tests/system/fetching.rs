//! Fetching: signed for, verified, safe on the fetching side, never twice, and told to the sender.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::files::{self, MIB};
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Companion, Conditions, Ended, Ran};

fn paths(ran: &Ran) -> Vec<PathBuf> {
    ran.files("fetched").iter().map(|file| file["path"].as_str().unwrap().into()).collect()
}

fn counts(ran: &Ran) -> (u64, u64, u64) {
    let summary = ran.last("summary").unwrap();
    let count = |name: &str| summary[name].as_u64().unwrap();
    (count("fetched"), count("skipped"), count("failed"))
}

fn state_of(client: &Companion) -> String {
    let status = client.run(["status"]).expect(0);
    let rows = status.rows("submission");
    rows[0]["documents"][0]["state"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_fetched_is_skipped_and_nothing_is_overwritten() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let outbox = scene.path("outbox");
    files::write(&outbox.join("a.pdf"), b"first a");
    files::write(&outbox.join("b.pdf"), b"first b");
    client.send(&[&outbox], BOOK, PERIOD).expect(0);
    let inbox = scene.path("inbox");
    let first = bookkeeper.fetch_new(&inbox).expect(0);
    assert_eq!(counts(&first), (2, 0, 0), "{first}");

    // By itself, and also when everything is asked for.
    assert_eq!(counts(&bookkeeper.fetch_new(&inbox).expect(0)), (0, 0, 0));
    let all = bookkeeper.run(["fetch", "--to", scene::text(&inbox)]).expect(0);
    assert_eq!(counts(&all), (0, 2, 0), "{all}");

    // A new version of the same name lies beside the old one, and so does what somebody put there.
    let saved = paths(&first).into_iter().find(|path| path.ends_with("a.pdf")).unwrap();
    let notes = files::write(&saved.with_file_name("c.pdf"), b"my own notes");
    files::write(&outbox.join("a.pdf"), b"second a");
    files::write(&outbox.join("c.pdf"), b"first c");
    client.send(&[&outbox], BOOK, PERIOD).expect(0);
    let second = bookkeeper.fetch_new(&inbox).expect(0);
    assert_eq!(counts(&second).0, 2, "{second}");
    assert_eq!(files::read(&saved), b"first a");
    assert_eq!(files::read(&notes), b"my own notes");
    let contents: BTreeSet<_> = paths(&second).iter().map(|path| files::read(path)).collect();
    assert_eq!(contents, [b"second a".to_vec(), b"first c".to_vec()].into());
    assert!(second.has_warning("name-changed"), "{second}");
    // To another folder everything comes again.
    let other = scene.path("other");
    let all = bookkeeper.run(["fetch", "--to", scene::text(&other)]).expect(0);
    assert_eq!(counts(&all).0, 4, "{all}");
}

#[test]
fn a_fetch_goes_on_after_kill_9_of_the_companion() {
    let scene = Scene::behind_relay(31);
    let (client, bookkeeper) = scene.people();
    let content = files::bytes(31, 200 * MIB as usize);
    let document = files::write(&scene.path("large.bin"), &content);
    client.send(&[&document], BOOK, PERIOD).expect(0);
    let inbox = scene.path("inbox");
    let words = ["fetch", "--new", "--to", scene::text(&inbox)];
    let before = scene.relay().passed_down();
    let running = bookkeeper.start(words);
    harness::process::wait_until("the fetch", || scene.relay().passed_down() > before + 120 * MIB);
    scene.relay().cut();
    assert_eq!(running.kill().ended, Ended::Signal(9));
    scene.relay().mend();
    assert_eq!(state_of(&client), "being-fetched");
    assert!(
        files::tree(&inbox).keys().all(|path| !path.ends_with("large.bin")),
        "no name before it is whole"
    );
    let ran = bookkeeper.run(words).expect(0);
    assert_eq!(ran.last("summary").unwrap()["resumed"], true, "{ran}");
    assert!(ran.last("summary").unwrap()["bytes_before"].as_u64().unwrap() >= 32 * MIB, "{ran}");
    assert!(files::read(&paths(&ran)[0]) == content);
    assert_eq!(files::tree(&inbox).len(), 1, "no part is left behind");
    assert_eq!(state_of(&client), "fetched");
}

#[test]
fn a_fetch_goes_on_by_itself_after_kill_9_of_the_gateway_and_over_a_line_that_was_cut() {
    let mut scene = Scene::behind_relay(32);
    let (client, bookkeeper) = scene.people();
    let content = files::bytes(32, 64 * MIB as usize + 5);
    let document = files::write(&scene.path("large.bin"), &content);
    client.send(&[&document], BOOK, PERIOD).expect(0);
    let inbox = scene.path("inbox");
    let before = scene.relay().passed_down();
    let running = bookkeeper.start(["fetch", "--new", "--to", scene::text(&inbox)]);
    harness::process::wait_until("the fetch", || scene.relay().passed_down() > before + 16 * MIB);
    scene.gateway.kill9();
    scene.gateway.start();
    harness::process::wait_until("the fetch", || scene.relay().passed_down() > before + 40 * MIB);
    scene.relay().cut();
    std::thread::sleep(Duration::from_secs(1));
    scene.relay().rebind();
    scene.relay().mend();
    let ran = running.wait().expect(0);
    assert!(files::read(&paths(&ran)[0]) == content);
    assert_eq!(state_of(&client), "fetched");
}

#[test]
fn a_fetch_over_a_bad_line_brings_what_was_sent() {
    let scene = Scene::behind_relay(33);
    let (client, bookkeeper) = scene.people();
    let content = files::bytes(33, 5 * MIB as usize);
    let document = files::write(&scene.path("a.bin"), &content);
    client.send(&[&document], BOOK, PERIOD).expect(0);
    scene.relay().behave(Conditions {
        lost_per_mille: 20,
        doubled_per_mille: 20,
        jitter: Duration::from_millis(10),
        ..Conditions::default()
    });
    let ran = bookkeeper.fetch_new(&scene.path("inbox")).expect(0);
    assert!(files::read(&paths(&ran)[0]) == content);
}

#[test]
fn the_sender_sees_who_fetched_what_and_when() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let second = scene.bookkeeper("second bookkeeper", &[BOOK]);
    let (a, b) = (files::write(&scene.path("a.pdf"), b"a"), files::write(&scene.path("b.pdf"), b"b"));
    client.send(&[&a], BOOK, PERIOD).expect(0);
    client.send(&[&b], BOOK, "2026-12").expect(0);
    assert_eq!(state_of(&client), "received");
    let words = |to: &'static str| ["fetch", "--new", "--period", "2026-12", "--to"].into_iter().chain([to]);
    let inbox = scene.path("one");
    bookkeeper.run(words(Box::leak(scene::text(&inbox).to_owned().into_boxed_str()))).expect(0);
    second.fetch_new(&scene.path("two")).expect(0);
    let status = client.run(["status"]).expect(0);
    let fetched_by = |period: &str| -> Vec<String> {
        let row = status.rows("submission").into_iter().find(|row| row["period"] == period).unwrap();
        let fetches = row["documents"][0]["fetches"].as_array().unwrap();
        assert!(fetches.iter().all(|fetch| fetch["fetched_at"].is_string()), "{status}");
        fetches.iter().map(|fetch| fetch["by"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(fetched_by("2026-12"), ["second bookkeeper", "bookkeeper"]);
    assert_eq!(fetched_by(PERIOD), ["second bookkeeper"]);
    // What one has fetched is new to the other.
    assert_eq!(bookkeeper.run(["list", "--new"]).expect(0).rows("document").len(), 1);
    assert_eq!(second.run(["list", "--new"]).expect(0).rows("document").len(), 0);
    assert_eq!(second.run(["list"]).expect(0).rows("document").len(), 2);
}

#[test]
fn a_client_fetches_its_own_documents_back() {
    let scene = Scene::open();
    let (client, _) = scene.people();
    let document = files::write(&scene.path("a.pdf"), b"mine");
    client.send(&[&document], BOOK, PERIOD).expect(0);
    let ran = client.fetch_new(&scene.path("inbox")).expect(0);
    assert_eq!(files::read(&paths(&ran)[0]), b"mine");
}

#[test]
fn book_period_and_kind_choose_and_wrong_ones_are_said() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let document = files::write(&scene.path("a.pdf"), b"a");
    for period in ["2026-09", "2026-10"] {
        client.send(&[&document], BOOK, period).expect(0);
    }
    let count = |words: &[&str]| {
        let ran = bookkeeper.run([&["list"], words].concat()).expect(0);
        ran.rows("document").len()
    };
    assert_eq!(count(&[]), 2);
    assert_eq!(count(&["--period", "2026-10"]), 1);
    assert_eq!(count(&["--period", "2026-11"]), 0);
    assert_eq!(count(&["--book", BOOK, "--kind", "other"]), 2);
    assert_eq!(count(&["--kind", "invoice"]), 0);
    bookkeeper.run(["list", "--period", "soon"]).expect_failure("period-wrong", 2);
    bookkeeper.run(["fetch", "--book", "no such book"]).expect_failure("book-unknown", 2);
    let occupied = files::write(&scene.path("occupied"), b"a file");
    let ran = bookkeeper.run(["fetch", "--to", scene::text(&occupied)]);
    assert_eq!(ran.ended, Ended::Code(1), "{ran}");
    assert_eq!(files::read(&occupied), b"a file");
}

#[test]
fn a_link_in_the_way_is_not_followed() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let outbox = scene.path("outbox");
    files::write(&outbox.join("a.pdf"), b"content");
    client.send(&[&outbox], BOOK, PERIOD).expect(0);
    // Where the document would come to lie is known from a first fetch.
    let saved =
        paths(&bookkeeper.run(["fetch", "--to", scene::text(&scene.path("one"))]).expect(0)).remove(0);
    let relative =
        saved.strip_prefix(std::fs::canonicalize(scene.path("one")).unwrap()).unwrap().to_path_buf();
    let victim = files::write(&scene.path("victim"), b"victim");
    let trap = scene.path("two").join(&relative);
    std::fs::create_dir_all(trap.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&victim, &trap).unwrap();
    bookkeeper.run(["fetch", "--to", scene::text(&scene.path("two"))]).expect(0);
    assert_eq!(files::read(&victim), b"victim");
    // A folder on the way that is a link is not entered.
    let elsewhere = scene.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let first = relative.components().next().unwrap();
    std::fs::create_dir(scene.path("three")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, scene.path("three").join(first)).unwrap();
    let ran = bookkeeper.run(["fetch", "--to", scene::text(&scene.path("three"))]);
    assert_eq!(ran.ended, Ended::Code(3), "{ran}");
    assert!(files::tree(&elsewhere).is_empty());
}

#[test]
fn what_was_damaged_at_the_gateway_is_never_saved() {
    let mut scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let outbox = scene.path("outbox");
    let large = files::bytes(34, 3 * MIB as usize);
    files::write(&outbox.join("large.bin"), &large);
    files::write(&outbox.join("small.bin"), b"small");
    client.send(&[&outbox], BOOK, PERIOD).expect(0);
    scene.gateway.sigterm().expect(0);
    let objects = files::tree(&scene.practice.folder.join("objects"));
    let object = objects.values().max_by_key(|path| std::fs::metadata(path).unwrap().len()).unwrap();
    files::flip(object, 2 * MIB);
    scene.gateway.start();
    let inbox = scene.path("inbox");
    let ran = bookkeeper.fetch_new(&inbox).expect(3);
    assert_eq!(counts(&ran), (1, 0, 1), "{ran}");
    assert_eq!(files::read(&paths(&ran)[0]), b"small");
    let names: Vec<String> = files::tree(&inbox).into_keys().collect();
    assert!(names.iter().all(|name| !Path::new(name).ends_with("large.bin")), "{names:?}");
    assert_ne!(state_of(&client), "fetched");
    // The rest of the practice goes on.
    let other = files::write(&scene.path("other.pdf"), b"other");
    client.send(&[&other], BOOK, PERIOD).expect(0);
}
