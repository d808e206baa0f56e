//! Who the device is here, which books it may use, and its person's word on the names shown.

use std::sync::Arc;

use model::Role;
use protocol::message::{self, Done, Hello, Welcome};
use protocol::record::{BookList, BookRow};
use protocol::{Bytes, Code, List, Text};
use receipts::event::{Actor, DeviceConfirmed, DeviceDeclined};
use vault::EntryScope;

use crate::access::Granted;
use crate::commit::Group;
use crate::denial;
use crate::ledger::rows::Standing;
use crate::practice::Practice;
use crate::renew;
use crate::seen::Program;
use crate::wire::{Answered, Ended};

/// The program's name and version, as peers are told.
pub const SOFTWARE: &str = concat!("counterfoil-gateway/", env!("CARGO_PKG_VERSION"));

/// Answers a hello.
///
/// # Errors
/// No version in common.
pub async fn hello(practice: &Practice, asked: Granted<Hello>, answered: &mut Answered) -> Result<(), Ended> {
    answered.send(welcome(practice, &asked)?).await
}

fn welcome(practice: &Practice, asked: &Granted<Hello>) -> Result<Welcome, Ended> {
    let hello = &asked.request;
    let version = protocol::agree(hello.versions.as_slice())?;
    let device = asked.peer.device();
    device.seen.at(practice.now());
    device.seen.holds(hello.root_record.into(), hello.bundle.unwrap_or(0).into());
    let said = |text: Option<&str>| text.unwrap_or("").to_owned();
    device.seen.runs(Program::of(
        hello.software.as_str(),
        &said(hello.platform.as_ref().map(Text::as_str)),
        &said(hello.key_store.as_ref().map(Text::as_str)),
    ));
    let records = practice.keys().root_records();
    // A bundle is taken by who has all records alone.
    let has_all = records.len() <= hello.root_record as usize + message::WELCOME_RECORDS_MAX;
    let newer: Vec<_> =
        records.into_iter().skip(hello.root_record as usize).take(message::WELCOME_RECORDS_MAX).collect();
    let newer = newer.into_iter().map(Bytes::new).collect::<Result<Vec<_>, _>>()?;
    let head = practice.journal.head();
    let standing = match device.standing() {
        Standing::Active => message::Standing::Active,
        _ => message::Standing::Waiting,
    };
    let bundle = practice.bundle();
    let is_older = has_all && hello.bundle.is_none_or(|held| u64::from(held) < bundle.version);
    Ok(Welcome {
        version,
        software: Text::cut(SOFTWARE),
        time: practice.now(),
        person: device.person.id,
        person_name: Text::cut(device.person.name().as_deref().unwrap_or("")),
        role: device.person.role(),
        device: device.id,
        standing,
        practice_name: Text::cut(&practice.config.name),
        checkpoint: Bytes::new(head.checkpoint_note.clone())?,
        root_records: if newer.is_empty() { None } else { List::new(newer).ok() },
        bundle: if is_older { Bytes::new(bundle.bytes.clone()).ok() } else { None },
        renew: renew::window(practice),
    })
}

/// The books that the person may use.
///
/// # Errors
/// The peer is gone.
pub async fn books(practice: &Practice, asked: Granted<()>, answered: &mut Answered) -> Result<(), Ended> {
    let granted = practice.registry.granted(asked.peer.device().person.id, practice.now());
    let rows = granted.into_iter().map(|(book, until)| BookRow {
        book: book.id,
        name: Text::cut(book.name().as_deref().unwrap_or("")),
        until,
    });
    answered.answer(&BookList { books: List::new(rows.collect())? }).await
}

/// The person says whether the names are theirs. A client's device gets its rights by it; staff wait for an admin.
///
/// # Errors
/// The commit's.
pub async fn confirm(
    practice: &Arc<Practice>,
    asked: Granted<message::Confirm>,
    answered: &mut Answered,
) -> Result<(), Ended> {
    let device = Arc::clone(asked.peer.device());
    let is_client = device.person.role() == Role::Client;
    match (asked.request.accept, device.standing()) {
        (true, Standing::Bound) if is_client => {
            let key = practice.entry_key(EntryScope::House)?;
            let id = device.id;
            let make = Box::new(move |group: &Group<'_>| {
                let confirmed = group.made(DeviceConfirmed { device: id, by: Actor::Device(id) }, key)?;
                let superseded = denial::superseded(group, id, key)?;
                Ok(std::iter::once(confirmed).chain(superseded).collect())
            });
            practice.committer.commit(make).await?;
        }
        (true, Standing::Bound | Standing::Active) => {}
        (true, Standing::Declined | Standing::Suspended | Standing::Revoked) => {
            return Err(Code::Revoked.into());
        }
        (false, _) => {
            let key = practice.entry_key(EntryScope::House)?;
            let id = device.id;
            let make =
                Box::new(move |group: &Group<'_>| Ok(vec![group.made(DeviceDeclined { device: id }, key)?]));
            practice.committer.commit(make).await?;
        }
    }
    answered.send(Done {}).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_trust_bundle_goes_only_to_who_holds_an_older_one() {
        let folder = tempfile::tempdir().unwrap();
        let opened = testing::opened(&folder.path().join("p"));
        let practice = &opened.practice;
        let (peer, _) = testing::peer(practice, Role::Client);
        let ours = u32::try_from(practice.bundle().version).unwrap();
        let is_sent = |bundle| {
            let hello = Hello {
                versions: List::new(protocol::VERSIONS.to_vec()).unwrap(),
                software: Text::cut("a companion"),
                root_record: 1,
                bundle,
                platform: None,
                key_store: None,
            };
            welcome(practice, &peer.grant_own(hello).unwrap()).unwrap().bundle.is_some()
        };
        assert!(is_sent(None) && is_sent(Some(ours - 1)));
        assert!(!is_sent(Some(ours)) && !is_sent(Some(ours + 1)));
    }
}
