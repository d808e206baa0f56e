//! A real practice for the tests of this room: made cheaply, opened on a clock of the test's own.

use std::path::Path;
use std::sync::Arc;

use certs::Purpose;
use console::{Catalogue, Language};
use host::Clock;
use model::{BookId, DeviceId, InvitationId, PersonId, Role, Sha256Digest, Timestamp};
use receipts::event::{Actor, BoundCertificate, DeviceBound};
use seal::{Argon2Parameters, Unlock};
use zeroize::Zeroizing;

use crate::access::Peer;
use crate::act;
use crate::config::Config;
use crate::ledger::Begin;
use crate::ledger::rows::{self, CertificateState, CertificateUse, Standing};
use crate::practice::{Opened, Practice};
use crate::registry::{Binding, Invitation, Registry};
use crate::setup;

fn unlock() -> Unlock {
    Unlock::KeyFile(Zeroizing::new([7; 32]))
}

/// Makes a practice in `dir`.
pub(crate) fn make(dir: &Path, root_out: &Path) -> Result<setup::Made, setup::SetupError> {
    let cheap = Argon2Parameters::new(64, 1, 1).unwrap();
    let plan = setup::Plan {
        token: None,
        folder: dir,
        root_out,
        name: "某某事务所",
        host: "127.0.0.1",
        port: 4433,
        unlock: &unlock(),
        key_file: None,
        slot_cost: cheap,
        root_cost: cheap,
    };
    setup::make(&plan, &Catalogue::new(Language::Chinese), &Clock::system())
}

/// Opens the practice in `dir` with the configuration changed.
pub(crate) fn open_with(dir: &Path, clock: Clock, change: impl FnOnce(&mut Config)) -> Opened {
    let (mut config, _) = Config::load(dir, [], &[]).unwrap();
    change(&mut config);
    Opened::open(dir, config, &unlock(), clock, Begin::AsItIs).unwrap()
}

/// Opens the practice in `dir`.
pub(crate) fn open(dir: &Path, clock: Clock) -> Opened {
    open_with(dir, clock, |_| {})
}

/// Opens the practice in `dir`, its ledger posted again from the first entry on.
pub(crate) fn reposted(dir: &Path, clock: Clock) -> Opened {
    let (config, _) = Config::load(dir, [], &[]).unwrap();
    Opened::open(dir, config, &unlock(), clock, Begin::Again).unwrap()
}

/// Invites somebody and binds a device to the invitation, as the journal has it: with its rights.
pub(crate) fn enrolled(practice: &Arc<Practice>, role: Role, name: &str, books: &[String]) -> DeviceId {
    let by = Actor::AdminSocket;
    let shown = act::invitation::invite(practice, role, name, books, by).unwrap();
    let device = bound(practice, InvitationId::parse(&shown.id).unwrap());
    let house = practice.entry_key(vault::EntryScope::House).unwrap();
    let make = move |group: &crate::commit::Group<'_>| {
        Ok(vec![group.made(receipts::event::DeviceConfirmed { device, by }, house)?])
    };
    practice.committer.commit_blocking(Box::new(make)).unwrap();
    device
}

/// Binds a device to an invitation, with certificates of keys that nobody keeps.
pub(crate) fn bound(practice: &Arc<Practice>, invitation: InvitationId) -> DeviceId {
    let device = DeviceId::from_bytes(host::random::bytes().unwrap());
    let certificate = |purpose| {
        let (key, serial) = (certs::PrivateKey::generate().unwrap(), certs::Serial::random().unwrap());
        let made = practice.keys().issuing.issue(purpose, key.public(), serial, practice.now()).unwrap();
        BoundCertificate::new(key.key_hash(), *serial.as_bytes(), made.der().to_vec()).unwrap()
    };
    let person = practice.registry.invitation(invitation).unwrap().person;
    let event = DeviceBound {
        invitation,
        person,
        device,
        tls: certificate(Purpose::Device(device)),
        signing: certificate(Purpose::Signer(device)),
    };
    let house = practice.entry_key(vault::EntryScope::House).unwrap();
    let make = move |group: &crate::commit::Group<'_>| Ok(vec![group.made(event, house)?]);
    practice.committer.commit_blocking(Box::new(make)).unwrap();
    device
}

/// Makes a practice in `dir` and opens it.
pub(crate) fn opened(dir: &Path) -> Opened {
    make(dir, &dir.with_extension("root")).unwrap();
    open(dir, Clock::system())
}

/// A person with one device and one granted book: in the registry alone, nothing of them stands in the journal.
pub(crate) fn peer(practice: &Practice, role: Role) -> (Peer, BookId) {
    peer_in(&practice.registry, role, Standing::Active)
}

/// As [`peer`], in a registry alone.
pub(crate) fn peer_in(registry: &Arc<Registry>, role: Role, standing: Standing) -> (Peer, BookId) {
    let (person, device, book) =
        (PersonId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]), BookId::from_bytes([3; 16]));
    let invitation = InvitationId::new(4).unwrap();
    registry.put_person(person, role);
    registry.put_book(book);
    registry.put_grant(person, book, None);
    let expires = Timestamp::from_unix_ms(9);
    registry.put_invitation(
        invitation,
        Invitation {
            person,
            expires,
            device: None,
            replaces: None,
            is_revoked: false,
            is_locked: false,
            contested: 0,
        },
    );
    registry.bind_device(Binding {
        id: device,
        person,
        invitation,
        bound_entry: 1,
        bound_at: expires,
        standing,
    });
    for usage in [CertificateUse::Tls, CertificateUse::Signing] {
        registry.put_certificate(&rows::Certificate {
            sha256: [4 + usage.code(); 32].into(),
            device: [2; 16].into(),
            usage: usage.code(),
            serial: [usage.code(); 16].into(),
            key: [6 + usage.code(); 32].into(),
            not_after_ms: u64::MAX,
            issuer: [9; 20].into(),
            entry: 1,
            state: CertificateState::Current.code(),
            until_ms: None,
            not_before_ms: 0,
        });
    }
    let held = registry.by_certificate(&Sha256Digest::from_bytes([5; 32])).unwrap();
    (Peer::admitted(&held, Arc::clone(registry)), book)
}
