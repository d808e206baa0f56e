//! P-256 keys, private and public. Not where they are kept: at rest the caller seals them.

use std::sync::Arc;

use model::Sha256Digest;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::CertsError;

/// Length of every SubjectPublicKeyInfo here: P-256, uncompressed.
pub const SPKI_BYTES: usize = 91;

/// Largest PKCS#8 that is read.
const PKCS8_BYTES_MAX: usize = 512;

/// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING } up to the point (RFC 5480 section 2).
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A P-256 public key, known to be a point on the curve.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    spki: [u8; SPKI_BYTES],
    key: VerifyingKey,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo: exactly P-256 named by its OID, uncompressed, on the curve.
    ///
    /// # Errors
    /// [`CertsError::Malformed`] for everything else: compressed, explicit curve, off the curve, other kinds.
    pub fn from_spki(der: &[u8]) -> Result<Self, CertsError> {
        const HOW: model::Malformed =
            model::Malformed::new("public key", "it is not an uncompressed point on P-256");
        let spki: [u8; SPKI_BYTES] = der.try_into().map_err(|_| HOW)?;
        let point = spki.strip_prefix(&SPKI_HEAD).ok_or(HOW)?;
        if point.first() != Some(&4) {
            return Err(HOW.into());
        }
        let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| HOW)?;
        Ok(Self { spki, key })
    }

    /// Reads an uncompressed point (SEC 1 section 2.3.3), as tokens give it.
    ///
    /// # Errors
    /// As [`PublicKey::from_spki`].
    pub fn from_point(point: &[u8]) -> Result<Self, CertsError> {
        Self::from_spki(&[&SPKI_HEAD, point].concat())
    }

    /// The SubjectPublicKeyInfo, DER.
    pub fn spki_der(&self) -> &[u8; SPKI_BYTES] {
        &self.spki
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub fn key_hash(&self) -> Sha256Digest {
        Sha256Digest::from_bytes(Sha256::digest(self.spki).into())
    }

    /// Verifies an ES256 signature, r ‖ s. Only the low s is taken, so that a signature has one form.
    pub fn verify_es256(&self, message: &[u8], signature: &[u8; 64]) -> Verdict {
        let Ok(signature) = Signature::from_slice(signature) else { return Verdict::Invalid };
        if signature.normalize_s() != signature {
            return Verdict::Invalid;
        }
        Verdict::of(self.key.verify(message, &signature).is_ok())
    }

    /// Verifies an ecdsa-with-SHA256 signature in DER, as certificates carry it; any s.
    pub(crate) fn verify_der(&self, message: &[u8], signature: &[u8]) -> Verdict {
        let Ok(signature) = Signature::from_der(signature) else { return Verdict::Invalid };
        Verdict::of(self.key.verify(message, &signature).is_ok())
    }

    fn point(&self) -> &[u8] {
        self.spki.split_at(SPKI_HEAD.len()).1
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.key_hash())
    }
}

impl rcgen::PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        self.point()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

/// Whether a signature holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It does not.
    Invalid,
    /// It does.
    Valid,
}

impl Verdict {
    fn of(holds: bool) -> Self {
        if holds { Self::Valid } else { Self::Invalid }
    }
}

/// A P-256 private key; wiped when dropped, never printed, never cloned.
pub struct PrivateKey {
    key: SigningKey,
    public: PublicKey,
}

impl PrivateKey {
    /// Draws a key.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`].
    pub fn generate() -> Result<Self, CertsError> {
        loop {
            let scalar = Zeroizing::new(host::random::bytes::<32>()?);
            // Zero or not below the order: once in 2^32 draws.
            if let Ok(key) = SigningKey::from_slice(scalar.as_slice()) {
                return Self::of(key);
            }
        }
    }

    /// Reads the PKCS#8 of [`PrivateKey::to_pkcs8`].
    ///
    /// # Errors
    /// [`CertsError::Malformed`] for anything that is not a P-256 private key.
    pub fn from_pkcs8(der: &Zeroizing<Vec<u8>>) -> Result<Self, CertsError> {
        const HOW: model::Malformed = model::Malformed::new("private key", "it is not a P-256 key in PKCS#8");
        if der.len() > PKCS8_BYTES_MAX {
            return Err(HOW.into());
        }
        Self::of(SigningKey::from_pkcs8_der(der).map_err(|_| HOW)?)
    }

