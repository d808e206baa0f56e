//! When a device renews, on a clock of the test's own.

use std::path::Path;

use certs::{IssuingAuthority, Purpose, Root, Serial};
use host::{Clock, Disk};
use protocol::Text;

use super::*;
use crate::practice::tests::about;

const DAY: u64 = 24 * 3600;
const START: u64 = 1_795_000_000;

struct Case {
    practice: Practice,
    certificates: Certificates,
    clock: Clock,
    _folder: tempfile::TempDir,
}

fn at(days: u64) -> Timestamp {
    Timestamp::from_unix_seconds(START + days * DAY)
}

fn certificates(now: Timestamp) -> Certificates {
    let root = Root::create(now).unwrap();
    let issuing = IssuingAuthority::create_under(&root, 1, now).unwrap();
    let issue = |purpose| {
        let key = certs::PrivateKey::generate().unwrap();
        vec![issuing.issue(purpose, key.public(), Serial::random().unwrap(), now).unwrap()]
    };
    let device = about().device;
    Certificates {
        tls: issue(Purpose::Device(device)),
        signing: issue(Purpose::Signer(device)),
        signed_under: Vec::new(),
    }
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(at(0).unix_ms());
        let disk = Disk::real();
        let who = crate::practice::About { enrolled_at: at(0), ..about() };
        let _ = disk.create_whole(&folder.path().join("practice"), &who.encode()).unwrap();
        let practice = Practice::open(&disk, &clock, Path::new(folder.path())).unwrap();
        Self { practice, certificates: certificates(at(0)), clock, _folder: folder }
    }

    fn plan(&self) -> Plan {
        Plan::of(&self.practice, &self.certificates).unwrap()
    }

    fn seen(&self, days: u64, window: Option<(u64, u64)>) {
        self.clock.set_unix_ms(at(days).unix_ms());
        let window = window.map(|(after, before)| RenewWindow {
            after: at(after),
            before: at(before),
            reason: Text::new("rotation").unwrap(),
        });
        contacted(&self.practice, window.as_ref()).unwrap();
    }
}

#[test]
fn a_certificate_renews_at_two_thirds_more_or_less_by_a_moment_drawn_once() {
    let case = Case::new();
    let moments: Vec<_> = (0..20)
        .map(|_| Plan::of(&case.practice, &certificates(at(0))).unwrap().moment(at(1)).unix_seconds())
        .collect();
    let (least, most) = (at(0).unix_seconds() + 55 * DAY, at(0).unix_seconds() + 65 * DAY);
    assert!(moments.iter().all(|moment| (least..=most).contains(moment)), "{moments:?}");
    assert!(moments.iter().any(|moment| *moment != moments[0]), "not all devices at one moment");
    let plan = case.plan();
    assert_eq!(case.plan(), plan, "drawn once");
    case.seen(50, None);
    let moment = case.plan().moment(at(50));
    let ends = moment.unix_seconds();
    assert_eq!(case.plan().due(Timestamp::from_unix_seconds(ends - 1)), Due::Nothing);
    assert_eq!(case.plan().due(moment), Due::Renewal { signing: false });
}

#[test]
fn the_signing_certificate_has_a_moment_of_its_own() {
    let case = Case::new();
    let moment = case.plan().signing_moment();
    assert!((at(246)..=at(287)).contains(&moment), "{moment}");
    assert_eq!(case.plan().due(moment), Due::Renewal { signing: true });
    let before = Timestamp::from_unix_seconds(moment.unix_seconds() - 1);
    assert_eq!(case.plan().due(before), Due::Renewal { signing: false });
}

#[test]
fn who_is_seen_rarely_renews_after_a_third() {
    let case = Case::new();
    case.plan();
    case.seen(20, None);
    assert_eq!(case.plan().due(at(33)), Due::Nothing, "seen within two weeks");
    assert_eq!(case.plan().due(at(35)), Due::Renewal { signing: false });
    let case = Case::new();
    assert_eq!(case.plan().due(at(29)), Due::Nothing, "before a third of its life nothing is due");
}

#[test]
fn a_window_is_drawn_in_once_and_holds_for_what_was_issued_before_it() {
    let case = Case::new();
    case.plan();
    case.seen(1, Some((10, 20)));
    let moment = case.plan().moment(at(1));
    assert!((at(10)..=at(20)).contains(&moment), "{moment}");
    case.seen(2, Some((10, 20)));
    assert_eq!(case.plan().moment(at(2)), moment, "drawn once");
    case.seen(3, None);
    assert!(case.plan().moment(at(3)) > at(50), "taken back");
    // In the past: now.
    let case = Case::new();
    case.plan();
    case.clock.set_unix_ms(at(9).unix_ms());
    case.seen(9, Some((2, 5)));
    assert_eq!(case.plan().due(at(9)), Due::Renewal { signing: false });
    // What was issued since it began is new enough.
    let renewed = Plan::of(&case.practice, &certificates(at(9))).unwrap();
    assert_eq!(renewed.due(at(9)), Due::Nothing);
}

#[test]
fn a_damaged_plan_is_drawn_again() {
    let case = Case::new();
    case.plan();
    std::fs::write(case.practice.folder().join("renewal"), b"\xff").unwrap();
    assert_eq!(case.plan().due(at(1)), Due::Nothing);
}
