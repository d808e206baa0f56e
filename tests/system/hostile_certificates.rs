//! Hostile certificates over real QUIC, by somebody who has the issuing authority's own key: each is refused for its
//! reason, which the log alone says, and all are told one and the same.
//!
//! ```text
//! 1, 3–26, 28–47, 52–67     each_is_refused_for_its_reason_and_all_are_told_the_same, by the harness's generator
//! 48, 49, 51                who_was_suspended_revoked_or_is_over_is_told_what_everybody_is
//! 50                        a_superseded_certificate_is_told_what_everybody_is
//! 2                         in_grace_the_main_door_says_to_renew_first_and_to_nobody_but_its_owner
//! 27                        of_a_retired_authority_the_main_door_says_to_renew_first_and_to_nobody_but_the_registered
//! 68–70                     revocation lists: `crl_tests` of `certs`
//! ```

use std::collections::{BTreeMap, BTreeSet};

use certs::admission::Refused;
use harness::draft::Draft;
use harness::hostile_certificates::{self, Hostile, Stolen};
use harness::scene::{BOOK, Scene};
use harness::{Companion, Faketime, Peer, Ran, Visitor};
use protocol::CloseCode;
use receipts::Signer as _;

use crate::rotation::Holder;

/// What the hostile have of a scene's people.
fn stolen(scene: &mut Scene, companion: &Companion, other: &Companion) -> (Peer, Stolen) {
    let (peer, other) = (Peer::of(companion), Peer::of(other).practice.about().device);
    scene.gateway.sigterm().expect(0);
    let issuing = scene.practice.issuing();
    scene.gateway.start();
    let device = &peer.device;
    let again = device.tls_key.to_pkcs8().and_then(|key| certs::PrivateKey::from_pkcs8(&key)).unwrap();
    let stolen = Stolen {
        issuing,
        root: peer.practice.trust().unwrap().roots()[0].clone(),
        device: peer.practice.about().device,
        leaf: device.tls_chain[0].clone(),
        key: again,
        signer: certs::Certificate::read(device.signer.certificate()).unwrap(),
        other,
        now: peer.practice.now(),
    };
    (peer, stolen)
}

#[test]
fn each_is_refused_for_its_reason_and_all_are_told_the_same() {
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    let (companion, other) = (scene.client("client", &[BOOK]), scene.client("other", &[BOOK]));
    let (peer, stolen) = stolen(&mut scene, &companion, &other);
    let cases = hostile_certificates::all(&stolen);
    assert!(cases.len() > 75, "{}", cases.len());
    let mut told: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for Hostile { what, chain, key, .. } in &cases {
        let answer = Visitor::show(&peer, scene.gateway.address, chain, key);
        told.entry(answer).or_default().push(what);
    }
    // The device itself comes in as before.
    companion.run(["status"]).expect(0);
    let ran = scene.gateway.sigterm().expect(0);
    let rules: Vec<&str> =
        ran.errors.lines().filter_map(|line| line.split_once("rule=")).map(|(_, rule)| rule.trim()).collect();
    let found: Vec<_> = cases.iter().map(|case| case.what).zip(rules.iter().copied()).collect();
    let wanted: Vec<_> = cases.iter().map(|case| case.rule.to_string()).collect();
    let wanted: Vec<_> = cases.iter().map(|case| case.what).zip(wanted.iter().map(String::as_str)).collect();
    let wrong: Vec<_> = found.iter().zip(&wanted).filter(|(found, wanted)| found != wanted).collect();
    assert!(wrong.is_empty(), "what the log says, and what it should: {wrong:#?}");
    assert_eq!(rules.len(), cases.len());
    assert_eq!(told.len(), 1, "{told:#?}");
}

/// The numbers that a gateway in another state, another time or another test shows.
const ELSEWHERE: [u32; 9] = [2, 27, 48, 49, 50, 51, 68, 69, 70];

#[test]
fn every_one_of_the_seventy_is_somewhere() {
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    let (companion, other) = (scene.client("client", &[BOOK]), scene.client("other", &[BOOK]));
    let (_, stolen) = stolen(&mut scene, &companion, &other);
    let cases = hostile_certificates::all(&stolen);
    let number = |case: &Hostile| case.what.split(' ').next().and_then(|number| number.parse::<u32>().ok());
    let made: BTreeSet<u32> = cases.iter().filter_map(number).collect();
    let all: BTreeSet<u32> = made.iter().copied().chain(ELSEWHERE).collect();
    assert_eq!(all, (1..=70).collect());
    assert!(ELSEWHERE.iter().all(|number| !made.contains(number)));
}

