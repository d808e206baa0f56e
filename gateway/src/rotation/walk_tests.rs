//! Random walks through the real rotations over a real folder, cut off wherever a crash can leave it: the next start goes
//! on, the six invariants hold, and everything that is signed is good. A crash is made of two folders, of the moment when
//! the step was planned and of the moment when it was done: keys, then `certs/current`, then the journal are taken from the
//! later one, as far as the crash let them come.

use std::path::{Path, PathBuf};

use certs::PrivateKey;

use super::*;
use crate::practice::Opened;
use crate::testing;

/// How far a step came before the crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// It was planned.
    Planned,
    /// The new key is there, and nothing names it.
    KeyMade,
    /// The file names it, and the journal does not say that it was done.
    FileWritten,
    /// The journal says it; keys that are to be destroyed are still there.
    Stated,
    /// There is no crash.
    No,
}

const CUTS: [Cut; 5] = [Cut::Planned, Cut::KeyMade, Cut::FileWritten, Cut::Stated, Cut::No];

/// Numbers that a seed decides (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// Root and spare as their holder has them.
struct Roots {
    root: certs::Root,
    spare: PrivateKey,
}

/// A practice that is walked through, and its root's holder.
struct Walk {
    place: tempfile::TempDir,
    opened: Option<Opened>,
    roots: Roots,
    /// Made by a signature that nobody was told of yet.
    next: Option<Roots>,
    /// Whether devices that are behind are left behind.
    forces: bool,
}

impl Walk {
    fn begin() -> Self {
        let place = tempfile::tempdir().unwrap();
        let root_out = place.path().join("roots");
        let made = testing::make(&place.path().join("p"), &root_out).unwrap();
        let words = zeroize::Zeroizing::new(made.kit.to_string());
        let read = |name: &str| std::fs::read(root_out.join(name)).unwrap();
        let root = certs::root_file::open_root(&read("counterfoil-root"), &words).unwrap();
        let spare = certs::root_file::open_spare(&read("counterfoil-spare"), &words).unwrap().1;
        let mut walk = Self { place, opened: None, roots: Roots { root, spare }, next: None, forces: false };
        walk.open();
        for at in 0..2 {
            testing::enrolled(walk.practice(), model::Role::Admin, &format!("admin {at}"), &[]);
        }
        walk
    }

    fn dir(&self) -> PathBuf {
        self.place.path().join("p")
    }

    fn practice(&self) -> &Arc<Practice> {
        &self.opened.as_ref().unwrap().practice
    }

    fn open(&mut self) {
        self.opened = Some(testing::open(&self.dir(), host::Clock::system()));
    }

    fn close(&mut self) {
        self.opened.take().unwrap().close().unwrap();
    }

    /// What must hold whenever doors are open.
    #[track_caller]
    fn holds(&self, what: &str) {
        let practice = self.practice();
        let keys = practice.keys();
        facts::check(practice, &keys).unwrap_or_else(|broken| panic!("{what}: {broken}"));
        certs::TrustBundle::open(&practice.bundle().bytes, &keys.trust, practice.now()).unwrap();
        work::rehearse(practice, &keys).unwrap();
        // Something is signed and goes into the journal, with a head that its keys verify.
        crate::act::book::add(practice, "b", Actor::AdminSocket).unwrap();
        let note = practice.journal.head().checkpoint_note.clone();
        let known = keys.current.checkpoint.iter().filter_map(|log| receipts::Vkey::parse(&log.vkey).ok());
        assert!(known.into_iter().any(|key| receipts::Checkpoint::open(&note, &key).is_ok()), "{what}");
    }

    /// A copy of the folder as it is. The gateway is stopped for it.
    fn copy(&mut self, to: &str) -> PathBuf {
        self.close();
        let to = self.place.path().join(to);
        copy(&self.dir(), &to);
        self.open();
        to
    }

    /// Takes a step, with the root's answer where it needs one, cut off at `cut`. Whether it was due.
    fn step(&mut self, kind: Kind, step: Step, cut: Cut) -> bool {
        let asked = Asked { kind, step, stolen: false, answer: None, force: None };
        let before = all(self.practice()).unwrap();
        // A request to the root is a plan already; it is planned by being asked for.
        let answer = match (kind, step) {
            (Kind::Issuing | Kind::Root, Step::Prepare) => {
                match super::step(self.practice(), &asked, Actor::AdminSocket) {
                    Ok(Stepped::RootAsked(request)) => Some(self.sign(&request)),
                    Ok(Stepped::Done(_)) => unreachable!("the root has signed nothing"),
                    Err(_) => return false,
                }
            }
            _ => None,
        };
        let planned = match &answer {
            Some(_) => self.copy("planned"),
            None => {
                // As `step` does it, up to the plan.
                let open: Vec<_> = before.into_iter().filter(Rotation::is_open).collect();
                let own = open.iter().find(|rotation| rotation.kind == kind);
                let Ok(to) = leads_to(&asked, own, &open) else { return false };
                let (id, phase) = own.map_or_else(
                    || (KeyId::from_bytes(host::random::bytes().unwrap()), None),
                    |own| (own.id, own.phase),
                );
                let behind = u32::try_from(facts::cut_off(self.practice(), kind, id, to).len()).unwrap();
                if behind > 0 && !self.forces {
                    let refused = super::step(self.practice(), &asked, Actor::AdminSocket);
                    assert!(matches!(refused, Err(ActError::RotationBehind { .. })), "{refused:?}");
                    return false;
                }
                plan(self.practice(), kind, id, phase, to, behind, Actor::AdminSocket).unwrap();
                self.copy("planned")
            }
        };
        // The copy was a start, which goes on by itself; only what waits for the root waits still.
        if let Some(answer) = &answer {
            let done =
                super::step(self.practice(), &Asked { answer: Some(answer), ..asked }, Actor::AdminSocket);
            done.unwrap();
        }
        self.close();
        let done = self.place.path().join("done");
        copy(&self.dir(), &done);
        crashed(&planned, &done, &self.dir(), cut);
        self.open();
        // What the crash has left undone of a request to the root is asked of it again, and answered the same.
        if let Some(answer) = &answer
            && all(self.practice()).unwrap().iter().any(|one| one.kind == kind && one.planned.is_some())
        {
            let again = Asked { answer: Some(answer), ..asked };
            super::step(self.practice(), &again, Actor::AdminSocket).unwrap();
        }
        match (kind, step) {
            (Kind::Root, Step::Distribute) => self.roots = self.next.take().unwrap(),
            (Kind::Root, Step::Back) if self.next.is_some() => self.next = None,
            _ => {}
        }
        let waiting = all(self.practice()).unwrap().into_iter().filter(|one| one.planned.is_some()).count();
        assert_eq!(waiting, 0, "{kind:?} {step:?} {cut:?}: what was begun is done");
        for gone in [planned, done] {
            std::fs::remove_dir_all(gone).unwrap();
        }
        true
    }

