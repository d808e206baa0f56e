//! The second factors of people: sealed, one file a person, changed one at a time. A verdict is durable before anybody
//! is told of it, so a code counts once over all connections and restarts, and guesses are counted by the person.
//!
//! Whether a person has a factor at all is the journal's to say; without its entry, what lies here is nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use certs::factor::{Code as Typed, Factor, Pepper, RecoveryCode, Verdict};
use model::{DeviceId, KeyId, PersonId};
use protocol::{Code, Refusal};
use receipts::event::{self, Actor, FactorEnrolled, GatewayEvent, RecoveryCodeUsed, RecoveryCodesDrawn};
use vault::{EntryScope, VaultError};
use zeroize::Zeroizing;

use crate::commit::Group;
use crate::keys::purpose;
use crate::operation::{internal, refusal};
use crate::practice::Practice;
use crate::registry::Person;

/// The id of the one key for recovery codes.
const PEPPER: KeyId = KeyId::from_bytes([0; 16]);

/// Changes are made one at a time.
#[derive(Default)]
pub struct Factors(Mutex<()>);

/// How a person's factor is.
pub struct State {
    /// Recovery codes that are left.
    pub recovery_left: usize,
    /// Whether too many codes were wrong in a day.
    pub locked: bool,
}

/// Recovery codes as people write them down, to be shown once.
pub type Shown = Vec<Zeroizing<String>>;

/// How the person's factor is; `None` if there is none.
///
/// # Errors
/// The vault's.
pub fn state(practice: &Practice, person: &Person) -> Result<Option<State>, Refusal> {
    let _turn = turn(practice);
    let factor = enrolled(practice, person)?;
    Ok(factor.map(|factor| State { recovery_left: factor.recovery_left(), locked: factor.is_locked() }))
}

/// Begins an enrolment: a new secret, in place of one that was begun before.
///
/// # Errors
/// [`Code::FactorExists`]; the vault's.
pub fn begin(practice: &Practice, person: &Person) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let _turn = turn(practice);
    if person.factor().is_some() {
        return Err(Code::FactorExists.into());
    }
    let factor = Factor::begin().map_err(|error| internal(&error))?;
    keep(practice, person.id, &factor)?;
    Ok(Zeroizing::new(factor.secret().expose().to_vec()))
}

/// Makes what was begun the person's second factor, by two codes in a row.
///
/// # Errors
/// [`Code::FactorWrong`], [`Code::FactorExists`]; the commit's and the vault's.
pub fn confirm(
    practice: &Practice,
    person: &Person,
    device: DeviceId,
    [first, second]: [&str; 2],
) -> Result<Shown, Refusal> {
    let _turn = turn(practice);
    if person.factor().is_some() {
        return Err(Code::FactorExists.into());
    }
    let wrong = |_| Refusal::new(Code::FactorWrong);
    let (first, second) = (Typed::parse(first).map_err(wrong)?, Typed::parse(second).map_err(wrong)?);
    let mut factor = load(practice, person.id)?.ok_or(Code::FactorWrong)?;
    factor.confirm(&first, &second, practice.now()).map_err(wrong)?;
    let codes = draw(practice, person.id, &mut factor)?;
    // First what is used, then the word that it may be used.
    keep(practice, person.id, &factor)?;
    say(practice, FactorEnrolled { person: person.id, by: Actor::Device(device) })?;
    tracing::info!(person = %person.id, "a second factor is enrolled");
    Ok(codes)
}

/// Judges a code, and says what was shown by it.
///
/// # Errors
/// [`Code::FactorMissing`], [`Code::FactorWrong`], [`Code::FactorPaused`], [`Code::FactorLocked`]; the commit's and the
/// vault's.
pub fn judge(
    practice: &Practice,
    person: &Person,
    device: DeviceId,
    typed: &str,
) -> Result<event::Factor, Refusal> {
    // What is no code at all is no try.
    let code = Typed::parse(typed).map_err(|_| Refusal::new(Code::FactorWrong))?;
    let turn = turn(practice);
    let mut factor = enrolled(practice, person)?.ok_or(Code::FactorMissing)?;
    let (pepper, now) = (pepper(practice)?, practice.now());
    let before = factor.to_bytes();
    let was_locked = factor.is_locked();
    let verdict = factor.judge(&code, &pepper, person.id, now);
    if factor.to_bytes() != before {
        keep(practice, person.id, &factor)?;
    }
    drop(turn);
    let (id, device_id) = (person.id, device.to_uuid());
    match verdict {
        Verdict::Totp => Ok(event::Factor::Totp),
        Verdict::Recovery { left } => {
            tracing::error!(person = %id, device = %device_id, left, "a recovery code was used in place of a phone");
            let by = Actor::DeviceWith(device, event::Factor::Recovery);
            say(practice, RecoveryCodeUsed { person: id, by })?;
            Ok(event::Factor::Recovery)
        }
        Verdict::Wrong => {
            tracing::warn!(person = %id, device = %device_id, "a code of the second factor was wrong");
            if factor.is_locked() && !was_locked {
                tracing::error!(person = %id, "too many codes were wrong in a day; the second factor is locked");
            }
            Err(Code::FactorWrong.into())
        }
        Verdict::Paused { until } => {
            let wait_ms = until.unix_ms().saturating_sub(now.unix_ms());
            Err(Refusal::new(Code::FactorPaused).after_ms(wait_ms))
        }
        Verdict::Locked => Err(Code::FactorLocked.into()),
    }
}

