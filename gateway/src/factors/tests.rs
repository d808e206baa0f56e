//! Second factors over a real practice: kept over restarts, counted by the person, gone when taken away.

use std::time::Duration;

use certs::factor::{STEP_SECONDS, Secret};
use host::Clock;
use model::{Role, Timestamp, limits};

use super::*;
use crate::practice::Opened;
use crate::testing;

/// A practice with a bookkeeper, invited as anybody is.
fn begun(dir: &std::path::Path, clock: &Clock) -> (Opened, PersonId) {
    testing::make(dir, &dir.with_extension("root")).unwrap();
    let opened = testing::open(dir, clock.clone());
    let invited =
        crate::act::invitation::invite(&opened.practice, Role::Bookkeeper, "王芳", &[], Actor::AdminSocket)
            .unwrap();
    (opened, PersonId::parse(&invited.person).unwrap())
}

fn device() -> DeviceId {
    DeviceId::from_bytes([2; 16])
}

fn code(secret: &Secret, clock: &Clock, steps: i64) -> Zeroizing<String> {
    let ms = i64::try_from(clock.unix_ms()).unwrap() + steps * i64::try_from(STEP_SECONDS).unwrap() * 1000;
    secret.code_at(Timestamp::from_unix_ms(u64::try_from(ms).unwrap()))
}

fn enrol(practice: &Practice, person: PersonId, clock: &Clock) -> (Secret, Shown) {
    let person = practice.registry.person(person).unwrap();
    let secret = Secret::from_bytes(&begin(practice, &person).unwrap()).unwrap();
    let codes = [code(&secret, clock, -1), code(&secret, clock, 0)];
    let shown = confirm(practice, &person, device(), [&codes[0], &codes[1]]).unwrap();
    (secret, shown)
}

fn judged(practice: &Practice, person: PersonId, typed: &str) -> Result<event::Factor, Option<Code>> {
    let person = practice.registry.person(person).unwrap();
    judge(practice, &person, device(), typed).map_err(|refusal| refusal.known())
}

#[test]
fn a_code_counts_once_also_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    let clock = Clock::manual(Clock::system().unix_ms());
    let (opened, person) = begun(&dir, &clock);
    let practice = &opened.practice;
    assert_eq!(judged(practice, person, "123456"), Err(Some(Code::FactorMissing)));
    let (secret, _) = enrol(practice, person, &clock);
    let next = code(&secret, &clock, 1);
    assert_eq!(judged(practice, person, &next), Ok(event::Factor::Totp));
    assert_eq!(judged(practice, person, &next), Err(Some(Code::FactorWrong)));
    opened.close().unwrap();
    clock.advance(Duration::from_secs(1));
    let opened = testing::open(&dir, clock.clone());
    let practice = &opened.practice;
    assert_eq!(judged(practice, person, &next), Err(Some(Code::FactorWrong)), "replayed after a restart");
    clock.advance(Duration::from_secs(2 * STEP_SECONDS));
    assert_eq!(judged(practice, person, &code(&secret, &clock, 0)), Ok(event::Factor::Totp));
    opened.close().unwrap();
}

#[test]
fn guesses_are_counted_by_the_person_whatever_threads_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Clock::system().unix_ms());
    let (opened, person) = begun(&folder.path().join("p"), &clock);
    let practice = &opened.practice;
    let (secret, _) = enrol(practice, person, &clock);
    let right: Vec<_> = (-1..=1).map(|steps| code(&secret, &clock, steps)).collect();
    let wrong =
        (0..).map(|n| format!("{n:06}")).find(|guess| right.iter().all(|code| **code != *guess)).unwrap();
    let looked_at: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let guess = || judged(practice, person, &wrong);
                    (0..125).filter(|_| guess() == Err(Some(Code::FactorWrong))).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(looked_at, limits::FACTOR_FAILURES_MAX);
    assert_eq!(judged(practice, person, &right[2]), Err(Some(Code::FactorPaused)), "the right one waits too");
    opened.close().unwrap();
}

#[test]
fn a_recovery_code_leaves_its_statement_and_a_reset_takes_all_away() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Clock::system().unix_ms());
    let dir = folder.path().join("p");
    let (opened, person) = begun(&dir, &clock);
    let practice = &opened.practice;
    let (secret, codes) = enrol(practice, person, &clock);
    let before = practice.journal.size();
    assert_eq!(judged(practice, person, &codes[0]), Ok(event::Factor::Recovery));
    assert_eq!(practice.journal.size(), before + 1);
    assert_eq!(judged(practice, person, &codes[0]), Err(Some(Code::FactorWrong)));
    let known = practice.registry.person(person).unwrap();
    assert_eq!(state(practice, &known).unwrap().unwrap().recovery_left, codes.len() - 1);
    assert_eq!(begin(practice, &known).unwrap_err().known(), Some(Code::FactorExists));
    crate::act::factor::reset(practice, "王芳", Actor::AdminSocket).unwrap();
    let next = code(&secret, &clock, 1);
    assert_eq!(judged(practice, person, &next), Err(Some(Code::FactorMissing)));
    opened.close().unwrap();
    // The same from the rows, and from the journal anew.
    let opened = testing::open(&dir, clock.clone());
    assert_eq!(judged(&opened.practice, person, &next), Err(Some(Code::FactorMissing)));
    let (secret, _) = enrol(&opened.practice, person, &clock);
    opened.close().unwrap();
    std::fs::remove_dir_all(dir.join("ledger")).unwrap();
    let opened = testing::open(&dir, clock.clone());
    assert_eq!(judged(&opened.practice, person, &code(&secret, &clock, 1)), Ok(event::Factor::Totp));
    opened.close().unwrap();
}

#[test]
fn a_secret_that_nobody_confirmed_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Clock::system().unix_ms());
    let (opened, person) = begun(&folder.path().join("p"), &clock);
    let practice = &opened.practice;
    let known = practice.registry.person(person).unwrap();
    let secret = Secret::from_bytes(&begin(practice, &known).unwrap()).unwrap();
    let now = code(&secret, &clock, 0);
    assert_eq!(judged(practice, person, &now), Err(Some(Code::FactorMissing)));
    let twice = confirm(practice, &known, device(), [&now, &now]);
    assert_eq!(twice.unwrap_err().known(), Some(Code::FactorWrong));
    assert!(known.factor().is_none());
    opened.close().unwrap();
}
