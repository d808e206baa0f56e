//! A further device of one's own, asked for on one that is enrolled. From people who may not it is an unknown message.

use std::sync::Arc;

use model::Timestamp;
use protocol::message::{DeviceAdd, DeviceInvited};
use protocol::{Code, Refusal, Text};
use receipts::event::Actor;

use super::{blocking, internal};
use crate::access::Peer;
use crate::act::ActError;
use crate::act::own_device::{self, NotAdded};
use crate::practice::Practice;
use crate::wire::{Answered, Ended};

/// Invites it.
///
/// # Errors
/// Not for this role; a code must be shown first; there are as many devices as there may be; the commit's.
pub async fn add(
    practice: &Arc<Practice>,
    peer: &Peer,
    request: DeviceAdd,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let person = &peer.device().person;
    if !own_device::may_add(person.role()) {
        return Err(Code::UnknownMessage.into());
    }
    let granted = peer.grant(request)?;
    let device = peer.device();
    let by = match person.factor() {
        Some(_) => Actor::DeviceWith(device.id, peer.factor(practice.clock.machine().monotonic())?),
        None => Actor::Device(device.id),
    };
    practice.quotas.entry(person.id, practice.now())?;
    let shared = Arc::clone(practice);
    let shown = blocking(move || {
        if !granted.is_current(shared.now()) {
            return Err(Code::Revoked.into());
        }
        own_device::add(&shared, granted.peer.device(), by).map_err(|why| refusal(&why).into())
    })
    .await?;
    let expires = Timestamp::parse_rfc3339(&shown.expires).map_err(|error| internal(&error))?;
    answered
        .send(DeviceInvited {
            invitation: Text::new(&shown.id)?,
            word: Text::new(&shown.word)?,
            code: Text::new(&shown.code)?,
            address: Text::new(&shown.address)?,
            expires,
        })
        .await
}

fn refusal(why: &NotAdded) -> Refusal {
    match why {
        NotAdded::TooMany => {
            Refusal::new(Code::TooManyDevices).with_limit(model::limits::DEVICES_PER_PERSON_MAX as u64)
        }
        NotAdded::TooFast => Code::TooFast.into(),
        NotAdded::Act(ActError::Refused { code }) => {
            let known = Code::ALL.iter().find(|known| known.word() == code);
            known.copied().unwrap_or(Code::Internal).into()
        }
        NotAdded::Act(error) => internal(error),
    }
}
