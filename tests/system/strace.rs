//! The order of the durable path as the kernel saw it: no byte of a receipt leaves before the journal's fdatasync has
//! returned, and no journal entry is written before what it names is durable.

use std::path::Path;
use std::time::Duration;

use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Gateway, files, process, programs, skipped};
use rustix::process::Signal;

/// One system call, at the place where it matters: a sync when it has returned, a sending when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Call {
    Synced(String),
    Renamed(String),
    Sent(u64),
}

/// The calls of a trace written by `strace -f -y`, in order.
fn calls(trace: &str) -> Vec<Call> {
    let mut unfinished = std::collections::HashMap::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(char::is_whitespace) else { continue };
        let rest = rest.trim_start();
        if let Some(call) = rest.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread.to_owned(), (call.to_owned(), calls.len()));
            if call.starts_with("send") {
                calls.push(Call::Sent(0)); // how much is known when it returns
            }
            continue;
        }
        let resumed = rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"));
        let (text, began) = match resumed {
            Some((_, end)) => match unfinished.remove(thread) {
                Some((begin, at)) => (begin + end, Some(at)),
                None => continue,
            },
            None => (rest.to_owned(), None),
        };
        let result: i64 = match text.rsplit_once(" = ") {
            Some((_, result)) => {
                result.split_whitespace().next().and_then(|it| it.parse().ok()).unwrap_or(-1)
            }
            None => continue,
        };
        if result < 0 {
            continue;
        }
        if text.starts_with("fdatasync(") || text.starts_with("fsync(") {
            calls.push(Call::Synced(between(&text, '<', '>')));
        } else if text.starts_with("rename") {
            calls.push(Call::Renamed(text.clone()));
        } else if text.starts_with("send") {
            match began {
                Some(at) => calls[at] = Call::Sent(result as u64),
                None => calls.push(Call::Sent(result as u64)),
            }
        }
    }
    calls
}

fn between(text: &str, open: char, close: char) -> String {
    let after = text.split_once(open).map_or("", |(_, after)| after);
    after.split_once(close).map_or(after, |(path, _)| path).to_owned()
}

#[test]
fn no_byte_of_a_receipt_leaves_before_the_journal_is_synced() {
    if !programs::is_installed("strace") {
        return skipped("strace: it is not installed");
    }
    let mut scene = Scene::open();
    let (client, _bookkeeper) = scene.people();
    scene.gateway.sigterm().expect(0);
    let trace = scene.path("trace");
    let mut command = std::process::Command::new("strace");
    // -D: the gateway is our child, so that it is the gateway that is told to stop.
    command.args(["-D", "-f", "-y", "-q", "-e"]);
    command.arg("trace=fdatasync,fsync,sendmsg,sendto,sendmmsg,rename,renameat,renameat2");
    command.arg("-o").arg(&trace);
    let inner = Gateway::command(&scene.practice, scene.gateway.address);
    command.arg(inner.get_program()).args(inner.get_args());
    if !may_trace() {
        return skipped("strace: it may not trace here");
    }
    scene.gateway.start_as(command);
    // So many documents that the receipt with its list is large, and each line is hard to compress or to guess.
    let outbox = scene.path("outbox");
    for at in 0..400 {
        files::write(&outbox.join(format!("{at}.txt")), format!("document {at}").as_bytes());
    }
    let began = files::read(&trace).len();
    let sent = client.send(&[&outbox], BOOK, PERIOD).expect(0);
    let receipt = files::read(Path::new(sent.only("receipt")["path"].as_str().unwrap()));
    scene.gateway.sigterm().expect(0);
    process::wait_until("the end of the trace", || {
        files::holds(&files::read(&trace), b"+++ exited with 0 +++")
    });
    let text = String::from_utf8_lossy(&files::read(&trace)[began..]).into_owned();
    let calls = calls(&text);
    let bytes = receipt.len() as u64;
    check_order(&calls, bytes).unwrap_or_else(|why| panic!("{why}\n{text}"));
    // The control: where the journal's sync is missing the same check must find it.
    let without: Vec<Call> =
        calls.iter().filter(|call| !is_sync_of(call, "/journal/log.")).cloned().collect();
    assert!(check_order(&without, bytes).is_err(), "the check finds nothing wrong where the sync is missing");
}

/// Whether strace may trace a child at all.
fn may_trace() -> bool {
    let tried = std::process::Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
    tried.is_ok_and(|tried| tried.status.success())
}

fn is_sync_of(call: &Call, part: &str) -> bool {
    matches!(call, Call::Synced(path) if path.contains(part))
}