/// What the device itself shows, as who has a copy of it would.
fn show(scene: &Scene, peer: &Peer) -> String {
    let key = peer.device.tls_key.rustls_key().unwrap();
    Visitor::show(peer, scene.gateway.address, &[peer.device.tls_chain[0].der().to_vec()], &key)
}

/// The one answer: what is said to a certificate that was never heard of.
fn the_answer(scene: &mut Scene, peer: &Peer, companion: &Companion) -> (String, Stolen) {
    let other = companion.clone();
    let (_, stolen) = stolen(scene, companion, &other);
    let unheard =
        hostile_certificates::all(&stolen).into_iter().find(|case| case.what == "45 unknown serial");
    let unheard = unheard.unwrap();
    let told = Visitor::show(peer, scene.gateway.address, &unheard.chain, &unheard.key);
    (told, stolen)
}

fn rules(ran: &Ran) -> Vec<String> {
    let rules = ran.errors.lines().filter_map(|line| line.split_once("rule="));
    rules.map(|(_, rule)| rule.trim().to_owned()).collect()
}

fn renew_first() -> String {
    format!(
        "ApplicationClosed(ApplicationClose {{ error_code: {}, reason: b\"\" }})",
        CloseCode::RenewFirst.number()
    )
}

#[test]
fn who_was_suspended_revoked_or_is_over_is_told_what_everybody_is() {
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    let witness = scene.client("witness", &[BOOK]);
    let people = ["revoked", "suspended", "gone"].map(|name| scene.client(name, &[BOOK]));
    let invited = scene.practice.run([
        "invite",
        "--role",
        "partner",
        "--name",
        "over",
        "--book",
        BOOK,
        "--until",
        "2027-12-31",
        "--purpose",
        "审计",
    ]);
    let word = invited.expect(0).only("invitation")["word"].as_str().unwrap().to_owned();
    let partner = scene.stranger("over");
    partner.enrol(&word).expect(0);
    let mut peers: Vec<Peer> = people.iter().map(Peer::of).collect();
    peers.push(Peer::of(&partner));
    let device = |at: usize| peers[at].practice.about().device.to_uuid();
    for words in [
        &["device", "revoke", &device(0), "--reason", "stolen"][..],
        &["device", "suspend", &device(1)],
        &["person", "revoke", "gone"],
        &["person", "until", "over", "2026-01-01"],
    ] {
        scene.practice.run(words.iter().chain(&["--yes"])).expect(0);
    }
    let (answer, _) = the_answer(&mut scene, &peers[0], &witness);
    for peer in &peers {
        assert_eq!(show(&scene, peer), answer);
    }
    let ran = scene.gateway.sigterm().expect(0);
    // Who is revoked or suspended is on a list by now; whose time is over, only the registry knows.
    let wanted = [Refused::Unregistered, Refused::Listed, Refused::Listed, Refused::Listed, Refused::Barred];
    assert_eq!(rules(&ran), wanted.map(|rule| rule.to_string()), "{ran}");
}

#[test]
fn a_superseded_certificate_is_told_what_everybody_is() {
    let Some(faketime) = Faketime::find("hostile_certificates") else { return };
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    let (witness, client) = (scene.client("witness", &[BOOK]), scene.client("client", &[BOOK]));
    let before = Peer::of(&client);
    client.run(["cert", "renew"]).expect(0);
    client.run(["books"]).expect(0);
    let (answer, _) = the_answer(&mut scene, &before, &witness);
    // For a day it is good still, and looked at.
    assert!(Peer::try_of(&client).is_ok());
    scene.gateway.sigterm().expect(0);
    faketime.start(&mut scene, "+2d");
    assert_eq!(show(&scene, &before), answer);
    let ran = scene.gateway.sigterm().expect(0);
    // On a list by now, and the registry raises its alarm all the same.
    assert_eq!(rules(&ran), [Refused::Listed.to_string()], "{ran}");
    assert!(ran.errors.contains("two-machines"), "an alarm\n{ran}");
}

