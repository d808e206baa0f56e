//! x509-limbo: certificates and chains that others have made to be wrong, held against our verifiers with limbo's own
//! roots as anchors. The data is not ours to keep: `COUNTERFOIL_LIMBO` says where `limbo.json` is (`docs/testing.md`).
//!
//! Ours take only what our profiles are, so nothing of limbo's is ever taken whole. What is claimed is sharper: also without
//! names and registry, our reader and the stock verifier together take nothing that limbo says must fail, but what is listed
//! here with its reason.

use std::collections::BTreeMap;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateRevocationListDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use serde_json::Value;

use super::*;
use crate::admission::{Admission, Refused, Registered, Registry, Standing, admit};
use crate::judge;
use crate::testing::{DEVICE, NOW, Practice};

/// What limbo has to say of paths of certificates. Not `webpki` (rules of the public web), `online` and `bettertls`.
const FAMILIES: [&str; 6] = ["rfc5280::", "pathological::", "crl::", "cve::", "pathlen::", "invalid::"];

/// What must fail by limbo's word and does not fail in reader and stock verifier alone; and where it fails with us.
const EXCEPTIONS: [(&str, Where); 17] = [
    ("crl::crlnumber-critical", Where::List),
    ("crl::crlnumber-missing", Where::List),
    ("crl::issuer-missing-crlsign", Where::List),
    ("rfc5280::aki::cross-signed-root-missing-aki", Where::Root),
    ("rfc5280::aki::critical-aki", Where::Root),
    ("rfc5280::aki::leaf-missing-aki", Where::Profile),
    ("rfc5280::ca-empty-subject", Where::Root),
    ("rfc5280::leaf-ku-keycertsign", Where::Profile),
    ("rfc5280::nc::invalid-dnsname-leading-period", Where::Root),
    ("rfc5280::nc::permitted-dns-match-noncritical", Where::Root),
    ("rfc5280::root-inconsistent-ca-extensions", Where::Root),
    ("rfc5280::root-missing-basic-constraints", Where::Root),
    ("rfc5280::root-non-critical-basic-constraints", Where::Root),
    ("rfc5280::san::underscore-dns", Where::Profile),
    ("rfc5280::ski::critical-ski", Where::Root),
    ("rfc5280::ski::root-missing-ski", Where::Root),
    ("rfc5280::unknown-critical-extension-root", Where::Root),
];

/// Where a case that reader and stock verifier let pass is stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    /// The stock verifier takes lists that our own reader does not (`crl_tests`); a list of limbo's can not be posed to
    /// it, for its authorities are none that our reader takes.
    List,
    /// The end certificate is of no profile.
    Profile,
    /// Anchors are certificates of our own roots' or issuing authorities' profile, and this one is not.
    Root,
}

struct Case {
    id: String,
    must_fail: bool,
    is_client: bool,
    roots: Vec<CertificateDer<'static>>,
    between: Vec<CertificateDer<'static>>,
    leaf: CertificateDer<'static>,
    lists: Vec<CertificateRevocationListDer<'static>>,
    time: UnixTime,
    name: Option<ServerName<'static>>,
}

fn certificates(value: &Value) -> Vec<CertificateDer<'static>> {
    let pem = |text: &Value| CertificateDer::from_pem_slice(text.as_str().unwrap().as_bytes()).unwrap();
    value.as_array().into_iter().flatten().map(pem).collect()
}

