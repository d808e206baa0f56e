//! A gateway by somebody who has the true gateway's key in TLS and what it had signed at one moment, and no other key:
//! it greets companions with whatever a test wants, and refuses all else. Judges nothing.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use certs::tls::GatewayTls;
use certs::{Certificate, PrivateKey};
use gateway::config::Config;
use gateway::ledger::Begin;
use gateway::practice::Opened;
use protocol::message::{Hello, Message, Refusal, Welcome};
use protocol::{Bytes, Code, List, Text, frame};
use quinn::{Connection, RecvStream, SendStream};
use seal::Unlock;
use tokio::runtime::Runtime;

use crate::middle::{endpoint, runtime};
use crate::{Peer, Practice};

/// What was taken of a gateway at one moment.
pub struct Taken {
    certificate: Certificate,
    key: PrivateKey,
    issuing: Certificate,
    root: Certificate,
    /// Of whom the devices are that come.
    devices: Certificate,
    /// The trust bundle of that moment.
    pub bundle: Vec<u8>,
    /// The root records of that moment.
    pub records: Vec<Vec<u8>>,
    checkpoint: Vec<u8>,
}

impl Taken {
    /// Out of the practice's folder, which no gateway may hold.
    ///
    /// # Panics
    /// The folder does not open.
    pub fn from(practice: &Practice) -> Self {
        let key: [u8; 32] =
            std::fs::read(&practice.key_file).expect("a key file").try_into().expect("32 bytes");
        let (config, _) = Config::load(&practice.folder, [], &[]).expect("a configuration");
        let (unlock, clock) = (Unlock::KeyFile(key.into()), host::Clock::system());
        let opened = Opened::open(&practice.folder, config, &unlock, clock, Begin::AsItIs);
        let opened = opened.expect("a practice");
        let keys = opened.practice.keys();
        let pkcs8 = keys.gateway.key.to_pkcs8();
        let taken = Self {
            certificate: keys.gateway.certificate.clone(),
            key: pkcs8.and_then(|key| PrivateKey::from_pkcs8(&key)).expect("its key"),
            issuing: keys.served.issuing.clone(),
            devices: keys.issuing.certificate().clone(),
            root: keys.served.root.clone(),
            bundle: opened.practice.bundle().bytes.clone(),
            records: keys.root_records(),
            checkpoint: opened.practice.journal.head().checkpoint_note.clone(),
        };
        drop(keys);
        opened.close().expect("a clean end");
        taken
    }

    /// The same, but with another certificate in TLS, and what stands above it.
    #[must_use]
    pub fn showing(
        &self,
        certificate: Certificate,
        key: PrivateKey,
        issuing: Certificate,
        root: Certificate,
    ) -> Self {
        let (bundle, records) = (self.bundle.clone(), self.records.clone());
        let (checkpoint, devices) = (self.checkpoint.clone(), self.devices.clone());
        Self { certificate, key, issuing, root, devices, bundle, records, checkpoint }
    }

    /// A Welcome for this device that has nothing new in it.
    ///
    /// # Panics
    /// Texts are beyond their bounds.
    pub fn welcome(&self, peer: &Peer, time: model::Timestamp) -> Welcome {
        let about = peer.practice.about();
        Welcome {
            version: protocol::VERSIONS[0],
            software: Text::cut("counterfoil-gateway/0"),
            time,
            person: about.person,
            person_name: Text::cut(&about.person_name),
            role: about.role,
            device: about.device,
            standing: protocol::message::Standing::Active,
            practice_name: Text::cut(&about.name),
            checkpoint: Bytes::new(self.checkpoint.clone()).expect("a checkpoint"),
            root_records: None,
            bundle: None,
            renew: None,
        }
    }
}

/// What a test says to a Hello.
pub type Greets = Box<dyn Fn(&Hello) -> Welcome + Send + Sync>;

/// A gateway that is not the practice's.
pub struct Impostor {
    /// Where it is.
    pub address: SocketAddr,
    hellos: Arc<Mutex<Vec<Hello>>>,
    // Last: all ends with it.
    _runtime: Runtime,
}

impl Impostor {
    /// Serves.
    ///
    /// # Panics
    /// The machine gives no socket.
    pub fn serve(taken: &Taken, greets: Greets) -> Self {
        let runtime = runtime();
        let shown = GatewayTls {
            certificate: &taken.certificate,
            key: &taken.key,
            issuing: &taken.issuing,
            cross: &[],
            root: &taken.root,
        };
        let entered = runtime.enter();
        let endpoint = endpoint(&shown, &taken.devices);
        drop(entered);
        let address = endpoint.local_addr().expect("an address");
        let hellos: Arc<Mutex<Vec<Hello>>> = Arc::default();
        let (greets, keeps) = (Arc::new(greets), Arc::clone(&hellos));
        runtime.spawn(async move {
            while let Some(incoming) = endpoint.accept().await {
                let (greets, keeps) = (Arc::clone(&greets), Arc::clone(&keeps));
                tokio::spawn(async move {
                    let Ok(connection) = incoming.await else { return };
                    serve(&connection, &greets, &keeps).await;
                });
            }
        });
        Self { address, hellos, _runtime: runtime }
    }

    /// The hellos that came.
    pub fn hellos(&self) -> Vec<Hello> {
        self.hellos.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(connection: &Connection, greets: &Greets, keeps: &Mutex<Vec<Hello>>) {
    while let Ok((send, receive)) = connection.accept_bi().await {
        let _ = answer(send, receive, greets, keeps).await;
    }
}

async fn answer(
    mut send: SendStream,
    mut receive: RecvStream,
    greets: &Greets,
    keeps: &Mutex<Vec<Hello>>,
) -> Option<()> {
    let mut head = [0; frame::HEAD_BYTES];
    receive.read_exact(&mut head).await.ok()?;
    let mut body = vec![0; frame::body_bytes(head).ok()?];
    receive.read_exact(&mut body).await.ok()?;
    let said: Message = match Message::from_bytes(&body).ok()? {
        Message::Hello(hello) => {
            let welcome = greets(&hello);
            keeps.lock().unwrap_or_else(PoisonError::into_inner).push(hello);
            welcome.into()
        }
        _ => Refusal::new(Code::Internal).into(),
    };
    send.write_all(&frame::encode(&said)).await.ok()?;
    let _ = send.finish();
    Some(())
}

/// Records as a Welcome carries them.
///
/// # Panics
/// They are more than a Welcome carries.
pub fn records(
    records: &[Vec<u8>],
) -> Option<
    List<Bytes<{ protocol::message::ROOT_RECORD_BYTES_MAX }>, { protocol::message::WELCOME_RECORDS_MAX }>,
> {
    let records = records.iter().map(|record| Bytes::new(record.clone()).expect("a record"));
    Some(List::new(records.collect()).expect("as many as a Welcome carries"))
}
