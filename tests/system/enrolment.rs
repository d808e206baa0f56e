//! Enrolment: who gets in, by what, and who does not.

use std::path::Path;

use harness::practice::Invitation;
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Companion, Ended, Peer, Relay, files, peer};

#[test]
fn a_word_enrols_a_client_who_may_send_at_once() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let invitation = scene.practice.invite("client", "静安面馆老板", &[BOOK]);
    let client = scene.stranger("client");
    let ran = client.enrol(&invitation.word).expect(0);
    let identity = ran.only("identity");
    assert_eq!(identity["person"], "静安面馆老板", "{ran}");
    assert_eq!(identity["role"], "client");
    assert_eq!(identity["pin"], scene.practice.pin);
    assert_eq!(identity["confirmed"], true);
    assert!(identity.get("digits").is_none(), "a client compares nothing\n{ran}");
    let document = files::write(&scene.path("a.pdf"), b"a");
    client.send(&[&document], BOOK, PERIOD).expect(0);
    // Its keys are there, sealed, and nobody else may read them.
    use std::os::unix::fs::PermissionsExt as _;
    for path in files::tree(&client.home).values() {
        let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

#[test]
fn a_code_enrols_with_the_gateways_address() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let Invitation { code, address, .. } = scene.practice.invite("client", "张三", &[BOOK]);
    let client = scene.stranger("client");
    client.run(["enrol", &code, "--yes"]).expect_failure("invitation-address-needed", 2);
    let typed = code.to_lowercase().replace('-', " ");
    let ran = client.run(["enrol", &typed, "--at", &address, "--yes"]).expect(0);
    assert_eq!(ran.only("identity")["pin"], scene.practice.pin, "the code pins the practice too");
    client.run(["books"]).expect(0);
}

#[test]
fn a_mistyped_code_is_located_before_anything_is_sent() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let code = scene.practice.invite("client", "张三", &[BOOK]).code;
    let line = Relay::open(1);
    line.lead_to(scene.gateway.address);
    let at = line.address().to_string();
    let client = scene.stranger("client");
    let groups: Vec<&str> = code.split('-').collect();
    for group in 0..groups.len() {
        let mut mistyped: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        let wrong = if mistyped[group].starts_with('7') { "8" } else { "7" };
        mistyped[group].replace_range(..1, wrong);
        let ran = client.run(["enrol", &mistyped.join("-"), "--at", &at, "--yes"]);
        let ran = ran.expect_failure("invitation-group-wrong", 2);
        assert_eq!(
            ran.last("error").unwrap()["details"]["group"].to_string().trim_matches('"'),
            (group + 1).to_string(),
            "{ran}"
        );
    }
    client
        .run(["enrol", &code[..code.len() - 1], "--at", &at, "--yes"])
        .expect_failure("invitation-malformed", 2);
    client.run(["enrol", "CF1nonsense", "--yes"]).expect_failure("invitation-malformed", 2);
    assert_eq!(line.passed_up(), 0, "nothing was sent");
    client.run(["enrol", &code, "--at", &at, "--yes"]).expect(0);
}

#[test]
fn a_word_with_any_symbol_changed_is_refused_before_anything_is_sent() {
    let scene = Scene::behind_relay(2);
    scene.practice.add_book(BOOK);
    let word = scene.practice.invite("client", "张三", &[BOOK]).word;
    let client = scene.stranger("client");
    for at in (3..word.len()).step_by(7) {
        let mut changed = word.clone();
        let wrong = if &word[at..=at] == "Q" { "R" } else { "Q" };
        changed.replace_range(at..=at, wrong);
        let ran = client.enrol(&changed);
        assert_eq!(ran.ended, Ended::Code(2), "symbol {at}\n{ran}");
    }
    assert_eq!(scene.relay().passed_up(), 0, "nothing was sent");
}

#[test]
fn an_invitation_is_for_one_device() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let invitation = scene.practice.invite("client", "张三", &[BOOK]);
    let first = scene.stranger("first");
    let one = first.enrol(&invitation.word).expect(0);
    scene.stranger("second").enrol(&invitation.word).expect_failure("invitation-taken", 11);
    // The same device says it again, and is the same device.
    let again = first.enrol(&invitation.word).expect(0);
    assert_eq!(one.only("identity")["device"], again.only("identity")["device"]);
    scene.stranger("second").run(["books"]).expect_failure("not-enrolled", 10);
    // Admins see both, and how to tell the two apart: whoever came first may have been the thief.
    scene.stranger("second").enrol(&invitation.word).expect_failure("invitation-taken", 11);
    let ran = scene.practice.run(["invitations"]).expect(0);
    let row = &ran.rows("invitation")[0];
    assert_eq!((&row["contested"], &row["state"]), (&1.into(), &"confirmed".into()), "{ran}");
    assert_eq!(row["attempts"][0]["outcome"], "taken", "{ran}");
    assert!(ran.has_warning("invitation-contested"), "{ran}");
    scene.practice.run(["invite", "dispute", &invitation.id]).expect(0);
    first.run(["books"]).expect(11);
    assert!(scene.practice.run(["invitations"]).expect(0).rows("invitation").len() == 1, "the new one alone");
}

