//! The series of an `open`: taken apart by the companion, put together by the gateway. Decides only what the
//! manifest and the bounds decide; whether the book may be written is access's.
//!
//! ```text
//! OpenHead, (OpenDocument, OpenValues* if it has more than one piece)*, OpenEnd
//! ```

use model::{Blake3Digest, ChainingValue, DisplayName, Manifest, MediaType, limits, piece};

use crate::field::DocumentNumber;
use crate::message::{Message, OpenDocument, OpenEnd, OpenHead, OpenValues, Refusal};
use crate::{Code, NameKey, Salt, Values, WireError};

/// A whole open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// What it is for.
    pub head: OpenHead,
    /// Its documents, n rising: at least one.
    pub documents: Vec<OpeningDocument>,
}

/// One document of an open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningDocument {
    /// Its number.
    pub n: DocumentNumber,
    /// The salt of its list line.
    pub salt: Salt,
    /// Hides its name in the line.
    pub name_key: NameKey,
    /// Its name as the sender wrote it.
    pub name: DisplayName,
    /// Its media type.
    pub media_type: MediaType,
    /// Length, root and piece values; they merge.
    pub manifest: Manifest,
}

/// The messages of an open, in order.
pub fn messages<'a>(
    head: &OpenHead,
    documents: impl IntoIterator<Item = &'a OpeningDocument>,
) -> impl Iterator<Item = Message> {
    let documents = documents.into_iter().flat_map(document_messages);
    std::iter::once(head.clone().into()).chain(documents).chain(std::iter::once(OpenEnd {}.into()))
}

fn document_messages(document: &OpeningDocument) -> impl Iterator<Item = Message> {
    let manifest = &document.manifest;
    let head = OpenDocument {
        n: document.n,
        salt: document.salt,
        name_key: document.name_key,
        name: document.name.clone(),
        media_type: document.media_type.clone(),
        length: manifest.length(),
        root: manifest.root(),
    };
    let told = if manifest.values().len() > 1 { manifest.values() } else { &[] };
    let runs = told.chunks(limits::OPEN_VALUES_MAX).filter_map(|run| Values::new(run.to_vec()).ok());
    std::iter::once(head.into()).chain(runs.map(|values| OpenValues { values }.into()))
}

/// What one open may hold; from configuration and quota, never above the model's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Documents.
    pub documents_max: u32,
    /// Bytes of one document.
    pub document_bytes_max: u64,
    /// Bytes of all together. Bounds the values too: 32 bytes a MiB.
    pub bytes_max: u64,
}

/// Puts an open together, message by message.
#[derive(Debug)]
pub struct Assembler {
    head: OpenHead,
    bounds: Bounds,
    documents: Vec<OpeningDocument>,
    /// The document whose values are still coming.
    partial: Option<Partial>,
    bytes: u64,
}

#[derive(Debug)]
struct Partial {
    head: OpenDocument,
    values: Vec<ChainingValue>,
}

/// How far an open has come.
#[derive(Debug)]
pub enum Step {
    /// Messages are still to come.
    More(Assembler),
    /// Its end came.
    Whole(Opening),
}

impl Assembler {
    /// Begins with a head.
    ///
    /// # Errors
    /// [`Code::Empty`], [`Code::TooManyDocuments`] or [`Code::TooLarge`], by what the head announces.
    pub fn begin(head: OpenHead, bounds: Bounds) -> Result<Self, Refusal> {
        let documents_max = bounds.documents_max.min(limits::SUBMISSION_DOCUMENTS_MAX as u32);
        if head.documents == 0 {
            return Err(Code::Empty.into());
        }
        if head.documents > documents_max {
            return Err(Refusal::new(Code::TooManyDocuments).with_limit(u64::from(documents_max)));
        }
        if head.bytes > bounds.bytes_max {
            return Err(Refusal::new(Code::TooLarge).with_limit(bounds.bytes_max));
        }
        Ok(Self { head, bounds, documents: Vec::new(), partial: None, bytes: 0 })
    }

    /// Takes the next message.
    ///
    /// # Errors
    /// A message out of order, more than the head announced, a document over its bound
    /// ([`Code::TooLarge`]), or values that do not merge to the root ([`Code::ManifestBad`], naming it).
    pub fn take(mut self, message: Message) -> Result<Step, Refusal> {
        match message {
            Message::OpenDocument(document) => self.document(document).map(|()| Step::More(self)),
            Message::OpenValues(OpenValues { values }) => self.values(&values).map(|()| Step::More(self)),
            Message::OpenEnd(OpenEnd {}) => self.end().map(Step::Whole),
            _ => Err(Code::NotNow.into()),
        }
    }

    fn document(&mut self, document: OpenDocument) -> Result<(), Refusal> {
        let last = self.documents.last().map(|last| last.n);
        if self.partial.is_some() || last.is_some_and(|last| last >= document.n) {
            return Err(out_of_order("documents are whole and rise"));
        }
        if self.documents.len() >= self.head.documents as usize {
            return Err(out_of_order("more documents than announced"));
        }
        let bytes_max = self.bounds.document_bytes_max.min(limits::DOCUMENT_BYTES_MAX);
        if document.length > bytes_max {
            return Err(Refusal::new(Code::TooLarge).with_documents([document.n]).with_limit(bytes_max));
        }
        self.bytes = self.bytes.saturating_add(document.length);
        if self.bytes > self.head.bytes {
            return Err(out_of_order("more bytes than announced"));
        }
        match piece::count(document.length) {
            1 => {
                let only = ChainingValue::from_bytes(*document.root.as_bytes());
                self.whole(Partial { head: document, values: vec![only] })
            }
            _ => {
                // No more than that: a vector that grows takes up to twice of what it holds.
                let values = Vec::with_capacity(piece::count(document.length) as usize);
                self.partial = Some(Partial { head: document, values });
                Ok(())
            }
        }
    }

    fn values(&mut self, values: &Values) -> Result<(), Refusal> {
        let Some(mut partial) = self.partial.take() else {
            return Err(out_of_order("values belong to the document before"));
        };
        let missing = piece::count(partial.head.length) as usize - partial.values.len();
        // Every run but the last is full, so the number of messages is bounded by the length.
        if values.as_slice().len() != missing.min(limits::OPEN_VALUES_MAX) {
            return Err(out_of_order("a run of values is full, the last as long as what is missing"));
        }
        partial.values.extend_from_slice(values.as_slice());
        if values.as_slice().len() == missing {
            return self.whole(partial);
        }
        self.partial = Some(partial);
        Ok(())
    }

    fn whole(&mut self, Partial { head, values }: Partial) -> Result<(), Refusal> {
        let manifest = check(head.length, head.root, values)
            .ok_or_else(|| Refusal::new(Code::ManifestBad).with_documents([head.n]))?;
        self.documents.push(OpeningDocument {
            n: head.n,
            salt: head.salt,
            name_key: head.name_key,
            name: head.name,
            media_type: head.media_type,
            manifest,
        });
        Ok(())
    }

    fn end(self) -> Result<Opening, Refusal> {
        let whole = self.partial.is_none()
            && self.documents.len() == self.head.documents as usize
            && self.bytes == self.head.bytes;
        match whole {
            true => Ok(Opening { head: self.head, documents: self.documents }),
            false => Err(out_of_order("less than announced")),
        }
    }
}

fn check(length: u64, root: Blake3Digest, values: Vec<ChainingValue>) -> Option<Manifest> {
    Manifest::check(length, root, values).ok()
}

fn out_of_order(why: &'static str) -> Refusal {
    Refusal::from(&WireError::OutOfOrder { why })
}
