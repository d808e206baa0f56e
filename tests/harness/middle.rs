//! Somebody in the middle of an enrolment: with certificates of their own making, and either an Offer of their own or the
//! true gateway's, passed on from a second connection. Keeps every byte that the companion sends. Judges nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use certs::admission::Refused;
use certs::enrolment::{EXPORTER_LABEL, Exporter, GatewayEnrolment, GatewayHello};
use certs::invitation::Secret;
use certs::tls::{self, Devices, Door, GatewayTls, Lists};
use certs::{Certificate, InvitationKeys, IssuingAuthority, PrivateKey, Purpose, Root, RootRecord, Serial};
use protocol::enrol::{self, Due, Step};
use protocol::frame::HEAD_BYTES;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{Connection, Endpoint, RecvStream};
use tokio::runtime::Runtime;

/// How long the companion may take for what it says next.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the one in the middle does.
#[derive(Debug, Clone, Copy)]
pub enum Doing {
    /// Answers with an Offer of a practice of its own, under a secret that it guesses.
    Guesses,
    /// Passes what it is told on to the true gateway, and the answers back.
    Relays(SocketAddr),
}

/// Somebody in the middle.
pub struct Middle {
    /// Where it is.
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    // Last: all ends with it.
    _runtime: Runtime,
}

/// Lets everybody in.
pub(crate) struct Open;

impl Door for Open {
    fn judge(&self, _: &[u8]) -> Result<(), Refused> {
        Ok(())
    }

    fn refused(&self, _: Refused) {}
}

/// The certificates of a practice that nobody knows.
struct Own {
    root: Root,
    issuing: IssuingAuthority,
    key: PrivateKey,
    certificate: Certificate,
    record: RootRecord,
}

impl Own {
    fn made() -> Self {
        let now = model::Timestamp::from_unix_ms(host::Clock::system().unix_ms());
        let root = Root::create(now).expect("a root");
        let issuing = IssuingAuthority::create_under(&root, 1, now).expect("an authority");
        let (key, spare) = (PrivateKey::generate().expect("a key"), PrivateKey::generate().expect("a key"));
        let serial = Serial::random().expect("a number");
        let certificate = issuing.issue(Purpose::Gateway, key.public(), serial, now).expect("a certificate");
        let record = RootRecord::first(&root, spare.key_hash(), now).expect("a record");
        Self { root, issuing, key, certificate, record }
    }
}

/// An endpoint of the loopback that shows these certificates, to devices of that issuing authority.
pub(crate) fn endpoint(shown: &GatewayTls<'_>, devices: &Certificate) -> Endpoint {
    let issuing = [devices.clone()];
    let uri = shown.certificate.uri().expect("a gateway's certificate has a URI");
    let id = uri.trim_start_matches("spiffe://").split('.').next().expect("a practice");
    let id = model::PracticeId::parse(id).expect("a practice");
    let devices = Devices::new(id, &issuing, Lists::Unasked, Arc::new(Open)).expect("anchors");
    let config = tls::gateway_config(shown, Arc::new(devices), &host::Clock::system()).expect("for TLS");
    let config = QuicServerConfig::try_from(config).expect("for QUIC");
    let config = quinn::ServerConfig::with_crypto(Arc::new(config));
    Endpoint::server(config, (Ipv4Addr::LOCALHOST, 0).into()).expect("a socket")
}

pub(crate) fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime")
}

impl Middle {
    /// Stands there.
    ///
    /// # Panics
    /// The machine gives no socket, or no randomness.
    pub fn stand(doing: Doing) -> Self {
        let runtime = runtime();
        let own = Own::made();
        let shown = GatewayTls {
            certificate: &own.certificate,
            key: &own.key,
            issuing: own.issuing.certificate(),
            cross: &[],
            root: own.root.certificate(),
        };
        let entered = runtime.enter();
        let endpoint = endpoint(&shown, own.issuing.certificate());
        drop(entered);
        let address = endpoint.local_addr().expect("an address");
        let heard: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let keeps = Arc::clone(&heard);
        runtime.spawn(async move {
            let own = Arc::new(own);
            while let Some(incoming) = endpoint.accept().await {
                let (own, keeps) = (Arc::clone(&own), Arc::clone(&keeps));
                tokio::spawn(async move {
                    if let Ok(connection) = incoming.await {
                        let _ = meet(&connection, &own, doing, &keeps).await;
                    }
                });
            }
        });
        Self { address, heard, _runtime: runtime }
    }

