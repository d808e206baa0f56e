//! Each kind through all its steps, and from the middle of each step.

use super::*;
use crate::testing;

fn take(practice: &Arc<Practice>, kind: Kind, step: Step) -> Result<Stepped, ActError> {
    let asked = Asked { kind, step, stolen: false, answer: None, force: None };
    super::step(practice, &asked, Actor::AdminSocket)
}

#[test]
fn what_needs_no_root_goes_through_and_back_and_through_again() {
    let folder = tempfile::tempdir().unwrap();
    let opened = testing::opened(&folder.path().join("p"));
    let practice = &opened.practice;
    for kind in [Kind::Gateway, Kind::Statements, Kind::Receipts, Kind::Checkpoint] {
        let first = practice.keys().current.generations(kind);
        take(practice, kind, Step::Prepare).unwrap();
        assert!(take(practice, kind, Step::Prepare).is_err(), "one at a time");
        assert_eq!(take(practice, kind, Step::Back).unwrap(), Stepped::Done(Phase::Dropped));
        let mut steps = vec![Step::Prepare, Step::Distribute, Step::Switch, Step::Back, Step::Switch];
        steps.retain(|step| kind.is_distributed() || *step != Step::Distribute);
        for step in steps {
            take(practice, kind, step).unwrap();
        }
        let live = practice.keys().current.generations(kind);
        assert_ne!(live.last(), first.last());
        assert_eq!(take(practice, kind, Step::Retire).unwrap(), Stepped::Done(Phase::Retired));
        assert!(take(practice, kind, Step::Back).is_err());
        let what = IN_VAULT.iter().find(|(of, _)| *of == kind).unwrap().1;
        let kept = practice.vault.list_private(&purpose::of(what).unwrap()).unwrap();
        assert_eq!(kept.len(), 1, "the old key and the dropped one are destroyed");
    }
    facts::check(practice, &practice.keys()).unwrap();
    let shown = status(practice).unwrap();
    assert!(shown.iter().all(|one| one.phase == "none" && one.next.as_deref() == Some("prepare")));
}

#[test]
fn a_step_that_was_begun_is_done_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    let opened = testing::opened(&dir);
    // Planned, and nothing more: as a crash would leave it.
    let id = KeyId::from_bytes([9; 16]);
    plan(&opened.practice, Kind::Receipts, id, None, Phase::Prepared, 0, Actor::AdminSocket).unwrap();
    assert!(!opened.practice.keys().current.has(Kind::Receipts, id));
    opened.close().unwrap();
    let opened = testing::open(&dir, host::Clock::system());
    assert!(opened.practice.keys().current.has(Kind::Receipts, id));
    let rotation = all(&opened.practice).unwrap().pop().unwrap();
    assert_eq!((rotation.phase, rotation.planned), (Some(Phase::Prepared), None));
    opened.close().unwrap();
    // Posted again, it is the same.
    let opened = testing::open(&dir, host::Clock::system());
    assert_eq!(all(&opened.practice).unwrap().pop(), Some(rotation));
    opened.close().unwrap();
}

#[test]
fn the_gateways_certificate_is_exchanged_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    testing::make(&dir, &dir.with_extension("root")).unwrap();
    let clock = host::Clock::manual(host::Clock::system().unix_ms());
    let opened = testing::open(&dir, clock.clone());
    let practice = &opened.practice;
    let first = practice.keys().gateway.certificate.clone();
    rounds(practice);
    assert_eq!(practice.keys().gateway.certificate, first, "not before its time");
    clock.advance(std::time::Duration::from_secs(61 * 24 * 3600));
    rounds(practice);
    assert_ne!(practice.keys().gateway.certificate, first);
    let keys = || practice.vault.list_private(&purpose::of(purpose::GATEWAY).unwrap()).unwrap().len();
    rounds(practice);
    assert_eq!(keys(), 2, "the old key is kept for a day");
    clock.advance(std::time::Duration::from_secs(25 * 3600));
    rounds(practice);
    assert_eq!(keys(), 1);
}

/// A practice on a clock of the test's own.
fn on_a_clock(dir: &std::path::Path) -> (crate::practice::Opened, host::Clock) {
    testing::make(dir, &dir.with_extension("root")).unwrap();
    let clock = host::Clock::manual(host::Clock::system().unix_ms());
    (testing::open(dir, clock.clone()), clock)
}

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

