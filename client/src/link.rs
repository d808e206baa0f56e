//! A connection that comes back: tries again with growing pauses, as long as the person is ready to wait without
//! progress, and says so in plain words. Decides nothing about what is sent over it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use console::{Console, Event, Failure, FailureCode, args, failure};
use host::Clock;
use protocol::Code;

use crate::connection::{Connection, Connector};
use crate::trouble::{self, Again, Told};
use crate::trust::Standing;
use crate::wire::WireFailure;

/// The first pause, which doubles with every try.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Pauses shorter than this are not spoken of.
const PAUSE_SPOKEN: Duration = Duration::from_secs(1);
/// Before anything was ever connected, nobody waits longer than this.
const FIRST_PATIENCE_MAX: Duration = Duration::from_secs(20);

/// How long to go on without progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience(pub Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(Duration::from_secs(600))
    }
}

/// When there was progress last, on the monotonic clock. Clones are the same.
#[derive(Clone)]
pub struct Pulse {
    clock: Clock,
    last_ms: Arc<AtomicU64>,
}

impl Pulse {
    fn new(clock: Clock) -> Self {
        let pulse = Self { clock, last_ms: Arc::default() };
        pulse.beat();
        pulse
    }

    /// There is progress now.
    pub fn beat(&self) {
        self.last_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// How long there was none.
    pub fn since(&self) -> Duration {
        Duration::from_millis(self.now_ms().saturating_sub(self.last_ms.load(Ordering::Relaxed)))
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Renews the device and gives the way with its new certificate.
pub type Renew = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Told<Connector>>>>>;

/// A connection, or the way to one.
pub struct Link {
    /// For a gateway that says that the certificate must be renewed first; tried once.
    renew: Option<Renew>,
    connector: Connector,
    console: Console,
    patience: Patience,
    pulse: Pulse,
    current: Option<Connection>,
    /// Whether there ever was one.
    was_connected: bool,
    /// Tries since the last progress.
    tries: u32,
}

impl Link {
    /// A link that is not connected yet.
    pub fn new(connector: Connector, console: Console, patience: Patience) -> Self {
        let pulse = Pulse::new(connector.practice().clock().clone());
        let (renew, current) = (None, None);
        Self { renew, connector, console, patience, pulse, current, was_connected: false, tries: 0 }
    }

    /// A link that renews the device where the gateway asks for it, and goes on.
    pub fn renewing(self, renew: Renew) -> Self {
        Self { renew: Some(renew), ..self }
    }

    /// What has to beat while there is progress.
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// The address that is shown.
    pub fn address(&self) -> String {
        self.current.as_ref().map_or_else(|| self.connector.address().to_owned(), |open| open.address.clone())
    }

    /// The connection; connects, again and again if need be.
    ///
    /// # Errors
    /// What can not be cured by waiting; `connection-lost` or the cause when patience is over.
    pub async fn connection(&mut self) -> Told<Connection> {
        if let Some(open) = self.current.as_ref().filter(|open| !open.is_closed()) {
            return Ok(open.clone());
        }
        self.current = None;
        loop {
            match self.connector.connect().await {
                Ok(connection) => {
                    if self.tries > 1 {
                        self.console.note("progress-back", &[]);
                    }
                    if connection.trust == Standing::Stale && !self.was_connected {
                        self.console.warn(&failure::trust_stale());
                    }
                    self.was_connected = true;
                    self.current = Some(connection.clone());
                    return Ok(connection);
                }
                Err(lost) if lost.again == Again::Useless => match self.renew.take() {
                    Some(renew) if lost.failure.code() == FailureCode::RenewalNeeded => {
                        self.connector = renew().await?;
                    }
                    _ => return Err(lost.failure),
                },
                Err(lost) => self.pause(lost.failure).await?,
            }
        }
    }

    /// The connection broke, or the gateway asks for a pause of at least `at_least`: waits before the next try.
    ///
    /// # Errors
    /// `failure`, when patience is over.
    pub async fn pause_at_least(&mut self, at_least: Duration, failure: Failure) -> Told<()> {
        if at_least.saturating_add(self.pulse.since()) > self.patience.0 {
            return Err(failure);
        }
        let pause = self.next_pause().max(at_least);
        self.wait(pause, &failure).await;
        Ok(())
    }

    /// What a request over the connection came to: the connection is given up if it is to blame.
    pub fn blame(&mut self, error: &WireFailure) {
        if error.is_cut() {
            self.current = None;
        }
    }

    /// Asks until there is an answer, over as many connections as it takes.
    ///
    /// # Errors
    /// As [`Link::again`]; no connection for too long.
    pub async fn until_answered<T>(
        &mut self,
        ask: impl AsyncFn(&Connection) -> Result<T, WireFailure>,
    ) -> Told<T> {
        loop {
            let connection = self.connection().await?;
            match ask(&connection).await {
                Ok(answer) => return Ok(answer),
                Err(error) => self.again(&error).await?,
            }
        }
    }

    /// After a request that failed: waits for the next try where one can do better.
    ///
    /// # Errors
    /// The failure, where waiting does not help or patience is over.
    pub async fn again(&mut self, error: &WireFailure) -> Told<()> {
        self.blame(error);
        let failure = trouble::wire(error, &self.address());
        match error {
            WireFailure::Refused(refusal) if is_passing(refusal.known()) => {
                self.pause_at_least(Duration::from_millis(refusal.retry_after_ms.unwrap_or(0)), failure).await
            }
            error if error.is_cut() => self.pause_at_least(Duration::ZERO, failure).await,
            _ => Err(failure),
        }
    }

    /// There was progress: the next pause is short again.
    pub fn progressed(&mut self) {
        self.pulse.beat();
        self.tries = 0;
    }

    /// Says goodbye.
    pub async fn close(&mut self) {
        if let Some(open) = self.current.take() {
            open.close().await;
        }
    }

    async fn pause(&mut self, failure: Failure) -> Told<()> {
        let patience = match self.was_connected {
            true => self.patience.0,
            false => self.patience.0.min(FIRST_PATIENCE_MAX),
        };
        let pause = self.next_pause();
        if self.pulse.since().saturating_add(pause) > patience {
            return Err(match self.was_connected {
                true => failure::connection_lost(self.connector.address()),
                false => failure,
            });
        }
        self.wait(pause, &failure).await;
        Ok(())
    }

    fn next_pause(&mut self) -> Duration {
        let doubled = PAUSE_FIRST.saturating_mul(1 << self.tries.min(8));
        self.tries = self.tries.saturating_add(1);
        // A quarter by chance, so that all who were cut off do not come back at the same moment.
        let [chance] = host::random::bytes::<1>().unwrap_or_default();
        let pause = doubled.min(PAUSE_MAX);
        pause.saturating_add(pause.saturating_mul(u32::from(chance)) / 1024)
    }

    async fn wait(&self, pause: Duration, failure: &Failure) {
        if pause >= PAUSE_SPOKEN {
            let seconds = pause.as_secs().max(1);
            let (code, key) = why(failure.code(), self.was_connected);
            let message = self.console.text(key, args![seconds]);
            self.console.emit(&Event::Waiting { word: code.word().to_owned(), message, seconds });
            self.console.note(key, args![seconds]);
        }
        tokio::time::sleep(pause).await;
    }
}

/// Whether a refusal is about this moment alone, so that the same request is worth waiting for.
pub fn is_passing(code: Option<Code>) -> bool {
    matches!(code, Some(Code::Busy | Code::TooFast | Code::ShuttingDown | Code::Closing))
}

/// What a pause is for, and the words for it: a gateway that asks for time has not lost us.
fn why(code: FailureCode, was_connected: bool) -> (FailureCode, &'static str) {
    use FailureCode::{ConnectionLost, GatewayBusy, SendAgain, TooFast};
    match (code, was_connected) {
        (GatewayBusy | TooFast | SendAgain, _) => (code, "progress-busy"),
        (_, true) => (ConnectionLost, "progress-waiting"),
        (_, false) => (code, "connect-waiting"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Refusal;

    #[test]
    fn a_gateway_that_asks_for_time_is_not_called_a_lost_connection() {
        let told = |failure: &Failure, was_connected| {
            let (code, key) = why(failure.code(), was_connected);
            (code.word(), key)
        };
        let refused = |code| trouble::refused(&Refusal::new(code));
        assert_eq!(told(&refused(Code::Busy), true), ("gateway-busy", "progress-busy"));
        assert_eq!(told(&refused(Code::TooFast), true), ("too-fast", "progress-busy"));
        assert_eq!(told(&refused(Code::Closing), true), ("send-again", "progress-busy"));
        // Before anything was ever connected, too: it has answered.
        assert_eq!(told(&failure::gateway_busy(), false), ("gateway-busy", "progress-busy"));
        let lost = failure::gateway_unreachable("gw:4433", "timeout");
        assert_eq!(told(&lost, true), ("connection-lost", "progress-waiting"));
        assert_eq!(told(&lost, false), ("gateway-unreachable", "connect-waiting"));
    }
}
