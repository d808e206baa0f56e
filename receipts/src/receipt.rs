//! The receipt file: what a sender keeps, fixed at the commit, the same bytes for ever. Not its judgement
//! (see `verify`); names, later proofs and time stamps travel beside it.

use model::{Malformed, Sha256Digest, limits};

use crate::cbor::{Reader, Writer};
use crate::checkpoint::NOTE_BYTES_MAX;
use crate::es256::CERTIFICATE_BYTES_MAX;
use crate::event::{DeviceEvent, GatewayEvent, Origin, SubmissionAcceptance};
use crate::proof::{COSE_RECEIPT_BYTES_MAX, CoseReceipt};
use crate::statement::{Body, Standing};
use crate::{Error, Signed, SubmissionList};

/// Version of the file.
pub const VERSION: u64 = 1;
/// The receipt certificate and the issuing certificates of three leaves, each once.
const CERTIFICATES_MAX: usize = 4;
/// Largest root record: at most what one enrolment message can carry.
const ROOT_RECORD_BYTES_MAX: usize = limits::ENROL_OFFER_BYTES_MAX;
const WHAT: &str = "receipt file";

/// What a receipt file is made of.
pub struct Parts<'a> {
    /// The sender's statement.
    pub origin: &'a Signed,
    /// The gateway's statement.
    pub acceptance: &'a Signed,
    /// The COSE Receipt of the acceptance (see [`crate::ReceiptSignature::cose_receipt`]).
    pub cose_receipt: &'a [u8],
    /// The signed checkpoint of the same head.
    pub checkpoint: &'a [u8],
    /// Certificate of the receipt key, DER.
    pub receipt_certificate: &'a [u8],
    /// Issuing certificates of origin, acceptance and receipt, DER, in that order; repetition is fine.
    pub issuing: [&'a [u8]; 3],
    /// Root records 1 to the number that the acceptance names.
    pub root_records: &'a [Vec<u8>],
    /// The list.
    pub list: &'a [u8],
}

/// A receipt file that was read: every part in its one form, nothing verified.
#[derive(Debug, Clone)]
pub struct Receipt {
    bytes: Vec<u8>,
    origin: Signed,
    acceptance: Signed,
    cose_receipt: CoseReceipt,
    checkpoint: Vec<u8>,
    certificates: Vec<Vec<u8>>,
    root_records: Vec<Vec<u8>>,
    list: SubmissionList,
}

impl Receipt {
    /// Writes a receipt file; the same parts give the same bytes.
    ///
    /// # Errors
    /// Parts that would not be read back.
    pub fn build(parts: &Parts<'_>) -> Result<Self, Error> {
        let mut certificates = vec![parts.receipt_certificate];
        for issuing in parts.issuing {
            if !certificates.contains(&issuing) {
                certificates.push(issuing);
            }
        }
        let mut file = Writer::new()
            .map(8)
            .unsigned(0)
            .unsigned(VERSION)
            .unsigned(1)
            .bytes(parts.origin.as_bytes())
            .unsigned(2)
            .bytes(parts.acceptance.as_bytes())
            .unsigned(3)
            .bytes(parts.cose_receipt)
            .unsigned(4)
            .bytes(parts.checkpoint)
            .unsigned(5)
            .array(certificates.len());
        for certificate in certificates {
            file = file.bytes(certificate);
        }
        file = file.unsigned(6).array(parts.root_records.len());
        for record in parts.root_records {
            file = file.bytes(record);
        }
        Self::parse(file.unsigned(7).bytes(parts.list).end())
    }

