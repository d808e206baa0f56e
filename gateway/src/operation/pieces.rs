//! Takes in pieces, and withdrawals. A piece is acknowledged when it is durable; room for it is reserved before it is
//! read, and not reading is the back-pressure.

use std::sync::Arc;
use std::time::Duration;

use model::{limits, piece};
use protocol::field::DocumentNumber;
use protocol::message::{Done, Message, PieceAck, PieceHead, Pieces, Withdraw};
use protocol::{Code, Refusal, WireError};
use tokio::sync::mpsc;
use vault::{Lease, Upload};

use super::blocking;
use crate::access::{Act, Granted, Peer};
use crate::practice::Practice;
use crate::wire::{Answered, Asked, Ended};

/// A sender slower than 8 KiB a second, on average over this time, is suspended.
const PIECE_PATIENCE: Duration =
    Duration::from_secs(60 + piece::PIECE_BYTES / limits::UPLOAD_BYTES_PER_SECOND_MIN);

type Acknowledgement = Result<PieceAck, Refusal>;

/// Serves a stream of pieces.
///
/// # Errors
/// What is refused; the pieces before it stand, and are acknowledged first.
pub async fn pieces(
    practice: &Arc<Practice>,
    peer: &Peer,
    request: Pieces,
    asked: &mut Asked,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let upload = upload_of(practice, peer, request.submission).await?;
    let granted = peer.grant_on(request, Act::Send, upload.head().book, practice.now())?;
    let lease = Lease::from_number(granted.request.lease.0);
    let (tell, mut acknowledged) = mpsc::unbounded_channel::<Acknowledgement>();
    let reading = read(practice, &granted, &upload, lease, asked, tell);
    let ended = {
        let answering = acknowledge(&mut acknowledged, answered);
        tokio::pin!(reading, answering);
        tokio::select! {
            read = &mut reading => answering.await.and(read),
            answered = &mut answering => answered,
            () = peer.barred() => Err(Code::Revoked.into()),
        }
    };
    // What was read beside it is still acknowledged before the refusal goes out.
    if let Err(Ended::Refused(_)) = &ended {
        while let Err(Ended::Refused(_)) = acknowledge(&mut acknowledged, answered).await {}
    }
    ended
}

/// Acknowledges what becomes durable, up to the end or the first refusal.
async fn acknowledge(
    acknowledged: &mut mpsc::UnboundedReceiver<Acknowledgement>,
    answered: &mut Answered,
) -> Result<(), Ended> {
    while let Some(acknowledgement) = acknowledged.recv().await {
        answered.send(acknowledgement?).await?;
    }
    Ok(())
}

async fn read(
    practice: &Arc<Practice>,
    granted: &Granted<Pieces>,
    upload: &Arc<Upload>,
    lease: Lease,
    asked: &mut Asked,
    tell: mpsc::UnboundedSender<Acknowledgement>,
) -> Result<(), Ended> {
    loop {
        let message = tokio::time::timeout(PIECE_PATIENCE, asked.message_or_end()).await;
        let head = match message.map_err(|_| Ended::from(Code::TooSlow))?? {
            None => return Ok(()),
            Some(Message::PieceHead(head)) => head,
            Some(other) => {
                return Err(WireError::Unexpected { wanted: "piece-head", got: other.name() }.into());
            }
        };
        // Revocation acts before every piece.
        still(practice, granted)?;
        let mut bytes =
            practice.buffers.take(head.bytes.get()).await.ok_or(Ended::from(Code::ShuttingDown))?;
        let whole = tokio::time::timeout(PIECE_PATIENCE, asked.0.read_exact(&mut bytes)).await;
        whole.map_err(|_| Ended::from(Code::TooSlow))??;
        let turn = practice.buffers.turn().await.ok_or(Ended::Gone)?;
        // And after it: one that began before is not accepted.
        still(practice, granted)?;
        let (upload, tell) = (Arc::clone(upload), tell.clone());
        tokio::task::spawn_blocking(move || {
            put(&upload, lease, &head, &bytes, &tell);
            drop((bytes, turn));
        });
    }
}

fn still(practice: &Practice, granted: &Granted<Pieces>) -> Result<(), Refusal> {
    let now = practice.now();
    match granted.is_current(now) {
        true => Ok(()),
        false => granted.again(now),
    }
}

fn put(
    upload: &Arc<Upload>,
    lease: Lease,
    head: &PieceHead,
    bytes: &[u8],
    tell: &mpsc::UnboundedSender<Acknowledgement>,
) {
    let (n, index, later) = (head.n, head.index, tell.clone());
    let reply = Box::new(move |held: Result<host::Durable<vault::PieceHeld>, Arc<vault::VaultError>>| {
        // A peer that is gone needs no acknowledgement; the piece is held all the same.
        let _ = later.send(match held {
            Ok(_) => Ok(PieceAck { n, index }),
            Err(error) => Err(super::refusal(&vault::VaultError::Stopped(error))),
        });
    });
    match upload.put_piece_then(lease, n.0, index, bytes, reply) {
        Ok(()) => {}
        // Its bytes were read and are forgotten; the companion knows that it withdrew it.
        Err(vault::VaultError::Upload(vault::UploadRefusal::Withdrawn { .. })) => {}
        Err(error) => drop(tell.send(Err(super::refusal(&error)))),
    }
}

/// Takes documents out of an open submission.
///
/// # Errors
/// What is refused.
pub async fn withdraw(
    practice: &Arc<Practice>,
    peer: &Peer,
    request: Withdraw,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let upload = upload_of(practice, peer, request.submission).await?;
    let granted = peer.grant_on(request, Act::Send, upload.head().book, practice.now())?;
    blocking(move || {
        let lease = Lease::from_number(granted.request.lease.0);
        let documents: Vec<u32> =
            granted.request.documents.as_slice().iter().map(|DocumentNumber(n)| *n).collect();
        Ok(upload.withdraw(lease, &documents)?)
    })
    .await?;
    answered.send(Done {}).await
}

/// The peer's own open upload of this submission; another person's is absent.
pub(super) async fn upload_of(
    practice: &Arc<Practice>,
    peer: &Peer,
    submission: model::SubmissionId,
) -> Result<Arc<Upload>, Ended> {
    let (practice, person) = (Arc::clone(practice), peer.device().person.id);
    blocking(move || match practice.vault.uploads().find(person, submission)? {
        Some(upload) => Ok(upload),
        None => Err(Refusal::absent().into()),
    })
    .await
}
