//! Ending the process when going on would be a lie. A restart reads the disk, which knows what is true.

/// Says why on stderr and ends the process.
#[allow(clippy::disallowed_methods)] // the one place in this room
pub fn now(why: &str, exit: i32) -> ! {
    eprintln!("counterfoil-gateway: {}. Stopping; start it again to recover.", why.escape_debug());
    std::process::exit(exit)
}
