//! Who stands between a new device and its practice, or was there first: nothing made from the invitation's secret goes to
//! who has not proven it, and of two devices one gets in.

use std::net::Ipv4Addr;
use std::time::Duration;

use certs::Typed;
use certs::enrolment::Status;
use harness::middle::{Doing, Middle};
use harness::scene::{BOOK, Scene};
use harness::{Ended, Told, Visitor};
use model::limits;

/// A Hello says which invitation, and nothing made from its secret: version, id, nonce.
#[track_caller]
fn heard_a_hello_and_no_more(middle: &Middle) {
    let heard = middle.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    let hello = certs::enrolment::GatewayHello::read(&heard[0]).unwrap();
    assert!(heard[0].len() <= 32 && hello.bytes() == heard[0], "{}", heard[0].len());
}

#[test]
fn a_man_in_the_middle_with_his_own_certificates_hears_nothing_made_from_a_word() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let word = scene.practice.invite("client", "client", &[BOOK]).word;
    let middle = Middle::stand(Doing::Guesses);
    let client = scene.stranger("client");
    let ran = client.run(["enrol", &word, "--at", &middle.address.to_string(), "--yes"]);
    assert_eq!((ran.ended, ran.failure()), (Ended::Code(11), Some("practice-differs")), "{ran}");
    heard_a_hello_and_no_more(&middle);
    client.enrol(&word).expect(0);
}

#[test]
fn a_man_in_the_middle_who_guesses_hears_nothing_made_from_a_code() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let invitation = scene.practice.invite("client", "client", &[BOOK]);
    let middle = Middle::stand(Doing::Guesses);
    let client = scene.stranger("client");
    let at = middle.address.to_string();
    let ran = client.run(["enrol", &invitation.code, "--at", &at, "--yes"]);
    assert_eq!((ran.ended, ran.failure()), (Ended::Code(11), Some("invitation-refused")), "{ran}");
    heard_a_hello_and_no_more(&middle);
    client.run(["enrol", &invitation.code, "--at", &invitation.address, "--yes"]).expect(0);
}

#[test]
fn a_man_in_the_middle_of_two_connections_can_pass_no_proof_on() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let invitation = scene.practice.invite("client", "client", &[BOOK]);
    for typed in [&invitation.word, &invitation.code] {
        let middle = Middle::stand(Doing::Relays(scene.gateway.address));
        let at = middle.address.to_string();
        let ran = scene.stranger("client").run(["enrol", typed, "--at", &at, "--yes"]);
        assert_eq!((ran.ended, ran.failure()), (Ended::Code(11), Some("practice-differs")), "{ran}");
        heard_a_hello_and_no_more(&middle);
    }
    let people = scene.practice.people();
    assert!(people.iter().all(|person| person["devices"].as_array().is_none_or(Vec::is_empty)));
    scene.stranger("client").enrol(&invitation.word).expect(0);
}

#[test]
fn of_two_devices_with_one_invitation_at_the_same_moment_one_gets_in_and_the_other_is_told() {
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    for round in 0..4 {
        let name = format!("client {round}");
        let word = scene.practice.invite("client", &name, &[BOOK]).word;
        let homes = [0, 1].map(|at| scene.stranger(&format!("{round} {at}")));
        let running: Vec<_> = homes.iter().map(|home| home.start(["enrol", &word, "--yes"])).collect();
        let ran: Vec<_> = running.into_iter().map(harness::Running::wait).collect();
        let ended: Vec<_> = ran.iter().map(|ran| (ran.ended, ran.failure())).collect();
        let won = ended.iter().filter(|ended| **ended == (Ended::Code(0), None)).count();
        let lost =
            ended.iter().filter(|ended| **ended == (Ended::Code(11), Some("invitation-taken"))).count();
        assert_eq!((won, lost), (1, 1), "{ended:?}");
        let people = scene.practice.people();
        let person = people.iter().find(|person| person["name"] == name.as_str()).unwrap();
        assert_eq!(person["devices"].as_array().unwrap().len(), 1, "{person}");
        let loser = ended.iter().position(|ended| ended.0 != Ended::Code(0)).unwrap();
        let told = ran[loser].last("error").unwrap();
        assert!(
            told["why"].as_str().unwrap().contains("a device called “"),
            "who was first, and when: {told}"
        );
        // Once more by who has lost, when the other is confirmed: with new keys and with those of before.
        homes[loser].enrol(&word).expect_failure("invitation-taken", 11);
        scene.stranger(&format!("{round} third")).enrol(&word).expect_failure("invitation-taken", 11);
    }
    let ran = scene.gateway.sigterm().expect(0);
    assert!(ran.errors.contains("invitation-contested"), "an alarm\n{ran}");
}