impl Case {
    fn read(value: &Value) -> Option<Self> {
        let id = value["id"].as_str().unwrap().to_owned();
        FAMILIES.iter().any(|family| id.starts_with(family)).then_some(())?;
        let list = |text: &Value| {
            CertificateRevocationListDer::from_pem_slice(text.as_str().unwrap().as_bytes()).unwrap()
        };
        let seconds = match value["validation_time"].as_str() {
            Some(time) => seconds(time),
            None => host::Clock::system().unix_ms() / 1000,
        };
        let name = value["expected_peer_name"]["value"].as_str();
        Some(Self {
            must_fail: value["expected_result"] == "FAILURE",
            is_client: value["validation_kind"] == "CLIENT",
            roots: certificates(&value["trusted_certs"]),
            between: certificates(&value["untrusted_intermediates"]),
            leaf: CertificateDer::from_pem_slice(value["peer_certificate"].as_str().unwrap().as_bytes())
                .unwrap(),
            lists: value["crls"].as_array().into_iter().flatten().map(list).collect(),
            time: UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)),
            name: name.and_then(|name| ServerName::try_from(name.to_owned()).ok()),
            id,
        })
    }

    fn chain(&self) -> Vec<&CertificateDer<'static>> {
        std::iter::once(&self.leaf).chain(&self.between).collect()
    }

    /// Whether our reader takes every certificate of the chain: what a profile of ours can be, whatever its names.
    fn is_read(&self) -> bool {
        self.chain().into_iter().all(|one| Certificate::read(one).is_ok())
    }

    /// Whether it is stopped there, whatever the names.
    fn is_stopped(&self, at: Where) -> bool {
        let is = |der: &CertificateDer<'_>, profiles: &[Profile]| {
            let read = Certificate::read(der);
            profiles.iter().any(|profile| read.as_ref().is_ok_and(|one| one.has_profile(*profile).is_ok()))
        };
        match at {
            Where::List => !self.lists.is_empty(),
            Where::Profile => !is(&self.leaf, &Profile::ALL),
            Where::Root => !self.roots.iter().any(|root| is(root, &[Profile::Root, Profile::Issuing])),
        }
    }

    fn anchors(&self) -> Option<Arc<RootCertStore>> {
        let mut store = RootCertStore::empty();
        self.roots.iter().try_for_each(|root| store.add(root.clone())).ok()?;
        Some(Arc::new(store))
    }

    /// Whether the stock verifier takes it, under our algorithms.
    fn is_taken_by_stock(&self) -> bool {
        let Some(anchors) = self.anchors() else { return false };
        let rest = &self.between;
        if self.is_client {
            let stock = WebPkiClientVerifier::builder_with_provider(anchors, provider());
            let stock = stock.with_crls(self.lists.iter().cloned()).build();
            return stock.is_ok_and(|stock| stock.verify_client_cert(&self.leaf, rest, self.time).is_ok());
        }
        let Some(name) = &self.name else { return false };
        let stock = WebPkiServerVerifier::builder_with_provider(anchors, provider());
        let stock = stock.with_crls(self.lists.iter().cloned()).build();
        stock.is_ok_and(|stock| stock.verify_server_cert(&self.leaf, rest, name, &[], self.time).is_ok())
    }

    /// Whether a companion takes it for the gateway of a practice, were its roots the practice's.
    fn is_taken_by_companion(&self, practice: &Practice) -> bool {
        let (Some(anchors), Some(name)) = (self.anchors(), self.name.clone()) else { return false };
        let Ok(stock) = WebPkiServerVerifier::builder_with_provider(anchors, provider()).build() else {
            return false;
        };
        let ours = PracticeGateway { trust: practice.trust.clone(), name: name.clone(), stock };
        ours.verify_server_cert(&self.leaf, &self.between, &name, &[], self.time).is_ok()
    }

    /// Whether a gateway takes it for a device, were its roots issuing authorities, and it registered.
    fn is_taken_by_gateway(&self, practice: &Practice) -> bool {
        let roots: Result<Vec<_>, _> = self.roots.iter().map(|root| Certificate::read(root)).collect();
        let Ok(roots) = roots else { return false };
        let id = practice.root.practice().clone();
        let door = Arc::new(Registering { practice: id.clone(), now: timestamp(self.time) });
        let Ok(devices) = Devices::new(id, &roots, Lists::Unasked, door) else { return false };
        use rustls::server::danger::ClientCertVerifier as _;
        devices.verify_client_cert(&self.leaf, &self.between, self.time).is_ok()
    }

    /// Whether it is worth anything to who verifies a receipt.
    fn is_judged(&self, practice: &Practice) -> bool {
        [Profile::Gateway, Profile::Device, Profile::Signer, Profile::Statements, Profile::Receipts]
            .into_iter()
            .any(|profile| judge(&practice.trust, &self.chain(), profile, timestamp(self.time)).is_ok())
    }
}

fn timestamp(time: UnixTime) -> Timestamp {
    Timestamp::from_unix_seconds(time.as_secs())
}

