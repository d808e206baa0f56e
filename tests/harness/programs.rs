//! Where the two programs are: beside the test that runs, as cargo built them. Builds nothing.

use std::path::PathBuf;
use std::process::Command;

/// The program of clients and bookkeepers.
pub const COMPANION: &str = "counterfoil";
/// The program of the practice.
pub const GATEWAY: &str = "counterfoil-gateway";

/// The path of a program.
///
/// # Panics
/// It was not built.
pub fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    // target/<profile>/deps/<test>
    let beside = test.ancestors().nth(2).expect("cargo puts tests two folders deep").join(name);
    assert!(
        beside.is_file(),
        "{} is not there: build the programs first (`cargo build --workspace --bins`, or run `tests/run`)",
        beside.display()
    );
    beside
}

/// A program about to be run, with nothing of this process's settings in its environment.
pub fn command(name: &str) -> Command {
    let mut command = Command::new(path(name));
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("COUNTERFOIL_") {
            command.env_remove(variable);
        }
    }
    // No test may touch the keychain of whoever runs it.
    command.env("COUNTERFOIL_PLAIN_KEYS", "1");
    command.env("LC_ALL", "C.UTF-8").env("RUST_BACKTRACE", "1");
    command
}

/// Whether a program of the system is there.
pub fn is_installed(name: &str) -> bool {
    let found = |folder: PathBuf| folder.join(name).is_file();
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(found))
}
