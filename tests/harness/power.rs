//! A file system of its own, whose power can be cut and whose room can be taken: ext4 in a file, mounted by loop, shut
//! down by the ioctl that drops the page cache and the journal that was not committed. Needs root.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::programs;

/// `FS_IOC_SHUTDOWN` (linux/fs.h: `_IOR('X', 125, __u32)`) with `EXT4_GOING_FLAGS_NOLOGFLUSH`: what is not on the disk
/// yet is lost. Python calls it, because a call of one's own would be unsafe code.
const CUT: &str = "import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))";

/// The smallest room that a file takes.
const BLOCK_BYTES: u64 = 1 << 10;

/// A mounted image. It is unmounted when this is dropped.
pub struct Image {
    file: PathBuf,
    mount: PathBuf,
    is_mounted: bool,
}

impl Image {
    /// Makes an image of so many bytes in `place` and mounts it.
    ///
    /// # Errors
    /// Why there is no such thing here.
    pub fn open(place: &Path, bytes: u64) -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("not root".to_owned());
        }
        for needed in ["mkfs.ext4", "mount", "umount", "python3"] {
            if !programs::is_installed(needed) {
                return Err(format!("{needed} is not installed"));
            }
        }
        let mut image = Self { file: place.join("image"), mount: place.join("disk"), is_mounted: false };
        let file = std::fs::File::create(&image.file).map_err(|error| error.to_string())?;
        file.set_len(bytes).map_err(|error| error.to_string())?;
        std::fs::create_dir_all(&image.mount).map_err(|error| error.to_string())?;
        run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image.file))?;
        image.mount()?;
        // Whether the ioctl works here is known only by calling it.
        image.cut()?;
        image.unmount()?;
        image.mount()?;
        Ok(image)
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.mount
    }

    /// Cuts the power: from now on nothing reaches the disk, and every call fails.
    ///
    /// # Errors
    /// What failed.
    pub fn cut(&self) -> Result<(), String> {
        run(Command::new("python3").arg("-c").arg(CUT).arg(&self.mount))
    }

    /// Takes all the room that there is, to the last block.
    ///
    /// # Errors
    /// The file that takes it can not be made.
    pub fn fill(&self) -> Result<(), String> {
        let file = std::fs::File::create(self.filling()).map_err(|error| error.to_string())?;
        let (mut length, mut step) = (0, 1 << 20);
        while step >= BLOCK_BYTES {
            match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), length, step) {
                Ok(()) => length += step,
                Err(_) => step /= 2,
            }
        }
        Ok(())
    }

    /// Gives the room back.
    ///
    /// # Errors
    /// It was not taken.
    pub fn make_room(&self) -> Result<(), String> {
        std::fs::remove_file(self.filling()).map_err(|error| error.to_string())
    }

    fn filling(&self) -> PathBuf {
        self.mount.join("filling")
    }

    /// Power is back: unmounts and mounts again, which replays the file system's journal. No fsck.
    ///
    /// # Errors
    /// What failed: most often somebody still has a file open.
    pub fn power_on(&mut self) -> Result<(), String> {
        self.unmount()?;
        self.mount()
    }

    fn mount(&mut self) -> Result<(), String> {
        run(Command::new("mount").args(["-o", "loop"]).arg(&self.file).arg(&self.mount))?;
        self.is_mounted = true;
        Ok(())
    }

    fn unmount(&mut self) -> Result<(), String> {
        run(Command::new("umount").arg(&self.mount))?;
        self.is_mounted = false;
        Ok(())
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if self.is_mounted {
            // Lazily: a process that is about to die may still stand in it.
            let _ = run(Command::new("umount").arg("-l").arg(&self.mount));
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}
