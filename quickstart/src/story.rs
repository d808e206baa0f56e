//! The walk, step by step. Each claim that is printed was checked the moment before; one that does not hold ends it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use console::{Arg, Console, Exit, args};
use gateway::act::{self, Actor};
use gateway::config::Config;
use gateway::ledger::Begin;
use gateway::listener::Gateway;
use gateway::practice::{Opened, Practice};
use gateway::setup;
use host::Clock;
use model::Role;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::Flags;
use crate::companion::{Companion, Ran};
use crate::documents;
use crate::line::Line;
use crate::thief::Marks;

/// Steps of the walk.
const STEPS: u64 = 12;
/// The period that the samples are for.
const PERIOD: &str = "2026-11";
/// The most that may be sent again after a cut, beside what the packets themselves take: one part in so many.
const SENT_AGAIN_BYTES_MAX: u64 = 16 << 20;
const PACKETS_SHARE: u64 = 16;

/// A claim that does not hold, or something that could not be done.
#[derive(Debug)]
pub struct Broken(String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Broken {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// What can break the story.
pub type Told<T> = Result<T, Broken>;

/// Holds a claim against what was found.
pub fn claim(holds: bool, what: impl Into<String>) -> Told<()> {
    if holds { Ok(()) } else { Err(Broken(what.into())) }
}

/// Where everything is.
struct Stage {
    folder: PathBuf,
    clock: Clock,
    console: Console,
    step: u64,
    checks: u64,
}

/// Tells the whole story.
pub fn tell(flags: &Flags, console: &Console, clock: &Clock) -> Told<Exit> {
    let begun = clock.monotonic();
    let folder = match &flags.dir {
        Some(folder) => std::path::absolute(folder)?,
        None => std::env::temp_dir().join(format!("counterfoil-quickstart-{}", clock.unix_ms())),
    };
    claim(!folder.exists(), format!("{} is there already; name another with --dir", folder.display()))?;
    std::fs::create_dir_all(&folder)?;
    let mut stage = Stage { folder, clock: clock.clone(), console: console.clone(), step: 0, checks: 0 };
    console.say("quickstart-hello", &[]);
    console.say("quickstart-folder", args![folder = Arg::path(&stage.folder)]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(stage.serve())?;
    let outcome = stage.walk(flags, &served);
    let time = clock.monotonic().saturating_sub(begun);
    if outcome.is_ok() {
        console.say("quickstart-done", args![checks = stage.checks, time]);
        stage.go_on(&served, flags.stay);
        if flags.stay {
            console.say("quickstart-staying", &[]);
            runtime.block_on(async { tokio::signal::ctrl_c().await })?;
        }
    }
    runtime.block_on(served.gateway.stop());
    drop(served.practice);
    served.opened.close()?;
    outcome.map(|()| Exit::Done)
}

/// The practice as it is served.
struct Served {
    opened: Opened,
    practice: Arc<Practice>,
    gateway: Gateway,
    line: Line,
    pin: String,
}

impl Stage {
    fn step(&mut self, title: &str) {
        self.step += 1;
        let title = self.console.text(title, &[]);
        self.console.say("quickstart-step", args![n = self.step, of = STEPS, title]);
    }

    /// Says what was checked.
    fn said(&mut self, key: &str, values: &[(&str, Arg<'_>)]) {
        self.checks += 1;
        self.console.say(key, values);
    }

    fn companion(&self, name: &str) -> Companion<'_> {
        Companion { home: self.folder.join(name), console: &self.console, clock: &self.clock }
    }

    /// Makes the practice and serves it; companions reach it through a line that can be cut.
    async fn serve(&mut self) -> Told<Served> {
        self.step("quickstart-step-practice");
        let dir = self.folder.join("practice");
        let key_path = self.folder.join("practice.key");
        let mut key = Zeroizing::new([0u8; 32]);
        host::random::fill(key.as_mut_slice())?;
        let _durable = host::Disk::real().create_whole(&key_path, key.as_slice())?;
        let unlock = seal::Unlock::KeyFile(key);
        let name = self.console.text("quickstart-practice-name", &[]);
        // A port that is free: the line takes it, and by hand the gateway itself.
        let port = std::net::UdpSocket::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let cheap = seal::Argon2Parameters::new(1024, 1, 1)?;
        let root_out = self.folder.join("root");
        let plan = setup::Plan {
            token: None,
            folder: &dir,
            root_out: &root_out,
            name: &name,
            host: "127.0.0.1",
            port,
            unlock: &unlock,
            key_file: Some(&key_path),
            // Nobody's practice: the kit and the root files need not cost a thief years here.
            slot_cost: cheap,
            root_cost: cheap,
        };
        let made = setup::make(&plan, self.console.catalogue(), &self.clock)?;
        let pin = made.pin.to_string();
        self.said("quickstart-practice-made", args![name = name.as_str(), pin = pin.as_str()]);
        self.step("quickstart-step-gateway");
        let (config, _) =
            Config::load(&dir, [], &[]).map_err(|failure| Broken(failure.what(self.console.catalogue())))?;
        let opened = Opened::open(&dir, config, &unlock, self.clock.clone(), Begin::AsItIs)?;
        let practice = Arc::clone(&opened.practice);
        let gateway = Gateway::start(Arc::clone(&practice), ([127, 0, 0, 1], 0).into()).await?;
        let line = Line::to(gateway.address, port).await?;
        self.said("quickstart-gateway-listens", args![address = line.address.to_string()]);
        Ok(Served { opened, practice, gateway, line, pin })
    }

    fn walk(&mut self, flags: &Flags, served: &Served) -> Told<()> {
        let book = self.console.text("quickstart-book-name", &[]);
        self.enrol(served, &book)?;
        let sources = self.documents(flags)?;
        let receipt = self.send(served, &sources)?;
        self.send_again(&sources)?;
        let fetched = self.fetch()?;
        self.compare(&sources, &fetched)?;
        self.verify(served, &receipt, &sources)?;
        self.tamper(served, &receipt, &sources)?;
        self.search_disk(&sources)
    }

    fn enrol(&mut self, served: &Served, book: &str) -> Told<()> {
        self.step("quickstart-step-enrol");
        let practice = &served.practice;
        act::book::add(practice, book, Actor::AdminSocket)?;
        let (client_name, bookkeeper_name) = (
            self.console.text("quickstart-client-name", &[]),
            self.console.text("quickstart-bookkeeper-name", &[]),
        );
        let invitation = act::invitation::invite(
            practice,
            Role::Client,
            &client_name,
            &[book.to_owned()],
            Actor::AdminSocket,
        )?;
        self.companion("client").run(&["enrol", &invitation.word, "--plain-keys"], &[]).done("enrol")?;
        self.said("quickstart-client-enrolled", args![person = client_name.as_str()]);
        let invitation = act::invitation::invite(
            practice,
            Role::Bookkeeper,
            &bookkeeper_name,
            &[book.to_owned()],
            Actor::AdminSocket,
        )?;
        let enrolled = self
            .companion("bookkeeper")
            .run(&["enrol", &invitation.word, "--plain-keys"], &[])
            .done("enrol")?;
        let digits =
            enrolled.event("identity").and_then(|identity| identity.get("digits")).and_then(Value::as_str);
        let digits = digits.ok_or(Broken("the bookkeeper's device shows no digits".to_owned()))?.to_owned();
        let before = self.companion("bookkeeper").run(&["list"], &[]);
        claim(before.exit != Exit::Done, "a bookkeeper without confirmation has rights")?;
        act::invitation::confirm(practice, &invitation.id, &digits, Actor::AdminSocket)?;
        self.said("quickstart-digits-compared", args![digits = digits.as_str()]);
        Ok(())
    }

    /// The samples; of somebody's own files only the scan stands beside, so that there is something to cut.
    fn documents(&mut self, flags: &Flags) -> Told<Vec<PathBuf>> {
        self.step("quickstart-step-documents");
        let folder = self.folder.join("documents").join("11月");
        let mut sources: Vec<PathBuf> =
            flags.files.iter().map(std::path::absolute).collect::<Result<_, _>>()?;
        let documents = documents_of(&sources).len();
        let key = match flags.files.is_empty() {
            true => {
                documents::make(&folder)?;
                sources.push(folder);
                "quickstart-documents-made"
            }
            false => {
                claim(documents > 0, "there is no file among what was named")?;
                sources.push(documents::scan(&folder)?);
                "quickstart-documents-yours"
            }
        };
        let all = documents_of(&sources);
        let bytes = Arg::Bytes(all.iter().map(|path| length(path)).sum());
        let documents = if flags.files.is_empty() { all.len() } else { documents };
        self.said(key, args![documents, bytes]);
        Ok(sources)
    }

    fn send(&mut self, served: &Served, sources: &[PathBuf]) -> Told<PathBuf> {
        self.step("quickstart-step-send");
        let paths: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
        let line = ["send", "--period", PERIOD, "--kind", "invoice", "--give-up-after", "3"];
        let bytes: u64 = documents_of(sources).iter().map(|path| length(path)).sum();
        let passed = || served.line.passed();
        let begun = passed();
        served.line.cut_after(bytes / 8 * 3);
        let cut = self.companion("client").run(&line, &paths);
        claim(served.line.is_cut(), "the line was not cut")?;
        claim(
            cut.exit == Exit::Unreachable,
            format!("sending over a cut line ended with {} {}", cut.exit.code(), cut.said),
        )?;
        let first = passed().saturating_sub(begun);
        self.said("quickstart-cut", args![bytes = Arg::Bytes(first)]);
        served.line.mend();
        self.step("quickstart-step-resume");
        let sent = self.companion("client").run(&line, &paths).done("send")?;
        let resumed =
            sent.event("summary").and_then(|summary| summary.get("resumed")).and_then(Value::as_bool);
        claim(resumed == Some(true), format!("the same line did not go on: {}", sent.said))?;
        // What the line did not carry any more was there before. It carries packets, so the truth is better than this.
        let held = bytes.saturating_sub(passed().saturating_sub(begun).saturating_sub(first));
        let again = first.saturating_sub(held);
        let again_max = SENT_AGAIN_BYTES_MAX.saturating_add(bytes / PACKETS_SHARE);
        claim(again <= again_max, format!("{again} bytes were sent again"))?;
        self.said("quickstart-resumed", args![held = Arg::Bytes(held), again = Arg::Bytes(again)]);
        let receipt = sent.event("receipt").ok_or(Broken(format!("no receipt: {}", sent.said)))?;
        let text = |name: &str| receipt.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (path, submission) = (PathBuf::from(text("path")), text("submission"));
        let entry = receipt.get("entry").and_then(Value::as_u64).unwrap_or(0);
        self.said("quickstart-receipt", args![entry, path = Arg::path(&path)]);
        let kept = std::fs::read(&path)?;
        self.companion("client").run(&["receipt", "get", &submission], &[]).done("receipt get")?;
        claim(std::fs::read(&path)? == kept, "the receipt is another one now")?;
        self.said("quickstart-receipt-same", &[]);
        Ok(path)
    }

    fn send_again(&mut self, sources: &[PathBuf]) -> Told<()> {
        self.step("quickstart-step-duplicate");
        let paths: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
        let again = self
            .companion("client")
            .run(&["send", "--period", PERIOD, "--kind", "invoice"], &paths)
            .done("send")?;
        let files = documents_of(sources).len() as u64;
        claim(
            again.number("sent") == 0 && again.number("held") == files,
            format!("not all were recognised: {}", again.said),
        )?;
        self.said("quickstart-duplicate", args![count = files]);
        Ok(())
    }

    fn fetch(&mut self) -> Told<PathBuf> {
        self.step("quickstart-step-fetch");
        let inbox = self.folder.join("inbox");
        let fetched =
            self.companion("bookkeeper").run(&["fetch", "--new", "--to"], &[&inbox]).done("fetch")?;
        let documents = fetched.number("fetched");
        claim(documents > 0, format!("nothing was fetched: {}", fetched.said))?;
        self.said("quickstart-fetched", args![documents]);
        let status = self.companion("client").run(&["status"], &[]).done("status")?;
        let person = self.console.text("quickstart-bookkeeper-name", &[]);
        let documents = status.events.iter().filter_map(|event| event.get("documents")?.as_array()).flatten();
        let fetches = documents.filter_map(|document| document.get("fetches")?.as_array()).flatten();
        let by_person = fetches.filter(|fetch| fetch.get("by").and_then(Value::as_str) == Some(&person));
        let newest = by_person.filter_map(|fetch| fetch.get("fetched_at")?.as_str()).max();
        let when = newest.and_then(|when| model::Timestamp::parse_rfc3339(when).ok());
        let when = when.ok_or_else(|| Broken(format!("the client can not see it: {}", status.said)))?;
        self.said("quickstart-seen", args![person = person.as_str(), when]);
        Ok(inbox)
    }

    /// Every original is in the inbox with the same bytes, and nothing else is.
    fn compare(&mut self, sources: &[PathBuf], inbox: &Path) -> Told<()> {
        self.step("quickstart-step-compare");
        let content = |paths: Vec<PathBuf>| -> Told<Vec<Vec<u8>>> {
            let mut all = paths.iter().map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
            all.sort();
            Ok(all)
        };
        let (theirs, ours) = (content(documents_of(sources))?, content(files_under(inbox)?)?);
        claim(theirs == ours, "what was fetched is not what was sent")?;
        self.said("quickstart-compared", args![documents = ours.len()]);
        Ok(())
    }

    fn receipt_verdict(&self, pin: &str, receipt: &Path, documents: &[PathBuf]) -> Ran {
        let mut arguments = vec!["receipt", "verify", "--practice", pin];
        let shown: Vec<String> = documents.iter().map(|path| path.display().to_string()).collect();
        for document in &shown {
            arguments.extend(["--document", document]);
        }
        // A home where nobody ever enrolled: nothing is known there but what is given.
        self.companion("nobody").run(&arguments, &[receipt])
    }

    fn verify(&mut self, served: &Served, receipt: &Path, sources: &[PathBuf]) -> Told<()> {
        self.step("quickstart-step-verify");
        self.receipt_verdict(&served.pin, receipt, &documents_of(sources)).done("receipt verify")?;
        self.said("quickstart-verified", &[]);
        Ok(())
    }

    fn tamper(&mut self, served: &Served, receipt: &Path, sources: &[PathBuf]) -> Told<()> {
        self.step("quickstart-step-tamper");
        let tampered = self.folder.join("tampered");
        std::fs::create_dir_all(&tampered)?;
        let files = documents_of(sources);
        let original = files.iter().find(|path| length(path) > 0);
        let original = original.ok_or(Broken("there is no document to tamper with".to_owned()))?;
        let document = flip_one_byte(original, &tampered.join("document"))?;
        let verdict = self.receipt_verdict(&served.pin, receipt, &[document]);
        claim(verdict.exit == Exit::Unverified, format!("a changed document passed: {}", verdict.said))?;
        self.said("quickstart-tampered-document", &[]);
        let changed = flip_one_byte(receipt, &tampered.join("receipt"))?;
        let verdict = self.receipt_verdict(&served.pin, &changed, &files);
        claim(verdict.exit != Exit::Done, format!("a changed receipt passed: {}", verdict.said))?;
        self.said("quickstart-tampered-receipt", &[]);
        Ok(())
    }

    /// No name, no content and no digest stands anywhere in the gateway's folder.
    fn search_disk(&mut self, sources: &[PathBuf]) -> Told<()> {
        self.step("quickstart-step-disk");
        let mut marks = Marks::default();
        for key in ["quickstart-client-name", "quickstart-bookkeeper-name", "quickstart-book-name"] {
            marks.name(&self.console.text(key, &[]));
        }
        for path in documents_of(sources) {
            marks.document(&path)?;
        }
        let searched = marks.search(&files_under(&self.folder.join("practice"))?)?;
        if let Some(found) = searched.found {
            return Err(Broken(found));
        }
        let bytes = Arg::Bytes(searched.bytes);
        self.said("quickstart-disk-silent", args![bytes, marks = marks.count()]);
        Ok(())
    }

    /// How to go on by hand, against the same practice.
    fn go_on(&self, served: &Served, stays: bool) {
        let console = &self.console;
        let path = |name: &str| self.folder.join(name).display().to_string();
        let say = |key: &str, command: String| console.say(key, args![command = command.as_str()]);
        console.say("quickstart-on-title", &[]);
        if !stays {
            say(
                "quickstart-on-gateway",
                format!("cargo run --release --bin counterfoil-gateway -- run --dir {}", path("practice")),
            );
        }
        let companion = |home: &str, rest: &str| {
            format!("cargo run --release --bin counterfoil -- --home {} {rest}", path(home))
        };
        say("quickstart-on-send", companion("client", &format!("send FILE --period {PERIOD}")));
        say("quickstart-on-list", companion("bookkeeper", "list"));
        say(
            "quickstart-on-verify",
            companion("nobody", &format!("receipt verify RECEIPT --practice {}", served.pin)),
        );
        console.say("quickstart-remove", args![folder = Arg::path(&self.folder)]);
    }
}

fn flip_one_byte(from: &Path, to: &Path) -> Told<PathBuf> {
    let mut bytes = std::fs::read(from)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    std::fs::write(to, bytes)?;
    Ok(to.to_path_buf())
}

/// The files that are sent, as the companion finds them.
fn documents_of(sources: &[PathBuf]) -> Vec<PathBuf> {
    client::walk::walk(sources).found.into_iter().map(|found| found.path).collect()
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

fn files_under(folder: &Path) -> Told<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}
