//! Suspending, revoking, closing, withdrawing, and the way back: refused at the next request and the next piece on
//! connections that are open, at every new handshake, after a restart, over a full disk; and nothing that had a receipt
//! is lost.

use harness::files::{self, MIB};
use harness::power::Image;
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{ByHand, Companion, Conditions, Peer, Practice, Ran, process, skipped};
use model::PieceIndex;
use protocol::field::DocumentNumber;
use protocol::message::{Content, Fetch, Message, TakeAnswer};
use protocol::{CloseCode, Code};
use serde_json::Value;

use crate::hostile::{ask_take, book_of, sign};

const OTHER: &str = "浦东书店";

/// A person as `people` tells them.
#[track_caller]
pub(crate) fn person(practice: &Practice, name: &str) -> Value {
    let people = practice.people();
    people.into_iter().find(|person| person["name"] == name).unwrap_or_else(|| panic!("nobody is {name}"))
}

/// The only device of a person.
#[track_caller]
pub(crate) fn device(practice: &Practice, name: &str) -> String {
    let person = person(practice, name);
    let devices = person["devices"].as_array().unwrap();
    assert_eq!(devices.len(), 1, "{person}");
    devices[0]["id"].as_str().unwrap().to_owned()
}

#[track_caller]
pub(crate) fn done(practice: &Practice, words: &[&str]) -> Ran {
    practice.run(words.iter().chain(&["--yes"])).expect(0)
}

/// What a companion that is let in no more ends with.
#[track_caller]
pub(crate) fn is_refused(companion: &Companion) {
    companion.run(["books"]).expect_failure("device-refused", 11);
}

fn revoked() -> Option<u64> {
    Some(u64::from(CloseCode::Revoked.number()))
}

#[test]
fn a_revoked_device_is_refused_in_the_middle_of_a_sending_and_keeps_what_had_a_receipt() {
    let mut scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let early = files::write(&scene.path("early.pdf"), b"early");
    let receipt = client.send(&[&early], BOOK, PERIOD).expect(0).only("receipt").clone();
    let peer = Peer::of(&client);
    let by_hand = ByHand::new(book_of(&peer), vec![files::bytes(1, 3 * MIB as usize)]);
    let lease = by_hand.open(&peer);
    let piece = |at: u32| (by_hand.piece_head(1, PieceIndex(at)), by_hand.piece(1, PieceIndex(at)));
    let (head, bytes) = piece(0);
    let mut stream = peer.stream().send(by_hand.pieces(lease)).send(head).raw(bytes);
    assert!(matches!(stream.message(), Message::PieceAck(_)));
    let device = device(&scene.practice, "client");
    let told = done(&scene.practice, &["device", "revoke", &device, "--reason", "stolen"]);
    assert_eq!(told.rows("rights")[0]["recorded"], "journal");
    assert!(told.has_warning("few-admins"), "{told}");
    let (head, bytes) = piece(1);
    let answer = stream.send(head).raw(bytes).cut();
    assert!(answer.is_none_or(|answer| answer.closed == revoked() || answer.code() == Some(Code::Revoked)));
    process::wait_until("the connection is closed", || peer.is_closed());
    assert!(Peer::try_of(&client).is_err());
    is_refused(&client);
    // What it held stays, and what had a receipt is there and can be checked and fetched.
    let path = receipt["path"].as_str().unwrap().to_owned();
    let verify = ["receipt", "verify", &path, "--practice", &scene.practice.pin];
    assert_ne!(scene.stranger("nobody").run(verify).ended, harness::Ended::Code(1));
    assert_eq!(client.run(["receipt", "list"]).expect(0).rows("receipt").len(), 1);
    bookkeeper.fetch_new(&scene.path("inbox")).expect(0);
    let status = scene.practice.run(["status"]).expect(0);
    assert_eq!(status.rows("practice")[0]["uploads"], 1);
    // A restart and a ledger that is posted again change nothing.
    scene.gateway.sigterm().expect(0);
    scene.practice.run(["repost"]).expect(0);
    scene.gateway.start();
    is_refused(&client);
    assert_eq!(person(&scene.practice, "client")["devices"][0]["standing"], "revoked");
}

