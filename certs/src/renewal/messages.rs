//! The two messages of a renewal as bytes (`enrolment.cddl`). A request's body is kept as it came.

use model::Malformed;
use model::limits::ENROL_MESSAGE_BYTES_MAX;

use super::RequestId;
use crate::certificate::CHAIN_MAX;
use crate::codec::{self, Seen, Writer};
use crate::{Certificate, CertsError, PublicKey};

const ABSENT: &str = "a member is absent";
const VERSION: &str = "its version is unknown";

/// What is asked.
pub(super) struct RequestBody {
    pub(super) id: RequestId,
    pub(super) tls_spki: Vec<u8>,
    pub(super) signing_spki: Option<Vec<u8>>,
}

pub(super) fn write_request(id: &RequestId, tls: &PublicKey, signing: Option<&PublicKey>) -> Vec<u8> {
    let mut out = Writer::default();
    out.map(3 + usize::from(signing.is_some())).uint(0).uint(1).uint(1).bytes(id);
    out.uint(2).bytes(tls.spki_der());
    if let Some(signing) = signing {
        out.uint(3).bytes(signing.spki_der());
    }
    out.finish()
}

pub(super) fn read_request(bytes: &[u8]) -> Result<RequestBody, Malformed> {
    const WHAT: &str = "renewal request";
    let (mut version, mut id, mut tls, mut signing) = (None, None, None, None);
    codec::read_map(WHAT, bytes, ENROL_MESSAGE_BYTES_MAX, &mut |key, decoder| {
        match key {
            0 => version = Some(decoder.u64()?),
            1 => id = Some(codec::fixed::<16>(decoder)?),
            2 => tls = Some(decoder.bytes()?.to_vec()),
            3 => signing = Some(decoder.bytes()?.to_vec()),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    let (Some(version), Some(id), Some(tls_spki)) = (version, id, tls) else {
        return Err(Malformed::new(WHAT, ABSENT));
    };
    match version {
        1 => Ok(RequestBody { id, tls_spki, signing_spki: signing }),
        _ => Err(Malformed::new(WHAT, VERSION)),
    }
}

/// What is asked, and who signs for it.
pub(super) struct RenewParts<'a> {
    pub(super) request: &'a [u8],
    pub(super) old: [u8; 64],
    pub(super) tls: [u8; 64],
    pub(super) signing: Option<[u8; 64]>,
}

pub(super) fn write_renew(parts: &RenewParts<'_>) -> Vec<u8> {
    let mut out = Writer::default();
    out.map(4 + usize::from(parts.signing.is_some())).uint(0).uint(1).uint(1).bytes(parts.request);
    out.uint(2).bytes(&parts.old).uint(3).bytes(&parts.tls);
    if let Some(signing) = &parts.signing {
        out.uint(4).bytes(signing);
    }
    out.finish()
}

pub(super) fn read_renew(bytes: &[u8]) -> Result<RenewParts<'_>, Malformed> {
    const WHAT: &str = "Renew";
    let (mut version, mut request, mut old, mut tls, mut signing) = (None, None, None, None, None);
    codec::read_map(WHAT, bytes, ENROL_MESSAGE_BYTES_MAX, &mut |key, decoder| {
        match key {
            0 => version = Some(decoder.u64()?),
            1 => request = Some(decoder.bytes()?),
            2 => old = Some(codec::fixed::<64>(decoder)?),
            3 => tls = Some(codec::fixed::<64>(decoder)?),
            4 => signing = Some(codec::fixed::<64>(decoder)?),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    let (Some(version), Some(request), Some(old), Some(tls)) = (version, request, old, tls) else {
        return Err(Malformed::new(WHAT, ABSENT));
    };
    match version {
        1 => Ok(RenewParts { request, old, tls, signing }),
        _ => Err(Malformed::new(WHAT, VERSION)),
    }
}

/// The chains of a renewal, leaves first.
pub(super) struct RenewedBody {
    pub(super) tls: Vec<Vec<u8>>,
    pub(super) signing: Option<Vec<Vec<u8>>>,
}

/// The gateway's answer: the new chains, durable before it goes out, the same bytes for the same request.
///
/// # Errors
/// [`CertsError::Malformed`]: a chain that is too long.
pub fn renewed(tls: &[Certificate], signing: Option<&[Certificate]>) -> Result<Vec<u8>, CertsError> {
    let mut out = Writer::default();
    out.map(2 + usize::from(signing.is_some())).uint(0).uint(1).uint(1).list(tls);
    if let Some(signing) = signing {
        out.uint(2).list(signing);
    }
    let bytes = out.finish();
    read_renewed(&bytes)?;
    Ok(bytes)
}

pub(super) fn read_renewed(bytes: &[u8]) -> Result<RenewedBody, Malformed> {
    const WHAT: &str = "Renewed";
    let (mut version, mut tls, mut signing) = (None, None, None);
    codec::read_map(WHAT, bytes, ENROL_MESSAGE_BYTES_MAX, &mut |key, decoder| {
        match key {
            0 => version = Some(decoder.u64()?),
            1 => tls = Some(codec::byte_list(decoder, CHAIN_MAX)?),
            2 => signing = Some(codec::byte_list(decoder, CHAIN_MAX)?),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    let (Some(version), Some(tls)) = (version, tls) else { return Err(Malformed::new(WHAT, ABSENT)) };
    let owned = |chain: Vec<&[u8]>| chain.into_iter().map(<[u8]>::to_vec).collect();
    match version {
        1 => Ok(RenewedBody { tls: owned(tls), signing: signing.map(owned) }),
        _ => Err(Malformed::new(WHAT, VERSION)),
    }
}
