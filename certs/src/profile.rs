//! The table of certificate profiles, and the URI that says what a certificate is for. Issues and reads nothing.

use model::{DeviceId, Malformed, PracticeId};

/// A row of the table in `format.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// The root: self-signed, signs issuing authorities and root records.
    Root,
    /// The issuing authority, online.
    Issuing,
    /// The gateway in TLS.
    Gateway,
    /// A device in TLS.
    Device,
    /// A device's statements.
    Signer,
    /// The gateway's statements and trust bundles.
    Statements,
    /// The journal's receipts.
    Receipts,
}

/// What a profile fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The profile's name in `format.md`.
    pub name: &'static str,
    /// Days from issuing to the end; the begin is 24 hours before issuing.
    pub life_days: u64,
    /// How deep below it authorities may stand; `None` for what is no authority.
    pub path_length: Option<u8>,
    /// Bits of keyUsage.
    pub key_usage: KeyUsage,
    /// The one extended key usage.
    pub extended: Option<ExtendedUsage>,
}

/// The keyUsage of a profile; there are three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUsage {
    /// keyCertSign and cRLSign.
    Authority,
    /// digitalSignature.
    DigitalSignature,
    /// contentCommitment.
    ContentCommitment,
}

/// The extended key usage of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtendedUsage {
    /// id-kp-serverAuth.
    ServerAuth,
    /// id-kp-clientAuth.
    ClientAuth,
    /// id-kp-documentSigning (RFC 9336).
    DocumentSigning,
}

/// Days an issuing authority signs; it lives a year longer, so that no leaf outlives it.
pub const ISSUING_SIGNS_DAYS: u64 = 731;

/// Seconds between notBefore and issuing: a wrong time zone is up to 14 hours off.
pub const BEFORE_SECONDS: u64 = 24 * 3600;

impl Profile {
    /// All profiles, in the order of the table.
    pub const ALL: [Self; 7] = [
        Self::Root,
        Self::Issuing,
        Self::Gateway,
        Self::Device,
        Self::Signer,
        Self::Statements,
        Self::Receipts,
    ];

    /// What the profile fixes.
    pub const fn row(self) -> Row {
        use ExtendedUsage::{ClientAuth, DocumentSigning, ServerAuth};
        use KeyUsage::{Authority, ContentCommitment, DigitalSignature};
        let (name, life_days, path_length, key_usage, extended) = match self {
            Self::Root => ("root", 7305, Some(1), Authority, None),
            Self::Issuing => ("issuing", 1096, Some(0), Authority, None),
            Self::Gateway => ("gateway", 90, None, DigitalSignature, Some(ServerAuth)),
            Self::Device => ("device", 90, None, DigitalSignature, Some(ClientAuth)),
            Self::Signer => ("signer", 400, None, ContentCommitment, Some(DocumentSigning)),
            Self::Statements => ("statements", 400, None, ContentCommitment, Some(DocumentSigning)),
            Self::Receipts => ("receipts", 400, None, ContentCommitment, Some(DocumentSigning)),
        };
        Row { name, life_days, path_length, key_usage, extended }
    }
}

/// What an end certificate is for: the path of its one URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// `gateway`.
    Gateway,
    /// `device/<uuid>`.
    Device(DeviceId),
    /// `signer/<uuid>`.
    Signer(DeviceId),
    /// `gateway/statements`.
    Statements,
    /// `journal/receipts`.
    Receipts,
}

impl Purpose {
    /// The profile that goes with it.
    pub const fn profile(self) -> Profile {
        match self {
            Self::Gateway => Profile::Gateway,
            Self::Device(_) => Profile::Device,
            Self::Signer(_) => Profile::Signer,
            Self::Statements => Profile::Statements,
            Self::Receipts => Profile::Receipts,
        }
    }

    /// `spiffe://<practice>.counterfoil.internal/<path>`.
    pub fn uri(self, practice: &PracticeId) -> String {
        match self {
            Self::Gateway => practice.uri("gateway"),
            Self::Device(device) => practice.uri(&format!("device/{}", device.to_uuid())),
            Self::Signer(device) => practice.uri(&format!("signer/{}", device.to_uuid())),
            Self::Statements => practice.uri("gateway/statements"),
            Self::Receipts => practice.uri("journal/receipts"),
        }
    }

    /// The certificate's subject, its only common name.
    pub fn common_name(self, practice: &PracticeId) -> String {
        match self {
            Self::Gateway => format!("gateway {practice}"),
            Self::Device(device) | Self::Signer(device) => device.to_uuid(),
            Self::Statements => format!("statements {practice}"),
            Self::Receipts => format!("receipts {practice}"),
        }
    }

    /// Reads a URI, exactly: another practice, another case, escapes, `..` or a slash at the end are refused.
    ///
    /// # Errors
    /// Anything that [`Purpose::uri`] does not write.
    pub fn parse(uri: &str, practice: &PracticeId) -> Result<Self, Malformed> {
        const HOW: Malformed = Malformed::new("certificate URI", "it is none of this practice");
        let path = uri.strip_prefix(&practice.uri("")).ok_or(HOW)?;
        match path {
            "gateway" => Ok(Self::Gateway),
            "gateway/statements" => Ok(Self::Statements),
            "journal/receipts" => Ok(Self::Receipts),
            _ => match path.split_once('/') {
                Some(("device", uuid)) => DeviceId::from_uuid(uuid).map(Self::Device),
                Some(("signer", uuid)) => DeviceId::from_uuid(uuid).map(Self::Signer),
                _ => Err(HOW),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn practice() -> PracticeId {
        PracticeId::parse("abcdefghijklmnop").unwrap()
    }

    #[test]
    fn a_uri_is_read_exactly_as_written() {
        let device = DeviceId::from_bytes([7; 16]);
        for purpose in [
            Purpose::Gateway,
            Purpose::Device(device),
            Purpose::Signer(device),
            Purpose::Statements,
            Purpose::Receipts,
        ] {
            let uri = purpose.uri(&practice());
            assert_eq!(Purpose::parse(&uri, &practice()), Ok(purpose));
            for bad in [
                uri.to_uppercase(),
                format!("{uri}/"),
                format!("{uri}/.."),
                format!("{uri}\0"),
                uri.replace("abcdefghijklmnop", "abcdefghijklmnoq"),
                uri.replace('g', "%67"),
                uri.replacen("spiffe", "https", 1),
                format!(" {uri}"),
            ] {
                assert!(Purpose::parse(&bad, &practice()).is_err(), "{bad:?}");
            }
        }
        assert!(
            Purpose::parse(&practice().uri("device/07070707070707070707070707070707"), &practice()).is_err()
        );
        assert!(Purpose::parse(&practice().uri(""), &practice()).is_err());
    }

    #[test]
    fn an_issuing_authority_outlives_what_it_signs_for_tls() {
        let issuing = Profile::Issuing.row().life_days;
        for profile in [Profile::Gateway, Profile::Device] {
            assert!(ISSUING_SIGNS_DAYS + profile.row().life_days < issuing);
        }
        assert!(issuing < Profile::Root.row().life_days);
    }
}
