//! Who gets a turn at the enrolment door: so many at once, so many a second, and nobody who was wrong too often.

use std::net::IpAddr;
use std::time::Duration;

use certs::invitation::DecoySecret;
use model::{Timestamp, limits};
use protocol::Code;
use protocol::enrol as wire;

use super::PATIENCE;
use crate::budget::{Share, Shares};
use crate::quota::Counters;

/// The door's own memory, by address prefix.
pub struct Door {
    /// What offers for unknown numbers are made from.
    pub(super) decoys: DecoySecret,
    wrong_by_prefix: Counters<Prefix>,
    rate: Counters<()>,
    at_once: Shares<Prefix>,
    /// Connections, of which most have a turn at once: strangers must not take the room of the admitted.
    connections: Shares<Prefix>,
}

/// A /24 or a /56: who shares one shares its patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Prefix {
    /// The first three bytes.
    V4([u8; 3]),
    /// The first seven.
    V6([u8; 7]),
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::V4([a, b, c]) => write!(f, "{a}.{b}.{c}.0/24"),
            Self::V6([a, b, c, d, e, g, h]) => {
                write!(f, "{a:02x}{b:02x}:{c:02x}{d:02x}:{e:02x}{g:02x}:{h:02x}00::/56")
            }
        }
    }
}

impl Door {
    /// A door at which nothing was tried yet.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new() -> Result<Self, certs::CertsError> {
        Ok(Self {
            decoys: DecoySecret::random()?,
            wrong_by_prefix: Counters::default(),
            rate: Counters::default(),
            at_once: Shares::new(limits::ENROLMENTS_MAX as u64, limits::ENROLMENTS_PER_PREFIX_MAX as u64),
            connections: Shares::new(
                limits::ENROLMENT_CONNECTIONS_MAX as u64,
                limits::ENROLMENT_CONNECTIONS_PER_PREFIX_MAX as u64,
            ),
        })
    }

    /// Room for a connection from this address, held until it is dropped.
    pub(super) fn connection(&self, prefix: Prefix) -> Option<Share<'_, Prefix>> {
        self.connections.take(prefix, 1)
    }

    /// A turn for this address now, held until it is dropped. Who was wrong too often is told so by another code than
    /// who meets others.
    pub(super) fn admit(&self, prefix: Prefix, now: Timestamp) -> Result<Share<'_, Prefix>, wire::Refusal> {
        let busy = |after: Duration| wire::Refusal::new(Code::Busy).after_ms(after.as_millis() as u64);
        let turn = self.at_once.take(prefix, 1).ok_or_else(|| busy(PATIENCE))?;
        let wrong = self.wrong_by_prefix.used(&prefix, limits::PREFIX_PAUSE_SECONDS, now);
        if wrong >= limits::PREFIX_WRONG_PROOFS_MAX {
            return Err(wire::Refusal::new(Code::TooFast).after_ms(limits::PREFIX_PAUSE_SECONDS * 1000));
        }
        match self.rate.take((), 1, limits::ENROLMENTS_PER_SECOND_MAX, 1, now) {
            true => Ok(turn),
            false => Err(busy(Duration::from_secs(1))),
        }
    }

    /// Counts a wrong proof by the prefix first. Whether it counts against the invitation too: beyond what a prefix may be
    /// wrong nothing does, so that many at once lock no invitation sooner than one after another.
    pub(super) fn wrong(&self, prefix: Prefix, now: Timestamp) -> bool {
        let (most, pause) = (limits::PREFIX_WRONG_PROOFS_MAX, limits::PREFIX_PAUSE_SECONDS);
        self.wrong_by_prefix.take(prefix, 1, most, pause, now)
    }
}

/// The prefix of an address.
pub(super) fn prefix(address: IpAddr) -> Prefix {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            Prefix::V4([a, b, c])
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, ..] = v6.octets();
            Prefix::V6([a, b, c, d, e, f, g])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_written_as_a_network() {
        let of = |address: &str| prefix(address.parse().unwrap()).to_string();
        assert_eq!(of("192.168.7.9"), "192.168.7.0/24");
        assert_eq!(of("::ffff:192.168.7.9"), "192.168.7.0/24");
        assert_eq!(of("2001:db8:1:2ff::9"), "2001:0db8:0001:0200::/56");
    }
}
