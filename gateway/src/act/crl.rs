//! Revocation lists as they are shown and handed out.

use office::{Answer, ListAlarm, ListGiven, ListShown};

use crate::crl::{self, Listed};
use crate::practice::Practice;

/// Every list, made anew where that is due: for outsiders.
pub fn export(practice: &Practice) -> Answer {
    crl::renew(practice);
    let hex = |bytes: &[u8]| model::digest::hex::encode(bytes);
    let given = |listed: &Listed| ListGiven {
        shown: shown(listed),
        signing: listed.is_signing,
        list: hex(listed.crl.der()),
        issuer: hex(listed.issuer.der()),
    };
    let roots = practice.keys().trust.roots().iter().map(|root| hex(root.der())).collect();
    Answer::Lists { lists: listed(practice).iter().map(given).collect(), roots }
}

/// How the lists are.
pub fn all(practice: &Practice) -> Vec<ListShown> {
    listed(practice).iter().map(shown).collect()
}

fn listed(practice: &Practice) -> Vec<Listed> {
    crl::listed(practice).into_iter().chain(crl::of_roots(practice)).collect()
}

/// What somebody has to look at.
pub fn alarms(practice: &Practice) -> Vec<ListAlarm> {
    let told = |raised: crl::Raised| ListAlarm {
        alarm: raised.alarm.word().to_owned(),
        authority: raised.authority,
        cause: raised.cause,
        since: raised.since.to_rfc3339(),
    };
    practice.crls.alarms().into_iter().map(told).collect()
}

fn shown(listed: &Listed) -> ListShown {
    let crl = &listed.crl;
    ListShown {
        authority: listed.authority.clone(),
        number: crl.number(),
        made: crl.made().to_rfc3339(),
        next: (!crl.is_last()).then(|| crl.next().to_rfc3339()),
        revoked: u64::try_from(crl.revoked().len()).unwrap_or(u64::MAX),
        sha256: crl.digest().to_hex(),
    }
}
