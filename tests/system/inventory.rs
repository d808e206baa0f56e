//! What there is: people, devices and certificates as an admin sees them, what is kept of it over a restart, and the
//! calendar that others read.

use std::path::Path;
use std::process::Command;

use harness::scene::{self, BOOK, Scene};
use harness::{Companion, Gateway, Peer, Ran, Running, skipped};
use protocol::message::Hello;
use protocol::{List, Text};
use serde_json::Value;

fn of<'a>(rows: &'a [Value], key: &str, value: &str) -> &'a Value {
    rows.iter().find(|row| row[key] == value).unwrap_or_else(|| panic!("no {value} in {rows:?}"))
}

fn rows(ran: &Ran, of: &str) -> Vec<Value> {
    ran.rows(of).into_iter().cloned().collect()
}

#[test]
fn devices_and_certificates_are_the_same_at_the_gateway_and_from_afar() {
    let scene = Scene::open();
    let (client, keeper) = scene.people();
    let admin = scene.staff("admin", "admin", &[]);
    let devices = rows(&scene.practice.run(["devices"]).expect(0), "device");
    assert_eq!(devices.len(), 3);
    let of_client = of(&devices, "person", "client");
    assert_eq!(of_client["confirmed_by"], "itself");
    assert_eq!(of(&devices, "person", "bookkeeper")["confirmed_by"], "admin-socket");
    assert_eq!((&of_client["key_store"], &of_client["renews"]), (&"plain".into(), &"self".into()));
    assert!(of_client["software"].as_str().unwrap().starts_with("counterfoil/"), "{of_client}");
    assert!(of_client["last_seen"].is_string() && of_client["bundle"].is_u64(), "{of_client}");
    // The very certificates that the device has.
    let certificates = rows(&scene.practice.run(["certs"]).expect(0), "certificate");
    for shown in client.run(["cert", "show"]).expect(0).rows("certificate") {
        let listed = of(&certificates, "serial", shown["serial"].as_str().unwrap());
        assert_eq!((&listed["purpose"], &listed["until"]), (&shown["purpose"], &shown["until"]));
        assert_eq!((&listed["person"], &listed["issuer"]), (&"client".into(), &"i1".into()));
    }
    for own in ["root", "issuing", "gateway", "statements", "receipts"] {
        assert!(of(&certificates, "purpose", own)["device"].is_null());
    }
    assert_eq!(certificates.len(), 5 + 2 * 3);
    // From afar it is the same, without a second factor; and nobody else's.
    let asked = admin.run(["admin", "certs"]).expect(0);
    assert_eq!(rows(&asked, "certificate"), certificates);
    assert_eq!(rows(&admin.run(["admin", "devices"]).expect(0), "device").len(), 3);
    keeper.run(["admin", "devices"]).expect_failure("admin-only", 14);
}

