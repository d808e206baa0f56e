//! What somebody with the disk can read, and what somebody who writes to it can make us believe. Goal: nothing, and
//! nothing but an error. Method: every byte on a simulated disk is searched for what must not be there; then boxes
//! are moved, swapped, replayed and changed.

mod harness;

use std::path::{Path, PathBuf};

use counterfoil_vault as vault;
use harness::*;
use host::sim::{Loss, SimMedium};
use model::{BookId, KeyId, PieceIndex, Sha256Digest, digest::hex};
use sha2::{Digest, Sha256};
use vault::{EntryFailure, EntryScope, Purpose, StoredDocument, UploadHead, Vault, VaultError};

/// Sends and closes; the upload's spool is gone afterwards.
fn store(vault: &Vault, submission: u8, contents: &[Vec<u8>]) -> Vec<StoredDocument> {
    let head = UploadHead { submission: model::SubmissionId::from_bytes([submission; 16]), ..head() };
    let documents = (1..).zip(contents).map(|(n, bytes)| document(n, bytes)).collect();
    let upload = vault.uploads().open(head, documents, NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    for (n, bytes) in (1..).zip(contents) {
        send(&upload, lease, n, bytes).unwrap();
    }
    let numbers: Vec<u32> = (1..=contents.len() as u32).collect();
    let prepared = upload.prepare_close(&numbers).unwrap();
    let stored = prepared.documents().get().clone();
    vault.uploads().finish(prepared).unwrap();
    stored
}

fn read(vault: &Vault, stored: &StoredDocument) -> Result<Vec<u8>, VaultError> {
    let document = vault.document(&stored.position)?;
    assert!(document.meta()?.name.as_sent().contains("canary"));
    let content = document.content()?;
    let mut bytes = Vec::new();
    for index in (0..content.manifest().piece_count()).map(PieceIndex) {
        bytes.extend_from_slice(&content.read_piece(index)?);
    }
    Ok(bytes)
}

fn everything(sim: &SimMedium) -> Vec<(PathBuf, Vec<u8>)> {
    let all = files(&sim.disk(), Path::new(DIR));
    all.into_iter().map(|path| (path.clone(), sim.content(&path).unwrap())).collect()
}

fn only_file_below(sim: &SimMedium, below: &str) -> PathBuf {
    let found = files(&sim.disk(), Path::new(below));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn no_name_id_plaintext_or_plaintext_hash_lies_on_the_disk() {
    let (sim, vault) = vault(1);
    let bytes = [content(1, 2 * MIB + 7), b"canary-content ".repeat(9), content(3, 40_000)];
    let documents: Vec<_> = (1..).zip(&bytes).map(|(n, bytes)| document(n, bytes)).collect();
    let mut canaries: Vec<Vec<u8>> = vec![
        b"canary".to_vec(),
        "发票".as_bytes().to_vec(),
        b"application/pdf".to_vec(),
        b"invoice".to_vec(),
        [0x77; 16].to_vec(),
        [0x5a; 16].to_vec(),
    ];
    let sent = head();
    let ids = [
        *sent.person.as_bytes(),
        *sent.device.as_bytes(),
        *sent.submission.as_bytes(),
        *sent.book.as_bytes(),
    ];
    let mut secrets: Vec<Vec<u8>> = ids.iter().map(|id| id.to_vec()).collect();
    for (document, bytes) in documents.iter().zip(&bytes) {
        secrets.push(blake3::hash(bytes).as_bytes().to_vec());
        secrets.push(Sha256::digest(bytes).to_vec());
        secrets.extend(document.manifest.values().iter().map(|value| value.as_bytes().to_vec()));
        canaries.push(bytes[..32.min(bytes.len())].to_vec());
        canaries.push(bytes[bytes.len() - 16..].to_vec());
    }
    canaries.extend(secrets.iter().map(|secret| hex::encode(secret).into_bytes()));
    canaries.extend(secrets);
    let search = |when: &str| {
        for (path, content) in everything(&sim) {
            let name = path.to_string_lossy().into_owned();
            for canary in &canaries {
                let found = content.windows(canary.len()).any(|window| window == canary)
                    || name.as_bytes().windows(canary.len()).any(|window| window == canary);
                assert!(!found, "{when}: {:?} lies in {name}", String::from_utf8_lossy(canary));
            }
        }
    };
    let upload = vault.uploads().open(sent, documents, NOW).unwrap();
    search("opened");
    let lease = upload.take_lease().unwrap();
    for (n, bytes) in (1..).zip(&bytes) {
        send(&upload, lease, n, bytes).unwrap();
    }
    search("sent");
    let prepared = upload.prepare_close(&[1, 2, 3]).unwrap();
    search("shelved");
    vault.uploads().finish(prepared).unwrap();
    let id = vault.entry_key(EntryScope::Person(head().person)).unwrap();
    vault.seal_entry(id, &Sha256Digest::from_bytes([0; 32]), b"canary", Some(b"canary")).unwrap();
    vault.duplicate_index(head().book, &stored_root(&bytes[0]), 5).unwrap();
    let purpose = Purpose::parse("issuing").unwrap();
    vault.seal_private(&purpose, KeyId::from_bytes([7; 16]), b"canary-key").unwrap().into_inner();
    search("finished");
}

fn stored_root(bytes: &[u8]) -> model::Blake3Digest {
    model::Blake3Digest::from_bytes(*blake3::hash(bytes).as_bytes())
}

/// Negative control of the search above: the simulated disk does show what is written in clear.
#[test]
fn the_search_finds_what_is_written_in_clear() {
    let (sim, vault) = vault(2);
    sim.disk().write_whole(Path::new("/practice/keys/x"), b"..canary..").unwrap().into_inner();
    assert!(everything(&sim).iter().any(|(_, content)| content.windows(6).any(|window| window == b"canary")));
    drop(vault);
}

#[test]
fn pieces_that_are_moved_within_or_between_documents_do_not_open() {
    let (sim, vault) = vault(3);
    let contents = [content(1, 2 * MIB), content(2, 2 * MIB)];
    let stored = store(&vault, 1, &contents);
    let paths = files(&sim.disk(), Path::new("/practice/objects"));
    let whole: Vec<Vec<u8>> = paths.iter().map(|path| sim.content(path).unwrap()).collect();
    let stride = 1_049_672;
    let (first, second) = (64..64 + stride, 64 + stride..64 + 2 * stride);
    // Two pieces of one document change places.
    let mut swapped = whole[0].clone();
    swapped[first.clone()].copy_from_slice(&whole[0][second.clone()]);
    swapped[second.clone()].copy_from_slice(&whole[0][first.clone()]);
    sim.plant(&paths[0], &swapped);
    assert_eq!(stored.iter().filter(|stored| read(&vault, stored).is_err()).count(), 1);
    // The same piece of another document.
    let mut foreign = whole[0].clone();
    foreign[first.clone()].copy_from_slice(&whole[1][first.clone()]);
    sim.plant(&paths[0], &foreign);
    assert_eq!(stored.iter().filter(|stored| read(&vault, stored).is_err()).count(), 1);
    // The whole file of another document, and with its own header.
    sim.plant(&paths[0], &whole[1]);
    assert_eq!(stored.iter().filter(|stored| read(&vault, stored).is_err()).count(), 1);
    let mut dressed = whole[1].clone();
    dressed[..64].copy_from_slice(&whole[0][..64]);
    sim.plant(&paths[0], &dressed);
    assert_eq!(stored.iter().filter(|stored| read(&vault, stored).is_err()).count(), 1);
    // Cut off.
    sim.plant(&paths[0], &whole[0][..64 + stride]);
    assert_eq!(stored.iter().filter(|stored| read(&vault, stored).is_err()).count(), 1);
    sim.plant(&paths[0], &whole[0]);
    assert_eq!(stored.iter().filter(|stored| read(&vault, stored).is_err()).count(), 0);
}

#[test]
fn an_older_sealing_of_the_same_piece_is_refused() {
    let (sim, vault) = vault(4);
    let bytes = content(1, 5000);
    let documents = vec![document(1, &bytes), document(2, b"x")];
    let upload = vault.uploads().open(head(), documents, NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    send(&upload, lease, 2, b"x").unwrap();
    // Made, header, piece, trailer; the power goes at the sync that would follow.
    sim.cut_power_at(sim.operations() + 5);
    assert!(upload.put_piece(lease, 1, PieceIndex(0), &bytes).unwrap().wait().is_err());
    let object = upload.document(1).unwrap().object;
    drop((upload, vault));
    sim.crash_losing(Loss::Nothing);
    let path = format!("/practice/objects/internal/{:02x}/{}", object.folder, object.id.to_hex());
    let path = PathBuf::from(path);
    let older = sim.content(&path).unwrap();
    let vault = open_on(&sim.disk()).unwrap();
    vault.uploads().recover().unwrap();
    let upload = vault.uploads().find(head().person, head().submission).unwrap().unwrap();
    let lease = upload.take_lease().unwrap();
    assert_eq!(send(&upload, lease, 1, &bytes).unwrap(), 1);
    let prepared = upload.prepare_close(&[1]).unwrap();
    let stored = prepared.documents().get()[0];
    vault.uploads().finish(prepared).unwrap();
    let newer = sim.content(&path).unwrap();
    assert_ne!(older[64..64 + 16_472], newer[64..64 + 16_472], "sealed again, with another salt");
    assert_eq!(read(&vault, &stored).unwrap(), bytes);
    let mut replayed = newer.clone();
    replayed[64..64 + 16_472].copy_from_slice(&older[64..64 + 16_472]);
    sim.plant(&path, &replayed);
    assert!(matches!(read(&vault, &stored), Err(VaultError::Damaged { .. })));
}

/// Swaps the boxes of two records of one frame, one kind at a time: each opens for its own document alone.
#[test]
fn boxes_that_are_swapped_between_records_do_not_open() {
    let (sim, vault) = vault(5);
    let stored = store(&vault, 1, &[content(1, 100), content(2, 100)]);
    let path = only_file_below(&sim, "/practice/shelves");
    let whole = sim.content(&path).unwrap();
    let at: Vec<usize> = stored.iter().map(|stored| stored.position.offset as usize).collect();
    let meta_bytes = u32::from_be_bytes(whole[at[0] + 104..at[0] + 108].try_into().unwrap()) as usize;
    let manifest_bytes = u32::from_be_bytes(whole[at[0] + 108..at[0] + 112].try_into().unwrap()) as usize;
    let boxes = [0..104, 114..114 + meta_bytes, 114 + meta_bytes..114 + meta_bytes + manifest_bytes];
    for part in &boxes {
        let mut swapped = whole.clone();
        for (to, from) in [(at[0], at[1]), (at[1], at[0])] {
            swapped[to + part.start..to + part.end]
                .copy_from_slice(&whole[from + part.start..from + part.end]);
        }
        sim.plant(&path, &swapped);
        for stored in &stored {
            assert!(matches!(read(&vault, stored), Err(VaultError::Damaged { .. })), "{part:?}");
        }
    }
    // The one for the other's kind.
    let mut confused = whole.clone();
    let (meta, manifest) = (at[0] + 114, at[0] + 114 + meta_bytes);
    let length = meta_bytes.min(manifest_bytes);
    confused[meta..meta + length].copy_from_slice(&whole[manifest..manifest + length]);
    sim.plant(&path, &confused);
    assert!(matches!(read(&vault, &stored[0]), Err(VaultError::Damaged { .. })));
    // A position that names another document, shelf version or place.
    sim.plant(&path, &whole);
    let position = stored[0].position;
    for wrong in [
        vault::ShelfPosition { document: stored[1].position.document, ..position },
        vault::ShelfPosition { version: 2, ..position },
        vault::ShelfPosition { offset: position.offset + 1, ..position },
        vault::ShelfPosition { offset: u64::MAX, ..position },
    ] {
        assert!(vault.document(&wrong).and_then(|document| document.meta()).is_err(), "{wrong:?}");
    }
    assert_eq!(read(&vault, &stored[0]).unwrap(), content(1, 100));
}

#[test]
fn frames_of_another_upload_shelf_or_ring_are_damage() {
    let (sim, vault) = vault(6);
    let one = vault.uploads().open(head(), vec![document(1, b"x")], NOW).unwrap();
    let other = UploadHead { submission: model::SubmissionId::from_bytes([9; 16]), ..head() };
    let two = vault.uploads().open(other, vec![document(1, b"x")], NOW).unwrap();
    drop(vault);
    let folder = vault::Folder::new(Path::new(DIR));
    let (one, two) = (folder.spool(one.id()), folder.spool(two.id()));
    let swapped = sim.content(&one).unwrap();
    sim.plant(&two, &swapped);
    sim.restart();
    let vault = open_on(&sim.disk()).unwrap();
    let found = vault.uploads().recover().unwrap();
    assert_eq!((found.open, found.left.len()), (1, 1), "{found:?}");
    assert!(matches!(found.left[0].cause, VaultError::Damaged { .. }));
    assert_eq!(sim.content(&two), Some(swapped), "what is damaged is named and left");
    drop(vault);
    let (sim, vault) = self::vault(6);
    store(&vault, 1, &[content(1, 5)]);
    let shelf = only_file_below(&sim, "/practice/shelves");
    assert!(vault.unknown_shelves().unwrap().is_empty());
    sim.plant(
        Path::new("/practice/shelves/0102030405060708090a0b0c0d0e0f10.1"),
        &sim.content(&shelf).unwrap(),
    );
    assert_eq!(vault.unknown_shelves().unwrap().len(), 1);
    drop(vault);
    // The ring of one domain for the other's.
    let ring = sim.content(Path::new("/practice/ring/standard.1")).unwrap();
    sim.plant(Path::new("/practice/ring/confidential.1"), &ring);
    sim.restart();
    assert!(matches!(open_on(&sim.disk()), Err(VaultError::Log(host::LogError::Refused { .. }))));
}

#[test]
fn an_entry_opens_for_its_own_hash_and_key_alone() {
    let (_, vault) = vault(7);
    let book = BookId::from_bytes([1; 16]);
    let (key, other) = (EntryScope::BookYear(book, 2026), EntryScope::BookYear(book, 2027));
    let (key, other) = (vault.entry_key(key).unwrap(), vault.entry_key(other).unwrap());
    assert_ne!(key, other);
    assert_eq!(vault.entry_key(EntryScope::BookYear(book, 2026)).unwrap(), key);
    let entry = Sha256Digest::from_bytes([1; 32]);
    let sealed = vault.seal_entry(key, &entry, b"statement", Some(b"list")).unwrap();
    let list = sealed.list.as_deref();
    assert!(vault.open_entry(key, &entry, &sealed.statement, list).is_ok());
    assert!(vault.open_entry(key, &entry, &sealed.statement, None).is_ok());
    let wrong = Sha256Digest::from_bytes([2; 32]);
    let refused =
        |key, entry: &_, statement: &[u8], list| vault.open_entry(key, entry, statement, list).err();
    assert_eq!(refused(key, &wrong, &sealed.statement, None), Some(EntryFailure::Damaged));
    assert_eq!(refused(other, &entry, &sealed.statement, None), Some(EntryFailure::Damaged));
    assert_eq!(refused(key, &entry, list.unwrap(), None), Some(EntryFailure::Damaged));
    assert_eq!(refused(key, &entry, &sealed.statement, Some(&sealed.statement)), Some(EntryFailure::Damaged));
    let nobody = model::EntryKeyId::from_bytes([3; 16]);
    assert_eq!(refused(nobody, &entry, &sealed.statement, list), Some(EntryFailure::Unknown));
}

#[test]
fn a_private_key_opens_for_its_own_purpose_and_id_alone() {
    let (sim, vault) = vault(8);
    let (issuing, receipts) = (Purpose::parse("issuing").unwrap(), Purpose::parse("receipts").unwrap());
    let (one, two) = (KeyId::from_bytes([1; 16]), KeyId::from_bytes([2; 16]));
    vault.seal_private(&issuing, one, b"secret").unwrap().into_inner();
    assert_eq!(vault.list_private(&issuing).unwrap(), [one]);
    assert!(vault.list_private(&receipts).unwrap().is_empty());
    let name = |purpose: &str, id: KeyId| PathBuf::from(format!("/practice/keys/{purpose}.{}", id.to_hex()));
    let file = sim.content(&name("issuing", one)).unwrap();
    sim.plant(&name("receipts", one), &file);
    sim.plant(&name("issuing", two), &file);
    assert!(matches!(vault.open_private(&receipts, one), Err(VaultError::Damaged { .. })));
    assert!(matches!(vault.open_private(&issuing, two), Err(VaultError::Damaged { .. })));
    assert_eq!(vault.open_private(&issuing, one).unwrap().as_slice(), b"secret");
    vault.seal_private(&issuing, one, b"renewed").unwrap().into_inner();
    assert_eq!(vault.open_private(&issuing, one).unwrap().as_slice(), b"renewed");
    vault.remove_private(&issuing, one).unwrap().into_inner();
    assert!(matches!(vault.open_private(&issuing, one), Err(VaultError::Disk(cause)) if cause.is_absent()));
    for wrong in ["", "Issuing", "a.b", "a/b", "seventeen-letters"] {
        assert!(Purpose::parse(wrong).is_err(), "{wrong}");
    }
}

/// One flipped bit in each file, all through it: an error or the right bytes, never wrong ones and never a panic.
#[test]
fn a_flipped_bit_anywhere_gives_an_error_or_the_right_bytes() {
    let contents = [content(1, 20_000), content(2, 3)];
    let (sim, vault) = vault(9);
    let stored = store(&vault, 1, &contents);
    let open = vault.uploads().open(head(), vec![document(1, b"open")], NOW).unwrap();
    drop((open, vault));
    let (mut errors, mut right) = (0, 0);
    for (path, whole) in everything(&sim) {
        let step = (whole.len() / 60).max(1);
        for at in (0..whole.len()).step_by(step) {
            sim.restart();
            assert!(sim.rot(&path, at as u64, 1 << (at % 8)));
            let outcome = open_on(&sim.disk()).and_then(|vault| {
                vault.uploads().recover()?;
                stored.iter().map(|stored| read(&vault, stored)).collect::<Result<Vec<_>, _>>()
            });
            match outcome {
                Ok(read) => {
                    assert_eq!(read, contents, "{} at {at}", path.display());
                    right += 1;
                }
                Err(_) => errors += 1,
            }
            // Everything back: a start may have cut or mended.
            sim.plant(&path, &whole);
        }
    }
    assert!(errors > 100 && right > 20, "{errors} errors, {right} right");
}
