//! The enrolment door: four messages and nothing else. Proofs and keys are `certs`'; here are the invitations and the
//! durable binding before the reply. Who gets a turn is for `door`, what was tried in vain for `attempts`.

mod attempts;
mod door;

use std::sync::Arc;
use std::time::Duration;

use certs::enrolment::{
    BOOKS_MAX, Binding, CheckDigits, EXPORTER_LABEL, Exporter, GatewayEnrolment, GatewayHello,
    Refusal as EnrolRefusal, Requested, Standing as InvitationStanding, Status, TakenBy, Welcome,
    WelcomeBook,
};
use certs::{Certificate, Invitation, InvitationKeys, PublicKey, Purpose, Serial};
use model::{DeviceId, InvitationId, Sha256Digest, Timestamp};
use protocol::enrol::{self as wire, Due, Step};
use protocol::{CloseCode, Code, frame};
use quinn::{Connection, RecvStream, SendStream};
use receipts::event::{BoundCertificate, DeviceBound, DeviceLabelled, GatewayEvent, Label};
use receipts::statement::Body;
use vault::EntryScope;
use zeroize::Zeroizing;

use crate::act::own_device;
use crate::commit::{Group, Make};
use crate::keys::purpose;
use crate::ledger::rows::{self, Footing, Standing};
use crate::operation::internal;
use crate::practice::Practice;
use crate::{act, sealing};
use door::Prefix;

pub use attempts::{Attempt, Attempts};
pub use door::Door;

/// How long one message may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often, and with which pause, the loser of a race looks for who was first.
const WINNER_TRIES: u32 = 100;
/// See [`WINNER_TRIES`].
const WINNER_PAUSE: Duration = Duration::from_millis(20);

/// Why an exchange ended without a reply.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the peer is gone or too slow")]
    Gone,
    #[error("the peer broke the protocol")]
    Malformed,
    #[error("too much at once")]
    Busy,
    #[error("something failed here")]
    Internal,
}

/// Serves one enrolment on a connection, then closes it.
pub async fn serve(practice: Arc<Practice>, door: Arc<Door>, connection: Connection) {
    let prefix = door::prefix(connection.remote_address().ip());
    let Some(_held) = door.connection(prefix) else {
        return connection
            .close(crate::endpoint::varint(u64::from(CloseCode::TooManyConnections.number())), b"");
    };
    let exchange = tokio::time::timeout(PATIENCE * 3, exchange(&practice, &door, &connection, prefix)).await;
    match exchange {
        Ok(Ok(())) => {}
        Ok(Err(broken)) => tracing::info!(cause = %broken, "an enrolment ended"),
        Err(_) => tracing::info!("an enrolment took too long"),
    }
    // The companion closes when it has its reply; a peer that stays is closed.
    let _ = tokio::time::timeout(Duration::from_secs(5), connection.closed()).await;
    connection.close(crate::endpoint::varint(u64::from(CloseCode::Done.number())), b"");
}

async fn exchange(
    practice: &Arc<Practice>,
    door: &Arc<Door>,
    connection: &Connection,
    prefix: Prefix,
) -> Result<(), Broken> {
    let stream = tokio::time::timeout(PATIENCE, connection.accept_bi()).await.map_err(|_| Broken::Gone)?;
    let (mut send, mut receive) = stream.map_err(|_| Broken::Gone)?;
    let _turn = match door.admit(prefix, practice.now()) {
        Ok(turn) => turn,
        Err(refusal) => return refuse(&mut send, refusal).await,
    };
    let hello = read(&mut receive, Step::Hello).await?;
    let hello = GatewayHello::read(&hello).map_err(|_| Broken::Malformed)?;
    let mut exporter: Exporter = [0; 32];
    connection
        .export_keying_material(&mut exporter, EXPORTER_LABEL, &hello.exporter_context())
        .map_err(|_| Broken::Internal)?;
    let id = hello.id;
    let (keys, known) = invitation_keys(practice, door, id)?;
    let (machine, offer) =
        GatewayEnrolment::offer(hello, &exporter, keys, &practice.keys().root_records(), practice.now())
            .map_err(|_| Broken::Internal)?;
    write(&mut send, Step::Offer, &offer).await?;
    let request = read(&mut receive, Step::Request).await?;
    let shared = (Arc::clone(practice), Arc::clone(door));
    let reply = tokio::task::spawn_blocking(move || {
        let (practice, door) = shared;
        decide(&practice, &door, machine, &request, known, prefix)
    });
    let reply = reply.await.map_err(|_| Broken::Internal)??;
    write(&mut send, Step::Reply, &reply).await?;
    let _ = send.finish();
    Ok(())
}

