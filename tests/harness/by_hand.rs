//! A submission made by hand, message by message: what a companion does in one go, to be done wrong at any place.

use client::take::Taken;
use model::{BookId, Class, EvidenceId, Kind, Manifest, MediaType, Period, PieceIndex, SubmissionId, piece};
use protocol::field::{DocumentNumber, PieceBytes};
use protocol::message::{Close, Content, OpenHead, PieceHead, Pieces};
use protocol::open::{OpeningDocument, messages};
use protocol::record::OpenAnswer;
use protocol::{Bytes, Lease, NameKey, Salt, long};
use receipts::event::{DeviceParty, Origin, PracticeParty};
use receipts::list::{DocumentRef, Line, name_digest};
use receipts::{Signed, Statement, SubmissionList};

use crate::files;
use crate::peer::{Answer, Peer};
use crate::scene::PERIOD;

/// A submission and the bytes of its documents, 1 and on.
#[derive(Clone)]
pub struct ByHand {
    /// Its head.
    pub head: OpenHead,
    /// Its documents as they are opened.
    pub documents: Vec<OpeningDocument>,
    /// Their bytes.
    pub contents: Vec<Vec<u8>>,
}

/// Sixteen bytes that nobody else has.
///
/// # Panics
/// The system gives no randomness.
pub fn drawn() -> [u8; 16] {
    host::random::bytes().expect("randomness")
}

/// The manifest of bytes.
///
/// # Panics
/// They are too many.
pub fn manifest(bytes: &[u8]) -> Manifest {
    let length = bytes.len() as u64;
    let value = |at: u32| {
        let index = PieceIndex(at);
        model::manifest::value_of(length, index, piece_of(bytes, index))
    };
    Manifest::merge(length, (0..piece::count(length)).map(value).collect()).expect("a manifest")
}

/// A piece of bytes.
///
/// # Panics
/// There is no such piece.
pub fn piece_of(bytes: &[u8], index: PieceIndex) -> &[u8] {
    let from = usize::try_from(index.offset()).expect("a piece in memory");
    let count = piece::bytes(bytes.len() as u64, index).expect("a piece of these bytes");
    &bytes[from..from + count]
}

/// A period.
///
/// # Panics
/// It is none.
pub fn period(text: &str) -> Period {
    Period::parse(text).expect("a period")
}

impl ByHand {
    /// A submission of these documents to a book.
    ///
    /// # Panics
    /// There are too many.
    pub fn new(book: BookId, contents: Vec<Vec<u8>>) -> Self {
        let document = |(n, bytes): (u32, &Vec<u8>)| OpeningDocument {
            n: DocumentNumber(n),
            salt: Salt::from_bytes(drawn()),
            name_key: NameKey::from_bytes(drawn()),
            name: model::DisplayName::parse(&format!("{n}.bin")).expect("a name"),
            media_type: MediaType::unknown(),
            manifest: manifest(bytes),
        };
        let head = OpenHead {
            submission: SubmissionId::from_bytes(drawn()),
            book,
            period: period(PERIOD),
            kind: Kind::Invoice,
            class: Class::Internal,
            documents: u32::try_from(contents.len()).expect("some documents"),
            bytes: contents.iter().map(|bytes| bytes.len() as u64).sum(),
        };
        Self { head, documents: (1..).zip(&contents).map(document).collect(), contents }
    }

    /// Opens it; the answer as it came.
    #[track_caller]
    pub fn ask_open(&self, peer: &Peer) -> Answer {
        messages(&self.head, &self.documents)
            .fold(peer.stream(), |stream, message| stream.send(message))
            .end()
    }

    /// Opens it.
    ///
    /// # Panics
    /// It is refused.
    #[track_caller]
    pub fn open(&self, peer: &Peer) -> Lease {
        let answer = self.ask_open(peer);
        answer.record::<OpenAnswer>().lease
    }

    /// The beginning of a stream of pieces.
    pub fn pieces(&self, lease: Lease) -> Pieces {
        Pieces { submission: self.head.submission, lease }
    }

    /// The head of a piece.
    ///
    /// # Panics
    /// There is no such piece.
    pub fn piece_head(&self, n: u32, index: PieceIndex) -> PieceHead {
        PieceHead { n: DocumentNumber(n), index, bytes: raw_bytes(self.piece(n, index).len()) }
    }

