//! What was tried with an invitation and let nobody in: shown to admins, and in the journal where it is grave. The single
//! attempts are in memory alone.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use certs::enrolment::{Rival, Status};
use model::{InvitationId, Timestamp, limits};
use receipts::event::{GatewayEvent, InvitationContested, InvitationLocked};
use vault::EntryScope;

use super::door::Prefix;
use crate::commit::Group;
use crate::practice::Practice;

/// Attempts of one invitation that are remembered.
const REMEMBERED_MAX: usize = 16;
/// Others with the same secret that are stated for one invitation.
const RIVALS_MAX: usize = 8;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// From where: the address without its last part, a /24 or a /56.
    pub from: String,
    /// What came of it.
    pub outcome: Status,
    /// Who it was, where they had the secret.
    pub rival: Option<Rival>,
}

#[derive(Default)]
struct Tried {
    wrong: u64,
    newest: VecDeque<Attempt>,
    rivals: Vec<model::Sha256Digest>,
}

/// What was tried since the start. Only invitations that were issued are here: they bound it.
#[derive(Default)]
pub struct Attempts(Mutex<HashMap<InvitationId, Tried>>);

impl Attempts {
    /// What was tried with an invitation: how many proofs were wrong, and the newest attempts, the last one last.
    pub fn of(&self, invitation: InvitationId) -> (u64, Vec<Attempt>) {
        match self.lock().get(&invitation) {
            Some(tried) => (tried.wrong, tried.newest.iter().cloned().collect()),
            None => (0, Vec::new()),
        }
    }

    /// Whether too many proofs of an invitation were wrong.
    pub(super) fn is_locked(&self, invitation: InvitationId) -> bool {
        self.lock().get(&invitation).is_some_and(|tried| tried.wrong >= limits::INVITATION_WRONG_PROOFS_MAX)
    }

    /// Remembers one; tells what of it is to be stated.
    fn add(&self, invitation: InvitationId, attempt: Attempt) -> Grave {
        let mut all = self.lock();
        let tried = all.entry(invitation).or_default();
        let grave = match (&attempt.outcome, &attempt.rival) {
            (Status::WrongProof, _) => {
                tried.wrong = tried.wrong.saturating_add(1);
                match tried.wrong == limits::INVITATION_WRONG_PROOFS_MAX {
                    true => Grave::Locked,
                    false => Grave::Nothing,
                }
            }
            (Status::Taken, Some(rival))
                if tried.rivals.len() < RIVALS_MAX && !tried.rivals.contains(&rival.tls_key) =>
            {
                tried.rivals.push(rival.tls_key);
                Grave::Contested
            }
            _ => Grave::Nothing,
        };
        if tried.newest.len() >= REMEMBERED_MAX {
            tried.newest.pop_front();
        }
        tried.newest.push_back(attempt);
        grave
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<InvitationId, Tried>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grave {
    Nothing,
    Locked,
    Contested,
}

/// Somebody came with an issued invitation and was not let in. Blocks until what is grave of it is in the journal.
pub(super) fn failed(
    practice: &Arc<Practice>,
    id: InvitationId,
    outcome: Status,
    from: Prefix,
    rival: Option<&Rival>,
) {
    let attempt = Attempt { at: practice.now(), from: from.to_string(), outcome, rival: rival.cloned() };
    let Some(invitation) = practice.registry.invitation(id) else { return };
    let event: GatewayEvent = match (practice.attempts.add(id, attempt), rival, invitation.device) {
        (Grave::Locked, _, _) => {
            tracing::warn!(alarm = "invitation-locked", invitation = %id, "too many wrong proofs of an invitation");
            let wrong = u32::try_from(limits::INVITATION_WRONG_PROOFS_MAX).unwrap_or(u32::MAX);
            InvitationLocked { invitation: id, wrong }.into()
        }
        (Grave::Contested, Some(rival), Some(device)) if (invitation.contested as usize) < RIVALS_MAX => {
            tracing::warn!(
                alarm = "invitation-contested",
                invitation = %id,
                first = %device.to_uuid(),
                second = %rival.tls_key.to_hex(),
                "a second device has proven an invitation that is taken"
            );
            let (tls_key, signing_key) = (rival.tls_key, rival.signing_key);
            InvitationContested { invitation: id, device, tls_key, signing_key }.into()
        }
        _ => return,
    };
    if let Err(error) = state(practice, event) {
        // Memory has it meanwhile.
        tracing::error!(invitation = %id, %error, "what was tried with an invitation could not be recorded");
    }
}

fn state(practice: &Arc<Practice>, event: GatewayEvent) -> Result<(), String> {
    let house = practice.entry_key(EntryScope::House).map_err(|error| error.to_string())?;
    let make = Box::new(move |group: &Group<'_>| Ok(vec![group.made(event, house)?]));
    practice
        .committer
        .commit_blocking(make)
        .map(drop)
        .map_err(|refusal| refusal.known().map_or("unknown", protocol::Code::word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(outcome: Status, key: Option<u8>) -> Attempt {
        let device = certs::enrolment::Device {
            label: "x".to_owned(),
            platform: String::new(),
            language: String::new(),
        };
        let digest = |key| model::Sha256Digest::from_bytes([key; 32]);
        let rival =
            key.map(|key| Rival { tls_key: digest(key), signing_key: digest(key), device: device.clone() });
        Attempt { at: Timestamp::from_unix_ms(1), from: Prefix::V4([10, 0, 1]).to_string(), outcome, rival }
    }

    #[test]
    fn twenty_wrong_proofs_lock_once_and_each_rival_is_stated_once() {
        let (attempts, id) = (Attempts::default(), InvitationId::new(7).unwrap());
        let wrong = || attempts.add(id, attempt(Status::WrongProof, None));
        for _ in 1..limits::INVITATION_WRONG_PROOFS_MAX {
            assert_eq!(wrong(), Grave::Nothing);
        }
        assert!(!attempts.is_locked(id));
        assert_eq!(wrong(), Grave::Locked);
        assert!(attempts.is_locked(id));
        assert_eq!(wrong(), Grave::Nothing);
        let rival = |key| attempts.add(id, attempt(Status::Taken, Some(key)));
        assert_eq!((rival(1), rival(1), rival(2)), (Grave::Contested, Grave::Nothing, Grave::Contested));
        let stated = (3..100).filter(|key| rival(*key) == Grave::Contested).count();
        assert_eq!(stated, RIVALS_MAX - 2, "what is stated is bounded");
        let (wrong, newest) = attempts.of(id);
        assert_eq!((wrong, newest.len()), (limits::INVITATION_WRONG_PROOFS_MAX + 1, REMEMBERED_MAX));
    }
}
