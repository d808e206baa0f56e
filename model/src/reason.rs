//! Reasons: why somebody or something is let in no more. A closed list, so that a record can be read by programs;
//! the words beside it are a person's own.

use crate::Malformed;

/// Why a device, a person, a book, an invitation or a grant was suspended, revoked or withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// 遗失: the machine is lost.
    Lost = 1,
    /// 被盗: the machine or its keys were stolen.
    Stolen = 2,
    /// 离职: the person has left.
    Left = 3,
    /// 已更换: another device has taken its place.
    Superseded = 4,
    /// 有争议: somebody else may have used the invitation.
    Disputed = 5,
    /// 本人否认: the person said that the names shown were not theirs.
    Declined = 6,
    /// 职责结束: the work that it was for is over.
    RoleEnded = 7,
    /// 事务所决定: the practice decided so.
    PracticeDecision = 8,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::Lost,
        Self::Stolen,
        Self::Left,
        Self::Superseded,
        Self::Disputed,
        Self::Declined,
        Self::RoleEnded,
        Self::PracticeDecision,
    ];

    /// The word in statements and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::Left => "left",
            Self::Superseded => "superseded",
            Self::Disputed => "disputed",
            Self::Declined => "declined",
            Self::RoleEnded => "role-ended",
            Self::PracticeDecision => "practice-decision",
        }
    }

    /// The number in a row.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Reads the number.
    ///
    /// # Errors
    /// A number that is no reason.
    pub fn from_code(code: u8) -> Result<Self, Malformed> {
        let known = Self::ALL.into_iter().find(|reason| reason.code() == code);
        known.ok_or(Malformed::new("reason", "unknown number"))
    }

    /// Reads the word.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let known = Self::ALL.into_iter().find(|reason| reason.as_str() == text);
        known.ok_or(Malformed::new(
            "reason",
            "it is one of lost, stolen, left, superseded, disputed, declined, role-ended, practice-decision",
        ))
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_read_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Ok(reason));
            assert_eq!(Reason::from_code(reason.code()), Ok(reason));
        }
        assert!(Reason::parse("because").is_err() && Reason::from_code(0).is_err());
    }
}
