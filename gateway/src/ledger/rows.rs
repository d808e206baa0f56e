//! The ledger's rows: what posting the journal gives. Ids, states, classes, dates; never a name, a digest of content
//! or a true size. No row forbids: an absent row denies.

pub mod key;
mod state;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use model::Malformed;

pub use state::{CertificateState, CertificateUse, DocumentState, Footing, Standing};

/// Which table; a number is never given another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// [`Position`].
    Position = 0,
    /// [`Person`] by person.
    Person = 1,
    /// [`Device`] by device.
    Device = 2,
    /// [`Book`] by book.
    Book = 3,
    /// [`Grant`] by person and book.
    Grant = 4,
    /// [`Invitation`] by invitation.
    Invitation = 5,
    /// [`Submission`] by submission and person.
    Submission = 6,
    /// [`Document`] by book, period, acceptance and number.
    Document = 7,
    /// [`Duplicate`] by book, period, kind, class and keyed index.
    Duplicate = 8,
    /// [`Take`] by the digest of its statement.
    Take = 9,
    /// [`Fetch`] by acceptance, number and take.
    Fetch = 10,
    /// [`Handover`] by take and entry.
    Handover = 11,
    /// [`Accepted`] by book and acceptance.
    Accepted = 12,
    /// [`Certificate`] by device and the digest of the certificate.
    Certificate = 13,
    /// [`Renewal`] by device and request.
    Renewal = 14,
    /// [`Rotation`] by rotation.
    Rotation = 30,
    /// [`Factor`] by person.
    Factor = 16,
    /// [`Crl`] by the authority's key.
    Crl = 20,
}

/// One part of a row's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// An id or digest: stands in the key as a keyed handle.
    Handle(Vec<u8>),
    /// A number: stands in the key as it is, big-endian, so that rows come in its order.
    Number(u64),
}

/// A row's key: its table and parts. The first parts alone are a prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Which table.
    pub table: Table,
    /// What tells the row from others of its table.
    pub parts: Vec<Part>,
}

impl Key {
    /// All rows of a table.
    pub fn of(table: Table) -> Self {
        Self { table, parts: Vec::new() }
    }

    /// The same, narrowed by an id or digest.
    pub fn handle(mut self, id: &[u8]) -> Self {
        self.parts.push(Part::Handle(id.to_vec()));
        self
    }

    /// The same, narrowed by a number.
    pub fn number(mut self, number: u64) -> Self {
        self.parts.push(Part::Number(number));
        self
    }
}

/// A row that knows its table and bytes.
pub trait Row: Sized {
    /// Where it stands.
    const TABLE: Table;
    /// Its bytes before they are sealed.
    fn to_bytes(&self) -> Vec<u8>;
    /// Reads them.
    ///
    /// # Errors
    /// Bytes that this version did not write.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed>;
}

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $key:literal $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
        #[cbor(map)]
        pub struct $name { $($(#[$field_doc])* #[n($key)] pub $field: $type,)* }

        impl Row for $name {
            const TABLE: Table = Table::$name;

            fn to_bytes(&self) -> Vec<u8> {
                // Encoding to memory can not fail.
                minicbor::to_vec(self).unwrap_or_default()
            }

            fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
                let mut decoder = minicbor::Decoder::new(bytes);
                match decoder.decode() {
                    Ok(row) if decoder.position() == bytes.len() => Ok(row),
                    _ => Err(Malformed::new("ledger row", "it is not a row of this version")),
                }
            }
        }
    )*};
}

/// An id of 16 bytes in a row.
pub type Id = ByteArray<16>;
/// A digest of 32 bytes in a row.
pub type Digest = ByteArray<32>;

