//! What a companion believes of its practice's keys: nothing older than what it holds, nothing without end, and not for
//! ever that nothing is new. The other side has the true gateway's key in TLS, and says what it wants.

use certs::root_record::Next;
use certs::{PrivateKey, RootRecord, TrustBundle};
use harness::impostor::{Taken, records};
use harness::scene::{self, BOOK, Scene};
use harness::{Companion, Ended, Faketime, Impostor, Peer, files};
use model::{Timestamp, limits};
use protocol::Bytes;

use crate::rotation::Holder;

const DAY: u64 = 24 * 3600;

fn now() -> Timestamp {
    Timestamp::from_unix_ms(host::Clock::system().unix_ms())
}

/// A file of the only practice that a companion has.
fn kept(companion: &Companion, name: &str) -> Vec<u8> {
    let ending = format!("/{name}");
    let tree = files::tree(&companion.home.join("practices"));
    let path = tree.iter().find(|(path, _)| path.ends_with(&ending)).unwrap_or_else(|| panic!("no {name}")).1;
    files::read(path)
}

/// What the gateway has at this moment; it serves again afterwards.
fn taken(scene: &mut Scene) -> Taken {
    scene.gateway.sigterm().expect(0);
    let taken = Taken::from(&scene.practice);
    scene.gateway.start();
    taken
}

#[test]
fn withheld_trust_is_warned_of_when_it_is_30_days_old_and_a_wrong_clock_is_named_instead() {
    let Some(faketime) = Faketime::find("trust") else { return };
    let mut scene = Scene::behind_relay(261);
    scene.practice.add_book(BOOK);
    let client = scene.client("client", &[BOOK]);
    let (peer, taken) = (Peer::of(&client), taken(&mut scene));
    let meet = |there: Timestamp, with_bundle: bool, by: &str| {
        let mut welcome = taken.welcome(&peer, there);
        welcome.bundle = with_bundle.then(|| Bytes::new(taken.bundle.clone()).unwrap());
        let impostor = Impostor::serve(&taken, Box::new(move |_| welcome.clone()));
        scene.relay().lead_to(impostor.address);
        faketime.run(&client, by, &["books"])
    };
    // In its time the same trust is as good as any: nobody can tell.
    assert!(!meet(now(), false, "+1d").has_warning("trust-stale"));
    let later = now().plus_seconds(31 * DAY);
    for with_bundle in [false, true] {
        let ran = meet(later, with_bundle, "+31d");
        assert!(ran.has_warning("trust-stale"), "{ran}");
        // Where the two clocks are that far apart, that is what is said, and nothing goes on.
        let ran = meet(now(), with_bundle, "+31d");
        assert_eq!((ran.ended, ran.failure()), (Ended::Code(11), Some("clocks-differ")), "{ran}");
    }
    // The true gateway cures it by itself.
    scene.relay().lead_to(scene.gateway.address);
    assert!(!client.run(["books"]).expect(0).has_warning("trust-stale"));
}

#[test]
fn an_older_trust_bundle_is_never_taken_after_a_newer_one() {
    let Some(faketime) = Faketime::find("trust") else { return };
    let mut scene = Scene::behind_relay(251);
    scene.practice.add_book(BOOK);
    let client = scene.client("client", &[BOOK]);
    let (peer, taken) = (Peer::of(&client), taken(&mut scene));
    let older = TrustBundle::version_of(&taken.bundle).unwrap();
    // The gateway's own next one, by a day that has passed.
    scene.gateway.sigterm().expect(0);
    faketime.start(&mut scene, "+2d");
    faketime.run(&client, "+2d", &["books"]).expect(0);
    let newer = kept(&client, "bundle");
    assert!(TrustBundle::version_of(&newer).unwrap() > older);
    let mut welcome = taken.welcome(&peer, now().plus_seconds(2 * DAY));
    welcome.bundle = Some(Bytes::new(taken.bundle.clone()).unwrap());
    let impostor = Impostor::serve(&taken, Box::new(move |_| welcome.clone()));
    scene.relay().lead_to(impostor.address);
    faketime.run(&client, "+2d", &["books"]);
    assert_eq!(impostor.hellos().len(), 1);
    assert!(kept(&client, "bundle") == newer, "an older one is not taken");
    // Nor when the newer one is over.
    let ran = faketime.run(&client, "+29d", &["books"]);
    assert!(!ran.has_warning("trust-stale"), "{ran}");
    faketime.run(&client, "+33d", &["books"]);
    assert!(kept(&client, "bundle") == newer);
}

/// Root and spare, as who has stolen both and the recovery kit.
fn stolen_roots(holder: &Holder) -> (certs::Root, PrivateKey) {
    let words = std::fs::read_to_string(&holder.words).unwrap();
    let words = zeroize::Zeroizing::new(words.trim().to_owned());
    let read = |name: &str| files::read(&holder.roots.join(name));
    let root = certs::root_file::open_root(&read("counterfoil-root"), &words).unwrap();
    (root, certs::root_file::open_spare(&read("counterfoil-spare"), &words).unwrap().1)
}

#[test]
fn root_records_without_end_end_at_their_bound() {
    let place = scene::place();
    let relay = harness::Relay::open(271);
    let (holder, practice) = Holder::with_practice(place.path(), relay.address().port());
    let mut scene = Scene::of(place, practice, Some(relay));
    scene.practice.add_book(BOOK);
    let client = scene.client("client", &[BOOK]);
    let (peer, taken) = (Peer::of(&client), taken(&mut scene));
    let (root, spare) = stolen_roots(&holder);
    let mut chain = vec![RootRecord::read(&taken.records[0]).unwrap()];
    let mut committed = spare;
    for _ in 0..2 * limits::ROOT_RECORDS_MAX {
        let next = PrivateKey::generate().unwrap();
        let before = chain.last().unwrap();
        let says = Next {
            roots: &[root.certificate()],
            committed: next.key_hash(),
            revokes: &[],
            issued: before.issued(),
        };
        chain.push(before.follow(&says, &[root.key(), &committed]).unwrap());
        committed = next;
    }
    let chain: Vec<Vec<u8>> = chain.iter().map(|record| record.bytes().to_vec()).collect();
    let quiet = taken.welcome(&peer, now());
    let greets = move |hello: &protocol::message::Hello| {
        let mut welcome = quiet.clone();
        let from = (hello.root_record as usize).min(chain.len() - 2);
        welcome.root_records = records(&chain[from..from + 2]);
        welcome
    };
    let impostor = Impostor::serve(&taken, Box::new(greets));
    scene.relay().lead_to(impostor.address);
    let ran = client.run(["books"]);
    assert_eq!(ran.failure(), Some("answer-malformed"), "{ran}");
    assert!(impostor.hellos().len() <= limits::ROOT_RECORDS_MAX / 2 + 1, "{}", impostor.hellos().len());
    assert!(peer.practice.trust().unwrap().number() <= limits::ROOT_RECORDS_MAX as u64);
}
