//! `format.md` held against the code: a golden journal read by a second reader written from the page, every invariant
//! named on both sides.

use host::sim::SimMedium;
use model::digest::hex;
use sha2::{Digest as _, Sha256};

use super::*;

const PAGE: &str = include_str!("../../format.md");
const GOLDEN_LOG_1: &str = include_str!("../../golden/log.1.hex");
const GOLDEN_LOG_2: &str = include_str!("../../golden/log.2.hex");
const GOLDEN_HEAD: &str = include_str!("../../golden/head.hex");
const GOLDEN_EXPORT: &str = include_str!("../../golden/export.txt");

fn golden() -> (SimMedium, Journal) {
    let sim = SimMedium::new(1);
    let (mut journal, _) = create(&disk_with_practice(&sim), 2).unwrap();
    commit(&mut journal, 2, 1).unwrap();
    journal.set_log_bytes_max(1);
    commit(&mut journal, 3, 2).unwrap();
    (sim, journal)
}

/// Hex in lines of 32 bytes.
fn lines(bytes: &[u8]) -> String {
    bytes.chunks(32).map(|line| hex::encode(line) + "\n").collect()
}

fn bytes(lines: &str) -> Vec<u8> {
    let digits: String = lines.split_whitespace().collect();
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn the_golden_journal_is_still_written_byte_for_byte() {
    let (sim, _) = golden();
    assert_eq!(lines(&sim.content(&log(1)).unwrap()), GOLDEN_LOG_1);
    assert_eq!(lines(&sim.content(&log(2)).unwrap()), GOLDEN_LOG_2);
    assert_eq!(lines(&sim.content(&second_place()).unwrap()), GOLDEN_HEAD);
}

#[test]
fn the_golden_journal_is_still_read() {
    let sim = SimMedium::new(2);
    let disk = disk_with_practice(&sim);
    disk.create_folder(&folder()).unwrap();
    sim.plant(&log(1), &bytes(GOLDEN_LOG_1));
    sim.plant(&log(2), &bytes(GOLDEN_LOG_2));
    sim.plant(&second_place(), &bytes(GOLDEN_HEAD));
    let (journal, recovered) = Journal::recover(&disk, &folder(), &second_place()).unwrap();
    assert_eq!((recovered.entries, recovered.log_files, recovered.head_was), (5, 2, None));
    assert_sound(journal.reader(), 5);
}

/// Follows the tables of the page, not the code.
#[test]
fn the_golden_journal_is_as_the_page_says() {
    let first = bytes(GOLDEN_LOG_1);
    let mut size = 0;
    let mut frames = Frames(&first);
    assert_eq!(frames.next(), Some((0, b"counterfoil journal 1".as_slice())));
    assert_eq!(frames.next(), Some((1, [&[0, 0, 0, 1][..], &[0; 8]].concat().as_slice())));
    for (kind, body) in frames {
        assert_eq!(kind, 2);
        size = read_commit(body, size);
    }
    assert_eq!(size, 3);

    let second = bytes(GOLDEN_LOG_2);
    let mut frames = Frames(&second);
    frames.next();
    let (kind, opening) = frames.next().unwrap();
    assert_eq!((kind, &opening[..4], &opening[4..12]), (1, &[0, 0, 0, 2][..], &[0, 0, 0, 0, 0, 0, 0, 3][..]));
    let edge: Vec<u8> = leaves(3).iter().flat_map(|leaf| *leaf.as_bytes()).collect();
    assert_eq!(&opening[12..], edge);
    for (kind, body) in frames {
        assert_eq!(kind, 2);
        size = read_commit(body, size);
    }
    assert_eq!(size, 5);

    let head = bytes(GOLDEN_HEAD);
    assert_eq!(&head[..19], b"counterfoil head 1\n");
    assert_eq!(head[19..23], 2u32.to_be_bytes());
    assert_eq!(head[23..31], (second.len() as u64).to_be_bytes());
    assert_eq!(head[31..39], 5u64.to_be_bytes());
    assert_eq!(&head[39..71], root_of(5).as_bytes());
    let (rest, check) = head.split_at(head.len() - 8);
    assert_eq!(check, &Sha256::digest(rest)[..8]);
}

struct Frames<'a>(&'a [u8]);

impl<'a> Iterator for Frames<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let length = u32::from_be_bytes(self.0[..4].try_into().unwrap()) as usize;
        let (frame, rest) = self.0.split_at(5 + length + 8);
        self.0 = rest;
        Some((frame[4], &frame[5..5 + length]))
    }
}

