//! The few kinds of deterministic CBOR (RFC 8949 §4.2.1) that slot and secret files use. Not a CBOR library:
//! unsigned numbers, byte strings, arrays and maps of known shape, in their shortest form and nothing else.

const NUMBER: u8 = 0;
const BYTES: u8 = 2;
const ARRAY: u8 = 4;
const MAP: u8 = 5;

/// Writes items one after the other; that an array or map gets as many as it says is the caller's.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn map(&mut self, entries: u64) {
        self.head(MAP, entries);
    }

    pub(crate) fn array(&mut self, items: u64) {
        self.head(ARRAY, items);
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.head(NUMBER, number);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.head(BYTES, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    /// RFC 8949 §3: three bits of kind, then the shortest form of the number.
    fn head(&mut self, kind: u8, number: u64) {
        let kind = kind << 5;
        let [.., b4, b5, b6, b7] = number.to_be_bytes();
        match number {
            0..=23 => self.0.push(kind | b7),
            24..=0xff => self.0.extend_from_slice(&[kind | 24, b7]),
            0x100..=0xffff => self.0.extend_from_slice(&[kind | 25, b6, b7]),
            0x1_0000..=0xffff_ffff => self.0.extend_from_slice(&[kind | 26, b4, b5, b6, b7]),
            _ => {
                self.0.push(kind | 27);
                self.0.extend_from_slice(&number.to_be_bytes());
            }
        }
    }
}

/// Reads items; every answer is nothing where the item is of another kind, not in its shortest form, or cut off.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn map(&mut self) -> Option<u64> {
        self.head(MAP)
    }

    pub(crate) fn array(&mut self) -> Option<u64> {
        self.head(ARRAY)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        self.head(NUMBER)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.head(BYTES)?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn bytes_exact<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes()?.try_into().ok()
    }

    /// Whether everything is read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    fn head(&mut self, kind: u8) -> Option<u64> {
        let (&first, rest) = self.0.split_first()?;
        if first >> 5 != kind {
            return None;
        }
        let (number, least, rest) = match first & 0x1f {
            small @ 0..=23 => (u64::from(small), 0, rest),
            24 => big_endian::<1>(rest, 24)?,
            25 => big_endian::<2>(rest, 0x100)?,
            26 => big_endian::<4>(rest, 0x1_0000)?,
            27 => big_endian::<8>(rest, 0x1_0000_0000)?,
            _ => return None,
        };
        self.0 = rest;
        (number >= least).then_some(number)
    }
}

fn big_endian<const N: usize>(bytes: &[u8], least: u64) -> Option<(u64, u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<N>()?;
    Some((number.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), least, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 8949 Appendix A.
    #[test]
    fn numbers_are_written_as_in_the_rfc() {
        for (number, hex) in [
            (0, vec![0x00]),
            (23, vec![0x17]),
            (24, vec![0x18, 0x18]),
            (1000, vec![0x19, 0x03, 0xe8]),
            (1_000_000, vec![0x1a, 0x00, 0x0f, 0x42, 0x40]),
            (1_000_000_000_000, vec![0x1b, 0x00, 0x00, 0x00, 0xe8, 0xd4, 0xa5, 0x10, 0x00]),
        ] {
            let mut writer = Writer::default();
            writer.number(number);
            assert_eq!(writer.finish(), hex);
            assert_eq!(Reader::new(&hex).number(), Some(number));
        }
    }

    #[test]
    fn a_longer_form_of_a_number_is_refused() {
        for hex in [
            vec![0x18, 0x17],
            vec![0x19, 0x00, 0xff],
            vec![0x1a, 0x00, 0x00, 0xff, 0xff],
            vec![0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
            vec![0x1f],
            vec![0x1c],
        ] {
            assert_eq!(Reader::new(&hex).number(), None, "{hex:x?}");
        }
    }

    #[test]
    fn a_byte_string_longer_than_the_file_is_refused() {
        assert_eq!(Reader::new(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).bytes(), None);
        assert_eq!(Reader::new(&[0x42, 1]).bytes(), None);
        assert_eq!(Reader::new(&[0x42, 1, 2]).bytes_exact::<3>(), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, bytes: Vec<u8>) {
            let mut writer = Writer::default();
            writer.map(1);
            writer.number(number);
            writer.bytes(&bytes);
            let written = writer.finish();
            let mut reader = Reader::new(&written);
            prop_assert_eq!(reader.array(), None);
            let mut reader_again = Reader::new(&written);
            prop_assert_eq!(reader_again.map(), Some(1));
            prop_assert_eq!(reader_again.number(), Some(number));
            prop_assert_eq!(reader_again.bytes(), Some(bytes.as_slice()));
            prop_assert!(reader_again.is_at_end());
        }
    }
}
