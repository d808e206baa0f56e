//! Lists as they are made, and everything that is not taken in place of a good one.

use model::Timestamp;

use super::*;
use crate::testing::{DAY, NOW, Practice, golden, key, serial};

fn revoked() -> Vec<Revoked> {
    let entry = |number: u8, reason| Revoked {
        serial: serial(number),
        at: NOW.minus_seconds(u64::from(number) * 3600),
        reason,
        compromised_since: (reason == Reason::KeyCompromise).then(|| NOW.minus_seconds(9 * DAY)),
    };
    (1..).zip(Reason::ALL).map(|(number, reason)| entry(number, reason)).collect()
}

/// One DER element.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content.to_vec()].concat()
}

/// Where the content of a DER element lies in what begins with it.
fn place(element: &[u8]) -> std::ops::Range<usize> {
    let (head, length) = match element[1] {
        0x81 => (3, usize::from(element[2])),
        0x82 => (4, usize::from(u16::from_be_bytes([element[2], element[3]]))),
        short => (2, usize::from(short)),
    };
    head..head + length
}

fn content(element: &[u8]) -> &[u8] {
    &element[place(element)]
}

/// The elements of a list's signed part, for tests that change them.
fn parts(crl: &Crl) -> Vec<Vec<u8>> {
    let mut rest = content(content(crl.der()));
    let mut out = Vec::new();
    while !rest.is_empty() {
        let (part, others) = rest.split_at(place(rest).end);
        out.push(part.to_vec());
        rest = others;
    }
    out
}

/// A list of these elements, truly signed.
fn signed(parts: &[Vec<u8>], algorithm: &[u8], signer: &crate::PrivateKey) -> Vec<u8> {
    let list = tlv(0x30, &parts.concat());
    let signature = rcgen::SigningKey::sign(signer, &list).unwrap();
    let signature = tlv(0x03, &[&[0], signature.as_slice()].concat());
    tlv(0x30, &[&list, algorithm, &signature].concat())
}

#[test]
fn a_list_says_what_is_revoked_and_why() {
    let practice = Practice::new(1);
    let made = practice.issuing.crl(7, &revoked(), NOW).unwrap();
    let again = Crl::read(made.der(), practice.issuing.certificate()).unwrap();
    assert_eq!(again, made);
    assert_eq!((made.number(), made.made(), made.next()), (7, NOW, NOW.plus_seconds(7 * DAY)));
    assert_eq!(made.half_life(), NOW.plus_seconds(7 * DAY / 2));
    let mut wanted = revoked();
    wanted.sort_by_key(|revoked| revoked.serial);
    assert_eq!(made.revoked(), wanted);
    let root = practice.root.crl(u64::MAX, &[], NOW).unwrap();
    assert_eq!((root.number(), root.next()), (u64::MAX, NOW.plus_seconds(396 * DAY)));
    assert!(root.revoked().is_empty());
    assert!(!root.is_last() && !made.is_last());
    let last = practice.issuing.last_crl(8, &revoked(), NOW).unwrap();
    assert!(last.is_last() && last.is_in_force(NOW.plus_seconds(99 * 365 * DAY)).is_ok());
    assert_eq!(Crl::read(root.der(), practice.issuing.certificate()), Err(CrlFault::Foreign));
}

#[test]
fn lists_are_the_golden_ones() {
    let practice = Practice::new(1);
    let hex = |crl: Crl| model::digest::hex::encode(crl.der());
    golden(
        "crls.txt",
        &[
            ("empty", hex(practice.issuing.crl(1, &[], NOW).unwrap())),
            ("every reason", hex(practice.issuing.crl(258, &revoked(), NOW).unwrap())),
            ("last", hex(practice.issuing.last_crl(259, &revoked(), NOW).unwrap())),
            ("root", hex(practice.root.crl(1, &[], NOW).unwrap())),
        ],
    );
}

