//! Newer root records, fetched at the enrolment door when the served chain leads to no root that is trusted here: after
//! a root was declared stolen there is no other way. What comes must go on from what is held, record by record.

use std::sync::Arc;
use std::time::Duration;

use certs::enrolment::{ask_records, newer_trust};
use certs::{PracticeTrust, tls};
use protocol::enrol::Step;
use quinn::crypto::rustls::QuicClientConfig;

use crate::connection::connect_quic;
use crate::enrol::{Steps, presented};
use crate::practice::{Act, Practice};

/// The trust that the gateway's records lead to, stored. `None` where they lead nowhere, or nobody answers.
pub(crate) async fn fetch(practice: &Practice, address: &str) -> Option<PracticeTrust> {
    let held = practice.trust().ok()?;
    let config = QuicClientConfig::try_from(tls::enrol_config(practice.clock()).ok()?).ok()?;
    let config = quinn::ClientConfig::new(Arc::new(config));
    let (endpoint, quic) = connect_quic(config, address, tls::ENROL_SERVER_NAME).await.ok()?;
    let offered = async {
        let mut steps = Steps::open(&quic).await.ok()?;
        steps.send(Step::Hello, ask_records().ok()?.bytes()).await.ok()?;
        let offer = steps.due(Step::Offer).await.ok()?;
        newer_trust(&held, &presented(&quic).ok()?, &offer).ok()
    };
    let trust = offered.await;
    quic.close(quinn::VarInt::from_u32(u32::from(protocol::CloseCode::Done.number())), b"");
    let _ = tokio::time::timeout(Duration::from_millis(200), endpoint.wait_idle()).await;
    let trust = trust?;
    tracing::warn!(
        record = trust.number(),
        "the practice's root was exchanged; its records lead on from ours"
    );
    // Another companion that is at it stores it; here it is used all the same.
    if let Ok(_held) = practice.hold(Act::State) {
        practice.store_trust(&trust).ok()?;
    }
    Some(trust)
}
