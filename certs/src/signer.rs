//! What an issuing authority signs with: a key in memory, or one that a token holds and never gives out. Every signature
//! is verified before anybody sees it. How a token is talked to is not here.

use p256::ecdsa::Signature;
use sha2::{Digest as _, Sha256};

use crate::key::Verdict;
use crate::{CertsError, PrivateKey, PublicKey};

/// A P-256 key that something else holds: it is given a digest and gives a signature.
pub trait TokenKey: Send + Sync {
    /// Signs a SHA-256 digest: r ‖ s, any s.
    ///
    /// # Errors
    /// [`TokenRefused`]: the token is away, locked, or has no such key. It says to the log why.
    fn sign_digest(&self, digest: &[u8; 32]) -> Result<[u8; 64], TokenRefused>;
}

/// A token did not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token did not sign")]
pub struct TokenRefused;

/// The private key of an issuing authority, wherever it is.
pub enum AuthorityKey {
    /// In memory.
    Held(PrivateKey),
    /// In a token.
    Token {
        /// The public half, known from elsewhere than the token.
        public: PublicKey,
        /// What signs.
        key: Box<dyn TokenKey>,
    },
}

impl AuthorityKey {
    /// The public half.
    pub fn public(&self) -> &PublicKey {
        match self {
            Self::Held(key) => key.public(),
            Self::Token { public, .. } => public,
        }
    }

    /// Signs something that is nobody's and verifies it, so that what can not sign is found before it must.
    ///
    /// # Errors
    /// [`CertsError::TokenRefused`], [`CertsError::SignatureUnsound`].
    pub fn prove(&self) -> Result<(), CertsError> {
        rcgen::SigningKey::sign(self, b"counterfoil/issuing/v1 proof").map(drop).map_err(not_made)
    }
}

impl From<PrivateKey> for AuthorityKey {
    fn from(key: PrivateKey) -> Self {
        Self::Held(key)
    }
}

impl rcgen::PublicKeyData for AuthorityKey {
    fn der_bytes(&self) -> &[u8] {
        self.public().der_bytes()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

// What stands for a signature that does not verify, since rcgen has no word for it.
use rcgen::Error::RingUnspecified as Unsound;

impl rcgen::SigningKey for AuthorityKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let (public, key) = match self {
            Self::Held(key) => return rcgen::SigningKey::sign(key, message),
            Self::Token { public, key } => (public, key),
        };
        let digest: [u8; 32] = Sha256::digest(message).into();
        let bytes = key.sign_digest(&digest).map_err(|TokenRefused| rcgen::Error::RemoteKeyError)?;
        // Tokens have been seen to sign wrongly, and not every time.
        let signature = Signature::from_slice(&bytes).map_err(|_| Unsound)?;
        let der = signature.normalize_s().to_der();
        match public.verify_der(message, der.as_bytes()) {
            Verdict::Valid => Ok(der.as_bytes().to_vec()),
            Verdict::Invalid => Err(Unsound),
        }
    }
}

