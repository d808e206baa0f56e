//! Access: who sees which books, and that what is not for one looks like what is not there.

use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Ended, Ran, files};

const OTHER: &str = "浦东书店";

/// Exit code, word and every sentence of a failure, without what was typed.
fn answer(ran: &Ran, typed: &str) -> String {
    let error = ran.last("error").unwrap_or_else(|| panic!("no failure\n{ran}"));
    format!("{:?} {}", ran.ended, error).replace(typed, "…")
}

#[test]
fn a_client_sees_its_own_book_and_no_other() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    let other_book = scene.practice.add_book(OTHER);
    let other = scene.client("other client", &[OTHER]);
    let secret = files::write(&scene.path("secret.pdf"), b"secret");
    let sent = other.send(&[&secret], OTHER, PERIOD).expect(0);
    let foreign = sent.only("receipt")["submission"].as_str().unwrap().to_owned();
    let own = files::write(&scene.path("own.pdf"), b"own");
    client.send(&[&own], BOOK, PERIOD).expect(0);

    for person in [&client, &bookkeeper] {
        let list = person.run(["list"]).expect(0);
        let names: Vec<_> = list.rows("document").iter().map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["own.pdf"]);
        assert_eq!(person.run(["status"]).expect(0).rows("submission").len(), 1);
        let books = person.run(["books"]).expect(0);
        assert_eq!(books.rows("book").len(), 1);
        assert_eq!(books.rows("book")[0]["name"], BOOK);
    }
    // Another's book is as unknown as one that does not exist, by id and by name.
    let nowhere = "00000000000000000000000000";
    for words in [vec!["list", "--book"], vec!["fetch", "--book"], vec!["status", "--book"]] {
        let ask = |book: &str| client.run([&words[..], &[book]].concat());
        let unknown = answer(&ask(nowhere), nowhere);
        assert_eq!(answer(&ask(&other_book), &other_book), unknown, "{words:?}");
        assert_eq!(answer(&ask(OTHER), OTHER), unknown, "{words:?}");
    }
    let sent = client.send(&[&own], &other_book, PERIOD);
    assert_eq!(answer(&sent, &other_book), answer(&client.send(&[&own], nowhere, PERIOD), nowhere));
    // Another's receipt is as absent as one that never was, to clients and to staff of other books.
    for person in [&client, &bookkeeper] {
        let to = scene.path("got");
        let get = |submission: &str| person.run(["receipt", "get", submission, "--to", scene::text(&to)]);
        let absent = get(nowhere);
        assert_ne!(absent.ended, Ended::Code(0), "{absent}");
        assert_eq!(answer(&get(&foreign), &foreign), answer(&absent, nowhere));
        assert!(!to.exists());
    }
}

#[test]
fn a_bookkeeper_sees_the_books_granted_and_an_admin_sees_no_content() {
    let scene = Scene::open();
    let (client, bookkeeper) = scene.people();
    scene.practice.add_book(OTHER);
    let both = scene.bookkeeper("both", &[BOOK, OTHER]);
    let admin = scene.staff("admin", "admin", &[]);
    let other = scene.client("other client", &[OTHER]);
    let document = files::write(&scene.path("a.pdf"), b"a");
    client.send(&[&document], BOOK, PERIOD).expect(0);
    other.send(&[&document], OTHER, PERIOD).expect(0);
    assert_eq!(bookkeeper.run(["list"]).expect(0).rows("document").len(), 1);
    assert_eq!(both.run(["list"]).expect(0).rows("document").len(), 2);
    // The same bytes in another book were not recognised across the two: both were sent.
    assert_eq!(both.fetch_new(&scene.path("inbox")).expect(0).files("fetched").len(), 2);
    for words in [vec!["list"], vec!["fetch", "--to", scene::text(&scene.path("admin inbox"))], vec!["books"]]
    {
        let ran = admin.run(&words);
        assert!(ran.rows("document").is_empty() && ran.rows("book").is_empty(), "{ran}");
        assert!(ran.files("fetched").is_empty(), "{ran}");
    }
    let sent = admin.send(&[&document], BOOK, PERIOD);
    assert!(sent.failure().is_some(), "{sent}");
    assert!(admin.run(["status"]).expect(0).rows("submission").is_empty());
    // A bookkeeper does not send to clients' books in their name.
    let sent = bookkeeper.send(&[&document], OTHER, PERIOD);
    assert!(sent.failure().is_some(), "{sent}");
}

#[test]
fn duplicates_are_recognised_only_among_what_one_may_read() {
    let scene = Scene::open();
    let (client, _) = scene.people();
    scene.practice.add_book(OTHER);
    let other = scene.client("other client", &[OTHER]);
    let document = files::write(&scene.path("a.pdf"), b"the same form for everybody");
    client.send(&[&document], BOOK, PERIOD).expect(0);
    let sent = other.send(&[&document], OTHER, PERIOD).expect(0);
    assert!(sent.all("held").is_empty(), "{sent}");
    assert_eq!(sent.last("summary").unwrap()["sent"], 1);
}
