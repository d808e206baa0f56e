//! Every frame of the log in order, each checked against the tree before it. Neither opens entries nor repairs the log.

use std::path::{Path, PathBuf};

use host::{Disk, DiskFile, FrameAt, How, LogReader, log::FRAME_OVERHEAD_BYTES};
use model::Timestamp;

use crate::{
    Head, JournalError,
    derived::{Derived, Position},
    edge::{Edge, FullTile},
    frame::{CommitOutline, KIND_COMMIT, KIND_OPENING, Opening, opening_offset},
};

/// `log.<n>` in the journal's folder.
pub(crate) fn log_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("log.{number}"))
}

/// The number in `log.<n>`; one way of writing it only.
pub(crate) fn log_number(name: &str) -> Option<u32> {
    let number: u32 = name.strip_prefix("log.")?.parse().ok()?;
    (number > 0 && name == format!("log.{number}")).then_some(number)
}

/// One log file, open for reading beside the writer.
pub(crate) struct LogFile {
    number: u32,
    path: PathBuf,
    frames: LogReader,
    bytes: DiskFile,
}

impl LogFile {
    pub fn open(disk: &Disk, folder: &Path, number: u32) -> Result<Self, JournalError> {
        let path = log_path(folder, number);
        let bytes = match disk.open(&path, How::Read) {
            Err(host::DiskError::Absent { .. }) => return Err(JournalError::LogMissing { path }),
            other => other?,
        };
        Ok(Self { number, frames: LogReader::open(disk, &path)?, bytes, path })
    }

    pub fn bytes(&self) -> Result<u64, JournalError> {
        Ok(self.bytes.len()?)
    }

    /// The frame at a known place, checked.
    pub fn read(&self, at: FrameAt) -> Result<(u8, Vec<u8>), JournalError> {
        Ok(self.frames.read(at)?)
    }

    /// The frame that begins here and ends at or before `end`.
    pub fn frame(&self, offset: u64, end: u64) -> Result<(FrameAt, u8, Vec<u8>), JournalError> {
        let damaged = || self.damaged(offset, "no whole frame begins here");
        let mut length = [0u8; 4];
        self.bytes.read_exact_at(offset, &mut length).map_err(|_| damaged())?;
        let bytes = u32::from_be_bytes(length).checked_add(FRAME_OVERHEAD_BYTES).ok_or_else(damaged)?;
        let at = FrameAt { offset, bytes };
        if at.end() > end {
            return Err(damaged());
        }
        let (kind, body) = self.read(at)?;
        Ok((at, kind, body))
    }

    /// What was before this file, and where its first commit begins.
    pub fn opening(&self) -> Result<(Opening, u64), JournalError> {
        let (at, kind, body) = self.frame(opening_offset(), u64::MAX)?;
        let opening = (kind == KIND_OPENING).then(|| Opening::from_bytes(&body)).flatten();
        match opening {
            Some(opening) if opening.number == self.number => Ok((opening, at.end())),
            _ => Err(self.damaged(at.offset, NO_OPENING)),
        }
    }

    /// Walks the commits from `offset` on to `end`, unchecked against the tree.
    pub fn commits<E: From<JournalError>>(
        &self,
        offset: u64,
        end: u64,
        mut each: impl FnMut(FrameAt, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut at = offset;
        while at < end {
            let (frame, kind, body) = self.frame(at, end)?;
            if kind != KIND_COMMIT {
                return Err(self.damaged(at, NOT_A_COMMIT).into());
            }
            each(frame, &body)?;
            at = frame.end();
        }
        Ok(())
    }

    /// Entries up to the first frame that is not a whole commit: how far a log reaches that is refused anyway.
    pub fn whole_entries(&self) -> Result<u64, JournalError> {
        let (opening, offset) = self.opening()?;
        let mut size = opening.edge.size();
        let _ = self.commits(offset, self.bytes()?, |_, body| {
            let commit = CommitOutline::from_bytes(body).ok_or(JournalError::Stopped)?;
            size = commit.head.size;
            Ok::<_, JournalError>(())
        });
        Ok(size)
    }

    pub fn damaged(&self, offset: u64, why: &'static str) -> JournalError {
        JournalError::Damaged { path: self.path.clone(), offset, why }
    }
}

const NO_OPENING: &str = "the file does not begin with its opening";
const NOT_A_COMMIT: &str = "the frame is not a commit";

/// Follows the tree through the frames of the log and refuses what does not continue it (J2, J3, J7).
pub(crate) struct Track {
    edge: Edge,
    newest: Option<Timestamp>,
}

/// What a commit added.
pub(crate) struct Step {
    pub first_index: u64,
    pub count: u32,
    pub head: Head,
    pub tiles: Vec<FullTile>,
}

impl Track {
    /// From what an opening says.
    pub fn from_opening(opening: &Opening) -> Self {
        Self { edge: opening.edge.clone(), newest: None }
    }

    pub fn edge(&self) -> &Edge {
        &self.edge
    }

    pub fn into_edge(self) -> Edge {
        self.edge
    }

    /// The opening of the file that follows must say what was before it.
    pub fn opens(&self, opening: &Opening) -> Result<(), &'static str> {
        match opening.edge == self.edge {
            true => Ok(()),
            false => Err("the opening is not what the file before ended with"),
        }
    }

    /// One commit.
    pub fn commit(&mut self, body: &[u8]) -> Result<Step, &'static str> {
        let CommitOutline { first_index, hashes, head } =
            CommitOutline::from_bytes(body).ok_or("the commit is not as the format says")?;
        if first_index != self.edge.size() {
            return Err("the commit does not continue the entries before it");
        }
        if self.newest.is_some_and(|newest| head.time < newest) {
            return Err("the head's time lies before that of the head before");
        }
        let mut tiles = Vec::new();
        for hash in &hashes {
            self.edge.push(hash, &mut tiles);
        }
        if self.edge.root() != head.root {
            return Err("the head's root is not that of the entries");
        }
        self.newest = Some(head.time);
        let count = u32::try_from(hashes.len()).unwrap_or(u32::MAX);
        Ok(Step { first_index, count, head, tiles })
    }
}

impl Step {
    /// Writes what is derived from this commit, where it is not there yet.
    pub fn derive(&self, derived: &Derived, log_number: u32, at: FrameAt) -> Result<(), JournalError> {
        derived.put_positions(self.first_index, self.count, Position { log_number, at })?;
        self.tiles.iter().try_for_each(|tile| derived.put_tile(tile))?;
        Ok(())
    }
}
