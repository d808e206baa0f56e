//! Every bound in one place, with its unit in its name and its relations asserted when this compiles.
//! `docs/limits.md` is compared with this table in a test; configuration may tighten, never loosen, the hard ones.

/// KiB in bytes.
pub const KIB: u64 = 1 << 10;
/// MiB in bytes.
pub const MIB: u64 = 1 << 20;
/// GiB in bytes.
pub const GIB: u64 = 1 << 30;

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $value:expr;)*) => {
        $($(#[$doc])* pub const $name: $type = $value;)*

        /// Name and value of every limit, in the order of this file.
        pub const TABLE: &[(&str, u64)] = &[$((stringify!($name), $name as u64)),*];
    };
}

limits! {
    // Documents and submissions.
    /// Largest document.
    DOCUMENT_BYTES_MAX: u64 = 1 << 40;
    /// Documents in one submission or take.
    SUBMISSION_DOCUMENTS_MAX: usize = 10_000;
    /// Longest name of a document, in bytes of UTF-8.
    NAME_BYTES_MAX: usize = 1_024;
    /// Longest name of a practice, person, book or device, in bytes of UTF-8.
    LABEL_BYTES_MAX: usize = 200;

    // Messages.
    /// Largest message on the wire, a piece's bytes apart.
    MESSAGE_BYTES_MAX: usize = 64 * 1024;
    /// Largest run of what is longer than a message.
    RUN_BYTES_MAX: usize = 60 * 1024;
    /// Chaining values in one message of `open`.
    OPEN_VALUES_MAX: usize = 1_024;
    /// Largest list of a submission or take: 10,000 lines of at most 512 bytes.
    LIST_BYTES_MAX: usize = 10_000 * 512;
    /// Largest statement.
    STATEMENT_BYTES_MAX: usize = 16 * 1024;
    /// Largest receipt file.
    RECEIPT_BYTES_MAX: usize = LIST_BYTES_MAX + 256 * 1024;
    /// Largest answer sent in runs (a list of documents with their names).
    ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;
    /// Enrolment message.
    ENROL_MESSAGE_BYTES_MAX: usize = 16 * 1024;
    /// The Offer of an enrolment, which carries the root records.
    ENROL_OFFER_BYTES_MAX: usize = 128 * 1024;
    /// Root records in a chain.
    ROOT_RECORDS_MAX: usize = 64;

    // Connections.
    /// Handshakes not yet answered.
    HANDSHAKES_INCOMING_MAX: usize = 256;
    /// Streams a peer may have open on a connection.
    STREAMS_MAX: u32 = 8;
    /// Receive window of one stream.
    STREAM_WINDOW_BYTES: u64 = 2 * MIB;
    /// Receive window of one connection, at most.
    CONNECTION_WINDOW_BYTES_MAX: u64 = 8 * MIB;
    /// Receive window of one connection, at least.
    CONNECTION_WINDOW_BYTES_MIN: u64 = 512 * KIB;
    /// What the receive windows of all connections share.
    WINDOW_BUDGET_BYTES: u64 = 32 * MIB;
    /// Piece buffers of the whole gateway, reserved before a piece is read.
    PIECE_BUFFER_BYTES: u64 = 32 * MIB;
    /// What openings that are not yet whole share, reserved by what their heads announce.
    OPENINGS_BYTES: u64 = 32 * MIB;
    /// Of it for one device: the largest opening, so that something is left for others.
    OPENINGS_BYTES_PER_DEVICE: u64 = 24 * MIB;
    /// What a document of an opening takes, its piece values apart.
    OPENING_DOCUMENT_BYTES: u64 = NAME_BYTES_MAX as u64 + 512;
    /// Connections in all.
    CONNECTIONS_MAX: usize = 2_000;
    /// Connections of one device.
    CONNECTIONS_PER_DEVICE_MAX: usize = 4;
    /// A silent connection is closed after this.
    IDLE_SECONDS_MAX: u64 = 30;
    /// A handshake must end within this.
    HANDSHAKE_SECONDS_MAX: u64 = 5;
    /// A request's first message must have come within this.
    REQUEST_SECONDS_MAX: u64 = 30;
    /// A sender slower than this over a minute is suspended, not lost.
    UPLOAD_BYTES_PER_SECOND_MIN: u64 = 8 * KIB;

    // What one device or person may cause.
    /// Open uploads of one person.
    UPLOADS_OPEN_MAX: usize = 16;
    /// An upload ends this long after its last piece.
    UPLOAD_AGE_SECONDS_MAX: u64 = 7 * 24 * 3600;
    /// Bytes accepted from one device a day.
    DEVICE_BYTES_PER_DAY_MAX: u64 = 200 * GIB;
    /// Documents accepted from one device a day.
    DEVICE_DOCUMENTS_PER_DAY_MAX: u64 = 100_000;
    /// Journal entries that one person may cause a day.
    PERSON_ENTRIES_PER_DAY_MAX: u64 = 10_000;
    /// Requests of one device a minute.
    DEVICE_REQUESTS_PER_MINUTE_MAX: u64 = 6_000;
    /// How long a take releases pieces.
    TAKE_SECONDS_MAX: u64 = 7 * 24 * 3600;
    /// Of the disk, kept free: no upload is opened below it.
    DISK_FREE_PERCENT_MIN: u64 = 5;

    // Enrolment.
    /// Wrong proofs for one invitation before it is locked.
    INVITATION_WRONG_PROOFS_MAX: u64 = 20;
    /// Wrong proofs from one address prefix in ten minutes before it pauses.
    PREFIX_WRONG_PROOFS_MAX: u64 = 5;
    /// How long a prefix pauses.
    PREFIX_PAUSE_SECONDS: u64 = 600;
    /// Enrolments at once.
    ENROLMENTS_MAX: usize = 32;
    /// Of them from one address prefix, so that others get in too.
    ENROLMENTS_PER_PREFIX_MAX: usize = 8;
    /// Enrolments a second.
    ENROLMENTS_PER_SECOND_MAX: u64 = 10;
    /// Connections to the enrolment door, whether they have said anything or not.
    ENROLMENT_CONNECTIONS_MAX: usize = 256;
    /// Of them from one address prefix, so that others get in too.
    ENROLMENT_CONNECTIONS_PER_PREFIX_MAX: usize = 32;
    /// Life of an invitation for a client.
    INVITATION_CLIENT_SECONDS: u64 = 72 * 3600;
    /// Life of an invitation for staff.
    INVITATION_STAFF_SECONDS: u64 = 24 * 3600;
    /// Life of an invitation for a further device of one's own.
    INVITATION_OWN_SECONDS: u64 = 15 * 60;
    /// Devices of one person, those that wait or are suspended included.
    DEVICES_PER_PERSON_MAX: usize = 5;

    // Certificates.
    /// How long a certificate is admitted after its successor was used.
    SUPERSEDED_SECONDS_MAX: u64 = 24 * 3600;
    /// How long after its end a client's certificate can still be renewed.
    GRACE_CLIENT_SECONDS: u64 = 180 * 24 * 3600;
    /// How long a bookkeeper's, a supervisor's or a partner's can; a partner's never past the end of its work.
    GRACE_STAFF_SECONDS: u64 = 30 * 24 * 3600;
    /// How long an admin's or an auditor's can.
    GRACE_ADMIN_SECONDS: u64 = 14 * 24 * 3600;
    /// Renewals that one device may ask for a day, the same one again included.
    RENEWALS_PER_DAY_MAX: u64 = 24;

    // The second factor.
    /// Wrong codes of one person in a pause's time before there is a pause.
    FACTOR_FAILURES_MAX: usize = 5;
    /// How long a person's codes are not looked at then.
    FACTOR_PAUSE_SECONDS: u64 = 15 * 60;
    /// Wrong codes of one person in a day before the factor is locked.
    FACTOR_FAILURES_PER_DAY_MAX: usize = 20;
    /// How long a code holds, on the connection that it was given on.
    FACTOR_FRESH_SECONDS: u64 = 5 * 60;
    /// Confidential documents that one of staff takes in a day without showing a second factor.
    CONFIDENTIAL_PER_DAY_MAX: u64 = 10;
    /// A request to the office over the wire, in bytes.
    OFFICE_REQUEST_BYTES_MAX: usize = 32 * 1024;

    // Disk.
    /// One frame of a log.
    FRAME_BYTES_MAX: usize = 32 * 1024 * 1024;
    /// One value in the record store: above 8 KiB sled leaves its tree for files that it never syncs.
    RECORD_BYTES_MAX: usize = 4 * 1024;

    // Clock.
    /// A jump of the clock past the monotonic one that stops commits.
    CLOCK_JUMP_SECONDS_MAX: u64 = 5 * 60;
    /// How far beyond the newest entry the clock may stand at start.
    CLOCK_AHEAD_SECONDS_MAX: u64 = 30 * 24 * 3600;
}

/// The most memory that an opening of so many documents with so many bytes takes until it is whole: names, and a value
/// of 32 bytes for each piece that is full and one more for each document.
pub const fn opening_bytes(documents: u64, bytes: u64) -> u64 {
    let values = (bytes / crate::piece::PIECE_BYTES).saturating_add(documents).saturating_mul(32);
    documents.saturating_mul(OPENING_DOCUMENT_BYTES).saturating_add(values)
}

const _: () = {
    assert!(RUN_BYTES_MAX < MESSAGE_BYTES_MAX);
    assert!(OPEN_VALUES_MAX * 32 + 1024 < MESSAGE_BYTES_MAX);
    assert!(STATEMENT_BYTES_MAX < MESSAGE_BYTES_MAX);
    assert!(NAME_BYTES_MAX + 1024 < RECORD_BYTES_MAX);
    assert!(STREAM_WINDOW_BYTES > crate::piece::PIECE_BYTES);
    assert!(CONNECTION_WINDOW_BYTES_MIN <= CONNECTION_WINDOW_BYTES_MAX);
    assert!(CONNECTION_WINDOW_BYTES_MAX <= WINDOW_BUDGET_BYTES);
    assert!(PIECE_BUFFER_BYTES / crate::piece::PIECE_BYTES >= STREAMS_MAX as u64);
    assert!(
        opening_bytes(SUBMISSION_DOCUMENTS_MAX as u64, DEVICE_BYTES_PER_DAY_MAX) <= OPENINGS_BYTES_PER_DEVICE
    );
    assert!(FACTOR_FAILURES_MAX < FACTOR_FAILURES_PER_DAY_MAX);
    assert!(OFFICE_REQUEST_BYTES_MAX + 1024 < MESSAGE_BYTES_MAX);
    assert!(ENROLMENTS_PER_PREFIX_MAX < ENROLMENTS_MAX);
    assert!(ENROLMENT_CONNECTIONS_PER_PREFIX_MAX < ENROLMENT_CONNECTIONS_MAX);
    assert!(ENROLMENT_CONNECTIONS_MAX < CONNECTIONS_MAX);
    assert!(OPENINGS_BYTES_PER_DEVICE < OPENINGS_BYTES);
    assert!(GRACE_STAFF_SECONDS <= GRACE_CLIENT_SECONDS && GRACE_ADMIN_SECONDS <= GRACE_CLIENT_SECONDS);
    assert!(DOCUMENT_BYTES_MAX / crate::piece::PIECE_BYTES <= u32::MAX as u64);
    assert!(LIST_BYTES_MAX + 2 * STATEMENT_BYTES_MAX < RECEIPT_BYTES_MAX);
    assert!(RECEIPT_BYTES_MAX < ANSWER_BYTES_MAX);
    assert!(LIST_BYTES_MAX + 3 * STATEMENT_BYTES_MAX < FRAME_BYTES_MAX);
};
