//! One connection of a device: each stream is one request. Reads its first message, lets access grant it, hands it to
//! its operation, and sends the refusal where there is one.

use std::sync::Arc;

use protocol::message::Message;
use protocol::{CloseCode, Code, Refusal};
use quinn::{Connection, RecvStream, SendStream};

use crate::access::Peer;
use crate::endpoint::varint;
use crate::operation::{
    PATIENCE, close, device, factor, fetch, hello, list, office, open, pieces, receipt, report, status, take,
};
use crate::practice::Practice;
use crate::renew;
use crate::wire::{Answered, Asked, Ended};

/// Serves a connection until it ends.
pub async fn serve(practice: Arc<Practice>, peer: Peer, connection: Connection) {
    let mut requests = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            stream = connection.accept_bi() => match stream {
                Ok((send, receive)) => {
                    requests.spawn(request(Arc::clone(&practice), peer.clone(), connection.clone(), send, receive));
                }
                Err(_) => break,
            },
            // Ended requests are let go of; quinn bounds how many there are at once.
            Some(_) = requests.join_next() => {}
        }
    }
    // The connection is gone, so each request ends at its next word. None is cut off in between: a close whose entry
    // is being committed still ends its upload, and a report still tells the ledger what it posted.
    while requests.join_next().await.is_some() {}
    connection.close(varint(u64::from(CloseCode::Done.number())), b"");
}

async fn request(
    practice: Arc<Practice>,
    peer: Peer,
    connection: Connection,
    send: SendStream,
    receive: RecvStream,
) {
    let (mut asked, mut answered) = (Asked(receive), Answered(send));
    let begun = practice.clock.now();
    let mut name = "-";
    let ended = dispatch(&practice, &peer, &connection, &mut asked, &mut answered, &mut name).await;
    let device = peer.device().id.to_uuid();
    let elapsed_ms = practice.clock.now().unix_ms().saturating_sub(begun.unix_ms());
    match ended {
        Ok(()) => {
            tracing::debug!(%device, request = name, elapsed_ms, "request");
            let _ = answered.0.finish();
        }
        Err(Ended::Gone) => tracing::debug!(%device, request = name, elapsed_ms, "request given up"),
        Err(Ended::Refused(refusal)) => {
            let code = refusal.known().map_or("?", Code::word);
            tracing::info!(%device, request = name, code, elapsed_ms, "request refused");
            let _ = asked.0.stop(varint(u64::from(refusal.code)));
            if answered.send(refusal).await.is_ok() {
                let _ = answered.0.finish();
            }
        }
    }
}

async fn dispatch(
    practice: &Arc<Practice>,
    peer: &Peer,
    connection: &Connection,
    asked: &mut Asked,
    answered: &mut Answered,
    name: &mut &'static str,
) -> Result<(), Ended> {
    let message = asked.message(PATIENCE).await?;
    *name = message.name();
    peer.may_ask(practice.now())?;
    peer.check_certificate(practice.now())?;
    practice.quotas.request(peer.device().id, practice.now())?;
    peer.device().seen.at(practice.now());
    match message {
        Message::Hello(request) => hello::hello(practice, peer.grant_own(request)?, answered).await,
        Message::Confirm(request) => hello::confirm(practice, peer.grant_own(request)?, answered).await,
        Message::Books(_) => hello::books(practice, peer.grant(())?, answered).await,
        Message::OpenHead(head) => open::open(practice, peer, head, asked, answered).await,
        Message::Pieces(request) => pieces::pieces(practice, peer, request, asked, answered).await,
        Message::Withdraw(request) => pieces::withdraw(practice, peer, request, answered).await,
        Message::Close(request) => close::close(practice, peer, request, asked, answered).await,
        Message::GetReceipt(request) => receipt::receipt(practice, peer.grant(request)?, answered).await,
        Message::ListDocuments(request) => list::list(practice, peer.grant(request)?, answered).await,
        Message::Take(request) => take::take(practice, peer, request, asked, answered).await,
        Message::Fetch(request) => fetch::fetch(practice, peer.grant(request)?, answered).await,
        Message::Report(request) => report::report(practice, peer.grant(request)?, answered).await,
        Message::Status(request) => status::status(practice, peer.grant(request)?, answered).await,
        Message::Renew(request) => renew::renew(practice, peer, connection, request, answered).await,
        Message::FactorShow(request) => factor::show(practice, peer, request, answered).await,
        Message::FactorBegin(request) => factor::begin(practice, peer, request, answered).await,
        Message::FactorConfirm(request) => factor::confirm(practice, peer, request, answered).await,
        Message::FactorCodes(request) => factor::codes(practice, peer, request, answered).await,
        Message::FactorRemove(request) => factor::remove(practice, peer, request, answered).await,
        Message::StepUp(request) => factor::step_up(practice, peer, request, answered).await,
        Message::Office(request) => office::office(practice, peer, request, answered).await,
        Message::DeviceAdd(request) => device::add(practice, peer, request, answered).await,
        // Known, but not as the first message of a request.
        _ => Err(Refusal::new(Code::NotNow).into()),
    }
}
