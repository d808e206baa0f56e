//! Starting: reads the log, compares the head in the second place, and goes on or refuses by name. Needs no key.
//!
//! The cases are a table in `format.md`. Only the files from the head's on are read whole; what is before them is
//! vouched for by the opening of the first one read, whose tree the root of its next head confirms.

use std::{path::Path, sync::Arc};

use host::{Disk, DiskError, FrameAt, Log, LogError};

use crate::{
    Journal, JournalError,
    derived::Derived,
    edge::Edge,
    frame::{FORMAT, KIND_COMMIT, KIND_OPENING},
    head::KeptHead,
    journal::Parts,
    reader::Span,
    walk::{LogFile, Track, log_number, log_path},
};

/// What recovery found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// Entries in the journal.
    pub entries: u64,
    /// Its log files.
    pub log_files: u32,
    /// Bytes of a torn frame that were cut; nothing in them was acknowledged.
    pub cut_bytes: u64,
    /// Where the head in the second place lay behind the log: the size that it had. It has been brought forward.
    pub head_was: Option<u64>,
}

impl Journal {
    /// Opens the journal after any stop. May be repeated: a second recovery finds nothing to do.
    ///
    /// # Errors
    /// [`JournalError::Absent`], [`JournalError::HeadMissing`], [`JournalError::HeadDamaged`],
    /// [`JournalError::HeadAhead`], [`JournalError::HeadForked`], [`JournalError::LogMissing`],
    /// [`JournalError::Damaged`], [`JournalError::Log`]: log and head are left as they are.
    pub fn recover(
        disk: &Disk,
        folder: &Path,
        second_place: &Path,
    ) -> Result<(Self, Recovered), JournalError> {
        let mut spans = spans(disk, folder)?;
        let kept = KeptHead::load(disk, second_place)?;
        drop_empty_log(disk, folder, &kept, &mut spans)?;
        let derived = Derived::open(disk, folder)?;
        let mut reading = Reading::begin(disk, folder, second_place, &derived, &kept, &spans)?;
        let Some((last, closed)) = spans.split_last_mut() else {
            return Err(JournalError::Absent { folder: folder.to_path_buf() });
        };
        for span in closed.iter().filter(|span| span.log_number >= kept.log_number) {
            reading.closed(span)?;
        }
        let (log, cut_bytes) = reading.last(last)?;
        last.end = log.end();
        let (edge, newest) = reading.end()?;
        // Also where it is the same: that it can be read does not say that it is on the disk.
        let _ = newest.store(disk, second_place)?;
        disk.sweep_temporary(folder)?;
        let recovered = Recovered {
            entries: edge.size(),
            log_files: last.log_number,
            cut_bytes,
            head_was: (kept.head.size < edge.size()).then_some(kept.head.size),
        };
        let journal = Self::from_parts(Parts {
            disk: disk.clone(),
            folder: folder.to_path_buf(),
            second_place: second_place.to_path_buf(),
            log,
            edge,
            head: Arc::new(newest.head),
            spans,
            derived,
        });
        Ok((journal, recovered))
    }
}

/// The log being read, from the file in which the head's commit ends.
struct Reading<'a> {
    disk: &'a Disk,
    folder: &'a Path,
    second_place: &'a Path,
    derived: &'a Derived,
    kept: &'a KeptHead,
    track: Track,
    newest: Option<KeptHead>,
    /// A commit ended at the kept head's size, with its root.
    is_confirmed: bool,
}

/// Why a whole frame is refused.
enum Refusal {
    Damaged(&'static str),
    Forked,
}

impl<'a> Reading<'a> {
    fn begin(
        disk: &'a Disk,
        folder: &'a Path,
        second_place: &'a Path,
        derived: &'a Derived,
        kept: &'a KeptHead,
        spans: &[Span],
    ) -> Result<Self, JournalError> {
        let Some(span) = spans.iter().find(|span| span.log_number == kept.log_number) else {
            let newest = spans.last().map_or(1, |span| span.log_number);
            let log_size = LogFile::open(disk, folder, newest)?.whole_entries()?;
            return Err(ahead(second_place, kept, log_size));
        };
        let file = LogFile::open(disk, folder, span.log_number)?;
        // The head's commit reached this far; a shorter file was rolled back or cut.
        if span.end < kept.end {
            return Err(ahead(second_place, kept, file.whole_entries()?));
        }
        let track = Track::from_opening(&file.opening()?.0);
        let reading =
            Self { disk, folder, second_place, derived, kept, track, newest: None, is_confirmed: false };
        match reading.track.edge().size() < kept.head.size {
            true => Ok(reading),
            false => Err(reading.forked()),
        }
    }

    /// A file that another follows: every byte of it must be whole.
    fn closed(&mut self, span: &Span) -> Result<(), JournalError> {
        let (file, offset) = self.opened(span)?;
        file.commits(offset, span.end, |at, body| {
            self.commit(span.log_number, at, body).map_err(|refusal| match refusal {
                Refusal::Damaged(why) => file.damaged(at.offset, why),
                Refusal::Forked => self.forked(),
            })
        })
    }

