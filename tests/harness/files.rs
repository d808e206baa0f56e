//! Bytes, trees and digests, for what is sent and what is found. Makes nothing that is hard to make again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::Chance;

/// One piece.
pub const MIB: u64 = 1 << 20;

/// Bytes that this seed decides.
pub fn bytes(seed: u64, count: usize) -> Vec<u8> {
    Chance::new(seed).bytes(count)
}

/// Writes a file, its folders first.
///
/// # Panics
/// The disk does not take it.
pub fn write(path: &Path, bytes: &[u8]) -> PathBuf {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    }
    std::fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path.to_path_buf()
}

/// Reads a file.
///
/// # Panics
/// It can not be read.
pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder, by their path in it. What is no file is left out: sockets, links.
///
/// # Panics
/// It can not be read.
pub fn tree(folder: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(open) = folders.pop() {
        let entries = std::fs::read_dir(&open).unwrap_or_else(|error| panic!("{}: {error}", open.display()));
        for entry in entries {
            let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", open.display()));
            let kind = entry.file_type().unwrap_or_else(|error| panic!("{}: {error}", open.display()));
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                found.insert(name, path);
            }
        }
    }
    found
}

/// Copies a folder, files and folders only.
///
/// # Panics
/// The disk does not take it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
    for (name, path) in tree(from) {
        write(&to.join(name), &read(&path));
    }
}

/// SHA-256 in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// BLAKE3 in lower-case hex.
pub fn blake3(bytes: &[u8]) -> String {
    hex(blake3::hash(bytes).as_bytes())
}

/// SHA-256 of a file that may be larger than memory.
///
/// # Panics
/// It can not be read.
pub fn sha256_of(path: &Path) -> String {
    let mut file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = std::io::Read::read(&mut file, &mut buffer);
        match count.unwrap_or_else(|error| panic!("{}: {error}", path.display())) {
            0 => return hex(&hasher.finalize()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether `bytes` holds `wanted` anywhere.
pub fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    let Some((first, rest)) = wanted.split_first() else { return true };
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first) {
        let after = from + at + 1;
        if bytes[after..].starts_with(rest) {
            return true;
        }
        from = after;
    }
    false
}

/// Inverts one byte of a file.
///
/// # Panics
/// The file does not reach so far.
pub fn flip(path: &Path, at: u64) {
    let mut bytes = read(path);
    let at = usize::try_from(at).expect("a file in memory");
    assert!(at < bytes.len(), "{} has {} bytes, not {at}", path.display(), bytes.len());
    bytes[at] ^= 0xff;
    write(path, &bytes);
}
