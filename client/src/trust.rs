//! What a Welcome brings about the practice's keys: verified, kept if it is newer, and whether it is of these days. A
//! gateway that is not ours any more can keep newer trust from us, but can not make what it has look new.

use certs::{PracticeTrust, TrustBundle, TrustError};
use console::failure;
use model::Timestamp;
use protocol::List;
use protocol::message::Welcome;
use receipts::Vkey;

use crate::practice::{Act, Offered, Practice};
use crate::renewal;
use crate::trouble::Told;

/// How far two clocks may be apart before one of them is called wrong.
const CLOCKS_APART_SECONDS_MAX: u64 = 24 * 3600;

/// Whether what we hold of the practice's keys is of these days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Fresh,
    /// It is over, and the gateway has nothing newer.
    Stale,
}

/// What came of a Welcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Root records came: there may be more.
    More,
    /// That is all.
    All(Standing),
}

/// Verifies and stores what a Welcome brought. Another companion may be at it too: then it keeps it.
///
/// # Errors
/// `answer-malformed`: what came does not follow from what is held; `clocks-differ`; the disk's.
pub(crate) fn keep(practice: &Practice, trust: PracticeTrust, welcome: &Welcome) -> Told<Kept> {
    let Ok(_held) = practice.hold(Act::State) else { return Ok(Kept::All(Standing::Fresh)) };
    let records = welcome.root_records.as_ref().map_or(&[][..], List::as_slice);
    let trust = match records.is_empty() {
        true => trust,
        false => {
            let held = trust.records().iter().map(|record| record.bytes().to_vec());
            let new = records.iter().map(|record| record.as_slice().to_vec());
            let all: Vec<Vec<u8>> = held.chain(new).collect();
            let walked = PracticeTrust::walk(&all, Some(&practice.about().pin));
            let walked = walked.map_err(|error| bad("root records", &error))?;
            practice.store_trust(&walked)?;
            walked
        }
    };
    if let Some(bytes) = &welcome.bundle {
        keep_bundle(practice, &trust, bytes.as_slice())?;
    }
    renewal::plan::contacted(practice, welcome.renew.as_ref())?;
    if !records.is_empty() {
        return Ok(Kept::More);
    }
    let bundle = practice.bundle(&trust)?;
    keep_checkpoint(practice, bundle.as_ref(), welcome.checkpoint.as_slice())?;
    if bundle.is_some() {
        return Ok(Kept::All(Standing::Fresh));
    }
    match are_apart(practice.now(), welcome.time) {
        true => Err(failure::clocks_differ(practice.now(), welcome.time)),
        false => Ok(Kept::All(Standing::Stale)),
    }
}

fn bad(what: &str, error: &TrustError) -> console::Failure {
    failure::answer_malformed(format!("{what}: {error}"))
}

/// One that is over is not taken, and what is held stays; whether that is enough is asked afterwards.
fn keep_bundle(practice: &Practice, trust: &PracticeTrust, bytes: &[u8]) -> Told<()> {
    match TrustBundle::open(bytes, trust, practice.now()) {
        Ok(bundle) if bundle.root_record < trust.number() => {
            tracing::warn!("the gateway's trust bundle is older than the root records that we hold");
            Ok(())
        }
        Ok(bundle) => practice.store_bundle(bytes, &bundle),
        Err(TrustError::Expired) => Ok(()),
        Err(error) => Err(bad("trust bundle", &error)),
    }
}

fn keep_checkpoint(practice: &Practice, bundle: Option<&TrustBundle>, note: &[u8]) -> Told<()> {
    let keys = bundle.into_iter().flat_map(|bundle| &bundle.checkpoint_keys);
    let keys: Vec<Vkey> = keys.filter_map(|key| Vkey::parse(&key.vkey).ok()).collect();
    match practice.offer_checkpoint(note, &keys)? {
        Offered::Newer | Offered::Same => {}
        // What was signed before stays in our hands, and goes into what we sign: so the two can be compared.
        Offered::Older | Offered::Contradicts => {
            tracing::warn!("the journal's checkpoint does not follow ours");
        }
        Offered::Unsigned => {
            tracing::warn!("the journal's checkpoint is not signed by a key of the trust bundle");
        }
    }
    Ok(())
}

fn are_apart(here: Timestamp, there: Timestamp) -> bool {
    here.max(there) > here.min(there).plus_seconds(CLOCKS_APART_SECONDS_MAX)
}
