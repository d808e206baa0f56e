//! One practice as this device knows it: the folder, who we are there, whom we trust, the newest checkpoint.
//! Not the device's keys (see `device`), and no connection.
//!
//! ```text
//! practices/<practice id>/
//!   practice       who we are: this file is written last, a folder without it is none
//!   root-records   CBOR array of the root records, from 1
//!   bundle         the newest trust bundle
//!   current/       keys and certificates, see `slots` and `device`; next/ while they are renewed
//!   renewal        when they are, see `renewal::plan`
//!   checkpoint     the newest that this device holds, a signed note
//!   books          CBOR: the books of the last answer, for names
//!   plans/ takes/ receipts/      made when they are needed
//!   send.lock take.lock state.lock renew.lock
//! ```

use std::path::{Path, PathBuf};

use certs::{PracticeTrust, TrustBundle};
use console::failure;
use host::{Clock, Disk, DiskError, FolderLock};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use model::{BookId, DeviceId, InvitationId, PersonId, Pin, PracticeId, Role, Sha256Digest, Timestamp};
use receipts::{Checkpoint, Vkey};

use crate::receipt_book::ReceiptBook;
use crate::trouble::{self, Told};

const VERSION: u8 = 1;
/// Largest of the small files here.
pub(crate) const FILE_BYTES_MAX: u64 = model::limits::MIB;

/// Whether the person has said that the names shown at enrolment are theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// Not yet.
    Not,
    /// Yes, and the gateway knows.
    ByPerson,
}

/// Who we are at a practice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The practice.
    pub practice: PracticeId,
    /// Its pin.
    pub pin: Pin,
    /// Its name. Foreign, as all names here.
    pub name: String,
    /// Where its gateway is, `host:port`, the best first.
    pub addresses: Vec<String>,
    /// The person.
    pub person: PersonId,
    /// Their name.
    pub person_name: String,
    /// Their role.
    pub role: Role,
    /// This device.
    pub device: DeviceId,
    /// What it is called.
    pub label: String,
    /// The check digits.
    pub digits: String,
    /// Whether the person has confirmed the names.
    pub confirmed: Confirmed,
    /// The invitation that it came by.
    pub invitation: InvitationId,
    /// SHA-256 of the invitation's secret: so the same word is recognised.
    pub invitation_hash: Sha256Digest,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct AboutFile {
    #[n(0)]
    version: u8,
    #[n(1)]
    practice: String,
    #[n(2)]
    pin: ByteArray<16>,
    #[n(3)]
    name: String,
    #[n(4)]
    addresses: Vec<String>,
    #[n(5)]
    person: ByteArray<16>,
    #[n(6)]
    person_name: String,
    #[n(7)]
    role: u8,
    #[n(8)]
    device: ByteArray<16>,
    #[n(9)]
    label: String,
    #[n(10)]
    digits: String,
    #[n(11)]
    confirmed: bool,
    #[n(12)]
    invitation: u32,
    #[n(13)]
    invitation_hash: ByteArray<32>,
    #[n(14)]
    enrolled_ms: u64,
}

impl About {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let file = AboutFile {
            version: VERSION,
            practice: self.practice.as_str().to_owned(),
            pin: (*self.pin.as_bytes()).into(),
            name: self.name.clone(),
            addresses: self.addresses.clone(),
            person: (*self.person.as_bytes()).into(),
            person_name: self.person_name.clone(),
            role: self.role.code(),
            device: (*self.device.as_bytes()).into(),
            label: self.label.clone(),
            digits: self.digits.clone(),
            confirmed: self.confirmed == Confirmed::ByPerson,
            invitation: self.invitation.get(),
            invitation_hash: (*self.invitation_hash.as_bytes()).into(),
            enrolled_ms: self.enrolled_at.unix_ms(),
        };
        minicbor::to_vec(file).unwrap_or_default() // encoding to memory can not fail
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let file: AboutFile = minicbor::decode(bytes).ok()?;
        (file.version == VERSION).then_some(())?;
        Some(Self {
            practice: PracticeId::parse(&file.practice).ok()?,
            pin: Pin::from_bytes(file.pin.into()),
            name: file.name,
            addresses: file.addresses,
            person: PersonId::from_bytes(file.person.into()),
            person_name: file.person_name,
            role: Role::from_code(file.role).ok()?,
            device: DeviceId::from_bytes(file.device.into()),
            label: file.label,
            digits: file.digits,
            confirmed: if file.confirmed { Confirmed::ByPerson } else { Confirmed::Not },
            invitation: InvitationId::new(file.invitation).ok()?,
            invitation_hash: Sha256Digest::from_bytes(file.invitation_hash.into()),
            enrolled_at: Timestamp::from_unix_ms(file.enrolled_ms),
        })
    }
}

