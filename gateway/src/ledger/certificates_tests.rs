//! What a device has through enrolment, renewals and first uses, as the rows say it.

use std::collections::HashSet;

use certs::{IssuingAuthority, PrivateKey, Purpose, Root, Serial};
use model::{InvitationId, PersonId, Role, Sha256Digest, Timestamp};
use receipts::event::{Actor, GatewayEvent, InvitationIssued, PersonAdded};

use super::super::post::{DocumentAt, Places, Rows, Says};
use super::super::rows::Key;
use super::*;

struct Nothing;

impl Rows for Nothing {
    fn get(&self, _: &Key) -> Result<Option<Vec<u8>>, PostError> {
        Ok(None)
    }

    fn scan(&self, _: &Key) -> Result<Vec<Vec<u8>>, PostError> {
        Ok(Vec::new())
    }
}

impl Places for Nothing {
    fn position(&self, _: &DocumentAt) -> Result<Option<Vec<u8>>, PostError> {
        Ok(None)
    }

    fn duplicate_index(
        &self,
        _: model::BookId,
        _: &model::Blake3Digest,
        _: u64,
    ) -> Result<[u8; 32], PostError> {
        Ok([0; 32])
    }
}

const DAY_SECONDS: u64 = 24 * 3600;

struct Office {
    issuing: IssuingAuthority,
    now: Timestamp,
    entry: u64,
    draft: Draft<'static>,
}

const DEVICE: DeviceId = DeviceId::from_bytes([2; 16]);

impl Office {
    fn new() -> Self {
        let now = Timestamp::from_unix_seconds(1_795_000_000);
        let root = Root::create(now).unwrap();
        let issuing = IssuingAuthority::create_under(&root, 1, now).unwrap();
        Self { issuing, now, entry: 1, draft: Draft::new(&Nothing) }
    }

    fn post(&mut self, event: impl Into<GatewayEvent>) {
        let posting = Posting {
            entry: self.entry,
            hash: Sha256Digest::from_bytes([0; 32]),
            before: None,
            time: self.now,
            says: Says::Gateway(event.into()),
            list: None,
        };
        self.draft.post(&posting, &Nothing).unwrap();
        self.entry += 1;
    }

    fn certificate(&self, purpose: Purpose) -> BoundCertificate {
        let key = PrivateKey::generate().unwrap();
        let serial = Serial::random().unwrap();
        let made = self.issuing.issue(purpose, key.public(), serial, self.now).unwrap();
        BoundCertificate::new(key.key_hash(), *serial.as_bytes(), made.der().to_vec()).unwrap()
    }

    fn tls(&self) -> BoundCertificate {
        self.certificate(Purpose::Device(DEVICE))
    }

    fn signing(&self) -> BoundCertificate {
        self.certificate(Purpose::Signer(DEVICE))
    }

    fn enrolled() -> (Self, BoundCertificate, BoundCertificate) {
        let mut office = Self::new();
        let (person, invitation) = (PersonId::from_bytes([1; 16]), InvitationId::new(7).unwrap());
        let by = Actor::AdminSocket;
        office.post(PersonAdded { person, role: Role::Client, until: None, by });
        let expires = office.now.plus_seconds(DAY_SECONDS);
        office.post(InvitationIssued { invitation, person, role: Role::Client, expires, replaces: None, by });
        let (tls, signing) = (office.tls(), office.signing());
        let bound = DeviceBound { invitation, person, device: DEVICE, tls, signing };
        let (tls, signing) = (bound.tls.clone(), bound.signing.clone());
        office.post(bound);
        (office, tls, signing)
    }

    fn renew(
        &mut self,
        request: u8,
        by: &BoundCertificate,
        signing: Option<BoundCertificate>,
    ) -> BoundCertificate {
        let tls = self.tls();
        let (vouched_by, request) = (by.sha256, [request; 16]);
        self.post(DeviceRenewed { device: DEVICE, vouched_by, request, tls: tls.clone(), signing });
        tls
    }

    fn state(&self, certificate: &BoundCertificate) -> (CertificateState, Option<u64>) {
        let row = self.draft.certificates_of(DEVICE).unwrap().remove(certificate.sha256.as_bytes()).unwrap();
        (CertificateState::from_code(row.state), row.until_ms)
    }
}

use CertificateState::{Current, Fresh, Old, Superseded};

#[test]
fn the_old_certificate_is_good_until_the_new_one_was_used_and_a_day_more() {
    let (mut office, first, signing) = Office::enrolled();
    assert_eq!((office.state(&first), office.state(&signing)), ((Current, None), (Current, None)));
    let second = office.renew(1, &first, None);
    assert_eq!((office.state(&first), office.state(&second)), ((Old, None), (Fresh, None)));
    assert_eq!(office.state(&signing), (Current, None), "it was not renewed");
    office.now = office.now.plus_seconds(50);
    office.post(CertificateUsed { device: DEVICE, certificate: second.sha256 });
    let until = office.now.plus_seconds(DAY_SECONDS).unix_ms();
    assert_eq!((office.state(&first), office.state(&second)), ((Superseded, Some(until)), (Current, None)));
    // Said twice it changes nothing.
    office.now = office.now.plus_seconds(50);
    office.post(CertificateUsed { device: DEVICE, certificate: second.sha256 });
    assert_eq!(office.state(&first), (Superseded, Some(until)));
}

#[test]
fn a_renewal_that_was_never_used_gives_way_to_the_next() {
    let (mut office, first, signing) = Office::enrolled();
    let lost_signing = office.signing();
    let lost = office.renew(1, &first, Some(lost_signing.clone()));
    assert_eq!((office.state(&signing), office.state(&lost_signing)), ((Old, None), (Fresh, None)));
    let second = office.renew(2, &first, None);
    let now = office.now.unix_ms();
    assert_eq!(office.state(&lost), (Superseded, Some(now)));
    assert_eq!(office.state(&lost_signing), (Superseded, Some(now)));
    assert_eq!((office.state(&first), office.state(&second)), ((Old, None), (Fresh, None)));
    assert_eq!(office.state(&signing), (Current, None));
}

#[test]
fn every_key_stays_in_the_ledger() {
    let (mut office, first, signing) = Office::enrolled();
    let mut before = first.clone();
    let mut keys = HashSet::from([first.spki, signing.spki]);
    for request in 1..5 {
        let next_signing = office.signing();
        keys.insert(next_signing.spki);
        let next = office.renew(request, &before, Some(next_signing));
        office.post(CertificateUsed { device: DEVICE, certificate: next.sha256 });
        keys.insert(next.spki);
        before = next;
    }
    let rows = office.draft.certificates_of(DEVICE).unwrap();
    let kept: HashSet<_> = rows.values().map(|row| Sha256Digest::from_bytes(*row.key)).collect();
    assert_eq!(kept, keys);
    let issuer = office.issuing.certificate().key_id();
    assert!(rows.values().all(|row| Some(*row.issuer) == issuer));
    let hash = office.issuing.certificate().key_hash();
    assert_eq!(issuer.unwrap()[..], hash.as_bytes()[..20], "a key identifier is the head of the key's hash");
}
