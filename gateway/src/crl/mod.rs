//! Revocation lists: one for each issuing authority that a device may have its certificate from. Made again at each
//! revocation and each day, recorded, held against every handshake, kept in `certs/`, handed out to outsiders. What is
//! revoked is not decided here: the ledger says it, and the registry lets nobody in meanwhile.
//!
//! ```text
//! begin   certs/crl-i1 → the very list that the journal names, in force? → held        else an alarm, and none is held
//! renew   due? → signed → CrlIssued in the journal → held → certs/crl-i1               else an alarm, the last one stays
//! ```

mod alarm;
mod authority;
mod revoked;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use certs::crl::{CRL_BYTES_MAX, Crl, CrlFault, LastGood, Revoked};
use certs::rotation::State as KeyState;
use certs::{Certificate, CertsError};
use model::{DeviceId, KeyId, Sha256Digest, Timestamp};
use receipts::event::CrlIssued;
use vault::EntryScope;

use crate::commit::Group;
use crate::denial;
use crate::keys::Keys;
use crate::ledger::post::PostError;
use crate::ledger::rows::{self, Footing, Standing, key};
use crate::practice::Practice;

use alarm::Alarms;
pub use alarm::{Alarm, Raised};
use authority::Authority;

/// Revocations within this time are one list.
const TOGETHER: Duration = Duration::from_secs(1);
/// How often the lists and their files are looked at, and what failed is tried again.
const ROUNDS: Duration = Duration::from_secs(5);
/// A list is made again when it is so old.
const AGE_SECONDS_MAX: u64 = 24 * 3600;
/// How long it is told that a file was not what it should be.
const FILE_TOLD_SECONDS: u64 = 24 * 3600;

/// The lists in force.
#[derive(Default)]
pub struct Crls {
    /// One at a time makes lists, and ends authorities.
    turn: Mutex<()>,
    state: Mutex<State>,
    /// Grows with every list that is held from then on.
    version: AtomicU64,
}

#[derive(Default)]
struct State {
    /// By the hash of the authority's key.
    kept: BTreeMap<[u8; 32], Kept>,
    /// Who was let in no more when all lists were looked at last: another change needs no new list.
    barred: Option<Vec<(DeviceId, Standing, Footing)>>,
    alarms: Alarms,
}

/// The list of one authority.
struct Kept {
    good: LastGood,
    /// Whether its file says the same.
    is_written: bool,
}

