//! Handshakes in memory, good and bad. What TLS lets through and must not come in is admission's to refuse.

use std::sync::atomic::Ordering;

use model::Timestamp;
use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};
use rustls::client::ResolvesClientCert;
use rustls::{AlertDescription, ClientConnection, Error, HandshakeKind, NamedGroup, ServerConnection};

use super::*;
use crate::admission::{Admission, Refused, Registered, Registry, Standing, admit};
use crate::testing::{DAY, DEVICE, NOW, Practice, clock, key};

struct Both {
    client: ClientConnection,
    server: ServerConnection,
}

#[derive(Debug)]
enum Failed {
    AtClient(Error),
    AtServer(Error),
}

/// Moves bytes until both sides are through, or one refuses.
fn handshake(client: ClientConfig, server: &Arc<ServerConfig>) -> Result<Both, Failed> {
    let name = ServerName::try_from("any.name").unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut server = ServerConnection::new(server.clone()).unwrap();
    for _ in 0..10 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets().map_err(Failed::AtServer)?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets().map_err(Failed::AtClient)?;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(Both { client, server })
}

fn server_at(practice: &Practice, now: Timestamp) -> Arc<ServerConfig> {
    let gateway = GatewayTls {
        certificate: &practice.gateway,
        key: &practice.gateway_key,
        issuing: practice.issuing.certificate(),
        cross: &[],
        root: practice.root.certificate(),
    };
    Arc::new(
        gateway_config(&gateway, Arc::new(devices(practice, Lists::Unasked, Arc::default())), &clock(now))
            .unwrap(),
    )
}

/// Lets in whom TLS lets in, and keeps why others are not.
#[derive(Default)]
struct Open(std::sync::Mutex<Vec<Refused>>, std::sync::atomic::AtomicUsize);

impl Door for Open {
    fn judge(&self, _: &[u8]) -> Result<(), Refused> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn refused(&self, why: Refused) {
        self.0.lock().unwrap().push(why);
    }
}

fn devices(practice: &Practice, lists: Lists<'_>, door: Arc<Open>) -> Devices {
    let issuing = [practice.issuing.certificate().clone()];
    Devices::new(practice.root.practice().clone(), &issuing, lists, door).unwrap()
}

fn server(practice: &Practice) -> Arc<ServerConfig> {
    server_at(practice, NOW)
}

fn client(practice: &Practice) -> ClientConfig {
    let (key, certificate) = practice.device();
    companion_config(&practice.trust, &certificate, &key, &clock(NOW)).unwrap()
}

/// Shows any bytes as a certificate.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn showing(practice: &Practice, chain: Vec<CertificateDer<'static>>, key: &PrivateKey) -> ClientConfig {
    let mut config = client(practice);
    config.client_auth_cert_resolver =
        Arc::new(Shows(Arc::new(CertifiedKey::new(chain, key.rustls_key().unwrap()))));
    config
}

struct Book(Vec<(Sha, Registered)>);
type Sha = model::Sha256Digest;

impl Registry for Book {
    fn find(&self, leaf: &Sha) -> Option<Registered> {
        self.0.iter().find(|(known, _)| known == leaf).map(|(_, registered)| *registered)
    }
}

fn admitted(both: &Both, practice: &Practice) -> Admission {
    let (_, certificate) = practice.device();
    let registered =
        Registered { device: DEVICE, standing: Standing::Active, grace_seconds: 14 * DAY, ends: None };
    let book = Book(vec![(certificate.fingerprint(), registered)]);
    let leaf = both.server.peer_certificates().and_then(|chain| chain.first()).map(|leaf| leaf.as_ref());
    admit(both.server.alpn_protocol(), leaf, practice.root.practice(), NOW, &book)
}

#[test]
fn a_device_and_its_gateway_shake_hands() {
    let practice = Practice::new(1);
    let both = handshake(client(&practice), &server(&practice)).unwrap();
    assert_eq!(admitted(&both, &practice), Admission::Main(DEVICE));
    assert_eq!(both.client.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    let group = both.client.negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), NamedGroup::X25519MLKEM768);
    assert_eq!(both.client.alpn_protocol(), Some(ALPN_MAIN));
    assert_eq!(both.client.peer_certificates().unwrap().len(), 2);
    assert_eq!(both.server.peer_certificates().unwrap().len(), 1);
    assert_eq!(both.server.server_name(), None, "no SNI goes out");
    let exporter = |label: &[u8]| {
        let ours = both.client.export_keying_material([0u8; 32], label, Some(b"x")).unwrap();
        (ours, both.server.export_keying_material([0u8; 32], label, Some(b"x")).unwrap())
    };
    let (ours, theirs) = exporter(crate::enrolment::EXPORTER_LABEL);
    assert_eq!(ours, theirs);
}

