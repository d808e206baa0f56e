//! Administration from afar: an admin's own device does what the socket does, on a second factor; nobody else's does.

use certs::factor::act_digest;
use harness::phone::Phone;
use harness::scene::{BOOK, Scene};
use harness::{Companion, Peer, Ran};
use protocol::message::{Content, Office};
use protocol::{Bytes, Code, Text};

fn word(ran: &Ran) -> String {
    ran.only("error")["word"].as_str().unwrap().to_owned()
}

fn with_code<'a>(words: &[&'a str], file: &'a str) -> Vec<&'a str> {
    [&["admin"], words, &["--code-file", file]].concat()
}

#[test]
fn an_admin_runs_the_practice_from_their_own_device() {
    let scene = Scene::open();
    let admin = scene.staff("admin", "admin", &[]);
    // Without a second factor: looking, and nothing else.
    let people = admin.run(["admin", "people"]).expect(0);
    assert_eq!(people.rows("person")[0]["factor"], false);
    assert_eq!(admin.run(["admin", "status"]).expect(0).rows("practice").len(), 1);
    assert_eq!(word(&admin.run(["admin", "book", "add", BOOK]).expect(14)), "factor-missing");
    let invite_admin = ["admin", "invite", "--role", "admin", "--name", "second"];
    assert_eq!(word(&admin.run(invite_admin).expect(14)), "factor-missing");
    let mut phone = Phone::enrol(&admin, &scene.path("phone"));
    // With one: a code, which is never a flag, and nobody to be asked here.
    assert_eq!(word(&admin.run(["admin", "book", "add", BOOK]).expect(14)), "factor-needed");
    let mut changed = |words: &[&str], code: String| {
        let file = phone.file(&code);
        (admin.run(with_code(words, &file)), phone.recovery_code())
    };
    let (ran, code) = changed(&["book", "add", BOOK], String::from("123"));
    assert_eq!(word(&ran.expect(2)), "factor-code-malformed");
    let (ran, code) = changed(&["book", "add", BOOK], code);
    ran.expect(0);
    let (ran, code) = changed(&["invite", "--role", "client", "--name", "client", "--book", BOOK], code);
    let invited = ran.expect(0).only("invitation")["word"].as_str().unwrap().to_owned();
    let client = scene.stranger("client");
    client.enrol(&invited).expect(0);
    assert_eq!(client.run(["books"]).expect(0).rows("book").len(), 1);
    let (ran, code) = changed(&["invite", "--role", "bookkeeper", "--name", "keeper", "--book", BOOK], code);
    let ran = ran.expect(0);
    let invitation = ran.only("invitation").clone();
    let keeper = scene.stranger("keeper");
    let enrolled = keeper.enrol(invitation["word"].as_str().unwrap()).expect(0);
    let digits = enrolled.only("identity")["digits"].as_str().unwrap().to_owned();
    let (ran, code) = changed(&["confirm", invitation["id"].as_str().unwrap(), &digits], code);
    ran.expect(0);
    assert_eq!(keeper.run(["books"]).expect(0).rows("book").len(), 1);
    // Another admin: the code goes inside the message.
    let (ran, code) = changed(&invite_admin[1..], code);
    assert_eq!(ran.expect(0).only("invitation")["role"], "admin");
    // What can not be taken back is confirmed here too, before anything is asked or a code is spent.
    let (ran, _) = changed(&["person", "revoke", "client", "--no-input"], String::new());
    assert_eq!(word(&ran.expect(2)), "option-needed");
    client.run(["books"]).expect(0);
    let (ran, _) = changed(&["person", "revoke", "client", "--yes"], code);
    ran.expect(0);
    client.run(["books"]).expect_failure("device-refused", 11);
    // What takes a lock away is for who stands at the machine.
    assert_eq!(word(&admin.run(["admin", "factor", "reset", "admin"]).expect(14)), "at-the-gateway");
    let people = scene.practice.people();
    let of = |name: &str| people.iter().find(|person| person["name"] == name).unwrap()["factor"].clone();
    assert_eq!((of("admin"), of("keeper")), (true.into(), false.into()));
}

