//! Root records written: the first, and those that follow it.

use model::{Sha256Digest, Timestamp};

use super::{RootRecord, TrustError, enclose, signed};
use crate::codec::Writer;
use crate::{Certificate, CertsError, PrivateKey, Root};

/// What the record after another one says.
pub struct Next<'a> {
    /// The roots in force from it on.
    pub roots: &'a [&'a Certificate],
    /// SHA-256 of the key that the record after it needs: nothing else of that key is public.
    pub committed: Sha256Digest,
    /// Issuing authorities that it revokes, besides those that are revoked already.
    pub revokes: &'a [Sha256Digest],
    /// When it is issued.
    pub issued: Timestamp,
}

impl RootRecord {
    /// Record 1: the first root, and the hash of the spare's key, of which nothing else is public.
    ///
    /// # Errors
    /// [`CertsError::SignatureUnsound`].
    pub fn first(root: &Root, spare_key_hash: Sha256Digest, issued: Timestamp) -> Result<Self, CertsError> {
        let mut out = Writer::default();
        out.map(7).uint(0).uint(1);
        out.uint(1).text(root.practice().as_str()).uint(2).uint(1).uint(3).list(&[root.certificate()]);
        out.uint(4).bytes(spare_key_hash.as_bytes()).uint(5).array(0);
        let body = out.uint(7).uint(issued.unix_seconds()).finish();
        sign(&body, &[root.key()])
    }

    /// The record after this one, signed by all of `signers`; held against this one before it is given out.
    ///
    /// # Errors
    /// [`CertsError::RecordNotFollowing`]: a signer that is needed is not among them, or it is older than this one.
    pub fn follow(&self, next: &Next<'_>, signers: &[&PrivateKey]) -> Result<Self, CertsError> {
        let new = next.revokes.iter().filter(|revoked| !self.revoked_issuing.contains(revoked));
        let revoked: Vec<_> = self.revoked_issuing.iter().chain(new).collect();
        let mut out = Writer::default();
        out.map(8).uint(0).uint(1);
        out.uint(1).text(self.practice.as_str()).uint(2).uint(self.number.saturating_add(1));
        out.uint(3).list(next.roots);
        out.uint(4).bytes(next.committed.as_bytes());
        out.uint(5).array(revoked.len());
        for revoked in revoked {
            out.bytes(revoked.as_bytes());
        }
        out.uint(6).bytes(self.digest().as_bytes());
        let body = out.uint(7).uint(next.issued.unix_seconds()).finish();
        let record = sign(&body, signers)?;
        match record.check_follows(self) {
            Ok(()) => Ok(record),
            Err(TrustError::Malformed(malformed)) => Err(malformed.into()),
            Err(_) => Err(CertsError::RecordNotFollowing),
        }
    }
}

fn sign(body: &[u8], signers: &[&PrivateKey]) -> Result<RootRecord, CertsError> {
    let message = signed(body);
    let signatures = signers.iter().map(|key| Ok((key.spki_der(), key.sign_es256(&message)?)));
    let signatures: Vec<_> = signatures.collect::<Result<_, CertsError>>()?;
    let signatures: Vec<_> = signatures.iter().map(|(spki, signature)| (*spki, signature)).collect();
    Ok(RootRecord::read(&enclose(body, &signatures))?)
}
