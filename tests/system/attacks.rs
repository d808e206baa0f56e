//! Attacks of the certificate's life that no other file shows: keys that were stolen and have been replaced, an older
//! ledger, another account at the socket, and who slept through everything. Which test shows which attack is in
//! `docs/attacks.md`.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use certs::{IssuingAuthority, PrivateKey, Purpose, Root, Serial};
use harness::files;
use harness::impostor::Taken;
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Companion, Faketime, Impostor, Peer, Relay, skipped};
use model::Timestamp;

use crate::rotation::Holder;

fn now() -> Timestamp {
    Timestamp::from_unix_ms(host::Clock::system().unix_ms())
}

/// A practice behind a relay, and its root's holder.
fn scene_with_holder(seed: u64) -> (Scene, Holder) {
    let place = scene::place();
    let relay = Relay::open(seed);
    let (holder, practice) = Holder::with_practice(place.path(), relay.address().port());
    (Scene::of(place, practice, Some(relay)), holder)
}

/// Whether a companion says hello to a gateway that shows this.
fn says_hello_to(scene: &Scene, client: &Companion, peer: &Peer, shown: &Taken) -> bool {
    let welcome = shown.welcome(peer, now());
    let impostor = Impostor::serve(shown, Box::new(move |_| welcome.clone()));
    scene.relay().lead_to(impostor.address);
    let ran = client.run(["books"]);
    scene.relay().lead_to(scene.gateway.address);
    let met = !impostor.hellos().is_empty();
    assert!(met || ran.failure() == Some("gateway-not-genuine"), "{ran}");
    met
}

/// A gateway's certificate that a thief makes under an issuing authority.
fn forged(issuing: &IssuingAuthority, root: &certs::Certificate, taken: &Taken) -> Taken {
    let key = PrivateKey::generate().unwrap();
    let certificate =
        issuing.issue(Purpose::Gateway, key.public(), Serial::random().unwrap(), now()).unwrap();
    taken.showing(certificate, key, issuing.certificate().clone(), root.clone())
}

#[test]
fn a_gateway_under_a_stolen_root_is_nobody_from_the_moment_that_the_root_is_replaced() {
    let (mut scene, mut holder) = scene_with_holder(241);
    scene.practice.add_book(BOOK);
    let client = scene.client("client", &[BOOK]);
    let peer = Peer::of(&client);
    scene.gateway.sigterm().expect(0);
    let taken = Taken::from(&scene.practice);
    scene.gateway.start();
    let words = std::fs::read_to_string(&holder.words).unwrap();
    let words = zeroize::Zeroizing::new(words.trim().to_owned());
    let file = files::read(&holder.roots.join("counterfoil-root"));
    let root: Root = certs::root_file::open_root(&file, &words).unwrap();
    let issuing = IssuingAuthority::create_under(&root, 7, now()).unwrap();
    let thief = forged(&issuing, root.certificate(), &taken);
    assert!(says_hello_to(&scene, &client, &peer, &thief), "until then nobody can tell");
    holder.prepare(&scene.practice, "root", true);
    client.run(["books"]).expect(0);
    assert!(!says_hello_to(&scene, &client, &peer, &thief));
    // Nor is what the true gateway showed before good for anything.
    assert!(!says_hello_to(&scene, &client, &peer, &taken));
    client.run(["books"]).expect(0);
}

#[test]
fn a_gateway_and_a_device_of_a_stolen_issuing_key_are_nobody() {
    let (mut scene, mut holder) = scene_with_holder(231);
    scene.practice.add_book(BOOK);
    let client = scene.client("client", &[BOOK]);
    let peer = Peer::of(&client);
    scene.gateway.sigterm().expect(0);
    let (taken, issuing) = (Taken::from(&scene.practice), scene.practice.issuing());
    scene.gateway.start();
    let root = peer.practice.trust().unwrap().roots()[0].clone();
    let thief = forged(&issuing, &root, &taken);
    assert!(says_hello_to(&scene, &client, &peer, &thief), "until then nobody can tell");
    // A device of it is none at any time: the registry does not know it (the forged leaves of `hostile_certificates`).
    holder.prepare(&scene.practice, "issuing", true);
    client.run(["books"]).expect(0);
    assert!(!says_hello_to(&scene, &client, &peer, &thief));
    client.run(["books"]).expect(0);
}

#[test]
fn an_older_ledger_brings_no_revoked_device_back() {
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    let client = scene.client("client", &[BOOK]);
    let device = Peer::of(&client).practice.about().device.to_uuid();
    scene.gateway.sigterm().expect(0);
    let (ledger, kept) = (scene.practice.folder.join("ledger"), scene.path("ledger of before"));
    copy(&ledger, &kept);
    scene.gateway.start();
    scene.practice.run(["device", "revoke", &device, "--reason", "stolen", "--yes"]).expect(0);
    scene.gateway.sigterm().expect(0);
    // The store as it was, with the mark of its clean stop; the journal is the truth.
    std::fs::remove_dir_all(&ledger).unwrap();
    copy(&kept, &ledger);
    scene.gateway.start();
    client.run(["books"]).expect_failure("device-refused", 11);
    assert!(Peer::try_of(&client).is_err());
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// Says one line to a socket and prints what comes back.
const SAYS: &str = "import socket,sys
s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b'{\"do\":\"people\"}\\n')
s.settimeout(20); print(len(s.recv(1<<16)))";