#[test]
fn the_dates_of_a_list_bind() {
    let practice = Practice::new(1);
    let made = practice.issuing.crl(1, &[], NOW).unwrap();
    assert_eq!(made.is_in_force(NOW), Ok(()));
    assert_eq!(made.is_in_force(NOW.minus_seconds(300)), Ok(()));
    assert_eq!(made.is_in_force(NOW.minus_seconds(301)), Err(CrlFault::Future));
    assert_eq!(made.is_in_force(made.next().minus_seconds(1)), Ok(()));
    assert_eq!(made.is_in_force(made.next()), Err(CrlFault::Expired));
    let over = practice.issuing.certificate().not_after().plus_seconds(1);
    assert!(matches!(practice.issuing.crl(2, &[], over), Err(CertsError::IssuerNotInForce)));
}

#[test]
fn nothing_takes_the_place_of_the_last_good_list() {
    let (practice, stranger) = (Practice::made_at(1, NOW.minus_seconds(30 * DAY)), Practice::new(2));
    let mut held = LastGood::new(practice.issuing.certificate().clone());
    let list = |number| practice.issuing.crl(number, &revoked(), NOW).unwrap();
    assert!(held.held().is_none());
    held.offer(list(5).der(), NOW).unwrap();
    held.offer(list(5).der(), NOW).unwrap();
    let good = held.held().cloned();
    let old = practice.issuing.crl(9, &revoked(), NOW.minus_seconds(7 * DAY)).unwrap();
    let ahead = practice.issuing.crl(9, &revoked(), NOW.plus_seconds(DAY)).unwrap();
    let trailing = [list(9).der(), b"\0"].concat();
    let cut = list(9).der()[..200].to_vec();
    let mut bent = list(9).der().to_vec();
    bent[100] ^= 1;
    for (what, offered, wanted) in [
        ("nothing", vec![], CrlFault::Encoding),
        ("garbage", b"-----BEGIN X509 CRL-----".to_vec(), CrlFault::Encoding),
        ("8 MiB of garbage", vec![0x30; CRL_BYTES_MAX + 1], CrlFault::Encoding),
        ("bytes left over", trailing, CrlFault::Encoding),
        ("cut", cut, CrlFault::Encoding),
        ("a certificate", practice.gateway.der().to_vec(), CrlFault::Encoding),
        ("another practice's", stranger.issuing.crl(9, &[], NOW).unwrap().der().to_vec(), CrlFault::Foreign),
        ("the root's", practice.root.crl(9, &[], NOW).unwrap().der().to_vec(), CrlFault::Foreign),
        ("a number below", list(4).der().to_vec(), CrlFault::Older),
        (
            "the same number over other content",
            practice.issuing.crl(5, &[], NOW).unwrap().der().to_vec(),
            CrlFault::Older,
        ),
        ("expired", old.der().to_vec(), CrlFault::Expired),
        ("of tomorrow", ahead.der().to_vec(), CrlFault::Future),
    ] {
        assert_eq!(held.offer(&offered, NOW).err(), Some(wanted), "{what}");
        assert_eq!(held.held(), good.as_ref(), "{what}");
    }
    assert!(held.offer(&bent, NOW).is_err());
    assert_eq!(held.offer(list(6).der(), NOW).unwrap().number(), 6);
}

