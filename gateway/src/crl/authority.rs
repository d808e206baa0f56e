//! The issuing authorities that have lists: every one that a device may have its certificate from.

use certs::crl::CRL_DAYS;
use certs::rotation::State;
use certs::{Certificate, IssuingAuthority};
use model::{KeyId, Timestamp};

use super::CrlTrouble;
use crate::keys::{Keys, purpose};
use crate::practice::Practice;

/// An issuing authority.
pub(super) struct Authority {
    /// As its certificate's name ends: `i1` is the first.
    pub(super) name: String,
    pub(super) key: KeyId,
    pub(super) state: State,
    /// Of its certificates, the one that ends last.
    pub(super) certificate: Certificate,
}

/// All that have lists, oldest first: the same that devices are anchored at.
pub(super) fn all(keys: &Keys) -> Vec<Authority> {
    let numbered = (1..).zip(&keys.all_issuing);
    let used = numbered.filter(|(_, issuing)| !matches!(issuing.state, State::Prepared | State::Dropped));
    let authority = |(number, issuing): (u32, &crate::keys::Issuing)| {
        let certificates = issuing.certificates.iter().map(|one| &one.certificate);
        let certificate = certificates.max_by_key(|certificate| certificate.not_after())?.clone();
        Some(Authority { name: format!("i{number}"), key: issuing.key, state: issuing.state, certificate })
    };
    used.filter_map(authority).collect()
}

impl Authority {
    /// What it is found under: the hash of its key.
    pub(super) fn hash(&self) -> [u8; 32] {
        *self.certificate.key_hash().as_bytes()
    }

    /// Whether it may not live to make the list after the next.
    pub(super) fn ends_soon(&self, now: Timestamp) -> bool {
        self.certificate.not_after() < now.plus_seconds(2 * CRL_DAYS * 24 * 3600)
    }

    /// Whether its key is still there.
    pub(super) fn has_key(&self, practice: &Practice) -> Result<bool, CrlTrouble> {
        let purpose = purpose::of(purpose::ISSUING).map_err(certs::CertsError::from)?;
        Ok(practice.vault.list_private(&purpose)?.contains(&self.key))
    }

    /// The authority itself, with its key out of the vault or a token.
    pub(super) fn open(&self, practice: &Practice) -> Result<IssuingAuthority, CrlTrouble> {
        let key = practice.issuing_keys.open(self.key);
        let key = key.map_err(|error| CrlTrouble::Key(error.to_string()))?;
        let practice_id = practice.keys().trust.practice().clone();
        Ok(IssuingAuthority::open(key, self.certificate.der(), practice_id)?)
    }
}
