//! Makes a practice: root and spare, issuing authority, certificates, vault with its unlock slots, the journal with its
//! first entry, and a commented configuration. Refuses to overwrite; what it needs to be complete comes last.

use std::path::{Path, PathBuf};

use certs::root_record::RootRecord;
use certs::rotation::State;
use certs::{Certificate, IssuingAuthority, PrivateKey, Purpose, Root, Serial, root_file};
use console::Catalogue;
use host::{Clock, Disk, FolderLock};
use journal::{Journal, NewEntry};
use minicbor::bytes::ByteVec;
use model::{EvidenceId, KeyId, Pin, PracticeId, Timestamp};
use receipts::event::{Der, Genesis, Opaque, REGISTRATION_POLICY, Word};
use receipts::statement::Standing;
use receipts::{CheckpointKey, Signed, Statement, checkpoint};
use seal::{Argon2Parameters, Unlock};
use vault::{EntryScope, Init, Settings, SyncThreads, Vault};
use zeroize::Zeroizing;

use crate::config::{Config, FILE};
use crate::keys::token::TokenSettings;
use crate::keys::{
    Current, HeadKeys, Held, HeldLog, HeldRoot, IssuingKeys, KeyedCertificate, current, purpose,
};
use crate::operation::hello::SOFTWARE;
use crate::practice::OpenError;
use crate::sealing::EntrySeals;

/// What a practice is made from.
pub struct Plan<'a> {
    /// The folder; made if absent, else empty.
    pub folder: &'a Path,
    /// Where root and spare go, sealed under the words of the recovery kit.
    pub root_out: &'a Path,
    /// The practice's name.
    pub name: &'a str,
    /// Where companions reach the gateway.
    pub host: &'a str,
    /// At which port.
    pub port: u16,
    /// What unlocks it from now on.
    pub unlock: &'a Unlock,
    /// The key file to name in the configuration.
    pub key_file: Option<&'a Path>,
    /// The token that is to hold the issuing key.
    pub token: Option<&'a TokenSettings>,
    /// The cost of passphrase slots: [`Argon2Parameters::SLOT`] but for trials.
    pub slot_cost: Argon2Parameters,
    /// The cost of the root files: [`Argon2Parameters::ROOT`] but for trials.
    pub root_cost: Argon2Parameters,
}

/// A practice that was made.
pub struct Made {
    /// Its id.
    pub id: PracticeId,
    /// Its pin.
    pub pin: Pin,
    /// The words of the recovery kit: to be printed once and kept nowhere else.
    pub kit: Zeroizing<String>,
    /// The configuration file.
    pub configuration: PathBuf,
    /// Root and spare.
    pub root_files: [PathBuf; 2],
}

/// Why a practice can not be made. What was begun is named and left.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Something stands where the practice would be.
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// The root folder lies inside the practice folder, or a root file is there.
    #[error("root and spare can not go to {}", .0.display())]
    RootFolder(PathBuf),
    /// Anything that can also go wrong when a practice is opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl<E> From<E> for SetupError
where
    OpenError: From<E>,
    E: NotOpenError,
{
    fn from(error: E) -> Self {
        Self::Open(error.into())
    }
}

/// The causes that [`OpenError`] already names.
pub trait NotOpenError {}
impl NotOpenError for host::DiskError {}
impl NotOpenError for vault::VaultError {}
impl NotOpenError for certs::CertsError {}
impl NotOpenError for certs::TrustError {}
impl NotOpenError for receipts::Error {}
impl NotOpenError for journal::JournalError {}
impl NotOpenError for model::Malformed {}
impl NotOpenError for crate::keys::token::TokenError {}

/// A practice that lacks its configuration alone, without which nothing opens the folder. So its kit is shown first,
/// and a practice whose kit nobody has is none.
pub struct Unfinished<'a> {
    plan: &'a Plan<'a>,
    made: Made,
    disk: Disk,
    _lock: FolderLock,
}

impl Unfinished<'_> {
    /// What is made so far.
    pub fn made(&self) -> &Made {
        &self.made
    }

    /// Makes it a practice.
    ///
    /// # Errors
    /// The disk's.
    pub fn finish(self, catalogue: &Catalogue) -> Result<Made, SetupError> {
        let Self { plan, made, disk, _lock } = self;
        let text = Config::first(catalogue, plan.name, plan.host, plan.port, plan.key_file, plan.token);
        let _durable = disk.create_whole(&made.configuration, text.as_bytes())?;
        Ok(made)
    }
}

/// Makes a practice.
///
/// # Errors
/// [`SetupError`]; nothing that was there is changed.
pub fn make(plan: &Plan<'_>, catalogue: &Catalogue, clock: &Clock) -> Result<Made, SetupError> {
    begin(plan, clock)?.finish(catalogue)
}

