//! Tables whose rows say nothing to a thief: keys are keyed handles, values are sealed for their key and table.
//!
//! A key is the table's name (8 bytes, padded with zeros), then its parts: a handle is the first 16 bytes of
//! BLAKE3-keyed(handle key, table name ‖ place of the part u8 ‖ part), so that two tables can not be matched; a
//! number is 8 bytes, where order matters and the number tells nothing. A value is a box in context `record`
//! {table, BLAKE3 of the key} under the index key: a row that is changed, or moved to another key, does not open.

use std::sync::{Arc, Mutex, PoisonError};

use model::limits::RECORD_BYTES_MAX;
use rayon::prelude::*;
use seal::{HandleKey, IndexKey, context};
use zeroize::Zeroizing;

use super::{Batch, Precondition, Records, RecordsError, Scan};
use crate::VaultError;

/// The longest plaintext of a row, in bytes.
pub const ROW_BYTES_MAX: usize = match seal::plain_bytes(RECORD_BYTES_MAX) {
    Some(bytes) => bytes,
    None => 0,
};

/// Which table: a name of 1 to 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table {
    name: &'static str,
}

impl Table {
    /// Names a table. A name that does not fit does not compile in a constant.
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty() && name.len() <= 8, "a table's name has 1 to 8 bytes");
        Self { name }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    fn padded(self) -> [u8; 8] {
        let mut padded = [0; 8];
        padded.iter_mut().zip(self.name.bytes()).for_each(|(to, from)| *to = from);
        padded
    }
}

/// One part of a row's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Stands in the key as a keyed handle: ids, names, digests. Equality only, no order.
    Handle(&'a [u8]),
    /// Stands in the key as it is, big-endian: rows come in its order.
    Number(u64),
}

/// What must be so of a row, or the commit changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected<'a> {
    /// There is no such row.
    Absent,
    /// There is one.
    Present,
    /// Its plaintext is this.
    Is(&'a [u8]),
}

/// One change of a commit.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// Sets a row's plaintext.
    Put(Table, &'a [Part<'a>], &'a [u8]),
    /// Takes a row away.
    Remove(Table, &'a [Part<'a>]),
    /// Changes nothing, but all the rest hangs on it.
    Expect(Table, &'a [Part<'a>], Expected<'a>),
}

/// Where a scan stands: the key of a row that was given. Means something to the same table only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Vec<u8>);

impl Cursor {
    /// Its bytes; they tell nothing.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes the bytes back, as they were given out; others find other rows of the same table, or none.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

/// A row as the store below has it: key and sealed value.
type SealedRow = (Vec<u8>, Vec<u8>);

/// Sealed tables over any record store.
pub struct SealedTables<R> {
    records: R,
    index: Arc<IndexKey>,
    handle: Arc<HandleKey>,
    /// A row's plaintext is compared and the batch committed in one step.
    writing: Mutex<()>,
}

impl<R: Records> SealedTables<R> {
    pub(crate) fn new(records: R, index: Arc<IndexKey>, handle: Arc<HandleKey>) -> Self {
        Self { records, index, handle, writing: Mutex::default() }
    }

    /// The store below; what it holds is sealed.
    pub fn records(&self) -> &R {
        &self.records
    }

    /// Ends the tables and gives the store back.
    pub fn into_records(self) -> R {
        self.records
    }

