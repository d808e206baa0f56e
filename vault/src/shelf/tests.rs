//! What shelves promise, with boxes that are only bytes.

use std::path::Path;

use host::sim::SimMedium;
use model::{BookId, Class, PersonId, SubmissionId, Term, UploadId};
use seal::ShelfKey;

use super::*;
use crate::ring::ShelfName;

const FROM: SentBy = SentBy {
    person: PersonId::from_bytes([1; 16]),
    submission: SubmissionId::from_bytes([2; 16]),
    upload: UploadId::from_bytes([3; 16]),
};

fn shelf() -> Shelf {
    let name = ShelfName {
        book: BookId::from_bytes([4; 16]),
        class: Class::Internal,
        year: 2026,
        term: Term::Permanent,
    };
    Shelf { id: ShelfId::from_bytes([5; 16]), name, version: 1, key: Arc::new(ShelfKey::random().unwrap()) }
}

fn shelves(sim: &SimMedium) -> Shelves {
    sim.disk().create_folder(Path::new("/p/shelves")).unwrap().into_inner();
    Shelves::new(sim.disk(), Folder::new(Path::new("/p")))
}

fn path(shelf: &Shelf) -> PathBuf {
    Path::new("/p/shelves").join(format!("{}.1", shelf.id.to_hex()))
}

/// The length of the shelf's file.
fn end(sim: &SimMedium, shelf: &Shelf) -> usize {
    sim.content(&path(shelf)).unwrap().len()
}

fn record(n: u32, manifest_bytes: usize) -> NewRecord {
    NewRecord {
        n,
        document: DocumentId::from_bytes([n as u8; 16]),
        object: ObjectId::from_bytes([n as u8 + 100; 16]),
        dek: [n as u8; DEK_BYTES],
        meta: vec![n as u8; 200 + n as usize],
        manifest: (0..manifest_bytes).map(|at| (at % 251) as u8 ^ n as u8).collect(),
    }
}

fn check(shelves: &Shelves, position: &ShelfPosition, wanted: &NewRecord) {
    let found = shelves.read(position).unwrap();
    assert_eq!((found.dek, &found.meta), (wanted.dek, &wanted.meta));
    assert!(shelves.read_manifest(position, &found).unwrap() == wanted.manifest);
}

fn scanned(shelves: &Shelves, shelf: &Shelf) -> Vec<(u32, Shelved)> {
    let mut seen = Vec::new();
    shelves
        .scan(shelf, &mut |record| {
            assert_eq!((record.person, record.submission, record.folder), (FROM.person, FROM.submission, 7));
            seen.push((record.n, record.state));
        })
        .unwrap();
    seen
}

#[test]
fn records_of_every_length_are_read_back_by_their_positions() {
    let sim = SimMedium::new(1);
    let (shelves, shelf) = (shelves(&sim), shelf());
    // The largest lies in three parts; those of 12 MiB in two; together they need more than one frame.
    let sizes = [0, 300, 8 << 20, (8 << 20) + 1, 17 << 20, 7 << 20, 7 << 20, 7 << 20, 5];
    let records: Vec<NewRecord> = (1..).zip(sizes).map(|(n, bytes)| record(n, bytes)).collect();
    let positions = shelves.append(&shelf, FROM, &records, 7).unwrap().into_inner();
    assert_eq!(positions.len(), records.len());
    for (position, record) in positions.iter().zip(&records) {
        assert_eq!(position.document, record.document);
        check(&shelves, position, record);
    }
    let more = shelves.append(&shelf, FROM, &[record(20, 9)], 7).unwrap().into_inner();
    shelves
        .append_dropped(&shelf, FROM, &[(3, records[2].document, records[2].object)], 7)
        .unwrap()
        .into_inner();
    let mut wanted: Vec<_> =
        (1..).zip(&positions).map(|(n, position)| (n, Shelved::Stored(*position))).collect();
    wanted.extend([(20, Shelved::Stored(more[0])), (3, Shelved::Dropped)]);
    assert_eq!(scanned(&shelves, &shelf), wanted);
    // The same after a start.
    sim.restart();
    let again = self::shelves(&sim);
    assert_eq!(scanned(&again, &shelf), wanted);
    check(&again, &positions[4], &records[4]);
    again.append(&shelf, FROM, &[record(21, 9)], 7).unwrap().into_inner();
}