/// spool and objects → shelf → journal → receipt.
fn check_order(calls: &[Call], receipt_bytes: u64) -> Result<(), String> {
    let last = |part: &str| {
        let found = calls.iter().rposition(|call| is_sync_of(call, part));
        found.ok_or_else(|| format!("{part} is never synced"))
    };
    let (object, spool, shelf) = (last("/objects/")?, last("/spool/")?, last("/shelves/")?);
    let after_shelf = calls.iter().skip(shelf).position(|call| is_sync_of(call, "/journal/log."));
    let journal = shelf + after_shelf.ok_or("the journal is not synced after the shelf")?;
    let is_head = |call: &Call| matches!(call, Call::Renamed(text) if text.contains("/head"));
    let head = calls.iter().skip(journal).position(is_head);
    let head = journal + head.ok_or("the head is not stored in its second place")?;
    let sent = |from: usize, to: usize| -> u64 {
        let bytes = |call: &Call| if let Call::Sent(bytes) = call { *bytes } else { 0 };
        calls.iter().take(to).skip(from).map(bytes).sum()
    };
    // The receipt is the only large thing that the gateway sends here. It can not exist before the shelf is synced,
    // and before the head is stored less leaves than it is long.
    let (before, after) = (sent(shelf, head), sent(head, calls.len()));
    let wrong = [
        (object > shelf, "an object was synced after the shelf that names it".to_owned()),
        (spool > journal, "a spool was synced after the journal".to_owned()),
        (
            before > receipt_bytes / 4,
            format!("{before} bytes left before the journal and its head were durable"),
        ),
        (after < receipt_bytes, format!("{after} bytes left after it, and the receipt has {receipt_bytes}")),
    ];
    wrong.into_iter().find(|(is_wrong, _)| *is_wrong).map_or(Ok(()), |(_, why)| Err(why))
}

#[test]
fn nothing_is_renamed_or_named_before_it_is_durable() {
    if !programs::is_installed("strace") || !may_trace() {
        return skipped("strace: it is not installed or may not trace here");
    }
    // Making a practice writes every kind of whole file.
    let place = scene::place();
    let trace = place.path().join("trace");
    let inner = harness::practice::init_command(place.path(), scene::PRACTICE, 4433);
    let mut command = std::process::Command::new("strace");
    command.args([
        "-f",
        "-y",
        "-qq",
        "-e",
        "trace=fdatasync,fsync,rename,renameat,renameat2,link,linkat",
        "-o",
    ]);
    command.arg(&trace).arg(inner.get_program()).args(inner.get_args());
    harness::Running::start(&mut command).wait().expect(0);
    let text = String::from_utf8_lossy(&files::read(&trace)).into_owned();
    let calls = calls(&text);
    let mut renames = 0;
    for (at, call) in calls.iter().enumerate() {
        let Call::Renamed(text) = call else { continue };
        renames += 1;
        let names: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
        let (from, to) = (names[0], names[1]);
        let file = |path: &str| Path::new(path).file_name().unwrap().to_string_lossy().into_owned();
        let synced = calls[..at].iter().any(|call| is_sync_of(call, &file(from)));
        assert!(synced, "{from} was renamed before it was synced");
        let folder = Path::new(to).parent().unwrap().to_string_lossy().into_owned();
        let named = calls[at..].iter().any(|call| matches!(call, Call::Synced(path) if *path == folder));
        assert!(named, "{folder} was not synced after {to} was named");
    }
    assert!(renames > 5, "{renames} renames");
}

#[test]
fn a_goodbye_in_the_middle_of_a_close_leaves_nothing_open() {
    if !programs::is_installed("strace") || !may_trace() {
        return skipped("strace: it is not installed or may not trace here");
    }
    let mut scene = Scene::open();
    let (client, _bookkeeper) = scene.people();
    scene.gateway.sigterm().expect(0);
    let inner = Gateway::command(&scene.practice, scene.gateway.address);
    let mut command = std::process::Command::new("strace");
    // Every sync takes a tenth of a second, so that goodbyes come before, within and after the commit.
    command.args(["-D", "-f", "-qq", "-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=100000"]);
    command.args(["-o", "/dev/null"]).arg(inner.get_program()).args(inner.get_args());
    scene.gateway.start_as(command);
    for moment in 0..8 {
        let document = files::write(&scene.path(&format!("{moment}.txt")), format!("{moment}").as_bytes());
        let mut sending = client.start_send(&[&document], BOOK, PERIOD);
        sending.wait_for("the close", |event| event["type"] == "phase" && event["phase"] == "receipt");
        std::thread::sleep(Duration::from_millis(moment * 100));
        sending.signal(Signal::INT);
        sending.wait();
        client.send(&[&document], BOOK, PERIOD).expect(0);
    }
    // What is accepted is no upload any more: it would be dropped when it has stood still too long.
    let spool = scene.practice.folder.join("spool");
    process::wait_until("every upload that was accepted has ended", || files::tree(&spool).is_empty());
}
