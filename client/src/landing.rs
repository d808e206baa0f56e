//! Where a fetched document comes to lie: folders that are really folders, a part file until it is whole, then a name
//! that was free. Nothing is overwritten, no link is followed, nothing of the sender's system is restored.
//!
//! ```text
//! <to>/<book>/<period>/<kind>/<name as a safe path>
//! <to>/<book>/<period>/<kind>/.<name>.<beginning of the take>.counterfoil-part      until it is whole
//! ```

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use console::{Failure, failure};
use host::{Disk, DiskError};
use model::{BookId, DisplayName, Kind, Period, Sha256Digest};

use crate::safe_name::SafeNames;
use crate::trouble::{self, Told};

/// How the name of a document that is not whole ends.
pub const PART_ENDING: &str = ".counterfoil-part";
/// A name that is taken again and again while it is being given: somebody plays with us.
const TRIES_MAX: usize = 1_000;
/// Symbols of a book's id beside a name that several books have.
const BOOK_MARK: usize = 6;

/// The folder that documents are saved below.
#[derive(Debug, Clone)]
pub struct Ground {
    disk: Disk,
    to: PathBuf,
}

impl Ground {
    /// The folder that a person named; made if it is not there. A link that they named is theirs to name.
    ///
    /// # Errors
    /// `folder-unwritable`.
    pub fn prepare(disk: &Disk, to: &Path) -> Told<Self> {
        let unwritable = |cause: String| failure::folder_unwritable(to, cause);
        let absolute = std::path::absolute(to).map_err(|error| unwritable(error.to_string()))?;
        if !absolute.is_dir() {
            let made = disk.create_folder(&absolute);
            let _durable = made.map_err(|error| unwritable(error.to_string()))?;
        }
        let to = std::fs::canonicalize(&absolute).map_err(|error| unwritable(error.to_string()))?;
        Ok(Self { disk: disk.clone(), to })
    }

    /// Another folder on the same disk that was prepared before.
    pub fn beside(&self, to: &Path) -> Self {
        Self { disk: self.disk.clone(), to: to.to_path_buf() }
    }

    /// The folder, a real path.
    pub fn to(&self) -> &Path {
        &self.to
    }

    /// The disk that it is on.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The folder of a path below this one, there and every step of it a real folder.
    ///
    /// # Errors
    /// `file-exists` where a link or a file stands in the way; `folder-unwritable`.
    pub fn folder_of(&self, relative: &Path) -> Told<PathBuf> {
        let mut folder = self.to.clone();
        for part in relative.parent().into_iter().flat_map(Path::components) {
            let Component::Normal(part) = part else {
                return Err(failure::folder_unwritable(relative, "it leads away"));
            };
            folder.push(part);
            match std::fs::symlink_metadata(&folder) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => return Err(failure::file_exists(&folder)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    let made = self.disk.create_folder(&folder);
                    let _durable = made.map_err(|error| unwritable(&folder, &error))?;
                }
                Err(error) => return Err(failure::folder_unwritable(&folder, error.to_string())),
            }
        }
        Ok(folder)
    }

    /// Where a document lies until it is whole.
    pub fn part(&self, relative: &Path, take: &Sha256Digest) -> PathBuf {
        let name = relative.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let mark: String = take.to_hex().chars().take(8).collect();
        self.to.join(relative).with_file_name(format!(".{name}.{mark}{PART_ENDING}"))
    }

    /// How long the part file of a document is; 0 where there is none.
    pub fn part_bytes(&self, relative: &Path, take: &Sha256Digest) -> u64 {
        std::fs::symlink_metadata(self.part(relative, take)).map_or(0, |found| found.len())
    }

    /// Whether anything stands at a path below this folder.
    pub fn stands(&self, relative: &Path) -> bool {
        std::fs::symlink_metadata(self.to.join(relative)).is_ok()
    }

    /// Whether the file at a path below this folder is plain and has this length.
    pub fn is_file_of(&self, relative: &Path, length: u64) -> bool {
        let found = std::fs::symlink_metadata(self.to.join(relative));
        found.is_ok_and(|found| found.is_file() && found.len() == length)
    }

    /// Gives a whole and durable part file its name, or where that is taken meanwhile the next that is free. Where it
    /// lies then, below this folder; durable when this returns.
    ///
    /// # Errors
    /// As [`Ground::folder_of`]; the disk's.
    pub fn land(&self, part: &Path, relative: &Path) -> Told<PathBuf> {
        self.folder_of(relative)?;
        let mut landed = relative.to_path_buf();
        for _ in 0..TRIES_MAX {
            match self.disk.rename(part, &self.to.join(&landed)) {
                Ok(_durable) => return Ok(landed),
                Err(DiskError::Exists { .. }) => landed = self.free_beside(relative),
                Err(error) => return Err(of_disk(&error)),
            }
        }
        Err(failure::file_exists(self.to.join(relative)))
    }

    fn free_beside(&self, relative: &Path) -> PathBuf {
        let name = relative.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let beside = |name: &Path| relative.with_file_name(name);
        match DisplayName::parse(&name) {
            Ok(name) => beside(&SafeNames::new().path(&name, |name| self.stands(&beside(name)))),
            Err(_) => relative.to_path_buf(),
        }
    }
}

