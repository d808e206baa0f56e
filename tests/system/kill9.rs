//! Kill -9 at random moments under load, gateway and companion in turn: what was acknowledged stays, a receipt has its
//! bytes, there is one receipt a submission, and little is sent twice.
//!
//! `COUNTERFOIL_ROUNDS` sets how many rounds, `COUNTERFOIL_SEED` the seed of the moments.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::files::{self, MIB};
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Chance, Companion, Conditions, Ended, Ran, Running, from_environment};

/// What may be sent again for one kill.
const AGAIN_BYTES_MAX: u64 = 16 * MIB;
/// So that the moments fall in the middle of something.
const BYTES_PER_SECOND: u64 = 40 * MIB;

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    /// The gateway; the companion goes on by itself when it is back.
    Gateway,
    /// The companion; the same line goes on.
    Companion,
    /// Both: what the gateway holds is asked for before anything more is sent.
    Both,
}

struct Load {
    scene: Scene,
    client: Companion,
    bookkeeper: Companion,
    chance: Chance,
    /// What was sent under a receipt, by the digest of its content.
    receipted: BTreeSet<String>,
    receipts: BTreeSet<String>,
}

impl Load {
    fn outbox(&mut self, round: u64) -> (PathBuf, BTreeMap<String, u64>) {
        let outbox = self.scene.path(&format!("outbox/{round}"));
        let mut documents = BTreeMap::new();
        let large = 4 * MIB + self.chance.below(8 * MIB);
        let small = 5 + self.chance.below(20);
        let sizes = std::iter::once(large).chain((0..small).map(|at| 10 + at * 4000));
        for (at, size) in sizes.enumerate() {
            let content = files::bytes(round * 1000 + at as u64, size as usize);
            files::write(&outbox.join(format!("{at}.bin")), &content);
            documents.insert(files::sha256(&content), size);
        }
        (outbox, documents)
    }

    fn send(&self, outbox: &Path) -> Running {
        self.client.start_send(&[outbox], BOOK, PERIOD)
    }

    /// Pieces of the open submission that the gateway says are durable, by document.
    fn pieces(&self) -> BTreeMap<u64, u64> {
        let status = self.client.run(["status"]).expect(0);
        let rows = status.rows("submission");
        let arriving = rows.iter().flat_map(|row| row["documents"].as_array().unwrap());
        let arriving = arriving.filter(|document| document["state"] == "arriving");
        arriving
            .map(|document| (document["n"].as_u64().unwrap(), document["pieces"].as_u64().unwrap()))
            .collect()
    }

    /// One round; what the summary says was sent again.
    fn round(&mut self, round: u64, victim: Victim) -> u64 {
        let (outbox, documents) = self.outbox(round);
        let bytes: u64 = documents.values().sum();
        let before = self.scene.relay().passed_up();
        let running = self.send(&outbox);
        // Anywhere between the first packet and just after the receipt.
        let moment = self.chance.below(bytes + bytes / 6);
        let mut running = wait_for_moment(&self.scene, running, before + moment);
        let acknowledged = documents_acknowledged(&running.events());
        let ran = match victim {
            Victim::Gateway => {
                self.scene.gateway.kill9();
                self.scene.gateway.start();
                running.wait()
            }
            Victim::Companion => {
                let killed = running.kill();
                let had_receipt = killed.last("receipt").is_some();
                assert!(had_receipt || killed.ended != Ended::Code(3), "{killed}");
                self.send(&outbox).wait()
            }
            Victim::Both => {
                running.signal(rustix::process::Signal::KILL);
                self.scene.gateway.kill9();
                let killed = running.wait();
                self.scene.gateway.start();
                let acknowledged = documents_acknowledged(&killed.events).max(acknowledged);
                if killed.last("receipt").is_none() {
                    self.check_acknowledged(&acknowledged, &killed);
                }
                self.send(&outbox).wait()
            }
        };
        let ran = ran.expect(0);
        for receipt in ran.all("receipt") {
            self.receipts.insert(receipt["submission"].as_str().unwrap().to_owned());
        }
        self.receipted.extend(documents.into_keys());
        ran.last("summary").unwrap()["bytes_sent_again"].as_u64().unwrap()
    }

