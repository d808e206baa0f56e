//! The invitation: a public number and an 85-bit secret, as one word to paste or as 25 symbols to type, and the
//! three keys that follow from them. Who was invited to what is the registry's.

pub(crate) mod check;
mod code;
mod keys;
mod word;

use model::{InvitationId, Malformed, Pin, Timestamp, crockford};
use zeroize::Zeroizing;

pub use keys::{DecoySecret, InvitationKeys};
pub(crate) use keys::{hmac_sha256, verify_hmac_sha256};

use crate::CertsError;

/// Longest host name in an invitation, in bytes (RFC 1035 section 2.3.4, without the last dot).
pub const HOST_BYTES_MAX: usize = 253;

/// Symbols of the typed form: number 6, secret 17, check 2.
pub const CODE_SYMBOLS: usize = 25;

/// The 85 bits that both sides prove and neither sends: left-aligned in 11 bytes, the last 3 bits zero.
pub struct Secret(Zeroizing<[u8; 11]>);

impl Secret {
    /// Draws one.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`].
    pub fn random() -> Result<Self, CertsError> {
        let mut bytes = Zeroizing::new(host::random::bytes::<11>()?);
        if let Some(last) = bytes.last_mut() {
            *last &= 0xf8;
        }
        Ok(Self(bytes))
    }

    /// Takes eleven bytes.
    ///
    /// # Errors
    /// The last three bits are not zero.
    pub fn from_bytes(bytes: Zeroizing<[u8; 11]>) -> Result<Self, Malformed> {
        match bytes.last().is_some_and(|last| last & 7 == 0) {
            true => Ok(Self(bytes)),
            false => Err(Malformed::new("invitation secret", "it has more than 85 bits")),
        }
    }

    /// The eleven bytes.
    pub fn as_bytes(&self) -> &[u8; 11] {
        &self.0
    }

    /// The 85 bits as a number.
    fn bits(&self) -> u128 {
        self.0.iter().fold(0u128, |bits, byte| bits << 8 | u128::from(*byte)) >> 3
    }

