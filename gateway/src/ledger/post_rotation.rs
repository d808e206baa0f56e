//! Posting of rotations: how far each is, and what it is being brought to.

use certs::rotation::{Kind, Phase};
use receipts::event;

use super::post::{Draft, PostError, Posting};
use super::rows::{self, key};

impl Draft<'_> {
    pub(super) fn rotation_planned(
        &mut self,
        posting: &Posting<'_>,
        planned: &event::RotationPlanned,
    ) -> Result<(), PostError> {
        let entry = posting.entry;
        let dangling = |what| PostError::Dangling { entry, what };
        let kind = Kind::parse(planned.kind.as_str()).ok_or(dangling("kind of key"))?;
        let to = Phase::parse(planned.to.as_str()).ok_or(dangling("phase"))?;
        let at = key::rotation(&planned.rotation);
        let before: Option<rows::Rotation> = self.get(&at)?;
        let row = rows::Rotation {
            id: planned.rotation.into(),
            kind: kind.code(),
            phase: before.as_ref().and_then(|row| row.phase),
            planned: Some(to.code()),
            planned_at_ms: posting.time.unix_ms(),
            since_ms: before.as_ref().map_or(posting.time.unix_ms(), |row| row.since_ms),
            by: planned.by.word(),
            entry: before.as_ref().map_or(entry, |row| row.entry),
            cut_off: planned.cut_off,
            told_ms: before.and_then(|row| row.told_ms),
        };
        self.put(at, &row);
        Ok(())
    }

    pub(super) fn rotation_done(
        &mut self,
        posting: &Posting<'_>,
        done: &event::RotationDone,
    ) -> Result<(), PostError> {
        let entry = posting.entry;
        let to = Phase::parse(done.to.as_str()).ok_or(PostError::Dangling { entry, what: "phase" })?;
        let at = key::rotation(&done.rotation);
        let row: rows::Rotation = self.need(&at, entry, "rotation")?;
        let since_ms = posting.time.unix_ms();
        let is_told = matches!(to, Phase::Distributed | Phase::Switched | Phase::Retired);
        let told_ms = row.told_ms.or_else(|| is_told.then_some(since_ms));
        self.put(at, &rows::Rotation { phase: Some(to.code()), planned: None, since_ms, told_ms, ..row });
        Ok(())
    }
}
