//! From a command line to plans that are durable: what goes on, what is new, what can not be sent. Blocks; asks nobody.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use console::event::FileState;
use console::{Console, Phase, Progress, Total, args, failure};
use host::Disk;
use model::{Manifest, MediaType, SubmissionId, Timestamp, limits};
use rayon::prelude::*;

use super::source::Source;
use super::teller::{Teller, tell_file};
use crate::hash::{Fingerprint, HashError, manifest_of};
use crate::plan::{Fate, Line, Plan, Planned, Stage};
use crate::trouble::{self, Told};
use crate::walk::{Found, Walk, Why, walk};

/// Names of files that came since, shown one by one at most.
const NAMES_MAX: usize = 10;

/// The plans of a line, in the order in which they are sent.
pub struct Prepared {
    /// Those without a receipt, each durable.
    pub plans: Vec<Plan>,
    /// Those with one, kept for their names until all have one.
    pub receipted: Vec<SubmissionId>,
    /// How many of `plans` go on from an earlier run.
    pub resumed: usize,
}

/// Finds, checks, hashes and plans what `line` names.
///
/// # Errors
/// `path-absent`, `nothing-to-send`; the disk's.
pub fn prepare(
    disk: &Disk,
    folder: &Path,
    line: &Line,
    now: Timestamp,
    teller: &mut Teller,
    progress: &Progress,
) -> Told<Prepared> {
    let (known, unreadable) = Plan::all(disk, folder).map_err(|error| trouble::plan(&error))?;
    for path in unreadable {
        teller.console.warn(&failure::plan_damaged(path));
    }
    no_conflict(&known, line)?;
    let known: Vec<Plan> = known.into_iter().filter(|plan| plan.line == *line).collect();
    let planned: BTreeSet<PathBuf> =
        known.iter().flat_map(|plan| plan.documents.values()).map(|planned| planned.path.clone()).collect();
    let (receipted, mut plans): (Vec<Plan>, Vec<Plan>) =
        known.into_iter().partition(|plan| plan.stage == Stage::Receipted);
    plans.sort_by_key(|plan| (plan.begun, plan.submission));
    let resumed = plans.len();
    let walked = walk(&line.arguments);
    if resumed == 0 {
        all_there(&walked, &line.arguments)?;
    }
    walked.skipped.iter().for_each(|skipped| teller.skipped(skipped));
    for plan in &mut plans {
        check(disk, folder, plan, teller)?;
    }
    let fresh: Vec<Found> = walked.found.into_iter().filter(|found| !planned.contains(&found.path)).collect();
    if resumed > 0 && !fresh.is_empty() {
        teller.console.say("send-later-files", args![count = fresh.len()]);
        for found in fresh.iter().take(NAMES_MAX) {
            teller.console.print(&format!("  {}", console::text::safe(found.name.as_sent())));
        }
    }
    let hashed = hash_all(fresh, teller, progress);
    for part in hashed.chunks(limits::SUBMISSION_DOCUMENTS_MAX) {
        let plan = plan(line, part, now)?;
        plan.store(disk, folder).map_err(|error| trouble::plan(&error))?;
        plans.push(plan);
    }
    match plans.is_empty() {
        true => Err(failure::nothing_to_send()),
        false => {
            Ok(Prepared { plans, receipted: receipted.iter().map(|plan| plan.submission).collect(), resumed })
        }
    }
}

/// The same files for the same book and period, begun as another class or kind, are a slip more likely than a wish.
fn no_conflict(known: &[Plan], line: &Line) -> Told<()> {
    let conflicts = |plan: &&Plan| {
        let other = Line { kind: line.kind, class: line.class, ..plan.line.clone() };
        plan.stage == Stage::Open && plan.line != *line && other == *line
    };
    match known.iter().find(conflicts) {
        Some(plan) => Err(failure::plan_conflict(plan.submission.to_string())),
        None => Ok(()),
    }
}

/// Something that was named and is not there is a slip: nothing is sent before it is corrected.
fn all_there(walked: &Walk, arguments: &[PathBuf]) -> Told<()> {
    let absent = walked.skipped.iter().find(|skipped| {
        let is_absent =
            matches!(&skipped.why, Why::Unreadable(error) if error.kind() == std::io::ErrorKind::NotFound);
        is_absent && arguments.contains(&skipped.path)
    });
    match absent {
        Some(skipped) => Err(failure::path_absent(&skipped.path)),
        None => Ok(()),
    }
}

