//! A statement: JSON that a person can read, signed once as COSE_Sign1 (RFC 9052) and kept as those bytes.
//! Not what it says (see `event`), and not whether its certificate is to be trusted (the caller's `certs`).

use std::ops::Range;

use model::{DeviceId, EvidenceId, Malformed, PracticeId, Sha256Digest, Timestamp, limits};
use serde_json::Value;

use crate::cbor::{Reader, Writer};
use crate::es256::{CERTIFICATE_BYTES_MAX, Leaf, low_s, sha256};
use crate::event::{DeviceEvent, GatewayEvent};
use crate::member::{Layout, Object, member, members};
use crate::{Error, Signer, Vkey};

/// COSE header parameters, algorithms and claims, with the registry's numbers.
pub(crate) mod label {
    pub const ALG: i64 = 1;
    pub const CONTENT_TYPE: i64 = 3;
    pub const CWT_CLAIMS: i64 = 15;
    pub const TYP: i64 = 16;
    pub const X5CHAIN: i64 = 33;
    pub const X5T: i64 = 34;
    pub const VDS: i64 = 395;
    pub const VDP: i64 = 396;
    pub const ISS: i64 = 1;
    pub const SUB: i64 = 2;
    pub const IAT: i64 = 6;
    pub const ES256: i64 = -7;
    pub const SHA_256: i64 = -16;
    pub const COSE_SIGN1: u64 = 18;
}

/// Media type of the payload.
pub const CONTENT_TYPE: &str = "application/json";
/// Type of the whole object (RFC 9596).
pub const TYP: &str = "application/vnd.counterfoil.statement+cose";
/// The version that statements of this program carry.
pub const VERSION: u32 = 1;
/// Longest URI of a certificate.
pub(crate) const URI_BYTES_MAX: usize = 255;
const WHAT: &str = "statement";

/// Path of the certificate that the gateway's statements are signed under.
pub const STATEMENTS: &str = "gateway/statements";
/// Path of the certificate that COSE Receipts are signed under.
pub const RECEIPTS: &str = "journal/receipts";
const SIGNER: &str = "signer/";

/// What is stated: the head that all statements share, and the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Random, never used twice.
    pub id: EvidenceId,
    /// When it happened, by its signer's clock.
    pub time: Timestamp,
    /// The event, by who states it.
    pub body: Body,
}

/// Who states what.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // One at a time, never a list of them.
pub enum Body {
    /// A device.
    Device(DeviceEvent),
    /// The gateway, which always says where it stands.
    Gateway(GatewayEvent, Standing),
}

/// What was in force: so the chain of a statement vouches for the key of the journal's checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Number of the newest root record.
    pub root_record: u32,
    /// Name and key of the journal.
    pub log: Vkey,
}

impl Statement {
    /// What a device states.
    pub fn by_device(id: EvidenceId, time: Timestamp, event: impl Into<DeviceEvent>) -> Self {
        Self { id, time, body: Body::Device(event.into()) }
    }

    /// What the gateway states.
    pub fn by_gateway(
        id: EvidenceId,
        time: Timestamp,
        standing: Standing,
        event: impl Into<GatewayEvent>,
    ) -> Self {
        Self { id, time, body: Body::Gateway(event.into(), standing) }
    }

