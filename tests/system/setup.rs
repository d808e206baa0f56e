//! Setting a practice up, and starting and stopping its gateway.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use harness::files;
use harness::practice::{self, Practice, init_command};
use harness::process::{self, Running};
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Gateway, programs};

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

#[test]
fn a_practice_is_made_once_and_never_over_anything() {
    let place = scene::place();
    let practice = Practice::init(place.path(), scene::PRACTICE, 4433);
    let before: Vec<_> =
        files::tree(place.path()).into_values().map(|path| (files::read(&path), path)).collect();
    let again = Running::start(&mut init_command(place.path(), "other", 4433)).wait();
    again.expect_failure("folder-exists", 2);
    for (bytes, path) in before {
        assert!(files::read(&path) == bytes, "{} was changed", path.display());
    }
    // Whatever stands there is left alone, and so are root files of another practice.
    let other = scene::place();
    files::write(&other.path().join("practice/notes.txt"), b"mine");
    Running::start(&mut init_command(other.path(), "other", 4433)).wait().expect_failure("folder-exists", 2);
    assert_eq!(files::read(&other.path().join("practice/notes.txt")), b"mine");
    let third = scene::place();
    files::copy_folder(&practice.root_out, &third.path().join("roots"));
    let ran = Running::start(&mut init_command(third.path(), "other", 4433)).wait();
    assert!(ran.failure().is_some(), "{ran}");
    assert_eq!(files::tree(&third.path().join("roots")).len(), files::tree(&practice.root_out).len());
}

#[test]
fn a_practice_and_its_keys_are_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = scene::place();
    let practice = Practice::init(place.path(), scene::PRACTICE, 4433);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&practice.folder), 0o700);
    assert_eq!(mode(&practice.key_file), 0o600);
    for path in files::tree(&practice.folder).values().chain(files::tree(&practice.root_out).values()) {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
    // Two practices share no key.
    let second = scene::place();
    let second = Practice::init(second.path(), scene::PRACTICE, 4433);
    assert_ne!(practice.pin, second.pin);
    assert!(files::read(&practice.key_file) != files::read(&second.key_file));
}

#[test]
fn the_key_file_may_not_lie_in_the_folder_that_it_unlocks() {
    let place = scene::place();
    let mut command = programs::command(programs::GATEWAY);
    command.args(["init", "--trial", "--json", "--name", "x", "--host", "127.0.0.1"]);
    command.arg("--dir").arg(place.path().join("practice"));
    command.arg("--key-file").arg(place.path().join("practice/key"));
    Running::start(&mut command).wait().expect_failure("key-file-inside", 2);
    assert!(!place.path().join("practice/key").exists());
    // Not by a link either.
    std::os::unix::fs::symlink(place.path().join("practice"), place.path().join("link")).unwrap();
    std::fs::create_dir(place.path().join("practice")).unwrap();
    let mut command = programs::command(programs::GATEWAY);
    command.args(["init", "--trial", "--json", "--name", "x", "--host", "127.0.0.1"]);
    command.arg("--dir").arg(place.path().join("practice"));
    command.arg("--key-file").arg(place.path().join("link/key"));
    Running::start(&mut command).wait().expect_failure("key-file-inside", 2);
}

#[test]
fn a_folder_that_is_held_is_said_to_be_held() {
    let scene = Scene::open();
    let second = Running::start(&mut Gateway::command(&scene.practice, loopback(0))).wait();
    second.expect_failure("folder-held", 1);
    scene.practice.run(["repost"]).expect_failure("folder-held", 1);
    // The first one serves as before.
    scene.practice.add_book(BOOK);
}

#[test]
fn only_what_unlocks_it_opens_a_practice() {
    let place = scene::place();
    let practice = Practice::init(place.path(), scene::PRACTICE, practice::free_port());
    let other = scene::place();
    let other = Practice::init(other.path(), "other", 4433);
    let mut command = Gateway::command(&practice, loopback(0));
    command.arg("--key-file").arg(&other.key_file);
    Running::start(&mut command).wait().expect_failure("unlock-wrong", 1);
    let away = place.path().join("away");
    std::fs::copy(&practice.key_file, &away).unwrap();
    std::fs::remove_file(&practice.key_file).unwrap();
    let ran = Running::start(&mut Gateway::command(&practice, loopback(0))).wait();
    assert!(matches!(ran.failure(), Some("key-file-unusable" | "unlock-missing")), "{ran}");
    let mut command = Gateway::command(&practice, loopback(practice.port));
    command.arg("--key-file").arg(&away);
    let running = Running::start(&mut command);
    running.wait_for("a listening gateway", |event| event["type"] == "listening");
    let nowhere = Practice { folder: place.path().join("nowhere"), ..practice };
    let ran = Running::start(&mut Gateway::command(&nowhere, loopback(0))).wait();
    assert!(ran.failure().is_some(), "{ran}");
}

