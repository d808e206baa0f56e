//! The four messages of an enrolment as bytes (`enrolment.cddl`). A body is kept as it came and never written
//! a second time.

use model::limits::{
    ENROL_MESSAGE_BYTES_MAX, ENROL_OFFER_BYTES_MAX, LABEL_BYTES_MAX as NAME_BYTES_MAX, ROOT_RECORDS_MAX,
};
use model::{BookId, DeviceId, InvitationId, Malformed, PersonId, Role, Timestamp};
use sha2::{Digest as _, Sha256};

use super::{LABEL_BYTES_MAX, LANGUAGE_BYTES_MAX, PLATFORM_BYTES_MAX};
use crate::PublicKey;
use crate::certificate::CHAIN_MAX;
use crate::codec::{self, Seen, Writer};

/// Books that a Reply names; the rest is counted.
pub const BOOKS_MAX: usize = 24;

const ABSENT: &str = "a member is absent";
const VERSION: &str = "its version is unknown";

/// The companion's first message: which invitation, and a nonce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    pub(super) bytes: Vec<u8>,
    /// The invitation's number.
    pub id: InvitationId,
    pub(super) nonce: [u8; 16],
}

impl Hello {
    pub(super) fn write(id: InvitationId, nonce: [u8; 16]) -> Self {
        let mut out = Writer::default();
        out.map(3).uint(0).uint(1).uint(1).uint(id.get().into()).uint(2).bytes(&nonce);
        Self { bytes: out.finish(), id, nonce }
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "Hello";
        let (mut version, mut id, mut nonce) = (None, None, None);
        codec::read_map(WHAT, bytes, ENROL_MESSAGE_BYTES_MAX, &mut |key, decoder| {
            match key {
                0 => version = Some(decoder.u64()?),
                1 => id = Some(decoder.u32()?),
                2 => nonce = Some(codec::fixed::<16>(decoder)?),
                _ => return Ok(Seen::Unknown),
            }
            Ok(Seen::Known)
        })?;
        let (Some(version), Some(id), Some(nonce)) = (version, id, nonce) else {
            return Err(Malformed::new(WHAT, ABSENT));
        };
        match version {
            1 => Ok(Self { bytes: bytes.to_vec(), id: InvitationId::new(id)?, nonce }),
            _ => Err(Malformed::new(WHAT, VERSION)),
        }
    }

    /// The message.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The context for the TLS exporter: SHA-256 of the message.
    pub fn exporter_context(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }
}

/// What the gateway offers, before it is believed.
pub(super) struct OfferBody {
    pub(super) records: Vec<Vec<u8>>,
    pub(super) time: Timestamp,
}

pub(super) fn write_offer_body(nonce: &[u8; 16], records: &[impl AsRef<[u8]>], time: Timestamp) -> Vec<u8> {
    let mut out = Writer::default();
    out.map(4).uint(0).uint(1).uint(1).bytes(nonce).uint(2).list(records).uint(3).uint(time.unix_seconds());
    out.finish()
}

pub(super) fn enclose(parts: &[&[u8]]) -> Vec<u8> {
    Writer::default().list(parts).finish()
}

/// Body and mac_s.
pub(super) fn read_offer(bytes: &[u8]) -> Result<(&[u8], [u8; 32]), Malformed> {
    let [body, mac] = codec::read_list::<2>("Offer", bytes, ENROL_OFFER_BYTES_MAX)?;
    Ok((body, exact("Offer", mac)?))
}

