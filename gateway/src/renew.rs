//! Renewal at the gateway: new certificates for a device that vouches for its new keys with the current one, durable
//! before the answer. The first use of a new certificate is a fact, the use of an old one after that is suspicious.
//! Proofs and messages are those of `certs::renewal`.
//!
//! ```text
//! counterfoil/1        session → renew                  the certificate is in force
//! counterfoil-renew/1  serve: hello or renew, nothing else     it may have expired, within its grace
//! ```

use std::sync::Arc;
use std::time::Duration;

use certs::enrolment::Exporter;
use certs::renewal::{self, Before, EXPORTER_LABEL, GatewayRenewal, Requested};
use certs::{Certificate, PublicKey, Purpose, Serial};
use model::{DeviceId, Sha256Digest, limits};
use protocol::message::{Renew, Renewed};
use protocol::record::RenewWindow;
use protocol::renew::{self as wire, Asked};
use protocol::{Bytes, CloseCode, Code, Refusal, Text, frame};
use quinn::{Connection, RecvStream, SendStream};
use receipts::Signed;
use receipts::event::{
    BoundCertificate, CertificateUsed, DeviceEvent, DeviceRenewed, GatewayEvent, SigningKeyAnnounced,
};
use receipts::statement::Body;
use vault::EntryScope;

use crate::access::Peer;
use crate::certificate::Held;
use crate::commit::{Group, Made, Make};
use crate::endpoint::varint;
use crate::ledger::rows::{self, CertificateState, key};
use crate::operation::{blocking, hello, internal};
use crate::practice::Practice;
use crate::registry::Device;
use crate::rotation;
use crate::sealing;
use crate::wire::{Answered, Ended};

/// How long a device may take to ask on the renewal's ALPN.
const PATIENCE: Duration = Duration::from_secs(limits::REQUEST_SECONDS_MAX);
/// Requests on one connection there: hellos until no root record is missing, then the renewal.
const REQUESTS_MAX: usize = 64;
/// Why devices renew where nobody has set it.
const ROTATED: &str = "rotation";

/// When devices are to renew by themselves, if they are: as configured, or because their issuing authority is being
/// exchanged. The one that means more certificates.
pub(crate) fn window(practice: &Practice) -> Option<RenewWindow> {
    let set = practice.config.renew.as_ref().map(|set| (set.after, set.before, set.reason.as_str()));
    let rotated = rotation::window(practice).map(|(after, before)| (after, before, ROTATED));
    let (after, before, reason) = set.into_iter().chain(rotated).max_by_key(|(after, ..)| *after)?;
    Some(RenewWindow { after, before, reason: Text::cut(reason) })
}

/// A connection was admitted by this certificate. A fresh one is used now: from here on those before it have a day.
pub(crate) async fn presented(practice: &Arc<Practice>, held: &Held) {
    let device = held.device.id;
    match held.certificate.state() {
        CertificateState::Current | CertificateState::Old => {}
        CertificateState::Superseded => superseded(&held.device),
        CertificateState::Fresh => {
            if let Err(code) = say_used(practice, held).await {
                // The old one stays good meanwhile; the next connection says it.
                tracing::warn!(device = %device.to_uuid(), code, "a certificate's first use could not be committed");
            }
        }
    }
}

/// A certificate was shown whose successor is in use: the successor's machine does not show it any more.
pub(crate) fn superseded(device: &Device) {
    tracing::warn!(
        alarm = "two-machines",
        device = %device.id.to_uuid(),
        "two machines use one identity: a certificate was shown whose successor is in use already"
    );
}

