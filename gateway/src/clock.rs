//! The gateway's clock with its guard: a jump commits nothing until an admin confirms it (FORMATS 1).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use host::Clock;
use model::{Timestamp, limits};

/// The wall clock, watched against the monotonic one.
#[derive(Clone)]
pub struct GuardedClock(Arc<Guarded>);

struct Guarded {
    clock: Clock,
    /// What the wall clock showed when the monotonic one began, in milliseconds since 1970.
    base_ms: AtomicU64,
    /// The newest entry's time: it was that late already, whatever the clock shows now.
    newest_ms: AtomicU64,
    held: AtomicBool,
}

/// The clock has jumped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clock shows {shows}, {ahead_seconds} seconds more than it should")]
pub struct Held {
    /// What it shows.
    pub shows: Timestamp,
    /// How far that is ahead of what was expected.
    pub ahead_seconds: u64,
}

impl GuardedClock {
    /// Watches a clock from now on. `newest` is the newest entry's time: a clock far beyond it is held at once.
    pub fn new(clock: Clock, newest: Option<Timestamp>) -> Self {
        let now = clock.unix_ms();
        let base_ms = now.saturating_sub(millis(&clock));
        let ahead =
            newest.is_some_and(|newest| now > newest.plus_seconds(limits::CLOCK_AHEAD_SECONDS_MAX).unix_ms());
        Self(Arc::new(Guarded {
            clock,
            base_ms: AtomicU64::new(base_ms),
            newest_ms: AtomicU64::new(newest.map_or(0, Timestamp::unix_ms)),
            held: AtomicBool::new(ahead),
        }))
    }

    /// The time that is judged by: never before the newest entry, so that a clock that is set back brings nothing back
    /// that has ended.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.clock.unix_ms().max(self.0.newest_ms.load(Ordering::Acquire)))
    }

    /// What the wall clock shows, right or not.
    pub fn shows(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.clock.unix_ms())
    }

    /// Whether the clock stands more than the jump that is borne before the newest entry.
    pub fn is_behind(&self) -> bool {
        self.shows().plus_seconds(limits::CLOCK_JUMP_SECONDS_MAX) < self.now()
    }

    /// The clock itself.
    pub fn machine(&self) -> &Clock {
        &self.0.clock
    }

    /// The time to commit at: now, but never before `newest`.
    ///
    /// # Errors
    /// [`Held`] after a jump ahead, until [`GuardedClock::confirm`].
    pub fn now_after(&self, newest: Timestamp) -> Result<Timestamp, Held> {
        self.0.newest_ms.fetch_max(newest.unix_ms(), Ordering::AcqRel);
        let (now, ahead_seconds) = self.look();
        match self.0.held.load(Ordering::Acquire) {
            true => Err(Held { shows: Timestamp::from_unix_ms(now), ahead_seconds }),
            false => Ok(Timestamp::from_unix_ms(now).max(newest)),
        }
    }

    /// What the clock shows, and how far that is ahead of what was expected: too far, and it is held.
    fn look(&self) -> (u64, u64) {
        let now = self.0.clock.unix_ms();
        let expected = self.0.base_ms.load(Ordering::Acquire).saturating_add(millis(&self.0.clock));
        let ahead_seconds = now.saturating_sub(expected) / 1000;
        if ahead_seconds > limits::CLOCK_JUMP_SECONDS_MAX {
            self.0.held.store(true, Ordering::Release);
        }
        (now, ahead_seconds)
    }

    /// A time that is certain to have come: now, but that of the newest entry as long as the clock is held.
    pub fn believed(&self) -> Timestamp {
        match self.is_believed() {
            true => self.now(),
            false => Timestamp::from_unix_ms(self.0.newest_ms.load(Ordering::Acquire)),
        }
    }

    /// Whether the clock is not held, nor to be held from now on.
    pub fn is_believed(&self) -> bool {
        self.look();
        !self.is_held()
    }

    /// An admin has looked: the clock is right.
    pub fn confirm(&self) {
        self.0.base_ms.store(self.0.clock.unix_ms().saturating_sub(millis(&self.0.clock)), Ordering::Release);
        self.0.held.store(false, Ordering::Release);
    }

    /// Whether nothing is committed because of the clock.
    pub fn is_held(&self) -> bool {
        self.0.held.load(Ordering::Acquire)
    }
}

fn millis(clock: &Clock) -> u64 {
    u64::try_from(clock.monotonic().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_jump_ahead_commits_nothing_until_it_is_confirmed() {
        let clock = Clock::manual(1_000_000);
        let guarded = GuardedClock::new(clock.clone(), None);
        let newest = Timestamp::from_unix_ms(0);
        clock.advance(Duration::from_secs(86_400));
        assert!(guarded.now_after(newest).is_ok(), "time that passes is no jump");
        clock.set_unix_ms(clock.unix_ms() + 301_000);
        assert!(guarded.now_after(newest).is_err());
        clock.set_unix_ms(clock.unix_ms() - 301_000);
        assert!(guarded.now_after(newest).is_err(), "it stays held");
        guarded.confirm();
        assert!(guarded.now_after(newest).is_ok());
    }

    #[test]
    fn a_clock_set_back_stamps_nothing_before_the_newest_entry() {
        let clock = Clock::manual(9_000);
        let guarded = GuardedClock::new(clock.clone(), None);
        clock.set_unix_ms(1_000);
        assert_eq!(guarded.now_after(Timestamp::from_unix_ms(9_000)), Ok(Timestamp::from_unix_ms(9_000)));
    }

    #[test]
    fn a_jump_ahead_is_not_believed_until_it_is_confirmed() {
        let clock = Clock::manual(1_000_000);
        let guarded = GuardedClock::new(clock.clone(), Some(Timestamp::from_unix_ms(900_000)));
        assert_eq!(guarded.believed(), Timestamp::from_unix_ms(1_000_000));
        clock.set_unix_ms(1_000_000 + (limits::CLOCK_JUMP_SECONDS_MAX + 1) * 1000);
        assert_eq!(guarded.believed(), Timestamp::from_unix_ms(900_000));
        assert!(!guarded.is_believed() && guarded.is_held());
        guarded.confirm();
        assert_eq!(guarded.believed(), guarded.now());
    }

    #[test]
    fn a_clock_set_back_brings_nothing_back_that_has_ended() {
        let at = Timestamp::from_unix_ms;
        let clock = Clock::manual(1_000_000);
        let guarded = GuardedClock::new(clock.clone(), Some(at(900_000)));
        assert_eq!((guarded.now(), guarded.is_behind()), (at(1_000_000), false));
        clock.set_unix_ms(500_000);
        assert_eq!((guarded.now(), guarded.shows()), (at(900_000), at(500_000)));
        assert!(guarded.is_behind());
        // Every entry since raises what it can not fall below, also one of another process that held the folder.
        guarded.now_after(at(950_000)).unwrap();
        assert_eq!(guarded.now(), at(950_000));
        clock.set_unix_ms(950_000 - limits::CLOCK_JUMP_SECONDS_MAX * 1000);
        assert!(!guarded.is_behind(), "as much as a clock is set by itself");
    }

    #[test]
    fn a_start_far_beyond_the_newest_entry_is_held() {
        let far = 31 * 24 * 3600 * 1000;
        assert!(GuardedClock::new(Clock::manual(far), Some(Timestamp::from_unix_ms(0))).is_held());
        assert!(!GuardedClock::new(Clock::manual(far), Some(Timestamp::from_unix_ms(far / 2))).is_held());
    }
}
