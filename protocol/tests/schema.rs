//! Goal: `messages.cddl` and `codes.md` are true. Method: both are written from the tables of the code and compared
//! whole (`COUNTERFOIL_BLESS=1` writes them); then the CDDL is read again by a small reader that knows nothing of
//! the tables, and the golden bytes are held against what it says.

mod samples;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use counterfoil_protocol::code::{CloseCode, Code};
use counterfoil_protocol::field::NAMED;
use counterfoil_protocol::schema::{Entry, kebab};
use counterfoil_protocol::{Message, enrol, record};

fn compare(file: &str, now: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("COUNTERFOIL_BLESS").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let then = std::fs::read_to_string(&path).unwrap_or_default();
    for (at, (then, now)) in then.lines().zip(now.lines()).enumerate() {
        assert_eq!(then, now, "{file}, line {}", at + 1);
    }
    assert_eq!(then, now, "{file} has another length");
}

const HEAD: &str = "\
; The wire of Counterfoil (CDDL, RFC 8610). Made from the tables in src/message.rs, src/enrol.rs, src/record.rs and
; src/field.rs, and compared with them in a test.
;
; Frame: length u32 big-endian, then so many bytes: one item of this schema.
;   counterfoil/1        one bidirectional stream is one request; root rule message; at most 65,536 bytes
;   counterfoil-renew/1  the same, but only hello and renew are read; at most 17,472 bytes
;   counterfoil-enrol/1  one stream; root rule enrol-message; at most 16,400 bytes, an enrol-offer 131,088
; After a piece-head its bytes follow raw, without a frame.
;
; Bytes: deterministic CBOR (RFC 8949 section 4.2.1) of unsigned and negative integers, byte and text strings, arrays,
; maps with unsigned keys, true and false; at most 8 levels. Trailing bytes, repeated or falling keys, long heads,
; indefinite lengths, tags, floats and null are refused as malformed. Key 0 of a message is its number. Keys that are
; not known here are passed over; an unknown number is refused as unknown-message (codes.md). Every map may have them:
more = (* uint => any)

";

fn rule(out: &mut String, prefix: &str, entry: &Entry) {
    let mut said = entry.doc.trim().replace('\n', " ");
    if let (Some(number), Some(by)) = (entry.number, entry.by) {
        said = format!("{number}, by {}: {said}", by.as_str());
    }
    writeln!(out, "; {said}\n{prefix}{} = {{", kebab(entry.name)).unwrap();
    if let Some(number) = entry.number {
        writeln!(out, "  0: {number},").unwrap();
    }
    for member in &entry.members {
        let optional = if member.optional { "? " } else { "" };
        let name = kebab(member.name);
        let doc = member.doc.trim().replace('\n', " ");
        writeln!(out, "  {optional}{}: {}, ; {name}: {doc}", member.key, member.cddl).unwrap();
    }
    out.push_str("  more\n}\n\n");
}

fn choice(out: &mut String, name: &str, prefix: &str, entries: &[Entry]) {
    let names: Vec<_> = entries.iter().map(|entry| format!("{prefix}{}", kebab(entry.name))).collect();
    writeln!(out, "{name} = {}\n", names.join("\n  / ")).unwrap();
}

fn cddl() -> String {
    let mut out = HEAD.to_owned();
    choice(&mut out, "message", "", &Message::schema());
    choice(&mut out, "enrol-message", "enrol-", &enrol::Message::schema());
    choice(&mut out, "long", "", &record::schema().into_iter().filter(is_answer).collect::<Vec<_>>());
    out.push_str("; --- messages of counterfoil/1 ---\n\n");
    Message::schema().iter().for_each(|entry| rule(&mut out, "", entry));
    out.push_str("; --- messages of counterfoil-enrol/1 ---\n\n");
    enrol::Message::schema().iter().for_each(|entry| rule(&mut out, "enrol-", entry));
    out.push_str("; --- records: what comes in runs, and what is in it ---\n\n");
    record::schema().iter().for_each(|entry| rule(&mut out, "", entry));
    out.push_str("; --- types ---\n\n");
    for (name, definition, doc) in NAMED {
        writeln!(out, "{name} = {definition} ; {doc}").unwrap();
    }
    out
}

fn is_answer(entry: &Entry) -> bool {
    ["OpenAnswer", "Listing", "StatusPage", "BookList"].contains(&entry.name)
}

/// `codes.md`, made from the two tables.
fn codes() -> String {
    let mut page = String::from(
        "# Codes\n\nMade from the tables in `src/code.rs` and compared with them in a test. A number never gets another \
         meaning.\n\n## Refusals\n\nIn a `refusal` message, and as the error code when a stream is reset or stopped for \
         it. *later*: the same request can succeed after a pause. *reopen*: after `open`. *never*: not before something \
         has changed.\n\n| number | code | again | what it says |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let (number, word, retry) = (code.number(), code.word(), code.retry().as_str());
        writeln!(page, "| {number} | `{word}` | {retry} | {} |", code.sentence()).unwrap();
    }
    page.push_str(
        "\n## Closing a connection\n\nThe application error code of QUIC's CONNECTION_CLOSE.\n\n\
         | number | code | again | what it says |\n|---|---|---|---|\n",
    );
    for code in CloseCode::ALL {
        let again = if code.is_retryable() { "later" } else { "never" };
        writeln!(page, "| {} | `{}` | {again} | {} |", code.number(), code.word(), code.sentence()).unwrap();
    }
    page
}

#[test]
fn the_schema_is_the_code() {
    compare("messages.cddl", &cddl());
}

#[test]
fn the_page_of_codes_is_the_code() {
    compare("codes.md", &codes());
}

