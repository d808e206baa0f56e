//! `counterfoil device add`: an invitation for a further device of one's own. Its secret is shown this once.

use console::{Exit, failure};
use model::Role;
use office::{Desk, InvitationShown, Program};
use protocol::message::{DeviceAdd, DeviceInvited};

use super::Context;
use super::factor::CodeFlags;
use crate::factor;
use crate::link::Patience;
use crate::trouble::{self, Told};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Add(CodeFlags),
}

pub(super) async fn run(context: &Context, command: Command) -> Told<Exit> {
    let Command::Add(flags) = command;
    let practice = context.selected()?;
    let (_device, mut link) = context.connect(&practice, Patience::default()).await?;
    // One connection and one try: a code is fresh on it alone, and each try is another invitation.
    let connection = link.connection().await?;
    let role = connection.welcome.role;
    if matches!(role, Role::Auditor | Role::Partner) {
        return Err(failure::device_add_role(role));
    }
    let ask = async || connection.ask_one::<DeviceInvited>(DeviceAdd {}).await;
    let invited = factor::stepped(&connection, &flags.codes(context), ask).await;
    let invited = invited.map_err(|error| trouble::wire(&error, &link.address()))?;
    let welcome = connection.welcome.clone();
    link.close().await;
    let shown = InvitationShown {
        id: invited.invitation.as_str().to_owned(),
        word: invited.word.as_str().to_owned(),
        code: invited.code.as_str().to_owned(),
        address: invited.address.as_str().to_owned(),
        expires: invited.expires.to_rfc3339(),
        person: welcome.person.to_string(),
    };
    let desk = Desk {
        console: context.console.clone(),
        clock: context.home.clock().clone(),
        begun: context.begun,
        program: Program::companion(),
    };
    office::say_own_device(&desk, shown, welcome.person_name.as_str(), role);
    Ok(Exit::Done)
}
