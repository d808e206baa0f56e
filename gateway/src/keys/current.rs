//! `certs/current`: all certificates that ever were, with the keys to them and what each of them is. Nothing secret.
//! What is in force follows from it alone.

use certs::rotation::{Kind, Phase, State};
use certs::{Certificate, rotation};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use model::{KeyId, Malformed};

/// The version that this program writes.
pub const VERSION: u8 = 2;

/// The file's name in `certs/`.
pub const FILE: &str = "current";

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Current {
    /// The version of this file.
    #[n(0)]
    pub version: u8,
    /// Root records that are distributed, from the first.
    #[n(1)]
    pub root_records: Vec<ByteVec>,
    /// Issuing certificates and keys.
    #[n(2)]
    pub issuing: Vec<Held>,
    /// The gateway's TLS certificates and keys.
    #[n(3)]
    pub gateway: Vec<Held>,
    /// Statement certificates and keys.
    #[n(4)]
    pub statements: Vec<Held>,
    /// Receipt certificates and keys.
    #[n(5)]
    pub receipts: Vec<Held>,
    /// Checkpoint keys.
    #[n(6)]
    pub checkpoint: Vec<HeldLog>,
    /// The id of QUIC's keys.
    #[n(7)]
    pub quic: ByteArray<16>,
    /// Roots; their keys are elsewhere.
    #[n(8)]
    pub roots: Vec<HeldRoot>,
}

/// A certificate and the id of its key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Held {
    /// DER.
    #[n(1)]
    pub certificate: ByteVec,
    /// The key's id in the vault.
    #[n(2)]
    pub key: ByteArray<16>,
    /// Its [`State`].
    #[n(3)]
    pub state: u8,
    /// The same issuing authority under other roots, oldest first.
    #[n(4)]
    pub again: Vec<ByteVec>,
}

/// A checkpoint key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldLog {
    /// The public key, as companions know it.
    #[n(1)]
    pub vkey: String,
    /// The key's id in the vault.
    #[n(2)]
    pub key: ByteArray<16>,
    /// Its [`State`].
    #[n(3)]
    pub state: u8,
    /// The first size that it signs.
    #[n(4)]
    pub from_size: u64,
    /// The last size that it signs, where it has ended.
    #[n(5)]
    pub to_size: Option<u64>,
}

/// A root.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldRoot {
    /// DER.
    #[n(1)]
    pub certificate: ByteVec,
    /// The rotation that it came by.
    #[n(2)]
    pub key: ByteArray<16>,
    /// Its [`State`].
    #[n(3)]
    pub state: u8,
    /// This root under the one before it.
    #[n(4)]
    pub cross: Option<ByteVec>,
    /// Root records that go with it: the first with its distribution, the second when the old root is retired.
    #[n(5)]
    pub records: Vec<ByteVec>,
    /// Its newest revocation list, in DER.
    #[n(6)]
    pub list: Option<ByteVec>,
}

impl Held {
    /// A certificate with its key's id.
    pub fn new(certificate: &Certificate, key: KeyId, state: State) -> Self {
        Self {
            certificate: certificate.der().to_vec().into(),
            key: (*key.as_bytes()).into(),
            state: state.code(),
            again: Vec::new(),
        }
    }

    /// The key's id.
    pub fn key_id(&self) -> KeyId {
        KeyId::from_bytes(self.key.into())
    }

    /// What it is.
    pub fn state(&self) -> State {
        state_of(self.state)
    }
}

impl HeldLog {
    /// The key's id.
    pub fn key_id(&self) -> KeyId {
        KeyId::from_bytes(self.key.into())
    }

    /// What it is.
    pub fn state(&self) -> State {
        state_of(self.state)
    }
}

impl HeldRoot {
    /// The rotation that it came by.
    pub fn key_id(&self) -> KeyId {
        KeyId::from_bytes(self.key.into())
    }

    /// What it is.
    pub fn state(&self) -> State {
        state_of(self.state)
    }
}

/// What is not known is not used.
fn state_of(code: u8) -> State {
    State::from_code(code).unwrap_or(State::Dropped)
}

impl Current {
    /// Reads the file.
    ///
    /// # Errors
    /// A file of another version.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        const HOW: Malformed = Malformed::new("certs/current", "it is not a file of this version");
        let current: Self = minicbor::decode(bytes).map_err(|_| HOW)?;
        if current.version == VERSION { Ok(current) } else { Err(HOW) }
    }

    /// Writes the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).unwrap_or_default() // encoding to memory can not fail
    }

    /// Key and state of every generation of a kind, oldest first.
    pub fn generations(&self, kind: Kind) -> Vec<(KeyId, State)> {
        let of = |all: &[Held]| all.iter().map(|one| (one.key_id(), one.state())).collect();
        match kind {
            Kind::Gateway => of(&self.gateway),
            Kind::Issuing => of(&self.issuing),
            Kind::Statements => of(&self.statements),
            Kind::Receipts => of(&self.receipts),
            Kind::Checkpoint => self.checkpoint.iter().map(|one| (one.key_id(), one.state())).collect(),
            Kind::Root => self.roots.iter().map(|one| (one.key_id(), one.state())).collect(),
        }
    }

    /// Whether a rotation has made its new generation.
    pub fn has(&self, kind: Kind, rotation: KeyId) -> bool {
        self.generations(kind).iter().any(|(key, _)| *key == rotation)
    }

    /// Makes old and new generation what they are in a phase, whatever they were: so it can be done again.
    pub fn bring(&mut self, kind: Kind, rotation: KeyId, phase: Phase) {
        let (old, new) = phase.states();
        let bring = |key: KeyId, state: &mut u8| match state_of(*state) {
            State::Retired | State::Dropped => {}
            _ if key == rotation => *state = new.code(),
            State::Signing | State::Trusted => *state = old.code(),
            State::Prepared | State::Distributed => {}
        };
        let certified = match kind {
            Kind::Gateway => &mut self.gateway,
            Kind::Issuing => &mut self.issuing,
            Kind::Statements => &mut self.statements,
            Kind::Receipts => &mut self.receipts,
            Kind::Checkpoint => {
                return self.checkpoint.iter_mut().for_each(|one| bring(one.key_id(), &mut one.state));
            }
            Kind::Root => return self.roots.iter_mut().for_each(|one| bring(one.key_id(), &mut one.state)),
        };
        certified.iter_mut().for_each(|one| bring(one.key_id(), &mut one.state));
    }

    /// Adds a root record that is distributed from now on, if it is not yet.
    pub fn publish(&mut self, record: &ByteVec) {
        if !self.root_records.contains(record) {
            self.root_records.push(record.clone());
        }
    }

    /// Keys that are nobody's any more: every certificate over them has ended.
    pub fn ended(&self, kind: Kind) -> Vec<KeyId> {
        let all = self.generations(kind);
        let is_over = |state: State| matches!(state, State::Retired | State::Dropped);
        let lives = |key: KeyId| all.iter().any(|(other, state)| *other == key && !is_over(*state));
        all.iter().filter(|(key, state)| is_over(*state) && !lives(*key)).map(|(key, _)| *key).collect()
    }
}

/// The kinds whose keys lie in the vault, with their purposes there.
pub const IN_VAULT: [(rotation::Kind, &str); 5] = [
    (Kind::Gateway, super::purpose::GATEWAY),
    (Kind::Issuing, super::purpose::ISSUING),
    (Kind::Statements, super::purpose::STATEMENTS),
    (Kind::Receipts, super::purpose::RECEIPTS),
    (Kind::Checkpoint, super::purpose::CHECKPOINT),
];
