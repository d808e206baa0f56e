//! Many enrolled devices, made in the practice's folder before its gateway runs: the same statements as by enrolling each,
//! in as many threads as make the journal commit them in groups.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use certs::{Certificate, PracticeTrust, PrivateKey, Purpose, Serial, tls};
use gateway::commit::Group;
use gateway::config::Config;
use gateway::ledger::Begin;
use gateway::practice::{Opened, Practice};
use host::Clock;
use model::{BookId, DeviceId, InvitationId, Role};
use quinn::crypto::rustls::QuicClientConfig;
use receipts::event::{Actor, BoundCertificate, DeviceBound, DeviceConfirmed};
use seal::Unlock;
use vault::EntryScope;

use crate::Outcome;
use crate::counterfoil::Made;

/// The book of those who are revoked, and that of the others.
pub const BOOKS: [&str; 2] = ["book-first", "book"];
/// Threads that enrol.
const THREADS: usize = 16;

/// A device, with its key for TLS.
struct Member {
    key: PrivateKey,
    certificate: Certificate,
}

/// Devices of one practice.
pub struct Crowd {
    trust: Option<PracticeTrust>,
    members: Vec<Member>,
    book: Option<BookId>,
}

impl Crowd {
    /// Nobody.
    pub fn none() -> Self {
        Self { trust: None, members: Vec::new(), book: None }
    }

    /// So many devices, each of a person of its own; the first `live` on a book of their own.
    pub fn make(made: &Made<'_>, count: usize, live: usize) -> Outcome<Self> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let key = std::fs::read(made.key).map_err(|error| text(&error))?;
        let key: [u8; 32] = key.try_into().map_err(|_| "a key file has 32 bytes")?;
        let (config, _) = Config::load(made.dir, [], &[]).map_err(|failure| format!("{failure:?}"))?;
        let unlock = Unlock::KeyFile(key.into());
        let opened = Opened::open(made.dir, config, &unlock, Clock::system(), Begin::AsItIs);
        let opened = opened.map_err(|error| text(&error))?;
        let practice = &opened.practice;
        let mut books = Vec::new();
        for book in BOOKS {
            let added = gateway::act::book::add(practice, book, Actor::AdminSocket);
            let added = BookId::parse(&added.map_err(|error| text(&error))?.id);
            books.push(added.map_err(|error| text(&error))?);
        }
        let (next, members) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let enrol_some = || -> Outcome<()> {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    return Ok(());
                }
                let book = BOOKS[usize::from(at >= live)];
                let member = enrol(practice, &format!("person {at}"), book)?;
                members.lock().unwrap_or_else(PoisonError::into_inner).push((at, member));
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(enrol_some)).collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().map_err(|_| "a thread ended".to_owned())?)
        })?;
        let trust =
            PracticeTrust::walk(&practice.keys().root_records(), None).map_err(|error| text(&error))?;
        opened.close().map_err(|error| text(&error))?;
        let mut members = members.into_inner().unwrap_or_else(PoisonError::into_inner);
        members.sort_by_key(|(at, _)| *at);
        let members = members.into_iter().map(|(_, member)| member).collect();
        Ok(Self { trust: Some(trust), members, book: books.first().copied() })
    }

    /// The first book.
    pub fn book(&self) -> Outcome<BookId> {
        self.book.ok_or_else(|| "there is no book".to_owned())
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// A connection that was let in: the gateway allows it streams. It is a whole handshake, for there are no tickets.
    pub async fn connect(
        &self,
        endpoint: &quinn::Endpoint,
        gateway: SocketAddr,
        at: usize,
    ) -> Outcome<quinn::Connection> {
        let trust = self.trust.as_ref().ok_or("nobody is enrolled")?;
        let member = self.members.get(at).ok_or("there are not so many")?;
        let config = tls::companion_config(trust, &member.certificate, &member.key, &Clock::system());
        let config = QuicClientConfig::try_from(config.map_err(|error| error.to_string())?);
        let mut config = quinn::ClientConfig::new(Arc::new(config.map_err(|error| error.to_string())?));
        config.transport_config(client::endpoint::transport(gateway));
        let connecting = endpoint.connect_with(config, gateway, &trust.practice().host());
        let connection = connecting.map_err(|error| error.to_string())?.await;
        let connection = connection.map_err(|error| format!("handshake: {error}"))?;
        // Whoever is not let in is closed instead.
        connection.open_bi().await.map(drop).map_err(|error| format!("admission: {error}"))?;
        Ok(connection)
    }
}

/// Invites a client, binds a device of theirs and confirms it.
fn enrol(practice: &Arc<Practice>, name: &str, book: &str) -> Outcome<Member> {
    let text = |error: &dyn std::fmt::Debug| format!("{error:?}");
    let by = Actor::AdminSocket;
    let books = [book.to_owned()];
    let shown = gateway::act::invitation::invite(practice, Role::Client, name, &books, by);
    let invitation = InvitationId::parse(&shown.map_err(|error| text(&error))?.id);
    let invitation = invitation.map_err(|error| text(&error))?;
    let person = practice.registry.invitation(invitation).ok_or("no invitation")?.person;
    let device = DeviceId::from_bytes(host::random::bytes().map_err(|error| text(&error))?);
    let certify = |purpose| -> Outcome<(PrivateKey, Certificate, BoundCertificate)> {
        let key = PrivateKey::generate().map_err(|error| text(&error))?;
        let serial = Serial::random().map_err(|error| text(&error))?;
        let made = practice.keys().issuing.issue(purpose, key.public(), serial, practice.now());
        let made = made.map_err(|error| text(&error))?;
        let bound = BoundCertificate::new(key.key_hash(), *serial.as_bytes(), made.der().to_vec());
        Ok((key, made, bound.map_err(|error| text(&error))?))
    };
    let (key, certificate, tls) = certify(Purpose::Device(device))?;
    let (_, _, signing) = certify(Purpose::Signer(device))?;
    let event = DeviceBound { invitation, person, device, tls, signing };
    let house = practice.entry_key(EntryScope::House).map_err(|error| text(&error))?;
    let make = move |group: &Group<'_>| {
        Ok(vec![group.made(event, house)?, group.made(DeviceConfirmed { device, by }, house)?])
    };
    practice.committer.commit_blocking(Box::new(make)).map_err(|error| text(&error))?;
    Ok(Member { key, certificate })
}
