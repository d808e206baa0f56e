//! What all connections share: receive windows, piece buffers, and amounts that each holds a part of. Reserved before it
//! is used, given back when dropped.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{limits, piece};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for pieces in memory. Who reads a piece holds room for it until it is sealed and written.
#[derive(Clone)]
pub struct PieceBuffers {
    room: Arc<Semaphore>,
    /// Buffers of pieces that are done, to be used again: the allocator would keep what it is given back, and more.
    idle: Arc<Mutex<Vec<Vec<u8>>>>,
    turns: Arc<Semaphore>,
}

/// Pieces that are sealed and written at once: more threads would only hold memory of their own.
const TURNS: usize = 8;

impl Default for PieceBuffers {
    fn default() -> Self {
        Self::new()
    }
}

/// The smallest share that is counted, in bytes.
const GRAIN_BYTES: u64 = 16 * limits::KIB;

/// Whole pieces that fit the budget.
const IDLE_MAX: usize = (limits::PIECE_BUFFER_BYTES / piece::PIECE_BYTES) as usize;

impl PieceBuffers {
    /// All of [`limits::PIECE_BUFFER_BYTES`].
    pub fn new() -> Self {
        let grains = (limits::PIECE_BUFFER_BYTES / GRAIN_BYTES) as usize;
        Self {
            room: Arc::new(Semaphore::new(grains)),
            idle: Arc::default(),
            turns: Arc::new(Semaphore::new(TURNS)),
        }
    }

    /// Waits for room for one piece of `bytes`. First come, first served; `None` when the gateway is stopping.
    pub async fn reserve(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = (bytes as u64).clamp(1, piece::PIECE_BYTES);
        let grains = u32::try_from(bytes.div_ceil(GRAIN_BYTES)).ok()?;
        Arc::clone(&self.room).acquire_many_owned(grains).await.ok()
    }

    /// As [`PieceBuffers::reserve`], with the buffer: `bytes` long, of which each is to be written before it is read.
    pub async fn take(&self, bytes: usize) -> Option<PieceBuffer> {
        let room = self.reserve(bytes).await?;
        let mut buffer = self.idle().pop().unwrap_or_default();
        buffer.resize(bytes, 0);
        Some(PieceBuffer { bytes: buffer, buffers: self.clone(), _room: room })
    }

    /// Waits for a turn to seal and write a piece that was read. First come, first served.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody waits or is given room any more.
    pub fn close(&self) {
        self.room.close();
    }
}

/// A buffer for one piece.
pub struct PieceBuffer {
    bytes: Vec<u8>,
    buffers: PieceBuffers,
    _room: OwnedSemaphorePermit,
}

impl Deref for PieceBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for PieceBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for PieceBuffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut idle = self.buffers.idle();
        // Small ones are not worth keeping, and as many as fit the budget are enough.
        if bytes.capacity() as u64 >= piece::PIECE_BYTES && idle.len() < IDLE_MAX {
            idle.push(bytes);
        }
    }
}

/// Receive windows: parts of one budget, taken by each connection when it is admitted. Where nothing is left of it, a
/// connection has the smallest window, which is the most that all of them can have beyond the budget.
pub struct Windows {
    left_bytes: Mutex<u64>,
}

impl Default for Windows {
    fn default() -> Self {
        Self { left_bytes: Mutex::new(limits::WINDOW_BUDGET_BYTES) }
    }
}

impl Windows {
    /// A connection is admitted: a quarter of what is left is its own until the window is dropped, so that those who
    /// come later find something too.
    pub fn admit(&self) -> Window<'_> {
        let mut left = self.left_bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes =
            (*left / 4).clamp(limits::CONNECTION_WINDOW_BYTES_MIN, limits::CONNECTION_WINDOW_BYTES_MAX);
        let taken_bytes = bytes.min(*left);
        *left -= taken_bytes;
        Window { windows: self, bytes, taken_bytes }
    }
}

/// The window of one connection.
pub struct Window<'a> {
    windows: &'a Windows,
    bytes: u64,
    taken_bytes: u64,
}

impl Window<'_> {
    /// What the connection may have in flight towards us, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        *self.windows.left_bytes.lock().unwrap_or_else(PoisonError::into_inner) += self.taken_bytes;
    }
}

