//! Both halves against each other, and against who would renew for somebody else.

use model::Sha256Digest;

use super::messages::RenewParts;
use super::*;
use crate::testing::{DAY, DEVICE, NOW, Practice, golden, key, serial};
use crate::{Certificate, PrivateKey, Purpose};

const CONNECTION: Exporter = [0xe2; 32];
const ID: RequestId = [0x52; 16];

fn nobody(_: &Sha256Digest) -> bool {
    false
}

struct Case {
    practice: Practice,
    leaf: Certificate,
    old: PrivateKey,
    tls: PrivateKey,
    signing: PrivateKey,
}

impl Case {
    fn new() -> Self {
        let practice = Practice::new(1);
        let (old, leaf) = practice.device();
        Self { practice, leaf, old, tls: key(180), signing: key(181) }
    }

    fn companion(&self) -> CompanionRenewal<'_> {
        CompanionRenewal::new(&ID, &self.tls, Some(&self.signing))
    }

    fn renew(&self) -> Vec<u8> {
        self.companion().renew(&CONNECTION, &self.leaf, &self.old).unwrap()
    }

    fn check(&self, renew: &[u8], before: Before) -> Result<Requested, Refused> {
        self.check_on(&CONNECTION, renew, before)
    }

    fn check_on(&self, exporter: &Exporter, renew: &[u8], before: Before) -> Result<Requested, Refused> {
        GatewayRenewal::read(renew).unwrap().check(exporter, &self.leaf, before, &nobody)
    }

    /// The same message with something changed in it.
    fn changed(&self, change: impl FnOnce(&mut RenewParts<'_>)) -> Vec<u8> {
        let renew = self.renew();
        let mut parts = messages::read_renew(&renew).unwrap();
        change(&mut parts);
        messages::write_renew(&parts)
    }

    fn chains(&self, requested: &Requested) -> [Vec<Certificate>; 2] {
        let issue = |purpose, key, number| {
            let made = self.practice.issuing.issue(purpose, key, serial(number), NOW).unwrap();
            vec![made, self.practice.issuing.certificate().clone()]
        };
        [
            issue(Purpose::Device(DEVICE), requested.tls_key(), 180),
            issue(Purpose::Signer(DEVICE), requested.signing_key().unwrap(), 181),
        ]
    }
}

fn refused(checked: Result<Requested, Refused>) -> Refused {
    checked.err().unwrap()
}

#[test]
fn a_device_gets_new_certificates_for_new_keys() {
    let case = Case::new();
    let renew = case.renew();
    let gateway = GatewayRenewal::read(&renew).unwrap();
    assert_eq!(gateway.exporter_context(), case.companion().exporter_context());
    assert_eq!(gateway.id(), &ID);
    let requested = case.check(&renew, Before::Nothing).ok().unwrap();
    assert!(!requested.is_again());
    let [tls, signing] = case.chains(&requested);
    let answer = renewed(&tls, Some(&signing)).unwrap();
    let came = case.companion().renewed(&case.practice.trust, DEVICE, &answer, NOW).unwrap();
    assert_eq!(came, Renewed { tls_chain: tls.clone(), signing_chain: Some(signing.clone()) });
    golden(
        "renewal.txt",
        &[
            ("exporter", hex(&CONNECTION)),
            ("leaf", hex(case.leaf.der())),
            ("exporter context", hex(&gateway.exporter_context())),
            ("transcript", hex(&request_hash(&CONNECTION, case.leaf.der(), &case.companion_request()))),
            ("renew", hex(&renew)),
            ("renewed", hex(&answer)),
        ],
    );
    // The signing key is renewed where its own time has come only.
    let alone = CompanionRenewal::new(&ID, &case.tls, None);
    let renew = alone.renew(&CONNECTION, &case.leaf, &case.old).unwrap();
    let requested = case.check(&renew, Before::Nothing).ok().unwrap();
    assert!(requested.signing_key().is_none());
    let unasked = alone.renewed(&case.practice.trust, DEVICE, &answer, NOW);
    assert!(matches!(unasked, Err(RenewalError::Signing)));
    assert!(alone.renewed(&case.practice.trust, DEVICE, &renewed(&tls, None).unwrap(), NOW).is_ok());
}

fn hex(bytes: &[u8]) -> String {
    model::digest::hex::encode(bytes)
}

impl Case {
    fn companion_request(&self) -> Vec<u8> {
        messages::write_request(&ID, self.tls.public(), Some(self.signing.public()))
    }
}

#[test]
fn an_open_connection_without_the_current_key_renews_nothing() {
    let case = Case::new();
    // The thief holds new keys of its own and the stream, and signs in the old key's place with what it has.
    let hash = request_hash(&CONNECTION, case.leaf.der(), &case.companion_request());
    for by in [&case.tls, &case.signing, &key(99)] {
        let renew = case.changed(|parts| parts.old = by.sign_es256(&old_proof(&hash)).unwrap());
        assert_eq!(refused(case.check(&renew, Before::Nothing)), Refused::NotVouched);
    }
    let renew = case.changed(|parts| parts.old = parts.tls);
    assert_eq!(refused(case.check(&renew, Before::Nothing)), Refused::NotVouched);
    assert!(case.companion().renew(&CONNECTION, &case.leaf, &key(99)).is_err());
}

