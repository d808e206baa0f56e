//! `vault.json`: which vault this is. Clear, without secrets, never changed after `init`; every ring holds its digest.
//!
//! It is exactly these lines, so that one text means one vault:
//! ```json
//! {
//!   "format": "counterfoil vault 1",
//!   "vault": "<32 hex>",
//!   "suite": 1,
//!   "created": "2026-11-24T09:00:00.123Z"
//! }
//! ```

use model::{Blake3Digest, Timestamp, VaultId};

/// Longest `vault.json` that is read.
pub(crate) const IDENTITY_BYTES_MAX: u64 = 1024;

/// Which vault this is, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its random id; in every context that belongs to the whole vault.
    pub vault: VaultId,
    /// When it was made.
    pub created: Timestamp,
}

impl Identity {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        format!(
            "{{\n  \"format\": \"counterfoil vault 1\",\n  \"vault\": \"{}\",\n  \"suite\": {},\n  \
             \"created\": \"{}\"\n}}\n",
            self.vault.to_hex(),
            crate::pieces::SUITE,
            self.created
        )
        .into_bytes()
    }

    /// Reads the file's bytes; `None` if they are not exactly what [`Identity::to_bytes`] writes.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let field = |name: &str| {
            let (_, rest) = text.split_once(&format!("\n  \"{name}\": \""))?;
            rest.split_once('"').map(|(value, _)| value)
        };
        let identity = Self {
            vault: VaultId::from_hex(field("vault")?).ok()?,
            created: Timestamp::parse_rfc3339(field("created")?).ok()?,
        };
        (identity.to_bytes() == bytes).then_some(identity)
    }

    /// What the rings hold of it.
    pub fn digest(&self) -> Blake3Digest {
        Blake3Digest::from_bytes(*blake3::hash(&self.to_bytes()).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_is_written_and_only_it_is_read() {
        let identity = Identity {
            vault: VaultId::from_bytes([0xab; 16]),
            created: Timestamp::from_unix_ms(1_795_597_200_123),
        };
        let bytes = identity.to_bytes();
        assert_eq!(Identity::parse(&bytes), Some(identity));
        for (from, to) in
            [("vault 1", "vault 2"), ("\"suite\": 1", "\"suite\": 2"), ("abab", "ABAB"), ("}", "} ")]
        {
            let text = String::from_utf8(bytes.clone()).unwrap().replacen(from, to, 1);
            assert_eq!(Identity::parse(text.as_bytes()), None, "{from} as {to}");
        }
        assert_eq!(Identity::parse(&bytes[1..]), None);
    }
}
