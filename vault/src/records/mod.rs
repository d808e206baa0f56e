//! Ordered records behind one small trait, and sealed tables on top of it. The vault keeps nothing here that it
//! could not lose: the store is posted again from journal and shelves (V12).

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod memory;
mod sled;
mod tables;

pub use self::sled::{Found, Opened, SledRecords, Why};
pub use memory::Memory;
pub use tables::{Change, Cursor, Expected, Part, ROW_BYTES_MAX, SealedTables, Table};

use model::limits::RECORD_BYTES_MAX;

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 512;
/// Puts and removals in one batch, at most.
pub const BATCH_CHANGES_MAX: usize = 100_000;

/// Why a record store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordsError {
    /// A batch with more changes than [`BATCH_CHANGES_MAX`]; nothing was changed.
    #[error("a batch of {changes} changes")]
    BatchTooLarge {
        /// How many.
        changes: usize,
    },
    /// The store is damaged: it is to be set aside and posted again.
    #[error("the record store is damaged")]
    Damaged,
    /// Another process holds it.
    #[error("another process holds the record store")]
    Held,
    /// The system refused, for instance because the disk is full; nothing can be said of the last batch.
    #[error("the system refuses the record store: {0:?}")]
    Io(std::io::ErrorKind),
    /// An empty key, or one longer than [`KEY_BYTES_MAX`]; nothing was changed.
    #[error("a key of {bytes} bytes")]
    KeyLength {
        /// Its length.
        bytes: usize,
    },
    /// A precondition does not hold; nothing was changed.
    #[error("a precondition of the batch does not hold")]
    Precondition,
    /// A value longer than [`RECORD_BYTES_MAX`]; nothing was changed.
    #[error("a value of {bytes} bytes, at most {RECORD_BYTES_MAX} are kept")]
    ValueTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// A sealed row does not open: it was changed, or moved from another key.
    #[error("a row of table {table} does not open")]
    RowDamaged {
        /// Which table.
        table: &'static str,
    },
}

/// What must be so, or the batch changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// This key has no value.
    Absent(Vec<u8>),
    /// This key has a value.
    Present(Vec<u8>),
    /// This key has exactly this value.
    Equals(Vec<u8>, Vec<u8>),
}

/// Changes that happen together or not at all. Of several to one key the last counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    preconditions: Vec<Precondition>,
    /// `None` removes.
    changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// Whether a scan goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// The next record, please.
    GoOn,
    /// Enough.
    Stop,
}

/// Receives the records of a scan: key and value.
pub type Each<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Scan;

/// An ordered store of small records. Its conformance suite is `conformance::all`.
///
/// Keys have 1 to [`KEY_BYTES_MAX`] bytes, values at most [`RECORD_BYTES_MAX`]; both are hard errors. A commit is
/// atomic; it is durable only after [`Records::sync`].
pub trait Records: Send + Sync {
    /// The value of a key.
    ///
    /// # Errors
    /// [`RecordsError::Damaged`] and the system's refusals.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError>;

    /// Gives the records whose keys begin with `prefix` and come after `after`, in the order of their keys, until
    /// the receiver has enough. Not a snapshot: a commit beside it is seen wholly, partly or not.
    ///
    /// # Errors
    /// As [`Records::get`].
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, each: Each<'_>) -> Result<(), RecordsError>;

    /// Makes all changes of a batch, if all its preconditions hold. Commits happen one after the other.
    ///
    /// # Errors
    /// [`RecordsError::Precondition`], the length limits, and the system's refusals.
    fn commit(&self, batch: &Batch) -> Result<(), RecordsError>;

    /// Makes everything that was committed durable.
    ///
    /// # Errors
    /// The system's refusals.
    fn sync(&self) -> Result<(), RecordsError>;
}

impl<R: Records + ?Sized> Records for std::sync::Arc<R> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
        (**self).get(key)
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, each: Each<'_>) -> Result<(), RecordsError> {
        (**self).scan(prefix, after, each)
    }

    fn commit(&self, batch: &Batch) -> Result<(), RecordsError> {
        (**self).commit(batch)
    }

    fn sync(&self) -> Result<(), RecordsError> {
        (**self).sync()
    }
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition.
    pub fn require(&mut self, precondition: Precondition) -> &mut Self {
        self.preconditions.push(precondition);
        self
    }

    /// Sets a value.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> &mut Self {
        self.changes.push((key, Some(value)));
        self
    }

    /// Removes a value; one that is not there is good.
    pub fn remove(&mut self, key: Vec<u8>) -> &mut Self {
        self.changes.push((key, None));
        self
    }

    /// The limits, before anything is touched.
    fn check(&self) -> Result<(), RecordsError> {
        if self.changes.len() > BATCH_CHANGES_MAX {
            return Err(RecordsError::BatchTooLarge { changes: self.changes.len() });
        }
        for (key, value) in &self.changes {
            if key.is_empty() || key.len() > KEY_BYTES_MAX {
                return Err(RecordsError::KeyLength { bytes: key.len() });
            }
            match value {
                Some(value) if value.len() > RECORD_BYTES_MAX => {
                    return Err(RecordsError::ValueTooLarge { bytes: value.len() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether all preconditions hold, by what `get` finds.
    fn holds(
        &self,
        get: impl Fn(&[u8]) -> Result<Option<Vec<u8>>, RecordsError>,
    ) -> Result<(), RecordsError> {
        for precondition in &self.preconditions {
            let holds = match precondition {
                Precondition::Absent(key) => get(key)?.is_none(),
                Precondition::Present(key) => get(key)?.is_some(),
                Precondition::Equals(key, value) => get(key)?.as_ref() == Some(value),
            };
            if !holds {
                return Err(RecordsError::Precondition);
            }
        }
        Ok(())
    }
}
