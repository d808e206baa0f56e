//! One example of every event; the lines and the page are compared with them.

use super::*;
use crate::fields;

fn s(text: &str) -> String {
    text.to_owned()
}

/// One of each, every optional field set. The compiler asks for a line here when a type is added.
fn examples() -> Vec<Event> {
    let problem = Problem {
        code: s("F-0301"),
        word: s("gateway-unreachable"),
        message: s("m"),
        why: s("w"),
        hint: s("h"),
        retryable: true,
        exit: 12,
        details: fields! {"address": "a"},
    };
    let examples = vec![
        Event::Start(Start {
            command: s("send"),
            practice: Some(s("p")),
            submission: Some(s("s")),
            book: Some(s("b")),
            period: Some(s("2026-11")),
            resumed: Some(true),
            documents: 5,
            bytes: 61_000_000,
        }),
        Event::Phase { phase: Phase::Hashing, documents: 5, bytes: 9 },
        Event::File(File {
            n: 1,
            name: s("a\n\u{202e}b"),
            state: FileState::Sent,
            bytes: 1,
            blake3: Some(s("x")),
            sha256: Some(s("y")),
            path: Some(s("z")),
        }),
        Event::Progress(Progressing {
            phase: Phase::Sending,
            documents: 1,
            documents_total: 2,
            bytes: 3,
            bytes_total: 4,
            bytes_per_second: 5,
            seconds_left: Some(6),
        }),
        Event::Withdrawn { name: s("n"), code: s("F-0404"), word: s("file-changed"), message: s("m") },
        Event::Held { name: s("n"), submission: s("s"), n: 2, received_at: s("t") },
        Event::Receipt(Receipt {
            submission: s("s"),
            path: s("p"),
            entry: 7,
            documents: 4,
            received_at: s("t"),
            accepted_at: s("t"),
        }),
        Event::Verdict { property: s("origin"), verdict: s("valid"), message: s("m") },
        Event::Row { of: s("book"), fields: fields! {"id": "b", "name": "n"} },
        Event::Identity(Identity {
            practice: s("p"),
            practice_id: s("i"),
            pin: s("pin"),
            gateway: s("g"),
            person: s("n"),
            role: s("client"),
            device: s("d"),
            label: s("l"),
            digits: Some(s("1234 5678")),
            confirmed: false,
            certificate_until: s("t"),
            keys: s("keychain"),
        }),
        Event::Invitation(Invitation {
            id: s("1"),
            word: s("CF1"),
            code: s("c"),
            address: s("a"),
            expires: s("t"),
            name: s("n"),
            role: s("client"),
            command: s("counterfoil enrol"),
        }),
        Event::Practice(Practice {
            folder: s("f"),
            name: s("n"),
            id: s("i"),
            pin: s("p"),
            host: s("h"),
            configuration: s("c"),
            root_folder: s("r"),
            kit: s("k"),
        }),
        Event::Listening { address: s("127.0.0.1:4433"), pin: s("p") },
        Event::Setting { key: s("k"), value: 1.into(), source: s("file"), place: Some(s("f:1")) },
        Event::Step { n: 1, of: 9, message: s("m") },
        Event::Check { message: s("m"), holds: true },
        Event::Waiting { word: s("w"), message: s("m"), seconds: 2 },
        Event::Warning(problem.clone()),
        Event::Error(problem),
        Event::Summary(Summary {
            command: s("send"),
            exit: 0,
            seconds: 19.4,
            fields: fields! {"sent": 4_u64, "receipts": vec![s("r")]},
        }),
    ];
    for event in &examples {
        match event {
            Event::Start(_)
            | Event::Phase { .. }
            | Event::File(_)
            | Event::Progress(_)
            | Event::Withdrawn { .. }
            | Event::Held { .. }
            | Event::Receipt(_)
            | Event::Verdict { .. }
            | Event::Row { .. }
            | Event::Identity(_)
            | Event::Invitation(_)
            | Event::Practice(_)
            | Event::Listening { .. }
            | Event::Setting { .. }
            | Event::Step { .. }
            | Event::Check { .. }
            | Event::Waiting { .. }
            | Event::Warning(_)
            | Event::Error(_)
            | Event::Summary(_) => {}
        }
    }
    examples
}

#[test]
fn every_line_begins_with_its_type_and_version() {
    for event in examples() {
        let line = event.line();
        let value: Value = serde_json::from_str(&line).unwrap();
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert_eq!(keys[..2], ["type", "v"], "{line}");
        assert_eq!(value["v"], 1);
        assert!(!line.chars().any(text::misleads), "{line}");
    }
}

#[test]
fn names_are_exact_in_json() {
    let line = examples()[2].line();
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["name"], "a\n\u{202e}b");
    assert!(line.contains("a\\n\\u202eb"), "{line}");
}

#[test]
fn the_page_lists_every_type_and_field() {
    let page = include_str!("../../events.md");
    let mut seen = Vec::new();
    for event in examples() {
        let value = serde_json::from_str::<Value>(&event.line()).unwrap();
        let object = value.as_object().unwrap();
        let kind = object["type"].as_str().unwrap();
        let free = matches!(event, Event::Row { .. } | Event::Summary(_));
        let named = object.keys().skip(2).filter(|key| !free || FREE_KEPT.contains(&key.as_str()));
        let names: Vec<String> = named.map(|key| format!("`{key}`")).collect();
        let row = format!("| `{kind}` | {} |", names.join(" "));
        assert!(page.contains(&row), "events.md must contain: {row}");
        seen.push(kind.to_owned());
    }
    for row in page.lines().filter_map(|line| line.strip_prefix("| `")) {
        let kind = row.split('`').next().unwrap();
        assert!(seen.iter().any(|seen| seen == kind), "events.md has a type that is not there: {kind}");
    }
}

const FREE_KEPT: [&str; 4] = ["of", "command", "exit", "seconds"];
