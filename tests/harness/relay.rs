//! UDP between companion and gateway, on threads of its own: it can be cut, mended, slowed, lose, delay, bring out of
//! order and change its address. Reads nothing of what passes.
//!
//! The kernel of a test machine often has no netem; this needs no rights and is decided by a seed.

use std::collections::{BinaryHeap, HashMap};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::Chance;
use crate::process::wait_until;

const DATAGRAM_BYTES_MAX: usize = 65_535;
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// How soon threads see that the relay has ended or that an address was changed.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A companion that is silent for so long is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(45);

/// How the line behaves while it is not cut.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conditions {
    /// Datagrams lost, of a thousand.
    pub lost_per_mille: u32,
    /// Datagrams that come twice, of a thousand.
    pub doubled_per_mille: u32,
    /// How long each takes.
    pub delay: Duration,
    /// How much longer some take, evenly by chance: later ones overtake them.
    pub jitter: Duration,
    /// How much passes to the gateway in a second.
    pub bytes_per_second: Option<u64>,
}

/// A relay. Its threads end when it is dropped.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    front: UdpSocket,
    target: Mutex<SocketAddr>,
    conditions: Mutex<Conditions>,
    is_cut: AtomicBool,
    cut_when_passed: AtomicU64,
    passed_up: AtomicU64,
    passed_down: AtomicU64,
    chance: Mutex<Chance>,
    peers: Mutex<HashMap<SocketAddr, Arc<UdpSocket>>>,
    late: Mutex<BinaryHeap<Late>>,
    late_changed: Condvar,
    ended: AtomicBool,
}

/// A datagram that is still on its way.
struct Late {
    due: Instant,
    socket: Arc<UdpSocket>,
    to: Way,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Way {
    /// To the gateway.
    Up,
    /// To this companion.
    Down(SocketAddr),
}

impl Relay {
    /// A relay that listens at a port of 127.0.0.1 and leads nowhere yet.
    ///
    /// # Panics
    /// The system gives no socket.
    pub fn open(seed: u64) -> Self {
        let front = socket();
        let address = front.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            front,
            target: Mutex::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 9))),
            conditions: Mutex::default(),
            is_cut: AtomicBool::new(false),
            cut_when_passed: AtomicU64::new(u64::MAX),
            passed_up: AtomicU64::new(0),
            passed_down: AtomicU64::new(0),
            chance: Mutex::new(Chance::new(seed)),
            peers: Mutex::default(),
            late: Mutex::default(),
            late_changed: Condvar::new(),
            ended: AtomicBool::new(false),
        });
        let (up, late) = (Arc::clone(&shared), Arc::clone(&shared));
        std::thread::spawn(move || carry_up(&up));
        std::thread::spawn(move || carry_late(&late));
        Self { address, shared }
    }

    /// Where companions reach it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads to another address from now on.
    pub fn lead_to(&self, target: SocketAddr) {
        *held(&self.shared.target) = target;
    }

    /// Nothing passes any more, and nobody is told.
    pub fn cut(&self) {
        self.shared.is_cut.store(true, Ordering::SeqCst);
        held(&self.shared.late).clear();
    }

    /// What comes from now on passes again.
    pub fn mend(&self) {
        self.shared.cut_when_passed.store(u64::MAX, Ordering::SeqCst);
        self.shared.is_cut.store(false, Ordering::SeqCst);
    }

    /// Cuts itself when so many more bytes have passed to the gateway.
    pub fn cut_after(&self, bytes: u64) {
        self.shared.cut_when_passed.store(self.passed_up().saturating_add(bytes), Ordering::SeqCst);
    }

    /// Whether it is cut.
    pub fn is_cut(&self) -> bool {
        self.shared.is_cut.load(Ordering::SeqCst)
    }

    /// Waits for the cut that was ordered.
    ///
    /// # Panics
    /// It does not come.
    pub fn wait_for_cut(&self) {
        wait_until("the cut", || self.is_cut());
    }

    /// Waits until so many bytes have passed to the gateway in all.
    ///
    /// # Panics
    /// They do not come.
    pub fn wait_passed_up(&self, bytes: u64) {
        wait_until("bytes to the gateway", || self.passed_up() >= bytes);
    }

    /// How the line behaves from now on.
    pub fn behave(&self, conditions: Conditions) {
        *held(&self.shared.conditions) = conditions;
    }

    /// Every companion comes from another port from now on, as after a NAT forgot it.
    pub fn rebind(&self) {
        let mut peers = held(&self.shared.peers);
        let known: Vec<SocketAddr> = peers.keys().copied().collect();
        for peer in known {
            peers.insert(peer, listen_down(&self.shared, peer));
        }
    }

    /// Bytes of datagrams that passed to the gateway.
    pub fn passed_up(&self) -> u64 {
        self.shared.passed_up.load(Ordering::SeqCst)
    }

    /// Bytes of datagrams that passed to companions.
    pub fn passed_down(&self) -> u64 {
        self.shared.passed_down.load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.shared.late_changed.notify_all();
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port of 127.0.0.1");
    let buffers = SockRef::from(&socket);
    // Smaller ones lose more, which is a line like another.
    let _ = buffers.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = buffers.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    socket.set_read_timeout(Some(LOOK_EVERY)).expect("a read timeout");
    socket
}

