//! The trust bundle: what changes more often than a root (issuing authorities, checkpoint keys, signing
//! certificates, addresses), signed by the gateway's statement key.
//!
//! ```text
//! file  [body bytes, statement certificate, issuing certificate, signature]
//!       signature: ES256 over "counterfoil/trust-bundle/v1" 00 body
//! ```

use model::{Malformed, PracticeId, Sha256Digest, Timestamp};

use crate::codec::{self, Seen, Writer};
use crate::key::Verdict;
use crate::{Certificate, CertsError, PracticeTrust, PrivateKey, Profile, Rejection, TrustError, judge};

/// Largest trust bundle, in bytes.
pub const BUNDLE_BYTES_MAX: usize = 8 * 1024;

/// Days from issuing to the end.
pub const BUNDLE_DAYS: u64 = 30;

const LABEL: &[u8] = b"counterfoil/trust-bundle/v1\0";
const WHAT: &str = "trust bundle";
const ITEMS_MAX: usize = 8;
const VKEY_BYTES_MAX: usize = 200;
const ADDRESS_BYTES_MAX: usize = 260;

/// A trust bundle's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustBundle {
    /// The practice.
    pub practice: PracticeId,
    /// The bundle's version; a smaller one is never taken after a larger.
    pub version: u64,
    /// The number of the newest root record.
    pub root_record: u64,
    /// The issuing authorities.
    pub issuing: Vec<IssuingEntry>,
    /// The keys that sign checkpoints.
    pub checkpoint_keys: Vec<CheckpointKey>,
    /// Certificates of the gateway's statements.
    pub statements: Vec<Certificate>,
    /// Certificates of the journal's receipts.
    pub receipts: Vec<Certificate>,
    /// Where the gateway is reached, `host:port`.
    pub addresses: Vec<String>,
    /// When it was issued, to the second.
    pub issued: Timestamp,
    /// The last second in which it is taken.
    pub expires: Timestamp,
}

/// An issuing authority in a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuingEntry {
    /// Its certificate.
    pub certificate: Certificate,
    /// What it is used for.
    pub state: IssuingState,
    /// Its revocation list of when the bundle was signed, where there was one.
    pub list: Option<ListEntry>,
}

/// A revocation list as a bundle names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListEntry {
    /// Its number.
    pub number: u64,
    /// SHA-256 of the whole list.
    pub sha256: Sha256Digest,
}

/// What an issuing authority is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuingState {
    /// It signs.
    Signing = 1,
    /// It is trusted and does not sign.
    Trusted = 2,
}

/// A key that signs checkpoints, from one size of the journal on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointKey {
    /// The C2SP verifier key line.
    pub vkey: String,
    /// The first size that it signs.
    pub from_size: u64,
    /// The last size that it signs, if it has ended.
    pub to_size: Option<u64>,
}

impl TrustBundle {
    /// Signs with the gateway's statement key: the certificate is `statements`, its issuer `issuing`.
    ///
    /// # Errors
    /// [`CertsError::KeyMismatch`]; [`CertsError::Malformed`] if it would be too long.
    pub fn sign(
        &self,
        key: &PrivateKey,
        statements: &Certificate,
        issuing: &Certificate,
    ) -> Result<Vec<u8>, CertsError> {
        if key.public() != statements.public_key() {
            return Err(CertsError::KeyMismatch);
        }
        let body = self.encode();
        let signature = key.sign_es256(&signed(&body))?;
        let parts: [&[u8]; 4] = [&body, statements.der(), issuing.der(), &signature];
        let bytes = Writer::default().list(&parts).finish();
        match bytes.len() <= BUNDLE_BYTES_MAX && decode(&body).as_ref() == Ok(self) {
            true => Ok(bytes),
            false => Err(Malformed::new(WHAT, "it is too long, or a member is out of bounds").into()),
        }
    }

    /// Reads a bundle, its signature checked up to a root of the practice. That its version is no smaller than
    /// one seen before is for the caller to check.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn open(bytes: &[u8], trust: &PracticeTrust, now: Timestamp) -> Result<Self, TrustError> {
        let [body, statements, issuing, signature] = codec::read_list::<4>(WHAT, bytes, BUNDLE_BYTES_MAX)?;
        let judged = judge(trust, &[statements, issuing], Profile::Statements, now).map_err(|rejection| {
            match rejection {
                Rejection::Leaf(fault) => TrustError::Certificate(fault),
                Rejection::NotInForce(_) => TrustError::Expired,
                _ => TrustError::Unsigned,
            }
        })?;
        let signature = signature.try_into().map_err(|_| TrustError::Unsigned)?;
        if judged.leaf.public_key().verify_es256(&signed(body), signature) == Verdict::Invalid {
            return Err(TrustError::Unsigned);
        }
        let bundle = decode(body)?;
        if bundle.practice != *trust.practice() {
            return Err(TrustError::OtherPractice);
        }
        match now <= bundle.expires {
            true => Ok(bundle),
            false => Err(TrustError::Expired),
        }
    }

    /// The version of a bundle that was opened once, in force or not.
    pub fn version_of(bytes: &[u8]) -> Option<u64> {
        let [body, ..] = codec::read_list::<4>(WHAT, bytes, BUNDLE_BYTES_MAX).ok()?;
        decode(body).ok().map(|bundle| bundle.version)
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.map(11).uint(0).uint(1);
        out.uint(1).text(self.practice.as_str());
        out.uint(2).uint(self.version).uint(3).uint(self.root_record);
        out.uint(4).array(self.issuing.len());
        for entry in &self.issuing {
            out.map(if entry.list.is_some() { 4 } else { 2 });
            out.uint(1).bytes(entry.certificate.der()).uint(2).uint(entry.state as u64);
            if let Some(list) = &entry.list {
                out.uint(3).uint(list.number).uint(4).bytes(list.sha256.as_bytes());
            }
        }
        out.uint(5).array(self.checkpoint_keys.len());
        for key in &self.checkpoint_keys {
            out.map(2 + usize::from(key.to_size.is_some()));
            out.uint(1).text(&key.vkey).uint(2).uint(key.from_size);
            if let Some(to_size) = key.to_size {
                out.uint(3).uint(to_size);
            }
        }
        out.uint(6).list(&self.statements).uint(7).list(&self.receipts);
        out.uint(9).array(self.addresses.len());
        for address in &self.addresses {
            out.text(address);
        }
        out.uint(11).uint(self.issued.unix_seconds()).uint(12).uint(self.expires.unix_seconds());
        out.finish()
    }
}

