//! The lists follow what is revoked, are made again in time, and nothing bad takes their place.

use std::path::{Path, PathBuf};

use certs::crl::{CRL_DAYS, Reason};
use certs::rotation::{Kind, Step};
use certs::{PrivateKey, Purpose, Serial};
use host::Clock;
use model::{InvitationId, PersonId, Role};
use receipts::event::{
    Actor, BoundCertificate, DeviceBound, DeviceDeclined, DeviceResumed, DeviceRevoked, DeviceSuspended,
    GatewayEvent, InvitationIssued, PersonAdded, PersonResumed, PersonRevoked, PersonSuspended,
};

use super::*;
use crate::keys::purpose;
use crate::practice::Opened;
use crate::rotation::{self, Asked, Stepped};
use crate::testing;

const DAY: u64 = 24 * 3600;

fn say(practice: &Practice, events: Vec<GatewayEvent>) {
    let key = practice.entry_key(EntryScope::House).unwrap();
    let make = move |group: &Group<'_>| events.into_iter().map(|event| group.made(event, key)).collect();
    practice.committer.commit_blocking(Box::new(make)).unwrap();
}

fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 16])
}

/// A device that is bound and then declined; both serial numbers.
fn declined(practice: &Practice, number: u8) -> [Serial; 2] {
    let serials = enrolled(practice, number);
    say(practice, vec![DeviceDeclined { device: device(number) }.into()]);
    serials
}

/// A device of a person of its own that is bound.
fn enrolled(practice: &Practice, number: u8) -> [Serial; 2] {
    let (person, device) = (PersonId::from_bytes([number; 16]), device(number));
    let invitation = InvitationId::new(number.into()).unwrap();
    let now = practice.now();
    let bound = |purpose| {
        let (key, serial) = (PrivateKey::generate().unwrap(), Serial::random().unwrap());
        let certificate = practice.keys().issuing.issue(purpose, key.public(), serial, now).unwrap();
        let der = certificate.der().to_vec();
        (serial, BoundCertificate::new(key.key_hash(), *serial.as_bytes(), der).unwrap())
    };
    let (tls_serial, tls) = bound(Purpose::Device(device));
    let (signing_serial, signing) = bound(Purpose::Signer(device));
    let (role, by, expires) = (Role::Client, Actor::AdminSocket, now.plus_seconds(DAY));
    say(
        practice,
        vec![
            PersonAdded { person, role, until: None, by }.into(),
            InvitationIssued { invitation, person, role, expires, replaces: None, by }.into(),
            DeviceBound { invitation, person, device, tls, signing }.into(),
        ],
    );
    [tls_serial, signing_serial]
}

fn opened_at(dir: &Path, clock: &Clock) -> Opened {
    let opened = testing::open(dir, clock.clone());
    renew(&opened.practice);
    opened
}

struct Made {
    _folder: tempfile::TempDir,
    dir: PathBuf,
    roots: PathBuf,
    kit: String,
    clock: Clock,
}

fn made() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let (dir, roots) = (folder.path().join("p"), folder.path().join("root"));
    let made = testing::make(&dir, &roots).unwrap();
    let clock = Clock::manual(Clock::system().unix_ms() + 60_000);
    Made { _folder: folder, dir, roots, kit: made.kit.to_string(), clock }
}

/// The list of the first authority.
fn held(practice: &Practice) -> Crl {
    named(practice, "i1")
}

fn named(practice: &Practice, authority: &str) -> Crl {
    listed(practice).into_iter().find(|listed| listed.authority == authority).unwrap().crl
}

fn serials(crl: &Crl) -> Vec<Serial> {
    crl.revoked().iter().map(|revoked| revoked.serial).collect()
}

fn sorted(serials: &[[Serial; 2]]) -> Vec<Serial> {
    let mut serials = serials.concat();
    serials.sort();
    serials
}

fn alarms(practice: &Practice) -> Vec<Alarm> {
    practice.crls.alarms().iter().map(|raised| raised.alarm).collect()
}

