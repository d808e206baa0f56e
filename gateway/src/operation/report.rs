//! What a device has verified and made durable of a take: the handover over just that. The same report, the same
//! answer. And what nobody reported when a take has ended.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use model::{DeviceId, PersonId, Sha256Digest};
use protocol::download::Reporting;
use protocol::field::DocumentNumber;
use protocol::message::{Report, Reported};
use protocol::{Code, Refusal};
use receipts::TakeList;
use receipts::event::{ContentHandover, ContentHandoverFailure, HandoverReason, Party};

use super::take::{self, Serving};
use super::{blocking, internal};
use crate::access::Granted;
use crate::commit::Group;
use crate::ledger::rows::{self, Key, Table};
use crate::practice::Practice;
use crate::wire::{Answered, Ended};

/// Serves a report.
///
/// # Errors
/// The one answer for what is unknown, forbidden or absent.
pub async fn report(
    practice: &Arc<Practice>,
    granted: Granted<Report>,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let (shared, take) = (Arc::clone(practice), granted.request.take);
    let serving =
        blocking(move || shared.takes.serving(&shared, &take)).await?.ok_or_else(Refusal::absent)?;
    let device = granted.peer.device().id;
    let asked =
        serving.release.lock().unwrap_or_else(PoisonError::into_inner).report(device, &granted.request)?;
    let handover = match asked {
        Reporting::Known(handover) => handover,
        Reporting::New(documents) => {
            practice.quotas.entry(granted.peer.device().person.id, practice.now())?;
            hand_over(practice, &granted, &serving, &documents).await?
        }
    };
    answered.send(Reported { handover }).await
}

async fn hand_over(
    practice: &Arc<Practice>,
    granted: &Granted<Report>,
    serving: &Serving,
    documents: &[DocumentNumber],
) -> Result<Sha256Digest, Ended> {
    let peer = granted.peer.clone();
    let list = lines(serving, documents)?;
    let (book, refers_to) = (serving.book(), Sha256Digest::from_bytes(serving.row.take.into()));
    let recipient = party(&serving.row);
    let shared = Arc::clone(practice);
    let key = blocking(move || Ok(shared.entry_key(shared.book_year(book))?)).await?;
    let make = Box::new(move |group: &Group<'_>| {
        peer.may_ask(group.now)?;
        let event = ContentHandover { recipient, book, documents: list.documents(), refers_to };
        Ok(vec![group.made_over(event, list.as_bytes().to_vec(), key)?])
    });
    let outcome = practice.committer.commit(make).await?;
    let handover =
        outcome.statements.first().copied().ok_or_else(|| internal(&"a commit without a statement"))?;
    serving.release.lock().unwrap_or_else(PoisonError::into_inner).handed_over(handover, documents);
    Ok(handover)
}

