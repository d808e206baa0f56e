//! Judging a receipt offline, from the file, the document and the pin: one finding a property, and what was
//! not checked is said. Chains are judged by the caller; there is no verdict before it has answered.
//!
//! What follows from a receipt that holds: keys certified by this practice signed these digests, and its
//! log keys signed a head that contains them. Not: that no other journal exists, when it was, or in whose
//! hands the device was.

use model::{Blake3Digest, Malformed, Pin, PracticeId, Sha256Digest, Timestamp};

use crate::checkpoint::{Checkpoint, origin};
use crate::list::Line;
use crate::receipt::Receipt;
use crate::statement::Purpose;
use crate::{Error, Signed};

/// What is known of a document that lies here: length in bytes and both digests, computed by the verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentDigests {
    /// Bytes.
    pub size: u64,
    /// SHA-256.
    pub sha256: Sha256Digest,
    /// BLAKE3.
    pub blake3: Blake3Digest,
}

impl DocumentDigests {
    /// Whether a line of a list is about this document.
    pub fn are_of(&self, line: &Line) -> bool {
        (line.size, line.sha256, line.blake3) == (self.size, self.sha256, self.blake3)
    }
}

/// Why a text is not the pin to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAPin {
    /// It is a practice id: a name of 80 bits, which an enemy can search for; it proves nothing.
    #[error("this is the practice's id, which is only a name; the pin has 26 symbols")]
    PracticeId,
    /// It is neither.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Reads the pin that a person gives; a practice id alone is refused as such.
///
/// # Errors
/// [`NotAPin`].
pub fn pin_given(text: &str) -> Result<Pin, NotAPin> {
    match PracticeId::parse(text.trim()) {
        Ok(_) => Err(NotAPin::PracticeId),
        Err(_) => Ok(Pin::parse(text)?),
    }
}

/// The practice id that belongs to a pin.
pub fn practice_of(pin: &Pin) -> PracticeId {
    // The id is made of the first ten bytes of the hash of which the pin has sixteen.
    let mut hash = [0u8; 32];
    for (slot, byte) in hash.iter_mut().zip(pin.as_bytes()) {
        *slot = *byte;
    }
    PracticeId::of_root(&Sha256Digest::from_bytes(hash))
}

/// The properties of a receipt, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// The root records lead from the pinned root to those that the acceptance names.
    Practice,
    /// A device certified by the practice signed for these documents.
    Origin,
    /// The gateway signed that it has them, answering that very statement.
    Acceptance,
    /// The acceptance is in the tree that the journal's receipt key signed.
    Logged,
    /// The journal's checkpoint key, vouched for by the acceptance, signed the same tree.
    Checkpoint,
    /// The list is the one that both statements name.
    List,
    /// The document is one of the list.
    Document,
}

/// What was found about one property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It holds.
    Valid,
    /// It does not.
    Invalid(Reason),
    /// Nothing can be said.
    NotChecked(Why),
}

/// Why a property does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Something in the receipt itself.
    #[error(transparent)]
    Fault(#[from] Error),
    /// The certificates or root records, in the words of who judged them.
    #[error("{0}")]
    Judged(String),
}

/// Why nothing can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// No pin was given: everything may have been made by anybody.
    NoPin,
    /// No document was given.
    NoDocument,
    /// It rests on a property that is itself not valid.
    RestsOn(Property),
}

/// A chain that the caller must judge, by exactly this URI, at this time, up to the roots in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain<'a> {
    /// The property that rests on it.
    pub property: Property,
    /// Leaf, DER.
    pub leaf: &'a [u8],
    /// One of these issued it, DER.
    pub issuing: &'a [Vec<u8>],
    /// The one URI that the leaf must have.
    pub uri: String,
    /// Time to judge at: that of the head, to the second, for a signature's time is the first head over it.
    pub time: Timestamp,
}

/// The caller's answer about a chain, or about the root records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// It leads to the pinned practice, and the certificate was good for this at that time.
    Good,
    /// It does not, because of this.
    Bad(String),
}

/// Whether anything newer than the receipt was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaterRevocations {
    /// No newer root record or trust bundle was at hand.
    NotChecked,
    /// The caller judged by newer ones too.
    Checked,
}

/// A receipt whose own arithmetic was done, waiting for the caller's judgement.
pub struct Examined<'a> {
    receipt: &'a Receipt,
    pin: Option<Pin>,
    practice: PracticeId,
    /// Whether the document, where one was given, is in the list.
    document: Option<bool>,
    faults: Vec<(Property, Error)>,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    findings: Vec<(Property, Finding)>,
    has_pin: bool,
    /// Whether anything newer than the receipt was asked.
    pub later_revocations: LaterRevocations,
}

