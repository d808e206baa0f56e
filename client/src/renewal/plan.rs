//! When a device renews: a moment drawn once for each certificate, the gateway's window, and how often it is seen.
//! Asks nobody.
//!
//! ```text
//! <practice>/renewal   {0: 1, 1: TLS certificate, 2: its moment, 3: signing certificate, 4: its moment,
//!                       5: last contact, 6: [after, before, the moment drawn in between]}
//! ```

use certs::Certificate;
use certs::profile::BEFORE_SECONDS;
use console::failure;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use model::{Sha256Digest, Timestamp};
use protocol::record::RenewWindow;

use crate::device::Certificates;
use crate::practice::Practice;
use crate::trouble::Told;

const FILE: &str = "renewal";
/// Who is seen less often than this renews at any contact after a third of the life.
const RARE_SECONDS: u64 = 14 * 24 * 3600;
/// A contact is written down at most this often.
const CONTACT_SECONDS: u64 = 3600;

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
struct File {
    #[n(0)]
    version: u8,
    #[n(1)]
    tls: Option<ByteArray<32>>,
    #[n(2)]
    tls_moment_ms: u64,
    #[n(3)]
    signing: Option<ByteArray<32>>,
    #[n(4)]
    signing_moment_ms: u64,
    #[n(5)]
    contact_ms: u64,
    #[n(6)]
    window: Option<[u64; 3]>,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// New certificates; a new signing key too, or not.
    Renewal {
        /// Whether the signing certificate's time has come.
        signing: bool,
    },
}

/// The plan of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    file: File,
    tls: Life,
    signing: Life,
    /// Whether the practice distrusts the authority that one of the certificates is from: its key was stolen.
    is_distrusted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Life {
    issued: Timestamp,
    end: Timestamp,
}

impl Life {
    fn of(certificate: &Certificate) -> Self {
        let issued = certificate.not_before().plus_seconds(BEFORE_SECONDS);
        Self { issued, end: certificate.not_after() }
    }

    fn seconds(self) -> u64 {
        self.end.unix_seconds().saturating_sub(self.issued.unix_seconds())
    }

    /// Two thirds of it, 5 % more or less by chance.
    fn draw(self) -> Told<Timestamp> {
        let life = self.seconds();
        let earliest = life.saturating_mul(2) / 3 - life / 20;
        Ok(self.issued.plus_seconds(earliest.saturating_add(chance(life / 10)?)))
    }

    fn is_past(self, now: Timestamp) -> bool {
        now.unix_seconds() > self.end.unix_seconds()
    }
}

/// A number from 0 to `most`.
fn chance(most: u64) -> Told<u64> {
    let bytes = host::random::bytes::<8>().map_err(|_| failure::randomness_missing())?;
    Ok(u64::from_be_bytes(bytes) % most.saturating_add(1))
}

fn read(practice: &Practice) -> Told<File> {
    let file: Option<File> = practice.read(FILE)?.and_then(|bytes| minicbor::decode(&bytes).ok());
    // One that can not be read says nothing: its moments are drawn again.
    Ok(file.filter(|file| file.version == 1).unwrap_or_default())
}

fn write(practice: &Practice, file: &File) -> Told<()> {
    practice.write(FILE, &minicbor::to_vec(file).unwrap_or_default())
}