    /// The bytes of a piece.
    ///
    /// # Panics
    /// There is no such piece.
    pub fn piece(&self, n: u32, index: PieceIndex) -> &[u8] {
        piece_of(&self.contents[n as usize - 1], index)
    }

    /// Sends every piece; the answer as it came.
    #[track_caller]
    pub fn send_all(&self, peer: &Peer, lease: Lease) -> Answer {
        let mut stream = peer.stream().send(self.pieces(lease));
        for document in &self.documents {
            for at in 0..document.manifest.piece_count() {
                let (n, index) = (document.n.0, PieceIndex(at));
                stream = stream.send(self.piece_head(n, index)).raw(self.piece(n, index));
            }
        }
        stream.end()
    }

    /// The list over all of it.
    ///
    /// # Panics
    /// It has no documents.
    pub fn list(&self) -> SubmissionList {
        let line = |(document, bytes): (&OpeningDocument, &Vec<u8>)| Line {
            n: document.n.0,
            salt: *document.salt.as_bytes(),
            size: document.manifest.length(),
            content_type: document.media_type.clone(),
            sha256: sha256(bytes),
            blake3: document.manifest.root(),
            name: name_digest(document.name_key.as_bytes(), document.name.as_sent()),
            kind: self.head.kind,
            class: self.head.class,
            held: None,
        };
        SubmissionList::new(self.documents.iter().zip(&self.contents).map(line).collect()).expect("a list")
    }

    /// The origin statement that this peer signs over a list.
    ///
    /// # Panics
    /// It can not be signed.
    pub fn origin(&self, peer: &Peer, list: &SubmissionList) -> Signed {
        let about = peer.practice.about();
        let event = Origin {
            sender: DeviceParty { device: about.device },
            recipient: PracticeParty { practice: about.practice.clone() },
            submission: self.head.submission,
            book: self.head.book,
            period: self.head.period,
            documents: list.documents(),
            last_checkpoint: None,
        };
        let now = peer.practice.now();
        let statement = Statement::by_device(EvidenceId::from_bytes(drawn()), now, event);
        Signed::sign(&statement, &*peer.device.signer, now).expect("a signature")
    }

    /// Closes it with what is given; the answer as it came.
    ///
    /// # Panics
    /// The origin is longer than any.
    #[track_caller]
    pub fn close_with(&self, peer: &Peer, lease: Lease, origin: &[u8], list: &[u8]) -> Answer {
        let origin = Bytes::new(origin).expect("an origin within its bound");
        let close = Close { submission: self.head.submission, lease, origin };
        let stream = peer.stream().send(close);
        long::Sender::new(Content::List, list).fold(stream, |stream, message| stream.send(message)).end()
    }

    /// Closes it as it should be.
    #[track_caller]
    pub fn close(&self, peer: &Peer, lease: Lease) -> Answer {
        let list = self.list();
        self.close_with(peer, lease, self.origin(peer, &list).as_bytes(), list.as_bytes())
    }

    /// Opens it, sends all of it and closes it.
    #[track_caller]
    pub fn send_and_close(&self, peer: &Peer) -> Answer {
        let lease = self.open(peer);
        self.send_all(peer, lease);
        self.close(peer, lease)
    }

    /// A document of it, as who fetches it signs for.
    ///
    /// # Panics
    /// There is no such document.
    pub fn taken(&self, n: u32) -> Taken {
        let document = &self.documents[n as usize - 1];
        Taken {
            document: DocumentRef { submission: self.head.submission, n },
            name: document.name.clone(),
            length: document.manifest.length(),
            sha256: sha256(&self.contents[n as usize - 1]),
            blake3: document.manifest.root(),
            path: format!("{n}.bin").into(),
        }
    }
}

/// How many raw bytes follow.
///
/// # Panics
/// They are more than a piece.
pub fn raw_bytes(count: usize) -> PieceBytes {
    PieceBytes::new(count).expect("no more than a piece")
}

fn sha256(bytes: &[u8]) -> model::Sha256Digest {
    model::Sha256Digest::from_hex(&files::sha256(bytes)).expect("a digest")
}
