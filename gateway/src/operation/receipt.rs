//! The receipt of an accepted submission, at any later time: the same bytes as at first.

use std::sync::Arc;

use protocol::message::{Content, GetReceipt};
use protocol::{Code, Refusal};

use super::{blocking, internal};
use crate::access::{Act, Granted};
use crate::ledger::rows::{self, key};
use crate::practice::Practice;
use crate::receipt::{self, ReceiptError};
use crate::wire::{Answered, Ended};

/// Serves a receipt to who sent the submission.
///
/// # Errors
/// The one answer for what is unknown, forbidden or absent; [`Code::Gone`] where it was erased.
pub async fn receipt(
    practice: &Arc<Practice>,
    granted: Granted<GetReceipt>,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let shared = Arc::clone(practice);
    let bytes = blocking(move || {
        let person = granted.peer.device().person.id;
        let row =
            shared.ledger.row::<rows::Submission>(&key::submission(granted.request.submission, person))?;
        // Without a row the same grant is asked, on a book that nobody has.
        let book = row.as_ref().map_or([0; 16], |row| row.book.into());
        let may = granted.may(Act::See, model::BookId::from_bytes(book), shared.now());
        match (row, may) {
            (Some(row), Ok(())) => Ok(stored(&shared, &row)?),
            _ => Err(Refusal::absent().into()),
        }
    })
    .await?;
    answered.send_long(Content::Receipt, &bytes).await
}

/// The receipt of an accepted submission.
///
/// # Errors
/// [`Code::Gone`], [`Code::Internal`].
pub(super) fn stored(practice: &Practice, row: &rows::Submission) -> Result<Vec<u8>, Refusal> {
    receipt::of(row, &practice.journal, &practice.seals, &practice.keys()).map_err(|error| match error {
        ReceiptError::Entry(failure) if failure.is_erased() => Code::Gone.into(),
        other => internal(&other),
    })
}
