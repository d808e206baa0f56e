//! Exchanging keys while the gateway serves. A step is a statement that it is begun, work that may be done twice, and a
//! statement that it is done; a start does again what was begun and not done. Which step may follow which is for
//! `certs::rotation` to say; what a key's exchange is made of is in `work`.
//!
//! ```text
//! step → allowed? who would be cut off? → RotationPlanned → keys durable → certs/current → exchange → RotationDone
//! ```

mod facts;
mod rounds;
mod status;
mod work;

use std::sync::{Arc, PoisonError};

use certs::ceremony::What;
use certs::rotation::{Kind, Phase, State, Step};
use model::{KeyId, Timestamp};
use receipts::event::{Actor, RotationPlanned, Word};
use vault::EntryScope;

use crate::act::ActError;
use crate::commit::Group;
use crate::crl;
use crate::keys::{IN_VAULT, purpose};
use crate::ledger::post::PostError;
use crate::ledger::rows::{self, Key, Table};
use crate::practice::Practice;

pub use facts::is_retired;
pub(crate) use facts::issuer_of;
pub(crate) use rounds::{followed_by, rounds};
pub use status::status;

/// A step that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Of which key.
    pub kind: Kind,
    /// Which step.
    pub step: Step,
    /// The old key is stolen: it goes at once.
    pub stolen: bool,
    /// What the root answered.
    pub answer: Option<&'a [u8]>,
    /// How many devices the person says will be cut off.
    pub force: Option<u32>,
}

/// Whether a person typed how many devices will be cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forced {
    Yes,
    No,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stepped {
    /// It is done.
    Done(Phase),
    /// The root must sign this request first.
    RootAsked(Vec<u8>),
}

/// A rotation as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// Which; the new key's id as well.
    pub id: KeyId,
    /// Of which key.
    pub kind: Kind,
    /// The phase that it is in.
    pub phase: Option<Phase>,
    /// The phase that it is being brought to.
    pub planned: Option<Phase>,
    /// The row.
    pub row: rows::Rotation,
}

impl Rotation {
    fn of(row: rows::Rotation) -> Option<Self> {
        Some(Self {
            id: KeyId::from_bytes(row.id.into()),
            kind: Kind::from_code(row.kind)?,
            phase: row.phase.and_then(Phase::from_code),
            planned: row.planned.and_then(Phase::from_code),
            row,
        })
    }

    /// Whether it is under way.
    pub fn is_open(&self) -> bool {
        self.planned.is_some() || self.phase.is_none_or(Phase::is_open)
    }

    /// What the root is asked, where its signature is what the planned step waits for.
    fn asks_root(&self) -> Option<What> {
        match (self.kind, self.phase, self.planned?) {
            (Kind::Issuing, None, Phase::Prepared) => Some(What::Issuing),
            (Kind::Issuing, None, Phase::Switched) => Some(What::IssuingStolen),
            (Kind::Root, None, Phase::Prepared) => Some(What::Root),
            (Kind::Root, None, Phase::Retired) => Some(What::RootStolen),
            _ => None,
        }
    }
}

/// All rotations, in the order in which they were begun.
///
/// # Errors
/// The ledger's.
pub fn all(practice: &Practice) -> Result<Vec<Rotation>, PostError> {
    let rows: Vec<rows::Rotation> = practice.ledger.rows(&Key::of(Table::Rotation))?;
    let mut all: Vec<_> = rows.into_iter().filter_map(Rotation::of).collect();
    all.sort_by_key(|rotation| rotation.row.entry);
    Ok(all)
}

fn failed(cause: &dyn std::fmt::Display) -> ActError {
    ActError::Failed { cause: cause.to_string() }
}

