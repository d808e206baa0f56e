//! The plan of a submission: everything that is needed to go on with it after a cut, a kill or a restart.
//! Durable before the gateway hears of the submission; ended only when its receipt is durable. Sends nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use host::{Disk, DiskError};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use model::{
    Blake3Digest, BookId, ChainingValue, Class, DisplayName, Kind, Manifest, MediaType, Period, PracticeId,
    SubmissionId, Timestamp,
};

use crate::hash::Fingerprint;

/// The version of the file.
const VERSION: u8 = 1;
/// Largest plan that is read: 10,000 documents with their names, or the values of the largest submission.
const PLAN_BYTES_MAX: u64 = 512 * model::limits::MIB;

/// What one command line sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// To whom.
    pub practice: PracticeId,
    /// For which book.
    pub book: BookId,
    /// For which period.
    pub period: Period,
    /// What the documents are.
    pub kind: Kind,
    /// How they are kept.
    pub class: Class,
    /// The files and folders that were named, as absolute paths.
    pub arguments: Vec<PathBuf>,
}

/// A submission under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its id.
    pub submission: SubmissionId,
    /// The line that it belongs to: the same line goes on with it.
    pub line: Line,
    /// Its documents by their numbers.
    pub documents: BTreeMap<u32, Planned>,
    /// When it was begun.
    pub begun: Timestamp,
    /// How far it is.
    pub stage: Stage,
}

/// How far a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It has no receipt yet.
    Open,
    /// It has, and is kept only until the other plans of its line have theirs: so its files are not taken for new.
    Receipted,
}

/// One document of a plan.
#[derive(Clone, PartialEq, Eq)]
pub struct Planned {
    /// The salt of its list line.
    pub salt: [u8; 16],
    /// Hides its name in the line.
    pub name_key: [u8; 16],
    /// Its name as sent.
    pub name: DisplayName,
    /// Its media type.
    pub media_type: MediaType,
    /// Where it is.
    pub path: PathBuf,
    /// What it was when it was hashed.
    pub fingerprint: Fingerprint,
    /// Length, root and piece values.
    pub manifest: Manifest,
    /// Whether it is still to be sent.
    pub fate: Fate,
}

/// Whether a planned document is still to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is.
    Send,
    /// It changed or could not be read: it is not part of the submission any more.
    Withdrawn,
}

impl std::fmt::Debug for Planned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Planned({} bytes)", self.manifest.length())
    }
}

