//! Room to seal and open pieces: a few pairs of buffers that are used again, so that however many send at once, this
//! takes no memory that the allocator would have to find, clear and keep.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, PoisonError};

use zeroize::{Zeroize, Zeroizing};

/// Pieces that are sealed or read back at once; who comes then waits.
const PAIRS: usize = 8;

/// One piece as it lies on the disk, and opened; both empty when taken.
#[derive(Default)]
pub(crate) struct Pair {
    pub(crate) sealed: Vec<u8>,
    pub(crate) plain: Zeroizing<Vec<u8>>,
}

/// The buffers that nobody uses.
pub(crate) struct Scratch {
    idle: Mutex<Vec<Pair>>,
    given_back: Condvar,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let idle = std::iter::repeat_with(Pair::default).take(PAIRS).collect();
        Self { idle: Mutex::new(idle), given_back: Condvar::new() }
    }

    /// A pair of empty buffers; waits until there is one. Nobody takes a second one before giving back the first.
    pub(crate) fn take(&self) -> Taken<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut idle =
            self.given_back.wait_while(idle, |idle| idle.is_empty()).unwrap_or_else(PoisonError::into_inner);
        Taken { scratch: self, pair: idle.pop().unwrap_or_default() }
    }
}

/// A pair in use.
pub(crate) struct Taken<'a> {
    scratch: &'a Scratch,
    pair: Pair,
}

impl Deref for Taken<'_> {
    type Target = Pair;

    fn deref(&self) -> &Pair {
        &self.pair
    }
}

impl DerefMut for Taken<'_> {
    fn deref_mut(&mut self) -> &mut Pair {
        &mut self.pair
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut pair = std::mem::take(&mut self.pair);
        pair.sealed.clear();
        if !pair.plain.is_empty() {
            pair.plain.zeroize();
        }
        self.scratch.idle.lock().unwrap_or_else(PoisonError::into_inner).push(pair);
        self.scratch.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_none_waits_and_gets_one_that_was_used_before() {
        let scratch = Scratch::new();
        let mut taken: Vec<_> = (0..PAIRS).map(|_| scratch.take()).collect();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let found = scratch.take();
                (found.sealed.len(), found.plain.len(), found.sealed.capacity())
            });
            let mut last = taken.pop().unwrap();
            last.sealed.extend_from_slice(&[7; 1000]);
            last.plain.extend_from_slice(&[7; 1000]);
            drop(last);
            assert!(matches!(waiting.join().unwrap(), (0, 0, 1000..)));
        });
    }
}
