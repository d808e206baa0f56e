//! Pieces on several streams at once: read ahead from the files, written as fast as the line takes them,
//! acknowledgements read beside it. Which piece goes where is `protocol`'s machine; this only moves bytes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use model::SubmissionId;
use protocol::field::DocumentNumber;
use protocol::message::{Done, PieceAck, Pieces, Withdraw};
use protocol::upload::{Outgoing, Piece, Stage};
use protocol::{Lease, List, Message, WireError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::source::{Opened, Source};
use crate::connection::{Connection, SILENCE_SENDING};
use crate::hash::HashError;
use crate::link::Pulse;
use crate::wire::{Answers, Asks, WireFailure, beside};

/// Streams that carry pieces; more do not help on any line that was measured.
pub const STREAMS: usize = 4;
/// Pieces of one stream that are read before they can be written.
const READ_AHEAD: usize = 2;
/// With pieces under way, nothing may be acknowledged for so long before the line counts as dead.
const ACK_PATIENCE: Duration = Duration::from_secs(120);

/// What all streams of one submission share.
pub struct Shared {
    submission: SubmissionId,
    sources: BTreeMap<u32, Source>,
    machine: Mutex<Outgoing>,
    /// Documents that turned out not to be what was hashed, not yet told to people.
    spoilt: Mutex<Vec<(u32, HashError)>>,
    changes: watch::Sender<()>,
    pulse: Pulse,
    /// Told of every piece that became durable.
    acknowledged: Box<dyn Fn(Piece, Whole) + Send + Sync>,
}

/// Whether a piece was the last of its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// All of its document is durable now.
    Yes,
    /// More is to come.
    NotYet,
}

impl Shared {
    /// For a submission whose machine and sources are these.
    pub fn new(
        submission: SubmissionId,
        machine: Outgoing,
        sources: BTreeMap<u32, Source>,
        pulse: Pulse,
        acknowledged: Box<dyn Fn(Piece, Whole) + Send + Sync>,
    ) -> Arc<Self> {
        let (changes, _) = watch::channel(());
        let machine = Mutex::new(machine);
        Arc::new(Self {
            submission,
            sources,
            machine,
            spoilt: Mutex::default(),
            changes,
            pulse,
            acknowledged,
        })
    }

