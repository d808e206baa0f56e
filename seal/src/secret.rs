//! A secret in a file of its own, sealed under a passphrase or a key file: root keys, a device's private keys.
//! What needs no file of its own is a plain box of [`crate::context::Key`].
//!
//! ```text
//! secret file = deterministic CBOR map
//!   0 version (1)      1 kind (1 passphrase, 2 key file)      2 owner id (16 B)      3 purpose (16 B)      4 key id (16 B)
//!   5 Argon2id [memory KiB, passes, lanes, salt 16 B], for a passphrase only      6 box (context `key`)
//! ```
//!
//! The key of the box is `FileKey::private_keys_key(owner id)`, where the file key is the key file's bytes or
//! what Argon2id gives.

use zeroize::Zeroizing;

use crate::argon::Stretch;
use crate::cbor::{Reader, Writer};
use crate::key::KEY_BYTES;
use crate::slot::{entry_count, expect, field, kind, malformed, version};
use crate::unlock::UnlockKind;
use crate::{
    Argon2Parameters, FileKey, PrivateKeysKey, SlotError, Unlock, context, open, seal, sealed_bytes,
};

/// Bytes of a secret at most.
pub const SECRET_BYTES_MAX: usize = 65_536;
/// Bytes of a secret file at most.
pub const SECRET_FILE_BYTES_MAX: usize = sealed_bytes(SECRET_BYTES_MAX) + 256;

/// Seals `secret` for `place` into the bytes of a file. `parameters` count for a passphrase only. Blocks for as long
/// as Argon2 takes. Errors: [`SlotError::SecretTooLong`], [`SlotError::Passphrase`], [`SlotError::Memory`],
/// [`SlotError::NoRandomness`].
pub fn seal_secret(
    secret: &[u8],
    place: &context::Key,
    unlock: &Unlock,
    parameters: Argon2Parameters,
) -> Result<Vec<u8>, SlotError> {
    let stretch = match unlock.kind() {
        UnlockKind::Passphrase => Some(Stretch::fresh(parameters)?),
        UnlockKind::KeyFile => None,
    };
    seal_by(secret, place, unlock.kind(), stretch, |stretch| unlock.key_bytes(stretch))
}

/// The same, with a file key that somebody has.
pub(crate) fn seal_by(
    secret: &[u8],
    place: &context::Key,
    kind: UnlockKind,
    stretch: Option<Stretch>,
    file_key: impl FnOnce(Option<&Stretch>) -> Result<Zeroizing<[u8; KEY_BYTES]>, SlotError>,
) -> Result<Vec<u8>, SlotError> {
    if secret.len() > SECRET_BYTES_MAX {
        return Err(SlotError::SecretTooLong { bytes_max: SECRET_BYTES_MAX });
    }
    let sealed = seal(&box_key(&*file_key(stretch.as_ref())?, place), place, secret)?;
    let mut writer = Writer::default();
    writer.map(entry_count(6, kind));
    writer.number(0);
    writer.number(1);
    writer.number(1);
    writer.number(kind.number().into());
    for (key, id) in [(2, &place.owner_id), (3, &place.purpose), (4, &place.key_id)] {
        writer.number(key);
        writer.bytes(id);
    }
    if let Some(stretch) = &stretch {
        writer.number(5);
        stretch.write(&mut writer);
    }
    writer.number(6);
    writer.bytes(&sealed);
    Ok(writer.finish())
}

/// Opens a file of [`seal_secret`] that is for `place`. Blocks for as long as Argon2 takes. Errors: those of
/// [`place_of`], [`SlotError::Foreign`] for another place, [`SlotError::OtherKind`], [`SlotError::Memory`],
/// [`SlotError::Unopenable`].
pub fn open_secret(
    bytes: &[u8],
    place: &context::Key,
    unlock: &Unlock,
) -> Result<Zeroizing<Vec<u8>>, SlotError> {
    open_by(bytes, place, |stretch| unlock.key_bytes(stretch))
}

/// The same, with a file key that somebody has.
pub(crate) fn open_by(
    bytes: &[u8],
    place: &context::Key,
    file_key: impl FnOnce(Option<&Stretch>) -> Result<Zeroizing<[u8; KEY_BYTES]>, SlotError>,
) -> Result<Zeroizing<Vec<u8>>, SlotError> {
    let file = SecretFile::parse(bytes)?;
    for (what, found, wanted) in [
        ("owner", file.place.owner_id, place.owner_id),
        ("purpose", file.place.purpose, place.purpose),
        ("key", file.place.key_id, place.key_id),
    ] {
        if found != wanted {
            return Err(SlotError::Foreign { what });
        }
    }
    let key = box_key(&*file_key(file.stretch.as_ref())?, place);
    Ok(open(&key, place, file.sealed)?)
}

/// What a secret file says that it is for, without opening it. Errors: [`SlotError::TooLong`],
/// [`SlotError::Malformed`], [`SlotError::Version`], [`SlotError::Parameters`].
pub fn place_of(bytes: &[u8]) -> Result<context::Key, SlotError> {
    Ok(SecretFile::parse(bytes)?.place)
}

/// What opens a secret file. Errors as [`place_of`].
pub fn kind_of(bytes: &[u8]) -> Result<UnlockKind, SlotError> {
    Ok(SecretFile::parse(bytes)?.kind)
}

struct SecretFile<'a> {
    kind: UnlockKind,
    place: context::Key,
    stretch: Option<Stretch>,
    sealed: &'a [u8],
}

impl<'a> SecretFile<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, SlotError> {
        if bytes.len() > SECRET_FILE_BYTES_MAX {
            return Err(SlotError::TooLong { bytes: bytes.len(), bytes_max: SECRET_FILE_BYTES_MAX });
        }
        let mut reader = Reader::new(bytes);
        let entries = reader.map().ok_or(malformed("map"))?;
        version(&mut reader)?;
        let kind = kind(&mut reader)?;
        let place = context::Key {
            owner_id: field(&mut reader, 2, "owner id")?,
            purpose: field(&mut reader, 3, "purpose")?,
            key_id: field(&mut reader, 4, "key id")?,
        };
        let stretch = match kind {
            UnlockKind::Passphrase => {
                expect(&mut reader, 5, "Argon2 parameters")?;
                Some(Stretch::read(&mut reader)?)
            }
            UnlockKind::KeyFile => None,
        };
        expect(&mut reader, 6, "box")?;
        let sealed = reader.bytes().ok_or(malformed("box"))?;
        if entries != entry_count(6, kind) || !reader.is_at_end() {
            return Err(malformed("map"));
        }
        Ok(Self { kind, place, stretch, sealed })
    }
}

fn box_key(file_key: &[u8; KEY_BYTES], place: &context::Key) -> PrivateKeysKey {
    FileKey::copied(file_key).private_keys_key(&place.owner_id)
}

/// The salt of a file.
#[cfg(test)]
pub(crate) fn stretch_of(bytes: &[u8]) -> Result<Option<Stretch>, SlotError> {
    Ok(SecretFile::parse(bytes)?.stretch)
}

#[cfg(test)]
mod tests;
