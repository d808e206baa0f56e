//! A take is kept as it was signed; what is not whole is named or found out again, never obeyed.

use super::*;
use crate::practice::{About, tests::about};
use host::Clock;
use receipts::testing::{self, TestPractice};

fn practice(folder: &Path, of: &TestPractice) -> Practice {
    let disk = Disk::real();
    let about = About { practice: of.id.clone(), pin: of.pin, device: of.device, ..about() };
    let _ = disk.create_whole(&folder.join("practice"), &about.encode()).unwrap();
    Practice::open(&disk, &Clock::manual(testing::DAY.unix_ms()), folder).unwrap()
}

fn taken(n: u32, length: u64) -> Taken {
    Taken {
        document: DocumentRef { submission: testing::submission(), n },
        name: DisplayName::parse("6月/工行\n.pdf").unwrap(),
        length,
        sha256: testing::digest("sha"),
        blake3: Blake3Digest::from_bytes([n as u8; 32]),
        path: PathBuf::from(format!("book/2026-11/invoice/{n}.pdf")),
    }
}

struct Fixture {
    folder: tempfile::TempDir,
    store: TakeStore,
    practice: Practice,
    of: TestPractice,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let of = TestPractice::new("takes");
    let practice = practice(folder.path(), &of);
    let store = TakeStore::new(Disk::real(), practice.takes().unwrap());
    Fixture { store, practice, of, folder }
}

fn signed(fixture: &Fixture, documents: Vec<Taken>) -> Take {
    let Fixture { practice, of, folder, .. } = fixture;
    Take::sign(practice, &of.sender, testing::book(), folder.path(), documents).unwrap()
}

#[test]
fn a_take_is_read_back_as_it_was_signed() {
    let fixture = fixture();
    let take = signed(&fixture, vec![taken(1, 5), taken(7, 0)]);
    fixture.store.store(&take).unwrap();
    assert!(fixture.store.store(&take).is_err(), "it is written once");
    let open = fixture.store.open().unwrap();
    assert_eq!(open.takes, [(take.clone(), TakeState::default())]);
    let signed = Signed::parse(take.statement.clone()).unwrap();
    signed.verify_signature().unwrap();
    assert_eq!(signed.entry_hash(), take.hash);
    assert_eq!(take.documents.keys().copied().collect::<Vec<_>>(), [1, 2], "its own numbers");
}

#[test]
fn two_takes_over_the_same_documents_are_two_and_say_nothing_of_each_other() {
    let fixture = fixture();
    let [one, two] = [(); 2].map(|()| signed(&fixture, vec![taken(1, 5)]));
    assert_ne!(one.hash, two.hash);
    assert_ne!(one.list, two.list, "salts are drawn anew");
}

#[test]
fn the_state_is_kept_and_a_damaged_one_says_nothing() {
    let fixture = fixture();
    let take = signed(&fixture, vec![taken(1, 5), taken(2, 6), taken(3, 7)]);
    fixture.store.store(&take).unwrap();
    let state = TakeState {
        pieces: BTreeMap::from([(3, 9)]),
        saved: BTreeMap::from([(1, None), (2, Some(PathBuf::from("book/x (2).pdf")))]),
        reported: BTreeSet::from([1]),
        handovers: vec![testing::digest("handover")],
    };
    fixture.store.store_state(&take.hash, &state).unwrap();
    let [(_, read)] = fixture.store.open().unwrap().takes.try_into().unwrap();
    assert_eq!(read, state);
    assert_eq!(read.unreported(), [2]);
    assert_eq!(read.saved_path(2, &take.documents[&2]), Some(Path::new("book/x (2).pdf")));
    std::fs::write(fixture.store.path(&take.hash, "state"), b"\xa0rubbish").unwrap();
    assert_eq!(fixture.store.open().unwrap().takes, [(take, TakeState::default())]);
}

#[test]
fn a_damaged_take_is_named_and_never_obeyed() {
    let fixture = fixture();
    let take = signed(&fixture, vec![taken(1, 5)]);
    fixture.store.store(&take).unwrap();
    let path = fixture.store.path(&take.hash, "take");
    let whole = std::fs::read(&path).unwrap();
    let list_at = whole.windows(take.list.len()).position(|part| part == take.list).unwrap();
    // The salt is no longer the one that was signed for.
    let mut bent = whole.clone();
    bent[list_at + 20] ^= 1;
    for damaged in [bent, whole[..whole.len() / 2].to_vec(), Vec::new()] {
        std::fs::write(&path, damaged).unwrap();
        let open = fixture.store.open().unwrap();
        assert!(open.takes.is_empty());
        assert_eq!(open.unreadable, std::slice::from_ref(&path));
    }
}

