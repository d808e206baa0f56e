//! The committer: the one place where something becomes a fact. One thread takes what waits, makes the statements,
//! appends them with one head in one frame, posts them, and only then answers (FORMATS 2, steps 3 to 6).
//!
//! ```text
//! Committer::commit → waits → make(&Group) → [draft posting] → journal.commit = commit point → ledger → reply
//! ```
//! What is made in one group sees what was made before it in the same group: its rows stand in the draft already.

use std::sync::{Arc, mpsc};

use journal::{Committed, Journal, JournalError, NewEntry};
use model::{EntryKeyId, EvidenceId, Sha256Digest, Timestamp, limits};
use protocol::{Code, Refusal};
use receipts::event::GatewayEvent;
use receipts::{Signed, Statement};
use tokio::sync::oneshot;

use crate::keys::KeySet;
use crate::ledger::Ledger;
use crate::ledger::post::{Draft, PostError, Posting, Says};
use crate::registry::Registry;
use crate::sealing::EntrySeals;

/// Acts in one group.
const GROUP_MAX: usize = 256;
/// Lists and statements in one group, in bytes: well below one frame of the journal.
const GROUP_BYTES_MAX: usize = limits::FRAME_BYTES_MAX / 2;

/// A statement that is to be committed.
pub struct Made {
    /// As it was signed.
    pub signed: Signed,
    /// The list that it names, where that is stored with it.
    pub list: Option<Vec<u8>>,
    /// What it is sealed under: durable in the ring already.
    pub key: EntryKeyId,
}

/// What an act is told while its group is made.
pub struct Group<'a> {
    /// The time of the whole group: never before the newest entry.
    pub now: Timestamp,
    /// The ledger as it will be, with all that was made before in this group.
    pub draft: &'a Draft<'a>,
    /// The registry as it is.
    pub registry: &'a Registry,
    /// Entries in the journal and, before this act, in this group.
    pub size: u64,
    keys: &'a KeySet,
}

impl Group<'_> {
    /// Whether a key, by the hash of its SubjectPublicKeyInfo, is or was some device's, or is made one in this very
    /// group. Asked here, where nothing comes in between: a key is certified once.
    pub fn is_burnt(&self, key: &Sha256Digest) -> bool {
        self.registry.knows_key(key) || self.draft.certifies(key)
    }

    /// A statement of the gateway's, made now, to be sealed under `key`.
    ///
    /// # Errors
    /// [`Code::Internal`]: no randomness, or the key can not be used.
    pub fn made(&self, event: impl Into<GatewayEvent>, key: EntryKeyId) -> Result<Made, Refusal> {
        Ok(Made { signed: self.sign(event)?, list: None, key })
    }

    /// The same with the list that it names.
    ///
    /// # Errors
    /// As there.
    pub fn made_over(
        &self,
        event: impl Into<GatewayEvent>,
        list: Vec<u8>,
        key: EntryKeyId,
    ) -> Result<Made, Refusal> {
        Ok(Made { signed: self.sign(event)?, list: Some(list), key })
    }

    fn sign(&self, event: impl Into<GatewayEvent>) -> Result<Signed, Refusal> {
        let id =
            host::random::bytes().map(EvidenceId::from_bytes).map_err(|_| Refusal::new(Code::Internal))?;
        let keys = self.keys.now();
        let statement = Statement::by_gateway(id, self.now, keys.standing.clone(), event);
        Signed::sign(&statement, &keys.statements, self.now).map_err(|error| {
            tracing::error!(%error, "a statement can not be signed");
            Refusal::new(Code::Internal)
        })
    }
}

/// Makes an act's statements, on the committer's thread.
pub type Make = Box<dyn FnOnce(&Group<'_>) -> Result<Vec<Made>, Refusal> + Send>;

/// An act that stands in the journal.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The proof.
    pub committed: Committed,
    /// The entry of its first statement; the others follow.
    pub first_entry: u64,
    /// The digests of its statements.
    pub statements: Vec<Sha256Digest>,
    /// When it was committed.
    pub time: Timestamp,
}

struct Waiting {
    make: Make,
    among: Among,
    reply: oneshot::Sender<Result<Outcome, Refusal>>,
}

/// With what else an act may be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Among {
    /// With others, in one frame.
    Others,
    /// What comes before it is committed before it is made: it changes what signs.
    Nothing,
}

