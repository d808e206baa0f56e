//! What statements say: one struct an event, one field a member, in the order in which they are written.
//! Names of events and members are those of ETSI EN 319 522 where it has them. Not the signed envelope
//! (see `statement`).
//!
//! A statement carries ids, digests and dates. A name, label or other words of people stand only in [`BookNamed`],
//! [`PersonNamed`], [`DeviceLabelled`], [`PurposeStated`] and [`Noted`], each with what it is about and nothing else,
//! so that they can be erased without taking a right or a state with them.

mod denied;
mod lists;
mod tried;
mod values;

use model::{
    BookId, DeviceId, InvitationId, Period, PersonId, Pin, PracticeId, Role, Sha256Digest, SubmissionId,
    Timestamp, limits,
};
use serde_json::{Map, Value};

pub use self::denied::{
    BookClosed, BookResumed, BookSuspended, DeviceResumed, DeviceRevoked, DeviceSuspended, GrantWithdrawn,
    InvitationRevoked, Noted, PersonEndSet, PersonResumed, PersonRevoked, PersonSuspended, PurposeStated,
    RoleChanged,
};
pub use self::lists::CrlIssued;
pub use self::tried::{InvitationContested, InvitationLocked};
pub use self::values::{
    Actor, BoundCertificate, Custody, Der, Factor, HandoverReason, Label, LastCheckpoint, Medium, Opaque,
    Word,
};
use crate::checkpoint::NOTE_BYTES_MAX;
use crate::es256::CERTIFICATE_BYTES_MAX;
use crate::member::{Members, Object, members};
use crate::{Documents, Error, Vkey};

