//! Whether a second factor is fresh: the state of one connection, gone with it. Judges no code (see `factors`).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::limits;
use receipts::event::Factor;

/// What was shown on a connection of one device, and until when that holds.
#[derive(Default)]
pub struct Fresh(Mutex<Option<Shown>>);

#[derive(Clone, Copy)]
struct Shown {
    factor: Factor,
    /// On the monotonic clock: no change of the wall clock makes it last longer.
    until: Duration,
    /// The entry that enrolled the factor: another factor, or none, is not what was shown.
    enrolled: u64,
}

impl Fresh {
    /// A code was shown at `now`.
    pub fn shown(&self, factor: Factor, enrolled: u64, now: Duration) {
        let until = now.saturating_add(Duration::from_secs(limits::FACTOR_FRESH_SECONDS));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Shown { factor, until, enrolled });
    }

    /// What is fresh at `now`, of the factor that `enrolled` names.
    pub fn factor(&self, enrolled: u64, now: Duration) -> Option<Factor> {
        let shown = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.filter(|shown| shown.enrolled == enrolled && now < shown.until).map(|shown| shown.factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_five_minutes_and_for_that_factor_alone() {
        let fresh = Fresh::default();
        let at = Duration::from_secs;
        assert_eq!(fresh.factor(7, at(0)), None);
        fresh.shown(Factor::Totp, 7, at(10));
        assert_eq!(fresh.factor(7, at(309)), Some(Factor::Totp));
        assert_eq!(fresh.factor(7, at(310)), None);
        assert_eq!(fresh.factor(8, at(10)), None, "enrolled anew since");
        assert_eq!(Fresh::default().factor(7, at(10)), None, "another connection");
    }
}
