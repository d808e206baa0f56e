//! Foreign text made safe to show, and measured as a terminal shows it. Translates nothing.
//!
//! What a stranger wrote (a file's name, a person's, a peer's reason) can move the cursor, recolour the screen,
//! turn the reading direction or hide letters. Each character that does is shown as a visible escape instead.

use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Marks of width zero in a row that are still a letter's; more is a smear over other lines.
const MARKS_IN_A_ROW_MAX: usize = 4;

/// Shows every character that could mislead as `\n`, `\t` or `\u{202e}`; leaves the rest as it is.
///
/// Escaped are: controls (C0, DEL, C1, so also ESC), line and paragraph separators, bidirectional controls,
/// zero-width and other invisible characters, tags, and combining marks beyond four in a row. Applied twice it
/// changes nothing more.
pub fn safe(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut marks = 0;
    for character in text.chars() {
        marks = if character.width() == Some(0) { marks + 1 } else { 0 };
        if misleads(character) || marks > MARKS_IN_A_ROW_MAX {
            escape(character, &mut shown);
            marks = 0;
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Whether [`safe`] escapes this character wherever it stands.
pub fn misleads(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0x00ad // soft hyphen
            | 0x034f // combining grapheme joiner
            | 0x061c // Arabic letter mark
            | 0x115f | 0x1160 | 0x3164 | 0xffa0 // Hangul fillers: letters that show nothing
            | 0x17b4 | 0x17b5
            | 0x180b..=0x180e // Mongolian selectors and vowel separator
            | 0x200b..=0x200f // zero-width, direction marks
            | 0x2028..=0x202e // line and paragraph separators, embeddings, overrides
            | 0x2060..=0x206f // word joiner, invisible operators, isolates, deprecated
            | 0xfeff // byte order mark
            | 0xfff0..=0xfffb // unassigned specials, interlinear annotation
            | 0x1d173..=0x1d17a // musical controls
            | 0xe0000..=0xe0fff // tags
            | 0xfffe | 0xffff)
}

fn escape(character: char, shown: &mut String) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        other => shown.extend(other.escape_unicode()),
    }
}

/// How many columns a terminal gives this text; East Asian letters take two.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cuts at the end so that at most `columns` are used, `…` included.
pub fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut shown = head(text, columns - 1).to_owned();
    shown.push('…');
    Cow::Owned(shown)
}

/// Cuts in the middle, so that the beginning and the ending of a file's name both stay.
pub fn fit_name(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns < 8 {
        return fit(text, columns);
    }
    let tail = tail(text, (columns - 1) / 3);
    let head = head(text, columns - 1 - width(tail));
    Cow::Owned(format!("{head}…{tail}"))
}

/// Fills with spaces to `columns`, on the right. Text that is wider stays as it is.
pub fn pad(text: &str, columns: usize) -> String {
    let spaces = columns.saturating_sub(width(text));
    let mut padded = String::with_capacity(text.len() + spaces);
    padded.push_str(text);
    padded.extend(std::iter::repeat_n(' ', spaces));
    padded
}

/// Fills with spaces to `columns`, on the left.
pub fn pad_left(text: &str, columns: usize) -> String {
    let mut padded = " ".repeat(columns.saturating_sub(width(text)));
    padded.push_str(text);
    padded
}

/// One argument as it must be typed in a POSIX shell: as it is, or between single quotes, or (when [`safe`] would
/// have to change it) in the `$'…'` form of bash and zsh. What it gives is safe to show.
pub fn shell(argument: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:@%+=,".contains(c);
    if safe(argument) == argument {
        let bare = !argument.is_empty() && argument.chars().all(plain) && !argument.starts_with('=');
        return if bare { argument.to_owned() } else { format!("'{}'", argument.replace('\'', "'\\''")) };
    }
    let mut quoted = String::from("$'");
    for character in argument.chars() {
        match character {
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            c if misleads(c) || c.width() == Some(0) => {
                let mut buffer = [0; 4];
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    quoted.push_str(&format!("\\x{byte:02x}"));
                }
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// The longest beginning of at most `columns`.
fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, character)| {
        used += character.width().unwrap_or(0);
        used > columns
    });
    let mut head = end.and_then(|(at, _)| text.get(..at)).unwrap_or(text);
    // Some sequences (emoji with a selector) are wider than their letters.
    while width(head) > columns {
        let mut letters = head.chars();
        letters.next_back();
        head = letters.as_str();
    }
    head
}

/// The longest ending of at most `columns` that does not begin with a mark of width zero.
fn tail(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let mut from = text.len();
    for (at, character) in text.char_indices().rev() {
        let columns_of = character.width().unwrap_or(0);
        used += columns_of;
        if used > columns {
            break;
        }
        if columns_of > 0 {
            from = at;
        }
    }
    let mut tail = text.get(from..).unwrap_or_default();
    while width(tail) > columns {
        let mut letters = tail.chars();
        letters.next();
        tail = letters.as_str();
    }
    tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_misleads_is_shown_as_an_escape() {
        let cases = [
            ("进项发票-06.pdf", "进项发票-06.pdf"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("x\u{202e}fdp.exe", "x\\u{202e}fdp.exe"),
            ("a\u{2066}b\u{2069}\u{61c}\u{200f}", "a\\u{2066}b\\u{2069}\\u{61c}\\u{200f}"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("line\u{2028}para\u{2029}", "line\\u{2028}para\\u{2029}"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("filler\u{3164}", "filler\\u{3164}"),
            ("C:\\账套\\六月", "C:\\账套\\六月"),
        ];
        for (text, shown) in cases {
            assert_eq!(safe(text), shown);
        }
    }

    #[test]
    fn marks_do_not_smear_over_other_lines() {
        let smear = format!("e{}", "\u{301}".repeat(200));
        assert!(safe(&smear).contains("\\u{301}"));
        assert_eq!(safe("e\u{301}"), "e\u{301}");
    }

    #[test]
    fn a_chinese_letter_takes_two_columns() {
        assert_eq!(width("发票a"), 5);
        assert_eq!(fit("银行对账单.pdf", 9), "银行对账…");
        assert_eq!(fit("银行对账单.pdf", 8), "银行对…");
        assert_eq!(fit_name("银行对账单(工商银行六月).pdf", 15), "银行对账单….pdf");
        assert_eq!(pad("发票", 6), "发票  ");
        assert_eq!(pad_left("发票", 6), "  发票");
        assert_eq!(fit("abc", 0), "");
    }

    #[test]
    fn an_argument_can_be_pasted_back() {
        assert_eq!(shell("2026-11"), "2026-11");
        assert_eq!(shell("六月/发票.pdf"), "六月/发票.pdf");
        assert_eq!(shell("my file"), "'my file'");
        assert_eq!(shell("it's"), "'it'\\''s'");
        assert_eq!(shell(""), "''");
        assert_eq!(shell("a\nb"), "$'a\\x0ab'");
        assert_eq!(shell("$(rm -rf)"), "'$(rm -rf)'");
    }

    proptest! {
        #[test]
        fn nothing_that_misleads_gets_through(text in any::<String>()) {
            let once = safe(&text).into_owned();
            prop_assert!(!once.chars().any(misleads));
            prop_assert_eq!(safe(&once), once.as_str());
            prop_assert!(!shell(&text).chars().any(misleads));
        }

        #[test]
        fn what_is_cut_fits(text in "\\PC*", columns in 0usize..40) {
            let text = safe(&text).into_owned();
            prop_assert!(width(&fit(&text, columns)) <= columns);
            prop_assert!(width(&fit_name(&text, columns)) <= columns);
        }
    }
}
