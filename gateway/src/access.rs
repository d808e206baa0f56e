//! Who may do what: deny by default. Only here is a request turned into a [`Granted`] one, and every operation takes
//! one by value.
//!
//! | request | client | bookkeeper | supervisor | partner | admin | auditor |
//! |---|---|---|---|---|---|---|
//! | hello, books, confirm | yes | yes | yes | yes | yes | yes |
//! | send to a granted book | yes | yes | no | no | no | no |
//! | list and status of a granted book | yes | yes | yes | yes | no | no |
//! | take from a granted book | yes | yes | no | yes | no | no |
//!
//! Unknown, forbidden and absent are one answer, [`protocol::Refusal::absent`], after the same look-ups.

use std::sync::Arc;

use model::{BookId, Role, Timestamp};
use protocol::{Code, Refusal};

use crate::ledger::rows::Standing;
use crate::registry::{Device, Epochs, Registry};

/// Who asks: made by the listener from this connection's certificate, and nowhere else.
#[derive(Clone)]
pub struct Peer {
    device: Arc<Device>,
    registry: Arc<Registry>,
}

/// A request that may be carried out.
pub struct Granted<T> {
    /// What is asked.
    pub request: T,
    /// By whom.
    pub peer: Peer,
    epochs: Epochs,
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
            Self::Send => matches!(role, Role::Client | Role::Bookkeeper),
            Self::Take => matches!(role, Role::Client | Role::Bookkeeper | Role::Partner),
        }
    }
}

impl Peer {
    /// For the listener alone: the device that the registry knows this connection's certificate as.
    pub(crate) fn admitted(device: Arc<Device>, registry: Arc<Registry>) -> Self {
        Self { device, registry }
    }

    /// Its device.
    pub fn device(&self) -> &Arc<Device> {
        &self.device
    }

    /// Grants what every device may ask, confirmed or not: who it is.
    pub fn grant_own<T>(&self, request: T) -> Result<Granted<T>, Refusal> {
        match self.device.standing() {
            Standing::Declined => Err(Code::Revoked.into()),
            Standing::Bound | Standing::Active => Ok(self.granted(request)),
        }
    }

    /// Grants what needs rights but no certain book.
    ///
    /// # Errors
    /// [`Code::NotConfirmed`], [`Code::Revoked`].
    pub fn grant<T>(&self, request: T) -> Result<Granted<T>, Refusal> {
        match self.device.standing() {
            Standing::Declined => Err(Code::Revoked.into()),
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
        let granted = self.grant(request)?;
        granted.may(act, book, now)?;
        Ok(granted)
    }

    fn granted<T>(&self, request: T) -> Granted<T> {
        Granted { request, epochs: self.registry.epochs(&self.device), peer: self.clone() }
    }
}

impl<T> Granted<T> {
    /// Whether the person may do this with a book now: asked again before every piece, either way.
    ///
    /// # Errors
    /// The one answer for unknown, forbidden and absent.
    pub fn may(&self, act: Act, book: BookId, now: Timestamp) -> Result<(), Refusal> {
        let person = &self.peer.device.person;
        let is_granted = self.peer.registry.is_granted(person.id, book, now);
        let is_standing = self.peer.device.standing() == Standing::Active;
        match is_granted && is_standing && act.is_for(person.role) {
            true => Ok(()),
            false => Err(Refusal::absent()),
        }
    }

    /// Whether anything has changed that this was granted on: then it is to be asked anew.
    pub fn is_current(&self) -> bool {
        self.peer.registry.epochs(&self.peer.device) == self.epochs
    }

    /// The same grant for what follows from the request.
    pub fn with<U>(&self, request: U) -> Granted<U> {
        Granted { request, peer: self.peer.clone(), epochs: self.epochs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
            (Role::Partner, [true, false, true]),
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
        assert!(granted.is_current());
        registry.set_standing(DeviceId::from_bytes([2; 16]), Standing::Declined);
        assert!(!granted.is_current());
        assert!(granted.may(Act::See, book, now).is_err());
        assert_eq!(peer.grant_own(()).err(), Some(Code::Revoked.into()));
    }
}
