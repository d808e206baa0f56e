//! How many devices the gateway lets in a second: whole mutual handshakes with Retry, several under way at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::{Row, millis, spread};
use crate::Outcome;
use crate::counterfoil::Practice;
use crate::tools::cpu_of;

/// Handshakes under way at once.
const AT_ONCE: usize = 8;
/// What is aimed at, a second.
const AIM: f64 = 300.0;

/// Makes handshakes for so long.
pub async fn handshakes(practice: &Practice, crowd: &Crowd, how_long: Duration) -> Outcome<Row> {
    let (gateway, begun) = (practice.address(), Instant::now());
    let cpu = cpu_of(practice.gateway.0.id()).unwrap_or_default();
    let next = Arc::new(AtomicUsize::new(0));
    // One that comes to nothing is counted, for a companion would try again, and said.
    let (lost, why) = (AtomicUsize::new(0), Mutex::new(String::new()));
    let one = async || -> Outcome<Vec<Duration>> {
        let endpoint = client::endpoint::endpoint_for(gateway).map_err(|error| error.to_string())?;
        let mut all = Vec::new();
        while begun.elapsed() < how_long {
            // Each time another device: what is measured is not one that comes back.
            let at = next.fetch_add(1, Ordering::Relaxed) % crowd.count();
            let asked = Instant::now();
            match crowd.connect(&endpoint, gateway, at).await {
                Ok(connection) => {
                    all.push(asked.elapsed());
                    connection.close(0u32.into(), b"");
                }
                Err(error) => {
                    lost.fetch_add(1, Ordering::Relaxed);
                    let after = millis(asked.elapsed());
                    *why.lock().unwrap_or_else(PoisonError::into_inner) = format!("{error} after {after}");
                }
            }
        }
        endpoint.wait_idle().await;
        Ok(all)
    };
    let all = futures_of((0..AT_ONCE).map(|_| one())).await?;
    let wall = begun.elapsed().max(how_long).as_secs_f64();
    let lost = match lost.into_inner() {
        0 => String::new(),
        lost => format!("; {lost} lost: {}", why.into_inner().unwrap_or_else(PoisonError::into_inner)),
    };
    let spent = cpu_of(practice.gateway.0.id()).unwrap_or_default().saturating_sub(cpu).as_secs_f64();
    let count = all.len() as f64;
    let (median, _) = spread(all)?;
    let rate = count / wall;
    Ok(Row {
        what: format!("mutual handshakes with Retry, {AT_ONCE} at once, whole, without tickets"),
        aim: format!("≥ {AIM} a second"),
        seen: format!(
            "{rate:.0} a second (median {}; {:.2} ms of the gateway's processor each{lost})",
            millis(median),
            spent * 1e3 / count
        ),
        is_reached: rate >= AIM,
    })
}

/// All at once, in one task.
async fn futures_of(
    all: impl Iterator<Item = impl Future<Output = Outcome<Vec<Duration>>>>,
) -> Outcome<Vec<Duration>> {
    let mut waiting: Vec<_> = all.map(|one| Some(Box::pin(one))).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        for slot in &mut waiting {
            if let Some(one) = slot
                && let std::task::Poll::Ready(outcome) = one.as_mut().poll(context)
            {
                *slot = None;
                match outcome {
                    Ok(some) => done.extend(some),
                    Err(error) => return std::task::Poll::Ready(Err(error)),
                }
            }
        }
        match waiting.iter().all(Option::is_none) {
            true => std::task::Poll::Ready(Ok(std::mem::take(&mut done))),
            false => std::task::Poll::Pending,
        }
    })
    .await
}