#[test]
fn statement_and_receipt_keys_are_told_before_they_sign_and_kept_after() {
    let folder = tempfile::tempdir().unwrap();
    let (opened, clock) = on_a_clock(&folder.path().join("p"));
    let practice = &opened.practice;
    let states = |kind: Kind| -> Vec<certs::rotation::State> {
        practice.keys().current.generations(kind).iter().map(|(_, state)| *state).collect()
    };
    use certs::rotation::State::{Distributed, Retired, Signing, Trusted};
    for kind in [Kind::Statements, Kind::Receipts] {
        assert_eq!(states(kind), [Signing]);
    }
    let at = |days: u32, expected: &[certs::rotation::State]| {
        clock.advance(days * DAY);
        rounds(practice);
        for kind in [Kind::Statements, Kind::Receipts] {
            assert_eq!(states(kind), expected, "{kind:?}");
        }
    };
    at(265, &[Signing]);
    at(2, &[Signing, Distributed]);
    let told = certs::TrustBundle::open(&practice.bundle().bytes, &practice.keys().trust, practice.now());
    assert_eq!(told.unwrap().receipts.len(), 2, "companions are told");
    at(29, &[Signing, Distributed]);
    at(2, &[Trusted, Signing]);
    at(29, &[Trusted, Signing]);
    at(2, &[Retired, Signing]);
    facts::check(practice, &practice.keys()).unwrap();
    // For years, and nobody does anything.
    for _ in 0..25 {
        clock.advance(20 * DAY);
        rounds(practice);
        let keys = practice.keys();
        for certificate in [&keys.statements.certificate, &keys.heads.receipts.certificate] {
            assert!(certificate.not_after() > practice.now().plus_seconds(30 * 24 * 3600));
        }
        facts::check(practice, &keys).unwrap();
    }
    assert!(states(Kind::Receipts).len() >= 3);
}

#[test]
fn a_gateway_that_stood_still_for_long_signs_under_no_certificate_that_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (opened, clock) = on_a_clock(&folder.path().join("p"));
    let practice = &opened.practice;
    clock.advance(405 * DAY);
    assert!(practice.keys().statements.certificate.not_after() < practice.now());
    rounds(practice);
    let keys = practice.keys();
    for certificate in
        [&keys.statements.certificate, &keys.heads.receipts.certificate, &keys.gateway.certificate]
    {
        assert!(certificate.is_in_force(practice.now()));
    }
    facts::check(practice, &keys).unwrap();
}

#[test]
fn an_exchange_that_an_admin_began_is_the_admins_until_its_time_has_come() {
    let folder = tempfile::tempdir().unwrap();
    let (opened, clock) = on_a_clock(&folder.path().join("p"));
    let practice = &opened.practice;
    take(practice, Kind::Receipts, Step::Prepare).unwrap();
    clock.advance(100 * DAY);
    rounds(practice);
    let phase = || all(practice).unwrap().iter().rfind(|one| one.kind == Kind::Receipts).unwrap().phase;
    assert_eq!(phase(), Some(Phase::Prepared));
    clock.advance(170 * DAY);
    rounds(practice);
    assert_eq!(phase(), Some(Phase::Distributed), "it would have been forgotten");
}

/// The ceremony as the root's holder has it, with the files that `init` has written.
fn signed(
    root_out: &std::path::Path,
    kit: &str,
    request: &[u8],
    now: model::Timestamp,
) -> certs::ceremony::Signed {
    let words = zeroize::Zeroizing::new(kit.to_owned());
    let read = |name: &str| std::fs::read(root_out.join(name)).unwrap();
    let root = certs::root_file::open_root(&read("counterfoil-root"), &words).unwrap();
    let spare = certs::root_file::open_spare(&read("counterfoil-spare"), &words).unwrap().1;
    let request = certs::ceremony::Request::read(request).unwrap();
    let spare = request.what.needs_spare().then_some(spare);
    certs::ceremony::sign(&request, Some(&root), spare, now).unwrap()
}

