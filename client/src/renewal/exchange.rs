//! One renewal over a connection: proofs of this connection, the announcement of a new signing key, the answer checked.

use certs::PrivateKey;
use certs::renewal::{CompanionRenewal, EXPORTER_LABEL, Renewed, RequestId};
use console::failure;
use model::EvidenceId;
use protocol::Bytes;
use protocol::message;
use receipts::event::{DeviceParty, LastCheckpoint, PracticeParty, SigningKeyAnnounced};
use receipts::{Signed, Statement};

use super::told_by_clock;
use crate::connection::Connection;
use crate::device::{Device, certs_failed};
use crate::link::Link;
use crate::practice::Practice;
use crate::trouble::Told;
use crate::wire::WireFailure;

/// Asks until there is an answer, each time with proofs of that connection, and takes it if it is what was asked for.
pub(super) async fn ask(
    link: &mut Link,
    practice: &Practice,
    device: &Device,
    id: &RequestId,
    tls: &PrivateKey,
    signing: Option<&PrivateKey>,
) -> Told<Renewed> {
    let renewal = CompanionRenewal::new(id, tls, signing);
    let announcement = signing.map(|key| announce(practice, device, key)).transpose()?;
    let answer = link
        .until_answered(async |connection| once(connection, device, &renewal, announcement.as_ref()).await)
        .await?;
    let trust = practice.trust()?;
    renewal
        .renewed(&trust, practice.about().device, &answer, practice.now())
        .map_err(|error| told_by_clock(practice, &error))
}

async fn once(
    connection: &Connection,
    device: &Device,
    renewal: &CompanionRenewal<'_>,
    announcement: Option<&Signed>,
) -> Result<Vec<u8>, WireFailure> {
    let here = WireFailure::Here;
    let leaf = device.tls_chain.first().ok_or_else(|| here(failure::unexpected("no certificate")))?;
    let exporter = connection
        .exporter(EXPORTER_LABEL, &renewal.exporter_context())
        .ok_or_else(|| here(failure::unexpected("TLS gives no exporter")))?;
    let renew =
        renewal.renew(&exporter, leaf, &device.tls_key).map_err(|error| here(certs_failed(&error)))?;
    let announcement = announcement.map(|signed| Bytes::new(signed.as_bytes())).transpose()?;
    let renewed: message::Renewed =
        connection.ask_short(message::Renew { renew: Bytes::new(renew)?, announcement }).await?;
    Ok(renewed.renewed.as_slice().to_vec())
}

/// What the old signing key says of the new one.
fn announce(practice: &Practice, device: &Device, key: &PrivateKey) -> Told<Signed> {
    let about = practice.about();
    let now = practice.now();
    let checkpoint = practice.checkpoint()?;
    let event = SigningKeyAnnounced {
        sender: DeviceParty { device: about.device },
        recipient: PracticeParty { practice: about.practice.clone() },
        signing_key: key.key_hash(),
        last_checkpoint: checkpoint.and_then(|note| LastCheckpoint::new(&note).ok()),
    };
    let id = EvidenceId::from_bytes(host::random::bytes().map_err(|_| failure::randomness_missing())?);
    let statement = Statement::by_device(id, now, event);
    Signed::sign(&statement, &*device.signer, now).map_err(|error| failure::unexpected(error.to_string()))
}
