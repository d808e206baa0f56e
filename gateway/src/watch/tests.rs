//! What is said when, and how often.

use std::time::Duration;

use certs::rotation::Kind;
use host::Clock;
use model::Role;
use receipts::event::Actor;

use super::*;
use crate::act::invitation::{Partner, invite_until};
use crate::practice::Opened;
use crate::{act, rotation, testing};

const DAY: Duration = Duration::from_secs(DAY_SECONDS);

fn words(said: &[Ending]) -> Vec<&'static str> {
    said.iter().map(|ending| ending.what.word()).collect()
}

struct Place {
    folder: tempfile::TempDir,
    clock: Clock,
}

impl Place {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        testing::make(&folder.path().join("p"), &folder.path().join("root")).unwrap();
        Self { folder, clock: Clock::manual(Clock::system().unix_ms()) }
    }

    fn open(&self) -> Opened {
        testing::open(&self.folder.path().join("p"), self.clock.clone())
    }
}

fn partner(opened: &Opened, days: u64) -> String {
    let practice = &opened.practice;
    let book = act::book::add(practice, "book", Actor::AdminSocket).unwrap().id;
    let until = Some(practice.now().plus_seconds(days * DAY_SECONDS).to_rfc3339());
    let work = Partner { until, purpose: Some("audit".to_owned()) };
    invite_until(practice, Role::Partner, "partner", &[book], work, Actor::AdminSocket).unwrap().person
}

#[test]
fn an_end_is_said_once_a_threshold_also_across_restarts_and_anew_when_it_is_another() {
    let place = Place::make();
    let mut opened = place.open();
    let person = partner(&opened, 40);
    let mut said = Vec::new();
    for day in 0..40 {
        // A start every day; and every hour it is looked at.
        for _ in 0..24 {
            let new = opened.practice.watch.tend(&opened.practice);
            said.extend(new.iter().map(|ending| (day, ending.what.word())));
            place.clock.advance(DAY / 24);
        }
        opened.close().unwrap();
        opened = place.open();
    }
    assert_eq!(said, [(10, "person"), (26, "person"), (33, "person"), (39, "person")]);
    assert!(of(&opened.practice).is_empty(), "what has ended is no warning");
    // Another date.
    opened.practice.clock.confirm();
    let until = opened.practice.now().plus_seconds(8 * DAY_SECONDS).to_rfc3339();
    let act = office::RightsAct::Until { person: person.clone(), until };
    act::rights::perform(&opened.practice, act, false, Actor::AdminSocket).unwrap();
    let new = opened.practice.watch.tend(&opened.practice);
    assert_eq!(words(&new), ["person"]);
    assert_eq!(new[0].next, format!("person until {person} YYYY-MM-DD"));
    assert!(opened.practice.watch.tend(&opened.practice).is_empty());
    assert_eq!(shown(&opened.practice)[0].days, 8);
    opened.close().unwrap();
}

#[test]
fn two_ends_of_a_day_are_one_digest() {
    let place = Place::make();
    let opened = place.open();
    partner(&opened, 30);
    assert_eq!(opened.practice.watch.tend(&opened.practice).len(), 1);
    place.clock.advance(DAY / 24);
    partner(&opened, 20);
    assert!(opened.practice.watch.tend(&opened.practice).is_empty(), "there was one today");
    place.clock.advance(DAY);
    partner(&opened, 10);
    assert_eq!(opened.practice.watch.tend(&opened.practice).len(), 2);
}

#[test]
fn who_is_stuck_is_warned_of_and_who_is_away_is_not() {
    let place = Place::make();
    let opened = place.open();
    let practice = &opened.practice;
    let (stuck, _away) = (
        testing::enrolled(practice, Role::Auditor, "stuck", &[]),
        testing::enrolled(practice, Role::Auditor, "away", &[]),
    );
    place.clock.advance(71 * DAY);
    rotation::rounds(practice);
    let device = practice.registry.device(stuck).unwrap();
    device.seen.at(practice.now());
    assert!(practice.watch.tend(practice).is_empty());
    place.clock.advance(DAY);
    let said = practice.watch.tend(practice);
    assert_eq!(words(&said), ["device"]);
    assert_eq!((said[0].id.as_str(), said[0].name.as_str()), (stuck.to_uuid().as_str(), "stuck"));
    assert!(said[0].next.starts_with("invite --person ") && said[0].next.ends_with(&said[0].id));
    // Beyond the grace nobody can renew any more: it is out, and no warning helps.
    place.clock.advance(18 * DAY);
    assert_eq!(of(practice).len(), 1, "within its grace");
    place.clock.advance(15 * DAY);
    assert!(of(practice).is_empty());
}

#[test]
fn what_is_exchanged_by_itself_is_warned_of_only_where_it_is_not() {
    let place = Place::make();
    let opened = place.open();
    let practice = &opened.practice;
    let mut said = Vec::new();
    for day in (0..720).step_by(10) {
        place.clock.advance(10 * DAY);
        // As if the gateway's own exchange had failed, but for its certificate in TLS.
        if practice.now() >= practice.keys().gateway.certificate.not_before().plus_seconds(70 * DAY_SECONDS) {
            for step in
                [certs::rotation::Step::Prepare, certs::rotation::Step::Switch, certs::rotation::Step::Retire]
            {
                let kind = Kind::Gateway;
                let asked = rotation::Asked { kind, step, stolen: false, answer: None, force: None };
                rotation::step(practice, &asked, Actor::AdminSocket).unwrap();
            }
        }
        said.extend(practice.watch.tend(practice).into_iter().map(|ending| (day + 10, ending.what.word())));
    }
    let days = |word: &str| said.iter().filter(|one| one.1 == word).map(|one| one.0).collect::<Vec<u64>>();
    assert_eq!(days("receipts"), [370, 390, 400], "of its 400 days: within 30, 14 (and 7), and 1");
    assert_eq!(days("statements"), days("receipts"));
    assert_eq!(days("issuing"), [710, 720], "it signs no more from day 731 on");
    assert_eq!(days("root-list"), [370, 390, 400], "of its 396 days");
    assert!(days("gateway").is_empty() && days("root").is_empty());
    let next = |kind| of(practice).into_iter().find(|one| one.what == What::Own(kind)).unwrap().next;
    assert_eq!(next(Kind::Issuing), "rotate prepare issuing");
    assert_eq!(next(Kind::Receipts), "rotate prepare receipts");
    // Done late, it is no warning any more.
    rotation::rounds(practice);
    let left: Vec<_> = of(practice).into_iter().map(|one| one.what).collect();
    assert_eq!(left, [What::RootList, What::Own(Kind::Issuing)]);
}
