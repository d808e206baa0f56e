//! The work of a step: it looks for what it has made already, so that it may be done again after a crash. The keys are
//! durable first, then `certs/current`, then the statement that names them.

use std::sync::Arc;

use certs::ceremony::{Answer, Request, What};
use certs::rotation::{Kind, Phase, State};
use certs::tls::GatewayTls;
use certs::{Certificate, Crl, IssuingAuthority, PrivateKey, PublicKey, Purpose, Serial, tls};
use minicbor::bytes::ByteVec;
use model::{KeyId, Timestamp};
use receipts::event::{Der, Opaque, RotationDone, Word};
use receipts::{CheckpointKey, Vkey};
use vault::EntryScope;
use zeroize::Zeroizing;

use super::{Forced, Rotation, facts};
use crate::act::ActError;
use crate::commit::Group;
use crate::crl;
use crate::keys::{Current, Held, HeldLog, HeldRoot, Keys, current, purpose};
use crate::practice::Practice;

fn failed(cause: &dyn std::fmt::Display) -> ActError {
    ActError::Failed { cause: cause.to_string() }
}

/// What a step adds to `certs/current`.
#[derive(Default)]
struct Added {
    held: Option<Held>,
    log: Option<HeldLog>,
    answer: Option<Answer>,
}

/// Brings a rotation to a phase.
pub(super) fn bring(
    practice: &Arc<Practice>,
    rotation: &Rotation,
    to: Phase,
    answer: Option<&[u8]>,
    forced: Forced,
) -> Result<(), ActError> {
    let (kind, id) = (rotation.kind, rotation.id);
    let is_new = rotation.phase.is_none() && to != Phase::Dropped && !practice.keys().current.has(kind, id);
    let added = match is_new {
        true => make(practice, rotation, answer)?,
        false => Added::default(),
    };
    // What ends here makes its last list before its key goes, and none after.
    let ending = match (kind, to) {
        (Kind::Issuing, Phase::Retired) => Some(crl::end_all_but(practice, id)),
        _ => None,
    };
    let ending = match ending.transpose() {
        Ok(ending) => ending,
        // With its token the key is lost for good, and with it its last list: else nothing could ever follow.
        Err(error) if forced == Forced::Yes && error.is_key_lost() => {
            tracing::warn!(%error, "an issuing authority ends without a last revocation list: who is under it stays out");
            None
        }
        Err(error) => return Err(failed(&error)),
    };
    let house = practice.entry_key(EntryScope::House).map_err(|error| failed(&error))?;
    let shared = Arc::clone(practice);
    let rotation = rotation.clone();
    // On the committer's thread, and alone: so no head and no statement is signed half by the old, half by the new.
    let make = Box::new(move |group: &Group<'_>| {
        let done = exchange(&shared, &rotation, to, added, group.size).map_err(|error| {
            tracing::error!(%error, "a step of a rotation can not be done");
            protocol::Refusal::new(protocol::Code::Internal)
        })?;
        Ok(vec![group.made(done, house)?])
    });
    practice.committer.commit_alone(make)?;
    drop(ending);
    if kind == Kind::Issuing {
        // Before anybody comes with a certificate from the new one.
        crl::renew(practice);
    }
    practice.renew_bundle();
    Ok(())
}

/// Writes `certs/current` as it will be, exchanges the keys, and says what was done.
fn exchange(
    practice: &Practice,
    rotation: &Rotation,
    to: Phase,
    added: Added,
    size: u64,
) -> Result<RotationDone, ActError> {
    let (kind, id) = (rotation.kind, rotation.id);
    let before = practice.keys();
    let mut current = before.current.clone();
    add(&mut current, kind, id, added);
    current.bring(kind, id, to);
    match kind {
        Kind::Root => publish(&mut current, id, to),
        Kind::Checkpoint => bound(&mut current, id, to, size),
        // The old key is stolen: companions refuse what hangs under it.
        Kind::Issuing if rotation.asks_root() == Some(What::IssuingStolen) => {
            recertify(practice, &mut current, id)?
        }
        _ => {}
    }
    let keys =
        Keys::load(current, &practice.vault, &practice.issuing_keys).map_err(|error| failed(&error))?;
    facts::check(practice, &keys).map_err(|error| failed(&error))?;
    // What companions are shown as before is not tried again: it may have ended, which this may be about to mend.
    if shown(&before) != shown(&keys) {
        rehearse(practice, &keys)?;
    }
    let done = done(rotation, to, &before.current, &keys.current)?;
    let path = practice.folder.join("certs").join(current::FILE);
    let _durable =
        practice.disk.write_whole(&path, &keys.current.to_bytes()).map_err(|error| failed(&error))?;
    practice.exchange_keys(keys);
    Ok(done)
}

