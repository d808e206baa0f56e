//! A vault that an earlier day wrote. Goal: its formats open for ever, and `format.md` says what they are. Method: the
//! files under `golden/practice` are put on a simulated disk and opened; then they are taken apart by the offsets of
//! the format alone. `COUNTERFOIL_WRITE_GOLDEN=FOLDER` writes a new set beside, for a new version of a format.

mod harness;

use std::path::{Path, PathBuf};

use counterfoil_vault as vault;
use harness::*;
use host::Disk;
use host::sim::SimMedium;
use model::{Blake3Digest, BookId, Class, KeyId, PieceIndex, Sha256Digest};
use sha2::{Digest, Sha256};
use vault::{EntryScope, Purpose, ShelfPosition, Shelved, UploadHead, Vault};

const STORED: [(u8, usize); 2] = [(1, 20_000), (2, 0)];
const OPEN: (u8, usize) = (3, 100);
const STATEMENT: &[u8] = b"a statement";
const LIST: &[u8] = b"a list";

fn other() -> UploadHead {
    UploadHead {
        submission: model::SubmissionId::from_bytes([0xd3; 16]),
        class: Class::Confidential,
        ..head()
    }
}

fn entry() -> Sha256Digest {
    Sha256Digest::from_bytes(Sha256::digest(STATEMENT).into())
}

fn book() -> BookId {
    head().book
}

