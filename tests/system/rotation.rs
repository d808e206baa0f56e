//! Keys exchanged while everything runs: nobody notices, a kill in the middle goes on, and who slept comes back.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::files::{self, MIB};
use harness::practice::{self, Practice, init_command};
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Chance, Conditions, Ran, Running, programs};

const KINDS: [&str; 6] = ["gateway", "statements", "receipts", "checkpoint", "issuing", "root"];

/// What the root's holder does: signs the gateway's request with the files that are kept.
pub(crate) struct Holder {
    pub(crate) words: std::path::PathBuf,
    pub(crate) roots: std::path::PathBuf,
}

impl Holder {
    /// Makes a practice in `place`, and keeps its words.
    pub(crate) fn with_practice(place: &Path, port: u16) -> (Self, Practice) {
        Self::of(place, port, init_command(place, scene::PRACTICE, port))
    }

    /// The same, by an `init` of the test's own.
    pub(crate) fn of(place: &Path, port: u16, mut init: Command) -> (Self, Practice) {
        let ran = Running::start(&mut init).wait().expect(0);
        let told = ran.only("practice");
        let words = files::write(&place.join("words"), told["kit"].as_str().unwrap().as_bytes());
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&words, std::fs::Permissions::from_mode(0o600)).unwrap();
        let practice = Practice {
            folder: place.join("practice"),
            key_file: place.join("key"),
            root_out: place.join("roots"),
            port,
            pin: told["pin"].as_str().unwrap().to_owned(),
            environment: Vec::new(),
        };
        (Self { words, roots: place.join("roots") }, practice)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = programs::command(programs::GATEWAY);
        command.args(["root"]).args(words).arg("--words-file").arg(&self.words);
        command.args(["--json", "--lang", "en", "--yes"]);
        command
    }

    /// `rotate prepare KIND`, the signature, and the answer; the new files are the ones to use next.
    pub(crate) fn prepare(&mut self, practice: &Practice, kind: &str, stolen: bool) -> Ran {
        let place = self.words.parent().unwrap().to_path_buf();
        let (request, answer) = (place.join(format!("{kind}.request")), place.join(format!("{kind}.answer")));
        let mut words = vec!["rotate", "prepare", kind, "--request", scene::text(&request)];
        words.extend(stolen.then_some("--stolen"));
        practice.run(&words).expect(0);
        let (root, spare) = (self.roots.join("counterfoil-root"), self.roots.join("counterfoil-spare"));
        let out = place.join(format!("roots-{kind}"));
        let mut sign =
            vec!["sign", "--trial", "--request", scene::text(&request), "--answer", scene::text(&answer)];
        sign.extend(["--root", scene::text(&root), "--spare", scene::text(&spare)]);
        if kind == "root" || stolen {
            sign.extend(["--out", scene::text(&out)]);
        }
        Running::start(&mut self.command(&sign)).wait().expect(0);
        if kind == "root" {
            self.roots = out;
        }
        practice.run(["rotate", "prepare", kind, "--answer", scene::text(&answer)]).expect(0)
    }
}

pub(crate) fn scene_with_holder(seed: Option<u64>) -> (Scene, Holder) {
    let place = scene::place();
    let relay = seed.map(harness::Relay::open);
    let port = relay.as_ref().map_or_else(practice::free_port, |relay| relay.address().port());
    let (holder, practice) = Holder::with_practice(place.path(), port);
    (Scene::of(place, practice, relay), holder)
}

pub(crate) fn phase(practice: &Practice, kind: &str) -> String {
    let ran = practice.run(["rotate", "status"]).expect(0);
    let rows = ran.rows("rotation");
    let row = rows.iter().find(|row| row["kind"] == kind).unwrap_or_else(|| panic!("no {kind}\n{ran}"));
    row["phase"].as_str().unwrap().to_owned()
}