rows! {
    /// Up to where the journal is posted.
    Position {
        /// The number of entries posted.
        1 entries: u64,
        /// The number of rows, this one apart.
        2 rows: u64,
        /// Whether the gateway that wrote it has stopped cleanly since.
        3 clean: bool,
        /// The format of the rows: another one is posted again.
        4 format: u16,
    }

    /// A person.
    Person {
        /// The role's number.
        1 role: u8,
        /// The newest entry that carries the name.
        2 name_entry: Option<u64>,
        /// The person: keys hold handles alone.
        3 id: Id,
        /// Their [`Footing`].
        4 footing: u8,
        /// When their work ends, in milliseconds since 1970; no end where left out.
        5 until_ms: Option<u64>,
        /// The book that they were suspended or revoked with.
        6 with_book: Option<Id>,
        /// The newest entry that says what a partner is there for.
        7 purpose_entry: Option<u64>,
        /// Why they are not active.
        8 ended: Option<Ended>,
    }

    /// A device.
    Device {
        /// Whose it is.
        1 person: Id,
        /// By which invitation it came.
        2 invitation: u32,
        /// Its [`Standing`].
        3 standing: u8,
        /// The entry that bound it; holds its first certificates.
        6 bound_entry: u64,
        /// The newest entry that carries its label.
        7 label_entry: Option<u64>,
        /// When it was bound, in milliseconds since 1970.
        8 bound_at_ms: u64,
        /// The device.
        11 id: Id,
        /// Why it is suspended or revoked.
        12 ended: Option<Ended>,
        /// The [`Standing`] that a resumed device has again.
        13 before: Option<u8>,
        /// Who gave it its rights, as it stands in the statement.
        14 confirmed_by: Option<String>,
    }

    /// A book.
    Book {
        /// The newest entry that carries the name.
        1 name_entry: Option<u64>,
        /// The book.
        2 id: Id,
        /// Its [`Footing`].
        3 footing: u8,
        /// Why it is not active.
        4 ended: Option<Ended>,
    }

    /// That a person may use a book.
    Grant {
        /// The book again: the key holds it as a handle only.
        1 book: Id,
        /// The person again.
        2 person: Id,
        /// Until when, in milliseconds since 1970; no end where left out.
        3 until_ms: Option<u64>,
        /// Whether it was withdrawn since.
        4 withdrawn: bool,
    }

    /// An invitation.
    Invitation {
        /// Who is invited.
        1 person: Id,
        /// Its number again.
        2 number: u32,
        /// When it ends, in milliseconds since 1970.
        3 expires_ms: u64,
        /// The device that used it.
        4 device: Option<Id>,
        /// The device that the new one replaces when it is confirmed.
        5 replaces: Option<Id>,
        /// Whether it was revoked.
        6 revoked: bool,
        /// When it was issued, in milliseconds since 1970.
        7 issued_at_ms: u64,
        /// Who issued it.
        8 by: String,
        /// Whether it was locked by wrong proofs.
        9 locked: bool,
        /// How often it was proven by others than the device that used it.
        10 contested: u32,
    }

    /// An accepted submission.
    Submission {
        /// The submission again.
        1 submission: Id,
        /// Who sent it.
        2 person: Id,
        /// Its book.
        3 book: Id,
        /// Its period's number.
        4 period: u32,
        /// The entry of its origin.
        5 origin_entry: u64,
        /// The entry of its acceptance, which has the list.
        6 acceptance_entry: u64,
        /// When it was accepted, in milliseconds since 1970.
        7 accepted_at_ms: u64,
        /// Lines in its list.
        8 lines: u32,
    }

    /// A stored document.
    Document {
        /// Who sent it.
        1 person: Id,
        /// In which submission.
        2 submission: Id,
        /// Its number there.
        3 n: u32,
        /// The entry of its acceptance.
        4 acceptance_entry: u64,
        /// Its kind's word.
        5 kind: String,
        /// Its class's number.
        6 class: u8,
        /// Its [`DocumentState`].
        7 state: u8,
        /// Where it lies in the vault; left out while its domain is locked.
        8 position: Option<minicbor::bytes::ByteVec>,
    }

    /// A document that is recognised when it is sent again.
    Duplicate {
        /// Who sent it.
        1 person: Id,
        /// In which submission.
        2 submission: Id,
        /// Its number there.
        3 n: u32,
        /// The entry of its acceptance.
        4 acceptance_entry: u64,
    }

    /// A take.
    Take {
        /// Who signed it.
        1 person: Id,
        /// On which device.
        2 device: Id,
        /// The book of its documents.
        3 book: Id,
        /// Its entry, which has the list.
        4 entry: u64,
        /// When it was committed, in milliseconds since 1970.
        5 taken_at_ms: u64,
        /// Whether what was not handed over has been said.
        6 failure_said: bool,
        /// Its statement's digest again.
        7 take: Digest,
    }

    /// One document of one take.
    Fetch {
        /// By whom.
        1 person: Id,
        /// When the take was committed, in milliseconds since 1970.
        2 taken_at_ms: u64,
        /// When the handover was, in milliseconds since 1970.
        3 fetched_at_ms: Option<u64>,
        /// The entry of the take.
        4 take_entry: u64,
        /// The entry of the handover.
        5 handover_entry: Option<u64>,
    }

    /// A handover of a take.
    Handover {
        /// Its statement's digest.
        1 statement: Digest,
        /// Its entry.
        2 entry: u64,
    }

    /// An accepted submission as its book sees it.
    Accepted {
        /// The submission.
        1 submission: Id,
        /// Who sent it.
        2 person: Id,
    }

    /// A certificate that a device has or had. Never deleted: its key is nobody's again.
    Certificate {
        /// SHA-256 of the certificate.
        1 sha256: Digest,
        /// Whose it is.
        2 device: Id,
        /// Its [`CertificateUse`].
        3 usage: u8,
        /// Its serial number.
        4 serial: Id,
        /// SHA-256 of its key's SubjectPublicKeyInfo.
        5 key: Digest,
        /// Its last second of life, in milliseconds since 1970.
        6 not_after_ms: u64,
        /// The key identifier of its issuer: the first 20 bytes of SHA-256 of that key's SubjectPublicKeyInfo.
        7 issuer: ByteArray<20>,
        /// The entry that holds it.
        8 entry: u64,
        /// Its [`CertificateState`].
        9 state: u8,
        /// Where it is superseded: until when it is admitted all the same, in milliseconds since 1970.
        10 until_ms: Option<u64>,
        /// Its first second of life, in milliseconds since 1970.
        11 not_before_ms: u64,
    }

    /// A renewal: the same request has the same certificates.
    Renewal {
        /// The entry that has them.
        1 entry: u64,
        /// SHA-256 of the new TLS key's SubjectPublicKeyInfo.
        2 tls_key: Digest,
    }

    /// An exchange of a key.
    Rotation {
        /// Which; the new key's id as well.
        1 id: Id,
        /// The number of its kind.
        2 kind: u8,
        /// The number of the phase that it is in; left out before the first is done.
        3 phase: Option<u8>,
        /// The number of the phase that it is being brought to.
        4 planned: Option<u8>,
        /// When it was planned last, in milliseconds since 1970.
        5 planned_at_ms: u64,
        /// When the phase was reached, in milliseconds since 1970.
        6 since_ms: u64,
        /// Who planned it last.
        7 by: String,
        /// The entry that began it: they come in its order.
        8 entry: u64,
        /// Devices that somebody said may be cut off.
        9 cut_off: u32,
        /// When the new key was first told to companions, in milliseconds since 1970.
        10 told_ms: Option<u64>,
    }

    /// Whether a person has a second factor. Its secret is the vault's.
    Factor {
        /// The person again.
        1 person: Id,
        /// The entry that enrolled it; left out where it was taken away since.
        2 enrolled_entry: Option<u64>,
    }

    /// The newest revocation list of an authority.
    Crl {
        /// Its number.
        1 number: u32,
        /// SHA-256 of the list.
        2 sha256: Digest,
    }
}

/// The format of the rows of this version.
pub const FORMAT: u16 = 4;

/// Why and when something was suspended, revoked or closed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ended {
    /// The reason's number.
    #[n(1)]
    pub reason: u8,
    /// When, in milliseconds since 1970.
    #[n(2)]
    pub at_ms: u64,
    /// From when on its keys may have been in other hands, in milliseconds since 1970.
    #[n(3)]
    pub since_ms: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_back_and_foreign_bytes_are_not() {
        let row = Grant { book: [1; 16].into(), person: [2; 16].into(), until_ms: None, withdrawn: false };
        let bytes = row.to_bytes();
        assert_eq!(Grant::from_bytes(&bytes), Ok(row));
        assert!(Grant::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
        assert!(Grant::from_bytes(b"x").is_err());
    }

    #[test]
    fn what_is_not_known_of_a_device_gives_no_rights() {
        assert_eq!(Standing::from_code(77), Standing::Revoked);
        assert_eq!(Footing::from_code(77), Footing::Ended);
    }
}
