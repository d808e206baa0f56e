//! A session with a PKCS#11 token: P-256 keys that are made in it, sign digests in it and are destroyed in it. Hashing and
//! verifying are not here: a token is not believed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::UserType;
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use model::KeyId;
use zeroize::Zeroizing;

use super::{TokenError, TokenSettings};

/// prime256v1 as an OID, DER (RFC 5480 section 2.1.1.1).
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// A module is for the whole process: loaded and initialized once, never let go.
static LOADED: Mutex<Option<(PathBuf, Pkcs11)>> = Mutex::new(None);

/// An open session, logged in.
pub(super) struct Session {
    session: cryptoki::session::Session,
    /// Private keys that were found, and are not to be taken out.
    found: HashMap<KeyId, ObjectHandle>,
}

/// What a session refuses.
pub(super) enum Refused {
    /// Known by name.
    Named(TokenError),
    /// In the words of the module.
    Module(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Module(error)
    }
}

impl From<Refused> for TokenError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Named(error) => error,
            Refused::Module(error) => failed(&error),
        }
    }
}

impl Refused {
    /// Whether another session may do what this one could not.
    pub(super) fn is_session_lost(&self) -> bool {
        let Self::Module(Error::Pkcs11(why, _)) = self else { return false };
        matches!(
            why,
            RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::UserNotLoggedIn
                | RvError::DeviceRemoved
                | RvError::DeviceError
                | RvError::TokenNotPresent
                | RvError::KeyHandleInvalid
                | RvError::ObjectHandleInvalid
                | RvError::OperationActive
        )
    }
}

fn failed(error: &Error) -> TokenError {
    TokenError::Failed { cause: error.to_string() }
}

fn module(path: &Path) -> Result<Pkcs11, TokenError> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let broken = |cause: String| TokenError::Module { path: path.to_path_buf(), cause };
    match &*loaded {
        Some((which, module)) if which == path => return Ok(module.clone()),
        Some(_) => return Err(broken("another module is loaded".to_owned())),
        None => {}
    }
    let module = Pkcs11::new(path).map_err(|error| broken(error.to_string()))?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(broken(error.to_string())),
    }
    *loaded = Some((path.to_path_buf(), module.clone()));
    Ok(module)
}

/// The one token that is called so.
fn slot(module: &Pkcs11, settings: &TokenSettings) -> Result<Slot, TokenError> {
    let mut slots = Vec::new();
    for slot in module.get_slots_with_initialized_token().map_err(|error| failed(&error))? {
        // One that is taken out at this moment is not the one.
        let Ok(about) = module.get_token_info(slot) else { continue };
        let is =
            |wanted: &Option<String>, it: &str| wanted.as_ref().is_none_or(|wanted| wanted == it.trim_end());
        if is(&settings.label, about.label()) && is(&settings.serial, about.serial_number()) {
            slots.push((slot, about));
        }
    }
    let token = settings.name();
    match &slots[..] {
        // A wrong PIN is not tried until the token locks itself.
        [(_, about)] if about.user_pin_locked() || about.user_pin_final_try() => {
            Err(TokenError::PinLocked { token })
        }
        [(slot, _)] => Ok(*slot),
        _ => Err(TokenError::Absent { token, count: slots.len() }),
    }
}

