//! Fetching: list, sign, fetch, report. A take that an earlier run left is gone on with before anything new is signed.
//!
//! ```text
//! listing   what there is            take      what was signed, and how far it is     landing   where it comes to lie
//! resume    what is here already     download  pieces over several streams            part      a document under way
//! ```

mod asking;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use console::event::{self, FileState};
use console::{Arg, Console, Event, Failure, Phase, Progress, Total, args, failure};
use model::{BookId, Sha256Digest, limits, piece};
use protocol::message::State;
use protocol::record::ListingRow;
use receipts::list::DocumentRef;

use self::asking::Shown;
use crate::device::DeviceSigner;
use crate::download::{By, Download, Ended, Failed, Setup};
use crate::factor::Codes;
use crate::landing::{Chooser, Ground};
use crate::link::Link;
use crate::listing::{self, Filter};
use crate::practice::Practice;
use crate::resume::{Found, Front, found};
use crate::take::{Fetched, OpenTakes, Take, TakeState, TakeStore, Taken};
use crate::trouble::Told;

/// Times that a take is signed anew because the gateway names documents that it can not give.
const SIGNINGS_MAX: u32 = 8;

/// What is to be fetched.
pub struct Order {
    /// The practice, held for fetching by the caller.
    pub practice: Practice,
    /// What this device signs with.
    pub signer: Arc<DeviceSigner>,
    /// Which documents.
    pub filter: Filter,
    /// The books by name, for the folders.
    pub books: Vec<(BookId, String)>,
    /// The folder that they go to.
    pub to: PathBuf,
    /// Where codes of the second factor come from, should one be needed.
    pub codes: Codes,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Brought {
    /// Documents that were saved now.
    pub fetched: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Documents that were fetched before and are still there.
    pub skipped: u64,
    /// Documents that did not come; each was named.
    pub failed: u64,
    /// Bytes that an earlier run had brought already.
    pub bytes_before: u64,
    /// Takes that went on from an earlier run.
    pub resumed: u64,
    /// The handovers that the gateway committed now.
    pub handovers: Vec<Sha256Digest>,
    /// The takes, signed now or before.
    pub takes: Vec<Sha256Digest>,
    /// The folder, a real path.
    pub folder: PathBuf,
}

/// Fetches everything that the order names.
///
/// # Errors
/// What stopped it; what is durable stays, and the same order goes on with it.
pub async fn fetch(order: Order, link: &mut Link, console: &Console) -> Told<Brought> {
    let Order { practice, signer, filter, books, to, codes } = order;
    let ground = tokio::task::block_in_place(|| Ground::prepare(practice.disk(), &to))?;
    let store = TakeStore::new(practice.disk().clone(), practice.takes()?);
    store.sweep()?;
    let brought = Brought { folder: ground.to().to_path_buf(), ..Brought::default() };
    let mut fetching = Fetching {
        practice,
        signer,
        ground,
        store,
        codes,
        console: console.clone(),
        progress: None,
        brought,
    };
    let ended = fetching.run(link, &filter, &books).await;
    if let Some(progress) = &fetching.progress {
        progress.finish();
    }
    ended.map(|()| fetching.brought)
}

struct Fetching {
    practice: Practice,
    signer: Arc<DeviceSigner>,
    ground: Ground,
    store: TakeStore,
    codes: Codes,
    console: Console,
    progress: Option<Progress>,
    brought: Brought,
}

impl Fetching {
    async fn run(&mut self, link: &mut Link, filter: &Filter, books: &[(BookId, String)]) -> Told<()> {
        let rows = listing::rows(link, filter).await?;
        let OpenTakes { takes: open, unreadable } = self.store.open()?;
        for path in unreadable {
            self.console.warn(&failure::home_unusable(path, Arg::Message("cause-damaged")));
        }
        self.forget_expired(&open)?;
        let before = self.store.fetched(&open)?;
        let is_meant =
            |take: &Take| take.to == self.ground.to() && filter.book.is_none_or(|book| book == take.book);
        let open: Vec<(Take, TakeState)> = open.into_iter().filter(|(take, _)| is_meant(take)).collect();
        let Sorted { new, skipped, refused } = self.sort(rows, &open, &before, books);
        self.announce(&open, &new);
        self.brought.skipped = u64::try_from(skipped.len()).unwrap_or(u64::MAX);
        for (row, path) in &skipped {
            self.tell_row(row, FileState::Skipped, Some(path));
        }
        for (row, failure) in &refused {
            self.tell_failed_row(row, failure);
        }
        for (take, state) in open {
            self.brought.resumed = self.brought.resumed.saturating_add(1);
            let left = self.bring(link, take, state).await?;
            self.sign_and_bring(link, left).await?;
        }
        for (book, documents) in new {
            let mut documents = documents;
            while !documents.is_empty() {
                let rest = documents.split_off(documents.len().min(limits::SUBMISSION_DOCUMENTS_MAX));
                self.sign_and_bring(link, Left { book, documents }).await?;
                documents = rest;
            }
        }
        Ok(())
    }

