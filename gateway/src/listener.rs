//! The one UDP port: quinn's endpoint, address validation, the handshake, and what each connection may be before its
//! first stream is allowed. Only here is a certificate turned into a [`Peer`].

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use certs::admission::Refused;
use certs::tls::{Devices, GatewayTls};
use certs::{Admission, admission, admit, tls};
use model::{DeviceId, Sha256Digest, Timestamp, limits};
use protocol::CloseCode;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connection, Endpoint, Incoming, ServerConfig};
use receipts::event::{GatewayStarted, GatewayStopped, Medium, Word};
use rustls::pki_types::CertificateDer;
use tokio::task::JoinHandle;
use vault::EntryScope;

use crate::access::Peer;
use crate::certificate::Held;
use crate::commit::Group;
use crate::connection_ids::ConnectionIds;
use crate::crl;
use crate::denial;
use crate::endpoint::{self, varint};
use crate::enrol::{self, Door};
use crate::keys::{Keys, purpose};
use crate::ledger::rows::Standing;
use crate::operation::{self, hello::SOFTWARE, report};
use crate::practice::{Practice, end_accepted};
use crate::registry::Device;
use crate::{renew, rotation, session};

mod devices;

/// How long a stopping gateway lets connections end.
const STOP_PATIENCE: Duration = Duration::from_secs(3);
/// So many connections are closed at once, and then [`CLOSES_PAUSE`] nothing: what is sent in one burst is lost.
const CLOSES_AT_ONCE: usize = 50;
const CLOSES_PAUSE: Duration = Duration::from_millis(2);
/// Receive window of a connection that renews alone: a message and more.
const RENEW_WINDOW_BYTES: u64 = 64 * limits::KIB;
/// How often what has a time is looked at.
const ROUNDS: Duration = Duration::from_secs(60);

/// A gateway that serves.
pub struct Gateway {
    /// Where it listens: the real port, also where 0 was asked for.
    pub address: SocketAddr,
    endpoint: Endpoint,
    practice: Arc<Practice>,
    tasks: Vec<JoinHandle<()>>,
}

/// Why a gateway can not serve.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address can not be had.
    #[error("can not listen at {address}: {error}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// Certificates or keys do not make a TLS configuration.
    #[error("the gateway's certificate can not be used: {0}")]
    Tls(certs::CertsError),
    /// QUIC does not take the configuration.
    #[error("QUIC can not be set up: {0}")]
    Quic(String),
    /// The start can not be written into the journal.
    #[error("the start can not be committed: {0}")]
    Commit(String),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] vault::VaultError),
}

/// Everything that connections share besides the practice.
struct Doors {
    practice: Arc<Practice>,
    enrolment: Arc<Door>,
    /// Whom handshakes let through.
    devices: Arc<Devices>,
    /// What every handshake begins with; its transport is the peer's own.
    config: Mutex<Served>,
    token: TokenKey,
    handshakes: AtomicUsize,
    connections: AtomicUsize,
    by_device: Mutex<HashMap<DeviceId, Vec<Connection>>>,
}

impl Gateway {
    /// Says in the journal that it starts, then opens the doors at `address`.
    ///
    /// # Errors
    /// [`ListenError`].
    pub async fn start(practice: Arc<Practice>, address: SocketAddr) -> Result<Self, ListenError> {
        let socket = endpoint::bind(address).map_err(|error| ListenError::Bind { address, error })?;
        let quic = QuicKeys::read(&practice)?;
        let devices = devices::of(&practice)?;
        let config = server_config(&practice, Arc::clone(&devices), quic.token.clone())?;
        say_started(&practice).await?;
        begin_lists(&practice).await;
        let runtime = Arc::new(quinn::TokioRuntime);
        let endpoint = Endpoint::new(quic.endpoint_config(), Some(config.clone()), socket, runtime)
            .map_err(|error| ListenError::Bind { address, error })?;
        let shared = Arc::clone(&practice);
        if let Err(cause) = operation::blocking(move || operation::take::recount(&shared)).await {
            tracing::error!(%cause, "what was taken today before this start can not be counted");
        }
        let address = endpoint.local_addr().map_err(|error| ListenError::Bind { address, error })?;
        let doors = Arc::new(Doors {
            enrolment: Arc::new(Door::new().map_err(ListenError::Tls)?),
            practice: Arc::clone(&practice),
            devices,
            // No version yet: the first handshake takes the lists.
            config: Mutex::new(Served { keys: practice.keys(), lists: (0, true), config }),
            token: quic.token.clone(),
            handshakes: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            by_device: Mutex::default(),
        });
        let shutting = tokio::spawn(shut_out(Arc::clone(&doors)));
        let accepting = tokio::spawn(accept(endpoint.clone(), doors));
        let rounds = tokio::spawn(rounds(Arc::clone(&practice)));
        let lists = tokio::spawn(crl::keep(Arc::clone(&practice)));
        Ok(Self { address, endpoint, practice, tasks: vec![accepting, rounds, shutting, lists] })
    }

