//! The enrolment door as somebody stands before it who has no certificate: from any address of this machine, with a
//! proof that may be spoilt, or with half a message and no more. Judges nothing.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use certs::Typed;
use certs::enrolment::{CompanionEnrolment, Device, DeviceKeys, EXPORTER_BYTES, EXPORTER_LABEL};
use certs::tls;
use protocol::Code;
use protocol::enrol::{self, Due, Step};
use protocol::frame::HEAD_BYTES;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ConnectionError, RecvStream, SendStream};
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SigningKey};
use tokio::runtime::Runtime;

use crate::Peer;

/// How long anything may take that the gateway answers at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody before the door, at one address.
pub struct Visitor {
    connection: quinn::Connection,
    endpoint: quinn::Endpoint,
    // Last: both end with it.
    runtime: Runtime,
}

type Streams = (SendStream, RecvStream);

/// An enrolment whose proof is not said yet.
pub struct Halfway<'a> {
    visitor: &'a Visitor,
    request: Vec<u8>,
    streams: Streams,
}

impl Halfway<'_> {
    /// Says it.
    ///
    /// # Panics
    /// The gateway breaks the exchange off.
    pub fn say(self) -> Told {
        self.visitor.soon(end(&self.request, self.streams))
    }
}

/// What a visitor was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// A reply with this status.
    Replied(u8),
    /// A refusal before anything was proven.
    Refused(Option<Code>),
}

impl Visitor {
    /// Comes from `from`, an address of the loopback, to enrol.
    ///
    /// # Panics
    /// There is no gateway.
    pub fn come(from: Ipv4Addr, to: SocketAddr) -> Self {
        let config = tls::enrol_config(&host::Clock::system()).expect("a configuration");
        let come = Self::come_with(from, to, config, tls::ENROL_SERVER_NAME);
        come.unwrap_or_else(|error| panic!("no gateway at {to}: {error}"))
    }

    /// Comes to speak another protocol.
    ///
    /// # Errors
    /// The handshake fails.
    pub fn come_for(to: SocketAddr, alpn: &[u8]) -> Result<Self, ConnectionError> {
        let mut config = tls::enrol_config(&host::Clock::system()).expect("a configuration");
        config.alpn_protocols = vec![alpn.to_vec()];
        Self::come_with(Ipv4Addr::LOCALHOST, to, config, tls::ENROL_SERVER_NAME)
    }

    /// Comes as a device does that shows no certificate.
    ///
    /// # Errors
    /// The handshake fails.
    ///
    /// # Panics
    /// The peer's practice has no trust.
    pub fn come_without_certificate(peer: &Peer, to: SocketAddr) -> Result<Self, ConnectionError> {
        let trust = peer.practice.trust().expect("whom it trusts");
        let (leaf, key) = (&peer.device.tls_chain[0], &peer.device.tls_key);
        let config = tls::companion_config(&trust, leaf, key, peer.practice.clock());
        let mut config = config.expect("a configuration");
        config.client_auth_cert_resolver = Arc::new(NoCertificate);
        Self::come_with(Ipv4Addr::LOCALHOST, to, config, &trust.practice().host())
    }

    /// Shows these certificates under this key instead of the peer's own; how the gateway ends it, as it goes over the
    /// wire.
    ///
    /// # Panics
    /// It is let in.
    pub fn show(peer: &Peer, to: SocketAddr, chain: &[Vec<u8>], key: &Arc<dyn SigningKey>) -> String {
        let trust = peer.practice.trust().expect("whom it trusts");
        let (leaf, own) = (&peer.device.tls_chain[0], &peer.device.tls_key);
        let config = tls::companion_config(&trust, leaf, own, peer.practice.clock());
        let mut config = config.expect("a configuration");
        let chain = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        // A resolver of our own: the stock one refuses to load what is no good certificate.
        let shown = Shown(Arc::new(CertifiedKey::new(chain, Arc::clone(key))));
        config.client_auth_cert_resolver = Arc::new(shown);
        let error = match Self::come_with(Ipv4Addr::LOCALHOST, to, config, &trust.practice().host()) {
            Ok(visitor) => visitor.soon(visitor.connection.closed()),
            Err(error) => error,
        };
        match error {
            ConnectionError::ConnectionClosed(close) => {
                format!("{} {}", u64::from(close.error_code), String::from_utf8_lossy(&close.reason))
            }
            other => format!("{other:?}"),
        }
    }

