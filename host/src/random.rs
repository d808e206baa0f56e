//! Chance from the operating system. Not seeded, not simulated: what rests on it must not be guessable.
#![allow(clippy::disallowed_methods)] // the one place outside `seal` that draws

/// The operating system gave no randomness. Nothing that needs it may go on with anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no randomness")]
pub struct NoRandomness;

/// Draws `N` bytes fit for keys and ids.
///
/// Errors: [`NoRandomness`] if the operating system has none to give.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut drawn = [0; N];
    fill(&mut drawn)?;
    Ok(drawn)
}

/// Fills `out` with bytes fit for keys and ids.
///
/// Errors: [`NoRandomness`] if the operating system has none to give; `out` is then not to be used.
pub fn fill(out: &mut [u8]) -> Result<(), NoRandomness> {
    getrandom::fill(out).map_err(|_| NoRandomness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(bytes::<32>().unwrap(), bytes::<32>().unwrap());
        fill(&mut []).unwrap();
    }
}
