//! A peer that has an enrolled device's own keys and may say anything: whole messages, half ones, others'. It speaks
//! QUIC as the companion does; what comes back is kept as bytes. Judges nothing.

use std::future::Future;
use std::time::Duration;

use client::connection::{Connection, Connector};
use client::device::{Device, Unlocker};
use client::home::Home;
use client::practice::Practice;
use client::wire::{Answers, Asks, WireFailure};
use console::{Colour, Console, Input, Language, Manner, Output};
use protocol::long::Long;
use protocol::message::{Body, Refusal};
use protocol::record::Answer as Record;
use protocol::{Code, Message, frame};
use quinn::{ConnectionError, ReadError, ReadToEndError};
use tokio::runtime::Runtime;

use crate::{Companion, files};

/// How long anything may take: longer than the gateway waits for a message.
const PATIENCE: Duration = Duration::from_secs(45);
/// More than any answer of a test.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A console that says nothing, answered by script.
pub fn mute(answers: &[&str]) -> Console {
    let manner = Manner {
        language: Language::English,
        output: Output::People,
        input: Input::Ask,
        colour: Colour::Never,
    };
    Console::captured(manner, || Duration::ZERO, answers).0
}

/// A connected peer.
pub struct Peer {
    /// The practice in its home.
    pub practice: Practice,
    /// The device, its keys open.
    pub device: Device,
    connection: Connection,
    // Last: connections end with it.
    runtime: Runtime,
}

/// What came back on a stream until its end.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// Every byte.
    pub bytes: Vec<u8>,
    /// The code with which the gateway closed the connection meanwhile.
    pub closed: Option<u64>,
}

/// One request's stream.
pub struct Stream<'a> {
    peer: &'a Peer,
    asks: Asks,
    answers: Answers,
}

impl Peer {
    /// The device of an enrolled companion, connected.
    ///
    /// # Panics
    /// It is not enrolled, or not admitted.
    pub fn of(companion: &Companion) -> Self {
        Self::try_of(companion).unwrap_or_else(|why| panic!("{}: {why}", companion.home.display()))
    }

    /// As [`Peer::of`].
    ///
    /// # Errors
    /// Why it is not admitted.
    pub fn try_of(companion: &Companion) -> Result<Self, String> {
        let home = Home::find(Some(&companion.home), host::Disk::real(), host::Clock::system());
        let practice = home.and_then(|home| home.select(None)).map_err(|failure| format!("{failure:?}"))?;
        let unlocker = Unlocker { console: mute(&[]), passphrase_file: None };
        let device = Device::open(&practice, &unlocker).map_err(|failure| format!("{failure:?}"))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let connector = Connector::new(&practice, &device).map_err(|failure| format!("{failure:?}"))?;
        let connection =
            runtime.block_on(connector.connect()).map_err(|lost| format!("{:?}", lost.failure))?;
        Ok(Self { practice, device, connection, runtime })
    }

    /// A new stream.
    ///
    /// # Panics
    /// None is given.
    #[track_caller]
    pub fn stream(&self) -> Stream<'_> {
        self.try_stream().unwrap_or_else(|error| panic!("no stream: {error}"))
    }

    /// As [`Peer::stream`].
    ///
    /// # Errors
    /// The connection is gone.
    pub fn try_stream(&self) -> Result<Stream<'_>, WireFailure> {
        let (asks, answers) = self.soon(self.connection.open())?;
        Ok(Stream { peer: self, asks, answers })
    }

    /// Asks with one message.
    ///
    /// # Panics
    /// No answer comes.
    #[track_caller]
    pub fn ask(&self, message: impl Into<Message>) -> Answer {
        self.stream().send(message).end()
    }

    /// Says these bytes on a stream of their own, and its end.
    ///
    /// # Panics
    /// No answer comes.
    #[track_caller]
    pub fn say(&self, bytes: &[u8]) -> Answer {
        self.stream().raw(bytes).end()
    }

    /// What the TLS exporter gives on its connection.
    ///
    /// # Panics
    /// Nothing.
    pub fn exporter(&self, label: &[u8], context: &[u8]) -> certs::enrolment::Exporter {
        self.connection.exporter(label, context).expect("TLS has an exporter")
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    fn soon<T>(&self, wanted: impl Future<Output = T>) -> T {
        let wanted = async { tokio::time::timeout(PATIENCE, wanted).await };
        self.runtime.block_on(wanted).unwrap_or_else(|_| panic!("nothing came for {PATIENCE:?}"))
    }
}

