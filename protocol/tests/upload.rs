//! Goal: the upload machines' own answers, case by case: order over streams, window, progress, refusals.

use counterfoil_protocol as protocol;
use model::{PieceIndex, SubmissionId, Timestamp};
use protocol::field::{DocumentNumber, PieceBytes};
use protocol::message::{PieceAck, PieceHead};
use protocol::record::{DocumentAnswer, Has, Held, OpenAnswer};
use protocol::upload::{After, Begin, Closed, Fenced, Incoming, Outgoing, Piece, Stage, Window};
use protocol::{Code, Lease, List, Refusal, Runs};

const MIB: u64 = 1 << 20;
const WIDE: Window = Window { bytes_max: 1 << 40, pieces_max: 1000 };

fn n(number: u32) -> DocumentNumber {
    DocumentNumber(number)
}

fn answer(rows: Vec<(u32, Has)>) -> OpenAnswer {
    let rows = rows.into_iter().map(|(number, has)| DocumentAnswer { n: n(number), has }).collect();
    OpenAnswer { lease: Lease(5), documents: List::new(rows).unwrap() }
}

fn nothing() -> Has {
    Has::Pieces(Runs::none())
}

fn held() -> Has {
    Has::Held(Held { submission: SubmissionId::from_bytes([9; 16]), n: n(4), at: Timestamp::from_unix_ms(1) })
}

fn outgoing(lengths: &[u64], streams: usize, window: Window) -> Outgoing {
    let mut outgoing = Outgoing::new((1..).map(n).zip(lengths.iter().copied()), streams, window);
    let rows = (1..=lengths.len() as u32).map(|number| (number, nothing())).collect();
    outgoing.opened(&answer(rows)).unwrap();
    outgoing
}

fn place(piece: Option<Piece>) -> Option<(u32, u32)> {
    piece.map(|piece| (piece.n.0, piece.index.0))
}

fn head(number: u32, index: u32, bytes: u64) -> PieceHead {
    PieceHead { n: n(number), index: PieceIndex(index), bytes: PieceBytes::new(bytes as usize).unwrap() }
}

fn ack(number: u32, index: u32) -> PieceAck {
    PieceAck { n: n(number), index: PieceIndex(index) }
}

#[test]
fn a_stream_stays_at_its_document_then_takes_a_free_one_then_helps() {
    let mut outgoing = outgoing(&[2 * MIB, 4 * MIB, 10], 2, WIDE);
    let order = [(0, 1, 0), (1, 2, 0), (0, 1, 1), (0, 3, 0), (0, 2, 1), (1, 2, 2), (0, 2, 3)];
    for (stream, number, index) in order {
        assert_eq!(place(outgoing.next(stream)), Some((number, index)));
    }
    assert_eq!(outgoing.next(0), None);
    assert_eq!(outgoing.next(1), None);
    assert_eq!(outgoing.next(2), None, "there is no such stream");
}

#[test]
fn the_window_holds_back_and_one_piece_may_always_go() {
    let mut full = outgoing(&[3 * MIB], 1, Window { bytes_max: 2 * MIB, pieces_max: 10 });
    assert_eq!(place(full.next(0)), Some((1, 0)));
    assert_eq!(place(full.next(0)), Some((1, 1)));
    assert_eq!(full.next(0), None);
    full.acked(&ack(1, 0)).unwrap();
    assert_eq!(place(full.next(0)), Some((1, 2)));

    let mut tiny = outgoing(&[3 * MIB], 1, Window { bytes_max: 1, pieces_max: 1 });
    assert_eq!(place(tiny.next(0)), Some((1, 0)));
    assert_eq!(tiny.next(0), None);
}

#[test]
fn only_what_is_missing_is_sent_and_progress_counts_it() {
    let mut outgoing = Outgoing::new([(n(1), 3 * MIB + 7), (n(2), 10), (n(3), 0)], 1, WIDE);
    assert_eq!(outgoing.stage(), Stage::NotOpen);
    assert_eq!(outgoing.next(0), None);
    let some = [PieceIndex(0), PieceIndex(2), PieceIndex(3)].into_iter().collect();
    outgoing.opened(&answer(vec![(1, Has::Pieces(some)), (2, held()), (3, nothing())])).unwrap();
    let progress = outgoing.progress();
    assert_eq!((progress.bytes_total, progress.bytes_durable), (3 * MIB + 7, 2 * MIB + 7));
    assert_eq!((progress.documents_total, progress.documents_held), (2, 1));
    assert_eq!(place(outgoing.next(0)), Some((1, 1)));
    let empty = outgoing.next(0).unwrap();
    assert_eq!((empty.n, empty.bytes), (n(3), 0), "an empty document has one empty piece");
    assert_eq!(outgoing.next(0), None);
    outgoing.acked(&ack(1, 1)).unwrap();
    assert_eq!(outgoing.stage(), Stage::Sending);
    outgoing.acked(&ack(3, 0)).unwrap();
    assert_eq!(outgoing.stage(), Stage::ReadyToClose);
    assert!(outgoing.is_durable(n(1)) && !outgoing.is_durable(n(2)));
    let listed: Vec<_> = outgoing.remaining().map(|(number, held)| (number.0, held.is_some())).collect();
    assert_eq!(listed, [(1, false), (2, true), (3, false)]);
}

