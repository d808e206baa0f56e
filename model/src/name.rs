//! The name of a document as its sender wrote it, a folder's tree kept. Display only: a name is never a path.

use crate::{Malformed, limits};

/// A relative name, parts separated by `/`, in any language and with any characters, kept byte for byte.
///
/// There is on purpose no `AsRef<Path>` and no `Display`: what shows it makes it safe first, and what
/// writes a file chooses a safe name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DisplayName(String);

impl DisplayName {
    /// Takes what the sender calls it.
    ///
    /// # Errors
    /// An empty name, one over [`limits::NAME_BYTES_MAX`], or one with a NUL.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.is_empty() {
            return Err(Malformed::new("name", "it is empty"));
        }
        if text.len() > limits::NAME_BYTES_MAX {
            return Err(Malformed::new("name", "it is longer than 1,024 bytes"));
        }
        if text.contains('\0') {
            return Err(Malformed::new("name", "it has a NUL in it"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text exactly as sent. Foreign: make it safe before it is shown, never join it to a path.
    pub fn as_sent(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for DisplayName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DisplayName(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_a_name_but_it_is_bounded() {
        for text in ["进项发票-06.pdf", "a/b/c.csv", "../../etc/passwd", "x\ny", "\u{202e}fdp.exe", "CON"]
        {
            assert_eq!(DisplayName::parse(text).unwrap().as_sent(), text);
        }
        assert!(DisplayName::parse("").is_err());
        assert!(DisplayName::parse("a\0b").is_err());
        assert!(DisplayName::parse(&"长".repeat(400)).is_err());
    }

    #[test]
    fn a_name_is_not_printed_by_accident() {
        assert_eq!(format!("{:?}", DisplayName::parse("secret.pdf").unwrap()), "DisplayName(…)");
    }
}
