//! A practice for tests: every key from a seed, every serial counted, so that all bytes are the same each time.

use host::Clock;
use model::{DeviceId, InvitationId, Pin, Timestamp};
use rcgen::{CertificateParams, Issuer};
use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use crate::bundle::{CheckpointKey, IssuingEntry, IssuingState};
use crate::invitation::Secret;
use crate::{
    Certificate, Invitation, IssuingAuthority, PracticeTrust, PrivateKey, Purpose, Root, RootRecord, Serial,
    TrustBundle,
};

/// 2026-11-18T11:06:40Z.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);

pub(crate) const DAY: u64 = 24 * 3600;

pub(crate) const DEVICE: DeviceId = DeviceId::from_bytes([0xd1; 16]);

/// The same key for the same number.
pub(crate) fn key(seed: u8) -> PrivateKey {
    // PKCS#8 of a scalar: the shortest form, without the public key.
    let head = model::digest::hex::decode::<35>(
        "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420",
    );
    PrivateKey::from_pkcs8(&Zeroizing::new([head.unwrap().as_slice(), &[seed; 32]].concat())).unwrap()
}

pub(crate) fn serial(seed: u8) -> Serial {
    Serial::from_random([seed; 16])
}

pub(crate) struct Practice {
    pub(crate) root: Root,
    pub(crate) spare: PrivateKey,
    pub(crate) issuing: IssuingAuthority,
    pub(crate) gateway_key: PrivateKey,
    pub(crate) gateway: Certificate,
    pub(crate) statements_key: PrivateKey,
    pub(crate) statements: Certificate,
    pub(crate) receipts: Certificate,
    pub(crate) record: RootRecord,
    pub(crate) trust: PracticeTrust,
    seed: u8,
}

impl Practice {
    /// Practices of different seeds (1 to 20) have nothing in common.
    pub(crate) fn new(seed: u8) -> Self {
        Self::made_at(seed, NOW)
    }

    /// One that was made at another time.
    pub(crate) fn made_at(seed: u8, now: Timestamp) -> Self {
        let own = |number: u8| seed * 10 + number;
        let root = Root::create_with(key(own(0)), serial(own(0)), now).unwrap();
        let issuing = IssuingAuthority::create_with(&root, key(own(1)), serial(own(1)), 1, now).unwrap();
        let (spare, gateway_key, statements_key, receipts_key) =
            (key(own(2)), key(own(3)), key(own(4)), key(own(5)));
        let issue = |purpose, key: &PrivateKey, number| {
            issuing.issue(purpose, key.public(), serial(own(number)), now).unwrap()
        };
        let gateway = issue(Purpose::Gateway, &gateway_key, 3);
        let statements = issue(Purpose::Statements, &statements_key, 4);
        let receipts = issue(Purpose::Receipts, &receipts_key, 5);
        let record = RootRecord::first(&root, spare.key_hash(), now).unwrap();
        let trust = PracticeTrust::walk(&[&record], Some(&root.pin())).unwrap();
        Self {
            root,
            spare,
            issuing,
            gateway_key,
            gateway,
            statements_key,
            statements,
            receipts,
            record,
            trust,
            seed,
        }
    }

    pub(crate) fn pin(&self) -> Pin {
        self.root.pin()
    }

    /// A device's key and certificate for TLS.
    pub(crate) fn device(&self) -> (PrivateKey, Certificate) {
        let key = key(self.seed * 10 + 6);
        let certificate =
            self.issuing.issue(Purpose::Device(DEVICE), key.public(), serial(self.seed * 10 + 6), NOW);
        (key, certificate.unwrap())
    }

    /// A certificate with anything in it, signed by the true issuing authority.
    pub(crate) fn forged(
        &self,
        purpose: Purpose,
        key: &PrivateKey,
        change: impl FnOnce(&mut CertificateParams),
    ) -> CertificateDer<'static> {
        let mut params = self.issuing.params_for(purpose, NOW);
        change(&mut params);
        let mut issuer = CertificateParams::default();
        issuer.distinguished_name = rcgen::DistinguishedName::new();
        issuer.distinguished_name.push(rcgen::DnType::CommonName, self.issuing.certificate().common_name());
        params.signed_by(key, &Issuer::new(issuer, self.issuing.signer())).unwrap().der().clone()
    }

    pub(crate) fn bundle(&self) -> TrustBundle {
        TrustBundle {
            practice: self.root.practice().clone(),
            version: 1,
            root_record: 1,
            issuing: vec![IssuingEntry {
                list: None,
                certificate: self.issuing.certificate().clone(),
                state: IssuingState::Signing,
            }],
            checkpoint_keys: vec![CheckpointKey {
                vkey: format!("{}/journal+00000000+AQ==", self.root.practice().host()),
                from_size: 0,
                to_size: None,
            }],
            statements: vec![self.statements.clone()],
            receipts: vec![self.receipts.clone()],
            addresses: vec!["gateway.example:4433".to_owned()],
            issued: NOW,
            expires: NOW.plus_seconds(crate::bundle::BUNDLE_DAYS * DAY),
        }
    }

    pub(crate) fn bundle_bytes(&self) -> Vec<u8> {
        self.bundle().sign(&self.statements_key, &self.statements, self.issuing.certificate()).unwrap()
    }

    pub(crate) fn invitation(&self) -> Invitation {
        Invitation {
            id: InvitationId::new(0x2aaa_5555).unwrap(),
            secret: Secret::from_bytes(Zeroizing::new(*b"elevenbyte\x88")).unwrap(),
            pin: self.pin(),
            expires: NOW.plus_seconds(3 * DAY),
            host: "gw.example".to_owned(),
            port: 4433,
        }
    }

    pub(crate) fn presented(&self) -> Vec<CertificateDer<'static>> {
        [&self.gateway, self.issuing.certificate(), self.root.certificate()]
            .map(Certificate::to_rustls)
            .to_vec()
    }
}

pub(crate) fn clock(at: Timestamp) -> Clock {
    Clock::manual(at.unix_ms())
}

/// Compares with a file in `golden/`, lines of `name = value`. Run with `COUNTERFOIL_GOLDEN=write` to write it anew,
/// which is a change of format.
pub(crate) fn golden(file: &str, found: &[(&str, String)]) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(file);
    let found: String = found.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    if std::env::var_os("COUNTERFOIL_GOLDEN").is_some_and(|how| how == "write") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &found).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, wanted, "golden/{file}");
}
