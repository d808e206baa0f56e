//! Revocation lists: who is revoked is refused in TLS by a list that outsiders can check with OpenSSL; a list that is
//! no good lets nobody in and raises an alarm; each issuing authority has its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use certs::Crl;
use certs::certificate::Certificate;
use certs::crl::Reason;
use certs::pem::{self, Section};
use harness::files::{self, MIB};
use harness::power::Image;
use harness::scene::{self, BOOK, PERIOD, Scene, text};
use harness::{Companion, Faketime, Peer, Ran, process, skipped};
use receipts::Signer as _;

use crate::revoking::{device, done, is_refused};
use crate::rotation::scene_with_holder;

/// The lists as they are handed out, and what was told of them.
fn export(scene: &Scene, to: &Path) -> (Vec<Crl>, Ran) {
    let ran = scene.practice.run(["crl", "export", "--to", text(to)]).expect(0);
    (read(to), ran)
}

/// The lists in a file, each held against the certificates beside it.
fn read(path: &Path) -> Vec<Crl> {
    let sections = pem::read(&files::read(path)).unwrap();
    let certificate = |section: &Section| match section {
        Section::Certificate(der) => Some(Certificate::read(der).unwrap()),
        Section::Crl(_) => None,
    };
    let issuers: Vec<Certificate> = sections.iter().filter_map(certificate).collect();
    let list = |section: &Section| match section {
        Section::Crl(der) => issuers.iter().find_map(|issuer| Crl::read(der, issuer).ok()),
        Section::Certificate(_) => None,
    };
    sections.iter().filter_map(list).collect()
}

fn has(list: &Crl, certificate: &Certificate) -> bool {
    list.revoked().iter().any(|one| one.serial.as_bytes() == certificate.serial())
}

/// What a companion shows, and signs under.
struct Shown {
    tls: Certificate,
    signer: Certificate,
}

impl Shown {
    fn by(companion: &Companion) -> Self {
        let peer = Peer::of(companion);
        let signer = Certificate::read(peer.device.signer.certificate()).unwrap();
        Self { tls: peer.device.tls_chain[0].clone(), signer }
    }
}

/// What OpenSSL says of a certificate by an exported file; `None` where it is not installed.
fn openssl(scene: &Scene, lists: &Path, certificate: &Certificate, purpose: &str) -> Option<(bool, String)> {
    // With the root's list too, made at the last ceremony.
    let all = openssl_with(scene, lists, certificate, purpose, "-crl_check_all")?.0;
    let (is_good, said) = openssl_with(scene, lists, certificate, purpose, "-crl_check")?;
    assert_eq!(all, is_good, "{said}");
    Some((is_good, said))
}

fn openssl_with(
    scene: &Scene,
    lists: &Path,
    certificate: &Certificate,
    purpose: &str,
    check: &str,
) -> Option<(bool, String)> {
    let leaf = scene.path("leaf.pem");
    files::write(&leaf, pem::write(&[Section::Certificate(certificate.der().to_vec())]).as_bytes());
    let mut command = Command::new("openssl");
    command.args(["verify", "-x509_strict", check, "-purpose", purpose]);
    let ran = command.arg("-CAfile").arg(lists).arg("-CRLfile").arg(lists).arg(&leaf).output();
    match ran {
        Ok(ran) => {
            let said = [ran.stdout, ran.stderr].concat();
            Some((ran.status.success(), String::from_utf8_lossy(&said).into_owned()))
        }
        Err(_) => {
            skipped("openssl is not installed");
            None
        }
    }
}

