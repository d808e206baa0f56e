//! The real disk on a temporary folder, and failed syncs through a simulated medium.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::sync::atomic::AtomicUsize;

use rustix::fs::{CWD, FileType, Mode};
use tempfile::TempDir;

use super::*;
use crate::sim::{Loss, SimMedium};

/// Tells the test binary that it is the child that is to die.
const CHILD: &str = "COUNTERFOIL_HOST_TEST_CHILD";

fn real() -> (Disk, TempDir) {
    (Disk::real(), TempDir::new().unwrap())
}

fn mode_of(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_whole_file_is_written_replaced_and_read() {
    let (disk, folder) = real();
    let path = folder.path().join("head");
    disk.write_whole(&path, b"old").unwrap();
    disk.write_whole(&path, b"newer").unwrap();
    assert_eq!(disk.read_whole(&path, 5).unwrap(), b"newer");
    assert_eq!(mode_of(&path), 0o600);
    assert_eq!(disk.list(folder.path()).unwrap(), ["head"]);
}

#[test]
fn a_file_that_is_there_is_not_created_over() {
    let (disk, folder) = real();
    let path = folder.path().join("vault.json");
    disk.create_whole(&path, b"first").unwrap();
    assert!(matches!(disk.create_whole(&path, b"second"), Err(DiskError::Exists { .. })));
    assert!(matches!(disk.open(&path, How::CreateNew), Err(DiskError::Exists { .. })));
    assert_eq!(disk.read_whole(&path, 100).unwrap(), b"first");
    assert_eq!(disk.list(folder.path()).unwrap(), ["vault.json"]);
    // Even a link to nowhere holds its name.
    let link = folder.path().join("link");
    symlink("nowhere", &link).unwrap();
    assert!(disk.exists(&link).unwrap());
    assert!(matches!(disk.create_whole(&link, b"x"), Err(DiskError::Exists { .. })));
}

#[test]
fn the_rename_itself_refuses_a_name_taken_meanwhile() {
    let (disk, folder) = real();
    let path = folder.path().join("raced");
    std::fs::write(&path, b"theirs").unwrap();
    // As create_whole does it, but past its first look.
    let placed = disk.place_whole(&path, b"ours", Onto::Nothing);
    assert!(matches!(placed, Err(DiskError::Exists { path: named }) if named == path));
    assert_eq!(disk.read_whole(&path, 100).unwrap(), b"theirs");
    assert_eq!(disk.list(folder.path()).unwrap(), ["raced"]);
}

#[test]
fn a_file_longer_than_allowed_is_not_read() {
    let (disk, folder) = real();
    let path = folder.path().join("large");
    disk.open(&path, How::CreateNew).unwrap().set_len(1 << 40).unwrap();
    let read = disk.read_whole(&path, 1 << 20);
    assert!(matches!(read, Err(DiskError::TooLarge { bytes, bytes_max, .. })
        if bytes == 1 << 40 && bytes_max == 1 << 20));
}

#[test]
fn what_is_absent_is_said_to_be_absent() {
    let (disk, folder) = real();
    let path = folder.path().join("none");
    assert!(disk.read_whole(&path, 1).unwrap_err().is_absent());
    assert!(disk.open(&path, How::ReadWrite).unwrap_err().is_absent());
    assert!(disk.list(&path).unwrap_err().is_absent());
    assert!(disk.sync_folder(&path).unwrap_err().is_absent());
    assert!(disk.rename(&path, &folder.path().join("b")).unwrap_err().is_absent());
    assert!(disk.write_whole(&path.join("below"), b"").unwrap_err().is_absent());
    assert!(!disk.exists(&path).unwrap());
    disk.remove_file(&path).unwrap();
    disk.remove_folder(&path).unwrap();
}

#[test]
fn links_folders_and_pipes_are_not_files() {
    let (disk, folder) = real();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("target"), b"secret").unwrap();
    symlink(at("target"), at("link")).unwrap();
    std::fs::create_dir(at("folder")).unwrap();
    rustix::fs::mknodat(CWD, at("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    for name in ["link", "folder", "pipe"] {
        for how in [How::Read, How::ReadWrite] {
            assert!(matches!(disk.open(&at(name), how), Err(DiskError::NotAFile { .. })), "{name} {how:?}");
        }
        assert!(matches!(disk.lock(&at(name)), Err(DiskError::NotAFile { .. })), "{name}");
    }
    // Writing a whole file replaces the link, not what it points to.
    disk.write_whole(&at("link"), b"plain").unwrap();
    assert_eq!(disk.read_whole(&at("target"), 10).unwrap(), b"secret");
    assert_eq!(disk.read_whole(&at("link"), 10).unwrap(), b"plain");
}

#[test]
fn folders_are_made_with_those_above_them_for_the_owner_alone() {
    let (disk, folder) = real();
    let deep = folder.path().join("a/b/c");
    disk.create_folder(&deep).unwrap();
    disk.create_folder(&deep).unwrap();
    for path in [&deep, deep.parent().unwrap(), &folder.path().join("a")] {
        assert_eq!(mode_of(path), 0o700);
    }
    disk.write_whole(&folder.path().join("file"), b"").unwrap();
    assert!(disk.create_folder(&folder.path().join("file/below")).is_err());
    assert!(matches!(disk.create_folder(&folder.path().join("file")), Err(DiskError::Exists { .. })));
    disk.create_folder(Path::new("/")).unwrap();
}

#[test]
fn only_an_empty_folder_is_removed() {
    let (disk, folder) = real();
    let path = folder.path().join("a/b");
    disk.create_folder(&path).unwrap();
    assert!(disk.remove_folder(path.parent().unwrap()).is_err());
    disk.remove_folder(&path).unwrap();
    disk.remove_folder(path.parent().unwrap()).unwrap();
    assert!(disk.list(folder.path()).unwrap().is_empty());
}

#[test]
fn a_rename_never_replaces() {
    let (disk, folder) = real();
    let at = |name: &str| folder.path().join(name);
    disk.create_folder(&at("ledger")).unwrap();
    disk.write_whole(&at("ledger/db"), b"rows").unwrap();
    disk.create_folder(&at("aside")).unwrap();
    disk.rename(&at("ledger"), &at("aside/ledger")).unwrap();
    assert_eq!(disk.read_whole(&at("aside/ledger/db"), 10).unwrap(), b"rows");
    disk.write_whole(&at("one"), b"1").unwrap();
    disk.write_whole(&at("two"), b"2").unwrap();
    assert!(
        matches!(disk.rename(&at("one"), &at("two")), Err(DiskError::Exists { path }) if path == at("two"))
    );
    assert_eq!(disk.read_whole(&at("two"), 10).unwrap(), b"2");
}

#[test]
fn a_file_is_read_and_written_at_offsets() {
    let (disk, folder) = real();
    let file = disk.open(&folder.path().join("object"), How::CreateNew).unwrap();
    file.write_all_at(10, b"after a hole").unwrap();
    file.write_all_at(10, b"AFTER").unwrap();
    file.sync().unwrap();
    assert_eq!(file.len().unwrap(), 22);
    let mut all = [1; 22];
    file.read_exact_at(0, &mut all).unwrap();
    assert_eq!(&all, b"\0\0\0\0\0\0\0\0\0\0AFTER a hole");
    file.set_len(15).unwrap();
    assert_eq!(file.read_at(12, &mut all).unwrap(), 3);
    assert_eq!(file.read_at(15, &mut all).unwrap(), 0);
    let short = file.read_exact_at(10, &mut all);
    assert!(matches!(short, Err(DiskError::Short { wanted_end: 32, .. })));
    assert!(file.read_at(u64::MAX, &mut all).is_err());
    let reader = disk.open(file.path(), How::Read).unwrap();
    assert!(matches!(reader.write_all_at(0, b"x"), Err(DiskError::Io { doing: "write", .. })));
}

#[test]
fn a_lock_is_held_by_one_until_it_is_dropped() {
    let (disk, folder) = real();
    let path = folder.path().join("lock");
    let held = disk.lock(&path).unwrap();
    assert!(matches!(disk.lock(&path), Err(DiskError::Held { .. })));
    drop(held);
    disk.lock(&path).unwrap();
    assert_eq!(mode_of(&path), 0o600);
}

#[test]
fn leftovers_of_a_crash_are_known_by_their_name_and_swept() {
    let (disk, folder) = real();
    let leftover = disk.temporary_beside(&folder.path().join("head")).unwrap();
    disk.write_temporary(&leftover, b"half").unwrap();
    disk.write_whole(&folder.path().join("head"), b"whole").unwrap();
    assert!(is_temporary(leftover.file_name().unwrap()));
    assert_eq!(disk.list(folder.path()).unwrap().len(), 2);
    assert_eq!(disk.sweep_temporary(folder.path()).unwrap(), 1);
    assert_eq!(disk.list(folder.path()).unwrap(), ["head"]);
}

#[test]
fn a_path_without_a_folder_stands_in_the_current_one() {
    assert_eq!(parent(Path::new("head")), Path::new("."));
    assert_eq!(parent(Path::new("a/head")), Path::new("a"));
    assert_eq!(parent(Path::new("/")), Path::new("/"));
}

#[test]
fn space_and_medium_are_examined() {
    let (disk, folder) = real();
    let space = disk.space(folder.path()).unwrap();
    assert!(space.total_bytes > 0 && space.free_bytes <= space.total_bytes);
    assert_ne!(disk.medium_of(folder.path()), MediumVerdict::CanNot(vec![Keeps::Unexamined]));
    assert!(disk.space(&folder.path().join("none")).is_err());
}

// ---- faults ----

#[test]
fn no_space_leaves_the_old_file_and_no_leftover() {
    let sim = SimMedium::new(3);
    let disk = sim.disk();
    let path = Path::new("/head");
    disk.write_whole(path, b"old").unwrap();
    sim.fail_write_at(sim.writes() + 1);
    assert!(matches!(disk.write_whole(path, b"new"), Err(DiskError::Full { .. })));
    assert_eq!(disk.read_whole(path, 10).unwrap(), b"old");
    assert_eq!(disk.list(Path::new("/")).unwrap(), ["head"]);
    disk.write_whole(path, b"new").unwrap();
}

#[test]
fn after_any_failed_sync_nothing_more_is_done() {
    // The steps of one run; each sync in it fails once, file or folder.
    let steps = |sim: &SimMedium| -> Result<(), DiskError> {
        let disk = sim.disk();
        disk.create_folder(Path::new("/a"))?;
        disk.write_whole(Path::new("/a/whole"), b"x")?;
        let file = disk.open(Path::new("/a/object"), How::CreateNew)?;
        file.sync()?;
        disk.sync_folder(Path::new("/a"))?;
        disk.rename(Path::new("/a/object"), Path::new("/b"))?;
        Ok(())
    };
    let clean = SimMedium::new(0);
    steps(&clean).unwrap();
    assert_eq!(clean.syncs(), 7);
    for n in 1..=clean.syncs() {
        let sim = SimMedium::new(0);
        sim.fail_sync_at(n);
        assert!(matches!(steps(&sim), Err(DiskError::SyncFailed { .. })), "sync {n}");
        assert_eq!(sim.syncs(), n, "sync {n} was tried again");
    }
}

#[test]
fn a_poisoned_disk_refuses_everything() {
    let sim = SimMedium::new(0);
    let disk = sim.disk();
    let path = Path::new("/file");
    let file = disk.open(path, How::CreateNew).unwrap();
    sim.fail_sync_at(1);
    assert!(matches!(file.sync(), Err(DiskError::SyncFailed { .. })));
    let operations = sim.operations();
    let poisoned = |fault: DiskError| assert!(matches!(fault, DiskError::Poisoned), "{fault:?}");
    poisoned(file.sync().unwrap_err());
    poisoned(file.write_all_at(0, b"x").unwrap_err());
    poisoned(file.read_at(0, &mut [0]).unwrap_err());
    poisoned(file.set_len(0).unwrap_err());
    poisoned(file.len().unwrap_err());
    poisoned(disk.write_whole(path, b"").unwrap_err());
    poisoned(disk.create_whole(path, b"").unwrap_err());
    poisoned(disk.read_whole(path, 1).unwrap_err());
    poisoned(disk.create_folder(path).unwrap_err());
    poisoned(disk.sync_folder(path).unwrap_err());
    poisoned(disk.list(path).unwrap_err());
    poisoned(disk.exists(path).unwrap_err());
    poisoned(disk.remove_file(path).unwrap_err());
    poisoned(disk.remove_folder(path).unwrap_err());
    poisoned(disk.rename(path, path).unwrap_err());
    poisoned(disk.clone().lock(path).unwrap_err());
    poisoned(disk.space(path).unwrap_err());
    assert_eq!(sim.operations(), operations);
}

/// A file that counts who is in its sync, and fails the first.
#[derive(Default)]
struct Crowded {
    inside: AtomicUsize,
    crowd: Arc<AtomicUsize>,
    failed: AtomicBool,
}

impl MediumFile for Crowded {
    fn read_at(&self, _offset: u64, _out: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
    fn write_all_at(&self, _offset: u64, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn len(&self) -> io::Result<u64> {
        Ok(0)
    }
    fn set_len(&self, _bytes: u64) -> io::Result<()> {
        Ok(())
    }
    fn sync_content(&self) -> io::Result<()> {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.crowd.fetch_max(inside, Ordering::SeqCst);
        for _ in 0..100 {
            std::thread::yield_now();
        }
        self.inside.fetch_sub(1, Ordering::SeqCst);
        if self.failed.swap(true, Ordering::SeqCst) { Ok(()) } else { Err(io::Error::other("lost")) }
    }
    fn sync_everything(&self) -> io::Result<()> {
        self.sync_content()
    }
}

#[test]
fn of_many_syncs_beside_a_failed_one_none_is_taken_for_good() {
    for _ in 0..20 {
        let disk = SimMedium::new(0).disk();
        let crowded = Crowded::default();
        let crowd = Arc::clone(&crowded.crowd);
        let file = DiskFile::new(Arc::clone(&disk.0), Box::new(crowded), "/file".into());
        std::thread::scope(|threads| {
            let syncs: Vec<_> = (0..4).map(|_| threads.spawn(|| file.sync().is_ok())).collect();
            assert!(syncs.into_iter().all(|sync| !sync.join().unwrap()));
        });
        assert_eq!(
            crowd.load(Ordering::SeqCst),
            1,
            "two in one sync: the kernel tells only one of a failure"
        );
    }
}

#[test]
fn a_failed_sync_ends_the_process() {
    let folder = TempDir::new().unwrap();
    let marker = folder.path().join("went on");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "disk::tests::the_child_whose_sync_fails", "--nocapture"])
        .env(CHILD, &marker)
        .output()
        .unwrap();
    assert_eq!(child.status.code(), Some(EXIT_SYNC_FAILED));
    let said = String::from_utf8_lossy(&child.stderr).into_owned();
    assert!(said.contains("sync of /the file failed"), "{said}");
    assert!(!marker.exists());
}

/// Not a test of its own: the body of the child of the one above.
#[test]
fn the_child_whose_sync_fails() {
    let Some(marker) = std::env::var_os(CHILD) else { return };
    let sim = SimMedium::new(0);
    let disk = Disk::assemble(Arc::new(sim.clone()), OnFailedSync::EndProcess);
    let file = disk.open(Path::new("/the file"), How::CreateNew).unwrap();
    sim.fail_sync_at(1);
    let _ignored = file.sync();
    std::fs::write(marker, b"").unwrap();
}

#[test]
fn the_real_disk_is_one_that_ends_the_process() {
    assert!(matches!(Disk::real().0.on_failed_sync, OnFailedSync::EndProcess));
    assert!(matches!(SimMedium::new(0).disk().0.on_failed_sync, OnFailedSync::Poison));
}

#[test]
fn a_folder_found_half_made_is_durable_once_it_is_asked_for() {
    let sim = SimMedium::new(0);
    // Made by one who was killed before the sync.
    sim.make_folder(Path::new("/a")).unwrap();
    sim.restart();
    sim.disk().create_folder(Path::new("/a/b")).unwrap();
    sim.crash_losing(Loss::Everything);
    assert!(sim.disk().is_folder(Path::new("/a/b")).unwrap());
}

#[test]
fn a_folder_below_one_that_may_not_be_opened_is_good_and_a_new_one_there_is_not() {
    let sim = SimMedium::new(0);
    sim.disk().create_folder(Path::new("/private/practice")).unwrap();
    sim.deny_folder(Path::new("/private"));
    sim.disk().create_folder(Path::new("/private/practice")).unwrap();
    sim.disk().create_folder(Path::new("/private/practice/shelves")).unwrap();
    let unproven = sim.disk().create_folder(Path::new("/private/other"));
    assert!(matches!(unproven, Err(DiskError::Io { doing: "open the folder", .. })));
}
