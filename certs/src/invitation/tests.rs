//! What is typed is read as meant, and every slip is found before anything is sent.

use proptest::prelude::*;

use super::check::{Found, examine};
use super::*;
use crate::testing::{NOW, Practice, golden};

fn invitation(id: u32, secret: [u8; 11], host: &str) -> Invitation {
    let mut secret = Zeroizing::new(secret);
    secret[10] &= 0xf8;
    Invitation {
        id: InvitationId::new(id % InvitationId::COUNT).unwrap(),
        secret: Secret::from_bytes(secret).unwrap(),
        pin: Pin::from_bytes([0x5a; 16]),
        expires: NOW,
        host: host.to_owned(),
        port: 4433,
    }
}

fn same(read: &Invitation, meant: &Invitation) -> bool {
    read.id == meant.id
        && read.secret.as_bytes() == meant.secret.as_bytes()
        && (read.pin, read.expires, &read.host, read.port)
            == (meant.pin, meant.expires, &meant.host, meant.port)
}

#[test]
fn word_and_code_are_the_golden_ones() {
    let invitation = Practice::new(1).invitation();
    golden(
        "invitation.txt",
        &[
            ("id", invitation.id.get().to_string()),
            ("secret", model::digest::hex::encode(invitation.secret.as_bytes())),
            ("pin", model::digest::hex::encode(invitation.pin.as_bytes())),
            ("expires", invitation.expires.unix_seconds().to_string()),
            ("host", invitation.host.clone()),
            ("port", invitation.port.to_string()),
            ("code", invitation.code().to_string()),
            ("word", invitation.word().unwrap().to_string()),
            ("keys", model::digest::hex::encode(invitation.keys().expose())),
        ],
    );
}

#[test]
fn a_word_has_88_to_119_symbols_and_fits_a_small_qr_code() {
    for (host, symbols) in [("0123456789ab", 88), ("0123456789012345678901234567890", 119)] {
        let word = invitation(1, [9; 11], host).word().unwrap();
        assert_eq!(word.len(), symbols);
        assert!(word.bytes().all(|symbol| symbol.is_ascii_uppercase() || symbol.is_ascii_digit()));
        // Version 5 with error correction M holds 122 characters of QR's alphanumeric mode.
        assert!(word.len() <= 122);
    }
}

#[test]
fn a_host_is_plain_and_bounded() {
    let pin = Pin::from_bytes([0; 16]);
    let long = "x".repeat(254);
    for host in ["", "两.cn", "a b", "a/b", "[::1]", "a\n", long.as_str()] {
        assert!(Invitation::draw(pin, host, 1, NOW).is_err(), "{host:?}");
    }
    for host in ["::1", "192.0.2.7", "gw.example", &long[..253]] {
        let drawn = Invitation::draw(pin, host, 1, NOW).unwrap();
        let Ok(Typed::Word(read)) = Typed::parse(&drawn.word().unwrap()) else { panic!("{host}") };
        assert!(same(&read, &drawn));
    }
}

#[test]
fn what_people_make_of_it_is_read_as_meant() {
    let meant = invitation(0x0123_4567, *b"secret here", "gw.example");
    let (word, code) = (meant.word().unwrap(), meant.code());
    let wide: String =
        code.chars().map(|narrow| char::from_u32(u32::from(narrow) + 0xFEE0).unwrap()).collect();
    let spoken = code.replace('0', "o").replace('1', "L").replace('-', " \u{2014} ").to_lowercase();
    for typed in [code.to_string(), spoken, wide, format!("  {}\n", code.replace('-', ""))] {
        let read = Typed::parse(&typed).unwrap();
        assert!(matches!(read, Typed::Code { .. }), "{typed}");
        assert_eq!(read.id(), meant.id);
        assert_eq!(read.secret().as_bytes(), meant.secret.as_bytes());
        assert_eq!(read.pin(), None);
    }
    let broken_up: String = word.chars().flat_map(|symbol| [symbol, ' ']).collect();
    for typed in [word.to_string(), word.to_lowercase(), broken_up, word.replacen("CF1", "cfl", 1)] {
        let Ok(Typed::Word(read)) = Typed::parse(&typed) else { panic!("{typed}") };
        assert!(same(&read, &meant));
    }
}

#[test]
fn every_single_wrong_symbol_of_a_code_is_found_and_located() {
    let code: Vec<u8> = symbols(&invitation(0x2ee5_1c3b, *b"0123456789a", "h").code()).unwrap().to_vec();
    assert_eq!(examine(&code), Found::Fits);
    for at in 0..CODE_SYMBOLS {
        for wrong in (0..32).filter(|wrong| *wrong != code[at]) {
            let mut typed = code.clone();
            typed[at] = wrong;
            assert_eq!(examine(&typed), Found::One { at });
            let typed: String = typed.iter().map(|value| crockford::symbol(*value)).collect();
            let found = Typed::parse(&typed).err();
            assert_eq!(found, Some(TypedError::CheckGroup { group: at / 5 + 1 }));
        }
    }
}

