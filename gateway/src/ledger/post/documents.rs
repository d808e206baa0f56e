//! Posting what was accepted, taken and handed over.

use std::collections::HashMap;

use model::{BookId, Sha256Digest};
use receipts::event;
use receipts::{SubmissionList, TakeList};

use super::{DocumentAt, Draft, Places, PostError, Posting};
use crate::ledger::rows::{self, key};

impl Draft<'_> {
    pub(super) fn acceptance(
        &mut self,
        posting: &Posting<'_>,
        acceptance: &event::SubmissionAcceptance,
        places: &dyn Places,
    ) -> Result<(), PostError> {
        let entry = posting.entry;
        if posting.before != Some(acceptance.refers_to) || entry == 0 {
            return Err(PostError::Dangling { entry, what: "origin" });
        }
        let list = posting.list.and_then(|list| SubmissionList::parse(list.to_vec()).ok());
        let list = list.ok_or(PostError::List { entry })?;
        let (person, submission) = (acceptance.sender.person, acceptance.submission);
        let row = rows::Submission {
            submission: (*submission.as_bytes()).into(),
            person: (*person.as_bytes()).into(),
            book: (*acceptance.book.as_bytes()).into(),
            period: acceptance.period.code(),
            origin_entry: entry - 1,
            acceptance_entry: entry,
            accepted_at_ms: posting.time.unix_ms(),
            lines: acceptance.documents.count,
        };
        self.put(key::submission(submission, person), &row);
        let accepted = rows::Accepted { submission: row.submission, person: row.person };
        self.put(key::accepted(acceptance.book, entry), &accepted);
        for line in list.lines().iter().filter(|line| line.held.is_none()) {
            let at = DocumentAt { person, submission, n: line.n, class: line.class };
            let position = places.position(&at)?;
            let state = match position {
                Some(_) => rows::DocumentState::Stored,
                None => rows::DocumentState::Locked,
            };
            let document = rows::Document {
                person: row.person,
                submission: row.submission,
                n: line.n,
                acceptance_entry: entry,
                kind: line.kind.as_str().to_owned(),
                class: line.class.code(),
                state: state as u8,
                position: position.map(Into::into),
            };
            self.put(key::document(acceptance.book, acceptance.period, entry, line.n), &document);
            let index = places.duplicate_index(acceptance.book, &line.blake3, line.size)?;
            let at = key::duplicate(acceptance.book, acceptance.period, line.kind, line.class, &index);
            // The first that was accepted stays the original.
            if self.get::<rows::Duplicate>(&at)?.is_none() {
                let original = rows::Duplicate {
                    person: row.person,
                    submission: row.submission,
                    n: line.n,
                    acceptance_entry: entry,
                };
                self.put(at, &original);
            }
        }
        Ok(())
    }

    pub(super) fn take(
        &mut self,
        posting: &Posting<'_>,
        take: &event::ConsignmentAcceptance,
    ) -> Result<(), PostError> {
        let entry = posting.entry;
        let device: rows::Device = self.need(&key::device(take.recipient.device), entry, "device")?;
        let list = posting.list.and_then(|list| TakeList::parse(list.to_vec()).ok());
        let list = list.ok_or(PostError::List { entry })?;
        let row = rows::Take {
            person: device.person,
            device: (*take.recipient.device.as_bytes()).into(),
            book: (*take.book.as_bytes()).into(),
            entry,
            taken_at_ms: posting.time.unix_ms(),
            failure_said: false,
            take: (*posting.hash.as_bytes()).into(),
        };
        self.put(key::take(&posting.hash), &row);
        let mut known = HashMap::new();
        for line in list.lines() {
            let accepted = self.acceptance_of(&mut known, take.book, line.document.submission, entry)?;
            let fetch = rows::Fetch {
                person: device.person,
                taken_at_ms: posting.time.unix_ms(),
                fetched_at_ms: None,
                take_entry: entry,
                handover_entry: None,
            };
            self.put(key::fetch(accepted, line.document.n, entry), &fetch);
        }
        Ok(())
    }

    pub(super) fn handover(&mut self, posting: &Posting<'_>, take: &Sha256Digest) -> Result<(), PostError> {
        let entry = posting.entry;
        let row: rows::Take = self.need(&key::take(take), entry, "take")?;
        let list = posting.list.and_then(|list| TakeList::parse(list.to_vec()).ok());
        let list = list.ok_or(PostError::List { entry })?;
        let book = BookId::from_bytes(row.book.into());
        let mut known = HashMap::new();
        for line in list.lines() {
            let accepted = self.acceptance_of(&mut known, book, line.document.submission, entry)?;
            let at = key::fetch(accepted, line.document.n, row.entry);
            let mut fetch: rows::Fetch = self.need(&at, entry, "line of its take")?;
            if fetch.handover_entry.is_none() {
                fetch.fetched_at_ms = Some(posting.time.unix_ms());
                fetch.handover_entry = Some(entry);
            }
            self.put(at, &fetch);
        }
        let handover = rows::Handover { statement: (*posting.hash.as_bytes()).into(), entry };
        self.put(key::handover(take, entry), &handover);
        Ok(())
    }
}
