//! What a revocation list says of who signed a receipt. Offline: the file is somebody's, the list is signed by the very
//! authority that certified the signer, which the receipt leads to the pin. A signature's time is that of the first head
//! over it, which the receipt has.
//!
//! A list is the practice's word, and newer than the receipt: it makes one doubtful, never invalid. Who could make an old
//! receipt invalid by a list of today could take it back.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use certs::crl::{CRL_BYTES_MAX, Reason, Revoked};
use certs::pem::{self, PEM_BYTES_MAX, Section};
use certs::{Certificate, Crl};
use console::failure;
use model::Timestamp;
use receipts::Receipt;

use crate::trouble::Told;

/// Lists in one file.
const LISTS_MAX: usize = 64;

/// A file of revocation lists, none of them read yet.
#[derive(Debug)]
pub struct Lists {
    path: PathBuf,
    ders: Vec<Vec<u8>>,
}

/// What was found of a receipt's signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The number of the list.
    pub number: u64,
    /// When it was made: what was revoked later is not known by it.
    pub made: Timestamp,
    /// When another one was due; `None` for an authority's last list.
    pub until: Option<Timestamp>,
    /// Whether it is over by the clock here: a newer one may say more.
    pub is_over: bool,
    /// When the signature was there at the latest: the first head over it.
    pub signed: Timestamp,
    /// What it says.
    pub found: Found,
}

/// What a list says of a signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing: not revoked when the list was made.
    Nothing,
    /// It was suspended later, and may come back.
    Suspended(Revoked),
    /// It was revoked later, and nothing says that its key was in other hands by then.
    Later(Revoked),
    /// Its key may have been in other hands already, and it was not revoked yet.
    Between(Revoked),
    /// It was revoked before: then the practice would not have taken the statement.
    Before(Revoked),
}

impl Found {
    /// The word for programs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Nothing => "not-revoked",
            Self::Suspended(_) => "suspended-later",
            Self::Later(_) => "revoked-later",
            Self::Between(_) => "doubtful",
            Self::Before(_) => "contradicted",
        }
    }

    /// The entry of the list.
    pub const fn entry(&self) -> Option<&Revoked> {
        match self {
            Self::Nothing => None,
            Self::Suspended(entry) | Self::Later(entry) | Self::Between(entry) | Self::Before(entry) => {
                Some(entry)
            }
        }
    }

    /// Whether somebody else may have signed.
    pub const fn is_doubtful(&self) -> bool {
        matches!(self, Self::Between(_) | Self::Before(_))
    }
}

impl Lists {
    /// Reads a file: PEM with any number of lists, or one in DER.
    ///
    /// # Errors
    /// `list-unusable`.
    pub fn read(path: &Path) -> Told<Self> {
        let unusable = |cause: String| failure::list_unusable(path, cause);
        let file = File::open(path).map_err(|error| unusable(error.to_string()))?;
        let mut bytes = Vec::new();
        // One byte more than any file of ours has: what is longer is refused without being read.
        let read = file.take(PEM_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| unusable(error.to_string()))?;
        let ders = match bytes.first() {
            // SEQUENCE: DER.
            Some(0x30) if bytes.len() <= CRL_BYTES_MAX => vec![bytes],
            _ => {
                let sections = pem::read(&bytes).map_err(|error| unusable(error.to_string()))?;
                let list = |section| match section {
                    Section::Crl(der) => Some(der),
                    Section::Certificate(_) => None,
                };
                sections.into_iter().filter_map(list).take(LISTS_MAX).collect()
            }
        };
        match ders.is_empty() {
            true => Err(unusable("no list".to_owned())),
            false => Ok(Self { path: path.to_path_buf(), ders }),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Asks for the signer of a receipt's origin; `None` where no list is by the authority that certified it. Whether
    /// that authority is the practice's is the verdict's to say.
    pub fn ask(&self, receipt: &Receipt, now: Timestamp) -> Option<Asked> {
        let leaf = Certificate::read(receipt.origin().certificate()).ok()?;
        let issuers = receipt.issuing_certificates().iter().filter_map(|der| Certificate::read(der).ok());
        let issuer = issuers.into_iter().find(|issuer| leaf.is_issued_by(issuer))?;
        let ours = self.ders.iter().filter_map(|der| Crl::read(der, &issuer).ok());
        let list = ours.max_by_key(Crl::number)?;
        let signed = receipt.cose_receipt().time;
        let entry = list.revoked().iter().find(|entry| entry.serial.as_bytes() == leaf.serial());
        Some(Asked {
            number: list.number(),
            made: list.made(),
            until: (!list.is_last()).then(|| list.next()),
            is_over: list.is_in_force(now).is_err(),
            signed,
            found: entry.map_or(Found::Nothing, |entry| found(*entry, signed)),
        })
    }
}

/// Lists have whole seconds: what falls into the second of a revocation was before it.
fn found(entry: Revoked, signed: Timestamp) -> Found {
    let second = signed.unix_seconds();
    let is_since = |since: Timestamp| second >= since.unix_seconds();
    match second > entry.at.unix_seconds() {
        true => Found::Before(entry),
        false if entry.reason == Reason::CertificateHold => Found::Suspended(entry),
        false if entry.compromised_since.is_some_and(is_since) => Found::Between(entry),
        false => Found::Later(entry),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use certs::Serial;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    #[test]
    fn a_signature_is_before_between_or_after() {
        let serial = Serial::from_random([1; 16]);
        let entry = |reason, since: Option<u64>| Revoked {
            serial,
            at: at(1000),
            reason,
            compromised_since: since.map(at),
        };
        let stolen = entry(Reason::KeyCompromise, Some(500));
        for (signed, wanted) in [
            (499, Found::Later(stolen)),
            (500, Found::Between(stolen)),
            (999, Found::Between(stolen)),
            (1000, Found::Between(stolen)),
            (1001, Found::Before(stolen)),
        ] {
            assert_eq!(found(stolen, at(signed)), wanted, "{signed}");
        }
        // Within the second of the revocation.
        let late = Timestamp::from_unix_ms(1000 * 1000 + 999);
        assert_eq!(found(stolen, late), Found::Between(stolen));
        let left = entry(Reason::AffiliationChanged, None);
        assert_eq!(found(left, at(999)), Found::Later(left));
        let held = entry(Reason::CertificateHold, None);
        assert_eq!(found(held, at(999)), Found::Suspended(held));
        assert_eq!(found(held, at(1001)), Found::Before(held));
    }
}
