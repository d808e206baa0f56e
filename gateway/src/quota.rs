//! What each device and person has used of its daily limits. Memory alone: a restart forgives, but for confidential
//! documents, which are counted again from the takes of the day.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use model::{DeviceId, PersonId, Timestamp, limits};
use protocol::{Code, Refusal};

use crate::config::Config;

const DAY_SECONDS: u64 = 24 * 3600;
const MINUTE_SECONDS: u64 = 60;

/// Counters by device and person.
pub struct Quotas {
    bytes_per_day: u64,
    documents_per_day: u64,
    entries_per_day: u64,
    requests_per_minute: u64,
    bytes: Counters<DeviceId>,
    documents: Counters<DeviceId>,
    entries: Counters<PersonId>,
    requests: Counters<DeviceId>,
    renewals: Counters<DeviceId>,
    confidential: Counters<PersonId>,
}

impl Quotas {
    /// With the configured limits.
    pub fn new(config: &Config) -> Self {
        Self {
            bytes_per_day: config.device_bytes_per_day_max,
            documents_per_day: config.device_documents_per_day_max,
            entries_per_day: limits::PERSON_ENTRIES_PER_DAY_MAX,
            requests_per_minute: limits::DEVICE_REQUESTS_PER_MINUTE_MAX,
            bytes: Counters::default(),
            documents: Counters::default(),
            entries: Counters::default(),
            requests: Counters::default(),
            renewals: Counters::default(),
            confidential: Counters::default(),
        }
    }

    /// Whether a submission could be opened anew. Nothing is counted.
    ///
    /// # Errors
    /// [`Code::QuotaBytes`], [`Code::QuotaDocuments`], with the limit.
    pub fn may_open(
        &self,
        device: DeviceId,
        bytes: u64,
        documents: u64,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let has_bytes = self.bytes.has_room(device, bytes, self.bytes_per_day, DAY_SECONDS, now);
        let has_documents =
            self.documents.has_room(device, documents, self.documents_per_day, DAY_SECONDS, now);
        self.judge(has_bytes, has_documents)
    }

    /// A submission is opened anew.
    ///
    /// # Errors
    /// As [`Quotas::may_open`].
    pub fn open(&self, device: DeviceId, bytes: u64, documents: u64, now: Timestamp) -> Result<(), Refusal> {
        // So that nothing is counted of what is refused, unless it was opened at the same time as another.
        self.may_open(device, bytes, documents, now)?;
        let has_bytes = self.bytes.take(device, bytes, self.bytes_per_day, DAY_SECONDS, now);
        let has_documents = self.documents.take(device, documents, self.documents_per_day, DAY_SECONDS, now);
        self.judge(has_bytes, has_documents)
    }

    fn judge(&self, has_bytes: bool, has_documents: bool) -> Result<(), Refusal> {
        match (has_bytes, has_documents) {
            (false, _) => Err(Refusal::new(Code::QuotaBytes).with_limit(self.bytes_per_day)),
            (true, false) => Err(Refusal::new(Code::QuotaDocuments).with_limit(self.documents_per_day)),
            (true, true) => Ok(()),
        }
    }

    /// A person causes an entry in the journal.
    ///
    /// # Errors
    /// [`Code::QuotaEntries`].
    pub fn entry(&self, person: PersonId, now: Timestamp) -> Result<(), Refusal> {
        match self.entries.take(person, 1, self.entries_per_day, DAY_SECONDS, now) {
            true => Ok(()),
            false => Err(Refusal::new(Code::QuotaEntries).with_limit(self.entries_per_day)),
        }
    }

    /// A device asks for new certificates, or for the same again.
    ///
    /// # Errors
    /// [`Code::TooFast`].
    pub fn renewal(&self, device: DeviceId, now: Timestamp) -> Result<(), Refusal> {
        match self.renewals.take(device, 1, limits::RENEWALS_PER_DAY_MAX, DAY_SECONDS, now) {
            true => Ok(()),
            false => Err(Refusal::new(Code::TooFast).with_limit(limits::RENEWALS_PER_DAY_MAX)),
        }
    }

    /// Somebody of staff takes confidential documents without having shown a second factor. `false`: too many in a
    /// day, however few at once.
    pub fn confidential(&self, person: PersonId, documents: u64, now: Timestamp) -> bool {
        let limit = limits::CONFIDENTIAL_PER_DAY_MAX;
        documents == 0 || self.confidential.take(person, documents, limit, DAY_SECONDS, now)
    }

