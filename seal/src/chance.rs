//! Random bytes for salts and keys, from the operating system alone. Not a generator, and not seeded.
#![allow(
    clippy::disallowed_methods,
    reason = "seal draws its own salts and keys, so that no caller can pass one in"
)]

use crate::NoRandomness;

/// Fills `bytes`. Errors: [`NoRandomness`]; the bytes are then not to be used.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    #[cfg(test)]
    if tests::is_dry() {
        return Err(NoRandomness);
    }
    getrandom::fill(bytes).map_err(|_| NoRandomness)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    thread_local!(static DRY: Cell<bool> = const { Cell::new(false) });

    pub(super) fn is_dry() -> bool {
        DRY.get()
    }

    /// Runs `act` on a machine without randomness.
    pub(crate) fn without_randomness<T>(act: impl FnOnce() -> T) -> T {
        DRY.set(true);
        let result = act();
        DRY.set(false);
        result
    }
}
