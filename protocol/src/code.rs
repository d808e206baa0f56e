//! The codes: why a gateway refuses a request, and why a connection is closed. One table each; `codes.md` is
//! compared with them in a test. The words for people, in two languages, are in `console`.

/// Whether the same request, sent again unchanged, can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// After a pause, yes.
    Later,
    /// Not before something has changed: what is sent, what is allowed, or this program.
    Never,
    /// After `open`, over a new lease.
    Reopen,
}

impl Retry {
    /// The word in `codes.md`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Later => "later",
            Self::Never => "never",
            Self::Reopen => "reopen",
        }
    }
}

macro_rules! codes {
    ($($number:literal $name:ident $word:literal $retry:ident $sentence:literal)*) => {
        /// Why a request is refused. Also the error code when a stream is reset or stopped for it.
        ///
        /// A number is never given another meaning; a number that this build does not know is shown as such.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Code { $( #[doc = $sentence] $name = $number, )* }

        impl Code {
            /// All codes, numbers rising.
            pub const ALL: &[Self] = &[$( Self::$name, )*];

            /// The number on the wire.
            pub const fn number(self) -> u16 {
                self as u16
            }

            /// Reads the number, or `None` if this build does not know it.
            pub const fn from_number(number: u64) -> Option<Self> {
                match number { $( $number => Some(Self::$name), )* _ => None }
            }

            /// The word in logs, JSON events and the catalogue of messages.
            pub const fn word(self) -> &'static str {
                match self { $( Self::$name => $word, )* }
            }

            /// What it says, in one English sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $( Self::$name => $sentence, )* }
            }

            /// Whether the same request can succeed later.
            pub const fn retry(self) -> Retry {
                match self { $( Self::$name => Retry::$retry, )* }
            }
        }
    };
}

codes! {
    // The wire.
    1 Malformed "malformed" Never "The message is not what the schema says."
    2 UnknownMessage "unknown-message" Never "The gateway does not know this message."
    3 Unsupported "unsupported" Never "No version of the protocol is spoken by both sides."
    4 TooLong "too-long" Never "A message, or what comes in runs, is longer than it may be."
    5 NotNow "not-now" Never "The message is known, but not here: another was due."

    // Who may.
    16 Absent "absent" Never "There is nothing here by that name, or it is not for you."
    17 NotConfirmed "not-confirmed" Never "An admin has not yet compared this device's check digits."
    18 Revoked "revoked" Never "This device, or its person, is no longer admitted."
    19 RenewFirst "renew-first" Never "The device's certificate has expired and must be renewed first."
    20 FactorNeeded "factor-needed" Never "A code of the second factor must be shown on this connection first."
    21 FactorMissing "factor-missing" Never "This needs a second factor, and the person has none yet."
    22 FactorWrong "factor-wrong" Never "The code is wrong, or was used before."
    23 FactorPaused "factor-paused" Later "Too many codes were wrong; none is looked at for a while."
    24 RenewalBad "renewal-bad" Never "The request for new certificates is not proven by the keys that it must be proven by."
    25 Superseded "superseded" Never "Another certificate of this device is in use already: two machines may share one identity."
    26 FactorLocked "factor-locked" Never "Too many codes were wrong in a day; an admin must reset the factor."
    27 FactorExists "factor-exists" Never "The person has a second factor already."

    // What is held.
    32 Locked "locked" Later "The documents of this class are locked until people open them."
    33 Gone "gone" Never "It was destroyed, lawfully, and the record says so."
    34 Frozen "frozen" Never "It is kept because the law says so and can not be used."
    35 Expired "expired" Never "The upload was open too long and has ended; the same submission can start anew."

    // Sending.
    48 LeaseLost "lease-lost" Reopen "Another connection has taken over this upload."
    49 ManifestBad "manifest-bad" Never "The values of a document's pieces do not merge to its root."
    50 PieceBad "piece-bad" Never "A piece is not the one that the manifest names."
    51 PieceDiffers "piece-differs" Never "Another piece is already held in this place."
    52 DigestsDiffer "digests-differ" Never "The SHA-256 stated for these documents is not the one of what arrived."
    53 HeldGone "held-gone" Reopen "These documents are no longer held from before and must be sent."
    54 NotComplete "not-complete" Reopen "Pieces of these documents are still missing."
    55 SubmissionDiffers "submission-differs" Never "This submission is open with other documents or another head."
    56 Empty "empty" Never "Nothing is left of the submission."
    57 OriginBad "origin-bad" Never "The signed origin statement does not fit what was sent."
    58 Closing "closing" Later "The submission is being closed; its result is awaited."

    // Fetching.
    64 TakeBad "take-bad" Never "The signed take does not fit the documents that it lists."
    65 TakeExpired "take-expired" Never "This take releases nothing any more; a new one must be signed."

    // Limits.
    80 TooManyDocuments "too-many-documents" Never "More documents than one submission or take may have."
    81 TooLarge "too-large" Never "A document, or all together, is larger than it may be."
    82 QuotaBytes "quota-bytes" Later "This device has sent as many bytes as it may in a day."
    83 QuotaDocuments "quota-documents" Later "This device has sent as many documents as it may in a day."
    84 QuotaEntries "quota-entries" Later "This person has caused as many entries as they may in a day."
    85 TooManyUploads "too-many-uploads" Later "As many uploads are open as one person may have."
    86 TooFast "too-fast" Later "Too many requests in a short time."
    87 TooSlow "too-slow" Reopen "The sender was too slow; what arrived is kept."
    88 TooManyDevices "too-many-devices" Never "The person has as many devices as one may have."

    // The gateway itself.
    96 Busy "busy" Later "The gateway has no room for this at the moment."
    97 DiskFull "disk-full" Later "The gateway's disk is nearly full."
    98 ClockHeld "clock-held" Later "The gateway's clock has jumped; an admin must confirm it before anything is signed."
    99 ShuttingDown "shutting-down" Later "The gateway is stopping; what arrived is kept."
    100 Internal "internal" Later "Something failed in the gateway; its log says what."
}

