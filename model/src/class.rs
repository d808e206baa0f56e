//! The class of a document (密级): who may see it, how it is kept, what is recorded.

use crate::Malformed;

/// From open to closed; the order is the order of protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// 公开
    Public = 0,
    /// 内部
    Internal = 1,
    /// 机密: a seal domain of its own.
    Confidential = 2,
}

/// A seal domain: a master key and a ring of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// Public and internal documents, and all that the gateway itself keeps.
    Standard = 0,
    /// Confidential documents.
    Confidential = 1,
}

impl Class {
    /// All classes, from open to closed.
    pub const ALL: [Self; 3] = [Self::Public, Self::Internal, Self::Confidential];

    /// The word in statements, configuration and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
        }
    }

    /// The number on the wire and on the disk.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Reads the number.
    ///
    /// # Errors
    /// A number that is no class.
    pub fn from_code(code: u8) -> Result<Self, Malformed> {
        Self::ALL
            .into_iter()
            .find(|class| class.code() == code)
            .ok_or(Malformed::new("class", "unknown number"))
    }

    /// Reads the word.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let known = Self::ALL.into_iter().find(|class| class.as_str() == text);
        known.ok_or(Malformed::new("class", "it is one of public, internal, confidential"))
    }

    /// Under which master key documents of this class are sealed.
    pub const fn domain(self) -> Domain {
        match self {
            Self::Public | Self::Internal => Domain::Standard,
            Self::Confidential => Domain::Confidential,
        }
    }
}

impl Domain {
    /// Both domains.
    pub const ALL: [Self; 2] = [Self::Standard, Self::Confidential];

    /// The number in seal contexts and on the disk.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The word in file names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Confidential => "confidential",
        }
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_read_back() {
        for class in Class::ALL {
            assert_eq!(Class::parse(class.as_str()), Ok(class));
            assert_eq!(Class::from_code(class.code()), Ok(class));
        }
        assert!(Class::parse("secret").is_err());
        assert!(Class::from_code(3).is_err());
    }
}