/// Draws the recovery codes anew.
///
/// # Errors
/// [`Code::FactorMissing`]; the commit's and the vault's.
pub fn draw_codes(practice: &Practice, person: &Person, by: Actor) -> Result<Shown, Refusal> {
    let _turn = turn(practice);
    let mut factor = enrolled(practice, person)?.ok_or(Code::FactorMissing)?;
    let codes = draw(practice, person.id, &mut factor)?;
    keep(practice, person.id, &factor)?;
    say(practice, RecoveryCodesDrawn { person: person.id, by })?;
    Ok(codes)
}

/// Takes the factor away, whatever state it is in.
///
/// # Errors
/// The commit's.
pub fn remove(practice: &Practice, person: &Person, by: Actor) -> Result<(), Refusal> {
    let _turn = turn(practice);
    // First the word that it counts no more, then the file, which is nothing without it.
    say(practice, event::FactorRemoved { person: person.id, by })?;
    let purpose = purpose::of(purpose::FACTOR).map_err(|error| internal(&error))?;
    match practice.vault.remove_private(&purpose, key(person.id)) {
        Ok(_) => {}
        Err(error) if is_absent(&error) => {}
        Err(error) => tracing::warn!(%error, "a second factor's file could not be taken away"),
    }
    tracing::warn!(person = %person.id, "a second factor is taken away");
    Ok(())
}

fn turn(practice: &Practice) -> MutexGuard<'_, ()> {
    practice.factors.0.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(person: PersonId) -> KeyId {
    KeyId::from_bytes(*person.as_bytes())
}

/// The factor that the journal says the person has.
fn enrolled(practice: &Practice, person: &Person) -> Result<Option<Factor>, Refusal> {
    if person.factor().is_none() {
        return Ok(None);
    }
    match load(practice, person.id)?.filter(Factor::is_active) {
        Some(factor) => Ok(Some(factor)),
        // Its entry stands and its file does not: nobody can show a code, and nobody may be let through for it.
        None => Err(Code::FactorLocked.into()),
    }
}

fn load(practice: &Practice, person: PersonId) -> Result<Option<Factor>, Refusal> {
    let purpose = purpose::of(purpose::FACTOR).map_err(|error| internal(&error))?;
    match practice.vault.open_private(&purpose, key(person)) {
        Ok(bytes) => Factor::from_bytes(&bytes).map(Some).map_err(|error| internal(&error)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(refusal(&error)),
    }
}

fn keep(practice: &Practice, person: PersonId, factor: &Factor) -> Result<(), Refusal> {
    let purpose = purpose::of(purpose::FACTOR).map_err(|error| internal(&error))?;
    let kept = practice.vault.seal_private(&purpose, key(person), &factor.to_bytes());
    kept.map(|_durable| ()).map_err(|error| refusal(&error))
}

fn draw(practice: &Practice, person: PersonId, factor: &mut Factor) -> Result<Shown, Refusal> {
    let codes = factor.draw_recovery(&pepper(practice)?, person).map_err(|error| internal(&error))?;
    Ok(codes.iter().map(RecoveryCode::shown).collect())
}

/// The key of recovery codes; drawn when it is needed first.
fn pepper(practice: &Practice) -> Result<Pepper, Refusal> {
    let purpose = purpose::of(purpose::PEPPER).map_err(|error| internal(&error))?;
    match practice.vault.open_private(&purpose, PEPPER) {
        Ok(bytes) => {
            Pepper::from_bytes(&bytes).ok_or_else(|| internal(&"the key of recovery codes is damaged"))
        }
        Err(error) if is_absent(&error) => {
            let pepper = Pepper::random().map_err(|error| internal(&error))?;
            let kept = practice.vault.seal_private(&purpose, PEPPER, pepper.expose());
            kept.map(|_durable| pepper).map_err(|error| refusal(&error))
        }
        Err(error) => Err(refusal(&error)),
    }
}

fn is_absent(error: &VaultError) -> bool {
    matches!(error, VaultError::Disk(error) if error.is_absent())
}

fn say(practice: &Practice, event: impl Into<GatewayEvent>) -> Result<(), Refusal> {
    let house = practice.entry_key(EntryScope::House).map_err(|error| refusal(&error))?;
    let event = event.into();
    practice
        .committer
        .commit_blocking(Box::new(move |group: &Group<'_>| Ok(vec![group.made(event, house)?])))
        .map(|_outcome| ())
}

#[cfg(test)]
mod tests;