    /// The event's URI.
    pub fn uri(&self) -> &'static str {
        match &self.body {
            Body::Device(event) => event.uri(),
            Body::Gateway(event, _) => event.uri(),
        }
    }

    /// Claim `sub`: the submission where the statement is about one, else the statement itself.
    pub fn subject(&self) -> String {
        let id = match &self.body {
            Body::Device(DeviceEvent::Origin(origin)) => {
                EvidenceId::from_bytes(*origin.submission.as_bytes())
            }
            Body::Gateway(GatewayEvent::SubmissionAcceptance(acceptance), _) => {
                EvidenceId::from_bytes(*acceptance.submission.as_bytes())
            }
            _ => self.id,
        };
        format!("urn:uuid:{}", id.to_uuid())
    }

    fn write(&self, issuer: &Issuer) -> String {
        let mut out = String::with_capacity(1024);
        let mut object = Object::open(&mut out, Layout::Lines);
        object.member("version", &VERSION);
        object.member("EvidenceIdentifier", &self.id.to_uuid());
        object.member("ERDSEventId", &self.uri().to_owned());
        object.member("EventTime", &self.time);
        object.member("EvidenceIssuerDetails", issuer);
        match &self.body {
            Body::Device(event) => event.write_members(&mut object),
            Body::Gateway(event, standing) => {
                event.write_members(&mut object);
                object.member("root_record", &standing.root_record);
                object.member("log", &standing.log);
            }
        }
        object.close();
        out
    }

    /// Reads a payload strictly: it must be the bytes that [`Statement::write`] gives.
    fn read(payload: &[u8]) -> Result<(Self, Issuer), Error> {
        let text = |why| Error::Text { why };
        let value: Value = serde_json::from_slice(payload).map_err(|_| text("it is not JSON"))?;
        let object = value.as_object().ok_or(text("it is not an object"))?;
        let version: u32 = member(object, "version")?;
        if version != VERSION {
            return Err(Error::Version { what: WHAT, version: version.into() });
        }
        let id: String = member(object, "EvidenceIdentifier")?;
        let uri: String = member(object, "ERDSEventId")?;
        let issuer: Issuer = member(object, "EvidenceIssuerDetails")?;
        let body = match DeviceEvent::read(&uri, object) {
            Some(event) => Body::Device(event?),
            None => {
                let event = GatewayEvent::read(&uri, object).ok_or(Error::UnknownEvent)??;
                let root_record = member(object, "root_record")?;
                Body::Gateway(event, Standing { root_record, log: member(object, "log")? })
            }
        };
        let statement = Self { id: EvidenceId::from_uuid(&id)?, time: member(object, "EventTime")?, body };
        match statement.write(&issuer).as_bytes() == payload {
            true => Ok((statement, issuer)),
            false => Err(text("another order, form or number of members")),
        }
    }
}

members! {
    /// Who signed, in the text itself: the same as in the headers.
    struct Issuer {
        /// URI of the certificate.
        uri: String = "uri",
        /// SHA-256 of the certificate.
        certificate: Sha256Digest = "certificate",
    }
}

/// Whose certificate it is, read from its URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A device's signing certificate.
    Signer(DeviceId),
    /// The gateway's statement certificate.
    Statements,
    /// The journal's receipt certificate.
    Receipts,
}

impl Purpose {
    /// Takes a URI apart.
    ///
    /// # Errors
    /// A URI of another scheme, host or path.
    pub fn of(uri: &str) -> Result<(PracticeId, Self), Malformed> {
        const HOW: Malformed = Malformed::new("signer's URI", "it has another scheme, host or path");
        let rest = uri.strip_prefix("spiffe://").ok_or(HOW)?;
        let (host, path) = rest.split_once('/').ok_or(HOW)?;
        let practice = PracticeId::parse(host.strip_suffix(".counterfoil.internal").ok_or(HOW)?)?;
        let purpose = match path {
            STATEMENTS => Self::Statements,
            RECEIPTS => Self::Receipts,
            path => Self::Signer(DeviceId::from_uuid(path.strip_prefix(SIGNER).ok_or(HOW)?)?),
        };
        Ok((practice, purpose))
    }

    /// The URI at this practice.
    pub fn uri(&self, practice: &PracticeId) -> String {
        match self {
            Self::Signer(device) => practice.uri(&format!("{SIGNER}{}", device.to_uuid())),
            Self::Statements => practice.uri(STATEMENTS),
            Self::Receipts => practice.uri(RECEIPTS),
        }
    }
}

