//! What others say of everything that we issue: OpenSSL, GnuTLS and pkilint, held against our own verdict, fresh,
//! revoked and expired. A tool that is not there is named as SKIPPED.

use std::path::{Path, PathBuf};
use std::process::Command;

use model::Timestamp;
use tempfile::TempDir;

use crate::crl::{Crl, Reason, Revoked};
use crate::testing::{DAY, DEVICE, NOW, Practice, key, serial};
use crate::{Certificate, Profile, Purpose, judge};

/// With what OpenSSL calls it: documentSigning it does not know (RFC 9336 is younger), so signing is `any` alone.
const PURPOSES: [(Purpose, &str); 5] = [
    (Purpose::Gateway, "sslserver"),
    (Purpose::Device(DEVICE), "sslclient"),
    (Purpose::Signer(DEVICE), "any"),
    (Purpose::Statements, "any"),
    (Purpose::Receipts, "any"),
];

/// Files for the tools, gone with this.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn certificates(&self, name: &str, certificates: &[&Certificate]) -> PathBuf {
        let pem = |certificate: &&Certificate| pem_of("CERTIFICATE", certificate.der());
        self.write(name, certificates.iter().map(pem).collect::<String>())
    }

    fn crls(&self, name: &str, crls: &[&Crl]) -> PathBuf {
        self.write(name, crls.iter().map(|crl| pem_of("X509 CRL", crl.der())).collect::<String>())
    }
}

/// PEM (RFC 7468), in lines of 64.
fn pem_of(label: &str, der: &[u8]) -> String {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let quad = |three: &[u8]| {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let symbol = |at: usize| match at <= three.len() {
            true => char::from(SYMBOLS[(bits >> (18 - 6 * at)) as usize & 63]),
            false => '=',
        };
        [symbol(0), symbol(1), symbol(2), symbol(3)]
    };
    let text: Vec<char> = der.chunks(3).flat_map(quad).collect();
    let lines: String = text.chunks(64).map(|line| line.iter().collect::<String>() + "\n").collect();
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}

fn is_there(tool: &str, asked: &str) -> bool {
    let is_there = Command::new(tool).arg(asked).output().is_ok_and(|output| output.status.success());
    if !is_there {
        println!("\nSKIPPED: what {tool} says of certificates and lists: it is not on this machine");
    }
    is_there
}

/// Success, and everything that was said.
fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// A certificate, the list that is held, and a time.
struct Case<'a> {
    certificate: &'a Certificate,
    purpose: Purpose,
    crl: Option<&'a Crl>,
    now: Timestamp,
}

impl Case<'_> {
    /// What we say: the chain, then the list that must be in force.
    fn is_good(&self, practice: &Practice) -> bool {
        let chain = [self.certificate, practice.issuing.certificate()];
        let judged = judge(&practice.trust, &chain, self.purpose.profile(), self.now);
        judged.is_ok()
            && self.crl.is_some_and(|crl| {
                let is_listed = crl
                    .revoked()
                    .iter()
                    .any(|revoked| revoked.serial.as_bytes() == self.certificate.serial());
                crl.is_in_force(self.now).is_ok() && !is_listed
            })
    }
}

fn revoked(number: u8, at: Timestamp) -> Revoked {
    let compromised_since = Some(at.minus_seconds(DAY));
    Revoked { serial: serial(number), at, reason: Reason::KeyCompromise, compromised_since }
}

