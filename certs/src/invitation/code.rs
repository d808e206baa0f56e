//! The short form: 6 symbols of the number, 17 of the secret, 2 to check, in five groups of five.

use model::{InvitationId, crockford};
use zeroize::Zeroizing;

use super::check::{Found, check_symbols, examine};
use super::{CODE_SYMBOLS, Secret, Typed, TypedError};

/// Symbols before the check.
const DATA_SYMBOLS: usize = CODE_SYMBOLS - 2;

pub(super) fn write(id: InvitationId, secret: &Secret) -> Zeroizing<String> {
    let bits = Zeroizing::new(u128::from(id.get()) << 85 | secret.bits());
    let mut symbols = Zeroizing::new(Vec::with_capacity(CODE_SYMBOLS));
    symbols.extend((0..DATA_SYMBOLS).rev().map(|at| (*bits >> (5 * at) & 31) as u8));
    let check = check_symbols(&symbols);
    symbols.extend(check);
    let mut out = Zeroizing::new(String::with_capacity(CODE_SYMBOLS + 4));
    for (at, value) in symbols.iter().enumerate() {
        if at > 0 && at % 5 == 0 {
            out.push('-');
        }
        out.push(crockford::symbol(*value));
    }
    out
}

pub(super) fn read(symbols: &[u8]) -> Result<Typed, TypedError> {
    match examine(symbols) {
        Found::Fits => {}
        Found::One { at } => return Err(TypedError::CheckGroup { group: at / 5 + 1 }),
        Found::Several => return Err(TypedError::CheckSeveral),
    }
    let data = symbols.iter().take(DATA_SYMBOLS);
    let bits = Zeroizing::new(data.fold(0u128, |bits, value| bits << 5 | u128::from(*value)));
    let id = InvitationId::new((*bits >> 85) as u32).map_err(|_| TypedError::CheckSeveral)?;
    Ok(Typed::Code { id, secret: Secret::from_bits(*bits & ((1 << 85) - 1)) })
}
