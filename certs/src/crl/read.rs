//! Reading a list strictly: only what [`super::make`] makes. Whether it is in force is not judged here.

use model::Timestamp;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer as _, X509Version};
use x509_parser::revocation_list::{CertificateRevocationList, RevokedCertificate};
use x509_parser::x509::AlgorithmIdentifier;

use super::{BTreeSet, CRL_BYTES_MAX, Certificate, Crl, CrlFault, Reason, Revoked, Serial, Verdict};
use crate::certificate::ECDSA_WITH_SHA256;

pub(super) fn read(der: &[u8], issuer: &Certificate) -> Result<Crl, CrlFault> {
    if der.len() > CRL_BYTES_MAX {
        return Err(CrlFault::Encoding);
    }
    let (rest, parsed) = CertificateRevocationList::from_der(der).map_err(|_| CrlFault::Encoding)?;
    let list = &parsed.tbs_cert_list;
    // RFC 5280 section 5.1.2.1: version 2 is written as 1.
    if !rest.is_empty() || list.version != Some(X509Version::V2) {
        return Err(CrlFault::Encoding);
    }
    if !is_ours(&list.signature) || !is_ours(&parsed.signature_algorithm) {
        return Err(CrlFault::Algorithm);
    }
    if !is_framed(der, list.as_ref()) {
        return Err(CrlFault::Encoding);
    }
    let (number, key_identifier) = extensions(&parsed)?;
    if !issuer.is_named(list.issuer.as_raw(), Some(key_identifier)) {
        return Err(CrlFault::Foreign);
    }
    // Before anything that it says is used.
    let signature = parsed.signature_value.data.as_ref();
    if issuer.public_key().verify_der(list.as_ref(), signature) == Verdict::Invalid {
        return Err(CrlFault::Signature);
    }
    let next = list.next_update.ok_or(CrlFault::NoNextUpdate)?;
    let (made, next) = (time(list.this_update.timestamp())?, time(next.timestamp())?);
    let revoked = list.revoked_certificates.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let serials: BTreeSet<_> = revoked.iter().map(|revoked| revoked.serial).collect();
    match serials.len() == revoked.len() && made < next {
        true => Ok(Crl { der: der.to_vec(), number, made, next, revoked }),
        false => Err(CrlFault::Entry),
    }
}

/// SEQUENCE { ecdsa-with-SHA256 }.
const ALGORITHM: [u8; 12] = [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// Whether what stands around the signed part, which no signature covers, is as DER has it: the reader is not strict
/// about each tag.
fn is_framed(der: &[u8], signed: &[u8]) -> bool {
    let is_outer = der.first() == Some(&0x30);
    let rest = (2..=5).filter_map(|head| der.get(head..)?.strip_prefix(signed));
    let rest = rest.filter_map(|rest| rest.strip_prefix(&ALGORITHM));
    // A BIT STRING of whole bytes: a signature is shorter than 128.
    let is_signature = |rest: &[u8]| matches!(rest, [0x03, length, 0, value @ ..] if usize::from(*length) == value.len() + 1);
    is_outer && rest.into_iter().any(is_signature)
}

fn is_ours(algorithm: &AlgorithmIdentifier<'_>) -> bool {
    algorithm.algorithm.to_id_string() == ECDSA_WITH_SHA256 && algorithm.parameters.is_none()
}

/// Number and authority key identifier: both, once, and nothing else (RFC 5280 section 5.2). A delta list or one
/// of a part says so in another extension.
fn extensions<'a>(list: &'a CertificateRevocationList<'_>) -> Result<(u64, &'a [u8]), CrlFault> {
    let (mut number, mut key) = (None, None);
    for extension in list.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::CRLNumber(found) if number.is_none() && !extension.critical => {
                number = Some(u64::try_from(found).map_err(|_| CrlFault::Extension)?);
            }
            ParsedExtension::AuthorityKeyIdentifier(found) if key.is_none() && !extension.critical => {
                if found.authority_cert_issuer.is_some() || found.authority_cert_serial.is_some() {
                    return Err(CrlFault::Extension);
                }
                key = found.key_identifier.as_ref().map(|id| id.0);
            }
            _ => return Err(CrlFault::Extension),
        }
    }
    number.zip(key).ok_or(CrlFault::Extension)
}

fn entry(found: &RevokedCertificate<'_>) -> Result<Revoked, CrlFault> {
    let serial = <[u8; 16]>::try_from(found.raw_serial()).map_err(|_| CrlFault::Entry)?;
    let (mut reason, mut compromised_since) = (None, None);
    for extension in found.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::ReasonCode(code) if reason.is_none() => {
                let known = Reason::ALL.into_iter().find(|reason| reason.number() == code.0);
                reason = Some(known.ok_or(CrlFault::Entry)?);
            }
            ParsedExtension::InvalidityDate(date) if compromised_since.is_none() => {
                compromised_since = Some(time(date.timestamp())?);
            }
            _ => return Err(CrlFault::Entry),
        }
    }
    Ok(Revoked {
        serial: Serial::parse(serial).ok_or(CrlFault::Entry)?,
        at: time(found.revocation_date.timestamp())?,
        reason: reason.ok_or(CrlFault::Entry)?,
        compromised_since,
    })
}

fn time(unix_seconds: i64) -> Result<Timestamp, CrlFault> {
    u64::try_from(unix_seconds).map(Timestamp::from_unix_seconds).map_err(|_| CrlFault::Entry)
}
