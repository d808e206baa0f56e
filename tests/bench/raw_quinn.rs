//! The floor: the same number of bytes through quinn alone, both ends in this process, with the gateway's socket
//! buffers, datagram size and windows, one stream, read and thrown away.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use certs::admission::Refused;
use certs::tls::{Devices, Door, Lists};

use crate::{Measured, Outcome, noise};

/// Sends `bytes` once.
pub fn send(bytes: u64) -> Outcome<Measured> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let cpu_before = own_cpu();
    let wall = runtime.block_on(transfer(bytes))?;
    drop(runtime);
    Ok(Measured {
        what: "raw quinn, nothing hashed, sealed or stored".to_owned(),
        wall,
        cpu: Some(own_cpu().saturating_sub(cpu_before)),
        peak_bytes: None,
    })
}

async fn transfer(bytes: u64) -> Outcome<Duration> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let (server_crypto, client_crypto) = crypto()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server_socket = gateway::endpoint::bind(address).map_err(|error| text(&error))?;
    let client_socket = gateway::endpoint::bind(address).map_err(|error| text(&error))?;
    let mut server_config = quinn::ServerConfig::with_crypto(Arc::new(server_crypto));
    server_config.transport_config(transport());
    let runtime = || Arc::new(quinn::TokioRuntime);
    let server = quinn::Endpoint::new(
        gateway::endpoint::endpoint_config(),
        Some(server_config),
        server_socket,
        runtime(),
    );
    let server = server.map_err(|error| text(&error))?;
    let client = quinn::Endpoint::new(gateway::endpoint::endpoint_config(), None, client_socket, runtime());
    let client = client.map_err(|error| text(&error))?;
    let at = server.local_addr().map_err(|error| text(&error))?;
    let receiving = tokio::spawn(async move {
        let connection = server.accept().await?.await.ok()?;
        let (mut reply, mut stream) = connection.accept_bi().await.ok()?;
        let mut received = 0u64;
        while let Ok(Some(chunk)) = stream.read_chunk(usize::MAX, true).await {
            received += chunk.bytes.len() as u64;
        }
        reply.write_all(&received.to_be_bytes()).await.ok()?;
        reply.finish().ok()?;
        connection.closed().await;
        Some(received)
    });
    let mut config = quinn::ClientConfig::new(Arc::new(client_crypto));
    config.transport_config(transport());
    let connection = client.connect_with(config, at, "raw").map_err(|error| text(&error))?;
    let connection = connection.await.map_err(|error| text(&error))?;
    let mut buffer = vec![0u8; 1 << 20];
    noise(7, &mut buffer);
    let buffer = bytes_of(buffer);
    let begun = Instant::now();
    let (mut stream, mut reply) = connection.open_bi().await.map_err(|error| text(&error))?;
    let mut left = bytes;
    while left > 0 {
        let now = left.min(buffer.len() as u64) as usize;
        stream.write_chunk(buffer.slice(..now)).await.map_err(|error| text(&error))?;
        left -= now as u64;
    }
    stream.finish().map_err(|error| text(&error))?;
    let answer = reply.read_to_end(8).await.map_err(|error| text(&error))?;
    let wall = begun.elapsed();
    connection.close(0u32.into(), b"");
    client.wait_idle().await;
    let received = receiving.await.map_err(|error| text(&error))?;
    match received == Some(bytes) && answer == bytes.to_be_bytes() {
        true => Ok(wall),
        false => Err("raw quinn lost bytes".to_owned()),
    }
}

fn bytes_of(buffer: Vec<u8>) -> bytes::Bytes {
    bytes::Bytes::from(buffer)
}

fn transport() -> Arc<quinn::TransportConfig> {
    let mut transport = quinn::TransportConfig::default();
    let mut mtu = quinn::MtuDiscoveryConfig::default();
    mtu.upper_bound(gateway::endpoint::MTU_LOOPBACK);
    transport
        .stream_receive_window(gateway::endpoint::varint(model::limits::STREAM_WINDOW_BYTES))
        .receive_window(gateway::endpoint::varint(model::limits::CONNECTION_WINDOW_BYTES_MAX))
        .send_window(model::limits::CONNECTION_WINDOW_BYTES_MAX)
        .datagram_receive_buffer_size(None)
        .mtu_discovery_config(Some(mtu));
    Arc::new(transport)
}

/// Lets in whoever has a certificate of the practice: there is no registry here.
struct Everybody;

impl Door for Everybody {
    fn judge(&self, _: &[u8]) -> Result<(), Refused> {
        Ok(())
    }

    fn refused(&self, _: Refused) {}
}

type Crypto = (quinn::crypto::rustls::QuicServerConfig, quinn::crypto::rustls::QuicClientConfig);

/// The gateway's own TLS, with a practice made for the moment.
fn crypto() -> Outcome<Crypto> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let clock = host::Clock::system();
    let now = model::Timestamp::from_unix_ms(clock.unix_ms());
    let root = certs::Root::create(now).map_err(|error| text(&error))?;
    let spare = certs::PrivateKey::generate().map_err(|error| text(&error))?;
    let record = certs::RootRecord::first(&root, spare.key_hash(), now).map_err(|error| text(&error))?;
    let trust = certs::PracticeTrust::walk(&[record], None).map_err(|error| text(&error))?;
    let issuing = certs::IssuingAuthority::create_under(&root, 1, now).map_err(|error| text(&error))?;
    let serial = || certs::Serial::random().map_err(|error| error.to_string());
    let (gateway_key, device_key) = (certs::PrivateKey::generate(), certs::PrivateKey::generate());
    let (gateway_key, device_key) =
        (gateway_key.map_err(|error| text(&error))?, device_key.map_err(|error| text(&error))?);
    let gateway = issuing
        .issue(certs::Purpose::Gateway, gateway_key.public(), serial()?, now)
        .map_err(|error| text(&error))?;
    let device = model::DeviceId::from_bytes([7; 16]);
    let device = issuing
        .issue(certs::Purpose::Device(device), device_key.public(), serial()?, now)
        .map_err(|error| text(&error))?;
    let tls = certs::tls::GatewayTls {
        certificate: &gateway,
        key: &gateway_key,
        issuing: issuing.certificate(),
        cross: &[],
        root: root.certificate(),
    };
    let anchors = std::slice::from_ref(issuing.certificate());
    let devices = Devices::new(root.practice().clone(), anchors, Lists::Unasked, Arc::new(Everybody));
    let devices = Arc::new(devices.map_err(|error| text(&error))?);
    let server = certs::tls::gateway_config(&tls, devices, &clock).map_err(|error| text(&error))?;
    let client =
        certs::tls::companion_config(&trust, &device, &device_key, &clock).map_err(|error| text(&error))?;
    let server = quinn::crypto::rustls::QuicServerConfig::try_from(server).map_err(|error| text(&error))?;
    let client = quinn::crypto::rustls::QuicClientConfig::try_from(client).map_err(|error| text(&error))?;
    Ok((server, client))
}

/// Processor time of this process.
pub fn own_cpu() -> Duration {
    crate::tools::cpu_of(std::process::id()).unwrap_or_default()
}
