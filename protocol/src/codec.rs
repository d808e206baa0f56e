//! Strict CBOR: which bytes are read at all, and how a member is written. Knows no message.
//!
//! Our subset of RFC 8949: unsigned and negative integers, byte and text strings, arrays, maps with unsigned
//! integer keys, true and false; deterministic (section 4.2.1): definite lengths, shortest heads, keys rising.
//! No tags, no floats, no null. So every value has one encoding and duplicate keys can not exist.
//!
//! [`check`] walks the whole item once, before anything is stored; only then do typed readers run, with
//! minicbor, which alone would take trailing bytes, repeated keys and long heads.

use crate::WireError;

/// How deep arrays and maps may nest; ours need five.
pub const DEPTH_MAX: u32 = 8;

/// Whether `bytes` are exactly one item of our subset.
///
/// # Errors
/// [`WireError::NotStrict`] with the place.
pub fn check(bytes: &[u8]) -> Result<(), WireError> {
    let mut walk = Walk { rest: bytes, whole: bytes.len() };
    walk.item(0)?;
    match walk.rest.is_empty() {
        true => Ok(()),
        false => Err(walk.not_strict("bytes after the end")),
    }
}

struct Walk<'a> {
    rest: &'a [u8],
    whole: usize,
}

impl<'a> Walk<'a> {
    /// One item. Arrays and maps of any announced count are safe: each of their items takes a byte of `rest`.
    fn item(&mut self, depth: u32) -> Result<(), WireError> {
        if depth > DEPTH_MAX {
            return Err(self.not_strict("nested too deep"));
        }
        let (major, value) = self.head()?;
        match major {
            0 | 1 => Ok(()),
            2 => self.take(value).map(|_| ()),
            3 => match std::str::from_utf8(self.take(value)?) {
                Ok(_) => Ok(()),
                Err(_) => Err(self.not_strict("text is not UTF-8")),
            },
            4 => (0..value).try_for_each(|_| self.item(depth + 1)),
            5 => self.map(value, depth),
            7 if value == 20 || value == 21 => Ok(()),
            _ => Err(self.not_strict("a tag, float or simple value")),
        }
    }

    fn map(&mut self, pairs: u64, depth: u32) -> Result<(), WireError> {
        let mut last = None;
        for _ in 0..pairs {
            let (major, key) = self.head()?;
            if major != 0 {
                return Err(self.not_strict("a key that is not an unsigned integer"));
            }
            // Bytewise order of shortest heads is numeric order; a repeated key does not rise.
            if last.is_some_and(|last| last >= key) {
                return Err(self.not_strict("keys do not rise"));
            }
            last = Some(key);
            self.item(depth + 1)?;
        }
        Ok(())
    }

    /// Major type and argument, in the shortest form. For major type 7 the argument is the simple value.
    fn head(&mut self) -> Result<(u8, u64), WireError> {
        let first = self.take(1)?.first().copied().unwrap_or(0);
        let (major, info) = (first >> 5, first & 31);
        let (bytes, least) = match info {
            0..=23 => return Ok((major, u64::from(info))),
            _ if major == 7 => return Err(self.not_strict("a float or simple value")),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return Err(self.not_strict("an indefinite length")),
        };
        let value = self.take(bytes)?.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        match value >= least {
            true => Ok((major, value)),
            false => Err(self.not_strict("a head longer than it need be")),
        }
    }

    fn take(&mut self, bytes: u64) -> Result<&'a [u8], WireError> {
        let cut = usize::try_from(bytes).ok().and_then(|bytes| self.rest.split_at_checked(bytes));
        let (taken, rest) = cut.ok_or_else(|| self.not_strict("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn not_strict(&self, why: &'static str) -> WireError {
        WireError::NotStrict { offset: self.whole.saturating_sub(self.rest.len()), why }
    }
}

/// Writes our subset. Writing to memory can not fail.
#[derive(Debug)]
pub struct Writer(minicbor::Encoder<Vec<u8>>);

impl Writer {
    /// Begins with nothing.
    pub fn new() -> Self {
        Self(minicbor::Encoder::new(Vec::new()))
    }