fn signed(body: &[u8]) -> Vec<u8> {
    [LABEL, body].concat()
}

fn decode(body: &[u8]) -> Result<TrustBundle, Malformed> {
    const ABSENT: Malformed = Malformed::new(WHAT, "a member is absent");
    let (mut number, mut practice) = ([None; 5], None);
    let [version, bundle_version, root_record, issued, expires] = &mut number;
    let (mut issuing, mut checkpoint_keys) = (Vec::new(), Vec::new());
    let (mut statements, mut receipts, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
    codec::read_map(WHAT, body, BUNDLE_BYTES_MAX, &mut |key, decoder| {
        match key {
            0 => *version = Some(decoder.u64()?),
            1 => practice = Some(decoder.str()?),
            2 => *bundle_version = Some(decoder.u64()?),
            3 => *root_record = Some(decoder.u64()?),
            4 => issuing = codec::array(decoder, ITEMS_MAX, &mut issuing_entry)?,
            5 => checkpoint_keys = codec::array(decoder, ITEMS_MAX, &mut checkpoint_key)?,
            6 => statements = codec::array(decoder, ITEMS_MAX, &mut certificate)?,
            7 => receipts = codec::array(decoder, ITEMS_MAX, &mut certificate)?,
            9 => {
                addresses = codec::array(decoder, ITEMS_MAX, &mut |decoder| {
                    codec::short_text(decoder, ADDRESS_BYTES_MAX).map(str::to_owned)
                })?;
            }
            11 => *issued = Some(decoder.u64()?),
            12 => *expires = Some(decoder.u64()?),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    let [version, bundle_version, root_record, issued, expires] = number;
    if version != Some(1) {
        return Err(Malformed::new(WHAT, "its version is unknown"));
    }
    Ok(TrustBundle {
        practice: PracticeId::parse(practice.ok_or(ABSENT)?)?,
        version: bundle_version.ok_or(ABSENT)?,
        root_record: root_record.ok_or(ABSENT)?,
        issuing,
        checkpoint_keys,
        statements,
        receipts,
        addresses,
        issued: Timestamp::from_unix_seconds(issued.ok_or(ABSENT)?),
        expires: Timestamp::from_unix_seconds(expires.ok_or(ABSENT)?),
    })
}

type Read<T> = Result<T, minicbor::decode::Error>;

fn certificate(decoder: &mut minicbor::Decoder<'_>) -> Read<Certificate> {
    Certificate::read(decoder.bytes()?).map_err(|_| minicbor::decode::Error::message("certificate"))
}

fn issuing_entry(decoder: &mut minicbor::Decoder<'_>) -> Read<IssuingEntry> {
    let (mut found, mut state, mut number, mut sha256) = (None, None, None, None);
    codec::fields(decoder, &mut |key, decoder| {
        match key {
            1 => found = Some(certificate(decoder)?),
            2 => state = Some(decoder.u64()?),
            3 => number = Some(decoder.u64()?),
            4 => sha256 = Some(Sha256Digest::from_bytes(codec::fixed(decoder)?)),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    let state = match state {
        Some(1) => IssuingState::Signing,
        Some(2) => IssuingState::Trusted,
        _ => return Err(minicbor::decode::Error::message("state")),
    };
    let certificate = found.ok_or(minicbor::decode::Error::message("certificate"))?;
    let list = number.zip(sha256).map(|(number, sha256)| ListEntry { number, sha256 });
    Ok(IssuingEntry { certificate, state, list })
}

fn checkpoint_key(decoder: &mut minicbor::Decoder<'_>) -> Read<CheckpointKey> {
    let (mut vkey, mut from_size, mut to_size) = (None, None, None);
    codec::fields(decoder, &mut |key, decoder| {
        match key {
            1 => vkey = Some(codec::short_text(decoder, VKEY_BYTES_MAX)?.to_owned()),
            2 => from_size = Some(decoder.u64()?),
            3 => to_size = Some(decoder.u64()?),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    let absent = || minicbor::decode::Error::message("absent");
    Ok(CheckpointKey { vkey: vkey.ok_or_else(absent)?, from_size: from_size.ok_or_else(absent)?, to_size })
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
