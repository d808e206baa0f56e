//! The signed head of a journal: a C2SP `tlog-checkpoint` in a C2SP signed note, by an Ed25519 key.
//! Not the journal, and not the COSE signature over the same root (see `proof`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use model::{Malformed, PracticeId, Sha256Digest};
use zeroize::Zeroizing;

use crate::Error;
use crate::es256::sha256;

/// Longest checkpoint with its signature lines.
pub const NOTE_BYTES_MAX: usize = 4 * 1024;
/// Signature lines of a note, at most; our own notes have one.
const SIGNATURES_MAX: usize = 16;
/// Longest name of a log.
const ORIGIN_BYTES_MAX: usize = 255;
/// C2SP signed-note: signature type of Ed25519.
const ED25519: u8 = 1;

/// The origin of a practice's journal: `<practice id>.counterfoil.internal/journal`.
pub fn origin(practice: &PracticeId) -> String {
    format!("{}/journal", practice.host())
}

/// What a checkpoint says: this log, at this size, has this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, as in its [`Vkey`].
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree.
    pub root: Sha256Digest,
}

impl Checkpoint {
    /// The text that is signed: three lines, the last newline included.
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.as_bytes()))
    }

    /// Signs it; the note's bytes are the only ones for this head and key (Ed25519 draws no chance).
    ///
    /// # Errors
    /// An origin that a note can not carry.
    pub fn sign(&self, key: &CheckpointKey) -> Result<Vec<u8>, Error> {
        let vkey = key.vkey(&self.origin)?;
        let text = self.text();
        let signature = key.0.sign(text.as_bytes()).to_bytes();
        let mut stamped = Vec::with_capacity(68);
        stamped.extend(vkey.id());
        stamped.extend(signature);
        Ok(format!("{text}\n\u{2014} {} {}\n", self.origin, BASE64.encode(stamped)).into_bytes())
    }

    /// As [`Checkpoint::sign`] by several keys, a line each, while one follows the other.
    ///
    /// # Errors
    /// As there.
    pub fn sign_by_all(&self, keys: &[&CheckpointKey]) -> Result<Vec<u8>, Error> {
        let mut note = format!("{}\n", self.text()).into_bytes();
        for key in keys {
            note.extend_from_slice(last_line(&self.sign(key)?));
        }
        Ok(note)
    }

    /// The note with the line of this key alone: the bytes that this key alone would have made.
    ///
    /// # Errors
    /// As [`Checkpoint::open`]: there is no such line, or it does not hold.
    pub fn only(bytes: &[u8], vkey: &Vkey) -> Result<Vec<u8>, Error> {
        Self::open(bytes, vkey)?;
        let note = Note::parse(bytes)?;
        let own = |(name, stamp): &&(&str, Vec<u8>)| *name == vkey.name && stamp.starts_with(&vkey.id());
        let (name, stamp) =
            note.signatures.iter().find(own).ok_or(Error::Signature { what: "checkpoint" })?;
        Ok(format!("{}\n\u{2014} {name} {}\n", note.text, BASE64.encode(stamp)).into_bytes())
    }

    /// Reads a note and verifies the signature line of this key; lines of other keys are left alone, as
    /// signed notes want it.
    ///
    /// # Errors
    /// A form that is not a checkpoint of exactly three lines, another origin than the key's, no valid line.
    pub fn open(note: &[u8], vkey: &Vkey) -> Result<Self, Error> {
        let note = Note::parse(note)?;
        let checkpoint = note.checkpoint()?;
        if checkpoint.origin != vkey.name {
            return Err(Error::differs("the log's name", "the checkpoint", "its key"));
        }
        note.verify(vkey)?;
        Ok(checkpoint)
    }

    /// [`Checkpoint::open`] for a note that must be as we write it: one signature line, nothing else.
    ///
    /// # Errors
    /// As [`Checkpoint::open`], and further lines.
    pub fn open_exact(note: &[u8], vkey: &Vkey) -> Result<Self, Error> {
        match Note::parse(note)?.signatures.len() {
            1 => Self::open(note, vkey),
            _ => Err(Malformed::new("checkpoint", "it has other signature lines than the log's own").into()),
        }
    }

    /// What a note says, unverified: to compare, or to show.
    ///
    /// # Errors
    /// A form that is not a checkpoint.
    pub fn peek(note: &[u8]) -> Result<Self, Error> {
        Note::parse(note)?.checkpoint()
    }
}

