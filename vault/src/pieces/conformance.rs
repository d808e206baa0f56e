//! What every piece store must do, as one function: a new store runs it, and is then as good as the others.
//! Panics at the first thing that is not so; nothing here is in a program (feature `testing`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use model::{Blake3Digest, Class, ObjectId, PieceIndex, piece::PIECE_BYTES};

use super::{Object, Part, PieceStore, padded_bytes};

/// Runs everything on one empty store.
pub fn all(store: &dyn PieceStore) {
    parts_are_read_back_in_any_order(store);
    lengths_are_exact(store);
    what_is_not_there_is_an_error(store);
    a_part_is_replaced_whole(store);
    objects_are_listed_and_removed(store);
    many_writers_lose_nothing(store);
}

fn object(seed: u8, class: Class, length: u64) -> Object {
    Object { class, folder: seed, id: ObjectId::from_bytes([seed; 16]), padded_bytes: padded_bytes(length) }
}

/// Bytes as long as a part, different for every seed.
fn bytes(object: &Object, part: Part, seed: u8) -> Vec<u8> {
    let (_, length) = object.range(part).unwrap();
    (0..length).map(|at| (at as u8).wrapping_mul(31) ^ seed).collect()
}

fn piece(index: u32) -> Part {
    Part::Piece(PieceIndex(index))
}

fn parts_are_read_back_in_any_order(store: &dyn PieceStore) {
    let object = object(1, Class::Internal, 2 * PIECE_BYTES + 5);
    for index in [2, 0, 1] {
        store.put(&object, piece(index), &bytes(&object, piece(index), index as u8)).unwrap();
    }
    let hashes = (0..3).map(|seed| Blake3Digest::from_bytes([seed; 32]));
    store.put(&object, Part::Trailer, &object.trailer(hashes.clone())).unwrap();
    store.sync(&[object]).unwrap().into_inner();
    for index in 0..3 {
        assert_eq!(store.read(&object, piece(index)).unwrap(), bytes(&object, piece(index), index as u8));
    }
    let trailer = store.read(&object, Part::Trailer).unwrap();
    assert_eq!(object.read_trailer(&trailer), Some(hashes.collect()));
}

fn lengths_are_exact(store: &dyn PieceStore) {
    let object = object(2, Class::Public, 1);
    let whole = bytes(&object, piece(0), 0);
    assert!(store.put(&object, piece(0), &whole[1..]).is_err());
    assert!(store.put(&object, piece(0), &[whole.as_slice(), &[0]].concat()).is_err());
    assert!(store.put(&object, piece(1), &whole).is_err());
    assert!(store.put(&object, Part::Trailer, &whole).is_err());
}

fn what_is_not_there_is_an_error(store: &dyn PieceStore) {
    let there = object(3, Class::Public, 3 * PIECE_BYTES);
    assert!(store.read(&there, piece(0)).is_err());
    store.put(&there, piece(0), &bytes(&there, piece(0), 0)).unwrap();
    assert!(store.read(&there, piece(2)).is_err(), "a piece beyond what was put");
    assert!(store.read(&there, piece(3)).is_err(), "a piece beyond the object");
    // The same id in another shape is another object.
    for other in [
        Object { class: Class::Confidential, ..there },
        Object { folder: 4, ..there },
        Object { padded_bytes: there.padded_bytes - PIECE_BYTES, ..there },
    ] {
        assert!(store.read(&other, piece(0)).is_err(), "{other:?}");
    }
}

fn a_part_is_replaced_whole(store: &dyn PieceStore) {
    let object = object(5, Class::Internal, PIECE_BYTES);
    for seed in [1, 2] {
        store.put(&object, piece(0), &bytes(&object, piece(0), seed)).unwrap();
        store.sync(&[object]).unwrap().into_inner();
    }
    assert_eq!(store.read(&object, piece(0)).unwrap(), bytes(&object, piece(0), 2));
}

fn objects_are_listed_and_removed(store: &dyn PieceStore) {
    let objects: Vec<Object> = [9, 8, 7].map(|seed| object(seed, Class::Confidential, 10)).into();
    for object in &objects {
        store.put(object, piece(0), &bytes(object, piece(0), 0)).unwrap();
    }
    store.sync(&objects).unwrap().into_inner();
    let listed = [7, 8, 9].map(|seed| (seed, ObjectId::from_bytes([seed; 16])));
    assert_eq!(store.list(Class::Confidential).unwrap(), listed);
    // One that was never there is removed already.
    store.remove(&[objects[0], objects[1], object(77, Class::Confidential, 10)]).unwrap().into_inner();
    assert_eq!(store.list(Class::Confidential).unwrap(), listed[..1]);
    assert!(store.read(&objects[0], piece(0)).is_err());
    // It may come again.
    store.put(&objects[0], piece(0), &bytes(&objects[0], piece(0), 3)).unwrap();
    store.sync(&objects[..1]).unwrap().into_inner();
    assert_eq!(store.read(&objects[0], piece(0)).unwrap(), bytes(&objects[0], piece(0), 3));
    store.sync(&[]).unwrap().into_inner();
}

fn many_writers_lose_nothing(store: &dyn PieceStore) {
    let objects: Vec<Object> = (100..108).map(|seed| object(seed, Class::Public, 3 * PIECE_BYTES)).collect();
    std::thread::scope(|scope| {
        for index in 0..3 {
            let objects = &objects;
            scope.spawn(move || {
                for object in objects {
                    store.put(object, piece(index), &bytes(object, piece(index), index as u8)).unwrap();
                    store.sync(&[*object]).unwrap().into_inner();
                }
            });
        }
    });
    for object in &objects {
        for index in 0..3 {
            assert_eq!(store.read(object, piece(index)).unwrap(), bytes(object, piece(index), index as u8));
        }
    }
}
