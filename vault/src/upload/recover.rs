//! A start finds each half-done step of each upload through its spool, and goes on with it. What it can not read it
//! names and leaves.
//!
//! | the spool says | then |
//! |---|---|
//! | opened with more documents than follow | it was never answered and has no objects: the spool goes |
//! | dropped | the drop goes on |
//! | documents withdrawn | their objects go, once more |
//! | documents about to be shelved | it is open; the journal says whether it was accepted, and then it is finished |
//! | else | it is open |

use std::sync::Arc;

use model::{Class, ObjectId, Timestamp, UploadId};

use super::spool::{self, Record, Row, SpoolFile};
use super::state::{DocumentState, State};
use super::{OpenDocument, PieceRecord, Upload, UploadHead, Uploads};
use crate::VaultError;
use crate::codec::NotOurs;
use crate::error::damaged;
use crate::keyring::Shelf;
use crate::vault::Rooms;

/// What a start found in `spool/`.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Uploads that are open again; [`Uploads::all`] gives them.
    pub open: usize,
    /// Uploads whose opening had not ended, and that are gone.
    pub never_opened: usize,
    /// Uploads whose drop was ended.
    pub dropped: usize,
    /// Spools that were left as they are, each with the reason: of a locked domain, or damaged. To be named.
    pub left: Vec<Unrecovered>,
}

/// A spool that was left as it is.
#[derive(Debug)]
pub struct Unrecovered {
    /// Which upload.
    pub upload: UploadId,
    /// Why.
    pub cause: VaultError,
}

/// What became of one spool.
enum Outcome {
    Open(Arc<Upload>),
    NeverOpened,
    Dropped,
}

impl Uploads {
    /// Reads all spools after a start, and ends what was half done. To be called once, before anything is opened.
    /// For every upload of which the journal holds an acceptance the caller then calls
    /// [`Uploads::finish_accepted`].
    ///
    /// # Errors
    /// The folder can not be read, or the disk refuses. What is wrong with one spool is in the answer.
    pub fn recover(&self) -> Result<Recovery, VaultError> {
        let mut found = Recovery::default();
        let spools = self.rooms.folder.spools();
        self.rooms.disk.sweep_temporary(&spools)?;
        // What a process removed before it died must not come back later.
        let _durable = self.rooms.disk.sync_folder(&spools)?;
        for name in self.rooms.disk.list(&spools)? {
            // What is not ours is not touched.
            let Some(id) = name.to_str().and_then(|name| UploadId::from_hex(name).ok()) else { continue };
            match recover(&self.rooms, id) {
                Ok(Outcome::Open(upload)) => {
                    found.open += 1;
                    let key = (upload.head.person, upload.head.submission);
                    let before = self.lock().insert(key, Arc::clone(&upload));
                    if let Some(before) = before {
                        // Two spools of one submission: neither can be told to be the right one.
                        self.lock().insert(key, before);
                        found.open -= 1;
                        let cause = damaged("spool: its submission is open twice", spools.join(id.to_hex()));
                        found.left.push(Unrecovered { upload: id, cause });
                    }
                }
                Ok(Outcome::NeverOpened) => found.never_opened += 1,
                Ok(Outcome::Dropped) => found.dropped += 1,
                Err(cause) => found.left.push(Unrecovered { upload: id, cause }),
            }
        }
        Ok(found)
    }
}

/// Reads one spool again after its upload has broken.
pub(super) fn again(rooms: &Arc<Rooms>, broken: &Upload) -> Result<Option<Arc<Upload>>, VaultError> {
    match recover(rooms, broken.id) {
        Ok(Outcome::Open(upload)) => {
            // The lease goes on rising over the break.
            let lease = broken.lock().lease;
            upload.lock().lease = lease;
            Ok(Some(upload))
        }
        Ok(Outcome::NeverOpened | Outcome::Dropped) => Ok(None),
        Err(VaultError::Disk(cause)) if cause.is_absent() => Ok(None),
        Err(cause) => Err(cause),
    }
}

fn recover(rooms: &Arc<Rooms>, id: UploadId) -> Result<Outcome, VaultError> {
    let Some((spool, shelf, records)) = SpoolFile::recover(&rooms.disk, rooms, id)? else {
        return remove_never_opened(rooms, id);
    };
    let wrong = |NotOurs| damaged("spool", rooms.folder.spool(id));
    let story = Story::of(records).map_err(wrong)?;
    let Some((head, opened_at, count)) = story.opened.clone() else {
        return remove_never_opened(rooms, id);
    };
    if story.rows.len() < count || story.rows.iter().any(|row| !row.is_whole()) {
        return never_opened(rooms, id, head.class, &story.rows);
    }
    let (dropped, withdrawn) = (story.dropped, story.withdrawn.clone());
    let upload = story
        .tell(rooms, id, (head, opened_at), shelf, spool)
        .map_err(|cause| cause.unwrap_or_else(|| wrong(NotOurs)))?;
    if dropped {
        upload.lock().phase = super::state::Phase::Ended;
        upload.finish_drop()?;
        return Ok(Outcome::Dropped);
    }
    if !withdrawn.is_empty() {
        upload.take_away(&withdrawn)?;
    }
    Ok(Outcome::Open(Arc::new(upload)))
}

