//! Goal: the two halves of an upload keep U1 to U6 (`upload`) whatever happens between them. Method: a simulated line
//! (pieces and acknowledgements under way on several streams), a disk, and a small reference that knows only which
//! pieces ever became durable; random steps of sending, writing, losing, cutting, crashing on either side,
//! duplicating, withdrawing and closing; then calm, in which the submission must be accepted.
//! Control: a gateway that acknowledges before the disk has the piece is caught by the same checks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use counterfoil_protocol as protocol;
use model::{PieceIndex, SubmissionId, Timestamp, piece};
use proptest::prelude::*;
use protocol::field::DocumentNumber;
use protocol::message::{PieceAck, PieceHead};
use protocol::record::{Has, Held, OpenAnswer};
use protocol::upload::{After, Begin, Closed, Fenced, Incoming, Outgoing, Permit, Stage, Window};
use protocol::{Code, Lease, Runs, codec::Map};

type Place = (DocumentNumber, PieceIndex);

const STREAMS: usize = 3;
const WINDOW: Window = Window { bytes_max: 4 << 20, pieces_max: 4 };

#[derive(Debug, Clone, Copy)]
enum Act {
    AckArrives,
    CloseAsked,
    Committed,
    CompanionCrashes,
    Cut,
    GatewayCrashes,
    HeldGone,
    Opened,
    PieceArrives(usize),
    PieceComesTwice(usize),
    PieceSent(usize),
    StalePieceArrives,
    Withdrawn(usize),
    WriteEnds(usize),
    WriteFails(usize),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => (0..STREAMS).prop_map(Act::PieceSent),
        12 => (0..STREAMS).prop_map(Act::PieceArrives),
        10 => (0usize..4).prop_map(Act::WriteEnds),
        10 => Just(Act::AckArrives),
        4 => Just(Act::Opened),
        2 => Just(Act::Cut),
        2 => Just(Act::CloseAsked),
        2 => Just(Act::Committed),
        1 => Just(Act::GatewayCrashes),
        1 => Just(Act::CompanionCrashes),
        1 => (0usize..4).prop_map(Act::WriteFails),
        1 => (0..STREAMS).prop_map(Act::PieceComesTwice),
        2 => Just(Act::StalePieceArrives),
        1 => (0usize..5).prop_map(Act::Withdrawn),
        1 => Just(Act::HeldGone),
    ]
}

/// Whether the gateway of this run keeps U1.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Gateway {
    Eager,
    True,
}

/// What outlives every crash at the gateway.
#[derive(Debug, Default)]
struct Disk {
    durable: BTreeSet<Place>,
    withdrawn: BTreeSet<DocumentNumber>,
    held: BTreeSet<DocumentNumber>,
    receipt: Option<Vec<DocumentNumber>>,
}

struct World {
    kind: Gateway,
    lengths: BTreeMap<DocumentNumber, u64>,
    // The companion: its plan survives, its machine does not.
    plan_withdrawn: BTreeSet<DocumentNumber>,
    outgoing: Outgoing,
    sent_since_open: BTreeMap<DocumentNumber, PieceIndex>,
    /// What was in flight when the line was last cut, or the companion crashed; and what was ever sent.
    in_flight_at_cut: BTreeSet<Place>,
    sent_ever: BTreeSet<Place>,
    in_flight: BTreeSet<Place>,
    received_receipt: Option<Vec<DocumentNumber>>,
    // The line.
    pieces: [VecDeque<(Lease, PieceHead)>; STREAMS],
    acks: VecDeque<PieceAck>,
    stale: Vec<(Lease, PieceHead)>,
    /// Counts connections: what is written for an older one is acknowledged into the void.
    connection: u64,
    // The gateway.
    disk: Disk,
    incoming: Incoming,
    writes: Vec<(Permit, u64)>,
    leases: u64,
    /// The newest lease that was taken: none is while a close waits.
    newest: u64,
    closing: Option<Vec<DocumentNumber>>,
}

