//! The operations: one file a request. Each takes a [`crate::access::Granted`] request or grants it first thing, and
//! answers on the request's own stream.

pub mod close;
pub mod device;
pub mod factor;
pub mod fetch;
pub mod hello;
pub mod list;
pub mod office;
pub mod open;
pub mod pieces;
pub mod receipt;
pub mod report;
pub mod status;
pub mod take;

use std::time::Duration;

use host::LogError;
use model::{Timestamp, limits};
use protocol::{Code, Refusal};
use vault::{UploadRefusal, VaultError};

use crate::ledger::post::PostError;
use crate::practice::Practice;

/// How long the next message of a request may take.
pub const PATIENCE: Duration = Duration::from_secs(limits::REQUEST_SECONDS_MAX);

/// What the peer is told of a vault's refusal; what it is not told is in the log.
pub fn refusal(error: &VaultError) -> Refusal {
    match error {
        VaultError::Upload(refused) => upload_refusal(refused),
        VaultError::Locked(_) => Code::Locked.into(),
        VaultError::Erased => Code::Gone.into(),
        VaultError::Disk(full) | VaultError::Log(LogError::Disk(full)) if full.is_full() => {
            Code::DiskFull.into()
        }
        VaultError::Stopped(cause) => refusal(cause),
        other => internal(other),
    }
}

fn upload_refusal(refused: &UploadRefusal) -> Refusal {
    use protocol::field::DocumentNumber;
    match refused {
        UploadRefusal::Closing => Code::Closing.into(),
        UploadRefusal::Ended => Code::Expired.into(),
        UploadRefusal::LeaseLost | UploadRefusal::Open => Code::LeaseLost.into(),
        UploadRefusal::Missing { n, .. } => {
            Refusal::new(Code::NotComplete).with_documents([DocumentNumber(*n)])
        }
        UploadRefusal::NotThePiece { n, index } => {
            Refusal::new(Code::PieceBad).with_piece(DocumentNumber(*n), model::PieceIndex(*index))
        }
        UploadRefusal::NoDocument { .. } | UploadRefusal::Withdrawn { .. } => Code::NotNow.into(),
        UploadRefusal::BadDocuments => Code::Empty.into(),
    }
}

/// Something failed here: the log says what, the peer learns that it did.
pub fn internal(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "an operation failed");
    Code::Internal.into()
}

impl From<PostError> for crate::wire::Ended {
    fn from(error: PostError) -> Self {
        Self::Refused(internal(&error))
    }
}

impl From<VaultError> for crate::wire::Ended {
    fn from(error: VaultError) -> Self {
        Self::Refused(refusal(&error))
    }
}

/// Runs what may wait for the disk or works the processor hard, away from the connections' threads.
///
/// # Errors
/// What `work` gives; [`Code::Internal`] if it panicked, which is our own mistake and is in the log.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::wire::Ended> + Send + 'static,
) -> Result<T, crate::wire::Ended> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(internal(&error).into()),
    }
}

impl Practice {
    /// The clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_full_disk_is_told_as_such_wherever_it_was_met() {
        let full = || host::DiskError::Full { path: "spool".into() };
        let met = [VaultError::from(full()), VaultError::from(LogError::from(full()))];
        for error in met {
            assert_eq!(refusal(&error).known(), Some(Code::DiskFull), "{error}");
            let stopped = VaultError::Stopped(Arc::new(error));
            assert_eq!(refusal(&stopped).known(), Some(Code::DiskFull), "{stopped}");
        }
    }
}