/// Takes a step. Blocks until it stands in the journal.
///
/// # Errors
/// [`ActError`]: it is not due, would cut devices off, or failed. What was begun is done at the next start.
pub fn step(practice: &Arc<Practice>, asked: &Asked<'_>, by: Actor) -> Result<Stepped, ActError> {
    let _turn = practice.rotating.lock().unwrap_or_else(PoisonError::into_inner);
    let open: Vec<_> = all(practice).map_err(|error| failed(&error))?;
    let open: Vec<_> = open.into_iter().filter(Rotation::is_open).collect();
    let own = open.iter().find(|rotation| rotation.kind == asked.kind);
    if let Some(own) = own
        && own.asks_root().is_some()
        && asked.step == Step::Prepare
    {
        return go_on(practice, own, asked.answer, Forced::No);
    }
    // An answer to nothing begins nothing.
    if own.is_none() && asked.answer.is_some() {
        return Err(ActError::RootAnswer { cause: "nothing was asked".to_owned() });
    }
    let (id, phase) = match own {
        Some(own) => (own.id, own.phase),
        None => (KeyId::from_bytes(host::random::bytes().map_err(|error| failed(&error))?), None),
    };
    let to = leads_to(asked, own, &open)?;
    let behind = facts::cut_off(practice, asked.kind, id, to);
    let cut_off = u32::try_from(behind.len()).unwrap_or(u32::MAX);
    if cut_off > 0 && asked.force != Some(cut_off) {
        return Err(ActError::RotationBehind { kind: asked.kind.word().to_owned(), count: cut_off });
    }
    let rotation = plan(practice, asked.kind, id, phase, to, cut_off, by)?;
    let forced = if asked.force.is_some() { Forced::Yes } else { Forced::No };
    go_on(practice, &rotation, asked.answer, forced)
}

/// The phase that a step leads to.
fn leads_to(asked: &Asked<'_>, own: Option<&Rotation>, open: &[Rotation]) -> Result<Phase, ActError> {
    let kind = asked.kind;
    let not_due = |due: Option<Step>| ActError::RotationNotDue {
        kind: kind.word().to_owned(),
        phase: own.and_then(|own| own.phase).map_or("none", Phase::word).to_owned(),
        due: due.map_or("none", Step::word).to_owned(),
    };
    let phase = own.and_then(|own| own.phase);
    // A request to the root that was never answered is taken back.
    if let (Some(own), Step::Back) = (own, asked.step)
        && own.phase.is_none()
    {
        return Ok(Phase::Dropped);
    }
    if own.is_none() {
        let others: Vec<_> = open.iter().map(|rotation| rotation.kind).collect();
        if asked.step == Step::Prepare && kind.may_begin(&others).is_err() {
            let other = others.iter().find(|other| kind.excludes(**other)).map_or("", |other| other.word());
            return Err(ActError::RotationExcluded { kind: kind.word().to_owned(), other: other.to_owned() });
        }
    }
    match (asked.stolen, kind, phase, asked.step) {
        (true, Kind::Root, None, Step::Prepare) => Ok(Phase::Retired),
        (true, Kind::Issuing, None, Step::Prepare) => Ok(Phase::Switched),
        (true, _, _, _) => Err(not_due(kind.next(phase))),
        (false, _, _, step) => kind.after(phase, step).map_err(|_| not_due(kind.next(phase))),
    }
}

