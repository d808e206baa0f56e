//! When a device renews, on a clock of the test's own.

use std::path::Path;

use certs::root_record::Next;
use certs::{IssuingAuthority, PracticeTrust, Purpose, Root, RootRecord, Serial};
use host::{Clock, Disk};
use protocol::Text;

use super::*;
use crate::practice::encode_records;
use crate::practice::tests::about;

const DAY: u64 = 24 * 3600;
const START: u64 = 1_795_000_000;

struct Case {
    practice: Practice,
    authority: Authority,
    certificates: Certificates,
    clock: Clock,
    _folder: tempfile::TempDir,
}

fn at(days: u64) -> Timestamp {
    Timestamp::from_unix_seconds(START + days * DAY)
}

/// A practice's root, its spare, and a device's certificates under it.
struct Authority {
    root: Root,
    spare: Root,
    issuing: IssuingAuthority,
}

impl Authority {
    fn new() -> Self {
        let (root, spare) = (Root::create(at(0)).unwrap(), Root::create(at(0)).unwrap());
        let issuing = IssuingAuthority::create_under(&root, 1, at(0)).unwrap();
        Self { root, spare, issuing }
    }

    fn first(&self) -> RootRecord {
        RootRecord::first(&self.root, self.spare.certificate().key_hash(), at(0)).unwrap()
    }

    /// What the practice says once the issuing key was stolen.
    fn after_theft(&self) -> PracticeTrust {
        let (first, revoked) = (self.first(), self.issuing.certificate().key_hash());
        let next = Next {
            roots: &[self.root.certificate()],
            committed: Root::create(at(0)).unwrap().certificate().key_hash(),
            revokes: &[revoked],
            issued: at(1),
        };
        let second = first.follow(&next, &[self.root.key(), self.spare.key()]).unwrap();
        PracticeTrust::walk(&[first.bytes(), second.bytes()], None).unwrap()
    }

    fn certificates(&self, now: Timestamp) -> Certificates {
        let issue = |purpose| {
            let key = certs::PrivateKey::generate().unwrap();
            let serial = Serial::random().unwrap();
            let leaf = self.issuing.issue(purpose, key.public(), serial, now).unwrap();
            vec![leaf, self.issuing.certificate().clone()]
        };
        let device = about().device;
        Certificates {
            tls: issue(Purpose::Device(device)),
            signing: issue(Purpose::Signer(device)),
            signed_under: Vec::new(),
        }
    }
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(at(0).unix_ms());
        let disk = Disk::real();
        let authority = Authority::new();
        let trust = PracticeTrust::walk(&[authority.first().bytes()], None).unwrap();
        let who = crate::practice::About { enrolled_at: at(0), pin: trust.pin(), ..about() };
        let _ = disk.create_whole(&folder.path().join("root-records"), &encode_records(&trust)).unwrap();
        let _ = disk.create_whole(&folder.path().join("practice"), &who.encode()).unwrap();
        let practice = Practice::open(&disk, &clock, Path::new(folder.path())).unwrap();
        let certificates = authority.certificates(at(0));
        Self { practice, authority, certificates, clock, _folder: folder }
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
        .map(|_| {
            Plan::of(&case.practice, &case.authority.certificates(at(0)))
                .unwrap()
                .moment(at(1))
                .unix_seconds()
        })
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
    let renewed = Plan::of(&case.practice, &case.authority.certificates(at(9))).unwrap();
    assert_eq!(renewed.due(at(9)), Due::Nothing);
}

#[test]
fn a_damaged_plan_is_drawn_again() {
    let case = Case::new();
    case.plan();
    std::fs::write(case.practice.folder().join("renewal"), b"\xff").unwrap();
    assert_eq!(case.plan().due(at(1)), Due::Nothing);
}

#[test]
fn what_hangs_under_a_stolen_issuing_key_renews_at_once() {
    let case = Case::new();
    assert_eq!(case.plan().due(at(1)), Due::Nothing);
    case.practice.store_trust(&case.authority.after_theft()).unwrap();
    assert_eq!(case.plan().due(at(1)), Due::Renewal { signing: true });
}
