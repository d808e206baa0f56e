//! The vectors of RFC 6238, and the memory: a code counts once, and who guesses waits.

use super::*;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn person() -> PersonId {
    PersonId::from_bytes([7; 16])
}

fn active(now: Timestamp) -> (Factor, Pepper) {
    let mut factor = Factor::begin().unwrap();
    let before = at(now.unix_ms() / 1000 - STEP_SECONDS);
    let codes = [before, now].map(|time| Code::Totp(factor.secret.code_at(time)));
    factor.confirm(&codes[0], &codes[1], now).unwrap();
    (factor, Pepper::random().unwrap())
}

fn typed(text: &str) -> Code {
    Code::parse(text).unwrap()
}

/// RFC 6238 appendix B, SHA-1: eight digits there, the last six here.
#[test]
fn codes_are_those_of_rfc_6238() {
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        assert_eq!(secret.code_at(at(seconds)).as_str(), code);
        assert!(secret.is_code_of(code, seconds / STEP_SECONDS));
    }
    // RFC 4648 section 10 has the letters; this is how phones are given the secret of the RFC.
    assert_eq!(secret.base32().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let uri = secret.uri("静安 A:B", "王");
    assert_eq!(
        uri.as_str(),
        "otpauth://totp/%E9%9D%99%E5%AE%89%20A%3AB:%E7%8E%8B?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%E9%9D%99%E5%AE%89%20A%3AB"
    );
}

#[test]
fn a_code_counts_once_and_only_within_its_window() {
    let now = at(1_000_000_020);
    let (mut factor, pepper) = active(now);
    let code = |factor: &Factor, seconds: u64| Code::Totp(factor.secret.code_at(at(seconds)));
    let used = code(&factor, 1_000_000_020);
    assert_eq!(factor.judge(&used, &pepper, person(), now), Verdict::Wrong, "confirmed with it");
    let next = code(&factor, 1_000_000_050);
    assert_eq!(factor.judge(&next, &pepper, person(), now), Verdict::Totp, "a clock a little behind");
    assert_eq!(factor.judge(&next, &pepper, person(), now), Verdict::Wrong, "replayed");
    let older = code(&factor, 1_000_000_080);
    assert_eq!(factor.judge(&older, &pepper, person(), at(1_000_000_110)), Verdict::Totp, "one step late");
    let old = code(&factor, 1_000_000_140);
    assert_eq!(factor.judge(&old, &pepper, person(), at(1_000_000_200)), Verdict::Wrong, "two steps late");
    // What is kept knows it too.
    let mut again = Factor::from_bytes(&factor.to_bytes()).unwrap();
    assert_eq!(again.judge(&older, &pepper, person(), at(1_000_000_110)), Verdict::Wrong);
}

#[test]
fn one_code_alone_or_twice_makes_nothing_active() {
    let now = at(1_000_000_000);
    let mut factor = Factor::begin().unwrap();
    let code = |factor: &Factor, seconds: u64| Code::Totp(factor.secret.code_at(at(seconds)));
    let (first, second) = (code(&factor, 999_999_970), code(&factor, 1_000_000_000));
    assert!(factor.confirm(&second, &second, now).is_err());
    assert!(factor.confirm(&second, &first, now).is_err());
    assert!(factor.confirm(&first, &second, at(1_000_000_120)).is_err(), "too old");
    assert!(!factor.is_active());
    factor.confirm(&first, &second, now).unwrap();
    assert!(factor.is_active());
}

