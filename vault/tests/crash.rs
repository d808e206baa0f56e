//! The power goes at every single change of the disk. Goal: nothing that was acknowledged is lost, nothing half
//! done is left for ever, and what was not acknowledged can be done again. Method: one story, cut at each step, with
//! each kind of loss; after the cut a start as the gateway makes it, and the story's end.

mod harness;

use std::cell::Cell;
use std::path::Path;

use counterfoil_vault as vault;
use harness::*;
use host::Disk;
use host::sim::{Loss, SimMedium};
use model::{Blake3Digest, BookId, Class, EntryKeyId, KeyId, PieceIndex, Sha256Digest};
use vault::{EntryScope, Purpose, SealedEntry, Shelved, StoredDocument, UploadRefusal, Vault, VaultError};

const LOSSES: [Loss; 3] = [Loss::Everything, Loss::Nothing, Loss::Chance];

/// How a story is stopped.
#[derive(Clone, Copy, Debug)]
enum Stop {
    /// The power goes.
    Power(Loss),
    /// The process dies; what it has written can be read, durable or not.
    Kill,
}

const STOPS: [Stop; 4] =
    [Stop::Kill, Stop::Power(Loss::Everything), Stop::Power(Loss::Nothing), Stop::Power(Loss::Chance)];

impl Stop {
    fn happen(self, sim: &SimMedium) {
        match self {
            Self::Power(loss) => sim.crash_losing(loss),
            Self::Kill => sim.restart(),
        }
    }
}

/// What was acknowledged before the cut, as far as the story got.
#[derive(Default)]
struct Acknowledged {
    opened: Cell<bool>,
    pieces: std::cell::RefCell<Vec<(u32, PieceIndex)>>,
    shelved: std::cell::RefCell<Vec<StoredDocument>>,
    /// The journal's commit, which this test stands in for.
    committed: Cell<bool>,
    withdrawn: Cell<bool>,
    dropped: Cell<bool>,
}

fn contents() -> Vec<(u32, Vec<u8>)> {
    vec![(1, content(1, MIB + 100)), (2, content(2, 50)), (5, content(5, 0))]
}

fn open(vault: &Vault) -> Result<std::sync::Arc<vault::Upload>, VaultError> {
    let documents = contents().iter().map(|(n, bytes)| document(*n, bytes)).collect();
    vault.uploads().open(head(), documents, NOW)
}

/// Open, send all, withdraw one, close twice (the first is refused), commit, finish.
fn send_story(vault: &Vault, told: &Acknowledged) -> Result<(), VaultError> {
    let upload = open(vault)?;
    told.opened.set(true);
    let lease = upload.take_lease()?;
    for (n, bytes) in contents() {
        for index in (0..manifest(&bytes).piece_count()).map(PieceIndex) {
            upload.put_piece(lease, n, index, part(&bytes, index))?.wait()?.into_inner();
            told.pieces.borrow_mut().push((n, index));
        }
    }
    drop(upload.prepare_close(&[1, 2, 5])?);
    upload.withdraw(lease, &[2])?;
    told.withdrawn.set(true);
    let prepared = upload.prepare_close(&[1, 5])?;
    *told.shelved.borrow_mut() = prepared.documents().get().clone();
    told.committed.set(true);
    vault.uploads().finish(prepared)
}

/// Open, send some, prepare, drop.
fn drop_story(vault: &Vault, told: &Acknowledged) -> Result<(), VaultError> {
    let upload = open(vault)?;
    told.opened.set(true);
    let lease = upload.take_lease()?;
    for (n, bytes) in contents() {
        send(&upload, lease, n, &bytes)?;
    }
    drop(upload.prepare_close(&[1, 2, 5])?);
    vault.uploads().drop_upload(&upload)?;
    told.dropped.set(true);
    Ok(())
}

fn read(vault: &Vault, position: &vault::ShelfPosition) -> Vec<u8> {
    let content = vault.document(position).unwrap().content().unwrap();
    let pieces = (0..content.manifest().piece_count()).map(PieceIndex);
    pieces.flat_map(|index| content.read_piece(index).unwrap().to_vec()).collect()
}

/// Where the shelves say that documents lie now.
fn on_shelves(vault: &Vault) -> std::collections::BTreeMap<u32, vault::ShelfPosition> {
    let mut found = std::collections::BTreeMap::new();
    for shelf in vault.shelves() {
        let each = &mut |record: vault::ShelfRecord| match record.state {
            Shelved::Stored(position) => drop(found.insert(record.n, Some(position))),
            Shelved::Dropped => drop(found.insert(record.n, None)),
        };
        vault.scan_shelf(&shelf, each).unwrap();
    }
    found.into_iter().filter_map(|(n, position)| Some((n, position?))).collect()
}

