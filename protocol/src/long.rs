//! What is longer than a message: total length and SHA-256 first, then runs of at most 60 KiB.
//! Bounded before allocation by who receives; whole and checked, or nothing.

use model::{Sha256Digest, limits};
use sha2::{Digest as _, Sha256};

use crate::message::{Content, LongHead, Message, Run};
use crate::record::Answer;
use crate::{Bytes, WireError};

/// Gives the head, then the runs, in order.
#[derive(Debug)]
pub struct Sender<'a> {
    head: Option<LongHead>,
    rest: &'a [u8],
}

impl<'a> Sender<'a> {
    /// Sends `bytes` as `content`.
    pub fn new(content: Content, bytes: &'a [u8]) -> Self {
        let head = LongHead { content, bytes: bytes.len() as u64, sha256: sha256(bytes) };
        Self { head: Some(head), rest: bytes }
    }
}

impl Iterator for Sender<'_> {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        if let Some(head) = self.head.take() {
            return Some(head.into());
        }
        let (run, rest) = self.rest.split_at(self.rest.len().min(limits::RUN_BYTES_MAX));
        self.rest = rest;
        match run.is_empty() {
            true => None,
            false => Bytes::new(run).ok().map(|bytes| Run { bytes }.into()),
        }
    }
}

/// Takes the runs that a head announced.
#[derive(Debug)]
pub struct Receiver {
    head: LongHead,
    bytes: Vec<u8>,
}

/// What came so far.
#[derive(Debug)]
pub enum Received {
    /// Runs are still to come.
    More(Receiver),
    /// All of it, checked.
    Whole(Long),
}

/// What came in runs, whole and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Long {
    /// What it is.
    pub content: Content,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Receiver {
    /// Begins with a head. `bytes_max` is the bound of what is due here; nothing is allocated for the announced
    /// length, memory grows with what really comes.
    ///
    /// # Errors
    /// [`WireError::TooLong`]; [`WireError::DigestDiffers`] where nothing is announced with a wrong digest.
    pub fn begin(head: LongHead, bytes_max: usize) -> Result<Received, WireError> {
        if head.bytes > bytes_max as u64 {
            return Err(WireError::TooLong { bytes: head.bytes, bytes_max: bytes_max as u64 });
        }
        Self { head, bytes: Vec::new() }.settle()
    }

    /// Takes the next run.
    ///
    /// # Errors
    /// More bytes than announced, an empty or short run before the end, or bytes with another digest.
    pub fn run(mut self, run: &Run) -> Result<Received, WireError> {
        let run = run.bytes.as_slice();
        let missing = self.head.bytes.saturating_sub(self.bytes.len() as u64);
        // Every run but the last is full, so the number of runs is bounded by the length.
        if run.len() as u64 != missing.min(limits::RUN_BYTES_MAX as u64) {
            return Err(WireError::OutOfOrder { why: "a run is full, the last as long as what is missing" });
        }
        self.bytes.extend_from_slice(run);
        self.settle()
    }

    fn settle(self) -> Result<Received, WireError> {
        if (self.bytes.len() as u64) < self.head.bytes {
            return Ok(Received::More(self));
        }
        match sha256(&self.bytes) == self.head.sha256 {
            true => Ok(Received::Whole(Long { content: self.head.content, bytes: self.bytes })),
            false => Err(WireError::DigestDiffers),
        }
    }
}

impl Long {
    /// Reads it as the record that is due.
    ///
    /// # Errors
    /// Another content, or bytes that are not that record.
    pub fn answer<T: Answer>(&self) -> Result<T, WireError> {
        match self.content == T::CONTENT {
            true => T::from_bytes(&self.bytes),
            false => Err(WireError::Unexpected { wanted: T::NAME, got: "another long answer" }),
        }
    }

    /// Takes the bytes out if they are the content that is due.
    ///
    /// # Errors
    /// Another content.
    pub fn only(self, content: Content) -> Result<Vec<u8>, WireError> {
        match self.content == content {
            true => Ok(self.bytes),
            false => Err(WireError::Unexpected { wanted: "a certain long answer", got: "another" }),
        }
    }
}

