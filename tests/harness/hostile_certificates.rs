//! The hostile certificates: one generator for all, each with what the gateway must say of it in its log. What the
//! peer must be told is one and the same, so it stands nowhere here.

use std::sync::Arc;

use certs::admission::Refused;
use certs::{Certificate, CertificateFault as Fault, IssuingAuthority, PrivateKey, Purpose, Root};
use model::{DeviceId, PracticeId, Timestamp};
use rustls::sign::SigningKey;

use crate::der::{self, integer, name, oid, sequence, tlv};
use crate::draft::{
    ANY_USAGE, AUTHORITY_KEY, CLIENT_AUTH, CONSTRAINTS, CONTENT_COMMITMENT, DIGITAL_SIGNATURE,
    DOCUMENT_SIGNING, Draft, EXTENDED, Extension, KEY_CERT_SIGN, KEY_ENCIPHERMENT, KEY_USAGE, NAMES,
    SERVER_AUTH, SUBJECT_KEY, usages,
};

/// What the hostile have: the issuing authority itself, and an enrolled device's keys. No thief has more.
pub struct Stolen {
    /// The issuing authority.
    pub issuing: IssuingAuthority,
    /// The practice's root certificate: anybody sees it.
    pub root: Certificate,
    /// An enrolled device.
    pub device: DeviceId,
    /// Its certificate for TLS.
    pub leaf: Certificate,
    /// The key to that.
    pub key: PrivateKey,
    /// Its certificate for statements.
    pub signer: Certificate,
    /// Another enrolled device.
    pub other: DeviceId,
    /// The time.
    pub now: Timestamp,
}

/// What is shown, and what the gateway must say of it.
pub struct Hostile {
    /// The number of the case and what is wrong.
    pub what: &'static str,
    /// What is shown, the leaf first.
    pub chain: Vec<Vec<u8>>,
    /// What signs the handshake.
    pub key: Arc<dyn SigningKey>,
    /// Why it is refused.
    pub rule: Refused,
}

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// RSA-1024, P-521 and Ed25519, and P-256 with its curve spelt out: public keys that OpenSSL made.
const RSA_1024: &str = "30819f300d06092a864886f70d010101050003818d0030818902818100c634933ba7b2a7420565e93642653c7c\
     5ad83570e9d1acf5f84f6d0acae7620bd6c1ffea471c0cdc825653a9d0a3512c85ce1e02e7bd00a2a3321b2332a463fbea645620b49\
     34ed0829762c709366d41f473f721bbfba42cabd5e27c9f3efc75b16235a6bb0860e5cb464119e001e68168754229432c4bfc8c57fb\
     0325206b330203010001";
const P521: &str = "30819b301006072a8648ce3d020106052b810400230381860004009818274634f16e13a71a40a24f6d3723fb0712ac29\
     a21fec6b6ce58d471ddfc29afb55e678a863bc773254f257a45b6dba9e0d24691de8108a05b357624cda076600e095a36345eb71731\
     a4b20a859206dc993acd2b944ad9f927a2165e4c491df65bc618acb42d5a07383863870a18a726fa61134a7e3a8f52e0c006b5fdcb6\
     098b19";
const ED25519: &str =
    "302a300506032b65700321005296c41525fb919f69f259e52f675b575ba202e724c8d36c709a72e8b9e854ab";
const EXPLICIT_CURVE: &str = "3082014b3082010306072a8648ce3d02013081f7020101302c06072a8648ce3d0101022100ffffffff0000\
     0001000000000000000000000000ffffffffffffffffffffffff305b0420ffffffff00000001000000000000000000000000fffffff\
     ffffffffffffffffc04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b031500c49d360886e70493\
     6a6678e1139d26b7819f7e900441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7\
     f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3\
     b9cac2fc63255102010103420004d76f52033474c108200982dc2a64286eb681c81cfad8a9eb1e56d32c95d8cb7999d4a79fd450050\
     1e0c734193ccfc485be8f968d592e60f5b55a1dd1e4a5edea";

/// The practice of the hostile, and a key of theirs.
struct Forge<'a> {
    stolen: &'a Stolen,
    practice: &'a PracticeId,
    own: PrivateKey,
    cases: Vec<Hostile>,
}