/// The lines of these documents, as they stand in the take's list.
fn lines(serving: &Serving, documents: &[DocumentNumber]) -> Result<TakeList, Refusal> {
    let mut numbers: Vec<u32> = documents.iter().map(|n| n.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let lines = numbers.iter().filter_map(|n| serving.list.line(*n).cloned()).collect();
    TakeList::new(lines).map_err(|error| internal(&error))
}

fn party(row: &rows::Take) -> Party {
    Party { person: PersonId::from_bytes(row.person.into()), device: DeviceId::from_bytes(row.device.into()) }
}

/// Finds, at a start, the takes with a document that no handover names: they are looked at when they have ended.
///
/// # Errors
/// The ledger's.
pub fn recall(practice: &Practice) -> Result<(), Ended> {
    let mut open = HashSet::new();
    practice.ledger.each(&Key::of(Table::Fetch), &mut |fetch: rows::Fetch| {
        if fetch.handover_entry.is_none() {
            open.insert(fetch.take_entry);
        }
    })?;
    practice.ledger.each(&Key::of(Table::Take), &mut |row: rows::Take| {
        if !row.failure_said && open.contains(&row.entry) {
            practice.takes.watch(Sha256Digest::from_bytes(row.take.into()), take::end(&row));
        }
    })?;
    Ok(())
}

/// Says, once a take, what no handover names at its end: not confirmed, and nothing inferred from what was sent.
/// Run from time to time; a take that can not be told of does not keep the others from it.
pub async fn say_failures(practice: &Arc<Practice>) {
    for take in practice.takes.due(practice.now()) {
        match say_failure(practice, take).await {
            Ok(()) => {}
            // It was erased: there is nothing left to say it of.
            Err(Ended::Refused(refusal)) if refusal.known() == Some(Code::Gone) => {}
            Err(cause) => {
                tracing::error!(%take, %cause, "what was not confirmed of a take can not be said; tried again soon");
                practice.takes.watch(take, practice.now());
            }
        }
    }
}

async fn say_failure(practice: &Arc<Practice>, take: Sha256Digest) -> Result<(), Ended> {
    let shared = Arc::clone(practice);
    let serving = blocking(move || shared.takes.serving(&shared, &take)).await?;
    // Watched, and then not committed.
    let Some(serving) = serving else { return Ok(()) };
    let (now, until) = (practice.now(), take::end(&serving.row));
    if now < until {
        practice.takes.watch(take, until);
        return Ok(());
    }
    let open = serving.release.lock().unwrap_or_else(PoisonError::into_inner).not_confirmed(now);
    let Some(open) = open else { return Ok(()) };
    let list = lines(&serving, &open)?;
    let (recipient, book) = (party(&serving.row), serving.book());
    let shared = Arc::clone(practice);
    let key = blocking(move || Ok(shared.entry_key(shared.book_year(book))?)).await?;
    let make = Box::new(move |group: &Group<'_>| {
        let documents = list.documents();
        let reason = HandoverReason::NotConfirmed;
        let event = ContentHandoverFailure { recipient, book, documents, refers_to: take, reason };
        Ok(vec![group.made_over(event, list.as_bytes().to_vec(), key)?])
    });
    practice.committer.commit(make).await?;
    serving.release.lock().unwrap_or_else(PoisonError::into_inner).failure_said();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::rows::{Row, key};
    use crate::testing;
    use model::{Role, SubmissionId, Timestamp};
    use protocol::download::Release;
    use receipts::list::{DocumentRef, TakeLine};
    use std::collections::{BTreeMap, HashMap};
    use std::sync::Mutex;

    fn row(take: Sha256Digest, entry: u64) -> rows::Take {
        rows::Take {
            person: [1; 16].into(),
            device: [2; 16].into(),
            book: [3; 16].into(),
            entry,
            taken_at_ms: 1,
            failure_said: false,
            take: (*take.as_bytes()).into(),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_take_that_can_not_be_read_does_not_silence_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let opened = testing::opened(&folder.path().join("p"));
        let practice = &opened.practice;
        testing::peer(practice, Role::Bookkeeper);
        let [bad, good] = [[1; 32], [2; 32]].map(Sha256Digest::from_bytes);
        // The first entry of the journal is no take; the other one is in memory.
        let fetch = |take_entry| rows::Fetch {
            person: [1; 16].into(),
            taken_at_ms: 1,
            fetched_at_ms: None,
            take_entry,
            handover_entry: None,
        };
        let rows = BTreeMap::from([
            (key::take(&bad), row(bad, 0).to_bytes()),
            (key::take(&good), row(good, 5).to_bytes()),
            (key::fetch(1, 1, 0), fetch(0).to_bytes()),
            (key::fetch(1, 1, 5), fetch(5).to_bytes()),
        ]);
        practice.ledger.apply(&rows, 1).unwrap();
        let line = TakeLine {
            n: 1,
            salt: [0; 16],
            document: DocumentRef { submission: SubmissionId::from_bytes([4; 16]), n: 1 },
            sha256: Sha256Digest::from_bytes([5; 32]),
        };
        let released = [(DocumentNumber(1), 1)];
        let release = Release::new(good, DeviceId::from_bytes([2; 16]), Timestamp::from_unix_ms(1), released);
        practice.takes.keep(Serving {
            row: row(good, 5),
            list: TakeList::new(vec![line]).unwrap(),
            release: Mutex::new(release),
            documents: HashMap::new(),
        });
        recall(practice).unwrap();
        let size = practice.journal.size();
        say_failures(practice).await;
        assert_eq!(practice.journal.size(), size + 1);
        assert!(practice.ledger.row::<rows::Take>(&key::take(&good)).unwrap().unwrap().failure_said);
        // Once; and the one that can not be read is looked at again.
        say_failures(practice).await;
        assert_eq!(practice.journal.size(), size + 1);
        assert_eq!(practice.takes.due(practice.now()), [bad]);
    }
}