impl Stream<'_> {
    /// Sends a message.
    #[must_use]
    pub fn send(self, message: impl Into<Message>) -> Self {
        let frame = frame::encode(&message.into());
        self.raw(&frame)
    }

    /// Sends bytes as they are. A stream that the gateway has stopped takes none, and that is no failure.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        let _ = self.peer.soon(self.asks.0.write_all(bytes));
        self
    }

    /// The next message.
    ///
    /// # Panics
    /// None comes.
    #[track_caller]
    pub fn message(&mut self) -> Message {
        self.peer.soon(self.answers.message()).unwrap_or_else(|error| panic!("no message: {error}"))
    }

    /// Sends the end and takes in everything that comes.
    ///
    /// # Panics
    /// The gateway does not end its side.
    #[track_caller]
    pub fn end(mut self) -> Answer {
        self.asks.finish();
        self.rest()
    }

    /// Takes in everything that comes; `None` if the gateway resets the stream, or the connection is gone.
    pub fn cut(mut self) -> Option<Answer> {
        self.asks.finish();
        let read = self.peer.soon(self.answers.0.read_to_end(ANSWER_BYTES_MAX));
        read.ok().map(|bytes| Answer { bytes, closed: None })
    }

    /// Takes in everything that comes, without an end of one's own.
    ///
    /// # Panics
    /// The gateway does not end its side.
    #[track_caller]
    pub fn rest(mut self) -> Answer {
        match self.peer.soon(self.answers.0.read_to_end(ANSWER_BYTES_MAX)) {
            Ok(bytes) => Answer { bytes, closed: None },
            Err(ReadToEndError::Read(ReadError::ConnectionLost(ConnectionError::ApplicationClosed(
                close,
            )))) => Answer { bytes: Vec::new(), closed: Some(close.error_code.into_inner()) },
            Err(error) => panic!("no whole answer: {error}"),
        }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = &self.bytes[..self.bytes.len().min(80)];
        write!(f, "Answer({} bytes: {}…, closed {:?})", self.bytes.len(), files::hex(shown), self.closed)
    }
}

impl Answer {
    /// Its messages.
    ///
    /// # Panics
    /// It is no series of messages.
    #[track_caller]
    pub fn messages(&self) -> Vec<Message> {
        let mut decoder = frame::Decoder::new();
        decoder.feed(&self.bytes);
        let mut messages = Vec::new();
        while let Some(message) = decoder.next().unwrap_or_else(|error| panic!("{error} in {self:?}")) {
            messages.push(message);
        }
        decoder.end().unwrap_or_else(|error| panic!("{error} in {self:?}"));
        messages
    }

    /// The message that was due, and no other.
    ///
    /// # Panics
    /// It is not that.
    #[track_caller]
    pub fn only<T: Body<Message>>(&self) -> T {
        match <[Message; 1]>::try_from(self.messages()) {
            Ok([message]) => message.only().unwrap_or_else(|error| panic!("{error}")),
            Err(messages) => panic!("{} messages: {messages:?}", messages.len()),
        }
    }

    /// The refusal that it ends with.
    pub fn refusal(&self) -> Option<Refusal> {
        match self.messages().pop() {
            Some(Message::Refusal(refusal)) => Some(refusal),
            _ => None,
        }
    }

    /// The code of its refusal.
    pub fn code(&self) -> Option<Code> {
        self.refusal().and_then(|refusal| refusal.known())
    }

    /// What came in runs.
    ///
    /// # Panics
    /// It is no long answer.
    #[track_caller]
    pub fn long(&self) -> Long {
        let mut messages = self.messages().into_iter();
        let content = match messages.next() {
            Some(Message::LongHead(head)) => head.content,
            other => panic!("{other:?}, not a long answer"),
        };
        let run = |message| match message {
            Message::Run(run) => run.bytes.into_vec(),
            other => panic!("{other:?}, not a run"),
        };
        Long { content, bytes: messages.flat_map(run).collect() }
    }

    /// The record that came in runs.
    ///
    /// # Panics
    /// It is not that.
    #[track_caller]
    pub fn record<T: Record>(&self) -> T {
        self.long().answer().unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}