    /// Stops: no more connections, what is being committed is committed, the stop stands in the journal.
    pub async fn stop(self) {
        self.endpoint.set_server_config(None);
        self.practice.buffers.close();
        let code = varint(u64::from(CloseCode::ShuttingDown.number()));
        self.endpoint.close(code, b"");
        let _ = tokio::time::timeout(STOP_PATIENCE, self.endpoint.wait_idle()).await;
        for task in self.tasks {
            task.abort();
            let _ = task.await;
        }
        self.practice.sightings.keep(&self.practice);
        if let Ok(key) = self.practice.entry_key(EntryScope::House) {
            let make = Box::new(move |group: &Group<'_>| {
                let software = Word::parse(SOFTWARE).map_err(|_| protocol::Code::Internal)?;
                Ok(vec![group.made(GatewayStopped { software }, key)?])
            });
            if let Err(refusal) = self.practice.committer.commit(make).await {
                tracing::warn!(code = refusal.code, "the stop could not be committed");
            }
        }
        drop(self.endpoint);
        let practice = self.practice;
        // Tasks of requests that were cut let go of the practice within moments.
        for _ in 0..100 {
            if Arc::strong_count(&practice) <= 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn say_started(practice: &Practice) -> Result<(), ListenError> {
    let key = practice.entry_key(EntryScope::House)?;
    let medium = match practice.disk.medium_of(&practice.folder.join("shred")) {
        host::MediumVerdict::CanForget => Medium::CanForget,
        verdict => {
            let why = verdict.to_string();
            tracing::warn!(%why, "this medium may keep what is overwritten; a certificate of destruction will say so");
            let why = why
                .trim_start_matches("can not: ")
                .chars()
                .filter(|c| matches!(c, ' '..='~'))
                .take(200)
                .collect::<String>();
            Word::parse(&why).map_or(Medium::CanForget, Medium::CanNot)
        }
    };
    let make = Box::new(move |group: &Group<'_>| {
        let software = Word::parse(SOFTWARE).map_err(|_| protocol::Code::Internal)?;
        Ok(vec![group.made(GatewayStarted { software, medium }, key)?])
    });
    match practice.committer.commit(make).await {
        Ok(_) => Ok(()),
        // A clock that is held commits nothing, but an admin must be able to reach the gateway to confirm it.
        Err(refusal) if refusal.known() == Some(protocol::Code::ClockHeld) => Ok(()),
        Err(refusal) => Err(ListenError::Commit(refusal.known().map_or("?", |code| code.word()).to_owned())),
    }
}

/// What is revoked stands on a list before the first handshake.
async fn begin_lists(practice: &Arc<Practice>) {
    let shared = Arc::clone(practice);
    let begun = operation::blocking(move || {
        crl::renew(&shared);
        Ok(())
    });
    let _ = begun.await; // what could not be made, the log says
}

fn server_config(
    practice: &Practice,
    devices: Arc<Devices>,
    token: TokenKey,
) -> Result<ServerConfig, ListenError> {
    let keys = practice.keys();
    let gateway = GatewayTls {
        certificate: &keys.gateway.certificate,
        key: &keys.gateway.key,
        issuing: &keys.served.issuing,
        cross: &keys.served.cross,
        root: &keys.served.root,
    };
    let config =
        tls::gateway_config(&gateway, devices, practice.clock.machine()).map_err(ListenError::Tls)?;
    // As everywhere else: a clock that is set back does not bring an old certificate back, nor make a new one too early.
    let clock = practice.clock.clone();
    let config = tls::judging_at(config, move || clock.now());
    let crypto = QuicServerConfig::try_from(config).map_err(|error| ListenError::Quic(error.to_string()))?;
    let mut server = ServerConfig::new(Arc::new(crypto), token);
    server
        .migration(true)
        .max_incoming(limits::HANDSHAKES_INCOMING_MAX)
        .incoming_buffer_size(64 * limits::KIB)
        .incoming_buffer_size_total(4 * limits::MIB)
        .retry_token_lifetime(Duration::from_secs(15));
    Ok(server)
}

type TokenKey = Arc<dyn quinn::crypto::HandshakeTokenKey>;

/// QUIC's own keys, the same over restarts: no handshake between Retry and its answer is cut by one, and a companion
/// whose connection belonged to a process that is gone is told so, by a stateless reset, as soon as it sends.
struct QuicKeys {
    token: TokenKey,
    reset: Arc<dyn quinn::crypto::HmacKey>,
    connection_ids: ConnectionIds,
}

impl QuicKeys {
    fn read(practice: &Practice) -> Result<Self, ListenError> {
        use aws_lc_rs::{hkdf, hmac};
        let purpose = purpose::of(purpose::QUIC).map_err(|error| ListenError::Quic(error.to_string()))?;
        let secret = practice.vault.open_private(&purpose, practice.quic)?;
        let (token, reset) = secret.split_at(secret.len() / 2);
        let token = hkdf::Salt::new(hkdf::HKDF_SHA256, b"counterfoil/quic-token/v1").extract(token);
        let derived = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice()),
            b"counterfoil/quic-connection-ids/v2",
        );
        let connection_ids = ConnectionIds::new(derived.as_ref()).map_err(vault::VaultError::from)?;
        let reset = hmac::Key::new(hmac::HMAC_SHA256, reset);
        Ok(Self { token: Arc::new(token), reset: Arc::new(reset), connection_ids })
    }

    fn endpoint_config(&self) -> quinn::EndpointConfig {
        let mut config = endpoint::endpoint_config();
        let connection_ids = self.connection_ids.clone();
        config.reset_key(Arc::clone(&self.reset)).cid_generator(move || Box::new(connection_ids.clone()));
        config
    }
}