    fn sign(&mut self, request: &[u8]) -> Vec<u8> {
        let request = certs::ceremony::Request::read(request).unwrap();
        let spare = request.what.needs_spare().then(|| again(&self.roots.spare));
        let now = self.practice().now();
        let signed = certs::ceremony::sign(&request, Some(&self.roots.root), spare, now).unwrap();
        if let (Some(root), Some(spare)) = (signed.root, signed.spare) {
            self.next = Some(Roots { root, spare });
        }
        signed.answer.encode()
    }
}

fn again(key: &PrivateKey) -> PrivateKey {
    PrivateKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap()
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

/// Puts `dir` together as a crash leaves it.
fn crashed(planned: &Path, done: &Path, dir: &Path, cut: Cut) {
    if cut == Cut::No {
        return;
    }
    std::fs::remove_dir_all(dir).unwrap();
    copy(if cut == Cut::Stated { done } else { planned }, dir);
    let keys = Path::new("keys");
    assert!(planned.join(keys).is_dir());
    match cut {
        Cut::Planned | Cut::No => {}
        // Files of keys have names of their own: the union is both.
        Cut::Stated => union(&planned.join(keys), &dir.join(keys)),
        Cut::KeyMade | Cut::FileWritten => union(&done.join(keys), &dir.join(keys)),
    }
    if cut == Cut::FileWritten {
        let file = Path::new("certs").join(crate::keys::current::FILE);
        std::fs::copy(done.join(&file), dir.join(&file)).unwrap();
    }
}

fn union(from: &Path, to: &Path) {
    let copied =
        std::process::Command::new("cp").arg("-an").arg(format!("{}/.", from.display())).arg(to).status();
    assert!(copied.unwrap().success());
}

/// Walks until every kind has gone through its four steps at least once, or the steps are used up.
fn walk(seed: u64, steps: usize) -> Vec<(Kind, Step, Cut)> {
    let (mut walk, mut chance, mut taken) = (Walk::begin(), Chance(seed), Vec::new());
    walk.holds("at first");
    while taken.len() < steps {
        let kind = Kind::ALL[chance.below(Kind::ALL.len())];
        let open = all(walk.practice()).unwrap().into_iter().filter(Rotation::is_open);
        let phase = open.filter(|one| one.kind == kind).find_map(|one| one.phase);
        let step = match chance.below(4) {
            0 => Step::Back,
            _ => kind.next(phase).unwrap_or(Step::Prepare),
        };
        let cut = CUTS[chance.below(CUTS.len())];
        walk.forces = chance.below(3) == 0;
        if walk.step(kind, step, cut) {
            taken.push((kind, step, cut));
            walk.holds(&format!("seed {seed}: {taken:?}"));
        }
    }
    taken
}

#[test]
fn a_crash_at_any_point_of_any_step_goes_on_and_the_invariants_hold() {
    let steps = |variable: &str, usual| {
        std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
    };
    let seed = steps("COUNTERFOIL_SEED", 7);
    let taken = walk(seed, usize::try_from(steps("COUNTERFOIL_STEPS", 24)).unwrap());
    let crashes = taken.iter().filter(|(_, _, cut)| *cut != Cut::No).count();
    assert!(crashes * 2 > taken.len(), "{taken:?}");
}

/// Each kind straight through, every step cut at another point.
#[test]
fn every_kind_goes_through_with_a_crash_in_each_step() {
    let mut walk = Walk::begin();
    walk.forces = true;
    for (at, kind) in Kind::ALL.iter().copied().enumerate() {
        let (mut phase, mut cuts) = (None, CUTS.iter().copied().cycle().skip(at));
        while let (Some(step), Some(cut)) = (kind.next(phase), cuts.next()) {
            assert!(walk.step(kind, step, cut), "{kind:?} {step:?} {cut:?}");
            phase = Some(kind.after(phase, step).unwrap());
            walk.holds(&format!("{kind:?} {step:?} {cut:?}"));
        }
    }
}
