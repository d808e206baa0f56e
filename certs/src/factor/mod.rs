//! The second factor of a person: six digits of a phone (TOTP, RFC 6238) and ten recovery codes, with the memory that
//! makes a code count once and a guesser wait. Time comes in by argument. Where it is kept is the gateway's.
//!
//! ```text
//! begin → pending → two codes in a row → active → judge, again and again
//! ```
//! Whoever judges writes the changed state down, durable, before anybody is told of the verdict: then a code counts
//! once over all connections and over restarts, and guesses are counted by the person.

mod recovery;
mod store;
mod totp;

#[cfg(test)]
mod tests;

use model::{Malformed, PersonId, Sha256Digest, Timestamp, crockford, limits};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub use recovery::{Pepper, RecoveryCode};
pub use totp::{DIGITS, STEP_SECONDS, Secret};

use crate::CertsError;
use crate::enrolment::transcript::lp;

/// Recovery codes that are drawn together.
pub const RECOVERY_CODES: usize = 10;

/// What a code inside a message is for: SHA-256(`counterfoil/act/v1` ‖ 00 ‖ LP(the act as it is asked)). So a code that
/// was given for one act is worth nothing with another.
pub fn act_digest(act: &[u8]) -> Sha256Digest {
    let hash = Sha256::new().chain_update(b"counterfoil/act/v1\0").chain_update(lp(act));
    Sha256Digest::from_bytes(hash.finalize().into())
}

/// What a person typed.
pub enum Code {
    /// Six digits of the phone.
    Totp(Zeroizing<String>),
    /// One of the recovery codes.
    Recovery(RecoveryCode),
}

impl Code {
    /// Reads what was typed: spaces and dashes are skipped, case does not matter, full-width forms count.
    ///
    /// # Errors
    /// Neither six digits nor a recovery code whose check symbols fit: no try is wasted on it.
    pub fn parse(typed: &str) -> Result<Self, Malformed> {
        let wrong = Malformed::new("code", "it is six digits or a recovery code of 12 letters and digits");
        if typed.len() > 128 {
            return Err(wrong);
        }
        let values = typed.chars().filter(|typed| !crockford::is_separator(*typed)).map(crockford::value);
        let values: Option<Vec<u8>> = values.collect();
        let values = Zeroizing::new(values.ok_or(wrong)?);
        match values.len() {
            DIGITS if values.iter().all(|value| *value < 10) => {
                Ok(Self::Totp(Zeroizing::new(values.iter().map(|value| char::from(b'0' + value)).collect())))
            }
            recovery::SYMBOLS => RecoveryCode::from_symbols(&values).map(Self::Recovery).ok_or(wrong),
            _ => Err(wrong),
        }
    }
}

/// What a code was worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The phone's, not used before.
    Totp,
    /// A recovery code, which is used up; so many are left.
    Recovery {
        /// How many.
        left: usize,
    },
    /// Wrong, or used before.
    Wrong,
    /// Not looked at: too many were wrong just now.
    Paused {
        /// Until when.
        until: Timestamp,
    },
    /// Not looked at: too many were wrong in a day. An admin resets it at the gateway.
    Locked,
}

/// A person's second factor.
pub struct Factor {
    secret: Secret,
    /// Whether two codes in a row were shown.
    active: bool,
    /// The step of the newest code that counted: only later ones do.
    last_step: u64,
    /// Wrong codes of the last day, oldest first.
    failures: Vec<Timestamp>,
    locked: bool,
    /// HMACs of the recovery codes that are not used.
    recovery: Vec<[u8; 32]>,
}

impl Factor {
    /// A new secret, pending.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`].
    pub fn begin() -> Result<Self, CertsError> {
        Ok(Self {
            secret: Secret::random()?,
            active: false,
            last_step: 0,
            failures: Vec::new(),
            locked: false,
            recovery: Vec::new(),
        })
    }

