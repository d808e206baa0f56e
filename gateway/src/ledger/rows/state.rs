//! What stands in rows as numbers: how devices, people, books and certificates stand.

/// Whether a device has its rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has its certificates and no rights: an admin must compare its digits, or it must connect for the first time.
    Bound = 0,
    /// It has its rights.
    Active = 1,
    /// Its person said that the names are not theirs.
    Declined = 2,
    /// It is let in no more until it is resumed.
    Suspended = 3,
    /// It is let in never again.
    Revoked = 4,
}

/// How a person or a book stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Footing {
    /// What was granted holds.
    Active = 0,
    /// Nothing holds until it is resumed.
    Suspended = 1,
    /// Nothing holds any more: a person is revoked, a book closed.
    Ended = 2,
}

impl Footing {
    /// The number in a row.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Reads it; what is not known holds nothing.
    pub const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Active,
            1 => Self::Suspended,
            _ => Self::Ended,
        }
    }
}

impl Standing {
    /// The number in a row.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Reads it; what is not known has no rights.
    pub const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Bound,
            1 => Self::Active,
            2 => Self::Declined,
            3 => Self::Suspended,
            _ => Self::Revoked,
        }
    }

    /// Whether it is kept out: nothing is asked of a device that stands so.
    pub const fn is_barred(self) -> bool {
        matches!(self, Self::Suspended | Self::Revoked)
    }
}

/// What a device's certificate is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CertificateUse {
    /// Its connections are admitted by it.
    Tls = 1,
    /// Its statements are signed under it.
    Signing = 2,
}

impl CertificateUse {
    /// The number in a row.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Reads it; what is not known is used for nothing.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Tls),
            2 => Some(Self::Signing),
            _ => None,
        }
    }
}

/// Where a device's certificate stands among those of the same use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// The newest, and not used yet: the one before is still good.
    Fresh = 0,
    /// The newest that was used.
    Current = 1,
    /// There is a newer one that was not used yet.
    Old = 2,
    /// A newer one was used: admitted until the row's time, and looked at with suspicion.
    Superseded = 3,
}

impl CertificateState {
    /// The number in a row.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Reads it; what is not known is superseded.
    pub const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Fresh,
            1 => Self::Current,
            2 => Self::Old,
            _ => Self::Superseded,
        }
    }
}

/// Where a stored document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentState {
    /// It can be fetched.
    Stored = 0,
    /// Its domain is locked: neither name nor place are known.
    Locked = 1,
}