/// Every step of a kind up to its end, or up to what devices are behind of.
fn rotate(practice: &Practice, holder: &mut Holder, kind: &str) {
    match kind {
        "issuing" | "root" => drop(holder.prepare(practice, kind, false)),
        _ => drop(practice.run(["rotate", "next", kind]).expect(0)),
    }
    while phase(practice, kind) != "none" {
        let ran = practice.run(["rotate", "next", kind]);
        if ran.failure() == Some("rotation-behind") {
            assert_eq!((kind, phase(practice, kind).as_str()), ("issuing", "switched"), "{ran}");
            return;
        }
        ran.expect(0);
    }
}

#[test]
fn everything_is_exchanged_while_eight_uploads_run() {
    let (scene, mut holder) = scene_with_holder(Some(91));
    scene.practice.add_book(BOOK);
    let clients: Vec<_> = (0..8).map(|at| scene.client(&format!("c{at}"), &[BOOK])).collect();
    let bookkeeper = scene.bookkeeper("bookkeeper", &[BOOK]);
    let rate = Conditions { bytes_per_second: Some(6 * MIB), ..Conditions::default() };
    scene.relay().behave(rate);
    let before = scene.relay().passed_up();
    let sending: Vec<_> = clients
        .iter()
        .enumerate()
        .map(|(at, client)| {
            let content = files::bytes(at as u64, 8 * MIB as usize);
            let document = files::write(&scene.path(&format!("out/{at}.bin")), &content);
            client.start_send(&[&document], BOOK, PERIOD)
        })
        .collect();
    // The authorities exclude each other: the issuing one waits here for its devices, so the root goes first.
    for kind in ["gateway", "statements", "receipts", "checkpoint", "root", "issuing"] {
        rotate(&scene.practice, &mut holder, kind);
    }
    for running in sending {
        running.wait().expect(0);
    }
    let passed = scene.relay().passed_up() - before;
    assert!(passed < 8 * 8 * MIB * 12 / 10, "{passed} bytes: something was sent twice");
    scene.relay().behave(Conditions::default());
    let inbox = scene.path("inbox");
    bookkeeper.fetch_new(&inbox).expect(0);
    assert_eq!(files::tree(&inbox).len(), 8);
}

#[test]
fn who_slept_through_gateway_issuing_and_root_comes_back_and_old_receipts_hold() {
    let (scene, mut holder) = scene_with_holder(None);
    let (sleeper, bookkeeper) = scene.people();
    let document = files::write(&scene.path("a.pdf"), b"from before");
    let sent = sleeper.send(&[&document], BOOK, PERIOD).expect(0);
    let receipt = sent.only("receipt")["path"].as_str().unwrap().to_owned();
    let submission = sent.only("receipt")["submission"].as_str().unwrap().to_owned();
    let kept = files::read(Path::new(&receipt));
    for kind in KINDS.iter().copied().filter(|kind| *kind != "issuing") {
        rotate(&scene.practice, &mut holder, kind);
    }
    holder.prepare(&scene.practice, "issuing", false);
    scene.practice.run(["rotate", "distribute", "issuing"]).expect(0);
    scene.practice.run(["rotate", "switch", "issuing"]).expect(0);
    let ran = scene.practice.run(["rotate", "retire", "issuing"]);
    ran.expect_failure("rotation-behind", 14);
    let again = files::write(&scene.path("b.pdf"), b"from after");
    sleeper.send(&[&again], BOOK, PERIOD).expect(0);
    sleeper.run(["receipt", "verify", &receipt, "--document", scene::text(&document)]).expect(0);
    let to = scene.path("again.receipt");
    sleeper.run(["receipt", "get", &submission, "--to", scene::text(&to)]).expect(0);
    assert!(files::read(&to) == kept, "the same bytes for ever");
    scene.client("new", &[BOOK]);
    bookkeeper.fetch_new(&scene.path("inbox")).expect(0);
    // Who is behind is told apart, and a typed count goes on without them.
    let behind = scene.practice.run(["rotate", "status"]).expect(0);
    let row = behind.rows("rotation").into_iter().find(|row| row["kind"] == "issuing").unwrap();
    assert_eq!(row["cut_off"].as_array().unwrap().len(), 2, "{behind}");
    scene.practice.run(["rotate", "retire", "issuing", "--force", "1"]).expect_failure("rotation-behind", 14);
    scene.practice.run(["rotate", "retire", "issuing", "--force", "2"]).expect(0);
    // The old authority is good for renewal alone: the sleeper renews by itself, and goes on.
    sleeper.run(["status"]).expect(0);
    bookkeeper.run(["list"]).expect(0);
}

