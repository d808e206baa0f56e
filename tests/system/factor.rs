//! The second factor: a code counts once, guesses are counted by the person, and what is fresh on one connection is
//! nothing on another.

use harness::phone::Phone;
use harness::scene::{BOOK, PERIOD, Scene};
use harness::{Companion, Peer, files};
use model::limits;
use protocol::message::{Done, FactorCodes, FactorShow, FactorState, Office, RecoveryCodes, StepUp};
use protocol::{Bytes, Code, Text};

fn step_up(peer: &Peer, code: &str) -> Option<Code> {
    peer.ask(StepUp { code: Text::new(code).unwrap() }).code()
}

fn book_add(name: &str) -> Office {
    let request = format!("{{\"do\":\"book-add\",\"name\":\"{name}\"}}");
    Office { request: Bytes::new(request.into_bytes()).unwrap(), code: None, act: None }
}

fn word(ran: &harness::Ran) -> String {
    ran.only("error")["word"].as_str().unwrap().to_owned()
}

#[test]
fn a_code_shown_on_one_connection_is_worth_nothing_on_another() {
    let scene = Scene::open();
    let admin = scene.staff("admin", "admin", &[]);
    let mut phone = Phone::enrol(&admin, &scene.path("phone"));
    let (one, other) = (Peer::of(&admin), Peer::of(&admin));
    // Both at once: one of them wins, never both.
    let code = phone.code();
    let asked = StepUp { code: Text::new(code.as_str()).unwrap() };
    let (first, second) = (one.stream().send(asked.clone()), other.stream().send(asked));
    let (first, second) = (first.end().code(), second.end().code());
    let lost = if first.is_none() { second } else { first };
    assert_eq!(lost, Some(Code::FactorWrong), "{first:?} {second:?}");
    assert!(first.is_none() != second.is_none());
    let (fresh, stale) = if first.is_none() { (one, other) } else { (other, one) };
    assert!(fresh.ask(book_add("浦东五金店")).code().is_none(), "fresh on this one");
    assert_eq!(stale.ask(book_add("浦东五金店")).code(), Some(Code::FactorNeeded), "and on no other");
    assert_eq!(Peer::of(&admin).ask(FactorCodes {}).code(), Some(Code::FactorNeeded), "nor on a new one");
    // The same connection goes on without another code.
    assert_eq!(fresh.ask(FactorCodes {}).only::<RecoveryCodes>().codes.len(), 10);
    assert_eq!(scene.practice.run(["book", "list"]).expect(0).rows("book").len(), 1);
}

#[test]
fn a_thousand_guesses_over_many_connections_are_those_of_one_person() {
    let mut scene = Scene::open();
    let keeper = scene.bookkeeper("bookkeeper", &[&scene.practice.add_book(BOOK)]);
    let mut phone = Phone::enrol(&keeper, &scene.path("phone"));
    let wrong = phone.wrong_code();
    let guess = |peer: &Peer| step_up(peer, &wrong) == Some(Code::FactorWrong);
    let looked_at: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let peer = Peer::of(&keeper);
                    (0..250).filter(|_| guess(&peer)).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(looked_at, limits::FACTOR_FAILURES_MAX);
    let right = phone.code();
    assert_eq!(step_up(&Peer::of(&keeper), &right), Some(Code::FactorPaused), "the right one waits too");
    // A restart forgives nothing.
    scene.gateway.kill9();
    scene.gateway.start();
    assert_eq!(step_up(&Peer::of(&keeper), &phone.code()), Some(Code::FactorPaused));
    let code = phone.recovery_code();
    assert_eq!(step_up(&Peer::of(&keeper), &code), Some(Code::FactorPaused), "nor is there a way around it");
}