/// As `quinn` drives it: handshake bytes without records, transport parameters beside them.
#[test]
fn the_configurations_shake_hands_in_quic() {
    use rustls::quic::{self, Version};
    let practice = Practice::new(1);
    for (config, alpn) in [(client(&practice), ALPN_MAIN), (enrol_config(&clock(NOW)).unwrap(), ALPN_ENROL)] {
        let name = ServerName::try_from("any.name").unwrap();
        let mut client = quic::ClientConnection::new(Arc::new(config), Version::V1, name, vec![]).unwrap();
        let mut server = quic::ServerConnection::new(server(&practice), Version::V1, vec![]).unwrap();
        for _ in 0..20 {
            let mut wire = Vec::new();
            client.write_hs(&mut wire);
            server.read_hs(&wire).unwrap();
            wire.clear();
            server.write_hs(&mut wire);
            client.read_hs(&wire).unwrap();
        }
        assert!(!client.is_handshaking() && !server.is_handshaking());
        assert_eq!(server.alpn_protocol(), Some(alpn));
        assert_eq!(client.peer_certificates().unwrap().len(), if alpn == ALPN_ENROL { 3 } else { 2 });
    }
}

#[test]
fn no_session_is_ever_resumed() {
    let practice = Practice::new(1);
    let (server, config) = (server(&practice), client(&practice));
    for _ in 0..2 {
        let both = handshake(config.clone(), &server).unwrap();
        assert_eq!(both.client.tls13_tickets_received(), 0);
        assert_eq!(both.client.handshake_kind(), Some(HandshakeKind::Full));
        assert_eq!(both.server.handshake_kind(), Some(HandshakeKind::Full));
    }
    assert_eq!(server.max_early_data_size, 0);
}

#[test]
fn enrolling_shows_the_root_and_needs_no_certificate() {
    let practice = Practice::new(1);
    let both = handshake(enrol_config(&clock(NOW)).unwrap(), &server(&practice)).unwrap();
    assert_eq!(admitted(&both, &practice), Admission::Enrol);
    let presented = both.client.peer_certificates().unwrap();
    assert_eq!(presented, practice.presented());
    let (found, root) = read_presented(presented).unwrap();
    assert_eq!((&found, &root), (practice.root.practice(), practice.root.certificate()));
    let mut with_certificate = client(&practice);
    with_certificate.alpn_protocols = vec![ALPN_ENROL.to_vec()];
    let both = handshake(with_certificate, &server(&practice)).unwrap();
    assert_eq!(admitted(&both, &practice), Admission::Refused(Refused::CertificateOnEnrol));
}

#[test]
fn without_a_certificate_the_main_alpn_is_refused_by_admission() {
    let practice = Practice::new(1);
    let mut config = enrol_config(&clock(NOW)).unwrap();
    config.alpn_protocols = vec![ALPN_MAIN.to_vec()];
    let mut main = client(&practice);
    main.client_auth_cert_resolver = config.client_auth_cert_resolver.clone();
    let both = handshake(main, &server(&practice)).unwrap();
    assert_eq!(admitted(&both, &practice), Admission::Refused(Refused::NoCertificate));
    // Nor is the main chain, without a root, enough to enrol over.
    assert!(matches!(handshake(config, &server(&practice)), Err(Failed::AtClient(_))));
}

#[test]
fn an_alpn_is_exact() {
    let practice = Practice::new(1);
    for wrong in [&b"counterfoil/2"[..], b"h3", b"COUNTERFOIL/1", b"counterfoil-renew/2"] {
        let mut config = client(&practice);
        config.alpn_protocols = vec![wrong.to_vec()];
        let failed = handshake(config, &server(&practice)).err().unwrap();
        assert!(matches!(failed, Failed::AtServer(Error::NoApplicationProtocol)), "{failed:?}");
    }
    let mut none = client(&practice);
    none.alpn_protocols.clear();
    assert!(
        matches!(handshake(none, &server(&practice)), Err(Failed::AtServer(_))),
        "no ALPN, no certificate"
    );
}

