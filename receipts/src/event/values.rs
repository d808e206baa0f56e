//! The values that only statements have: who did it, names that people gave, certificates as bytes. Not the
//! events themselves.

use model::{DeviceId, Malformed, Pin, Sha256Digest, limits};
use serde_json::{Map, Value};

use crate::Error;
use crate::checkpoint::Checkpoint;
use crate::es256::{CERTIFICATE_BYTES_MAX, sha256};
use crate::member::{Member, Members, Object, member, strings, text};

/// Largest root record that a genesis statement can carry.
const ROOT_RECORD_BYTES_MAX: usize = 8 * 1024;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Whoever sat at the gateway's own machine, by the administration socket.
    AdminSocket,
    /// A device.
    Device(DeviceId),
    /// The gateway, by a rule.
    Gateway,
    /// A device, on its person's second factor.
    DeviceWith(DeviceId, Factor),
}

impl Actor {
    /// The device, on whatever factor.
    pub const fn device(self) -> Option<DeviceId> {
        match self {
            Self::Device(device) | Self::DeviceWith(device, _) => Some(device),
            Self::AdminSocket | Self::Gateway => None,
        }
    }
}

/// What of a second factor was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// A code of the phone.
    Totp,
    /// A recovery code.
    Recovery,
}

impl Factor {
    /// The word in a statement.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Recovery => "recovery",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Totp, Self::Recovery].into_iter().find(|factor| factor.as_str() == word)
    }
}

impl Actor {
    /// As it stands in statements.
    pub fn word(&self) -> String {
        match self {
            Self::AdminSocket => "admin-socket".to_owned(),
            Self::Gateway => "gateway".to_owned(),
            Self::Device(device) => device.to_hex(),
            Self::DeviceWith(device, factor) => format!("{}+{}", device.to_hex(), factor.as_str()),
        }
    }
}

/// Who can read a document after its acceptance. Custody to the recipient alone is not offered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Custody {
    /// The gateway, while it is unlocked.
    Gateway,
}

/// Why a handover failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandoverReason {
    /// The device did not report it; nothing is inferred from what was sent.
    NotConfirmed,
}

/// Whether a shred really destroys on this medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Medium {
    /// What is overwritten in place is gone.
    CanForget,
    /// It may survive, because of this.
    CanNot(Word),
}

/// A name that people gave: 1 to 200 bytes of UTF-8 without NUL. Foreign: made safe before it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Label(String);

impl Label {
    /// Takes what people call it.
    ///
    /// # Errors
    /// An empty text, one over [`limits::LABEL_BYTES_MAX`], or one with a NUL.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match (1..=limits::LABEL_BYTES_MAX).contains(&text.len()) && !text.contains('\0') {
            true => Ok(Self(text.to_owned())),
            false => Err(Malformed::new("name", "it is 1 to 200 bytes without a NUL")),
        }
    }

    /// The text exactly as given.
    pub fn as_given(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Label(…)")
    }
}

/// A short text of our own programs: 1 to 200 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(String);

