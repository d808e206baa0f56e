//! Tests that hold the catalogue together: both languages alike, every key used exists, every failure is said.

use super::{Arg, Catalogue, FILES};
use crate::{FailureCode, Language, text};
use fluent_syntax::ast;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Key to the variables of its message, in one language.
type Messages = BTreeMap<String, BTreeSet<String>>;

fn messages(files: &[(&str, &str)]) -> Messages {
    let mut found = Messages::new();
    for (file, source) in files {
        let resource = fluent_syntax::parser::parse(*source);
        let resource = resource.unwrap_or_else(|(_, errors)| panic!("{file}: {errors:?}"));
        for entry in &resource.body {
            match entry {
                ast::Entry::Message(message) => {
                    assert!(message.attributes.is_empty(), "{file}: attributes are not used");
                    let mut variables = BTreeSet::new();
                    pattern(message.value.as_ref().expect("a value"), &mut variables);
                    let before = found.insert(message.id.name.to_owned(), variables);
                    assert!(before.is_none(), "{file}: {} stands twice", message.id.name);
                }
                ast::Entry::Term(_) | ast::Entry::Junk { .. } => panic!("{file}: {entry:?}"),
                ast::Entry::Comment(_) | ast::Entry::GroupComment(_) | ast::Entry::ResourceComment(_) => {}
            }
        }
    }
    found
}

fn pattern(pattern: &ast::Pattern<&str>, variables: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let ast::PatternElement::Placeable { expression } = element {
            match expression {
                ast::Expression::Inline(inline) => inline_variables(inline, variables),
                ast::Expression::Select { selector, variants } => {
                    inline_variables(selector, variables);
                    for variant in variants {
                        self::pattern(&variant.value, variables);
                    }
                }
            }
        }
    }
}

fn inline_variables(inline: &ast::InlineExpression<&str>, variables: &mut BTreeSet<String>) {
    match inline {
        ast::InlineExpression::VariableReference { id } => {
            variables.insert(id.name.to_owned());
        }
        ast::InlineExpression::StringLiteral { value } => {
            assert!(value.chars().all(|letter| letter == ' '), "only spaces are quoted: {value:?}");
        }
        other => panic!("not used in this house: {other:?}"),
    }
}

fn both() -> [(Language, Messages); 2] {
    FILES.map(|(language, files)| (language, messages(&files)))
}

#[test]
fn both_languages_have_the_same_keys_and_variables_in_the_same_files() {
    let [(_, chinese), (_, english)] = FILES;
    for ((file, zh), (other, en)) in chinese.iter().zip(&english) {
        assert_eq!(file, other);
        let (zh, en) = (messages(&[(file, zh)]), messages(&[(file, en)]));
        for (key, variables) in &zh {
            assert_eq!(Some(variables), en.get(key), "{file}: {key}");
        }
        let only_english: Vec<&String> = en.keys().filter(|key| !zh.contains_key(*key)).collect();
        assert!(only_english.is_empty(), "{file}: in English alone: {only_english:?}");
    }
}

#[test]
fn every_failure_is_said_with_its_own_values_and_nothing_is_said_of_none() {
    for (language, messages) in both() {
        let mut expected = BTreeSet::new();
        for code in FailureCode::ALL {
            for part in ["err", "why", "next"] {
                let key = format!("{part}-{}", code.word());
                let variables = messages.get(&key).unwrap_or_else(|| panic!("{language}: {key} is missing"));
                let foreign = variables.iter().find(|name| !code.arguments().contains(&name.as_str()));
                assert_eq!(foreign, None, "{language}: {key} wants a value that {code} has not");
                expected.insert(key);
            }
        }
        let is_part = |key: &&String| ["err-", "why-", "next-"].iter().any(|part| key.starts_with(part));
        let stray: Vec<&String> =
            messages.keys().filter(is_part).filter(|key| !expected.contains(*key)).collect();
        assert!(stray.is_empty(), "{language}: {stray:?}");
    }
}