#[test]
fn what_another_answer_says_is_held_or_withdrawn_is_not_sent_any_more() {
    let mut outgoing = outgoing(&[3 * MIB, 3 * MIB, MIB], 1, WIDE);
    assert_eq!(place(outgoing.next(0)), Some((1, 0)));
    outgoing.opened(&answer(vec![(1, held()), (2, Has::Withdrawn), (3, nothing())])).unwrap();
    assert_eq!(place(outgoing.next(0)), Some((3, 0)));
    assert_eq!(outgoing.next(0), None);
}

#[test]
fn an_answer_or_an_acknowledgement_that_does_not_fit_changes_nothing() {
    let mut outgoing = outgoing(&[MIB, MIB], 1, WIDE);
    assert_eq!(place(outgoing.next(0)), Some((1, 0)));
    assert!(outgoing.acked(&ack(1, 1)).is_err());
    assert!(outgoing.acked(&ack(2, 0)).is_err());
    assert!(outgoing.acked(&ack(9, 0)).is_err());
    for rows in [
        vec![(1, nothing())],
        vec![(2, nothing()), (1, nothing())],
        vec![(1, nothing()), (3, nothing())],
        vec![(1, Has::Pieces(Runs::all(2))), (2, nothing())],
    ] {
        assert!(outgoing.opened(&answer(rows)).is_err());
    }
    assert_eq!(outgoing.acked(&ack(1, 0)), Ok(()));
    assert!(outgoing.acked(&ack(1, 0)).is_err(), "one acknowledgement a piece");
}

#[test]
fn a_withdrawal_is_told_until_it_is_heard() {
    let mut outgoing = outgoing(&[2 * MIB, MIB], 1, WIDE);
    assert_eq!(place(outgoing.next(0)), Some((1, 0)));
    outgoing.withdraw(n(1));
    outgoing.withdraw(n(1));
    assert_eq!(outgoing.withdrawals(), [n(1)]);
    assert_eq!(outgoing.acked(&ack(1, 0)), Ok(()), "a late acknowledgement is passed over");
    assert_eq!(outgoing.progress().bytes_in_flight, 0);
    assert_eq!(place(outgoing.next(0)), Some((2, 0)));
    outgoing.acked(&ack(2, 0)).unwrap();
    assert_eq!(outgoing.stage(), Stage::Sending);
    // The gateway did not hear it; after another open it is told again.
    outgoing.opened(&answer(vec![(1, nothing()), (2, Has::Pieces(Runs::all(1)))])).unwrap();
    assert_eq!(outgoing.withdrawals(), [n(1)]);
    outgoing.withdrawals_told(&[n(1), n(2)]);
    assert_eq!(outgoing.stage(), Stage::ReadyToClose);
    outgoing.withdraw(n(2));
    assert_eq!(outgoing.stage(), Stage::Empty);
}

#[test]
fn every_refusal_leads_somewhere() {
    let refusal = |code| Refusal::new(code);
    let named = refusal(Code::DigestsDiffer).with_documents([n(3)]);
    assert_eq!(After::refusal(&named), After::HashAgain(vec![n(3)]));
    for code in [Code::LeaseLost, Code::HeldGone, Code::NotComplete, Code::TooSlow] {
        assert_eq!(After::refusal(&refusal(code)), After::Reopen);
    }
    assert_eq!(After::refusal(&refusal(Code::Busy)), After::Pause(1_000));
    assert_eq!(After::refusal(&refusal(Code::TooFast).after_ms(5_000)), After::Pause(5_000));
    for code in [Code::Absent, Code::Malformed, Code::TooLarge, Code::Revoked, Code::DigestsDiffer] {
        assert_eq!(After::refusal(&refusal(code)), After::Stop);
    }
    let later = Refusal { code: 999, retryable: true, ..Refusal::absent() };
    assert_eq!(After::refusal(&later), After::Pause(1_000));
}

fn incoming() -> (Incoming, Lease) {
    let documents = [(n(1), MIB + 1, nothing()), (n(2), 0, held()), (n(3), 7, Has::Withdrawn)];
    let mut incoming = Incoming::new(documents);
    assert!(matches!(incoming.fence(Lease(1)), Fenced::Ready(_)));
    (incoming, Lease(1))
}