    /// The secret, for the phone.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Whether it was confirmed.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// Whether too many codes were wrong in a day.
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// Recovery codes that are left.
    pub fn recovery_left(&self) -> usize {
        self.recovery.len()
    }

    /// Makes it active, by two codes in a row. Neither counts again.
    ///
    /// # Errors
    /// They are not that: nothing changes.
    pub fn confirm(&mut self, first: &Code, second: &Code, now: Timestamp) -> Result<(), Malformed> {
        let wrong = Malformed::new("codes", "they are not two in a row of this phone");
        let (Code::Totp(first), Code::Totp(second)) = (first, second) else { return Err(wrong) };
        let step = totp::step(now);
        // Who typed the first has waited for the second: up to two steps have passed.
        let found = (step.saturating_sub(2)..=step).find(|at| {
            self.secret.is_code_of(first, *at) && self.secret.is_code_of(second, at.saturating_add(1))
        });
        let found = found.ok_or(wrong)?;
        self.active = true;
        self.last_step = found.saturating_add(1);
        Ok(())
    }

    /// Draws the recovery codes anew; those before count no more. To be shown once.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`].
    pub fn draw_recovery(
        &mut self,
        pepper: &Pepper,
        person: PersonId,
    ) -> Result<Vec<RecoveryCode>, CertsError> {
        let codes: Vec<RecoveryCode> =
            (0..RECOVERY_CODES).map(|_| RecoveryCode::random()).collect::<Result<_, _>>()?;
        self.recovery = codes.iter().map(|code| pepper.hmac(person, code)).collect();
        Ok(codes)
    }

    /// Judges a code, and remembers that it did.
    pub fn judge(&mut self, code: &Code, pepper: &Pepper, person: PersonId, now: Timestamp) -> Verdict {
        if self.locked {
            return Verdict::Locked;
        }
        if let Some(until) = self.paused_until(now) {
            return Verdict::Paused { until };
        }
        let verdict = match code {
            Code::Totp(digits) => self.judge_totp(digits, now),
            Code::Recovery(code) => self.judge_recovery(&pepper.hmac(person, code)),
        };
        if verdict == Verdict::Wrong {
            self.failures.retain(|at| now < at.plus_seconds(DAY_SECONDS));
            self.failures.push(now);
            self.locked = self.failures.len() >= limits::FACTOR_FAILURES_PER_DAY_MAX;
        }
        verdict
    }

    fn judge_totp(&mut self, digits: &str, now: Timestamp) -> Verdict {
        let step = totp::step(now);
        let window = step.saturating_sub(1)..=step.saturating_add(1);
        // RFC 6238 section 5.2: a code counts once.
        let found = window.filter(|at| *at > self.last_step).find(|at| self.secret.is_code_of(digits, *at));
        match found {
            Some(step) => {
                self.last_step = step;
                Verdict::Totp
            }
            None => Verdict::Wrong,
        }
    }

    fn judge_recovery(&mut self, hmac: &[u8; 32]) -> Verdict {
        match self.recovery.iter().position(|kept| recovery::is_same(kept, hmac)) {
            Some(at) => {
                self.recovery.remove(at);
                Verdict::Recovery { left: self.recovery.len() }
            }
            None => Verdict::Wrong,
        }
    }

    /// The end of the pause, if there is one: a quarter of an hour after the last of five in a quarter of an hour.
    fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        let from = self.failures.len().checked_sub(limits::FACTOR_FAILURES_MAX)?;
        let lately = self.failures.get(from..)?;
        let (first, last) = (lately.first()?, lately.last()?);
        let until = last.plus_seconds(limits::FACTOR_PAUSE_SECONDS);
        let is_dense = *last < first.plus_seconds(limits::FACTOR_PAUSE_SECONDS);
        (is_dense && now < until).then_some(until)
    }
}

const DAY_SECONDS: u64 = 24 * 3600;
