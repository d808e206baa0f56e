//! Root and issuing authority: what signs certificates. It takes public keys only; names follow from the
//! profile, so there is nothing that a request could ask for.

use model::{Pin, PracticeId, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyUsagePurpose, SanType, SerialNumber,
};

use crate::key::Verdict;
use crate::profile::{BEFORE_SECONDS, ExtendedUsage, ISSUING_SIGNS_DAYS, KeyUsage};
use crate::signer::{AuthorityKey, not_made};
use crate::{Certificate, CertsError, PrivateKey, Profile, PublicKey, Purpose};

/// A serial number: 16 random bytes, the top bit 0, the next 1. Recorded before it signs, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial([u8; 16]);

impl Serial {
    /// Draws one.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`].
    pub fn random() -> Result<Self, CertsError> {
        Ok(Self::from_random(host::random::bytes::<16>()?))
    }

    /// One that was drawn before: what has another head was never ours.
    pub fn parse(bytes: [u8; 16]) -> Option<Self> {
        (Self::from_random(bytes).0 == bytes).then_some(Self(bytes))
    }

    /// The 16 bytes, big-endian.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// 32 lower-case hex digits.
    pub fn to_hex(&self) -> String {
        model::digest::hex::encode(&self.0)
    }

    /// The serial that belongs to 16 random bytes which were recorded before: the same for the same bytes.
    pub fn from_random(mut bytes: [u8; 16]) -> Self {
        if let Some(first) = bytes.first_mut() {
            *first = *first & 0x3f | 0x40;
        }
        Self(bytes)
    }
}

/// A certificate just made: read back, of its profile, its signature verified.
pub type Issued = Certificate;

/// A root: its key and its self-signed certificate. It leaves the gateway as a sealed file.
pub struct Root {
    key: PrivateKey,
    certificate: Certificate,
    practice: PracticeId,
}

impl Root {
    /// Makes the first root of a new practice; the practice's id and pin follow from its key.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`], [`CertsError::Issuing`].
    pub fn create(now: Timestamp) -> Result<Self, CertsError> {
        Self::create_with(PrivateKey::generate()?, Serial::random()?, now)
    }

    /// A root from its parts: the sealed file's key and its certificate.
    ///
    /// # Errors
    /// [`CertsError::KeyMismatch`], or a certificate that is no root.
    pub fn open(key: PrivateKey, certificate: &[u8], practice: PracticeId) -> Result<Self, CertsError> {
        let certificate = Certificate::read(certificate)?;
        certificate.has_profile(Profile::Root)?;
        belongs(key.public(), &certificate)?;
        Ok(Self { key, certificate, practice })
    }

    /// The self-signed certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The practice.
    pub fn practice(&self) -> &PracticeId {
        &self.practice
    }

    /// The pin, if this is the practice's first root.
    pub fn pin(&self) -> Pin {
        Pin::of_root(&self.certificate.key_hash())
    }

    /// The root's private key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    pub(crate) fn create_with(key: PrivateKey, serial: Serial, now: Timestamp) -> Result<Self, CertsError> {
        let practice = PracticeId::of_root(&key.key_hash());
        Self::generation(key, practice, 1, serial, now)
    }

    /// Root number `generation` of a practice, whose id is that of its first.
    pub(crate) fn generation(
        key: PrivateKey,
        practice: PracticeId,
        generation: u32,
        serial: Serial,
        now: Timestamp,
    ) -> Result<Self, CertsError> {
        let order = Order {
            profile: Profile::Root,
            common_name: format!("Counterfoil root {practice} r{generation}"),
            names: Vec::new(),
            serial,
            now,
            ends_by: None,
        };
        let params = order.params();
        let made = params.self_signed(&key).map_err(CertsError::Issuing)?;
        let certificate = Certificate::read(made.der())?;
        certificate.has_profile(Profile::Root)?;
        match certificate.is_signed_by(&certificate) {
            Verdict::Valid => Ok(Self { key, certificate, practice }),
            Verdict::Invalid => Err(CertsError::SignatureUnsound),
        }
    }
}

/// The online authority: signs every end certificate.
pub struct IssuingAuthority {
    key: AuthorityKey,
    certificate: Certificate,
    practice: PracticeId,
}

impl IssuingAuthority {
    /// Makes the practice's issuing authority number `generation` (from 1) under a root.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`], [`CertsError::Issuing`], [`CertsError::IssuerNotInForce`].
    pub fn create_under(root: &Root, generation: u32, now: Timestamp) -> Result<Self, CertsError> {
        Self::create_with(root, PrivateKey::generate()?, Serial::random()?, generation, now)
    }

    /// An authority from its parts.
    ///
    /// # Errors
    /// [`CertsError::KeyMismatch`], or a certificate that is no issuing one.
    pub fn open(
        key: impl Into<AuthorityKey>,
        certificate: &[u8],
        practice: PracticeId,
    ) -> Result<Self, CertsError> {
        let (key, certificate) = (key.into(), Certificate::read(certificate)?);
        certificate.has_profile(Profile::Issuing)?;
        belongs(key.public(), &certificate)?;
        Ok(Self { key, certificate, practice })
    }

    /// Its certificate: what the gateway anchors devices at.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// What it signs with.
    pub fn signer(&self) -> &AuthorityKey {
        &self.key
    }

    /// Its private key, for the caller to seal; none where a token holds it.
    pub fn held_key(&self) -> Option<&PrivateKey> {
        match &self.key {
            AuthorityKey::Held(key) => Some(key),
            AuthorityKey::Token { .. } => None,
        }
    }

    /// The practice.
    pub fn practice(&self) -> &PracticeId {
        &self.practice
    }

