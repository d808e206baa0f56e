//! The receipt of an accepted submission: put together from the journal, the same bytes each time.

use model::Sha256Digest;
use receipts::receipt::Parts;
use receipts::{Head, Receipt, ReceiptSignature};

use crate::keys::Keys;
use crate::ledger::rows;
use crate::sealing::{self, EntrySeals, ReadFailure};

/// Why a receipt can not be given.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// An entry can not be read; erased ones among them.
    #[error(transparent)]
    Entry(#[from] ReadFailure),
    /// The journal's.
    #[error(transparent)]
    Journal(#[from] journal::JournalError),
    /// The parts do not make a receipt: damage.
    #[error("the receipt can not be put together: {0}")]
    Parts(#[from] receipts::Error),
    /// The acceptance has no list beside it: damage.
    #[error("entry {0} has no list")]
    NoList(u64),
}

/// The receipt of a submission.
///
/// # Errors
/// [`ReceiptError`].
pub fn of(
    row: &rows::Submission,
    journal: &journal::Reader,
    seals: &EntrySeals,
    keys: &Keys,
) -> Result<Vec<u8>, ReceiptError> {
    let entry = journal.entry(row.acceptance_entry)?;
    let acceptance = sealing::read(&entry, seals)?;
    let origin = sealing::read(&journal.entry(row.origin_entry)?, seals)?;
    let list = acceptance.list.ok_or(ReceiptError::NoList(row.acceptance_entry))?;
    let head = entry.head();
    let path: Vec<Sha256Digest> = journal.inclusion_path(row.acceptance_entry, head.size)?;
    let signed = Head { size: head.size, root: head.root, time: head.time };
    let certificate = keys.heads.receipts.certificate.der();
    let signature = ReceiptSignature::restore(&signed, certificate, head.receipt_signature)?;
    let issuing = keys.issuing.certificate().der();
    let parts = Parts {
        origin: &origin.signed,
        acceptance: &acceptance.signed,
        cose_receipt: &signature.cose_receipt(row.acceptance_entry, &path),
        checkpoint: &head.checkpoint_note,
        receipt_certificate: certificate,
        issuing: [issuing, issuing, issuing],
        root_records: &keys.root_records(),
        list: &list,
    };
    Ok(Receipt::build(&parts)?.as_bytes().to_vec())
}