    /// PKCS#8 (RFC 5208), DER. The caller seals it.
    ///
    /// # Errors
    /// [`CertsError::Malformed`], which does not happen with a key of this type.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CertsError> {
        let document = self.key.to_pkcs8_der();
        let document = document.map_err(|_| model::Malformed::new("private key", "it cannot be written"))?;
        Ok(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The SubjectPublicKeyInfo, DER.
    pub fn spki_der(&self) -> &[u8; SPKI_BYTES] {
        self.public.spki_der()
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub fn key_hash(&self) -> Sha256Digest {
        self.public.key_hash()
    }

    /// ES256 (RFC 7518 section 3.4): r ‖ s, low s, deterministic (RFC 6979).
    ///
    /// # Errors
    /// [`CertsError::SignatureUnsound`], which does not happen on a sound machine.
    pub fn sign_es256(&self, message: &[u8]) -> Result<[u8; 64], CertsError> {
        let signature: Signature = self.key.try_sign(message).map_err(|_| CertsError::SignatureUnsound)?;
        Ok(signature.normalize_s().to_bytes().into())
    }

    /// The key as rustls takes it.
    ///
    /// # Errors
    /// [`CertsError::Tls`] when the provider refuses it.
    pub fn rustls_key(&self) -> Result<Arc<dyn rustls::sign::SigningKey>, CertsError> {
        let pkcs8 = self.to_pkcs8()?;
        let der = rustls::pki_types::PrivateKeyDer::Pkcs8(pkcs8.as_slice().into());
        rustls::crypto::aws_lc_rs::sign::any_ecdsa_type(&der).map_err(CertsError::Tls)
    }

    fn of(key: SigningKey) -> Result<Self, CertsError> {
        let point = key.verifying_key().to_sec1_point(false);
        let mut spki = Vec::with_capacity(SPKI_BYTES);
        spki.extend_from_slice(&SPKI_HEAD);
        spki.extend_from_slice(point.as_bytes());
        Ok(Self { public: PublicKey::from_spki(&spki)?, key })
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

impl rcgen::PublicKeyData for PrivateKey {
    fn der_bytes(&self) -> &[u8] {
        self.public.point()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: Signature = self.key.try_sign(message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        let signature = signature.normalize_s();
        match self.public.key.verify(message, &signature) {
            Ok(()) => Ok(signature.to_der().as_bytes().to_vec()),
            Err(_) => Err(rcgen::Error::RemoteKeyError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_pkcs8() {
        let key = PrivateKey::generate().unwrap();
        let again = PrivateKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(key.spki_der(), again.spki_der());
        assert_eq!(key.sign_es256(b"x").unwrap(), again.sign_es256(b"x").unwrap());
        assert!(PrivateKey::from_pkcs8(&Zeroizing::new(vec![0x30; 600])).is_err());
        assert_eq!(format!("{key:?}"), "PrivateKey(…)");
    }

    #[test]
    fn only_the_low_s_is_taken() {
        let key = PrivateKey::generate().unwrap();
        let signature = key.sign_es256(b"message").unwrap();
        assert_eq!(key.public().verify_es256(b"message", &signature), Verdict::Valid);
        assert_eq!(key.public().verify_es256(b"other", &signature), Verdict::Invalid);
        let (r, s) = Signature::from_slice(&signature).unwrap().split_scalars();
        let high = Signature::from_scalars(r, -s).unwrap();
        assert_eq!(key.public().verify_es256(b"message", &high.to_bytes().into()), Verdict::Invalid);
        assert_eq!(key.public().verify_es256(b"message", &[0; 64]), Verdict::Invalid);
    }

    #[test]
    fn only_an_uncompressed_point_on_the_curve_is_a_key() {
        let key = PrivateKey::generate().unwrap();
        let spki = *key.spki_der();
        assert!(PublicKey::from_spki(&spki).is_ok());
        let mut off = spki;
        off[90] ^= 1;
        assert!(PublicKey::from_spki(&off).is_err(), "off the curve");
        let mut compressed = spki[..59].to_vec();
        compressed[1] = 0x39;
        compressed[24] = 0x22;
        compressed[26] = 2;
        assert!(PublicKey::from_spki(&compressed).is_err(), "compressed");
        let mut hybrid = spki;
        hybrid[26] = 6;
        assert!(PublicKey::from_spki(&hybrid).is_err(), "hybrid form");
        let mut other = spki;
        other[22] = 0x08;
        assert!(PublicKey::from_spki(&other).is_err(), "other curve");
        let mut zero = spki;
        zero[27..].fill(0);
        assert!(PublicKey::from_spki(&zero).is_err(), "zero");
        assert!(PublicKey::from_spki(&spki[..90]).is_err());
        assert!(PublicKey::from_spki(&[]).is_err());
    }

    #[test]
    fn a_signature_is_deterministic_as_rfc_6979_a_2_5_says() {
        // RFC 6979 appendix A.2.5, P-256 with SHA-256, message "sample"; s there is high, ours is n - s.
        let scalar: [u8; 32] =
            model::digest::hex::decode("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
                .unwrap();
        let key = PrivateKey::of(SigningKey::from_slice(&scalar).unwrap()).unwrap();
        let signature = key.sign_es256(b"sample").unwrap();
        assert_eq!(
            model::digest::hex::encode(&signature[..32]),
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        );
        let s: [u8; 32] =
            model::digest::hex::decode("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")
                .unwrap();
        let high = Signature::from_scalars(<[u8; 32]>::try_from(&signature[..32]).unwrap(), s).unwrap();
        assert_eq!(<[u8; 64]>::from(high.normalize_s().to_bytes()), signature);
    }
}
