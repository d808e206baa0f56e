//! Goal: the two halves of a download keep D1 to D4 (`download`). Method: both machines over a simulated line and
//! disk, with cuts, crashes and changed bytes at random, then calm; and the answers of a release case by case.

use std::collections::BTreeMap;

use counterfoil_protocol as protocol;
use model::{Blake3Digest, DeviceId, Manifest, PieceIndex, Sha256Digest, Timestamp, limits, manifest, piece};
use proptest::prelude::*;
use protocol::download::{Due, Incoming, Release, Reporting, Resume, Wanted};
use protocol::field::{DocumentNumber, PieceBytes};
use protocol::message::{Fetch, FetchHead, FetchValues, PieceHead, Report};
use protocol::{Code, List, Values, WireError};

const STREAMS: usize = 2;
const UNTIL: Timestamp = Timestamp::from_unix_ms(1_000);
const NOW: Timestamp = Timestamp::from_unix_ms(999);

fn n(number: u32) -> DocumentNumber {
    DocumentNumber(number)
}

fn take() -> Sha256Digest {
    Sha256Digest::from_bytes([7; 32])
}

fn device() -> DeviceId {
    DeviceId::from_bytes([1; 16])
}

fn handover(byte: u8) -> Sha256Digest {
    Sha256Digest::from_bytes([byte; 32])
}

/// A document of the gateway, cheap to make: its bytes depend on their place alone.
struct Document {
    bytes: Vec<u8>,
    manifest: Manifest,
}

impl Document {
    fn new(length: usize) -> Self {
        let bytes: Vec<u8> = (0..length).map(|at| (at / 1024 % 251) as u8).collect();
        let length = length as u64;
        let value = |at| {
            let index = PieceIndex(at);
            let from = index.offset() as usize;
            manifest::value_of(length, index, &bytes[from..from + piece::bytes(length, index).unwrap()])
        };
        let manifest = Manifest::merge(length, (0..piece::count(length)).map(value).collect()).unwrap();
        Self { bytes, manifest }
    }

    fn piece(&self, index: PieceIndex) -> &[u8] {
        let from = index.offset() as usize;
        &self.bytes[from..from + piece::bytes(self.manifest.length(), index).unwrap()]
    }
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Changed(usize),
    CompanionCrashes,
    Cut(usize),
    Comes(usize),
    Synced(usize),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        20 => (0..STREAMS).prop_map(Act::Comes),
        6 => (0usize..4).prop_map(Act::Synced),
        2 => (0..STREAMS).prop_map(Act::Cut),
        1 => (0..STREAMS).prop_map(Act::Changed),
        1 => Just(Act::CompanionCrashes),
    ]
}

/// What the gateway still has to send on a stream.
struct Answer {
    fetch: Fetch,
    pieces: std::ops::Range<u32>,
    values_sent: usize,
}

struct World {
    documents: BTreeMap<DocumentNumber, Document>,
    release: Release,
    incoming: Incoming,
    answers: [Option<Answer>; STREAMS],
    /// Written pieces of each document, in memory; and what survives a crash: those synced.
    written: BTreeMap<DocumentNumber, u32>,
    synced: BTreeMap<DocumentNumber, u32>,
    kept: BTreeMap<DocumentNumber, Manifest>,
}

impl World {
    fn new(lengths: &[usize]) -> Self {
        let documents: BTreeMap<_, _> =
            (1..).map(n).zip(lengths.iter().map(|length| Document::new(*length))).collect();
        let released = documents.iter().map(|(n, it)| (*n, it.manifest.length()));
        let mut world = Self {
            release: Release::new(take(), device(), UNTIL, released),
            incoming: Incoming::new(take(), [], STREAMS),
            answers: [None, None],
            written: BTreeMap::new(),
            synced: documents.keys().map(|n| (*n, 0)).collect(),
            kept: BTreeMap::new(),
            documents,
        };
        world.restart();
        world
    }