async fn say_used(practice: &Practice, held: &Held) -> Result<(), &'static str> {
    let (device, certificate) = (held.device.id, held.certificate.sha256);
    let house = practice.entry_key(EntryScope::House).map_err(|_| "no key")?;
    let make = Box::new(move |group: &Group<'_>| {
        let at = key::certificate(device, &certificate);
        let now: Option<rows::Certificate> = group.draft.get(&at).map_err(|error| internal(&error))?;
        match now.map(|row| CertificateState::from_code(row.state)) {
            Some(CertificateState::Fresh) => {
                Ok(vec![group.made(CertificateUsed { device, certificate }, house)?])
            }
            // Another connection was first.
            _ => Err(Code::Closing.into()),
        }
    });
    match practice.committer.commit(make).await {
        Ok(_) => {
            tracing::info!(device = %device.to_uuid(), "a renewed certificate is in use");
            Ok(())
        }
        Err(refusal) if refusal.known() == Some(Code::Closing) => Ok(()),
        Err(refusal) => Err(refusal.known().map_or("?", Code::word)),
    }
}

/// Serves a connection on the renewal's ALPN until it ends: one request after the other, a short one each.
pub(crate) async fn serve(practice: &Arc<Practice>, peer: &Peer, connection: &Connection) {
    for _ in 0..REQUESTS_MAX {
        let stream = tokio::time::timeout(PATIENCE, connection.accept_bi()).await;
        let Ok(Ok((send, mut receive))) = stream else { break };
        let asked = match tokio::time::timeout(PATIENCE, read(&mut receive)).await {
            Ok(Ok(asked)) => asked,
            Ok(Err(Broken::Malformed)) => {
                connection.close(varint(u64::from(CloseCode::Malformed.number())), b"");
                return;
            }
            Ok(Err(Broken::Gone)) | Err(_) => break,
        };
        answer(practice, peer, connection, asked, send).await;
    }
    connection.close(varint(u64::from(CloseCode::Done.number())), b"");
}

enum Broken {
    Gone,
    Malformed,
}

async fn read(receive: &mut RecvStream) -> Result<Asked, Broken> {
    let mut head = [0u8; frame::HEAD_BYTES];
    receive.read_exact(&mut head).await.map_err(|_| Broken::Gone)?;
    let mut body = vec![0u8; wire::body_bytes(head).map_err(|_| Broken::Malformed)?];
    receive.read_exact(&mut body).await.map_err(|_| Broken::Gone)?;
    wire::read(&body).map_err(|_| Broken::Malformed)
}

async fn answer(
    practice: &Arc<Practice>,
    peer: &Peer,
    connection: &Connection,
    asked: Asked,
    send: SendStream,
) {
    let mut answered = Answered(send);
    let ended = serve_one(practice, peer, connection, asked, &mut answered).await;
    if let Err(Ended::Refused(refusal)) = ended {
        let code = refusal.known().map_or("?", Code::word);
        tracing::info!(device = %peer.device().id.to_uuid(), code, "a late renewal is refused");
        if answered.send(refusal).await.is_err() {
            return;
        }
    }
    let _ = answered.0.finish();
}

async fn serve_one(
    practice: &Arc<Practice>,
    peer: &Peer,
    connection: &Connection,
    asked: Asked,
    answered: &mut Answered,
) -> Result<(), Ended> {
    // As every request elsewhere; only that the certificate may have expired here.
    peer.may_ask(practice.now())?;
    practice.quotas.request(peer.device().id, practice.now())?;
    match asked {
        Asked::Hello(request) => hello::hello(practice, peer.grant_own(request)?, answered).await,
        Asked::Renew(request) => renew(practice, peer, connection, request, answered).await,
    }
}

/// Answers a renewal: the new certificates stand in the journal before it goes out.
///
/// # Errors
/// [`Code::RenewalBad`], [`Code::Superseded`], [`Code::NotConfirmed`], [`Code::TooFast`]; the commit's.
pub(crate) async fn renew(
    practice: &Arc<Practice>,
    peer: &Peer,
    connection: &Connection,
    request: Renew,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let request = peer.grant(request)?.request;
    practice.quotas.renewal(peer.device().id, practice.now())?;
    let renewal = GatewayRenewal::read(request.renew.as_slice()).map_err(|_| Code::Malformed)?;
    let mut exporter: Exporter = [0; 32];
    connection
        .export_keying_material(&mut exporter, EXPORTER_LABEL, &renewal.exporter_context())
        .map_err(|_| Code::Internal)?;
    let leaf = crate::listener::leaf(connection).ok_or(Code::Internal)?;
    let announcement = request.announcement.map(|bytes| bytes.as_slice().to_vec());
    let (shared, peer) = (Arc::clone(practice), peer.clone());
    let renewed = blocking(move || decide(&shared, &peer, renewal, &exporter, &leaf, announcement)).await?;
    answered.send(Renewed { renewed: Bytes::new(renewed)? }).await
}

