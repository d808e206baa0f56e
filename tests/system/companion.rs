//! The companion on its own machine: what it says and to whom, where it keeps its things, and a disk that is full.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use harness::files::{self, MIB};
use harness::power::Image;
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Running, programs, skipped};

#[test]
fn one_document_more_than_a_submission_takes_goes_in_a_second_one() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let outbox = scene.path("outbox");
    for at in 0..10_001 {
        files::write(&outbox.join(format!("{at}.txt")), at.to_string().as_bytes());
    }
    let sent = client.start_send(&[&outbox], BOOK, PERIOD).wait_at_most(Duration::from_secs(300)).expect(0);
    let documents: Vec<_> = sent.all("receipt").iter().map(|receipt| receipt["documents"].as_u64()).collect();
    assert_eq!(documents, [Some(10_000), Some(1)], "{sent}");
    let summary = sent.last("summary").unwrap();
    assert_eq!((&summary["sent"], &summary["failed"]), (&10_001.into(), &0.into()), "{sent}");
    assert_eq!(bookkeeper.run(["list"]).expect(0).rows("document").len(), 10_001);
}

#[test]
fn what_has_no_sendable_name_or_is_no_file_is_named_and_the_others_go() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let outbox = scene.path("outbox");
    files::write(&outbox.join("good.pdf"), b"good");
    files::write(&outbox.join("below/good.pdf"), b"good below");
    // As programs that write GBK name them.
    let misnamed = OsStr::from_bytes(b"\xb7\xa2\xc6\xb1");
    files::write(&outbox.join(misnamed), b"a file");
    files::write(&outbox.join("below").join(misnamed).join("inside.pdf"), b"in a folder");
    let pipe = outbox.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let begun = Instant::now();
    let sent = client.send(&[&outbox], BOOK, PERIOD).expect(3);
    assert!(begun.elapsed() < Duration::from_secs(60), "nobody waits for a pipe");
    let mut left_out: Vec<(&str, &str)> = sent
        .all("withdrawn")
        .iter()
        .map(|event| (event["name"].as_str().unwrap(), event["word"].as_str().unwrap()))
        .collect();
    left_out.sort_unstable();
    let lossy = |path: &Path| path.to_string_lossy().into_owned();
    let (below, beside) = (lossy(&outbox.join("below").join(misnamed)), lossy(&outbox.join(misnamed)));
    let pipe = lossy(&pipe);
    let mut expected =
        [(&*below, "name-unsendable"), (&*pipe, "file-special"), (&*beside, "name-unsendable")];
    expected.sort_unstable();
    assert_eq!(left_out, expected, "{sent}");
    assert_eq!(sent.only("receipt")["documents"], 2);
    assert_eq!(sent.last("summary").unwrap()["failed"], 3);
    let fetched = bookkeeper.fetch_new(&scene.path("inbox")).expect(0);
    let mut names: Vec<_> =
        fetched.files("fetched").iter().map(|file| file["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["outbox/below/good.pdf", "outbox/good.pdf"]);
}

#[test]
fn programs_get_json_lines_and_nothing_else() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let document = files::write(&scene.path("发票\n\u{1b}[31m.pdf"), b"an invoice");
    let sent = client.send(&[&document], BOOK, PERIOD).expect(0);
    let receipt = sent.only("receipt");
    let (path, id) = (receipt["path"].as_str().unwrap(), receipt["submission"].as_str().unwrap());
    let inbox = scene.path("inbox");
    let inbox = scene::text(&inbox);
    let runs = [
        client.run(["books"]),
        client.run(["whoami"]),
        client.run(["status"]),
        client.run(["list"]),
        client.run(["receipt", "list"]),
        client.run(["receipt", "show", id]),
        client.run(["receipt", "get", id]),
        client.run(["receipt", "verify", path, "--document", scene::text(&document)]),
        bookkeeper.run(["fetch", "--to", inbox, "-vvv"]),
        // And what fails, by the line or on the way.
        client.run(["send", "--period", "soon", path]).expect(2),
        client.run(["fly"]).expect(2),
        client.send(&[&scene.path("not there")], BOOK, PERIOD).expect(2),
        client.run(["receipt", "show", "ZZZZZZZZ"]).expect(1),
        scene.stranger("nobody").run(["list"]).expect(10),
    ];
    for ran in runs.iter().chain([&sent]) {
        assert!(ran.plain.is_empty() && !ran.events.is_empty(), "{ran}");
        let is_whole = |event: &serde_json::Value| event["type"].is_string() && event["v"] == 1;
        assert!(ran.events.iter().all(is_whole), "{ran}");
    }
}