/// Whether the number is one that was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Yes,
    No,
}

/// The keys to offer with: the invitation's, or decoys of the same shape.
fn invitation_keys(
    practice: &Practice,
    door: &Door,
    id: InvitationId,
) -> Result<(InvitationKeys, Known), Broken> {
    let kept = purpose::of(purpose::INVITE).map_err(vault_missing).and_then(|purpose| {
        practice.vault.open_private(&purpose, act::invitation::key(id)).map_err(vault_missing)
    });
    let kept = kept.and_then(|bytes| InvitationKeys::from_bytes(&bytes).map_err(vault_missing));
    match (kept, practice.registry.invitation(id)) {
        (Ok(keys), Some(_)) => Ok((keys, Known::Yes)),
        // As much is opened as for one that was issued, so that it takes as long.
        _ => {
            let quic = purpose::of(purpose::QUIC).map_err(vault_missing);
            let _ = quic
                .and_then(|quic| practice.vault.open_private(&quic, practice.quic).map_err(vault_missing));
            Ok((InvitationKeys::decoy(&door.decoys, id), Known::No))
        }
    }
}

fn vault_missing(_: impl std::fmt::Display) {}

fn decide(
    practice: &Arc<Practice>,
    door: &Door,
    machine: GatewayEnrolment,
    request: &[u8],
    known: Known,
    prefix: Prefix,
) -> Result<Vec<u8>, Broken> {
    let id = machine.id();
    let invitation = practice.registry.invitation(id).filter(|_| known == Known::Yes);
    // Read for who has proven the secret alone: to all others a used invitation takes as long as none.
    let used = invitation.and_then(|invitation| invitation.device).filter(|_| machine.is_proven(request));
    let bound = used.and_then(|device| stored(practice, device));
    let taken_by = bound.as_ref().map(|bound| bound.taken_by(practice));
    let is_dead = invitation.is_some_and(|invitation| is_dead(practice, &invitation));
    let standing = match (&invitation, &bound, &taken_by) {
        (None, _, _) => InvitationStanding::Unknown,
        (Some(_), _, _) if is_dead => InvitationStanding::Revoked,
        (Some(_), Some(bound), Some(taken_by)) => InvitationStanding::Bound {
            tls_key: bound.binding.tls.key_hash(),
            signing_key: bound.binding.signing.key_hash(),
            taken_by,
        },
        (Some(invitation), _, _) if invitation.is_locked || practice.attempts.is_locked(id) => {
            InvitationStanding::Locked
        }
        (Some(invitation), _, _) if practice.now() >= invitation.expires => InvitationStanding::Expired,
        (Some(_), _, _) => InvitationStanding::Open,
    };
    let registered = |key: &Sha256Digest| practice.registry.knows_key(key);
    let requested = match machine.request(request, standing, &registered) {
        Ok(requested) => requested,
        Err(EnrolRefusal::Malformed(_)) => return Err(Broken::Malformed),
        Err(EnrolRefusal::Refused { status, reply, rival }) => {
            let counts = status != Status::WrongProof || door.wrong(prefix, practice.now());
            if known == Known::Yes && counts {
                attempts::failed(practice, id, status, prefix, rival.as_deref());
            }
            return Ok(reply);
        }
    };
    let binding = match bound {
        Some(bound) if requested.is_again() => bound.binding,
        _ => match bind(practice, &requested)? {
            Ok(binding) => binding,
            Err(NotBound::Taken(taken_by)) => {
                attempts::failed(practice, id, Status::Taken, prefix, Some(&requested.rival()));
                return requested.refuse_taken(&taken_by).map_err(|_| Broken::Internal);
            }
            // As a key that was known before.
            Err(NotBound::Burnt) => {
                attempts::failed(practice, id, Status::BadKeys, prefix, None);
                return requested.refuse_keys().map_err(|_| Broken::Internal);
            }
        },
    };
    let welcome = welcome(practice, id)?;
    requested.accept(&binding, &practice.bundle().bytes, &welcome).map_err(|error| {
        tracing::error!(%error, "a reply can not be made");
        Broken::Internal
    })
}

