//! Private keys and other small secrets at rest: one sealed whole file each, in `keys/`. Knows not what is in them.
//!
//! `keys/<purpose>.<key id>`: `CFKEY001`, then a box in context `key` of the vault under the standard master key's
//! key of private keys; plaintext `{0: 1, 1: bytes}`.

use host::Durable;
use model::KeyId;
use seal::context;
use zeroize::Zeroizing;

use crate::VaultError;
use crate::codec::{NotOurs, Reader, Writer};
use crate::error::damaged;
use crate::vault::Rooms;

const MAGIC: &[u8; 8] = b"CFKEY001";
/// The longest secret that is kept.
pub const SECRET_BYTES_MAX: usize = 64 * 1024;
/// The longest purpose, as the context has it.
const PURPOSE_BYTES_MAX: usize = 16;

/// What a private key is for: 1 to 16 characters of a-z, 0-9 and `-`. Stands in the file's name and in its context.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purpose(String);

impl Purpose {
    /// Reads one.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, model::Malformed> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        match (1..=PURPOSE_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(model::Malformed::new("purpose", "it is 1 to 16 characters of a-z, 0-9 and -")),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn padded(&self) -> [u8; PURPOSE_BYTES_MAX] {
        let mut padded = [0; PURPOSE_BYTES_MAX];
        padded.iter_mut().zip(self.0.bytes()).for_each(|(to, from)| *to = from);
        padded
    }
}

impl Rooms {
    pub(crate) fn seal_private(
        &self,
        purpose: &Purpose,
        id: KeyId,
        bytes: &[u8],
    ) -> Result<Durable<()>, VaultError> {
        let file = self.box_private(purpose, id, bytes)?;
        Ok(self.disk.write_whole(&self.private_file(purpose, id), &file)?)
    }

    pub(crate) fn box_private(
        &self,
        purpose: &Purpose,
        id: KeyId,
        bytes: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        if bytes.len() > SECRET_BYTES_MAX {
            return Err(VaultError::TooLarge { what: "private key" });
        }
        let mut writer = Writer::map(2, bytes.len() + 16);
        writer.key(1).bytes(bytes);
        let mut file = MAGIC.to_vec();
        seal::seal_into(&self.private, &self.private_context(purpose, id), &writer.finish(), &mut file)?;
        Ok(file)
    }

    pub(crate) fn unbox_private(
        &self,
        purpose: &Purpose,
        id: KeyId,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let sealed = sealed.strip_prefix(MAGIC)?;
        let plain = seal::open(&self.private, &self.private_context(purpose, id), sealed).ok()?;
        read(&plain).ok()
    }

    pub(crate) fn open_private(
        &self,
        purpose: &Purpose,
        id: KeyId,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let path = self.private_file(purpose, id);
        let bytes_max = seal::sealed_bytes(SECRET_BYTES_MAX + 16) + MAGIC.len();
        let file = self.disk.read_whole(&path, bytes_max as u64)?;
        self.unbox_private(purpose, id, &file).ok_or_else(|| damaged("private key", path))
    }

    pub(crate) fn list_private(&self, purpose: &Purpose) -> Result<Vec<KeyId>, VaultError> {
        let id = |name: &std::ffi::OsString| {
            let (named, id) = name.to_str()?.split_once('.')?;
            if named == purpose.as_str() { KeyId::from_hex(id).ok() } else { None }
        };
        Ok(self.disk.list(&self.folder.keys())?.iter().filter_map(id).collect())
    }

    pub(crate) fn remove_private(&self, purpose: &Purpose, id: KeyId) -> Result<Durable<()>, VaultError> {
        self.disk.remove_file(&self.private_file(purpose, id))?;
        Ok(self.disk.sync_folder(&self.folder.keys())?)
    }

    fn private_file(&self, purpose: &Purpose, id: KeyId) -> std::path::PathBuf {
        self.folder.keys().join(format!("{}.{}", purpose.as_str(), id.to_hex()))
    }

    fn private_context(&self, purpose: &Purpose, id: KeyId) -> context::Key {
        context::Key {
            owner_id: *self.keyring.vault().as_bytes(),
            purpose: purpose.padded(),
            key_id: *id.as_bytes(),
        }
    }
}

fn read(plain: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotOurs> {
    let mut reader = Reader::map(plain, 2)?;
    let secret = Zeroizing::new(reader.key(1)?.bytes()?.to_vec());
    reader.end()?;
    Ok(secret)
}