    /// The companion starts with what is on its disk.
    fn restart(&mut self) {
        self.answers = [None, None];
        self.written = self.synced.clone();
        let wanted = self.documents.iter().map(|(n, document)| Wanted {
            n: *n,
            length: document.manifest.length(),
            root: document.manifest.root(),
            resume: Resume { manifest: self.kept.get(n).cloned(), pieces_durable: self.synced[n] },
        });
        self.incoming = Incoming::new(take(), wanted, STREAMS);
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Changed(stream) => self.comes(stream, true),
            Act::CompanionCrashes => self.restart(),
            Act::Cut(stream) => self.ended(stream),
            Act::Comes(stream) => self.comes(stream, false),
            Act::Synced(at) => {
                let Some((n, pieces)) = self.written.iter().nth(at).map(|(n, pieces)| (*n, *pieces)) else {
                    return;
                };
                self.synced.insert(n, pieces);
                self.incoming.synced(n, pieces);
                self.kept.extend(self.incoming.manifest(n).map(|manifest| (n, manifest.clone())));
            }
        }
    }

    fn ended(&mut self, stream: usize) {
        self.answers[stream] = None;
        self.incoming.ended(stream);
        // What was written and not synced is written again, unless all of it came.
        let busy: Vec<_> = self.answers.iter().flatten().map(|answer| answer.fetch.n).collect();
        for (n, pieces) in &mut self.written {
            let whole = *pieces == self.documents[n].manifest.piece_count();
            if !busy.contains(n) && !whole {
                *pieces = self.synced[n];
            }
        }
    }

    /// The next thing comes on a stream, changed on the way or not.
    fn comes(&mut self, stream: usize, changed: bool) {
        if self.answers[stream].is_none() {
            let Some(fetch) = self.incoming.next(stream) else { return };
            let durable = self.synced[&fetch.n];
            assert_eq!(fetch.from, PieceIndex(durable), "D3");
            let pieces = self.release.fetch(device(), &fetch, NOW).unwrap();
            let pieces = pieces.start.0..pieces.end.0;
            self.answers[stream] = Some(Answer { fetch, pieces, values_sent: 0 });
            return;
        }
        let Some(answer) = &mut self.answers[stream] else { return };
        let n = answer.fetch.n;
        let document = &self.documents[&n];
        let result = match self.incoming.due(stream) {
            Due::End => {
                self.answers[stream] = None;
                self.incoming.ended(stream);
                return;
            }
            Due::Head => {
                let root = if changed { Blake3Digest::from_bytes([0; 32]) } else { document.manifest.root() };
                self.incoming.head(stream, &FetchHead { length: document.manifest.length(), root })
            }
            Due::Values => {
                let mut run: Vec<_> = document.manifest.values()[answer.values_sent..].to_vec();
                run.truncate(limits::OPEN_VALUES_MAX);
                answer.values_sent += run.len();
                if changed {
                    run.reverse();
                    run.pop();
                }
                match Values::new(run) {
                    Ok(values) => self.incoming.values(stream, &FetchValues { values }),
                    Err(error) => Err(error),
                }
            }
            Due::PieceHead => {
                let index = PieceIndex(answer.pieces.start + u32::from(changed));
                let bytes = PieceBytes::new(document.piece(PieceIndex(answer.pieces.start)).len()).unwrap();
                self.incoming.piece_head(stream, &PieceHead { n, index, bytes }).map(|_| ())
            }
            Due::PieceBytes(bytes) => {
                let index = PieceIndex(answer.pieces.start);
                let mut piece = document.piece(index).to_vec();
                assert_eq!(piece.len(), bytes);
                let changed = changed && !piece.is_empty();
                if changed {
                    piece[bytes / 2] ^= 1;
                }
                let came = self.incoming.piece(stream, &piece);
                // D1: what is given on is the original, at its place.
                if let Ok(place) = came {
                    assert!(!changed && place == (n, index) && self.written[&n] == index.0, "D1");
                    self.written.insert(n, index.0 + 1);
                    answer.pieces.start += 1;
                } else {
                    assert_eq!(came, Err(WireError::PieceBad { n: n.0, index: index.0 }));
                }
                came.map(|_| ())
            }
        };
        if result.is_err() {
            assert!(changed, "{result:?}");
            self.ended(stream);
        }
    }

    fn report(&mut self) {
        let done = self.incoming.reportable();
        if done.is_empty() {
            return;
        }
        for n in &done {
            assert_eq!(self.synced[n], self.documents[n].manifest.piece_count(), "D2");
        }
        let report = Report { take: take(), documents: List::new(done.clone()).unwrap() };
        match self.release.report(device(), &report).unwrap() {
            Reporting::New(new) => self.release.handed_over(handover(new[0].0 as u8), &new),
            Reporting::Known(_) => {}
        }
        let again = self.release.report(device(), &report).unwrap();
        assert!(matches!(again, Reporting::Known(_)), "the same report, the same answer");
        self.incoming.reported(&done);
    }

    fn calm(&mut self) {
        for _ in 0..400 {
            if self.incoming.is_done() {
                return;
            }
            (0..STREAMS).for_each(|stream| self.act(Act::Comes(stream)));
            (0..self.documents.len()).for_each(|at| self.act(Act::Synced(at)));
            self.report();
        }
        panic!("it does not end: {:?}", self.incoming.progress());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn whatever_happens_every_document_arrives_whole_and_is_reported(
        lengths in proptest::collection::vec(prop_oneof![Just(0usize), 1usize..2000, (0usize..4 << 20)], 1..4),
        acts in proptest::collection::vec(any_act(), 0..80),
    ) {
        let mut world = World::new(&lengths);
        acts.into_iter().for_each(|act| world.act(act));
        world.calm();
        prop_assert!(world.documents.keys().all(|n| world.release.is_handed_over(*n)));
        prop_assert_eq!(world.release.not_confirmed(UNTIL), None);
        let total: u64 = world.documents.values().map(|it| it.manifest.length()).sum();
        prop_assert_eq!(world.incoming.progress(), (total, total));
    }
}

