//! The file `seen` in the practice folder: what devices told last, sealed, written as a whole at most once an hour and
//! at a clean stop. Nothing depends on it: one that is lost or can not be read costs what was told, and no right.
//!
//! A row of parts, each `length u32 big-endian ‖ box`; a box is one of the vault's private keys, purpose `seen`, the
//! part's number as its key id (`vault/format.md`). It holds a CBOR map: 0 version (1), 1 when it was written, in
//! milliseconds since 1970, 2 how many parts there are, 3 rows. All parts agree in 0 to 2, or none counts.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use host::Disk;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use model::{DeviceId, KeyId, Timestamp};
use vault::{Vault, VaultError};

use super::Program;
use crate::keys::purpose;
use crate::practice::Practice;
use crate::registry::{Device, Registry};

/// The file's name in the practice folder.
pub const NAME: &str = "seen";
/// So long nothing is written after a writing.
const PAUSE: Duration = Duration::from_secs(3600);
/// Devices in one part: with the longest words less than a box of the vault may hold.
const PART_ROWS: usize = 240;
/// Largest file: more devices than anybody has.
const FILE_BYTES_MAX: u64 = 64 * model::limits::MIB;
const HEAD_BYTES: usize = 4;

#[derive(Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Part {
    #[n(0)]
    version: u8,
    #[n(1)]
    written_ms: u64,
    #[n(2)]
    parts: u32,
    #[n(3)]
    rows: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Row {
    #[n(1)]
    device: ByteArray<16>,
    #[n(2)]
    last_ms: u64,
    #[n(3)]
    root_record: u64,
    #[n(4)]
    bundle: u64,
    #[n(5)]
    software: String,
    #[n(6)]
    platform: String,
    #[n(7)]
    key_store: String,
}

/// The file, and when it was written.
pub struct Sightings {
    path: PathBuf,
    written: Mutex<Written>,
}

struct Written {
    /// The sum of all times in the file: any sighting changes it, also one by a clock that was set back.
    sum_ms: u64,
    /// Of the monotonic clock.
    at: Option<Duration>,
}

impl Sightings {
    /// Tells the registry what the file says.
    pub(crate) fn begin(disk: &Disk, folder: &Path, vault: &Vault, registry: &Registry) -> Self {
        let path = folder.join(NAME);
        let rows = match disk.exists(&path) {
            Ok(true) => read(disk, &path, vault).unwrap_or_else(|| {
                tracing::warn!("when devices were seen last can not be read from the file; it begins anew");
                Vec::new()
            }),
            Ok(false) | Err(_) => Vec::new(),
        };
        for row in &rows {
            let Some(device) = registry.device(DeviceId::from_bytes(row.device.into())) else { continue };
            device.seen.at(Timestamp::from_unix_ms(row.last_ms));
            device.seen.holds(row.root_record, row.bundle);
            device.seen.runs(Program::of(&row.software, &row.platform, &row.key_store));
        }
        Self { path, written: Mutex::new(Written { sum_ms: sum_ms(&rows), at: None }) }
    }

    /// Writes the file, if an hour has passed since and somebody was seen.
    pub(crate) fn tend(&self, practice: &Practice) {
        let now = practice.clock.machine().monotonic();
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = *written.at.get_or_insert(now);
        if now.saturating_sub(begun) >= PAUSE {
            written.at = Some(now);
            self.write(practice, &mut written);
        }
    }