/// What the disk says about a document that is being saved.
pub fn of_disk(error: &DiskError) -> Failure {
    match error {
        DiskError::Io { path, source, .. } => {
            failure::folder_unwritable(path.parent().unwrap_or(path), source.to_string())
        }
        DiskError::NotAFile { path } | DiskError::Exists { path } => failure::file_exists(path),
        error => trouble::disk(error),
    }
}

fn unwritable(folder: &Path, error: &DiskError) -> Failure {
    match error {
        DiskError::Full { .. } => trouble::disk(error),
        error => failure::folder_unwritable(folder, error.to_string()),
    }
}

/// Gives every document its path below the ground.
pub struct Chooser<'a> {
    ground: &'a Ground,
    /// What each book's folder is called.
    books: HashMap<BookId, PathBuf>,
    /// Promised to documents that are still under way.
    reserved: HashSet<PathBuf>,
    folders: HashMap<PathBuf, SafeNames>,
}

impl<'a> Chooser<'a> {
    /// For books of these names. A name that several of them have gets a mark of the id: the documents of two firms
    /// never meet in one folder.
    pub fn new(ground: &'a Ground, books: &[(BookId, String)], reserved: HashSet<PathBuf>) -> Self {
        let named: Vec<(BookId, PathBuf)> = books.iter().map(|(id, name)| (*id, book_folder(name))).collect();
        let folded = |path: &Path| path.to_string_lossy().to_lowercase();
        let mut count: HashMap<String, usize> = HashMap::new();
        for (_, path) in &named {
            *count.entry(folded(path)).or_default() += 1;
        }
        let folder = |(id, path): (BookId, PathBuf)| match count.get(&folded(&path)) {
            Some(1) => (id, path),
            _ => (id, PathBuf::from(format!("{} ({})", path.to_string_lossy(), mark(id)))),
        };
        let books = named.into_iter().map(folder).collect();
        Self { ground, books, reserved, folders: HashMap::new() }
    }

    /// The path for a document; never the same twice, and nothing stands there now.
    pub fn path(&mut self, book: BookId, period: Period, kind: Kind, name: &DisplayName) -> PathBuf {
        let book = self.books.entry(book).or_insert_with(|| PathBuf::from(mark(book)));
        let folder = book.join(period.to_string()).join(kind.as_str());
        let (ground, reserved) = (self.ground, &self.reserved);
        let names = self.folders.entry(folder.clone()).or_default();
        let stands = |name: &Path| {
            let path = folder.join(name);
            reserved.contains(&path) || ground.stands(&path)
        };
        folder.join(names.path(name, stands))
    }
}

/// The folder of a book, one part.
fn book_folder(name: &str) -> PathBuf {
    let one_part = name.replace(['/', '\\', '\0'], "_");
    match DisplayName::parse(&one_part) {
        Ok(name) => SafeNames::new().path(&name, |_| false),
        Err(_) => PathBuf::from("_"),
    }
}

