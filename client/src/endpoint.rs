//! The companion's UDP sockets and how QUIC behaves on them. Knows no practice.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use model::limits;
use quinn::{Endpoint, EndpointConfig, IdleTimeout, MtuDiscoveryConfig, TransportConfig, VarInt};
use socket2::{Domain, Protocol, Socket, Type};

/// Socket buffers asked for: with the system's default of 208 KiB a burst is lost at the receiving socket.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// Largest datagram on a path that carries it: ten of them (GSO) still fit 65,535 bytes.
const MTU_LOOPBACK: u16 = 6_500;
/// Largest datagram tried on any other path.
const MTU_WIDE: u16 = 1_452;
/// Receive window of one stream: a piece and more may be under way.
const STREAM_WINDOW_BYTES: u64 = 4 * limits::MIB;
/// Receive window of the connection.
const CONNECTION_WINDOW_BYTES: u64 = 16 * limits::MIB;
/// What QUIC keeps of ours until it is acknowledged: what the gateway's window admits at most.
const SEND_WINDOW_BYTES: u64 = limits::CONNECTION_WINDOW_BYTES_MAX;
/// So that a path through a NAT stays open while files are hashed.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// What the line is taken for before it is measured: a handshake that gets lost is repeated soon.
const INITIAL_RTT: Duration = Duration::from_millis(100);

/// An endpoint that can reach `peer`'s family of addresses.
///
/// # Errors
/// The system's: it has no such family, or no free port.
pub fn endpoint_for(peer: SocketAddr) -> io::Result<Endpoint> {
    let any = match peer {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = bind(SocketAddr::new(any, 0))?;
    let mut config = EndpointConfig::default();
    config.supported_versions(vec![1]);
    // Can not fail: the value is above the minimum of 1,200.
    let _ = config.max_udp_payload_size(MTU_LOOPBACK + 72);
    Endpoint::new(config, None, socket, Arc::new(quinn::TokioRuntime))
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    // The system caps what it gives; with less it is slower, not wrong.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// How a connection to `peer` behaves. The gateway opens no streams and sends no datagrams.
pub fn transport(peer: SocketAddr) -> Arc<TransportConfig> {
    let mut transport = TransportConfig::default();
    let mut mtu = MtuDiscoveryConfig::default();
    mtu.upper_bound(if peer.ip().to_canonical().is_loopback() { MTU_LOOPBACK } else { MTU_WIDE });
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(varint(STREAM_WINDOW_BYTES))
        .receive_window(varint(CONNECTION_WINDOW_BYTES))
        .send_window(SEND_WINDOW_BYTES)
        .datagram_receive_buffer_size(None)
        .allow_spin(false)
        .mtu_discovery_config(Some(mtu))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .initial_rtt(INITIAL_RTT)
        .max_idle_timeout(IdleTimeout::try_from(Duration::from_secs(limits::IDLE_SECONDS_MAX)).ok());
    Arc::new(transport)
}

fn varint(value: u64) -> VarInt {
    VarInt::from_u64(value).unwrap_or(VarInt::MAX)
}
