//! The receipt of an accepted submission: put together from the journal, the same bytes each time.

use certs::Certificate;
use model::Sha256Digest;
use receipts::receipt::Parts;
use receipts::statement::Body;
use receipts::{Checkpoint, Head, Receipt, ReceiptSignature};

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
    /// No issuing authority is known for one of its certificates: damage.
    #[error("entry {0} has a certificate whose issuer is not known")]
    NoIssuer(u64),
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
    let standing = match &acceptance.signed.statement().body {
        Body::Gateway(_, standing) => standing,
        Body::Device(_) => return Err(ReceiptError::NoIssuer(row.acceptance_entry)),
    };
    let path: Vec<Sha256Digest> = journal.inclusion_path(row.acceptance_entry, head.size)?;
    let signed = Head { size: head.size, root: head.root, time: head.time };
    let (signature, certificate) = signature(&signed, head.receipt_signature, keys)?;
    // All that stood then: the same bytes for ever, whatever was exchanged since.
    let number = u64::from(standing.root_record);
    let issuing = |leaf: &[u8]| -> Result<&[u8], ReceiptError> {
        let leaf = Certificate::read(leaf).ok();
        let issuing = leaf.and_then(|leaf| keys.issuing_at(&leaf, number));
        issuing.map(Certificate::der).ok_or(ReceiptError::NoIssuer(row.acceptance_entry))
    };
    let records = keys.root_records().into_iter().take(standing.root_record as usize).collect::<Vec<_>>();
    let parts = Parts {
        origin: &origin.signed,
        acceptance: &acceptance.signed,
        cose_receipt: &signature.cose_receipt(row.acceptance_entry, &path),
        checkpoint: &Checkpoint::only(&head.checkpoint_note, &standing.log)?,
        receipt_certificate: certificate.der(),
        issuing: [
            issuing(origin.signed.certificate())?,
            issuing(acceptance.signed.certificate())?,
            issuing(certificate.der())?,
        ],
        root_records: &records,
        list: &list,
    };
    Ok(Receipt::build(&parts)?.as_bytes().to_vec())
}

/// The head's signature, and the certificate of the key that made it: the newest in all but old receipts.
fn signature<'a>(
    head: &Head,
    signature: [u8; 64],
    keys: &'a Keys,
) -> Result<(ReceiptSignature, &'a Certificate), receipts::Error> {
    let mut wrong = receipts::Error::Signature { what: "COSE receipt" };
    for certificate in keys.receipt_certificates.iter().rev() {
        match ReceiptSignature::restore(head, certificate.der(), signature) {
            Ok(restored) => return Ok((restored, certificate)),
            Err(error) => wrong = error,
        }
    }
    Err(wrong)
}
