//! What the vault's tests share: a vault on a simulated disk, and documents to send. Promises nothing itself.
#![allow(dead_code)] // every test file uses a part

use std::path::{Path, PathBuf};
use std::sync::Arc;

use counterfoil_vault as vault;
use host::sim::SimMedium;
use host::{Clock, Disk};
use model::{
    BookId, Class, DeviceId, DisplayName, Kind, Manifest, MediaType, Period, PersonId, PieceIndex,
    SubmissionId, Timestamp, manifest::value_of, piece,
};
use seal::{Argon2Parameters, Unlock, Zeroizing};
use vault::{Init, Lease, NewDocument, Settings, SyncThreads, Upload, UploadHead, Vault, VaultError};

pub const DIR: &str = "/practice";
pub const NOW: Timestamp = Timestamp::from_unix_ms(1_795_597_200_123);
pub const MIB: usize = piece::PIECE_BYTES as usize;

pub fn unlock() -> Unlock {
    Unlock::KeyFile(Zeroizing::new([0x5a; 32]))
}

pub fn settings() -> Settings {
    Settings { clock: Clock::manual(NOW.unix_ms()), sync_threads: SyncThreads::None }
}

pub fn init_on(disk: &Disk) -> Result<(Vault, Zeroizing<String>), VaultError> {
    let _durable = disk.create_folder(Path::new(DIR))?;
    let init = Init { unlock: &unlock(), argon2: Argon2Parameters::new(8, 1, 1).unwrap(), now: NOW };
    Vault::init(disk, Path::new(DIR), &init, settings())
}

pub fn open_on(disk: &Disk) -> Result<Vault, VaultError> {
    Vault::unlock(disk, Path::new(DIR), &unlock(), settings())
}

pub fn vault(seed: u64) -> (SimMedium, Vault) {
    let sim = SimMedium::new(seed);
    let vault = init_on(&sim.disk()).unwrap().0;
    (sim, vault)
}

pub fn head() -> UploadHead {
    UploadHead {
        person: PersonId::from_bytes([0xc1; 16]),
        device: DeviceId::from_bytes([0xc2; 16]),
        submission: SubmissionId::from_bytes([0xc3; 16]),
        book: BookId::from_bytes([0xc4; 16]),
        period: Period::parse("2026-11").unwrap(),
        kind: Kind::Invoice,
        class: Class::Internal,
    }
}

/// Bytes that do not repeat within a document and differ between seeds.
pub fn content(seed: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

pub fn manifest(bytes: &[u8]) -> Manifest {
    let length = bytes.len() as u64;
    let values = (0..piece::count(length)).map(PieceIndex);
    Manifest::merge(length, values.map(|index| value_of(length, index, part(bytes, index))).collect())
        .unwrap()
}

pub fn part(bytes: &[u8], index: PieceIndex) -> &[u8] {
    let from = index.offset() as usize;
    &bytes[from..from + piece::bytes(bytes.len() as u64, index).unwrap()]
}

pub fn document(n: u32, bytes: &[u8]) -> NewDocument {
    NewDocument {
        n,
        salt: [n as u8; 16],
        name: DisplayName::parse(&format!("发票/canary-name-{n}.pdf")).unwrap(),
        name_key: [0x77; 16],
        media_type: MediaType::parse("application/pdf").unwrap(),
        manifest: manifest(bytes),
    }
}

/// Sends every piece that is missing, one after the other.
pub fn send(upload: &Arc<Upload>, lease: Lease, n: u32, bytes: &[u8]) -> Result<u32, VaultError> {
    let mut sent = 0;
    for (first, count) in upload.missing(n)? {
        for index in (first.0..first.0 + count).map(PieceIndex) {
            let held = upload.put_piece(lease, n, index, part(bytes, index))?.wait()?;
            assert_eq!((held.get().n, held.get().index), (n, index));
            sent += 1;
        }
    }
    Ok(sent)
}

/// Every file below a folder.
pub fn files(disk: &Disk, path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in disk.list(path).unwrap() {
        let inner = path.join(name);
        match disk.is_folder(&inner).unwrap() {
            true => found.extend(files(disk, &inner)),
            false => found.push(inner),
        }
    }
    found
}
