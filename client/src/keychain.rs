//! The system's keychain (Windows credentials, macOS keychain, Secret Service): it holds 32 bytes that open this device's
//! key files, so that a copy of the files alone is worth nothing. Never the device's keys themselves.

use keyring::{Entry, Error};
use zeroize::Zeroizing;

/// What the entries are filed under.
const SERVICE: &str = "Counterfoil";
const KEY_BYTES: usize = 32;
const NAME_BYTES: usize = 16;

/// Why the keychain does not give a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeychainFault {
    /// There is none, or it does not answer.
    #[error("no keychain answers")]
    Absent,
    /// It is locked, or this account may not use it.
    #[error("the keychain is locked")]
    Locked,
    /// It has no such entry.
    #[error("the keychain has no such entry")]
    NoEntry,
    /// The entry is not what was put there.
    #[error("the keychain's entry is damaged")]
    Damaged,
}

/// An entry of the keychain with the key that it holds.
#[derive(Clone)]
pub struct Keychain {
    name: String,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

impl Keychain {
    /// Makes an entry with a new key, and reads it back: a keychain that forgets is none.
    ///
    /// # Errors
    /// [`KeychainFault`]; nothing is left behind.
    pub fn make() -> Result<Self, KeychainFault> {
        let name = host::random::bytes::<NAME_BYTES>().map_err(|_| KeychainFault::Absent)?;
        let key = host::random::bytes::<KEY_BYTES>().map_err(|_| KeychainFault::Absent)?;
        let made = Self { name: model::digest::hex::encode(&name), key: Zeroizing::new(key) };
        let (name, key) = (made.name.clone(), made.key.clone());
        apart(move || entry(&name)?.set_secret(key.as_slice()).map_err(fault))?;
        match Self::open(&made.name) {
            Ok(read) if read.key == made.key => Ok(made),
            other => {
                made.remove();
                other.and(Err(KeychainFault::Damaged))
            }
        }
    }

    /// The entry of this name.
    ///
    /// # Errors
    /// [`KeychainFault`].
    pub fn open(name: &str) -> Result<Self, KeychainFault> {
        let owned = name.to_owned();
        let secret = apart(move || entry(&owned)?.get_secret().map(Zeroizing::new).map_err(fault))?;
        let key = <[u8; KEY_BYTES]>::try_from(secret.as_slice()).map_err(|_| KeychainFault::Damaged)?;
        Ok(Self { name: name.to_owned(), key: Zeroizing::new(key) })
    }

    /// What the entry is called: it says nothing and opens nothing.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    pub fn key(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        self.key.clone()
    }

    /// Takes the entry away, if it can be.
    pub fn remove(&self) {
        let name = self.name.clone();
        // What stays behind opens files that are gone.
        let _ = apart(move || entry(&name)?.delete_credential().map_err(fault));
    }
}

fn entry(name: &str) -> Result<Entry, KeychainFault> {
    Entry::new(SERVICE, name).map_err(fault)
}

/// In a thread of its own: the store runs loops of its own, which must not meet ours.
fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KeychainFault> + Send + 'static,
) -> Result<T, KeychainFault> {
    let thread = std::thread::Builder::new().name("keychain".to_owned()).spawn(work);
    thread.map_err(|_| KeychainFault::Absent)?.join().unwrap_or(Err(KeychainFault::Absent))
}

fn fault(error: Error) -> KeychainFault {
    match error {
        Error::NoEntry => KeychainFault::NoEntry,
        Error::NoStorageAccess(_) => KeychainFault::Locked,
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::Ambiguous(_) => KeychainFault::Damaged,
        _ => KeychainFault::Absent,
    }
}
