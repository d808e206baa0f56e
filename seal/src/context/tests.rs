//! The table of contexts: every encoding written out by hand, and no box taken for another kind.

use super::*;
use crate::construction::{self, Chosen};

const ID: [u8; 16] = *b"0123456789abcdef";
const OTHER: [u8; 16] = *b"ABCDEFGHIJKLMNOP";
const THIRD: [u8; 16] = *b"ponmlkjihgfedcba";
const HASH: [u8; 32] = *b"----------32 bytes of a hash----";

/// One of each, with its encoding put together here a second time, without the macro.
fn one_of_each() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let whole = |purpose: &str, fields: &[&[u8]]| {
        [b"counterfoil.vault/v1/", purpose.as_bytes(), b"\0", &fields.concat()].concat()
    };
    let slot = Slot { vault_id: ID, slot_id: OTHER, kind: 1, domain: 2 };
    let ring = Ring { vault_id: ID, domain: 2, generation: 258, revision: 3 };
    let dek =
        Dek { vault_id: ID, shelf_id: OTHER, shelf_version: 5, class: 3, document_id: THIRD, revision: 7 };
    let head = Head { shelf_id: ID, shelf_version: 5, sequence: 1 << 40, previous: HASH };
    let meta = Meta { document_id: ID, revision: 7, meta_version: 8 };
    let manifest = Manifest { document_id: ID, revision: 7 };
    let piece = Piece { document_id: ID, revision: 7, index: 9, count: 10, padded_bytes: 11 };
    let record = Record { tree: label(b"document"), row: HASH };
    let entry = Entry { vault_id: ID, entry_key_id: OTHER, entry: HASH };
    let list = List { entry: HASH };
    let spool = Spool { vault_id: ID, upload_id: OTHER, sequence: 12, previous: HASH };
    let spoolkey = Spoolkey { vault_id: ID, shelf_id: OTHER, shelf_version: 5, upload_id: THIRD };
    let key = Key { owner_id: ID, purpose: label(b"invite"), key_id: OTHER };
    vec![
        ("slot", slot.encode(), whole("slot", &[&ID, &OTHER, &[1], &[2]])),
        (
            "ring",
            ring.encode(),
            whole("ring", &[&ID, &[2], &[0, 0, 0, 0, 0, 0, 1, 2], &[0, 0, 0, 0, 0, 0, 0, 3]]),
        ),
        ("dek", dek.encode(), whole("dek", &[&ID, &OTHER, &[0, 0, 0, 5], &[3], &THIRD, &[0, 0, 0, 7]])),
        ("head", head.encode(), whole("head", &[&ID, &[0, 0, 0, 5], &[0, 0, 1, 0, 0, 0, 0, 0], &HASH])),
        ("meta", meta.encode(), whole("meta", &[&ID, &[0, 0, 0, 7], &[0, 0, 0, 8]])),
        ("manifest", manifest.encode(), whole("manifest", &[&ID, &[0, 0, 0, 7]])),
        (
            "piece",
            piece.encode(),
            whole(
                "piece",
                &[
                    &ID,
                    &[0, 0, 0, 7],
                    &[0, 0, 0, 0, 0, 0, 0, 9],
                    &[0, 0, 0, 0, 0, 0, 0, 10],
                    &[0, 0, 0, 0, 0, 0, 0, 11],
                ],
            ),
        ),
        ("record", record.encode(), whole("record", &[b"document", &HASH])),
        ("entry", entry.encode(), whole("entry", &[&ID, &OTHER, &HASH])),
        ("list", list.encode(), whole("list", &[&HASH])),
        ("spool", spool.encode(), whole("spool", &[&ID, &OTHER, &[0, 0, 0, 0, 0, 0, 0, 12], &HASH])),
        ("spoolkey", spoolkey.encode(), whole("spoolkey", &[&ID, &OTHER, &[0, 0, 0, 5], &THIRD])),
        ("key", key.encode(), whole("key", &[&ID, b"invite\0\0\0\0\0\0\0\0\0\0", &OTHER])),
    ]
}

#[test]
fn every_context_is_encoded_as_the_format_says() {
    let all = one_of_each();
    let names: Vec<&str> = all.iter().map(|(purpose, ..)| *purpose).collect();
    assert_eq!(names, TABLE.iter().map(|row| row.purpose).collect::<Vec<_>>());
    for ((purpose, coded, written), row) in all.iter().zip(TABLE) {
        assert_eq!(coded, written, "{purpose}");
        assert_eq!(coded.len(), row.bytes, "{purpose}");
    }
}

#[test]
fn no_context_is_the_beginning_of_another() {
    let all = one_of_each();
    for (purpose, one, _) in &all {
        assert!(one.starts_with(PREFIX.as_bytes()));
        assert!(!purpose.contains('\0'), "the zero byte ends the purpose");
        for (other_purpose, other, _) in &all {
            assert!(purpose == other_purpose || !other.starts_with(one), "{purpose} begins {other_purpose}");
        }
    }
}

/// Every kind of box handed in as every other kind, under the same key bytes.
#[test]
fn no_box_opens_as_another_kind() {
    let all = one_of_each();
    let key = [0x11; 32];
    for (sealed_as, context, _) in &all {
        let mut sealed = Vec::new();
        construction::seal::<Chosen>(&key, context, &[0x22; 24], &[0x33; 32], &mut sealed);
        for (opened_as, other, _) in &all {
            let opens = construction::open::<Chosen>(&key, other, &sealed, &mut Vec::new()).is_ok();
            assert_eq!(opens, sealed_as == opened_as, "{sealed_as} as {opened_as}");
        }
    }
}

/// Every byte of every field counts.
#[test]
fn no_box_opens_in_another_place() {
    let key = [0x11; 32];
    for (purpose, context, _) in one_of_each() {
        let mut sealed = Vec::new();
        construction::seal::<Chosen>(&key, &context, &[0x22; 24], b"text", &mut sealed);
        for index in 0..context.len() {
            let mut elsewhere = context.clone();
            elsewhere[index] ^= 1;
            let opened = construction::open::<Chosen>(&key, &elsewhere, &sealed, &mut Vec::new());
            assert!(opened.is_err(), "{purpose} with byte {index} changed");
        }
    }
}

#[test]
fn labels_are_filled_up_with_zeros() {
    assert_eq!(label::<4, 16>(b"root"), *b"root\0\0\0\0\0\0\0\0\0\0\0\0");
    assert_eq!(label::<8, 8>(b"document"), *b"document");
}