impl World {
    fn new(lengths: &[u64], held: usize, kind: Gateway) -> Self {
        let lengths: BTreeMap<_, _> =
            (1..).map(|n| DocumentNumber(n * 2)).zip(lengths.iter().copied()).collect();
        let disk = Disk { held: lengths.keys().copied().take(held).collect(), ..Disk::default() };
        Self {
            kind,
            plan_withdrawn: BTreeSet::new(),
            outgoing: outgoing(&lengths, &BTreeSet::new()),
            sent_since_open: BTreeMap::new(),
            in_flight_at_cut: BTreeSet::new(),
            sent_ever: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            received_receipt: None,
            pieces: Default::default(),
            acks: VecDeque::new(),
            stale: Vec::new(),
            connection: 0,
            incoming: incoming(&lengths, &disk),
            disk,
            writes: Vec::new(),
            leases: 0,
            newest: 0,
            closing: None,
            lengths,
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::AckArrives => self.ack_arrives(),
            Act::CloseAsked => self.close_asked(),
            Act::Committed => self.committed(),
            Act::CompanionCrashes => {
                self.line_is_lost();
                self.outgoing = outgoing(&self.lengths, &self.plan_withdrawn);
            }
            Act::Cut => self.cut(),
            Act::GatewayCrashes => self.gateway_crashes(),
            Act::HeldGone => self.held_gone(),
            Act::Opened => self.opened(),
            Act::PieceArrives(stream) => {
                if let Some((lease, head)) = self.pieces[stream].pop_front() {
                    self.piece_arrives(lease, head);
                }
            }
            Act::PieceComesTwice(stream) => {
                if let Some((lease, head)) = self.pieces[stream].pop_front() {
                    self.duplicate_arrives(lease, head);
                }
            }
            Act::PieceSent(stream) => self.piece_sent(stream),
            Act::StalePieceArrives => self.stale_piece_arrives(),
            Act::Withdrawn(at) => self.withdrawn(at),
            Act::WriteEnds(at) => self.write_ends(at),
            Act::WriteFails(at) => {
                if !self.writes.is_empty() {
                    let (permit, _) = self.writes.remove(at % self.writes.len());
                    self.incoming.failed(permit);
                    self.cut(); // a failed write ends its stream, and here the line with it
                }
            }
        }
    }

    fn piece_sent(&mut self, stream: usize) {
        let Some(piece) = self.outgoing.next(stream) else { return };
        let place = (piece.n, piece.index);
        assert_eq!(Some(piece.bytes), piece::bytes(self.lengths[&piece.n], piece.index));
        assert!(!self.disk.withdrawn.contains(&piece.n) && !self.plan_withdrawn.contains(&piece.n));
        // U4
        let last = self.sent_since_open.insert(piece.n, piece.index);
        assert!(last.is_none_or(|last| last < piece.index), "U4: sent out of order");
        // U5
        if self.sent_ever.contains(&place) {
            assert!(
                self.in_flight_at_cut.contains(&place),
                "U5: sent again what was not in flight at the cut"
            );
        }
        self.sent_ever.insert(place);
        assert!(self.in_flight.insert(place));
        assert!(self.in_flight.len() <= WINDOW.pieces_max, "more in flight than the window");
        let lease = self.outgoing.lease().unwrap();
        self.pieces[stream].push_back((lease, piece.head().unwrap()));
    }

    fn piece_arrives(&mut self, lease: Lease, head: PieceHead) {
        let place = (head.n, head.index);
        match self.incoming.begin(lease, &head) {
            Ok(Begin::Write(permit)) => {
                assert!(!self.disk.durable.contains(&place), "U3: written again");
                assert!(self.writes.iter().all(|(it, _)| (it.n(), it.index()) != place), "U3: two writers");
                if self.kind == Gateway::Eager {
                    self.acks.push_back(PieceAck { n: head.n, index: head.index });
                }
                self.writes.push((permit, self.connection));
            }
            Ok(Begin::Durable(ack)) => self.acks.push_back(ack),
            Ok(Begin::Discard) => assert!(self.disk.withdrawn.contains(&head.n)),
            Err(refusal) => {
                let code = refusal.known().unwrap();
                assert!(matches!(code, Code::LeaseLost | Code::Closing), "{code:?}");
                self.cut();
            }
        }
    }