/// What companions see in a handshake, and whom they trust.
fn shown(keys: &Keys) -> (&Certificate, &Certificate, &Certificate, &[Certificate], usize) {
    let served = &keys.served;
    let records = keys.trust.records().len();
    (&keys.gateway.certificate, &served.issuing, &served.root, &served.cross, records)
}

/// Shakes hands with oneself, as companions would with what is about to be shown.
pub(super) fn rehearse(practice: &Practice, keys: &Keys) -> Result<(), ActError> {
    let shown = GatewayTls {
        certificate: &keys.gateway.certificate,
        key: &keys.gateway.key,
        issuing: &keys.served.issuing,
        cross: &keys.served.cross,
        root: &keys.served.root,
    };
    Ok(tls::rehearse(&shown, &keys.trust, practice.clock.machine())?)
}

fn add(current: &mut Current, kind: Kind, id: KeyId, added: Added) {
    if current.has(kind, id) {
        return;
    }
    if let Some(held) = added.held {
        match kind {
            Kind::Gateway => current.gateway.push(held),
            Kind::Statements => current.statements.push(held),
            Kind::Receipts => current.receipts.push(held),
            Kind::Issuing | Kind::Root | Kind::Checkpoint => {}
        }
    }
    if let Some(log) = added.log {
        current.checkpoint.push(log);
    }
    let Some(answer) = added.answer else { return };
    let records: Vec<ByteVec> = answer.records.iter().map(|record| record.bytes().to_vec().into()).collect();
    match (answer.what, &answer.root) {
        (What::Root | What::RootStolen, Some(root)) => {
            for again in &answer.issuing {
                let same = |held: &&mut Held| {
                    Certificate::read(&held.certificate)
                        .is_ok_and(|one| one.public_key() == again.public_key())
                };
                if let Some(held) = current.issuing.iter_mut().find(same) {
                    held.again.push(again.der().to_vec().into());
                }
            }
            current.roots.push(HeldRoot {
                certificate: root.der().to_vec().into(),
                key: (*id.as_bytes()).into(),
                state: State::Prepared.code(),
                cross: answer.cross.as_ref().map(|cross| cross.der().to_vec().into()),
                records,
                list: None,
            });
        }
        _ => {
            for issuing in &answer.issuing {
                current.issuing.push(Held::new(issuing, id, State::Prepared));
            }
            records.iter().for_each(|record| current.publish(record));
        }
    }
    for root in &mut current.roots {
        let Ok(certificate) = Certificate::read(&root.certificate) else { continue };
        let own = answer.lists.iter().find(|list| Crl::read(list, &certificate).is_ok());
        root.list = own.map(|list| list.clone().into()).or(root.list.take());
    }
}

/// The records that go with a root: the first when it is distributed, the second when the old one is retired. After a
/// theft there is one, and it is distributed at once.
fn publish(current: &mut Current, id: KeyId, to: Phase) {
    let count = match to {
        Phase::Prepared | Phase::Dropped => 0,
        Phase::Distributed | Phase::Switched => 1,
        Phase::Retired => 2,
    };
    let root = current.roots.iter().find(|root| root.key_id() == id);
    let records: Vec<_> = root.map_or(&[][..], |root| &root.records).iter().take(count).cloned().collect();
    records.iter().for_each(|record| current.publish(record));
}

/// From which size a checkpoint key signs, and up to which.
fn bound(current: &mut Current, id: KeyId, to: Phase, size: u64) {
    for log in &mut current.checkpoint {
        if log.key_id() == id && to == Phase::Distributed && log.from_size == 0 {
            log.from_size = size.saturating_add(1);
        }
        if log.state() == State::Retired && log.to_size.is_none() {
            log.to_size = Some(size);
        }
    }
}

