//! What went wrong, as a failure that people are told: every error of this room has its row in the console's table.
//! Prints nothing.

use std::path::{Path, PathBuf};

use console::{Arg, Failure, failure};
use host::{DiskError, LogError};
use journal::JournalError;
use seal::SlotError;
use vault::VaultError;
use vault::records::RecordsError;

use crate::admin::{AskError, ServeError};
use crate::keys::token::TokenError;
use crate::ledger::StartError;
use crate::ledger::post::PostError;
use crate::listener::ListenError;
use crate::practice::OpenError;
use crate::sealing::ReadFailure;
use crate::setup::SetupError;

/// Why a practice can not be made. `folder` is the practice folder.
pub fn of_setup(error: &SetupError, folder: &Path) -> Failure {
    match error {
        SetupError::NotEmpty(path) => failure::folder_exists(path),
        SetupError::RootFolder(path) => failure::root_folder_unusable(path),
        SetupError::Open(OpenError::Vault(VaultError::Exists { path })) => failure::folder_exists(path),
        SetupError::Open(error) => of_open(error, folder),
    }
}

/// Why a practice can not be opened.
pub fn of_open(error: &OpenError, folder: &Path) -> Failure {
    match error {
        OpenError::Held(path) => failure::folder_held(path),
        OpenError::NotAPractice(_) => failure::folder_not_practice(folder),
        OpenError::Unlock { .. } => failure::unlock_wrong(),
        OpenError::Disk(error) => of_disk(error, folder),
        OpenError::Vault(error) => of_vault(error, folder),
        OpenError::Journal(error) => of_journal(error, folder),
        OpenError::Ledger(error) => of_start(error, folder),
        OpenError::Certs(_) | OpenError::Trust(_) => {
            failure::keys_unusable(folder.join("certs").join("current"))
        }
        OpenError::Key(_) => failure::keys_unusable(folder.join("keys")),
        OpenError::Token(error) => of_token(error),
        OpenError::Thread(error) => failure::unexpected(error),
    }
}

/// Why the token with the issuing key is of no use.
pub(super) fn of_token(error: &TokenError) -> Failure {
    match error {
        TokenError::NotBuilt => failure::token_not_built(),
        TokenError::NotConfigured => failure::token_not_configured(),
        TokenError::Module { path, cause } => failure::token_module_unusable(path, cause),
        TokenError::Absent { token, count } => failure::token_absent(token, *count as u64),
        TokenError::PinUnusable { path, cause } => failure::token_pin_unusable(path, cause.clone()),
        TokenError::PinMissing => failure::token_pin_missing(),
        TokenError::PinWrong { token } => failure::token_pin_wrong(token),
        TokenError::PinLocked { token } => failure::token_pin_locked(token),
        TokenError::KeyMissing { key } | TokenError::KeyExportable { key } => {
            failure::token_key_unusable(Arg::shown(key), Arg::shown(error))
        }
        TokenError::SignatureWrong => failure::token_signature_wrong(),
        TokenError::Failed { cause } => failure::token_failed(cause),
    }
}

/// Why the doors can not be opened.
pub fn of_listen(error: &ListenError, folder: &Path) -> Failure {
    match error {
        ListenError::Bind { address, error } if error.kind() == std::io::ErrorKind::AddrInUse => {
            failure::address_in_use(*address)
        }
        ListenError::Bind { address, error } => failure::address_unusable(*address, error),
        ListenError::Vault(error) => of_vault(error, folder),
        ListenError::Tls(_) => failure::keys_unusable(folder.join("certs").join("current")),
        other => failure::unexpected(Arg::shown(other)),
    }
}

/// Why the socket can not be served.
pub fn of_serve(error: &ServeError) -> Failure {
    failure::socket_unusable(&error.path, &error.error)
}

/// Why a running gateway does not answer.
pub fn of_ask(error: &AskError) -> Failure {
    match error {
        AskError::Socket { path, error } => failure::socket_refused(path, error),
        AskError::Answer(error) => failure::answer_malformed(Arg::shown(error)),
    }
}

/// What the disk refuses. `folder` stands for what has no path of its own.
pub fn of_disk(error: &DiskError, folder: &Path) -> Failure {
    match error {
        DiskError::SyncFailed { path, source } => failure::storage_failed(path, source),
        DiskError::Poisoned => failure::storage_failed(folder, Arg::shown(error)),
        DiskError::NoRandomness(_) => failure::randomness_missing(),
        DiskError::Held { path } => failure::folder_held(path.parent().unwrap_or(path)),
        other => failure::disk_failed(path_of_disk(other).unwrap_or(folder), cause_of_disk(other)),
    }
}

