//! A connection to the practice's gateway: TLS by the pinned practice, Hello and Welcome, and the streams of requests.
//! "Connected" is said only after the Welcome. Does not try again (see `link`).

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use certs::{Certificate, CertsError, PracticeTrust, tls};
use console::{Arg, failure};
use host::Clock;
use model::{BookId, limits};
use protocol::message::{Books, Content, Hello, WELCOME_RECORDS_MAX, Welcome};
use protocol::record::{Answer, BookList};
use protocol::{Body, CloseCode, List, Message, Text, VERSIONS};
use quinn::VarInt;
use quinn::crypto::rustls::QuicClientConfig;

use crate::device::{Device, certs_failed};
use crate::endpoint;
use crate::practice::Practice;
use crate::records;
use crate::trouble::{self, Again, Lost, Told};
use crate::trust::{self, Kept, Standing};
use crate::wire::{Answers, Asks, WireFailure};

/// How long a handshake may take before another address is tried.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(6);
/// How long the gateway may take to admit. One that died at the end of the handshake says nothing more, not even a
/// reset: the next try must begin before a person has waited too long.
const HELLO_PATIENCE: Duration = Duration::from_secs(8);
/// How long the gateway may take to answer a short request.
pub const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// While something of ours is under way, a living gateway is heard within this; while only keep-alives are, within
/// the second.
pub const SILENCE_SENDING: Duration = Duration::from_secs(3);
/// See [`SILENCE_SENDING`].
pub const SILENCE_WAITING: Duration = Duration::from_secs(12);
/// Each hello brings a few root records, until all that there may be are here.
const HELLOS_MAX: usize = limits::ROOT_RECORDS_MAX / WELCOME_RECORDS_MAX + 1;

/// What the companion calls itself.
pub const SOFTWARE: &str = concat!("counterfoil/", env!("CARGO_PKG_VERSION"));

