//! Recovery: what can be made again is made again and the same; what is damaged is named, and never passed over.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use harness::scene::{BOOK, PERIOD, Scene};
use harness::{Chance, Companion, Gateway, Ran, Running, files};
use serde_json::Value;

/// A practice in which things have happened.
struct Lived {
    scene: Scene,
    client: Companion,
    bookkeeper: Companion,
}

impl Lived {
    fn new() -> Self {
        let scene = Scene::open();
        let (client, bookkeeper) = scene.people();
        scene.practice.add_book("another book");
        let outbox = scene.path("outbox");
        for at in 0..12 {
            files::write(&outbox.join(format!("{at}.pdf")), &files::bytes(at, 1 + 3000 * at as usize));
        }
        client.send(&[&outbox], BOOK, PERIOD).expect(0);
        client.send(&[&outbox.join("1.pdf"), &outbox.join("2.pdf")], BOOK, "2026-10").expect(0);
        client.send(&[&outbox.join("3.pdf")], BOOK, PERIOD).expect(0);
        let inbox = scene.path("inbox");
        bookkeeper.run(["fetch", "--period", "2026-10", "--to", inbox.to_str().unwrap()]).expect(0);
        Self { scene, client, bookkeeper }
    }

    /// Everything that people are told.
    fn told(&self) -> Vec<Value> {
        let mut told = Vec::new();
        for (person, words) in [
            (&self.bookkeeper, vec!["list"]),
            (&self.bookkeeper, vec!["list", "--new"]),
            (&self.client, vec!["status"]),
            (&self.client, vec!["books"]),
        ] {
            told.extend(person.run(words).expect(0).all("row").into_iter().cloned());
        }
        let mut people = self.scene.practice.people();
        for device in people.iter_mut().flat_map(|person| person["devices"].as_array_mut().unwrap()) {
            device.as_object_mut().unwrap().remove("last_seen"); // memory, not ledger
        }
        told.extend(people);
        told.extend(self.scene.practice.run(["book", "list"]).expect(0).all("row").into_iter().cloned());
        told
    }

    fn ledger(&self) -> PathBuf {
        self.scene.practice.folder.join("ledger")
    }

    fn log(&self) -> PathBuf {
        self.scene.practice.folder.join("journal/log.1")
    }

    /// A start that is expected to fail.
    fn fail_to_start(&self) -> Ran {
        self.fail_to_start_with("this damage")
    }

    fn fail_to_start_with(&self, what: &str) -> Ran {
        let running = Running::start(&mut Gateway::command(&self.scene.practice, self.scene.gateway.address));
        match running.wait_for_or_end("its end", |event| event["type"] == "listening") {
            None => running.wait(),
            Some(_) => panic!("it started all the same with {what}\n{}", running.kill()),
        }
    }
}

#[test]
fn a_ledger_that_was_posted_anew_tells_the_same() {
    let mut lived = Lived::new();
    let before = lived.told();
    assert!(before.len() > 20);
    lived.scene.gateway.sigterm().expect(0);
    let ran = lived.scene.practice.run(["repost"]).expect(0);
    assert!(ran.last("summary").unwrap()["entries"].as_u64().unwrap() > 10, "{ran}");
    lived.scene.gateway.start();
    assert_eq!(lived.told(), before);
}

#[test]
fn a_ledger_that_is_gone_is_posted_again() {
    let mut lived = Lived::new();
    let before = lived.told();
    lived.scene.gateway.sigterm().expect(0);
    std::fs::remove_dir_all(lived.ledger()).unwrap();
    lived.scene.gateway.start();
    assert_eq!(lived.told(), before);
    // In pieces, empty, or nonsense: the same.
    for file in ["conf", "db"] {
        for content in [None, Some(Vec::new()), Some(files::bytes(7, 5000))] {
            lived.scene.gateway.sigterm().expect(0);
            match content {
                None => std::fs::remove_file(lived.ledger().join(file)).unwrap(),
                Some(bytes) => drop(files::write(&lived.ledger().join(file), &bytes)),
            }
            lived.scene.gateway.start();
            assert_eq!(lived.told(), before, "{file}");
        }
    }
}

#[test]
fn a_damaged_ledger_is_set_aside_and_posted_again_and_never_a_panic() {
    let mut lived = Lived::new();
    let before = lived.told();
    let mut chance = Chance::new(41);
    let mut warned = 0;
    for round in 0..10 {
        lived.scene.gateway.sigterm().expect(0);
        let db = lived.ledger().join("db");
        let length = std::fs::metadata(&db).unwrap().len();
        // A flip a page, so that every round hits what is read.
        for page in 0..length.div_ceil(4096) {
            files::flip(&db, (page * 4096 + chance.below(4096)).min(length - 1));
        }
        lived.scene.gateway.start();
        let told = lived.scene.gateway.running();
        warned += usize::from(told.events().iter().any(|event| event["word"] == "ledger-damaged"));
        assert_eq!(lived.told(), before, "round {round}");
        assert!(!lived.scene.gateway.running().errors().contains("panicked"));
    }
    assert!(warned > 0, "damage was never noticed");
}