macro_rules! close_codes {
    ($($number:literal $name:ident $word:literal $sentence:literal)*) => {
        /// Why a connection is closed: the application error code of QUIC's CONNECTION_CLOSE (RFC 9000 section 19.19).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum CloseCode { $( #[doc = $sentence] $name = $number, )* }

        impl CloseCode {
            /// All codes, numbers rising.
            pub const ALL: &[Self] = &[$( Self::$name, )*];

            /// The number on the wire.
            pub const fn number(self) -> u16 {
                self as u16
            }

            /// Reads the number, or `None` if this build does not know it.
            pub const fn from_number(number: u64) -> Option<Self> {
                match number { $( $number => Some(Self::$name), )* _ => None }
            }

            /// The word in logs and JSON events.
            pub const fn word(self) -> &'static str {
                match self { $( Self::$name => $word, )* }
            }

            /// What it says, in one English sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $( Self::$name => $sentence, )* }
            }
        }
    };
}

close_codes! {
    0 Done "done" "All is said."
    1 NotAdmitted "not-admitted" "The gateway does not know this certificate, or the certificate is missing."
    2 Revoked "revoked" "The device, or its person, is no longer admitted."
    3 RenewFirst "renew-first" "The certificate has expired; only renewal is open to it."
    4 Malformed "malformed" "The peer broke the protocol."
    5 TooManyConnections "too-many-connections" "This device, or the gateway, has as many connections as it may."
    6 TooFast "too-fast" "Too much in a short time."
    7 Idle "idle" "Nothing was asked for too long."
    8 ShuttingDown "shutting-down" "The gateway is stopping."
    9 Declined "declined" "The person said that the names shown at enrolment are not theirs."
    10 Internal "internal" "Something failed on this side."
}

impl CloseCode {
    /// Whether another connection can succeed without a change.
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::Done
            | Self::TooManyConnections
            | Self::TooFast
            | Self::Idle
            | Self::ShuttingDown
            | Self::Internal => true,
            Self::NotAdmitted | Self::Revoked | Self::RenewFirst | Self::Malformed | Self::Declined => false,
        }
    }
}
