//! A log: an append-only file of checked frames, torn ends cut, damage named. Knows nothing of what frames say.
//!
//! The frame and the rules of recovery are in `format.md`. Invariants:
//! - L1 One append is one write and one sync; the next starts only after that sync has returned.
//! - L2 After an error the log takes no more appends: what its end looks like is for recovery to say.
//! - L3 Only a torn end is cut, and never below the caller's floor. Everything else is damage and stays.
//! - L4 Recovery writes the last whole frame again and syncs, the folder too, before it returns: that frame and
//!   name can be read does not say that they are on the disk.

mod frame;
mod recover;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{self, Disk, DiskError, DiskFile, How};
use crate::durable::Durable;

pub use frame::{BODY_BYTES_MAX, FRAME_BYTES_MAX, FRAME_OVERHEAD_BYTES, KIND_FORMAT, KIND_MAX};

/// An append-only file of checked frames. One writer.
#[derive(Debug)]
pub struct Log {
    file: Arc<DiskFile>,
    end: u64,
    frames: u64,
    state: State,
    /// Kept between appends for its capacity only.
    buffer: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Broken,
}

/// Reads frames of a [`Log`], from any thread, while the one writer goes on.
#[derive(Clone, Debug)]
pub struct LogReader {
    file: Arc<DiskFile>,
}

/// One frame as recovery reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its number in the file; the format frame is 0, so content begins with 1.
    pub number: u64,
    /// Where it lies.
    pub at: FrameAt,
    /// Its kind, 1 to [`KIND_MAX`].
    pub kind: u8,
    /// What it says.
    pub body: &'a [u8],
}

/// Where a frame lies in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameAt {
    /// Offset of its first byte.
    pub offset: u64,
    /// Length of the whole frame.
    pub bytes: u32,
}

impl FrameAt {
    /// One past its last byte.
    pub const fn end(self) -> u64 {
        self.offset.saturating_add(self.bytes as u64)
    }
}

/// What recovery found, or would find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Frames, the format frame included.
    pub frames: u64,
    /// Length of the file now.
    pub end: u64,
    /// Bytes of a torn frame that were cut, or would be; 0 after a clean stop.
    pub cut_bytes: u64,
}

/// Why a log did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// An append failed before; the log is to be recovered.
    #[error("{path} takes no more appends: one has failed", path = path.display())]
    Broken {
        /// The log.
        path: PathBuf,
    },
    /// A frame is not whole, and it is not a torn end. Nothing was changed.
    #[error("{path} is damaged at byte {offset}", path = path.display())]
    Damaged {
        /// The log.
        path: PathBuf,
        /// The first byte of what should be a whole frame.
        offset: u64,
    },
    /// The disk did not do it.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Whoever reads the frames refuses one that is whole: its body is not what the format says.
    #[error("the frame at byte {offset} is refused: {why}")]
    Refused {
        /// The frame's first byte.
        offset: u64,
        /// What is wrong, as a constant sentence.
        why: &'static str,
    },
    /// The body is longer than [`BODY_BYTES_MAX`]; nothing was written.
    #[error("a body of {bytes} bytes does not fit a frame")]
    TooLong {
        /// Its length.
        bytes: u64,
    },
    /// A kind outside 1 to [`KIND_MAX`]; nothing was written.
    #[error("{kind} is not a kind of content")]
    WrongKind {
        /// The kind.
        kind: u8,
    },
    /// A whole log, but of another format or version.
    #[error("{path} is not a \"{wanted}\"", path = path.display())]
    WrongFormat {
        /// The log.
        path: PathBuf,
        /// The format that was asked for.
        wanted: &'static str,
    },
}

impl Frame<'_> {
    /// Refuses a frame whose body is not what its format says.
    pub const fn refuse(&self, why: &'static str) -> LogError {
        LogError::Refused { offset: self.at.offset, why }
    }
}

impl Log {
    /// Makes a log with its format frame, durable with its name when this returns. There is never a log without
    /// a whole format frame: the file is made under a temporary name.
    ///
    /// Errors: [`DiskError::Exists`] if something has that name.
    pub fn create(disk: &Disk, path: &Path, format: &'static str) -> Result<Self, LogError> {
        let mut buffer = Vec::new();
        let at = frame::encode(0, KIND_FORMAT, format.as_bytes(), &mut buffer)?;
        let _proof = disk.create_whole(path, &buffer)?;
        let file = Arc::new(disk.open(path, How::ReadWrite)?);
        Ok(Self { file, end: at.end(), frames: 1, state: State::Open, buffer })
    }

