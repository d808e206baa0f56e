//! Finds what is to be sent: files as they are, folders with their tree kept in the names. Reads no content.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use model::DisplayName;

/// Deepest tree that is walked.
const DEPTH_MAX: usize = 64;
/// Files that systems leave in folders and nobody means to send.
const SYSTEM_FILES: [&str; 4] = [".DS_Store", "Thumbs.db", "desktop.ini", ".localized"];

/// One file to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is, absolute.
    pub path: PathBuf,
    /// What it is called to the receiver: the file's name, or the tree below the folder that was given.
    pub name: DisplayName,
}

/// Something that was met and is not sent, and why.
#[derive(Debug)]
pub struct Skipped {
    /// Where it is.
    pub path: PathBuf,
    /// Why it is not sent.
    pub why: Why,
}

/// Why something is not sent.
#[derive(Debug)]
pub enum Why {
    /// The system would not open or list it.
    Unreadable(io::Error),
    /// A link, a device or another thing that is no file.
    NotAFile,
    /// Its name can not be sent: too long, or no text. In place of what can not be read nothing is guessed.
    Name,
    /// A file that the system leaves in folders.
    SystemFile,
    /// The tree is too deep.
    TooDeep,
}

/// What a walk found, in a stable order.
#[derive(Debug, Default)]
pub struct Walk {
    /// The files.
    pub found: Vec<Found>,
    /// What is not sent.
    pub skipped: Vec<Skipped>,
}

/// Walks `arguments`, absolute paths, in their order; each file once.
pub fn walk(arguments: &[PathBuf]) -> Walk {
    let mut walk = Walk::default();
    let mut seen = BTreeSet::new();
    for argument in arguments {
        // What a person names is followed, links inside folders are not.
        match std::fs::metadata(argument) {
            Ok(found) if found.is_file() => walk.file(argument, &mut seen, &[]),
            Ok(found) if found.is_dir() => match argument.file_name().map(OsStr::to_str) {
                Some(None) => walk.skip(argument, Why::Name),
                top => {
                    let top: Vec<String> = top.flatten().map(str::to_owned).into_iter().collect();
                    walk.folder(argument, &mut seen, &top, 0);
                }
            },
            Ok(_) => walk.skip(argument, Why::NotAFile),
            Err(error) => walk.skip(argument, Why::Unreadable(error)),
        }
    }
    walk
}

impl Walk {
    fn skip(&mut self, path: &Path, why: Why) {
        self.skipped.push(Skipped { path: path.to_path_buf(), why });
    }

    fn file(&mut self, path: &Path, seen: &mut BTreeSet<PathBuf>, tree: &[String]) {
        let Some(own) = path.file_name() else { return self.skip(path, Why::NotAFile) };
        let Some(own) = own.to_str() else { return self.skip(path, Why::Name) };
        if !tree.is_empty() && SYSTEM_FILES.contains(&own) {
            return self.skip(path, Why::SystemFile);
        }
        let mut parts = tree.to_vec();
        parts.push(own.to_owned());
        match DisplayName::parse(&parts.join("/")) {
            Ok(name) if seen.insert(path.to_path_buf()) => {
                self.found.push(Found { path: path.to_path_buf(), name })
            }
            Ok(_) => {}
            Err(_) => self.skip(path, Why::Name),
        }
    }

    fn folder(&mut self, path: &Path, seen: &mut BTreeSet<PathBuf>, tree: &[String], depth: usize) {
        if depth >= DEPTH_MAX {
            return self.skip(path, Why::TooDeep);
        }
        let listed = std::fs::read_dir(path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let mut entries = match listed {
            Ok(entries) => entries,
            Err(error) => return self.skip(path, Why::Unreadable(error)),
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_file() => self.file(&path, seen, tree),
                Ok(kind) if kind.is_dir() => match entry.file_name().to_str() {
                    Some(name) => {
                        let deeper = [tree, &[name.to_owned()]].concat();
                        self.folder(&path, seen, &deeper, depth + 1);
                    }
                    None => self.skip(&path, Why::Name),
                },
                Ok(_) => self.skip(&path, Why::NotAFile),
                Err(error) => self.skip(&path, Why::Unreadable(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_tree_and_links_inside_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let month = folder.path().join("6月");
        std::fs::create_dir_all(month.join("银行")).unwrap();
        std::fs::write(month.join("银行/工行.pdf"), b"x").unwrap();
        std::fs::write(month.join("a.pdf"), b"x").unwrap();
        std::fs::write(month.join(".DS_Store"), b"x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", month.join("link")).unwrap();
        let walk = walk(&[month.clone(), month.join("a.pdf"), folder.path().join("none")]);
        let names: Vec<&str> = walk.found.iter().map(|found| found.name.as_sent()).collect();
        assert_eq!(names, ["6月/a.pdf", "6月/银行/工行.pdf"], "each file once");
        assert_eq!(walk.skipped.len(), 3);
    }
}
