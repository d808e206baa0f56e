//! The program itself, as a person or a script runs it: what it makes, prints, refuses, and ends with.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A practice on disk, made by the program.
struct Practice {
    folder: tempfile::TempDir,
}

impl Practice {
    fn made() -> (Self, Value) {
        let practice = Self { folder: tempfile::tempdir().unwrap() };
        let made = practice.init(&["--json", "--trial"]);
        assert_eq!(code(&made), 0, "{}", err(&made));
        let lines = lines(&made);
        assert_eq!(lines.len(), 1, "one object: {lines:?}");
        (practice, lines[0].clone())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn dir(&self) -> PathBuf {
        self.at("practice")
    }

    fn init(&self, more: &[&str]) -> Output {
        let (dir, key) = (self.dir(), self.at("key"));
        let mut command = program(&["init", "--name", "某某事务所", "--host", "127.0.0.1"]);
        command.arg("--dir").arg(dir).arg("--key-file").arg(key).args(more);
        command.output().unwrap()
    }

    /// One command on this practice; the key file stands in the configuration.
    fn run(&self, arguments: &[&str]) -> Output {
        program(arguments).arg("--dir").arg(self.dir()).output().unwrap()
    }

    fn done(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(arguments);
        assert_eq!(code(&output), 0, "{arguments:?}: {}{}", text(&output), err(&output));
        lines(&output)
    }

    fn served(&self) -> Served {
        let mut command = program(&["run", "--listen", "127.0.0.1:0", "--json"]);
        let mut child = command
            .arg("--dir")
            .arg(self.dir())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut served = Served { child, out: out.lines(), listening: Value::Null };
        served.listening = served.find("listening");
        served
    }
}

/// A gateway that runs; ended with the test.
struct Served {
    child: Child,
    out: std::io::Lines<BufReader<std::process::ChildStdout>>,
    listening: Value,
}

impl Served {
    fn find(&mut self, kind: &str) -> Value {
        loop {
            let line = self.out.next().expect("the gateway ended").unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["type"] == kind {
                return event;
            }
            assert_ne!(event["type"], "error", "{event}");
        }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    fn stop(mut self, signal: rustix::process::Signal) {
        self.signal(signal);
        assert_eq!(self.find("summary")["exit"], 0);
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil-gateway"));
    command.args(arguments).args(["--lang", "en"]).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("COUNTERFOIL_") {
            command.env_remove(name);
        }
    }
    command
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    text(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The exit code and the word of the failure that a command in JSON ends with.
fn failed(output: &Output) -> (i32, String) {
    let last = lines(output).pop().unwrap_or_else(|| panic!("{}", err(output)));
    assert_eq!(last["type"], "error", "{last}");
    assert_eq!(last["exit"], code(output));
    (code(output), last["word"].as_str().unwrap().to_owned())
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn init_makes_a_practice_with_its_key_file_and_refuses_to_overwrite() {
    let (practice, made) = Practice::made();
    assert_eq!(made["type"], "practice");
    assert_eq!(made["name"], "某某事务所");
    assert_eq!(made["pin"].as_str().unwrap().len(), 26);
    assert_eq!(made["kit"].as_str().unwrap().split(' ').count(), 12);
    assert_eq!(made["root_folder"], practice.at("practice-root").to_str().unwrap());
    assert_eq!((mode(&practice.at("key")), mode(&practice.dir())), (0o600, 0o700));
    assert_eq!(std::fs::metadata(practice.at("key")).unwrap().len(), 32);
    assert!(practice.dir().join("counterfoil.toml").exists());
    let key = std::fs::read(practice.at("key")).unwrap();
    let again = practice.init(&["--json", "--trial"]);
    assert_eq!(failed(&again), (2, "folder-exists".to_owned()));
    assert_eq!(std::fs::read(practice.at("key")).unwrap(), key);
}

#[test]
fn init_refuses_what_can_not_work_before_it_makes_anything() {
    let practice = Practice { folder: tempfile::tempdir().unwrap() };
    let init = |arguments: &[&str]| {
        let mut command = program(&["init", "--json", "--trial"]);
        command.arg("--dir").arg(practice.dir()).args(arguments);
        failed(&command.output().unwrap()).1
    };
    let (inside, key) = (practice.dir().join("sub").join("key"), practice.at("key"));
    let (inside, key) = (inside.to_str().unwrap(), key.to_str().unwrap());
    let root_inside = practice.dir().join("root");
    let root_inside = root_inside.to_str().unwrap();
    let good = ["--name", "x", "--host", "h"];
    let with = |more: &[&'static str]| [&good[..], more].concat();
    assert_eq!(init(&[&good[..], &["--key-file", inside]].concat()), "key-file-inside");
    assert_eq!(
        init(&[&good[..], &["--key-file", key, "--root-out", root_inside]].concat()),
        "root-folder-unusable"
    );
    assert_eq!(init(&["--name", "x", "--host", "h:4433", "--key-file", key]), "host-wrong");
    assert_eq!(init(&["--name", "", "--host", "h", "--key-file", key]), "name-wrong");
    assert_eq!(
        init(&[&good[..], &["--key-file", key, "--passphrase-file", key]].concat()),
        "arguments-conflict"
    );
    assert_eq!(init(&with(&["--port", "0"])), "argument-wrong");
    assert_eq!(init(&good), "unlock-missing");
    let short = practice.at("short");
    std::fs::write(&short, "too short\n").unwrap();
    std::fs::set_permissions(&short, std::fs::Permissions::from_mode(0o600)).unwrap();
    let short = short.to_str().unwrap();
    assert_eq!(init(&[&good[..], &["--passphrase-file", short]].concat()), "passphrase-weak");
    assert!(!practice.dir().exists() && !Path::new(key).exists());
}

#[test]
fn a_person_is_shown_the_kit_once_and_the_lines_to_run_next() {
    let practice = Practice { folder: tempfile::tempdir().unwrap() };
    let made = practice.init(&["--trial"]);
    assert_eq!(code(&made), 0);
    let shown = text(&made);
    let dir = practice.dir();
    for part in [
        "Practice pin",
        "Recovery kit",
        &format!("counterfoil-gateway run --dir {}", dir.display()),
        &format!("counterfoil-gateway book add BOOK --dir {}", dir.display()),
        "practice-root",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(err(&made).contains("trials only"), "{}", err(&made));
    // Without --quiet or with it, the words are there; the rest is not.
    let quiet = Practice { folder: tempfile::tempdir().unwrap() };
    let made = quiet.init(&["--trial", "--quiet"]);
    assert_eq!(text(&made).trim().split(' ').count(), 12);
}

#[test]
fn books_and_people_are_kept_by_commands_that_hold_the_folder_themselves() {
    let (practice, _) = Practice::made();
    let added = practice.done(&["book", "add", "沪申贸易", "--json"]);
    assert_eq!((added.len(), &added[0]["type"], &added[0]["of"]), (1, &"row".into(), &"book".into()));
    let invited =
        practice.done(&["invite", "--role", "client", "--name", "沪申贸易", "--book", "沪申贸易", "--json"]);
    assert_eq!(invited.len(), 1, "one object");
    for key in ["id", "word", "code", "expires", "address", "command"] {
        assert!(invited[0][key].as_str().is_some_and(|value| !value.is_empty()), "{key}");
    }
    assert!(invited[0]["word"].as_str().unwrap().starts_with("CF1"));
    let books = practice.done(&["book", "list", "--json"]);
    assert_eq!((books.len(), &books[0]["id"]), (2, &added[0]["id"]));
    assert_eq!((&books[1]["type"], &books[1]["books"]), (&"summary".into(), &1.into()));
    let people = practice.done(&["people", "--json"]);
    assert_eq!(people[0]["books"][0]["name"], "沪申贸易");
    assert_eq!(people[0]["invitations"][0], invited[0]["id"]);
    let status = practice.done(&["status", "--json"]);
    assert_eq!((status.len(), &status[0]["clock_held"]), (2, &false.into()));
    assert_eq!(status[1]["type"], "warning", "fewer than two admins");
    let shown = practice.run(&["people"]);
    assert!(text(&shown).contains("沪申贸易") && text(&shown).contains("invited"), "{}", text(&shown));
}

#[test]
fn an_invitation_for_people_has_every_way_in_and_no_picture_in_a_pipe() {
    let (practice, _) = Practice::made();
    practice.done(&["book", "add", "b", "--json"]);
    let shown = practice.run(&["invite", "--role", "bookkeeper", "--name", "王会计", "--book", "b"]);
    let shown = text(&shown);
    for part in ["counterfoil enrol CF1", "--at 127.0.0.1:4433", "counterfoil-gateway confirm ", "王会计"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains(['\u{1b}', '█']), "{shown}");
}

#[test]
fn what_is_wrong_is_told_by_its_own_word() {
    let (practice, _) = Practice::made();
    practice.done(&["book", "add", "b", "--json"]);
    practice.done(&["book", "add", "twice", "--json"]);
    practice.done(&["book", "add", "twice", "--json"]);
    let word = |arguments: &[&str]| failed(&practice.run(&[arguments, &["--json"]].concat()));
    let invite = |role: &str, books: &[&str]| {
        let mut arguments = vec!["invite", "--name", "x", "--role", role];
        arguments.extend(books.iter().flat_map(|book| ["--book", *book]));
        word(&arguments)
    };
    assert_eq!(invite("king", &[]), (2, "role-wrong".to_owned()));
    assert_eq!(invite("auditor", &["b"]), (2, "book-not-for-role".to_owned()));
    assert_eq!(invite("partner", &["b"]), (2, "partner-needs-end".to_owned()));
    assert_eq!(word(&["device", "revoke", "1", "--yes"]), (2, "device-unknown".to_owned()));
    assert_eq!(word(&["device", "revoke", "1"]), (2, "option-needed".to_owned()));
    assert_eq!(word(&["person", "suspend", "nobody"]), (2, "person-unknown".to_owned()));
    assert_eq!(word(&["person", "suspend", "x", "--reason", "because"]), (2, "reason-wrong".to_owned()));
    assert_eq!(word(&["book", "resume", "b"]), (14, "not-suspended".to_owned()));
    assert_eq!(word(&["person", "until", "x", "soon"]), (2, "date-wrong".to_owned()));
    assert_eq!(word(&["grant", "x"]).0, 2);
    assert_eq!(word(&["grant", "give", "x", "b"]), (2, "grant-form".to_owned()));
    assert_eq!(word(&["invite", "tear", "1"]), (2, "invite-form".to_owned()));
    assert_eq!(word(&["invite", "revoke", "000000"]), (14, "invitation-closed".to_owned()));
    assert_eq!(word(&["invite", "--role", "client"]), (2, "option-needed".to_owned()));
    assert_eq!(invite("client", &[]), (2, "book-required".to_owned()));
    assert_eq!(invite("admin", &["b"]), (2, "book-not-for-role".to_owned()));
    assert_eq!(invite("client", &["nothing"]), (2, "book-unknown".to_owned()));
    assert_eq!(invite("client", &["twice"]), (2, "book-ambiguous".to_owned()));
    assert_eq!(word(&["book", "add", ""]), (2, "name-wrong".to_owned()));
    assert_eq!(word(&["confirm", "1", "123"]), (2, "digits-malformed".to_owned()));
    assert_eq!(word(&["confirm", "1", "1234 5678"]).1, "invitation-unknown");
    let id = practice.done(&["invite", "--role", "admin", "--name", "a", "--json"])[0]["id"].clone();
    assert_eq!(word(&["confirm", id.as_str().unwrap(), "12345678"]), (1, "invitation-not-used".to_owned()));
}

#[test]
fn a_wrong_key_opens_nothing_and_a_folder_that_is_no_practice_is_named() {
    let (practice, made) = Practice::made();
    let wrong = practice.at("wrong");
    std::fs::write(&wrong, [9; 32]).unwrap();
    let with = |mode: u32| {
        std::fs::set_permissions(&wrong, std::fs::Permissions::from_mode(mode)).unwrap();
        failed(&practice.run(&["people", "--json", "--key-file", wrong.to_str().unwrap()]))
    };
    assert_eq!(with(0o600), (1, "unlock-wrong".to_owned()));
    assert_eq!(with(0o644), (1, "key-file-unusable".to_owned()));
    // The recovery kit opens it too.
    let kit = practice.at("kit");
    std::fs::write(&kit, made["kit"].as_str().unwrap()).unwrap();
    std::fs::set_permissions(&kit, std::fs::Permissions::from_mode(0o600)).unwrap();
    practice.done(&["people", "--json", "--passphrase-file", kit.to_str().unwrap()]);
    let nowhere = program(&["people", "--json", "--dir", "/nowhere"]).output().unwrap();
    assert_eq!(failed(&nowhere), (2, "folder-not-practice".to_owned()));
}

#[test]
fn repost_makes_the_ledger_anew_and_loses_nothing() {
    let (practice, _) = Practice::made();
    let book = practice.done(&["book", "add", "b", "--json"]);
    let done = practice.done(&["repost", "--json"]);
    assert_eq!((&done[0]["type"], &done[0]["command"]), (&"summary".into(), &"repost".into()));
    assert!(done[0]["entries"].as_u64().unwrap() >= 3);
    std::fs::remove_dir_all(practice.dir().join("ledger")).unwrap();
    assert_eq!(practice.done(&["book", "list", "--json"])[0]["id"], book[0]["id"]);
}

#[test]
fn a_gateway_serves_says_where_and_stops_cleanly() {
    let (practice, made) = Practice::made();
    let served = practice.served();
    let address: std::net::SocketAddr = served.listening["address"].as_str().unwrap().parse().unwrap();
    assert!(address.port() != 0 && served.listening["pin"] == made["pin"]);
    // What others do now goes to it: the folder is held.
    assert_eq!(mode(&practice.dir().join("admin.sock")), 0o600);
    let book = practice.done(&["book", "add", "b", "--json"]);
    assert_eq!(practice.done(&["book", "list", "--json"])[0]["id"], book[0]["id"]);
    practice.done(&["clock", "confirm", "--json"]);
    let second = practice.run(&["run", "--listen", "127.0.0.1:0", "--json"]);
    assert_eq!(failed(&second), (1, "folder-held".to_owned()));
    assert_eq!(failed(&practice.run(&["repost", "--json"])), (1, "folder-held".to_owned()));
    served.stop(rustix::process::Signal::TERM);
    assert!(!practice.dir().join("admin.sock").exists());
    practice.served().stop(rustix::process::Signal::INT);
    assert_eq!(practice.done(&["book", "list", "--json"])[0]["id"], book[0]["id"]);
}

#[test]
fn a_gateway_that_was_killed_is_followed_by_one_that_serves() {
    let (practice, _) = Practice::made();
    let mut served = practice.served();
    let book = practice.done(&["book", "add", "b", "--json"]);
    served.child.kill().unwrap();
    served.child.wait().unwrap();
    assert_eq!(practice.done(&["book", "list", "--json"])[0]["id"], book[0]["id"], "by itself");
    let served = practice.served();
    assert_eq!(practice.done(&["book", "list", "--json"])[0]["id"], book[0]["id"], "by the socket");
    served.stop(rustix::process::Signal::TERM);
}

#[test]
fn an_address_that_is_in_use_is_told() {
    let (practice, _) = Practice::made();
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = practice.run(&["run", "--listen", &address, "--json"]);
    assert_eq!(failed(&refused), (1, "address-in-use".to_owned()));
}

#[test]
fn the_configuration_is_shown_with_its_sources_and_checked() {
    let (practice, _) = Practice::made();
    let shown = practice.done(&["config", "show", "--json"]);
    let of = |key: &str| shown.iter().find(|event| event["key"] == key).unwrap().clone();
    assert_eq!((&of("host")["value"], &of("host")["source"]), (&"127.0.0.1".into(), &"file".into()));
    assert_eq!(of("log.level")["source"], "default");
    practice.done(&["check-config", "--json"]);
    let file = practice.dir().join("counterfoil.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n[limitz]\nx = 1\n")).unwrap();
    assert_eq!(failed(&practice.run(&["check-config", "--json"])), (2, "setting-unknown".to_owned()));
    std::fs::write(&file, text.replace("# uploads_open_max = 16", "uploads_open_max = 99")).unwrap();
    assert_eq!(failed(&practice.run(&["check-config", "--json"])), (2, "setting-weakens".to_owned()));
}
