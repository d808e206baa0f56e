//! `counterfoil whoami`: who this device is, at every practice. Asks nobody.

use console::{Console, Exit, args, fields};
use model::Timestamp;

use super::Context;
use super::enrol::{Rights, identity};
use crate::device::{Device, GuardKind};
use crate::practice::{Confirmed, Practice};
use crate::trouble::Told;

pub(super) fn run(context: &Context) -> Told<Exit> {
    let practices = context.all_selected()?;
    for practice in &practices {
        let device = context.device(practice)?;
        lines(&context.console, practice, &device)?;
        let rights = match practice.about().confirmed {
            Confirmed::ByPerson => Rights::Active,
            Confirmed::Not => Rights::Waiting,
        };
        context.console.emit(&identity(practice, &device, rights));
    }
    Ok(context.summary("whoami", Exit::Done, fields! {"practices": practices.len()}))
}

/// Who this device is, line by line.
pub(super) fn lines(console: &Console, practice: &Practice, device: &Device) -> Told<()> {
    let about = practice.about();
    let until = device.tls_chain.first().map_or(Timestamp::from_unix_ms(0), |leaf| leaf.not_after());
    let books: Vec<String> = practice.known_books()?.into_iter().map(|(_, name)| name).collect();
    console.say("identity-practice", args![practice = &about.name]);
    console.say("identity-person", args![person = &about.person_name, role = about.role]);
    console.say("identity-device", args![label = &about.label]);
    if !books.is_empty() {
        console.say("identity-books", args![books = books.join(", ")]);
    }
    console.say("identity-pin", args![pin = about.pin.to_string()]);
    console.say("identity-gateway", args![address = about.addresses.first().cloned().unwrap_or_default()]);
    let until = console::Arg::Date(until);
    console.say("identity-certificate", args![until]);
    console.say(guarded(device.guard()), &[]);
    Ok(())
}

/// The line about what opens a device's keys.
pub(super) const fn guarded(by: GuardKind) -> &'static str {
    match by {
        GuardKind::Keychain => "identity-keys-keychain",
        GuardKind::Passphrase => "identity-keys-passphrase",
        GuardKind::Plain => "identity-keys-plain",
    }
}
