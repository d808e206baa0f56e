//! The operating system's own file system as a [`Medium`]. Decides nothing: `disk` does.
#![allow(clippy::disallowed_methods)] // the one place that syncs and renames

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::error::NotPlain;
use super::medium::{FolderFault, How, Medium, MediumFile, Onto, Space};
use super::verdict::{self, MediumVerdict};

/// Files 0600: the owner alone.
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);
/// Folders 0700: the owner alone.
const FOLDER_MODE: u32 = 0o700;

pub(super) struct RealMedium;

impl Medium for RealMedium {
    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn MediumFile>> {
        let flags = match how {
            How::Read => OFlags::RDONLY,
            How::ReadWrite => OFlags::RDWR,
            How::CreateNew => OFlags::RDWR | OFlags::CREATE | OFlags::EXCL,
        };
        Ok(Box::new(open_plain(path, flags)?))
    }

    fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        match fs::symlink_metadata(path) {
            Ok(_) => Ok(true),
            Err(fault) if is_nothing_there(&fault) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    fn is_folder(&self, path: &Path) -> io::Result<bool> {
        match fs::metadata(path) {
            Ok(found) => Ok(found.is_dir()),
            Err(fault) if is_nothing_there(&fault) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::DirBuilder::new().mode(FOLDER_MODE).create(path)
    }

    fn sync_folder(&self, path: &Path) -> Result<(), FolderFault> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|fault| FolderFault::Unreached(fault.into()))?;
        rustix::fs::fsync(&folder).map_err(|fault| FolderFault::Failed(fault.into()))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path, onto: Onto) -> io::Result<()> {
        if onto == Onto::Anything {
            return fs::rename(from, to);
        }
        match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // The file system knows no such rename: a second name, then the first one goes. Files only.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                fs::hard_link(from, to)?;
                fs::remove_file(from)
            }
            done => Ok(done?),
        }
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let file = open_plain(path, OFlags::RDWR | OFlags::CREATE)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(file)),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(fault)) => Err(fault),
        }
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        let found = rustix::fs::statvfs(path)?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Ok(Space { free_bytes: bytes(found.f_bavail), total_bytes: bytes(found.f_blocks) })
    }

    fn verdict(&self, path: &Path) -> MediumVerdict {
        verdict::examine(path)
    }

    fn draw(&self, out: &mut [u8]) -> io::Result<()> {
        crate::random::fill(out).map_err(io::Error::other)
    }
}

impl MediumFile for File {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match FileExt::read_at(self, out, offset) {
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        File::set_len(self, bytes)
    }

    fn sync_content(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn sync_everything(&self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Opens a plain file and nothing else. Not blocking, so that a pipe put in a file's place can not hold us up.
fn open_plain(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = match rustix::fs::open(path, flags, FILE_MODE) {
        Ok(opened) => File::from(opened),
        Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => return Err(NotPlain::error()),
        Err(fault) => return Err(fault.into()),
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(NotPlain::error()) }
}

fn is_nothing_there(fault: &io::Error) -> bool {
    matches!(fault.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
