//! A line that can be cut: datagrams pass between the companions and the gateway until they do not.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::UdpSocket;

/// The line; companions reach the gateway through it.
#[derive(Clone)]
pub struct Line {
    /// Where companions connect.
    pub address: SocketAddr,
    state: Arc<State>,
}

struct State {
    /// Bytes towards the gateway that may still pass; `u64::MAX` is without end.
    left: AtomicU64,
    /// Bytes that have passed towards the gateway.
    passed: AtomicU64,
}

impl Line {
    /// A whole line to `gateway`.
    pub async fn to(gateway: SocketAddr, at: u16) -> io::Result<Self> {
        let front = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, at)).await?);
        let address = front.local_addr()?;
        let state = Arc::new(State { left: AtomicU64::new(u64::MAX), passed: AtomicU64::new(0) });
        tokio::spawn(pass(front, gateway, Arc::clone(&state)));
        Ok(Self { address, state })
    }

    /// Cuts the line once so many more bytes have passed towards the gateway.
    pub fn cut_after(&self, bytes: u64) {
        self.state.left.store(bytes, Ordering::Release);
    }

    /// Bytes that have passed towards the gateway, packets and all.
    pub fn passed(&self) -> u64 {
        self.state.passed.load(Ordering::Acquire)
    }

    /// Whether nothing passes any more.
    pub fn is_cut(&self) -> bool {
        self.state.left.load(Ordering::Acquire) == 0
    }

    /// Mends it.
    pub fn mend(&self) {
        self.state.left.store(u64::MAX, Ordering::Release);
    }
}

impl State {
    fn lets_pass(&self, bytes: u64) -> bool {
        let take = |left: u64| match left {
            u64::MAX => None,
            left => Some(left.saturating_sub(bytes)),
        };
        match self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, take) {
            Ok(before) => before > 0,
            Err(_) => true,
        }
    }
}

async fn pass(front: Arc<UdpSocket>, gateway: SocketAddr, state: Arc<State>) {
    let mut backs: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut datagram = vec![0u8; 65_536];
    while let Ok((bytes, from)) = front.recv_from(&mut datagram).await {
        let back = match backs.get(&from) {
            Some(back) => Arc::clone(back),
            None => {
                let Ok(back) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await else { continue };
                let back = Arc::new(back);
                tokio::spawn(answer(Arc::clone(&back), Arc::clone(&front), from, Arc::clone(&state)));
                backs.insert(from, Arc::clone(&back));
                back
            }
        };
        let Some(datagram) = datagram.get(..bytes) else { continue };
        if state.lets_pass(bytes as u64) {
            state.passed.fetch_add(bytes as u64, Ordering::AcqRel);
            // A datagram that is lost here is one that a line loses.
            let _ = back.send_to(datagram, gateway).await;
        }
    }
}

async fn answer(back: Arc<UdpSocket>, front: Arc<UdpSocket>, to: SocketAddr, state: Arc<State>) {
    let mut datagram = vec![0u8; 65_536];
    while let Ok((bytes, _)) = back.recv_from(&mut datagram).await {
        if let Some(datagram) = datagram.get(..bytes)
            && state.left.load(Ordering::Acquire) > 0
        {
            let _ = front.send_to(datagram, to).await;
        }
    }
}
