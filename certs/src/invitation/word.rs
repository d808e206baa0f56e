//! The long form: CF1 and Crockford base32 of version, number, secret, pin, end, port, host and a CRC.

use model::{InvitationId, Malformed, Pin, Timestamp, crockford};
use zeroize::Zeroizing;

use super::{HOST_BYTES_MAX, Invitation, Secret, TypedError, check_host};

/// The values of the symbols C, F and 1.
pub(super) const PREFIX: [u8; 3] = [12, 15, 1];

const VERSION: u8 = 1;

/// Bytes before the host.
const FIXED_BYTES: usize = 1 + 15 + 16 + 4 + 2 + 1;

pub(super) fn write(invitation: &Invitation) -> Result<Zeroizing<String>, Malformed> {
    check_host(&invitation.host)?;
    let expires = u32::try_from(invitation.expires.unix_seconds());
    let expires =
        expires.map_err(|_| Malformed::new("end of an invitation", "it lies beyond the year 2105"))?;
    let bits = Zeroizing::new((u128::from(invitation.id.get()) << 85 | invitation.secret.bits()) << 5);
    let mut bytes = Zeroizing::new(Vec::with_capacity(FIXED_BYTES + invitation.host.len() + 2));
    bytes.push(VERSION);
    bytes.extend(bits.to_be_bytes().iter().skip(1));
    bytes.extend(invitation.pin.as_bytes());
    bytes.extend(expires.to_be_bytes());
    bytes.extend(invitation.port.to_be_bytes());
    bytes.push(invitation.host.len() as u8);
    bytes.extend(invitation.host.as_bytes());
    let crc = crc16(&bytes);
    bytes.extend(crc.to_be_bytes());
    let symbols = Zeroizing::new(crockford::encode(&bytes));
    let mut out = Zeroizing::new(String::with_capacity(3 + symbols.len()));
    out.push_str("CF1");
    out.push_str(&symbols);
    Ok(out)
}

pub(super) fn read(symbols: &[u8]) -> Result<Invitation, TypedError> {
    let bytes = bytes(symbols.get(PREFIX.len()..).unwrap_or_default()).ok_or(TypedError::Damaged)?;
    if bytes.len() > FIXED_BYTES + HOST_BYTES_MAX + 2 {
        return Err(TypedError::TooLong);
    }
    let (body, crc) = bytes.split_last_chunk::<2>().ok_or(TypedError::Damaged)?;
    if crc16(body) != u16::from_be_bytes(*crc) {
        return Err(TypedError::Damaged);
    }
    read_body(body).ok_or(match body.first() {
        Some(version) if *version != VERSION => TypedError::Version,
        _ => TypedError::Damaged,
    })
}

fn read_body(body: &[u8]) -> Option<Invitation> {
    let (version, rest) = body.split_first_chunk::<1>()?;
    let (number, rest) = rest.split_first_chunk::<15>()?;
    let (pin, rest) = rest.split_first_chunk::<16>()?;
    let (expires, rest) = rest.split_first_chunk::<4>()?;
    let (port, rest) = rest.split_first_chunk::<2>()?;
    let (host_bytes, host) = rest.split_first()?;
    let bits = Zeroizing::new(number.iter().fold(0u128, |bits, byte| bits << 8 | u128::from(*byte)));
    let host = std::str::from_utf8(host).ok()?;
    let plain = version == &[VERSION] && *bits & 31 == 0 && usize::from(*host_bytes) == host.len();
    if !plain || check_host(host).is_err() {
        return None;
    }
    Some(Invitation {
        id: InvitationId::new(u32::try_from(*bits >> 90).ok()?).ok()?,
        secret: Secret::from_bits(*bits >> 5 & ((1 << 85) - 1)),
        pin: Pin::from_bytes(*pin),
        expires: Timestamp::from_unix_seconds(u32::from_be_bytes(*expires).into()),
        host: host.to_owned(),
        port: u16::from_be_bytes(*port),
    })
}

/// Whole bytes; the bits that fill the last symbol are zero and fewer than five.
fn bytes(symbols: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(symbols.len()));
    let (mut bits, mut held) = (0u32, 0u32);
    for value in symbols {
        bits = bits << 5 | u32::from(*value);
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 255) as u8);
            bits &= (1 << held) - 1;
        }
    }
    (bits == 0 && held < 5).then_some(out)
}

/// CRC-16/IBM-3740: polynomial 0x1021, begins with 0xffff, nothing reflected. Against slips, not against people.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => crc << 1 ^ 0x1021,
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_crc_is_the_catalogued_one() {
        // The check value of CRC-16/IBM-3740 in the catalogue of parametrised CRC algorithms.
        assert_eq!(super::crc16(b"123456789"), 0x29b1);
    }
}