    /// Takes for other folders that release nothing any more, and of which the gateway knows all that was saved.
    fn forget_expired(&self, open: &[(Take, TakeState)]) -> Told<()> {
        let is_over =
            |take: &Take| take.signed_at.plus_seconds(2 * limits::TAKE_SECONDS_MAX) < self.practice.now();
        for (take, state) in open.iter().filter(|(take, _)| take.to != self.ground.to() && is_over(take)) {
            if state.unreported().is_empty() {
                self.end(take, state, |_| false)?;
            }
        }
        Ok(())
    }

    /// What must be signed for, what is here, and what can not be had; without what is under way.
    fn sort(
        &self,
        rows: Vec<ListingRow>,
        open: &[(Take, TakeState)],
        before: &Fetched,
        books: &[(BookId, String)],
    ) -> Sorted {
        let mut sorted = Sorted::default();
        let under_way = || open.iter().flat_map(|(take, _)| take.documents.values());
        let reserved: HashSet<PathBuf> = under_way().map(|taken| taken.path.clone()).collect();
        let under_way: HashSet<DocumentRef> = under_way().map(|taken| taken.document).collect();
        let mut chooser = Chooser::new(&self.ground, books, reserved);
        for row in rows {
            let document = DocumentRef { submission: row.submission, n: row.n.0 };
            if under_way.contains(&document) {
                continue;
            }
            if let Some(path) = before.below(document, row.sha256, self.ground.to()) {
                sorted.skipped.push((row, path.to_path_buf()));
                continue;
            }
            let name = match (row.state, &row.name) {
                (State::Frozen, _) => Err(failure::document_frozen()),
                (State::Gone, _) => Err(failure::document_gone()),
                (State::Locked, _) | (_, None) => Err(failure::class_locked()),
                (_, Some(name)) => Ok(name.clone()),
            };
            match name {
                Ok(name) => {
                    let path = chooser.path(row.book, row.period, row.kind, &name);
                    let ListingRow { length, sha256, blake3, .. } = row;
                    let taken = Taken { document, name, length, sha256, blake3, path };
                    sorted.new.entry(row.book).or_default().push(taken);
                }
                Err(failure) => sorted.refused.push((row, failure)),
            }
        }
        sorted
    }

    fn announce(&mut self, open: &[(Take, TakeState)], new: &BTreeMap<BookId, Vec<Taken>>) {
        let left = |(take, state): &(Take, TakeState)| {
            let left = take
                .documents
                .iter()
                .filter(|(n, _)| !state.saved.contains_key(n))
                .map(|(_, taken)| taken.length);
            left.collect::<Vec<_>>()
        };
        let lengths = open.iter().flat_map(left).chain(new.values().flatten().map(|taken| taken.length));
        let (documents, bytes) = lengths
            .fold((0u64, 0u64), |(count, sum), length| (count.saturating_add(1), sum.saturating_add(length)));
        self.console.emit(&Event::Start(event::Start {
            command: "fetch".to_owned(),
            practice: Some(self.practice.about().name.clone()),
            resumed: Some(!open.is_empty()),
            documents,
            bytes,
            ..event::Start::default()
        }));
        if documents > 0 {
            self.console.say("fetch-begin", args![documents, bytes = console::Arg::Bytes(bytes)]);
        }
    }

    /// Signs for documents of one book and brings them; again without those that the gateway can not give.
    async fn sign_and_bring(&mut self, link: &mut Link, left: Left) -> Told<()> {
        let Left { book, mut documents } = left;
        for _ in 0..SIGNINGS_MAX {
            if documents.is_empty() {
                return Ok(());
            }
            let (practice, to) = (&self.practice, self.ground.to());
            let take = Take::sign(practice, &*self.signer, book, to, documents)?;
            // From here on it is this very take, whatever happens.
            self.store.store(&take)?;
            documents = self.bring(link, take, TakeState::default()).await?.documents;
        }
        match documents.is_empty() {
            true => Ok(()),
            false => Err(failure::take_refused()),
        }
    }

