//! This device's two private keys: made here, sealed here, never sent. Not what they are used for.
//!
//! ```text
//! <slot>/keys/tls  signing   secret files of `seal`: context `key`, owner = device id, purpose "tls" or "signing"
//! <slot>/keys/keychain             the name of the entry in the system's keychain that has the 32 bytes that open them; or
//! <slot>/keys/file-key            these 32 bytes in plain, 0600, on demand only; neither where a passphrase opens them
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use certs::enrolment::DeviceKeys;
use certs::{Certificate, CertsError, PrivateKey, Purpose};
use console::{Arg, Console, Failure, failure};
use host::Disk;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use receipts::{Signer, SigningFailed};
use seal::secret::{self, SECRET_FILE_BYTES_MAX};
use seal::{Argon2Parameters, FileKey, Opener, SlotError, Unlock, UnlockKind, context};
use zeroize::Zeroizing;

use crate::keychain::{Keychain, KeychainFault};
use crate::practice::{FILE_BYTES_MAX, Practice};
use crate::slots::Slots;
use crate::trouble::{self, Told};

/// Largest passphrase file.
const PASSPHRASE_FILE_BYTES_MAX: u64 = 4096;
/// Fewest characters of a new passphrase.
pub const PASSPHRASE_CHARACTERS_MIN: usize = 10;

/// What keys are sealed under.
#[derive(Clone)]
pub enum Guard {
    /// A key in the system's keychain.
    Keychain(Keychain),
    /// A key file beside them: they are as safe as this account's files.
    KeyFile,
    /// A passphrase, with what it came to.
    Passphrase(Arc<Opener>),
}

impl Guard {
    /// A passphrase.
    pub fn passphrase(passphrase: Zeroizing<String>) -> Self {
        Self::Passphrase(Arc::new(Opener::new(Unlock::Passphrase(passphrase))))
    }

    /// Which it is.
    pub const fn kind(&self) -> GuardKind {
        match self {
            Self::Keychain(_) => GuardKind::Keychain,
            Self::KeyFile => GuardKind::Plain,
            Self::Passphrase(_) => GuardKind::Passphrase,
        }
    }
}

/// How keys are kept, as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardKind {
    /// Their key is in the system's keychain.
    Keychain,
    /// Their key lies beside them.
    Plain,
    /// A passphrase opens them.
    Passphrase,
}

impl GuardKind {
    /// The word for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Keychain => "keychain",
            Self::Plain => "plain",
            Self::Passphrase => "passphrase",
        }
    }
}

/// Where a passphrase comes from when the keys want one: the file that was named, or the person.
pub struct Unlocker {
    /// Asks.
    pub console: Console,
    /// `--passphrase-file`.
    pub passphrase_file: Option<PathBuf>,
}

impl Unlocker {
    /// The passphrase of keys that are there.
    ///
    /// # Errors
    /// `option-needed` where nobody can be asked; a file that can not be read.
    pub fn passphrase(&self) -> Told<Zeroizing<String>> {
        match &self.passphrase_file {
            Some(path) => read_passphrase(path),
            None => self.console.secret("secret-device", &[], "--passphrase-file"),
        }
    }

    /// A passphrase for keys that are made now.
    ///
    /// # Errors
    /// As [`Unlocker::passphrase`]; `passphrase-weak`.
    pub fn new_passphrase(&self) -> Told<Zeroizing<String>> {
        let passphrase = match &self.passphrase_file {
            Some(path) => read_passphrase(path)?,
            None => self.console.new_secret("secret-new", &[], "--passphrase-file")?,
        };
        match passphrase.chars().count() >= PASSPHRASE_CHARACTERS_MIN {
            true => Ok(passphrase),
            false => Err(failure::passphrase_weak(PASSPHRASE_CHARACTERS_MIN)),
        }
    }
}

/// The first line of a file.
fn read_passphrase(path: &Path) -> Told<Zeroizing<String>> {
    let unreadable = |error: std::io::Error| failure::disk_failed(path, error);
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(PASSPHRASE_FILE_BYTES_MAX as usize));
    std::io::Read::read_to_end(&mut std::io::Read::take(file, PASSPHRASE_FILE_BYTES_MAX), &mut bytes)
        .map_err(unreadable)?;
    let encoding = |_| failure::disk_failed(path, console::Arg::Message("cause-encoding"));
    let text = std::str::from_utf8(&bytes).map_err(encoding)?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

