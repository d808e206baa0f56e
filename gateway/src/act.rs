//! The acts of administration: one function each, the same whether it comes over the admin socket or from a command
//! that holds the folder itself. Each leaves its statements in the journal before it is answered.

use std::sync::Arc;

use certs::Invitation;
use certs::enrolment::CheckDigits;
use model::{BookId, InvitationId, KeyId, PersonId, Role, Timestamp, limits};
use receipts::event::{
    Actor, BookAdded, BookNamed, DeviceConfirmed, GrantGiven, InvitationIssued, Label, PersonAdded,
    PersonNamed,
};
use serde::{Deserialize, Serialize};
use vault::EntryScope;

use crate::commit::{Group, Made};
use crate::enrol;
use crate::ledger::rows::Standing;
use crate::practice::Practice;

/// Why an act is not done. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum ActError {
    /// No book has this name or id.
    #[error("there is no book {book:?}")]
    BookUnknown {
        /// As it was given.
        book: String,
    },
    /// Several books have this name.
    #[error("several books are called {book:?}")]
    BookAmbiguous {
        /// As it was given.
        book: String,
        /// Their ids.
        ids: Vec<String>,
    },
    /// The digits are not those of the device.
    #[error("the digits are not those that the device shows")]
    DigitsDiffer,
    /// No invitation has this id, or nobody has used it yet.
    #[error("no device has enrolled by invitation {invitation}")]
    NotEnrolled {
        /// As it was given.
        invitation: String,
    },
    /// A name is empty, too long or has a NUL in it.
    #[error("a name has 1 to 200 bytes")]
    NameWrong,
    /// The gateway refused to commit it.
    #[error("the gateway refused: {code}")]
    Refused {
        /// The code's word.
        code: String,
    },
    /// Something failed; the log says what.
    #[error("something failed in the gateway: {cause}")]
    Failed {
        /// In words.
        cause: String,
    },
}

impl From<protocol::Refusal> for ActError {
    fn from(refusal: protocol::Refusal) -> Self {
        Self::Refused { code: refusal.known().map_or("unknown", |code| code.word()).to_owned() }
    }
}

impl From<vault::VaultError> for ActError {
    fn from(error: vault::VaultError) -> Self {
        Self::Failed { cause: error.to_string() }
    }
}

impl From<certs::CertsError> for ActError {
    fn from(error: certs::CertsError) -> Self {
        Self::Failed { cause: error.to_string() }
    }
}

fn failed(cause: &dyn std::fmt::Display) -> ActError {
    ActError::Failed { cause: cause.to_string() }
}

/// A book, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookShown {
    /// Its id, 26 symbols.
    pub id: String,
    /// Its name; foreign text.
    pub name: String,
}

/// An invitation, shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationShown {
    /// Its id, for `confirm`.
    pub id: String,
    /// The word to paste.
    pub word: String,
    /// The code to type.
    pub code: String,
    /// Where the gateway is.
    pub address: String,
    /// When it ends: RFC 3339.
    pub expires: String,
    /// Whom it is for.
    pub person: String,
}

/// A device that was confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// The person's name.
    pub person: String,
    /// Their role.
    pub role: String,
    /// What the device calls itself.
    pub label: String,
    /// The device.
    pub device: String,
}

/// A person with their devices, as they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonShown {
    /// Their id, 26 symbols.
    pub id: String,
    /// Their name; foreign text.
    pub name: String,
    /// Their role.
    pub role: String,
    /// Ids and names of the books granted.
    pub books: Vec<BookShown>,
    /// Their devices.
    pub devices: Vec<DeviceShown>,
    /// Their invitations that nobody has used and that have not ended.
    pub invitations: Vec<String>,
}

/// A device, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceShown {
    /// Its id, as in its certificate.
    pub id: String,
    /// What it calls itself; foreign text.
    pub label: String,
    /// `active`, `waiting` or `declined`.
    pub standing: String,
    /// The invitation by which it came.
    pub invitation: String,
    /// The digits that it shows, while it waits.
    pub digits: Option<String>,
    /// When it spoke to the gateway last, since the gateway's start.
    pub last_seen: Option<String>,
}

