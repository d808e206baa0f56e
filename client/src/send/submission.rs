//! One plan to its receipt: open, pieces, withdrawals, close, as often as the line and the gateway make it necessary.
//! Everything that it learns is either in the plan or asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use console::event::FileState;
use console::{DocumentProgress, Exit, Failure, Phase, Progress, Total, failure};
use model::{Sha256Digest, limits};
use protocol::field::{DocumentNumber, NameKey, Salt};
use protocol::message::{Close, Content, OpenHead};
use protocol::open::{OpeningDocument, messages};
use protocol::record::{Has, OpenAnswer};
use protocol::upload::{After, Outgoing, Stage, Window};
use protocol::{Bytes, Code, Lease, Refusal};
use receipts::Receipt;

use super::close::{self, Ours};
use super::digests::Digests;
use super::pump::{STREAMS, Shared, Whole, pump};
use super::source::Source;
use super::teller::{Teller, tell_file};
use crate::connection::{Connection, SILENCE_WAITING};
use crate::device::DeviceSigner;
use crate::hash::HashError;
use crate::link::Link;
use crate::plan::{Fate, Plan};
use crate::practice::Practice;
use crate::trouble::{self, Told};
use crate::wire::{WireFailure, beside};

/// How long the gateway may take to answer an open: it waits for the writers of an older connection.
const OPEN_PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to check everything and to sign.
const CLOSE_PATIENCE: Duration = Duration::from_secs(600);
/// Opens in a row without any progress, before it is given up.
const REOPENS_MAX: u32 = 6;
/// How often a document is hashed again because the gateway found other bytes.
const HASHINGS_MAX: u32 = 2;

/// What came of a plan.
pub enum Ended {
    /// The receipt that is ours, and what is known of its documents.
    Receipted(Box<Receipt>),
    /// Every document was withdrawn.
    Empty,
}

/// One submission under way.
pub struct Submission<'a> {
    /// The practice.
    pub practice: &'a Practice,
    /// What this device signs with.
    pub signer: Arc<DeviceSigner>,
    /// Its plan, durable as it is here.
    pub plan: Plan,
    /// Tells.
    pub teller: &'a mut Teller,
    /// Shows.
    pub progress: &'a Progress,
    /// Bytes sent more than once in this run.
    pub bytes_sent_again: u64,
}

/// What a pass over one connection came to.
enum Passed {
    Receipt(Vec<u8>),
    Empty,
}

/// Shared with the acknowledgements: what programs and bars were told.
#[derive(Default)]
struct Shown {
    bars: BTreeMap<u32, DocumentProgress>,
    done: BTreeSet<u32>,
}