#[test]
fn numbers_and_words_of_codes_are_unique_and_rise() {
    assert!(Code::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
    assert!(CloseCode::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
    let mut words: Vec<_> = Code::ALL.iter().map(|code| code.word()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Code::ALL.len());
    for code in Code::ALL {
        assert_eq!(Code::from_number(u64::from(code.number())), Some(*code));
        assert_eq!(kebab(&format!("{code:?}")), code.word());
    }
    for code in CloseCode::ALL {
        assert_eq!(CloseCode::from_number(u64::from(code.number())), Some(*code));
        assert_eq!(kebab(&format!("{code:?}")), code.word());
    }
    assert_eq!(Code::from_number(65_535), None);
}

/// What the small reader found in a rule: key → (name, whether it may be left out, type), and the number.
#[derive(Debug, Default, PartialEq)]
struct Rule {
    number: Option<u64>,
    members: BTreeMap<u64, (String, bool, String)>,
    open: bool,
}

/// Reads rules of the form `name = {`, members, `more`, `}`; and the names of one-line rules.
fn read_cddl(text: &str) -> (BTreeMap<String, Rule>, Vec<String>) {
    let (mut rules, mut names) = (BTreeMap::new(), Vec::new());
    let mut current: Option<(String, Rule)> = None;
    for line in text.lines().filter(|line| !line.starts_with(';') && !line.is_empty()) {
        let (code, comment) = line.split_once(" ;").unwrap_or((line, ""));
        match (&mut current, code.trim()) {
            (None, code) => {
                let Some((name, rest)) = code.split_once(" = ") else { continue };
                match rest {
                    "{" => current = Some((name.to_owned(), Rule::default())),
                    _ => names.push(name.to_owned()),
                }
            }
            (Some(_), "}") => {
                let (name, rule) = current.take().unwrap();
                assert!(rules.insert(name, rule).is_none(), "a rule twice");
            }
            (Some((_, rule)), "more") => rule.open = true,
            (Some((_, rule)), code) => {
                let (optional, code) = code.strip_prefix("? ").map_or((false, code), |rest| (true, rest));
                let (key, kind) = code.strip_suffix(',').unwrap().split_once(": ").unwrap();
                let key: u64 = key.parse().unwrap();
                match key {
                    0 => rule.number = Some(kind.parse().unwrap()),
                    _ => {
                        let name = comment.trim().split_once(": ").unwrap().0.to_owned();
                        assert!(rule.members.insert(key, (name, optional, kind.to_owned())).is_none());
                    }
                }
            }
        }
    }
    assert!(current.is_none(), "a rule without an end");
    (rules, names)
}

fn schema_file() -> (BTreeMap<String, Rule>, Vec<String>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/messages.cddl");
    read_cddl(&std::fs::read_to_string(path).unwrap())
}

#[test]
fn what_the_schema_says_to_a_reader_is_the_table() {
    let (rules, names) = schema_file();
    let main = Message::schema().into_iter().chain(record::schema()).map(|entry| (String::new(), entry));
    let enrolment = enrol::Message::schema().into_iter().map(|entry| ("enrol-".to_owned(), entry));
    let entries: Vec<_> = main.chain(enrolment).collect();
    assert_eq!(rules.len(), entries.len());
    for (prefix, entry) in entries {
        let rule = &rules[&format!("{prefix}{}", kebab(entry.name))];
        assert_eq!(rule.number, entry.number.map(u64::from));
        assert!(rule.open, "{} takes unknown keys", entry.name);
        let members = entry.members.iter();
        let expected = members.map(|it| (it.key, (kebab(it.name), it.optional, it.cddl.clone()))).collect();
        assert_eq!(rule.members, expected, "{}", entry.name);
        // Every type that is used is defined.
        for (_, _, kind) in rule.members.values() {
            for word in kind.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
                let foreign = word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit());
                let own = ["uint", "bstr", "tstr", "bool", "size"].contains(&word);
                let defined = rules.contains_key(word) || names.iter().any(|name| name == word);
                assert!(foreign || own || defined, "{word} in {}", entry.name);
            }
        }
    }
}

#[test]
fn numbers_of_messages_are_unique_and_keys_rise_from_one() {
    for schema in [Message::schema(), enrol::Message::schema()] {
        assert!(schema.windows(2).all(|pair| pair[0].number < pair[1].number));
    }
    for entry in Message::schema().into_iter().chain(enrol::Message::schema()).chain(record::schema()) {
        let keys: Vec<_> = entry.members.iter().map(|member| member.key).collect();
        assert_eq!(keys, (1..=keys.len() as u64).collect::<Vec<_>>(), "{}", entry.name);
    }
}

#[test]
fn the_golden_bytes_are_what_the_schema_says() {
    let (rules, _) = schema_file();
    for sample in samples::all() {
        let prefix = if sample.set == "enrol-message" { "enrol-" } else { "" };
        let rule = &rules[&format!("{prefix}{}", kebab(sample.name))];
        for (bytes, all) in [(&sample.full, true), (&sample.least, false)] {
            let mut input = minicbor::Decoder::new(bytes);
            let mut number = None;
            let mut keys = Vec::new();
            for _ in 0..input.map().unwrap().unwrap() {
                match input.u64().unwrap() {
                    0 => number = Some(input.u64().unwrap()),
                    key => {
                        keys.push(key);
                        input.skip().unwrap();
                    }
                }
            }
            assert_eq!(number, rule.number, "{}", sample.name);
            let due = rule.members.iter().filter(|(_, (_, optional, _))| all || !optional);
            assert_eq!(keys, due.map(|(key, _)| *key).collect::<Vec<_>>(), "{}", sample.name);
        }
    }
}
