//! The list of a submission or take: one document a line, one leaf a line. Not the documents' names, of
//! which a line has only a salted hash.

use model::digest::hex;
use model::{Blake3Digest, Class, Kind, Malformed, MediaType, Sha256Digest, SubmissionId, limits};
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::merkle::{Tree, leaf_hash};

/// How a statement names its documents: how many lines, and the root over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Documents {
    /// Lines of the list.
    pub count: u32,
    /// Root of the tree over the lines.
    pub root: Sha256Digest,
}

/// A document as parties name it to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentRef {
    /// The submission that brought it.
    pub submission: SubmissionId,
    /// Its number there.
    pub n: u32,
}

/// One document of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Number from `open`, 1 to 10,000.
    pub n: u32,
    /// Random, from the sender: the digests can not be tried out against the root.
    pub salt: [u8; 16],
    /// Bytes of the document.
    pub size: u64,
    /// Media type.
    pub content_type: MediaType,
    /// SHA-256 of the document.
    pub sha256: Sha256Digest,
    /// BLAKE3 of the document.
    pub blake3: Blake3Digest,
    /// See [`name_digest`].
    pub name: Sha256Digest,
    /// Kind.
    pub kind: Kind,
    /// Class.
    pub class: Class,
    /// The original, where the gateway held these bytes already.
    pub held: Option<DocumentRef>,
}

/// One document of a take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeLine {
    /// Number in the take, 1 to 10,000.
    pub n: u32,
    /// Random, from the fetching device.
    pub salt: [u8; 16],
    /// The document.
    pub document: DocumentRef,
    /// SHA-256 of the document.
    pub sha256: Sha256Digest,
}

/// What a line says of a name: SHA-256(name key ‖ name in UTF-8).
pub fn name_digest(name_key: &[u8; 16], name: &str) -> Sha256Digest {
    let hash = Sha256::new().chain_update(name_key).chain_update(name.as_bytes());
    Sha256Digest::from_bytes(hash.finalize().into())
}

/// The list of a submission.
pub type SubmissionList = List<Line>;
/// The list of a take, and of a handover over a part of one.
pub type TakeList = List<TakeLine>;

/// One of the two kinds of lines.
pub trait ListLine: Sized + sealed::Text {
    /// Its number.
    fn n(&self) -> u32;
}

mod sealed {
    /// What is left of a line.
    pub struct Scan<'a>(pub &'a str);

    /// The exact text of a line, there and back.
    pub trait Text: Sized {
        fn write(&self, out: &mut String);
        fn read(scan: &mut Scan<'_>) -> Result<Self, super::Malformed>;
    }
}

use sealed::Scan;

impl ListLine for Line {
    fn n(&self) -> u32 {
        self.n
    }
}

impl ListLine for TakeLine {
    fn n(&self) -> u32 {
        self.n
    }
}

/// A whole list: at least one line, at most 10,000, numbers rising. Its bytes are kept as read or written.
#[derive(Debug, Clone)]
pub struct List<L> {
    lines: Vec<L>,
    text: String,
    tree: Tree,
}

impl<L: ListLine> List<L> {
    /// Writes a list.
    ///
    /// # Errors
    /// No line, too many, numbers that do not rise or are out of range.
    pub fn new(lines: Vec<L>) -> Result<Self, Error> {
        let mut text = String::with_capacity(lines.len().saturating_mul(420));
        for (at, line) in lines.iter().enumerate() {
            if at > 0 {
                text.push('\n');
            }
            line.write(&mut text);
        }
        // One reader decides what a list is, also for those that we write.
        Self::parse(text.into_bytes())
    }

