//! Goal: tomorrow's peer is understood today. Method: every sample is given keys that no version has yet, and
//! numbers and codes that no version has yet are read.

mod samples;

use counterfoil_protocol::{Code, Message, Refusal, WireError, codec, enrol};

/// The same map with three more keys at its end: a number, nested maps and a text.
fn with_later_keys(bytes: &[u8]) -> Vec<u8> {
    let pairs = bytes[0] & 0x1f;
    assert!(bytes[0] >> 5 == 5 && pairs + 3 < 24, "a small map");
    let mut later = bytes.to_vec();
    later[0] = 0xa0 | (pairs + 3);
    later.extend_from_slice(b"\x19\x03\xe8\x07"); // 1000: 7
    later.extend_from_slice(b"\x19\x03\xe9\xa1\x01\x82\xa0\x43abc"); // 1001: {1: [{}, 'abc']}
    later.extend_from_slice(b"\x19\x03\xea\x64\xe6\x98\x8e!"); // 1002: "明!"
    later
}

#[test]
fn unknown_keys_of_a_later_version_are_passed_over() {
    for (full, least) in samples::messages() {
        for message in [full, least] {
            let later = with_later_keys(&message.to_bytes());
            assert_eq!(codec::check(&later), Ok(()));
            assert_eq!(Message::from_bytes(&later), Ok(message));
        }
    }
    let answer = codec::Map::to_bytes(&samples::open_answer());
    assert_eq!(codec::Map::from_bytes(&with_later_keys(&answer)), Ok(samples::open_answer()));
}

#[test]
fn an_unknown_message_is_refused_by_its_code() {
    let error = Message::from_bytes(b"\xa2\x00\x19\x03\xe8\x01\x00").unwrap_err();
    assert_eq!(error, WireError::UnknownMessage { number: 1000 });
    assert_eq!(Refusal::from(&error).known(), Some(Code::UnknownMessage));
    assert_eq!(
        enrol::Message::from_bytes(b"\xa1\x00\x18\x63"),
        Err(WireError::UnknownMessage { number: 99 })
    );
}

#[test]
fn a_map_without_a_number_is_malformed() {
    for bytes in [&b"\xa0"[..], b"\xa1\x01\x00", b"\xa1\x00\x40", b"\x80", b"\x00", b"\xa1\x00\x20"] {
        let error = Message::from_bytes(bytes).unwrap_err();
        assert_eq!(error.code(), Code::Malformed, "{bytes:02x?}");
    }
}

#[test]
fn a_code_of_a_later_version_still_says_whether_to_try_again() {
    let later = Refusal { code: 999, retryable: true, ..Refusal::absent() };
    let Ok(Message::Refusal(read)) = Message::from_bytes(&Message::from(later).to_bytes()) else { panic!() };
    assert_eq!((read.known(), read.retryable), (None, true));
}

#[test]
fn a_member_that_is_missing_or_wrong_is_named() {
    // Hello without its software.
    let error = Message::from_bytes(b"\xa3\x00\x08\x01\x81\x01\x03\x01").unwrap_err();
    assert_eq!(error, WireError::Missing { of: "Hello", member: "software" });
    // Confirm with a number where a truth is due.
    let error = Message::from_bytes(b"\xa2\x00\x0b\x01\x01").unwrap_err();
    assert!(matches!(error, WireError::Malformed { of: "Confirm", member: "accept", .. }), "{error:?}");
}

#[test]
fn a_version_is_agreed_or_ours_are_named() {
    assert_eq!(counterfoil_protocol::agree(&[2, 1]), Ok(1));
    let refusal = counterfoil_protocol::agree(&[2, 3]).unwrap_err();
    assert_eq!(refusal.known(), Some(Code::Unsupported));
    assert_eq!(refusal.versions.unwrap().as_slice(), counterfoil_protocol::VERSIONS);
}

#[test]
fn unknown_forbidden_and_absent_are_the_same_bytes() {
    let absent = Message::from(Refusal::absent()).to_bytes();
    assert_eq!(Message::from(Refusal::new(Code::Absent)).to_bytes(), absent);
    assert_eq!(Message::from(Refusal::from(Code::Absent)).to_bytes(), absent);
}
