//! What a peer, or a cut, can do to us on the wire. Not what a gateway answers: that is a [`Code`].

use crate::Code;

/// The bytes or the order of messages are not what the schema says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A long answer's bytes are not those that its head announced.
    #[error("what came in runs is not what its head announced")]
    DigestDiffers,
    /// A member holds a value that its type does not have.
    #[error("{member} in {of}: {cause}")]
    Malformed {
        /// The message or record.
        of: &'static str,
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        cause: model::Malformed,
    },
    /// A member that must be there is not.
    #[error("{of} has no {member}")]
    Missing {
        /// The message or record.
        of: &'static str,
        /// The member.
        member: &'static str,
    },
    /// The bytes are not one item of deterministic CBOR in our subset (RFC 8949 section 4.2.1).
    #[error("not strict CBOR at byte {offset}: {why}")]
    NotStrict {
        /// Where, from the start of the item.
        offset: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// A step of the machine that its state does not allow.
    #[error("out of order: {why}")]
    OutOfOrder {
        /// The rule that was broken.
        why: &'static str,
    },
    /// A length beyond its bound; nothing was allocated for it.
    #[error("{bytes} bytes where at most {bytes_max} may come")]
    TooLong {
        /// The length announced.
        bytes: u64,
        /// The bound.
        bytes_max: u64,
    },
    /// A piece is not the one that the manifest names.
    #[error("piece {index} of document {n} is not the one that its manifest names")]
    PieceBad {
        /// The document's number.
        n: u32,
        /// Which piece.
        index: u32,
    },
    /// The stream ended inside a message or a piece.
    #[error("the stream ended in the middle")]
    Truncated,
    /// Another message was due.
    #[error("{got} where {wanted} was due")]
    Unexpected {
        /// What was due.
        wanted: &'static str,
        /// What came.
        got: &'static str,
    },
    /// A message number that this build does not know.
    #[error("unknown message {number}")]
    UnknownMessage {
        /// The number.
        number: u64,
    },
}

impl WireError {
    /// What the peer is told.
    pub const fn code(&self) -> Code {
        match self {
            Self::UnknownMessage { .. } => Code::UnknownMessage,
            Self::TooLong { .. } => Code::TooLong,
            Self::PieceBad { .. } => Code::PieceBad,
            Self::DigestDiffers
            | Self::Malformed { .. }
            | Self::Missing { .. }
            | Self::NotStrict { .. }
            | Self::OutOfOrder { .. }
            | Self::Truncated
            | Self::Unexpected { .. } => Code::Malformed,
        }
    }

    /// A value that its type does not have, not yet known where.
    pub(crate) const fn value(what: &'static str, why: &'static str) -> Self {
        Self::Malformed { of: "message", member: what, cause: model::Malformed::new(what, why) }
    }

    /// Says in which member of which message it was.
    pub(crate) fn within(self, of: &'static str, member: &'static str) -> Self {
        match self {
            // The innermost place is the most telling: what names one already is left alone.
            Self::Malformed { of: "message", cause, .. } => Self::Malformed { of, member, cause },
            other => other,
        }
    }
}