/// A signed statement: its bytes, never encoded again, and what they say.
#[derive(Clone)]
pub struct Signed {
    bytes: Vec<u8>,
    statement: Statement,
    practice: PracticeId,
    purpose: Purpose,
    leaf: Leaf,
    issued: Timestamp,
    protected: Range<usize>,
    certificate: Range<usize>,
    payload: Range<usize>,
    signature: [u8; 64],
    entry_hash: Sha256Digest,
}

impl Signed {
    /// Writes and signs a statement. The result has been read back and its signature verified.
    ///
    /// # Errors
    /// The key can not be used or is not the certificate's; the signer may not state this event; the
    /// statement is longer than [`limits::STATEMENT_BYTES_MAX`].
    pub fn sign(statement: &Statement, signer: &dyn Signer, issued: Timestamp) -> Result<Self, Error> {
        let certificate = signer.certificate();
        let issuer = Issuer { uri: signer.uri().to_owned(), certificate: sha256(certificate) };
        let payload = statement.write(&issuer);
        let claims = Writer::new().map(3).int(label::ISS).text(signer.uri());
        let claims = claims.int(label::SUB).text(&statement.subject()).int(label::IAT);
        let claims = claims.unsigned(issued.unix_seconds()).end();
        let protected = Writer::new().map(5).int(label::ALG).int(label::ES256);
        let protected = protected.int(label::CONTENT_TYPE).text(CONTENT_TYPE);
        let protected = protected.int(label::CWT_CLAIMS).item(&claims);
        let protected = protected.int(label::TYP).text(TYP).int(label::X5CHAIN).bytes(certificate).end();
        let signature = signer.sign(&to_be_signed(&protected, payload.as_bytes()))?;
        let bytes = Writer::new().tag(label::COSE_SIGN1).array(4).bytes(&protected).map(0);
        let signed = Self::parse(bytes.bytes(payload.as_bytes()).bytes(&signature).end())?;
        signed.verify_signature()?;
        Ok(signed)
    }

    /// Reads a statement strictly: deterministic CBOR, exactly our headers in order, an empty unprotected
    /// header, no byte after the end, the payload in its one form, `iss` equal to the certificate's one URI
    /// and to the text, an event that this signer may state, low `s`.
    ///
    /// The signature is not verified here, and no trust is implied: see [`Signed::verify_signature`].
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Error> {
        if bytes.len() > limits::STATEMENT_BYTES_MAX {
            return Err(Error::TooLong { what: WHAT, bytes_max: limits::STATEMENT_BYTES_MAX });
        }
        let mut outer = Reader::new(&bytes, WHAT);
        outer.tag(label::COSE_SIGN1)?;
        outer.array(4, 4)?;
        let protected = outer.bytes(limits::STATEMENT_BYTES_MAX)?;
        outer.map(0)?;
        let payload = outer.bytes(limits::STATEMENT_BYTES_MAX)?;
        let signature = outer.bytes_of::<64>()?;
        outer.end()?;
        let headers = Headers::parse(protected)?;
        let (statement, issuer) = Statement::read(payload)?;
        let leaf = Leaf::parse(headers.certificate)?;
        let (practice, purpose) = Purpose::of(leaf.uri())?;
        for (found, place) in [(headers.issuer, "iss"), (issuer.uri.as_str(), "the text")] {
            if found != leaf.uri() {
                return Err(Error::differs("the signer's URI", "the certificate", place));
            }
        }
        if issuer.certificate != sha256(headers.certificate) {
            return Err(Error::differs("the certificate", "the header", "the text"));
        }
        if headers.subject != statement.subject() {
            return Err(Error::differs("the subject", "sub", "the text"));
        }
        may_state(&statement, &practice, &purpose)?;
        low_s(WHAT, &signature)?;
        let within = |part: &[u8]| range_in(&bytes, part);
        Ok(Self {
            protected: within(protected),
            certificate: within(headers.certificate),
            payload: within(payload),
            issued: Timestamp::from_unix_seconds(headers.issued),
            entry_hash: sha256(&bytes),
            statement,
            practice,
            purpose,
            leaf,
            signature,
            bytes,
        })
    }