    /// Brings a take as far as it goes now. What is left of it must be signed for anew.
    async fn bring(&mut self, link: &mut Link, take: Take, state: TakeState) -> Told<Left> {
        let shown = self.show(link, &take).await?;
        if matches!(shown, Shown::Stands) && !self.brought.takes.contains(&take.hash) {
            self.brought.takes.push(take.hash);
            let documents = take.documents.len();
            self.console.say("fetch-signed", args![documents]);
        }
        let mut over = if matches!(shown, Shown::Stands) { Over::No } else { Over::Yes };
        if let Shown::Without(refused) = shown {
            for (n, failure) in &refused {
                self.tell_failed(&take, *n, failure);
            }
            return self.end(&take, &state, |n| !refused.contains_key(n));
        }
        let saved_before = state.saved.clone();
        let (state, fronts) = self.look(&take, state)?;
        let download = self.download(link, &take, state, fronts);
        if over == Over::No {
            over = self.download_all(link, &download).await?;
        }
        let (mut refused, mut waits) = (HashSet::new(), false);
        for (n, Failed { failure, by }) in download.failed() {
            self.tell_failed(&take, n, &failure);
            match by {
                By::Gateway => drop(refused.insert(n)),
                By::Here => waits = true,
            }
        }
        self.report(link, &take, &download).await;
        let state = download.state();
        self.count(&take, &state, &saved_before);
        match over {
            // The same take goes on next time.
            _ if !state.unreported().is_empty() => Ok(Left { book: take.book, documents: Vec::new() }),
            Over::No if waits => Ok(Left { book: take.book, documents: Vec::new() }),
            Over::No => self.end(&take, &state, |_| false),
            Over::Yes => self.end(&take, &state, |n| !refused.contains(n)),
        }
    }

    /// Ends a take. What `goes_on` of the documents that are not saved is left to be signed for anew.
    fn end(&self, take: &Take, state: &TakeState, goes_on: impl Fn(&u32) -> bool) -> Told<Left> {
        self.remove_parts(take, state);
        self.store.end(take, state)?;
        let left = take.documents.iter().filter(|(n, _)| !state.saved.contains_key(n) && goes_on(n));
        Ok(Left { book: take.book, documents: left.map(|(_, taken)| taken.clone()).collect() })
    }

    /// Finds out what is on this disk of documents that are not saved, and verifies it.
    fn look(&mut self, take: &Take, mut state: TakeState) -> Told<(TakeState, HashMap<u32, Front>)> {
        let mut fronts = HashMap::new();
        let open: Vec<(u32, &Taken)> = take
            .documents
            .iter()
            .filter(|(n, _)| !state.saved.contains_key(n))
            .map(|(n, taken)| (*n, taken))
            .collect();
        let (documents, bytes) = open.iter().fold((0u64, 0u64), |(count, sum), (_, taken)| {
            let bytes = self.ground.part_bytes(&taken.path, &take.hash);
            (count.saturating_add(u64::from(bytes > 0)), sum.saturating_add(bytes))
        });
        if bytes > 0 {
            self.phase(Phase::Verifying, Total { documents, bytes });
        }
        let progress = self.progress.clone();
        let advanced = |bytes: u64| {
            if let Some(progress) = &progress {
                progress.advance(bytes);
            }
        };
        let (ground, store) = (&self.ground, &self.store);
        let mut before = 0u64;
        tokio::task::block_in_place(|| {
            for (n, taken) in open {
                match found(ground, store, take, (n, taken), &advanced)? {
                    Found::Nothing => {}
                    Found::Front(front) => {
                        let bytes = u64::from(front.resume.pieces_durable).saturating_mul(piece::PIECE_BYTES);
                        before = before.saturating_add(bytes.min(taken.length));
                        fronts.insert(n, *front);
                    }
                    Found::Whole => drop(state.saved.insert(n, None)),
                }
            }
            Told::Ok(())
        })?;
        if before > 0 {
            self.brought.bytes_before = self.brought.bytes_before.saturating_add(before);
            self.console.say("fetch-resuming", args![bytes = console::Arg::Bytes(before)]);
        }
        Ok((state, fronts))
    }