async fn accept(endpoint: Endpoint, doors: Arc<Doors>) {
    while let Some(incoming) = endpoint.accept().await {
        if !incoming.remote_address_validated() {
            // Retry always: no work and no state for an address that was not shown to be real.
            let _ = incoming.retry();
            continue;
        }
        let is_full = doors.connections.load(Ordering::Acquire) >= limits::CONNECTIONS_MAX;
        if is_full || doors.handshakes.fetch_add(1, Ordering::AcqRel) >= limits::HANDSHAKES_INCOMING_MAX {
            if !is_full {
                doors.handshakes.fetch_sub(1, Ordering::AcqRel);
            }
            incoming.refuse();
            continue;
        }
        tokio::spawn(connect(incoming, Arc::clone(&doors)));
    }
}

async fn connect(incoming: Incoming, doors: Arc<Doors>) {
    let peer = incoming.remote_address();
    let connection = handshake(incoming, peer, doors.config()).await;
    doors.handshakes.fetch_sub(1, Ordering::AcqRel);
    let Some(connection) = connection else { return };
    doors.connections.fetch_add(1, Ordering::AcqRel);
    serve(&connection, &doors).await;
    doors.connections.fetch_sub(1, Ordering::AcqRel);
}

async fn handshake(incoming: Incoming, peer: SocketAddr, mut config: ServerConfig) -> Option<Connection> {
    config.transport_config(endpoint::transport(peer));
    let connecting = incoming.accept_with(Arc::new(config)).ok()?;
    let patience = Duration::from_secs(limits::HANDSHAKE_SECONDS_MAX);
    match tokio::time::timeout(patience, connecting).await {
        Ok(Ok(connection)) => Some(connection),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a handshake failed");
            None
        }
        Err(_) => None,
    }
}

