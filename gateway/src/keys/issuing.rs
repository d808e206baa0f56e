//! Issuing keys, wherever each of them is: sealed in the vault, or in a token, of which the vault keeps a note in the same
//! place. What they sign is not here.
//!
//! note  {0: 1, 1: SPKI, 2: serial number of the token or empty, 3: its label or empty}, CBOR; a PKCS#8 begins otherwise

use std::sync::Arc;

use certs::{AuthorityKey, CertsError, PrivateKey, PublicKey};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use model::{KeyId, Malformed};
use vault::Vault;
use zeroize::Zeroizing;

use super::purpose;
use super::token::{KeyInToken, Token, TokenError, TokenSettings};
use crate::practice::OpenError;

/// The version of a note.
const VERSION: u8 = 1;

/// That a key is in a token.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Note {
    #[n(0)]
    version: u8,
    #[n(1)]
    spki: ByteVec,
    #[n(2)]
    serial: String,
    #[n(3)]
    label: String,
}

impl Note {
    /// Reads what lies in the vault; `None` for a private key.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        const HOW: Malformed =
            Malformed::new("issuing key", "it is neither a key nor a note of this version");
        // SEQUENCE: a PKCS#8.
        if bytes.first() == Some(&0x30) {
            return Ok(None);
        }
        let note: Self = minicbor::decode(bytes).map_err(|_| HOW)?;
        if note.version == VERSION { Ok(Some(note)) } else { Err(HOW) }
    }

    fn public(&self) -> Result<PublicKey, CertsError> {
        PublicKey::from_spki(&self.spki)
    }
}

/// All issuing keys of a practice.
pub struct IssuingKeys {
    vault: Vault,
    token: Option<Arc<Token>>,
}

impl IssuingKeys {
    /// The keys in this vault and in the token that is configured.
    ///
    /// # Errors
    /// The token's, where it is required.
    pub fn begin(vault: Vault, settings: Option<&TokenSettings>) -> Result<Self, OpenError> {
        let token = settings.map(|settings| Arc::new(Token::new(settings.clone())));
        if let Some(token) = &token {
            Self::without(token, token.open())?;
        }
        Ok(Self { vault, token })
    }

    /// The token that is configured.
    pub fn token(&self) -> Option<&TokenSettings> {
        self.token.as_ref().map(|token| token.settings())
    }

    /// Whether a key is in a token.
    ///
    /// # Errors
    /// The vault's.
    pub fn is_in_token(&self, key: KeyId) -> Result<bool, OpenError> {
        Ok(Note::read(&self.kept(key)?)?.is_some())
    }

    /// A key, ready to sign. One in a token has just signed something, and it was right.
    ///
    /// # Errors
    /// The vault's, and the token's where it is required: else the key signs as soon as the token is there.
    pub fn open(&self, key: KeyId) -> Result<AuthorityKey, OpenError> {
        let kept = self.kept(key)?;
        let Some(note) = Note::read(&kept)? else { return Ok(PrivateKey::from_pkcs8(&kept)?.into()) };
        let token = self.token.as_ref().ok_or(TokenError::NotConfigured)?;
        let public = note.public()?;
        let signer = Box::new(KeyInToken { token: Arc::clone(token), key });
        let opened = AuthorityKey::Token { public, key: signer };
        Self::without(token, prove(token, key, &opened))?;
        Ok(opened)
    }

    /// The public half of a key, which is made if it is not there: in the token if there is one that new keys go to.
    ///
    /// # Errors
    /// The vault's and the token's.
    pub fn key_or_new(&self, key: KeyId) -> Result<PublicKey, OpenError> {
        let purpose = purpose::of(purpose::ISSUING)?;
        if self.vault.list_private(&purpose)?.contains(&key) {
            let kept = self.kept(key)?;
            return Ok(match Note::read(&kept)? {
                Some(note) => note.public()?,
                None => PrivateKey::from_pkcs8(&kept)?.public().clone(),
            });
        }
        let (public, bytes) = match self.token.as_ref().filter(|token| token.settings().makes_keys) {
            Some(token) => self.in_token(token, key)?,
            None => {
                let made = PrivateKey::generate()?;
                (made.public().clone(), made.to_pkcs8()?)
            }
        };
        let _durable = self.vault.seal_private(&purpose, key, &bytes)?;
        Ok(public)
    }

    /// Destroys a key for good, in the token first. One that is not there is good.
    ///
    /// # Errors
    /// The vault's and the token's; it can be done again.
    pub fn destroy(&self, key: KeyId) -> Result<(), OpenError> {
        let purpose = purpose::of(purpose::ISSUING)?;
        if !self.vault.list_private(&purpose)?.contains(&key) {
            return Ok(());
        }
        if Note::read(&self.kept(key)?)?.is_some() {
            self.token.as_ref().ok_or(TokenError::NotConfigured)?.destroy(key)?;
        }
        let _durable = self.vault.remove_private(&purpose, key)?;
        Ok(())
    }

    fn in_token(&self, token: &Arc<Token>, key: KeyId) -> Result<(PublicKey, Zeroizing<Vec<u8>>), OpenError> {
        let public = token.key_or_new(key)?;
        let signer = Box::new(KeyInToken { token: Arc::clone(token), key });
        prove(token, key, &AuthorityKey::Token { public: public.clone(), key: signer })?;
        let settings = token.settings();
        let note = Note {
            version: VERSION,
            spki: public.spki_der().to_vec().into(),
            serial: settings.serial.clone().unwrap_or_default(),
            label: settings.label.clone().unwrap_or_default(),
        };
        // Encoding to memory can not fail.
        Ok((public, Zeroizing::new(minicbor::to_vec(&note).unwrap_or_default())))
    }

    fn kept(&self, key: KeyId) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        Ok(self.vault.open_private(&purpose::of(purpose::ISSUING)?, key)?)
    }

    /// Goes on without a token where the configuration says so.
    fn without(token: &Token, found: Result<(), TokenError>) -> Result<(), TokenError> {
        match found {
            Err(error) if !token.settings().is_required => {
                let token = token.settings().name();
                tracing::error!(%error, token, "nothing can be issued until the token is there");
                Ok(())
            }
            found => found,
        }
    }
}

fn prove(token: &Token, key: KeyId, opened: &AuthorityKey) -> Result<(), TokenError> {
    token.find(key)?;
    opened.prove().map_err(|error| match error {
        CertsError::SignatureUnsound => TokenError::SignatureWrong,
        other => TokenError::Failed { cause: other.to_string() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_no_key_and_a_key_no_note() {
        let key = PrivateKey::generate().unwrap();
        assert_eq!(Note::read(&key.to_pkcs8().unwrap()).unwrap(), None);
        let note = Note {
            version: VERSION,
            spki: key.spki_der().to_vec().into(),
            serial: "0123".to_owned(),
            label: "box".to_owned(),
        };
        let read = Note::read(&minicbor::to_vec(&note).unwrap()).unwrap().unwrap();
        assert_eq!(read, note);
        assert!(read.public().unwrap() == *key.public());
        for bytes in [&[][..], &[0xa0], &[0xff; 9], &minicbor::to_vec(Note { version: 2, ..note }).unwrap()] {
            assert!(Note::read(bytes).is_err(), "{bytes:?}");
        }
    }
}
