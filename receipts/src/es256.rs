//! ES256 signatures and the key inside a certificate. Not the judgement of a certificate: that is `certs`.

use model::Sha256Digest;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::Error;

/// Largest certificate that is read.
pub const CERTIFICATE_BYTES_MAX: usize = 4 * 1024;

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Sha256Digest {
    Sha256Digest::from_bytes(Sha256::digest(bytes).into())
}

/// What a proof needs of a certificate: its key and its one URI. It says nothing about trust.
#[derive(Clone)]
pub struct Leaf {
    key: VerifyingKey,
    uri: String,
}

impl Leaf {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// More than [`CERTIFICATE_BYTES_MAX`] bytes, bytes after the end, another key than P-256, another
    /// number of URIs than one.
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        let fault = |why| Error::Certificate { why };
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(Error::TooLong { what: "certificate", bytes_max: CERTIFICATE_BYTES_MAX });
        }
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| fault("it is not DER of a certificate"))?;
        if !rest.is_empty() {
            return Err(fault("bytes follow it"));
        }
        let spki = certificate.public_key();
        let curve = spki.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
        if spki.algorithm.algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY || curve != Some(OID_EC_P256) {
            return Err(fault("its key is not of P-256"));
        }
        let key = VerifyingKey::from_sec1_bytes(&spki.subject_public_key.data)
            .map_err(|_| fault("its key is no point of P-256"))?;
        let names = certificate
            .subject_alternative_name()
            .map_err(|_| fault("it names its subject twice"))?
            .ok_or(fault("it has no URI"))?;
        let mut uris = names.value.general_names.iter().filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        });
        match (uris.next(), uris.next()) {
            (Some(uri), None) => Ok(Self { key, uri: uri.to_owned() }),
            _ => Err(fault("it does not have exactly one URI")),
        }
    }

    /// The one URI.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Verifies a signature in its one form (low `s`).
    ///
    /// # Errors
    /// [`Error::HighS`] for the second form, [`Error::Signature`] for a wrong one.
    pub fn verify(&self, what: &'static str, message: &[u8], signature: &[u8; 64]) -> Result<(), Error> {
        let signature = low_s(what, signature)?;
        self.key.verify(message, &signature).map_err(|_| Error::Signature { what })
    }
}

/// Reads `r ‖ s`; the order of the curve minus `s` would verify too and give the same statement another
/// hash, so it is refused in everything that our own signers make.
///
/// # Errors
/// [`Error::HighS`], or [`Error::Signature`] where `r` or `s` is zero or not below the order.
pub fn low_s(what: &'static str, signature: &[u8; 64]) -> Result<Signature, Error> {
    let signature = Signature::from_slice(signature).map_err(|_| Error::Signature { what })?;
    match signature.normalize_s() == signature {
        true => Ok(signature),
        false => Err(Error::HighS { what }),
    }
}

/// Verifies with a key as an uncompressed point, in either form: for signatures that others made.
///
/// # Errors
/// [`Error::Signature`].
pub fn verify_either_form(point: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Error> {
    let fault = Error::Signature { what: "message" };
    let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| fault)?;
    let signature = Signature::from_slice(signature).map_err(|_| fault)?;
    key.verify(message, &signature).map_err(|_| fault)
}