/// Whether an invitation lets nobody in, again or anew: it was revoked itself, its person may not be let in, or the
/// device that used it may not.
fn is_dead(practice: &Practice, invitation: &crate::registry::Invitation) -> bool {
    let registry = &practice.registry;
    let person = registry.person(invitation.person);
    let device = invitation.device.and_then(|device| registry.device(device));
    invitation.is_revoked
        || !person.is_some_and(|person| person.is_admitted(practice.now()))
        || device.is_some_and(|device| device.standing().is_barred())
        || invitation.device.is_none()
            && own_device::has_all(practice, invitation.person, invitation.replaces)
}

/// Why keys were not bound.
enum NotBound {
    /// Another device was first.
    Taken(TakenBy),
    /// Another device was first with one of these keys, by another invitation or a renewal.
    Burnt,
}

/// Binds the keys: certificates, then the statement that makes it so. The first one wins.
fn bind(practice: &Arc<Practice>, requested: &Requested) -> Result<Result<Binding, NotBound>, Broken> {
    let id = requested.id();
    let (device, make) = binding(practice, requested)?;
    match practice.committer.commit_blocking(make) {
        Ok(_) => {}
        Err(refusal) if refusal.known() == Some(Code::Closing) => {
            let winner = winner(practice, id).ok_or(Broken::Internal)?;
            return Ok(Err(NotBound::Taken(winner.taken_by(practice))));
        }
        Err(refusal) if refusal.known() == Some(Code::RenewalBad) => return Ok(Err(NotBound::Burnt)),
        Err(_) => return Err(Broken::Internal),
    }
    tracing::info!(device = %device.to_uuid(), invitation = %id, "a device is enrolled");
    Ok(Ok(stored(practice, device).ok_or(Broken::Internal)?.binding))
}

/// The certificates of a new device, and what makes the statement of them.
fn binding(practice: &Arc<Practice>, requested: &Requested) -> Result<(DeviceId, Make), Broken> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "a device can not be bound");
        Broken::Internal
    };
    let id = requested.id();
    let person =
        practice.registry.invitation(id).map(|invitation| invitation.person).ok_or(Broken::Internal)?;
    let device = DeviceId::from_bytes(host::random::bytes().map_err(|error| failed(&error))?);
    let now = practice.now();
    let keys = practice.keys();
    let issuing = &keys.issuing;
    let serial = || Serial::random();
    let tls_serial = serial().map_err(|error| failed(&error))?;
    let signing_serial = serial().map_err(|error| failed(&error))?;
    let (tls_purpose, signing_purpose) = (Purpose::Device(device), Purpose::Signer(device));
    let signing_end = practice.config.ends(signing_purpose, now);
    let tls = issuing
        .issue_until(
            tls_purpose,
            requested.tls_key(),
            tls_serial,
            now,
            practice.config.ends(tls_purpose, now),
        )
        .map_err(|error| failed(&error))?;
    let signing = issuing
        .issue_until(signing_purpose, requested.signing_key(), signing_serial, now, signing_end)
        .map_err(|error| failed(&error))?;
    let bound = |key: &PublicKey, serial: Serial, certificate: &Certificate| {
        BoundCertificate::new(key.key_hash(), *serial.as_bytes(), certificate.der().to_vec())
    };
    let event = DeviceBound {
        invitation: id,
        person,
        device,
        tls: bound(requested.tls_key(), tls_serial, &tls).map_err(|error| failed(&error))?,
        signing: bound(requested.signing_key(), signing_serial, &signing).map_err(|error| failed(&error))?,
    };
    let house = practice.entry_key(EntryScope::House).map_err(|error| failed(&error))?;
    let own = practice.entry_key(EntryScope::Person(person)).map_err(|error| failed(&error))?;
    let labelled = labelled(device, requested.device());
    let spkis = [requested.tls_key().key_hash(), requested.signing_key().key_hash()];
    let make = Box::new(move |group: &Group<'_>| {
        let at = rows::key::invitation(id);
        let now: Option<rows::Invitation> = group.draft.get(&at).map_err(|error| internal(&error))?;
        if now.as_ref().is_none_or(|invitation| invitation.device.is_some()) {
            return Err(Code::Closing.into());
        }
        // Asked once more where nothing comes in between: a person who was revoked a moment ago gets no device.
        let row = group.draft.get::<rows::Person>(&rows::key::person(person));
        let row = row.map_err(|error| internal(&error))?;
        let stands = row.is_some_and(|row| Footing::from_code(row.footing) == Footing::Active);
        let admitted = group.registry.person(person).is_some_and(|person| person.is_admitted(group.now));
        let open = group.registry.invitation(id).is_some_and(|invitation| !invitation.is_revoked);
        let replaces = now.as_ref().and_then(|invitation| invitation.replaces);
        let replaces = replaces.map(|device| DeviceId::from_bytes(device.into()));
        let unrevoked = now.is_some_and(|invitation| !invitation.revoked);
        let has_all = own_device::has_all_in(group, person, replaces).map_err(|error| internal(&error))?;
        if has_all || !(stands && admitted && open && unrevoked) {
            return Err(Code::Revoked.into());
        }
        if spkis.iter().any(|key| group.is_burnt(key)) {
            return Err(Code::RenewalBad.into());
        }
        let mut made = vec![group.made(event, house)?];
        if let Some(labelled) = labelled {
            made.push(group.made(labelled, own)?);
        }
        Ok(made)
    });
    Ok((device, make))
}