/// All cases.
///
/// # Panics
/// The machine gives no randomness.
pub fn all(stolen: &Stolen) -> Vec<Hostile> {
    let own = PrivateKey::generate().expect("a key");
    let mut forge = Forge { stolen, practice: stolen.issuing.practice(), own, cases: Vec::new() };
    forge.times();
    forge.usages();
    forge.authorities();
    forge.names();
    forge.registry();
    forge.encodings();
    forge.keys();
    forge.chains();
    forge.cases
}

impl Forge<'_> {
    /// A device's certificate of the hostile's own key: right in every field, and unknown to the registry.
    fn draft(&self) -> Draft {
        self.draft_for(Purpose::Device(self.stolen.device), &self.own)
    }

    fn draft_for(&self, purpose: Purpose, key: &PrivateKey) -> Draft {
        let issuer = self.stolen.issuing.certificate();
        Draft::new(self.practice, purpose, key.spki_der(), issuer, self.stolen.now)
    }

    fn sign(&self, draft: &Draft) -> Vec<u8> {
        draft.sign(self.stolen.issuing.held_key().expect("a key in memory"))
    }

    /// One certificate under the hostile's key.
    fn one(&mut self, what: &'static str, leaf: Vec<u8>, rule: Refused) {
        self.show(what, vec![leaf], rule);
    }

    /// One that the stolen authority has signed.
    fn signed(&mut self, what: &'static str, draft: &Draft, rule: Refused) {
        let leaf = self.sign(draft);
        self.one(what, leaf, rule);
    }

    fn bad(&mut self, what: &'static str, draft: &Draft, fault: Fault) {
        self.signed(what, draft, Refused::Certificate(fault));
    }

    fn show(&mut self, what: &'static str, chain: Vec<Vec<u8>>, rule: Refused) {
        let key = self.own.rustls_key().expect("a key for TLS");
        self.cases.push(Hostile { what, chain, key, rule });
    }

    /// One under a key of the device that was broken into.
    fn broken_into(&mut self, what: &'static str, leaf: Vec<u8>, rule: Refused) {
        let key = self.stolen.key.rustls_key().expect("a key for TLS");
        self.cases.push(Hostile { what, chain: vec![leaf], key, rule });
    }

    fn uri(&self) -> String {
        Purpose::Device(self.stolen.device).uri(self.practice)
    }

    fn times(&mut self) {
        let now = self.stolen.now;
        let life = |begin: Timestamp, end: Timestamp| [der::utc(begin), der::utc(end)];
        let lives = [
            ("1 expired 1 s", life(now.minus_seconds(90 * DAY), now.minus_seconds(1)), Refused::NotInForce),
            (
                "3 long expired",
                life(now.minus_seconds(300 * DAY), now.minus_seconds(210 * DAY)),
                Refused::NotInForce,
            ),
            ("4 future", life(now.plus_seconds(HOUR), now.plus_seconds(80 * DAY)), Refused::NotInForce),
            (
                "5 ends before it begins",
                life(now.plus_seconds(DAY), now.minus_seconds(DAY)),
                Refused::NotInForce,
            ),
            (
                "6 ten years",
                life(now.minus_seconds(DAY), now.plus_seconds(10 * YEAR)),
                Refused::Certificate(Fault::Validity),
            ),
            (
                "8 GeneralizedTime before 2050",
                [der::generalized(now.minus_seconds(DAY)), der::generalized(now.plus_seconds(80 * DAY))],
                Refused::Certificate(Fault::Validity),
            ),
        ];
        for (what, life, rule) in lives {
            self.signed(what, &self.draft().but(|draft| draft.life = life), rule);
        }
        // Anchored at issuing authorities: one that is over is none of them, whatever root it is under.
        let root = Root::create(now.minus_seconds(4 * YEAR)).expect("a root");
        let over =
            IssuingAuthority::create_under(&root, 1, now.minus_seconds(4 * YEAR)).expect("an authority");
        let leaf = self.draft().but(|draft| draft.issuer = name(over.certificate().common_name().as_bytes()));
        self.one(
            "7 issuer expired",
            leaf.sign(over.held_key().expect("a key in memory")),
            Refused::UnknownIssuer,
        );
    }

    fn usages(&mut self) {
        let draft = self.draft();
        for (what, extended) in [
            ("9 serverAuth", usages(&[SERVER_AUTH])),
            ("11 any usage", usages(&[ANY_USAGE])),
            ("12 documentSigning", usages(&[DOCUMENT_SIGNING])),
            ("13 client and server", usages(&[CLIENT_AUTH, SERVER_AUTH])),
            ("18 empty extended usage", usages(&[])),
        ] {
            self.bad(what, &draft.clone().with(EXTENDED, extended), Fault::ExtendedKeyUsage);
        }
        self.bad("10 no extended usage", &draft.clone().without(EXTENDED), Fault::ExtendedKeyUsage);
        self.bad("14 no key usage", &draft.clone().without(KEY_USAGE), Fault::KeyUsage);
        for (what, usage) in [
            ("15 keyEncipherment", KEY_ENCIPHERMENT),
            ("16 keyCertSign", KEY_CERT_SIGN),
            ("17 contentCommitment and clientAuth", CONTENT_COMMITMENT),
        ] {
            self.bad(what, &draft.clone().with(KEY_USAGE, tlv(0x03, &[usage])), Fault::KeyUsage);
        }
    }

    fn authorities(&mut self) {
        let authority = |length: &[u8]| sequence(&[&[0x01, 0x01, 0xff], length]);
        let draft = self.draft();
        self.bad(
            "19 an authority",
            &draft.clone().with(CONSTRAINTS, authority(&[])),
            Fault::BasicConstraints,
        );
        // A leaf under an intermediate that the stolen authority made.
        for (what, constraints, usage) in [
            ("20 below the path length", authority(&[0x02, 0x01, 0x00]), KEY_CERT_SIGN),
            ("21 intermediate that is no authority", sequence(&[]), KEY_CERT_SIGN),
            ("22 intermediate without keyCertSign", authority(&[]), DIGITAL_SIGNATURE),
        ] {
            let middle = PrivateKey::generate().expect("a key");
            let above = self
                .draft_for(Purpose::Device(self.stolen.device), &middle)
                .but(|draft| draft.subject = name(b"middle"))
                .with(CONSTRAINTS, constraints)
                .with(KEY_USAGE, tlv(0x03, &[usage]));
            let leaf = self.draft().but(|draft| draft.issuer = name(b"middle")).sign(&middle);
            let above = self.sign(&above);
            self.show(what, vec![leaf.clone(), above], Refused::ChainLength);
            self.one(what, leaf, Refused::UnknownIssuer);
        }
        let by_leaf = self.draft().but(|draft| draft.issuer = name(self.stolen.device.to_uuid().as_bytes()));
        let by_leaf = by_leaf.sign(&self.stolen.key);
        self.show(
            "23 leaf signs leaf",
            vec![by_leaf.clone(), self.stolen.leaf.der().to_vec()],
            Refused::ChainLength,
        );
        self.one("23 leaf signs leaf", by_leaf, Refused::UnknownIssuer);
        let itself = draft.clone().but(|draft| draft.issuer = draft.subject.clone()).sign(&self.own);
        self.one("24 self-signed", itself, Refused::UnknownIssuer);
        self.one("25 right name, other key", draft.sign(&self.own), Refused::BadSignature);
        let (root, now) = (Root::create(self.stolen.now).expect("a root"), self.stolen.now);
        let other = IssuingAuthority::create_under(&root, 1, now).expect("an authority");
        let serial = certs::Serial::random().expect("a number");
        let theirs = other.issue(Purpose::Device(self.stolen.device), self.own.public(), serial, now);
        self.one("26 other practice", theirs.expect("a certificate").der().to_vec(), Refused::UnknownIssuer);
        let next = name(format!("Counterfoil issuing {} i2", self.practice).as_bytes());
        let early = draft.but(|draft| draft.issuer = next).sign(&self.own);
        self.one("28 issuing authority that is not distributed yet", early, Refused::UnknownIssuer);
        let root = self.stolen.root.der().to_vec();
        self.one("29 root as leaf", root, Refused::Certificate(Fault::Names));
    }

    fn names(&mut self) {
        let (draft, uri) = (self.draft(), self.uri());
        let host = format!("spiffe://{}.counterfoil.internal", self.practice);
        self.bad("30 no alternative name", &draft.clone().without(NAMES), Fault::Names);
        self.bad("31 two URIs", &draft.clone().named(&[uri.as_bytes(), uri.as_bytes()]), Fault::Names);
        let other = Purpose::Device(self.stolen.other).uri(self.practice);
        self.bad("32 another device's URI", &draft.clone().named(&[other.as_bytes()]), Fault::Names);
        let whole = self.draft_for(Purpose::Device(self.stolen.other), &self.own);
        self.signed("32 another device's names", &whole, Refused::Unregistered);
        let foreign = uri.replacen(self.practice.as_str(), "aaaaaaaaaaaaaaaa", 1);
        let escaped = uri.replacen("device", "%64evice", 1);
        let (slash, up) = (format!("{uri}/"), format!("{uri}/../{}", self.stolen.other.to_uuid()));
        let nul = format!("{uri}\0.evil");
        for (what, name) in [
            ("33 other practice's name", foreign.as_bytes()),
            ("34 percent-encoding", escaped.as_bytes()),
            ("35 upper case", uri.to_uppercase().as_bytes()),
            ("36 trailing slash", slash.as_bytes()),
            ("36 dots", up.as_bytes()),
            ("37 NUL", nul.as_bytes()),
        ] {
            self.bad(what, &draft.clone().named(&[name]), Fault::Names);
        }
        let foreign = [host.as_bytes(), "/device/事务所".as_bytes()].concat();
        self.bad("38 not ASCII", &draft.clone().named(&[&foreign]), Fault::Names);
        let in_subject = draft.clone().without(NAMES).but(|draft| draft.subject = name(uri.as_bytes()));
        self.bad("39 identity in the subject alone", &in_subject, Fault::Names);
        // As much as TLS itself takes.
        let long = draft.clone().but(|draft| draft.subject = name(&[b'a'; 60_000]));
        self.bad("40 subject of 60,000 bytes", &long, Fault::Encoding);
        self.signed("41 same names, other key", &draft, Refused::Unregistered);
        let bidi = format!("{}\u{202e}", self.stolen.device.to_uuid());
        self.bad(
            "42 right-to-left mark in the subject",
            &draft.clone().but(|draft| draft.subject = name(bidi.as_bytes())),
            Fault::Names,
        );
        let gateway = Purpose::Gateway.uri(self.practice);
        self.bad(
            "43 the gateway's path",
            &draft.clone().named(&[gateway.as_bytes()]),
            Fault::ExtendedKeyUsage,
        );
        let signer = Purpose::Signer(self.stolen.device).uri(self.practice);
        self.bad("44 a signer's path", &draft.named(&[signer.as_bytes()]), Fault::KeyUsage);
    }

    fn registry(&mut self) {
        let device = Purpose::Device(self.stolen.device);
        let known = integer(self.stolen.leaf.serial());
        let again = self.sign(&self.draft_for(device, &self.stolen.key));
        self.signed(
            "45 unknown serial",
            &self.draft().but(|draft| draft.serial = integer(&[0x41; 16])),
            Refused::Unregistered,
        );
        self.signed(
            "46 known serial, other key",
            &self.draft().but(|draft| draft.serial = known.clone()),
            Refused::Unregistered,
        );
        self.broken_into("47 known key, other serial", again, Refused::Unregistered);
        // Of another moment: in the very second of the real one it would be the real one, for signatures are the same.
        let life =
            [der::utc(self.stolen.now.minus_seconds(HOUR)), der::utc(self.stolen.now.plus_seconds(DAY))];
        let same = self.draft_for(device, &self.stolen.key).but(|draft| {
            draft.serial = known;
            draft.life = life;
        });
        let same = self.sign(&same);
        self.broken_into("47 known key and serial, made again", same, Refused::Unregistered);
        let signer = self.stolen.signer.der().to_vec();
        self.one("52 the device's own signing certificate", signer, Refused::OtherPurpose);
        let leaf = self.stolen.leaf.der().to_vec();
        self.one("the device's certificate without its key", leaf, Refused::NotItsKey);
    }

    fn encodings(&mut self) {
        let draft = self.draft();
        let whole = self.sign(&draft);
        self.one(
            "not a certificate",
            b"-----BEGIN CERTIFICATE-----".to_vec(),
            Refused::Certificate(Fault::Encoding),
        );
        self.one("nothing", Vec::new(), Refused::Certificate(Fault::Encoding));
        self.one(
            "53 trailing bytes",
            [whole.as_slice(), b"\0"].concat(),
            Refused::Certificate(Fault::Encoding),
        );
        // One byte more for the length than DER allows, indefinite as well.
        let long = [&[0x30, 0x83, 0], &whole[2..]].concat();
        self.one("54 BER length", long, Refused::Certificate(Fault::Encoding));
        let endless = [&[0x30, 0x80], &whole[4..], &[0, 0]].concat();
        self.one("54 indefinite length", endless, Refused::Certificate(Fault::Encoding));
        let twice = draft.clone().but(|draft| {
            let again = draft.extensions[2].clone();
            draft.extensions.push(again);
        });
        self.bad("55 an extension twice", &twice, Fault::Extension);
        for (what, is_critical) in [("56 unknown critical extension", true), ("56 unknown extension", false)]
        {
            let unknown = Extension { id: vec![0x2a, 0x03, 0x04], is_critical, value: tlv(0x05, &[]) };
            self.bad(what, &draft.clone().but(|draft| draft.extensions.push(unknown)), Fault::Extension);
        }
        // RFC 5280 sections 4.2.1.1 and 4.2.1.2: never critical; ours are not in the other two either.
        for (what, id, fault) in [
            ("56 critical names", NAMES, Fault::Names),
            ("56 critical usage", EXTENDED, Fault::ExtendedKeyUsage),
            ("56 critical subject key identifier", SUBJECT_KEY, Fault::KeyIdentifier),
            ("56 critical authority key identifier", AUTHORITY_KEY, Fault::KeyIdentifier),
        ] {
            let critical = draft.clone().but(|draft| {
                draft.extensions.iter_mut().filter(|one| one.id == id).for_each(|one| one.is_critical = true);
            });
            self.bad(what, &critical, fault);
        }
        for (what, serial) in [
            ("57 negative serial", tlv(0x02, &[&[0xff; 16]])),
            ("57 serial zero", tlv(0x02, &[&[0]])),
            ("57 serial of 21 bytes", tlv(0x02, &[&[0x41; 21]])),
        ] {
            self.bad(what, &draft.clone().but(|draft| draft.serial = serial), Fault::Serial);
        }
        let first = draft.clone().but(|draft| {
            draft.version = None;
            draft.extensions.clear();
        });
        self.bad("58 version 1", &first, Fault::Encoding);
        let sha384 = sequence(&[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03])]);
        self.bad(
            "59 other algorithm inside",
            &draft.clone().but(|draft| draft.inner = sha384.clone()),
            Fault::Algorithm,
        );
        self.bad("59 other algorithm outside", &draft.but(|draft| draft.outer = sha384), Fault::Encoding);
    }

    fn keys(&mut self) {
        let draft = self.draft();
        let good = self.own.spki_der();
        let mut off = good.to_vec();
        *off.last_mut().expect("a key") ^= 1;
        let point = [&[2 + (good[90] & 1)], &good[27..59]].concat();
        let compressed = sequence(&[&good[2..23], &der::bits(&point)]);
        for (what, key) in [
            ("60 point off the curve", off),
            ("61 compressed point", compressed),
            ("62 explicit curve", unhex(EXPLICIT_CURVE)),
            ("63 RSA-1024", unhex(RSA_1024)),
            ("63 P-521", unhex(P521)),
            ("63 Ed25519", unhex(ED25519)),
        ] {
            self.bad(what, &draft.clone().but(|draft| draft.key = key), Fault::Key);
        }
    }

    fn chains(&mut self) {
        let (leaf, good) = (self.sign(&self.draft()), self.stolen.leaf.der().to_vec());
        let issuing = self.stolen.issuing.certificate().der().to_vec();
        let fifty = std::iter::once(leaf.clone()).chain(std::iter::repeat_n(issuing.clone(), 50)).collect();
        self.show("64 fifty intermediates", fifty, Refused::ChainLength);
        // Two authorities that certify each other.
        let (one, two) = (PrivateKey::generate().expect("a key"), PrivateKey::generate().expect("a key"));
        let cross = |subject: &[u8], key: &PrivateKey, issuer: &[u8], by: &PrivateKey| {
            let draft = self.draft_for(Purpose::Device(self.stolen.device), key);
            draft
                .but(|draft| (draft.subject, draft.issuer) = (name(subject), name(issuer)))
                .with(CONSTRAINTS, sequence(&[&[0x01, 0x01, 0xff]]))
                .with(KEY_USAGE, tlv(0x03, &[KEY_CERT_SIGN]))
                .sign(by)
        };
        let below = self.draft().but(|draft| draft.issuer = name(b"one")).sign(&one);
        let looped = vec![below, cross(b"one", &one, b"two", &two), cross(b"two", &two, b"one", &one)];
        self.show("65 two that certify each other", looped, Refused::ChainLength);
        self.show("66 the leaf twice", vec![good.clone(), good.clone()], Refused::ChainLength);
        self.show("67 the leaf not first", vec![issuing, good], Refused::ChainLength);
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|digit| digit.to_digit(16)?.try_into().ok()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
