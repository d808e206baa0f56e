//! Clocks that are wrong, the companion's and the gateway's, forwards and backwards: named where nothing else is wrong,
//! never believed against what was known before, and no check is skipped for them.

use harness::files;
use harness::scene::{BOOK, PERIOD, Scene};
use harness::{Ended, Faketime, Ran};

/// What a companion says whose clock is the only thing that is wrong.
#[track_caller]
fn names_the_clock(ran: &Ran) {
    let named = matches!(ran.failure(), Some("clock-shows" | "clocks-differ"));
    assert!(named && ran.ended == Ended::Code(11), "{ran}");
}

#[test]
fn a_companion_whose_only_error_is_time_says_what_its_clock_shows() {
    let Some(faketime) = Faketime::find("clocks") else { return };
    let scene = Scene::open();
    let (client, _) = scene.people();
    let stranger = scene.stranger("stranger");
    let word = scene.practice.invite("client", "late", &[BOOK]).word;
    let receipt = {
        let document = files::write(&scene.path("a.pdf"), b"a");
        client.send(&[&document], BOOK, PERIOD).expect(0).only("receipt")["path"].as_str().unwrap().to_owned()
    };
    for by in ["-8000d", "-400d", "-2d", "+31d", "+75d", "+100d", "+400d", "+9000d"] {
        for words in [&["books"][..], &["cert", "renew"], &["status"]] {
            let ran = faketime.run(&client, by, words);
            assert!(ran.ended != Ended::Code(0), "{by} {words:?}: {ran}");
            names_the_clock(&ran);
        }
        names_the_clock(&faketime.run(&stranger, by, &["enrol", &word, "--yes"]));
    }
    // What needs no clock goes on.
    faketime.run(&client, "+31d", &["receipt", "verify", &receipt]).expect(0);
    // Nothing was broken by it, and the same word is good still.
    client.run(["books"]).expect(0);
    stranger.enrol(&word).expect(0);
    // A few hours, such as a wrong time zone, are nothing.
    for by in ["-14h", "+14h"] {
        faketime.run(&client, by, &["books"]).expect(0);
    }
}

#[test]
fn a_wrong_clock_excuses_no_wrong_gateway() {
    let Some(faketime) = Faketime::find("clocks") else { return };
    let scene = Scene::behind_relay(321);
    scene.practice.add_book(BOOK);
    let client = scene.client("client", &[BOOK]);
    let other = Scene::open();
    scene.relay().lead_to(other.gateway.address);
    for by in ["-400d", "-2d", "+0d", "+100d"] {
        let ran = faketime.run(&client, by, &["books"]);
        // A certificate that has expired by that clock is renewed first, and meets the same gateway.
        assert_eq!((ran.ended, ran.failure()), (Ended::Code(11), Some("gateway-not-genuine")), "{by}: {ran}");
    }
}

#[test]
fn a_gateway_whose_clock_is_set_back_brings_nothing_back_that_has_ended() {
    let Some(faketime) = Faketime::find("clocks") else { return };
    let mut scene = crate::renewal::scene_of(9, 400);
    let (client, _) = scene.people();
    let admin = scene.staff("admin", "admin", &[]);
    let word = scene.practice.invite("bookkeeper", "late", &[BOOK]).word;
    admin.run(["status"]).expect(0);
    // 29 days later the admin's certificate, with its grace, and the invitation have ended, and the journal knows the day.
    scene.gateway.sigterm().expect(0);
    faketime.start(&mut scene, "+29d");
    scene.practice.add_book("later");
    let ended = faketime.run(&admin, "+29d", &["status"]);
    assert_eq!(ended.ended, Ended::Code(11), "{ended}");
    scene.gateway.sigterm().expect(0);
    for by in ["+0d", "-400d"] {
        faketime.start(&mut scene, by);
        let status = scene.practice.run(["status"]).expect(0);
        assert!(status.has_warning("clock-behind"), "{status}");
        // By its own clock, and by what the gateway's shows, all of these are in force.
        admin.run(["status"]).expect_failure("device-refused", 11);
        let ran = scene.stranger("late").enrol(&word);
        assert!(matches!(ran.failure(), Some("invitation-expired" | "invitation-refused")), "{by}: {ran}");
        // Who is within grace goes on, by renewing, whatever the gateway's clock shows.
        faketime.run(&client, "+29d", &["books"]).expect(0);
        let ran = scene.gateway.sigterm().expect(0);
        assert!(
            ran.errors.contains("alarm=\"clock-behind\"") || ran.errors.contains("clock-behind"),
            "{ran}"
        );
    }
    // The true day again.
    faketime.start(&mut scene, "+30d");
    assert!(!scene.practice.run(["status"]).expect(0).has_warning("clock-behind"));
    faketime.run(&client, "+30d", &["books"]).expect(0);
}

#[test]
fn a_gateway_whose_clock_is_far_ahead_signs_nothing_and_says_so_to_companions() {
    let Some(faketime) = Faketime::find("clocks") else { return };
    let mut scene = Scene::open();
    let (client, _) = scene.people();
    scene.gateway.sigterm().expect(0);
    faketime.start(&mut scene, "+100d");
    // By that clock every device has expired, and is to renew first, which nothing is signed for.
    client.run(["books"]).expect_failure("clock-held", 12);
    assert!(scene.practice.run(["status"]).expect(0).has_warning("clock-ahead"));
    // Nothing was committed by it: set right, everything is as before.
    scene.gateway.sigterm().expect(0);
    scene.gateway.start();
    client.run(["books"]).expect(0);
    assert!(!scene.practice.run(["status"]).expect(0).has_warning("clock-behind"));
}
