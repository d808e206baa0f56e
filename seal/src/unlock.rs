//! What a person or a machine unlocks with: a passphrase or the bytes of a key file. Not where they come from.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::argon::Stretch;
use crate::slot::PASSPHRASE_BYTES_MAX;
use crate::{SlotError, key};

/// What unlocks a slot or a secret file. Taken to be right by nobody: only an opened box says so.
pub enum Unlock {
    /// What somebody typed, or the words of a recovery kit. Normalised to NFC before use, otherwise taken as it is:
    /// also a space or a line break counts.
    Passphrase(Zeroizing<String>),
    /// The 32 random bytes of a key file or of a system's keychain.
    KeyFile(Zeroizing<[u8; key::KEY_BYTES]>),
}

/// How a file says what unlocks it. The numbers are in the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnlockKind {
    /// A passphrase, through Argon2id.
    Passphrase = 1,
    /// A key file, as it is.
    KeyFile = 2,
}

impl UnlockKind {
    /// Reads the number in a file.
    pub(crate) fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Passphrase),
            2 => Some(Self::KeyFile),
            _ => None,
        }
    }

    /// The number in a file.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Passphrase => 1,
            Self::KeyFile => 2,
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            Self::KeyFile => "key file",
        }
    }
}

impl Unlock {
    /// Which of the two it is.
    pub fn kind(&self) -> UnlockKind {
        match self {
            Self::Passphrase(_) => UnlockKind::Passphrase,
            Self::KeyFile(_) => UnlockKind::KeyFile,
        }
    }

    /// The 32 bytes that it comes to in a file with `stretch`. Errors: [`SlotError::OtherKind`] if the file is for
    /// the other kind, [`SlotError::Passphrase`], [`SlotError::Memory`].
    pub(crate) fn key_bytes(
        &self,
        stretch: Option<&Stretch>,
    ) -> Result<Zeroizing<[u8; key::KEY_BYTES]>, SlotError> {
        match (self, stretch) {
            (Self::Passphrase(passphrase), Some(stretch)) => {
                stretch.stretch(normalised(passphrase)?.as_bytes())
            }
            (Self::KeyFile(bytes), None) => Ok(bytes.clone()),
            (Self::Passphrase(_), None) => Err(SlotError::OtherKind { wants: UnlockKind::KeyFile.noun() }),
            (Self::KeyFile(_), Some(_)) => Err(SlotError::OtherKind { wants: UnlockKind::Passphrase.noun() }),
        }
    }
}

/// NFC, so that the same passphrase typed on another system is the same bytes.
fn normalised(passphrase: &str) -> Result<Zeroizing<String>, SlotError> {
    let refused = SlotError::Passphrase { bytes_max: PASSPHRASE_BYTES_MAX };
    if passphrase.is_empty() || passphrase.len() > PASSPHRASE_BYTES_MAX {
        return Err(refused);
    }
    // NFC grows UTF-8 three times at most; with the room made before, no copy stays behind.
    let mut normal = Zeroizing::new(String::with_capacity(passphrase.len().saturating_mul(3)));
    normal.extend(passphrase.nfc());
    Ok(normal)
}