#[test]
fn messages_hold_no_character_that_misleads_and_no_word_that_is_not_ours() {
    for (language, files) in FILES {
        for (file, source) in files {
            for line in source.lines() {
                assert!(!line.chars().any(text::misleads), "{language} {file}: {line}");
                assert!(!line.contains("用户") && !line.to_lowercase().contains(" user"), "{file}: {line}");
                // Clients are not asked to know what these are.
                let plain = matches!(file, "companion.ftl" | "receipt.ftl");
                let jargon = ["QUIC", "TLS", "哈希", "hash", "BLAKE3", "Merkle", "COSE"];
                let found = jargon.iter().find(|word| plain && line.contains(**word));
                assert_eq!(found, None, "{language} {file}: {line}");
            }
        }
    }
}

#[test]
fn arguments_are_safe_and_written_as_the_language_writes_them() {
    let (zh, en) = (Catalogue::new(Language::Chinese), Catalogue::new(Language::English));
    let args = |name: &'static str| [("name", Arg::from(name)), ("id", Arg::from("1"))];
    let said = zh.text("book-added", &args("a\nb\u{202e}"));
    assert_eq!(said, "✓ 已新增账套“a\\nb\\u{202e}”，编号 1。");
    // What looks like a placeable in a value stays text.
    assert!(en.text("book-added", &args("{ $id }")).contains("{ $id }"));
    let count = |n: u64| {
        [("phase", Arg::Message("phase-sending")), ("documents", n.into()), ("bytes", Arg::Bytes(5))]
    };
    assert_eq!(en.text("phase-begins", &count(1)), "Sending … 1 document, 5 B");
    assert_eq!(en.text("phase-begins", &count(10_000)), "Sending … 10,000 documents, 5 B");
    assert_eq!(zh.text("phase-begins", &count(10_000)), "正在发送… 10,000 个文件，5 B");
    let period = model::Period::parse("2026-06").unwrap();
    assert_eq!(zh.text("receipt-period", &[("period", period.into())]), "  所属期    2026年6月");
    assert_eq!(zh.text("no-such-key", &[]), "[no-such-key]");
}

#[test]
fn every_word_of_the_house_is_said() {
    for language in Language::ALL {
        let catalogue = Catalogue::new(language);
        let roles = model::Role::ALL.map(super::role_key);
        let classes = model::Class::ALL.map(super::class_key);
        let kinds = model::Kind::all().map(super::kind_key);
        for key in roles.into_iter().chain(classes).chain(kinds) {
            assert!(catalogue.has(key), "{key}");
        }
    }
}

/// The sources of every program that speaks, without their comments: path and text.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let mut sources = Vec::new();
    for room in ["console", "office", "gateway", "client", "quickstart"] {
        walk(&root.join(room).join("src"), &mut sources);
    }
    assert!(sources.len() > 10, "the workspace was not found");
    sources
}

fn walk(folder: &Path, sources: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            walk(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("checks.rs")
        {
            let source = std::fs::read_to_string(&path).unwrap();
            let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
            sources.push((path, code.collect::<Vec<_>>().join("\n")));
        }
    }
}

/// A key in a source, and the names of the values given with it where they stand there.
struct Use {
    key: String,
    given: Option<BTreeSet<String>>,
}

const CALLS: [&str; 8] =
    [".text(", ".say(", ".note(", ".confirm(", ".ask_line(", ".secret(", ".new_secret(", "Arg::Message("];

fn uses(source: &str) -> Vec<Use> {
    let mut uses = Vec::new();
    for call in CALLS {
        for (at, _) in source.match_indices(call) {
            let rest = &source[at + call.len()..];
            let Some((key, after)) = literal(rest) else { continue };
            let given =
                after.trim_start().strip_prefix(',').and_then(|after| names_of_args(after.trim_start()));
            uses.push(Use { key, given });
        }
    }
    for (at, call) in source.match_indices("say!(") {
        let inside = &source[at + call.len()..];
        let Some((_, rest)) = inside.split_once(',') else { continue };
        let Some((key, after)) = literal(rest) else { continue };
        uses.push(Use { key, given: Some(names(after)) });
    }
    uses
}

