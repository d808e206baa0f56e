//! A key's parts for each row.

use model::{BookId, Class, DeviceId, InvitationId, Kind, Period, PersonId, Sha256Digest, SubmissionId};

use super::{Key, Table};

/// [`super::Position`].
pub fn position() -> Key {
    Key::of(Table::Position)
}

/// [`super::Person`].
pub fn person(person: PersonId) -> Key {
    Key::of(Table::Person).handle(person.as_bytes())
}

/// [`super::Device`].
pub fn device(device: DeviceId) -> Key {
    Key::of(Table::Device).handle(device.as_bytes())
}

/// [`super::Book`].
pub fn book(book: BookId) -> Key {
    Key::of(Table::Book).handle(book.as_bytes())
}

/// [`super::Grant`].
pub fn grant(person: PersonId, book: BookId) -> Key {
    Key::of(Table::Grant).handle(person.as_bytes()).handle(book.as_bytes())
}

/// [`super::Invitation`].
pub fn invitation(invitation: InvitationId) -> Key {
    Key::of(Table::Invitation).number(u64::from(invitation.get()))
}

/// [`super::Submission`]s of every person that used this id.
pub fn submissions(submission: SubmissionId) -> Key {
    Key::of(Table::Submission).handle(submission.as_bytes())
}

/// [`super::Submission`].
pub fn submission(submission: SubmissionId, person: PersonId) -> Key {
    submissions(submission).handle(person.as_bytes())
}

/// [`super::Document`]s of a book, or of one period of it.
pub fn documents(book: BookId, period: Option<Period>) -> Key {
    let key = Key::of(Table::Document).handle(book.as_bytes());
    match period {
        Some(period) => key.number(u64::from(period.code())),
        None => key,
    }
}

/// [`super::Document`].
pub fn document(book: BookId, period: Period, acceptance_entry: u64, n: u32) -> Key {
    documents(book, Some(period)).number(acceptance_entry).number(u64::from(n))
}

/// [`super::Duplicate`].
pub fn duplicate(book: BookId, period: Period, kind: Kind, class: Class, index: &[u8; 32]) -> Key {
    let what = [&index[..], kind.as_str().as_bytes(), &[class.code()]].concat();
    Key::of(Table::Duplicate).handle(book.as_bytes()).number(u64::from(period.code())).handle(&what)
}

/// [`super::Take`].
pub fn take(take: &Sha256Digest) -> Key {
    Key::of(Table::Take).handle(take.as_bytes())
}

/// [`super::Fetch`]es of a document.
pub fn fetches(acceptance_entry: u64, n: u32) -> Key {
    Key::of(Table::Fetch).number(acceptance_entry).number(u64::from(n))
}

/// [`super::Fetch`].
pub fn fetch(acceptance_entry: u64, n: u32, take_entry: u64) -> Key {
    fetches(acceptance_entry, n).number(take_entry)
}

/// [`super::Handover`]s of a take.
pub fn handovers(take: &Sha256Digest) -> Key {
    Key::of(Table::Handover).handle(take.as_bytes())
}

/// [`super::Handover`].
pub fn handover(take: &Sha256Digest, entry: u64) -> Key {
    handovers(take).number(entry)
}

/// [`super::Accepted`] of a book, oldest first.
pub fn accepted_in(book: BookId) -> Key {
    Key::of(Table::Accepted).handle(book.as_bytes())
}

/// [`super::Certificate`]s of a device.
pub fn certificates_of(device: DeviceId) -> Key {
    Key::of(Table::Certificate).handle(device.as_bytes())
}

/// [`super::Certificate`].
pub fn certificate(device: DeviceId, sha256: &Sha256Digest) -> Key {
    certificates_of(device).handle(sha256.as_bytes())
}

/// [`super::Renewal`].
pub fn renewal(device: DeviceId, request: &[u8; 16]) -> Key {
    Key::of(Table::Renewal).handle(device.as_bytes()).handle(request)
}

/// [`super::Rotation`].
pub fn rotation(id: &[u8; 16]) -> Key {
    Key::of(Table::Rotation).handle(id)
}

/// [`super::Accepted`].
pub fn accepted(book: BookId, acceptance_entry: u64) -> Key {
    accepted_in(book).number(acceptance_entry)
}

/// [`super::Factor`].
pub fn factor(person: PersonId) -> Key {
    Key::of(Table::Factor).handle(person.as_bytes())
}

/// [`super::Crl`] of the authority with this key.
pub fn crl(issuer: &Sha256Digest) -> Key {
    Key::of(Table::Crl).handle(issuer.as_bytes())
}