/// The last line of a note, its newline included.
fn last_line(note: &[u8]) -> &[u8] {
    let text = note.strip_suffix(b"\n").unwrap_or(note);
    let start = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    note.get(start..).unwrap_or_default()
}

/// A signed note, taken apart (C2SP signed-note 1.0.0).
struct Note<'a> {
    /// What is signed, its last newline included.
    text: &'a str,
    /// Key name and stamp (key id ‖ signature) of each line.
    signatures: Vec<(&'a str, Vec<u8>)>,
}

impl<'a> Note<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let fault = |why| Error::Malformed(Malformed::new("checkpoint", why));
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(Error::TooLong { what: "checkpoint", bytes_max: NOTE_BYTES_MAX });
        }
        let note = std::str::from_utf8(bytes).map_err(|_| fault("it is not UTF-8"))?;
        if note.chars().any(|letter| letter.is_control() && letter != '\n') {
            return Err(fault("it has control characters"));
        }
        // The text ends at the last empty line; what follows are signatures.
        let at = note.rfind("\n\n").ok_or(fault("it has no signature"))?;
        let (text, lines) = note.split_at_checked(at + 1).ok_or(fault("it has no signature"))?;
        let lines = lines.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines = lines.ok_or(fault("its last line is cut"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == SIGNATURES_MAX {
                return Err(fault("it has too many signatures"));
            }
            let line = line.strip_prefix("\u{2014} ").ok_or(fault("a line is no signature"))?;
            let (name, stamp) = line.split_once(' ').ok_or(fault("a line is no signature"))?;
            let stamp = BASE64.decode(stamp).map_err(|_| fault("a signature is not base64"))?;
            if !is_name(name) || stamp.len() < 5 {
                return Err(fault("a line is no signature"));
            }
            signatures.push((name, stamp));
        }
        Ok(Self { text, signatures })
    }

    /// Every line of this key must be good, and there must be one.
    fn verify(&self, vkey: &Vkey) -> Result<(), Error> {
        const WRONG: Error = Error::Signature { what: "checkpoint" };
        let id = vkey.id();
        let mut found = false;
        for (name, stamp) in &self.signatures {
            let Some((stamp_id, signature)) = stamp.split_first_chunk::<4>() else { continue };
            if *name != vkey.name || *stamp_id != id {
                continue;
            }
            let signature = Signature::from_slice(signature).map_err(|_| WRONG)?;
            vkey.key.verify_strict(self.text.as_bytes(), &signature).map_err(|_| WRONG)?;
            found = true;
        }
        found.then_some(()).ok_or(WRONG)
    }

    fn checkpoint(&self) -> Result<Checkpoint, Error> {
        const HOW: Malformed = Malformed::new("checkpoint", "it is not origin, size and root, a line each");
        let mut lines = self.text.split('\n');
        let origin = lines.next().filter(|origin| is_name(origin)).ok_or(HOW)?;
        let size = lines.next().and_then(decimal).ok_or(HOW)?;
        let root = lines.next().and_then(|root| BASE64.decode(root).ok()).ok_or(HOW)?;
        let root = Sha256Digest::from_bytes(root.try_into().map_err(|_| HOW)?);
        match (lines.next(), lines.next()) {
            (Some(""), None) => Ok(Checkpoint { origin: origin.to_owned(), size, root }),
            _ => Err(HOW.into()),
        }
    }
}

/// A name without space or `+`, as key names must be.
fn is_name(name: &str) -> bool {
    let plain = |letter: char| !letter.is_whitespace() && !letter.is_control() && letter != '+';
    (1..=ORIGIN_BYTES_MAX).contains(&name.len()) && name.chars().all(plain)
}

/// A decimal number without sign or leading zero.
fn decimal(text: &str) -> Option<u64> {
    let value: u64 = text.parse().ok()?;
    (value.to_string() == text).then_some(value)
}

/// The public key of a log, by its name: `<name>+<key id in hex>+<base64 of 01 ‖ key>` (C2SP signed-note).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vkey {
    name: String,
    key: VerifyingKey,
}

