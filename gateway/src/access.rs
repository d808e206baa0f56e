//! Who may do what: deny by default. Only here is a request turned into a [`Granted`] one, and every operation takes
//! one by value.
//!
//! | request | client | bookkeeper | supervisor | partner | admin | auditor |
//! |---|---|---|---|---|---|---|
//! | hello, books, confirm | yes | yes | yes | yes | yes | yes |
//! | send to a granted book | yes | yes | no | yes | no | no |
//! | list and status of a granted book | yes | yes | yes | yes | no | no |
//! | take from a granted book | yes | yes | no | yes | no | no |
//!
//! A supervisor reviews and may not take originals out; a partner works as a bookkeeper, until the end date; an admin
//! runs the gateway and an auditor reads the record, and neither has a book. Who is suspended or revoked, or whose time
//! is over, may nothing: asked at every request and before every piece.
//!
//! Unknown, forbidden and absent are one answer, [`protocol::Refusal::absent`], after the same look-ups.

use std::sync::Arc;
use std::time::Duration;

use model::{BookId, Role, Timestamp};
use protocol::{Code, Refusal};
use receipts::event::Factor;

use crate::certificate::{DeviceCertificate, Held};
use crate::fresh::Fresh;
use crate::ledger::rows::Standing;
use crate::registry::{Book, Device, Epochs, Registry};

/// Who asks: made by the listener from this connection's certificate, and nowhere else.
#[derive(Clone)]
pub struct Peer {
    device: Arc<Device>,
    certificate: Arc<DeviceCertificate>,
    registry: Arc<Registry>,
    /// Of this connection alone.
    fresh: Arc<Fresh>,
}

/// A request that may be carried out.
pub struct Granted<T> {
    /// What is asked.
    pub request: T,
    /// By whom.
    pub peer: Peer,
    epochs: Epochs,
    on: Option<On>,
}

/// The book that a request is granted on, as it was.
#[derive(Clone)]
struct On {
    act: Act,
    id: BookId,
    book: Option<(Arc<Book>, u64)>,
    ends: Option<Timestamp>,
}

/// What an act on a book is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Seeing what is there: names and states, no content.
    See,
    /// Sending documents.
    Send,
    /// Taking documents out.
    Take,
}

impl Act {
    /// The table above, for a granted book.
    const fn is_for(self, role: Role) -> bool {
        match self {
            Self::See => matches!(role, Role::Client | Role::Bookkeeper | Role::Supervisor | Role::Partner),
            Self::Send => matches!(role, Role::Client | Role::Bookkeeper | Role::Partner),
            Self::Take => matches!(role, Role::Client | Role::Bookkeeper | Role::Partner),
        }
    }
}

impl Peer {
    /// For the listener alone: the device that the registry knows this connection's certificate as.
    pub(crate) fn admitted(held: &Held, registry: Arc<Registry>) -> Self {
        let Held { device, certificate } = held.clone();
        Self { device, certificate, registry, fresh: Arc::default() }
    }

    /// Its device.
    pub fn device(&self) -> &Arc<Device> {
        &self.device
    }

    /// Whether it may ask anything at all now. Asked before each request is looked at.
    ///
    /// # Errors
    /// [`Code::Revoked`]: device or person are suspended or revoked, or the person's time is over.
    pub fn may_ask(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.device.standing().is_barred() || self.device.person.is_over(now) {
            true => Err(Code::Revoked.into()),
            false => Ok(()),
        }
    }

