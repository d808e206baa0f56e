//! The office from afar: an admin's own device asks what could be asked at the socket. From anybody else it is an
//! unknown message. What changes something takes a second factor; what makes authority takes it inside the message.

use std::sync::Arc;

use certs::factor::act_digest;
use model::Role;
use office::{ActError, Answer, Gravity, Request};
use protocol::Code;
use protocol::message::{self, Content};
use receipts::event::Actor;

use super::{blocking, internal};
use crate::access::Granted;
use crate::access::Peer;
use crate::admin;
use crate::factors;
use crate::ledger::rows::Standing;
use crate::practice::Practice;
use crate::wire::{Answered, Ended};

/// Serves a request to the office.
///
/// # Errors
/// It is from no admin; it takes a code that was not shown.
pub async fn office(
    practice: &Arc<Practice>,
    peer: &Peer,
    request: message::Office,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let device = peer.device();
    if device.person.role() != Role::Admin || device.standing() != Standing::Active {
        return Err(Code::UnknownMessage.into());
    }
    let granted = peer.grant(request)?;
    let answer = match serde_json::from_slice::<Request>(granted.request.request.as_slice()) {
        Ok(request) => {
            let shared = Arc::clone(practice);
            blocking(move || done(&shared, &granted, request)).await?
        }
        Err(_) => Answer::Malformed,
    };
    let bytes = serde_json::to_vec(&answer).map_err(|error| internal(&error))?;
    answered.send_long(Content::OfficeAnswer, &bytes).await
}

fn done(
    practice: &Arc<Practice>,
    granted: &Granted<message::Office>,
    request: Request,
) -> Result<Answer, Ended> {
    if request.gravity() == Gravity::AtTheGateway {
        return Ok(Answer::Refused { error: ActError::AtTheGateway });
    }
    let by = acting(practice, granted, &request)?;
    let device = granted.peer.device().id.to_uuid();
    tracing::info!(act = request.word(), %device, "administration from afar");
    // The factor took its time: what it was granted on must still hold.
    match granted.is_current(practice.now()) {
        true => Ok(admin::perform(practice, request, by)),
        false => Err(Code::Revoked.into()),
    }
}

/// Who acts, on which factor.
fn acting(
    practice: &Practice,
    granted: &Granted<message::Office>,
    request: &Request,
) -> Result<Actor, Ended> {
    let device = granted.peer.device();
    let factor = match request.gravity() {
        Gravity::Look => return Ok(Actor::Device(device.id)),
        Gravity::Change => granted.peer.factor(practice.clock.machine().monotonic())?,
        Gravity::Grave | Gravity::AtTheGateway => {
            // One that is only fresh is not enough, but who has none is told to enrol one.
            if device.person.factor().is_none() {
                return Err(Code::FactorMissing.into());
            }
            let message::Office { request, code, act } = &granted.request;
            match (code, act) {
                (Some(code), Some(act)) if *act == act_digest(request.as_slice()) => {
                    factors::judge(practice, &device.person, device.id, code.as_str())?
                }
                _ => return Err(Code::FactorNeeded.into()),
            }
        }
    };
    Ok(Actor::DeviceWith(device.id, factor))
}
