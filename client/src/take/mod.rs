//! A take: documents signed for, as it is kept here from before the gateway hears of it until everything of it is
//! saved and reported. Also what was fetched before. Sends nothing.
//!
//! ```text
//! takes/<64 hex>.take          the signed statement, its list, and where each document goes; written once
//! takes/<64 hex>.state         how far it is; may be older than the disk, never newer
//! takes/<64 hex>.<n>.values    the piece values of a large document that is under way
//! takes/<64 hex>.fetched       in place of all these when the take has ended: what it brought, and where it is
//! ```

mod files;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use console::failure;
use host::{Disk, DiskError};
use model::{
    Blake3Digest, BookId, ChainingValue, DisplayName, EvidenceId, Manifest, Sha256Digest, Timestamp, limits,
};
use receipts::event::{ConsignmentAcceptance, DeviceParty, LastCheckpoint, PracticeParty};
use receipts::list::{DocumentRef, TakeLine};
use receipts::{Signed, Signer, Statement, TakeList};

use self::files::{FetchedFile, StateFile, TakeFile, encode};
use crate::practice::Practice;
use crate::trouble::{self, Told};

/// Largest file of a take: 10,000 documents with their names and paths, and the list.
const TAKE_BYTES_MAX: u64 = 64 * limits::MIB;
/// Largest file of piece values: those of the largest document.
const VALUES_BYTES_MAX: u64 = 32 * limits::DOCUMENT_BYTES_MAX / limits::MIB;

/// A take that was signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Take {
    /// The digest of its statement: its name.
    pub hash: Sha256Digest,
    /// The signed statement.
    pub statement: Vec<u8>,
    /// Its list.
    pub list: Vec<u8>,
    /// The one book of its documents.
    pub book: BookId,
    /// The folder that they go to, a real path.
    pub to: PathBuf,
    /// When it was signed, by this device's clock.
    pub signed_at: Timestamp,
    /// The documents by their numbers in the list.
    pub documents: BTreeMap<u32, Taken>,
}

/// One document of a take.
#[derive(Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which document it is.
    pub document: DocumentRef,
    /// Its name as sent.
    pub name: DisplayName,
    /// Its length in bytes.
    pub length: u64,
    /// Its SHA-256, as the gateway listed it.
    pub sha256: Sha256Digest,
    /// Its BLAKE3 root, as the gateway listed it.
    pub blake3: Blake3Digest,
    /// Where it goes, below the take's folder.
    pub path: PathBuf,
}

impl std::fmt::Debug for Take {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Take({}, {} documents)", self.hash, self.documents.len())
    }
}

impl std::fmt::Debug for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Taken({}, {} bytes)", self.document, self.length)
    }
}

/// How far a take is. What it says is durable; more may be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakeState {
    /// How many pieces of a part file are durable, from the first on.
    pub pieces: BTreeMap<u32, u32>,
    /// The documents that are checked and saved, and where, if not where they were to go.
    pub saved: BTreeMap<u32, Option<PathBuf>>,
    /// The saved ones that the gateway knows of.
    pub reported: BTreeSet<u32>,
    /// The digests of the handovers.
    pub handovers: Vec<Sha256Digest>,
}

impl TakeState {
    /// Where a saved document is, below the take's folder.
    pub fn saved_path<'a>(&'a self, n: u32, taken: &'a Taken) -> Option<&'a Path> {
        self.saved.get(&n).map(|moved| moved.as_deref().unwrap_or(&taken.path))
    }

    /// The saved documents that the gateway does not know of yet.
    pub fn unreported(&self) -> Vec<u32> {
        self.saved.keys().filter(|n| !self.reported.contains(n)).copied().collect()
    }
}

impl Take {
    /// Signs for documents of one book, with the newest checkpoint that this device holds.
    ///
    /// # Errors
    /// No randomness; the key can not be used; the disk's.
    pub fn sign(
        practice: &Practice,
        signer: &dyn Signer,
        book: BookId,
        to: &Path,
        documents: Vec<Taken>,
    ) -> Told<Self> {
        let unexpected = |error: &dyn std::fmt::Display| failure::unexpected(error.to_string());
        let drawn = || host::random::bytes::<16>().map_err(|_| failure::randomness_missing());
        let mut lines = Vec::with_capacity(documents.len());
        for (n, taken) in (1u32..).zip(&documents) {
            lines.push(TakeLine { n, salt: drawn()?, document: taken.document, sha256: taken.sha256 });
        }
        let list = TakeList::new(lines).map_err(|error| unexpected(&error))?;
        let (about, now) = (practice.about(), practice.now());
        let event = ConsignmentAcceptance {
            recipient: DeviceParty { device: about.device },
            sender: PracticeParty { practice: about.practice.clone() },
            book,
            documents: list.documents(),
            last_checkpoint: practice.checkpoint()?.and_then(|note| LastCheckpoint::new(&note).ok()),
        };
        let statement = Statement::by_device(EvidenceId::from_bytes(drawn()?), now, event);
        let signed = Signed::sign(&statement, signer, now).map_err(|error| unexpected(&error))?;
        Ok(Self {
            hash: signed.entry_hash(),
            statement: signed.as_bytes().to_vec(),
            list: list.as_bytes().to_vec(),
            book,
            to: to.to_path_buf(),
            signed_at: now,
            documents: (1u32..).zip(documents).collect(),
        })
    }

