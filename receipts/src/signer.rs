//! Who signs: a key with its certificate, held elsewhere. Not the signing rules (see `statement`, `proof`).

/// The key could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key could not be used for signing")]
pub struct SigningFailed;

/// A P-256 key with the certificate that vouches for it.
pub trait Signer: Send + Sync {
    /// The leaf certificate, DER.
    fn certificate(&self) -> &[u8];

    /// The one URI in the certificate, which becomes `iss`.
    fn uri(&self) -> &str;

    /// ES256 (RFC 9053 2.1): ECDSA over SHA-256 of the message, `r ‖ s`, with low `s`.
    ///
    /// # Errors
    /// The key is out of reach (a token was pulled out, for example).
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SigningFailed>;
}
