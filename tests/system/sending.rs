//! Sending: what goes, what is held, what is left out, and what the sender gets for it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use harness::files::{self, MIB};
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Ran, programs};

/// What was fetched, by the name that it was sent under.
fn fetched(ran: &Ran) -> BTreeMap<String, Vec<u8>> {
    let file = |file: &&serde_json::Value| {
        let path = Path::new(file["path"].as_str().unwrap());
        (file["name"].as_str().unwrap().to_owned(), files::read(path))
    };
    ran.files("fetched").iter().map(file).collect()
}

#[test]
fn a_document_is_sent_receipted_verified_fetched_and_shown_as_fetched() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let content = files::bytes(1, 3 * MIB as usize + 17);
    let document = files::write(&scene.path("outbox/进项发票-06.pdf"), &content);

    let sent = client.send(&[&document], BOOK, PERIOD).expect(0);
    let path = sent.only("receipt")["path"].as_str().unwrap();
    let pin = &scene.practice.pin;
    let words = ["receipt", "verify", path, "--document", scene::text(&document), "--practice", pin];
    let verified = scene.stranger("nobody").run(words).expect(0);
    assert_eq!(verified.last("summary").unwrap()["valid"], true, "{verified}");

    let ran = bookkeeper.fetch_new(&scene.path("inbox")).expect(0);
    assert_eq!(fetched(&ran).values().collect::<Vec<_>>(), [&content]);

    let status = client.run(["status"]).expect(0);
    let row = &status.rows("submission")[0]["documents"][0];
    assert_eq!(row["state"], "fetched", "{status}");
    assert_eq!(row["fetches"][0]["by"], "bookkeeper", "{status}");
    assert!(row["fetches"][0]["fetched_at"].is_string(), "{status}");
}

#[test]
fn documents_of_every_size_arrive_as_they_are() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let mib = MIB as usize;
    let sizes = [0, 1, 15, 16 << 10, (16 << 10) + 1, mib - 1, mib, mib + 1, 2 * mib, 3 * mib, 5 * mib + 4097];
    let outbox = scene.path("outbox");
    for (seed, size) in sizes.iter().enumerate() {
        files::write(&outbox.join(format!("{size}.bin")), &files::bytes(seed as u64, *size));
    }
    let sent = client.send(&[&outbox], BOOK, PERIOD).expect(0);
    assert_eq!(sent.only("receipt")["documents"], sizes.len());
    let fetched = fetched(&bookkeeper.fetch_new(&scene.path("inbox")).expect(0));
    assert_eq!(fetched.len(), sizes.len());
    for (seed, size) in sizes.iter().enumerate() {
        let name = format!("outbox/{size}.bin");
        assert!(fetched[&name] == files::bytes(seed as u64, *size), "{name} differs");
    }
    for row in bookkeeper.run(["list"]).expect(0).rows("document") {
        let content = &fetched[row["name"].as_str().unwrap()];
        assert_eq!(row["sha256"], files::sha256(content));
        assert_eq!(row["blake3"], files::blake3(content));
        assert_eq!(row["bytes"], content.len());
    }
}

#[test]
fn names_of_any_kind_are_kept_exactly_and_harm_nobody_who_looks_at_them() {
    let names = [
        "六月/银行/工行对账单 (1).pdf",
        "two\nlines.pdf",
        "\u{202e}fdp.exe",
        "\u{1b}[31mred\u{7}.txt",
        ".hidden",
        "CON",
        "e\u{301}.txt",
        "tab\t\u{200b}zero.txt",
        "$(id) `id` %n {{x}} ${HOME}.txt",
    ];
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let outbox = scene.path("发件");
    for name in names {
        files::write(&outbox.join(name), name.as_bytes());
    }
    client.send(&[&outbox], BOOK, PERIOD).expect(0);
    let inbox = scene.path("inbox");
    let ran = bookkeeper.fetch_new(&inbox).expect(0);
    let fetched = fetched(&ran);
    assert_eq!(fetched.len(), names.len(), "{ran}");
    for name in names {
        assert_eq!(fetched[&format!("发件/{name}")], name.as_bytes(), "{name:?}");
    }
    for path in files::tree(&inbox).keys() {
        let is_harmless = |part: &str| !part.starts_with('.') && !part.chars().any(char::is_control);
        assert!(path.split('/').all(is_harmless), "{path:?}");
        assert!(!path.contains('\u{202e}') && !path.contains('\u{200b}'), "{path:?}");
    }
    for words in [vec!["list"], vec!["status"], vec!["list", "--json"]] {
        let mut command = programs::command(programs::COMPANION);
        let shown = command.args(&words).arg("--home").arg(&client.home).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        let misleads =
            |shown: char| (shown.is_control() && shown != '\n') || matches!(shown, '\u{202e}' | '\u{200b}');
        assert!(!shown.contains(misleads), "{words:?}: {shown:?}");
        assert!(shown.contains("发件/"), "{words:?}: {shown}");
    }
}