fn by_root(
    practice: &Arc<Practice>,
    kind: Kind,
    stolen: bool,
    root_out: &std::path::Path,
    kit: &str,
) -> Phase {
    let asked = Asked { kind, step: Step::Prepare, stolen, answer: None, force: None };
    let begun = all(practice).unwrap().len();
    let unasked = super::step(practice, &Asked { answer: Some(b"answer"), ..asked }, Actor::AdminSocket);
    assert!(matches!(unasked, Err(ActError::RootAnswer { .. })));
    assert_eq!(all(practice).unwrap().len(), begun, "an answer to nothing begins nothing");
    let Stepped::RootAsked(request) = super::step(practice, &asked, Actor::AdminSocket).unwrap() else {
        panic!()
    };
    let again = super::step(practice, &asked, Actor::AdminSocket).unwrap();
    assert_eq!(again, Stepped::RootAsked(request.clone()), "it can be asked for again");
    let answer = signed(root_out, kit, &request, practice.now()).answer.encode();
    let mut bent = answer.clone();
    *bent.last_mut().unwrap() ^= 1;
    let taken = super::step(practice, &Asked { answer: Some(&bent), ..asked }, Actor::AdminSocket);
    assert!(taken.is_err());
    let asked = Asked { answer: Some(&answer), ..asked };
    match super::step(practice, &asked, Actor::AdminSocket).unwrap() {
        Stepped::Done(phase) => phase,
        Stepped::RootAsked(_) => panic!("it was answered"),
    }
}

#[test]
fn issuing_and_root_are_exchanged_by_the_root_that_is_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, root_out) = (folder.path().join("p"), folder.path().join("r"));
    let made = testing::make(&dir, &root_out).unwrap();
    let opened = testing::open(&dir, host::Clock::system());
    let practice = &opened.practice;
    assert_eq!(by_root(practice, Kind::Issuing, false, &root_out, &made.kit), Phase::Prepared);
    let excluded = take(practice, Kind::Root, Step::Prepare);
    assert!(matches!(excluded, Err(ActError::RotationExcluded { .. })));
    for step in [Step::Distribute, Step::Switch, Step::Retire] {
        take(practice, Kind::Issuing, step).unwrap();
    }
    assert!(practice.keys().issuing.certificate().common_name().ends_with(" i2"));
    assert_eq!(by_root(practice, Kind::Root, false, &root_out, &made.kit), Phase::Prepared);
    assert_eq!(practice.keys().trust.number(), 1);
    take(practice, Kind::Root, Step::Distribute).unwrap();
    assert!(matches!(take(practice, Kind::Root, Step::Back), Err(ActError::RotationNotDue { .. })));
    assert_eq!((practice.keys().trust.number(), practice.keys().trust.roots().len()), (2, 2));
    take(practice, Kind::Root, Step::Switch).unwrap();
    assert_eq!(practice.keys().served.cross.len(), 1);
    take(practice, Kind::Root, Step::Retire).unwrap();
    let keys = practice.keys();
    assert_eq!((keys.trust.number(), keys.trust.roots()), (3, std::slice::from_ref(&keys.served.root)));
    let lists: Vec<_> = keys.lists_of_roots().map(|(number, _, list)| (number, list.number())).collect();
    assert_eq!(lists, [(2, 1)], "the new root has a list of its own");
    facts::check(practice, &keys).unwrap();
    drop(keys);
    opened.close().unwrap();
    testing::open(&dir, host::Clock::system()).close().unwrap();
}

#[test]
fn a_stolen_root_and_a_stolen_issuing_key_go_at_once() {
    for kind in [Kind::Root, Kind::Issuing] {
        let folder = tempfile::tempdir().unwrap();
        let (dir, root_out) = (folder.path().join("p"), folder.path().join("r"));
        let made = testing::make(&dir, &root_out).unwrap();
        let opened = testing::open(&dir, host::Clock::system());
        let practice = &opened.practice;
        let (old_root, old) =
            (practice.keys().served.root.clone(), practice.keys().issuing.certificate().key_hash());
        let phase = by_root(practice, kind, true, &root_out, &made.kit);
        let keys = practice.keys();
        assert_eq!(keys.trust.number(), 2);
        match kind {
            Kind::Root => {
                assert_eq!(phase, Phase::Retired);
                assert!(!keys.trust.roots().contains(&old_root));
                assert!(keys.served.cross.is_empty());
            }
            _ => {
                assert_eq!(phase, Phase::Switched);
                assert!(keys.trust.revokes_issuing(&old));
                // And the root's list names its certificate.
                let (_, root, list) = keys.lists_of_roots().next().unwrap();
                assert_eq!((list.number(), list.revoked().len()), (2, 1));
                assert!(keys.trust.roots().contains(&root.certificate));
                assert_ne!(keys.served.issuing.key_hash(), old);
            }
        }
        let bundle = practice.bundle();
        certs::TrustBundle::open(&bundle.bytes, &keys.trust, practice.now()).unwrap();
    }
}
