//! Administration: the same acts over the socket of a running gateway and by holding the folder oneself.

use std::os::unix::fs::PermissionsExt as _;

use harness::practice::{self, Practice};
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Ended, Gateway, files};

#[test]
fn acts_are_the_same_with_and_without_a_running_gateway() {
    let place = scene::place();
    let practice = Practice::init(place.path(), scene::PRACTICE, practice::free_port());
    // Nobody runs: the command holds the folder itself.
    let offline = practice.add_book("offline");
    let invited = practice.invite("client", "offline client", &["offline"]);
    let mut gateway = Gateway::run(&practice);
    let online = practice.add_book("online");
    let client = harness::Companion::new(place.path().join("client"));
    client.enrol(&invited.word).expect(0);
    let staff = harness::Companion::new(place.path().join("staff"));
    let invitation = practice.invite("bookkeeper", "李会计", &[&offline, &online]);
    let ran = staff.enrol(&invitation.word).expect(0);
    let digits = ran.only("identity")["digits"].as_str().unwrap().to_owned();
    let listed = |practice: &Practice| -> Vec<String> {
        let ran = practice.run(["book", "list"]).expect(0);
        ran.rows("book").iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    let (books, people) = (listed(&practice), practice.people());
    assert_eq!(books.len(), 2);
    assert_eq!(people.len(), 2);
    gateway.sigterm().expect(0);
    assert_eq!(listed(&practice), books);
    let offline_people = practice.people();
    let names =
        |people: &[serde_json::Value]| people.iter().map(|person| person["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&offline_people), names(&people));
    practice.confirm(&invitation.id, &digits).expect(0);
    gateway.start();
    let books = staff.run(["books"]).expect(0);
    assert_eq!(books.rows("book").len(), 2);
    assert_eq!(staff.run(["status"]).expect(0).only("identity")["confirmed"], true);
}

#[test]
fn the_socket_is_the_owners_alone_and_goes_with_the_gateway() {
    let mut scene = Scene::open();
    let socket = scene.practice.folder.join("admin.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    // One that a kill left behind is no running gateway.
    scene.gateway.kill9();
    scene.practice.add_book(BOOK);
    scene.gateway.start();
    assert_eq!(scene.practice.run(["book", "list"]).expect(0).rows("book").len(), 1);
    scene.gateway.sigterm().expect(0);
    assert!(!socket.exists());
}

#[test]
fn without_the_key_nothing_is_done_offline() {
    let place = scene::place();
    let practice = Practice::init(place.path(), scene::PRACTICE, practice::free_port());
    practice.add_book(BOOK);
    std::fs::remove_file(&practice.key_file).unwrap();
    for words in [vec!["book", "add", "x"], vec!["people"], vec!["repost"]] {
        let ran = practice.run(&words);
        assert!(matches!(ran.failure(), Some("key-file-unusable" | "unlock-missing")), "{words:?}\n{ran}");
    }
}

#[test]
fn a_long_path_has_its_socket_too() {
    let place = scene::place();
    let deep = place.path().join("d".repeat(60)).join("e".repeat(60));
    std::fs::create_dir_all(&deep).unwrap();
    let practice = Practice::init(&deep, scene::PRACTICE, practice::free_port());
    let _gateway = Gateway::run(&practice);
    practice.add_book(BOOK);
    assert_eq!(practice.run(["book", "list"]).expect(0).rows("book").len(), 1);
}

#[test]
fn a_book_is_named_by_its_name_or_its_id_and_names_may_repeat() {
    let scene = Scene::open();
    let first = scene.practice.add_book(BOOK);
    let again = scene.practice.run(["book", "add", BOOK]).expect(0);
    assert!(again.has_warning("book-name-repeats"), "{again}");
    let ran = scene.practice.run(["invite", "--role", "client", "--name", "x", "--book", BOOK]);
    ran.expect_failure("book-ambiguous", 2);
    let client = scene.client("client", &[&first]);
    let document = files::write(&scene.path("a.pdf"), b"a");
    client.send(&[&document], &first, PERIOD).expect(0);
    client.send(&[&document], BOOK, "2026-10").expect(0);
    for name in ["", &"x".repeat(201), "a\0b"] {
        if name.contains('\0') {
            continue; // no command line can carry it
        }
        let ran = scene.practice.run(["book", "add", name]);
        assert_eq!(ran.ended, Ended::Code(2), "{name:?}\n{ran}");
    }
}