fn plan(
    practice: &Arc<Practice>,
    kind: Kind,
    id: KeyId,
    phase: Option<Phase>,
    to: Phase,
    cut_off: u32,
    by: Actor,
) -> Result<Rotation, ActError> {
    let word = |word: &str| Word::parse(word).map_err(|error| failed(&error));
    let planned = RotationPlanned {
        rotation: *id.as_bytes(),
        kind: word(kind.word())?,
        to: word(to.word())?,
        cut_off,
        by,
    };
    let house = practice.entry_key(EntryScope::House).map_err(|error| failed(&error))?;
    practice
        .committer
        .commit_blocking(Box::new(move |group: &Group<'_>| Ok(vec![group.made(planned, house)?])))?;
    tracing::info!(kind = kind.word(), to = to.word(), "a step of a rotation is begun");
    let row = practice.ledger.row(&rows::key::rotation(id.as_bytes())).map_err(|error| failed(&error))?;
    let rotation = row.and_then(Rotation::of).filter(|rotation| rotation.phase == phase);
    rotation.ok_or(ActError::Failed { cause: "the rotation is not in the ledger".to_owned() })
}

/// Does what was planned, or says what the root must sign first.
fn go_on(
    practice: &Arc<Practice>,
    rotation: &Rotation,
    answer: Option<&[u8]>,
    forced: Forced,
) -> Result<Stepped, ActError> {
    let Some(to) = rotation.planned else {
        return Err(ActError::Failed { cause: "nothing is planned".to_owned() });
    };
    if let Some(what) = rotation.asks_root()
        && answer.is_none()
        && !practice.keys().current.has(rotation.kind, rotation.id)
    {
        return Ok(Stepped::RootAsked(work::request(practice, rotation, what)?.encode()));
    }
    work::bring(practice, rotation, to, answer, forced)?;
    sweep(practice);
    tracing::info!(kind = rotation.kind.word(), phase = to.word(), "a step of a rotation is done");
    Ok(Stepped::Done(to))
}

/// The step of a kind that is due.
pub(crate) fn next(practice: &Practice, kind: Kind) -> Option<Step> {
    let all = all(practice).ok()?;
    let own = all.iter().rev().find(|one| one.kind == kind && one.is_open());
    match own {
        Some(own) if own.asks_root().is_some() => Some(Step::Prepare),
        own => kind.next(own.and_then(|own| own.phase)),
    }
}

/// At a start: what was begun is done again, and what must hold is checked.
pub(crate) fn resume(practice: &Arc<Practice>) {
    let rotations = match all(practice) {
        Ok(rotations) => rotations,
        Err(error) => return tracing::error!(%error, "the rotations can not be read"),
    };
    for rotation in rotations.iter().filter(|rotation| rotation.planned.is_some()) {
        match go_on(practice, rotation, None, Forced::No) {
            Ok(Stepped::Done(_)) => {}
            Ok(Stepped::RootAsked(_)) => {
                tracing::info!(kind = rotation.kind.word(), "a rotation waits for the root's signature");
            }
            Err(error) => {
                tracing::error!(kind = rotation.kind.word(), %error, "a step that was begun can not be done");
            }
        }
    }
    sweep(practice);
    if let Err(broken) = facts::check(practice, &practice.keys()) {
        tracing::error!(%broken, "what must hold of keys and certificates does not hold");
    }
}

/// Destroys keys whose every certificate has ended.
fn sweep(practice: &Practice) {
    let keys = practice.keys();
    for (kind, what) in IN_VAULT {
        let Ok(purpose) = purpose::of(what) else { continue };
        let kept = practice.vault.list_private(&purpose).unwrap_or_default();
        for key in keys.current.ended(kind).into_iter().filter(|key| kept.contains(key)) {
            if kind == Kind::Issuing && !crl::may_go(practice, key) {
                tracing::error!("an old key is kept, for its last revocation list is not there");
                continue;
            }
            let destroyed = match kind {
                Kind::Issuing => practice.issuing_keys.destroy(key),
                _ => practice.vault.remove_private(&purpose, key).map(drop).map_err(Into::into),
            };
            match destroyed {
                Ok(()) => tracing::info!(kind = kind.word(), "an old key is destroyed"),
                Err(error) => tracing::error!(%error, kind = kind.word(), "an old key can not be destroyed"),
            }
        }
    }
}

/// Within this many days of the switch devices renew under the new issuing authority.
const WINDOW_DAYS: u64 = 14;

/// From when to when devices renew because their issuing authority is being exchanged. At once where its key was stolen.
pub(crate) fn window(practice: &Practice) -> Option<(Timestamp, Timestamp)> {
    let keys = practice.keys();
    // Without an old one there is nothing to read for.
    let old = keys.all_issuing.iter().find(|issuing| issuing.state == State::Trusted)?;
    let rotations = all(practice).ok()?;
    let own = rotations.iter().rev().find(|one| one.kind == Kind::Issuing && one.is_open())?;
    let switched = Timestamp::from_unix_ms(own.row.since_ms);
    let is_stolen =
        old.certificates.first().is_some_and(|one| keys.trust.revokes_issuing(&one.certificate.key_hash()));
    match (own.phase?, is_stolen) {
        (Phase::Switched, true) => Some((switched, switched)),
        (Phase::Switched, false) => Some((switched, switched.plus_seconds(WINDOW_DAYS * 24 * 3600))),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod walk_tests;
