//! Turns a document's name into a path that is safe on every system. The only place where a name becomes a path.
//!
//! What is made safe: separators of any system, `.` and `..`, control, bidirectional and zero-width characters,
//! characters and device names that Windows reserves (with the superscript digits of RUSTSEC-2024-0445), trailing
//! dots and spaces, leading dots, long parts, deep trees; and names that differ only by case or by Unicode form.

use std::collections::HashSet;
use std::path::PathBuf;

use model::DisplayName;
use unicode_normalization::UnicodeNormalization;

/// Longest part of a path, in bytes of UTF-8: room is left for a counter below the 255 of most systems.
const PART_BYTES_MAX: usize = 180;
/// Deepest tree; what lies deeper is joined into the last part.
const DEPTH_MAX: usize = 16;

/// Gives each name of one folder a path of its own: relative, beneath the folder, never twice the same.
#[derive(Debug, Default)]
pub struct SafeNames {
    /// Paths given so far, as the least careful file system compares them.
    taken: HashSet<String>,
    /// Folders given so far: a document may not take the name of a folder.
    folders: HashSet<String>,
}

impl SafeNames {
    /// Nothing given yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The path for a name; a counter is added where it would meet one given before, or where `stands` says
    /// that something is there already.
    pub fn path(&mut self, name: &DisplayName, stands: impl Fn(&std::path::Path) -> bool) -> PathBuf {
        let mut parts = safe_parts(name.as_sent());
        let Some(last) = parts.pop() else { return PathBuf::from("_") };
        let mut folder: Vec<String> = Vec::new();
        for part in parts {
            folder = self.first_free(&folder, &part, |names, folded, _| !names.taken.contains(folded));
            self.folders.insert(fold(&folder));
        }
        let path = self.first_free(&folder, &last, |names, folded, path| {
            !names.taken.contains(folded) && !names.folders.contains(folded) && !stands(path)
        });
        self.taken.insert(fold(&path));
        path.iter().collect()
    }

    /// `part` beneath `folder`, with the smallest counter that `is_free` agrees to.
    fn first_free(
        &self,
        folder: &[String],
        part: &str,
        is_free: impl Fn(&Self, &str, &std::path::Path) -> bool,
    ) -> Vec<String> {
        let mut path = folder.to_vec();
        path.push(part.to_owned());
        for count in 2u32.. {
            let candidate: PathBuf = path.iter().collect();
            if is_free(self, &fold(&path), &candidate) {
                break;
            }
            path.pop();
            path.push(numbered(part, count));
        }
        path
    }
}

/// The parts of a name, each safe by itself; at least one.
fn safe_parts(name: &str) -> Vec<String> {
    let raw: Vec<&str> = name.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | "..")).collect();
    let (tree, rest) = raw.split_at(raw.len().min(DEPTH_MAX - 1));
    let mut parts: Vec<String> = tree.iter().map(|part| safe_part(part)).collect();
    if !rest.is_empty() {
        parts.push(safe_part(&rest.join("_")));
    }
    if parts.is_empty() {
        parts.push(safe_part(""));
    }
    parts
}

fn safe_part(part: &str) -> String {
    let mut safe: String =
        part.nfc().map(|character| if is_unsafe(character) { '_' } else { character }).collect();
    let trimmed = safe.trim_end_matches(['.', ' ', '\u{3000}']).trim_start_matches(' ').len();
    if trimmed == 0 {
        return "_".to_owned();
    }
    safe = safe.trim_end_matches(['.', ' ', '\u{3000}']).trim_start_matches(' ').to_owned();
    if safe.starts_with('.') {
        safe.insert(0, '_');
    }
    if is_device_name(&safe) {
        safe.insert(0, '_');
    }
    shorten(&safe)
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '/' | '\\')
        // Bidirectional controls, zero-width characters, line and paragraph separators, tags, private and odd blanks.
        || matches!(character,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
        // Look like separators: fraction and division slash, big solidus, full-width forms.
        || matches!(character, '\u{2044}' | '\u{2215}' | '\u{29F8}' | '\u{29F9}' | '\u{FF0F}' | '\u{FF3C}' | '\u{FF1A}' | '\u{A789}')
}

/// CON, PRN, AUX, NUL, CONIN$, CONOUT$, COM0 to 9 and LPT0 to 9, with ending or not, superscript digits too.
fn is_device_name(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end();
    let upper: String = stem
        .to_uppercase()
        .chars()
        .map(|character| match character {
            '\u{00B9}' => '1',
            '\u{00B2}' => '2',
            '\u{00B3}' => '3',
            other => other,
        })
        .collect();
    if matches!(upper.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$") {
        return true;
    }
    let port = upper.strip_prefix("COM").or_else(|| upper.strip_prefix("LPT"));
    port.is_some_and(|digit| digit.chars().count() == 1 && digit.chars().all(|digit| digit.is_ascii_digit()))
}

