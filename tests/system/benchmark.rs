//! The benchmark program: that it runs to its end. Its figures are for people to read; no test times anything.

use std::process::Command;

/// Runs a quick form to its end; its table must have these rows.
fn runs_to_its_end(words: &[&str], rows: &[&str]) {
    let place = harness::scene::place();
    let out = place.path().join("table.md");
    let ran = Command::new(env!("CARGO_BIN_EXE_counterfoil-bench"))
        .args(words)
        .arg("--out")
        .arg(&out)
        .env("TMPDIR", place.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let table = std::fs::read_to_string(&out).unwrap();
    for row in rows {
        assert!(table.contains(row), "{row} is not in:\n{table}");
    }
}

#[test]
fn the_quick_benchmark_runs_to_its_end_and_writes_its_table() {
    let rows = ["raw quinn", "Counterfoil, to the receipt", "SHA-256", "at its peak", "Sent again"];
    runs_to_its_end(&["--quick"], &rows);
}

#[test]
fn the_quick_measures_run_to_their_end_and_write_their_table() {
    let rows = ["mutual handshakes", "in plain", "under a passphrase", "rotate status", "told so"];
    runs_to_its_end(&["measures", "--quick"], &rows);
}