impl Verdict {
    /// One finding a property, in the order of [`Property`].
    pub fn findings(&self) -> &[(Property, Finding)] {
        &self.findings
    }

    /// The finding about one property.
    pub fn finding(&self, property: Property) -> &Finding {
        let found = self.findings.iter().find(|(of, _)| *of == property);
        found.map_or(&Finding::NotChecked(Why::NoDocument), |(_, finding)| finding)
    }

    /// What would be found about a document of which no more is known than whether it is in the list: a verdict over
    /// the receipt serves any number of documents.
    pub fn of_document(&self, is_in_list: bool) -> Finding {
        match (is_in_list, self.has_pin, self.finding(Property::List)) {
            (false, _, _) => Finding::Invalid(Error::NotInList.into()),
            (true, false, _) => Finding::NotChecked(Why::NoPin),
            (true, true, Finding::Valid) => Finding::Valid,
            (true, true, _) => Finding::NotChecked(Why::RestsOn(Property::List)),
        }
    }

    /// Whether every property is valid; a document that was not given is no fault. Never without a pin.
    pub fn holds(&self) -> bool {
        self.findings.iter().all(|(property, finding)| match finding {
            Finding::Valid => true,
            Finding::NotChecked(Why::NoDocument) => *property == Property::Document,
            _ => false,
        })
    }
}

/// First step: does the arithmetic and gathers what must be judged.
pub fn examine(receipt: &Receipt, document: Option<DocumentDigests>, pin: Option<Pin>) -> Examined<'_> {
    // Without a pin the receipt is examined as what it says that it is; nothing becomes valid.
    let practice = pin.map_or_else(|| receipt.acceptance().practice().clone(), |pin| practice_of(&pin));
    let document = document.map(|document| receipt.list().lines().iter().any(|line| document.are_of(line)));
    let mut examined = Examined { receipt, pin, practice, document, faults: Vec::new() };
    let logged = examined.check_logged();
    let checks = [
        (Property::Practice, examined.check_practice()),
        (Property::Origin, examined.check_origin()),
        (Property::Acceptance, examined.check_acceptance()),
        (Property::Logged, logged.map(drop)),
        (Property::Checkpoint, examined.check_checkpoint(logged)),
        (Property::List, examined.check_list()),
    ];
    examined.faults =
        checks.into_iter().filter_map(|(property, result)| Some((property, result.err()?))).collect();
    examined
}

impl<'a> Examined<'a> {
    /// The root records to walk, the first of which must hold a root whose key hash begins with the pin;
    /// `None` where there is no pin.
    pub fn root_records(&self) -> Option<(&'a [Vec<u8>], Pin)> {
        self.pin.map(|pin| (self.receipt.root_records(), pin))
    }

    /// The chains of origin, acceptance and receipt, in this order.
    pub fn chains(&self) -> [Chain<'a>; 3] {
        let receipt = self.receipt;
        let time = receipt.cose_receipt().time;
        let issuing = receipt.issuing_certificates();
        let chain = |property, leaf, purpose: &Purpose| Chain {
            property,
            leaf,
            issuing,
            uri: purpose.uri(&self.practice),
            time,
        };
        [
            chain(Property::Origin, receipt.origin().certificate(), receipt.origin().purpose()),
            chain(Property::Acceptance, receipt.acceptance().certificate(), &Purpose::Statements),
            chain(Property::Logged, receipt.receipt_certificate(), &Purpose::Receipts),
        ]
    }

    /// Second step: the verdict, from the caller's answers about the root records and the three chains.
    pub fn verdict(self, roots: Judged, chains: [Judged; 3], later: LaterRevocations) -> Verdict {
        let [origin, acceptance, logged] = chains;
        let mut verdict = Verdict {
            findings: Vec::with_capacity(7),
            has_pin: self.pin.is_some(),
            later_revocations: later,
        };
        for (property, judged, rests_on) in [
            (Property::Practice, Some(roots), &[][..]),
            (Property::Origin, Some(origin), &[Property::Practice]),
            (Property::Acceptance, Some(acceptance), &[Property::Practice]),
            (Property::Logged, Some(logged), &[Property::Practice]),
            (Property::Checkpoint, None, &[Property::Practice, Property::Acceptance, Property::Logged]),
            (Property::List, None, &[Property::Origin, Property::Acceptance]),
        ] {
            let finding = self.find(property, judged, rests_on, &verdict);
            verdict.findings.push((property, finding));
        }
        let document = match self.document {
            Some(is_in_list) => verdict.of_document(is_in_list),
            None => Finding::NotChecked(Why::NoDocument),
        };
        verdict.findings.push((Property::Document, document));
        verdict
    }