#[test]
fn who_guesses_waits_and_in_the_end_is_locked() {
    let begun = 1_000_000_000;
    let (mut factor, pepper) = active(at(begun));
    let right_at = |factor: &Factor, now: Timestamp| Code::Totp(factor.secret.code_at(now));
    let wrong = |factor: &Factor, now: Timestamp| {
        // Not one of the window's three.
        let window = [0, 30, 60].map(|ahead| factor.secret.code_at(at(now.unix_ms() / 1000 - 30 + ahead)));
        let guess = (0..).map(|guess| format!("{guess:06}"));
        typed(&guess.into_iter().find(|guess| window.iter().all(|code| code.as_str() != guess)).unwrap())
    };
    let mut now = at(begun + 60);
    let mut looked_at = 0;
    for _ in 0..1_000 {
        let guess = wrong(&factor, now);
        match factor.judge(&guess, &pepper, person(), now) {
            Verdict::Wrong => looked_at += 1,
            Verdict::Paused { until } => {
                assert!(now < until && until <= now.plus_seconds(limits::FACTOR_PAUSE_SECONDS));
                let right = right_at(&factor, now);
                let judged = factor.judge(&right, &pepper, person(), now);
                assert!(matches!(judged, Verdict::Paused { .. }), "the right one waits too");
                factor = Factor::from_bytes(&factor.to_bytes()).unwrap();
                now = until;
            }
            Verdict::Locked => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(looked_at, limits::FACTOR_FAILURES_PER_DAY_MAX);
    assert!(factor.is_locked());
    let right = right_at(&factor, at(begun + 7 * DAY_SECONDS));
    assert_eq!(factor.judge(&right, &pepper, person(), at(begun + 7 * DAY_SECONDS)), Verdict::Locked);
}

#[test]
fn a_recovery_code_is_used_up_and_is_that_persons() {
    let now = at(1_000_000_000);
    let (mut factor, pepper) = active(now);
    let codes = factor.draw_recovery(&pepper, person()).unwrap();
    assert_eq!((codes.len(), factor.recovery_left()), (RECOVERY_CODES, RECOVERY_CODES));
    let shown = codes[3].shown();
    let other = PersonId::from_bytes([8; 16]);
    assert_eq!(factor.judge(&typed(&shown), &pepper, other, now), Verdict::Wrong);
    let read_out = shown.to_lowercase().replace('0', "o").replace('-', " ");
    let judged = factor.judge(&typed(&read_out), &pepper, person(), now);
    assert_eq!(judged, Verdict::Recovery { left: RECOVERY_CODES - 1 });
    assert_eq!(factor.judge(&typed(&shown), &pepper, person(), now), Verdict::Wrong);
    let another = factor.draw_recovery(&pepper, person()).unwrap();
    assert_eq!(factor.judge(&typed(&codes[4].shown()), &pepper, person(), now), Verdict::Wrong);
    assert_eq!(another.len(), RECOVERY_CODES);
}

#[test]
fn a_code_with_a_slip_of_the_pen_wastes_no_try() {
    let code = RecoveryCode::random().unwrap().shown();
    assert!(matches!(Code::parse(&code), Ok(Code::Recovery(_))));
    for at in (0..14).filter(|at| code.as_bytes()[*at] != b'-') {
        let other = if code.as_bytes()[at] == b'7' { '8' } else { '7' };
        let slipped: String = code
            .chars()
            .enumerate()
            .map(|(place, symbol)| if place == at { other } else { symbol })
            .collect();
        assert!(Code::parse(&slipped).is_err(), "{at}");
    }
    for wrong in ["", "12345", "1234567", "12345A", "一二三四五六", &"1".repeat(1000)] {
        assert!(Code::parse(wrong).is_err(), "{wrong}");
    }
    assert!(matches!(Code::parse(" １２３-456 "), Ok(Code::Totp(digits)) if digits.as_str() == "123456"));
}

#[test]
fn what_is_kept_is_read_back_and_nothing_else_is() {
    let (mut factor, pepper) = active(at(1_000_000_000));
    factor.draw_recovery(&pepper, person()).unwrap();
    let bytes = factor.to_bytes();
    assert_eq!(Factor::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    assert!(Factor::from_bytes(&bytes[1..]).is_err());
    assert!(Factor::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
    assert!(Factor::from_bytes(&[]).is_err());
}