#[test]
fn proofs_hold_on_their_connection_and_in_their_place_alone() {
    let case = Case::new();
    let other: Exporter = [0xe3; 32];
    assert_eq!(refused(case.check_on(&other, &case.renew(), Before::Nothing)), Refused::NotVouched);
    let swapped = case.changed(|parts| {
        let signing = parts.signing.unwrap();
        parts.signing = Some(std::mem::replace(&mut parts.tls, signing));
    });
    assert_eq!(refused(case.check(&swapped, Before::Nothing)), Refused::NotPossessed);
    let without = case.changed(|parts| parts.signing = None);
    assert_eq!(refused(case.check(&without, Before::Nothing)), Refused::NotPossessed);
    // A body from another message, under these signatures.
    let stolen = messages::write_request(&ID, key(99).public(), Some(case.signing.public()));
    let renew = case.renew();
    let mut parts = messages::read_renew(&renew).unwrap();
    parts.request = &stolen;
    let renew = messages::write_renew(&parts);
    assert_eq!(refused(case.check(&renew, Before::Nothing)), Refused::NotVouched);
    // Another certificate of the same device on this connection.
    let later = case.practice.issuing.issue(Purpose::Device(DEVICE), case.old.public(), serial(9), NOW);
    let check = GatewayRenewal::read(&case.renew()).unwrap();
    let checked = check.check(&CONNECTION, &later.unwrap(), Before::Nothing, &nobody);
    assert_eq!(refused(checked), Refused::NotVouched);
}

#[test]
fn a_foreign_key_is_not_certified() {
    let case = Case::new();
    let foreign = key(99);
    // Everything is signed as it should be, but for the foreign key, which its owner does not sign with.
    let request = messages::write_request(&ID, foreign.public(), None);
    let hash = request_hash(&CONNECTION, case.leaf.der(), &request);
    let old = case.old.sign_es256(&old_proof(&hash)).unwrap();
    let tls = case.tls.sign_es256(&tls_proof(&hash)).unwrap();
    let renew = messages::write_renew(&RenewParts { request: &request, old, tls, signing: None });
    assert_eq!(refused(case.check(&renew, Before::Nothing)), Refused::NotPossessed);
}

#[test]
fn keys_that_were_a_devices_or_are_twice_the_same_are_refused() {
    let case = Case::new();
    for used in [case.tls.key_hash(), case.signing.key_hash()] {
        let check = GatewayRenewal::read(&case.renew()).unwrap();
        let checked = check.check(&CONNECTION, &case.leaf, Before::Nothing, &|key| *key == used);
        assert_eq!(refused(checked), Refused::UsedKey);
    }
    let twice = CompanionRenewal::new(&ID, &case.tls, Some(&case.tls));
    let renew = twice.renew(&CONNECTION, &case.leaf, &case.old).unwrap();
    assert_eq!(refused(case.check(&renew, Before::Nothing)), Refused::BadKey);
}

#[test]
fn the_same_request_is_known_again_and_other_keys_under_its_id_are_not() {
    let case = Case::new();
    let all_used = |_: &Sha256Digest| true;
    let again = Before::Answered { tls_key: case.tls.key_hash() };
    let check = GatewayRenewal::read(&case.renew()).unwrap();
    assert!(check.check(&CONNECTION, &case.leaf, again, &all_used).ok().unwrap().is_again());
    let others = Before::Answered { tls_key: key(99).key_hash() };
    assert_eq!(refused(case.check(&case.renew(), others)), Refused::OtherKeys);
}

#[test]
fn a_companion_takes_no_certificate_but_its_own() {
    let case = Case::new();
    let requested = case.check(&case.renew(), Before::Nothing).ok().unwrap();
    let [tls, signing] = case.chains(&requested);
    let takes = |tls: &[Certificate], signing: &[Certificate], at| {
        let answer = renewed(tls, Some(signing)).unwrap();
        case.companion().renewed(&case.practice.trust, DEVICE, &answer, at)
    };
    assert!(takes(&tls, &signing, NOW).is_ok());
    assert!(matches!(takes(&signing, &tls, NOW), Err(RenewalError::Certificate(_))), "swapped");
    let late = takes(&tls, &signing, NOW.plus_seconds(91 * DAY));
    assert!(matches!(late, Err(RenewalError::Certificate(crate::Rejection::NotInForce(_)))));
    let (_, old) = case.practice.device();
    let old = vec![old, case.practice.issuing.certificate().clone()];
    assert!(matches!(takes(&old, &signing, NOW), Err(RenewalError::OtherKey)));
    let stranger = Practice::new(2);
    let answer = renewed(&tls, Some(&signing)).unwrap();
    assert!(case.companion().renewed(&stranger.trust, DEVICE, &answer, NOW).is_err());
}

#[test]
fn what_is_no_renewal_is_malformed() {
    let case = Case::new();
    let renew = case.renew();
    assert!(GatewayRenewal::read(&renew[..renew.len() - 1]).is_err());
    assert!(GatewayRenewal::read(&[renew.as_slice(), &[0]].concat()).is_err());
    assert!(GatewayRenewal::read(&[]).is_err());
    // Without the old key's signature there is no message at all: member 2 is cut out.
    let mut cut = vec![0xa4, 0x00, 0x01, 0x01];
    let parts = messages::read_renew(&renew).unwrap();
    cut.extend(crate::codec::Writer::default().bytes(parts.request).uint(3).bytes(&parts.tls).finish());
    cut.extend(crate::codec::Writer::default().uint(4).bytes(&parts.signing.unwrap()).finish());
    cut[0] = 0xa4;
    assert!(GatewayRenewal::read(&cut).is_err());
    cut[0] = 0xa3;
    assert!(GatewayRenewal::read(&cut).is_err());
}