#[test]
fn openssl_agrees_fresh_revoked_and_expired() {
    if !is_there("openssl", "version") {
        return;
    }
    let (practice, stranger, files) = (Practice::new(1), Practice::new(2), Files::new());
    let root = files.certificates("root", &[practice.root.certificate()]);
    let issuing = files.certificates("issuing", &[practice.issuing.certificate()]);
    let own = |number| practice.issuing.crl(number, &[revoked(98, NOW), revoked(97, NOW)], NOW).unwrap();
    let (good, empty) = (own(1), practice.issuing.crl(2, &[], NOW).unwrap());
    let foreign = stranger.issuing.crl(1, &[], NOW).unwrap();
    let root_crl = practice.root.crl(1, &[], NOW).unwrap();
    let mut asked = 0;
    for (purpose, name) in PURPOSES {
        for number in [97, 99] {
            let certificate =
                practice.issuing.issue(purpose, key(number).public(), serial(number), NOW).unwrap();
            let leaf = files.certificates("leaf", &[&certificate]);
            let times = [
                NOW,
                NOW.plus_seconds(7 * DAY - 1),
                NOW.plus_seconds(7 * DAY + 1),
                NOW.minus_seconds(2 * DAY),
                certificate.not_after().plus_seconds(2),
            ];
            for now in times {
                for (crl, with_root) in
                    [(Some(&good), true), (Some(&good), false), (Some(&empty), false), (None, false)]
                {
                    let mut lists: Vec<&Crl> = crl.into_iter().collect();
                    // Who checks the whole chain needs the root's list as well.
                    if with_root {
                        lists.push(&root_crl);
                    }
                    let mut command = Command::new("openssl");
                    command.args(["verify", "-x509_strict", "-check_ss_sig", "-purpose", name]);
                    command.arg(if with_root { "-crl_check_all" } else { "-crl_check" });
                    command.args(["-attime", &now.unix_seconds().to_string()]);
                    command.arg("-CAfile").arg(&root).arg("-untrusted").arg(&issuing);
                    command.arg("-CRLfile").arg(files.crls("crls", &lists)).arg(&leaf);
                    // Without the flag that a chain with its list needs at least one.
                    if lists.is_empty() {
                        command = Command::new("openssl");
                        command.args(["verify", "-x509_strict", "-purpose", name, "-crl_check"]);
                        command.args(["-attime", &now.unix_seconds().to_string()]);
                        command.arg("-CAfile").arg(&root).arg("-untrusted").arg(&issuing).arg(&leaf);
                    }
                    let (is_good, said) = run(&mut command);
                    let ours = Case { certificate: &certificate, purpose, crl, now }.is_good(&practice);
                    assert_eq!(is_good, ours, "{purpose:?}, {number}, {now:?}, {crl:?}: {said}");
                    asked += usize::from(is_good);
                }
            }
            let mut command = Command::new("openssl");
            command.args(["verify", "-crl_check", "-attime", &NOW.unix_seconds().to_string()]);
            command.arg("-CAfile").arg(&root).arg("-untrusted").arg(&issuing);
            command.arg("-CRLfile").arg(files.crls("crls", &[&foreign])).arg(&leaf);
            assert!(!run(&mut command).0, "{purpose:?}: another practice's list");
        }
    }
    assert!(asked > PURPOSES.len(), "some were good");
    // And the lists themselves.
    let last = practice.issuing.last_crl(3, &[revoked(98, NOW)], NOW).unwrap();
    for (crl, issuer) in [(&good, &issuing), (&empty, &issuing), (&last, &issuing), (&root_crl, &root)] {
        let der = files.write("crl", crl.der());
        let mut command = Command::new("openssl");
        command.args(["crl", "-inform", "DER", "-noout", "-text", "-verify", "-in"]).arg(der);
        let (is_good, said) = run(command.arg("-CAfile").arg(issuer));
        assert!(is_good && said.contains("verify OK"), "{said}");
        assert!(said.contains("X509v3 CRL Number"), "{said}");
    }
}