    /// Writes the file at a clean stop, if somebody was seen.
    pub(crate) fn keep(&self, practice: &Practice) {
        self.write(practice, &mut self.written.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn write(&self, practice: &Practice, written: &mut Written) {
        let devices = practice.registry.devices();
        let rows: Vec<Row> = devices.iter().filter_map(|device| Row::of(device)).collect();
        let sum_ms = sum_ms(&rows);
        if sum_ms == written.sum_ms {
            return;
        }
        let sealed = seal(&practice.vault, rows, practice.now());
        let kept = sealed.and_then(|bytes| Ok(practice.disk.write_whole(&self.path, &bytes)?));
        match kept {
            Ok(_durable) => written.sum_ms = sum_ms,
            Err(error) => tracing::warn!(%error, "when devices were seen last can not be kept now"),
        }
    }
}

fn sum_ms(rows: &[Row]) -> u64 {
    rows.iter().fold(0, |sum, row| sum.wrapping_add(row.last_ms))
}

impl Row {
    /// `None` for a device that was never seen.
    fn of(device: &Device) -> Option<Self> {
        let last = device.seen.last()?;
        let (root_record, bundle) = device.seen.held().unwrap_or((0, 0));
        let program = device.seen.program();
        Some(Self {
            device: (*device.id.as_bytes()).into(),
            last_ms: last.unix_ms(),
            root_record,
            bundle,
            software: program.software.clone(),
            platform: program.platform.clone(),
            key_store: program.key_store.clone(),
        })
    }
}

fn key_id(part: usize) -> KeyId {
    let mut id = [0; 16];
    let number = u64::try_from(part).unwrap_or(u64::MAX).to_be_bytes();
    id.iter_mut().rev().zip(number.iter().rev()).for_each(|(to, from)| *to = *from);
    KeyId::from_bytes(id)
}

fn seal(vault: &Vault, mut rows: Vec<Row>, now: Timestamp) -> Result<Vec<u8>, VaultError> {
    let purpose = purpose::of(purpose::SEEN).map_err(|_| VaultError::NoRandomness)?;
    let parts = u32::try_from(rows.len().div_ceil(PART_ROWS)).unwrap_or(u32::MAX);
    let mut file = Vec::new();
    for number in 0.. {
        if rows.is_empty() {
            break;
        }
        let rest = rows.split_off(rows.len().min(PART_ROWS));
        let part = Part { version: 1, written_ms: now.unix_ms(), parts, rows };
        rows = rest;
        // Encoding to memory can not fail.
        let plain = minicbor::to_vec(&part).unwrap_or_default();
        let sealed = vault.box_private(&purpose, key_id(number), &plain)?;
        file.extend_from_slice(&u32::try_from(sealed.len()).unwrap_or(0).to_be_bytes());
        file.extend_from_slice(&sealed);
    }
    Ok(file)
}

/// `None` for a file that is not whole.
fn read(disk: &Disk, path: &Path, vault: &Vault) -> Option<Vec<Row>> {
    let file = disk.read_whole(path, FILE_BYTES_MAX).ok()?;
    open(&file, vault)
}

fn open(file: &[u8], vault: &Vault) -> Option<Vec<Row>> {
    let purpose = purpose::of(purpose::SEEN).ok()?;
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let (head, after) = rest.split_first_chunk::<HEAD_BYTES>()?;
        let (sealed, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*head)).ok()?)?;
        let plain = vault.unbox_private(&purpose, key_id(parts.len()), sealed)?;
        parts.push(minicbor::decode(&plain).ok()?);
        rest = after;
    }
    let first = parts.first().map(|part| (part.written_ms, part.parts));
    let is_whole = parts.iter().all(|part| part.version == 1 && Some((part.written_ms, part.parts)) == first)
        && first.is_none_or(|(_, count)| usize::try_from(count) == Ok(parts.len()));
    is_whole.then(|| parts.into_iter().flat_map(|part| part.rows).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn row(number: usize) -> Row {
        let mut device = [0xff; 16];
        device[..8].copy_from_slice(&number.to_be_bytes());
        let word = "~".repeat(super::super::WORD_CHARACTERS_MAX);
        let (root_record, bundle) = (u64::MAX, u64::MAX);
        Row {
            device: device.into(),
            last_ms: u64::MAX,
            root_record,
            bundle,
            software: word.clone(),
            platform: word.clone(),
            key_store: word,
        }
    }

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let opened = testing::opened(&folder.path().join("p"));
        let vault = &opened.practice.vault;
        let rows = || (0..=2 * PART_ROWS).map(row).collect::<Vec<_>>();
        let now = Timestamp::from_unix_ms(5);
        let file = seal(vault, rows(), now).unwrap();
        assert_eq!(open(&file, vault), Some(rows()));
        assert_eq!(open(&[], vault), Some(vec![]));
        // A part that is cut, missing, bent or of another writing.
        let length = u32::from_be_bytes(*file.first_chunk::<4>().unwrap()) as usize + 4;
        assert_eq!(open(&file[..length], vault), None);
        assert_eq!(open(&file[..file.len() - 1], vault), None);
        assert_eq!(open(&file[length..], vault), None);
        let mut bent = file.clone();
        bent[length + 30] ^= 1;
        assert_eq!(open(&bent, vault), None);
        let other = seal(vault, rows(), Timestamp::from_unix_ms(6)).unwrap();
        assert_eq!(open(&[&other[..length], &file[length..]].concat(), vault), None);
    }
}
