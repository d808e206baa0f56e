//! What is known of one person, book or device at this moment.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use model::{Role, Sha256Digest, Timestamp};

use super::{Book, Device, NEVER_MS, NOT_DENIED, Person};
use crate::certificate::DeviceCertificate;
use crate::ledger::rows::{self, CertificateState, CertificateUse, Footing, Standing};

impl Person {
    /// What they may do at all. What is not known may nothing: an auditor has no book.
    pub fn role(&self) -> Role {
        Role::from_code(self.role.load(Ordering::Acquire)).unwrap_or(Role::Auditor)
    }

    /// How they stand, denials that are not yet recorded included.
    pub fn footing(&self) -> Footing {
        let (recorded, denied) = (self.footing.load(Ordering::Acquire), self.denied.load(Ordering::Acquire));
        Footing::from_code(recorded).max(Footing::from_code(denied))
    }

    /// How they stand in the record.
    pub fn recorded_footing(&self) -> Footing {
        Footing::from_code(self.footing.load(Ordering::Acquire))
    }

    /// When their work ends.
    pub fn until(&self) -> Option<Timestamp> {
        match self.until_ms.load(Ordering::Acquire) {
            NEVER_MS => None,
            ms => Some(Timestamp::from_unix_ms(ms)),
        }
    }

    /// Whether their work has ended.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until().is_some_and(|until| now >= until)
    }

    /// Whether they may be let in at all: by a new device, too.
    pub fn is_admitted(&self, now: Timestamp) -> bool {
        self.footing() == Footing::Active && !self.is_over(now)
    }

    /// What a partner is there for, as long as it is kept. Foreign text: made safe where it is shown.
    pub fn purpose(&self) -> Option<Arc<str>> {
        self.purpose.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn changed(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// The entry that enrolled the second factor, if there is one.
    pub fn factor(&self) -> Option<u64> {
        Some(self.factor.load(Ordering::Acquire)).filter(|entry| *entry > 0)
    }

    /// The name, as long as it is kept. Foreign text: made safe where it is shown.
    pub fn name(&self) -> Option<Arc<str>> {
        self.name.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Book {
    /// How it stands, denials that are not yet recorded included.
    pub fn footing(&self) -> Footing {
        let (recorded, denied) = (self.footing.load(Ordering::Acquire), self.denied.load(Ordering::Acquire));
        Footing::from_code(recorded).max(Footing::from_code(denied))
    }

    /// What it was when something was decided.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// The name, as long as it is kept. Foreign text: made safe where it is shown.
    pub fn name(&self) -> Option<Arc<str>> {
        self.name.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Device {
    /// Every certificate that it has or had, oldest first.
    pub fn certificates(&self) -> Vec<Arc<DeviceCertificate>> {
        self.certificates.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest certificate of a use, used or not.
    pub fn newest(&self, usage: CertificateUse) -> Option<Arc<DeviceCertificate>> {
        use CertificateState::{Current, Fresh};
        let all = self.certificates();
        let wanted = |state| {
            all.iter().rev().find(move |one| one.usage == usage && one.state() == state).map(Arc::clone)
        };
        wanted(Fresh).or_else(|| wanted(Current))
    }

    /// Whether a statement under this very certificate is taken from it at `now`.
    pub fn signs_under(&self, certificate: &Sha256Digest, now: Timestamp) -> bool {
        self.certificates().iter().any(|one| {
            one.usage == CertificateUse::Signing && one.sha256 == *certificate && one.is_admitted(now)
        })
    }

    /// Adds a certificate, or changes its state.
    pub(super) fn put_certificate(
        &self,
        sha256: Sha256Digest,
        usage: CertificateUse,
        row: &rows::Certificate,
    ) -> Arc<DeviceCertificate> {
        let mut all = self.certificates.write().unwrap_or_else(PoisonError::into_inner);
        match all.iter().find(|one| one.sha256 == sha256) {
            Some(there) => {
                there.change(row);
                Arc::clone(there)
            }
            None => {
                let new = Arc::new(DeviceCertificate::of(sha256, usage, row));
                all.push(Arc::clone(&new));
                all.sort_by_key(|one| one.entry);
                new
            }
        }
    }

    /// Whether it has its rights: its own standing, or its person's where that is less.
    pub fn standing(&self) -> Standing {
        let own = self.own_standing();
        match (own, self.person.footing()) {
            (Standing::Declined | Standing::Suspended | Standing::Revoked, _) | (_, Footing::Active) => own,
            (_, Footing::Suspended) => Standing::Suspended,
            (_, Footing::Ended) => Standing::Revoked,
        }
    }

    /// How it stands in the record, by itself.
    pub fn recorded_standing(&self) -> Standing {
        Standing::from_code(self.standing.load(Ordering::Acquire))
    }

    /// How it stands by itself, whatever its person.
    pub fn own_standing(&self) -> Standing {
        let recorded = self.recorded_standing();
        match self.denied.load(Ordering::Acquire) {
            NOT_DENIED => recorded,
            denied => Standing::from_code(denied.max(recorded.code())),
        }
    }

    /// What its person calls it. Foreign text: made safe where it is shown.
    pub fn label(&self) -> Option<Arc<str>> {
        self.label.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The system that it was enrolled on. Foreign text, as its label.
    pub fn platform(&self) -> Option<Arc<str>> {
        self.platform.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who gave it its rights, as it stands in the statement.
    pub fn confirmed_by(&self) -> Option<Arc<str>> {
        self.confirmed_by.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
