//! Uploads from open to close and end, on a simulated disk without faults. Goal: each rule of a transfer
//! that the vault keeps. Method: the public API, and the steps that the disk went through.

mod harness;

use std::path::Path;

use counterfoil_vault as vault;
use harness::*;
use host::sim::Event;
use model::{Class, PieceIndex, SubmissionId};
use sha2::{Digest, Sha256};
use vault::{Shelved, UploadRefusal, VaultError};

fn refused(error: VaultError) -> UploadRefusal {
    match error {
        VaultError::Upload(refusal) => refusal,
        other => panic!("{other}"),
    }
}

#[test]
fn what_was_sent_is_read_back_after_a_restart_with_its_name_and_digests() {
    let (sim, vault) = vault(1);
    let contents: Vec<Vec<u8>> =
        [0, 1, 16_384, 16_385, MIB, MIB + 1, 3 * MIB].map(|length| content(7, length)).into();
    let documents = (1..).zip(&contents).map(|(n, bytes)| document(n, bytes)).collect();
    let upload = vault.uploads().open(head(), documents, NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    for (n, bytes) in (1..).zip(&contents) {
        send(&upload, lease, n, bytes).unwrap();
    }
    let numbers: Vec<u32> = (1..=contents.len() as u32).collect();
    let prepared = upload.prepare_close(&numbers).unwrap();
    let stored = prepared.documents().get().clone();
    vault.uploads().finish(prepared).unwrap();
    assert!(sim.disk().list(Path::new("/practice/spool")).unwrap().is_empty());
    drop((upload, vault));
    sim.restart();
    let vault = open_on(&sim.disk()).unwrap();
    for (stored, bytes) in stored.iter().zip(&contents) {
        assert_eq!(stored.sha256.as_bytes().as_slice(), Sha256::digest(bytes).as_slice());
        assert_eq!(stored.root.as_bytes(), blake3::hash(bytes).as_bytes());
        let opened = vault.document(&stored.position).unwrap();
        let meta = opened.meta().unwrap();
        assert_eq!(meta.name.as_sent(), format!("发票/canary-name-{}.pdf", stored.n));
        assert_eq!((meta.name_key, meta.salt), ([0x77; 16], [stored.n as u8; 16]));
        let content = opened.content().unwrap();
        assert_eq!(content.sha256(), stored.sha256);
        let pieces = (0..content.manifest().piece_count()).map(PieceIndex);
        let read: Vec<u8> = pieces.flat_map(|index| content.read_piece(index).unwrap().to_vec()).collect();
        assert_eq!(&read, bytes);
        assert!(content.read_piece(PieceIndex(content.manifest().piece_count())).is_err());
    }
}

#[test]
fn nothing_is_acknowledged_before_its_bytes_and_then_its_record_are_synced() {
    let (sim, vault) = vault(2);
    let bytes = content(1, 2 * MIB);
    let upload = vault.uploads().open(head(), vec![document(1, &bytes)], NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    sim.clear_events();
    let marker = sim.clone();
    let (tell, told) = std::sync::mpsc::channel();
    let reply = Box::new(move |held: Result<_, _>| {
        marker.mark("acknowledged");
        tell.send(held.is_ok()).unwrap();
    });
    upload.put_piece_then(lease, 1, PieceIndex(0), part(&bytes, PieceIndex(0)), reply).unwrap();
    assert!(told.recv().unwrap());
    let events = sim.events();
    let at = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let last = |wanted: &dyn Fn(&Event) -> bool| events.iter().rposition(wanted).unwrap();
    let object = |path: &Path| path.starts_with("/practice/objects");
    let spool = |path: &Path| path.starts_with("/practice/spool");
    let bytes_written = last(&|event| matches!(event, Event::Written { path, .. } if object(path)));
    let bytes_synced = at(&|event| matches!(event, Event::Synced(path) if object(path)));
    let name_synced = last(&|event| matches!(event, Event::FolderSynced(path) if object(path)));
    let record_written = at(&|event| matches!(event, Event::Written { path, .. } if spool(path)));
    let record_synced = at(&|event| matches!(event, Event::Synced(path) if spool(path)));
    let acknowledged = at(&|event| *event == Event::Marked("acknowledged".to_owned()));
    let order = [bytes_written, bytes_synced, name_synced, record_written, record_synced, acknowledged];
    assert!(order.is_sorted(), "{order:?} in {events:?}");
}

#[test]
fn a_held_piece_is_acknowledged_again_and_never_written_again() {
    let (sim, vault) = vault(3);
    let bytes = content(1, MIB + 5);
    let upload = vault.uploads().open(head(), vec![document(1, &bytes)], NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    send(&upload, lease, 1, &bytes).unwrap();
    let writes = sim.writes();
    for index in [PieceIndex(0), PieceIndex(1)] {
        let held = upload.put_piece(lease, 1, index, part(&bytes, index)).unwrap().wait().unwrap();
        assert_eq!(held.get().at, NOW);
    }
    assert_eq!(sim.writes(), writes);
    let mut other = part(&bytes, PieceIndex(0)).to_vec();
    other[9] ^= 1;
    let error = upload.put_piece(lease, 1, PieceIndex(0), &other).err().unwrap();
    assert_eq!(refused(error), UploadRefusal::NotThePiece { n: 1, index: 0 });
    let error = upload.put_piece(lease, 1, PieceIndex(2), &[]).err().unwrap();
    assert_eq!(refused(error), UploadRefusal::NotThePiece { n: 1, index: 2 });
    let error = upload.put_piece(lease, 2, PieceIndex(0), &other).err().unwrap();
    assert_eq!(refused(error), UploadRefusal::NoDocument { n: 2 });
}

#[test]
fn a_new_lease_fences_the_old_one() {
    let (_, vault) = vault(4);
    let bytes = content(1, 10);
    let upload = vault.uploads().open(head(), vec![document(1, &bytes)], NOW).unwrap();
    let old = upload.take_lease().unwrap();
    let new = upload.take_lease().unwrap();
    assert!(old < new);
    let error = upload.put_piece(old, 1, PieceIndex(0), &bytes).err().unwrap();
    assert_eq!(refused(error), UploadRefusal::LeaseLost);
    assert_eq!(refused(upload.withdraw(old, &[1]).unwrap_err()), UploadRefusal::LeaseLost);
    send(&upload, new, 1, &bytes).unwrap();
}

#[test]
fn an_upload_goes_on_after_a_restart_from_its_spool_alone() {
    let (sim, vault) = vault(5);
    let bytes = content(1, 4 * MIB + 100);
    let upload = vault.uploads().open(head(), vec![document(3, &bytes), document(9, b"x")], NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    for index in [0, 3, 4].map(PieceIndex) {
        upload.put_piece(lease, 3, index, part(&bytes, index)).unwrap().wait().unwrap();
    }
    drop((upload, vault));
    sim.restart();
    let vault = open_on(&sim.disk()).unwrap();
    let found = vault.uploads().recover().unwrap();
    assert_eq!((found.open, found.left.len()), (1, 0));
    let upload = vault.uploads().find(head().person, head().submission).unwrap().unwrap();
    assert_eq!(upload.head(), &head());
    assert_eq!(upload.documents()[0].announced, document(3, &bytes));
    assert_eq!(upload.missing(3).unwrap(), [(PieceIndex(1), 2)]);
    let lease = upload.take_lease().unwrap();
    assert_eq!(send(&upload, lease, 3, &bytes).unwrap(), 2);
    send(&upload, lease, 9, b"x").unwrap();
    assert_eq!(upload.sha256(3).unwrap().as_bytes().as_slice(), Sha256::digest(&bytes).as_slice());
    let prepared = upload.prepare_close(&[3, 9]).unwrap();
    assert_eq!(prepared.documents().get().len(), 2);
}

#[test]
fn while_a_close_waits_nothing_changes_and_a_refused_one_opens_again() {
    let (sim, vault) = vault(6);
    let (one, two) = (content(1, 10), content(2, 20));
    let documents = vec![document(1, &one), document(2, &two)];
    let upload = vault.uploads().open(head(), documents, NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    send(&upload, lease, 1, &one).unwrap();
    assert_eq!(
        refused(upload.prepare_close(&[1, 2]).err().unwrap()),
        UploadRefusal::Missing { n: 2, missing: 1 }
    );
    for wrong in [&[][..], &[2, 1], &[1, 1]] {
        assert_eq!(refused(upload.prepare_close(wrong).err().unwrap()), UploadRefusal::BadDocuments);
    }
    let prepared = upload.prepare_close(&[1]).unwrap();
    let error = upload.put_piece(lease, 2, PieceIndex(0), &two).err().unwrap();
    assert_eq!(refused(error), UploadRefusal::Closing);
    assert_eq!(refused(upload.withdraw(lease, &[2]).unwrap_err()), UploadRefusal::Closing);
    assert_eq!(refused(vault.uploads().drop_upload(&upload).unwrap_err()), UploadRefusal::Closing);
    assert_eq!(refused(upload.prepare_close(&[1]).err().unwrap()), UploadRefusal::Closing);
    let first = prepared.documents().get()[0];
    drop(prepared);
    send(&upload, lease, 2, &two).unwrap();
    let prepared = upload.prepare_close(&[1, 2]).unwrap();
    assert_eq!(prepared.documents().get()[0], first, "what is shelved is not shelved again");
    vault.uploads().finish(prepared).unwrap();
    assert_eq!(refused(upload.take_lease().unwrap_err()), UploadRefusal::Ended);
    assert!(vault.uploads().find(head().person, head().submission).unwrap().is_none());
    assert!(sim.disk().list(Path::new("/practice/spool")).unwrap().is_empty());
}

#[test]
fn a_withdrawn_document_goes_and_its_shelf_says_so() {
    let (_, vault) = vault(7);
    let (one, two) = (content(1, 10), content(2, MIB + 20));
    let upload = vault.uploads().open(head(), vec![document(1, &one), document(2, &two)], NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    send(&upload, lease, 1, &one).unwrap();
    send(&upload, lease, 2, &two).unwrap();
    drop(upload.prepare_close(&[1, 2]).unwrap());
    upload.withdraw(lease, &[2]).unwrap();
    upload.withdraw(lease, &[2]).unwrap();
    assert_eq!(vault.pieces().list(Class::Internal).unwrap().len(), 1);
    let error = upload.put_piece(lease, 2, PieceIndex(0), part(&two, PieceIndex(0))).err().unwrap();
    assert_eq!(refused(error), UploadRefusal::Withdrawn { n: 2 });
    assert_eq!(refused(upload.prepare_close(&[1, 2]).err().unwrap()), UploadRefusal::Withdrawn { n: 2 });
    vault.uploads().finish(upload.prepare_close(&[1]).unwrap()).unwrap();
    let mut last = std::collections::BTreeMap::new();
    for shelf in vault.shelves() {
        vault
            .scan_shelf(&shelf, &mut |record| {
                last.insert(record.n, record.state);
            })
            .unwrap();
    }
    assert!(matches!(last[&1], Shelved::Stored(_)));
    assert_eq!(last[&2], Shelved::Dropped);
}

#[test]
fn what_was_held_and_is_not_accepted_goes_with_the_spool() {
    let (_, vault) = vault(8);
    let (one, two) = (content(1, 10), content(2, 20));
    let upload = vault.uploads().open(head(), vec![document(1, &one), document(2, &two)], NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    send(&upload, lease, 1, &one).unwrap();
    send(&upload, lease, 2, &two).unwrap();
    vault.uploads().finish(upload.prepare_close(&[2]).unwrap()).unwrap();
    let listed = vault.pieces().list(Class::Internal).unwrap();
    assert_eq!(listed, [(upload.documents()[1].object.folder, upload.documents()[1].object.id)]);
}

#[test]
fn a_dropped_upload_leaves_nothing_but_what_the_shelf_says_and_its_id_starts_anew() {
    let (sim, vault) = vault(9);
    let bytes = content(1, MIB);
    let upload = vault.uploads().open(head(), vec![document(1, &bytes)], NOW).unwrap();
    let error = vault.uploads().open(head(), vec![document(1, &bytes)], NOW).err().unwrap();
    assert_eq!(refused(error), UploadRefusal::Open);
    let lease = upload.take_lease().unwrap();
    send(&upload, lease, 1, &bytes).unwrap();
    drop(upload.prepare_close(&[1]).unwrap());
    vault.uploads().drop_upload(&upload).unwrap();
    assert!(vault.pieces().list(Class::Internal).unwrap().is_empty());
    assert!(sim.disk().list(Path::new("/practice/spool")).unwrap().is_empty());
    assert_eq!(
        refused(upload.put_piece(lease, 1, PieceIndex(0), &bytes).err().unwrap()),
        UploadRefusal::Ended
    );
    let mut states = Vec::new();
    let shelf = vault.shelves()[0];
    vault.scan_shelf(&shelf, &mut |record| states.push(record.state)).unwrap();
    assert!(matches!(states[..], [Shelved::Stored(_), Shelved::Dropped]));
    vault.uploads().open(head(), vec![document(1, &bytes)], NOW).unwrap();
}

#[test]
fn an_upload_expires_after_its_last_piece() {
    let (_, vault) = vault(10);
    let upload = vault.uploads().open(head(), vec![document(1, b"x")], NOW.minus_seconds(500)).unwrap();
    let lease = upload.take_lease().unwrap();
    assert!(vault.uploads().expire(NOW, 501).is_empty());
    send(&upload, lease, 1, b"x").unwrap();
    assert!(vault.uploads().expire(NOW, 500).is_empty());
    assert_eq!(vault.uploads().expire(NOW.plus_seconds(500), 500), [head()]);
    assert!(vault.uploads().all().is_empty());
}

#[test]
fn numbers_of_a_new_upload_rise_and_are_not_none() {
    let (sim, vault) = vault(11);
    for wrong in
        [vec![], vec![document(2, b"x"), document(1, b"y")], vec![document(1, b"x"), document(1, b"y")]]
    {
        let error = vault.uploads().open(head(), wrong, NOW).err().unwrap();
        assert_eq!(refused(error), UploadRefusal::BadDocuments);
    }
    assert!(sim.disk().list(Path::new("/practice/spool")).unwrap().is_empty());
}

/// Pieces of one document from eight threads in a shuffled order: the front follows, waits and catches up.
#[test]
fn sha_256_is_right_whatever_the_order_and_the_threads() {
    let (_, vault) = vault(12);
    let bytes = content(5, 24 * MIB + 333);
    let count = 25;
    for (round, step) in [1, 7, 24, 11].into_iter().enumerate() {
        let head = vault::UploadHead { submission: SubmissionId::from_bytes([round as u8; 16]), ..head() };
        let upload = vault.uploads().open(head, vec![document(1, &bytes)], NOW).unwrap();
        let lease = upload.take_lease().unwrap();
        let order: Vec<u32> = (0..count).map(|at| at * step % count).collect();
        let next = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while let Some(index) = order.get(next.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
                    {
                        let index = PieceIndex(*index);
                        upload.put_piece(lease, 1, index, part(&bytes, index)).unwrap().wait().unwrap();
                    }
                });
            }
        });
        assert_eq!(upload.sha256(1).unwrap().as_bytes().as_slice(), Sha256::digest(&bytes).as_slice());
        vault.uploads().finish(upload.prepare_close(&[1]).unwrap()).unwrap();
    }
}

#[test]
fn the_same_piece_from_many_threads_is_written_once_and_acknowledged_to_all() {
    let (sim, vault) = vault(13);
    let bytes = content(1, MIB);
    let upload = vault.uploads().open(head(), vec![document(1, &bytes)], NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                upload.put_piece(lease, 1, PieceIndex(0), &bytes).unwrap().wait().unwrap().into_inner()
            });
        }
    });
    let object = |path: &Path| path.starts_with("/practice/objects");
    let pieces = sim
        .events()
        .iter()
        .filter(|event| matches!(event, Event::Written { path, offset: 64, .. } if object(path)))
        .count();
    assert_eq!(pieces, 1);
    assert!(upload.is_complete(1).unwrap());
}

