//! A person's second factor, over their own device: enrolled, shown, taken away. For people of the practice; from a
//! client it is an unknown message.

use std::sync::Arc;

use model::Role;
use protocol::message::{
    Done, FactorBegin, FactorCodes, FactorConfirm, FactorRemove, FactorSecret, FactorShow, FactorState,
    RecoveryCodes, StepUp,
};
use protocol::{Bytes, Code, List, Text};
use receipts::event::{Actor, Factor};

use super::blocking;
use crate::access::{Granted, Peer};
use crate::factors;
use crate::practice::Practice;
use crate::wire::{Answered, Ended};

/// Grants what only people of the practice may ask.
fn granted<T>(peer: &Peer, request: T) -> Result<Granted<T>, Ended> {
    match peer.device().person.role() {
        Role::Client => Err(Code::UnknownMessage.into()),
        Role::Bookkeeper | Role::Supervisor | Role::Admin | Role::Auditor | Role::Partner => {
            Ok(peer.grant(request)?)
        }
    }
}

/// How it is.
///
/// # Errors
/// The vault's.
pub async fn show(
    practice: &Arc<Practice>,
    peer: &Peer,
    request: FactorShow,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let granted = granted(peer, request)?;
    let shared = Arc::clone(practice);
    let state = blocking(move || Ok(factors::state(&shared, &granted.peer.device().person)?)).await;
    let state = match state {
        Ok(Some(state)) => {
            let recovery_left = u16::try_from(state.recovery_left).unwrap_or(u16::MAX);
            FactorState { enrolled: true, recovery_left, locked: state.locked }
        }
        Ok(None) => FactorState { enrolled: false, recovery_left: 0, locked: false },
        Err(Ended::Refused(refusal)) if refusal.known() == Some(Code::FactorLocked) => {
            FactorState { enrolled: true, recovery_left: 0, locked: true }
        }
        Err(ended) => return Err(ended),
    };
    answered.send(state).await
}

/// Begins an enrolment.
///
/// # Errors
/// As [`factors::begin`].
pub async fn begin(
    practice: &Arc<Practice>,
    peer: &Peer,
    request: FactorBegin,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let granted = granted(peer, request)?;
    let shared = Arc::clone(practice);
    let secret = blocking(move || Ok(factors::begin(&shared, &granted.peer.device().person)?)).await?;
    answered.send(FactorSecret { secret: Bytes::new(secret.to_vec())? }).await
}

/// Ends an enrolment; the codes were shown on this connection, so they are fresh on it.
///
/// # Errors
/// As [`factors::confirm`].
pub async fn confirm(
    practice: &Arc<Practice>,
    peer: &Peer,
    request: FactorConfirm,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let granted = granted(peer, request)?;
    let shared = Arc::clone(practice);
    let codes = blocking(move || {
        let device = granted.peer.device();
        let FactorConfirm { first, second } = &granted.request;
        let codes = factors::confirm(&shared, &device.person, device.id, [first.as_str(), second.as_str()])?;
        granted.peer.shown(Factor::Totp, shared.clock.machine().monotonic());
        Ok(codes)
    });
    answered.send(recovery_codes(&codes.await?)?).await
}

/// Draws recovery codes anew.
///
/// # Errors
/// No code is fresh; as [`factors::draw_codes`].
pub async fn codes(
    practice: &Arc<Practice>,
    peer: &Peer,
    request: FactorCodes,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let granted = granted(peer, request)?;
    let shared = Arc::clone(practice);
    let codes = blocking(move || {
        let by = acting(&shared, &granted.peer)?;
        Ok(factors::draw_codes(&shared, &granted.peer.device().person, by)?)
    });
    answered.send(recovery_codes(&codes.await?)?).await
}

/// Takes it away.
///
/// # Errors
/// No code is fresh; as [`factors::remove`].
pub async fn remove(
    practice: &Arc<Practice>,
    peer: &Peer,
    request: FactorRemove,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let granted = granted(peer, request)?;
    let shared = Arc::clone(practice);
    blocking(move || {
        let by = acting(&shared, &granted.peer)?;
        Ok(factors::remove(&shared, &granted.peer.device().person, by)?)
    })
    .await?;
    answered.send(Done {}).await
}

/// Shows a code: it is fresh on this connection, and on no other.
///
/// # Errors
/// As [`factors::judge`].
pub async fn step_up(
    practice: &Arc<Practice>,
    peer: &Peer,
    request: StepUp,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let granted = granted(peer, request)?;
    let shared = Arc::clone(practice);
    blocking(move || {
        let device = granted.peer.device();
        let factor = factors::judge(&shared, &device.person, device.id, granted.request.code.as_str())?;
        granted.peer.shown(factor, shared.clock.machine().monotonic());
        Ok(())
    })
    .await?;
    answered.send(Done {}).await
}

/// Who acts, on the factor that is fresh.
fn acting(practice: &Practice, peer: &Peer) -> Result<Actor, Ended> {
    let factor = peer.factor(practice.clock.machine().monotonic())?;
    Ok(Actor::DeviceWith(peer.device().id, factor))
}

fn recovery_codes(codes: &factors::Shown) -> Result<RecoveryCodes, Ended> {
    let codes = codes.iter().map(|code| Text::cut(code.as_str())).collect();
    Ok(RecoveryCodes { codes: List::new(codes)? })
}
