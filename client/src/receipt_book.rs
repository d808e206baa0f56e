//! The book of receipts: what the practice signed for us, and beside each receipt the names that it hides.
//! Judges nothing (see `judging`).
//!
//! ```text
//! receipts/<32 hex>.receipt    the receipt file, as it came
//! receipts/<32 hex>.names      CBOR: the names and name keys of its lines; durable before the receipt
//! ```

use std::path::{Path, PathBuf};

use console::failure;
use host::Disk;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use model::{DisplayName, SubmissionId, limits};
use receipts::SubmissionList;
use receipts::list::name_digest;

use crate::trouble::{self, Told};

const VERSION: u8 = 1;
/// Largest file of names: 10,000 of the longest, with their paths.
const NAMES_BYTES_MAX: u64 = 64 * limits::MIB;
/// Shortest beginning of an id that is looked for.
const BEGINNING_MIN: usize = 4;

/// The receipts of one practice.
#[derive(Clone)]
pub struct ReceiptBook {
    disk: Disk,
    folder: PathBuf,
}

/// The name of one line.
#[derive(Clone, PartialEq, Eq)]
pub struct Named {
    /// The line's number.
    pub n: u32,
    /// The name as sent.
    pub name: DisplayName,
    /// What hides it in the line.
    pub name_key: [u8; 16],
}

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Named({})", self.n)
    }
}

/// What is kept beside a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// What the book was called.
    pub book: String,
    /// The names, n rising.
    pub names: Vec<Named>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct NamesFile {
    #[n(0)]
    version: u8,
    #[n(1)]
    book: String,
    #[n(2)]
    names: Vec<NamedFile>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct NamedFile {
    #[n(1)]
    n: u32,
    #[n(2)]
    name: String,
    #[n(3)]
    name_key: ByteArray<16>,
}

impl Names {
    /// The name of line `n`.
    pub fn get(&self, n: u32) -> Option<&DisplayName> {
        self.names
            .binary_search_by_key(&n, |named| named.n)
            .ok()
            .and_then(|at| Some(&self.names.get(at)?.name))
    }

    /// The lines whose name is not the one kept here: none in a book that is whole.
    pub fn differing(&self, list: &SubmissionList) -> Vec<u32> {
        let fits = |line: &&receipts::list::Line| {
            let named = self.names.binary_search_by_key(&line.n, |named| named.n).ok();
            named
                .and_then(|at| self.names.get(at))
                .is_some_and(|named| name_digest(&named.name_key, named.name.as_sent()) == line.name)
        };
        list.lines().iter().filter(|line| !fits(line)).map(|line| line.n).collect()
    }

    fn encode(&self) -> Vec<u8> {
        let row = |named: &Named| NamedFile {
            n: named.n,
            name: named.name.as_sent().to_owned(),
            name_key: named.name_key.into(),
        };
        let names = self.names.iter().map(row).collect();
        // Encoding to memory can not fail.
        minicbor::to_vec(NamesFile { version: VERSION, book: self.book.clone(), names }).unwrap_or_default()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let file: NamesFile = minicbor::decode(bytes).ok()?;
        (file.version == VERSION).then_some(())?;
        let row = |row: NamedFile| {
            Some(Named { n: row.n, name: DisplayName::parse(&row.name).ok()?, name_key: row.name_key.into() })
        };
        let names: Vec<Named> = file.names.into_iter().map(row).collect::<Option<_>>()?;
        names.is_sorted_by(|one, next| one.n < next.n).then_some(Self { book: file.book, names })
    }
}

impl ReceiptBook {
    /// The book in `folder`, which is there.
    pub fn new(disk: Disk, folder: PathBuf) -> Self {
        Self { disk, folder }
    }

    /// Where the receipt of a submission is.
    pub fn path(&self, submission: SubmissionId) -> PathBuf {
        self.folder.join(format!("{}.receipt", submission.to_hex()))
    }

    /// Keeps a receipt and its names, durable when this returns. The same receipt again changes nothing.
    ///
    /// # Errors
    /// The disk's; `receipt-not-ours` where another receipt is kept for this submission.
    pub fn store(&self, submission: SubmissionId, names: &Names, receipt: &[u8]) -> Told<PathBuf> {
        let path = self.path(submission);
        match self.receipt(submission)? {
            Some(kept) if kept == receipt => return Ok(path),
            Some(_) => return Err(failure::receipt_not_ours()),
            None => {}
        }
        for (path, bytes) in
            [(self.names_path(submission), names.encode().as_slice()), (path.clone(), receipt)]
        {
            let written = self.disk.write_whole(&path, bytes);
            let _durable = written.map_err(|error| trouble::disk(&error))?;
        }
        Ok(path)
    }

    /// The receipt of a submission, if it is kept.
    ///
    /// # Errors
    /// The disk's.
    pub fn receipt(&self, submission: SubmissionId) -> Told<Option<Vec<u8>>> {
        self.read(&self.path(submission), limits::RECEIPT_BYTES_MAX as u64)
    }

    /// The names beside it, if they are kept and whole.
    ///
    /// # Errors
    /// The disk's.
    pub fn names(&self, submission: SubmissionId) -> Told<Option<Names>> {
        let bytes = self.read(&self.names_path(submission), NAMES_BYTES_MAX)?;
        Ok(bytes.and_then(|bytes| Names::decode(&bytes)))
    }

    /// The submissions that a receipt is kept of.
    ///
    /// # Errors
    /// The disk's.
    pub fn list(&self) -> Told<Vec<SubmissionId>> {
        let names = self.disk.list(&self.folder).map_err(|error| trouble::disk(&error))?;
        let id = |name: std::ffi::OsString| {
            let hex = name.to_str()?.strip_suffix(".receipt")?.to_owned();
            SubmissionId::from_hex(&hex).ok()
        };
        Ok(names.into_iter().filter_map(id).collect())
    }

    /// The one kept receipt whose id begins with `beginning`, as people type it: at least four symbols.
    ///
    /// # Errors
    /// `receipt-unknown`, `receipt-ambiguous`; the disk's.
    pub fn find(&self, beginning: &str) -> Told<SubmissionId> {
        let typed: String =
            beginning.chars().filter(|typed| !model::crockford::is_separator(*typed)).collect();
        let (hex, typed) = (typed.to_ascii_lowercase(), symbols(&typed));
        let fits = |id: &SubmissionId| {
            id.to_hex().starts_with(&hex)
                || typed.as_ref().is_some_and(|typed| id.to_string().starts_with(typed))
        };
        let mut found: Vec<SubmissionId> = self.list()?.into_iter().filter(fits).collect();
        match (found.len(), hex.len() >= BEGINNING_MIN) {
            (0, _) | (_, false) => Err(failure::receipt_unknown(beginning)),
            (1, true) => found.pop().ok_or_else(|| failure::receipt_unknown(beginning)),
            _ => Err(failure::receipt_ambiguous(beginning)),
        }
    }

    fn names_path(&self, submission: SubmissionId) -> PathBuf {
        self.folder.join(format!("{}.names", submission.to_hex()))
    }

    fn read(&self, path: &Path, bytes_max: u64) -> Told<Option<Vec<u8>>> {
        match self.disk.read_whole(path, bytes_max) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(trouble::disk(&error)),
        }
    }
}

