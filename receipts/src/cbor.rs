//! Deterministic CBOR (RFC 8949 4.2.1), the few kinds that proofs use. No floats, no tags inside, no depth.
//!
//! The reader takes only what the writer would have written, so a value has one encoding and what was read
//! is never encoded again.

use crate::Error;

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const NULL: u8 = 0xf6;

/// Appends items to a buffer. Arrays and maps are announced by their length; the caller keeps the order.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    fn head(mut self, major: u8, value: u64) -> Self {
        let major = major << 5;
        let bytes = value.to_be_bytes();
        match value {
            0..=23 => self.0.push(major | (value as u8)),
            24..=0xff => self.0.extend([major | 24, value as u8]),
            0x100..=0xffff => {
                self.0.push(major | 25);
                self.0.extend((value as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.0.push(major | 26);
                self.0.extend((value as u32).to_be_bytes());
            }
            _ => {
                self.0.push(major | 27);
                self.0.extend(bytes);
            }
        }
        self
    }

    pub fn unsigned(self, value: u64) -> Self {
        self.head(UNSIGNED, value)
    }

    pub fn int(self, value: i64) -> Self {
        match u64::try_from(value) {
            Ok(value) => self.head(UNSIGNED, value),
            // -1 - value of a negative number is its bitwise complement.
            Err(_) => self.head(NEGATIVE, (!value) as u64),
        }
    }

    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.head(BYTES, bytes.len() as u64).raw(bytes)
    }

    pub fn text(self, text: &str) -> Self {
        self.head(TEXT, text.len() as u64).raw(text.as_bytes())
    }

    pub fn array(self, items: usize) -> Self {
        self.head(ARRAY, items as u64)
    }

    pub fn map(self, entries: usize) -> Self {
        self.head(MAP, entries as u64)
    }

    pub fn tag(self, number: u64) -> Self {
        self.head(TAG, number)
    }

    pub fn null(mut self) -> Self {
        self.0.push(NULL);
        self
    }

    /// Items that were written before.
    pub fn item(self, encoded: &[u8]) -> Self {
        self.raw(encoded)
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn end(self) -> Vec<u8> {
        self.0
    }
}