/// A plan goes on only with files that still have the content that was hashed.
fn check(disk: &Disk, folder: &Path, plan: &mut Plan, teller: &mut Teller) -> Told<()> {
    let mut changes = false;
    for (n, planned) in &mut plan.documents {
        if planned.fate == Fate::Withdrawn {
            continue;
        }
        let source = Source::of(*n, planned);
        if source.open().is_ok() {
            continue;
        }
        // Copied, touched, on another disk: what counts is the content.
        changes = true;
        match source.hash_again(&planned.manifest) {
            Ok(fingerprint) => planned.fingerprint = fingerprint,
            Err(error) => {
                planned.fate = Fate::Withdrawn;
                teller.changed(&planned.name, &planned.path, &error);
            }
        }
    }
    match changes {
        true => plan.store(disk, folder).map_err(|error| trouble::plan(&error)),
        false => Ok(()),
    }
}

/// A file and what it came to.
struct Hashed {
    found: Found,
    manifest: Manifest,
    fingerprint: Fingerprint,
}

/// Hashes on all cores, in order; what can not be hashed is told and left out.
fn hash_all(files: Vec<Found>, teller: &mut Teller, progress: &Progress) -> Vec<Hashed> {
    let bytes = files.iter().filter_map(|found| std::fs::metadata(&found.path).ok()).map(|found| found.len());
    let total = Total { documents: files.len() as u64, bytes: bytes.fold(0, u64::saturating_add) };
    if files.is_empty() {
        return Vec::new();
    }
    progress.phase(Phase::Hashing, total);
    let hash = |found: Found| {
        let hashed = manifest_of(&found.path, &|bytes| progress.advance(bytes));
        progress.document_done();
        match hashed {
            Ok((manifest, fingerprint)) => Ok(Hashed { found, manifest, fingerprint }),
            Err(error) => Err((found, error)),
        }
    };
    let results: Vec<Result<Hashed, (Found, HashError)>> = files.into_par_iter().map(hash).collect();
    let mut hashed = Vec::with_capacity(results.len());
    for result in results {
        match result {
            Ok(one) => hashed.push(one),
            Err((found, error)) => teller.changed(&found.name, &found.path, &error),
        }
    }
    hashed
}

fn plan(line: &Line, part: &[Hashed], now: Timestamp) -> Told<Plan> {
    let missing = |_| failure::randomness_missing();
    let mut documents = std::collections::BTreeMap::new();
    for (n, hashed) in (1u32..).zip(part) {
        let planned = Planned {
            salt: host::random::bytes().map_err(missing)?,
            name_key: host::random::bytes().map_err(missing)?,
            name: hashed.found.name.clone(),
            media_type: media_type(&hashed.found.path),
            path: hashed.found.path.clone(),
            fingerprint: hashed.fingerprint,
            manifest: hashed.manifest.clone(),
            fate: Fate::Send,
        };
        documents.insert(n, planned);
    }
    let submission = SubmissionId::from_bytes(host::random::bytes().map_err(missing)?);
    Ok(Plan { submission, line: line.clone(), documents, begun: now, stage: Stage::Open })
}

/// By the name's ending alone: nothing is opened to guess, and nothing acts on it.
fn media_type(path: &Path) -> MediaType {
    let guessed = mime_guess::from_path(path).first_raw();
    guessed.and_then(|guessed| MediaType::parse(guessed).ok()).unwrap_or_else(MediaType::unknown)
}