/// The system that this program runs on.
pub fn platform() -> String {
    format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// Makes connections for one device at one practice.
pub struct Connector {
    practice: Practice,
    /// Exchanged when newer root records were fetched.
    tls: RwLock<rustls::ClientConfig>,
    name: String,
    /// How the device's keys are kept.
    key_store: &'static str,
    /// Where it answered at enrolment, then where the trust bundle says that it is.
    addresses: Vec<String>,
}

/// An admitted connection: the gateway has said who we are. Clones are the same connection.
#[derive(Clone)]
pub struct Connection {
    quic: quinn::Connection,
    /// What the gateway said.
    pub welcome: Arc<Welcome>,
    /// Whether what it says of its keys is of these days.
    pub trust: Standing,
    /// Where it is, as it was asked for.
    pub address: String,
    /// How long the Hello took to be answered.
    pub round_trip: Duration,
    // Kept: with the last handle of its endpoint a connection ends.
    endpoint: quinn::Endpoint,
}

impl Connector {
    /// For a device at a practice.
    ///
    /// # Errors
    /// `certificate-expired`, before anything is sent; certificates that TLS can not use.
    pub fn new(practice: &Practice, device: &Device) -> Told<Self> {
        let leaf = leaf(practice, device)?;
        if practice.now() > leaf.not_after() {
            return Err(failure::certificate_expired(leaf.not_after()));
        }
        Self::with(practice, device, |trust, clock| {
            tls::companion_config(trust, leaf, &device.tls_key, clock)
        })
    }

    /// For a device whose certificate has expired: its connections may renew, and nothing else.
    ///
    /// # Errors
    /// Certificates that TLS can not use.
    pub fn for_renewal(practice: &Practice, device: &Device) -> Told<Self> {
        let leaf = leaf(practice, device)?;
        Self::with(practice, device, |trust, clock| tls::renew_config(trust, leaf, &device.tls_key, clock))
    }

    fn with(
        practice: &Practice,
        device: &Device,
        config: impl FnOnce(&PracticeTrust, &Clock) -> Result<rustls::ClientConfig, CertsError>,
    ) -> Told<Self> {
        let trust = practice.trust()?;
        let tls = config(&trust, practice.clock()).map_err(|error| certs_failed(&error))?;
        let mut addresses = practice.about().addresses.clone();
        for told in practice.bundle(&trust)?.map(|bundle| bundle.addresses).unwrap_or_default() {
            if !addresses.contains(&told) {
                addresses.push(told);
            }
        }
        Ok(Self {
            name: trust.practice().host(),
            practice: practice.clone(),
            tls: RwLock::new(tls),
            key_store: device.sealed_under.kind().word(),
            addresses,
        })
    }

    /// The practice.
    pub fn practice(&self) -> &Practice {
        &self.practice
    }

    /// The address that is shown where none answers.
    pub fn address(&self) -> &str {
        self.addresses.first().map_or("-", String::as_str)
    }

    /// Tries every address once.
    ///
    /// # Errors
    /// What the last one came to; at once where another try is useless.
    pub async fn connect(&self) -> Result<Connection, Lost> {
        let mut last = None;
        for address in &self.addresses {
            let mut tried = self.connect_to(address).await;
            if let Err(lost) = &tried
                && lost.failure.code() == console::FailureCode::GatewayNotGenuine
                && self.learn(address).await
            {
                tried = self.connect_to(address).await;
            }
            match tried {
                Ok(connection) => return Ok(connection),
                Err(lost) if lost.again == Again::Useless => return Err(lost),
                Err(lost) => last = Some(lost),
            }
        }
        Err(last.unwrap_or_else(|| unreachable(self.address(), NO_ADDRESS)))
    }

    /// Whether newer root records came, after which the gateway may be genuine after all.
    async fn learn(&self, address: &str) -> bool {
        let Some(trust) = records::fetch(&self.practice, address).await else { return false };
        let mut config = self.tls.write().unwrap_or_else(PoisonError::into_inner);
        match tls::trusting(&config, &trust) {
            Ok(newer) => *config = newer,
            Err(error) => tracing::warn!(%error, "the newer root records can not be used"),
        }
        true
    }

    /// What a connection begins with.
    fn config(&self) -> Result<quinn::ClientConfig, Lost> {
        let config = self.tls.read().unwrap_or_else(PoisonError::into_inner).clone();
        let config = QuicClientConfig::try_from(config);
        let config = config.map_err(|error| for_good(failure::unexpected(error.to_string())))?;
        Ok(quinn::ClientConfig::new(Arc::new(config)))
    }

    async fn connect_to(&self, address: &str) -> Result<Connection, Lost> {
        let connected = connect_quic(self.config()?, address, &self.name).await;
        let (endpoint, quic) = connected.map_err(|lost| lost.by_clock(self.practice.now()))?;
        let hello = async {
            let begun = self.practice.clock().monotonic();
            let (welcome, trust) = self.hello(&quic).await?;
            let round_trip = self.practice.clock().monotonic().saturating_sub(begun);
            Ok((Arc::new(welcome), trust, round_trip))
        };
        let said = match tokio::time::timeout(HELLO_PATIENCE, hello).await {
            Ok(said) => said,
            Err(_) => Err(WireFailure::Silent),
        };
        let (welcome, trust, round_trip) = said.map_err(|error| self.hello_failed(&error, address))?;
        let address = address.to_owned();
        let connection = Connection { quic, welcome, trust, address, round_trip, endpoint };
        match connection.welcome.device == self.practice.about().device {
            true => Ok(connection),
            false => Err(for_good(failure::answer_malformed("it takes us for another device"))),
        }
    }

    /// Says hello until no root record is missing, and keeps what is newer.
    async fn hello(&self, quic: &quinn::Connection) -> Result<(Welcome, Standing), WireFailure> {
        for _ in 0..HELLOS_MAX {
            let trust = self.practice.trust().map_err(WireFailure::Here)?;
            let bundle = self.practice.bundle(&trust).map_err(WireFailure::Here)?;
            let hello = Hello {
                versions: List::new(VERSIONS.to_vec())?,
                software: Text::new(SOFTWARE)?,
                root_record: u32::try_from(trust.number()).unwrap_or(u32::MAX),
                bundle: bundle.as_ref().and_then(|bundle| u32::try_from(bundle.version).ok()),
                platform: Some(Text::cut(&platform())),
                key_store: Some(Text::cut(self.key_store)),
            };
            let (mut asks, mut answers) = open(quic).await?;
            asks.send(hello).await?;
            asks.finish();
            let welcome: Welcome = answers.due().await?;
            match trust::keep(&self.practice, trust, &welcome).map_err(WireFailure::Here)? {
                Kept::More => {}
                Kept::All(standing) => return Ok((welcome, standing)),
            }
        }
        Err(WireFailure::Here(failure::answer_malformed("its root records do not end")))
    }

    fn hello_failed(&self, error: &WireFailure, address: &str) -> Lost {
        match error {
            WireFailure::Connection(error) => trouble::lost(error, address),
            WireFailure::Refused(refusal) => {
                let failure = trouble::refused(refusal);
                Lost { failure, again: if refusal.retryable { Again::Worth } else { Again::Useless } }
            }
            WireFailure::Here(failure) => for_good(failure.clone()),
            WireFailure::Protocol(error) => for_good(failure::answer_malformed(error.to_string())),
            WireFailure::Reset | WireFailure::Silent => unreachable(address, SILENT),
        }
    }
}

fn leaf<'a>(practice: &Practice, device: &'a Device) -> Told<&'a Certificate> {
    device.tls_chain.first().ok_or_else(|| failure::device_key_damaged(practice.folder()))
}

