//! One key, one device: also where two requests for it meet in one group of the committer.

use std::sync::mpsc;

use certs::enrolment::{CompanionEnrolment, Device as Said, DeviceKeys, Standing as InvitationStanding};
use certs::renewal::{Before, CompanionRenewal, GatewayRenewal};
use certs::{PrivateKey, Typed};
use model::Role;
use receipts::event::DeviceConfirmed;
use rustls::pki_types::CertificateDer;

use super::*;
use crate::access::Peer;
use crate::act::Actor;
use crate::commit::Outcome;
use crate::ledger::rows::CertificateUse;
use crate::{renew, testing};

const EXPORTER: Exporter = [5; 32];

/// Somebody with an invitation of their own asks for certificates of these keys.
fn asked(practice: &Arc<Practice>, keys: &DeviceKeys) -> Requested {
    let shown = act::invitation::invite(practice, Role::Admin, "x", &[], Actor::AdminSocket).unwrap();
    let typed = Typed::parse(&shown.word).unwrap();
    let companion = CompanionEnrolment::start(&typed).unwrap();
    let hello = GatewayHello::read(companion.hello()).unwrap();
    let (own, records) = (invitation_keys(practice, &Door::new().unwrap(), hello.id), practice.keys());
    let Ok((own, Known::Yes)) = own else { panic!("the invitation is not known") };
    let now = practice.now();
    let (machine, offer) =
        GatewayEnrolment::offer(hello, &EXPORTER, own, &records.root_records(), now).unwrap();
    let chain = [&records.gateway.certificate, &records.served.issuing, &records.served.root];
    let chain = chain.map(|one| CertificateDer::from(one.der().to_vec()));
    let offered = companion.offer(&EXPORTER, &chain, &offer).unwrap();
    let said = Said { label: "x".into(), platform: "x".into(), language: "en".into() };
    let (_, request) = offered.request(keys, &said).unwrap();
    machine.request(&request, InvitationStanding::Open, &|_| false).ok().unwrap()
}

/// A device with its keys, as it stands after its enrolment.
fn enrolled(practice: &Arc<Practice>) -> (Peer, DeviceKeys) {
    let keys = DeviceKeys::generate().unwrap();
    let Ok(Ok(binding)) = bind(practice, &asked(practice, &keys)) else { panic!("it is not bound") };
    let (device, by) = (binding.device, Actor::AdminSocket);
    let house = practice.entry_key(EntryScope::House).unwrap();
    let make = move |group: &Group<'_>| Ok(vec![group.made(DeviceConfirmed { device, by }, house)?]);
    practice.committer.commit_blocking(Box::new(make)).unwrap();
    let held = practice.registry.device(device).unwrap().newest(CertificateUse::Tls).unwrap();
    let held = practice.registry.by_certificate(&held.sha256).unwrap();
    (Peer::admitted(&held, Arc::clone(&practice.registry)), keys)
}

/// The renewal of a device to these keys.
fn renewed(practice: &Practice, peer: &Peer, old: &DeviceKeys, new: &PrivateKey) -> Make {
    let companion = CompanionRenewal::new(&host::random::bytes().unwrap(), new, None);
    let leaf = stored(practice, peer.device().id).unwrap().binding.tls;
    let bytes = companion.renew(&EXPORTER, &leaf, &old.tls).unwrap();
    let read = GatewayRenewal::read(&bytes).unwrap();
    let requested = read.check(&EXPORTER, &leaf, Before::Nothing, &|_| false).ok().unwrap();
    renew::binding(practice, peer, &requested, None).ok().unwrap()
}

/// Commits both in one group: they wait together while the committer is held up.
fn together(practice: &Practice, one: Make, other: Make) -> [Result<Outcome, protocol::Refusal>; 2] {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(both(practice, one, other))
}

async fn both(practice: &Practice, one: Make, other: Make) -> [Result<Outcome, protocol::Refusal>; 2] {
    let (begun, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let held_up = Box::new(move |_: &Group<'_>| {
        begun.send(()).unwrap();
        released.recv().unwrap();
        Err(Code::Closing.into())
    });
    let committer = practice.committer.clone();
    let holding = tokio::spawn(async move { committer.commit(held_up).await });
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
    // Polled in this order: both are waiting before the committer goes on.
    let (one, other, ()) = tokio::join!(biased; practice.committer.commit(one), practice.committer.commit(other), async {
        release.send(()).unwrap();
    });
    assert!(holding.await.unwrap().is_err());
    [one, other]
}

fn is_burnt(result: &Result<Outcome, protocol::Refusal>) -> bool {
    result.as_ref().is_err_and(|refusal| refusal.known() == Some(Code::RenewalBad))
}

#[test]
fn a_key_is_certified_once_though_two_ask_for_it_in_the_same_moment() {
    let folder = tempfile::tempdir().unwrap();
    let opened = testing::opened(&folder.path().join("p"));
    let practice = &opened.practice;
    let enrolment = |keys: &DeviceKeys| binding(practice, &asked(practice, keys)).ok().unwrap().1;
    // Two enrolments with the same keys.
    let keys = DeviceKeys::generate().unwrap();
    let [one, other] = together(practice, enrolment(&keys), enrolment(&keys));
    assert!(one.is_ok() && is_burnt(&other), "{other:?}");
    // Two that share one of their keys, in another place.
    let (mine, theirs) = (DeviceKeys::generate().unwrap(), DeviceKeys::generate().unwrap());
    let swapped = DeviceKeys { tls: again(&theirs.tls), signing: again(&mine.tls) };
    let [one, other] = together(practice, enrolment(&mine), enrolment(&swapped));
    assert!(one.is_ok() && is_burnt(&other), "{other:?}");
    // Two renewals, and a renewal and an enrolment.
    let ((first, first_keys), (second, second_keys)) = (enrolled(practice), enrolled(practice));
    let new = PrivateKey::generate().unwrap();
    let renewals = [(&first, &first_keys), (&second, &second_keys)];
    let [one, other] = renewals.map(|(peer, keys)| renewed(practice, peer, keys, &new));
    let [one, other] = together(practice, one, other);
    assert!(one.is_ok() && is_burnt(&other), "{other:?}");
    let third = DeviceKeys::generate().unwrap();
    let renewal = renewed(practice, &second, &second_keys, &third.tls);
    let [one, other] = together(practice, enrolment(&third), renewal);
    assert!(one.is_ok() && is_burnt(&other), "{other:?}");
    // And afterwards it is known.
    let [one, other] = together(practice, enrolment(&third), enrolment(&DeviceKeys::generate().unwrap()));
    assert!(is_burnt(&one) && other.is_ok(), "{other:?}");
}

/// The same key once more.
fn again(key: &PrivateKey) -> PrivateKey {
    key.to_pkcs8().and_then(|key| PrivateKey::from_pkcs8(&key)).unwrap()
}
