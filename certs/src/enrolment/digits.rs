//! The eight check digits that two people compare, over a telephone, in any language.

use model::{InvitationId, Malformed, PracticeId};

use super::transcript::check_hash;
use crate::PublicKey;

/// Eight digits over practice, invitation and both keys, with a nonce drawn after the keys were fixed: who would
/// have other keys show the same digits has one try in 10^8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckDigits(u32);

impl CheckDigits {
    /// 10^8.
    pub const COUNT: u32 = 100_000_000;

    /// The digits of an enrolment.
    pub fn of(
        practice: &PracticeId,
        id: InvitationId,
        tls_key: &PublicKey,
        signing_key: &PublicKey,
        check_nonce: &[u8; 16],
    ) -> Self {
        let hash = check_hash(practice, id, [tls_key.spki_der(), signing_key.spki_der()], check_nonce);
        let count = u64::from(Self::COUNT);
        let rest = hash.iter().fold(0u64, |rest, byte| (rest << 8 | u64::from(*byte)) % count);
        Self(rest as u32)
    }

    /// Reads what an admin types: eight digits; spaces, dashes and full-width forms do not matter.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const HOW: Malformed = Malformed::new("check digits", "they are eight digits");
        let (mut value, mut count) = (0u32, 0);
        for typed in text.chars().filter(|typed| !model::crockford::is_separator(*typed)) {
            let narrow = match typed {
                '\u{FF10}'..='\u{FF19}' => u32::from(typed) - 0xFF10,
                other => other.to_digit(10).ok_or(HOW)?,
            };
            count += 1;
            if count > 8 {
                return Err(HOW);
            }
            value = value * 10 + narrow;
        }
        if count == 8 { Ok(Self(value)) } else { Err(HOW) }
    }
}

impl std::fmt::Display for CheckDigits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04} {:04}", self.0 / 10_000, self.0 % 10_000)
    }
}
