//! Both halves against each other, and against everybody in between.

use model::{BookId, InvitationId, PersonId, Role, Sha256Digest, Timestamp};
use zeroize::Zeroizing;

use super::*;
use crate::invitation::{DecoySecret, InvitationKeys, Secret};
use crate::testing::{DEVICE, NOW, Practice, golden, key, serial};
use crate::{Invitation, PublicKey, Purpose, Typed};

const CONNECTION: Exporter = [0xe1; 32];

fn device() -> Device {
    Device {
        label: "静安店收银台".to_owned(),
        platform: "linux x86_64".to_owned(),
        language: "zh-CN".to_owned(),
    }
}

fn welcome() -> Welcome {
    Welcome {
        person: PersonId::from_bytes([1; 16]),
        person_name: "王芳".to_owned(),
        role: Role::Client,
        practice_name: "某某事务所".to_owned(),
        books: vec![WelcomeBook { id: BookId::from_bytes([2; 16]), name: "静安面馆".to_owned() }],
        book_count: 1,
    }
}

fn typed(invitation: Invitation) -> Typed {
    Typed::Word(invitation)
}

fn by_code(practice: &Practice) -> Typed {
    Typed::parse(&practice.invitation().code()).unwrap()
}

fn device_keys() -> DeviceKeys {
    DeviceKeys { tls: key(170), signing: key(171) }
}

/// The gateway's answer to a Hello.
fn offer(practice: &Practice, hello: &[u8], exporter: &Exporter) -> (GatewayEnrolment, Vec<u8>) {
    let hello = Hello::read(hello).unwrap();
    let keys = practice.invitation().keys();
    GatewayEnrolment::offer_with(hello, exporter, keys, &[&practice.record], NOW, &[0x77; 16]).unwrap()
}

/// A companion that has had its Offer, and the gateway that waits for it.
fn offered<'a>(practice: &Practice, invitation: &'a Typed) -> (Offered<'a>, GatewayEnrolment) {
    let companion = CompanionEnrolment::start_with(invitation, [0x33; 16]);
    let (gateway, offer) = offer(practice, companion.hello(), &CONNECTION);
    (companion.offer(&CONNECTION, &practice.presented(), &offer).unwrap(), gateway)
}

fn bind(practice: &Practice, tls: &PublicKey, signing: &PublicKey) -> Binding {
    Binding {
        device: DEVICE,
        tls: practice.issuing.issue(Purpose::Device(DEVICE), tls, serial(170), NOW).unwrap(),
        signing: practice.issuing.issue(Purpose::Signer(DEVICE), signing, serial(171), NOW).unwrap(),
        issuing: practice.issuing.certificate().clone(),
        check_nonce: [0x44; 16],
    }
}

fn nobody(_: &Sha256Digest) -> bool {
    false
}

fn status(refused: Result<Requested, Refusal>) -> (Status, Vec<u8>) {
    match refused {
        Err(Refusal::Refused { status, reply, .. }) => (status, reply),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("the request was taken"),
    }
}

fn enrol(practice: &Practice, invitation: &Typed) -> Box<Enrolled> {
    let (offered, gateway) = offered(practice, invitation);
    assert_eq!(offered.trust(), &practice.trust);
    assert_eq!(offered.time(), NOW);
    let (awaiting, request) = offered.request(&device_keys(), &device()).unwrap();
    let requested = gateway.request(&request, Standing::Open, &nobody).unwrap();
    assert!(!requested.is_again());
    assert_eq!(requested.device(), &device());
    let binding = bind(practice, requested.tls_key(), requested.signing_key());
    let digits = requested.digits(practice.root.practice(), &binding.check_nonce);
    let reply = requested.accept(&binding, &practice.bundle_bytes(), &welcome()).unwrap();
    let Outcome::Enrolled(enrolled) = awaiting.reply(&reply, NOW).unwrap() else { panic!() };
    assert_eq!(enrolled.digits, digits, "both sides show the same digits");
    enrolled
}

