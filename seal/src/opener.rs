//! What seals and opens several secret files at once, and remembers what Argon2id gave: files that one opener has made
//! share a salt, so a passphrase is stretched once for all of them. Not what the files are (see [`crate::secret`]).

use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::argon::Stretch;
use crate::key::KEY_BYTES;
use crate::unlock::UnlockKind;
use crate::{Argon2Parameters, SlotError, Unlock, context, secret};

/// Salts that are remembered: a device has two key files, and two more while they are exchanged.
const KNOWN_MAX: usize = 8;

/// Seals and opens secret files. What it remembers is wiped when it is dropped.
pub struct Opener {
    unlock: Unlock,
    known: Mutex<Vec<Known>>,
    /// Salts that were drawn here: one that came in a file is never used for another, for somebody may have chosen it.
    drawn: Mutex<Vec<Stretch>>,
}

struct Known {
    stretch: Stretch,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

impl Opener {
    /// With a passphrase or a key file.
    pub fn new(unlock: Unlock) -> Self {
        Self { unlock, known: Mutex::default(), drawn: Mutex::default() }
    }

    /// As [`secret::seal_secret`]; a file of the same parameters as one before shares its salt.
    ///
    /// # Errors
    /// As there.
    pub fn seal(
        &self,
        secret: &[u8],
        place: &context::Key,
        parameters: Argon2Parameters,
    ) -> Result<Vec<u8>, SlotError> {
        let stretch = match self.unlock.kind() {
            UnlockKind::Passphrase => Some(self.stretch(parameters)?),
            UnlockKind::KeyFile => None,
        };
        secret::seal_by(secret, place, self.unlock.kind(), stretch, |stretch| self.key(stretch))
    }

    /// As [`secret::open_secret`].
    ///
    /// # Errors
    /// As there.
    pub fn open(&self, bytes: &[u8], place: &context::Key) -> Result<Zeroizing<Vec<u8>>, SlotError> {
        secret::open_by(bytes, place, |stretch| self.key(stretch))
    }

    fn stretch(&self, parameters: Argon2Parameters) -> Result<Stretch, SlotError> {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stretch) = drawn.iter().find(|drawn| drawn.parameters() == parameters) {
            return Ok(*stretch);
        }
        let stretch = Stretch::fresh(parameters)?;
        drawn.push(stretch);
        Ok(stretch)
    }

    /// One at a time: each takes the memory that Argon2id is given.
    fn key(&self, stretch: Option<&Stretch>) -> Result<Zeroizing<[u8; KEY_BYTES]>, SlotError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(wanted) = stretch else { return self.unlock.key_bytes(None) };
        if let Some(known) = known.iter().find(|known| known.stretch == *wanted) {
            return Ok(known.key.clone());
        }
        let key = self.unlock.key_bytes(stretch)?;
        if known.len() < KNOWN_MAX {
            known.push(Known { stretch: *wanted, key: key.clone() });
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{open_secret, seal_secret};

    const PARAMETERS: (u32, u32, u32) = (64, 1, 1);

    fn place<const N: usize>(purpose: &[u8; N], key: u8) -> context::Key {
        context::Key { owner_id: [1; 16], purpose: context::label(purpose), key_id: [key; 16] }
    }

    fn parameters() -> Argon2Parameters {
        let (memory_kib, passes, lanes) = PARAMETERS;
        Argon2Parameters::new(memory_kib, passes, lanes).unwrap()
    }

    fn phrase(text: &str) -> Unlock {
        Unlock::Passphrase(Zeroizing::new(text.to_owned()))
    }

    /// Where a file has its salt.
    fn salt(file: &[u8]) -> Stretch {
        secret::stretch_of(file).unwrap().unwrap()
    }

    #[test]
    fn files_of_one_opener_share_a_salt_and_are_like_any_other() {
        let opener = Opener::new(phrase("open sesame"));
        let places = [place(b"tls", 2), place(b"signing", 3)];
        let files = places.map(|place| opener.seal(b"private", &place, parameters()).unwrap());
        assert!(salt(&files[0]) == salt(&files[1]));
        assert_ne!(files[0], opener.seal(b"private", &places[0], parameters()).unwrap(), "another box");
        for (file, place) in files.iter().zip(&places) {
            assert_eq!(open_secret(file, place, &phrase("open sesame")).unwrap().as_slice(), b"private");
            assert_eq!(Opener::new(phrase("open sesame")).open(file, place).unwrap().as_slice(), b"private");
        }
        // One is not the other's, though the passphrase comes to the same.
        assert!(opener.open(&files[0], &places[1]).is_err());
        let other = Opener::new(phrase("another phrase"));
        assert!(matches!(other.open(&files[0], &places[0]), Err(SlotError::Unopenable(_))));
        assert!(salt(&other.seal(b"x", &places[0], parameters()).unwrap()) != salt(&files[0]));
    }

    #[test]
    fn each_salt_has_its_own_key_and_other_parameters_another_salt() {
        let opener = Opener::new(phrase("open sesame"));
        let here = place(b"tls", 2);
        let apart: Vec<_> = (0..2 * KNOWN_MAX)
            .map(|_| seal_secret(b"private", &here, &phrase("open sesame"), parameters()).unwrap())
            .collect();
        for file in apart.iter().chain(&apart) {
            assert_eq!(opener.open(file, &here).unwrap().as_slice(), b"private");
        }
        assert_eq!(opener.known.lock().unwrap().len(), KNOWN_MAX);
        // What came in a file is not given to another.
        let made = opener.seal(b"private", &here, parameters()).unwrap();
        assert!(apart.iter().all(|other| salt(other) != salt(&made)));
        let dearer = Argon2Parameters::new(72, 1, 1).unwrap();
        let file = opener.seal(b"private", &here, dearer).unwrap();
        assert!(apart.iter().all(|other| salt(other) != salt(&file)));
        assert!(opener.open(&file, &here).is_ok());
    }

    #[test]
    fn a_key_file_has_no_salt() {
        let opener = Opener::new(Unlock::KeyFile(Zeroizing::new([9; 32])));
        let here = place(b"tls", 2);
        let file = opener.seal(b"private", &here, parameters()).unwrap();
        assert!(secret::stretch_of(&file).unwrap().is_none());
        assert_eq!(opener.open(&file, &here).unwrap().as_slice(), b"private");
        assert!(matches!(Opener::new(phrase("x")).open(&file, &here), Err(SlotError::OtherKind { .. })));
    }
}
