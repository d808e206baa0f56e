//! A bundle is taken from the practice's statement key, in its time, and from nobody else.

use super::*;
use crate::testing::{DAY, NOW, Practice, golden};

#[test]
fn a_bundle_is_read_as_signed_and_is_the_golden_one() {
    let practice = Practice::new(1);
    let bytes = practice.bundle_bytes();
    golden("trust-bundle.txt", &[("bundle 1", model::digest::hex::encode(&bytes))]);
    assert_eq!(TrustBundle::open(&bytes, &practice.trust, NOW), Ok(practice.bundle()));
    let mut ended = practice.bundle();
    ended.checkpoint_keys[0].to_size = Some(7);
    ended.issuing[0].state = IssuingState::Trusted;
    ended.issuing[0].list = Some(ListEntry { number: 300, sha256: Sha256Digest::from_bytes([7; 32]) });
    let bytes =
        ended.sign(&practice.statements_key, &practice.statements, practice.issuing.certificate()).unwrap();
    assert_eq!(TrustBundle::open(&bytes, &practice.trust, NOW), Ok(ended));
    assert_eq!((TrustBundle::version_of(&bytes), TrustBundle::version_of(b"no bundle")), (Some(1), None));
}

#[test]
fn a_bundle_of_another_practice_key_or_time_is_refused() {
    let (practice, stranger) = (Practice::new(1), Practice::new(2));
    let bytes = practice.bundle_bytes();
    let open = |bytes: &[u8], time| TrustBundle::open(bytes, &practice.trust, time);
    assert_eq!(open(&bytes, NOW.plus_seconds(30 * DAY + 1)), Err(TrustError::Expired));
    assert_eq!(open(&bytes, NOW.minus_seconds(2 * DAY)), Err(TrustError::Expired));
    assert!(open(&stranger.bundle_bytes(), NOW).is_err());
    assert!(matches!(
        practice.bundle().sign(&practice.gateway_key, &practice.statements, practice.issuing.certificate()),
        Err(CertsError::KeyMismatch)
    ));
    // Signed by a true certificate of the practice, but the gateway's in TLS.
    let wrong = practice
        .bundle()
        .sign(&practice.gateway_key, &practice.gateway, practice.issuing.certificate())
        .unwrap();
    assert_eq!(open(&wrong, NOW), Err(TrustError::Unsigned));
    let mut foreign = practice.bundle();
    foreign.practice = stranger.root.practice().clone();
    let foreign =
        foreign.sign(&practice.statements_key, &practice.statements, practice.issuing.certificate()).unwrap();
    assert_eq!(open(&foreign, NOW), Err(TrustError::OtherPractice));
    for at in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[at] ^= 1 << (at % 8);
        assert!(open(&bent, NOW).is_err(), "byte {at}");
    }
}

#[test]
fn a_bundle_out_of_bounds_is_not_signed() {
    let practice = Practice::new(1);
    let mut long = practice.bundle();
    long.addresses = vec!["x".repeat(300)];
    let signed = long.sign(&practice.statements_key, &practice.statements, practice.issuing.certificate());
    assert!(matches!(signed, Err(CertsError::Malformed(_))));
}