/// The code is linear, so what is true of one word is true of all: 288,300 pairs of wrong symbols.
#[test]
fn every_two_wrong_symbols_are_found() {
    for first in 0..CODE_SYMBOLS {
        for second in first + 1..CODE_SYMBOLS {
            for (one, two) in (1..32).flat_map(|one| (1..32).map(move |two| (one, two))) {
                let mut typed = [0u8; CODE_SYMBOLS];
                (typed[first], typed[second]) = (one, two);
                assert_ne!(examine(&typed), Found::Fits, "{first} {second} {one} {two}");
            }
        }
    }
}

#[test]
fn what_cannot_be_a_code_is_named() {
    let code = invitation(7, [3; 11], "h").code();
    let parse = |typed: &str| Typed::parse(typed).err();
    assert_eq!(parse(""), Some(TypedError::Length { symbols: 0 }));
    assert_eq!(parse(&code[..code.len() - 1]), Some(TypedError::Length { symbols: 24 }));
    assert_eq!(parse(&format!("{}7", *code)), Some(TypedError::Length { symbols: 26 }));
    let mut wrong = code.to_string();
    wrong.replace_range(8..9, "U");
    assert_eq!(parse(&wrong), Some(TypedError::UnknownSymbol { group: 2, symbol: 3 }));
    assert_eq!(parse("会计"), Some(TypedError::UnknownSymbol { group: 1, symbol: 1 }));
    assert_eq!(parse(&"A".repeat(88)), Some(TypedError::NotAWord));
    assert_eq!(parse(&"A".repeat(5000)), Some(TypedError::TooLong));
}

#[test]
fn every_slip_in_a_word_is_found() {
    let word = invitation(0x2ee5_1c3b, *b"0123456789a", "gw.example").word().unwrap();
    let symbols: Vec<char> = word.chars().collect();
    for at in 0..symbols.len() {
        for wrong in
            crockford::SYMBOLS.iter().map(|wrong| char::from(*wrong)).filter(|wrong| *wrong != symbols[at])
        {
            let mut typed = symbols.clone();
            typed[at] = wrong;
            let found = Typed::parse(&typed.iter().collect::<String>()).err();
            let wanted = if at < 3 { TypedError::NotAWord } else { TypedError::Damaged };
            assert_eq!(found, Some(wanted), "symbol {at}");
        }
        let cut: String = symbols[..at].iter().collect();
        assert!(Typed::parse(&cut).is_err(), "cut at {at}");
        if at > 0 && symbols[at] != symbols[at - 1] {
            let mut typed = symbols.clone();
            typed.swap(at, at - 1);
            assert!(Typed::parse(&typed.iter().collect::<String>()).is_err(), "swapped at {at}");
        }
    }
    assert_eq!(Typed::parse(&format!("{}0", *word)).err(), Some(TypedError::Damaged));
}

#[test]
fn a_secret_has_85_bits() {
    assert!(Secret::from_bytes(Zeroizing::new([0xff; 11])).is_err());
    for _ in 0..50 {
        assert_eq!(Secret::random().unwrap().as_bytes()[10] & 7, 0);
    }
    assert_eq!(format!("{:?}", Secret::random().unwrap()), "Secret(…)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn both_forms_read_back(id: u32, secret: [u8; 11], host in "[a-z0-9.-]{1,60}") {
        let meant = invitation(id, secret, &host);
        let Ok(Typed::Word(read)) = Typed::parse(&meant.word().unwrap()) else { panic!() };
        prop_assert!(same(&read, &meant));
        let read = Typed::parse(&meant.code()).unwrap();
        prop_assert_eq!(read.id(), meant.id);
        prop_assert_eq!(read.secret().as_bytes(), meant.secret.as_bytes());
    }

    #[test]
    fn every_adjacent_swap_is_found(id: u32, secret: [u8; 11]) {
        let code: Vec<u8> = symbols(&invitation(id, secret, "h").code()).unwrap().to_vec();
        for at in 1..code.len() {
            let mut typed = code.clone();
            typed.swap(at, at - 1);
            prop_assert_eq!(examine(&typed) == Found::Fits, code[at] == code[at - 1]);
        }
    }

    #[test]
    fn nothing_typed_panics(text in "\\PC{0,150}", word in "CF1[0-9A-TV-Z]{0,130}") {
        let _ = Typed::parse(&text);
        let _ = Typed::parse(&word);
    }
}
