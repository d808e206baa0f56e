//! The power cut: after it every receipt that the companion holds has its bytes behind it. Kill -9 proves nothing of
//! this, for the kernel keeps what it was given; here what is not on the disk is gone.
//!
//! `COUNTERFOIL_CUTS` sets how many cuts, `COUNTERFOIL_SEED` the seed of the moments.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use harness::files::{self, MIB};
use harness::power::Image;
use harness::scene::{self, BOOK, PERIOD, Scene};
use harness::{Chance, Companion, Conditions, Ended, from_environment, process, skipped};
use host::{Disk, Log};

const IMAGE_BYTES: u64 = 768 * MIB;
const BYTES_PER_SECOND: u64 = 20 * MIB;

fn image(place: &Path) -> Option<Image> {
    match Image::open(place, IMAGE_BYTES) {
        Ok(image) => Some(image),
        Err(why) => {
            skipped(&format!("power cut: {why}"));
            None
        }
    }
}

#[test]
fn after_a_power_cut_every_receipt_has_its_bytes() {
    let place = scene::place();
    let Some(mut image) = image(place.path()) else { return };
    let (cuts, seed) = (from_environment("COUNTERFOIL_CUTS", 8), from_environment("COUNTERFOIL_SEED", 101));
    let mut chance = Chance::new(seed);
    let mut scene = Scene::with_practice_in(image.path(), seed);
    let (client, bookkeeper) = scene.people();
    scene.relay().behave(Conditions { bytes_per_second: Some(BYTES_PER_SECOND), ..Conditions::default() });
    let mut sent: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut interrupted = 0;
    for cut in 0..cuts {
        let outbox = scene.path(&format!("outbox {cut}"));
        let mut bytes = 0;
        for at in 0..12u64 {
            let size = if at == 0 { 4 * MIB } else { 1 + at * 9000 };
            let content = files::bytes(cut * 100 + at, size as usize);
            bytes += size;
            sent.insert(files::sha256(&content), content.clone());
            files::write(&outbox.join(format!("{at}.bin")), &content);
        }
        let before = scene.relay().passed_up();
        let mut sending = client.start_send(&[&outbox], BOOK, PERIOD);
        // The last third of the moments falls where the submission is closed and signed.
        let moment = before + chance.below(bytes * 5 / 4);
        process::wait_until("the moment", || scene.relay().passed_up() >= moment || sending.has_ended());
        if moment > before + bytes {
            std::thread::sleep(Duration::from_micros(chance.below(30_000)));
        }
        image.cut().unwrap();
        let killed = sending.kill();
        interrupted += u32::from(killed.last("receipt").is_none());
        end_after_cut(&mut scene);
        image.power_on().unwrap();
        scene.gateway.start();
        check(&scene, &client, &bookkeeper, &sent, &format!("after cut {cut}"));
        let ran = client.send(&[&outbox], BOOK, PERIOD).expect(0);
        assert!(!ran.all("receipt").is_empty(), "{ran}");
        check(&scene, &client, &bookkeeper, &sent, &format!("after going on, cut {cut}"));
    }
    println!("{cuts} cuts, seed {seed}: {interrupted} in the middle of a sending");
    scene.gateway.sigterm().expect(0);
}

/// A gateway whose disk has failed ends itself with the code for it, at the first sync; one that had nothing to sync
/// is killed.
fn end_after_cut(scene: &mut Scene) {
    std::thread::sleep(Duration::from_millis(100));
    if scene.gateway.running().has_ended() {
        let ran = scene.gateway.wait();
        assert_eq!(ran.ended, Ended::Code(74), "{ran}");
    } else {
        scene.gateway.kill9();
    }
}

/// Every receipt verifies, and what it names can be fetched and is what was sent.
fn check(
    scene: &Scene,
    client: &Companion,
    bookkeeper: &Companion,
    sent: &BTreeMap<String, Vec<u8>>,
    when: &str,
) {
    let receipts = client.run(["receipt", "list"]).expect(0);
    let mut named = BTreeSet::new();
    for row in receipts.rows("receipt") {
        let path = row["path"].as_str().unwrap();
        let shown = client.run(["receipt", "show", path]).expect(0);
        for document in shown.rows("document") {
            named.insert(document["sha256"].as_str().unwrap().to_owned());
        }
        let verified =
            scene.stranger("nobody").run(["receipt", "verify", path, "--practice", &scene.practice.pin]);
        let verdicts = verified.last("summary").unwrap()["verdicts"].as_array().unwrap().clone();
        assert!(verdicts.iter().all(|verdict| verdict["verdict"] != "invalid"), "{when}: {verified}");
        // The gateway gives the same receipt again.
        let to = scene.path("again.receipt");
        let _ = std::fs::remove_file(&to);
        let id = row["id"].as_str().unwrap();
        client.run(["receipt", "get", id, "--to", scene::text(&to)]).expect(0);
        assert!(files::read(&to) == files::read(Path::new(path)), "{when}: the receipt differs");
    }
    let inbox = scene.path("inbox");
    bookkeeper.run(["fetch", "--to", scene::text(&inbox)]).expect(0);
    let mut fetched = BTreeSet::new();
    for path in files::tree(&inbox).values() {
        let content = files::read(path);
        let digest = files::sha256(&content);
        assert!(sent.get(&digest) == Some(&content), "{when}: {} was never sent", path.display());
        fetched.insert(digest);
    }
    let missing: Vec<_> = named.difference(&fetched).collect();
    assert!(missing.is_empty(), "{when}: {} documents of receipts can not be fetched", missing.len());
}

