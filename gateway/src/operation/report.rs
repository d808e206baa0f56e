//! What a device has verified and made durable of a take: the handover over just that. The same report, the same
//! answer. And what nobody reported when a take has ended.

use std::sync::{Arc, PoisonError};

use model::{BookId, DeviceId, PersonId, Sha256Digest};
use protocol::Refusal;
use protocol::download::Reporting;
use protocol::field::DocumentNumber;
use protocol::message::{Report, Reported};
use receipts::TakeList;
use receipts::event::{ContentHandover, ContentHandoverFailure, HandoverReason, Party};

use super::take::Serving;
use super::{blocking, internal};
use crate::access::Granted;
use crate::commit::{Group, Made};
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
            hand_over(practice, &serving, &documents).await?
        }
    };
    answered.send(Reported { handover }).await
}

async fn hand_over(
    practice: &Arc<Practice>,
    serving: &Serving,
    documents: &[DocumentNumber],
) -> Result<Sha256Digest, Ended> {
    let list = lines(serving, documents)?;
    let (book, refers_to) = (serving.book(), Sha256Digest::from_bytes(serving.row.take.into()));
    let recipient = party(&serving.row);
    let shared = Arc::clone(practice);
    let key = blocking(move || Ok(shared.entry_key(shared.book_year(book))?)).await?;
    let make = Box::new(move |group: &Group<'_>| {
        let event = ContentHandover { recipient, book, documents: list.documents(), refers_to };
        Ok(vec![Made { signed: group.sign(event)?, list: Some(list.as_bytes().to_vec()), key }])
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

/// Says, once a take, what no handover names at its end: not confirmed, and nothing inferred from what was sent.
/// Run at start and then from time to time.
///
/// # Errors
/// The ledger's and the commit's.
pub async fn say_failures(practice: &Arc<Practice>) -> Result<u64, Ended> {
    let shared = Arc::clone(practice);
    let due = blocking(move || {
        let takes = shared.ledger.rows::<rows::Take>(&Key::of(Table::Take))?;
        let mut due = Vec::new();
        for row in takes.into_iter().filter(|row| !row.failure_said) {
            let take = Sha256Digest::from_bytes(row.take.into());
            let Some(serving) = shared.takes.serving(&shared, &take)? else { continue };
            let open =
                serving.release.lock().unwrap_or_else(PoisonError::into_inner).not_confirmed(shared.now());
            if let Some(open) = open {
                due.push((serving, open));
            }
        }
        Ok(due)
    })
    .await?;
    let mut said = 0;
    for (serving, open) in due {
        let list = lines(&serving, &open)?;
        let book: BookId = serving.book();
        let (recipient, refers_to) = (party(&serving.row), Sha256Digest::from_bytes(serving.row.take.into()));
        let key = practice.entry_key(practice.book_year(book))?;
        let make = Box::new(move |group: &Group<'_>| {
            let documents = list.documents();
            let event = ContentHandoverFailure {
                recipient,
                book,
                documents,
                refers_to,
                reason: HandoverReason::NotConfirmed,
            };
            Ok(vec![Made { signed: group.sign(event)?, list: Some(list.as_bytes().to_vec()), key }])
        });
        practice.committer.commit(make).await?;
        serving.release.lock().unwrap_or_else(PoisonError::into_inner).failure_said();
        said += 1;
    }
    Ok(said)
}
