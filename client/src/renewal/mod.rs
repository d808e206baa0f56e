//! New certificates in time. A command that connects renews by itself where it is due; the new keys are durable before
//! they are asked for, the new certificates before they are used, and the old ones stay until the new ones were used.
//!
//! ```text
//! tend    due? → keys in `next` → asked (again, after a cut, with the same request) → certificates in `next`
//!         → connected with them once → `next` becomes `current`
//! plan    when it is due               exchange   the request over a connection
//! ```
//! Each step can be the last before a crash: the next `tend` goes on from what is on the disk.

mod exchange;
pub mod plan;

use std::time::Duration;

use certs::PrivateKey;
use certs::enrolment::DeviceKeys;
use certs::renewal::RequestId;
use console::{Console, Failure, FailureCode, failure};

use crate::connection::Connector;
use crate::device::{CERTIFICATES, Device, Guard, Unlocker, certs_failed, key_folder};
use crate::link::{Link, Patience};
use crate::practice::{Act, Practice};
use crate::slots::{NEXT, REQUEST, Slots, Stage};
use crate::trouble::Told;
use plan::{Due, Plan};

/// How long a renewal may keep a command waiting that could go on without it.
const PATIENCE_SPARE: Duration = Duration::from_secs(5);
/// How long one may that nothing goes on without.
const PATIENCE_NEEDED: Duration = Duration::from_secs(30);
/// So long before its end a certificate counts as expired: the gateway's clock decides, and may be ahead of ours.
const LATE_SECONDS: u64 = 2 * 24 * 3600;
/// How often it is asked whether another companion has ended its renewal.
const HELD_PAUSE: Duration = Duration::from_millis(250);

/// Whether to renew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// If it is due.
    Due,
    /// In any case: somebody asked for it.
    Now,
    /// In any case: the gateway takes nothing else of this certificate.
    First,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was due.
    NotDue,
    /// The device has new certificates, and has used them.
    Renewed,
    /// It was due, and could not be done now; the certificates of before are still good.
    Later,
}

/// The device, renewed if that was due.
pub struct Tended {
    /// The device.
    pub device: Device,
    /// What came of it.
    pub outcome: Outcome,
}

/// Opens the device, and renews it where that is due. Where the certificate is still in force a renewal that fails keeps
/// nobody: it is tried again by the next command.
///
/// # Errors
/// As [`Device::open`]; where the certificate has expired, why it could not be renewed.
pub async fn tend(practice: &Practice, unlocker: &Unlocker, console: &Console, when: When) -> Told<Tended> {
    let device = tokio::task::block_in_place(|| Device::open(practice, unlocker))?;
    let plan = Plan::of(practice, &device.certificates)?;
    let now = practice.now();
    let is_due = plan.due(now) != Due::Nothing || when != When::Due;
    if !is_due && Slots::of(practice).stage()? == Stage::None {
        return Ok(Tended { device, outcome: Outcome::NotDue });
    }
    let needed = plan.is_expired(now) || when != When::Due;
    let patience = if needed { PATIENCE_NEEDED } else { PATIENCE_SPARE };
    let Some(_held) = hold(practice, patience).await? else {
        return match needed {
            true => Err(failure::home_busy(practice.folder())),
            false => Ok(Tended { device, outcome: Outcome::Later }),
        };
    };
    // Another companion may have been at it until now.
    let device = tokio::task::block_in_place(|| {
        Slots::of(practice).settle()?;
        let current = Slots::of(practice).current()?;
        Device::open_slot(practice, &current, device.sealed_under)
    })?;
    let was = device.certificates.tls.first().map(certs::Certificate::fingerprint);
    let renewing = Renewing { practice, console, patience: Patience(patience) };
    match renewing.run(&device, when).await {
        Ok(Some(renewed)) => {
            let is_new = renewed.certificates.tls.first().map(certs::Certificate::fingerprint) != was;
            let outcome = if is_new { Outcome::Renewed } else { Outcome::NotDue };
            Ok(Tended { device: renewed, outcome })
        }
        Ok(None) => Ok(Tended { device, outcome: Outcome::NotDue }),
        Err(failure) if needed => Err(failure),
        Err(failure) => {
            tracing::info!(%failure, "the certificate could not be renewed now");
            if failure.code() == FailureCode::IdentitySuperseded {
                console.warn(&failure);
            }
            Ok(Tended { device, outcome: Outcome::Later })
        }
    }
}

