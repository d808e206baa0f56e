//! What all connections share: receive windows and piece buffers. Reserved before it is used, given back when dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::{limits, piece};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for pieces in memory. Who reads a piece holds a permit for it until it is sealed and written.
#[derive(Clone)]
pub struct PieceBuffers(Arc<Semaphore>);

impl Default for PieceBuffers {
    fn default() -> Self {
        Self::new()
    }
}

/// The smallest share that is counted, in bytes.
const GRAIN_BYTES: u64 = 16 * limits::KIB;

impl PieceBuffers {
    /// All of [`limits::PIECE_BUFFER_BYTES`].
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new((limits::PIECE_BUFFER_BYTES / GRAIN_BYTES) as usize)))
    }

    /// Waits for room for one piece of `bytes`. First come, first served; `None` when the gateway is stopping.
    pub async fn reserve(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = (bytes as u64).clamp(1, piece::PIECE_BYTES);
        let grains = u32::try_from(bytes.div_ceil(GRAIN_BYTES)).ok()?;
        Arc::clone(&self.0).acquire_many_owned(grains).await.ok()
    }

    /// Nobody waits or is given room any more.
    pub fn close(&self) {
        self.0.close();
    }
}

/// Receive windows: a fair share of one budget for each admitted connection.
#[derive(Default)]
pub struct Windows {
    connections: AtomicU64,
}

impl Windows {
    /// A connection was admitted or has gone; gives how many there are now.
    pub fn count(&self, change: Change) -> u64 {
        match change {
            Change::Admitted => self.connections.fetch_add(1, Ordering::AcqRel).saturating_add(1),
            Change::Gone => self.connections.fetch_sub(1, Ordering::AcqRel).saturating_sub(1),
        }
    }

    /// What each of `connections` may have in flight towards us, in bytes.
    pub fn share(connections: u64) -> u64 {
        (limits::WINDOW_BUDGET_BYTES / connections.max(1))
            .clamp(limits::CONNECTION_WINDOW_BYTES_MIN, limits::CONNECTION_WINDOW_BYTES_MAX)
    }
}

/// What happened to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It may send now.
    Admitted,
    /// It is closed.
    Gone,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_stay_within_the_budget_while_they_can() {
        for connections in 1..=limits::WINDOW_BUDGET_BYTES / limits::CONNECTION_WINDOW_BYTES_MIN {
            assert!(Windows::share(connections) * connections <= limits::WINDOW_BUDGET_BYTES);
        }
        assert_eq!(Windows::share(1), limits::CONNECTION_WINDOW_BYTES_MAX);
        assert_eq!(Windows::share(10_000), limits::CONNECTION_WINDOW_BYTES_MIN);
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
}
