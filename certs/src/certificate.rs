//! One certificate, read strictly: only what our profiles can be. Whether it is trusted is for `judge` to say.

use model::{PracticeId, Sha256Digest, Timestamp};
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{ASN1Time, FromDer as _, X509Certificate, X509Version};

use crate::error::CertificateFault as Fault;
use crate::key::Verdict;
use crate::profile::{BEFORE_SECONDS, ExtendedUsage, KeyUsage};
use crate::{Profile, PublicKey, Purpose};

/// Largest certificate that is looked at; ours have about 550 bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 2048;

/// Certificates in one chain, at most.
pub const CHAIN_MAX: usize = 4;

/// ecdsa-with-SHA256 as an AlgorithmIdentifier's OID (RFC 5758 section 3.2).
pub(crate) const ECDSA_WITH_SHA256: &str = "1.2.840.10045.4.3.2";

/// A certificate and what was read from it.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    tbs: std::ops::Range<usize>,
    signature: Vec<u8>,
    serial: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    common_name: String,
    not_before: Timestamp,
    not_after: Timestamp,
    key: PublicKey,
    extensions: Extensions,
}

#[derive(Clone, Default)]
struct Extensions {
    constraints: Option<(Option<u32>, Criticality)>,
    key_usage: Option<(u16, Criticality)>,
    extended: Vec<Option<ExtendedUsage>>,
    uris: Vec<String>,
    dns: Vec<String>,
    other_names: usize,
    subject_key: Option<Vec<u8>>,
    authority_key: Option<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Criticality {
    Critical,
    Not,
}

impl Certificate {
    /// Reads DER.
    ///
    /// # Errors
    /// A [`Fault`] for anything that none of our profiles has: other algorithms and keys, an extension twice
    /// or unknown, bytes left over.
    pub fn read(der: &[u8]) -> Result<Self, Fault> {
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(Fault::Encoding);
        }
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| Fault::Encoding)?;
        let tbs = &parsed.tbs_certificate;
        if !rest.is_empty() || tbs.version != X509Version::V3 {
            return Err(Fault::Encoding);
        }
        if tbs.issuer_uid.is_some() || tbs.subject_uid.is_some() {
            return Err(Fault::Encoding);
        }
        // The outer algorithm is held against its only encoding below.
        let (algorithm, parameters) = (&tbs.signature.algorithm, &tbs.signature.parameters);
        if algorithm.to_id_string() != ECDSA_WITH_SHA256 || parameters.is_some() {
            return Err(Fault::Algorithm);
        }
        let serial = serial(tbs.raw_serial())?;
        let validity = &tbs.validity;
        if ![&validity.not_before, &validity.not_after].into_iter().all(is_time_as_written) {
            return Err(Fault::Validity);
        }
        let signature = parsed.signature_value.data.as_ref();
        if envelope(tbs.as_ref(), signature).as_deref() != Some(der) {
            return Err(Fault::Encoding);
        }
        Ok(Self {
            tbs: place_of(der, tbs.as_ref()).ok_or(Fault::Encoding)?,
            signature: signature.to_vec(),
            serial,
            issuer: tbs.issuer.as_raw().to_vec(),
            subject: tbs.subject.as_raw().to_vec(),
            common_name: common_name(&tbs.subject)?,
            not_before: time(validity.not_before.timestamp())?,
            not_after: time(validity.not_after.timestamp())?,
            key: PublicKey::from_spki(tbs.subject_pki.raw).map_err(|_| Fault::Key)?,
            extensions: Extensions::read(&parsed)?,
            der: der.to_vec(),
        })
    }

    /// The bytes as they came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The bytes as rustls takes them.
    pub fn to_rustls(&self) -> CertificateDer<'static> {
        CertificateDer::from(self.der.clone())
    }

    /// SHA-256 of the whole certificate: what the registry knows it by.
    pub fn fingerprint(&self) -> Sha256Digest {
        fingerprint(&self.der)
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub fn key_hash(&self) -> Sha256Digest {
        self.key.key_hash()
    }

    /// The issuer's key identifier, if it has one of our kind: the first 20 bytes of SHA-256 of its
    /// SubjectPublicKeyInfo.
    pub fn issuer_key_id(&self) -> Option<[u8; 20]> {
        self.extensions.authority_key.as_deref().and_then(|id| id.try_into().ok())
    }

    /// This key's own identifier, as certificates below name it.
    pub fn key_id(&self) -> Option<[u8; 20]> {
        self.extensions.subject_key.as_deref().and_then(|id| id.try_into().ok())
    }

    /// The serial number's bytes, big-endian, without a sign byte.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// Begin of life.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last second of life.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The subject's only common name. Foreign: make it safe before it is shown.
    pub fn common_name(&self) -> &str {
        &self.common_name
    }

    /// Whether `time` lies in its life, both ends included (RFC 5280 section 4.1.2.5).
    pub fn is_in_force(&self, time: Timestamp) -> bool {
        self.not_before <= time && time.unix_seconds() <= self.not_after.unix_seconds()
    }

    /// What this end certificate of `practice` is for, if it is exactly of the profile that its URI names.
    ///
    /// # Errors
    /// The [`Fault`] by which it is not.
    pub fn purpose(&self, practice: &PracticeId) -> Result<Purpose, Fault> {
        let [uri] = self.extensions.uris.as_slice() else { return Err(Fault::Names) };
        let purpose = Purpose::parse(uri, practice).map_err(|_| Fault::Names)?;
        self.has_profile(purpose.profile())?;
        let dns_fits = match purpose {
            Purpose::Gateway => self.extensions.dns == [practice.host()],
            _ => self.extensions.dns.is_empty(),
        };
        match dns_fits && self.common_name == purpose.common_name(practice) {
            true => Ok(purpose),
            false => Err(Fault::Names),
        }
    }

    /// The one URI of an end certificate, whatever it says.
    pub fn uri(&self) -> Option<&str> {
        match self.extensions.uris.as_slice() {
            [uri] => Some(uri),
            _ => None,
        }
    }

    /// Whether extensions and life are exactly the profile's; names of end certificates are not looked at.
    ///
    /// # Errors
    /// The [`Fault`] by which it is not.
    pub fn has_profile(&self, profile: Profile) -> Result<(), Fault> {
        let row = profile.row();
        let found = &self.extensions;
        match (found.constraints, row.path_length) {
            (Some((None, Criticality::Critical)), None) => {}
            (Some((Some(found), Criticality::Critical)), Some(row)) if found == u32::from(row) => {}
            _ => return Err(Fault::BasicConstraints),
        }
        if found.key_usage != Some((key_usage_bits(row.key_usage), Criticality::Critical)) {
            return Err(Fault::KeyUsage);
        }
        let extended_fits = match row.extended {
            Some(usage) => found.extended == [Some(usage)],
            None => found.extended.is_empty(),
        };
        if !extended_fits {
            return Err(Fault::ExtendedKeyUsage);
        }
        if [&found.subject_key, &found.authority_key]
            .iter()
            .any(|id| id.as_ref().is_none_or(|id| id.len() != 20))
        {
            return Err(Fault::KeyIdentifier);
        }
        if found.other_names > 0
            || (row.path_length.is_some() && !(found.uris.is_empty() && found.dns.is_empty()))
        {
            return Err(Fault::Names);
        }
        let longest = self.not_before.plus_seconds(row.life_days * 24 * 3600 + BEFORE_SECONDS);
        match self.not_before < self.not_after && self.not_after <= longest {
            true => Ok(()),
            false => Err(Fault::Validity),
        }
    }

    /// Whether `issuer` signed this: its name, its key identifier and its signature.
    pub(crate) fn is_signed_by(&self, issuer: &Certificate) -> Verdict {
        match issuer.is_named(&self.issuer, self.extensions.authority_key.as_deref()) {
            true => issuer.key.verify_der(self.tbs(), &self.signature),
            false => Verdict::Invalid,
        }
    }

    /// Whether an issuer's name (DER) and key identifier are this certificate's.
    pub(crate) fn is_named(&self, name: &[u8], key_identifier: Option<&[u8]>) -> bool {
        self.subject == name && self.extensions.subject_key.as_deref() == key_identifier
    }

    /// Whether `issuer` is the one that this certificate names, by subject and key. The signature was checked when
    /// the certificate was made, or is for [`crate::judge`].
    pub fn names_issuer(&self, issuer: &Certificate) -> bool {
        self.issuer == issuer.subject && self.extensions.authority_key == issuer.extensions.subject_key
    }

    /// Whether `issuer` has signed this certificate.
    pub fn is_issued_by(&self, issuer: &Certificate) -> bool {
        self.is_signed_by(issuer) == Verdict::Valid
    }

    fn tbs(&self) -> &[u8] {
        self.der.get(self.tbs.clone()).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Certificate {
    fn as_ref(&self) -> &[u8] {
        &self.der
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({})", self.fingerprint())
    }
}

/// SHA-256 of a whole certificate.
pub fn fingerprint(der: &[u8]) -> Sha256Digest {
    Sha256Digest::from_bytes(Sha256::digest(der).into())
}

impl Extensions {
    fn read(parsed: &X509Certificate<'_>) -> Result<Self, Fault> {
        let mut out = Self::default();
        let mut seen = Vec::new();
        for extension in parsed.extensions() {
            if seen.contains(&&extension.oid) {
                return Err(Fault::Extension);
            }
            seen.push(&extension.oid);
            let criticality = if extension.critical { Criticality::Critical } else { Criticality::Not };
            // RFC 5280 sections 4.2.1.1 and 4.2.1.2: never critical. Names and usages of ours are not either.
            let not_critical = |fault| match criticality {
                Criticality::Critical => Err(fault),
                Criticality::Not => Ok(()),
            };
            match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(found) => {
                    let path_length = match (found.ca, found.path_len_constraint) {
                        (true, Some(length)) => Some(length),
                        (false, None) => None,
                        _ => return Err(Fault::BasicConstraints),
                    };
                    out.constraints = Some((path_length, criticality));
                }
                ParsedExtension::KeyUsage(found) => out.key_usage = Some((found.flags, criticality)),
                ParsedExtension::ExtendedKeyUsage(found) => {
                    not_critical(Fault::ExtendedKeyUsage)?;
                    out.extended = extended(found);
                }
                ParsedExtension::SubjectAlternativeName(found) => {
                    not_critical(Fault::Names)?;
                    out.names(&found.general_names);
                }
                ParsedExtension::SubjectKeyIdentifier(found) => {
                    not_critical(Fault::KeyIdentifier)?;
                    out.subject_key = Some(found.0.to_vec());
                }
                ParsedExtension::AuthorityKeyIdentifier(found) => {
                    not_critical(Fault::KeyIdentifier)?;
                    if found.authority_cert_issuer.is_some() || found.authority_cert_serial.is_some() {
                        return Err(Fault::KeyIdentifier);
                    }
                    out.authority_key = found.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                _ => return Err(Fault::Extension),
            }
        }
        Ok(out)
    }

    fn names(&mut self, names: &[GeneralName<'_>]) {
        for name in names {
            match name {
                GeneralName::URI(uri) => self.uris.push((*uri).to_owned()),
                GeneralName::DNSName(dns) => self.dns.push((*dns).to_owned()),
                _ => self.other_names += 1,
            }
        }
    }
}

/// Every usage that is named; `None` for one that we do not have.
fn extended(found: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> Vec<Option<ExtendedUsage>> {
    let flags = [
        (found.server_auth, Some(ExtendedUsage::ServerAuth)),
        (found.client_auth, Some(ExtendedUsage::ClientAuth)),
        (found.any, None),
        (found.code_signing, None),
        (found.email_protection, None),
        (found.time_stamping, None),
        (found.ocsp_signing, None),
    ];
    let others = found.other.iter().map(|oid| match oid.to_id_string().as_str() {
        DOCUMENT_SIGNING => Some(ExtendedUsage::DocumentSigning),
        _ => None,
    });
    let mut out: Vec<_> =
        flags.into_iter().filter(|(set, _)| *set).map(|(_, usage)| usage).chain(others).collect();
    if out.is_empty() {
        out.push(None);
    }
    out
}

/// id-kp-documentSigning (RFC 9336 section 3).
const DOCUMENT_SIGNING: &str = "1.3.6.1.5.5.7.3.36";

/// Bit 0 of the BIT STRING is bit 0 of the number.
const fn key_usage_bits(usage: KeyUsage) -> u16 {
    match usage {
        KeyUsage::DigitalSignature => 1,
        KeyUsage::ContentCommitment => 1 << 1,
        KeyUsage::Authority => 1 << 5 | 1 << 6,
    }
}

/// RFC 5280 section 4.1.2.2: positive, at most 20 bytes. Ours have 16.
fn serial(raw: &[u8]) -> Result<Vec<u8>, Fault> {
    let positive = raw.first().is_some_and(|first| first & 0x80 == 0) && raw.iter().any(|byte| *byte != 0);
    match positive && raw.len() <= 20 {
        true => Ok(raw.strip_prefix(&[0]).unwrap_or(raw).to_vec()),
        false => Err(Fault::Serial),
    }
}

fn common_name(subject: &x509_parser::x509::X509Name<'_>) -> Result<String, Fault> {
    let mut attributes = subject.iter_attributes();
    let (Some(only), None) = (attributes.next(), attributes.next()) else { return Err(Fault::Names) };
    match only.attr_type().to_id_string() == "2.5.4.3" {
        true => only.as_str().map(str::to_owned).map_err(|_| Fault::Names),
        false => Err(Fault::Names),
    }
}

/// RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050.
fn is_time_as_written(time: &ASN1Time) -> bool {
    const YEAR_2050: i64 = 2_524_608_000;
    time.is_utctime() == (time.timestamp() < YEAR_2050)
}

fn time(unix_seconds: i64) -> Result<Timestamp, Fault> {
    u64::try_from(unix_seconds).map(Timestamp::from_unix_seconds).map_err(|_| Fault::Validity)
}

/// The one DER encoding of a certificate around what is signed: so nothing outside the signature can be bent.
fn envelope(tbs: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
    let signature_bytes = u8::try_from(signature.len() + 1).ok().filter(|bytes| *bytes < 0x80)?;
    let rest = [&SIGNATURE_ALGORITHM, &[0x03, signature_bytes, 0][..], signature].concat();
    let [high, low] = u16::try_from(tbs.len() + rest.len()).ok().filter(|bytes| *bytes > 0xff)?.to_be_bytes();
    Some([&[0x30, 0x82, high, low], tbs, &rest].concat())
}

/// SEQUENCE { ecdsa-with-SHA256 }, without parameters.
const SIGNATURE_ALGORITHM: [u8; 12] =
    [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// Where `part`, a slice of `whole`, lies in it.
fn place_of(whole: &[u8], part: &[u8]) -> Option<std::ops::Range<usize>> {
    let begin = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = begin.checked_add(part.len())?;
    (whole.get(begin..end)? == part).then_some(begin..end)
}