/// A start as the gateway makes it: what the journal names is kept, then the rest of each log's end is settled.
fn start(disk: &Disk, named: &[EntryKeyId], told: &Acknowledged) -> Result<Vault, VaultError> {
    let vault = open_on(disk)?;
    if vault.has_torn_ring() {
        vault.settle_rings(&named.iter().copied().collect())?;
    }
    if told.committed.get() {
        told.shelved.borrow().iter().for_each(|document| vault.keep_on_shelf(&document.position));
    }
    for shelf in vault.shelves() {
        vault.recover_shelf(&shelf)?;
    }
    Ok(vault)
}

/// Runs a story with a stop at each change, until it runs to its end; then a start, what `after` does, a power cut
/// that takes all that is not durable, and what `last` checks.
fn stop_everywhere(
    story: fn(&Vault, &Acknowledged) -> Result<(), VaultError>,
    after: fn(&SimMedium, &Vault, &Acknowledged, &str),
    last: fn(&Vault, &str),
) {
    for stop in STOPS {
        for step in 1.. {
            let (sim, vault) = vault(step);
            let told = Acknowledged::default();
            sim.cut_power_at(sim.operations() + step);
            let ended = story(&vault, &told);
            drop(vault);
            stop.happen(&sim);
            let place = format!("{stop:?} at change {step}");
            let vault = start(&sim.disk(), &[], &told).unwrap_or_else(|cause| panic!("{place}: {cause}"));
            let found = vault.uploads().recover().unwrap_or_else(|cause| panic!("{place}: {cause}"));
            assert!(found.left.is_empty(), "{place}: {:?}", found.left);
            after(&sim, &vault, &told, &place);
            assert_eq!(spools(&sim), 0, "{place}");
            drop(vault);
            sim.crash_losing(Loss::Everything);
            let vault =
                start(&sim.disk(), &[], &told).unwrap_or_else(|cause| panic!("{place}, later: {cause}"));
            assert_eq!(vault.uploads().recover().unwrap().open, 0, "{place}");
            last(&vault, &place);
            if ended.is_ok() {
                assert!(step > 30, "a story has more changes than {step}");
                break;
            }
        }
    }
}

#[test]
fn what_was_never_finished_goes_at_the_next_start() {
    let (sim, vault) = vault(1);
    drop(vault);
    let left = ["keys", "ring", "shelves", "spool", "slots"]
        .map(|folder| Path::new("/practice").join(folder).join(".unfinished-0123456789abcdef"));
    for path in &left {
        assert!(sim.plant(path, b"half"), "{}", path.display());
    }
    sim.restart();
    open_on(&sim.disk()).unwrap().uploads().recover().unwrap();
    for path in &left {
        assert!(sim.content(path).is_none(), "{}", path.display());
    }
}

fn spools(sim: &SimMedium) -> usize {
    sim.disk().list(Path::new("/practice/spool")).unwrap().len()
}

#[test]
fn a_cut_at_any_change_of_a_submission_loses_nothing_acknowledged() {
    let after = |_: &SimMedium, vault: &Vault, told: &Acknowledged, place: &str| {
        let upload = vault.uploads().find(head().person, head().submission).unwrap();
        if told.committed.get() {
            // The journal has it: the spool may be gone already.
            if let Some(upload) = &upload {
                vault.uploads().finish_accepted(upload, &[1, 5]).unwrap();
            }
        } else if let Some(upload) = upload {
            for (n, index) in told.pieces.borrow().iter() {
                if upload.is_withdrawn(*n).unwrap() {
                    continue;
                }
                let missing = upload.missing(*n).unwrap();
                let lost = missing.iter().any(|(first, count)| (first.0..first.0 + count).contains(&index.0));
                assert!(!lost, "{place}: piece {} of {n}", index.0);
            }
            assert!(!told.withdrawn.get() || upload.is_withdrawn(2).unwrap(), "{place}");
            let lease = upload.take_lease().unwrap();
            for (n, bytes) in contents() {
                if n != 2 {
                    send(&upload, lease, n, &bytes).unwrap();
                }
            }
            upload.withdraw(lease, &[2]).unwrap();
            vault.uploads().finish(upload.prepare_close(&[1, 5]).unwrap()).unwrap();
        } else {
            assert!(!told.opened.get(), "{place}: the upload is gone");
            send_story(vault, &Acknowledged::default()).unwrap();
        }
        let shelved = on_shelves(vault);
        for stored in told.shelved.borrow().iter() {
            assert!(shelved.contains_key(&stored.n), "{place}");
            let (_, bytes) = contents().into_iter().find(|(n, _)| *n == stored.n).unwrap();
            assert_eq!(read(vault, &stored.position), bytes, "{place}");
        }
    };
    stop_everywhere(send_story, after, |vault, place| {
        let shelved = on_shelves(vault);
        assert_eq!(shelved.keys().copied().collect::<Vec<_>>(), [1, 5], "{place}");
        for (n, bytes) in contents().iter().filter(|(n, _)| *n != 2) {
            assert_eq!(&read(vault, &shelved[n]), bytes, "{place}");
        }
        assert_eq!(vault.pieces().list(Class::Internal).unwrap().len(), 2, "{place}");
    });
}

