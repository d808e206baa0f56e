//! The types that members have: the words of `model` on the wire. Bounded texts, bytes and lists are in [`crate::bounded`].

use model::{
    Blake3Digest, BookId, Class, DeviceId, DisplayName, Kind, MediaType, Period, PersonId, PieceIndex, Role,
    Sha256Digest, SubmissionId, Timestamp, limits, piece,
};

use crate::WireError;
pub use crate::bounded::{Bytes, DocumentNumbers, Label, List, Text, Values};
use crate::codec::{Field, Reader, Writer};

/// The types that have a name in the schema: name, definition, what it is.
pub const NAMED: &[(&str, &str, &str)] = &[
    ("submission-id", "bstr .size 16", "drawn by the companion; with the person it names a submission"),
    ("book-id", "bstr .size 16", "a book"),
    ("person-id", "bstr .size 16", "a person"),
    ("device-id", "bstr .size 16", "a device"),
    ("salt", "bstr .size 16", "the salt of a list line, drawn by the sender"),
    ("name-key", "bstr .size 16", "hides a name in its digest; kept only beside the name"),
    ("lease", "uint .size 8", "who may write an upload: a new one fences off the old"),
    (
        "document-number",
        "uint .size 4",
        "n: names a document within its submission, rising in the order of open",
    ),
    ("piece-index", "uint .lt 1048576", "which piece of 1 MiB, from 0"),
    ("piece-bytes", "uint .le 1048576", "how many raw bytes follow"),
    ("sha256", "bstr .size 32", "SHA-256"),
    ("blake3", "bstr .size 32", "BLAKE3 root of a document, as b3sum prints it"),
    ("values", "bstr .size (32..32768)", "chaining values of 1 to 1024 pieces, 32 bytes each, in order"),
    ("runs", "[* uint]", "pieces as pairs (first, count): rising, apart, count at least 1"),
    ("period", "uint .le 999912", "year * 100 + month; month 0 is the whole year"),
    ("kind", "tstr", "the kind of a document, a word of the model"),
    ("class", "0..2", "public, internal, confidential"),
    ("role", "1..6", "client, bookkeeper, supervisor, admin, auditor, partner"),
    ("unix-ms", "uint", "milliseconds since 1970-01-01T00:00:00Z"),
    ("name", "tstr .size (1..1024)", "a document's name as its sender wrote it: display only, never a path"),
    ("media-type", "tstr .size (3..100)", "as the sender names it; nothing acts on it"),
    (
        "content",
        "1..7",
        "what comes in runs: 1 open-answer, 2 receipt, 3 list, 4 listing, 5 status-page, 6 book-list, 7 office-answer",
    ),
    ("standing", "1..2", "1 active, 2 waiting until an admin has compared the check digits"),
    (
        "state",
        "1..9",
        "1 received, 2 being fetched, 3 fetched, 4 locked, 5 frozen, 6 gone, 7 arriving, 8 withdrawn, 9 held",
    ),
    ("which", "1..2", "1 all, 2 new: what this person has not fetched"),
    (
        "has",
        "[0, runs] / [1, held] / [2]",
        "0 these pieces are durable, 1 the book holds it already, 2 withdrawn",
    ),
];

macro_rules! numbers {
    ($($type:ty: $bytes:literal)*) => {$(
        impl Field for $type {
            fn cddl() -> String {
                concat!("uint .size ", $bytes).to_owned()
            }

            fn write(&self, out: &mut Writer) {
                out.uint(u64::from(*self));
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
                Self::try_from(input.uint()?).map_err(|_| WireError::value("number", "too large"))
            }
        }
    )*};
}

numbers! { u16: 2 u32: 4 u64: 8 }

macro_rules! fixed {
    ($($type:ident $name:literal $bytes:literal)*) => {$(
        impl Field for $type {
            fn cddl() -> String {
                $name.to_owned()
            }

            fn write(&self, out: &mut Writer) {
                out.bytes(self.as_bytes());
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
                let bytes = <[u8; $bytes]>::try_from(input.bytes($bytes)?);
                bytes.map(Self::from_bytes).map_err(|_| WireError::value($name, "too short"))
            }
        }
    )*};
}

fixed! {
    SubmissionId "submission-id" 16
    BookId "book-id" 16
    PersonId "person-id" 16
    DeviceId "device-id" 16
    Salt "salt" 16
    NameKey "name-key" 16
    Sha256Digest "sha256" 32
    Blake3Digest "blake3" 32
}

