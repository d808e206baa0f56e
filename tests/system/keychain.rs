//! The keys of a device in a real keychain: gnome-keyring in a session of the test's own. The device works without a
//! passphrase where its keychain is open, says what is wrong where it is not, and its files are worth nothing elsewhere.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Companion, Ran, Running, files, process, programs, skipped};

const PROGRAMS: [&str; 3] = ["dbus-daemon", "dbus-send", "gnome-keyring-daemon"];

/// A bus for this account that starts no service by itself: what is on it was started by the test.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=PLACE/run/bus</listen>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"#;

/// A session of a desktop: its bus, its home, and the keychain on it where it runs.
struct Session {
    place: PathBuf,
    address: String,
    bus: Child,
    keychain: Option<Child>,
}

impl Session {
    /// A session with an open keychain.
    fn open(place: PathBuf) -> Option<Self> {
        if let Some(missing) = PROGRAMS.iter().find(|name| !programs::is_installed(name)) {
            skipped(&format!("keychain: {missing} is not installed"));
            return None;
        }
        for folder in ["home", "run"] {
            use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(place.join(folder)).unwrap();
            let closed = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(place.join(folder), closed).unwrap();
        }
        let conf = BUS.replace("PLACE", scene::text(&place));
        let conf = files::write(&place.join("bus.conf"), conf.as_bytes());
        let mut bus = Command::new("dbus-daemon");
        bus.args(["--nofork", "--nopidfile", "--print-address=1"]).arg("--config-file").arg(conf);
        let mut bus = environment(&mut bus, &place).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let mut session = Self { place, address: address.trim().to_owned(), bus, keychain: None };
        session.start();
        Some(session)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        environment(&mut command, &self.place).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
    }

    /// Starts the keychain and opens it, as logging in does.
    fn start(&mut self) {
        let mut daemon = self.command("gnome-keyring-daemon");
        daemon.args(["--foreground", "--unlock", "--components=secrets"]);
        let mut daemon = daemon.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        daemon.stdin.take().unwrap().write_all(b"login").unwrap();
        self.keychain = Some(daemon);
        process::wait_until("an open keychain", || {
            self.send(
                "collection/login",
                "DBus.Properties.Get",
                &["string:org.freedesktop.Secret.Collection", "string:Locked"],
            )
            .contains("boolean false")
        });
    }

    fn send(&self, path: &str, method: &str, arguments: &[&str]) -> String {
        let mut command = self.command("dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets"]);
        command.arg(format!("/org/freedesktop/secrets/{path}").trim_end_matches('/'));
        command.arg(format!("org.freedesktop.{method}")).args(arguments);
        String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
    }

    /// Locks it, as a screen that nobody sits at does.
    fn lock(&self) {
        self.send("", "Secret.Service.Lock", &["array:objpath:/org/freedesktop/secrets/collection/login"]);
    }

    /// Ends the keychain; the bus goes on.
    fn end(&mut self) {
        if let Some(mut keychain) = self.keychain.take() {
            keychain.kill().unwrap();
            keychain.wait().unwrap();
        }
    }

    /// Runs a companion in this session, without a word of plain keys.
    fn run(&self, companion: &Companion, words: &[&str]) -> Ran {
        let mut command = companion.command(words);
        environment(&mut command, &self.place).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        Running::start(command.env_remove("COUNTERFOIL_PLAIN_KEYS")).wait()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for child in self.keychain.iter_mut().chain([&mut self.bus]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A home and nothing of whoever runs the test: no other bus, no service that a bus would start by itself.
fn environment<'a>(command: &'a mut Command, place: &Path) -> &'a mut Command {
    for variable in ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "GNOME_KEYRING_CONTROL"] {
        command.env_remove(variable);
    }
    let home = place.join("home");
    command.env("HOME", &home).env("XDG_RUNTIME_DIR", place.join("run"));
    command.env("XDG_DATA_HOME", home.join("data")).env("XDG_CONFIG_HOME", home.join("config"));
    command.env("XDG_CACHE_HOME", home.join("cache")).env("XDG_DATA_DIRS", home.join("none"))
}

