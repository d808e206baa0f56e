//! The phone's secret and its codes: HMAC-SHA-1, six digits, thirty seconds, since phones were documented to ignore
//! what a URI says of these.

use model::{Timestamp, crockford};
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use crate::CertsError;

/// Digits of a code.
pub const DIGITS: usize = 6;
/// How long a code is shown.
pub const STEP_SECONDS: u64 = 30;
/// Bytes of a secret: RFC 4226 section 4 recommends 160 bits.
pub(super) const SECRET_BYTES: usize = 20;

/// RFC 4648 base32, which phones read. Not Crockford's.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What phone and gateway share.
pub struct Secret(Zeroizing<[u8; SECRET_BYTES]>);

/// The number of the step at a time.
pub(super) fn step(now: Timestamp) -> u64 {
    now.unix_ms() / 1000 / STEP_SECONDS
}

impl Secret {
    /// Draws one.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`].
    pub fn random() -> Result<Self, CertsError> {
        Ok(Self(Zeroizing::new(host::random::bytes()?)))
    }

    /// Takes twenty bytes; `None` of another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// The twenty bytes, for where it is kept and for the phone.
    pub fn expose(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// As it is typed into a phone: 32 letters and digits.
    pub fn base32(&self) -> Zeroizing<String> {
        // Both alphabets have five bits a symbol: only the letters differ.
        let symbols = Zeroizing::new(crockford::encode(self.0.as_slice()));
        let letter = |symbol: char| {
            let value = crockford::value(symbol).unwrap_or(0);
            BASE32.get(usize::from(value)).copied().map_or('A', char::from)
        };
        Zeroizing::new(symbols.chars().map(letter).collect())
    }

    /// As a phone scans it: the Key URI format.
    pub fn uri(&self, practice: &str, person: &str) -> Zeroizing<String> {
        let (practice, person) = (percent(practice), percent(person));
        Zeroizing::new(format!(
            "otpauth://totp/{practice}:{person}?secret={}&issuer={practice}",
            self.base32().as_str()
        ))
    }

    /// The code of the step at a time: what a phone shows then.
    pub fn code_at(&self, now: Timestamp) -> Zeroizing<String> {
        let code = self.totp().map(|totp| totp.generate(now.unix_ms() / 1000).to_string());
        Zeroizing::new(code.unwrap_or_default())
    }

    /// Whether this is the code of a step; compared in constant time.
    pub(super) fn is_code_of(&self, digits: &str, step: u64) -> bool {
        let time = step.saturating_mul(STEP_SECONDS);
        self.totp().is_some_and(|totp| totp.check(digits, time).is_some())
    }

    fn totp(&self) -> Option<Totp> {
        // Twenty bytes, six digits, thirty seconds: nothing to refuse.
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS as u8)
            .with_skew(0)
            .with_step_duration(STEP_SECONDS)
            .with_secret(*self.0)
            .build()
            .ok()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// RFC 3986 section 2.3: all but the unreserved as its UTF-8. A colon would end the name of the practice.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
