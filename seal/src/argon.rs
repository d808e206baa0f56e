//! Argon2id (RFC 9106) with bounded parameters and wiped memory: a passphrase to 32 bytes. Stores nothing.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use crate::cbor::{Reader, Writer};
use crate::key::KEY_BYTES;
use crate::{NoRandomness, SlotError, chance};

/// KiB of memory at most: 1 GiB.
pub const MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// Passes at most.
pub const PASSES_MAX: u32 = 10;
/// Lanes at most.
pub const LANES_MAX: u32 = 4;
/// Bytes of the salt.
const SALT_BYTES: usize = 16;

/// How much work a guess costs. Only values within the bounds of this module exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Parameters {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Argon2Parameters {
    /// Unlock slots: 256 MiB, 3 passes, about 0.7 s.
    pub const SLOT: Self = Self { memory_kib: 256 * 1024, passes: 3, lanes: 1 };
    /// Device keys: 64 MiB, 3 passes, about 0.15 s.
    pub const DEVICE: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// Root keys: 1 GiB, 4 passes, a few seconds.
    pub const ROOT: Self = Self { memory_kib: MEMORY_KIB_MAX, passes: 4, lanes: 1 };

    /// Other parameters. Errors: [`SlotError::Parameters`] beyond the bounds, or below RFC 9106's 8 KiB a lane.
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, SlotError> {
        let bounded = memory_kib <= MEMORY_KIB_MAX && passes <= PASSES_MAX && lanes <= LANES_MAX;
        if bounded && passes >= 1 && lanes >= 1 && memory_kib >= 8 * lanes {
            Ok(Self { memory_kib, passes, lanes })
        } else {
            Err(SlotError::Parameters { memory_kib, passes, lanes })
        }
    }

    /// KiB of memory.
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub const fn passes(&self) -> u32 {
        self.passes
    }

    /// Lanes.
    pub const fn lanes(&self) -> u32 {
        self.lanes
    }
}

/// Parameters with their salt, as they stand in a file: `[memory KiB, passes, lanes, salt]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    parameters: Argon2Parameters,
    salt: [u8; SALT_BYTES],
}

impl Stretch {
    /// With a fresh salt. Errors: [`NoRandomness`].
    pub(crate) fn fresh(parameters: Argon2Parameters) -> Result<Self, NoRandomness> {
        let mut salt = [0; SALT_BYTES];
        chance::fill(&mut salt)?;
        Ok(Self { parameters, salt })
    }

    /// What it costs.
    pub(crate) fn parameters(&self) -> Argon2Parameters {
        self.parameters
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.array(4);
        to.number(self.parameters.memory_kib.into());
        to.number(self.parameters.passes.into());
        to.number(self.parameters.lanes.into());
        to.bytes(&self.salt);
    }

    /// Errors: [`SlotError::Malformed`], [`SlotError::Parameters`].
    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, SlotError> {
        const MALFORMED: SlotError = SlotError::Malformed { what: "Argon2 parameters" };
        if from.array() != Some(4) {
            return Err(MALFORMED);
        }
        let mut number =
            || from.number().map(|number| u32::try_from(number).unwrap_or(u32::MAX)).ok_or(MALFORMED);
        let parameters = Argon2Parameters::new(number()?, number()?, number()?)?;
        let salt = from.bytes_exact().ok_or(MALFORMED)?;
        Ok(Self { parameters, salt })
    }

    /// Argon2id, version 0x13. Errors: [`SlotError::Memory`].
    pub(crate) fn stretch(&self, passphrase: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>, SlotError> {
        let Argon2Parameters { memory_kib, passes, lanes } = self.parameters;
        let refused = SlotError::Parameters { memory_kib, passes, lanes };
        let params = Params::new(memory_kib, passes, lanes, Some(KEY_BYTES)).map_err(|_| refused)?;
        let block_count = params.block_count();
        let mut memory = Zeroizing::new(Vec::new());
        memory.try_reserve_exact(block_count).map_err(|_| SlotError::Memory { memory_kib })?;
        memory.resize(block_count, Block::new());
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hashed = argon.hash_password_into_with_memory(
            passphrase,
            &self.salt,
            bytes.as_mut_slice(),
            memory.as_mut_slice(),
        );
        hashed.map_err(|_| refused)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_that_are_used_are_within_the_bounds() {
        for used in [Argon2Parameters::SLOT, Argon2Parameters::DEVICE, Argon2Parameters::ROOT] {
            assert_eq!(Argon2Parameters::new(used.memory_kib, used.passes, used.lanes), Ok(used));
        }
    }

    #[test]
    fn parameters_out_of_bounds_do_not_exist() {
        for (memory_kib, passes, lanes) in [
            (1 << 31, 3, 1),
            (MEMORY_KIB_MAX + 1, 1, 1),
            (7, 1, 1),
            (31, 1, 4),
            (64, 0, 1),
            (64, 11, 1),
            (64, 1, 0),
            (64, 1, 5),
            (64, 1, u32::MAX),
        ] {
            let refused = Err(SlotError::Parameters { memory_kib, passes, lanes });
            assert_eq!(Argon2Parameters::new(memory_kib, passes, lanes), refused);
        }
    }

    #[test]
    fn every_parameter_and_the_salt_change_the_key() {
        let stretch = |memory_kib, passes, lanes, salt: u8| {
            let parameters = Argon2Parameters::new(memory_kib, passes, lanes).unwrap();
            Stretch { parameters, salt: [salt; SALT_BYTES] }.stretch(b"passphrase").unwrap()
        };
        let keys = [
            stretch(64, 1, 1, 1),
            stretch(72, 1, 1, 1),
            stretch(64, 2, 1, 1),
            stretch(64, 1, 2, 1),
            stretch(64, 1, 1, 2),
        ];
        for (i, key) in keys.iter().enumerate() {
            assert!(keys[..i].iter().all(|before| before != key));
        }
    }
}