#[test]
fn a_device_enrols_with_the_word_and_with_the_code() {
    let practice = Practice::new(1);
    for invitation in [typed(practice.invitation()), by_code(&practice)] {
        let enrolled = enrol(&practice, &invitation);
        assert_eq!(enrolled.device, DEVICE);
        assert_eq!(enrolled.pin(), practice.pin());
        assert_eq!(enrolled.welcome, welcome());
        assert_eq!(enrolled.bundle, practice.bundle());
        assert_eq!(enrolled.bundle_bytes, practice.bundle_bytes());
        assert_eq!(enrolled.tls_chain.len(), 2);
        assert_eq!(*enrolled.tls_chain[0].public_key(), *key(170).public());
        assert_eq!(*enrolled.signing_chain[0].public_key(), *key(171).public());
        crate::tls::companion_config(
            &enrolled.trust,
            &enrolled.tls_chain[0],
            &key(170),
            &crate::testing::clock(NOW),
        )
        .unwrap();
    }
}

#[test]
fn the_exchange_is_the_golden_one() {
    let hex = model::digest::hex::encode;
    let practice = Practice::new(1);
    let invitation = typed(practice.invitation());
    let companion = CompanionEnrolment::start_with(&invitation, [0x33; 16]);
    let hello = companion.hello().to_vec();
    let context = companion.exporter_context();
    let (gateway, offer) = offer(&practice, &hello, &CONNECTION);
    let offered = companion.offer(&CONNECTION, &practice.presented(), &offer).unwrap();
    let (awaiting, request) = offered.request(&device_keys(), &device()).unwrap();
    let requested = gateway.request(&request, Standing::Open, &nobody).unwrap();
    let binding = bind(&practice, requested.tls_key(), requested.signing_key());
    let reply = requested.accept(&binding, &practice.bundle_bytes(), &welcome()).unwrap();
    let Outcome::Enrolled(enrolled) = awaiting.reply(&reply, NOW).unwrap() else { panic!() };
    golden(
        "enrolment.txt",
        &[
            ("exporter", hex(&CONNECTION)),
            ("hello", hex(&hello)),
            ("exporter context", hex(&context)),
            ("offer", hex(&offer)),
            ("request", hex(&request)),
            ("reply", hex(&reply)),
            ("digits", enrolled.digits.to_string()),
        ],
    );
}

/// The golden values once more, computed by other people's code from `format.md`.
#[test]
fn a_second_language_computes_the_same_values() {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/check.py");
    match std::process::Command::new("python3").arg(&script).output() {
        Ok(run) => assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr)),
        Err(_) => eprintln!("SKIPPED: a_second_language_computes_the_same_values, there is no python3"),
    }
}

#[test]
fn the_exporter_of_a_real_connection_binds_both_sides() {
    let practice = Practice::new(1);
    let invitation = typed(practice.invitation());
    let companion = CompanionEnrolment::start(&invitation).unwrap();
    let context = companion.exporter_context();
    assert_eq!(Hello::read(companion.hello()).unwrap().exporter_context(), context);
    assert_eq!(EXPORTER_LABEL, b"EXPORTER-counterfoil-enrol-v1");
    let other = CompanionEnrolment::start(&invitation).unwrap();
    assert_ne!(other.exporter_context(), context, "every Hello has its nonce");
}

#[test]
fn a_wrong_secret_ends_at_the_offer() {
    let practice = Practice::new(1);
    let mut invitation = practice.invitation();
    invitation.secret = Secret::from_bytes(Zeroizing::new([8; 11])).unwrap();
    let invitation = typed(invitation);
    let companion = CompanionEnrolment::start(&invitation).unwrap();
    let (_, offer) = offer(&practice, companion.hello(), &CONNECTION);
    let refused = companion.offer(&CONNECTION, &practice.presented(), &offer).err();
    assert!(matches!(refused, Some(EnrolError::UnprovenGateway)));
}

