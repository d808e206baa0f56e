//! A document that is not whole yet: its part file, written in order while the next piece comes. Decides nothing.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use console::DocumentProgress;
use host::{DiskError, DiskFile};
use model::PieceIndex;
use sha2::{Digest as _, Sha256};

use crate::download::held;

/// A document that is not whole.
pub(crate) struct Part {
    /// The part file.
    pub file: DiskFile,
    /// Pieces written, from the first on.
    pub written: AtomicU32,
    /// Bytes written since the last sync began.
    pub unsynced: AtomicU64,
    /// Over what is written.
    pub sha256: Mutex<Sha256>,
    /// Its bar.
    pub shown: Mutex<Option<DocumentProgress>>,
}

impl Part {
    /// Writes the next piece.
    pub fn write(&self, index: PieceIndex, bytes: &[u8]) -> Result<(), DiskError> {
        self.file.write_all_at(index.offset(), bytes)?;
        held(&self.sha256).update(bytes);
        self.written.store(index.0.saturating_add(1), Ordering::Release);
        self.unsynced.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

pub(crate) type Job = tokio::task::JoinHandle<Result<(), DiskError>>;

/// What the disk does for a stream meanwhile: one write and one sync.
#[derive(Default)]
pub(crate) struct Work {
    /// The piece before.
    pub writing: Option<Job>,
    /// What was written before that.
    pub syncing: Option<Job>,
}

impl Work {
    /// The write that was begun is done.
    pub async fn written(&mut self) -> Result<(), DiskError> {
        joined(self.writing.take()).await
    }

    /// The sync that was begun is done.
    pub async fn synced(&mut self) -> Result<(), DiskError> {
        joined(self.syncing.take()).await
    }

    /// Both are done.
    pub async fn end(mut self) -> Result<(), DiskError> {
        let written = self.written().await;
        self.synced().await.and(written)
    }
}

async fn joined(job: Option<Job>) -> Result<(), DiskError> {
    match job {
        None => Ok(()),
        // A panic of ours: nothing that it was about is relied on.
        Some(job) => job.await.unwrap_or(Err(DiskError::Poisoned)),
    }
}