#[test]
fn every_piece_that_does_not_fit_is_refused_by_its_code() {
    let (mut incoming, lease) = incoming();
    let mut code = |lease, head: &PieceHead| incoming.begin(lease, head).unwrap_err().known().unwrap();
    assert_eq!(code(Lease(2), &head(1, 0, MIB)), Code::LeaseLost);
    assert_eq!(code(lease, &head(9, 0, MIB)), Code::PieceBad);
    assert_eq!(code(lease, &head(1, 2, 1)), Code::PieceBad);
    assert_eq!(code(lease, &head(1, 1, 2)), Code::PieceBad);
    assert_eq!(code(lease, &head(2, 0, 0)), Code::NotNow);
    assert_eq!(incoming.begin(lease, &head(3, 0, 7)), Ok(Begin::Discard));
}

#[test]
fn a_fenced_writer_is_awaited_and_its_piece_kept_without_an_acknowledgement() {
    let (mut incoming, old) = incoming();
    let Ok(Begin::Write(permit)) = incoming.begin(old, &head(1, 0, MIB)) else { panic!() };
    assert!(incoming.is_being_written(n(1)) && !incoming.is_being_written(n(2)));
    assert_eq!(incoming.fence(Lease(2)), Fenced::Writing(1));
    assert_eq!(incoming.begin(old, &head(1, 1, 1)).unwrap_err().known(), Some(Code::LeaseLost));
    assert_eq!(incoming.durable(permit), None);
    let Fenced::Ready(answer) = incoming.fence(Lease(2)) else { panic!() };
    assert_eq!(answer.documents[0].has, Has::Pieces(Runs::all(1)));
    assert_eq!(incoming.front(n(1)), 1);
    assert_eq!(incoming.begin(Lease(2), &head(1, 0, MIB)), Ok(Begin::Durable(ack(1, 0))));
}

#[test]
fn a_failed_write_can_be_tried_again() {
    let (mut incoming, lease) = incoming();
    let Ok(Begin::Write(permit)) = incoming.begin(lease, &head(1, 1, 1)) else { panic!() };
    incoming.failed(permit);
    assert_eq!(incoming.front(n(1)), 0);
    assert!(matches!(incoming.begin(lease, &head(1, 1, 1)), Ok(Begin::Write(_))));
}

fn write(incoming: &mut Incoming, lease: Lease, head: PieceHead) {
    let Ok(Begin::Write(permit)) = incoming.begin(lease, &head) else { panic!() };
    assert!(incoming.durable(permit).is_some());
}

#[test]
fn nothing_changes_while_a_close_waits() {
    let (mut incoming, lease) = incoming();
    write(&mut incoming, lease, head(1, 1, 1));
    let refusal = incoming.close(lease).unwrap_err();
    assert_eq!((refusal.known(), refusal.documents()), (Some(Code::NotComplete), &[n(1)][..]));
    write(&mut incoming, lease, head(1, 0, MIB));
    assert_eq!(incoming.close(Lease(8)).unwrap_err().known(), Some(Code::LeaseLost));
    assert_eq!(incoming.close(lease), Ok(Closed::Closing(vec![n(1), n(2)])));
    assert_eq!(incoming.fence(Lease(2)), Fenced::Closing);
    assert_eq!(incoming.close(lease).unwrap_err().known(), Some(Code::Closing));
    assert_eq!(incoming.withdraw(lease, &[n(1)]).unwrap_err().known(), Some(Code::Closing));
    assert_eq!(incoming.begin(lease, &head(1, 0, MIB)).unwrap_err().known(), Some(Code::Closing));
    // The original is gone: the document must be sent, under the same lease or a new one.
    incoming.reopened(&[n(2)]);
    assert_eq!(incoming.has(n(2)), Some(&nothing()));
    write(&mut incoming, lease, head(2, 0, 0));
    assert_eq!(incoming.close(lease), Ok(Closed::Closing(vec![n(1), n(2)])));
    incoming.accepted();
    assert_eq!(incoming.close(Lease(9)), Ok(Closed::Accepted));
    assert_eq!(incoming.fence(Lease(9)), Fenced::Accepted);
    assert_eq!(incoming.begin(lease, &head(1, 0, MIB)).unwrap_err().known(), Some(Code::LeaseLost));
}

#[test]
fn withdrawals_are_all_or_none_and_an_empty_submission_is_not_closed() {
    let (mut incoming, lease) = incoming();
    let refusal = incoming.withdraw(lease, &[n(1), n(9)]).unwrap_err();
    assert_eq!(refusal.known(), Some(Code::Malformed));
    assert_eq!(incoming.has(n(1)), Some(&nothing()));
    assert_eq!(incoming.withdraw(lease, &[n(1), n(3)]), Ok(vec![n(1)]));
    assert_eq!(incoming.withdraw(lease, &[n(1)]), Ok(vec![]));
    incoming.withdraw(lease, &[n(2)]).unwrap();
    assert_eq!(incoming.close(lease).unwrap_err().known(), Some(Code::Empty));
}