/// Decides what the connection may be, and only then allows it streams.
async fn serve(connection: &Connection, doors: &Arc<Doors>) {
    let practice = &doors.practice;
    let alpn = alpn(connection);
    let leaf = leaf(connection);
    let registry = Lookup(practice);
    if let Some(leaf) = &leaf
        && alpn.as_deref() == Some(tls::ALPN_MAIN)
        && rotation::is_retired(practice, leaf)
    {
        tracing::info!(rule = %Refused::RetiredIssuing, "a connection is refused");
        return close(connection, CloseCode::RenewFirst);
    }
    match admit(alpn.as_deref(), leaf.as_deref(), practice.keys().trust.practice(), practice.now(), &registry)
    {
        Admission::Enrol => {
            connection.set_max_concurrent_bi_streams(varint(1));
            enrol::serve(Arc::clone(practice), Arc::clone(&doors.enrolment), connection.clone()).await;
        }
        Admission::Main(_) => {
            let Some(held) = held(practice, leaf.as_deref()) else { return };
            let device = &held.device;
            if !doors.take_in(device, connection) {
                return;
            }
            renew::presented(practice, &held).await;
            let window = practice.windows.admit();
            connection.set_receive_window(varint(window.bytes()));
            connection.set_max_concurrent_bi_streams(varint(u64::from(limits::STREAMS_MAX)));
            let peer = Peer::admitted(&held, Arc::clone(&practice.registry));
            session::serve(Arc::clone(practice), peer, connection.clone()).await;
            doors.let_go(device.id, connection);
        }
        Admission::Renew(_) => {
            let Some(held) = held(practice, leaf.as_deref()) else { return };
            if !doors.take_in(&held.device, connection) {
                return;
            }
            renew::presented(practice, &held).await;
            connection.set_receive_window(varint(RENEW_WINDOW_BYTES));
            connection.set_max_concurrent_bi_streams(varint(1));
            renew::serve(practice, &Peer::admitted(&held, Arc::clone(&practice.registry)), connection).await;
            doors.let_go(held.device.id, connection);
        }
        Admission::Refused(why) => {
            tracing::info!(rule = %why, "a connection is refused");
            // Who is registered and has slept too long is told, for then it can help itself; all others are told one.
            close(
                connection,
                match why {
                    Refused::RenewFirst => CloseCode::RenewFirst,
                    _ => CloseCode::NotAdmitted,
                },
            );
        }
    }
}

/// Whether a device may have a connection now.
fn is_admitted(device: &Device, now: Timestamp) -> bool {
    matches!(device.standing(), Standing::Bound | Standing::Active) && !device.person.is_over(now)
}

/// Closes the connections of who is let in no more. That nothing is answered to them is not its doing: they are told.
async fn shut_out(doors: Arc<Doors>) {
    let mut denials = doors.practice.registry.denials();
    while denials.changed().await.is_ok() {
        let shut = doors.barred(doors.practice.now());
        if shut.is_empty() {
            continue;
        }
        tracing::info!(connections = shut.len(), "connections of who is let in no more are closed");
        for connection in &shut {
            connection.set_max_concurrent_bi_streams(varint(0));
        }
        for some in shut.chunks(CLOSES_AT_ONCE) {
            some.iter().for_each(|connection| close(connection, CloseCode::Revoked));
            tokio::time::sleep(CLOSES_PAUSE).await;
        }
    }
}

fn close(connection: &Connection, code: CloseCode) {
    connection.close(varint(u64::from(code.number())), b"");
}

/// What handshakes begin with, and the keys and lists that it was made from.
struct Served {
    keys: Arc<Keys>,
    /// Their version, and whether the clock was believed.
    lists: (u64, bool),
    config: ServerConfig,
}

impl Doors {
    /// What the next handshake begins with: made anew when the keys were exchanged or a list was made. Connections that
    /// are there go on as they are.
    fn config(&self) -> ServerConfig {
        let mut served = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        let is_believed = self.practice.clock.is_believed();
        let (keys, lists) = (self.practice.keys(), (self.practice.crls.version(), is_believed));
        let is_exchanged = !Arc::ptr_eq(&served.keys, &keys);
        if is_exchanged || served.lists != lists {
            match devices::hold(&self.practice, &self.devices, is_believed) {
                Ok(()) => served.lists = lists,
                Err(error) => tracing::error!(%error, "new connections are met with the lists of before"),
            }
        }
        if is_exchanged {
            match server_config(&self.practice, Arc::clone(&self.devices), Arc::clone(&self.token)) {
                Ok(config) => (served.keys, served.config) = (keys, config),
                Err(error) => tracing::error!(%error, "new connections are met with the keys of before"),
            }
        }
        served.config.clone()
    }

    /// Counts a device's connection. One too many ends the oldest: a companion that was killed, or whose line was
    /// cut, says no goodbye, and must not be kept out by its own dead connections until their silence is noticed.
    fn hold(&self, device: DeviceId, connection: &Connection) {
        let mut by_device = self.by_device.lock().unwrap_or_else(PoisonError::into_inner);
        let held = by_device.entry(device).or_default();
        held.retain(|connection| connection.close_reason().is_none());
        while held.len() >= limits::CONNECTIONS_PER_DEVICE_MAX {
            close(&held.remove(0), CloseCode::TooManyConnections);
        }
        held.push(connection.clone());
    }

