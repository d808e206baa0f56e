//! What every record store must do, as one function: a new store runs it, and is then as good as the others.
//! Panics at the first thing that is not so; nothing here is in a program (feature `testing`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use super::{Batch, KEY_BYTES_MAX, Precondition, Records, RecordsError, Scan};
use model::limits::RECORD_BYTES_MAX;

/// Runs everything, each time on a new empty store.
pub fn all<R: Records>(make: &mut dyn FnMut() -> R) {
    values_are_read_back(&make());
    a_scan_is_in_order_and_can_stop_and_go_on(&make());
    a_batch_is_all_or_nothing(&make());
    preconditions_hold_or_nothing_changes(&make());
    lengths_are_bounded(&make());
    a_receiver_may_read_and_write(&make());
    many_writers_lose_nothing(&make());
    it_does_what_a_sorted_map_does(&make());
}

fn put<R: Records>(records: &R, key: &[u8], value: &[u8]) {
    let mut batch = Batch::new();
    batch.put(key.to_vec(), value.to_vec());
    records.commit(&batch).unwrap();
}

fn keys<R: Records>(records: &R, prefix: &[u8], after: Option<&[u8]>) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let each = &mut |key: &[u8], _: &[u8]| {
        keys.push(key.to_vec());
        Scan::GoOn
    };
    records.scan(prefix, after, each).unwrap();
    keys
}

fn values_are_read_back<R: Records>(records: &R) {
    assert_eq!(records.get(b"k").unwrap(), None);
    put(records, b"k", b"1");
    put(records, b"k", b"2");
    put(records, b"empty", b"");
    assert_eq!(records.get(b"k").unwrap().as_deref(), Some(b"2".as_slice()));
    assert_eq!(records.get(b"empty").unwrap().as_deref(), Some(b"".as_slice()));
    let mut batch = Batch::new();
    batch.remove(b"k".to_vec()).remove(b"never there".to_vec());
    records.commit(&batch).unwrap();
    assert_eq!(records.get(b"k").unwrap(), None);
    records.sync().unwrap();
}

fn a_scan_is_in_order_and_can_stop_and_go_on<R: Records>(records: &R) {
    for key in [b"b2".as_slice(), b"a", b"b", b"b10", b"c", b"b\xff\xff", b"\xff"] {
        put(records, key, key);
    }
    let of_b = [b"b".to_vec(), b"b10".to_vec(), b"b2".to_vec(), b"b\xff\xff".to_vec()];
    assert_eq!(keys(records, b"b", None), of_b);
    assert_eq!(keys(records, b"b", Some(b"b")), of_b[1..]);
    assert_eq!(keys(records, b"b", Some(b"b10")), of_b[2..]);
    assert_eq!(keys(records, b"b", Some(b"a")), of_b, "a cursor before the prefix changes nothing");
    assert_eq!(keys(records, b"b", Some(b"c")), Vec::<Vec<u8>>::new());
    assert_eq!(keys(records, b"\xff", None), [b"\xff".to_vec()]);
    assert_eq!(keys(records, b"", None).len(), 7);
    let mut seen = 0;
    let each = &mut |_: &[u8], _: &[u8]| {
        seen += 1;
        if seen == 2 { Scan::Stop } else { Scan::GoOn }
    };
    records.scan(b"b", None, each).unwrap();
    assert_eq!(seen, 2);
}

fn a_batch_is_all_or_nothing<R: Records>(records: &R) {
    let mut batch = Batch::new();
    for at in 0..500u32 {
        batch.put(at.to_be_bytes().to_vec(), b"x".to_vec());
    }
    batch.put(b"k".to_vec(), b"first".to_vec()).put(b"k".to_vec(), b"last".to_vec());
    batch.put(b"gone".to_vec(), b"x".to_vec()).remove(b"gone".to_vec());
    records.commit(&batch).unwrap();
    assert_eq!(keys(records, b"", None).len(), 501);
    assert_eq!(records.get(b"k").unwrap().as_deref(), Some(b"last".as_slice()));
}

