//! The root signs what is asked and nothing else, and the gateway takes nothing else for an answer.

use super::*;
use crate::crl::Crl;
use crate::testing::{DAY, NOW, Practice, key};

fn request(practice: &Practice, what: What) -> Request {
    let needs_key = matches!(what, What::Issuing | What::IssuingStolen);
    Request {
        practice: practice.root.practice().clone(),
        what,
        rotation: [7; 16],
        generation: 2,
        issuing_key: needs_key.then(|| key(80).public().clone()),
        records: vec![practice.record.bytes().to_vec()],
        issuing: match what {
            What::Issuing => Vec::new(),
            _ => vec![practice.issuing.certificate().clone()],
        },
        asked: NOW,
        lists: vec![practice.root.crl(4, &[], NOW).unwrap().der().to_vec()],
    }
}

fn spare() -> Option<PrivateKey> {
    Some(key(12))
}

const ALL: [What; 4] = [What::Issuing, What::Root, What::RootStolen, What::IssuingStolen];

#[test]
fn each_request_is_answered_and_the_answer_is_taken() {
    let practice = Practice::new(1);
    for what in ALL {
        let request = request(&practice, what);
        assert_eq!(Request::read(&request.encode()).as_ref(), Ok(&request));
        let root = what.needs_root().then_some(&practice.root);
        let signed = sign(&request, root, what.needs_spare().then(spare).flatten(), NOW).unwrap();
        let answer = Answer::read(&signed.answer.encode()).unwrap();
        assert_eq!(answer, signed.answer);
        answer.check(&request, NOW).unwrap();
        // Each root that has signed makes its list anew.
        let roots: Vec<&Certificate> =
            [practice.root.certificate()].into_iter().chain(&answer.root).collect();
        let read = |root: &&Certificate| answer.lists.iter().find_map(|list| Crl::read(list, root).ok());
        let lists: Vec<_> = roots.iter().map(read).collect();
        let said = |list: &Option<Crl>| list.as_ref().map(|list| (list.number(), list.revoked().len()));
        let said: Vec<_> = lists.iter().map(said).collect();
        match what {
            What::Issuing => assert_eq!(said, [Some((5, 0))]),
            What::IssuingStolen => {
                assert_eq!(said, [Some((5, 1))]);
                let revoked = lists[0].as_ref().unwrap().revoked()[0];
                assert_eq!(revoked.serial.as_bytes(), practice.issuing.certificate().serial());
                assert_eq!(revoked.reason, crate::crl::Reason::KeyCompromise);
            }
            What::Root => assert_eq!(said, [Some((5, 0)), Some((1, 0))]),
            What::RootStolen => assert_eq!(said, [None, Some((1, 0))]),
        }
        let list = |list: Crl| Answer { lists: vec![list.der().to_vec()], ..answer.clone() };
        for bad in [
            practice.root.crl(4, &[], NOW).unwrap(),
            practice.issuing.crl(9, &[], NOW).unwrap(),
            Practice::new(2).root.crl(9, &[], NOW).unwrap(),
        ] {
            assert!(matches!(list(bad).check(&request, NOW), Err(CeremonyError::NotAsAsked)), "{what:?}");
        }
        let none = Answer { lists: Vec::new(), ..answer.clone() };
        assert!(matches!(none.check(&request, NOW), Err(CeremonyError::NotAsAsked)), "{what:?}");
        assert_eq!(signed.root.is_some(), matches!(what, What::Root | What::RootStolen));
        assert_eq!(signed.spare.is_some(), what.needs_spare());
        if let (Some(spare), Some(newest)) = (&signed.spare, answer.records.last()) {
            assert_eq!(newest.committed(), spare.key_hash());
        }
        assert!(answer.check(&request, NOW.plus_seconds(2000 * DAY)).is_err(), "not for ever");
    }
}

#[test]
fn without_the_keys_that_it_takes_nothing_is_signed() {
    let (practice, stranger) = (Practice::new(1), Practice::new(2));
    for what in ALL {
        let request = request(&practice, what);
        let foreign = sign(&request, Some(&stranger.root), Some(key(99)), NOW);
        let wanted = if what.needs_root() { "root" } else { "spare" };
        match foreign.err().unwrap() {
            CeremonyError::NotTheRoot => assert_eq!(wanted, "root"),
            CeremonyError::NotTheSpare => assert_eq!(wanted, "spare"),
            other => panic!("{other}"),
        }
        if what.needs_spare() {
            let half = sign(&request, Some(&practice.root), None, NOW);
            assert!(matches!(half, Err(CeremonyError::NotTheSpare)));
        }
    }
    let mut foreign = request(&practice, What::Issuing);
    foreign.practice = stranger.root.practice().clone();
    assert!(matches!(sign(&foreign, Some(&practice.root), None, NOW), Err(CeremonyError::Trust(_))));
}

#[test]
fn an_answer_with_anything_else_in_it_is_not_taken() {
    let practice = Practice::new(1);
    let signed = |what: What| {
        let root = what.needs_root().then_some(&practice.root);
        sign(&request(&practice, what), root, what.needs_spare().then(spare).flatten(), NOW).unwrap().answer
    };
    let refused = |what: What, change: &dyn Fn(&mut Answer)| {
        let mut answer = signed(what);
        change(&mut answer);
        assert!(answer.check(&request(&practice, what), NOW).is_err(), "{what:?}");
    };
    for what in ALL {
        refused(what, &|answer| answer.rotation = [8; 16]);
        refused(what, &|answer| answer.issuing.clear());
        refused(what, &|answer| answer.issuing = vec![practice.issuing.certificate().clone()]);
        if what != What::Issuing {
            refused(what, &|answer| drop(answer.records.pop()));
        }
        let other = if what == What::Issuing { What::Root } else { What::Issuing };
        refused(what, &|answer| *answer = signed(other));
    }
    refused(What::Root, &|answer| answer.cross = None);
    refused(What::Root, &|answer| answer.root = Some(practice.root.certificate().clone()));
    refused(What::RootStolen, &|answer| answer.cross = signed(What::Root).cross);
    refused(What::IssuingStolen, &|answer| answer.records = signed(What::Root).records);
}

#[test]
fn bent_files_are_refused_and_never_panic() {
    let practice = Practice::new(1);
    let request = request(&practice, What::Root);
    let answer = sign(&request, Some(&practice.root), spare(), NOW).unwrap().answer.encode();
    let asked = request.encode();
    for at in 0..answer.len() {
        let mut bent = answer.clone();
        bent[at] ^= 1 << (at % 8);
        let taken = Answer::read(&bent).is_ok_and(|answer| answer.check(&request, NOW).is_ok());
        assert!(!taken, "byte {at}");
        assert!(Answer::read(&answer[..at]).is_err());
    }
    for at in 0..asked.len() {
        assert!(Request::read(&asked[..at]).is_err());
    }
    assert!(Request::read(&[asked, vec![0]].concat()).is_err());
}
