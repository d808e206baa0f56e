//! A factor as bytes, for the gateway to seal. `factor` in `format.md`.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use model::{Malformed, Timestamp, limits};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Factor, RECOVERY_CODES, Secret};

#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    /// The version: 1.
    #[n(0)]
    version: u8,
    #[n(1)]
    secret: ByteVec,
    #[n(2)]
    active: bool,
    #[n(3)]
    last_step: u64,
    #[n(4)]
    failures_ms: Vec<u64>,
    #[n(5)]
    locked: bool,
    #[n(6)]
    recovery: Vec<ByteArray<32>>,
}

impl Factor {
    /// What is kept.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut stored = Stored {
            version: 1,
            secret: self.secret.expose().to_vec().into(),
            active: self.active,
            last_step: self.last_step,
            failures_ms: self.failures.iter().map(|at| at.unix_ms()).collect(),
            locked: self.locked,
            recovery: self.recovery.iter().map(|hmac| (*hmac).into()).collect(),
        };
        // Encoding to memory can not fail.
        let bytes = Zeroizing::new(minicbor::to_vec(&stored).unwrap_or_default());
        stored.secret.zeroize();
        bytes
    }

    /// Takes back what was kept.
    ///
    /// # Errors
    /// Bytes that are no factor of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let wrong = || Malformed::new("factor", "it is not one of this version");
        let mut decoder = minicbor::Decoder::new(bytes);
        let mut stored: Stored = decoder.decode().map_err(|_| wrong())?;
        let secret = Secret::from_bytes(&stored.secret);
        stored.secret.zeroize();
        let fits = decoder.position() == bytes.len()
            && stored.version == 1
            && stored.failures_ms.len() <= limits::FACTOR_FAILURES_PER_DAY_MAX
            && stored.recovery.len() <= RECOVERY_CODES;
        match (secret, fits) {
            (Some(secret), true) => Ok(Self {
                secret,
                active: stored.active,
                last_step: stored.last_step,
                failures: stored.failures_ms.into_iter().map(Timestamp::from_unix_ms).collect(),
                locked: stored.locked,
                recovery: stored.recovery.into_iter().map(Into::into).collect(),
            }),
            _ => Err(wrong()),
        }
    }
}