    /// The line itself never doubles a piece; a faulty companion may.
    fn duplicate_arrives(&mut self, lease: Lease, head: PieceHead) {
        let twin = head.clone();
        self.piece_arrives(lease, head);
        match self.incoming.begin(lease, &twin) {
            Ok(Begin::Write(_)) => panic!("U3: two writers"),
            Ok(Begin::Durable(_) | Begin::Discard) => {}
            Err(refusal) => {
                assert!(matches!(refusal.known(), Some(Code::NotNow | Code::LeaseLost | Code::Closing)))
            }
        }
    }

    /// U2: what an older connection still had in its buffers.
    fn stale_piece_arrives(&mut self) {
        let Some((lease, head)) = self.stale.pop() else { return };
        if lease.0 < self.newest {
            let before = self.writes.len();
            let begun = self.incoming.begin(lease, &head);
            assert_eq!(begun.unwrap_err().known(), Some(Code::LeaseLost), "U2");
            assert_eq!(self.writes.len(), before);
        }
    }

    fn write_ends(&mut self, at: usize) {
        if self.writes.is_empty() {
            return;
        }
        let (permit, connection) = self.writes.remove(at % self.writes.len());
        let place = (permit.n(), permit.index());
        self.disk.durable.insert(place); // fdatasync has returned
        if let Some(ack) = self.incoming.durable(permit)
            && self.kind == Gateway::True
        {
            assert_eq!((ack.n, ack.index), place);
            if connection == self.connection {
                self.acks.push_back(ack);
            }
        }
    }

    fn ack_arrives(&mut self) {
        let Some(ack) = self.acks.pop_front() else { return };
        let place = (ack.n, ack.index);
        assert!(self.disk.durable.contains(&place), "U1: acknowledged before it was durable");
        self.outgoing.acked(&ack).unwrap();
        self.in_flight.remove(&place);
    }

    fn opened(&mut self) {
        if self.received_receipt.is_some() {
            return;
        }
        if self.outgoing.lease().is_some() {
            self.line_is_lost(); // a new connection: the old one's answers are not heard any more
        }
        self.leases += 1;
        match self.incoming.fence(Lease(self.leases)) {
            Fenced::Accepted => self.receipt_comes(),
            Fenced::Closing => self.outgoing.cut(),
            Fenced::Writing(writers) => {
                // U2: no answer while an older writer is at work; here the companion gives up and asks later.
                assert_eq!(writers, self.writes.len());
                self.newest = self.leases;
                self.outgoing.cut();
            }
            Fenced::Ready(answer) => {
                self.newest = self.leases;
                assert!(self.writes.is_empty(), "U2: an answer while an older writer is at work");
                self.answered(answer);
            }
        }
    }

    fn answered(&mut self, answer: OpenAnswer) {
        for row in answer.documents.iter() {
            match &row.has {
                Has::Pieces(runs) => {
                    let durable =
                        self.disk.durable.iter().filter(|(n, _)| *n == row.n).map(|(_, index)| *index);
                    assert_eq!(
                        runs.iter().collect::<Vec<_>>(),
                        durable.collect::<Vec<_>>(),
                        "not what the disk has"
                    );
                }
                Has::Held(_) => assert!(self.disk.held.contains(&row.n)),
                Has::Withdrawn => assert!(self.disk.withdrawn.contains(&row.n)),
            }
        }
        let answer = OpenAnswer::from_bytes(&answer.to_bytes()).unwrap();
        self.outgoing.opened(&answer).unwrap();
        self.sent_since_open.clear();
        self.tell_withdrawals();
    }

