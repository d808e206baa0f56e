//! What is read on `counterfoil-renew/1`: two messages of the main set and nothing else, shorter than there. A hello
//! brings what the answer is judged by: root records and trust bundle of a device that slept long.

use crate::codec::Reader;
use crate::frame::{self, HEAD_BYTES};
use crate::message::{Hello, NO_NUMBER, RENEW_MESSAGE_BYTES_MAX, Renew};
use crate::{Message, WireError};

/// What a device may ask there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// What the gateway has for it. Answer: welcome.
    Hello(Hello),
    /// New certificates. Answer: renewed.
    Renew(Renew),
}

/// How long the body is that this head announces.
///
/// # Errors
/// [`WireError::TooLong`] beyond [`RENEW_MESSAGE_BYTES_MAX`].
pub fn body_bytes(head: [u8; HEAD_BYTES]) -> Result<usize, WireError> {
    frame::bounded(head, RENEW_MESSAGE_BYTES_MAX)
}

/// Reads the body of a frame. The number decides before any member is looked at.
///
/// # Errors
/// Bytes that are not strict; any other message.
pub fn read(body: &[u8]) -> Result<Asked, WireError> {
    let mut input = Reader::checked(body)?;
    input.map()?.checked_sub(1).ok_or(NO_NUMBER)?;
    match (input.uint()?, input.uint().map_err(|_| NO_NUMBER)?) {
        (0, 8 | 12) => {}
        (0, number) => return Err(WireError::UnknownMessage { number }),
        _ => return Err(NO_NUMBER),
    }
    match Message::from_bytes(body)? {
        Message::Hello(hello) => Ok(Asked::Hello(hello)),
        Message::Renew(renew) => Ok(Asked::Renew(renew)),
        other => Err(WireError::Unexpected { wanted: "Renew", got: other.name() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Books, Confirm};
    use crate::{Bytes, List, Text};

    #[test]
    fn nothing_but_a_hello_and_a_renewal_is_read() {
        let hello = Hello {
            versions: List::new(vec![1]).unwrap(),
            software: Text::new("x").unwrap(),
            root_record: 1,
            bundle: None,
            platform: None,
            key_store: None,
        };
        assert_eq!(read(&Message::from(hello.clone()).to_bytes()), Ok(Asked::Hello(hello)));
        let renew = Renew { renew: Bytes::new(b"renew").unwrap(), announcement: None };
        assert_eq!(read(&Message::from(renew.clone()).to_bytes()), Ok(Asked::Renew(renew)));
        for other in [Message::from(Books {}), Confirm { accept: true }.into()] {
            assert!(matches!(read(&other.to_bytes()), Err(WireError::UnknownMessage { .. })), "{other:?}");
        }
        for garbage in [&b""[..], b"\xa0", b"\xff", b"\xa1\x01\x08"] {
            assert!(read(garbage).is_err());
        }
        assert!(body_bytes([0, 1, 0, 0]).is_err());
        let largest = u32::try_from(RENEW_MESSAGE_BYTES_MAX).unwrap();
        assert!(body_bytes(largest.to_be_bytes()).is_ok());
    }
}