/// Says for programs what a plan's documents are.
pub fn tell_hashed(plan: &Plan, console: &Console) {
    for (n, planned) in plan.sending() {
        let blake3 = Some(planned.manifest.root().to_hex());
        tell_file(console, n, &planned.name, FileState::Hashed, planned.manifest.length(), blake3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use console::{FailureCode, Output};
    use model::{BookId, Class, Kind, Period, PracticeId};

    struct Scene {
        _files: tempfile::TempDir,
        plans: tempfile::TempDir,
        line: Line,
    }

    fn scene(files: &[(&str, &str)]) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("6月");
        std::fs::create_dir(&root).unwrap();
        for (name, content) in files {
            std::fs::write(root.join(name), content).unwrap();
        }
        let line = Line {
            practice: PracticeId::parse("7777777777777777").unwrap(),
            book: BookId::from_bytes([4; 16]),
            period: Period::parse("2026-06").unwrap(),
            kind: Kind::Invoice,
            class: Class::Internal,
            arguments: vec![root],
        };
        Scene { _files: folder, plans: tempfile::tempdir().unwrap(), line }
    }

    impl Scene {
        fn file(&self, name: &str) -> PathBuf {
            self.line.arguments[0].join(name)
        }

        fn prepare(&self) -> (Told<Prepared>, u64, console::Captured) {
            let (console, said) = crate::testing::console(Output::Json, &[]);
            let mut teller = Teller::new(console.clone());
            let progress = console.progress(Phase::Reading, Total::default());
            let now = Timestamp::from_unix_ms(5);
            let prepared = prepare(&Disk::real(), self.plans.path(), &self.line, now, &mut teller, &progress);
            (prepared, teller.failed, said)
        }
    }

    #[test]
    fn the_same_line_goes_on_with_its_plan_and_new_files_follow() {
        let scene = scene(&[("a.pdf", "a"), ("b.xml", "b")]);
        let first = scene.prepare().0.unwrap();
        assert_eq!((first.plans.len(), first.resumed), (1, 0));
        assert_eq!(first.plans[0].documents[&1].media_type.as_str(), "application/pdf");
        assert_eq!(first.plans[0].documents[&1].name.as_sent(), "6月/a.pdf");
        std::fs::write(scene.file("c.csv"), "c").unwrap();
        let (again, failed, _) = scene.prepare();
        let again = again.unwrap();
        assert_eq!((again.plans.len(), again.resumed, failed), (2, 1, 0));
        assert_eq!(again.plans[0], first.plans[0]);
        assert_eq!(again.plans[1].documents[&1].name.as_sent(), "6月/c.csv");
        let third = scene.prepare().0.unwrap();
        assert_eq!((third.plans.len(), third.resumed), (2, 2), "the new plan is durable too");
    }

    #[test]
    fn a_changed_file_is_withdrawn_and_a_touched_one_is_not() {
        let scene = scene(&[("a", "a"), ("b", "b"), ("c", "c")]);
        scene.prepare().0.unwrap();
        std::fs::write(scene.file("a"), "other").unwrap();
        std::fs::remove_file(scene.file("b")).unwrap();
        std::fs::remove_file(scene.file("c")).unwrap();
        std::fs::write(scene.file("c"), "c").unwrap();
        let (prepared, failed, said) = scene.prepare();
        let plan = &prepared.unwrap().plans[0];
        let fates: Vec<Fate> = plan.documents.values().map(|planned| planned.fate).collect();
        assert_eq!(fates, [Fate::Withdrawn, Fate::Withdrawn, Fate::Send]);
        assert_eq!(failed, 2);
        let words: Vec<_> = said
            .events()
            .iter()
            .filter(|event| event["type"] == "withdrawn")
            .map(|event| event["word"].clone())
            .collect();
        assert_eq!(words, ["file-changed", "file-unreadable"]);
        assert_eq!(scene.prepare().1, 0, "it is said once");
    }

    #[test]
    fn what_was_named_and_is_not_there_stops_everything() {
        let mut scene = scene(&[("a", "a")]);
        scene.line.arguments.push(PathBuf::from("/no/such/file"));
        assert_eq!(scene.prepare().0.err().unwrap().code(), FailureCode::PathAbsent);
        let scene = self::scene(&[]);
        assert_eq!(scene.prepare().0.err().unwrap().code(), FailureCode::NothingToSend);
    }

    #[test]
    fn an_unreadable_file_is_named_and_the_others_go() {
        let scene = scene(&[("a", "a"), ("b", "b")]);
        std::os::unix::fs::symlink("/etc/passwd", scene.file("link")).unwrap();
        let (prepared, failed, said) = scene.prepare();
        assert_eq!(prepared.unwrap().plans[0].documents.len(), 2);
        assert_eq!(failed, 1);
        assert!(said.out().contains("file-special"));
    }

    #[test]
    fn the_same_files_under_another_kind_are_a_conflict_while_the_first_is_unfinished() {
        let mut scene = scene(&[("a", "a")]);
        let plan = scene.prepare().0.unwrap().plans.pop().unwrap();
        scene.line.kind = Kind::Contract;
        assert_eq!(scene.prepare().0.err().unwrap().code(), FailureCode::PlanConflict);
        Plan::end(&Disk::real(), scene.plans.path(), plan.submission).unwrap();
        assert!(scene.prepare().0.is_ok());
    }

    #[test]
    fn files_of_a_receipted_plan_are_not_new() {
        let scene = scene(&[("a", "a"), ("b", "b")]);
        let mut plan = scene.prepare().0.unwrap().plans.pop().unwrap();
        plan.stage = Stage::Receipted;
        plan.store(&Disk::real(), scene.plans.path()).unwrap();
        std::fs::write(scene.file("c"), "c").unwrap();
        let prepared = scene.prepare().0.unwrap();
        assert_eq!(prepared.receipted, [plan.submission]);
        assert_eq!((prepared.plans.len(), prepared.plans[0].documents.len()), (1, 1));
    }
}
