//! Revocation lists: how they are, and a file of them for outsiders.

use std::path::{Path, PathBuf};

use certs::pem::{self, Section};
use console::{Arg, Exit, Failure, args, failure, fields};
use host::Disk;
use serde::{Deserialize, Serialize};

use crate::refused::time;
use crate::rotate::unhex;
use crate::{Answer, Asked, Asking, Desk, Request, other_answer};

/// A revocation list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListShown {
    /// Whose: `i1` is the first issuing authority, `r1` the first root.
    pub authority: String,
    /// Its number.
    pub number: u64,
    /// When it was made: RFC 3339.
    pub made: String,
    /// When the next one is there at the latest: RFC 3339; of an authority's last list there is none.
    pub next: Option<String>,
    /// How many certificates it revokes.
    pub revoked: u64,
    /// SHA-256 of the list.
    pub sha256: String,
}

/// A revocation list to be handed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListGiven {
    /// How it is.
    #[serde(flatten)]
    pub shown: ListShown,
    /// Whether its authority signs devices' certificates now.
    pub signing: bool,
    /// The list, in hex.
    pub list: String,
    /// The authority's certificate, in hex.
    pub issuer: String,
}

/// Something about revocation lists that somebody has to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListAlarm {
    /// Its word, as in the log.
    pub alarm: String,
    /// Whose list.
    pub authority: String,
    /// Why.
    pub cause: String,
    /// Since when: RFC 3339.
    pub since: String,
}

/// Tells how a list is, to people.
pub(crate) fn show(desk: &Desk, list: &ListShown) {
    let console = &desk.console;
    let next = list.next.as_deref().map_or_else(|| Arg::Text(console.text("crl-for-ever", &[]).into()), time);
    let values = args![
        authority = list.authority.as_str(),
        number = list.number,
        revoked = list.revoked,
        made = time(&list.made),
        next
    ];
    console.print(&console.text("crl-line", values));
}

/// Warns of an alarm.
pub(crate) fn warn(desk: &Desk, alarm: &ListAlarm) {
    let (authority, cause) = (alarm.authority.as_str(), alarm.cause.as_str());
    let warning = match alarm.alarm.as_str() {
        "crl-missing" | "crl-expired" => failure::crl_over(authority, cause),
        "crl-file" => failure::crl_file(authority, cause),
        _ => failure::crl_not_renewed(authority, cause),
    };
    desk.console.warn(&warning);
}

/// `crl …`.
#[derive(Debug, clap::Subcommand)]
pub enum Command<P: clap::Args> {
    /// Hands lists out.
    Export(Asked<Export, P>),
}

impl<P: clap::Args> Command<P> {
    pub(crate) fn parts(&self) -> (&dyn Asking, &P) {
        match self {
            Self::Export(asked) => asked.parts(),
        }
    }
}

/// Writes the lists in force to a file.
#[derive(Debug, clap::Args)]
pub struct Export {
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[arg(long)]
    der: bool,
    #[arg(long, value_name = "AUTHORITY")]
    authority: Option<String>,
}

impl Asking for Export {
    fn request(&self) -> Result<Request, Failure> {
        Ok(Request::CrlExport {})
    }

    fn tell(&self, desk: &Desk, answer: Answer) -> Result<Exit, Failure> {
        let Answer::Lists { lists, roots } = answer else { return Err(other_answer()) };
        let wanted = |list: &&ListGiven| match &self.authority {
            Some(authority) => list.shown.authority == *authority,
            // DER has room for one.
            None => !self.der || list.signing,
        };
        let chosen: Vec<&ListGiven> = lists.iter().filter(wanted).collect();
        if chosen.is_empty() {
            let known: Vec<_> = lists.iter().map(|list| list.shown.authority.as_str()).collect();
            let asked = self.authority.as_deref().unwrap_or("-");
            return Err(failure::argument_wrong("--authority", asked, known.join(", ")));
        }
        let bytes = match self.der {
            true => chosen.first().and_then(|list| unhex(&list.list)),
            false => file(&chosen, &roots),
        };
        write(&self.to, &bytes.ok_or_else(other_answer)?)?;
        desk.console.say("crl-exported", args![path = self.to.as_path()]);
        for list in &chosen {
            show(desk, &list.shown);
            desk.row("crl", &list.shown);
        }
        let path = self.to.to_string_lossy().into_owned();
        desk.summary("crl-export", fields! {"path": path, "lists": chosen.len()});
        Ok(Exit::Done)
    }
}

/// Everything that somebody else needs to ask: roots, authorities and lists, each under a line that says what it is.
fn file(lists: &[&ListGiven], roots: &[String]) -> Option<Vec<u8>> {
    let mut text = String::new();
    for root in roots {
        text.push_str("Root\n");
        text.push_str(&pem::write(&[Section::Certificate(unhex(root)?)]));
    }
    for ListGiven { shown, list, issuer, .. } in lists {
        let ListShown { authority, number, made, next, .. } = shown;
        let issuer = unhex(issuer)?;
        // A root's certificate stands above already.
        if !authority.starts_with('r') {
            text.push_str(&format!("Issuing authority {authority}\n"));
            text.push_str(&pem::write(&[Section::Certificate(issuer)]));
        }
        let until = next.as_deref().unwrap_or("for ever");
        text.push_str(&format!("Revocation list {number} of {authority}, made {made}, until {until}\n"));
        text.push_str(&pem::write(&[Section::Crl(unhex(list)?)]));
    }
    Some(text.into_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = Disk::real().write_whole(path, bytes);
    written.map(|_durable| ()).map_err(|error| failure::disk_failed(path, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_is_in_it_and_is_read_again() {
        let shown = ListShown {
            authority: "i1".into(),
            number: 3,
            made: "2026-11-27T00:00:00.000Z".into(),
            next: None,
            revoked: 0,
            sha256: "00".into(),
        };
        let given = ListGiven { shown, signing: true, list: "0102".into(), issuer: "03".into() };
        let written = file(&[&given], &["04".into()]).unwrap();
        let wanted = [Section::Certificate(vec![4]), Section::Certificate(vec![3]), Section::Crl(vec![1, 2])];
        assert_eq!(pem::read(&written).unwrap(), wanted);
        assert!(String::from_utf8(written).unwrap().contains("Revocation list 3 of i1, made 2026"));
        let broken = ListGiven { list: "0".into(), ..given };
        assert!(file(&[&broken], &[]).is_none());
    }
}
