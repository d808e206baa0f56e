//! A handshake in memory before a new certificate is shown to anybody: what companions of the practice would do.

use std::sync::Arc;

use host::Clock;
use rustls::{ClientConfig, ClientConnection, ServerConnection};

use super::{
    ALPN_MAIN, Devices, Door, GatewayTls, Lists, TlsClock, companion_settings, gateway_config,
    gateway_verifier, provider, server_name,
};
use crate::admission::Refused;
use crate::{CertsError, PracticeTrust};

/// Messages go to and fro this often at most; TLS 1.3 needs two.
const ROUNDS_MAX: usize = 8;

/// Shakes hands with oneself: the gateway as it would be with a companion that trusts `trust`.
///
/// # Errors
/// What a companion would refuse it by.
pub fn rehearse(gateway: &GatewayTls<'_>, trust: &PracticeTrust, clock: &Clock) -> Result<(), CertsError> {
    let issuing = [gateway.issuing.clone()];
    let nobody = Devices::new(trust.practice().clone(), &issuing, Lists::Unasked, Arc::new(Nobody))?;
    let server = gateway_config(gateway, Arc::new(nobody), clock)?;
    let client = ClientConfig::builder_with_details(provider(), Arc::new(TlsClock(clock.clone())))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(CertsError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(gateway_verifier(trust)?))
        .with_no_client_auth();
    let client = companion_settings(client, ALPN_MAIN);
    let mut server = ServerConnection::new(Arc::new(server)).map_err(CertsError::Tls)?;
    let name = server_name(trust.practice())?;
    let mut client = ClientConnection::new(Arc::new(client), name).map_err(CertsError::Tls)?;
    for _ in 0..ROUNDS_MAX {
        if !client.is_handshaking() && !server.is_handshaking() {
            return Ok(());
        }
        let mut wire = Vec::new();
        client.write_tls(&mut wire).map_err(cut)?;
        server.read_tls(&mut wire.as_slice()).map_err(cut)?;
        server.process_new_packets().map_err(CertsError::Tls)?;
        let mut wire = Vec::new();
        server.write_tls(&mut wire).map_err(cut)?;
        client.read_tls(&mut wire.as_slice()).map_err(cut)?;
        client.process_new_packets().map_err(CertsError::Tls)?;
    }
    Err(CertsError::Tls(rustls::Error::General("the handshake does not end".to_owned())))
}

/// No device comes to a rehearsal.
struct Nobody;

impl Door for Nobody {
    fn judge(&self, _: &[u8]) -> Result<(), Refused> {
        Err(Refused::Unregistered)
    }

    fn refused(&self, _: Refused) {}
}

fn cut(error: std::io::Error) -> CertsError {
    CertsError::Tls(rustls::Error::General(error.to_string()))
}