    /// Reads a list strictly: every line exactly as it is written.
    ///
    /// # Errors
    /// Anything else; nothing is allocated for more bytes or lines than a list may have.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Error> {
        if bytes.len() > limits::LIST_BYTES_MAX {
            return Err(Error::TooLong { what: "list", bytes_max: limits::LIST_BYTES_MAX });
        }
        let text = String::from_utf8(bytes).map_err(|_| Malformed::new("list", "it is not ASCII"))?;
        let mut lines = Vec::new();
        let mut leaves = Vec::new();
        let mut before = 0;
        for line in text.split('\n') {
            if lines.len() == limits::SUBMISSION_DOCUMENTS_MAX {
                return Err(Malformed::new("list", "it has more than 10,000 lines").into());
            }
            let mut scan = Scan(line);
            let read = L::read(&mut scan)?;
            scan.expect("}")?;
            if !scan.0.is_empty() {
                return Err(LINE.into());
            }
            if read.n() <= before || read.n() as usize > limits::SUBMISSION_DOCUMENTS_MAX {
                return Err(Malformed::new("list", "its numbers do not rise from 1 to 10,000").into());
            }
            before = read.n();
            leaves.push(leaf_hash(line.as_bytes()));
            lines.push(read);
        }
        Ok(Self { lines, text, tree: Tree::of(leaves) })
    }

    /// The lines.
    pub fn lines(&self) -> &[L] {
        &self.lines
    }

    /// The bytes: lines joined by LF.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Count and root, as statements carry them.
    pub fn documents(&self) -> Documents {
        Documents { count: u32::try_from(self.lines.len()).unwrap_or(u32::MAX), root: self.tree.root() }
    }

    /// Root over the lines.
    pub fn root(&self) -> Sha256Digest {
        self.tree.root()
    }

    /// Position of line `n`.
    pub fn position(&self, n: u32) -> Option<usize> {
        self.lines.binary_search_by_key(&n, ListLine::n).ok()
    }

    /// Line `n`.
    pub fn line(&self, n: u32) -> Option<&L> {
        self.lines.get(self.position(n)?)
    }

    /// The path of the line at a position: with the line itself it proves one document.
    ///
    /// # Errors
    /// [`Error::Position`].
    pub fn path(&self, position: usize) -> Result<Vec<Sha256Digest>, Error> {
        self.tree.path(position as u64)
    }
}

const LINE: Malformed = Malformed::new("list line", "it is not written as a line of this list is");

impl<'a> Scan<'a> {
    fn expect(&mut self, text: &'static str) -> Result<(), Malformed> {
        self.0 = self.0.strip_prefix(text).ok_or(LINE)?;
        Ok(())
    }

    fn has(&mut self, text: &'static str) -> bool {
        match self.0.strip_prefix(text) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// Up to the next quotation mark, which is taken too.
    fn quoted(&mut self) -> Result<&'a str, Malformed> {
        let (value, rest) = self.0.split_once('"').ok_or(LINE)?;
        self.0 = rest;
        Ok(value)
    }

    fn hex<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        hex::decode(self.quoted()?).ok_or(LINE)
    }

    fn number(&mut self) -> Result<u64, Malformed> {
        let end = self.0.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at_checked(end).ok_or(LINE)?;
        self.0 = rest;
        decimal(digits).ok_or(LINE)
    }

    fn short_number(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.number()?).map_err(|_| LINE)
    }
}

/// A decimal number in its one form.
fn decimal(digits: &str) -> Option<u64> {
    let one_form = digits == "0" || !digits.starts_with('0');
    (one_form && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

impl std::fmt::Display for DocumentRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.submission.to_hex(), self.n)
    }
}

impl DocumentRef {
    /// Reads `<32 hex>/<n>`.
    ///
    /// # Errors
    /// Any other form, a number outside 1 to 10,000.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const HOW: Malformed = Malformed::new("document", "it is not written as <32 hex digits>/<number>");
        let (submission, n) = text.split_once('/').ok_or(HOW)?;
        let n = decimal(n).and_then(|n| u32::try_from(n).ok()).ok_or(HOW)?;
        match (1..=limits::SUBMISSION_DOCUMENTS_MAX).contains(&(n as usize)) {
            true => Ok(Self { submission: SubmissionId::from_hex(submission)?, n }),
            false => Err(HOW),
        }
    }
}

