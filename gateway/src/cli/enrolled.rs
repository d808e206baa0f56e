//! What a running gateway tells of devices that enrol: who it is, and for staff the digits to compare. Reads the
//! registry; confirms nobody.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use console::{Console, Event, args, fields, text};
use model::InvitationId;

use crate::enrol;
use crate::ledger::rows::Standing;
use crate::practice::Practice;
use crate::registry::Device;

/// Tells of staff who wait already, then of every device that enrols. Never ends.
pub(super) async fn announce(console: Console, practice: Arc<Practice>) {
    let mut changes = practice.registry.changes();
    let mut known: HashSet<InvitationId> =
        used(&practice).into_iter().filter(|(_, device)| !waits(device)).map(|(id, _)| id).collect();
    loop {
        let new: Vec<_> = used(&practice).into_iter().filter(|(id, _)| known.insert(*id)).collect();
        for (invitation, device) in new {
            tell(&console, &practice, invitation, &device).await;
        }
        // The registry, which tells, lives as long as the practice.
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Invitations that a device has used.
fn used(practice: &Practice) -> Vec<(InvitationId, Arc<Device>)> {
    let invitations = practice.registry.invitations().into_iter();
    invitations
        .filter_map(|(id, invitation)| Some((id, practice.registry.device(invitation.device?)?)))
        .collect()
}

/// Whether an admin is to compare its digits.
fn waits(device: &Device) -> bool {
    device.person.role().is_staff() && device.standing() == Standing::Bound
}

async fn tell(console: &Console, practice: &Arc<Practice>, invitation: InvitationId, device: &Arc<Device>) {
    let digits = match waits(device) {
        true => {
            let (practice, id) = (Arc::clone(practice), device.id);
            let read = tokio::task::spawn_blocking(move || enrol::digits(&practice, id).ok()).await;
            read.ok().flatten().map(|digits| digits.to_string())
        }
        false => None,
    };
    let (person, label) = (device.person.name(), device.label());
    let (person, label) = (person.as_deref().unwrap_or("-"), label.as_deref().unwrap_or("-"));
    let role = device.person.role();
    console.note("run-enrolled", args![person, role, label]);
    if let Some(digits) = &digits {
        let command = confirm_command(invitation, digits, &practice.folder);
        console.note("run-enrolled-digits", args![digits, command]);
    }
    let state = match device.standing() {
        Standing::Active => "active",
        Standing::Bound => "waiting",
        Standing::Declined => "declined",
        Standing::Suspended => "suspended",
        Standing::Revoked => "revoked",
    };
    let mut fields = fields! {
        "device": device.id.to_uuid(), "person": person, "role": role.as_str(), "label": label,
        "invitation": invitation.to_string(), "state": state,
    };
    if let Some(digits) = digits {
        fields.insert("digits".to_owned(), digits.into());
    }
    console.emit(&Event::Row { of: "device".to_owned(), fields });
}

/// The line that gives the device its rights.
pub(super) fn confirm_command(invitation: InvitationId, digits: &str, folder: &Path) -> String {
    let digits: String = digits.chars().filter(|digit| digit.is_ascii_digit()).collect();
    let dir = text::shell(&folder.display().to_string());
    format!("counterfoil-gateway confirm {invitation} {digits} --dir {dir}")
}
