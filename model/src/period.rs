//! The period (所属期) that documents belong to: a month, `2026-11`, or a year, `2026`.

use crate::Malformed;

/// A month or a year between 1970 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    year: u16,
    /// 1 to 12; 0 is the whole year.
    month: u8,
}

impl Period {
    /// Reads `2026-11` or `2026`.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const HOW: Malformed = Malformed::new("period", "it is a month like 2026-11 or a year like 2026");
        let (year, month) = match text.split_once('-') {
            Some((year, month)) if month.len() == 2 => (year, digits(month).ok_or(HOW)?),
            Some(_) => return Err(HOW),
            None => (text, 0),
        };
        if year.len() != 4 || (text.contains('-') && month == 0) {
            return Err(HOW);
        }
        Self::from_code(digits(year).ok_or(HOW)? * 100 + month)
    }

    /// Reads the number `year * 100 + month`; month 0 is the whole year.
    ///
    /// # Errors
    /// A number that is no period.
    pub fn from_code(code: u32) -> Result<Self, Malformed> {
        let (year, month) = (code / 100, code % 100);
        match (u16::try_from(year), u8::try_from(month)) {
            (Ok(year @ 1970..=9999), Ok(month @ 0..=12)) => Ok(Self { year, month }),
            _ => Err(Malformed::new("period", "it is a month like 2026-11 or a year like 2026")),
        }
    }

    /// The number on the wire and on the disk: `year * 100 + month`.
    pub fn code(self) -> u32 {
        u32::from(self.year) * 100 + u32::from(self.month)
    }

    /// The fiscal year, which in China is the calendar year.
    pub fn fiscal_year(self) -> u16 {
        self.year
    }
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.month {
            0 => write!(f, "{:04}", self.year),
            month => write!(f, "{:04}-{month:02}", self.year),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_years_are_read_back() {
        for text in ["2026-11", "2026", "1970-01", "9999-12"] {
            let period = Period::parse(text).unwrap();
            assert_eq!(period.to_string(), text);
            assert_eq!(Period::from_code(period.code()), Ok(period));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "2026-13",
            "2026-00",
            "2026-1",
            "26-11",
            "2026-11-01",
            "+026-11",
            "2026-+1",
            "1969",
            "２０２６",
        ] {
            assert!(Period::parse(text).is_err(), "{text}");
        }
    }
}