/// The two keys at rest.
#[derive(Clone)]
pub struct KeyFolder {
    disk: Disk,
    folder: PathBuf,
    owner: [u8; 16],
}

/// The file that names the keychain's entry.
const KEYCHAIN: &str = "keychain";

/// What a key is for: the names of its file and purpose.
const TLS: (&str, [u8; 16]) = ("tls", context::label(b"tls"));
const SIGNING: (&str, [u8; 16]) = ("signing", context::label(b"signing"));

impl KeyFolder {
    /// The keys of `owner` in `folder`.
    pub fn new(disk: Disk, folder: PathBuf, owner: [u8; 16]) -> Self {
        Self { disk, folder, owner }
    }

    /// Seals the keys, durable when this returns.
    ///
    /// # Errors
    /// The disk's; no randomness; no memory for Argon2id.
    pub fn store(&self, keys: &DeviceKeys, guard: &Guard) -> Told<()> {
        let _durable = self.disk.create_folder(&self.folder).map_err(|error| trouble::disk(&error))?;
        if let Guard::Keychain(entry) = guard {
            let written = self.disk.write_whole(&self.folder.join(KEYCHAIN), entry.name().as_bytes());
            let _durable = written.map_err(|error| trouble::disk(&error))?;
        }
        let opener = self.opener(guard)?;
        for (key, (name, purpose)) in [(&keys.tls, TLS), (&keys.signing, SIGNING)] {
            let pkcs8 = key.to_pkcs8().map_err(|error| certs_failed(&error))?;
            let place = context::Key { owner_id: self.owner, purpose, key_id: key_id(key) };
            let sealed = opener.seal(&pkcs8, &place, Argon2Parameters::DEVICE);
            let sealed = sealed.map_err(|error| self.slot_failed(name, &error))?;
            let written = self.disk.write_whole(&self.folder.join(name), &sealed);
            let _durable = written.map_err(|error| trouble::disk(&error))?;
        }
        Ok(())
    }

    /// Opens the keys; asks for a passphrase where one seals them. Takes as long as Argon2id does.
    ///
    /// # Errors
    /// `device-unlock-wrong`, `device-key-damaged`; the disk's.
    pub fn open(&self, unlocker: &Unlocker) -> Told<(DeviceKeys, Guard)> {
        let tls = self.read(TLS.0)?;
        let kind = secret::kind_of(&tls).map_err(|error| self.slot_failed(TLS.0, &error))?;
        let guard = match kind {
            UnlockKind::Passphrase => Guard::passphrase(unlocker.passphrase()?),
            UnlockKind::KeyFile => match self.keychain()? {
                Some(entry) => Guard::Keychain(entry),
                None => Guard::KeyFile,
            },
        };
        Ok((self.open_under(&guard)?, guard))
    }

    /// Opens keys whose guard is known. Asks nobody.
    ///
    /// # Errors
    /// As [`KeyFolder::open`].
    pub fn open_under(&self, guard: &Guard) -> Told<DeviceKeys> {
        let [tls, signing] = [TLS.0, SIGNING.0].map(|name| self.read(name));
        let opener = self.opener(guard)?;
        Ok(DeviceKeys {
            tls: self.open_one(&tls?, TLS, &opener)?,
            signing: self.open_one(&signing?, SIGNING, &opener)?,
        })
    }

    /// Whether keys are there.
    ///
    /// # Errors
    /// The disk's.
    pub fn is_there(&self) -> Told<bool> {
        self.disk.exists(&self.folder.join(SIGNING.0)).map_err(|error| trouble::disk(&error))
    }

    fn open_one(
        &self,
        sealed: &[u8],
        (name, purpose): (&str, [u8; 16]),
        opener: &Opener,
    ) -> Told<PrivateKey> {
        let damaged = || failure::device_key_damaged(self.folder.join(name));
        let found = secret::place_of(sealed).map_err(|error| self.slot_failed(name, &error))?;
        let place = context::Key { owner_id: self.owner, purpose, key_id: found.key_id };
        let pkcs8 = opener.open(sealed, &place).map_err(|error| self.slot_failed(name, &error))?;
        let key = PrivateKey::from_pkcs8(&pkcs8).map_err(|_| damaged())?;
        match key_id(&key) == place.key_id {
            true => Ok(key),
            false => Err(damaged()),
        }
    }