/// From all companions to the gateway.
fn carry_up(shared: &Arc<Shared>) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    let mut debt = Duration::ZERO;
    while !shared.ended.load(Ordering::SeqCst) {
        let Ok((count, peer)) = shared.front.recv_from(&mut buffer) else { continue };
        let socket = {
            let mut peers = held(&shared.peers);
            Arc::clone(peers.entry(peer).or_insert_with(|| listen_down(shared, peer)))
        };
        if shared.pass(&socket, Way::Up, &buffer[..count]) {
            let passed = shared.passed_up.fetch_add(count as u64, Ordering::SeqCst) + count as u64;
            if passed >= shared.cut_when_passed.load(Ordering::SeqCst) {
                shared.is_cut.store(true, Ordering::SeqCst);
            }
        }
        let pace = held(&shared.conditions).bytes_per_second;
        if let Some(pace) = pace {
            debt += Duration::from_nanos(count as u64 * 1_000_000_000 / pace.max(1));
            // The system sleeps in steps of its own: small debts are collected.
            if debt > Duration::from_millis(2) {
                let begun = Instant::now();
                std::thread::sleep(debt);
                debt = debt.saturating_sub(begun.elapsed());
            }
        }
    }
}

/// From the gateway to one companion, on a socket of its own. A socket that was replaced goes on listening a while,
/// as a NAT would not: what comes there is late, not wrong.
fn listen_down(shared: &Arc<Shared>, peer: SocketAddr) -> Arc<UdpSocket> {
    let socket = Arc::new(socket());
    let (shared, listening) = (Arc::clone(shared), Arc::clone(&socket));
    std::thread::spawn(move || {
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        let mut heard = Instant::now();
        while !shared.ended.load(Ordering::SeqCst) && heard.elapsed() < FORGET_AFTER {
            let Ok((count, _)) = listening.recv_from(&mut buffer) else { continue };
            heard = Instant::now();
            if shared.pass(&listening, Way::Down(peer), &buffer[..count]) {
                shared.passed_down.fetch_add(count as u64, Ordering::SeqCst);
            }
        }
        let mut peers = held(&shared.peers);
        if peers.get(&peer).is_some_and(|current| Arc::ptr_eq(current, &listening)) {
            peers.remove(&peer);
        }
    });
    socket
}

/// Sends what was delayed when it is due.
fn carry_late(shared: &Shared) {
    let mut late = held(&shared.late);
    while !shared.ended.load(Ordering::SeqCst) {
        let now = Instant::now();
        match late.peek().map(|first| first.due) {
            Some(due) if due <= now => {
                if let Some(datagram) = late.pop() {
                    shared.send(&datagram.socket, datagram.to, &datagram.bytes);
                }
            }
            next => {
                let wait = next.map_or(LOOK_EVERY, |due| due - now).min(LOOK_EVERY);
                late = shared.late_changed.wait_timeout(late, wait).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }
}

impl Shared {
    /// Does to a datagram what the line does; whether it passed.
    fn pass(&self, socket: &Arc<UdpSocket>, to: Way, bytes: &[u8]) -> bool {
        if self.is_cut.load(Ordering::SeqCst) {
            return false;
        }
        let conditions = *held(&self.conditions);
        let (lost, copies, extra) = {
            let mut chance = held(&self.chance);
            let lost = chance.happens(conditions.lost_per_mille);
            let copies = if chance.happens(conditions.doubled_per_mille) { 2 } else { 1 };
            let jitter = u64::try_from(conditions.jitter.as_micros()).unwrap_or(u64::MAX);
            (lost, copies, Duration::from_micros(chance.below(jitter.saturating_add(1).max(1))))
        };
        if lost {
            return false;
        }
        for _ in 0..copies {
            match conditions.delay + extra {
                Duration::ZERO => self.send(socket, to, bytes),
                delay => {
                    let due = Instant::now() + delay;
                    let datagram = Late { due, socket: Arc::clone(socket), to, bytes: bytes.to_vec() };
                    held(&self.late).push(datagram);
                    self.late_changed.notify_one();
                }
            }
        }
        true
    }

    /// What the system does not take is lost, as on any line.
    fn send(&self, socket: &UdpSocket, to: Way, bytes: &[u8]) {
        let _ = match to {
            Way::Up => socket.send_to(bytes, *held(&self.target)),
            Way::Down(peer) => self.front.send_to(bytes, peer),
        };
    }
}

impl PartialEq for Late {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Late {}

impl PartialOrd for Late {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Late {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.due.cmp(&self.due) // the earliest is the greatest: the heap gives it first
    }
}
