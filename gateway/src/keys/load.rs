//! The keys in force, read from `certs/current` and the vault: held against each other before anything uses them.

use certs::rotation::State;
use certs::{Certificate, Crl, IssuingAuthority, PracticeTrust, PrivateKey};
use model::{KeyId, Malformed};
use receipts::statement::Standing;
use receipts::{CheckpointKey, Vkey, checkpoint};
use vault::Vault;
use zeroize::Zeroizing;

use super::{
    Current, HeadKeys, Held, HeldLog, Issuing, IssuingCertificate, IssuingKeys, KeyedCertificate, Keys, Root,
    Served, purpose,
};
use crate::practice::OpenError;

const NONE_SIGNS: Malformed = Malformed::new("certs/current", "of one kind of key none signs");

impl Keys {
    /// The keys that a file says are in force.
    ///
    /// # Errors
    /// Keys and certificates that do not fit; the vault's; the token's.
    pub fn load(current: Current, vault: &Vault, issuing_keys: &IssuingKeys) -> Result<Self, OpenError> {
        let records: Vec<&[u8]> = current.root_records.iter().map(|record| record.as_slice()).collect();
        let trust = PracticeTrust::walk(&records, None)?;
        let roots = roots(&current)?;
        let (signing_root, root) = one_signs(&roots, |root| root.state)?;
        let all = issuing(&current, &roots)?;
        let (_, signing) = one_signs(&all, |one| one.state)?;
        let served = signing.under(signing_root).ok_or(NONE_SIGNS)?;
        let key = issuing_keys.open(signing.key)?;
        let authority = IssuingAuthority::open(key, served.der(), trust.practice().clone())?;
        let gateway = keyed(vault, purpose::GATEWAY, &current.gateway)?;
        let issuer = all.iter().find_map(|one| {
            let named =
                one.certificates.first().filter(|first| gateway.certificate.names_issuer(&first.certificate));
            named.and_then(|_| one.under(signing_root))
        });
        let served = Served {
            issuing: issuer.ok_or(NONE_SIGNS)?.clone(),
            root: root.certificate.clone(),
            cross: crosses(&roots, signing_root),
        };
        let origin = checkpoint::origin(trust.practice());
        let (_, log) = one_signs(&current.checkpoint, HeldLog::state)?;
        let vkey = Vkey::parse(&log.vkey)?;
        let open = |log: &HeldLog| -> Result<CheckpointKey, OpenError> {
            let der = vault.open_private(&purpose::of(purpose::CHECKPOINT)?, log.key_id())?;
            Ok(CheckpointKey::from_pkcs8(&der)?)
        };
        let cosigner = current.checkpoint.iter().find(|log| log.state() == State::Trusted).map(open);
        let heads = HeadKeys {
            checkpoint: open(log)?,
            cosigner: cosigner.transpose()?,
            receipts: keyed(vault, purpose::RECEIPTS, &current.receipts)?,
            origin,
        };
        if heads.checkpoint.vkey(&heads.origin)? != vkey {
            return Err(Malformed::new("certs/current", "its checkpoint key is another").into());
        }
        let receipt_certificates: Result<Vec<_>, _> =
            current.receipts.iter().map(|one| Certificate::read(&one.certificate)).collect();
        let standing = Standing { root_record: u32::try_from(trust.number()).unwrap_or(u32::MAX), log: vkey };
        Ok(Self {
            issuing: authority,
            gateway,
            statements: keyed(vault, purpose::STATEMENTS, &current.statements)?,
            heads,
            trust,
            standing,
            served,
            all_issuing: all,
            roots,
            receipt_certificates: receipt_certificates.map_err(certs::CertsError::from)?,
            current,
        })
    }
}

/// The one that signs, and its place.
fn one_signs<T>(all: &[T], state: impl Fn(&T) -> State) -> Result<(usize, &T), Malformed> {
    let mut signing = all.iter().enumerate().filter(|(_, one)| state(one) == State::Signing);
    match (signing.next(), signing.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(NONE_SIGNS),
    }
}

fn private(vault: &Vault, what: &str, key: KeyId) -> Result<PrivateKey, OpenError> {
    let der: Zeroizing<Vec<u8>> = vault.open_private(&purpose::of(what)?, key)?;
    Ok(PrivateKey::from_pkcs8(&der)?)
}

fn keyed(vault: &Vault, what: &str, all: &[Held]) -> Result<KeyedCertificate, OpenError> {
    let (_, held) = one_signs(all, Held::state)?;
    let certificate = Certificate::read(&held.certificate).map_err(certs::CertsError::from)?;
    Ok(KeyedCertificate::new(private(vault, what, held.key_id())?, certificate)?)
}

fn roots(current: &Current) -> Result<Vec<Root>, OpenError> {
    let root = |held: &super::HeldRoot| -> Result<Root, certs::CertsError> {
        let cross = held.cross.as_ref().map(|cross| Certificate::read(cross)).transpose()?;
        let certificate = Certificate::read(&held.certificate)?;
        // For outsiders alone: nothing of ours rests on it.
        let list = held.list.as_ref().and_then(|list| Crl::read(list, &certificate).ok());
        Ok(Root { certificate, cross, state: held.state(), list })
    };
    Ok(current.roots.iter().map(root).collect::<Result<_, _>>()?)
}

/// Every issuing authority, each certificate with the root that has signed it.
fn issuing(current: &Current, roots: &[Root]) -> Result<Vec<Issuing>, OpenError> {
    let of = |held: &Held| -> Result<Issuing, OpenError> {
        let mut certificates = Vec::new();
        for der in std::iter::once(&held.certificate).chain(&held.again) {
            let certificate = Certificate::read(der).map_err(certs::CertsError::from)?;
            let root = roots.iter().position(|root| certificate.is_issued_by(&root.certificate));
            let root =
                root.ok_or(Malformed::new("certs/current", "an issuing authority is under no root"))?;
            certificates.push(IssuingCertificate { certificate, root });
        }
        Ok(Issuing { key: held.key_id(), state: held.state(), certificates })
    };
    current.issuing.iter().map(of).collect()
}

/// From the root that signs down to older ones, as far as there are certificates.
fn crosses(roots: &[Root], signing: usize) -> Vec<Certificate> {
    let down = roots.iter().take(signing + 1).rev();
    down.map_while(|root| root.cross.clone()).collect()
}
