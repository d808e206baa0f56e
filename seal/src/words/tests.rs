//! Kits against vectors that others wrote, and against what people type.

use super::*;

const KIT: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// trezor/python-mnemonic, vectors.json (MIT): entropies of 128 bits and their words.
#[test]
fn the_vectors_of_bip_39_hold() {
    for (byte, words) in [
        (
            0x00,
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
        ),
        (0x7f, KIT),
        (0x80, "letter advice cage absurd amount doctor acoustic avoid letter advice cage above"),
        (0xff, "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong"),
    ] {
        let kit = Mnemonic::from_entropy_in(Language::English, &[byte; ENTROPY_BYTES]).unwrap();
        assert_eq!(*joined(&kit), words);
        assert_eq!(*normalise(words).unwrap(), words);
    }
}

#[test]
fn a_fresh_kit_is_twelve_words_that_are_read_back() {
    let kit = generate().unwrap();
    assert_eq!(kit.split(' ').count(), WORD_COUNT);
    assert_eq!(normalise(&kit).unwrap(), kit);
    assert_ne!(generate().unwrap(), kit);
    assert!(chance::tests::without_randomness(generate).is_err());
}

#[test]
fn a_kit_is_read_however_it_was_typed() {
    let words: Vec<&str> = KIT.split(' ').collect();
    let numbered: Vec<String> =
        words.iter().enumerate().map(|(i, word)| format!("{}. {word}", i + 1)).collect();
    let full_width: String = KIT
        .chars()
        .map(|c| if c == ' ' { '\u{3000}' } else { char::from_u32(c as u32 + 0xfee0).unwrap() })
        .collect();
    for typed in [
        KIT.to_uppercase(),
        format!("  {}\r\n", words.join("\n\t")),
        words.join(", "),
        words.join("、"),
        words.join("-"),
        numbered.join("\n"),
        full_width,
    ] {
        assert_eq!(normalise(&typed).as_deref().map(String::as_str), Ok(KIT), "{typed}");
    }
}

#[test]
fn a_wrong_kit_says_what_is_wrong() {
    assert_eq!(normalise(""), Err(SlotError::WordCount { wanted: 12, found: 0 }));
    assert_eq!(normalise("legal winner"), Err(SlotError::WordCount { wanted: 12, found: 2 }));
    assert_eq!(normalise(&KIT.replace("wave", "wafe")), Err(SlotError::UnknownWord { position: 5 }));
    assert_eq!(normalise(&KIT.replace("wave", "wagon")), Err(SlotError::WordChecksum));
    assert_eq!(normalise(&KIT.replace("thank year", "year thank")), Err(SlotError::WordChecksum));
    assert!(normalise(&"legal ".repeat(100_000)).is_err());
    assert!(normalise(&"事".repeat(1000)).is_err());
}
