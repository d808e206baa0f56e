//! What can go wrong, as types. No texts of others, and no telling apart of "wrong key" and "damaged".

/// The system gave no random bytes; nothing was sealed and no key was made. Not retried here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

/// A box did not open. Wrong key, wrong context, truncated, extended, reordered, damaged: one answer for all,
/// so that nobody learns which by asking. No plaintext of an unverified chunk is left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed data does not open")]
pub struct Unopenable;

/// Why an unlock slot, a secret file or the words of a recovery kit were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlotError {
    /// Longer than any file of this kind is; refused before it is read.
    #[error("the file has {bytes} bytes, {bytes_max} at most are read")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        bytes_max: usize,
    },
    /// Not our format: `what` is the part that is wrong.
    #[error("the file is malformed: {what}")]
    Malformed {
        /// One of our own words for the part.
        what: &'static str,
    },
    /// A version that this program does not know.
    #[error("the file has version {found}, this program reads version 1")]
    Version {
        /// The version that the file names.
        found: u64,
    },
    /// The file belongs to another vault, owner, purpose or key than the one asked for.
    #[error("the file belongs to another {what}")]
    Foreign {
        /// `vault`, `owner`, `purpose` or `key`.
        what: &'static str,
    },
    /// A passphrase was given where the file wants a key file, or the other way round.
    #[error("the file is opened by a {wants}")]
    OtherKind {
        /// `passphrase` or `key file`.
        wants: &'static str,
    },
    /// Argon2 parameters outside what is ever computed: refused before any memory is taken.
    #[error("Argon2 parameters out of bounds: {memory_kib} KiB, {passes} passes, {lanes} lanes")]
    Parameters {
        /// KiB of memory.
        memory_kib: u32,
        /// Passes over it.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// An empty passphrase, or one beyond [`crate::slot::PASSPHRASE_BYTES_MAX`].
    #[error("a passphrase has 1 to {bytes_max} bytes")]
    Passphrase {
        /// The limit.
        bytes_max: usize,
    },
    /// No master key to keep, too many, or the same domain twice.
    #[error("a slot keeps 1 to {count_max} master keys of different domains")]
    Domains {
        /// The limit.
        count_max: usize,
    },
    /// The secret to be sealed is longer than [`crate::secret::SECRET_BYTES_MAX`].
    #[error("a secret has at most {bytes_max} bytes")]
    SecretTooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// The machine has not the memory that Argon2 asks for.
    #[error("Argon2 needs {memory_kib} KiB of memory")]
    Memory {
        /// KiB that were asked for.
        memory_kib: u32,
    },
    /// A recovery kit has another number of words.
    #[error("a recovery kit has {wanted} words, {found} were given")]
    WordCount {
        /// How many it has.
        wanted: usize,
        /// How many were given.
        found: usize,
    },
    /// A word is not in the list.
    #[error("word {position} is not in the list of words")]
    UnknownWord {
        /// Counted from 1.
        position: usize,
    },
    /// All words are in the list, but together they are no kit: one is wrong or two are swapped.
    #[error("the words do not belong together: one is wrong, or two are swapped")]
    WordChecksum,
    /// See [`Unopenable`]: wrong passphrase, wrong key or damage.
    #[error(transparent)]
    Unopenable(#[from] Unopenable),
    /// See [`NoRandomness`].
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}