/// What only one companion may do at a time with one practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Sending: plans.
    Send,
    /// Fetching: takes.
    Take,
    /// Storing what a welcome brought.
    State,
    /// Renewing the device's certificates.
    Renew,
}

impl Act {
    const fn file(self) -> &'static str {
        match self {
            Self::Send => "send.lock",
            Self::Take => "take.lock",
            Self::State => "state.lock",
            Self::Renew => "renew.lock",
        }
    }
}

/// A practice that this device is enrolled with.
#[derive(Clone)]
pub struct Practice {
    disk: Disk,
    clock: Clock,
    folder: PathBuf,
    about: About,
}

impl Practice {
    /// Opens the folder of a practice.
    ///
    /// # Errors
    /// The disk's; a folder whose files are not whole.
    pub fn open(disk: &Disk, clock: &Clock, folder: &Path) -> Told<Self> {
        let path = folder.join("practice");
        let bytes = disk.read_whole(&path, FILE_BYTES_MAX).map_err(|error| trouble::disk(&error))?;
        let about = About::decode(&bytes).ok_or_else(|| unusable(&path))?;
        Ok(Self { disk: disk.clone(), clock: clock.clone(), folder: folder.to_path_buf(), about })
    }

    /// Who we are there.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The disk that it is on.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.clock.unix_ms())
    }

    /// The folder of unfinished submissions, there.
    ///
    /// # Errors
    /// The disk's.
    pub fn plans(&self) -> Told<PathBuf> {
        self.subfolder("plans")
    }

    /// The folder of takes, there.
    ///
    /// # Errors
    /// The disk's.
    pub fn takes(&self) -> Told<PathBuf> {
        self.subfolder("takes")
    }

    /// The receipts, and the names beside them.
    ///
    /// # Errors
    /// The disk's.
    pub fn receipt_book(&self) -> Told<ReceiptBook> {
        Ok(ReceiptBook::new(self.disk.clone(), self.subfolder("receipts")?))
    }

    fn subfolder(&self, name: &str) -> Told<PathBuf> {
        let path = self.folder.join(name);
        let _durable = self.disk.create_folder(&path).map_err(|error| trouble::disk(&error))?;
        Ok(path)
    }

    /// Holds one act for this process.
    ///
    /// # Errors
    /// `home-busy` where another companion is at it.
    pub fn hold(&self, act: Act) -> Told<FolderLock> {
        let held = self.disk.lock(&self.folder.join(act.file())).map_err(|error| match error {
            DiskError::Held { .. } => failure::home_busy(&self.folder),
            error => trouble::disk(&error),
        })?;
        if act == Act::Send {
            // Who sends is the only one to write plans: what a crash left half written means nothing.
            self.disk.sweep_temporary(&self.plans()?).map_err(|error| trouble::disk(&error))?;
        }
        Ok(held)
    }

    /// Stores who we are anew.
    ///
    /// # Errors
    /// The disk's.
    pub fn store_about(&mut self, about: About) -> Told<()> {
        if about != self.about {
            self.write("practice", &about.encode())?;
            self.about = about;
        }
        Ok(())
    }

    /// Whom we trust: the root records, walked from the pinned root.
    ///
    /// # Errors
    /// The disk's; records that do not hold.
    pub fn trust(&self) -> Told<PracticeTrust> {
        let path = self.folder.join("root-records");
        let bytes = self.read("root-records")?.ok_or_else(|| unusable(&path))?;
        let records: Vec<ByteVec> = minicbor::decode(&bytes).map_err(|_| unusable(&path))?;
        let records: Vec<Vec<u8>> = records.into_iter().map(Vec::from).collect();
        PracticeTrust::walk(&records, Some(&self.about.pin)).map_err(|_| unusable(&path))
    }

    /// The newest trust bundle, if it still holds.
    ///
    /// # Errors
    /// The disk's.
    pub fn bundle(&self, trust: &PracticeTrust) -> Told<Option<TrustBundle>> {
        let bytes = self.read("bundle")?;
        Ok(bytes.and_then(|bytes| TrustBundle::open(&bytes, trust, self.now()).ok()))
    }

    /// Stores newer root records; fewer than we hold change nothing.
    ///
    /// # Errors
    /// The disk's.
    pub fn store_trust(&self, trust: &PracticeTrust) -> Told<()> {
        match trust.number() > self.trust()?.number() {
            true => self.write("root-records", &encode_records(trust)),
            false => Ok(()),
        }
    }

    /// Stores a newer trust bundle that was opened; one that is older than any before changes nothing, also when that
    /// one holds no more.
    ///
    /// # Errors
    /// The disk's.
    pub fn store_bundle(&self, bytes: &[u8], bundle: &TrustBundle) -> Told<()> {
        let held = self.read("bundle")?.and_then(|bytes| TrustBundle::version_of(&bytes)).unwrap_or(0);
        match bundle.version > held {
            true => self.write("bundle", bytes),
            false => Ok(()),
        }
    }

    /// The newest checkpoint that this device holds: it goes into what is signed next.
    ///
    /// # Errors
    /// The disk's.
    pub fn checkpoint(&self) -> Told<Option<Vec<u8>>> {
        self.read("checkpoint")
    }

    /// Takes a checkpoint note, verified by one of the journal's keys, if it is newer than the one held.
    ///
    /// # Errors
    /// The disk's.
    pub fn offer_checkpoint(&self, note: &[u8], keys: &[Vkey]) -> Told<Offered> {
        let Some(new) = keys.iter().find_map(|key| Checkpoint::open(note, key).ok()) else {
            return Ok(Offered::Unsigned);
        };
        let held = self.checkpoint()?.and_then(|note| Checkpoint::peek(&note).ok());
        match held {
            Some(held) if held.size == new.size && held.root != new.root => Ok(Offered::Contradicts),
            Some(held) if held.size > new.size => Ok(Offered::Older),
            Some(held) if held.size == new.size => Ok(Offered::Same),
            _ => self.write("checkpoint", note).map(|()| Offered::Newer),
        }
    }

    /// The books as the gateway last told them.
    ///
    /// # Errors
    /// The disk's.
    pub fn known_books(&self) -> Told<Vec<(BookId, String)>> {
        let rows: Option<Vec<BookFile>> = self.read("books")?.and_then(|bytes| minicbor::decode(&bytes).ok());
        Ok(rows
            .unwrap_or_default()
            .into_iter()
            .map(|row| (BookId::from_bytes(row.id.into()), row.name))
            .collect())
    }

    /// Keeps the books that the gateway told.
    ///
    /// # Errors
    /// The disk's.
    pub fn store_books(&self, books: &[(BookId, String)]) -> Told<()> {
        if self.known_books()? == books {
            return Ok(());
        }
        let row =
            |(id, name): &(BookId, String)| BookFile { id: (*id.as_bytes()).into(), name: name.clone() };
        let rows: Vec<BookFile> = books.iter().map(row).collect();
        self.write("books", &minicbor::to_vec(rows).unwrap_or_default())
    }

    pub(crate) fn read(&self, name: &str) -> Told<Option<Vec<u8>>> {
        match self.disk.read_whole(&self.folder.join(name), FILE_BYTES_MAX) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(DiskError::Absent { .. }) => Ok(None),
            Err(error) => Err(trouble::disk(&error)),
        }
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Told<()> {
        let written = self.disk.write_whole(&self.folder.join(name), bytes);
        written.map(|_durable| ()).map_err(|error| trouble::disk(&error))
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct BookFile {
    #[n(1)]
    id: ByteArray<16>,
    #[n(2)]
    name: String,
}

/// What became of a checkpoint that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// No key of the journal has signed it.
    Unsigned,
    /// It is newer and is held now.
    Newer,
    /// It is the one that is held.
    Same,
    /// A smaller journal than the one that we have seen signed: an old copy, perhaps.
    Older,
    /// The same size with another root: two journals.
    Contradicts,
}

