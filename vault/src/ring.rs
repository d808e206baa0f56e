//! A ring: the keys in force of one domain, in a log of sealed frames. Makes no decision about which keys there are.
//!
//! `ring/<domain>.<generation>`, format `counterfoil ring 1`. Frame 1 holds the keys carried over, each later one
//! adds keys; frame n is sealed under the ring key with revision n. The plaintext is
//! `{0: 1, 1: entries, 2: digest of vault.json, or empty after frame 1}`, an entry an array by its first item:
//!
//! | item 0 | then | meaning |
//! |---|---|---|
//! | 1 | shelf id, book, class, year, term, version, key | a shelf's key |
//! | 2 | entry key id, scope, id or empty, year or 0, key | a key of journal entries; scope 1 book and year, 2 person, 3 book, 4 house |
//! | 3 | book, key | a book's duplicate key |
//! | 4 | key | the index key |
//! | 5 | key | the handle key |
//! | 6 | what, id, version or 0 | a tombstone: entry of kind `what` is destroyed and its key is never made again |

use std::path::{Path, PathBuf};
use std::sync::Arc;

use host::{Disk, Durable, Frame, Log, LogError};
use model::{
    Blake3Digest, BookId, Class, EntryKeyId, PersonId, ShelfId, Term, VaultId, class::Domain, limits,
};
use seal::context::Ring as RingContext;
use seal::{DuplicateKey, EntryKey, HandleKey, IndexKey, RingKey, ShelfKey};
use zeroize::{Zeroize, Zeroizing};

use crate::VaultError;
use crate::codec::{NotOurs, Reader, Writer};
use crate::error::damaged;

pub(crate) const FORMAT: &str = "counterfoil ring 1";
/// Kind of every frame after the format's.
const KEYS: u8 = 1;
/// More than the longest entry takes.
const ENTRY_BYTES: usize = 160;

/// What a shelf is: what dies together shares a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShelfName {
    /// Its book.
    pub book: BookId,
    /// Its class, and by it its domain.
    pub class: Class,
    /// Its fiscal year.
    pub year: u16,
    /// Its retention term.
    pub term: Term,
}

/// Which journal entries share a key: they can be erased together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryScope {
    /// Submissions, takes and handovers of one book in one calendar year.
    BookYear(BookId, u16),
    /// Statements that carry a person's name or a label of a device of theirs.
    Person(PersonId),
    /// Statements that carry a book's name.
    Book(BookId),
    /// All else.
    House,
}

/// One key in force, or one that is gone.
#[derive(Clone)]
pub(crate) enum Entry {
    Shelf { id: ShelfId, name: ShelfName, version: u32, key: Arc<ShelfKey> },
    Journal { id: EntryKeyId, scope: EntryScope, key: Arc<EntryKey> },
    Duplicate { book: BookId, key: Arc<DuplicateKey> },
    Index(Arc<IndexKey>),
    Handle(Arc<HandleKey>),
    Tombstone(Tombstone),
}

/// A state, not an absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tombstone {
    Shelf(ShelfId, u32),
    Journal(EntryKeyId),
    Duplicate(BookId),
}

/// One writer of one ring's log.
pub(crate) struct Ring {
    disk: Disk,
    path: PathBuf,
    identity: Blake3Digest,
    key: RingKey,
    context: RingContext,
    /// None if it is to be recovered first: an append has failed, or its end is torn.
    log: Option<Log>,
    /// Length of what was read or acknowledged: nothing is cut below it.
    end: u64,
    /// Its end was not whole when it was opened, and nobody has said yet what that is.
    torn: bool,
}

/// Which ring: all that its contexts need, and where it lies.
pub(crate) struct RingPlace<'a> {
    pub(crate) disk: &'a Disk,
    pub(crate) path: PathBuf,
    pub(crate) vault: VaultId,
    pub(crate) domain: Domain,
    pub(crate) generation: u64,
}

impl Ring {
    /// Makes a ring with the keys of its first frame.
    pub(crate) fn create(
        place: RingPlace<'_>,
        key: RingKey,
        identity: &Blake3Digest,
        entries: &[Entry],
    ) -> Result<Durable<Self>, VaultError> {
        let log = Log::create(place.disk, &place.path, FORMAT)?;
        let mut ring = Self::closed(place, key, identity);
        ring.end = log.end();
        ring.log = Some(log);
        let added = ring.append(Some(identity), entries)?;
        Ok(added.map(|()| ring))
    }