members! {
    /// A person through one of its devices.
    struct Party {
        /// The person.
        person: PersonId = "person",
        /// The device whose certificate admitted the connection.
        device: DeviceId = "device",
    }

    /// A device, speaking for itself.
    struct DeviceParty {
        /// The device.
        device: DeviceId = "device",
    }

    /// A practice.
    struct PracticeParty {
        /// Its id; the certificates say which one it is.
        practice: PracticeId = "practice",
    }

    /// The journal's first entry: what is registered here, and by whose keys (RFC 9943 5.1).
    struct Genesis {
        /// The practice.
        practice: PracticeId = "practice",
        /// Its pin.
        pin: Pin = "pin",
        /// What this journal registers, in words: [`REGISTRATION_POLICY`].
        policy: String = "policy",
        /// Root record 1, as it is distributed.
        root_record: Opaque = "root_record_1",
        /// Issuing, statement and receipt certificates of the first day.
        certificates: Vec<Der> = "certificates",
        /// Which software made it.
        software: Word = "software",
    }

    /// The sender says what it sends: non-repudiation of origin (ISO/IEC 13888-3).
    struct Origin {
        /// The sending device.
        sender: DeviceParty = "SenderDetails",
        /// The practice it is sent to.
        recipient: PracticeParty = "RecipientDetails",
        /// The submission.
        submission: SubmissionId = "MessageIdentifier",
        /// The book it is for.
        book: BookId = "book",
        /// The period it belongs to.
        period: Period = "period",
        /// The documents, over a [`crate::SubmissionList`].
        documents: Documents = "documents",
        /// The newest checkpoint that the sender holds: every signer is a witness.
        last_checkpoint: Option<LastCheckpoint> = "last_checkpoint",
    }

    /// The gateway has it: hashed, sealed and durable.
    struct SubmissionAcceptance {
        /// When the last piece had become durable.
        submission_time: Timestamp = "SubmissionTime",
        /// Who sent it.
        sender: Party = "SenderDetails",
        /// The practice.
        recipient: PracticeParty = "RecipientDetails",
        /// The submission.
        submission: SubmissionId = "MessageIdentifier",
        /// The book.
        book: BookId = "book",
        /// The period.
        period: Period = "period",
        /// The documents, equal to the origin's.
        documents: Documents = "documents",
        /// SHA-256 of the origin statement.
        refers_to: Sha256Digest = "refers_to",
        /// Who can read it from here on.
        custody: Custody = "custody",
    }

    /// The fetching device acknowledges a list before anything is released to it: a take.
    struct ConsignmentAcceptance {
        /// The fetching device.
        recipient: DeviceParty = "RecipientDetails",
        /// The practice it is fetched from.
        sender: PracticeParty = "SenderDetails",
        /// The book it is from.
        book: BookId = "book",
        /// The documents, over a [`crate::TakeList`].
        documents: Documents = "documents",
        /// The newest checkpoint that the device holds.
        last_checkpoint: Option<LastCheckpoint> = "last_checkpoint",
    }

    /// What a device reported as verified and durable with it.
    struct ContentHandover {
        /// Who has it now.
        recipient: Party = "RecipientDetails",
        /// The book.
        book: BookId = "book",
        /// The documents, over those lines of the take's list.
        documents: Documents = "documents",
        /// SHA-256 of the take.
        refers_to: Sha256Digest = "refers_to",
    }

    /// What a take asked for and no handover names, at the take's end.
    struct ContentHandoverFailure {
        /// Who asked for it.
        recipient: Party = "RecipientDetails",
        /// The book.
        book: BookId = "book",
        /// The documents, over those lines of the take's list.
        documents: Documents = "documents",
        /// SHA-256 of the take.
        refers_to: Sha256Digest = "refers_to",
        /// Why.
        reason: HandoverReason = "EventReasons",
    }

    /// A book begins.
    struct BookAdded {
        /// The book.
        book: BookId = "book",
        /// Who did it.
        by: Actor = "by",
    }

    /// What a book is called.
    struct BookNamed {
        /// The book.
        book: BookId = "book",
        /// The name.
        name: Label = "name",
    }

    /// A person exists, with a role.
    struct PersonAdded {
        /// The person.
        person: PersonId = "person",
        /// What it may do at all.
        role: Role = "role",
        /// The end of a partner's work.
        until: Option<Timestamp> = "until",
        /// Who did it.
        by: Actor = "by",
    }

    /// What a person is called.
    struct PersonNamed {
        /// The person.
        person: PersonId = "person",
        /// The name.
        name: Label = "name",
    }

    /// An invitation was shown once. Its secret is nowhere in the journal.
    struct InvitationIssued {
        /// Its public number.
        invitation: InvitationId = "invitation",
        /// Whom it lets in.
        person: PersonId = "person",
        /// With which role.
        role: Role = "role",
        /// Until when.
        expires: Timestamp = "expires",
        /// The device that the new one is to replace.
        replaces: Option<DeviceId> = "replaces",
        /// Who did it.
        by: Actor = "by",
    }

    /// An invitation was used: these keys are this device's from now on.
    struct DeviceBound {
        /// The invitation.
        invitation: InvitationId = "invitation",
        /// The person.
        person: PersonId = "person",
        /// The device.
        device: DeviceId = "device",
        /// What its connections are admitted by.
        tls: BoundCertificate = "tls",
        /// What its statements are signed under.
        signing: BoundCertificate = "signing",
    }

    /// What a device calls itself.
    struct DeviceLabelled {
        /// The device.
        device: DeviceId = "device",
        /// The label.
        label: Label = "label",
        /// The system that it runs on.
        platform: Label = "platform",
    }

    /// The device has its rights.
    struct DeviceConfirmed {
        /// The device.
        device: DeviceId = "device",
        /// Who compared the digits, or the device itself by its first admitted connection.
        by: Actor = "by",
    }

    /// The person at the device said that it is not who the practice thinks.
    struct DeviceDeclined {
        /// The device.
        device: DeviceId = "device",
    }

    /// A person may use a book, as far as its role goes.
    struct GrantGiven {
        /// The person.
        person: PersonId = "person",
        /// The book.
        book: BookId = "book",
        /// Until when, if not for ever.
        until: Option<Timestamp> = "until",
        /// Who did it.
        by: Actor = "by",
    }

    /// A person has a second factor, shown to work by two codes in a row.
    struct FactorEnrolled {
        /// The person.
        person: PersonId = "person",
        /// Which device asked for it.
        by: Actor = "by",
    }

    /// A person's second factor is gone.
    struct FactorRemoved {
        /// The person.
        person: PersonId = "person",
        /// Who did it: the person, or an admin at the gateway who resets it.
        by: Actor = "by",
    }

    /// Recovery codes were drawn and shown once; those before count no more.
    struct RecoveryCodesDrawn {
        /// The person.
        person: PersonId = "person",
        /// Which device asked for them.
        by: Actor = "by",
    }

    /// A recovery code was used up in place of a phone.
    struct RecoveryCodeUsed {
        /// The person.
        person: PersonId = "person",
        /// On which device.
        by: Actor = "by",
    }

    /// The gateway serves.
    struct GatewayStarted {
        /// Which software.
        software: Word = "software",
        /// Whether the medium under the shred seed can forget.
        medium: Medium = "medium",
    }

    /// The gateway stopped in an orderly way.
    struct GatewayStopped {
        /// Which software.
        software: Word = "software",
    }

    /// A device says by its old signing key which one it signs with from now on.
    struct SigningKeyAnnounced {
        /// The device.
        sender: DeviceParty = "SenderDetails",
        /// Its practice.
        recipient: PracticeParty = "RecipientDetails",
        /// SHA-256 of the new key's SubjectPublicKeyInfo.
        signing_key: Sha256Digest = "signing_key",
        /// The newest checkpoint that the device holds.
        last_checkpoint: Option<LastCheckpoint> = "last_checkpoint",
    }

    /// A device has new certificates, vouched for by the ones before.
    struct DeviceRenewed {
        /// The device.
        device: DeviceId = "device",
        /// SHA-256 of the TLS certificate whose key asked for it.
        vouched_by: Sha256Digest = "vouched_by",
        /// The request's id: the same request has the same certificates.
        request: [u8; 16] = "request",
        /// What its connections are admitted by from now on.
        tls: BoundCertificate = "tls",
        /// What its statements are signed under from now on; the one before where there is none.
        signing: Option<BoundCertificate> = "signing",
    }

    /// A renewed certificate was used for the first time: a day later those before it are nobody's any more.
    struct CertificateUsed {
        /// The device.
        device: DeviceId = "device",
        /// SHA-256 of its TLS certificate.
        certificate: Sha256Digest = "certificate",
    }

    /// A step in exchanging a key is begun: what it leads to will be done, over a crash too.
    struct RotationPlanned {
        /// Which rotation; the new key's id as well.
        rotation: [u8; 16] = "rotation",
        /// Of which key.
        kind: Word = "kind",
        /// The phase that it leads to.
        to: Word = "to",
        /// Active devices that will have to be invited again.
        cut_off: u32 = "cut_off",
        /// Who did it.
        by: Actor = "by",
    }

    /// A step in exchanging a key is done.
    struct RotationDone {
        /// Which rotation.
        rotation: [u8; 16] = "rotation",
        /// Of which key.
        kind: Word = "kind",
        /// The phase that it is in now.
        to: Word = "to",
        /// Certificates that were made for it.
        certificates: Vec<Der> = "certificates",
        /// Root records that are distributed from now on.
        root_records: Vec<Opaque> = "root_records",
        /// The new checkpoint key.
        new_log: Option<Vkey> = "new_log",
    }
}