/// Checks one commit against the test's entries; gives the size after it.
fn read_commit(body: &[u8], size: u64) -> u64 {
    let number =
        |at: usize, bytes: usize| body[at..at + bytes].iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    assert_eq!(number(0, 8), size);
    let count = number(8, 4);
    let mut at = 12;
    for n in size..size + count {
        let NewEntry { statement, list, key } = entry(n);
        let hash = entry_hash(&statement);
        assert_eq!(&body[at..at + 32], hash.as_bytes());
        assert_eq!(&body[at + 32..at + 48], key.as_bytes());
        let (statement_bytes, list_bytes) = (number(at + 48, 4) as usize, number(at + 52, 4) as usize);
        let sealed = FakeBox.seal(key, &hash, &statement, list.as_deref()).unwrap();
        at += 56;
        assert_eq!(body[at..at + statement_bytes], sealed.statement);
        at += statement_bytes;
        assert_eq!(body[at..at + list_bytes], sealed.list.unwrap_or_default());
        at += list_bytes;
    }
    let size = size + count;
    assert_eq!(number(at, 8), size);
    assert_eq!(&body[at + 8..at + 40], root_of(size).as_bytes());
    let signed = FakeSigner.sign(size, root_of(size), Timestamp::from_unix_ms(number(at + 40, 8))).unwrap();
    assert_eq!(body[at + 48..at + 112], signed.receipt_signature);
    assert_eq!(number(at + 112, 4) as usize, signed.checkpoint_note.len());
    assert_eq!(body[at + 116..], signed.checkpoint_note);
    size
}

#[test]
fn the_export_is_golden_and_checked_by_hand() {
    let (_, journal) = golden();
    let mut out = Vec::new();
    journal.reader().export(Some(&FakeBox), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text, GOLDEN_EXPORT);
    let mut hashes = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["entry", _, hash, _, "opened"] => hashes.push(Sha256Digest::from_hex(hash).unwrap()),
            ["statement", statement] => {
                assert_eq!(Some(&entry_hash(&bytes(statement))), hashes.last());
            }
            ["head", size, root, _] => {
                let leaves = hashes.iter().map(|hash| merkle::leaf_hash(hash.as_bytes()));
                assert_eq!(size.parse(), Ok(hashes.len()));
                assert_eq!(root, merkle::root_of(leaves).to_hex());
            }
            _ => {}
        }
    }
    assert_eq!(hashes.len(), 5);
}

#[test]
fn an_export_without_keys_leaves_the_statements_out_and_erased_entries_stay_counted() {
    let sim = SimMedium::new(3);
    let (mut journal, _) = create(&disk_with_practice(&sim), 1).unwrap();
    let erased = NewEntry { key: ERASED, ..entry(1) };
    journal.commit(&[erased], time(1), &FakeSigner, &FakeBox).unwrap();
    assert_eq!(journal.entry(1).unwrap().open(&FakeBox), Err(OpenFailure::Erased));
    assert_eq!(journal.inclusion_path(1, 2).unwrap(), leaves(1));
    let export = |entry_box: Option<&dyn EntryBox>| {
        let mut out = Vec::new();
        journal.reader().export(entry_box, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert!(export(Some(&FakeBox)).contains(&format!("{} erased\nhead 2 ", ERASED.to_hex())));
    let sealed = export(None);
    assert!(!sealed.contains("statement") && sealed.matches(" sealed\n").count() == 2);
    assert!(sealed.ends_with("end 2\n"));
}

#[test]
fn every_invariant_is_on_the_page_and_in_the_code() {
    let sources = [
        include_str!("../derived.rs"),
        include_str!("../entry.rs"),
        include_str!("../error.rs"),
        include_str!("../frame.rs"),
        include_str!("../head.rs"),
        include_str!("../journal.rs"),
        include_str!("../proof.rs"),
        include_str!("../reader.rs"),
        include_str!("../recover.rs"),
        include_str!("../walk.rs"),
    ];
    let on_page: Vec<u32> = (1..100).filter(|n| PAGE.contains(&format!("- **J{n}**"))).collect();
    assert_eq!(on_page, (1..=10).collect::<Vec<u32>>());
    for n in 1..100 {
        let named = sources.iter().any(|source| {
            source
                .match_indices(&format!("J{n}"))
                .any(|(at, name)| !source[at + name.len()..].starts_with(|next: char| next.is_ascii_digit()))
        });
        assert_eq!(named, on_page.contains(&n), "J{n}");
    }
}