/// What may be held at once, in all and by each: nobody leaves nothing to others.
pub struct Shares<K: Eq + Hash> {
    held: Mutex<HashMap<K, u64>>,
    all_max: u64,
    each_max: u64,
}

impl<K: Eq + Hash + Copy> Shares<K> {
    /// Nobody holds anything yet.
    pub fn new(all_max: u64, each_max: u64) -> Self {
        Self { held: Mutex::default(), all_max, each_max }
    }

    /// Takes `amount`, until it is dropped; `None` if that is more than is left to all, or to this one.
    pub fn take(&self, who: K, amount: u64) -> Option<Share<'_, K>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let each = held.get(&who).copied().unwrap_or(0).saturating_add(amount);
        let all = held.values().sum::<u64>().saturating_add(amount);
        (each <= self.each_max && all <= self.all_max).then(|| {
            held.insert(who, each);
            Share { shares: self, who, amount }
        })
    }
}

/// What one holds.
pub struct Share<'a, K: Eq + Hash> {
    shares: &'a Shares<K>,
    who: K,
    amount: u64,
}

impl<K: Eq + Hash> Share<'_, K> {
    /// How much it is.
    pub fn amount(&self) -> u64 {
        self.amount
    }
}

impl<K: Eq + Hash> Drop for Share<'_, K> {
    fn drop(&mut self) {
        let mut held = self.shares.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(each) = held.get_mut(&self.who) {
            *each = each.saturating_sub(self.amount);
        }
        // Only who holds something is remembered.
        held.retain(|_, each| *each > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_bounded_in_all_and_by_each_and_is_given_back() {
        let shares = Shares::new(10, 6);
        let greedy = shares.take("greedy", 4).expect("room");
        assert!(shares.take("greedy", 3).is_none());
        assert!(shares.take("greedy", u64::MAX).is_none());
        let more = shares.take("greedy", 2).expect("room");
        let others = shares.take("other", 4).expect("room for others");
        assert!(shares.take("third", 1).is_none());
        assert_eq!((greedy.amount(), more.amount()), (4, 2));
        drop((more, others));
        assert!(shares.take("third", 6).is_some());
        drop(greedy);
        assert!(shares.held.lock().unwrap().is_empty());
    }

    #[test]
    fn the_windows_together_stay_within_the_budget_and_the_smallest_ones() {
        let windows = Windows::default();
        let mut held = Vec::new();
        for _ in 0..limits::CONNECTIONS_MAX {
            held.push(windows.admit());
        }
        assert_eq!(held[0].bytes(), limits::CONNECTION_WINDOW_BYTES_MAX);
        let of_budget: u64 = held.iter().map(|window| window.taken_bytes).sum();
        assert_eq!(of_budget, limits::WINDOW_BUDGET_BYTES);
        for window in held.iter().filter(|window| window.taken_bytes < window.bytes) {
            assert_eq!(window.bytes, limits::CONNECTION_WINDOW_BYTES_MIN);
        }
        held.clear();
        assert_eq!(windows.admit().bytes(), limits::CONNECTION_WINDOW_BYTES_MAX, "all was given back");
    }

    #[tokio::test]
    async fn a_piece_waits_for_room() {
        let buffers = PieceBuffers::new();
        let mut held = Vec::new();
        for _ in 0..limits::PIECE_BUFFER_BYTES / piece::PIECE_BYTES {
            held.push(buffers.reserve(piece::PIECE_BYTES as usize).await.unwrap());
        }
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(20), buffers.reserve(1)).await;
        assert!(waiting.is_err());
        held.pop();
        assert!(buffers.reserve(1).await.is_some());
    }

    #[tokio::test]
    async fn a_buffer_is_used_again_and_has_the_length_that_is_asked_for() {
        let buffers = PieceBuffers::new();
        let whole = piece::PIECE_BYTES as usize;
        let mut first = buffers.take(whole).await.unwrap();
        first.fill(7);
        let at = first.as_ptr();
        drop(first);
        let again = buffers.take(3).await.unwrap();
        assert_eq!((again.as_ptr(), again.len()), (at, 3));
        drop(again);
        assert_eq!(buffers.take(whole).await.unwrap().len(), whole);
        drop(buffers.take(3).await);
        assert_eq!(buffers.idle().len(), 1);
    }
}
