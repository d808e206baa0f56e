//! Roles: what a person may do at all, before any grant.

use crate::{Malformed, limits};

/// The six roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// 客户: sends documents of its own book and fetches them back.
    Client = 1,
    /// 会计: fetches the documents of the books granted.
    Bookkeeper = 2,
    /// 主管: reviews a team's books, may not take originals out.
    Supervisor = 3,
    /// 管理员: runs the gateway, sees no content.
    Admin = 4,
    /// 审计: reads the record, no content.
    Auditor = 5,
    /// 合作方: outside help, with a purpose and an end date.
    Partner = 6,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] =
        [Self::Client, Self::Bookkeeper, Self::Supervisor, Self::Admin, Self::Auditor, Self::Partner];

    /// The word in statements and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Bookkeeper => "bookkeeper",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::Partner => "partner",
        }
    }

    /// The number on the wire.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Reads the number.
    ///
    /// # Errors
    /// A number that is no role.
    pub fn from_code(code: u8) -> Result<Self, Malformed> {
        Self::ALL.into_iter().find(|role| role.code() == code).ok_or(Malformed::new("role", "unknown number"))
    }

    /// Reads the word.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or(Malformed::new(
            "role",
            "it is one of client, bookkeeper, supervisor, admin, auditor, partner",
        ))
    }

    /// How long after its end a certificate of such a person can still be renewed.
    pub const fn grace_seconds(self) -> u64 {
        match self {
            Self::Client => limits::GRACE_CLIENT_SECONDS,
            Self::Bookkeeper | Self::Supervisor | Self::Partner => limits::GRACE_STAFF_SECONDS,
            Self::Admin | Self::Auditor => limits::GRACE_ADMIN_SECONDS,
        }
    }

    /// Staff have no rights before an admin has compared their check digits; clients confirm by connecting.
    pub const fn is_staff(self) -> bool {
        !matches!(self, Self::Client)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