#[test]
fn a_suspended_person_is_given_nothing_more_of_a_document_that_is_on_its_way() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let sender = Peer::of(&client);
    let book = book_of(&sender);
    let sent = ByHand::new(book, vec![files::bytes(1, 48 * MIB as usize)]);
    assert_eq!(sent.send_and_close(&sender).long().content, Content::Receipt);
    let fetcher = Peer::of(&bookkeeper);
    let take = sign(&fetcher, book, vec![sent.taken(1)]);
    assert_eq!(ask_take(&fetcher, &take).only::<TakeAnswer>().take, take.hash);
    let asked =
        Fetch { take: take.hash, n: DocumentNumber(1), from: PieceIndex(0), count: None, manifest: false };
    let mut stream = fetcher.stream().send(asked);
    assert!(matches!(stream.message(), Message::FetchHead(_)));
    done(&scene.practice, &["person", "suspend", "bookkeeper", "--reason", "lost", "--note", "在找"]);
    // Much less than the whole: what was in flight.
    let rest = stream.cut();
    assert!(rest.is_none_or(|rest| (rest.bytes.len() as u64) < 48 * MIB));
    process::wait_until("the connection is closed", || fetcher.is_closed());
    is_refused(&bookkeeper);
    // The other goes on.
    assert!(!sender.is_closed());
    assert_eq!(book_of(&sender), book);
    let back = done(&scene.practice, &["person", "resume", "bookkeeper"]);
    assert_eq!(back.rows("rights")[0]["state"], "active");
    bookkeeper.fetch_new(&scene.path("inbox")).expect(0);
    let again = scene.practice.run(["person", "resume", "bookkeeper"]);
    again.expect_failure("not-suspended", 14);
}

#[test]
fn a_suspended_sending_ends_with_whom_to_call_and_the_same_line_goes_on_after_the_way_back() {
    let scene = Scene::behind_relay(411);
    let (client, _) = scene.people();
    let document = files::write(&scene.path("a.bin"), &files::bytes(2, 24 * MIB as usize));
    scene.relay().behave(Conditions { bytes_per_second: Some(8 * MIB), ..Conditions::default() });
    let before = scene.relay().passed_up();
    let sending = client.start_send(&[&document], BOOK, PERIOD);
    scene.relay().wait_passed_up(before + 6 * MIB);
    let device = device(&scene.practice, "client");
    done(&scene.practice, &["device", "suspend", &device]);
    sending.wait().expect_failure("device-refused", 11);
    client.send(&[&document], BOOK, PERIOD).expect_failure("device-refused", 11);
    done(&scene.practice, &["device", "resume", &device]);
    scene.relay().behave(Conditions::default());
    let sent = client.send(&[&document], BOOK, PERIOD).expect(0);
    assert!(sent.last("summary").unwrap()["bytes_sent_again"].as_u64().unwrap() <= 16 * MIB, "{sent}");
}

#[test]
fn a_revoked_person_gets_no_device_by_an_invitation_from_before() {
    let scene = Scene::open();
    let (_, bookkeeper) = scene.people();
    let second = done(&scene.practice, &["invite", "--person", "bookkeeper"]);
    let word = second.only("invitation")["word"].as_str().unwrap().to_owned();
    // Since a day that has not come nothing can have been in other hands; and nothing is done.
    let ahead = ["person", "revoke", "bookkeeper", "--since", "2999-01-01", "--yes"];
    scene.practice.run(ahead).expect_failure("since-ahead", 2);
    bookkeeper.run(["books"]).expect(0);
    done(&scene.practice, &["person", "revoke", "bookkeeper", "--reason", "left", "--since", "2026-11-01"]);
    is_refused(&bookkeeper);
    scene.stranger("second").enrol(&word).expect_failure("invitation-refused", 11);
    scene.practice.run(["person", "resume", "bookkeeper"]).expect_failure("rights-final", 14);
    // Nor one by disputing an invitation from before: it would be for somebody who is let in no more.
    let id = second.only("invitation")["id"].as_str().unwrap().to_owned();
    scene.practice.run(["invite", "dispute", &id, "--yes"]).expect_failure("rights-final", 14);
    let person = person(&scene.practice, "bookkeeper");
    assert_eq!((&person["standing"], &person["invitations"]), (&"revoked".into(), &Value::Array(vec![])));
}

