//! The socket and the acts over a real practice.

use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use host::Clock;

use super::socket::{PATH_BYTES_MAX, POINTER, REQUEST_BYTES_MAX, SOCKET, may_ask};
use super::*;
use crate::practice::Opened;
use crate::setup;
use crate::testing::{make, open, opened};

/// On a thread that may wait, as a command does.
async fn asked(dir: &Path, request: Request) -> Option<Answer> {
    let dir = dir.to_path_buf();
    tokio::task::spawn_blocking(move || ask(&dir, &request)).await.unwrap().unwrap()
}

async fn said(socket: PathBuf, line: Vec<u8>) -> Vec<u8> {
    let exchange = move || {
        let mut stream = UnixStream::connect(&socket).unwrap();
        let _ = stream.write_all(&line);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    };
    tokio::task::spawn_blocking(exchange).await.unwrap()
}

async fn close(opened: Opened) {
    tokio::task::spawn_blocking(|| opened.close()).await.unwrap().unwrap();
}

fn book(name: &str) -> Request {
    Request::BookAdd { name: name.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_over_the_socket_stands_in_the_journal_and_the_socket_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    let opened = opened(&dir);
    assert!(matches!(make(&dir, folder.path()), Err(setup::SetupError::NotEmpty(_))));
    assert!(asked(&dir, Request::Status).await.is_none(), "nobody listens yet");
    let serving = serve(Arc::clone(&opened.practice)).unwrap();
    let mode = std::fs::metadata(dir.join(SOCKET)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = opened.practice.journal.size();
    assert!(matches!(asked(&dir, book("静安面馆")).await, Some(Answer::Book { repeats: false, .. })));
    assert_eq!(opened.practice.journal.size(), before + 2);
    assert!(matches!(asked(&dir, book("静安面馆")).await, Some(Answer::Book { repeats: true, .. })));
    serving.stop().await;
    assert!(!dir.join(SOCKET).exists());
    assert!(asked(&dir, Request::Status).await.is_none());
    close(opened).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_changes_nothing_and_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    let opened = opened(&dir);
    let serving = serve(Arc::clone(&opened.practice)).unwrap();
    let before = opened.practice.journal.size();
    let malformed = b"{\"answer\":\"malformed\"}\n";
    for line in [
        "\n",
        "hello\n",
        "{\"do\":\"shred-all\"}\n",
        "{\"do\":\"book-add\"}\n",
        "{\"do\":\"book-add\",\"name\":\"x\",\"force\":true}\n",
        "{\"do\":\"invite\",\"role\":\"king\",\"name\":\"x\",\"books\":[]}\n",
    ] {
        assert_eq!(said(dir.join(SOCKET), line.as_bytes().to_vec()).await, malformed, "{line}");
    }
    // A line that never ends is not read for ever: what comes back is the same, or the connection is reset.
    let endless = said(dir.join(SOCKET), vec![b'x'; 16 * REQUEST_BYTES_MAX]).await;
    assert!(endless.is_empty() || endless == malformed);
    let mut long = serde_json::to_vec(&book(&"x".repeat(REQUEST_BYTES_MAX))).unwrap();
    long.push(b'\n');
    let long = said(dir.join(SOCKET), long).await;
    assert!(long.is_empty() || long == malformed);
    assert_eq!(opened.practice.journal.size(), before);
    serving.stop().await;
    close(opened).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_too_long_is_led_to_a_short_private_folder() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().canonicalize().unwrap().join("a".repeat(PATH_BYTES_MAX));
    let opened = opened(&dir);
    assert!(asked(&dir, Request::Status).await.is_none());
    let serving = serve(Arc::clone(&opened.practice)).unwrap();
    let named = std::fs::read(dir.join(POINTER)).unwrap();
    assert!(named.len() <= PATH_BYTES_MAX);
    let socket = PathBuf::from(std::ffi::OsStr::from_bytes(&named));
    let runtime = socket.parent().unwrap().to_path_buf();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&runtime), mode(&socket), mode(&dir.join(POINTER))), (0o700, 0o600, 0o600));
    assert!(matches!(asked(&dir, Request::Status).await, Some(Answer::Status { .. })));
    // A folder that others may enter is not taken for ours.
    std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o711)).unwrap();
    assert!(asked(&dir, Request::Status).await.is_none());
    serving.stop().await;
    assert!(!runtime.exists() && !dir.join(POINTER).exists());
    close(opened).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_was_left_behind_is_nobody_and_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    let opened = opened(&dir);
    drop(UnixListener::bind(dir.join(SOCKET)).unwrap());
    assert!(asked(&dir, Request::Status).await.is_none());
    let serving = serve(Arc::clone(&opened.practice)).unwrap();
    assert!(matches!(asked(&dir, Request::Status).await, Some(Answer::Status { .. })));
    serving.stop().await;
    close(opened).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_connects_and_asks_nothing_does_not_delay_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    let opened = opened(&dir);
    let serving = serve(Arc::clone(&opened.practice)).unwrap();
    let idle = UnixStream::connect(dir.join(SOCKET)).unwrap();
    assert!(asked(&dir, Request::Status).await.is_some(), "it is accepted before the next one");
    tokio::time::timeout(std::time::Duration::from_secs(5), serving.stop()).await.unwrap();
    close(opened).await;
    drop(idle);
}