fn sha256(bytes: &[u8]) -> Sha256Digest {
    Sha256Digest::from_bytes(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn received(messages: impl Iterator<Item = Message>, bytes_max: usize) -> Result<Long, WireError> {
        let mut receiver = None;
        for message in messages {
            let step = match (receiver.take(), message) {
                (None, Message::LongHead(head)) => Receiver::begin(head, bytes_max)?,
                (Some(receiver), Message::Run(run)) => Receiver::run(receiver, &run)?,
                (_, other) => panic!("{other:?}"),
            };
            match step {
                Received::More(more) => receiver = Some(more),
                Received::Whole(long) => return Ok(long),
            }
        }
        Err(WireError::Truncated)
    }

    fn head_of(bytes: &[u8]) -> LongHead {
        match Sender::new(Content::List, bytes).next() {
            Some(Message::LongHead(head)) => head,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_length_comes_through_in_as_few_runs_as_it_needs() {
        let run = limits::RUN_BYTES_MAX;
        for length in [0, 1, run - 1, run, run + 1, 3 * run, 3 * run + 7] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            assert_eq!(Sender::new(Content::Receipt, &bytes).count(), 1 + length.div_ceil(run));
            let long = received(Sender::new(Content::Receipt, &bytes), length).unwrap();
            assert_eq!(long.only(Content::Receipt), Ok(bytes));
        }
    }

    #[test]
    fn more_than_is_due_is_refused_by_the_head_alone() {
        let head = LongHead { bytes: u64::MAX, ..head_of(b"abc") };
        let error = Receiver::begin(head, 1000).unwrap_err();
        assert_eq!(error, WireError::TooLong { bytes: u64::MAX, bytes_max: 1000 });
        assert!(Receiver::begin(head_of(b"abc"), 2).is_err());
    }

    #[test]
    fn a_changed_byte_a_short_run_and_a_surplus_are_refused() {
        let bytes = vec![9; limits::RUN_BYTES_MAX + 5];
        let run = |bytes: &[u8]| Run { bytes: Bytes::new(bytes).unwrap() };
        let begin = || match Receiver::begin(head_of(&bytes), 1 << 20).unwrap() {
            Received::More(receiver) => receiver,
            Received::Whole(_) => panic!("nothing came yet"),
        };
        for short in [&[][..], &[9], &[9; 1000]] {
            assert!(matches!(begin().run(&run(short)), Err(WireError::OutOfOrder { .. })));
        }
        let after_first = || match begin().run(&run(&bytes[..limits::RUN_BYTES_MAX])).unwrap() {
            Received::More(receiver) => receiver,
            Received::Whole(_) => panic!("five bytes are missing"),
        };
        assert!(matches!(after_first().run(&run(&[9; 5])), Ok(Received::Whole(_))));
        assert!(matches!(after_first().run(&run(&[9; 6])), Err(WireError::OutOfOrder { .. })));
        assert!(matches!(after_first().run(&run(&[9, 9, 8, 9, 9])), Err(WireError::DigestDiffers)));
        let empty = LongHead { sha256: Sha256Digest::from_bytes([0; 32]), ..head_of(b"") };
        assert!(matches!(Receiver::begin(empty, 0), Err(WireError::DigestDiffers)));
    }

    #[test]
    fn an_answer_is_read_as_what_its_head_says_alone() {
        use crate::codec::Map as _;
        use crate::record::{BookList, OpenAnswer};
        let books = BookList { books: crate::List::empty() };
        let long = Long { content: Content::BookList, bytes: books.to_bytes() };
        assert_eq!(long.answer::<BookList>(), Ok(books));
        assert!(long.answer::<OpenAnswer>().is_err());
        assert!(long.only(Content::Receipt).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_is_sent_is_received(bytes in proptest::collection::vec(any::<u8>(), 0..200_000)) {
            let long = received(Sender::new(Content::List, &bytes), bytes.len()).unwrap();
            prop_assert_eq!(long, Long { content: Content::List, bytes });
        }
    }
}
