//! Who the practice is: the chain of root records, each signed by a root and by the key that the record before
//! it committed to. Read and walked here, written in `write`.
//!
//! ```text
//! file  [body bytes, [[SPKI, signature], ...]]        signature: ES256 over "counterfoil/root-record/v1" 00 body
//! body  {0: 1, 1: practice id, 2: n, 3: [root certificates], 4: SHA-256 of the next root's SPKI,
//!        5: [SHA-256 of the SPKI of a revoked issuing authority], 6: SHA-256 of record n-1's body, 7: issued}
//! ```

mod write;

use model::limits::ROOT_RECORDS_MAX;
use model::{Malformed, Pin, PracticeId, Sha256Digest, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::codec::{self, Seen, Writer};
use crate::key::Verdict;
use crate::{Certificate, CertificateFault, Profile, PublicKey};

pub use write::Next;

/// Largest root record, in bytes.
pub const ROOT_RECORD_BYTES_MAX: usize = 16 * 1024;

/// Roots in one record, at most: the old and the new.
pub const ROOTS_MAX: usize = 4;

/// Revoked issuing authorities that a record may name.
const REVOKED_MAX: usize = 64;

const LABEL: &[u8] = b"counterfoil/root-record/v1\0";
const WHAT: &str = "root record";

/// Why a chain of root records is not to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// A certificate in it is not one of ours.
    #[error("certificate: {0}")]
    Certificate(#[from] CertificateFault),
    /// It has expired.
    #[error("it has expired")]
    Expired,
    /// Bytes that are not a record, or not a bundle.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Record `number` does not follow from the one before.
    #[error("root record {number} does not follow from the one before it")]
    NotFollowing {
        /// Counted from 1.
        number: u64,
    },
    /// The first root is not the pinned one.
    #[error("the practice is not the pinned one")]
    OtherPractice,
    /// A signature that is needed is absent or does not hold.
    #[error("a signature is absent or does not hold")]
    Unsigned,
}

/// One root record, its bytes kept as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootRecord {
    bytes: Vec<u8>,
    body: Vec<u8>,
    signatures: Vec<(PublicKey, [u8; 64])>,
    practice: PracticeId,
    number: u64,
    roots: Vec<Certificate>,
    next: Sha256Digest,
    revoked_issuing: Vec<Sha256Digest>,
    previous: Option<Sha256Digest>,
    issued: Timestamp,
}

