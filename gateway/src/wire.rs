//! One request's stream on the gateway's side: messages, long bodies and raw pieces over QUIC. Decides nothing.

use std::time::Duration;

use protocol::long::{Received, Receiver, Sender};
use protocol::message::Content;
use protocol::record::Answer;
use protocol::{Body, Code, Message, Refusal, WireError, frame};
use quinn::{RecvStream, SendStream};

/// Why a request ended without its answer.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// It is refused: the peer is told this.
    #[error("refused: {}", .0.known().map_or("?", |code| code.word()))]
    Refused(Refusal),
    /// The peer is gone, or gave the request up: nobody is told.
    #[error("the peer is gone")]
    Gone,
}

impl From<Refusal> for Ended {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Code> for Ended {
    fn from(code: Code) -> Self {
        Self::Refused(code.into())
    }
}

impl From<WireError> for Ended {
    fn from(error: WireError) -> Self {
        Self::Refused(Refusal::from(&error))
    }
}

impl From<quinn::WriteError> for Ended {
    fn from(_: quinn::WriteError) -> Self {
        Self::Gone
    }
}

impl From<quinn::ReadExactError> for Ended {
    fn from(error: quinn::ReadExactError) -> Self {
        match error {
            quinn::ReadExactError::FinishedEarly(_) => WireError::Truncated.into(),
            quinn::ReadExactError::ReadError(_) => Self::Gone,
        }
    }
}

/// What the peer asks.
pub struct Asked(pub RecvStream);

/// What the peer is answered.
pub struct Answered(pub SendStream);

impl Asked {
    /// The next message, or `None` at the end of the stream.
    ///
    /// # Errors
    /// The peer is gone; what came is no message.
    pub async fn message_or_end(&mut self) -> Result<Option<Message>, Ended> {
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

    /// The next message, which must come within `patience`.
    ///
    /// # Errors
    /// As [`Asked::message_or_end`]; [`Code::TooSlow`].
    pub async fn message(&mut self, patience: Duration) -> Result<Message, Ended> {
        match tokio::time::timeout(patience, self.message_or_end()).await {
            Ok(Ok(Some(message))) => Ok(message),
            Ok(Ok(None)) => Err(WireError::Truncated.into()),
            Ok(Err(ended)) => Err(ended),
            Err(_) => Err(Code::TooSlow.into()),
        }
    }

    /// The message that is due.
    ///
    /// # Errors
    /// As [`Asked::message`]; another message.
    pub async fn only<T: Body<Message>>(&mut self, patience: Duration) -> Result<T, Ended> {
        Ok(self.message(patience).await?.only::<T>()?)
    }

    /// What is longer than a message: `content`, at most `bytes_max` bytes.
    ///
    /// # Errors
    /// As [`Asked::only`]; another content, more bytes, or other bytes than announced.
    pub async fn long(
        &mut self,
        content: Content,
        bytes_max: usize,
        patience: Duration,
    ) -> Result<Vec<u8>, Ended> {
        let mut received = Receiver::begin(self.only(patience).await?, bytes_max)?;
        loop {
            match received {
                Received::Whole(long) => return Ok(long.only(content)?),
                Received::More(receiver) => received = receiver.run(&self.only(patience).await?)?,
            }
        }
    }
}

impl Answered {
    /// Sends a message.
    ///
    /// # Errors
    /// The peer is gone.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Ended> {
        Ok(self.0.write_all(&frame::encode(&message.into())).await?)
    }

    /// Sends what is longer than a message.
    ///
    /// # Errors
    /// The peer is gone.
    pub async fn send_long(&mut self, content: Content, bytes: &[u8]) -> Result<(), Ended> {
        for message in Sender::new(content, bytes) {
            self.send(message).await?;
        }
        Ok(())
    }

    /// Sends a long answer.
    ///
    /// # Errors
    /// The peer is gone.
    pub async fn answer<T: Answer>(&mut self, answer: &T) -> Result<(), Ended> {
        self.send_long(T::CONTENT, &answer.to_bytes()).await
    }
}
