//! Journal entries sealed and opened by the vault's entry keys: the trait that the journal asks for.

use journal::{EntryBox, OpenFailure, Opened, SealFailure, SealedEntry};
use model::{EntryKeyId, Sha256Digest};
use receipts::Signed;
use vault::{EntryFailure, Vault};

/// The vault, as the journal sees it.
#[derive(Clone)]
pub struct EntrySeals(Vault);

impl EntrySeals {
    /// Seals with this vault's ring.
    pub fn new(vault: Vault) -> Self {
        Self(vault)
    }
}

impl EntryBox for EntrySeals {
    fn seal(
        &self,
        key: EntryKeyId,
        entry: &Sha256Digest,
        statement: &[u8],
        list: Option<&[u8]>,
    ) -> Result<SealedEntry, SealFailure> {
        let sealed = self.0.seal_entry(key, entry, statement, list).map_err(|error| match error {
            vault::VaultError::NoRandomness => SealFailure::NoRandomness,
            _ => SealFailure::NoKey,
        })?;
        Ok(SealedEntry { statement: sealed.statement, list: sealed.list })
    }

    fn open(
        &self,
        key: EntryKeyId,
        entry: &Sha256Digest,
        sealed: &SealedEntry,
    ) -> Result<Opened, OpenFailure> {
        let opened = self.0.open_entry(key, entry, &sealed.statement, sealed.list.as_deref());
        let mut opened = opened.map_err(|failure| match failure {
            EntryFailure::Damaged => OpenFailure::Damaged,
            EntryFailure::Erased => OpenFailure::Erased,
            EntryFailure::Unknown => OpenFailure::Unknown,
        })?;
        // Moved, not copied: a list may have 5 MB.
        let statement = std::mem::take(&mut *opened.statement);
        Ok(Opened { statement, list: opened.list.map(|mut list| std::mem::take(&mut *list)) })
    }
}

/// An entry that was opened and read.
pub struct ReadEntry {
    /// The statement.
    pub signed: Signed,
    /// Its list.
    pub list: Option<Vec<u8>>,
}

/// Why an entry can not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadFailure {
    /// The journal can not give it.
    #[error(transparent)]
    Journal(#[from] journal::JournalError),
    /// It does not open.
    #[error("entry {entry}: {failure}")]
    Open {
        /// Which.
        entry: u64,
        /// Why.
        failure: OpenFailure,
    },
    /// What it holds is no statement that this version knows.
    #[error("entry {entry} holds no statement that can be read: {error}")]
    Statement {
        /// Which.
        entry: u64,
        /// Why.
        error: receipts::Error,
    },
}

impl ReadFailure {
    /// Whether it was erased, lawfully: counted and proven, its content gone.
    pub fn is_erased(&self) -> bool {
        matches!(self, Self::Open { failure: OpenFailure::Erased, .. })
    }
}

/// Opens and reads an entry.
///
/// # Errors
/// [`ReadFailure`].
pub fn read(entry: &journal::Entry, seals: &EntrySeals) -> Result<ReadEntry, ReadFailure> {
    let opened = entry.open(seals).map_err(|failure| ReadFailure::Open { entry: entry.index(), failure })?;
    let signed = Signed::parse(opened.statement);
    let signed = signed.map_err(|error| ReadFailure::Statement { entry: entry.index(), error })?;
    Ok(ReadEntry { signed, list: opened.list })
}