impl Plan {
    /// Reads the plan for these certificates; draws and keeps what is new of it.
    ///
    /// # Errors
    /// The disk's; no randomness; certificates that are none.
    pub(crate) fn of(practice: &Practice, certificates: &Certificates) -> Told<Self> {
        let leaf = |chain: &[Certificate]| {
            chain.first().cloned().ok_or_else(|| failure::device_key_damaged(practice.folder()))
        };
        let (tls, signing) = (leaf(&certificates.tls)?, leaf(&certificates.signing)?);
        let mut file = read(practice)?;
        let before = file.clone();
        let digest =
            |certificate: &Certificate| -> ByteArray<32> { (*certificate.fingerprint().as_bytes()).into() };
        if file.tls != Some(digest(&tls)) {
            file.tls = Some(digest(&tls));
            file.tls_moment_ms = Life::of(&tls).draw()?.unix_ms();
        }
        if file.signing != Some(digest(&signing)) {
            file.signing = Some(digest(&signing));
            file.signing_moment_ms = Life::of(&signing).draw()?.unix_ms();
        }
        if file.contact_ms == 0 {
            file.contact_ms = practice.about().enrolled_at.unix_ms().max(1);
        }
        file.version = 1;
        if file != before {
            write(practice, &file)?;
        }
        let trust = practice.trust()?;
        let issuers = [&certificates.tls, &certificates.signing].into_iter().filter_map(|chain| chain.get(1));
        let is_distrusted = issuers.into_iter().any(|issuer| trust.revokes_issuing(&issuer.key_hash()));
        Ok(Self { file, tls: Life::of(&tls), signing: Life::of(&signing), is_distrusted })
    }

    /// What is due at `now`.
    pub fn due(&self, now: Timestamp) -> Due {
        let signing = now.unix_ms() >= self.file.signing_moment_ms || self.is_distrusted;
        match now.unix_ms() >= self.moment(now).unix_ms() || signing {
            true => Due::Renewal { signing },
            false => Due::Nothing,
        }
    }

    /// The moment from which the TLS certificate is renewed, as things stand at `now`.
    pub fn moment(&self, now: Timestamp) -> Timestamp {
        let drawn = Timestamp::from_unix_ms(self.file.tls_moment_ms);
        let window = self.file.window.filter(|[after, _, _]| self.tls.issued.unix_ms() < *after);
        let window = window.map(|[_, _, moment]| Timestamp::from_unix_ms(moment));
        let since = now.unix_ms().saturating_sub(self.file.contact_ms) / 1000;
        let rare = (since > RARE_SECONDS).then(|| self.tls.issued.plus_seconds(self.tls.seconds() / 3));
        [window, rare].into_iter().flatten().fold(drawn, Timestamp::min)
    }

    /// The moment from which the signing certificate is renewed.
    pub fn signing_moment(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.file.signing_moment_ms)
    }

    /// Whether the TLS certificate's end is past at `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.tls.is_past(now)
    }

    /// The TLS certificate's last second.
    pub fn end(&self) -> Timestamp {
        self.tls.end
    }

    /// The signing certificate's last second.
    pub fn signing_end(&self) -> Timestamp {
        self.signing.end
    }

    /// The TLS certificate that the plan is for.
    pub fn certificate(&self) -> Option<Sha256Digest> {
        self.file.tls.map(|digest| Sha256Digest::from_bytes(digest.into()))
    }
}

/// The gateway was reached; it may have named a window. For who holds the practice's state.
///
/// # Errors
/// The disk's; no randomness.
pub(crate) fn contacted(practice: &Practice, window: Option<&RenewWindow>) -> Told<()> {
    let mut file = read(practice)?;
    let before = file.clone();
    let now = practice.now().unix_ms();
    if now.saturating_sub(file.contact_ms) / 1000 >= CONTACT_SECONDS {
        file.contact_ms = now;
    }
    let named = window.map(|window| [window.after.unix_ms(), window.before.unix_ms()]);
    match (named, file.window) {
        (Some([after, before]), held) if held.is_none_or(|[a, b, _]| [a, b] != [after, before]) => {
            // One in the past means now; of one that has begun, what is left of it.
            let from = after.max(now).min(before.max(after));
            let moment = from.saturating_add(chance(before.saturating_sub(from))?);
            file.window = Some([after, before, moment]);
        }
        (Some(_), _) => {}
        (None, _) => file.window = None,
    }
    file.version = 1;
    match file == before {
        true => Ok(()),
        false => write(practice, &file),
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
