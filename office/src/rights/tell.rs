//! What was done to rights, as people are told it.

use console::{Arg, Exit, Failure, args, failure, fields};
use model::Role;

use super::RightsDone;
use crate::invitation::say_again;
use crate::refused::time;
use crate::{Answer, Desk, other_answer};

/// Tells what was done, and how to go back.
pub(crate) fn tell(desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
    let Answer::Rights { done, practice } = answer else { return Err(other_answer()) };
    let console = &desk.console;
    let name = if done.name.is_empty() { done.id.as_str() } else { done.name.as_str() };
    let id = done.id.as_str();
    match (done.whose.as_str(), done.state.as_str()) {
        ("device", "suspended") => console.say("rights-device-suspended", args![name]),
        ("device", "revoked") => console.say("rights-device-revoked", args![name]),
        ("person", "suspended") => console.say("rights-person-suspended", args![name]),
        ("person", "revoked") => console.say("rights-person-revoked", args![name]),
        ("book", "suspended") => console.say("rights-book-suspended", args![name, with = done.with]),
        ("book", "closed") => console.say("rights-book-closed", args![name, with = done.with]),
        ("book", "active") => console.say("rights-book-resumed", args![name, with = done.with]),
        ("invitation", _) => console.say("rights-invitation-revoked", args![id]),
        ("grant", "withdrawn") => console.say("rights-grant-withdrawn", args![name]),
        ("grant", _) => match &done.until {
            Some(until) => console.say("rights-granted-until", args![name, until = time(until)]),
            None => console.say("rights-granted", args![name]),
        },
        (_, "changed") => {
            let role = done.role.as_deref().and_then(|role| Role::parse(role).ok());
            let role = role.map_or(Arg::from(""), Arg::Role);
            match &done.until {
                Some(until) => {
                    console.say("rights-changed-until", args![name, role, until = time(until)]);
                }
                None => console.say("rights-changed", args![name, role]),
            }
        }
        // The invitation that comes with it says all.
        ("person", "invited") => {}
        _ => console.say("rights-resumed", args![name]),
    }
    if done.state == "suspended" {
        let command = desk.program.line(&format!("{} resume {id}", done.whose));
        console.say("rights-back", args![command]);
    }
    match done.recorded.as_str() {
        "journal" => {}
        kept => {
            let cause = done.code.clone().unwrap_or_else(|| "-".to_owned());
            console.warn(&match kept {
                "pending" => failure::not_recorded_yet(cause),
                _ => failure::not_kept(cause),
            });
        }
    }
    if done.admins < 2 {
        console.warn(&failure::few_admins(done.admins));
    }
    let invitation = done.invitation.clone();
    desk.row("rights", &RightsDone { invitation: None, ..done.clone() });
    match invitation {
        Some(invitation) => say_again(desk, invitation, &practice, &done),
        None => {
            desk.summary("rights", fields! {"state": done.state, "recorded": done.recorded});
            Ok(Exit::Done)
        }
    }
}
