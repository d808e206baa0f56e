//! The program `counterfoil-gateway`. Everything is in the library.

fn main() -> std::process::ExitCode {
    counterfoil_gateway::cli::run(std::env::args_os().collect())
}