impl sealed::Text for Line {
    fn write(&self, out: &mut String) {
        use std::fmt::Write as _;
        // Writing to a String can not fail.
        let _ = write!(
            out,
            r#"{{"n":{},"salt":"{}","size":{},"ContentType":"{}","sha256":"{}","blake3":"{}","name":"{}","kind":"{}","class":"{}""#,
            self.n,
            hex::encode(&self.salt),
            self.size,
            self.content_type,
            self.sha256,
            self.blake3,
            self.name,
            self.kind,
            self.class,
        );
        if let Some(held) = self.held {
            let _ = write!(out, r#","held":"{held}""#);
        }
        out.push('}');
    }

    fn read(scan: &mut Scan<'_>) -> Result<Self, Malformed> {
        scan.expect(r#"{"n":"#)?;
        let n = scan.short_number()?;
        scan.expect(r#","salt":""#)?;
        let salt = scan.hex()?;
        scan.expect(r#","size":"#)?;
        let size = scan.number()?;
        if size > limits::DOCUMENT_BYTES_MAX {
            return Err(LINE);
        }
        scan.expect(r#","ContentType":""#)?;
        let content_type = MediaType::parse(scan.quoted()?)?;
        scan.expect(r#","sha256":""#)?;
        let sha256 = Sha256Digest::from_bytes(scan.hex()?);
        scan.expect(r#","blake3":""#)?;
        let blake3 = Blake3Digest::from_bytes(scan.hex()?);
        scan.expect(r#","name":""#)?;
        let name = Sha256Digest::from_bytes(scan.hex()?);
        scan.expect(r#","kind":""#)?;
        let kind = Kind::parse(scan.quoted()?)?;
        scan.expect(r#","class":""#)?;
        let class = Class::parse(scan.quoted()?)?;
        let held = match scan.has(r#","held":""#) {
            true => Some(DocumentRef::parse(scan.quoted()?)?),
            false => None,
        };
        Ok(Self { n, salt, size, content_type, sha256, blake3, name, kind, class, held })
    }
}

impl sealed::Text for TakeLine {
    fn write(&self, out: &mut String) {
        use std::fmt::Write as _;
        // Writing to a String can not fail.
        let _ = write!(
            out,
            r#"{{"n":{},"salt":"{}","document":"{}","sha256":"{}"}}"#,
            self.n,
            hex::encode(&self.salt),
            self.document,
            self.sha256,
        );
    }

    fn read(scan: &mut Scan<'_>) -> Result<Self, Malformed> {
        scan.expect(r#"{"n":"#)?;
        let n = scan.short_number()?;
        scan.expect(r#","salt":""#)?;
        let salt = scan.hex()?;
        scan.expect(r#","document":""#)?;
        let document = DocumentRef::parse(scan.quoted()?)?;
        scan.expect(r#","sha256":""#)?;
        let sha256 = Sha256Digest::from_bytes(scan.hex()?);
        Ok(Self { n, salt, document, sha256 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::verify_inclusion;
    use crate::testing::{line, list, take_line};

    #[test]
    fn a_line_is_written_exactly_as_agreed() {
        let list = SubmissionList::new(vec![line(3)]).unwrap();
        let text = String::from_utf8(list.as_bytes().to_vec()).unwrap();
        let line = line(3);
        let expected = format!(
            "{{\"n\":3,\"salt\":\"{}\",\"size\":11,\"ContentType\":\"application/pdf\",\"sha256\":\"{}\",\"blake3\":\"{}\",\
             \"name\":\"{}\",\"kind\":\"invoice\",\"class\":\"internal\",\"held\":\"{}/7\"}}",
            hex::encode(&line.salt),
            line.sha256.to_hex(),
            line.blake3.to_hex(),
            line.name.to_hex(),
            line.held.unwrap().submission.to_hex(),
        );
        assert_eq!(text, expected);
        assert_eq!(list.root(), leaf_hash(expected.as_bytes()), "one document: the root is the leaf");
        let take = TakeList::new(vec![take_line(1)]).unwrap();
        let expected = format!(
            "{{\"n\":1,\"salt\":\"{}\",\"document\":\"{}/1\",\"sha256\":\"{}\"}}",
            hex::encode(&take_line(1).salt),
            take_line(1).document.submission.to_hex(),
            take_line(1).sha256.to_hex(),
        );
        assert_eq!(take.as_bytes(), expected.as_bytes());
        // The agreed lines are JSON.
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn the_longest_lines_fit() {
        let mut longest = line(3);
        longest.n = 9_999;
        longest.size = limits::DOCUMENT_BYTES_MAX;
        longest.content_type = MediaType::parse(&format!("a/{}", "b".repeat(98))).unwrap();
        longest.kind = Kind::all().max_by_key(|kind| kind.as_str().len()).unwrap();
        longest.class = Class::Confidential;
        longest.held = Some(DocumentRef { n: 10_000, ..longest.held.unwrap() });
        // All lines end in LF but the last, which may have the one number of five digits.
        let bytes = SubmissionList::new(vec![longest]).unwrap().as_bytes().len() + 1;
        assert!(bytes * limits::SUBMISSION_DOCUMENTS_MAX <= limits::LIST_BYTES_MAX, "{bytes}");
    }

    #[test]
    fn every_line_of_a_list_is_proven_by_its_path() {
        let list = list(37);
        let documents = list.documents();
        for (position, text) in list.as_bytes().split(|byte| *byte == b'\n').enumerate() {
            let path = list.path(position).unwrap();
            let count = u64::from(documents.count);
            assert_eq!(
                verify_inclusion(&leaf_hash(text), position as u64, count, &path, &documents.root),
                Ok(())
            );
        }
        assert_eq!(list.line(5), Some(&line(5)));
        assert_eq!(list.line(38), None);
    }

    #[test]
    fn another_writing_of_the_same_line_is_refused() {
        let good = String::from_utf8(list(3).as_bytes().to_vec()).unwrap();
        assert!(SubmissionList::parse(good.clone().into_bytes()).is_ok());
        for (from, to) in [
            ("{\"n\":1,", "{\"n\": 1,"),
            ("{\"n\":1,", "{\"n\":01,"),
            ("{\"n\":1,", "{\"n\":0,"),
            ("{\"n\":1,", "{\"n\":3,"),
            ("{\"n\":3,", "{\"n\":10001,"),
            ("{\"n\":1,", "{\"n\":4294967297,"),
            ("\"size\":11", "\"size\":1e1"),
            ("\"size\":11", "\"size\":99999999999999999999"),
            ("\"size\":11", "\"size\":1099511627777"),
            ("application/pdf", "application\\/pdf"),
            ("\"invoice\"", "\"unheard-of\""),
            ("\"internal\"", "\"secret\""),
            ("/7\"}", "/07\"}"),
            ("/7\"}", "/0\"}"),
            ("\n", "\r\n"),
            ("\n", "\n\n"),
            ("\"internal\"}", "\"internal\" }"),
            ("\"internal\"}", "\"internal\",\"held\":null}"),
        ] {
            let wrong = good.replacen(from, to, 1);
            assert_ne!(wrong, good, "{from}");
            assert!(SubmissionList::parse(wrong.into_bytes()).is_err(), "{from} as {to}");
        }
        for wrong in ["".to_owned(), format!("{good}\n"), format!("\n{good}"), good.to_uppercase()] {
            assert!(SubmissionList::parse(wrong.into_bytes()).is_err());
        }
        assert!(TakeList::parse(good.into_bytes()).is_err());
        assert!(SubmissionList::new(Vec::new()).is_err());
        assert!(SubmissionList::new(vec![line(2), line(2)]).is_err());
        let long = vec![b'x'; limits::LIST_BYTES_MAX + 1];
        assert!(matches!(SubmissionList::parse(long), Err(Error::TooLong { .. })));
    }

    #[test]
    fn ten_thousand_lines_are_read_back() {
        let list = list(10_000);
        let bytes = list.as_bytes().to_vec();
        assert_eq!(SubmissionList::parse(bytes).unwrap().documents(), list.documents());
    }
}
