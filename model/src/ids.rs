//! Ids: sixteen random bytes each, and a type each, so that a book is never taken for a person.
//! Shown to people as 26 Crockford symbols, written in statements as 32 hex digits.

use crate::{Malformed, crockford, digest::hex};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Takes the sixteen bytes as they are.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The sixteen bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// 32 lower-case hex digits, as statements write it.
            pub fn to_hex(&self) -> String {
                hex::encode(&self.0)
            }

            /// Reads 32 lower-case hex digits.
            ///
            /// # Errors
            /// Anything else.
            pub fn from_hex(text: &str) -> Result<Self, Malformed> {
                hex::decode(text).map(Self).ok_or(Malformed::new($what, "it is not 32 hex digits"))
            }

            /// Reads 26 Crockford symbols as people type them, or 32 hex digits.
            ///
            /// # Errors
            /// Anything else.
            pub fn parse(text: &str) -> Result<Self, Malformed> {
                Self::from_hex(text).or_else(|_| crockford::decode(text, $what).map(Self))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&crockford::encode(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    )*};
}

ids! {
    /// A book: all documents of one client firm.
    BookId "book id";
    /// A person with a role.
    PersonId "person id";
    /// One enrolled installation of a person; in certificates written as a UUID.
    DeviceId "device id";
    /// What one person sends in one go; drawn by the companion.
    SubmissionId "submission id";
    /// One statement (EvidenceIdentifier of ETSI EN 319 522).
    EvidenceId "evidence id";
    /// An upload on the gateway's disk; drawn by the gateway, never sent.
    UploadId "upload id";
    /// A document in the vault; never leaves the gateway.
    DocumentId "document id";
    /// An object file in the vault; never leaves the gateway.
    ObjectId "object id";
    /// A shelf: one book, one class, one fiscal year, one retention term.
    ShelfId "shelf id";
    /// The key that a journal entry is sealed under.
    EntryKeyId "entry key id";
    /// A vault, for ever.
    VaultId "vault id";
    /// An unlock slot.
    SlotId "slot id";
    /// A private key at rest.
    KeyId "key id";
}

impl DeviceId {
    /// The UUID form that certificates carry: `8-4-4-4-12` lower-case hex digits.
    pub fn to_uuid(&self) -> String {
        let hex = self.to_hex();
        let mut out = String::with_capacity(36);
        for (at, digit) in hex.chars().enumerate() {
            if matches!(at, 8 | 12 | 16 | 20) {
                out.push('-');
            }
            out.push(digit);
        }
        out
    }

    /// Reads the UUID form, strictly.
    ///
    /// # Errors
    /// Any other form, capitals included.
    pub fn from_uuid(text: &str) -> Result<Self, Malformed> {
        let id = Self::from_hex(&text.replace('-', ""))?;
        match id.to_uuid() == text {
            true => Ok(id),
            false => Err(Malformed::new("device id", "it is not a UUID in its usual form")),
        }
    }
}

impl EvidenceId {
    /// The UUID form that statements carry.
    pub fn to_uuid(&self) -> String {
        DeviceId(self.0).to_uuid()
    }

    /// Reads the UUID form, strictly.
    ///
    /// # Errors
    /// Any other form, capitals included.
    pub fn from_uuid(text: &str) -> Result<Self, Malformed> {
        DeviceId::from_uuid(text).map(|id| Self(id.0))
    }
}

/// The public 30-bit number of an invitation, shown as six Crockford symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvitationId(u32);

impl InvitationId {
    /// The number of values.
    pub const COUNT: u32 = 1 << 30;

    /// Takes a number below 2^30.
    ///
    /// # Errors
    /// A larger number.
    pub const fn new(value: u32) -> Result<Self, Malformed> {
        match value < Self::COUNT {
            true => Ok(Self(value)),
            false => Err(Malformed::new("invitation id", "it has more than 30 bits")),
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Reads six Crockford symbols.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut value = 0u32;
        let mut count = 0;
        for typed in text.chars().filter(|typed| !crockford::is_separator(*typed)) {
            let bits =
                crockford::value(typed).ok_or(Malformed::new("invitation id", "it has a wrong symbol"))?;
            count += 1;
            if count > 6 {
                return Err(Malformed::new("invitation id", "it is not six symbols"));
            }
            value = value << 5 | u32::from(bits);
        }
        match count {
            6 => Self::new(value),
            _ => Err(Malformed::new("invitation id", "it is not six symbols")),
        }
    }
}

impl std::fmt::Display for InvitationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for at in (0..6).rev() {
            write!(f, "{}", crockford::symbol((self.0 >> (5 * at) & 31) as u8))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_id_is_a_strict_uuid() {
        let id = DeviceId::from_bytes([0xab; 16]);
        assert_eq!(id.to_uuid(), "abababab-abab-abab-abab-abababababab");
        assert_eq!(DeviceId::from_uuid(&id.to_uuid()), Ok(id));
        assert!(DeviceId::from_uuid(&id.to_uuid().to_uppercase()).is_err());
        assert!(DeviceId::from_uuid(&id.to_hex()).is_err());
    }

    #[test]
    fn both_forms_of_an_id_are_read() {
        let id = BookId::from_bytes(*b"0123456789abcdef");
        assert_eq!(BookId::parse(&id.to_string()), Ok(id));
        assert_eq!(BookId::parse(&id.to_hex()), Ok(id));
        assert!(BookId::parse("静安面馆").is_err());
    }

    #[test]
    fn an_invitation_id_has_thirty_bits() {
        let id = InvitationId::new(InvitationId::COUNT - 1).unwrap();
        assert_eq!(id.to_string(), "ZZZZZZ");
        assert_eq!(InvitationId::parse("zzz-zzz"), Ok(id));
        assert!(InvitationId::new(InvitationId::COUNT).is_err());
        assert!(InvitationId::parse("zzzzz").is_err());
    }
}