#[test]
fn a_kill_in_the_middle_of_any_step_goes_on() {
    let (mut scene, mut holder) = scene_with_holder(None);
    let (client, _) = scene.people();
    let mut chance = Chance::new(92);
    for kind in KINDS {
        match kind {
            "issuing" | "root" => drop(holder.prepare(&scene.practice, kind, false)),
            _ => drop(scene.practice.run(["rotate", "next", kind]).expect(0)),
        }
        let last = if kind == "issuing" { "switched" } else { "none" };
        while phase(&scene.practice, kind) != last {
            let step = Running::start(&mut scene.practice.command(["rotate", "next", kind]));
            std::thread::sleep(Duration::from_millis(chance.below(120)));
            scene.gateway.kill9();
            let _ = step.wait();
            scene.gateway.start();
        }
        if kind == "issuing" {
            // Nobody was renewed: its way back is open.
            scene.practice.run(["rotate", "back", kind]).expect(0);
            scene.practice.run(["rotate", "back", kind]).expect(0);
        }
        let document = files::write(&scene.path(&format!("{kind}.pdf")), kind.as_bytes());
        client.send(&[&document], BOOK, PERIOD).expect(0);
    }
}

#[test]
fn a_stolen_root_is_replaced_by_the_spare_alone_and_companions_find_their_way() {
    let (scene, mut holder) = scene_with_holder(None);
    let (client, _) = scene.people();
    let document = files::write(&scene.path("a.pdf"), b"before");
    client.send(&[&document], BOOK, PERIOD).expect(0);
    holder.prepare(&scene.practice, "root", true);
    assert_eq!(phase(&scene.practice, "root"), "none");
    let document = files::write(&scene.path("b.pdf"), b"after");
    client.send(&[&document], BOOK, PERIOD).expect(0);
}

#[test]
fn a_stolen_issuing_key_is_refused_by_companions_and_devices_go_on() {
    let (scene, mut holder) = scene_with_holder(None);
    let (client, _) = scene.people();
    let before = certificates(&client);
    holder.prepare(&scene.practice, "issuing", true);
    // The registry knows the exact certificate: nobody with the stolen key is a device, and devices stay what they are.
    // The first command learns of the theft, exchanges both certificates, and signs with the new one.
    let document = files::write(&scene.path("a.pdf"), b"after");
    let sent = client.send(&[&document], BOOK, PERIOD).expect(0);
    let after = certificates(&client);
    assert!(after[0]["serial"] != before[0]["serial"] && after[1]["serial"] != before[1]["serial"]);
    client.run(["receipt", "verify", sent.only("receipt")["path"].as_str().unwrap()]).expect(0);
    scene.client("new", &[BOOK]).send(&[&document], BOOK, PERIOD).expect(0);
}

fn certificates(companion: &harness::Companion) -> Vec<serde_json::Value> {
    companion.run(["cert", "show"]).expect(0).rows("certificate").into_iter().cloned().collect()
}

#[test]
fn devices_renew_within_two_weeks_of_the_switch_of_their_issuing_authority() {
    let (scene, mut holder) = scene_with_holder(None);
    let (client, _) = scene.people();
    let renews = || {
        client.run(["status"]).expect(0);
        let renews = certificates(&client)[0]["renews"].as_str().unwrap().to_owned();
        model::Timestamp::parse_rfc3339(&renews).unwrap()
    };
    let now = model::Timestamp::from_unix_ms(host::Clock::system().unix_ms());
    let soon = || now.plus_seconds(14 * 24 * 3600 + 60);
    holder.prepare(&scene.practice, "issuing", false);
    scene.practice.run(["rotate", "distribute", "issuing"]).expect(0);
    assert!(renews() > soon());
    scene.practice.run(["rotate", "switch", "issuing"]).expect(0);
    assert!(renews() <= soon());
    scene.practice.run(["rotate", "back", "issuing"]).expect(0);
    assert!(renews() > soon(), "who has not renewed yet need not");
}
