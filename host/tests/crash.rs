//! Power cuts and kills at every operation: nothing acknowledged is lost, and a whole file is the old or the new one.
//!
//! Method: one workload runs once to count its operations, then once for every operation and seed with the power
//! cut there. After the crash all is recovered and compared with what had been acknowledged; then a second crash,
//! which takes everything that was not synced, must change nothing. Negative control: the same with the syncs
//! switched off must lose something.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;

use counterfoil_host as host;
use host::disk::{FolderFault, MediumFile, MediumVerdict, Onto};
use host::sim::{Loss, SimMedium};
use host::{Disk, DiskError, How, Log, LogError, Medium, Space};

const FORMAT: &str = "counterfoil crash 1";
const LOG: &str = "/practice/journal/log.0";
const HEAD: &str = "/practice/journal/head";
const SEEDS: u64 = 24;

/// What the workload was told, and what it last asked for.
#[derive(Default)]
struct Told {
    log_made: bool,
    frames: Vec<Vec<u8>>,
    frame_asked: Option<Vec<u8>>,
    head: Option<Vec<u8>>,
    head_asked: Option<Vec<u8>>,
    once: bool,
}

fn body(n: u8) -> Vec<u8> {
    vec![n; 1 + usize::from(n) * 700]
}

fn head(n: u8) -> Vec<u8> {
    vec![b'0' + n; 1_500 + usize::from(n)]
}