pub(super) fn read_offer_body(body: &[u8]) -> Result<OfferBody, Malformed> {
    const WHAT: &str = "Offer";
    let (mut version, mut nonce, mut records, mut time) = (None, None, None, None);
    codec::read_map(WHAT, body, ENROL_OFFER_BYTES_MAX, &mut |key, decoder| {
        match key {
            0 => version = Some(decoder.u64()?),
            1 => nonce = Some(codec::fixed::<16>(decoder)?),
            2 => records = Some(codec::byte_list(decoder, ROOT_RECORDS_MAX)?),
            3 => time = Some(decoder.u64()?),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    let (Some(version), Some(_), Some(records), Some(time)) = (version, nonce, records, time) else {
        return Err(Malformed::new(WHAT, ABSENT));
    };
    match version {
        1 => Ok(OfferBody {
            records: records.into_iter().map(<[u8]>::to_vec).collect(),
            time: Timestamp::from_unix_seconds(time),
        }),
        _ => Err(Malformed::new(WHAT, VERSION)),
    }
}

/// What a device says of itself. Foreign: make the texts safe before they are shown; none enters a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What its owner calls it, at most 64 bytes.
    pub label: String,
    /// System and architecture, at most 32 bytes.
    pub platform: String,
    /// Language tag, at most 16 bytes.
    pub language: String,
}

impl Device {
    fn check(&self) -> Result<(), Malformed> {
        let fits = self.label.len() <= LABEL_BYTES_MAX
            && self.platform.len() <= PLATFORM_BYTES_MAX
            && self.language.len() <= LANGUAGE_BYTES_MAX;
        if fits { Ok(()) } else { Err(Malformed::new("device", "label, platform or language is too long")) }
    }
}

/// Body, both proofs of possession and mac_c, as they came.
pub(super) struct RequestParts<'a> {
    pub(super) body: &'a [u8],
    pub(super) pops: [[u8; 64]; 2],
    pub(super) mac: [u8; 32],
}

pub(super) struct RequestBody {
    pub(super) tls_spki: Vec<u8>,
    pub(super) signing_spki: Vec<u8>,
    pub(super) device: Device,
}

pub(super) fn write_request_body(
    tls: &PublicKey,
    signing: &PublicKey,
    device: &Device,
) -> Result<Vec<u8>, Malformed> {
    device.check()?;
    let mut out = Writer::default();
    out.map(6).uint(0).uint(1).uint(1).bytes(tls.spki_der()).uint(2).bytes(signing.spki_der());
    out.uint(3).text(&device.label).uint(4).text(&device.platform).uint(5).text(&device.language);
    Ok(out.finish())
}

pub(super) fn read_request(bytes: &[u8]) -> Result<RequestParts<'_>, Malformed> {
    const WHAT: &str = "Request";
    let [body, tls, signing, mac] = codec::read_list::<4>(WHAT, bytes, ENROL_MESSAGE_BYTES_MAX)?;
    Ok(RequestParts { body, pops: [exact(WHAT, tls)?, exact(WHAT, signing)?], mac: exact(WHAT, mac)? })
}

pub(super) fn read_request_body(body: &[u8]) -> Result<RequestBody, Malformed> {
    const WHAT: &str = "Request";
    let (mut version, mut keys, mut texts) = (None, [None, None], [None, None, None]);
    let ([tls_spki, signing_spki], [label, platform, language]) = (&mut keys, &mut texts);
    codec::read_map(WHAT, body, ENROL_MESSAGE_BYTES_MAX, &mut |key, decoder| {
        match key {
            0 => version = Some(decoder.u64()?),
            1 => *tls_spki = Some(decoder.bytes()?.to_vec()),
            2 => *signing_spki = Some(decoder.bytes()?.to_vec()),
            3 => *label = Some(decoder.str()?.to_owned()),
            4 => *platform = Some(decoder.str()?.to_owned()),
            5 => *language = Some(decoder.str()?.to_owned()),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    let ([Some(tls_spki), Some(signing_spki)], [Some(label), Some(platform), Some(language)]) = (keys, texts)
    else {
        return Err(Malformed::new(WHAT, ABSENT));
    };
    if version != Some(1) {
        return Err(Malformed::new(WHAT, VERSION));
    }
    let device = Device { label, platform, language };
    device.check()?;
    Ok(RequestBody { tls_spki, signing_spki, device })
}

/// How an enrolment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The device is bound; its certificates follow.
    Bound = 0,
    /// The proof of the secret does not hold, or there is no such invitation: the same to the peer.
    WrongProof = 1,
    /// The invitation has expired.
    Expired = 2,
    /// The invitation has been taken back.
    Revoked = 3,
    /// Too many wrong proofs: the invitation is locked.
    Locked = 4,
    /// Another device has used the invitation.
    Taken = 5,
    /// The keys are no two fresh P-256 keys, or have not signed.
    BadKeys = 6,
    /// Too many enrolments: again later.
    Busy = 7,
}

impl Status {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Bound,
        Self::WrongProof,
        Self::Expired,
        Self::Revoked,
        Self::Locked,
        Self::Taken,
        Self::BadKeys,
        Self::Busy,
    ];

    /// The number on the wire.
    pub const fn code(self) -> u8 {
        self as u8
    }

    fn from_code(code: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|status| u64::from(status.code()) == code)
    }
}

