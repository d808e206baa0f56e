//! Digests, a type each: a BLAKE3 root is never compared with a SHA-256.

use crate::Malformed;

/// Lower-case hex, strict.
pub mod hex {
    /// Two digits a byte.
    pub fn encode(bytes: &[u8]) -> String {
        use std::fmt::Write as _;
        bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            // Writing to a String can not fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
    }

    /// Exactly `N` bytes, lower-case only, or `None`.
    pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
        if text.len() != N * 2 {
            return None;
        }
        let mut out = [0u8; N];
        for (slot, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *slot = nibble(*pair.first()?)? << 4 | nibble(*pair.get(1)?)?;
        }
        Some(out)
    }

    fn nibble(digit: u8) -> Option<u8> {
        match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        }
    }
}

macro_rules! digests {
    ($($(#[$doc:meta])* $name:ident $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes the 32 bytes as they are.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// 64 lower-case hex digits.
            pub fn to_hex(&self) -> String {
                hex::encode(&self.0)
            }

            /// Reads 64 lower-case hex digits.
            ///
            /// # Errors
            /// Anything else.
            pub fn from_hex(text: &str) -> Result<Self, Malformed> {
                hex::decode(text).map(Self).ok_or(Malformed::new($what, "it is not 64 hex digits"))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.to_hex())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    )*};
}

digests! {
    /// The ordinary BLAKE3 hash of a document, the one that `b3sum` prints; or of sealed bytes.
    Blake3Digest "BLAKE3 digest";
    /// SHA-256: of a document, a statement, a certificate.
    Sha256Digest "SHA-256 digest";
    /// The BLAKE3 value of one piece: a subtree's chaining value, or the root itself if there is one piece.
    ChainingValue "chaining value";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_lower_case_and_exact() {
        let digest = Sha256Digest::from_bytes([0xc0; 32]);
        assert_eq!(Sha256Digest::from_hex(&digest.to_hex()), Ok(digest));
        assert!(Sha256Digest::from_hex(&digest.to_hex().to_uppercase()).is_err());
        assert!(Sha256Digest::from_hex("c0").is_err());
    }
}