    /// The file that grows: a torn end is cut, but nothing that the head counts.
    fn last(&mut self, span: &Span) -> Result<(Log, u64), JournalError> {
        let (file, opening_end) = self.opened(span)?;
        // J5
        let floor = if self.kept.log_number == span.log_number { self.kept.end } else { opening_end };
        let path = log_path(self.folder, span.log_number);
        let mut is_forked = false;
        let disk = self.disk;
        let read = Log::recover(disk, &path, FORMAT, floor, &mut |frame| match (frame.number, frame.kind) {
            (1, KIND_OPENING) => Ok(()),
            (2.., KIND_COMMIT) => {
                self.commit(span.log_number, frame.at, frame.body).map_err(|refusal| match refusal {
                    Refusal::Damaged(why) => frame.refuse(why),
                    Refusal::Forked => {
                        is_forked = true;
                        frame.refuse("the log differs from the head")
                    }
                })
            }
            _ => Err(frame.refuse("the frame is neither an opening nor a commit")),
        });
        match read {
            Ok((log, recovered)) => Ok((log, recovered.cut_bytes)),
            Err(_) if is_forked => Err(self.forked()),
            Err(LogError::Refused { offset, why }) => Err(file.damaged(offset, why)),
            Err(other) => Err(other.into()),
        }
    }

    /// What the log is, once all of it was read.
    fn end(self) -> Result<(Edge, KeptHead), JournalError> {
        let log_size = self.track.edge().size();
        match self.newest {
            Some(newest) if self.is_confirmed => Ok((self.track.into_edge(), newest)),
            _ => Err(ahead(self.second_place, self.kept, log_size)),
        }
    }

    fn opened(&self, span: &Span) -> Result<(LogFile, u64), JournalError> {
        let file = LogFile::open(self.disk, self.folder, span.log_number)?;
        let (opening, offset) = file.opening()?;
        self.track.opens(&opening).map_err(|why| file.damaged(offset, why))?;
        Ok((file, offset))
    }

    fn commit(&mut self, log_number: u32, at: FrameAt, body: &[u8]) -> Result<(), Refusal> {
        let step = self.track.commit(body).map_err(Refusal::Damaged)?;
        let kept = &self.kept.head;
        if step.first_index < kept.size && kept.size <= step.head.size {
            if kept.size != step.head.size || kept.root != step.head.root {
                return Err(Refusal::Forked);
            }
            self.is_confirmed = true;
        }
        // Look-ups can be made again (J8): that they could not be written is no reason to refuse.
        let _ = step.derive(self.derived, log_number, at);
        self.newest = Some(KeptHead { log_number, end: at.end(), head: step.head });
        Ok(())
    }

    fn forked(&self) -> JournalError {
        JournalError::HeadForked { path: self.second_place.to_path_buf(), size: self.kept.head.size }
    }
}

/// The log files, in order and without a gap, each with the entries before it; `end` is the file's length.
fn spans(disk: &Disk, folder: &Path) -> Result<Vec<Span>, JournalError> {
    let mut spans: Vec<Span> = Vec::new();
    for log_number in 1..=last_log(disk, folder)? {
        let file = LogFile::open(disk, folder, log_number)?;
        let (opening, offset) = file.opening()?;
        let first_index = opening.edge.size();
        if spans.last().is_some_and(|before| before.first_index >= first_index) {
            return Err(file.damaged(offset, "the file before holds no entry"));
        }
        spans.push(Span { log_number, first_index, end: file.bytes()? });
    }
    Ok(spans)
}

/// A log file that was just begun and holds no commit may have a name that is not on the disk, and syncing again
/// would not bring it there. It holds nothing: it is removed, and the next commit makes it again (J9).
fn drop_empty_log(
    disk: &Disk,
    folder: &Path,
    kept: &KeptHead,
    spans: &mut Vec<Span>,
) -> Result<(), JournalError> {
    let Some(last) = spans.last().filter(|last| last.log_number > kept.log_number) else { return Ok(()) };
    let (_, opening_end) = LogFile::open(disk, folder, last.log_number)?.opening()?;
    let path = log_path(folder, last.log_number);
    let (log, _) = Log::recover(disk, &path, FORMAT, opening_end, &mut |_| Ok(()))?;
    if log.end() == opening_end {
        disk.remove_file(&path)?;
        let _ = disk.sync_folder(folder)?;
        spans.pop();
    }
    Ok(())
}

fn last_log(disk: &Disk, folder: &Path) -> Result<u32, JournalError> {
    let absent = || JournalError::Absent { folder: folder.to_path_buf() };
    let names = match disk.list(folder) {
        Err(DiskError::Absent { .. }) => return Err(absent()),
        other => other?,
    };
    names.iter().filter_map(|name| log_number(name.to_str()?)).max().ok_or_else(absent)
}

fn ahead(second_place: &Path, kept: &KeptHead, log_size: u64) -> JournalError {
    JournalError::HeadAhead { path: second_place.to_path_buf(), head_size: kept.head.size, log_size }
}
