//! Sets of pieces as runs: how a gateway says which pieces of a document are durable. Knows no document.

use model::PieceIndex;

use crate::WireError;
use crate::codec::{Field, Reader, Writer};
use crate::field::piece_index;

/// Pieces of one document: runs that rise and do not touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runs(Vec<Run>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: u32,
    /// One past the last.
    end: u32,
}

impl Runs {
    /// No piece.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// The first `piece_count` pieces.
    pub fn all(piece_count: u32) -> Self {
        Self(if piece_count == 0 { Vec::new() } else { vec![Run { first: 0, end: piece_count }] })
    }

    /// Adds a piece; `false` if it was there.
    pub fn insert(&mut self, index: PieceIndex) -> bool {
        let Some(end) = index.0.checked_add(1) else { return false };
        let at = self.0.partition_point(|run| run.end < index.0);
        // The run at `at`, if any, is the first whose end is not before the piece.
        match self.0.get_mut(at) {
            Some(run) if run.first <= index.0 && index.0 < run.end => false,
            Some(run) if run.end == index.0 => {
                run.end = end;
                self.join(at);
                true
            }
            Some(run) if run.first == end => {
                run.first = index.0;
                true
            }
            _ => {
                self.0.insert(at, Run { first: index.0, end });
                true
            }
        }
    }

    /// Joins run `at` with the next, if they touch now.
    fn join(&mut self, at: usize) {
        let touching = match (self.0.get(at), self.0.get(at + 1)) {
            (Some(run), Some(next)) if run.end == next.first => Some(next.end),
            _ => None,
        };
        if let Some(end) = touching {
            self.0.remove(at + 1);
            if let Some(run) = self.0.get_mut(at) {
                run.end = end;
            }
        }
    }

    /// Whether the piece is there.
    pub fn contains(&self, index: PieceIndex) -> bool {
        let at = self.0.partition_point(|run| run.end <= index.0);
        self.0.get(at).is_some_and(|run| run.first <= index.0)
    }

    /// The first piece, from `from` on, that is not there.
    pub fn first_missing(&self, from: PieceIndex) -> PieceIndex {
        let at = self.0.partition_point(|run| run.end <= from.0);
        match self.0.get(at) {
            Some(run) if run.first <= from.0 => PieceIndex(run.end),
            _ => from,
        }
    }

    /// How many pieces are there.
    pub fn count(&self) -> u32 {
        self.0.iter().fold(0u32, |count, run| count.saturating_add(run.end - run.first))
    }

    /// How many pieces are there from the first on, without a gap.
    pub fn front(&self) -> u32 {
        self.first_missing(PieceIndex(0)).0
    }

    /// Whether all of the first `piece_count` pieces are there.
    pub fn is_whole(&self, piece_count: u32) -> bool {
        self.front() >= piece_count
    }

    /// One past the last piece; 0 if there is none.
    pub fn end(&self) -> u32 {
        self.0.last().map_or(0, |run| run.end)
    }

    /// The pieces, rising.
    pub fn iter(&self) -> impl Iterator<Item = PieceIndex> + '_ {
        self.0.iter().flat_map(|run| (run.first..run.end).map(PieceIndex))
    }

    /// The runs as (first, count), rising.
    pub fn pairs(&self) -> impl Iterator<Item = (PieceIndex, u32)> + '_ {
        self.0.iter().map(|run| (PieceIndex(run.first), run.end - run.first))
    }
}

impl FromIterator<PieceIndex> for Runs {
    fn from_iter<I: IntoIterator<Item = PieceIndex>>(pieces: I) -> Self {
        let mut runs = Self::none();
        for index in pieces {
            runs.insert(index);
        }
        runs
    }
}

impl Field for Runs {
    fn cddl() -> String {
        "runs".to_owned()
    }

    fn write(&self, out: &mut Writer) {
        out.array(self.0.len() * 2);
        for (first, count) in self.pairs() {
            out.uint(u64::from(first.0));
            out.uint(u64::from(count));
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let numbers = input.array(usize::MAX)?;
        if numbers % 2 != 0 {
            return Err(WireError::value("runs", "not in pairs"));
        }
        let mut runs: Vec<Run> = Vec::new();
        for _ in 0..numbers / 2 {
            let first = PieceIndex::read(input)?.0;
            let count = u32::read(input)?;
            let end =
                first.checked_add(count).ok_or(WireError::value("runs", "beyond the largest document"))?;
            if count == 0 || runs.last().is_some_and(|last| last.end >= first) {
                return Err(WireError::value("runs", "they do not rise apart"));
            }
            piece_index(u64::from(end - 1))?;
            runs.push(Run { first, end });
        }
        Ok(Self(runs))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    fn written(runs: &Runs) -> Vec<u8> {
        let mut out = Writer::new();
        runs.write(&mut out);
        out.into_bytes()
    }

    fn read(bytes: &[u8]) -> Result<Runs, WireError> {
        Runs::read(&mut Reader::checked(bytes)?)
    }

    #[test]
    fn runs_that_touch_overlap_or_fall_are_refused() {
        assert!(read(b"\x84\x00\x01\x02\x01").is_ok());
        for bytes in [
            &b"\x81\x00"[..],                                // not a pair
            b"\x82\x00\x00",                                 // an empty run
            b"\x84\x00\x01\x01\x01",                         // they touch
            b"\x84\x00\x03\x02\x01",                         // they overlap
            b"\x84\x05\x01\x00\x01",                         // they fall
            b"\x82\x00\x1a\x00\x10\x00\x01",                 // one piece too many
            b"\x82\x1a\x00\x0f\xff\xff\x1a\xff\xff\xff\xff", // beyond every document
        ] {
            assert!(read(bytes).is_err(), "{bytes:02x?}");
        }
        assert!(read(b"\x82\x00\x1a\x00\x10\x00\x00").is_ok());
    }

    proptest! {
        #[test]
        fn runs_are_a_set(pieces in proptest::collection::vec(0u32..40, 0..60), probe in 0u32..42) {
            let mut set = BTreeSet::new();
            let mut runs = Runs::none();
            for piece in pieces {
                prop_assert_eq!(runs.insert(PieceIndex(piece)), set.insert(piece));
            }
            prop_assert_eq!(runs.iter().map(|index| index.0).collect::<Vec<_>>(), set.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(runs.contains(PieceIndex(probe)), set.contains(&probe));
            prop_assert_eq!(runs.count() as usize, set.len());
            prop_assert_eq!(runs.end(), set.last().map_or(0, |last| last + 1));
            let missing = (probe..).find(|piece| !set.contains(piece)).unwrap();
            prop_assert_eq!(runs.first_missing(PieceIndex(probe)), PieceIndex(missing));
            prop_assert_eq!(read(&written(&runs)), Ok(runs));
        }
    }
}
