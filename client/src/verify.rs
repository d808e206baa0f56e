//! A receipt and documents on this disk, judged offline: reads the files, computes the digests, and says per property
//! what was found and why. The judgement itself is `judging`'s; asks nobody.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use certs::{PracticeTrust, Profile, Rejection};
use console::{Exit, Failure, failure};
use model::{Blake3Digest, Pin, Sha256Digest, limits};
use receipts::verify::{
    DocumentDigests, Finding, LaterRevocations, NotAPin, Property, Reason, Verdict, Why, pin_given,
};
use receipts::{Error, Receipt};
use sha2::{Digest as _, Sha256};

use crate::home::Home;
use crate::judging;
use crate::revocation::{Asked, Found};
use crate::trouble::Told;

/// Read at once from a document.
const READ_BYTES: usize = 1 << 20;

/// Reads a receipt file.
///
/// # Errors
/// `receipt-unreadable`, `receipt-malformed`.
pub fn read_receipt(path: &Path) -> Told<Receipt> {
    let unreadable = |cause: String| failure::receipt_unreadable(path, cause);
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut bytes = Vec::new();
    // One byte more than any receipt has: what is longer is refused without being read.
    let most = limits::RECEIPT_BYTES_MAX as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    Receipt::parse(bytes).map_err(|error| {
        tracing::info!(%error, "not a receipt");
        failure::receipt_malformed(path)
    })
}

/// Length and both digests of a document, in one reading and little memory.
///
/// # Errors
/// The system's.
pub fn digests_of(path: &Path) -> io::Result<DocumentDigests> {
    let mut file = File::open(path)?;
    let (mut sha256, mut blake3, mut size) = (Sha256::new(), blake3::Hasher::new(), 0u64);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let read = buffer.get(..count).unwrap_or_default();
        sha256.update(read);
        blake3.update(read);
        size = size.saturating_add(count as u64);
    }
    Ok(DocumentDigests {
        size,
        sha256: Sha256Digest::from_bytes(sha256.finalize().into()),
        blake3: Blake3Digest::from_bytes(*blake3.finalize().as_bytes()),
    })
}

/// Where the pin to judge by comes from.
#[derive(Debug, Clone)]
pub enum Judge {
    /// Nobody named one, and this device is not enrolled with the practice that the receipt names.
    Nobody,
    /// The person gave it. What this device trusts of that practice, if it is enrolled with it.
    Given(Pin, Option<Box<PracticeTrust>>),
    /// The practice of this name, with which this device is enrolled, as the receipt names it.
    Enrolled(Pin, Option<Box<PracticeTrust>>, String),
}

impl Judge {
    /// The pin that was given, or else the one pinned at enrolment with the practice that the receipt names. A home
    /// that is not there or can not be read is no hindrance.
    ///
    /// # Errors
    /// `pin-wrong`: a practice's id or name, or anything else that is no pin.
    pub fn find(given: Option<&str>, receipt: &Receipt, home: &Home) -> Told<Self> {
        let practices = home.practices().unwrap_or_default();
        let trust = |practice: &crate::practice::Practice| practice.trust().ok().map(Box::new);
        if let Some(given) = given {
            let pin = pin_given(given).map_err(|error| {
                tracing::info!(is_id = matches!(error, NotAPin::PracticeId), "not a pin");
                failure::pin_wrong()
            })?;
            let known = practices.iter().find(|practice| practice.about().pin == pin);
            return Ok(Self::Given(pin, known.and_then(trust)));
        }
        let named = receipt.acceptance().practice();
        Ok(match practices.iter().find(|practice| practice.about().practice == *named) {
            Some(practice) => {
                Self::Enrolled(practice.about().pin, trust(practice), practice.about().name.clone())
            }
            None => Self::Nobody,
        })
    }

    /// The pin.
    pub fn pin(&self) -> Option<Pin> {
        match self {
            Self::Nobody => None,
            Self::Given(pin, _) | Self::Enrolled(pin, _, _) => Some(*pin),
        }
    }

    /// What this device trusts of that practice: root records, perhaps newer than the receipt's.
    pub fn known(&self) -> Option<&PracticeTrust> {
        match self {
            Self::Nobody => None,
            Self::Given(_, known) | Self::Enrolled(_, known, _) => known.as_deref(),
        }
    }
}

/// A document that was compared.
#[derive(Debug)]
pub struct Compared {
    /// The file.
    pub path: PathBuf,
    /// What was computed of it.
    pub digests: DocumentDigests,
    /// The number of the line that is about it.
    pub n: Option<u32>,
    /// What was found.
    pub finding: Finding,
}

/// What a receipt and documents came to.
#[derive(Debug)]
pub struct Judgement {
    /// Everything but the documents.
    pub verdict: Verdict,
    /// The documents, in the order in which they were given.
    pub documents: Vec<Compared>,
    /// What the revocation lists that were given say of the sender; `None` inside where they say nothing.
    pub revocation: Option<(PathBuf, Option<Asked>)>,
}

/// The conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Everything that was asked holds.
    Valid,
    /// Something does not.
    Invalid,
    /// Nothing is wrong, and something is missing.
    Undecided,
    /// Everything holds, and by a list of today somebody else may have signed.
    Doubtful,
}

impl Conclusion {
    /// The word for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Undecided => "undecided",
            Self::Doubtful => "doubtful",
        }
    }

    /// How a command ends that comes to it.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Valid => Exit::Done,
            Self::Invalid | Self::Undecided => Exit::Unverified,
            Self::Doubtful => Exit::Doubtful,
        }
    }
}