/// The way to the committer's thread; cheap to clone. The thread ends when the last one is gone.
#[derive(Clone)]
pub struct Committer(mpsc::Sender<Waiting>);

impl Committer {
    /// Starts the thread over an open journal.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(work: Work) -> std::io::Result<(Self, std::thread::JoinHandle<Journal>)> {
        let (sender, receiver) = mpsc::channel();
        let thread =
            std::thread::Builder::new().name("committer".to_owned()).spawn(move || work.run(&receiver))?;
        Ok((Self(sender), thread))
    }

    /// Commits an act: waits until it stands in the journal and the ledger, or is refused.
    ///
    /// # Errors
    /// What `make` refuses; [`Code::ShuttingDown`], [`Code::ClockHeld`], [`Code::Internal`].
    pub async fn commit(&self, make: Make) -> Result<Outcome, Refusal> {
        let (reply, outcome) = oneshot::channel();
        let waiting = Waiting { make, among: Among::Others, reply };
        self.0.send(waiting).map_err(|_| Refusal::new(Code::ShuttingDown))?;
        outcome.await.unwrap_or_else(|_| Err(Code::ShuttingDown.into()))
    }

    /// As [`Committer::commit`], for a thread that may wait.
    ///
    /// # Errors
    /// As there.
    pub fn commit_blocking(&self, make: Make) -> Result<Outcome, Refusal> {
        self.commit_among(make, Among::Others)
    }

    /// As [`Committer::commit_blocking`], for an act that changes what signs: what was made before it stands in the
    /// journal, signed as it was, when `make` is called.
    ///
    /// # Errors
    /// As there.
    pub fn commit_alone(&self, make: Make) -> Result<Outcome, Refusal> {
        self.commit_among(make, Among::Nothing)
    }

    fn commit_among(&self, make: Make, among: Among) -> Result<Outcome, Refusal> {
        let (reply, outcome) = oneshot::channel();
        self.0.send(Waiting { make, among, reply }).map_err(|_| Refusal::new(Code::ShuttingDown))?;
        outcome.blocking_recv().unwrap_or_else(|_| Err(Code::ShuttingDown.into()))
    }
}

/// What the committer's thread works with.
pub struct Work {
    /// The journal, its only writer.
    pub journal: Journal,
    /// The ledger.
    pub ledger: Arc<Ledger>,
    /// The registry.
    pub registry: Arc<Registry>,
    /// The keys.
    pub keys: Arc<KeySet>,
    /// What seals entries.
    pub seals: Arc<EntrySeals>,
    /// The clock.
    pub clock: crate::clock::GuardedClock,
}

/// Statements of one act, posted in the draft and not yet committed.
struct Ready {
    reply: oneshot::Sender<Result<Outcome, Refusal>>,
    first: usize,
    statements: Vec<Sha256Digest>,
}

impl Work {
    fn run(mut self, waiting: &mpsc::Receiver<Waiting>) -> Journal {
        let mut last = None;
        loop {
            let Ok(first) = waiting.recv() else { return self.journal };
            let mut group = vec![first];
            while group.len() < GROUP_MAX
                && let Ok(next) = waiting.try_recv()
            {
                group.push(next);
            }
            self.commit_group(group, &mut last);
        }
    }