    /// A row's plaintext, wiped when dropped.
    ///
    /// # Errors
    /// [`RecordsError::RowDamaged`], and what the store says.
    pub fn get(&self, table: Table, key: &[Part<'_>]) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let key = self.key(table, key);
        let sealed = self.records.get(&key)?;
        sealed.map(|sealed| self.open(table, &key, &sealed)).transpose()
    }

    /// Whether there is such a row; it is not opened.
    ///
    /// # Errors
    /// What the store says.
    pub fn contains(&self, table: Table, key: &[Part<'_>]) -> Result<bool, VaultError> {
        Ok(self.records.get(&self.key(table, key))?.is_some())
    }

    /// Gives the rows whose keys begin with these parts and come after the cursor, in the order of their keys:
    /// that of their numbers where only numbers differ, none that means anything where handles do.
    ///
    /// # Errors
    /// As [`SealedTables::get`]; rows before the damaged one were given.
    pub fn scan(
        &self,
        table: Table,
        prefix: &[Part<'_>],
        after: Option<&Cursor>,
        each: &mut dyn FnMut(Cursor, &[u8]) -> Scan,
    ) -> Result<(), VaultError> {
        let prefix = self.key(table, prefix);
        let mut outcome = Ok(());
        self.records.scan(&prefix, after.map(Cursor::as_bytes), &mut |key, sealed| match self
            .open(table, key, sealed)
        {
            Ok(plain) => each(Cursor(key.to_vec()), &plain),
            Err(cause) => {
                outcome = Err(cause);
                Scan::Stop
            }
        })?;
        outcome
    }

    /// Makes all changes, or none.
    ///
    /// # Errors
    /// [`RecordsError::Precondition`], [`RecordsError::ValueTooLarge`] for a plaintext over [`ROW_BYTES_MAX`], and
    /// what the store says.
    pub fn commit(&self, changes: &[Change<'_>]) -> Result<(), VaultError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let puts: Vec<_> = changes.par_iter().map(|change| self.sealed_put(change)).collect();
        let mut batch = Batch::new();
        for (change, put) in changes.iter().zip(puts) {
            match change {
                Change::Put(..) => {
                    if let Some((key, sealed)) = put? {
                        batch.put(key, sealed);
                    }
                }
                Change::Remove(table, key) => {
                    batch.remove(self.key(*table, key));
                }
                Change::Expect(table, key, expected) => {
                    batch.require(self.precondition(*table, self.key(*table, key), *expected)?);
                }
            }
        }
        Ok(self.records.commit(&batch)?)
    }

    /// Key and sealed value of a row that is put; nothing for another change.
    fn sealed_put(&self, change: &Change<'_>) -> Result<Option<SealedRow>, VaultError> {
        let Change::Put(table, key, plain) = change else { return Ok(None) };
        if plain.len() > ROW_BYTES_MAX {
            return Err(RecordsError::ValueTooLarge { bytes: seal::sealed_bytes(plain.len()) }.into());
        }
        let key = self.key(*table, key);
        let sealed = seal::seal(&*self.index, &record_context(*table, &key), plain)?;
        Ok(Some((key, sealed)))
    }

    /// A condition on plaintext as one on sealed bytes, which nobody changes meanwhile.
    fn precondition(
        &self,
        table: Table,
        key: Vec<u8>,
        expected: Expected<'_>,
    ) -> Result<Precondition, VaultError> {
        Ok(match expected {
            Expected::Absent => Precondition::Absent(key),
            Expected::Present => Precondition::Present(key),
            Expected::Is(wanted) => {
                let sealed = self.records.get(&key)?.ok_or(RecordsError::Precondition)?;
                if self.open(table, &key, &sealed)?.as_slice() != wanted {
                    return Err(RecordsError::Precondition.into());
                }
                Precondition::Equals(key, sealed)
            }
        })
    }

    fn key(&self, table: Table, parts: &[Part<'_>]) -> Vec<u8> {
        let mut key = table.padded().to_vec();
        for (place, part) in (0u8..).zip(parts) {
            match part {
                Part::Handle(part) => {
                    let mut hasher = blake3::Hasher::new_keyed(self.handle.expose());
                    hasher.update(&table.padded()).update(&[place]).update(part);
                    key.extend(hasher.finalize().as_bytes().iter().take(16));
                }
                Part::Number(number) => key.extend_from_slice(&number.to_be_bytes()),
            }
        }
        key
    }

    fn open(&self, table: Table, key: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        seal::open(&*self.index, &record_context(table, key), sealed)
            .map_err(|_| RecordsError::RowDamaged { table: table.name }.into())
    }
}

fn record_context(table: Table, key: &[u8]) -> context::Record {
    context::Record { tree: table.padded(), row: *blake3::hash(key).as_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Memory;

    const PEOPLE: Table = Table::new("people");
    const BOOKS: Table = Table::new("books");

    fn tables() -> SealedTables<Memory> {
        let (index, handle) = (IndexKey::random().unwrap(), HandleKey::random().unwrap());
        SealedTables::new(Memory::default(), Arc::new(index), Arc::new(handle))
    }

    #[test]
    fn a_row_is_read_back_and_says_nothing_to_a_thief() {
        let tables = tables();
        let key = [Part::Handle(b"canary-person"), Part::Number(7)];
        tables.commit(&[Change::Put(PEOPLE, &key, b"canary-role")]).unwrap();
        assert_eq!(tables.get(PEOPLE, &key).unwrap().unwrap().as_slice(), b"canary-role");
        assert!(tables.get(BOOKS, &key).unwrap().is_none());
        let mut seen = 0;
        let each = &mut |key: &[u8], value: &[u8]| {
            seen += 1;
            let all = [key, value].concat();
            assert!(!all.windows(6).any(|window| window == b"canary"));
            Scan::GoOn
        };
        tables.records().scan(b"", None, each).unwrap();
        assert_eq!(seen, 1);
    }

    #[test]
    fn a_row_that_is_moved_to_another_key_or_table_does_not_open() {
        let tables = tables();
        let (one, other) = ([Part::Handle(b"1")], [Part::Handle(b"2")]);
        tables.commit(&[Change::Put(PEOPLE, &one, b"x"), Change::Put(PEOPLE, &other, b"y")]).unwrap();
        let sealed = tables.records().get(&tables.key(PEOPLE, &one)).unwrap().unwrap();
        let mut batch = Batch::new();
        batch.put(tables.key(PEOPLE, &other), sealed.clone()).put(tables.key(BOOKS, &one), sealed);
        tables.records().commit(&batch).unwrap();
        for (table, key) in [(PEOPLE, &other), (BOOKS, &one)] {
            let refused = tables.get(table, key).err();
            assert!(matches!(refused, Some(VaultError::Records(RecordsError::RowDamaged { .. }))));
        }
        assert!(tables.get(PEOPLE, &one).unwrap().is_some());
    }

    #[test]
    fn rows_come_in_the_order_of_their_numbers_and_go_on_after_a_cursor() {
        let tables = tables();
        for number in [300u64, 1, 70_000, 2] {
            let key = [Part::Handle(b"book"), Part::Number(number)];
            tables.commit(&[Change::Put(BOOKS, &key, &number.to_be_bytes())]).unwrap();
            let key = [Part::Handle(b"other"), Part::Number(number)];
            tables.commit(&[Change::Put(BOOKS, &key, b"")]).unwrap();
        }
        let (mut seen, mut cursor) = (Vec::new(), None);
        while seen.len() < 4 {
            let before = cursor.take();
            tables
                .scan(BOOKS, &[Part::Handle(b"book")], before.as_ref(), &mut |at, plain| {
                    seen.push(u64::from_be_bytes(plain.try_into().unwrap()));
                    cursor = Some(at);
                    Scan::Stop
                })
                .unwrap();
        }
        assert_eq!(seen, [1, 2, 300, 70_000]);
    }

    #[test]
    fn a_commit_hangs_on_its_expectations() {
        let tables = tables();
        let key: &[Part<'_>] = &[Part::Handle(b"k")];
        let refused = |changes: &[Change<'_>]| {
            let refused = tables.commit(changes).err();
            assert!(matches!(refused, Some(VaultError::Records(RecordsError::Precondition))), "{refused:?}");
        };
        refused(&[Change::Expect(PEOPLE, key, Expected::Present), Change::Put(PEOPLE, key, b"1")]);
        refused(&[Change::Expect(PEOPLE, key, Expected::Is(b"1")), Change::Put(PEOPLE, key, b"1")]);
        tables
            .commit(&[Change::Expect(PEOPLE, key, Expected::Absent), Change::Put(PEOPLE, key, b"1")])
            .unwrap();
        refused(&[Change::Expect(PEOPLE, key, Expected::Absent), Change::Put(PEOPLE, key, b"2")]);
        refused(&[Change::Expect(PEOPLE, key, Expected::Is(b"2")), Change::Remove(PEOPLE, key)]);
        tables
            .commit(&[Change::Expect(PEOPLE, key, Expected::Is(b"1")), Change::Remove(PEOPLE, key)])
            .unwrap();
        assert!(tables.get(PEOPLE, key).unwrap().is_none());
    }

    #[test]
    fn a_row_has_a_hard_limit() {
        let tables = tables();
        let key: &[Part<'_>] = &[Part::Number(1)];
        tables.commit(&[Change::Put(PEOPLE, key, &vec![7; ROW_BYTES_MAX])]).unwrap();
        assert_eq!(tables.get(PEOPLE, key).unwrap().unwrap().len(), ROW_BYTES_MAX);
        assert!(tables.commit(&[Change::Put(PEOPLE, key, &vec![7; ROW_BYTES_MAX + 1])]).is_err());
    }
}
