//! Exchanging a key while everything runs: kinds, steps, phases and what must always hold. Pure: no files, no clock.
//!
//! ```text
//! prepare ──→ distribute ──→ switch ──→ retire        the old generation: signing → … → trusted → retired
//!    └─ back ────┘ └── back ──┘                        the new one: prepared → distributed → signing
//! ```
//! A step is a statement that it is begun, work that may be done twice, and a statement that it is done. The work
//! brings the generations to what the phase says ([`Phase::states`]), whatever they were: so it can be done again.

/// What is exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The gateway's key in TLS.
    Gateway = 1,
    /// The issuing authority.
    Issuing = 2,
    /// The root.
    Root = 3,
    /// The journal's checkpoint key.
    Checkpoint = 4,
    /// The gateway's statement key.
    Statements = 5,
    /// The journal's receipt key.
    Receipts = 6,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The new key is made and certified.
    Prepare = 1,
    /// Everybody is told to trust it.
    Distribute = 2,
    /// It signs.
    Switch = 3,
    /// The old one is trusted no more: the only step without a way back.
    Retire = 4,
    /// One step back.
    Back = 5,
}

/// How far a rotation is: the last step that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The new key is there.
    Prepared = 1,
    /// It is trusted and does not sign.
    Distributed = 2,
    /// It signs, the old one is trusted.
    Switched = 3,
    /// It is done.
    Retired = 4,
    /// It was given up.
    Dropped = 5,
}

/// What one generation of a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Made, and known to nobody.
    Prepared = 1,
    /// Trusted; it does not sign yet.
    Distributed = 2,
    /// It signs.
    Signing = 3,
    /// Trusted; it signs no more.
    Trusted = 4,
    /// Its key is destroyed; what it has signed stays what it is.
    Retired = 5,
    /// It was given up before it was used.
    Dropped = 6,
}

/// Why a step is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Another step is due.
    #[error("this step is not due")]
    NotDue,
    /// One of this kind, or one that it excludes, is under way.
    #[error("a rotation that excludes it is under way")]
    TwoAtOnce,
    /// There is no way back from here.
    #[error("there is no way back")]
    NoWayBack,
}

macro_rules! words {
    ($type:ident { $($name:ident $word:literal)* }) => {
        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word, as it stands in commands and statements.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// Reads a word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }

            /// The number, as it stands in rows and files.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// Reads a number.
            pub fn from_code(code: u8) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.code() == code)
            }
        }
    };
}
words! { Kind { Gateway "gateway" Issuing "issuing" Root "root" Checkpoint "checkpoint" Statements "statements" Receipts "receipts" } }
words! { Step { Prepare "prepare" Distribute "distribute" Switch "switch" Retire "retire" Back "back" } }
words! { Phase { Prepared "prepared" Distributed "distributed" Switched "switched" Retired "retired" Dropped "dropped" } }
words! { State { Prepared "prepared" Distributed "distributed" Signing "signing" Trusted "trusted" Retired "retired" Dropped "dropped" } }

impl Kind {
    /// Whether others must be told before the new key signs. The gateway's key in TLS hangs under a root that
    /// companions trust already.
    pub const fn is_distributed(self) -> bool {
        !matches!(self, Self::Gateway)
    }

    /// Whether the two may not be under way at once.
    pub fn excludes(self, other: Self) -> bool {
        let is_authority = |kind| matches!(kind, Self::Root | Self::Issuing);
        self == other || (is_authority(self) && is_authority(other))
    }

    /// The phase that `step` leads to from `phase`; `None` is a rotation that has not begun.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn after(self, phase: Option<Phase>, step: Step) -> Result<Phase, Refused> {
        match (phase, step) {
            (None, Step::Prepare) => Ok(Phase::Prepared),
            (Some(Phase::Prepared), Step::Distribute) if self.is_distributed() => Ok(Phase::Distributed),
            (Some(Phase::Prepared), Step::Switch) if !self.is_distributed() => Ok(Phase::Switched),
            (Some(Phase::Distributed), Step::Switch) => Ok(Phase::Switched),
            (Some(Phase::Switched), Step::Retire) => Ok(Phase::Retired),
            (Some(Phase::Prepared), Step::Back) => Ok(Phase::Dropped),
            // A root record that was given out is never unsaid: the new root stays trusted.
            (Some(Phase::Distributed), Step::Back) if self == Self::Root => Err(Refused::NoWayBack),
            (Some(Phase::Distributed), Step::Back) => Ok(Phase::Dropped),
            (Some(Phase::Switched), Step::Back) if self.is_distributed() => Ok(Phase::Distributed),
            (Some(Phase::Switched), Step::Back) => Ok(Phase::Prepared),
            (_, Step::Back) => Err(Refused::NoWayBack),
            _ => Err(Refused::NotDue),
        }
    }

    /// The step that goes on from `phase`, if there is one.
    pub fn next(self, phase: Option<Phase>) -> Option<Step> {
        let steps = [Step::Prepare, Step::Distribute, Step::Switch, Step::Retire];
        steps.into_iter().find(|step| self.after(phase, *step).is_ok())
    }

    /// Whether a rotation of this kind may begin while those are under way.
    ///
    /// # Errors
    /// [`Refused::TwoAtOnce`].
    pub fn may_begin(self, open: &[Self]) -> Result<(), Refused> {
        match open.iter().any(|other| self.excludes(*other)) {
            true => Err(Refused::TwoAtOnce),
            false => Ok(()),
        }
    }
}