#[test]
fn a_person_enrols_shows_redraws_and_removes_their_own_factor() {
    let scene = Scene::open();
    scene.practice.add_book(BOOK);
    let keeper = scene.bookkeeper("bookkeeper", &[BOOK]);
    let shown = |companion: &Companion| companion.run(["factor", "show"]).expect(0).only("summary").clone();
    assert_eq!(shown(&keeper)["enrolled"], false);
    let mut phone = Phone::enrol(&keeper, &scene.path("phone"));
    assert_eq!((&shown(&keeper)["enrolled"], &shown(&keeper)["recovery_left"]), (&true.into(), &10.into()));
    assert_eq!(word(&keeper.run(["factor", "enrol"]).expect(14)), "factor-exists");
    assert_eq!(word(&keeper.run(["factor", "codes"]).expect(14)), "factor-needed");
    let used = phone.recovery_code();
    let file = phone.file(&used);
    let drawn = keeper.run(["factor", "codes", "--code-file", &file]).expect(0);
    assert_eq!(drawn.rows("recovery-code").len(), 10);
    // Those before count no more.
    let before = phone.recovery_code();
    let file = phone.file(&before);
    assert_eq!(word(&keeper.run(["factor", "remove", "--code-file", &file]).expect(14)), "factor-wrong");
    let code = phone.code();
    let file = phone.file(&code);
    keeper.run(["factor", "remove", "--code-file", &file]).expect(0);
    assert_eq!(shown(&keeper)["enrolled"], false);
    let peer = Peer::of(&keeper);
    assert!(!peer.ask(FactorShow {}).only::<FactorState>().enrolled);
    assert_eq!(step_up(&peer, &phone.last_code()), Some(Code::FactorMissing));
    // At the gateway's own machine, for who has lost phone and codes.
    Phone::enrol(&keeper, &scene.path("phone"));
    scene.practice.run(["factor", "reset", "bookkeeper"]).expect(0);
    assert_eq!(shown(&keeper)["enrolled"], false);
    assert_eq!(word(&scene.practice.run(["factor", "reset", "nobody"]).expect(2)), "person-unknown");
}

#[test]
fn what_was_fetched_of_confidential_documents_counts_over_a_restart() {
    let mut scene = Scene::open();
    let (client, keeper) = scene.people();
    let folder = scene.path("documents");
    let send = |count: u64, name: &str| {
        let folder = folder.join(name);
        for n in 0..count {
            files::write(&folder.join(format!("{n}.pdf")), format!("{name} {n}").as_bytes());
        }
        let mut words = Companion::send_words(&[&folder], BOOK, PERIOD);
        words.extend(["--class", "confidential"].map(Into::into));
        client.run(words).expect(0);
    };
    send(limits::CONFIDENTIAL_PER_DAY_MAX - 1, "many");
    let to = scene.path("fetched");
    keeper.fetch_new(&to).expect(0);
    client.fetch_new(&scene.path("own")).expect(0);
    // Neither stopping nor dying, nor a ledger that is posted again, forgives.
    scene.gateway.sigterm().expect(0);
    scene.practice.run(["repost"]).expect(0);
    scene.gateway.start();
    send(1, "last");
    keeper.fetch_new(&to).expect(0);
    scene.gateway.kill9();
    scene.gateway.start();
    send(1, "beyond");
    assert_eq!(word(&keeper.fetch_new(&to).expect(14)), "factor-missing");
}

#[test]
fn many_confidential_documents_at_once_take_a_code_of_staff_and_none_of_the_client() {
    let scene = Scene::open();
    let (client, keeper) = scene.people();
    let folder = scene.path("documents");
    std::fs::create_dir_all(&folder).unwrap();
    for n in 0..=limits::CONFIDENTIAL_PER_DAY_MAX {
        files::write(&folder.join(format!("{n}.pdf")), format!("document {n}").as_bytes());
    }
    let mut words = Companion::send_words(&[&folder], BOOK, PERIOD);
    words.extend(["--class", "confidential"].map(Into::into));
    client.run(words).expect(0);
    let to = scene.path("fetched");
    assert_eq!(word(&keeper.fetch_new(&to).expect(14)), "factor-missing");
    let mut phone = Phone::enrol(&keeper, &scene.path("phone"));
    assert_eq!(word(&keeper.fetch_new(&to).expect(14)), "factor-needed");
    let code = phone.code();
    let file = phone.file(&code);
    let words = ["fetch", "--new", "--to", harness::scene::text(&to), "--code-file", &file];
    let fetched = keeper.run(words).expect(0);
    assert_eq!(fetched.only("summary")["fetched"], limits::CONFIDENTIAL_PER_DAY_MAX + 1);
    client.fetch_new(&scene.path("own")).expect(0);
    // A client is not asked, and can not even ask about it.
    assert_eq!(word(&client.run(["factor", "show"]).expect(14)), "factor-staff-only");
    let peer = Peer::of(&client);
    assert_eq!(peer.ask(FactorShow {}).code(), Some(Code::UnknownMessage));
    assert!(
        peer.ask(StepUp { code: Text::new("123456").unwrap() })
            .messages()
            .iter()
            .all(|message| { !matches!(message, protocol::Message::Done(Done {})) })
    );
}