#[test]
fn an_invitation_that_nobody_gave_out_is_refused() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let other = Scene::open();
    other.practice.add_book(BOOK);
    // The word of another practice, at this gateway: the other side is not who it is said to be.
    let word = other.practice.invite("client", "张三", &[BOOK]).word;
    let at = scene.gateway.address.to_string();
    let ran = scene.stranger("client").run(["enrol", &word, "--at", &at, "--yes"]);
    assert_eq!(ran.ended, Ended::Code(11), "{ran}");
    // Its code has no pin to compare by, and finds no invitation here.
    let code = other.practice.invite("client", "张三", &[BOOK]).code;
    let ran = scene.stranger("client").run(["enrol", &code, "--at", &at, "--yes"]);
    assert_eq!(ran.ended, Ended::Code(11), "{ran}");
    assert!(scene.practice.people().is_empty());
}

#[test]
fn staff_have_no_rights_before_the_digits_were_compared() {
    let scene = Scene::open();
    let (client, _) = scene.people();
    let document = files::write(&scene.path("a.pdf"), b"a");
    client.send(&[&document], BOOK, PERIOD).expect(0);
    let invitation = scene.practice.invite("bookkeeper", "李会计", &[BOOK]);
    scene.practice.confirm(&invitation.id, "12345678").expect_failure("invitation-not-used", 1);
    let staff = scene.stranger("staff");
    let ran = staff.enrol(&invitation.word).expect(0);
    let identity = ran.only("identity");
    assert_eq!(identity["confirmed"], false, "{ran}");
    let digits = identity["digits"].as_str().unwrap().to_owned();
    for words in [vec!["list"], vec!["books"], vec!["fetch", "--to", "/nonexistent"]] {
        let ran = staff.run(&words);
        assert_eq!(ran.ended, Ended::Code(14), "{words:?}\n{ran}");
        assert!(ran.all("row").is_empty(), "{words:?}\n{ran}");
    }
    // Other digits give nothing.
    let wrong: String = digits
        .chars()
        .map(|digit| {
            if digit == '1' {
                '2'
            } else if digit.is_ascii_digit() {
                '1'
            } else {
                digit
            }
        })
        .collect();
    scene.practice.confirm(&invitation.id, &wrong).expect_failure("digits-differ", 11);
    scene.practice.confirm(&invitation.id, "1234").expect_failure("digits-malformed", 2);
    scene.practice.confirm("no-such", &digits).expect(2);
    assert_eq!(staff.run(["list"]).ended, Ended::Code(14));
    scene.practice.confirm(&invitation.id, &digits).expect(0);
    assert_eq!(staff.run(["list"]).expect(0).rows("document").len(), 1);
    assert_eq!(staff.run(["status"]).expect(0).only("identity")["confirmed"], true);
}

#[test]
fn who_declines_is_not_enrolled() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let word = scene.practice.invite("client", "张三", &[BOOK]).word;
    let client = scene.stranger("client");
    // Nobody is there to answer: nothing is confirmed in anybody's name.
    let ran = client.run(["enrol", &word, "--no-input"]);
    assert_eq!(ran.failure(), Some("answer-needed"), "{ran}");
    // The same word goes on, now with the answer.
    client.enrol(&word).expect(0);
}

#[test]
fn a_person_may_belong_to_several_practices() {
    let (here, there) = (Scene::open(), Scene::open());
    let client = here.stranger("client");
    for scene in [&here, &there] {
        scene.practice.add_book(BOOK);
        client.enrol(&scene.practice.invite("client", "张三", &[BOOK]).word).expect(0);
    }
    client.run(["books"]).expect_failure("practice-ambiguous", 2);
    let document = files::write(&here.path("a.pdf"), b"a");
    let ids: Vec<String> = files::tree(&client.home.join("practices"))
        .keys()
        .map(|path| path.split('/').next().unwrap().to_owned())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    assert_eq!(ids.len(), 2);
    for id in &ids {
        let words =
            ["send", document.to_str().unwrap(), "--book", BOOK, "--period", PERIOD, "--practice", id];
        client.run(words).expect(0);
    }
    client.run(["books", "--practice", "nobody"]).expect_failure("practice-unknown", 10);
}