impl Phase {
    /// What the old and the new generation are in this phase.
    pub const fn states(self) -> (State, State) {
        match self {
            Self::Prepared => (State::Signing, State::Prepared),
            Self::Distributed => (State::Signing, State::Distributed),
            Self::Switched => (State::Trusted, State::Signing),
            Self::Retired => (State::Retired, State::Signing),
            Self::Dropped => (State::Signing, State::Dropped),
        }
    }

    /// The generation whose certificates are accepted no more in this phase.
    pub const fn withdraws(self, old: u32, new: u32) -> Option<u32> {
        match self {
            Self::Retired => Some(old),
            Self::Dropped => Some(new),
            Self::Prepared | Self::Distributed | Self::Switched => None,
        }
    }

    /// Whether the rotation is under way.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Retired | Self::Dropped)
    }
}

impl State {
    /// Whether it is trusted.
    pub const fn is_trusted(self) -> bool {
        matches!(self, Self::Distributed | Self::Signing | Self::Trusted)
    }
}

/// Where a generation's private key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFile {
    /// Nowhere, and never was.
    Absent,
    /// Durable and sealed, or with whoever keeps the root.
    Durable,
    /// Destroyed.
    Destroyed,
}

/// The facts about one generation of a key: what is, not what a phase says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation {
    /// Of which kind.
    pub kind: Kind,
    /// Which one, from 1.
    pub number: u32,
    /// Where its key is.
    pub key: KeyFile,
    /// Whether a statement names it.
    pub is_named: bool,
    /// Whether companions or the gateway itself are told to trust it, as it is handed out now.
    pub is_listed: bool,
    /// Whether it signs now.
    pub signs: bool,
}

/// An active device as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// The issuing authority that its certificate is from.
    pub issuing: u32,
    /// The roots that it trusts, by the record that it said it holds.
    pub roots: Vec<u32>,
}

/// Everything that the invariants are about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Situation {
    /// All generations of all kinds.
    pub generations: Vec<Generation>,
    /// Active devices.
    pub companions: Vec<Companion>,
    /// The root that the served chain hangs under.
    pub served_root: u32,
    /// Roots that a served cross-certificate leads to from that one.
    pub crossed_roots: Vec<u32>,
    /// Roots from which a companion goes on by the records alone, which it is given at the enrolment door.
    pub walked_roots: Vec<u32>,
    /// The rotations under way.
    pub open: Vec<Kind>,
}

/// The invariant that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// 1: an active device holds no chain that the gateway accepts.
    #[error("a device's certificate is from issuing authority {issuing}, which is not accepted")]
    NoChain {
        /// Which.
        issuing: u32,
    },
    /// 2: what a companion trusts is not reached from what is served.
    #[error("a companion trusts no root that the served chain leads to")]
    NoPath,
    /// 3: something signs that was not distributed.
    #[error("generation {number} of the {} key signs and was not distributed", kind.word())]
    SignsUndistributed {
        /// Of which kind.
        kind: Kind,
        /// Which one.
        number: u32,
    },
    /// 4: something signs that is distrusted, or nothing signs.
    #[error("of the {} keys {count} sign", kind.word())]
    Signers {
        /// Of which kind.
        kind: Kind,
        /// How many: two of the checkpoint key at most, else one.
        count: usize,
    },
    /// 5: two rotations exclude each other.
    #[error("two rotations of the {} key, or of what it excludes, are under way", kind.word())]
    TwoAtOnce {
        /// One of them.
        kind: Kind,
    },
    /// 6: a statement names a key that is not durable.
    #[error("generation {number} of the {} key is named and not durable", kind.word())]
    NotDurable {
        /// Of which kind.
        kind: Kind,
        /// Which one.
        number: u32,
    },
}

/// Checks the six invariants.
///
/// # Errors
/// The first that is broken.
pub fn check(situation: &Situation) -> Result<(), Broken> {
    let of = |kind| situation.generations.iter().filter(move |one| one.kind == kind);
    for companion in &situation.companions {
        if !of(Kind::Issuing).any(|one| one.number == companion.issuing && one.is_listed) {
            return Err(Broken::NoChain { issuing: companion.issuing });
        }
        let leads = |root: &u32| {
            *root == situation.served_root
                || situation.crossed_roots.contains(root)
                || situation.walked_roots.contains(root)
        };
        if !companion.roots.iter().any(leads) {
            return Err(Broken::NoPath);
        }
    }
    for one in &situation.generations {
        let (kind, number) = (one.kind, one.number);
        if one.signs && !one.is_listed && kind.is_distributed() {
            return Err(Broken::SignsUndistributed { kind, number });
        }
        let is_there = match one.signs {
            true => one.key == KeyFile::Durable,
            false => one.key != KeyFile::Absent,
        };
        if (one.is_named || one.signs) && !is_there {
            return Err(Broken::NotDurable { kind, number });
        }
    }
    for kind in Kind::ALL {
        let count = of(*kind).filter(|one| one.signs).count();
        let most = if *kind == Kind::Checkpoint { 2 } else { 1 };
        if count == 0 || count > most {
            return Err(Broken::Signers { kind: *kind, count });
        }
    }
    for (at, kind) in situation.open.iter().enumerate() {
        if situation.open.iter().skip(at + 1).any(|other| kind.excludes(*other)) {
            return Err(Broken::TwoAtOnce { kind: *kind });
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "rotation_tests.rs"]
mod tests;