fn mark(book: BookId) -> String {
    book.to_string().chars().take(BOOK_MARK).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use console::FailureCode;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn ground() -> (tempfile::TempDir, Ground) {
        let folder = tempfile::tempdir().unwrap();
        let ground = Ground::prepare(&Disk::real(), &folder.path().join("to/deep")).unwrap();
        (folder, ground)
    }

    fn chosen(ground: &Ground, books: &[(BookId, String)], book: BookId, name: &str) -> PathBuf {
        let mut chooser = Chooser::new(ground, books, HashSet::new());
        let period = Period::parse("2026-11").unwrap();
        chooser.path(book, period, Kind::Invoice, &DisplayName::parse(name).unwrap())
    }

    #[test]
    fn a_document_lies_by_book_period_and_kind() {
        let (_folder, ground) = ground();
        let (one, two) = (BookId::from_bytes([1; 16]), BookId::from_bytes([2; 16]));
        let books = [(one, "沪申/贸易".to_owned()), (two, "..".to_owned())];
        assert_eq!(
            chosen(&ground, &books, one, "6月/a.pdf"),
            Path::new("沪申_贸易/2026-11/invoice/6月/a.pdf")
        );
        assert_eq!(chosen(&ground, &books, two, "../../x"), Path::new("_/2026-11/invoice/x"));
        let unknown = chosen(&ground, &[], one, "x");
        assert_eq!(unknown, Path::new("040G20/2026-11/invoice/x"));
        let same = [(one, "Firm".to_owned()), (two, "firm".to_owned())];
        assert_eq!(chosen(&ground, &same, one, "x"), Path::new("Firm (040G20)/2026-11/invoice/x"));
        assert_eq!(chosen(&ground, &same, two, "x"), Path::new("firm (081040)/2026-11/invoice/x"));
    }

    #[test]
    fn what_stands_or_is_promised_is_never_given() {
        let (_folder, ground) = ground();
        let book = BookId::from_bytes([1; 16]);
        let books = [(book, "b".to_owned())];
        std::fs::create_dir_all(ground.to().join("b/2026-11/invoice")).unwrap();
        symlink("/nowhere", ground.to().join("b/2026-11/invoice/x.pdf")).unwrap();
        assert_eq!(chosen(&ground, &books, book, "x.pdf"), Path::new("b/2026-11/invoice/x (2).pdf"));
        let reserved = HashSet::from([PathBuf::from("b/2026-11/invoice/x (2).pdf")]);
        let mut chooser = Chooser::new(&ground, &books, reserved);
        let name = DisplayName::parse("x.pdf").unwrap();
        let path = chooser.path(book, Period::parse("2026-11").unwrap(), Kind::Invoice, &name);
        assert_eq!(path, Path::new("b/2026-11/invoice/x (3).pdf"));
    }

    #[test]
    fn a_link_on_the_way_is_refused_and_not_followed() {
        let (folder, ground) = ground();
        let outside = folder.path().join("outside");
        std::fs::create_dir(&outside).unwrap();
        symlink(&outside, ground.to().join("b")).unwrap();
        let refused = ground.folder_of(Path::new("b/2026-11/x.pdf")).unwrap_err();
        assert_eq!(refused.code(), FailureCode::FileExists);
        assert!(std::fs::read_dir(&outside).unwrap().next().is_none());
        assert!(ground.folder_of(Path::new("../x/y")).is_err());
        let made = ground.folder_of(Path::new("c/d/x.pdf")).unwrap();
        assert_eq!(std::fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_name_taken_meanwhile_gets_a_counter_and_keeps_its_content() {
        let (_folder, ground) = ground();
        let (take, path) = (Sha256Digest::from_bytes([7; 32]), Path::new("b/x.pdf"));
        let folder = ground.folder_of(path).unwrap();
        for (round, expected) in ["b/x.pdf", "b/x (2).pdf", "b/x (3).pdf"].into_iter().enumerate() {
            let part = ground.part(path, &take);
            assert_eq!(part, folder.join(".x.pdf.07070707.counterfoil-part"));
            std::fs::write(&part, [round as u8]).unwrap();
            assert_eq!(ground.land(&part, path).unwrap(), Path::new(expected));
        }
        assert_eq!(std::fs::read(folder.join("x.pdf")).unwrap(), [0]);
        symlink("/nowhere", folder.join("y.pdf")).unwrap();
        let part = ground.part(Path::new("b/y.pdf"), &take);
        std::fs::write(&part, b"y").unwrap();
        assert_eq!(ground.land(&part, Path::new("b/y.pdf")).unwrap(), Path::new("b/y (2).pdf"));
        assert!(folder.join("y.pdf").is_symlink());
    }

    #[test]
    fn a_folder_that_can_not_be_made_is_named() {
        let (folder, _ground) = ground();
        std::fs::write(folder.path().join("file"), b"").unwrap();
        let refused = Ground::prepare(&Disk::real(), &folder.path().join("file/to")).unwrap_err();
        assert_eq!(refused.code(), FailureCode::FolderUnwritable);
    }
}
