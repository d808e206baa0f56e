//! Kill -9 in the middle of what is done once: making a practice, enrolling, posting again. The next run goes on, or says
//! plainly what to do.
//!
//! `COUNTERFOIL_SEED` sets the moments.

use std::path::Path;
use std::time::{Duration, Instant};

use harness::practice::{self, Practice, init_command};
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Chance, Ended, Gateway, Ran, Running, files, from_environment};

/// How long a command takes when nobody interrupts it.
fn usual(run: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    run();
    begun.elapsed()
}

/// Kills a command after some part of its usual time.
fn kill_after(running: Running, usual: Duration, chance: &mut Chance) -> Ran {
    let usual = u64::try_from(usual.as_micros()).unwrap();
    std::thread::sleep(Duration::from_micros(chance.below(usual + usual / 10)));
    running.kill()
}

#[test]
fn an_init_that_was_killed_is_refused_by_name_and_can_be_made_again() {
    let mut chance = Chance::new(from_environment("COUNTERFOIL_SEED", 131));
    let first = scene::place();
    let usual = usual(|| drop(Practice::init(first.path(), scene::PRACTICE, 4433)));
    let mut killed_within = 0;
    for round in 0..12 {
        let place = scene::place();
        let port = practice::free_port();
        let init = || init_command(place.path(), scene::PRACTICE, port);
        let killed = kill_after(Running::start(&mut init()), usual, &mut chance);
        let folder = place.path().join("practice");
        let is_whole = folder.join("counterfoil.toml").exists();
        killed_within += u32::from(killed.ended == Ended::Signal(9) && folder.exists() && !is_whole);
        // What is whole has shown its kit.
        assert!(!is_whole || killed.all("practice").len() == 1, "round {round}\n{killed}");
        // What is whole runs. What is not is no practice, and is not taken for one.
        let mut command = harness::programs::command(harness::programs::GATEWAY);
        command.args(["run", "--listen", "127.0.0.1:0", "--json", "--lang", "en", "--dir"]).arg(&folder);
        command.arg("--key-file").arg(place.path().join("key"));
        let mut running = Running::start(&mut command);
        match running.wait_for_or_end("a listening gateway", |event| event["type"] == "listening") {
            Some(_) => {
                assert!(is_whole, "round {round}: a practice without a configuration runs");
                running.signal(rustix::process::Signal::TERM);
                running.wait().expect(0);
            }
            None => {
                let ran = running.wait();
                assert!(!is_whole, "round {round}\n{ran}");
                assert!(matches!(ran.ended, Ended::Code(1 | 2)), "round {round}\n{ran}");
                assert!(ran.failure().is_some_and(|word| word != "unexpected"), "round {round}\n{ran}");
            }
        }
        // Made again where it was: nothing is overwritten, and it is said what stands there.
        let again = Running::start(&mut init()).wait();
        match again.ended {
            Ended::Code(0) => continue,
            Ended::Code(2) => {}
            _ => panic!("round {round}\n{again}"),
        }
        assert!(
            matches!(again.failure(), Some("folder-exists" | "root-folder-unusable")),
            "round {round}\n{again}"
        );
        for half in ["practice", "roots"] {
            let _ = std::fs::remove_dir_all(place.path().join(half));
        }
        Running::start(&mut init()).wait().expect(0);
    }
    assert!(killed_within > 2, "only {killed_within} of 12 were killed in the middle");
}

#[test]
fn an_enrolment_that_was_killed_goes_on_as_the_same_device() {
    let mut chance = Chance::new(from_environment("COUNTERFOIL_SEED", 132));
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    let usual = usual(|| drop(scene.client("first", &[BOOK])));
    const ROUNDS: usize = 16;
    for round in 0..ROUNDS {
        let companion = scene.stranger(&format!("companion {round}"));
        let word = scene.practice.invite("client", &format!("client {round}"), &[BOOK]).word;
        let mut enrolling = companion.start(["enrol", &word, "--yes"]);
        if round % 2 == 0 {
            kill_after(enrolling, usual, &mut chance);
        } else {
            let micros = u64::try_from(usual.as_micros()).unwrap();
            std::thread::sleep(Duration::from_micros(chance.below(micros)));
            scene.gateway.kill9();
            // It may end by itself meanwhile; it may also wait for the gateway to come back.
            enrolling.signal(rustix::process::Signal::KILL);
            enrolling.wait();
            scene.gateway.start();
        }
        let ran = companion.enrol(&word).expect(0);
        assert_eq!(ran.only("identity")["confirmed"], true, "round {round}\n{ran}");
        let document = files::write(&scene.path(&format!("{round}.pdf")), format!("{round}").as_bytes());
        companion.send(&[&document], BOOK, PERIOD).expect(0);
        let left = companion.home.join("enrolling");
        assert!(!left.exists() || files::tree(&left).is_empty(), "round {round}: half an enrolment is left");
    }
    let people = scene.practice.people();
    assert_eq!(people.len(), ROUNDS + 1);
    for person in people {
        assert_eq!(person["devices"].as_array().unwrap().len(), 1, "{person}");
    }
}

#[test]
fn a_repost_that_was_killed_is_posted_again_at_the_next_start() {
    let mut chance = Chance::new(from_environment("COUNTERFOIL_SEED", 133));
    let mut scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let outbox = scene.path("outbox");
    for at in 0..300 {
        files::write(&outbox.join(format!("{at}.txt")), format!("document {at}").as_bytes());
    }
    client.send(&[&outbox], BOOK, PERIOD).expect(0);
    let list = bookkeeper.run(["list"]).expect(0);
    assert_eq!(list.rows("document").len(), 300);
    scene.gateway.sigterm().expect(0);
    let repost = || Running::start(&mut scene.practice.command(["repost"]));
    let usual = usual(|| drop(repost().wait().expect(0)));
    for round in 0..12 {
        kill_after(repost(), usual, &mut chance);
        if round % 3 == 0 {
            // A start is interrupted as well.
            let address = scene.gateway.address;
            kill_after(Running::start(&mut Gateway::command(&scene.practice, address)), usual, &mut chance);
        }
        scene.gateway.start();
        let listed = bookkeeper.run(["list"]).expect(0);
        assert_eq!(listed.rows("document"), list.rows("document"), "round {round}");
        scene.gateway.sigterm().expect(0);
    }
    repost().wait().expect(0);
    // One that was interrupted stands beside it, as it is told; they do not pile up.
    let stores = names(&scene.practice.folder).into_iter().filter(|name| name.starts_with("ledger"));
    assert!(stores.count() <= 2);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}
