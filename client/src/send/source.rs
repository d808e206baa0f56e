//! A planned document's file as it is read again: pieces to be sent, SHA-256 to be signed. A file that is not the
//! one that was hashed is changed, whatever it holds.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use model::{Manifest, PieceIndex, Sha256Digest};
use sha2::{Digest as _, Sha256};

use crate::hash::{Fingerprint, HashError, manifest_of, read_piece};
use crate::plan::Planned;

/// Read at once while SHA-256 is computed.
const BUFFER_BYTES: usize = 1 << 20;

/// Where a document comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its number.
    pub n: u32,
    /// Its file.
    pub path: PathBuf,
    /// What the file was when it was hashed.
    pub fingerprint: Fingerprint,
}

/// A document's file, open.
pub struct Opened {
    n: u32,
    file: File,
    fingerprint: Fingerprint,
}

impl Source {
    /// Of a planned document.
    pub fn of(n: u32, planned: &Planned) -> Self {
        Self { n, path: planned.path.clone(), fingerprint: planned.fingerprint }
    }

    /// Opens the file.
    ///
    /// # Errors
    /// [`HashError::Changed`] if it is another than was hashed.
    pub fn open(&self) -> Result<Opened, HashError> {
        let file = File::open(&self.path)?;
        match Fingerprint::of(&file)? == self.fingerprint {
            true => Ok(Opened { n: self.n, file, fingerprint: self.fingerprint }),
            false => Err(HashError::Changed),
        }
    }

    /// SHA-256 of the whole file. Gives up with [`HashError::Changed`] when `stop` is set.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn sha256(&self, stop: &AtomicBool) -> Result<Sha256Digest, HashError> {
        let mut opened = self.open()?;
        let mut hash = Sha256::new();
        let mut buffer =
            vec![0u8; BUFFER_BYTES.min(usize::try_from(self.fingerprint.length).unwrap_or(BUFFER_BYTES))];
        let mut left = self.fingerprint.length;
        while left > 0 && !stop.load(Ordering::Relaxed) {
            let want = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let Some(part) = buffer.get_mut(..want) else { return Err(HashError::Changed) };
            match opened.file.read(part) {
                Ok(0) => return Err(HashError::Changed),
                Ok(bytes) => {
                    hash.update(part.get(..bytes).unwrap_or_default());
                    left = left.saturating_sub(bytes as u64);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        opened.is_same()?;
        match left {
            0 => Ok(Sha256Digest::from_bytes(hash.finalize().into())),
            _ => Err(HashError::Changed),
        }
    }

    /// Hashes the file again and says whether it still has this content.
    ///
    /// # Errors
    /// [`HashError::Changed`] if it has not; what it is now otherwise.
    pub fn hash_again(&self, manifest: &Manifest) -> Result<Fingerprint, HashError> {
        let (found, fingerprint) = manifest_of(&self.path, &|_| {})?;
        match found.root() == manifest.root() && found.length() == manifest.length() {
            true => Ok(fingerprint),
            false => Err(HashError::Changed),
        }
    }
}

impl Opened {
    /// Which document it is.
    pub fn n(&self) -> u32 {
        self.n
    }

    /// Reads a piece.
    ///
    /// # Errors
    /// [`HashError::Changed`] if the file is not any more what was hashed.
    pub fn piece(&self, index: PieceIndex) -> Result<Vec<u8>, HashError> {
        let mut buffer = Vec::new();
        read_piece(&self.file, self.fingerprint.length, index, &mut buffer)?;
        self.is_same()?;
        Ok(buffer)
    }

    fn is_same(&self) -> Result<(), HashError> {
        match Fingerprint::of(&self.file)? == self.fingerprint {
            true => Ok(()),
            false => Err(HashError::Changed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &std::path::Path) -> (Source, Manifest) {
        let (manifest, fingerprint) = manifest_of(path, &|_| {}).unwrap();
        (Source { n: 1, path: path.to_path_buf(), fingerprint }, manifest)
    }

    #[test]
    fn every_length_has_the_sha256_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for length in [0usize, 1, 1 << 20, (1 << 20) + 1, 3 << 20] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 239) as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            let (source, _) = source(&path);
            let found = source.sha256(&AtomicBool::new(false)).unwrap();
            assert_eq!(found.as_bytes().as_slice(), Sha256::digest(&bytes).as_slice(), "{length}");
        }
    }

    #[test]
    fn a_changed_file_is_never_read_as_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, vec![1u8; 3 << 20]).unwrap();
        let (source, manifest) = source(&path);
        let opened = source.open().unwrap();
        assert_eq!(opened.piece(PieceIndex(2)).unwrap().len(), 1 << 20);
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().set_len((3 << 20) + 1).unwrap();
        assert!(matches!(opened.piece(PieceIndex(0)), Err(HashError::Changed)));
        assert!(matches!(source.open().err(), Some(HashError::Changed)));
        assert!(matches!(source.sha256(&AtomicBool::new(false)), Err(HashError::Changed)));
        assert!(matches!(source.hash_again(&manifest), Err(HashError::Changed)));
    }

    #[test]
    fn a_file_that_was_only_touched_has_the_same_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"same").unwrap();
        let (source, manifest) = source(&path);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(folder.path().join("y"), b"other").unwrap();
        std::fs::write(&path, b"same").unwrap();
        assert!(source.hash_again(&manifest).is_ok());
    }
}