/// What the journal's first entry says is registered.
pub const REGISTRATION_POLICY: &str = "This journal registers statements of devices of this practice, signed under certificates that chain to the roots of its root records and stand in its registry at that moment, and statements of its gateway. A statement is registered before a receipt for it is shown. Nothing registered is changed or removed; the content of an entry may be erased, its hash stays.";

/// Events of one signer, by their URI.
macro_rules! events {
    ($(#[$doc:meta])* $enum:ident { $($name:ident $uri:literal)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $enum {
            $(#[doc = concat!("`", $uri, "`")] $name($name),)*
        }

        impl $enum {
            /// URI and own members of each event, in the order in which they are written.
            pub const TABLE: &'static [(&'static str, &'static [&'static str])] =
                &[$(($uri, <$name as Members>::NAMES)),*];

            /// The event's URI (`ERDSEventId`).
            pub const fn uri(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $uri,)*
                }
            }

            pub(crate) fn write_members(&self, out: &mut Object<'_>) {
                match self {
                    $(Self::$name(event) => event.write_members(out),)*
                }
            }

            /// `None` where the URI is not of this signer's events.
            pub(crate) fn read(uri: &str, object: &Map<String, Value>) -> Option<Result<Self, Error>> {
                match uri {
                    $($uri => Some($name::read_members(object).map(Self::$name)),)*
                    _ => None,
                }
            }
        }

        $(impl From<$name> for $enum {
            fn from(event: $name) -> Self {
                Self::$name(event)
            }
        })*
    };
}

