//! What stands on an authority's list, as the ledger has it.

use std::collections::HashMap;

use certs::Serial;
use certs::crl::{Crl, Reason, Revoked};
use model::Timestamp;

use super::{Authority, CrlTrouble};
use crate::ledger::rows::{self, CertificateState, CertificateUse, Ended, Footing, Key, Standing, Table};
use crate::practice::Practice;

/// When, why, and since when its keys may have been in other hands.
type Why = (Timestamp, Reason, Option<Timestamp>);

/// Everything that is revoked under an authority. A certificate for TLS that has expired stands on one more list and
/// then on none; one for statements stays, for what it signed is verified for ever.
pub(super) fn of(
    practice: &Practice,
    authority: &Authority,
    before: Option<&Crl>,
) -> Result<Vec<Revoked>, CrlTrouble> {
    let (now, since) = (practice.clock.believed(), before.map_or(Timestamp::from_unix_ms(0), Crl::made));
    let issuer = authority.hash();
    let mut people: HashMap<[u8; 16], Why> = HashMap::new();
    practice.ledger.each(&Key::of(Table::Person), &mut |row: rows::Person| {
        if let Some(why) = of_person(&row) {
            people.insert(row.id.into(), why);
        }
    })?;
    let mut devices: HashMap<[u8; 16], Why> = HashMap::new();
    practice.ledger.each(&Key::of(Table::Device), &mut |row: rows::Device| {
        let own = of_device(&row);
        let person = people.get(&<[u8; 16]>::from(row.person)).copied();
        // What is final before what may be taken back, then the device's own.
        let is_final = |why: &Why| why.1 != Reason::CertificateHold;
        let why = own.filter(is_final).or(person.filter(is_final)).or(own).or(person);
        if let Some(why) = why {
            devices.insert(row.id.into(), why);
        }
    })?;
    let mut out = Vec::new();
    practice.ledger.each(&Key::of(Table::Certificate), &mut |row: rows::Certificate| {
        let is_for_tls = row.usage == CertificateUse::Tls.code();
        let is_over = is_for_tls && Timestamp::from_unix_ms(row.not_after_ms) < since;
        // A key identifier is the beginning of the key's hash.
        if is_over || !issuer.starts_with(row.issuer.as_slice()) {
            return;
        }
        let device = devices.get(&<[u8; 16]>::from(row.device)).copied();
        let why = device.or_else(|| superseded(&row, now).filter(|_| is_for_tls));
        if let (Some((at, reason, compromised_since)), Some(serial)) = (why, Serial::parse(row.serial.into()))
        {
            out.push(Revoked { serial, at, reason, compromised_since });
        }
    })?;
    Ok(out)
}

/// A certificate in whose place another one is used.
fn superseded(row: &rows::Certificate, now: Timestamp) -> Option<Why> {
    let until = row.until_ms.map(Timestamp::from_unix_ms).filter(|until| *until <= now)?;
    (CertificateState::from_code(row.state) == CertificateState::Superseded).then_some((
        whole(until),
        Reason::Superseded,
        None,
    ))
}

/// Lists have no smaller unit than a second.
fn whole(time: Timestamp) -> Timestamp {
    Timestamp::from_unix_seconds(time.unix_seconds())
}

fn at(ended: Option<&Ended>, otherwise_ms: u64) -> Timestamp {
    whole(Timestamp::from_unix_ms(ended.map_or(otherwise_ms, |ended| ended.at_ms)))
}

fn since(ended: Option<&Ended>) -> Option<Timestamp> {
    ended.and_then(|ended| ended.since_ms).map(Timestamp::from_unix_ms).map(whole)
}

/// Why a device is on the list by itself.
fn of_device(row: &rows::Device) -> Option<Why> {
    let ended = row.ended.as_ref();
    let at = at(ended, row.bound_at_ms);
    match Standing::from_code(row.standing) {
        Standing::Bound | Standing::Active => None,
        Standing::Declined => Some((at, Reason::CessationOfOperation, None)),
        Standing::Suspended => Some((at, Reason::CertificateHold, None)),
        Standing::Revoked => Some((at, reason(ended), since(ended))),
    }
}

/// Why all devices of a person are: those as well that were bound after it was said.
fn of_person(row: &rows::Person) -> Option<Why> {
    let ended = row.ended.as_ref();
    let at = at(ended, 0);
    match Footing::from_code(row.footing) {
        Footing::Active => None,
        Footing::Suspended => Some((at, Reason::CertificateHold, None)),
        Footing::Ended => Some((at, reason(ended), since(ended))),
    }
}

/// The reason as others know it (RFC 5280 section 5.3.1).
fn reason(ended: Option<&Ended>) -> Reason {
    use model::Reason as Ours;
    match ended.and_then(|ended| Ours::from_code(ended.reason).ok()) {
        Some(Ours::Left) => Reason::AffiliationChanged,
        Some(Ours::Superseded) => Reason::Superseded,
        Some(Ours::Declined | Ours::RoleEnded | Ours::PracticeDecision) => Reason::CessationOfOperation,
        // What is not known is taken for the gravest.
        Some(Ours::Lost | Ours::Stolen | Ours::Disputed) | None => Reason::KeyCompromise,
    }
}
