//! A new root over the same issuing key: companions that know the old root, the new one or both take the same chain.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::UnixTime;

use super::*;
use crate::root_record::Next;
use crate::testing::{DAY, NOW, Practice, golden, key, serial};
use crate::{PracticeTrust, Purpose, RootRecord, judge, judge_past, tls};

struct Succession {
    practice: Practice,
    root: Root,
    cross: Certificate,
    issuing: Certificate,
    records: Vec<RootRecord>,
}

/// As a ceremony makes it, every serial counted.
fn succession() -> Succession {
    let practice = Practice::new(1);
    let id = practice.root.practice().clone();
    let root = Root::generation(key(12), id, 2, serial(60), NOW).unwrap();
    let new = root.certificate();
    let cross =
        practice.root.under(Profile::Root, new.common_name(), new.public_key(), serial(61), NOW).unwrap();
    let old = practice.issuing.certificate();
    let issuing = root.under(Profile::Issuing, old.common_name(), old.public_key(), serial(62), NOW).unwrap();
    let follow = |before: &RootRecord, roots: &[&Certificate], committed: u8, signers: &[&PrivateKey]| {
        let next = Next { roots, committed: key(committed).key_hash(), revokes: &[], issued: NOW };
        before.follow(&next, signers).unwrap()
    };
    let both = [practice.root.certificate(), new];
    let second = follow(&practice.record, &both, 63, &[practice.root.key(), root.key()]);
    let third = follow(&second, &[new], 64, &[root.key(), &key(63)]);
    let records = vec![practice.record.clone(), second, third];
    Succession { practice, root, cross, issuing, records }
}

#[test]
fn the_succession_is_the_golden_one() {
    let all = succession();
    let hex = |bytes: &[u8]| model::digest::hex::encode(bytes);
    golden(
        "succession.txt",
        &[
            ("root 2", hex(all.root.certificate().der())),
            ("root 2 by root 1", hex(all.cross.der())),
            ("issuing by root 2", hex(all.issuing.der())),
            ("record 2", hex(all.records[1].bytes())),
            ("record 3", hex(all.records[2].bytes())),
        ],
    );
    assert_eq!(all.root.practice(), all.practice.root.practice(), "the id is that of the first root");
    assert!(all.root.certificate().common_name().ends_with(" r2"));
    assert_eq!(all.issuing.common_name(), all.practice.issuing.certificate().common_name());
}

#[test]
fn companions_of_the_old_root_the_new_one_or_both_take_the_chain() {
    let all = succession();
    let chain = [&all.practice.gateway, &all.issuing, &all.cross].map(Certificate::to_rustls);
    let takes = |records: usize, chain: &[rustls::pki_types::CertificateDer<'static>]| {
        let trust = PracticeTrust::walk(&all.records[..records], Some(&all.practice.pin())).unwrap();
        let verifier = tls::gateway_verifier(&trust).unwrap();
        let name = tls::server_name(trust.practice()).unwrap();
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW.unix_seconds()));
        verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], time).is_ok()
    };
    for records in 1..=3 {
        assert!(takes(records, &chain), "record {records}");
    }
    let old = [&all.practice.gateway, all.practice.issuing.certificate()].map(Certificate::to_rustls);
    assert!(takes(1, &old) && takes(2, &old));
    assert!(!takes(3, &old), "the old root is no root any more");
    assert!(!takes(1, &chain[..2]), "without the cross, who slept is lost");
}

#[test]
fn what_was_signed_under_the_old_root_stays_what_it_is() {
    let all = succession();
    let trust = PracticeTrust::walk(&all.records, None).unwrap();
    let chain = [&all.practice.statements, all.practice.issuing.certificate()];
    assert!(judge(&trust, &chain, Profile::Statements, NOW).is_err());
    assert!(judge_past(&trust, &chain, Profile::Statements, NOW).is_ok());
    assert_eq!(trust.roots_ever().len(), 2);
    // Declared stolen: nothing under it counts.
    let next = Next {
        roots: &[all.root.certificate()],
        committed: key(63).key_hash(),
        revokes: &[],
        issued: NOW.plus_seconds(DAY),
    };
    let stolen = all.practice.record.follow(&next, &[all.root.key()]).unwrap();
    let trust = PracticeTrust::walk(&[all.practice.record.clone(), stolen], None).unwrap();
    assert!(judge_past(&trust, &chain, Profile::Statements, NOW).is_err());
    assert_eq!(trust.roots_ever(), [all.root.certificate()]);
}

