//! Recovery codes: 50 bits as ten symbols and two that check them, kept as an HMAC under a key of their own.

use model::{PersonId, crockford};
use zeroize::Zeroizing;

use crate::CertsError;
use crate::invitation::check::{Found, check_symbols, examine};
use crate::invitation::hmac_sha256;

/// Symbols of a code.
pub(super) const SYMBOLS: usize = 12;
/// Those before the check.
const DATA_SYMBOLS: usize = SYMBOLS - 2;
const BITS: u32 = 50;

/// One code.
pub struct RecoveryCode(Zeroizing<u64>);

impl RecoveryCode {
    /// Draws one.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`].
    pub fn random() -> Result<Self, CertsError> {
        let drawn = Zeroizing::new(host::random::bytes::<8>()?);
        Ok(Self(Zeroizing::new(u64::from_be_bytes(*drawn) >> (64 - BITS))))
    }

    /// As people write it down: three groups of four.
    pub fn shown(&self) -> Zeroizing<String> {
        let data = (0..DATA_SYMBOLS).rev().map(|at| (*self.0 >> (5 * at) & 31) as u8);
        let mut symbols = Zeroizing::new(data.collect::<Vec<u8>>());
        let check = check_symbols(&symbols);
        symbols.extend(check);
        let mut out = Zeroizing::new(String::with_capacity(SYMBOLS + 2));
        for (at, value) in symbols.iter().enumerate() {
            if at > 0 && at % 4 == 0 {
                out.push('-');
            }
            out.push(crockford::symbol(*value));
        }
        out
    }

    /// Takes twelve values; `None` if the check symbols do not fit.
    pub(super) fn from_symbols(values: &[u8]) -> Option<Self> {
        match examine(values) {
            Found::Fits => {
                let data = values.iter().take(DATA_SYMBOLS);
                Some(Self(Zeroizing::new(data.fold(0u64, |bits, value| bits << 5 | u64::from(*value)))))
            }
            Found::One { .. } | Found::Several => None,
        }
    }
}

/// The key under which recovery codes are kept: without it, what is kept can not be guessed offline.
pub struct Pepper(Zeroizing<[u8; 32]>);

impl Pepper {
    /// Draws one.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`].
    pub fn random() -> Result<Self, CertsError> {
        Ok(Self(Zeroizing::new(host::random::bytes()?)))
    }

    /// Takes 32 bytes; `None` of another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// The bytes, for where it is kept.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn hmac(&self, person: PersonId, code: &RecoveryCode) -> [u8; 32] {
        let bits = Zeroizing::new(code.0.to_be_bytes());
        hmac_sha256(self.0.as_slice(), &[b"counterfoil/recovery/v1\0", person.as_bytes(), bits.as_slice()])
    }
}

/// Compares in constant time.
pub(super) fn is_same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().zip(other).fold(0u8, |differ, (one, other)| differ | (one ^ other)) == 0
}
