//! Boxes as every other crate sees them: what is sealed comes back, whole or by range, and nothing else does.

use counterfoil_seal as seal;
use proptest::prelude::*;
use seal::{DocumentKey, Unopenable, context};

const DOCUMENT: [u8; 16] = [7; 16];

fn key() -> seal::ContentKey {
    DocumentKey::from_bytes(&mut [9; 32]).content_key(&DOCUMENT)
}

fn place() -> context::Piece {
    context::Piece { document_id: DOCUMENT, revision: 1, index: 0, count: 1, padded_bytes: 1 << 20 }
}

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|i| (i % 251) as u8).collect()
}

/// Sizes about the edges of chunks as well as any other.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        0usize..300,
        (0usize..5, 0usize..5).prop_map(|(chunks, off)| (chunks * seal::CHUNK_BYTES + off).saturating_sub(2)),
        0usize..70_000,
    ]
}

#[test]
fn every_small_size_comes_back() {
    for bytes in 0..=520 {
        let plaintext = pattern(bytes);
        let sealed = seal::seal(&key(), &place(), &plaintext).unwrap();
        assert_eq!(sealed.len(), seal::sealed_bytes(bytes));
        assert_eq!(*seal::open(&key(), &place(), &sealed).unwrap(), plaintext);
    }
}

#[test]
fn a_piece_has_the_length_that_the_layout_counts_on() {
    let sealed = seal::seal(&key(), &place(), &pattern(1 << 20)).unwrap();
    assert_eq!(sealed.len(), seal::PIECE_SEALED_BYTES);
    assert_eq!(seal::open(&key(), &place(), &sealed).unwrap().len(), 1 << 20);
}

#[test]
fn the_length_of_a_box_tells_the_length_of_its_plaintext() {
    for bytes in 0..=40_000 {
        assert_eq!(seal::plain_bytes(seal::sealed_bytes(bytes)), Some(bytes));
    }
    let possible: Vec<usize> = (0..=40_000).map(seal::sealed_bytes).collect();
    for bytes in 0..=40_000 {
        assert_eq!(seal::plain_bytes(bytes).is_some(), possible.binary_search(&bytes).is_ok(), "{bytes}");
    }
    assert_eq!(seal::sealed_bytes(usize::MAX), usize::MAX);
}

#[test]
fn any_changed_byte_of_a_box_is_an_error() {
    let sealed = seal::seal(&key(), &place(), &pattern(100)).unwrap();
    for index in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[index] ^= 1 << bit;
            assert_eq!(seal::open(&key(), &place(), &changed).unwrap_err(), Unopenable, "byte {index}");
        }
    }
}

#[test]
fn a_box_cut_or_lengthened_anywhere_is_an_error() {
    for bytes in [0, 100, 16_384, 16_385] {
        let sealed = seal::seal(&key(), &place(), &pattern(bytes)).unwrap();
        let edges = [0usize, 24, 56, 72, 56 + 16_384, 56 + 16_400, 56 + 16_416];
        let near = (0..sealed.len()).filter(|cut| {
            bytes == 100 || edges.iter().any(|edge| edge.abs_diff(*cut) < 3) || sealed.len() - cut < 20
        });
        for cut in near {
            assert!(seal::open(&key(), &place(), &sealed[..cut]).is_err(), "{bytes} cut to {cut}");
        }
        for more in [1, 15, 16, 17, 16_384, 16_400] {
            let mut longer = sealed.clone();
            longer.resize(sealed.len() + more, 0);
            assert!(seal::open(&key(), &place(), &longer).is_err(), "{bytes} and {more} more");
        }
    }
}

#[test]
fn sealed_twice_is_two_boxes_that_share_nothing() {
    let one = seal::seal(&key(), &place(), &pattern(64)).unwrap();
    let other = seal::seal(&key(), &place(), &pattern(64)).unwrap();
    assert_ne!(one[..24], other[..24], "salt");
    assert_ne!(seal::commitment(&one), seal::commitment(&other));
    assert_ne!(one[56..], other[56..], "text");
}

#[test]
fn the_commitment_pins_this_very_sealing() {
    let sealed = seal::seal(&key(), &place(), b"text").unwrap();
    assert_eq!(seal::commitment(&sealed).unwrap(), sealed[24..56]);
    assert_eq!(seal::commitment(&sealed[..55]), None);
}

#[test]
fn sealing_and_opening_append() {
    let mut out = b"before".to_vec();
    seal::seal_into(&key(), &place(), b"text", &mut out).unwrap();
    assert_eq!(&out[..6], b"before");
    let mut plaintext = b"before ".to_vec();
    seal::open_into(&key(), &place(), &out[6..], &mut plaintext).unwrap();
    assert_eq!(plaintext, b"before text");
}

#[test]
fn a_box_that_fails_midway_leaves_the_buffer_as_it_was() {
    let mut sealed = seal::seal(&key(), &place(), &pattern(40_000)).unwrap();
    let last = sealed.len() - 1;
    sealed[last] ^= 1;
    let mut out = b"before".to_vec();
    assert!(seal::open_into(&key(), &place(), &sealed, &mut out).is_err());
    assert_eq!(out, b"before");
}