    /// Bytes of all its documents.
    pub fn bytes(&self) -> u64 {
        self.documents.values().fold(0u64, |bytes, taken| bytes.saturating_add(taken.length))
    }
}

/// What an ended take brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedDocument {
    /// Its length in bytes.
    pub length: u64,
    /// Its SHA-256.
    pub sha256: Sha256Digest,
    /// Where it was saved, absolute.
    pub path: PathBuf,
}

/// What was fetched before, by document: once for each folder that it was fetched to.
#[derive(Debug, Default)]
pub struct Fetched(HashMap<DocumentRef, Vec<FetchedDocument>>);

impl Fetched {
    /// Where this document lies already below `folder`: a file of its size that this device has saved there.
    pub fn below(&self, document: DocumentRef, sha256: Sha256Digest, folder: &Path) -> Option<&Path> {
        let stands = |one: &&FetchedDocument| {
            one.sha256 == sha256
                && one.path.starts_with(folder)
                && std::fs::symlink_metadata(&one.path)
                    .is_ok_and(|found| found.is_file() && found.len() == one.length)
        };
        self.0.get(&document)?.iter().find(stands).map(|one| one.path.as_path())
    }

    fn add(&mut self, document: DocumentRef, fetched: FetchedDocument) {
        self.0.entry(document).or_default().push(fetched);
    }
}

/// The takes that have not ended.
#[derive(Debug)]
pub struct OpenTakes {
    /// Each with how far it is, oldest first.
    pub takes: Vec<(Take, TakeState)>,
    /// Files that should be one and are none.
    pub unreadable: Vec<PathBuf>,
}

/// The takes of one practice on this disk.
#[derive(Clone)]
pub struct TakeStore {
    disk: Disk,
    folder: PathBuf,
}

impl TakeStore {
    /// The takes in `folder`, which is there.
    pub fn new(disk: Disk, folder: PathBuf) -> Self {
        Self { disk, folder }
    }

    /// Keeps a take that was signed, durable when this returns: from now on it is this one that is repeated.
    ///
    /// # Errors
    /// The disk's.
    pub fn store(&self, take: &Take) -> Told<()> {
        let bytes = encode(TakeFile::of(take));
        let written = self.disk.create_whole(&self.path(&take.hash, "take"), &bytes);
        written.map(|_durable| ()).map_err(|error| trouble::disk(&error))
    }

    /// Keeps how far a take is.
    ///
    /// # Errors
    /// The disk's.
    pub fn store_state(&self, take: &Sha256Digest, state: &TakeState) -> Told<()> {
        let bytes = encode(StateFile::of(state));
        let written = self.disk.write_whole(&self.path(take, "state"), &bytes);
        written.map(|_durable| ()).map_err(|error| trouble::disk(&error))
    }

