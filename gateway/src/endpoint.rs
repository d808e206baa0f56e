//! The UDP socket and how QUIC behaves on it. Every bound is ours: quinn's defaults are not safe ones for a server
//! with quotas (unlimited connection window, 200 streams, 65,536 handshakes, migration buffers).

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use model::limits;
use quinn::{EndpointConfig, IdleTimeout, MtuDiscoveryConfig, TransportConfig, VarInt};
use socket2::{Domain, Protocol, Socket, Type};

/// Socket buffers asked for: with the system's default of 208 KiB a burst is lost at the receiving socket.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// Largest datagram on a path that carries it: ten of them (GSO) still fit 65,535 bytes.
pub const MTU_LOOPBACK: u16 = 6_500;
/// Largest datagram tried on any other path.
const MTU_WIDE: u16 = 1_452;

/// Binds `address` with large buffers.
///
/// # Errors
/// The system's: most often that the address is in use.
pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // [::] is to serve IPv4 too; where the system forbids it, IPv6 alone is served.
        let _ = socket.set_only_v6(false);
    }
    // The system caps what it gives; with less it is slower, not wrong.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// The endpoint's part: QUIC v1 alone, and datagrams up to the largest that any path may use.
pub fn endpoint_config() -> EndpointConfig {
    let mut config = EndpointConfig::default();
    config.supported_versions(vec![1]);
    // Can not fail: the value is above the minimum of 1,200.
    let _ = config.max_udp_payload_size(MTU_LOOPBACK + 72);
    config
}

/// How one connection behaves before it is admitted: it has no stream, and the smallest window.
pub fn transport(peer: SocketAddr) -> Arc<TransportConfig> {
    let mut transport = TransportConfig::default();
    let mut mtu = MtuDiscoveryConfig::default();
    mtu.upper_bound(if peer.ip().to_canonical().is_loopback() { MTU_LOOPBACK } else { MTU_WIDE });
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(varint(limits::STREAM_WINDOW_BYTES))
        .receive_window(varint(limits::CONNECTION_WINDOW_BYTES_MIN))
        .send_window(limits::CONNECTION_WINDOW_BYTES_MAX)
        .datagram_receive_buffer_size(None)
        .allow_spin(false)
        .mtu_discovery_config(Some(mtu))
        .max_idle_timeout(IdleTimeout::try_from(Duration::from_secs(limits::IDLE_SECONDS_MAX)).ok());
    Arc::new(transport)
}

/// A bound as QUIC writes it.
pub fn varint(value: u64) -> VarInt {
    VarInt::from_u64(value).unwrap_or(VarInt::MAX)
}