impl RootRecord {
    /// Reads a record; whether it is to be trusted is for [`PracticeTrust::walk`] to say.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        const HOW: Malformed = Malformed::new(WHAT, "a member is not what it should be");
        codec::check(WHAT, bytes, ROOT_RECORD_BYTES_MAX)?;
        let mut decoder = minicbor::Decoder::new(bytes);
        if !matches!(decoder.array(), Ok(Some(2))) {
            return Err(Malformed::new(WHAT, "it is not body and signatures"));
        }
        let body = decoder.bytes().map_err(|_| HOW)?;
        let signatures = codec::array(&mut decoder, ROOTS_MAX, &mut |decoder| {
            let [spki, signature] = pair(decoder)?;
            let key = PublicKey::from_spki(spki).map_err(|_| minicbor::decode::Error::message("key"))?;
            let signature =
                signature.try_into().map_err(|_| minicbor::decode::Error::message("signature"))?;
            Ok((key, signature))
        });
        let signatures = signatures.map_err(|_| HOW)?;
        Self::read_body(bytes, body, signatures)
    }

    /// The record as it came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the body: what record n + 1 names as the one before it.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::from_bytes(Sha256::digest(&self.body).into())
    }

    /// Counted from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The roots that it names.
    pub fn roots(&self) -> &[Certificate] {
        &self.roots
    }

    /// SHA-256 of the key that it commits to.
    pub fn committed(&self) -> Sha256Digest {
        self.next
    }

    /// SHA-256 of the keys of revoked issuing authorities.
    pub fn revoked_issuing(&self) -> &[Sha256Digest] {
        &self.revoked_issuing
    }

    /// When it was issued, to the second.
    pub fn issued(&self) -> Timestamp {
        self.issued
    }

    fn read_body(
        bytes: &[u8],
        body: &[u8],
        signatures: Vec<(PublicKey, [u8; 64])>,
    ) -> Result<Self, Malformed> {
        let (mut version, mut number, mut issued) = (None, None, None);
        let (mut practice, mut next, mut previous) = (None, None, None);
        let (mut roots, mut revoked) = (Vec::new(), None);
        codec::read_map(WHAT, body, ROOT_RECORD_BYTES_MAX, &mut |key, decoder| {
            match key {
                0 => version = Some(decoder.u64()?),
                1 => practice = Some(decoder.str()?),
                2 => number = Some(decoder.u64()?),
                3 => roots = codec::byte_list(decoder, ROOTS_MAX)?,
                4 => next = Some(codec::fixed::<32>(decoder)?),
                5 => revoked = Some(codec::array(decoder, REVOKED_MAX, &mut codec::fixed::<32>)?),
                6 => previous = Some(codec::fixed::<32>(decoder)?),
                7 => issued = Some(decoder.u64()?),
                _ => return Ok(Seen::Unknown),
            }
            Ok(Seen::Known)
        })?;
        if version != Some(1) {
            return Err(Malformed::new(WHAT, "its version is unknown"));
        }
        const ABSENT: Malformed = Malformed::new(WHAT, "a member is absent");
        let roots: Result<Vec<_>, _> = roots.into_iter().map(Certificate::read).collect();
        let roots = roots.map_err(|_| Malformed::new(WHAT, "a root in it is no certificate of ours"))?;
        if roots.is_empty() || roots.iter().any(|root| root.has_profile(Profile::Root).is_err()) {
            return Err(Malformed::new(WHAT, "it has no root, or one that is none"));
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            body: body.to_vec(),
            signatures,
            practice: PracticeId::parse(practice.ok_or(ABSENT)?)?,
            number: number.ok_or(ABSENT)?,
            roots,
            next: Sha256Digest::from_bytes(next.ok_or(ABSENT)?),
            revoked_issuing: revoked.ok_or(ABSENT)?.into_iter().map(Sha256Digest::from_bytes).collect(),
            previous: previous.map(Sha256Digest::from_bytes),
            issued: Timestamp::from_unix_seconds(issued.ok_or(ABSENT)?),
        })
    }

    /// Whether the key with this hash has signed.
    fn is_signed_by(&self, key_hash: &Sha256Digest) -> Verdict {
        let message = signed(&self.body);
        let mut own = self.signatures.iter().filter(|(key, _)| key.key_hash() == *key_hash);
        match own.any(|(key, signature)| key.verify_es256(&message, signature) == Verdict::Valid) {
            true => Verdict::Valid,
            false => Verdict::Invalid,
        }
    }

    /// Record 1: its first root gives the practice's id and pin, and has signed it.
    fn check_first(&self) -> Result<Pin, TrustError> {
        let first = self.roots.first().ok_or(TrustError::NotFollowing { number: 1 })?;
        if self.number != 1 || self.previous.is_some() || self.roots.len() != 1 {
            return Err(TrustError::NotFollowing { number: 1 });
        }
        if PracticeId::of_root(&first.key_hash()) != self.practice {
            return Err(TrustError::OtherPractice);
        }
        match self.is_signed_by(&first.key_hash()) {
            Verdict::Valid => Ok(Pin::of_root(&first.key_hash())),
            Verdict::Invalid => Err(TrustError::Unsigned),
        }
    }

    /// Record n + 1: signed by the key that record n committed to, and by a root of record n, unless none of
    /// its roots is left: then they are declared stolen, and the committed key alone decides. A root alone never does.
    fn check_follows(&self, before: &Self) -> Result<(), TrustError> {
        let number = before.number.saturating_add(1);
        let follows = self.number == number
            && self.practice == before.practice
            && self.previous == Some(before.digest())
            && self.issued >= before.issued
            // A revocation is never unsaid.
            && before.revoked_issuing.iter().all(|revoked| self.revoked_issuing.contains(revoked));
        if !follows {
            return Err(TrustError::NotFollowing { number });
        }
        let by_committed = self.is_signed_by(&before.next);
        let root_left = before.roots.iter().any(|root| self.roots.contains(root));
        let by_root = before.roots.iter().any(|root| self.is_signed_by(&root.key_hash()) == Verdict::Valid);
        match by_committed == Verdict::Valid && (by_root || !root_left) {
            true => Ok(()),
            false => Err(TrustError::Unsigned),
        }
    }
}

