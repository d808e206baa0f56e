//! One request's stream: messages, long answers and raw pieces over QUIC. Decides nothing.

use std::time::Duration;

use bytes::Bytes;
use protocol::long::{Long, Received, Receiver, Sender};
use protocol::message::Content;
use protocol::{Body, Code, Message, Refusal, WireError, frame};
use quinn::{RecvStream, SendStream};

/// Messages are written together up to about so many bytes.
const BATCH_BYTES: usize = 32 * 1024;

/// Why a request had no answer.
#[derive(Debug, thiserror::Error)]
pub enum WireFailure {
    /// The gateway refused it.
    #[error("the gateway refused: {}", .0.known().map_or("a code that is not known here", |code| code.sentence()))]
    Refused(Refusal),
    /// What came is not what the protocol says.
    #[error(transparent)]
    Protocol(#[from] WireError),
    /// The connection is gone.
    #[error("the connection is gone: {0}")]
    Connection(quinn::ConnectionError),
    /// The stream was reset or stopped by the gateway.
    #[error("the gateway ended the request")]
    Reset,
    /// Nothing came for too long.
    #[error("the gateway does not answer")]
    Silent,
    /// It is not the gateway: something failed on this device.
    #[error(transparent)]
    Here(console::Failure),
}

impl WireFailure {
    /// Whether another connection may do better: nothing was decided.
    pub fn is_cut(&self) -> bool {
        matches!(self, Self::Connection(_) | Self::Reset | Self::Silent)
    }

    /// A stream that was reset or stopped with one of the codes of a refusal.
    fn coded(code: quinn::VarInt) -> Self {
        Code::from_number(code.into_inner()).map_or(Self::Reset, |code| Self::Refused(code.into()))
    }
}

impl From<quinn::WriteError> for WireFailure {
    fn from(error: quinn::WriteError) -> Self {
        match error {
            quinn::WriteError::ConnectionLost(error) => Self::Connection(error),
            quinn::WriteError::Stopped(code) => Self::coded(code),
            _ => Self::Reset,
        }
    }
}

impl From<quinn::ReadExactError> for WireFailure {
    fn from(error: quinn::ReadExactError) -> Self {
        match error {
            quinn::ReadExactError::FinishedEarly(_) => Self::Protocol(WireError::Truncated),
            quinn::ReadExactError::ReadError(quinn::ReadError::ConnectionLost(error)) => {
                Self::Connection(error)
            }
            quinn::ReadExactError::ReadError(quinn::ReadError::Reset(code)) => Self::coded(code),
            quinn::ReadExactError::ReadError(_) => Self::Reset,
        }
    }
}

/// How long the words of a refusal may take after a stream was stopped for it.
const WORDS_PATIENCE: Duration = Duration::from_secs(2);

/// Sends beside receiving. What is refused may be stopped while it is being sent: the refusal says more than the stop.
///
/// # Errors
/// Whichever fails first.
pub async fn beside<T>(
    sending: impl Future<Output = Result<(), WireFailure>>,
    receiving: impl Future<Output = Result<T, WireFailure>>,
) -> Result<T, WireFailure> {
    let sending = async {
        match sending.await {
            Err(error @ (WireFailure::Refused(_) | WireFailure::Reset)) => {
                tokio::time::sleep(WORDS_PATIENCE).await;
                Err(error)
            }
            other => other,
        }
    };
    tokio::try_join!(sending, receiving).map(|((), received)| received)
}

/// The companion's side of the stream that answers.
pub struct Answers(pub RecvStream);

/// The companion's side of the stream that asks.
pub struct Asks(pub SendStream);

impl Asks {
    /// Sends a message.
    ///
    /// # Errors
    /// The connection or the stream is gone.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), WireFailure> {
        Ok(self.0.write_all(&frame::encode(&message.into())).await?)
    }

    /// Sends many messages, put together so that few of them cross the line alone.
    ///
    /// # Errors
    /// As [`Asks::send`].
    pub async fn send_all(&mut self, messages: impl Iterator<Item = Message>) -> Result<(), WireFailure> {
        let mut batch = Vec::with_capacity(BATCH_BYTES);
        for message in messages {
            batch.extend_from_slice(&frame::encode(&message));
            if batch.len() >= BATCH_BYTES {
                self.0.write_all(&batch).await?;
                batch.clear();
            }
        }
        Ok(self.0.write_all(&batch).await?)
    }

    /// Sends what is longer than a message.
    ///
    /// # Errors
    /// As [`Asks::send`].
    pub async fn send_long(&mut self, content: Content, bytes: &[u8]) -> Result<(), WireFailure> {
        self.send_all(Sender::new(content, bytes)).await
    }

    /// Sends a message and the raw bytes that follow it; the bytes are not copied.
    ///
    /// # Errors
    /// As [`Asks::send`].
    pub async fn send_raw(&mut self, message: impl Into<Message>, raw: Bytes) -> Result<(), WireFailure> {
        let head = Bytes::from(frame::encode(&message.into()));
        Ok(self.0.write_all_chunks(&mut [head, raw]).await?)
    }

    /// Nothing more is asked on this stream.
    pub fn finish(&mut self) {
        // A stream that is gone already needs no end.
        let _ = self.0.finish();
    }
}

impl Answers {
    /// The next message, or `None` where the gateway has ended the stream.
    ///
    /// # Errors
    /// The connection or the stream is gone, or what came is no message.
    pub async fn message_or_end(&mut self) -> Result<Option<Message>, WireFailure> {
        let mut head = [0u8; frame::HEAD_BYTES];
        match self.0.read_exact(&mut head).await {
            Ok(()) => {}
            Err(quinn::ReadExactError::FinishedEarly(0)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let mut body = vec![0u8; frame::body_bytes(head)?];
        self.0.read_exact(&mut body).await?;
        Ok(Some(Message::from_bytes(&body)?))
    }

    /// The next message.
    ///
    /// # Errors
    /// As [`Answers::message_or_end`]; the stream has ended.
    pub async fn message(&mut self) -> Result<Message, WireFailure> {
        self.message_or_end().await?.ok_or(WireFailure::Protocol(WireError::Truncated))
    }

    /// The message that is due.
    ///
    /// # Errors
    /// [`WireFailure::Refused`] if the gateway refuses instead; another message.
    pub async fn due<T: Body<Message>>(&mut self) -> Result<T, WireFailure> {
        match self.message().await?.due::<T>()? {
            protocol::message::Due::Here(body) => Ok(body),
            protocol::message::Due::Refused(refusal) => Err(WireFailure::Refused(refusal)),
        }
    }

    /// A long answer of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// As [`Answers::due`]; an answer beyond the bound or with other bytes than announced.
    pub async fn long(&mut self, bytes_max: usize) -> Result<Long, WireFailure> {
        let mut received = Receiver::begin(self.due().await?, bytes_max)?;
        loop {
            match received {
                Received::Whole(long) => return Ok(long),
                Received::More(receiver) => received = receiver.run(&self.due().await?)?,
            }
        }
    }

    /// Fills `out` with the raw bytes of a piece.
    ///
    /// # Errors
    /// The connection or the stream is gone.
    pub async fn raw(&mut self, out: &mut [u8]) -> Result<(), WireFailure> {
        Ok(self.0.read_exact(out).await?)
    }
}