/// Adds a book.
///
/// # Errors
/// [`ActError`].
pub fn book_add(practice: &Arc<Practice>, name: &str) -> Result<BookShown, ActError> {
    let label = Label::parse(name).map_err(|_| ActError::NameWrong)?;
    let book = BookId::from_bytes(host::random::bytes().map_err(|error| failed(&error))?);
    let (house, own) = (practice.entry_key(EntryScope::House)?, practice.entry_key(EntryScope::Book(book))?);
    commit(practice, move |group| {
        Ok(vec![
            group.made(BookAdded { book, by: Actor::AdminSocket }, house)?,
            group.made(BookNamed { book, name: label }, own)?,
        ])
    })?;
    Ok(BookShown { id: book.to_string(), name: name.to_owned() })
}

/// All books.
pub fn book_list(practice: &Practice) -> Vec<BookShown> {
    let shown = |book: Arc<crate::registry::Book>| BookShown {
        id: book.id.to_string(),
        name: book.name().as_deref().unwrap_or("").to_owned(),
    };
    practice.registry.books().into_iter().map(shown).collect()
}

/// Invites a person: makes the person, grants the books, and draws an invitation whose keys are durable before it is
/// shown.
///
/// # Errors
/// [`ActError`].
pub fn invite(
    practice: &Arc<Practice>,
    role: Role,
    name: &str,
    books: &[String],
) -> Result<InvitationShown, ActError> {
    let label = Label::parse(name).map_err(|_| ActError::NameWrong)?;
    let books = books.iter().map(|book| find_book(practice, book)).collect::<Result<Vec<_>, _>>()?;
    let person = PersonId::from_bytes(host::random::bytes().map_err(|error| failed(&error))?);
    let life =
        if role.is_staff() { limits::INVITATION_STAFF_SECONDS } else { limits::INVITATION_CLIENT_SECONDS };
    let expires = practice.now().plus_seconds(life);
    let invitation = draw(practice, expires)?;
    let word = invitation.word().map_err(|error| failed(&error))?;
    enrol::keep_invitation(practice, &invitation)?;
    let (house, own) =
        (practice.entry_key(EntryScope::House)?, practice.entry_key(EntryScope::Person(person))?);
    let id = invitation.id;
    let outcome = commit(practice, move |group| {
        let by = Actor::AdminSocket;
        let mut statements = vec![
            group.made(PersonAdded { person, role, until: None, by }, house)?,
            group.made(PersonNamed { person, name: label }, own)?,
        ];
        for book in books {
            statements.push(group.made(GrantGiven { person, book, until: None, by }, house)?);
        }
        let issued = InvitationIssued { invitation: id, person, role, expires, replaces: None, by };
        statements.push(group.made(issued, house)?);
        Ok(statements)
    });
    if let Err(error) = outcome {
        enrol::forget_invitation(practice, id);
        return Err(error);
    }
    Ok(InvitationShown {
        id: id.to_string(),
        word: word.to_string(),
        code: invitation.code().to_string(),
        address: practice.config.address(),
        expires: expires.to_rfc3339(),
        person: person.to_string(),
    })
}

fn draw(practice: &Practice, expires: Timestamp) -> Result<Invitation, ActError> {
    loop {
        let drawn = Invitation::draw(
            practice.keys.trust.pin(),
            &practice.config.host,
            practice.config.port,
            expires,
        )?;
        // Two of a thousand million: drawn again, never used twice.
        if practice.registry.invitation(drawn.id).is_none() {
            return Ok(drawn);
        }
    }
}

/// Gives a member of staff their rights, after the digits were compared.
///
/// # Errors
/// [`ActError::DigitsDiffer`], [`ActError::NotEnrolled`].
pub fn confirm(practice: &Arc<Practice>, invitation: &str, digits: &str) -> Result<Confirmed, ActError> {
    let not_enrolled = || ActError::NotEnrolled { invitation: invitation.to_owned() };
    let id = InvitationId::parse(invitation).map_err(|_| not_enrolled())?;
    let device =
        practice.registry.invitation(id).and_then(|invitation| invitation.device).ok_or_else(not_enrolled)?;
    let device = practice.registry.device(device).ok_or_else(not_enrolled)?;
    let shown = enrol::digits(practice, device.id).map_err(|error| failed(&error))?;
    if CheckDigits::parse(digits) != Ok(shown) {
        return Err(ActError::DigitsDiffer);
    }
    match device.standing() {
        Standing::Active => {}
        Standing::Declined => return Err(not_enrolled()),
        Standing::Bound => {
            let house = practice.entry_key(EntryScope::House)?;
            let id = device.id;
            commit(practice, move |group| {
                Ok(vec![group.made(DeviceConfirmed { device: id, by: Actor::AdminSocket }, house)?])
            })?;
        }
    }
    Ok(Confirmed {
        person: device.person.name().as_deref().unwrap_or("").to_owned(),
        role: device.person.role.to_string(),
        label: device.label().as_deref().unwrap_or("").to_owned(),
        device: device.id.to_uuid(),
    })
}

