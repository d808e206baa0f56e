//! Gives out the pieces of a document under a take: opened one by one, each after the grant was asked again.

use std::sync::{Arc, PoisonError};

use model::limits;
use protocol::field::PieceBytes;
use protocol::message::{Fetch, FetchHead, FetchValues, PieceHead};
use protocol::{Refusal, Values};
use vault::{Content, ShelfPosition};

use super::{blocking, internal};
use crate::access::{Act, Granted};
use crate::endpoint::varint;
use crate::practice::Practice;
use crate::wire::{Answered, Ended};

/// Serves a fetch.
///
/// # Errors
/// The one answer for what is unknown, forbidden or absent; an end of the take; damage, as internal.
pub async fn fetch(
    practice: &Arc<Practice>,
    granted: Granted<Fetch>,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let request = granted.request.clone();
    let (shared, device) = (Arc::clone(practice), granted.peer.device().id);
    let take = request.take;
    let serving = blocking(move || shared.takes.serving(&shared, &take)).await?;
    // Without a take the same grant is asked, on a book that nobody has.
    let book = serving.as_ref().map_or(model::BookId::from_bytes([0; 16]), |serving| serving.book());
    let device_is_barred = granted.peer.may_ask(practice.now());
    let on = granted.on(Act::Take, book, practice.now());
    device_is_barred?;
    let (Some(serving), Ok(granted)) = (serving, on) else { return Err(Refusal::absent().into()) };
    let pieces = {
        let release = serving.release.lock().unwrap_or_else(PoisonError::into_inner);
        release.fetch(device, &request, practice.now())?
    };
    let taken = serving.documents.get(&request.n.0).ok_or_else(Refusal::absent)?;
    let position = taken.document.position.as_ref().and_then(|bytes| ShelfPosition::from_bytes(bytes));
    let position = position.ok_or(Refusal::new(protocol::Code::Locked))?;
    let shared = Arc::clone(practice);
    let content = blocking(move || Ok(shared.vault.document(&position)?.content()?)).await?;
    let content = Arc::new(content);
    let given = tokio::select! {
        given = give(practice, &granted, &content, pieces, answered) => given,
        () = granted.peer.barred() => Err(protocol::Code::Revoked.into()),
    };
    if let Err(Ended::Refused(refusal)) = &given
        && refusal.known() == Some(protocol::Code::Revoked)
    {
        // What is still on its way to a device that is let in no more is given up.
        let _ = answered.0.reset(varint(u64::from(refusal.code)));
    }
    given
}

async fn give(
    practice: &Arc<Practice>,
    granted: &Granted<Fetch>,
    content: &Arc<Content>,
    pieces: std::ops::Range<model::PieceIndex>,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let request = &granted.request;
    head(content, request.manifest, answered).await?;
    for index in pieces.start.0..pieces.end.0 {
        let now = practice.now();
        if !granted.is_current(now) {
            granted.again(now)?;
        }
        let index = model::PieceIndex(index);
        let bytes = model::piece::bytes(content.manifest().length(), index).unwrap_or(0);
        let room = practice.buffers.reserve(bytes).await;
        let opened = Arc::clone(content);
        let piece = blocking(move || Ok(opened.read_piece(index)?)).await?;
        let bytes = PieceBytes::new(piece.len()).map_err(|error| internal(&error))?;
        answered.send(PieceHead { n: request.n, index, bytes }).await?;
        answered.0.write_all(&piece).await?;
        drop((piece, room));
    }
    Ok(())
}

async fn head(content: &Content, with_values: bool, answered: &mut Answered) -> Result<(), Ended> {
    let manifest = content.manifest();
    answered.send(FetchHead { length: manifest.length(), root: manifest.root() }).await?;
    if with_values && manifest.values().len() > 1 {
        for run in manifest.values().chunks(limits::OPEN_VALUES_MAX) {
            answered.send(FetchValues { values: Values::new(run.to_vec())? }).await?;
        }
    }
    Ok(())
}
