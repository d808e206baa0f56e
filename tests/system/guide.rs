//! The guides are true: every command that stands in a block of `docs/` is run, in its order, against a real practice, and
//! what is shown below it is what comes. Nothing is passed over: a line that can not be run here stands in a table by name.
//!
//! ```text
//! ```sh     commands, one a line; what follows two blanks and `#` is for the reader
//! ```text   lines of what the block before has said, in order; `…` stands for anything
//! ```
//! `COUNTERFOIL_GUIDE=FILE` writes down what every command has said, for who writes a guide.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::phone::Phone;
use harness::scene::{self, Scene};
use harness::{Companion, Ended, Gateway, Practice, Ran, Running, files, practice, programs};
use serde_json::Value;

/// Lines that can not be run here, by how they begin, and what runs them.
const ELSEWHERE: &[(&str, &str)] = &[
    // Only a program that was built for a token has one.
    ("counterfoil-gateway init --dir DIR --name NAME --host HOST --key-file FILE --pkcs11-module", "token"),
    // Not our program; `crl` holds OpenSSL against the same lists.
    ("openssl ", "crl"),
    // It stays until it is stopped.
    ("counterfoil agent", "renewal"),
];

/// A block of a guide.
enum Block {
    Commands(Vec<String>),
    Output(Vec<String>),
}

/// The blocks of a guide, in order.
fn blocks(guide: &str) -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(guide);
    let text = std::fs::read_to_string(path).unwrap();
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else { continue };
        let inside: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
        blocks.push(match kind {
            "sh" => Block::Commands(commands(&inside)),
            "text" => Block::Output(inside.iter().map(|line| (*line).to_owned()).collect()),
            other => panic!("{guide}: a block is `sh` or `text`, not {other:?}: {inside:?}"),
        });
    }
    assert!(!blocks.is_empty(), "{guide}");
    blocks
}

fn commands(lines: &[&str]) -> Vec<String> {
    let joined = lines.join("\n").replace("\\\n", " ");
    let bare = joined.lines().map(|line| line.split("  #").next().unwrap_or_default().trim());
    let bare = bare.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    bare.filter(|line| !line.is_empty()).collect()
}

/// The words of a line, as a shell takes them apart.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    assert!(!quoted, "a quote is open in {line}");
    words
}