#[test]
fn what_ends_soon_is_found_by_a_program_that_looks_every_day() {
    let scene = Scene::open();
    scene.people();
    let certs = |words: &[&str]| scene.practice.run([&["certs"], words].concat());
    certs(&["--within", "30d"]).expect(0);
    let ran = certs(&["--within", "100d", "--sort", "expiry"]).expect(1);
    let ends: Vec<String> =
        ran.rows("certificate").iter().map(|row| row["until"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ends.len(), 3, "the gateway's and two devices' for connections: {ran}");
    assert!(ends.is_sorted());
    scene.practice.run(["devices", "--within", "30d"]).expect(0);
    scene.practice.run(["devices", "--within", "100d"]).expect(1);
    for words in [["--sort", "size"], ["--within", "soon"]] {
        certs(&words).expect_failure("argument-wrong", 2);
    }
    // Who is out is no more in force.
    let revoked = rows(&scene.practice.run(["devices"]).expect(0), "device");
    let client = of(&revoked, "person", "client")["id"].as_str().unwrap();
    scene.practice.run(["device", "revoke", client, "--reason", "lost", "--yes"]).expect(0);
    certs(&["--within", "100d"]).expect(1);
    let all = rows(&certs(&["--all"]).expect(0), "certificate");
    assert_eq!(all.iter().filter(|row| row["state"] == "revoked").count(), 2);
    assert_eq!(rows(&certs(&[]).expect(0), "certificate").len(), 5 + 2);
}

fn entries(scene: &Scene) -> u64 {
    scene.practice.run(["status"]).expect(0).rows("practice")[0]["entries"].as_u64().unwrap()
}

fn last_seen(scene: &Scene) -> Value {
    let ran = scene.practice.run(["devices"]).expect(0);
    of(&rows(&ran, "device"), "person", "client").clone()
}

#[test]
fn when_a_device_was_seen_last_outlives_a_stop_and_costs_no_entry() {
    let mut scene = Scene::open();
    scene.people();
    let (before, seen) = (entries(&scene), last_seen(&scene));
    let client = Companion::new(scene.path("client"));
    for _ in 0..3 {
        client.run(["books"]).expect(0);
    }
    let later = last_seen(&scene);
    assert!(later["last_seen"].as_str() > seen["last_seen"].as_str());
    assert_eq!(entries(&scene), before, "looking and being looked at is no fact of the journal");
    scene.gateway.sigterm().expect(0);
    assert_eq!(last_seen(&scene), later, "where no gateway runs");
    scene.gateway.start();
    assert_eq!(last_seen(&scene), later);
    // A crash costs what was not kept yet, and nothing else; a file that is none costs all of it, and no start.
    client.run(["books"]).expect(0);
    scene.gateway.kill9();
    scene.gateway.start();
    assert_eq!(last_seen(&scene), later);
    scene.gateway.sigterm().expect(0);
    std::fs::write(scene.practice.folder.join("seen"), b"\x00\x00\x00\x04none").unwrap();
    scene.gateway.start();
    assert!(last_seen(&scene)["last_seen"].is_null());
    client.run(["books"]).expect(0);
    assert!(last_seen(&scene)["last_seen"].is_string());
}

#[test]
fn what_a_device_says_of_itself_is_shown_harmless() {
    let scene = Scene::open();
    let (client, _) = scene.people();
    let peer = Peer::of(&client);
    let hello = Hello {
        versions: List::new(protocol::VERSIONS.to_vec()).unwrap(),
        software: Text::new("\u{1b}[2Jevil\u{202e}\n").unwrap(),
        root_record: 1,
        bundle: None,
        platform: Some(Text::new("\u{7}系统").unwrap()),
        key_store: Some(Text::new("a\tb").unwrap()),
    };
    assert_eq!(peer.ask(hello).code(), None);
    let listed = last_seen(&scene);
    assert_eq!((&listed["software"], &listed["platform"]), (&"?[2Jevil??".into(), &"???".into()));
    assert_eq!(listed["key_store"], "a?b");
}

/// An interpreter that has the `icalendar` of PyPI, as an oracle.
fn oracle() -> Option<String> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/icalendar/bin/python3");
    for python in [own, "python3"] {
        let has = Command::new(python).args(["-c", "import icalendar"]).output();
        if has.is_ok_and(|ran| ran.status.success()) {
            return Some(python.to_owned());
        }
    }
    skipped("inventory: python3 has no icalendar (PyPI) to read calendars with");
    None
}

const READER: &str = r#"
import sys, json, icalendar
calendar = icalendar.Calendar.from_ical(open(sys.argv[1], "rb").read())
out = []
for event in calendar.walk("VEVENT"):
    alarms = [str(alarm["TRIGGER"].dt) for alarm in event.walk("VALARM")]
    out.append({"uid": str(event["UID"]), "day": str(event["DTSTART"].dt), "end": str(event["DTEND"].dt),
                "sequence": int(event["SEQUENCE"]), "summary": str(event["SUMMARY"]),
                "status": str(event["STATUS"]), "alarms": alarms})
print(json.dumps({"name": str(calendar.get("NAME", "")), "events": out}))
"#;

fn read(python: &str, path: &Path) -> Value {
    let ran = Command::new(python).args(["-c", READER]).arg(path).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

#[test]
fn the_calendar_is_read_by_others_and_names_nobody_unless_it_is_asked_to() {
    let scene = Scene::open();
    let (client, _) = scene.people();
    let path = scene.path("certs.ics");
    let write = |words: &[&str]| {
        let words = [&["certs", "--calendar", scene::text(&path)], words].concat();
        scene.practice.run(words).expect(0);
        std::fs::read(&path).unwrap()
    };
    let plain = write(&[]);
    let text = String::from_utf8(plain).unwrap();
    for name in ["client", "bookkeeper", scene::PRACTICE, BOOK] {
        assert!(!text.replace("\r\n ", "").contains(name), "{name} in\n{text}");
    }
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{text}");
    client.run(["cert", "renew"]).expect(0);
    let Some(python) = oracle() else { return };
    let first: Value = {
        std::fs::write(&path, &text).unwrap();
        read(&python, &path)
    };
    let certificates = rows(&scene.practice.run(["certs", "--all"]).expect(0), "certificate");
    let pid = first["events"][0]["uid"].as_str().unwrap().split_once('@').unwrap().1.to_owned();
    assert_eq!(first["events"].as_array().unwrap().len(), 5 + 2 * 2);
    std::thread::sleep(std::time::Duration::from_secs(1));
    write(&["--names"]);
    let named = read(&python, &path);
    assert!(named["name"].as_str().unwrap().contains(scene::PRACTICE), "{named}");
    let events = named["events"].as_array().unwrap();
    assert_eq!(events.len(), certificates.len());
    for event in events {
        let (serial, of) = event["uid"].as_str().unwrap().split_once('@').unwrap();
        assert_eq!(of, pid);
        let listed = self::of(&certificates, "serial", serial);
        assert!(listed["until"].as_str().unwrap().starts_with(event["day"].as_str().unwrap()));
        let is_over = listed["state"] == "superseded";
        assert_eq!(event["status"], if is_over { "CANCELLED" } else { "CONFIRMED" });
        let expected: &[&str] = if is_over { &[] } else { &["-14 days, 0:00:00"] };
        assert_eq!(event["alarms"], Value::from(expected.to_vec()));
        if let Some(person) = listed["person"].as_str() {
            assert!(event["summary"].as_str().unwrap().contains(person), "{event}");
        }
        let before = first["events"].as_array().unwrap().iter().find(|one| one["uid"] == event["uid"]);
        if let Some(before) = before {
            assert!(event["sequence"].as_i64() > before["sequence"].as_i64(), "it replaces the one before");
        }
    }
    // What was replaced is taken out of the calendars that have it.
    assert!(events.iter().any(|event| event["status"] == "CANCELLED"));
}

/// The library that moves the wall clock of a process, where it is installed.
fn library() -> Option<std::path::PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    let mut candidates = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    let found = candidates.find(|path| path.is_file());
    if found.is_none() {
        skipped("inventory: libfaketime is not installed");
    }
    found
}

