//! Deterministic CBOR (RFC 8949 §4.2.1) for what the vault seals: maps whose keys are 0, 1, 2, …, key 0 the
//! version. Not for the wire, and not for anything that a peer sends: all of this is sealed by us.

use minicbor::Decoder;
use zeroize::Zeroizing;

/// What was opened is not what this version writes. Sealed bytes reach here only from our own pen, so this
/// is damage or a newer version, never an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotOurs;

/// The only version of every plaintext so far.
const VERSION: u64 = 1;

/// Writes one map. The buffer is wiped; give it room for all, so that no unwiped copy is left by growing.
pub(crate) struct Writer {
    out: Zeroizing<Vec<u8>>,
}

impl Writer {
    /// Begins a map of `fields` entries, the version counted, with room for `capacity` bytes.
    pub(crate) fn map(fields: u64, capacity: usize) -> Self {
        let mut writer = Self { out: Zeroizing::new(Vec::with_capacity(capacity)) };
        writer.head(5, fields);
        writer.key(0).uint(VERSION);
        writer
    }

    /// Begins the entry with this key; the caller keeps the keys rising.
    pub(crate) fn key(&mut self, key: u64) -> &mut Self {
        self.head(0, key)
    }

    /// An unsigned number.
    pub(crate) fn uint(&mut self, value: u64) -> &mut Self {
        self.head(0, value)
    }

    /// A byte string.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.head(2, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
        self
    }

    /// A text.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.head(3, text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    /// Begins an array of `count` items.
    pub(crate) fn array(&mut self, count: usize) -> &mut Self {
        self.head(4, count as u64)
    }

    /// The finished bytes.
    pub(crate) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.out
    }

    /// Initial byte and argument, in the shortest form.
    fn head(&mut self, major: u8, value: u64) -> &mut Self {
        let major = major << 5;
        match value {
            0..=23 => self.out.push(major | value as u8),
            24..=0xff => self.out.extend_from_slice(&[major | 24, value as u8]),
            0x100..=0xffff => {
                self.out.push(major | 25);
                self.out.extend_from_slice(&(value as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.out.push(major | 26);
                self.out.extend_from_slice(&(value as u32).to_be_bytes());
            }
            _ => {
                self.out.push(major | 27);
                self.out.extend_from_slice(&value.to_be_bytes());
            }
        }
        self
    }
}

/// Reads one map of [`Writer`], entry by entry, in its order.
pub(crate) struct Reader<'b> {
    decoder: Decoder<'b>,
}

impl<'b> Reader<'b> {
    /// Begins a map that must have `fields` entries and the known version.
    pub(crate) fn map(bytes: &'b [u8], fields: u64) -> Result<Self, NotOurs> {
        let mut reader = Self { decoder: Decoder::new(bytes) };
        if reader.decoder.map()? != Some(fields) {
            return Err(NotOurs);
        }
        if reader.key(0)?.uint()? != VERSION {
            return Err(NotOurs);
        }
        Ok(reader)
    }

    /// The next key must be this one.
    pub(crate) fn key(&mut self, key: u64) -> Result<&mut Self, NotOurs> {
        if self.decoder.u64()? == key { Ok(self) } else { Err(NotOurs) }
    }

    /// An unsigned number.
    pub(crate) fn uint(&mut self) -> Result<u64, NotOurs> {
        Ok(self.decoder.u64()?)
    }

    /// An unsigned number that fits its type.
    pub(crate) fn number<T: TryFrom<u64>>(&mut self) -> Result<T, NotOurs> {
        T::try_from(self.uint()?).map_err(|_| NotOurs)
    }

    /// A byte string.
    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], NotOurs> {
        Ok(self.decoder.bytes()?)
    }

    /// A byte string of exactly `N` bytes.
    pub(crate) fn exactly<const N: usize>(&mut self) -> Result<[u8; N], NotOurs> {
        self.bytes()?.try_into().map_err(|_| NotOurs)
    }

    /// A text.
    pub(crate) fn text(&mut self) -> Result<&'b str, NotOurs> {
        Ok(self.decoder.str()?)
    }

    /// The number of items of an array; no more than the bytes left could hold, so it bounds an allocation.
    pub(crate) fn array(&mut self) -> Result<usize, NotOurs> {
        let count = self.decoder.array()?.ok_or(NotOurs)?;
        let left = self.decoder.input().len().saturating_sub(self.decoder.position());
        usize::try_from(count).ok().filter(|count| *count <= left).ok_or(NotOurs)
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Result<(), NotOurs> {
        if self.decoder.position() == self.decoder.input().len() { Ok(()) } else { Err(NotOurs) }
    }
}

impl From<minicbor::decode::Error> for NotOurs {
    fn from(_: minicbor::decode::Error) -> Self {
        Self
    }
}

impl From<model::Malformed> for NotOurs {
    fn from(_: model::Malformed) -> Self {
        Self
    }
}

/// Cuts fields of fixed length off the front of clear bytes; the caller says what a short end means.
pub(crate) struct Cut<'b>(pub(crate) &'b [u8]);

impl<'b> Cut<'b> {
    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// One byte.
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A big-endian u16.
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// A big-endian u32.
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A big-endian u64.
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_written_in_their_shortest_form() {
        for value in [0, 23, 24, 255, 256, 65_535, 65_536, u64::from(u32::MAX), 1 << 32, u64::MAX] {
            let mut writer = Writer::map(2, 64);
            writer.key(1).uint(value);
            let ours = writer.finish();
            let mut theirs = Vec::new();
            let mut encoder = minicbor::Encoder::new(&mut theirs);
            encoder.map(2).unwrap().u8(0).unwrap().u8(1).unwrap().u8(1).unwrap().u64(value).unwrap();
            assert_eq!(*ours, theirs);
        }
    }

    #[test]
    fn another_version_or_shape_is_not_ours() {
        let bytes = Writer::map(1, 8).finish();
        assert!(Reader::map(&bytes, 1).unwrap().end().is_ok());
        assert!(Reader::map(&bytes, 2).is_err());
        assert!(Reader::map(&[0xa1, 0, 2], 1).is_err());
        assert!(Reader::map(&[], 1).is_err());
        let mut reader = Reader::map(&[0xa2, 0, 1, 1, 0x9a, 0xff, 0xff, 0xff, 0xff], 2).unwrap();
        assert!(reader.key(1).unwrap().array().is_err(), "a count that no bytes back allocates nothing");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(mut reader) = Reader::map(&bytes, 3) {
                let _ = reader.array();
                let _ = reader.bytes();
                let _ = reader.text();
                let _ = reader.end();
            }
        }
    }
}