/// Judges a receipt and any number of documents. A document is any of the list's, whatever it is called.
pub fn judge(receipt: &Receipt, documents: Vec<(PathBuf, DocumentDigests)>, by: &Judge) -> Judgement {
    let verdict = judging::verdict(receipt, by.pin(), by.known());
    let compare = |(path, digests): (PathBuf, DocumentDigests)| {
        let n = receipt.list().lines().iter().find(|line| digests.are_of(line)).map(|line| line.n);
        Compared { path, digests, n, finding: verdict.of_document(n.is_some()) }
    };
    let documents = documents.into_iter().map(compare).collect();
    Judgement { verdict, documents, revocation: None }
}

impl Judgement {
    /// Whether all of it holds.
    pub fn conclusion(&self) -> Conclusion {
        let properties = self.verdict.findings().iter().map(|(_, finding)| finding);
        let documents = self.documents.iter().map(|document| &document.finding);
        let is_broken = |finding: &Finding| matches!(finding, Finding::Invalid(_));
        if properties.chain(documents.clone()).any(is_broken) {
            return Conclusion::Invalid;
        }
        let holds = self.verdict.holds() && documents.clone().all(|finding| *finding == Finding::Valid);
        match &self.revocation {
            _ if !holds => Conclusion::Undecided,
            // Who asks a list wants its answer.
            Some((_, None)) => Conclusion::Undecided,
            Some((_, Some(asked))) if asked.found.is_doubtful() => Conclusion::Doubtful,
            _ => Conclusion::Valid,
        }
    }

    /// Whether newer root records than the receipt's own were asked.
    pub fn later_revocations(&self) -> LaterRevocations {
        self.verdict.later_revocations
    }

    /// What the command fails by, if it fails.
    pub fn failure(&self, receipt: &Path) -> Option<Failure> {
        let absent = self.documents.iter().find(|document| matches!(document.finding, Finding::Invalid(_)));
        match (self.conclusion(), absent) {
            (Conclusion::Valid, _) => None,
            (Conclusion::Undecided, _) => Some(match &self.revocation {
                Some((path, None)) if self.verdict.holds() => failure::list_of_others(path),
                _ => failure::pin_needed(),
            }),
            (Conclusion::Doubtful, _) => self.doubt(receipt),
            (Conclusion::Invalid, Some(document)) if !self.is_receipt_broken() => {
                Some(failure::document_not_in_receipt(&document.path))
            }
            (Conclusion::Invalid, _) => Some(failure::receipt_invalid(receipt)),
        }
    }

    /// The dates between which it lies, or those that contradict each other.
    fn doubt(&self, receipt: &Path) -> Option<Failure> {
        let (_, Some(asked)) = self.revocation.as_ref()? else { return None };
        let entry = asked.found.entry()?;
        Some(match entry.compromised_since {
            Some(since) if matches!(asked.found, Found::Between(_)) => {
                failure::receipt_doubtful(receipt, since, entry.at)
            }
            _ => failure::receipt_contradicted(receipt, asked.signed, entry.at),
        })
    }

    fn is_receipt_broken(&self) -> bool {
        self.verdict.findings().iter().any(|(_, finding)| matches!(finding, Finding::Invalid(_)))
    }
}

/// The word of a property for programs.
pub const fn word(property: Property) -> &'static str {
    match property {
        Property::Practice => "practice",
        Property::Origin => "origin",
        Property::Acceptance => "acceptance",
        Property::Logged => "logged",
        Property::Checkpoint => "checkpoint",
        Property::List => "list",
        Property::Document => "document",
    }
}

/// The word of a finding for programs.
pub const fn finding_word(finding: &Finding) -> &'static str {
    match finding {
        Finding::Valid => "valid",
        Finding::Invalid(_) => "invalid",
        Finding::NotChecked(_) => "not-checked",
    }
}

/// Why something does not hold: the key of a sentence for people, and the exact cause in English.
pub fn reason(reason: &Reason) -> (&'static str, String) {
    let key = match reason {
        Reason::Fault(error) => match error {
            Error::Signature { .. } | Error::HighS { .. } | Error::Signing(_) => "reason-signature",
            Error::Differs { what: "the practice", .. } => "reason-pin",
            Error::Differs { .. } => "reason-differs",
            Error::Path | Error::Position { .. } => "reason-root",
            Error::NotInList => "reason-digest",
            Error::Certificate { .. } => "reason-chain",
            _ => "reason-malformed",
        },
        Reason::Judged(why) => judged_reason(why),
    };
    (key, reason.to_string())
}

/// `certs` gives its reasons as sentences; these are the ones that people are told apart.
fn judged_reason(why: &str) -> &'static str {
    let is = |rejection: Rejection| rejection.to_string() == why;
    let expired = |profile: &Profile| is(Rejection::NotInForce(*profile));
    match () {
        () if is(Rejection::OtherPurpose) => "reason-purpose",
        () if Profile::ALL.iter().any(expired) => "reason-expired",
        () if why == certs::TrustError::OtherPractice.to_string() => "reason-pin",
        () => "reason-chain",
    }
}

/// Why nothing can be said, in English, for programs.
pub fn why(why: Why) -> String {
    match why {
        Why::NoPin => "no pin was given".to_owned(),
        Why::NoDocument => "no document was given".to_owned(),
        Why::RestsOn(property) => format!("it rests on {}", word(property)),
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