#[test]
fn in_grace_the_main_door_says_to_renew_first_and_to_nobody_but_its_owner() {
    let Some(faketime) = Faketime::find("hostile_certificates") else { return };
    let mut scene = crate::renewal::scene_of(9, 400);
    scene.practice.add_book(BOOK);
    let (witness, client) = (scene.client("witness", &[BOOK]), scene.client("client", &[BOOK]));
    let (peer, revoked) = (Peer::of(&client), scene.client("revoked", &[BOOK]));
    let gone = Peer::of(&revoked);
    let device = gone.practice.about().device.to_uuid();
    scene.practice.run(["device", "revoke", &device, "--yes"]).expect(0);
    let (answer, stolen) = the_answer(&mut scene, &peer, &witness);
    // A certificate that would be in grace as well, of somebody who has the authority's key.
    let ended = Draft::new(
        stolen.issuing.practice(),
        certs::Purpose::Device(peer.practice.about().device),
        stolen.key.spki_der(),
        stolen.issuing.certificate(),
        stolen.now,
    );
    let ended = ended.but(|draft| {
        let (from, to) = (stolen.now.minus_seconds(9 * 86_400), stolen.now.plus_seconds(9 * 86_400));
        draft.life = [harness::der::utc(from), harness::der::utc(to)];
    });
    let ended = vec![ended.sign(stolen.issuing.held_key().unwrap())];
    scene.gateway.sigterm().expect(0);
    faketime.start(&mut scene, "+20d");
    assert_eq!(show(&scene, &peer), renew_first());
    assert_eq!(show(&scene, &gone), answer, "a revoked device has no grace");
    let forged = Visitor::show(&peer, scene.gateway.address, &ended, &stolen.key.rustls_key().unwrap());
    assert_eq!(forged, answer, "nor has what the registry does not know");
    let ran = scene.gateway.sigterm().expect(0);
    let wanted = [Refused::RenewFirst, Refused::Listed, Refused::NotInForce];
    assert_eq!(rules(&ran), wanted.map(|rule| rule.to_string()), "{ran}");
}

#[test]
fn of_a_retired_authority_the_main_door_says_to_renew_first_and_to_nobody_but_the_registered() {
    let place = harness::scene::place();
    let (mut holder, practice) = Holder::with_practice(place.path(), harness::practice::free_port());
    let mut scene = Scene::of(place, practice, None);
    scene.practice.add_book(BOOK);
    let (witness, client) = (scene.client("witness", &[BOOK]), scene.client("client", &[BOOK]));
    let peer = Peer::of(&client);
    let (answer, stolen) = the_answer(&mut scene, &peer, &witness);
    let forged = hostile_certificates::all(&stolen);
    let forged: Vec<_> = forged.iter().filter(|case| case.rule == Refused::Unregistered).collect();
    assert!(forged.len() >= 5, "perfect in every field but unknown");
    holder.prepare(&scene.practice, "issuing", false);
    for step in ["distribute", "switch"] {
        scene.practice.run(["rotate", step, "issuing"]).expect(0);
    }
    scene.practice.run(["rotate", "retire", "issuing", "--force", "2", "--yes"]).expect(0);
    assert_eq!(show(&scene, &peer), renew_first());
    for case in &forged {
        let told = Visitor::show(&peer, scene.gateway.address, &case.chain, &case.key);
        assert_eq!(
            told, answer,
            "{}: who has the old authority's key is a device no more than before",
            case.what
        );
    }
    let device = peer.practice.about().device.to_uuid();
    scene.practice.run(["device", "suspend", &device, "--yes"]).expect(0);
    assert_eq!(show(&scene, &peer), answer);
    // The registered renew by themselves.
    scene.practice.run(["device", "resume", &device, "--yes"]).expect(0);
    client.run(["books"]).expect(0);
    let ran = scene.gateway.sigterm().expect(0);
    let rules = rules(&ran);
    // The first is the one answer's.
    assert_eq!(rules.get(1), Some(&Refused::RetiredIssuing.to_string()), "{ran}");
    let unknown = rules.iter().filter(|rule| **rule == Refused::Unregistered.to_string()).count();
    assert_eq!(unknown, 1 + forged.len(), "{ran}");
}