/// What the golden files hold.
fn fill(vault: &Vault) {
    let contents: Vec<_> = STORED.iter().map(|(seed, length)| content(*seed, *length)).collect();
    let documents = (1..).zip(&contents).map(|(n, bytes)| document(n, bytes)).collect();
    let upload = vault.uploads().open(head(), documents, NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    for (n, bytes) in (1..).zip(&contents) {
        send(&upload, lease, n, bytes).unwrap();
    }
    vault.uploads().finish(upload.prepare_close(&[1, 2]).unwrap()).unwrap();
    let bytes = content(OPEN.0, OPEN.1);
    let documents = vec![document(4, &bytes), document(5, b"to be sent"), document(6, b"w")];
    let upload = vault.uploads().open(other(), documents, NOW).unwrap();
    let lease = upload.take_lease().unwrap();
    send(&upload, lease, 4, &bytes).unwrap();
    upload.withdraw(lease, &[6]).unwrap();
    let key = vault.entry_key(EntryScope::BookYear(book(), 2026)).unwrap();
    let sealed = vault.seal_entry(key, &entry(), STATEMENT, Some(LIST)).unwrap();
    vault.duplicate_index(book(), &Blake3Digest::from_bytes([1; 32]), 7).unwrap();
    let purpose = Purpose::parse("entry").unwrap();
    // The journal is another room: its boxes are kept as two secrets here, so that they can be opened later.
    vault.seal_private(&purpose, KeyId::from_bytes([1; 16]), &sealed.statement).unwrap().into_inner();
    vault.seal_private(&purpose, KeyId::from_bytes([2; 16]), &sealed.list.unwrap()).unwrap().into_inner();
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/practice")
}

/// The golden files on a simulated disk.
fn planted() -> SimMedium {
    let sim = SimMedium::new(1);
    for folder in ["slots", "shred", "ring", "shelves", "objects", "spool", "keys"] {
        sim.disk().create_folder(&Path::new(DIR).join(folder)).unwrap().into_inner();
    }
    for path in files(&Disk::real(), &golden()) {
        let to = Path::new(DIR).join(path.strip_prefix(golden()).unwrap());
        sim.disk().create_folder(to.parent().unwrap()).unwrap().into_inner();
        assert!(sim.plant(&to, &std::fs::read(&path).unwrap()));
    }
    sim
}

fn write(to: &Path) {
    let (sim, vault) = vault(1);
    fill(&vault);
    drop(vault);
    for path in files(&sim.disk(), Path::new(DIR)) {
        let target = to.join(path.strip_prefix(DIR).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, sim.content(&path).unwrap()).unwrap();
    }
}

#[test]
fn the_golden_vault_opens_and_holds_what_it_held() {
    if let Some(to) = std::env::var_os("COUNTERFOIL_WRITE_GOLDEN") {
        return write(Path::new(&to));
    }
    let sim = planted();
    let vault = open_on(&sim.disk()).unwrap();
    let found = vault.uploads().recover().unwrap();
    assert_eq!((found.open, found.left.len()), (1, 0), "{found:?}");
    let shelves: Vec<_> =
        vault.shelves().into_iter().filter(|shelf| shelf.name.class == Class::Internal).collect();
    let mut positions = Vec::new();
    vault
        .scan_shelf(&shelves[0], &mut |record| {
            assert_eq!((record.person, record.submission), (head().person, head().submission));
            if let Shelved::Stored(position) = record.state {
                positions.push(position);
            }
        })
        .unwrap();
    for (position, (seed, length)) in positions.iter().zip(STORED) {
        assert_eq!(ShelfPosition::from_bytes(&position.to_bytes()), Some(*position));
        let document = vault.document(position).unwrap();
        assert!(document.meta().unwrap().name.as_sent().starts_with("发票/"));
        let opened = document.content().unwrap();
        assert_eq!(opened.read_piece(PieceIndex(0)).unwrap().as_slice(), content(seed, length));
    }
    let upload = vault.uploads().find(other().person, other().submission).unwrap().unwrap();
    assert_eq!(upload.head(), &other());
    assert!(upload.is_complete(4).unwrap());
    assert_eq!(upload.missing(5).unwrap(), [(PieceIndex(0), 1)]);
    assert!(upload.is_withdrawn(6).unwrap());
    let bytes = content(OPEN.0, OPEN.1);
    let lease = upload.take_lease().unwrap();
    assert_eq!(send(&upload, lease, 5, b"to be sent").unwrap(), 1);
    let prepared = upload.prepare_close(&[4, 5]).unwrap();
    assert_eq!(prepared.documents().get()[0].sha256.as_bytes().as_slice(), Sha256::digest(&bytes).as_slice());
    let purpose = Purpose::parse("entry").unwrap();
    let open = |id: u8| vault.open_private(&purpose, KeyId::from_bytes([id; 16])).unwrap();
    let key = vault.entry_key(EntryScope::BookYear(book(), 2026)).unwrap();
    let opened = vault.open_entry(key, &entry(), &open(1), Some(&open(2))).unwrap();
    assert_eq!((opened.statement.as_slice(), opened.list.unwrap().as_slice()), (STATEMENT, LIST));
}

#[test]
fn the_golden_vault_opens_with_nothing_else() {
    let sim = planted();
    let wrong = seal::Unlock::KeyFile(seal::Zeroizing::new([0x5b; 32]));
    let refused = Vault::unlock(&sim.disk(), Path::new(DIR), &wrong, settings()).err();
    assert!(matches!(refused, Some(vault::VaultError::NoSlotOpens { slots: 2 })), "{refused:?}");
}

/// The clear parts, by the offsets of `format.md`.
#[test]
fn the_golden_files_are_laid_out_as_the_format_says() {
    let read = |name: &str| std::fs::read(golden().join(name)).unwrap();
    let below = |folder: &str| files(&Disk::real(), &golden().join(folder));
    let identity = String::from_utf8(read("vault.json")).unwrap();
    assert!(identity.starts_with("{\n  \"format\": \"counterfoil vault 1\",\n  \"vault\": \""));
    let seed = read("shred/seed");
    assert_eq!(seed.len(), 32_768);
    assert_eq!(seed[..16_384], seed[16_384..]);
    assert_eq!(seed[..8], 1u64.to_be_bytes());
    assert_eq!(seed[16_328..16_360], *blake3::hash(&seed[..16_328]).as_bytes());
    assert_eq!(seed[16_360..16_384], [0; 24]);
    assert_eq!(below("slots").len(), 2);
    for (name, format) in
        [("ring/standard.1", "counterfoil ring 1"), ("ring/confidential.1", "counterfoil ring 1")]
    {
        assert_eq!(frames(&read(name))[0], (0, format.as_bytes().to_vec()));
    }
    let spool = frames(&std::fs::read(&below("spool")[0]).unwrap());
    assert_eq!(spool[0], (0, b"counterfoil spool 1".to_vec()));
    assert_eq!((spool[1].0, spool[1].1.len()), (1, 1 + 16 + 4 + 104));
    assert_eq!(spool[1].1[0], 1, "the confidential domain");
    assert!(spool[2..].iter().all(|(kind, _)| *kind == 2));
    let shelves = below("shelves");
    assert_eq!(shelves.len(), 1);
    let shelf = frames(&std::fs::read(&shelves[0]).unwrap());
    assert_eq!(shelf[0], (0, b"counterfoil shelf 1".to_vec()));
    let (kind, body) = &shelf[1];
    let number = |at: usize| u32::from_be_bytes(body[at..at + 4].try_into().unwrap()) as usize;
    let records_at = 4 + number(0);
    let (meta, manifest) = (number(records_at + 104), number(records_at + 108));
    assert_eq!((*kind, &body[records_at + 112..records_at + 114]), (1, [0, 0].as_slice()));
    // A second record follows at once.
    let second = records_at + 114 + meta + manifest;
    assert_eq!(second + 114 + number(second + 104) + number(second + 108), body.len());
    for path in below("objects") {
        let object = std::fs::read(&path).unwrap();
        assert_eq!(
            object[..12],
            *if path.starts_with(golden().join("objects/internal")) {
                b"CFVAULT1\x00\x01\x14\x01"
            } else {
                b"CFVAULT1\x00\x01\x14\x02"
            }
        );
        assert_eq!(vault_hex(&object[12..28]), path.file_name().unwrap().to_str().unwrap());
        assert_eq!(object[36..48], [0; 12]);
        assert_eq!(object[48..64], blake3::hash(&object[..48]).as_bytes()[..16]);
    }
    let small = below("objects/internal").into_iter().map(|path| std::fs::read(path).unwrap());
    let small = small.min_by_key(Vec::len).unwrap();
    // An empty document: one piece of 16 KiB of zeros, its hash, the hash of header and table.
    assert_eq!(small[28..36], 16_384u64.to_be_bytes());
    assert_eq!(small.len(), 64 + 16_472 + 64);
    let (piece, trailer) = small[64..].split_at(16_472);
    assert_eq!(trailer[..32], *blake3::hash(piece).as_bytes());
    let check = blake3::Hasher::new().update(&small[..64]).update(&trailer[..32]).finalize();
    assert_eq!(trailer[32..], *check.as_bytes());
    for path in below("keys") {
        assert_eq!(std::fs::read(path).unwrap()[..8], *b"CFKEY001");
    }
}

/// Kind and body of each frame of a log, by its format alone.
fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let length = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        let (frame, rest) = bytes.split_at(5 + length + 8);
        assert_eq!(frame[5 + length..], blake3::hash(&frame[..5 + length]).as_bytes()[..8]);
        frames.push((frame[4], frame[5..5 + length].to_vec()));
        bytes = rest;
    }
    frames
}