fn fetch(number: u32, from: u32, count: Option<u32>) -> Fetch {
    Fetch { take: take(), n: n(number), from: PieceIndex(from), count, manifest: true }
}

fn release() -> Release {
    Release::new(take(), device(), UNTIL, [(n(1), 3 << 20), (n(2), 0), (n(5), 1)])
}

#[test]
fn a_release_gives_what_was_signed_for_to_that_device_until_its_end() {
    let release = release();
    let given = |fetch: &Fetch| release.fetch(device(), fetch, NOW).map(|it| (it.start.0, it.end.0));
    assert_eq!(given(&fetch(1, 0, None)), Ok((0, 3)));
    assert_eq!(given(&fetch(1, 1, Some(1))), Ok((1, 2)));
    assert_eq!(given(&fetch(1, 2, Some(u32::MAX))), Ok((2, 3)));
    assert_eq!(given(&fetch(2, 0, None)), Ok((0, 1)), "an empty document has one empty piece");
    let absent = Err(protocol::Refusal::absent());
    assert_eq!(given(&fetch(1, 3, None)), absent);
    assert_eq!(given(&fetch(1, 0, Some(0))), absent);
    assert_eq!(given(&fetch(3, 0, None)), absent);
    assert_eq!(given(&Fetch { take: handover(9), ..fetch(1, 0, None) }), absent);
    let other = DeviceId::from_bytes([2; 16]);
    assert_eq!(release.fetch(other, &fetch(1, 0, None), NOW), Err(protocol::Refusal::absent()));
    // The end is told to the device itself alone.
    assert_eq!(
        release.fetch(device(), &fetch(1, 0, None), UNTIL).unwrap_err().known(),
        Some(Code::TakeExpired)
    );
    assert_eq!(release.fetch(other, &fetch(1, 0, None), UNTIL), Err(protocol::Refusal::absent()));
}

