//! The tiny message set of `counterfoil-enrol/1`: four steps in a fixed order, or a refusal. What the bodies say,
//! and every proof in them, is `certs`' business; here they are bytes with a bound.
//!
//! ```text
//! companion  Hello ──────→          → Request ─→
//! gateway           → Offer ──────→           → Reply      either may send Refusal instead, and ends there
//! ```

use model::limits;

use crate::frame::{self, Decoder as Frames};
use crate::schema::messages;
use crate::{Bytes, WireError};

/// What the map around a body adds: its own head, two keys, the number, the head of the byte string.
const ENVELOPE_BYTES: usize = 16;

messages! {
    /// A message of `counterfoil-enrol/1`.
    enum Message;

    /// Which invitation.
    1 Hello by Companion {
        /// The step, as certs made it.
        1 body: Bytes<{ limits::ENROL_MESSAGE_BYTES_MAX }>,
    }

    /// The gateway's proof and its root records.
    2 Offer by Gateway {
        /// The step, as certs made it.
        1 body: Bytes<{ limits::ENROL_OFFER_BYTES_MAX }>,
    }

    /// The new keys and the companion's proof.
    3 Request by Companion {
        /// The step, as certs made it.
        1 body: Bytes<{ limits::ENROL_MESSAGE_BYTES_MAX }>,
    }

    /// The certificates and who the device is now.
    4 Reply by Gateway {
        /// The step, as certs made it.
        1 body: Bytes<{ limits::ENROL_MESSAGE_BYTES_MAX }>,
    }

    /// Nothing more is said here.
    5 Refusal by Either {
        /// A number of codes.md.
        1 code: u16,
        /// Whether the same can succeed after a pause.
        2 retryable: bool,
        /// The earliest time to try again, from now, in milliseconds.
        3 retry_after_ms: Option<u64>,
    }
}

impl Refusal {
    /// A refusal that says no more than its code.
    pub fn new(code: crate::Code) -> Self {
        let retryable = !matches!(code.retry(), crate::code::Retry::Never);
        Self { code: code.number(), retryable, retry_after_ms: None }
    }

    /// The same, naming the earliest time to try again.
    pub fn after_ms(self, retry_after_ms: u64) -> Self {
        Self { retry_after_ms: Some(retry_after_ms), ..self }
    }
}

/// The step that is due; it bounds what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The first.
    Hello,
    /// The second: the only long one.
    Offer,
    /// The third.
    Request,
    /// The last.
    Reply,
}

impl Step {
    /// The longest frame body of this step, in bytes.
    pub const fn bytes_max(self) -> usize {
        ENVELOPE_BYTES
            + match self {
                Self::Offer => limits::ENROL_OFFER_BYTES_MAX,
                Self::Hello | Self::Request | Self::Reply => limits::ENROL_MESSAGE_BYTES_MAX,
            }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Hello => "Hello",
            Self::Offer => "Offer",
            Self::Request => "Request",
            Self::Reply => "Reply",
        }
    }
}

/// What the peer sent where a step was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// The step's body, for `certs`.
    Body(Vec<u8>),
    /// The peer refuses instead.
    Refused(Refusal),
}

/// Length and body of a step.
///
/// # Errors
/// A body beyond the step's bound.
pub fn encode(step: Step, body: &[u8]) -> Result<Vec<u8>, WireError> {
    let message = match step {
        Step::Hello => Message::from(Hello { body: Bytes::new(body)? }),
        Step::Offer => Message::from(Offer { body: Bytes::new(body)? }),
        Step::Request => Message::from(Request { body: Bytes::new(body)? }),
        Step::Reply => Message::from(Reply { body: Bytes::new(body)? }),
    };
    Ok(frame::wrap(&message.to_bytes()))
}

/// Length and body of a refusal.
pub fn encode_refusal(refusal: Refusal) -> Vec<u8> {
    frame::wrap(&Message::from(refusal).to_bytes())
}

/// How long the body is that this head announces; for who reads exactly. Then [`read`].
///
/// # Errors
/// [`WireError::TooLong`] beyond the step's bound.
pub fn body_bytes(step: Step, head: [u8; frame::HEAD_BYTES]) -> Result<usize, WireError> {
    frame::bounded(head, step.bytes_max())
}

/// Reads the body of a frame where `step` is due.
///
/// # Errors
/// Bytes that are no message of this set, or another step.
pub fn read(step: Step, bytes: &[u8]) -> Result<Due, WireError> {
    match (step, Message::from_bytes(bytes)?) {
        (Step::Hello, Message::Hello(Hello { body }))
        | (Step::Request, Message::Request(Request { body }))
        | (Step::Reply, Message::Reply(Reply { body })) => Ok(Due::Body(body.into_vec())),
        (Step::Offer, Message::Offer(Offer { body })) => Ok(Due::Body(body.into_vec())),
        (_, Message::Refusal(refusal)) => Ok(Due::Refused(refusal)),
        (_, other) => Err(WireError::Unexpected { wanted: step.name(), got: other.name() }),
    }
}

/// Takes bytes as they come; says the step that is due each time.
#[derive(Debug)]
pub struct Decoder(Frames);

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// Begins with nothing.
    pub const fn new() -> Self {
        Self(Frames::bounded(Step::Hello.bytes_max()))
    }

    /// Takes in bytes that came.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.0.feed(bytes);
    }

    /// What came where `step` is due, if it is there whole.
    ///
    /// # Errors
    /// As [`body_bytes`] and [`read`].
    pub fn next(&mut self, step: Step) -> Result<Option<Due>, WireError> {
        self.0.set_bound(step.bytes_max());
        self.0.body()?.map(|body| read(step, body)).transpose()
    }

    /// Call when the stream has ended.
    ///
    /// # Errors
    /// [`WireError::Truncated`] if it ended inside a message.
    pub fn end(&self) -> Result<(), WireError> {
        self.0.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 4] = [Step::Hello, Step::Offer, Step::Request, Step::Reply];

    #[test]
    fn every_step_carries_a_body_up_to_its_bound() {
        for step in STEPS {
            let body_max = step.bytes_max() - ENVELOPE_BYTES;
            let frame = encode(step, &vec![7; body_max]).unwrap();
            let mut decoder = Decoder::new();
            decoder.feed(&frame);
            assert_eq!(decoder.next(step), Ok(Some(Due::Body(vec![7; body_max]))), "{step:?}");
            assert!(encode(step, &vec![7; body_max + 1]).is_err(), "{step:?}");
        }
    }

    #[test]
    fn only_the_offer_may_be_long() {
        let long = (limits::ENROL_MESSAGE_BYTES_MAX as u32 + 100).to_be_bytes();
        for step in [Step::Hello, Step::Request, Step::Reply] {
            assert!(body_bytes(step, long).is_err());
        }
        assert!(body_bytes(Step::Offer, long).is_ok());
    }

    #[test]
    fn a_step_out_of_order_is_refused_and_a_refusal_is_heard_anywhere() {
        let hello = Message::from(Hello { body: Bytes::new(*b"x").unwrap() }).to_bytes();
        assert_eq!(
            read(Step::Request, &hello),
            Err(WireError::Unexpected { wanted: "Request", got: "Hello" })
        );
        let refusal = Refusal::new(crate::Code::Busy).after_ms(600_000);
        for step in STEPS {
            let mut decoder = Decoder::new();
            decoder.feed(&encode_refusal(refusal.clone()));
            assert_eq!(decoder.next(step), Ok(Some(Due::Refused(refusal.clone()))));
            assert_eq!(decoder.end(), Ok(()));
        }
    }
}
