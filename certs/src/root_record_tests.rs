//! Records follow one another by two keys, or are refused.

use super::*;
use crate::root_record::Next;
use crate::testing::{DAY, NOW, Practice, golden, key, serial};

/// A record with anything in it.
struct Draft<'a> {
    practice: &'a PracticeId,
    number: u64,
    roots: Vec<&'a Certificate>,
    next: Sha256Digest,
    revoked: Vec<Sha256Digest>,
    previous: Option<Sha256Digest>,
    issued: Timestamp,
}

impl Draft<'_> {
    fn sign(&self, keys: &[&crate::PrivateKey]) -> RootRecord {
        let mut out = Writer::default();
        out.map(7 + usize::from(self.previous.is_some())).uint(0).uint(1);
        out.uint(1).text(self.practice.as_str()).uint(2).uint(self.number).uint(3).list(&self.roots);
        out.uint(4).bytes(self.next.as_bytes()).uint(5).array(self.revoked.len());
        for revoked in &self.revoked {
            out.bytes(revoked.as_bytes());
        }
        if let Some(previous) = &self.previous {
            out.uint(6).bytes(previous.as_bytes());
        }
        let body = out.uint(7).uint(self.issued.unix_seconds()).finish();
        let signatures: Vec<_> =
            keys.iter().map(|key| (key.spki_der(), key.sign_es256(&signed(&body)).unwrap())).collect();
        let signatures: Vec<_> = signatures.iter().map(|(spki, signature)| (*spki, signature)).collect();
        RootRecord::read(&enclose(&body, &signatures)).unwrap()
    }
}

fn second<'a>(practice: &'a Practice, roots: Vec<&'a Certificate>) -> Draft<'a> {
    Draft {
        practice: practice.root.practice(),
        number: 2,
        roots,
        next: key(200).key_hash(),
        revoked: Vec::new(),
        previous: Some(practice.record.digest()),
        issued: NOW.plus_seconds(DAY),
    }
}

fn walk(practice: &Practice, record: RootRecord) -> Result<PracticeTrust, TrustError> {
    PracticeTrust::walk(&[practice.record.clone(), record], Some(&practice.pin()))
}

#[test]
fn record_one_is_the_golden_one_and_gives_practice_and_pin() {
    let practice = Practice::new(1);
    golden("root-record.txt", &[("record 1", model::digest::hex::encode(practice.record.bytes()))]);
    assert_eq!(practice.trust.practice(), practice.root.practice());
    assert_eq!(practice.trust.pin(), practice.pin());
    assert_eq!((practice.trust.number(), practice.trust.records().len()), (1, 1));
    assert_eq!(practice.trust.roots(), [practice.root.certificate().clone()]);
    let other = Practice::new(2);
    let refused = PracticeTrust::walk(&[&practice.record], Some(&other.pin()));
    assert_eq!(refused, Err(TrustError::OtherPractice));
    let none: [&[u8]; 0] = [];
    assert!(matches!(PracticeTrust::walk(&none, None), Err(TrustError::Malformed(_))));
}

/// Each record good in itself: who has root and spare can go on for ever, and companions do not.
#[test]
fn a_chain_of_records_ends_at_its_bound_however_good_it_is() {
    let practice = Practice::new(1);
    let spares: Vec<_> = (0..ROOT_RECORDS_MAX).map(|_| crate::PrivateKey::generate().unwrap()).collect();
    let mut records = vec![practice.record.clone()];
    for (at, next) in spares.iter().enumerate() {
        let committed = if at == 0 { &practice.spare } else { &spares[at - 1] };
        let next = Next {
            roots: &[practice.root.certificate()],
            committed: next.key_hash(),
            revokes: &[],
            issued: NOW,
        };
        records.push(records[at].follow(&next, &[practice.root.key(), committed]).unwrap());
    }
    let trust = PracticeTrust::walk(&records[..ROOT_RECORDS_MAX], Some(&practice.pin())).unwrap();
    assert_eq!(trust.number(), ROOT_RECORDS_MAX as u64);
    assert_eq!(
        PracticeTrust::walk(&records, Some(&practice.pin())),
        Err(Malformed::new("chain of root records", "it is too long").into())
    );
}