impl Vkey {
    /// Reads the text form.
    ///
    /// # Errors
    /// Any other form, a key id that does not belong to name and key, a weak key.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const HOW: Malformed = Malformed::new("log key", "it is not name+id+key as logs write it");
        if text.len() > ORIGIN_BYTES_MAX + 64 {
            return Err(HOW.into());
        }
        let (name, rest) = text.split_once('+').ok_or(HOW)?;
        let (_, key) = rest.split_once('+').ok_or(HOW)?;
        let key = BASE64.decode(key).map_err(|_| HOW)?;
        let (kind, key) = key.split_first().ok_or(HOW)?;
        let key = VerifyingKey::from_bytes(key.try_into().map_err(|_| HOW)?).map_err(|_| HOW)?;
        let vkey = Self { name: name.to_owned(), key };
        match *kind == ED25519 && is_name(name) && !key.is_weak() && vkey.to_string() == text {
            true => Ok(vkey),
            false => Err(HOW.into()),
        }
    }

    /// The log's name: the origin of its checkpoints.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// First four bytes of SHA-256(name ‖ LF ‖ 01 ‖ key).
    fn id(&self) -> [u8; 4] {
        let mut named = self.name.clone().into_bytes();
        named.extend([b'\n', ED25519]);
        named.extend(self.key.as_bytes());
        let [a, b, c, d, ..] = *sha256(&named).as_bytes();
        [a, b, c, d]
    }
}

impl std::fmt::Display for Vkey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut key = vec![ED25519];
        key.extend(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, model::digest::hex::encode(&self.id()), BASE64.encode(key))
    }
}

/// The private key of a log's checkpoints. Wiped when dropped.
pub struct CheckpointKey(SigningKey);

