//! Goal: bytes on the wire never change by accident. Method: for every message and record of the schema a file in
//! `golden/`, first line with all members, second with as few as may be. `COUNTERFOIL_BLESS=1` writes them anew:
//! only for what has never been released.

mod samples;

use std::path::PathBuf;

use counterfoil_protocol::codec::{self, Map};
use counterfoil_protocol::schema::kebab;
use counterfoil_protocol::{Message, enrol, record};

fn hex(bytes: &[u8]) -> String {
    model::digest::hex::encode(bytes)
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn file_of(sample: &samples::Sample) -> PathBuf {
    let prefix = if sample.set == "enrol-message" { "enrol-" } else { "" };
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    folder.join(format!("{prefix}{}.hex", kebab(sample.name)))
}

/// Reads and writes again.
fn again(sample: &samples::Sample, bytes: &[u8]) -> Vec<u8> {
    fn of<T: Map>(bytes: &[u8]) -> Vec<u8> {
        T::from_bytes(bytes).unwrap().to_bytes()
    }
    match (sample.set, sample.name) {
        ("message", _) => Message::from_bytes(bytes).unwrap().to_bytes(),
        ("enrol-message", _) => enrol::Message::from_bytes(bytes).unwrap().to_bytes(),
        (_, "OpenAnswer") => of::<record::OpenAnswer>(bytes),
        (_, "DocumentAnswer") => of::<record::DocumentAnswer>(bytes),
        (_, "Held") => of::<record::Held>(bytes),
        (_, "Listing") => of::<record::Listing>(bytes),
        (_, "ListingRow") => of::<record::ListingRow>(bytes),
        (_, "Who") => of::<record::Who>(bytes),
        (_, "FetchRow") => of::<record::FetchRow>(bytes),
        (_, "StatusPage") => of::<record::StatusPage>(bytes),
        (_, "StatusRow") => of::<record::StatusRow>(bytes),
        (_, "StatusDocument") => of::<record::StatusDocument>(bytes),
        (_, "BookList") => of::<record::BookList>(bytes),
        (_, "BookRow") => of::<record::BookRow>(bytes),
        (_, "RenewWindow") => of::<record::RenewWindow>(bytes),
        (_, other) => panic!("no reader for {other}"),
    }
}

#[test]
fn every_message_and_record_has_its_golden_bytes() {
    for sample in samples::all() {
        let path = file_of(&sample);
        let now = format!("{}\n{}\n", hex(&sample.full), hex(&sample.least));
        if std::env::var_os("COUNTERFOIL_BLESS").is_some() {
            std::fs::write(&path, &now).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(golden, now, "{} differs", path.display());
        for line in golden.lines() {
            let bytes = unhex(line);
            assert_eq!(codec::check(&bytes), Ok(()), "{}", sample.name);
            assert_eq!(hex(&again(&sample, &bytes)), line, "{}", sample.name);
        }
    }
}

#[test]
fn nothing_of_the_schema_lacks_a_sample() {
    let sampled: Vec<_> = samples::all().iter().map(|sample| (sample.set, sample.name)).collect();
    let messages = Message::schema().into_iter().map(|entry| ("message", entry.name));
    let enrolment = enrol::Message::schema().into_iter().map(|entry| ("enrol-message", entry.name));
    let records = record::schema().into_iter().map(|entry| ("record", entry.name));
    let schema: Vec<_> = messages.chain(enrolment).chain(records).collect();
    assert_eq!(sampled, schema);
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")).unwrap().count();
    assert_eq!(files, schema.len(), "a golden file without a message");
}

#[test]
fn a_sample_cut_anywhere_or_changed_anywhere_never_panics() {
    for sample in samples::all() {
        for bytes in [&sample.full, &sample.least] {
            for cut in 0..bytes.len() {
                assert!(codec::check(&bytes[..cut]).is_err(), "{} cut at {cut}", sample.name);
                assert!(Message::from_bytes(&bytes[..cut]).is_err());
            }
            for at in 0..bytes.len() {
                for bit in 0..8 {
                    let mut changed = bytes.clone();
                    changed[at] ^= 1 << bit;
                    if let Ok(message) = Message::from_bytes(&changed) {
                        // What is read has one encoding, but for keys that are passed over.
                        assert!(message.to_bytes().len() <= changed.len());
                    }
                    let _ = enrol::Message::from_bytes(&changed);
                    let _ = record::Listing::from_bytes(&changed);
                    let _ = record::StatusPage::from_bytes(&changed);
                    let _ = record::OpenAnswer::from_bytes(&changed);
                }
            }
        }
    }
}
