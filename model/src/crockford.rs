//! Crockford base32, as people read it out: capitals and digits, O read as 0, I and L as 1.
//! Not for the wire or the disk, where ids are 16 raw bytes.

use crate::Malformed;

/// The 32 symbols, in the order of their values.
pub const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Writes `bytes` as symbols of five bits each, most significant first, the last one filled with zero bits.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            out.push(symbol((bits >> held & 31) as u8));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        out.push(symbol((bits << (5 - held) & 31) as u8));
    }
    out
}

/// The symbol for a value below 32; larger values wrap.
pub fn symbol(value: u8) -> char {
    char::from(SYMBOLS.get(usize::from(value & 31)).copied().unwrap_or(b'0'))
}

/// The value of one typed symbol, or `None`. Case does not matter, O is 0, I and L are 1, and full-width
/// forms count as their narrow ones.
pub fn value(typed: char) -> Option<u8> {
    let narrow = match typed {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(typed as u32 - 0xFEE0)?,
        other => other,
    };
    let folded = match narrow.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    SYMBOLS.iter().position(|symbol| char::from(*symbol) == folded).and_then(|at| u8::try_from(at).ok())
}

/// Whether people put this between groups: spaces and dashes of any kind.
pub fn is_separator(typed: char) -> bool {
    typed.is_whitespace()
        || matches!(
            typed,
            '-' | '_' | '\u{2010}'
                ..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' | '\u{30FC}' | '\u{00B7}'
        )
}

/// Reads `N` bytes back; separators are skipped.
///
/// # Errors
/// A symbol outside the alphabet, another length, or fill bits that are not zero.
pub fn decode<const N: usize>(text: &str, what: &'static str) -> Result<[u8; N], Malformed> {
    let mut out = [0u8; N];
    let (mut bits, mut held, mut at) = (0u32, 0u32, 0usize);
    for typed in text.chars().filter(|typed| !is_separator(*typed)) {
        let value = value(typed).ok_or(Malformed::new(what, "it has a symbol outside 0-9 A-Z"))?;
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            let slot = out.get_mut(at).ok_or(Malformed::new(what, "it is too long"))?;
            *slot = (bits >> held & 255) as u8;
            at += 1;
            bits &= (1 << held) - 1;
        }
    }
    match (at == N, held < 5 && bits == 0) {
        (true, true) => Ok(out),
        (false, _) => Err(Malformed::new(what, "it is too short")),
        (true, false) => Err(Malformed::new(what, "its last symbol is wrong")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_type_is_read_as_meant() {
        let id = [0x11u8; 16];
        let shown = encode(&id);
        assert_eq!(shown.len(), 26);
        let typed: String = shown.to_lowercase().replace('1', "l").replace('0', "o");
        assert_eq!(decode::<16>(&typed, "id"), Ok(id));
        let spaced = format!("{}\u{2014}{} ", &shown[..5], &shown[5..]);
        assert_eq!(decode::<16>(&spaced, "id"), Ok(id));
    }

    #[test]
    fn fill_bits_are_zero() {
        let mut shown = encode(&[0u8; 16]);
        shown.pop();
        shown.push('1');
        assert!(decode::<16>(&shown, "id").is_err());
    }

    proptest! {
        #[test]
        fn reads_back_what_it_writes(id: [u8; 16]) {
            prop_assert_eq!(decode::<16>(&encode(&id), "id"), Ok(id));
        }
    }
}