    /// An unsigned integer.
    pub fn uint(&mut self, value: u64) {
        let _ = self.0.u64(value);
    }

    /// True or false.
    pub fn bool(&mut self, value: bool) {
        let _ = self.0.bool(value);
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) {
        let _ = self.0.bytes(value);
    }

    /// A text string.
    pub fn text(&mut self, value: &str) {
        let _ = self.0.str(value);
    }

    /// The head of an array of `items`.
    pub fn array(&mut self, items: usize) {
        let _ = self.0.array(items as u64);
    }

    /// The head of a map of `pairs`.
    pub fn map(&mut self, pairs: u64) {
        let _ = self.0.map(pairs);
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_writer()
    }
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads bytes that [`check`] let through.
#[derive(Debug)]
pub struct Reader<'a>(minicbor::Decoder<'a>);

const WRONG_TYPE: WireError = WireError::value("value", "it has another type");

impl<'a> Reader<'a> {
    /// Checks `bytes` wholly, then reads them.
    ///
    /// # Errors
    /// As [`check`].
    pub fn checked(bytes: &'a [u8]) -> Result<Self, WireError> {
        check(bytes).map(|()| Self(minicbor::Decoder::new(bytes)))
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// Another type.
    pub fn uint(&mut self) -> Result<u64, WireError> {
        self.0.u64().map_err(|_| WRONG_TYPE)
    }

    /// True or false.
    ///
    /// # Errors
    /// Another type.
    pub fn bool(&mut self) -> Result<bool, WireError> {
        self.0.bool().map_err(|_| WRONG_TYPE)
    }

    /// A byte string of at most `bytes_max`, still in the input.
    ///
    /// # Errors
    /// Another type, or a longer one.
    pub fn bytes(&mut self, bytes_max: usize) -> Result<&'a [u8], WireError> {
        let bytes = self.0.bytes().map_err(|_| WRONG_TYPE)?;
        match bytes.len() <= bytes_max {
            true => Ok(bytes),
            false => Err(WireError::value("bytes", "too long")),
        }
    }

    /// A text string of at most `bytes_max` bytes, still in the input.
    ///
    /// # Errors
    /// Another type, or a longer one.
    pub fn text(&mut self, bytes_max: usize) -> Result<&'a str, WireError> {
        let text = self.0.str().map_err(|_| WRONG_TYPE)?;
        match text.len() <= bytes_max {
            true => Ok(text),
            false => Err(WireError::value("text", "too long")),
        }
    }

    /// How many items an array has: at most `items_max`.
    ///
    /// # Errors
    /// Another type, or more items.
    pub fn array(&mut self, items_max: usize) -> Result<usize, WireError> {
        let items = self.0.array().ok().flatten().ok_or(WRONG_TYPE)?;
        match usize::try_from(items) {
            Ok(items) if items <= items_max => Ok(items),
            _ => Err(WireError::value("array", "too many items")),
        }
    }

    /// How many pairs a map has.
    ///
    /// # Errors
    /// Another type.
    pub fn map(&mut self) -> Result<u64, WireError> {
        self.0.map().ok().flatten().ok_or(WRONG_TYPE)
    }

    /// Passes over one item of any kind.
    ///
    /// # Errors
    /// None, after [`check`].
    pub fn skip(&mut self) -> Result<(), WireError> {
        self.0.skip().map_err(|_| WRONG_TYPE)
    }
}

/// What can be the value of a member.
pub trait Field: Sized {
    /// Whether the member may be left out.
    const OPTIONAL: bool = false;

    /// Its type in the schema.
    fn cddl() -> String;

    /// Whether this value is written by leaving the member out.
    fn is_left_out(&self) -> bool {
        false
    }

    /// The value that a member left out has, if it may be.
    fn left_out() -> Option<Self> {
        None
    }

    /// Writes the value.
    fn write(&self, out: &mut Writer);

