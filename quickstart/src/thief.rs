//! What a thief of a folder would look for, and whether it is there. Knows nothing of how the folder is sealed.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use sha2::Digest as _;

/// What is shorter stands somewhere by chance, or is a word of the configuration.
const MARK_BYTES_MIN: usize = 7;
/// Bytes of a content by which it would be known again.
const SAMPLE_BYTES: usize = 32;
/// Different bytes in a sample: zeros and ruled lines are anybody's.
const SAMPLE_VALUES_MIN: usize = 8;
/// Half a digest is as telling as a whole one.
const DIGEST_BYTES: usize = 16;

/// What would give somebody or something away, each with what it is.
#[derive(Default)]
pub struct Marks {
    marks: Vec<(Vec<u8>, String)>,
}

/// What a search came to.
pub struct Searched {
    /// Bytes that were searched.
    pub bytes: u64,
    /// What was found, and where.
    pub found: Option<String>,
}

impl Marks {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.marks.len()
    }

    /// The name of somebody or something.
    pub fn name(&mut self, name: &str) {
        self.mark(name.as_bytes(), || format!("the name {name}"));
    }

    /// A document: its name, its digests, and samples of its content.
    ///
    /// # Errors
    /// It can not be read.
    pub fn document(&mut self, path: &Path) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let content = std::fs::read(path)?;
        self.name(&name);
        if content.is_empty() {
            return Ok(());
        }
        let digests = [
            ("BLAKE3", blake3::hash(&content).as_bytes().to_vec()),
            ("SHA-256", sha2::Sha256::digest(&content).to_vec()),
        ];
        for (kind, digest) in digests {
            let half = digest.get(..DIGEST_BYTES).unwrap_or(&digest);
            let hex: String = half.iter().map(|byte| format!("{byte:02x}")).collect();
            for form in [half, hex.as_bytes(), hex.to_uppercase().as_bytes()] {
                self.mark(form, || format!("the {kind} of {name}"));
            }
        }
        // Within, for many files begin and end alike.
        for quarter in 1..4 {
            let at = content.len() / 4 * quarter;
            let sample = content.get(at..).map(|rest| rest.get(..SAMPLE_BYTES).unwrap_or(rest));
            let sample = sample.unwrap_or_default();
            if sample.iter().collect::<BTreeSet<_>>().len() >= SAMPLE_VALUES_MIN {
                self.mark(sample, || format!("content of {name}"));
            }
        }
        Ok(())
    }

    fn mark(&mut self, bytes: &[u8], what: impl FnOnce() -> String) {
        if bytes.len() >= MARK_BYTES_MIN {
            self.marks.push((bytes.to_vec(), what()));
        }
    }

    /// Looks for all of them in all files, and in their names.
    ///
    /// # Errors
    /// A file can not be read.
    pub fn search(&self, files: &[PathBuf]) -> io::Result<Searched> {
        // By their first two bytes: most places of a file are then done with at one look.
        let mut by_beginning: Vec<Vec<&(Vec<u8>, String)>> = vec![Vec::new(); 1 << 16];
        for mark in &self.marks {
            if let Some(marks) = by_beginning.get_mut(beginning(&mark.0)) {
                marks.push(mark);
            }
        }
        let mut searched = Searched { bytes: 0, found: None };
        for path in files {
            let content = std::fs::read(path)?;
            searched.bytes = searched.bytes.saturating_add(content.len() as u64);
            for bytes in [path.file_name().unwrap_or_default().as_encoded_bytes(), &content] {
                for at in 0..bytes.len() {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let marks = by_beginning.get(beginning(rest)).map(Vec::as_slice).unwrap_or_default();
                    if let Some((_, what)) = marks.iter().find(|(mark, _)| rest.starts_with(mark)) {
                        searched.found = Some(format!("{} gives away {what}", path.display()));
                        return Ok(searched);
                    }
                }
            }
        }
        Ok(searched)
    }
}

fn beginning(bytes: &[u8]) -> usize {
    match bytes {
        [first, second, ..] => usize::from(u16::from_be_bytes([*first, *second])),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thief_finds_what_lies_open() {
        let folder = tempfile::tempdir().unwrap();
        let document = folder.path().join("invoice-2026-11.txt");
        let content: Vec<u8> = (0..=255).cycle().take(1000).collect();
        std::fs::write(&document, &content).unwrap();
        let mut marks = Marks::default();
        marks.name("Hushen Trading");
        marks.document(&document).unwrap();
        let found = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            marks.search(&[path]).unwrap().found
        };
        assert_eq!(found("sealed", b"nothing of it"), None);
        let blake3 = blake3::hash(&content);
        let sha256 = sha2::Sha256::digest(&content);
        let around = |mark: &[u8]| [b"before ", mark, b" after"].concat();
        for (open, what) in [
            (around(b"Hushen Trading"), "the name Hushen Trading"),
            (around(b"invoice-2026-11.txt"), "the name invoice-2026-11.txt"),
            (around(blake3.as_bytes()), "the BLAKE3 of invoice"),
            (around(blake3.to_hex().as_bytes()), "the BLAKE3 of invoice"),
            (around(&sha256), "the SHA-256 of invoice"),
            (content, "content of invoice"),
        ] {
            assert!(found("open", &open).is_some_and(|found| found.contains(what)), "{what}");
        }
        assert!(found("Hushen Trading", b"").is_some(), "the name of a file tells as well");
    }
}