#[test]
fn a_record_that_would_not_follow_is_not_written_and_a_revocation_stays() {
    let all = succession();
    let first = &all.practice.record;
    let roots = [all.practice.root.certificate()];
    let next = |issued| Next { roots: &roots, committed: key(63).key_hash(), revokes: &[], issued };
    for (signers, issued) in [
        (vec![all.practice.root.key()], NOW),
        (vec![all.root.key()], NOW),
        (vec![all.practice.root.key(), all.root.key()], NOW.minus_seconds(1)),
    ] {
        assert!(matches!(first.follow(&next(issued), &signers), Err(CertsError::RecordNotFollowing)));
    }
    let revokes = [all.practice.issuing.certificate().key_hash()];
    let revoking = Next { revokes: &revokes, ..next(NOW) };
    let second = first.follow(&revoking, &[all.practice.root.key(), all.root.key()]).unwrap();
    let third = second.follow(&next(NOW), &[all.practice.root.key(), &key(63)]).unwrap();
    assert_eq!(third.revoked_issuing(), revokes, "carried over by itself");
}

#[test]
fn companions_refuse_a_revoked_issuing_authority_in_tls() {
    let all = succession();
    let revokes = [all.practice.issuing.certificate().key_hash()];
    let roots = [all.practice.root.certificate()];
    let next = Next { roots: &roots, committed: key(63).key_hash(), revokes: &revokes, issued: NOW };
    let record = all.practice.record.follow(&next, &[all.practice.root.key(), all.root.key()]).unwrap();
    let trust = PracticeTrust::walk(&[all.practice.record.clone(), record], None).unwrap();
    let verifier = tls::gateway_verifier(&trust).unwrap();
    let name = tls::server_name(trust.practice()).unwrap();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW.unix_seconds()));
    let chain = [&all.practice.gateway, all.practice.issuing.certificate()].map(Certificate::to_rustls);
    let taken = verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], time);
    assert!(taken.is_err(), "its chain is refused");
}

/// OpenSSL counts the path length of the anchor itself, so a chain through the cross is verified in two halves.
#[test]
fn openssl_agrees_on_every_new_chain() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("SKIPPED: openssl_agrees_on_every_new_chain, there is no openssl on this machine");
        return;
    }
    let (folder, all) = (tempfile::tempdir().unwrap(), succession());
    let second = all.root.certify(key(65).public(), 2, NOW).unwrap();
    let pem = |name: &str, certificate: &Certificate| -> PathBuf {
        let (der, pem) = (folder.path().join(format!("{name}.der")), folder.path().join(name));
        std::fs::write(&der, certificate.der()).unwrap();
        let mut made = Command::new("openssl");
        made.args(["x509", "-inform", "DER", "-in"]).arg(&der).arg("-out").arg(&pem);
        assert!(made.output().unwrap().status.success(), "{name}");
        pem
    };
    let (r1, r2) = (pem("r1", all.practice.root.certificate()), pem("r2", all.root.certificate()));
    let (cross, issuing) = (pem("cross", &all.cross), pem("issuing", &all.issuing));
    let (leaf, second) = (pem("leaf", &all.practice.gateway), pem("second", &second));
    let verifies = |anchor: &[&str], anchor_file: &Path, between: &[&PathBuf], leaf: &PathBuf| {
        let mut command = Command::new("openssl");
        command.args(["verify", "-x509_strict", "-attime", &NOW.unix_seconds().to_string()]).args(anchor);
        command.arg(anchor_file);
        for one in between {
            command.arg("-untrusted").arg(one);
        }
        command.arg(leaf).output().unwrap().status.success()
    };
    let whole: &[&str] = &["-check_ss_sig", "-CAfile"];
    assert!(verifies(whole, &r2, &[&issuing], &leaf), "the new root");
    assert!(verifies(whole, &r2, &[&issuing, &cross], &leaf), "the new root, with the cross beside it");
    assert!(verifies(whole, &r1, &[], &cross), "the cross under the old root");
    assert!(
        verifies(&["-partial_chain", "-trusted"], &cross, &[&issuing], &leaf),
        "the leaf under the cross"
    );
    assert!(verifies(whole, &r2, &[], &second), "another issuing authority");
    assert!(!verifies(whole, &r1, &[&issuing], &leaf), "the old root, without the cross");
}

#[test]
fn a_new_issuing_authority_signs_and_the_old_leaf_names_the_old_one() {
    let all = succession();
    let second = all.root.certify(key(65).public(), 2, NOW).unwrap();
    let id = all.root.practice().clone();
    let authority = crate::IssuingAuthority::open(key(65), second.der(), id).unwrap();
    let leaf = authority.issue(Purpose::Gateway, key(66).public(), serial(66), NOW).unwrap();
    assert!(leaf.names_issuer(&second) && !leaf.names_issuer(&all.issuing));
    assert!(all.practice.gateway.names_issuer(&all.issuing), "the same key and subject");
    assert!(all.practice.gateway.is_issued_by(&all.issuing) && !leaf.is_issued_by(&all.issuing));
}