#[test]
fn who_is_revoked_is_refused_in_tls_by_a_list_that_others_can_check() {
    let mut scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let (revoked, good) = (Shown::by(&client), Shown::by(&bookkeeper));
    let to = scene.path("lists.pem");
    let (before, _) = export(&scene, &to);
    assert!(before[0].revoked().is_empty());
    let root = before[1].made().plus_seconds(certs::crl::ROOT_CRL_DAYS * 24 * 3600);
    assert_eq!((before.len(), before[1].number(), before[1].next()), (2, 1, root), "the root's, of init");
    let id = device(&scene.practice, "client");
    let since = ["--since", "2026-11-01"];
    done(&scene.practice, &[&["device", "revoke", &id, "--reason", "stolen"], &since[..]].concat());
    // A kill before anybody has made a list.
    scene.gateway.kill9();
    scene.gateway.start();
    is_refused(&client);
    let (lists, told) = export(&scene, &to);
    let list = &lists[0];
    assert!(list.number() > before[0].number() && list.revoked().len() == 2, "{told}");
    assert!(has(list, &revoked.tls) && has(list, &revoked.signer) && !has(list, &good.tls));
    let since = model::Timestamp::parse_rfc3339("2026-11-01T00:00:00.000Z").unwrap();
    let is_as_said = |one: &certs::crl::Revoked| {
        one.reason == Reason::KeyCompromise && one.compromised_since.is_some_and(|at| at >= since)
    };
    assert!(list.revoked().iter().all(is_as_said), "{:?}", list.revoked());
    // TLS itself refuses it, by the list; the log says so.
    is_refused(&client);
    bookkeeper.run(["list"]).expect(0);
    for (certificate, purpose, wanted) in [
        (&good.tls, "sslclient", true),
        (&good.signer, "any", true),
        (&revoked.tls, "sslclient", false),
        (&revoked.signer, "any", false),
    ] {
        let Some((is_good, said)) = openssl(&scene, &to, certificate, purpose) else { break };
        assert_eq!(is_good, wanted, "{said}");
        assert!(is_good || said.contains("certificate revoked"), "{said}");
    }
    // One list alone, in DER, and the same from an admin's own device.
    let der = scene.path("list.der");
    scene.practice.run(["crl", "export", "--der", "--to", text(&der)]).expect(0);
    assert_eq!(files::read(&der), list.der());
    let admin = scene.staff("admin", "admin", &[]);
    let from_afar = scene.path("afar.pem");
    admin.run(["admin", "crl", "export", "--to", text(&from_afar)]).expect(0);
    assert_eq!(read(&from_afar), lists);
    let wrong = ["crl", "export", "--to", text(&der), "--authority", "i9"];
    scene.practice.run(wrong).expect_failure("argument-wrong", 2);
    let status = scene.practice.run(["status"]).expect(0);
    assert_eq!(status.rows("practice")[0]["lists"][0]["number"], list.number());
    assert!(status.rows("practice")[0]["alarms"].as_array().unwrap().is_empty(), "{status}");
    let log = scene.gateway.sigterm().expect(0).errors;
    assert!(log.contains("rule=the revocation list has it"), "{log}");
}

#[test]
fn a_receipt_by_a_key_that_was_lost_before_it_and_revoked_after_is_doubtful_to_an_auditor() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let document = files::write(&scene.path("a.pdf"), b"a");
    let sent = client.send(&[&document], BOOK, PERIOD).expect(0);
    let receipt = sent.only("receipt")["path"].as_str().unwrap().to_owned();
    let lists = scene.path("lists.pem");
    let verify = |lists: &Path| {
        let pin = ["--practice", &scene.practice.pin];
        let words = [&["receipt", "verify", &receipt, "--crl", text(lists)], &pin[..]].concat();
        scene.stranger("auditor").run(words)
    };
    let state = |ran: &Ran| ran.last("summary").unwrap()["revocation"]["state"].clone();
    export(&scene, &lists);
    assert_eq!(state(&verify(&lists).expect(0)), "not-revoked");
    // Suspended, and back: it stands.
    let id = device(&scene.practice, "client");
    done(&scene.practice, &["device", "suspend", &id]);
    export(&scene, &lists);
    assert_eq!(state(&verify(&lists).expect(0)), "suspended-later");
    done(&scene.practice, &["device", "resume", &id]);
    // Revoked without a word of its key: it stands. Lost days before: nobody knows who signed.
    done(&scene.practice, &["device", "revoke", &id, "--reason", "stolen", "--since", "2026-11-01"]);
    export(&scene, &lists);
    let ran = verify(&lists).expect(15);
    let summary = ran.last("summary").unwrap();
    assert_eq!((state(&ran), &summary["conclusion"]), ("doubtful".into(), &"doubtful".into()), "{ran}");
    assert_eq!((&summary["valid"], &summary["code"]), (&false.into(), &"F-0611".into()), "{ran}");
    assert!(summary["revocation"]["compromised_since"].as_str() < summary["revocation"]["signed"].as_str());
    assert!(summary["revocation"]["signed"].as_str() <= summary["revocation"]["revoked"].as_str());
    // Another practice's lists say nothing about it.
    let other = Scene::open();
    let foreign = other.path("lists.pem");
    export(&other, &foreign);
    assert_eq!(state(&verify(&foreign).expect(13)), "no-list");
    // The sender's certificate, for OpenSSL; the bookkeeper was never revoked.
    let certificates = scene.path("c.pem");
    client.run(["receipt", "show", &receipt, "--certificates", text(&certificates)]).expect(0);
    let [Section::Certificate(sender), ..] = &pem::read(&files::read(&certificates)).unwrap()[..] else {
        panic!("no certificate")
    };
    let sender = Certificate::read(sender).unwrap();
    for (certificate, wanted) in [(&sender, false), (&Shown::by(&bookkeeper).signer, true)] {
        let Some((is_good, said)) = openssl(&scene, &lists, certificate, "any") else { return };
        assert_eq!(is_good, wanted, "{said}");
    }
}