    fn read(&self, name: &str) -> Told<Vec<u8>> {
        let path = self.folder.join(name);
        self.disk.read_whole(&path, SECRET_FILE_BYTES_MAX as u64).map_err(|error| match error.is_absent() {
            true => failure::device_key_damaged(&path),
            false => trouble::disk(&error),
        })
    }

    /// What opens keys under this guard.
    fn opener(&self, guard: &Guard) -> Told<Arc<Opener>> {
        let by_key = |unlock| Arc::new(Opener::new(unlock));
        match guard {
            Guard::Keychain(entry) => Ok(by_key(Unlock::KeyFile(entry.key()))),
            Guard::KeyFile => self.file_key().map(by_key),
            Guard::Passphrase(opener) => Ok(Arc::clone(opener)),
        }
    }

    /// The entry of the system's keychain, where one is named.
    fn keychain(&self) -> Told<Option<Keychain>> {
        let path = self.folder.join(KEYCHAIN);
        let name = match self.disk.read_whole(&path, 64) {
            Ok(name) => String::from_utf8(name).map_err(|_| failure::device_key_damaged(&path))?,
            Err(error) if error.is_absent() => return Ok(None),
            Err(error) => return Err(trouble::disk(&error)),
        };
        match Keychain::open(&name) {
            Ok(entry) => Ok(Some(entry)),
            Err(KeychainFault::Damaged) => Err(failure::device_key_damaged(&path)),
            Err(KeychainFault::Absent) => {
                Err(failure::keychain_closed(Arg::Message("cause-keychain-absent")))
            }
            Err(KeychainFault::Locked) => {
                Err(failure::keychain_closed(Arg::Message("cause-keychain-locked")))
            }
            Err(KeychainFault::NoEntry) => {
                Err(failure::keychain_closed(Arg::Message("cause-keychain-entry")))
            }
        }
    }

    /// The key file's bytes; made where there are none.
    fn file_key(&self) -> Told<Unlock> {
        let path = self.folder.join("file-key");
        let bytes = match self.disk.read_whole(&path, 64) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.is_absent() => {
                let key = FileKey::random().map_err(|_| failure::randomness_missing())?;
                let written = self.disk.create_whole(&path, key.expose());
                let _durable = written.map_err(|error| trouble::disk(&error))?;
                Zeroizing::new(key.expose().to_vec())
            }
            Err(error) => return Err(trouble::disk(&error)),
        };
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| failure::device_key_damaged(&path))?;
        Ok(Unlock::KeyFile(Zeroizing::new(key)))
    }

    fn slot_failed(&self, name: &str, error: &SlotError) -> Failure {
        match error {
            SlotError::Unopenable(_) => failure::device_unlock_wrong(),
            SlotError::NoRandomness(_) => failure::randomness_missing(),
            SlotError::Memory { .. } | SlotError::Passphrase { .. } => failure::unexpected(error.to_string()),
            _ => failure::device_key_damaged(self.folder.join(name)),
        }
    }
}

