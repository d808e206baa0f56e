//! The message set of `counterfoil/1`: one table, from which structs, codec and schema are made.
//! What a message means for state is in the machines; who may send it when is the session's.

use model::{
    Blake3Digest, BookId, Class, DeviceId, DisplayName, Kind, MediaType, Period, PersonId, PieceIndex, Role,
    Sha256Digest, SubmissionId, Timestamp, limits,
};

use crate::WireError;
use crate::codec::{Field, Reader, Writer};
use crate::field::{
    Bytes, DocumentNumber, DocumentNumbers, Label, Lease, List, NameKey, PieceBytes, Salt, Text, Values,
};
use crate::record::RenewWindow;
use crate::schema::messages;

/// Who may send a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The companion.
    Companion,
    /// Either side.
    Either,
    /// The gateway.
    Gateway,
}

impl Side {
    /// The word in the schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Companion => "companion",
            Self::Either => "either",
            Self::Gateway => "gateway",
        }
    }
}

/// A message without the number of its kind.
pub(crate) const NO_NUMBER: WireError = WireError::Missing { of: "message", member: "number" };

/// What can be taken out of a message of the set `S`.
pub trait Body<S>: Sized + crate::codec::Map {
    /// The body, or the message again if it is another.
    ///
    /// # Errors
    /// The message, unchanged.
    fn from_message(message: S) -> Result<Self, S>;
}

/// Root records in one welcome; who lacks more says hello again.
pub const WELCOME_RECORDS_MAX: usize = 2;
/// Largest root record on the wire, in bytes.
pub const ROOT_RECORD_BYTES_MAX: usize = 16 * 1024;
/// Largest trust bundle on the wire, in bytes.
pub const BUNDLE_BYTES_MAX: usize = 8 * 1024;
/// Largest checkpoint note, in bytes.
pub const CHECKPOINT_BYTES_MAX: usize = 4 * 1024;
/// Largest request of a renewal, in bytes.
pub const RENEW_BYTES_MAX: usize = 1024;
/// Largest answer to one, in bytes: two chains.
pub const RENEWED_BYTES_MAX: usize = 16 * 1024;
/// Largest frame body that is read on the renewal's own ALPN: a renew with its announcement.
pub const RENEW_MESSAGE_BYTES_MAX: usize = RENEW_BYTES_MAX + limits::STATEMENT_BYTES_MAX + 64;
/// Largest code of a second factor as it is typed, in bytes.
pub const CODE_BYTES_MAX: usize = 64;
/// Versions in one hello or refusal.
pub const VERSIONS_MAX: usize = 16;

const _: () = assert!(
    WELCOME_RECORDS_MAX * ROOT_RECORD_BYTES_MAX + BUNDLE_BYTES_MAX + CHECKPOINT_BYTES_MAX + 4096 + 256
        < limits::MESSAGE_BYTES_MAX
);
const _: () = assert!(RENEW_MESSAGE_BYTES_MAX < limits::MESSAGE_BYTES_MAX);
// Every number of a submission fits in one message, five bytes each.
const _: () = assert!(limits::SUBMISSION_DOCUMENTS_MAX * 5 + 1024 < limits::MESSAGE_BYTES_MAX);

