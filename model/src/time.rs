//! Points in time. Only `host` reads a clock; everywhere else a time is an argument.

use crate::Malformed;

/// Milliseconds since 1970-01-01T00:00:00Z, up to the end of the year 9998.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// 9998-12-31T23:59:59.999Z: certain to be writable in every time zone.
const LAST_MS: u64 = 253_370_764_799_999;

impl Timestamp {
    /// Takes milliseconds; what lies beyond the year 9998 is counted as its end.
    pub const fn from_unix_ms(ms: u64) -> Self {
        Self(if ms > LAST_MS { LAST_MS } else { ms })
    }

    /// Takes seconds; what lies beyond the year 9998 is counted as its end.
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        Self::from_unix_ms(seconds.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub const fn unix_ms(self) -> u64 {
        self.0
    }

    /// Whole seconds since 1970.
    pub const fn unix_seconds(self) -> u64 {
        self.0 / 1000
    }

    /// This many seconds later.
    pub const fn plus_seconds(self, seconds: u64) -> Self {
        Self::from_unix_ms(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// This many seconds earlier, not before 1970.
    pub const fn minus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_sub(seconds.saturating_mul(1000)))
    }

    /// The calendar year in UTC.
    pub fn utc_year(self) -> u16 {
        self.to_rfc3339().get(..4).and_then(|year| year.parse().ok()).unwrap_or(1970)
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-24T09:00:00.123Z`.
    pub fn to_rfc3339(self) -> String {
        let ms = i64::try_from(self.0).unwrap_or(0);
        match jiff::Timestamp::from_millisecond(ms) {
            Ok(time) => format!("{time:.3}"),
            Err(_) => "1970-01-01T00:00:00.000Z".to_owned(),
        }
    }

    /// Reads what [`Timestamp::to_rfc3339`] writes, strictly.
    ///
    /// # Errors
    /// Any other form.
    pub fn parse_rfc3339(text: &str) -> Result<Self, Malformed> {
        const HOW: Malformed = Malformed::new("time", "it is not like 2026-11-24T09:00:00.123Z");
        let time: jiff::Timestamp = text.parse().map_err(|_| HOW)?;
        let ms = u64::try_from(time.as_millisecond()).map_err(|_| HOW)?;
        let time = Self::from_unix_ms(ms);
        if time.to_rfc3339() == text { Ok(time) } else { Err(HOW) }
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl std::fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_is_written_and_only_it_is_read() {
        let time = Timestamp::from_unix_ms(1_795_597_200_123);
        assert_eq!(Timestamp::parse_rfc3339(&time.to_rfc3339()), Ok(time));
        assert_eq!(Timestamp::from_unix_ms(0).to_rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_unix_ms(u64::MAX).to_rfc3339(), "9998-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_unix_seconds(1_767_225_599).utc_year(), 2025);
        for text in [
            "",
            "2026-11-24",
            "2026-11-24T09:00:00Z",
            "2026-11-24T09:00:00.123+00:00",
            "2026-11-24t09:00:00.123Z",
        ] {
            assert!(Timestamp::parse_rfc3339(text).is_err(), "{text}");
        }
    }
}