/// A name and its devices, as `people` tells them.
fn person(practice: &Practice, name: &str) -> Value {
    let people = practice.people();
    people.into_iter().find(|person| person["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The place where the guide for admins is walked through.
struct Walk {
    scene_place: tempfile::TempDir,
    practice: Option<Practice>,
    gateway: Option<Gateway>,
    /// Everybody who was invited, by name.
    companions: BTreeMap<String, Companion>,
    /// Invitation and digits of who waits.
    waiting: VecDeque<(String, String)>,
    phone: Option<Phone>,
    /// Where root and spare lie now.
    roots: PathBuf,
    /// What the commands of the block have said.
    said: String,
}

/// Whom the guide's admin is called.
const ADMIN: &str = "陈明";
/// Whom NAME, ID, DEVICE and IID speak of.
const NAME: &str = "李会计";
/// What BOOK speaks of.
const BOOK: &str = "普陀书店";

impl Walk {
    fn begin() -> Self {
        let scene_place = scene::place();
        let roots = scene_place.path().join("roots");
        Self {
            scene_place,
            practice: None,
            gateway: None,
            companions: BTreeMap::new(),
            waiting: VecDeque::new(),
            phone: None,
            roots,
            said: String::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scene_place.path().join(name)
    }

    fn practice(&self) -> &Practice {
        self.practice.as_ref().expect("the guide begins with init")
    }

    /// Whom NAME speaks of has two devices and an invitation of before, as somebody has for whom one does all that.
    fn prepare_somebody(&mut self) {
        if self.companions.contains_key(NAME) {
            return;
        }
        self.practice().add_book(BOOK);
        for home in ["somebody", "somebody again"] {
            let words = match self.companions.contains_key(NAME) {
                true => vec!["invite", "--person", NAME],
                false => vec!["invite", "--role", "bookkeeper", "--name", NAME, "--book", BOOK],
            };
            let ran = self.practice().run(words).expect(0);
            let invitation = ran.only("invitation").clone();
            let companion = Companion::new(self.path(home));
            let enrolled = companion.enrol(invitation["word"].as_str().unwrap()).expect(0);
            let digits = text_of(&enrolled.only("identity")["digits"]);
            self.practice().confirm(invitation["id"].as_str().unwrap(), &digits).expect(0);
            self.companions.insert(NAME.to_owned(), companion);
        }
    }

    /// A device of NAME's that is not gone: ID, DEVICE; and the invitation by which it came.
    fn device(&self) -> (String, String) {
        let somebody = person(self.practice(), NAME);
        let devices = somebody["devices"].as_array().unwrap();
        let is_there = |device: &&Value| matches!(device["standing"].as_str(), Some("active" | "suspended"));
        let device = devices.iter().find(is_there).expect("a device is left");
        (text_of(&device["id"]), text_of(&device["invitation"]))
    }

    /// What a word of the guide stands for here.
    fn word(&mut self, line: &str, word: &str) -> String {
        let at = |path: PathBuf| scene::text(&path).to_owned();
        match word {
            "/srv/counterfoil" | "DIR" => at(self.path("practice")),
            "/etc/counterfoil/key" => at(self.path("key")),
            "gw.example.cn" => "127.0.0.1".to_owned(),
            "counterfoil-root" | "counterfoil-spare" => {
                let places = [self.roots.clone(), self.path("media/a"), self.path("media/b")];
                let mut kept = places.iter().map(|place| place.join(word)).filter(|path| path.is_file());
                at(kept.next().unwrap_or_else(|| panic!("{line}: {word} lies nowhere")))
            }
            "NAME" => NAME.to_owned(),
            "BOOK" => BOOK.to_owned(),
            "IID" if line.contains("invite revoke") => {
                text_of(&person(self.practice(), NAME)["invitations"].as_array().unwrap()[0])
            }
            "IID" => self.device().1,
            "ID" if line.contains(" confirm ") => self.waiting.front().expect("somebody waits").0.clone(),
            "1234 5678" => self.waiting.pop_front().expect("somebody waits").1,
            "ID" | "DEVICE" => self.device().0,
            // A date of the guide is past some day.
            _ if is_date(word) => day(if line.contains("--since") { -1 } else { 100 }),
            _ if word.starts_with("NEW") => at(self.path(word)),
            _ if word.starts_with("/media/") => {
                at(self.path("media").join(word.trim_start_matches("/media/")))
            }
            _ if is_placeholder(word) => panic!("{line}: nobody knows what {word} stands for"),
            _ => word.to_owned(),
        }
    }

    /// What a person would type or has in the hand, as flags.
    fn typed(&mut self, words: &[&str]) -> Vec<String> {
        let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mut typed = text(&["--lang", "en"]);
        match words {
            ["counterfoil-gateway", "init", ..] => {
                let port = practice::free_port().to_string();
                typed.extend(text(&["--trial", "--yes", "--port", &port]));
                typed.extend(text(&["--root-out", scene::text(&self.roots.clone())]));
            }
            ["counterfoil-gateway", "root", act, ..] => {
                typed.extend(text(&["--yes", "--words-file", scene::text(&self.path("words"))]));
                typed.extend((*act == "sign").then(|| "--trial".to_owned()));
            }
            ["counterfoil-gateway", "device" | "person", "revoke", ..]
            | ["counterfoil-gateway", "book", "suspend" | "close", ..] => typed.push("--yes".to_owned()),
            ["counterfoil", "factor", "codes" | "remove"] | ["counterfoil", "device", ..] => {
                let code = self.phone().code();
                typed.extend(["--code-file".to_owned(), self.phone().file(&code)]);
            }
            ["counterfoil", "admin", "book" | "invite" | "confirm", ..] => {
                let code = self.phone().recovery_code();
                typed.extend(["--code-file".to_owned(), self.phone().file(&code)]);
            }
            _ => {}
        }
        typed
    }

    /// The admin's phone, enrolled where there is none.
    fn phone(&mut self) -> &mut Phone {
        let (admin, place) = (self.companions[ADMIN].clone(), self.path("phone"));
        self.phone.get_or_insert_with(|| Phone::enrol(&admin, &place))
    }

    fn run(&mut self, line: &str) {
        if let Some((_, by)) = ELSEWHERE.iter().find(|(begins, _)| line.starts_with(begins)) {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("system/{by}.rs")).is_file(), "{by}");
            return;
        }
        self.before(line);
        let given = words(line);
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        match given.as_slice() {
            ["counterfoil-gateway", "run", ..] => return self.serve(&given),
            ["counterfoil", "factor", "enrol"] => {
                self.phone = None;
                self.phone();
                return;
            }
            _ => {}
        }
        let meant: Vec<String> = given.iter().skip(1).map(|word| self.word(line, word)).collect();
        let typed = self.typed(&given);
        let mut command = match given[0] {
            "counterfoil-gateway" => programs::command(programs::GATEWAY),
            "counterfoil" => programs::command(programs::COMPANION),
            other => panic!("{line}: {other} is no program of ours"),
        };
        command.args(&meant).args(&typed).current_dir(self.scene_place.path());
        if given[0] == "counterfoil" {
            command.arg("--home").arg(&self.companions[ADMIN].home);
        }
        let ran = Running::start(&mut command).wait();
        assert_eq!(ran.ended, Ended::Code(0), "{line}\n{ran}");
        let said = format!("{}\n{}\n", ran.plain.join("\n"), ran.errors);
        note(line, &said);
        self.said.push_str(&said);
        self.after(line, &given, &ran);
    }

    fn serve(&mut self, given: &[&str]) {
        let practice = self.practice().clone();
        assert_eq!(given, ["counterfoil-gateway", "run", "--dir", "/srv/counterfoil"]);
        self.gateway = Some(Gateway::run(&practice));
    }

    /// What must be so before a line: what the prose says beside it.
    fn before(&mut self, line: &str) {
        let speaks_of_somebody = ["NAME", "BOOK", "IID", "DEVICE", "suspend ID", "resume ID", "revoke ID"];
        if speaks_of_somebody.iter().any(|word| line.contains(word)) {
            self.prepare_somebody();
        }
        if line.contains("retire issuing") || line.contains("next issuing") {
            // Two weeks later: everybody who is let in has renewed.
            for (name, companion) in &self.companions {
                let ran = companion.run(["cert", "renew"]);
                assert!(ran.ended == Ended::Code(0) || name == NAME, "{name}\n{ran}");
            }
        }
        if line.contains(" repost ") {
            self.gateway.take().expect("the gateway runs").sigterm().expect(0);
        }
        std::fs::create_dir_all(self.path("media/a")).unwrap();
        std::fs::create_dir_all(self.path("media/b")).unwrap();
    }

    /// What follows from a line for those after it.
    fn after(&mut self, line: &str, given: &[&str], ran: &Ran) {
        let said = ran.plain.join("\n");
        match given {
            ["counterfoil-gateway", "init", ..] => {
                let port = config(&self.path("practice"), "port").parse().unwrap();
                self.practice = Some(Practice {
                    folder: self.path("practice"),
                    key_file: self.path("key"),
                    root_out: self.roots.clone(),
                    port,
                    pin: String::new(),
                    environment: Vec::new(),
                });
                let kit = said.lines().find(|line| line.split_whitespace().count() == 12);
                let kit = kit.unwrap_or_else(|| panic!("no twelve words\n{ran}")).trim();
                let words = files::write(&self.path("words"), kit.as_bytes());
                use std::os::unix::fs::PermissionsExt as _;
                std::fs::set_permissions(&words, std::fs::Permissions::from_mode(0o600)).unwrap();
            }
            [_, .., "--out", out, "--answer", _] => self.roots = self.path(out),
            [.., "factor", "remove"] => self.phone = None,
            _ if line.contains("invite --role") => self.enrol(line, &said, ran),
            _ => {}
        }
    }

    /// Who is invited by name enrols; staff wait for their digits.
    fn enrol(&mut self, line: &str, said: &str, ran: &Ran) {
        let given = words(line);
        let name = given.iter().skip_while(|word| *word != "--name").nth(1).expect("a name").clone();
        let word = said.split_whitespace().find(|word| word.starts_with("CF1"));
        let word = word.unwrap_or_else(|| panic!("no invitation\n{ran}"));
        let companion = Companion::new(self.path(&format!("home {}", self.companions.len())));
        let enrolled = companion.enrol(word).expect(0);
        if let Some(digits) = enrolled.only("identity")["digits"].as_str() {
            let waits = person(self.practice(), &name)["devices"][0]["invitation"].clone();
            self.waiting.push_back((text_of(&waits), digits.to_owned()));
        }
        self.companions.insert(name, companion);
    }
}

fn is_date(word: &str) -> bool {
    word.len() == 10
        && word.chars().enumerate().all(|(at, letter)| match at {
            4 | 7 => letter == '-',
            _ => letter.is_ascii_digit(),
        })
}

/// A word that the reader replaces.
fn is_placeholder(word: &str) -> bool {
    word.len() > 1 && word.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
}

/// A day so many days from now.
fn day(days: i64) -> String {
    let now = host::Clock::system().unix_ms() / 1000;
    let then = now.saturating_add_signed(days * 24 * 3600);
    model::Timestamp::from_unix_seconds(then).to_rfc3339().chars().take(10).collect()
}

/// A setting, as the file has it.
fn config(folder: &Path, key: &str) -> String {
    let text = std::fs::read_to_string(folder.join("counterfoil.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    table[key].to_string()
}

/// For who writes the guide: what a line has said.
fn note(line: &str, said: &str) {
    let Some(path) = std::env::var_os("COUNTERFOIL_GUIDE") else { return };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "$ {line}\n{said}").unwrap();
}

/// Whether a line of a guide is like one that was said: `…` stands for anything, and blanks for blanks.
fn is_like(shown: &str, said: &str) -> bool {
    let bare = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (shown, said) = (bare(shown), bare(said));
    let parts: Vec<&str> = shown.split('…').collect();
    let mut rest = said.as_str();
    for (nth, part) in parts.iter().enumerate() {
        let part = part.trim();
        // The last part is the end of the line.
        let is_last = nth > 0 && nth + 1 == parts.len();
        match if is_last { rest.rfind(part) } else { rest.find(part) } {
            Some(at) if nth > 0 || at == 0 => rest = &rest[at + part.len()..],
            _ => return false,
        }
    }
    parts.last().is_some_and(|last| last.trim().is_empty()) || rest.trim().is_empty()
}

/// The lines that were not said, in this order.
fn not_said<'a>(shown: &'a [String], said: &str) -> Vec<&'a str> {
    let said: Vec<&str> = said.lines().collect();
    let mut from = 0;
    let mut missing = Vec::new();
    for line in shown.iter().filter(|line| line.trim() != "…") {
        match said[from..].iter().position(|said| is_like(line, said)) {
            Some(at) => from += at + 1,
            None => missing.push(line.as_str()),
        }
    }
    missing
}

#[test]
fn every_command_of_the_guide_for_admins_does_what_it_shows() {
    let mut walk = Walk::begin();
    let (mut commands, mut wrong) = (0, String::new());
    for block in blocks("admin.md") {
        match block {
            Block::Commands(lines) => {
                walk.said.clear();
                for line in &lines {
                    walk.run(line);
                    commands += 1;
                }
            }
            Block::Output(shown) => {
                let missing = not_said(&shown, &walk.said);
                if !missing.is_empty() {
                    wrong.push_str(&format!("the guide shows\n{}\nof\n{}\n", missing.join("\n"), walk.said));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(commands > 60, "{commands}");
}

/// The guides of people: one client and one bookkeeper, in the order of a month.
#[test]
fn every_command_of_the_guides_for_people_runs() {
    let scene = Scene::open();
    scene.practice.add_book("静安面馆");
    let invited = |role: &str| scene.practice.invite(role, role, &["静安面馆"]);
    let (of_client, of_keeper) = (invited("client"), invited("bookkeeper"));
    let month = scene.path("11月");
    let document = files::write(&month.join("发票.pdf"), b"an invoice");
    let client = Walker { home: scene.path("client"), place: scene.path(""), code: None };
    let receipt = |home: &Path| {
        let listed = Companion::new(home.to_path_buf()).run(["receipt", "list"]).expect(0);
        listed.rows("receipt")[0].clone()
    };
    let replace = |word: &str| match word {
        "CF1……" => Some(of_client.word.clone()),
        "CF1…" => Some(of_keeper.word.clone()),
        "./11月" => Some(scene::text(&month).to_owned()),
        "D:/账套" => Some(scene::text(&scene.path("inbox")).to_owned()),
        "编号" => Some(text_of(&receipt(&client.home)["id"])),
        "回执文件" | "RECEIPT" => Some(text_of(&receipt(&client.home)["path"])),
        "原文件" | "FILE" => Some(scene::text(&document).to_owned()),
        "事务所指纹" | "PIN" => Some(scene.practice.pin.clone()),
        _ => None,
    };
    client.walk("client.md", &replace);
    let keeper =
        Walker { home: scene.path("keeper"), place: scene.path(""), code: Some((&scene, &of_keeper.id)) };
    keeper.walk("bookkeeper.md", &replace);
    scene.practice.run(["crl", "export", "--to", scene::text(&scene.path("lists.pem"))]).expect(0);
    client.walk("auditor.md", &replace);
}

/// Somebody who does what their guide says.
struct Walker<'a> {
    home: PathBuf,
    place: PathBuf,
    /// For staff: the scene and their invitation, whose digits an admin compares.
    code: Option<(&'a Scene, &'a str)>,
}

impl Walker<'_> {
    fn walk(&self, guide: &str, replace: &dyn Fn(&str) -> Option<String>) {
        for block in blocks(guide) {
            let Block::Commands(lines) = block else { continue };
            for line in lines {
                if ELSEWHERE.iter().any(|(begins, _)| line.starts_with(begins)) {
                    continue;
                }
                self.run(&line, replace);
            }
        }
    }

    fn run(&self, line: &str, replace: &dyn Fn(&str) -> Option<String>) {
        let given = words(line);
        assert_eq!(given[0], "counterfoil", "{line}");
        let meant = given.iter().skip(1).map(|word| replace(word).unwrap_or_else(|| word.clone()));
        let mut command: Command = programs::command(programs::COMPANION);
        command.args(meant).arg("--home").arg(&self.home).args(["--lang", "en", "--yes", "--json"]);
        let ran = Running::start(command.current_dir(&self.place)).wait();
        assert_eq!(ran.ended, Ended::Code(0), "{line}\n{ran}");
        note(line, &ran.to_string());
        if let (Some((scene, invitation)), "enrol") = (self.code, given[1].as_str()) {
            let digits = text_of(&ran.only("identity")["digits"]);
            scene.practice.confirm(invitation, &digits).expect(0);
        }
    }
}

#[test]
fn a_line_that_nobody_said_is_not_taken_for_one_that_was() {
    assert!(is_like("a … c", "a b c") && is_like("a …", "a b c") && is_like("… c", "x b c"));
    assert!(is_like("  a   b", "a b") && is_like("a", "a") && is_like("at …:", "at 1:2:"));
    assert!(!is_like("a", "a b") && !is_like("b c", "a b c") && !is_like("a … d", "a b c"));
    let placeholders = words("counterfoil-gateway confirm ID \"1234 5678\" --dir DIR");
    assert_eq!(placeholders.len(), 6);
    assert_eq!(commands(&["a \\", "    b   # c", "", "# d"]).first().map(String::as_str), Some("a b"));
}
