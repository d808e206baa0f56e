//! What is hashed, proven and signed in an enrolment: the transcript. Labels end in a zero byte, every part that
//! follows carries its length.

use model::{InvitationId, PracticeId};
use sha2::{Digest as _, Sha256};

use super::Exporter;
use crate::invitation::{InvitationKeys, hmac_sha256, verify_hmac_sha256};
use crate::key::Verdict;

/// u32 big-endian length ‖ bytes.
pub(crate) fn lp(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

/// T1: the connection, the Hello and the Offer's body.
pub(super) fn offer_hash(exporter: &Exporter, hello: &[u8], offer_body: &[u8]) -> [u8; 32] {
    hash(b"counterfoil/enrol/v1 offer\0", &[exporter, hello, offer_body])
}

/// T2: T1, the gateway's proof and the Request's body.
pub(super) fn request_hash(offer_hash: &[u8; 32], server_mac: &[u8; 32], request_body: &[u8]) -> [u8; 32] {
    hash(b"counterfoil/enrol/v1 request\0", &[offer_hash, server_mac, request_body])
}

/// What the new TLS key signs.
pub(super) fn tls_proof(request_hash: &[u8; 32]) -> Vec<u8> {
    [b"counterfoil/enrol/v1 pop tls\0".as_slice(), request_hash].concat()
}

/// What the new signing key signs.
pub(super) fn signing_proof(request_hash: &[u8; 32]) -> Vec<u8> {
    [b"counterfoil/enrol/v1 pop sign\0".as_slice(), request_hash].concat()
}

/// mac_s: over T1.
pub(super) fn server_mac(keys: &InvitationKeys, offer_hash: &[u8; 32]) -> [u8; 32] {
    hmac_sha256(keys.server(), &[offer_hash])
}

pub(super) fn verify_server_mac(keys: &InvitationKeys, offer_hash: &[u8; 32], found: &[u8; 32]) -> Verdict {
    verify_hmac_sha256(keys.server(), &[offer_hash], found)
}

/// mac_c: over T2 and both signatures.
pub(super) fn client_mac(keys: &InvitationKeys, request_hash: &[u8; 32], pops: &[[u8; 64]; 2]) -> [u8; 32] {
    hmac_sha256(keys.client(), &client_parts(request_hash, pops))
}

pub(super) fn verify_client_mac(
    keys: &InvitationKeys,
    request_hash: &[u8; 32],
    pops: &[[u8; 64]; 2],
    found: &[u8; 32],
) -> Verdict {
    verify_hmac_sha256(keys.client(), &client_parts(request_hash, pops), found)
}

fn client_parts<'a>(request_hash: &'a [u8; 32], [tls, signing]: &'a [[u8; 64]; 2]) -> [&'a [u8]; 4] {
    [b"counterfoil/enrol/v1 client\0", request_hash, tls, signing]
}

/// mac_r: over T2, mac_c and the Reply's body.
pub(super) fn reply_mac(
    keys: &InvitationKeys,
    request_hash: &[u8; 32],
    client_mac: &[u8; 32],
    body: &[u8],
) -> [u8; 32] {
    hmac_sha256(keys.reply(), &[b"counterfoil/enrol/v1 reply\0", request_hash, client_mac, &lp(body)])
}

pub(super) fn verify_reply_mac(
    keys: &InvitationKeys,
    request_hash: &[u8; 32],
    client_mac: &[u8; 32],
    body: &[u8],
    found: &[u8; 32],
) -> Verdict {
    let parts: [&[u8]; 4] = [b"counterfoil/enrol/v1 reply\0", request_hash, client_mac, &lp(body)];
    verify_hmac_sha256(keys.reply(), &parts, found)
}

/// What the check digits come from.
pub(super) fn check_hash(
    practice: &PracticeId,
    id: InvitationId,
    [tls_spki, signing_spki]: [&[u8]; 2],
    nonce: &[u8; 16],
) -> [u8; 32] {
    let id = id.get().to_be_bytes();
    hash(b"counterfoil/enrol/v1 check\0", &[practice.as_str().as_bytes(), &id, tls_spki, signing_spki, nonce])
}

pub(crate) fn hash(label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(label);
    for part in parts {
        hash.update(lp(part));
    }
    hash.finalize().into()
}
