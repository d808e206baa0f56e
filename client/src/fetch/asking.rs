//! What is asked of the gateway about a take: that it stands, and that what was saved is known.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use console::{Failure, failure};
use model::{Sha256Digest, limits};
use protocol::field::DocumentNumber;
use protocol::message::{Content, Report, Reported, Take as TakeMessage, TakeAnswer};
use protocol::{Bytes, Code, List, Refusal};

use super::Fetching;
use crate::connection::Connection;
use crate::download::Download;
use crate::factor;
use crate::link::Link;
use crate::take::{Take, TakeState, Taken};
use crate::trouble::{self, Told};
use crate::wire::{WireFailure, beside};

/// How long the gateway may take to commit a take or a handover: others may commit before.
const COMMIT_PATIENCE: Duration = Duration::from_secs(60);
/// A refusal of what was signed within so many seconds is about what it says, not about its age.
const NEW_SECONDS: u64 = 60;

/// What became of a take that was shown to the gateway.
pub(super) enum Shown {
    /// It stands.
    Stands,
    /// It releases nothing any more, or never did: what is left must be signed for anew.
    Over,
    /// These can not be given; the others must be signed for anew.
    Without(BTreeMap<u32, Failure>),
}

impl Fetching {
    /// Shows the gateway a take, until it answers.
    pub(super) async fn show(&mut self, link: &mut Link, take: &Take) -> Told<Shown> {
        loop {
            let connection = link.connection().await?;
            match show_once(&connection, take).await {
                Ok(answer) if answer.take != take.hash => {
                    return Err(failure::answer_malformed("it answers another take"));
                }
                // The gateway's clock says until when, and what time it is.
                Ok(answer) if answer.until <= connection.welcome.time => return Ok(Shown::Over),
                Ok(_) => {
                    link.progressed();
                    return Ok(Shown::Stands);
                }
                Err(WireFailure::Refused(refusal)) if is_answer(&refusal) => {
                    return self.refused(take, &refusal);
                }
                Err(WireFailure::Refused(refusal)) if factor::is_needed(&refusal) => {
                    // The take is not known there yet: a code first, then the same take again.
                    if let Err(error) = factor::step_up(&connection, &self.codes).await {
                        link.again(&error).await?;
                    }
                }
                Err(error) => link.again(&error).await?,
            }
        }
    }

    fn refused(&self, take: &Take, refusal: &Refusal) -> Told<Shown> {
        // Signed by a certificate that has been replaced, or too old: what is left is signed for anew.
        let is_new = self.practice.now() < take.signed_at.plus_seconds(NEW_SECONDS);
        match refusal.known() {
            Some(Code::TakeExpired) => return Ok(Shown::Over),
            Some(Code::TakeBad) if !is_new => return Ok(Shown::Over),
            Some(Code::TakeBad) => {
                self.store.end(take, &TakeState::default())?;
                return Err(trouble::refused(refusal));
            }
            _ => {}
        }
        let named: HashSet<u32> = refusal.documents().iter().map(|n| n.0).collect();
        let without = take.documents.iter().filter(|(n, _)| named.is_empty() || named.contains(n));
        let failed = |(n, taken): (&u32, &Taken)| (*n, trouble::of_one(refusal, taken.name.as_sent()));
        Ok(Shown::Without(without.map(failed).collect()))
    }

    /// Tells the gateway what is here, durable and named. Not reaching it is no failure: it is told next time.
    pub(super) async fn report(&mut self, link: &mut Link, take: &Take, download: &Download) {
        let reportable = download.reportable();
        for documents in reportable.chunks(limits::SUBMISSION_DOCUMENTS_MAX) {
            match self.report_some(link, take, documents).await {
                Ok(handover) => {
                    self.brought.handovers.push(handover);
                    if let Err(failure) = download.reported(documents, handover).await {
                        self.console.warn(&failure);
                    }
                }
                Err(failure) => {
                    tracing::warn!(%failure, "the report has no answer");
                    self.console.warn(&failure::report_pending());
                    return;
                }
            }
        }
    }

    async fn report_some(
        &self,
        link: &mut Link,
        take: &Take,
        documents: &[DocumentNumber],
    ) -> Told<Sha256Digest> {
        let ask = async |connection: &Connection| report_once(connection, take, documents).await;
        let reported = link.until_answered(ask).await?;
        link.progressed();
        Ok(reported.handover)
    }
}

/// Whether a refusal is an answer about the take itself.
fn is_answer(refusal: &Refusal) -> bool {
    use Code::{Absent, Frozen, Gone, Locked, TakeBad, TakeExpired};
    matches!(refusal.known(), Some(TakeBad | TakeExpired | Absent | Locked | Gone | Frozen))
}

async fn show_once(connection: &Connection, take: &Take) -> Result<TakeAnswer, WireFailure> {
    let statement = Bytes::new(take.statement.as_slice())?;
    let (mut asks, mut answers) = connection.open().await?;
    let sending = async {
        asks.send(TakeMessage { statement }).await?;
        asks.send_long(Content::List, &take.list).await?;
        asks.finish();
        Ok(())
    };
    let exchange = beside(sending, answers.due::<TakeAnswer>());
    tokio::time::timeout(COMMIT_PATIENCE, exchange).await.unwrap_or(Err(WireFailure::Silent))
}

async fn report_once(
    connection: &Connection,
    take: &Take,
    documents: &[DocumentNumber],
) -> Result<Reported, WireFailure> {
    let documents = List::new(documents.to_vec())?;
    let (mut asks, mut answers) = connection.open().await?;
    let exchange = async {
        asks.send(Report { take: take.hash, documents }).await?;
        asks.finish();
        answers.due::<Reported>().await
    };
    tokio::time::timeout(COMMIT_PATIENCE, exchange).await.unwrap_or(Err(WireFailure::Silent))
}