/// Makes all of a practice but its configuration.
///
/// # Errors
/// [`SetupError`]; nothing that was there is changed.
pub fn begin<'a>(plan: &'a Plan<'a>, clock: &Clock) -> Result<Unfinished<'a>, SetupError> {
    let disk = Disk::real();
    let now = Timestamp::from_unix_ms(clock.unix_ms());
    refuse_overwriting(&disk, plan)?;
    for folder in [plan.folder, &plan.folder.join("certs"), plan.root_out] {
        let _durable = disk.create_folder(folder)?;
    }
    let lock = disk.lock(&plan.folder.join("lock"))?;
    let settings = Settings { clock: clock.clone(), sync_threads: SyncThreads::USUAL };
    let init = Init { unlock: plan.unlock, argon2: plan.slot_cost, now };
    let (vault, kit) = Vault::init(&disk, plan.folder, &init, settings)?;
    let root = Root::create(now)?;
    let spare = PrivateKey::generate()?;
    let record = RootRecord::first(&root, spare.public().key_hash(), now)?;
    let root_files = keep_roots(&disk, plan, &root, &spare, &kit)?;
    let (issuing_id, issuing) = first_issuing(plan, &vault, &root, now)?;
    let heads = certify(&disk, plan, &vault, &root, (issuing_id, &issuing), &record, now)?;
    let signed = genesis(&root, &issuing, &record, &heads, now)?;
    let key = vault.entry_key(EntryScope::House)?;
    let journal = plan.folder.join("journal");
    let entry = NewEntry { statement: signed.as_bytes().to_vec(), list: None, key };
    Journal::create(
        &disk,
        &journal,
        &journal::second_place_default(&journal),
        &[entry],
        now,
        &heads.heads,
        &EntrySeals::new(vault),
    )?;
    let configuration = plan.folder.join(FILE);
    let made = Made { id: root.practice().clone(), pin: root.pin(), kit, configuration, root_files };
    Ok(Unfinished { plan, made, disk, _lock: lock })
}

fn refuse_overwriting(disk: &Disk, plan: &Plan<'_>) -> Result<(), SetupError> {
    if disk.exists(plan.folder)? && !disk.list(plan.folder)?.is_empty() {
        return Err(SetupError::NotEmpty(plan.folder.to_path_buf()));
    }
    let inside = plan.root_out.starts_with(plan.folder);
    let taken =
        root_paths(plan.root_out).iter().map(|path| disk.exists(path)).collect::<Result<Vec<_>, _>>()?;
    match inside || taken.contains(&true) {
        true => Err(SetupError::RootFolder(plan.root_out.to_path_buf())),
        false => Ok(()),
    }
}

fn root_paths(folder: &Path) -> [PathBuf; 2] {
    [folder.join("counterfoil-root"), folder.join("counterfoil-spare")]
}

/// Root and spare leave the gateway: sealed, and read back.
fn keep_roots(
    disk: &Disk,
    plan: &Plan<'_>,
    root: &Root,
    spare: &PrivateKey,
    kit: &Zeroizing<String>,
) -> Result<[PathBuf; 2], SetupError> {
    let paths = root_paths(plan.root_out);
    let [root_path, spare_path] = &paths;
    let sealed = root_file::seal_root(root, root.pin(), kit, plan.root_cost)?;
    let _durable = disk.create_whole(root_path, &sealed)?;
    let sealed = root_file::seal_spare(spare, root.pin(), root.practice(), kit, plan.root_cost)?;
    let _durable = disk.create_whole(spare_path, &sealed)?;
    for path in &paths {
        let kept = disk.read_whole(path, 64 * 1024)?;
        match path == root_path {
            true => drop(root_file::open_root(&kept, kit)?),
            false => drop(root_file::open_spare(&kept, kit)?),
        }
    }
    Ok(paths)
}

/// The keys that sign from the first day.
struct FirstKeys {
    heads: HeadKeys,
    statements: KeyedCertificate,
    standing: Standing,
}

/// The first issuing authority: its key is kept, in the vault or in a token, before the root certifies it.
fn first_issuing(
    plan: &Plan<'_>,
    vault: &Vault,
    root: &Root,
    now: Timestamp,
) -> Result<(KeyId, IssuingAuthority), SetupError> {
    let id = host::random::bytes().map(KeyId::from_bytes).map_err(vault::VaultError::from)?;
    let keys = IssuingKeys::begin(vault.clone(), plan.token)?;
    let certificate = root.certify(&keys.key_or_new(id)?, 1, now)?;
    let issuing = IssuingAuthority::open(keys.open(id)?, certificate.der(), root.practice().clone())?;
    Ok((id, issuing))
}

