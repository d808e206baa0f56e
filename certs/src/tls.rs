//! The TLS configurations: gateway, companion, renewal, enrolment. TLS 1.3 only, hybrid key exchange first, P-256
//! signatures only, no tickets, no early data, no SNI. QUIC is put around them elsewhere.

use std::sync::Arc;

use host::Clock;
use model::{PracticeId, Timestamp};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme,
};

mod devices;

pub use devices::{Devices, Door, Lists};

use crate::certificate::{CERTIFICATE_BYTES_MAX, CHAIN_MAX};
use crate::{Certificate, CertsError, PracticeTrust, PrivateKey, Profile, Purpose};

mod rehearsal;

pub use rehearsal::rehearse;

/// The main protocol: a registered device and nobody else.
pub const ALPN_MAIN: &[u8] = b"counterfoil/1";
/// Renewal of a certificate that has expired, as long as its grace lasts: nothing else.
pub const ALPN_RENEW: &[u8] = b"counterfoil-renew/1";
/// Enrolment: nobody has a certificate yet.
pub const ALPN_ENROL: &[u8] = b"counterfoil-enrol/1";

/// The caller's clock as TLS asks it.
#[derive(Debug)]
struct TlsClock(Clock);

impl TimeProvider for TlsClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_millis(self.0.unix_ms())))
    }
}

/// A clock of the caller's own making.
struct Told<T>(T);

impl<T> std::fmt::Debug for Told<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Told")
    }
}

impl<T: Fn() -> Timestamp + Send + Sync> TimeProvider for Told<T> {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(self.0()))
    }
}

/// The same configuration, which judges by this time and not by the machine's.
#[must_use]
pub fn judging_at(
    mut config: ServerConfig,
    now: impl Fn() -> Timestamp + Send + Sync + 'static,
) -> ServerConfig {
    config.time_provider = Arc::new(Told(now));
    config
}

/// What the gateway shows.
pub struct GatewayTls<'a> {
    /// The gateway's certificate.
    pub certificate: &'a Certificate,
    /// Its key.
    pub key: &'a PrivateKey,
    /// The issuing certificate above it.
    pub issuing: &'a Certificate,
    /// Cross-certificates that lead from its root to older ones, the newest first.
    pub cross: &'a [Certificate],
    /// The root above that; shown on the enrolment ALPN alone.
    pub root: &'a Certificate,
}

/// The gateway's configuration: all ALPNs, a client certificate asked for but optional, so that enrolment works
/// on the same port. Whom it lets through are `devices`; what comes out of the handshake goes to [`crate::admit`]
/// before any stream is allowed.
///
/// # Errors
/// [`CertsError::Tls`] for certificates or a key that TLS can not use, [`CertsError::KeyMismatch`].
pub fn gateway_config(
    gateway: &GatewayTls<'_>,
    devices: Arc<Devices>,
    clock: &Clock,
) -> Result<ServerConfig, CertsError> {
    if gateway.key.public() != gateway.certificate.public_key() {
        return Err(CertsError::KeyMismatch);
    }
    let mut config = ServerConfig::builder_with_details(provider(), Arc::new(TlsClock(clock.clone())))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(CertsError::Tls)?
        .with_client_cert_verifier(devices)
        .with_cert_resolver(Arc::new(GatewayChains::new(gateway)?));
    config.alpn_protocols = vec![ALPN_MAIN.to_vec(), ALPN_RENEW.to_vec(), ALPN_ENROL.to_vec()];
    // A ticket would let a revoked device in without its certificate being looked at.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    Ok(config)
}

/// A companion's configuration: it shows its device certificate, and takes nobody but the gateway of the practice
/// that it trusts, at whatever address and whatever name is asked for.
///
/// # Errors
/// [`CertsError::Tls`], [`CertsError::KeyMismatch`].
pub fn companion_config(
    trust: &PracticeTrust,
    device: &Certificate,
    key: &PrivateKey,
    clock: &Clock,
) -> Result<ClientConfig, CertsError> {
    device_config(trust, device, key, clock, ALPN_MAIN)
}

/// The same for the renewal of a certificate that has expired.
///
/// # Errors
/// As [`companion_config`].
pub fn renew_config(
    trust: &PracticeTrust,
    device: &Certificate,
    key: &PrivateKey,
    clock: &Clock,
) -> Result<ClientConfig, CertsError> {
    device_config(trust, device, key, clock, ALPN_RENEW)
}

fn device_config(
    trust: &PracticeTrust,
    device: &Certificate,
    key: &PrivateKey,
    clock: &Clock,
    alpn: &[u8],
) -> Result<ClientConfig, CertsError> {
    if key.public() != device.public_key() {
        return Err(CertsError::KeyMismatch);
    }
    let (provider, verifier) = (provider(), gateway_verifier(trust)?);
    let resolver =
        rustls::sign::SingleCertAndKey::from(CertifiedKey::new(vec![device.to_rustls()], key.rustls_key()?));
    let config = ClientConfig::builder_with_details(provider, Arc::new(TlsClock(clock.clone())))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(CertsError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(resolver));
    Ok(companion_settings(config, alpn))
}