    fn tell_withdrawals(&mut self) {
        let due = self.outgoing.withdrawals();
        let Some(lease) = self.outgoing.lease() else { return };
        if due.is_empty() {
            return;
        }
        match self.incoming.withdraw(lease, &due) {
            Ok(newly) => {
                self.disk.withdrawn.extend(newly);
                self.outgoing.withdrawals_told(&due);
            }
            Err(refusal) => {
                assert!(matches!(refusal.known(), Some(Code::LeaseLost | Code::Closing)));
                self.cut();
            }
        }
    }

    fn withdrawn(&mut self, at: usize) {
        let Some(n) = self.lengths.keys().nth(at).copied() else { return };
        // One always stays, or nothing would be left to accept.
        if self.plan_withdrawn.len() + 1 >= self.lengths.len() || self.received_receipt.is_some() {
            return;
        }
        self.plan_withdrawn.insert(n);
        self.outgoing.withdraw(n);
        self.in_flight.retain(|(of, _)| *of != n);
        self.tell_withdrawals();
    }

    fn close_asked(&mut self) {
        if self.outgoing.stage() != Stage::ReadyToClose {
            return;
        }
        let lease = self.outgoing.lease().unwrap();
        match self.incoming.close(lease) {
            Ok(Closed::Accepted) => self.receipt_comes(),
            Ok(Closed::Closing(documents)) => {
                for n in &documents {
                    assert!(!self.disk.withdrawn.contains(n));
                    let whole = (0..piece::count(self.lengths[n]))
                        .all(|index| self.disk.durable.contains(&(*n, PieceIndex(index))));
                    assert!(whole || self.disk.held.contains(n), "U6: closed with a piece missing");
                }
                let listed: Vec<_> = self.outgoing.remaining().map(|(n, _)| n).collect();
                assert_eq!(documents, listed, "both halves close over the same documents");
                self.closing = Some(documents);
            }
            Err(refusal) => match refusal.known().unwrap() {
                Code::Closing => {}
                Code::LeaseLost => self.cut(),
                other => panic!("{other:?}"),
            },
        }
    }

    fn committed(&mut self) {
        let Some(documents) = self.closing.take() else { return };
        assert!(self.disk.receipt.is_none(), "accepted twice");
        self.disk.receipt = Some(documents);
        self.incoming.accepted(); // the reply may or may not come: the next open asks again
    }

    fn held_gone(&mut self) {
        if self.closing.take().is_some() {
            let gone: Vec<_> = self.disk.held.iter().copied().collect();
            self.disk.held.clear();
            self.incoming.reopened(&gone);
            let refusal = protocol::Refusal::new(Code::HeldGone).with_documents(gone);
            assert_eq!(After::refusal(&refusal), After::Reopen);
            self.cut();
        }
    }

    fn receipt_comes(&mut self) {
        self.received_receipt = self.disk.receipt.clone();
        assert!(self.received_receipt.is_some(), "a receipt that the disk does not have");
    }

    fn cut(&mut self) {
        self.line_is_lost();
        self.outgoing.cut();
    }

    fn line_is_lost(&mut self) {
        // Of what was in flight a part may still lie in an old connection's buffers.
        self.stale.extend(self.pieces.iter_mut().flat_map(|pieces| pieces.drain(..)));
        self.acks.clear();
        self.connection += 1;
        self.in_flight_at_cut.append(&mut self.in_flight);
    }

    fn gateway_crashes(&mut self) {
        self.cut();
        for (permit, _) in self.writes.drain(..) {
            self.incoming.failed(permit);
        }
        self.closing = None;
        self.incoming = incoming(&self.lengths, &self.disk);
        if self.disk.receipt.is_some() {
            self.incoming.accepted();
        }
    }