#[test]
fn a_role_gets_the_books_that_it_may_have_and_no_others() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let invite = |words: &[&str]| scene.practice.run([&["invite", "--name", "x"], words].concat());
    invite(&["--role", "client"]).expect_failure("book-required", 2);
    invite(&["--role", "bookkeeper"]).expect_failure("book-required", 2);
    invite(&["--role", "admin", "--book", BOOK]).expect_failure("book-not-for-role", 2);
    invite(&["--role", "client", "--book", "no such book"]).expect_failure("book-unknown", 2);
    invite(&["--role", "king"]).expect_failure("role-wrong", 2);
    invite(&["--role", "client", "--book", BOOK]).expect(0);
}

/// Enrols and answers that the names shown are not one's own; what the practice is asked with then.
fn declined(scene: &Scene, role: &str, home: &str) -> (Companion, Companion, Invitation) {
    let invitation = scene.practice.invite(role, home, &[BOOK]);
    let companion = scene.stranger(home);
    let bound = companion.run(["enrol", &invitation.word, "--no-input"]);
    assert_eq!(bound.failure(), Some("answer-needed"), "{bound}");
    // A copy of its keys, as somebody would have who had made one in time.
    let kept = scene.stranger(&format!("kept {home}"));
    copy(&companion.home, &kept.home);
    let line = ["counterfoil", "enrol", &invitation.word, "--home", scene::text(&companion.home)];
    let exit = client::run_on(&line.map(Into::into), &peer::mute(&["n"]), host::Clock::system());
    assert_eq!(exit, console::Exit::Failed);
    (companion, kept, invitation)
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

#[test]
fn who_says_that_the_names_are_not_theirs_has_no_rights_and_gets_none() {
    let mut scene = Scene::open();
    let (client, _) = scene.people();
    let document = files::write(&scene.path("a.pdf"), b"a");
    client.send(&[&document], BOOK, PERIOD).expect(0);
    for role in ["client", "bookkeeper"] {
        let (declined, kept, invitation) = declined(&scene, role, &format!("declining {role}"));
        declined.run(["books"]).expect_failure("not-enrolled", 10);
        assert!(files::tree(&declined.home).keys().all(|name| !name.contains("keys")), "its keys are gone");
        // Neither a copy of its keys, nor its invitation, nor an admin's word makes it a device of this practice.
        assert!(Peer::try_of(&kept).is_err());
        kept.run(["books"]).expect_failure("device-refused", 11);
        kept.enrol(&invitation.word).expect_failure("device-refused", 11);
        scene.stranger("second").enrol(&invitation.word).expect_failure("invitation-taken", 11);
        let confirmed = scene.practice.confirm(&invitation.id, "12345678");
        assert!(confirmed.failure().is_some(), "{confirmed}");
        let people = scene.practice.people();
        let person = people.iter().find(|person| person["name"] == format!("declining {role}")).unwrap();
        assert_eq!(person["devices"][0]["standing"], "declined", "{person}");
        scene.gateway.kill9();
        scene.gateway.start();
        kept.run(["books"]).expect_failure("device-refused", 11);
    }
}

#[test]
fn a_folder_from_before_an_enrolment_does_not_admit_the_device() {
    let mut scene = Scene::open();
    scene.practice.add_book(BOOK);
    let early = scene.client("early", &[BOOK]);
    scene.gateway.sigterm().expect(0);
    let (older, newer) = (scene.path("older"), scene.path("newer"));
    copy(&scene.practice.folder, &older);
    scene.gateway.start();
    let late = scene.client("late", &[BOOK]);
    late.run(["books"]).expect(0);
    scene.gateway.sigterm().expect(0);
    copy(&scene.practice.folder, &newer);
    std::fs::remove_dir_all(&scene.practice.folder).unwrap();
    copy(&older, &scene.practice.folder);
    scene.gateway.start();
    // Its certificate is this practice's and in force; but the registry does not know it.
    late.run(["books"]).expect_failure("device-refused", 11);
    early.run(["books"]).expect(0);
    scene.gateway.sigterm().expect(0);
    std::fs::remove_dir_all(&scene.practice.folder).unwrap();
    copy(&newer, &scene.practice.folder);
    scene.gateway.start();
    late.run(["books"]).expect(0);
}