/// RFC 3339 of a whole second, in UTC or another zone.
fn seconds(text: &str) -> u64 {
    let (date, zone) = text.split_at(19);
    let number = |range: std::ops::Range<usize>| date[range].parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    // Days from civil (Hinnant), from 1970 on.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * m + 2) / 5 + day - 1;
    let era = y / 400;
    let of_era = (y - era * 400) * 365 + (y - era * 400) / 4 - (y - era * 400) / 100 + of_year;
    let days = era * 146_097 + of_era - 719_468;
    let zone = zone.trim_start_matches(|symbol: char| symbol == '.' || symbol.is_ascii_digit());
    assert!(matches!(zone, "Z" | "+00:00" | ""), "{text}");
    let whole = days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19);
    u64::try_from(whole).unwrap()
}

/// A registry that knows every certificate as the device's own.
struct Registering {
    practice: PracticeId,
    now: Timestamp,
}

impl Registry for Registering {
    fn find(&self, _: &model::Sha256Digest) -> Option<Registered> {
        let standing = Standing::Active;
        Some(Registered { device: DEVICE, standing, grace_seconds: 0, ends: None })
    }
}

impl Door for Registering {
    fn judge(&self, leaf: &[u8]) -> Result<(), Refused> {
        match admit(Some(ALPN_MAIN), Some(leaf), &self.practice, self.now, self) {
            Admission::Main(_) => Ok(()),
            Admission::Refused(why) => Err(why),
            other => panic!("{other:?}"),
        }
    }

    fn refused(&self, _: Refused) {}
}

/// What we make ourselves, posed in the same way: without it, refusing everything would pass.
fn our_own(practice: &Practice, leaf: &Certificate, is_client: bool) -> Case {
    let (root, issuing) = (practice.root.certificate(), practice.issuing.certificate());
    let (anchor, between) = if is_client { (issuing, Vec::new()) } else { (root, vec![issuing.to_rustls()]) };
    Case {
        id: "our own".to_owned(),
        must_fail: false,
        is_client,
        roots: vec![anchor.to_rustls()],
        between,
        leaf: leaf.to_rustls(),
        lists: Vec::new(),
        time: unix_time(NOW),
        name: server_name(practice.root.practice()).ok(),
    }
}

#[test]
fn nothing_that_limbo_says_must_fail_is_taken() {
    let practice = Practice::new(1);
    let (gateway, device) =
        (our_own(&practice, &practice.gateway, false), our_own(&practice, &practice.device().1, true));
    assert!(gateway.is_read() && gateway.is_taken_by_stock() && gateway.is_taken_by_companion(&practice));
    assert!(gateway.is_judged(&practice));
    assert!(device.is_read() && device.is_taken_by_stock() && device.is_taken_by_gateway(&practice));
    let Some(path) = std::env::var_os("COUNTERFOIL_LIMBO") else {
        println!("\nSKIPPED: what x509-limbo has: COUNTERFOIL_LIMBO names no limbo.json");
        return;
    };
    let all: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let cases: Vec<Case> = all["testcases"].as_array().unwrap().iter().filter_map(Case::read).collect();
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in &cases {
        let whole = case.is_taken_by_companion(&practice)
            || case.is_taken_by_gateway(&practice)
            || case.is_judged(&practice);
        let (read, stock) = (case.is_read(), case.is_taken_by_stock());
        let named = EXCEPTIONS.iter().find(|(id, _)| *id == case.id);
        assert!(named.is_none_or(|(_, at)| case.is_stopped(*at)), "{}", case.id);
        let word = match (case.must_fail, read, stock) {
            (true, false, false) => "must fail: refused by reader and stock",
            (true, false, true) => "must fail: refused by the reader alone",
            (true, true, false) => "must fail: refused by the stock verifier alone",
            (true, true, true) => "must fail: an exception",
            (false, true, true) => "may pass: taken by both",
            (false, ..) => "may pass: refused, being no profile of ours",
        };
        *counts.entry(word).or_default() += 1;
        if word == "must fail: refused by the reader alone" {
            println!("refused by the reader alone: {}", case.id);
        }
        if whole || (case.must_fail && read && stock) != named.is_some() {
            wrong.push(&case.id);
        }
    }
    println!("{counts:#?}");
    assert!(wrong.is_empty(), "taken, or no exception any more: {wrong:#?}");
    let of = |word: &str| counts.iter().filter(|(key, _)| key.starts_with(word)).map(|(_, n)| n).sum::<u32>();
    assert!(
        of("must fail") > 80 && of("may pass") > 30,
        "limbo has other cases than were known: {counts:#?}"
    );
    assert!(
        cases.iter().any(|case| !case.must_fail && case.is_taken_by_stock()),
        "the roots are anchors at all"
    );
}
