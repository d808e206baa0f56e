//! The ledger at a start: checked and posted forward after a clean stop, posted wholly again after any other.

use std::path::Path;
use std::sync::PoisonError;

use host::Disk;
use journal::Reader;
use vault::records::{self, Found, Scan, SledRecords};
use vault::{ShelfPosition, Shelved, Vault};

use super::post::{Draft, PostError, Posting, Says};
use super::rows::{self, Key, Position, Row, Table, key};
use super::{Ledger, Registered};
use crate::registry::Registry;
use crate::sealing::{self, EntrySeals, ReadFailure};

/// Entries posted in one batch.
const BATCH_ENTRIES: u64 = 512;

/// What a start did with the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Entries that were posted now.
    pub entries: u64,
    /// Whether it was posted from the first entry on, and why.
    pub again: Option<Why>,
}

/// Why a ledger is posted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There is none.
    Absent,
    /// It was asked for.
    Asked,
    /// The store can not be opened, or its rows do not add up.
    Damaged,
    /// Another version wrote it.
    Format,
    /// The last stop was not clean.
    Unclean,
}

/// Why the ledger can not be posted.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An entry can not be read: damage, named.
    #[error(transparent)]
    Entry(#[from] ReadFailure),
    /// A statement can not be posted.
    #[error(transparent)]
    Post(#[from] PostError),
    /// The journal's.
    #[error(transparent)]
    Journal(#[from] journal::JournalError),
    /// The vault's or the store's.
    #[error(transparent)]
    Vault(#[from] vault::VaultError),
}

impl From<vault::records::RecordsError> for StartError {
    fn from(error: vault::records::RecordsError) -> Self {
        Self::Vault(error.into())
    }
}

/// Whether the ledger may be used as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// If it is whole.
    AsItIs,
    /// Never: it is posted again.
    Again,
}

impl Ledger {
    /// Opens the ledger in `folder`, posts what is missing and fills the registry.
    ///
    /// # Errors
    /// [`StartError`]: damage in the journal or the vault, by name. Damage in the store is no error: it is set aside.
    pub fn start(
        disk: &Disk,
        folder: &Path,
        vault: &Vault,
        journal: &Reader,
        registry: &Registry,
        begin: Begin,
    ) -> Result<(Self, Posted), StartError> {
        let (ledger, again) = Self::open(disk, folder, vault, journal, begin)?;
        let from = ledger.row::<Position>(&key::position())?.map_or(0, |position| position.entries);
        if from < journal.size() {
            ledger.locate_all(vault)?;
        }
        let entries = ledger.post_from(from)?;
        ledger.located.lock().unwrap_or_else(PoisonError::into_inner).clear();
        ledger.keep_accepted(vault)?;
        if entries > 0 {
            for shelf in vault.shelves() {
                vault.recover_shelf(&shelf)?;
            }
        }
        ledger.fill(registry)?;
        Ok((ledger, Posted { entries, again }))
    }

    /// The store as it is if it can be relied on, else an empty one in its place.
    fn open(
        disk: &Disk,
        folder: &Path,
        vault: &Vault,
        journal: &Reader,
        begin: Begin,
    ) -> Result<(Self, Option<Why>), StartError> {
        if begin == Begin::Again {
            return Ok((
                Self::over(SledRecords::open_empty(disk, folder)?, vault, journal)?,
                Some(Why::Asked),
            ));
        }
        let opened = SledRecords::open(disk, folder)?;
        let ledger = Self::over(opened.records, vault, journal)?;
        let why = match opened.found {
            Found::Empty(records::Why::Absent) => Some(Why::Absent),
            Found::Empty(records::Why::Damaged) => Some(Why::Damaged),
            Found::Empty(records::Why::Unclean) => Some(Why::Unclean),
            Found::Clean => ledger.fault(journal)?,
        };
        match (opened.found, why) {
            (Found::Clean, Some(why)) => {
                drop(ledger);
                Ok((Self::over(SledRecords::open_empty(disk, folder)?, vault, journal)?, Some(why)))
            }
            (_, why) => Ok((ledger, why)),
        }
    }

    /// Why a store that was stopped cleanly can not be relied on all the same, if so.
    fn fault(&self, journal: &Reader) -> Result<Option<Why>, StartError> {
        let Ok(Some(position)) = self.row::<Position>(&key::position()) else {
            return Ok(Some(Why::Damaged));
        };
        if position.format != rows::FORMAT {
            return Ok(Some(Why::Format));
        }
        let rows = self.count()?;
        // One row more: the position's own.
        if position.entries > journal.size() || rows != position.rows.saturating_add(1) || !position.clean {
            return Ok(Some(Why::Damaged));
        }
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) = position.rows;
        Ok(None)
    }

    fn over(records: SledRecords, vault: &Vault, journal: &Reader) -> Result<Self, StartError> {
        Ok(Self {
            tables: vault.tables(records)?,
            vault: vault.clone(),
            journal: journal.clone(),
            seals: EntrySeals::new(vault.clone()),
            located: std::sync::Mutex::default(),
            count: std::sync::Mutex::default(),
        })
    }

    /// Reads every shelf: where each document lies that an entry may speak of.
    fn locate_all(&self, vault: &Vault) -> Result<(), StartError> {
        let mut located = self.located.lock().unwrap_or_else(PoisonError::into_inner);
        for shelf in vault.shelves() {
            vault.scan_shelf(&shelf, &mut |record| {
                let place = (record.person, record.submission, record.n);
                match record.state {
                    Shelved::Stored(position) => drop(located.insert(place, position)),
                    Shelved::Dropped => drop(located.remove(&place)),
                }
            })?;
        }
        Ok(())
    }

    /// Tells the vault of every document that was accepted: nothing is cut below it.
    fn keep_accepted(&self, vault: &Vault) -> Result<(), StartError> {
        let mut outcome = Ok(());
        self.tables.scan(super::name(Table::Document), &[], None, &mut |_, bytes| {
            match rows::Document::from_bytes(bytes) {
                Ok(row) => {
                    let position = row.position.and_then(|position| ShelfPosition::from_bytes(&position));
                    position.iter().for_each(|position| vault.keep_on_shelf(position));
                    Scan::GoOn
                }
                Err(malformed) => {
                    outcome = Err(PostError::from(malformed).into());
                    Scan::Stop
                }
            }
        })?;
        outcome
    }

    fn post_from(&self, from: u64) -> Result<u64, StartError> {
        let mut before = match from {
            0 => None,
            _ => Some(self.journal.entry(from - 1)?.hash()),
        };
        let mut draft = Draft::new(self);
        let mut next = from;
        let mut pending = 0u64;
        self.journal.iterate(from, |entry| -> Result<(), StartError> {
            let index = entry.index();
            match sealing::read(&entry, &self.seals) {
                Ok(read) => {
                    let posting = Posting {
                        entry: index,
                        hash: entry.hash(),
                        before,
                        time: entry.head().time,
                        says: Says::of(read.signed.statement()),
                        list: read.list.as_deref(),
                    };
                    draft.post(&posting, self)?;
                }
                Err(failure) if failure.is_erased() => {}
                Err(failure) => return Err(failure.into()),
            }
            before = Some(entry.hash());
            next = index + 1;
            pending += 1;
            if pending >= BATCH_ENTRIES {
                let (changes, _) = std::mem::replace(&mut draft, Draft::new(self)).into_changes();
                self.apply(&changes, next)?;
                pending = 0;
            }
            Ok(())
        })?;
        let (changes, _) = draft.into_changes();
        if pending > 0 {
            self.apply(&changes, next)?;
        }
        Ok(next.saturating_sub(from))
    }

    /// The registry from the rows.
    fn fill(&self, registry: &Registry) -> Result<(), StartError> {
        for row in self.rows::<rows::Person>(&Key::of(Table::Person))? {
            self.tell(registry, &Registered::Person(row));
        }
        for row in self.rows::<rows::Factor>(&Key::of(Table::Factor))? {
            self.tell(registry, &Registered::Factor(row));
        }
        for row in self.rows::<rows::Book>(&Key::of(Table::Book))? {
            self.tell(registry, &Registered::Book(row));
        }
        for row in self.rows::<rows::Grant>(&Key::of(Table::Grant))? {
            self.tell(registry, &Registered::Grant(row));
        }
        for row in self.rows::<rows::Invitation>(&Key::of(Table::Invitation))? {
            self.tell(registry, &Registered::Invitation(row));
        }
        for row in self.rows::<rows::Device>(&Key::of(Table::Device))? {
            self.tell(registry, &Registered::Device(row));
        }
        for row in self.rows::<rows::Certificate>(&Key::of(Table::Certificate))? {
            self.tell(registry, &Registered::Certificate(row));
        }
        Ok(())
    }
}