/// The device that was first, where it was a moment ago: its own commit may be under way still.
fn winner(practice: &Practice, id: InvitationId) -> Option<Stored> {
    for _ in 0..WINNER_TRIES {
        let winner = practice.registry.invitation(id).and_then(|invitation| invitation.device);
        if let Some(winner) = winner.and_then(|winner| stored(practice, winner)) {
            return Some(winner);
        }
        std::thread::sleep(WINNER_PAUSE);
    }
    None
}

/// What the device calls itself, as a statement of its own.
fn labelled(device: DeviceId, said: &certs::enrolment::Device) -> Option<DeviceLabelled> {
    let label = Label::parse(&said.label).ok()?;
    let platform = Label::parse(if said.platform.is_empty() { "-" } else { &said.platform }).ok()?;
    Some(DeviceLabelled { device, label, platform })
}

/// A binding as the journal has it.
struct Stored {
    binding: Binding,
    at: Timestamp,
}

impl Stored {
    fn taken_by(&self, practice: &Practice) -> TakenBy {
        let label = practice.registry.device(self.binding.device).and_then(|device| device.label());
        let label: String = label.as_deref().unwrap_or("").chars().take(21).collect(); // at most 64 bytes
        TakenBy { at: Timestamp::from_unix_seconds(self.at.unix_seconds()), label }
    }
}

/// The binding of a device, read back: the same certificates each time. The check nonce is the random id of the
/// statement that bound it, drawn after the keys were fixed.
fn stored(practice: &Practice, device: DeviceId) -> Option<Stored> {
    let entry = practice.registry.device(device)?.bound_entry;
    let read = sealing::read(&practice.journal.entry(entry).ok()?, &practice.seals).ok()?;
    let statement = read.signed.statement();
    let Body::Gateway(GatewayEvent::DeviceBound(bound), _) = &statement.body else { return None };
    let tls = Certificate::read(bound.tls.der.as_bytes()).ok()?;
    let binding = Binding {
        device,
        signing: Certificate::read(bound.signing.der.as_bytes()).ok()?,
        issuing: {
            let keys = practice.keys();
            keys.issuing_at(&tls, keys.trust.number())?.clone()
        },
        tls,
        check_nonce: *statement.id.as_bytes(),
    };
    Some(Stored { binding, at: statement.time })
}

/// The digits that a device shows.
///
/// # Errors
/// The device is not there, or its entry can not be read.
pub fn digits(practice: &Practice, device: DeviceId) -> Result<CheckDigits, model::Malformed> {
    const HOW: model::Malformed = model::Malformed::new("device", "its enrolment can not be read");
    let invitation = practice.registry.device(device).ok_or(HOW)?.invitation;
    let stored = stored(practice, device).ok_or(HOW)?;
    let (tls, signing) = (stored.binding.tls.public_key(), stored.binding.signing.public_key());
    Ok(CheckDigits::of(
        practice.keys().trust.practice(),
        invitation,
        tls,
        signing,
        &stored.binding.check_nonce,
    ))
}

