//! The words of a recovery kit: 128 random bits as twelve words of the BIP 39 English list. No seed, no wallet:
//! the words themselves, joined by spaces, are the passphrase.

use bip39::{Language, Mnemonic};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::{NoRandomness, SlotError, chance};

/// How many words a kit has.
pub const WORD_COUNT: usize = 12;
/// Bytes of the randomness in a kit.
const ENTROPY_BYTES: usize = 16;
/// Bytes of what somebody typed, at most: every word of the list has eight letters at most.
const TYPED_BYTES_MAX: usize = 1024;

/// Twelve fresh words, in lower case, with single spaces. Errors: [`NoRandomness`].
pub fn generate() -> Result<Zeroizing<String>, NoRandomness> {
    let mut entropy = Zeroizing::new([0; ENTROPY_BYTES]);
    chance::fill(entropy.as_mut_slice())?;
    let words = Mnemonic::from_entropy_in(Language::English, entropy.as_slice());
    Ok(joined(&words.map_err(|_| NoRandomness)?))
}

/// Typed words in the form of [`generate`]: case, numbering, punctuation, full-width letters and the kind of white
/// space do not matter. Errors: [`SlotError::WordCount`], [`SlotError::UnknownWord`], [`SlotError::WordChecksum`].
pub fn normalise(typed: &str) -> Result<Zeroizing<String>, SlotError> {
    let typed = typed.get(..TYPED_BYTES_MAX).map_or(typed, |_| "");
    // NFKC and lower case may both lengthen; with the room made before, no copy stays behind.
    let mut plain = Zeroizing::new(String::with_capacity(typed.len().saturating_mul(18)));
    plain.extend(typed.nfkc().flat_map(char::to_lowercase));
    let words = || plain.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty());
    let found = words().count();
    if found != WORD_COUNT {
        return Err(SlotError::WordCount { wanted: WORD_COUNT, found });
    }
    if let Some(index) = words().position(|word| Language::English.find_word(word).is_none()) {
        return Err(SlotError::UnknownWord { position: index + 1 });
    }
    let mut spaced = Zeroizing::new(String::with_capacity(TYPED_BYTES_MAX));
    for word in words() {
        if !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push_str(word);
    }
    let kit =
        Mnemonic::parse_in_normalized(Language::English, &spaced).map_err(|_| SlotError::WordChecksum)?;
    Ok(joined(&kit))
}

fn joined(kit: &Mnemonic) -> Zeroizing<String> {
    let mut words = Zeroizing::new(String::with_capacity(TYPED_BYTES_MAX));
    for word in kit.words() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}

#[cfg(test)]
mod tests;