    /// Nothing fails any more: it must end, and soon.
    fn calm(&mut self) {
        let pieces: u32 = self.lengths.values().map(|length| piece::count(*length)).sum();
        for _ in 0..200 + 20 * pieces {
            if self.received_receipt.is_some() {
                return;
            }
            if self.outgoing.stage() == Stage::NotOpen {
                (0..self.writes.len()).for_each(|_| self.write_ends(0));
                self.opened();
            }
            self.tell_withdrawals();
            for stream in 0..STREAMS {
                self.piece_sent(stream);
                self.act(Act::PieceArrives(stream));
            }
            self.write_ends(0);
            self.ack_arrives();
            self.close_asked();
            self.committed();
            if self.disk.receipt.is_some() {
                self.opened();
            }
        }
        panic!("no receipt, at {:?}, {:?}", self.outgoing.stage(), self.outgoing.progress());
    }
}

fn outgoing(lengths: &BTreeMap<DocumentNumber, u64>, withdrawn: &BTreeSet<DocumentNumber>) -> Outgoing {
    let mut outgoing = Outgoing::new(lengths.iter().map(|(n, length)| (*n, *length)), STREAMS, WINDOW);
    withdrawn.iter().for_each(|n| outgoing.withdraw(*n));
    outgoing
}

/// As the gateway makes it: from the disk alone.
fn incoming(lengths: &BTreeMap<DocumentNumber, u64>, disk: &Disk) -> Incoming {
    let original = Held {
        submission: SubmissionId::from_bytes([9; 16]),
        n: DocumentNumber(1),
        at: Timestamp::from_unix_ms(1),
    };
    Incoming::new(lengths.iter().map(|(n, length)| {
        let runs: Runs = disk.durable.iter().filter(|(of, _)| of == n).map(|(_, index)| *index).collect();
        let has = match () {
            () if disk.withdrawn.contains(n) => Has::Withdrawn,
            () if disk.held.contains(n) => Has::Held(original.clone()),
            () => Has::Pieces(runs),
        };
        (*n, *length, has)
    }))
}

fn any_lengths() -> impl Strategy<Value = Vec<u64>> {
    let length = prop_oneof![Just(0u64), 1u64..100, (0u64..6 << 20), Just(3u64 << 20)];
    proptest::collection::vec(length, 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn whatever_happens_every_submission_ends_in_one_receipt(
        lengths in any_lengths(),
        held in 0usize..3,
        acts in proptest::collection::vec(any_act(), 0..220),
    ) {
        let mut world = World::new(&lengths, held, Gateway::True);
        world.opened();
        acts.into_iter().for_each(|act| world.act(act));
        world.calm();
        prop_assert_eq!(&world.received_receipt, &world.disk.receipt);
        // The same question, the same answer, for ever.
        for _ in 0..2 {
            world.gateway_crashes();
            prop_assert_eq!(world.incoming.fence(Lease(u64::MAX)), Fenced::Accepted);
        }
    }
}

#[test]
fn a_gateway_that_acknowledges_too_early_is_caught() {
    let caught = std::panic::catch_unwind(|| {
        let mut world = World::new(&[5 << 20], 0, Gateway::Eager);
        for act in [Act::Opened, Act::PieceSent(0), Act::PieceArrives(0), Act::AckArrives] {
            world.act(act);
        }
    });
    assert!(caught.unwrap_err().downcast_ref::<&str>().is_some_and(|why| why.starts_with("U1")));
}

#[test]
fn what_was_durable_but_not_acknowledged_is_not_sent_again() {
    let mut world = World::new(&[4 << 20], 0, Gateway::True);
    world.opened();
    (0..4).for_each(|_| world.act(Act::PieceSent(0)));
    (0..3).for_each(|_| world.act(Act::PieceArrives(0)));
    world.act(Act::WriteEnds(0));
    world.act(Act::WriteEnds(0));
    world.act(Act::GatewayCrashes); // two durable, one written and lost, one on the line: none acknowledged
    world.calm();
    assert_eq!(world.outgoing.progress().bytes_sent_again, 2 << 20);
}
