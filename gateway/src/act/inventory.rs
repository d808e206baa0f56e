//! Devices and certificates as they are shown: where each stands, until when, and whether it renews by itself.

use std::sync::Arc;

use certs::Certificate;
use certs::profile::{BEFORE_SECONDS, ISSUING_SIGNS_DAYS, Profile};
use certs::rotation::{Kind, State};
use model::{DeviceId, Timestamp, digest::hex};
use office::{CertificateListed, DeviceListed};
use protocol::record::RenewWindow;

use super::people::standing_of;
use crate::certificate::DeviceCertificate;
use crate::keys::Keys;
use crate::ledger::rows::{CertificateState, CertificateUse, Footing, Standing};
use crate::practice::Practice;
use crate::registry::Device;
use crate::renewing::{Life, Renews, judge};
use crate::{renew, rotation};

const DAY_SECONDS: u64 = 24 * 3600;

/// Every device, by person and age.
pub fn devices(practice: &Practice) -> Vec<DeviceListed> {
    let people = practice.registry.people();
    let devices = people.iter().flat_map(|person| practice.registry.devices_of(person.id));
    let window = renew::window(practice);
    devices.map(|device| device_listed(practice, &device, window.as_ref())).collect()
}

fn device_listed(practice: &Practice, device: &Device, window: Option<&RenewWindow>) -> DeviceListed {
    let (standing, digits) = standing_of(practice, device);
    let program = device.seen.program();
    let newest = device.newest(CertificateUse::Tls);
    let renewal = newest.as_ref().and_then(|newest| renewal_of(practice, device, newest, window));
    let (confirmed_by, confirmed_by_name) = confirmed_by(practice, device);
    let (root_record, bundle) = device.seen.held().unzip();
    let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    DeviceListed {
        id: device.id.to_uuid(),
        label: text(device.label()),
        person: text(device.person.name()),
        person_id: device.person.id.to_string(),
        role: device.person.role().to_string(),
        standing: standing.to_owned(),
        platform: told(&program.platform).unwrap_or_else(|| text(device.platform())),
        software: told(&program.software),
        key_store: told(&program.key_store),
        first_seen: device.bound_at.to_rfc3339(),
        last_seen: device.seen.last().map(Timestamp::to_rfc3339),
        confirmed_by,
        confirmed_by_name,
        root_record,
        bundle,
        until: newest.map(|newest| newest.not_after.to_rfc3339()),
        renews: renewal.map(|(renews, _)| renews.word().to_owned()),
        renews_by: renewal.map(|(_, by)| by.to_rfc3339()),
        invitation: device.invitation.to_string(),
        digits,
    }
}

fn text(text: Option<Arc<str>>) -> String {
    text.as_deref().unwrap_or("").to_owned()
}

/// Who gave a device its rights: `admin-socket`, `gateway`, `itself`, or another device, with its person's name.
fn confirmed_by(practice: &Practice, device: &Device) -> (Option<String>, Option<String>) {
    let Some(word) = device.confirmed_by() else { return (None, None) };
    let id = word.split('+').next().and_then(|id| DeviceId::from_hex(id).ok());
    match id {
        Some(id) if id == device.id => (Some("itself".to_owned()), None),
        Some(id) => {
            let name = practice.registry.device(id).and_then(|other| other.person.name());
            (Some(id.to_uuid()), name.as_deref().map(str::to_owned))
        }
        None => (Some(word.to_string()), None),
    }
}

/// What becomes of a device's certificate, and by when: only for the newest, of a device that may come.
pub(crate) fn renewal_of(
    practice: &Practice,
    device: &Device,
    certificate: &DeviceCertificate,
    window: Option<&RenewWindow>,
) -> Option<(Renews, Timestamp)> {
    let now = practice.now();
    let is_newest =
        device.newest(certificate.usage).is_some_and(|newest| newest.sha256 == certificate.sha256);
    // What waits for its digits is given nothing, no certificate either.
    let may_come = device.standing() == Standing::Active && !device.person.is_over(now);
    if !is_newest || !may_come {
        return None;
    }
    let life = Life::of(certificate.not_before, certificate.not_after);
    let moment = life.moment(window);
    // What is renewed is decided by the certificate that it would come with.
    let tls = device.newest(CertificateUse::Tls).map_or(certificate.not_after, |tls| tls.not_after);
    let grace_ends = tls.plus_seconds(device.person.role().grace_seconds());
    if now > grace_ends {
        return Some((Renews::Never, tls));
    }
    Some((judge(moment, device.seen.last(), now), moment))
}

/// Every certificate; what is over only where it is asked for.
///
/// # Errors
/// A certificate of the gateway that can not be read.
pub fn certificates(
    practice: &Practice,
    with_over: bool,
) -> Result<Vec<CertificateListed>, model::Malformed> {
    let keys = practice.keys();
    let mut all = own(&keys, practice.now())?;
    let window = renew::window(practice);
    let listed = |device: &Device, one: &DeviceCertificate| {
        certificate_listed(practice, &keys, device, one, window.as_ref())
    };
    for person in practice.registry.people() {
        for device in practice.registry.devices_of(person.id) {
            all.extend(device.certificates().iter().map(|one| listed(&device, one)));
        }
    }
    all.retain(|one| with_over || !is_over(one));
    Ok(all)
}

fn is_over(one: &CertificateListed) -> bool {
    matches!(one.state.as_str(), "superseded" | "revoked" | "retired" | "dropped")
}

