//! The gateway's half of a download: what one take releases, to whom, until when, and what was handed over.
//! Opens nothing; grants are access's and are asked at every piece besides.

use std::collections::BTreeMap;

use model::{DeviceId, PieceIndex, Sha256Digest, Timestamp, piece};

use crate::Code;
use crate::field::DocumentNumber;
use crate::message::{Fetch, Refusal, Report};

/// A committed take. Made from its statement and list, and from the handovers that name it.
#[derive(Debug, Clone)]
pub struct Release {
    take: Sha256Digest,
    device: DeviceId,
    until: Timestamp,
    documents: BTreeMap<DocumentNumber, Released>,
    handovers: Vec<Sha256Digest>,
    failure: Failure,
}

/// One document of a take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Released {
    /// Its length in bytes.
    pub length: u64,
    /// Which handover names it.
    handover: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    NotYet,
    Said,
}

/// What a report asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reporting {
    /// All of it is said already: this handover is the answer.
    Known(Sha256Digest),
    /// A handover over these is to be committed; then [`Release::handed_over`].
    New(Vec<DocumentNumber>),
}

impl Release {
    /// A take of `device` over documents with these lengths in bytes, until `until`.
    pub fn new(
        take: Sha256Digest,
        device: DeviceId,
        until: Timestamp,
        documents: impl IntoIterator<Item = (DocumentNumber, u64)>,
    ) -> Self {
        let documents =
            documents.into_iter().map(|(n, length)| (n, Released { length, handover: None })).collect();
        Self { take, device, until, documents, handovers: Vec::new(), failure: Failure::NotYet }
    }

    /// The take.
    pub fn take(&self) -> Sha256Digest {
        self.take
    }

    /// Until when pieces are released.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Which pieces a fetch is given: from the first up to, not including, the last.
    ///
    /// # Errors
    /// [`Code::Absent`] for another take, device, document or piece; [`Code::TakeExpired`].
    pub fn fetch(
        &self,
        device: DeviceId,
        fetch: &Fetch,
        now: Timestamp,
    ) -> Result<std::ops::Range<PieceIndex>, Refusal> {
        let document = match self.documents.get(&fetch.n) {
            Some(document) if self.is_for(device, fetch.take) => document,
            _ => return Err(Refusal::absent()),
        };
        if now >= self.until {
            return Err(Code::TakeExpired.into());
        }
        let piece_count = piece::count(document.length);
        let end = fetch.from.0.saturating_add(fetch.count.unwrap_or(u32::MAX)).min(piece_count);
        match fetch.from.0 < end {
            true => Ok(fetch.from..PieceIndex(end)),
            false => Err(Refusal::absent()),
        }
    }

    /// What a report asks for. It is heard after the take's end too.
    ///
    /// # Errors
    /// [`Code::Absent`] for another take, device or document; [`Code::Empty`].
    pub fn report(&self, device: DeviceId, report: &Report) -> Result<Reporting, Refusal> {
        if !self.is_for(device, report.take) {
            return Err(Refusal::absent());
        }
        let documents: Option<BTreeMap<_, _>> =
            report.documents.iter().map(|n| self.documents.get(n).map(|it| (*n, it.handover))).collect();
        let documents = documents.ok_or_else(Refusal::absent)?;
        let new: Vec<_> = documents.iter().filter(|(_, it)| it.is_none()).map(|(n, _)| *n).collect();
        if !new.is_empty() {
            return Ok(Reporting::New(new));
        }
        // A document is in one handover, so the newest of a report stays the same whatever comes later.
        let newest = documents.values().flatten().max().and_then(|at| self.handovers.get(*at));
        newest.map(|handover| Reporting::Known(*handover)).ok_or_else(|| Code::Empty.into())
    }

    /// A handover over these is committed.
    pub fn handed_over(&mut self, handover: Sha256Digest, documents: &[DocumentNumber]) {
        let at = self.handovers.len();
        self.handovers.push(handover);
        for n in documents {
            if let Some(document) = self.documents.get_mut(n) {
                document.handover.get_or_insert(at);
            }
        }
    }

    /// What no handover names when the take has ended: for the one failure statement, or `None` if it is not
    /// due, said already, or has nothing to say.
    pub fn not_confirmed(&self, now: Timestamp) -> Option<Vec<DocumentNumber>> {
        if now < self.until || self.failure == Failure::Said {
            return None;
        }
        let open = self.documents.iter().filter(|(_, it)| it.handover.is_none());
        let open: Vec<_> = open.map(|(n, _)| *n).collect();
        (!open.is_empty()).then_some(open)
    }

    /// The failure statement is committed.
    pub fn failure_said(&mut self) {
        self.failure = Failure::Said;
    }

    /// Whether a handover names this document.
    pub fn is_handed_over(&self, n: DocumentNumber) -> bool {
        self.documents.get(&n).is_some_and(|document| document.handover.is_some())
    }

    fn is_for(&self, device: DeviceId, take: Sha256Digest) -> bool {
        self.device == device && self.take == take
    }
}