/// Method: the man in the middle passes every message on; his two connections have two exporters.
#[test]
fn a_man_in_the_middle_has_another_exporter() {
    let practice = Practice::new(1);
    for invitation in [typed(practice.invitation()), by_code(&practice)] {
        let companion = CompanionEnrolment::start(&invitation).unwrap();
        let (_, offer) = offer(&practice, companion.hello(), &[0xe2; 32]);
        let refused = companion.offer(&CONNECTION, &practice.presented(), &offer).err();
        assert!(matches!(refused, Some(EnrolError::UnprovenGateway)));
    }
}

#[test]
fn a_man_in_the_middle_with_a_practice_of_his_own_is_another_practice() {
    let (practice, middle) = (Practice::new(1), Practice::new(2));
    let word = typed(practice.invitation());
    for presented in [middle.presented(), practice.presented()] {
        let companion = CompanionEnrolment::start(&word).unwrap();
        let (_, forged) = offer(&middle, companion.hello(), &CONNECTION);
        let refused = companion.offer(&CONNECTION, &presented, &forged).err();
        assert!(matches!(refused, Some(EnrolError::OtherPractice)));
    }
    // His chain under the true records.
    let companion = CompanionEnrolment::start(&word).unwrap();
    let (_, true_offer) = offer(&practice, companion.hello(), &CONNECTION);
    let refused = companion.offer(&CONNECTION, &middle.presented(), &true_offer).err();
    assert!(matches!(refused, Some(EnrolError::OtherPractice)));
    // The code has no pin: there the proof says it.
    let code = by_code(&practice);
    let companion = CompanionEnrolment::start(&code).unwrap();
    let hello = Hello::read(companion.hello()).unwrap();
    let guessed = InvitationKeys::derive(&Secret::random().unwrap(), hello.id, &middle.pin());
    let (_, forged) = GatewayEnrolment::offer(hello, &CONNECTION, guessed, &[&middle.record], NOW).unwrap();
    let refused = companion.offer(&CONNECTION, &middle.presented(), &forged).err();
    assert!(matches!(refused, Some(EnrolError::UnprovenGateway)));
}

/// A Request made on one connection is worth nothing on another, nor a second time.
#[test]
fn a_request_cannot_be_relayed_or_replayed() {
    let practice = Practice::new(1);
    let invitation = typed(practice.invitation());
    let (companion, _) = offered(&practice, &invitation);
    let (_, request) = companion.request(&device_keys(), &device()).unwrap();
    let hello = CompanionEnrolment::start_with(&invitation, [0x33; 16]).hello().to_vec();
    let (relayed, _) = offer(&practice, &hello, &[0xe2; 32]);
    assert_eq!(status(relayed.request(&request, Standing::Open, &nobody)).0, Status::WrongProof);
    // The same connection cannot be had twice; even so, another nonce makes another transcript.
    let keys = practice.invitation().keys();
    let hello = Hello::read(&hello).unwrap();
    let (replayed, _) = GatewayEnrolment::offer(hello, &CONNECTION, keys, &[&practice.record], NOW).unwrap();
    assert_eq!(status(replayed.request(&request, Standing::Open, &nobody)).0, Status::WrongProof);
}

/// Method: a companion that knows the secret signs with other keys than it names, or names the same one twice.
#[test]
fn keys_that_do_not_sign_or_are_not_two_are_refused() {
    let practice = Practice::new(1);
    let invitation = typed(practice.invitation());
    let attempt = |named: [&PublicKey; 2], signs: &DeviceKeys, registered: &dyn Fn(&Sha256Digest) -> bool| {
        let companion = CompanionEnrolment::start(&invitation).unwrap();
        let (gateway, offer) = offer(&practice, companion.hello(), &CONNECTION);
        let (offer_body, server_mac) = messages::read_offer(&offer).unwrap();
        let offer_hash = transcript::offer_hash(&CONNECTION, companion.hello(), offer_body);
        let body = messages::write_request_body(named[0], named[1], &device()).unwrap();
        let hash = transcript::request_hash(&offer_hash, &server_mac, &body);
        let pops = [
            signs.tls.sign_es256(&transcript::tls_proof(&hash)).unwrap(),
            signs.signing.sign_es256(&transcript::signing_proof(&hash)).unwrap(),
        ];
        let mac = transcript::client_mac(&practice.invitation().keys(), &hash, &pops);
        let request = messages::enclose(&[&body, &pops[0], &pops[1], &mac]);
        match gateway.request(&request, Standing::Open, registered) {
            Ok(_) => Status::Bound,
            refused => status(refused).0,
        }
    };
    let (keys, other) = (device_keys(), DeviceKeys { tls: key(180), signing: key(181) });
    let named = [keys.tls.public(), keys.signing.public()];
    assert_eq!(attempt(named, &keys, &nobody), Status::Bound);
    assert_eq!(attempt(named, &other, &nobody), Status::BadKeys);
    assert_eq!(attempt([named[1], named[0]], &keys, &nobody), Status::BadKeys);
    let same = DeviceKeys { tls: key(170), signing: key(170) };
    assert_eq!(attempt([named[0], named[0]], &same, &nobody), Status::BadKeys);
    for burnt in named.map(PublicKey::key_hash) {
        assert_eq!(attempt(named, &keys, &|hash| *hash == burnt), Status::BadKeys);
    }
}