#[test]
fn a_suspension_is_on_a_list_until_it_is_taken_back() {
    let scene = Scene::open();
    let (client, _) = scene.people();
    let shown = Shown::by(&client);
    let id = device(&scene.practice, "client");
    done(&scene.practice, &["device", "suspend", &id]);
    let to = scene.path("lists.pem");
    let (lists, _) = export(&scene, &to);
    assert!(has(&lists[0], &shown.tls) && lists[0].revoked()[0].reason == Reason::CertificateHold);
    is_refused(&client);
    done(&scene.practice, &["device", "resume", &id]);
    // At once: no list from before keeps it out.
    client.run(["books"]).expect(0);
    assert!(export(&scene, &to).0[0].revoked().is_empty());
}

#[test]
fn a_bad_file_is_not_taken_and_raises_an_alarm_beside_a_gateway_and_at_its_start() {
    let mut scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let file = scene.practice.folder.join("certs/crl-i1");
    let older = files::read(&file);
    let id = device(&scene.practice, "client");
    done(&scene.practice, &["device", "revoke", &id]);
    let to = scene.path("lists.pem");
    let (lists, _) = export(&scene, &to);
    let other = Scene::open();
    let foreign = files::read(&other.practice.folder.join("certs/crl-i1"));
    drop(other);
    let bad = [("garbage", b"garbage".to_vec()), ("foreign", foreign), ("older", older)];
    // Beside a gateway that runs: the last good one stays in force, and is put back.
    for (what, bytes) in &bad {
        files::write(&file, bytes);
        process::wait_until("the file is put right", || files::read(&file) == lists[0].der());
        assert!(scene.practice.run(["status"]).expect(0).has_warning("crl-file"), "{what}");
        is_refused(&client);
        bookkeeper.run(["list"]).expect(0);
    }
    // At a start: it is not taken, another one is made before anybody comes in.
    for (what, bytes) in &bad {
        scene.gateway.sigterm().expect(0);
        files::write(&file, bytes);
        scene.gateway.start();
        let status = scene.practice.run(["status"]).expect(0);
        assert!(status.has_warning("crl-file"), "{what}: {status}");
        is_refused(&client);
        bookkeeper.run(["list"]).expect(0);
        assert_eq!(export(&scene, &to).0[0].revoked().len(), 2, "{what}");
    }
    let log = scene.gateway.sigterm().expect(0).errors;
    assert!(log.contains("alarm=\"crl-file\"") || log.contains("alarm=crl-file"), "{log}");
}

