//! Root records asked for at the enrolment door: by a companion that finds no way from the served chain to a root that
//! it trusts. They need no secret; what they prove, they prove by themselves.

use model::InvitationId;
use rustls::pki_types::CertificateDer;

use super::companion::EnrolError;
use super::messages::{self, Hello};
use crate::{CertsError, PracticeTrust, tls};

/// A Hello for nobody's invitation: its Offer has the records.
///
/// # Errors
/// [`CertsError::NoRandomness`].
pub fn ask_records() -> Result<Hello, CertsError> {
    let number = u32::from_be_bytes(host::random::bytes()?) >> 2;
    Ok(Hello::write(InvitationId::new(number)?, host::random::bytes()?))
}

/// The newer trust that an Offer's records lead to from the one that is held. `presented` is the gateway's chain as
/// TLS took it under [`crate::tls::enrol_config`]: it must end in a root of theirs.
///
/// # Errors
/// [`EnrolError::OtherPractice`]: the records do not go on from those held; [`EnrolError::Trust`],
/// [`EnrolError::Malformed`], [`EnrolError::Certs`].
pub fn newer_trust(
    held: &PracticeTrust,
    presented: &[CertificateDer<'_>],
    offer: &[u8],
) -> Result<PracticeTrust, EnrolError> {
    let (practice, root) = tls::read_presented(presented)?;
    let (body, _) = messages::read_offer(offer)?;
    let offered = messages::read_offer_body(body)?;
    let trust = PracticeTrust::walk(&offered.records, Some(&held.pin()))?;
    let goes_on = trust.number() > held.number()
        && held.records().iter().zip(trust.records()).all(|(one, other)| one == other)
        && *trust.practice() == practice
        && trust.roots().contains(&root);
    match goes_on {
        true => Ok(trust),
        false => Err(EnrolError::OtherPractice),
    }
}
