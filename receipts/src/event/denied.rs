//! What statements say of rights that end, rest, come back or change: devices, people, books, invitations, grants,
//! roles. Who lets in at first is in the file above.
//!
//! A word of explanation is a [`Noted`] of its own, and a partner's purpose a [`PurposeStated`], so that either can be
//! erased without taking a right or a state with it.

use model::{BookId, DeviceId, InvitationId, PersonId, Reason, Role, Sha256Digest, Timestamp};

use super::{Actor, Label};
use crate::member::members;

members! {
    /// A device is let in no more until it is resumed.
    struct DeviceSuspended {
        /// The device.
        device: DeviceId = "device",
        /// Why.
        reason: Reason = "reason",
        /// Who did it.
        by: Actor = "by",
    }

    /// A suspended device has again what it had.
    struct DeviceResumed {
        /// The device.
        device: DeviceId = "device",
        /// Who did it.
        by: Actor = "by",
    }

    /// A device is let in never again; its keys stay burnt.
    struct DeviceRevoked {
        /// The device.
        device: DeviceId = "device",
        /// Why.
        reason: Reason = "reason",
        /// From when on its keys may have been in other hands.
        compromised_since: Option<Timestamp> = "compromised_since",
        /// Who did it.
        by: Actor = "by",
    }

    /// A person rests with every device, also one that is enrolled later, until they are resumed.
    struct PersonSuspended {
        /// The person.
        person: PersonId = "person",
        /// Why.
        reason: Reason = "reason",
        /// The book that was suspended, where the person was suspended with it: they are resumed with it too.
        with_book: Option<BookId> = "with_book",
        /// Who did it.
        by: Actor = "by",
    }

    /// A suspended person has again what they had.
    struct PersonResumed {
        /// The person.
        person: PersonId = "person",
        /// Who did it.
        by: Actor = "by",
    }

    /// A person is let in never again, on no device. Their devices of the moment are revoked by statements of their own.
    struct PersonRevoked {
        /// The person.
        person: PersonId = "person",
        /// Why.
        reason: Reason = "reason",
        /// The book that was closed, where the person went with it.
        with_book: Option<BookId> = "with_book",
        /// From when on their keys may have been in other hands.
        compromised_since: Option<Timestamp> = "compromised_since",
        /// Who did it.
        by: Actor = "by",
    }

    /// No grant on a book holds until it is resumed.
    struct BookSuspended {
        /// The book.
        book: BookId = "book",
        /// Why.
        reason: Reason = "reason",
        /// Who did it.
        by: Actor = "by",
    }

    /// The grants on a suspended book hold again.
    struct BookResumed {
        /// The book.
        book: BookId = "book",
        /// Who did it.
        by: Actor = "by",
    }

    /// No grant on a book holds any more, nor any that is given later.
    struct BookClosed {
        /// The book.
        book: BookId = "book",
        /// Why.
        reason: Reason = "reason",
        /// Who did it.
        by: Actor = "by",
    }

    /// An invitation lets nobody in any more.
    struct InvitationRevoked {
        /// The invitation.
        invitation: InvitationId = "invitation",
        /// Why.
        reason: Reason = "reason",
        /// Who did it.
        by: Actor = "by",
    }

    /// A person may not use a book any more.
    struct GrantWithdrawn {
        /// The person.
        person: PersonId = "person",
        /// The book.
        book: BookId = "book",
        /// Why.
        reason: Reason = "reason",
        /// Who did it.
        by: Actor = "by",
    }

    /// A person has another role.
    struct RoleChanged {
        /// The person.
        person: PersonId = "person",
        /// The new role.
        role: Role = "role",
        /// The end of a partner's work.
        until: Option<Timestamp> = "until",
        /// Who did it.
        by: Actor = "by",
    }

    /// A person's work ends then, and not before somebody states another date.
    struct PersonEndSet {
        /// The person.
        person: PersonId = "person",
        /// When; null for no end.
        until: Option<Timestamp> = "until",
        /// Who did it.
        by: Actor = "by",
    }

    /// What a partner is there for.
    struct PurposeStated {
        /// The person.
        person: PersonId = "person",
        /// In words.
        purpose: Label = "purpose",
    }

    /// What who acted had to say about it.
    struct Noted {
        /// SHA-256 of the statement that it is about.
        refers_to: Sha256Digest = "refers_to",
        /// In words.
        note: Label = "note",
    }
}
