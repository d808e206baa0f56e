//! What can be wrong with a proof: one cause a variant, never foreign text. Not a verdict (see `verify`).

/// Why something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A text or number is not what it should be.
    #[error(transparent)]
    Malformed(#[from] model::Malformed),
    /// Longer than it may be; nothing was read.
    #[error("the {what} has more than {bytes_max} bytes")]
    TooLong {
        /// What was to be read.
        what: &'static str,
        /// The most it may have.
        bytes_max: usize,
    },
    /// The bytes are not deterministic CBOR (RFC 8949 4.2.1) of the one form that is written.
    #[error("the {what} is not in its one form: {why}")]
    Cbor {
        /// What was read.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A version that this program does not know.
    #[error("the {what} has version {version}, which is not known")]
    Version {
        /// What was read.
        what: &'static str,
        /// The number found.
        version: u64,
    },
    /// The JSON of a statement is not the bytes that its own content gives.
    #[error("the statement's text is not in its one form: {why}")]
    Text {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A member of a statement is missing or has another form.
    #[error("the statement's member {name} is missing or not in its form")]
    Member {
        /// The member.
        name: &'static str,
    },
    /// The event is not one that this program knows.
    #[error("the statement is of an unknown event")]
    UnknownEvent,
    /// The certificate can not be read, or does not hold a P-256 key and exactly one URI.
    #[error("the certificate is of no use: {why}")]
    Certificate {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The signature is not over these bytes by this key.
    #[error("the signature of the {what} is wrong")]
    Signature {
        /// What is signed.
        what: &'static str,
    },
    /// `s` of an ECDSA signature lies above half the order: the same signature in its second form.
    #[error("the signature of the {what} is in its second form (high s)")]
    HighS {
        /// What is signed.
        what: &'static str,
    },
    /// Two places that must say the same do not.
    #[error("{what} differs between {one} and {other}")]
    Differs {
        /// What must be equal.
        what: &'static str,
        /// Where it was found first.
        one: &'static str,
        /// Where it was found otherwise.
        other: &'static str,
    },
    /// The Merkle proof does not lead to the root.
    #[error("the path does not lead to the root")]
    Path,
    /// A position outside its tree, or a tree smaller than what it should hold.
    #[error("there is no entry {index} in a tree of {size}")]
    Position {
        /// The position asked for.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// No document of the list has this size and these digests.
    #[error("no line of the list is about this document")]
    NotInList,
    /// The signer could not sign.
    #[error(transparent)]
    Signing(#[from] crate::signer::SigningFailed),
}

impl Error {
    pub(crate) const fn cbor(what: &'static str, why: &'static str) -> Self {
        Self::Cbor { what, why }
    }

    pub(crate) const fn differs(what: &'static str, one: &'static str, other: &'static str) -> Self {
        Self::Differs { what, one, other }
    }
}
