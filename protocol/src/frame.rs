//! Framing: the length in front of a message, checked against its bound before anything is stored.
//! Neutral to the transport: fed with bytes as they come, or told exactly how many to read.
//!
//! ```text
//! offset  size  meaning
//! 0       4     length of the body in bytes, big-endian
//! 4       n     the body: one message
//! ```
//! After a piece head come the piece's bytes, raw: [`Decoder::raw`] takes them out of what was fed already.

use model::limits;

use crate::{Message, WireError};

/// Bytes of the length in front.
pub const HEAD_BYTES: usize = 4;

/// Length and body of a message.
pub fn encode(message: &Message) -> Vec<u8> {
    wrap(&message.to_bytes())
}

/// Length and body. Our own messages are shorter than any bound; the peer checks.
pub(crate) fn wrap(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut frame = Vec::with_capacity(HEAD_BYTES + body.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(body);
    frame
}

/// How long the body is that this head announces; for who reads exactly. Then [`Message::from_bytes`].
///
/// # Errors
/// [`WireError::TooLong`] beyond [`limits::MESSAGE_BYTES_MAX`].
pub fn body_bytes(head: [u8; HEAD_BYTES]) -> Result<usize, WireError> {
    bounded(head, limits::MESSAGE_BYTES_MAX)
}

pub(crate) fn bounded(head: [u8; HEAD_BYTES], bytes_max: usize) -> Result<usize, WireError> {
    let bytes = u32::from_be_bytes(head);
    match usize::try_from(bytes) {
        Ok(length) if length <= bytes_max => Ok(length),
        _ => Err(WireError::TooLong { bytes: u64::from(bytes), bytes_max: bytes_max as u64 }),
    }
}

/// Takes bytes as they come and gives messages.
///
/// What it holds is what was fed and not yet taken: feed at most [`Decoder::wanted`] bytes at a time and it
/// never holds more than one frame.
#[derive(Debug)]
pub struct Decoder {
    held: Vec<u8>,
    /// Where in `held` the next byte is.
    at: usize,
    bytes_max: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// For the messages of `counterfoil/1`.
    pub const fn new() -> Self {
        Self::bounded(limits::MESSAGE_BYTES_MAX)
    }

    /// For bodies of at most `bytes_max`.
    pub(crate) const fn bounded(bytes_max: usize) -> Self {
        Self { held: Vec::new(), at: 0, bytes_max }
    }

    /// Sets the bound of the bodies to come.
    pub(crate) fn set_bound(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
    }

    /// Takes in bytes that came.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.held.drain(..self.at);
        self.at = 0;
        self.held.extend_from_slice(bytes);
    }

    /// How many more bytes the next message needs at least; 0 if [`Decoder::next`] has one, or an error, now.
    pub fn wanted(&self) -> usize {
        let rest = self.rest();
        match rest.first_chunk::<HEAD_BYTES>() {
            None => HEAD_BYTES - rest.len(),
            Some(head) => match bounded(*head, self.bytes_max) {
                Ok(length) => (HEAD_BYTES + length).saturating_sub(rest.len()),
                Err(_) => 0,
            },
        }
    }

    /// The next message, if it is there whole.
    ///
    /// # Errors
    /// A length beyond the bound, told by its head alone; a body that is not a message. The stream is lost then.
    #[allow(clippy::should_implement_trait)] // an iterator would end; this waits for more
    pub fn next(&mut self) -> Result<Option<Message>, WireError> {
        self.body()?.map(Message::from_bytes).transpose()
    }

    /// The next body, if it is there whole.
    pub(crate) fn body(&mut self) -> Result<Option<&[u8]>, WireError> {
        let rest = self.held.get(self.at..).unwrap_or_default();
        let Some((head, after)) = rest.split_first_chunk::<HEAD_BYTES>() else { return Ok(None) };
        let length = bounded(*head, self.bytes_max)?;
        let body = after.get(..length);
        if body.is_some() {
            self.at += HEAD_BYTES + length;
        }
        Ok(body)
    }

    /// Moves raw bytes that were fed already into `out`; how many. The rest of a piece is still in the stream.
    pub fn raw(&mut self, out: &mut [u8]) -> usize {
        let rest = self.held.get(self.at..).unwrap_or_default();
        let bytes = rest.len().min(out.len());
        for (slot, byte) in out.iter_mut().zip(rest) {
            *slot = *byte;
        }
        self.at += bytes;
        bytes
    }

    /// Call when the stream has ended.
    ///
    /// # Errors
    /// [`WireError::Truncated`] if it ended inside a message.
    pub fn end(&self) -> Result<(), WireError> {
        match self.rest().is_empty() {
            true => Ok(()),
            false => Err(WireError::Truncated),
        }
    }

    fn rest(&self) -> &[u8] {
        self.held.get(self.at..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{DocumentNumber, PieceBytes};
    use crate::message::{Done, PieceHead, Refusal};
    use model::PieceIndex;
    use proptest::prelude::*;

    fn piece_head(bytes: usize) -> Message {
        let (n, index) = (DocumentNumber(7), PieceIndex(3));
        PieceHead { n, index, bytes: PieceBytes::new(bytes).unwrap() }.into()
    }

    #[test]
    fn a_length_beyond_the_bound_is_refused_by_its_head_alone() {
        let mut decoder = Decoder::new();
        decoder.feed(&(limits::MESSAGE_BYTES_MAX as u32 + 1).to_be_bytes());
        assert_eq!(decoder.wanted(), 0);
        let expected = WireError::TooLong { bytes: 65_537, bytes_max: 65_536 };
        assert_eq!(decoder.next(), Err(expected));
        assert_eq!(body_bytes(u32::MAX.to_be_bytes()).unwrap_err().code(), crate::Code::TooLong);
        assert_eq!(body_bytes([0, 1, 0, 0]), Ok(65_536));
    }

    #[test]
    fn a_stream_that_ends_inside_a_message_is_truncated() {
        let frame = encode(&Done {}.into());
        for cut in 1..frame.len() {
            let mut decoder = Decoder::new();
            decoder.feed(&frame[..cut]);
            assert_eq!(decoder.next(), Ok(None));
            assert_eq!(decoder.end(), Err(WireError::Truncated));
        }
    }

    #[test]
    fn who_feeds_what_is_wanted_reads_exactly() {
        let stream = [encode(&piece_head(5)), b"hello".to_vec(), encode(&Done {}.into())].concat();
        let mut rest = &stream[..];
        let mut decoder = Decoder::new();
        let mut take = |decoder: &mut Decoder| loop {
            if let Some(message) = decoder.next().unwrap() {
                break message;
            }
            let (now, later) = rest.split_at(decoder.wanted());
            decoder.feed(now);
            rest = later;
        };
        assert_eq!(take(&mut decoder), piece_head(5));
        assert_eq!(decoder.end(), Ok(())); // nothing of the piece was taken in
        assert_eq!(&rest[..5], b"hello");
    }

    proptest! {
        #[test]
        fn frames_and_raw_bytes_come_through_any_cuts(
            cuts in proptest::collection::vec(1usize..40, 1..40),
            piece in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let refusal = Message::from(Refusal::absent());
            let stream = [encode(&piece_head(piece.len())), piece.clone(), encode(&refusal)].concat();
            let mut rest = &stream[..];
            let mut cuts = cuts.iter().cycle();
            let mut decoder = Decoder::new();
            let mut more = |decoder: &mut Decoder| {
                let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                decoder.feed(now);
                rest = later;
            };
            let head = loop {
                match decoder.next().unwrap() { Some(message) => break message, None => more(&mut decoder) }
            };
            prop_assert_eq!(head, piece_head(piece.len()));
            let mut raw = vec![0; piece.len()];
            let mut filled = 0;
            while filled < raw.len() {
                filled += decoder.raw(&mut raw[filled..]);
                if filled < raw.len() { more(&mut decoder); }
            }
            prop_assert_eq!(raw, piece);
            let last = loop {
                match decoder.next().unwrap() { Some(message) => break message, None => more(&mut decoder) }
            };
            prop_assert_eq!(last, refusal);
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut decoder = Decoder::new();
            decoder.feed(&bytes);
            while let Ok(Some(message)) = decoder.next() {
                // Strict: what was read is what would be written, unless it had keys from a later version.
                let _ = message.to_bytes();
            }
        }
    }
}
