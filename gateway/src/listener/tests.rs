//! What a restart leaves to peers of the process before.

use std::net::Ipv4Addr;

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, ConnectionError};

use super::*;
use crate::testing;

/// The endpoint of a gateway that has just started; it accepts whoever comes.
fn started(practice: &Arc<Practice>, address: SocketAddr) -> std::io::Result<Endpoint> {
    let socket = std::net::UdpSocket::bind(address)?;
    let quic = QuicKeys::read(practice).unwrap();
    let server = server_config(practice, devices::of(practice).unwrap(), quic.token.clone()).unwrap();
    let runtime = Arc::new(quinn::TokioRuntime);
    let endpoint = Endpoint::new(quic.endpoint_config(), Some(server), socket, runtime)?;
    let accepting = endpoint.clone();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Some(incoming) = accepting.accept().await {
            held.push(incoming.await);
        }
    });
    Ok(endpoint)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_of_a_killed_gateway_is_told_as_soon_as_it_sends() {
    let folder = tempfile::tempdir().unwrap();
    let opened = testing::opened(&folder.path().join("p"));
    let practice = &opened.practice;
    let killed = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let entered = killed.enter();
    let first = started(practice, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = first.local_addr().unwrap();
    drop(entered);
    let tls = tls::enrol_config(practice.clock.machine()).unwrap();
    let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    let mut transport = quinn::TransportConfig::default();
    transport.keep_alive_interval(Some(Duration::from_millis(100)));
    config.transport_config(Arc::new(transport));
    let peer = Endpoint::client(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let connecting = peer.connect_with(config, address, tls::ENROL_SERVER_NAME).unwrap();
    let connection = connecting.await.unwrap();
    // As a kill does it: nothing more is said.
    drop(first);
    killed.shutdown_background();
    let _second = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            match started(practice, address) {
                Ok(endpoint) => break endpoint,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    })
    .await
    .unwrap();
    let told = tokio::time::timeout(Duration::from_secs(2), connection.closed()).await.unwrap();
    assert_eq!(told, ConnectionError::Reset);
}