#[test]
fn a_torn_end_of_the_journal_is_cut_and_nothing_that_was_acknowledged() {
    let mut lived = Lived::new();
    let before = lived.told();
    for torn in [
        &[0, 0, 1][..],                                    // not even a length
        &[0, 0, 4, 0, 1],                                  // a length, and nothing
        &[[0, 0, 4, 0, 1].as_slice(), &[7; 300]].concat(), // part of a body
        &[[0, 0, 0, 16, 1].as_slice(), &[7; 24]].concat(), // a whole body with the wrong end
        &[0; 4096],                                        // what a file system may leave
    ] {
        lived.scene.gateway.kill9();
        let mut log = std::fs::OpenOptions::new().append(true).open(lived.log()).unwrap();
        log.write_all(torn).unwrap();
        drop(log);
        lived.scene.gateway.start();
        let cut = lived.scene.gateway.running().events().iter().any(|event| event["word"] == "record-cut");
        assert!(cut, "{} bytes", torn.len());
        assert_eq!(lived.told(), before);
    }
}

#[test]
fn a_flipped_byte_inside_the_journal_is_named_and_the_gateway_refuses_to_start() {
    let mut lived = Lived::new();
    lived.scene.gateway.sigterm().expect(0);
    let whole = files::read(&lived.log());
    let mut chance = Chance::new(42);
    let end = whole.len() as u64 - 1;
    let mut places: Vec<u64> = (0..10).map(|_| chance.below(whole.len() as u64)).collect();
    places.extend([0, 4, 5, end, end - 8]);
    for at in places {
        files::flip(&lived.log(), at);
        let ran = lived.fail_to_start().expect_failure("journal-damaged", 13);
        let details = &ran.last("error").unwrap()["details"];
        assert!(details.to_string().contains("journal"), "{at}: {ran}");
        assert_eq!(files::read(&lived.log()).len(), whole.len(), "nothing is cut: {at}");
        files::flip(&lived.log(), at);
    }
    assert!(files::read(&lived.log()) == whole);
    lived.scene.gateway.start();
}

#[test]
fn an_older_or_shortened_journal_is_refused() {
    let mut lived = Lived::new();
    lived.scene.gateway.sigterm().expect(0);
    let older = files::read(&lived.log());
    lived.scene.gateway.start();
    lived.scene.practice.add_book("newer");
    lived.scene.gateway.sigterm().expect(0);
    let newer = files::read(&lived.log());
    for bytes in [&older[..], &newer[..newer.len() - 3], &newer[..100]] {
        files::write(&lived.log(), bytes);
        let ran = lived.fail_to_start();
        assert!(matches!(ran.failure(), Some("journal-rolled-back" | "journal-damaged")), "{ran}");
        assert_eq!(ran.ended, harness::Ended::Code(13), "{ran}");
        assert!(files::read(&lived.log()) == bytes, "it was left as it is");
    }
    std::fs::remove_file(lived.log()).unwrap();
    let ran = lived.fail_to_start();
    assert_eq!(ran.ended, harness::Ended::Code(13), "{ran}");
    files::write(&lived.log(), &newer);
    let head = lived.scene.practice.folder.join("journal/head");
    let kept = files::read(&head);
    std::fs::remove_file(&head).unwrap();
    assert!(lived.fail_to_start().failure().is_some());
    files::write(&head, &kept);
    lived.scene.gateway.start();
}

#[test]
fn a_damaged_file_of_the_vault_is_named_and_never_passed_over() {
    let mut lived = Lived::new();
    lived.scene.gateway.sigterm().expect(0);
    let folder = lived.scene.practice.folder.clone();
    let wanted = ["vault.json", "certs/current", "ring/standard", "keys/statements", "shred/seed"];
    for (name, path) in files::tree(&folder) {
        if !wanted.iter().any(|wanted| name.starts_with(wanted)) {
            continue;
        }
        let whole = files::read(&path);
        let places =
            if name.starts_with("shred") { (0..whole.len()).collect() } else { vec![whole.len() / 3] };
        let mut bytes = whole.clone();
        for at in places {
            bytes[at] ^= 0xff;
        }
        files::write(&path, &bytes);
        let ran = lived.fail_to_start_with(&name);
        let word = ran.failure().unwrap_or_else(|| panic!("{name}: no failure\n{ran}"));
        assert!(matches!(ran.ended, harness::Ended::Code(1 | 2 | 13)), "{name}: {ran}");
        assert!(!ran.errors.contains("panicked"), "{name}: {ran}");
        assert_ne!(word, "unexpected", "{name}: {ran}");
        assert!(files::read(&path) == bytes, "{name} was left as it is");
        files::write(&path, &whole);
    }
    lived.scene.gateway.start();
    lived.told();
}

