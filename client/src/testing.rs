//! What the tests of this crate share. Not part of the program.

use std::time::Duration;

use console::{Captured, Colour, Console, Input, Language, Manner, Output};

use crate::device::Unlocker;

/// A console that speaks into memory, and answers by script.
pub(crate) fn console(output: Output, answers: &[&str]) -> (Console, Captured) {
    let manner = Manner { language: Language::English, output, input: Input::Ask, colour: Colour::Never };
    Console::captured(manner, || Duration::ZERO, answers)
}

/// An unlocker that is answered by script.
pub(crate) fn unlocker(answers: &[&str]) -> Unlocker {
    Unlocker { console: console(Output::People, answers).0, passphrase_file: None }
}

/// Compares bytes with a golden file: hex in lines of 64 digits.
pub(crate) fn is_golden(name: &str, bytes: &[u8]) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let digits: String = golden.split_whitespace().collect();
    let found: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found, digits, "{name} is not what the code writes");
}
