//! Hostile certificates over real QUIC, by somebody who has the issuing authority's own key: each is refused for its
//! reason, which the log alone says, and all are told one and the same.

use std::collections::BTreeMap;

use harness::hostile_certificates::{self, Hostile, Stolen};
use harness::scene::{BOOK, Scene};
use harness::{Companion, Peer, Visitor};
use receipts::Signer as _;

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
