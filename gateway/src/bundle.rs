//! The trust bundle as it is handed out: signed again each day, so that none is near its end when a device gets it.

use std::sync::{Arc, Mutex, PoisonError};

use certs::CertsError;
use certs::bundle::{BUNDLE_DAYS, CheckpointKey, IssuingEntry, IssuingState, TrustBundle};
use model::Timestamp;

use crate::config::Config;
use crate::keys::Keys;

/// How old a bundle may be that is handed out.
const AGE_SECONDS_MAX: u64 = 24 * 3600;

/// A signed trust bundle.
pub struct Bundle {
    /// Its version, the second in which it was signed: a later one is larger.
    pub version: u64,
    /// As it was signed.
    pub bytes: Vec<u8>,
}

/// The bundle of today.
pub struct Bundles {
    newest: Mutex<Arc<Bundle>>,
}

impl Bundles {
    /// Signs the first.
    ///
    /// # Errors
    /// The statements' key and certificate do not fit.
    pub fn begin(keys: &Keys, config: &Config, now: Timestamp) -> Result<Self, CertsError> {
        Ok(Self { newest: Mutex::new(Arc::new(sign(keys, config, now)?)) })
    }

    /// The newest, signed again if it is old. Should that fail, the last one goes on.
    pub fn current(&self, keys: &Keys, config: &Config, now: Timestamp) -> Arc<Bundle> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.version.saturating_add(AGE_SECONDS_MAX) <= now.unix_seconds() {
            match sign(keys, config, now) {
                Ok(bundle) => *newest = Arc::new(bundle),
                Err(error) => tracing::error!(%error, "the trust bundle can not be signed again"),
            }
        }
        Arc::clone(&newest)
    }
}

fn sign(keys: &Keys, config: &Config, now: Timestamp) -> Result<Bundle, CertsError> {
    let bundle = TrustBundle {
        practice: keys.trust.practice().clone(),
        version: now.unix_seconds(),
        root_record: keys.trust.number(),
        issuing: vec![IssuingEntry {
            certificate: keys.issuing.certificate().clone(),
            state: IssuingState::Signing,
        }],
        checkpoint_keys: vec![CheckpointKey { vkey: keys.vkey().to_string(), from_size: 1, to_size: None }],
        statements: vec![keys.statements.certificate.clone()],
        receipts: vec![keys.heads.receipts.certificate.clone()],
        addresses: vec![config.address()],
        issued: Timestamp::from_unix_seconds(now.unix_seconds()),
        expires: Timestamp::from_unix_seconds(now.plus_seconds(BUNDLE_DAYS * 24 * 3600).unix_seconds()),
    };
    let bytes =
        bundle.sign(&keys.statements.key, &keys.statements.certificate, keys.issuing.certificate())?;
    Ok(Bundle { version: bundle.version, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_bundle_is_signed_again_when_it_is_a_day_old() {
        let folder = tempfile::tempdir().unwrap();
        let opened = testing::opened(&folder.path().join("p"));
        let (keys, config) = (&opened.practice.keys, &opened.practice.config);
        let begun = 1_800_000_000;
        let bundles = Bundles::begin(keys, config, Timestamp::from_unix_seconds(begun)).unwrap();
        let version_at =
            |seconds| bundles.current(keys, config, Timestamp::from_unix_seconds(seconds)).version;
        assert_eq!(version_at(begun + AGE_SECONDS_MAX - 1), begun);
        assert_eq!(version_at(begun + AGE_SECONDS_MAX), begun + AGE_SECONDS_MAX);
        // A clock that goes back takes nothing back.
        assert_eq!(version_at(begun), begun + AGE_SECONDS_MAX);
    }
}
