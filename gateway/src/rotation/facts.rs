//! What is: keys, certificates, devices and what they hold, as the invariants ask it; and who would be cut off.

use std::sync::Arc;

use certs::Certificate;
use certs::rotation::{Broken, Companion, Generation, KeyFile, Kind, Phase, Situation, State};
use model::KeyId;

use crate::certificate::DeviceCertificate;
use crate::keys::{IN_VAULT, Keys, purpose};
use crate::ledger::rows::{CertificateUse, Standing};
use crate::practice::Practice;
use crate::registry::Device;

/// Whether a certificate is from an issuing authority that is retired: good for renewal alone.
pub fn is_retired(practice: &Practice, leaf: &[u8]) -> bool {
    let keys = practice.keys();
    let over = |issuing: &crate::keys::Issuing| matches!(issuing.state, State::Retired | State::Dropped);
    // Without one that is over there is nothing to read for.
    if !keys.all_issuing.iter().any(over) {
        return false;
    }
    let issuer = Certificate::read(leaf).ok().and_then(|leaf| keys.issuer_of(&leaf));
    issuer.and_then(|at| keys.all_issuing.get(at)).is_some_and(over)
}

/// Devices that have rights or may have them again.
pub(super) fn active(practice: &Practice) -> Vec<Arc<Device>> {
    let all = practice.registry.devices().into_iter();
    all.filter(|device| matches!(device.standing(), Standing::Active | Standing::Bound | Standing::Suspended))
        .collect()
}

/// The place of the issuing authority that a device's certificate is from.
pub(super) fn issuer(keys: &Keys, device: &Device) -> Option<usize> {
    let held = device.newest(CertificateUse::Tls)?;
    issuer_of(keys, &held)
}

/// The place of the issuing authority that a certificate is from.
pub(crate) fn issuer_of(keys: &Keys, held: &DeviceCertificate) -> Option<usize> {
    // A key identifier is the beginning of the key's hash.
    let is_its = |issuing: &crate::keys::Issuing| {
        let first = issuing.certificates.first().map(|first| first.certificate.key_hash());
        first.is_some_and(|hash| hash.as_bytes().starts_with(&held.issuer))
    };
    keys.all_issuing.iter().position(is_its)
}

/// The active devices whose certificates would not be accepted any more in a phase.
pub(super) fn cut_off(practice: &Practice, kind: Kind, rotation: KeyId, to: Phase) -> Vec<Arc<Device>> {
    let keys = practice.keys();
    if kind != Kind::Issuing || !matches!(to, Phase::Retired | Phase::Dropped) {
        return Vec::new();
    }
    // Until now one issuing authority was enough for everybody.
    if keys.all_issuing.len() < 2 {
        return Vec::new();
    }
    let ends = |issuing: &crate::keys::Issuing| match to {
        Phase::Dropped => issuing.key == rotation,
        _ => issuing.key != rotation && issuing.state.is_trusted(),
    };
    let is_cut = |device: &Arc<Device>| {
        let at = issuer(&keys, device);
        at.and_then(|at| keys.all_issuing.get(at)).is_none_or(ends)
    };
    active(practice).into_iter().filter(is_cut).collect()
}

/// Checks the six invariants of a practice as it would be with these keys.
pub(super) fn check(practice: &Practice, keys: &Keys) -> Result<(), Broken> {
    certs::rotation::check(&situation(practice, keys))
}

fn situation(practice: &Practice, keys: &Keys) -> Situation {
    let mut generations = Vec::new();
    for kind in Kind::ALL.iter().copied() {
        let what = IN_VAULT.iter().find(|(of, _)| *of == kind).and_then(|(_, what)| purpose::of(what).ok());
        let kept = what.map(|purpose| practice.vault.list_private(&purpose).unwrap_or_default());
        let mut seen = Vec::new();
        for (at, (key, state)) in keys.current.generations(kind).into_iter().enumerate() {
            // A key certified again is one key: its newest certificate counts.
            let is_older = seen.contains(&key) || matches!(state, State::Retired | State::Dropped);
            seen.push(key);
            let file = match &kept {
                None => KeyFile::Durable,
                Some(kept) if kept.contains(&key) => KeyFile::Durable,
                Some(_) if is_older => KeyFile::Destroyed,
                Some(_) => KeyFile::Absent,
            };
            let cosigns =
                kind == Kind::Checkpoint && state == State::Trusted && keys.heads.cosigner.is_some();
            generations.push(Generation {
                kind,
                number: u32::try_from(at + 1).unwrap_or(u32::MAX),
                key: file,
                is_named: true,
                is_listed: state.is_trusted(),
                signs: state == State::Signing || cosigns,
            });
        }
    }
    let place = |root: &Certificate| keys.roots.iter().position(|one| one.certificate == *root);
    let number = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
    let served = place(&keys.served.root).map_or(0, number);
    // Each cross-certificate leads one root down; who has an older one gets the records at the enrolment door.
    let crossed: Vec<u32> = (1..=served.saturating_sub(1)).rev().take(keys.served.cross.len()).collect();
    let walked = (1..served).filter(|root| !crossed.contains(root)).collect();
    // With one issuing authority there is nothing that a device could be cut off by.
    let many = keys.all_issuing.len() > 1;
    let rotations = super::all(practice).unwrap_or_default();
    // Whom somebody has cut off by a count that they typed is to be invited again.
    let was_forced = rotations.iter().any(|rotation| rotation.row.cut_off > 0);
    let companion = |device: Arc<Device>| {
        let issuing = if many { issuer(keys, &device) } else { Some(0) };
        let state = issuing.and_then(|at| keys.all_issuing.get(at)).map(|issuing| issuing.state);
        if was_forced && state.is_none_or(|state| !state.is_trusted()) {
            return None;
        }
        let (held, _) = device.seen.held().unwrap_or((1, 0));
        let record = keys.trust.records().iter().find(|record| record.number() == held.max(1));
        let roots = record.map_or(&[][..], |record| record.roots());
        let roots = roots.iter().filter_map(place).map(number).collect();
        Some(Companion { issuing: issuing.map_or(0, number), roots })
    };
    let open = rotations.iter().filter(|rotation| rotation.is_open());
    Situation {
        generations,
        companions: active(practice).into_iter().filter_map(companion).collect(),
        served_root: served,
        crossed_roots: crossed,
        walked_roots: walked,
        open: open.map(|rotation| rotation.kind).collect(),
    }
}
