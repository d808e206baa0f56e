//! How it is told what a revocation list says of a receipt's signer.

use std::path::Path;

use console::event::Json;
use console::{Arg, Console, args, fields};

use crate::revocation::{Asked, Found};

/// To people: what it says, and how much that is worth.
pub(super) fn sentences(console: &Console, path: &Path, asked: Option<&Asked>) -> Vec<String> {
    let Some(asked) = asked else {
        return vec![console.text("verify-list-none", args![path])];
    };
    let key = format!("verify-list-{}", asked.found.word());
    let dash = || Arg::Text("-".into());
    let entry = asked.found.entry();
    let (revoked, since) = (entry.map(|entry| entry.at), entry.and_then(|entry| entry.compromised_since));
    let reason = entry.map_or("-", |entry| entry.reason.word());
    let values = args![
        number = asked.number,
        made = asked.made,
        signed = asked.signed,
        revoked = revoked.map_or_else(dash, Arg::Time),
        since = since.map_or_else(dash, Arg::Time),
        reason
    ];
    let mut said = vec![console.text(&key, values)];
    if let (Found::Later(_), Some(since)) = (&asked.found, since) {
        said.push(console.text("verify-list-since", args![since = since]));
    }
    if let (true, Some(until)) = (asked.is_over, asked.until) {
        said.push(console.text("verify-list-over", args![until = until]));
    }
    said
}

/// To programs.
pub(super) fn object(path: &Path, asked: Option<&Asked>) -> Json {
    let mut told = fields! {
        "path": path.to_string_lossy().into_owned(),
        "state": asked.map_or("no-list", |asked| asked.found.word()),
    };
    if let Some(asked) = asked {
        let entry = asked.found.entry();
        let since = entry.and_then(|entry| entry.compromised_since);
        told.extend(fields! {
            "number": asked.number,
            "made": asked.made.to_rfc3339(),
            "until": asked.until.map(|until| until.to_rfc3339()),
            "over": asked.is_over,
            "signed": asked.signed.to_rfc3339(),
            "revoked": entry.map(|entry| entry.at.to_rfc3339()),
            "reason": entry.map(|entry| entry.reason.word()),
            "compromised_since": since.map(|since| since.to_rfc3339()),
        });
    }
    told.retain(|_, value: &mut Json| !value.is_null());
    Json::Object(told)
}
