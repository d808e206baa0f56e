//! The thief of the disk: whoever has the practice folder without the key finds no name, no content and no digest.

use std::collections::BTreeMap;
use std::path::Path;

use harness::files::{self, MIB};
use harness::process;
use harness::scene::{BOOK, PERIOD, Scene};

const CANARY: &str = "CANARY-7f3a9c51-content-that-nobody-may-read";

/// Every form in which a thief could recognise something.
fn marks(documents: &[(&str, Vec<u8>)]) -> BTreeMap<String, Vec<u8>> {
    let mut marks = BTreeMap::new();
    let mut mark = |what: &str, bytes: &[u8]| {
        marks.insert(what.to_owned(), bytes.to_vec());
    };
    for name in
        [BOOK, "canary-client-王小明", "canary-bookkeeper-李会计", "canary-label", "canary-book", CANARY]
    {
        mark(name, name.as_bytes());
    }
    for (name, content) in documents {
        mark(&format!("name {name}"), name.as_bytes());
        let (blake3, sha256) = (files::blake3(content), files::sha256(content));
        for (kind, hex) in [("BLAKE3", blake3), ("SHA-256", sha256)] {
            let raw: Vec<u8> = hex
                .as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect();
            // Half a digest is as telling as a whole one.
            mark(&format!("{kind} of {name}, hex"), &hex.as_bytes()[..24]);
            mark(&format!("{kind} of {name}, HEX"), &hex.to_uppercase().as_bytes()[..24]);
            mark(&format!("{kind} of {name}, raw"), &raw[..16]);
        }
        // Content that repeats nowhere by chance.
        for at in [0, content.len() / 2, content.len().saturating_sub(24)] {
            if content.len() >= at + 24 {
                mark(&format!("content of {name} at {at}"), &content[at..at + 24]);
            }
        }
    }
    marks
}

fn search(folder: &Path, marks: &BTreeMap<String, Vec<u8>>, when: &str) -> u64 {
    let mut searched = 0;
    for (name, path) in files::tree(folder) {
        let bytes = files::read(&path);
        searched += bytes.len() as u64;
        for (what, mark) in marks {
            assert!(!files::holds(&bytes, mark), "{when}: {name} holds {what}");
            assert!(!files::holds(name.as_bytes(), mark), "{when}: the name {name} holds {what}");
        }
    }
    searched
}

#[test]
fn nothing_in_the_practice_folder_tells_a_thief_names_contents_or_digests() {
    let mut scene = Scene::behind_relay(51);
    for book in [BOOK, "canary-book"] {
        scene.practice.add_book(book);
    }
    let client = scene.stranger("client");
    let word = scene.practice.invite("client", "canary-client-王小明", &[BOOK, "canary-book"]).word;
    client.run(["enrol", &word, "--yes", "--label", "canary-label"]).expect(0);
    let bookkeeper = scene.bookkeeper("canary-bookkeeper-李会计", &[BOOK]);
    let documents = [
        ("canary-invoice-发票.txt", format!("{CANARY} {}", "x".repeat(500)).into_bytes()),
        ("canary-scan.bin", files::bytes(52, 3 * MIB as usize + 9)),
        ("canary-tiny", b"tiny content that is long enough".to_vec()),
        ("canary-under-way.bin", files::bytes(53, 12 * MIB as usize)),
    ];
    let marks = marks(&documents);
    let outbox = scene.path("outbox");
    for (name, content) in &documents {
        files::write(&outbox.join(name), content);
    }
    // The marks can be found where they are: the search itself is sound.
    let found = files::read(&outbox.join("canary-invoice-发票.txt"));
    assert!(files::holds(&found, CANARY.as_bytes()));
    let path = |at: usize| outbox.join(documents[at].0);
    client.send(&[&path(0), &path(1)], BOOK, PERIOD).expect(0);
    let confidential = ["--book", BOOK, "--period", PERIOD, "--class", "confidential"];
    client.run([&["send", path(2).to_str().unwrap()][..], &confidential].concat()).expect(0);
    bookkeeper.fetch_new(&scene.path("inbox")).expect(0);
    // One is still under way: spool and objects are searched too.
    scene.relay().cut_after(8 * MIB);
    let under_way = client.start_send(&[&path(3)], BOOK, PERIOD);
    scene.relay().wait_for_cut();
    under_way.kill();
    let objects = scene.practice.folder.join("objects");
    let held = || -> u64 {
        files::tree(&objects)
            .values()
            .filter_map(|path| std::fs::metadata(path).ok())
            .map(|it| it.len())
            .sum()
    };
    process::wait_until("pieces of it on the disk", || held() > 7 * MIB);

    let folder = scene.practice.folder.clone();
    let searched = search(&folder, &marks, "while it runs");
    assert!(searched > 7 * MIB, "only {searched} bytes were searched");
    let killed = scene.gateway.kill9();
    search(&folder, &marks, "after a kill");
    scene.gateway.start();
    let stopped = scene.gateway.sigterm().expect(0);
    search(&folder, &marks, "after a stop");
    scene.practice.run(["repost"]).expect(0);
    search(&folder, &marks, "after a repost");
    // The log tells none of it either, but for the people whose devices it announces.
    for ran in [&killed, &stopped] {
        for (what, mark) in marks.iter().filter(|(what, _)| !what.starts_with("canary-")) {
            assert!(!files::holds(ran.errors.as_bytes(), mark), "the log holds {what}");
        }
    }
}

#[test]
fn the_companions_keys_lie_sealed_in_its_home() {
    let scene = Scene::open();
    let (client, _) = scene.people();
    let phrase = scene.path("phrase");
    files::write(&phrase, "一句足够长的口令 battery staple\n".as_bytes());
    std::fs::set_permissions(&phrase, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let word = scene.practice.invite("client", "张三", &[BOOK]).word;
    let guarded = scene.stranger("guarded");
    let phrase = phrase.to_str().unwrap();
    guarded.run(["enrol", &word, "--yes", "--passphrase-file", phrase]).expect(0);
    guarded.run(["books", "--passphrase-file", phrase]).expect(0);
    let ran = guarded.run(["books", "--no-input"]);
    assert!(ran.failure().is_some(), "a passphrase that was asked for is needed\n{ran}");
    let wrong = scene.path("wrong");
    files::write(&wrong, b"not the passphrase of this device\n");
    std::fs::set_permissions(&wrong, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    guarded
        .run(["books", "--passphrase-file", wrong.to_str().unwrap()])
        .expect_failure("device-unlock-wrong", 1);
    // PKCS #8 of a P-256 key begins with this, and so would a key that lies open.
    let open = [0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    for home in [&client.home, &guarded.home] {
        for (name, path) in files::tree(home).into_iter().filter(|(name, _)| name.contains("keys")) {
            assert!(!files::holds(&files::read(&path), &open), "{name} lies open");
        }
    }
}
