//! The trust bundle as it is handed out: signed again each day, so that none is near its end when a device gets it.

use std::sync::{Arc, Mutex, PoisonError};

use certs::bundle::{BUNDLE_DAYS, CheckpointKey, IssuingEntry, IssuingState, ListEntry, TrustBundle};
use certs::rotation::State;
use certs::{Certificate, CertsError};
use model::{Malformed, Timestamp};

use crate::config::Config;
use crate::crl::Crls;
use crate::keys::{Held, HeldLog, Issuing, IssuingCertificate, Keys};

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
    pub fn begin(keys: &Keys, lists: &Crls, config: &Config, now: Timestamp) -> Result<Self, CertsError> {
        Ok(Self { newest: Mutex::new(Arc::new(sign(keys, lists, config, now.unix_seconds(), now)?)) })
    }

    /// Signs it again: what is trusted has changed. Should that fail, the last one goes on.
    pub fn renew(&self, keys: &Keys, lists: &Crls, config: &Config, now: Timestamp) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        // Larger than every second before this one, and than every bundle that was handed out.
        let version = now.unix_seconds().max(newest.version).saturating_add(1);
        match sign(keys, lists, config, version, now) {
            Ok(bundle) => *newest = Arc::new(bundle),
            Err(error) => tracing::error!(%error, "the trust bundle can not be signed again"),
        }
    }

    /// The newest, signed again if it is old. Should that fail, the last one goes on.
    pub fn current(&self, keys: &Keys, lists: &Crls, config: &Config, now: Timestamp) -> Arc<Bundle> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.version.saturating_add(AGE_SECONDS_MAX) <= now.unix_seconds() {
            match sign(keys, lists, config, now.unix_seconds(), now) {
                Ok(bundle) => *newest = Arc::new(bundle),
                Err(error) => tracing::error!(%error, "the trust bundle can not be signed again"),
            }
        }
        Arc::clone(&newest)
    }
}

fn sign(
    keys: &Keys,
    lists: &Crls,
    config: &Config,
    version: u64,
    now: Timestamp,
) -> Result<Bundle, CertsError> {
    let unproven = || Malformed::new("certs/current", "no root proves a certificate of ours");
    let under = |leaf: &Certificate| keys.issuing_at(leaf, keys.trust.number()).cloned().ok_or_else(unproven);
    let bundle = TrustBundle {
        practice: keys.trust.practice().clone(),
        version,
        root_record: keys.trust.number(),
        issuing: issuing(keys, lists),
        checkpoint_keys: checkpoint_keys(keys),
        statements: certificates(&keys.current.statements)?,
        receipts: certificates(&keys.current.receipts)?,
        addresses: vec![config.address()],
        issued: Timestamp::from_unix_seconds(now.unix_seconds()),
        expires: Timestamp::from_unix_seconds(now.plus_seconds(BUNDLE_DAYS * 24 * 3600).unix_seconds()),
    };
    let statements = &keys.statements;
    let bytes = bundle.sign(&statements.key, &statements.certificate, &under(&statements.certificate)?)?;
    Ok(Bundle { version, bytes })
}

/// Of each kind the newest that are trusted: a bundle has no room for more, and nobody needs more.
const LISTED_MAX: usize = 3;

fn issuing(keys: &Keys, lists: &Crls) -> Vec<IssuingEntry> {
    let entry = |issuing: &Issuing| {
        // Under a root that companions know by now.
        let known = |one: &&IssuingCertificate| {
            keys.roots.get(one.root).is_some_and(|root| keys.trust.roots().contains(&root.certificate))
        };
        let certificate = issuing.certificates.iter().find(known)?.certificate.clone();
        let state = match issuing.state {
            State::Signing => IssuingState::Signing,
            _ => IssuingState::Trusted,
        };
        let list = lists.held(&certificate.key_hash());
        let list = list.map(|list| ListEntry { number: list.number(), sha256: list.digest() });
        Some(IssuingEntry { certificate, state, list })
    };
    let trusted = keys.all_issuing.iter().rev().filter(|issuing| issuing.state.is_trusted());
    trusted.filter_map(entry).take(LISTED_MAX).collect()
}

fn checkpoint_keys(keys: &Keys) -> Vec<CheckpointKey> {
    let told = |log: &&HeldLog| log.state().is_trusted() || log.to_size.is_some();
    let key = |log: &HeldLog| CheckpointKey {
        vkey: log.vkey.clone(),
        from_size: log.from_size,
        to_size: log.to_size,
    };
    keys.current.checkpoint.iter().rev().filter(told).take(LISTED_MAX).map(key).collect()
}

fn certificates(all: &[Held]) -> Result<Vec<Certificate>, CertsError> {
    let trusted = all.iter().rev().filter(|one| one.state().is_trusted()).take(LISTED_MAX);
    Ok(trusted.map(|one| Certificate::read(&one.certificate)).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_bundle_is_signed_again_when_it_is_a_day_old() {
        let folder = tempfile::tempdir().unwrap();
        let opened = testing::opened(&folder.path().join("p"));
        let (keys, config) = (&opened.practice.keys(), &opened.practice.config);
        let begun = 1_800_000_000;
        let lists = &opened.practice.crls;
        let bundles = Bundles::begin(keys, lists, config, Timestamp::from_unix_seconds(begun)).unwrap();
        let version_at =
            |seconds| bundles.current(keys, lists, config, Timestamp::from_unix_seconds(seconds)).version;
        assert_eq!(version_at(begun + AGE_SECONDS_MAX - 1), begun);
        assert_eq!(version_at(begun + AGE_SECONDS_MAX), begun + AGE_SECONDS_MAX);
        // A clock that goes back takes nothing back.
        assert_eq!(version_at(begun), begun + AGE_SECONDS_MAX);
    }
}