    /// Commits acts in as few frames as they fit. `last` is the digest of the newest statement, once it is known.
    fn commit_group(&mut self, group: Vec<Waiting>, last: &mut Option<Sha256Digest>) {
        let newest = self.journal.head().time;
        let now = match self.clock.now_after(newest) {
            Ok(now) => now,
            Err(held) => {
                tracing::error!(%held, "nothing is committed before an admin has confirmed the clock");
                for act in group {
                    let _ = act.reply.send(Err(Code::ClockHeld.into()));
                }
                return;
            }
        };
        let ledger = Arc::clone(&self.ledger);
        let mut draft = Draft::new(&*ledger);
        let mut entries: Vec<NewEntry> = Vec::new();
        let mut ready: Vec<Ready> = Vec::new();
        let mut before = last.or_else(|| self.newest());
        for Waiting { make, among, reply } in group {
            if among == Among::Nothing && !entries.is_empty() {
                self.write(
                    std::mem::replace(&mut draft, Draft::new(&*ledger)),
                    std::mem::take(&mut entries),
                    now,
                    std::mem::take(&mut ready),
                );
            }
            let size = self.journal.head().size.saturating_add(entries.len() as u64);
            let made = make(&Group { now, draft: &draft, registry: &self.registry, size, keys: &self.keys });
            let made = match made {
                Ok(made) if !made.is_empty() => made,
                Ok(_) => {
                    let _ = reply.send(Err(Code::Internal.into()));
                    continue;
                }
                Err(refusal) => {
                    let _ = reply.send(Err(refusal));
                    continue;
                }
            };
            let mark = draft.mark();
            match self.draft_act(&mut draft, &made, entries.len(), before, now) {
                Ok(statements) => {
                    before = statements.last().copied().or(before);
                    ready.push(Ready { reply, first: entries.len(), statements });
                    entries.extend(made.into_iter().map(|made| NewEntry {
                        statement: made.signed.as_bytes().to_vec(),
                        list: made.list,
                        key: made.key,
                    }));
                }
                Err(error) => {
                    tracing::error!(%error, "a statement can not be posted; it is not committed");
                    draft.back_to(mark);
                    let _ = reply.send(Err(Code::Internal.into()));
                }
            }
            if bytes_of(&entries) > GROUP_BYTES_MAX {
                self.write(
                    std::mem::replace(&mut draft, Draft::new(&*ledger)),
                    std::mem::take(&mut entries),
                    now,
                    std::mem::take(&mut ready),
                );
            }
        }
        if !entries.is_empty() {
            self.write(draft, entries, now, ready);
        }
        *last = before;
    }

    /// The digest of the newest statement, read from the journal.
    fn newest(&self) -> Option<Sha256Digest> {
        let newest = self.journal.head().size.checked_sub(1)?;
        match self.journal.entry(newest) {
            Ok(entry) => Some(entry.hash()),
            Err(error) => fatal(&error),
        }
    }

    fn draft_act(
        &self,
        draft: &mut Draft<'_>,
        made: &[Made],
        offset: usize,
        mut before: Option<Sha256Digest>,
        now: Timestamp,
    ) -> Result<Vec<Sha256Digest>, PostError> {
        let mut statements = Vec::with_capacity(made.len());
        for (at, one) in made.iter().enumerate() {
            let hash = one.signed.entry_hash();
            let posting = Posting {
                entry: self.journal.head().size.saturating_add((offset + at) as u64),
                hash,
                before,
                time: now,
                says: Says::of(one.signed.statement()),
                list: one.list.as_deref(),
            };
            draft.post(&posting, &*self.ledger)?;
            before = Some(hash);
            statements.push(hash);
        }
        Ok(statements)
    }

    /// The commit point, then the ledger, then the replies. What fails here ends the process: memory and disk would
    /// say different things, and only a start reads what is true.
    fn write(&mut self, draft: Draft<'_>, entries: Vec<NewEntry>, now: Timestamp, ready: Vec<Ready>) {
        let first_entry = self.journal.head().size;
        let committed = match self.journal.commit(&entries, now, &self.keys.now().heads, &*self.seals) {
            Ok(committed) => committed,
            Err(error) => fatal(&error),
        };
        let (changes, registered) = draft.into_changes();
        if let Err(error) = self.ledger.apply(&changes, committed.size()) {
            // The journal has it; the next start posts it again.
            tracing::error!(%error, "the ledger can not be posted");
            crate::stop::now("the ledger could not be written; it is posted again at the next start", 1);
        }
        for row in &registered {
            self.ledger.tell(&self.registry, row);
        }
        if !registered.is_empty() {
            self.registry.tell_changed();
        }
        for Ready { reply, first, statements } in ready {
            let outcome = Outcome {
                committed: committed.clone(),
                first_entry: first_entry.saturating_add(first as u64),
                statements,
                time: now,
            };
            let _ = reply.send(Ok(outcome));
        }
    }
}

fn bytes_of(entries: &[NewEntry]) -> usize {
    entries.iter().map(|entry| entry.statement.len() + entry.list.as_ref().map_or(0, Vec::len)).sum()
}

/// A journal that can not be written stops the gateway; nothing was answered for what is lost.
fn fatal(error: &JournalError) -> ! {
    tracing::error!(%error, "the journal can not be written");
    crate::stop::now(&format!("the journal could not be written: {error}"), 74)
}