fn later(mut command: Command, library: &Path, by: &str) -> Command {
    command.env("LD_PRELOAD", library).env("FAKETIME", by).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

#[test]
fn the_gateways_own_certificates_are_followed_by_new_ones_before_they_end() {
    let Some(library) = library() else { return };
    let mut scene = Scene::open();
    scene.people();
    let serials = |scene: &Scene| -> Vec<(String, String)> {
        let certificates = rows(&scene.practice.run(["certs"]).expect(0), "certificate");
        let own = certificates.iter().filter(|one| one["state"] == "signing");
        let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
        own.map(|one| (text(one, "purpose"), text(one, "serial"))).collect()
    };
    let before = serials(&scene);
    scene.gateway.sigterm().expect(0);
    // Beyond the life of all three. Nobody was there: they are made, told and used at once.
    let command = Gateway::command(&scene.practice, scene.gateway.address);
    scene.gateway.start_as(later(command, &library, "+410d"));
    scene.practice.run(["clock", "confirm"]).expect(0);
    harness::process::wait_until("new certificates", || {
        let after = serials(&scene);
        let of = |all: &[(String, String)], own: &str| all.iter().find(|one| one.0 == own).cloned();
        let is_new = |own: &str| of(&after, own).is_some_and(|new| Some(new) != of(&before, own));
        ["gateway", "statements", "receipts"].into_iter().all(is_new)
    });
    // A client of then enrols, sends and has a receipt that verifies.
    let invited = scene.practice.invite("client", "late", &[BOOK]).word;
    let late = scene.stranger("late");
    let run = |words: &[&str]| Running::start(&mut later(late.command(words), &library, "+410d")).wait();
    run(&["enrol", &invited, "--yes"]).expect(0);
    let document = harness::files::write(&scene.path("a.bin"), b"late");
    run(&["send", scene::text(&document), "--book", BOOK, "--period", "2027-12"]).expect(0);
}

#[test]
fn what_ends_soon_is_in_the_log_once_and_in_status_as_long_as_it_is_so() {
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    let until = client_day(20);
    let words = ["invite", "--role", "partner", "--name", "审计师", "--book", BOOK, "--purpose", "audit"];
    scene.practice.run([&words[..], &["--until", &until]].concat()).expect(0);
    let digests = |ran: &Ran| ran.errors.lines().filter(|line| line.contains("alarm=\"ends-soon\"")).count();
    let first = |scene: &mut Scene| scene.gateway.sigterm().expect(0);
    let mut said = digests(&first(&mut scene));
    for _ in 0..3 {
        scene.gateway.start();
        let status = scene.practice.run(["status"]).expect(0);
        assert!(status.has_warning("ends-soon"), "{status}");
        let ending = status.rows("practice")[0]["ending"].clone();
        assert_eq!(
            (ending[0]["what"].as_str(), ending[0]["name"].as_str()),
            (Some("person"), Some("审计师"))
        );
        let ran = first(&mut scene);
        assert!(!ran.errors.contains("审计师"), "no name is in the log");
        said += digests(&ran);
    }
    assert_eq!(said, 2, "one digest with one line");
}

/// The day after so many days, as it is typed.
fn client_day(days: u64) -> String {
    let at = model::Timestamp::from_unix_ms(host::Clock::system().unix_ms()).plus_seconds(days * 24 * 3600);
    at.to_rfc3339().chars().take(10).collect()
}
