//! The walk as somebody takes it who has just come: the whole of it, and every claim said in the end.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the walk claims, by how each claim begins.
const CLAIMS: [&str; 18] = [
    "✓ “Example Bookkeeping” has its own root certificate",
    "✓ The gateway serves at 127.0.0.1:",
    "✓ “Hushen Trading” enrolled a device",
    "✓ The bookkeeper's check digits",
    "DOCUMENTS",
    "⚡ The line was cut after",
    "✓ It went on: at least",
    "✓ A signed receipt came",
    "✓ Asked for again, the receipt is the same",
    "✓ The same documents again: all",
    "✓ The bookkeeper signed first, then fetched",
    "✓ The client can see it: Ms Wang fetched them",
    "✓ The ",
    "✓ Without a network",
    "✓ One byte of a copy of a document was changed",
    "✓ One byte of a copy of the receipt was changed",
    "✓ The whole gateway folder",
    "All 17 claims were checked, and all hold.",
];

/// Runs the walk in `place` and holds what it says against [`CLAIMS`], in their order.
fn walk(place: &Path, files: &[PathBuf], documents: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    command.args(["--lang", "en", "--dir"]).arg(place.join("walk")).arg("--").args(files);
    let output = command.output().unwrap();
    let (said, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{:?}\n{said}\n{errors}", output.status);
    let mut lines = said.lines();
    for claim in CLAIMS.map(|claim| if claim == "DOCUMENTS" { documents } else { claim }) {
        assert!(lines.any(|line| line.starts_with(claim)), "{claim}\n{said}\n{errors}");
    }
    for step in 1..=12 {
        assert!(said.contains(&format!("Step {step} of 12: ")), "step {step}\n{said}");
    }
    said
}

#[test]
fn the_walk_with_its_samples_ends_well() {
    let place = tempfile::tempdir().unwrap();
    let said = walk(place.path(), &[], "✓ 4 documents, ");
    assert!(said.contains("all 4 were recognised") && said.contains("The 4 documents fetched"), "{said}");
}

#[test]
fn the_walk_with_own_files_ends_well() {
    let place = tempfile::tempdir().unwrap();
    let own = place.path().join("own");
    std::fs::create_dir_all(own.join("below")).unwrap();
    // Also what is hard to tell apart or to recognise: twins, nothing at all, one byte.
    std::fs::write(own.join("letter.txt"), "dear practice, these are the papers of November").unwrap();
    std::fs::write(own.join("below/letter.txt"), "dear practice, these are the papers of November").unwrap();
    std::fs::write(own.join("empty"), "").unwrap();
    let single = place.path().join("a");
    std::fs::write(&single, "a").unwrap();
    let said = walk(place.path(), &[own, single], "✓ Your own 4 documents and a scan to cut the line in: ");
    assert!(said.contains("all 5 were recognised") && said.contains("The 5 documents fetched"), "{said}");
}