#[test]
fn a_damaged_shelf_is_never_cut_below_what_was_accepted() {
    let mut lived = Lived::new();
    let before = lived.told();
    let shelves = lived.scene.practice.folder.join("shelves");
    let path = files::tree(&shelves).into_values().max_by_key(|path| std::fs::metadata(path).unwrap().len());
    let path = path.unwrap();
    let mut chance = Chance::new(43);
    let document = |name: &str| files::write(&lived.scene.path(name), name.as_bytes());
    let documents = [document("after a stop.pdf"), document("after a kill.pdf")];
    for (document, stop_cleanly) in documents.iter().zip([true, false]) {
        for round in 0..6 {
            match stop_cleanly {
                true => drop(lived.scene.gateway.sigterm().expect(0)),
                false => drop(lived.scene.gateway.kill9()),
            }
            let whole = files::read(&path);
            // The last frame is the one that could be taken for a torn end.
            let at = match round {
                0 => whole.len() as u64 - 1,
                1 => whole.len() as u64 * 3 / 4,
                _ => chance.below(whole.len() as u64),
            };
            files::flip(&path, at);
            let damaged = files::read(&path);
            let command = &mut Gateway::command(&lived.scene.practice, lived.scene.gateway.address);
            let running = Running::start(command);
            if running.wait_for_or_end("its end", |event| event["type"] == "listening").is_some() {
                // It may serve what is whole, but nothing is written where something is damaged.
                let sending = lived.client.start_send(&[document], BOOK, PERIOD);
                sending.wait_for_or_end("a refusal", |event| event["type"] == "waiting");
                sending.kill();
                assert!(files::read(&path).starts_with(&damaged), "round {round}, byte {at}: it was cut");
                drop(running);
            } else {
                let ran = running.wait();
                let named = matches!(ran.failure(), Some("vault-damaged" | "acceptance-without-document"));
                assert!(named, "round {round}, byte {at}: {ran}");
                assert!(files::read(&path) == damaged, "round {round}, byte {at}: it was changed");
            }
            files::flip(&path, at);
            lived.scene.gateway.start();
        }
    }
    assert!(lived.told().len() >= before.len());
}

#[test]
fn a_damaged_ring_is_never_cut_below_the_keys_that_are_used() {
    let mut lived = Lived::new();
    let ring = lived.scene.practice.folder.join("ring/standard.1");
    for stop_cleanly in [true, false] {
        let before = lived.told();
        match stop_cleanly {
            true => drop(lived.scene.gateway.sigterm().expect(0)),
            false => drop(lived.scene.gateway.kill9()),
        }
        let whole = files::read(&ring);
        // The last frame is the one that could be taken for a torn end; every key in it is in use.
        files::flip(&ring, whole.len() as u64 - 1);
        let damaged = files::read(&ring);
        let ran = lived.fail_to_start();
        assert!(ran.failure().is_some_and(|word| word != "unexpected"), "{ran}");
        assert!(files::read(&ring) == damaged, "it was changed\n{ran}");
        files::flip(&ring, whole.len() as u64 - 1);
        lived.scene.gateway.start();
        assert_eq!(lived.told(), before);
    }
}

#[test]
fn what_is_there_survives_a_kill_at_any_quiet_moment() {
    let mut lived = Lived::new();
    let before = lived.told();
    for _ in 0..3 {
        lived.scene.gateway.kill9();
        lived.scene.gateway.start();
        assert_eq!(lived.told(), before);
    }
    let list = lived.bookkeeper.run(["list"]).expect(0);
    let ran = lived.bookkeeper.fetch_new(&lived.scene.path("inbox2")).expect(0);
    assert_eq!(ran.files("fetched").len(), list.rows("document").len() - 2);
    for file in ran.files("fetched") {
        let (name, path) = (file["name"].as_str().unwrap(), file["path"].as_str().unwrap());
        let at: u64 = Path::new(name).file_stem().unwrap().to_str().unwrap().parse().unwrap();
        assert!(files::read(Path::new(path)) == files::bytes(at, 1 + 3000 * at as usize), "{name}");
    }
}
