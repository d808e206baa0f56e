//! Strict CBOR for what this crate signs and hashes: written in one way, read in that way only.
//!
//! Our subset of RFC 8949: unsigned integers, byte and text strings, arrays, maps with rising unsigned keys;
//! deterministic (section 4.2.1). No tags, floats or null, so every value has one encoding. Unknown keys of a
//! map are skipped: what is signed is the bytes as they came, never a second encoding.

use minicbor::Decoder;
use minicbor::decode::Error as DecodeError;
use model::Malformed;

/// How deep arrays and maps may nest; ours need four.
const DEPTH_MAX: u32 = 6;

/// Writes CBOR; cannot fail.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn array(&mut self, items: usize) -> &mut Self {
        self.head(4, items as u64)
    }

    pub(crate) fn map(&mut self, pairs: usize) -> &mut Self {
        self.head(5, pairs as u64)
    }

    pub(crate) fn uint(&mut self, value: u64) -> &mut Self {
        self.head(0, value)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.head(2, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.head(3, text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// An array of byte strings.
    pub(crate) fn list(&mut self, items: &[impl AsRef<[u8]>]) -> &mut Self {
        self.array(items.len());
        for item in items {
            self.bytes(item.as_ref());
        }
        self
    }

    pub(crate) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }

    fn head(&mut self, major: u8, value: u64) -> &mut Self {
        let major = major << 5;
        let wide = value.to_be_bytes();
        let (info, bytes) = match value {
            0..=23 => (value as u8, 0),
            24..=0xff => (24, 1),
            0x100..=0xffff => (25, 2),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 8),
        };
        self.0.push(major | info);
        self.0.extend(wide.iter().skip(8 - bytes));
        self
    }
}

/// Reads one map that is the whole of `bytes`: `each` is given every key and reads its value; it answers
/// [`Seen::Unknown`] for a key that it does not know, which is then skipped.
///
/// # Errors
/// Too long, not strict, or what `each` says.
pub(crate) fn read_map<'b>(
    what: &'static str,
    bytes: &'b [u8],
    bytes_max: usize,
    each: &mut dyn FnMut(u64, &mut Decoder<'b>) -> Result<Seen, DecodeError>,
) -> Result<(), Malformed> {
    check(what, bytes, bytes_max)?;
    fields(&mut Decoder::new(bytes), each)
        .map_err(|_| Malformed::new(what, "a member is not what it should be"))
}

/// Reads one array of exactly `N` byte strings that is the whole of `bytes`.
///
/// # Errors
/// Too long, not strict, another count, or a member that is no byte string.
pub(crate) fn read_list<'b, const N: usize>(
    what: &'static str,
    bytes: &'b [u8],
    bytes_max: usize,
) -> Result<[&'b [u8]; N], Malformed> {
    check(what, bytes, bytes_max)?;
    let items = byte_list(&mut Decoder::new(bytes), N);
    let items = items.map_err(|_| Malformed::new(what, "it is not an array of byte strings"))?;
    items.try_into().map_err(|_| Malformed::new(what, "it has another number of members"))
}

/// Whether a reader knows a key.
pub(crate) enum Seen {
    Known,
    Unknown,
}

/// The members of a map, at the decoder's place; only after [`check`].
pub(crate) fn fields<'b>(
    decoder: &mut Decoder<'b>,
    each: &mut dyn FnMut(u64, &mut Decoder<'b>) -> Result<Seen, DecodeError>,
) -> Result<(), DecodeError> {
    let pairs = decoder.map()?.ok_or(DecodeError::message("indefinite"))?;
    for _ in 0..pairs {
        let key = decoder.u64()?;
        if let Seen::Unknown = each(key, decoder)? {
            decoder.skip()?;
        }
    }
    Ok(())
}

/// A byte string of exactly `N` bytes.
pub(crate) fn fixed<const N: usize>(decoder: &mut Decoder<'_>) -> Result<[u8; N], DecodeError> {
    decoder.bytes()?.try_into().map_err(|_| DecodeError::message("length"))
}

/// A text of at most `bytes_max` bytes.
pub(crate) fn short_text<'b>(decoder: &mut Decoder<'b>, bytes_max: usize) -> Result<&'b str, DecodeError> {
    let text = decoder.str()?;
    match text.len() <= bytes_max {
        true => Ok(text),
        false => Err(DecodeError::message("too long")),
    }
}

/// An array of at most `items_max` byte strings.
pub(crate) fn byte_list<'b>(
    decoder: &mut Decoder<'b>,
    items_max: usize,
) -> Result<Vec<&'b [u8]>, DecodeError> {
    array(decoder, items_max, &mut |decoder| decoder.bytes())
}

