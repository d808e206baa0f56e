//! The frame: length, kind, body, check. Encodes, reads and checks one; knows no order of frames.
//!
//! ```text
//! offset   size  meaning
//! 0        4     n, length of the body, big-endian
//! 4        1     kind, 0 to 15; 0 only in the first frame of a file
//! 5        n     body
//! 5 + n    8     first 8 bytes of BLAKE3 of the 5 + n bytes before
//! ```

use super::{FrameAt, LogError};
use crate::disk::DiskFile;

/// A whole frame at most: 32 MiB.
pub const FRAME_BYTES_MAX: u32 = 32 * 1024 * 1024;
/// What a frame is longer than its body.
pub const FRAME_OVERHEAD_BYTES: u32 = HEADER_BYTES + CHECK_BYTES;
/// A body at most.
pub const BODY_BYTES_MAX: u32 = FRAME_BYTES_MAX - FRAME_OVERHEAD_BYTES;
/// The kind of a file's first frame, whose body is the format's name.
pub const KIND_FORMAT: u8 = 0;
/// The highest kind. So few, because every byte of a torn end is asked whether it begins a frame.
pub const KIND_MAX: u8 = 15;

pub(super) const HEADER_BYTES: u32 = 5;
const CHECK_BYTES: u32 = 8;

/// A header whose length and kind are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub body_bytes: u32,
    pub kind: u8,
}

impl Header {
    pub(super) fn parse(bytes: [u8; 5]) -> Option<Self> {
        let [a, b, c, d, kind] = bytes;
        let body_bytes = u32::from_be_bytes([a, b, c, d]);
        (body_bytes <= BODY_BYTES_MAX && kind <= KIND_MAX).then_some(Self { body_bytes, kind })
    }

    pub(super) const fn frame_bytes(self) -> u32 {
        self.body_bytes.saturating_add(FRAME_OVERHEAD_BYTES)
    }
}

/// Makes a frame that begins at `offset`, in place of what `out` held.
pub(super) fn encode(offset: u64, kind: u8, body: &[u8], out: &mut Vec<u8>) -> Result<FrameAt, LogError> {
    if kind > KIND_MAX {
        return Err(LogError::WrongKind { kind });
    }
    let too_long = || LogError::TooLong { bytes: u64::try_from(body.len()).unwrap_or(u64::MAX) };
    let body_bytes = u32::try_from(body.len()).map_err(|_| too_long())?;
    if body_bytes > BODY_BYTES_MAX {
        return Err(too_long());
    }
    let header = Header { body_bytes, kind };
    out.clear();
    out.reserve_exact(as_usize(header.frame_bytes()));
    out.extend_from_slice(&body_bytes.to_be_bytes());
    out.push(kind);
    out.extend_from_slice(body);
    let check = check_of(blake3::hash(out));
    out.extend_from_slice(&check);
    Ok(FrameAt { offset, bytes: header.frame_bytes() })
}

/// Splits a frame if it is whole.
pub(super) fn decode(frame: &[u8]) -> Option<(u8, &[u8])> {
    let (header, _) = frame.split_first_chunk::<5>()?;
    let (checked, check) = frame.split_last_chunk::<8>()?;
    let header = Header::parse(*header)?;
    let body = checked.get(as_usize(HEADER_BYTES)..)?;
    let whole = body.len() == as_usize(header.body_bytes) && check_of(blake3::hash(checked)) == *check;
    whole.then_some((header.kind, body))
}

/// Reads the frame at a place that is known, and checks it.
pub(super) fn read(file: &DiskFile, at: FrameAt) -> Result<(u8, Vec<u8>), LogError> {
    let damaged = || LogError::Damaged { path: file.path().to_owned(), offset: at.offset };
    let mut frame = Vec::new();
    if at.bytes > FRAME_BYTES_MAX || at.end() > file.len()? || !fill(file, at, &mut frame)? {
        return Err(damaged());
    }
    let (kind, body) = decode(&frame).ok_or_else(damaged)?;
    let body_bytes = body.len();
    // In place: the body moves to the front of what was read.
    frame.copy_within(as_usize(HEADER_BYTES)..as_usize(HEADER_BYTES).saturating_add(body_bytes), 0);
    frame.truncate(body_bytes);
    Ok((kind, frame))
}

/// Fills `out` with the bytes at a place; false if the file ends before.
pub(super) fn fill(file: &DiskFile, at: FrameAt, out: &mut Vec<u8>) -> Result<bool, LogError> {
    out.clear();
    out.resize(as_usize(at.bytes), 0);
    match file.read_exact_at(at.offset, out) {
        Ok(()) => Ok(true),
        Err(crate::disk::DiskError::Short { .. }) => Ok(false),
        Err(fault) => Err(fault.into()),
    }
}

/// Whether the bytes at a place are a whole frame, without holding them in memory.
pub(super) fn is_whole_at(file: &DiskFile, at: FrameAt, buffer: &mut [u8]) -> Result<bool, LogError> {
    let mut hash = blake3::Hasher::new();
    let mut offset = at.offset;
    let check_at = at.end().saturating_sub(u64::from(CHECK_BYTES));
    while offset < check_at {
        let rest = usize::try_from(check_at.saturating_sub(offset)).unwrap_or(usize::MAX);
        let limit = rest.min(buffer.len());
        let part = buffer.get_mut(..limit).unwrap_or_default();
        file.read_exact_at(offset, part)?;
        hash.update(part);
        offset = offset.saturating_add(u64::try_from(limit).unwrap_or(u64::MAX));
    }
    let mut check = [0; 8];
    file.read_exact_at(check_at, &mut check)?;
    Ok(check_of(hash.finalize()) == check)
}

fn check_of(hash: blake3::Hash) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    [a, b, c, d, e, f, g, h]
}

/// A frame's length always fits: 32 MiB.
pub(super) fn as_usize(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