fn welcome(practice: &Practice, invitation: InvitationId) -> Result<Welcome, Broken> {
    let person = practice
        .registry
        .invitation(invitation)
        .and_then(|invitation| practice.registry.person(invitation.person));
    let person = person.ok_or(Broken::Internal)?;
    let granted = practice.registry.granted(person.id, practice.now());
    let name = |name: Option<Arc<str>>| name.as_deref().unwrap_or("-").to_owned();
    Ok(Welcome {
        person: person.id,
        person_name: name(person.name()),
        role: person.role(),
        practice_name: practice.config.name.clone(),
        book_count: granted.len() as u64,
        books: granted
            .iter()
            .take(BOOKS_MAX)
            .map(|(book, _)| WelcomeBook { id: book.id, name: name(book.name()) })
            .collect(),
    })
}

/// Keeps an invitation's three keys, durable before it is shown.
///
/// # Errors
/// The vault's.
pub(crate) fn keep_invitation(practice: &Practice, invitation: &Invitation) -> Result<(), vault::VaultError> {
    let Ok(purpose) = purpose::of(purpose::INVITE) else { return Err(vault::VaultError::NoRandomness) };
    let keys = Zeroizing::new(invitation.keys().expose().to_vec());
    let _durable = practice.vault.seal_private(&purpose, act::invitation::key(invitation.id), &keys)?;
    Ok(())
}

/// Takes an invitation's keys away.
pub(crate) fn forget_invitation(practice: &Practice, id: InvitationId) {
    if let Ok(purpose) = purpose::of(purpose::INVITE)
        && let Err(error) = practice.vault.remove_private(&purpose, act::invitation::key(id))
    {
        tracing::warn!(%error, "an invitation's keys could not be taken away");
    }
}

/// Takes away the keys of invitations that have ended, or were used more than a day ago. Looks only at those whose
/// keys are still there.
pub fn sweep(practice: &Practice) {
    const DAY_SECONDS: u64 = 24 * 3600;
    let Ok(purpose) = purpose::of(purpose::INVITE) else { return };
    let kept = match practice.vault.list_private(&purpose) {
        Ok(kept) => kept,
        Err(error) => {
            tracing::warn!(%error, "the keys of invitations can not be listed");
            return;
        }
    };
    let now = practice.now();
    for id in kept.into_iter().filter_map(act::invitation::of_key) {
        // Keys are there before their invitation is.
        let Some(invitation) = practice.registry.invitation(id) else { continue };
        let is_over = match invitation.device.and_then(|device| practice.registry.device(device)) {
            Some(device) => {
                let bound_at = stored(practice, device.id).map(|stored| stored.at);
                device.standing() != Standing::Bound
                    && bound_at.is_some_and(|at| now >= at.plus_seconds(DAY_SECONDS))
            }
            None => now >= invitation.expires,
        };
        if is_over {
            forget_invitation(practice, id);
        }
    }
}

async fn read(receive: &mut RecvStream, step: Step) -> Result<Vec<u8>, Broken> {
    let whole = async {
        let mut head = [0u8; frame::HEAD_BYTES];
        receive.read_exact(&mut head).await.map_err(|_| Broken::Gone)?;
        let mut body = vec![0u8; wire::body_bytes(step, head).map_err(|_| Broken::Malformed)?];
        receive.read_exact(&mut body).await.map_err(|_| Broken::Gone)?;
        Ok(body)
    };
    let body: Vec<u8> = tokio::time::timeout(PATIENCE, whole).await.map_err(|_| Broken::Gone)??;
    match wire::read(step, &body).map_err(|_| Broken::Malformed)? {
        Due::Body(body) => Ok(body),
        Due::Refused(_) => Err(Broken::Gone),
    }
}

async fn write(send: &mut SendStream, step: Step, body: &[u8]) -> Result<(), Broken> {
    let frame = wire::encode(step, body).map_err(|_| Broken::Internal)?;
    send.write_all(&frame).await.map_err(|_| Broken::Gone)
}

async fn refuse(send: &mut SendStream, refusal: wire::Refusal) -> Result<(), Broken> {
    send.write_all(&wire::encode_refusal(refusal)).await.map_err(|_| Broken::Gone)?;
    let _ = send.finish();
    Err(Broken::Busy)
}

#[cfg(test)]
mod one_key_tests;
#[cfg(test)]
mod tests;