/// Ended more than the largest grace ago.
fn long_ago(params: &mut rcgen::CertificateParams) {
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2026, 4, 1);
}

#[test]
fn in_grace_everything_but_the_time_is_still_checked() {
    let practice = Practice::new(1);
    let (key, device) = practice.device();
    let late = server_at(&practice, NOW.plus_seconds(100 * DAY));
    let config = renew_config(&practice.trust, &device, &key, &clock(NOW)).unwrap();
    let both = handshake(config, &late).unwrap();
    assert_eq!(both.server.alpn_protocol(), Some(ALPN_RENEW));
    assert!(both.server.peer_certificates().is_some());
    let own = crate::testing::key(99);
    let ended = |change: &dyn Fn(&mut rcgen::CertificateParams)| {
        practice.forged(Purpose::Device(DEVICE), &own, |params| {
            params.not_after = rcgen::date_time_ymd(2026, 11, 18);
            change(params);
        })
    };
    let stranger = Practice::new(2);
    assert!(handshake(showing(&practice, vec![ended(&|_| {})], &own), &server(&practice)).is_ok());
    for (what, leaf, key) in [
        ("serverAuth", ended(&|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]), &own),
        ("authority", ended(&|p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))), &own),
        ("another key", ended(&|_| {}), &key),
        ("another practice", stranger.device().1.to_rustls(), &stranger.device().0),
    ] {
        let shaken = handshake(showing(&practice, vec![leaf], key), &late);
        assert!(matches!(shaken, Err(Failed::AtServer(_))), "{what}");
    }
}

#[test]
fn tls_refuses_what_is_no_client_certificate_of_ours() {
    let (practice, stranger) = (Practice::new(1), Practice::new(2));
    let own = key(99);
    let forge = |change: &dyn Fn(&mut rcgen::CertificateParams)| {
        practice.forged(Purpose::Device(DEVICE), &own, change)
    };
    let signer = practice
        .issuing
        .issue(Purpose::Signer(DEVICE), own.public(), crate::testing::serial(9), NOW)
        .unwrap();
    let (stranger_key, stranger_device) = stranger.device();
    let usage = |usage: ExtendedKeyUsagePurpose| forge(&|p| p.extended_key_usages = vec![usage.clone()]);
    let cases = [
        ("serverAuth", usage(ExtendedKeyUsagePurpose::ServerAuth), &own),
        ("anyExtendedKeyUsage", usage(ExtendedKeyUsagePurpose::Any), &own),
        ("signing certificate", signer.to_rustls(), &own),
        ("authority", forge(&|p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))), &own),
        ("expired beyond every grace", forge(&long_ago), &own),
        ("in the future", forge(&|p| p.not_before = rcgen::date_time_ymd(2026, 11, 19)), &own),
        ("another practice", stranger_device.to_rustls(), &stranger_key),
        ("gateway as device", practice.gateway.to_rustls(), &practice.gateway_key),
        (
            "issuing as device",
            practice.issuing.certificate().to_rustls(),
            practice.issuing.held_key().unwrap(),
        ),
        ("root as device", practice.root.certificate().to_rustls(), practice.root.key()),
        ("not a certificate", CertificateDer::from(vec![0x30, 0x00]), &own),
        ("another key", practice.device().1.to_rustls(), &own),
    ];
    for (what, leaf, key) in cases {
        match handshake(showing(&practice, vec![leaf], key), &server(&practice)) {
            Err(Failed::AtServer(_)) => {}
            Err(other) => panic!("{what}: {other:?}"),
            Ok(_) => panic!("{what} was let through"),
        }
    }
}