/// certtool knows no time but the machine's: here the practice is as old as each case needs it.
#[test]
fn gnutls_agrees_fresh_revoked_and_expired() {
    if !is_there("certtool", "--version") {
        return;
    }
    let now = Timestamp::from_unix_seconds(host::Clock::system().unix_ms() / 1000);
    let (practice, files) = (Practice::made_at(1, now.minus_seconds(500 * DAY)), Files::new());
    let root = files.certificates("root", &[practice.root.certificate()]);
    let issuing = files.certificates("issuing", &[practice.issuing.certificate()]);
    let list = |age_days: u64, revoked: &[Revoked]| {
        practice.issuing.crl(1, revoked, now.minus_seconds(age_days * DAY)).unwrap()
    };
    let (fresh, empty, old) =
        (list(1, &[revoked(97, now.minus_seconds(2 * DAY))]), list(1, &[]), list(8, &[]));
    let mut good = 0;
    for (purpose, _) in PURPOSES {
        let life = purpose.profile().row().life_days;
        for (number, age_days) in [(97, 1), (99, 1), (99, life + 1)] {
            let at = now.minus_seconds(age_days * DAY);
            let certificate =
                practice.issuing.issue(purpose, key(number).public(), serial(number), at).unwrap();
            let chain = files.certificates("chain", &[&certificate, practice.issuing.certificate()]);
            for crl in [&fresh, &empty] {
                let mut command = Command::new("certtool");
                command.arg("--verify").arg("--load-ca-certificate").arg(&root);
                command.arg("--load-crl").arg(files.crls("crl", &[crl])).arg("--infile").arg(&chain);
                let (is_good, said) = run(&mut command);
                let ours =
                    Case { certificate: &certificate, purpose, crl: Some(crl), now }.is_good(&practice);
                assert_eq!(is_good, ours, "{purpose:?}, {number}, {age_days}: {said}");
                good += usize::from(is_good);
            }
        }
    }
    assert_eq!(good, PURPOSES.len() * 3, "not revoked: with both lists; revoked: with the empty one");
    let root_crl = practice.root.crl(1, &[], now.minus_seconds(DAY)).unwrap();
    for (what, crl, issuer, wanted) in [
        ("fresh", &fresh, &issuing, true),
        ("empty", &empty, &issuing, true),
        ("root's", &root_crl, &root, true),
        ("expired", &old, &issuing, false),
        ("by another authority", &fresh, &root, false),
    ] {
        let mut command = Command::new("certtool");
        command.arg("--verify-crl").arg("--load-ca-certificate").arg(issuer);
        let (is_good, said) = run(command.arg("--infile").arg(files.crls("crl", &[crl])));
        assert_eq!(is_good, wanted, "{what}: {said}");
    }
}

/// The one finding of pkilint that is none: its URL reader knows a fixed list of schemes, and `spiffe` is not on it.
const EXEMPT: &str = "pkix.invalid_uri_syntax";

/// The codes that a linter of pkilint finds, warnings and above.
fn findings(linter: &str, words: &[&str], files: &[&Path]) -> Vec<String> {
    let mut command = Command::new(linter);
    command.arg("lint").args(words).args(["-s", "WARNING", "-f", "CSV"]).args(files);
    let (_, said) = run(&mut command);
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("node_path,validator,severity,code,message"), "{said}");
    let code = |line: &str| line.split(',').nth(3).unwrap_or(line).to_owned();
    lines.filter(|line| !line.is_empty()).map(code).collect()
}

#[test]
fn pkilint_finds_nothing_but_the_one_exempted() {
    if !is_there("lint_pkix_cert", "--help") {
        return;
    }
    let (practice, files) = (Practice::new(1), Files::new());
    let root = files.certificates("root", &[practice.root.certificate()]);
    let issuing = files.certificates("issuing", &[practice.issuing.certificate()]);
    for authority in [&root, &issuing] {
        assert_eq!(findings("lint_pkix_cert", &[], &[authority]), Vec::<String>::new());
    }
    let pair = "lint_pkix_signer_signee_cert_chain";
    assert_eq!(findings(pair, &[], &[&root, &issuing]), Vec::<String>::new());
    for (purpose, _) in PURPOSES {
        let certificate = practice.issuing.issue(purpose, key(99).public(), serial(99), NOW).unwrap();
        let leaf = files.certificates("leaf", &[&certificate]);
        assert_eq!(findings("lint_pkix_cert", &[], &[&leaf]), [EXEMPT], "{purpose:?}");
        assert_eq!(findings(pair, &[], &[&issuing, &leaf]), Vec::<String>::new(), "{purpose:?}");
    }
    let every_reason =
        (90..).zip(Reason::ALL).map(|(number, reason)| Revoked { reason, ..revoked(number, NOW) });
    let every_reason: Vec<_> = every_reason.collect();
    for crl in [
        practice.issuing.crl(1, &[], NOW).unwrap(),
        practice.issuing.crl(2, &every_reason, NOW).unwrap(),
        practice.issuing.last_crl(3, &[], NOW).unwrap(),
        practice.root.crl(1, &[], NOW).unwrap(),
    ] {
        let file = files.crls("crl", &[&crl]);
        assert_eq!(findings("lint_crl", &["-t", "CRL", "-p", "PKIX"], &[&file]), Vec::<String>::new());
    }
    assert_eq!(Profile::ALL.len(), PURPOSES.len() + 2, "every profile was looked at");
}