    /// The takes that have not ended.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(&self) -> Told<OpenTakes> {
        let (mut takes, mut unreadable) = (Vec::new(), Vec::new());
        for path in self.files("take")? {
            let bytes = self.disk.read_whole(&path, TAKE_BYTES_MAX).map_err(|error| trouble::disk(&error))?;
            match minicbor::decode::<TakeFile>(&bytes).ok().and_then(TakeFile::read) {
                Some(take) => {
                    let state = self.state(&take.hash)?;
                    takes.push((take, state));
                }
                None => unreadable.push(path),
            }
        }
        takes.sort_by_key(|(take, _)| take.signed_at);
        Ok(OpenTakes { takes, unreadable })
    }

    /// How far a take is. A state that is gone or damaged says nothing, and what it said is found out again.
    fn state(&self, take: &Sha256Digest) -> Told<TakeState> {
        match self.disk.read_whole(&self.path(take, "state"), TAKE_BYTES_MAX) {
            Ok(bytes) => {
                Ok(minicbor::decode::<StateFile>(&bytes).ok().and_then(StateFile::read).unwrap_or_default())
            }
            Err(error) if error.is_absent() => Ok(TakeState::default()),
            Err(error) => Err(trouble::disk(&error)),
        }
    }

    /// Keeps the piece values of a document that is under way.
    ///
    /// # Errors
    /// The disk's.
    pub fn store_manifest(&self, take: &Sha256Digest, n: u32, manifest: &Manifest) -> Result<(), DiskError> {
        let values: Vec<u8> = manifest.values().iter().flat_map(|value| *value.as_bytes()).collect();
        self.disk.write_whole(&self.values_path(take, n), &values).map(|_durable| ())
    }

    /// The manifest of a document that is under way, if it was kept and is the document's.
    pub fn manifest(&self, take: &Sha256Digest, n: u32, taken: &Taken) -> Option<Manifest> {
        if model::piece::count(taken.length) == 1 {
            let only = ChainingValue::from_bytes(*taken.blake3.as_bytes());
            return Manifest::check(taken.length, taken.blake3, vec![only]).ok();
        }
        let bytes = self.disk.read_whole(&self.values_path(take, n), VALUES_BYTES_MAX).ok()?;
        let (values, rest) = bytes.as_chunks::<32>();
        let values = values.iter().map(|value| ChainingValue::from_bytes(*value)).collect();
        rest.is_empty().then(|| Manifest::check(taken.length, taken.blake3, values).ok())?
    }

    /// The document is saved: its values are needed no more.
    pub fn forget_manifest(&self, take: &Sha256Digest, n: u32) {
        // One that stays behind does no harm, and goes with the take.
        let _ = self.disk.remove_file(&self.values_path(take, n));
    }

    /// Ends a take: what it brought is written down first, then it goes.
    ///
    /// # Errors
    /// The disk's.
    pub fn end(&self, take: &Take, state: &TakeState) -> Told<()> {
        let bytes = encode(FetchedFile::of(take, state));
        let hash = &take.hash;
        if !state.saved.is_empty() {
            let written = self.disk.write_whole(&self.path(hash, "fetched"), &bytes);
            let _durable = written.map_err(|error| trouble::disk(&error))?;
        }
        let prefix = hash.to_hex();
        let names = self.disk.list(&self.folder).map_err(|error| trouble::disk(&error))?;
        for name in names {
            let is_of_it = name
                .to_str()
                .and_then(|name| name.strip_prefix(&prefix))
                .is_some_and(|ending| ending == ".take" || ending == ".state" || ending.ends_with(".values"));
            if is_of_it {
                self.disk.remove_file(&self.folder.join(name)).map_err(|error| trouble::disk(&error))?;
            }
        }
        self.disk.sync_folder(&self.folder).map(|_durable| ()).map_err(|error| trouble::disk(&error))
    }

    /// What was fetched before: by takes that have ended, and by those that have not, `open`.
    ///
    /// # Errors
    /// The disk's.
    pub fn fetched(&self, open: &[(Take, TakeState)]) -> Told<Fetched> {
        let mut fetched = Fetched::default();
        for path in self.files("fetched")? {
            let bytes = self.disk.read_whole(&path, TAKE_BYTES_MAX).map_err(|error| trouble::disk(&error))?;
            // What can not be read is fetched again, which does no harm: nothing is overwritten.
            let Ok(file) = minicbor::decode::<FetchedFile>(&bytes) else { continue };
            file.read().for_each(|(document, found)| fetched.add(document, found));
        }
        for (take, state) in open {
            for (n, taken) in &take.documents {
                if let Some(path) = state.saved_path(*n, taken) {
                    let path = take.to.join(path);
                    fetched.add(
                        taken.document,
                        FetchedDocument { length: taken.length, sha256: taken.sha256, path },
                    );
                }
            }
        }
        Ok(fetched)
    }

    /// Removes what a crash left half-written. For the one who holds the takes.
    ///
    /// # Errors
    /// The disk's.
    pub fn sweep(&self) -> Told<()> {
        self.disk.sweep_temporary(&self.folder).map(|_count| ()).map_err(|error| trouble::disk(&error))
    }

    fn files(&self, ending: &str) -> Told<Vec<PathBuf>> {
        let names = self.disk.list(&self.folder).map_err(|error| trouble::disk(&error))?;
        let of_kind = |name: &OsString| {
            let stem = name.to_str().and_then(|name| name.strip_suffix(ending)?.strip_suffix('.'));
            stem.is_some_and(|stem| Sha256Digest::from_hex(stem).is_ok())
        };
        Ok(names.into_iter().filter(of_kind).map(|name| self.folder.join(name)).collect())
    }

    fn path(&self, take: &Sha256Digest, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", take.to_hex()))
    }

    fn values_path(&self, take: &Sha256Digest, n: u32) -> PathBuf {
        self.path(take, &format!("{n}.values"))
    }
}

#[cfg(test)]
mod tests;