#[test]
fn a_list_is_made_at_a_revocation_and_each_day_and_not_else() {
    let Made { dir, clock, _folder, .. } = made();
    let opened = opened_at(&dir, &clock);
    let practice = &opened.practice;
    assert_eq!((held(practice).number(), serials(&held(practice))), (1, vec![]));
    enrolled(practice, 9);
    renew(practice);
    assert_eq!(held(practice).number(), 1, "nothing is revoked");
    let first = declined(practice, 1);
    renew(practice);
    assert_eq!((held(practice).number(), serials(&held(practice))), (2, sorted(&[first])));
    clock.advance(Duration::from_secs(DAY));
    renew(practice);
    assert_eq!(held(practice).number(), 3, "a day later");
    let kept = held(practice);
    let row: rows::Crl =
        practice.ledger.row(&key::crl(&practice.keys().issuing.certificate().key_hash())).unwrap().unwrap();
    assert_eq!((row.number, row.sha256.as_slice()), (3, kept.digest().as_bytes().as_slice()));
    assert_eq!(std::fs::read(dir.join("certs/crl-i1")).unwrap(), kept.der());
    // The next start takes the one that was kept, and says nothing new; posted again, it is the same.
    opened.close().unwrap();
    let opened = opened_at(&dir, &clock);
    assert_eq!(held(&opened.practice), kept);
    opened.close().unwrap();
    let opened = testing::reposted(&dir, clock.clone());
    renew(&opened.practice);
    assert_eq!(held(&opened.practice), kept);
    // A certificate for TLS stands on one more list after its end; one for statements stays.
    let practice = &opened.practice;
    clock.advance(Duration::from_secs(90 * DAY));
    renew(practice);
    assert_eq!(serials(&held(practice)), sorted(&[first]));
    clock.advance(Duration::from_secs(DAY));
    renew(practice);
    assert_eq!(serials(&held(practice)), [first[1]]);
    let second = declined(practice, 2);
    renew(practice);
    let mut wanted = [first[1], second[0], second[1]];
    wanted.sort();
    assert_eq!(serials(&held(practice)), wanted);
    assert_eq!(alarms(practice), []);
}

#[test]
fn a_list_says_why_and_since_when_as_others_know_it() {
    use model::Reason as Ours;
    let Made { dir, clock, _folder, .. } = made();
    let opened = opened_at(&dir, &clock);
    let practice = &opened.practice;
    let by = Actor::AdminSocket;
    let since = Timestamp::from_unix_seconds(practice.now().unix_seconds() - 7200);
    let mut wanted = Vec::new();
    for (number, ours) in (1..).zip(Ours::ALL) {
        let serials = enrolled(practice, number);
        let compromised_since = (ours == Ours::Stolen).then_some(since);
        let revoked = DeviceRevoked { device: device(number), reason: ours, compromised_since, by };
        say(practice, vec![revoked.into()]);
        let theirs = match ours {
            Ours::Lost | Ours::Stolen | Ours::Disputed => Reason::KeyCompromise,
            Ours::Left => Reason::AffiliationChanged,
            Ours::Superseded => Reason::Superseded,
            Ours::Declined | Ours::RoleEnded | Ours::PracticeDecision => Reason::CessationOfOperation,
        };
        wanted.extend(serials.map(|serial| (serial, theirs, compromised_since)));
    }
    let person = |number: u8| PersonId::from_bytes([number; 16]);
    // A revoked person's devices, also one that no statement names by itself.
    let theirs = enrolled(practice, 102);
    let ended = PersonRevoked {
        person: person(102),
        reason: Ours::Stolen,
        with_book: None,
        compromised_since: Some(since),
        by,
    };
    say(practice, vec![ended.into()]);
    wanted.extend(theirs.map(|serial| (serial, Reason::KeyCompromise, Some(since))));
    let (resting, sleeping) = (enrolled(practice, 100), enrolled(practice, 101));
    say(practice, vec![DeviceSuspended { device: device(100), reason: Ours::Lost, by }.into()]);
    let suspended = PersonSuspended { person: person(101), reason: Ours::Lost, with_book: None, by };
    say(practice, vec![suspended.into()]);
    renew(practice);
    let said = |crl: &Crl| -> Vec<_> {
        crl.revoked().iter().map(|one| (one.serial, one.reason, one.compromised_since)).collect()
    };
    let mut with_resting = wanted.clone();
    let holds = resting.into_iter().chain(sleeping);
    with_resting.extend(holds.map(|serial| (serial, Reason::CertificateHold, None)));
    with_resting.sort_by_key(|(serial, ..)| *serial);
    assert_eq!(said(&held(practice)), with_resting);
    let back = vec![
        DeviceResumed { device: device(100), by }.into(),
        PersonResumed { person: person(101), by }.into(),
    ];
    say(practice, back);
    renew(practice);
    wanted.sort_by_key(|(serial, ..)| *serial);
    assert_eq!(said(&held(practice)), wanted, "suspensions are taken back");
}