#[test]
fn a_list_that_is_over_lets_nobody_in_until_another_one_can_be_made() {
    let Some(faketime) = Faketime::find("crl") else { return };
    let place = scene::place();
    let image = match Image::open(place.path(), 160 * MIB) {
        Ok(image) => image,
        Err(why) => return skipped(&format!("a full disk: {why}")),
    };
    let mut scene = Scene::with_practice_in(image.path(), 95);
    let (client, _) = scene.people();
    let first = export(&scene, &scene.path("lists.pem")).0[0].number();
    scene.gateway.sigterm().expect(0);
    // Longer than a list lives: one is made at the start, before the doors open.
    faketime.start(&mut scene, "+8d");
    faketime.run(&client, "+8d", &["books"]).expect(0);
    assert!(scene.practice.run(["status"]).expect(0).rows("practice")[0]["lists"][0]["number"] == first + 1);
    scene.gateway.sigterm().expect(0);
    // The same with room for a start and not for a list: nobody comes in.
    let room = files::write(&image.path().join("room"), &vec![0; 900 * 1024]);
    image.fill().unwrap();
    std::fs::remove_file(&room).unwrap();
    faketime.start(&mut scene, "+16d");
    faketime.run(&client, "+16d", &["books"]).expect_failure("device-refused", 11);
    let status = scene.practice.run(["status"]).expect(0);
    assert!(status.has_warning("crl-over") && status.has_warning("crl-not-renewed"), "{status}");
    image.make_room().unwrap();
    process::wait_until("a list is made", || faketime.run(&client, "+16d", &["books"]).failure().is_none());
    let log = scene.gateway.sigterm().expect(0).errors;
    assert!(log.contains("crl-missing") && log.contains("there is no revocation list in force"), "{log}");
}

#[test]
fn a_clock_that_can_not_be_believed_shuts_nobody_out_by_a_list() {
    let Some(faketime) = Faketime::find("crl") else { return };
    let mut scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    done(&scene.practice, &["device", "revoke", &device(&scene.practice, "client")]);
    export(&scene, &scene.path("lists.pem"));
    scene.gateway.sigterm().expect(0);
    faketime.start(&mut scene, "+45d");
    assert!(faketime.run(&bookkeeper, "+45d", &["books"]).failure().is_none());
    faketime.run(&client, "+45d", &["books"]).expect_failure("device-refused", 11);
    let status = scene.practice.run(["status"]).expect(0);
    assert!(status.has_warning("clock-ahead") && !status.has_warning("crl-over"), "{status}");
    scene.practice.run(["clock", "confirm"]).expect(0);
    faketime.run(&bookkeeper, "+45d", &["books"]).expect(0);
    faketime.run(&client, "+45d", &["books"]).expect_failure("device-refused", 11);
}

#[test]
fn each_issuing_authority_signs_its_own_list_until_its_end_and_beyond() {
    let (scene, mut holder) = scene_with_holder(None);
    let (client, bookkeeper) = scene.people();
    let (old, staying) = (Shown::by(&client), Shown::by(&bookkeeper));
    let id = device(&scene.practice, "client");
    holder.prepare(&scene.practice, "issuing", false);
    for step in ["distribute", "switch"] {
        scene.practice.run(["rotate", step, "issuing"]).expect(0);
    }
    // From the new authority, at once.
    let new = scene.client("new", &[BOOK]);
    new.run(["books"]).expect(0);
    let shown = Shown::by(&new);
    done(&scene.practice, &["device", "revoke", &id]);
    done(&scene.practice, &["device", "revoke", &device(&scene.practice, "new")]);
    let to = scene.path("lists.pem");
    let (lists, told) = export(&scene, &to);
    let [newer, older, ..] = &lists[..] else { panic!("{told}") };
    assert!(has(newer, &shown.tls) && !has(newer, &old.tls), "{told}");
    assert!(has(older, &old.tls) && !has(older, &shown.tls), "{told}");
    is_refused(&client);
    is_refused(&new);
    let check = |to: &PathBuf| {
        for (certificate, wanted) in [(&old.tls, false), (&shown.tls, false), (&staying.tls, true)] {
            let Some((is_good, said)) = openssl(&scene, to, certificate, "sslclient") else { return };
            assert_eq!(is_good, wanted, "{said}");
        }
    };
    check(&to);
    // The bookkeeper is behind, and renews by the retired authority's last list.
    scene.practice.run(["rotate", "retire", "issuing", "--force", "1"]).expect(0);
    let (lists, told) = export(&scene, &to);
    assert_eq!((lists.len(), lists[2].number()), (3, 2), "the root's is of the ceremony: {told}");
    assert!(lists[1].is_last() && lists[1].number() > older.number(), "{told}");
    assert!(told.rows("crl")[1]["next"].is_null(), "{told}");
    check(&to);
    bookkeeper.run(["list"]).expect(0);
}