fn literal(text: &str) -> Option<(String, &str)> {
    let (key, after) = text.trim_start().strip_prefix('"')?.split_once('"')?;
    Some((key.to_owned(), after))
}

fn names_of_args(text: &str) -> Option<BTreeSet<String>> {
    let text = text.strip_prefix("&[]").map(|_| "]").or_else(|| {
        text.strip_prefix("crate::")
            .or_else(|| text.strip_prefix("console::"))
            .unwrap_or(text)
            .strip_prefix("args![")
    })?;
    Some(names(text))
}

/// Names before `=` or alone, at the depth of the macro, up to its end.
fn names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let (mut depth, mut part, mut quoted) = (0_i32, String::new(), false);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if quoted => {
                letters.next();
            }
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => part = add(&part, &mut names),
            _ if depth == 0 => part.push(letter),
            _ => {}
        }
    }
    add(&part, &mut names);
    names
}

fn add(part: &str, names: &mut BTreeSet<String>) -> String {
    let name = part.split('=').next().unwrap_or_default().trim();
    if !name.is_empty() {
        names.insert(name.to_owned());
    }
    String::new()
}

#[test]
fn every_key_in_the_sources_exists_and_gets_its_values() {
    let [(_, messages), _] = both();
    let mut wrong = Vec::new();
    for (path, source) in sources() {
        for Use { key, given } in uses(&source) {
            // Keys of our own tests that must not exist, and texts that are no keys.
            if key == "no-such-key" {
                continue;
            }
            match (messages.get(&key), given) {
                (None, _) => wrong.push(format!("{}: {key} is in no file", path.display())),
                (Some(wanted), Some(given)) => {
                    let lacking: Vec<&String> = wanted.difference(&given).collect();
                    if !lacking.is_empty() {
                        wrong.push(format!("{}: {key} lacks {lacking:?}", path.display()));
                    }
                }
                (Some(_), None) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_scanner_sees_what_it_must() {
    let source = r#"
        console.say("a-key", args![name, count = list.len(), x = f("1, 2", [3])]);
        let text = say!(
            console,
            "b-key", path = &p
        );
        catalogue.text("c-key", &[]);
    "#;
    let found: Vec<(String, Vec<String>)> =
        uses(source).into_iter().map(|one| (one.key, one.given.into_iter().flatten().collect())).collect();
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert!(found.contains(&("a-key".into(), names(&["count", "name", "x"]))));
    assert!(found.contains(&("b-key".into(), names(&["path"]))));
    assert!(found.contains(&("c-key".into(), names(&[]))));
}

/// Once both programs speak, a failure that none of them can have is a lie in the list.
#[test]
fn no_failure_is_in_the_table_for_nothing() {
    let sources = sources();
    let of = |room: &str| {
        let inside =
            sources.iter().filter(|(path, _)| path.components().any(|part| part.as_os_str() == room));
        inside.map(|(_, source)| source.as_str()).collect::<Vec<_>>().join("\n")
    };
    let programs = [of("gateway"), of("client")];
    let speaks = |source: &String| source.matches("failure::").count() >= 10;
    if !programs.iter().all(speaks) {
        eprintln!("SKIPPED: the programs are not all written yet");
        return;
    }
    let everything: String = sources.iter().map(|(_, source)| source.as_str()).collect();
    let unused: Vec<&str> = FailureCode::ALL
        .iter()
        .map(|code| code.constructor())
        .filter(|name| {
            let called = format!("{name}(");
            everything.match_indices(&called).all(|(at, _)| {
                everything[..at]
                    .chars()
                    .next_back()
                    .is_some_and(|before| before.is_alphanumeric() || before == '_')
            })
        })
        .collect();
    assert!(unused.is_empty(), "failures that nothing has: {unused:?}");
}