/// Who used an invitation before: what its loser is told, after proving the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenBy {
    /// When, to the second.
    pub at: Timestamp,
    /// What the other device calls itself. Foreign.
    pub label: String,
}

/// Who the device now speaks for. Texts are the practice's: make them safe before they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// The person.
    pub person: PersonId,
    /// The person's name.
    pub person_name: String,
    /// The person's role.
    pub role: Role,
    /// The practice's name.
    pub practice_name: String,
    /// The books granted, at most [`BOOKS_MAX`] of them.
    pub books: Vec<WelcomeBook>,
    /// How many books are granted in all.
    pub book_count: u64,
}

/// A book by id and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WelcomeBook {
    /// The book.
    pub id: BookId,
    /// Its name.
    pub name: String,
}

/// The Reply's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReplyBody {
    pub(super) status: Status,
    pub(super) bound: Option<Bound>,
    pub(super) retry_after_seconds: Option<u64>,
    pub(super) taken_by: Option<TakenBy>,
}

/// What a Reply carries when the device is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) device: DeviceId,
    pub(super) tls_chain: Vec<Vec<u8>>,
    pub(super) signing_chain: Vec<Vec<u8>>,
    pub(super) bundle: Vec<u8>,
    pub(super) welcome: Welcome,
    pub(super) check_nonce: [u8; 16],
}

pub(super) fn write_reply_body(body: &ReplyBody) -> Result<Vec<u8>, Malformed> {
    let mut out = Writer::default();
    let count = 2
        + if body.bound.is_some() { 6 } else { 0 }
        + usize::from(body.retry_after_seconds.is_some())
        + usize::from(body.taken_by.is_some());
    out.map(count).uint(0).uint(1).uint(1).uint(body.status.code().into());
    if let Some(bound) = &body.bound {
        out.uint(2).bytes(bound.device.as_bytes());
        out.uint(3).list(&bound.tls_chain).uint(4).list(&bound.signing_chain);
        out.uint(5).bytes(&bound.bundle);
        out.uint(6);
        write_welcome(&mut out, &bound.welcome);
        out.uint(7).bytes(&bound.check_nonce);
    }
    if let Some(seconds) = body.retry_after_seconds {
        out.uint(8).uint(seconds);
    }
    if let Some(taken) = &body.taken_by {
        out.uint(9).map(2).uint(1).uint(taken.at.unix_seconds()).uint(2).text(&taken.label);
    }
    let bytes = out.finish();
    // 64 bytes for the head of the list, the heads of its members and mac_r.
    match bytes.len() + 64 <= ENROL_MESSAGE_BYTES_MAX && read_reply_body(&bytes).as_ref() == Ok(body) {
        true => Ok(bytes),
        false => Err(Malformed::new("Reply", "it is too long, or a member is out of bounds")),
    }
}

fn write_welcome(out: &mut Writer, welcome: &Welcome) {
    out.map(6);
    out.uint(1).bytes(welcome.person.as_bytes());
    out.uint(2).text(&welcome.person_name);
    out.uint(3).uint(welcome.role.code().into());
    out.uint(4).text(&welcome.practice_name);
    out.uint(5).array(welcome.books.len());
    for book in &welcome.books {
        out.map(2).uint(1).bytes(book.id.as_bytes()).uint(2).text(&book.name);
    }
    out.uint(6).uint(welcome.book_count);
}

/// Body and mac_r.
pub(super) fn read_reply(bytes: &[u8]) -> Result<(&[u8], [u8; 32]), Malformed> {
    let [body, mac] = codec::read_list::<2>("Reply", bytes, ENROL_MESSAGE_BYTES_MAX)?;
    Ok((body, exact("Reply", mac)?))
}

