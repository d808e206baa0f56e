//! What earlier runs left of a document on this disk: read again and verified, for a state may be old and a part file
//! may have been touched. Fetches nothing.

use host::{DiskError, How};
use model::{PieceIndex, Sha256Digest, limits, piece};
use protocol::download::Resume;
use sha2::{Digest as _, Sha256};

use crate::landing::{self, Ground};
use crate::take::{Take, TakeStore, Taken};
use crate::trouble::Told;

/// What [`found`] found.
pub enum Found {
    /// Nothing that can be used.
    Nothing,
    /// A front of the part file.
    Front(Box<Front>),
    /// The document itself.
    Whole,
}

/// The verified front of a part file.
pub struct Front {
    /// What the machine goes on from.
    pub resume: Resume,
    /// The hash over that front.
    pub sha256: Sha256,
}

/// What lies on the disk of a document that no state calls saved: the whole of it under its name, or a front of its
/// part file. Reads it, piece by piece, and tells `advanced` of the bytes.
///
/// # Errors
/// The disk's, other than that nothing is there.
pub fn found(
    ground: &Ground,
    store: &TakeStore,
    take: &Take,
    (n, taken): (u32, &Taken),
    advanced: &dyn Fn(u64),
) -> Told<Found> {
    // Named just before the end of the last run: the part file is gone, the document is there.
    if ground.is_file_of(&taken.path, taken.length)
        && !part_stands(ground, take, taken)
        && is_the_one(ground, taken)
    {
        return Ok(Found::Whole);
    }
    let Some(manifest) = store.manifest(&take.hash, n, taken) else { return Ok(Found::Nothing) };
    let file = match ground.disk().open(&ground.part(&taken.path, &take.hash), How::Read) {
        Ok(file) => file,
        Err(DiskError::Absent { .. } | DiskError::NotAFile { .. }) => return Ok(Found::Nothing),
        Err(error) => return Err(landing::of_disk(&error)),
    };
    let (mut sha256, mut verified, mut buffer) = (Sha256::new(), 0u32, Vec::new());
    // The last piece is asked for again in any case, so that a document always ends in one way.
    while verified < manifest.piece_count().saturating_sub(1) {
        let index = PieceIndex(verified);
        let Some(bytes) = piece::bytes(taken.length, index) else { break };
        buffer.resize(bytes, 0);
        match file.read_exact_at(index.offset(), &mut buffer) {
            Ok(()) if manifest.admits(index, &buffer) => {}
            // Cut or changed meanwhile: from here on it comes anew.
            Ok(()) | Err(DiskError::Short { .. }) => break,
            Err(error) => return Err(landing::of_disk(&error)),
        }
        sha256.update(&buffer);
        advanced(bytes as u64);
        verified += 1;
    }
    match verified {
        0 => Ok(Found::Nothing),
        pieces_durable => {
            // It may have more than was synced when the last run ended.
            let _durable = file.sync().map_err(|error| landing::of_disk(&error))?;
            let resume = Resume { manifest: Some(manifest), pieces_durable };
            Ok(Found::Front(Box::new(Front { resume, sha256 })))
        }
    }
}

fn part_stands(ground: &Ground, take: &Take, taken: &Taken) -> bool {
    std::fs::symlink_metadata(ground.part(&taken.path, &take.hash)).is_ok()
}

fn is_the_one(ground: &Ground, taken: &Taken) -> bool {
    let path = ground.to().join(&taken.path);
    let Ok(file) = ground.disk().open(&path, How::Read) else { return false };
    let (mut sha256, mut at, mut buffer) = (Sha256::new(), 0u64, vec![0; limits::MIB as usize]);
    loop {
        match file.read_at(at, &mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                sha256.update(buffer.get(..count).unwrap_or_default());
                at = at.saturating_add(count as u64);
            }
            Err(_) => return false,
        }
    }
    // Whoever named it may have died before that was durable.
    let folder = path.parent().unwrap_or(ground.to());
    digest(sha256) == taken.sha256 && file.sync().is_ok() && ground.disk().sync_folder(folder).is_ok()
}

