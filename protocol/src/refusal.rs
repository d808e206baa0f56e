//! Refusals: how one is made and read. Which codes there are is in [`crate::code`]; its members in the table of
//! [`crate::message`].

use model::{PieceIndex, limits};

use crate::WireError;
use crate::code::{Code, Retry};
use crate::field::{DocumentNumber, List};
use crate::message::Refusal;

impl Refusal {
    /// A refusal that says no more than its code.
    pub fn new(code: Code) -> Self {
        let retryable = !matches!(code.retry(), Retry::Never);
        Self {
            code: code.number(),
            retryable,
            documents: None,
            piece: None,
            retry_after_ms: None,
            limit: None,
            versions: None,
        }
    }

    /// Unknown, forbidden and absent: the same bytes each time.
    pub fn absent() -> Self {
        Self::new(Code::Absent)
    }

    /// The same, naming the documents concerned: the first 10,000 of them.
    pub fn with_documents(self, documents: impl IntoIterator<Item = DocumentNumber>) -> Self {
        let documents = documents.into_iter().take(limits::SUBMISSION_DOCUMENTS_MAX).collect();
        Self { documents: List::new(documents).ok(), ..self }
    }

    /// The same, naming the piece concerned.
    pub fn with_piece(self, n: DocumentNumber, index: PieceIndex) -> Self {
        Self { piece: Some(index), ..self.with_documents([n]) }
    }

    /// The same, naming the bound that was exceeded.
    pub fn with_limit(self, limit: u64) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// The same, naming the earliest time to try again.
    pub fn after_ms(self, retry_after_ms: u64) -> Self {
        Self { retry_after_ms: Some(retry_after_ms), ..self }
    }

    /// The code, or `None` if this build does not know its number.
    pub fn known(&self) -> Option<Code> {
        Code::from_number(u64::from(self.code))
    }

    /// The documents concerned; none if it names none.
    pub fn documents(&self) -> &[DocumentNumber] {
        self.documents.as_ref().map_or(&[], List::as_slice)
    }
}

impl From<&WireError> for Refusal {
    fn from(error: &WireError) -> Self {
        let refusal = Self::new(error.code());
        match error {
            WireError::TooLong { bytes_max, .. } => refusal.with_limit(*bytes_max),
            _ => refusal,
        }
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}
