//! The end of an upload or of one document of it, in the one order that can be taken up again anywhere: lease,
//! spool, shelf, objects, folders, and the spool itself last (V1, V6).

use super::spool::Record;
use super::state::Phase;
use super::{Lease, Upload};
use crate::{UploadRefusal, VaultError};

impl Upload {
    /// Withdraws documents: they take no more pieces and can not be closed; what was held of them goes. Those that
    /// were withdrawn already are good.
    ///
    /// # Errors
    /// [`UploadRefusal::LeaseLost`], [`UploadRefusal::Closing`], [`UploadRefusal::Ended`],
    /// [`UploadRefusal::NoDocument`], or the disk's refusal: then they are withdrawn, and the next start takes
    /// away what is left.
    pub fn withdraw(&self, lease: Lease, documents: &[u32]) -> Result<(), VaultError> {
        let places = documents.iter().map(|n| self.place(*n)).collect::<Result<Vec<_>, _>>()?;
        let mut new = Vec::new();
        let mut state = self.lock();
        state.refuse_change(lease.number())?;
        if state.broken {
            return Err(self.broken());
        }
        for (n, place) in documents.iter().zip(&places) {
            let document = state.document_mut(*place)?;
            if !std::mem::replace(&mut document.withdrawn, true) {
                new.push(*n);
            }
        }
        // Those that write to them are waited for; no new one begins.
        while places.iter().any(|place| state.document(*place).is_ok_and(|document| document.is_busy())) {
            state = self.wait(state);
        }
        drop(state);
        if new.is_empty() {
            return Ok(());
        }
        let _durable = self.record(&Record::Withdrawn(new.clone()))?;
        self.take_away(&new)
    }

    /// Takes documents away, of which the spool says durably that they go.
    pub(super) fn take_away(&self, documents: &[u32]) -> Result<(), VaultError> {
        let mut rows = Vec::new();
        let mut objects = Vec::with_capacity(documents.len());
        let mut state = self.lock();
        for n in documents {
            let document = self.at(self.place(*n)?)?;
            objects.push(document.object);
            state.shelved.remove(n);
            if state.perhaps_shelved.contains(n) {
                rows.push((*n, document.id, document.object.id));
            }
        }
        drop(state);
        if !rows.is_empty() {
            let _durable =
                self.rooms.shelves.append_dropped(&self.shelf, self.from(), &rows, self.folder())?;
        }
        let _durable = self.rooms.pieces.remove(&objects)?;
        Ok(())
    }

    /// Ends the upload and all that it holds. See [`super::Uploads::drop_upload`].
    pub(super) fn drop_upload(&self) -> Result<(), VaultError> {
        self.end_for_all()?;
        let _durable = self.record(&Record::Dropped)?;
        self.finish_drop()
    }

    /// The rest of a drop, once the spool says so.
    pub(super) fn finish_drop(&self) -> Result<(), VaultError> {
        let all: Vec<u32> = self.documents.iter().map(|document| document.announced.n).collect();
        self.take_away(&all)?;
        self.remove_spool()
    }

    /// Ends an upload that was accepted with these documents. What else it holds is withdrawn first.
    pub(super) fn finish(&self, accepted: &[u32]) -> Result<(), VaultError> {
        let mut state = self.lock();
        state.phase = Phase::Ended;
        while state.in_flight > 0 {
            state = self.wait(state);
        }
        let mut left = Vec::new();
        for document in &self.documents {
            let n = document.announced.n;
            // Also one of which nothing is held: bytes that were never acknowledged may lie there.
            if !accepted.contains(&n) && !state.document(self.place(n)?)?.withdrawn {
                left.push(n);
            }
        }
        drop(state);
        if !left.is_empty() {
            let _durable = self.record(&Record::Withdrawn(left.clone()))?;
            self.take_away(&left)?;
        }
        self.remove_spool()
    }

    /// Takes the lease for good, unless a close waits.
    fn end_for_all(&self) -> Result<(), VaultError> {
        let mut state = self.lock();
        match state.phase {
            Phase::Closing => return Err(UploadRefusal::Closing.into()),
            Phase::Ended => return Err(UploadRefusal::Ended.into()),
            Phase::Open => state.phase = Phase::Ended,
        }
        self.changed.notify_all();
        while state.in_flight > 0 {
            state = self.wait(state);
        }
        Ok(())
    }

    /// Takes no more changes, and waits for those under way. For an upload whose spool is to be read again.
    pub(super) fn fence(&self) {
        let mut state = self.lock();
        state.phase = Phase::Ended;
        self.changed.notify_all();
        while state.in_flight > 0 {
            state = self.wait(state);
        }
    }

    fn remove_spool(&self) -> Result<(), VaultError> {
        self.rooms.disk.remove_file(&self.rooms.folder.spool(self.id))?;
        let _durable = self.rooms.disk.sync_folder(&self.rooms.folder.spools())?;
        Ok(())
    }
}
