//! Holds `format.md` and the golden file against the code, byte for byte.

use std::path::Path;

use counterfoil_host as host;
use host::log::{BODY_BYTES_MAX, FRAME_BYTES_MAX, FRAME_OVERHEAD_BYTES, KIND_FORMAT, KIND_MAX};
use host::sim::SimMedium;
use host::{Log, LogError};

const PAGE: &str = include_str!("../format.md");
const GOLDEN_HEX: &str = include_str!("golden/log-1.hex");
const FORMAT: &str = "counterfoil example 1";

fn golden() -> Vec<u8> {
    let digits: Vec<u8> = GOLDEN_HEX.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn the_golden_log_is_written_byte_for_byte() {
    let sim = SimMedium::new(0);
    let path = Path::new("/example");
    let mut log = Log::create(&sim.disk(), path, FORMAT).unwrap();
    log.append(1, b"abc").unwrap();
    log.append(15, b"").unwrap();
    assert_eq!(sim.content(path).unwrap(), golden());
}

#[test]
fn the_golden_log_is_read() {
    let sim = SimMedium::new(0);
    let path = Path::new("/example");
    assert!(sim.plant(path, &golden()));
    let mut seen = Vec::new();
    let (log, recovered) = Log::recover(&sim.disk(), path, FORMAT, 63, &mut |frame| {
        seen.push((frame.number, frame.at.offset, frame.at.bytes, frame.kind, frame.body.to_vec()));
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, [(1, 34, 16, 1, b"abc".to_vec()), (2, 50, 13, 15, Vec::new())]);
    assert_eq!((recovered.frames, recovered.end, recovered.cut_bytes), (3, 63, 0));
    assert_eq!((log.frames(), log.end()), (3, 63));
}

#[test]
fn a_log_of_another_version_is_refused() {
    let sim = SimMedium::new(0);
    let path = Path::new("/example");
    assert!(sim.plant(path, &golden()));
    let other = Log::recover(&sim.disk(), path, "counterfoil example 2", 0, &mut |_| Ok(()));
    assert!(matches!(other, Err(LogError::WrongFormat { wanted: "counterfoil example 2", .. })));
    assert_eq!(sim.content(path).unwrap(), golden());
}

#[test]
fn the_page_shows_the_golden_file_and_the_limits_of_the_code() {
    assert!(PAGE.contains(GOLDEN_HEX.trim()));
    assert!(PAGE.contains(&format!("at most {BODY_BYTES_MAX} |")));
    assert!(PAGE.contains(&format!("{FRAME_OVERHEAD_BYTES} to {FRAME_BYTES_MAX} bytes (32 MiB)")));
    assert!(PAGE.contains(&format!("kind, {KIND_FORMAT} to {KIND_MAX} |")));
}