    fn from_bits(bits: u128) -> Self {
        let wide = Zeroizing::new((bits << 3).to_be_bytes());
        let mut bytes = Zeroizing::new([0u8; 11]);
        for (slot, byte) in bytes.iter_mut().zip(wide.iter().skip(5)) {
            *slot = *byte;
        }
        Self(bytes)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Everything that the long form says.
#[derive(Debug)]
pub struct Invitation {
    /// The public number.
    pub id: InvitationId,
    /// What both sides prove.
    pub secret: Secret,
    /// The practice's pin.
    pub pin: Pin,
    /// When it ends, to the second. The gateway decides; a companion may say so beforehand.
    pub expires: Timestamp,
    /// Where the gateway is: a host name or an address.
    pub host: String,
    /// Its UDP port.
    pub port: u16,
}

impl Invitation {
    /// Draws number and secret; that the number is not in use is for the caller to check.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`]; [`CertsError::Malformed`] for a host that is empty, too long or not plain ASCII.
    pub fn draw(pin: Pin, host: &str, port: u16, expires: Timestamp) -> Result<Self, CertsError> {
        let id = u32::from_be_bytes(host::random::bytes::<4>()?) % InvitationId::COUNT;
        let expires = Timestamp::from_unix_seconds(expires.unix_seconds());
        check_host(host)?;
        let (id, secret) = (InvitationId::new(id)?, Secret::random()?);
        Ok(Self { id, secret, pin, expires, host: host.to_owned(), port })
    }

    /// The long form: one word of capitals and digits, 88 symbols and more. Also the text of the QR code.
    ///
    /// # Errors
    /// A host or an end that the form can not say.
    pub fn word(&self) -> Result<Zeroizing<String>, Malformed> {
        word::write(self)
    }

    /// The short form in five groups of five; the address is said beside it.
    pub fn code(&self) -> Zeroizing<String> {
        code::write(self.id, &self.secret)
    }

    /// The three keys.
    pub fn keys(&self) -> InvitationKeys {
        InvitationKeys::derive(&self.secret, self.id, &self.pin)
    }
}

/// An invitation as somebody gave it.
#[derive(Debug)]
pub enum Typed {
    /// The 25 symbols; the address is asked for, the pin is learnt from who proves the secret.
    Code {
        /// The public number.
        id: InvitationId,
        /// What both sides prove.
        secret: Secret,
    },
    /// The long form.
    Word(Invitation),
}

impl Typed {
    /// Reads either form: case, spaces, dashes of any kind and full-width forms do not matter. Nothing is
    /// corrected silently.
    ///
    /// # Errors
    /// [`TypedError`] says where to look, before anything is sent.
    pub fn parse(text: &str) -> Result<Self, TypedError> {
        let symbols = symbols(text)?;
        match (symbols.len(), symbols.starts_with(&word::PREFIX)) {
            (CODE_SYMBOLS, _) => code::read(&symbols),
            (_, true) => word::read(&symbols).map(Self::Word),
            (length, false) if length > CODE_SYMBOLS * 2 => Err(TypedError::NotAWord),
            (length, false) => Err(TypedError::Length { symbols: length }),
        }
    }

    /// The public number.
    pub fn id(&self) -> InvitationId {
        match self {
            Self::Code { id, .. } => *id,
            Self::Word(invitation) => invitation.id,
        }
    }

    /// The secret.
    pub fn secret(&self) -> &Secret {
        match self {
            Self::Code { secret, .. } => secret,
            Self::Word(invitation) => &invitation.secret,
        }
    }

    /// The pin, which only the long form says.
    pub fn pin(&self) -> Option<Pin> {
        match self {
            Self::Code { .. } => None,
            Self::Word(invitation) => Some(invitation.pin),
        }
    }
}

/// What is wrong with what was typed. Groups and symbols are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// The check symbols do not fit, and one changed symbol in this group explains it.
    #[error("look at group {group}")]
    CheckGroup {
        /// Of five.
        group: usize,
    },
    /// The check symbols do not fit, and no single symbol explains it.
    #[error("more than one symbol is wrong")]
    CheckSeveral,
    /// The word is damaged: a symbol is wrong, or some are missing.
    #[error("the word is damaged or not whole")]
    Damaged,
    /// It has another number of symbols than 25.
    #[error("it has {symbols} symbols, not 25")]
    Length {
        /// How many it has.
        symbols: usize,
    },
    /// It is long but does not begin with CF1.
    #[error("the word does not begin with CF1")]
    NotAWord,
    /// It is much longer than any invitation.
    #[error("it is too long")]
    TooLong,
    /// A symbol that no invitation has.
    #[error("symbol {symbol} in group {group} is none of 0-9 A-Z without U")]
    UnknownSymbol {
        /// Groups of five.
        group: usize,
        /// Within the group.
        symbol: usize,
    },
    /// The word is of a later version.
    #[error("the word is of a later version")]
    Version,
}

/// Longest text that is looked at: the longest word with a separator between all symbols.
const TYPED_CHARS_MAX: usize = 2048;

/// The values of the symbols typed.
fn symbols(text: &str) -> Result<Zeroizing<Vec<u8>>, TypedError> {
    if text.chars().nth(TYPED_CHARS_MAX).is_some() {
        return Err(TypedError::TooLong);
    }
    // With the room made before, no copy stays behind.
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    for typed in text.chars().filter(|typed| !crockford::is_separator(*typed)) {
        let at = out.len();
        let unknown = TypedError::UnknownSymbol { group: at / 5 + 1, symbol: at % 5 + 1 };
        out.push(crockford::value(typed).ok_or(unknown)?);
    }
    Ok(out)
}

/// Names and addresses in plain ASCII, IPv6 without brackets.
fn check_host(host: &str) -> Result<(), Malformed> {
    let plain =
        host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'_'));
    match plain && !host.is_empty() && host.len() <= HOST_BYTES_MAX {
        true => Ok(()),
        false => Err(Malformed::new("host", "it is empty, too long or not plain ASCII")),
    }
}

#[cfg(test)]
mod tests;