impl CheckpointKey {
    /// Makes the key of 32 random bytes, which are wiped.
    pub fn from_seed(seed: Zeroizing<[u8; 32]>) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// Reads PKCS#8 DER (RFC 8410).
    ///
    /// # Errors
    /// Anything else.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let key = SigningKey::from_pkcs8_der(der);
        key.map(Self).map_err(|_| Malformed::new("checkpoint key", "it is not PKCS#8 of Ed25519").into())
    }

    /// Writes PKCS#8 DER (RFC 8410).
    ///
    /// # Errors
    /// None that can be caused; the encoder has an error type.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        const HOW: Malformed = Malformed::new("checkpoint key", "it can not be written");
        Ok(Zeroizing::new(self.0.to_pkcs8_der().map_err(|_| HOW)?.as_bytes().to_vec()))
    }

    /// The public key of the log of this name.
    ///
    /// # Errors
    /// A name with a space, a `+`, a control character, or too long.
    pub fn vkey(&self, origin: &str) -> Result<Vkey, Error> {
        match is_name(origin) {
            true => Ok(Vkey { name: origin.to_owned(), key: self.0.verifying_key() }),
            false => Err(Malformed::new("log name", "it has a space, a plus or a control character").into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> CheckpointKey {
        CheckpointKey::from_seed(Zeroizing::new([7; 32]))
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "example/journal".to_owned(), size: 9, root: sha256(b"root") }
    }

    #[test]
    fn two_keys_sign_and_either_line_alone_is_what_that_key_makes() {
        let (old, new) = (key(), CheckpointKey::from_seed(Zeroizing::new([8; 32])));
        let both = checkpoint().sign_by_all(&[&new, &old]).unwrap();
        for key in [&old, &new] {
            let vkey = key.vkey("example/journal").unwrap();
            assert_eq!(Checkpoint::open(&both, &vkey), Ok(checkpoint()));
            assert!(Checkpoint::open_exact(&both, &vkey).is_err());
            assert_eq!(Checkpoint::only(&both, &vkey).unwrap(), checkpoint().sign(key).unwrap());
        }
        assert_eq!(checkpoint().sign_by_all(&[&old]).unwrap(), checkpoint().sign(&old).unwrap());
        let stranger = CheckpointKey::from_seed(Zeroizing::new([9; 32])).vkey("example/journal").unwrap();
        assert!(Checkpoint::only(&both, &stranger).is_err());
    }

    #[test]
    fn the_example_of_the_specification_verifies() {
        let note = include_bytes!("../tests/vectors/c2sp/note.txt");
        let vkey = Vkey::parse(include_str!("../tests/vectors/c2sp/vkey.txt").trim_end()).unwrap();
        assert_eq!(Note::parse(note).unwrap().verify(&vkey), Ok(()));
        let changed = String::from_utf8(note.to_vec()).unwrap().replace("example message", "Example message");
        assert!(Note::parse(changed.as_bytes()).unwrap().verify(&vkey).is_err());
    }

    #[test]
    fn a_checkpoint_is_read_back_under_its_own_key_only() {
        let vkey = key().vkey("example/journal").unwrap();
        let note = checkpoint().sign(&key()).unwrap();
        assert_eq!(Checkpoint::open_exact(&note, &vkey), Ok(checkpoint()));
        assert_eq!(checkpoint().sign(&key()).unwrap(), note);
        let other = CheckpointKey::from_seed(Zeroizing::new([8; 32])).vkey("example/journal").unwrap();
        assert_eq!(Checkpoint::open(&note, &other), Err(Error::Signature { what: "checkpoint" }));
        let renamed = key().vkey("example/other").unwrap();
        assert!(matches!(Checkpoint::open(&note, &renamed), Err(Error::Differs { .. })));
    }

    #[test]
    fn lines_of_witnesses_are_left_alone_but_not_taken_into_a_receipt() {
        let vkey = key().vkey("example/journal").unwrap();
        let mut note = checkpoint().sign(&key()).unwrap();
        note.extend("\u{2014} witness.example AAAAAAAAAAAA\n".as_bytes());
        assert_eq!(Checkpoint::open(&note, &vkey), Ok(checkpoint()));
        assert!(Checkpoint::open_exact(&note, &vkey).is_err());
    }

    #[test]
    fn every_changed_byte_of_a_note_is_refused() {
        let vkey = key().vkey("example/journal").unwrap();
        let note = checkpoint().sign(&key()).unwrap();
        for at in 0..note.len() {
            let mut changed = note.clone();
            changed[at] ^= 1;
            assert!(Checkpoint::open(&changed, &vkey).is_err(), "byte {at}");
        }
        for end in 0..note.len() {
            assert!(Checkpoint::open(&note[..end], &vkey).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn only_the_form_that_is_written_is_read() {
        let (head, tail) = ("example/journal\n", "\n\n\u{2014} example/journal AAAAAAAAAAAA\n");
        let root = BASE64.encode([0; 32]);
        assert!(Checkpoint::peek(format!("{head}9\n{root}{tail}").as_bytes()).is_ok());
        for text in [
            format!("{head}09\n{root}{tail}"),
            format!("{head}+9\n{root}{tail}"),
            format!("{head}9\n{root}\nmore{tail}"),
            format!("{head}9\n{}{tail}", BASE64.encode([0; 31])),
            format!("{head}9\r\n{root}{tail}"),
            format!("{head}9\n{root}{tail}\n"),
            format!("\n9\n{root}{tail}"),
            format!("{head}9\n{root}{}", "\u{2014} a AAAAAAAAAAAA\n".repeat(17)),
        ] {
            assert!(Checkpoint::peek(text.as_bytes()).is_err(), "{text}");
        }
        assert!(matches!(Checkpoint::peek(&[b'a'; NOTE_BYTES_MAX + 1]), Err(Error::TooLong { .. })));
    }

    #[test]
    fn a_vkey_has_one_form() {
        let text = key().vkey("example/journal").unwrap().to_string();
        assert_eq!(Vkey::parse(&text).unwrap().to_string(), text);
        for wrong in [
            text.to_uppercase(),
            text.replace("journal", "journaL"),
            format!("{text}="),
            text.replacen('+', "+0", 1),
            String::new(),
            // The neutral element: a key under which anything can be made to verify.
            format!("a+00000000+{}", BASE64.encode([&[1u8, 1][..], &[0; 31]].concat())),
        ] {
            assert!(Vkey::parse(&wrong).is_err(), "{wrong}");
        }
        assert!(key().vkey("a name").is_err());
    }

    #[test]
    fn the_key_survives_being_stored() {
        let stored = key().to_pkcs8().unwrap();
        let again = CheckpointKey::from_pkcs8(&stored).unwrap();
        assert_eq!(again.vkey("a").unwrap(), key().vkey("a").unwrap());
        assert!(CheckpointKey::from_pkcs8(b"no key").is_err());
    }
}
