//! Unlock slots: the master keys of a vault, sealed under a passphrase or a key file. Any one slot opens the
//! vault. Not where slots lie, and not who may have one.
//!
//! ```text
//! slot file = deterministic CBOR map
//!   0 version (1)      1 kind (1 passphrase, 2 key file)      2 vault id (16 B)      3 slot id (16 B)
//!   4 Argon2id [memory KiB, passes, lanes, salt 16 B], for a passphrase only      5 {domain: sealed master key (104 B)}
//! ```

use crate::argon::Stretch;
use crate::cbor::{Reader, Writer};
use crate::key::SlotKey;
use crate::unlock::UnlockKind;
use crate::{
    Argon2Parameters, KEY_SEALED_BYTES, MasterKey, SlotError, Unlock, Unopenable, context, open_key, seal_key,
};

/// Bytes of a slot file at most.
pub const SLOT_BYTES_MAX: usize = 4096;
/// Bytes of a passphrase at most, as typed.
pub const PASSPHRASE_BYTES_MAX: usize = 1024;
/// Master keys in a slot at most.
pub const DOMAINS_MAX: usize = 16;

const VERSION: u64 = 1;

/// A slot file that was read; nothing of it is vouched for before it opens.
pub struct SlotFile {
    vault_id: [u8; 16],
    slot_id: [u8; 16],
    kind: UnlockKind,
    stretch: Option<Stretch>,
    boxes: Vec<(u8, [u8; KEY_SEALED_BYTES])>,
}

impl SlotFile {
    /// Makes a slot that opens the master key of each (domain, key) by `unlock`. `parameters` count for a passphrase
    /// only. Blocks for as long as Argon2 takes. Errors: [`SlotError::Domains`], [`SlotError::Passphrase`],
    /// [`SlotError::Memory`], [`SlotError::NoRandomness`].
    pub fn make(
        vault_id: &[u8; 16],
        slot_id: &[u8; 16],
        unlock: &Unlock,
        masters: &[(u8, &MasterKey)],
        parameters: Argon2Parameters,
    ) -> Result<Vec<u8>, SlotError> {
        let mut masters: Vec<(u8, &MasterKey)> = masters.to_vec();
        masters.sort_unstable_by_key(|(domain, _)| *domain);
        let twice = masters.iter().zip(masters.iter().skip(1)).any(|(one, next)| one.0 == next.0);
        if twice || masters.is_empty() || masters.len() > DOMAINS_MAX {
            return Err(SlotError::Domains { count_max: DOMAINS_MAX });
        }
        let kind = unlock.kind();
        let stretch = match kind {
            UnlockKind::Passphrase => Some(Stretch::fresh(parameters)?),
            UnlockKind::KeyFile => None,
        };
        let key = SlotKey::copied(&*unlock.key_bytes(stretch.as_ref())?);
        let mut slot = Self { vault_id: *vault_id, slot_id: *slot_id, kind, stretch, boxes: Vec::new() };
        for (domain, master) in masters {
            let sealed = seal_key(&key, &slot.context(domain), master)?;
            slot.boxes.push((domain, sealed.try_into().map_err(|_| Unopenable)?));
        }
        Ok(slot.write())
    }

    /// Reads a slot file and opens its master keys, domains rising. Blocks for as long as Argon2 takes. Errors:
    /// those of [`Self::parse`], [`SlotError::Foreign`] for a slot of another vault, [`SlotError::OtherKind`],
    /// [`SlotError::Memory`], [`SlotError::Unopenable`].
    pub fn open(
        bytes: &[u8],
        vault_id: &[u8; 16],
        unlock: &Unlock,
    ) -> Result<Vec<(u8, MasterKey)>, SlotError> {
        let slot = Self::parse(bytes)?;
        if slot.vault_id != *vault_id {
            return Err(SlotError::Foreign { what: "vault" });
        }
        let key = SlotKey::copied(&*unlock.key_bytes(slot.stretch.as_ref())?);
        let mut masters = Vec::with_capacity(slot.boxes.len());
        for (domain, sealed) in &slot.boxes {
            masters.push((*domain, open_key(&key, &slot.context(*domain), sealed)?));
        }
        Ok(masters)
    }