/// An opening that has not ended was answered to nobody and has no objects; its spool, which says so, goes. Should
/// an object of it be there all the same, the spool is not what it seems, and stays.
fn never_opened(rooms: &Arc<Rooms>, id: UploadId, class: Class, rows: &[Row]) -> Result<Outcome, VaultError> {
    let ours = |(_, object): &(u8, ObjectId)| rows.iter().any(|row| row.object() == *object);
    if rooms.pieces.list(class)?.iter().any(ours) {
        return Err(damaged(
            "spool: its opening has not ended, and there are objects",
            rooms.folder.spool(id),
        ));
    }
    remove_never_opened(rooms, id)
}

fn remove_never_opened(rooms: &Arc<Rooms>, id: UploadId) -> Result<Outcome, VaultError> {
    rooms.disk.remove_file(&rooms.folder.spool(id))?;
    let _durable = rooms.disk.sync_folder(&rooms.folder.spools())?;
    Ok(Outcome::NeverOpened)
}

/// All records of a spool, put together.
#[derive(Default)]
struct Story {
    opened: Option<(UploadHead, Timestamp, usize)>,
    rows: Vec<Row>,
    pieces: Vec<PieceRecord>,
    withdrawn: Vec<u32>,
    shelving: Vec<u32>,
    dropped: bool,
}

impl Story {
    fn of(records: Vec<Record>) -> Result<Self, NotOurs> {
        let mut story = Self::default();
        for record in records {
            match record {
                Record::Opened { head, at, count } if story.opened.is_none() => {
                    story.opened = Some((head, at, count));
                }
                Record::Opened { .. } => return Err(NotOurs),
                _ if story.opened.is_none() => return Err(NotOurs),
                Record::Documents(rows) => story.rows.extend(rows),
                Record::Values(values) => story.rows.last_mut().ok_or(NotOurs)?.add_values(values),
                Record::Pieces(pieces) => story.pieces.extend(pieces),
                Record::Withdrawn(withdrawn) => story.withdrawn.extend(withdrawn),
                Record::Shelving(shelving) => story.shelving.extend(shelving),
                Record::Dropped => story.dropped = true,
            }
        }
        Ok(story)
    }

    /// The upload as it stands. `Err(None)` if the records contradict each other.
    fn tell(
        self,
        rooms: &Arc<Rooms>,
        id: UploadId,
        (head, opened_at): (UploadHead, Timestamp),
        shelf: Shelf,
        spool: SpoolFile,
    ) -> Result<Upload, Option<VaultError>> {
        let [folder, ..] = *id.as_bytes();
        let documents = self.rows.into_iter().map(|row| row.into_document(head.class, folder));
        let documents = documents.collect::<Result<Vec<OpenDocument>, NotOurs>>().map_err(|NotOurs| None)?;
        let states =
            documents.iter().map(|document| DocumentState::new(document.announced.manifest.piece_count()));
        let state = State::new(states.collect());
        // The spool's name is durable too, and what recovery has synced rests on it.
        let proof = rooms.disk.sync_folder(&rooms.folder.spools()).map_err(|cause| Some(cause.into()))?;
        let upload = spool::assemble(rooms, id, head, opened_at, shelf, documents, state, spool, proof);
        let mut state = upload.lock();
        for piece in self.pieces {
            let place = upload.place(piece.n).map_err(|_| None)?;
            let document = upload.at(place).map_err(|_| None)?;
            let index = piece.index as usize;
            if document.announced.manifest.values().get(index) != Some(&piece.value) {
                return Err(None);
            }
            state.document_mut(place).map_err(|_| None)?.recover(piece.index, piece.sealed, piece.at);
            state.last_piece_at = Some(state.last_piece_at.map_or(piece.at, |last| last.max(piece.at)));
        }
        for n in self.withdrawn {
            let place = upload.place(n).map_err(|_| None)?;
            state.document_mut(place).map_err(|_| None)?.withdrawn = true;
        }
        state.perhaps_shelved.extend(self.shelving);
        drop(state);
        Ok(upload)
    }
}
