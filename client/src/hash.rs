//! Hashes files into manifests, on all cores, and notices a file that changes meanwhile. Sends nothing.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use model::{Manifest, PieceIndex, limits, piece};
use rayon::prelude::*;

/// What tells that a file is still the one that was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Length in bytes.
    pub length: u64,
    /// Time of the last change of its content, in nanoseconds since 1970.
    pub modified_ns: i128,
    /// Which file it is on its file system.
    pub inode: u64,
}

/// Why a file has no manifest.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// It changed while it was read.
    #[error("it changed while it was read")]
    Changed,
    /// It is larger than any document may be.
    #[error("it is larger than a document may be")]
    TooLarge,
    /// The system would not read it.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
}

impl Fingerprint {
    /// Of an open file.
    ///
    /// # Errors
    /// The system's.
    pub fn of(file: &File) -> io::Result<Self> {
        let found = file.metadata()?;
        Ok(Self {
            length: found.len(),
            modified_ns: i128::from(found.mtime()) * 1_000_000_000 + i128::from(found.mtime_nsec()),
            inode: found.ino(),
        })
    }
}

/// Hashes a file. `advanced` is told of bytes as they are read, from several threads.
///
/// # Errors
/// [`HashError`]; a file that is cut while it is read is changed, not unreadable.
pub fn manifest_of(
    path: &Path,
    advanced: &(dyn Fn(u64) + Sync),
) -> Result<(Manifest, Fingerprint), HashError> {
    let file = File::open(path)?;
    let before = Fingerprint::of(&file)?;
    if before.length > limits::DOCUMENT_BYTES_MAX {
        return Err(HashError::TooLarge);
    }
    let values = (0..piece::count(before.length))
        .into_par_iter()
        .map_init(Vec::new, |buffer, at| {
            let index = PieceIndex(at);
            read_piece(&file, before.length, index, buffer)?;
            advanced(buffer.len() as u64);
            Ok(model::manifest::value_of(before.length, index, buffer))
        })
        .collect::<Result<Vec<_>, HashError>>()?;
    let manifest = Manifest::merge(before.length, values).map_err(|_| HashError::Changed)?;
    match Fingerprint::of(&file)? == before {
        true => Ok((manifest, before)),
        false => Err(HashError::Changed),
    }
}

/// Reads piece `index` of a file that had `length` bytes into `buffer`, which then has exactly the piece.
///
/// # Errors
/// [`HashError::Changed`] if the file is shorter now.
pub fn read_piece(
    file: &File,
    length: u64,
    index: PieceIndex,
    buffer: &mut Vec<u8>,
) -> Result<(), HashError> {
    let bytes = piece::bytes(length, index).ok_or(HashError::Changed)?;
    buffer.resize(bytes, 0);
    match file.read_exact_at(buffer, index.offset()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(HashError::Changed),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn the_root_is_what_b3sum_prints() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for length in [0usize, 1, 1 << 20, (1 << 20) + 1, 5 << 20] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 241) as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            let read = AtomicU64::new(0);
            let (manifest, print) = manifest_of(&path, &|bytes| {
                read.fetch_add(bytes, Ordering::Relaxed);
            })
            .unwrap();
            assert_eq!(manifest.root().as_bytes(), blake3::hash(&bytes).as_bytes());
            assert_eq!((print.length, read.into_inner()), (length as u64, length as u64));
        }
    }

    #[test]
    fn a_file_that_grows_or_shrinks_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, vec![1u8; 3 << 20]).unwrap();
        let truncate =
            |bytes: u64| std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(bytes).unwrap();
        let shrunk = manifest_of(&path, &|_| truncate(10));
        assert!(matches!(shrunk, Err(HashError::Changed)));
        let grown = manifest_of(&path, &|_| truncate(1 << 20));
        assert!(matches!(grown, Err(HashError::Changed)));
        assert!(matches!(manifest_of(folder.path(), &|_| {}), Err(HashError::Unreadable(_))));
    }
}
