//! What a practice is unlocked with: a key file, a passphrase in a file, the words of the recovery kit, a credential that
//! the service manager hands out, or a passphrase that is asked for. A secret itself is never a flag or an environment
//! value.

use std::path::{Path, PathBuf};

use console::{Arg, Console, Failure, FailureCode, failure};
use host::Disk;
use seal::{Unlock, words};
use zeroize::Zeroizing;

use super::failing;
use crate::config::Config;
use crate::secret_file::{self, CREDENTIALS, OTHERS, OTHERS_OF_CREDENTIAL};

/// Bytes of a key file.
const KEY_FILE_BYTES: usize = 32;
/// Bytes of a file with a passphrase: the longest passphrase and its line end.
const PASSPHRASE_FILE_BYTES_MAX: u64 = seal::slot::PASSPHRASE_BYTES_MAX as u64 + 2;
/// Characters of a passphrase, at least.
pub(super) const PASSPHRASE_CHARACTERS_MIN: usize = 10;
/// Words that are offered as a passphrase: 66 random bits.
const WORDS_OFFERED: usize = 6;

/// The credential that is a key file.
const CREDENTIAL_KEY: &str = "counterfoil.key";
/// The credential that is a passphrase.
const CREDENTIAL_PASSPHRASE: &str = "counterfoil.passphrase";

/// What unlocks, on the command line of everything but `init`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct UnlockFlags {
    #[arg(long, value_name = "FILE", conflicts_with_all = ["passphrase_file", "recovery"])]
    key_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE", conflicts_with = "recovery")]
    passphrase_file: Option<PathBuf>,
    /// Asks for the words of the recovery kit.
    #[arg(long)]
    recovery: bool,
}

impl UnlockFlags {
    /// Reads or asks for what unlocks: the flags, else what the configuration names, else the service manager's
    /// credential, else the person.
    ///
    /// # Errors
    /// `key-file-unusable`, `unlock-missing`, `kit-wrong`.
    pub fn obtain(&self, console: &Console, config: &Config) -> Result<Unlock, Failure> {
        if self.recovery {
            return kit(console);
        }
        match (&self.key_file, &self.passphrase_file, &config.key_file, &config.passphrase_file) {
            (Some(path), _, _, _) => key_file(path),
            (None, Some(path), _, _) => passphrase_file(path),
            (None, None, Some(path), _) => key_file(path),
            (None, None, None, Some(path)) => passphrase_file(path),
            (None, None, None, None) => match std::env::var_os(CREDENTIALS) {
                Some(folder) if has_credential(Path::new(&folder)) => credential(Path::new(&folder)),
                _ => {
                    let typed = console.secret("secret-unlock", &[], "--key-file").map_err(missing)?;
                    Ok(Unlock::Passphrase(typed))
                }
            },
        }
    }
}

/// Nobody can be asked, and nothing was given.
fn missing(failure: Failure) -> Failure {
    match failure.code() {
        FailureCode::OptionNeeded => failure::unlock_missing(),
        _ => failure,
    }
}

fn kit(console: &Console) -> Result<Unlock, Failure> {
    let typed = console.secret("secret-recovery", &[], "--recovery").map_err(missing)?;
    words::normalise(&typed).map(Unlock::Passphrase).map_err(|_| failure::kit_wrong())
}

/// What `init` was given to unlock with later.
pub(super) enum Chosen {
    /// A key file that was there.
    KeyFile(PathBuf),
    /// A key file that was made.
    NewKeyFile(PathBuf),
    /// A passphrase.
    Passphrase,
}

/// Makes a key file if there is none, and reads it.
pub(super) fn key_file_or_new(path: &Path) -> Result<(Unlock, Chosen), Failure> {
    let disk = Disk::real();
    if disk.exists(path).map_err(|error| failing::of_disk(&error, path))? {
        return Ok((key_file(path)?, Chosen::KeyFile(path.to_path_buf())));
    }
    let key = host::random::bytes::<KEY_FILE_BYTES>().map_err(|_| failure::randomness_missing())?;
    let key = Zeroizing::new(key);
    match disk.create_whole(path, key.as_slice()) {
        Ok(_durable) => Ok((Unlock::KeyFile(key), Chosen::NewKeyFile(path.to_path_buf()))),
        Err(error) => Err(failure::key_file_unusable(path, failing::cause_of_disk(&error))),
    }
}

/// Asks for a passphrase that is new, offering one.
pub(super) fn new_passphrase(console: &Console) -> Result<Unlock, Failure> {
    let offered = words::generate().map_err(|_| failure::randomness_missing())?;
    let offered = Zeroizing::new(offered.split(' ').take(WORDS_OFFERED).collect::<Vec<_>>().join(" "));
    console.note("init-passphrase-offer", console::args![words = offered.as_str()]);
    let typed = console.new_secret("secret-new", &[], "--key-file").map_err(missing)?;
    strong(typed).map(Unlock::Passphrase)
}

/// Reads a passphrase that is new from a file.
pub(super) fn new_passphrase_file(path: &Path) -> Result<Unlock, Failure> {
    strong(read_passphrase(path)?).map(Unlock::Passphrase)
}

fn strong(passphrase: Zeroizing<String>) -> Result<Zeroizing<String>, Failure> {
    match passphrase.chars().count() >= PASSPHRASE_CHARACTERS_MIN {
        true => Ok(passphrase),
        false => Err(failure::passphrase_weak(PASSPHRASE_CHARACTERS_MIN)),
    }
}

