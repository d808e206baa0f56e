//! What devices have told of themselves last: when they spoke to us, which trust they hold, which program they are. No
//! fact of the journal: kept in memory, and now and then in a sealed file (`file`), for a crash may cost an hour of it.

mod file;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use model::Timestamp;

pub use file::Sightings;

/// Most characters that are kept of what a program says of itself.
const WORD_CHARACTERS_MAX: usize = 64;

/// What one device has told last.
#[derive(Default)]
pub struct Seen {
    last_ms: AtomicU64,
    root_record: AtomicU64,
    bundle: AtomicU64,
    program: RwLock<Arc<Program>>,
}

/// What a companion says that it is: printable ASCII, and never more than was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    /// Its name and version.
    pub software: String,
    /// The system that it runs on.
    pub platform: String,
    /// How it keeps the device's keys.
    pub key_store: String,
}

impl Program {
    /// Takes what was said: foreign text, made harmless and short.
    pub fn of(software: &str, platform: &str, key_store: &str) -> Self {
        Self { software: word(software), platform: word(platform), key_store: word(key_store) }
    }
}

/// Printable ASCII, everything else as a question mark.
fn word(text: &str) -> String {
    let harmless = |letter: char| if matches!(letter, ' '..='~') { letter } else { '?' };
    text.chars().take(WORD_CHARACTERS_MAX).map(harmless).collect()
}

impl Seen {
    /// It spoke to us at `now`.
    pub fn at(&self, now: Timestamp) {
        self.last_ms.store(now.unix_ms(), Ordering::Release);
    }

    /// It says which root record and which trust bundle it holds.
    pub fn holds(&self, root_record: u64, bundle: u64) {
        self.root_record.store(root_record, Ordering::Release);
        self.bundle.store(bundle, Ordering::Release);
    }

    /// It says which program it is.
    pub fn runs(&self, program: Program) {
        if *self.program() != program {
            *self.program.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(program);
        }
    }

    /// When it spoke to us last.
    pub fn last(&self) -> Option<Timestamp> {
        match self.last_ms.load(Ordering::Acquire) {
            0 => None,
            ms => Some(Timestamp::from_unix_ms(ms)),
        }
    }

    /// Root record and version of the trust bundle that it said it holds.
    pub fn held(&self) -> Option<(u64, u64)> {
        match self.root_record.load(Ordering::Acquire) {
            0 => None,
            record => Some((record, self.bundle.load(Ordering::Acquire))),
        }
    }

    /// Which program it said that it is.
    pub fn program(&self) -> Arc<Program> {
        Arc::clone(&self.program.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_says_is_harmless_and_short() {
        let program = Program::of("x\u{1b}[2J\u{202e}", &"é".repeat(1000), "a\nb");
        assert_eq!(program.software, "x?[2J?");
        assert_eq!(program.platform, "?".repeat(WORD_CHARACTERS_MAX));
        assert_eq!(program.key_store, "a?b");
    }

    #[test]
    fn what_was_never_told_is_not_there() {
        let seen = Seen::default();
        assert_eq!((seen.last(), seen.held()), (None, None));
        seen.at(Timestamp::from_unix_ms(20));
        seen.holds(3, 7);
        assert_eq!(seen.last(), Some(Timestamp::from_unix_ms(20)));
        assert_eq!(seen.held(), Some((3, 7)));
    }
}
