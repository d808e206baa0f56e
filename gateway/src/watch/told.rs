//! What was said already, and when: one small sealed file, `keys/told.<zeros>`, a secret of the vault only in its form.
//!
//! A CBOR map: 0 version (1), 1 when a digest was said last, in milliseconds since 1970, 2 lines. A line: 1 of what,
//! 2 SHA-256 of its id, the first 16 bytes, 3 the threshold that was said, in days, 4 the end that it was said of, in
//! milliseconds since 1970. An end that is another now is said anew.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use model::{KeyId, Timestamp};

use super::{DAY_SECONDS, Ending};
use crate::keys::purpose;
use crate::practice::Practice;

/// So many lines fit in the file; of more, those that end last are said again.
const LINES_MAX: usize = 1000;

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Told {
    #[n(0)]
    version: u8,
    #[n(1)]
    last_ms: u64,
    #[n(2)]
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Line {
    #[n(1)]
    what: u8,
    #[n(2)]
    id: ByteArray<16>,
    #[n(3)]
    days: u64,
    #[n(4)]
    by_ms: u64,
}

fn digest(id: &str) -> ByteArray<16> {
    let digest = certs::certificate::fingerprint(id.as_bytes());
    digest.as_bytes().first_chunk::<16>().copied().unwrap_or_default().into()
}

impl Told {
    /// What the file says; nothing, where there is none.
    pub(super) fn read(practice: &Practice) -> Self {
        let nothing = Self { version: 1, last_ms: 0, lines: Vec::new() };
        let Ok(purpose) = purpose::of(purpose::TOLD) else { return nothing };
        let there = practice.vault.list_private(&purpose).is_ok_and(|all| all.contains(&key_id()));
        if !there {
            return nothing;
        }
        let read = practice.vault.open_private(&purpose, key_id()).ok();
        let read = read.and_then(|plain| minicbor::decode::<Self>(&plain).ok());
        read.filter(|told| told.version == 1).unwrap_or_else(|| {
            tracing::warn!("what was warned of can not be read; it is said again");
            nothing
        })
    }

    /// Whether a day has passed. A clock that went back keeps nothing back.
    pub(super) fn may_say(&self, now: Timestamp) -> bool {
        let last = Timestamp::from_unix_ms(self.last_ms);
        now < last || now >= last.plus_seconds(DAY_SECONDS)
    }

    /// Whether this end was said at this threshold or a nearer one.
    pub(super) fn knows(&self, ending: &Ending, days: u64) -> bool {
        let id = digest(&ending.id);
        self.lines.iter().any(|line| {
            line.what == ending.what.code()
                && line.id == id
                && line.by_ms == ending.by.unix_ms()
                && line.days <= days
        })
    }

    /// A digest was said: with it everything that there is now was said as far as it has come.
    pub(super) fn said(&mut self, practice: &Practice, all: Vec<(&Ending, u64)>, now: Timestamp) {
        let line = |(ending, days): &(&Ending, u64)| Line {
            what: ending.what.code(),
            id: digest(&ending.id),
            days: *days,
            by_ms: ending.by.unix_ms(),
        };
        self.last_ms = now.unix_ms();
        self.lines = all.iter().take(LINES_MAX).map(line).collect();
        let kept = purpose::of(purpose::TOLD).map_err(|error| error.to_string()).and_then(|purpose| {
            // Encoding to memory can not fail.
            let plain = minicbor::to_vec(&*self).unwrap_or_default();
            practice.vault.seal_private(&purpose, key_id(), &plain).map_err(|error| error.to_string())
        });
        if let Err(error) = kept {
            tracing::warn!(%error, "what was warned of can not be kept: a start would say it again");
        }
    }
}

fn key_id() -> KeyId {
    KeyId::from_bytes([0; 16])
}
