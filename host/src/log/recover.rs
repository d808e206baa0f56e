//! Recovery of a log: reads all, tells a torn end from damage, cuts the one and names the other.
//!
//! ```text
//! at the first frame that is not whole, at offset o of a file of L bytes:
//!   o = 0                              damage   a log is made with its format frame or not at all
//!   L - o > one frame                  damage   one append can not have left so much
//!   a whole frame begins after o       damage   that one was written after ours was durable
//!   o < floor                          damage   it was acknowledged
//!   else                               torn     cut at o
//! no such frame, but L < floor         damage   its end is gone
//! ```

use super::frame::{self, FRAME_BYTES_MAX, FRAME_OVERHEAD_BYTES, HEADER_BYTES, Header, KIND_FORMAT};
use super::{Frame, FrameAt, LogError, Recovered};
use crate::disk::DiskFile;

/// How far a scan for headers reads at once.
const WINDOW_BYTES: usize = 256 * 1024;

/// The scan asks for short frames first: most are, and the answer is often the next one.
const PASSES_FRAME_BYTES_MAX: [u32; 3] = [64 * 1024, 1024 * 1024, FRAME_BYTES_MAX];

pub(super) fn recover(
    file: &DiskFile,
    format: &'static str,
    floor_bytes: u64,
    each: &mut dyn FnMut(Frame<'_>) -> Result<(), LogError>,
) -> Result<Recovered, LogError> {
    let (found, last) = survey(file, format, floor_bytes, each)?;
    write_again(file, last, found.cut_bytes)?;
    Ok(found)
}

/// The reading and the judging of it; changes nothing. The last whole frame is beside what was found.
pub(super) fn survey(
    file: &DiskFile,
    format: &'static str,
    floor_bytes: u64,
    each: &mut dyn FnMut(Frame<'_>) -> Result<(), LogError>,
) -> Result<(Recovered, FrameAt), LogError> {
    let found_bytes = file.len()?;
    let damaged = |offset| LogError::Damaged { path: file.path().to_owned(), offset };
    let mut ahead = Ahead { file, found_bytes, start: 0, window: Vec::new() };
    let (mut end, mut frames): (u64, u64) = (0, 0);
    let mut last: Option<FrameAt> = None;
    while let Some(frame) = ahead.whole_frame(frames, end)? {
        match (frames, frame.kind) {
            (0, KIND_FORMAT) if frame.body == format.as_bytes() => {}
            (0, _) => return Err(LogError::WrongFormat { path: file.path().to_owned(), wanted: format }),
            (_, KIND_FORMAT) => return Err(damaged(end)),
            _ => each(frame)?,
        }
        last = Some(frame.at);
        end = frame.at.end();
        frames = frames.saturating_add(1);
    }
    let Some(last) = last else { return Err(damaged(0)) };
    let cut_bytes = found_bytes.saturating_sub(end);
    if end < floor_bytes || (cut_bytes > 0 && !is_torn(file, end, found_bytes)?) {
        return Err(damaged(end));
    }
    Ok((Recovered { frames, end, cut_bytes }, last))
}

/// Reads a file from front to back in large steps; holds a window, or one frame where that is longer.
struct Ahead<'a> {
    file: &'a DiskFile,
    found_bytes: u64,
    start: u64,
    window: Vec<u8>,
}

impl Ahead<'_> {
    /// The frame that begins at `offset`; `None` if no whole one does.
    fn whole_frame(&mut self, number: u64, offset: u64) -> Result<Option<Frame<'_>>, LogError> {
        let Some(header) = self.bytes(offset, HEADER_BYTES)?.first_chunk::<5>() else { return Ok(None) };
        let Some(header) = Header::parse(*header) else { return Ok(None) };
        let at = FrameAt { offset, bytes: header.frame_bytes() };
        let frame = frame::decode(self.bytes(offset, at.bytes)?);
        Ok(frame.map(|(kind, body)| Frame { number, at, kind, body }))
    }

    /// `count` bytes from `offset` on; none if the file ends before. Bounded by the file before it is allocated.
    fn bytes(&mut self, offset: u64, count: u32) -> Result<&[u8], LogError> {
        let rest = self.found_bytes.saturating_sub(offset);
        if u64::from(count) > rest {
            return Ok(&[]);
        }
        let count = frame::as_usize(count);
        let held = self.held(offset, count);
        if held.is_empty() {
            let wanted = count.max(WINDOW_BYTES).min(usize::try_from(rest).unwrap_or(usize::MAX));
            self.window.resize(wanted, 0);
            self.file.read_exact_at(offset, &mut self.window)?;
            self.start = offset;
        }
        Ok(self.held(offset, count))
    }

    fn held(&self, offset: u64, count: usize) -> &[u8] {
        let from = offset.checked_sub(self.start).and_then(|from| usize::try_from(from).ok());
        from.and_then(|from| self.window.get(from..from.checked_add(count)?)).unwrap_or_default()
    }
}

/// Whether what is not whole from `offset` on is what one append can have left: no whole frame after it.
fn is_torn(file: &DiskFile, offset: u64, found_bytes: u64) -> Result<bool, LogError> {
    if found_bytes.saturating_sub(offset) > u64::from(FRAME_BYTES_MAX) {
        return Ok(false);
    }
    let mut above: u32 = 0;
    for pass_max in PASSES_FRAME_BYTES_MAX {
        if frame_follows(file, offset.saturating_add(1), found_bytes, above, pass_max)? {
            return Ok(false);
        }
        above = pass_max;
    }
    Ok(true)
}

/// Whether a whole frame of more than `above` and at most `pass_max` bytes begins anywhere from `first` on.
fn frame_follows(
    file: &DiskFile,
    first: u64,
    found_bytes: u64,
    above: u32,
    pass_max: u32,
) -> Result<bool, LogError> {
    let mut window = vec![0; WINDOW_BYTES];
    let mut buffer = vec![0; WINDOW_BYTES];
    let mut start = first;
    while found_bytes.saturating_sub(start) >= u64::from(FRAME_OVERHEAD_BYTES) {
        let rest = usize::try_from(found_bytes.saturating_sub(start)).unwrap_or(usize::MAX);
        let seen = window.get_mut(..rest.min(WINDOW_BYTES)).unwrap_or_default();
        file.read_exact_at(start, seen)?;
        let mut offset = start;
        for header in seen.array_windows::<5>() {
            if let Some(header) = Header::parse(*header) {
                let at = FrameAt { offset, bytes: header.frame_bytes() };
                let asked = at.bytes > above && at.bytes <= pass_max && at.end() <= found_bytes;
                if asked && frame::is_whole_at(file, at, &mut buffer)? {
                    return Ok(true);
                }
            }
            offset = offset.saturating_add(1);
        }
        // The next window begins where no header was seen whole yet.
        let headers = seen.len().saturating_sub(frame::as_usize(HEADER_BYTES)).saturating_add(1);
        start = start.saturating_add(u64::try_from(headers).unwrap_or(u64::MAX));
    }
    Ok(false)
}

/// Cuts the torn end, writes the last whole frame again at its own place, syncs once for both (L4).
fn write_again(file: &DiskFile, last: FrameAt, cut_bytes: u64) -> Result<(), LogError> {
    let mut buffer = Vec::new();
    if !frame::fill(file, last, &mut buffer)? || frame::decode(&buffer).is_none() {
        return Err(LogError::Damaged { path: file.path().to_owned(), offset: last.offset });
    }
    if cut_bytes > 0 {
        file.set_len(last.end())?;
    }
    file.write_all_at(last.offset, &buffer)?;
    file.sync().map(|_proof| ()).map_err(Into::into)
}