#[test]
fn only_the_account_of_the_gateway_and_root_may_ask() {
    assert!(may_ask(1000, 1000) && may_ask(1000, 0) && may_ask(0, 0));
    assert!(!may_ask(1000, 1001) && !may_ask(0, 1000));
}

#[test]
fn a_clock_that_is_held_commits_nothing_until_it_is_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    make(&dir, &dir.with_extension("root")).unwrap();
    let later = Clock::system().unix_ms() + 40 * 24 * 3600 * 1000;
    let opened = open(&dir, Clock::manual(later));
    assert!(matches!(perform(&opened.practice, book("x"), Actor::AdminSocket), Answer::ClockHeld { .. }));
    assert!(
        matches!(perform(&opened.practice, Request::Status, Actor::AdminSocket), Answer::Status { status } if status.clock_held)
    );
    assert_eq!(perform(&opened.practice, Request::ClockConfirm, Actor::AdminSocket), Answer::ClockConfirmed);
    keep_clock(&opened.practice).unwrap();
    opened.close().unwrap();
    let opened = open(&dir, Clock::manual(later + 1));
    assert!(
        matches!(perform(&opened.practice, book("x"), Actor::AdminSocket), Answer::Book { .. }),
        "it lasts beyond the process"
    );
    opened.close().unwrap();
}

#[test]
fn an_invitation_that_nobody_used_is_told_from_one_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let opened = opened(&folder.path().join("p"));
    let invite = Request::Invite {
        role: "bookkeeper".to_owned(),
        name: "王".to_owned(),
        books: vec![],
        until: None,
        purpose: None,
    };
    let Answer::Invitation { invitation, .. } = perform(&opened.practice, invite, Actor::AdminSocket) else {
        panic!()
    };
    let confirm = |invitation: &str| Request::Confirm {
        invitation: invitation.to_owned(),
        digits: "12345678".to_owned(),
    };
    let unused = perform(&opened.practice, confirm(&invitation.id), Actor::AdminSocket);
    assert_eq!(unused, Answer::NotUsed { invitation: invitation.id.clone() });
    let unknown = perform(&opened.practice, confirm("000000"), Actor::AdminSocket);
    assert!(matches!(unknown, Answer::Refused { error: ActError::NotEnrolled { .. } }));
    let Answer::People { people } = perform(&opened.practice, Request::People, Actor::AdminSocket) else {
        panic!()
    };
    assert_eq!(people.len(), 1);
    assert_eq!(people[0].invitations, [invitation.id]);
    opened.close().unwrap();
}