    /// Confidential documents were taken before this start, as [`Quotas::confidential`] counts them.
    pub fn confidential_before(&self, person: PersonId, documents: u64, now: Timestamp) {
        self.confidential.add(person, documents, DAY_SECONDS, now);
    }

    /// Whether two moments are in one day of these counts.
    pub fn is_one_day(one: Timestamp, other: Timestamp) -> bool {
        window(DAY_SECONDS, one) == window(DAY_SECONDS, other)
    }

    /// A device asks something.
    ///
    /// # Errors
    /// [`Code::TooFast`].
    pub fn request(&self, device: DeviceId, now: Timestamp) -> Result<(), Refusal> {
        match self.requests.take(device, 1, self.requests_per_minute, MINUTE_SECONDS, now) {
            true => Ok(()),
            false => Err(Refusal::new(Code::TooFast).with_limit(self.requests_per_minute).after_ms(1_000)),
        }
    }
}

/// Counts by whom, within windows of time: all windows of one counter begin and end together, and with a window goes
/// the memory of who was in it. So it is bounded by what can be counted in one window.
pub(crate) struct Counters<K>(Mutex<Counts<K>>);

struct Counts<K> {
    /// Which window these are of.
    window: u64,
    used: HashMap<K, u64>,
}

impl<K> Default for Counters<K> {
    fn default() -> Self {
        Self(Mutex::new(Counts { window: 0, used: HashMap::new() }))
    }
}

impl<K> Counts<K> {
    /// Another window begins with nothing.
    fn turn(&mut self, window: u64) {
        if self.window != window {
            *self = Self { window, used: HashMap::new() };
        }
    }
}

impl<K: Eq + Hash> Counters<K> {
    /// Takes `amount` if the window has room for it.
    pub(crate) fn take(&self, who: K, amount: u64, limit: u64, window_seconds: u64, now: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.turn(window(window_seconds, now));
        let used = counts.used.entry(who).or_default();
        match used.checked_add(amount).filter(|used| *used <= limit) {
            Some(sum) => {
                *used = sum;
                true
            }
            None => false,
        }
    }

    /// Adds `amount`, whether the window has room for it or not.
    fn add(&self, who: K, amount: u64, window_seconds: u64, now: Timestamp) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.turn(window(window_seconds, now));
        let used = counts.used.entry(who).or_default();
        *used = used.saturating_add(amount);
    }

    /// Whether the window has room for `amount`.
    fn has_room(&self, who: K, amount: u64, limit: u64, window_seconds: u64, now: Timestamp) -> bool {
        self.used(&who, window_seconds, now).checked_add(amount).is_some_and(|sum| sum <= limit)
    }

    /// How much of the window is used.
    pub(crate) fn used(&self, who: &K, window_seconds: u64, now: Timestamp) -> u64 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.window == window(window_seconds, now) {
            true => counts.used.get(who).copied().unwrap_or(0),
            false => 0,
        }
    }
}

fn window(window_seconds: u64, now: Timestamp) -> u64 {
    now.unix_seconds() / window_seconds.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_reached_and_the_next_window_forgives() {
        let counters = Counters::default();
        let at = Timestamp::from_unix_seconds;
        assert!(counters.take(1, 6, 10, 60, at(0)));
        assert!(!counters.take(1, 5, 10, 60, at(59)), "nothing is taken where it does not fit");
        assert!(counters.take(1, 4, 10, 60, at(59)));
        assert!(counters.take(2, 10, 10, 60, at(59)), "others are not touched");
        assert!(counters.take(1, 10, 10, 60, at(60)));
        assert!(!counters.take(1, u64::MAX, u64::MAX, 60, at(61)));
    }

    #[test]
    fn what_was_used_before_counts_even_beyond_the_limit() {
        let counters = Counters::default();
        let at = Timestamp::from_unix_seconds;
        counters.add(1, 12, 60, at(0));
        assert!(!counters.take(1, 1, 10, 60, at(59)));
        counters.add(1, u64::MAX, 60, at(59));
        assert!(counters.take(1, 10, 10, 60, at(60)), "the next window forgives");
        counters.add(1, 1, 60, at(61));
        assert!(!counters.take(1, 1, 11, 60, at(61)));
    }

    #[test]
    fn who_was_counted_is_forgotten_with_the_window() {
        let counters = Counters::default();
        for who in 0..1_000 {
            assert!(counters.take(who, 1, 1, 60, Timestamp::from_unix_seconds(59)));
        }
        assert!(counters.take(1_000, 1, 1, 60, Timestamp::from_unix_seconds(60)));
        assert_eq!(counters.0.lock().unwrap().used.len(), 1);
    }
}