impl Submission<'_> {
    /// Goes on until there is a receipt, or nothing left.
    ///
    /// # Errors
    /// What can not be cured by waiting or by leaving documents out; `connection-lost` when patience is over.
    pub async fn run(&mut self, link: &mut Link) -> Told<Ended> {
        let mut shared = self.share(link);
        let mut digests =
            Digests::begin(self.plan.sending().map(|(n, planned)| Source::of(n, planned)).collect());
        let mut turns = Turns::default();
        loop {
            let connection = link.connection().await?;
            let before = shared.machine().progress();
            let passed = self.pass(&shared, &connection, &mut digests, &mut turns).await;
            let after = shared.machine().progress();
            self.bytes_sent_again = after.bytes_sent_again;
            if after.bytes_durable > before.bytes_durable
                || after.documents_withdrawn > before.documents_withdrawn
            {
                link.progressed();
                turns.reopens = 0;
            }
            match passed {
                Ok(Passed::Empty) => return Ok(Ended::Empty),
                Ok(Passed::Receipt(bytes)) => return self.receipted(bytes, &digests).map(Ended::Receipted),
                Err(WireFailure::Refused(refusal)) => {
                    self.refused(&refusal, &shared, &mut digests, &mut turns, link).await?;
                }
                Err(error) if error.is_cut() => {
                    link.blame(&error);
                    // A connection that broke at once is not tried again at once.
                    link.pause_at_least(Duration::ZERO, trouble::wire(&error, &connection.address)).await?;
                }
                Err(error) => return Err(trouble::wire(&error, &connection.address)),
            }
            match std::mem::take(&mut turns.shrunk) {
                Shrunk::Yes if self.plan.documents.is_empty() => return Ok(Ended::Empty),
                Shrunk::Yes => shared = self.share(link),
                Shrunk::No => shared.machine().cut(),
            }
        }
    }

    fn share(&self, link: &Link) -> Arc<Shared> {
        let lengths = self.plan.documents.iter().map(|(n, it)| (DocumentNumber(*n), it.manifest.length()));
        let mut machine = Outgoing::new(lengths, STREAMS, Window::STANDARD);
        for (n, planned) in &self.plan.documents {
            if planned.fate == Fate::Withdrawn {
                machine.withdraw(DocumentNumber(*n));
            }
        }
        let sources = self.plan.documents.iter().map(|(n, planned)| (*n, Source::of(*n, planned))).collect();
        let shown = Arc::new(Mutex::new(Shown::default()));
        let (progress, console) = (self.progress.clone(), self.teller.console.clone());
        let documents: BTreeMap<u32, _> =
            self.plan.documents.iter().map(|(n, it)| (*n, (it.name.clone(), it.manifest.length()))).collect();
        let acknowledged = move |piece: protocol::upload::Piece, whole: Whole| {
            let Some((name, length)) = documents.get(&piece.n.0) else { return };
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            let bytes = piece.bytes as u64;
            match (*length > bytes, whole) {
                (true, _) => {
                    let bar = shown.bars.entry(piece.n.0);
                    bar.or_insert_with(|| progress.document(name.as_sent(), *length)).advance(bytes);
                }
                (false, _) => progress.advance(bytes),
            }
            if whole == Whole::Yes && shown.done.insert(piece.n.0) {
                match shown.bars.remove(&piece.n.0) {
                    Some(bar) => bar.done(),
                    None => progress.document_done(),
                }
                tell_file(&console, piece.n.0, name, FileState::Sent, *length, None);
            }
        };
        Shared::new(self.plan.submission, machine, sources, link.pulse(), Box::new(acknowledged))
    }

    /// Over one connection: open, send, close.
    async fn pass(
        &mut self,
        shared: &Arc<Shared>,
        connection: &Connection,
        digests: &mut Digests,
        turns: &mut Turns,
    ) -> Result<Passed, WireFailure> {
        let lease = match self.open(shared, connection, turns).await? {
            Opened::Accepted(receipt) => return Ok(Passed::Receipt(receipt)),
            Opened::Ready(lease) => lease,
        };
        loop {
            let stage = shared.machine().stage();
            match stage {
                Stage::Empty => return Ok(Passed::Empty),
                Stage::Sending => {
                    let pumped = pump(shared, connection, lease).await;
                    self.spoilt(shared).map_err(WireFailure::Here)?;
                    pumped?;
                }
                Stage::ReadyToClose => {
                    let Some(digests) = self.digests(shared, digests).await.map_err(WireFailure::Here)?
                    else {
                        continue;
                    };
                    return self.close(shared, connection, lease, &digests).await.map(Passed::Receipt);
                }
                Stage::NotOpen => return Err(WireFailure::Reset),
            }
        }
    }

    async fn open(
        &mut self,
        shared: &Arc<Shared>,
        connection: &Connection,
        turns: &mut Turns,
    ) -> Result<Opened, WireFailure> {
        let (head, documents) = self.opening();
        let (mut asks, mut answers) = connection.open().await?;
        let sending = async {
            asks.send_all(messages(&head, &documents)).await?;
            asks.finish();
            Ok(())
        };
        let exchange = beside(sending, answers.long(limits::ANSWER_BYTES_MAX));
        let exchange = connection.unless_silent(SILENCE_WAITING, exchange);
        let long = tokio::time::timeout(OPEN_PATIENCE, exchange).await.unwrap_or(Err(WireFailure::Silent))?;
        if long.content == Content::Receipt {
            return Ok(Opened::Accepted(long.bytes));
        }
        let answer: OpenAnswer = long.answer()?;
        let progress = {
            let mut machine = shared.machine();
            machine.opened(&answer)?;
            machine.progress()
        };
        let first = std::mem::replace(&mut turns.opened, true);
        if !first {
            self.opened_first(&answer, &progress);
        } else {
            // What had arrived and was not acknowledged before the cut.
            let more = progress.bytes_durable.saturating_sub(self.progress.bytes());
            self.progress.already(Total { documents: 0, bytes: more });
        }
        Ok(Opened::Ready(answer.lease))
    }

    /// Says what is to be done, once.
    fn opened_first(&mut self, answer: &OpenAnswer, progress: &protocol::upload::Progress) {
        let documents = u64::try_from(progress.documents_total).unwrap_or(u64::MAX);
        let done = u64::try_from(progress.documents_durable).unwrap_or(u64::MAX);
        if documents > 0 {
            self.progress.phase(Phase::Sending, Total { documents, bytes: progress.bytes_total });
        }
        self.progress.already(Total { documents: done, bytes: progress.bytes_durable });
        if progress.bytes_durable > 0 {
            let bytes = console::Arg::Bytes(progress.bytes_durable);
            self.teller.console.say("send-resuming", console::args![documents, bytes]);
        }
        for row in answer.documents.iter() {
            if let (Has::Held(held), Some(planned)) = (&row.has, self.plan.documents.get(&row.n.0)) {
                self.teller.held(&planned.name, held);
            }
        }
    }

    fn opening(&self) -> (OpenHead, Vec<OpeningDocument>) {
        let document = |(n, planned): (&u32, &crate::plan::Planned)| OpeningDocument {
            n: DocumentNumber(*n),
            salt: Salt::from_bytes(planned.salt),
            name_key: NameKey::from_bytes(planned.name_key),
            name: planned.name.clone(),
            media_type: planned.media_type.clone(),
            manifest: planned.manifest.clone(),
        };
        let documents: Vec<OpeningDocument> = self.plan.documents.iter().map(document).collect();
        let bytes = documents.iter().fold(0u64, |sum, it| sum.saturating_add(it.manifest.length()));
        let line = &self.plan.line;
        let head = OpenHead {
            submission: self.plan.submission,
            book: line.book,
            period: line.period,
            kind: line.kind,
            class: line.class,
            documents: u32::try_from(documents.len()).unwrap_or(u32::MAX),
            bytes,
        };
        (head, documents)
    }

    /// The digests of everything that is left; `None` if documents fell out meanwhile.
    async fn digests(
        &mut self,
        shared: &Arc<Shared>,
        digests: &mut Digests,
    ) -> Told<Option<BTreeMap<u32, Sha256Digest>>> {
        self.progress.phase(Phase::Receipt, Total::default());
        digests.done().await;
        let left: Vec<u32> = shared.machine().remaining().map(|(n, _)| n.0).collect();
        let mut found = BTreeMap::new();
        let mut spoilt = Vec::new();
        for n in left {
            match digests.get(n) {
                Ok(digest) => drop(found.insert(n, digest)),
                Err(error) => spoilt.push((n, error)),
            }
        }
        let whole = spoilt.is_empty();
        self.leave_out(shared, spoilt)?;
        Ok(whole.then_some(found))
    }

    async fn close(
        &self,
        shared: &Arc<Shared>,
        connection: &Connection,
        lease: Lease,
        digests: &BTreeMap<u32, Sha256Digest>,
    ) -> Result<Vec<u8>, WireFailure> {
        let here = WireFailure::Here;
        let list = close::list(&self.plan, &shared.machine(), digests).map_err(here)?;
        let checkpoint = self.practice.checkpoint().map_err(here)?;
        let device = self.practice.about().device;
        let now = self.practice.now();
        let origin = close::origin(&self.plan, &list, device, &*self.signer, checkpoint.as_deref(), now);
        let origin = Bytes::new(origin.map_err(here)?.as_bytes())?;
        let (mut asks, mut answers) = connection.open().await?;
        let sending = async {
            asks.send(Close { submission: self.plan.submission, lease, origin }).await?;
            asks.send_long(Content::List, list.as_bytes()).await?;
            asks.finish();
            Ok(())
        };
        let exchange = beside(sending, answers.long(limits::RECEIPT_BYTES_MAX));
        let exchange = connection.unless_silent(SILENCE_WAITING, exchange);
        let long =
            tokio::time::timeout(CLOSE_PATIENCE, exchange).await.unwrap_or(Err(WireFailure::Silent))?;
        Ok(long.only(Content::Receipt)?)
    }

    fn receipted(&self, bytes: Vec<u8>, digests: &Digests) -> Told<Box<Receipt>> {
        let trust = self.practice.trust()?;
        let known = self.plan.documents.keys().filter_map(|n| Some((*n, digests.get(*n).ok()?))).collect();
        let ours = Ours { device: self.practice.about().device, signer: &self.signer, trust: &trust };
        close::check(bytes, &self.plan, &known, &ours).map(Box::new)
    }

    /// What follows from a refusal.
    async fn refused(
        &mut self,
        refusal: &Refusal,
        shared: &Arc<Shared>,
        digests: &mut Digests,
        turns: &mut Turns,
        link: &mut Link,
    ) -> Told<()> {
        let failure = trouble::refused(refusal);
        match (After::refusal(refusal), refusal.known()) {
            (After::HashAgain(documents), _) => {
                self.hash_again(&documents, refusal, shared, digests, turns).await
            }
            (After::Pause(ms), _) => link.pause_at_least(Duration::from_millis(ms), failure).await,
            // After its end at the gateway the same submission starts anew.
            (After::Reopen, _) | (After::Stop, Some(Code::Expired)) => {
                turns.reopens = turns.reopens.saturating_add(1);
                match turns.reopens > REOPENS_MAX {
                    true => Err(failure),
                    false => link.pause_at_least(Duration::ZERO, failure).await,
                }
            }
            (After::Stop, Some(Code::TooLarge)) if !turns.opened && !refusal.documents().is_empty() => {
                self.shrink(refusal, turns)
            }
            (After::Stop, _) => Err(failure),
        }
    }

    /// What is larger than the gateway takes can not even be opened: the plan goes on without it. The gateway has
    /// nothing of the submission yet, so it can still become another.
    fn shrink(&mut self, refusal: &Refusal, turns: &mut Turns) -> Told<()> {
        for DocumentNumber(n) in refusal.documents() {
            let Some(planned) = self.plan.documents.remove(n) else { return Err(trouble::refused(refusal)) };
            self.teller.left_out(planned.name.as_sent(), &trouble::of_one(refusal, planned.name.as_sent()));
        }
        turns.shrunk = Shrunk::Yes;
        self.store()
    }

    /// The gateway found other bytes: these documents are hashed again, and left out if that is no cure.
    async fn hash_again(
        &mut self,
        documents: &[DocumentNumber],
        refusal: &Refusal,
        shared: &Arc<Shared>,
        digests: &mut Digests,
        turns: &mut Turns,
    ) -> Told<()> {
        let mut spoilt = Vec::new();
        let mut again = Vec::new();
        for DocumentNumber(n) in documents {
            let Some(planned) = self.plan.documents.get(n) else { return Err(trouble::refused(refusal)) };
            let tried = turns.hashings.entry(*n).or_insert(0);
            *tried = tried.saturating_add(1);
            let (source, manifest) = (Source::of(*n, planned), planned.manifest.clone());
            let hashed = tokio::task::spawn_blocking(move || source.hash_again(&manifest)).await;
            match hashed.unwrap_or(Err(HashError::Changed)) {
                Ok(_) if *tried <= HASHINGS_MAX => again.push(Source::of(*n, planned)),
                Ok(_) => {
                    let failure = trouble::of_one(refusal, planned.name.as_sent());
                    let name = planned.name.clone();
                    self.teller.left_out(name.as_sent(), &failure);
                    self.withdraw(shared, *n);
                    self.store()?;
                }
                Err(error) => spoilt.push((*n, error)),
            }
        }
        digests.again(again);
        self.leave_out(shared, spoilt)
    }

    /// Documents that the streams found changed.
    fn spoilt(&mut self, shared: &Arc<Shared>) -> Told<()> {
        let spoilt = shared.take_spoilt();
        self.leave_out(shared, spoilt)
    }

    fn leave_out(&mut self, shared: &Arc<Shared>, spoilt: Vec<(u32, HashError)>) -> Told<()> {
        let mut fallen = false;
        for (n, error) in spoilt {
            // Told once, whoever found it.
            if let Some(planned) = self.plan.documents.get(&n).filter(|planned| planned.fate == Fate::Send) {
                self.teller.changed(&planned.name, &planned.path, &error);
                self.withdraw(shared, n);
                fallen = true;
            }
        }
        if fallen { self.store() } else { Ok(()) }
    }

    /// Out of the submission: at the gateway with the next chance; the caller stores the plan.
    fn withdraw(&mut self, shared: &Arc<Shared>, n: u32) {
        shared.machine().withdraw(DocumentNumber(n));
        if let Some(planned) = self.plan.documents.get_mut(&n) {
            planned.fate = Fate::Withdrawn;
        }
    }

    fn store(&self) -> Told<()> {
        let plans = self.practice.plans()?;
        self.plan.store(self.practice.disk(), &plans).map_err(|error| trouble::plan(&error))
    }
}

/// What was tried.
#[derive(Default)]
struct Turns {
    opened: bool,
    reopens: u32,
    hashings: BTreeMap<u32, u32>,
    shrunk: Shrunk,
}

/// Whether documents were taken out of the plan itself: then everything that was made of it is made anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Shrunk {
    #[default]
    No,
    Yes,
}

enum Opened {
    Accepted(Vec<u8>),
    Ready(Lease),
}

/// Nothing is left of a plan: it ends without a receipt.
pub fn nothing_left() -> Failure {
    failure::nothing_left().with_exit(Exit::Partial)
}
