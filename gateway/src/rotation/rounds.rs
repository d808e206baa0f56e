//! What is exchanged without anybody asking: the certificates of the gateway itself, long before they end. Its certificate
//! in TLS is switched at once, for companions trust the root. Statement and receipt keys are told first, for as long as a
//! trust bundle lives; the old ones are kept as long again.
//!
//! ```text
//! two thirds of the life → prepare (→ distribute → 30 days) → switch → a day, or 30 → retire
//! ```
//! An exchange that an admin began is left to the admin until two thirds of the life are over.

use std::sync::Arc;

use certs::Certificate;
use certs::bundle::BUNDLE_DAYS;
use certs::rotation::{Kind, Phase, Step};
use model::Timestamp;
use receipts::event::Actor;

use super::{Asked, Rotation, all, step};
use crate::keys::Keys;
use crate::practice::Practice;
use crate::renewing::Life;

const DAY_SECONDS: u64 = 24 * 3600;
/// How long the old key of the gateway in TLS is kept after the switch.
const GATEWAY_KEPT_SECONDS: u64 = DAY_SECONDS;
/// How long statement and receipt keys are told before they sign, and kept after: every bundle of before has ended then.
const TOLD_SECONDS: u64 = BUNDLE_DAYS * DAY_SECONDS;
/// So long before its end a certificate is followed by the next one, told long enough or not.
const SPARE_SECONDS: u64 = 30 * DAY_SECONDS;

/// What is exchanged by itself.
const BY_ITSELF: [Kind; 3] = [Kind::Gateway, Kind::Statements, Kind::Receipts];

/// The certificate that signs, of a kind that is exchanged by itself.
fn signing(keys: &Keys, kind: Kind) -> Option<&Certificate> {
    match kind {
        Kind::Gateway => Some(&keys.gateway.certificate),
        Kind::Statements => Some(&keys.statements.certificate),
        Kind::Receipts => Some(&keys.heads.receipts.certificate),
        Kind::Issuing | Kind::Root | Kind::Checkpoint => None,
    }
}

/// When an exchange is begun by itself: two thirds of the life.
fn begins(certificate: &Certificate) -> Timestamp {
    Life::of(certificate.not_before(), certificate.not_after()).two_thirds()
}

/// By when the next certificate of a kind signs, where it comes by itself; `None` where it does not.
pub(crate) fn followed_by(kind: Kind, certificate: &Certificate) -> Option<Timestamp> {
    let begins = begins(certificate);
    match kind {
        Kind::Gateway => Some(begins),
        Kind::Statements | Kind::Receipts => {
            Some(begins.plus_seconds(TOLD_SECONDS).min(spare(certificate)).max(begins))
        }
        Kind::Issuing | Kind::Root | Kind::Checkpoint => None,
    }
}

fn spare(certificate: &Certificate) -> Timestamp {
    let end = certificate.not_after().unix_seconds();
    Timestamp::from_unix_seconds(end.saturating_sub(SPARE_SECONDS))
}

/// The step that is due now, if one is.
fn due(kind: Kind, own: Option<&Rotation>, certificate: &Certificate, now: Timestamp) -> Option<Step> {
    let is_time = now >= begins(certificate);
    let Some(own) = own else { return is_time.then_some(Step::Prepare) };
    if own.planned.is_some() {
        return None;
    }
    let is_ours = own.row.by == Actor::Gateway.word() || is_time;
    let since = Timestamp::from_unix_ms(own.row.since_ms);
    let kept = if kind == Kind::Gateway { GATEWAY_KEPT_SECONDS } else { TOLD_SECONDS };
    match own.phase {
        Some(Phase::Prepared) if is_ours => kind.next(own.phase),
        Some(Phase::Distributed) if is_ours => {
            let told = own.row.told_ms.map_or(since, Timestamp::from_unix_ms);
            let is_told = now >= told.plus_seconds(TOLD_SECONDS);
            (is_told || now >= spare(certificate)).then_some(Step::Switch)
        }
        Some(Phase::Switched) if is_ours || kind == Kind::Gateway => {
            (now >= since.plus_seconds(kept)).then_some(Step::Retire)
        }
        _ => None,
    }
}

/// Takes every step that is due.
pub(crate) fn rounds(practice: &Arc<Practice>) {
    for kind in BY_ITSELF {
        // Prepare, distribute and switch may be due at once, where a gateway stood still for long.
        for _ in 0..4 {
            if !round(practice, kind) {
                break;
            }
        }
    }
}

/// Whether a step was due and is done.
fn round(practice: &Arc<Practice>, kind: Kind) -> bool {
    let Ok(rotations) = all(practice) else { return false };
    let keys = practice.keys();
    let Some(certificate) = signing(&keys, kind) else { return false };
    let own = rotations.iter().rev().find(|one| one.kind == kind && one.is_open());
    let Some(next) = due(kind, own, certificate, practice.now()) else { return false };
    let asked = Asked { kind, step: next, stolen: false, answer: None, force: None };
    match step(practice, &asked, Actor::Gateway) {
        Ok(_) => true,
        Err(error) => {
            tracing::error!(%error, kind = kind.word(), "a key of the gateway can not be exchanged");
            false
        }
    }
}