/// The digest that a hash comes to.
pub fn digest(sha256: Sha256) -> Sha256Digest {
    Sha256Digest::from_bytes(sha256.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::Disk;
    use model::{BookId, DisplayName, Manifest, SubmissionId, Timestamp};
    use receipts::list::DocumentRef;
    use std::path::PathBuf;

    struct Fixture {
        _folder: tempfile::TempDir,
        ground: Ground,
        store: TakeStore,
        take: Take,
        bytes: Vec<u8>,
        manifest: Manifest,
    }

    /// A document of three pieces and a bit.
    fn fixture() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::real();
        let ground = Ground::prepare(&disk, &folder.path().join("to")).unwrap();
        std::fs::create_dir(folder.path().join("takes")).unwrap();
        let store = TakeStore::new(disk, folder.path().join("takes"));
        let bytes: Vec<u8> = (0..(3 << 20) + 5).map(|at: u32| (at % 251) as u8).collect();
        let length = bytes.len() as u64;
        let values = bytes
            .chunks(1 << 20)
            .zip(0..)
            .map(|(piece, index)| model::manifest::value_of(length, PieceIndex(index), piece));
        let manifest = Manifest::merge(length, values.collect()).unwrap();
        let taken = Taken {
            document: DocumentRef { submission: SubmissionId::from_bytes([1; 16]), n: 1 },
            name: DisplayName::parse("x.pdf").unwrap(),
            length,
            sha256: digest(Sha256::new_with_prefix(&bytes)),
            blake3: manifest.root(),
            path: PathBuf::from("b/x.pdf"),
        };
        let take = Take {
            hash: Sha256Digest::from_bytes([2; 32]),
            statement: Vec::new(),
            list: Vec::new(),
            book: BookId::from_bytes([3; 16]),
            to: ground.to().to_path_buf(),
            signed_at: Timestamp::from_unix_ms(0),
            documents: [(1, taken)].into(),
        };
        ground.folder_of(&take.documents[&1].path).unwrap();
        Fixture { _folder: folder, ground, store, take, bytes, manifest }
    }

    /// How many pieces are found, and how many bytes were read for it; `None` if nothing is.
    fn front(fixture: &Fixture) -> (Option<u32>, u64) {
        let Fixture { ground, store, take, .. } = fixture;
        let read = std::cell::Cell::new(0);
        let advanced = |bytes: u64| read.set(read.get() + bytes);
        match found(ground, store, take, (1, &take.documents[&1]), &advanced).unwrap() {
            Found::Nothing => (None, read.get()),
            Found::Front(front) => {
                let pieces = front.resume.pieces_durable;
                let whole = Sha256::new_with_prefix(&fixture.bytes[..(pieces as usize) << 20]);
                assert_eq!(digest(front.sha256), digest(whole), "the hash is that of the front");
                (Some(pieces), read.get())
            }
            Found::Whole => (Some(u32::MAX), read.get()),
        }
    }

    fn write_part(fixture: &Fixture, bytes: &[u8]) {
        let part = fixture.ground.part(&fixture.take.documents[&1].path, &fixture.take.hash);
        std::fs::write(part, bytes).unwrap();
    }

    #[test]
    fn a_front_is_used_as_far_as_it_verifies() {
        let fixture = fixture();
        assert_eq!(front(&fixture), (None, 0));
        write_part(&fixture, &fixture.bytes);
        assert_eq!(front(&fixture), (None, 0), "without its values a part file is worth nothing");
        fixture.store.store_manifest(&fixture.take.hash, 1, &fixture.manifest).unwrap();
        assert_eq!(front(&fixture), (Some(3), 3 << 20), "the last piece comes anew");
        write_part(&fixture, &fixture.bytes[..(2 << 20) + 9]);
        assert_eq!(front(&fixture), (Some(2), 2 << 20));
        let mut bent = fixture.bytes.clone();
        bent[(1 << 20) + 7] ^= 1;
        write_part(&fixture, &bent);
        assert_eq!(front(&fixture), (Some(1), 1 << 20));
        bent[0] ^= 1;
        write_part(&fixture, &bent);
        assert_eq!(front(&fixture), (None, 0));
    }

    #[test]
    fn a_link_in_place_of_the_part_file_is_nothing() {
        let fixture = fixture();
        fixture.store.store_manifest(&fixture.take.hash, 1, &fixture.manifest).unwrap();
        let elsewhere = fixture.ground.to().join("elsewhere");
        std::fs::write(&elsewhere, &fixture.bytes).unwrap();
        let part = fixture.ground.part(&fixture.take.documents[&1].path, &fixture.take.hash);
        std::os::unix::fs::symlink(elsewhere, part).unwrap();
        assert_eq!(front(&fixture), (None, 0));
    }

    #[test]
    fn a_document_that_got_its_name_just_before_the_end_is_known_again() {
        let fixture = fixture();
        let path = fixture.ground.to().join("b/x.pdf");
        std::fs::write(&path, &fixture.bytes).unwrap();
        assert_eq!(front(&fixture).0, Some(u32::MAX));
        let mut other = fixture.bytes.clone();
        other[5] ^= 1;
        std::fs::write(&path, &other).unwrap();
        assert_eq!(front(&fixture), (None, 0), "somebody else's file of the same size is not ours");
    }
}