/// Everybody, with devices and invitations.
pub fn people(practice: &Practice) -> Vec<PersonShown> {
    let now = practice.now();
    let open = practice.registry.invitations();
    let person = |person: Arc<crate::registry::Person>| PersonShown {
        id: person.id.to_string(),
        name: person.name().as_deref().unwrap_or("").to_owned(),
        role: person.role.to_string(),
        books: practice
            .registry
            .granted(person.id, now)
            .into_iter()
            .map(|(book, _)| BookShown {
                id: book.id.to_string(),
                name: book.name().as_deref().unwrap_or("").to_owned(),
            })
            .collect(),
        devices: practice
            .registry
            .devices_of(person.id)
            .iter()
            .map(|device| device_shown(practice, device))
            .collect(),
        invitations: open
            .iter()
            .filter(|(_, invitation)| {
                invitation.person == person.id && invitation.device.is_none() && now < invitation.expires
            })
            .map(|(id, _)| id.to_string())
            .collect(),
    };
    practice.registry.people().into_iter().map(person).collect()
}

fn device_shown(practice: &Practice, device: &crate::registry::Device) -> DeviceShown {
    let (standing, waits) = match device.standing() {
        Standing::Active => ("active", false),
        Standing::Bound => ("waiting", device.person.role.is_staff()),
        Standing::Declined => ("declined", false),
    };
    let digits: Option<CheckDigits> = if waits { enrol::digits(practice, device.id).ok() } else { None };
    DeviceShown {
        id: device.id.to_uuid(),
        label: device.label().as_deref().unwrap_or("").to_owned(),
        standing: standing.to_owned(),
        invitation: device.invitation.to_string(),
        digits: digits.map(|digits| digits.to_string()),
        last_seen: device.last_seen().map(Timestamp::to_rfc3339),
    }
}

/// A book by its id or its name.
///
/// # Errors
/// [`ActError::BookUnknown`], [`ActError::BookAmbiguous`].
pub fn find_book(practice: &Practice, book: &str) -> Result<BookId, ActError> {
    if let Ok(id) = BookId::parse(book)
        && practice.registry.book(id).is_some()
    {
        return Ok(id);
    }
    let named: Vec<BookId> = practice
        .registry
        .books()
        .iter()
        .filter(|known| known.name().as_deref() == Some(book))
        .map(|known| known.id)
        .collect();
    match named.as_slice() {
        [] => Err(ActError::BookUnknown { book: book.to_owned() }),
        [id] => Ok(*id),
        several => Err(ActError::BookAmbiguous {
            book: book.to_owned(),
            ids: several.iter().map(BookId::to_string).collect(),
        }),
    }
}

/// An admin has looked at the clock: it is right.
pub fn clock_confirm(practice: &Practice) {
    practice.clock.confirm();
}

fn commit(
    practice: &Practice,
    make: impl FnOnce(&Group<'_>) -> Result<Vec<Made>, protocol::Refusal> + Send + 'static,
) -> Result<crate::commit::Outcome, ActError> {
    Ok(practice.committer.commit_blocking(Box::new(make))?)
}

/// The key id under which an invitation's three keys are kept.
pub(crate) fn invitation_key(id: InvitationId) -> KeyId {
    let mut bytes = [0u8; 16];
    for (slot, byte) in bytes.iter_mut().rev().zip(id.get().to_be_bytes().iter().rev()) {
        *slot = *byte;
    }
    KeyId::from_bytes(bytes)
}

/// The invitation whose keys are kept under this id.
pub(crate) fn invitation_of_key(id: KeyId) -> Option<InvitationId> {
    let [zeros @ .., a, b, c, d] = *id.as_bytes();
    let number = InvitationId::new(u32::from_be_bytes([a, b, c, d])).ok()?;
    (zeros == [0; 12]).then_some(number)
}