    /// Waits until its device or person is suspended or revoked.
    pub async fn barred(&self) {
        let mut denials = self.registry.denials();
        while !self.device.standing().is_barred() {
            if denials.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// The certificate that admitted this connection.
    pub fn certificate(&self) -> &Arc<DeviceCertificate> {
        &self.certificate
    }

    /// Whether that certificate still admits it at `now`: asked at every request, for a connection may outlive it.
    ///
    /// # Errors
    /// [`Code::RenewFirst`] where it has expired, [`Code::Revoked`] where another has taken its place.
    pub fn check_certificate(&self, now: Timestamp) -> Result<(), Refusal> {
        match (self.certificate.is_admitted(now), self.certificate.is_expired(now)) {
            (true, false) => Ok(()),
            (true, true) => Err(Code::RenewFirst.into()),
            (false, _) => Err(Code::Revoked.into()),
        }
    }

    /// What of the person's second factor is fresh on this connection.
    ///
    /// # Errors
    /// [`Code::FactorMissing`], [`Code::FactorNeeded`].
    pub fn factor(&self, now: Duration) -> Result<Factor, Refusal> {
        let enrolled = self.device.person.factor().ok_or(Code::FactorMissing)?;
        self.fresh.factor(enrolled, now).ok_or_else(|| Code::FactorNeeded.into())
    }

    /// A code of the second factor was shown on this connection.
    pub fn shown(&self, factor: Factor, now: Duration) {
        if let Some(enrolled) = self.device.person.factor() {
            self.fresh.shown(factor, enrolled, now);
        }
    }

    /// Grants what every device may ask, confirmed or not: who it is.
    pub fn grant_own<T>(&self, request: T) -> Result<Granted<T>, Refusal> {
        match self.device.standing() {
            Standing::Declined | Standing::Suspended | Standing::Revoked => Err(Code::Revoked.into()),
            Standing::Bound | Standing::Active => Ok(self.granted(request)),
        }
    }

    /// Grants what needs rights but no certain book.
    ///
    /// # Errors
    /// [`Code::NotConfirmed`], [`Code::Revoked`].
    pub fn grant<T>(&self, request: T) -> Result<Granted<T>, Refusal> {
        match self.device.standing() {
            Standing::Declined | Standing::Suspended | Standing::Revoked => Err(Code::Revoked.into()),
            Standing::Bound => Err(Code::NotConfirmed.into()),
            Standing::Active => Ok(self.granted(request)),
        }
    }

    /// Grants an act on a book.
    ///
    /// # Errors
    /// As [`Peer::grant`]; the one answer for a book that is unknown or not granted.
    pub fn grant_on<T>(
        &self,
        request: T,
        act: Act,
        book: BookId,
        now: Timestamp,
    ) -> Result<Granted<T>, Refusal> {
        self.grant(request)?.on(act, book, now)
    }

    fn granted<T>(&self, request: T) -> Granted<T> {
        Granted { request, epochs: self.registry.epochs(&self.device), peer: self.clone(), on: None }
    }
}

impl<T> Granted<T> {
    /// Whether the person may do this with a book now: asked again before every piece, either way.
    ///
    /// # Errors
    /// The one answer for unknown, forbidden and absent; [`Code::Revoked`] for who is let in no more.
    pub fn may(&self, act: Act, book: BookId, now: Timestamp) -> Result<(), Refusal> {
        self.peer.may_ask(now)?;
        let person = &self.peer.device.person;
        let is_granted = self.peer.registry.is_granted(person.id, book, now);
        let is_standing = self.peer.device.standing() == Standing::Active;
        match is_granted && is_standing && act.is_for(person.role()) {
            true => Ok(()),
            false => Err(Refusal::absent()),
        }
    }

    /// The same, granted on a book for as long as it is current.
    ///
    /// # Errors
    /// As [`Granted::may`].
    pub fn on(self, act: Act, book: BookId, now: Timestamp) -> Result<Self, Refusal> {
        // What it is granted on is looked at before it is judged: a change between the two is seen later.
        let registry = &self.peer.registry;
        let of_grant = registry.grant(self.peer.device.person.id, book, now).flatten();
        let ends = [of_grant, self.peer.device.person.until()].into_iter().flatten().min();
        let book_now = registry.book(book).map(|book| {
            let epoch = book.epoch();
            (book, epoch)
        });
        self.may(act, book, now)?;
        Ok(Self { on: Some(On { act, id: book, book: book_now, ends }), ..self })
    }

    /// Whether it is granted on its book all the same, after something has changed.
    ///
    /// # Errors
    /// As [`Granted::may`].
    pub fn again(&self, now: Timestamp) -> Result<(), Refusal> {
        let on = self.on.as_ref().ok_or_else(Refusal::absent)?;
        self.may(on.act, on.id, now)
    }

    /// Whether nothing has changed that this was granted on; else it is to be asked anew.
    pub fn is_current(&self, now: Timestamp) -> bool {
        let is_on = self.on.as_ref().is_none_or(|on| {
            let is_book = on.book.as_ref().is_none_or(|(book, epoch)| book.epoch() == *epoch);
            is_book && on.ends.is_none_or(|ends| now < ends)
        });
        is_on && self.peer.registry.epochs(&self.peer.device) == self.epochs
    }

    /// The same grant for what follows from the request.
    pub fn with<U>(&self, request: U) -> Granted<U> {
        Granted { request, peer: self.peer.clone(), epochs: self.epochs, on: self.on.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denial::What;
    use crate::ledger::rows::Footing;
    use crate::testing;
    use model::DeviceId;

    fn peer(role: Role, standing: Standing) -> (Peer, BookId, Arc<Registry>) {
        let registry = Arc::new(Registry::default());
        let (peer, book) = testing::peer_in(&registry, role, standing);
        (peer, book, registry)
    }

    #[test]
    fn every_cell_of_the_table_holds() {
        let now = Timestamp::from_unix_ms(1);
        let table = [
            (Role::Client, [true, true, true]),
            (Role::Bookkeeper, [true, true, true]),
            (Role::Supervisor, [true, false, false]),
            (Role::Partner, [true, true, true]),
            (Role::Admin, [false, false, false]),
            (Role::Auditor, [false, false, false]),
        ];
        assert_eq!(table.len(), Role::ALL.len());
        for (role, row) in table {
            let (peer, book, _) = peer(role, Standing::Active);
            for (act, allowed) in [Act::See, Act::Send, Act::Take].into_iter().zip(row) {
                assert_eq!(peer.grant_on((), act, book, now).is_ok(), allowed, "{role} {act:?}");
                let other = BookId::from_bytes([9; 16]);
                assert_eq!(peer.grant_on((), act, other, now).err(), Some(Refusal::absent()));
            }
        }
    }

    #[test]
    fn who_is_not_confirmed_has_no_rights() {
        let now = Timestamp::from_unix_ms(1);
        let (peer, book, registry) = peer(Role::Bookkeeper, Standing::Bound);
        assert!(peer.grant_own(()).is_ok());
        assert_eq!(peer.grant_on((), Act::See, book, now).err(), Some(Code::NotConfirmed.into()));
        registry.set_standing(DeviceId::from_bytes([2; 16]), Standing::Active);
        let granted = peer.grant_on((), Act::See, book, now).unwrap();
        assert!(granted.is_current(now));
        registry.set_standing(DeviceId::from_bytes([2; 16]), Standing::Declined);
        assert!(!granted.is_current(now));
        assert!(granted.may(Act::See, book, now).is_err());
        assert_eq!(peer.grant_own(()).err(), Some(Code::Revoked.into()));
    }

    /// What has to hold while something is denied: asked at the next request, and before the next piece.
    #[track_caller]
    fn is_let_in(peer: &Peer, granted: &Granted<()>, book: BookId, now: Timestamp, wanted: bool) {
        let is_granted = peer.may_ask(now).is_ok() && peer.grant_on((), Act::Send, book, now).is_ok();
        let before_a_piece = granted.is_current(now) || granted.may(Act::Send, book, now).is_ok();
        assert_eq!((is_granted, before_a_piece), (wanted, wanted));
    }

    #[test]
    fn every_denial_is_felt_at_the_next_request_and_the_next_piece_and_only_until_it_is_lifted() {
        let now = Timestamp::from_unix_ms(1);
        let all = |peer: &Peer, book: BookId| {
            let (device, person) = (peer.device.id, peer.device.person.id);
            [
                What::SuspendDevice(device),
                What::RevokeDevice(device),
                What::SuspendPerson(person),
                What::RevokePerson(person),
                What::SuspendBook(book),
                What::CloseBook(book),
                What::WithdrawGrant(person, book),
            ]
        };
        for at in 0..7 {
            let (peer, book, registry) = peer(Role::Client, Standing::Active);
            let what = all(&peer, book)[at];
            let granted = peer.grant_on((), Act::Send, book, now).unwrap();
            is_let_in(&peer, &granted, book, now, true);
            registry.deny(&what, now);
            is_let_in(&peer, &granted, book, now, false);
            // Another that still waits keeps it shut.
            registry.recorded(&what, &[what]);
            is_let_in(&peer, &granted, book, now, false);
            registry.recorded(&what, &[]);
            is_let_in(&peer, &granted, book, now, true);
        }
    }

    #[test]
    fn who_is_over_may_nothing_from_that_moment_on() {
        let at = Timestamp::from_unix_ms;
        let (peer, book, registry) = peer(Role::Partner, Standing::Active);
        let person = peer.device.person.id;
        registry.stand_person(person, Role::Partner, Footing::Active, Some(at(10)));
        let granted = peer.grant_on((), Act::Send, book, at(9)).unwrap();
        is_let_in(&peer, &granted, book, at(9), true);
        is_let_in(&peer, &granted, book, at(10), false);
        assert_eq!(peer.may_ask(at(10)).err(), Some(Code::Revoked.into()));
        registry.stand_person(person, Role::Partner, Footing::Active, Some(at(20)));
        is_let_in(&peer, &granted, book, at(10), true);
        // A grant that ends in the middle of a stream ends it.
        registry.put_grant(person, book, Some(at(15)));
        let granted = peer.grant_on((), Act::Send, book, at(14)).unwrap();
        is_let_in(&peer, &granted, book, at(15), false);
    }

    #[test]
    fn another_role_acts_at_once() {
        let now = Timestamp::from_unix_ms(1);
        let (peer, book, registry) = peer(Role::Bookkeeper, Standing::Active);
        let granted = peer.grant_on((), Act::Take, book, now).unwrap();
        registry.stand_person(peer.device.person.id, Role::Supervisor, Footing::Active, None);
        assert!(!granted.is_current(now) && granted.may(Act::Take, book, now).is_err());
        assert!(granted.may(Act::See, book, now).is_ok());
    }
}
