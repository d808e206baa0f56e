//! `counterfoil admin`: the commands of the office, from an admin's own device. What they ask and how answers are told
//! is the office's; here is the way there and the second factor.

use certs::factor::act_digest;
use console::{Exit, failure};
use model::{Role, limits};
use office::{Answer, Command, Desk, Gravity, Program};
use protocol::message::{self, Content};
use protocol::{Bytes, Text};

use super::Context;
use super::factor::CodeFlags;
use crate::connection::Connection;
use crate::factor::{self, Codes};
use crate::link::Patience;
use crate::trouble::{self, Told};
use crate::wire::WireFailure;

pub(super) async fn run(context: &Context, command: &Command<CodeFlags>) -> Told<Exit> {
    let (asking, flags) = command.parts();
    let request = asking.request()?;
    if request.gravity() == Gravity::AtTheGateway {
        return Err(failure::at_the_gateway());
    }
    let desk = Desk {
        console: context.console.clone(),
        clock: context.home.clock().clone(),
        begun: context.begun,
        program: Program::companion(),
    };
    asking.confirm(&desk)?;
    let practice = context.selected()?;
    let (_device, mut link) = context.connect(&practice, Patience::default()).await?;
    // One connection and one try: what was asked may have been done though its answer was lost.
    let connection = link.connection().await?;
    if connection.welcome.role != Role::Admin {
        return Err(failure::admin_only(connection.welcome.role));
    }
    let bytes = serde_json::to_vec(&request).map_err(|error| failure::unexpected(error.to_string()))?;
    let office = Office { connection: &connection, codes: flags.codes(context), request: &bytes };
    let answered = office.answered(request.gravity()).await;
    let answered = answered.map_err(|error| trouble::wire(&error, &link.address()))?;
    link.close().await;
    let answer: Answer = serde_json::from_slice(&answered)
        .map_err(|error| failure::answer_malformed(console::Arg::shown(error)))?;
    asking.tell(&desk, office::done(answer)?)
}

/// One request to the office.
struct Office<'a> {
    connection: &'a Connection,
    codes: Codes,
    request: &'a [u8],
}

impl Office<'_> {
    async fn answered(&self, gravity: Gravity) -> Result<Vec<u8>, WireFailure> {
        let plain = async || self.ask(None).await;
        match gravity {
            Gravity::Look | Gravity::Change => factor::stepped(self.connection, &self.codes, plain).await,
            Gravity::Grave | Gravity::AtTheGateway => match plain().await {
                Err(WireFailure::Refused(refusal)) if factor::is_needed(&refusal) => {
                    let code = factor::ask(&self.codes, "secret-code").map_err(WireFailure::Here)?;
                    self.ask(Some(&code)).await
                }
                other => other,
            },
        }
    }

    async fn ask(&self, code: Option<&str>) -> Result<Vec<u8>, WireFailure> {
        let request = message::Office {
            request: Bytes::new(self.request)?,
            code: code.map(Text::cut),
            act: code.map(|_| act_digest(self.request)),
        };
        self.connection.ask_for(request, Content::OfficeAnswer, limits::ANSWER_BYTES_MAX).await
    }
}