#[test]
fn a_bad_file_is_not_taken_and_another_list_is_made() {
    let Made { dir, clock, _folder, .. } = made();
    let opened = opened_at(&dir, &clock);
    let now = || Timestamp::from_unix_ms(clock.unix_ms());
    let older = held(&opened.practice);
    let revoked = declined(&opened.practice, 1);
    renew(&opened.practice);
    let foreign = certs::Root::create(now()).unwrap().crl(900, &[], now()).unwrap();
    let forged = opened.practice.keys().issuing.crl(2, &[], now()).unwrap();
    let ahead = opened.practice.keys().issuing.crl(900, &[], now()).unwrap();
    let file = dir.join("certs/crl-i1");
    let files = [
        ("garbage", b"garbage".to_vec()),
        ("of another authority", foreign.der().to_vec()),
        ("older", older.der().to_vec()),
        ("of the same number over other content", forged.der().to_vec()),
        ("that the journal does not name", ahead.der().to_vec()),
        ("nothing", Vec::new()),
    ];
    // Beside a gateway that runs: the last good one stays, and the file is put right.
    let good = held(&opened.practice);
    for (what, bytes) in &files {
        std::fs::write(&file, bytes).unwrap();
        renew(&opened.practice);
        assert_eq!(held(&opened.practice), good, "{what}");
        assert_eq!(alarms(&opened.practice), [Alarm::File], "{what}");
        assert_eq!(std::fs::read(&file).unwrap(), good.der(), "{what}");
    }
    opened.close().unwrap();
    for (number, (what, bytes)) in (3..).zip(files) {
        std::fs::write(&file, bytes).unwrap();
        let opened = testing::open(&dir, clock.clone());
        assert!(opened.practice.crls.all(&opened.practice.keys()).is_empty(), "{what}");
        assert_eq!(alarms(&opened.practice), [Alarm::File], "{what}");
        renew(&opened.practice);
        assert_eq!(held(&opened.practice).number(), number, "{what}");
        assert_eq!(serials(&held(&opened.practice)), sorted(&[revoked]), "{what}");
        opened.close().unwrap();
    }
    // One that has expired while nobody served. It is told for a day.
    clock.advance(Duration::from_secs(CRL_DAYS * DAY));
    let opened = opened_at(&dir, &clock);
    assert_eq!(held(&opened.practice).number(), 9);
    assert_eq!(alarms(&opened.practice), [Alarm::File]);
    clock.advance(Duration::from_secs(DAY + 1));
    renew(&opened.practice);
    assert_eq!(alarms(&opened.practice), []);
}

#[test]
fn a_list_that_can_not_be_kept_is_in_force_all_the_same() {
    let Made { dir, clock, _folder, .. } = made();
    let opened = opened_at(&dir, &clock);
    let practice = &opened.practice;
    // A folder stands where the file would be.
    std::fs::remove_file(dir.join("certs/crl-i1")).unwrap();
    std::fs::create_dir(dir.join("certs/crl-i1")).unwrap();
    let revoked = declined(practice, 1);
    renew(practice);
    assert_eq!((held(practice).number(), serials(&held(practice))), (2, sorted(&[revoked])));
    assert_eq!(alarms(practice), [Alarm::NotKept]);
    std::fs::remove_dir(dir.join("certs/crl-i1")).unwrap();
    renew(practice);
    assert_eq!(alarms(practice), []);
    assert_eq!(std::fs::read(dir.join("certs/crl-i1")).unwrap(), held(practice).der());
}

#[test]
fn the_last_good_list_stays_while_none_can_be_made_and_ends_in_its_time() {
    let Made { dir, clock, _folder, .. } = made();
    let opened = opened_at(&dir, &clock);
    let practice = &opened.practice;
    let good = held(practice);
    // Its key can not be had.
    let keys = std::fs::read_dir(dir.join("keys")).unwrap().map(|entry| entry.unwrap().path());
    let is_issuing = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("issuing.");
    let key = keys.into_iter().find(is_issuing).unwrap();
    let sealed = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let revoked = declined(practice, 1);
    clock.advance(Duration::from_secs(4 * DAY));
    renew(practice);
    assert_eq!(held(practice), good);
    assert_eq!(alarms(practice), [Alarm::HalfLife, Alarm::NotMade]);
    clock.advance(Duration::from_secs(4 * DAY));
    renew(practice);
    assert_eq!(held(practice), good);
    assert_eq!(alarms(practice), [Alarm::Expired, Alarm::NotMade]);
    std::fs::write(&key, sealed).unwrap();
    renew(practice);
    assert_eq!((held(practice).number(), serials(&held(practice))), (2, sorted(&[revoked])));
    assert_eq!(alarms(practice), []);
}