/// Why a certificate or a list was not made.
pub(crate) fn not_made(error: rcgen::Error) -> CertsError {
    match error {
        rcgen::Error::RemoteKeyError => CertsError::TokenRefused,
        Unsound => CertsError::SignatureUnsound,
        other => CertsError::Issuing(other),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use model::Timestamp;
    use p256::ecdsa::signature::hazmat::PrehashSigner as _;

    use super::*;
    use crate::{IssuingAuthority, Purpose, Root, Serial};

    const NOW: Timestamp = Timestamp::from_unix_ms(1_800_000_000_000);

    /// A token that signs as it should but for every `wrong_at`-th time, when it does what it was told to.
    struct Liar {
        key: p256::ecdsa::SigningKey,
        signed: AtomicU32,
        wrong_at: u32,
        lie: Lie,
    }

    type Lie = fn([u8; 64]) -> Result<[u8; 64], TokenRefused>;

    impl TokenKey for Liar {
        fn sign_digest(&self, digest: &[u8; 32]) -> Result<[u8; 64], TokenRefused> {
            let signature: Signature = self.key.sign_prehash(digest).unwrap();
            let count = self.signed.fetch_add(1, Ordering::Relaxed) + 1;
            let right = signature.to_bytes().into();
            if count.is_multiple_of(self.wrong_at) { (self.lie)(right) } else { Ok(right) }
        }
    }

    fn authority(wrong_at: u32, lie: Lie) -> IssuingAuthority {
        let scalar = host::random::bytes::<32>().unwrap();
        let key = p256::ecdsa::SigningKey::from_slice(&scalar).unwrap();
        let held = PrivateKey::from_pkcs8(&{
            use p256::pkcs8::EncodePrivateKey as _;
            zeroize::Zeroizing::new(key.to_pkcs8_der().unwrap().as_bytes().to_vec())
        });
        let public = held.unwrap().public().clone();
        let root = Root::create(NOW).unwrap();
        let certificate = root.certify(&public, 1, NOW).unwrap();
        let liar = Liar { key, signed: AtomicU32::new(0), wrong_at, lie };
        let key = AuthorityKey::Token { public, key: Box::new(liar) };
        IssuingAuthority::open(key, certificate.der(), root.practice().clone()).unwrap()
    }

    fn issue(authority: &IssuingAuthority) -> Result<crate::Certificate, CertsError> {
        let key = PrivateKey::generate().unwrap();
        authority.issue(Purpose::Gateway, key.public(), Serial::random().unwrap(), NOW)
    }

    #[test]
    fn a_token_issues_as_a_key_in_memory_does() {
        let authority = authority(u32::MAX, Ok);
        authority.signer().prove().unwrap();
        for _ in 0..8 {
            let made = issue(&authority).unwrap();
            assert_eq!(made.is_signed_by(authority.certificate()), Verdict::Valid);
        }
        assert_eq!(authority.crl(1, &[], NOW).unwrap().number(), 1);
        assert!(authority.held_key().is_none());
    }

    #[test]
    fn a_high_s_of_a_token_is_made_low() {
        let high = |right: [u8; 64]| {
            let signature = Signature::from_slice(&right).unwrap().normalize_s();
            let (r, s) = signature.split_scalars();
            Ok(Signature::from_scalars(r, -s).unwrap().to_bytes().into())
        };
        assert!(issue(&authority(1, high)).is_ok());
    }

    #[test]
    fn no_wrong_signature_of_a_token_gets_out() {
        let lies: [Lie; 4] = [
            |mut right| {
                right[40] ^= 1;
                Ok(right)
            },
            |_| Ok([0; 64]),
            |_| Ok([0xff; 64]),
            |right| {
                let mut swapped = [0; 64];
                swapped[..32].copy_from_slice(&right[32..]);
                swapped[32..].copy_from_slice(&right[..32]);
                Ok(swapped)
            },
        ];
        for lie in lies {
            let authority = authority(3, lie);
            for round in 1..=9 {
                let made = issue(&authority);
                match round % 3 {
                    0 => assert!(matches!(made, Err(CertsError::SignatureUnsound)), "{round}"),
                    _ => assert!(made.is_ok(), "{round}"),
                }
            }
        }
        let lying = authority(1, lies[0]);
        assert!(matches!(lying.signer().prove(), Err(CertsError::SignatureUnsound)));
        assert!(matches!(lying.crl(1, &[], NOW), Err(CertsError::SignatureUnsound)));
    }

    #[test]
    fn a_token_that_is_away_is_said_to_be() {
        let away = authority(1, |_| Err(TokenRefused));
        assert!(matches!(away.signer().prove(), Err(CertsError::TokenRefused)));
        assert!(matches!(issue(&away), Err(CertsError::TokenRefused)));
    }
}