/// The stock verifier takes these from the true authority: admission does not.
#[test]
fn what_tls_lets_through_admission_refuses() {
    use crate::CertificateFault as Fault;
    let practice = Practice::new(1);
    let own = key(99);
    let forge = |change: &dyn Fn(&mut rcgen::CertificateParams)| {
        practice.forged(Purpose::Device(DEVICE), &own, change)
    };
    let refused = |fault| Admission::Refused(Refused::Certificate(fault));
    let uri = Purpose::Device(DEVICE).uri(practice.root.practice());
    let names = |uris: &[String]| {
        let uris: Vec<_> =
            uris.iter().map(|uri| rcgen::SanType::URI(uri.as_str().try_into().unwrap())).collect();
        forge(&|p| p.subject_alt_names = uris.clone())
    };
    let cases = [
        (forge(&|p| p.extended_key_usages.clear()), refused(Fault::ExtendedKeyUsage)),
        (forge(&|p| p.subject_alt_names.clear()), refused(Fault::Names)),
        (forge(&|p| p.key_usages.clear()), refused(Fault::KeyUsage)),
        (forge(&|p| p.key_usages = vec![KeyUsagePurpose::ContentCommitment]), refused(Fault::KeyUsage)),
        (forge(&|p| p.key_usages = vec![KeyUsagePurpose::KeyCertSign]), refused(Fault::KeyUsage)),
        (forge(&|p| p.not_after = rcgen::date_time_ymd(2036, 1, 1)), refused(Fault::Validity)),
        (names(&[uri.clone(), uri.clone()]), refused(Fault::Names)),
        (names(&[uri.to_uppercase()]), refused(Fault::Names)),
        (names(&[format!("{uri}/")]), refused(Fault::Names)),
        (names(&[Purpose::Gateway.uri(practice.root.practice())]), refused(Fault::ExtendedKeyUsage)),
        (names(&[Purpose::Signer(DEVICE).uri(practice.root.practice())]), refused(Fault::KeyUsage)),
        // Perfect in every field, but not the very certificate that is registered.
        (forge(&|_| {}), Admission::Refused(Refused::Unregistered)),
    ];
    for (at, (leaf, wanted)) in cases.into_iter().enumerate() {
        let both = handshake(showing(&practice, vec![leaf], &own), &server(&practice));
        assert_eq!(admitted(&both.unwrap(), &practice), wanted, "case {at}");
    }
}

#[test]
fn a_companion_takes_nobody_but_the_gateway_of_its_practice() {
    let (practice, stranger) = (Practice::new(1), Practice::new(2));
    assert!(matches!(handshake(client(&practice), &server(&stranger)), Err(Failed::AtClient(_))));
    let show = |certificate: CertificateDer<'static>, key: &PrivateKey| {
        let mut config = ServerConfig::clone(&server(&practice));
        let issuing = practice.issuing.certificate().to_rustls();
        let shown = CertifiedKey::new(vec![certificate, issuing], key.rustls_key().unwrap());
        config.cert_resolver = Arc::new(rustls::sign::SingleCertAndKey::from(shown));
        Arc::new(config)
    };
    let own = key(99);
    let forge =
        |change: &dyn Fn(&mut rcgen::CertificateParams)| practice.forged(Purpose::Gateway, &own, change);
    assert!(handshake(client(&practice), &show(forge(&|_| {}), &own)).is_ok());
    let (device_key, device) = practice.device();
    let host = practice.root.practice().host();
    let names = |names: Vec<rcgen::SanType>| forge(&|p| p.subject_alt_names = names.clone());
    let dns = || rcgen::SanType::DnsName(host.as_str().try_into().unwrap());
    let device_uri = Purpose::Device(DEVICE).uri(practice.root.practice());
    let cases = [
        ("device", show(device.to_rustls(), &device_key)),
        ("statements", show(practice.statements.to_rustls(), &practice.statements_key)),
        ("no EKU", show(forge(&|p| p.extended_key_usages.clear()), &own)),
        ("no URI", show(names(vec![dns()]), &own)),
        (
            "no DNS name",
            show(names(vec![rcgen::SanType::URI(device_uri.as_str().try_into().unwrap())]), &own),
        ),
        (
            "device's URI",
            show(names(vec![dns(), rcgen::SanType::URI(device_uri.as_str().try_into().unwrap())]), &own),
        ),
        ("expired", show(forge(&|p| p.not_after = rcgen::date_time_ymd(2026, 11, 18)), &own)),
        ("another key", show(practice.gateway.to_rustls(), &own)),
    ];
    for (what, server) in cases {
        assert!(matches!(handshake(client(&practice), &server), Err(Failed::AtClient(_))), "{what}");
    }
}