    /// Reads a slot file without opening it. Errors: [`SlotError::TooLong`], [`SlotError::Malformed`],
    /// [`SlotError::Version`], [`SlotError::Parameters`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SlotError> {
        if bytes.len() > SLOT_BYTES_MAX {
            return Err(SlotError::TooLong { bytes: bytes.len(), bytes_max: SLOT_BYTES_MAX });
        }
        let mut reader = Reader::new(bytes);
        let entries = reader.map().ok_or(malformed("map"))?;
        version(&mut reader)?;
        let kind = kind(&mut reader)?;
        let vault_id = field(&mut reader, 2, "vault id")?;
        let slot_id = field(&mut reader, 3, "slot id")?;
        let stretch = match kind {
            UnlockKind::Passphrase => {
                expect(&mut reader, 4, "Argon2 parameters")?;
                Some(Stretch::read(&mut reader)?)
            }
            UnlockKind::KeyFile => None,
        };
        expect(&mut reader, 5, "master keys")?;
        let boxes = boxes(&mut reader)?;
        if entries != entry_count(5, kind) || !reader.is_at_end() {
            return Err(malformed("map"));
        }
        Ok(Self { vault_id, slot_id, kind, stretch, boxes })
    }

    /// The vault that the slot says it is of.
    pub fn vault_id(&self) -> [u8; 16] {
        self.vault_id
    }

    /// The slot's id.
    pub fn slot_id(&self) -> [u8; 16] {
        self.slot_id
    }

    /// What opens it.
    pub fn kind(&self) -> UnlockKind {
        self.kind
    }

    fn context(&self, domain: u8) -> context::Slot {
        context::Slot { vault_id: self.vault_id, slot_id: self.slot_id, kind: self.kind.number(), domain }
    }

    fn write(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.map(entry_count(5, self.kind));
        writer.number(0);
        writer.number(VERSION);
        writer.number(1);
        writer.number(self.kind.number().into());
        writer.number(2);
        writer.bytes(&self.vault_id);
        writer.number(3);
        writer.bytes(&self.slot_id);
        if let Some(stretch) = &self.stretch {
            writer.number(4);
            stretch.write(&mut writer);
        }
        writer.number(5);
        writer.map(self.boxes.len() as u64);
        for (domain, sealed) in &self.boxes {
            writer.number((*domain).into());
            writer.bytes(sealed);
        }
        writer.finish()
    }
}

/// Entries of a file's map: `without` Argon2 parameters, one more with them.
pub(crate) fn entry_count(without: u64, kind: UnlockKind) -> u64 {
    match kind {
        UnlockKind::Passphrase => without + 1,
        UnlockKind::KeyFile => without,
    }
}

/// Key 0. A higher version is told apart from nonsense.
pub(crate) fn version(reader: &mut Reader<'_>) -> Result<(), SlotError> {
    expect(reader, 0, "version")?;
    match reader.number().ok_or(malformed("version"))? {
        VERSION => Ok(()),
        found => Err(SlotError::Version { found }),
    }
}

/// Key 1.
pub(crate) fn kind(reader: &mut Reader<'_>) -> Result<UnlockKind, SlotError> {
    expect(reader, 1, "kind")?;
    reader.number().and_then(UnlockKind::from_number).ok_or(malformed("kind"))
}

/// A key with 16 bytes.
pub(crate) fn field(reader: &mut Reader<'_>, key: u64, what: &'static str) -> Result<[u8; 16], SlotError> {
    expect(reader, key, what)?;
    reader.bytes_exact().ok_or(malformed(what))
}

/// The next key is this one.
pub(crate) fn expect(reader: &mut Reader<'_>, key: u64, what: &'static str) -> Result<(), SlotError> {
    if reader.number() == Some(key) { Ok(()) } else { Err(malformed(what)) }
}

pub(crate) fn malformed(what: &'static str) -> SlotError {
    SlotError::Malformed { what }
}

fn boxes(reader: &mut Reader<'_>) -> Result<Vec<(u8, [u8; KEY_SEALED_BYTES])>, SlotError> {
    let refused = malformed("master keys");
    let count = reader.map().and_then(|count| usize::try_from(count).ok()).ok_or(refused)?;
    if count == 0 || count > DOMAINS_MAX {
        return Err(refused);
    }
    let mut boxes: Vec<(u8, [u8; KEY_SEALED_BYTES])> = Vec::with_capacity(count);
    for _ in 0..count {
        let domain = reader.number().and_then(|domain| u8::try_from(domain).ok()).ok_or(refused)?;
        if boxes.last().is_some_and(|(before, _)| *before >= domain) {
            return Err(refused);
        }
        boxes.push((domain, reader.bytes_exact().ok_or(refused)?));
    }
    Ok(boxes)
}

#[cfg(test)]
mod tests;