fn decide(
    practice: &Practice,
    peer: &Peer,
    renewal: GatewayRenewal,
    exporter: &Exporter,
    leaf: &[u8],
    announcement: Option<Vec<u8>>,
) -> Result<Vec<u8>, Ended> {
    let device = peer.device();
    let leaf = Certificate::read(leaf).map_err(|error| internal(&error))?;
    let known: Option<rows::Renewal> = practice.ledger.row(&key::renewal(device.id, renewal.id()))?;
    let before = match &known {
        Some(row) => Before::Answered { tls_key: Sha256Digest::from_bytes(row.tls_key.into()) },
        None => Before::Nothing,
    };
    let registered = |key: &Sha256Digest| practice.registry.knows_key(key);
    let requested = renewal
        .check(exporter, &leaf, before, &registered)
        .map_err(|why| bad(device.id, &why.to_string()))?;
    if let Some(row) = known {
        return stored(practice, row.entry);
    }
    match peer.certificate().state() {
        CertificateState::Current => {}
        CertificateState::Old => tracing::warn!(
            device = %device.id.to_uuid(),
            "a device renews again before it has used its new certificate; that one is void now"
        ),
        // Its first use could not be committed yet: what was before it is still good.
        CertificateState::Fresh => return Err(Code::Busy.into()),
        CertificateState::Superseded => {
            superseded(device);
            return Err(Code::Superseded.into());
        }
    }
    let announced = check_announcement(practice, device, requested.signing_key(), announcement)?;
    let entry = bind(practice, peer, &requested, announced)?;
    stored(practice, entry)
}

fn bad(device: DeviceId, why: &str) -> Refusal {
    tracing::warn!(device = %device.to_uuid(), why, "a renewal is refused");
    Code::RenewalBad.into()
}

/// A new signing key is vouched for by the old one, in a statement that goes into the journal with it.
fn check_announcement(
    practice: &Practice,
    device: &Device,
    signing: Option<&PublicKey>,
    announcement: Option<Vec<u8>>,
) -> Result<Option<Signed>, Ended> {
    let bad = |why: &str| Ended::from(bad(device.id, why));
    let (key, bytes) = match (signing, announcement) {
        (None, None) => return Ok(None),
        (Some(key), Some(bytes)) => (key, bytes),
        _ => return Err(bad("a new signing key and its announcement do not come together")),
    };
    let signed = Signed::parse(bytes).map_err(|error| bad(&error.to_string()))?;
    signed.verify_signature().map_err(|error| bad(&error.to_string()))?;
    let Body::Device(DeviceEvent::SigningKeyAnnounced(event)) = &signed.statement().body else {
        return Err(bad("another statement in the place of the announcement"));
    };
    let SigningKeyAnnounced { sender, recipient, signing_key, last_checkpoint: _ } = event;
    let now = practice.now();
    let under = Certificate::read(signed.certificate()).map_err(|error| bad(&error.to_string()))?;
    let lasts = under.not_after().plus_seconds(device.person.role().grace_seconds());
    let is_own = device.signs_under(&under.fingerprint(), now)
        && now <= lasts
        && sender.device == device.id
        && recipient.practice == *practice.keys().trust.practice();
    match (is_own, *signing_key == key.key_hash()) {
        (true, true) => Ok(Some(signed)),
        (false, _) => Err(bad("the announcement is not this device's own")),
        (_, false) => Err(bad("the announcement is of another key")),
    }
}