impl Session {
    pub(super) fn open(
        settings: &TokenSettings,
        pin: impl FnOnce() -> Result<Zeroizing<String>, TokenError>,
    ) -> Result<Self, TokenError> {
        let module = module(&settings.module)?;
        let slot = slot(&module, settings)?;
        let session = module.open_rw_session(slot).map_err(|error| failed(&error))?;
        let pin = AuthPin::new(pin()?.as_str().into());
        let token = || settings.name();
        match session.login(UserType::User, Some(&pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(Error::Pkcs11(RvError::PinLocked, _)) => {
                return Err(TokenError::PinLocked { token: token() });
            }
            Err(Error::Pkcs11(
                RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange | RvError::PinExpired,
                _,
            )) => return Err(TokenError::PinWrong { token: token() }),
            Err(error) => return Err(failed(&error)),
        }
        Ok(Self { session, found: HashMap::new() })
    }

    /// The point of a key as the token gives it; the key is made if it is not there.
    pub(super) fn point_or_new(&mut self, key: KeyId) -> Result<Vec<u8>, Refused> {
        let public = match self.all(key, ObjectClass::PUBLIC_KEY)?.first() {
            Some(public) => *public,
            None => self.make(key)?,
        };
        self.private(key)?;
        let attributes = self.session.get_attributes(public, &[AttributeType::EcPoint])?;
        let point = attributes.into_iter().find_map(|attribute| match attribute {
            Attribute::EcPoint(point) => Some(point),
            _ => None,
        });
        let unsaid = TokenError::Failed { cause: "it does not say its public key".to_owned() };
        point.ok_or(Refused::Named(unsaid))
    }

    pub(super) fn find(&mut self, key: KeyId) -> Result<(), Refused> {
        self.private(key).map(drop)
    }

    pub(super) fn destroy(&mut self, key: KeyId) -> Result<(), Refused> {
        self.found.remove(&key);
        for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
            for object in self.all(key, class)? {
                self.session.destroy_object(object)?;
            }
        }
        let is_left = !self.all(key, ObjectClass::PRIVATE_KEY)?.is_empty();
        match is_left {
            true => Err(Refused::Named(TokenError::Failed { cause: "a key is still there".to_owned() })),
            false => Ok(()),
        }
    }

    /// Signs a digest: r ‖ s, as CKM_ECDSA has it (PKCS#11 3.1 section 6.3.1).
    pub(super) fn sign(&mut self, key: KeyId, digest: &[u8; 32]) -> Result<[u8; 64], Refused> {
        let private = self.private(key)?;
        let signature = self.session.sign(&Mechanism::Ecdsa, private, digest)?;
        signature.try_into().map_err(|_| Refused::Named(TokenError::SignatureWrong))
    }

    fn make(&self, key: KeyId) -> Result<ObjectHandle, Refused> {
        // A private key without its public half is what is left of a making that was cut off.
        for private in self.all(key, ObjectClass::PRIVATE_KEY)? {
            self.session.destroy_object(private)?;
        }
        let id = Attribute::Id(key.as_bytes().to_vec());
        let label = Attribute::Label(format!("counterfoil issuing {}", key.to_hex()).into_bytes());
        let public = [
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::KeyType(KeyType::EC),
            Attribute::EcParams(P256.to_vec()),
            Attribute::Verify(true),
            id.clone(),
            label.clone(),
        ];
        let private = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            id,
            label,
        ];
        let (public, _) = self.session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)?;
        Ok(public)
    }

    fn all(&self, key: KeyId, class: ObjectClass) -> Result<Vec<ObjectHandle>, Refused> {
        let id = Attribute::Id(key.as_bytes().to_vec());
        Ok(self.session.find_objects(&[Attribute::Class(class), id])?)
    }

    /// The private key, if it can not be taken out.
    fn private(&mut self, key: KeyId) -> Result<ObjectHandle, Refused> {
        if let Some(found) = self.found.get(&key) {
            return Ok(*found);
        }
        let [private] = self.all(key, ObjectClass::PRIVATE_KEY)?[..] else {
            return Err(Refused::Named(TokenError::KeyMissing { key }));
        };
        let asked = [AttributeType::Sensitive, AttributeType::Extractable];
        let attributes = self.session.get_attributes(private, &asked)?;
        let stays = attributes.contains(&Attribute::Sensitive(true))
            && attributes.contains(&Attribute::Extractable(false));
        if !stays {
            return Err(Refused::Named(TokenError::KeyExportable { key }));
        }
        self.found.insert(key, private);
        Ok(private)
    }
}