/// Cuts a long part, keeps a short ending.
fn shorten(part: &str) -> String {
    if part.len() <= PART_BYTES_MAX {
        return part.to_owned();
    }
    let ending = part
        .rfind('.')
        .and_then(|at| part.get(at..))
        .filter(|ending| (2..=16).contains(&ending.len()))
        .unwrap_or("");
    let mut room = PART_BYTES_MAX - ending.len();
    while !part.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}{ending}", part.get(..room).unwrap_or("_").trim_end_matches(['.', ' ']))
}

/// The part with ` (2)` before its ending for a count of two.
fn numbered(part: &str, count: u32) -> String {
    let at = part.rfind('.').filter(|at| *at > 0).unwrap_or(part.len());
    let mut numbered = part.to_owned();
    numbered.insert_str(at, &format!(" ({count})"));
    numbered
}

/// How the least careful file system compares: compatibility form and case do not count.
fn fold(parts: &[String]) -> String {
    parts.join("/").nfkc().flat_map(char::to_lowercase).collect::<String>().nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    fn path_of(name: &str) -> String {
        let path = SafeNames::new().path(&DisplayName::parse(name).unwrap(), |_| false);
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in
            ["进项发票-06.pdf", "6月/银行/工行对账单.pdf", "a b (1).tar.gz", "Ünïcode.txt", "no-ending"]
        {
            assert_eq!(path_of(name), name);
        }
    }

    #[test]
    fn hostile_names_become_harmless() {
        for (name, safe) in [
            ("../../etc/passwd", "etc/passwd"),
            ("/etc/passwd", "etc/passwd"),
            ("..\\..\\windows\\system32", "windows/system32"),
            ("C:\\x", "C_/x"),
            ("..", "_"),
            ("./.", "_"),
            ("...", "_"),
            (".bashrc", "_.bashrc"),
            ("a/.ssh/authorized_keys", "a/_.ssh/authorized_keys"),
            ("CON", "_CON"),
            ("con.txt", "_con.txt"),
            ("COM\u{b9}.log", "_COM\u{b9}.log"),
            ("lpt9", "_lpt9"),
            ("CONIN$", "_CONIN$"),
            ("nul .txt", "_nul .txt"),
            ("company", "company"),
            ("x.pdf.", "x.pdf"),
            ("x.pdf ", "x.pdf"),
            ("a\nb", "a_b"),
            ("\u{1b}[31mred", "_[31mred"),
            ("\u{202e}fdp.exe", "_fdp.exe"),
            ("a:b", "a_b"),
            ("file.txt:stream", "file.txt_stream"),
            ("a\u{2215}b", "a_b"),
            ("ok\u{200b}.pdf", "ok_.pdf"),
        ] {
            assert_eq!(path_of(name), safe, "{name:?}");
        }
    }

    #[test]
    fn names_that_meet_get_a_counter() {
        let mut names = SafeNames::new();
        let mut path = |name: &str| {
            names.path(&DisplayName::parse(name).unwrap(), |_| false).to_str().unwrap().to_owned()
        };
        assert_eq!(path("Invoice.pdf"), "Invoice.pdf");
        assert_eq!(path("invoice.PDF"), "invoice (2).PDF");
        assert_eq!(path("e\u{301}.txt"), "\u{e9}.txt");
        assert_eq!(path("\u{e9}.txt"), "\u{e9} (2).txt");
        assert_eq!(path("a/b"), "a/b");
        assert_eq!(path("a"), "a (2)", "a folder has that name");
        assert_eq!(path("Invoice.pdf/x"), "Invoice (3).pdf/x", "documents have both names before it");
        assert_eq!(path("Invoice.pdf/y"), "Invoice (3).pdf/y");
    }

    #[test]
    fn what_stands_already_is_never_given() {
        let name = DisplayName::parse("x.pdf").unwrap();
        let path = SafeNames::new().path(&name, |path| path == Path::new("x.pdf"));
        assert_eq!(path, Path::new("x (2).pdf"));
    }

    #[test]
    fn long_names_keep_their_ending() {
        let safe = path_of(&format!("{}.pdf", "长".repeat(300)));
        assert!(safe.len() <= PART_BYTES_MAX && safe.ends_with(".pdf"));
        assert!(path_of(&"d/".repeat(400)).split('/').count() <= DEPTH_MAX);
    }

    proptest! {
        #[test]
        fn every_name_stays_beneath_the_folder(name in "\\PC{1,60}|[./\\\\ :a-c\\x00-\\x1f]{1,40}") {
            if let Ok(name) = DisplayName::parse(&name) {
                let path = SafeNames::new().path(&name, |_| false);
                prop_assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
                prop_assert!(path.components().count() >= 1);
                let text = path.to_str().unwrap();
                prop_assert!(!text.chars().any(char::is_control));
                prop_assert!(text.split('/').all(|part| !part.ends_with('.') && !part.ends_with(' ')));
            }
        }
    }
}
