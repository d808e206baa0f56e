//! A real practice for the tests of this room: made cheaply, opened on a clock of the test's own.

use std::path::Path;
use std::sync::Arc;

use console::{Catalogue, Language};
use host::Clock;
use model::{BookId, DeviceId, InvitationId, PersonId, Role, Sha256Digest, Timestamp};
use seal::{Argon2Parameters, Unlock};
use zeroize::Zeroizing;

use crate::access::Peer;
use crate::config::Config;
use crate::ledger::Begin;
use crate::ledger::rows::Standing;
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
    let digest = Sha256Digest::from_bytes;
    registry.put_person(person, role);
    registry.put_book(book);
    registry.put_grant(person, book, None);
    let expires = Timestamp::from_unix_ms(9);
    registry.put_invitation(invitation, Invitation { person, expires, device: None });
    registry.bind_device(Binding {
        id: device,
        person,
        invitation,
        tls_certificate: digest([5; 32]),
        signing_certificate: digest([6; 32]),
        keys: [digest([7; 32]), digest([8; 32])],
        bound_entry: 1,
        standing,
    });
    (Peer::admitted(registry.device(device).unwrap(), Arc::clone(registry)), book)
}
