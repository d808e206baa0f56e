//! A chain is worth what it says only for this practice, this purpose and this time.

use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};

use super::*;
use crate::testing::{DAY, DEVICE, NOW, Practice, key, serial};

#[test]
fn a_good_chain_is_judged_in_any_order() {
    let practice = Practice::new(1);
    let (issuing, root) = (practice.issuing.certificate(), practice.root.certificate());
    let signer = practice.issuing.issue(Purpose::Signer(DEVICE), key(99).public(), serial(99), NOW).unwrap();
    for chain in [vec![&signer, issuing], vec![&signer, root, issuing]] {
        let judged = judge(&practice.trust, &chain, Profile::Signer, NOW).unwrap();
        assert_eq!(judged.purpose, Purpose::Signer(DEVICE));
        assert_eq!(judged.uri, Purpose::Signer(DEVICE).uri(practice.root.practice()));
        assert_eq!(judged.issuing, issuing.key_hash());
    }
    for wanted in [Profile::Statements, Profile::Receipts, Profile::Device, Profile::Gateway] {
        let judged = judge(&practice.trust, &[&signer, issuing], wanted, NOW);
        assert_eq!(judged, Err(Rejection::OtherPurpose));
    }
}

#[test]
fn a_chain_of_elsewhere_or_of_another_time_is_worth_nothing() {
    let (practice, stranger) = (Practice::new(1), Practice::new(2));
    let (leaf, issuing) = (&practice.statements, practice.issuing.certificate());
    let at = |chain: &[&Certificate], time| judge(&practice.trust, chain, Profile::Statements, time);
    assert!(at(&[leaf, issuing], NOW).is_ok());
    assert_eq!(at(&[], NOW), Err(Rejection::ChainLength));
    assert_eq!(at(&[leaf, issuing, issuing, issuing, issuing], NOW), Err(Rejection::ChainLength));
    assert_eq!(at(&[leaf], NOW), Err(Rejection::NoIssuer));
    assert_eq!(at(&[leaf, stranger.issuing.certificate()], NOW), Err(Rejection::NoIssuer));
    assert_eq!(at(&[leaf, practice.root.certificate()], NOW), Err(Rejection::NoIssuer));
    let stranger_chain = [&stranger.statements, stranger.issuing.certificate()];
    assert_eq!(at(&stranger_chain, NOW), Err(Rejection::Leaf(CertificateFault::Names)));
    let late = leaf.not_after().plus_seconds(1);
    assert_eq!(at(&[leaf, issuing], late), Err(Rejection::NotInForce(Profile::Statements)));
    let early = NOW.minus_seconds(DAY + 1);
    assert_eq!(at(&[leaf, issuing], early), Err(Rejection::NotInForce(Profile::Statements)));
}

/// A stolen issuing name with another key, and the true name and key under a stranger's root.
#[test]
fn an_issuing_authority_under_no_root_of_ours_is_none() {
    let practice = Practice::new(1);
    let root = crate::Root::create_with(key(90), serial(90), NOW).unwrap();
    let root =
        crate::Root::open(key(90), root.certificate().der(), practice.root.practice().clone()).unwrap();
    let rogue = crate::IssuingAuthority::create_with(&root, key(91), serial(91), 1, NOW).unwrap();
    let leaf = rogue.issue(Purpose::Statements, key(92).public(), serial(92), NOW).unwrap();
    let chain = [&leaf, rogue.certificate()];
    assert_eq!(judge(&practice.trust, &chain, Profile::Statements, NOW), Err(Rejection::NoRoot));
    let mixed = [&leaf, practice.issuing.certificate()];
    assert_eq!(judge(&practice.trust, &mixed, Profile::Statements, NOW), Err(Rejection::NoIssuer));
}

#[test]
fn a_leaf_that_is_not_exactly_of_its_profile_is_worth_nothing() {
    use CertificateFault as Fault;
    let practice = Practice::new(1);
    let judged = |change: &dyn Fn(&mut rcgen::CertificateParams)| {
        let der = practice.forged(Purpose::Statements, &key(99), change);
        let chain: [&[u8]; 2] = [&der, practice.issuing.certificate().der()];
        judge(&practice.trust, &chain, Profile::Statements, NOW).map(|judged| judged.purpose)
    };
    assert_eq!(judged(&|_| {}), Ok(Purpose::Statements));
    type Change<'a> = &'a dyn Fn(&mut rcgen::CertificateParams);
    let cases: &[(Fault, Change<'_>)] = &[
        (Fault::ExtendedKeyUsage, &|p| p.extended_key_usages.clear()),
        (Fault::ExtendedKeyUsage, &|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]),
        (Fault::ExtendedKeyUsage, &|p| p.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth)),
        (Fault::KeyUsage, &|p| p.key_usages.clear()),
        (Fault::KeyUsage, &|p| p.key_usages = vec![KeyUsagePurpose::DigitalSignature]),
        (Fault::KeyUsage, &|p| p.key_usages.push(KeyUsagePurpose::KeyCertSign)),
        (Fault::BasicConstraints, &|p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))),
        (Fault::BasicConstraints, &|p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
        (Fault::KeyIdentifier, &|p| p.use_authority_key_identifier_extension = false),
        (Fault::Names, &|p| p.subject_alt_names.clear()),
        (Fault::Names, &|p| {
            p.subject_alt_names.push(rcgen::SanType::URI("spiffe://x/y".try_into().unwrap()))
        }),
        (Fault::Names, &|p| {
            p.subject_alt_names.push(rcgen::SanType::DnsName("x.example".try_into().unwrap()))
        }),
        (Fault::Names, &|p| p.subject_alt_names.push(rcgen::SanType::Rfc822Name("a@b".try_into().unwrap()))),
        (Fault::Names, &|p| p.distinguished_name.push(rcgen::DnType::CommonName, "someone else")),
        (Fault::Names, &|p| p.distinguished_name.push(rcgen::DnType::OrganizationName, "more")),
        (Fault::Validity, &|p| p.not_after = rcgen::date_time_ymd(2036, 1, 1)),
        (Fault::Extension, &|p| {
            p.custom_extensions.push(rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]));
        }),
        (Fault::Extension, &|p| {
            p.crl_distribution_points =
                vec![rcgen::CrlDistributionPoint { uris: vec!["http://x".to_owned()] }];
        }),
    ];
    for (at, (fault, change)) in cases.iter().enumerate() {
        let found = judged(*change);
        assert_eq!(found, Err(Rejection::Leaf(*fault)), "case {at}");
    }
}

#[test]
fn damaged_certificates_are_refused_and_never_panic() {
    let practice = Practice::new(1);
    let (leaf, issuing) = (practice.statements.der(), practice.issuing.certificate().der());
    for at in 0..leaf.len() {
        let mut bent = leaf.to_vec();
        bent[at] ^= 1 << (at % 8);
        let chain: [&[u8]; 2] = [&bent, issuing];
        assert!(judge(&practice.trust, &chain, Profile::Statements, NOW).is_err(), "byte {at}");
        let cut: [&[u8]; 2] = [&leaf[..at], issuing];
        assert!(judge(&practice.trust, &cut, Profile::Statements, NOW).is_err());
    }
    let longer = [leaf, &[0]].concat();
    assert_eq!(Certificate::read(&longer), Err(CertificateFault::Encoding));
    assert_eq!(Certificate::read(&vec![0x30; 4096]), Err(CertificateFault::Encoding));
}
