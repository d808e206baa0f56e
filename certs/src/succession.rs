//! From one root to the next: what a root signs besides its own certificate. Knows no files and no phases.
//!
//! ```text
//! R1 ── R2-by-R1 (cross)      companions that slept and know R1 alone
//! R2 ── I-by-R2               the same issuing key and subject: no leaf changes
//! ```

use model::{PracticeId, Timestamp};

use crate::authority::{Order, sign};
use crate::{Certificate, CertsError, PrivateKey, Profile, PublicKey, Root, Serial};

impl Root {
    /// The practice's root number `generation`, from the spare's key. The practice keeps the id of its first root.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`], [`CertsError::Issuing`].
    pub fn succeed(
        practice: PracticeId,
        spare: PrivateKey,
        generation: u32,
        now: Timestamp,
    ) -> Result<Self, CertsError> {
        Self::generation(spare, practice, generation, Serial::random()?, now)
    }

    /// This root's certificate over a newer one: it ends with this root.
    ///
    /// # Errors
    /// [`CertsError::IssuerNotInForce`], [`CertsError::Issuing`], [`CertsError::NoRandomness`].
    pub fn cross(&self, newer: &Certificate, now: Timestamp) -> Result<Certificate, CertsError> {
        newer.has_profile(Profile::Root)?;
        self.under(Profile::Root, newer.common_name(), newer.public_key(), Serial::random()?, now)
    }

    /// The same issuing authority, key and subject, under this root.
    ///
    /// # Errors
    /// As [`Root::cross`].
    pub fn recertify(&self, issuing: &Certificate, now: Timestamp) -> Result<Certificate, CertsError> {
        issuing.has_profile(Profile::Issuing)?;
        self.under(Profile::Issuing, issuing.common_name(), issuing.public_key(), Serial::random()?, now)
    }

    /// Issuing authority number `generation` (from 1), whose key another machine holds.
    ///
    /// # Errors
    /// As [`Root::cross`].
    pub fn certify(
        &self,
        key: &PublicKey,
        generation: u32,
        now: Timestamp,
    ) -> Result<Certificate, CertsError> {
        self.certify_with(key, Serial::random()?, generation, now)
    }

    pub(crate) fn certify_with(
        &self,
        key: &PublicKey,
        serial: Serial,
        generation: u32,
        now: Timestamp,
    ) -> Result<Certificate, CertsError> {
        let name = format!("Counterfoil issuing {} i{generation}", self.practice());
        self.under(Profile::Issuing, &name, key, serial, now)
    }

    pub(crate) fn under(
        &self,
        profile: Profile,
        common_name: &str,
        key: &PublicKey,
        serial: Serial,
        now: Timestamp,
    ) -> Result<Certificate, CertsError> {
        if !self.certificate().is_in_force(now) {
            return Err(CertsError::IssuerNotInForce);
        }
        let order = Order {
            profile,
            common_name: common_name.to_owned(),
            names: Vec::new(),
            serial,
            now,
            ends_by: Some(self.certificate().not_after()),
        };
        let made = sign(&order, key, self.key(), self.certificate())?;
        made.has_profile(profile)?;
        Ok(made)
    }
}

#[cfg(test)]
#[path = "succession_tests.rs"]
mod tests;
