//! What a build without PKCS#11 has in its place: it says so.

use model::KeyId;
use zeroize::Zeroizing;

use super::{TokenError, TokenSettings};

/// There is none.
pub(super) enum Session {}

/// There is none either.
pub(super) enum Refused {}

impl Session {
    pub(super) fn open(
        _settings: &TokenSettings,
        _pin: impl FnOnce() -> Result<Zeroizing<String>, TokenError>,
    ) -> Result<Self, TokenError> {
        Err(TokenError::NotBuilt)
    }

    pub(super) fn point_or_new(&mut self, _key: KeyId) -> Result<Vec<u8>, Refused> {
        match *self {}
    }

    pub(super) fn find(&mut self, _key: KeyId) -> Result<(), Refused> {
        match *self {}
    }

    pub(super) fn destroy(&mut self, _key: KeyId) -> Result<(), Refused> {
        match *self {}
    }

    pub(super) fn sign(&mut self, _key: KeyId, _digest: &[u8; 32]) -> Result<[u8; 64], Refused> {
        match *self {}
    }
}

impl Refused {
    pub(super) fn is_session_lost(&self) -> bool {
        match *self {}
    }
}

impl From<Refused> for TokenError {
    fn from(refused: Refused) -> Self {
        match refused {}
    }
}
