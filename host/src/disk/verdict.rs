//! Whether a medium forgets what is overwritten in place. Warns only: nothing is refused for a verdict.
//!
//! It judges what the kernel tells: the file system, its journal, swap. What lies below (a flash controller, a
//! snapshot of a virtual disk) tells nobody, so *can forget* means: nothing above the device keeps a copy.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Can a medium forget what is overwritten in place?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediumVerdict {
    /// Nothing above the device is known to keep a copy.
    CanForget,
    /// A copy may stay behind, for each of these reasons (at least one).
    CanNot(Vec<Keeps>),
}

/// Why a copy of what is overwritten may stay behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// The file system writes new places instead of the old one (btrfs, ZFS, bcachefs, f2fs, nilfs2).
    CopyOnWrite(String),
    /// Its journal holds file contents (`data=journal`).
    DataJournal,
    /// Another machine or process holds the bytes (NFS, CIFS, 9p, FUSE, …).
    Elsewhere(String),
    /// A layer over another file system (overlay, aufs, unionfs).
    Layered(String),
    /// Memory may have been written to swap.
    Swap,
    /// The medium could not be examined.
    Unexamined,
    /// A file system that nobody has judged.
    Unknown(String),
}

impl fmt::Display for MediumVerdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CanForget => out.write_str("can forget"),
            Self::CanNot(reasons) => {
                out.write_str("can not: ")?;
                for (index, reason) in reasons.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(out, "{comma}{reason}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Keeps {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CopyOnWrite(kind) => write!(out, "{kind} writes to a new place"),
            Self::DataJournal => out.write_str("the file system's journal holds contents (data=journal)"),
            Self::Elsewhere(kind) => write!(out, "{kind} is held elsewhere"),
            Self::Layered(kind) => write!(out, "{kind} lies over another file system"),
            Self::Swap => out.write_str("swap is on"),
            Self::Unexamined => out.write_str("the medium can not be examined"),
            Self::Unknown(kind) => write!(out, "the file system {kind} is not known"),
        }
    }
}

/// Examines the medium that `path` lies on, from what Linux tells in `/proc`.
pub(super) fn examine(path: &Path) -> MediumVerdict {
    let unexamined = || MediumVerdict::CanNot(vec![Keeps::Unexamined]);
    let Ok(path) = fs::canonicalize(path) else { return unexamined() };
    let Ok(mounts) = fs::read_to_string("/proc/self/mounts") else { return unexamined() };
    let Some(mount) = mount_of(&mounts, &path) else { return unexamined() };
    let Ok(swaps) = fs::read_to_string("/proc/swaps") else { return unexamined() };
    // Mount options leave out what the superblock sets by default; ext4 tells all of them here.
    let more = fs::canonicalize(&mount.device)
        .ok()
        .and_then(|device| {
            device.file_name().map(|name| Path::new("/proc/fs/ext4").join(name).join("options"))
        })
        .and_then(|options| fs::read_to_string(options).ok())
        .unwrap_or_default();
    judge(&mount, &more, &swaps)
}

#[derive(Debug, PartialEq, Eq)]
struct Mount {
    device: PathBuf,
    kind: String,
    options: String,
}