    fn come_with(
        from: Ipv4Addr,
        to: SocketAddr,
        config: rustls::ClientConfig,
        name: &str,
    ) -> Result<Self, ConnectionError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let config = QuicClientConfig::try_from(config).expect("a configuration for QUIC");
        let config = quinn::ClientConfig::new(Arc::new(config));
        let (endpoint, connected) = runtime.block_on(async {
            let endpoint = quinn::Endpoint::client((IpAddr::V4(from), 0).into()).expect("a socket");
            let connecting = endpoint.connect_with(config, to, name).expect("an address");
            let connected =
                tokio::time::timeout(PATIENCE, connecting).await.expect("an end of the handshake");
            (endpoint, connected)
        });
        Ok(Self { connection: connected?, endpoint, runtime })
    }

    /// Enrols by an invitation; `spoil` may change the proof before it is sent.
    ///
    /// # Panics
    /// The gateway breaks the exchange off.
    pub fn enrol(&self, invitation: &Typed, spoil: impl Fn(&mut [u8])) -> Told {
        self.soon(self.exchange(invitation, "visitor", spoil))
    }

    /// Enrols by an invitation as a device that calls itself so.
    ///
    /// # Panics
    /// The gateway breaks the exchange off.
    pub fn enrol_as(&self, invitation: &Typed, label: &str) -> Told {
        self.soon(self.exchange(invitation, label, |_| {}))
    }

    /// Goes as far as the proof, which `spoil` may change, and waits with it.
    ///
    /// # Panics
    /// The gateway breaks the exchange off.
    pub fn prove(&self, invitation: &Typed, spoil: impl Fn(&mut [u8])) -> Halfway<'_> {
        let begun = self.soon(self.begin(invitation, "visitor", spoil));
        begun.map(|(request, streams)| Halfway { visitor: self, request, streams }).expect("an offer")
    }

    /// Asks with an invitation's number alone, and answers the Offer with a Request that proves nothing: how long Offer and
    /// Reply are, and the status.
    ///
    /// # Panics
    /// The gateway breaks the exchange off.
    pub fn probe(&self, invitation: &Typed) -> (usize, usize, u8) {
        let hello = CompanionEnrolment::start(invitation).expect("randomness");
        self.soon(async {
            let (mut send, mut receive) = self.connection.open_bi().await.expect("a stream");
            send_step(&mut send, Step::Hello, hello.hello()).await;
            let Due::Body(offer) = receive_step(&mut receive, Step::Offer).await else { panic!("no offer") };
            send_step(&mut send, Step::Request, &unproven()).await;
            let Due::Body(reply) = receive_step(&mut receive, Step::Reply).await else { panic!("no reply") };
            (offer.len(), reply.len(), status(&reply))
        })
    }

    async fn exchange(&self, invitation: &Typed, label: &str, spoil: impl Fn(&mut [u8])) -> Told {
        match self.begin(invitation, label, spoil).await {
            Ok((request, streams)) => end(&request, streams).await,
            Err(told) => told,
        }
    }

    async fn begin(
        &self,
        invitation: &Typed,
        label: &str,
        spoil: impl Fn(&mut [u8]),
    ) -> Result<(Vec<u8>, Streams), Told> {
        let enrolment = CompanionEnrolment::start(invitation).expect("randomness");
        let mut exporter = [0; EXPORTER_BYTES];
        let context = enrolment.exporter_context();
        let exported = self.connection.export_keying_material(&mut exporter, EXPORTER_LABEL, &context);
        exported.expect("an exporter");
        let presented = self.connection.peer_identity().expect("a certificate");
        let presented = presented.downcast::<Vec<CertificateDer<'static>>>().expect("certificates");
        let (mut send, mut receive) = self.connection.open_bi().await.expect("a stream");
        send_step(&mut send, Step::Hello, enrolment.hello()).await;
        let offer = match receive_step(&mut receive, Step::Offer).await {
            Due::Body(offer) => offer,
            Due::Refused(refusal) => return Err(Told::Refused(Code::from_number(refusal.code.into()))),
        };
        let offered = enrolment.offer(&exporter, &presented, &offer).expect("a proof of the gateway");
        let keys = DeviceKeys::generate().expect("randomness");
        let device = Device { label: label.into(), platform: "test".into(), language: "en".into() };
        let (_, mut request) = offered.request(&keys, &device).expect("a request");
        spoil(&mut request);
        Ok((request, (send, receive)))
    }

    /// Says which invitation, then that a Request of so many bytes comes; whether the gateway waits for it.
    ///
    /// # Panics
    /// There is no Offer.
    pub fn is_waited_for(&self, invitation: &Typed, bytes: u32) -> bool {
        let hello = CompanionEnrolment::start(invitation).expect("randomness");
        self.soon(async {
            let (mut send, mut receive) = self.connection.open_bi().await.expect("a stream");
            send_step(&mut send, Step::Hello, hello.hello()).await;
            let Due::Body(_) = receive_step(&mut receive, Step::Offer).await else { panic!("no offer") };
            send.write_all(&bytes.to_be_bytes()).await.expect("a stream that is open");
            let moment = Duration::from_millis(1500);
            tokio::time::timeout(moment, receive.read_to_end(1 << 16)).await.is_err()
        })
    }

    /// Begins to say which invitation, and says no more; the stream stays open as long as what is returned.
    ///
    /// # Panics
    /// It is given no stream.
    pub fn half_a_hello(&self) -> SendStream {
        self.soon(async {
            let (mut send, _) = self.connection.open_bi().await.expect("a stream");
            send.write_all(&[0, 0]).await.expect("a stream that is open");
            send
        })
    }

    /// Says goodbye.
    pub fn leave(self) {
        self.connection.close(quinn::VarInt::from_u32(0), b"");
        self.soon(self.endpoint.wait_idle());
    }

    /// Waits for the end of the connection; the code with which the gateway closed it.
    ///
    /// # Panics
    /// It does not end, or ends otherwise.
    pub fn closed(&self) -> u64 {
        match self.soon(self.connection.closed()) {
            ConnectionError::ApplicationClosed(close) => close.error_code.into_inner(),
            other => panic!("{other}"),
        }
    }

    /// Whether a stream is given within a moment.
    pub fn is_given_a_stream(&self) -> bool {
        let moment = Duration::from_millis(300);
        let opened = async { tokio::time::timeout(moment, self.connection.open_bi()).await };
        matches!(self.runtime.block_on(opened), Ok(Ok(_)))
    }

    fn soon<T>(&self, wanted: impl Future<Output = T>) -> T {
        let wanted = async { tokio::time::timeout(PATIENCE, wanted).await };
        self.runtime.block_on(wanted).unwrap_or_else(|_| panic!("nothing came for {PATIENCE:?}"))
    }
}

