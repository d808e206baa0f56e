//! Slot files: golden files made elsewhere, and every way in which a file is refused.

use serde_json::Value;
use zeroize::Zeroizing;

use super::*;

const KEY_FILES: &str = include_str!("../../tests/vectors/keys_and_files.json");
const PASSPHRASE_FILES: &str = include_str!("../../tests/vectors/passphrase_files.json");
const VAULT: [u8; 16] = [1; 16];
const SLOT: [u8; 16] = [2; 16];

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn id(value: &Value) -> [u8; 16] {
    hex(value).try_into().unwrap()
}

fn cheap() -> Argon2Parameters {
    Argon2Parameters::new(64, 1, 1).unwrap()
}

fn passphrase(text: &str) -> Unlock {
    Unlock::Passphrase(Zeroizing::new(text.to_owned()))
}

fn key_file(byte: u8) -> Unlock {
    Unlock::KeyFile(Zeroizing::new([byte; 32]))
}

fn made(unlock: &Unlock) -> Vec<u8> {
    let [standard, confidential] = [3, 4].map(|byte| MasterKey::copied(&[byte; 32]));
    // Not in order: the file is.
    SlotFile::make(&VAULT, &SLOT, unlock, &[(2, &confidential), (1, &standard)], cheap()).unwrap()
}

fn refusal(bytes: &[u8], unlock: &Unlock) -> SlotError {
    SlotFile::open(bytes, &VAULT, unlock).err().unwrap()
}

#[test]
fn a_slot_opens_the_masters_it_was_made_with() {
    for unlock in [passphrase("open sesame"), key_file(9)] {
        let bytes = made(&unlock);
        let masters = SlotFile::open(&bytes, &VAULT, &unlock).unwrap();
        let found: Vec<(u8, [u8; 32])> =
            masters.iter().map(|(domain, key)| (*domain, *key.expose())).collect();
        assert_eq!(found, [(1, [3; 32]), (2, [4; 32])]);
        let slot = SlotFile::parse(&bytes).unwrap();
        assert_eq!((slot.vault_id(), slot.slot_id(), slot.kind()), (VAULT, SLOT, unlock.kind()));
        assert_eq!(slot.write(), bytes);
    }
}

/// Made by `generate.py`.
#[test]
fn the_golden_slot_of_a_key_file_opens() {
    let vectors: Value = serde_json::from_str(KEY_FILES).unwrap();
    let case = &vectors["slot_file"];
    let unlock = Unlock::KeyFile(Zeroizing::new(hex(&case["key_file"]).try_into().unwrap()));
    let masters = SlotFile::open(&hex(&case["file"]), &id(&case["vault_id"]), &unlock).unwrap();
    assert_eq!(masters.len(), 2);
    for (domain, master) in masters {
        assert_eq!(master.expose().as_slice(), hex(&case["masters"][domain.to_string()]));
    }
}

/// Made with the reference implementation of Argon2.
#[test]
fn the_golden_slot_of_a_passphrase_opens() {
    let vectors: Value = serde_json::from_str(PASSPHRASE_FILES).unwrap();
    let case = &vectors["slot_file"];
    let unlock = passphrase(vectors["passphrase"].as_str().unwrap());
    let masters = SlotFile::open(&hex(&case["file"]), &id(&case["vault_id"]), &unlock).unwrap();
    assert_eq!(masters[0].1.expose().as_slice(), hex(&case["master"]));
    assert_eq!((masters.len(), masters[0].0), (1, 1));
}

#[test]
fn a_passphrase_typed_on_another_system_opens() {
    let bytes = made(&passphrase("caf\u{e9}"));
    assert!(SlotFile::open(&bytes, &VAULT, &passphrase("cafe\u{301}")).is_ok());
    assert_eq!(refusal(&bytes, &passphrase("cafe")), SlotError::Unopenable(Unopenable));
    assert_eq!(refusal(&bytes, &passphrase("caf\u{e9} ")), SlotError::Unopenable(Unopenable));
}

#[test]
fn a_passphrase_is_neither_empty_nor_endless() {
    let bytes = made(&passphrase("open sesame"));
    let refused = SlotError::Passphrase { bytes_max: 1024 };
    for text in [String::new(), "a".repeat(1025)] {
        assert_eq!(refusal(&bytes, &passphrase(&text)), refused);
        let master = MasterKey::copied(&[3; 32]);
        let made = SlotFile::make(&VAULT, &SLOT, &passphrase(&text), &[(1, &master)], cheap());
        assert_eq!(made, Err(refused));
    }
    // The longest that NFC makes longer: U+0958 becomes two characters.
    let long = "\u{958}".repeat(341);
    assert!(SlotFile::open(&made(&passphrase(&long)), &VAULT, &passphrase(&long)).is_ok());
}

#[test]
fn what_does_not_unlock_is_refused_by_name() {
    let by_passphrase = made(&passphrase("open sesame"));
    let by_file = made(&key_file(9));
    assert_eq!(refusal(&by_file, &key_file(8)), SlotError::Unopenable(Unopenable));
    assert_eq!(refusal(&by_file, &passphrase("x")), SlotError::OtherKind { wants: "key file" });
    assert_eq!(refusal(&by_passphrase, &key_file(9)), SlotError::OtherKind { wants: "passphrase" });
    let foreign = SlotFile::open(&by_file, &[9; 16], &key_file(9)).err();
    assert_eq!(foreign, Some(SlotError::Foreign { what: "vault" }));
}

