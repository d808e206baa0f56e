//! The journal as one text that an auditor can check with SHA-256 alone. Not a backup: the log files are that.
//!
//! ```text
//! counterfoil journal export 1
//! commit <index of its first entry> <entries> <time, RFC 3339>
//! entry <index> <entry hash, 64 hex> <entry key id, 32 hex> sealed|erased|opened
//! statement <hex>                       only after opened
//! list <hex>                            only after opened, where there is one
//! head <size> <root, 64 hex> <receipt signature, 128 hex>
//! note <hex of the signed checkpoint>
//! …
//! end <size>
//! ```

use std::io::Write;

use model::digest::hex;

use crate::{Entry, EntryBox, JournalError, OpenFailure, Reader};

pub(crate) fn export(
    reader: &Reader,
    entry_box: Option<&dyn EntryBox>,
    out: &mut dyn Write,
) -> Result<(), JournalError> {
    let mut size = 0;
    writeln!(out, "counterfoil journal export 1").map_err(JournalError::Export)?;
    reader.iterate(0, |entry| {
        size = entry.index() + 1;
        let opened = match entry_box.map(|entry_box| entry.open(entry_box)) {
            None => None,
            Some(Ok(opened)) => Some(Ok(opened)),
            Some(Err(OpenFailure::Erased)) => Some(Err(())),
            Some(Err(why)) => return Err(JournalError::Open { index: entry.index(), why }),
        };
        write_entry(&entry, opened.as_ref().map(Result::as_ref), out).map_err(JournalError::Export)
    })?;
    writeln!(out, "end {size}").map_err(JournalError::Export)
}

fn write_entry(
    entry: &Entry,
    opened: Option<Result<&crate::Opened, &()>>,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let committed = entry.committed();
    let head = committed.head();
    if entry.index() == committed.first_index() {
        writeln!(out, "commit {} {} {}", committed.first_index(), committed.count(), head.time)?;
    }
    let state = match opened {
        None => "sealed",
        Some(Err(())) => "erased",
        Some(Ok(_)) => "opened",
    };
    writeln!(out, "entry {} {} {} {state}", entry.index(), entry.hash(), entry.key().to_hex())?;
    if let Some(Ok(opened)) = opened {
        writeln!(out, "statement {}", hex::encode(&opened.statement))?;
        if let Some(list) = &opened.list {
            writeln!(out, "list {}", hex::encode(list))?;
        }
    }
    if entry.index() + 1 == head.size {
        writeln!(out, "head {} {} {}", head.size, head.root, hex::encode(&head.receipt_signature))?;
        writeln!(out, "note {}", hex::encode(&head.checkpoint_note))?;
    }
    Ok(())
}