/// The stock verifier takes a true chain with anything beside it, as far as its budget goes.
#[test]
fn a_companion_reads_no_more_of_a_chain_than_ours_has() {
    let practice = Practice::new(1);
    let mut config = ServerConfig::clone(&server(&practice));
    let mut show = |beside: usize| {
        let own = [practice.gateway.to_rustls(), practice.issuing.certificate().to_rustls()];
        let fill = std::iter::repeat_n(Practice::new(2).issuing.certificate().to_rustls(), beside);
        let chain = own.into_iter().chain(fill).collect();
        let shown = CertifiedKey::new(chain, practice.gateway_key.rustls_key().unwrap());
        config.cert_resolver = Arc::new(rustls::sign::SingleCertAndKey::from(shown));
        handshake(client(&practice), &Arc::new(config.clone()))
    };
    assert!(show(CHAIN_MAX - 2).is_ok());
    for beside in [CHAIN_MAX - 1, 50] {
        let failed = show(beside).err().unwrap();
        assert!(
            matches!(failed, Failed::AtClient(Error::InvalidCertificate(CertificateError::BadEncoding))),
            "{beside}: {failed:?}"
        );
    }
}

#[test]
fn a_wrong_clock_is_told_as_such() {
    let practice = Practice::new(1);
    let (key, device) = practice.device();
    for (days, wanted) in [(91, "expired"), (-2, "not valid yet")] {
        let now = if days > 0 { NOW.plus_seconds(days as u64 * DAY) } else { NOW.minus_seconds(2 * DAY) };
        let config = companion_config(&practice.trust, &device, &key, &clock(now)).unwrap();
        let error = match handshake(config, &server(&practice)) {
            Err(Failed::AtClient(Error::InvalidCertificate(error))) => error,
            other => panic!("{:?}", other.err()),
        };
        let found = match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "not valid yet",
            other => panic!("{other:?}"),
        };
        assert_eq!(found, wanted);
    }
    // The gateway's own clock decides on devices.
    let late = server_at(&practice, NOW.plus_seconds(271 * DAY));
    assert!(matches!(handshake(client(&practice), &late), Err(Failed::AtServer(_))));
    // What is wrong besides the time is told instead.
    let config = companion_config(&practice.trust, &device, &key, &clock(NOW.plus_seconds(91 * DAY)));
    let mut server = ServerConfig::clone(&server(&practice));
    let own = crate::testing::key(99);
    let nameless = practice.forged(Purpose::Gateway, &own, |params| {
        params.subject_alt_names.retain(|name| !matches!(name, rcgen::SanType::DnsName(_)));
    });
    let shown = CertifiedKey::new(
        vec![nameless, practice.issuing.certificate().to_rustls()],
        own.rustls_key().unwrap(),
    );
    server.cert_resolver = Arc::new(rustls::sign::SingleCertAndKey::from(shown));
    match handshake(config.unwrap(), &Arc::new(server)) {
        Err(Failed::AtClient(error)) => assert!(!is_about_time(&error), "{error}"),
        _ => panic!("a gateway without its name is taken"),
    }
}

#[test]
fn a_provisional_chain_must_hold_up_to_its_own_root() {
    let (practice, stranger) = (Practice::new(1), Practice::new(2));
    let refused = |chain: Vec<&Certificate>, key: &PrivateKey| {
        let mut config = ServerConfig::clone(&server(&practice));
        let chain = chain.into_iter().map(Certificate::to_rustls).collect();
        config.cert_resolver = Arc::new(rustls::sign::SingleCertAndKey::from(CertifiedKey::new(
            chain,
            key.rustls_key().unwrap(),
        )));
        let failed = handshake(enrol_config(&clock(NOW)).unwrap(), &Arc::new(config));
        matches!(failed, Err(Failed::AtClient(_)))
    };
    let (issuing, root) = (practice.issuing.certificate(), practice.root.certificate());
    assert!(!refused(vec![&practice.gateway, issuing, root], &practice.gateway_key));
    assert!(refused(vec![&practice.gateway, issuing], &practice.gateway_key));
    assert!(refused(vec![&practice.gateway, root], &practice.gateway_key));
    assert!(refused(vec![&practice.gateway, issuing, stranger.root.certificate()], &practice.gateway_key));
    assert!(refused(vec![&practice.gateway, stranger.issuing.certificate(), root], &practice.gateway_key));
    assert!(refused(vec![&practice.statements, issuing, root], &practice.statements_key));
    assert!(refused(vec![&practice.gateway, issuing, issuing, issuing, root], &practice.gateway_key));
}