    /// Every document that the companion called sent is whole at the gateway, or its submission accepted.
    fn check_acknowledged(&self, acknowledged: &BTreeSet<u64>, killed: &Ran) {
        let submission = killed.last("start").map(|start| start["submission"].clone());
        let status = self.client.run(["status"]).expect(0);
        let rows = status.rows("submission");
        let Some(row) = rows.iter().find(|row| Some(&row["id"]) == submission.as_ref()) else {
            assert!(acknowledged.is_empty(), "the submission is gone\n{status}\n{killed}");
            return;
        };
        if row["accepted_at"].is_string() {
            return;
        }
        let pieces = self.pieces();
        for document in row["documents"].as_array().unwrap() {
            let n = document["n"].as_u64().unwrap();
            let whole = document["bytes"].as_u64().unwrap().div_ceil(MIB).max(1);
            if acknowledged.contains(&n) {
                assert_eq!(pieces.get(&n), Some(&whole), "document {n} was acknowledged\n{killed}");
            }
        }
        // And of what is under way, what was counted as arrived.
        let counted = killed
            .events
            .iter()
            .rev()
            .find(|event| event["type"] == "progress" && event["phase"] == "sending");
        let counted = counted.map_or(0, |event| event["bytes"].as_u64().unwrap());
        let held: u64 = row["documents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|document| {
                document["bytes"].as_u64().unwrap().min(document["pieces"].as_u64().unwrap() * MIB)
            })
            .sum();
        assert!(held >= counted, "{counted} bytes were counted as arrived, {held} are held\n{killed}");
    }

    /// What must hold at any time: every receipt verifies, its bytes can be fetched, and none is there twice.
    fn check(&mut self) {
        let list = self.client.run(["receipt", "list"]).expect(0);
        let rows = list.rows("receipt");
        let ids: BTreeSet<String> = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ids.len(), rows.len());
        assert!(self.receipts.is_subset(&ids), "a receipt is gone");
        for row in rows {
            let words =
                ["receipt", "verify", row["path"].as_str().unwrap(), "--practice", &self.scene.practice.pin];
            let ran = self.scene.stranger("nobody").run(words);
            assert_ne!(ran.ended, Ended::Code(1), "{ran}");
            let verdicts = ran.last("summary").unwrap()["verdicts"].as_array().unwrap().clone();
            let bad: Vec<_> = verdicts.iter().filter(|verdict| verdict["verdict"] == "invalid").collect();
            assert!(bad.is_empty(), "{ran}");
        }
        let inbox = self.scene.path("inbox");
        let fetch = ["fetch", "--new", "--to", scene::text(&inbox)];
        self.bookkeeper.start(fetch).wait_at_most(Duration::from_secs(200)).expect(0);
        let fetched = files::tree(&inbox);
        let mut held: BTreeMap<String, u64> = BTreeMap::new();
        for path in fetched.values() {
            *held.entry(files::sha256_of(path)).or_default() += 1;
        }
        let missing: Vec<_> = self.receipted.iter().filter(|digest| !held.contains_key(*digest)).collect();
        assert!(missing.is_empty(), "{} receipted documents can not be fetched", missing.len());
        let twice: Vec<_> = held.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "{} documents were accepted twice", twice.len());
        let status = self.client.run(["status"]).expect(0);
        let accepted: BTreeSet<_> = status
            .rows("submission")
            .iter()
            .filter(|row| row["accepted_at"].is_string())
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(accepted, ids, "what the gateway has accepted is what there are receipts of");
        assert!(status.rows("unfinished").is_empty(), "{status}");
    }
}

/// Waits until so many bytes have passed to the gateway, or the sending has ended.
fn wait_for_moment(scene: &Scene, mut running: Running, bytes: u64) -> Running {
    harness::process::wait_until("the moment", || scene.relay().passed_up() >= bytes || running.has_ended());
    running
}

/// Documents that the companion has called sent: all of each is on the gateway's disk.
fn documents_acknowledged(events: &[serde_json::Value]) -> BTreeSet<u64> {
    let sent = events.iter().filter(|event| event["type"] == "file" && event["state"] == "sent");
    sent.map(|event| event["n"].as_u64().unwrap()).collect()
}

#[test]
fn kill_9_at_any_moment_loses_nothing_that_was_acknowledged() {
    let rounds = from_environment("COUNTERFOIL_ROUNDS", 50);
    let seed = from_environment("COUNTERFOIL_SEED", 91);
    let scene = Scene::behind_relay(seed);
    let (client, bookkeeper) = scene.people();
    scene.relay().behave(Conditions { bytes_per_second: Some(BYTES_PER_SECOND), ..Conditions::default() });
    let chance = Chance::new(seed);
    let mut load =
        Load { scene, client, bookkeeper, chance, receipted: BTreeSet::new(), receipts: BTreeSet::new() };
    let mut again_max = 0;
    for round in 0..rounds {
        let victim = match round % 4 {
            0 => Victim::Gateway,
            1 | 3 => Victim::Companion,
            _ => Victim::Both,
        };
        let again = load.round(round, victim);
        assert!(again <= AGAIN_BYTES_MAX, "round {round}, {victim:?}: {again} bytes were sent again");
        again_max = again_max.max(again);
        if round % 10 == 9 {
            load.check();
        }
    }
    load.check();
    assert_eq!(load.receipts.len() as u64, rounds);
    println!("{rounds} rounds, seed {seed}: at most {again_max} bytes sent again in one run");
}