/// The first half of the hash of the public key.
fn key_id(key: &PrivateKey) -> [u8; 16] {
    let hash = key.key_hash();
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

/// What `certs` could not do here.
pub fn certs_failed(error: &CertsError) -> Failure {
    match error {
        CertsError::NoRandomness => failure::randomness_missing(),
        error => failure::unexpected(error.to_string()),
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct CertificatesFile {
    #[n(0)]
    version: u8,
    #[n(1)]
    tls: Vec<ByteVec>,
    #[n(2)]
    signing: Vec<ByteVec>,
    #[n(3)]
    signed_under: Option<Vec<ByteVec>>,
}

/// The certificates of a device: its TLS chain and its signing chain, leaves first, and what it signed under before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificates {
    pub tls: Vec<Certificate>,
    pub signing: Vec<Certificate>,
    /// Signing certificates of before: receipts may still come for what was signed under them.
    pub signed_under: Vec<Vec<u8>>,
}

/// Signing certificates of before that are kept: more years than a submission waits for its receipt.
const SIGNED_UNDER_MAX: usize = 8;

impl Certificates {
    /// The file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let ders = |chain: &[Certificate]| chain.iter().map(|one| one.der().to_vec().into()).collect();
        let before: Vec<ByteVec> = self.signed_under.iter().cloned().map(ByteVec::from).collect();
        let file = CertificatesFile {
            version: 1,
            tls: ders(&self.tls),
            signing: ders(&self.signing),
            signed_under: (!before.is_empty()).then_some(before),
        };
        minicbor::to_vec(file).unwrap_or_default() // encoding to memory can not fail
    }

    /// Reads the file.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let file: CertificatesFile = minicbor::decode(bytes).ok()?;
        let read = |chain: &[ByteVec]| {
            chain.iter().map(|der| Certificate::read(der).ok()).collect::<Option<Vec<_>>>()
        };
        let signed_under = file.signed_under.unwrap_or_default().into_iter().map(Vec::from).collect();
        let found = Self { tls: read(&file.tls)?, signing: read(&file.signing)?, signed_under };
        (file.version == 1).then_some(found)
    }

    /// What takes their place after a renewal.
    pub(crate) fn renewed(&self, tls: Vec<Certificate>, signing: Option<Vec<Certificate>>) -> Self {
        let Some(signing) = signing else {
            return Self { tls, signing: self.signing.clone(), signed_under: self.signed_under.clone() };
        };
        let mut signed_under = self.signed_under.clone();
        signed_under.extend(self.signing.first().map(|leaf| leaf.der().to_vec()));
        let over = signed_under.len().saturating_sub(SIGNED_UNDER_MAX);
        signed_under.drain(..over);
        Self { tls, signing, signed_under }
    }
}

/// This device at one practice, its keys open.
pub struct Device {
    /// Its TLS certificate, then the issuing one.
    pub tls_chain: Vec<Certificate>,
    /// Its TLS key.
    pub tls_key: PrivateKey,
    /// What it signs statements with.
    pub signer: Arc<DeviceSigner>,
    /// All its certificates.
    pub(crate) certificates: Certificates,
    /// What its keys are sealed under.
    pub(crate) sealed_under: Guard,
}

impl Device {
    /// How its keys are kept.
    pub const fn guard(&self) -> GuardKind {
        self.sealed_under.kind()
    }

    /// Opens the device of a practice.
    ///
    /// # Errors
    /// As [`KeyFolder::open`]; certificates that are damaged or of other keys.
    pub fn open(practice: &Practice, unlocker: &Unlocker) -> Told<Self> {
        let slot = Slots::of(practice).current()?;
        let (keys, guard) = key_folder(practice, &slot).open(unlocker)?;
        Self::assemble(practice, &slot, keys, guard)
    }

    /// Opens the device of a practice that it was just enrolled at, its guard known. Asks nobody.
    ///
    /// # Errors
    /// As [`Device::open`].
    pub fn open_under(practice: &Practice, guard: Guard) -> Told<Self> {
        Self::open_slot(practice, &Slots::of(practice).current()?, guard)
    }

    /// Opens what lies in a slot, its guard known. Asks nobody.
    ///
    /// # Errors
    /// As [`Device::open`].
    pub(crate) fn open_slot(practice: &Practice, slot: &Path, guard: Guard) -> Told<Self> {
        let keys = key_folder(practice, slot).open_under(&guard)?;
        Self::assemble(practice, slot, keys, guard)
    }

    /// The device as the disk has it now: another may have renewed it since.
    ///
    /// # Errors
    /// As [`Device::open`].
    pub(crate) fn reopened(&self, practice: &Practice) -> Told<Self> {
        Self::open_under(practice, self.sealed_under.clone())
    }