/// The gateway's own certificates anew, over the same keys, by a new issuing authority.
fn recertify(practice: &Practice, current: &mut Current, id: KeyId) -> Result<(), ActError> {
    let keys = practice.keys();
    let missing = || ActError::Failed { cause: "the new issuing authority is not there".to_owned() };
    let held = current.issuing.iter().find(|held| held.key_id() == id).ok_or_else(missing)?;
    let key = practice.issuing_keys.open(id).map_err(|error| failed(&error))?;
    let practice_id = keys.trust.practice().clone();
    let authority = IssuingAuthority::open(key, &held.certificate, practice_id)?;
    let own = [
        (&mut current.gateway, Purpose::Gateway),
        (&mut current.statements, Purpose::Statements),
        (&mut current.receipts, Purpose::Receipts),
    ];
    for (all, purpose) in own {
        let Some(signing) = all.iter_mut().find(|held| held.state() == State::Signing) else { continue };
        let old = Certificate::read(&signing.certificate).map_err(|error| failed(&error))?;
        if !old.names_issuer(authority.certificate()) {
            let new = authority.issue(purpose, old.public_key(), Serial::random()?, practice.now())?;
            let key = signing.key_id();
            signing.state = State::Retired.code();
            all.push(Held::new(&new, key, State::Signing));
        }
    }
    Ok(())
}

/// The statement about what has become different.
fn done(rotation: &Rotation, to: Phase, before: &Current, after: &Current) -> Result<RotationDone, ActError> {
    let word = |word: &str| Word::parse(word).map_err(|error| failed(&error));
    let known = certificates(before);
    let new = certificates(after).into_iter().filter(|der| !known.contains(der));
    let certificates: Result<Vec<_>, _> = new.map(|der| Der::new(der.to_vec())).collect();
    let records = after.root_records.iter().skip(before.root_records.len());
    let root_records: Result<Vec<_>, _> = records.map(|record| Opaque::new(record.to_vec())).collect();
    let log = after.checkpoint.iter().find(|log| log.key_id() == rotation.id);
    let new_log = log.map(|log| Vkey::parse(&log.vkey)).transpose();
    Ok(RotationDone {
        rotation: *rotation.id.as_bytes(),
        kind: word(rotation.kind.word())?,
        to: word(to.word())?,
        certificates: certificates.map_err(|error| failed(&error))?,
        root_records: root_records.map_err(|error| failed(&error))?,
        new_log: new_log.map_err(|error| failed(&error))?,
    })
}

fn certificates(current: &Current) -> Vec<&[u8]> {
    let held = [&current.gateway, &current.issuing, &current.statements, &current.receipts];
    let held = held.into_iter().flatten();
    let held = held.flat_map(|held| std::iter::once(&held.certificate).chain(&held.again));
    let roots =
        current.roots.iter().flat_map(|root| std::iter::once(&root.certificate).chain(root.cross.as_ref()));
    held.chain(roots).map(|der| der.as_slice()).collect()
}

/// Makes the new key and its certificate, both the same if this is done again.
fn make(practice: &Practice, rotation: &Rotation, answer: Option<&[u8]>) -> Result<Added, ActError> {
    let id = rotation.id;
    let purpose = match rotation.kind {
        Kind::Gateway => Purpose::Gateway,
        Kind::Statements => Purpose::Statements,
        Kind::Receipts => Purpose::Receipts,
        Kind::Checkpoint => return checkpoint(practice, id),
        Kind::Issuing | Kind::Root => return answered(practice, rotation, answer),
    };
    let what = match rotation.kind {
        Kind::Gateway => purpose::GATEWAY,
        Kind::Statements => purpose::STATEMENTS,
        _ => purpose::RECEIPTS,
    };
    let key = key(practice, what, id)?;
    let keys = practice.keys();
    // Serial and time are those of the plan: made again, it is the same certificate.
    let when = Timestamp::from_unix_ms(rotation.row.planned_at_ms);
    let certificate = keys.issuing.issue(purpose, &key, Serial::from_random(*id.as_bytes()), when)?;
    Ok(Added { held: Some(Held::new(&certificate, id, State::Prepared)), ..Added::default() })
}

/// The public half of a key in the vault, which is made if it is not there.
fn key(practice: &Practice, what: &str, id: KeyId) -> Result<PublicKey, ActError> {
    let purpose = purpose::of(what).map_err(|error| failed(&error))?;
    if practice.vault.list_private(&purpose).map_err(|error| failed(&error))?.contains(&id) {
        let key = PrivateKey::from_pkcs8(
            &practice.vault.open_private(&purpose, id).map_err(|error| failed(&error))?,
        )?;
        return Ok(key.public().clone());
    }
    let key = PrivateKey::generate()?;
    let sealed = practice.vault.seal_private(&purpose, id, &key.to_pkcs8()?);
    let _durable = sealed.map_err(|error| failed(&error))?;
    Ok(key.public().clone())
}