#[test]
fn an_invitation_is_revoked_disputed_and_made_again() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let invitation = scene.practice.invite("client", "unused", &[BOOK]);
    done(&scene.practice, &["invite", "revoke", &invitation.id]);
    scene.stranger("late").enrol(&invitation.word).expect_failure("invitation-refused", 11);
    // Somebody else was first: their device is out, and the right person gets another invitation in one step.
    let invitation = scene.practice.invite("client", "client", &[BOOK]);
    let thief = scene.stranger("thief");
    thief.enrol(&invitation.word).expect(0);
    scene.practice.run(["invite", "revoke", &invitation.id]).expect_failure("invitation-closed", 14);
    let disputed = done(&scene.practice, &["invite", "dispute", &invitation.id]);
    is_refused(&thief);
    let client = scene.stranger("client");
    client.enrol(disputed.only("invitation")["word"].as_str().unwrap()).expect(0);
    assert_eq!(client.run(["books"]).expect(0).rows("book").len(), 1);
    // A device that takes another one's place, when it is confirmed.
    let person = person(&scene.practice, "client");
    let devices = person["devices"].as_array().unwrap();
    let old = devices.iter().find(|device| device["standing"] == "active").unwrap()["id"].clone();
    let words = ["invite", "--person", "client", "--replaces", old.as_str().unwrap()];
    let replacing = done(&scene.practice, &words);
    assert_eq!(client.run(["books"]).expect(0).rows("book").len(), 1);
    let new = scene.stranger("new");
    new.enrol(replacing.only("invitation")["word"].as_str().unwrap()).expect(0);
    assert_eq!(new.run(["books"]).expect(0).rows("book").len(), 1);
    is_refused(&client);
}

#[test]
fn a_book_rests_and_ends_for_everybody_on_it_and_for_nobody_else() {
    let mut scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    scene.practice.add_book(OTHER);
    done(&scene.practice, &["grant", "bookkeeper", OTHER]);
    let other = scene.client("other", &[OTHER]);
    let peer = Peer::of(&bookkeeper);
    let rested = done(&scene.practice, &["book", "suspend", BOOK]);
    assert_eq!(rested.rows("rights")[0]["with"], 1);
    is_refused(&client);
    assert_eq!(bookkeeper.run(["books"]).expect(0).rows("book").len(), 1);
    assert!(!peer.is_closed());
    assert_eq!(other.run(["books"]).expect(0).rows("book").len(), 1);
    done(&scene.practice, &["book", "resume", BOOK]);
    assert_eq!(client.run(["books"]).expect(0).rows("book").len(), 1);
    assert_eq!(bookkeeper.run(["books"]).expect(0).rows("book").len(), 2);
    done(&scene.practice, &["grant", "withdraw", "bookkeeper", OTHER]);
    assert_eq!(bookkeeper.run(["books"]).expect(0).rows("book").len(), 1);
    done(&scene.practice, &["book", "close", BOOK, "--reason", "role-ended"]);
    scene.gateway.sigterm().expect(0);
    scene.practice.run(["repost"]).expect(0);
    scene.gateway.start();
    is_refused(&client);
    assert!(bookkeeper.run(["books"]).rows("book").is_empty());
    scene.practice.run(["grant", "bookkeeper", BOOK]).expect_failure("rights-final", 14);
    assert_eq!(person(&scene.practice, "client")["standing"], "revoked");
}

#[test]
fn the_last_admin_is_kept_unless_it_is_meant() {
    let scene = Scene::open();
    let admin = scene.staff("admin", "admin", &[]);
    for words in [
        vec!["person", "revoke", "admin"],
        vec!["person", "suspend", "admin"],
        vec!["role", "set", "admin", "auditor"],
        vec!["person", "until", "admin", "2020-01-01"],
    ] {
        let words: Vec<&str> = words.into_iter().chain(["--yes"]).collect();
        scene.practice.run(&words).expect_failure("last-admin", 14);
    }
    let device = device(&scene.practice, "admin");
    scene.practice.run(["device", "suspend", &device]).expect_failure("last-admin", 14);
    admin.run(["status"]).expect(0);
    done(&scene.practice, &["device", "suspend", &device, "--lock-out"]);
    is_refused(&admin);
    done(&scene.practice, &["device", "resume", &device]);
    // With another one it is nobody's last.
    scene.staff("admin", "second", &[]);
    let told = done(&scene.practice, &["person", "suspend", "admin"]);
    assert!(told.has_warning("few-admins"), "{told}");
    is_refused(&admin);
}