/// A QUIC connection to the first of an address's hosts that answers.
pub(crate) async fn connect_quic(
    config: quinn::ClientConfig,
    address: &str,
    name: &str,
) -> Result<(quinn::Endpoint, quinn::Connection), Lost> {
    let found = tokio::net::lookup_host(with_port(address)).await;
    let found: Vec<SocketAddr> = found.map_err(|_| unreachable(address, NO_ADDRESS))?.collect();
    let mut last = unreachable(address, NO_ADDRESS);
    for peer in found {
        let endpoint = match endpoint::endpoint_for(peer) {
            Ok(endpoint) => endpoint,
            Err(error) => {
                last = unreachable(address, Arg::cause(&error));
                continue;
            }
        };
        let mut config = config.clone();
        config.transport_config(endpoint::transport(peer));
        let connecting = match endpoint.connect_with(config, peer, name) {
            Ok(connecting) => connecting,
            Err(error) => {
                last = unreachable(address, Arg::shown(error));
                continue;
            }
        };
        match tokio::time::timeout(HANDSHAKE_PATIENCE, connecting).await {
            Ok(Ok(connection)) => return Ok((endpoint, connection)),
            Ok(Err(error)) => last = trouble::lost(&error, address),
            Err(_) => last = unreachable(address, SILENT),
        }
        if last.again == Again::Useless {
            break;
        }
    }
    Err(last)
}

/// The port where an address names none.
const PORT: u16 = 4433;

/// `host`, `host:port`, `1.2.3.4:port`, `[::1]:port`, `::1`: with the port.
pub(crate) fn with_port(address: &str) -> String {
    let bare_v6 = address.parse::<std::net::Ipv6Addr>().is_ok();
    match (bare_v6, address.rsplit_once(':')) {
        (true, _) => format!("[{address}]:{PORT}"),
        (false, Some((_, port))) if port.parse::<u16>().is_ok() => address.to_owned(),
        _ => format!("{address}:{PORT}"),
    }
}

const SILENT: Arg<'static> = Arg::Message("cause-timeout");
const NO_ADDRESS: Arg<'static> = Arg::Message("cause-name");

fn unreachable(address: &str, cause: Arg<'_>) -> Lost {
    Lost { failure: failure::gateway_unreachable(address, cause), again: Again::Worth }
}

fn for_good(failure: console::Failure) -> Lost {
    Lost { failure, again: Again::Useless }
}

async fn open(quic: &quinn::Connection) -> Result<(Asks, Answers), WireFailure> {
    let (send, receive) = quic.open_bi().await.map_err(WireFailure::Connection)?;
    Ok((Asks(send), Answers(receive)))
}

impl Connection {
    /// A stream for one request; waits while the gateway gives no more streams.
    ///
    /// # Errors
    /// The connection is gone, or no stream is given for too long.
    pub async fn open(&self) -> Result<(Asks, Answers), WireFailure> {
        tokio::time::timeout(ANSWER_PATIENCE, open(&self.quic)).await.unwrap_or(Err(WireFailure::Silent))
    }

    /// Asks with one message; the answer is one too.
    ///
    /// # Errors
    /// As [`Answers::due`]; [`WireFailure::Silent`].
    pub async fn ask_one<T: Body<Message>>(&self, request: impl Into<Message>) -> Result<T, WireFailure> {
        let (mut asks, mut answers) = self.open().await?;
        asks.send(request).await?;
        asks.finish();
        let answer = self.unless_silent(SILENCE_WAITING, answers.due::<T>());
        tokio::time::timeout(ANSWER_PATIENCE, answer).await.unwrap_or(Err(WireFailure::Silent))
    }

    /// Asks with one message; the answer is a long one.
    ///
    /// # Errors
    /// As [`Answers::long`]; [`WireFailure::Silent`].
    pub async fn ask<T: Answer>(&self, request: impl Into<Message>) -> Result<T, WireFailure> {
        let long = self.ask_long(request, limits::ANSWER_BYTES_MAX).await?;
        Ok(long.answer()?)
    }

    /// Asks with one message; the answer is `content` of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// As [`Connection::ask`].
    pub async fn ask_for(
        &self,
        request: impl Into<Message>,
        content: Content,
        bytes_max: usize,
    ) -> Result<Vec<u8>, WireFailure> {
        Ok(self.ask_long(request, bytes_max).await?.only(content)?)
    }

