//! Many documents, and large ones. The suite has a small form of each; `docs/testing.md` names the long runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use harness::files::{self, MIB};
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Chance, from_environment};

const PATIENCE: Duration = Duration::from_secs(300);

#[test]
fn ten_thousand_documents_go_in_one_submission_with_one_receipt() {
    let count = from_environment("COUNTERFOIL_DOCUMENTS", 10_000);
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let outbox = scene.path("outbox");
    let mut chance = Chance::new(71);
    let mut sent = BTreeMap::new();
    for at in 0..count {
        // The number makes each a document of its own.
        let mut content = format!("{at} ").into_bytes();
        let filler = chance.below(195) as usize;
        content.extend(chance.bytes(filler));
        let content = if at == 0 { Vec::new() } else { content };
        let name = format!("outbox/{:02}/{at}.dat", at % 100);
        files::write(&outbox.join(name.strip_prefix("outbox/").unwrap()), &content);
        sent.insert(name, content);
    }
    let ran = client.start_send(&[&outbox], BOOK, PERIOD).wait_at_most(PATIENCE).expect(0);
    let receipt = ran.only("receipt");
    assert_eq!(receipt["documents"], count);
    let path = receipt["path"].as_str().unwrap();
    let one = outbox.join("17/17.dat");
    let pin = &scene.practice.pin;
    let words = ["receipt", "verify", path, "--document", scene::text(&one), "--practice", pin];
    scene.stranger("nobody").run(words).expect(0);
    let inbox = scene.path("inbox");
    let fetch = ["fetch", "--new", "--to", scene::text(&inbox)];
    bookkeeper.start(fetch).wait_at_most(PATIENCE).expect(0);
    let fetched = files::tree(&inbox);
    assert_eq!(fetched.len() as u64, count);
    for (path, file) in &fetched {
        let name = &path[path.find("outbox/").unwrap()..];
        assert!(files::read(file) == sent[name], "{name}");
    }
    let again = client.start_send(&[&outbox], BOOK, PERIOD).wait_at_most(PATIENCE).expect(0);
    assert_eq!(again.last("summary").unwrap()["sent"], 0);
    // One more than fits goes in a second submission.
    let status = client.run(["status"]).expect(0);
    assert_eq!(status.rows("submission").len(), 2);
}

#[test]
fn a_large_document_goes_and_comes_back_the_same() {
    let long = from_environment("COUNTERFOIL_LONG", 0) == 1;
    let bytes = if long { 5 << 30 } else { 300 * MIB };
    let patience = if long { Duration::from_secs(3600) } else { PATIENCE };
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    // Sparse on this disk; the gateway can not know, and holds all of it.
    let document = scene.path("scan.tif");
    let file = std::fs::File::create(&document).unwrap();
    file.set_len(bytes + 7).unwrap();
    drop(file);
    let mut file = std::fs::OpenOptions::new().write(true).open(&document).unwrap();
    std::io::Write::write_all(&mut file, b"it begins").unwrap();
    drop(file);
    let sha256 = files::sha256_of(&document);
    let mut sending = client.start_send(&[&document], BOOK, PERIOD);
    // Memory does not grow with the document.
    let mut peak = 0;
    while !sending.has_ended() {
        peak = peak.max(resident_bytes(sending.id()));
        std::thread::sleep(Duration::from_millis(20));
    }
    let ran = sending.wait_at_most(patience).expect(0);
    assert!(peak < 256 * MIB, "the companion took {} MiB", peak / MIB);
    let inbox = scene.path("inbox");
    let fetch = ["fetch", "--new", "--to", scene::text(&inbox)];
    let fetched = bookkeeper.start(fetch).wait_at_most(patience).expect(0);
    let saved = fetched.files("fetched")[0]["path"].as_str().unwrap();
    assert_eq!(files::sha256_of(Path::new(saved)), sha256);
    let path = ran.only("receipt")["path"].as_str().unwrap();
    let words = ["receipt", "verify", path, "--document", saved, "--practice", &scene.practice.pin];
    scene.stranger("nobody").run(words).expect(0);
}

/// What a process has in memory now.
fn resident_bytes(process: u32) -> u64 {
    memory(process, "VmRSS:")
}

/// One of the kernel's figures of a process's memory, in bytes.
pub fn memory(process: u32, figure: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(figure));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[test]
fn several_people_send_and_fetch_at_once() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let clients: Vec<_> = (0..4).map(|at| scene.client(&format!("client {at}"), &[BOOK])).collect();
    let bookkeepers: Vec<_> = (0..2).map(|at| scene.bookkeeper(&format!("staff {at}"), &[BOOK])).collect();
    let outbox = |at: usize| scene.path(&format!("outbox {at}"));
    for at in 0..clients.len() {
        for document in 0..25 {
            let seed = (at * 100 + document) as u64;
            files::write(
                &outbox(at).join(format!("{document}.bin")),
                &files::bytes(seed, 40_000 + document * 7919),
            );
        }
        files::write(&outbox(at).join("large.bin"), &files::bytes(9000 + at as u64, 5 * MIB as usize));
    }
    let sending: Vec<_> = clients
        .iter()
        .enumerate()
        .map(|(at, client)| client.start_send(&[&outbox(at)], BOOK, PERIOD))
        .collect();
    for sending in sending {
        assert_eq!(sending.wait().expect(0).only("receipt")["documents"], 26);
    }
    let fetching: Vec<_> = (0..)
        .zip(&bookkeepers)
        .map(|(at, staff)| {
            let inbox = scene.path(&format!("inbox {at}"));
            staff.start(["fetch", "--new", "--to", scene::text(&inbox)])
        })
        .collect();
    for fetching in fetching {
        let ran = fetching.wait().expect(0);
        assert_eq!(ran.last("summary").unwrap()["fetched"], 26 * 4);
        for file in ran.files("fetched") {
            let name = file["name"].as_str().unwrap();
            assert!(
                files::read(Path::new(file["path"].as_str().unwrap())) == files::read(&scene.path(name)),
                "{name}"
            );
        }
    }
}

/// What the gateway may take for all of them: receive windows and piece buffers have one budget each, whoever sends.
const GATEWAY_BYTES_MAX: u64 = 128 * MIB;

#[test]
fn the_gateways_memory_does_not_grow_with_the_number_of_senders() {
    const SENDERS: u64 = 16;
    const DOCUMENT_BYTES: u64 = 64 * MIB;
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    let clients: Vec<_> = (0..SENDERS).map(|at| scene.client(&format!("client {at}"), &[BOOK])).collect();
    let idle = memory(scene.gateway.running().id(), "VmHWM:");
    let document = |at: u64| {
        // Sparse here, and each another document; the gateway can not know, and holds all of it.
        let path = files::write(&scene.path(&format!("{at}.tif")), &files::bytes(at, 32));
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(DOCUMENT_BYTES).unwrap();
        path
    };
    let sending: Vec<_> =
        (0..).zip(&clients).map(|(at, client)| client.start_send(&[&document(at)], BOOK, PERIOD)).collect();
    for sending in sending {
        sending.wait().expect(0);
    }
    let peak = memory(scene.gateway.running().id(), "VmHWM:");
    let (peak_mib, idle_mib) = (peak / MIB, idle / MIB);
    eprintln!(
        "{SENDERS} senders of {} MiB each: the gateway took {peak_mib} MiB at most, {idle_mib} MiB before",
        DOCUMENT_BYTES / MIB
    );
    assert!(peak <= GATEWAY_BYTES_MAX, "the gateway took {peak_mib} MiB, {idle_mib} MiB before");
}