#[test]
fn many_small_documents_share_their_barriers() {
    let (sim, vault) = vault(14);
    let contents: Vec<Vec<u8>> = (0..200).map(|at| content(at as u8, 100 + at)).collect();
    let documents = (1..).zip(&contents).map(|(n, bytes)| document(n, bytes)).collect();
    let upload = vault.uploads().open(head(), documents, NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    sim.clear_events();
    // The first round is held up until all others wait.
    let (held_up, is_held_up) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let reply = Box::new(move |_: Result<_, _>| {
        held_up.send(()).unwrap();
        may_go_on.recv().unwrap();
    });
    upload.put_piece_then(lease, 1, PieceIndex(0), &contents[0], reply).unwrap();
    is_held_up.recv().unwrap();
    let put = |(n, bytes): (u32, &Vec<u8>)| upload.put_piece(lease, n, PieceIndex(0), bytes).unwrap();
    let tickets: Vec<_> = (2..).zip(&contents[1..]).map(put).collect();
    go_on.send(()).unwrap();
    for ticket in tickets {
        ticket.wait().unwrap().into_inner();
    }
    let synced = |below: &str| {
        let below = |event: &Event| matches!(event, Event::Synced(path) | Event::FolderSynced(path) if path.starts_with(below));
        sim.events().iter().filter(|event| below(event)).count()
    };
    assert_eq!(synced("/practice/spool"), 2, "two rounds, one record each");
    // Every object once, its folder when it was made and once a round.
    assert!((202..=206).contains(&synced("/practice/objects")), "{}", synced("/practice/objects"));
    let numbers: Vec<u32> = (1..=200).collect();
    let prepared = upload.prepare_close(&numbers).unwrap();
    assert_eq!(prepared.documents().get().len(), 200);
    let mut seen = 0;
    vault.scan_shelf(&vault.shelves()[0], &mut |_| seen += 1).unwrap();
    assert_eq!(seen, 200);
}

#[test]
fn confidential_documents_lie_in_a_ring_and_a_folder_of_their_own() {
    let (_, vault) = vault(15);
    let head = vault::UploadHead { class: Class::Confidential, ..head() };
    let upload = vault.uploads().open(head, vec![document(1, b"secret")], NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    send(&upload, lease, 1, b"secret").unwrap();
    let prepared = upload.prepare_close(&[1]).unwrap();
    let position = prepared.documents().get()[0].position;
    vault.uploads().finish(prepared).unwrap();
    assert_eq!(vault.pieces().list(Class::Confidential).unwrap().len(), 1);
    let content = vault.document(&position).unwrap().content().unwrap();
    assert_eq!(content.read_piece(PieceIndex(0)).unwrap().as_slice(), b"secret");
}

#[test]
fn disk_full_at_any_write_fails_that_change_alone_and_the_upload_goes_on() {
    let bytes = content(1, MIB + 9);
    for write in 1.. {
        let (sim, vault) = vault(16);
        let upload = vault.uploads().open(head(), vec![document(1, &bytes)], NOW).unwrap();
        let before = sim.writes();
        sim.fail_write_at(before + write);
        let lease = upload.take_lease().unwrap();
        let sent = send(&upload, lease, 1, &bytes);
        let closed = sent.and_then(|_| upload.prepare_close(&[1]).map(drop));
        if sim.writes() < before + write {
            closed.unwrap();
            break;
        }
        assert!(closed.is_err(), "write {write}");
        // The space is free again: the same upload, perhaps read again from its spool, takes the rest.
        let again = vault.uploads().find(head().person, head().submission).unwrap().unwrap();
        let lease = again.take_lease().unwrap();
        send(&again, lease, 1, &bytes).unwrap();
        vault.uploads().finish(again.prepare_close(&[1]).unwrap()).unwrap();
    }
}
