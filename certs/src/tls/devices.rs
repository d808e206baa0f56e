//! Whom the gateway lets through TLS: one certificate, that an issuing authority of the practice signed, that is on no
//! revocation list, and that the door admits. Everybody else is told one and the same; why, only the door.

use std::sync::{Arc, PoisonError, RwLock};

use model::{PracticeId, limits};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, SignatureScheme};

use super::{SCHEME, anchors, only_tls13, provider, unix_time};
use crate::admission::Refused;
use crate::certificate::CERTIFICATE_BYTES_MAX;
use crate::{Certificate, CertificateFault, CertsError, Crl, Purpose};

/// Who decides on a certificate beyond its chain, and is told why one is refused.
pub trait Door: Send + Sync {
    /// Judges a certificate whose chain holds.
    ///
    /// # Errors
    /// Why it is not to come in under any ALPN.
    fn judge(&self, leaf: &[u8]) -> Result<(), Refused>;

    /// One was refused; the peer is not told why.
    fn refused(&self, why: Refused);
}

/// What is asked of revocation lists.
#[derive(Debug, Clone, Copy)]
pub enum Lists<'a> {
    /// Nothing: the door alone knows what is revoked.
    Unasked,
    /// Every certificate must be of an authority with a list in force, and not on it. Of none, nobody comes in.
    Held(&'a [Crl]),
    /// The same of lists whose dates the caller has judged, by another time than that of the handshakes.
    Judged(&'a [Crl]),
}

/// The devices of a practice, as TLS asks for them. What they are held against can be exchanged while it serves.
pub struct Devices {
    practice: PracticeId,
    door: Arc<dyn Door>,
    provider: Arc<CryptoProvider>,
    stock: RwLock<Option<Arc<dyn ClientCertVerifier>>>,
}

impl Devices {
    /// Devices anchored at these issuing certificates.
    ///
    /// # Errors
    /// [`CertsError::Tls`]: an anchor or a list that TLS can not use, or no anchor.
    pub fn new(
        practice: PracticeId,
        issuing: &[Certificate],
        lists: Lists<'_>,
        door: Arc<dyn Door>,
    ) -> Result<Self, CertsError> {
        Ok(Self { practice, door, provider: provider(), stock: RwLock::new(stock(issuing, lists)?) })
    }

    /// Takes other anchors or lists for every handshake from now on.
    ///
    /// # Errors
    /// As [`Devices::new`]; what was held before is held still.
    pub fn hold(&self, issuing: &[Certificate], lists: Lists<'_>) -> Result<(), CertsError> {
        let stock = stock(issuing, lists)?;
        *self.stock.write().unwrap_or_else(PoisonError::into_inner) = stock;
        Ok(())
    }

    fn held(&self) -> Option<Arc<dyn ClientCertVerifier>> {
        self.stock.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Refused> {
        // Bounded before anything is read.
        if leaf.len() > CERTIFICATE_BYTES_MAX {
            return Err(Refused::Certificate(CertificateFault::Encoding));
        }
        if !rest.is_empty() {
            return Err(Refused::ChainLength);
        }
        let stock = self.held().ok_or(Refused::NoList)?;
        let verified = match stock.verify_client_cert(leaf, rest, now) {
            Err(error) if is_past(&error) => match end_in_grace(leaf, now) {
                Some(end) => stock.verify_client_cert(leaf, rest, end),
                None => Err(error),
            },
            verified => verified,
        };
        let verified = verified.map_err(|error| self.named(&error, leaf));
        if matches!(verified, Err(Refused::Listed)) {
            // It is refused whatever the door says of it, but the door may raise an alarm.
            let _ = self.door.judge(leaf);
        }
        let verified = verified?;
        self.door.judge(leaf)?;
        Ok(verified)
    }

    /// The stock verifier's reason in our words. Where it says no more than that it does not like the certificate,
    /// our own reader says what.
    fn named(&self, error: &rustls::Error, leaf: &CertificateDer<'_>) -> Refused {
        use CertificateError as Error;
        let rustls::Error::InvalidCertificate(error) = error else { return Refused::NoList };
        match error {
            Error::Expired
            | Error::ExpiredContext { .. }
            | Error::NotValidYet
            | Error::NotValidYetContext { .. } => Refused::NotInForce,
            Error::Revoked => Refused::Listed,
            Error::UnknownRevocationStatus
            | Error::ExpiredRevocationList
            | Error::ExpiredRevocationListContext { .. } => Refused::NoList,
            Error::UnknownIssuer => Refused::UnknownIssuer,
            Error::BadSignature => Refused::BadSignature,
            _ => match Certificate::read(leaf).and_then(|read| read.purpose(&self.practice)) {
                Err(fault) => Refused::Certificate(fault),
                Ok(Purpose::Device(_)) => Refused::Certificate(CertificateFault::Encoding),
                Ok(_) => Refused::OtherPurpose,
            },
        }
    }

    /// The one answer.
    fn tell(&self, why: Refused) -> rustls::Error {
        self.door.refused(why);
        CertificateError::ApplicationVerificationFailure.into()
    }
}

fn is_past(error: &rustls::Error) -> bool {
    use CertificateError::{Expired, ExpiredContext};
    matches!(error, rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. }))
}

/// The last second of a certificate that has expired within the largest grace. It is judged as at that moment: usage,
/// signatures and lists are checked all the same. Whose grace it is, and that nothing but a renewal is open to it, is for
/// the door and admission to say.
fn end_in_grace(leaf: &CertificateDer<'_>, now: UnixTime) -> Option<UnixTime> {
    let end = Certificate::read(leaf).ok()?.not_after();
    let since = now.as_secs().checked_sub(end.unix_seconds())?;
    (since <= limits::GRACE_CLIENT_SECONDS).then(|| unix_time(end))
}

fn stock(
    issuing: &[Certificate],
    lists: Lists<'_>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, CertsError> {
    let unusable = |why: &str| CertsError::Tls(rustls::Error::General(why.to_owned()));
    let builder = WebPkiClientVerifier::builder_with_provider(anchors(issuing)?, provider())
        .clear_root_hint_subjects()
        .allow_unauthenticated();
    let builder = match lists {
        Lists::Unasked => builder,
        // Without a list the stock verifier would ask nothing.
        Lists::Held([]) | Lists::Judged([]) => return Ok(None),
        // Of end certificates alone: the whole chain would need the root's list, which is for outsiders.
        Lists::Held(lists) => builder
            .with_crls(lists.iter().map(Crl::to_rustls))
            .only_check_end_entity_revocation()
            .enforce_revocation_expiration(),
        Lists::Judged(lists) => {
            builder.with_crls(lists.iter().map(Crl::to_rustls)).only_check_end_entity_revocation()
        }
    };
    builder.build().map(Some).map_err(|_| unusable("anchors or revocation lists that TLS can not use"))
}

impl ClientCertVerifier for Devices {
    fn client_auth_mandatory(&self) -> bool {
        // Enrolment is on the same port, and has none.
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.judge(leaf, rest, now).map_err(|why| self.tell(why))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let verified = rustls::crypto::verify_tls13_signature(message, leaf, signature, algorithms);
        verified.map_err(|_| self.tell(Refused::NotItsKey))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SCHEME]
    }
}

impl std::fmt::Debug for Devices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Devices({})", self.practice)
    }
}