    /// Reads a receipt file strictly. Everything is bounded before it is copied.
    ///
    /// # Errors
    /// Anything but the one form; other statements than an origin and an acceptance.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Error> {
        if bytes.len() > limits::RECEIPT_BYTES_MAX {
            return Err(Error::TooLong { what: WHAT, bytes_max: limits::RECEIPT_BYTES_MAX });
        }
        let mut file = Reader::new(&bytes, WHAT);
        file.map(8)?;
        file.exactly(0)?;
        let version = file.unsigned()?;
        if version != VERSION {
            return Err(Error::Version { what: WHAT, version });
        }
        file.exactly(1)?;
        let origin = Signed::parse(file.bytes(limits::STATEMENT_BYTES_MAX)?.to_vec())?;
        file.exactly(2)?;
        let acceptance = Signed::parse(file.bytes(limits::STATEMENT_BYTES_MAX)?.to_vec())?;
        file.exactly(3)?;
        let cose_receipt = CoseReceipt::parse(file.bytes(COSE_RECEIPT_BYTES_MAX)?)?;
        file.exactly(4)?;
        let checkpoint = file.bytes(NOTE_BYTES_MAX)?.to_vec();
        file.exactly(5)?;
        let certificates = byte_strings(&mut file, 2, CERTIFICATES_MAX, CERTIFICATE_BYTES_MAX)?;
        if (1..certificates.len())
            .any(|at| certificates.iter().take(at).any(|c| certificates.get(at) == Some(c)))
        {
            return Err(file.fault("a certificate stands in it twice"));
        }
        file.exactly(6)?;
        let root_records = byte_strings(&mut file, 1, limits::ROOT_RECORDS_MAX, ROOT_RECORD_BYTES_MAX)?;
        file.exactly(7)?;
        let list = SubmissionList::parse(file.bytes(limits::LIST_BYTES_MAX)?.to_vec())?;
        file.end()?;
        let receipt =
            Self { origin, acceptance, cose_receipt, checkpoint, certificates, root_records, list, bytes };
        receipt.events().ok_or(Malformed::new(WHAT, "it is not made of an origin and an acceptance"))?;
        Ok(receipt)
    }

    /// The file.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The sender's statement.
    pub fn origin(&self) -> &Signed {
        &self.origin
    }

    /// The gateway's statement.
    pub fn acceptance(&self) -> &Signed {
        &self.acceptance
    }

    /// What both statements say, and where the gateway stood.
    ///
    /// `None` never happens to a receipt that was read.
    pub fn events(&self) -> Option<(&Origin, &SubmissionAcceptance, &Standing)> {
        match (&self.origin.statement().body, &self.acceptance.statement().body) {
            (
                Body::Device(DeviceEvent::Origin(origin)),
                Body::Gateway(GatewayEvent::SubmissionAcceptance(acceptance), standing),
            ) => Some((origin, acceptance, standing)),
            _ => None,
        }
    }

    /// The proof that the acceptance is in the journal.
    pub fn cose_receipt(&self) -> &CoseReceipt {
        &self.cose_receipt
    }

    /// The signed checkpoint, a text.
    pub fn checkpoint(&self) -> &[u8] {
        &self.checkpoint
    }

    /// Certificate of the receipt key, DER.
    pub fn receipt_certificate(&self) -> &[u8] {
        self.certificates.first().map_or(&[], Vec::as_slice)
    }

    /// Issuing certificates, DER: each of the three leaves was issued by one of them.
    pub fn issuing_certificates(&self) -> &[Vec<u8>] {
        self.certificates.get(1..).unwrap_or_default()
    }

    /// Root records, from the first.
    pub fn root_records(&self) -> &[Vec<u8>] {
        &self.root_records
    }

    /// The list.
    pub fn list(&self) -> &SubmissionList {
        &self.list
    }

    /// Hash of the acceptance: its entry in the journal.
    pub fn entry_hash(&self) -> Sha256Digest {
        self.acceptance.entry_hash()
    }
}

fn byte_strings(
    file: &mut Reader<'_>,
    least: usize,
    most: usize,
    bytes_max: usize,
) -> Result<Vec<Vec<u8>>, Error> {
    let count = file.array(least, most)?;
    (0..count).map(|_| file.bytes(bytes_max).map(<[u8]>::to_vec)).collect()
}
