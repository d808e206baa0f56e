//! Root and spare at rest: files sealed under the words of the recovery kit. They leave the gateway's machine.
//!
//! ```text
//! file   seal::secret for {owner: pin, purpose: "root" or "spare", key: first 16 bytes of the key hash}
//! inside {0: 1, 1: practice id, 2: PKCS#8, 3: certificate (a root's only)}
//! ```

use model::{Malformed, Pin, PracticeId};
use seal::{Argon2Parameters, SlotError, Unlock, Zeroizing, context, secret};

use crate::codec::{self, Seen, Writer};
use crate::{CertsError, PrivateKey, Root};

const WHAT: &str = "root file";

/// What a root file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootFileKind {
    /// A root: key and certificate.
    Root,
    /// The spare: only a key, of which nothing but the hash is public.
    Spare,
}

impl RootFileKind {
    const fn purpose(self) -> [u8; 16] {
        match self {
            Self::Root => *b"root\0\0\0\0\0\0\0\0\0\0\0\0",
            Self::Spare => *b"spare\0\0\0\0\0\0\0\0\0\0\0",
        }
    }
}

/// Seals a root of the practice with this pin. Slow by design: `parameters` are [`Argon2Parameters::ROOT`] outside
/// tests.
///
/// # Errors
/// [`CertsError::NotSealed`].
pub fn seal_root(
    root: &Root,
    pin: Pin,
    words: &Zeroizing<String>,
    parameters: Argon2Parameters,
) -> Result<Vec<u8>, CertsError> {
    let certificate = Some(root.certificate().der());
    write(RootFileKind::Root, pin, root.practice(), root.key(), certificate, words, parameters)
}

/// Seals the spare of the practice with this pin.
///
/// # Errors
/// [`CertsError::NotSealed`].
pub fn seal_spare(
    spare: &PrivateKey,
    pin: Pin,
    practice: &PracticeId,
    words: &Zeroizing<String>,
    parameters: Argon2Parameters,
) -> Result<Vec<u8>, CertsError> {
    write(RootFileKind::Spare, pin, practice, spare, None, words, parameters)
}

/// The pin of the practice whose root or spare a file says that it holds; opening it proves it.
///
/// # Errors
/// [`CertsError::Malformed`].
pub fn pin_of(bytes: &[u8]) -> Result<Pin, CertsError> {
    let place = secret::place_of(bytes).map_err(|_| Malformed::new(WHAT, "it is no sealed file"))?;
    Ok(Pin::from_bytes(place.owner_id))
}

/// Opens a root.
///
/// # Errors
/// [`CertsError::Unopenable`], [`CertsError::Malformed`], [`CertsError::KeyMismatch`].
pub fn open_root(bytes: &[u8], words: &Zeroizing<String>) -> Result<Root, CertsError> {
    let (practice, key, certificate) = read(RootFileKind::Root, bytes, words)?;
    let certificate = certificate.ok_or(Malformed::new(WHAT, "it has no certificate"))?;
    Root::open(key, &certificate, practice)
}

/// Opens the spare.
///
/// # Errors
/// [`CertsError::Unopenable`], [`CertsError::Malformed`].
pub fn open_spare(bytes: &[u8], words: &Zeroizing<String>) -> Result<(PracticeId, PrivateKey), CertsError> {
    let (practice, key, _) = read(RootFileKind::Spare, bytes, words)?;
    Ok((practice, key))
}

fn write(
    kind: RootFileKind,
    pin: Pin,
    practice: &PracticeId,
    key: &PrivateKey,
    certificate: Option<&[u8]>,
    words: &Zeroizing<String>,
    parameters: Argon2Parameters,
) -> Result<Vec<u8>, CertsError> {
    let pkcs8 = key.to_pkcs8()?;
    let mut out = Writer::default();
    out.map(3 + usize::from(certificate.is_some()));
    out.uint(0).uint(1).uint(1).text(practice.as_str()).uint(2).bytes(&pkcs8);
    if let Some(certificate) = certificate {
        out.uint(3).bytes(certificate);
    }
    let inside = Zeroizing::new(out.finish());
    let place = context::Key { owner_id: *pin.as_bytes(), purpose: kind.purpose(), key_id: key_id(key) };
    secret::seal_secret(&inside, &place, &Unlock::Passphrase(words.clone()), parameters).map_err(|error| {
        match error {
            SlotError::NoRandomness(_) => CertsError::NoRandomness,
            _ => CertsError::NotSealed,
        }
    })
}

type Parts = (PracticeId, PrivateKey, Option<Vec<u8>>);

fn read(kind: RootFileKind, bytes: &[u8], words: &Zeroizing<String>) -> Result<Parts, CertsError> {
    let place = secret::place_of(bytes).map_err(|_| Malformed::new(WHAT, "it is no sealed file"))?;
    if place.purpose != kind.purpose() {
        return Err(Malformed::new(WHAT, "it holds another kind of key").into());
    }
    let inside = secret::open_secret(bytes, &place, &Unlock::Passphrase(words.clone()));
    let inside = inside.map_err(|_| CertsError::Unopenable)?;
    let (mut version, mut practice, mut pkcs8, mut certificate) = (None, None, None, None);
    codec::read_map(WHAT, &inside, secret::SECRET_BYTES_MAX, &mut |key, decoder| {
        match key {
            0 => version = Some(decoder.u64()?),
            1 => practice = Some(decoder.str()?),
            2 => pkcs8 = Some(decoder.bytes()?),
            3 => certificate = Some(decoder.bytes()?.to_vec()),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    let (Some(1), Some(practice), Some(pkcs8)) = (version, practice, pkcs8) else {
        return Err(Malformed::new(WHAT, "a member is absent").into());
    };
    let key = PrivateKey::from_pkcs8(&Zeroizing::new(pkcs8.to_vec()))?;
    match place.key_id == key_id(&key) {
        true => Ok((PracticeId::parse(practice)?, key, certificate)),
        false => Err(CertsError::KeyMismatch),
    }
}

fn key_id(key: &PrivateKey) -> [u8; 16] {
    *Pin::of_root(&key.key_hash()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    #[test]
    fn root_and_spare_open_with_the_words_alone() {
        let now = Timestamp::from_unix_seconds(1_795_000_000);
        let cheap = Argon2Parameters::new(64, 1, 1).unwrap();
        let words = Zeroizing::new("twelve words of a kit".to_owned());
        let root = Root::create(now).unwrap();
        let sealed = seal_root(&root, root.pin(), &words, cheap).unwrap();
        let opened = open_root(&sealed, &words).unwrap();
        assert_eq!(opened.certificate(), root.certificate());
        assert_eq!(opened.practice(), root.practice());
        let spare = PrivateKey::generate().unwrap();
        let sealed_spare = seal_spare(&spare, root.pin(), root.practice(), &words, cheap).unwrap();
        let (practice, opened) = open_spare(&sealed_spare, &words).unwrap();
        assert_eq!((&practice, opened.key_hash()), (root.practice(), spare.key_hash()));

        let other = Zeroizing::new("other words".to_owned());
        assert!(matches!(open_root(&sealed, &other), Err(CertsError::Unopenable)));
        assert!(matches!(open_root(&sealed_spare, &words), Err(CertsError::Malformed(_))));
        assert!(matches!(open_spare(&sealed, &words), Err(CertsError::Malformed(_))));
        let mut flipped = sealed.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert!(matches!(open_root(&flipped, &words), Err(CertsError::Unopenable)));
    }
}
