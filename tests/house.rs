//! The house: imports go to lower floors only, every file says first what it is, and tables in docs are true.

use std::path::{Path, PathBuf};

/// DESIGN: the floor of each room. Nothing imports from its own floor or above.
const FLOORS: &[(&str, u8)] = &[
    ("model", 0),
    ("host", 0),
    ("seal", 0),
    ("protocol", 1),
    ("receipts", 1),
    ("certs", 1),
    ("console", 1),
    ("journal", 2),
    ("vault", 2),
    ("office", 2),
    ("gateway", 3),
    ("client", 3),
    ("quickstart", 4),
    ("tests", 4),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

fn sources(room: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(room)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The rooms that a manifest names under `[dependencies]` (and `[dev-dependencies]` if wanted).
fn dependencies(room: &str, section: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(room).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let table = manifest.get(section).and_then(|value| value.as_table()).cloned().unwrap_or_default();
    table.keys().filter(|name| floor(name).is_some()).cloned().collect()
}

#[test]
fn imports_go_to_lower_floors_only() {
    for (room, at) in FLOORS {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for used in dependencies(room, section) {
                assert!(floor(&used).unwrap() < *at, "{room} (floor {at}) imports {used} in [{section}]");
            }
        }
    }
}

#[test]
fn only_one_room_speaks_to_each_foreign_thing() {
    let alone: &[(&str, &[&str])] = &[
        ("quinn", &["gateway", "client", "tests"]),
        ("tokio", &["gateway", "client", "quickstart", "tests"]),
        ("sled", &["vault"]),
        ("coset", &["receipts"]),
        ("chacha20poly1305", &["seal"]),
        ("rcgen", &["certs", "tests"]),
        ("indicatif", &["console"]),
        ("fluent-bundle", &["console"]),
    ];
    for (room, _) in FLOORS {
        let text = std::fs::read_to_string(root().join(room).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        for section in ["dependencies", "dev-dependencies"] {
            let Some(table) = manifest.get(section).and_then(|value| value.as_table()) else { continue };
            for (thing, rooms) in alone {
                assert!(
                    !table.contains_key(*thing) || rooms.contains(room),
                    "{room} must not depend on {thing}"
                );
            }
        }
    }
}

#[test]
fn every_file_says_first_what_it_is() {
    for (room, _) in FLOORS {
        for path in sources(room) {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("//!"), "{} does not say first what it is", path.display());
        }
    }
}

#[test]
fn unsafe_code_is_forbidden_everywhere() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(text.contains("unsafe_code = \"forbid\""));
    for (room, _) in FLOORS {
        let manifest = std::fs::read_to_string(root().join(room).join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{room} does not take the workspace's lints");
    }
}

/// What a peer or a damaged disk could turn into a panic.
const PANICS: [&str; 4] =
    ["clippy::unwrap_used", "clippy::expect_used", "clippy::panic", "clippy::indexing_slicing"];
/// Rooms that do not say so: `model`, which has none of it as it is, and what only shows or tries the others.
const SAY_NOTHING: [&str; 3] = ["model", "quickstart", "tests"];
/// What only tests run, though other crates' tests must reach it.
const FOR_TESTS: [&str; 3] =
    ["receipts/src/testing.rs", "vault/src/pieces/conformance.rs", "vault/src/records/conformance.rs"];

#[test]
fn production_code_denies_what_panics_on_foreign_input() {
    let denied = format!("#![cfg_attr(not(test),deny({}))]", PANICS.join(","));
    for (room, _) in FLOORS.iter().filter(|(room, _)| !SAY_NOTHING.contains(room)) {
        let text = std::fs::read_to_string(root().join(room).join("src/lib.rs")).unwrap();
        let text: String = text.split_whitespace().collect();
        assert!(text.contains(&denied), "{room}/src/lib.rs does not say {denied}");
    }
}

#[test]
fn no_file_takes_back_what_its_room_denies() {
    for (room, _) in FLOORS.iter().filter(|(room, _)| !SAY_NOTHING.contains(room)) {
        for path in sources(room) {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            let text: String = std::fs::read_to_string(&path).unwrap().split_whitespace().collect();
            let attributes =
                text.split("[").filter(|it| it.starts_with("allow(") || it.starts_with("expect("));
            let attributes = attributes.filter_map(|it| it.split(']').next());
            let taken_back = attributes.into_iter().any(|it| PANICS.iter().any(|lint| it.contains(lint)));
            assert!(!taken_back || FOR_TESTS.contains(&name.as_str()), "{name} allows what may panic");
        }
    }
}

#[test]
fn what_may_panic_is_compiled_for_tests_alone() {
    for name in FOR_TESTS {
        let (folder, file) = name.rsplit_once('/').unwrap();
        let parent = ["lib.rs", "mod.rs"].map(|file| root().join(folder).join(file));
        let text = parent.iter().find_map(|path| std::fs::read_to_string(path).ok()).unwrap();
        let declared = format!("mod {};", file.trim_end_matches(".rs"));
        let before: Vec<&str> = text.split(&declared).next().unwrap().lines().rev().take(2).collect();
        assert!(
            before.iter().any(|line| line.starts_with("#[cfg(") && line.contains("test")),
            "{name}: {before:?}"
        );
    }
}

#[test]
fn the_page_of_limits_is_the_table_of_limits() {
    let page = std::fs::read_to_string(root().join("docs/limits.md")).unwrap();
    let rows: Vec<(String, u64)> = page
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            let name = cells.next()?.trim().trim_end_matches('`').to_owned();
            Some((name, cells.next()?.trim().replace(',', "").parse().ok()?))
        })
        .collect();
    let table: Vec<(String, u64)> =
        model::limits::TABLE.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    assert_eq!(rows, table, "docs/limits.md differs from model/src/limits.rs");
}

/// The file and the name of a test as `docs/attacks.md` writes it.
fn test_of(named: &str) -> (PathBuf, &str) {
    let (file, name) = named.rsplit_once("::").unwrap();
    match file.ends_with(".rs") {
        true => (root().join(file), name),
        false => (root().join("tests/system").join(format!("{file}.rs")), name),
    }
}

#[test]
fn every_attack_is_stopped_by_a_test_that_is_there() {
    let page = std::fs::read_to_string(root().join("docs/attacks.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    let mut numbers = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [number, _, _, shown_by] = cells[..] else { panic!("{row}") };
        let Ok(number) = number.parse::<u32>() else { continue };
        numbers.push(number);
        let named: Vec<&str> = shown_by.split('`').filter(|part| part.contains("::")).collect();
        assert!(!named.is_empty(), "attack {number} has no test");
        for named in named {
            let (file, name) = test_of(named);
            let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{named}: {error}"));
            let before = text.split_once(&format!("fn {name}()")).map(|(before, _)| before.trim_end());
            let before = before.unwrap_or_else(|| panic!("attack {number}: there is no {named}"));
            let before = before.trim_end_matches("async").trim_end();
            assert!(before.ends_with(']'), "{named} is no test");
            let attribute = before.rsplit_once("#[").map_or("", |(_, attribute)| attribute);
            assert!(
                attribute.contains("test") && !attribute.contains("ignore"),
                "{named} is no test that runs"
            );
        }
    }
    assert_eq!(numbers, (1..=36).collect::<Vec<_>>());
}
