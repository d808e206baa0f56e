//! How far rotations are, who has picked up the new trust, and what would break if one went on.

use std::sync::Arc;

use certs::Certificate;
use certs::rotation::{Kind, Phase, Step};
use model::Timestamp;
use office::{DeviceBehind, RotationShown};

use super::{Rotation, all, facts};
use crate::act::ActError;
use crate::practice::Practice;
use crate::registry::Device;

/// Who was not seen for longer is not waited for.
const SEEN_SECONDS: u64 = 30 * 24 * 3600;

fn behind(device: &Arc<Device>) -> DeviceBehind {
    DeviceBehind {
        device: device.id.to_uuid(),
        person: device.person.name().as_deref().unwrap_or("").to_owned(),
        label: device.label().as_deref().unwrap_or("").to_owned(),
        last_seen: device.seen.last().map(Timestamp::to_rfc3339),
    }
}

/// All kinds of keys.
///
/// # Errors
/// The ledger's.
pub fn status(practice: &Practice) -> Result<Vec<RotationShown>, ActError> {
    let rotations = all(practice).map_err(|error| super::failed(&error))?;
    let active = facts::active(practice);
    let of = |kind: Kind| {
        let own = rotations.iter().rev().find(|one| one.kind == kind && one.is_open());
        shown(practice, kind, own, &active)
    };
    Ok(Kind::ALL.iter().copied().map(of).collect())
}

fn shown(practice: &Practice, kind: Kind, own: Option<&Rotation>, active: &[Arc<Device>]) -> RotationShown {
    let keys = practice.keys();
    let ends = |certificate: &Certificate| Some(certificate.not_after().to_rfc3339());
    let phase = own.and_then(|own| own.phase);
    let waits_for_root = own.is_some_and(|own| own.asks_root().is_some());
    let next = if waits_for_root { Some(Step::Prepare) } else { kind.next(phase) };
    let mut shown = RotationShown {
        kind: kind.word().to_owned(),
        phase: phase.map_or("none", Phase::word).to_owned(),
        planned: own.and_then(|own| own.planned).map(|planned| planned.word().to_owned()),
        waits_for_root,
        since: own.map(|own| Timestamp::from_unix_ms(own.row.since_ms).to_rfc3339()),
        by: own.map(|own| own.row.by.clone()),
        expires: match kind {
            Kind::Gateway => ends(&keys.gateway.certificate),
            Kind::Issuing => ends(keys.issuing.certificate()),
            Kind::Root => ends(&keys.served.root),
            Kind::Checkpoint => None,
            Kind::Statements => ends(&keys.statements.certificate),
            Kind::Receipts => ends(&keys.heads.receipts.certificate),
        },
        next: next.map(|step| step.word().to_owned()),
        on_new: 0,
        not_yet: Vec::new(),
        not_seen: Vec::new(),
        cut_off: Vec::new(),
    };
    let Some(own) = own else { return shown };
    if let Some(to) = next.and_then(|step| kind.after(phase, step).ok()) {
        let cut_off = facts::cut_off(practice, kind, own.id, to);
        shown.cut_off = cut_off.iter().map(behind).collect();
    }
    let Some(told_ms) = own.row.told_ms.filter(|_| kind.is_distributed()) else { return shown };
    // A root is in a record; all else in a bundle, whose versions are seconds.
    let record = keys.current.roots.iter().position(|root| root.key_id() == own.id).and_then(|at| {
        let new = &keys.roots.get(at)?.certificate;
        keys.trust.records().iter().find(|record| record.roots().contains(new)).map(|record| record.number())
    });
    for device in active {
        let is_new = |(held, bundle): (u64, u64)| match (kind, record) {
            (Kind::Root, Some(record)) => held >= record,
            _ => bundle > told_ms / 1000,
        };
        let was_seen =
            device.seen.last().is_some_and(|seen| practice.now() < seen.plus_seconds(SEEN_SECONDS));
        match device.seen.held().is_some_and(is_new) {
            true => shown.on_new += 1,
            false if was_seen => shown.not_yet.push(behind(device)),
            false => shown.not_seen.push(behind(device)),
        }
    }
    shown
}
