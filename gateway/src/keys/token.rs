//! A token that holds issuing keys and gives none out (PKCS#11), as the gateway uses it. Which keys are there is for
//! `issuing` to know; how a token is spoken to is in `pkcs11`, which only a build with that feature has.

#[cfg(not(feature = "pkcs11"))]
#[path = "token/absent.rs"]
mod talk;
#[cfg(feature = "pkcs11")]
#[path = "token/pkcs11.rs"]
mod talk;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use certs::{PublicKey, TokenKey, TokenRefused};
use console::Arg;
use model::KeyId;
use zeroize::Zeroizing;

use crate::secret_file::{self, CREDENTIALS, OTHERS, OTHERS_OF_CREDENTIAL};

/// The credential of the service manager that is the PIN.
const CREDENTIAL: &str = "counterfoil.pin";
/// Longest file with a PIN.
const PIN_FILE_BYTES_MAX: u64 = 258;

/// Which token, and what unlocks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// The shared library that its maker gives.
    pub module: PathBuf,
    /// The token's label.
    pub label: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// The file with the PIN; else the service manager's credential.
    pub pin_file: Option<PathBuf>,
    /// Whether issuing keys are made there from now on.
    pub makes_keys: bool,
    /// Whether nothing opens without it.
    pub is_required: bool,
}

impl TokenSettings {
    /// What people call it.
    pub fn name(&self) -> String {
        match (&self.label, &self.serial) {
            (Some(label), _) => label.clone(),
            (None, Some(serial)) => serial.clone(),
            (None, None) => self.module.display().to_string(),
        }
    }
}

/// Why a token is of no use.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// This build has no PKCS#11.
    #[error("this build has no PKCS#11 (feature `pkcs11`)")]
    NotBuilt,
    /// A key is in a token, and the configuration names none.
    #[error("the issuing key is in a token, and the configuration names none")]
    NotConfigured,
    /// The module does not load.
    #[error("{} does not load: {cause}", path.display())]
    Module {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// No token, or more than one, is called so.
    #[error("{count} tokens are called {token}")]
    Absent {
        /// What was looked for.
        token: String,
        /// How many there are.
        count: usize,
    },
    /// The PIN can not be read.
    #[error("the PIN can not be read from {}", path.display())]
    PinUnusable {
        /// From where.
        path: PathBuf,
        /// Why, for people.
        cause: Arg<'static>,
    },
    /// There is no PIN.
    #[error("there is no PIN")]
    PinMissing,
    /// The token refuses the PIN.
    #[error("the token {token} refuses the PIN")]
    PinWrong {
        /// Which.
        token: String,
    },
    /// The PIN is locked, or one wrong try away from it.
    #[error("the PIN of the token {token} is locked, or will be by one more try")]
    PinLocked {
        /// Which.
        token: String,
    },
    /// The key is not there.
    #[error("the token has no key {key}")]
    KeyMissing {
        /// Which.
        key: KeyId,
    },
    /// The key could be taken out.
    #[error("the token would give the key {key} out")]
    KeyExportable {
        /// Which.
        key: KeyId,
    },
    /// It signed, and the signature is wrong.
    #[error("a signature of the token does not verify")]
    SignatureWrong,
    /// Anything else that it refuses.
    #[error("the token failed: {cause}")]
    Failed {
        /// Why, in the words of its module.
        cause: String,
    },
}

/// A token, spoken to by one session at a time. A session that is lost is opened again by who needs it next.
pub struct Token {
    settings: TokenSettings,
    talk: Mutex<Option<talk::Session>>,
}

impl Token {
    /// A token that is not yet spoken to.
    pub fn new(settings: TokenSettings) -> Self {
        Self { settings, talk: Mutex::new(None) }
    }

    /// Which it is.
    pub fn settings(&self) -> &TokenSettings {
        &self.settings
    }