/// A companion's configuration as it is, but for newer root records.
///
/// # Errors
/// [`CertsError::Tls`].
pub fn trusting(config: &ClientConfig, trust: &PracticeTrust) -> Result<ClientConfig, CertsError> {
    let mut config = config.clone();
    config.dangerous().set_certificate_verifier(Arc::new(gateway_verifier(trust)?));
    Ok(config)
}

/// Takes the gateway of the practice and nobody else, under the roots in force.
pub(crate) fn gateway_verifier(
    trust: &PracticeTrust,
) -> Result<impl ServerCertVerifier + 'static, CertsError> {
    let stock = WebPkiServerVerifier::builder_with_provider(anchors(trust.roots())?, provider())
        .build()
        .map_err(|_| CertsError::Tls(rustls::Error::General("no anchors".to_owned())))?;
    Ok(PracticeGateway { trust: trust.clone(), name: server_name(trust.practice())?, stock })
}

/// The configuration for enrolling: no certificate, and a chain that ends in its own root is taken
/// provisionally. Nothing made from the invitation's secret goes out before [`crate::enrolment`] has held the
/// presented chain against the root records, the pin and the gateway's proof.
///
/// # Errors
/// [`CertsError::Tls`].
pub fn enrol_config(clock: &Clock) -> Result<ClientConfig, CertsError> {
    let provider = provider();
    let config = ClientConfig::builder_with_details(provider.clone(), Arc::new(TlsClock(clock.clone())))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(CertsError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Provisional { provider }))
        .with_no_client_auth();
    Ok(companion_settings(config, ALPN_ENROL))
}

/// The name to connect with: `<practice>.counterfoil.internal`. It never goes over the wire.
///
/// # Errors
/// Does not happen with a practice id.
pub fn server_name(practice: &PracticeId) -> Result<ServerName<'static>, CertsError> {
    let name = ServerName::try_from(practice.host());
    name.map_err(|_| CertsError::Malformed(model::Malformed::new("practice id", "it gives no host name")))
}

/// The name to connect with while enrolling; which practice it is is found out there.
pub const ENROL_SERVER_NAME: &str = "enrol.counterfoil.internal";

/// The practice that a chain presented on the enrolment ALPN claims to be, and the root at its end.
///
/// # Errors
/// Not a chain that [`enrol_config`] takes.
pub(crate) fn read_presented(chain: &[CertificateDer<'_>]) -> Result<(PracticeId, Certificate), CertsError> {
    const HOW: model::Malformed =
        model::Malformed::new("gateway", "its certificates are not those of a practice");
    let (Some(leaf), Some(root)) = (chain.first(), chain.last()) else { return Err(HOW.into()) };
    if chain.len() < 3 || chain.len() > CHAIN_MAX {
        return Err(HOW.into());
    }
    let (leaf, root) = (Certificate::read(leaf)?, Certificate::read(root)?);
    root.has_profile(Profile::Root)?;
    let uri = leaf.uri().ok_or(HOW)?;
    let practice = uri.strip_prefix("spiffe://").and_then(|rest| rest.split_once('.')).ok_or(HOW)?.0;
    let practice = PracticeId::parse(practice)?;
    match leaf.purpose(&practice)? {
        Purpose::Gateway => Ok((practice, root)),
        _ => Err(HOW.into()),
    }
}

/// aws-lc-rs with our choice: X25519MLKEM768 first, TLS 1.3 suites, P-256 signatures.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![
        aws_lc_rs::kx_group::X25519MLKEM768,
        aws_lc_rs::kx_group::X25519,
        aws_lc_rs::kx_group::SECP256R1,
    ];
    provider.cipher_suites.retain(|suite| matches!(suite, rustls::SupportedCipherSuite::Tls13(_)));
    let known = provider.signature_verification_algorithms;
    let p256 = known.mapping.chunks(1).find(|one| one.iter().all(|(scheme, _)| *scheme == SCHEME));
    if let Some(p256) = p256 {
        let all = p256.first().map_or(known.all, |(_, all)| *all);
        provider.signature_verification_algorithms = WebPkiSupportedAlgorithms { all, mapping: p256 };
    }
    Arc::new(provider)
}

const SCHEME: SignatureScheme = SignatureScheme::ECDSA_NISTP256_SHA256;

fn companion_settings(mut config: ClientConfig, alpn: &[u8]) -> ClientConfig {
    config.alpn_protocols = vec![alpn.to_vec()];
    config.enable_sni = false;
    config.enable_early_data = false;
    config.resumption = rustls::client::Resumption::disabled();
    config
}

