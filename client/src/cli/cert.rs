//! `counterfoil cert show|renew|check`: this device's certificates: until when, when they are renewed, and that now.

use certs::Certificate;
use console::{Column, Event, Exit, Table, args, fields, human};
use model::Timestamp;

use super::{Context, whoami};
use crate::device::{Device, GuardKind};
use crate::practice::Practice;
use crate::renewal::plan::Plan;
use crate::renewal::{Outcome, When, tend};
use crate::trouble::Told;

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    Show,
    Renew,
    Check(Check),
}

#[derive(Debug, clap::Args)]
struct Check {
    #[arg(long, value_name = "DAYS", default_value = "30d")]
    within: String,
}

pub(super) async fn run(context: &Context, flags: &Flags) -> Told<Exit> {
    match &flags.act {
        Act::Show => show(context),
        Act::Renew => renew(context).await,
        Act::Check(check) => look(context, check),
    }
}

/// One certificate, as it is shown.
struct Line {
    purpose: &'static str,
    title: &'static str,
    certificate: Certificate,
    renews: Timestamp,
}

fn lines(practice: &Practice, device: &Device) -> Told<Vec<Line>> {
    let plan = Plan::of(practice, &device.certificates)?;
    let now = practice.now();
    let of = |purpose, title, chain: &[Certificate], renews| {
        chain.first().map(|leaf| Line { purpose, title, certificate: leaf.clone(), renews })
    };
    let tls = of("tls", "cert-tls", &device.certificates.tls, plan.moment(now));
    let signing = of("signing", "cert-signing", &device.certificates.signing, plan.signing_moment());
    Ok(tls.into_iter().chain(signing).collect())
}

fn show(context: &Context) -> Told<Exit> {
    let mut count = 0usize;
    let console = &context.console;
    let language = console.manner().language;
    for practice in context.all_selected()? {
        let device = context.device(&practice)?;
        console.say("identity-practice", args![practice = &practice.about().name]);
        console.say(whoami::guarded(device.guard()), &[]);
        let title = |key: &str| console.text(key, &[]);
        let columns = ["cert-purpose", "cert-until", "cert-renews", "cert-serial"];
        let mut table = Table::new(columns.map(|key| Column::fixed(title(key))).to_vec());
        for line in lines(&practice, &device)? {
            emit(context, &practice, device.guard(), &line);
            table.row([
                title(line.title),
                human::date(language, line.certificate.not_after()),
                human::date(language, line.renews),
                hex(line.certificate.serial()),
            ]);
            count += 1;
        }
        console.table(&table);
    }
    Ok(context.summary("cert show", Exit::Done, fields! {"certificates": count}))
}

fn emit(context: &Context, practice: &Practice, guard: GuardKind, line: &Line) {
    let about = practice.about();
    context.console.emit(&Event::Row {
        of: "certificate".to_owned(),
        fields: fields! {
            "practice": about.practice.as_str(),
            "device": about.device.to_uuid(),
            "purpose": line.purpose,
            "serial": hex(line.certificate.serial()),
            "sha256": line.certificate.fingerprint().to_hex(),
            "until": line.certificate.not_after().to_rfc3339(),
            "renews": line.renews.to_rfc3339(),
            "keys": guard.word(),
        },
    });
}

fn hex(bytes: &[u8]) -> String {
    model::digest::hex::encode(bytes)
}

async fn renew(context: &Context) -> Told<Exit> {
    let practice = context.selected()?;
    let tended = tend(&practice, &context.unlocker(), &context.console, When::Now).await?;
    let until = tended.device.tls_chain.first().map_or(Timestamp::from_unix_ms(0), Certificate::not_after);
    let renewed = tended.outcome == Outcome::Renewed;
    context.console.say("cert-renewed-until", args![until = console::Arg::Date(until)]);
    for line in lines(&practice, &tended.device)? {
        emit(context, &practice, tended.device.guard(), &line);
    }
    Ok(context.summary("cert renew", Exit::Done, fields! {"renewed": renewed}))
}

/// Whether any certificate ends soon: for a program that looks every day.
fn look(context: &Context, check: &Check) -> Told<Exit> {
    let within = office::inventory::within(&check.within)?;
    let mut soon = 0usize;
    for practice in context.all_selected()? {
        let device = context.device(&practice)?;
        let limit = practice.now().plus_seconds(within);
        for line in lines(&practice, &device)? {
            let end = line.certificate.not_after();
            if end <= limit {
                soon += 1;
                emit(context, &practice, device.guard(), &line);
                let purpose = context.console.text(line.title, &[]);
                let practice = &practice.about().name;
                context.console.say("cert-ends", args![practice, purpose, until = console::Arg::Date(end)]);
            }
        }
    }
    let exit = match soon {
        0 => {
            context.console.say("cert-none-ends", &[]);
            Exit::Done
        }
        _ => Exit::Failed,
    };
    Ok(context.summary("cert check", exit, fields! {"certificates": soon}))
}
