//! How this device comes to its certificates: keys made here and durable first, then the exchange of `certs` over a
//! connection of its own, then one folder that appears whole. The same invitation again gives the same identity.
//!
//! ```text
//! <home>/enrolling/<16 hex of the invitation's hash>/
//!   keys/tls keys/signing keys/file-key      sealed for the invitation, before the Request goes out
//!   current/… root-records bundle                 when the Reply has come
//!   practice                                 last: from then on the folder is whole and is moved to practices/
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use certs::enrolment::{
    Awaiting, CompanionEnrolment, Device as DeviceWords, DeviceKeys, EXPORTER_BYTES, EXPORTER_LABEL,
    EnrolError, Enrolled, Outcome, Status, TakenBy,
};
use certs::{Certificate, Rejection, TrustError, Typed, TypedError, tls};
use console::{Arg, Failure, failure};
use model::{Sha256Digest, Timestamp};
use protocol::enrol::{self as wire, Due, Step};
use protocol::{Code, WireError, frame};
use quinn::crypto::rustls::QuicClientConfig;
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};

use crate::connection::{connect_quic, with_port};
use crate::device::{CERTIFICATES, Certificates, Guard, KeyFolder, certs_failed};
use crate::home::Home;
use crate::practice::{About, Confirmed, Practice, encode_records};
use crate::slots::{CURRENT, remove_folder};
use crate::trouble::{self, Told};

/// How long the gateway may take for one step.
const STEP_PATIENCE: Duration = Duration::from_secs(20);

/// What an enrolment needs.
pub struct Wanted {
    /// The invitation.
    pub invitation: Typed,
    /// Where the gateway is, where the invitation does not say it or says it wrongly.
    pub at: Option<String>,
    /// What this device says of itself.
    pub words: DeviceWords,
}

/// Reads an invitation as somebody typed it.
///
/// # Errors
/// `invitation-group-wrong` names where to look; `invitation-malformed`.
pub fn read_invitation(text: &str) -> Told<Typed> {
    Typed::parse(text).map_err(|error| match error {
        TypedError::CheckGroup { group } | TypedError::UnknownSymbol { group, .. } => {
            failure::invitation_group_wrong(group)
        }
        TypedError::CheckSeveral
        | TypedError::Damaged
        | TypedError::Length { .. }
        | TypedError::NotAWord
        | TypedError::TooLong
        | TypedError::Version => failure::invitation_malformed(),
    })
}

/// Recognises an invitation without keeping its secret.
fn hash_of(invitation: &Typed) -> Sha256Digest {
    let hash = Sha256::new()
        .chain_update(b"counterfoil companion invitation\0")
        .chain_update(invitation.id().get().to_be_bytes())
        .chain_update(invitation.secret().as_bytes());
    Sha256Digest::from_bytes(hash.finalize().into())
}

/// An enrolment under way.
pub struct Enrolment<'a> {
    home: &'a Home,
    wanted: &'a Wanted,
    hash: Sha256Digest,
    folder: PathBuf,
}

/// How far the same invitation had come before.
pub enum Found {
    /// It has given an identity already.
    Before(Box<Practice>),
    /// Keys were made, or nothing at all: the exchange is due.
    New,
}

impl<'a> Enrolment<'a> {
    /// For an invitation, in a home that the caller holds.
    pub fn new(home: &'a Home, wanted: &'a Wanted) -> Self {
        let hash = hash_of(&wanted.invitation);
        let name: String = hash.to_hex().chars().take(16).collect();
        Self { home, wanted, hash, folder: home.folder().join("enrolling").join(name) }
    }

    /// Looks whether this invitation was used here before, and ends what a crash left half done.
    ///
    /// # Errors
    /// The disk's; `already-enrolled` where another invitation of the same practice was.
    pub fn find(&self) -> Told<Found> {
        if self.exists("practice")? {
            return Ok(Found::Before(Box::new(self.publish()?)));
        }
        for practice in self.home.practices()? {
            let about = practice.about();
            if about.invitation_hash == self.hash {
                return Ok(Found::Before(Box::new(practice)));
            }
            if self.wanted.invitation.pin() == Some(about.pin) {
                return Err(failure::already_enrolled(&about.name));
            }
        }
        Ok(Found::New)
    }