/// An array of at most `items_max` items.
pub(crate) fn array<'b, T>(
    decoder: &mut Decoder<'b>,
    items_max: usize,
    each: &mut dyn FnMut(&mut Decoder<'b>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = decoder.array()?.ok_or(DecodeError::message("indefinite"))?;
    let count = usize::try_from(count).map_err(|_| DecodeError::message("count"))?;
    if count > items_max {
        return Err(DecodeError::message("too many"));
    }
    (0..count).map(|_| each(decoder)).collect()
}

/// Whether `bytes` are exactly one item of our subset.
///
/// # Errors
/// Longer than `bytes_max`, bytes left over, or anything that is not strict.
pub(crate) fn check(what: &'static str, bytes: &[u8], bytes_max: usize) -> Result<(), Malformed> {
    if bytes.len() > bytes_max {
        return Err(Malformed::new(what, "it is too long"));
    }
    let mut walk = Walk { rest: bytes };
    match walk.item(0) {
        Some(()) if walk.rest.is_empty() => Ok(()),
        Some(()) => Err(Malformed::new(what, "bytes follow its end")),
        None => Err(Malformed::new(what, "it is not strict CBOR")),
    }
}

struct Walk<'a> {
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    /// One item. Any announced count is safe: each item takes at least one byte of `rest`.
    fn item(&mut self, depth: u32) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        let (major, value) = self.head()?;
        match major {
            0 => Some(()),
            2 => self.take(value).map(|_| ()),
            3 => std::str::from_utf8(self.take(value)?).ok().map(|_| ()),
            4 => (0..value).try_for_each(|_| self.item(depth + 1)),
            5 => self.map(value, depth),
            _ => None,
        }
    }

    fn map(&mut self, pairs: u64, depth: u32) -> Option<()> {
        let mut last = None;
        for _ in 0..pairs {
            let (major, key) = self.head()?;
            if major != 0 || last.is_some_and(|last| last >= key) {
                return None;
            }
            last = Some(key);
            self.item(depth + 1)?;
        }
        Some(())
    }

    /// Major type and argument in the shortest form.
    fn head(&mut self) -> Option<(u8, u64)> {
        let first = *self.take(1)?.first()?;
        let (bytes, least) = match first & 31 {
            value @ 0..=23 => return Some((first >> 5, u64::from(value))),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return None,
        };
        let value = self.take(bytes)?.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        (value >= least).then_some((first >> 5, value))
    }

    fn take(&mut self, bytes: u64) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(usize::try_from(bytes).ok()?)?;
        self.rest = rest;
        Some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_one_encoding_is_read() {
        for (bytes, why) in [
            (&[0x18, 0x05][..], "long head"),
            (&[0xa2, 0x01, 0x00, 0x01, 0x00], "key twice"),
            (&[0xa2, 0x02, 0x00, 0x01, 0x00], "keys fall"),
            (&[0x9f, 0xff], "indefinite"),
            (&[0xf6], "null"),
            (&[0xc0, 0x00], "tag"),
            (&[0x00, 0x00], "left over"),
            (&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "endless"),
            (&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "endless array"),
            (&[0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x00], "deep"),
            (&[0x61, 0xff], "not UTF-8"),
            (&[], "empty"),
        ] {
            assert!(check("test", bytes, 64).is_err(), "{why}");
        }
    }

    #[test]
    fn an_unknown_key_is_skipped() {
        let bytes = Writer::default().map(2).uint(1).uint(7).uint(9).array(1).text("later").finish();
        let mut one = 0;
        read_map("test", &bytes, 64, &mut |key, decoder| match key {
            1 => {
                one = decoder.u64()?;
                Ok(Seen::Known)
            }
            _ => Ok(Seen::Unknown),
        })
        .unwrap();
        assert_eq!(one, 7);
    }

    proptest! {
        #[test]
        fn what_is_written_is_strict(value: u64, bytes in prop::collection::vec(any::<u8>(), 0..400), text in ".{0,40}") {
            let out = Writer::default().map(3).uint(0).uint(value).uint(1).bytes(&bytes).uint(2).array(1).text(&text).finish();
            prop_assert!(check("test", &out, 4096).is_ok());
            let mut decoder = Decoder::new(&out);
            decoder.map().unwrap();
            decoder.u64().unwrap();
            prop_assert_eq!(decoder.u64().unwrap(), value);
        }

        #[test]
        fn foreign_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = check("test", &bytes, 4096);
        }
    }
}