/// What was typed in the symbols that ids are shown in.
fn symbols(typed: &str) -> Option<String> {
    typed.chars().map(|typed| model::crockford::value(typed).map(model::crockford::symbol)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use console::FailureCode;

    fn book() -> (tempfile::TempDir, ReceiptBook) {
        let folder = tempfile::tempdir().unwrap();
        let book = ReceiptBook::new(Disk::real(), folder.path().to_path_buf());
        (folder, book)
    }

    fn names() -> Names {
        let named =
            |n| Named { n, name: DisplayName::parse("6月/a\n.pdf").unwrap(), name_key: [n as u8; 16] };
        Names { book: "静安面馆".into(), names: vec![named(1), named(3)] }
    }

    #[test]
    fn a_receipt_is_kept_once_and_never_replaced() {
        let (_folder, book) = book();
        let id = SubmissionId::from_bytes([9; 16]);
        book.store(id, &names(), b"receipt").unwrap();
        book.store(id, &names(), b"receipt").unwrap();
        let other = book.store(id, &names(), b"another").unwrap_err();
        assert_eq!(other.code(), FailureCode::ReceiptNotOurs);
        assert_eq!(book.receipt(id).unwrap().unwrap(), b"receipt");
        let kept = book.names(id).unwrap().unwrap();
        assert_eq!(kept, names());
        assert!(kept.get(3).is_some() && kept.get(2).is_none());
    }

    #[test]
    fn a_beginning_names_one_receipt_or_fails_by_name() {
        let (_folder, book) = book();
        let (one, two) = (SubmissionId::from_bytes([0x11; 16]), {
            let mut bytes = [0x11; 16];
            bytes[15] = 0x22;
            SubmissionId::from_bytes(bytes)
        });
        book.store(one, &names(), b"1").unwrap();
        assert_eq!(book.find(&one.to_string().to_lowercase().replace('1', "l")[..8]).unwrap(), one);
        assert_eq!(book.find(&one.to_hex()[..6]).unwrap(), one);
        assert_eq!(book.find("zzzz").unwrap_err().code(), FailureCode::ReceiptUnknown);
        assert_eq!(book.find("1").unwrap_err().code(), FailureCode::ReceiptUnknown);
        book.store(two, &names(), b"2").unwrap();
        assert_eq!(book.find(&one.to_hex()[..6]).unwrap_err().code(), FailureCode::ReceiptAmbiguous);
        assert_eq!(book.find(&one.to_string()).unwrap(), one);
        assert_eq!(book.list().unwrap(), [one, two]);
    }

    #[test]
    fn the_file_is_the_one_in_the_golden_folder() {
        crate::testing::is_golden("names-1.hex", &names().encode());
        assert_eq!(Names::decode(&names().encode()), Some(names()));
    }
}
