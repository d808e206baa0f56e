//! What the inventory says of devices and certificates as time goes by.

use std::time::Duration;

use host::Clock;
use model::Role;
use receipts::event::Actor;

use super::*;
use crate::act;
use crate::seen::Program;
use crate::testing;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn by_purpose<'a>(all: &'a [CertificateListed], purpose: &str) -> &'a CertificateListed {
    all.iter().find(|one| one.purpose == purpose).unwrap()
}

#[test]
fn a_device_renews_itself_is_late_when_it_is_away_and_stuck_when_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    testing::make(&dir, &dir.with_extension("root")).unwrap();
    let clock = Clock::manual(Clock::system().unix_ms());
    let opened = testing::open(&dir, clock.clone());
    let practice = &opened.practice;
    let id = testing::enrolled(practice, Role::Auditor, "auditor", &[]);
    let device = practice.registry.device(id).unwrap();
    device.seen.runs(Program::of("counterfoil/9", "plan9", "keychain"));
    let renews = || devices(practice)[0].renews.clone().unwrap();
    let listed = &devices(practice)[0];
    assert_eq!(listed.person, "auditor");
    assert_eq!(listed.confirmed_by.as_deref(), Some("admin-socket"));
    assert_eq!(
        (listed.software.as_deref(), listed.platform.as_str(), listed.key_store.as_deref()),
        (Some("counterfoil/9"), "plan9", Some("keychain"))
    );
    assert_eq!((listed.last_seen.as_deref(), renews().as_str()), (None, "self"));
    clock.advance(66 * DAY);
    assert_eq!(renews(), "late");
    device.seen.at(practice.now());
    assert_eq!(renews(), "self", "it has a week");
    clock.advance(8 * DAY);
    assert_eq!(renews(), "stuck");
    clock.advance(20 * DAY);
    let all = certificates(practice, false).unwrap();
    assert_eq!(by_purpose(&all, "tls").state, "expired");
    assert_eq!(renews(), "stuck", "it is within its grace");
    clock.advance(14 * DAY);
    assert_eq!(renews(), "never", "an auditor's grace is 14 days");
    assert_eq!(
        by_purpose(&certificates(practice, false).unwrap(), "signing").renews.as_deref(),
        Some("never")
    );
    let suspended = office::RightsAct::Suspend {
        whom: office::Subject::Device(id.to_uuid()),
        cause: office::Cause::default(),
    };
    act::rights::perform(practice, suspended, true, Actor::AdminSocket).unwrap();
    assert_eq!(devices(practice)[0].renews, None, "who may not come does not renew");
}

#[test]
fn the_gateways_own_certificates_are_there_and_what_is_over_is_shown_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let opened = testing::opened(&folder.path().join("p"));
    let practice = &opened.practice;
    let all = certificates(practice, false).unwrap();
    let words: Vec<_> =
        all.iter().map(|one| (one.purpose.as_str(), one.renews.as_deref().unwrap())).collect();
    let expected = [
        ("root", "never"),
        ("issuing", "never"),
        ("gateway", "self"),
        ("statements", "self"),
        ("receipts", "self"),
    ];
    assert_eq!(words, expected);
    assert!(all.iter().all(|one| one.serial.len() == 32 && one.key.len() == 64 && one.device.is_none()));
    assert_eq!(by_purpose(&all, "issuing").issuer, "r1");
    assert_eq!(by_purpose(&all, "receipts").issuer, "i1");
    // Two years of three; an issuing authority's life before the root's end.
    assert!(by_purpose(&all, "issuing").renews_by < Some(by_purpose(&all, "issuing").until.clone()));
    assert!(by_purpose(&all, "root").renews_by < Some(by_purpose(&all, "root").until.clone()));
    let id = testing::enrolled(practice, Role::Auditor, "auditor", &[]);
    assert_eq!(certificates(practice, false).unwrap().len(), 7);
    let revoked = office::RightsAct::Revoke {
        whom: office::Subject::Device(id.to_uuid()),
        cause: office::Cause::default(),
    };
    act::rights::perform(practice, revoked, true, Actor::AdminSocket).unwrap();
    assert_eq!(certificates(practice, false).unwrap().len(), 5);
    let all = certificates(practice, true).unwrap();
    assert_eq!((all.len(), by_purpose(&all, "tls").state.as_str()), (7, "revoked"));
}