macro_rules! secrets_of_names {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Takes the sixteen bytes as they are.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The sixteen bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

secrets_of_names! {
    /// Makes a list line say nothing to who does not hold it.
    Salt
    /// Makes the digest of a name say nothing to who does not hold it.
    NameKey
}

impl Field for bool {
    fn cddl() -> String {
        "bool".to_owned()
    }

    fn write(&self, out: &mut Writer) {
        out.bool(*self);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.bool()
    }
}

impl<T: Field> Field for Option<T> {
    const OPTIONAL: bool = true;

    fn cddl() -> String {
        T::cddl()
    }

    fn is_left_out(&self) -> bool {
        self.is_none()
    }

    fn left_out() -> Option<Self> {
        Some(None)
    }

    fn write(&self, out: &mut Writer) {
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        T::read(input).map(Some)
    }
}

/// A word of the model written as a number: how it is named, coded and read.
macro_rules! coded {
    ($($type:ident $name:literal as $number:ident)*) => {$(
        impl Field for $type {
            fn cddl() -> String {
                $name.to_owned()
            }

            fn write(&self, out: &mut Writer) {
                out.uint(u64::from(self.code()));
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
                let code = $number::try_from(input.uint()?).map_err(|_| WireError::value($name, "too large"))?;
                Self::from_code(code).map_err(|error| WireError::value($name, error.why))
            }
        }
    )*};
}

coded! { Class "class" as u8  Role "role" as u8  Period "period" as u32 }

/// A word of the model written as text: its longest form in bytes.
macro_rules! worded {
    ($($type:ident $name:literal $text:ident $bytes_max:expr;)*) => {$(
        impl Field for $type {
            fn cddl() -> String {
                $name.to_owned()
            }

            fn write(&self, out: &mut Writer) {
                out.text(self.$text());
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
                Self::parse(input.text($bytes_max)?).map_err(|error| WireError::value($name, error.why))
            }
        }
    )*};
}

worded! {
    Kind "kind" as_str 32;
    MediaType "media-type" as_str 100;
    DisplayName "name" as_sent limits::NAME_BYTES_MAX;
}

impl Field for Timestamp {
    fn cddl() -> String {
        "unix-ms".to_owned()
    }

    fn write(&self, out: &mut Writer) {
        out.uint(self.unix_ms());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let ms = input.uint()?;
        let time = Self::from_unix_ms(ms);
        match time.unix_ms() == ms {
            true => Ok(time),
            false => Err(WireError::value("unix-ms", "beyond the year 9998")),
        }
    }
}

/// Pieces of the largest document.
const PIECES_MAX: u64 = limits::DOCUMENT_BYTES_MAX / piece::PIECE_BYTES;

impl Field for PieceIndex {
    fn cddl() -> String {
        "piece-index".to_owned()
    }

    fn write(&self, out: &mut Writer) {
        out.uint(u64::from(self.0));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        piece_index(input.uint()?)
    }
}

/// A piece that the largest document has.
pub(crate) fn piece_index(index: u64) -> Result<PieceIndex, WireError> {
    match u32::try_from(index) {
        Ok(small) if index < PIECES_MAX => Ok(PieceIndex(small)),
        _ => Err(WireError::value("piece-index", "beyond the largest document")),
    }
}

/// Who may write an upload. A new lease fences off the one before; the gateway draws it at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease(pub u64);

impl Field for Lease {
    fn cddl() -> String {
        "lease".to_owned()
    }

    fn write(&self, out: &mut Writer) {
        out.uint(self.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.uint().map(Self)
    }
}

/// The number of a document within its submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentNumber(pub u32);

impl Field for DocumentNumber {
    fn cddl() -> String {
        "document-number".to_owned()
    }

    fn write(&self, out: &mut Writer) {
        out.uint(u64::from(self.0));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        u32::read(input).map(Self)
    }
}

impl std::fmt::Display for DocumentNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// How many raw bytes follow a piece head: at most 1 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceBytes(u32);

impl PieceBytes {
    /// Takes a length of at most one piece.
    ///
    /// # Errors
    /// A longer one.
    pub fn new(bytes: usize) -> Result<Self, WireError> {
        match u32::try_from(bytes) {
            Ok(bytes) if u64::from(bytes) <= piece::PIECE_BYTES => Ok(Self(bytes)),
            _ => Err(WireError::value("piece-bytes", "longer than a piece")),
        }
    }

    /// The length.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl Field for PieceBytes {
    fn cddl() -> String {
        "piece-bytes".to_owned()
    }

    fn write(&self, out: &mut Writer) {
        out.uint(u64::from(self.0));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let bytes = usize::try_from(input.uint()?);
        bytes.map_err(|_| WireError::value("piece-bytes", "longer than a piece")).and_then(Self::new)
    }
}