fn office(request: &str, code: Option<&str>, act: Option<&str>) -> Office {
    Office {
        request: Bytes::new(request.as_bytes().to_vec()).unwrap(),
        code: code.map(|code| Text::new(code).unwrap()),
        act: act.map(|act| act_digest(act.as_bytes())),
    }
}

#[test]
fn a_code_for_one_grave_act_is_worth_nothing_with_another() {
    let scene = Scene::open();
    let admin = scene.staff("admin", "admin", &[]);
    let mut phone = Phone::enrol(&admin, &scene.path("phone"));
    let peer = Peer::of(&admin);
    let invite =
        |name: &str| format!("{{\"do\":\"invite\",\"role\":\"admin\",\"name\":\"{name}\",\"books\":[]}}");
    let (meant, other) = (invite("meant"), invite("other"));
    let code = phone.recovery_code();
    // A fresh code is not enough, nor one for another act, nor one without its act.
    let fresh = phone.recovery_code();
    let stepped = protocol::message::StepUp { code: Text::new(fresh.as_str()).unwrap() };
    assert_eq!(peer.ask(stepped).code(), None);
    assert_eq!(peer.ask(office(&meant, None, None)).code(), Some(Code::FactorNeeded));
    assert_eq!(peer.ask(office(&other, Some(&code), Some(&meant))).code(), Some(Code::FactorNeeded));
    assert_eq!(peer.ask(office(&meant, Some(&code), None)).code(), Some(Code::FactorNeeded));
    let done = peer.ask(office(&meant, Some(&code), Some(&meant)));
    assert_eq!(done.long().content, Content::OfficeAnswer);
    assert_eq!(peer.ask(office(&meant, Some(&code), Some(&meant))).code(), Some(Code::FactorWrong));
    let people = scene.practice.people();
    assert_eq!(people.iter().filter(|person| person["name"] == "meant").count(), 1);
    assert!(people.iter().all(|person| person["name"] != "other"));
}

#[test]
fn from_anybody_but_an_admin_the_office_is_a_message_that_nobody_knows() {
    let scene = Scene::open();
    let (client, keeper) = scene.people();
    let waiting = scene.stranger("waiting");
    waiting.enrol(&scene.practice.invite("admin", "waiting", &[]).word).expect(0);
    // A map with the number 1000, which no version has.
    let unknown = b"\x00\x00\x00\x05\xa1\x00\x19\x03\xe8";
    let asked = |companion: &Companion| {
        let peer = Peer::of(companion);
        let known = peer.say(unknown);
        assert_eq!(known.code(), Some(Code::UnknownMessage));
        for request in ["{\"do\":\"people\"}", "{\"do\":\"book-add\",\"name\":\"x\"}", "nonsense"] {
            assert_eq!(peer.ask(office(request, None, None)), known, "{request}");
        }
    };
    for companion in [&client, &keeper, &waiting] {
        asked(companion);
    }
    assert_eq!(word(&keeper.run(["admin", "people"]).expect(14)), "admin-only");
    assert_eq!(scene.practice.run(["book", "list"]).expect(0).rows("book").len(), 1);
}

#[test]
fn what_is_no_request_changes_nothing() {
    let scene = Scene::open();
    let admin = scene.staff("admin", "admin", &[]);
    let peer = Peer::of(&admin);
    for request in
        ["", "hello", "{\"do\":\"shred-all\"}", "{\"do\":\"book-add\",\"name\":\"x\",\"force\":true}"]
    {
        let long = peer.ask(office(request, None, None)).long();
        assert_eq!(long.bytes, b"{\"answer\":\"malformed\"}", "{request}");
    }
    assert_eq!(scene.practice.run(["book", "list"]).expect(0).rows("book").len(), 0);
}
