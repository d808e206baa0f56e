//! Receipts: the same bytes for ever, verified by anybody offline, and by nothing but what is true.

use std::path::{Path, PathBuf};

use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Chance, Companion, Ended, Ran, files};

struct Receipted {
    scene: Scene,
    client: Companion,
    documents: Vec<PathBuf>,
    receipt: PathBuf,
    submission: String,
}

impl Receipted {
    fn of(count: usize) -> Self {
        let scene = Scene::open();
        let (client, _bookkeeper) = scene.people();
        let outbox = scene.path("outbox");
        let document =
            |at: usize| files::write(&outbox.join(format!("{at}.pdf")), format!("document {at}").as_bytes());
        let documents = (0..count).map(document).collect();
        let sent = client.send(&[&outbox], BOOK, PERIOD).expect(0);
        let told = sent.only("receipt");
        let receipt = told["path"].as_str().unwrap().into();
        let submission = told["submission"].as_str().unwrap().to_owned();
        Self { scene, client, documents, receipt, submission }
    }

    /// As somebody who knows nothing but what the line says.
    fn verify(&self, receipt: &Path, document: Option<&Path>, pin: Option<&str>) -> Ran {
        let mut words = vec!["receipt", "verify", scene::text(receipt)];
        words.extend(document.iter().flat_map(|path| ["--document", scene::text(path)]));
        words.extend(pin.iter().flat_map(|pin| ["--practice", pin]));
        self.scene.stranger("nobody").run(words)
    }

    fn get(&self, name: &str) -> Vec<u8> {
        let to = self.scene.path(name);
        self.client.run(["receipt", "get", &self.submission, "--to", scene::text(&to)]).expect(0);
        files::read(&to)
    }
}

#[test]
fn a_receipt_is_the_same_bytes_every_time() {
    let mut receipted = Receipted::of(3);
    let kept = files::read(&receipted.receipt);
    assert!(receipted.get("first") == kept);
    assert!(receipted.get("second") == kept);
    // Other entries came since, the gateway was killed, and the ledger was made anew.
    let other = files::write(&receipted.scene.path("other.pdf"), b"other");
    receipted.client.send(&[&other], BOOK, PERIOD).expect(0);
    receipted.scene.gateway.kill9();
    receipted.scene.gateway.start();
    assert!(receipted.get("third") == kept);
    receipted.scene.gateway.sigterm().expect(0);
    receipted.scene.practice.run(["repost"]).expect(0);
    receipted.scene.gateway.start();
    assert!(receipted.get("fourth") == kept);
}

#[test]
fn a_receipt_is_verified_offline_by_receipt_document_and_pin_alone() {
    let mut receipted = Receipted::of(3);
    receipted.scene.gateway.sigterm().expect(0);
    let pin = receipted.scene.practice.pin.clone();
    for document in &receipted.documents {
        let ran = receipted.verify(&receipted.receipt, Some(document), Some(&pin)).expect(0);
        let summary = ran.last("summary").unwrap();
        assert_eq!(summary["valid"], true, "{ran}");
        let verdicts = summary["verdicts"].as_array().unwrap();
        for property in ["origin", "acceptance", "logged", "checkpoint", "document", "practice"] {
            assert!(verdicts.iter().any(|verdict| verdict["property"] == property), "{property}: {ran}");
        }
        assert!(verdicts.iter().all(|verdict| verdict["verdict"] == "valid"), "{ran}");
        assert_eq!(summary["later_revocations"], "not-checked", "{ran}");
    }
    assert!(!receipted.scene.path("nobody").exists(), "verifying needs no home and makes none");
}

#[test]
fn without_the_right_pin_nothing_is_valid() {
    let receipted = Receipted::of(1);
    let document = Some(receipted.documents[0].as_path());
    let none = receipted.verify(&receipted.receipt, document, None);
    assert_eq!(none.ended, Ended::Code(13), "{none}");
    let other = scene::place();
    let other = harness::Practice::init(other.path(), "别家", 4433).pin;
    let wrong = receipted.verify(&receipted.receipt, document, Some(&other));
    assert_eq!(wrong.ended, Ended::Code(13), "{wrong}");
    let shown = receipted.client.run(["receipt", "list"]).expect(0);
    let id = shown.rows("receipt")[0]["practice_id"].as_str().unwrap().to_owned();
    receipted.verify(&receipted.receipt, document, Some(&id)).expect_failure("pin-wrong", 2);
    for ran in [&none, &wrong] {
        assert!(ran.last("summary").is_none_or(|summary| summary["valid"] == false), "{ran}");
    }
    // Who is enrolled has the pin.
    let words = [
        "receipt",
        "verify",
        scene::text(&receipted.receipt),
        "--document",
        scene::text(&receipted.documents[0]),
    ];
    receipted.client.run(words).expect(0);
}

#[test]
fn another_document_is_not_the_one_that_was_received() {
    let receipted = Receipted::of(2);
    let pin = Some(receipted.scene.practice.pin.clone());
    let mut content = files::read(&receipted.documents[0]);
    content[0] ^= 1;
    let changed = files::write(&receipted.scene.path("changed.pdf"), &content);
    let longer = files::write(&receipted.scene.path("longer.pdf"), b"document 0 ");
    let empty = files::write(&receipted.scene.path("empty.pdf"), b"");
    for document in [&changed, &longer, &empty] {
        let ran = receipted.verify(&receipted.receipt, Some(document), pin.as_deref());
        assert_eq!(ran.ended, Ended::Code(13), "{ran}");
    }
}

#[test]
fn a_receipt_with_any_byte_changed_is_never_valid() {
    let receipted = Receipted::of(2);
    let (pin, whole) = (receipted.scene.practice.pin.clone(), files::read(&receipted.receipt));
    let document = Some(receipted.documents[0].as_path());
    receipted.verify(&receipted.receipt, document, Some(&pin)).expect(0);
    let mut chance = Chance::new(21);
    let copy = receipted.scene.path("copy.receipt");
    for round in 0..60 {
        let mut bytes = whole.clone();
        match round {
            0 => bytes.truncate(whole.len() / 2),
            1 => bytes.push(0),
            2 => bytes.clear(),
            _ => {
                let at = chance.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << chance.below(8);
            }
        }
        files::write(&copy, &bytes);
        let ran = receipted.verify(&copy, document, Some(&pin));
        assert_eq!(ran.ended, Ended::Code(13), "round {round}\n{ran}");
    }
}

#[test]
fn an_unknown_receipt_is_said_to_be_unknown() {
    let receipted = Receipted::of(1);
    receipted.client.run(["receipt", "show", "ZZZZZZZZ"]).expect_failure("receipt-unknown", 1);
    let absent = receipted.scene.path("absent.receipt");
    let ran = receipted.verify(&absent, None, Some(&receipted.scene.practice.pin));
    ran.expect_failure("receipt-unreadable", 1);
    let shown = receipted.client.run(["receipt", "show", &receipted.submission[..8]]).expect(0);
    assert!(
        shown.events.iter().any(|event| event["id"] == receipted.submission.as_str()
            || event["submission"] == receipted.submission.as_str()),
        "{shown}"
    );
}