fn path_of_disk(error: &DiskError) -> Option<&Path> {
    match error {
        DiskError::Absent { path }
        | DiskError::Exists { path }
        | DiskError::Full { path }
        | DiskError::Held { path }
        | DiskError::Io { path, .. }
        | DiskError::NotAFile { path }
        | DiskError::Short { path, .. }
        | DiskError::SyncFailed { path, .. }
        | DiskError::TooLarge { path, .. } => Some(path),
        DiskError::NoRandomness(_) | DiskError::Poisoned => None,
    }
}

/// Why the disk refuses, in the language of the message where it is one of the common reasons.
pub fn cause_of_disk(error: &DiskError) -> Arg<'static> {
    match error {
        DiskError::Absent { .. } => Arg::Message("cause-absent"),
        DiskError::Exists { .. } => Arg::Message("cause-exists"),
        DiskError::Full { .. } => Arg::Message("cause-full"),
        DiskError::Held { .. } => Arg::Message("cause-busy"),
        DiskError::Io { source, .. } | DiskError::SyncFailed { source, .. } => {
            Arg::cause(source).into_owned()
        }
        DiskError::NotAFile { .. } => Arg::Message("cause-no-file"),
        DiskError::Short { .. } => Arg::Message("cause-cut"),
        other => Arg::shown(other),
    }
}

fn of_vault(error: &VaultError, folder: &Path) -> Failure {
    match error {
        VaultError::NotAVault { .. } => failure::folder_not_practice(folder),
        VaultError::NoSlotOpens { .. } => failure::unlock_wrong(),
        VaultError::Exists { path } => failure::folder_exists(path),
        VaultError::Damaged { path, .. } => failure::vault_damaged(path, "-"),
        VaultError::Disk(error) => of_disk(error, folder),
        VaultError::Log(error) => of_log(error, folder, |path, offset| failure::vault_damaged(path, offset)),
        VaultError::NoRandomness => failure::randomness_missing(),
        VaultError::Stopped(cause) => of_vault(cause, folder),
        VaultError::UnknownKey(key) => failure::key_missing(Arg::shown(key)),
        VaultError::Slot(SlotError::Version { .. }) => failure::folder_format_unknown(folder.join("slots")),
        VaultError::Slot(SlotError::NoRandomness(_)) => failure::randomness_missing(),
        VaultError::Slot(SlotError::Passphrase { .. }) => failure::unlock_wrong(),
        VaultError::Slot(_) => failure::vault_damaged(folder.join("slots"), "-"),
        VaultError::Records(RecordsError::Held) => failure::folder_held(folder),
        VaultError::Records(RecordsError::Io(kind)) => {
            failure::disk_failed(folder.join("ledger"), std::io::Error::from(*kind))
        }
        VaultError::Thread(error) => failure::unexpected(error),
        other => failure::unexpected(Arg::shown(other)),
    }
}

fn of_log(error: &LogError, folder: &Path, damaged: impl Fn(&Path, u64) -> Failure) -> Failure {
    match error {
        LogError::Damaged { path, offset } => damaged(path, *offset),
        LogError::Refused { offset, .. } => damaged(folder, *offset),
        LogError::Disk(error) => of_disk(error, folder),
        LogError::WrongFormat { path, .. } => failure::folder_format_unknown(path),
        other => failure::unexpected(Arg::shown(other)),
    }
}

fn of_journal(error: &JournalError, folder: &Path) -> Failure {
    let damaged = |path: &Path, offset: u64| failure::journal_damaged(path, offset);
    match error {
        JournalError::HeadMissing { path } | JournalError::HeadDamaged { path } => {
            failure::journal_head_missing(path)
        }
        JournalError::HeadAhead { path, .. } | JournalError::HeadForked { path, .. } => {
            failure::journal_rolled_back(path)
        }
        JournalError::Absent { folder: path } | JournalError::LogMissing { path } => {
            failure::record_missing(path)
        }
        JournalError::Exists { path } => failure::folder_exists(path),
        JournalError::Damaged { path, offset, .. } => damaged(path, *offset),
        JournalError::Log(error) => of_log(error, &folder.join("journal"), damaged),
        JournalError::Disk(error) => of_disk(error, folder),
        JournalError::Open { index, why } => failure::entry_unreadable(*index, Arg::shown(why)),
        other => failure::unexpected(Arg::shown(other)),
    }
}

