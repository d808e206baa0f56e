//! Sizes, counts, times and periods as people write them, in each language. Reads no clock.

use crate::Language;
use jiff::tz::TimeZone;
use model::{Period, Timestamp};
use std::time::Duration;

const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];

/// A size in decimal units, as file managers show it: `0 B`, `999 B`, `41.2 MB`, `128 MB`.
pub fn bytes(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, rounded half up; exact to the largest size.
    let mut scale = 1000_u128;
    let mut unit = UNITS.iter();
    let mut name = unit.next().copied().unwrap_or_default();
    while u128::from(bytes) * 2 >= scale * 1999 {
        let Some(next) = unit.next() else { break };
        name = next;
        scale *= 1000;
    }
    let tenths = (u128::from(bytes) * 20 + scale) / (scale * 2);
    if tenths < 1000 {
        return format!("{}.{} {name}", tenths / 10, tenths % 10);
    }
    format!("{} {name}", (u128::from(bytes) * 2 + scale) / (scale * 2))
}

/// A pace: `3.2 MB/s`.
pub fn pace(bytes_per_second: u64) -> String {
    format!("{}/s", bytes(bytes_per_second))
}

/// A count in groups of thousands: `10,000`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A length of time in its two largest units: `40 秒`, `2 分 5 秒`, `3 小时 1 分`, `6 天`; `2 min 5 s`.
pub fn span(language: Language, span: Duration) -> String {
    let seconds = span.as_secs();
    let (day, hour, minute, second) = match language {
        Language::Chinese => ("天", "小时", "分", "秒"),
        Language::English => ("d", "h", "min", "s"),
    };
    if seconds < 10 && span.subsec_millis() >= 50 {
        let tenths = (span.as_millis() + 50) / 100;
        return format!("{}.{} {second}", tenths / 10, tenths % 10);
    }
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {large_unit}"),
        small => format!("{large} {large_unit} {small} {small_unit}"),
    };
    match seconds {
        0..60 => format!("{seconds} {second}"),
        60..3600 => two(seconds / 60, minute, seconds % 60, second),
        3600..86_400 => two(seconds / 3600, hour, seconds % 3600 / 60, minute),
        _ => two(seconds / 86_400, day, seconds % 86_400 / 3600, hour),
    }
}

/// A date and time of day in the system's time zone: `2026年7月3日 14:02`, `3 Jul 2026, 14:02`.
pub fn time(language: Language, time: Timestamp) -> String {
    time_in(language, time, TimeZone::system())
}

/// The same in a time zone of the caller's choice, such as that of a printed receipt.
pub fn time_in(language: Language, time: Timestamp, zone: TimeZone) -> String {
    match language {
        Language::Chinese => written("%Y年%-m月%-d日 %H:%M", time, zone),
        Language::English => written("%-d %b %Y, %H:%M", time, zone),
    }
}

/// A date in the system's time zone: `2026年7月3日`, `3 Jul 2026`.
pub fn date(language: Language, time: Timestamp) -> String {
    match language {
        Language::Chinese => written("%Y年%-m月%-d日", time, TimeZone::system()),
        Language::English => written("%-d %b %Y", time, TimeZone::system()),
    }
}

/// A month or year: `2026年6月`, `2026年`; `June 2026`, `2026`.
pub fn period(language: Language, period: Period) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (year, month) = (period.code() / 100, period.code() % 100);
    let name = usize::try_from(month).ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    match (language, name) {
        (Language::Chinese, Some(_)) => format!("{year}年{month}月"),
        (Language::Chinese, None) => format!("{year}年"),
        (Language::English, Some(name)) => format!("{name} {year}"),
        (Language::English, None) => year.to_string(),
    }
}

/// The beginning of a local day that is written `2026-12-31`, or of the day so many days later.
pub fn local_day(text: &str, later: u32) -> Option<Timestamp> {
    let day = jiff::civil::Date::strptime("%Y-%m-%d", text).ok()?;
    let day = day.checked_add(jiff::Span::new().try_days(i64::from(later)).ok()?).ok()?;
    let at = TimeZone::system().to_timestamp(day.at(0, 0, 0, 0)).ok()?;
    u64::try_from(at.as_millisecond()).ok().map(Timestamp::from_unix_ms)
}

fn written(form: &str, time: Timestamp, zone: TimeZone) -> String {
    let ms = i64::try_from(time.unix_ms()).unwrap_or(i64::MAX);
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(at) => at.to_zoned_datetime(zone).strftime(form).to_string(),
        Err(_) => time.to_rfc3339(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_decimal_and_never_show_a_thousand() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (54_321, "54.3 kB"),
            (99_949, "99.9 kB"),
            (99_950, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (1 << 20, "1.0 MB"),
            (5_368_709_120, "5.4 GB"),
            (1 << 40, "1.1 TB"),
            (u64::MAX, "18447 PB"),
        ];
        for (size, shown) in cases {
            assert_eq!(bytes(size), shown);
        }
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(10_000), "10,000");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn spans_have_two_units() {
        let zh = |ms| span(Language::Chinese, Duration::from_millis(ms));
        assert_eq!(zh(0), "0 秒");
        assert_eq!(zh(1_240), "1.2 秒");
        assert_eq!(zh(40_000), "40 秒");
        assert_eq!(zh(125_000), "2 分 5 秒");
        assert_eq!(zh(3 * 3_600_000), "3 小时");
        assert_eq!(span(Language::English, Duration::from_secs(6 * 86_400 + 3600)), "6 d 1 h");
    }

    #[test]
    fn dates_are_local_and_in_the_language() {
        let at = Timestamp::from_unix_ms(1_783_058_520_000);
        let china = || TimeZone::fixed(jiff::tz::offset(8));
        assert_eq!(time_in(Language::Chinese, at, china()), "2026年7月3日 14:02");
        assert_eq!(time_in(Language::English, at, china()), "3 Jul 2026, 14:02");
        assert_eq!(time_in(Language::English, at, TimeZone::UTC), "3 Jul 2026, 06:02");
        let month = Period::parse("2026-06").unwrap();
        assert_eq!(period(Language::Chinese, month), "2026年6月");
        assert_eq!(period(Language::English, month), "June 2026");
        assert_eq!(period(Language::Chinese, Period::parse("2026").unwrap()), "2026年");
    }
}
