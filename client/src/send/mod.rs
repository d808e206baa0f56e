//! Sending: from what was named to signed receipts. The plan on this disk and the gateway's answer to `open` are all
//! that a run needs of the runs before it.
//!
//! ```text
//! prepare     walk, check, hash, plan: durable before the gateway hears of it
//! submission  one plan to its receipt             pump  pieces on several streams
//! source      a file as it is read again          digests  SHA-256 beside the sending
//! close       list, origin statement, is the receipt ours      teller  what people and programs are told
//! ```

mod close;
mod digests;
mod prepare;
mod pump;
mod source;
mod submission;
mod teller;

use std::path::PathBuf;
use std::sync::Arc;

use console::event::{self, FileState};
use console::{Console, Event, Failure, Phase, Total, args, failure};
use model::SubmissionId;
use receipts::Receipt;

use crate::device::DeviceSigner;
use crate::link::Link;
use crate::plan::{Line, Plan, Stage};
use crate::practice::Practice;
use crate::receipt_book::{Named, Names};
use crate::trouble::{self, Told};

use submission::{Ended, Submission};
use teller::{Teller, tell_file};

/// What is to be sent.
pub struct Order {
    /// The practice, held for sending by the caller.
    pub practice: Practice,
    /// What this device signs with.
    pub signer: Arc<DeviceSigner>,
    /// The command line.
    pub line: Line,
    /// What the book is called.
    pub book_name: String,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Sent {
    /// Documents received now, with a receipt.
    pub sent: u64,
    /// Documents that were held before, in a receipt too.
    pub held: u64,
    /// Documents that did not go through; each was named.
    pub failed: u64,
    /// Bytes of the documents received now.
    pub bytes: u64,
    /// Bytes that crossed the line more than once.
    pub bytes_sent_again: u64,
    /// Plans that went on from an earlier run.
    pub resumed: usize,
    /// The receipts, and where they are.
    pub receipts: Vec<(SubmissionId, PathBuf)>,
}

/// Sends everything that the order names.
///
/// # Errors
/// What stopped it; the plans stay, and the same order goes on with them.
pub async fn send(order: Order, link: &mut Link, console: &Console) -> Told<Sent> {
    let progress = console.progress(Phase::Reading, Total::default());
    let ended = run(&order, link, console, &progress).await;
    progress.finish();
    ended
}

async fn run(order: &Order, link: &mut Link, console: &Console, progress: &console::Progress) -> Told<Sent> {
    let practice = &order.practice;
    let (disk, plans_folder) = (practice.disk().clone(), practice.plans()?);
    let mut teller = Teller::new(console.clone());
    let prepared = tokio::task::block_in_place(|| {
        prepare::prepare(&disk, &plans_folder, &order.line, practice.now(), &mut teller, progress)
    })?;
    let resumed = prepared.resumed;
    let mut sent = Sent { resumed, ..Sent::default() };
    let mut receipted = prepared.receipted;
    let count = prepared.plans.len();
    for (at, plan) in prepared.plans.into_iter().enumerate() {
        announce(order, &plan, at < resumed, console);
        let submission = plan.submission;
        let signer = Arc::clone(&order.signer);
        let mut under_way =
            Submission { practice, signer, plan, teller: &mut teller, progress, bytes_sent_again: 0 };
        let ended = under_way.run(link).await;
        let (plan, again) = (under_way.plan, under_way.bytes_sent_again);
        sent.bytes_sent_again = sent.bytes_sent_again.saturating_add(again);
        match ended? {
            Ended::Empty => drop_plan(practice, submission)?,
            Ended::Receipted(receipt) => {
                keep(order, &plan, &receipt, &mut sent, console)?;
                let is_last = at.saturating_add(1) == count;
                if is_last && receipted.is_empty() {
                    drop_plan(practice, submission)?;
                } else {
                    let plan = Plan { stage: Stage::Receipted, ..plan };
                    plan.store(&disk, &plans_folder).map_err(|error| trouble::plan(&error))?;
                    receipted.push(submission);
                }
            }
        }
    }
    for submission in receipted {
        drop_plan(practice, submission)?;
    }
    sent.failed = teller.failed;
    match sent.receipts.is_empty() {
        true => Err(submission::nothing_left()),
        false => Ok(sent),
    }
}

/// Says what is sent now.
fn announce(order: &Order, plan: &Plan, resumed: bool, console: &Console) {
    let documents = u64::try_from(plan.sending().count()).unwrap_or(u64::MAX);
    let bytes = plan.bytes();
    console.emit(&Event::Start(event::Start {
        command: "send".to_owned(),
        practice: Some(order.practice.about().name.clone()),
        submission: Some(plan.submission.to_string()),
        book: Some(plan.line.book.to_string()),
        period: Some(plan.line.period.to_string()),
        resumed: Some(resumed),
        documents,
        bytes,
    }));
    let (book, period, bytes) = (&order.book_name, plan.line.period, console::Arg::Bytes(bytes));
    console.say("send-begin", args![documents, bytes, book, period]);
    prepare::tell_hashed(plan, console);
}

/// The receipt is durable before its plan ends.
fn keep(order: &Order, plan: &Plan, receipt: &Receipt, sent: &mut Sent, console: &Console) -> Told<()> {
    let lines = receipt.list().lines();
    let named = |line: &receipts::list::Line| {
        let planned = plan.documents.get(&line.n)?;
        Some(Named { n: line.n, name: planned.name.clone(), name_key: planned.name_key })
    };
    let names = Names { book: order.book_name.clone(), names: lines.iter().filter_map(named).collect() };
    let path = order.practice.receipt_book()?.store(plan.submission, &names, receipt.as_bytes())?;
    for line in lines {
        match line.held {
            Some(_) => sent.held = sent.held.saturating_add(1),
            None => {
                sent.sent = sent.sent.saturating_add(1);
                sent.bytes = sent.bytes.saturating_add(line.size);
            }
        }
        if let Some(planned) = plan.documents.get(&line.n).filter(|_| line.held.is_some()) {
            let blake3 = Some(line.blake3.to_hex());
            tell_file(console, line.n, &planned.name, FileState::Skipped, line.size, blake3);
        }
    }
    if let Some((_, acceptance, _)) = receipt.events() {
        console.emit(&Event::Receipt(event::Receipt {
            submission: plan.submission.to_string(),
            path: path.to_string_lossy().into_owned(),
            entry: receipt.cose_receipt().index,
            documents: u64::try_from(lines.len()).unwrap_or(u64::MAX),
            received_at: acceptance.submission_time.to_rfc3339(),
            accepted_at: receipt.acceptance().statement().time.to_rfc3339(),
        }));
    }
    sent.receipts.push((plan.submission, path));
    Ok(())
}

/// Ends a plan: it has its receipt, nothing is left of it, or the person has dropped it.
///
/// # Errors
/// The disk's.
pub fn drop_plan(practice: &Practice, submission: SubmissionId) -> Told<()> {
    Plan::end(practice.disk(), &practice.plans()?, submission).map_err(|error| trouble::plan(&error))
}

/// Finds the unfinished submission whose id begins as given.
///
/// # Errors
/// `receipt-unknown`, `receipt-ambiguous`; the disk's.
pub fn find_plan(practice: &Practice, beginning: &str) -> Told<Plan> {
    let all = Plan::all(practice.disk(), &practice.plans()?).map_err(|error| trouble::plan(&error))?.0;
    let typed = beginning.to_ascii_uppercase();
    let fits = |plan: &Plan| {
        let id = plan.submission;
        id.to_string().starts_with(&typed) || id.to_hex().starts_with(&beginning.to_ascii_lowercase())
    };
    let mut found: Vec<Plan> = all.into_iter().filter(|plan| beginning.len() >= 4 && fits(plan)).collect();
    let unknown = || -> Failure { failure::receipt_unknown(beginning) };
    match found.len() {
        0 => Err(unknown()),
        1 => found.pop().ok_or_else(unknown),
        _ => Err(failure::receipt_ambiguous(beginning)),
    }
}