fn of_start(error: &StartError, folder: &Path) -> Failure {
    match error {
        StartError::Journal(error) | StartError::Entry(ReadFailure::Journal(error)) => {
            of_journal(error, folder)
        }
        StartError::Entry(ReadFailure::Open { entry, failure: cause }) => {
            failure::entry_unreadable(*entry, Arg::shown(cause))
        }
        StartError::Entry(ReadFailure::Statement { entry, error }) => {
            failure::entry_unreadable(*entry, Arg::shown(error))
        }
        StartError::Post(error) => of_post(error, folder),
        StartError::Vault(error) => of_vault(error, folder),
    }
}

fn of_post(error: &PostError, folder: &Path) -> Failure {
    match error {
        PostError::NoRecord(at) => failure::acceptance_without_document(Arg::shown(at.submission)),
        PostError::Dangling { entry, .. } | PostError::List { entry } => {
            failure::entry_unreadable(*entry, Arg::shown(error))
        }
        PostError::Vault(error) => of_vault(error, folder),
        other => failure::unexpected(Arg::shown(other)),
    }
}

/// A practice folder as it is on this machine: absolute, links resolved as far as it is there.
pub(super) fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut there = absolute.as_path();
    let mut rest = Vec::new();
    let mut resolved = loop {
        if let Ok(resolved) = there.canonicalize() {
            break resolved;
        }
        match (there.parent(), there.components().next_back()) {
            (Some(parent), Some(last)) => {
                rest.push(last);
                there = parent;
            }
            _ => break absolute.clone(),
        }
    };
    for part in rest.into_iter().rev() {
        match part {
            std::path::Component::ParentDir => {
                resolved.pop();
            }
            part => resolved.push(part),
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;
    use console::{Exit, FailureCode};

    #[test]
    fn every_open_error_has_its_failure_and_exit() {
        let folder = Path::new("/srv/practice");
        let path = || folder.join("journal").join("log.1");
        let io = || std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let cases = [
            (OpenError::Held(folder.into()), FailureCode::FolderHeld, Exit::Failed),
            (OpenError::NotAPractice(folder.into()), FailureCode::FolderNotPractice, Exit::Usage),
            (OpenError::Unlock { slots: 2 }, FailureCode::UnlockWrong, Exit::Failed),
            (OpenError::Thread(io()), FailureCode::Unexpected, Exit::Failed),
            (
                DiskError::SyncFailed { path: path(), source: io() }.into(),
                FailureCode::StorageFailed,
                Exit::Storage,
            ),
            (DiskError::Full { path: path() }.into(), FailureCode::DiskFailed, Exit::Failed),
            (
                JournalError::HeadMissing { path: path() }.into(),
                FailureCode::JournalHeadMissing,
                Exit::Unverified,
            ),
            (
                JournalError::HeadAhead { path: path(), head_size: 3, log_size: 2 }.into(),
                FailureCode::JournalRolledBack,
                Exit::Unverified,
            ),
            (
                JournalError::from(LogError::Damaged { path: path(), offset: 9 }).into(),
                FailureCode::JournalDamaged,
                Exit::Unverified,
            ),
            (JournalError::LogMissing { path: path() }.into(), FailureCode::RecordMissing, Exit::Unverified),
            (
                OpenError::Vault(LogError::Damaged { path: path(), offset: 9 }.into()),
                FailureCode::VaultDamaged,
                Exit::Unverified,
            ),
            (
                StartError::from(ReadFailure::Open { entry: 4, failure: journal::OpenFailure::Unknown })
                    .into(),
                FailureCode::EntryUnreadable,
                Exit::Unverified,
            ),
        ];
        for (error, code, exit) in cases {
            let failure = of_open(&error, folder);
            assert_eq!((failure.code(), failure.exit()), (code, exit), "{error}");
        }
    }

    #[test]
    fn a_path_is_resolved_also_where_it_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().canonicalize().unwrap();
        std::os::unix::fs::symlink(&at, at.join("link")).unwrap();
        assert_eq!(real(&at.join("link").join("a").join("..").join("b")), at.join("b"));
        assert_eq!(real(&at), at);
    }
}