#[test]
fn an_ended_take_leaves_what_it_brought_and_nothing_else() {
    let fixture = fixture();
    let (one, two) = (taken(1, 5), taken(2, 6));
    let take = signed(&fixture, vec![one.clone(), two.clone()]);
    fixture.store.store(&take).unwrap();
    let saved = BTreeMap::from([(1, None)]);
    let state = TakeState { saved, reported: BTreeSet::from([1]), ..TakeState::default() };
    fixture.store.store_state(&take.hash, &state).unwrap();
    fixture.store.end(&take, &state).unwrap();
    let names = Disk::real().list(&fixture.store.folder).unwrap();
    assert_eq!(names, [format!("{}.fetched", take.hash.to_hex()).as_str()]);
    let path = fixture.folder.path().join(&one.path);
    let there = |document, sha256, folder: &Path| {
        let fetched = fixture.store.fetched(&fixture.store.open().unwrap().takes).unwrap();
        fetched.below(document, sha256, folder).map(Path::to_path_buf)
    };
    assert_eq!(there(one.document, one.sha256, fixture.folder.path()), None, "the file is gone");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, b"1234").unwrap();
    assert_eq!(there(one.document, one.sha256, fixture.folder.path()), None, "it has another size");
    std::fs::write(&path, b"12345").unwrap();
    assert_eq!(there(one.document, one.sha256, fixture.folder.path()), Some(path));
    assert_eq!(there(one.document, testing::digest("other"), fixture.folder.path()), None);
    assert_eq!(
        there(one.document, one.sha256, Path::new("/elsewhere")),
        None,
        "it was fetched to another folder"
    );
    assert_eq!(there(two.document, two.sha256, fixture.folder.path()), None, "it never came");
}

#[test]
fn values_that_do_not_merge_to_the_root_are_no_manifest() {
    let fixture = fixture();
    let bytes = vec![3u8; (limits::MIB + 7) as usize];
    let length = bytes.len() as u64;
    let (first, last) = bytes.split_at(limits::MIB as usize);
    let value = |index, piece: &[u8]| model::manifest::value_of(length, model::PieceIndex(index), piece);
    let manifest = Manifest::merge(length, vec![value(0, first), value(1, last)]).unwrap();
    let document = Taken { blake3: manifest.root(), ..taken(1, length) };
    let hash = testing::digest("take");
    assert!(fixture.store.manifest(&hash, 1, &document).is_none());
    fixture.store.store_manifest(&hash, 1, &manifest).unwrap();
    assert_eq!(fixture.store.manifest(&hash, 1, &document), Some(manifest));
    let other = Taken { blake3: Blake3Digest::from_bytes([9; 32]), ..document.clone() };
    assert!(fixture.store.manifest(&hash, 1, &other).is_none());
    fixture.store.forget_manifest(&hash, 1);
    assert!(fixture.store.manifest(&hash, 1, &document).is_none());
}

#[test]
fn the_files_are_those_in_the_golden_folder() {
    let take = Take {
        hash: testing::digest("take"),
        statement: b"statement".to_vec(),
        list: b"list".to_vec(),
        book: testing::book(),
        to: PathBuf::from("/to"),
        signed_at: testing::DAY,
        documents: BTreeMap::from([(1, taken(1, 5)), (2, taken(2, 6))]),
    };
    let state = TakeState {
        pieces: BTreeMap::from([(2, 3)]),
        saved: BTreeMap::from([(1, Some(PathBuf::from("book/x (2).pdf"))), (2, None)]),
        reported: BTreeSet::from([1]),
        handovers: vec![testing::digest("handover")],
    };
    crate::testing::is_golden("take-1.hex", &encode(TakeFile::of(&take)));
    crate::testing::is_golden("take-state-1.hex", &encode(StateFile::of(&state)));
    crate::testing::is_golden("fetched-1.hex", &encode(FetchedFile::of(&take, &state)));
}