#[test]
fn heads_are_chained_and_a_frame_that_is_left_out_is_noticed() {
    let sim = SimMedium::new(2);
    let (shelves, shelf) = (shelves(&sim), shelf());
    let mut ends = vec![0];
    for n in 1..=3 {
        shelves.append(&shelf, FROM, &[record(n, 50)], 7).unwrap().into_inner();
        ends.push(end(&sim, &shelf));
    }
    let path = path(&shelf);
    let whole = sim.content(&path).unwrap();
    // Whole frames, each with its check; the second is gone, or stands twice.
    let without = [&whole[..ends[1]], &whole[ends[2]..]].concat();
    let twice = [&whole[..ends[2]], &whole[ends[1]..]].concat();
    for forged in [without, twice] {
        sim.plant(&path, &forged);
        sim.restart();
        let refused = self::shelves(&sim).scan(&shelf, &mut |_| {}).err();
        assert!(matches!(refused, Some(VaultError::Log(host::LogError::Refused { .. }))), "{refused:?}");
        assert_eq!(sim.content(&path), Some(forged), "damage is left as it is");
    }
}

#[test]
fn a_torn_end_is_cut_but_never_below_the_floor() {
    let sim = SimMedium::new(3);
    let (shelves, shelf) = (shelves(&sim), shelf());
    shelves.append(&shelf, FROM, &[record(1, 50)], 7).unwrap().into_inner();
    let first = end(&sim, &shelf) as u64;
    shelves.append(&shelf, FROM, &[record(2, 50)], 7).unwrap().into_inner();
    let both = end(&sim, &shelf) as u64;
    let path = path(&shelf);
    let mut torn = sim.content(&path).unwrap();
    *torn.last_mut().unwrap() ^= 1;
    for (floor, is_cut) in [(both, false), (first + 1, false), (first, true), (0, true)] {
        sim.plant(&path, &torn);
        sim.restart();
        let again = self::shelves(&sim);
        assert_eq!(scanned(&again, &shelf).len(), 1, "what is whole");
        again.raise_floor(shelf.id, shelf.version, floor);
        again.raise_floor(shelf.id, shelf.version, 0);
        assert!(sim.content(&path).unwrap() == torn, "nothing was cut yet");
        assert_eq!(again.recover(&shelf).is_ok(), is_cut, "floor {floor}");
        assert_eq!(again.append(&shelf, FROM, &[record(3, 50)], 7).is_ok(), is_cut, "floor {floor}");
        assert_eq!(sim.content(&path).unwrap() != torn, is_cut, "floor {floor}");
    }
    sim.disk().remove_file(&path).unwrap();
    let again = self::shelves(&sim);
    again.recover(&shelf).unwrap();
    again.raise_floor(shelf.id, shelf.version, first);
    assert!(again.recover(&shelf).is_err(), "it is gone");
    let anew = again.append(&shelf, FROM, &[record(1, 50)], 7);
    assert!(anew.is_err(), "a file that is gone is not begun anew");
}

#[test]
fn a_log_that_was_closed_for_others_is_not_cut_below_what_it_acknowledged() {
    let sim = SimMedium::new(4);
    let (shelves, first) = (shelves(&sim), shelf());
    shelves.append(&first, FROM, &[record(1, 50)], 7).unwrap().into_inner();
    for other in 0..SHELVES_OPEN_MAX {
        let other = Shelf {
            id: ShelfId::from_bytes([100, other as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ..shelf()
        };
        shelves.append(&other, FROM, &[record(1, 50)], 7).unwrap().into_inner();
    }
    assert!(sim.rot(&path(&first), end(&sim, &first) as u64 - 1, 1));
    let damaged = sim.content(&path(&first));
    assert!(shelves.append(&first, FROM, &[record(2, 50)], 7).is_err());
    assert_eq!(sim.content(&path(&first)), damaged);
}
