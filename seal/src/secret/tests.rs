//! Secret files: golden files made elsewhere, and every way in which a file is refused.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::Unopenable;

const PLACE: context::Key =
    context::Key { owner_id: [1; 16], purpose: context::label(b"device"), key_id: [2; 16] };

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn cheap() -> Argon2Parameters {
    Argon2Parameters::new(64, 1, 1).unwrap()
}

fn unlocks() -> [Unlock; 2] {
    [Unlock::Passphrase(Zeroizing::new("open sesame".to_owned())), Unlock::KeyFile(Zeroizing::new([9; 32]))]
}

fn golden(file: &str, unlock: impl Fn(&Value, &Value) -> Unlock) {
    let vectors: Value = serde_json::from_str(file).unwrap();
    let case = &vectors["secret_file"];
    let [owner_id, purpose, key_id] =
        ["owner_id", "purpose", "key_id"].map(|member| hex(&case[member]).try_into().unwrap());
    let place = context::Key { owner_id, purpose, key_id };
    let bytes = hex(&case["file"]);
    assert_eq!(place_of(&bytes), Ok(place));
    assert_eq!(*open_secret(&bytes, &place, &unlock(&vectors, case)).unwrap(), hex(&case["secret"]));
}

/// Made by `generate.py`.
#[test]
fn the_golden_secret_of_a_key_file_opens() {
    golden(include_str!("../../tests/vectors/keys_and_files.json"), |_, case| {
        Unlock::KeyFile(Zeroizing::new(hex(&case["key_file"]).try_into().unwrap()))
    });
}

/// Made with the reference implementation of Argon2.
#[test]
fn the_golden_secret_of_a_passphrase_opens() {
    golden(include_str!("../../tests/vectors/passphrase_files.json"), |vectors, _| {
        Unlock::Passphrase(Zeroizing::new(vectors["passphrase"].as_str().unwrap().to_owned()))
    });
}

#[test]
fn a_secret_comes_back_in_its_place_only() {
    for unlock in unlocks() {
        let bytes = seal_secret(b"private", &PLACE, &unlock, cheap()).unwrap();
        assert_eq!(open_secret(&bytes, &PLACE, &unlock).unwrap().as_slice(), b"private");
        assert_eq!(place_of(&bytes), Ok(PLACE));
        assert_eq!(kind_of(&bytes), Ok(unlock.kind()));
        for (what, place) in [
            ("owner", context::Key { owner_id: [3; 16], ..PLACE }),
            ("purpose", context::Key { purpose: [3; 16], ..PLACE }),
            ("key", context::Key { key_id: [3; 16], ..PLACE }),
        ] {
            assert_eq!(open_secret(&bytes, &place, &unlock), Err(SlotError::Foreign { what }));
        }
    }
}

#[test]
fn what_does_not_unlock_is_refused_by_name() {
    let [passphrase, key_file] = unlocks();
    let bytes = seal_secret(b"private", &PLACE, &passphrase, cheap()).unwrap();
    assert_eq!(open_secret(&bytes, &PLACE, &key_file), Err(SlotError::OtherKind { wants: "passphrase" }));
    let bytes = seal_secret(b"private", &PLACE, &key_file, cheap()).unwrap();
    assert_eq!(open_secret(&bytes, &PLACE, &passphrase), Err(SlotError::OtherKind { wants: "key file" }));
    let other = Unlock::KeyFile(Zeroizing::new([8; 32]));
    assert_eq!(open_secret(&bytes, &PLACE, &other), Err(SlotError::Unopenable(Unopenable)));
}

#[test]
fn any_changed_byte_of_a_secret_file_is_an_error() {
    for unlock in unlocks() {
        let bytes = seal_secret(b"private", &PLACE, &unlock, cheap()).unwrap();
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 0x41;
            assert!(open_secret(&changed, &PLACE, &unlock).is_err(), "byte {index}");
            assert!(open_secret(&bytes[..index], &PLACE, &unlock).is_err(), "cut to {index}");
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(open_secret(&longer, &PLACE, &unlock).is_err());
    }
}

#[test]
fn a_secret_has_a_longest() {
    let [_, key_file] = unlocks();
    let longest = vec![7; SECRET_BYTES_MAX];
    let bytes = seal_secret(&longest, &PLACE, &key_file, cheap()).unwrap();
    assert!(bytes.len() <= SECRET_FILE_BYTES_MAX);
    assert_eq!(*open_secret(&bytes, &PLACE, &key_file).unwrap(), longest);
    let refused = SlotError::SecretTooLong { bytes_max: SECRET_BYTES_MAX };
    assert_eq!(seal_secret(&[7; SECRET_BYTES_MAX + 1], &PLACE, &key_file, cheap()), Err(refused));
    let (bytes, bytes_max) = (SECRET_FILE_BYTES_MAX + 1, SECRET_FILE_BYTES_MAX);
    assert_eq!(place_of(&vec![0; bytes]), Err(SlotError::TooLong { bytes, bytes_max }));
}

#[test]
fn a_slot_file_is_no_secret_file() {
    let [_, key_file] = unlocks();
    let master = crate::MasterKey::copied(&[3; 32]);
    let slot = crate::SlotFile::make(&[1; 16], &[2; 16], &key_file, &[(1, &master)], cheap()).unwrap();
    assert!(place_of(&slot).is_err());
    let secret = seal_secret(b"private", &PLACE, &key_file, cheap()).unwrap();
    assert!(crate::SlotFile::parse(&secret).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_an_error_and_no_crash(bytes: Vec<u8>) {
        prop_assert!(place_of(&bytes).is_err());
    }
}
