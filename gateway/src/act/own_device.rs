//! A further device of one's own: invited from a device that a person has, for a quarter of an hour. Within the number of
//! devices that one person may have, whoever invites.

use std::sync::Arc;

use model::{DeviceId, PersonId, Role, limits};
use office::{InvitationShown, RightsError};
use receipts::event::Actor;

use super::{ActError, invitation};
use crate::commit::Group;
use crate::ledger::post::PostError;
use crate::ledger::rows::{self, Key, Standing, Table};
use crate::practice::Practice;
use crate::registry::{Device, Person, Registry};

/// Whether people of this role add devices by themselves: who is from outside, and who watches over the others, do not.
pub const fn may_add(role: Role) -> bool {
    match role {
        Role::Client | Role::Bookkeeper | Role::Supervisor | Role::Admin => true,
        Role::Auditor | Role::Partner => false,
    }
}

/// Whether a device counts among those of its person.
const fn counts(standing: Standing) -> bool {
    matches!(standing, Standing::Bound | Standing::Active | Standing::Suspended)
}

/// How many devices a person has, but for the one that is replaced.
fn devices(registry: &Registry, person: PersonId, replaces: Option<DeviceId>) -> usize {
    let all = registry.devices_of(person);
    all.iter().filter(|device| counts(device.own_standing()) && Some(device.id) != replaces).count()
}

/// Whether a person has as many devices as one may have.
pub(crate) fn has_all(practice: &Practice, person: PersonId, replaces: Option<DeviceId>) -> bool {
    devices(&practice.registry, person, replaces) >= limits::DEVICES_PER_PERSON_MAX
}

/// Whether a person may be invited for one more.
///
/// # Errors
/// [`RightsError::TooManyDevices`].
pub(super) fn has_room(
    practice: &Practice,
    person: &Person,
    replaces: Option<DeviceId>,
) -> Result<(), ActError> {
    match has_all(practice, person.id, replaces) {
        true => {
            let name = person.name().as_deref().unwrap_or("").to_owned();
            Err(ActError::Rights { error: RightsError::TooManyDevices { name } })
        }
        false => Ok(()),
    }
}

/// The same in the midst of a commit, where devices may have been bound a moment ago.
pub(crate) fn has_all_in(
    group: &Group<'_>,
    person: PersonId,
    replaces: Option<DeviceId>,
) -> Result<bool, PostError> {
    // A device comes by an invitation alone: where all of them together are not too many, none is.
    let open = group.registry.invitations().into_iter();
    let open = open.filter(|(_, one)| one.person == person && one.device.is_none() && !one.is_revoked);
    if devices(group.registry, person, replaces) + open.count() <= limits::DEVICES_PER_PERSON_MAX {
        return Ok(false);
    }
    let all = group.draft.rows_below::<rows::Device>(&Key::of(Table::Device))?;
    // What stands in the draft comes last, and counts.
    let all: std::collections::BTreeMap<[u8; 16], rows::Device> =
        all.into_iter().map(|row| (*row.id, row)).collect();
    let own = all.values().filter(|row| {
        *row.person == *person.as_bytes()
            && counts(Standing::from_code(row.standing))
            && replaces.is_none_or(|replaced| *row.id != *replaced.as_bytes())
    });
    Ok(own.count() >= limits::DEVICES_PER_PERSON_MAX)
}

/// Why no further device can be invited now.
#[derive(Debug)]
pub enum NotAdded {
    /// The person has as many as one may have.
    TooMany,
    /// As many such invitations are open as there may be devices.
    TooFast,
    /// The act.
    Act(ActError),
}

/// Invites a further device of the person whose device asks.
///
/// # Errors
/// [`NotAdded`].
pub fn add(practice: &Arc<Practice>, device: &Device, by: Actor) -> Result<InvitationShown, NotAdded> {
    let person = &device.person;
    if has_all(practice, person.id, None) {
        return Err(NotAdded::TooMany);
    }
    let now = practice.now();
    let open = practice.registry.invitations().into_iter().filter(|(_, one)| {
        one.person == person.id && one.device.is_none() && !one.is_revoked && now < one.expires
    });
    if open.count() >= limits::DEVICES_PER_PERSON_MAX {
        return Err(NotAdded::TooFast);
    }
    let shown = invitation::own(practice, person, by).map_err(NotAdded::Act)?;
    tracing::warn!(
        alarm = "device-added",
        person = %person.id,
        device = %device.id.to_uuid(),
        invitation = shown.id.as_str(),
        "a person invites a further device of their own"
    );
    Ok(shown)
}