/// Lists are asked at every handshake, and other ones can be held while the gateway serves.
#[test]
fn what_a_list_revokes_is_refused_and_without_a_list_in_force_nobody_comes_in() {
    use crate::crl::{Reason, Revoked};
    let practice = Practice::new(1);
    let (_, device) = practice.device();
    let door = Arc::new(Open::default());
    let held = Arc::new(devices(&practice, Lists::Held(&[]), door.clone()));
    let with = |now: Timestamp| {
        let gateway = GatewayTls {
            certificate: &practice.gateway,
            key: &practice.gateway_key,
            issuing: practice.issuing.certificate(),
            cross: &[],
            root: practice.root.certificate(),
        };
        let config = Arc::new(gateway_config(&gateway, held.clone(), &clock(now)).unwrap());
        match handshake(client(&practice), &config) {
            Ok(_) => None,
            Err(Failed::AtServer(_)) => door.0.lock().unwrap().pop(),
            Err(Failed::AtClient(error)) => panic!("{error}"),
        }
    };
    let hold = |crl: &crate::Crl| {
        held.hold(&[practice.issuing.certificate().clone()], Lists::Held(std::slice::from_ref(crl)))
    };
    assert_eq!(with(NOW), Some(Refused::NoList), "none at all");
    let empty = practice.issuing.crl(1, &[], NOW).unwrap();
    hold(&empty).unwrap();
    assert_eq!(with(NOW), None);
    assert_eq!(with(empty.next().minus_seconds(1)), None);
    assert_eq!(with(empty.next().plus_seconds(1)), Some(Refused::NoList), "expired");
    let judged = |crl: &crate::Crl| {
        held.hold(&[practice.issuing.certificate().clone()], Lists::Judged(std::slice::from_ref(crl)))
    };
    judged(&empty).unwrap();
    assert_eq!(with(empty.next().plus_seconds(1)), None, "its dates are the caller's to judge");
    judged(&Practice::new(2).issuing.crl(3, &[], NOW).unwrap()).unwrap();
    assert_eq!(with(NOW), Some(Refused::NoList), "of another authority");
    let serial = crate::Serial::parse(device.serial().try_into().unwrap()).unwrap();
    let revoked = [Revoked { serial, at: NOW, reason: Reason::KeyCompromise, compromised_since: None }];
    hold(&practice.issuing.crl(2, &revoked, NOW).unwrap()).unwrap();
    let judged = door.1.load(Ordering::SeqCst);
    assert_eq!(with(NOW), Some(Refused::Listed));
    assert_eq!(door.1.load(Ordering::SeqCst), judged + 1, "the door may raise an alarm over it");
    let foreign = Practice::new(2).issuing.crl(3, &[], NOW).unwrap();
    hold(&foreign).unwrap();
    assert_eq!(with(NOW), Some(Refused::NoList), "of another authority");
    hold(&empty).unwrap();
    assert_eq!(with(NOW), None);
}

#[test]
fn a_refused_device_is_told_by_an_alert() {
    // A client's handshake ends before the server has judged it: only the alert tells.
    let practice = Practice::new(1);
    let own = key(99);
    let leaf = practice.forged(Purpose::Device(DEVICE), &own, long_ago);
    let name = ServerName::try_from("any.name").unwrap();
    let mut client = ClientConnection::new(Arc::new(showing(&practice, vec![leaf], &own)), name).unwrap();
    let mut server = ServerConnection::new(server(&practice)).unwrap();
    let mut alert = None;
    for _ in 0..6 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() && server.read_tls(&mut rest).is_ok() {
            let _ = server.process_new_packets();
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() && client.read_tls(&mut rest).is_ok() {
            if let Err(Error::AlertReceived(found)) = client.process_new_packets() {
                alert = Some(found);
            }
        }
    }
    assert_eq!(alert, Some(AlertDescription::AccessDenied));
}

#[test]
fn a_key_of_another_certificate_is_not_configured() {
    let practice = Practice::new(1);
    let (_, device) = practice.device();
    let refused = companion_config(&practice.trust, &device, &key(99), &clock(NOW));
    assert!(matches!(refused, Err(CertsError::KeyMismatch)));
    let gateway = GatewayTls {
        certificate: &practice.gateway,
        key: &key(99),
        issuing: practice.issuing.certificate(),
        cross: &[],
        root: practice.root.certificate(),
    };
    let devices = Arc::new(devices(&practice, Lists::Unasked, Arc::default()));
    assert!(matches!(gateway_config(&gateway, devices, &clock(NOW)), Err(CertsError::KeyMismatch)));
}