#[test]
fn another_account_is_not_answered_at_the_socket_even_where_its_mode_lets_it_in() {
    if !rustix::process::geteuid().is_root() || Command::new("python3").arg("-V").output().is_err() {
        return skipped("another account at the socket: it takes root and python3");
    }
    let mut scene = Scene::open();
    let socket = scene.practice.folder.join("admin.sock");
    let say = |account: u32| {
        let mut command = Command::new("python3");
        command.args(["-c", SAYS, scene::text(&socket)]).uid(account).gid(account);
        command.output().unwrap()
    };
    assert_eq!(say(65_534).status.code(), Some(1), "its mode alone keeps others out");
    // As somebody might set it by mistake.
    for path in [socket.parent().unwrap().parent().unwrap(), socket.parent().unwrap()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    let stranger = say(65_534);
    // Nothing came back: the end at once, or a connection that is gone.
    assert!(matches!(String::from_utf8_lossy(&stranger.stdout).trim(), "" | "0"), "{stranger:?}");
    let own = say(0);
    assert!(String::from_utf8_lossy(&own.stdout).trim().parse::<u32>().unwrap() > 2, "{own:?}");
    let ran = scene.gateway.sigterm().expect(0);
    assert!(ran.errors.contains("a stranger at the administration socket is refused uid=65534"), "{ran}");
}

#[test]
fn who_slept_through_every_exchange_and_past_the_end_of_its_certificate_comes_back_by_itself() {
    let Some(faketime) = Faketime::find("attacks") else { return };
    let (scene, mut holder) = scene_with_holder(242);
    let mut scene = crate::renewal::shortened(scene, 9, 400);
    let (sleeper, bookkeeper) = scene.people();
    let document = files::write(&scene.path("a.pdf"), b"from before");
    sleeper.send(&[&document], BOOK, PERIOD).expect(0);
    for kind in ["gateway", "root", "issuing"] {
        match kind {
            "gateway" => drop(scene.practice.run(["rotate", "next", kind]).expect(0)),
            _ => drop(holder.prepare(&scene.practice, kind, false)),
        }
        for step in ["distribute", "switch"].into_iter().skip(usize::from(kind == "gateway")) {
            scene.practice.run(["rotate", step, kind]).expect(0);
        }
        let mut retire = vec!["rotate", "retire", kind, "--yes"];
        retire.extend((kind == "issuing").then_some(["--force", "2"]).into_iter().flatten());
        scene.practice.run(retire).expect(0);
    }
    scene.gateway.sigterm().expect(0);
    faketime.start(&mut scene, "+20d");
    let before = Peer::try_of(&sleeper);
    assert!(before.is_err(), "by its old certificate it is let in no more");
    faketime.run(&sleeper, "+20d", &["status"]).expect(0);
    let again = files::write(&scene.path("b.pdf"), b"from after");
    let words = ["send", scene::text(&again), "--book", BOOK, "--period", PERIOD];
    faketime.run(&sleeper, "+20d", &words).expect(0);
    let inbox = scene.path("inbox");
    let fetched = faketime.run(&bookkeeper, "+20d", &["fetch", "--to", scene::text(&inbox)]).expect(0);
    assert_eq!(fetched.files("fetched").len(), 2);
}

#[test]
fn of_two_practices_in_one_companion_neither_knows_of_the_other_nor_ends_with_it() {
    let (here, there) = (Scene::open(), Scene::open());
    let client = here.stranger("client");
    let mut pins = Vec::new();
    for scene in [&here, &there] {
        scene.practice.add_book(BOOK);
        client.enrol(&scene.practice.invite("client", "张三", &[BOOK]).word).expect(0);
        pins.push(scene.practice.pin.clone());
    }
    let devices: Vec<String> = [&here, &there]
        .map(|scene| scene.practice.people()[0]["devices"][0]["id"].as_str().unwrap().to_owned())
        .to_vec();
    assert_ne!(devices[0], devices[1], "a device here is none there");
    let ids: Vec<String> = std::fs::read_dir(client.home.join("practices"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let gone = here.practice.run(["device", "revoke", &devices[0], "--reason", "lost", "--yes"]);
    gone.expect(0);
    let ran: Vec<_> = ids.iter().map(|id| client.run(["books", "--practice", id])).collect();
    let ended: Vec<_> = ran.iter().map(|ran| ran.failure().map(str::to_owned)).collect();
    assert!(ended.contains(&None) && ended.contains(&Some("device-refused".to_owned())), "{ended:?}");
    // The certificate of one is nothing to the other.
    there.practice.run(["device", "revoke", &devices[0], "--yes"]).expect_failure("device-unknown", 2);
    client.run(["cert", "show"]).expect(0);
}