events! {
    /// What a device states, signed as `signer/<uuid>`.
    DeviceEvent {
        Origin "urn:counterfoil:event:Origin"
        ConsignmentAcceptance "http://uri.etsi.org/19522/Event/ConsignmentAcceptance"
        SigningKeyAnnounced "urn:counterfoil:event:SigningKeyAnnounced"
    }
}

events! {
    /// What the gateway states, signed as `gateway/statements`.
    GatewayEvent {
        Genesis "urn:counterfoil:event:Genesis"
        SubmissionAcceptance "http://uri.etsi.org/19522/Event/SubmissionAcceptance"
        ContentHandover "http://uri.etsi.org/19522/Event/ContentHandover"
        ContentHandoverFailure "http://uri.etsi.org/19522/Event/ContentHandoverFailure"
        BookAdded "urn:counterfoil:event:BookAdded"
        BookNamed "urn:counterfoil:event:BookNamed"
        PersonAdded "urn:counterfoil:event:PersonAdded"
        PersonNamed "urn:counterfoil:event:PersonNamed"
        InvitationIssued "urn:counterfoil:event:InvitationIssued"
        DeviceBound "urn:counterfoil:event:DeviceBound"
        DeviceLabelled "urn:counterfoil:event:DeviceLabelled"
        DeviceConfirmed "urn:counterfoil:event:DeviceConfirmed"
        DeviceDeclined "urn:counterfoil:event:DeviceDeclined"
        GrantGiven "urn:counterfoil:event:GrantGiven"
        GatewayStarted "urn:counterfoil:event:GatewayStarted"
        GatewayStopped "urn:counterfoil:event:GatewayStopped"
        DeviceSuspended "urn:counterfoil:event:DeviceSuspended"
        DeviceResumed "urn:counterfoil:event:DeviceResumed"
        DeviceRevoked "urn:counterfoil:event:DeviceRevoked"
        PersonSuspended "urn:counterfoil:event:PersonSuspended"
        PersonResumed "urn:counterfoil:event:PersonResumed"
        PersonRevoked "urn:counterfoil:event:PersonRevoked"
        BookSuspended "urn:counterfoil:event:BookSuspended"
        BookResumed "urn:counterfoil:event:BookResumed"
        BookClosed "urn:counterfoil:event:BookClosed"
        InvitationRevoked "urn:counterfoil:event:InvitationRevoked"
        GrantWithdrawn "urn:counterfoil:event:GrantWithdrawn"
        RoleChanged "urn:counterfoil:event:RoleChanged"
        PersonEndSet "urn:counterfoil:event:PersonEndSet"
        PurposeStated "urn:counterfoil:event:PurposeStated"
        Noted "urn:counterfoil:event:Noted"
        DeviceRenewed "urn:counterfoil:event:DeviceRenewed"
        CertificateUsed "urn:counterfoil:event:CertificateUsed"
        RotationPlanned "urn:counterfoil:event:RotationPlanned"
        RotationDone "urn:counterfoil:event:RotationDone"
        FactorEnrolled "urn:counterfoil:event:FactorEnrolled"
        FactorRemoved "urn:counterfoil:event:FactorRemoved"
        RecoveryCodesDrawn "urn:counterfoil:event:RecoveryCodesDrawn"
        RecoveryCodeUsed "urn:counterfoil:event:RecoveryCodeUsed"
        InvitationLocked "urn:counterfoil:event:InvitationLocked"
        InvitationContested "urn:counterfoil:event:InvitationContested"
        CrlIssued "urn:counterfoil:event:CrlIssued"
    }
}

const _: () = {
    // A statement with its certificate must hold the largest of each: a genesis with all that it carries
    // is checked when it is signed, what people cause is bounded here.
    assert!(NOTE_BYTES_MAX * 2 + CERTIFICATE_BYTES_MAX < limits::STATEMENT_BYTES_MAX);
};