/// A Request that proves everything, over a body that says whatever the caller writes behind the keys.
fn proven(
    practice: &Practice,
    members: u64,
    more: &dyn Fn(&mut crate::codec::Writer),
) -> Result<Requested, Refusal> {
    let (invitation, keys) = (typed(practice.invitation()), device_keys());
    let companion = CompanionEnrolment::start(&invitation).unwrap();
    let (gateway, offer) = offer(practice, companion.hello(), &CONNECTION);
    let (offer_body, server_mac) = messages::read_offer(&offer).unwrap();
    let offer_hash = transcript::offer_hash(&CONNECTION, companion.hello(), offer_body);
    let mut out = crate::codec::Writer::default();
    out.map(usize::try_from(3 + members).unwrap()).uint(0).uint(1);
    out.uint(1).bytes(keys.tls.spki_der()).uint(2).bytes(keys.signing.spki_der());
    more(&mut out);
    let body = out.finish();
    let hash = transcript::request_hash(&offer_hash, &server_mac, &body);
    let pops = [
        keys.tls.sign_es256(&transcript::tls_proof(&hash)).unwrap(),
        keys.signing.sign_es256(&transcript::signing_proof(&hash)).unwrap(),
    ];
    let mac = transcript::client_mac(&practice.invitation().keys(), &hash, &pops);
    gateway.request(&messages::enclose(&[&body, &pops[0], &pops[1], &mac]), Standing::Open, &nobody)
}

#[test]
fn whatever_else_a_request_asks_for_it_gets_two_certificates_of_their_profiles() {
    let practice = Practice::new(1);
    let texts = |out: &mut crate::codec::Writer| {
        out.uint(3).text("x").uint(4).text("x").uint(5).text("en");
    };
    let plain = proven(&practice, 3, &texts).unwrap();
    // Members that no version has: an authority, names, a role, a life.
    let asking = proven(&practice, 7, &|out| {
        texts(out);
        out.uint(6).bytes(&[0x30, 0x03, 0x01, 0x01, 0xff]).uint(7).text("spiffe://x/gateway");
        out.uint(8).text("admin").uint(9).uint(u64::MAX);
    });
    let asking = asking.unwrap();
    assert_eq!((asking.tls_key(), asking.device()), (plain.tls_key(), plain.device()));
    let bound = |requested: &Requested| bind(&practice, requested.tls_key(), requested.signing_key());
    assert_eq!(bound(&asking).tls, bound(&plain).tls, "only keys are taken");
    let purpose = bound(&asking).tls.purpose(practice.root.practice());
    assert_eq!(purpose, Ok(Purpose::Device(DEVICE)));
}

