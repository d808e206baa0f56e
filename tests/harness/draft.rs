//! A certificate as it is put together, every field free to be wrong. [`Draft::device`] is right in every field.

use certs::{Certificate, PrivateKey, Purpose};
use model::{PracticeId, Timestamp};

use crate::der::{self, integer, name, oid, sequence, tlv};

/// basicConstraints.
pub const CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// keyUsage.
pub const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
/// extendedKeyUsage.
pub const EXTENDED: &[u8] = &[0x55, 0x1d, 0x25];
/// subjectAltName.
pub const NAMES: &[u8] = &[0x55, 0x1d, 0x11];
/// subjectKeyIdentifier.
pub const SUBJECT_KEY: &[u8] = &[0x55, 0x1d, 0x0e];
/// authorityKeyIdentifier.
pub const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 0x23];

/// id-kp-serverAuth.
pub const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// id-kp-clientAuth.
pub const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
/// id-kp-documentSigning.
pub const DOCUMENT_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x24];
/// anyExtendedKeyUsage.
pub const ANY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];

/// The bits of keyUsage as the content of its BIT STRING: how many are unused, then the bits.
pub const DIGITAL_SIGNATURE: &[u8] = &[7, 0x80];
/// contentCommitment.
pub const CONTENT_COMMITMENT: &[u8] = &[6, 0x40];
/// keyEncipherment.
pub const KEY_ENCIPHERMENT: &[u8] = &[5, 0x20];
/// keyCertSign.
pub const KEY_CERT_SIGN: &[u8] = &[2, 0x04];

/// An extension.
#[derive(Clone)]
pub struct Extension {
    /// Its identifier, as encoded.
    pub id: Vec<u8>,
    /// Whether who does not know it must refuse the certificate.
    pub is_critical: bool,
    /// What it says.
    pub value: Vec<u8>,
}

/// A certificate that is not signed yet.
#[derive(Clone)]
pub struct Draft {
    /// The version's number; version 1 where left out.
    pub version: Option<u8>,
    /// The serial number, an element.
    pub serial: Vec<u8>,
    /// The algorithm inside what is signed.
    pub inner: Vec<u8>,
    /// The issuer's name.
    pub issuer: Vec<u8>,
    /// Begin and end, elements.
    pub life: [Vec<u8>; 2],
    /// The subject's name.
    pub subject: Vec<u8>,
    /// The SubjectPublicKeyInfo.
    pub key: Vec<u8>,
    /// The extensions.
    pub extensions: Vec<Extension>,
    /// The algorithm beside the signature.
    pub outer: Vec<u8>,
}

impl Draft {
    /// A device's certificate, right in every field, for this SubjectPublicKeyInfo under this issuer.
    pub fn new(
        practice: &PracticeId,
        purpose: Purpose,
        key: &[u8],
        issuer: &Certificate,
        now: Timestamp,
    ) -> Self {
        const DAY: u64 = 24 * 3600;
        let key_identifier = |hash: &[u8]| tlv(0x04, &[&hash[..20]]);
        let subject_key = sha256(key);
        let authority_key = tlv(0x80, &[&issuer.key_hash().as_bytes()[..20]]);
        let extension = |id: &[u8], is_critical, value| Extension { id: id.to_vec(), is_critical, value };
        Self {
            version: Some(2),
            serial: integer(&[0x5e; 16]),
            inner: der::ecdsa_sha256(),
            issuer: name(issuer.common_name().as_bytes()),
            life: [der::utc(now.minus_seconds(DAY)), der::utc(now.plus_seconds(90 * DAY))],
            subject: name(purpose.common_name(practice).as_bytes()),
            key: key.to_vec(),
            extensions: vec![
                extension(AUTHORITY_KEY, false, sequence(&[&authority_key])),
                extension(NAMES, false, uris(&[purpose.uri(practice).as_bytes()])),
                extension(KEY_USAGE, true, tlv(0x03, &[DIGITAL_SIGNATURE])),
                extension(EXTENDED, false, usages(&[CLIENT_AUTH])),
                extension(SUBJECT_KEY, false, key_identifier(&subject_key)),
                extension(CONSTRAINTS, true, sequence(&[])),
            ],
            outer: der::ecdsa_sha256(),
        }
    }

    /// With another value of an extension.
    #[must_use]
    pub fn with(mut self, id: &[u8], value: Vec<u8>) -> Self {
        for extension in self.extensions.iter_mut().filter(|extension| extension.id == id) {
            extension.value = value.clone();
        }
        self
    }

    /// Without an extension.
    #[must_use]
    pub fn without(mut self, id: &[u8]) -> Self {
        self.extensions.retain(|extension| extension.id != id);
        self
    }

    /// With these URIs.
    #[must_use]
    pub fn named(self, names: &[&[u8]]) -> Self {
        self.with(NAMES, uris(names))
    }

    /// Changed in any way.
    #[must_use]
    pub fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// What is signed.
    pub fn to_be_signed(&self) -> Vec<u8> {
        let version = self.version.map(|version| tlv(0xa0, &[&tlv(0x02, &[&[version]])])).unwrap_or_default();
        let extensions: Vec<u8> = self.extensions.iter().flat_map(Extension::encode).collect();
        let extensions = match self.extensions.is_empty() {
            true => Vec::new(),
            false => tlv(0xa3, &[&sequence(&[&extensions])]),
        };
        let life = sequence(&[&self.life[0], &self.life[1]]);
        sequence(&[
            &version,
            &self.serial,
            &self.inner,
            &self.issuer,
            &life,
            &self.subject,
            &self.key,
            &extensions,
        ])
    }

    /// The certificate, truly signed.
    pub fn sign(&self, by: &PrivateKey) -> Vec<u8> {
        let signed = self.to_be_signed();
        sequence(&[&signed, &self.outer, &der::signature(by, &signed)])
    }
}

impl Extension {
    fn encode(&self) -> Vec<u8> {
        let critical: &[u8] = if self.is_critical { &[0x01, 0x01, 0xff] } else { &[] };
        sequence(&[&oid(&self.id), critical, &tlv(0x04, &[&self.value])])
    }
}

/// Usages, each by its encoded identifier.
pub fn usages(usages: &[&[u8]]) -> Vec<u8> {
    let usages: Vec<u8> = usages.iter().flat_map(|usage| oid(usage)).collect();
    sequence(&[&usages])
}

/// Names that are URIs.
fn uris(uris: &[&[u8]]) -> Vec<u8> {
    let uris: Vec<u8> = uris.iter().flat_map(|uri| tlv(0x86, &[uri])).collect();
    sequence(&[&uris])
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).to_vec()
}
