//! DER by hand: whatever a certificate can be made of, right or wrong. Reads nothing.

use certs::PrivateKey;
use model::Timestamp;

/// An element: its tag and what is in it.
pub fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [vec![tag], length(content.len()), content].concat()
}

/// The shortest length, as DER wants it.
pub fn length(length: usize) -> Vec<u8> {
    let bytes: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    match bytes.as_slice() {
        [] => vec![0],
        [short @ 0..0x80] => vec![*short],
        long => [&[0x80 | u8::try_from(long.len()).expect("a length")], long].concat(),
    }
}

/// A SEQUENCE.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}

/// An object identifier from its encoded arcs.
pub fn oid(arcs: &[u8]) -> Vec<u8> {
    tlv(0x06, &[arcs])
}

/// An INTEGER that is not negative.
pub fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    let digits = &bytes[start..];
    let sign: &[u8] = if digits[0] & 0x80 == 0 { &[] } else { &[0] };
    tlv(0x02, &[sign, digits])
}

/// A BIT STRING of whole bytes.
pub fn bits(bytes: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], bytes])
}

/// A Name of one common name, UTF-8.
pub fn name(common_name: &[u8]) -> Vec<u8> {
    let attribute = sequence(&[&oid(&[0x55, 0x04, 0x03]), &tlv(0x0c, &[common_name])]);
    sequence(&[&tlv(0x31, &[&attribute])])
}

/// UTCTime, as times up to 2049 must be written.
pub fn utc(time: Timestamp) -> Vec<u8> {
    tlv(0x17, &[&text(time).as_bytes()[2..]])
}

/// GeneralizedTime, as only times from 2050 may be written.
pub fn generalized(time: Timestamp) -> Vec<u8> {
    tlv(0x18, &[text(time).as_bytes()])
}

/// `YYYYMMDDhhmmssZ`.
fn text(time: Timestamp) -> String {
    let seconds = time.unix_seconds();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant's civil_from_days, for days since 1970.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month, year) =
        (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 }, year + era * 400);
    let year = if month <= 2 { year + 1 } else { year };
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// ecdsa-with-SHA256 as an AlgorithmIdentifier.
pub fn ecdsa_sha256() -> Vec<u8> {
    sequence(&[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02])])
}

/// An ecdsa-with-SHA256 signature, as certificates carry it.
///
/// # Panics
/// The machine is broken.
pub fn signature(by: &PrivateKey, message: &[u8]) -> Vec<u8> {
    let signature = by.sign_es256(message).expect("a signature");
    let (r, s) = signature.split_at(32);
    bits(&sequence(&[&integer(r), &integer(s)]))
}