fn signed(body: &[u8]) -> Vec<u8> {
    [LABEL, body].concat()
}

fn enclose(body: &[u8], signatures: &[(&[u8; 91], &[u8; 64])]) -> Vec<u8> {
    let mut out = Writer::default();
    out.array(2).bytes(body).array(signatures.len());
    for (spki, signature) in signatures {
        out.array(2).bytes(*spki).bytes(*signature);
    }
    out.finish()
}

fn pair<'b>(decoder: &mut minicbor::Decoder<'b>) -> Result<[&'b [u8]; 2], minicbor::decode::Error> {
    let items = codec::byte_list(decoder, 2)?;
    items.try_into().map_err(|_| minicbor::decode::Error::message("count"))
}

/// What a companion or a verifier trusts of a practice: the whole chain of its root records, walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PracticeTrust {
    pin: Pin,
    records: Vec<RootRecord>,
    newest: RootRecord,
}

impl PracticeTrust {
    /// Walks root records 1 to n. With `pin` the first root must be the pinned one; without, the caller
    /// compares [`PracticeTrust::pin`] itself before it relies on anything.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn walk(records: &[impl AsRef<[u8]>], pin: Option<&Pin>) -> Result<Self, TrustError> {
        if records.len() > ROOT_RECORDS_MAX {
            return Err(Malformed::new("chain of root records", "it is too long").into());
        }
        let records: Vec<_> =
            records.iter().map(|bytes| RootRecord::read(bytes.as_ref())).collect::<Result<_, _>>()?;
        let first = records.first().ok_or(Malformed::new("chain of root records", "it is empty"))?;
        let found = first.check_first()?;
        if pin.is_some_and(|pin| *pin != found) {
            return Err(TrustError::OtherPractice);
        }
        for (before, record) in records.iter().zip(records.iter().skip(1)) {
            record.check_follows(before)?;
        }
        let newest = records.last().unwrap_or(first).clone();
        Ok(Self { pin: found, records, newest })
    }

    /// The practice.
    pub fn practice(&self) -> &PracticeId {
        &self.newest.practice
    }

    /// The first 16 bytes of the first root's key hash.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// The number of the newest record.
    pub fn number(&self) -> u64 {
        self.newest.number
    }

    /// The roots in force.
    pub fn roots(&self) -> &[Certificate] {
        &self.newest.roots
    }

    /// Whether the newest record revokes the issuing authority with this key hash.
    pub fn revokes_issuing(&self, key_hash: &Sha256Digest) -> bool {
        self.newest.revoked_issuing.contains(key_hash)
    }

    /// The newest record.
    pub fn newest(&self) -> &RootRecord {
        &self.newest
    }

    /// The trust as it was when record `number` was the newest.
    pub fn at(&self, number: u64) -> Option<Self> {
        let records: Vec<_> =
            self.records.iter().take_while(|record| record.number <= number).cloned().collect();
        let newest = records.last().filter(|newest| newest.number == number)?.clone();
        Some(Self { pin: self.pin, records, newest })
    }

    /// Every root that ever was one, without those declared stolen: what was signed under them stays what it was.
    pub fn roots_ever(&self) -> Vec<&Certificate> {
        let mut ever: Vec<&Certificate> = Vec::new();
        let mut before: &[Certificate] = &[];
        for record in &self.records {
            if !before.iter().any(|root| record.roots.contains(root)) {
                ever.retain(|root| !before.contains(root)); // declared stolen
            }
            for root in &record.roots {
                if !ever.contains(&root) {
                    ever.push(root);
                }
            }
            before = &record.roots;
        }
        ever
    }

    /// All records, from 1.
    pub fn records(&self) -> &[RootRecord] {
        &self.records
    }
}

impl AsRef<[u8]> for RootRecord {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
#[path = "root_record_tests.rs"]
mod tests;