pub(super) fn read_reply_body(body: &[u8]) -> Result<ReplyBody, Malformed> {
    const WHAT: &str = "Reply";
    let (mut version, mut status, mut retry_after_seconds, mut taken_by) = (None, None, None, None);
    let (mut device, mut bundle, mut welcome, mut check_nonce) = (None, None, None, None);
    let (mut tls_chain, mut signing_chain) = (None, None);
    codec::read_map(WHAT, body, ENROL_MESSAGE_BYTES_MAX, &mut |key, decoder| {
        match key {
            0 => version = Some(decoder.u64()?),
            1 => status = Status::from_code(decoder.u64()?),
            2 => device = Some(codec::fixed::<16>(decoder)?),
            3 => tls_chain = Some(chain(decoder)?),
            4 => signing_chain = Some(chain(decoder)?),
            5 => bundle = Some(decoder.bytes()?.to_vec()),
            6 => welcome = Some(read_welcome(decoder)?),
            7 => check_nonce = Some(codec::fixed::<16>(decoder)?),
            8 => retry_after_seconds = Some(decoder.u64()?),
            9 => taken_by = Some(read_taken(decoder)?),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    if version != Some(1) {
        return Err(Malformed::new(WHAT, VERSION));
    }
    let status = status.ok_or(Malformed::new(WHAT, "its status is unknown"))?;
    let bound = match (device, tls_chain, signing_chain, bundle, welcome, check_nonce) {
        (
            Some(device),
            Some(tls_chain),
            Some(signing_chain),
            Some(bundle),
            Some(welcome),
            Some(check_nonce),
        ) => {
            let device = DeviceId::from_bytes(device);
            Some(Bound { device, tls_chain, signing_chain, bundle, welcome, check_nonce })
        }
        (None, None, None, None, None, None) => None,
        _ => return Err(Malformed::new(WHAT, ABSENT)),
    };
    match (status == Status::Bound) == bound.is_some() {
        true => Ok(ReplyBody { status, bound, retry_after_seconds, taken_by }),
        false => Err(Malformed::new(WHAT, "status and members do not fit")),
    }
}

type Read<T> = Result<T, minicbor::decode::Error>;

fn chain(decoder: &mut minicbor::Decoder<'_>) -> Read<Vec<Vec<u8>>> {
    Ok(codec::byte_list(decoder, CHAIN_MAX)?.into_iter().map(<[u8]>::to_vec).collect())
}

fn read_taken(decoder: &mut minicbor::Decoder<'_>) -> Read<TakenBy> {
    let (mut at, mut label) = (None, None);
    codec::fields(decoder, &mut |key, decoder| {
        match key {
            1 => at = Some(Timestamp::from_unix_seconds(decoder.u64()?)),
            2 => label = Some(codec::short_text(decoder, LABEL_BYTES_MAX)?.to_owned()),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    match (at, label) {
        (Some(at), Some(label)) => Ok(TakenBy { at, label }),
        _ => Err(absent()),
    }
}

fn read_welcome(decoder: &mut minicbor::Decoder<'_>) -> Read<Welcome> {
    let (mut person, mut person_name, mut role, mut practice_name) = (None, None, None, None);
    let (mut books, mut book_count) = (None, None);
    codec::fields(decoder, &mut |key, decoder| {
        match key {
            1 => person = Some(PersonId::from_bytes(codec::fixed(decoder)?)),
            2 => person_name = Some(codec::short_text(decoder, NAME_BYTES_MAX)?.to_owned()),
            3 => role = u8::try_from(decoder.u64()?).ok().and_then(|code| Role::from_code(code).ok()),
            4 => practice_name = Some(codec::short_text(decoder, NAME_BYTES_MAX)?.to_owned()),
            5 => books = Some(codec::array(decoder, BOOKS_MAX, &mut read_book)?),
            6 => book_count = Some(decoder.u64()?),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    match (person, person_name, role, practice_name, books, book_count) {
        (Some(person), Some(person_name), Some(role), Some(practice_name), Some(books), Some(book_count)) => {
            Ok(Welcome { person, person_name, role, practice_name, books, book_count })
        }
        _ => Err(absent()),
    }
}

fn read_book(decoder: &mut minicbor::Decoder<'_>) -> Read<WelcomeBook> {
    let (mut id, mut name) = (None, None);
    codec::fields(decoder, &mut |key, decoder| {
        match key {
            1 => id = Some(BookId::from_bytes(codec::fixed(decoder)?)),
            2 => name = Some(codec::short_text(decoder, NAME_BYTES_MAX)?.to_owned()),
            _ => return Ok(Seen::Unknown),
        }
        Ok(Seen::Known)
    })?;
    match (id, name) {
        (Some(id), Some(name)) => Ok(WelcomeBook { id, name }),
        _ => Err(absent()),
    }
}

fn absent() -> minicbor::decode::Error {
    minicbor::decode::Error::message(ABSENT)
}

fn exact<const N: usize>(what: &'static str, bytes: &[u8]) -> Result<[u8; N], Malformed> {
    bytes.try_into().map_err(|_| Malformed::new(what, "a member has another length"))
}