    /// Opens a session, if there is none.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn open(&self) -> Result<(), TokenError> {
        self.with(|_| Ok(()))
    }

    /// The public half of a key, which is made if it is not there. It never leaves the token.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn key_or_new(&self, key: KeyId) -> Result<PublicKey, TokenError> {
        let point = self.with(|session| session.point_or_new(key))?;
        // DER OCTET STRING around the point (PKCS#11 3.1 section 6.3.3); some tokens leave it away.
        let bare = point.strip_prefix(&[0x04, 0x41]).unwrap_or(&point);
        let unfit = |_| TokenError::Failed { cause: "its key is no point on P-256".to_owned() };
        PublicKey::from_point(bare).map_err(unfit)
    }

    /// Checks that a key is there and can not be taken out.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn find(&self, key: KeyId) -> Result<(), TokenError> {
        self.with(|session| session.find(key))
    }

    /// Destroys a key; one that is not there is good.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn destroy(&self, key: KeyId) -> Result<(), TokenError> {
        self.with(|session| session.destroy(key))
    }

    fn with<T>(&self, ask: impl Fn(&mut talk::Session) -> Result<T, talk::Refused>) -> Result<T, TokenError> {
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        for is_last in [false, true] {
            let session = match &mut *talk {
                Some(session) => session,
                none => none.insert(talk::Session::open(&self.settings, || pin(&self.settings))?),
            };
            match ask(session) {
                Ok(done) => return Ok(done),
                Err(refused) => {
                    // A token that was taken out and put back has forgotten the session.
                    *talk = None;
                    if is_last || !refused.is_session_lost() {
                        return Err(refused.into());
                    }
                }
            }
        }
        Err(TokenError::Failed { cause: "no session".to_owned() })
    }
}

/// A key in a token, as an authority signs with it.
pub struct KeyInToken {
    /// Where.
    pub token: Arc<Token>,
    /// Which.
    pub key: KeyId,
}

impl TokenKey for KeyInToken {
    fn sign_digest(&self, digest: &[u8; 32]) -> Result<[u8; 64], TokenRefused> {
        let signed = self.token.with(|session| session.sign(self.key, digest));
        signed.map_err(|error| {
            tracing::error!(%error, token = self.token.settings.name(), "the token did not sign");
            TokenRefused
        })
    }
}

/// The PIN, read when it is needed and kept nowhere.
fn pin(settings: &TokenSettings) -> Result<Zeroizing<String>, TokenError> {
    let credential = std::env::var_os(CREDENTIALS).map(|folder| Path::new(&folder).join(CREDENTIAL));
    let credential = credential.filter(|path| path.exists());
    let (path, closed_to) = match (&settings.pin_file, credential) {
        (Some(path), _) => (path.clone(), OTHERS),
        (None, Some(path)) => (path, OTHERS_OF_CREDENTIAL),
        (None, None) => return Err(TokenError::PinMissing),
    };
    let unusable = |cause| TokenError::PinUnusable { path: path.clone(), cause };
    let bytes = secret_file::read(&path, PIN_FILE_BYTES_MAX, "cause-pin-length", closed_to);
    let pin = bytes.and_then(secret_file::line).map_err(unusable)?;
    match pin.is_empty() {
        true => Err(unusable(Arg::Message("cause-pin-length"))),
        false => Ok(pin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn settings(pin_file: Option<PathBuf>) -> TokenSettings {
        let module = PathBuf::from("/nowhere/module.so");
        TokenSettings { module, label: None, serial: None, pin_file, makes_keys: true, is_required: true }
    }

    #[test]
    fn a_pin_comes_from_a_file_that_nobody_else_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        let of = |content: &[u8], mode: u32| {
            let _ = std::fs::remove_file(&path);
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            pin(&settings(Some(path.clone()))).map(|pin| pin.to_string())
        };
        assert_eq!(of(b"1234 5678\n", 0o600).unwrap(), "1234 5678");
        for (content, mode) in [(&b"1234"[..], 0o644), (b"", 0o600), (b"\n", 0o600), (&[b'1'; 300], 0o600)] {
            assert!(matches!(of(content, mode), Err(TokenError::PinUnusable { .. })), "{content:?}");
        }
        let absent = pin(&settings(Some(folder.path().join("absent"))));
        assert!(matches!(absent, Err(TokenError::PinUnusable { .. })));
    }

    #[test]
    fn a_module_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        std::fs::write(&path, "1234").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let error = Token::new(settings(Some(path))).open().unwrap_err();
        match cfg!(feature = "pkcs11") {
            true => assert!(matches!(error, TokenError::Module { .. }), "{error}"),
            false => assert!(matches!(error, TokenError::NotBuilt), "{error}"),
        }
    }
}
