//! The three keys of an invitation, and the HMAC and HKDF that they go through. The gateway stores the keys,
//! never the secret.

use hmac::{Hmac, KeyInit as _, Mac as _};
use model::{InvitationId, Malformed, Pin};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Secret;
use crate::CertsError;
use crate::enrolment::transcript::lp;

const CONTEXT: &[u8] = b"counterfoil/invite/v1";

/// What both sides prove the secret with: one key for the gateway's offer, one for the companion's request, one
/// for the reply.
pub struct InvitationKeys(Zeroizing<[u8; 96]>);

impl InvitationKeys {
    /// HKDF-SHA256 (RFC 5869) over the secret, once a key.
    pub fn derive(secret: &Secret, id: InvitationId, pin: &Pin) -> Self {
        let mut all = Zeroizing::new([0u8; 96]);
        for (slot, side) in all.chunks_exact_mut(32).zip(["server", "client", "reply"]) {
            let info =
                [CONTEXT, b" ", side.as_bytes(), b"\0", &lp(&id.get().to_be_bytes()), &lp(pin.as_bytes())]
                    .concat();
            slot.copy_from_slice(&*hkdf_sha256(CONTEXT, secret.as_bytes(), &info));
        }
        Self(all)
    }

    /// Keys for a number that nobody was invited with: the same for the same number, known to no one.
    pub fn decoy(secret: &DecoySecret, id: InvitationId) -> Self {
        let mut all = Zeroizing::new([0u8; 96]);
        for (slot, side) in all.chunks_exact_mut(32).zip(["server", "client", "reply"]) {
            let message =
                [b"counterfoil/invite/v1 decoy ", side.as_bytes(), b"\0", &id.get().to_be_bytes()].concat();
            slot.copy_from_slice(&hmac_sha256(secret.0.as_slice(), &[&message]));
        }
        Self(all)
    }

    /// The 96 bytes: server, client, reply. The caller seals them.
    pub fn expose(&self) -> &[u8; 96] {
        &self.0
    }

    /// Takes the 96 bytes back.
    ///
    /// # Errors
    /// Another length.
    pub fn from_bytes(bytes: &Zeroizing<Vec<u8>>) -> Result<Self, Malformed> {
        let all: &[u8; 96] =
            bytes.as_slice().try_into().map_err(|_| Malformed::new("invitation keys", "length"))?;
        Ok(Self(Zeroizing::new(*all)))
    }

    pub(crate) fn server(&self) -> &[u8] {
        self.0.as_chunks::<32>().0.first().map_or(&[], |key| key)
    }

    pub(crate) fn client(&self) -> &[u8] {
        self.0.as_chunks::<32>().0.get(1).map_or(&[], |key| key)
    }

    pub(crate) fn reply(&self) -> &[u8] {
        self.0.as_chunks::<32>().0.get(2).map_or(&[], |key| key)
    }
}

impl std::fmt::Debug for InvitationKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InvitationKeys(…)")
    }
}

/// The gateway's secret behind the offers for unknown numbers; drawn at each start.
pub struct DecoySecret(Zeroizing<[u8; 32]>);

impl DecoySecret {
    /// Draws one.
    ///
    /// # Errors
    /// [`CertsError::NoRandomness`].
    pub fn random() -> Result<Self, CertsError> {
        Ok(Self(Zeroizing::new(host::random::bytes()?)))
    }
}

/// RFC 5869 for one block.
fn hkdf_sha256(salt: &[u8], secret: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let extracted = Zeroizing::new(hmac_sha256(salt, &[secret]));
    Zeroizing::new(hmac_sha256(extracted.as_slice(), &[info, &[1]]))
}

/// HMAC-SHA256 over the parts, one after the other.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    begin(key, parts).finalize().into_bytes().into()
}

/// Compares in constant time.
pub(crate) fn verify_hmac_sha256(key: &[u8], parts: &[&[u8]], found: &[u8]) -> crate::key::Verdict {
    match begin(key, parts).verify_slice(found) {
        Ok(()) => crate::key::Verdict::Valid,
        Err(_) => crate::key::Verdict::Invalid,
    }
}

fn begin(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    // HMAC takes keys of any length; the other arm is never reached and proves nothing if it were.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
    for part in parts {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::digest::hex;

    #[test]
    fn hkdf_is_that_of_rfc_5869_a_1() {
        // RFC 5869 appendix A.1; the first block of its 42 bytes.
        let info: [u8; 10] = hex::decode("f0f1f2f3f4f5f6f7f8f9").unwrap();
        let salt: [u8; 13] = hex::decode("000102030405060708090a0b0c").unwrap();
        assert_eq!(
            hex::encode(&*hkdf_sha256(&salt, &[0x0b; 22], &info)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        );
    }

    #[test]
    fn every_key_is_its_own() {
        let pin = Pin::from_bytes([1; 16]);
        let id = InvitationId::new(5).unwrap();
        let secret = Secret::from_bytes(Zeroizing::new([8; 11])).unwrap();
        let keys = InvitationKeys::derive(&secret, id, &pin);
        let again = InvitationKeys::from_bytes(&Zeroizing::new(keys.expose().to_vec())).unwrap();
        assert_eq!(keys.expose(), again.expose());
        let all = [keys.server(), keys.client(), keys.reply()];
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
        let other_pin = InvitationKeys::derive(&secret, id, &Pin::from_bytes([2; 16]));
        let other_id = InvitationKeys::derive(&secret, InvitationId::new(6).unwrap(), &pin);
        assert_ne!(keys.expose(), other_pin.expose());
        assert_ne!(keys.expose(), other_id.expose());
        assert!(InvitationKeys::from_bytes(&Zeroizing::new(vec![0; 95])).is_err());
    }
}