fn workload(disk: &Disk, told: &mut Told) -> Result<(), LogError> {
    disk.create_folder(Path::new("/practice/journal"))?;
    let mut log = Log::create(disk, Path::new(LOG), FORMAT)?;
    told.log_made = true;
    disk.create_whole(Path::new("/practice/vault.json"), b"once and for all")?;
    told.once = true;
    for n in 1..=4 {
        told.frame_asked = Some(body(n));
        log.append(1, &body(n))?;
        told.frames.push(body(n));
        told.frame_asked = None;
        told.head_asked = Some(head(n));
        disk.write_whole(Path::new(HEAD), &head(n))?;
        told.head = told.head_asked.take();
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
struct Found {
    frames: Option<Vec<Vec<u8>>>,
    head: Option<Vec<u8>>,
    once: Option<Vec<u8>>,
}

/// Opens everything as a start does: what could not be made durable before is, before it is relied on.
fn start(disk: &Disk) -> Found {
    for folder in ["/", "/practice", "/practice/journal"] {
        match disk.sync_folder(Path::new(folder)) {
            Err(fault) if !fault.is_absent() => panic!("{fault}"),
            _ => {}
        }
    }
    let read = |path: &str| match disk.read_whole(Path::new(path), 10_000) {
        Ok(content) => Some(content),
        Err(DiskError::Absent { .. }) => None,
        Err(fault) => panic!("{fault}"),
    };
    let mut frames = Vec::new();
    let log = Log::recover(disk, Path::new(LOG), FORMAT, 0, &mut |frame| {
        frames.push(frame.body.to_vec());
        Ok(())
    });
    let frames = match log {
        Ok(_) => Some(frames),
        Err(LogError::Disk(DiskError::Absent { .. })) => None,
        Err(fault) => panic!("{fault}"),
    };
    Found { frames, head: read(HEAD), once: read("/practice/vault.json") }
}

fn check(found: &Found, told: &Told) -> Result<(), String> {
    match &found.frames {
        None if told.log_made => return Err("the log is gone".into()),
        None => {}
        Some(frames) => {
            let (kept, more) = frames.split_at_checked(told.frames.len()).ok_or("frames are gone")?;
            let more_asked =
                more.is_empty() || told.frame_asked.as_deref() == more.first().map(Vec::as_slice);
            if kept != told.frames || more.len() > 1 || !more_asked {
                return Err("frames are not those appended".into());
            }
        }
    }
    if found.head != told.head && (found.head.is_none() || found.head != told.head_asked) {
        return Err("the head is neither the old nor the new one".into());
    }
    match &found.once {
        None if told.once => Err("the file made once is gone".into()),
        Some(content) if content != b"once and for all" => Err("the file made once is not whole".into()),
        _ => Ok(()),
    }
}

fn operations() -> u64 {
    let sim = SimMedium::new(0);
    workload(&sim.disk(), &mut Told::default()).unwrap();
    sim.operations()
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_acknowledged() {
    for operation in 1..=operations() {
        for seed in 0..SEEDS {
            let case = format!("operation {operation}, seed {seed}");
            let sim = SimMedium::new(seed);
            sim.cut_power_at(operation);
            let mut told = Told::default();
            workload(&sim.disk(), &mut told).unwrap_err();
            sim.crash();
            let found = start(&sim.disk());
            check(&found, &told).unwrap_or_else(|fault| panic!("{case}: {fault}"));
            sim.crash_losing(Loss::Everything);
            assert_eq!(start(&sim.disk()), found, "{case}: a second crash changed what was found");
        }
    }
}

#[test]
fn a_power_cut_during_recovery_loses_nothing_acknowledged() {
    for operation in 1..=operations() {
        for again in 1..=8 {
            let sim = SimMedium::new(operation * 31 + again);
            sim.cut_power_at(operation);
            let mut told = Told::default();
            workload(&sim.disk(), &mut told).unwrap_err();
            sim.crash();
            sim.cut_power_at(sim.operations() + again);
            // What is reached of it does not matter, only what is found after it.
            let _ignored = Log::recover(&sim.disk(), Path::new(LOG), FORMAT, 0, &mut |_| Ok(()));
            sim.crash();
            check(&start(&sim.disk()), &told)
                .unwrap_or_else(|fault| panic!("operations {operation}, {again}: {fault}"));
        }
    }
}

#[test]
fn a_kill_at_any_operation_then_a_power_cut_loses_nothing_found_after_the_kill() {
    for operation in 1..=operations() {
        let sim = SimMedium::new(operation);
        sim.cut_power_at(operation);
        let mut told = Told::default();
        workload(&sim.disk(), &mut told).unwrap_err();
        sim.restart();
        let found = start(&sim.disk());
        check(&found, &told).unwrap_or_else(|fault| panic!("operation {operation}: {fault}"));
        sim.crash_losing(Loss::Everything);
        assert_eq!(start(&sim.disk()), found, "operation {operation}");
    }
}

#[test]
fn a_failed_sync_at_any_place_loses_nothing_acknowledged() {
    let clean = SimMedium::new(0);
    workload(&clean.disk(), &mut Told::default()).unwrap();
    for n in 1..=clean.syncs() {
        for seed in 0..SEEDS {
            let sim = SimMedium::new(seed);
            sim.fail_sync_at(n);
            let mut told = Told::default();
            workload(&sim.disk(), &mut told).unwrap_err();
            sim.crash();
            let found = start(&sim.disk());
            check(&found, &told).unwrap_or_else(|fault| panic!("sync {n}, seed {seed}: {fault}"));
        }
    }
}

#[test]
fn no_space_at_any_write_loses_nothing_acknowledged() {
    let clean = SimMedium::new(0);
    workload(&clean.disk(), &mut Told::default()).unwrap();
    for n in 1..=clean.writes() {
        let sim = SimMedium::new(n);
        sim.fail_write_at(n);
        let mut told = Told::default();
        workload(&sim.disk(), &mut told).unwrap_err();
        check(&start(&sim.disk()), &told).unwrap_or_else(|fault| panic!("write {n}: {fault}"));
    }
}

#[test]
fn with_the_syncs_switched_off_a_power_cut_is_noticed() {
    let noticed = (0..SEEDS).filter(|seed| {
        let sim = SimMedium::new(*seed);
        let mut told = Told::default();
        workload(&Disk::over(Arc::new(NoBarrier(sim.clone()))), &mut told).unwrap();
        sim.crash();
        let found = std::panic::catch_unwind(|| start(&sim.disk()));
        found.map_or(true, |found| check(&found, &told).is_err())
    });
    assert!(noticed.count() as u64 > SEEDS / 2);
}

/// A medium whose syncs do nothing and say that all is well.
struct NoBarrier(SimMedium);

struct NoBarrierFile(Box<dyn MediumFile>);

impl Medium for NoBarrier {
    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn MediumFile>> {
        Ok(Box::new(NoBarrierFile(self.0.open(path, how)?)))
    }
    fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.0.names(path)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.0.exists(path)
    }
    fn is_folder(&self, path: &Path) -> io::Result<bool> {
        self.0.is_folder(path)
    }
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.0.make_folder(path)
    }
    fn sync_folder(&self, _path: &Path) -> Result<(), FolderFault> {
        Ok(())
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.0.remove_file(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.0.remove_folder(path)
    }
    fn rename(&self, from: &Path, to: &Path, onto: Onto) -> io::Result<()> {
        self.0.rename(from, to, onto)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.0.lock(path)
    }
    fn space(&self, path: &Path) -> io::Result<Space> {
        self.0.space(path)
    }
    fn verdict(&self, path: &Path) -> MediumVerdict {
        self.0.verdict(path)
    }
    fn draw(&self, out: &mut [u8]) -> io::Result<()> {
        self.0.draw(out)
    }
}

impl MediumFile for NoBarrierFile {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, out)
    }
    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(offset, bytes)
    }
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }
    fn sync_content(&self) -> io::Result<()> {
        Ok(())
    }
    fn sync_everything(&self) -> io::Result<()> {
        Ok(())
    }
}
