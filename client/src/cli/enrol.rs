//! `counterfoil enrol`: from an invitation to a device that may act. Says who we now are, before anything is sent.

use std::io::IsTerminal as _;

use certs::enrolment::{Device as DeviceWords, LABEL_BYTES_MAX, PLATFORM_BYTES_MAX};
use console::{Answer, Console, Event, Exit, FailureCode, args, event, failure, fields};
use model::Timestamp;
use protocol::message::{Confirm, Done, Standing};

use super::Context;
use crate::connection::{Connection, platform};
use crate::device::{Device, Guard};
use crate::enrol::{Enrolment, Found, Wanted, forget, read_invitation};
use crate::keychain::Keychain;
use crate::link::Patience;
use crate::practice::{About, Confirmed, Practice};
use crate::trouble::{self, Told};
use crate::wire::WireFailure;

/// Longest invitation that is read from another program.
const INVITATION_BYTES_MAX: u64 = 4096;

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    #[arg(value_name = "INVITATION")]
    invitation: Option<String>,
    #[arg(long, value_name = "ADDRESS")]
    at: Option<String>,
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
    #[arg(long, conflicts_with = "plain_keys")]
    passphrase: bool,
    /// Also by the environment, for machines that nobody sits at.
    #[arg(long, env = "COUNTERFOIL_PLAIN_KEYS", value_parser = clap::builder::FalseyValueParser::new())]
    plain_keys: bool,
}

pub(super) async fn run(context: &Context, flags: Flags) -> Told<Exit> {
    let typed = match flags.invitation.as_deref() {
        Some(typed) if typed != "-" => typed.to_owned(),
        given => read_typed(&context.console, given.is_some())?,
    };
    let protect = match (flags.passphrase || context.passphrase_file.is_some(), flags.plain_keys) {
        (true, _) => Protect::Passphrase,
        (false, true) => Protect::No,
        (false, false) => Protect::Keychain,
    };
    let wanted = Wanted {
        invitation: read_invitation(&typed)?,
        at: flags.at,
        words: words(&context.console, flags.label.as_deref()),
    };
    let (mut practice, device) = {
        let _held = context.home.hold()?;
        let enrolment = Enrolment::new(&context.home, &wanted);
        match enrolment.find()? {
            Found::Before(practice) => {
                let device = context.device(&practice)?;
                (*practice, device)
            }
            Found::New => exchange(context, &enrolment, protect).await?,
        }
    };
    show(context, &practice, &device)?;
    let mut link = context.link(&practice, &device, Patience::default())?;
    let mut connection = link.connection().await?;
    if practice.about().confirmed == Confirmed::Not {
        match ask(context)? {
            Answer::Yes => confirm(&connection, &mut practice).await?,
            Answer::No => return decline(context, &connection, &practice).await,
        }
        // A client has its rights now; the gateway is asked, not supposed.
        link.close().await;
        connection = link.connection().await?;
    }
    let waits = connection.welcome.standing == Standing::Waiting;
    tell_next(context, &practice, waits);
    context.console.emit(&identity(&practice, &device, if waits { Rights::Waiting } else { Rights::Active }));
    link.close().await;
    Ok(context.summary("enrol", Exit::Done, fields! {"practice": practice.about().practice.as_str()}))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protect {
    Keychain,
    No,
    Passphrase,
}

impl Protect {
    /// What keys that are made now are sealed under. Where there is no keychain, a passphrase is asked for: keys in
    /// plain are never what somebody gets without having said so.
    fn guard(self, context: &Context) -> Told<Guard> {
        match self {
            Self::No => Ok(Guard::KeyFile),
            Self::Passphrase => Ok(Guard::passphrase(context.unlocker().new_passphrase()?)),
            Self::Keychain => match tokio::task::block_in_place(Keychain::make) {
                Ok(entry) => Ok(Guard::Keychain(entry)),
                Err(fault) => {
                    tracing::info!(%fault, "the system's keychain is not used");
                    context.console.say("enrol-no-keychain", &[]);
                    let passphrase = context.unlocker().new_passphrase();
                    Ok(Guard::passphrase(passphrase.map_err(|failure| match failure.code() {
                        FailureCode::OptionNeeded => failure::keychain_missing(),
                        _ => failure,
                    })?))
                }
            },
        }
    }
}

/// The invitation from the person, or from another program.
fn read_typed(console: &Console, asked_for_stdin: bool) -> Told<String> {
    if std::io::stdin().is_terminal() && !asked_for_stdin {
        return console.ask_line("enrol-ask", &[], "INVITATION");
    }
    let mut typed = String::new();
    let read = std::io::Read::read_to_string(
        &mut std::io::Read::take(std::io::stdin().lock(), INVITATION_BYTES_MAX),
        &mut typed,
    );
    match read {
        Ok(1..) => Ok(typed),
        Ok(0) | Err(_) => Err(failure::argument_missing("INVITATION")),
    }
}

/// Enrols; the practice, and the device with its keys open, so that nobody is asked for their passphrase twice.
async fn exchange(
    context: &Context,
    enrolment: &Enrolment<'_>,
    protect: Protect,
) -> Told<(Practice, Device)> {
    let address = enrolment.address()?;
    let (keys, guard) = match enrolment.has_keys()? {
        true => tokio::task::block_in_place(|| enrolment.pending_keys().open(&context.unlocker()))?,
        false => {
            let guard = protect.guard(context)?;
            (tokio::task::block_in_place(|| enrolment.make_keys(&guard))?, guard)
        }
    };
    context.console.note("enrol-connecting", args![address = &address]);
    let enrolled = enrolment.exchange(&keys, &address).await?;
    context.console.say("enrol-proved", &[]);
    tokio::task::block_in_place(|| {
        let practice = enrolment.store(&enrolled, &keys, &guard, &address)?;
        let device = Device::open_under(&practice, guard)?;
        Ok((practice, device))
    })
}

/// Says who this device is now.
fn show(context: &Context, practice: &Practice, device: &Device) -> Told<()> {
    let console = &context.console;
    console.say("enrol-identity", &[]);
    super::whoami::lines(console, practice, device)?;
    console.say("enrol-key-stays", &[]);
    Ok(())
}

fn ask(context: &Context) -> Told<Answer> {
    context.console.note("enrol-confirm-hint", &[]);
    context.console.confirm("enrol-confirm", &[])
}

async fn say(connection: &Connection, accept: bool) -> Told<()> {
    let said = async {
        let (mut asks, mut answers) = connection.open().await?;
        asks.send(Confirm { accept }).await?;
        asks.finish();
        answers.due::<Done>().await
    };
    match said.await {
        Ok(Done {}) => Ok(()),
        // Who is declined is not spoken to any more.
        Err(WireFailure::Connection(quinn::ConnectionError::ApplicationClosed(_))) if !accept => Ok(()),
        Err(error) => Err(trouble::wire(&error, &connection.address)),
    }
}

async fn confirm(connection: &Connection, practice: &mut Practice) -> Told<()> {
    say(connection, true).await?;
    let about = About { confirmed: Confirmed::ByPerson, ..practice.about().clone() };
    practice.store_about(about)
}

async fn decline(context: &Context, connection: &Connection, practice: &Practice) -> Told<Exit> {
    say(connection, false).await?;
    forget(practice)?;
    context.console.say("enrol-declined", &[]);
    Err(failure::declined())
}

fn tell_next(context: &Context, practice: &Practice, waits: bool) {
    let console = &context.console;
    let about = practice.about();
    match (waits, about.role.is_staff()) {
        (true, _) => {
            console.print(&console.text("enrol-digits", args![digits = &about.digits]));
            console.say("enrol-next-staff", &[]);
        }
        (false, true) => console.say("enrol-next-staff", &[]),
        (false, false) => console.say("enrol-next", &[]),
    }
}

/// Whether the device has its rights, as the gateway last said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    Active,
    Waiting,
}

