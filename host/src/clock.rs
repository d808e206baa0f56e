//! Wall clock and monotonic clock, or one moved by hand. Judges no jump: it only reads.
#![allow(clippy::disallowed_methods)] // the one place that reads the time

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time. Clones of one clock tell the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Manual(Arc<Mutex<Hands>>),
    System { since: Instant },
}

#[derive(Debug)]
struct Hands {
    unix_ms: u64,
    monotonic: Duration,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System { since: Instant::now() })
    }

    /// A clock that stands at `unix_ms` until it is moved by hand. For tests.
    pub fn manual(unix_ms: u64) -> Self {
        Self(Source::Manual(Arc::new(Mutex::new(Hands { unix_ms, monotonic: Duration::ZERO }))))
    }

    /// Milliseconds since 1970-01-01 UTC. May jump either way; a time before 1970 reads as 0.
    pub fn unix_ms(&self) -> u64 {
        match &self.0 {
            Source::Manual(hands) => locked(hands).unix_ms,
            Source::System { .. } => {
                whole_ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
            }
        }
    }

    /// Time since the clock was made. Never goes back; stands still while the machine sleeps.
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::Manual(hands) => locked(hands).monotonic,
            Source::System { since } => since.elapsed(),
        }
    }

    /// Lets time pass on a manual clock: both hands move. Does nothing to the system's clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(hands) = &self.0 {
            let mut hands = locked(hands);
            hands.unix_ms = hands.unix_ms.saturating_add(whole_ms(by));
            hands.monotonic = hands.monotonic.saturating_add(by);
        }
    }

    /// Sets the wall clock of a manual clock, as a mistaken administrator would; the monotonic one stays.
    /// Does nothing to the system's clock.
    pub fn set_unix_ms(&self, unix_ms: u64) {
        if let Source::Manual(hands) = &self.0 {
            locked(hands).unix_ms = unix_ms;
        }
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn locked(hands: &Mutex<Hands>) -> MutexGuard<'_, Hands> {
    hands.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand_and_for_all_its_clones() {
        let clock = Clock::manual(1_000);
        let same = clock.clone();
        clock.advance(Duration::from_millis(500));
        assert_eq!((same.unix_ms(), same.monotonic()), (1_500, Duration::from_millis(500)));
        clock.set_unix_ms(10);
        assert_eq!((same.unix_ms(), same.monotonic()), (10, Duration::from_millis(500)));
    }

    #[test]
    fn a_manual_clock_stops_at_the_end_of_numbers() {
        let clock = Clock::manual(u64::MAX);
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!((clock.unix_ms(), clock.monotonic()), (u64::MAX, Duration::MAX));
    }

    #[test]
    fn the_system_clock_tells_this_century_and_ignores_hands() {
        let clock = Clock::system();
        clock.set_unix_ms(0);
        clock.advance(Duration::from_secs(1_000_000_000));
        assert!(clock.unix_ms() > 1_700_000_000_000);
        let before = clock.monotonic();
        assert!(before < Duration::from_secs(1_000_000));
        assert!(before <= clock.monotonic());
    }
}
