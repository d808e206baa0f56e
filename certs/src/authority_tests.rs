//! What comes out of the authority is exactly the table, and others agree.

use std::collections::BTreeSet;
use std::process::Command;

use model::Timestamp;

use super::*;
use crate::testing::{DAY, DEVICE, NOW, Practice, golden, key, serial};

const PURPOSES: [Purpose; 5] = [
    Purpose::Gateway,
    Purpose::Device(DEVICE),
    Purpose::Signer(DEVICE),
    Purpose::Statements,
    Purpose::Receipts,
];

#[test]
fn every_profile_is_issued_as_the_table_says() {
    let practice = Practice::new(1);
    for purpose in PURPOSES {
        let issued = practice.issuing.issue(purpose, key(99).public(), serial(99), NOW).unwrap();
        let life = purpose.profile().row().life_days;
        assert_eq!(issued.purpose(practice.root.practice()), Ok(purpose));
        assert_eq!(issued.not_before(), NOW.minus_seconds(DAY));
        assert_eq!(issued.not_after(), NOW.plus_seconds(life * DAY));
        assert_eq!(issued.serial(), serial(99).as_bytes());
        assert_eq!(issued.uri(), Some(purpose.uri(practice.root.practice()).as_str()));
        for other in Profile::ALL {
            let same_row = (other.row().key_usage, other.row().extended, other.row().life_days)
                == (purpose.profile().row().key_usage, purpose.profile().row().extended, life);
            assert_eq!(issued.has_profile(other).is_ok(), same_row, "{purpose:?} as {other:?}");
        }
        assert!(issued.purpose(Practice::new(2).root.practice()).is_err());
    }
    for (certificate, profile, life) in [
        (practice.root.certificate(), Profile::Root, 7305),
        (practice.issuing.certificate(), Profile::Issuing, 1096),
    ] {
        assert_eq!(certificate.has_profile(profile), Ok(()));
        assert_eq!(certificate.not_after(), NOW.plus_seconds(life * DAY));
    }
}

#[test]
fn certificates_are_the_golden_ones() {
    let practice = Practice::new(1);
    let hex = |certificate: &Certificate| model::digest::hex::encode(certificate.der());
    let (_, device) = practice.device();
    let signer = practice.issuing.issue(Purpose::Signer(DEVICE), key(17).public(), serial(17), NOW).unwrap();
    golden(
        "certificates.txt",
        &[
            ("practice", practice.root.practice().to_string()),
            ("pin", practice.pin().to_string()),
            ("root", hex(practice.root.certificate())),
            ("issuing", hex(practice.issuing.certificate())),
            ("gateway", hex(&practice.gateway)),
            ("device", hex(&device)),
            ("signer", hex(&signer)),
            ("statements", hex(&practice.statements)),
            ("receipts", hex(&practice.receipts)),
        ],
    );
}

#[test]
fn nothing_outlives_its_issuer_and_an_old_authority_stops_signing() {
    let practice = Practice::new(1);
    let late = NOW.plus_seconds(ISSUING_SIGNS_DAYS * DAY);
    let signer = practice.issuing.issue(Purpose::Signer(DEVICE), key(99).public(), serial(99), late).unwrap();
    assert_eq!(signer.not_after(), practice.issuing.certificate().not_after());
    for when in [late.plus_seconds(1), NOW.minus_seconds(2 * DAY), Timestamp::from_unix_seconds(0)] {
        let refused = practice.issuing.issue(Purpose::Gateway, key(99).public(), serial(99), when);
        assert!(matches!(refused, Err(CertsError::IssuerNotInForce)));
    }
    let old_root = NOW.plus_seconds(7306 * DAY);
    let refused = IssuingAuthority::create_under(&practice.root, 2, old_root);
    assert!(matches!(refused, Err(CertsError::IssuerNotInForce)));
}

#[test]
fn a_serial_has_sixteen_bytes_and_is_positive() {
    let drawn: BTreeSet<_> = (0..200).map(|_| Serial::random().unwrap()).collect();
    assert_eq!(drawn.len(), 200);
    assert!(drawn.iter().all(|serial| serial.as_bytes()[0] >> 6 == 1));
}