#[test]
fn a_slot_keeps_some_masters_of_different_domains() {
    let master = MasterKey::copied(&[3; 32]);
    let refused = Err(SlotError::Domains { count_max: 16 });
    let make = |masters: &[(u8, &MasterKey)]| SlotFile::make(&VAULT, &SLOT, &key_file(9), masters, cheap());
    assert_eq!(make(&[]), refused);
    assert_eq!(make(&[(1, &master), (2, &master), (1, &master)]), refused);
    let many: Vec<(u8, &MasterKey)> = (0..17).map(|domain| (domain, &master)).collect();
    assert_eq!(make(&many), refused);
    let bytes = make(&many[..16]).unwrap();
    assert!(bytes.len() <= SLOT_BYTES_MAX);
    assert_eq!(SlotFile::open(&bytes, &VAULT, &key_file(9)).unwrap().len(), 16);
}

#[test]
fn any_changed_byte_of_a_slot_is_an_error() {
    let unlock = key_file(9);
    let bytes = made(&unlock);
    for index in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[index] ^= 1 << bit;
            assert!(SlotFile::open(&changed, &VAULT, &unlock).is_err(), "byte {index}");
        }
    }
}

#[test]
fn any_changed_byte_of_a_passphrase_slot_is_an_error() {
    let unlock = passphrase("open sesame");
    let bytes = made(&unlock);
    for index in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[index] ^= 0x41;
        assert!(SlotFile::open(&changed, &VAULT, &unlock).is_err(), "byte {index}");
    }
}

#[test]
fn a_slot_cut_or_lengthened_is_malformed() {
    let bytes = made(&key_file(9));
    for cut in 0..bytes.len() {
        assert!(SlotFile::parse(&bytes[..cut]).is_err(), "cut to {cut}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(refusal(&longer, &key_file(9)), SlotError::Malformed { what: "map" });
    longer.resize(SLOT_BYTES_MAX + 1, 0);
    assert_eq!(refusal(&longer, &key_file(9)), SlotError::TooLong { bytes: 4097, bytes_max: 4096 });
}

#[test]
fn masters_of_swapped_domains_do_not_open() {
    let slot = SlotFile::parse(&made(&key_file(9))).unwrap();
    let [(one, first), (two, second)] = *slot.boxes else { panic!("two boxes") };
    let swapped = SlotFile { boxes: vec![(one, second), (two, first)], ..slot };
    assert_eq!(refusal(&swapped.write(), &key_file(9)), SlotError::Unopenable(Unopenable));
}

/// A whole file by hand, so that each part can lie.
fn file(version: u64, kind: u64, parameters: [u64; 3], domains: &[(u64, usize)]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.map(6);
    for number in [0, version, 1, kind, 2] {
        writer.number(number);
    }
    writer.bytes(&VAULT);
    writer.number(3);
    writer.bytes(&SLOT);
    writer.number(4);
    writer.array(4);
    for number in parameters {
        writer.number(number);
    }
    writer.bytes(&[0; 16]);
    writer.number(5);
    writer.map(domains.len() as u64);
    for (domain, bytes) in domains {
        writer.number(*domain);
        writer.bytes(&vec![0; *bytes]);
    }
    writer.finish()
}

#[test]
fn lies_in_a_slot_are_refused_before_any_work() {
    let sound = file(1, 1, [64, 1, 1], &[(1, 104)]);
    assert_eq!(refusal(&sound, &passphrase("x")), SlotError::Unopenable(Unopenable), "negative control");
    let malformed = |what| SlotError::Malformed { what };
    let parameters = |memory_kib, passes, lanes| SlotError::Parameters { memory_kib, passes, lanes };
    for (bytes, refused) in [
        (file(2, 1, [64, 1, 1], &[(1, 104)]), SlotError::Version { found: 2 }),
        (file(1, 3, [64, 1, 1], &[(1, 104)]), malformed("kind")),
        (file(1, 2, [64, 1, 1], &[(1, 104)]), malformed("master keys")),
        (file(1, 1, [1 << 31, 1, 1], &[(1, 104)]), parameters(1 << 31, 1, 1)),
        (file(1, 1, [1 << 40, 1, 1], &[(1, 104)]), parameters(u32::MAX, 1, 1)),
        (file(1, 1, [64, 11, 1], &[(1, 104)]), parameters(64, 11, 1)),
        (file(1, 1, [64, 1, 5], &[(1, 104)]), parameters(64, 1, 5)),
        (file(1, 1, [64, 1, 1], &[(1, 103)]), malformed("master keys")),
        (file(1, 1, [64, 1, 1], &[(1, 105)]), malformed("master keys")),
        (file(1, 1, [64, 1, 1], &[]), malformed("master keys")),
        (file(1, 1, [64, 1, 1], &[(2, 104), (1, 104)]), malformed("master keys")),
        (file(1, 1, [64, 1, 1], &[(1, 104), (1, 104)]), malformed("master keys")),
        (file(1, 1, [64, 1, 1], &[(256, 104)]), malformed("master keys")),
        (file(1, 1, [64, 1, 1], &[(1, 104); 17]), malformed("master keys")),
    ] {
        assert_eq!(refusal(&bytes, &passphrase("x")), refused);
    }
}

/// Several keys in one ciphertext, tried against many passphrases at once: the commitment allows one.
#[test]
fn a_slot_box_has_the_exact_length_of_one_key() {
    assert_eq!(KEY_SEALED_BYTES, 104);
    let key = SlotKey::copied(&[9; 32]);
    let place = context::Slot { vault_id: VAULT, slot_id: SLOT, kind: 2, domain: 1 };
    let long = crate::seal(&key, &place, &[0; 64]).unwrap();
    assert!(open_key(&key, &place, &long).is_err());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_an_error_and_no_crash(bytes: Vec<u8>) {
        proptest::prop_assert!(SlotFile::parse(&bytes).is_err());
    }
}
