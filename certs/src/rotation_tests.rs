//! Random walks through all rotations at once, with crashes between any two things that are done: the six invariants
//! hold at every moment, and what they mean over time: what signs was distributed in an earlier file, what has signed is
//! trusted in the next one, and no two rotations that exclude each other are open. The gateway's own walk is beside its
//! code; here what is wrong in the tables is found.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy)]
struct Rotation {
    kind: Kind,
    old: u32,
    new: u32,
    phase: Option<Phase>,
    planned: Option<Phase>,
}

#[derive(Debug, Clone, Copy)]
struct Device {
    issuing: u32,
    record: usize,
}

/// A gateway in its parts: the file with the generations, key files, the journal, and devices.
struct World {
    file: BTreeMap<Kind, BTreeMap<u32, State>>,
    keys: BTreeMap<(Kind, u32), KeyFile>,
    named: BTreeSet<(Kind, u32)>,
    /// What some file that was written has told others to trust, and which did not sign then.
    distributed: BTreeSet<(Kind, u32)>,
    rotations: Vec<Rotation>,
    /// Roots by record, in the file.
    records: Vec<Vec<u32>>,
    devices: Vec<Device>,
}

/// What may be cut by a crash, in order.
const CRASHES: usize = 5;

impl World {
    fn new() -> Self {
        let first = |kind: &Kind| (*kind, BTreeMap::from([(1, State::Signing)]));
        Self {
            file: Kind::ALL.iter().map(first).collect(),
            keys: Kind::ALL.iter().map(|kind| ((*kind, 1), KeyFile::Durable)).collect(),
            named: Kind::ALL.iter().map(|kind| (*kind, 1)).collect(),
            distributed: BTreeSet::new(),
            rotations: Vec::new(),
            records: vec![vec![1]],
            devices: vec![Device { issuing: 1, record: 1 }; 3],
        }
    }

    fn signing(&self, kind: Kind) -> u32 {
        *self.file[&kind].iter().find(|(_, state)| **state == State::Signing).unwrap().0
    }

    fn open(&self) -> Vec<Kind> {
        let is_open = |rotation: &&Rotation| rotation.phase.is_none_or(Phase::is_open);
        self.rotations.iter().filter(is_open).map(|rotation| rotation.kind).collect()
    }

    fn situation(&self) -> Situation {
        let generation = |kind: Kind, number: u32, state: State| {
            let cosigns = kind == Kind::Checkpoint && state == State::Trusted;
            Generation {
                kind,
                number,
                key: *self.keys.get(&(kind, number)).unwrap_or(&KeyFile::Absent),
                is_named: self.named.contains(&(kind, number)),
                is_listed: state.is_trusted(),
                signs: state == State::Signing || cosigns,
            }
        };
        let all = self
            .file
            .iter()
            .flat_map(|(kind, all)| all.iter().map(|(number, state)| (*kind, *number, *state)));
        let served_root = self.signing(Kind::Root);
        let companion = |device: &Device| Companion {
            issuing: device.issuing,
            roots: self.records[device.record - 1].clone(),
        };
        Situation {
            generations: all.map(|(kind, number, state)| generation(kind, number, state)).collect(),
            companions: self.devices.iter().map(companion).collect(),
            served_root,
            crossed_roots: (1..served_root).rev().take(2).collect(),
            walked_roots: (1..served_root.saturating_sub(2)).collect(),
            open: self.open(),
        }
    }

    /// Does a step up to crash number `crash`, then starts again.
    fn step(&mut self, kind: Kind, step: Step, crash: usize) {
        let open = self
            .rotations
            .iter()
            .position(|rotation| rotation.kind == kind && rotation.phase.is_none_or(Phase::is_open));
        let phase = open.and_then(|at| self.rotations[at].phase);
        let Ok(to) = kind.after(phase, step) else { return };
        let at = match open {
            Some(at) => at,
            None if kind.may_begin(&self.open()).is_ok() => {
                let new = *self.file[&kind].keys().last().unwrap() + 1;
                let old = self.signing(kind);
                self.rotations.push(Rotation { kind, old, new, phase: None, planned: None });
                self.rotations.len() - 1
            }
            None => return,
        };
        let rotation = self.rotations[at];
        if kind == Kind::Issuing
            && let Some(ends) = to.withdraws(rotation.old, rotation.new)
            && self.devices.iter().any(|device| device.issuing == ends)
        {
            // Refused; who forces it invites those devices again.
            match crash.is_multiple_of(2) {
                true => return,
                false => self.devices.retain(|device| device.issuing != ends),
            }
        }
        self.rotations[at].planned = Some(to);
        self.check();
        self.work(at, to, crash);
        self.start();
    }

