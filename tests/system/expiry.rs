//! What ends with time, and a clock that can not be believed. Time is moved for the two programs alone, by libfaketime.

use harness::files::{self, MIB};
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Ended, Faketime, Ran, process};

#[test]
fn an_invitation_ends_after_its_time() {
    let Some(faketime) = Faketime::find("expiry") else { return };
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    let client = scene.practice.invite("client", "张三", &[BOOK]).word;
    let staff = scene.practice.invite("bookkeeper", "李会计", &[BOOK]).word;
    scene.gateway.sigterm().expect(0);
    faketime.start(&mut scene, "+2d");
    let enrol =
        |home: &str, by: &str, word: &str| faketime.run(&scene.stranger(home), by, &["enrol", word, "--yes"]);
    let is_over = |ran: &Ran| {
        // Its keys are gone soon after: then it is unknown, like one that nobody gave out.
        let word = ran.failure();
        assert!(matches!(word, Some("invitation-expired" | "invitation-refused")), "{ran}");
        assert_eq!(ran.ended, Ended::Code(11), "{ran}");
    };
    is_over(&enrol("staff", "+2d", &staff));
    enrol("client", "+2d", &client).expect(0);
    let late = scene.practice.invite("client", "王五", &[BOOK]).word;
    scene.gateway.sigterm().expect(0);
    faketime.start(&mut scene, "+6d");
    let ran = faketime.run(&scene.stranger("late"), "+6d", &["enrol", &late, "--yes"]);
    is_over(&ran);
}

#[test]
fn an_abandoned_sending_expires_and_the_same_line_starts_anew() {
    let Some(faketime) = Faketime::find("expiry") else { return };
    let mut scene = Scene::behind_relay(81);
    let (client, bookkeeper) = scene.people();
    let content = files::bytes(81, 12 * MIB as usize);
    let document = files::write(&scene.path("a.bin"), &content);
    scene.relay().cut_after(6 * MIB);
    let sending = client.start_send(&[&document], BOOK, PERIOD);
    scene.relay().wait_for_cut();
    sending.kill();
    scene.relay().mend();
    scene.gateway.sigterm().expect(0);
    let (objects, spool) = (scene.practice.folder.join("objects"), scene.practice.folder.join("spool"));
    assert!(!files::tree(&spool).is_empty() && !files::tree(&objects).is_empty());
    faketime.start(&mut scene, "+6d");
    assert!(!files::tree(&spool).is_empty(), "it is kept for a week");
    scene.gateway.sigterm().expect(0);
    faketime.start(&mut scene, "+9d");
    process::wait_until("the expiry", || files::tree(&spool).is_empty() && files::tree(&objects).is_empty());
    let words = ["send", scene::text(&document), "--book", BOOK, "--period", PERIOD];
    faketime.run(&client, "+9d", &words).expect(0);
    let inbox = scene.path("inbox");
    let ran = faketime.run(&bookkeeper, "+9d", &["fetch", "--to", scene::text(&inbox)]).expect(0);
    assert!(files::read(ran.files("fetched")[0]["path"].as_str().unwrap().as_ref()) == content);
}

#[test]
fn a_take_ends_after_a_week_and_is_not_called_fetched() {
    let Some(faketime) = Faketime::find("expiry") else { return };
    let mut scene = Scene::behind_relay(82);
    let (client, bookkeeper) = scene.people();
    let content = files::bytes(82, 40 * MIB as usize);
    let document = files::write(&scene.path("a.bin"), &content);
    client.send(&[&document], BOOK, PERIOD).expect(0);
    let inbox = scene.path("inbox");
    let before = scene.relay().passed_down();
    let fetching = bookkeeper.start(["fetch", "--to", scene::text(&inbox)]);
    process::wait_until("the fetch", || scene.relay().passed_down() > before + 8 * MIB);
    scene.relay().cut();
    fetching.kill();
    scene.relay().mend();
    scene.gateway.sigterm().expect(0);
    faketime.start(&mut scene, "+8d");
    let status = faketime.run(&client, "+8d", &["status"]).expect(0);
    let state =
        |status: &Ran| status.rows("submission")[0]["documents"][0]["state"].as_str().unwrap().to_owned();
    assert_ne!(state(&status), "fetched", "{status}");
    let ran = faketime.run(&bookkeeper, "+8d", &["fetch", "--to", scene::text(&inbox)]).expect(0);
    assert!(files::read(ran.files("fetched")[0]["path"].as_str().unwrap().as_ref()) == content);
    assert_eq!(files::tree(&inbox).len(), 1, "no part of the old take is left");
    assert_eq!(state(&faketime.run(&client, "+8d", &["status"]).expect(0)), "fetched");
}

#[test]
fn a_clock_far_ahead_commits_nothing_before_an_admin_has_looked_at_it() {
    let Some(faketime) = Faketime::find("expiry") else { return };
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    scene.gateway.sigterm().expect(0);
    faketime.start(&mut scene, "+40d");
    let refused = scene.practice.run(["book", "add", "second"]);
    assert!(matches!(refused.failure(), Some("clock-held" | "clock-ahead")), "{refused}");
    assert_eq!(scene.practice.run(["book", "list"]).expect(0).rows("book").len(), 1);
    scene.practice.run(["clock", "confirm"]).expect(0);
    scene.practice.add_book("second");
    // And back: time stands before the newest entry, and no entry is ever older than the one before it.
    scene.gateway.sigterm().expect(0);
    scene.gateway.start();
    assert_eq!(scene.practice.run(["book", "list"]).expect(0).rows("book").len(), 2);
}
