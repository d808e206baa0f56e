//! The program `counterfoil`. Everything is in the library.

fn main() -> std::process::ExitCode {
    counterfoil_client::run(std::env::args_os().collect())
}
