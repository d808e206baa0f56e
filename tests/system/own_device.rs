//! A further device of one's own: invited from a device that one has, for a quarter of an hour, within what one person
//! may have.

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::phone::Phone;
use harness::scene::{BOOK, Scene};
use harness::{Companion, Ended, Gateway, Peer, Ran, Running, skipped};
use protocol::Code;
use protocol::message::{DeviceAdd, DeviceInvited};

fn invited(ran: &Ran) -> String {
    ran.only("invitation")["word"].as_str().unwrap().to_owned()
}

#[test]
fn a_client_adds_a_device_with_the_same_rights_and_admins_are_told() {
    let mut scene = Scene::open();
    let (client, _) = scene.people();
    let ran = client.run(["device", "add"]).expect(0);
    let invitation = ran.only("invitation");
    assert!(invitation["code"].as_str().unwrap().len() > 25 && invitation["command"].is_string(), "{ran}");
    let second = scene.stranger("second");
    second.enrol(&invited(&ran)).expect(0);
    assert_eq!(second.run(["books"]).expect(0).rows("book")[0]["name"], BOOK);
    let people = scene.practice.people();
    let of_client = people.iter().find(|person| person["name"] == "client").unwrap();
    assert_eq!(of_client["devices"].as_array().unwrap().len(), 2, "the same person");
    // Once, and not by somebody else.
    let third = scene.stranger("third");
    third.enrol(&invited(&ran)).expect_failure("invitation-taken", 11);
    // The journal has who did it, the log tells the admins.
    let devices = scene.practice.run(["devices"]).expect(0);
    let first = devices.rows("device").into_iter().find(|row| row["person"] == "client").cloned().unwrap();
    let ran = scene.gateway.sigterm().expect(0);
    let told: Vec<&str> = ran.errors.lines().filter(|line| line.contains("alarm=\"device-added\"")).collect();
    assert_eq!(told.len(), 1, "{ran}");
    assert!(told[0].contains(first["id"].as_str().unwrap()), "{told:?}\n{first}");
}

#[test]
fn a_sixth_device_is_refused_by_name_whoever_invites_and_however_it_comes() {
    let scene = Scene::open();
    let (client, _) = scene.people();
    // Invitations that were given out while there was room.
    let early: Vec<String> =
        (0..2).map(|_| invited(&scene.practice.run(["invite", "--person", "client"]).expect(0))).collect();
    for number in 2..=5 {
        let word = invited(&client.run(["device", "add"]).expect(0));
        scene.stranger(&format!("device {number}")).enrol(&word).expect(0);
    }
    client.run(["device", "add"]).expect_failure("too-many-devices", 14);
    let again = ["invite", "--person", "client"];
    scene.practice.run(again).expect_failure("too-many-devices", 14);
    for (number, word) in early.iter().enumerate() {
        let ran = scene.stranger(&format!("early {number}")).enrol(word);
        assert_eq!(ran.ended, Ended::Code(11), "{ran}");
    }
    // One in place of another is no sixth; and where one is revoked, there is room.
    let devices = scene.practice.run(["devices"]).expect(0);
    let own: Vec<String> = devices
        .rows("device")
        .iter()
        .filter(|row| row["person"] == "client")
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(own.len(), 5);
    let word = invited(&scene.practice.run([&again[..], &["--replaces", &own[4]]].concat()).expect(0));
    scene.stranger("instead").enrol(&word).expect(0);
    client.run(["device", "add"]).expect_failure("too-many-devices", 14);
    scene.practice.run(["device", "revoke", &own[3], "--reason", "lost", "--yes"]).expect(0);
    let word = invited(&client.run(["device", "add"]).expect(0));
    scene.stranger("fifth").enrol(&word).expect(0);
    // What is shown and never used is bounded too; two of before are still open.
    scene.practice.run(["device", "revoke", &own[2], "--reason", "lost", "--yes"]).expect(0);
    for _ in 0..3 {
        client.run(["device", "add"]).expect(0);
    }
    client.run(["device", "add"]).expect_failure("too-fast", 12);
}

