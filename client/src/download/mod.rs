//! One take coming down: pieces over several streams, each verified before it is written, synced in batches, and a
//! document named only when it is whole, checked and durable. Reports nothing; signs nothing.
//!
//! Invariants
//! - A piece count is recorded only after the sync of those pieces has returned.
//! - A document counts as durable only after it has its final name.

mod saving;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use console::{Console, Failure, Progress, failure};
use host::DiskError;
use model::{Sha256Digest, limits};
use protocol::Code;
use protocol::download::{Due, Incoming, Resume, Wanted};
use protocol::field::DocumentNumber;
use protocol::message::{Fetch, FetchHead, FetchValues, PieceHead};
use sha2::Sha256;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};

use crate::connection::{ANSWER_PATIENCE, Connection};
use crate::landing::{self, Ground};
use crate::link::Pulse;
use crate::link::is_passing;
use crate::part::{Part, Work};
use crate::resume::Front;
use crate::take::{Take, TakeState, TakeStore};
use crate::trouble::{self, Told};
use crate::wire::{Answers, WireFailure};

/// Streams at once.
pub const STREAMS: usize = 4;
/// A part file is synced when so many bytes were written since.
const BATCH_BYTES: u64 = 16 * limits::MIB;
/// Documents that are being named at once: their syncs share what the disk does.
const FINISHING_MAX: usize = 16;
/// The state is stored at most this often.
const STATE_EVERY: Duration = Duration::from_secs(1);
/// Times that a document is asked for again after what only it is to blame for.
const TRIES_MAX: u32 = 3;
/// Kept free on this disk beside what a document needs.
const ROOM_BYTES: u64 = 4 * limits::MIB;
/// Read at once from a stream, so that a slow line is not taken for a silent one.
const READ_BYTES: usize = 64 * 1024;
/// Of a take up to this size every document is spoken of.
const SPOKEN_MAX: usize = 50;
/// Pieces up to this size are verified where they arrive.
const SMALL_BYTES: usize = 64 * 1024;

/// How a run over one connection ended.
#[derive(Debug)]
pub enum Ended {
    /// Nothing is left to ask for.
    Done,
    /// The connection broke, or the gateway asks for a pause.
    Cut(WireFailure),
    /// The take releases nothing any more.
    Expired,
}

/// Why a document is not saved.
#[derive(Debug, Clone)]
pub struct Failed {
    /// What to tell.
    pub failure: Failure,
    /// Who stands in the way.
    pub by: By,
}

/// Who stands in the way of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// This device: the same take can go on when that is cured.
    Here,
    /// The gateway: this take does not bring it any more.
    Gateway,
}

/// A take under way. Clones are the same.
#[derive(Clone)]
pub struct Download(Arc<Shared>);

struct Shared {
    take: Take,
    ground: Ground,
    store: TakeStore,
    console: Console,
    progress: Progress,
    pulse: Pulse,
    clock: host::Clock,
    machine: Mutex<Incoming>,
    state: Mutex<TakeState>,
    stored_ms: AtomicU64,
    parts: Mutex<HashMap<u32, Arc<Part>>>,
    failed: Mutex<BTreeMap<u32, Failed>>,
    tries: Mutex<HashMap<u32, u32>>,
    /// What earlier runs left, verified: durable pieces, and the hash over them.
    front: Mutex<HashMap<u32, (u32, Sha256)>>,
    finishing: Semaphore,
}

/// What a download is made of.
pub struct Setup {
    /// The take.
    pub take: Take,
    /// How far it is.
    pub state: TakeState,
    /// Where it goes.
    pub ground: Ground,
    /// Where it is kept.
    pub store: TakeStore,
    /// Says what happens.
    pub console: Console,
    /// Shows how far it is, in the phase of fetching.
    pub progress: Progress,
    /// Beats while there is progress.
    pub pulse: Pulse,
    /// The clock.
    pub clock: host::Clock,
    /// What earlier runs left, from [`crate::resume::found`].
    pub fronts: HashMap<u32, Front>,
}

pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Download {
    /// A download of what the state does not call saved.
    pub fn new(setup: Setup) -> Self {
        let Setup { take, mut state, ground, store, console, progress, pulse, clock, mut fronts } = setup;
        let mut front = HashMap::new();
        // What counts is what was found on the disk.
        state.pieces = fronts.iter().map(|(n, front)| (*n, front.resume.pieces_durable)).collect();
        let wanted = take.documents.iter().map(|(n, taken)| {
            let resume = match (state.saved.contains_key(n), fronts.remove(n)) {
                (true, _) => Resume { manifest: None, pieces_durable: u32::MAX },
                (false, Some(found)) => {
                    front.insert(*n, (found.resume.pieces_durable, found.sha256));
                    found.resume
                }
                (false, None) => Resume::default(),
            };
            Wanted { n: DocumentNumber(*n), length: taken.length, root: taken.blake3, resume }
        });
        let mut machine = Incoming::new(take.hash, wanted, STREAMS);
        let known: Vec<DocumentNumber> = state.reported.iter().map(|n| DocumentNumber(*n)).collect();
        machine.reported(&known);
        Self(Arc::new(Shared {
            machine: Mutex::new(machine),
            state: Mutex::new(state),
            stored_ms: AtomicU64::new(0),
            parts: Mutex::default(),
            failed: Mutex::default(),
            tries: Mutex::default(),
            front: Mutex::new(front),
            finishing: Semaphore::new(FINISHING_MAX),
            take,
            ground,
            store,
            console,
            progress,
            pulse,
            clock,
        }))
    }

    /// Fetches over a connection until nothing is left or it breaks. What was written is synced and recorded then.
    ///
    /// # Errors
    /// The home's disk.
    pub async fn run(&self, connection: &Connection) -> Told<Ended> {
        let mut streams = JoinSet::new();
        for stream in 0..STREAMS {
            let (shared, connection) = (Arc::clone(&self.0), connection.clone());
            streams.spawn(async move { shared.stream(&connection, stream).await });
        }
        let mut ended = Ended::Done;
        while let Some(one) = streams.join_next().await {
            match one.map_err(|error| failure::unexpected(error.to_string()))? {
                Ended::Done => {}
                Ended::Cut(error) if !matches!(ended, Ended::Expired) => ended = Ended::Cut(error),
                Ended::Cut(_) => {}
                Ended::Expired => ended = Ended::Expired,
            }
        }
        let shared = Arc::clone(&self.0);
        blocking(move || shared.store_state()).await?;
        Ok(ended)
    }

    /// Why documents are not saved, by number. For good, as far as this run goes.
    pub fn failed(&self) -> BTreeMap<u32, Failed> {
        held(&self.0.failed).clone()
    }

    /// How far it is.
    pub fn state(&self) -> TakeState {
        held(&self.0.state).clone()
    }

    /// The documents that are saved here and that the gateway does not know of.
    pub fn reportable(&self) -> Vec<DocumentNumber> {
        held(&self.0.machine).reportable()
    }

    /// The gateway has answered the report of these.
    ///
    /// # Errors
    /// The home's disk.
    pub async fn reported(&self, documents: &[DocumentNumber], handover: Sha256Digest) -> Told<()> {
        held(&self.0.machine).reported(documents);
        {
            let mut state = held(&self.0.state);
            state.reported.extend(documents.iter().map(|n| n.0));
            if !state.handovers.contains(&handover) {
                state.handovers.push(handover);
            }
        }
        let shared = Arc::clone(&self.0);
        blocking(move || shared.store_state()).await
    }
}

/// What became of a stream.
enum Fault {
    /// The line or the gateway.
    Wire(WireFailure),
    /// This device.
    Here(Failure),
}

impl From<WireFailure> for Fault {
    fn from(error: WireFailure) -> Self {
        Self::Wire(error)
    }
}

impl From<protocol::WireError> for Fault {
    fn from(error: protocol::WireError) -> Self {
        Self::Wire(error.into())
    }
}

impl Shared {
    /// Works off documents on one stream after the other.
    async fn stream(self: &Arc<Self>, connection: &Connection, stream: usize) -> Ended {
        let mut finishing = JoinSet::new();
        let ended = loop {
            let next = held(&self.machine).next(stream);
            let Some(fetch) = next else { break Ended::Done };
            let n = fetch.n.0;
            match self.document(connection, stream, &fetch).await {
                Ok(part) => {
                    held(&self.machine).ended(stream);
                    self.finish_later(&mut finishing, n, part).await;
                }
                Err(fault) => {
                    self.settle(n).await;
                    let after = self.after(n, fault);
                    held(&self.machine).ended(stream);
                    if let Some(ended) = after {
                        break ended;
                    }
                }
            }
            while finishing.try_join_next().is_some() {}
        };
        while finishing.join_next().await.is_some() {}
        ended
    }

    async fn finish_later(self: &Arc<Self>, finishing: &mut JoinSet<()>, n: u32, part: Arc<Part>) {
        // The semaphore is never closed.
        let Ok(permit) = self.finishing.acquire().await else { return };
        permit.forget();
        let shared = Arc::clone(self);
        finishing.spawn_blocking(move || {
            if let Err(failure) = shared.finish(n, &part) {
                shared.give_up(n, Failed { failure, by: By::Here });
            }
            shared.finishing.add_permits(1);
        });
    }

