//! One statement on its way into the journal and out of it, and the trait that seals it. Knows nothing of what it says.

use std::sync::Arc;

use model::{EntryKeyId, Sha256Digest};
use sha2::{Digest as _, Sha256};

use crate::{Committed, Head};

/// The hash of an entry: SHA-256 of the complete statement (COSE_Sign1 with an empty unprotected header).
/// The leaf in the tree is SHA-256(00 ‖ this).
pub fn entry_hash(statement: &[u8]) -> Sha256Digest {
    Sha256Digest::from_bytes(Sha256::digest(statement).into())
}

/// A statement that is to be committed, in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The complete statement, as signed; never re-encoded.
    pub statement: Vec<u8>,
    /// The list that the statement names, where it is to be stored with it (an acceptance, a take). Never empty.
    pub list: Option<Vec<u8>>,
    /// The key that both are sealed under.
    pub key: EntryKeyId,
}

/// A statement and its list as they lie in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEntry {
    /// The sealed statement. Never empty.
    pub statement: Vec<u8>,
    /// The sealed list. Never empty where there is one.
    pub list: Option<Vec<u8>>,
}

/// A statement and its list, opened and checked against the entry hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The statement, byte for byte as it was committed.
    pub statement: Vec<u8>,
    /// Its list, byte for byte.
    pub list: Option<Vec<u8>>,
}

/// Seals and opens entries. The gateway fills it from the vault's ring; the journal holds no key.
pub trait EntryBox: Send + Sync {
    /// Seals a statement, and its list beside it under the same key.
    ///
    /// # Errors
    /// [`SealFailure`].
    fn seal(
        &self,
        key: EntryKeyId,
        entry: &Sha256Digest,
        statement: &[u8],
        list: Option<&[u8]>,
    ) -> Result<SealedEntry, SealFailure>;

    /// Opens what [`EntryBox::seal`] made for the same key and entry hash.
    ///
    /// # Errors
    /// [`OpenFailure`].
    fn open(
        &self,
        key: EntryKeyId,
        entry: &Sha256Digest,
        sealed: &SealedEntry,
    ) -> Result<Opened, OpenFailure>;
}

/// Why an entry can not be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealFailure {
    /// The ring has no such entry key, or only its tombstone.
    #[error("the ring has no such entry key")]
    NoKey,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    NoRandomness,
}

/// Why an entry can not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenFailure {
    /// The sealed bytes do not open, or what they hold is not what the entry hash says.
    #[error("the entry is damaged")]
    Damaged,
    /// The entry key has a tombstone: the entry is skipped, but still counted and proven.
    #[error("the entry is erased")]
    Erased,
    /// The ring knows neither the key nor a tombstone: damage of the ring, never made again.
    #[error("the entry's key is unknown")]
    Unknown,
}

/// An entry as it lies in the log, with the head of its commit.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(crate) index: u64,
    pub(crate) hash: Sha256Digest,
    pub(crate) key: EntryKeyId,
    pub(crate) sealed: SealedEntry,
    pub(crate) head: Arc<Head>,
    pub(crate) commit: CommitSpan,
}

/// Which entries were committed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CommitSpan {
    pub first_index: u64,
    pub count: u32,
}

impl Entry {
    /// Its number; the genesis entries begin at 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Its hash; see [`entry_hash`].
    pub fn hash(&self) -> Sha256Digest {
        self.hash
    }

    /// The key that it is sealed under.
    pub fn key(&self) -> EntryKeyId {
        self.key
    }

    /// The sealed bytes.
    pub fn sealed(&self) -> &SealedEntry {
        &self.sealed
    }

    /// The head of its commit: the one that its receipt stands on, the same for ever.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The proof of its commit, as [`crate::Journal::commit`] gave it.
    pub fn committed(&self) -> Committed {
        Committed::of(self.commit, self.head.clone())
    }

    /// Opens it and checks the statement against the entry hash (J10).
    ///
    /// # Errors
    /// [`OpenFailure`].
    pub fn open(&self, entry_box: &dyn EntryBox) -> Result<Opened, OpenFailure> {
        let opened = entry_box.open(self.key, &self.hash, &self.sealed)?;
        match entry_hash(&opened.statement) == self.hash
            && opened.list.is_some() == self.sealed.list.is_some()
        {
            true => Ok(opened),
            false => Err(OpenFailure::Damaged),
        }
    }
}