fn anchors(certificates: &[Certificate]) -> Result<Arc<RootCertStore>, CertsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        store.add(certificate.to_rustls()).map_err(CertsError::Tls)?;
    }
    Ok(Arc::new(store))
}

/// Two chains for one key: with the root where it is not known yet.
#[derive(Debug)]
struct GatewayChains {
    main: Arc<CertifiedKey>,
    enrol: Arc<CertifiedKey>,
}

impl GatewayChains {
    fn new(gateway: &GatewayTls<'_>) -> Result<Self, CertsError> {
        let key = gateway.key.rustls_key()?;
        let own = vec![gateway.certificate.to_rustls(), gateway.issuing.to_rustls()];
        let enrol = [own.as_slice(), &[gateway.root.to_rustls()]].concat();
        let cross = gateway.cross.iter().take(CHAIN_MAX - own.len()).map(Certificate::to_rustls);
        let main = own.into_iter().chain(cross).collect();
        Ok(Self {
            main: Arc::new(CertifiedKey::new(main, key.clone())),
            enrol: Arc::new(CertifiedKey::new(enrol, key)),
        })
    }
}

impl ResolvesServerCert for GatewayChains {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match hello.alpn()?.eq([ALPN_ENROL]) {
            true => Some(self.enrol.clone()),
            false => Some(self.main.clone()),
        }
    }
}

fn unix_time(time: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(time.unix_seconds()))
}

fn is_about_time(error: &rustls::Error) -> bool {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(
        error,
        rustls::Error::InvalidCertificate(
            Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }
        )
    )
}

/// Takes the gateway of one practice and nobody else.
#[derive(Debug)]
struct PracticeGateway {
    trust: PracticeTrust,
    name: ServerName<'static>,
    stock: Arc<WebPkiServerVerifier>,
}

impl PracticeGateway {
    /// Whether the chain would hold in its own time.
    fn beside_time(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        ocsp: &[u8],
    ) -> Result<(), rustls::Error> {
        let end = Certificate::read(leaf).map_err(|_| bad_encoding())?.not_after();
        self.stock.verify_server_cert(leaf, rest, &self.name, ocsp, unix_time(end))?;
        is_gateway(leaf, self.trust.practice())
    }
}

impl ServerCertVerifier for PracticeGateway {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // Bounded before anything is read: a chain of ours has no more.
        if rest.len() >= CHAIN_MAX || leaf.len() > CERTIFICATE_BYTES_MAX {
            return Err(bad_encoding());
        }
        let verified = self.stock.verify_server_cert(leaf, rest, &self.name, ocsp, now);
        let verified = verified.map_err(|error| match is_about_time(&error) {
            // What it says of time is believed where nothing else is wrong: then perhaps our clock is.
            true => self.beside_time(leaf, rest, ocsp).err().unwrap_or(error),
            false => error,
        })?;
        is_gateway(leaf, self.trust.practice())?;
        for certificate in rest {
            let key_hash = Certificate::read(certificate).map_err(|_| bad_encoding())?.key_hash();
            if self.trust.revokes_issuing(&key_hash) {
                return Err(CertificateError::Revoked.into());
            }
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.stock.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SCHEME]
    }
}

/// Takes a chain that holds up to the root at its own end.
#[derive(Debug)]
struct Provisional {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Provisional {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain: Vec<_> = std::iter::once(leaf).chain(rest).cloned().collect();
        let unknown = |_| rustls::Error::from(CertificateError::ApplicationVerificationFailure);
        let (practice, root) = read_presented(&chain).map_err(unknown)?;
        let anchor = anchors(&[root]).map_err(unknown)?;
        let stock = WebPkiServerVerifier::builder_with_provider(anchor, self.provider.clone())
            .build()
            .map_err(|_| bad_encoding())?;
        let between = rest.split_last().map_or(rest, |(_, between)| between);
        stock.verify_server_cert(leaf, between, &server_name(&practice).map_err(unknown)?, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, leaf, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SCHEME]
    }
}

/// The stock verifier takes a certificate without EKU: ours must be exactly of the gateway's profile.
fn is_gateway(leaf: &CertificateDer<'_>, practice: &PracticeId) -> Result<(), rustls::Error> {
    let leaf = Certificate::read(leaf).map_err(|_| bad_encoding())?;
    match leaf.purpose(practice) {
        Ok(Purpose::Gateway) => Ok(()),
        _ => Err(CertificateError::InvalidPurpose.into()),
    }
}

fn bad_encoding() -> rustls::Error {
    CertificateError::BadEncoding.into()
}

fn only_tls13() -> rustls::Error {
    rustls::PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig.into()
}

#[cfg(test)]
mod limbo_tests;
#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
