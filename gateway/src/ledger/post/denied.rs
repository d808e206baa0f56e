//! Posting what ends, rests, comes back or changes. What is final stays final whatever is stated later.

use model::{BookId, PersonId, Reason, Timestamp};
use receipts::event::GatewayEvent;

use super::{Draft, PostError, Posting};
use crate::ledger::rows::{self, Ended, Footing, Standing, key};

impl Draft<'_> {
    pub(super) fn denied(&mut self, posting: &Posting<'_>, event: &GatewayEvent) -> Result<(), PostError> {
        let entry = posting.entry;
        let ended = |reason: Reason, since: Option<Timestamp>| Ended {
            reason: reason.code(),
            at_ms: posting.time.unix_ms(),
            since_ms: since.map(Timestamp::unix_ms),
        };
        match event {
            GatewayEvent::DeviceSuspended(suspended) => {
                let why = ended(suspended.reason, None);
                self.device(suspended.device, entry, |row| {
                    if matches!(Standing::from_code(row.standing), Standing::Bound | Standing::Active) {
                        row.before = Some(row.standing);
                        row.standing = Standing::Suspended.code();
                        row.ended = Some(why);
                    }
                })
            }
            GatewayEvent::DeviceResumed(resumed) => self.device(resumed.device, entry, |row| {
                if Standing::from_code(row.standing) == Standing::Suspended {
                    row.standing = row.before.take().unwrap_or(Standing::Bound.code());
                    row.ended = None;
                }
            }),
            GatewayEvent::DeviceRevoked(revoked) => {
                let why = ended(revoked.reason, revoked.compromised_since);
                self.device(revoked.device, entry, |row| {
                    if Standing::from_code(row.standing) != Standing::Revoked {
                        row.standing = Standing::Revoked.code();
                        row.before = None;
                        row.ended = Some(why);
                    }
                })
            }
            GatewayEvent::PersonSuspended(suspended) => {
                let why = ended(suspended.reason, None);
                self.person_row(suspended.person, entry, |row| {
                    if Footing::from_code(row.footing) == Footing::Active {
                        row.footing = Footing::Suspended.code();
                        row.with_book = suspended.with_book.map(|book| (*book.as_bytes()).into());
                        row.ended = Some(why);
                    }
                })
            }
            GatewayEvent::PersonResumed(resumed) => self.person_row(resumed.person, entry, |row| {
                if Footing::from_code(row.footing) == Footing::Suspended {
                    row.footing = Footing::Active.code();
                    row.with_book = None;
                    row.ended = None;
                }
            }),
            GatewayEvent::PersonRevoked(revoked) => {
                let why = ended(revoked.reason, revoked.compromised_since);
                self.person_row(revoked.person, entry, |row| {
                    if Footing::from_code(row.footing) != Footing::Ended {
                        row.footing = Footing::Ended.code();
                        row.with_book = revoked.with_book.map(|book| (*book.as_bytes()).into());
                        row.ended = Some(why);
                    }
                })
            }
            GatewayEvent::BookSuspended(suspended) => {
                let why = ended(suspended.reason, None);
                self.book_row(suspended.book, entry, |row| {
                    if Footing::from_code(row.footing) == Footing::Active {
                        row.footing = Footing::Suspended.code();
                        row.ended = Some(why);
                    }
                })
            }
            GatewayEvent::BookResumed(resumed) => self.book_row(resumed.book, entry, |row| {
                if Footing::from_code(row.footing) == Footing::Suspended {
                    row.footing = Footing::Active.code();
                    row.ended = None;
                }
            }),
            GatewayEvent::BookClosed(closed) => {
                let why = ended(closed.reason, None);
                self.book_row(closed.book, entry, |row| {
                    if Footing::from_code(row.footing) != Footing::Ended {
                        row.footing = Footing::Ended.code();
                        row.ended = Some(why);
                    }
                })
            }
            GatewayEvent::InvitationRevoked(revoked) => {
                self.invitation(revoked.invitation, entry, |row| row.revoked = true)
            }
            GatewayEvent::GrantWithdrawn(withdrawn) => {
                let at = key::grant(withdrawn.person, withdrawn.book);
                let row: rows::Grant = self.need(&at, entry, "grant")?;
                self.grant(withdrawn.person, withdrawn.book, rows::Grant { withdrawn: true, ..row });
                Ok(())
            }
            GatewayEvent::RoleChanged(changed) => self.person_row(changed.person, entry, |row| {
                row.role = changed.role.code();
                row.until_ms = changed.until.map(Timestamp::unix_ms);
            }),
            GatewayEvent::PersonEndSet(set) => self.person_row(set.person, entry, |row| {
                row.until_ms = set.until.map(Timestamp::unix_ms);
            }),
            GatewayEvent::PurposeStated(stated) => {
                self.person_row(stated.person, entry, |row| row.purpose_entry = Some(entry))
            }
            _ => Ok(()), // a note changes nothing
        }
    }

    fn person_row(
        &mut self,
        id: PersonId,
        entry: u64,
        change: impl FnOnce(&mut rows::Person),
    ) -> Result<(), PostError> {
        let mut row: rows::Person = self.need(&key::person(id), entry, "person")?;
        change(&mut row);
        self.person(row, id);
        Ok(())
    }

    fn book_row(
        &mut self,
        id: BookId,
        entry: u64,
        change: impl FnOnce(&mut rows::Book),
    ) -> Result<(), PostError> {
        let mut row: rows::Book = self.need(&key::book(id), entry, "book")?;
        change(&mut row);
        self.book(row, id);
        Ok(())
    }
}