    /// Holds a device's connection. It is found by who shuts out from here on; what was denied before is seen now.
    fn take_in(&self, device: &Device, connection: &Connection) -> bool {
        self.hold(device.id, connection);
        let is_admitted = is_admitted(device, self.practice.now());
        if !is_admitted {
            self.let_go(device.id, connection);
            close(connection, CloseCode::NotAdmitted);
        }
        is_admitted
    }

    /// The connections of devices that may have none now. One that was just declined closes by itself, when it has its
    /// answer.
    fn barred(&self, now: Timestamp) -> Vec<Connection> {
        let by_device = self.by_device.lock().unwrap_or_else(PoisonError::into_inner);
        let barred = by_device.iter().filter(|(id, _)| {
            let device = self.practice.registry.device(**id);
            device.is_none_or(|device| device.standing().is_barred() || device.person.is_over(now))
        });
        barred.flat_map(|(_, connections)| connections.iter().cloned()).collect()
    }

    fn let_go(&self, device: DeviceId, connection: &Connection) {
        let mut by_device = self.by_device.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = by_device.get_mut(&device) {
            held.retain(|held| held.stable_id() != connection.stable_id());
            if held.is_empty() {
                by_device.remove(&device);
            }
        }
    }
}

fn alpn(connection: &Connection) -> Option<Vec<u8>> {
    let data = connection.handshake_data()?.downcast::<quinn::crypto::rustls::HandshakeData>().ok()?;
    data.protocol
}

/// The certificate that the peer has shown.
pub(crate) fn leaf(connection: &Connection) -> Option<Vec<u8>> {
    let chain = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    chain.first().map(|leaf| leaf.as_ref().to_vec())
}

/// The device and its certificate, as the registry has them now.
fn held(practice: &Practice, leaf: Option<&[u8]>) -> Option<Held> {
    practice.registry.by_certificate(&certs::certificate::fingerprint(leaf?))
}

/// The registry as admission asks it.
struct Lookup<'a>(&'a Practice);

impl admission::Registry for Lookup<'_> {
    fn find(&self, leaf: &Sha256Digest) -> Option<admission::Registered> {
        let Held { device, certificate } = self.0.registry.by_certificate(leaf)?;
        let now = self.0.now();
        let standing = match (is_admitted(&device, now), certificate.is_admitted(now)) {
            (false, _) => admission::Standing::Barred,
            (true, true) => admission::Standing::Active,
            (true, false) => {
                renew::superseded(&device);
                admission::Standing::Superseded
            }
        };
        let grace_seconds = device.person.role().grace_seconds();
        Some(admission::Registered {
            device: device.id,
            standing,
            grace_seconds,
            ends: device.person.until(),
        })
    }
}

/// States the denials that are in force and not yet recorded.
async fn settle(practice: &Arc<Practice>) {
    if practice.denials.waiting() == 0 {
        return;
    }
    let shared = Arc::clone(practice);
    if let Ok(Err(refusal)) = tokio::task::spawn_blocking(move || denial::settle(&shared)).await {
        let code = refusal.known().map_or("?", |code| code.word());
        let waiting = practice.denials.waiting();
        tracing::error!(waiting, code, "denials are in force and can not be recorded yet");
    }
}

/// What has a time: uploads and takes that end, invitations that are over.
async fn rounds(practice: Arc<Practice>) {
    let shared = Arc::clone(&practice);
    if let Err(cause) = operation::blocking(move || report::recall(&shared)).await {
        tracing::error!(%cause, "takes from before this start can not be looked through; the next start does it");
    }
    let mut ticks = tokio::time::interval(ROUNDS);
    loop {
        ticks.tick().await;
        settle(&practice).await;
        // Somebody's time may be over.
        practice.registry.tell_denied();
        let shared = Arc::clone(&practice);
        let swept = tokio::task::spawn_blocking(move || {
            end_accepted(&shared.vault, &shared.ledger); // before what is old is dropped
            let ended = shared.vault.uploads().expire(shared.now(), shared.config.upload_age_seconds_max);
            enrol::sweep(&shared);
            rotation::rounds(&shared);
            shared.sightings.tend(&shared);
            shared.watch.tend(&shared);
            ended.len()
        });
        match swept.await {
            Ok(0) | Err(_) => {}
            Ok(count) => tracing::info!(count, "uploads that stood still too long were dropped"),
        }
        report::say_failures(&practice).await;
    }
}

#[cfg(test)]
mod tests;