/// Makes and keeps the online keys and their certificates.
fn certify(
    disk: &Disk,
    plan: &Plan<'_>,
    vault: &Vault,
    root: &Root,
    (issuing_id, issuing): (KeyId, &IssuingAuthority),
    record: &RootRecord,
    now: Timestamp,
) -> Result<FirstKeys, SetupError> {
    let random_id = || host::random::bytes().map(KeyId::from_bytes).map_err(vault::VaultError::from);
    let keep = |what: &str, key: &PrivateKey| -> Result<KeyId, SetupError> {
        let id = random_id()?;
        let _durable = vault.seal_private(&purpose::of(what)?, id, &key.to_pkcs8()?)?;
        Ok(id)
    };
    let gateway = PrivateKey::generate()?;
    let statements = PrivateKey::generate()?;
    let receipts = PrivateKey::generate()?;
    let gateway_certificate = issuing.issue(Purpose::Gateway, gateway.public(), Serial::random()?, now)?;
    let statements_certificate =
        issuing.issue(Purpose::Statements, statements.public(), Serial::random()?, now)?;
    let receipts_certificate = issuing.issue(Purpose::Receipts, receipts.public(), Serial::random()?, now)?;
    let seed = Zeroizing::new(host::random::bytes::<32>().map_err(vault::VaultError::from)?);
    let checkpoint = CheckpointKey::from_seed(seed);
    let checkpoint_id = random_id()?;
    let _durable =
        vault.seal_private(&purpose::of(purpose::CHECKPOINT)?, checkpoint_id, &checkpoint.to_pkcs8()?)?;
    let quic_id = random_id()?;
    let quic = Zeroizing::new(host::random::bytes::<64>().map_err(vault::VaultError::from)?);
    let _durable = vault.seal_private(&purpose::of(purpose::QUIC)?, quic_id, quic.as_slice())?;
    let origin = checkpoint::origin(issuing.practice());
    let standing = Standing { root_record: 1, log: checkpoint.vkey(&origin)? };
    let held = |certificate: &Certificate, key| vec![Held::new(certificate, key, State::Signing)];
    let current = Current {
        version: current::VERSION,
        root_records: vec![ByteVec::from(record.bytes().to_vec())],
        issuing: held(issuing.certificate(), issuing_id),
        gateway: held(&gateway_certificate, keep(purpose::GATEWAY, &gateway)?),
        statements: held(&statements_certificate, keep(purpose::STATEMENTS, &statements)?),
        receipts: held(&receipts_certificate, keep(purpose::RECEIPTS, &receipts)?),
        checkpoint: vec![HeldLog {
            vkey: standing.log.to_string(),
            key: (*checkpoint_id.as_bytes()).into(),
            state: State::Signing.code(),
            from_size: 1,
            to_size: None,
        }],
        quic: (*quic_id.as_bytes()).into(),
        roots: vec![HeldRoot {
            certificate: root.certificate().der().to_vec().into(),
            key: (*random_id()?.as_bytes()).into(),
            state: State::Signing.code(),
            cross: None,
            records: Vec::new(),
            list: Some(root.crl(1, &[], now)?.der().to_vec().into()),
        }],
    };
    let _durable = disk.create_whole(&plan.folder.join("certs").join(current::FILE), &current.to_bytes())?;
    Ok(FirstKeys {
        heads: HeadKeys {
            checkpoint,
            cosigner: None,
            receipts: KeyedCertificate::new(receipts, receipts_certificate)?,
            origin,
        },
        statements: KeyedCertificate::new(statements, statements_certificate)?,
        standing,
    })
}

fn genesis(
    root: &Root,
    issuing: &IssuingAuthority,
    record: &RootRecord,
    keys: &FirstKeys,
    now: Timestamp,
) -> Result<Signed, SetupError> {
    let certificates =
        [issuing.certificate(), &keys.statements.certificate, &keys.heads.receipts.certificate];
    let certificates = certificates.iter().map(|certificate| Der::new(certificate.der().to_vec()));
    let event = Genesis {
        practice: root.practice().clone(),
        pin: root.pin(),
        policy: REGISTRATION_POLICY.to_owned(),
        root_record: Opaque::new(record.bytes().to_vec())?,
        certificates: certificates.collect::<Result<_, _>>()?,
        software: Word::parse(SOFTWARE)?,
    };
    let id = EvidenceId::from_bytes(host::random::bytes().map_err(vault::VaultError::from)?);
    let statement = Statement::by_gateway(id, now, keys.standing.clone(), event);
    Ok(Signed::sign(&statement, &keys.statements, now)?)
}
