//! What ends soon and does not renew by itself: warned of 30, 14, 7 and 1 days before, once each, in one digest a day.
//! `status` shows it as long as it is so. Renews nothing.
//!
//! ```text
//! ends   what there is, and by when          told   what was said of it, in a sealed file
//! ```
//! A digest is logged first and kept then: a crash between the two says it once more, and no crash keeps it back.

mod ends;
mod told;

use std::sync::{Mutex, PoisonError};

use model::Timestamp;
use office::EndingShown;

use crate::practice::Practice;

pub use ends::{Ending, What, of};
use told::Told;

const DAY_SECONDS: u64 = 24 * 3600;
/// Days before an end at which it is said.
const THRESHOLDS: [u64; 4] = [1, 7, 14, 30];
/// What ends later is nobody's concern yet.
const SOON_DAYS: u64 = 30;

/// The newest threshold that an end has come to.
fn threshold(by: Timestamp, now: Timestamp) -> Option<u64> {
    THRESHOLDS.into_iter().find(|days| by <= now.plus_seconds(days * DAY_SECONDS))
}

/// Whole days until an end; 0 on its last day and after it.
pub(crate) fn days_left(by: Timestamp, now: Timestamp) -> u64 {
    by.unix_seconds().saturating_sub(now.unix_seconds()) / DAY_SECONDS
}

/// What was said so far.
#[derive(Default)]
pub struct Watch {
    told: Mutex<Option<Told>>,
}

impl Watch {
    /// Says what has come to a threshold that was not said yet, once a day. Gives what was said.
    pub(crate) fn tend(&self, practice: &Practice) -> Vec<Ending> {
        let now = practice.now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let told = told.get_or_insert_with(|| Told::read(practice));
        if !told.may_say(now) {
            return Vec::new();
        }
        let all = of(practice);
        let new: Vec<Ending> = all
            .iter()
            .filter(|ending| threshold(ending.by, now).is_some_and(|days| !told.knows(ending, days)))
            .cloned()
            .collect();
        if new.is_empty() {
            return new;
        }
        let count = new.len();
        tracing::warn!(alarm = "ends-soon", count, "these end soon and do not renew by themselves");
        for ending in &new {
            let (what, id) = (ending.what.word(), ending.id.as_str());
            let (by, days) = (ending.by.to_rfc3339(), days_left(ending.by, now));
            let next = ending.next.as_str();
            tracing::warn!(alarm = "ends-soon", what, id, by, days, next, "it ends soon");
        }
        let said = all.iter().filter_map(|ending| Some((ending, threshold(ending.by, now)?)));
        told.said(practice, said.collect(), now);
        new
    }
}

/// As it is shown.
pub(crate) fn shown(practice: &Practice) -> Vec<EndingShown> {
    let now = practice.now();
    let shown = |ending: Ending| EndingShown {
        what: ending.what.word().to_owned(),
        id: ending.id,
        name: ending.name,
        by: ending.by.to_rfc3339(),
        days: days_left(ending.by, now),
        next: ending.next,
    };
    of(practice).into_iter().map(shown).collect()
}

#[cfg(test)]
mod tests;