/// Reads items from the front of a slice; every error names what was being read.
pub struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    pub fn fault(&self, why: &'static str) -> Error {
        Error::cbor(self.what, why)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(self.fault("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self, count: usize, least: u64) -> Result<u64, Error> {
        let value = self.take(count)?.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        match value >= least {
            true => Ok(value),
            false => Err(self.fault("a number is not in its shortest form")),
        }
    }

    fn head(&mut self) -> Result<(u8, u64), Error> {
        let first = self.take(1)?.first().copied().unwrap_or_default();
        let value = match first & 31 {
            small @ 0..=23 => u64::from(small),
            24 => self.number(1, 24)?,
            25 => self.number(2, 1 << 8)?,
            26 => self.number(4, 1 << 16)?,
            27 => self.number(8, 1 << 32)?,
            _ => return Err(self.fault("a length is left open")),
        };
        Ok((first >> 5, value))
    }

    fn expect(&mut self, major: u8) -> Result<u64, Error> {
        match self.head()? {
            (found, value) if found == major => Ok(value),
            _ => Err(self.fault("an item is of another type")),
        }
    }

    pub fn unsigned(&mut self) -> Result<u64, Error> {
        self.expect(UNSIGNED)
    }

    pub fn int(&mut self) -> Result<i64, Error> {
        let (major, value) = self.head()?;
        let value = i64::try_from(value).map_err(|_| self.fault("a number is too large"))?;
        match major {
            UNSIGNED => Ok(value),
            NEGATIVE => Ok(!value),
            _ => Err(self.fault("an item is of another type")),
        }
    }

    /// The next item must be this number: a map's key, a fixed value.
    pub fn exactly(&mut self, value: i64) -> Result<(), Error> {
        match self.int()? == value {
            true => Ok(()),
            false => Err(self.fault("another label or value stands where one is fixed")),
        }
    }

    /// The next item must be this text.
    pub fn exactly_text(&mut self, text: &str) -> Result<(), Error> {
        match self.text(text.len())? == text {
            true => Ok(()),
            false => Err(self.fault("another label or value stands where one is fixed")),
        }
    }

    fn string(&mut self, major: u8, bytes_max: usize) -> Result<&'a [u8], Error> {
        let length = self.expect(major)?;
        match usize::try_from(length) {
            Ok(length) if length <= bytes_max => self.take(length),
            _ => Err(Error::TooLong { what: self.what, bytes_max }),
        }
    }

    pub fn bytes(&mut self, bytes_max: usize) -> Result<&'a [u8], Error> {
        self.string(BYTES, bytes_max)
    }

    pub fn bytes_of<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let found = self.bytes(N)?;
        found.try_into().map_err(|_| self.fault("a byte string has another length"))
    }

    pub fn text(&mut self, bytes_max: usize) -> Result<&'a str, Error> {
        let bytes = self.string(TEXT, bytes_max)?;
        std::str::from_utf8(bytes).map_err(|_| self.fault("a text is not UTF-8"))
    }

    fn counted(&mut self, major: u8, least: usize, most: usize) -> Result<usize, Error> {
        let count = self.expect(major)?;
        match usize::try_from(count) {
            Ok(count) if (least..=most).contains(&count) => Ok(count),
            _ => Err(self.fault("an array or map has another number of items")),
        }
    }

    pub fn array(&mut self, least: usize, most: usize) -> Result<usize, Error> {
        self.counted(ARRAY, least, most)
    }

    pub fn map(&mut self, entries: usize) -> Result<(), Error> {
        self.counted(MAP, entries, entries).map(drop)
    }

    pub fn tag(&mut self, number: u64) -> Result<(), Error> {
        match self.expect(TAG)? == number {
            true => Ok(()),
            false => Err(self.fault("it has another tag")),
        }
    }

    pub fn null(&mut self) -> Result<(), Error> {
        match self.take(1)? {
            [NULL] => Ok(()),
            _ => Err(self.fault("something is attached that belongs outside")),
        }
    }

    pub fn end(self) -> Result<(), Error> {
        match self.rest.is_empty() {
            true => Ok(()),
            false => Err(self.fault("bytes follow its end")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_library_reads_what_is_written() {
        let mut items = Writer::new().array(12);
        let numbers =
            [0, 23, 24, 255, 256, 65_535, 65_536, i64::from(u32::MAX), 1 << 32, i64::MAX, -1, i64::MIN];
        for number in numbers {
            items = items.int(number);
        }
        let bytes = items.end();
        let read: Vec<i64> = ciborium::from_reader(&bytes[..]).unwrap();
        assert_eq!(read, numbers);
        let mut again = Vec::new();
        ciborium::into_writer(&read, &mut again).unwrap();
        assert_eq!(again, bytes);
        let mut reader = Reader::new(&bytes, "test");
        assert_eq!(reader.array(0, 12), Ok(12));
        for number in numbers {
            assert_eq!(reader.int(), Ok(number));
        }
        assert_eq!(reader.end(), Ok(()));
    }

    #[test]
    fn a_second_form_of_the_same_value_is_refused() {
        for bytes in [
            &[0x18, 23][..],
            &[0x19, 0, 255],
            &[0x1a, 0, 0, 255, 255],
            &[0x1b, 0, 0, 0, 0, 255, 255, 255, 255],
            &[0x1c],
            &[0x1f],
            &[0x3b, 255, 255, 255, 255, 255, 255, 255, 255],
            &[],
            &[0x19, 1],
        ] {
            assert!(Reader::new(bytes, "test").int().is_err(), "{bytes:?}");
        }
        // Indefinite lengths, and lengths beyond what is there or allowed.
        assert!(Reader::new(&[0x5f, 0x41, 0, 0xff], "test").bytes(9).is_err());
        assert!(Reader::new(&[0x9f, 0xff], "test").array(0, 9).is_err());
        assert!(Reader::new(&[0x43, 0, 0], "test").bytes(9).is_err());
        assert!(Reader::new(&[0x43, 0, 0, 0], "test").bytes(2).is_err());
        assert!(
            Reader::new(&[0x5b, 255, 255, 255, 255, 255, 255, 255, 255], "test").bytes(usize::MAX).is_err()
        );
        assert!(Reader::new(&[0x62, 0xc3, 0x28], "test").text(9).is_err());
        assert!(Reader::new(&[0], "test").end().is_err());
    }
}