    /// The steps that the companion has sent, whole or not.
    pub fn heard(&self) -> Vec<Vec<u8>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One exchange; `None` where somebody breaks off.
async fn meet(connection: &Connection, own: &Own, doing: Doing, heard: &Mutex<Vec<Vec<u8>>>) -> Option<()> {
    let keep = |bytes: Vec<u8>| heard.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
    connection.set_max_concurrent_bi_streams(1u32.into());
    let (mut send, mut receive) = connection.accept_bi().await.ok()?;
    let hello = step(&mut receive, Step::Hello).await?;
    keep(hello.clone());
    let (offer, onward) = match doing {
        Doing::Guesses => (guess(connection, own, &hello), None),
        Doing::Relays(to) => {
            let mut onward = Onward::open(to).await?;
            onward.send(Step::Hello, &hello).await?;
            let offer = step(&mut onward.receive, Step::Offer).await?;
            (offer, Some(onward))
        }
    };
    send.write_all(&enrol::encode(Step::Offer, &offer).ok()?).await.ok()?;
    // Whatever comes now was made with the secret in hand.
    let rest = tokio::time::timeout(PATIENCE, receive.read_to_end(1 << 20)).await;
    if let Ok(Ok(rest)) = rest
        && !rest.is_empty()
    {
        keep(rest.clone());
        if let Some(mut onward) = onward {
            onward.send_raw(&rest).await?;
            let reply = step(&mut onward.receive, Step::Reply).await?;
            send.write_all(&enrol::encode(Step::Reply, &reply).ok()?).await.ok()?;
        }
    }
    connection.closed().await;
    Some(())
}

fn guess(connection: &Connection, own: &Own, hello: &[u8]) -> Vec<u8> {
    let hello = GatewayHello::read(hello).expect("a hello");
    let mut exporter: Exporter = [0; 32];
    let exported =
        connection.export_keying_material(&mut exporter, EXPORTER_LABEL, &hello.exporter_context());
    exported.expect("an exporter");
    let keys = InvitationKeys::derive(&Secret::random().expect("randomness"), hello.id, &own.root.pin());
    let now = model::Timestamp::from_unix_ms(host::Clock::system().unix_ms());
    GatewayEnrolment::offer(hello, &exporter, keys, &[&own.record], now).expect("an offer").1
}

async fn step(receive: &mut RecvStream, step: Step) -> Option<Vec<u8>> {
    let mut head = [0; HEAD_BYTES];
    receive.read_exact(&mut head).await.ok()?;
    let mut body = vec![0; enrol::body_bytes(step, head).ok()?];
    receive.read_exact(&mut body).await.ok()?;
    match enrol::read(step, &body).ok()? {
        Due::Body(body) => Some(body),
        Due::Refused(_) => None,
    }
}

/// The second leg.
struct Onward {
    send: quinn::SendStream,
    receive: RecvStream,
    _connection: Connection,
    _endpoint: Endpoint,
}

impl Onward {
    async fn open(to: SocketAddr) -> Option<Self> {
        let config = tls::enrol_config(&host::Clock::system()).ok()?;
        let config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(config).ok()?));
        let endpoint = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).ok()?;
        let connecting = endpoint.connect_with(config, to, tls::ENROL_SERVER_NAME).ok()?;
        let connection = connecting.await.ok()?;
        let (send, receive) = connection.open_bi().await.ok()?;
        Some(Self { send, receive, _connection: connection, _endpoint: endpoint })
    }

    async fn send(&mut self, step: Step, body: &[u8]) -> Option<()> {
        self.send_raw(&enrol::encode(step, body).ok()?).await
    }

    async fn send_raw(&mut self, bytes: &[u8]) -> Option<()> {
        self.send.write_all(bytes).await.ok()
    }
}
