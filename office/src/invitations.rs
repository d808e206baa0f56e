//! The invitations that were given out, what became of each, and who tried them in vain.

use console::{Column, Exit, Failure, Table, args, failure, fields};
use model::Role;
use serde::{Deserialize, Serialize};

use crate::refused::time;
use crate::{Answer, Asking, Desk, Request, other_answer};

/// An invitation that was given out. Its secret is nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationKnown {
    /// Its id.
    pub id: String,
    /// The person's name; foreign text.
    pub person: String,
    /// Their role.
    pub role: String,
    /// The names of their books; foreign text.
    pub books: Vec<String>,
    /// Who issued it: a person's name, `admin-socket` or `gateway`.
    pub by: String,
    /// When: RFC 3339.
    pub issued: String,
    /// When it ends: RFC 3339.
    pub expires: String,
    /// `open`, `tried`, `bound`, `confirmed`, `expired`, `revoked` or `locked`.
    pub state: String,
    /// The device that used it.
    pub device: Option<String>,
    /// What that device calls itself; foreign text.
    pub label: Option<String>,
    /// Wrong proofs since the gateway's start.
    pub wrong: u64,
    /// How many others came with its secret after it was used.
    pub contested: u32,
    /// The newest attempts that let nobody in, since the gateway's start.
    pub attempts: Vec<AttemptShown>,
}

/// An attempt that let nobody in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptShown {
    /// When: RFC 3339.
    pub at: String,
    /// From which network.
    pub from: String,
    /// `wrong-proof`, `expired`, `revoked`, `locked`, `taken` or `bad-keys`.
    pub outcome: String,
    /// What the device calls itself, where it had the secret; foreign text.
    pub label: Option<String>,
    /// Its system; foreign text.
    pub platform: Option<String>,
    /// SHA-256 of its TLS key.
    pub key: Option<String>,
}

/// Lists them.
#[derive(Debug, clap::Args)]
pub struct Invitations {
    #[arg(long)]
    all: bool,
}

impl Asking for Invitations {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::Invitations { all: self.all })
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::Invitations { invitations } = answer else { return Err(other_answer()) };
        let console = &desk.console;
        if invitations.is_empty() {
            console.say("invitations-none", &[]);
        }
        let title = |key| console.text(key, &[]);
        let columns = vec![
            Column::fixed(title("title-id")),
            Column::name(title("title-name")),
            Column::fixed(title("title-role")),
            Column::text(title("title-state")),
            Column::fixed(title("title-until")),
        ];
        let mut table = Table::new(columns);
        for one in &invitations {
            let role = Role::parse(&one.role).ok();
            let role =
                role.map_or_else(|| one.role.clone(), |role| title(console::catalogue::role_key(role)));
            let state = state(desk, one);
            let until = console.text("invitation-until", args![until = time(&one.expires)]);
            table.row([one.id.as_str(), one.person.as_str(), role.as_str(), state.as_str(), until.as_str()]);
            desk.row("invitation", one);
        }
        desk.show(&table);
        for one in invitations.iter().filter(|one| one.contested > 0) {
            contested(desk, one);
        }
        desk.summary("invitations", fields! {"invitations": invitations.len()});
        Ok(Exit::Done)
    }
}

fn state(desk: &Desk, one: &InvitationKnown) -> String {
    let key = match one.state.as_str() {
        "open" => "invitation-open",
        "tried" => "invitation-tried",
        "bound" => "invitation-bound",
        "confirmed" => "invitation-confirmed",
        "expired" => "invitation-expired",
        "locked" => "invitation-locked",
        _ => "invitation-revoked",
    };
    desk.console.text(key, args![wrong = one.wrong])
}

/// One of two devices is not the person's: what is known of both, and what to do.
fn contested(desk: &Desk, one: &InvitationKnown) {
    let command = desk.program.line(&format!("invite dispute {}", one.id));
    let first = one.label.as_deref().unwrap_or("-");
    desk.console.warn(&failure::invitation_contested(&one.id, &one.person, first, command));
    for attempt in one.attempts.iter().filter(|attempt| attempt.outcome == "taken") {
        let label = attempt.label.as_deref().unwrap_or("-");
        let values = args![at = time(&attempt.at), label, from = attempt.from.as_str()];
        desk.console.say("invitation-attempt", values);
    }
}