    fn assemble(practice: &Practice, slot: &Path, keys: DeviceKeys, guard: Guard) -> Told<Self> {
        let about = practice.about();
        let path = slot.join(CERTIFICATES);
        let damaged = || failure::device_key_damaged(&path);
        let bytes =
            practice.disk().read_whole(&path, FILE_BYTES_MAX).map_err(|error| trouble::disk(&error))?;
        let certificates = Certificates::decode(&bytes).ok_or_else(damaged)?;
        let leaf = certificates.signing.first().ok_or_else(damaged)?;
        let tls_leaf = certificates.tls.first().ok_or_else(damaged)?;
        if tls_leaf.public_key() != keys.tls.public() || leaf.public_key() != keys.signing.public() {
            return Err(damaged());
        }
        let signer = DeviceSigner {
            certificate: leaf.der().to_vec(),
            before: certificates.signed_under.clone(),
            uri: Purpose::Signer(about.device).uri(&about.practice),
            key: keys.signing,
        };
        Ok(Self {
            tls_key: keys.tls,
            signer: Arc::new(signer),
            tls_chain: certificates.tls.clone(),
            certificates,
            sealed_under: guard,
        })
    }
}

/// The file of certificates in a slot.
pub(crate) const CERTIFICATES: &str = "certificates";

/// The keys in a slot.
pub(crate) fn key_folder(practice: &Practice, slot: &Path) -> KeyFolder {
    KeyFolder::new(practice.disk().clone(), slot.join("keys"), *practice.about().device.as_bytes())
}

/// Signs statements as this device.
pub struct DeviceSigner {
    certificate: Vec<u8>,
    before: Vec<Vec<u8>>,
    uri: String,
    key: PrivateKey,
}

impl DeviceSigner {
    /// Whether a statement under this certificate is this device's own, from now or from before a renewal.
    pub fn has_signed_under(&self, certificate: &[u8]) -> bool {
        self.certificate == certificate || self.before.iter().any(|before| before == certificate)
    }

    /// Its key.
    pub(crate) fn key(&self) -> &PrivateKey {
        &self.key
    }
}

impl Signer for DeviceSigner {
    fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    fn uri(&self) -> &str {
        &self.uri
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SigningFailed> {
        self.key.sign_es256(message).map_err(|_| SigningFailed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use console::FailureCode;

    fn folder() -> (tempfile::TempDir, KeyFolder) {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(Disk::real(), folder.path().join("keys"), [7; 16]);
        (folder, keys)
    }

    #[test]
    fn keys_are_opened_again_without_a_question() {
        let (_folder, folder) = folder();
        let keys = DeviceKeys::generate().unwrap();
        assert!(!folder.is_there().unwrap());
        folder.store(&keys, &Guard::KeyFile).unwrap();
        folder.store(&keys, &Guard::KeyFile).unwrap();
        let (opened, _) = folder.open(&crate::testing::unlocker(&[])).unwrap();
        assert_eq!(opened.tls.spki_der(), keys.tls.spki_der());
        assert_eq!(opened.signing.spki_der(), keys.signing.spki_der());
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.folder.join("file-key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_passphrase_is_asked_for_and_a_wrong_one_opens_nothing() {
        let (_folder, folder) = folder();
        let keys = DeviceKeys::generate().unwrap();
        let passphrase = || Zeroizing::new("six generated words".to_owned());
        folder.store(&keys, &Guard::passphrase(passphrase())).unwrap();
        assert!(!folder.folder.join("file-key").exists());
        let code =
            |answers: &[&str]| folder.open(&crate::testing::unlocker(answers)).err().map(|it| it.code());
        assert_eq!(code(&["six generated words"]), None);
        assert_eq!(code(&["seven"]), Some(FailureCode::DeviceUnlockWrong));
        assert_eq!(code(&[]), Some(FailureCode::OptionNeeded));
    }

    #[test]
    fn keys_of_another_device_or_in_each_others_place_do_not_open() {
        let (_folder, folder) = folder();
        folder.store(&DeviceKeys::generate().unwrap(), &Guard::KeyFile).unwrap();
        let other = KeyFolder { owner: [8; 16], ..folder.clone() };
        assert_eq!(
            other.open(&crate::testing::unlocker(&[])).err().unwrap().code(),
            FailureCode::DeviceKeyDamaged
        );
        std::fs::copy(folder.folder.join("tls"), folder.folder.join("signing")).unwrap();
        assert_eq!(
            folder.open(&crate::testing::unlocker(&[])).err().unwrap().code(),
            FailureCode::DeviceKeyDamaged
        );
    }
}