fn vault_hex(bytes: &[u8]) -> String {
    model::digest::hex::encode(bytes)
}

/// What `format.md` says in numbers is what the code has, and every name in it is one of the code's.
#[test]
fn the_format_page_is_about_this_code() {
    let page = include_str!("../format.md");
    for fact in [
        "counterfoil vault 1",
        "counterfoil ring 1",
        "counterfoil shelf 1",
        "counterfoil spool 1",
        "counterfoil records 1",
        "CFVAULT1",
        "CFKEY001",
        &format!("64 + i × {}", grouped(vault::pieces::STRIDE_BYTES)),
        &format!("{} bytes", vault::pieces::HEADER_BYTES),
        &format!("{} bytes", vault::POSITION_BYTES),
        &format!("at most {} bytes", grouped(vault::records::KEY_BYTES_MAX as u64)),
        &format!("at most {} bytes", grouped(model::limits::RECORD_BYTES_MAX as u64)),
    ] {
        assert!(page.contains(fact), "format.md does not say {fact:?}");
    }
    for row in seal::context::TABLE {
        // Slots belong to `seal`, whose own page has them.
        let named = page.contains(&format!("`{}`", row.purpose));
        assert!(named || row.purpose == "slot", "format.md does not name the context {}", row.purpose);
    }
    for invariant in 1..=12 {
        assert!(page.contains(&format!("**V{invariant}**")), "V{invariant}");
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