#[test]
fn the_home_is_where_the_environment_says_unless_the_line_says_otherwise() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let nowhere = scene.path("nowhere");
    let run = |variable: Option<&Path>, flag: Option<&Path>| {
        let mut command = programs::command(programs::COMPANION);
        command.args(["whoami", "--json", "--lang", "en"]).env("HOME", &nowhere).env_remove("XDG_DATA_HOME");
        variable.map(|home| command.env("COUNTERFOIL_HOME", home));
        flag.map(|home| command.arg("--home").arg(home));
        Running::start(&mut command).wait()
    };
    let person = |ran: harness::Ran| ran.expect(0).only("identity")["person"].as_str().unwrap().to_owned();
    run(None, None).expect_failure("not-enrolled", 10);
    assert_eq!(person(run(Some(&client.home), None)), "client");
    assert_eq!(person(run(Some(&client.home), Some(&bookkeeper.home))), "bookkeeper");
    run(Some(Path::new("")), None).expect_failure("not-enrolled", 10);
}

#[test]
fn what_has_no_room_where_it_is_fetched_to_is_named_and_comes_when_there_is_room() {
    let scene = Scene::open();
    let Some(disk) = small_disk(&scene) else { return };
    let (client, bookkeeper) = scene.people();
    let outbox = scene.path("outbox");
    // Each of the two has room, both together have not; the third never has.
    for (name, mib) in [("one.bin", 20), ("two.bin", 20), ("three.bin", 60)] {
        files::write(&outbox.join(name), &files::bytes(mib, (mib * MIB) as usize + name.len()));
    }
    client.send(&[&outbox], BOOK, PERIOD).expect(0);
    let space = rustix::fs::statvfs(disk.path()).unwrap();
    let bytes = (space.f_bavail * space.f_frsize).checked_sub(32 * MIB).expect("the disk is larger");
    let filler = files::write(&disk.path().join("filler"), &vec![1; bytes as usize]);
    let inbox = disk.path().join("inbox");
    let ran = bookkeeper.fetch_new(&inbox).expect(3);
    assert!(ran.has_warning("disk-full-here"), "{ran}");
    let is_whole = |path: &PathBuf| files::read(path) == files::read(&outbox.join(path.file_name().unwrap()));
    let saved = named(&inbox);
    // At once, they take the room from each other.
    assert!(saved.len() < 2 && saved.iter().all(is_whole), "{saved:?}\n{ran}");
    assert_eq!(saved.len(), ran.files("fetched").len(), "{ran}");
    std::fs::remove_file(&filler).unwrap();
    let ran = bookkeeper.fetch_new(&inbox).expect(0);
    assert_eq!(ran.files("fetched").len(), 3 - saved.len(), "{ran}");
    assert!(named(&inbox).iter().all(is_whole) && files::tree(&inbox).len() == 3);
}

#[test]
fn a_disk_that_fills_up_during_a_fetch_gets_nothing_half_under_its_name_and_the_fetch_goes_on() {
    let scene = Scene::behind_relay(81);
    let Some(disk) = small_disk(&scene) else { return };
    let (client, bookkeeper) = scene.people();
    let content = files::bytes(81, 80 * MIB as usize);
    let document = files::write(&scene.path("large.bin"), &content);
    client.send(&[&document], BOOK, PERIOD).expect(0);
    let inbox = disk.path().join("inbox");
    let words = ["fetch", "--new", "--to", scene::text(&inbox)];
    let before = scene.relay().passed_down();
    let running = bookkeeper.start(words);
    harness::process::wait_until("the fetch", || scene.relay().passed_down() > before + 16 * MIB);
    scene.relay().cut();
    let filler = disk.path().join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    let full = std::iter::repeat_with(|| file.write_all(&[1; 1 << 16])).find_map(Result::err).unwrap();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    scene.relay().mend();
    let ran = running.wait().expect(3);
    assert!(ran.has_warning("disk-full-here"), "{ran}");
    assert!(named(&inbox).is_empty() && ran.files("fetched").is_empty(), "{ran}");
    drop(file);
    std::fs::remove_file(&filler).unwrap();
    let ran = bookkeeper.run(words).expect(0);
    assert!(ran.last("summary").unwrap()["bytes_before"].as_u64().unwrap() >= MIB, "{ran}");
    assert_eq!(files::tree(&inbox).len(), 1, "no part is left behind");
    assert!(files::read(&named(&inbox)[0]) == content);
}

/// A file system of its own, where there can be one.
fn small_disk(scene: &Scene) -> Option<Image> {
    let disk = Image::open(&scene.path("."), 128 * MIB);
    disk.map_err(|why| skipped(&format!("a full disk of the companion: {why}"))).ok()
}

/// What stands below a folder under the name of a document.
fn named(folder: &Path) -> Vec<PathBuf> {
    files::tree(folder).into_values().filter(|path| path.extension() == Some(OsStr::new("bin"))).collect()
}