    /// Reads a ring: its keys in the order in which they came. A torn end is left, see [`Ring::settle`].
    pub(crate) fn open(
        place: RingPlace<'_>,
        key: RingKey,
        identity: &Blake3Digest,
    ) -> Result<(Self, Vec<Entry>), VaultError> {
        let mut ring = Self::closed(place, key, identity);
        let mut entries = Vec::new();
        let found =
            Log::survey(&ring.disk, &ring.path, FORMAT, &mut |frame| ring.read(&frame, &mut entries))?;
        // A ring without its first frame has lost it, or `init` was never finished: both are damage.
        if found.frames < 2 {
            return Err(damaged("ring", &ring.path));
        }
        (ring.end, ring.torn) = (found.end, found.cut_bytes > 0);
        if !ring.torn {
            ring.recover()?;
        }
        Ok((ring, entries))
    }

    fn closed(place: RingPlace<'_>, key: RingKey, identity: &Blake3Digest) -> Self {
        let context = place.context();
        let disk = place.disk.clone();
        Self { disk, path: place.path, identity: *identity, key, context, log: None, end: 0, torn: false }
    }

    /// Whether its end was not whole when it was opened, and is not settled.
    pub(crate) fn is_torn(&self) -> bool {
        self.torn
    }

    /// Cuts the torn end: whoever calls knows that no key in it was ever used.
    pub(crate) fn settle(&mut self) -> Result<(), VaultError> {
        self.recover()?;
        self.torn = false;
        Ok(())
    }

    /// After an append that has failed, as on a full disk: all keys that the ring holds, perhaps those of that
    /// append too. Nothing if none has failed.
    pub(crate) fn mend(&mut self) -> Result<Vec<Entry>, VaultError> {
        match (&self.log, self.torn) {
            (Some(_), _) => Ok(Vec::new()),
            (None, true) => Err(self.damaged_end()),
            (None, false) => self.recover(),
        }
    }

    /// A torn end that may hold keys which are used.
    pub(crate) fn damaged_end(&self) -> VaultError {
        damaged("ring: its last frame", &self.path)
    }

    fn recover(&mut self) -> Result<Vec<Entry>, VaultError> {
        let mut entries = Vec::new();
        let (log, _) = Log::recover(&self.disk, &self.path, FORMAT, self.end, &mut |frame| {
            self.read(&frame, &mut entries)
        })?;
        self.end = log.end();
        self.log = Some(log);
        Ok(entries)
    }

    fn read(&self, frame: &Frame<'_>, entries: &mut Vec<Entry>) -> Result<(), LogError> {
        let context = RingContext { revision: frame.number, ..self.context };
        let more = open_frame(&self.key, &context, frame.number, frame.body, &self.identity);
        entries.extend(more.map_err(|NotOurs| frame.refuse("it is no frame of this ring"))?);
        Ok(())
    }

    /// Adds keys. They may be used only when this has returned.
    pub(crate) fn add(&mut self, entries: &[Entry]) -> Result<Durable<()>, VaultError> {
        self.append(None, entries)
    }