    /// Verifies the signature by the key in the certificate. Whether that certificate is to be believed is
    /// for the caller.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn verify_signature(&self) -> Result<(), Error> {
        let message = to_be_signed(self.part(&self.protected), self.payload());
        self.leaf.verify(WHAT, &message, &self.signature)
    }

    /// The whole COSE_Sign1.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the whole COSE_Sign1: the journal's entry, and what `refers_to` holds.
    pub fn entry_hash(&self) -> Sha256Digest {
        self.entry_hash
    }

    /// What is stated.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The text that was signed.
    pub fn payload(&self) -> &[u8] {
        self.part(&self.payload)
    }

    /// The leaf certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        self.part(&self.certificate)
    }

    /// URI of the leaf certificate, equal to `iss`.
    pub fn uri(&self) -> &str {
        self.leaf.uri()
    }

    /// The practice in the URI. A name, not proof: the pin decides.
    pub fn practice(&self) -> &PracticeId {
        &self.practice
    }

    /// What the certificate is for, by its URI.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// When it was signed, to the second, by the signer's clock.
    pub fn issued(&self) -> Timestamp {
        self.issued
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signed({} by {})", self.statement.uri(), self.uri())
    }
}

/// Where a part of some bytes lies in them.
fn range_in(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start.saturating_add(part.len())
}

/// RFC 9052 4.4: the Sig_structure of COSE_Sign1, without external data.
pub(crate) fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    Writer::new().array(4).text("Signature1").bytes(protected).bytes(&[]).bytes(payload).end()
}

/// A statement is only taken from whom it belongs to.
fn may_state(statement: &Statement, practice: &PracticeId, purpose: &Purpose) -> Result<(), Error> {
    let (device, named) = match (&statement.body, purpose) {
        (Body::Gateway(_, _), Purpose::Statements) => return Ok(()),
        (Body::Device(DeviceEvent::Origin(origin)), Purpose::Signer(device)) => {
            (*device == origin.sender.device, &origin.recipient.practice)
        }
        (Body::Device(DeviceEvent::ConsignmentAcceptance(take)), Purpose::Signer(device)) => {
            (*device == take.recipient.device, &take.sender.practice)
        }
        (Body::Device(DeviceEvent::SigningKeyAnnounced(announced)), Purpose::Signer(device)) => {
            (*device == announced.sender.device, &announced.recipient.practice)
        }
        _ => return Err(Error::differs("the purpose", "the certificate", "the event")),
    };
    match (device, named == practice) {
        (true, true) => Ok(()),
        (false, _) => Err(Error::differs("the device", "the certificate", "the text")),
        (_, false) => Err(Error::differs("the practice", "the certificate", "the text")),
    }
}

/// The protected header of a statement.
struct Headers<'a> {
    issuer: &'a str,
    subject: &'a str,
    issued: u64,
    certificate: &'a [u8],
}

impl<'a> Headers<'a> {
    fn parse(protected: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(protected, "statement's header");
        reader.map(5)?;
        reader.exactly(label::ALG)?;
        reader.exactly(label::ES256)?;
        reader.exactly(label::CONTENT_TYPE)?;
        reader.exactly_text(CONTENT_TYPE)?;
        reader.exactly(label::CWT_CLAIMS)?;
        reader.map(3)?;
        reader.exactly(label::ISS)?;
        let issuer = reader.text(URI_BYTES_MAX)?;
        reader.exactly(label::SUB)?;
        let subject = reader.text(URI_BYTES_MAX)?;
        reader.exactly(label::IAT)?;
        let issued = reader.unsigned()?;
        reader.exactly(label::TYP)?;
        reader.exactly_text(TYP)?;
        reader.exactly(label::X5CHAIN)?;
        let certificate = reader.bytes(CERTIFICATE_BYTES_MAX)?;
        reader.end()?;
        Ok(Self { issuer, subject, issued, certificate })
    }
}