impl Word {
    /// Takes a text.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let plain = text.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
        match plain && (1..=200).contains(&text.len()) {
            true => Ok(Self(text.to_owned())),
            false => Err(Malformed::new("word", "it is 1 to 200 printable ASCII characters")),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A signed checkpoint as its signer got it. Not verified: it binds its signer, and others compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCheckpoint(String);

impl LastCheckpoint {
    /// Takes a note.
    ///
    /// # Errors
    /// Bytes that are no checkpoint.
    pub fn new(note: &[u8]) -> Result<Self, Error> {
        Checkpoint::peek(note)?;
        let text = std::str::from_utf8(note).map_err(|_| Malformed::new("checkpoint", "it is not UTF-8"))?;
        Ok(Self(text.to_owned()))
    }

    /// The note.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// What it says.
    ///
    /// # Errors
    /// None that can be caused: it was read once.
    pub fn checkpoint(&self) -> Result<Checkpoint, Error> {
        Checkpoint::peek(self.as_bytes())
    }
}

/// A certificate in DER, unread. In JSON: base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Der(Vec<u8>);

impl Der {
    /// Takes the bytes.
    ///
    /// # Errors
    /// None, or more than [`CERTIFICATE_BYTES_MAX`].
    pub fn new(der: Vec<u8>) -> Result<Self, Error> {
        match (1..=CERTIFICATE_BYTES_MAX).contains(&der.len()) {
            true => Ok(Self(der)),
            false => Err(Error::TooLong { what: "certificate", bytes_max: CERTIFICATE_BYTES_MAX }),
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Bytes whose form another room knows: a root record. In JSON: base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opaque(Vec<u8>);

impl Opaque {
    /// Takes the bytes.
    ///
    /// # Errors
    /// None, or more than 8 KiB.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Error> {
        match (1..=ROOT_RECORD_BYTES_MAX).contains(&bytes.len()) {
            true => Ok(Self(bytes)),
            false => Err(Error::TooLong { what: "root record", bytes_max: ROOT_RECORD_BYTES_MAX }),
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A leaf certificate as the registry holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundCertificate {
    /// SHA-256 of the key's SubjectPublicKeyInfo.
    pub spki: Sha256Digest,
    /// Serial number, 16 bytes.
    pub serial: [u8; 16],
    /// SHA-256 of the certificate; always that of `der`.
    pub sha256: Sha256Digest,
    /// The certificate.
    pub der: Der,
}

impl BoundCertificate {
    /// Takes a certificate with what its issuer knows of it.
    ///
    /// # Errors
    /// A certificate that is too large.
    pub fn new(spki: Sha256Digest, serial: [u8; 16], der: Vec<u8>) -> Result<Self, Error> {
        Ok(Self { spki, serial, sha256: sha256(&der), der: Der::new(der)? })
    }
}

impl Members for BoundCertificate {
    const NAMES: &'static [&'static str] = &["spki", "serial", "sha256", "certificate"];

    fn write_members(&self, out: &mut Object<'_>) {
        out.member("spki", &self.spki);
        out.member("serial", &self.serial);
        out.member("sha256", &self.sha256);
        out.member("certificate", &self.der);
    }

    fn read_members(object: &Map<String, Value>) -> Result<Self, Error> {
        // The hash is computed, not taken: a wrong one shows when the statement is written again.
        Self::new(member(object, "spki")?, member(object, "serial")?, member::<Der>(object, "certificate")?.0)
    }
}

strings! {
    Pin: |pin| model::digest::hex::encode(pin.as_bytes()),
        |text| model::digest::hex::decode(text).map(Pin::from_bytes);
    Actor: |actor| actor.word(),
        |text| match text {
            "admin-socket" => Some(Actor::AdminSocket),
            "gateway" => Some(Actor::Gateway),
            device => match device.split_once('+') {
                None => DeviceId::from_hex(device).ok().map(Actor::Device),
                Some((device, factor)) => DeviceId::from_hex(device)
                    .ok()
                    .zip(Factor::parse(factor))
                    .map(|(device, factor)| Actor::DeviceWith(device, factor)),
            },
        };
    Custody: |Custody::Gateway| "gateway".to_owned(), |text| (text == "gateway").then_some(Custody::Gateway);
    Medium: |medium| match medium {
            Medium::CanForget => "can forget".to_owned(),
            Medium::CanNot(reason) => format!("can not: {}", reason.as_str()),
        },
        |text| match text.strip_prefix("can not: ") {
            Some(reason) => Word::parse(reason).ok().map(Medium::CanNot),
            None => (text == "can forget").then_some(Medium::CanForget),
        };
    Label: |label| label.0.clone(), |text| Label::parse(text).ok();
    Word: |word| word.0.clone(), |text| Word::parse(text).ok();
    LastCheckpoint: |note| note.0.clone(), |text| LastCheckpoint::new(text.as_bytes()).ok();
}

/// `["not confirmed"]`: EN 319 522 has a list of reasons.
impl Member for HandoverReason {
    fn write(&self, out: &mut String) {
        out.push_str(r#"["not confirmed"]"#);
    }

    fn read(value: &Value) -> Option<Self> {
        let reasons = value.as_array()?;
        (reasons.len() == 1 && reasons.first()?.as_str()? == "not confirmed").then_some(Self::NotConfirmed)
    }
}

macro_rules! base64_members {
    ($($type:ident)*) => {$(
        impl Member for $type {
            fn write(&self, out: &mut String) {
                self.0.write(out);
            }

            fn read(value: &Value) -> Option<Self> {
                Self::new(Member::read(value)?).ok()
            }
        }
    )*};
}
base64_members! { Der Opaque }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_never_printed_by_accident() {
        let label = Label::parse("静安面馆\u{202e}").unwrap();
        assert_eq!(format!("{label:?}"), "Label(…)");
        for wrong in ["", "a\0b", &"a".repeat(201)] {
            assert!(Label::parse(wrong).is_err());
        }
        for wrong in ["", "中", "a\nb", &"a".repeat(201)] {
            assert!(Word::parse(wrong).is_err());
        }
    }

    #[test]
    fn what_is_too_large_is_refused_before_it_is_kept() {
        assert!(Der::new(vec![0; CERTIFICATE_BYTES_MAX + 1]).is_err());
        assert!(Opaque::new(vec![0; ROOT_RECORD_BYTES_MAX + 1]).is_err());
        assert!(LastCheckpoint::new(b"no checkpoint").is_err());
    }
}