messages! {
    /// A message of `counterfoil/1`.
    enum Message;

    /// Why a request is refused. It ends the request.
    1 Refusal by Either {
        /// A number of codes.md.
        1 code: u16,
        /// Whether the same request can succeed after a pause or a new open; also for codes not known here.
        2 retryable: bool,
        /// The documents concerned, by their numbers in the submission or take.
        3 documents: Option<DocumentNumbers>,
        /// The piece concerned.
        4 piece: Option<PieceIndex>,
        /// The earliest time to try again, from now, in milliseconds.
        5 retry_after_ms: Option<u64>,
        /// The bound that was exceeded, in its own unit.
        6 limit: Option<u64>,
        /// The versions that are spoken here.
        7 versions: Option<List<u16, VERSIONS_MAX>>,
    }

    /// It is done; nothing else is to be said.
    2 Done by Gateway {
    }

    /// What follows in runs: an answer, or a list.
    3 LongHead by Either {
        /// What it is.
        1 content: Content,
        /// How many bytes follow, in runs.
        2 bytes: u64,
        /// Their digest.
        3 sha256: Sha256Digest,
    }

    /// The next bytes of what its head announced: every run is full but the last.
    4 Run by Either {
        /// The bytes.
        1 bytes: Bytes<{ limits::RUN_BYTES_MAX }>,
    }

    /// The first request of a connection. Answer: welcome.
    8 Hello by Companion {
        /// The versions of this message set that the companion speaks.
        1 versions: List<u16, VERSIONS_MAX>,
        /// The companion's program and version, for the log.
        2 software: Text<64>,
        /// The number of the newest root record that it holds.
        3 root_record: u32,
        /// The version of the trust bundle that it holds.
        4 bundle: Option<u32>,
        /// The system that it runs on, as it is now.
        5 platform: Option<Text<32>>,
        /// How the device's keys are kept: plain, passphrase, keychain.
        6 key_store: Option<Text<16>>,
    }

    /// Who the device is here, and what it should hold.
    9 Welcome by Gateway {
        /// The version of this message set that is spoken from now on.
        1 version: u16,
        /// The gateway's program and version.
        2 software: Text<64>,
        /// The gateway's clock.
        3 time: Timestamp,
        /// The person whose device this is.
        4 person: PersonId,
        /// The person's name.
        5 person_name: Label,
        /// The person's role.
        6 role: Role,
        /// The device.
        7 device: DeviceId,
        /// Whether the device has its rights.
        8 standing: Standing,
        /// The practice's name.
        9 practice_name: Label,
        /// The newest checkpoint of the journal, a signed note.
        10 checkpoint: Bytes<CHECKPOINT_BYTES_MAX>,
        /// The root records that follow the companion's newest, in order.
        11 root_records: Option<List<Bytes<ROOT_RECORD_BYTES_MAX>, WELCOME_RECORDS_MAX>>,
        /// The trust bundle, if the companion's is older.
        12 bundle: Option<Bytes<BUNDLE_BYTES_MAX>>,
        /// When the device is to renew its certificates, if the gateway wants it by itself.
        13 renew: Option<RenewWindow>,
    }

    /// Which books the person may use. Answer: book-list in runs.
    10 Books by Companion {
    }

    /// The person's word on the names shown at enrolment. Answer: done; the device is revoked if declined.
    11 Confirm by Companion {
        /// Whether the names are theirs.
        1 accept: bool,
    }

    /// New keys, vouched for by the current one. Answer: renewed. The same request has the same answer.
    12 Renew by Companion {
        /// What is asked and who signs it: `renew` of the certs' schema.
        1 renew: Bytes<RENEW_BYTES_MAX>,
        /// The statement by the old signing key about the new one, if there is a new one.
        2 announcement: Option<Bytes<{ limits::STATEMENT_BYTES_MAX }>>,
    }

    /// The new certificates: durable in the journal.
    13 Renewed by Gateway {
        /// `renewed` of the certs' schema.
        1 renewed: Bytes<RENEWED_BYTES_MAX>,
    }

    /// Begins an open: followed by its documents and open-end. Answer: open-answer, or the receipt, in runs.
    16 OpenHead by Companion {
        /// The submission, drawn by the companion.
        1 submission: SubmissionId,
        /// The book that it is for.
        2 book: BookId,
        /// The period that it belongs to.
        3 period: Period,
        /// What its documents are.
        4 kind: Kind,
        /// How they are kept.
        5 class: Class,
        /// How many documents follow.
        6 documents: u32,
        /// How many bytes they have together.
        7 bytes: u64,
    }

    /// One document of an open; n rises. One piece: its value is the root. More: open-values follow.
    17 OpenDocument by Companion {
        /// The document's number.
        1 n: DocumentNumber,
        /// The salt of its list line.
        2 salt: Salt,
        /// Hides its name in the line.
        3 name_key: NameKey,
        /// Its name as the sender wrote it.
        4 name: DisplayName,
        /// Its media type.
        5 media_type: MediaType,
        /// Its length in bytes.
        6 length: u64,
        /// Its BLAKE3 root.
        7 root: Blake3Digest,
    }

    /// The next chaining values of the document before, in order, without gaps.
    18 OpenValues by Companion {
        /// The values.
        1 values: Values,
    }

    /// Ends an open; without it the open is thrown away.
    19 OpenEnd by Companion {
    }

    /// Begins a stream of pieces: piece-head and its bytes, again and again. Answer: a piece-ack each.
    20 Pieces by Companion {
        /// The submission.
        1 submission: SubmissionId,
        /// The lease that open gave.
        2 lease: Lease,
    }

    /// One piece: its bytes follow raw, without framing.
    21 PieceHead by Either {
        /// The document's number, in the submission or take.
        1 n: DocumentNumber,
        /// Which piece.
        2 index: PieceIndex,
        /// How many raw bytes follow.
        3 bytes: PieceBytes,
    }

    /// The piece is durable.
    22 PieceAck by Gateway {
        /// The document's number.
        1 n: DocumentNumber,
        /// Which piece.
        2 index: PieceIndex,
    }

    /// Takes documents out of an open submission. Answer: done.
    23 Withdraw by Companion {
        /// The submission.
        1 submission: SubmissionId,
        /// The lease that open gave.
        2 lease: Lease,
        /// The documents.
        3 documents: DocumentNumbers,
    }

    /// Closes a submission; its list follows in runs. Answer: the receipt in runs.
    24 Close by Companion {
        /// The submission.
        1 submission: SubmissionId,
        /// The lease that open gave.
        2 lease: Lease,
        /// The signed origin statement over the list.
        3 origin: Bytes<{ limits::STATEMENT_BYTES_MAX }>,
    }

    /// Asks for the receipt of an accepted submission. Answer: the receipt in runs.
    25 GetReceipt by Companion {
        /// The submission.
        1 submission: SubmissionId,
    }

    /// What is there to fetch. Answer: listing in runs.
    32 ListDocuments by Companion {
        /// Of this book alone.
        1 book: Option<BookId>,
        /// Of this period alone.
        2 period: Option<Period>,
        /// Of this kind alone.
        3 kind: Option<Kind>,
        /// All, or what is new.
        4 which: Which,
        /// Where the page before ended.
        5 after: Option<Bytes<64>>,
    }

    /// Signs for documents; the take's list follows in runs. Answer: take-answer. A repeat changes nothing.
    33 Take by Companion {
        /// The signed take statement over the list.
        1 statement: Bytes<{ limits::STATEMENT_BYTES_MAX }>,
    }

    /// The take stands and releases its documents to this device.
    34 TakeAnswer by Gateway {
        /// The digest of the take's statement: its name from now on.
        1 take: Sha256Digest,
        /// Until when pieces are released under it.
        2 until: Timestamp,
    }

    /// Asks for a document of a take. Answer: fetch-head, fetch-values, then piece-head and bytes, rising.
    35 Fetch by Companion {
        /// The take.
        1 take: Sha256Digest,
        /// The document's number in the take's list.
        2 n: DocumentNumber,
        /// The first piece wanted.
        3 from: PieceIndex,
        /// How many pieces are wanted; left out: to the end.
        4 count: Option<u32>,
        /// Whether the values of all pieces are wanted first.
        5 manifest: bool,
    }

    /// What the document is.
    36 FetchHead by Gateway {
        /// Its length in bytes.
        1 length: u64,
        /// Its BLAKE3 root.
        2 root: Blake3Digest,
    }

    /// The next chaining values, in order; sent where wanted and there are more pieces than one.
    37 FetchValues by Gateway {
        /// The values.
        1 values: Values,
    }

    /// What was verified and made durable of a take. Answer: reported. The same report has the same answer.
    38 Report by Companion {
        /// The take.
        1 take: Sha256Digest,
        /// The documents, by their numbers in its list.
        2 documents: DocumentNumbers,
    }

    /// The handover stands in the journal.
    39 Reported by Gateway {
        /// The digest of the handover's statement.
        1 handover: Sha256Digest,
    }

    /// What became of what was sent. Answer: status-page in runs.
    48 Status by Companion {
        /// Of this book alone.
        1 book: Option<BookId>,
        /// Of this submission alone.
        2 submission: Option<SubmissionId>,
        /// Where the page before ended.
        3 after: Option<Bytes<64>>,
    }

    /// How the person's second factor is. Answer: factor-state.
    56 FactorShow by Companion {
    }

    /// How a second factor is.
    57 FactorState by Gateway {
        /// Whether there is one.
        1 enrolled: bool,
        /// Recovery codes that are left.
        2 recovery_left: u16,
        /// Whether too many codes were wrong in a day.
        3 locked: bool,
    }

    /// Begins the enrolment of a second factor; one that was begun before counts no more. Answer: factor-secret.
    58 FactorBegin by Companion {
    }

    /// What the phone is to share with the gateway, said once.
    59 FactorSecret by Gateway {
        /// The secret of RFC 6238.
        1 secret: Bytes<32>,
    }

    /// Two codes in a row make the factor the person's. Answer: recovery-codes; a code is fresh from now on.
    60 FactorConfirm by Companion {
        /// A code.
        1 first: Text<CODE_BYTES_MAX>,
        /// The one after it.
        2 second: Text<CODE_BYTES_MAX>,
    }

    /// The recovery codes, said once.
    61 RecoveryCodes by Gateway {
        /// As people write them down.
        1 codes: List<Text<CODE_BYTES_MAX>, 16>,
    }

    /// Draws the recovery codes anew; a code must be fresh. Answer: recovery-codes.
    62 FactorCodes by Companion {
    }

    /// Takes the second factor away; a code must be fresh. Answer: done.
    63 FactorRemove by Companion {
    }

    /// Shows a code: it is fresh from now on for a while, on this connection alone. Answer: done.
    64 StepUp by Companion {
        /// The code of the phone, or a recovery code.
        1 code: Text<CODE_BYTES_MAX>,
    }

    /// Asks the office. Answer: office-answer in runs. From anybody but an admin it is an unknown message.
    72 Office by Companion {
        /// The request: JSON, opaque here.
        1 request: Bytes<{ limits::OFFICE_REQUEST_BYTES_MAX }>,
        /// For the gravest acts: a code, for this act alone.
        2 code: Option<Text<CODE_BYTES_MAX>>,
        /// With it: the digest of the act that the code is for.
        3 act: Option<Sha256Digest>,
    }

    /// Asks for an invitation for a further device of one's own. Answer: device-invited; a code first where there is a factor.
    80 DeviceAdd by Companion {
    }

    /// The invitation, said once.
    81 DeviceInvited by Gateway {
        /// Its public number.
        1 invitation: Text<16>,
        /// The word to paste.
        2 word: Text<512>,
        /// The code to type.
        3 code: Text<64>,
        /// Where the gateway is.
        4 address: Text<272>,
        /// When it ends.
        5 expires: Timestamp,
    }
}

