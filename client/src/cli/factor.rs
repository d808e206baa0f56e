//! `counterfoil factor`: a person's own second factor, enrolled, shown and taken away on their own device.

use std::path::PathBuf;

use certs::factor::Secret;
use console::{Event, Exit, args, failure, fields};
use model::Role;
use protocol::Text;
use protocol::message::{
    Done, FactorBegin, FactorCodes, FactorConfirm, FactorRemove, FactorSecret, FactorShow, FactorState,
    RecoveryCodes,
};

use super::Context;
use crate::connection::Connection;
use crate::factor::{self, Codes};
use crate::link::Patience;
use crate::trouble::{self, Told};
use crate::wire::WireFailure;

/// Where a code comes from, if not from the person.
#[derive(Debug, clap::Args)]
pub(super) struct CodeFlags {
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
}

impl CodeFlags {
    pub(super) fn codes(&self, context: &Context) -> Codes {
        Codes::new(context.console.clone(), self.code_file.clone())
    }
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Enrol(CodeFlags),
    Show,
    Codes(CodeFlags),
    Remove(CodeFlags),
}

pub(super) async fn run(context: &Context, command: Command) -> Told<Exit> {
    let practice = context.selected()?;
    let (_device, mut link) = context.connect(&practice, Patience::default()).await?;
    // One connection: what was asked may have been done, and a code is fresh on it alone.
    let connection = link.connection().await?;
    if connection.welcome.role == Role::Client {
        return Err(failure::factor_staff_only(connection.welcome.role));
    }
    let done = match command {
        Command::Enrol(flags) => enrol(context, &connection, &flags.codes(context)).await,
        Command::Show => show(context, &connection).await,
        Command::Codes(flags) => codes(context, &connection, &flags.codes(context)).await,
        Command::Remove(flags) => remove(context, &connection, &flags.codes(context)).await,
    };
    let done = done.map_err(|error| trouble::wire(&error, &link.address()));
    link.close().await;
    done
}

async fn enrol(context: &Context, connection: &Connection, codes: &Codes) -> Result<Exit, WireFailure> {
    let console = &context.console;
    let begun: FactorSecret = connection.ask_one(FactorBegin {}).await?;
    let secret = Secret::from_bytes(begun.secret.as_slice())
        .ok_or_else(|| WireFailure::Here(failure::answer_malformed("it is no secret of 20 bytes")))?;
    let welcome = &connection.welcome;
    let uri = secret.uri(welcome.practice_name.as_str(), welcome.person_name.as_str());
    if let Some(picture) = office::picture::qr(console, &uri) {
        console.say("factor-scan", &[]);
        console.print(&picture);
    }
    console.print(&console.text("factor-secret", args![secret = secret.base32().as_str()]));
    console.print(&console.text("factor-uri", args![uri = uri.as_str()]));
    let fields = fields! {"uri": uri.as_str(), "secret": secret.base32().as_str()};
    console.emit(&Event::Row { of: "factor-secret".to_owned(), fields });
    let ask = |question| factor::ask(codes, question).map_err(WireFailure::Here);
    let first = Text::cut(&ask("secret-code-first")?);
    let second = Text::cut(&ask("secret-code-second")?);
    let drawn: RecoveryCodes = connection.ask_one(FactorConfirm { first, second }).await?;
    console.say("factor-enrolled", &[]);
    tell_codes(context, &drawn);
    Ok(context.summary("factor-enrol", Exit::Done, fields! {"codes": drawn.codes.len()}))
}

async fn show(context: &Context, connection: &Connection) -> Result<Exit, WireFailure> {
    let state: FactorState = connection.ask_one(FactorShow {}).await?;
    let console = &context.console;
    match (state.enrolled, state.locked) {
        (false, _) => console.print(&console.text("factor-has-not", &[])),
        (true, false) => {
            console.print(&console.text("factor-has", args![left = u64::from(state.recovery_left)]));
        }
        (true, true) => console.print(&console.text("factor-is-locked", &[])),
    }
    let fields = fields! {
        "enrolled": state.enrolled, "recovery_left": state.recovery_left, "locked": state.locked,
    };
    Ok(context.summary("factor-show", Exit::Done, fields))
}

async fn codes(context: &Context, connection: &Connection, codes: &Codes) -> Result<Exit, WireFailure> {
    let ask = async || connection.ask_one::<RecoveryCodes>(FactorCodes {}).await;
    let drawn = factor::stepped(connection, codes, ask).await?;
    context.console.say("factor-codes-drawn", &[]);
    tell_codes(context, &drawn);
    Ok(context.summary("factor-codes", Exit::Done, fields! {"codes": drawn.codes.len()}))
}

async fn remove(context: &Context, connection: &Connection, codes: &Codes) -> Result<Exit, WireFailure> {
    let ask = async || connection.ask_one::<Done>(FactorRemove {}).await;
    let Done {} = factor::stepped(connection, codes, ask).await?;
    context.console.say("factor-removed", &[]);
    Ok(context.summary("factor-remove", Exit::Done, fields! {}))
}

/// Shows recovery codes, this once.
fn tell_codes(context: &Context, drawn: &RecoveryCodes) {
    let console = &context.console;
    console.print(&console.text("factor-codes-title", &[]));
    for code in drawn.codes.iter() {
        console.print(&format!("  {}", console::text::safe(code.as_str())));
        let fields = fields! {"code": code.as_str()};
        console.emit(&Event::Row { of: "recovery-code".to_owned(), fields });
    }
}