    fn find(&self, of: Property, judged: Option<Judged>, rests_on: &[Property], so_far: &Verdict) -> Finding {
        if let Some((_, fault)) = self.faults.iter().find(|(property, _)| *property == of) {
            return Finding::Invalid(Reason::Fault(*fault));
        }
        if self.pin.is_none() {
            return Finding::NotChecked(Why::NoPin);
        }
        let broken = rests_on.iter().find(|property| *so_far.finding(**property) != Finding::Valid);
        match (judged, broken) {
            (_, Some(broken)) => Finding::NotChecked(Why::RestsOn(*broken)),
            (Some(Judged::Bad(why)), None) => Finding::Invalid(Reason::Judged(why)),
            (Some(Judged::Good) | None, None) => Finding::Valid,
        }
    }

    fn check_practice(&self) -> Result<(), Error> {
        let (_, _, standing) = self.events()?;
        match usize::try_from(standing.root_record) == Ok(self.receipt.root_records().len()) {
            true => Ok(()),
            false => Err(Error::differs("the number of root records", "the acceptance", "the file")),
        }
    }

    fn check_origin(&self) -> Result<(), Error> {
        self.check_signed(self.receipt.origin())
    }

    fn check_signed(&self, signed: &Signed) -> Result<(), Error> {
        if *signed.practice() != self.practice {
            return Err(Error::differs("the practice", "the certificate", "the pin"));
        }
        signed.verify_signature()
    }

    fn check_acceptance(&self) -> Result<(), Error> {
        self.check_signed(self.receipt.acceptance())?;
        let (origin, acceptance, _) = self.events()?;
        let differs = |what| Err(Error::differs(what, "the origin", "the acceptance"));
        if acceptance.refers_to != self.receipt.origin().entry_hash() {
            return Err(Error::differs("the origin statement", "the acceptance", "the file"));
        }
        if acceptance.submission != origin.submission {
            return differs("the submission");
        }
        if (acceptance.book, acceptance.period) != (origin.book, origin.period) {
            return differs("book or period");
        }
        if acceptance.sender.device != origin.sender.device {
            return differs("the device");
        }
        if acceptance.documents != origin.documents {
            return differs("the documents");
        }
        if acceptance.recipient.practice != self.practice {
            return differs("the practice");
        }
        Ok(())
    }

    /// Gives the root that is signed.
    fn check_logged(&self) -> Result<Sha256Digest, Error> {
        let proof = self.receipt.cose_receipt();
        if proof.uri != Purpose::Receipts.uri(&self.practice) {
            return Err(Error::differs("the journal's URI", "the COSE receipt", "the practice"));
        }
        // A head is made after what it contains; the claim has whole seconds.
        if proof.time.unix_seconds() < self.receipt.acceptance().statement().time.unix_seconds() {
            return Err(Error::differs("the order in time", "the acceptance", "the head over it"));
        }
        proof.verify(&self.receipt.entry_hash(), self.receipt.receipt_certificate())
    }

    /// `logged` is the root that is signed.
    fn check_checkpoint(&self, logged: Result<Sha256Digest, Error>) -> Result<(), Error> {
        let (_, _, standing) = self.events()?;
        if standing.log.name() != origin(&self.practice) {
            return Err(Error::differs("the log's name", "the acceptance", "the practice"));
        }
        let checkpoint = Checkpoint::open_exact(self.receipt.checkpoint(), &standing.log)?;
        let proof = self.receipt.cose_receipt();
        if checkpoint.size != proof.size || checkpoint.size != proof.signed_size {
            return Err(Error::differs("the tree size", "the checkpoint", "the COSE receipt"));
        }
        match checkpoint.root == logged? {
            true => Ok(()),
            false => Err(Error::differs("the root", "the checkpoint", "the COSE receipt")),
        }
    }

    fn check_list(&self) -> Result<(), Error> {
        let (origin, acceptance, _) = self.events()?;
        let documents = self.receipt.list().documents();
        match documents == acceptance.documents && documents == origin.documents {
            true => Ok(()),
            false => Err(Error::differs("count or root", "the list", "the statements")),
        }
    }

    fn events(
        &self,
    ) -> Result<
        (&'a crate::event::Origin, &'a crate::event::SubmissionAcceptance, &'a crate::statement::Standing),
        Error,
    > {
        self.receipt.events().ok_or(Malformed::new("receipt file", "it has other statements").into())
    }
}