/// What a peer's message is when a certain one is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due<T> {
    /// It is that one.
    Here(T),
    /// The peer refuses instead.
    Refused(Refusal),
}

impl Message {
    /// Takes out the body that is due, or the refusal that may always come instead.
    ///
    /// # Errors
    /// [`WireError::Unexpected`]: it is neither.
    pub fn due<T: Body<Self>>(self) -> Result<Due<T>, WireError> {
        T::from_message(self).map(Due::Here).or_else(|other| match other {
            Self::Refusal(refusal) => Ok(Due::Refused(refusal)),
            other => Err(WireError::Unexpected { wanted: T::NAME, got: other.name() }),
        })
    }

    /// Takes out the body that is due; nothing else may come.
    ///
    /// # Errors
    /// [`WireError::Unexpected`]: it is another.
    pub fn only<T: Body<Self>>(self) -> Result<T, WireError> {
        T::from_message(self).map_err(|other| WireError::Unexpected { wanted: T::NAME, got: other.name() })
    }
}

/// Enumerations with a number on the wire.
macro_rules! enumerations {
    ($($(#[$doc:meta])* $name:ident $what:literal { $($(#[$value_doc:meta])* $number:literal $value:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$value_doc])* $value = $number,)* }

        impl Field for $name {
            fn cddl() -> String {
                $what.to_owned()
            }

            fn write(&self, out: &mut Writer) {
                out.uint(*self as u64);
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
                match input.uint()? {
                    $($number => Ok(Self::$value),)*
                    _ => Err(WireError::value($what, "unknown number")),
                }
            }
        }
    )*};
}

enumerations! {
    /// What comes in runs.
    Content "content" {
        /// [`crate::record::OpenAnswer`].
        1 OpenAnswer,
        /// The receipt file of a submission: opaque here.
        2 Receipt,
        /// The list of a close or a take: opaque here.
        3 List,
        /// [`crate::record::Listing`].
        4 Listing,
        /// [`crate::record::StatusPage`].
        5 StatusPage,
        /// [`crate::record::BookList`].
        6 BookList,
        /// The office's answer: JSON, opaque here.
        7 OfficeAnswer,
    }

    /// Whether a device has its rights.
    Standing "standing" {
        /// It has.
        1 Active,
        /// Not before an admin has compared the check digits.
        2 Waiting,
    }

    /// Which documents a list holds.
    Which "which" {
        /// All that the person may see.
        1 All,
        /// Those that this person has not fetched.
        2 New,
    }

    /// Where a document stands.
    State "state" {
        /// 收到: accepted, and in nobody's hands yet.
        1 Received,
        /// A take stands, no handover yet.
        2 BeingFetched,
        /// 已取: a handover stands.
        3 Fetched,
        /// Its class is locked.
        4 Locked,
        /// 冻结: kept because the law says so.
        5 Frozen,
        /// 已销毁.
        6 Gone,
        /// Its submission is open.
        7 Arriving,
        /// Taken out before its submission was closed.
        8 Withdrawn,
        /// The book holds it already.
        9 Held,
    }
}