#[test]
fn a_label_beyond_its_bound_is_no_request_however_well_it_is_proven() {
    let practice = Practice::new(1);
    let with = |label: usize, platform: usize, language: usize| {
        proven(&practice, 3, &|out| {
            out.uint(3).text(&"x".repeat(label)).uint(4).text(&"x".repeat(platform));
            out.uint(5).text(&"x".repeat(language));
        })
    };
    assert!(with(64, 32, 16).is_ok());
    for (label, platform, language) in [(65, 32, 16), (64, 33, 16), (64, 32, 17), (8000, 1, 1)] {
        assert!(matches!(with(label, platform, language), Err(Refusal::Malformed(_))));
    }
}

#[test]
fn keys_off_the_curve_are_refused() {
    let practice = Practice::new(1);
    let invitation = typed(practice.invitation());
    let (companion, gateway) = offered(&practice, &invitation);
    let (_, request) = companion.request(&device_keys(), &device()).unwrap();
    // Bent after it was proven: the proof says so first.
    let at = request.windows(4).position(|four| four == [0x03, 0x42, 0x00, 0x04]).unwrap();
    let mut bent = request.clone();
    bent[at + 10] ^= 1;
    assert_eq!(status(gateway.request(&bent, Standing::Open, &nobody)).0, Status::WrongProof);
}

#[test]
fn a_lost_reply_gives_the_same_certificates_again() {
    let practice = Practice::new(1);
    let invitation = typed(practice.invitation());
    let first = enrol(&practice, &invitation);
    let taken_by = TakenBy { at: NOW, label: "x".to_owned() };
    let standing = Standing::Bound {
        tls_key: key(170).key_hash(),
        signing_key: key(171).key_hash(),
        taken_by: &taken_by,
    };
    let (companion, gateway) = offered(&practice, &invitation);
    let (awaiting, request) = companion.request(&device_keys(), &device()).unwrap();
    // By now the keys are registered: that must not refuse them.
    let requested = gateway.request(&request, standing, &|_| true).unwrap();
    assert!(requested.is_again());
    let binding = bind(&practice, requested.tls_key(), requested.signing_key());
    let reply = requested.accept(&binding, &practice.bundle_bytes(), &welcome()).unwrap();
    let Outcome::Enrolled(again) = awaiting.reply(&reply, NOW).unwrap() else { panic!() };
    assert_eq!(again.tls_chain, first.tls_chain);
    assert_eq!(again.signing_chain, first.signing_chain);
    assert_eq!(again.digits, first.digits);
}

#[test]
fn the_loser_of_a_race_learns_who_was_first() {
    let practice = Practice::new(1);
    let invitation = typed(practice.invitation());
    let taken_by = TakenBy { at: NOW, label: "另一台电脑".to_owned() };
    let (tls_key, signing_key) = (key(190).key_hash(), key(191).key_hash());
    let standing = Standing::Bound { tls_key, signing_key, taken_by: &taken_by };
    let (companion, gateway) = offered(&practice, &invitation);
    let (awaiting, request) = companion.request(&device_keys(), &device()).unwrap();
    let (found, reply) = status(gateway.request(&request, standing, &nobody));
    assert_eq!(found, Status::Taken);
    let Outcome::Refused { status, taken_by: told, .. } = awaiting.reply(&reply, NOW).unwrap() else {
        panic!()
    };
    assert_eq!((status, told), (Status::Taken, Some(taken_by.clone())));
    // The same when the race was lost between the proof and the binding.
    let (companion, gateway) = offered(&practice, &invitation);
    let (awaiting, request) = companion.request(&device_keys(), &device()).unwrap();
    let requested = gateway.request(&request, Standing::Open, &nobody).unwrap();
    let reply = requested.refuse_taken(&taken_by).unwrap();
    assert!(matches!(awaiting.reply(&reply, NOW), Ok(Outcome::Refused { status: Status::Taken, .. })));
}