    /// Whether keys were made for this invitation before: their guard is fixed then.
    ///
    /// # Errors
    /// The disk's.
    pub fn has_keys(&self) -> Told<bool> {
        self.pending_keys().is_there()
    }

    /// The keys of this invitation: those that were made before, or new ones under `guard`, durable.
    ///
    /// # Errors
    /// As [`KeyFolder::store`].
    pub fn make_keys(&self, guard: &Guard) -> Told<DeviceKeys> {
        let keys = DeviceKeys::generate().map_err(|error| certs_failed(&error))?;
        self.pending_keys().store(&keys, guard)?;
        Ok(keys)
    }

    /// Where this invitation's keys are until it is enrolled.
    pub fn pending_keys(&self) -> KeyFolder {
        let owner = self.hash.as_bytes().first_chunk().copied().unwrap_or_default();
        KeyFolder::new(self.home.disk().clone(), self.folder.join("keys"), owner)
    }

    /// Where the gateway is.
    ///
    /// # Errors
    /// `invitation-address-needed`.
    pub fn address(&self) -> Told<String> {
        match (&self.wanted.at, &self.wanted.invitation) {
            (Some(at), _) => Ok(with_port(at)),
            (None, Typed::Word(word)) if word.host.contains(':') => {
                Ok(format!("[{}]:{}", word.host, word.port))
            }
            (None, Typed::Word(word)) => Ok(format!("{}:{}", word.host, word.port)),
            (None, Typed::Code { .. }) => Err(failure::invitation_address_needed()),
        }
    }

    /// The exchange. The keys are durable before it begins.
    ///
    /// # Errors
    /// Why it did not come to an identity; nothing made from the secret goes to who has not proven it.
    pub async fn exchange(&self, keys: &DeviceKeys, address: &str) -> Told<Box<Enrolled>> {
        let clock = self.home.clock();
        let config = tls::enrol_config(clock).map_err(|error| certs_failed(&error))?;
        let config =
            QuicClientConfig::try_from(config).map_err(|error| failure::unexpected(error.to_string()))?;
        let config = quinn::ClientConfig::new(Arc::new(config));
        let connected = connect_quic(config, address, tls::ENROL_SERVER_NAME).await;
        let (endpoint, quic) = connected.map_err(|lost| lost.by_clock(self.home.now()).failure)?;
        let exchanged = self.over(&quic, keys, address).await;
        let code = protocol::CloseCode::Done.number();
        quic.close(quinn::VarInt::from_u32(u32::from(code)), b"");
        let _ = tokio::time::timeout(Duration::from_millis(200), endpoint.wait_idle()).await;
        exchanged
    }

    async fn over(&self, quic: &quinn::Connection, keys: &DeviceKeys, address: &str) -> Told<Box<Enrolled>> {
        let broken = |error: StreamError| error.told(address);
        let presented = presented(quic)?;
        let enrolment =
            CompanionEnrolment::start(&self.wanted.invitation).map_err(|error| certs_failed(&error))?;
        let mut exporter = [0u8; EXPORTER_BYTES];
        quic.export_keying_material(&mut exporter, EXPORTER_LABEL, &enrolment.exporter_context())
            .map_err(|_| failure::enrolment_failed("TLS gives no exporter"))?;
        let mut stream = Steps::open(quic).await.map_err(broken)?;
        stream.send(Step::Hello, enrolment.hello()).await.map_err(broken)?;
        let offer = stream.due(Step::Offer).await.map_err(broken)?;
        let offered = enrolment.offer(&exporter, &presented, &offer);
        let offered = offered.map_err(|error| self.refuse(&error, &presented, None))?;
        let there = offered.time();
        let (awaiting, request) = offered
            .request(keys, &self.wanted.words)
            .map_err(|error| self.refuse(&error, &presented, Some(there)))?;
        stream.send(Step::Request, &request).await.map_err(broken)?;
        let reply = stream.due(Step::Reply).await.map_err(broken)?;
        self.replied(awaiting, &reply).map_err(|error| match error {
            Replied::Failed(failure) => failure,
            Replied::Broken(error) => self.refuse(&error, &presented, Some(there)),
        })
    }

