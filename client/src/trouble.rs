//! What went wrong below, as a failure that a person can act on. One function a kind of cause; shows nothing itself.

use console::{Arg, Exit, Failure, FailureCode, failure};
use host::DiskError;
use model::Timestamp;
use protocol::{CloseCode, Code, Refusal};

use crate::plan::PlanError;
use crate::wire::WireFailure;

/// What the rooms of this crate answer: the value, or the failure to show.
pub type Told<T> = Result<T, Failure>;

/// The disk's answer.
pub fn disk(error: &DiskError) -> Failure {
    match error {
        DiskError::Full { path } => failure::disk_full_here(path, Arg::Message("cause-no-room")),
        DiskError::Held { path } => failure::home_busy(path),
        DiskError::NoRandomness(_) => failure::randomness_missing(),
        DiskError::SyncFailed { path, source } => failure::storage_failed(path, source),
        DiskError::Io { path, source, .. } => failure::disk_failed(path, source),
        DiskError::Absent { path } => failure::disk_failed(path, Arg::Message("cause-absent")),
        DiskError::Exists { path } => failure::disk_failed(path, Arg::Message("cause-exists")),
        DiskError::NotAFile { path } => failure::disk_failed(path, Arg::Message("cause-no-file")),
        DiskError::Short { path, .. } | DiskError::TooLarge { path, .. } => {
            failure::disk_failed(path, Arg::Message("cause-damaged"))
        }
        DiskError::Poisoned => failure::storage_failed("-", error.to_string()),
    }
}

/// A plan that can not be kept or read.
pub fn plan(error: &PlanError) -> Failure {
    match error {
        PlanError::Disk(error) => disk(error),
        PlanError::Unreadable(path) => failure::plan_damaged(path),
    }
}

/// What the gateway refused.
pub fn refused(refusal: &Refusal) -> Failure {
    match refusal.known() {
        Some(code) => Failure::of_refusal(code.word()),
        None => failure::request_refused(refusal.code.to_string()),
    }
}

/// A request that had no answer, at this address.
pub fn wire(error: &WireFailure, address: &str) -> Failure {
    match error {
        WireFailure::Refused(refusal) => refused(refusal),
        WireFailure::Protocol(error) => failure::answer_malformed(error.to_string()),
        WireFailure::Connection(error) => lost(error, address).failure,
        WireFailure::Here(failure) => failure.clone(),
        WireFailure::Reset | WireFailure::Silent => failure::connection_lost(address),
    }
}

/// A connection that is not there, or not any more.
#[derive(Debug)]
pub struct Lost {
    /// What to tell if it is not tried again.
    pub failure: Failure,
    /// Whether another try can do better without anything being changed.
    pub again: Again,
}

/// Whether it is worth another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// The cause may pass by itself.
    Worth,
    /// Something must change first.
    Useless,
}

impl Lost {
    fn for_good(failure: Failure) -> Self {
        Self { failure, again: Again::Useless }
    }

    fn for_now(failure: Failure) -> Self {
        Self { failure, again: Again::Worth }
    }

    /// The same with what this computer's clock shows, where that is what it is about.
    pub fn by_clock(self, now: Timestamp) -> Self {
        match self.failure.code() {
            FailureCode::ClockShows => Self { failure: failure::clock_shows(now), ..self },
            _ => self,
        }
    }
}

/// Why a connection to `address` ended.
pub fn lost(error: &quinn::ConnectionError, address: &str) -> Lost {
    use quinn::ConnectionError as Error;
    match error {
        // Our own look at the other side's certificate, or something between that speaks no QUIC of ours.
        Error::TransportError(error) => match alert(error.code) {
            // RFC 8446 section 6.2: certificate_expired, also before its life; all else about it was found good.
            Some(45) => Lost::for_good(failure::clock_shows("-")),
            Some(_) => Lost::for_good(failure::gateway_not_genuine(address, error.reason.clone())),
            None => Lost::for_now(failure::gateway_unreachable(address, error.to_string())),
        },
        Error::ConnectionClosed(close) => match alert(close.error_code) {
            // RFC 8446 section 6.2: 120 is no_application_protocol, everything else is about our certificate.
            Some(120) => Lost::for_good(failure::version_unsupported()),
            Some(_) => Lost::for_good(failure::device_refused()),
            None => Lost::for_now(failure::gateway_unreachable(address, error.to_string())),
        },
        Error::ApplicationClosed(close) => closed(close.error_code.into_inner(), address),
        Error::VersionMismatch => Lost::for_good(failure::version_unsupported()),
        Error::TimedOut => {
            Lost::for_now(failure::gateway_unreachable(address, Arg::Message("cause-timeout")))
        }
        Error::Reset | Error::LocallyClosed | Error::CidsExhausted => {
            Lost::for_now(failure::gateway_unreachable(address, Arg::Message("cause-lost")))
        }
    }
}

/// What the gateway said when it closed the connection.
fn closed(number: u64, address: &str) -> Lost {
    let Some(code) = CloseCode::from_number(number) else {
        return Lost::for_good(failure::request_refused(number.to_string()));
    };
    let failure = match code {
        CloseCode::NotAdmitted | CloseCode::Revoked | CloseCode::Declined => failure::device_refused(),
        CloseCode::RenewFirst => failure::renewal_needed(),
        CloseCode::Malformed => failure::request_refused(code.word()),
        CloseCode::TooManyConnections => failure::gateway_busy(),
        CloseCode::TooFast => failure::too_fast(),
        CloseCode::ShuttingDown => failure::gateway_stopping(),
        CloseCode::Internal => failure::gateway_failed(),
        CloseCode::Done | CloseCode::Idle => failure::connection_lost(address),
    };
    match code.is_retryable() {
        true => Lost::for_now(failure),
        false => Lost::for_good(failure),
    }
}

/// The TLS alert in a QUIC error code (RFC 9001 section 4.8).
fn alert(code: quinn_proto::TransportErrorCode) -> Option<u8> {
    let number = u64::from(code);
    (0x100..0x200).contains(&number).then_some((number & 0xff) as u8)
}

/// A refusal that ends only one thing among many, such as one document: the others go on.
pub fn of_one(refusal: &Refusal, name: &str) -> Failure {
    match refusal.known() {
        Some(Code::TooLarge) => failure::document_too_large(name),
        Some(Code::DigestsDiffer) => failure::digests_differ(name),
        _ => refused(refusal),
    }
    .with_exit(Exit::Partial)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quinn::{ApplicationClose, ConnectionError, VarInt};

    fn application(code: CloseCode) -> ConnectionError {
        let error_code = VarInt::from_u32(u32::from(code.number()));
        ConnectionError::ApplicationClosed(ApplicationClose { error_code, reason: Vec::new().into() })
    }

    #[test]
    fn every_close_code_has_its_exit() {
        for code in CloseCode::ALL {
            let lost = lost(&application(*code), "gw:4433");
            assert_eq!(lost.again == Again::Worth, code.is_retryable(), "{code:?}");
            match lost.again {
                Again::Worth => assert_eq!(lost.failure.exit(), Exit::Unreachable, "{code:?}"),
                Again::Useless => assert_ne!(lost.failure.exit(), Exit::Unreachable, "{code:?}"),
            }
        }
        assert_eq!(lost(&application(CloseCode::Revoked), "gw").failure.exit(), Exit::Certificate);
        assert_eq!(lost(&ConnectionError::TimedOut, "gw").failure.exit(), Exit::Unreachable);
    }
}
