//! `format.md` says what the code does: its tables, row by row, against the constants of the crate.

use counterfoil_seal as seal;

use seal::context::{self, Context};

const PAGE: &str = include_str!("../format.md");

/// The rows of the table under the heading line `head`, split into cells.
fn table(head: &str) -> Vec<Vec<String>> {
    let (_, after) = PAGE.split_once(head).unwrap_or_else(|| panic!("format.md has no table {head}"));
    after
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// The number that a cell begins with, without its thousands separators.
fn number(cell: &str) -> usize {
    cell.chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(|c| *c != ',')
        .collect::<String>()
        .parse()
        .unwrap()
}

#[test]
fn the_table_of_contexts_is_the_code() {
    let written = table("| purpose | key | fields | context |");
    let coded: Vec<Vec<String>> = context::TABLE
        .iter()
        .map(|row| {
            let fields: Vec<String> =
                row.fields.iter().map(|(name, bytes)| format!("{name} {bytes}")).collect();
            vec![format!("`{}`", row.purpose), row.key.to_owned(), fields.join(", "), row.bytes.to_string()]
        })
        .collect();
    assert_eq!(written, coded);
    assert_eq!(coded.len(), 13);
}

#[test]
fn the_lengths_of_contexts_add_up() {
    for row in context::TABLE {
        let fields: usize = row.fields.iter().map(|(_, bytes)| bytes).sum();
        assert_eq!(row.bytes, context::PREFIX.len() + row.purpose.len() + 1 + fields, "{}", row.purpose);
    }
    let list = context::List { entry: [1; 32] };
    assert_eq!(list.encode().len(), context::List::BYTES);
}

#[test]
fn the_table_of_lengths_is_the_code() {
    let rows = table("| plaintext | box |");
    assert_eq!(rows.len(), 5);
    for row in rows {
        assert_eq!(seal::sealed_bytes(number(&row[0])), number(&row[1]), "{row:?}");
        assert_eq!(seal::plain_bytes(number(&row[1])), Some(number(&row[0])), "{row:?}");
    }
}

#[test]
fn the_bounds_of_files_and_parameters_are_the_code() {
    for (sentence, value) in [
        ("slot file, at most 4,096 B", seal::slot::SLOT_BYTES_MAX),
        ("secret file, at most 65,928 B", seal::secret::SECRET_FILE_BYTES_MAX),
        ("at most 65,536 B of plaintext", seal::secret::SECRET_BYTES_MAX),
        ("1 to 1,024 bytes", seal::slot::PASSPHRASE_BYTES_MAX),
        ("104 B}, 1 to 16 of them", seal::slot::DOMAINS_MAX),
    ] {
        assert!(PAGE.contains(sentence), "{sentence}");
        let last = sentence.split(' ').rfind(|word| word.ends_with(char::is_numeric)).unwrap();
        assert_eq!(number(last), value, "{sentence}");
    }
    for (sentence, parameters) in [
        ("256 MiB, 3 passes, 1 lane", seal::Argon2Parameters::SLOT),
        ("64 MiB, 3, 1", seal::Argon2Parameters::DEVICE),
        ("1 GiB, 4, 1", seal::Argon2Parameters::ROOT),
    ] {
        // A line break may stand where the sentence has a space.
        assert!(PAGE.replace('\n', " ").contains(sentence), "{sentence}");
        let numbers: Vec<u32> =
            sentence.split(' ').filter_map(|word| word.trim_matches(',').parse().ok()).collect();
        let unit = if sentence.contains("GiB") { 1024 * 1024 } else { 1024 };
        assert_eq!(numbers, [parameters.memory_kib() / unit, parameters.passes(), parameters.lanes()]);
    }
}
