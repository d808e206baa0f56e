//! The exit codes: what a script learns from `$?`. The documentation is `exit-codes.md`, compared in a test.

macro_rules! exits {
    ($($number:literal $name:ident $word:literal $sentence:literal)*) => {
        /// How a command ended. A code that a script does not know counts as failure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Exit { $( #[doc = $sentence] $name = $number, )* }

        impl Exit {
            /// All of them, numbers rising.
            pub const ALL: &[Self] = &[$( Self::$name, )*];

            /// The number that the process ends with.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The word in JSON.
            pub const fn word(self) -> &'static str {
                match self { $( Self::$name => $word, )* }
            }

            /// What it means, in one English sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $( Self::$name => $sentence, )* }
            }
        }
    };
}

exits! {
    0 Done "done" "Everything that was asked for is done."
    1 Failed "failed" "It failed; the error says why."
    2 Usage "usage" "The command line or the configuration is wrong; nothing was done."
    3 Partial "partial" "Some documents went through, some did not; each is named."
    10 NotEnrolled "not-enrolled" "This device has no identity for that practice yet."
    11 Certificate "certificate" "A certificate or an invitation has expired, was revoked or was refused."
    12 Unreachable "unreachable" "The gateway can not be reached or is busy; the same line goes on later."
    13 Unverified "unverified" "Something is not what it was signed as: a receipt, a document or a stored record."
    14 Refused "refused" "The gateway refused: not allowed, over a limit, or its disk is full."
    15 Doubtful "doubtful" "A receipt holds, and somebody else may have signed it: its signer's key was revoked later, or in other hands."
    74 Storage "storage" "The disk did not confirm a write. The process stopped at once and recovers at the next start."
    130 Interrupted "interrupted" "Interrupted by a person; what is done stays done and the same line goes on."
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_the_code_does() {
        let rows: String = Exit::ALL
            .iter()
            .map(|exit| format!("| {} | {} | {} |\n", exit.code(), exit.word(), exit.sentence()))
            .collect();
        let page = include_str!("../exit-codes.md");
        assert!(page.contains(&rows), "exit-codes.md must contain exactly:\n{rows}");
    }
}