    /// The machine. Never held across a wait.
    pub fn machine(&self) -> MutexGuard<'_, Outgoing> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The documents that were withdrawn because of their files, since the last time.
    pub fn take_spoilt(&self) -> Vec<(u32, HashError)> {
        std::mem::take(&mut *self.spoilt.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where a document comes from.
    pub fn source(&self, n: u32) -> Option<&Source> {
        self.sources.get(&n)
    }

    fn changed(&self) {
        self.changes.send_replace(());
    }

    fn spoil(&self, n: u32, error: HashError) {
        self.machine().withdraw(DocumentNumber(n));
        let mut spoilt = self.spoilt.lock().unwrap_or_else(PoisonError::into_inner);
        // Several streams may have been at it.
        if spoilt.iter().all(|(known, _)| *known != n) {
            spoilt.push((n, error));
        }
        drop(spoilt);
        self.changed();
    }

    fn acked(&self, ack: &PieceAck) -> Result<(), WireError> {
        let whole = {
            let mut machine = self.machine();
            machine.acked(ack)?;
            if machine.is_durable(ack.n) { Whole::Yes } else { Whole::NotYet }
        };
        self.pulse.beat();
        let length = self.sources.get(&ack.n.0).map_or(0, |source| source.fingerprint.length);
        let bytes = model::piece::bytes(length, ack.index).unwrap_or(0);
        (self.acknowledged)(Piece { n: ack.n, index: ack.index, bytes }, whole);
        self.changed();
        Ok(())
    }
}

/// Sends pieces and tells withdrawals until every document that is left is durable, or none is left.
///
/// # Errors
/// What the line or the gateway came to; the machine knows what is still to be sent after the next open.
pub async fn pump(shared: &Arc<Shared>, connection: &Connection, lease: Lease) -> Result<(), WireFailure> {
    let mut changes = shared.changes.subscribe();
    let mut silence = Silence::new(connection);
    let mut streams = JoinSet::new();
    for at in 0..stream_count(shared) {
        streams.spawn(stream(Arc::clone(shared), connection.clone(), lease, at));
    }
    loop {
        changes.mark_unchanged();
        tell_withdrawals(shared, connection, lease).await?;
        if shared.machine().stage() != Stage::Sending && streams.is_empty() {
            return Ok(());
        }
        tokio::select! {
            joined = streams.join_next(), if !streams.is_empty() => match joined {
                Some(Ok(Err(error))) => return Err(error),
                Some(Err(_)) => return Err(WireFailure::Here(console::failure::unexpected("a stream's task died"))),
                Some(Ok(Ok(()))) | None => {}
            },
            _ = changes.changed() => {}
            () = silence.tick() => {
                if shared.machine().progress().bytes_in_flight > 0 && silence.is_long(shared, connection) {
                    return Err(WireFailure::Silent);
                }
            }
        }
    }
}

/// Whether the other side is heard, and whether it acknowledges.
struct Silence {
    ticks: tokio::time::Interval,
    heard: u64,
    /// Ticks without a datagram.
    quiet: u32,
}

impl Silence {
    fn new(connection: &Connection) -> Self {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self { ticks, heard: connection.heard(), quiet: 0 }
    }

    async fn tick(&mut self) {
        self.ticks.tick().await;
    }

    fn is_long(&mut self, shared: &Shared, connection: &Connection) -> bool {
        let heard = connection.heard();
        self.quiet =
            if std::mem::replace(&mut self.heard, heard) == heard { self.quiet.saturating_add(1) } else { 0 };
        u64::from(self.quiet) > SILENCE_SENDING.as_secs() || shared.pulse.since() > ACK_PATIENCE
    }
}

/// As many streams as there is work for.
fn stream_count(shared: &Shared) -> usize {
    let progress = shared.machine().progress();
    let left = progress.bytes_total.saturating_sub(progress.bytes_durable);
    let documents = progress.documents_total.saturating_sub(progress.documents_durable);
    match (documents, left) {
        (0, _) => 0,
        // One is enough for a piece or two, and saves the others' beginnings.
        (documents, left) => {
            let pieces = usize::try_from(left >> 20).unwrap_or(usize::MAX).max(documents / 8);
            pieces.clamp(1, STREAMS)
        }
    }
}

/// The gateway forgets what was withdrawn before anything is closed.
async fn tell_withdrawals(shared: &Shared, connection: &Connection, lease: Lease) -> Result<(), WireFailure> {
    let untold = shared.machine().withdrawals();
    if untold.is_empty() || shared.machine().stage() == Stage::Empty {
        return Ok(());
    }
    let (mut asks, mut answers) = connection.open().await?;
    asks.send(Withdraw { submission: shared.submission, lease, documents: List::new(untold.clone())? })
        .await?;
    asks.finish();
    let Done {} =
        tokio::time::timeout(ACK_PATIENCE, answers.due()).await.unwrap_or(Err(WireFailure::Silent))?;
    shared.machine().withdrawals_told(&untold);
    shared.changed();
    Ok(())
}

async fn stream(
    shared: Arc<Shared>,
    connection: Connection,
    lease: Lease,
    at: usize,
) -> Result<(), WireFailure> {
    let (asks, answers) = connection.open().await?;
    let (ahead, behind) = mpsc::channel(READ_AHEAD);
    let submission = shared.submission;
    let reading = read(&shared, at, ahead);
    let writing = write(asks, Pieces { submission, lease }, behind);
    let acking = acknowledge(&shared, answers);
    tokio::try_join!(reading, beside(writing, acking)).map(|_| ())
}

/// Reads the pieces that the machine gives this stream, ahead of the writing.
async fn read(
    shared: &Arc<Shared>,
    at: usize,
    ahead: mpsc::Sender<(Piece, Bytes)>,
) -> Result<(), WireFailure> {
    let mut changes = shared.changes.subscribe();
    let mut open: Option<Opened> = None;
    loop {
        changes.mark_unchanged();
        let next = {
            let mut machine = shared.machine();
            match machine.next(at) {
                Some(piece) => Next::Piece(piece),
                None if machine.stage() == Stage::Sending => Next::Wait,
                None => Next::End,
            }
        };
        match next {
            Next::End => return Ok(()),
            Next::Wait => {
                // The sender lives as long as what is shared.
                let _ = changes.changed().await;
            }
            Next::Piece(piece) => {
                let held = open.take().filter(|open| open.n() == piece.n.0);
                let Some(source) = shared.source(piece.n.0).cloned() else { return Ok(()) };
                let read = tokio::task::spawn_blocking(move || {
                    let opened = held.map_or_else(|| source.open(), Ok)?;
                    let bytes = opened.piece(piece.index)?;
                    Ok((opened, bytes))
                });
                match read.await {
                    Ok(Ok((opened, bytes))) => {
                        open = Some(opened);
                        if ahead.send((piece, Bytes::from(bytes))).await.is_err() {
                            return Ok(());
                        }
                    }
                    Ok(Err(error)) => shared.spoil(piece.n.0, error),
                    Err(_) => {
                        return Err(WireFailure::Here(console::failure::unexpected("a reading task died")));
                    }
                }
            }
        }
    }
}

enum Next {
    Piece(Piece),
    Wait,
    End,
}

async fn write(
    mut asks: Asks,
    head: Pieces,
    mut behind: mpsc::Receiver<(Piece, Bytes)>,
) -> Result<(), WireFailure> {
    asks.send(head).await?;
    while let Some((piece, bytes)) = behind.recv().await {
        asks.send_raw(piece.head()?, bytes).await?;
    }
    asks.finish();
    Ok(())
}

async fn acknowledge(shared: &Shared, mut answers: Answers) -> Result<(), WireFailure> {
    while let Some(message) = answers.message_or_end().await? {
        match message {
            Message::PieceAck(ack) => shared.acked(&ack)?,
            Message::Refusal(refusal) => return Err(WireFailure::Refused(refusal)),
            other => return Err(WireError::Unexpected { wanted: "piece-ack", got: other.name() }.into()),
        }
    }
    Ok(())
}
