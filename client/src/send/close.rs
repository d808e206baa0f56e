//! The end of a submission: the list, the origin statement over it, and whether the receipt that comes is ours.

use std::collections::BTreeMap;

use certs::PracticeTrust;
use console::{Failure, failure};
use model::{DeviceId, EvidenceId, Sha256Digest, Timestamp};
use protocol::upload::Outgoing;
use receipts::event::{DeviceParty, LastCheckpoint, Origin, PracticeParty};
use receipts::list::{DocumentRef, Line, name_digest};
use receipts::{Receipt, Signed, Signer, Statement, SubmissionList};

use crate::device::DeviceSigner;
use crate::judging;
use crate::plan::{Plan, Planned};
use crate::trouble::Told;

/// The list over what is left: sent or held, with the digests that were computed here.
///
/// # Errors
/// A list that can not be: a fault of ours.
pub fn list(plan: &Plan, machine: &Outgoing, digests: &BTreeMap<u32, Sha256Digest>) -> Told<SubmissionList> {
    let fault = || failure::unexpected("a document is not in its plan");
    let mut lines = Vec::new();
    for (n, held) in machine.remaining() {
        let planned = plan.documents.get(&n.0).ok_or_else(fault)?;
        let sha256 = *digests.get(&n.0).ok_or_else(fault)?;
        let held = held.map(|held| DocumentRef { submission: held.submission, n: held.n.0 });
        lines.push(line(plan, n.0, planned, sha256, held));
    }
    SubmissionList::new(lines).map_err(|error| failure::unexpected(error.to_string()))
}

fn line(plan: &Plan, n: u32, planned: &Planned, sha256: Sha256Digest, held: Option<DocumentRef>) -> Line {
    Line {
        n,
        salt: planned.salt,
        size: planned.manifest.length(),
        content_type: planned.media_type.clone(),
        sha256,
        blake3: planned.manifest.root(),
        name: name_digest(&planned.name_key, planned.name.as_sent()),
        kind: plan.line.kind,
        class: plan.line.class,
        held,
    }
}

/// The origin statement over a list, signed by this device, with the newest checkpoint that it holds.
///
/// # Errors
/// No randomness; a key that can not sign.
pub fn origin(
    plan: &Plan,
    list: &SubmissionList,
    device: DeviceId,
    signer: &dyn Signer,
    checkpoint: Option<&[u8]>,
    now: Timestamp,
) -> Told<Signed> {
    let event = Origin {
        sender: DeviceParty { device },
        recipient: PracticeParty { practice: plan.line.practice.clone() },
        submission: plan.submission,
        book: plan.line.book,
        period: plan.line.period,
        documents: list.documents(),
        last_checkpoint: checkpoint.and_then(|note| LastCheckpoint::new(note).ok()),
    };
    let id = EvidenceId::from_bytes(host::random::bytes().map_err(|_| failure::randomness_missing())?);
    let statement = Statement::by_device(id, now, event);
    Signed::sign(&statement, signer, now).map_err(|error| failure::unexpected(error.to_string()))
}

/// Whose receipt it must be.
pub struct Ours<'a> {
    /// This device.
    pub device: DeviceId,
    /// What it signs with.
    pub signer: &'a DeviceSigner,
    /// Whom it trusts.
    pub trust: &'a PracticeTrust,
}

/// Reads the receipt that came and says whether it is ours: the origin in it is this device's own over documents of
/// this plan and no others, and everything verifies up to the pinned practice.
///
/// # Errors
/// `receipt-not-ours`.
pub fn check(
    bytes: Vec<u8>,
    plan: &Plan,
    known: &BTreeMap<u32, Sha256Digest>,
    ours: &Ours<'_>,
) -> Told<Receipt> {
    let not_ours = |why: &str| -> Failure {
        tracing::warn!(why, "the receipt is not ours");
        failure::receipt_not_ours()
    };
    let receipt = Receipt::parse(bytes).map_err(|error| not_ours(&error.to_string()))?;
    let (origin, _, _) = receipt.events().ok_or_else(|| not_ours("other statements"))?;
    let is_signed_here = ours.signer.has_signed_under(receipt.origin().certificate());
    if !is_signed_here || origin.sender.device != ours.device {
        return Err(not_ours("another device's origin"));
    }
    let this = (plan.submission, plan.line.book, plan.line.period);
    if (origin.submission, origin.book, origin.period) != this {
        return Err(not_ours("of another submission"));
    }
    for found in receipt.list().lines() {
        let planned =
            plan.documents.get(&found.n).ok_or_else(|| not_ours("a document that we did not send"))?;
        let sha256 = known.get(&found.n).copied().unwrap_or(found.sha256);
        if *found != line(plan, found.n, planned, sha256, found.held) {
            return Err(not_ours("a line that we did not sign"));
        }
    }
    let verdict = judging::verdict(&receipt, Some(ours.trust.pin()), Some(ours.trust));
    match verdict.holds() {
        true => Ok(receipt),
        false => {
            let broken = verdict.findings().iter().find(|(_, it)| *it != receipts::verify::Finding::Valid);
            Err(not_ours(&format!("{broken:?}")))
        }
    }
}