#[test]
fn what_can_not_be_read_is_named_and_the_others_go() {
    let scene = Scene::open();
    let (mut client, bookkeeper) = scene.people();
    let outbox = scene.path("outbox");
    files::write(&outbox.join("good.pdf"), b"good");
    let closed = files::write(&outbox.join("closed.pdf"), b"closed");
    std::fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", outbox.join("link.pdf")).unwrap();
    files::write(&outbox.join("Thumbs.db"), b"of the system");
    if rustix::process::geteuid().is_root() {
        // Root may read everything: another account of the system sends.
        std::fs::set_permissions(scene.path("."), Permissions::from_mode(0o755)).unwrap();
        client = client.as_account(65_534);
    }
    let sent = client.send(&[&outbox], BOOK, PERIOD).expect(3);
    let withdrawn: BTreeMap<_, _> = sent
        .all("withdrawn")
        .iter()
        .map(|event| (event["name"].as_str().unwrap(), event["word"].as_str().unwrap()))
        .collect();
    let link = outbox.join("link.pdf");
    let expected = [(scene::text(&closed), "file-unreadable"), (scene::text(&link), "file-special")];
    let named = |(path, word): &(&str, &str)| {
        withdrawn.iter().any(|(name, told)| path.ends_with(name) && told == word)
    };
    assert!(withdrawn.len() == 2 && expected.iter().all(named), "{withdrawn:?}\n{sent}");
    assert_eq!(sent.only("receipt")["documents"], 1);
    assert_eq!(sent.last("summary").unwrap()["failed"], 2);
    let fetched = fetched(&bookkeeper.fetch_new(&scene.path("inbox")).expect(0));
    assert_eq!(fetched["outbox/good.pdf"], b"good");
    assert_eq!(fetched.len(), 1);
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_withdrawn_and_the_others_go() {
    let scene = Scene::behind_relay(3);
    let (client, bookkeeper) = scene.people();
    let outbox = scene.path("outbox");
    let large = files::bytes(3, 24 * MIB as usize);
    let changing = files::write(&outbox.join("changing.bin"), &large);
    files::write(&outbox.join("steady.bin"), &files::bytes(4, 2 * MIB as usize));
    scene.relay().cut_after(4 * MIB);
    let sending = client.start_send(&[&outbox], BOOK, PERIOD);
    scene.relay().wait_for_cut();
    let mut other = large;
    let last = other.len() - 1;
    other[last] ^= 1;
    files::write(&changing, &other);
    scene.relay().mend();
    let sent = sending.wait().expect(3);
    let withdrawn = sent.only("withdrawn");
    assert_eq!(withdrawn["word"], "file-changed", "{sent}");
    assert!(withdrawn["name"].as_str().unwrap().ends_with("changing.bin"), "{sent}");
    assert_eq!(sent.only("receipt")["documents"], 1);
    let fetched = fetched(&bookkeeper.fetch_new(&scene.path("inbox")).expect(0));
    assert_eq!(fetched.len(), 1);
    assert!(fetched["outbox/steady.bin"] == files::bytes(4, 2 * MIB as usize));
    // As it is now it goes by the same line.
    client.send(&[&outbox], BOOK, PERIOD).expect(0);
    let fetched = self::fetched(&bookkeeper.fetch_new(&scene.path("inbox")).expect(0));
    assert!(fetched["outbox/changing.bin"] == other);
}

#[test]
fn what_is_held_already_is_said_and_not_sent_again() {
    let scene = Scene::behind_relay(4);
    let (client, bookkeeper) = scene.people();
    let content = files::bytes(5, 8 * MIB as usize);
    let first = files::write(&scene.path("one/a.bin"), &content);
    let again = files::write(&scene.path("two/other name.bin"), &content);
    let new = files::write(&scene.path("two/new.bin"), b"new");
    let sent = client.send(&[&first], BOOK, PERIOD).expect(0);
    let submission = &sent.only("receipt")["submission"];

    let before = scene.relay().passed_up();
    let ran = client.send(&[&again, &new], BOOK, PERIOD).expect(0);
    let passed = scene.relay().passed_up() - before;
    assert!(passed < MIB, "{passed} bytes passed for a document that is held");
    let held = ran.only("held");
    assert_eq!((&held["submission"], &held["name"]), (submission, &"other name.bin".into()), "{ran}");
    assert!(held["received_at"].is_string());
    assert_eq!(ran.only("receipt")["documents"], 2, "the receipt names the held one too");

    let before = scene.relay().passed_up();
    let ran = client.send(&[&first], BOOK, PERIOD).expect(0);
    assert_eq!((ran.all("held").len(), ran.last("summary").unwrap()["sent"].as_u64()), (1, Some(0)), "{ran}");
    assert!(scene.relay().passed_up() - before < MIB);
    // The receipt of what is held verifies like any other.
    let path = ran.only("receipt")["path"].as_str().unwrap();
    let words =
        ["receipt", "verify", path, "--document", scene::text(&first), "--practice", &scene.practice.pin];
    scene.stranger("nobody").run(words).expect(0);

    // For another period, kind or class it is another document.
    let ran = client.send(&[&first], BOOK, "2026-10").expect(0);
    assert!(ran.all("held").is_empty() && ran.last("summary").unwrap()["sent"] == 1, "{ran}");
    let words = [OsStr::new("send"), first.as_os_str()].into_iter();
    let ran = client.run(words.chain(["--period", PERIOD, "--kind", "invoice"].map(OsStr::new))).expect(0);
    assert!(ran.all("held").is_empty() && ran.last("summary").unwrap()["sent"] == 1, "{ran}");
    // The bookkeeper gets each once.
    let ran = bookkeeper.fetch_new(&scene.path("inbox")).expect(0);
    assert_eq!(ran.files("fetched").len(), 4, "{ran}");
}

#[test]
fn kind_class_and_period_are_kept_and_wrong_ones_refused_before_anything_is_sent() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let document = files::write(&scene.path("工资.csv"), b"1,2\n");
    let path = scene::text(&document);
    let line = |words: &[&'static str]| [&["send", path], words].concat();
    client.run(line(&["--period", "2026", "--kind", "payroll", "--class", "confidential"])).expect(0);
    let list = bookkeeper.run(["list"]).expect(0);
    let row = list.rows("document")[0];
    let told = ["period", "kind", "class", "media_type"].map(|field| row[field].as_str().unwrap());
    assert_eq!(told, ["2026", "payroll", "confidential", "text/csv"]);
    let inbox = scene.path("inbox");
    assert_eq!(fetched(&bookkeeper.fetch_new(&inbox).expect(0))["工资.csv"], b"1,2\n");

    for (words, word, exit) in [
        (vec!["--period", "2026-13"], "period-wrong", 2),
        (vec!["--period", PERIOD, "--kind", "poem"], "kind-wrong", 2),
        (vec!["--period", PERIOD, "--class", "secret"], "class-wrong", 2),
        (vec!["--period", PERIOD, "--book", "no such book"], "book-unknown", 2),
        (vec![], "argument-missing", 2),
    ] {
        client.run(line(&words)).expect_failure(word, exit);
    }
    let absent = scene.path("not-there.pdf");
    client.send(&[&absent, &document], BOOK, PERIOD).expect_failure("path-absent", 2);
    let empty = scene.path("empty");
    std::fs::create_dir(&empty).unwrap();
    client.send(&[&empty], BOOK, PERIOD).expect_failure("nothing-to-send", 2);
    scene.stranger("nobody").send(&[&document], BOOK, PERIOD).expect_failure("not-enrolled", 10);
    assert_eq!(client.run(["receipt", "list"]).expect(0).rows("receipt").len(), 1);
}

#[test]
fn an_unfinished_sending_is_shown_and_can_be_dropped() {
    let scene = Scene::behind_relay(5);
    let (client, bookkeeper) = scene.people();
    let document = files::write(&scene.path("large.bin"), &files::bytes(6, 12 * MIB as usize));
    scene.relay().cut_after(4 * MIB);
    let sending = client.start_send(&[&document], BOOK, PERIOD);
    scene.relay().wait_for_cut();
    sending.kill();
    scene.relay().mend();
    let status = client.run(["status"]).expect(0);
    let unfinished = status.rows("unfinished");
    assert_eq!(unfinished.len(), 1, "{status}");
    assert_eq!(unfinished[0]["bytes"], 12 * MIB);
    let arriving = status.rows("submission")[0];
    assert_eq!(arriving["documents"][0]["state"], "arriving", "{status}");
    assert!(arriving["documents"][0]["pieces"].as_u64().unwrap() <= 12, "{status}");
    assert!(
        bookkeeper.run(["list"]).expect(0).rows("document").is_empty(),
        "nothing is listed before its receipt"
    );

    client.run(["drop", "ZZZZZZZZ", "--yes"]).expect_failure("receipt-unknown", 1);
    client.run(["drop", unfinished[0]["id"].as_str().unwrap(), "--yes"]).expect(0);
    assert!(client.run(["status"]).expect(0).rows("unfinished").is_empty());
    let sent = client.send(&[&document], BOOK, PERIOD).expect(0);
    assert_eq!(sent.last("summary").unwrap()["resumed"], false, "{sent}");
}