    /// An end certificate.
    ///
    /// # Errors
    /// [`CertsError::IssuerNotInForce`], [`CertsError::Issuing`].
    pub fn issue(
        &self,
        purpose: Purpose,
        key: &PublicKey,
        serial: Serial,
        now: Timestamp,
    ) -> Result<Issued, CertsError> {
        self.issue_until(purpose, key, serial, now, self.certificate.not_after())
    }

    /// One that ends at `until`, where that is sooner than its profile has it.
    ///
    /// # Errors
    /// As [`IssuingAuthority::issue`].
    pub fn issue_until(
        &self,
        purpose: Purpose,
        key: &PublicKey,
        serial: Serial,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Issued, CertsError> {
        let signs_until =
            self.certificate.not_before().plus_seconds(BEFORE_SECONDS + ISSUING_SIGNS_DAYS * 24 * 3600);
        if !self.certificate.is_in_force(now) || now > signs_until {
            return Err(CertsError::IssuerNotInForce);
        }
        let mut order = self.order(purpose, serial, now)?;
        order.ends_by = order.ends_by.map(|ends_by| ends_by.min(until));
        let issued = sign(&order, key, &self.key, &self.certificate)?;
        match issued.purpose(&self.practice)? == purpose {
            true => Ok(issued),
            false => Err(CertsError::SignatureUnsound),
        }
    }

    fn order(&self, purpose: Purpose, serial: Serial, now: Timestamp) -> Result<Order, CertsError> {
        let mut names = vec![SanType::URI(ia5(&purpose.uri(&self.practice))?)];
        if let Purpose::Gateway = purpose {
            names.insert(0, SanType::DnsName(ia5(&self.practice.host())?));
        }
        Ok(Order {
            profile: purpose.profile(),
            common_name: purpose.common_name(&self.practice),
            names,
            serial,
            now,
            ends_by: Some(self.certificate.not_after()),
        })
    }

    /// What a certificate would be made from, for tests that change it.
    #[cfg(test)]
    pub(crate) fn params_for(&self, purpose: Purpose, now: Timestamp) -> CertificateParams {
        self.order(purpose, Serial::from_random([0xee; 16]), now).unwrap().params()
    }

    pub(crate) fn create_with(
        root: &Root,
        key: PrivateKey,
        serial: Serial,
        generation: u32,
        now: Timestamp,
    ) -> Result<Self, CertsError> {
        let certificate = root.certify_with(key.public(), serial, generation, now)?;
        Ok(Self { key: key.into(), certificate, practice: root.practice.clone() })
    }
}

/// What a certificate is made from.
pub(crate) struct Order {
    pub(crate) profile: Profile,
    pub(crate) common_name: String,
    pub(crate) names: Vec<SanType>,
    pub(crate) serial: Serial,
    pub(crate) now: Timestamp,
    pub(crate) ends_by: Option<Timestamp>,
}

impl Order {
    fn params(&self) -> CertificateParams {
        let row = self.profile.row();
        let end = self.now.plus_seconds(row.life_days * 24 * 3600);
        // Whole seconds: certificates have no smaller unit.
        let date = |time: Timestamp| {
            rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(time.unix_seconds())
        };
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from_slice(self.serial.as_bytes()));
        params.not_before = date(self.now.minus_seconds(BEFORE_SECONDS));
        params.not_after = date(self.ends_by.map_or(end, |ends_by| ends_by.min(end)));
        params.distinguished_name = name(&self.common_name);
        params.subject_alt_names = self.names.clone();
        params.is_ca = match row.path_length {
            Some(length) => IsCa::Ca(BasicConstraints::Constrained(length)),
            None => IsCa::ExplicitNoCa,
        };
        params.key_usages = match row.key_usage {
            KeyUsage::Authority => vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign],
            KeyUsage::ContentCommitment => vec![KeyUsagePurpose::ContentCommitment],
            KeyUsage::DigitalSignature => vec![KeyUsagePurpose::DigitalSignature],
        };
        params.extended_key_usages = match row.extended {
            Some(ExtendedUsage::ClientAuth) => vec![ExtendedKeyUsagePurpose::ClientAuth],
            Some(ExtendedUsage::DocumentSigning) => {
                vec![ExtendedKeyUsagePurpose::Other(DOCUMENT_SIGNING.to_vec())]
            }
            Some(ExtendedUsage::ServerAuth) => vec![ExtendedKeyUsagePurpose::ServerAuth],
            None => Vec::new(),
        };
        params.use_authority_key_identifier_extension = true;
        params.key_identifier_method = KeyIdMethod::Sha256;
        params
    }
}

/// id-kp-documentSigning (RFC 9336 section 3).
const DOCUMENT_SIGNING: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 3, 36];

pub(crate) fn sign(
    order: &Order,
    key: &PublicKey,
    issuer_key: &impl rcgen::SigningKey,
    issuer: &Certificate,
) -> Result<Certificate, CertsError> {
    // Only the name and the key identifier method of the issuer's parameters are used.
    let mut issuer_params = CertificateParams::default();
    issuer_params.distinguished_name = name(issuer.common_name());
    issuer_params.key_identifier_method = KeyIdMethod::Sha256;
    let made = order.params().signed_by(key, &Issuer::new(issuer_params, issuer_key)).map_err(not_made)?;
    let certificate = Certificate::read(made.der())?;
    match certificate.is_signed_by(issuer) {
        Verdict::Valid => Ok(certificate),
        Verdict::Invalid => Err(CertsError::SignatureUnsound),
    }
}

fn belongs(key: &PublicKey, certificate: &Certificate) -> Result<(), CertsError> {
    match key == certificate.public_key() {
        true => Ok(()),
        false => Err(CertsError::KeyMismatch),
    }
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn ia5(text: &str) -> Result<rcgen::string::Ia5String, CertsError> {
    text.try_into().map_err(CertsError::Issuing)
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;