fn preconditions_hold_or_nothing_changes<R: Records>(records: &R) {
    put(records, b"there", b"1");
    let (there, away) = (b"there".to_vec(), b"away".to_vec());
    for (precondition, holds) in [
        (Precondition::Absent(away.clone()), true),
        (Precondition::Absent(there.clone()), false),
        (Precondition::Present(there.clone()), true),
        (Precondition::Present(away.clone()), false),
        (Precondition::Equals(there.clone(), b"1".to_vec()), true),
        (Precondition::Equals(there.clone(), b"2".to_vec()), false),
        (Precondition::Equals(away, b"".to_vec()), false),
    ] {
        let mut batch = Batch::new();
        batch.require(Precondition::Present(there.clone())).require(precondition.clone());
        batch.put(b"mark".to_vec(), b"x".to_vec());
        let expected = if holds { Ok(()) } else { Err(RecordsError::Precondition) };
        assert_eq!(records.commit(&batch), expected, "{precondition:?}");
        assert_eq!(records.get(b"mark").unwrap().is_some(), holds, "{precondition:?}");
        let mut batch = Batch::new();
        records.commit(batch.remove(b"mark".to_vec())).unwrap();
    }
}

fn lengths_are_bounded<R: Records>(records: &R) {
    put(records, &[7; KEY_BYTES_MAX], &[7; RECORD_BYTES_MAX]);
    for (key, value, refused) in [
        (vec![], vec![], RecordsError::KeyLength { bytes: 0 }),
        (vec![7; KEY_BYTES_MAX + 1], vec![], RecordsError::KeyLength { bytes: KEY_BYTES_MAX + 1 }),
        (vec![1], vec![7; RECORD_BYTES_MAX + 1], RecordsError::ValueTooLarge { bytes: RECORD_BYTES_MAX + 1 }),
    ] {
        let mut batch = Batch::new();
        batch.put(b"beside".to_vec(), b"x".to_vec()).put(key, value);
        assert_eq!(records.commit(&batch), Err(refused));
        assert_eq!(records.get(b"beside").unwrap(), None);
    }
}

fn a_receiver_may_read_and_write<R: Records>(records: &R) {
    for at in 0..10u8 {
        put(records, &[b'r', at], b"x");
    }
    let mut seen = 0;
    let each = &mut |key: &[u8], _: &[u8]| {
        seen += 1;
        assert!(records.get(key).unwrap().is_some());
        put(records, &[b"other".as_slice(), key].concat(), b"x");
        Scan::GoOn
    };
    records.scan(b"r", None, each).unwrap();
    assert_eq!(seen, 10);
    assert_eq!(keys(records, b"other", None).len(), 10);
}

fn many_writers_lose_nothing<R: Records>(records: &R) {
    const WRITERS: u32 = 8;
    const STEPS: u32 = 25;
    put(records, b"count", &0u32.to_be_bytes());
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || {
                for step in 0..STEPS {
                    let mut batch = Batch::new();
                    batch.put(
                        [b"w".as_slice(), &(writer * STEPS + step).to_be_bytes()].concat(),
                        b"x".to_vec(),
                    );
                    records.commit(&batch).unwrap();
                    // A counter that only a precondition keeps right.
                    loop {
                        let before = records.get(b"count").unwrap().unwrap();
                        let count = u32::from_be_bytes(before.clone().try_into().unwrap());
                        let mut batch = Batch::new();
                        batch.require(Precondition::Equals(b"count".to_vec(), before));
                        batch.put(b"count".to_vec(), (count + 1).to_be_bytes().to_vec());
                        if records.commit(&batch).is_ok() {
                            break;
                        }
                    }
                }
            });
        }
    });
    assert_eq!(keys(records, b"w", None).len(), (WRITERS * STEPS) as usize);
    assert_eq!(records.get(b"count").unwrap().unwrap(), (WRITERS * STEPS).to_be_bytes());
}

/// A few thousand steps drawn by a fixed rule, against the map of the standard library.
fn it_does_what_a_sorted_map_does<R: Records>(records: &R) {
    let mut map = std::collections::BTreeMap::new();
    let mut drawn = 0x9e37_79b9_7f4a_7c15u64;
    let mut draw = |below: u64| {
        drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (drawn >> 33) % below
    };
    for _ in 0..2_000 {
        let key = format!("{:03}", draw(300)).into_bytes();
        let mut batch = Batch::new();
        if draw(3) == 0 {
            map.remove(&key);
            batch.remove(key);
        } else {
            let value = vec![draw(256) as u8; draw(RECORD_BYTES_MAX as u64 + 1) as usize];
            map.insert(key.clone(), value.clone());
            batch.put(key, value);
        }
        records.commit(&batch).unwrap();
    }
    let mut found = std::collections::BTreeMap::new();
    let each = &mut |key: &[u8], value: &[u8]| {
        found.insert(key.to_vec(), value.to_vec());
        Scan::GoOn
    };
    records.scan(b"", None, each).unwrap();
    assert_eq!(found, map);
}
