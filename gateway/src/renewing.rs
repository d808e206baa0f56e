//! Whether a certificate renews by itself, is late or stuck: from its dates and when its device was seen. Renews nothing.

use certs::profile::BEFORE_SECONDS;
use model::Timestamp;
use protocol::record::RenewWindow;

/// So long after its moment a certificate that was not renewed though its device was there is a defect, not a holiday.
const PATIENCE_SECONDS: u64 = 7 * 24 * 3600;

/// What becomes of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renews {
    /// Its holder renews it.
    Itself,
    /// Its moment is past, and its holder was not seen since.
    Late,
    /// Its moment is long past, and its holder was seen since.
    Stuck,
    /// Nobody does unless somebody asks for it.
    Never,
}

impl Renews {
    /// The word for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Itself => "self",
            Self::Late => "late",
            Self::Stuck => "stuck",
            Self::Never => "never",
        }
    }
}

/// The life of a certificate, as its holder counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    issued: Timestamp,
    ends: Timestamp,
}

impl Life {
    /// From its first and last second.
    pub fn of(not_before: Timestamp, not_after: Timestamp) -> Self {
        Self { issued: not_before.plus_seconds(BEFORE_SECONDS), ends: not_after }
    }

    /// When two thirds of it are over.
    pub fn two_thirds(self) -> Timestamp {
        self.issued.plus_seconds(self.seconds().saturating_mul(2) / 3)
    }

    fn seconds(self) -> u64 {
        self.ends.unix_seconds().saturating_sub(self.issued.unix_seconds())
    }

    /// The last moment that a companion draws for its renewal: at two thirds and a twentieth, or in the window.
    pub fn moment(self, window: Option<&RenewWindow>) -> Timestamp {
        let drawn = self.two_thirds().plus_seconds(self.seconds() / 20);
        match window {
            Some(window) if self.issued < window.after => drawn.min(window.before),
            _ => drawn,
        }
    }
}

/// What becomes of a certificate with this last moment, whose holder was `seen` last.
pub fn judge(moment: Timestamp, seen: Option<Timestamp>, now: Timestamp) -> Renews {
    let was_seen = seen.is_some_and(|seen| seen > moment);
    match (now > moment, was_seen) {
        (false, _) => Renews::Itself,
        (true, false) => Renews::Late,
        (true, true) if now >= moment.plus_seconds(PATIENCE_SECONDS) => Renews::Stuck,
        (true, true) => Renews::Itself,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Text;

    const DAY: u64 = 24 * 3600;

    fn day(day: u64) -> Timestamp {
        Timestamp::from_unix_seconds(day * DAY)
    }

    #[test]
    fn late_is_who_was_away_and_stuck_is_who_was_there() {
        // Of 90 days from day 101 on: two thirds are day 161, and a twentieth is 4.5 days.
        let life = Life::of(day(100), day(191));
        assert_eq!(life.two_thirds(), day(161));
        let moment = life.moment(None);
        assert_eq!(moment, day(165).plus_seconds(DAY / 2));
        assert_eq!(judge(moment, None, day(165)), Renews::Itself);
        assert_eq!(judge(moment, Some(day(165)), day(166)), Renews::Late);
        assert_eq!(judge(moment, None, day(400)), Renews::Late);
        assert_eq!(judge(moment, Some(day(166)), day(172)), Renews::Itself, "a week is given");
        assert_eq!(judge(moment, Some(day(166)), day(173)), Renews::Stuck);
        assert_eq!(judge(moment, Some(day(165)), day(173)), Renews::Late);
    }

    #[test]
    fn a_window_moves_what_was_issued_before_it() {
        let window =
            |after, before| RenewWindow { after: day(after), before: day(before), reason: Text::cut("") };
        let (window, late) = (window(110, 120), window(300, 310));
        assert_eq!(Life::of(day(100), day(191)).moment(Some(&window)), day(120));
        assert!(Life::of(day(110), day(201)).moment(Some(&window)) > day(170));
        assert!(Life::of(day(100), day(191)).moment(Some(&late)) < day(170), "it is never later for it");
    }
}