#[test]
fn only_what_we_would_have_made_is_read_even_if_we_signed_it() {
    let practice = Practice::new(1);
    let (issuer, signer) = (practice.issuing.certificate(), practice.issuing.held_key().unwrap());
    let made = practice.issuing.crl(7, &revoked(), NOW).unwrap();
    let good = parts(&made);
    // version, algorithm, issuer, thisUpdate, nextUpdate, entries, extensions
    assert_eq!(good.len(), 7);
    let algorithm = good[1].clone();
    let read = |parts: &[Vec<u8>]| Crl::read(&signed(parts, &algorithm, signer), issuer).err();
    assert_eq!(read(&good), None);
    let without = |at: usize| [&good[..at], &good[at + 1..]].concat();
    let with = |at: usize, part: Vec<u8>| {
        let mut parts = good.clone();
        parts[at] = part;
        parts
    };
    let sha384 = tlv(0x30, &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03]);
    assert_eq!(read(&without(0)), Some(CrlFault::Encoding), "version 1");
    assert_eq!(read(&without(4)), Some(CrlFault::NoNextUpdate));
    assert_eq!(read(&without(6)), Some(CrlFault::Extension), "no extensions");
    assert_eq!(read(&with(1, sha384.clone())), Some(CrlFault::Algorithm));
    assert_eq!(Crl::read(&signed(&good, &sha384, signer), issuer).err(), Some(CrlFault::Algorithm), "outer");
    assert_eq!(read(&with(4, good[3].clone())), Some(CrlFault::Entry), "over as soon as made");
    let entries = content(&good[5]);
    let twice = [entries, entries].concat();
    assert_eq!(read(&with(5, tlv(0x30, &twice))), Some(CrlFault::Entry), "an entry twice");
    let date = good[3].clone();
    let short = tlv(0x30, &[tlv(0x02, &[1]), date.clone()].concat());
    assert_eq!(read(&with(5, tlv(0x30, &short))), Some(CrlFault::Entry), "a serial number of one byte");
    let bare = tlv(0x30, &[tlv(0x02, serial(9).as_bytes()), date].concat());
    assert_eq!(read(&with(5, tlv(0x30, &bare))), Some(CrlFault::Entry), "no reason");
    // A delta list: deltaCRLIndicator (RFC 5280 section 5.2.4), critical.
    let delta = tlv(
        0x30,
        &[&[0x06, 0x03, 0x55, 0x1d, 0x1b][..], &[0x01, 0x01, 0xff], &tlv(0x04, &tlv(0x02, &[1]))].concat(),
    );
    let own = content(content(&good[6]));
    let extended = tlv(0xa0, &tlv(0x30, &[own, &delta].concat()));
    assert_eq!(read(&with(6, extended)), Some(CrlFault::Extension), "a delta list");
    let other = Crl::read(&signed(&good, &algorithm, &key(99)), issuer).err();
    assert_eq!(other, Some(CrlFault::Signature), "right name, other key");
}

proptest::proptest! {
    #[test]
    fn a_bent_list_is_never_taken(at in 0usize..400, mask in 1u8..) {
        let practice = Practice::new(1);
        let made = practice.issuing.crl(7, &revoked(), NOW).unwrap();
        let mut der = made.der().to_vec();
        let length = der.len();
        der[at % length] ^= mask;
        if let Ok(read) = Crl::read(&der, practice.issuing.certificate()) {
            // The only bytes outside the signature that may differ are those of the signature's own encoding.
            proptest::prop_assert_eq!(read.revoked(), made.revoked());
            proptest::prop_assert!(at % length > length - 74);
        }
    }
}

#[test]
fn what_no_signature_covers_is_der_all_the_same() {
    let practice = Practice::new(1);
    let made = practice.issuing.crl(7, &revoked(), NOW).unwrap();
    let signed = content(made.der());
    let algorithm = made.der().len() - signed.len() + place(signed).end;
    // A primitive tag where a constructed one belongs, outside and around the algorithm.
    for at in [0, algorithm, algorithm + 2] {
        let mut der = made.der().to_vec();
        der[at] ^= 0x20;
        assert!(Crl::read(&der, practice.issuing.certificate()).is_err(), "byte {at}");
    }
}

#[test]
fn ten_thousand_fit() {
    let practice = Practice::new(1);
    let revoked: Vec<_> = (0..10_000u32)
        .map(|number| {
            let mut bytes = [0x55; 16];
            bytes[12..].copy_from_slice(&number.to_be_bytes());
            let serial = Serial::parse(bytes).unwrap();
            let compromised_since = Some(Timestamp::from_unix_seconds(1_700_000_000));
            Revoked { serial, at: NOW, reason: Reason::KeyCompromise, compromised_since }
        })
        .collect();
    let made = practice.issuing.crl(1, &revoked, NOW).unwrap();
    assert!(made.der().len() < CRL_BYTES_MAX / 8, "{} bytes", made.der().len());
    assert_eq!(made.revoked().len(), 10_000);
}