    /// Asks with one message; the answer is one too.
    ///
    /// # Errors
    /// As [`Connection::ask`].
    pub async fn ask_short<T: protocol::Body<Message>>(
        &self,
        request: impl Into<Message>,
    ) -> Result<T, WireFailure> {
        let (mut asks, mut answers) = self.open().await?;
        asks.send(request).await?;
        asks.finish();
        let answer = self.unless_silent(SILENCE_WAITING, answers.due());
        tokio::time::timeout(ANSWER_PATIENCE, answer).await.unwrap_or(Err(WireFailure::Silent))
    }

    /// What the TLS exporter gives on this connection (RFC 8446 section 7.5).
    pub fn exporter(&self, label: &[u8], context: &[u8]) -> Option<certs::enrolment::Exporter> {
        let mut exporter = [0; certs::enrolment::EXPORTER_BYTES];
        self.quic.export_keying_material(&mut exporter, label, context).ok()?;
        Some(exporter)
    }

    async fn ask_long(
        &self,
        request: impl Into<Message>,
        bytes_max: usize,
    ) -> Result<protocol::long::Long, WireFailure> {
        let (mut asks, mut answers) = self.open().await?;
        asks.send(request).await?;
        asks.finish();
        let answer = self.unless_silent(SILENCE_WAITING, answers.long(bytes_max));
        let answer = tokio::time::timeout(ANSWER_PATIENCE, answer);
        answer.await.unwrap_or(Err(WireFailure::Silent))
    }

    /// The books that the person may use, by name; kept for the next time.
    ///
    /// # Errors
    /// As [`Connection::ask`]; the disk's.
    pub async fn books(&self, practice: &Practice) -> Result<BookList, WireFailure> {
        let books: BookList = self.ask(Books {}).await?;
        practice.store_books(&book_names(&books)).map_err(WireFailure::Here)?;
        Ok(books)
    }

    /// Waits for `wanted` while anything at all is heard from the other side; for who has sent something that must be
    /// answered at once, if only by an acknowledgement of QUIC. So a gateway that died is noticed long before the
    /// idle timeout, and a slow line is not taken for a dead one.
    ///
    /// # Errors
    /// [`WireFailure::Silent`] when nothing was heard for `patience`; what `wanted` fails with.
    pub async fn unless_silent<T>(
        &self,
        patience: Duration,
        wanted: impl Future<Output = Result<T, WireFailure>>,
    ) -> Result<T, WireFailure> {
        let silence = async {
            let mut heard = self.heard();
            loop {
                tokio::time::sleep(patience).await;
                let now = self.heard();
                if std::mem::replace(&mut heard, now) == now {
                    return;
                }
            }
        };
        tokio::select! {
            done = wanted => done,
            () = silence => Err(WireFailure::Silent),
        }
    }

    /// How many datagrams came from the other side so far.
    pub fn heard(&self) -> u64 {
        self.quic.stats().udp_rx.datagrams
    }

    /// Whether it is gone.
    pub fn is_closed(&self) -> bool {
        self.quic.close_reason().is_some()
    }

    /// Says goodbye. What was asked and not answered is given up.
    pub async fn close(&self) {
        self.quic.close(VarInt::from_u32(u32::from(CloseCode::Done.number())), b"");
        // A goodbye that gets lost costs the gateway an idle timeout, us nothing.
        let _ = tokio::time::timeout(Duration::from_millis(200), self.endpoint.wait_idle()).await;
    }
}

/// The books' ids and names.
pub fn book_names(books: &BookList) -> Vec<(BookId, String)> {
    books.books.iter().map(|row| (row.book, row.name.as_str().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_port_has_ours() {
        for (given, meant) in [
            ("gw.example.cn", "gw.example.cn:4433"),
            ("gw.example.cn:9", "gw.example.cn:9"),
            ("127.0.0.1", "127.0.0.1:4433"),
            ("[::1]:5", "[::1]:5"),
            ("::1", "[::1]:4433"),
            ("[::1]", "[::1]:4433"),
        ] {
            assert_eq!(with_port(given), meant);
        }
    }

    #[tokio::test]
    async fn nobody_there_is_unreachable_and_worth_another_try() {
        let clock = host::Clock::system();
        let tls = QuicClientConfig::try_from(tls::enrol_config(&clock).unwrap()).unwrap();
        let config = quinn::ClientConfig::new(Arc::new(tls));
        let lost =
            connect_quic(config, "no-such-host.invalid", "x.counterfoil.internal").await.err().unwrap();
        assert_eq!(lost.again, Again::Worth);
        assert_eq!(lost.failure.exit(), console::Exit::Unreachable);
    }
}