#[test]
fn a_first_record_needs_its_own_root_and_nothing_else() {
    let practice = Practice::new(1);
    let first = |draft: &dyn Fn(&mut Draft<'_>), signer: &crate::PrivateKey| {
        let mut made = second(&practice, vec![practice.root.certificate()]);
        (made.number, made.previous) = (1, None);
        draft(&mut made);
        PracticeTrust::walk(&[made.sign(&[signer])], None)
    };
    assert!(first(&|_| {}, practice.root.key()).is_ok());
    assert_eq!(first(&|_| {}, &practice.spare), Err(TrustError::Unsigned));
    assert_eq!(
        first(&|draft| draft.number = 2, practice.root.key()),
        Err(TrustError::NotFollowing { number: 1 })
    );
    let chained = first(&|draft| draft.previous = Some(key(1).key_hash()), practice.root.key());
    assert_eq!(chained, Err(TrustError::NotFollowing { number: 1 }));
    let other = PracticeId::parse("aaaaaaaaaaaaaaaa").unwrap();
    let mut foreign = second(&practice, vec![practice.root.certificate()]);
    (foreign.number, foreign.previous, foreign.practice) = (1, None, &other);
    let found = PracticeTrust::walk(&[foreign.sign(&[practice.root.key()])], None);
    assert_eq!(found, Err(TrustError::OtherPractice));
}

#[test]
fn the_next_record_needs_a_root_and_the_committed_key() {
    let practice = Practice::new(1);
    let spare_root = crate::Root::create_with(key(12), serial(77), NOW).unwrap();
    let both = || vec![practice.root.certificate(), spare_root.certificate()];
    let good = second(&practice, both()).sign(&[practice.root.key(), &practice.spare]);
    let trust = walk(&practice, good).unwrap();
    assert_eq!((trust.number(), trust.roots().len(), trust.pin()), (2, 2, practice.pin()));
    for signers in [vec![practice.root.key()], vec![&practice.spare], vec![]] {
        let record = second(&practice, both()).sign(&signers);
        assert_eq!(walk(&practice, record), Err(TrustError::Unsigned));
    }
}

/// A thief of the root alone can not go on; who holds the committed key can, without the root.
#[test]
fn a_stolen_root_is_replaced_by_the_committed_key_alone() {
    let practice = Practice::new(1);
    let spare_root = crate::Root::create_with(key(12), serial(77), NOW).unwrap();
    let thief = crate::Root::create_with(key(201), serial(78), NOW).unwrap();
    let saved = second(&practice, vec![spare_root.certificate()]).sign(&[&practice.spare]);
    assert_eq!(walk(&practice, saved).unwrap().roots(), [spare_root.certificate().clone()]);
    for roots in [vec![thief.certificate()], vec![practice.root.certificate(), thief.certificate()]] {
        let stolen = second(&practice, roots).sign(&[practice.root.key(), thief.key()]);
        assert_eq!(walk(&practice, stolen), Err(TrustError::Unsigned));
    }
}

#[test]
fn a_record_out_of_line_is_refused() {
    let practice = Practice::new(1);
    let cases: [&dyn Fn(&mut Draft<'_>); 4] = [
        &|draft| draft.number = 3,
        &|draft| draft.previous = None,
        &|draft| draft.previous = Some(key(1).key_hash()),
        &|draft| draft.issued = NOW.minus_seconds(1),
    ];
    for change in cases {
        let mut draft = second(&practice, vec![practice.root.certificate()]);
        change(&mut draft);
        let record = draft.sign(&[practice.root.key(), &practice.spare]);
        assert_eq!(walk(&practice, record), Err(TrustError::NotFollowing { number: 2 }));
    }
    let again = PracticeTrust::walk(&[practice.record.clone(), practice.record.clone()], None);
    assert_eq!(again, Err(TrustError::NotFollowing { number: 2 }));
}

#[test]
fn a_revoked_issuing_authority_is_worth_nothing() {
    let practice = Practice::new(1);
    let mut draft = second(&practice, vec![practice.root.certificate()]);
    draft.revoked = vec![practice.issuing.certificate().key_hash()];
    let trust = walk(&practice, draft.sign(&[practice.root.key(), &practice.spare])).unwrap();
    let chain = [&practice.statements, practice.issuing.certificate()];
    let judged = crate::judge(&trust, &chain, Profile::Statements, NOW.plus_seconds(DAY));
    assert_eq!(judged, Err(crate::Rejection::RevokedIssuing));
}

#[test]
fn a_bent_record_is_refused_and_never_panics() {
    let practice = Practice::new(1);
    let bytes = practice.record.bytes();
    for at in 0..bytes.len() {
        let mut bent = bytes.to_vec();
        bent[at] ^= 1 << (at % 8);
        assert!(PracticeTrust::walk(&[bent], None).is_err(), "byte {at}");
        assert!(PracticeTrust::walk(&[&bytes[..at]], None).is_err());
    }
}
