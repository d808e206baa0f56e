//! Who a practice is: its id, a name that never changes, and its pin, which is what others hold against it.

use crate::{Malformed, Sha256Digest, crockford};

/// First 16 symbols of lower-case base32 (RFC 4648) of SHA-256 over the first root's SubjectPublicKeyInfo.
///
/// A name, not proof of anything: 80 bits can be searched for. See [`Pin`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PracticeId(String);

const LOWER: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl PracticeId {
    /// The id that belongs to the first root's key hash.
    pub fn of_root(spki: &Sha256Digest) -> Self {
        let mut out = String::with_capacity(16);
        let (mut bits, mut held) = (0u32, 0u32);
        for byte in spki.as_bytes().iter().take(10) {
            bits = bits << 8 | u32::from(*byte);
            held += 8;
            while held >= 5 {
                held -= 5;
                out.push(char::from(LOWER.get((bits >> held & 31) as usize).copied().unwrap_or(b'a')));
            }
        }
        Self(out)
    }

    /// Reads 16 symbols.
    ///
    /// # Errors
    /// Anything else, capitals included.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match text.len() == 16 && text.bytes().all(|symbol| LOWER.contains(&symbol)) {
            true => Ok(Self(text.to_owned())),
            false => Err(Malformed::new("practice id", "it is 16 symbols of a-z and 2-7")),
        }
    }

    /// The 16 symbols.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host name that companions verify, whatever the address: `<id>.counterfoil.internal`.
    pub fn host(&self) -> String {
        format!("{}.counterfoil.internal", self.0)
    }

    /// The URI of one of the practice's certificates: `spiffe://<host>/<path>`.
    pub fn uri(&self, path: &str) -> String {
        format!("spiffe://{}/{path}", self.host())
    }
}

impl std::fmt::Display for PracticeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// First 16 bytes of SHA-256 over the first root's SubjectPublicKeyInfo; shown as 26 Crockford symbols.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pin([u8; 16]);

impl Pin {
    /// The pin that belongs to the first root's key hash.
    pub fn of_root(spki: &Sha256Digest) -> Self {
        let mut pin = [0u8; 16];
        for (slot, byte) in pin.iter_mut().zip(spki.as_bytes()) {
            *slot = *byte;
        }
        Self(pin)
    }

    /// Takes the sixteen bytes as they are.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads 26 symbols as people type them.
    ///
    /// # Errors
    /// Anything else; a practice id is not a pin.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        crockford::decode(text, "pin").map(Self)
    }
}

impl std::fmt::Display for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crockford::encode(&self.0))
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pin({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_pin_come_from_the_same_hash() {
        // base32 of ten 0xff bytes is sixteen "7".
        let hash = Sha256Digest::from_bytes([0xff; 32]);
        let id = PracticeId::of_root(&hash);
        assert_eq!(id.as_str(), "7777777777777777");
        assert_eq!(PracticeId::parse(id.as_str()), Ok(id.clone()));
        assert_eq!(id.uri("gateway"), "spiffe://7777777777777777.counterfoil.internal/gateway");
        let pin = Pin::of_root(&hash);
        assert_eq!(Pin::parse(&pin.to_string()), Ok(pin));
        assert!(Pin::parse(id.as_str()).is_err());
    }
}