    fn append(
        &mut self,
        identity: Option<&Blake3Digest>,
        entries: &[Entry],
    ) -> Result<Durable<()>, VaultError> {
        let mut writer = Writer::map(3, 64 + entries.len().saturating_mul(ENTRY_BYTES));
        writer.key(1).array(entries.len());
        entries.iter().for_each(|entry| entry.write(&mut writer));
        writer.key(2).bytes(identity.map_or(&[], |digest| digest.as_bytes()));
        let plain = writer.finish();
        if plain.len() > limits::FRAME_BYTES_MAX / 2 {
            return Err(VaultError::TooLarge { what: "ring frame" });
        }
        // Given back only when the append has succeeded.
        let mut log = self.log.take().ok_or_else(|| self.damaged_end())?;
        let context = RingContext { revision: log.frames(), ..self.context };
        let sealed = seal::seal(&self.key, &context, &plain)?;
        let added = log.append(KEYS, &sealed)?;
        self.end = log.end();
        self.log = Some(log);
        Ok(added.map(|_| ()))
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl RingPlace<'_> {
    fn context(&self) -> RingContext {
        RingContext {
            vault_id: *self.vault.as_bytes(),
            domain: self.domain.code(),
            generation: self.generation,
            revision: 0,
        }
    }
}

fn open_frame(
    key: &RingKey,
    context: &RingContext,
    number: u64,
    body: &[u8],
    identity: &Blake3Digest,
) -> Result<Vec<Entry>, NotOurs> {
    let plain = seal::open(key, context, body).map_err(|_| NotOurs)?;
    let mut reader = Reader::map(&plain, 3)?;
    let count = reader.key(1)?.array()?;
    let entries = (0..count).map(|_| Entry::read(&mut reader)).collect::<Result<_, _>>()?;
    let said = reader.key(2)?.bytes()?;
    let expected: &[u8] = if number == 1 { identity.as_bytes() } else { &[] };
    reader.end()?;
    if said == expected { Ok(entries) } else { Err(NotOurs) }
}

impl Entry {
    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Shelf { id, name, version, key } => {
                writer.array(8).uint(1).bytes(id.as_bytes()).bytes(name.book.as_bytes());
                writer.uint(name.class.code().into()).uint(name.year.into()).uint(name.term.code().into());
                writer.uint((*version).into()).bytes(key.expose());
            }
            Self::Journal { id, scope, key } => {
                let (code, about, year): (u64, &[u8], u16) = match scope {
                    EntryScope::BookYear(book, year) => (1, book.as_bytes(), *year),
                    EntryScope::Person(person) => (2, person.as_bytes(), 0),
                    EntryScope::Book(book) => (3, book.as_bytes(), 0),
                    EntryScope::House => (4, &[], 0),
                };
                writer.array(6).uint(2).bytes(id.as_bytes()).uint(code).bytes(about).uint(year.into());
                writer.bytes(key.expose());
            }
            Self::Duplicate { book, key } => {
                writer.array(3).uint(3).bytes(book.as_bytes()).bytes(key.expose());
            }
            Self::Index(key) => {
                writer.array(2).uint(4).bytes(key.expose());
            }
            Self::Handle(key) => {
                writer.array(2).uint(5).bytes(key.expose());
            }
            Self::Tombstone(tombstone) => {
                let (what, id, version): (u64, &[u8], u32) = match tombstone {
                    Tombstone::Shelf(id, version) => (1, id.as_bytes(), *version),
                    Tombstone::Journal(id) => (2, id.as_bytes(), 0),
                    Tombstone::Duplicate(book) => (3, book.as_bytes(), 0),
                };
                writer.array(4).uint(6).uint(what).bytes(id).uint(version.into());
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, NotOurs> {
        match (reader.array()?, reader.uint()?) {
            (8, 1) => Self::read_shelf(reader),
            (6, 2) => Self::read_entry_key(reader),
            (3, 3) => Ok(Self::Duplicate {
                book: BookId::from_bytes(reader.exactly()?),
                key: Arc::new(DuplicateKey::from_bytes(&mut *key_bytes(reader)?)),
            }),
            (2, 4) => Ok(Self::Index(Arc::new(IndexKey::from_bytes(&mut *key_bytes(reader)?)))),
            (2, 5) => Ok(Self::Handle(Arc::new(HandleKey::from_bytes(&mut *key_bytes(reader)?)))),
            (4, 6) => {
                let (what, id, version) = (reader.uint()?, reader.exactly()?, reader.number()?);
                Ok(Self::Tombstone(match what {
                    1 => Tombstone::Shelf(ShelfId::from_bytes(id), version),
                    2 => Tombstone::Journal(EntryKeyId::from_bytes(id)),
                    3 => Tombstone::Duplicate(BookId::from_bytes(id)),
                    _ => return Err(NotOurs),
                }))
            }
            _ => Err(NotOurs),
        }
    }

    fn read_shelf(reader: &mut Reader<'_>) -> Result<Self, NotOurs> {
        let id = ShelfId::from_bytes(reader.exactly()?);
        let name = ShelfName {
            book: BookId::from_bytes(reader.exactly()?),
            class: Class::from_code(reader.number()?)?,
            year: reader.number()?,
            term: Term::from_code(reader.number()?)?,
        };
        let version = reader.number()?;
        Ok(Self::Shelf { id, name, version, key: Arc::new(ShelfKey::from_bytes(&mut *key_bytes(reader)?)) })
    }

    fn read_entry_key(reader: &mut Reader<'_>) -> Result<Self, NotOurs> {
        let id = EntryKeyId::from_bytes(reader.exactly()?);
        let (code, about, year) = (reader.uint()?, reader.bytes()?, reader.number()?);
        let about_id = || -> Result<[u8; 16], NotOurs> { about.try_into().map_err(|_| NotOurs) };
        let scope = match (code, year) {
            (1, year) => EntryScope::BookYear(BookId::from_bytes(about_id()?), year),
            (2, 0) => EntryScope::Person(PersonId::from_bytes(about_id()?)),
            (3, 0) => EntryScope::Book(BookId::from_bytes(about_id()?)),
            (4, 0) if about.is_empty() => EntryScope::House,
            _ => return Err(NotOurs),
        };
        Ok(Self::Journal { id, scope, key: Arc::new(EntryKey::from_bytes(&mut *key_bytes(reader)?)) })
    }
}

fn key_bytes(reader: &mut Reader<'_>) -> Result<Zeroizing<[u8; 32]>, NotOurs> {
    let mut bytes: [u8; 32] = reader.exactly()?;
    let wiped = Zeroizing::new(bytes);
    bytes.zeroize();
    Ok(wiped)
}