    /// What a fault means: the end of this stream, or only of this document.
    fn after(&self, n: u32, fault: Fault) -> Option<Ended> {
        let name = self.take.documents.get(&n).map_or("-", |taken| taken.name.as_sent());
        match fault {
            Fault::Here(failure) => self.give_up(n, Failed { failure, by: By::Here }),
            Fault::Wire(WireFailure::Here(failure)) => self.give_up(n, Failed { failure, by: By::Here }),
            Fault::Wire(WireFailure::Refused(refusal)) => match refusal.known() {
                Some(Code::TakeExpired) => return Some(Ended::Expired),
                code if is_passing(code) => return Some(Ended::Cut(WireFailure::Refused(refusal))),
                Some(Code::Internal) if self.may_try(n) => {}
                _ => self.give_up(n, Failed { failure: trouble::of_one(&refusal, name), by: By::Gateway }),
            },
            Fault::Wire(error) if error.is_cut() => return Some(Ended::Cut(error)),
            // Not what was signed for, or not our protocol: once more, for a line may have done it.
            Fault::Wire(error) if self.may_try(n) => {
                tracing::warn!(n, %error, "a document is asked for again")
            }
            Fault::Wire(_) => {
                self.give_up(n, Failed { failure: failure::content_damaged(name), by: By::Here })
            }
        }
        None
    }

    fn may_try(&self, n: u32) -> bool {
        let mut tries = held(&self.tries);
        let tries = tries.entry(n).or_default();
        *tries += 1;
        *tries < TRIES_MAX
    }

    fn give_up(&self, n: u32, failed: Failed) {
        held(&self.machine).refused(DocumentNumber(n));
        held(&self.parts).remove(&n);
        held(&self.failed).insert(n, failed);
    }

    /// One document from where it is to its end; its part file is written then, not synced.
    async fn document(
        self: &Arc<Self>,
        connection: &Connection,
        stream: usize,
        fetch: &Fetch,
    ) -> Result<Arc<Part>, Fault> {
        let (shared, n, from) = (Arc::clone(self), fetch.n.0, fetch.from.0);
        let part = blocking(move || shared.part(n, from)).await.map_err(Fault::Here)?;
        let (mut asks, mut answers) = connection.open().await?;
        asks.send(fetch.clone()).await?;
        asks.finish();
        let mut work = Work::default();
        let received = self.receive(stream, &part, &mut answers, &mut work).await;
        // What was begun is waited for, whatever came after it.
        let written = work.end().await.map_err(|error| Fault::Here(landing::of_disk(&error)));
        received.and(written).map(|()| part)
    }

    async fn receive(
        self: &Arc<Self>,
        stream: usize,
        part: &Arc<Part>,
        answers: &mut Answers,
        work: &mut Work,
    ) -> Result<(), Fault> {
        loop {
            let due = held(&self.machine).due(stream);
            match due {
                Due::End => return Ok(()),
                Due::Head => {
                    let head: FetchHead = patient(answers.due()).await?;
                    held(&self.machine).head(stream, &head)?;
                }
                Due::Values => {
                    let values: FetchValues = patient(answers.due()).await?;
                    held(&self.machine).values(stream, &values)?;
                }
                Due::PieceHead => {
                    let head: PieceHead = patient(answers.due()).await?;
                    held(&self.machine).piece_head(stream, &head)?;
                }
                Due::PieceBytes(bytes) => {
                    let mut buffer = vec![0; bytes];
                    for run in buffer.chunks_mut(READ_BYTES) {
                        patient(answers.raw(run)).await?;
                    }
                    self.pulse.beat();
                    self.piece(stream, part, buffer, work).await?;
                }
            }
        }
    }

    /// Verifies a piece, then has it written while the next one comes.
    async fn piece(
        self: &Arc<Self>,
        stream: usize,
        part: &Arc<Part>,
        buffer: Vec<u8>,
        work: &mut Work,
    ) -> Result<(), Fault> {
        let (n, index, buffer) = if buffer.len() <= SMALL_BYTES {
            let (n, index) = held(&self.machine).piece(stream, &buffer)?;
            (n, index, buffer)
        } else {
            let shared = Arc::clone(self);
            let verified = spawn_blocking(move || {
                let place = held(&shared.machine).piece(stream, &buffer);
                place.map(|(n, index)| (n, index, buffer))
            });
            verified.await.map_err(|error| Fault::Here(failure::unexpected(error.to_string())))??
        };
        let disk = |error: DiskError| Fault::Here(landing::of_disk(&error));
        work.written().await.map_err(disk)?;
        if let Some(shown) = held(&part.shown).as_ref() {
            shown.advance(buffer.len() as u64);
        }
        if part.unsynced.load(Ordering::Relaxed) >= BATCH_BYTES {
            work.synced().await.map_err(disk)?;
            let (shared, part) = (Arc::clone(self), Arc::clone(part));
            work.syncing = Some(spawn_blocking(move || shared.sync(n.0, &part)));
        }
        let part = Arc::clone(part);
        work.writing = Some(spawn_blocking(move || part.write(index, &buffer)));
        Ok(())
    }
}

/// A message is awaited for so long and no longer.
async fn patient<T>(message: impl Future<Output = Result<T, WireFailure>>) -> Result<T, WireFailure> {
    tokio::time::timeout(ANSWER_PATIENCE, message).await.unwrap_or(Err(WireFailure::Silent))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Told<T> + Send + 'static) -> Told<T> {
    spawn_blocking(work).await.map_err(|error| failure::unexpected(error.to_string()))?
}