#[test]
fn staff_show_a_code_where_they_have_a_factor_and_wait_for_their_digits() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let keeper = scene.bookkeeper("keeper", &[BOOK]);
    // Without a factor there is none to show.
    keeper.run(["device", "add"]).expect(0);
    let mut phone = Phone::enrol(&keeper, &scene.path("phone"));
    keeper.run(["device", "add"]).expect_failure("factor-needed", 14);
    let code = phone.recovery_code();
    let file = phone.file(&code);
    let ran = keeper.run(["device", "add", "--code-file", &file]).expect(0);
    let second = scene.stranger("second");
    let enrolled = second.enrol(&invited(&ran)).expect(0);
    second.run(["books"]).expect_failure("not-confirmed", 14);
    let digits = enrolled.only("identity")["digits"].as_str().unwrap().to_owned();
    let id = ran.only("invitation")["id"].as_str().unwrap();
    scene.practice.confirm(id, &digits).expect(0);
    assert_eq!(second.run(["books"]).expect(0).rows("book").len(), 1);
    // A device that waits adds none.
    let code = phone.recovery_code();
    let file = phone.file(&code);
    let third = scene.stranger("third");
    third.enrol(&invited(&keeper.run(["device", "add", "--code-file", &file]).expect(0))).expect(0);
    third.run(["device", "add"]).expect_failure("not-confirmed", 14);
}

#[test]
fn partners_and_auditors_add_none_and_to_them_it_is_a_message_that_nobody_knows() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let auditor = scene.staff("auditor", "auditor", &[]);
    let partner = scene.stranger("partner");
    let words = ["invite", "--role", "partner", "--name", "partner", "--book", BOOK, "--purpose", "audit"];
    let ran = scene.practice.run([&words[..], &["--until", "2099-12-31"]].concat()).expect(0);
    let enrolled = partner.enrol(&invited(&ran)).expect(0);
    let digits = enrolled.only("identity")["digits"].as_str().unwrap().to_owned();
    scene.practice.confirm(ran.only("invitation")["id"].as_str().unwrap(), &digits).expect(0);
    for companion in [&auditor, &partner] {
        companion.run(["device", "add"]).expect_failure("device-add-role", 14);
        let peer = Peer::of(companion);
        assert_eq!(peer.ask(DeviceAdd {}).code(), Some(Code::UnknownMessage));
    }
    let peer = Peer::of(&scene.client("client", &[BOOK]));
    let invited = peer.ask(DeviceAdd {}).only::<DeviceInvited>();
    assert!(invited.word.as_str().starts_with("CF1"));
}

/// The library that moves the wall clock of a process, where it is installed.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    let mut candidates = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    let found = candidates.find(|path| path.is_file());
    if found.is_none() {
        skipped("own_device: libfaketime is not installed");
    }
    found
}

fn later(mut command: Command, library: &Path, by: &str) -> Command {
    command.env("LD_PRELOAD", library).env("FAKETIME", by).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

fn enrol(companion: &Companion, library: &Path, by: &str, word: &str) -> Ran {
    Running::start(&mut later(companion.command(["enrol", word, "--yes"]), library, by)).wait()
}

fn restart(scene: &mut Scene, library: &Path, by: &str) {
    scene.gateway.sigterm().expect(0);
    let command = Gateway::command(&scene.practice, scene.gateway.address);
    scene.gateway.start_as(later(command, library, by));
}

#[test]
fn an_invitation_of_ones_own_ends_after_a_quarter_of_an_hour() {
    let Some(library) = library() else { return };
    let mut scene = Scene::open();
    let (client, _) = scene.people();
    let words: Vec<String> = (0..2).map(|_| invited(&client.run(["device", "add"]).expect(0))).collect();
    restart(&mut scene, &library, "+13m");
    enrol(&scene.stranger("in time"), &library, "+13m", &words[0]).expect(0);
    restart(&mut scene, &library, "+16m");
    let late = enrol(&scene.stranger("late"), &library, "+16m", &words[1]);
    assert!(matches!(late.failure(), Some("invitation-expired" | "invitation-refused")), "{late}");
    assert_eq!(late.ended, Ended::Code(11), "{late}");
}
