//! What ends within 30 days, or has, and does not renew by itself: with the command that does something about it.

use std::sync::Arc;

use certs::rotation::Kind;
use model::Timestamp;

use super::{DAY_SECONDS, SOON_DAYS};
use crate::act::inventory::{own_renewal, renewal_of};
use crate::keys::Keys;
use crate::ledger::rows::{CertificateUse, Footing};
use crate::practice::Practice;
use crate::registry::{Device, Person};
use crate::renewing::Renews;
use crate::{renew, rotation};

/// What ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The certificate of a device that is here and does not renew.
    Device,
    /// A certificate of the gateway's: an authority that somebody must exchange, or one that should have been exchanged
    /// by itself.
    Own(Kind),
    /// A person's work.
    Person,
    /// A root's revocation list: made when the root signs, and by nothing else.
    RootList,
}

impl What {
    /// The word for programs and the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Own(kind) => kind.word(),
            Self::Person => "person",
            Self::RootList => "root-list",
        }
    }

    /// The number in the file of what was told.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Device => 100,
            Self::Own(kind) => kind.code(),
            Self::Person => 101,
            Self::RootList => 102,
        }
    }
}

/// One end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Of what.
    pub what: What,
    /// Of which: the id of a device or person; a serial number.
    pub id: String,
    /// Whose: foreign text, made safe where it is shown.
    pub name: String,
    /// By when something is to be done.
    pub by: Timestamp,
    /// The command that does it, without its program.
    pub next: String,
}

/// All of it, soonest first.
pub fn of(practice: &Practice) -> Vec<Ending> {
    let now = practice.now();
    let soon = now.plus_seconds(SOON_DAYS * DAY_SECONDS);
    let keys = practice.keys();
    let mut all = own(practice, &keys, now);
    all.extend(root_lists(practice, &keys));
    let window = renew::window(practice);
    for person in practice.registry.people() {
        all.extend(work(&person, now));
        let devices = practice.registry.devices_of(person.id);
        all.extend(devices.iter().filter_map(|device| {
            let newest = device.newest(CertificateUse::Tls)?;
            match renewal_of(practice, device, &newest, window.as_ref())? {
                (Renews::Stuck, _) => Some(stuck(&person, device, newest.not_after)),
                _ => None,
            }
        }));
    }
    all.retain(|ending| ending.by <= soon);
    all.sort_by(|a, b| (a.by, &a.id).cmp(&(b.by, &b.id)));
    all
}

fn name(name: Option<Arc<str>>) -> String {
    name.as_deref().unwrap_or("").to_owned()
}

/// The end of a person's work, until it has come: then it has its effect, and is no warning.
fn work(person: &Person, now: Timestamp) -> Option<Ending> {
    let by = person.until().filter(|until| *until > now && person.footing() == Footing::Active)?;
    let next = format!("person until {} YYYY-MM-DD", person.id);
    Some(Ending { what: What::Person, id: person.id.to_string(), name: name(person.name()), by, next })
}

fn stuck(person: &Person, device: &Device, by: Timestamp) -> Ending {
    let id = device.id.to_uuid();
    let next = format!("invite --person {} --replaces {id}", person.id);
    Ending { what: What::Device, id, name: name(person.name()), by, next }
}

/// The gateway's own: authorities by the date at which they should be exchanged, and what should have been exchanged by
/// itself and was not.
fn own(practice: &Practice, keys: &Keys, now: Timestamp) -> Vec<Ending> {
    let in_use = [
        (Kind::Root, &keys.served.root),
        (Kind::Issuing, keys.issuing.certificate()),
        (Kind::Gateway, &keys.gateway.certificate),
        (Kind::Statements, &keys.statements.certificate),
        (Kind::Receipts, &keys.heads.receipts.certificate),
    ];
    let ending = |(kind, certificate): (Kind, &certs::Certificate)| {
        let (renews, by) = own_renewal(kind, certificate, now);
        let by = match renews {
            Renews::Never => by,
            Renews::Stuck => certificate.not_after(),
            Renews::Itself | Renews::Late => return None,
        };
        let id = model::digest::hex::encode(certificate.serial());
        Some(Ending { what: What::Own(kind), id, name: String::new(), by, next: next(practice, kind) })
    };
    in_use.into_iter().filter_map(ending).collect()
}

/// The lists of roots in force. The root signs at the next exchange of the issuing authority, and its list with it.
fn root_lists(practice: &Practice, keys: &Keys) -> Vec<Ending> {
    let ending = |(number, _, list): (usize, &crate::keys::Root, &certs::Crl)| Ending {
        what: What::RootList,
        id: format!("r{number}"),
        name: String::new(),
        by: list.next(),
        next: next(practice, Kind::Issuing),
    };
    keys.lists_of_roots().map(ending).collect()
}

/// The step that is due.
fn next(practice: &Practice, kind: Kind) -> String {
    let step = rotation::next(practice, kind).map_or("next", certs::rotation::Step::word);
    format!("rotate {step} {}", kind.word())
}