#[test]
fn the_same_report_has_the_same_answer_whatever_came_since() {
    let mut release = release();
    let report = |documents: &[u32]| Report {
        take: take(),
        documents: List::new(documents.iter().copied().map(n).collect()).unwrap(),
    };
    assert_eq!(release.report(device(), &report(&[2])), Ok(Reporting::New(vec![n(2)])));
    release.handed_over(handover(1), &[n(2)]);
    assert_eq!(release.report(device(), &report(&[2, 5])), Ok(Reporting::New(vec![n(5)])));
    release.handed_over(handover(2), &[n(5)]);
    assert_eq!(release.not_confirmed(NOW), None);
    assert_eq!(release.not_confirmed(UNTIL), Some(vec![n(1)]));
    release.failure_said();
    assert_eq!(release.not_confirmed(UNTIL), None);
    // A later report still gives a handover.
    assert_eq!(release.report(device(), &report(&[1, 2, 5])), Ok(Reporting::New(vec![n(1)])));
    release.handed_over(handover(3), &[n(1)]);
    for _ in 0..2 {
        assert_eq!(release.report(device(), &report(&[2])), Ok(Reporting::Known(handover(1))));
        assert_eq!(release.report(device(), &report(&[2, 5])), Ok(Reporting::Known(handover(2))));
        assert_eq!(release.report(device(), &report(&[5, 2, 1])), Ok(Reporting::Known(handover(3))));
    }
    assert_eq!(release.report(device(), &report(&[])).unwrap_err().known(), Some(Code::Empty));
    assert_eq!(release.report(device(), &report(&[2, 3])), Err(protocol::Refusal::absent()));
    assert_eq!(
        release.report(DeviceId::from_bytes([2; 16]), &report(&[2])),
        Err(protocol::Refusal::absent())
    );
}

#[test]
fn what_is_not_due_or_not_what_was_signed_for_is_refused() {
    let document = Document::new((1 << 20) + 3);
    let manifest = &document.manifest;
    let wanted =
        Wanted { n: n(1), length: manifest.length(), root: manifest.root(), resume: Resume::default() };
    let mut incoming = Incoming::new(take(), [wanted], 1);
    let head = FetchHead { length: manifest.length(), root: manifest.root() };
    let piece_head = |index, bytes| PieceHead {
        n: n(1),
        index: PieceIndex(index),
        bytes: PieceBytes::new(bytes).unwrap(),
    };
    assert!(incoming.head(0, &head).is_err(), "nothing was asked for");
    assert_eq!(incoming.next(0).map(|fetch| fetch.manifest), Some(true));
    assert_eq!(incoming.next(0), None, "the stream is busy");
    assert!(incoming.piece_head(0, &piece_head(0, 1 << 20)).is_err());
    assert!(incoming.head(0, &FetchHead { length: 1, ..head.clone() }).is_err());
    incoming.head(0, &head).unwrap();
    let mut values = manifest.values().to_vec();
    values.reverse();
    assert!(incoming.values(0, &FetchValues { values: Values::new(values.clone()).unwrap() }).is_err());
    // A stream that failed is given up; the document is asked for again.
    incoming.ended(0);
    incoming.next(0).unwrap();
    incoming.head(0, &head).unwrap();
    values.reverse();
    incoming.values(0, &FetchValues { values: Values::new(values).unwrap() }).unwrap();
    for wrong in [piece_head(1, 3), piece_head(0, 3), PieceHead { n: n(2), ..piece_head(0, 1 << 20) }] {
        assert!(incoming.piece_head(0, &wrong).is_err());
    }
    assert_eq!(incoming.piece_head(0, &piece_head(0, 1 << 20)), Ok(1 << 20));
    assert!(incoming.piece(0, &[0; 3]).is_err());
    assert_eq!(incoming.piece(0, document.piece(PieceIndex(0))), Ok((n(1), PieceIndex(0))));
    // Refused for good: left out, and the rest can end.
    incoming.refused(n(1));
    incoming.ended(0);
    assert_eq!(incoming.next(0), None);
    assert!(incoming.is_done() && incoming.reportable().is_empty());
}

#[test]
fn a_kept_manifest_of_another_document_is_not_used() {
    let (document, other) = (Document::new(5 << 20), Document::new(4 << 20));
    let wanted = |kept: &Document| Wanted {
        n: n(1),
        length: document.manifest.length(),
        root: document.manifest.root(),
        resume: Resume { manifest: Some(kept.manifest.clone()), pieces_durable: 2 },
    };
    let asked =
        |kept| Incoming::new(take(), [wanted(kept)], 1).next(0).map(|fetch| (fetch.from.0, fetch.manifest));
    assert_eq!(asked(&document), Some((2, false)));
    assert_eq!(asked(&other), Some((2, true)));
}
