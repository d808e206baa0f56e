//! The media type of a document, as its sender names it. Data only: nothing here or elsewhere acts on it.

use crate::Malformed;

/// A media type like `application/pdf`: printable ASCII without `"` and `\`, at most 100 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaType(String);

impl MediaType {
    /// Reads one.
    ///
    /// # Errors
    /// An empty or long text, or a character that a list line can not carry.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const HOW: Malformed =
            Malformed::new("media type", "it is 1 to 100 characters of plain ASCII like application/pdf");
        let plain = |byte: u8| matches!(byte, 0x21..=0x7e) && byte != b'"' && byte != b'\\';
        match (1..=100).contains(&text.len()) && text.bytes().all(plain) && text.contains('/') {
            true => Ok(Self(text.to_owned())),
            false => Err(HOW),
        }
    }

    /// What nothing is known of.
    pub fn unknown() -> Self {
        Self("application/octet-stream".to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for MediaType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_list_line_can_not_carry_is_refused() {
        assert!(MediaType::parse("application/pdf").is_ok());
        for text in [
            "",
            "pdf",
            "a/\"b",
            "a/\\b",
            "a/b\n",
            "a/\u{e9}",
            "text/plain; charset=utf-8",
            &format!("a/{}", "b".repeat(99)),
        ] {
            assert!(MediaType::parse(text).is_err(), "{text}");
        }
    }
}