fn checkpoint(practice: &Practice, id: KeyId) -> Result<Added, ActError> {
    let purpose = purpose::of(purpose::CHECKPOINT).map_err(|error| failed(&error))?;
    let key = match practice.vault.list_private(&purpose).map_err(|error| failed(&error))?.contains(&id) {
        true => CheckpointKey::from_pkcs8(
            &practice.vault.open_private(&purpose, id).map_err(|error| failed(&error))?,
        ),
        false => {
            let seed = host::random::bytes::<32>().map_err(|error| failed(&error))?;
            Ok(CheckpointKey::from_seed(Zeroizing::new(seed)))
        }
    };
    let key = key.map_err(|error| failed(&error))?;
    let pkcs8 = key.to_pkcs8().map_err(|error| failed(&error))?;
    let sealed = practice.vault.seal_private(&purpose, id, &pkcs8);
    let _durable = sealed.map_err(|error| failed(&error))?;
    let vkey = key.vkey(&practice.keys().heads.origin).map_err(|error| failed(&error))?;
    let log = HeldLog {
        vkey: vkey.to_string(),
        key: (*id.as_bytes()).into(),
        state: State::Prepared.code(),
        from_size: 0,
        to_size: None,
    };
    Ok(Added { log: Some(log), ..Added::default() })
}

/// What the root is asked.
pub(super) fn request(practice: &Practice, rotation: &Rotation, what: What) -> Result<Request, ActError> {
    let keys = practice.keys();
    let issuing_key = match rotation.kind {
        Kind::Issuing => Some(practice.issuing_keys.key_or_new(rotation.id).map_err(|error| failed(&error))?),
        _ => None,
    };
    let generations = keys.current.generations(rotation.kind).len();
    // A new root certifies retired ones too: certificates that they have signed are still in use. Of a theft those
    // are meant that somebody could still sign with.
    let is_meant = |issuing: &&crate::keys::Issuing| match what {
        What::Root | What::RootStolen => !matches!(issuing.state, State::Prepared | State::Dropped),
        What::Issuing | What::IssuingStolen => issuing.state.is_trusted(),
    };
    let now = practice.now();
    // Of a theft the certificates that the root in force has signed: its list names them.
    let known = |one: &&crate::keys::IssuingCertificate| {
        what == What::IssuingStolen
            && keys.roots.get(one.root).is_some_and(|root| keys.trust.roots().contains(&root.certificate))
    };
    let certificate = |issuing: &crate::keys::Issuing| {
        let all = &issuing.certificates;
        all.iter().find(known).or(all.first()).map(|one| one.certificate.clone())
    };
    let live = keys.all_issuing.iter().filter(is_meant).filter_map(certificate);
    let live = live.filter(|certificate| certificate.is_in_force(now));
    Ok(Request {
        practice: keys.trust.practice().clone(),
        what,
        rotation: *rotation.id.as_bytes(),
        generation: u32::try_from(generations + 1).unwrap_or(u32::MAX),
        issuing_key,
        records: keys.root_records(),
        issuing: if what == What::Issuing { Vec::new() } else { live.collect() },
        asked: Timestamp::from_unix_seconds(rotation.row.planned_at_ms / 1000),
        lists: keys.lists_of_roots().map(|(_, _, list)| list.der().to_vec()).collect(),
    })
}

fn answered(practice: &Practice, rotation: &Rotation, answer: Option<&[u8]>) -> Result<Added, ActError> {
    let refused = |cause: &dyn std::fmt::Display| ActError::RootAnswer { cause: cause.to_string() };
    let bytes = answer.ok_or(ActError::RootAnswer { cause: "there is no answer of the root".to_owned() })?;
    let what = rotation.asks_root().ok_or(ActError::RootAnswer { cause: "nothing was asked".to_owned() })?;
    let request = request(practice, rotation, what)?;
    let answer = Answer::read(bytes).map_err(|error| refused(&error))?;
    answer.check(&request, practice.now()).map_err(|error| refused(&error))?;
    Ok(Added { answer: Some(answer), ..Added::default() })
}