/// The event that says who this device is.
pub(super) fn identity(practice: &Practice, device: &Device, rights: Rights) -> Event {
    let about = practice.about();
    let until = device.tls_chain.first().map_or(Timestamp::from_unix_ms(0), |leaf| leaf.not_after());
    Event::Identity(event::Identity {
        practice: about.name.clone(),
        practice_id: about.practice.as_str().to_owned(),
        pin: about.pin.to_string(),
        gateway: about.addresses.first().cloned().unwrap_or_default(),
        person: about.person_name.clone(),
        role: about.role.as_str().to_owned(),
        device: about.device.to_uuid(),
        label: about.label.clone(),
        digits: about.role.is_staff().then(|| about.digits.clone()),
        confirmed: rights == Rights::Active,
        certificate_until: until.to_rfc3339(),
        keys: device.guard().word().to_owned(),
    })
}

/// What this device says of itself.
fn words(console: &Console, label: Option<&str>) -> DeviceWords {
    let host = || std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
    let own = label.map(str::to_owned).or_else(host).filter(|name| !name.is_empty());
    DeviceWords {
        label: cut(&own.unwrap_or_else(|| "companion".to_owned()), LABEL_BYTES_MAX),
        platform: cut(&platform(), PLATFORM_BYTES_MAX),
        language: console.manner().language.tag().to_owned(),
    }
}

fn cut(text: &str, bytes_max: usize) -> String {
    let fits = (0..=bytes_max.min(text.len())).rev().find_map(|at| text.get(..at));
    fits.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_label_is_cut_between_letters() {
        assert_eq!(super::cut("财务电脑", 7), "财务");
        assert_eq!(super::cut("PC", 64), "PC");
    }
}