#[test]
fn a_standing_is_told_only_to_who_has_proven_the_secret() {
    let practice = Practice::new(1);
    let invitation = typed(practice.invitation());
    let standings = [
        (Standing::Expired, Status::Expired),
        (Standing::Revoked, Status::Revoked),
        (Standing::Locked, Status::Locked),
        (Standing::Unknown, Status::WrongProof),
    ];
    for (standing, wanted) in standings {
        let (companion, gateway) = offered(&practice, &invitation);
        let (awaiting, request) = companion.request(&device_keys(), &device()).unwrap();
        let (found, reply) = status(gateway.request(&request, standing, &nobody));
        assert_eq!(found, wanted);
        let told = awaiting.reply(&reply, NOW).unwrap();
        assert!(matches!(told, Outcome::Refused { status, .. } if status == wanted));
        let (companion, gateway) = offered(&practice, &invitation);
        let (_, mut unproven) = companion.request(&device_keys(), &device()).unwrap();
        *unproven.last_mut().unwrap() ^= 1;
        assert_eq!(status(gateway.request(&unproven, standing, &nobody)).0, Status::WrongProof);
    }
}

#[test]
fn an_unknown_number_gets_an_offer_of_the_same_size_and_the_same_failure() {
    let practice = Practice::new(1);
    let invitation = typed(practice.invitation());
    let companion = CompanionEnrolment::start(&invitation).unwrap();
    let (_, known) = offer(&practice, companion.hello(), &CONNECTION);
    let decoys = DecoySecret::random().unwrap();
    let hello = Hello::read(companion.hello()).unwrap();
    let decoy = InvitationKeys::decoy(&decoys, hello.id);
    assert_eq!(decoy.expose(), InvitationKeys::decoy(&decoys, hello.id).expose());
    let other = InvitationId::new(7).unwrap();
    assert_ne!(decoy.expose(), InvitationKeys::decoy(&decoys, other).expose());
    let (gateway, unknown) =
        GatewayEnrolment::offer(hello, &CONNECTION, decoy, &[&practice.record], NOW).unwrap();
    assert_eq!(known.len(), unknown.len());
    // A prober does not look at mac_s and sends a Request all the same: a wrong proof, as for a known number.
    let (prober, known_gateway) = offered(&practice, &invitation);
    let (_, mut request) = prober.request(&device_keys(), &device()).unwrap();
    *request.last_mut().unwrap() ^= 1;
    let (status_unknown, reply_unknown) = status(gateway.request(&request, Standing::Unknown, &nobody));
    let (status_known, reply_known) = status(known_gateway.request(&request, Standing::Open, &nobody));
    assert_eq!(status_unknown, status_known);
    assert_eq!(reply_unknown.len(), reply_known.len());
}

#[test]
fn a_bent_message_is_refused_on_both_sides_and_never_panics() {
    let practice = Practice::new(1);
    let invitation = typed(practice.invitation());
    let hello = CompanionEnrolment::start_with(&invitation, [0x33; 16]).hello().to_vec();
    let (_, good) = offer(&practice, &hello, &CONNECTION);
    for at in 0..good.len() {
        let mut bent = good.clone();
        bent[at] ^= 1 << (at % 8);
        let companion = CompanionEnrolment::start_with(&invitation, [0x33; 16]);
        assert!(companion.offer(&CONNECTION, &practice.presented(), &bent).is_err(), "offer byte {at}");
    }
    let (companion, _) = offered(&practice, &invitation);
    let (_, request) = companion.request(&device_keys(), &device()).unwrap();
    for at in 0..request.len() {
        let mut bent = request.clone();
        bent[at] ^= 1 << (at % 8);
        let (gateway, _) = offer(&practice, &hello, &CONNECTION);
        assert!(gateway.request(&bent, Standing::Open, &nobody).is_err(), "request byte {at}");
    }
    for at in 0..hello.len() {
        let _ = Hello::read(&hello[..at]);
    }
}