    /// Reads the value.
    ///
    /// # Errors
    /// What the type does not have.
    fn read(input: &mut Reader<'_>) -> Result<Self, WireError>;
}

/// A map with integer keys: a message or a record. Made by the tables of [`crate::message`] and
/// [`crate::record`] alone.
pub trait Map: Sized {
    /// Its name in the schema.
    const NAME: &'static str;

    /// How many members are written.
    fn pairs(&self) -> u64;

    /// Writes the members, keys rising.
    fn write_members(&self, out: &mut Writer);

    /// Reads `pairs` members; unknown keys are passed over.
    ///
    /// # Errors
    /// A member that is missing or wrong.
    fn read_members(input: &mut Reader<'_>, pairs: u64) -> Result<Self, WireError>;

    /// The record by itself, as the body of a long answer.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(self.pairs());
        self.write_members(&mut out);
        out.into_bytes()
    }

    /// Reads a record that stands by itself. The caller has bounded `bytes` already.
    ///
    /// # Errors
    /// Bytes that are not strict, or a member that is missing or wrong.
    fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::checked(bytes)?;
        let pairs = input.map()?;
        Self::read_members(&mut input, pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_one_encoding_of_a_value_is_read() {
        let good: &[&[u8]] =
            &[b"\x00", b"\x18\x18", b"\x20", b"\x43abc", b"\x63abc", b"\x80", b"\xa0", b"\xf4", b"\xf5"];
        for bytes in good {
            assert_eq!(check(bytes), Ok(()), "{bytes:02x?}");
        }
        let bad: &[(&[u8], &str)] = &[
            (b"", "it ends too early"),
            (b"\x00\x00", "bytes after the end"),
            (b"\x18\x17", "a head longer than it need be"),
            (b"\x19\x00\xff", "a head longer than it need be"),
            (b"\x1a\x00\x00\xff\xff", "a head longer than it need be"),
            (b"\x1b\x00\x00\x00\x00\xff\xff\xff\xff", "a head longer than it need be"),
            (b"\x58\x03abc", "a head longer than it need be"),
            (b"\xa2\x01\x00\x01\x00", "keys do not rise"),
            (b"\xa2\x02\x00\x01\x00", "keys do not rise"),
            (b"\xa1\x20\x00", "a key that is not an unsigned integer"),
            (b"\xa1\x61a\x00", "a key that is not an unsigned integer"),
            (b"\x5f\x41a\xff", "an indefinite length"),
            (b"\x9f\xff", "an indefinite length"),
            (b"\xbf\xff", "an indefinite length"),
            (b"\x62\xff\xff", "text is not UTF-8"),
            (b"\xc1\x00", "a tag, float or simple value"),
            (b"\xf6", "a tag, float or simple value"),
            (b"\xf7", "a tag, float or simple value"),
            (b"\xfb\x00\x00\x00\x00\x00\x00\x00\x00", "a float or simple value"),
            (b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff", "it ends too early"),
            (b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "it ends too early"),
            (b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", "it ends too early"),
        ];
        for (bytes, expected) in bad {
            match check(bytes) {
                Err(WireError::NotStrict { why, .. }) => assert_eq!(why, *expected, "{bytes:02x?}"),
                other => panic!("{bytes:02x?}: {other:?}"),
            }
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| [vec![0x81; depth], vec![0x00]].concat();
        assert_eq!(check(&nested(DEPTH_MAX as usize)), Ok(()));
        for depth in [DEPTH_MAX as usize + 1, 60_000] {
            assert!(check(&nested(depth)).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = check(&bytes);
        }

        #[test]
        fn what_the_writer_writes_is_strict(numbers in proptest::collection::vec(any::<u64>(), 0..20), text: String) {
            let mut out = Writer::new();
            out.array(numbers.len() + 2);
            numbers.iter().for_each(|number| out.uint(*number));
            out.text(&text);
            out.bytes(text.as_bytes());
            prop_assert_eq!(check(&out.into_bytes()), Ok(()));
        }
    }
}