    fn work(&mut self, at: usize, to: Phase, crash: usize) {
        let Rotation { kind, old, new, .. } = self.rotations[at];
        let (old_state, new_state) = to.states();
        if crash == 0 {
            return;
        }
        self.keys.entry((kind, new)).or_insert(KeyFile::Durable);
        self.check();
        if crash == 1 {
            return;
        }
        self.follows(kind, [(old, old_state), (new, new_state)]);
        let all = self.file.get_mut(&kind).unwrap();
        all.insert(old, old_state);
        all.insert(new, new_state);
        self.distributed.extend(
            all.iter().filter(|(_, state)| **state == State::Distributed).map(|(number, _)| (kind, *number)),
        );
        if kind == Kind::Root {
            let roots: Vec<u32> =
                all.iter().filter(|(_, state)| state.is_trusted()).map(|(number, _)| *number).collect();
            if self.records.last() != Some(&roots) {
                self.records.push(roots);
            }
        }
        self.check();
        if crash == 2 {
            return;
        }
        self.rotations[at].phase = Some(to);
        self.rotations[at].planned = None;
        self.named.insert((kind, new));
        self.check();
        if crash == 3 {
            return;
        }
        self.sweep();
    }

    /// What the file says next, against what it said before: the two moments that one situation can not show.
    fn follows(&self, kind: Kind, next: [(u32, State); 2]) {
        for (number, state) in next.into_iter().filter(|_| kind.is_distributed()) {
            let before = self.file[&kind].get(&number).copied();
            if state == State::Signing && before != Some(State::Signing) {
                let was_told = before == Some(State::Trusted) || self.distributed.contains(&(kind, number));
                assert!(was_told, "{kind:?} {number} signs before it was distributed");
            }
            if before == Some(State::Signing) {
                assert!(state.is_trusted(), "{kind:?} {number} is distrusted as soon as it signs no more");
            }
        }
    }

    /// A start: what was begun is done again.
    fn start(&mut self) {
        self.check();
        for at in 0..self.rotations.len() {
            if let Some(to) = self.rotations[at].planned {
                self.work(at, to, CRASHES);
            }
        }
        self.sweep();
        self.check();
    }

    /// Keys whose generation has ended are destroyed.
    fn sweep(&mut self) {
        for (kind, all) in &self.file {
            for (number, state) in all {
                if matches!(state, State::Retired | State::Dropped) {
                    self.keys.insert((*kind, *number), KeyFile::Destroyed);
                }
            }
        }
    }

    fn check(&self) {
        check(&self.situation()).unwrap();
        let open = self.open();
        let count = |kind| open.iter().filter(|one| **one == kind).count();
        assert!(Kind::ALL.iter().all(|kind| count(*kind) <= 1), "{open:?}");
        assert!(count(Kind::Root) + count(Kind::Issuing) <= 1, "{open:?}");
    }
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Step(Kind, Step, usize),
    Hello(usize),
    Renew(usize),
    Enrol,
}