fn has_credential(folder: &Path) -> bool {
    folder.join(CREDENTIAL_KEY).exists() || folder.join(CREDENTIAL_PASSPHRASE).exists()
}

/// What the service manager handed out. It gives the service's account its right by an access list, which shows as the
/// group's.
fn credential(folder: &Path) -> Result<Unlock, Failure> {
    let key = folder.join(CREDENTIAL_KEY);
    match key.exists() {
        true => {
            key_of(&key, read_secret(&key, KEY_FILE_BYTES as u64, "cause-key-length", OTHERS_OF_CREDENTIAL)?)
        }
        false => {
            let path = folder.join(CREDENTIAL_PASSPHRASE);
            let bytes = read_secret(
                &path,
                PASSPHRASE_FILE_BYTES_MAX,
                "cause-passphrase-length",
                OTHERS_OF_CREDENTIAL,
            )?;
            passphrase_of(&path, bytes).map(Unlock::Passphrase)
        }
    }
}

fn key_file(path: &Path) -> Result<Unlock, Failure> {
    key_of(path, read_secret(path, KEY_FILE_BYTES as u64, "cause-key-length", OTHERS)?)
}

fn key_of(path: &Path, bytes: Zeroizing<Vec<u8>>) -> Result<Unlock, Failure> {
    let mut key = Zeroizing::new([0u8; KEY_FILE_BYTES]);
    if bytes.len() != KEY_FILE_BYTES {
        return Err(failure::key_file_unusable(path, Arg::Message("cause-key-length")));
    }
    key.copy_from_slice(&bytes);
    Ok(Unlock::KeyFile(key))
}

fn passphrase_file(path: &Path) -> Result<Unlock, Failure> {
    read_passphrase(path).map(Unlock::Passphrase)
}

/// The file without the line end that editors leave.
pub(super) fn read_passphrase(path: &Path) -> Result<Zeroizing<String>, Failure> {
    passphrase_of(path, read_secret(path, PASSPHRASE_FILE_BYTES_MAX, "cause-passphrase-length", OTHERS)?)
}

fn passphrase_of(path: &Path, bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, Failure> {
    secret_file::line(bytes).map_err(|cause| failure::key_file_unusable(path, cause))
}

fn read_secret(
    path: &Path,
    bytes_max: u64,
    too_long: &'static str,
    closed_to: u32,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let read = secret_file::read(path, bytes_max, too_long, closed_to);
    read.map_err(|cause| failure::key_file_unusable(path, cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    fn written(folder: &Path, bytes: &[u8], mode: u32) -> PathBuf {
        let path = folder.join("secret");
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(key_file(&written(folder.path(), &[7; 32], 0o600)).is_ok());
        assert!(key_file(&written(folder.path(), &[7; 32], 0o400)).is_ok());
        for mode in [0o640, 0o604, 0o644] {
            let refused = key_file(&written(folder.path(), &[7; 32], mode)).err().unwrap();
            assert_eq!(refused.code(), FailureCode::KeyFileUnusable, "{mode:o}");
        }
    }

    #[test]
    fn a_credential_of_the_service_manager_unlocks_and_one_open_to_all_does_not() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_credential(folder.path()));
        let put = |name: &str, bytes: &[u8], mode| {
            std::fs::copy(written(folder.path(), bytes, mode), folder.path().join(name)).unwrap();
            credential(folder.path())
        };
        let typed = put(CREDENTIAL_PASSPHRASE, b"six words of a phrase\n", 0o440);
        assert!(matches!(typed, Ok(Unlock::Passphrase(typed)) if *typed == "six words of a phrase"));
        assert!(matches!(put(CREDENTIAL_KEY, &[7; 32], 0o440), Ok(Unlock::KeyFile(key)) if *key == [7; 32]));
        assert!(put(CREDENTIAL_KEY, &[7; 32], 0o444).is_err());
    }

    #[test]
    fn a_key_file_of_another_length_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in [&[][..], &[7; 31], &[7; 33]] {
            let refused = key_file(&written(folder.path(), bytes, 0o600)).err().unwrap();
            assert_eq!(refused.code(), FailureCode::KeyFileUnusable);
        }
        assert_eq!(key_file(Path::new("/nowhere/k")).err().unwrap().code(), FailureCode::KeyFileUnusable);
    }

    #[test]
    fn a_passphrase_file_loses_one_line_end_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for (content, meant) in [
            (&b"six words of a phrase\n"[..], "six words of a phrase"),
            (b"six words of a phrase\r\n", "six words of a phrase"),
            (b" spaces count \n\n", " spaces count \n"),
        ] {
            let read = read_passphrase(&written(folder.path(), content, 0o600)).unwrap();
            assert_eq!(*read, meant);
        }
        assert!(read_passphrase(&written(folder.path(), b"\xff\xfe", 0o600)).is_err());
        let short = new_passphrase_file(&written(folder.path(), b"123456789\n", 0o600)).err().unwrap();
        assert_eq!(short.code(), FailureCode::PassphraseWeak);
        assert!(
            new_passphrase_file(&written(folder.path(), "一二三四五六七八九十".as_bytes(), 0o600)).is_ok()
        );
    }

    #[test]
    fn a_new_key_file_is_for_its_owner_alone_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let (Unlock::KeyFile(made), Chosen::NewKeyFile(_)) = key_file_or_new(&path).unwrap() else {
            panic!()
        };
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let (Unlock::KeyFile(read), Chosen::KeyFile(_)) = key_file_or_new(&path).unwrap() else { panic!() };
        assert_eq!(*made, *read);
    }
}
