//! Records in memory: what the other stores are compared with, and what tests use. Durable in no way.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use super::{Batch, Each, Records, RecordsError, Scan};

/// A store that forgets when it is dropped.
#[derive(Debug, Default)]
pub struct Memory {
    rows: RwLock<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl Records for Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RecordsError> {
        Ok(self.rows.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, each: Each<'_>) -> Result<(), RecordsError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after.to_vec()),
            _ => Bound::Included(prefix.to_vec()),
        };
        // Row by row, so that the receiver may read and commit meanwhile.
        let mut from = from;
        loop {
            let next = {
                let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
                rows.range((from, Bound::Unbounded)).next().map(|(key, value)| (key.clone(), value.clone()))
            };
            match next {
                Some((key, value)) if key.starts_with(prefix) => {
                    if each(&key, &value) == Scan::Stop {
                        return Ok(());
                    }
                    from = Bound::Excluded(key);
                }
                _ => return Ok(()),
            }
        }
    }

    fn commit(&self, batch: &Batch) -> Result<(), RecordsError> {
        batch.check()?;
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        batch.holds(|key| Ok(rows.get(key).cloned()))?;
        for (key, value) in &batch.changes {
            match value {
                Some(value) => drop(rows.insert(key.clone(), value.clone())),
                None => drop(rows.remove(key)),
            }
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), RecordsError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn memory_conforms() {
        super::super::conformance::all(&mut super::Memory::default);
    }
}