#[test]
fn a_cut_at_any_change_of_a_drop_leaves_nothing_behind() {
    let after = |_: &SimMedium, vault: &Vault, told: &Acknowledged, place: &str| {
        let upload = vault.uploads().find(head().person, head().submission).unwrap();
        assert!(!(told.dropped.get() && upload.is_some()), "{place}");
        if let Some(upload) = upload {
            // It is open: then no record has outlived its bytes.
            for (n, _) in contents() {
                if upload.is_complete(n).unwrap() {
                    upload.sha256(n).unwrap_or_else(|cause| panic!("{place}: {n}: {cause}"));
                }
            }
            vault.uploads().drop_upload(&upload).unwrap();
        }
        drop_story(vault, &Acknowledged::default()).unwrap();
    };
    stop_everywhere(drop_story, after, |vault, place| {
        assert!(on_shelves(vault).is_empty(), "{place}");
        assert!(vault.pieces().list(Class::Internal).unwrap().is_empty(), "{place}");
    });
}

/// A cut while the start itself mends what an earlier cut has left.
#[test]
fn a_second_cut_during_the_start_changes_nothing() {
    for step in 1.. {
        let (sim, vault) = vault(3);
        let told = Acknowledged::default();
        let upload = open(&vault).unwrap();
        let lease = upload.take_lease().unwrap();
        for (n, bytes) in contents() {
            send(&upload, lease, n, &bytes).unwrap();
        }
        drop(upload.prepare_close(&[1, 2, 5]).unwrap());
        // The withdrawal is in the spool; of the rest nothing was done.
        sim.cut_power_at(sim.operations() + 3);
        let _cut = upload.withdraw(lease, &[2]);
        drop((upload, vault));
        sim.crash();
        let before = sim.operations();
        sim.cut_power_at(before + step);
        let started = start(&sim.disk(), &[], &told).and_then(|vault| vault.uploads().recover());
        let ended = started.is_ok() && sim.operations() < before + step;
        sim.crash();
        let vault = start(&sim.disk(), &[], &told).unwrap();
        assert!(vault.uploads().recover().unwrap().left.is_empty(), "step {step}");
        let upload = vault.uploads().find(head().person, head().submission).unwrap().unwrap();
        for (n, _) in contents() {
            assert!(upload.is_complete(n).unwrap(), "step {step}");
        }
        let lease = upload.take_lease().unwrap();
        upload.withdraw(lease, &[2]).unwrap();
        let prepared = upload.prepare_close(&[1, 5]).unwrap();
        told.committed.set(true);
        vault.uploads().finish(prepared).unwrap();
        assert_eq!(on_shelves(&vault).len(), 2, "step {step}");
        assert_eq!(vault.pieces().list(Class::Internal).unwrap().len(), 2, "step {step}");
        if ended {
            break;
        }
    }
}

/// Keys of every kind are made, and what they seal is handed out at once.
fn key_story(vault: &Vault, sealed: &mut Sealed) -> Result<(), VaultError> {
    let book = BookId::from_bytes([9; 16]);
    for scope in [EntryScope::BookYear(book, 2026), EntryScope::Book(book), EntryScope::House] {
        let id = vault.entry_key(scope)?;
        let entry = Sha256Digest::from_bytes([sealed.entries.len() as u8; 32]);
        sealed.entries.push((id, entry, vault.seal_entry(id, &entry, b"statement", Some(b"list"))?));
    }
    sealed.duplicate = Some(vault.duplicate_index(book, &Blake3Digest::from_bytes([1; 32]), 7)?);
    let purpose = Purpose::parse("statements").unwrap();
    vault.seal_private(&purpose, KeyId::from_bytes([1; 16]), b"pkcs8")?.into_inner();
    sealed.private = true;
    Ok(())
}