/// The file of root records.
pub(crate) fn encode_records(trust: &PracticeTrust) -> Vec<u8> {
    let records: Vec<ByteVec> = trust.records().iter().map(|record| record.bytes().to_vec().into()).collect();
    minicbor::to_vec(records).unwrap_or_default() // encoding to memory can not fail
}

fn unusable(path: &Path) -> console::Failure {
    failure::home_unusable(path, console::Arg::Message("cause-damaged"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn about() -> About {
        About {
            practice: PracticeId::parse("7777777777777777").unwrap(),
            pin: Pin::from_bytes([1; 16]),
            name: "某某事务所\u{202e}".into(),
            addresses: vec!["127.0.0.1:4433".into()],
            person: PersonId::from_bytes([2; 16]),
            person_name: "王芳".into(),
            role: Role::Client,
            device: DeviceId::from_bytes([3; 16]),
            label: "PC".into(),
            digits: "1234 5678".into(),
            confirmed: Confirmed::Not,
            invitation: InvitationId::new(5).unwrap(),
            invitation_hash: Sha256Digest::from_bytes([6; 32]),
            enrolled_at: Timestamp::from_unix_ms(7),
        }
    }

    fn practice(folder: &Path) -> Practice {
        let disk = Disk::real();
        let _ = disk.create_whole(&folder.join("practice"), &about().encode()).unwrap();
        Practice::open(&disk, &Clock::manual(9), folder).unwrap()
    }

    #[test]
    fn who_we_are_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut practice = practice(folder.path());
        assert_eq!(*practice.about(), about());
        practice.store_about(About { confirmed: Confirmed::ByPerson, ..about() }).unwrap();
        let again = Practice::open(practice.disk(), practice.clock(), folder.path()).unwrap();
        assert_eq!(again.about().confirmed, Confirmed::ByPerson);
        assert!(About::decode(&about().encode()[..40]).is_none());
    }

    #[test]
    fn one_act_is_held_once_and_different_acts_do_not_meet() {
        let folder = tempfile::tempdir().unwrap();
        let practice = practice(folder.path());
        let held = practice.hold(Act::Send).unwrap();
        let busy = practice.hold(Act::Send).err().unwrap();
        assert_eq!(busy.code(), console::FailureCode::HomeBusy);
        assert!(practice.hold(Act::Take).is_ok());
        drop(held);
        assert!(practice.hold(Act::Send).is_ok());
    }

    #[test]
    fn only_a_newer_signed_checkpoint_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let practice = practice(folder.path());
        let key = receipts::CheckpointKey::from_seed(zeroize::Zeroizing::new([4; 32]));
        let origin = receipts::checkpoint::origin(&about().practice);
        let vkey = key.vkey(&origin).unwrap();
        let note = |size, root: u8| {
            let root = Sha256Digest::from_bytes([root; 32]);
            Checkpoint { origin: origin.clone(), size, root }.sign(&key).unwrap()
        };
        let offer = |note: &[u8]| practice.offer_checkpoint(note, std::slice::from_ref(&vkey)).unwrap();
        assert_eq!(practice.offer_checkpoint(&note(5, 1), &[]).unwrap(), Offered::Unsigned);
        assert_eq!(offer(&note(5, 1)), Offered::Newer);
        assert_eq!(offer(&note(5, 1)), Offered::Same);
        assert_eq!(offer(&note(5, 2)), Offered::Contradicts);
        assert_eq!(offer(&note(4, 1)), Offered::Older);
        assert_eq!(offer(&note(6, 9)), Offered::Newer);
        assert_eq!(practice.checkpoint().unwrap(), Some(note(6, 9)));
    }

    #[test]
    fn the_file_is_the_one_in_the_golden_folder() {
        crate::testing::is_golden("practice-1.hex", &about().encode());
    }
}