#[test]
fn roles_are_what_they_may_and_a_partner_ends_with_the_date() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let document = files::write(&scene.path("a.pdf"), b"a");
    client.send(&[&document], BOOK, PERIOD).expect(0);
    let words = ["invite", "--role", "partner", "--name", "partner", "--book", BOOK];
    scene.practice.run(words).expect_failure("partner-needs-end", 2);
    let until = ["--until", "2027-12-31", "--purpose", "年度审计"];
    let invited = done(&scene.practice, &[&words[..], &until[..]].concat());
    let partner = scene.stranger("partner");
    let invitation = invited.only("invitation");
    let enrolled = partner.enrol(invitation["word"].as_str().unwrap()).expect(0);
    let digits = enrolled.only("identity")["digits"].as_str().unwrap().to_owned();
    scene.practice.confirm(invitation["id"].as_str().unwrap(), &digits).expect(0);
    partner.fetch_new(&scene.path("partner inbox")).expect(0);
    assert_eq!(person(&scene.practice, "partner")["purpose"], "年度审计");
    done(&scene.practice, &["person", "until", "partner", "2026-01-01"]);
    is_refused(&partner);
    assert_eq!(person(&scene.practice, "partner")["standing"], "over");
    done(&scene.practice, &["person", "until", "partner", "2027-06-30"]);
    assert_eq!(partner.run(["list"]).expect(0).rows("document").len(), 1);
    // A supervisor sees what is there and takes nothing out; it acts on the connection that is open.
    let peer = Peer::of(&bookkeeper);
    done(&scene.practice, &["role", "set", "bookkeeper", "supervisor"]);
    assert_eq!(bookkeeper.run(["list"]).expect(0).rows("document").len(), 1);
    let inbox = scene.path("inbox");
    assert!(bookkeeper.fetch_new(&inbox).files("fetched").is_empty());
    assert!(!inbox.exists() || files::tree(&inbox).is_empty());
    assert!(!peer.is_closed());
    done(&scene.practice, &["role", "set", "bookkeeper", "auditor"]);
    assert!(bookkeeper.run(["list"]).rows("document").is_empty());
    scene.practice.run(["role", "set", "client", "bookkeeper"]).expect_failure("role-fixed", 14);
}

#[test]
fn a_denial_holds_over_a_full_disk_and_a_kill_and_is_recorded_when_there_is_room() {
    let place = scene::place();
    let image = match Image::open(place.path(), 160 * MIB) {
        Ok(image) => image,
        Err(why) => return skipped(&format!("a full disk: {why}")),
    };
    let mut scene = Scene::with_practice_in(image.path(), 412);
    let (client, bookkeeper) = scene.people();
    let peer = Peer::of(&client);
    let device = device(&scene.practice, "client");
    image.fill().unwrap();
    let told = done(&scene.practice, &["device", "revoke", &device, "--reason", "lost"]);
    assert_eq!(told.rows("rights")[0]["recorded"], "pending", "{told}");
    assert!(told.has_warning("not-recorded-yet"), "{told}");
    process::wait_until("the connection is closed", || peer.is_closed());
    is_refused(&client);
    assert!(scene.practice.run(["status"]).expect(0).has_warning("denials-waiting"));
    scene.gateway.kill9();
    image.make_room().unwrap();
    scene.gateway.start();
    is_refused(&client);
    bookkeeper.run(["list"]).expect(0);
    let status = scene.practice.run(["status"]).expect(0);
    assert_eq!(status.rows("practice")[0]["not_recorded"], 0, "{status}");
    assert_eq!(person(&scene.practice, "client")["devices"][0]["standing"], "revoked");
    // What was never on a list while there was no room is on one now.
    let lists = scene.practice.run(["crl", "export", "--to", scene::text(&scene.path("lists"))]).expect(0);
    assert_eq!(lists.rows("crl")[0]["revoked"], 2, "{lists}");
}

#[test]
fn who_is_at_the_door_when_everybody_goes_is_told_or_finds_it_shut() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let clients: Vec<Companion> = (0..8).map(|at| scene.client(&format!("client {at}"), &[BOOK])).collect();
    let peers: Vec<Peer> = clients.iter().map(Peer::of).collect();
    done(&scene.practice, &["book", "close", BOOK]);
    for peer in &peers {
        process::wait_until("every connection is closed", || peer.is_closed());
        assert!(peer.try_stream().is_err());
    }
}