/// Why a plan can not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The disk's answer.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The file is not a plan of this version.
    #[error("{} is not a plan that this program can read", .0.display())]
    Unreadable(PathBuf),
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct PlanFile {
    #[n(0)]
    version: u8,
    #[n(1)]
    submission: ByteArray<16>,
    #[n(2)]
    practice: String,
    #[n(3)]
    book: ByteArray<16>,
    #[n(4)]
    period: u32,
    #[n(5)]
    kind: String,
    #[n(6)]
    class: u8,
    #[n(7)]
    arguments: Vec<ByteVec>,
    #[n(8)]
    documents: Vec<PlannedFile>,
    #[n(9)]
    begun_ms: u64,
    #[n(10)]
    receipted: bool,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct PlannedFile {
    #[n(1)]
    n: u32,
    #[n(2)]
    salt: ByteArray<16>,
    #[n(3)]
    name_key: ByteArray<16>,
    #[n(4)]
    name: String,
    #[n(5)]
    media_type: String,
    #[n(6)]
    path: ByteVec,
    #[n(7)]
    length: u64,
    #[n(8)]
    modified_s: i64,
    #[n(9)]
    modified_ns: u32,
    #[n(10)]
    inode: u64,
    #[n(11)]
    root: ByteArray<32>,
    /// The values of all pieces, one after the other.
    #[n(12)]
    values: ByteVec,
    #[n(13)]
    withdrawn: bool,
}

impl Plan {
    /// Makes the plan durable in `folder`; replaces an earlier state of it.
    ///
    /// # Errors
    /// The disk's.
    pub fn store(&self, disk: &Disk, folder: &Path) -> Result<(), PlanError> {
        let bytes = minicbor::to_vec(self.to_file()).unwrap_or_default(); // encoding to memory can not fail
        let _durable = disk.write_whole(&path_of(folder, self.submission), &bytes)?;
        Ok(())
    }

    /// Reads the plan of a submission.
    ///
    /// # Errors
    /// The disk's; [`PlanError::Unreadable`] where the file is no plan.
    pub fn load(disk: &Disk, folder: &Path, submission: SubmissionId) -> Result<Self, PlanError> {
        let path = path_of(folder, submission);
        let bytes = disk.read_whole(&path, PLAN_BYTES_MAX)?;
        let file: Option<PlanFile> = minicbor::decode(&bytes).ok();
        file.and_then(Self::from_file).ok_or(PlanError::Unreadable(path))
    }

    /// Ends the plan: its receipt is durable, or the person dropped it.
    ///
    /// # Errors
    /// The disk's.
    pub fn end(disk: &Disk, folder: &Path, submission: SubmissionId) -> Result<(), PlanError> {
        disk.remove_file(&path_of(folder, submission))?;
        let _durable = disk.sync_folder(folder)?;
        Ok(())
    }

    /// All plans of a folder that can be read, and the files that can not.
    ///
    /// # Errors
    /// The disk's.
    pub fn all(disk: &Disk, folder: &Path) -> Result<(Vec<Self>, Vec<PathBuf>), PlanError> {
        let (mut plans, mut unreadable) = (Vec::new(), Vec::new());
        for name in disk.list(folder)? {
            let id = name.to_str().and_then(|name| name.strip_suffix(".plan")).map(SubmissionId::from_hex);
            match id {
                Some(Ok(submission)) => match Self::load(disk, folder, submission) {
                    Ok(plan) => plans.push(plan),
                    Err(PlanError::Unreadable(path)) => unreadable.push(path),
                    Err(error) => return Err(error),
                },
                _ => continue,
            }
        }
        Ok((plans, unreadable))
    }

    /// How many bytes its documents have that are still to be sent.
    pub fn bytes(&self) -> u64 {
        let lengths = self.sending().map(|(_, document)| document.manifest.length());
        lengths.fold(0, u64::saturating_add)
    }

    /// The documents that were not withdrawn.
    pub fn sending(&self) -> impl Iterator<Item = (u32, &Planned)> {
        self.documents
            .iter()
            .filter(|(_, document)| document.fate == Fate::Send)
            .map(|(n, document)| (*n, document))
    }

    fn to_file(&self) -> PlanFile {
        PlanFile {
            version: VERSION,
            submission: (*self.submission.as_bytes()).into(),
            practice: self.line.practice.as_str().to_owned(),
            book: (*self.line.book.as_bytes()).into(),
            period: self.line.period.code(),
            kind: self.line.kind.as_str().to_owned(),
            class: self.line.class.code(),
            arguments: self.line.arguments.iter().map(|path| bytes_of(path)).collect(),
            documents: self.documents.iter().map(|(n, document)| document.to_file(*n)).collect(),
            begun_ms: self.begun.unix_ms(),
            receipted: self.stage == Stage::Receipted,
        }
    }

    fn from_file(file: PlanFile) -> Option<Self> {
        if file.version != VERSION {
            return None;
        }
        let line = Line {
            practice: PracticeId::parse(&file.practice).ok()?,
            book: BookId::from_bytes(file.book.into()),
            period: Period::from_code(file.period).ok()?,
            kind: Kind::parse(&file.kind).ok()?,
            class: Class::from_code(file.class).ok()?,
            arguments: file.arguments.into_iter().map(path_from).collect(),
        };
        let documents = file.documents.into_iter().map(|row| Some((row.n, Planned::from_file(row)?)));
        Some(Self {
            submission: SubmissionId::from_bytes(file.submission.into()),
            line,
            documents: documents.collect::<Option<_>>()?,
            begun: Timestamp::from_unix_ms(file.begun_ms),
            stage: if file.receipted { Stage::Receipted } else { Stage::Open },
        })
    }
}

impl Planned {
    fn to_file(&self, n: u32) -> PlannedFile {
        let values: Vec<u8> = self.manifest.values().iter().flat_map(|value| *value.as_bytes()).collect();
        let modified = self.fingerprint.modified_ns;
        PlannedFile {
            n,
            salt: self.salt.into(),
            name_key: self.name_key.into(),
            name: self.name.as_sent().to_owned(),
            media_type: self.media_type.as_str().to_owned(),
            path: bytes_of(&self.path),
            length: self.fingerprint.length,
            modified_s: i64::try_from(modified.div_euclid(1_000_000_000)).unwrap_or(0),
            modified_ns: u32::try_from(modified.rem_euclid(1_000_000_000)).unwrap_or(0),
            inode: self.fingerprint.inode,
            root: (*self.manifest.root().as_bytes()).into(),
            values: values.into(),
            withdrawn: self.fate == Fate::Withdrawn,
        }
    }

    fn from_file(file: PlannedFile) -> Option<Self> {
        let (values, rest) = file.values.as_chunks::<32>();
        if !rest.is_empty() {
            return None;
        }
        let values = values.iter().map(|value| ChainingValue::from_bytes(*value)).collect();
        Some(Self {
            salt: file.salt.into(),
            name_key: file.name_key.into(),
            name: DisplayName::parse(&file.name).ok()?,
            media_type: MediaType::parse(&file.media_type).ok()?,
            path: path_from(file.path),
            fingerprint: Fingerprint {
                length: file.length,
                modified_ns: i128::from(file.modified_s) * 1_000_000_000 + i128::from(file.modified_ns),
                inode: file.inode,
            },
            manifest: Manifest::check(file.length, Blake3Digest::from_bytes(file.root.into()), values)
                .ok()?,
            fate: if file.withdrawn { Fate::Withdrawn } else { Fate::Send },
        })
    }
}

fn path_of(folder: &Path, submission: SubmissionId) -> PathBuf {
    folder.join(format!("{}.plan", submission.to_hex()))
}

pub(crate) fn bytes_of(path: &Path) -> ByteVec {
    path.as_os_str().as_bytes().to_vec().into()
}

pub(crate) fn path_from(bytes: ByteVec) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let manifest =
            Manifest::merge(1, vec![model::manifest::value_of(1, model::PieceIndex(0), b"x")]).unwrap();
        let document = Planned {
            salt: [1; 16],
            name_key: [2; 16],
            name: DisplayName::parse("6月/工行\n.pdf").unwrap(),
            media_type: MediaType::unknown(),
            path: PathBuf::from(OsString::from_vec(b"/x/\xff.pdf".to_vec())),
            fingerprint: Fingerprint { length: 1, modified_ns: -5, inode: 7 },
            manifest,
            fate: Fate::Withdrawn,
        };
        Plan {
            submission: SubmissionId::from_bytes([3; 16]),
            line: Line {
                practice: PracticeId::parse("7777777777777777").unwrap(),
                book: BookId::from_bytes([4; 16]),
                period: Period::parse("2026-11").unwrap(),
                kind: Kind::Invoice,
                class: Class::Confidential,
                arguments: vec![PathBuf::from("/x")],
            },
            documents: [(1, document)].into(),
            begun: Timestamp::from_unix_ms(8),
            stage: Stage::Receipted,
        }
    }

    #[test]
    fn a_plan_is_read_back_whole_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::real();
        let plan = plan();
        plan.store(&disk, folder.path()).unwrap();
        plan.store(&disk, folder.path()).unwrap();
        assert_eq!(Plan::all(&disk, folder.path()).unwrap().0, std::slice::from_ref(&plan));
        Plan::end(&disk, folder.path(), plan.submission).unwrap();
        assert!(Plan::all(&disk, folder.path()).unwrap().0.is_empty());
    }

    #[test]
    fn a_damaged_plan_is_named_and_never_obeyed() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::real();
        plan().store(&disk, folder.path()).unwrap();
        let path = path_of(folder.path(), plan().submission);
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.len() - 40;
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let (plans, unreadable) = Plan::all(&disk, folder.path()).unwrap();
        assert!(plans.is_empty());
        assert_eq!(unreadable, [path]);
    }

    #[test]
    fn the_file_is_the_one_in_the_golden_folder() {
        crate::testing::is_golden("plan-1.hex", &minicbor::to_vec(plan().to_file()).unwrap());
    }
}
