//! Derivations against the vectors that the Python generator made, and what a key must not do.

use serde_json::Value;

use super::*;

const VECTORS: &str = include_str!("../../tests/vectors/keys_and_files.json");

fn hex<const N: usize>(value: &Value) -> [u8; N] {
    let text = value.as_str().unwrap();
    assert_eq!(text.len(), 2 * N);
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
}

#[test]
fn derived_keys_are_those_of_the_format() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let case = &vectors["subkeys"];
    let id = hex(&case["id"]);
    let shelf = ShelfKey::from_bytes(&mut hex(&case["from"]));
    assert_eq!(shelf.dek_key(&id).expose(), &hex(&case["dek"]));
    assert_eq!(shelf.head_key(&id).expose(), &hex(&case["head"]));
    assert_eq!(shelf.spool_wrap_key(&id).expose(), &hex(&case["spool"]));
    let document = DocumentKey::from_bytes(&mut hex(&case["from"]));
    assert_eq!(document.content_key(&id).expose(), &hex(&case["content"]));
    assert_eq!(document.meta_key(&id).expose(), &hex(&case["meta"]));
    assert_eq!(document.manifest_key(&id).expose(), &hex(&case["manifest"]));
    let master = MasterKey::from_bytes(&mut hex(&case["from"]));
    assert_eq!(master.private_keys_key(&id).expose(), &hex(&case["key"]));
    let file = FileKey::from_bytes(&mut hex(&case["from"]));
    assert_eq!(file.private_keys_key(&id).expose(), &hex(&case["key"]));
}

#[test]
fn a_ring_key_is_that_of_the_format() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let case = &vectors["ring_key"];
    let random_part: Vec<u8> = (0..16_320).map(|i| (i % 251) as u8).collect();
    let root = ShredRoot::of_random_part(&random_part);
    let master = MasterKey::from_bytes(&mut hex(&case["master_key"]));
    let vault_id = hex(&case["vault_id"]);
    let ring = RingKey::derive(&root, &master, &vault_id, 1, 258);
    assert_eq!(ring.expose(), &hex(&case["ring_key"]));
    for other in [
        RingKey::derive(&ShredRoot::of_random_part(&random_part[1..]), &master, &vault_id, 1, 258),
        RingKey::derive(&root, &MasterKey::copied(&[0; 32]), &vault_id, 1, 258),
        RingKey::derive(&root, &master, &[0; 16], 1, 258),
        RingKey::derive(&root, &master, &vault_id, 2, 258),
        RingKey::derive(&root, &master, &vault_id, 1, 259),
    ] {
        assert!(!ring.equals(&other));
    }
    assert!(root.equals(&ShredRoot::of_random_part(&random_part)));
}

#[test]
fn a_key_wipes_where_it_came_from() {
    let mut source = [7; 32];
    let key = EntryKey::from_bytes(&mut source);
    assert_eq!((source, key.expose()), ([0; 32], &[7; 32]));
}

#[test]
fn a_key_has_its_length_and_no_other() {
    assert!(EntryKey::from_slice(&[1; 31]).is_none());
    assert!(EntryKey::from_slice(&[1; 33]).is_none());
    assert!(EntryKey::from_slice(&[1; 32]).unwrap().equals(&EntryKey::copied(&[1; 32])));
}

#[test]
fn random_keys_differ() {
    let [one, other] = [(); 2].map(|()| MasterKey::random().ok().unwrap());
    assert!(!one.equals(&other));
}

/// No key can be printed, copied or cloned: the method of the trait is found only where the type has it not.
#[test]
fn keys_are_not_copied_or_printed() {
    trait Lacks {
        fn lacks(&self) -> bool {
            true
        }
    }
    struct Cloned<T>(std::marker::PhantomData<T>);
    impl<T> Lacks for Cloned<T> {}
    impl<T: Clone> Cloned<T> {
        fn lacks(&self) -> bool {
            false
        }
    }
    struct Printed<T>(std::marker::PhantomData<T>);
    impl<T> Lacks for Printed<T> {}
    impl<T: std::fmt::Debug> Printed<T> {
        fn lacks(&self) -> bool {
            false
        }
    }
    macro_rules! check {
        ($($key:ty),*) => {$(
            assert!(Cloned::<$key>(std::marker::PhantomData).lacks(), stringify!($key));
            assert!(Printed::<$key>(std::marker::PhantomData).lacks(), stringify!($key));
        )*};
    }
    check!(
        MasterKey,
        ShelfKey,
        DocumentKey,
        EntryKey,
        SpoolKey,
        IndexKey,
        HandleKey,
        DuplicateKey,
        FileKey,
        SlotKey,
        RingKey,
        DekKey,
        HeadKey,
        SpoolWrapKey,
        ContentKey,
        MetaKey,
        ManifestKey,
        PrivateKeysKey,
        ShredRoot,
        crate::Unlock
    );
    assert!(!Cloned::<u8>(std::marker::PhantomData).lacks(), "negative control");
    assert!(!Printed::<u8>(std::marker::PhantomData).lacks(), "negative control");
}