/// Why there is no new list. The last good one stays in force.
#[derive(Debug, thiserror::Error)]
pub enum CrlTrouble {
    /// It can not be made.
    #[error(transparent)]
    Certs(#[from] CertsError),
    /// The authority's key can not be had.
    #[error("its key can not be had: {0}")]
    Key(String),
    /// The ledger or the journal can not be read.
    #[error(transparent)]
    Ledger(#[from] PostError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] vault::VaultError),
    /// It is not taken.
    #[error("the list just made is not taken: {0}")]
    NotTaken(#[from] CrlFault),
    /// It can not be recorded.
    #[error("the list can not be recorded: {0}")]
    Refused(String),
    /// The journal would find no room for it, and that would end the gateway.
    #[error("the list can not be recorded: the disk is full")]
    NoRoom,
    /// Its number would be beyond the last.
    #[error("there is no number left")]
    NoNumber,
}

impl CrlTrouble {
    /// Whether there is no list for want of its authority's key.
    pub(crate) fn is_key_lost(&self) -> bool {
        matches!(self, Self::Key(_) | Self::Certs(CertsError::TokenRefused))
    }
}

/// A list as it is handed out.
pub struct Listed {
    /// The authority: `i1` is the first.
    pub authority: String,
    /// Its certificate.
    pub issuer: Certificate,
    /// Whether it signs certificates now.
    pub is_signing: bool,
    /// The list that is held.
    pub crl: Crl,
}

impl Crls {
    /// The list of the authority with this key: in force, or the last that was.
    pub fn held(&self, key_hash: &Sha256Digest) -> Option<Crl> {
        self.state().kept.get(key_hash.as_bytes()).and_then(|kept| kept.good.held().cloned())
    }

    /// The lists of all authorities that are anchors, in force or not.
    pub fn all(&self, keys: &Keys) -> Vec<Crl> {
        keys.anchors().iter().filter_map(|anchor| self.held(&anchor.key_hash())).collect()
    }

    /// Is another one when there are other lists.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// What somebody has to look at.
    pub fn alarms(&self) -> Vec<Raised> {
        self.state().alarms.all()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, authority: &Authority, good: LastGood, is_written: bool) {
        self.state().kept.insert(authority.hash(), Kept { good, is_written });
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    fn raise(&self, alarm: Alarm, authority: &Authority, cause: &dyn std::fmt::Display, now: Timestamp) {
        self.state().alarms.raise(alarm, &authority.name, cause, now);
    }

    fn end(&self, alarm: Alarm, authority: &Authority) {
        self.state().alarms.end(alarm, &authority.name);
    }
}

/// Reads the lists that were kept.
pub(crate) fn begin(practice: &Practice) {
    let now = practice.clock.believed();
    for authority in authority::all(&practice.keys()) {
        match read(practice, &authority, now) {
            Ok(None) => {}
            Ok(Some(good)) => practice.crls.hold(&authority, good, true),
            Err(cause) => practice.crls.raise(Alarm::File, &authority, &cause, now),
        }
    }
}

/// The list in an authority's file: none but the very one that the journal names.
fn read(practice: &Practice, authority: &Authority, now: Timestamp) -> Result<Option<LastGood>, String> {
    let path = path(practice, authority);
    if let Ok(false) = practice.disk.exists(&path) {
        return Ok(None);
    }
    let der = practice.disk.read_whole(&path, CRL_BYTES_MAX as u64).map_err(|error| error.to_string())?;
    let mut good = LastGood::new(authority.certificate.clone());
    let list = good.offer(&der, now).map_err(|fault| fault.to_string())?;
    let row = recorded(practice, authority).map_err(|error| error.to_string())?;
    let (number, digest) = (list.number(), list.digest());
    match row {
        Some(row) if (u64::from(row.number), *row.sha256) == (number, *digest.as_bytes()) => Ok(Some(good)),
        Some(row) if number < u64::from(row.number) => Err(CrlFault::Older.to_string()),
        _ => Err("the journal does not name it".to_owned()),
    }
}

/// Makes the lists that are due, and looks after those that are there.
pub fn renew(practice: &Practice) {
    let _turn = practice.crls.turn();
    let (now, barred) = (practice.clock.believed(), practice.registry.barred());
    let has_changed = practice.crls.state().barred.as_ref() != Some(&barred);
    let authorities = authority::all(&practice.keys());
    let mut is_whole = true;
    for authority in &authorities {
        match make_if_due(practice, authority, has_changed, authority.ends_soon(now)) {
            Ok(()) => practice.crls.end(Alarm::NotMade, authority),
            Err(error) => {
                is_whole = false;
                practice.crls.raise(Alarm::NotMade, authority, &error, now);
            }
        }
        look_at_file(practice, authority, now);
        look_at_age(practice, authority, now);
    }
    let mut state = practice.crls.state();
    state.alarms.forget(Alarm::File, now.minus_seconds(FILE_TOLD_SECONDS));
    let hashes: Vec<_> = authorities.iter().map(Authority::hash).collect();
    state.kept.retain(|hash, _| hashes.contains(hash));
    if is_whole {
        state.barred = Some(barred);
    }
}

/// Held while an issuing authority ends: no other list of it is made meanwhile.
pub(crate) struct Ending<'a> {
    _turn: MutexGuard<'a, ()>,
}

/// The last lists of all authorities but `stays`, before their keys go.
///
/// # Errors
/// [`CrlTrouble`]: then they must not go.
pub(crate) fn end_all_but(practice: &Practice, stays: KeyId) -> Result<Ending<'_>, CrlTrouble> {
    let _turn = practice.crls.turn();
    for authority in authority::all(&practice.keys()).iter().filter(|authority| authority.key != stays) {
        make_if_due(practice, authority, true, true)?;
    }
    Ok(Ending { _turn })
}

/// Whether the key of an authority that has ended may be destroyed: its last list is there.
pub(crate) fn may_go(practice: &Practice, key: KeyId) -> bool {
    let keys = practice.keys();
    let authorities = authority::all(&keys);
    // One that is no anchor has signed for nobody.
    let authority = authorities.iter().find(|authority| authority.key == key);
    authority.is_none_or(|authority| {
        practice.crls.held(&authority.certificate.key_hash()).is_some_and(|held| held.is_last())
    })
}

fn make_if_due(
    practice: &Practice,
    authority: &Authority,
    has_changed: bool,
    is_last: bool,
) -> Result<(), CrlTrouble> {
    let now = practice.clock.believed();
    let held = practice.crls.held(&authority.certificate.key_hash());
    // Only what ended before its last list was kept is made after the end.
    if authority.state == KeyState::Retired {
        if held.is_some() || !authority.has_key(practice)? {
            return Ok(());
        }
        return issue(practice, authority, &revoked::of(practice, authority, None)?, true);
    }
    // After its own end it signs nothing: its last list stands for ever.
    if held.as_ref().is_some_and(Crl::is_last) && !authority.certificate.is_in_force(now) {
        return Ok(());
    }
    let is_over = held.as_ref().is_none_or(|held| {
        let is_old = now >= held.made().plus_seconds(AGE_SECONDS_MAX) || held.is_in_force(now).is_err();
        held.is_last() != is_last || (is_old && !held.is_last())
    });
    if !is_over && !has_changed {
        return Ok(());
    }
    let mut revoked = revoked::of(practice, authority, held.as_ref())?;
    revoked.sort_by_key(|revoked| revoked.serial);
    match is_over || held.is_none_or(|held| held.revoked() != revoked) {
        true => issue(practice, authority, &revoked, is_last),
        false => Ok(()),
    }
}

/// Makes a list and records it; from then on it is the one in force, whether it can be kept or not.
fn issue(
    practice: &Practice,
    authority: &Authority,
    revoked: &[Revoked],
    is_last: bool,
) -> Result<(), CrlTrouble> {
    if !denial::has_room(practice) {
        return Err(CrlTrouble::NoRoom);
    }
    let now = practice.clock.believed();
    let number = recorded(practice, authority)?.map_or(0, |row| row.number);
    let number = number.checked_add(1).ok_or(CrlTrouble::NoNumber)?;
    let signer = authority.open(practice)?;
    let crl = match is_last {
        true => signer.last_crl(u64::from(number), revoked, now)?,
        false => signer.crl(u64::from(number), revoked, now)?,
    };
    let mut good = LastGood::new(authority.certificate.clone());
    good.offer(crl.der(), now)?;
    let issuer = authority.certificate.key_hash();
    let issued = CrlIssued { issuer, number, sha256: crl.digest() };
    let house = practice.entry_key(EntryScope::House)?;
    let make = Box::new(move |group: &Group<'_>| Ok(vec![group.made(issued, house)?]));
    practice
        .committer
        .commit_blocking(make)
        .map_err(|refusal| CrlTrouble::Refused(refusal.known().map_or("?", |code| code.word()).to_owned()))?;
    let authority_name = authority.name.as_str();
    tracing::info!(authority = authority_name, number, revoked = revoked.len(), "a revocation list is made");
    practice.crls.hold(authority, good, false);
    write(practice, authority, &crl, now);
    Ok(())
}

fn write(practice: &Practice, authority: &Authority, crl: &Crl, now: Timestamp) {
    match practice.disk.write_whole(&path(practice, authority), crl.der()) {
        Ok(_durable) => {
            let mut state = practice.crls.state();
            state.alarms.end(Alarm::NotKept, &authority.name);
            if let Some(kept) = state.kept.get_mut(&authority.hash()) {
                kept.is_written = true;
            }
        }
        Err(error) => practice.crls.raise(Alarm::NotKept, authority, &error, now),
    }
}

/// Puts a file right that is not the list that is held.
fn look_at_file(practice: &Practice, authority: &Authority, now: Timestamp) {
    let held = practice.crls.state().kept.get(&authority.hash()).and_then(|kept| {
        let held = kept.good.held().cloned();
        held.map(|held| (held, kept.is_written))
    });
    let Some((held, is_written)) = held else { return };
    if !is_written {
        return write(practice, authority, &held, now);
    }
    let cause = match practice.disk.read_whole(&path(practice, authority), CRL_BYTES_MAX as u64) {
        Ok(bytes) if bytes == held.der() => return,
        Ok(bytes) => match Crl::read(&bytes, &authority.certificate) {
            Err(fault) => fault.to_string(),
            Ok(found) if found.number() <= held.number() => CrlFault::Older.to_string(),
            Ok(_) => "the journal does not name it".to_owned(),
        },
        Err(error) => error.to_string(),
    };
    practice.crls.raise(Alarm::File, authority, &cause, now);
    write(practice, authority, &held, now);
}

fn look_at_age(practice: &Practice, authority: &Authority, now: Timestamp) {
    let held = practice.crls.held(&authority.certificate.key_hash());
    let found = match &held {
        None => Some(Alarm::Missing),
        Some(held) if held.is_in_force(now).is_err() => Some(Alarm::Expired),
        Some(held) if now >= held.half_life() => Some(Alarm::HalfLife),
        Some(_) => None,
    };
    let until = held.map_or("none was made".to_owned(), |held| format!("until {}", held.next().to_rfc3339()));
    for alarm in [Alarm::Missing, Alarm::Expired, Alarm::HalfLife] {
        match found == Some(alarm) {
            true => practice.crls.raise(alarm, authority, &until, now),
            false => practice.crls.end(alarm, authority),
        }
    }
}

/// Every list that is held, the newest authority first.
pub fn listed(practice: &Practice) -> Vec<Listed> {
    let all = authority::all(&practice.keys()).into_iter().rev();
    let listed = all.filter_map(|authority| {
        let crl = practice.crls.held(&authority.certificate.key_hash())?;
        let is_signing = authority.state == KeyState::Signing;
        Some(Listed { authority: authority.name, issuer: authority.certificate, is_signing, crl })
    });
    listed.collect()
}

/// The newest list of each root in force, as the last ceremony has made it.
pub fn of_roots(practice: &Practice) -> Vec<Listed> {
    let keys = practice.keys();
    let listed = keys.lists_of_roots().map(|(number, root, list)| Listed {
        authority: format!("r{number}"),
        issuer: root.certificate.clone(),
        is_signing: false,
        crl: list.clone(),
    });
    listed.collect()
}

/// Looks after the lists as long as the gateway serves.
pub(crate) async fn keep(practice: Arc<Practice>) {
    let mut changes = practice.registry.changes();
    loop {
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                tokio::time::sleep(TOGETHER).await;
                changes.mark_unchanged();
            }
            () = tokio::time::sleep(ROUNDS) => {}
        }
        let practice = Arc::clone(&practice);
        if tokio::task::spawn_blocking(move || renew(&practice)).await.is_err() {
            return;
        }
    }
}

fn path(practice: &Practice, authority: &Authority) -> PathBuf {
    practice.folder.join("certs").join(format!("crl-{}", authority.name))
}

/// The newest list that the journal names.
fn recorded(practice: &Practice, authority: &Authority) -> Result<Option<rows::Crl>, PostError> {
    practice.ledger.row(&key::crl(&authority.certificate.key_hash()))
}
