//! What is wrong with revocation lists, as long as it is: said once in the log, and by `status` until it is over.

use std::collections::BTreeMap;

use model::Timestamp;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// There is none: nobody comes in.
    Missing,
    /// It is over: nobody comes in.
    Expired,
    /// Half of its life is over, and no new one came.
    HalfLife,
    /// The new one can not be made or recorded; the last good one stays.
    NotMade,
    /// It is in force and can not be kept in its file.
    NotKept,
    /// Its file was none, or another; the last good one stays.
    File,
}

impl Alarm {
    /// The word in the log and for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "crl-missing",
            Self::Expired => "crl-expired",
            Self::HalfLife => "crl-half-life",
            Self::NotMade => "crl-not-made",
            Self::NotKept => "crl-not-kept",
            Self::File => "crl-file",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Missing => "there is no revocation list: nobody is let in until one can be made",
            Self::Expired => "the revocation list is over: nobody is let in until another one can be made",
            Self::HalfLife => "the revocation list is not made again: when it is over, nobody is let in",
            Self::NotMade => "the revocation list can not be made; the last good one stays",
            Self::NotKept => "the revocation list can not be kept in its file; it is in force all the same",
            Self::File => "the file of the revocation list is not taken; the last good one stays",
        }
    }
}

/// An alarm that is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// Which.
    pub alarm: Alarm,
    /// Whose list.
    pub authority: String,
    /// Why.
    pub cause: String,
    /// Since when.
    pub since: Timestamp,
}

/// The alarms that are on.
#[derive(Default)]
pub(super) struct Alarms(BTreeMap<(String, Alarm), Raised>);

impl Alarms {
    pub(super) fn raise(
        &mut self,
        alarm: Alarm,
        authority: &str,
        cause: &dyn std::fmt::Display,
        now: Timestamp,
    ) {
        let cause = cause.to_string();
        let at = (authority.to_owned(), alarm);
        if self.0.get(&at).is_some_and(|raised| raised.cause == cause) {
            return;
        }
        tracing::error!(alarm = alarm.word(), authority, %cause, "{}", alarm.sentence());
        let raised = Raised { alarm, authority: authority.to_owned(), cause, since: now };
        self.0.insert(at, raised);
    }

    pub(super) fn end(&mut self, alarm: Alarm, authority: &str) {
        if self.0.remove(&(authority.to_owned(), alarm)).is_some() {
            tracing::info!(alarm = alarm.word(), authority, "the alarm is over");
        }
    }

    /// Ends all of a kind that were raised before `since`.
    pub(super) fn forget(&mut self, alarm: Alarm, since: Timestamp) {
        self.0.retain(|(_, kind), raised| *kind != alarm || raised.since >= since);
    }

    pub(super) fn all(&self) -> Vec<Raised> {
        self.0.values().cloned().collect()
    }
}