#[test]
fn proofs_that_are_wrong_at_once_lock_no_invitation_sooner_than_one_after_another() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    crate::limits::wait_for_room_in_the_window();
    let word = scene.practice.invite("client", "client", &[BOOK]).word;
    let typed = Typed::parse(&word).unwrap();
    // Three networks: 24 at once would be more than the 20 that lock, 15 are less.
    for prefix in 1..=3u8 {
        let at_once = u8::try_from(limits::ENROLMENTS_PER_PREFIX_MAX).unwrap();
        let visitors: Vec<_> = (1..=at_once)
            .map(|host| {
                crate::limits::pause();
                Visitor::come(Ipv4Addr::new(127, 0, prefix, host), scene.gateway.address)
            })
            .collect();
        let halfway: Vec<_> =
            visitors.iter().map(|visitor| visitor.prove(&typed, crate::limits::spoilt)).collect();
        for half in halfway {
            assert_eq!(half.say(), Told::Replied(Status::WrongProof.code()));
        }
        // The door counts by the second: no two of these fall into one.
        std::thread::sleep(Duration::from_millis(1_100));
    }
    crate::limits::pause();
    scene.stranger("client").enrol(&word).expect(0);
}

#[test]
fn who_asks_for_numbers_is_told_the_same_of_every_one() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    crate::limits::wait_for_room_in_the_window();
    let issued = scene.practice.invite("client", "issued", &[BOOK]).code;
    let used = scene.practice.invite("client", "used", &[BOOK]);
    scene.stranger("used").enrol(&used.word).expect(0);
    let revoked = scene.practice.invite("client", "revoked", &[BOOK]);
    scene.practice.run(["invite", "revoke", &revoked.id, "--yes"]).expect(0);
    let other = Scene::open();
    other.practice.add_book(BOOK);
    let never = other.practice.invite("client", "never", &[BOOK]).code;
    let mut told = Vec::new();
    for (prefix, code) in (11u8..).zip([issued, used.code, revoked.code, never]) {
        crate::limits::pause();
        let visitor = Visitor::come(Ipv4Addr::new(127, 0, prefix, 1), scene.gateway.address);
        let typed = Typed::parse(&code).unwrap();
        told.push(visitor.probe(&typed));
    }
    // The same lengths in the same order, and the same status at the end.
    assert!(told.iter().all(|each| *each == told[0]), "{told:?}");
}

/// What a device says of itself, in every form that could harm who reads it.
#[test]
fn a_label_that_would_harm_who_reads_it_is_shown_as_text_and_one_without_end_is_refused() {
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    let hostile = "\u{1b}[2J\u{202e}gp\u{7}\r\nalarm=x\u{0}";
    let visit = |label: &str| {
        crate::limits::pause();
        let word = scene.practice.invite("client", "client", &[BOOK]).word;
        let visitor = Visitor::come(Ipv4Addr::LOCALHOST, scene.gateway.address);
        visitor.enrol_as(&Typed::parse(&word).unwrap(), label)
    };
    let bound = Told::Replied(Status::Bound.code());
    assert_eq!((visit(hostile), visit(&"长".repeat(21))), (bound, bound));
    for words in [&["people"][..], &["people", "--lang", "zh-CN"]] {
        let mut command = harness::programs::command(harness::programs::GATEWAY);
        command.args(words).arg("--dir").arg(&scene.practice.folder);
        let output = command.output().unwrap();
        assert!(output.status.success());
        for said in [&output.stdout, &output.stderr] {
            let said = String::from_utf8(said.clone()).unwrap();
            let harmful = |symbol: char| {
                symbol != '\n' && symbol.is_control() || ('\u{202a}'..='\u{202e}').contains(&symbol)
            };
            assert!(!said.contains(harmful), "{said:?}");
        }
    }
    // A label of a MiB is no Request: nobody waits for it.
    crate::limits::pause();
    let word = scene.practice.invite("client", "client", &[BOOK]).word;
    let visitor = Visitor::come(Ipv4Addr::LOCALHOST, scene.gateway.address);
    assert!(!visitor.is_waited_for(&Typed::parse(&word).unwrap(), 1 << 20));
    let ran = scene.gateway.sigterm().expect(0);
    for line in ran.errors.lines() {
        let harmful = |symbol: char| symbol.is_control() || ('\u{202a}'..='\u{202e}').contains(&symbol);
        assert!(!line.contains(harmful), "{line:?}");
    }
}