#[test]
fn a_practice_that_was_made_and_acts_that_were_answered_survive_a_cut_at_once() {
    let place = scene::place();
    let Some(mut image) = image(place.path()) else { return };
    let mut scene = Scene::with_practice_in(image.path(), 102);
    image.cut().unwrap();
    end_after_cut(&mut scene);
    image.power_on().unwrap();
    scene.gateway.start();
    scene.practice.add_book(BOOK);
    let client = scene.stranger("client");
    client.enrol(&scene.practice.invite("client", "张三", &[BOOK]).word).expect(0);
    let staff = scene.stranger("staff");
    let invitation = scene.practice.invite("bookkeeper", "李会计", &[BOOK]);
    let ran = staff.enrol(&invitation.word).expect(0);
    let digits = ran.only("identity")["digits"].as_str().unwrap().to_owned();
    scene.practice.confirm(&invitation.id, &digits).expect(0);
    let unused = scene.practice.invite("client", "王五", &[BOOK]).word;
    image.cut().unwrap();
    end_after_cut(&mut scene);
    image.power_on().unwrap();
    scene.gateway.start();
    let document = files::write(&scene.path("a.pdf"), b"a");
    client.send(&[&document], BOOK, PERIOD).expect(0);
    assert_eq!(staff.fetch_new(&scene.path("inbox")).expect(0).files("fetched").len(), 1);
    scene.stranger("late").enrol(&unused).expect(0);
    scene.gateway.sigterm().expect(0);
}

/// The control: the same cut loses what was acknowledged without a barrier, and nothing that had one.
#[test]
fn without_the_barrier_the_same_cut_loses_what_was_acknowledged() {
    let place = scene::place();
    let Some(mut image) = image(place.path()) else { return };
    let record = |at: u64| files::bytes(at, 100 + 37 * at as usize);
    let count = 100;
    let (hasty, careful) = (image.path().join("hasty"), image.path().join("careful"));
    std::fs::create_dir(&hasty).unwrap();
    let disk = Disk::real();
    let _durable = disk.create_folder(&careful).unwrap();
    let mut log = Log::create(&disk, &careful.join("log"), "counterfoil test 1").unwrap();
    for at in 0..count {
        // Acknowledged as soon as the kernel has it.
        let mut file = std::fs::File::create(hasty.join(format!("{at}"))).unwrap();
        file.write_all(&record(at)).unwrap();
    }
    for at in 0..count {
        // Acknowledged when it is on the disk: as a whole file and in a log.
        let _durable = disk.write_whole(&careful.join(format!("{at}")), &record(at)).unwrap();
        let _durable = log.append(1, &record(at)).unwrap();
    }
    for at in count..2 * count {
        let mut file = std::fs::File::create(hasty.join(format!("{at}"))).unwrap();
        file.write_all(&record(at)).unwrap();
    }
    drop(log);
    image.cut().unwrap();
    image.power_on().unwrap();
    let kept =
        |folder: &Path, at: u64| std::fs::read(folder.join(format!("{at}"))).is_ok_and(|it| it == record(at));
    let lost = (0..2 * count).filter(|at| !kept(&hasty, *at)).count();
    assert!(lost > 0, "the cut lost nothing: it is no power cut, and the other tests prove nothing");
    assert!((0..count).all(|at| kept(&careful, at)), "a whole file that was durable is gone");
    let mut frames = 0;
    let read = Log::recover(&disk, &careful.join("log"), "counterfoil test 1", 0, &mut |frame| {
        assert!(frame.body == record(frames), "frame {frames}");
        frames += 1;
        Ok(())
    });
    drop(read.unwrap());
    assert_eq!(frames, count, "an appended frame that was durable is gone");
    println!(
        "the cut lost {lost} of {} records without a barrier, and 0 of {} with one",
        2 * count,
        2 * count
    );
}