    fn download(
        &mut self,
        link: &Link,
        take: &Take,
        state: TakeState,
        fronts: HashMap<u32, Front>,
    ) -> Download {
        let open = take.documents.iter().filter(|(n, _)| !state.saved.contains_key(n));
        let total = open.fold(Total::default(), |total, (_, taken)| Total {
            documents: total.documents.saturating_add(1),
            bytes: total.bytes.saturating_add(taken.length),
        });
        let progress = self.phase(Phase::Fetching, total);
        Download::new(Setup {
            take: take.clone(),
            state,
            ground: self.ground.clone(),
            store: self.store.clone(),
            console: self.console.clone(),
            progress,
            pulse: link.pulse(),
            clock: self.practice.clock().clone(),
            fronts,
        })
    }

    /// Fetches until nothing is left, over as many connections as it takes.
    async fn download_all(&mut self, link: &mut Link, download: &Download) -> Told<Over> {
        loop {
            let connection = link.connection().await?;
            let saved = download.state().saved.len();
            match download.run(&connection).await? {
                Ended::Done => {
                    link.progressed();
                    return Ok(Over::No);
                }
                Ended::Expired => return Ok(Over::Yes),
                Ended::Cut(error) => {
                    if download.state().saved.len() > saved {
                        link.progressed();
                    }
                    link.again(&error).await?;
                }
            }
        }
    }

    fn count(&mut self, take: &Take, state: &TakeState, before: &BTreeMap<u32, Option<PathBuf>>) {
        for (n, taken) in &take.documents {
            if state.saved.contains_key(n) && !before.contains_key(n) {
                self.brought.fetched = self.brought.fetched.saturating_add(1);
                self.brought.bytes = self.brought.bytes.saturating_add(taken.length);
            }
        }
    }

    /// What is left of part files when a take has ended; they are its own.
    fn remove_parts(&self, take: &Take, state: &TakeState) {
        for taken in
            take.documents.iter().filter(|(n, _)| !state.saved.contains_key(n)).map(|(_, taken)| taken)
        {
            // One that can not be removed is in nobody's way.
            let _ =
                self.practice.disk().remove_file(&self.ground.beside(&take.to).part(&taken.path, &take.hash));
        }
    }

    fn phase(&mut self, phase: Phase, total: Total) -> Progress {
        match &self.progress {
            Some(progress) => progress.phase(phase, total),
            None => self.progress = Some(self.console.progress(phase, total)),
        }
        self.progress.clone().unwrap_or_else(|| self.console.progress(phase, total))
    }

    fn tell_failed(&mut self, take: &Take, n: u32, failure: &Failure) {
        let Some(taken) = take.documents.get(&n) else { return };
        self.brought.failed = self.brought.failed.saturating_add(1);
        let name = taken.name.as_sent();
        self.console.say("fetch-document-failed", args![name]);
        self.console.warn(failure);
        self.tell(taken.document.n, name, FileState::Failed, taken.length, None);
    }

    fn tell_failed_row(&mut self, row: &ListingRow, failure: &Failure) {
        self.brought.failed = self.brought.failed.saturating_add(1);
        self.console.say("fetch-document-failed", args![name = name_of(row)]);
        self.console.warn(failure);
        self.tell_row(row, FileState::Failed, None);
    }

    fn tell_row(&self, row: &ListingRow, state: FileState, path: Option<&Path>) {
        self.tell(row.n.0, &name_of(row), state, row.length, path);
    }

    fn tell(&self, n: u32, name: &str, state: FileState, bytes: u64, path: Option<&Path>) {
        let path = path.map(|path| path.to_string_lossy().into_owned());
        let file = event::File {
            n: n.into(),
            name: name.to_owned(),
            state,
            bytes,
            blake3: None,
            sha256: None,
            path,
        };
        self.console.emit(&Event::File(file));
    }
}

/// What becomes of the rows of a list.
#[derive(Default)]
struct Sorted {
    /// To be signed for, by book.
    new: BTreeMap<BookId, Vec<Taken>>,
    /// Fetched before, and still there.
    skipped: Vec<(ListingRow, PathBuf)>,
    /// Not to be had.
    refused: Vec<(ListingRow, Failure)>,
}

/// Documents of one book that must be signed for.
struct Left {
    book: BookId,
    documents: Vec<Taken>,
}

/// Whether a take releases nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    No,
    Yes,
}

/// The name of a row, or what stands for it while its class is locked.
fn name_of(row: &ListingRow) -> String {
    row.name
        .as_ref()
        .map_or_else(|| format!("{}/{}", row.submission, row.n), |name| name.as_sent().to_owned())
}
