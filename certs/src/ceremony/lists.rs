//! Revocation lists of roots, for outsiders: made whenever a root signs, for its key is elsewhere at all other times.

use model::Timestamp;

use super::{CeremonyError, Request, What};
use crate::crl::{Crl, Reason, Revoked};
use crate::{Certificate, Root, Serial};

/// Lists in one request or answer: of the old and the new root.
pub(super) const LISTS_MAX: usize = 2;

/// A root's next list: what the one before had, and the issuing certificates whose key is stolen.
pub(super) fn next(root: &Root, request: &Request, now: Timestamp) -> Result<Vec<u8>, CeremonyError> {
    let before = newest(&request.lists, root.certificate());
    let mut revoked = before.as_ref().map(|before| before.revoked().to_vec()).unwrap_or_default();
    let stolen = request.issuing.iter().filter(|_| request.what == What::IssuingStolen);
    for issuing in stolen.filter(|issuing| issuing.is_issued_by(root.certificate())) {
        let serial = <[u8; 16]>::try_from(issuing.serial()).ok().and_then(Serial::parse);
        let is_new = |serial: &Serial| revoked.iter().all(|one| one.serial != *serial);
        if let Some(serial) = serial.filter(is_new) {
            let reason = Reason::KeyCompromise;
            revoked.push(Revoked { serial, at: now, reason, compromised_since: None });
        }
    }
    let number = before.map_or(0, |before| before.number()).saturating_add(1);
    Ok(root.crl(number, &revoked, now)?.der().to_vec())
}

/// Whether an answer has one list of each root that signs it, newer than what was there, and no other.
pub(super) fn fit(answered: &[Vec<u8>], request: &Request, roots: &[&Certificate]) -> bool {
    let fits = |list: &Vec<u8>, root: &Certificate| {
        let before = newest(&request.lists, root).map_or(0, |before| before.number());
        Crl::read(list, root).is_ok_and(|list| list.number() > before)
    };
    let of_each = roots.iter().all(|root| answered.iter().any(|list| fits(list, root)));
    answered.len() == roots.len() && of_each
}

fn newest(lists: &[Vec<u8>], root: &Certificate) -> Option<Crl> {
    lists.iter().filter_map(|der| Crl::read(der, root).ok()).max_by_key(Crl::number)
}