#[test]
fn a_passphrase_unlocks_as_a_key_file_does() {
    let place = scene::place();
    let phrase = files::write(&place.path().join("phrase"), "一句足够长的口令 correct horse\n".as_bytes());
    std::fs::set_permissions(&phrase, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let folder = place.path().join("practice");
    let mut command = programs::command(programs::GATEWAY);
    command.args(["init", "--trial", "--json", "--name", "x", "--host", "127.0.0.1"]);
    command.arg("--dir").arg(&folder).arg("--passphrase-file").arg(&phrase);
    Running::start(&mut command).wait().expect(0);
    let run = |phrase: &Path| {
        let mut command = programs::command(programs::GATEWAY);
        command.args(["run", "--json", "--listen", "127.0.0.1:0"]);
        command.arg("--dir").arg(&folder).arg("--passphrase-file").arg(phrase);
        Running::start(&mut command)
    };
    let running = run(&phrase);
    running.wait_for("a listening gateway", |event| event["type"] == "listening");
    drop(running);
    let wrong = files::write(&place.path().join("wrong"), b"another phrase that is long enough\n");
    std::fs::set_permissions(&wrong, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    run(&wrong).wait().expect_failure("unlock-wrong", 1);
}

#[test]
fn a_gateway_says_where_it_listens_and_has_one_port_and_no_other() {
    let place = scene::place();
    let practice = Practice::init(place.path(), scene::PRACTICE, practice::free_port());
    let mut gateway = Gateway::run_at(&practice, loopback(0));
    assert_ne!(gateway.address.port(), 0);
    let sockets = sockets_of(gateway.running().id());
    let inet: Vec<_> = sockets.iter().filter(|(family, _)| !family.starts_with("unix")).collect();
    assert_eq!(inet, [&("udp".to_owned(), gateway.address.port())], "{sockets:?}");
    // A port that is taken is said to be taken.
    let second = scene::place();
    let second = Practice::init(second.path(), "other", practice::free_port());
    let ran = Running::start(&mut Gateway::command(&second, gateway.address)).wait();
    ran.expect_failure("address-in-use", 1);
    let ran = second.run(["run", "--listen", "nonsense"]);
    assert_eq!(ran.ended, process::Ended::Code(2), "{ran}");
}

/// The sockets of a process: family, and port where it has one.
fn sockets_of(process: u32) -> BTreeSet<(String, u16)> {
    let folder = format!("/proc/{process}/fd");
    let links = std::fs::read_dir(folder).unwrap().flatten();
    let links: BTreeSet<String> = links
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned()))
        .collect();
    let mut found = BTreeSet::new();
    for (family, inode_at, address_at) in [
        ("udp", 9, Some(1)),
        ("udp6", 9, Some(1)),
        ("tcp", 9, Some(1)),
        ("tcp6", 9, Some(1)),
        ("unix", 6, None),
    ] {
        let table = std::fs::read_to_string(format!("/proc/{process}/net/{family}")).unwrap_or_default();
        for line in table.lines().skip(1) {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.get(inode_at).is_some_and(|inode| links.contains(*inode)) {
                let port = address_at.and_then(|at| words.get(at)?.rsplit(':').next());
                let port = port.and_then(|port| u16::from_str_radix(port, 16).ok());
                found.insert((family.to_owned(), port.unwrap_or(0)));
            }
        }
    }
    found
}

#[test]
fn a_clean_stop_leaves_nothing_to_post_again() {
    let mut scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let document = files::write(&scene.path("a.pdf"), b"a");
    client.send(&[&document], BOOK, PERIOD).expect(0);
    let list = bookkeeper.run(["list"]).expect(0);
    let stopped = scene.gateway.sigterm().expect(0);
    assert!(!stopped.has_warning("ledger-damaged"), "{stopped}");
    scene.gateway.start();
    let told = scene.gateway.running().errors();
    assert!(!told.contains("posted again"), "{told}");
    assert!(!scene.practice.folder.join("ledger.aside").exists());
    assert_eq!(bookkeeper.run(["list"]).expect(0).rows("document"), list.rows("document"));
    // After any other end the ledger is posted again, and says the same.
    scene.gateway.kill9();
    scene.gateway.start();
    let told = scene.gateway.running().errors();
    assert!(told.contains("posted again"), "{told}");
    assert_eq!(bookkeeper.run(["list"]).expect(0).rows("document"), list.rows("document"));
    let stopped = scene.gateway.sigterm().expect(0);
    assert!(!stopped.errors.contains("panicked"), "{stopped}");
}

#[test]
fn a_setting_that_is_unknown_or_weakens_is_refused_by_line() {
    let place = scene::place();
    let practice = Practice::init(place.path(), scene::PRACTICE, practice::free_port());
    let file = practice.folder.join("counterfoil.toml");
    let whole = String::from_utf8(files::read(&file)).unwrap();
    assert!(whole.lines().filter(|line| line.starts_with('#')).count() > 10, "it explains itself");
    for (changed, word) in [
        (whole.replace("[limits]\n", "[limits]\nuploads_open_max = 17\n"), "setting-weakens"),
        (whole.replace("[limits]\n", "[limits]\nuploads_open = 1\n"), "setting-unknown"),
        (format!("port == 1\n{whole}"), "configuration-malformed"),
    ] {
        files::write(&file, changed.as_bytes());
        practice.run(["run"]).expect_failure(word, 2);
    }
    files::write(&file, whole.as_bytes());
    let shown = practice.run(["config", "show"]).expect(0);
    assert!(
        shown.all("setting").iter().any(|setting| setting["key"] == "limits.uploads_open_max"),
        "{shown}"
    );
}

#[test]
fn an_init_whose_recovery_kit_could_not_be_shown_does_not_say_that_it_is_done() {
    let place = scene::place();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = init_command(place.path(), scene::PRACTICE, 4433).stdout(full).output().unwrap();
    assert!(!ended.status.success(), "nobody has its words, and it ended with {}", ended.status);
    assert_eq!(ended.status.code(), Some(1));
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.contains("F-0819"), "{told}");
    assert!(!place.path().join("practice/counterfoil.toml").exists(), "nothing opens it");
}