#[test]
fn a_bent_reply_or_one_with_other_certificates_is_refused() {
    let practice = Practice::new(1);
    let invitation = typed(practice.invitation());
    let run = |make: &dyn Fn(&Requested) -> Vec<u8>, now: Timestamp| {
        let (companion, gateway) = offered(&practice, &invitation);
        let (awaiting, request) = companion.request(&device_keys(), &device()).unwrap();
        let requested = gateway.request(&request, Standing::Open, &nobody).unwrap();
        awaiting.reply(&make(&requested), now)
    };
    let binding = bind(&practice, key(170).public(), key(171).public());
    let good =
        |requested: &Requested| requested.accept(&binding, &practice.bundle_bytes(), &welcome()).unwrap();
    assert!(run(&good, NOW).is_ok());
    let bent = |requested: &Requested| {
        let mut reply = good(requested);
        *reply.last_mut().unwrap() ^= 1;
        reply
    };
    assert!(matches!(run(&bent, NOW), Err(EnrolError::UnprovenGateway)));
    // The gateway itself errs: certificates of another practice, of other devices, swapped, or out of time.
    let stranger = Practice::new(2);
    let foreign = bind(&stranger, key(170).public(), key(171).public());
    let other = |binding: &Binding| {
        run(&|requested| requested.accept(binding, &practice.bundle_bytes(), &welcome()).unwrap(), NOW)
    };
    assert!(matches!(other(&foreign), Err(EnrolError::Certificate(_))));
    let misnamed = Binding { device: model::DeviceId::from_bytes([9; 16]), ..binding.clone() };
    assert!(matches!(other(&misnamed), Err(EnrolError::Certificate(_))));
    let foreign_bundle =
        |requested: &Requested| requested.accept(&binding, &stranger.bundle_bytes(), &welcome()).unwrap();
    assert!(matches!(run(&foreign_bundle, NOW), Err(EnrolError::Trust(_) | EnrolError::OtherPractice)));
    let late = NOW.plus_seconds(100 * 24 * 3600);
    assert!(matches!(run(&good, late), Err(EnrolError::Certificate(_))));
    let (companion, gateway) = offered(&practice, &invitation);
    let (_, request) = companion.request(&device_keys(), &device()).unwrap();
    let requested = gateway.request(&request, Standing::Open, &nobody).unwrap();
    let swapped = bind(&practice, key(171).public(), key(170).public());
    assert!(requested.accept(&swapped, &practice.bundle_bytes(), &welcome()).is_err());
}

#[test]
fn texts_and_books_are_bounded() {
    let practice = Practice::new(1);
    let invitation = typed(practice.invitation());
    for long in [
        Device { label: "长".repeat(22), ..device() },
        Device { platform: "x".repeat(33), ..device() },
        Device { language: "x".repeat(17), ..device() },
    ] {
        let (companion, _) = offered(&practice, &invitation);
        assert!(companion.request(&device_keys(), &long).is_err());
    }
    let (companion, gateway) = offered(&practice, &invitation);
    let (_, request) = companion.request(&device_keys(), &device()).unwrap();
    let requested = gateway.request(&request, Standing::Open, &nobody).unwrap();
    let binding = bind(&practice, requested.tls_key(), requested.signing_key());
    let book = WelcomeBook { id: BookId::from_bytes([2; 16]), name: "长".repeat(66) };
    let mut full = Welcome {
        person_name: "名".repeat(66),
        practice_name: "所".repeat(66),
        books: vec![book.clone(); BOOKS_MAX],
        book_count: 4000,
        ..welcome()
    };
    let longest = requested.accept(&binding, &vec![0; crate::bundle::BUNDLE_BYTES_MAX], &full);
    assert!(longest.unwrap().len() <= model::limits::ENROL_MESSAGE_BYTES_MAX);
    full.books.push(book);
    assert!(requested.accept(&binding, &practice.bundle_bytes(), &full).is_err());
}

#[test]
fn digits_are_read_as_shown() {
    let digits = CheckDigits::parse("1234 5678").unwrap();
    assert_eq!(digits.to_string(), "1234 5678");
    for typed in ["12345678", "1234-5678", "１２３４ ５６７８", " 12 34 56 78 "] {
        assert_eq!(CheckDigits::parse(typed), Ok(digits));
    }
    assert_eq!(CheckDigits::parse("0000 0042").unwrap().to_string(), "0000 0042");
    for wrong in ["", "1234567", "123456789", "1234567a", "-1234567"] {
        assert!(CheckDigits::parse(wrong).is_err(), "{wrong}");
    }
}

#[path = "cddl_tests.rs"]
mod cddl;