/// Certificates as they are, good or not.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A device that keeps its certificate to itself.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

async fn end(request: &[u8], (mut send, mut receive): Streams) -> Told {
    send_step(&mut send, Step::Request, request).await;
    match receive_step(&mut receive, Step::Reply).await {
        Due::Body(reply) => Told::Replied(status(&reply)),
        Due::Refused(refusal) => Told::Refused(Code::from_number(refusal.code.into())),
    }
}

/// A Request that is right in form: `[{0: 1, 1: SPKI, 2: SPKI, 3: "x", 4: "x", 5: "en"}, signature, signature, mac]`.
fn unproven() -> Vec<u8> {
    let keys = DeviceKeys::generate().expect("randomness");
    let mut body = vec![0xa6, 0x00, 0x01];
    for (member, key) in [(1, &keys.tls), (2, &keys.signing)] {
        body.extend([member, 0x58, 91]);
        body.extend(key.spki_der());
    }
    body.extend(b"\x03\x61x\x04\x61x\x05\x62en");
    let mut request = vec![0x84, 0x58, u8::try_from(body.len()).expect("a short body")];
    request.extend(body);
    for bytes in [64, 64, 32] {
        request.extend([0x58, bytes]);
        request.resize(request.len() + usize::from(bytes), 7);
    }
    request
}

async fn send_step(send: &mut SendStream, step: Step, body: &[u8]) {
    let frame = enrol::encode(step, body).expect("a step within its bound");
    // Who is refused at once takes no more; the refusal is what counts.
    let _ = send.write_all(&frame).await;
}

async fn receive_step(receive: &mut RecvStream, step: Step) -> Due {
    let mut head = [0; HEAD_BYTES];
    receive.read_exact(&mut head).await.expect("an answer");
    let mut body = vec![0; enrol::body_bytes(step, head).expect("a step within its bound")];
    receive.read_exact(&mut body).await.expect("a whole answer");
    enrol::read(step, &body).expect("a step")
}

/// The status in a reply, whose proof is only for who has proven something: `{0: version 1, 1: status, …}`.
fn status(reply: &[u8]) -> u8 {
    let members = reply.windows(4).find(|window| window.starts_with(&[0x00, 0x01, 0x01]));
    members.and_then(|window| window.last().copied()).expect("a status")
}