    fn replied(&self, awaiting: Awaiting, reply: &[u8]) -> Result<Box<Enrolled>, Replied> {
        match awaiting.reply(reply, self.home.now()).map_err(Replied::Broken)? {
            Outcome::Enrolled(enrolled) => Ok(enrolled),
            Outcome::Refused { status, taken_by, .. } => Err(Replied::Failed(match status {
                Status::Expired => failure::invitation_expired(),
                Status::Locked => failure::invitation_locked(),
                Status::Taken => match taken_by {
                    Some(TakenBy { at, label }) => failure::invitation_taken(at, label),
                    None => failure::invitation_taken("-", "-"),
                },
                Status::Busy => failure::enrolment_paused(),
                Status::BadKeys => failure::enrolment_failed("the gateway does not take the keys"),
                Status::WrongProof | Status::Revoked | Status::Bound => failure::invitation_refused(),
            })),
        }
    }

    fn refuse(
        &self,
        error: &EnrolError,
        presented: &[CertificateDer<'_>],
        there: Option<Timestamp>,
    ) -> Failure {
        match (error, there) {
            (EnrolError::OtherPractice, _) => {
                let expected = match self.wanted.invitation.pin() {
                    Some(pin) => Arg::shown(pin),
                    None => Arg::Message("practice-not-in-code"),
                };
                failure::practice_differs(expected, practice_in(presented))
            }
            (EnrolError::UnprovenGateway, _) => failure::invitation_refused(),
            (EnrolError::Certs(error), _) => certs_failed(error),
            (
                EnrolError::Certificate(Rejection::NotInForce(_)) | EnrolError::Trust(TrustError::Expired),
                Some(there),
            ) => failure::clocks_differ(self.home.now(), there),
            (error, _) => failure::enrolment_failed(error.to_string()),
        }
    }

    /// Stores everything and makes the folder of the practice appear.
    ///
    /// # Errors
    /// The disk's; `already-enrolled`.
    pub fn store(
        &self,
        enrolled: &Enrolled,
        keys: &DeviceKeys,
        guard: &Guard,
        address: &str,
    ) -> Told<Practice> {
        let practice = enrolled.trust.practice().clone();
        if let Ok(there) =
            Practice::open(self.home.disk(), self.home.clock(), &self.home.practice_folder(&practice))
        {
            return Err(failure::already_enrolled(&there.about().name));
        }
        let owner = *enrolled.device.as_bytes();
        let slot = self.folder.join(CURRENT);
        KeyFolder::new(self.home.disk().clone(), slot.join("keys"), owner).store(keys, guard)?;
        let certificates = Certificates {
            tls: enrolled.tls_chain.clone(),
            signing: enrolled.signing_chain.clone(),
            signed_under: Vec::new(),
        };
        self.write(&format!("{CURRENT}/{CERTIFICATES}"), &certificates.encode())?;
        self.write("root-records", &encode_records(&enrolled.trust))?;
        self.write("bundle", &enrolled.bundle_bytes)?;
        let mut addresses = vec![address.to_owned()];
        for other in &enrolled.bundle.addresses {
            if !addresses.contains(other) {
                addresses.push(other.clone());
            }
        }
        let about = About {
            practice,
            pin: enrolled.pin(),
            name: enrolled.welcome.practice_name.clone(),
            addresses,
            person: enrolled.welcome.person,
            person_name: enrolled.welcome.person_name.clone(),
            role: enrolled.welcome.role,
            device: enrolled.device,
            label: self.wanted.words.label.clone(),
            digits: enrolled.digits.to_string(),
            confirmed: Confirmed::Not,
            invitation: self.wanted.invitation.id(),
            invitation_hash: self.hash,
            enrolled_at: self.home.now(),
        };
        self.write("practice", &about.encode())?;
        let practice = self.publish()?;
        let books: Vec<_> = enrolled.welcome.books.iter().map(|book| (book.id, book.name.clone())).collect();
        practice.store_books(&books)?;
        Ok(practice)
    }

    /// The folder is whole: the keys for the invitation go, it is moved.
    fn publish(&self) -> Told<Practice> {
        let disk = self.home.disk();
        let told = |error: host::DiskError| trouble::disk(&error);
        remove_folder(disk, &self.folder.join("keys"))?;
        let practice = Practice::open(disk, self.home.clock(), &self.folder)?;
        let to = self.home.practice_folder(&practice.about().practice);
        let parent = to.parent().unwrap_or(self.home.folder());
        let _durable = disk.create_folder(parent).map_err(told)?;
        let _durable = disk.rename(&self.folder, &to).map_err(|error| match error {
            host::DiskError::Exists { .. } => failure::already_enrolled(&practice.about().name),
            error => trouble::disk(&error),
        })?;
        Practice::open(disk, self.home.clock(), &to)
    }

    fn exists(&self, name: &str) -> Told<bool> {
        self.home.disk().exists(&self.folder.join(name)).map_err(|error| trouble::disk(&error))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Told<()> {
        let written = self.home.disk().write_whole(&self.folder.join(name), bytes);
        written.map(|_durable| ()).map_err(|error| trouble::disk(&error))
    }
}

/// Forgets a practice that the person has declined: keys and all.
///
/// # Errors
/// The disk's.
pub fn forget(practice: &Practice) -> Told<()> {
    let disk = practice.disk();
    // First what makes it a practice, then the rest: a crash leaves nothing that looks like one.
    disk.remove_file(&practice.folder().join("practice")).map_err(|error| trouble::disk(&error))?;
    let _durable = disk.sync_folder(practice.folder()).map_err(|error| trouble::disk(&error))?;
    remove_folder(disk, practice.folder())
}

enum Replied {
    Failed(Failure),
    Broken(EnrolError),
}

/// The chain that the gateway showed.
pub(crate) fn presented(quic: &quinn::Connection) -> Told<Vec<CertificateDer<'static>>> {
    let chain = quic.peer_identity().and_then(|shown| shown.downcast::<Vec<CertificateDer<'static>>>().ok());
    chain.map(|chain| *chain).ok_or_else(|| failure::enrolment_failed("the gateway showed no certificates"))
}

/// The practice that a chain claims, to be shown.
fn practice_in(presented: &[CertificateDer<'_>]) -> String {
    let leaf = presented.first().and_then(|leaf| Certificate::read(leaf).ok());
    let uri = leaf.as_ref().and_then(Certificate::uri);
    let practice = uri.and_then(|uri| uri.strip_prefix("spiffe://")?.split('.').next());
    practice.unwrap_or("-").to_owned()
}

/// The one stream of an enrolment.
pub(crate) struct Steps {
    send: quinn::SendStream,
    receive: quinn::RecvStream,
}

/// Why a step did not come.
pub(crate) enum StreamError {
    Wire(WireError),
    Refused(wire::Refusal),
    Lost(quinn::ConnectionError),
    Ended,
}

impl StreamError {
    fn told(self, address: &str) -> Failure {
        match self {
            Self::Wire(error) => failure::enrolment_failed(error.to_string()),
            Self::Refused(refusal) => match Code::from_number(u64::from(refusal.code)) {
                Some(Code::TooFast) => failure::enrolment_paused(),
                Some(code) => Failure::of_refusal(code.word()),
                None => failure::request_refused(refusal.code.to_string()),
            },
            Self::Lost(error) => trouble::lost(&error, address).failure,
            Self::Ended => failure::connection_lost(address),
        }
    }
}

impl From<WireError> for StreamError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<quinn::WriteError> for StreamError {
    fn from(error: quinn::WriteError) -> Self {
        match error {
            quinn::WriteError::ConnectionLost(error) => Self::Lost(error),
            _ => Self::Ended,
        }
    }
}

impl From<quinn::ReadExactError> for StreamError {
    fn from(error: quinn::ReadExactError) -> Self {
        match error {
            quinn::ReadExactError::ReadError(quinn::ReadError::ConnectionLost(error)) => Self::Lost(error),
            _ => Self::Ended,
        }
    }
}

impl Steps {
    pub(crate) async fn open(quic: &quinn::Connection) -> Result<Self, StreamError> {
        let opened = tokio::time::timeout(STEP_PATIENCE, quic.open_bi()).await;
        let (send, receive) = opened.map_err(|_| StreamError::Ended)?.map_err(StreamError::Lost)?;
        Ok(Self { send, receive })
    }

    pub(crate) async fn send(&mut self, step: Step, body: &[u8]) -> Result<(), StreamError> {
        Ok(self.send.write_all(&wire::encode(step, body)?).await?)
    }

    pub(crate) async fn due(&mut self, step: Step) -> Result<Vec<u8>, StreamError> {
        tokio::time::timeout(STEP_PATIENCE, self.read(step)).await.unwrap_or(Err(StreamError::Ended))
    }

    async fn read(&mut self, step: Step) -> Result<Vec<u8>, StreamError> {
        let mut head = [0u8; frame::HEAD_BYTES];
        self.receive.read_exact(&mut head).await?;
        let mut body = vec![0u8; wire::body_bytes(step, head)?];
        self.receive.read_exact(&mut body).await?;
        match wire::read(step, &body)? {
            Due::Body(body) => Ok(body),
            Due::Refused(refusal) => Err(StreamError::Refused(refusal)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use console::FailureCode;
    use host::{Clock, Disk};
    use model::Pin;

    fn invitation() -> certs::Invitation {
        certs::Invitation::draw(
            Pin::from_bytes([1; 16]),
            "gw.example.cn",
            4433,
            Timestamp::from_unix_seconds(9),
        )
        .unwrap()
    }

    fn wanted(text: &str, at: Option<&str>) -> Wanted {
        let words = DeviceWords { label: "PC".into(), platform: "linux".into(), language: "en".into() };
        Wanted { invitation: read_invitation(text).unwrap(), at: at.map(str::to_owned), words }
    }

    #[test]
    fn a_wrong_letter_says_in_which_group_it_is() {
        let code = invitation().code();
        let mut typed: Vec<char> = code.chars().collect();
        typed[13] = if typed[13] == '7' { '8' } else { '7' };
        let told = read_invitation(&typed.iter().collect::<String>()).unwrap_err();
        assert_eq!(told, failure::invitation_group_wrong(3_usize));
        assert_eq!(read_invitation("CF1 u?").unwrap_err().code(), FailureCode::InvitationGroupWrong);
        assert_eq!(read_invitation("ABC").unwrap_err().code(), FailureCode::InvitationMalformed);
    }

    #[test]
    fn the_address_comes_from_the_flag_or_the_word() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(Some(folder.path()), Disk::real(), Clock::manual(1)).unwrap();
        let invitation = invitation();
        let (word, code) = (invitation.word().unwrap(), invitation.code());
        let address = |text: &str, at| Enrolment::new(&home, &wanted(text, at)).address();
        assert_eq!(address(&word, None).unwrap(), "gw.example.cn:4433");
        assert_eq!(address(&word, Some("127.0.0.1:5")).unwrap(), "127.0.0.1:5");
        assert_eq!(address(&code, Some("gw")).unwrap(), "gw:4433");
        assert_eq!(address(&code, None).unwrap_err().code(), FailureCode::InvitationAddressNeeded);
    }

    #[test]
    fn word_and_code_of_one_invitation_are_one_enrolment_and_its_keys_stay() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(Some(folder.path()), Disk::real(), Clock::manual(1)).unwrap();
        let invitation = invitation();
        let (by_word, by_code) =
            (wanted(&invitation.word().unwrap(), None), wanted(&invitation.code(), Some("x")));
        let (one, two) = (Enrolment::new(&home, &by_word), Enrolment::new(&home, &by_code));
        assert_eq!(one.folder, two.folder);
        assert!(!one.has_keys().unwrap());
        let keys = one.make_keys(&Guard::KeyFile).unwrap();
        assert!(two.has_keys().unwrap() && matches!(two.find().unwrap(), Found::New));
        let (again, _) = two.pending_keys().open(&crate::testing::unlocker(&[])).unwrap();
        assert_eq!(again.tls.spki_der(), keys.tls.spki_der());
    }
}