#[test]
fn a_clock_that_is_held_ends_no_list_and_makes_none() {
    let Made { dir, clock, _folder, .. } = made();
    let opened = opened_at(&dir, &clock);
    let practice = &opened.practice;
    let good = held(practice);
    clock.set_unix_ms(clock.unix_ms() + 40 * DAY * 1000);
    renew(practice);
    assert_eq!((held(practice), alarms(practice)), (good, vec![]));
    practice.clock.confirm();
    renew(practice);
    assert_eq!((held(practice).number(), alarms(practice)), (2, vec![]));
    opened.close().unwrap();
    // The same at a start far beyond the newest entry.
    clock.advance(Duration::from_secs(40 * DAY));
    let opened = opened_at(&dir, &clock);
    assert_eq!((held(&opened.practice).number(), alarms(&opened.practice)), (2, vec![]));
    opened.practice.clock.confirm();
    renew(&opened.practice);
    assert_eq!(held(&opened.practice).number(), 3);
}

fn by_root(made: &Made, practice: &Arc<Practice>) {
    let asked = Asked { kind: Kind::Issuing, step: Step::Prepare, stolen: false, answer: None, force: None };
    let Stepped::RootAsked(request) = rotation::step(practice, &asked, Actor::AdminSocket).unwrap() else {
        panic!("the root is not asked")
    };
    let words = zeroize::Zeroizing::new(made.kit.clone());
    let root = std::fs::read(made.roots.join("counterfoil-root")).unwrap();
    let root = certs::root_file::open_root(&root, &words).unwrap();
    let request = certs::ceremony::Request::read(&request).unwrap();
    let signed = certs::ceremony::sign(&request, Some(&root), None, practice.now()).unwrap();
    let answer = signed.answer.encode();
    let asked = Asked { answer: Some(&answer), ..asked };
    assert!(matches!(rotation::step(practice, &asked, Actor::AdminSocket), Ok(Stepped::Done(_))));
}

fn take(practice: &Arc<Practice>, step: Step, force: Option<u32>) {
    let asked = Asked { kind: Kind::Issuing, step, stolen: false, answer: None, force };
    rotation::step(practice, &asked, Actor::AdminSocket).unwrap();
}

#[test]
fn each_authority_has_its_own_list_and_one_that_ends_a_last_one() {
    let made = made();
    let opened = opened_at(&made.dir, &made.clock);
    let practice = &opened.practice;
    let old = declined(practice, 1);
    by_root(&made, practice);
    assert_eq!(listed(practice).len(), 1, "one that nobody trusts yet has none");
    take(practice, Step::Distribute, None);
    assert_eq!(named(practice, "i2").number(), 1, "before anybody comes with a certificate from it");
    take(practice, Step::Switch, None);
    let (still, new) = (enrolled(practice, 3), declined(practice, 2));
    let by = Actor::AdminSocket;
    renew(practice);
    assert_eq!(serials(&named(practice, "i1")), sorted(&[old]));
    assert_eq!(serials(&named(practice, "i2")), sorted(&[new]));
    let both: Vec<String> = listed(practice).into_iter().map(|listed| listed.authority).collect();
    assert_eq!(both, ["i2", "i1"]);
    // The old one still signs its own, each day.
    made.clock.advance(Duration::from_secs(DAY));
    renew(practice);
    let numbers = (named(practice, "i1").number(), named(practice, "i2").number());
    assert!(!named(practice, "i1").is_last());
    take(practice, Step::Retire, None);
    let last = named(practice, "i1");
    assert!(last.is_last() && last.number() == numbers.0 + 1);
    assert_eq!(serials(&last), sorted(&[old]));
    let purpose = purpose::of(purpose::ISSUING).unwrap();
    assert_eq!(practice.vault.list_private(&purpose).unwrap().len(), 1, "its key is destroyed");
    // From then on it is what it is, over restarts; the new one goes on.
    made.clock.advance(Duration::from_secs(DAY));
    let revoked =
        DeviceRevoked { device: device(3), reason: model::Reason::Lost, compromised_since: None, by };
    say(practice, vec![revoked.into()]);
    renew(practice);
    assert_eq!(named(practice, "i1"), last);
    assert_eq!(serials(&named(practice, "i2")), sorted(&[new, still]));
    assert_eq!(alarms(practice), []);
    opened.close().unwrap();
    let opened = opened_at(&made.dir, &made.clock);
    assert_eq!(named(&opened.practice, "i1"), last);
    assert_eq!(alarms(&opened.practice), []);
    opened.close().unwrap();
    // Without it, those that have their certificates from it do not come in.
    std::fs::write(made.dir.join("certs/crl-i1"), b"garbage").unwrap();
    let opened = opened_at(&made.dir, &made.clock);
    assert_eq!(listed(&opened.practice).len(), 1);
    assert_eq!(alarms(&opened.practice), [Alarm::Missing, Alarm::File]);
}