fn act() -> impl Strategy<Value = Act> {
    let kind = prop::sample::select(Kind::ALL);
    let step = prop::sample::select(Step::ALL);
    prop_oneof![
        6 => (kind, step, 0..=CRASHES).prop_map(|(kind, step, crash)| Act::Step(kind, step, crash)),
        2 => (0usize..8).prop_map(Act::Hello),
        2 => (0usize..8).prop_map(Act::Renew),
        1 => Just(Act::Enrol),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_six_invariants_hold_through_crashes(acts in prop::collection::vec(act(), 1..120)) {
        let mut world = World::new();
        for act in acts {
            let newest = Device { issuing: world.signing(Kind::Issuing), record: world.records.len() };
            match act {
                Act::Step(kind, step, crash) => world.step(kind, step, crash),
                Act::Hello(at) => world.devices.iter_mut().skip(at).take(1).for_each(|device| device.record = newest.record),
                Act::Renew(at) => world.devices.iter_mut().skip(at).take(1).for_each(|device| device.issuing = newest.issuing),
                Act::Enrol => world.devices.push(newest),
            }
            world.check();
        }
    }
}

#[test]
fn every_kind_goes_through_and_back() {
    for kind in Kind::ALL.iter().copied() {
        let mut phase = None;
        let mut steps = Vec::new();
        while let Some(step) = kind.next(phase) {
            phase = Some(kind.after(phase, step).unwrap());
            steps.push(step);
        }
        assert_eq!(phase, Some(Phase::Retired));
        assert_eq!(steps.contains(&Step::Distribute), kind != Kind::Gateway);
        assert_eq!(kind.after(phase, Step::Back), Err(Refused::NoWayBack));
        assert_eq!(kind.after(None, Step::Back), Err(Refused::NoWayBack));
        assert_eq!(kind.after(Some(Phase::Prepared), Step::Back), Ok(Phase::Dropped));
        assert_eq!(kind.after(Some(Phase::Prepared), Step::Retire), Err(Refused::NotDue));
    }
    assert_eq!(Kind::Root.after(Some(Phase::Distributed), Step::Back), Err(Refused::NoWayBack));
    assert_eq!(Kind::Root.may_begin(&[Kind::Issuing]), Err(Refused::TwoAtOnce));
    assert!(Kind::ALL.iter().all(|kind| kind.may_begin(&[*kind]) == Err(Refused::TwoAtOnce)));
    assert_eq!(Kind::Receipts.may_begin(&[Kind::Issuing, Kind::Gateway]), Ok(()));
}

/// The checker sees each of the six.
#[test]
fn each_invariant_can_be_broken() {
    let world = World::new();
    let broken = |change: &dyn Fn(&mut Situation)| {
        let mut situation = world.situation();
        change(&mut situation);
        check(&situation).unwrap_err()
    };
    assert_eq!(broken(&|all| all.companions[0].issuing = 2), Broken::NoChain { issuing: 2 });
    assert_eq!(broken(&|all| all.served_root = 2), Broken::NoPath);
    let at = |all: &Situation, kind| all.generations.iter().position(|one| one.kind == kind).unwrap();
    let unlisted = broken(&|all| {
        let at = at(all, Kind::Statements);
        all.generations[at].is_listed = false;
    });
    assert_eq!(unlisted, Broken::SignsUndistributed { kind: Kind::Statements, number: 1 });
    let silent = broken(&|all| {
        let at = at(all, Kind::Checkpoint);
        all.generations[at].signs = false;
    });
    assert_eq!(silent, Broken::Signers { kind: Kind::Checkpoint, count: 0 });
    let twice = broken(&|all| all.open = vec![Kind::Gateway, Kind::Root, Kind::Issuing]);
    assert_eq!(twice, Broken::TwoAtOnce { kind: Kind::Root });
    let absent = broken(&|all| {
        let at = at(all, Kind::Receipts);
        all.generations[at].key = KeyFile::Absent;
    });
    assert_eq!(absent, Broken::NotDurable { kind: Kind::Receipts, number: 1 });
}

#[test]
fn words_and_numbers_are_read_back() {
    for kind in Kind::ALL.iter().copied() {
        assert_eq!((Kind::parse(kind.word()), Kind::from_code(kind.code())), (Some(kind), Some(kind)));
    }
    for phase in Phase::ALL.iter().copied() {
        assert_eq!((Phase::parse(phase.word()), Phase::from_code(phase.code())), (Some(phase), Some(phase)));
    }
    assert_eq!((Step::parse("prepared"), Kind::from_code(0)), (None, None));
}