    /// Opens a log after any stop: reads every frame in order, one in memory at a time, and gives each content
    /// frame to `each`; cuts a torn end; writes the last whole frame again; syncs.
    ///
    /// The log is never cut below `floor_bytes`, and a log that ends below it is damaged: the caller knows from
    /// elsewhere that so much was acknowledged. What `each` was given can be relied on only after this returned.
    ///
    /// Errors: [`LogError::Damaged`], [`LogError::WrongFormat`], what `each` returns; the file is unchanged then.
    pub fn recover(
        disk: &Disk,
        path: &Path,
        format: &'static str,
        floor_bytes: u64,
        each: &mut dyn FnMut(Frame<'_>) -> Result<(), LogError>,
    ) -> Result<(Self, Recovered), LogError> {
        let file = disk.open(path, How::ReadWrite)?;
        let recovered = recover::recover(&file, format, floor_bytes, each)?;
        let _proof = disk.sync_folder(disk::parent(path))?;
        let Recovered { frames, end, .. } = recovered;
        let log = Self { file: Arc::new(file), end, frames, state: State::Open, buffer: Vec::new() };
        Ok((log, recovered))
    }

    /// Reads a log as [`Log::recover`] does and says what that would find and cut, but changes nothing: for whoever
    /// learns only from the frames themselves, and from elsewhere, below which floor nothing may be cut.
    ///
    /// Nothing that `each` was given is sure to be on the disk before the log has been recovered.
    ///
    /// Errors: as [`Log::recover`].
    pub fn survey(
        disk: &Disk,
        path: &Path,
        format: &'static str,
        each: &mut dyn FnMut(Frame<'_>) -> Result<(), LogError>,
    ) -> Result<Recovered, LogError> {
        let file = disk.open(path, How::Read)?;
        Ok(recover::survey(&file, format, 0, each)?.0)
    }

    /// Appends one frame and makes it durable: one write, one sync.
    ///
    /// Errors: [`LogError::TooLong`] and [`LogError::WrongKind`] leave the log as it was; after any other it
    /// answers [`LogError::Broken`] until it is recovered. Whether the frame is then in it is open.
    pub fn append(&mut self, kind: u8, body: &[u8]) -> Result<Durable<FrameAt>, LogError> {
        if self.is_broken() {
            return Err(LogError::Broken { path: self.file.path().to_owned() });
        }
        if kind == KIND_FORMAT {
            return Err(LogError::WrongKind { kind });
        }
        let at = frame::encode(self.end, kind, body, &mut self.buffer)?;
        self.state = State::Broken; // L2, until the sync has returned
        self.file.write_all_at(at.offset, &self.buffer)?;
        let proof = self.file.sync()?;
        self.state = State::Open;
        self.end = at.end();
        self.frames = self.frames.saturating_add(1);
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_BYTES_KEPT);
        Ok(proof.map(|()| at))
    }

    /// Whether an append has failed: what the log holds is for recovery to say.
    pub fn is_broken(&self) -> bool {
        self.state == State::Broken
    }

    /// Reads one frame back, checked: its kind and its body.
    ///
    /// Errors: [`LogError::Damaged`] if no whole frame of that length lies there.
    pub fn read(&self, at: FrameAt) -> Result<(u8, Vec<u8>), LogError> {
        frame::read(&self.file, at)
    }

    /// A reader beside the writer.
    pub fn reader(&self) -> LogReader {
        LogReader { file: Arc::clone(&self.file) }
    }

    /// Length of the file in bytes, up to the last frame whose append has returned.
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// How many frames there are, the format frame included; so it is the number that the next one gets.
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        self.file.path()
    }
}

impl LogReader {
    /// Opens a log for reading only, without recovery. Its end may be torn: only frames whose place is known from
    /// elsewhere are read.
    pub fn open(disk: &Disk, path: &Path) -> Result<Self, LogError> {
        Ok(Self { file: Arc::new(disk.open(path, How::Read)?) })
    }

    /// Reads one frame, checked: its kind and its body.
    ///
    /// Errors: [`LogError::Damaged`] if no whole frame of that length lies there.
    pub fn read(&self, at: FrameAt) -> Result<(u8, Vec<u8>), LogError> {
        frame::read(&self.file, at)
    }
}

/// Most frames are smaller; a rare large one does not stay in memory.
const BUFFER_BYTES_KEPT: usize = 256 * 1024;

#[cfg(test)]
mod tests;
