//! Journal statements and their lists, sealed under entry keys. Knows nothing of what they say.

use model::{EntryKeyId, Sha256Digest};
use seal::context;
use zeroize::Zeroizing;

use crate::VaultError;
use crate::error::UnknownKey;
use crate::keyring::Keyring;

/// A sealed journal entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEntry {
    /// The statement's box: context `entry`.
    pub statement: Vec<u8>,
    /// Its list's box, under the same key: context `list`.
    pub list: Option<Vec<u8>>,
}

/// An opened journal entry, wiped when dropped.
pub struct OpenedEntry {
    /// The statement's bytes.
    pub statement: Zeroizing<Vec<u8>>,
    /// Its list's bytes.
    pub list: Option<Zeroizing<Vec<u8>>>,
}

/// Why an entry does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryFailure {
    /// A tombstone names its key: it was erased. It still counts in the tree.
    #[error("the entry was erased")]
    Erased,
    /// No ring and no tombstone knows its key: damage of the ring.
    #[error("no ring knows the entry's key")]
    Unknown,
    /// The key is there and the box does not open: damage of the entry.
    #[error("the entry is damaged")]
    Damaged,
}

impl Keyring {
    pub(crate) fn seal_entry(
        &self,
        id: EntryKeyId,
        entry: &Sha256Digest,
        statement: &[u8],
        list: Option<&[u8]>,
    ) -> Result<SealedEntry, VaultError> {
        let key = self.entry(id)?;
        let statement = seal::seal(&*key, &self.entry_context(id, entry), statement)?;
        let list = list.map(|list| seal::seal(&*key, &list_context(entry), list)).transpose()?;
        Ok(SealedEntry { statement, list })
    }

    pub(crate) fn open_entry(
        &self,
        id: EntryKeyId,
        entry: &Sha256Digest,
        statement: &[u8],
        list: Option<&[u8]>,
    ) -> Result<OpenedEntry, EntryFailure> {
        let key = self.entry(id).map_err(|cause| match cause {
            VaultError::Erased => EntryFailure::Erased,
            VaultError::UnknownKey(UnknownKey::Entry(_)) => EntryFailure::Unknown,
            _ => EntryFailure::Damaged,
        })?;
        let statement = seal::open(&*key, &self.entry_context(id, entry), statement);
        let list = list.map(|list| seal::open(&*key, &list_context(entry), list)).transpose();
        match (statement, list) {
            (Ok(statement), Ok(list)) => Ok(OpenedEntry { statement, list }),
            _ => Err(EntryFailure::Damaged),
        }
    }

    fn entry_context(&self, id: EntryKeyId, entry: &Sha256Digest) -> context::Entry {
        context::Entry {
            vault_id: *self.vault().as_bytes(),
            entry_key_id: *id.as_bytes(),
            entry: *entry.as_bytes(),
        }
    }
}

fn list_context(entry: &Sha256Digest) -> context::List {
    context::List { entry: *entry.as_bytes() }
}