/// The mount that a path lies on: the longest mount point above it, the latest of equals.
fn mount_of(mounts: &str, path: &Path) -> Option<Mount> {
    let mut best: Option<(usize, Mount)> = None;
    for line in mounts.lines() {
        let mut words = line.split(' ');
        let (Some(device), Some(point), Some(kind), Some(options)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let point = PathBuf::from(unescaped(point));
        let depth = point.components().count();
        if path.starts_with(&point) && best.as_ref().is_none_or(|(least, _)| depth >= *least) {
            let device = PathBuf::from(unescaped(device));
            best = Some((depth, Mount { device, kind: kind.into(), options: options.into() }));
        }
    }
    best.map(|(_, mount)| mount)
}

fn judge(mount: &Mount, more_options: &str, swaps: &str) -> MediumVerdict {
    let mut reasons = Vec::new();
    let kind = mount.kind.clone();
    match mount.kind.as_str() {
        "ext2" | "ext3" | "ext4" | "xfs" | "vfat" | "exfat" | "tmpfs" | "ramfs" => {}
        "bcachefs" | "btrfs" | "f2fs" | "nilfs2" | "zfs" => reasons.push(Keeps::CopyOnWrite(kind)),
        "aufs" | "ecryptfs" | "overlay" | "unionfs" => reasons.push(Keeps::Layered(kind)),
        "9p" | "afs" | "ceph" | "cifs" | "fuse" | "fuseblk" | "glusterfs" | "lustre" | "ncpfs" | "nfs"
        | "nfs4" | "ocfs2" | "smb3" | "smbfs" | "vboxsf" | "virtiofs" => reasons.push(Keeps::Elsewhere(kind)),
        other if other.starts_with("fuse.") => reasons.push(Keeps::Elsewhere(kind)),
        _ => reasons.push(Keeps::Unknown(kind)),
    }
    let mut options = mount.options.split(',').chain(more_options.lines());
    if options.any(|option| option == "data=journal") {
        reasons.push(Keeps::DataJournal);
    }
    // The first line is a heading. zram is memory that calls itself a disk.
    if swaps.lines().skip(1).any(|line| !line.trim().is_empty() && !line.starts_with("/dev/zram")) {
        reasons.push(Keeps::Swap);
    }
    if reasons.is_empty() { MediumVerdict::CanForget } else { MediumVerdict::CanNot(reasons) }
}

/// Undoes the octal escapes of `/proc/mounts` (space, tab, newline, backslash, number sign).
fn unescaped(word: &str) -> String {
    let mut plain = word.to_owned();
    for (escape, character) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\043", "#")] {
        plain = plain.replace(escape, character);
    }
    plain.replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_SWAP: &str = "Filename\tType\tSize\tUsed\tPriority\n";

    fn on(kind: &str, options: &str) -> MediumVerdict {
        judge(&Mount { device: "/dev/sda1".into(), kind: kind.into(), options: options.into() }, "", NO_SWAP)
    }

    #[test]
    fn file_systems_that_write_in_place_can_forget() {
        for kind in ["ext4", "xfs", "tmpfs"] {
            assert_eq!(on(kind, "rw,relatime"), MediumVerdict::CanForget, "{kind}");
        }
    }

    #[test]
    fn layers_copies_and_strangers_can_not_forget() {
        for (kind, reason) in [
            ("overlay", Keeps::Layered("overlay".into())),
            ("btrfs", Keeps::CopyOnWrite("btrfs".into())),
            ("zfs", Keeps::CopyOnWrite("zfs".into())),
            ("nfs4", Keeps::Elsewhere("nfs4".into())),
            ("fuse.sshfs", Keeps::Elsewhere("fuse.sshfs".into())),
            ("newfs", Keeps::Unknown("newfs".into())),
        ] {
            assert_eq!(on(kind, "rw"), MediumVerdict::CanNot(vec![reason]), "{kind}");
        }
    }

    #[test]
    fn a_data_journal_is_found_in_mount_and_superblock_options() {
        let journal = MediumVerdict::CanNot(vec![Keeps::DataJournal]);
        assert_eq!(on("ext4", "rw,data=journal"), journal);
        let mount = Mount { device: "/dev/sda1".into(), kind: "ext4".into(), options: "rw".into() };
        assert_eq!(judge(&mount, "rw\ndata=journal\n", NO_SWAP), journal);
        assert_eq!(judge(&mount, "rw\ndata=ordered\n", NO_SWAP), MediumVerdict::CanForget);
    }

    #[test]
    fn swap_on_a_disk_counts_and_zram_does_not() {
        let mount = Mount { device: "/dev/sda1".into(), kind: "ext4".into(), options: "rw".into() };
        let with = |line: &str| judge(&mount, "", &format!("{NO_SWAP}{line}\n"));
        assert_eq!(with("/dev/sda2 partition 1 0 -2"), MediumVerdict::CanNot(vec![Keeps::Swap]));
        assert_eq!(with("/dev/zram0 partition 1 0 100"), MediumVerdict::CanForget);
    }

    #[test]
    fn the_longest_and_latest_mount_point_is_the_one() {
        let mounts = "/dev/a / ext4 rw 0 0\n/dev/b /srv btrfs rw 0 0\n\
                      /dev/c /srv/my\\040data xfs rw 0 0\n/dev/d /srv/my\\040data zfs rw 0 0\nbroken\n";
        let kind = |path: &str| mount_of(mounts, Path::new(path)).map(|mount| mount.kind);
        assert_eq!(kind("/srv/my data/x").as_deref(), Some("zfs"));
        assert_eq!(kind("/srv/mine").as_deref(), Some("btrfs"));
        assert_eq!(kind("/srvx").as_deref(), Some("ext4"));
        assert_eq!(mount_of("", Path::new("/")), None);
    }

    #[test]
    fn a_verdict_is_said_in_words() {
        assert_eq!(MediumVerdict::CanForget.to_string(), "can forget");
        let both = MediumVerdict::CanNot(vec![Keeps::CopyOnWrite("btrfs".into()), Keeps::Swap]);
        assert_eq!(both.to_string(), "can not: btrfs writes to a new place, swap is on");
    }

    #[test]
    fn an_unreachable_path_is_unexamined() {
        let verdict = examine(Path::new("/nowhere/at/all"));
        assert_eq!(verdict, MediumVerdict::CanNot(vec![Keeps::Unexamined]));
    }
}