/// Makes the certificates, then the statement that makes them so; the entry of it.
fn bind(
    practice: &Practice,
    peer: &Peer,
    requested: &Requested,
    announced: Option<Signed>,
) -> Result<u64, Ended> {
    let device = peer.device().id;
    let before = u64::from(announced.is_some());
    let make = binding(practice, peer, requested, announced)?;
    let outcome = match practice.committer.commit_blocking(make) {
        Err(refusal) if refusal.known() == Some(Code::RenewalBad) => {
            return Err(bad(device, "another device was first with one of its keys").into());
        }
        outcome => outcome?,
    };
    tracing::info!(device = %device.to_uuid(), "a device has renewed its certificates");
    Ok(outcome.first_entry.saturating_add(before))
}

/// The new certificates, and what makes the statement of them.
pub(crate) fn binding(
    practice: &Practice,
    peer: &Peer,
    requested: &Requested,
    announced: Option<Signed>,
) -> Result<Make, Ended> {
    let device = peer.device().id;
    let vouched_by = peer.certificate().sha256;
    let issue = |purpose, key: &PublicKey| -> Result<BoundCertificate, Refusal> {
        let serial = Serial::random().map_err(|error| internal(&error))?;
        let now = practice.now();
        let ends = practice.config.ends(purpose, now);
        let made = practice.keys().issuing.issue_until(purpose, key, serial, now, ends);
        let made = made.map_err(|error| internal(&error))?;
        BoundCertificate::new(key.key_hash(), *serial.as_bytes(), made.der().to_vec())
            .map_err(|error| internal(&error))
    };
    let event = DeviceRenewed {
        device,
        vouched_by,
        request: *requested.id(),
        tls: issue(Purpose::Device(device), requested.tls_key())?,
        signing: requested.signing_key().map(|key| issue(Purpose::Signer(device), key)).transpose()?,
    };
    let house = practice.entry_key(EntryScope::House)?;
    let at = key::renewal(device, requested.id());
    let mut spkis = vec![requested.tls_key().key_hash()];
    spkis.extend(requested.signing_key().map(PublicKey::key_hash));
    Ok(Box::new(move |group: &Group<'_>| {
        // Between the look at the ledger and now another connection may have asked too.
        let stands = group.draft.get::<rows::Renewal>(&at).map_err(|error| internal(&error))?;
        let by = group.draft.get::<rows::Certificate>(&key::certificate(device, &vouched_by));
        let by = by.map_err(|error| internal(&error))?.map(|row| CertificateState::from_code(row.state));
        match (stands, by) {
            (None, Some(CertificateState::Current | CertificateState::Old)) => {}
            _ => return Err(Code::Closing.into()),
        }
        if spkis.iter().any(|key| group.is_burnt(key)) {
            return Err(Code::RenewalBad.into());
        }
        let announced = announced.map(|signed| Made { signed, list: None, key: house });
        Ok(announced.into_iter().chain([group.made(event, house)?]).collect())
    }))
}

/// The answer that an entry gives, the same bytes each time.
fn stored(practice: &Practice, entry: u64) -> Result<Vec<u8>, Ended> {
    let unread = |why: &dyn std::fmt::Display| Ended::from(internal(why));
    let entry = practice.journal.entry(entry).map_err(|error| unread(&error))?;
    let read = sealing::read(&entry, &practice.seals).map_err(|error| unread(&error))?;
    let Body::Gateway(GatewayEvent::DeviceRenewed(renewed), _) = &read.signed.statement().body else {
        return Err(unread(&"an entry is no renewal"));
    };
    let chain = |bound: &BoundCertificate| -> Result<Vec<Certificate>, Ended> {
        let leaf = Certificate::read(bound.der.as_bytes()).map_err(|error| unread(&error))?;
        let keys = practice.keys();
        let issuing = keys.issuing_at(&leaf, keys.trust.number()).cloned();
        Ok(vec![leaf, issuing.ok_or_else(|| unread(&"its issuing authority is not known"))?])
    };
    let tls = chain(&renewed.tls)?;
    let signing = renewed.signing.as_ref().map(chain).transpose()?;
    renewal::renewed(&tls, signing.as_deref()).map_err(|error| unread(&error))
}
