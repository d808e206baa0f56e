//! Goal: hostile bytes never make us hold more than a bound. Method: a counting allocator; everything that decodes is
//! fed with lies about lengths and with the densest input, in one test, so that nothing else allocates meanwhile.
//! Control: the same counter sees an honest large message.

use counterfoil_protocol as protocol;
use model::limits;
use peak_alloc::PeakAlloc;
use protocol::codec::Map;
use protocol::frame::Decoder;
use protocol::long::Receiver;
use protocol::message::{Content, LongHead, Refusal};
use protocol::record::{Listing, OpenAnswer, StatusPage};
use protocol::{Code, Message};

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// How far memory rises above where it was while `run` runs, in bytes.
fn rise<T>(run: impl FnOnce() -> T) -> usize {
    PEAK.reset_peak_usage();
    let before = PEAK.current_usage();
    let result = run();
    let peak = PEAK.peak_usage();
    drop(result);
    peak.saturating_sub(before)
}

/// Everything that takes a body takes these.
fn decode_all(body: &[u8]) {
    let _ = Message::from_bytes(body);
    let _ = protocol::enrol::Message::from_bytes(body);
    let _ = OpenAnswer::from_bytes(body);
    let _ = Listing::from_bytes(body);
    let _ = StatusPage::from_bytes(body);
}

#[test]
fn lies_about_lengths_cost_nothing_and_dense_input_a_small_multiple() {
    lies_about_lengths();
    dense_input();
    long_answers();
    control();
}

fn lies_about_lengths() {
    // Heads that announce 2^63 of something, at the top, in a known member and in an unknown one.
    for announced in [
        &b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff"[..],
        b"\xa2\x00\x01\x01\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xa2\x00\x04\x01\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xa2\x00\x01\x18\x63\xbb\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xa2\x01\x00\x02\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xa2\x01\x00\x02\x99\x27\x10",
    ] {
        assert_eq!(rise(|| decode_all(announced)), 0, "{announced:02x?}");
    }
    let mut decoder = Decoder::new();
    decoder.feed(&[0xff; 4]);
    assert_eq!(rise(|| decoder.next()), 0);
    let head = LongHead {
        content: Content::Receipt,
        bytes: limits::ANSWER_BYTES_MAX as u64,
        sha256: model::Sha256Digest::from_bytes([0; 32]),
    };
    assert!(rise(|| Receiver::begin(head, limits::ANSWER_BYTES_MAX)) < 1024);
}

fn dense_input() {
    // The most items a byte: 10,000 numbers of one byte, four in memory, and the usual doubling.
    let mut body = b"\xa4\x00\x01\x01\x00\x02\xf4\x03\x99\x27\x10".to_vec();
    body.extend(std::iter::repeat_n(0x01, 10_000));
    assert!(matches!(Message::from_bytes(&body), Ok(Message::Refusal(_))));
    assert!(rise(|| decode_all(&body)) < 12 * body.len());
    let mut unknown = b"\xa2\x00\x02\x18\x63\x99\xff\x00".to_vec();
    unknown.extend(std::iter::repeat_n(0xa0, 0xff00));
    assert!(matches!(Message::from_bytes(&unknown), Ok(Message::Done(_))));
    assert!(rise(|| decode_all(&unknown)) < 1024);
    // Rows of the least size, as many as may be; and one more.
    for (rows, items) in [(10_000u16, true), (10_001, false)] {
        let mut answer = b"\xa2\x01\x00\x02\x99".to_vec();
        answer.extend_from_slice(&rows.to_be_bytes());
        (0..rows).for_each(|_| answer.extend_from_slice(b"\xa2\x01\x00\x02\x81\x02"));
        assert_eq!(OpenAnswer::from_bytes(&answer).is_ok(), items);
        assert!(rise(|| decode_all(&answer)) < 32 * answer.len());
    }
}

fn long_answers() {
    // What really comes is held once, with at most the usual doubling.
    let bytes = vec![7; 4 << 20];
    let messages: Vec<_> = protocol::long::Sender::new(Content::Receipt, &bytes).collect();
    let risen = rise(|| {
        let mut receiver = None;
        for message in &messages {
            receiver = match (receiver, message) {
                (None, Message::LongHead(head)) => Some(Receiver::begin(head.clone(), bytes.len()).unwrap()),
                (Some(protocol::long::Received::More(more)), Message::Run(run)) => {
                    Some(Receiver::run(more, run).unwrap())
                }
                _ => panic!("out of order"),
            };
        }
        receiver
    });
    assert!(risen <= 4 * bytes.len(), "{risen}");
}

fn control() {
    let all = (0..10_000).map(protocol::field::DocumentNumber);
    let refusal = Message::from(Refusal::new(Code::NotComplete).with_documents(all)).to_bytes();
    assert!(refusal.len() <= limits::MESSAGE_BYTES_MAX);
    assert!(rise(|| Message::from_bytes(&refusal)) > 40_000);
}