#[test]
fn an_authority_is_opened_with_its_own_key_only() {
    let practice = Practice::new(1);
    let pid = practice.root.practice().clone();
    let issuing = practice.issuing.certificate().der();
    assert!(IssuingAuthority::open(key(11), issuing, pid.clone()).is_ok());
    assert!(matches!(IssuingAuthority::open(key(12), issuing, pid.clone()), Err(CertsError::KeyMismatch)));
    assert!(IssuingAuthority::open(key(13), practice.gateway.der(), pid.clone()).is_err());
    assert!(Root::open(key(10), practice.root.certificate().der(), pid.clone()).is_ok());
    assert!(Root::open(key(11), issuing, pid).is_err());
}

#[test]
fn the_profile_table_is_that_of_format_md() {
    let text = include_str!("../format.md");
    for profile in Profile::ALL {
        let row = profile.row();
        let path = row.path_length.map_or("CA:FALSE".to_owned(), |length| format!("CA, pathlen {length}"));
        let usage = match row.key_usage {
            KeyUsage::Authority => "keyCertSign, cRLSign",
            KeyUsage::ContentCommitment => "contentCommitment",
            KeyUsage::DigitalSignature => "digitalSignature",
        };
        let extended = match row.extended {
            Some(ExtendedUsage::ClientAuth) => "clientAuth",
            Some(ExtendedUsage::DocumentSigning) => "documentSigning",
            Some(ExtendedUsage::ServerAuth) => "serverAuth",
            None => "–",
        };
        let begin = format!("| {} | {} d | {path} | {usage} | {extended} |", row.name, row.life_days);
        assert!(text.lines().any(|line| line.starts_with(&begin)), "no line begins with {begin}");
    }
}

/// OpenSSL must take each certificate for exactly what it is for, strictly by RFC 5280.
#[test]
fn openssl_agrees_on_every_profile() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("SKIPPED: openssl_agrees_on_every_profile, there is no openssl on this machine");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let practice = Practice::new(1);
    let pem = |name: &str, certificate: &Certificate| {
        let (der, pem) = (folder.path().join(format!("{name}.der")), folder.path().join(name));
        std::fs::write(&der, certificate.der()).unwrap();
        let mut made = Command::new("openssl");
        made.args(["x509", "-inform", "DER", "-in"]).arg(&der).arg("-out").arg(&pem);
        assert!(made.output().unwrap().status.success(), "{name}");
        pem
    };
    let root = pem("root", practice.root.certificate());
    let issuing = pem("issuing", practice.issuing.certificate());
    let accepts = |leaf: &std::path::Path, purpose: &str, when: Timestamp| {
        let mut command = Command::new("openssl");
        command.args(["verify", "-x509_strict", "-check_ss_sig", "-purpose", purpose, "-attime"]);
        command.arg(when.unix_seconds().to_string()).arg("-CAfile").arg(&root);
        command.arg("-untrusted").arg(&issuing).arg(leaf).output().unwrap().status.success()
    };
    for purpose in PURPOSES {
        let certificate = practice.issuing.issue(purpose, key(99).public(), serial(99), NOW).unwrap();
        let leaf = pem("leaf", &certificate);
        let (server, client) = (accepts(&leaf, "sslserver", NOW), accepts(&leaf, "sslclient", NOW));
        let wanted = match purpose.profile() {
            Profile::Gateway => (true, false),
            Profile::Device => (false, true),
            _ => (false, false),
        };
        assert_eq!((server, client), wanted, "{purpose:?}");
        assert!(accepts(&leaf, "any", NOW), "{purpose:?}");
        assert!(!accepts(&leaf, "smimesign", NOW), "{purpose:?}");
        assert!(!accepts(&leaf, "any", certificate.not_after().plus_seconds(2)), "{purpose:?} expired");
        assert!(
            !accepts(&leaf, "any", certificate.not_before().minus_seconds(2)),
            "{purpose:?} in the future"
        );
    }
    let stranger = Practice::new(2);
    assert!(!accepts(&pem("leaf", &stranger.gateway), "any", NOW), "another practice");
}