#[test]
fn a_wrapped_key_comes_back_in_its_place_only() {
    let shelf = seal::ShelfKey::random().unwrap().dek_key(&[2; 16]);
    let place = context::Dek {
        vault_id: [1; 16],
        shelf_id: [2; 16],
        shelf_version: 3,
        class: 4,
        document_id: [5; 16],
        revision: 6,
    };
    let document = DocumentKey::random().unwrap();
    let sealed = seal::seal_key(&shelf, &place, &document).unwrap();
    assert_eq!(sealed.len(), seal::KEY_SEALED_BYTES);
    assert!(seal::open_key(&shelf, &place, &sealed).ok().unwrap().equals(&document));
    let next = context::Dek { shelf_version: 4, ..place };
    assert!(seal::open_key(&shelf, &next, &sealed).is_err());
    let longer = seal::seal(&shelf, &place, &[0; 33]).unwrap();
    assert!(seal::open_key(&shelf, &place, &longer).is_err());
}

#[test]
fn a_range_outside_the_plaintext_is_an_error() {
    let sealed = seal::seal(&key(), &place(), &pattern(100)).unwrap();
    assert!(seal::open_range(&key(), &place(), &sealed, 0..101).is_err());
    assert!(seal::open_range(&key(), &place(), &sealed, 101..101).is_err());
    #[expect(clippy::reversed_empty_ranges)]
    let backwards = 5..4;
    assert!(seal::open_range(&key(), &place(), &sealed, backwards).is_err());
    assert_eq!(seal::part(71, 0..0), None, "no box has 71 bytes");
    assert_eq!(seal::part(usize::MAX, 0..1).map(|part| part.sealed()), Some(56..16_456));
    let far = usize::MAX / 16_400 * 16_384;
    assert_eq!(seal::part(usize::MAX, far..usize::MAX), None);
}

#[test]
fn a_range_checks_the_commitment_even_if_it_is_empty() {
    let mut sealed = seal::seal(&key(), &place(), &pattern(100)).unwrap();
    assert!(seal::open_range(&key(), &place(), &sealed, 50..50).unwrap().is_empty());
    sealed[24] ^= 1;
    assert!(seal::open_range(&key(), &place(), &sealed, 50..50).is_err());
    assert!(seal::open_range(&key(), &place(), &sealed, 0..1).is_err());
}

#[test]
fn a_range_opens_while_the_box_is_damaged_elsewhere_and_fails_where_it_is() {
    let plaintext = pattern(50_000);
    let mut sealed = seal::seal(&key(), &place(), &plaintext).unwrap();
    sealed[56 + 16_400 + 5] ^= 1; // in the second chunk
    for (range, opens) in [
        (0..16_384, true),
        (0..16_385, false),
        (16_383..16_385, false),
        (32_767..32_768, false),
        (32_768..50_000, true),
    ] {
        let opened = seal::open_range(&key(), &place(), &sealed, range.clone());
        assert_eq!(opened.map(|bytes| bytes.to_vec()).ok(), opens.then(|| plaintext[range].to_vec()));
    }
}

#[test]
fn chunks_of_another_place_in_the_box_are_no_range() {
    let sealed = seal::seal(&key(), &place(), &pattern(50_000)).unwrap();
    let header = sealed.first_chunk().unwrap();
    let part = seal::part(sealed.len(), 16_384..32_768).unwrap();
    let [here, before] = [part.sealed(), 56..56 + 16_400].map(|bytes| &sealed[bytes]);
    assert!(seal::open_part(&key(), &place(), header, &part, here).is_ok());
    assert!(seal::open_part(&key(), &place(), header, &part, before).is_err());
    assert!(seal::open_part(&key(), &place(), header, &part, &here[..here.len() - 1]).is_err());
    assert!(seal::open_part(&key(), &place(), header, &part, &[]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_sealed_comes_back(bytes in size()) {
        let plaintext = pattern(bytes);
        let sealed = seal::seal(&key(), &place(), &plaintext).unwrap();
        prop_assert_eq!(sealed.len(), seal::sealed_bytes(bytes));
        prop_assert!(*seal::open(&key(), &place(), &sealed).unwrap() == plaintext);
    }

    #[test]
    fn a_range_is_that_range_of_the_plaintext(bytes in size(), a: usize, b: usize) {
        let plaintext = pattern(bytes);
        let sealed = seal::seal(&key(), &place(), &plaintext).unwrap();
        let (a, b) = (a % (bytes + 1), b % (bytes + 1));
        let range = a.min(b)..a.max(b);
        let opened = seal::open_range(&key(), &place(), &sealed, range.clone()).unwrap();
        prop_assert!(*opened == plaintext[range.clone()]);
        let part = seal::part(sealed.len(), range.clone()).unwrap();
        prop_assert_eq!(part.bytes(), range.len());
        prop_assert!(part.sealed().len() <= range.len() / 16_384 * 16_400 + 2 * 16_400);
        let again = seal::open_part(&key(), &place(), sealed.first_chunk().unwrap(), &part, &sealed[part.sealed()]);
        prop_assert!(*again.unwrap() == plaintext[range]);
    }

    #[test]
    fn any_bytes_are_an_error_and_no_crash(bytes: Vec<u8>, a: usize, b: usize) {
        prop_assert!(seal::open(&key(), &place(), &bytes).is_err());
        prop_assert!(seal::open_range(&key(), &place(), &bytes, a..b).is_err());
    }
}