#[derive(Default)]
struct Sealed {
    entries: Vec<(EntryKeyId, Sha256Digest, SealedEntry)>,
    duplicate: Option<[u8; 32]>,
    private: bool,
}

#[test]
fn a_key_is_durable_before_anything_is_sealed_under_it() {
    for loss in LOSSES {
        for step in 1.. {
            let (sim, vault) = vault(step);
            let mut sealed = Sealed::default();
            sim.cut_power_at(sim.operations() + step);
            let ended = key_story(&vault, &mut sealed);
            drop(vault);
            sim.crash_losing(loss);
            let named: Vec<EntryKeyId> = sealed.entries.iter().map(|(id, ..)| *id).collect();
            let vault = start(&sim.disk(), &named, &Acknowledged::default()).unwrap();
            for (id, entry, sealed) in &sealed.entries {
                let opened = vault.open_entry(*id, entry, &sealed.statement, sealed.list.as_deref());
                let opened = opened.unwrap_or_else(|cause| panic!("{loss:?}, step {step}: {cause}"));
                assert_eq!(opened.statement.as_slice(), b"statement");
                assert_eq!(opened.list.unwrap().as_slice(), b"list");
            }
            if let Some(index) = sealed.duplicate {
                let (book, root) = (BookId::from_bytes([9; 16]), Blake3Digest::from_bytes([1; 32]));
                assert_eq!(vault.duplicate_index(book, &root, 7).unwrap(), index);
            }
            if sealed.private {
                let purpose = Purpose::parse("statements").unwrap();
                let opened = vault.open_private(&purpose, KeyId::from_bytes([1; 16])).unwrap();
                assert_eq!(opened.as_slice(), b"pkcs8");
            }
            key_story(&vault, &mut Sealed::default()).unwrap();
            if ended.is_ok() {
                break;
            }
        }
    }
}

#[test]
fn a_cut_at_any_change_of_init_leaves_a_vault_or_plainly_none() {
    for step in 1.. {
        let sim = SimMedium::new(step);
        sim.cut_power_at(step);
        let made = init_on(&sim.disk());
        let whole = made.is_ok();
        drop(made);
        sim.crash();
        match open_on(&sim.disk()) {
            Ok(vault) => {
                vault.uploads().recover().unwrap();
                send_story(&vault, &Acknowledged::default()).unwrap();
            }
            Err(VaultError::NotAVault { .. }) => assert!(!whole, "step {step}"),
            Err(other) => panic!("step {step}: {other}"),
        }
        if whole {
            break;
        }
    }
}

#[test]
fn init_overwrites_nothing_not_even_the_rest_of_a_vault_whose_name_is_gone() {
    let (sim, vault) = vault(1);
    drop(vault);
    assert!(matches!(init_on(&sim.disk()), Err(VaultError::Exists { .. })));
    sim.disk().remove_file(Path::new("/practice/vault.json")).unwrap();
    let seed = sim.content(Path::new("/practice/shred/seed"));
    assert!(matches!(init_on(&sim.disk()), Err(VaultError::Exists { .. })));
    assert_eq!(sim.content(Path::new("/practice/shred/seed")), seed);
}

/// After a failed sync nothing is acknowledged any more: negative control of the kind of disk that says it once.
#[test]
fn after_a_failed_sync_nothing_is_acknowledged() {
    for n in 1..=6 {
        let (sim, vault) = vault(n);
        let upload = open(&vault).unwrap();
        let lease = upload.take_lease().unwrap();
        sim.fail_sync_at(sim.syncs() + n);
        let mut failed = false;
        for (n, bytes) in contents() {
            let sent = send(&upload, lease, n, &bytes);
            assert!(!(failed && sent.is_ok()), "acknowledged after a failed sync");
            failed |= sent.is_err();
        }
        assert!(failed || sim.syncs() < n);
        assert!(!failed || upload.prepare_close(&[1, 2, 5]).is_err());
        if failed {
            let error = vault.uploads().drop_upload(&upload).unwrap_err();
            assert!(!matches!(error, VaultError::Upload(UploadRefusal::Closing)));
        }
    }
}
