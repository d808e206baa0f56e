//! The close: complete documents go on their shelf, and wait there for the journal's word.

use std::sync::Arc;

use host::Durable;
use rayon::prelude::*;

use super::spool::Record;
use super::state::{Phase, State};
use super::{OpenDocument, StoredDocument, Upload};
use crate::document::{DocumentMeta, StoredManifest};
use crate::shelf::{NewRecord, SentBy};
use crate::{UploadRefusal, VaultError};

/// A close that waits for the journal. Dropping it says that nothing was committed: the upload is open again.
#[must_use = "dropping it opens the upload again"]
pub struct Prepared {
    upload: Arc<Upload>,
    documents: Durable<Vec<StoredDocument>>,
}

impl Prepared {
    /// The documents, on their shelf and durable; by rising number.
    pub fn documents(&self) -> &Durable<Vec<StoredDocument>> {
        &self.documents
    }

    /// The upload that is being closed.
    pub fn upload(&self) -> &Arc<Upload> {
        &self.upload
    }

    /// The close was committed with exactly these documents: the spool goes.
    pub(super) fn finish(self) -> Result<Arc<Upload>, VaultError> {
        let accepted: Vec<u32> = self.documents.get().iter().map(|document| document.n).collect();
        let upload = Arc::clone(&self.upload);
        upload.lock().phase = Phase::Ended;
        upload.finish(&accepted)?;
        Ok(upload)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        let mut state = self.upload.lock();
        if state.phase == Phase::Closing {
            state.phase = Phase::Open;
        }
        drop(state);
        self.upload.changed.notify_all();
    }
}

impl Upload {
    /// Puts complete documents on their shelf: every piece is held, the SHA-256 is computed, and dek, meta and
    /// manifest are in one shelf frame (several, if they do not fit one). From here to the end of the close
    /// nothing else changes the upload. `documents` are the numbers that the list will name as sent, rising.
    ///
    /// Called again after a refusal it writes nothing that is there already. Blocks: on the disk, and on reading
    /// back what the front of a document has not covered.
    ///
    /// # Errors
    /// [`UploadRefusal::Closing`], [`UploadRefusal::Ended`], [`UploadRefusal::Missing`],
    /// [`UploadRefusal::Withdrawn`], [`UploadRefusal::NoDocument`], [`UploadRefusal::BadDocuments`] for numbers
    /// that are none or do not rise, or the disk's refusal; the upload is open then as before.
    pub fn prepare_close(self: &Arc<Self>, documents: &[u32]) -> Result<Prepared, VaultError> {
        if documents.is_empty() || !documents.array_windows().all(|[before, after]| before < after) {
            return Err(UploadRefusal::BadDocuments.into());
        }
        self.begin_close(documents)?;
        match self.shelve(documents) {
            Ok(documents) => Ok(Prepared { upload: Arc::clone(self), documents }),
            Err(cause) => {
                self.lock().phase = Phase::Open;
                self.changed.notify_all();
                Err(cause)
            }
        }
    }

    fn begin_close(&self, documents: &[u32]) -> Result<(), VaultError> {
        let mut state = self.lock();
        match state.phase {
            Phase::Ended => return Err(UploadRefusal::Ended.into()),
            Phase::Closing => return Err(UploadRefusal::Closing.into()),
            Phase::Open if state.broken => return Err(self.broken()),
            Phase::Open => {}
        }
        for n in documents {
            let document = state.document(self.place(*n)?)?;
            if document.withdrawn {
                return Err(UploadRefusal::Withdrawn { n: *n }.into());
            }
        }
        state.phase = Phase::Closing;
        while state.in_flight > 0 {
            state = self.wait(state);
        }
        let checked = self.check_complete(&state, documents);
        if checked.is_err() {
            state.phase = Phase::Open;
        }
        checked
    }

    fn check_complete(&self, state: &State, documents: &[u32]) -> Result<(), VaultError> {
        for n in documents {
            let missing = state.document(self.place(*n)?)?.missing();
            if missing > 0 {
                return Err(UploadRefusal::Missing { n: *n, missing }.into());
            }
        }
        Ok(())
    }

    fn shelve(&self, documents: &[u32]) -> Result<Durable<Vec<StoredDocument>>, VaultError> {
        for n in documents {
            self.sha256(*n)?;
        }
        let known = self.lock().shelved.clone();
        let new: Vec<u32> = documents.iter().copied().filter(|n| !known.contains_key(n)).collect();
        let all = |more: &[StoredDocument]| -> Vec<StoredDocument> {
            let known = documents.iter().filter_map(|n| known.get(n));
            let mut all: Vec<_> = known.chain(more).copied().collect();
            all.sort_unstable_by_key(|document| document.n);
            all
        };
        if new.is_empty() {
            return Ok(self.proof.map(|()| all(&[])));
        }
        // The spool first: whoever drops the upload must know that the shelf may speak of it.
        let spooled = self.record(&Record::Shelving(new.clone()))?;
        self.lock().perhaps_shelved.extend(&new);
        let records = new.par_iter().map(|n| self.new_record(*n)).collect::<Result<Vec<_>, _>>()?;
        let folder = self.folder();
        let positions = self.rooms.shelves.append(&self.shelf, self.from(), &records, folder)?;
        let stored = new.iter().zip(positions.get()).map(|(n, position)| {
            let document = self.document(*n).ok_or(UploadRefusal::NoDocument { n: *n })?;
            Ok(StoredDocument {
                n: *n,
                position: *position,
                length: document.announced.manifest.length(),
                padded_bytes: document.object.padded_bytes,
                root: document.announced.manifest.root(),
                sha256: self.sha256(*n)?,
            })
        });
        let stored = stored.collect::<Result<Vec<_>, VaultError>>()?;
        self.lock().shelved.extend(stored.iter().map(|document| (document.n, *document)));
        Ok(spooled.and(positions).map(|_| all(&stored)))
    }

    /// The boxes of one complete document.
    fn new_record(&self, n: u32) -> Result<NewRecord, VaultError> {
        let place = self.place(n)?;
        let document = self.at(place)?;
        let sealed = self.lock().document(place)?.all_sealed();
        let sealed = sealed.ok_or(UploadRefusal::Missing { n, missing: 1 })?;
        let key = self.document_key(document)?;
        let OpenDocument { announced, id, object, dek } = document;
        let meta = DocumentMeta {
            name: announced.name.clone(),
            name_key: announced.name_key,
            media_type: announced.media_type.clone(),
            salt: announced.salt,
            device: self.head.device,
        };
        let manifest = StoredManifest {
            manifest: announced.manifest.clone(),
            sha256: self.sha256(n)?,
            object: object.id,
            folder: object.folder,
            sealed,
        };
        Ok(NewRecord {
            n,
            document: *id,
            object: object.id,
            dek: *dek,
            meta: meta.seal(&key, *id)?,
            manifest: manifest.seal(&key, *id)?,
        })
    }

    pub(super) fn from(&self) -> SentBy {
        SentBy { person: self.head.person, submission: self.head.submission, upload: self.id }
    }

    /// The folder of its objects.
    pub(super) fn folder(&self) -> u8 {
        let [folder, ..] = *self.id.as_bytes();
        folder
    }
}