fn certificate_listed(
    practice: &Practice,
    keys: &Keys,
    device: &Device,
    one: &DeviceCertificate,
    window: Option<&RenewWindow>,
) -> CertificateListed {
    let now = practice.now();
    let renewal = renewal_of(practice, device, one, window);
    let issuer = rotation::issuer_of(keys, one);
    CertificateListed {
        serial: hex::encode(&one.serial),
        purpose: match one.usage {
            CertificateUse::Tls => "tls",
            CertificateUse::Signing => "signing",
        }
        .to_owned(),
        key: one.key.to_hex(),
        issuer: issuer.map_or_else(|| "?".to_owned(), |at| format!("i{}", at + 1)),
        issuer_key: hex::encode(&one.issuer),
        from: one.not_before.to_rfc3339(),
        until: one.not_after.to_rfc3339(),
        state: state_of(device, one, now).to_owned(),
        renews: renewal.map(|(renews, _)| renews.word().to_owned()),
        renews_by: renewal.map(|(_, by)| by.to_rfc3339()),
        device: Some(device.id.to_uuid()),
        label: Some(text(device.label())),
        person: Some(text(device.person.name())),
        person_id: Some(device.person.id.to_string()),
    }
}

fn state_of(device: &Device, one: &DeviceCertificate, now: Timestamp) -> &'static str {
    match (device.standing(), one.state()) {
        (Standing::Revoked | Standing::Declined, _) => "revoked",
        (_, CertificateState::Superseded) => "superseded",
        _ if device.person.footing() == Footing::Active && device.person.is_over(now) => "over",
        _ if one.is_expired(now) => "expired",
        (Standing::Suspended, _) => "suspended",
        (_, CertificateState::Fresh) => "fresh",
        (_, CertificateState::Current) => "current",
        (_, CertificateState::Old) => "old",
    }
}

/// The certificates of the gateway itself.
fn own(keys: &Keys, now: Timestamp) -> Result<Vec<CertificateListed>, model::Malformed> {
    let mut all = Vec::new();
    for (at, root) in keys.roots.iter().enumerate() {
        let issuer = format!("r{}", at + 1);
        all.push(own_listed(Kind::Root, &root.certificate, root.state, &issuer, now));
        if let Some(cross) = &root.cross {
            let state = if root.state == State::Signing { State::Trusted } else { root.state };
            all.push(own_listed(Kind::Root, cross, state, &format!("r{at}"), now));
        }
    }
    for issuing in &keys.all_issuing {
        let newest = issuing.certificates.len();
        for (nth, one) in issuing.certificates.iter().enumerate() {
            // Under an older root it is there for who knows no newer one.
            let is_older = nth + 1 < newest && issuing.state == State::Signing;
            let state = if is_older { State::Trusted } else { issuing.state };
            all.push(own_listed(Kind::Issuing, &one.certificate, state, &format!("r{}", one.root + 1), now));
        }
    }
    let current = &keys.current;
    for (kind, held) in [
        (Kind::Gateway, &current.gateway),
        (Kind::Statements, &current.statements),
        (Kind::Receipts, &current.receipts),
    ] {
        for held in held {
            let unread = |_| model::Malformed::new("certs/current", "a certificate in it can not be read");
            let certificate = Certificate::read(&held.certificate).map_err(unread)?;
            let issuer = keys.issuer_of(&certificate);
            let issuer = issuer.map_or_else(|| "?".to_owned(), |at| format!("i{}", at + 1));
            all.push(own_listed(kind, &certificate, held.state(), &issuer, now));
        }
    }
    Ok(all)
}

fn own_listed(
    kind: Kind,
    certificate: &Certificate,
    state: State,
    issuer: &str,
    now: Timestamp,
) -> CertificateListed {
    let renewal = (state == State::Signing).then(|| own_renewal(kind, certificate, now));
    let is_over = matches!(state, State::Retired | State::Dropped);
    let is_expired = !is_over && now > certificate.not_after();
    CertificateListed {
        serial: hex::encode(certificate.serial()),
        purpose: kind.word().to_owned(),
        key: certificate.key_hash().to_hex(),
        issuer: issuer.to_owned(),
        issuer_key: certificate.issuer_key_id().map_or_else(String::new, |key| hex::encode(&key)),
        from: certificate.not_before().to_rfc3339(),
        until: certificate.not_after().to_rfc3339(),
        state: if is_expired { "expired" } else { state.word() }.to_owned(),
        renews: renewal.map(|(renews, _)| renews.word().to_owned()),
        renews_by: renewal.map(|(_, by)| by.to_rfc3339()),
        device: None,
        label: None,
        person: None,
        person_id: None,
    }
}

/// What becomes of a certificate of the gateway that is in use, and by when.
pub(crate) fn own_renewal(kind: Kind, certificate: &Certificate, now: Timestamp) -> (Renews, Timestamp) {
    match rotation::followed_by(kind, certificate) {
        // The gateway is here, so nothing of its own is ever late.
        Some(moment) => (judge(moment, Some(now), now), moment),
        None => (Renews::Never, act_by(kind, certificate)),
    }
}

/// By when somebody has to exchange an authority: so that what it signs until then lives its whole life.
fn act_by(kind: Kind, certificate: &Certificate) -> Timestamp {
    let issued = certificate.not_before().plus_seconds(BEFORE_SECONDS);
    let by = match kind {
        Kind::Root => {
            let below = Profile::Issuing.row().life_days * DAY_SECONDS;
            Timestamp::from_unix_seconds(certificate.not_after().unix_seconds().saturating_sub(below))
        }
        _ => issued.plus_seconds(ISSUING_SIGNS_DAYS * DAY_SECONDS),
    };
    by.min(certificate.not_after())
}

#[cfg(test)]
#[path = "inventory_tests.rs"]
mod tests;
