//! Certificates that renew themselves, in time and late; and who would renew for somebody else. Lives are shortened by
//! the configuration, and time is moved for the two programs alone, by libfaketime.

use std::path::PathBuf;
use std::process::Command;

use certs::renewal::CompanionRenewal;
use certs::{PrivateKey, enrolment::Exporter};
use harness::files;
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Companion, Ended, Faketime, Peer, Running, process};
use protocol::message::{Renew, Renewed};
use protocol::{Bytes, Code};

/// Starts the gateway at another time; an admin has looked at the clock.
fn start_later(scene: &mut Scene, faketime: &Faketime, by: &str) {
    faketime.start(scene, by);
    scene.practice.run(["clock", "confirm"]).expect(0);
}

fn restart_later(scene: &mut Scene, faketime: &Faketime, by: &str) {
    scene.gateway.sigterm().expect(0);
    start_later(scene, faketime, by);
}

/// A scene whose devices' certificates live so many days.
pub(crate) fn scene_of(device_days: u32, signing_days: u32) -> Scene {
    shortened(Scene::open(), device_days, signing_days)
}

pub(crate) fn shortened(mut scene: Scene, device_days: u32, signing_days: u32) -> Scene {
    scene.gateway.sigterm().expect(0);
    let path = scene.practice.folder.join("counterfoil.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let lives = format!("[lives]\ndevice_days = {device_days}\nsigning_days = {signing_days}\n");
    assert!(text.contains("[lives]\n"), "{text}");
    std::fs::write(&path, text.replace("[lives]\n", &lives)).unwrap();
    scene.gateway.start();
    scene
}

/// Purpose, serial and end of each certificate.
fn certificates(companion: &Companion) -> Vec<(String, String)> {
    let ran = companion.run(["cert", "show"]).expect(0);
    let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
    ran.rows("certificate").iter().map(|row| (text(row, "purpose"), text(row, "serial"))).collect()
}

fn copy_home(from: &Companion, to: PathBuf) -> Companion {
    let status = Command::new("cp").arg("-a").arg(&from.home).arg(&to).status().unwrap();
    assert!(status.success());
    Companion::new(to)
}

#[test]
fn a_certificate_renews_itself_and_a_copy_of_the_old_one_is_found_out() {
    let Some(faketime) = Faketime::find("renewal") else { return };
    let mut scene = scene_of(30, 400);
    let (client, _) = scene.people();
    let before = certificates(&client);
    let thief = copy_home(&client, scene.path("thief"));
    restart_later(&mut scene, &faketime, "+18d");
    faketime.run(&client, "+13d", &["books"]).expect(0);
    assert_eq!(certificates(&client), before, "it is not two thirds yet");
    restart_later(&mut scene, &faketime, "+23d");
    faketime.run(&client, "+23d", &["books"]).expect(0);
    let after = certificates(&client);
    assert_ne!(after[0], before[0], "the certificate for connections is new");
    assert_eq!(after[1], before[1], "the one for signing is not");
    faketime.run(&client, "+23d", &["books"]).expect(0);
    assert_eq!(certificates(&client), after, "once");
    // The copy has a day, is noticed, and renews nothing.
    let ran = faketime.run(&thief, "+23d", &["cert", "renew"]);
    assert_eq!(ran.ended, Ended::Code(11), "{ran}");
    assert_eq!(ran.failure(), Some("identity-superseded"), "{ran}");
    let ran = scene.gateway.sigterm().expect(0);
    assert!(ran.errors.contains("two machines use one identity"), "{ran}");
    start_later(&mut scene, &faketime, "+25d");
    let ran = faketime.run(&thief, "+25d", &["books"]);
    assert_eq!(ran.ended, Ended::Code(11), "{ran}");
    // It holds after all is posted again.
    scene.gateway.sigterm().expect(0);
    scene.practice.run(["repost"]).expect(0);
    start_later(&mut scene, &faketime, "+25d");
    assert_eq!(faketime.run(&thief, "+25d", &["books"]).ended, Ended::Code(11));
    let document = files::write(&scene.path("a.bin"), b"after the renewal");
    let words = ["send", scene::text(&document), "--book", BOOK, "--period", PERIOD];
    faketime.run(&client, "+25d", &words).expect(0);
}

#[test]
fn a_signing_key_is_renewed_too_and_what_it_signed_before_stays_good() {
    let Some(faketime) = Faketime::find("renewal") else { return };
    let mut scene = scene_of(30, 30);
    let (client, bookkeeper) = scene.people();
    let document = files::write(&scene.path("a.bin"), b"before");
    let sent = client.send(&[&document], BOOK, PERIOD).expect(0);
    let receipt = sent.last("receipt").unwrap()["path"].as_str().unwrap().to_owned();
    let before = certificates(&client);
    restart_later(&mut scene, &faketime, "+23d");
    let document = files::write(&scene.path("b.bin"), b"after");
    let words = ["send", scene::text(&document), "--book", BOOK, "--period", PERIOD];
    faketime.run(&client, "+23d", &words).expect(0);
    let after = certificates(&client);
    assert!(after[0] != before[0] && after[1] != before[1], "{before:?} {after:?}");
    client.run(["receipt", "verify", &receipt]).expect(0);
    let inbox = scene.path("inbox");
    let ran = faketime.run(&bookkeeper, "+23d", &["fetch", "--to", scene::text(&inbox)]).expect(0);
    assert_eq!(ran.files("fetched").len(), 2);
}

#[test]
fn who_slept_within_grace_renews_by_itself_and_beyond_it_is_told_whom_to_call() {
    let Some(faketime) = Faketime::find("renewal") else { return };
    let mut scene = scene_of(9, 400);
    let (client, bookkeeper) = scene.people();
    let document = files::write(&scene.path("a.bin"), b"content");
    client.send(&[&document], BOOK, PERIOD).expect(0);
    restart_later(&mut scene, &faketime, "+45d");
    let before = certificates(&client);
    faketime.run(&client, "+45d", &["status"]).expect(0);
    assert_ne!(certificates(&client)[0], before[0]);
    let words = ["send", scene::text(&document), "--book", BOOK, "--period", PERIOD];
    faketime.run(&client, "+45d", &words).expect(0);
    let files_before = files::tree(&bookkeeper.home);
    let ran = faketime.run(&bookkeeper, "+45d", &["list"]);
    assert_eq!((ran.ended, ran.failure()), (Ended::Code(11), Some("certificate-expired")), "{ran}");
    let files_after = files::tree(&bookkeeper.home);
    assert!(files_before.keys().all(|name| files_after.contains_key(name)), "nothing is thrown away");
}

#[test]
fn a_wrong_clock_is_named_and_never_believed() {
    let Some(faketime) = Faketime::find("renewal") else { return };
    let scene = Scene::open();
    let (client, _) = scene.people();
    for by in ["-400d", "+400d"] {
        let ran = faketime.run(&client, by, &["books"]);
        assert_eq!((ran.ended, ran.failure()), (Ended::Code(11), Some("clock-shows")), "{by}: {ran}");
    }
    client.run(["books"]).expect(0);
}

/// New keys, and the message that asks for their certificates over this peer's connection.
fn renew(peer: &Peer, id: [u8; 16], key: &PrivateKey, old: &PrivateKey) -> Renew {
    let renewal = CompanionRenewal::new(&id, key, None);
    let exporter: Exporter = peer.exporter(certs::renewal::EXPORTER_LABEL, &renewal.exporter_context());
    let leaf = peer.device.tls_chain.first().unwrap();
    let bytes = match old.public() == leaf.public_key() {
        true => renewal.renew(&exporter, leaf, old).unwrap(),
        // Signed by a key that is not the certificate's: the message of the true device with another signature in it.
        false => forged(renewal.renew(&exporter, leaf, &peer.device.tls_key).unwrap()),
    };
    Renew { renew: Bytes::new(bytes).unwrap(), announcement: None }
}

/// A message whose first signature is of another connection: as a thief has it who recorded one.
fn forged(mut renew: Vec<u8>) -> Vec<u8> {
    // Member 2, old_sig: `02 5840` and 64 bytes.
    let at = renew.windows(3).position(|found| found == [0x02, 0x58, 0x40]).unwrap() + 3;
    renew[at + 40] ^= 1;
    renew
}

#[test]
fn a_lost_answer_is_given_again_byte_for_byte_and_across_a_crash() {
    let mut scene = Scene::open();
    let (client, _) = scene.people();
    let key = PrivateKey::generate().unwrap();
    let ask = |peer: &Peer| {
        let answer = peer.ask(renew(peer, [7; 16], &key, &peer.device.tls_key));
        answer.only::<Renewed>().renewed.as_slice().to_vec()
    };
    let first = ask(&Peer::of(&client));
    assert_eq!(ask(&Peer::of(&client)), first, "another connection, the same certificates");
    scene.gateway.kill9();
    scene.gateway.start();
    assert_eq!(ask(&Peer::of(&client)), first, "after a crash too");
    // The same request for other keys is nobody's.
    let peer = Peer::of(&client);
    let other = PrivateKey::generate().unwrap();
    assert_eq!(peer.ask(renew(&peer, [7; 16], &other, &peer.device.tls_key)).code(), Some(Code::RenewalBad));
    // And a key that was certified once is burnt.
    assert_eq!(peer.ask(renew(&peer, [8; 16], &key, &peer.device.tls_key)).code(), Some(Code::RenewalBad));
}

#[test]
fn a_stolen_stream_renews_nothing() {
    let scene = Scene::open();
    let (client, _) = scene.people();
    let peer = Peer::of(&client);
    let mine = PrivateKey::generate().unwrap();
    assert_eq!(peer.ask(renew(&peer, [1; 16], &mine, &mine)).code(), Some(Code::RenewalBad));
    // What was proven on one connection is nothing on another.
    let recorded = renew(&peer, [2; 16], &mine, &peer.device.tls_key);
    assert_eq!(Peer::of(&client).ask(recorded).code(), Some(Code::RenewalBad));
    client.run(["cert", "renew"]).expect(0);
}

#[test]
fn a_renewal_that_is_cut_or_killed_anywhere_is_gone_on_with() {
    let scene = Scene::behind_relay(91);
    let (client, _) = scene.people();
    let mut serial = certificates(&client)[0].clone();
    // Each pass lets a little more of it through before the line is cut and the companion killed.
    for step in 0..6u64 {
        scene.relay().cut_after(2_000 + step * 3_500);
        let mut renewing = client.start(["cert", "renew"]);
        process::wait_until("the cut or the end", || scene.relay().is_cut() || renewing.has_ended());
        renewing.kill();
        scene.relay().mend();
        client.run(["books"]).expect(0);
        client.run(["cert", "renew"]).expect(0);
        let now = certificates(&client)[0].clone();
        assert_ne!(now, serial, "step {step}");
        serial = now;
        let left = files::tree(&client.home);
        assert!(left.keys().all(|name| !name.contains("/next/") && !name.contains("/previous/")), "{step}");
    }
}

#[test]
fn an_agent_renews_and_ends_when_it_is_told_to() {
    let Some(faketime) = Faketime::find("renewal") else { return };
    let mut scene = scene_of(9, 400);
    let (client, _) = scene.people();
    let before = certificates(&client);
    restart_later(&mut scene, &faketime, "+7d");
    let mut agent = Running::start(&mut faketime.at(client.command(["agent"]), "+7d"));
    agent.wait_for("a renewal", |event| event["type"] == "row" && event["of"] == "renewal");
    agent.signal(rustix::process::Signal::TERM);
    agent.wait().expect(0);
    assert_ne!(certificates(&client)[0], before[0]);
    let check = |within: &str| client.run(["cert", "check", "--within", within]);
    check("1d").expect(0);
    check("60d").expect(1);
}

#[test]
fn a_window_that_is_now_is_obeyed_by_the_command_that_hears_of_it() {
    let mut scene = Scene::open();
    let (client, _) = scene.people();
    let before = certificates(&client);
    scene.gateway.sigterm().expect(0);
    let path = scene.practice.folder.join("counterfoil.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("[renew]\n"), "{text}");
    let now = model::Timestamp::from_unix_ms(host::Clock::system().unix_ms()).to_rfc3339();
    let window = format!("[renew]\nafter = \"{now}\"\nbefore = \"{now}\"\n");
    std::fs::write(&path, text.replace("[renew]\n", &window)).unwrap();
    scene.gateway.start();
    client.run(["status"]).expect(0);
    assert_ne!(certificates(&client)[0], before[0]);
}
