//! The two check symbols: Reed-Solomon (25, 23) over GF(32), x^5 + x^2 + 1, roots a and a^2. Finds and locates
//! every single wrong symbol, finds every two; corrects nothing.

/// What the check symbols say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// They fit.
    Fits,
    /// One wrong symbol here, counted from 0, explains it.
    One { at: usize },
    /// No single symbol explains it.
    Several,
}

/// The two check symbols for at most 29 values: 23 of an invitation, 10 of a recovery code (shortened).
pub(crate) fn check_symbols(data: &[u8]) -> [u8; 2] {
    // Divides by (x - a)(x - a^2) = x^2 + (a + a^2) x + a^3; the remainder is the check.
    let (one, two) = (power(1) ^ power(2), power(3));
    data.iter().fold([0u8; 2], |[high, low], value| {
        let lead = high ^ value;
        [low ^ multiply(lead, one), multiply(lead, two)]
    })
}

/// Looks at values that end with their check symbols.
pub(crate) fn examine(symbols: &[u8]) -> Found {
    let (first, second) = (evaluate(symbols, power(1)), evaluate(symbols, power(2)));
    match (first, second) {
        (0, 0) => Found::Fits,
        (0, _) | (_, 0) => Found::Several,
        // One error of size m at exponent e gives m a^e and m a^2e: their quotient is a^e.
        _ => match (0..symbols.len()).find(|exponent| multiply(first, power(*exponent)) == second) {
            Some(exponent) => Found::One { at: symbols.len() - 1 - exponent },
            None => Found::Several,
        },
    }
}

fn evaluate(symbols: &[u8], x: u8) -> u8 {
    symbols.iter().fold(0, |sum, value| multiply(sum, x) ^ value)
}

fn power(exponent: usize) -> u8 {
    (0..exponent).fold(1, |value, _| multiply(value, 2))
}

/// Multiplies in GF(32), in constant time for what it matters.
fn multiply(left: u8, right: u8) -> u8 {
    let mut product = 0u16;
    for bit in 0..5 {
        product ^= (u16::from(left) << bit) * u16::from(right >> bit & 1);
    }
    for bit in (5..9).rev() {
        product ^= (0x25 << (bit - 5)) * (product >> bit & 1);
    }
    (product & 31) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_a_field() {
        for left in 1..32u8 {
            let mut products: Vec<u8> = (1..32u8).map(|right| multiply(left, right)).collect();
            products.sort_unstable();
            assert_eq!(products, (1..32).collect::<Vec<u8>>(), "{left} has an inverse");
        }
        let powers: std::collections::BTreeSet<u8> = (0..31).map(power).collect();
        assert_eq!(powers.len(), 31, "a is primitive");
    }

    #[test]
    fn check_symbols_make_both_roots_vanish() {
        let data: Vec<u8> = (0..23).map(|at| (at * 7 + 3) % 32).collect();
        let whole = [data.as_slice(), &check_symbols(&data)].concat();
        assert_eq!(examine(&whole), Found::Fits);
    }
}
