//! The files of takes, CBOR maps with a version: what is written, and what of it is believed when it is read.

use std::collections::BTreeMap;

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use model::{Blake3Digest, DisplayName, Sha256Digest, SubmissionId};
use receipts::event::DeviceEvent;
use receipts::list::DocumentRef;
use receipts::statement::Body;
use receipts::{Signed, TakeList};

use super::{FetchedDocument, Take, TakeState, Taken};
use crate::plan::{bytes_of, path_from};

const VERSION: u8 = 1;

/// Bytes of a file of these; encoding to memory can not fail.
pub(super) fn encode(file: impl Encode<()>) -> Vec<u8> {
    minicbor::to_vec(file).unwrap_or_default()
}

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct TakeFile {
    #[n(0)]
    version: u8,
    #[n(1)]
    statement: ByteVec,
    #[n(2)]
    list: ByteVec,
    #[n(3)]
    to: ByteVec,
    #[n(4)]
    documents: Vec<TakenFile>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct TakenFile {
    #[n(1)]
    n: u32,
    #[n(2)]
    name: String,
    #[n(3)]
    length: u64,
    #[n(4)]
    blake3: ByteArray<32>,
    #[n(5)]
    path: ByteVec,
}

impl TakeFile {
    /// To be written.
    pub(super) fn of(take: &Take) -> Self {
        let row = |(n, taken): (&u32, &Taken)| TakenFile {
            n: *n,
            name: taken.name.as_sent().to_owned(),
            length: taken.length,
            blake3: (*taken.blake3.as_bytes()).into(),
            path: bytes_of(&taken.path),
        };
        Self {
            version: VERSION,
            statement: take.statement.clone().into(),
            list: take.list.clone().into(),
            to: bytes_of(&take.to),
            documents: take.documents.iter().map(row).collect(),
        }
    }

    /// The statement and the list say what was signed; the rest is what they do not say.
    pub(super) fn read(self) -> Option<Take> {
        (self.version == VERSION).then_some(())?;
        let signed = Signed::parse(self.statement.into()).ok()?;
        let Body::Device(DeviceEvent::ConsignmentAcceptance(event)) = &signed.statement().body else {
            return None;
        };
        let list = TakeList::parse(self.list.into()).ok()?;
        (list.documents() == event.documents && list.lines().len() == self.documents.len()).then_some(())?;
        let row = |row: TakenFile| {
            let line = list.line(row.n)?;
            let taken = Taken {
                document: line.document,
                name: DisplayName::parse(&row.name).ok()?,
                length: row.length,
                sha256: line.sha256,
                blake3: Blake3Digest::from_bytes(row.blake3.into()),
                path: path_from(row.path),
            };
            Some((row.n, taken))
        };
        let documents: BTreeMap<u32, Taken> = self.documents.into_iter().map(row).collect::<Option<_>>()?;
        (documents.len() == list.lines().len()).then_some(())?;
        Some(Take {
            hash: signed.entry_hash(),
            statement: signed.as_bytes().to_vec(),
            list: list.as_bytes().to_vec(),
            book: event.book,
            to: path_from(self.to),
            signed_at: signed.statement().time,
            documents,
        })
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct StateFile {
    #[n(0)]
    version: u8,
    #[n(1)]
    pieces: Vec<(u32, u32)>,
    #[n(2)]
    saved: Vec<(u32, Option<ByteVec>)>,
    #[n(3)]
    reported: Vec<u32>,
    #[n(4)]
    handovers: Vec<ByteArray<32>>,
}

impl StateFile {
    /// To be written.
    pub(super) fn of(state: &TakeState) -> Self {
        Self {
            version: VERSION,
            pieces: state.pieces.iter().map(|(n, pieces)| (*n, *pieces)).collect(),
            saved: state.saved.iter().map(|(n, moved)| (*n, moved.as_deref().map(bytes_of))).collect(),
            reported: state.reported.iter().copied().collect(),
            handovers: state.handovers.iter().map(|hash| (*hash.as_bytes()).into()).collect(),
        }
    }

    /// What was read, if it is of this version.
    pub(super) fn read(self) -> Option<TakeState> {
        (self.version == VERSION).then(|| TakeState {
            pieces: self.pieces.into_iter().collect(),
            saved: self.saved.into_iter().map(|(n, moved)| (n, moved.map(path_from))).collect(),
            reported: self.reported.into_iter().collect(),
            handovers: self.handovers.into_iter().map(|hash| Sha256Digest::from_bytes(hash.into())).collect(),
        })
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct FetchedFile {
    #[n(0)]
    version: u8,
    #[n(1)]
    book: ByteArray<16>,
    #[n(2)]
    to: ByteVec,
    #[n(3)]
    rows: Vec<FetchedRow>,
    #[n(4)]
    handovers: Vec<ByteArray<32>>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct FetchedRow {
    #[n(1)]
    submission: ByteArray<16>,
    #[n(2)]
    n: u32,
    #[n(3)]
    length: u64,
    #[n(4)]
    sha256: ByteArray<32>,
    #[n(5)]
    path: ByteVec,
}

impl FetchedFile {
    /// To be written.
    pub(super) fn of(take: &Take, state: &TakeState) -> Self {
        let row = |(n, taken): (&u32, &Taken)| {
            Some(FetchedRow {
                submission: (*taken.document.submission.as_bytes()).into(),
                n: taken.document.n,
                length: taken.length,
                sha256: (*taken.sha256.as_bytes()).into(),
                path: bytes_of(state.saved_path(*n, taken)?),
            })
        };
        Self {
            version: VERSION,
            book: (*take.book.as_bytes()).into(),
            to: bytes_of(&take.to),
            rows: take.documents.iter().filter_map(row).collect(),
            handovers: state.handovers.iter().map(|hash| (*hash.as_bytes()).into()).collect(),
        }
    }
}

impl FetchedFile {
    /// What was read; nothing if it is of another version.
    pub(super) fn read(self) -> impl Iterator<Item = (DocumentRef, FetchedDocument)> {
        let to = path_from(self.to);
        let rows = self.rows.into_iter().filter(move |_| self.version == VERSION);
        rows.map(move |row| {
            let document =
                DocumentRef { submission: SubmissionId::from_bytes(row.submission.into()), n: row.n };
            let sha256 = Sha256Digest::from_bytes(row.sha256.into());
            (document, FetchedDocument { length: row.length, sha256, path: to.join(path_from(row.path)) })
        })
    }
}