/// Holds the renewal for this process; `None` where another one does, for too long.
async fn hold(practice: &Practice, patience: Duration) -> Told<Option<host::FolderLock>> {
    let begun = practice.clock().monotonic();
    loop {
        match practice.hold(Act::Renew) {
            Ok(held) => return Ok(Some(held)),
            Err(failure) if failure.code() != FailureCode::HomeBusy => return Err(failure),
            Err(_) if practice.clock().monotonic().saturating_sub(begun) > patience => return Ok(None),
            Err(_) => tokio::time::sleep(HELD_PAUSE).await,
        }
    }
}

struct Renewing<'a> {
    practice: &'a Practice,
    console: &'a Console,
    patience: Patience,
}

impl Renewing<'_> {
    /// Goes on from where the disk says that it is. The device of `next` once it was used; `None` where nothing was due.
    async fn run(&self, device: &Device, when: When) -> Told<Option<Device>> {
        let slots = Slots::of(self.practice);
        if slots.stage()? == Stage::Answered
            && let Some(next) = self.finish(&device.sealed_under).await?
        {
            // What was begun long ago may be due again by now.
            return match self.is_due(&next)? {
                true => Box::pin(self.run(&next, When::Due)).await.map(|later| later.or(Some(next))),
                false => Ok(Some(next)),
            };
        }
        if slots.stage()? == Stage::None {
            let plan = Plan::of(self.practice, &device.certificates)?;
            let signing = match (plan.due(self.practice.now()), when) {
                (Due::Renewal { signing }, _) => signing,
                (Due::Nothing, When::Now | When::First) => false,
                (Due::Nothing, When::Due) => return Ok(None),
            };
            tokio::task::block_in_place(|| self.prepare(device, signing))?;
        }
        self.ask(device, when).await?;
        self.finish(&device.sealed_under).await
    }

    fn is_due(&self, device: &Device) -> Told<bool> {
        let plan = Plan::of(self.practice, &device.certificates)?;
        Ok(plan.due(self.practice.now()) != Due::Nothing)
    }

    /// New keys, durable; then what makes them a renewal.
    fn prepare(&self, device: &Device, signing: bool) -> Told<()> {
        let generate = || PrivateKey::generate().map_err(|error| certs_failed(&error));
        let new_signing = if signing { generate()? } else { copy(device.signer.key())? };
        let keys = DeviceKeys { tls: generate()?, signing: new_signing };
        let slots = Slots::of(self.practice);
        key_folder(self.practice, &slots.path(NEXT)).store(&keys, &device.sealed_under)?;
        let id: RequestId = host::random::bytes().map_err(|_| failure::randomness_missing())?;
        let mut request = id.to_vec();
        request.push(u8::from(signing));
        self.practice.write(&format!("{NEXT}/{REQUEST}"), &request)
    }

    /// Asks with the keys of `next`, and keeps what comes.
    async fn ask(&self, device: &Device, when: When) -> Told<()> {
        let slots = Slots::of(self.practice);
        let path = slots.path(NEXT).join(REQUEST);
        let opened = tokio::task::block_in_place(|| -> Told<_> {
            let request = self.practice.read(&format!("{NEXT}/{REQUEST}"))?.unwrap_or_default();
            let keys = key_folder(self.practice, &slots.path(NEXT)).open_under(&device.sealed_under)?;
            match request.split_first_chunk::<16>() {
                Some((id, [signing @ (0 | 1)])) => Ok((*id, *signing == 1, keys)),
                _ => Err(failure::device_key_damaged(&path)),
            }
        });
        let (id, signing, keys) = match opened {
            Ok(opened) => opened,
            Err(failure) => {
                // Nothing is lost with them: the next try makes new ones.
                slots.give_up()?;
                return Err(failure);
            }
        };
        let signing = signing.then_some(&keys.signing);
        let mut link = self.link(device, when)?;
        let asked = exchange::ask(&mut link, self.practice, device, &id, &keys.tls, signing).await;
        link.close().await;
        let renewed = match asked {
            Ok(renewed) => renewed,
            Err(failure) => return Err(self.refused(device, failure)?),
        };
        let certificates = device.certificates.renewed(renewed.tls_chain, renewed.signing_chain);
        self.practice.write(&format!("{NEXT}/{CERTIFICATES}"), &certificates.encode())
    }

    /// What a refusal means: keys that are never certified are given up, and who is too late is told whom to call.
    fn refused(&self, device: &Device, failure: Failure) -> Told<Failure> {
        if matches!(failure.code(), FailureCode::RenewalRefused | FailureCode::IdentitySuperseded) {
            Slots::of(self.practice).give_up()?;
        }
        let end = device.tls_chain.first().map(certs::Certificate::not_after);
        Ok(match (failure.code(), end) {
            (FailureCode::DeviceRefused, Some(end)) if self.practice.now() > end => {
                failure::certificate_expired(end)
            }
            _ => failure,
        })
    }

    fn link(&self, device: &Device, when: When) -> Told<Link> {
        let soon = self.practice.now().plus_seconds(LATE_SECONDS);
        let is_late = device.tls_chain.first().is_some_and(|leaf| soon > leaf.not_after());
        let connector = match is_late || when == When::First {
            true => Connector::for_renewal(self.practice, device)?,
            false => Connector::new(self.practice, device)?,
        };
        Ok(Link::new(connector, self.console.clone(), self.patience))
    }

    /// Uses what is in `next` once, and makes it the current one. `None` where the gateway does not take it: it is given
    /// up, and what was before is as good as it was.
    async fn finish(&self, guard: &Guard) -> Told<Option<Device>> {
        let slots = Slots::of(self.practice);
        let opened = tokio::task::block_in_place(|| {
            Device::open_slot(self.practice, &slots.path(NEXT), guard.clone())
        });
        let next = match opened {
            Ok(next) => next,
            Err(failure) => {
                tracing::warn!(%failure, "what was renewed can not be opened; it is asked for anew");
                slots.give_up()?;
                return Ok(None);
            }
        };
        let mut link = self.link(&next, When::Due)?;
        let used = link.connection().await.map(drop);
        link.close().await;
        match used {
            Ok(()) => {
                slots.change()?;
                Ok(Some(next))
            }
            Err(failure) if failure.code() == FailureCode::DeviceRefused => {
                tracing::warn!(
                    "the gateway does not take what it renewed: another renewal has taken its place"
                );
                slots.give_up()?;
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// The same key once more: keys are not copied by accident.
fn copy(key: &PrivateKey) -> Told<PrivateKey> {
    let pkcs8 = key.to_pkcs8().map_err(|error| certs_failed(&error))?;
    PrivateKey::from_pkcs8(&pkcs8).map_err(|error| certs_failed(&error))
}

/// Tells what a clock that is wrong looks like, and everything else as it is.
pub(crate) fn told_by_clock(practice: &Practice, error: &certs::renewal::RenewalError) -> Failure {
    use certs::Rejection;
    use certs::renewal::RenewalError;
    match error {
        RenewalError::Certificate(Rejection::NotInForce(_)) => failure::clock_shows(practice.now()),
        error => failure::answer_malformed(error.to_string()),
    }
}