/// A client that has put its key into the session's keychain.
fn enrolled(scene: &Scene, session: &Session) -> Companion {
    scene.practice.add_book(BOOK);
    let client = scene.stranger("client");
    let word = scene.practice.invite("client", "client", &[BOOK]).word;
    let ran = session.run(&client, &["enrol", &word, "--yes"]).expect(0);
    assert_eq!(ran.only("identity")["keys"], "keychain", "{ran}");
    client
}

#[test]
fn a_device_whose_key_is_in_the_keychain_works_without_a_passphrase() {
    let scene = Scene::open();
    let Some(mut session) = Session::open(scene.path("session")) else { return };
    let client = enrolled(&scene, &session);
    let names: Vec<_> = files::tree(&client.home).into_keys().collect();
    assert!(names.iter().any(|name| name.ends_with("keys/keychain")), "{names:?}");
    assert!(!names.iter().any(|name| name.ends_with("keys/file-key")), "{names:?}");
    let document = files::write(&scene.path("a.pdf"), b"a document");
    let document = scene::text(&document);
    session.run(&client, &["send", document, "--book", BOOK, "--period", PERIOD]).expect(0);
    session.run(&client, &["cert", "renew"]).expect(0);
    // Out and in again: what the keychain keeps is still there.
    session.end();
    session.start();
    session.run(&client, &["status"]).expect(0);
    let shown = session.run(&client, &["cert", "show"]).expect(0);
    assert!(shown.to_string().contains("keychain"), "{shown}");
}

#[test]
fn a_keychain_that_is_locked_away_or_has_lost_its_entry_is_said_to_be() {
    let scene = Scene::open();
    let Some(mut session) = Session::open(scene.path("session")) else { return };
    let client = enrolled(&scene, &session);
    session.lock();
    session.run(&client, &["status"]).expect_failure("keychain-closed", 1);
    session.end();
    session.run(&client, &["status"]).expect_failure("keychain-closed", 1);
    // Opened again all is well; nothing was lost by trying.
    session.start();
    session.run(&client, &["status"]).expect(0);
    session.end();
    std::fs::remove_dir_all(session.place.join("home/data/keyrings")).unwrap();
    session.start();
    let ran = session.run(&client, &["status"]).expect_failure("keychain-closed", 1);
    assert!(ran.to_string().contains("no entry"), "{ran}");
}

#[test]
fn who_has_no_keychain_is_asked_for_a_passphrase_and_gets_no_plain_keys() {
    let scene = Scene::open();
    let Some(mut session) = Session::open(scene.path("session")) else { return };
    session.end();
    scene.practice.add_book(BOOK);
    let client = scene.stranger("client");
    let word = scene.practice.invite("client", "client", &[BOOK]).word;
    session.run(&client, &["enrol", &word, "--yes"]).expect_failure("keychain-missing", 2);
    assert!(!files::tree(&client.home).keys().any(|name| name.ends_with("keys/file-key")));
    // Nothing was used up.
    session.start();
    session.run(&client, &["enrol", &word, "--yes"]).expect(0);
}

#[test]
fn the_files_of_a_device_are_worth_nothing_without_its_keychain() {
    let scene = Scene::open();
    let Some(session) = Session::open(scene.path("session")) else { return };
    let client = enrolled(&scene, &session);
    let stolen = Companion::new(scene.path("stolen"));
    files::copy_folder(&client.home, &stolen.home);
    // Another account, with a keychain of its own, and a machine with none.
    let Some(thief) = Session::open(scene.path("thief")) else { return };
    let ran = thief.run(&stolen, &["status"]).expect_failure("keychain-closed", 1);
    assert!(ran.to_string().contains("no entry"), "{ran}");
    Running::start(&mut stolen.command(["status"])).wait().expect_failure("keychain-closed", 1);
    // No private key lies open in the files: a P-256 key in PKCS#8 says so in its first bytes.
    let algorithm = [0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    for (name, path) in files::tree(&stolen.home).iter().filter(|(name, _)| name.contains("keys/")) {
        assert!(!files::holds(&files::read(path), &algorithm), "{name}");
    }
    session.run(&client, &["status"]).expect(0);
}
